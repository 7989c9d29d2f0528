/* cluster/discover.h -- finding nodes through the lists of peers that nodes keep. */
#ifndef ASC_CLUSTER_DISCOVER_H
#define ASC_CLUSTER_DISCOVER_H

#include "cluster/probe.h"
#include "cluster/state.h"

/* Make a node of a successful probe, whose connection it takes over, and add it to the
 * cluster. */
asc_status asc_discover_add(asc_cluster *c, asc_probe *p, asc_error *err);

/* Read the lists of peers when one may have changed, add the nodes that are new, and
 * count how many nodes name each node (its friends). What the cycle has no time for is
 * left to the next one. True when the lists of all nodes that answer have been read, so
 * that the count is complete. */
bool asc_discover_peers(asc_cluster *c);

#endif
