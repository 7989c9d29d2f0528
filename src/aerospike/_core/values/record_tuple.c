/* This file has the type of records. A record is a tuple in every respect: it compares,
 * hashes and prints like one. A copy of it, and what a pickle of it gives, is a plain
 * tuple, so that readers without this package can have it.
 *
 * A collection of garbage takes time for each object that the collector knows. Most
 * records hold no object that it knows: numbers, text, bytes, and dicts of these. Such
 * a record can be part of a cycle only when somebody changes one of its dicts, who must
 * get it from the record before. So the collector hears of the record then: of a scan's
 * hundred thousand records that lie in a list it knows the list alone. */
#include "values/record_tuple.h"

#include <stdint.h>

#define N_PARTS 3

/* Does a record count its type? Without the GIL all threads would write to that count;
 * there the type is never dropped. */
#ifdef Py_GIL_DISABLED
#define COUNTS_TYPE false
#else
#define COUNTS_TYPE true
#endif

/* A record without its parts; NULL with MemoryError. */
static PyTupleObject *
new_record(module_state *st)
{
    if (COUNTS_TYPE) {
        return PyObject_GC_NewVar(PyTupleObject, st->RecordType, N_PARTS);
    }
    PyTupleObject *record = PyObject_GC_NewVar(PyTupleObject, &PyTuple_Type, N_PARTS);
    if (record != NULL) {
        Py_SET_TYPE((PyObject *)record, st->RecordType);
    }
    return record;
}

PyObject *
record_tuple(module_state *st, PyObject *key, PyObject *meta, PyObject *bins)
{
    PyTupleObject *record = new_record(st);
    if (record == NULL) {
        Py_DECREF(key);
        Py_DECREF(meta);
        Py_DECREF(bins);
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030E0000
    record->ob_hash = -1; /* not computed yet */
#endif
    record->ob_item[0] = key;
    record->ob_item[1] = meta;
    record->ob_item[2] = bins;
    if (KNOWS_AT_ONCE || PyObject_GC_IsTracked(key) || PyObject_GC_IsTracked(meta) ||
        PyObject_GC_IsTracked(bins)) {
        PyObject_GC_Track(record);
    }
    return (PyObject *)record;
}

/* Have the collector know a record whose parts somebody gets. */
static inline void
make_known(PyObject *record)
{
    if (!KNOWS_AT_ONCE && !PyObject_GC_IsTracked(record)) {
        PyObject_GC_Track(record);
    }
}

static int
record_traverse(PyObject *self, visitproc visit, void *arg)
{
    if (COUNTS_TYPE) {
        Py_VISIT(Py_TYPE(self));
    }
    for (Py_ssize_t i = 0; i < N_PARTS; i++) {
        Py_VISIT(PyTuple_GET_ITEM(self, i)); /* borrowed: the record holds it */
    }
    return 0;
}

static void
record_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, record_dealloc) for (Py_ssize_t i = 0; i < N_PARTS; i++)
    {
        Py_DECREF(PyTuple_GET_ITEM(self, i)); /* borrowed: the record's own reference */
    }
    PyObject_GC_Del(self);
    if (COUNTS_TYPE) {
        Py_DECREF(type);
    }
    Py_TRASHCAN_END
}

/* Pickled and copied as the plain tuple of its parts. */
static PyObject *
record_reduce(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    make_known(self);
    PyObject *parts = PyTuple_GetSlice(self, 0, N_PARTS);
    PyObject *arguments = parts != NULL ? PyTuple_Pack(1, parts) : NULL;
    Py_XDECREF(parts);
    return arguments != NULL ? Py_BuildValue("ON", &PyTuple_Type, arguments) : NULL;
}

static PyMethodDef record_methods_of_type[] = {
    {"__reduce__", record_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* --- getting the parts: as a tuple does it, once the collector knows the record --- */

static PyObject *
record_iter(PyObject *self)
{
    make_known(self);
    return PyTuple_Type.tp_iter(self);
}

static PyObject *
record_subscript(PyObject *self, PyObject *index)
{
    make_known(self);
    return PyTuple_Type.tp_as_mapping->mp_subscript(self, index);
}

static PyObject *
record_item(PyObject *self, Py_ssize_t i)
{
    make_known(self);
    return PyTuple_Type.tp_as_sequence->sq_item(self, i);
}

/* Python asks for a sum before it concatenates the two tuples, of which either may be a
 * record. */
static PyObject *
record_add(PyObject *left, PyObject *right)
{
    PyObject *const terms[] = {left, right};
    for (int i = 0; i < 2; i++) {
        if (Py_TYPE(terms[i])->tp_dealloc == record_dealloc) {
            make_known(terms[i]);
        }
    }
    Py_RETURN_NOTIMPLEMENTED;
}

static PyObject *
record_repeat(PyObject *self, Py_ssize_t n)
{
    make_known(self);
    return PyTuple_Type.tp_as_sequence->sq_repeat(self, n);
}

static PyObject *
record_part(PyObject *self, void *place)
{
    return record_item(self, (Py_ssize_t)(intptr_t)place);
}

#define PART(name, i, text) {name, record_part, NULL, text, (void *)(intptr_t)(i)}

static PyGetSetDef record_parts[] = {
    PART("key", 0, "The key: (namespace, set, user key or None, digest)."),
    PART("meta", 1, "The metadata: {\"gen\": number, \"ttl\": seconds}, or None."),
    PART("bins", 2, "The bins: {name: value}, or None."),
    {NULL, NULL, NULL, NULL, NULL},
};

static const char doc_Record[] = "A record: the tuple (key, meta, bins).";

static PyType_Slot record_slots[] = {
    {Py_tp_doc, (void *)doc_Record},
    {Py_tp_dealloc, record_dealloc},
    {Py_tp_traverse, record_traverse},
    {Py_tp_methods, record_methods_of_type},
    {Py_tp_getset, record_parts},
    {Py_tp_iter, record_iter},
    {Py_mp_subscript, record_subscript},
    {Py_sq_item, record_item},
    {Py_nb_add, record_add},
    {Py_sq_repeat, record_repeat},
    {0, NULL},
};

static PyType_Spec record_spec = {
    .name = "aerospike._core.Record",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = record_slots,
};

int
record_type_init(PyObject *module, module_state *st)
{
    st->RecordType = (PyTypeObject *)PyType_FromModuleAndSpec(
        module, &record_spec, (PyObject *)&PyTuple_Type);
    if (st->RecordType != NULL && !COUNTS_TYPE) {
        Py_INCREF(st->RecordType); /* forever */
    }
    return st->RecordType != NULL ? PyModule_AddType(module, st->RecordType) : -1;
}
