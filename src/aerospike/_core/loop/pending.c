/* loop/pending.c -- the type aerospike._core.Pending.
 *
 * A call is under way until its kind says that it has ended, or it is given up. Until
 * then its loop owns it, and after that whoever awaits it. What it owes to those who
 * wait is their callbacks: the calls that end in one turn of the loop are one batch,
 * for which the event loop calls back once. To the tasks that is the same as one
 * callback for each, and it costs a fraction. */
#include "loop/pending.h"

#include <structmember.h> /* after Python.h */

#include "support/args.h"
#include "support/compat.h"
#include "support/errors.h"

/* Where a call stands. */
typedef enum pending_state {
    IS_UNDER_WAY,
    HAS_RESULT,
    HAS_FAILED,
    IS_CANCELLED,
} pending_state;

/* aerospike._core.Pending */
struct PendingObject {
    PyObject_HEAD
    LoopObject *loop; /* owned */
    const pending_kind *kind;
    const char *name;    /* of the method, or NULL */
    void *work;          /* owned; NULL once the call has ended */
    PyObject *result;    /* owned: the value, or the exception */
    PyObject *traceback; /* owned: that of the exception when the call ended, or NULL */
    PyObject *message;   /* owned: of cancel(), or NULL */
    PyObject *home;      /* owned: the context of its steps, or NULL */

    /* Owned: one callback with its context, and a list of tuples for more. */
    PyObject *callback, *context, *more;

    PendingObject *next, **at; /* of the calls under way; at is NULL outside of them */
    PendingObject *next_due;   /* of those that are to be woken */
    PendingObject *next_turn;  /* of those that wait for a turn, where it stays if it is
                                * cancelled meanwhile */
    pending_state state;
    bool is_stepping; /* a function of its kind is at work */
    bool waits_for_turn;
    bool ends_batch;  /* the last of those that are woken at one time */
    bool is_blocking; /* _asyncio_future_blocking */
    bool writes;
    bool in_doubt;
    bool is_unheard; /* it has failed, and nobody has asked for the error */
};

/* --- memory --- */

#ifdef Py_GIL_DISABLED
/* The collector walks through the memory of all objects, which must be what they seem;
 * and each thread has spare memory of its own. */
static PendingObject *
new_object(module_state *st)
{
    return PyObject_GC_New(PendingObject, st->PendingType);
}

static void
free_object(module_state *st, PendingObject *p)
{
    (void)st;
    PyObject_GC_Del(p);
}
#else
#define N_SPARE_PENDINGS 1024

/* An object with the memory of one that has ended, if there is any. NULL with
 * MemoryError. */
static PendingObject *
new_object(module_state *st)
{
    PendingObject *p = (PendingObject *)st->spare_pendings;
    if (p == NULL) {
        return PyObject_GC_New(PendingObject, st->PendingType);
    }
    st->spare_pendings = (PyObject *)p->next;
    st->n_spare_pendings--;
    PyObject_Init((PyObject *)p, st->PendingType);
    return p;
}

/* Keep the memory of an object, unless it was finalized: it would not be told again. */
static void
free_object(module_state *st, PendingObject *p)
{
    if (PyObject_GC_IsFinalized((PyObject *)p) ||
        st->n_spare_pendings >= N_SPARE_PENDINGS) {
        PyObject_GC_Del(p);
        return;
    }
    p->next = (PendingObject *)st->spare_pendings;
    st->spare_pendings = (PyObject *)p;
    st->n_spare_pendings++;
}
#endif

void
pending_free_spare(module_state *st)
{
    PyObject *spare;
    while ((spare = st->spare_pendings) != NULL) {
        st->spare_pendings = (PyObject *)((PendingObject *)spare)->next;
        PyObject_GC_Del(spare);
    }
    st->n_spare_pendings = SIZE_MAX; /* no more are kept */
}

/* --- making and ending a call --- */

PendingObject *
pending_new(LoopObject *loop, const pending_kind *kind)
{
    void *work = loop_take_work(loop, kind, kind->size);
    if (work == NULL) {
        return NULL;
    }
    PendingObject *p = new_object(loop->st);
    if (p == NULL) {
        loop_give_work(loop, kind, work);
        return NULL;
    }
    memset((char *)p + offsetof(PendingObject, loop), 0,
           sizeof *p - offsetof(PendingObject, loop));
    p->loop = (LoopObject *)Py_NewRef(loop);
    p->kind = kind;
    p->work = work;
    PyObject_GC_Track(p);
    return p;
}

void *
pending_work(PendingObject *p)
{
    return p->work;
}

LoopObject *
pending_loop(PendingObject *p)
{
    return p->loop;
}

void
pending_set_name(PendingObject *p, const char *name)
{
    p->name = name;
}

int
pending_keep_context(PendingObject *p)
{
    Py_XSETREF(p->home, PyContext_CopyCurrent());
    return p->home != NULL ? 0 : -1;
}

void
pending_set_writes(PendingObject *p)
{
    p->writes = true;
}

/* Free the work, after which the call has none. */
static void
drop_work(PendingObject *p)
{
    void *work = p->work;
    p->work = NULL;
    if (work != NULL) {
        p->kind->clear(work);
        loop_give_work(p->loop, p->kind, work);
    }
}

/* --- signals --- */

/* What a signal has: it ends with None when it is set, with an error that it is given,
 * or as another call does. */
typedef struct signal_work {
    bool is_set;
    PyObject *error; /* owned, or NULL */
    PyObject *other; /* owned: the call that it follows, or NULL */
} signal_work;

