/* cluster/stats.h -- reading the counters of a cluster. */
#ifndef ASC_CLUSTER_STATS_H
#define ASC_CLUSTER_STATS_H

#include "asc/stats.h"
#include "cluster/state.h"

/* Read the nodes of a view, and those that are gone. On ASC_OK *out is the caller's. */
asc_status
asc_stats_read(asc_cluster *c, const asc_snapshot *view, asc_node *const *gone,
               size_t n_gone, asc_cluster_stats **out, asc_error *err);

/* Tell all who watch, at the end of a cycle; for the tend thread. */
void asc_stats_tell(asc_cluster *c);

#endif
