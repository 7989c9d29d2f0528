/* A cluster as its callers know it: found when it is made, tended by a thread until it
 * is closed, looked at through snapshots that any thread may take. A cluster that a
 * fork has copied goes on in the child here, when the child first uses it. */
#include "cluster/cluster.h"

#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/log.h"
#include "base/config.h"
#include "base/time.h"
#include "cluster/discover.h"
#include "cluster/team.h"
#include "cluster/tend.h"

/* --- after a fork --- */

/* Go on in the child of a fork, from the view that the parent had. */
static asc_status
restart(asc_cluster *c, asc_error *err)
{
    asc_state_start_anew(c);
    if (atomic_load(&c->closed)) {
        return ASC_OK;
    }
    asc_status rc = asc_wake_open(&c->wake, err);
    return rc == ASC_OK ? asc_tend_start(c, err) : rc;
}

/* Every look at the cluster begins here. Only the first one in a child does more than
 * compare two numbers; others that come at the same time wait for it. */
static void
check_fork(asc_cluster *c)
{
    if (!asc_state_is_inherited(c)) {
        return;
    }
    asc_status rc = ASC_OK;
    asc_error err;
    asc_error_reset(&err);
    asc_fork_lock();
    if (asc_state_is_inherited(c)) { /* nobody was faster */
        rc = restart(c, &err);
        atomic_store_explicit(&c->fork_count, asc_fork_count(), memory_order_release);
    }
    asc_fork_unlock();
    if (rc != ASC_OK) {
        /* The line is written without the lock, since the sink may wait for it. */
        asc_log(ASC_LOG_ERROR, "the cluster is not tended after a fork: %s",
                err.message);
    }
}

/* --- life --- */

/* Refuse a cluster of which one node answers and names peers that cannot be reached:
 * most keys would fail later, and an error now says why. */
static asc_status
check_peers(const asc_cluster *c, asc_error *err)
{
    if (!c->config.fail_if_not_connected || c->n_nodes != 1 ||
        c->unreachable[0] == '\0') {
        return ASC_OK;
    }
    if (c->trouble.code == ASC_ERR_NOMEM) { /* that is why */
        *err = c->trouble;
        return err->code;
    }
    err->phase = ASC_PHASE_CONNECT;
    snprintf(err->host, sizeof err->host, "%s", c->nodes[0]->pool.addr.text);
    return asc_error_set(err, ASC_ERR_CLIENT,
                         "the seed answers, but its peers cannot be reached: %s%s",
                         c->unreachable, asc_discover_advice(c));
}

/* Does any node own a partition? */
static bool
has_map(const asc_cluster *c)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        if (asc_maps_use(&c->maps, c->nodes[i])) {
            return true;
        }
    }
    return false;
}

/* Look at the cluster for the first time, and once more when the nodes that were found
 * have given no partition map that is of use. Where another process tends, it is given
 * its time to find the cluster. The last look has what is left of the time: a node that
 * does not answer then is no reason if a look before has found one. */
static asc_status
first_cycles(asc_cluster *c, asc_error *err)
{
    asc_error seeding, found;
    uint32_t limit_ms = asc_tend_limit_ms(c), given_ms = c->config.create_timeout_ms;
    limit_ms = given_ms != 0 && given_ms < limit_ms ? given_ms : limit_ms;
    uint64_t now_ms = asc_now_ms(), ends_ms = now_ms + limit_ms;
    unsigned n_cycles = 0;
    asc_status rc;
    asc_error_reset(&seeding);
    do {
        asc_error_reset(&found);
        rc = asc_tend_cycle(c, (uint32_t)(ends_ms - now_ms), &found);
        n_cycles += rc == ASC_OK ? 1 : 2;
        now_ms = asc_now_ms();
        if (rc != ASC_ERR_CONNECTION || seeding.code == ASC_OK) {
            seeding = found;
        }
    } while (!has_map(c) && now_ms < ends_ms &&
             (asc_team_waits(c, rc) || n_cycles < 2));
    if (!c->config.fail_if_not_connected) {
        return ASC_OK;
    }
    if (rc == ASC_OK && !has_map(c)) {
        seeding = c->trouble;
        seeding.phase = ASC_PHASE_PARTITION_MAP;
        rc = seeding.code != ASC_OK
                 ? seeding.code
                 : asc_error_set(&seeding, ASC_ERR_CLIENT,
                                 "no partition map is known: no node owns a partition");
    }
    if (rc != ASC_OK) {
        *err = seeding;
        return err->code;
    }
    asc_tend_warm(c, asc_earlier(ends_ms, now_ms + c->config.connect_timeout_ms));
    return check_peers(c, err);
}

/* The thread starts only when the cluster is known well enough, so that the constructor
 * may tend without a lock. */
asc_status
asc_cluster_create(asc_cluster **out, const asc_config *config, asc_error *err)
{
    asc_cluster *c;
    asc_status rc = asc_state_new(&c, config, err);
    if (rc != ASC_OK) {
        return rc;
    }
    rc = asc_team_begin(c, asc_tend_limit_ms(c), err);
    if (rc == ASC_OK) {
        rc = first_cycles(c, err);
    }
    if (rc == ASC_OK) {
        rc = asc_tend_start(c, err);
    }
    if (rc != ASC_OK) {
        asc_state_release(c);
        return rc;
    }
    *out = c;
    return ASC_OK;
}

