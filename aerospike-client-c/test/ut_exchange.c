/* The exchange, fed by a transport that says what it is told to and by a clock that
 * the test moves: every cut of a reply, every deadline, every way to fail. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "cluster/discover.h"
#include "cluster/info.h"
#include "command/exchange.h"
#include "fake.h"
#include "kit.h"

/* --- one request on a cluster of two fake nodes ----------------------------------- */

static uint8_t request[40] = {2, 3, 0, 0, 0, 0, 0, 32, 22, 3};

static const uint8_t ok[46] = {
    2,  3, 0, 0,  0, 0, 0, 38,                                           /* frame */
    22, 0, 0, 0,  0, 0, 0, 0,  0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, /* header */
    0,  0, 0, 12, 1, 1, 0, 0,  0, 0, 0, 0, 0, 0, 0, 9,
};

#define OK_REPLY {.act = FAKE_GIVE, .n = sizeof ok, .bytes = ok}

/* The request is accepted; no reply comes. */
#define SILENCE                                                                        \
    {.act = FAKE_TAKE, .n = sizeof request},                                           \
    {                                                                                  \
        .act = FAKE_HANG                                                               \
    }

typedef struct rig {
    asc_cluster *cluster;
    asc_node *a, *b; /* borrowed from the cluster */
    asc_request req;
    asc_exchange x;
    asc_error err;
    uint64_t now;
    asc_want want;
    asc_node **kept; /* NULL: the exchanges keep no nodes */
} rig;

/* The clock starts at 1000; what the policy says can be changed before begin. */
static void
setup_with(rig *r, uint32_t max_conns)
{
    memset(r, 0, sizeof *r);
    fake_reset();
    r->cluster = fake_cluster(max_conns);
    r->a = r->cluster->nodes[0];
    r->b = r->cluster->nodes[1];
    r->now = 1000;
    asc_error_reset(&r->err);
    CHECK(asc_buf_put(&r->req.out, request, sizeof request));
    r->req.ns = "test";
    r->req.partition = 1207;
    r->req.replica = ASC_REPLICA_SEQUENCE;
    r->req.timing = (asc_timing){.total_timeout_ms = 1000,
                                 .socket_timeout_ms = 300,
                                 .timeout_delay_ms = 3000,
                                 .max_retries = 2};
}

static void
setup(rig *r)
{
    setup_with(r, 10);
}

static void
begin(rig *r)
{
    asc_exchange_begin(&r->x, r->cluster, &r->req, &r->err, r->now);
    r->x.kept = r->kept;
}

static asc_want
step(rig *r)
{
    return r->want = asc_exchange_step(&r->x, r->now);
}

/* Step while the answer is "at once", then jump to each wake time; stops when the
 * exchange has ended. What a driver would do, were every wait a wait in vain. */
static asc_want
run(rig *r)
{
    begin(r);
    for (unsigned n = 0; n < 1000; n++) {
        step(r);
        if (r->want == ASC_WANT_DONE || r->want == ASC_WANT_FAILED) {
            return r->want;
        }
        CHECK(r->x.wake_ms >= r->now || r->want != ASC_WANT_TIME);
        if (r->want == ASC_WANT_TIME) {
            r->now = r->x.wake_ms > r->now ? r->x.wake_ms : r->now;
            continue;
        }
        fake_peer *p = r->x.conn->state;
        bool hangs = p->at >= p->n_steps || p->steps[p->at].act == FAKE_HANG;
        if (hangs && r->x.wake_ms != UINT64_MAX) {
            r->now = r->x.wake_ms;
        }
    }
    CHECK(false); /* it never ends */
    return r->want;
}

static void
teardown(rig *r)
{
    asc_exchange_abandon(&r->x);
    CHECK(r->x.conn == NULL && r->x.node == NULL);
    asc_buf_clear(&r->req.out);
    asc_buf_clear(&r->req.in);
    asc_cluster_release(r->cluster);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
}

/* Nothing of the pools is lent. */
static void
check_returned(const rig *r, uint32_t idle_a, uint32_t idle_b)
{
    CHECK_EQ_INT(r->a->pool.n_open, idle_a);
    CHECK_EQ_INT(asc_pool_n_idle(&r->a->pool), idle_a);
    CHECK_EQ_INT(r->b->pool.n_open, idle_b);
    CHECK_EQ_INT(asc_pool_n_idle(&r->b->pool), idle_b);
}

static void
check_reply(const rig *r)
{
    CHECK_EQ_INT(r->want, ASC_WANT_DONE);
    CHECK_EQ_INT(r->req.in.len, sizeof ok);
    CHECK(r->req.in.len == sizeof ok && memcmp(r->req.in.data, ok, sizeof ok) == 0);
}

/* The result code in a reply without operations. */
static const uint8_t *
result(unsigned code)
{
    static uint8_t reply[30] = {2, 3, 0, 0, 0, 0, 0, 22, 22};
    reply[13] = (uint8_t)code;
    return reply;
}

/* --- success ---------------------------------------------------------------------- */

static void
test_get(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT(OK_REPLY);
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ); /* connected and sent in one go */
    CHECK_EQ_INT(r.x.wake_ms, 1300);       /* the socket timeout comes first */
    CHECK_EQ_INT(fake.peers[0].n_taken, sizeof request);
    CHECK(memcmp(fake.peers[0].taken, request, sizeof request) == 0);
    CHECK_EQ_INT(fake.ports[0], 3001);
    step(&r);
    check_reply(&r);
    check_returned(&r, 1, 0);
    CHECK_EQ_INT(step(&r), ASC_WANT_FAILED); /* it has ended */
    teardown(&r);
}

static void
test_connection_is_used_again(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT(OK_REPLY, OK_REPLY, OK_REPLY);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
        check_reply(&r);
    }
    CHECK_EQ_INT(fake.n_opened, 1);
    check_returned(&r, 1, 0);
    teardown(&r);
}

