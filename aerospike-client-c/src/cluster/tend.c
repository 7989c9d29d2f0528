/* Tending: once in an interval every node is asked whether it is there and whether
 * anything has changed. Only what has changed is read, and when it makes a difference a
 * new snapshot is swapped in. The thread that does so must never be waited for without
 * a limit: it may be in the log sink of the application, which may want a lock of
 * whoever closes the cluster. So the one that closes either sees the thread end, or
 * leaves it to wind up by itself. */
#include "cluster/tend.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asc/alloc.h"
#include "asc/log.h"
#include "base/config.h"
#include "base/time.h"
#include "cluster/ask.h"
#include "cluster/discover.h"
#include "cluster/seeds.h"
#include "cluster/stats.h"
#include "cluster/team.h"
#include "wire/base64.h"

#define MAX_FAILURES 5u /* a node is given up after so many cycles without an answer */
#define HURRIED_REST_MS 50u
#define TRIM_INTERVALS 30u /* between two looks for idle connections */

/* How soon one looks at connections that are being made ready; each time it is twice as
 * long. */
#define WARM_MS 2u

/* The longest wait in a cycle for those who look at an old snapshot. */
#define LOOK_MS 20u

#define CYCLE_TIMEOUTS 3u /* times that a node has to answer: so long is a cycle */

/* The longest wait for the end of the thread. It ends at once, unless it is in the log
 * sink, which may wait for a lock that whoever closes the cluster holds. */
#define STOP_MS 1000u

/* --- is each node there, has anything changed? --- */

/* What each node is asked in each cycle. */
#define REFRESH "node\npeers-generation\npartition-generation\n"

/* Take in a node's answer: is it the same node, and has its list of peers or its map
 * changed since it was read? *context counts the nodes that have answered. */
static bool
refreshed(asc_cluster *c, asc_node *n, asc_info_call *call, void *context)
{
    asc_info_pair name;
    int64_t peers, partitions, racks;
    if (!asc_info_value(call, "node", &name) ||
        !asc_info_integer(call, "peers-generation", &peers) ||
        !asc_info_integer(call, "partition-generation", &partitions)) {
        return false;
    }
    if (name.value_size != strlen(n->name) ||
        memcmp(name.value, n->name, name.value_size) != 0) {
        asc_error_set(&call->err, ASC_ERR_CLIENT,
                      "another node answers at its address");
        /* The node is removed in this cycle. */
        atomic_store(&n->active, false);
        return false;
    }
    if (n->failures > 0) {
        /* The node was away, so that what is known of it may be outdated. */
        n->peers_generation = n->partition_generation = n->rebalance_generation = -1;
        n->failures = 0;
    }
    n->answered = true;
    n->map_changed = partitions != n->partition_generation;
    if (peers != n->peers_generation) {
        n->peers_generation = -1;
    }
    /* A server that does not know the word has no racks either. */
    n->racks_changed = c->config.rack_aware &&
                       asc_info_integer(call, "rebalance-generation", &racks) &&
                       racks != n->rebalance_generation;
    ++*(size_t *)context;
    return true;
}

/* --- telling new nodes who we are --- */

/* Must the node still be told who we are? */
static bool
is_stranger(const asc_node *n)
{
    return n->takes_user_agent && !n->told_user_agent && asc_node_is_reachable(n);
}

/* The reply is of no interest: a node that refuses the text works as well without
 * it. */
static bool
introduced(asc_cluster *c, asc_node *n, asc_info_call *call, void *context)
{
    (void)c, (void)call, (void)context;
    n->told_user_agent = true;
    return true;
}

/* Tell new nodes which client and application this is: "1,<client>,<application>" in
 * base64. The text is cut to the 64 bytes that a server takes. */
