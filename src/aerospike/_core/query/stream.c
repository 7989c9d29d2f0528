/* query/stream.c -- the stream of a query or scan: a Python iterator of its records (or
 * of values, which query/aggregate.c reads), and the methods that make one or start
 * work in the background.
 *
 * A stream drives its set in the thread that asks for the next item. It takes the
 * frames of one part of the set at a time, and gives the items in them one by one; when
 * the frames are read, it waits for more. What it does not take stays with the node, so
 * that a slow reader needs no memory.
 *
 * Waiting gives the GIL away, and decoding an item may run Python code: another
 * thread, or the same one, may then call a method of the stream that is at work.
 * stream_enter() refuses that, so that everything below it has the stream for
 * itself. */
#include "query/stream.h"

#include <string.h>

#include "asc/digest.h"
#include "values/bins.h"
#include "support/collector.h"
#include "support/compat.h"
#include "support/random.h"
#include "values/keys.h"
#include "values/record_tuple.h"

/* --- records --- */

/* The key of a record: (namespace, set or None, user key or None, digest). NULL with an
 * exception. */
static PyObject *
key_of_record(StreamObject *s, module_state *st, const asc_msg_record *r)
{
    PyObject *set = r->set != NULL && r->set_size > 0
                        ? decode_name(st, r->set, r->set_size)
                        : Py_NewRef(Py_None);
    PyObject *pk = NULL;
    if (set != NULL) {
        pk =
            r->key != NULL ? stored_key_to_py(r->key, r->key_size) : Py_NewRef(Py_None);
    }
    PyObject *digest =
        pk != NULL
            ? PyByteArray_FromStringAndSize((const char *)r->digest, ASC_DIGEST_SIZE)
            : NULL;
    PyObject *key = digest != NULL ? PyTuple_New(4) : NULL;
    if (key == NULL) {
        Py_XDECREF(set);
        Py_XDECREF(pk);
        Py_XDECREF(digest);
        return NULL;
    }
    PyTuple_SET_ITEM(key, 0, Py_NewRef(s->ask.ns));
    PyTuple_SET_ITEM(key, 1, set);
    PyTuple_SET_ITEM(key, 2, pk);
    PyTuple_SET_ITEM(key, 3, digest);
    key_untrack(key);
    return key;
}

/* A record as its reader gets it: (key, meta, bins), or (partition, (key, meta, bins))
 * when with_partition. NULL with an exception. */
static PyObject *
record_of(StreamObject *s, module_state *st, asc_msg *m, const asc_msg_record *r)
{
    bins_reader reader = {
        .st = st, .rules = s->ask.rules, .raw_containers = !s->ask.pol.deserialize};
    PyObject *key = key_of_record(s, st, r);
    PyObject *meta = key != NULL ? meta_to_py(st, m) : NULL;
    PyObject *bins = meta != NULL ? bins_to_dict(&reader, m) : NULL;
    if (bins == NULL) {
        Py_XDECREF(key);
        Py_XDECREF(meta);
        return NULL;
    }
    PyObject *record = record_tuple(st, key, meta, bins);
    if (record != NULL && s->with_partition) {
        PyObject *pair =
            Py_BuildValue("IN", (unsigned int)asc_digest_partition(r->digest), record);
        return pair;
    }
    return record;
}

void
stream_explain(StreamObject *s, module_state *st)
{
    explain_query(st, s->ask.ns, s->ask.set, s->ask.predicate, s->ask.index_name,
                  s->ask.ctx);
}

int
stream_raise(StreamObject *s, module_state *st, const asc_error *err)
{
    raise_error(st, err, NULL, NULL);
    stream_explain(s, st);
    return -1;
}

bool
stream_next_message(StreamObject *s, asc_msg *m, asc_msg_record *r)
{
    const asc_part *part = s->part;
    if (part == NULL || s->at == part->n_messages) {
        s->part = NULL;
        return false;
    }
    asc_msg_place place = part->messages[s->at++];
    asc_msg_take_record(m, r, part->data + place.at, place.size);
    s->since_turn += place.size;
    return true;
}

/* The next record of the part that is being read, as stream_kind has it. The tracker
 * counts a record before it is made, and takes it back when that fails. */