static void
test_no_allocation_on_a_warm_way(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT(OK_REPLY, OK_REPLY);
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    asc_alloc_fail_after(1);
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    asc_alloc_fail_after(0);
    check_reply(&r);
    teardown(&r);
}

static void
test_every_cut_of_the_reply(void)
{
    for (size_t cut = 1; cut < sizeof ok; cut++) {
        rig r;
        setup(&r);
        kit_note("cut at %zu", cut);
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = cut, .bytes = ok}, {.act = FAKE_WAIT},
                    {.act = FAKE_GIVE, .n = sizeof ok - cut, .bytes = ok + cut});
        CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
        check_reply(&r);
        check_returned(&r, 1, 0);
        teardown(&r);
    }
}

static void
test_reply_byte_by_byte(void)
{
    rig r;
    fake_step steps[2 * sizeof ok];
    setup(&r);
    for (size_t i = 0; i < sizeof ok; i++) {
        steps[2 * i] = (fake_step){.act = FAKE_GIVE, .n = 1, .bytes = ok + i};
        steps[2 * i + 1] = (fake_step){.act = FAKE_WAIT};
    }
    fake_script(steps, 2 * sizeof ok);
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    check_reply(&r);
    teardown(&r);
}

static void
test_request_in_pieces(void)
{
    for (size_t piece = 1; piece <= sizeof request; piece++) {
        rig r;
        fake_step steps[2 * sizeof request + 1];
        size_t n = 0;
        setup(&r);
        kit_note("%zu bytes at a time", piece);
        for (size_t at = 0; at < sizeof request; at += piece) {
            steps[n++] = (fake_step){.act = FAKE_TAKE, .n = piece};
            steps[n++] = (fake_step){.act = FAKE_WAIT};
        }
        steps[n - 1] = (fake_step)OK_REPLY;
        fake_script(steps, n);
        begin(&r);
        for (size_t at = piece; at < sizeof request; at += piece) {
            CHECK_EQ_INT(step(&r), ASC_WANT_WRITE);
            CHECK_EQ_INT(fake.peers[0].n_taken, at);
            r.now += 200; /* not silent: each piece starts the socket timeout anew */
            r.x.deadline_ms += 200;
        }
        CHECK_EQ_INT(step(&r), ASC_WANT_READ);
        CHECK(memcmp(fake.peers[0].taken, request, sizeof request) == 0);
        step(&r);
        check_reply(&r);
        teardown(&r);
    }
}

/* A peer that keeps up does not keep its sender from all else. */
static void
test_large_request_goes_in_slices(void)
{
    const size_t slice = 1u << 20;
    rig r;
    setup(&r);
    CHECK(asc_buf_add(&r.req.out, 2 * slice + 100) != NULL);
    memset(r.req.out.data + sizeof request, 0, r.req.out.len - sizeof request);
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = SIZE_MAX}, {.act = FAKE_TAKE, .n = 1000},
                {.act = FAKE_TAKE, .n = SIZE_MAX}, {.act = FAKE_TAKE, .n = SIZE_MAX},
                OK_REPLY);
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_CLOCK);
    CHECK_EQ_INT(fake.peers[0].n_taken, slice);
    CHECK_EQ_INT(step(&r), ASC_WANT_CLOCK);
    CHECK_EQ_INT(fake.peers[0].n_taken, 2 * slice);
    r.now += 299; /* not silent */
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(fake.peers[0].n_taken, r.req.out.len);
    step(&r);
    check_reply(&r);
    teardown(&r);
}

static void
test_connecting_takes_a_while(void)
{
    rig r;
    setup(&r);
    r.req.timing.connect_timeout_ms = 50;
    FAKE_SCRIPT({.act = FAKE_WAIT}, {.act = FAKE_WAIT}, OK_REPLY);
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_WRITE);
    CHECK_EQ_INT(r.x.wake_ms, 1050);
    r.now = 1040;
    CHECK_EQ_INT(step(&r), ASC_WANT_WRITE); /* no progress: the time runs on */
    CHECK_EQ_INT(r.x.wake_ms, 1050);
    r.now = 1045;
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(r.x.wake_ms, 1345); /* from now on the socket timeout counts */
    step(&r);
    check_reply(&r);
    teardown(&r);
}

static void
check_large_reply(size_t body)
{
    rig r;
    uint8_t *reply = calloc(1, 8 + body);
    setup(&r);
    memcpy(reply, ok, 30);
    reply[5] = (uint8_t)(body >> 16), reply[6] = (uint8_t)(body >> 8);
    reply[7] = (uint8_t)body;
    reply[8 + body - 1] = 0x5A;
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = 8 + body, .bytes = reply});
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    CHECK_EQ_INT(r.req.in.len, 8 + body);
    CHECK(memcmp(r.req.in.data, reply, 8 + body) == 0);
    teardown(&r);
    free(reply);
}

static void
test_large_reply(void)
{
    static const size_t bodies[] = {300000, (1u << 20) - 8, (1u << 20) - 7, 1u << 20,
                                    9000000};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        kit_note("%zu bytes", bodies[i]);
        check_large_reply(bodies[i]);
    }
}

/* However fast a peer is, no step lasts for the whole of a large frame, so that the
 * time of the call is looked at. */
static void
test_large_reply_comes_in_slices(void)
{
    static uint8_t reply[8 + 9000000] = {2, 3, 0, 0, 0, 0x89, 0x54, 0x40, 22};
    rig r;
    setup(&r);
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = sizeof reply, .bytes = reply});
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    for (unsigned n = 0; n < 3; n++) {
        size_t before = r.req.in.len;
        CHECK_EQ_INT(step(&r), ASC_WANT_CLOCK);
        CHECK(r.req.in.len > before && r.req.in.len < before + (3u << 20));
        CHECK_EQ_INT(r.x.wake_ms, r.now);
    }
    r.now = 2000;
    r.req.timing.max_retries = 0;
    CHECK_EQ_INT(step(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
    teardown(&r);
}

/* A size is a claim: memory for it is taken as the bytes come. */
static void
test_size_that_lies(void)
{
    static const uint8_t head[] = {2, 3, 0, 0, 7, 0xFF, 0xFF, 0xFF, 22, 0, 0, 0};
    rig r;
    setup(&r);
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = sizeof head, .bytes = head},
                {.act = FAKE_WAIT});
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(r.req.in.len, sizeof head);
    CHECK(r.req.in.cap < 2u << 20); /* not 128 MB */
    asc_exchange_abandon(&r.x);
    teardown(&r);
}