static void
introduce(asc_cluster *c)
{
    char text[65], command[128] = "user-agent-set:value=";
    snprintf(text, sizeof text, "1,%s", c->config.user_agent);
    asc_base64_encode(command + strlen(command), (const uint8_t *)text, strlen(text));
    strcat(command, "\n");
    asc_ask_nodes(c, command, is_stranger, introduced, NULL);
}

/* --- partition maps --- */

/* Has the node a map that we have not read, and does it answer? */
static bool
has_new_map(const asc_node *n)
{
    return n->map_changed && asc_node_is_reachable(n);
}

/* Take in a node's map. Its generation counts as read only when all of it could be
 * applied. */
static bool
read_map(asc_cluster *c, asc_node *n, asc_info_call *call, void *context)
{
    asc_info_pair value;
    int64_t generation;
    (void)context;
    if (!asc_info_integer(call, "partition-generation", &generation) ||
        !asc_info_value(call, "replicas", &value)) {
        return false;
    }
    c->changed = true;
    if (asc_maps_apply(&c->maps, n, value.value, value.value_size, &call->err) !=
        ASC_OK) {
        return false;
    }
    n->partition_generation = generation;
    n->map_changed = false;
    return true;
}

static void
read_maps(asc_cluster *c)
{
    asc_ask_nodes(c, "partition-generation\nreplicas\n", has_new_map, read_map, NULL);
}

/* --- racks --- */

/* Has the node racks that we have not read, and does it answer? */
static bool
has_new_racks(const asc_node *n)
{
    return n->racks_changed && asc_node_is_reachable(n);
}

/* Take in the racks of a node. A node that does not tell them, as those of the
 * Community Edition, works as well without; it is asked again when its partitions have
 * moved. When memory is short it keeps those that it has, and is asked in the next
 * cycle. */
static bool
read_racks(asc_cluster *c, asc_node *n, asc_info_call *call, void *context)
{
    asc_info_pair value;
    asc_racks racks = {0};
    int64_t generation;
    (void)context;
    if (!asc_info_integer(call, "rebalance-generation", &generation)) {
        return false;
    }
    if (!asc_info_value(call, "rack-ids", &value) ||
        asc_racks_parse(&racks, value.value, value.value_size, &call->err) != ASC_OK) {
        if (call->err.code == ASC_ERR_NOMEM) {
            return false;
        }
        asc_log(ASC_LOG_WARN, "node %s %s does not tell its racks: %s", n->name,
                n->pool.addr.text, call->err.message);
    }
    asc_racks_clear(&n->racks);
    n->racks = racks;
    n->rebalance_generation = generation;
    n->racks_changed = false;
    c->changed = true;
    return true;
}

/* Read the racks that have changed, where somebody prefers some. */
static void
read_all_racks(asc_cluster *c)
{
    asc_ask_nodes(c, "rebalance-generation\nrack-ids\n", has_new_racks, read_racks,
                  NULL);
}

/* --- nodes that are gone --- */

/* Is a node to be removed? While no node answers, it is after MAX_FAILURES cycles,
 * since the network may be at fault. While others answer (n_refreshed of them in this
 * cycle), it is when no other node names it as its peer and it gives no answer or owns
 * nothing; that counts only when the lists of peers were read. A node that has answered
 * and failed later in the cycle is there: a network may pass short replies and lose the
 * long ones, which are those with peers and maps, of all nodes at once. */
static bool
is_gone(const asc_cluster *c, const asc_node *n, size_t n_refreshed, bool peers_read)
{
    if (!atomic_load(&n->active)) {
        return true;
    }
    if (n_refreshed == 0) {
        return n->failures >= MAX_FAILURES;
    }
    return peers_read && c->n_nodes > 1 && n->friends == 0 &&
           ((n->failures > 0 && !n->answered) || !asc_maps_use(&c->maps, n));
}

/* Remove the nodes that are gone. The partitions that they leave behind have new
 * owners, which may have been asked before they knew: all others are asked for their
 * maps once more. */
