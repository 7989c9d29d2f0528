/* The event-loop driver with made-up time and bytes: calls on lines and on connections
 * of their own, and sets. */
#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/set.h"
#include "command/call.h"
#include "command/loop.h"
#include "fake.h"
#include "frames.h"
#include "kit.h"
#include "net/session.h"

#define BEGIN 10000u /* when tests begin */
#define MAX_CALLS 20u

/* A loop on a cluster of the fake network, and calls in it. */
typedef struct rig {
    asc_cluster *cluster;
    asc_loop *loop;
    uint64_t now_ms;
    asc_call *calls[MAX_CALLS];
    asc_error errs[MAX_CALLS];
    bool ended[MAX_CALLS];
    unsigned order[MAX_CALLS]; /* of the ends */
    size_t n_ended;
} rig;

static rig
open_rig(uint32_t max_conns)
{
    rig g = {.now_ms = BEGIN};
    asc_error err;
    asc_error_reset(&err);
    fake_reset();
    g.cluster = fake_cluster(max_conns);
    CHECK_EQ_INT(asc_loop_open(&g.loop, g.cluster, &err), ASC_OK);
    return g;
}

static void
close_rig(rig *g)
{
    asc_loop_free(g->loop);
    for (size_t i = 0; i < MAX_CALLS; i++) {
        asc_call_free(g->calls[i]);
    }
    asc_drain_clear(&g->cluster->drain);
    for (size_t i = 0; i < g->cluster->n_nodes; i++) {
        asc_pool *p = &g->cluster->nodes[i]->pool;
        CHECK_EQ_INT(p->n_open, asc_pool_n_idle(p)); /* nothing is still lent */
    }
    asc_cluster_release(g->cluster);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
}

/* Write the request of a call: a message of 30 bytes to the master of partition 0. */
static asc_request *
prepare(rig *g, size_t i)
{
    static const uint8_t message[30] = {2, 3, 0, 0, 0, 0, 0, 22, 22, 3};
    if (g->calls[i] == NULL) {
        g->calls[i] = asc_call_new();
    }
    asc_call_reset(g->calls[i]);
    asc_request *req = asc_call_request(g->calls[i]);
    req->ns = "test";
    req->timing = (asc_timing){.total_timeout_ms = 1000, .socket_timeout_ms = 300};
    CHECK(asc_buf_put(&req->out, message, sizeof message));
    req->out.data[20] = (uint8_t)i; /* where the requests differ */
    return req;
}

static void
submit(rig *g, size_t i)
{
    g->ended[i] = false;
    asc_loop_submit_at(g->loop, g->calls[i], &g->errs[i], g->calls[i], g->now_ms);
    CHECK(asc_loop_has(g->loop, g->calls[i]));
}

static void
take_all(rig *g)
{
    for (void *owner; (owner = asc_loop_take(g->loop)) != NULL;) {
        for (unsigned i = 0; i < MAX_CALLS; i++) {
            if (g->calls[i] == owner) {
                g->ended[i] = true;
                CHECK(!asc_loop_has(g->loop, g->calls[i]));
                g->order[g->n_ended++ % MAX_CALLS] = i;
            }
        }
    }
}

/* Turn the loop often enough for all that can be done at this time. */
static void
turn(rig *g)
{
    for (int i = 0; i < 8; i++) {
        asc_loop_step(g->loop, g->now_ms);
        take_all(g);
    }
}

/* Let so much time pass, and turn. */
static void
pass(rig *g, uint64_t ms)
{
    g->now_ms += ms;
    turn(g);
}

/* A reply of a message without anything in it but the number of a generation. */
#define REPLY(result, n)                                                               \
    2, 3, 0, 0, 0, 0, 0, 22, 22, 0, 0, 0, 0, result, 0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0,  \
        0, 0, 0, 0, 0
#define BYTES(...)                                                                     \
    (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* Let the peer of the nth connection do something more. */
static void
add_step(unsigned n, fake_act act, const void *bytes, size_t size)
{
    fake_peer *p = &fake.peers[n];
    p->scripted = true;
    if (CHECK(p->n_steps < FAKE_MAX_STEPS)) {
        p->steps[p->n_steps++] = (fake_step){.act = act, .n = size, .bytes = bytes};
    }
}

#define GIVE(n, ...) add_step(n, FAKE_GIVE, BYTES(__VA_ARGS__))

/* Which generation the reply of a call tells; -1: it has none, -2: it has failed. */
static int
got(const rig *g, size_t i)
{
    const asc_buf *in = &asc_call_request(g->calls[i])->in;
    if (!g->ended[i]) {
        return -1;
    }
    return g->errs[i].code == ASC_OK && in->len == 30 ? in->data[17] : -2;
}

/* What became of a call that failed. */
static void
check_failed(const rig *g, size_t i, asc_status code, const char *message)
{
    kit_note("call %zu", i);
    CHECK(g->ended[i]);
    CHECK_EQ_INT(g->errs[i].code, code);
    CHECK_HAS(g->errs[i].message, message);
    kit_note(NULL);
}

/* Submit the calls from first up to, not with, last; all write when `writes` says
 * so. */
static void
start(rig *g, size_t first, size_t last, bool writes)
{
    for (size_t i = first; i < last; i++) {
        prepare(g, i)->writes = writes;
        submit(g, i);
    }
}

/* Submit a call with 100 ms in all, whose reply is waited for 3 s longer. */
static void
submit_short(rig *g, size_t i)
{
    prepare(g, i)->timing =
        (asc_timing){.total_timeout_ms = 100, .timeout_delay_ms = 3000};
    submit(g, i);
}

/* Which call's request is the nth that has come to a peer; they have 30 bytes. */
static int
taken(unsigned peer, unsigned n)
{
    const fake_peer *p = &fake.peers[peer];
    return p->n_taken >= (n + 1) * 30 ? p->taken[n * 30 + 20] : -1;
}

static bool
abandon(rig *g, size_t i)
{
    bool in_doubt = asc_loop_abandon_at(g->loop, g->calls[i], g->now_ms);
    CHECK(!asc_loop_has(g->loop, g->calls[i]));
    return in_doubt;
}

/* --- order ------------------------------------------------------------------------ */

static void
test_replies_in_order(void)
{
    rig g = open_rig(1);
    GIVE(0, REPLY(0, 1), REPLY(0, 2));
    GIVE(0, REPLY(0, 3));
    start(&g, 0, 3, false);
    turn(&g);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ_INT(got(&g, (size_t)i), i + 1);
        CHECK_EQ_INT(g.order[i], i);
        CHECK_EQ_INT(taken(0, (unsigned)i), i);
    }
    CHECK_EQ_INT(fake.n_opened, 1);
    close_rig(&g);
}

/* Three replies, cut into two at every byte, and byte by byte. */
static void
test_every_cut(void)
{
    static const uint8_t replies[] = {REPLY(0, 1), REPLY(0, 2), REPLY(0, 3)};
    for (size_t cut = 0; cut <= sizeof replies; cut++) {
        rig g = open_rig(1);
        kit_note("cut at %zu", cut);
        start(&g, 0, 3, false);
        turn(&g);
        for (size_t i = 0; cut == 0 && i < sizeof replies; i++) {
            add_step(0, FAKE_GIVE, replies + i, 1);
        }
        if (cut > 0) {
            add_step(0, FAKE_GIVE, replies, cut);
            add_step(0, FAKE_WAIT, NULL, 0);
        }
        if (cut > 0 && cut < sizeof replies) {
            add_step(0, FAKE_GIVE, replies + cut, sizeof replies - cut);
        }
        for (int i = 0; i < 20; i++) {
            turn(&g);
        }
        for (int i = 0; i < 3; i++) {
            CHECK_EQ_INT(got(&g, (size_t)i), i + 1);
        }
        close_rig(&g);
    }
    kit_note(NULL);
}

