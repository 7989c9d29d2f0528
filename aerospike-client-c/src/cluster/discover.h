/* cluster/discover.h -- finding nodes: through the seeds, and through the lists of
 * peers that nodes keep. */
#ifndef ASC_CLUSTER_DISCOVER_H
#define ASC_CLUSTER_DISCOVER_H

#include "cluster/info.h"
#include "cluster/state.h"

/* Which nodes to ask; NULL stands for all. */
typedef bool (*asc_node_filter)(const asc_node *n);

/* Take in a good reply. False, with call->err set: the node has failed after all. */
typedef bool (*asc_node_answer)(asc_cluster *c, asc_node *n, asc_info_call *call,
                                void *context);

/* Send commands to all nodes that the filter admits, wait for all of them (at most
 * the connect timeout), and hand each reply to answer. A node that fails is counted
 * so and loses its tend connection. */
void asc_ask_nodes(asc_cluster *c, const char *commands, asc_node_filter admits,
                   asc_node_answer answer, void *context);

/* A node that has answered in this cycle, as far as it was asked. */
bool asc_node_is_reachable(const asc_node *n);

/* Try the seeds in their order, then all addresses where nodes have been, until a
 * node with peers is found; failing that, take the first one without. */
asc_status asc_discover_seed(asc_cluster *c, asc_error *err);

/* Read the lists of peers when one may have changed, add the nodes that are new, and
 * count friends. True when the lists have been read. */
bool asc_discover_peers(asc_cluster *c);

#endif
