/* cluster/probe.h -- is there a node of our cluster at an address, and which? */
#ifndef ASC_CLUSTER_PROBE_H
#define ASC_CLUSTER_PROBE_H

#include "cluster/info.h"
#include "topology/node.h"

/* A probe of one address. The caller zeroes it, sets addr, and clears it afterwards. */
typedef struct asc_probe {
    asc_addr addr;
    asc_addr login_addr; /* where the user has logged in; set at the end */
    bool enters;         /* it logs in elsewhere, and asks for the node's address */
    asc_status status;
    asc_error err;
    char name[ASC_NODE_NAME_SIZE];
    bool takes_user_agent;
    asc_conn *conn; /* owned until asc_probe_node takes it */
    char *commands; /* owned: what the node is asked */
    char enter_command[24];
    asc_info_call call;
} asc_probe;

/* Connect, and ask for name, readiness, version and cluster name. `services`, borrowed
 * until the end, are further commands whose answers the caller finds in p->call; NULL:
 * none. After ASC_OK the caller steps. */
asc_status
asc_probe_begin(asc_probe *p, const asc_config *config, const char *services);

/* Do all that can be done without waiting. Returns POLLIN or POLLOUT, what p->conn is
 * to be waited for, or 0 when the probe has come to its end. */
short asc_probe_step(asc_probe *p, const asc_config *config);

/* Check the answers; a call that has not ended is given up. Returns p->status. How the
 * probe failed is in p->err, with the address as its host. */
asc_status asc_probe_end(asc_probe *p, const asc_config *config);

/* Make a node of a successful probe; the connection becomes its tend connection. */
asc_status
asc_probe_node(asc_probe *p, const asc_config *config, asc_node **out, asc_error *err);

/* Free what the probe owns; its connection is closed unless a node has it. */
void asc_probe_clear(asc_probe *p);

#endif
