/* query/awaited.c -- a stream whose items are awaited.
 *
 * An AsyncStream is opened when its first item is awaited. `async for` gets a step for
 * each item. A step that finds an item there gives it at once, without the event loop;
 * else it waits, with a call that ends when the set of the stream has frames. That call
 * takes no item: the step does, in the moment in which it gives it to the task, so that
 * no item is lost when the task is cancelled before that.
 *
 * A wait that is given up closes the stream without ending it. The next step opens it
 * again behind the last item. Nothing is received but while a step waits, so that a
 * slow reader needs no memory. */
#include "query/awaited.h"

#include "loop/method.h"
#include "support/collector.h"
#include "support/compat.h"

static module_state *
state_of(void *self)
{
    return PyType_GetModuleState(Py_TYPE((PyObject *)self));
}

/* --- waiting for frames --- */

/* The work of the call that waits. It counts in the stream beside its step: a step that
 * is ended by another thread may leave it in the middle of its work. */
typedef struct stream_wait {
    StreamObject *s;   /* owned */
    bool gives_turn;   /* others come first, whatever is there */
    bool is_under_way; /* the loop has the set */
} stream_wait;

static pending_step
wait_on(PendingObject *p, void *work, PyObject **result)
{
    stream_wait *w = work;
    StreamObject *s = w->s;
    if (w->gives_turn) {
        w->gives_turn = false;
        return PENDING_TURN;
    }
    s->since_turn = 0;
    w->is_under_way = false;
    stream_step step =
        s->part != NULL ? STREAM_PART : stream_go_on(s, state_of((PyObject *)s));
    if (step == STREAM_WAITS) {
        w->is_under_way = true;
        loop_submit_set(pending_loop(p), p, s->set);
        return PENDING_WAITS;
    }
    if (step == STREAM_RAISED || step == STREAM_OVER) {
        stream_shut(s);
        s->is_over = true;
    }
    *result = step != STREAM_RAISED ? Py_NewRef(Py_None) : NULL;
    return PENDING_ENDS;
}

/* The stream is closed then, and will open again. */
static bool
abandon_wait(PendingObject *p, void *work)
{
    stream_wait *w = work;
    if (w->is_under_way) {
        loop_abandon_set(pending_loop(p), w->s->set);
        stream_shut(w->s);
    }
    return false;
}

static void
clear_wait(void *work)
{
    stream_wait *w = work;
    if (w->s != NULL) {
        stream_leave(w->s);
    }
    Py_CLEAR(w->s);
}

static int
traverse_wait(void *work, visitproc visit, void *arg)
{
    Py_VISIT((PyObject *)((stream_wait *)work)->s);
    return 0;
}

static const pending_kind of_wait = {
    .name = "wait for records",
    .size = sizeof(stream_wait),
    .go_on = wait_on,
    .abandon = abandon_wait,
    .clear = clear_wait,
    .traverse = traverse_wait,
};

/* --- all items that are left --- */

/* The work of collect(), which has the stream for itself. */
typedef struct stream_list {
    StreamObject *s;   /* owned */
    PyObject *list;    /* owned */
    bool is_under_way; /* the loop has the set */
} stream_list;

static pending_step
collect_on(PendingObject *p, void *work, PyObject **result)
{
    stream_list *w = work;
    StreamObject *s = w->s;
    module_state *st = state_of((PyObject *)s);
    stream_step step = STREAM_PART;
    s->since_turn = 0;
    w->is_under_way = false;
    while (step == STREAM_PART && s->set != NULL) {
        int rc = stream_append(s, st, w->list, PY_SSIZE_T_MAX);
        if (rc > 0) {
            return PENDING_TURN;
        }
        step = rc == 0 ? stream_go_on(s, st) : STREAM_RAISED;
    }
    if (step == STREAM_WAITS) {
        w->is_under_way = true;
        loop_submit_set(pending_loop(p), p, s->set);
        return PENDING_WAITS;
    }
    stream_shut(s);
    s->is_over = true;
    *result = step != STREAM_RAISED ? Py_NewRef(w->list) : NULL;
    return PENDING_ENDS;
}

static bool
abandon_list(PendingObject *p, void *work)
{
    stream_list *w = work;
    if (w->is_under_way) {
        loop_abandon_set(pending_loop(p), w->s->set);
    }
    stream_shut(w->s);
    return false;
}

static void
clear_list(void *work)
{
    stream_list *w = work;
    if (w->s != NULL) {
        stream_leave(w->s);
    }
    Py_CLEAR(w->s);
    Py_CLEAR(w->list);
}