static PyObject *
next_of_part(StreamObject *s, module_state *st)
{
    asc_msg m;
    asc_msg_record r;
    while (stream_next_message(s, &m, &r)) {
        if (!asc_msg_is_record(&m)) {
            continue;
        }
        if (asc_query_count(s->query, s->part, &r)) {
            PyObject *record = record_of(s, st, &m, &r);
            if (record == NULL) {
                asc_query_take_back(s->query);
                stream_explain(s, st);
            }
            s->n_given += record != NULL;
            return record;
        }
    }
    return NULL;
}

/* --- driving --- */

int
stream_renew_task_id(StreamObject *s, module_state *st)
{
    return random_u64(st, &s->ask.task_id);
}

/* Begin the next round of a query: write its requests, with a job number of their
 * own. */
static int
go_on(StreamObject *s, module_state *st)
{
    asc_part *part;
    asc_error err;
    asc_error_reset(&err);
    if (asc_query_round(s->query, &err) != ASC_OK) {
        return stream_raise(s, st, &err);
    }
    if (asc_query_is_over(s->query)) {
        return 0;
    }
    if (stream_renew_task_id(s, st) < 0) {
        return -1;
    }
    while ((part = asc_set_unwritten(s->set)) != NULL) {
        if (query_write_part(&s->ask, s->query, part) < 0) {
            return -1;
        }
    }
    return 1;
}

/* End the query, unless it has ended already; others can then use its tracker again. A
 * record that is lent has not been taken by the caller: the tracker goes back before
 * it. */
static void
close_query(StreamObject *s)
{
    asc_query *query = s->query;
    s->query = NULL;
    if (query != NULL) {
        if (s->lent) {
            asc_query_take_back(query);
            s->n_given--;
        }
        asc_query_free(query); /* closes what is under way, and waits for nothing */
        s->tracker->is_used = false;
    }
}

static const stream_kind of_records = {"records", next_of_part, go_on, close_query};

void
stream_shut(StreamObject *s)
{
    s->part = NULL;
    s->set = NULL;
    s->kind->close(s);
}

stream_step
stream_go_on(StreamObject *s, module_state *st)
{
    asc_part *part;
    while ((part = asc_set_take(s->set)) != NULL) {
        if (part->size > 0 || part->err.code != ASC_OK) {
            s->part = part;
            s->at = 0;
            return STREAM_PART;
        }
    }
    if (asc_set_is_done(s->set)) {
        int rc = s->kind->go_on(s, st);
        if (rc <= 0) {
            return rc == 0 ? STREAM_OVER : STREAM_RAISED;
        }
    }
    /* An exception that is already set must not be lost in the wait. */
    return PyErr_Occurred() == NULL ? STREAM_WAITS : STREAM_RAISED;
}

/* Go on until there is a part: 1. 0: nothing is left; -1 with an exception. */
static int
fetch(StreamObject *s, module_state *st)
{
    asc_error err;
    stream_step step;
    asc_error_reset(&err);
    while ((step = stream_go_on(s, st)) == STREAM_WAITS) {
        if (client_wait_set(st, s->set, &s->is_stopped, &err) < 0) {
            return -1;
        }
    }
    return step;
}

/* The next item of the stream. NULL without an exception at the end, which closes the
 * stream, as a failure does. */
static PyObject *
next_item(StreamObject *s, module_state *st)
{
    while (s->set != NULL) {
        gc_pause(st);
        PyObject *item = s->kind->next_of_part(s, st);
        gc_resume(st);
        if (item != NULL) {
            return item;
        }
        if (PyErr_Occurred() != NULL) {
            raise_doubt(st, false);
            stream_shut(s);
            return NULL;
        }
        if (fetch(s, st) <= 0) {
            stream_shut(s);
            return NULL;
        }
    }
    return NULL;
}

int
stream_enter(StreamObject *s, module_state *st)
{
    unsigned nobody = 0;
    if (!atomic_compare_exchange_strong(&s->n_at_work, &nobody, 1)) {
        bool has_tasks = Py_IS_TYPE((PyObject *)s, st->AsyncStreamType);
        return raise_code(st, ASC_ERR_CLIENT,
                          "the records are being read by another %s",
                          has_tasks ? "task" : "thread");
    }
    return 0;
}

static module_state *
state_of(PyObject *self)
{
    return PyType_GetModuleState(Py_TYPE(self));
}

/* Give other threads their turn when it is time. */
static void
give_turn_in_time(StreamObject *s, module_state *st)
{
    if (s->since_turn >= BYTES_PER_TURN) {
        s->since_turn = 0;
        give_turn(st);
    }
}

