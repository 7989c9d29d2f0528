/* The state machine of one request. Each step runs from one waiting to the next. Each
 * failure, wherever it happens, goes through decide(), which alone says whether the
 * exchange ends or begins another attempt, and what becomes of the connection. An
 * exchange that has ended owns nothing: its connection is back in the pool by then, or
 * closed. */
#include "command/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "asc/admin.h"
#include "asc/detail.h"
#include "base/time.h"
#include "wire/reader.h"

/* How long a command waits for a new login at most, and how often it looks. */
#define LOGIN_TIMEOUT_MS 10000u
#define LOGIN_LOOK_MS 5u

/* How long a new connection may take when no timeout of the policy bounds it. */
#define CONNECT_TIMEOUT_MS 2000u

/* --- ending an attempt, first part --- */

/* Is it worth while to read off a reply that may still come? Half a request gets none,
 * others may need the connection's place at once, and a reply that was being inflated
 * cannot be told from its rest. */
static bool
is_worth_draining(const asc_exchange *x)
{
    return x->io.sent == x->io.out_size && x->io.state != ASC_TRANSFER_INFLATE &&
           !asc_pool_has_queue(&x->node->pool);
}

/* --- what is measured --- */

/* What kind of latency a request has. */
static asc_latency
kind_of(const asc_request *req, asc_reply reply)
{
    if (reply == ASC_REPLY_ROWS) {
        return ASC_LATENCY_BATCH;
    }
    if (req->ns == NULL) {
        return ASC_LATENCY_NONE;
    }
    if (reply == ASC_REPLY_RECORDS || req->node_name != NULL) {
        return ASC_LATENCY_QUERY;
    }
    return req->writes ? ASC_LATENCY_WRITE : ASC_LATENCY_READ;
}

/* The meter for which an attempt is counted: that of its namespace; batches may have
 * several, and info commands have none. */
static asc_meter *
meter_of(const asc_exchange *x)
{
    bool has_one = x->many.reply != ASC_REPLY_ROWS && x->req->ns != NULL;
    return asc_meters_add(&x->node->meters, has_one ? x->req->ns : "");
}

/* Nanoseconds since some fixed moment. Drivers know milliseconds only, and an exchange
 * reads no clock for anything but counters. */
static inline uint64_t
clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Begin to measure an attempt, whose way the map has told. NULL: the owner of the
 * exchange has told it; a set counts itself as a command. */
static __attribute__((noinline)) void
begin_to_measure(asc_exchange *x, const asc_ns_map *map)
{
    x->has_answer = false;
    x->lane = asc_meter_lane();
    x->meter = map != NULL ? asc_meters_find(&x->node->meters, map->name) : meter_of(x);
    if (map != NULL && x->n_attempts == 0) {
        asc_metering_count(x->node->meters.how, x->lane);
    }
    x->began_ns = clock_ns();
}

/* The connection of an attempt is of use: what follows is measured from now on. */
static __attribute__((noinline)) void
count_connection(asc_exchange *x)
{
    uint64_t now_ns = clock_ns();
    asc_meter_time(&x->node->meters, x->meter, x->lane, ASC_LATENCY_CONN,
                   now_ns - x->began_ns);
    x->began_ns = now_ns;
}

/* Count the bytes of an attempt that ends and, if it has brought an answer, the time
 * that this has taken. */
static __attribute__((noinline)) void
count_attempt(asc_exchange *x)
{
    const asc_transfer *io = &x->io;
    uint64_t out = io->sent, both = io->progress - io->n_slices;
    asc_meter *m = x->meter;
    x->meter = NULL;
    asc_meter_move(m, x->lane, both > out ? both - out : 0, out);
    if (x->has_answer) {
        asc_meter_time(&x->node->meters, m, x->lane, kind_of(x->req, x->many.reply),
                       clock_ns() - x->began_ns);
    }
}

/* Count how an attempt has failed. That a record is not there is an answer like any
 * other. */
static void
count_failure(asc_exchange *x, asc_status code)
{
    if (code == ASC_ERR_RECORD_NOT_FOUND) {
        x->has_answer = true;
        return;
    }
    asc_meter *m = meter_of(x);
    if (m != NULL) {
        asc_meter_fail(m, code);
    }
}

/* --- ending an attempt --- */

/* Let go of the connection and of the node of this attempt. */
static void
release(asc_exchange *x, asc_conn_fate fate, uint64_t now_ms)
{
    if (x->meter != NULL) {
        count_attempt(x);
    }
    if (x->driver != NULL) {
        x->driver->let_go(x, fate);
    }
    if (x->conn != NULL) {
        const asc_transfer *io = &x->io;
        if (fate == ASC_CONN_KEEP) {
            asc_pool_put(&x->node->pool, x->conn, now_ms);
        }
        else if (fate == ASC_CONN_DRAIN && is_worth_draining(x)) {
            const asc_drain_rest rest = {
                .frame = io->in->data != NULL ? io->in->data + io->at : NULL,
                .size = io->in->len - io->at,
                .missing = asc_transfer_missing(io),
                .many = io->many,
            };
            asc_drain_add(asc_cluster_drain(x->cluster), x->node, x->conn, &rest,
                          now_ms + x->req->timing.timeout_delay_ms);
        }
        else {
            asc_pool_drop(&x->node->pool, x->conn);
        }
    }
    x->conn = NULL;
    if (x->kept == NULL) {
        asc_node_release(x->node);
    }
    x->node = NULL;
}

/* There is more to do at once, but the time may be up. */
static asc_want
look_at_clock(asc_exchange *x, uint64_t now_ms)
{
    x->wake_ms = now_ms;
    return ASC_WANT_CLOCK;
}

/* End the exchange; the driver hears how. */
static asc_want
end(asc_exchange *x, asc_want how)
{
    x->state = ASC_EXCHANGE_ENDED;
    return how;
}