static void
test_info_request(void)
{
    static const uint8_t answer[] = {2, 1, 0, 0, 0, 0, 0, 3, 'a', '\t', '\n'};
    rig r;
    setup(&r);
    r.req.out.data[1] = 1;
    r.req.node_name = "B";
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = sizeof answer, .bytes = answer});
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    CHECK_EQ_INT(fake.ports[0], 3002);
    CHECK_EQ_INT(r.req.in.len, sizeof answer);
    teardown(&r);
}

/* A message that answers an info request. */
static void
test_info_request_answered_by_a_message(void)
{
    rig r;
    setup(&r);
    r.req.out.data[1] = 1;
    FAKE_SCRIPT(OK_REPLY);
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_CLIENT);
    check_returned(&r, 0, 0);
    teardown(&r);
}

/* --- timeouts --------------------------------------------------------------------- */

static void
test_silence_then_the_other_replica(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT(SILENCE);
    FAKE_SCRIPT(OK_REPLY);
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    r.now = 1299;
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(r.x.wake_ms, 1300);
    r.now = 1300;
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME); /* again, at once */
    CHECK_EQ_INT(r.x.wake_ms, 1300);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(fake.ports[1], 3002);
    CHECK_EQ_INT(r.x.wake_ms, 1600);
    step(&r);
    check_reply(&r);
    CHECK_EQ_INT(r.a->pool.n_open, 1); /* waits for the late reply */
    CHECK_EQ_INT(asc_pool_n_idle(&r.a->pool), 0);
    CHECK(r.cluster->drain.first != NULL);
    CHECK_EQ_INT(atomic_load(&r.a->errors), 0);
    teardown(&r);
}

static void
test_late_reply_is_drained(void)
{
    rig r;
    setup(&r);
    r.req.timing.max_retries = 0;
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = 12, .bytes = ok}, {.act = FAKE_WAIT},
                {.act = FAKE_WAIT},
                {.act = FAKE_GIVE, .n = sizeof ok - 12, .bytes = ok + 12}, OK_REPLY);
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    r.now = r.x.wake_ms;
    CHECK_EQ_INT(step(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
    asc_drain_run(&r.cluster->drain, r.now + 10);
    check_returned(&r, 1, 0);
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE); /* the next one on the same connection */
    check_reply(&r);
    CHECK_EQ_INT(fake.n_opened, 1);
    teardown(&r);
}

static void
test_timeout_without_delay_closes(void)
{
    rig r;
    setup(&r);
    r.req.timing.max_retries = 0;
    r.req.timing.timeout_delay_ms = 0;
    FAKE_SCRIPT(SILENCE);
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
    CHECK_EQ_INT(atomic_load(&r.a->errors), 1);
    check_returned(&r, 0, 0);
    CHECK_EQ_INT(fake.n_closed, 1);
    teardown(&r);
}

/* A request that has left only in part has no reply that one could wait for. */
static void
test_half_sent_request_closes(void)
{
    rig r;
    setup(&r);
    r.req.timing.max_retries = 0;
    r.req.writes = true;
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = 39}, {.act = FAKE_HANG});
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
    CHECK(r.err.in_doubt);
    CHECK(r.cluster->drain.first == NULL);
    check_returned(&r, 0, 0);
    teardown(&r);
}

static void
test_total_timeout(void)
{
    rig r;
    setup(&r);
    r.req.timing.socket_timeout_ms = 0;
    r.req.timing.max_retries = 10;
    FAKE_SCRIPT(SILENCE);
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(r.x.wake_ms, 2000);
    r.now = 2000;
    CHECK_EQ_INT(step(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
    CHECK_EQ_INT(r.err.phase, ASC_PHASE_COMMAND);
    CHECK_EQ_INT(r.err.attempts, 1);
    CHECK_EQ_INT(r.err.elapsed_ms, 1000);
    CHECK_EQ_STR(r.err.host, "10.0.0.1:3001");
    CHECK_HAS(r.err.message, "1000 ms");
    CHECK(!r.err.in_doubt);
    teardown(&r);
}

static void
test_trickle_does_not_outlive_total_timeout(void)
{
    rig r;
    fake_step steps[2 * sizeof ok];
    setup(&r);
    for (size_t i = 0; i < sizeof ok; i++) {
        steps[2 * i] = (fake_step){.act = FAKE_GIVE, .n = 1, .bytes = ok + i};
        steps[2 * i + 1] = (fake_step){.act = FAKE_WAIT};
    }
    fake_script(steps, 2 * sizeof ok);
    r.req.timing.max_retries = 5;
    begin(&r);
    while (step(&r) == ASC_WANT_READ && r.now < 5000) {
        r.now += 50; /* far below the socket timeout */
    }
    CHECK_EQ_INT(r.want, ASC_WANT_FAILED);
    CHECK_EQ_INT(r.now, 2000);
    CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
    CHECK_EQ_INT(r.err.attempts, 1);
    teardown(&r);
}

static void
test_no_limit_at_all(void)
{
    rig r;
    setup(&r);
    r.req.timing = (asc_timing){0};
    FAKE_SCRIPT({.act = FAKE_WAIT}, {.act = FAKE_HANG});
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_WRITE); /* connecting is always bounded */
    CHECK_EQ_INT(r.x.wake_ms, 3000);
    asc_exchange_abandon(&r.x);
    FAKE_SCRIPT({.act = FAKE_WAIT}, {.act = FAKE_TAKE, .n = 40}, {.act = FAKE_HANG});
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_WRITE);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK(r.x.wake_ms == UINT64_MAX);
    r.now += 1000000000;
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    teardown(&r);
}

