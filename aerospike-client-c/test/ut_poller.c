/* What the system tells of descriptors and of time; and the heap of moments. */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "base/timers.h"
#include "kit.h"
#include "net/poller.h"

/* Longer than anything takes but on a machine that does nothing else for us. */
#define PATIENCE_MS 20000

/* --- the poller ------------------------------------------------------------------- */

typedef struct rig {
    asc_poller poller;
    asc_watch watch;
    int fds[2];
} rig;

static rig
open_rig(void)
{
    rig g = {.watch = {.kind = 7}};
    asc_error err;
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_poller_open(&g.poller, &err), ASC_OK);
    CHECK_EQ_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, g.fds), 0);
    return g;
}

static void
close_rig(rig *g)
{
    asc_poller_watch(&g->poller, &g->watch, -1, 0);
    asc_poller_close(&g->poller);
    close(g->fds[0]);
    close(g->fds[1]);
}

/* Is the poller's own descriptor readable, within so many milliseconds? */
static bool
is_readable(const rig *g, int ms)
{
    struct pollfd p = {.fd = g->poller.fd, .events = POLLIN};
    return poll(&p, 1, ms) == 1;
}

/* Is the watch ready? */
static bool
looks_ready(rig *g)
{
    asc_watch *ready[4];
    size_t n = asc_poller_look(&g->poller, ready, 4);
    for (size_t i = 0; i < n; i++) {
        CHECK(ready[i] == &g->watch && ready[i]->kind == 7);
    }
    return n > 0;
}

static void
test_reading(void)
{
    rig g = open_rig();
    char byte = 'x';
    CHECK(asc_poller_watch(&g.poller, &g.watch, g.fds[0], ASC_WATCH_READ));
    CHECK(!is_readable(&g, 0));
    CHECK(!looks_ready(&g));
    CHECK_EQ_INT(write(g.fds[1], &byte, 1), 1);
    CHECK(is_readable(&g, PATIENCE_MS));
    CHECK(looks_ready(&g));
    CHECK(looks_ready(&g)); /* as long as the byte is there */
    CHECK(is_readable(&g, PATIENCE_MS));
    CHECK_EQ_INT(read(g.fds[0], &byte, 1), 1);
    CHECK(!looks_ready(&g));
    CHECK(!is_readable(&g, 0));
    close_rig(&g);
}

static void
test_writing_and_both(void)
{
    rig g = open_rig();
    char byte = 'x';
    CHECK(asc_poller_watch(&g.poller, &g.watch, g.fds[0], ASC_WATCH_WRITE));
    CHECK(looks_ready(&g));
    CHECK(asc_poller_watch(&g.poller, &g.watch, g.fds[0], ASC_WATCH_READ));
    CHECK(!looks_ready(&g));
    CHECK(asc_poller_watch(&g.poller, &g.watch, g.fds[0],
                           ASC_WATCH_READ | ASC_WATCH_WRITE));
    CHECK(looks_ready(&g));
    CHECK(asc_poller_watch(&g.poller, &g.watch, -1, 0));
    CHECK_EQ_INT(write(g.fds[1], &byte, 1), 1);
    CHECK(!looks_ready(&g));
    CHECK(!is_readable(&g, 0));
    CHECK_EQ_INT(g.watch.events, 0);
    close_rig(&g);
}

/* The other side goes: that is something to read. */
static void
test_end_of_the_stream(void)
{
    rig g = open_rig();
    CHECK(asc_poller_watch(&g.poller, &g.watch, g.fds[0], ASC_WATCH_READ));
    shutdown(g.fds[1], SHUT_RDWR);
    CHECK(is_readable(&g, PATIENCE_MS));
    CHECK(looks_ready(&g));
    close_rig(&g);
}

static void
test_descriptor_that_cannot_be_watched(void)
{
    rig g = open_rig();
    CHECK(!asc_poller_watch(&g.poller, &g.watch, 9999, ASC_WATCH_READ));
    CHECK_EQ_INT(g.watch.events, 0);
    close_rig(&g);
}