static void
remove_gone(asc_cluster *c, size_t n_refreshed, bool peers_read)
{
    bool leaves_partitions = false;
    for (size_t i = c->n_nodes; i-- > 0;) {
        if (is_gone(c, c->nodes[i], n_refreshed, peers_read)) {
            leaves_partitions =
                leaves_partitions || asc_maps_use(&c->maps, c->nodes[i]);
            asc_discover_remove(c, i);
        }
    }
    for (size_t i = 0; leaves_partitions && i < c->n_nodes; i++) {
        c->nodes[i]->partition_generation = -1;
        c->nodes[i]->map_changed = true;
    }
    if (leaves_partitions) {
        read_maps(c);
    }
}

/* --- one cycle --- */

/* Swap in a new snapshot, and drop the old one unless somebody looks at it without
 * having counted it: then a later cycle does. Without memory for a new one the old one
 * stays in force. */
static void
publish(asc_cluster *c)
{
    asc_snapshot *fresh;
    asc_error *err = &c->trouble;
    if (asc_maps_snapshot(&c->maps, &c->config, c->nodes, c->n_nodes, &fresh, err) !=
        ASC_OK) {
        asc_log(ASC_LOG_ERROR, "cannot renew the view of the cluster: %s",
                err->message);
        /* The next cycle tries again. */
        return;
    }
    fresh->lost_ms = c->n_nodes == 0 ? asc_now_ms() : 0;
    c->is_kept_out = c->is_kept_out && c->n_nodes == 0;
    fresh->is_kept_out = c->is_kept_out;
    fresh->shm_key = c->config.shm.key;
    asc_snapshot *old = atomic_exchange(&c->snapshot, fresh);
    old->older = c->replaced;
    c->replaced = old;
    asc_state_drop_replaced(c, asc_now_ms() + LOOK_MS);
    c->changed = false;
    asc_team_publish(c);
}

/* --- connections that are kept ready --- */

/* May further connections to the node be opened, that nobody has asked for? */
static bool
may_warm(asc_node *n)
{
    return asc_node_is_reachable(n) && asc_node_accepts(n);
}

/* Go on with the connections that were started for later use. Nothing waits here. True:
 * some are still on their way. */
static bool
warm(asc_cluster *c, uint64_t now_ms)
{
    bool more = false;
    size_t n_nodes = c->config.min_conns_per_node > 0 ? c->n_nodes : 0;
    for (size_t i = 0; i < n_nodes; i++) {
        asc_node *n = c->nodes[i];
        if (may_warm(n)) {
            asc_pool_warm(&n->pool, now_ms);
            more = asc_pool_is_warming(&n->pool) || more;
        }
    }
    return more;
}

void
asc_tend_warm(asc_cluster *c, uint64_t ends_ms)
{
    uint64_t now_ms = asc_now_ms();
    for (uint32_t pause_ms = WARM_MS; warm(c, now_ms) && now_ms < ends_ms;
         pause_ms *= 2) {
        poll(NULL, 0,
             asc_poll_timeout(asc_earlier(now_ms + pause_ms, ends_ms), now_ms));
        now_ms = asc_now_ms();
    }
}

/* Do what is due besides the nodes and their maps: late replies, error windows, idle
 * connections. */
static void
housekeep(asc_cluster *c)
{
    uint64_t now = asc_now_ms();
    bool connected = false;
    bool trims = now >= c->trim_ms;
    c->n_cycles++;
    asc_state_drop_replaced(c, now);
    asc_drain_run(&c->drain, now);
    for (size_t i = 0; i < c->n_nodes; i++) {
        asc_node *n = c->nodes[i];
        connected = connected || n->failures < ASC_MISSED_CYCLES;
        if (c->config.error_rate_window > 0 &&
            c->n_cycles % c->config.error_rate_window == 0) {
            asc_node_next_error_window(n, c->config.max_error_rate);
        }
        if (trims) {
            asc_pool_trim(&n->pool, now);
        }
        if (may_warm(n)) {
            asc_pool_fill(&n->pool, now);
        }
    }
    if (trims) {
        c->trim_ms = now + (uint64_t)TRIM_INTERVALS * c->config.tend_interval_ms;
    }
    atomic_store(&c->connected, connected);
}