static int
traverse_list(void *work, visitproc visit, void *arg)
{
    stream_list *w = work;
    Py_VISIT((PyObject *)w->s);
    Py_VISIT(w->list);
    return 0;
}

static const pending_kind of_list = {
    .name = "collect",
    .size = sizeof(stream_list),
    .go_on = collect_on,
    .abandon = abandon_list,
    .clear = clear_list,
    .traverse = traverse_list,
};

/* --- opening --- */

/* Have the stream the loop that runs in this thread. 0, or -1 with an exception. */
static int
take_loop(StreamObject *s, module_state *st)
{
    LoopObject *l = loop_of_client(st, (ClientObject *)s->client);
    if (l == NULL) {
        if (PyErr_Occurred() == NULL) {
            PyErr_SetString(PyExc_RuntimeError, "no running event loop");
        }
        return -1;
    }
    if (s->set == NULL) {
        Py_XSETREF(s->loop, (LoopObject *)Py_NewRef((PyObject *)l));
    }
    bool is_its_own = s->loop == l;
    Py_DECREF(l);
    if (is_its_own) {
        return 0;
    }
    return raise_code(st, ASC_ERR_CLIENT,
                      "the records are being read in another event loop");
}

/* Open the stream if it is closed and not over, or see that its loop is the one that
 * runs. 0, or -1 with an exception: st->NotConnected, when the client must connect
 * before. */
static int
open_here(StreamObject *s, module_state *st)
{
    ClientObject *client = (ClientObject *)s->client;
    if (s->set == NULL && s->ask.max_records != 0 && s->n_given >= s->ask.max_records) {
        s->is_over = true;
    }
    if (s->is_over) {
        return 0;
    }
    if (client_check_open(st, client) < 0 || take_loop(s, st) < 0) {
        return -1;
    }
    if (s->set != NULL) {
        return 0;
    }
    asc_cluster *cluster = client_cluster(st, client, &s->ask.pol.timing);
    if (cluster == NULL) {
        return -1;
    }
    asc_cluster_release(s->cluster);
    s->cluster = cluster;
    if (stream_open(s, st) < 0) {
        stream_shut(s);
        return -1;
    }
    return 0;
}

/* When the exception that is set says that the client has not connected: a coroutine
 * that connects it and then calls a method of the stream. NULL with an exception. */
static PyObject *
connect_before(StreamObject *s, module_state *st, const char *name)
{
    PyObject *limit_ms = take_not_connected(st);
    if (limit_ms == NULL) {
        return NULL;
    }
    PyObject *method = PyObject_GetAttrString((PyObject *)st->AsyncStreamType, name);
    PyObject *coroutine =
        method != NULL
            ? PyObject_CallMethod(s->client, "_later", "OO(O){}", limit_ms, method, s)
            : NULL;
    Py_XDECREF(method);
    Py_DECREF(limit_ms);
    return coroutine;
}

/* --- steps --- */

/* What a step does before it ends. */
typedef enum step_task {
    STEP_NEXT,  /* give the next item */
    STEP_ENTER, /* give the stream itself */
    STEP_CLOSE, /* close the stream */
    STEP_REST,  /* give the items that are left of one that is over: none */
} step_task;

/* An awaitable, which is a coroutine for those who ask for one. Who has is_running owns
 * the other fields. */
typedef struct StepObject {
    PyObject_HEAD
    StreamObject *s; /* owned; NULL: the step has ended */
    PyObject *wait;  /* owned: what the step waits for, to be sent values; or NULL */
    step_task task;
    bool has_begun;  /* of STEP_NEXT: it has entered the stream */
    bool is_running; /* a thread is at work in the step, which may run Python code */
} StepObject;

static PyObject *
step_new(PyObject *stream, step_task task)
{
    PyTypeObject *type = state_of(stream)->StreamStepType;
    StepObject *step = (StepObject *)type->tp_alloc(type, 0);
    if (step != NULL) {
        step->s = (StreamObject *)Py_NewRef(stream);
        step->task = task;
    }
    return (PyObject *)step;
}

/* End the step. What it waits for is given up before. */
static void
step_end(StepObject *step)
{
    StreamObject *s = step->s;
    PyObject *wait = step->wait;
    step->s = NULL;
    step->wait = NULL;
    if (wait != NULL) {
        PyObject *error = PyErr_GetRaisedException();
        PyObject *closed = PyObject_CallMethod(wait, "close", NULL);
        if (closed == NULL) {
            PyErr_WriteUnraisable(wait);
        }
        Py_XDECREF(closed);
        Py_DECREF(wait);
        PyErr_SetRaisedException(error);
    }
    if (s != NULL && step->has_begun) {
        stream_leave(s);
    }
    Py_XDECREF((PyObject *)s);
}