/* The reply is there, and the connection is free again. */
static asc_want
succeed(asc_exchange *x, uint64_t now_ms)
{
    x->has_answer = true;
    x->n_attempts++;
    memcpy(x->last, x->node->name, sizeof x->last);
    release(x, ASC_CONN_KEEP, now_ms);
    return end(x, ASC_WANT_DONE);
}

/* The attempt has failed, and err says how: begin another one, or end. An exchange
 * whose owner chooses the nodes (many.moves) ends in any case, and says whether and
 * from when on the owner may repeat it. */
static asc_want
decide(asc_exchange *x, asc_failure failure, uint64_t now_ms)
{
    const asc_timing *t = &x->req->timing;
    asc_error *err = x->err;
    x->io.garbled = failure == ASC_FAIL_GARBLED;
    if (x->node != NULL) {
        snprintf(err->host, sizeof err->host, "%s", x->node->pool.addr.text);
        memcpy(x->last, x->node->name, sizeof x->last);
        count_failure(x, err->code);
    }
    x->n_sent += x->conn != NULL && x->io.sent > 0;
    x->n_attempts++;
    /* The first repetition on another copy starts at once. */
    uint64_t pause = x->n_attempts == 1 && x->req->replica != ASC_REPLICA_MASTER
                         ? 0
                         : t->sleep_between_retries_ms;
    const asc_attempt attempt = {
        .failure = failure,
        .code = err->code,
        .n_attempts = x->n_attempts,
        .n_sent = x->n_sent,
        .time_left = now_ms + pause < x->deadline_ms,
    };
    asc_verdict v = asc_decide(x->req, &attempt);
    if (v.count_error && x->node != NULL && !x->counted) {
        asc_node_count_error(x->node);
    }
    x->counted = false;
    release(x, v.conn, now_ms);
    if (v.count_error || v.conn == ASC_CONN_DRAIN) {
        asc_cluster_rouse(x->cluster);
    }
    err->in_doubt = v.in_doubt;
    err->attempts = x->n_attempts;
    err->elapsed_ms = (uint32_t)(now_ms - x->begin_ms);
    x->many.again = v.again;
    if (!v.again) {
        return end(x, ASC_WANT_FAILED);
    }
    asc_cluster_count_retry(x->cluster);
    x->replica += v.next_replica;
    x->wake_ms = now_ms + pause;
    if (x->many.moves) {
        return end(x, ASC_WANT_FAILED);
    }
    x->state = ASC_EXCHANGE_PAUSE;
    return ASC_WANT_TIME;
}

/* --- PICK --- */

/* Session consistency needs the master only where the namespace is strongly consistent;
 * elsewhere every copy may be asked. A write begins with the master, whatever its rack,
 * and so does a linearized read. */
asc_choice
asc_choice_of(const asc_request *req, const asc_ns_map *map)
{
    return (asc_choice){
        .master_only =
            req->replica == ASC_REPLICA_MASTER || (map->is_sc && req->sc_session),
        .by_rack =
            req->replica == ASC_REPLICA_PREFER_RACK && !req->writes && !req->linearize,
        .last = "",
    };
}

/* With ASC_REPLICA_ANY a write or a linearized read still begins with the master, which
 * has to take part in it anyway. */
unsigned
asc_first_replica(const asc_request *req, asc_cluster *cluster)
{
    bool in_turns =
        req->replica == ASC_REPLICA_RANDOM ||
        (req->replica == ASC_REPLICA_ANY && !req->writes && !req->linearize);
    return in_turns ? asc_cluster_turn(cluster) : 0;
}

/* Use a node for this attempt, which is counted unless the owner of the exchange keeps
 * it. Returns a node that is kept no longer, to be released; NULL: there is none. */
static inline asc_node *
use_node(asc_exchange *x, asc_node *node)
{
    asc_node **kept = x->kept, *before;
    unsigned i = 0;
    x->node = node;
    while (kept != NULL && i < ASC_KEPT_NODES && kept[i] != NULL) {
        if (kept[i++] == node) {
            return NULL;
        }
    }
    asc_node_retain(node);
    if (kept == NULL) {
        return NULL;
    }
    i = i < ASC_KEPT_NODES ? i : x->req->partition % ASC_KEPT_NODES; /* any of them */
    before = kept[i];
    kept[i] = node;
    return before;
}

/* Choose the node for this attempt: x->node. Returns false, with *failure and err set,
 * when there is none. The view is looked at anew for each attempt, since the last one
 * may have failed because it was old. */
static bool
pick_node(asc_exchange *x, asc_failure *failure)
{
    asc_request *req = x->req;
    const asc_snapshot *s = asc_cluster_look(x->cluster);
    const asc_ns_map *map = NULL;
    asc_node *node = NULL, *before = NULL;
    *failure = ASC_FAIL_NO_NODE;
    x->err->phase = ASC_PHASE_PARTITION_MAP;
    if (asc_cluster_is_closed(x->cluster)) {
        *failure = ASC_FAIL_FATAL;
        asc_error_set(x->err, ASC_ERR_CLUSTER, "the client is closed");
    }
    else if (req->node_name != NULL && req->node_name[0] != '\0') {
        node = asc_snapshot_node(s, req->node_name);
    }
    else if ((map = asc_snapshot_map(s, req->ns)) == NULL) {
        *failure = ASC_FAIL_FATAL;
        asc_snapshot_lacks(s, req->ns, x->err);
    }
    else if (req->node_name == NULL) {
        /* An empty name says that the owner has routed it and found no node. */
        asc_choice choice = asc_choice_of(req, map);
        choice.first = x->replica;
        choice.last = x->last;
        node = asc_snapshot_owner(s, map, req->partition, &choice);
    }
    if (node != NULL) {
        before = use_node(x, node);
        if (asc_meters_are_on(&node->meters)) {
            begin_to_measure(x, map);
        }
    }
    else if (x->err->code == ASC_OK && s->n_nodes == 0) {
        asc_snapshot_no_node(s, x->err);
    }
    else if (x->err->code == ASC_OK && req->node_name != NULL &&
             req->node_name[0] != '\0') {
        asc_error_set(x->err, ASC_ERR_INVALID_NODE, "node %s is not there",
                      req->node_name);
    }
    else if (x->err->code == ASC_OK) {
        asc_error_set(x->err, ASC_ERR_INVALID_NODE,
                      "no active node for partition %u of namespace %s", req->partition,
                      req->ns);
    }
    asc_cluster_look_away(x->cluster);
    asc_node_release(before); /* it may be the last count: that takes a while */
    return node != NULL;
}