static void
test_large_reply(void)
{
    enum { BIG = 3 << 20 };
    static uint8_t big[8 + BIG];
    memcpy(big, (uint8_t[]){2, 3, 0, 0, 0, BIG >> 16, 0, 0, 22}, 9);
    big[17] = 1;
    big[8 + BIG - 1] = 77;
    rig g = open_rig(1);
    start(&g, 0, 3, false);
    GIVE(0, REPLY(0, 1));
    add_step(0, FAKE_GIVE, big, sizeof big);
    GIVE(0, REPLY(0, 3));
    for (int i = 0; i < 10; i++) {
        turn(&g);
    }
    const asc_buf *in = &asc_call_request(g.calls[1])->in;
    CHECK_EQ_INT(got(&g, 0), 1);
    CHECK_EQ_INT(got(&g, 2), 3);
    CHECK_EQ_INT(g.errs[1].code, ASC_OK);
    CHECK_EQ_INT(in->len, sizeof big);
    CHECK(in->len == sizeof big && memcmp(in->data, big, sizeof big) == 0);
    close_rig(&g);
}

/* A size is a claim: memory is taken as bytes come. */
static void
test_size_that_lies(void)
{
    rig g = open_rig(1);
    start(&g, 0, 2, false);
    GIVE(0, 2, 3, 0, 0, 7, 0, 0, 0, 22, 0, 0, 0);
    turn(&g);
    CHECK(asc_call_request(g.calls[0])->in.cap <= (2u << 20));
    pass(&g, 300); /* silence of the one whose turn it is ends the line */
    check_failed(&g, 0, ASC_ERR_TIMEOUT, "no whole reply within socket_timeout");
    check_failed(&g, 1, ASC_ERR_CONNECTION, "an earlier request on it had no reply");
    close_rig(&g);
}

/* --- replies that are late -------------------------------------------------------- */

static void
test_reply_after_timeout(void)
{
    rig g = open_rig(4);
    submit_short(&g, 0);
    start(&g, 1, 2, false);
    turn(&g);
    pass(&g, 100);
    check_failed(&g, 0, ASC_ERR_TIMEOUT, "no reply within total_timeout, 100 ms");
    CHECK_EQ_INT(got(&g, 1), -1);
    GIVE(0, REPLY(0, 1), REPLY(0, 2));
    pass(&g, 50);
    CHECK_EQ_INT(got(&g, 1), 2); /* and not 1, which nobody wants any more */
    start(&g, 2, 3, false);
    turn(&g);
    GIVE(0, REPLY(0, 3));
    turn(&g);
    CHECK_EQ_INT(got(&g, 2), 3); /* the line is as good as ever */
    CHECK_EQ_INT(fake.n_opened, 1);
    close_rig(&g);
}

/* Without timeout_delay the line takes no more requests, and closes when those that are
 * on it have ended, whatever they get. */
static void
test_late_without_delay(void)
{
    rig g = open_rig(4);
    prepare(&g, 0)->timing = (asc_timing){.total_timeout_ms = 100};
    submit(&g, 0);
    start(&g, 1, 2, false);
    turn(&g);
    pass(&g, 100);
    check_failed(&g, 0, ASC_ERR_TIMEOUT, "total_timeout");
    start(&g, 2, 3, false);
    GIVE(1, REPLY(0, 3));
    turn(&g);
    CHECK_EQ_INT(got(&g, 2), 3);
    CHECK_EQ_INT(fake.n_opened, 2);
    CHECK_EQ_INT(taken(1, 0), 2);
    pass(&g, 250); /* the silence of the second one, which is not its turn */
    check_failed(&g, 1, ASC_ERR_TIMEOUT, "socket_timeout");
    CHECK(fake.peers[0].closed);
    CHECK(!fake.peers[1].closed);
    close_rig(&g);
}

/* The reply is half there when the time is up: its rest is counted off. */
static void
test_half_a_reply_at_timeout(void)
{
    static const uint8_t reply[] = {REPLY(0, 1)};
    for (size_t cut = 1; cut < sizeof reply; cut++) {
        rig g = open_rig(4);
        kit_note("cut at %zu", cut);
        prepare(&g, 0)->timing =
            (asc_timing){.total_timeout_ms = 100, .timeout_delay_ms = 3000};
        submit(&g, 0);
        start(&g, 1, 2, false);
        turn(&g);
        add_step(0, FAKE_GIVE, reply, cut);
        pass(&g, 90);
        pass(&g, 10);
        CHECK_EQ_INT(got(&g, 0), -2);
        add_step(0, FAKE_GIVE, reply + cut, sizeof reply - cut);
        GIVE(0, REPLY(0, 2));
        pass(&g, 10);
        CHECK_EQ_INT(got(&g, 1), 2);
        close_rig(&g);
    }
    kit_note(NULL);
}

/* Silence to the one whose turn it is ends the line: the others fail by themselves. */
static void
test_silence_ends_the_line(void)
{
    rig g = open_rig(4);
    start(&g, 0, 1, true);
    prepare(&g, 1)->timing.max_retries = 1;
    submit(&g, 1);
    prepare(&g, 2)->timing.socket_timeout_ms = 0;
    asc_call_request(g.calls[2])->writes = true;
    submit(&g, 2);
    turn(&g);
    GIVE(1, REPLY(0, 2));
    pass(&g, 299);
    CHECK_EQ_INT(g.n_ended, 0);
    pass(&g, 1);
    check_failed(&g, 0, ASC_ERR_TIMEOUT, "no reply within socket_timeout, 300 ms");
    CHECK(g.errs[0].in_doubt);
    check_failed(&g, 2, ASC_ERR_CONNECTION, "had no reply within its socket_timeout");
    CHECK(g.errs[2].in_doubt);
    CHECK_EQ_INT(got(&g, 1), 2); /* a read goes again */
    CHECK_EQ_INT(fake.n_opened, 2);
    CHECK(fake.peers[0].closed);
    CHECK_EQ_INT(atomic_load(&g.cluster->nodes[0]->errors), 1);
    close_rig(&g);
}

/* A slow reply stands in front of a fast one, which does not wait forever: it goes
 * again on another line, and the slow one is not disturbed. */
static void
test_slow_reply_in_front(void)
{
    rig g = open_rig(4);
    prepare(&g, 0)->timing = (asc_timing){.total_timeout_ms = 5000};
    submit(&g, 0);
    prepare(&g, 1)->timing = (asc_timing){
        .total_timeout_ms = 5000, .socket_timeout_ms = 100, .max_retries = 1};
    submit(&g, 1);
    turn(&g);
    GIVE(1, REPLY(0, 2));
    pass(&g, 100);
    CHECK_EQ_INT(got(&g, 1), 2);
    CHECK_EQ_INT(got(&g, 0), -1);
    CHECK_EQ_INT(fake.n_opened, 2);
    start(&g, 2, 3, false); /* others avoid the slow line as well */
    turn(&g);
    GIVE(1, REPLY(0, 3));
    turn(&g);
    CHECK_EQ_INT(got(&g, 2), 3);
    GIVE(0, REPLY(0, 1), REPLY(0, 99));
    pass(&g, 2000);
    CHECK_EQ_INT(got(&g, 0), 1);
    close_rig(&g);
}

/* A write that takes long keeps reads and writes apart: the next ones of both kinds
 * have lines of their own, so that another slow write stands in front of no read. */
static void
test_reads_do_not_stand_behind_slow_writes(void)
{
    rig g = open_rig(8);
    start(&g, 0, 1, true);
    turn(&g);
    pass(&g, 30);
    start(&g, 1, 2, false);
    start(&g, 2, 3, true);
    turn(&g);
    CHECK_EQ_INT(fake.n_opened, 3);
    start(&g, 3, 4, false);
    start(&g, 4, 5, true);
    turn(&g);
    CHECK_EQ_INT(fake.n_opened, 3);
    GIVE(1, REPLY(0, 1), REPLY(0, 3));
    turn(&g);
    CHECK_EQ_INT(got(&g, 1), 1);
    CHECK_EQ_INT(got(&g, 3), 3);
    GIVE(2, REPLY(0, 2), REPLY(0, 4));
    GIVE(0, REPLY(0, 0));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 0);
    CHECK_EQ_INT(got(&g, 2), 2);
    CHECK_EQ_INT(got(&g, 4), 4);
    pass(&g, 10000); /* it is forgotten: one line is enough */
    start(&g, 5, 6, false);
    start(&g, 6, 7, true);
    turn(&g);
    CHECK_EQ_INT(fake.n_opened, 3);
    close_rig(&g);
}

