/* loop/event_loop.c -- what a loop asks of the event loop, and what it keeps from one
 * call for the next: all calls of a client go this way. */
#include "loop/event_loop.h"

#include <string.h>
#include <time.h>

#include "support/compat.h"
#include "support/errors.h"

void
loop_ask_for_turn(LoopObject *l)
{
    Py_BEGIN_CRITICAL_SECTION(l);
    if (l->turns_by_hand && l->loop != NULL) {
        asc_loop_ring(l->loop, 0);
    }
    Py_END_CRITICAL_SECTION();
}

/* Handlers may run again and again, but the client goes on sometime. */
#define MAX_ASKED 100

/* A signal may come inside of the event loop's own code, which then may have done what
 * it was asked for or not: it is asked once more, and the program gets what the handler
 * has raised afterwards. */
PyObject *
loop_ask(LoopObject *l, PyObject *function, PyObject *argument)
{
    PyObject *answer, *late = NULL, *exc;
    int n_asked = 0;
    do {
        answer = argument != NULL ? PyObject_CallOneArg(function, argument)
                                  : PyObject_CallNoArgs(function);
        exc = answer == NULL ? take_of_handler(l->st) : NULL;
        if (exc != NULL) {
            Py_XSETREF(late, exc);
        }
    } while (exc != NULL && ++n_asked < MAX_ASKED);
    raise_later(late);
    return answer;
}

PyObject *
loop_ask_adapter(LoopObject *l, const char *method, PyObject *argument)
{
    PyObject *function = PyObject_GetAttrString(l->adapter, method);
    PyObject *answer = NULL;
    if (function == NULL) {
        PyErr_Clear();
    }
    else {
        answer = loop_ask(l, function, argument);
        Py_DECREF(function);
    }
    return answer;
}

/* One call too many does no harm. */
void
loop_call_soon(LoopObject *l, PyObject *function)
{
    if (function != NULL) {
        Py_XDECREF(loop_ask(l, l->call_soon, function));
    }
    loop_ask_for_turn(l);
}

void
loop_wake_soon(LoopObject *l)
{
    if (l->call_soon == NULL) {
        return; /* the event loop is garbage, too */
    }
    PyObject *wake = l->on_wake != NULL ? Py_NewRef(l->on_wake)
                                        : PyObject_GetAttrString((PyObject *)l, "wake");
    if (wake == NULL) {
        PyErr_Clear();
    }
    loop_call_soon(l, wake);
    Py_XDECREF(wake);
}

/* So long: an iteration may have two such slices, one for calls that begin and one for
 * a turn. */
#define SLICE_NS 500000u

bool
loop_time_is_up(LoopObject *l)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if (l->until_ns == 0) {
        l->until_ns = now_ns + SLICE_NS;
    }
    return now_ns >= l->until_ns;
}

void
loop_schedule(LoopObject *l)
{
    if (!l->turns) {
        l->turns = true;
        loop_call_soon(l, l->on_turn);
    }
}

void
loop_send_soon(LoopObject *l)
{
    if (!l->has_submitted || l->is_turning) {
        return;
    }
    if (l->n_under_way == 1 && !l->turns) {
        l->turn(l);
    }
    else {
        loop_schedule(l);
    }
}

void
loop_report(LoopObject *l, const char *message, PyObject *exc, PyObject *future)
{
    PyObject *set = PyErr_GetRaisedException();
    PyObject *context = Py_BuildValue("{sssOsO}", "message", message, "exception", exc,
                                      "future", future);
    PyObject *said = context != NULL && l->adapter != NULL
                         ? PyObject_CallMethod(l->adapter, "report", "O", context)
                         : NULL;
    if (said == NULL && PyErr_Occurred() != NULL) {
        raise_later(take_of_handler(l->st)); /* half of it may have been told */
    }
    Py_XDECREF(said);
    Py_XDECREF(context);
    PyErr_SetRaisedException(set);
}

/* Where the works of a kind are kept: its place, or one that nobody has taken. NULL:
 * all are taken. The caller has the lock. */
static spare_works *
place_of(LoopObject *l, const struct pending_kind *kind)
{
    for (int i = 0; i < N_SPARE_KINDS; i++) {
        if (l->works[i].kind == kind || l->works[i].kind == NULL) {
            return &l->works[i];
        }
    }
    return NULL;
}

void *
loop_take_work(LoopObject *l, const struct pending_kind *kind, size_t size)
{
    field_lock_take(&l->spare);
    spare_works *place = place_of(l, kind);
    void *work = place != NULL ? place->first : NULL;
    if (work != NULL) {
        memcpy(&place->first, work, sizeof place->first);
        place->n--;
    }
    field_lock_drop(&l->spare);
    if (work != NULL) {
        return memset(work, 0, size);
    }
    work = PyMem_Calloc(1, size < sizeof work ? sizeof work : size);
    if (work == NULL) {
        PyErr_NoMemory();
    }
    return work;
}

void
loop_give_work(LoopObject *l, const struct pending_kind *kind, void *work)
{
    field_lock_take(&l->spare);
    spare_works *place = place_of(l, kind);
    bool is_kept = place != NULL && place->n < N_SPARE_WORKS;
    if (is_kept) {
        memcpy(work, &place->first, sizeof place->first);
        place->kind = kind;
        place->first = work;
        place->n++;
    }
    field_lock_drop(&l->spare);
    if (!is_kept) {
        PyMem_Free(work);
    }
}

asc_call *
loop_take_call(LoopObject *l)
{
    field_lock_take(&l->spare);
    asc_call *call = l->n_calls > 0 ? l->calls[--l->n_calls] : NULL;
    field_lock_drop(&l->spare);
    if (call == NULL) {
        call = asc_call_new();
    }
    if (call == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    asc_call_reset(call);
    return call;
}

void
loop_give_call(LoopObject *l, asc_call *call)
{
    field_lock_take(&l->spare);
    if (call != NULL && l->n_calls < N_SPARE_OF_LOOP) {
        l->calls[l->n_calls++] = call;
        call = NULL;
    }
    field_lock_drop(&l->spare);
    asc_call_free(call); /* NULL is fine */
}

void
loop_free_spare(LoopObject *l)
{
    field_lock_take(&l->spare);
    while (l->n_calls > 0) {
        asc_call_free(l->calls[--l->n_calls]);
    }
    for (int i = 0; i < N_SPARE_KINDS; i++) {
        void *work;
        while ((work = l->works[i].first) != NULL) {
            memcpy(&l->works[i].first, work, sizeof work);
            PyMem_Free(work);
        }
        l->works[i].n = 0;
    }
    field_lock_drop(&l->spare);
}
