/* asc/metrics.h -- measuring what a cluster does. */
#ifndef ASC_METRICS_H
#define ASC_METRICS_H

#include "asc/cluster.h"
#include "asc/stats.h"

/* Read all counters. On ASC_OK *out is the caller's, to be freed with
 * asc_cluster_stats_free(). Otherwise ASC_ERR_NOMEM. */
asc_status
asc_cluster_stats_get(asc_cluster *c, asc_cluster_stats **out, asc_error *err);

/* Begin to measure bytes and latencies, with histograms of so many columns
 * (ASC_MAX_COLUMNS at most) whose limits grow by 2^shift; all histograms begin at 0.
 * And end it. In the child of a fork nothing is measured until it is enabled there. */
void asc_cluster_enable_metrics(asc_cluster *c, unsigned n_columns, unsigned shift);
void asc_cluster_disable_metrics(asc_cluster *c);

/* Let somebody be told of each cycle of tending. On ASC_OK the watch is the cluster's
 * until it is ended, or the cluster is freed; otherwise ASC_ERR_NOMEM. */
asc_status
asc_cluster_watch(asc_cluster *c, const asc_tend_watch *watch, asc_error *err);

/* Tell the one of that name no more; a call that has begun goes on. False: there is
 * none. */
bool asc_cluster_end_watch(asc_cluster *c, const void *name);

#endif