/* Each reply is a sign of life to all that wait behind it. */
static void
test_life_puts_off_silence(void)
{
    rig g = open_rig(4);
    start(&g, 0, 3, false);
    turn(&g);
    for (uint8_t i = 0; i < 3; i++) {
        static uint8_t replies[3][30];
        memcpy(replies[i], (uint8_t[]){REPLY(0, 0)}, 30);
        replies[i][17] = i;
        pass(&g, 250);
        add_step(0, FAKE_GIVE, replies[i], 30);
        turn(&g);
        CHECK_EQ_INT(got(&g, i), i);
    }
    close_rig(&g);
}

/* --- connections that fail -------------------------------------------------------- */

/* With n replies owed: what has left is in doubt, or goes again as its policy says;
 * what has not goes again as if nothing had been. */
static void
test_cut_with_replies_owed(void)
{
    rig g = open_rig(4);
    start(&g, 0, 3, true);
    prepare(&g, 3)->timing.max_retries = 1;
    submit(&g, 3);
    start(&g, 4, 6, true);
    add_step(0, FAKE_TAKE, NULL, 5 * 30 - 10); /* four, and most of the fifth */
    add_step(0, FAKE_WAIT, NULL, 0);
    GIVE(0, REPLY(0, 1));
    add_step(0, FAKE_CUT, NULL, 0);
    turn(&g);
    GIVE(1, REPLY(0, 6), REPLY(0, 4));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    check_failed(&g, 1, ASC_ERR_CONNECTION, "the node");
    check_failed(&g, 2, ASC_ERR_CONNECTION, "the node");
    check_failed(&g, 4, ASC_ERR_CONNECTION, "the node");
    CHECK(g.errs[1].in_doubt && g.errs[2].in_doubt && g.errs[4].in_doubt);
    CHECK_EQ_INT(taken(1, 0), 5); /* of it nothing had left */
    CHECK_EQ_INT(got(&g, 5), 6);
    CHECK_EQ_INT(got(&g, 3), 4);
    CHECK_EQ_INT(atomic_load(&g.cluster->nodes[0]->errors), 1);
    close_rig(&g);
}

static void
test_connection_refused(void)
{
    rig g = open_rig(4);
    add_step(0, FAKE_REFUSE, NULL, 0);
    prepare(&g, 0)->timing.max_retries = 1;
    submit(&g, 0);
    start(&g, 1, 2, true);
    GIVE(1, REPLY(0, 1));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    check_failed(&g, 1, ASC_ERR_CONNECTION, "cannot connect");
    CHECK(!g.errs[1].in_doubt);
    CHECK_EQ_INT(g.errs[1].phase, ASC_PHASE_CONNECT);
    close_rig(&g);
}

/* A node that does not accept: each call waits for as long as its own policy says. */
static void
test_connection_hangs(void)
{
    rig g = open_rig(4);
    add_step(0, FAKE_HANG, NULL, 0);
    prepare(&g, 0)->timing.connect_timeout_ms = 100;
    submit(&g, 0);
    start(&g, 1, 2, true);
    turn(&g);
    pass(&g, 100);
    check_failed(&g, 0, ASC_ERR_TIMEOUT, "the node does not accept");
    CHECK_EQ_INT(got(&g, 1), -1);
    pass(&g, 200);
    check_failed(&g, 1, ASC_ERR_TIMEOUT, "the node does not accept");
    CHECK(!g.errs[1].in_doubt);
    pass(&g, 2000);
    CHECK(fake.peers[0].closed);
    close_rig(&g);
}

/* Calls that follow each other do not keep a line that nobody can connect. */
static void
test_connection_hangs_for_one_after_another(void)
{
    rig g = open_rig(4);
    add_step(0, FAKE_HANG, NULL, 0);
    for (size_t i = 0; i < 4; i++) {
        prepare(&g, i)->timing =
            (asc_timing){.total_timeout_ms = 1000, .socket_timeout_ms = 30000};
        submit(&g, i);
        turn(&g);
        CHECK_EQ_INT(fake.n_opened, 1);
        pass(&g, 600);
    }
    GIVE(1, REPLY(0, 4));
    prepare(&g, 4)->timing = (asc_timing){.total_timeout_ms = 1000};
    submit(&g, 4);
    turn(&g);
    CHECK_EQ_INT(got(&g, 4), 4);
    CHECK_EQ_INT(fake.n_opened, 2);
    CHECK(!fake.peers[0].closed);
    pass(&g, 1000);
    check_failed(&g, 3, ASC_ERR_TIMEOUT, "the node does not accept");
    CHECK(fake.peers[0].closed);
    close_rig(&g);
}

/* The node has closed a line that was quiet: nobody notices. */
static void
test_stale_line(void)
{
    rig g = open_rig(4);
    start(&g, 0, 1, true);
    GIVE(0, REPLY(0, 1));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    fake.peers[0].refuses_idle = true;
    GIVE(1, REPLY(0, 2));
    g.now_ms += 60;
    start(&g, 1, 2, true);
    turn(&g);
    CHECK_EQ_INT(got(&g, 1), 2);
    CHECK_EQ_INT(fake.n_opened, 2);
    CHECK_EQ_INT(fake.peers[0].n_taken, 30);
    CHECK_EQ_INT(atomic_load(&g.cluster->nodes[0]->errors), 0);
    close_rig(&g);
}

/* Likewise when poll() says so, before there is a request. */
static void
test_line_closed_while_quiet(void)
{
    rig g = open_rig(4);
    start(&g, 0, 1, true);
    GIVE(0, REPLY(0, 1));
    turn(&g);
    add_step(0, FAKE_CUT, NULL, 0);
    pass(&g, 10);
    CHECK(fake.peers[0].closed);
    CHECK_EQ_INT(atomic_load(&g.cluster->nodes[0]->errors), 0);
    GIVE(1, REPLY(0, 2));
    start(&g, 1, 2, true);
    turn(&g);
    CHECK_EQ_INT(got(&g, 1), 2);
    close_rig(&g);
}

/* --- replies that are none -------------------------------------------------------- */

static void
test_malformed_replies(void)
{
    static const struct {
        const char *name, *message;
        uint8_t bytes[40];
        size_t size;
    } rows[] = {
        {"another version", "version", {9, 3, 0, 0, 0, 0, 0, 22}, 8},
        {"another type",
         "it is of another type than the request",
         {2, 1, 0, 0, 0, 0, 0, 22},
         8},
        {"compressed",
         "it is compressed, which nobody has asked for",
         {2, 4, 0, 0, 0, 0, 0, 22},
         8},
        {"a size that cannot be", "", {2, 3, 0, 0xff, 0, 0, 0, 22}, 8},
        {"no whole message",
         "malformed reply",
         {2, 3, 0, 0, 0, 0, 0, 4, 22, 0, 0, 0},
         12},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig g = open_rig(1);
        kit_note("%s", rows[i].name);
        start(&g, 0, 2, true);
        prepare(&g, 2)->timing.max_retries = 1;
        submit(&g, 2);
        add_step(0, FAKE_GIVE, rows[i].bytes, rows[i].size);
        GIVE(0, REPLY(0, 2), REPLY(0, 3)); /* nobody may get these */
        GIVE(1, REPLY(0, 33));
        turn(&g);
        CHECK(g.errs[0].code == ASC_ERR_CLIENT && g.errs[0].in_doubt);
        CHECK_HAS(g.errs[0].message, rows[i].message);
        CHECK(g.errs[1].code == ASC_ERR_CONNECTION && g.errs[1].in_doubt);
        CHECK_HAS(g.errs[1].message, "an earlier request on it had a malformed reply");
        CHECK_EQ_INT(got(&g, 2), 33);
        CHECK(fake.peers[0].closed);
        CHECK_EQ_INT(atomic_load(&g.cluster->nodes[0]->errors), 1);
        close_rig(&g);
    }
    kit_note(NULL);
}