static void
test_connect_timeout_then_the_next_node(void)
{
    rig r;
    setup(&r);
    r.req.writes = true;
    r.req.timing.connect_timeout_ms = 100;
    FAKE_SCRIPT({.act = FAKE_HANG});
    FAKE_SCRIPT(OK_REPLY);
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_WRITE);
    r.now = 1100;
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME);
    CHECK_EQ_INT(atomic_load(&r.a->errors), 1);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(fake.ports[1], 3002);
    step(&r);
    check_reply(&r);
    check_returned(&r, 0, 1);
    teardown(&r);
}

static void
test_connect_timeout_without_retries(void)
{
    rig r;
    setup(&r);
    r.req.writes = true;
    r.req.timing.max_retries = 0;
    FAKE_SCRIPT({.act = FAKE_HANG});
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
    CHECK_EQ_INT(r.err.phase, ASC_PHASE_CONNECT);
    CHECK(!r.err.in_doubt); /* nothing was sent */
    teardown(&r);
}

/* A driver that comes late, after the deadline has passed in a pause. */
static void
test_driver_comes_too_late(void)
{
    rig r;
    setup(&r);
    r.req.timing.sleep_between_retries_ms = 10;
    r.req.replica = ASC_REPLICA_MASTER;
    FAKE_SCRIPT({.act = FAKE_CUT});
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME);
    r.now = 2000;
    CHECK_EQ_INT(step(&r), ASC_WANT_FAILED); /* nothing more is sent */
    CHECK_EQ_INT(r.err.code, ASC_ERR_CONNECTION);
    CHECK_EQ_INT(r.err.attempts, 1);
    CHECK_EQ_INT(r.err.elapsed_ms, 1000); /* until now, not until the failure */
    CHECK_EQ_INT(fake.n_opened, 1);
    teardown(&r);
}

/* A driver that comes late for the first step: the request leaves and is given up at
 * once, before a byte of a reply was ever asked for. */
static void
test_deadline_passes_while_sending(void)
{
    rig r;
    setup(&r);
    r.req.writes = true;
    FAKE_SCRIPT(SILENCE);
    begin(&r);
    r.now = 2000;
    CHECK_EQ_INT(step(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
    CHECK(r.err.in_doubt);
    CHECK(r.cluster->drain.first != NULL);
    asc_drain_run(&r.cluster->drain, 2001);
    teardown(&r);
}

static void
test_no_retry_on_timeout(void)
{
    rig r;
    setup(&r);
    r.req.timing.no_retry_on_timeout = true;
    FAKE_SCRIPT(SILENCE);
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.attempts, 1);
    CHECK_EQ_INT(r.now, 1300);
    teardown(&r);
}

/* --- broken connections ----------------------------------------------------------- */

static void
test_refused_then_the_next_node(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    FAKE_SCRIPT(OK_REPLY);
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(fake.ports[1], 3002);
    step(&r);
    check_reply(&r);
    CHECK_EQ_INT(atomic_load(&r.a->errors), 1);
    check_returned(&r, 0, 1);
    teardown(&r);
}

static void
test_refused_everywhere(void)
{
    rig r;
    setup(&r);
    r.req.writes = true;
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_CONNECTION);
    CHECK_EQ_INT(r.err.phase, ASC_PHASE_CONNECT);
    CHECK_EQ_INT(r.err.os_errno, ECONNREFUSED);
    CHECK_EQ_INT(r.err.attempts, 3);
    CHECK(!r.err.in_doubt);
    CHECK_EQ_INT(fake.ports[0], 3001);
    CHECK_EQ_INT(fake.ports[1], 3002);
    CHECK_EQ_INT(fake.ports[2], 3001);
    CHECK_EQ_STR(r.err.host, "10.0.0.1:3001");
    teardown(&r);
}

static void
test_no_socket_to_be_had(void)
{
    rig r;
    setup(&r);
    r.req.timing.max_retries = 0;
    FAKE_SCRIPT({.act = FAKE_UNSTARTED});
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_CONNECTION);
    CHECK_EQ_INT(r.err.os_errno, EMFILE);
    check_returned(&r, 0, 0);
    CHECK_EQ_INT(fake.n_closed, 1); /* closing takes what was never open */
    teardown(&r);
}

/* The peer closes after n_sent bytes of the request and n_got of the reply. */
static void
check_cut(bool writes, size_t n_sent, size_t n_got, bool doubt)
{
    rig r;
    setup(&r);
    r.req.writes = writes;
    r.req.timing.max_retries = 0;
    fake_step steps[3];
    size_t n = 0;
    if (n_sent > 0) {
        steps[n++] = (fake_step){.act = FAKE_TAKE, .n = n_sent};
    }
    if (n_got > 0) {
        steps[n++] = (fake_step){.act = FAKE_GIVE, .n = n_got, .bytes = ok};
    }
    steps[n++] = (fake_step){.act = FAKE_CUT};
    fake_script(steps, n);
    kit_note("%s, %zu bytes sent, %zu received", writes ? "write" : "read", n_sent,
             n_got);
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_CONNECTION);
    CHECK_EQ_INT(r.err.phase, ASC_PHASE_COMMAND);
    CHECK_EQ_INT(r.err.in_doubt, doubt);
    CHECK_EQ_INT(atomic_load(&r.a->errors), 1);
    check_returned(&r, 0, 0);
    CHECK(r.cluster->drain.first == NULL);
    teardown(&r);
}

static void
test_peer_closes_at_every_moment(void)
{
    for (unsigned writes = 0; writes < 2; writes++) {
        for (size_t n_sent = 0; n_sent < sizeof request; n_sent++) {
            check_cut(writes, n_sent, 0, writes && n_sent > 0);
        }
        for (size_t n_got = 0; n_got < sizeof ok; n_got++) {
            check_cut(writes, sizeof request, n_got, writes);
        }
    }
}

