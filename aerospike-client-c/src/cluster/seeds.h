/* cluster/seeds.h -- the first node of a cluster. */
#ifndef ASC_CLUSTER_SEEDS_H
#define ASC_CLUSTER_SEEDS_H

#include "cluster/state.h"

/* Find the first node: the seeds and all addresses where nodes have been are tried side
 * by side. A node with peers is taken before one without; of several with peers that
 * answer at about the same time, the one whose address stands first in this order. When
 * none can be used the error is that of the last seed. */
asc_status asc_seeds_try(asc_cluster *c, asc_error *err);

#endif