/* Bytes that nobody has asked for: before there is a request, behind the last reply,
 * and for a request that has not left. */
static void
test_nothing_was_asked(void)
{
    rig g = open_rig(4);
    start(&g, 0, 1, true);
    GIVE(0, REPLY(0, 1), REPLY(0, 2));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    CHECK(fake.peers[0].closed);
    start(&g, 1, 2, true);
    GIVE(1, REPLY(0, 3));
    turn(&g);
    CHECK_EQ_INT(got(&g, 1), 3);
    GIVE(1, REPLY(0, 4));
    turn(&g);
    CHECK(fake.peers[1].closed);
    start(&g, 2, 4, true);
    add_step(2, FAKE_TAKE, NULL, 40);
    add_step(2, FAKE_WAIT, NULL, 0);
    GIVE(2, REPLY(0, 5), REPLY(0, 6));
    add_step(2, FAKE_HANG, NULL, 0);
    turn(&g);
    CHECK_EQ_INT(got(&g, 2), 5);
    CHECK(g.ended[3] && g.errs[3].code != ASC_OK && g.errs[3].in_doubt);
    close_rig(&g);
}

/* A result code of the server is a proper answer, and the line goes on. */
static void
test_result_codes(void)
{
    rig g = open_rig(1);
    start(&g, 0, 1, true);
    prepare(&g, 1)->timing.max_retries = 1;
    submit(&g, 1);
    start(&g, 2, 3, true);
    GIVE(0, REPLY(5, 1), REPLY(18, 2), REPLY(0, 3));
    GIVE(0, REPLY(0, 22));
    turn(&g);
    check_failed(&g, 0, 5, "");
    CHECK(!g.errs[0].in_doubt);
    CHECK_EQ_INT(got(&g, 2), 3);
    CHECK_EQ_INT(got(&g, 1), 22); /* the server was busy */
    CHECK_EQ_INT(fake.n_opened, 1);
    close_rig(&g);
}

/* --- sending ---------------------------------------------------------------------- */

/* Requests of 30000 bytes, of which the socket takes no more than 40000: three are
 * copied, one is not. What is not copied can be taken back without a trace. */
static void
test_full_send_buffer(void)
{
    rig g = open_rig(1);
    for (size_t i = 0; i < 6; i++) {
        asc_request *req = prepare(&g, i);
        req->writes = true;
        req->timing.socket_timeout_ms = 0;
        req->out.data[6] = 30000 >> 8;
        req->out.data[7] = (uint8_t)(30000 - 8);
        CHECK(asc_buf_grow(&req->out, 30000));
        memset(req->out.data + 30, 0, 30000 - 30);
        req->out.len = 30000;
        submit(&g, i);
    }
    add_step(0, FAKE_TAKE, NULL, 40000);
    for (int i = 0; i < 20; i++) {
        add_step(0, FAKE_WAIT, NULL, 0);
    }
    asc_loop_step(g.loop, g.now_ms);
    asc_loop_step(g.loop, g.now_ms);
    CHECK_EQ_INT(fake.peers[0].n_taken, 40000);
    CHECK(!abandon(&g, 4)); /* not copied */
    CHECK(abandon(&g, 2));  /* copied, not sent: it will be */
    CHECK(abandon(&g, 1));  /* partly sent */
    turn(&g);
    turn(&g);
    turn(&g);
    CHECK_EQ_INT(fake.peers[0].n_taken, 5 * 30000);
    GIVE(0, REPLY(0, 1), REPLY(0, 2), REPLY(0, 3));
    GIVE(0, REPLY(0, 4), REPLY(0, 6));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    CHECK_EQ_INT(got(&g, 3), 4);
    CHECK_EQ_INT(got(&g, 5), 6);
    close_rig(&g);
}

/* --- giving up -------------------------------------------------------------------- */

static void
test_abandon_in_each_state(void)
{
    static const struct {
        const char *name;
        size_t n_given; /* bytes of the first reply, when the second call is given up */
        bool turned, in_doubt;
    } rows[] = {
        {"not stepped", 0, false, false},  {"sent", 0, true, true},
        {"half a header", 34, true, true}, {"header", 38, true, true},
        {"half a reply", 45, true, true},  {"but for a byte", 59, true, true},
    };
    static const uint8_t replies[] = {REPLY(0, 1), REPLY(0, 2), REPLY(0, 3)};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int writes = 0; writes < 2; writes++) {
            size_t n = rows[i].n_given;
            rig g = open_rig(1);
            kit_note("%s, writes: %d", rows[i].name, writes);
            start(&g, 0, 3, writes);
            if (rows[i].turned) {
                turn(&g);
            }
            if (n > 0) {
                add_step(0, FAKE_GIVE, replies, n);
                turn(&g);
            }
            CHECK_EQ_INT(abandon(&g, 1), writes && rows[i].in_doubt);
            turn(&g);
            if (rows[i].turned) {
                add_step(0, FAKE_GIVE, replies + n, sizeof replies - n);
            }
            else {
                add_step(0, FAKE_GIVE, replies, 30);
                add_step(0, FAKE_GIVE, replies + 60, 30);
            }
            turn(&g);
            CHECK_EQ_INT(got(&g, 0), 1);
            CHECK_EQ_INT(got(&g, 1), -1);
            CHECK_EQ_INT(got(&g, 2), 3);
            close_rig(&g);
        }
    }
    kit_note(NULL);
}

/* A call that is given up may be used again at once; the line owes it two replies
 * then. */
static void
test_abandoned_call_is_free(void)
{
    rig g = open_rig(1);
    start(&g, 0, 1, true);
    turn(&g);
    CHECK(abandon(&g, 0));
    start(&g, 0, 1, true);
    turn(&g);
    GIVE(0, REPLY(0, 1));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), -1);
    GIVE(0, REPLY(0, 2));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 2);
    close_rig(&g);
}

/* The end is known, and nobody has taken it. */
static void
test_abandon_what_has_ended(void)
{
    for (uint8_t result = 0; result < 6; result += 5) {
        static uint8_t reply[30];
        rig g = open_rig(1);
        memcpy(reply, (uint8_t[]){REPLY(0, 1)}, 30);
        reply[13] = result;
        add_step(0, FAKE_GIVE, reply, 30);
        start(&g, 0, 1, true);
        for (int i = 0; i < 4; i++) {
            asc_loop_step(g.loop, g.now_ms);
        }
        CHECK_EQ_INT(abandon(&g, 0), result == 0);
        CHECK(asc_loop_take(g.loop) == NULL);
        close_rig(&g);
    }
}

/* The reply to a call that was given up is waited for only so long: then others avoid
 * the line, and it is closed as soon as nobody travels on it. */
static void
test_abandoned_reply_never_comes(void)
{
    rig g = open_rig(4);
    prepare(&g, 0)->timing.socket_timeout_ms = 0;
    submit(&g, 0);
    turn(&g);
    CHECK(!abandon(&g, 0)); /* it reads */
    pass(&g, 999);
    CHECK(!fake.peers[0].closed);
    pass(&g, 1);
    CHECK(fake.peers[0].closed);
    CHECK_EQ_INT(atomic_load(&g.cluster->nodes[0]->errors), 0);
    close_rig(&g);
}

