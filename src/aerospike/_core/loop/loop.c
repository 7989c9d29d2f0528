/* loop/loop.c -- the type aerospike._core.Loop: the library's loop in an event loop,
 * and its life from the first call of a client there to the end of either. */
#include "loop/loop.h"

#include <pthread.h>

#include "loop/pending.h"
#include "support/collector.h"
#include "support/compat.h"
#include "support/errors.h"
#include "support/logging.h"

/* A look at the clock costs more than a small reply: so many are read between two. */
#define READS_PER_LOOK 8

/* --- forks --- */

/* The forks that lie behind this process. A loop of before belongs to the parent: its
 * event loop, too, so that the child asks that one nothing. */
static unsigned n_forks;

static void
count_fork(void)
{
    n_forks++;
}

static void
watch_forks(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

/* --- a turn --- */

/* Read what has come, within the slice of time. */
static void
take_all(LoopObject *l)
{
    PendingObject *p;
    for (unsigned n = 1; l->loop != NULL && (p = asc_loop_take(l->loop)) != NULL; n++) {
        pending_go_on(p);
        if (n % READS_PER_LOOK == 0 && loop_time_is_up(l)) {
            l->has_more = true;
            return;
        }
    }
}

static void end_loop(LoopObject *l);

/* Is the library or a call at work? What they do may run Python code, so that this can
 * be asked from inside of it: then the loop ends no sooner than in its next turn. */
static bool
is_at_work(const LoopObject *l)
{
    return l->is_turning || l->n_steps > 0;
}

/* Would a callback that is asked for now be the next thing that the event loop does? */
static bool
is_next(LoopObject *l)
{
    return l->due != NULL && PyObject_Size(l->due) == 0;
}

/* Give the library a turn, and read what has come, within a slice of time that
 * begins here unless it has begun. Nothing of this runs inside of itself: Python
 * code that reads a value may call a method of the client. False: it was not
 * possible. */
static bool
read_all(LoopObject *l)
{
    if (l->loop == NULL || l->is_turning) {
        return false;
    }
    l->is_turning = true;
    l->has_submitted = l->has_more = false;
    loop_time_is_up(l); /* of the slice the library takes its part, too */
    logging_hold();
    asc_loop_turn(l->loop);
    logging_release();
    take_all(l);
    pending_take_turns(l);
    l->is_turning = false;
    return true;
}

/* Have those woken who wait for what has ended in a turn. They make new calls, perhaps,
 * which are to leave together: a turn right behind them is asked for, unless nobody but
 * one is there. */
static void
wake_soon(LoopObject *l)
{
    size_t n_ended = l->n_in_batch;
    if (pending_close_batch(l)) {
        loop_wake_soon(l);
    }
    if (l->has_submitted || l->has_more ||
        (n_ended > 0 && n_ended + l->n_under_way > 1)) {
        loop_schedule(l);
    }
}

static void
turn(LoopObject *l)
{
    if (!read_all(l)) {
        return;
    }
    l->until_ns = 0;
    wake_soon(l);
    if (l->retires && l->n_under_way == 0 && !is_at_work(l)) {
        end_loop(l);
    }
}

/* Does a call go on in the next turn, since its slice was over in this one? */
static bool
goes_on(const LoopObject *l)
{
    return l->has_more || l->turn_first != NULL;
}

/* The descriptor is readable. Where nothing else is due, what the event loop would
 * do next is done here: those who wait are woken, and what they submit leaves. The
 * order is the same, and the event loop looks at its descriptors once instead of
 * three times. */
static PyObject *
loop_ready(PyObject *self, PyObject *ignored)
{
    LoopObject *l = (LoopObject *)self;
    bool wakes = false, is_alone, has_gone_on = false;
    int rc = 0;
    (void)ignored;
    begin_loop_turn(&l->hold);
    Py_BEGIN_CRITICAL_SECTION(l);
    is_alone = is_next(l);
    if (is_alone) {
        wakes = read_all(l) && pending_close_batch(l);
    }
    else {
        turn(l);
        has_gone_on = goes_on(l);
    }
    Py_END_CRITICAL_SECTION();
    if (wakes) {
        rc = pending_wake_batch(l);
    }
    if (is_alone) {
        Py_BEGIN_CRITICAL_SECTION(l);
        if (rc == 0 && l->has_submitted && !l->has_more && is_next(l)) {
            turn(l); /* in what is left of the slice */
        }
        else if (l->has_submitted || l->has_more || l->retires) {
            loop_schedule(l);
        }
        l->until_ns = 0;
        has_gone_on = goes_on(l);
        Py_END_CRITICAL_SECTION();
    }
    end_loop_turn(&l->hold, has_gone_on);
    return rc == 0 ? Py_NewRef(Py_None) : NULL;
}

static PyObject *
loop_turn(PyObject *self, PyObject *ignored)
{
    LoopObject *l = (LoopObject *)self;
    bool has_gone_on = goes_on(l);
    (void)ignored;
    begin_loop_turn(&l->hold);
    l->turns = false;
    if (l->has_submitted || has_gone_on || l->retires) {
        turn(l);
    }
    end_loop_turn(&l->hold, has_gone_on || goes_on(l));
    Py_RETURN_NONE;
}

static PyObject *
loop_wake(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return pending_wake_batch((LoopObject *)self) == 0 ? Py_NewRef(Py_None) : NULL;
}

/* --- submitting --- */

void
loop_submit_call(LoopObject *l, PendingObject *p, asc_call *call, asc_error *err)
{
    asc_loop_submit(l->loop, call, err, p);
    l->has_submitted = true;
}

void
loop_submit_set(LoopObject *l, PendingObject *p, asc_set *set)
{
    asc_loop_submit_set(l->loop, set, p);
    l->has_submitted = true;
}

bool
loop_has_call(LoopObject *l, asc_call *call)
{
    return l->loop != NULL && asc_loop_has(l->loop, call);
}

bool
loop_abandon_call(LoopObject *l, asc_call *call)
{
    return l->loop != NULL && asc_loop_abandon(l->loop, call);
}

bool
loop_abandon_set(LoopObject *l, asc_set *set)
{
    return l->loop != NULL && asc_loop_abandon_set(l->loop, set);
}

/* --- the end of a loop --- */

static bool
is_of_parent(const LoopObject *l)
{
    return l->n_forks != n_forks;
}

/* Is the event loop closed, so that nobody comes any more? */
static bool
is_closed(LoopObject *l)
{
    PyObject *answer = loop_ask_adapter(l, "is_closed", NULL);
    bool is = answer == NULL || answer == Py_True;
    Py_XDECREF(answer);
    return is;
}

/* End a loop in which nothing is under way. The event loop forgets the descriptor
 * before that is closed; in a child of a fork it would forget it for the parent,
 * too. */
static void
end_loop(LoopObject *l)
{
    asc_loop *loop = l->loop;
    l->loop = NULL;
    if (l->is_watched && !is_of_parent(l)) {
        PyObject *set = PyErr_GetRaisedException();
        PyObject *fd = PyLong_FromLong(asc_loop_fd(loop));
        if (fd != NULL) {
            Py_XDECREF(loop_ask_adapter(l, "unwatch", fd));
            Py_DECREF(fd);
        }
        PyErr_SetRaisedException(set);
    }
    l->is_watched = false;
    asc_loop_free(loop);
    asc_cluster_release(atomic_exchange(&l->cluster, NULL));
    Py_CLEAR(l->on_ready);
    Py_CLEAR(l->on_turn);
    Py_CLEAR(l->on_wake);
    loop_free_spare(l);
}

/* Give up what is under way in a loop, and end it. When the interpreter exits, the
 * classes of errors may be gone already. */
static void
cut_loop(LoopObject *l, const char *why)
{
    asc_error err;
    asc_error_reset(&err);
    asc_error_set(&err, ASC_ERR_CLUSTER, "%s while the call was under way", why);
    pending_give_up_all(l, l->st->errors_by_code != NULL ? &err : NULL);
    if (!is_at_work(l)) {
        end_loop(l);
    }
    else {
        l->retires = true;
        loop_schedule(l);
    }
}

/* Let a loop end that the client needs no more: at once, when nothing is under way or
 * nobody would go on with it, else when the last call has ended. Another thread's loop
 * does so in its own. */
static void
retire(LoopObject *l)
{
    PyObject *set = PyErr_GetRaisedException();
    Py_BEGIN_CRITICAL_SECTION(l);
    l->retires = true;
    if (l->on_turn == NULL) {
        /* it has ended */
    }
    else if (is_of_parent(l)) {
        cut_loop(l, "the process forked");
    }
    else if (is_closed(l)) {
        cut_loop(l, "the event loop was closed");
    }
    else if (l->thread != PyThread_get_thread_ident()) {
        PyObject *done = loop_ask_adapter(l, "from_thread", l->on_turn);
        if (done == NULL) {
            cut_loop(l, "the event loop was closed");
        }
        Py_XDECREF(done);
    }
    else if (l->n_under_way == 0 && !is_at_work(l)) {
        end_loop(l);
    }
    Py_END_CRITICAL_SECTION();
    PyErr_SetRaisedException(set);
}

/* --- the loops of a client --- */

/* Where a loop stands in the list of its client, or would: then NULL stands there. The
 * caller has the lock. */
static LoopObject **
place_of(AsyncClientObject *client, const LoopObject *l)
{
    LoopObject **at = &client->loops;
    while (*at != NULL && *at != l) {
        at = &(*at)->next;
    }
    return at;
}

/* Take the loop that stands at a place from the list of its client: the caller, who has
 * the lock, has the list's reference now. NULL: nothing stands there. */
static LoopObject *
unlink_loop(AsyncClientObject *client, LoopObject **at)
{
    LoopObject *l = *at;
    if (l != NULL) {
        *at = l->next;
        l->next = NULL;
        l->client = NULL;
    }
    if (client->last == l) {
        client->last = NULL;
    }
    return l;
}

/* Take a loop from the list of its client, NULL: the first one, and let it end. False:
 * it does not stand there, or none does. */
static bool
drop_loop(AsyncClientObject *client, LoopObject *l)
{
    field_lock_take(&client->client.lock);
    l = unlink_loop(client, l != NULL ? place_of(client, l) : &client->loops);
    field_lock_drop(&client->client.lock);
    if (l == NULL) {
        return false;
    }
    retire(l);
    Py_DECREF(l);
    return true;
}

/* The loop behind another one in the list of their client, NULL: the first one. A new
 * reference; NULL: none is there, or the other one is not in the list any more. */
static LoopObject *
loop_behind(AsyncClientObject *client, LoopObject *l)
{
    field_lock_take(&client->client.lock);
    LoopObject *next = l != NULL ? l->next : client->loops;
    Py_XINCREF(next);
    field_lock_drop(&client->client.lock);
    return next;
}

/* Make the library's loop for a cluster, whose count is taken; NULL: the client has not
 * connected yet. 0, or -1 with an exception. */
static int
open_loop(module_state *st, LoopObject *l, asc_cluster *cluster)
{
    asc_error err;
    asc_loop *loop;
    asc_error_reset(&err);
    if (cluster == NULL || l->cluster != NULL) {
        asc_cluster_release(cluster);
        return 0;
    }
    if (asc_loop_new(&loop, cluster, &err) != ASC_OK) {
        asc_cluster_release(cluster);
        raise_error(st, &err, NULL, NULL);
        return -1;
    }
    l->cluster = cluster;
    l->loop = loop;
    PyObject *done =
        PyObject_CallMethod(l->adapter, "watch", "iO", asc_loop_fd(loop), l->on_ready);
    l->is_watched = done != NULL;
    if (done == NULL) { /* nobody would turn it */
        l->loop = NULL;
        asc_loop_free(loop);
        asc_cluster_release(atomic_exchange(&l->cluster, NULL));
        return -1;
    }
    Py_DECREF(done);
    return 0;
}

/* Make a loop for an event loop, whose adapter and key are taken. NULL with an
 * exception. */
static LoopObject *
new_loop(module_state *st, ClientObject *client, PyObject *adapter, PyObject *key)
{
    LoopObject *l = PyObject_GC_New(LoopObject, st->LoopType);
    if (l == NULL) {
        Py_DECREF(adapter);
        Py_DECREF(key);
        return NULL;
    }
    memset((char *)l + offsetof(LoopObject, st), 0,
           sizeof *l - offsetof(LoopObject, st));
    l->st = st;
    l->module = Py_NewRef(PyType_GetModule(st->LoopType));
    l->client = client;
    l->adapter = adapter;
    l->key = key;
    l->turn = turn;
    l->thread = PyThread_get_thread_ident();
    l->n_forks = n_forks;
    PyObject_GC_Track(l);
    l->call_soon = PyObject_GetAttrString(adapter, "call_soon");
    l->wait = PyObject_GetAttrString(adapter, "wait");
    l->due = PyObject_GetAttrString(adapter, "due");
    l->on_ready = PyObject_GetAttrString((PyObject *)l, "ready");
    l->on_turn = PyObject_GetAttrString((PyObject *)l, "turn");
    l->on_wake = PyObject_GetAttrString((PyObject *)l, "wake");
    l->turns_by_hand = PyObject_HasAttrString(adapter, "turn") != 0;
    if (l->call_soon == NULL || l->wait == NULL || l->due == NULL ||
        l->on_ready == NULL || l->on_turn == NULL || l->on_wake == NULL) {
        Py_DECREF(l);
        return NULL;
    }
    if (l->wait == Py_None) {
        Py_CLEAR(l->wait);
    }
    if (l->due == Py_None) {
        Py_CLEAR(l->due);
    }
    return l;
}

/* Is a loop of no use any more? */
static bool
is_over(LoopObject *l)
{
    return is_of_parent(l) || is_closed(l);
}

/* Has the client let go of a loop, or does it belong to another cluster of the client's
 * than the present one? */
static bool
is_outdated(const AsyncClientObject *client, const LoopObject *l)
{
    return l->client == NULL ||
           (l->cluster != NULL && l->cluster != client->client.cluster);
}

/* May the client's turn() be what a loop needs to get to its end? */
static bool
is_driven_by_hand(const LoopObject *l)
{
    return l->turns_by_hand && l->loop != NULL;
}

/* Drop the loops that are over or outdated. Asking event loops runs Python code, and
 * other threads change the list meanwhile: where one of them has taken a loop out, this
 * ends, and the rest is left to the next time. */
static void
sweep(AsyncClientObject *client)
{
    LoopObject *l = loop_behind(client, NULL);
    while (l != NULL) {
        bool is_used = !is_outdated(client, l) || is_driven_by_hand(l);
        LoopObject *next = loop_behind(client, l);
        if (!is_used || is_over(l)) {
            drop_loop(client, l);
        }
        Py_DECREF(l);
        l = next;
    }
}

/* Find the client's loop for an event loop by its key: a new reference. NULL: there is
 * none. */
static LoopObject *
find_loop(AsyncClientObject *client, PyObject *key)
{
    field_lock_take(&client->client.lock);
    LoopObject *l = client->loops;
    while (l != NULL && (l->key != key || is_outdated(client, l) || is_of_parent(l))) {
        l = l->next;
    }
    Py_XINCREF(l);
    field_lock_drop(&client->client.lock);
    return l;
}

/* Put a loop into the list of its client, which counts it. */
static void
add_loop(AsyncClientObject *client, LoopObject *l)
{
    field_lock_take(&client->client.lock);
    l->next = client->loops;
    client->loops = (LoopObject *)Py_NewRef(l);
    field_lock_drop(&client->client.lock);
}

/* Remember the loop that was used last, unless it was dropped meanwhile. */
static void
remember(AsyncClientObject *client, LoopObject *l)
{
    field_lock_take(&client->client.lock);
    client->last = *place_of(client, l);
    field_lock_drop(&client->client.lock);
}

/* The running event loop of asyncio, a new reference, when trio was not imported: then
 * it is what aerospike._loops.running() would find. Else NULL, without an exception. */
static PyObject *
running_key(module_state *st)
{
    if (st->n_modules == 0 || PyDict_GET_SIZE(st->modules) != st->n_modules) {
        PyObject *trio = NULL;
        int has_trio = PyDict_GetItemStringRef(st->modules, "trio", &trio);
        Py_XDECREF(trio);
        PyErr_Clear();
        st->n_modules = has_trio == 0 ? PyDict_GET_SIZE(st->modules) : 0;
    }
    if (st->n_modules == 0) {
        return NULL;
    }
    PyObject *key = PyObject_CallNoArgs(st->running_loop);
    if (key == NULL) {
        PyErr_Clear();
    }
    return key;
}

/* The same as loop_of_client(), for the first call in an event loop. */
static LoopObject *
find_or_make(module_state *st, AsyncClientObject *client)
{
    PyObject *adapter = PyObject_CallNoArgs(st->running_adapter);
    if (adapter == NULL || adapter == Py_None) {
        Py_XDECREF(adapter);
        return NULL;
    }
    PyObject *key = PyObject_GetAttrString(adapter, "key");
    if (key == NULL) {
        Py_DECREF(adapter);
        return NULL;
    }
    sweep(client);
    LoopObject *l = find_loop(client, key);
    if (l != NULL) {
        Py_DECREF(adapter);
        Py_DECREF(key);
        l->thread = PyThread_get_thread_ident();
    }
    else if ((l = new_loop(st, &client->client, adapter, key)) != NULL) {
        add_loop(client, l);
    }
    else {
        return NULL;
    }
    int rc;
    Py_BEGIN_CRITICAL_SECTION(l);
    rc = open_loop(st, l, client_present_cluster(&client->client));
    Py_END_CRITICAL_SECTION();
    if (rc < 0) {
        Py_DECREF(l);
        return NULL;
    }
    remember(client, l);
    return l;
}

/* The loop that was used last, if it is that of an event loop, as a new reference. */
static LoopObject *
last_loop(AsyncClientObject *client, PyObject *key)
{
    field_lock_take(&client->client.lock);
    LoopObject *last = client->last;
    bool is_here = last != NULL && last->key == key &&
                   last->cluster == client->client.cluster && !is_of_parent(last);
    if (is_here) {
        Py_INCREF(last);
    }
    field_lock_drop(&client->client.lock);
    return is_here ? last : NULL;
}

LoopObject *
loop_of_client(module_state *st, ClientObject *client)
{
    AsyncClientObject *own = (AsyncClientObject *)client;
    PyObject *key = load_object(&st->modules) != NULL ? running_key(st) : NULL;
    if (key != NULL) {
        LoopObject *last = last_loop(own, key);
        Py_DECREF(key);
        if (last != NULL) {
            return last;
        }
    }
    if (lazy_import(&st->running_adapter, "aerospike._loops", "running") == NULL ||
        lazy_import(&st->running_loop, "asyncio", "_get_running_loop") == NULL ||
        lazy_import(&st->modules, "sys", "modules") == NULL) {
        return NULL;
    }
    return find_or_make(st, own);
}

/* --- the type Loop --- */

static int
loop_traverse(PyObject *self, visitproc visit, void *arg)
{
    LoopObject *l = (LoopObject *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(l->module);
    Py_VISIT(l->next);
    Py_VISIT(l->adapter);
    Py_VISIT(l->key);
    Py_VISIT(l->call_soon);
    Py_VISIT(l->wait);
    Py_VISIT(l->due);
    Py_VISIT(l->on_ready);
    Py_VISIT(l->on_turn);
    Py_VISIT(l->on_wake);
    Py_VISIT(l->idle);
    return pending_traverse_all(l, visit, arg);
}

/* The event loop is garbage, too, or was never there. */
static int
loop_clear(PyObject *self)
{
    LoopObject *l = (LoopObject *)self;
    if (l->on_turn != NULL) {
        cut_loop(l, "the event loop was closed");
    }
    pending_drop_ended(l);
    Py_CLEAR(l->next);
    Py_CLEAR(l->idle);
    Py_CLEAR(l->adapter);
    Py_CLEAR(l->key);
    Py_CLEAR(l->call_soon);
    Py_CLEAR(l->wait);
    Py_CLEAR(l->due);
    return 0;
}

static void
loop_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    loop_clear(self);
    loop_free_spare((LoopObject *)self); /* what was given back after its end */
    Py_DECREF(((LoopObject *)self)->module);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* Whether the caller runs in the loop's event loop, so that he may wait for it. The
 * same thread may have others, of which one runs at a time. */
static PyObject *
loop_is_here(PyObject *self, PyObject *key)
{
    LoopObject *l = (LoopObject *)self;
    return PyBool_FromLong(l->key == key && !is_over(l));
}

/* A signal that is set when nothing is under way any more; None: nothing is. */
static PyObject *
loop_idle(PyObject *self, PyObject *ignored)
{
    LoopObject *l = (LoopObject *)self;
    (void)ignored;
    if (l->n_under_way == 0) {
        Py_RETURN_NONE;
    }
    if (l->idle == NULL) {
        l->idle = pending_signal(l);
    }
    return Py_XNewRef((PyObject *)l->idle);
}

static PyObject *
loop_cut(PyObject *self, PyObject *ignored)
{
    LoopObject *l = (LoopObject *)self;
    (void)ignored;
    if (l->on_turn != NULL) {
        cut_loop(l, "the client was closed");
    }
    Py_RETURN_NONE;
}

static PyObject *
loop_retire(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    retire((LoopObject *)self);
    Py_RETURN_NONE;
}

LOCKED(PyObject *, loop_turn, self, (PyObject * self, PyObject *ignored), self, ignored)
LOCKED(PyObject *, loop_idle, self, (PyObject * self, PyObject *ignored), self, ignored)
LOCKED(PyObject *, loop_cut, self, (PyObject * self, PyObject *ignored), self, ignored)

static PyMethodDef loop_own_methods[] = {
    {"ready", loop_ready, METH_NOARGS,
     "ready($self)\n--\n\nThe descriptor is readable."},
    {"turn", locked_loop_turn, METH_NOARGS,
     "turn($self)\n--\n\nRequests are to leave."},
    {"wake", loop_wake, METH_NOARGS, "wake($self)\n--\n\nWake who waits for a call."},
    {"is_here", loop_is_here, METH_O,
     "is_here($self, key, /)\n--\n\nWhether its event loop has this key."},
    {"idle", locked_loop_idle, METH_NOARGS,
     "idle($self)\n--\n\nA signal for the end of what is under way; None: nothing is."},
    {"cut", locked_loop_cut, METH_NOARGS,
     "cut($self)\n--\n\nGive up what is under way, and end."},
    {"retire", loop_retire, METH_NOARGS,
     "retire($self)\n--\n\nEnd when nothing is under way any more."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot loop_slots[] = {
    {Py_tp_doc, (void *)"A client in one event loop."},
    {Py_tp_dealloc, loop_dealloc},
    {Py_tp_traverse, loop_traverse},
    {Py_tp_clear, loop_clear},
    {Py_tp_methods, loop_own_methods},
    {0, NULL},
};

static PyType_Spec loop_spec = {
    .name = "aerospike._core.Loop",
    .basicsize = sizeof(LoopObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = loop_slots,
};

int
loop_types_init(PyObject *module, module_state *st)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    st->NotConnected = PyErr_NewException("aerospike._core.NotConnected", NULL, NULL);
    st->LoopType = (PyTypeObject *)PyType_FromModuleAndSpec(module, &loop_spec, NULL);
    if (st->NotConnected == NULL || st->LoopType == NULL ||
        PyModule_AddType(module, st->LoopType) < 0) {
        return -1;
    }
    return pending_type_init(module, st);
}

/* --- AsyncClient: its slots, and the methods that are about loops --- */

static void
drop_loops(AsyncClientObject *client)
{
    while (drop_loop(client, NULL)) {
    }
}

int
async_client_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((AsyncClientObject *)self)->loops);
    return client_traverse(self, visit, arg);
}

int
async_client_clear(PyObject *self)
{
    drop_loops((AsyncClientObject *)self);
    return client_clear(self);
}

void
async_client_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    drop_loops((AsyncClientObject *)self);
    client_dealloc(self);
}

static const char doc__signal[] =
    "_signal($self)\n--\n\n"
    "An awaitable that ends when its method _set() is called.";

static PyObject *
client__signal(METHOD_PARAMS)
{
    LoopObject *l = loop_of_client(PyType_GetModuleState(cls), (ClientObject *)self);
    (void)args;
    (void)nargs;
    (void)kwnames;
    if (l == NULL) {
        if (PyErr_Occurred() == NULL) {
            PyErr_SetString(PyExc_RuntimeError, "no running event loop");
        }
        return NULL;
    }
    PyObject *signal = (PyObject *)pending_signal(l);
    Py_DECREF(l);
    return signal;
}

static const char doc__blocking[] =
    "_blocking($self)\n--\n\n"
    "A client whose calls block, for worker threads: it uses this one's cluster.";

static PyObject *
client__blocking(METHOD_PARAMS)
{
    (void)args;
    (void)nargs;
    (void)kwnames;
    return client_view(PyType_GetModuleState(cls), (ClientObject *)self);
}

static const char doc__call_late[] =
    "_call_late($self, took_ms, function, args, kwargs, /)\n--\n\n"
    "Make a call that has lost some of its total timeout.";

static PyObject *
client__call_late(PyObject *self, PyObject *args)
{
    unsigned int took_ms;
    PyObject *function, *packed, *keywords;
    if (!PyArg_ParseTuple(args, "IOO!O!", &took_ms, &function, &PyTuple_Type, &packed,
                          &PyDict_Type, &keywords)) {
        return NULL;
    }
    return client_call_noted((ClientObject *)self, NULL, took_ms, function, packed,
                             keywords);
}

static void
free_cluster(PyObject *capsule)
{
    client_disconnect(PyCapsule_GetPointer(capsule, NULL));
}

/* Let go of a loop that the client still has: a new reference. One that is driven by
 * hand stays in the list until it has ended. NULL: the client has none. */
static LoopObject *
let_go_of_loop(AsyncClientObject *client)
{
    LoopObject *l, *unlinked = NULL;
    field_lock_take(&client->client.lock);
    LoopObject **at = &client->loops;
    while (*at != NULL && (*at)->client == NULL) {
        at = &(*at)->next;
    }
    if ((l = *at) != NULL) {
        Py_INCREF(l);
        l->client = NULL;
        unlinked = is_driven_by_hand(l) ? NULL : unlink_loop(client, at);
    }
    field_lock_drop(&client->client.lock);
    Py_XDECREF(unlinked);
    return l;
}

static const char doc__let_go[] = "_let_go($self)\n--\n\n"
                                  "Refuse calls from now on: the loops of the client, "
                                  "and its cluster, which is closed\n"
                                  "when that object goes.";

static PyObject *
client__let_go(PyObject *self, PyObject *ignored)
{
    AsyncClientObject *client = (AsyncClientObject *)self;
    (void)ignored;
    PyObject *loops = PyList_New(0);
    LoopObject *l;
    while (loops != NULL && (l = let_go_of_loop(client)) != NULL) {
        if (PyList_Append(loops, (PyObject *)l) < 0) {
            Py_CLEAR(loops);
        }
        Py_DECREF(l);
    }
    field_lock_take(&client->client.lock);
    client->last = NULL;
    field_lock_drop(&client->client.lock);
    asc_cluster *cluster = client_let_go(&client->client);
    PyObject *capsule = cluster != NULL ? PyCapsule_New(cluster, NULL, free_cluster)
                                        : Py_NewRef(Py_None);
    return Py_BuildValue("NN", loops, capsule);
}

static const char doc_fileno[] =
    "fileno($self)\n--\n\n"
    "The descriptor of the client in this event loop or thread: when it is readable,\n"
    "turn() has something to do. Event loops of asyncio and trio watch it "
    "themselves. In a thread without an event loop this connects, as connect() "
    "does.\n\n"
    ":raises ClusterError: the client has not connected, and an event loop runs.";

static const char doc_turn[] =
    "turn($self)\n--\n\n"
    "Do what can be done without waiting: send, receive, wake who awaits a call.";

/* The loop for this thread, which is driven by hand from now on if no event loop runs
 * in it: a new reference; NULL with an exception. */
static LoopObject *
loop_here(module_state *st, PyObject *self)
{
    LoopObject *l = loop_of_client(st, (ClientObject *)self);
    if (l != NULL || PyErr_Occurred() != NULL) {
        return l;
    }
    PyObject *by_hand = import_attribute("aerospike._loops", "by_hand");
    PyObject *adapter = by_hand != NULL ? PyObject_CallNoArgs(by_hand) : NULL;
    Py_XDECREF(by_hand);
    Py_XDECREF(adapter);
    return adapter != NULL ? loop_of_client(st, (ClientObject *)self) : NULL;
}

/* The loop for this thread or, if that has not begun, the one that is driven by hand
 * here for whose calls close() waits: a new reference. NULL with an exception. */
static LoopObject *
open_or_closing(module_state *st, PyObject *self)
{
    LoopObject *l = loop_here(st, self);
    if (l == NULL || l->loop != NULL) {
        return l;
    }
    AsyncClientObject *client = (AsyncClientObject *)self;
    field_lock_take(&client->client.lock);
    LoopObject *other = client->loops;
    while (other != NULL && (other->key != l->key || !is_driven_by_hand(other))) {
        other = other->next;
    }
    Py_XINCREF(other);
    field_lock_drop(&client->client.lock);
    if (other == NULL) {
        return l;
    }
    Py_DECREF(l);
    return other;
}

/* Has a loop, or NULL, begun? False with an exception. */
static bool
is_open_here(module_state *st, PyObject *self, LoopObject *l)
{
    if (l != NULL && l->loop == NULL &&
        client_check_open(st, (ClientObject *)self) == 0) {
        raise_code(st, ASC_ERR_CLUSTER, "the client has not connected");
    }
    return l != NULL && l->loop != NULL;
}

/* The descriptor of a loop that has begun. */
static PyObject *
fd_of(LoopObject *l)
{
    return PyLong_FromLong(asc_loop_fd(l->loop));
}

static PyObject *
client_fileno(METHOD_PARAMS)
{
    static const char *const names[] = {NULL};
    module_state *st = PyType_GetModuleState(cls);
    if (parse_args("fileno", names, 0, args, nargs, kwnames, NULL) < 0) {
        return NULL;
    }
    LoopObject *l = open_or_closing(st, self);
    if (l != NULL && l->loop == NULL && l->turns_by_hand) {
        Py_DECREF(l);
        PyObject *done = PyObject_CallMethod(self, "_connect", NULL);
        l = done != NULL ? loop_here(st, self) : NULL;
        Py_XDECREF(done);
    }
    PyObject *fd = is_open_here(st, self, l) ? fd_of(l) : NULL;
    Py_XDECREF(l);
    return fd;
}

/* The adapter calls what is due, the loop's turn among it. What became due meanwhile is
 * left to the next turn of the client: the descriptor asks for it, as for what is due
 * later. */
static PyObject *
turn_by_hand(LoopObject *l)
{
    PyObject *in_ms = PyObject_CallMethod(l->adapter, "turn", NULL);
    if (in_ms != NULL && l->loop != NULL) {
        asc_loop_ring(l->loop, in_ms != Py_None ? (uint32_t)PyLong_AsUnsignedLong(in_ms)
                                                : ASC_LOOP_SILENT);
    }
    if (in_ms == NULL) {
        return NULL;
    }
    Py_DECREF(in_ms);
    Py_RETURN_NONE;
}

static PyObject *
locked_turn(LoopObject *l)
{
    Py_BEGIN_CRITICAL_SECTION(l);
    turn(l);
    Py_END_CRITICAL_SECTION();
    Py_RETURN_NONE;
}

static PyObject *
client_turn(METHOD_PARAMS)
{
    static const char *const names[] = {NULL};
    module_state *st = PyType_GetModuleState(cls);
    if (parse_args("turn", names, 0, args, nargs, kwnames, NULL) < 0) {
        return NULL;
    }
    LoopObject *l = open_or_closing(st, self);
    PyObject *done = NULL;
    if (is_open_here(st, self, l)) {
        done = l->turns_by_hand ? turn_by_hand(l) : locked_turn(l);
    }
    Py_XDECREF(l);
    return done;
}

const PyMethodDef loop_methods[] = {
    METHOD_ROW("_signal", client__signal, doc__signal),
    {"_call_late", client__call_late, METH_VARARGS, doc__call_late},
    {"_let_go", client__let_go, METH_NOARGS, doc__let_go},
    METHOD_ROW("_blocking", client__blocking, doc__blocking),
    METHOD_ROW("fileno", client_fileno, doc_fileno),
    METHOD_ROW("turn", client_turn, doc_turn),
    {NULL, NULL, 0, NULL},
};