static pending_step
signal_go_on(PendingObject *p, void *work, PyObject **result)
{
    signal_work *w = work;
    (void)p;
    if (w->error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(w->error), w->error);
    }
    else if (w->is_set && w->other != NULL) {
        *result = PyObject_CallMethod(w->other, "result", NULL);
    }
    else if (w->is_set) {
        *result = Py_NewRef(Py_None);
    }
    return w->is_set || w->error != NULL ? PENDING_ENDS : PENDING_WAITS;
}

static bool
signal_abandon(PendingObject *p, void *work)
{
    signal_work *w = work;
    (void)p;
    if (w->other == NULL) {
        return false;
    }
    PyObject *done = PyObject_CallMethod(w->other, "cancel", NULL);
    PyObject *in_doubt =
        done != NULL ? PyObject_GetAttrString(w->other, "in_doubt") : NULL;
    if (in_doubt == NULL) {
        PyErr_Clear();
    }
    Py_XDECREF(done);
    Py_XDECREF(in_doubt);
    return in_doubt != Py_False;
}

static void
signal_clear(void *work)
{
    signal_work *w = work;
    Py_CLEAR(w->error);
    Py_CLEAR(w->other);
}

static int
signal_traverse(void *work, visitproc visit, void *arg)
{
    signal_work *w = work;
    Py_VISIT(w->error);
    Py_VISIT(w->other);
    return 0;
}

static const pending_kind signal_kind = {
    .name = "signal",
    .size = sizeof(signal_work),
    .go_on = signal_go_on,
    .abandon = signal_abandon,
    .clear = signal_clear,
    .traverse = signal_traverse,
};

/* The work of a signal that has not ended; NULL for any other call. */
static signal_work *
work_of_signal(PendingObject *p)
{
    bool is = p->state == IS_UNDER_WAY && p->kind == &signal_kind;
    return is ? p->work : NULL;
}

PendingObject *
pending_signal(LoopObject *loop)
{
    PendingObject *p = pending_new(loop, &signal_kind);
    return p != NULL ? (PendingObject *)pending_begin(p) : NULL;
}

void
pending_set(PendingObject *signal)
{
    signal_work *w = work_of_signal(signal);
    if (w != NULL) {
        w->is_set = true;
        pending_go_on(signal);
    }
}

/* --- a call and its loop --- */

/* Put a call among those of its loop, which owns it from now on. */
static void
enter(PendingObject *p)
{
    LoopObject *l = p->loop;
    p->next = l->under_way;
    p->at = &l->under_way;
    if (p->next != NULL) {
        p->next->at = &p->next;
    }
    l->under_way = (PendingObject *)Py_NewRef(p);
    l->n_under_way += p->kind != &signal_kind;
}

/* Take a call from those of its loop: the caller has the loop's reference. */
static void
leave(PendingObject *p)
{
    *p->at = p->next;
    if (p->next != NULL) {
        p->next->at = p->at;
    }
    p->next = NULL;
    p->at = NULL;
    p->loop->n_under_way -= p->kind != &signal_kind;
}

/* The last call under way has ended: tell who waits for that. */
static void
rest(LoopObject *l)
{
    PendingObject *idle = l->idle;
    l->idle = NULL;
    if (idle != NULL) {
        pending_set(idle);
        Py_DECREF(idle);
    }
    if (l->retires) {
        loop_schedule(l); /* it ends in its turn */
    }
}

/* Let a call that has ended be woken with the others of the batch, which takes the
 * caller's reference. */
static void
enter_batch(PendingObject *p)
{
    LoopObject *l = p->loop;
    if (p->callback != NULL) {
        p->next_due = NULL;
        if (l->wake_last != NULL) {
            l->wake_last->next_due = p;
        }
        else {
            l->wake_first = p;
        }
        l->wake_last = p;
        l->n_in_batch++;
        if (!l->is_turning && pending_close_batch(l)) {
            loop_wake_soon(l);
        }
    }
    else { /* nobody waits for it yet */
        Py_DECREF(p);
    }
    if (l->n_under_way == 0 && (l->idle != NULL || l->retires)) {
        rest(l);
    }
}

bool
pending_close_batch(LoopObject *l)
{
    if (l->n_in_batch == 0) {
        return false;
    }
    l->n_in_batch = 0;
    l->wake_last->ends_batch = true;
    return true;
}

/* Does an exception say that a write is in doubt? One that has no such attribute gets
 * it: false. */
static bool
doubt_of(module_state *st, PyObject *exc, bool in_doubt)
{
    PyObject *said = PyObject_GetAttr(exc, st->s_in_doubt);
    if (said == NULL) {
        PyErr_Clear();
        if (PyObject_SetAttr(exc, st->s_in_doubt, in_doubt ? Py_True : Py_False) < 0) {
            PyErr_Clear();
        }
        return in_doubt;
    }
    int is = PyObject_IsTrue(said);
    Py_DECREF(said);
    if (is < 0) {
        PyErr_Clear();
    }
    return is > 0;
}

/* Is it a call that the client makes for itself? So is a signal without the name of a
 * method, for which connect() or close() waits: who awaits those is told by them. */
static bool
is_nobodys(const PendingObject *p)
{
    return p->kind->is_nobodys || (p->kind == &signal_kind && p->name == NULL);
}

/* Take the exception that is set as how the call has ended, which is in doubt if the
 * exception says so, or in_doubt where it says nothing. A StopIteration would be taken
 * for the end of a coroutine. */
static void
take_exception(PendingObject *p, bool in_doubt)
{
    raise_instead_of_stop();
    p->state = HAS_FAILED;
    p->result = PyErr_GetRaisedException();
    p->traceback = PyException_GetTraceback(p->result);
    p->in_doubt = doubt_of(p->loop->st, p->result, in_doubt);
    p->is_unheard = !is_nobodys(p);
}