/* A call with a connection of its own: the connection is closed. */
static void
test_abandon_alone(void)
{
    rig g = open_rig(4);
    prepare(&g, 0)->alone = true;
    submit(&g, 0);
    turn(&g);
    CHECK_EQ_INT(taken(0, 0), 0);
    abandon(&g, 0);
    CHECK(fake.peers[0].closed);
    close_rig(&g);
}

/* A loop that is freed gives up everything. */
static void
test_free_with_calls(void)
{
    rig g = open_rig(4);
    start(&g, 0, 2, true);
    prepare(&g, 2)->alone = true;
    submit(&g, 2);
    turn(&g);
    start(&g, 3, 4, true);
    close_rig(&g);
}

/* --- pools ------------------------------------------------------------------------ */

/* Requests that say so, and large ones, have a connection of their own. */
static void
test_alone(void)
{
    rig g = open_rig(4);
    start(&g, 0, 1, false);
    prepare(&g, 1)->alone = true;
    submit(&g, 1);
    GIVE(0, REPLY(0, 1));
    GIVE(1, REPLY(0, 2));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    CHECK_EQ_INT(got(&g, 1), 2);
    asc_request *req = prepare(&g, 2);
    CHECK(asc_buf_grow(&req->out, 40000));
    memset(req->out.data + 30, 0, 40000 - 30);
    req->out.len = 40000;
    submit(&g, 2);
    turn(&g);
    CHECK_EQ_INT(fake.peers[1].n_taken, 30 + 40000); /* the one that was given back */
    GIVE(1, REPLY(0, 3));
    turn(&g);
    CHECK_EQ_INT(got(&g, 2), 3);
    CHECK_EQ_INT(fake.n_opened, 2);
    close_rig(&g);
}

/* A line that owes nothing makes room for a call that wants a connection to itself. */
static void
make_room(bool has_bytes, unsigned n_opened)
{
    rig g = open_rig(1);
    start(&g, 0, 1, false);
    GIVE(0, REPLY(0, 1));
    fake.peers[0].refuses_idle = has_bytes;
    turn(&g);
    prepare(&g, 1)->alone = true;
    submit(&g, 1);
    turn(&g);
    GIVE(n_opened - 1, REPLY(0, 2));
    turn(&g);
    CHECK_EQ_INT(got(&g, 1), 2);
    CHECK_EQ_INT(fake.n_opened, n_opened);
    close_rig(&g);
}

/* Its connection serves the other call at once. */
static void
test_idle_line_makes_room(void)
{
    make_room(false, 1);
}

/* It does not hand on bytes that nobody asked for, which lie there unread. */
static void
test_idle_line_with_bytes_makes_room(void)
{
    make_room(true, 2);
}

/* One that owes something does not, and nobody may wait. */
static void
test_busy_line_and_full_pool(void)
{
    rig g = open_rig(1);
    start(&g, 0, 1, false);
    turn(&g);
    prepare(&g, 1)->alone = true;
    submit(&g, 1);
    turn(&g);
    check_failed(&g, 1, ASC_ERR_NO_CONNECTIONS, "all 1 connections");
    GIVE(0, REPLY(0, 1));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    close_rig(&g);
}

/* With pool_timeout calls wait. The line takes no more requests while one does; then
 * that one has the connection, and when it comes back it is a line for all the
 * others. */
static void
test_waiting_for_the_connection(void)
{
    rig g = open_rig(1);
    g.cluster->nodes[0]->pool.timeout_ms = 500;
    start(&g, 0, 1, false);
    turn(&g);
    prepare(&g, 1)->alone = true;
    submit(&g, 1);
    turn(&g);
    CHECK_EQ_INT(got(&g, 1), -1);
    start(&g, 2, 3, false); /* the line has not noticed yet */
    turn(&g);
    start(&g, 3, 6, false); /* these wait, too */
    turn(&g);
    CHECK_EQ_INT(fake.peers[0].n_taken, 60);
    GIVE(0, REPLY(0, 1), REPLY(0, 3));
    turn(&g);
    CHECK_EQ_INT(fake.peers[0].n_taken, 90);
    CHECK_EQ_INT(taken(0, 2), 1);
    GIVE(0, REPLY(0, 2));
    turn(&g);
    CHECK_EQ_INT(got(&g, 1), 2);
    CHECK_EQ_INT(fake.peers[0].n_taken, 180);
    GIVE(0, REPLY(0, 4), REPLY(0, 5), REPLY(0, 6));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0) + got(&g, 2), 1 + 3);
    CHECK_EQ_INT(got(&g, 3) + got(&g, 4) + got(&g, 5), 4 + 5 + 6);
    CHECK_EQ_INT(fake.n_opened, 1);
    close_rig(&g);
}

static void
test_waiting_in_vain(void)
{
    rig g = open_rig(1);
    g.cluster->nodes[0]->pool.timeout_ms = 50;
    start(&g, 0, 1, false);
    turn(&g);
    prepare(&g, 1)->alone = true;
    submit(&g, 1);
    prepare(&g, 2)->alone = true;
    submit(&g, 2);
    turn(&g);
    CHECK(!abandon(&g, 2));
    pass(&g, 50);
    check_failed(&g, 1, ASC_ERR_NO_CONNECTIONS, "none came free within pool_timeout");
    close_rig(&g);
}

/* A request that is to be compressed, or whose reply may be, has a connection of its
 * own. A large one is compressed slice by slice, and other calls go on between them. */
static void
test_compression_is_alone(void)
{
    enum { LARGE = 4 << 20 };
    rig g = open_rig(4);
    start(&g, 0, 1, false);
    prepare(&g, 1)->compress_above = 1000;
    submit(&g, 1);
    turn(&g);
    GIVE(0, REPLY(0, 1));
    GIVE(1, REPLY(0, 2));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    CHECK_EQ_INT(got(&g, 1), 2);
    CHECK_EQ_INT(fake.n_opened, 2);
    asc_request *req = prepare(&g, 2);
    req->compress_above = 1000;
    CHECK(asc_buf_grow(&req->out, LARGE));
    for (size_t i = 30; i < LARGE; i++) {
        req->out.data[i] = (uint8_t)(i * i >> 7);
    }
    req->out.data[5] = (LARGE - 8) >> 16 & 0xFF;
    req->out.data[6] = 0xFF;
    req->out.data[7] = 0xF8;
    req->out.len = LARGE;
    submit(&g, 2);
    asc_loop_step(g.loop, g.now_ms);
    asc_exchange_state state = g.calls[2]->exchange.state;
    if (state != ASC_EXCHANGE_COMPRESS) {
        take_all(&g); /* the library is built without zlib */
        check_failed(&g, 2, ASC_ERR_CLIENT, "zlib");
        close_rig(&g);
        return;
    }
    CHECK_EQ_INT(asc_loop_wake_ms(g.loop), g.now_ms);
    start(&g, 0, 1, false);
    for (int i = 0; i < 1000 && fake.peers[1].n_taken <= 60; i++) {
        asc_loop_step(g.loop, g.now_ms);
    }
    CHECK_EQ_INT(fake.peers[1].taken[31], ASC_PROTO_COMPRESSED);
    GIVE(0, REPLY(0, 5));
    GIVE(1, REPLY(0, 6));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 5);
    CHECK_EQ_INT(got(&g, 2), 6);
    close_rig(&g);
}

/* Bytes follow the last reply on a line for whose connection somebody waits: he does
 * not get that one. */
static void
test_wanted_line_with_something_left(void)
{
    rig g = open_rig(1);
    g.cluster->nodes[0]->pool.timeout_ms = 500;
    start(&g, 0, 1, false);
    turn(&g);
    prepare(&g, 1)->alone = true;
    submit(&g, 1);
    turn(&g);
    GIVE(0, REPLY(0, 1), 2);
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    CHECK(fake.peers[0].closed);
    GIVE(1, REPLY(0, 2));
    turn(&g);
    CHECK_EQ_INT(got(&g, 1), 2);
    close_rig(&g);
}