/* Wait for an awaitable, which is taken and may be NULL with an exception. 0 or -1. */
static int
step_await(StepObject *step, PyObject *awaitable)
{
    if (awaitable == NULL) {
        return -1;
    }
    PyAsyncMethods *async = Py_TYPE(awaitable)->tp_as_async;
    if (PyCoro_CheckExact(awaitable)) {
        step->wait = awaitable;
        return 0;
    }
    if (async != NULL && async->am_await != NULL) {
        step->wait = async->am_await(awaitable);
    }
    else {
        PyErr_Format(PyExc_TypeError, "%s is not awaitable",
                     Py_TYPE(awaitable)->tp_name);
    }
    Py_DECREF(awaitable);
    return step->wait != NULL ? 0 : -1;
}

/* Wait until the stream has frames, or only until others had a turn. 0, or -1 with an
 * exception. */
static int
step_wait(StepObject *step)
{
    StreamObject *s = step->s;
    PendingObject *p = pending_new(s->loop, &of_wait);
    if (p == NULL) {
        return -1;
    }
    stream_wait *w = pending_work(p);
    w->s = (StreamObject *)Py_NewRef((PyObject *)s);
    atomic_fetch_add(&s->n_at_work, 1);
    w->gives_turn = s->part != NULL;
    return step_await(step, pending_begin(p));
}

/* Go on until there is an item: a new reference. NULL without an exception when the
 * step waits, or with one. */
static PyObject *
step_next(StepObject *step, module_state *st)
{
    StreamObject *s = step->s;
    while (s->part != NULL && s->since_turn < BYTES_PER_TURN) {
        PyObject *item = s->kind->next_of_part(s, st);
        if (item != NULL) {
            s->lent = s->lends;
            return item;
        }
        if (PyErr_Occurred() != NULL) {
            raise_instead_of_stop(); /* decoding may have run Python code */
            stream_shut(s);
            s->is_over = true;
            return NULL;
        }
    }
    if (open_here(s, st) < 0) {
        step_await(step, connect_before(s, st, "_open"));
    }
    else if (s->is_over) {
        PyErr_SetNone(PyExc_StopAsyncIteration);
    }
    else {
        step_wait(step);
    }
    return NULL;
}

/* Close the stream for good. None, or NULL with an exception. */
static PyObject *
step_close(StepObject *step, module_state *st)
{
    StreamObject *s = step->s;
    if (stream_enter(s, st) < 0) {
        return NULL;
    }
    stream_shut(s);
    s->is_over = true;
    stream_leave(s);
    return Py_NewRef(Py_None);
}

/* Begin the step. Asking for an item says that the last one was taken. 0, or -1 with an
 * exception. */
static int
step_begin(StepObject *step, module_state *st)
{
    if (step->task == STEP_NEXT && !step->has_begun) {
        if (stream_enter(step->s, st) < 0) {
            return -1;
        }
        step->has_begun = true;
        step->s->lent = false;
    }
    return 0;
}

/* Do what is left to do without waiting, as step_next() says. */
static PyObject *
step_go_on(StepObject *step, module_state *st)
{
    switch (step->task) {
    case STEP_ENTER:
        return Py_NewRef((PyObject *)step->s);
    case STEP_CLOSE:
        return step_close(step, st);
    case STEP_REST:
        return PyList_New(0);
    case STEP_NEXT:
        break;
    }
    return step_next(step, st);
}

/* Go on with a step: what it waited for has yielded or ended as `sent` says, with
 * *result. PYGEN_NEXT: it waits. */
static PySendResult
step_resume(StepObject *step, PySendResult sent, PyObject **result)
{
    module_state *st = state_of((PyObject *)step);
    for (;;) {
        if (sent == PYGEN_NEXT) {
            return PYGEN_NEXT;
        }
        Py_CLEAR(step->wait);
        if (sent == PYGEN_ERROR) {
            break;
        }
        Py_CLEAR(*result);
        *result = step_go_on(step, st);
        if (step->wait == NULL) {
            break;
        }
        sent = PyIter_Send(step->wait, Py_None, result);
    }
    step_end(step);
    return *result != NULL ? PYGEN_RETURN : PYGEN_ERROR;
}

