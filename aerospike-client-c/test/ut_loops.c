/* Loops over real loopback sockets: what a descriptor, a clock, threads and other lines
 * do to them. The replies of info commands tell whose they are. */
#include <poll.h>
#include <time.h>

#include "asc/loop.h"
#include "asc/set.h"
#include "live.h"

#define N_CALLS 200u
#define N_COMMANDS 8u

static const char *const commands[N_COMMANDS] = {"c0", "c1", "c2", "c3",
                                                 "c4", "c5", "c6", "c7"};

/* One call of many. */
typedef struct traveller {
    asc_call *call;
    asc_error err;
    unsigned command;
    bool under_way;
} traveller;

static peer *
start_peer(const char *name)
{
    static const char *const values[N_COMMANDS] = {"zero", "one",  "two", "three",
                                                   "four", "five", "six", "seven"};
    peer *p = peer_start(name);
    for (unsigned i = 0; i < N_COMMANDS; i++) {
        peer_answer(p, commands[i], values[i]);
    }
    return p;
}

static asc_loop *
open_loop(asc_cluster *c)
{
    asc_loop *l = NULL;
    asc_error err;
    asc_error_reset(&err);
    if (!CHECK_EQ_INT(asc_loop_new(&l, c, &err), ASC_OK)) {
        exit(1);
    }
    return l;
}

static void
submit(asc_loop *l, traveller *t)
{
    t->under_way = true;
    asc_loop_submit(l, t->call, &t->err, t);
}

/* Ask a node for one of the values. */
static void
ask(asc_loop *l, traveller *t, unsigned command, const asc_timing *timing)
{
    char text[8];
    t->call = t->call != NULL ? t->call : asc_call_new();
    t->command = command % N_COMMANDS;
    asc_call_reset(t->call);
    asc_request *req = asc_call_request(t->call);
    req->node_name = "BB9A";
    req->timing = *timing;
    int n = snprintf(text, sizeof text, "%s\n", commands[t->command]);
    CHECK(asc_write_info(&req->out, text, (size_t)n));
    submit(l, t);
}

/* The name of the command comes first in its answer. */
static void
check_answer(const traveller *t)
{
    const asc_buf *in = &asc_call_request(t->call)->in;
    const char *name = commands[t->command];
    CHECK(!t->under_way);
    CHECK_EQ_INT(t->err.code, ASC_OK);
    CHECK(in->len > 12 && memcmp(in->data + 8, name, 2) == 0 && in->data[10] == '\t');
}

/* Turn, and take what has ended. The value is how many. */
static unsigned
turn(asc_loop *l)
{
    unsigned n = 0;
    asc_loop_turn(l);
    for (traveller *t; (t = asc_loop_take(l)) != NULL; n++) {
        t->under_way = false;
    }
    return n;
}

/* Wait for the descriptor as an event loop does, until so many have ended. */
static void
turn_until(asc_loop *l, unsigned n)
{
    uint64_t limit_ms = now_ms() + PATIENCE_MS;
    unsigned n_ended = turn(l);
    while (n_ended < n && CHECK(now_ms() < limit_ms)) {
        struct pollfd fd = {.fd = asc_loop_fd(l), .events = POLLIN};
        CHECK(poll(&fd, 1, PATIENCE_MS) >= 0);
        n_ended += turn(l);
    }
    CHECK_EQ_INT(n_ended, n);
}

static void
free_all(traveller *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        asc_call_free(t[i].call);
    }
}

/* --- order ------------------------------------------------------------------------ */

static void
test_many_at_once(void)
{
    static traveller all[N_CALLS];
    peer *p = start_peer("BB9A");
    asc_cluster *c = create(p);
    asc_loop *l = open_loop(c);
    unsigned before = atomic_load(&p->n_accepted);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < N_CALLS; i++) {
            ask(l, &all[i], i * 5 + round, &default_timing);
        }
        turn_until(l, N_CALLS);
        for (unsigned i = 0; i < N_CALLS; i++) {
            check_answer(&all[i]);
        }
    }
    CHECK(atomic_load(&p->n_accepted) <= before + 4 + 1); /* its tender connects, too */
    asc_loop_free(l);
    free_all(all, N_CALLS);
    memset(all, 0, sizeof all);
    destroy(c);
    peer_stop(p);
}