/* An idle connection that the server has closed meanwhile: a read goes on elsewhere, a
 * write as well, since its first byte never left. */
static void
test_stale_connection_is_replaced(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT(OK_REPLY, {.act = FAKE_CUT});
    FAKE_SCRIPT(OK_REPLY);
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    r.req.writes = true;
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    check_reply(&r);
    CHECK_EQ_INT(fake.n_opened, 2);
    teardown(&r);
}

/* --- writes in doubt -------------------------------------------------------------- */

static void
test_doubt_is_remembered(void)
{
    rig r;
    setup(&r);
    r.req.writes = true;
    r.req.timing.max_retries = 1;
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = 40}, {.act = FAKE_CUT});
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = 30, .bytes = result(2)});
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED); /* sent twice: the first may have worked */
    CHECK_EQ_INT(r.err.code, 2);
    CHECK_EQ_INT(r.err.attempts, 2);
    CHECK(r.err.in_doubt);
    teardown(&r);
}

/* The first attempt left us and nobody answered; that the second found the cluster
 * closed says nothing about it. */
static void
test_doubt_survives_a_failure_of_our_own(void)
{
    rig r;
    setup(&r);
    r.req.writes = true;
    r.req.timing.max_retries = 1;
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = 40}, {.act = FAKE_CUT});
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME);
    atomic_store(&r.cluster->closed, true);
    CHECK_EQ_INT(step(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_CLUSTER);
    CHECK_EQ_INT(r.err.attempts, 2);
    CHECK(r.err.in_doubt);
    teardown(&r);
}

static void
test_an_answer_leaves_no_doubt(void)
{
    static const struct {
        unsigned code;
        bool doubt;
    } rows[] = {{2, false}, {3, false},  {5, false},
                {9, true},  {11, false}, {18, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig r;
        setup(&r);
        r.req.writes = true;
        r.req.timing.max_retries = 0;
        kit_note("code %u", rows[i].code);
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = 30, .bytes = result(rows[i].code)});
        CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
        CHECK_EQ_INT(r.err.code, rows[i].code);
        CHECK_EQ_INT(r.err.in_doubt, rows[i].doubt);
        check_returned(&r, 1, 0);
        teardown(&r);
    }
}

/* --- replies that tell of trouble ------------------------------------------------- */

static void
test_result_codes(void)
{
    for (unsigned code = 1; code < 256; code++) {
        rig r;
        setup(&r);
        bool busy = code == 9 || code == 11 || code == 18;
        bool session = code == 80 || code == 15 || code == 210;
        kit_note("code %u", code);
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = 30, .bytes = result(code)});
        FAKE_SCRIPT(OK_REPLY);
        CHECK_EQ_INT(run(&r), busy ? ASC_WANT_DONE : ASC_WANT_FAILED);
        if (!busy) {
            CHECK_EQ_INT(r.err.code, code);
            CHECK_EQ_STR(r.err.message, asc_status_text((asc_status)code));
            CHECK_EQ_INT(r.req.in.len, 30); /* the reply is there as well */
        }
        CHECK_EQ_INT(fake.n_opened, busy ? 2 : 1);
        check_returned(&r, session ? 0 : 1, busy ? 1 : 0);
        CHECK_EQ_INT(atomic_load(&r.a->errors), busy ? 1 : 0);
        teardown(&r);
    }
}

static void
test_busy_until_the_end(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = 30, .bytes = result(18)},
                {.act = FAKE_GIVE, .n = 30, .bytes = result(18)});
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = 30, .bytes = result(18)});
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, 18);
    CHECK_EQ_INT(r.err.attempts, 3);
    CHECK_EQ_INT(r.req.in.len, 30);
    check_returned(&r, 1, 1);
    teardown(&r);
}

static void
test_garbage(void)
{
    static const struct {
        const char *what, *hex;
    } rows[] = {
        {"an HTTP server", "485454502f312e312034303020426164"},
        {"version 0", "0003000000000016"},
        {"an admin reply", "020200000000001000000000000000000000000000000000"},
        {"a compressed reply of nothing", "0204000000000008 000000000000001e"},
        {"129 MiB", "0203000008100000"},
        {"2^48 bytes", "0203ffffffffffff"},
        {"an info reply to a message", "0201000000000003 61090a"},
        {"a longer one",
         "0201000000000018 61616161616161616161616161616161616161616161090a"},
        {"no message header", "0203000000000000"},
        {"half a message header", "020300000000000b 1600000000000000000000"},
        {"bytes behind the reply",
         "0203000000000016 16000000000000000000000000000000000000000000 02"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig r;
        size_t size;
        uint8_t *bytes = kit_hex(rows[i].hex, &size);
        setup(&r);
        r.req.writes = true;
        kit_note("%s", rows[i].what);
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = size, .bytes = bytes});
        CHECK_EQ_INT(run(&r), ASC_WANT_FAILED); /* and no retry */
        CHECK_EQ_INT(r.err.code, ASC_ERR_CLIENT);
        CHECK_EQ_INT(r.err.phase, ASC_PHASE_COMMAND);
        CHECK_EQ_STR(r.err.host, "10.0.0.1:3001");
        CHECK(r.err.in_doubt);
        CHECK_EQ_INT(fake.n_opened, 1);
        CHECK_EQ_INT(atomic_load(&r.a->errors), 1);
        check_returned(&r, 0, 0);
        CHECK(r.req.in.cap < 1000000); /* no allocation for a size that cannot be */
        teardown(&r);
        free(bytes);
    }
}

/* --- no node, no connection ------------------------------------------------------- */

static void
test_breaker(void)
{
    rig r;
    setup(&r);
    atomic_store(&r.a->errors, 101);
    FAKE_SCRIPT(OK_REPLY);
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE); /* a read goes to the other copy */
    CHECK_EQ_INT(fake.ports[0], 3002);
    r.req.writes = true; /* a write asks the master again */
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_MAX_ERROR_RATE);
    CHECK_EQ_INT(r.err.attempts, 3);
    CHECK_HAS(r.err.message, "node A");
    CHECK(!r.err.in_doubt);
    CHECK_EQ_INT(fake.n_opened, 1);
    CHECK_EQ_INT(atomic_load(&r.a->errors), 101); /* not counted itself */
    teardown(&r);
}

