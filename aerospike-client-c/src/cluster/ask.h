/* cluster/ask.h -- asking the nodes of a cluster, all of them at once, while it is
 * tended. */
#ifndef ASC_CLUSTER_ASK_H
#define ASC_CLUSTER_ASK_H

#include "cluster/info.h"
#include "cluster/state.h"

/* Has this tend cycle time left, and is the cluster still wanted? */
bool asc_cycle_goes_on(asc_cluster *c);

/* When what begins now must end: after the connect timeout, or with the cycle. */
uint64_t asc_cycle_deadline(const asc_cluster *c);

/* Which nodes to ask; NULL stands for all. */
typedef bool (*asc_node_filter)(const asc_node *n);

/* Take in a good reply. False, with call->err set: the node has failed after all. */
typedef bool (*asc_node_answer)(asc_cluster *c, asc_node *n, asc_info_call *call,
                                void *context);

/* Send commands to all nodes that the filter admits, wait for all of them (until
 * asc_cycle_deadline), and hand each reply to answer. A node that fails is counted so
 * and loses its tend connection; one that had not its full time is not counted. A cycle
 * without time left asks nobody. */
void asc_ask_nodes(asc_cluster *c, const char *commands, asc_node_filter admits,
                   asc_node_answer answer, void *context);

/* A node that has answered in this cycle, as far as it was asked. */
bool asc_node_is_reachable(const asc_node *n);

/* The command that lists peers, and the one for a node's own addresses. */
const char *asc_peers_command(const asc_cluster *c);
const char *asc_service_command(const asc_cluster *c);

#endif