/* Begin to work in the step. 0, or -1 with an exception. */
static int
step_take(StepObject *step)
{
    if (flag_take(&step->is_running)) {
        return 0;
    }
    PyErr_SetString(PyExc_RuntimeError, "the step is at work already");
    return -1;
}

/* The same with a step that has not ended. */
static int
step_take_on(StepObject *step)
{
    if (step_take(step) < 0) {
        return -1;
    }
    if (step->s == NULL) {
        flag_drop(&step->is_running);
        PyErr_SetString(PyExc_RuntimeError, "cannot reuse what was awaited already");
        return -1;
    }
    return 0;
}

static PySendResult
step_am_send(PyObject *self, PyObject *value, PyObject **result)
{
    StepObject *step = (StepObject *)self;
    PySendResult sent = PYGEN_RETURN;
    *result = NULL;
    if (step_take_on(step) < 0) {
        return PYGEN_ERROR;
    }
    if (step->wait != NULL) {
        sent = PyIter_Send(step->wait, value, result);
    }
    else if (step_begin(step, state_of(self)) < 0) {
        sent = PYGEN_ERROR;
    }
    sent = step_resume(step, sent, result);
    flag_drop(&step->is_running);
    return sent;
}

/* The result of a generator's method. */
static PyObject *
value_of(PySendResult sent, PyObject *result)
{
    if (sent != PYGEN_RETURN) {
        return result;
    }
    /* A tuple would be taken for the arguments of the exception. */
    PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, result);
    Py_DECREF(result);
    if (stop != NULL) {
        PyErr_SetObject(PyExc_StopIteration, stop);
        Py_DECREF(stop);
    }
    return NULL;
}

static PyObject *
step_send(PyObject *self, PyObject *value)
{
    PyObject *result;
    PySendResult sent = step_am_send(self, value, &result);
    return value_of(sent, result);
}

static PyObject *
step_iternext(PyObject *self)
{
    return step_send(self, Py_None);
}

/* Raise what throw() was given: an exception, or its class and perhaps a value. */
static void
raise_thrown(PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *type = nargs > 0 ? args[0] : Py_None;
    PyObject *value = nargs > 1 ? args[1] : Py_None;
    if (PyExceptionInstance_Check(type)) {
        PyErr_SetObject((PyObject *)Py_TYPE(type), type);
    }
    else if (PyExceptionClass_Check(type)) {
        PyErr_SetObject(type, value);
    }
    else {
        PyErr_SetString(PyExc_TypeError, "throw() takes an exception");
    }
}

/* throw(): into what the step waits for; a step that does not wait ends with it. */
static PyObject *
step_throw(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    StepObject *step = (StepObject *)self;
    PyObject *result = NULL;
    if (step_take_on(step) < 0) {
        return NULL;
    }
    if (step->wait == NULL) {
        step_end(step);
        flag_drop(&step->is_running);
        raise_thrown(args, nargs);
        return NULL;
    }
    PyObject *throw = PyObject_GetAttrString(step->wait, "throw");
    if (throw != NULL) {
        result = PyObject_Vectorcall(throw, args, (size_t)nargs, NULL);
        Py_DECREF(throw);
    }
    PySendResult sent = result != NULL ? PYGEN_NEXT : PYGEN_ERROR;
    if (result == NULL && PyErr_ExceptionMatches(PyExc_StopIteration)) {
        PyErr_Clear(); /* it has ended all the same */
        sent = PYGEN_RETURN;
    }
    sent = step_resume(step, sent, &result);
    flag_drop(&step->is_running);
    return value_of(sent, result);
}

static PyObject *
step__close(PyObject *self, PyObject *ignored)
{
    StepObject *step = (StepObject *)self;
    (void)ignored;
    if (step_take(step) < 0) {
        return NULL;
    }
    step_end(step);
    flag_drop(&step->is_running);
    Py_RETURN_NONE;
}

static int
step_traverse(PyObject *self, visitproc visit, void *arg)
{
    StepObject *step = (StepObject *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)step->s);
    Py_VISIT(step->wait);
    return 0;
}

static int
step_clear(PyObject *self)
{
    step_end((StepObject *)self);
    return 0;
}