PyObject *
pending_begin(PendingObject *p)
{
    if (PyErr_Occurred() != NULL) {
        take_exception(p, false);
        drop_work(p);
        return (PyObject *)p;
    }
    Py_BEGIN_CRITICAL_SECTION(p->loop);
    enter(p);
    pending_go_on(p);
    loop_send_soon(p->loop);
    Py_END_CRITICAL_SECTION();
    return (PyObject *)p;
}

/* End a call with a value, which is taken, or NULL with an exception. Asking that for
 * its doubt may run Python code, so that the call is none of its loop's by then. */
static void
end(PendingObject *p, PyObject *value)
{
    leave(p);
    if (value != NULL) {
        p->state = HAS_RESULT;
        p->result = value;
        p->in_doubt = p->writes;
    }
    else {
        take_exception(p, p->writes);
    }
    drop_work(p);
    enter_batch(p);
}

/* Abandon what is under way and free the work. May a write be applied all the same? In
 * the middle of a step nobody knows, and the work stays until the step is done. */
static bool
stop(PendingObject *p)
{
    leave(p);
    if (p->is_stepping) {
        return p->writes;
    }
    bool in_doubt = p->kind->abandon(p, p->work);
    drop_work(p);
    return in_doubt;
}

/* End a step in the middle of which the call was given up. */
static void
end_stopped(PendingObject *p, pending_step step, PyObject *value)
{
    PyErr_Clear();
    Py_XDECREF(value);
    p->in_doubt = step != PENDING_ENDS ? p->kind->abandon(p, p->work) : p->writes;
    drop_work(p);
    enter_batch(p);
}

/* Let a call wait for the next turn. */
static void
await_turn(PendingObject *p)
{
    LoopObject *l = p->loop;
    p->waits_for_turn = true;
    p->next_turn = NULL;
    if (l->turn_last != NULL) {
        l->turn_last->next_turn = p;
    }
    else {
        l->turn_first = p;
    }
    l->turn_last = (PendingObject *)Py_NewRef(p);
    loop_schedule(l);
}

/* Leave the context of a call. The exception that is set stays. */
static void
leave_context(PyObject *context)
{
    PyObject *set = PyErr_GetRaisedException();
    PyContext_Exit(context);
    PyErr_SetRaisedException(set);
}

void
pending_go_on(PendingObject *p)
{
    PyObject *value = NULL;
    if (p->state != IS_UNDER_WAY || p->is_stepping) {
        return;
    }
    Py_INCREF(p); /* what its step runs may drop everything else */
    p->is_stepping = true;
    p->loop->n_steps++;
    bool is_home = p->home != NULL && PyContext_Enter(p->home) == 0;
    pending_step step = p->kind->go_on(p, p->work, &value);
    if (is_home) {
        leave_context(p->home);
    }
    p->loop->n_steps--;
    p->is_stepping = false;
    if (p->state != IS_UNDER_WAY) {
        end_stopped(p, step, value);
    }
    else if (step == PENDING_ENDS) {
        end(p, value);
    }
    else if (step == PENDING_TURN) {
        await_turn(p);
    }
    Py_DECREF(p);
}

void
pending_take_turns(LoopObject *l)
{
    PendingObject *p = l->turn_first, *last = l->turn_last;
    bool more = p != NULL;
    while (more) {
        p = l->turn_first;
        bool is_last = p == last;
        l->turn_first = p->next_turn;
        if (l->turn_first == NULL) {
            l->turn_last = NULL;
        }
        p->waits_for_turn = false;
        pending_go_on(p);
        Py_DECREF(p);
        more = !is_last && !loop_time_is_up(l);
    }
    if (l->turn_first != NULL) {
        loop_schedule(l);
    }
}

/* End a call that is under way without a result of its own: with an error, or NULL as
 * one that was cancelled. */
static void
give_up(PendingObject *p, const asc_error *err)
{
    p->state = IS_CANCELLED; /* also for whatever looks before the error is there */
    p->in_doubt = stop(p);
    if (err != NULL) {
        asc_error own = *err;
        own.in_doubt = p->in_doubt;
        raise_error(p->loop->st, &own, NULL, NULL);
        take_exception(p, own.in_doubt);
    }
    if (!p->is_stepping) {
        enter_batch(p);
    }
}

void
pending_give_up_all(LoopObject *l, const asc_error *err)
{
    while (l->under_way != NULL) {
        give_up(l->under_way, err);
    }
}

/* --- who waits for it --- */

/* Have the event loop call a callback soon, unless both are garbage. 0, or -1 with an
 * exception. */
static int
call_soon(PendingObject *p, PyObject *callback, PyObject *context)
{
    if (p->loop->call_soon == NULL) {
        return 0;
    }
    PyObject *args[] = {callback, (PyObject *)p, context};
    PyObject *handle =
        PyObject_Vectorcall(p->loop->call_soon, args, 2, p->loop->st->context_names);
    Py_XDECREF(handle);
    loop_ask_for_turn(p->loop);
    return handle != NULL ? 0 : -1;
}

/* Call a callback in its context, as an event loop does. 0, or -1 with what must end
 * the event loop. */
static int
call_in(PendingObject *p, PyObject *callback, PyObject *context)
{
    if (PyContext_Enter(context) < 0) {
        PyErr_Clear(); /* it is in use: a program that runs one loop inside another */
        if (call_soon(p, callback, context) < 0) {
            raise_later(take_of_handler(p->loop->st));
        }
        return 0;
    }
    PyObject *done = PyObject_CallOneArg(callback, (PyObject *)p);
    PyObject *exc = done == NULL ? PyErr_GetRaisedException() : NULL;
    Py_XDECREF(done);
    PyContext_Exit(context);
    if (exc == NULL) {
        return 0;
    }
    if (!PyErr_GivenExceptionMatches(exc, PyExc_KeyboardInterrupt) &&
        !PyErr_GivenExceptionMatches(exc, PyExc_SystemExit)) {
        loop_report(p->loop, "Exception in a callback of a call", exc, (PyObject *)p);
        Py_DECREF(exc);
        return 0;
    }
    PyErr_SetRaisedException(exc);
    return -1;
}

