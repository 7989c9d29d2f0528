/* asc/cluster.h -- a cluster of nodes: found through seeds, watched by a thread of its
 * own, shared by any number of callers. */
#ifndef ASC_CLUSTER_H
#define ASC_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asc/config.h"
#include "asc/error.h"

/* A cluster is counted. Each thread that uses it needs a count that lasts as long as
 * its use. */
typedef struct asc_cluster asc_cluster;

/* Find the cluster and start to watch it. This blocks for three times
 * connect_timeout_ms at most, or for create_timeout_ms if that is less: the addresses
 * of all seeds are tried side by side, then those of all peers, and host names are
 * looked up by threads that may be left behind. On ASC_OK *out is counted once, for the
 * caller; peers that could not be reached in this time may be found later. Otherwise
 * the error is that of the last seed: ASC_ERR_CONNECTION, or ASC_ERR_CLIENT (the name
 * does not resolve, the cluster has another name, or no node answers there). */
asc_status
asc_cluster_create(asc_cluster **out, const asc_config *config, asc_error *err);

/* Count the cluster once more, for another owner. */
void asc_cluster_retain(asc_cluster *c);

/* Drop one count; the last one frees the cluster, which must have been closed before.
 * NULL is fine. */
void asc_cluster_release(asc_cluster *c);

/* Take from a configuration what may change while the cluster is used: the tend
 * interval, the timeouts of connecting and of logins, the limits of errors and of idle
 * connections, and, unless memory is shared with other processes, the racks. All of
 * these are taken, as asc_cluster_create would take them, in the next cycle of tending,
 * which begins soon. The function does not block. ASC_ERR_NOMEM. */
asc_status asc_cluster_tune(asc_cluster *c, const asc_config *config, asc_error *err);

/* End the tend thread and close idle connections. Commands that are under way end as
 * they would; later ones find no node. The function may be called more than once and
 * from anywhere, from the log sink and the tend thread as well. It waits a second at
 * most for the thread, which ends at once unless it is in the log sink; on the tend
 * thread it does not wait. A thread that is left behind keeps the cluster alive, and
 * closes the idle connections when it ends. */
void asc_cluster_close(asc_cluster *c);

/* True while at least one node answers: false when two cycles of tending in a row were
 * answered by none. */
bool asc_cluster_is_connected(asc_cluster *c);

/* Who logs in to the cluster; NULL: nobody does. Borrowed from it. */
asc_credentials *asc_cluster_credentials(asc_cluster *c);

/* Return a number that grows by one with each call. Requests that may go to any copy of
 * a record, or to any node, are spread over them by it. */
unsigned asc_cluster_turn(asc_cluster *c);

/* What a caller may show of a node. */
typedef struct asc_node_info {
    char name[ASC_NODE_NAME_SIZE];
    char address[56]; /* numeric */
    uint16_t port;
} asc_node_info;

/* List the nodes that are known at this moment. On ASC_OK *out has *n entries (there
 * may be none) and is the caller's, to be freed with asc_free. */
asc_status
asc_cluster_nodes(asc_cluster *c, asc_node_info **out, size_t *n, asc_error *err);

/* Say that no node is known that could be asked, and why. Returns
 * ASC_ERR_INVALID_NODE. */
asc_status asc_cluster_no_node(asc_cluster *c, asc_error *err);

/* Find out of which partitions of a namespace a node is the master at this moment:
 * owned[p] becomes 1 for each of them and 0 for the others, ASC_N_PARTITIONS in all.
 * False when the namespace or the node is not known. */
bool asc_cluster_partitions_of(asc_cluster *c, const char *ns, const char *node_name,
                               uint8_t owned[]);

#endif