/* How long a node may take to accept a connection; 0: no longer than the whole call. */
static uint32_t
connect_limit(const asc_timing *t)
{
    if (t->connect_timeout_ms != 0) {
        return t->connect_timeout_ms;
    }
    bool has_limit = t->socket_timeout_ms != 0 || t->total_timeout_ms != 0;
    return has_limit ? t->socket_timeout_ms : CONNECT_TIMEOUT_MS;
}

/* How long the node of an attempt may be silent. */
static uint32_t
silence_limit(const asc_exchange *x)
{
    const asc_timing *t = &x->req->timing;
    return x->conn->ready ? t->socket_timeout_ms : connect_limit(t);
}

/* When silence that begins now ends the attempt. */
static uint64_t
silence_ends(const asc_exchange *x, uint64_t now_ms)
{
    return asc_deadline(now_ms, silence_limit(x));
}

/* Which failure it is that the pool gave no connection. */
static asc_failure
failure_of_pool(asc_status code)
{
    switch (code) {
    case ASC_ERR_NOMEM:
        return ASC_FAIL_FATAL;
    case ASC_ERR_NO_CONNECTIONS:
        return ASC_FAIL_POOL;
    default:
        return ASC_FAIL_CONNECT;
    }
}

/* --- logins --- */

/* Look again soon whether somebody has logged in; the node is chosen anew then. The
 * error that is set holds when the call's time is up before. */
static asc_want
pause_for_login(asc_exchange *x, uint64_t now_ms)
{
    x->err->phase = ASC_PHASE_LOGIN;
    x->err->attempts = x->n_attempts;
    snprintf(x->err->host, sizeof x->err->host, "%s", x->node->pool.addr.text);
    asc_error_set(x->err, ASC_ERR_TIMEOUT,
                  "the node has forgotten the session of the user, and a new login has "
                  "taken too long (total_timeout %u ms)",
                  x->req->timing.total_timeout_ms);
    if (x->login_ms == 0) {
        x->login_ms = now_ms + LOGIN_TIMEOUT_MS;
    }
    x->wake_ms = asc_earlier(now_ms + LOGIN_LOOK_MS, x->deadline_ms);
    x->state = ASC_EXCHANGE_PAUSE;
    release(x, ASC_CONN_CLOSE, now_ms);
    return ASC_WANT_TIME;
}

/* The node has refused the session of this connection, and so has done nothing for this
 * request: have the tend thread log in again, and wait for that. It is no attempt, as
 * far as anybody counts them. Returns false when no login can help: the client has no
 * user, or it has waited long enough. */
static bool
begin_login(asc_exchange *x, uint64_t now_ms)
{
    if (x->conn->session == NULL || (x->login_ms != 0 && now_ms >= x->login_ms)) {
        return false;
    }
    if (asc_pool_lock_out(&x->node->pool, x->conn)) {
        asc_cluster_hurry(x->cluster);
    }
    pause_for_login(x, now_ms);
    return true;
}

/* The node lets nobody in before the tend thread has logged in again. */
static asc_want
await_login(asc_exchange *x, uint64_t now_ms)
{
    asc_status code = atomic_load(&x->node->pool.login_code);
    x->err->phase = ASC_PHASE_LOGIN;
    if (code != ASC_OK) {
        asc_error_set_result(x->err, code);
        asc_error_append(x->err, "; the node refuses to renew the session");
        return decide(x, ASC_FAIL_SESSION, now_ms);
    }
    asc_want want = pause_for_login(x, now_ms);
    return now_ms < x->login_ms ? want : decide(x, ASC_FAIL_CONNECT, now_ms);
}

/* --- connections --- */

static asc_want transfer(asc_exchange *x, uint64_t now_ms);

static void
forget_places(asc_exchange *x)
{
    if (x->many.places != NULL) {
        x->many.places->len = 0;
    }
}

/* Begin to send the request, and to receive its reply anew. */
static void
begin_transfer(asc_exchange *x)
{
    forget_places(x);
    asc_transfer_begin(&x->io, x->conn, x->req->out.data, x->req->out.len, &x->req->in);
}

/* Send what can be sent at once over the connection that was lent. Small commands come
 * by here, and save the call. */
static inline __attribute__((always_inline)) asc_want
start(asc_exchange *x, uint64_t now_ms)
{
    begin_transfer(x);
    x->io.many = x->many.reply != ASC_REPLY_FRAME;
    x->progress = 0;
    x->idle_ms = silence_ends(x, now_ms);
    x->state = ASC_EXCHANGE_TRANSFER;
    return transfer(x, now_ms);
}

/* The driver brings the reply, and is asked when it has last heard of the node. */
static __attribute__((noinline)) asc_want
wait_on_line(asc_exchange *x, uint64_t now_ms)
{
    begin_transfer(x);
    asc_exchange_heard(x, now_ms);
    return ASC_WANT_LINE;
}

/* Begin with the connection that was lent. */
static inline asc_want
use_conn(asc_exchange *x, uint64_t now_ms)
{
    return x->state == ASC_EXCHANGE_LINE ? wait_on_line(x, now_ms) : start(x, now_ms);
}

/* A waiter is about to go, with its descriptor. */
static void
forget_waiter(asc_exchange *x)
{
    if (x->driver != NULL) {
        x->driver->let_go(x, ASC_CONN_NONE);
    }
}

/* Every connection is in use, which err tells already: wait for one, if calls may wait
 * and this one has not yet done so for long enough. */