/* The alarm wakes at its time, not before; and what has rung does so once. */
static void
test_alarm(void)
{
    rig g = open_rig();
    uint64_t now = asc_now_ms();
    asc_poller_alarm(&g.poller, now + 50, now);
    CHECK(is_readable(&g, PATIENCE_MS));
    CHECK(asc_now_ms() >= now + 50);
    CHECK(!looks_ready(&g)); /* it is nobody's watch */
    now = asc_now_ms();
    asc_poller_alarm(&g.poller, ASC_FOREVER, now);
    CHECK(!is_readable(&g, 60));
    now = asc_now_ms();
    asc_poller_alarm(&g.poller, now, now);
    CHECK(is_readable(&g, PATIENCE_MS));
    asc_poller_alarm(&g.poller, now + PATIENCE_MS, now);
    CHECK(!is_readable(&g, 20));
    asc_poller_alarm(&g.poller, now + 30, now); /* an earlier one */
    CHECK(is_readable(&g, PATIENCE_MS));
    CHECK(asc_now_ms() >= now + 30);
    close_rig(&g);
}

/* One that is set to ring early enough is left alone. */
static void
test_alarm_is_set_rarely(void)
{
    rig g = open_rig();
    uint64_t now = asc_now_ms();
    asc_poller_alarm(&g.poller, now + 1000, now);
    asc_poller_alarm(&g.poller, now + 5000, now);
    CHECK_EQ_INT(g.poller.alarm_ms, now + 1000);
    asc_poller_alarm(&g.poller, ASC_FOREVER, now);
    CHECK_EQ_INT(g.poller.alarm_ms, now + 1000);
    asc_poller_alarm(&g.poller, now + 5000, now + 1000);
    CHECK_EQ_INT(g.poller.alarm_ms, now + 5000);
    close_rig(&g);
}

/* --- the heap --------------------------------------------------------------------- */

#define N_TIMERS 100u

static unsigned
next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Against the plainest way to find the first. */
static void
test_timers(void)
{
    static asc_timer all[N_TIMERS];
    uint64_t at_ms[N_TIMERS];
    asc_timers t = {0};
    unsigned state = 1, n_wrong = 0;
    for (size_t i = 0; i < N_TIMERS; i++) {
        CHECK(asc_timers_join(&t));
        at_ms[i] = ASC_FOREVER;
    }
    CHECK(asc_timers_first(&t) == NULL);
    for (int round = 0; round < 20000; round++) {
        size_t i = next_random(&state) % N_TIMERS;
        at_ms[i] =
            next_random(&state) % 4 == 0 ? ASC_FOREVER : next_random(&state) % 50;
        asc_timers_set(&t, &all[i], at_ms[i]);
        uint64_t first_ms = ASC_FOREVER;
        for (size_t k = 0; k < N_TIMERS; k++) {
            first_ms = asc_earlier(first_ms, at_ms[k]);
            n_wrong += (all[k].place != 0) != (at_ms[k] != ASC_FOREVER);
        }
        const asc_timer *first = asc_timers_first(&t);
        CHECK_EQ_INT(first != NULL, first_ms != ASC_FOREVER);
        CHECK(first == NULL || first->at_ms == first_ms);
    }
    for (size_t i = 0; i < N_TIMERS; i++) {
        asc_timers_leave(&t, &all[i]);
    }
    CHECK_EQ_INT(n_wrong, 0);
    CHECK_EQ_INT(t.n, 0);
    CHECK_EQ_INT(t.n_members, 0);
    asc_timers_clear(&t);
}

static const kit_test tests[] = {
    {"reading", test_reading},
    {"writing_and_both", test_writing_and_both},
    {"end_of_the_stream", test_end_of_the_stream},
    {"descriptor_that_cannot_be_watched", test_descriptor_that_cannot_be_watched},
    {"alarm", test_alarm},
    {"alarm_is_set_rarely", test_alarm_is_set_rarely},
    {"timers", test_timers},
};

KIT_MAIN("ut_poller", tests)