static void
test_pool_exhausted(void)
{
    rig r;
    asc_conn *lent = NULL;
    setup_with(&r, 1);
    CHECK_EQ_INT(asc_pool_get(&r.a->pool, &lent, r.now, &r.err), ASC_OK);
    r.req.writes = true;
    r.req.timing.max_retries = 3;
    r.req.timing.sleep_between_retries_ms = 100;
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME);
    CHECK_EQ_INT(atomic_load(&r.a->errors), 0);
    while (step(&r) == ASC_WANT_TIME) {
        r.now = r.x.wake_ms;
    }
    CHECK_EQ_INT(r.want, ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_NO_CONNECTIONS);
    CHECK_EQ_INT(r.err.attempts, 4);
    CHECK_EQ_STR(r.err.host, "10.0.0.1:3001");
    asc_pool_drop(&r.a->pool, lent);
    fake_script((const fake_step[]){OK_REPLY}, 1);
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    teardown(&r);
}

/* A connection that waits for a late reply gives way to a command. */
static void
test_full_pool_of_late_replies(void)
{
    rig r;
    setup_with(&r, 1);
    r.req.replica = ASC_REPLICA_MASTER;
    r.req.timing.max_retries = 0;
    FAKE_SCRIPT(SILENCE);
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
    CHECK_EQ_INT(r.a->pool.n_open, 1);
    FAKE_SCRIPT(OK_REPLY);
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    check_reply(&r);
    check_returned(&r, 1, 0);
    CHECK(r.cluster->drain.first == NULL);
    teardown(&r);
}

static void
test_no_namespace(void)
{
    rig r;
    setup(&r);
    r.req.ns = "nope";
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_NAMESPACE);
    CHECK_EQ_INT(r.err.attempts, 1); /* repeating would not help */
    CHECK_EQ_INT(r.err.phase, ASC_PHASE_PARTITION_MAP);
    CHECK_HAS(r.err.message, "nope");
    CHECK_EQ_INT(fake.n_opened, 0);
    teardown(&r);
}

static void
test_no_node_for_the_partition(void)
{
    rig r;
    setup(&r);
    asc_node_retire(r.a);
    asc_node_retire(r.b);
    r.req.timing.sleep_between_retries_ms = 50;
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_INVALID_NODE);
    CHECK_EQ_INT(r.err.attempts, 3);
    CHECK_EQ_INT(r.now, 1050); /* the first repetition at once, then after a pause */
    CHECK_HAS(r.err.message, "partition 1207");
    CHECK_EQ_STR(r.err.host, "");
    teardown(&r);
}

/* The map changes between two attempts: the repetition sees the new one. */
static void
test_new_snapshot_for_each_attempt(void)
{
    rig r;
    setup(&r);
    r.req.replica = ASC_REPLICA_MASTER;
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    FAKE_SCRIPT(OK_REPLY);
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME);
    const char *text = fake_replicas("test", 0, "*-");
    CHECK_EQ_INT(asc_maps_apply(&r.cluster->maps, r.b, text, strlen(text), &r.err),
                 ASC_OK);
    CHECK_EQ_INT(fake_publish(r.cluster), ASC_OK);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(fake.ports[1], 3002);
    step(&r);
    check_reply(&r);
    teardown(&r);
}

/* A node that leaves the cluster while its reply is awaited still answers. */
static void
test_node_leaves_meanwhile(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = 40}, {.act = FAKE_WAIT}, OK_REPLY);
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    asc_node_retire(r.a);
    asc_maps_forget(&r.cluster->maps, r.a);
    r.cluster->nodes[0] = r.b;
    r.cluster->n_nodes = 1;
    CHECK_EQ_INT(fake_publish(r.cluster), ASC_OK);
    asc_node_release(r.a);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    step(&r); /* the last one to let go of the node */
    check_reply(&r);
    CHECK_EQ_INT(fake.n_closed, 1);
    teardown(&r);
}

/* The owner of exchanges keeps the nodes that these use. */
static void
test_nodes_are_kept(void)
{
    rig r;
    asc_node *kept[ASC_KEPT_NODES] = {NULL};
    setup(&r);
    unsigned a = atomic_load(&r.a->refs), b = atomic_load(&r.b->refs);
    r.kept = kept;
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    FAKE_SCRIPT(OK_REPLY);
    FAKE_SCRIPT(OK_REPLY, OK_REPLY);
    for (unsigned i = 0; i < 3; i++) { /* the first one goes to both */
        CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
        CHECK(kept[0] == r.a && kept[1] == r.b && kept[2] == NULL);
        CHECK_EQ_INT(atomic_load(&r.a->refs), a + 1);
        CHECK_EQ_INT(atomic_load(&r.b->refs), b + 1);
    }
    check_returned(&r, 1, 1);
    asc_node_release(kept[0]);
    asc_node_release(kept[1]);
    teardown(&r);
}

/* Where all places are taken, one of them is given up. */
static void
test_node_takes_the_place_of_another(void)
{
    rig r;
    asc_node *kept[ASC_KEPT_NODES];
    setup(&r);
    unsigned a = atomic_load(&r.a->refs), b = atomic_load(&r.b->refs);
    for (unsigned i = 0; i < ASC_KEPT_NODES; i++) {
        asc_node_retain(kept[i] = r.b);
    }
    r.kept = kept;
    FAKE_SCRIPT(OK_REPLY, OK_REPLY);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
        CHECK_EQ_INT(atomic_load(&r.a->refs), a + 1);
        CHECK_EQ_INT(atomic_load(&r.b->refs), b + ASC_KEPT_NODES - 1);
    }
    for (unsigned i = 0; i < ASC_KEPT_NODES; i++) {
        asc_node_release(kept[i]);
    }
    teardown(&r);
}