/* Give the next item. While this is at work no record is lent: if it fails, the last
 * one counts as read, and the one that failed does not. Who asks may be a loop in C,
 * which gives nobody a turn. */
static PyObject *
stream_next(PyObject *self)
{
    StreamObject *s = (StreamObject *)self;
    module_state *st = state_of(self);
    if (stream_enter(s, st) < 0) {
        return NULL;
    }
    s->lent = false; /* asking for the next record says that the last one was taken */
    give_turn_in_time(s, st);
    PyObject *item = next_item(s, st);
    s->lent = s->lends && item != NULL;
    stream_leave(s);
    if (item == NULL) {
        raise_instead_of_stop(); /* a signal's handler may have raised it */
    }
    return item;
}

int
stream_append(StreamObject *s, module_state *st, PyObject *list, Py_ssize_t max)
{
    PyObject *item;
    gc_pause(st);
    while (PyList_GET_SIZE(list) < max && s->since_turn < BYTES_PER_TURN &&
           (item = s->kind->next_of_part(s, st)) != NULL) {
        int rc = PyList_Append(list, item);
        Py_DECREF(item);
        if (rc < 0) {
            break;
        }
        gc_pause(st); /* decoding an item may run Python code, which ends the pause */
    }
    gc_resume(st);
    if (PyErr_Occurred() != NULL) {
        raise_doubt(st, false);
        return -1;
    }
    return s->since_turn >= BYTES_PER_TURN;
}

/* Append the items that the part has by now to a list until it has max. 0, or -1 with
 * an exception. */
static int
append_part(StreamObject *s, module_state *st, PyObject *list, Py_ssize_t max)
{
    int rc;
    while ((rc = stream_append(s, st, list, max)) > 0) {
        s->since_turn = 0;
        give_turn(st);
    }
    return rc;
}

/* A list of items that are left: all, or with `waits_once` at most max that are there
 * without waiting again once there is one. The end closes the stream, as a failure
 * does. NULL with an exception. */
static PyObject *
list_of_items(StreamObject *s, module_state *st, Py_ssize_t max, bool waits_once)
{
    PyObject *list = PyList_New(0);
    if (list == NULL || stream_enter(s, st) < 0) {
        Py_XDECREF(list);
        return NULL;
    }
    bool goes_on = s->set != NULL;
    begin_turn(st);
    while (goes_on && append_part(s, st, list, max) == 0) {
        if (waits_once && PyList_GET_SIZE(list) > 0) {
            break;
        }
        goes_on = fetch(s, st) > 0;
    }
    if (!goes_on || PyErr_Occurred() != NULL) {
        stream_shut(s);
    }
    stream_leave(s);
    if (PyErr_Occurred() != NULL) {
        Py_CLEAR(list);
    }
    return list;
}

/* collect(): a list of all items that are left. */
static PyObject *
stream_collect(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return list_of_items((StreamObject *)self, state_of(self), PY_SSIZE_T_MAX, false);
}

/* slice(n): a list of the next items, n at most and none at the end. It waits for one,
 * and gives what is there with it. */
static PyObject *
stream_slice(PyObject *self, PyObject *n)
{
    Py_ssize_t max = PyLong_AsSsize_t(n);
    if (max < 1) {
        if (PyErr_Occurred() == NULL) {
            PyErr_SetString(PyExc_ValueError, "slice() takes a size above 0");
        }
        return NULL;
    }
    return list_of_items((StreamObject *)self, state_of(self), max, true);
}

static PyObject *
stream_close(PyObject *self, PyObject *ignored)
{
    StreamObject *s = (StreamObject *)self;
    (void)ignored;
    if (stream_enter(s, state_of(self)) < 0) {
        return NULL;
    }
    stream_shut(s);
    stream_leave(s);
    Py_RETURN_NONE;
}

/* stop(): have the wait fail that is under way, or the next one. This is for other
 * threads than the one that reads. */
static PyObject *
stream_stop(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    ((StreamObject *)self)->is_stopped = true;
    Py_RETURN_NONE;
}

static PyObject *
stream__enter__(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return Py_NewRef(self);
}

static PyObject *
stream_exit(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return stream_close(self, NULL);
}

/* --- the type --- */

/* What cannot be part of a cycle (bytes, numbers, a Tracker) is not visited. A text may
 * be of a class of the application's, whose instances refer to anything. */