static __attribute__((noinline)) asc_want
line_up(asc_exchange *x, uint64_t now_ms)
{
    asc_pool *pool = &x->node->pool;
    if (x->pool_ms == 0) {
        x->pool_ms = now_ms + pool->timeout_ms;
    }
    x->waiter = now_ms < x->pool_ms ? asc_pool_line_up(pool) : NULL;
    if (x->waiter == NULL) {
        return decide(x, ASC_FAIL_POOL, now_ms);
    }
    x->state = ASC_EXCHANGE_QUEUE;
    x->wake_ms = asc_earlier(x->pool_ms, x->deadline_ms);
    return asc_exchange_step(x, now_ms);
}

/* The time for waiting is up. */
static asc_want
give_up_waiting(asc_exchange *x, uint64_t now_ms)
{
    asc_pool *pool = &x->node->pool;
    bool is_total = x->deadline_ms <= x->pool_ms;
    forget_waiter(x);
    asc_pool_leave(pool, x->waiter);
    asc_error_set(x->err, ASC_ERR_NO_CONNECTIONS,
                  "all %u connections to the node are in use, and none came free "
                  "within %s, %u ms: raise max_conns_per_node, or %s",
                  pool->max, is_total ? "total_timeout" : "pool_timeout",
                  is_total ? x->req->timing.total_timeout_ms : pool->timeout_ms,
                  is_total ? "the call's total_timeout" : "pool_timeout");
    return decide(x, ASC_FAIL_POOL, now_ms);
}

/* Go on when it is the exchange's turn. A node that has been removed meanwhile calls as
 * well, and another one is chosen. */
static __attribute__((noinline)) asc_want
wait_in_queue(asc_exchange *x, uint64_t now_ms)
{
    asc_pool *pool = &x->node->pool;
    if (!asc_pool_has_called(pool, x->waiter)) {
        return now_ms < x->wake_ms ? ASC_WANT_TURN : give_up_waiting(x, now_ms);
    }
    asc_error_reset(x->err);
    x->err->phase = ASC_PHASE_CONNECT;
    forget_waiter(x);
    asc_status rc = asc_pool_take(pool, x->waiter, &x->conn, x->err);
    if (rc == ASC_ERR_NO_CONNECTIONS) {
        x->state = ASC_EXCHANGE_PICK;
        release(x, ASC_CONN_NONE, now_ms);
        return asc_exchange_step(x, now_ms);
    }
    if (rc == ASC_OK && x->driver != NULL) {
        rc = x->driver->lend(x, now_ms);
    }
    return rc == ASC_OK ? use_conn(x, now_ms) : decide(x, failure_of_pool(rc), now_ms);
}

/* Compress the next slice of the request; behind the last one, begin the first
 * attempt. */
static asc_want
compress_slice(asc_exchange *x, uint64_t now_ms)
{
    size_t size;
    asc_status rc = ASC_ERR_TIMEOUT;
    x->err->phase = ASC_PHASE_COMMAND;
    if (now_ms < x->deadline_ms) {
        rc = asc_zip_step(x->zip, &size, x->err);
    }
    if (rc == ASC_INTERRUPTED) {
        return look_at_clock(x, now_ms);
    }
    asc_zip_free(x->zip);
    x->state = ASC_EXCHANGE_PICK;
    if (rc == ASC_ERR_TIMEOUT) {
        asc_error_set(x->err, rc,
                      "the time was up before the request was compressed "
                      "(total_timeout %u ms)",
                      x->req->timing.total_timeout_ms);
        return decide(x, ASC_FAIL_CONNECT, now_ms);
    }
    x->req->compress_above = 0;
    return asc_exchange_step(x, now_ms);
}

/* Compress the request if it is large enough, before the first attempt. It is not
 * inlined for the sake of the others. */
static __attribute__((noinline)) asc_want
compress_request(asc_exchange *x, uint64_t now_ms)
{
    asc_request *req = x->req;
    x->state = ASC_EXCHANGE_PICK;
    if (req->out.len <= req->compress_above) {
        req->compress_above = 0;
        return asc_exchange_step(x, now_ms);
    }
    x->err->phase = ASC_PHASE_COMMAND;
    x->zip = asc_zip_deflate(&req->out, x->err);
    if (x->zip == NULL) {
        return decide(x, ASC_FAIL_FATAL, now_ms);
    }
    x->state = ASC_EXCHANGE_COMPRESS;
    return compress_slice(x, now_ms);
}

/* Borrow a connection to the node. */
static inline asc_status
borrow(asc_exchange *x, uint64_t now_ms)
{
    return x->driver != NULL ? x->driver->lend(x, now_ms)
                             : asc_pool_get(&x->node->pool, &x->conn, now_ms, x->err);
}

bool
asc_exchange_make_room(asc_exchange *x)
{
    return (x->driver != NULL && x->driver->make_room(x)) ||
           asc_drain_make_room(asc_cluster_drain(x->cluster), x->node);
}

/* Begin an attempt: choose a node, borrow a connection, and send what can be sent at
 * once. */
static asc_want
pick(asc_exchange *x, uint64_t now_ms)
{
    asc_failure failure;
    asc_error_reset(x->err);
    if (x->req->compress_above != 0) {
        return compress_request(x, now_ms);
    }
    if (!pick_node(x, &failure)) {
        return decide(x, failure, now_ms);
    }
    x->err->phase = ASC_PHASE_CONNECT;
    if (!asc_node_accepts(x->node)) {
        asc_error_set(x->err, ASC_ERR_MAX_ERROR_RATE,
                      "node %s has exceeded its error rate (max_error_rate)",
                      x->node->name);
        return decide(x, ASC_FAIL_ERROR_RATE, now_ms);
    }
    if (atomic_load_explicit(&x->node->pool.locked_out, memory_order_relaxed)) {
        return await_login(x, now_ms);
    }
    asc_status rc = borrow(x, now_ms);
    /* Another command may be quicker and take the place. */
    while (rc == ASC_ERR_NO_CONNECTIONS && asc_exchange_make_room(x)) {
        asc_error_reset(x->err);
        x->err->phase = ASC_PHASE_CONNECT;
        rc = borrow(x, now_ms);
    }
    if (rc == ASC_ERR_NO_CONNECTIONS) {
        return line_up(x, now_ms);
    }
    return rc == ASC_OK ? use_conn(x, now_ms) : decide(x, failure_of_pool(rc), now_ms);
}

