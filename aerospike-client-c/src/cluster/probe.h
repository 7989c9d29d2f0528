/* cluster/probe.h -- is there a node of our cluster at an address, and which? */
#ifndef ASC_CLUSTER_PROBE_H
#define ASC_CLUSTER_PROBE_H

#include "cluster/info.h"
#include "cluster/node.h"

/* Zero it, set addr; clear it afterwards. */
typedef struct asc_probe {
    asc_addr addr;
    asc_status status;
    asc_error err;
    char name[ASC_NODE_NAME_SIZE];
    bool takes_user_agent;
    asc_conn *conn; /* owned until asc_probe_node takes it */
    char *commands; /* owned */
    asc_info_call call;
} asc_probe;

/* Ask all addresses at once: connect, ask for name, readiness, version and cluster
 * name, and check them. Ends when all have answered or after the configured connect
 * timeout; wake_fd as in asc_info_run. `services` is a further command whose answer
 * the caller wants to see in call, or NULL. */
void asc_probe_run(asc_probe *probes, size_t n, const asc_config *config,
                   const char *services, int wake_fd);

/* Make a node of a successful probe; the connection becomes its tend connection. */
asc_status
asc_probe_node(asc_probe *p, const asc_config *config, asc_node **out, asc_error *err);

void asc_probe_clear(asc_probe *p);

#endif