/* After so long a line that nobody uses goes back to the pool. */
#define IDLE_MS 1000

/* The descriptor is quiet when there is nothing to do. */
static void
test_descriptor_is_quiet(void)
{
    traveller one = {0};
    peer *p = start_peer("BB9A");
    asc_cluster *c = create(p);
    asc_loop *l = open_loop(c);
    uint64_t since = now_ms();
    ask(l, &one, 1, &default_timing);
    turn_until(l, 1);
    check_answer(&one);
    struct pollfd fd = {.fd = asc_loop_fd(l), .events = POLLIN};
    CHECK(poll(&fd, 1, 100) == 0 || now_ms() - since >= IDLE_MS);
    CHECK_EQ_INT(poll(&fd, 1, PATIENCE_MS), 1); /* the line goes back to the pool */
    CHECK_EQ_INT(turn(l), 0);
    if (poll(&fd, 1, 100) == 1) { /* the first ring was for the end of the call */
        CHECK_EQ_INT(turn(l), 0);
    }
    CHECK_EQ_INT(poll(&fd, 1, 100), 0);
    for (uint32_t in_ms = 0; in_ms <= 50; in_ms += 50) {
        asc_loop_ring(l, in_ms);
        CHECK_EQ_INT(poll(&fd, 1, PATIENCE_MS), 1);
        CHECK_EQ_INT(poll(&fd, 1, 0), 1);
        CHECK_EQ_INT(turn(l), 0);
        CHECK_EQ_INT(poll(&fd, 1, PATIENCE_MS),
                     1); /* the caller has not taken it back */
        asc_loop_ring(l, ASC_LOOP_SILENT);
        CHECK_EQ_INT(poll(&fd, 1, 100), 0);
    }
    asc_loop_free(l);
    asc_call_free(one.call);
    destroy(c);
    peer_stop(p);
}

/* --- time ------------------------------------------------------------------------- */

static void
put_record(asc_loop *l, traveller *t, const asc_timing *timing)
{
    t->call = t->call != NULL ? t->call : asc_call_new();
    client k = {.call = t->call, .req = asc_call_request(t->call)};
    prepare(&k, true, timing);
    submit(l, t);
}

static void
test_timeouts(void)
{
    traveller a = {0}, b = {0};
    const asc_timing total = {.total_timeout_ms = 300};
    const asc_timing silence = {.total_timeout_ms = 30000, .socket_timeout_ms = 200};
    peer *p = start_peer("BB9A");
    asc_cluster *c = create(p);
    asc_loop *l = open_loop(c);
    atomic_store(&p->mode, PEER_SILENT);
    uint64_t since = now_ms();
    put_record(l, &a, &total);
    turn_until(l, 1);
    CHECK_ELAPSED(since, 300);
    CHECK_EQ_INT(a.err.code, ASC_ERR_TIMEOUT);
    CHECK(a.err.in_doubt);
    since = now_ms();
    put_record(l, &b, &silence);
    turn_until(l, 1);
    CHECK_ELAPSED(since, 200);
    CHECK_EQ_INT(b.err.code, ASC_ERR_TIMEOUT);
    asc_loop_free(l);
    asc_call_free(a.call);
    asc_call_free(b.call);
    destroy(c);
    peer_stop(p);
}

/* The reply of a call whose time is up comes when the next ones are under way. */
static void
test_late_reply(void)
{
    traveller a = {0}, b = {0};
    const asc_timing total = {.total_timeout_ms = 200, .timeout_delay_ms = 20000};
    peer *p = start_peer("BB9A");
    asc_cluster *c = create(p);
    asc_loop *l = open_loop(c);
    atomic_store(&p->mode, PEER_HOLD);
    put_record(l, &a, &total);
    turn(l);
    ask(l, &b, 3, &default_timing);
    turn_until(l, 1);
    CHECK(!a.under_way);
    CHECK_EQ_INT(a.err.code, ASC_ERR_TIMEOUT);
    atomic_store(&p->mode, PEER_STORE);
    turn_until(l, 1);
    check_answer(&b);
    asc_loop_free(l);
    asc_call_free(a.call);
    asc_call_free(b.call);
    destroy(c);
    peer_stop(p);
}

