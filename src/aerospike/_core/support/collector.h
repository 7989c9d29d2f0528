/* support/collector.h -- the garbage collector rests while a reply is decoded: what is
 * being built is all in use, so that looking for garbage meanwhile finds none.
 *
 * A pause stops the collector for the whole process. So nobody else may see one, nor
 * switch the collector on or off within one: a pause ends before Python code may run
 * and before the GIL is given away. From Python 3.12 on only the interpreter's loop
 * starts the collector, which does not run meanwhile: nothing is paused there. */
#ifndef CORE_SUPPORT_COLLECTOR_H
#define CORE_SUPPORT_COLLECTOR_H

#include <stdbool.h>

#include "support/state.h"

/* Begin a pause, unless there is one or the collector is off anyway. */
static inline void
gc_pause(module_state *st)
{
#if PY_VERSION_HEX < 0x030C0000
    if (!st->gc_paused) {
        st->gc_paused = PyGC_Disable() != 0;
    }
#else
    (void)st;
#endif
}

/* End the pause if there is one: to be called by whatever may run Python code, and at
 * the end of what was to be decoded. */
static inline void
gc_resume(module_state *st)
{
#if PY_VERSION_HEX < 0x030C0000
    if (st->gc_paused) {
        st->gc_paused = false;
        PyGC_Enable();
    }
#else
    (void)st;
#endif
}

/* Whoever decodes the records of a reply gives a turn after so many bytes of them. */
#define BYTES_PER_TURN (16 << 10)

/* A call begins that will give turns: from now on counts how long it has the GIL. */
void begin_turn(module_state *st);

/* Let other threads have the GIL, often: they get it when they ask for it as Python has
 * them ask, and after a millisecond anyway. If the collector is paused, the pause ends
 * before that and a new one begins afterwards. */
void give_turn(module_state *st);

/* How long an event loop has had the GIL. Between two turns of the client it runs
 * Python code, and gives the GIL away while it waits for what is ready. Where the
 * thread has hardly waited, nobody else had the GIL. */
typedef struct {
    int64_t since_ns; /* but for moments that nobody could use */
    int64_t ended_ns; /* when the last turn ended */
    int64_t idle_ns;  /* how long the thread had not run by then */
    int64_t long_ns;  /* when a call went on in the next turn */
} loop_hold;

/* A turn of the client begins and ends. While there are long calls, which go on in the
 * next turn, the end lets other threads have the GIL when the loop has had it for a
 * millisecond. A loop of short calls does not: that would cost it 7 % where no other
 * thread wants the GIL, and nobody can tell. */
void begin_loop_turn(loop_hold *hold);
void end_loop_turn(loop_hold *hold, bool goes_on);

#ifdef Py_GIL_DISABLED

static inline bool
has_rivals(void)
{
    return false;
}

#else

/* May another thread have the GIL when this one does not? The list of the
 * interpreter's threads begins with the newest, and nothing of another thread's state
 * is looked at. */
static inline bool
has_rivals(void)
{
    PyThreadState *own = PyThreadState_Get();
    return PyInterpreterState_ThreadHead(PyThreadState_GetInterpreter(own)) != own ||
           PyThreadState_Next(own) != NULL;
}

#endif

/* How a thread waits without the GIL. */
typedef struct {
    PyThreadState *own; /* borrowed */
    bool has_rivals;
} gil_wait;

/* end_wait() of a thread that has rivals. */
void end_wait_with_rivals(module_state *st, PyThreadState *own);

/* A short call gives the GIL away while it waits, and takes it back. If another thread
 * computed meanwhile, the call keeps the GIL for some microseconds, so that the next
 * calls get it before that thread does. */
static inline gil_wait
begin_wait(void)
{
    bool rivals = has_rivals();
    return (gil_wait){.own = PyEval_SaveThread(), .has_rivals = rivals};
}

static inline void
end_wait(module_state *st, gil_wait wait)
{
    if (wait.has_rivals) {
        end_wait_with_rivals(st, wait.own);
    }
    else {
        PyEval_RestoreThread(wait.own);
    }
}

#endif