/* A node that is kept may leave the cluster: nothing goes there any more, and it has no
 * connection. */
static void
test_kept_node_leaves(void)
{
    rig r;
    asc_node *kept[ASC_KEPT_NODES] = {NULL};
    setup(&r);
    r.kept = kept;
    FAKE_SCRIPT(OK_REPLY);
    FAKE_SCRIPT(OK_REPLY);
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    asc_discover_remove(r.cluster, 0);
    CHECK_EQ_INT(fake_publish(r.cluster), ASC_OK);
    CHECK_EQ_INT(fake.n_closed, 1);
    CHECK(kept[0]->tend_conn == NULL);
    CHECK_EQ_INT(atomic_load(&kept[0]->refs), 1);
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    CHECK(kept[1] == r.b);
    asc_node_release(kept[0]);
    asc_node_release(kept[1]);
    teardown(&r);
}

static void
test_node_by_name(void)
{
    rig r;
    setup(&r);
    r.req.node_name = "C";
    r.req.timing.max_retries = 0;
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_INVALID_NODE);
    CHECK_HAS(r.err.message, "node C");
    teardown(&r);
}

static void
test_closed_cluster(void)
{
    rig r;
    setup(&r);
    atomic_store(&r.cluster->closed, true);
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_CLUSTER);
    CHECK_HAS(r.err.message, "closed");
    CHECK_EQ_INT(r.err.attempts, 1);
    teardown(&r);
}

static void
test_no_memory(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT(OK_REPLY);
    asc_alloc_fail_after(1); /* the connection */
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    asc_alloc_fail_after(0);
    CHECK_EQ_INT(r.err.code, ASC_ERR_NOMEM);
    CHECK_EQ_INT(r.err.attempts, 1);
    check_returned(&r, 0, 0);
    asc_alloc_fail_after(2); /* the reply */
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    asc_alloc_fail_after(0);
    CHECK_EQ_INT(r.err.code, ASC_ERR_NOMEM);
    check_returned(&r, 0, 0);
    teardown(&r);
}

/* --- pauses and turns ------------------------------------------------------------- */

static void
test_pauses(void)
{
    rig r;
    setup(&r);
    r.req.timing.sleep_between_retries_ms = 200;
    r.req.timing.max_retries = 9;
    for (unsigned i = 0; i < 10; i++) {
        FAKE_SCRIPT({.act = FAKE_REFUSE});
    }
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME);
    CHECK_EQ_INT(r.x.wake_ms, 1000); /* the other copy at once */
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME);
    CHECK_EQ_INT(r.x.wake_ms, 1200);
    r.now = 1199;
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME); /* not yet */
    CHECK_EQ_INT(fake.n_opened, 2);
    r.now = 1200;
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME);
    CHECK_EQ_INT(fake.n_opened, 3);
    while (step(&r) == ASC_WANT_TIME) {
        r.now = r.x.wake_ms;
    }
    CHECK_EQ_INT(r.want, ASC_WANT_FAILED); /* a pause would reach the deadline */
    CHECK_EQ_INT(r.now, 1800);
    CHECK_EQ_INT(r.err.attempts, 6);
    CHECK_EQ_INT(r.err.elapsed_ms, 800);
    CHECK_EQ_INT(r.err.code, ASC_ERR_CONNECTION); /* the last attempt's error */
    teardown(&r);
}

static void
test_master_pauses_at_once(void)
{
    rig r;
    setup(&r);
    r.req.replica = ASC_REPLICA_MASTER;
    r.req.timing.sleep_between_retries_ms = 200;
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    FAKE_SCRIPT(OK_REPLY);
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME);
    CHECK_EQ_INT(r.x.wake_ms, 1200);
    r.now = 1200;
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(fake.ports[1], 3001);
    teardown(&r);
}

/* Which node is asked first, for each policy, six times. */
static void
test_replica_policies(void)
{
    static const struct {
        asc_replica replica;
        bool writes, linearize;
        const char *first; /* '1' = the master */
    } rows[] = {
        {ASC_REPLICA_MASTER, false, false, "111111"},
        {ASC_REPLICA_SEQUENCE, false, false, "111111"},
        {ASC_REPLICA_PREFER_RACK, false, false, "111111"},
        {ASC_REPLICA_ANY, false, false, "121212"},
        {ASC_REPLICA_ANY, true, false, "111111"},
        {ASC_REPLICA_ANY, false, true, "111111"},
        {ASC_REPLICA_RANDOM, false, false, "121212"},
        {ASC_REPLICA_RANDOM, true, false, "121212"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig r;
        char got[7] = "";
        setup(&r);
        r.req.replica = rows[i].replica;
        r.req.writes = rows[i].writes;
        r.req.linearize = rows[i].linearize;
        for (unsigned n = 0; n < 6; n++) {
            fake_script((const fake_step[]){OK_REPLY}, 1);
            begin(&r);
            CHECK_EQ_INT(step(&r), ASC_WANT_READ);
            got[n] = (char)('1' + (r.x.node == r.b));
            asc_exchange_abandon(&r.x);
        }
        kit_note("replica policy %d, %s", rows[i].replica,
                 rows[i].writes ? "write" : "read");
        CHECK_EQ_STR(got, rows[i].first);
        teardown(&r);
    }
}

/* Session consistency: the master only, in namespaces that have it. */
static void
test_session_consistency(void)
{
    rig r;
    setup(&r);
    r.req.sc_session = true;
    r.req.timing.max_retries = 1;
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(fake.ports[1], 3002); /* "test" is not one of them */
    r.cluster->maps.list[0]->is_sc = true;
    CHECK_EQ_INT(fake_publish(r.cluster), ASC_OK);
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(fake.ports[2], 3001);
    CHECK_EQ_INT(fake.ports[3], 3001);
    teardown(&r);
}

/* --- giving up -------------------------------------------------------------------- */

static void
test_abandon_at_every_state(void)
{
    rig r;
    setup(&r);
    begin(&r);
    asc_exchange_abandon(&r.x); /* before the first step */
    FAKE_SCRIPT({.act = FAKE_HANG});
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_WRITE); /* connecting */
    asc_exchange_abandon(&r.x);
    check_returned(&r, 0, 0);
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = 5}, {.act = FAKE_HANG});
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_WRITE); /* sending */
    asc_exchange_abandon(&r.x);
    check_returned(&r, 0, 0);
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = 10, .bytes = ok}, {.act = FAKE_HANG});
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ);
    CHECK_EQ_INT(step(&r), ASC_WANT_READ); /* half a reply */
    asc_exchange_abandon(&r.x);
    asc_exchange_abandon(&r.x);
    check_returned(&r, 0, 0);
    r.req.timing.sleep_between_retries_ms = 100;
    r.req.replica = ASC_REPLICA_MASTER;
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    begin(&r);
    CHECK_EQ_INT(step(&r), ASC_WANT_TIME); /* in a pause */
    asc_exchange_abandon(&r.x);
    check_returned(&r, 0, 0);
    teardown(&r);
}