/* Who waits for a call; all owned, and as in the call. */
typedef struct waiters {
    PyObject *callback, *context, *more;
} waiters;

/* Wake all who wait for a call that has ended; they are taken. */
static int
wake(PendingObject *p, waiters w)
{
    PyObject *callback = w.callback, *context = w.context, *more = w.more;
    int rc = callback != NULL ? call_in(p, callback, context) : 0;
    for (Py_ssize_t i = 0; more != NULL && i < PyList_GET_SIZE(more); i++) {
        /* borrowed: the list is ours alone by now */
        PyObject *pair = PyList_GET_ITEM(more, i);
        PyObject *other = PyTuple_GET_ITEM(pair, 0); /* borrowed: likewise */
        PyObject *its = PyTuple_GET_ITEM(pair, 1);   /* borrowed: likewise */
        if (rc < 0) { /* the others get their turn when the event loop runs again */
            PyObject *exc = PyErr_GetRaisedException();
            if (call_soon(p, other, its) < 0) {
                raise_later(take_of_handler(p->loop->st));
            }
            PyErr_SetRaisedException(exc);
        }
        else {
            rc = call_in(p, other, its);
        }
    }
    Py_XDECREF(callback);
    Py_XDECREF(context);
    Py_XDECREF(more);
    return rc;
}

/* Take the first call of a batch and those who wait for it, which the caller owns from
 * now on. *more: the batch has others. NULL: there is no batch, or nobody's. */
static PendingObject *
take_due(LoopObject *l, waiters *w, bool *more)
{
    PendingObject *p = l->wake_first;
    *more = false;
    if (p == NULL) {
        return NULL;
    }
    l->wake_first = p->next_due;
    if (l->wake_first == NULL) {
        l->wake_last = NULL;
        l->n_in_batch = 0;
    }
    *more = !p->ends_batch && l->wake_first != NULL;
    p->ends_batch = false;
    *w = (waiters){p->callback, p->context, p->more};
    p->callback = p->context = p->more = NULL;
    return p;
}

int
pending_wake_batch(LoopObject *l)
{
    bool more = true;
    int rc = 0;
    while (more && rc == 0) {
        PendingObject *p;
        waiters w;
        Py_BEGIN_CRITICAL_SECTION(l);
        p = take_due(l, &w, &more);
        Py_END_CRITICAL_SECTION();
        rc = p != NULL ? wake(p, w) : 0;
        Py_XDECREF(p);
    }
    if (rc < 0 && more) { /* the rest of the batch is one by itself */
        PyObject *exc = PyErr_GetRaisedException();
        loop_wake_soon(l);
        PyErr_SetRaisedException(exc);
    }
    return rc;
}

void
pending_drop_ended(LoopObject *l)
{
    PendingObject *p;
    while ((p = l->wake_first) != NULL) {
        l->wake_first = p->next_due;
        Py_DECREF(p);
    }
    l->wake_last = NULL;
    l->n_in_batch = 0;
    while ((p = l->turn_first) != NULL) {
        l->turn_first = p->next_turn;
        p->waits_for_turn = false;
        Py_DECREF(p);
    }
    l->turn_last = NULL;
}

int
pending_traverse_all(LoopObject *l, visitproc visit, void *arg)
{
    for (PendingObject *p = l->under_way; p != NULL; p = p->next) {
        Py_VISIT(p);
    }
    for (PendingObject *p = l->wake_first; p != NULL; p = p->next_due) {
        Py_VISIT(p);
    }
    for (PendingObject *p = l->turn_first; p != NULL; p = p->next_turn) {
        Py_VISIT(p);
    }
    return 0;
}

/* --- as a future --- */

/* Make the error of a call that was cancelled, a new reference. */
static PyObject *
cancelled_error(PendingObject *p)
{
    module_state *st = p->loop->st;
    PyObject *cls = lazy_import(&st->CancelledError, "asyncio", "CancelledError");
    PyObject *exc = NULL;
    if (cls != NULL) {
        exc = p->message != NULL ? PyObject_CallOneArg(cls, p->message)
                                 : PyObject_CallNoArgs(cls);
    }
    if (exc != NULL) {
        doubt_of(st, exc, p->in_doubt);
    }
    return exc;
}

/* The result, a new reference, or raise what the call has failed with: each time with
 * the traceback that it had at first, to which those are added who let it pass. */
static PyObject *
result_of(PendingObject *p)
{
    if (p->state == HAS_RESULT) {
        return Py_NewRef(p->result);
    }
    PyObject *exc = p->state == HAS_FAILED ? Py_NewRef(p->result) : cancelled_error(p);
    if (exc != NULL) {
        p->is_unheard = false;
        PyException_SetTraceback(exc, p->traceback != NULL ? p->traceback : Py_None);
        PyErr_SetObject((PyObject *)Py_TYPE(exc), exc);
        Py_DECREF(exc);
    }
    return NULL;
}

/* Raise that the call has not ended. Returns NULL. */
static PyObject *
raise_not_done(PendingObject *p)
{
    module_state *st = p->loop->st;
    PyObject *cls = lazy_import(&st->InvalidStateError, "asyncio", "InvalidStateError");
    if (cls != NULL) {
        PyErr_SetString(cls, "Result is not set.");
    }
    return NULL;
}

static PyObject *
pending_result(PyObject *self, PyObject *ignored)
{
    PendingObject *p = (PendingObject *)self;
    (void)ignored;
    return p->state != IS_UNDER_WAY ? result_of(p) : raise_not_done(p);
}

