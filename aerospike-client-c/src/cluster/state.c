/* The life of what a cluster consists of: made, counted, taken apart, and, in the child
 * of a fork, cut loose from the parent. Nothing here talks to a node. */
#include "cluster/state.h"

#include <stdio.h>

#include "asc/alloc.h"
#include "asc/credentials.h"
#include "asc/log.h"
#include "base/config.h"

/* This runs in the child of a fork, at once: it closes the child's copies of all
 * descriptors while they are still what they were. The child takes the cluster over
 * later, when it first uses it. */
static void
in_child(void *cluster)
{
    asc_cluster *c = cluster;
    const asc_snapshot *s = atomic_load(&c->snapshot);
    for (size_t i = 0; s != NULL && i < s->n_nodes; i++) {
        asc_node_in_child(s->nodes[i]);
    }
    asc_wake_close(&c->wake);
    asc_shm_in_child(&c->shm);
    if (atomic_exchange(&c->tender, ASC_TENDER_NONE) == ASC_TENDER_LEFT) {
        /* The child lacks the thread that has this count. Nothing is freed here, even
         * if it was the last count. */
        atomic_fetch_sub(&c->refs, 1);
    }
}

void
asc_state_start_anew(asc_cluster *c)
{
    pthread_mutex_init(&c->lock, NULL);
    asc_snapshot *s = atomic_load(&c->snapshot);
    asc_readers_forget(&c->readers); /* those who were inside are the parent's */
    c->replaced = NULL;
    asc_watchers_after_fork(&c->watchers);
    atomic_store(&c->metering.shape, 0);
    for (size_t i = 0; i < s->n_nodes; i++) {
        asc_node *n = s->nodes[i];
        asc_pool_after_fork(&n->pool);
        asc_node_close_tend_conn(n);
        n->tend_opened = n->tend_closed = 0;
        n->told_user_agent = false;
        n->failures = 0;
        n->peers_generation = n->partition_generation = n->rebalance_generation = -1;
        n->racks = (asc_racks){0}; /* the snapshot has the ranks until they are read */
    }
    asc_drain_after_fork(&c->drain);
    asc_shm_detach(&c->shm); /* it is opened again in the first cycle */
    c->is_whole = c->dozing = false;
    c->maps = (asc_maps){0};
    c->known = NULL;
    c->n_known = 0;
    c->n_nodes = 0;
    c->nodes = asc_calloc(s->n_nodes + 1, sizeof *c->nodes);
    for (size_t i = 0; c->nodes != NULL && i < s->n_nodes; i++) {
        asc_node_retain(s->nodes[i]);
        c->nodes[c->n_nodes++] = s->nodes[i];
    }
}

/* Write the names of the commands of a kind, "peers" or "service". */
static void
name_command(char *out, size_t size, const char *kind, const asc_config *config)
{
    snprintf(out, size, "%s-%s-%s", kind, asc_config_login_transport(config)->word,
             config->use_services_alternate ? "alt" : "std");
}

/* Log what holds for the pools: a default may depend on other settings. */
static void
say_limits(const asc_config *config)
{
    asc_log(ASC_LOG_DEBUG,
            "connections to a node: %u to %u, not used after %u s; a call waits %u ms "
            "for one; %u errors in %u intervals keep calls away",
            config->min_conns_per_node, config->max_conns_per_node,
            config->max_socket_idle_s, config->pool_timeout_ms, config->max_error_rate,
            config->error_rate_window);
}

/* The fork watch is added before there is any descriptor to close, so that no fork in
 * between leaves the child one that nobody closes. */
asc_status
asc_state_new(asc_cluster **out, const asc_config *config, asc_error *err)
{
    asc_cluster *c = asc_calloc(1, sizeof *c);
    if (c == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "cluster");
    }
    atomic_init(&c->refs, 1);
    atomic_init(&c->fork_count, asc_fork_count());
    pthread_mutex_init(&c->lock, NULL);
    asc_drain_init(&c->drain);
    asc_watchers_init(&c->watchers);
    c->wake = (asc_wake)ASC_WAKE_INIT;
    c->shm.fd = -1;
    c->at_fork = (asc_fork_watch){.in_child = in_child, .owner = c};
    asc_fork_watch_add(&c->at_fork);
    asc_status rc = asc_config_copy(&c->config, config, err);
    asc_transport_retain(c->config.transport);
    asc_transport_retain(c->config.login_transport);
    asc_credentials_retain(c->config.credentials);
    name_command(c->peers_command, sizeof c->peers_command, "peers", config);
    name_command(c->service_command, sizeof c->service_command, "service", config);
    if (rc == ASC_OK) {
        rc = asc_wake_open(&c->wake, err);
    }
    asc_snapshot *empty;
    if (rc == ASC_OK) {
        rc = asc_snapshot_new(&empty, 0, 0, err);
    }
    if (rc != ASC_OK) {
        asc_state_release(c);
        return rc;
    }
    atomic_store(&c->snapshot, empty);
    say_limits(&c->config);
    *out = c;
    return ASC_OK;
}

/* The byte is sent only to a thread that rests: in the middle of a cycle it would end
 * the questions that are under way. */
void
asc_state_hurry(asc_cluster *c)
{
    atomic_store(&c->hurried, true);
    pthread_mutex_lock(&c->lock);
    if (c->resting) {
        asc_wake_send(&c->wake, 1);
    }
    pthread_mutex_unlock(&c->lock);
    asc_state_rouse(c);
}

void
asc_state_free_wanted(asc_config *wanted)
{
    if (wanted != NULL) {
        asc_config_clear(wanted);
        asc_free(wanted);
    }
}

/* Only those who share memory sleep for long. */
void
asc_state_rouse(asc_cluster *c)
{
    if (c->config.shm.enable) {
        pthread_mutex_lock(&c->lock);
        if (c->dozing) {
            asc_shm_ring(&c->shm);
        }
        pthread_mutex_unlock(&c->lock);
    }
}

void
asc_state_drop_replaced(asc_cluster *c, uint64_t until_ms)
{
    if (c->replaced == NULL || !asc_readers_wait(&c->readers, until_ms)) {
        return;
    }
    for (asc_snapshot *s = c->replaced, *older; s != NULL; s = older) {
        older = s->older;
        asc_snapshot_release(s);
    }
    c->replaced = NULL;
}

void
asc_state_retain(asc_cluster *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

void
asc_state_release(asc_cluster *c)
{
    if (c == NULL || atomic_fetch_sub(&c->refs, 1) != 1) {
        return;
    }
    if (asc_state_is_inherited(c)) {
        /* What the tender owned may have been caught in the middle of a change. */
        asc_fork_lock();
        asc_state_start_anew(c);
        asc_fork_unlock();
    }
    asc_fork_watch_remove(&c->at_fork);
    asc_watchers_clear(&c->watchers);
    asc_shm_clear(&c->shm);
    asc_drain_clear(&c->drain);
    for (size_t i = 0; i < c->n_nodes; i++) {
        asc_node_release(c->nodes[i]);
    }
    asc_snapshot_release(atomic_load(&c->snapshot));
    asc_state_drop_replaced(c, 0);
    asc_maps_clear(&c->maps);
    asc_spares_clear(&c->batches);
    asc_free(c->nodes);
    asc_free(c->known);
    asc_transport_release(c->config.transport);
    asc_transport_release(c->config.login_transport);
    asc_credentials_release(c->config.credentials);
    asc_config_clear(&c->config);
    asc_state_free_wanted(atomic_load(&c->wanted));
    asc_wake_close(&c->wake);
    pthread_mutex_destroy(&c->lock);
    asc_free(c);
}
