/* query/tracker.c -- the Python object around a tracker of the library (asc/tracker.h),
 * which knows how far a query has come in each partition.
 *
 * A tracker outlives its query: aerospike._query keeps one with a Query or Scan, shows
 * it as get_partitions_status(), and begins the next query with it. While a query moves
 * the tracker, on a thread that does not hold the GIL, nobody else may read it. */
#include "query/tracker.h"

#include <string.h>

#include "support/args.h"
#include "support/compat.h"

/* --- life --- */

/* Tracker(begin, count): a tracker of `count` partitions, of which `begin` is the
 * first. */
static PyObject *
tracker_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    unsigned int begin, count;
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0) {
        PyErr_SetString(PyExc_TypeError, "Tracker() takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "II", &begin, &count)) {
        return NULL;
    }
    if (count > ASC_N_PARTITIONS || begin > ASC_N_PARTITIONS - count) {
        PyErr_SetString(PyExc_ValueError, "no such partitions");
        return NULL;
    }
    TrackerObject *self = (TrackerObject *)cls->tp_alloc(cls, 0);
    if (self == NULL) {
        return NULL;
    }
    self->tracker = asc_tracker_new(begin, count);
    if (self->tracker == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void
tracker_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    asc_tracker_free(((TrackerObject *)self)->tracker);
    type->tp_free(self);
    Py_DECREF(type);
}

bool
tracker_take(TrackerObject *tracker)
{
    bool was_used;
    Py_BEGIN_CRITICAL_SECTION(tracker);
    was_used = atomic_exchange(&tracker->is_used, true);
    Py_END_CRITICAL_SECTION();
    return !was_used;
}

/* The tracker of an object, borrowed, in a critical section of the object. NULL with
 * ClientError while a query moves it. */
static asc_tracker *
tracker_of(PyObject *self)
{
    TrackerObject *t = (TrackerObject *)self;
    if (t->is_used) {
        raise_code(PyType_GetModuleState(Py_TYPE(self)), ASC_ERR_CLIENT,
                   "where a query stands cannot be told while it is under way");
        return NULL;
    }
    return t->tracker;
}

/* A copy of an object's tracker, for asc_tracker_free(); NULL with an exception. */
static asc_tracker *
copy_of(PyObject *self)
{
    asc_tracker *copy = NULL;
    Py_BEGIN_CRITICAL_SECTION(self);
    asc_tracker *t = tracker_of(self);
    copy = t != NULL ? asc_tracker_copy(t) : NULL;
    if (t != NULL && copy == NULL) {
        PyErr_NoMemory();
    }
    Py_END_CRITICAL_SECTION();
    return copy;
}

/* --- methods --- */

static PyObject *
tracker_is_done(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    /* This may be asked while a query moves the tracker: it only reads the states of
     * the cursors, and the answer holds for that moment. */
    return PyBool_FromLong(asc_tracker_is_done(((TrackerObject *)self)->tracker));
}

/* (id, init, retry, digest, bval): where one partition stands, in the shape that the
 * API has for it. init says that the place is after the digest, not at the start; retry
 * says that the partition is not done. NULL with an exception. */
static PyObject *
cursor_to_py(const asc_cursor *c)
{
    static const uint8_t no_digest[ASC_DIGEST_SIZE] = {0};
    const uint8_t *digest = c->has_digest ? c->digest : no_digest;
    PyObject *bytes =
        PyByteArray_FromStringAndSize((const char *)digest, ASC_DIGEST_SIZE);
    PyObject *tuple = NULL;
    if (bytes != NULL) {
        tuple = Py_BuildValue("IOONK", (unsigned int)c->partition,
                              c->has_digest ? Py_True : Py_False,
                              c->state != ASC_CURSOR_DONE ? Py_True : Py_False, bytes,
                              (unsigned long long)c->bval);
    }
    return tuple;
}

/* status(): {"done": bool, "retry": bool, partition: cursor, ...} */
static PyObject *
tracker_status(PyObject *self, PyObject *ignored)
{
    asc_tracker *t = copy_of(self); /* a query may begin meanwhile */
    uint32_t n = 0;
    (void)ignored;
    if (t == NULL) {
        return NULL;
    }
    const asc_cursor *cursors = asc_tracker_cursors(t, &n);
    PyObject *done = asc_tracker_is_done(t) ? Py_True : Py_False;
    PyObject *retry = done == Py_True ? Py_False : Py_True;
    PyObject *status = Py_BuildValue("{sOsO}", "done", done, "retry", retry);
    for (uint32_t i = 0; status != NULL && i < n; i++) {
        PyObject *id = PyLong_FromUnsignedLong(cursors[i].partition);
        PyObject *cursor = cursor_to_py(&cursors[i]);
        if (id == NULL || cursor == NULL || PyDict_SetItem(status, id, cursor) < 0) {
            Py_CLEAR(status);
        }
        Py_XDECREF(id);
        Py_XDECREF(cursor);
    }
    asc_tracker_free(t);
    return status;
}

/* The cursor of a partition, borrowed; NULL when the tracker does not have it. Cursors
 * lie in the order of their partitions, without gaps. */
static asc_cursor *
find_cursor(asc_tracker *t, unsigned long partition)
{
    uint32_t n = 0;
    asc_cursor *cursors = asc_tracker_cursors(t, &n);
    if (n == 0 || partition < cursors[0].partition) {
        return NULL;
    }
    unsigned long i = partition - cursors[0].partition;
    return i < n ? &cursors[i] : NULL;
}

/* Copy a digest from whatever has bytes. 0, or -1 with an exception: TypeError for what
 * has none, ValueError for a wrong size. */
static int
digest_from_py(uint8_t *out, PyObject *digest_arg)
{
    Py_buffer digest;
    if (PyObject_GetBuffer(digest_arg, &digest, PyBUF_SIMPLE) < 0) {
        return -1;
    }
    bool fits = digest.len == ASC_DIGEST_SIZE;
    if (fits) {
        memcpy(out, digest.buf, ASC_DIGEST_SIZE);
    }
    else {
        PyErr_SetString(PyExc_ValueError, "a digest has 20 bytes");
    }
    PyBuffer_Release(&digest);
    return fits ? 0 : -1;
}

/* set(partition, digest or None, bval): a query is to read the partition, from behind
 * the digest on or, with None, from its start. A partition that the tracker does not
 * have is ignored. */
static PyObject *
tracker_set(PyObject *self, PyObject *args)
{
    uint8_t digest[ASC_DIGEST_SIZE] = {0};
    unsigned int partition;
    unsigned long long bval;
    PyObject *digest_arg;
    if (!PyArg_ParseTuple(args, "IOK", &partition, &digest_arg, &bval)) {
        return NULL;
    }
    bool has_digest = digest_arg != Py_None;
    if (has_digest && digest_from_py(digest, digest_arg) < 0) {
        return NULL;
    }
    /* Reading the arguments may run Python code, which may begin a query: the tracker
     * is looked at afterwards. */
    asc_tracker *t;
    Py_BEGIN_CRITICAL_SECTION(self);
    t = tracker_of(self);
    asc_cursor *c = t != NULL ? find_cursor(t, partition) : NULL;
    if (c != NULL) {
        c->state = ASC_CURSOR_TODO;
        c->bval = bval;
        c->has_digest = has_digest;
        memcpy(c->digest, digest, ASC_DIGEST_SIZE);
    }
    Py_END_CRITICAL_SECTION();
    return t != NULL ? Py_NewRef(Py_None) : NULL;
}

/* copy(): another tracker, whose cursors stand at the same places. */
static PyObject *
tracker_copy(PyObject *self, PyObject *ignored)
{
    PyTypeObject *type = Py_TYPE(self);
    (void)ignored;
    TrackerObject *copy = (TrackerObject *)type->tp_alloc(type, 0);
    if (copy == NULL || (copy->tracker = copy_of(self)) == NULL) {
        Py_XDECREF(copy);
        return NULL;
    }
    return (PyObject *)copy;
}

static PyMethodDef tracker_methods[] = {
    {"copy", tracker_copy, METH_NOARGS, NULL},
    {"is_done", tracker_is_done, METH_NOARGS, NULL},
    {"status", tracker_status, METH_NOARGS, NULL},
    {"set", tracker_set, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* clang-format off */
static PyType_Slot tracker_slots[] = {
    {Py_tp_doc, (void *)"Tracker(begin, count, /)\n--\n\n"
                        "Where a query stands in each of count partitions from begin "
                        "on."},
    {Py_tp_new, tracker_new},
    {Py_tp_dealloc, tracker_dealloc},
    {Py_tp_methods, tracker_methods},
    {0, NULL},
};
/* clang-format on */

static PyType_Spec tracker_spec = {
    .name = "aerospike._core.Tracker",
    .basicsize = sizeof(TrackerObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = tracker_slots,
};

int
tracker_type_init(PyObject *module, module_state *st)
{
    st->TrackerType =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &tracker_spec, NULL);
    return st->TrackerType != NULL ? PyModule_AddType(module, st->TrackerType) : -1;
}