uint32_t
asc_tend_limit_ms(const asc_cluster *c)
{
    uint32_t timeout_ms = asc_config_answer_ms(&c->config, true);
    return timeout_ms <= UINT32_MAX / CYCLE_TIMEOUTS ? CYCLE_TIMEOUTS * timeout_ms
                                                     : UINT32_MAX;
}

/* Ask the nodes. The order matters: maps of known nodes are published before new peers
 * are looked for, and nodes are removed last, when the lists of peers tell who still
 * counts. */
static asc_status
look(asc_cluster *c, asc_error *err)
{
    asc_status rc = c->n_nodes == 0 ? asc_seeds_try(c, err) : ASC_OK;
    size_t n_refreshed = 0;
    for (size_t i = 0; i < c->n_nodes; i++) {
        c->nodes[i]->answered = false;
    }
    asc_ask_nodes(c, c->config.rack_aware ? REFRESH "rebalance-generation\n" : REFRESH,
                  NULL, refreshed, &n_refreshed);
    read_maps(c);
    read_all_racks(c);
    if (c->changed) {
        /* Commands must not have to wait for peers that may be slow to answer. */
        publish(c);
    }
    bool peers_read = asc_discover_peers(c);
    read_maps(c); /* those of new nodes */
    read_all_racks(c);
    introduce(c);
    remove_gone(c, n_refreshed, peers_read);
    return rc;
}

/* Take the racks of another configuration, whose racks are these afterwards. Nodes are
 * asked for theirs when somebody wants to know. */
static void
take_racks(asc_cluster *c, asc_config *wanted)
{
    asc_config *now = &c->config;
    const int32_t *old = now->rack_ids;
    size_t n_old = now->n_rack_ids;
    bool begins = wanted->rack_aware && !now->rack_aware;
    now->rack_aware = wanted->rack_aware;
    now->rack_ids = wanted->rack_ids;
    now->n_rack_ids = wanted->n_rack_ids;
    wanted->rack_ids = old;
    wanted->n_rack_ids = n_old;
    for (size_t i = 0; i < c->n_nodes; i++) {
        c->nodes[i]->racks_changed = c->nodes[i]->racks_changed || begins;
    }
    c->changed = true; /* the snapshot has the ranks of the nodes */
}

/* Take what asc_cluster_tune() has left. No process forks meanwhile, so that no child
 * gets half of it. */
static void
take_wanted(asc_cluster *c)
{
    asc_config *now = &c->config, *wanted = atomic_exchange(&c->wanted, NULL);
    if (wanted == NULL) {
        return;
    }
    asc_fork_lock();
    now->tend_interval_ms = wanted->tend_interval_ms;
    now->connect_timeout_ms = wanted->connect_timeout_ms;
    now->login_timeout_ms = wanted->login_timeout_ms;
    now->max_error_rate = wanted->max_error_rate;
    now->error_rate_window = wanted->error_rate_window;
    now->max_socket_idle_s = wanted->max_socket_idle_s;
    if (!now->shm.enable) { /* all who share it must agree on the racks */
        take_racks(c, wanted);
    }
    asc_fork_unlock();
    for (size_t i = 0; i < c->n_nodes; i++) {
        asc_pool_set_idle(&c->nodes[i]->pool, now->max_socket_idle_s);
        asc_node_set_error_limit(c->nodes[i], now->max_error_rate);
    }
    asc_state_free_wanted(wanted);
    asc_log(ASC_LOG_INFO,
            "tend interval %u ms, connect timeout %u ms, errors %u in %u intervals, "
            "idle connections %u s",
            now->tend_interval_ms, now->connect_timeout_ms, now->max_error_rate,
            now->error_rate_window, now->max_socket_idle_s);
}