static PyObject *
pending_exception(PyObject *self, PyObject *ignored)
{
    PendingObject *p = (PendingObject *)self;
    (void)ignored;
    switch (p->state) {
    case IS_UNDER_WAY:
        return raise_not_done(p);
    case IS_CANCELLED:
        return result_of(p);
    case HAS_FAILED:
        p->is_unheard = false;
        return Py_NewRef(p->result);
    default:
        Py_RETURN_NONE;
    }
}

static PyObject *
pending_done(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return PyBool_FromLong(((PendingObject *)self)->state != IS_UNDER_WAY);
}

static PyObject *
pending_cancelled(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return PyBool_FromLong(((PendingObject *)self)->state == IS_CANCELLED);
}

static PyObject *
pending_cancel(METHOD_PARAMS)
{
    static const char *const names[] = {"msg", NULL};
    PendingObject *p = (PendingObject *)self;
    PyObject *argv[1];
    if (parse_args("cancel", names, 0, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    p->is_unheard = false;
    if (p->state != IS_UNDER_WAY) {
        Py_RETURN_FALSE;
    }
    p->message = Py_XNewRef(none_to_null(argv[0]));
    give_up(p, NULL);
    Py_RETURN_TRUE;
}

/* Keep a callback for the end of the call. 0, or -1 with MemoryError. */
static int
keep_callback(PendingObject *p, PyObject *callback, PyObject *context)
{
    if (p->callback == NULL) {
        p->callback = Py_NewRef(callback);
        p->context = Py_NewRef(context);
        return 0;
    }
    if (p->more == NULL && (p->more = PyList_New(0)) == NULL) {
        return -1;
    }
    PyObject *pair = PyTuple_Pack(2, callback, context);
    int rc = pair != NULL ? PyList_Append(p->more, pair) : -1;
    Py_XDECREF(pair);
    return rc;
}

/* The same; of a call that has ended, have it called soon. */
static int
keep_or_call(PendingObject *p, PyObject *callback, PyObject *context)
{
    return p->state == IS_UNDER_WAY ? keep_callback(p, callback, context)
                                    : call_soon(p, callback, context);
}

static PyObject *
pending_add_done_callback(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                          PyObject *kwnames)
{
    PendingObject *p = (PendingObject *)self;
    Py_ssize_t n_names = kwnames != NULL ? PyTuple_GET_SIZE(kwnames) : 0;
    PyObject *context = NULL;
    if (nargs != 1 || n_names > 1 ||
        /* borrowed: the caller holds the names */
        (n_names == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0),
                                                          "context") != 0)) {
        PyErr_SetString(PyExc_TypeError,
                        "add_done_callback() takes a function, and perhaps context");
        return NULL;
    }
    if (n_names == 1) {
        context = Py_XNewRef(none_to_null(args[1]));
    }
    if (context == NULL && (context = PyContext_CopyCurrent()) == NULL) {
        return NULL;
    }
    int rc = keep_or_call(p, args[0], context);
    Py_DECREF(context);
    return rc == 0 ? Py_NewRef(Py_None) : NULL;
}

/* Take the callbacks of a call, the first and the others alike, as a list of tuples: a
 * new reference. NULL with MemoryError. */
static PyObject *
take_callbacks(PendingObject *p)
{
    PyObject *all = PyList_New(0);
    PyObject *first = all != NULL && p->callback != NULL
                          ? PyTuple_Pack(2, p->callback, p->context)
                          : NULL;
    int rc = all != NULL && (first != NULL || p->callback == NULL) ? 0 : -1;
    if (rc == 0 && first != NULL) {
        rc = PyList_Append(all, first);
    }
    if (rc == 0 && p->more != NULL) {
        rc = PyList_SetSlice(all, PyList_GET_SIZE(all), PyList_GET_SIZE(all), p->more);
    }
    Py_XDECREF(first);
    if (rc < 0) {
        Py_XDECREF(all);
        return NULL;
    }
    Py_CLEAR(p->callback);
    Py_CLEAR(p->context);
    Py_CLEAR(p->more);
    return all;
}

/* Comparing callbacks may run any code, which may even add more, or have the call end:
 * those that there were are taken out, and those that stay are put back. */
static PyObject *
pending_remove_done_callback(PyObject *self, PyObject *callback)
{
    PendingObject *p = (PendingObject *)self;
    long n_removed = 0;
    int rc = 0;
    if (p->state != IS_UNDER_WAY) {
        return PyLong_FromLong(0);
    }
    PyObject *all = take_callbacks(p);
    for (Py_ssize_t i = 0; all != NULL && i < PyList_GET_SIZE(all); i++) {
        /* borrowed: the list is ours alone, and holds the tuple */
        PyObject *pair = PyList_GET_ITEM(all, i);
        PyObject *other = PyTuple_GET_ITEM(pair, 0);   /* borrowed: likewise */
        PyObject *context = PyTuple_GET_ITEM(pair, 1); /* borrowed: likewise */
        int is_same = rc == 0 ? PyObject_RichCompareBool(other, callback, Py_EQ) : 0;
        rc = is_same < 0 ? -1 : rc;
        if (is_same > 0) {
            n_removed++;
        }
        else if (keep_or_call(p, other, context) < 0) {
            rc = -1;
        }
    }
    if (all == NULL || rc < 0) {
        Py_XDECREF(all);
        return NULL;
    }
    Py_DECREF(all);
    return PyLong_FromLong(n_removed);
}

/* _set(), and what calls back when the call that a signal follows has ended. */
static PyObject *
pending_set_signal(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    (void)args;
    (void)nargs;
    pending_set((PendingObject *)self);
    Py_RETURN_NONE;
}

