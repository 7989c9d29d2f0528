/* Measuring a cluster: what callers may do. */
#include "asc/metrics.h"

#include "cluster/cluster.h"
#include "cluster/stats.h"

asc_status
asc_cluster_stats_get(asc_cluster *c, asc_cluster_stats **out, asc_error *err)
{
    asc_snapshot *view = asc_cluster_snapshot(c);
    asc_status rc = asc_stats_read(c, view, NULL, 0, out, err);
    asc_snapshot_release(view);
    return rc;
}

void
asc_cluster_enable_metrics(asc_cluster *c, unsigned n_columns, unsigned shift)
{
    asc_snapshot *view = asc_cluster_snapshot(c);
    n_columns = n_columns < ASC_MAX_COLUMNS ? n_columns : ASC_MAX_COLUMNS;
    shift = shift < 255 ? shift : 255;
    for (size_t i = 0; i < view->n_nodes; i++) {
        asc_meters_restart(&view->nodes[i]->meters);
    }
    asc_snapshot_release(view);
    atomic_store(&c->metering.shape, ASC_METERING_ON | shift << 8 | n_columns);
}

void
asc_cluster_disable_metrics(asc_cluster *c)
{
    atomic_store(&c->metering.shape, 0);
}

asc_status
asc_cluster_watch(asc_cluster *c, const asc_tend_watch *watch, asc_error *err)
{
    return asc_watchers_add(&c->watchers, watch, err);
}

bool
asc_cluster_end_watch(asc_cluster *c, const void *name)
{
    return asc_watchers_end(&c->watchers, name);
}