void
asc_cluster_retain(asc_cluster *c)
{
    asc_state_retain(c);
}

void
asc_cluster_release(asc_cluster *c)
{
    asc_state_release(c);
}

/* An inherited cluster is taken over first, so that the child does not wait for a
 * thread that only the parent has. */
void
asc_cluster_close(asc_cluster *c)
{
    if (atomic_exchange(&c->closed, true)) {
        return;
    }
    check_fork(c);
    asc_tend_stop(c);
}

/* --- views --- */

const asc_snapshot *
asc_cluster_look(asc_cluster *c)
{
    check_fork(c);
    asc_readers_enter(&c->readers);
    return atomic_load(&c->snapshot);
}

void
asc_cluster_look_away(asc_cluster *c)
{
    asc_readers_leave(&c->readers);
}

/* Between reading the pointer and counting it, the tend thread could free the
 * snapshot. */
asc_snapshot *
asc_cluster_snapshot(asc_cluster *c)
{
    check_fork(c);
    asc_readers_enter(&c->readers);
    asc_snapshot *s = atomic_load(&c->snapshot);
    asc_snapshot_retain(s);
    asc_readers_leave(&c->readers);
    return s;
}

bool
asc_cluster_is_closed(asc_cluster *c)
{
    return atomic_load_explicit(&c->closed, memory_order_relaxed);
}

/* The drain has a lock of its own, so that any thread may use it. */
asc_drain *
asc_cluster_drain(asc_cluster *c)
{
    return &c->drain;
}

asc_spares *
asc_cluster_batches(asc_cluster *c)
{
    return &c->batches;
}

uint32_t
asc_cluster_at_once(const asc_cluster *c)
{
    return c->config.max_at_once;
}

void
asc_cluster_hurry(asc_cluster *c)
{
    asc_state_hurry(c);
}

void
asc_cluster_rouse(asc_cluster *c)
{
    asc_state_rouse(c);
}

void
asc_cluster_count_command(asc_cluster *c)
{
    if (atomic_load_explicit(&c->metering.shape, memory_order_relaxed) != 0) {
        asc_metering_count(&c->metering, asc_meter_lane());
    }
}

void
asc_cluster_count_retry(asc_cluster *c)
{
    atomic_fetch_add_explicit(&c->n_retries, 1, memory_order_relaxed);
}

asc_credentials *
asc_cluster_credentials(asc_cluster *c)
{
    return c->config.credentials;
}

unsigned
asc_cluster_turn(asc_cluster *c)
{
    return atomic_fetch_add_explicit(&c->turn, 1, memory_order_relaxed);
}

/* In the child of a fork, this too begins to tend: a program may ask it again and again
 * before its first command, and would be told what the parent knew. */
asc_status
asc_cluster_tune(asc_cluster *c, const asc_config *config, asc_error *err)
{
    asc_config *wanted = asc_calloc(1, sizeof *wanted);
    if (wanted == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "configuration");
    }
    asc_status rc = asc_config_copy(wanted, config, err);
    if (rc == ASC_OK) {
        wanted = atomic_exchange(&c->wanted, wanted);
        asc_state_hurry(c);
    }
    asc_state_free_wanted(wanted);
    return rc;
}

bool
asc_cluster_is_connected(asc_cluster *c)
{
    if (asc_cluster_is_closed(c)) {
        return false;
    }
    check_fork(c);
    return atomic_load(&c->connected);
}

asc_status
asc_cluster_nodes(asc_cluster *c, asc_node_info **out, size_t *n, asc_error *err)
{
    asc_snapshot *s = asc_cluster_snapshot(c);
    asc_node_info *list = asc_calloc(s->n_nodes + 1, sizeof *list);
    if (list == NULL) {
        asc_snapshot_release(s);
        return asc_error_set(err, ASC_ERR_NOMEM, "list of nodes");
    }
    for (size_t i = 0; i < s->n_nodes; i++) {
        const asc_node *node = s->nodes[i];
        memcpy(list[i].name, node->name, sizeof list[i].name);
        snprintf(list[i].address, sizeof list[i].address, "%s", node->pool.addr.ip);
        list[i].port = node->pool.addr.port;
    }
    *out = list;
    *n = s->n_nodes;
    asc_snapshot_release(s);
    return ASC_OK;
}

asc_status
asc_cluster_no_node(asc_cluster *c, asc_error *err)
{
    asc_snapshot *view = asc_cluster_snapshot(c);
    asc_status rc = asc_snapshot_no_node(view, err);
    asc_snapshot_release(view);
    return rc;
}

/* The snapshot is asked and not the maps, which the tend thread may be changing. */
bool
asc_cluster_partitions_of(asc_cluster *c, const char *ns, const char *node_name,
                          uint8_t owned[])
{
    asc_snapshot *view = asc_cluster_snapshot(c);
    const asc_ns_map *map = asc_snapshot_map(view, ns);
    uint16_t node = 0;
    while (node < view->n_nodes && strcmp(view->nodes[node]->name, node_name) != 0) {
        node++;
    }
    bool found = map != NULL && node < view->n_nodes;
    for (uint32_t p = 0; found && p < ASC_N_PARTITIONS; p++) {
        owned[p] = asc_snapshot_master(view, map, p) == node;
    }
    asc_snapshot_release(view);
    return found;
}