static PyObject *
pending_fail_signal(PyObject *self, PyObject *error)
{
    signal_work *w = work_of_signal((PendingObject *)self);
    if (w != NULL && PyExceptionInstance_Check(error)) {
        Py_XSETREF(w->error, Py_NewRef(error));
        pending_go_on((PendingObject *)self);
    }
    Py_RETURN_NONE;
}

static PyObject *
pending_follow(PyObject *self, PyObject *other)
{
    signal_work *w = work_of_signal((PendingObject *)self);
    if (w == NULL) {
        return PyObject_CallMethod(other, "cancel", NULL);
    }
    Py_XSETREF(w->other, Py_NewRef(other));
    PyObject *set = PyObject_GetAttrString(self, "_set");
    PyObject *done =
        set != NULL ? PyObject_CallMethod(other, "add_done_callback", "O", set) : NULL;
    Py_XDECREF(set);
    return done;
}

static PyObject *
pending_get_loop(PyObject *self, PyObject *ignored)
{
    PyObject *key = ((PendingObject *)self)->loop->key; /* NULL: it is garbage */
    (void)ignored;
    return Py_NewRef(key != NULL ? key : Py_None);
}

static PyObject *
pending_make_cancelled_error(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return cancelled_error((PendingObject *)self);
}

/* --- as an awaitable and a coroutine --- */

/* Where an event loop has a way of its own to wait, this is the coroutine of it; each
 * who awaits the call has one. */
static PyObject *
own_wait(PendingObject *p)
{
    PyObject *coroutine = PyObject_CallOneArg(p->loop->wait, (PyObject *)p);
    PyObject *iterator =
        coroutine != NULL ? PyObject_CallMethod(coroutine, "__await__", NULL) : NULL;
    Py_XDECREF(coroutine);
    return iterator;
}

/* The object is its own iterator. It has no place in it: asked for more, it says that
 * it is under way, or gives the result. */
static PyObject *
pending_await(PyObject *self)
{
    PendingObject *p = (PendingObject *)self;
    return p->loop->wait == NULL ? Py_NewRef(self) : own_wait(p);
}

static PySendResult
pending_am_send(PyObject *self, PyObject *value, PyObject **result)
{
    PendingObject *p = (PendingObject *)self;
    (void)value;
    if (p->state == IS_UNDER_WAY) {
        p->is_blocking = true;
        *result = Py_NewRef(self);
        return PYGEN_NEXT;
    }
    *result = result_of(p);
    return *result != NULL ? PYGEN_RETURN : PYGEN_ERROR;
}

/* Raise StopIteration with a value, which is taken. A tuple would be taken for its
 * arguments, so that the exception is made here. */
static void
raise_stop(PyObject *value)
{
    PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, value);
    Py_DECREF(value);
    if (stop != NULL) {
        PyErr_SetObject(PyExc_StopIteration, stop);
        Py_DECREF(stop);
    }
}

static PyObject *
pending_next(PyObject *self)
{
    PyObject *result;
    switch (pending_am_send(self, Py_None, &result)) {
    case PYGEN_NEXT:
        return result;
    case PYGEN_RETURN:
        raise_stop(result);
        return NULL;
    default:
        return NULL;
    }
}

/* The next step of an await, or of a loop. Who awaits a call takes the mark off that it
 * blocks. A loop without an await does not, and would get the call again and again. */
static PyObject *
pending_iternext(PyObject *self)
{
    PendingObject *p = (PendingObject *)self;
    if (p->state == IS_UNDER_WAY && p->is_blocking) {
        PyErr_SetString(PyExc_RuntimeError,
                        "await is missing: a call of AsyncClient is awaited, and its "
                        "result can be unpacked or looped over");
        return NULL;
    }
    return pending_next(self);
}

static PyObject *
pending_send(PyObject *self, PyObject *value)
{
    (void)value;
    return pending_next(self);
}

/* Give a call up that somebody leaves who awaits it, and tell the exception with which
 * he does so whether a write is in doubt. In another thread than its own, only those
 * leave it who awaited it in a wrong event loop. */
static void
be_left(PendingObject *p, PyObject *exc)
{
    if (p->state == IS_UNDER_WAY && p->loop->thread == PyThread_get_thread_ident()) {
        give_up(p, NULL);
    }
    p->is_blocking = false; /* a task of a wrong event loop leaves the mark on */
    p->is_unheard = false;
    if (exc != NULL && p->loop->st->s_in_doubt != NULL) { /* at the exit it is gone */
        PyObject *in_doubt = p->in_doubt ? Py_True : Py_False;
        if (PyObject_SetAttr(exc, p->loop->st->s_in_doubt, in_doubt) < 0) {
            PyErr_Clear();
        }
    }
}

/* throw(exception), or throw(type, value, traceback). */
static PyObject *
pending_throw(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs < 1 || nargs > 3) {
        PyErr_SetString(PyExc_TypeError, "throw() takes 1 to 3 arguments");
        return NULL;
    }
    PyObject *type = Py_NewRef(args[0]);
    PyObject *value = nargs > 1 ? Py_XNewRef(none_to_null(args[1])) : NULL;
    PyObject *traceback = nargs > 2 ? Py_XNewRef(none_to_null(args[2])) : NULL;
    if (PyExceptionInstance_Check(type)) {
        Py_XSETREF(value, type);
        type = Py_NewRef((PyObject *)Py_TYPE(value));
    }
    else if (!PyExceptionClass_Check(type)) {
        PyErr_Format(PyExc_TypeError,
                     "exceptions must derive from BaseException, not %s",
                     Py_TYPE(type)->tp_name);
        Py_DECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
        return NULL;
    }
    PyErr_NormalizeException(&type, &value, &traceback);
    if (value != NULL && PyExceptionInstance_Check(value)) {
        be_left((PendingObject *)self, value);
        if (traceback == NULL) {
            traceback = PyException_GetTraceback(value);
        }
    }
    PyErr_Restore(type, value, traceback);
    return NULL;
}

