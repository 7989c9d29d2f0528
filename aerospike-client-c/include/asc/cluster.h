/* asc/cluster.h -- a cluster of nodes: found through seeds, watched by a thread of its
 * own, shared by any number of callers. */
#ifndef ASC_CLUSTER_H
#define ASC_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asc/config.h"
#include "asc/error.h"

/* Counted: whoever uses it on a thread of its own has a count of its own. */
typedef struct asc_cluster asc_cluster;

/* Find the cluster and start to watch it. Blocks, for three times connect_timeout_ms at
 * most, or create_timeout_ms if that is less: the addresses of all seeds are tried side
 * by side, then those of all peers, and host names are looked up by threads that may be
 * left behind. On ASC_OK *out is counted once, for the caller; of peers that could not
 * be reached by then some may still be found. Otherwise the error of the last seed:
 * ASC_ERR_CONNECTION, ASC_ERR_CLIENT (name does not resolve, other cluster name, not a
 * node). */
asc_status
asc_cluster_create(asc_cluster **out, const asc_config *config, asc_error *err);

/* Count the cluster once more, for another owner. */
void asc_cluster_retain(asc_cluster *c);

/* Drop one count; the last one frees. NULL is fine. asc_cluster_close must have been
 * called before the last release. */
void asc_cluster_release(asc_cluster *c);

/* End the tend thread and close idle connections; commands that are under way end
 * as they would, later ones find no node. May be called more than once, and anywhere,
 * in the log sink and on the tend thread itself. Waits for the thread, which ends at
 * once unless it is in the log sink: for a second at most, and never for itself. A
 * thread that is left keeps the cluster, and closes idle connections when it ends. */
void asc_cluster_close(asc_cluster *c);

/* At least one node answers. */
bool asc_cluster_is_connected(asc_cluster *c);

/* A number that grows by one with each call, to take turns by. */
unsigned asc_cluster_turn(asc_cluster *c);

/* A node, as callers may show it. */
typedef struct asc_node_info {
    char name[ASC_NODE_NAME_SIZE];
    char address[56]; /* numeric */
    uint16_t port;
} asc_node_info;

/* The nodes of this moment. On ASC_OK *out (count *n, may be 0) is the caller's, to be
 * freed with asc_free. */
asc_status
asc_cluster_nodes(asc_cluster *c, asc_node_info **out, size_t *n, asc_error *err);

/* Which partitions of a namespace a node is the master of, at this moment: owned[p] of
 * each is 1, of the others 0. False when the namespace or the node is not there. */
bool asc_cluster_partitions_of(asc_cluster *c, const char *ns, const char *node_name,
                               uint8_t owned[]);

#endif