/* Two loops share a pool of one connection, which the first one does not keep. */
static void
test_two_loops_and_one_connection(void)
{
    rig g = open_rig(1), h = {.cluster = g.cluster, .now_ms = BEGIN};
    asc_error err;
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_loop_open(&h.loop, h.cluster, &err), ASC_OK);
    start(&g, 0, 1, false);
    GIVE(0, REPLY(0, 1));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    start(&h, 0, 1, false);
    turn(&h);
    GIVE(0, REPLY(0, 2));
    turn(&h);
    CHECK_EQ_INT(got(&h, 0), 2);
    asc_loop_free(h.loop);
    asc_call_free(h.calls[0]);
    close_rig(&g);
}

/* While a node owes many replies, the requests that come gather and leave together. */
static void
test_requests_gather(void)
{
    rig g = open_rig(1);
    const size_t *n_taken = &fake.peers[0].n_taken;
    start(&g, 0, 9, true);
    turn(&g);
    CHECK_EQ_INT(*n_taken, 9 * 30);
    start(&g, 9, 10, true); /* 9 are owed, more than 8 times what waits */
    turn(&g);
    CHECK_EQ_INT(*n_taken, 9 * 30);
    CHECK(!abandon(&g, 9)); /* nothing of it has left */
    start(&g, 10, 11, true);
    turn(&g);
    CHECK_EQ_INT(*n_taken, 9 * 30);
    start(&g, 11, 12, true);
    turn(&g);
    CHECK_EQ_INT(*n_taken, 11 * 30);
    start(&g, 12, 13, true);
    turn(&g);
    CHECK_EQ_INT(*n_taken, 11 * 30);
    GIVE(0, REPLY(0, 1));
    GIVE(0, REPLY(0, 2));
    turn(&g);
    CHECK_EQ_INT(*n_taken, 11 * 30); /* 9 are left */
    GIVE(0, REPLY(0, 3));
    turn(&g);
    CHECK_EQ_INT(*n_taken, 12 * 30);
    CHECK_EQ_INT(g.n_ended, 3);
    close_rig(&g);
}

/* Lines come with the load, and go when they are not needed. */
static void
test_number_of_lines(void)
{
    rig g = open_rig(10);
    asc_pool *pool = &g.cluster->nodes[0]->pool;
    start(&g, 0, 1, false);
    turn(&g);
    CHECK_EQ_INT(pool->n_open, 1);
    start(&g, 1, 17, false);
    turn(&g);
    start(&g, 17, 20, false);
    turn(&g);
    CHECK(pool->n_open >= 2 && pool->n_open <= 4);
    static const uint8_t reply[] = {REPLY(0, 1)};
    size_t n = fake.n_opened;
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < fake.peers[i].n_taken / 30; k++) {
            add_step(i, FAKE_GIVE, reply, sizeof reply);
        }
    }
    turn(&g);
    turn(&g);
    turn(&g);
    CHECK_EQ_INT(g.n_ended, 20);
    CHECK_EQ_INT(asc_pool_n_idle(pool), 0);
    pass(&g, 999);
    CHECK_EQ_INT(asc_pool_n_idle(pool), 0);
    pass(&g, 1);
    CHECK_EQ_INT(asc_pool_n_idle(pool), n);
    close_rig(&g);
}

/* --- repetition ------------------------------------------------------------------- */

/* The next copy is asked when a node does not accept. */
static void
test_other_replica(void)
{
    rig g = open_rig(4);
    add_step(0, FAKE_REFUSE, NULL, 0);
    asc_request *req = prepare(&g, 0);
    req->replica = ASC_REPLICA_SEQUENCE;
    req->timing.max_retries = 2;
    submit(&g, 0);
    GIVE(1, REPLY(0, 1));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    CHECK_EQ_INT(fake.ports[0], 3001);
    CHECK_EQ_INT(fake.ports[1], 3002);
    close_rig(&g);
}

static void
test_pause_between_retries(void)
{
    rig g = open_rig(4);
    asc_request *req = prepare(&g, 0);
    req->timing.max_retries = 1;
    req->timing.sleep_between_retries_ms = 100;
    submit(&g, 0);
    GIVE(0, REPLY(18, 0));
    turn(&g);
    CHECK_EQ_INT(asc_loop_wake_ms(g.loop), g.now_ms + 100);
    pass(&g, 99);
    CHECK_EQ_INT(taken(0, 1), -1);
    pass(&g, 1);
    GIVE(0, REPLY(0, 1));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    close_rig(&g);
}

static void
test_no_node(void)
{
    rig g = open_rig(4);
    prepare(&g, 0)->ns = "nowhere";
    submit(&g, 0);
    prepare(&g, 1)->node_name = "C";
    submit(&g, 1);
    turn(&g);
    check_failed(&g, 0, ASC_ERR_NAMESPACE, "nowhere");
    check_failed(&g, 1, ASC_ERR_INVALID_NODE, "node C");
    close_rig(&g);
}

/* --- logins ----------------------------------------------------------------------- */

/* A session for the node, whose token takes 16 bytes to show. */
static void
begin_session(rig *g)
{
    static const uint8_t token[16] = {2, 2, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0};
    uint8_t *request = asc_malloc(sizeof token);
    memcpy(request, token, sizeof token);
    asc_session *s = asc_session_new(request, sizeof token, UINT64_MAX);
    asc_pool_set_session(&g->cluster->nodes[0]->pool, s);
    asc_session_release(s);
}

/* What a node answers to a login. */
#define ADMITTED(result)                                                               \
    2, 2, 0, 0, 0, 0, 0, 16, 0, result, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

/* The node has forgotten the session: all that are on the line wait for a new one, and
 * none of them counts that as an attempt. */
static void
test_forgotten_session(void)
{
    rig g = open_rig(4);
    asc_pool *pool = &g.cluster->nodes[0]->pool;
    begin_session(&g);
    GIVE(0, ADMITTED(0));
    start(&g, 0, 3, true);
    turn(&g);
    CHECK_EQ_INT(fake.peers[0].n_taken, 16 + 90);
    GIVE(0, REPLY(80, 0), REPLY(80, 0), REPLY(0, 3));
    turn(&g);
    CHECK_EQ_INT(got(&g, 2), 3);
    CHECK(atomic_load(&pool->locked_out));
    CHECK(fake.peers[0].closed);
    pass(&g, 20);
    CHECK_EQ_INT(fake.n_opened, 1);
    begin_session(&g);
    GIVE(1, ADMITTED(0));
    pass(&g, 10);
    CHECK_EQ_INT(fake.peers[1].n_taken, 16 + 60);
    GIVE(1, REPLY(0, 1), REPLY(0, 2));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0) + got(&g, 1), 3);
    close_rig(&g);
}

/* The token is refused while the line is opened. */
static void
test_forgotten_token(void)
{
    rig g = open_rig(4);
    begin_session(&g);
    GIVE(0, ADMITTED(80));
    start(&g, 0, 2, true);
    turn(&g);
    CHECK(atomic_load(&g.cluster->nodes[0]->pool.locked_out));
    CHECK_EQ_INT(g.n_ended, 0);
    begin_session(&g);
    GIVE(1, ADMITTED(0));
    pass(&g, 10);
    GIVE(1, REPLY(0, 1), REPLY(0, 2));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0) + got(&g, 1), 3);
    close_rig(&g);
}

/* Nobody logs in. */
static void
test_no_login_in_time(void)
{
    rig g = open_rig(4);
    begin_session(&g);
    GIVE(0, ADMITTED(0));
    start(&g, 0, 1, true);
    turn(&g);
    GIVE(0, REPLY(80, 0));
    turn(&g);
    pass(&g, 1000);
    check_failed(&g, 0, ASC_ERR_TIMEOUT, "a new login has taken too long");
    CHECK(!g.errs[0].in_doubt);
    close_rig(&g);
}

/* --- sets ------------------------------------------------------------------------- */