/* --- TRANSFER --- */

/* The server refuses the request: report its error, with the details that the reply may
 * have. What is no message has no result either, so that it leaves the request in
 * doubt. */
static asc_want
refused(asc_exchange *x, uint8_t type, asc_status result, uint64_t now_ms)
{
    const asc_buf *in = &x->req->in;
    bool is_message = type == ASC_PROTO_MESSAGE;
    asc_msg m = {0};
    if (is_message && asc_msg_open(&m, in->data + ASC_PROTO_HEADER_SIZE,
                                   in->len - ASC_PROTO_HEADER_SIZE, x->err) != ASC_OK) {
        return decide(x, ASC_FAIL_GARBLED, now_ms);
    }
    asc_error_set_result(x->err, result);
    if (is_message) {
        asc_error_add_detail(x->err, &m);
    }
    return decide(x, asc_failure_of_result(result), now_ms);
}

/* The result of a reply of one frame. */
static asc_status
result_of(asc_exchange *x, uint8_t type)
{
    const asc_buf *in = &x->req->in;
    if (type == ASC_PROTO_MESSAGE) {
        return asc_frame_result(in->data);
    }
    const char *text = (const char *)in->data + ASC_PROTO_HEADER_SIZE;
    return asc_info_wants_login(text, in->len - ASC_PROTO_HEADER_SIZE, x->err)
               ? ASC_ERR_NOT_AUTHENTICATED
               : ASC_OK;
}

/* The whole reply of one frame is there: end, or decide what follows from its result
 * code. A reply of another type than the request cannot be the answer to it. */
static asc_want
finish(asc_exchange *x, uint64_t now_ms)
{
    const asc_buf *in = &x->req->in;
    uint8_t sent = asc_frame_type(x->req->out.data);
    uint8_t type = sent == ASC_PROTO_COMPRESSED ? ASC_PROTO_MESSAGE : sent;
    x->err->phase = ASC_PHASE_COMMAND;
    if (asc_frame_type(in->data) != type ||
        (type == ASC_PROTO_MESSAGE && in->len < ASC_FRAME_MIN_MESSAGE)) {
        asc_error_set(x->err, ASC_ERR_CLIENT, "malformed reply");
        return decide(x, ASC_FAIL_GARBLED, now_ms);
    }
    asc_status result = result_of(x, type);
    if (result == ASC_ERR_NOT_AUTHENTICATED && begin_login(x, now_ms)) {
        return ASC_WANT_TIME;
    }
    return result == ASC_OK ? succeed(x, now_ms) : refused(x, type, result, now_ms);
}

/* Which failure it is that bytes cannot be moved any more. */
static asc_failure
failure_of_transfer(const asc_exchange *x)
{
    if (x->err->code == ASC_ERR_NOMEM) {
        return ASC_FAIL_FATAL;
    }
    if (x->io.garbled) {
        return ASC_FAIL_GARBLED;
    }
    if (!x->conn->ready) {
        return ASC_FAIL_CONNECT;
    }
    return x->io.sent == 0 ? ASC_FAIL_UNSENT : ASC_FAIL_BROKEN;
}

/* The connection has failed, in whichever state it was. */
static asc_want
broken(asc_exchange *x, uint64_t now_ms)
{
    x->err->phase = asc_conn_phase(x->conn, ASC_PHASE_COMMAND);
    if (x->err->phase == ASC_PHASE_LOGIN && x->err->is_result &&
        begin_login(x, now_ms)) {
        return ASC_WANT_TIME;
    }
    return decide(x, failure_of_transfer(x), now_ms);
}

/* What has not come in time. */
static const char *
what_is_late(const asc_exchange *x)
{
    if (!x->conn->ready) {
        return asc_conn_omission(asc_conn_phase(x->conn, ASC_PHASE_COMMAND));
    }
    bool has_begun = x->io.progress > x->io.sent; /* bytes of both directions */
    return has_begun ? "no whole reply" : "no reply";
}

/* The time of this attempt, or of the whole call, is up. When the request has left, its
 * reply may still come, and the drain may save the connection. */
static asc_want
timed_out(asc_exchange *x, uint64_t now_ms)
{
    x->err->phase = asc_conn_phase(x->conn, ASC_PHASE_COMMAND);
    const asc_timing *timing = &x->req->timing;
    bool is_total = now_ms >= x->deadline_ms;
    asc_error_set(x->err, ASC_ERR_TIMEOUT,
                  "%s within %s, %u ms; %s (total_timeout %u ms, socket_timeout %u ms)",
                  what_is_late(x), is_total ? "total_timeout" : "socket_timeout",
                  is_total ? timing->total_timeout_ms : silence_limit(x),
                  x->io.sent > 0 ? "the request was sent" : "nothing was sent",
                  timing->total_timeout_ms, timing->socket_timeout_ms);
    asc_want want =
        decide(x, x->io.sent > 0 ? ASC_FAIL_SILENCE : ASC_FAIL_CONNECT, now_ms);
    asc_transfer_end(&x->io); /* only now: release() looks at its state */
    return want;
}

/* --- replies of many messages --- */

/* Does the reply end with this message? *result is then its result code. */
static bool
ends_reply(const asc_exchange *x, const asc_msg *m, asc_status *result)
{
    *result = m->result;
    if (m->info3 & ASC_INFO3_LAST) {
        return true;
    }
    if (x->many.reply == ASC_REPLY_ROWS) {
        /* The result of a message is that of its row, but one code is about the
         * session and ends the reply, and one refuses compressed requests: who takes
         * them has no row that needs the Enterprise Edition. */
        return m->result == ASC_ERR_NOT_AUTHENTICATED ||
               (m->result == ASC_ERR_ENTERPRISE_ONLY &&
                asc_frame_type(x->req->out.data) == ASC_PROTO_COMPRESSED);
    }
    if (m->info3 & ASC_INFO3_PARTITION_DONE) {
        return false;
    }
    /* A node says "not found" in the first message when there is no such set: its reply
     * is complete, without records. */
    if (m->result == ASC_ERR_RECORD_NOT_FOUND && !x->many.begun) {
        *result = ASC_OK;
        return true;
    }
    return m->result != ASC_OK; /* a query that could not start */
}