int
stream_traverse(PyObject *self, visitproc visit, void *arg)
{
    StreamObject *s = (StreamObject *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(s->client);
    Py_VISIT((PyObject *)s->loop);
    Py_VISIT(s->ask.ns);
    Py_VISIT(s->ask.set);
    Py_VISIT(s->ask.bins);
    Py_VISIT(s->ask.ops);
    Py_VISIT(s->ask.module);
    Py_VISIT(s->ask.function);
    Py_VISIT(s->ask.arguments);
    Py_VISIT(s->ask.predicate);
    Py_VISIT(s->ask.ctx);
    Py_VISIT(s->ask.index_name);
    return 0;
}

void
stream_dealloc(PyObject *self)
{
    StreamObject *s = (StreamObject *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    stream_shut(s);
    query_request_clear(&s->ask);
    asc_cluster_release(s->cluster);
    Py_XDECREF(s->client);
    Py_XDECREF((PyObject *)s->loop);
    Py_XDECREF(s->tracker);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef stream_methods[] = {
    {"collect", stream_collect, METH_NOARGS,
     "collect($self)\n--\n\nReturn a list of all items that are left."},
    {"slice", stream_slice, METH_O,
     "slice($self, n, /)\n--\n\n"
     "Return a list of the next items, n at most; an empty one at the end.\n\n"
     "It waits for one item, and returns the items that have come with it."},
    {"close", stream_close, METH_NOARGS,
     "close($self)\n--\n\nEnd the query and free its connections. May be called "
     "twice."},
    {"stop", stream_stop, METH_NOARGS,
     "stop($self)\n--\n\n"
     "Make the current wait fail, or the next one; for another thread than\n"
     "the one that reads."},
    {"__enter__", stream__enter__, METH_NOARGS, NULL},
    {"__exit__", stream_exit, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyObject *
stream_repr(PyObject *self)
{
    StreamObject *s = (StreamObject *)self;
    const char *state = s->set != NULL ? "open" : "closed";
    return PyUnicode_FromFormat("<aerospike stream of %s, %s>", s->kind->items, state);
}

/* clang-format off */
static PyType_Slot stream_slots[] = {
    {Py_tp_doc, (void *)"Items of a query or scan, read while they come."},
    {Py_tp_dealloc, stream_dealloc},
    {Py_tp_traverse, stream_traverse},
    {Py_tp_repr, stream_repr},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, stream_next},
    {Py_tp_methods, stream_methods},
    {0, NULL},
};
/* clang-format on */

static PyType_Spec stream_spec = {
    .name = "aerospike._core.Stream",
    .basicsize = sizeof(StreamObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = stream_slots,
};

int
stream_types_init(PyObject *module, module_state *st)
{
    st->StreamType =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &stream_spec, NULL);
    if (st->StreamType == NULL || PyModule_AddType(module, st->StreamType) < 0) {
        return -1;
    }
    return tracker_type_init(module, st);
}

/* --- methods of the client --- */

bool
stream_is_to_look(const StreamObject *s)
{
    return s->ask.pol.fail_on_cluster_change && s->ask.node == NULL;
}

int
stream_look_before(StreamObject *s, PyObject *begin)
{
    uint32_t *timeout_ms = &s->ask.pol.timing.total_timeout_ms;
    if (begin == Py_None || !stream_is_to_look(s)) {
        return 0;
    }
    PyObject *left = PyObject_CallFunction(begin, "I", (unsigned)*timeout_ms);
    if (left == NULL) {
        return -1;
    }
    *timeout_ms = (uint32_t)PyLong_AsUnsignedLong(left);
    Py_DECREF(left);
    return PyErr_Occurred() ? -1 : 0;
}

/* Background work uses a stream that is never opened. */
StreamObject *
stream_make(module_state *st, PyTypeObject *type, PyObject *client, policy_kind kind,
            PyObject *spec, PyObject *policy_arg)
{
    ClientObject *c = (ClientObject *)client;
    StreamObject *s = (StreamObject *)type->tp_alloc(type, 0);
    if (s == NULL) {
        return NULL;
    }
    s->kind = &of_records;
    s->client = Py_NewRef(client);
    s->ask.st = st;
    s->ask.rules = &c->config.values;
    if (client_check_open(st, c) < 0 ||
        config_call_policy(st, &s->ask.pol, &c->config, kind, policy_arg) < 0 ||
        query_request_from_spec(&s->ask, spec) < 0) {
        Py_DECREF(s);
        return NULL;
    }
    if (kind == POLICY_SCAN) {
        s->ask.max_records =
            s->ask.max_records != 0 ? s->ask.max_records : s->ask.pol.max_records;
        s->ask.records_per_second = s->ask.records_per_second != 0
                                        ? s->ask.records_per_second
                                        : s->ask.pol.records_per_second;
    }
    return s;
}

StreamObject *
stream_new(module_state *st, PyObject *client, policy_kind kind, PyObject *spec,
           PyObject *policy_arg)
{
    StreamObject *s = stream_make(st, st->StreamType, client, kind, spec, policy_arg);
    if (s != NULL) {
        s->cluster = client_cluster(st, (ClientObject *)client, &s->ask.pol.timing);
    }
    if (s != NULL && s->cluster == NULL) {
        Py_CLEAR(s);
    }
    return s;
}

/* Mark the partitions that the asked node does not own as done, so that only its own
 * are read. 0, or -1 with ParamError. */
static int
keep_node(StreamObject *s, module_state *st)
{
    uint8_t owned[ASC_N_PARTITIONS];
    uint32_t n = 0;
    const char *ns = PyUnicode_AsUTF8(s->ask.ns);
    const char *name = ns != NULL ? PyUnicode_AsUTF8(s->ask.node) : NULL;
    if (ns == NULL || name == NULL) {
        return -1;
    }
    if (!asc_cluster_partitions_of(s->cluster, ns, name, owned)) {
        return raise_param(st, "node %s is not there, or has no namespace %s", name,
                           ns);
    }
    asc_cursor *cursors = asc_tracker_cursors(s->tracker->tracker, &n);
    for (uint32_t i = 0; i < n; i++) {
        if (!owned[cursors[i].partition]) {
            cursors[i].state = ASC_CURSOR_DONE;
        }
    }
    return 0;
}

int
stream_open(StreamObject *s, module_state *st)
{
    asc_request req = {0};
    policy_to_request(&s->ask.pol, &req, false);
    if (!tracker_take(s->tracker)) {
        return raise_code(st, ASC_ERR_CLIENT,
                          "a query with these partitions is under "
                          "way");
    }
    bool has_cursors = s->ask.node == NULL || keep_node(s, st) == 0;
    s->query = has_cursors ? asc_query_new() : NULL;
    if (s->query == NULL) {
        s->tracker->is_used = false;
        return has_cursors ? put_ok(false) : -1;
    }
    const asc_query_options options = {
        .set = {.timing = s->ask.pol.timing,
                .gather = GATHER_BYTES,
                .check_ms = SIGNAL_CHECK_MS},
        .ns = PyUnicode_AsUTF8(s->ask.ns),
        .replica = req.replica,
        .sc_session = req.sc_session,
        .by_index = s->ask.predicate != NULL,
        .skips = s->ask.bins != NULL || s->ask.ops != NULL,
        .max_records = s->ask.max_records != 0 ? s->ask.max_records - s->n_given : 0,
    };
    if (options.ns == NULL) {
        return -1;
    }
    asc_query_begin(s->query, s->cluster, s->tracker->tracker, &options);
    s->set = asc_query_set(s->query);
    return 0;
}

static const char doc__stream[] =
    "_stream($self, is_scan, spec, policy, tracker, with_partition, lends)\n--\n\n"
    "The records of a query or scan; for aerospike._query.";

StreamObject *
stream_of_records(METHOD_PARAMS, PyTypeObject *type)
{
    static const char *const names[] = {"is_scan",        "spec",  "policy", "tracker",
                                        "with_partition", "lends", NULL};
    module_state *st = PyType_GetModuleState(cls);
    PyObject *argv[6];
    if (parse_args("_stream", names, 6, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    PyObject *tracker = argv[3];
    if (!Py_IS_TYPE(tracker, st->TrackerType)) {
        PyErr_Format(PyExc_TypeError, "a Tracker is expected, not %s",
                     Py_TYPE(tracker)->tp_name);
        return NULL;
    }
    policy_kind kind = argv[0] == Py_True ? POLICY_SCAN : POLICY_QUERY;
    StreamObject *s = stream_make(st, type, self, kind, argv[1], argv[2]);
    if (s != NULL) {
        s->tracker = (TrackerObject *)Py_NewRef(tracker);
        s->with_partition = argv[4] == Py_True;
        s->lends = argv[5] == Py_True;
    }
    return s;
}

static PyObject *
client__stream(METHOD_PARAMS)
{
    module_state *st = PyType_GetModuleState(cls);
    StreamObject *s =
        stream_of_records(self, cls, args, nargs, kwnames, st->StreamType);
    if (s == NULL) {
        return NULL;
    }
    s->cluster = client_cluster(st, (ClientObject *)self, &s->ask.pol.timing);
    if (s->cluster == NULL || stream_open(s, st) < 0) {
        Py_DECREF(s);
        return NULL;
    }
    return (PyObject *)s;
}

/* --- background work --- */

/* Note how the start at one node, whose part has ended, went. A node that has nothing
 * of the set answers "not found": it has nothing to do, which is no failure. */
static void
note_start(starts *s, const asc_part *part)
{
    bool failed =
        part->err.code != ASC_OK && part->err.code != ASC_ERR_RECORD_NOT_FOUND;
    if (failed && s->first_failure.code == ASC_OK) {
        s->first_failure = part->err;
    }
    s->any_begun = s->any_begun || part->err.in_doubt || part->err.code == ASC_OK;
}

int
starts_begin(StreamObject *s, module_state *st, asc_set *set)
{
    asc_error err;
    asc_part *part;
    asc_error_reset(&err);
    const asc_set_options options = {.timing = s->ask.pol.timing,
                                     .check_ms = SIGNAL_CHECK_MS};
    asc_set_begin(set, s->cluster, &options);
    if (asc_set_add_all(set, &err) != ASC_OK) {
        raise_error(st, &err, NULL, NULL);
        return -1;
    }
    while ((part = asc_set_unwritten(set)) != NULL) {
        if (query_write_background(&s->ask, part) < 0) {
            return -1;
        }
    }
    return 0;
}

void
starts_note(starts *outcome, asc_set *set)
{
    asc_part *part;
    while ((part = asc_set_take(set)) != NULL) {
        if (part->ended) {
            note_start(outcome, part);
        }
    }
}

PyObject *
starts_result(starts *outcome, StreamObject *s, module_state *st)
{
    if (outcome->first_failure.code == ASC_OK) {
        return PyLong_FromUnsignedLongLong(s->ask.task_id);
    }
    outcome->first_failure.in_doubt = outcome->any_begun;
    stream_raise(s, st, &outcome->first_failure);
    return NULL;
}

/* Start the work on all nodes, and wait until each has answered: the number of the job.
 * NULL with an exception. */
static PyObject *
start_everywhere(StreamObject *s, module_state *st, asc_set *set)
{
    asc_error err;
    starts outcome = {0};
    asc_error_reset(&err);
    if (starts_begin(s, st, set) < 0) {
        return NULL;
    }
    while (!asc_set_is_done(set)) {
        if (client_wait_set(st, set, NULL, &err) < 0) {
            raise_doubt(st, outcome.any_begun);
            return NULL;
        }
        starts_note(&outcome, set);
    }
    return starts_result(&outcome, s, st);
}

static const char doc__background[] =
    "_background($self, is_scan, spec, policy, begin)\n--\n\n"
    "Start background work; for aerospike._query and aerospike._calls.";

static PyObject *
client__background(METHOD_PARAMS)
{
    static const char *const names[] = {"is_scan", "spec", "policy", "begin", NULL};
    module_state *st = PyType_GetModuleState(cls);
    PyObject *argv[4], *result = NULL;
    if (parse_args("_background", names, 4, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    policy_kind kind = argv[0] == Py_True ? POLICY_SCAN : POLICY_WRITE;
    StreamObject *s = stream_new(st, self, kind, argv[1], argv[2]);
    asc_set *set = s != NULL ? asc_set_new() : NULL;
    if (s != NULL && set == NULL) {
        put_ok(false);
    }
    if (set != NULL && stream_look_before(s, argv[3]) == 0 &&
        stream_renew_task_id(s, st) == 0) {
        result = start_everywhere(s, st, set);
    }
    asc_set_free(set);
    Py_XDECREF(s);
    return result;
}

const PyMethodDef query_methods[] = {
    METHOD_ROW("_stream", client__stream, doc__stream),
    METHOD_ROW("_background", client__background, doc__background),
    {NULL, NULL, 0, NULL},
};