static PyObject *
pending_close(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    be_left((PendingObject *)self, NULL);
    Py_RETURN_NONE;
}

/* --- attributes --- */

static PyObject *
get_blocking(PyObject *self, void *ignored)
{
    (void)ignored;
    return PyBool_FromLong(((PendingObject *)self)->is_blocking);
}

static int
set_blocking(PyObject *self, PyObject *value, void *ignored)
{
    (void)ignored;
    int is = value != NULL ? PyObject_IsTrue(value) : 0;
    if (is >= 0) {
        ((PendingObject *)self)->is_blocking = is != 0;
    }
    return is < 0 ? -1 : 0;
}

static PyObject *
get_in_doubt(PyObject *self, void *ignored)
{
    (void)ignored;
    return PyBool_FromLong(((PendingObject *)self)->in_doubt);
}

static PyObject *
get_loop(PyObject *self, void *ignored)
{
    (void)ignored;
    return pending_get_loop(self, NULL);
}

static PyObject *
get_cancel_message(PyObject *self, void *ignored)
{
    PyObject *message = ((PendingObject *)self)->message;
    (void)ignored;
    return Py_NewRef(message != NULL ? message : Py_None);
}

static const char *
name_of(PendingObject *p)
{
    return p->name != NULL ? p->name : p->kind->name;
}

static PyObject *
get_name(PyObject *self, void *ignored)
{
    (void)ignored;
    return PyUnicode_FromString(name_of((PendingObject *)self));
}

static PyObject *
get_qualname(PyObject *self, void *ignored)
{
    (void)ignored;
    return PyUnicode_FromFormat("AsyncClient.%s", name_of((PendingObject *)self));
}

static PyObject *
pending_repr(PyObject *self)
{
    PendingObject *p = (PendingObject *)self;
    switch (p->state) {
    case IS_UNDER_WAY:
        return PyUnicode_FromFormat("<aerospike call %s() under way>", name_of(p));
    case HAS_RESULT:
        return PyUnicode_FromFormat("<aerospike call %s() done>", name_of(p));
    case HAS_FAILED:
        return PyUnicode_FromFormat("<aerospike call %s() failed: %s>", name_of(p),
                                    Py_TYPE(p->result)->tp_name);
    default:
        return PyUnicode_FromFormat("<aerospike call %s() cancelled>", name_of(p));
    }
}

/* --- its memory, and the collector --- */