/* Must the owner hear of the message? It hears of rows and partitions, and of the last
 * message. */
static bool
is_noted(const asc_exchange *x, const asc_msg *m, bool ended)
{
    return x->many.note != NULL && ((m->info3 & ASC_INFO3_LAST) ||
                                    (x->many.reply == ASC_REPLY_ROWS && !ended) ||
                                    (x->many.reply == ASC_REPLY_RECORDS &&
                                     (m->info3 & ASC_INFO3_PARTITION_DONE)));
}

/* Note where the message lies that was opened last. False when memory is short. */
static bool
note_place(asc_exchange *x, const asc_frames *frames)
{
    const asc_msg_place place = {
        .at = (size_t)(frames->message - x->io.in->data),
        .size = (size_t)(frames->at - frames->message),
    };
    if (x->many.places == NULL || asc_buf_put(x->many.places, &place, sizeof place)) {
        return true;
    }
    asc_error_set(x->err, ASC_ERR_NOMEM, "reply of many messages");
    return false;
}

/* Look at the messages of the frame that has come. Returns the failure that they tell
 * of, or ASC_FAIL_COUNT for none; *ended says whether the reply ends here. *good_size
 * becomes how many bytes of the frame were noted and may still be used when the reply
 * turns out to be broken behind them. */
static asc_failure
read_messages(asc_exchange *x, bool *ended, size_t *good_size)
{
    const asc_transfer *io = &x->io;
    const uint8_t *frame = io->in->data + io->at;
    asc_failure failure = ASC_FAIL_COUNT;
    asc_frames frames;
    asc_msg m;
    *ended = false;
    asc_frames_begin(&frames, frame, io->frame_size);
    while (!*ended && asc_frames_next(&frames, &m, x->err)) {
        asc_status result;
        *ended = ends_reply(x, &m, &result);
        if (is_noted(x, &m, *ended) && !x->many.note(x->many.owner, &m, x->err)) {
            return ASC_FAIL_GARBLED;
        }
        if (*ended && result != ASC_OK) {
            asc_error_set_result(x->err, result);
            asc_error_add_detail(x->err, &m);
            bool is_cut = x->many.begun && !(m.info3 & ASC_INFO3_LAST);
            if (is_cut && result == ASC_ERR_RECORD_NOT_FOUND) {
                asc_error_set(x->err, ASC_ERR_CLIENT,
                              "malformed reply: \"not found\" follows what was found");
                return ASC_FAIL_GARBLED;
            }
            failure = is_cut ? ASC_FAIL_SESSION : asc_failure_of_result(result);
            /* what refuses a compressed batch is the answer of its first row as well */
            if (x->many.reply == ASC_REPLY_ROWS && !(m.info3 & ASC_INFO3_LAST) &&
                !note_place(x, &frames)) {
                return ASC_FAIL_GARBLED;
            }
        }
        else if (!*ended && !note_place(x, &frames)) {
            return ASC_FAIL_GARBLED;
        }
        else if (!*ended) {
            *good_size = (size_t)(frames.at - frame);
            x->many.begun = true;
        }
    }
    if (!*ended) {
        return x->err->code == ASC_OK ? ASC_FAIL_COUNT : ASC_FAIL_GARBLED;
    }
    if (frames.at != frames.end || io->at + io->frame_size != io->in->len) {
        asc_error_set(x->err, ASC_ERR_CLIENT, "bytes follow the end of the reply");
        return ASC_FAIL_GARBLED;
    }
    return failure;
}

/* The frame ends the connection. Only its first size bytes are shown to the taker, so
 * that all messages that it sees have been noted. */
static void
cut_frame(asc_exchange *x, size_t size)
{
    asc_transfer *io = &x->io;
    if (size > 0) {
        asc_frame_cut(io->in->data + io->at, size);
        io->frame_size = size;
        asc_transfer_next(io);
    }
}

/* --- replies of blocks --- */

/* A longer reply is refused: the largest lists of users and roles stay far below. */
#define MAX_BLOCKS (64u << 20)

/* Look at the blocks of the frame that has come. Returns the failure that they tell of,
 * or ASC_FAIL_COUNT for none; *ended says whether the reply ends here. */
static asc_failure
read_blocks(asc_exchange *x, bool *ended)
{
    const asc_transfer *io = &x->io;
    const uint8_t *frame = io->in->data + io->at;
    asc_admin_blocks blocks;
    asc_admin_block b = {0};
    bool is_query = asc_admin_is_query(x->req->out.data);
    *ended = false;
    asc_admin_blocks_begin(&blocks, frame, io->frame_size);
    while (!*ended && asc_admin_blocks_next(&blocks, &b, x->err)) {
        *ended = b.result != ASC_OK || !is_query;
    }
    if (x->err->code == ASC_OK && *ended &&
        (blocks.at != blocks.end || io->at + io->frame_size != io->in->len)) {
        asc_error_set(x->err, ASC_ERR_CLIENT, "bytes follow the end of the reply");
    }
    else if (x->err->code == ASC_OK && io->in->len > MAX_BLOCKS) {
        asc_error_set(x->err, ASC_ERR_CLIENT,
                      "reply of more than %u bytes is too large", MAX_BLOCKS);
    }
    if (x->err->code != ASC_OK) {
        return ASC_FAIL_GARBLED;
    }
    if (!*ended || b.result == ASC_OK || (is_query && b.result == ASC_ERR_QUERY_END)) {
        return ASC_FAIL_COUNT;
    }
    asc_error_set_result(x->err, b.result);
    return asc_failure_of_result(b.result);
}

