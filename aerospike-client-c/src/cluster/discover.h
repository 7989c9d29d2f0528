/* cluster/discover.h -- finding nodes through the lists of peers that nodes keep. */
#ifndef ASC_CLUSTER_DISCOVER_H
#define ASC_CLUSTER_DISCOVER_H

#include "cluster/probe.h"
#include "cluster/state.h"

/* Make a node of a successful probe, whose connection it takes over, and add it to the
 * cluster. */
asc_status asc_discover_add(asc_cluster *c, asc_probe *p, asc_error *err);

/* Have room for one more node, which the name is of. */
asc_status asc_discover_reserve(asc_cluster *c, const char *name, asc_error *err);

/* Add a node to the cluster, which has room for it and takes over the caller's
 * count. */
void asc_discover_insert(asc_cluster *c, asc_node *n);

/* Give the node at an index up. Commands under way keep it alive until they end. */
void asc_discover_remove(asc_cluster *c, size_t i);

/* Read the lists of peers when one may have changed, add the nodes that are new, and
 * count how many nodes name each node (its friends). What the cycle has no time for is
 * left to the next one. True when there are lists, and those of all nodes that answer
 * have been read, so that the count is complete. */
bool asc_discover_peers(asc_cluster *c);

/* What may help where no peer can be reached, to be put behind a message; or "". */
const char *asc_discover_advice(const asc_cluster *c);

#endif
