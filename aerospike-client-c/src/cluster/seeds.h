/* cluster/seeds.h -- the first node of a cluster. */
#ifndef ASC_CLUSTER_SEEDS_H
#define ASC_CLUSTER_SEEDS_H

#include "cluster/state.h"

/* Try the seeds and all addresses where nodes have been, side by side. Of those with
 * peers the first in this order is taken, of those that answer about as soon; failing
 * that, one without. The error of the last one otherwise. */
asc_status asc_seeds_try(asc_cluster *c, asc_error *err);

#endif