asc_status
asc_tend_cycle(asc_cluster *c, uint32_t limit_ms, asc_error *err)
{
    asc_status rc = ASC_OK;
    take_wanted(c);
    c->cycle_ends_ms = asc_now_ms() + limit_ms;
    asc_error_reset(&c->trouble);
    if (!asc_team_cycle(c, &rc, err)) {
        rc = look(c, err);
        c->is_whole = c->is_whole || c->maps.n > 0;
    }
    if (c->changed) {
        publish(c);
    }
    asc_team_give_sign(c);
    housekeep(c);
    return rc;
}

/* --- the thread --- */

/* Open the wake sockets anew when somebody has closed them, as daemons do: a wait on
 * descriptors that are not open would end at once, again and again. */
static void
mend_wake(asc_cluster *c)
{
    asc_error err;
    asc_error_reset(&err);
    pthread_mutex_lock(&c->lock);
    if (!asc_wake_is_whole(&c->wake)) {
        asc_wake_close(&c->wake);
        /* If this fails, whoever closes the cluster waits for the interval. */
        asc_wake_open(&c->wake, &err);
    }
    pthread_mutex_unlock(&c->lock);
}

/* Begin or end to wait; what has woken the thread is taken at the end. */
static void
set_resting(asc_cluster *c, bool resting)
{
    pthread_mutex_lock(&c->lock);
    c->resting = resting;
    if (!resting) {
        asc_wake_take(&c->wake, 0);
    }
    pthread_mutex_unlock(&c->lock);
}

/* How long a hurried rest is: short, and twice as long as the one before if that was
 * hurried, too. So a node that refuses each session which it has just given does not
 * get one login after another. */
static uint32_t
hurried_rest(const asc_cluster *c)
{
    uint32_t rest_ms =
        c->hurried_rest_ms != 0 ? 2 * c->hurried_rest_ms : HURRIED_REST_MS;
    return rest_ms < c->config.tend_interval_ms ? rest_ms : c->config.tend_interval_ms;
}

/* Wait for an interval, or until the cluster is closed. When somebody hurries it, the
 * rest is shorter. A sleep that others may end at any time is a rest as well, and never
 * shorter than a hurried one. */
static void
rest(asc_cluster *c)
{
    uint32_t hurried_ms = hurried_rest(c), warm_ms = WARM_MS;
    uint64_t now_ms = asc_now_ms(), begin_ms = now_ms, end_ms = ASC_FOREVER;
    bool dozed = asc_team_doze(c);
    if (dozed) {
        mend_wake(c);
        now_ms = asc_now_ms();
    }
    set_resting(c, true);
    while (!atomic_load(&c->closed)) {
        bool hurried = atomic_load(&c->hurried);
        end_ms =
            begin_ms + (hurried || dozed ? hurried_ms : c->config.tend_interval_ms);
        if (now_ms >= end_ms) {
            break;
        }
        if (warm(c, now_ms)) {
            end_ms = asc_earlier(end_ms, now_ms + warm_ms);
            warm_ms *= 2;
        }
        struct pollfd wake = {.fd = c->wake.fds[0], .events = POLLIN};
        poll(&wake, hurried ? 0 : 1, asc_poll_timeout(end_ms, now_ms));
        /* The sockets are mended before `closed` is looked at: whoever closes the
         * cluster sends a byte after setting it. */
        mend_wake(c);
        now_ms = asc_now_ms();
    }
    set_resting(c, false);
    c->hurried_rest_ms = atomic_exchange(&c->hurried, false) ? hurried_ms : 0;
}