static int
pending_traverse(PyObject *self, visitproc visit, void *arg)
{
    PendingObject *p = (PendingObject *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(p->loop);
    Py_VISIT(p->result);
    Py_VISIT(p->traceback);
    Py_VISIT(p->message);
    Py_VISIT(p->home);
    Py_VISIT(p->callback);
    Py_VISIT(p->context);
    Py_VISIT(p->more);
    return p->work != NULL && p->kind->traverse != NULL
               ? p->kind->traverse(p->work, visit, arg)
               : 0;
}

/* A call that is under way is its loop's, which gives it up when it is garbage. */
static int
pending_clear(PyObject *self)
{
    PendingObject *p = (PendingObject *)self;
    Py_CLEAR(p->result);
    Py_CLEAR(p->traceback);
    Py_CLEAR(p->message);
    Py_CLEAR(p->home);
    Py_CLEAR(p->callback);
    Py_CLEAR(p->context);
    Py_CLEAR(p->more);
    if (p->state != IS_UNDER_WAY) {
        p->state = IS_CANCELLED; /* whoever asks finds no result */
    }
    return 0;
}

/* Tell the event loop of an error that nobody has asked for. */
static void
pending_finalize(PyObject *self)
{
    PendingObject *p = (PendingObject *)self;
    if (p->is_unheard && p->state == HAS_FAILED) {
        char text[100];
        p->is_unheard = false;
        PyOS_snprintf(text, sizeof text, "the error of %s() was never retrieved",
                      name_of(p));
        loop_report(p->loop, text, p->result, self);
    }
}

static void
pending_dealloc(PyObject *self)
{
    PendingObject *p = (PendingObject *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (p->is_unheard && PyObject_CallFinalizerFromDealloc(self) < 0) {
        return;
    }
    PyObject_GC_UnTrack(self);
    module_state *st = p->loop->st;
    drop_work(p); /* of a call that was not begun */
    pending_clear(self);
    Py_DECREF(p->loop);
    free_object(st, p);
    Py_DECREF(type);
}

/* --- from any thread --- */

#define NOARGS_PARAMS PyObject *self, PyObject *ignored
#define FASTCALL_PARAMS PyObject *self, PyObject *const *args, Py_ssize_t nargs

#define LOCKED_CALL(type, function, params, ...)                                       \
    LOCKED(type, function, ((PendingObject *)self)->loop, params, __VA_ARGS__)

LOCKED_CALL(PyObject *, pending_result, (NOARGS_PARAMS), self, ignored)
LOCKED_CALL(PyObject *, pending_exception, (NOARGS_PARAMS), self, ignored)
LOCKED_CALL(PyObject *, pending_done, (NOARGS_PARAMS), self, ignored)
LOCKED_CALL(PyObject *, pending_cancelled, (NOARGS_PARAMS), self, ignored)
LOCKED_CALL(PyObject *, pending_cancel, (METHOD_PARAMS), self, cls, args, nargs,
            kwnames)
LOCKED_CALL(PyObject *, pending_add_done_callback, (FASTCALL_PARAMS, PyObject *kwnames),
            self, args, nargs, kwnames)
LOCKED_CALL(PyObject *, pending_remove_done_callback, (PyObject * self, PyObject *fn),
            self, fn)
LOCKED_CALL(PyObject *, pending_send, (PyObject * self, PyObject *value), self, value)
LOCKED_CALL(PyObject *, pending_throw, (FASTCALL_PARAMS), self, args, nargs)
LOCKED_CALL(PyObject *, pending_close, (NOARGS_PARAMS), self, ignored)
LOCKED_CALL(PyObject *, pending_set_signal, (FASTCALL_PARAMS), self, args, nargs)
LOCKED_CALL(PyObject *, pending_fail_signal, (PyObject * self, PyObject *error), self,
            error)
LOCKED_CALL(PyObject *, pending_follow, (PyObject * self, PyObject *other), self, other)
LOCKED_CALL(PyObject *, pending_make_cancelled_error, (NOARGS_PARAMS), self, ignored)
LOCKED_CALL(PyObject *, get_blocking, (PyObject * self, void *ignored), self, ignored)
LOCKED_CALL(int, set_blocking, (PyObject * self, PyObject *value, void *ignored), self,
            value, ignored)
LOCKED_CALL(PyObject *, get_cancel_message, (PyObject * self, void *ignored), self,
            ignored)
LOCKED_CALL(PyObject *, get_in_doubt, (PyObject * self, void *ignored), self, ignored)
LOCKED_CALL(PyObject *, pending_repr, (PyObject * self), self)
LOCKED_CALL(PyObject *, pending_iternext, (PyObject * self), self)
LOCKED_CALL(PySendResult, pending_am_send,
            (PyObject * self, PyObject *value, PyObject **result), self, value, result)

/* --- the type --- */

static PyMethodDef pending_methods[] = {
    {"result", locked_pending_result, METH_NOARGS,
     "result($self)\n--\n\nThe result of the call, or raise its error."},
    {"exception", locked_pending_exception, METH_NOARGS,
     "exception($self)\n--\n\nThe error of the call, or None."},
    {"done", locked_pending_done, METH_NOARGS,
     "done($self)\n--\n\nHas the call ended?"},
    {"cancelled", locked_pending_cancelled, METH_NOARGS,
     "cancelled($self)\n--\n\nWas the call cancelled?"},
    METHOD_ROW("cancel", locked_pending_cancel,
               "cancel($self, msg=None)\n--\n\n"
               "Give the call up. False when it has ended already."),
    {"add_done_callback", (PyCFunction)(void (*)(void))locked_pending_add_done_callback,
     METH_FASTCALL | METH_KEYWORDS,
     "add_done_callback($self, fn, /, *, context=None)\n--\n\n"
     "Have the event loop call a function with this object when the call has ended."},
    {"remove_done_callback", locked_pending_remove_done_callback, METH_O,
     "remove_done_callback($self, fn, /)\n--\n\n"
     "Undo add_done_callback(). The number of callbacks that this has removed."},
    {"get_loop", pending_get_loop, METH_NOARGS,
     "get_loop($self)\n--\n\nThe event loop of the call."},
    {"send", locked_pending_send, METH_O,
     "send($self, value, /)\n--\n\nAs coroutines have it."},
    {"throw", (PyCFunction)(void (*)(void))locked_pending_throw, METH_FASTCALL,
     "throw($self, exception, value=None, traceback=None, /)\n--\n\n"
     "As coroutines have it: the call is given up."},
    {"close", locked_pending_close, METH_NOARGS,
     "close($self)\n--\n\nAs coroutines have it: the call is given up."},
    {"_set", (PyCFunction)(void (*)(void))locked_pending_set_signal, METH_FASTCALL,
     "_set($self, *ignored)\n--\n\nEnd a signal, which waits only for this."},
    {"_fail", locked_pending_fail_signal, METH_O,
     "_fail($self, error, /)\n--\n\nEnd a signal with an error."},
    {"_follow", locked_pending_follow, METH_O,
     "_follow($self, call, /)\n--\n\nLet a signal end as a call does."},
    {"_make_cancelled_error", locked_pending_make_cancelled_error, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef pending_attributes[] = {
    {"_asyncio_future_blocking", locked_get_blocking, locked_set_blocking, NULL, NULL},
    {"_loop", get_loop, NULL, NULL, NULL},
    {"_cancel_message", locked_get_cancel_message, NULL, NULL, NULL},
    {"in_doubt", locked_get_in_doubt, NULL,
     "Whether a write may be, or is, applied of which the caller does not learn when "
     "he is cancelled now.",
     NULL},
    {"__name__", get_name, NULL, NULL, NULL},
    {"__qualname__", get_qualname, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static const char doc_Pending[] =
    "A call of an AsyncClient: an awaitable, a future and a coroutine in one.";

static PyType_Slot pending_slots[] = {
    {Py_tp_doc, (void *)doc_Pending},
    {Py_tp_dealloc, pending_dealloc},
    {Py_tp_finalize, pending_finalize},
    {Py_tp_traverse, pending_traverse},
    {Py_tp_clear, pending_clear},
    {Py_tp_methods, pending_methods},
    {Py_tp_getset, pending_attributes},
    {Py_tp_repr, locked_pending_repr},
    {Py_tp_iter, pending_await},
    {Py_tp_iternext, locked_pending_iternext},
    {Py_am_await, pending_await},
    {Py_am_send, locked_pending_am_send},
    {0, NULL},
};

static PyType_Spec pending_spec = {
    .name = "aerospike._core.Pending",
    .basicsize = sizeof(PendingObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = pending_slots,
};

int
pending_type_init(PyObject *module, module_state *st)
{
    st->PendingType =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &pending_spec, NULL);
    if (st->PendingType == NULL) {
        return -1;
    }
    st->context_names = Py_BuildValue("(N)", PyUnicode_InternFromString("context"));
    return st->context_names != NULL ? PyModule_AddType(module, st->PendingType) : -1;
}
