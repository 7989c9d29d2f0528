/* The event-loop driver with made-up time and bytes: calls on lines and on connections of
 * their own, and sets. */
#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/set.h"
#include "command/call.h"
#include "command/loop.h"
#include "fake.h"
#include "kit.h"

#define BEGIN 10000u /* when tests begin */
#define MAX_CALLS 16u

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
        const asc_pool *p = &g->cluster->nodes[i]->pool;
        CHECK_EQ_INT(p->n_open, p->n_idle); /* nothing is still lent */
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
}

static void
take_all(rig *g)
{
    for (void *owner; (owner = asc_loop_take(g->loop)) != NULL;) {
        for (unsigned i = 0; i < MAX_CALLS; i++) {
            if (g->calls[i] == owner) {
                g->ended[i] = true;
                g->order[g->n_ended++ % MAX_CALLS] = i;
            }
        }
    }
}

/* Turn the loop as often as it wants at this time, and once more. */
static void
turn(rig *g)
{
    for (int i = 0; i < 8; i++) {
        asc_loop_step(g->loop, g->now_ms);
        take_all(g);
    }
}

/* A reply of a message without anything in it but the number of a generation. */
#define REPLY(result, n)                                                               \
    2, 3, 0, 0, 0, 0, 0, 22, 22, 0, 0, 0, 0, result, 0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0,  \
        0, 0, 0, 0, 0
#define GIVE(...)                                                                      \
    {                                                                                  \
        .act = FAKE_GIVE, .n = sizeof((const uint8_t[]){__VA_ARGS__}),                 \
        .bytes = (const uint8_t[])                                                     \
        {                                                                              \
            __VA_ARGS__                                                                \
        }                                                                              \
    }
#define WAIT {.act = FAKE_WAIT}
#define CUT {.act = FAKE_CUT}

/* Which generation the reply of a call tells; -1: it failed. */
static int
got(const rig *g, size_t i)
{
    const asc_buf *in = &asc_call_request(g->calls[i])->in;
    return g->ended[i] && g->errs[i].code == ASC_OK && in->len == 30 ? in->data[17]
                                                                     : -1;
}

static void
start(rig *g, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        prepare(g, i);
        submit(g, i);
    }
}

/* --- tests --- */

static void
test_replies_in_order(void)
{
    rig g = open_rig(1);
    FAKE_SCRIPT(GIVE(REPLY(0, 1), REPLY(0, 2)), GIVE(REPLY(0, 3)));
    start(&g, 3);
    turn(&g);
    for (size_t i = 0; i < 3; i++) {
        CHECK_EQ_INT(got(&g, i), i + 1);
        CHECK_EQ_INT(g.order[i], i);
    }
    CHECK_EQ_INT(fake.n_opened, 1);
    CHECK_EQ_INT(fake.peers[0].n_taken, 90);
    CHECK_EQ_INT(fake.peers[0].taken[20], 0);
    CHECK_EQ_INT(fake.peers[0].taken[50], 1);
    close_rig(&g);
}

static const kit_test tests[] = {
    {"replies in order", test_replies_in_order},
};

KIT_MAIN("ut_loop", tests)