/* Wait and run cycles by turns, until the cluster is closed. */
static void
tend(asc_cluster *c)
{
    for (;;) {
        rest(c);
        if (atomic_load(&c->closed)) {
            return;
        }
        asc_error err;
        asc_error_reset(&err);
        if (asc_tend_cycle(c, asc_tend_limit_ms(c), &err) != ASC_OK) {
            asc_log(ASC_LOG_WARN, "no node can be reached; %s: %s", err.host,
                    err.message);
        }
        asc_stats_tell(c);
    }
}

/* Close what is idle, and no longer wait for late replies; nobody tends any more. A
 * query that is not read to its end may keep the cluster for long: it keeps no
 * descriptors but those of its own. */
static void
wind_up(asc_cluster *c)
{
    asc_drain_clear(&c->drain);
    asc_shm_detach(&c->shm);
    for (size_t i = 0; i < c->n_nodes; i++) {
        asc_node_retire(c->nodes[i]);
        asc_node_close_tend_conn(c->nodes[i]);
    }
    pthread_mutex_lock(&c->lock);
    asc_wake_close(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

/* Wake the thread that waits at the other end of the sockets. */
static void
wake_other(asc_cluster *c, int end)
{
    pthread_mutex_lock(&c->lock);
    asc_wake_send(&c->wake, end);
    pthread_mutex_unlock(&c->lock);
    asc_state_rouse(c);
}

/* End the thread. One that was left behind winds up itself, and drops the count that
 * was taken for it. */
static void
end(void *arg)
{
    asc_cluster *c = arg;
    if (atomic_exchange(&c->tender, ASC_TENDER_ENDED) == ASC_TENDER_LEFT) {
        wind_up(c);
        asc_state_release(c);
    }
    else {
        wake_other(c, 0);
    }
}

/* The end stands in a cleanup handler, since a log sink may end this thread
 * (asc/log.h). */
static void *
run(void *arg)
{
    pthread_cleanup_push(end, arg);
    tend(arg);
    pthread_cleanup_pop(1);
    return NULL;
}

asc_status
asc_tend_start(asc_cluster *c, asc_error *err)
{
    sigset_t all, before;
    /* Signals are for the application's threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    atomic_store(&c->tender, ASC_TENDER_RUNNING);
    int rc = pthread_create(&c->thread, NULL, run, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        atomic_store(&c->tender, ASC_TENDER_NONE);
        return asc_error_set_os(err, ASC_ERR_CLIENT, rc,
                                "cannot start the tend thread");
    }
    return ASC_OK;
}

/* Wait for the byte that the thread writes when it ends, for STOP_MS at most. */
static void
await_end(asc_cluster *c)
{
    pthread_mutex_lock(&c->lock);
    struct pollfd ended = {.fd = c->wake.fds[1], .events = POLLIN};
    pthread_mutex_unlock(&c->lock);
    uint64_t now_ms = asc_now_ms(), limit_ms = now_ms + STOP_MS;
    while (poll(&ended, 1, asc_poll_timeout(limit_ms, now_ms)) < 0 && errno == EINTR) {
        now_ms = asc_now_ms();
    }
}

/* End the thread, or leave it behind. Returns true when nobody tends the cluster any
 * more. The count for a thread that is left is taken before the thread learns of it,
 * since it may drop the count right after. */
static bool
end_thread(asc_cluster *c)
{
    pthread_t thread = c->thread;
    if (atomic_load(&c->tender) == ASC_TENDER_NONE) {
        return true;
    }
    wake_other(c, 1);
    if (!pthread_equal(thread, pthread_self())) {
        await_end(c);
    }
    asc_state_retain(c);
    if (atomic_exchange(&c->tender, ASC_TENDER_LEFT) == ASC_TENDER_RUNNING) {
        pthread_detach(thread);
        return false;
    }
    /* The thread has nothing more to do, so this does not wait. */
    pthread_join(thread, NULL);
    atomic_store(&c->tender, ASC_TENDER_NONE);
    asc_state_release(c);
    return true;
}

void
asc_tend_stop(asc_cluster *c)
{
    if (end_thread(c)) {
        wind_up(c);
    }
}