/* One more whole frame of blocks is there. The frames before it stay in the buffer. */
static asc_want
take_blocks(asc_exchange *x, uint64_t now_ms)
{
    bool ended;
    asc_failure failure = read_blocks(x, &ended);
    if (failure == ASC_FAIL_SESSION && begin_login(x, now_ms)) {
        return ASC_WANT_TIME;
    }
    if (failure != ASC_FAIL_COUNT) {
        return decide(x, failure, now_ms);
    }
    if (ended) {
        return succeed(x, now_ms);
    }
    if (!asc_transfer_next(&x->io) && now_ms >= x->deadline_ms) {
        return timed_out(x, now_ms);
    }
    return ASC_WANT_READ;
}

/* Will the next frame, which is there, take more memory than it has now? */
static bool
grows(const asc_transfer *io)
{
    return asc_frame_type(io->in->data + io->at) == ASC_PROTO_COMPRESSED;
}

/* One more whole frame is there. ASC_WANT_READ says: go on to the next. The function is
 * not inlined for the sake of small commands, which come by the same way and would have
 * to save more registers. */
static __attribute__((noinline)) asc_want
take_frame(asc_exchange *x, uint64_t now_ms)
{
    bool ended, begun = x->many.begun;
    size_t good_size = 0;
    x->err->phase = ASC_PHASE_COMMAND;
    if (x->many.reply == ASC_REPLY_BLOCKS) {
        return take_blocks(x, now_ms);
    }
    asc_failure failure = read_messages(x, &ended, &good_size);
    if (failure == ASC_FAIL_SESSION && !begun &&
        x->err->code == ASC_ERR_NOT_AUTHENTICATED && begin_login(x, now_ms)) {
        x->many.begun = false;
        return ASC_WANT_TIME;
    }
    if (failure == ASC_FAIL_GARBLED || failure == ASC_FAIL_SESSION) {
        cut_frame(x, good_size);
        return decide(x, failure, now_ms);
    }
    bool next_is_there = asc_transfer_next(&x->io);
    if (failure != ASC_FAIL_COUNT) {
        return decide(x, failure, now_ms);
    }
    if (ended) {
        return succeed(x, now_ms);
    }
    if (!next_is_there && now_ms >= x->deadline_ms) {
        return timed_out(x, now_ms);
    }
    if (x->io.at >= x->many.gather && (!next_is_there || grows(&x->io))) {
        x->state = ASC_EXCHANGE_FRAMES;
        return ASC_WANT_TAKER;
    }
    return ASC_WANT_READ;
}

/* Move bytes, and look at what has come. Silence is measured from the last byte that
 * moved, in either direction. */
static asc_want
transfer(asc_exchange *x, uint64_t now_ms)
{
    asc_phase before = asc_conn_phase(x->conn, ASC_PHASE_COMMAND);
    asc_io io = x->wait_failed ? ASC_IO_ERROR : asc_transfer_step(&x->io, x->err);
    x->wait_failed = false;
    if (io == ASC_IO_OK && !x->io.many) {
        return finish(x, now_ms);
    }
    while (io == ASC_IO_OK) {
        asc_want want = take_frame(x, now_ms);
        if (want != ASC_WANT_READ) {
            return want;
        }
        io = asc_transfer_step(&x->io, x->err);
    }
    if (io == ASC_IO_ERROR) {
        return broken(x, now_ms);
    }
    if (x->io.progress != x->progress ||
        asc_conn_phase(x->conn, ASC_PHASE_COMMAND) != before) {
        x->progress = x->io.progress;
        x->idle_ms = silence_ends(x, now_ms);
        if (x->conn->ready && before != ASC_PHASE_COMMAND) {
            asc_exchange_connected(x);
        }
    }
    x->wake_ms = asc_earlier(x->idle_ms, x->deadline_ms);
    if (now_ms >= x->wake_ms) {
        return timed_out(x, now_ms);
    }
    if (io == ASC_IO_WANT_READ) {
        return ASC_WANT_READ;
    }
    return io == ASC_IO_WANT_WRITE ? ASC_WANT_WRITE : look_at_clock(x, now_ms);
}

/* --- what drivers call --- */

/* The fields are set one by one: clearing the whole struct first would show in the time
 * of a small command. */
void
asc_exchange_begin(asc_exchange *x, asc_cluster *cluster, asc_request *req,
                   asc_error *err, uint64_t now_ms)
{
    x->node = NULL;
    x->conn = NULL;
    x->n_attempts = x->n_sent = 0;
    x->last[0] = '\0';
    x->wait_failed = x->counted = false;
    x->kept = NULL;
    x->driver = NULL;
    x->meter = NULL;
    x->idle_ms = x->progress = x->wake_ms = x->login_ms = x->pool_ms = 0;
    x->many = (asc_exchange_many){0};
    x->req = req;
    x->cluster = cluster;
    x->err = err;
    x->state = ASC_EXCHANGE_PICK;
    x->begin_ms = now_ms;
    x->deadline_ms = asc_deadline(now_ms, req->timing.total_timeout_ms);
    x->replica = asc_first_replica(req, cluster);
}

/* A step in a state that waits for somebody else, or after the end, changes nothing. */
asc_want
asc_exchange_step(asc_exchange *x, uint64_t now_ms)
{
    switch (x->state) {
    case ASC_EXCHANGE_PAUSE:
        if (now_ms < x->wake_ms) {
            return ASC_WANT_TIME;
        }
        if (now_ms >= x->deadline_ms) {
            /* The driver woke too late, and err still tells the last failure. */
            x->err->elapsed_ms = (uint32_t)(now_ms - x->begin_ms);
            return end(x, ASC_WANT_FAILED);
        }
        x->state = ASC_EXCHANGE_PICK;
        return pick(x, now_ms);
    case ASC_EXCHANGE_PICK:
        return pick(x, now_ms);
    case ASC_EXCHANGE_COMPRESS:
        return compress_slice(x, now_ms);
    case ASC_EXCHANGE_QUEUE:
        return wait_in_queue(x, now_ms);
    case ASC_EXCHANGE_TRANSFER:
        return transfer(x, now_ms);
    case ASC_EXCHANGE_LINE:
        return now_ms < x->wake_ms ? ASC_WANT_LINE : timed_out(x, now_ms);
    default:
        return ASC_WANT_FAILED;
    }
}

