/* cluster/ask.h -- ask all nodes of a cluster at once, while it is tended. */
#ifndef ASC_CLUSTER_ASK_H
#define ASC_CLUSTER_ASK_H

#include "cluster/info.h"
#include "cluster/state.h"

/* Has this tend cycle time left, and is the cluster still wanted? */
bool asc_cycle_goes_on(asc_cluster *c);

/* When a question that begins now must end: after the time that a node has to answer,
 * which is longer where users log in (enters), or with the cycle if that is earlier. */
uint64_t asc_cycle_deadline(const asc_cluster *c, bool enters);

/* Which nodes to ask; NULL stands for all. */
typedef bool (*asc_node_filter)(const asc_node *n);

/* What takes in a good reply. False, with call->err set: the reply is of no use, and
 * the node has failed after all. */
typedef bool (*asc_node_answer)(asc_cluster *c, asc_node *n, asc_info_call *call,
                                void *context);

/* Send commands to all nodes that the filter admits, wait for all of them (until
 * asc_cycle_deadline), and hand each reply to answer. A node that fails loses its tend
 * connection and the failure is counted, unless the node had less than its full time.
 * In a cycle without time left nobody is asked. */
void asc_ask_nodes(asc_cluster *c, const char *commands, asc_node_filter admits,
                   asc_node_answer answer, void *context);

/* Has the node answered whatever it was asked in this cycle? */
bool asc_node_is_reachable(const asc_node *n);

#endif