/* What TLS has taken off the socket already is not shown by poll(). So the step that
 * receives an info reply does not end in its middle. */
static void
test_large_info_reply(void)
{
    enum { SIZE = 3u << 20 };
    asc_error err;
    asc_addr addr = fake_addr(3001);
    asc_info_call call = {.commands = "a\n"};
    uint8_t *reply = calloc(1, SIZE);
    asc_error_reset(&err);
    fake_reset();
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = 100},
                {.act = FAKE_GIVE, .n = SIZE, .bytes = reply});
    if (CHECK(reply != NULL) &&
        CHECK(asc_conn_start(&call.conn, &fake_transport, &addr, &err) == ASC_OK)) {
        memcpy(reply, (const uint8_t[]){2, 1, 0, 0, 0, 0x2f, 0xff, 0xf8}, 8);
        asc_info_begin(&call);
        CHECK_EQ_INT(asc_info_step(&call), POLLIN);
        CHECK_EQ_INT(asc_info_step(&call), 0);
        CHECK_EQ_INT(call.status, ASC_OK);
    }
    asc_info_call_clear(&call);
    asc_conn_free(call.conn);
    free(reply);
}

static const kit_test tests[] = {
    {"get", test_get},
    {"connection_is_used_again", test_connection_is_used_again},
    {"no_allocation_on_a_warm_way", test_no_allocation_on_a_warm_way},
    {"every_cut_of_the_reply", test_every_cut_of_the_reply},
    {"reply_byte_by_byte", test_reply_byte_by_byte},
    {"request_in_pieces", test_request_in_pieces},
    {"large_request_goes_in_slices", test_large_request_goes_in_slices},
    {"connecting_takes_a_while", test_connecting_takes_a_while},
    {"large_reply", test_large_reply},
    {"large_reply_comes_in_slices", test_large_reply_comes_in_slices},
    {"size_that_lies", test_size_that_lies},
    {"info_request", test_info_request},
    {"info_request_answered_by_a_message", test_info_request_answered_by_a_message},
    {"silence_then_the_other_replica", test_silence_then_the_other_replica},
    {"late_reply_is_drained", test_late_reply_is_drained},
    {"timeout_without_delay_closes", test_timeout_without_delay_closes},
    {"half_sent_request_closes", test_half_sent_request_closes},
    {"total_timeout", test_total_timeout},
    {"trickle_does_not_outlive_total_timeout",
     test_trickle_does_not_outlive_total_timeout},
    {"no_limit_at_all", test_no_limit_at_all},
    {"connect_timeout_then_the_next_node", test_connect_timeout_then_the_next_node},
    {"connect_timeout_without_retries", test_connect_timeout_without_retries},
    {"driver_comes_too_late", test_driver_comes_too_late},
    {"deadline_passes_while_sending", test_deadline_passes_while_sending},
    {"no_retry_on_timeout", test_no_retry_on_timeout},
    {"refused_then_the_next_node", test_refused_then_the_next_node},
    {"refused_everywhere", test_refused_everywhere},
    {"no_socket_to_be_had", test_no_socket_to_be_had},
    {"peer_closes_at_every_moment", test_peer_closes_at_every_moment},
    {"stale_connection_is_replaced", test_stale_connection_is_replaced},
    {"full_pool_of_late_replies", test_full_pool_of_late_replies},
    {"doubt_is_remembered", test_doubt_is_remembered},
    {"doubt_survives_a_failure_of_our_own", test_doubt_survives_a_failure_of_our_own},
    {"an_answer_leaves_no_doubt", test_an_answer_leaves_no_doubt},
    {"result_codes", test_result_codes},
    {"busy_until_the_end", test_busy_until_the_end},
    {"garbage", test_garbage},
    {"breaker", test_breaker},
    {"pool_exhausted", test_pool_exhausted},
    {"no_namespace", test_no_namespace},
    {"no_node_for_the_partition", test_no_node_for_the_partition},
    {"new_snapshot_for_each_attempt", test_new_snapshot_for_each_attempt},
    {"node_leaves_meanwhile", test_node_leaves_meanwhile},
    {"nodes_are_kept", test_nodes_are_kept},
    {"node_takes_the_place_of_another", test_node_takes_the_place_of_another},
    {"kept_node_leaves", test_kept_node_leaves},
    {"node_by_name", test_node_by_name},
    {"closed_cluster", test_closed_cluster},
    {"no_memory", test_no_memory},
    {"pauses", test_pauses},
    {"master_pauses_at_once", test_master_pauses_at_once},
    {"replica_policies", test_replica_policies},
    {"session_consistency", test_session_consistency},
    {"abandon_at_every_state", test_abandon_at_every_state},
    {"large_info_reply", test_large_info_reply},
};

KIT_MAIN("ut_exchange", tests)
