/* cluster/cluster.h -- what commands may see of a cluster. */
#ifndef ASC_CLUSTER_CLUSTER_H
#define ASC_CLUSTER_CLUSTER_H

#include "asc/cluster.h"
#include "topology/drain.h"
#include "topology/snapshot.h"

/* The snapshot in force, counted once for the caller. In the first call after a fork
 * the cluster drops what it inherited and starts its own tend thread. */
asc_snapshot *asc_cluster_snapshot(asc_cluster *c);

/* Has somebody closed it? Requests are refused from then on. */
bool asc_cluster_is_closed(asc_cluster *c);

/* Where timed-out connections go. */
asc_drain *asc_cluster_drain(asc_cluster *c);

#endif