/* --- failures --------------------------------------------------------------------- */

/* The node misbehaves to one call; whatever becomes of the others, none has a reply of
 * another one. */
static void
test_node_that_misbehaves(void)
{
    static const peer_mode modes[] = {PEER_HALF, PEER_HANG_UP, PEER_GARBAGE};
    for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
        static traveller all[41];
        const asc_timing timing = {
            .total_timeout_ms = 30000, .socket_timeout_ms = 500, .max_retries = 3};
        peer *p = start_peer("BB9A");
        asc_cluster *c = create(p);
        asc_loop *l = open_loop(c);
        kit_note("mode %d", modes[m]);
        atomic_store(&p->mode, modes[m]);
        for (unsigned i = 0; i < 40; i++) {
            if (i == 20) {
                put_record(l, &all[40], &default_timing);
            }
            ask(l, &all[i], i, &timing);
        }
        turn_until(l, 41);
        for (unsigned i = 0; i < 40; i++) {
            check_answer(&all[i]);
        }
        CHECK(all[40].err.code < 0 && all[40].err.in_doubt);
        kit_note(NULL);
        asc_loop_free(l);
        free_all(all, 41);
        memset(all, 0, sizeof all);
        destroy(c);
        peer_stop(p);
    }
}

static void
test_free_while_calls_are_under_way(void)
{
    static traveller all[10];
    peer *p = start_peer("BB9A");
    asc_cluster *c = create(p);
    asc_loop *l = open_loop(c);
    atomic_store(&p->mode, PEER_SILENT);
    for (unsigned i = 0; i < 9; i++) {
        put_record(l, &all[i], &default_timing);
    }
    turn(l);
    put_record(l, &all[9], &default_timing);
    CHECK(!asc_loop_abandon(l, all[9].call));
    CHECK(asc_loop_abandon(l, all[3].call));
    asc_loop_free(l);
    free_all(all, 10);
    memset(all, 0, sizeof all);
    destroy(c);
    peer_stop(p);
}

/* --- sets ------------------------------------------------------------------------- */

static void
test_set(void)
{
    peer *p = start_peer("BB9A");
    asc_cluster *c = create(p);
    asc_loop *l = open_loop(c);
    asc_set *s = asc_set_new();
    asc_error err;
    asc_part *part;
    const asc_set_options options = {.timing = {.total_timeout_ms = 30000}};
    traveller owner = {0};
    asc_error_reset(&err);
    for (unsigned round = 0; round < 3; round++) {
        asc_set_begin(s, c, &options);
        for (unsigned i = 0; i < 3; i++) {
            CHECK_EQ_INT(asc_set_add_node(s, "BB9A", &err), ASC_OK);
        }
        while ((part = asc_set_unwritten(s)) != NULL) {
            CHECK(asc_write_info(&part->req.out, "c4\n", 3));
        }
        unsigned n = 0;
        while (!asc_set_is_done(s)) {
            asc_loop_submit_set(l, s, &owner);
            turn_until(l, 1);
            while ((part = asc_set_take(s)) != NULL) {
                CHECK(part->ended);
                CHECK_EQ_INT(part->err.code, ASC_OK);
                CHECK(part->size > 12 && memcmp(part->data + 8, "c4\tfour", 7) == 0);
                n++;
            }
        }
        CHECK_EQ_INT(n, 3);
    }
    asc_set_begin(s, c, &options);
    CHECK_EQ_INT(asc_set_add_node(s, "BB9A", &err), ASC_OK);
    part = asc_set_unwritten(s);
    CHECK(asc_write_info(&part->req.out, "c4\n", 3));
    asc_loop_submit_set(l, s, &owner);
    asc_loop_turn(l);
    CHECK(!asc_loop_abandon_set(l, s));
    asc_loop_free(l);
    asc_set_free(s);
    destroy(c);
    peer_stop(p);
}

