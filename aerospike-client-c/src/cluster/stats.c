/* What a cluster has counted, put together from its nodes. */
#include "cluster/stats.h"

#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"

void
asc_cluster_stats_free(asc_cluster_stats *s)
{
    for (size_t i = 0; s != NULL && i < s->n_nodes; i++) {
        asc_free(s->nodes[i].namespaces);
    }
    if (s != NULL) {
        asc_free(s->nodes);
        asc_free(s);
    }
}

static bool
read_node(asc_node *n, asc_node_stats *out)
{
    asc_pool_stats pool;
    unsigned n_meters = asc_meters_count(&n->meters);
    out->namespaces = asc_calloc(n_meters + 1, sizeof *out->namespaces);
    if (out->namespaces == NULL) {
        return false;
    }
    asc_pool_read(&n->pool, &pool);
    memcpy(out->name, n->name, sizeof out->name);
    snprintf(out->address, sizeof out->address, "%s", n->pool.addr.ip);
    out->port = n->pool.addr.port;
    out->in_use = pool.n_lent;
    out->in_pool = pool.n_idle;
    out->opened = pool.n_opened + atomic_load(&n->tend_opened);
    out->closed = pool.n_closed + atomic_load(&n->tend_closed);
    out->recovered = atomic_load(&n->recovered);
    out->aborted = atomic_load(&n->aborted);
    const asc_meter *m = atomic_load(&n->meters.first);
    for (; out->n_namespaces < n_meters; m = atomic_load(&m->next)) {
        asc_meter_read(&n->meters, m, &out->namespaces[out->n_namespaces++]);
    }
    return true;
}

asc_status
asc_stats_read(asc_cluster *c, const asc_snapshot *view, asc_node *const *gone,
               size_t n_gone, asc_cluster_stats **out, asc_error *err)
{
    size_t n = view->n_nodes + n_gone;
    asc_cluster_stats *s = asc_calloc(1, sizeof *s);
    if (s != NULL) {
        s->nodes = asc_calloc(n + 1, sizeof *s->nodes);
    }
    bool done = s != NULL && s->nodes != NULL;
    for (size_t i = 0; done && i < n; i++) {
        bool is_gone = i >= view->n_nodes;
        done = read_node(is_gone ? gone[i - view->n_nodes] : view->nodes[i],
                         &s->nodes[s->n_nodes]);
        s->nodes[s->n_nodes].is_gone = is_gone;
        s->n_nodes += done;
    }
    if (!done) {
        asc_cluster_stats_free(s);
        return asc_error_set(err, ASC_ERR_NOMEM, "statistics");
    }
    for (unsigned i = 0; i < ASC_METER_LANES; i++) {
        s->n_commands += atomic_load(&c->metering.lanes[i].commands);
    }
    s->n_retries = atomic_load(&c->n_retries);
    s->n_recovering = asc_drain_count(&c->drain);
    s->n_invalid = atomic_load(&c->n_invalid);
    s->n_columns = asc_metering_columns(&c->metering);
    *out = s;
    return ASC_OK;
}

/* This thread replaces the snapshot, so that it stays. Without memory nobody is told of
 * this cycle. */
void
asc_stats_tell(asc_cluster *c)
{
    asc_watchers *l = &c->watchers;
    asc_cluster_stats *stats;
    asc_error err;
    asc_error_reset(&err);
    if (asc_watchers_are_there(l) &&
        asc_stats_read(c, atomic_load(&c->snapshot), l->gone, l->n_gone, &stats,
                       &err) == ASC_OK) {
        asc_watchers_tell(l, stats);
        asc_cluster_stats_free(stats);
    }
    asc_watchers_forget_gone(l);
}