static const asc_set_options one_frame = {.timing = {.total_timeout_ms = 1000,
                                                     .socket_timeout_ms = 300,
                                                     .timeout_delay_ms = 0},
                                          .gather = 0};

/* Begin a set of one request to each of these nodes, and submit it. */
static asc_set *
start_set(rig *g, const char *names)
{
    static const uint8_t message[30] = {2, 3, 0, 0, 0, 0, 0, 22, 22, 3};
    asc_set *s = asc_set_new();
    asc_error err;
    asc_part *p;
    asc_set_begin_at(s, g->cluster, &one_frame, NULL, g->now_ms);
    for (const char *n = names; *n != '\0'; n++) {
        const char name[2] = {*n, '\0'};
        CHECK_EQ_INT(asc_set_add_node(s, name, &err), ASC_OK);
    }
    while ((p = asc_set_unwritten(s)) != NULL) {
        CHECK(asc_buf_put(&p->req.out, message, sizeof message));
        p->reply = ASC_REPLY_RECORDS;
    }
    asc_loop_submit_set_at(g->loop, s, s, g->now_ms);
    return s;
}

/* Turn until the set is handed out. False: it is not. */
static bool
is_handed_out(rig *g, const asc_set *s)
{
    for (int i = 0; i < 8; i++) {
        asc_loop_step(g->loop, g->now_ms);
        if (asc_loop_take(g->loop) == s) {
            return true;
        }
    }
    return false;
}

/* While somebody reads what was taken, nothing is received, and that is no silence of
 * the nodes. */
static void
test_set_with_back_pressure(void)
{
    static frames f;
    rig g = open_rig(4);
    f.len = 0;
    frames_record(&f, frames_digest(1, 1), 0); /* for its length */
    f.len = 0;
    frames_open(&f);
    frames_record(&f, frames_digest(1, 1), 0);
    frames_close(&f);
    size_t size = f.len;
    frames_last(&f);
    add_step(0, FAKE_GIVE, f.data, size);
    asc_set *s = start_set(&g, "AB");
    CHECK(is_handed_out(&g, s));
    asc_part *p = asc_set_take(s);
    CHECK(p != NULL && p->size == size && !p->ended);
    CHECK_EQ_INT(g.loop->n_watched, 0);
    add_step(0, FAKE_GIVE, f.data + size, f.len - size);
    add_step(1, FAKE_GIVE, f.data, f.len);
    pass(&g, 800);
    CHECK_EQ_INT(fake.peers[0].at, 1);
    CHECK_EQ_INT(fake.peers[1].at, 0);
    unsigned n_ended = 0;
    while (!asc_set_is_done(s)) {
        asc_loop_submit_set_at(g.loop, s, s, g.now_ms);
        if (!CHECK(is_handed_out(&g, s))) {
            break;
        }
        while ((p = asc_set_take(s)) != NULL) {
            n_ended += p->ended;
            CHECK_EQ_INT(p->err.code, ASC_OK);
        }
    }
    CHECK_EQ_INT(n_ended, 2);
    asc_set_free(s);
    close_rig(&g);
}

static void
test_set_in_time(void)
{
    rig g = open_rig(4);
    asc_set *s = start_set(&g, "A");
    CHECK(!is_handed_out(&g, s));
    CHECK_EQ_INT(asc_loop_wake_ms(g.loop), g.now_ms + 300);
    g.now_ms += 300;
    CHECK(is_handed_out(&g, s));
    asc_part *p = asc_set_take(s);
    CHECK(p != NULL && p->ended && p->err.code == ASC_ERR_TIMEOUT);
    asc_set_free(s);
    close_rig(&g);
}

/* A set that is given up, handed out or not, and one whose loop goes first. */
static void
test_set_that_is_given_up(void)
{
    rig g = open_rig(4);
    asc_set *s = start_set(&g, "AB");
    asc_loop_step(g.loop, g.now_ms);
    CHECK(!asc_loop_abandon_set(g.loop, s));
    CHECK_EQ_INT(g.loop->n_watched, 0);
    CHECK_EQ_INT(fake.n_closed, 2);
    asc_set_free(s);
    s = start_set(&g, "AB");
    asc_loop_step(g.loop, g.now_ms);
    asc_set *handed = start_set(&g, "A");
    add_step(4, FAKE_CUT, NULL, 0);
    CHECK(is_handed_out(&g, handed));
    asc_loop_free(g.loop);
    g.loop = NULL;
    CHECK(asc_set_take(handed) != NULL);
    asc_set_free(handed);
    asc_set_free(s);
    close_rig(&g);
}

/* A set shares the pool with lines: an idle line makes room for it. */
static void
test_set_and_idle_line(void)
{
    static frames f;
    rig g = open_rig(1);
    start(&g, 0, 1, false);
    GIVE(0, REPLY(0, 1));
    turn(&g);
    asc_set *s = start_set(&g, "A");
    f.len = 0;
    frames_last(&f);
    asc_loop_step(g.loop, g.now_ms);
    add_step(0, FAKE_GIVE, f.data, f.len);
    CHECK(is_handed_out(&g, s));
    asc_part *p = asc_set_take(s);
    CHECK(p != NULL && p->ended && p->err.code == ASC_OK);
    asc_set_free(s);
    CHECK_EQ_INT(fake.n_opened, 1);
    close_rig(&g);
}

/* --- times and room --------------------------------------------------------------- */

/* Who comes back from a line that has ended still has the time of then. Those that
 * board the next line before it have none yet. */
static void
test_time_of_those_in_front(void)
{
    rig g = open_rig(4);
    start(&g, 0, 9, false);
    turn(&g);
    start(&g, 9, 10, false);
    turn(&g);
    CHECK_EQ_INT(fake.peers[0].n_taken, 9u * 30); /* the last one gathers */
    prepare(&g, 10)->timing = (asc_timing){.total_timeout_ms = 100};
    submit(&g, 10);
    add_step(0, FAKE_CUT, NULL, 0);
    add_step(1, FAKE_HANG, NULL, 0);
    turn(&g);
    CHECK(g.ended[0] && !g.ended[9] && !g.ended[10]);
    CHECK_EQ_INT(asc_loop_wake_ms(g.loop), BEGIN + 100);
    pass(&g, 100);
    check_failed(&g, 10, ASC_ERR_TIMEOUT, "total_timeout, 100 ms");
    close_rig(&g);
}

/* Whose time has come, and is put off, has a new one, whoever stands behind it. */
static void
test_time_that_is_put_off(void)
{
    rig g = open_rig(1);
    for (size_t i = 0; i < 19; i++) {
        prepare(&g, i)->timing = (asc_timing){.total_timeout_ms = 5000};
        if (i == 17) { /* the others' requests leave first */
            turn(&g);
            asc_call_request(g.calls[i])->timing.socket_timeout_ms = 300;
        }
        submit(&g, i);
    }
    turn(&g);
    CHECK_EQ_INT(fake.peers[0].n_taken, 17u * 30); /* the last two gather */
    GIVE(0, 2, 3, 0, 0);
    pass(&g, 299);
    g.now_ms++;
    asc_loop_step(g.loop, g.now_ms);
    CHECK_EQ_INT(asc_loop_wake_ms(g.loop), BEGIN + 599);
    close_rig(&g);
}

/* A node that is slower than the calls: what has left makes room. */
static void
test_output_does_not_grow(void)
{
    enum { N = 18, SIZE = 30000 };
    static const uint8_t more[SIZE - 30];
    rig g = open_rig(1);
    for (size_t i = 0; i < N; i++) {
        asc_request *req = prepare(&g, i);
        CHECK(asc_buf_put(&req->out, more, sizeof more));
        submit(&g, i);
        if (i > 0) {
            add_step(0, FAKE_WAIT, NULL, 0); /* nothing to receive */
        }
        add_step(0, FAKE_TAKE, NULL, SIZE);
        add_step(0, FAKE_WAIT, NULL, 0); /* no room to send */
    }
    for (int i = 0; i < N; i++) {
        asc_loop_step(g.loop, g.now_ms);
        CHECK(g.loop->stations[0].lines->out.cap <= (256u << 10));
    }
    CHECK_EQ_INT(fake.peers[0].n_taken, N * SIZE);
    close_rig(&g);
}

