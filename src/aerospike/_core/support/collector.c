/* This file gives other threads a turn while a long reply is read or many keys are
 * parsed, and while a call waits. What they would see of a pause of the collector ends
 * before.
 *
 * A thread that waits for the GIL hears when it is free, but needs a moment to wake up.
 * Who takes the GIL back at once has it again before, unless the other has waited for
 * Python's switch interval (5 ms). So the GIL stays free for a moment when it was kept
 * for long, and there are threads that may want it. An event loop gives the GIL away
 * while it asks what is ready, but for no longer than that: so a call that goes on in
 * the loop's next turn gives a turn here, too.
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

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void
begin_turn(module_state *st)
{
    st->held_since_ns = now_ns();
}

void
give_turn(module_state *st)
{
    static const struct timespec moment = {.tv_nsec = MOMENT_NS};
    bool pauses = st->gc_paused;
    gc_resume(st);
    int64_t before = now_ns();
    bool is_long = before - st->held_since_ns >= LONGEST_HOLD_NS && has_rivals();
    Py_BEGIN_ALLOW_THREADS
    if (is_long) {
        nanosleep(&moment, NULL);
    }
    Py_END_ALLOW_THREADS
    int64_t after = now_ns();
    if (after - before >= MOMENT_NS) { /* another thread had it, or could have */
        st->held_since_ns = after;
    }
    if (pauses) {
        gc_pause(st);
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