/* --- threads ---------------------------------------------------------------------- */

typedef struct worker {
    asc_cluster *cluster;
    pthread_t thread;
    unsigned seed;
    traveller all[40];
} worker;

static void *
work(void *arg)
{
    worker *w = arg;
    asc_loop *l = open_loop(w->cluster);
    for (unsigned round = 0; round < 20; round++) {
        unsigned n = 40;
        for (unsigned i = 0; i < 40; i++) {
            ask(l, &w->all[i], i + round * w->seed, &default_timing);
        }
        if (round % 3 ==
            0) { /* some are given up, here before and there after sending */
            n = 40 - 4;
            asc_loop_abandon(l, w->all[7].call);
            asc_loop_abandon(l, w->all[8].call);
            unsigned n_ended = turn(l);
            for (unsigned i = 20; i < 22; i++) {
                n_ended -= !w->all[i].under_way; /* it has ended: that counts as well */
                if (w->all[i].under_way) {
                    asc_loop_abandon(l, w->all[i].call);
                }
            }
            n -= n_ended;
        }
        turn_until(l, n);
        for (unsigned i = 0; i < 40; i++) {
            bool given_up = round % 3 == 0 && (i == 7 || i == 8 || i == 20 || i == 21);
            if (!given_up) {
                check_answer(&w->all[i]);
            }
        }
    }
    asc_loop_free(l);
    return NULL;
}

static void
test_loops_of_several_threads(void)
{
    static worker workers[3];
    peer *p = start_peer("BB9A");
    asc_cluster *c = create(p);
    for (unsigned i = 0; i < 3; i++) {
        workers[i].cluster = c;
        workers[i].seed = i + 3;
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(workers[i].thread, NULL);
        free_all(workers[i].all, 40);
    }
    memset(workers, 0, sizeof workers);
    destroy(c);
    peer_stop(p);
}

/* The event loop was busy with something else for longer than calls may take: what has
 * come meanwhile is looked at before the time is, and nothing has been silent. */
static void
test_event_loop_was_busy(void)
{
    traveller all[3] = {0};
    const asc_timing short_silence = {.total_timeout_ms = 30000,
                                      .socket_timeout_ms = 200};
    peer *p = start_peer("BB9A");
    asc_cluster *c = create(p);
    asc_loop *l = open_loop(c);
    for (unsigned n_before = 0; n_before < 3; n_before++) {
        unsigned n = 0;
        ask(l, &all[0], 0, &default_timing); /* connects */
        turn_until(l, 1);
        for (unsigned i = 0; i < n_before; i++) {
            ask(l, &all[i], i, i + 1 < n_before ? &default_timing : &short_silence);
            n += turn(l);
        }
        const struct timespec busy = {.tv_nsec = 400000000};
        nanosleep(&busy, NULL);
        ask(l, &all[2], 2, &default_timing);
        turn_until(l, n_before + 1 - n);
        for (unsigned i = 0; i < n_before; i++) {
            kit_note("%u before, call %u", n_before, i);
            check_answer(&all[i]);
        }
        kit_note(NULL);
        check_answer(&all[2]);
    }
    asc_loop_free(l);
    free_all(all, 3);
    destroy(c);
    peer_stop(p);
}

static const kit_test tests[] = {
    {"many at once", test_many_at_once},
    {"descriptor is quiet", test_descriptor_is_quiet},
    {"timeouts", test_timeouts},
    {"late reply", test_late_reply},
    {"event loop was busy", test_event_loop_was_busy},
    {"node that misbehaves", test_node_that_misbehaves},
    {"free while calls are under way", test_free_while_calls_are_under_way},
    {"set", test_set},
    {"loops of several threads", test_loops_of_several_threads},
};

KIT_MAIN("ut_loops", tests)
