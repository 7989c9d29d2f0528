/* Entering and leaving the main interpreter from any thread. */
#include "support/main_thread.h"

#include "support/compat.h"

main_thread
main_thread_enter(void)
{
    main_thread t = {NULL, PyGILState_UNLOCKED};
    PyThreadState *own = PyGILState_GetThisThreadState();
    PyInterpreterState *main = PyInterpreterState_Main();
    if (own == NULL || PyThreadState_GetInterpreter(own) == main) {
        t.gil = PyGILState_Ensure();
        return t;
    }
    t.made = PyThreadState_New(main);
    if (t.made != NULL) {
        PyEval_RestoreThread(t.made);
    }
    return t;
}

void
main_thread_leave(main_thread t)
{
    if (t.made == NULL) {
        PyGILState_Release(t.gil);
        return;
    }
    PyThreadState_Clear(t.made);
    PyThreadState_DeleteCurrent();
}
