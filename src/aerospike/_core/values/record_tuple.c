/* This file has the type of records. A record is a tuple in every respect: it compares,
 * hashes and prints like one. A copy of it, and what a pickle of it gives, is a plain
 * tuple, so that readers without this package can have it. */
#include "values/record_tuple.h"

#include <stddef.h>
#include <structmember.h> /* after Python.h */

#define N_PARTS 3

PyObject *
record_tuple(module_state *st, PyObject *key, PyObject *meta, PyObject *bins)
{
    PyTupleObject *record = PyObject_GC_NewVar(PyTupleObject, st->RecordType, N_PARTS);
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
    PyObject_GC_Track(record);
    return (PyObject *)record;
}

static int
record_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
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
    Py_DECREF(type);
    Py_TRASHCAN_END
}

/* Pickled and copied as the plain tuple of its parts. */
static PyObject *
record_reduce(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return Py_BuildValue("O(N)", &PyTuple_Type, PyTuple_GetSlice(self, 0, N_PARTS));
}

static PyMethodDef record_methods_of_type[] = {
    {"__reduce__", record_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

#define PART(name, i, text)                                                            \
    {name, T_OBJECT_EX, offsetof(PyTupleObject, ob_item) + (i) * sizeof(PyObject *),   \
     READONLY, text}

static PyMemberDef record_parts[] = {
    PART("key", 0, "The key: (namespace, set, user key or None, digest)."),
    PART("meta", 1, "The metadata: {\"gen\": number, \"ttl\": seconds}, or None."),
    PART("bins", 2, "The bins: {name: value}, or None."),
    {NULL, 0, 0, 0, NULL},
};

static const char doc_Record[] = "A record: the tuple (key, meta, bins).";

static PyType_Slot record_slots[] = {
    {Py_tp_doc, (void *)doc_Record},   {Py_tp_dealloc, record_dealloc},
    {Py_tp_traverse, record_traverse}, {Py_tp_methods, record_methods_of_type},
    {Py_tp_members, record_parts},     {0, NULL},
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
    return st->RecordType != NULL ? PyModule_AddType(module, st->RecordType) : -1;
}
