/* support/main_thread.h -- threads of the library that are to run Python code. Clients
 * in sub-interpreters have none, since such an interpreter may end at any time. */
#ifndef CORE_SUPPORT_MAIN_THREAD_H
#define CORE_SUPPORT_MAIN_THREAD_H

#include "support/state.h"

/* A thread that runs Python code in the main interpreter: as it is, or with a thread
 * state that is made for it, when the thread belongs to a sub-interpreter. */
typedef struct main_thread {
    PyThreadState *made; /* NULL: gil is what counts */
    PyGILState_STATE gil;
} main_thread;

/* Take the GIL of the main interpreter, unless this thread has it; and give it back.
 * Nobody may enter once the interpreter ends: is_finalizing() of compat.h tells. */
main_thread main_thread_enter(void);
void main_thread_leave(main_thread t);

#endif