static void
step_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    step_end((StepObject *)self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef step_methods[] = {
    {"send", step_send, METH_O, NULL},
    {"throw", (PyCFunction)(void (*)(void))step_throw, METH_FASTCALL, NULL},
    {"close", step__close, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* clang-format off */
static PyType_Slot step_slots[] = {
    {Py_tp_doc, (void *)"The wait for the next item of an AsyncStream."},
    {Py_tp_dealloc, step_dealloc},
    {Py_tp_traverse, step_traverse},
    {Py_tp_clear, step_clear},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, step_iternext},
    {Py_am_await, PyObject_SelfIter},
    {Py_am_send, step_am_send},
    {Py_tp_methods, step_methods},
    {0, NULL},
};
/* clang-format on */

static PyType_Spec step_spec = {
    .name = "aerospike._core.AsyncStreamStep",
    .basicsize = sizeof(StepObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = step_slots,
};

/* --- the stream --- */

static PyObject *
stream_anext(PyObject *self)
{
    return step_new(self, STEP_NEXT);
}

static PyObject *
stream_aenter(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return step_new(self, STEP_ENTER);
}

static PyObject *
stream_aclose(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return step_new(self, STEP_CLOSE);
}

/* _open(): awaits nothing; the client has just connected. */
static PyObject *
stream__open(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return open_here((StreamObject *)self, state_of(self)) == 0
               ? step_new(self, STEP_ENTER)
               : NULL;
}

/* collect(): awaits a list of all items that are left. */
static PyObject *
stream_collect(PyObject *self, PyObject *ignored)
{
    StreamObject *s = (StreamObject *)self;
    module_state *st = state_of(self);
    (void)ignored;
    if (stream_enter(s, st) < 0) {
        return NULL;
    }
    s->lent = false;
    if (open_here(s, st) < 0) {
        stream_leave(s);
        return connect_before(s, st, "collect");
    }
    if (s->is_over) { /* it may never have had a loop */
        stream_leave(s);
        return step_new(self, STEP_REST);
    }
    PyObject *list = PyList_New(0);
    PendingObject *p = list != NULL ? pending_new(s->loop, &of_list) : NULL;
    if (p == NULL) {
        Py_XDECREF(list);
        stream_leave(s);
        return NULL;
    }
    stream_list *w = pending_work(p);
    w->s = (StreamObject *)Py_NewRef(self);
    w->list = list;
    return pending_begin(p);
}

static PyMethodDef stream_methods[] = {
    {"_open", stream__open, METH_NOARGS, NULL},
    {"collect", stream_collect, METH_NOARGS,
     "collect($self)\n--\n\nReturn a list of all items that are left; awaited."},
    {"aclose", stream_aclose, METH_NOARGS,
     "aclose($self)\n--\n\n"
     "End the query and free its connections; awaited. May be called twice."},
    {"__aenter__", stream_aenter, METH_NOARGS, NULL},
    {"__aexit__", stream_aclose, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* clang-format off */
static PyType_Slot stream_slots[] = {
    {Py_tp_doc, (void *)"Items of a query or scan, awaited while they come."},
    {Py_tp_dealloc, stream_dealloc},
    {Py_tp_traverse, stream_traverse},
    {Py_tp_repr, stream_repr},
    {Py_am_aiter, PyObject_SelfIter},
    {Py_am_anext, stream_anext},
    {Py_tp_methods, stream_methods},
    {0, NULL},
};
/* clang-format on */

static PyType_Spec stream_spec = {
    .name = "aerospike._core.AsyncStream",
    .basicsize = sizeof(StreamObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = stream_slots,
};

int
awaited_types_init(PyObject *module, module_state *st)
{
    st->AsyncStreamType =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &stream_spec, NULL);
    st->StreamStepType =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &step_spec, NULL);
    if (st->AsyncStreamType == NULL || st->StreamStepType == NULL) {
        return -1;
    }
    return PyModule_AddType(module, st->AsyncStreamType);
}

/* --- methods of the client --- */

static const char doc__stream[] =
    "_stream($self, is_scan, spec, policy, tracker, with_partition, lends)\n--\n\n"
    "The records of a query or scan; for aerospike._async_query.";

static PyObject *
client__stream(METHOD_PARAMS)
{
    module_state *st = PyType_GetModuleState(cls);
    return (PyObject *)stream_of_records(self, cls, args, nargs, kwnames,
                                         st->AsyncStreamType);
}

/* --- background work --- */

/* The work of a call that starts work on all nodes. */
typedef struct start_work {
    StreamObject *s; /* owned: never opened */
    asc_set *set;    /* owned */
    starts outcome;
    bool has_begun;
} start_work;

static pending_step
start_on(PendingObject *p, void *work, PyObject **result)
{
    start_work *w = work;
    module_state *st = w->s->ask.st;
    if (!w->has_begun && starts_begin(w->s, st, w->set) < 0) {
        return PENDING_ENDS;
    }
    w->has_begun = true;
    starts_note(&w->outcome, w->set);
    if (!asc_set_is_done(w->set)) {
        loop_submit_set(pending_loop(p), p, w->set);
        return PENDING_WAITS;
    }
    *result = starts_result(&w->outcome, w->s, st);
    return PENDING_ENDS;
}

static bool
abandon_start(PendingObject *p, void *work)
{
    start_work *w = work;
    return loop_abandon_set(pending_loop(p), w->set) || w->outcome.any_begun;
}

static void
clear_start(void *work)
{
    start_work *w = work;
    asc_set_free(w->set);
    w->set = NULL;
    Py_CLEAR(w->s);
}

static int
traverse_start(void *work, visitproc visit, void *arg)
{
    Py_VISIT((PyObject *)((start_work *)work)->s);
    return 0;
}

static const pending_kind of_start = {
    .name = "start of background work",
    .size = sizeof(start_work),
    .go_on = start_on,
    .abandon = abandon_start,
    .clear = clear_start,
    .traverse = traverse_start,
};

static int
fill_start(PendingObject *p, void *work, const void *row, PyObject *self,
           PyTypeObject *cls, PyObject **argv)
{
    start_work *w = work;
    module_state *st = PyType_GetModuleState(cls);
    policy_kind kind = argv[0] == Py_True ? POLICY_SCAN : POLICY_WRITE;
    (void)row;
    pending_set_writes(p);
    w->s = stream_new(st, self, kind, argv[1], argv[2]);
    if (w->s == NULL || stream_renew_task_id(w->s, st) < 0) {
        return -1;
    }
    if (argv[3] != Py_None) {
        unsigned long left_ms = PyLong_AsUnsignedLong(argv[3]);
        if (PyErr_Occurred() != NULL) {
            return -1;
        }
        w->s->ask.pol.timing.total_timeout_ms = (uint32_t)left_ms;
    }
    w->set = asc_set_new();
    return put_ok(w->set != NULL);
}

static const char doc__start_background[] =
    "_start_background($self, is_scan, spec, policy, left_ms)\n--\n\n"
    "Start background work, within left_ms unless that is None; for\n"
    "aerospike._async_query and aerospike._calls.";

static PyObject *
client__start_background(METHOD_PARAMS)
{
    static const char *const names[] = {"is_scan", "spec", "policy", "left_ms", NULL};
    static const async_method method = {.name = "_start_background",
                                        .args = names,
                                        .n_required = 4,
                                        .kind = &of_start,
                                        .fill = fill_start};
    return async_method_call(&method, self, cls, args, nargs, kwnames);
}

static const char doc__timing[] = "_timing($self, is_scan, spec, policy)\n--\n\n"
                                  "Of background work: (total_timeout in milliseconds, "
                                  "whether somebody is to look at\n"
                                  "the cluster before).";

static PyObject *
client__timing(METHOD_PARAMS)
{
    static const char *const names[] = {"is_scan", "spec", "policy", NULL};
    module_state *st = PyType_GetModuleState(cls);
    PyObject *argv[3];
    if (parse_args("_timing", names, 3, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    policy_kind kind = argv[0] == Py_True ? POLICY_SCAN : POLICY_WRITE;
    StreamObject *s =
        stream_make(st, st->AsyncStreamType, self, kind, argv[1], argv[2]);
    if (s == NULL) {
        return NULL;
    }
    PyObject *result = Py_BuildValue("IO", (unsigned)s->ask.pol.timing.total_timeout_ms,
                                     stream_is_to_look(s) ? Py_True : Py_False);
    Py_DECREF(s);
    return result;
}

static const char doc__blocking[] =
    "_blocking($self)\n--\n\n"
    "A client whose calls block, on the same cluster; for worker threads.";

static PyObject *
client__blocking(METHOD_PARAMS)
{
    (void)args;
    (void)nargs;
    (void)kwnames;
    return client_view(PyType_GetModuleState(cls), (ClientObject *)self);
}

const PyMethodDef async_query_methods[] = {
    METHOD_ROW("_stream", client__stream, doc__stream),
    METHOD_ROW("_start_background", client__start_background, doc__start_background),
    METHOD_ROW("_timing", client__timing, doc__timing),
    METHOD_ROW("_blocking", client__blocking, doc__blocking),
    {NULL, NULL, 0, NULL},
};