struct pollfd
asc_exchange_poll(const asc_exchange *x, asc_want want)
{
    switch (want) {
    case ASC_WANT_READ:
        return (struct pollfd){.fd = x->conn->fd, .events = POLLIN};
    case ASC_WANT_WRITE:
        return (struct pollfd){.fd = x->conn->fd, .events = POLLOUT};
    case ASC_WANT_TURN:
        return (struct pollfd){.fd = x->waiter->fds[0], .events = POLLIN};
    default:
        return (struct pollfd){.fd = -1};
    }
}

/* A failure while waiting is kept for the next step, which alone decides what
 * follows. */
bool
asc_exchange_wait(asc_exchange *x, asc_want want, uint64_t until_ms, uint64_t now_ms)
{
    int timeout_ms = asc_poll_timeout(asc_earlier(x->wake_ms, until_ms), now_ms);
    if (want == ASC_WANT_CLOCK) {
        return true;
    }
    if (want == ASC_WANT_TIME || want == ASC_WANT_TURN) {
        struct pollfd watched = asc_exchange_poll(x, want);
        return timeout_ms == 0 || poll(&watched, 1, timeout_ms) >= 0 || errno != EINTR;
    }
    asc_io io = asc_transfer_wait(
        &x->io, want == ASC_WANT_READ ? ASC_IO_WANT_READ : ASC_IO_WANT_WRITE,
        timeout_ms, x->err);
    x->wait_failed = io == ASC_IO_ERROR;
    return io != ASC_IO_INTERRUPTED;
}

asc_want
asc_exchange_answer(asc_exchange *x, uint64_t now_ms)
{
    return finish(x, now_ms);
}

asc_want
asc_exchange_lose(asc_exchange *x, uint64_t now_ms)
{
    return broken(x, now_ms);
}

void
asc_exchange_heard(asc_exchange *x, uint64_t moved_ms)
{
    x->idle_ms = silence_ends(x, moved_ms);
    x->wake_ms = asc_earlier(x->idle_ms, x->deadline_ms);
}

void
asc_exchange_connected(asc_exchange *x)
{
    if (x->meter != NULL) {
        count_connection(x);
    }
}

void
asc_exchange_again(asc_exchange *x)
{
    if (x->state == ASC_EXCHANGE_QUEUE) {
        forget_waiter(x);
        asc_pool_leave(&x->node->pool, x->waiter);
    }
    release(x, ASC_CONN_NONE, 0);
    x->state = ASC_EXCHANGE_PICK;
}

asc_want
asc_exchange_expire(asc_exchange *x, uint64_t now_ms)
{
    x->err->phase = ASC_PHASE_COMMAND;
    asc_error_set(x->err, ASC_ERR_TIMEOUT,
                  "the time was up before the request was sent (total_timeout %u ms)",
                  x->req->timing.total_timeout_ms);
    return decide(x, ASC_FAIL_CONNECT, now_ms);
}

/* The value is true as well when an earlier attempt has left. */
bool
asc_exchange_in_doubt(const asc_exchange *x)
{
    bool has_left = x->conn != NULL && x->io.sent > 0;
    return x->req->writes && (x->n_sent > 0 || has_left);
}

void
asc_exchange_resume(asc_exchange *x, uint64_t now_ms)
{
    if (x->state == ASC_EXCHANGE_FRAMES) {
        asc_transfer_drop(&x->io);
        forget_places(x);
        x->progress = x->io.progress;
        x->idle_ms = silence_ends(x, now_ms);
        x->wake_ms = asc_earlier(x->idle_ms, x->deadline_ms);
        x->state = ASC_EXCHANGE_TRANSFER;
    }
}

/* The deadline of the call is not moved, only the limit on silence. An exchange that
 * has more to do at once does not wait for that limit, and stays due. */
void
asc_exchange_forgive(asc_exchange *x, uint64_t ms)
{
    bool is_waiting = x->wake_ms == asc_earlier(x->idle_ms, x->deadline_ms);
    if (x->state == ASC_EXCHANGE_TRANSFER && x->idle_ms != ASC_FOREVER) {
        x->idle_ms += ms;
        if (is_waiting) {
            x->wake_ms = asc_earlier(x->idle_ms, x->deadline_ms);
        }
    }
}

/* End what is being compressed or inflated. */
static void
give_up_work(asc_exchange *x)
{
    if (x->state == ASC_EXCHANGE_COMPRESS) {
        asc_zip_free(x->zip);
    }
    else if (x->state == ASC_EXCHANGE_TRANSFER) {
        asc_transfer_end(&x->io);
    }
}

void
asc_exchange_orphan(asc_exchange *x)
{
    if (x->state == ASC_EXCHANGE_QUEUE) {
        forget_waiter(x);
        asc_waiter_free(x->waiter);
    }
    give_up_work(x);
    x->conn = NULL;
    release(x, ASC_CONN_NONE, 0);
    x->state = ASC_EXCHANGE_IDLE;
}

/* The connection cannot be used again: half a request may have left, or half a reply
 * may have come. */
void
asc_exchange_abandon(asc_exchange *x)
{
    give_up_work(x);
    if (x->state == ASC_EXCHANGE_TRANSFER || x->state == ASC_EXCHANGE_FRAMES) {
        release(x, ASC_CONN_CLOSE, 0);
    }
    else if (x->state == ASC_EXCHANGE_LINE) {
        release(x, ASC_CONN_DRAIN, 0);
    }
    else if (x->state == ASC_EXCHANGE_QUEUE) {
        forget_waiter(x);
        asc_pool_leave(&x->node->pool, x->waiter);
        release(x, ASC_CONN_NONE, 0);
    }
    x->state = ASC_EXCHANGE_IDLE;
}