/* The reply that nobody wants any more is the last one that a line owes: others need
 * not wait until it is late. */
static void
test_line_after_its_last_marker(void)
{
    rig g = open_rig(1);
    g.cluster->nodes[0]->pool.timeout_ms = 500;
    start(&g, 0, 1, false);
    turn(&g);
    prepare(&g, 1)->alone = true;
    submit(&g, 1);
    turn(&g); /* it waits for the connection, since somebody travels on that */
    abandon(&g, 0);
    turn(&g);
    CHECK_EQ_INT(got(&g, 1), -1);
    GIVE(0, REPLY(0, 1));
    pass(&g, 50);
    CHECK_EQ_INT(taken(0, 1), 1);
    GIVE(0, REPLY(0, 2));
    turn(&g);
    CHECK_EQ_INT(got(&g, 1), 2);
    close_rig(&g);
}

/* Submit call i, and let it time out on a node that is silent. */
static void
time_out(rig *g, size_t i)
{
    submit_short(g, i);
    turn(g);
    pass(g, 100);
    check_failed(g, i, ASC_ERR_TIMEOUT, "total_timeout");
}

/* However many lines wait for replies that nobody wants, the next call has a further
 * one. They end when the replies are late; a reply that comes before makes a line good
 * again. */
static void
test_calls_leave_lines_that_drain(void)
{
    rig g = open_rig(100);
    for (unsigned i = 0; i < 10; i++) {
        time_out(&g, i);
        CHECK_EQ_INT(taken(i, 0), i);
    }
    CHECK_EQ_INT(fake.n_opened, 10);
    GIVE(10, REPLY(0, 11));
    start(&g, 10, 11, false);
    turn(&g);
    CHECK_EQ_INT(got(&g, 10), 11);
    GIVE(3, REPLY(0, 4));
    pass(&g, 1);
    CHECK_EQ_INT(fake.n_closed, 0);
    pass(&g, 3000);
    CHECK_EQ_INT(fake.n_closed, 9); /* not the third one, nor the last */
    close_rig(&g);
}

/* In a full pool a call takes the place of the line whose time is up first, and never
 * that of one on which somebody travels. */
static void
test_line_that_drains_makes_room(void)
{
    rig g = open_rig(3);
    prepare(&g, 0)->timing = (asc_timing){.total_timeout_ms = 60000};
    submit(&g, 0);
    turn(&g);
    pass(&g, 30);
    for (unsigned i = 1; i < 8; i++) {
        time_out(&g, i);
        CHECK_EQ_INT(taken(i, 0), i);
        CHECK_EQ_INT(fake.n_closed, i > 2 ? i - 2 : 0);
    }
    GIVE(0, REPLY(0, 1));
    turn(&g);
    CHECK_EQ_INT(got(&g, 0), 1);
    close_rig(&g);
}

/* A call stands behind a reply that nobody wants when there is no other place: all
 * connections are in use. */
static void
test_lines_that_drain_with_somebody_on_them(void)
{
    rig g = open_rig(1);
    submit_short(&g, 0);
    start(&g, 1, 2, false);
    turn(&g);
    pass(&g, 100);
    check_failed(&g, 0, ASC_ERR_TIMEOUT, "total_timeout");
    start(&g, 2, 3, false);
    turn(&g);
    CHECK_EQ_INT(taken(0, 2), 2);
    GIVE(0, REPLY(0, 1), REPLY(0, 2), REPLY(0, 3));
    turn(&g);
    CHECK_EQ_INT(got(&g, 1), 2);
    CHECK_EQ_INT(got(&g, 2), 3);
    close_rig(&g);
}

/* A line that had to send before it could receive (TLS) is not watched for that any
 * more while its requests gather: its socket would be ready forever. */
static void
test_gathering_line_is_not_writable(void)
{
    rig g = open_rig(1);
    start(&g, 0, 9, false);
    turn(&g);
    asc_line *line = g.loop->stations[0].lines;
    line->watch.events |= ASC_WATCH_WRITE;
    line->reads_late = true;
    start(&g, 9, 10, false);
    turn(&g);
    CHECK_EQ_INT(line->watch.events, ASC_WATCH_READ);
    close_rig(&g);
}

static const kit_test tests[] = {
    {"replies_in_order", test_replies_in_order},
    {"every_cut", test_every_cut},
    {"large_reply", test_large_reply},
    {"size_that_lies", test_size_that_lies},
    {"reply_after_timeout", test_reply_after_timeout},
    {"late_without_delay", test_late_without_delay},
    {"half_a_reply_at_timeout", test_half_a_reply_at_timeout},
    {"silence_ends_the_line", test_silence_ends_the_line},
    {"slow_reply_in_front", test_slow_reply_in_front},
    {"reads_do_not_stand_behind_slow_writes",
     test_reads_do_not_stand_behind_slow_writes},
    {"life_puts_off_silence", test_life_puts_off_silence},
    {"cut_with_replies_owed", test_cut_with_replies_owed},
    {"connection_refused", test_connection_refused},
    {"connection_hangs", test_connection_hangs},
    {"connection_hangs_for_one_after_another",
     test_connection_hangs_for_one_after_another},
    {"stale_line", test_stale_line},
    {"line_closed_while_quiet", test_line_closed_while_quiet},
    {"malformed_replies", test_malformed_replies},
    {"nothing_was_asked", test_nothing_was_asked},
    {"result_codes", test_result_codes},
    {"full_send_buffer", test_full_send_buffer},
    {"abandon_in_each_state", test_abandon_in_each_state},
    {"abandoned_call_is_free", test_abandoned_call_is_free},
    {"abandon_what_has_ended", test_abandon_what_has_ended},
    {"abandoned_reply_never_comes", test_abandoned_reply_never_comes},
    {"abandon_alone", test_abandon_alone},
    {"free_with_calls", test_free_with_calls},
    {"alone", test_alone},
    {"idle_line_makes_room", test_idle_line_makes_room},
    {"idle_line_with_bytes_makes_room", test_idle_line_with_bytes_makes_room},
    {"busy_line_and_full_pool", test_busy_line_and_full_pool},
    {"waiting_for_the_connection", test_waiting_for_the_connection},
    {"waiting_in_vain", test_waiting_in_vain},
    {"requests_gather", test_requests_gather},
    {"number_of_lines", test_number_of_lines},
    {"other_replica", test_other_replica},
    {"pause_between_retries", test_pause_between_retries},
    {"no_node", test_no_node},
    {"forgotten_session", test_forgotten_session},
    {"forgotten_token", test_forgotten_token},
    {"no_login_in_time", test_no_login_in_time},
    {"set_with_back_pressure", test_set_with_back_pressure},
    {"set_in_time", test_set_in_time},
    {"set_that_is_given_up", test_set_that_is_given_up},
    {"set_and_idle_line", test_set_and_idle_line},
    {"compression_is_alone", test_compression_is_alone},
    {"wanted_line_with_something_left", test_wanted_line_with_something_left},
    {"two_loops_and_one_connection", test_two_loops_and_one_connection},
    {"time_of_those_in_front", test_time_of_those_in_front},
    {"time_that_is_put_off", test_time_that_is_put_off},
    {"output_does_not_grow", test_output_does_not_grow},
    {"line_after_its_last_marker", test_line_after_its_last_marker},
    {"calls_leave_lines_that_drain", test_calls_leave_lines_that_drain},
    {"line_that_drains_makes_room", test_line_that_drains_makes_room},
    {"lines_that_drain_with_somebody_on_them",
     test_lines_that_drain_with_somebody_on_them},
    {"gathering_line_is_not_writable", test_gathering_line_is_not_writable},
};

KIT_MAIN("ut_loop", tests)
