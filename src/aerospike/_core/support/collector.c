/* This file gives other threads a turn while a long reply is read or many keys are
 * parsed, and while a call waits. What they would see of a pause of the collector ends
 * before.
 *
 * A thread that waits for the GIL hears when it is free, but needs a moment to wake up.
 * Who takes the GIL back at once has it again before, unless the other has waited for
 * Python's switch interval (5 ms). So the GIL stays free for a moment when it was kept
 * for long, and there are threads that may want it. To give it away for less than that
 * moment does harm: who waits hears of it, finds the GIL taken, and begins to count the
 * switch interval anew. An event loop does so in each iteration, while it asks what is
 * ready: so it gives real turns here, too.
 *
 * The same makes calls slow beside a thread that computes. After the switch interval
 * that one has to let another thread have the GIL, and then stands in line behind all
 * who wait, but only when it has woken up. A call needs the GIL for a few microseconds,
 * and the next in line needs some more to wake up. So the computing thread finds the
 * GIL free, and has it for 5 ms more after a single call. That is why a call that has
 * waited for the GIL for long keeps it until the computing thread stands in line. */
#include "support/collector.h"

#include <stdbool.h>
#include <time.h>

#ifdef Py_GIL_DISABLED

/* Nobody waits for a GIL that is not there. Only a pause of all threads, which the
 * collector asks for, may be waiting. */
void
begin_turn(module_state *st)
{
    (void)st;
}

void
give_turn(module_state *st)
{
    (void)st;
    Py_BEGIN_ALLOW_THREADS
    Py_END_ALLOW_THREADS
}

void
begin_loop_turn(loop_hold *hold)
{
    (void)hold;
}

void
end_loop_turn(loop_hold *hold, bool goes_on)
{
    (void)hold;
    (void)goes_on;
}

void
end_wait_with_rivals(module_state *st, PyThreadState *own)
{
    (void)st;
    PyEval_RestoreThread(own);
}

#else

#define LONGEST_HOLD_NS 1000000 /* a slice more, at most */
#define MOMENT_NS 20000         /* the system makes some more of it */
#define LONG_WAIT_NS 1000000    /* for the GIL: another thread computes */
#define LINE_UP_NS 40000        /* most threads wake up within that */
#define PAUSE_NS 100000         /* of an event loop: others could have the GIL */
#define LONG_CALL_NS 1000000000 /* they may read what comes for so long without that */

static int64_t
clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t
now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

void
begin_turn(module_state *st)
{
    st->held_since_ns = now_ns();
}

/* Give the GIL away, and leave it free for a moment if so told. */
static void
lend_gil(bool for_a_moment)
{
    static const struct timespec moment = {.tv_nsec = MOMENT_NS};
    Py_BEGIN_ALLOW_THREADS
    if (for_a_moment) {
        nanosleep(&moment, NULL);
    }
    Py_END_ALLOW_THREADS
}

void
give_turn(module_state *st)
{
    bool pauses = st->gc_paused;
    bool is_long = now_ns() - st->held_since_ns >= LONGEST_HOLD_NS && has_rivals();
    gc_resume(st);
    lend_gil(is_long);
    if (is_long) {
        st->held_since_ns = now_ns();
    }
    if (pauses) {
        gc_pause(st);
    }
}

/* For how long this thread has not run by now. */
static int64_t
idle_ns(int64_t now)
{
    return now - clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void
begin_loop_turn(loop_hold *hold)
{
    if (has_rivals()) {
        int64_t now = now_ns();
        if (now - hold->ended_ns >= PAUSE_NS &&
            idle_ns(now) - hold->idle_ns >= PAUSE_NS) {
            hold->since_ns = now;
        }
    }
}

void
end_loop_turn(loop_hold *hold, bool goes_on)
{
    if (has_rivals()) {
        int64_t now = now_ns();
        if (goes_on) {
            hold->long_ns = now;
        }
        if (now - hold->since_ns >= LONGEST_HOLD_NS &&
            now - hold->long_ns < LONG_CALL_NS) {
            lend_gil(true);
            hold->since_ns = now = now_ns();
        }
        hold->ended_ns = now;
        hold->idle_ns = idle_ns(now);
    }
}

/* Those who wait behind this thread have waited for long as well, but once it has kept
 * the GIL they need not. */
void
end_wait_with_rivals(module_state *st, PyThreadState *own)
{
    int64_t asked = now_ns();
    PyEval_RestoreThread(own);
    int64_t got = now_ns();
    if (got - asked >= LONG_WAIT_NS && got - st->lined_up_ns >= LONG_WAIT_NS) {
        st->lined_up_ns = got;
        while (now_ns() - got < LINE_UP_NS) {
        }
    }
}

#endif
