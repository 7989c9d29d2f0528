/* This file has the type BatchRecord. Most of a batch's time goes into making and
 * dropping such objects, so the batch makes them without a call of the type, and their
 * numbers are no objects. To Python they look like the instances of a class with
 * __slots__ and a __dict__: they can be derived from, copied and pickled. */
#include "batch/batch_record.h"

#include <stddef.h>
#include <structmember.h> /* after Python.h */

#include "support/collector.h"
#include "support/compat.h"
#include "values/record_tuple.h"

/* The collector knows a BatchRecord that a batch has made from when somebody gets its
 * record or sets an attribute: as with records (record_tuple.c), it cannot be part of a
 * cycle before. */
static inline void
make_known(BatchRecordObject *r)
{
    if (!KNOWS_AT_ONCE && !PyObject_GC_IsTracked((PyObject *)r)) {
        PyObject_GC_Track(r);
    }
}

void
batch_record_put(module_state *st, BatchRecordObject *r, PyObject **at, PyObject *value)
{
    PyObject *old;
    if (PyObject_GC_IsTracked(value)) {
        make_known(r);
    }
    Py_BEGIN_CRITICAL_SECTION(r);
    old = *at;
    __atomic_store_n(at, value, __ATOMIC_RELEASE);
    Py_END_CRITICAL_SECTION();
    if (old != NULL && old != Py_None) {
        gc_resume(st); /* an object that the application has put there may run code */
    }
    Py_XDECREF(old);
}

/* Other threads may read the attributes, which they do without a lock. */
void
batch_record_set(BatchRecordObject *r, int result, uint32_t subcode, bool in_doubt)
{
    __atomic_store_n(&r->result, result, __ATOMIC_RELAXED);
    __atomic_store_n(&r->subcode, subcode, __ATOMIC_RELAXED);
    __atomic_store_n(&r->in_doubt, in_doubt, __ATOMIC_RELAXED);
}

PyObject *
batch_record_new(module_state *st, PyObject *key, int result)
{
    BatchRecordObject *r = PyObject_GC_New(BatchRecordObject, st->BatchRecordType);
    if (r == NULL) {
        Py_DECREF(key);
        return NULL;
    }
    r->dict = NULL;
    r->key = key;
    r->record = Py_NewRef(Py_None);
    r->message = Py_NewRef(Py_None);
    r->result = result;
    r->subcode = 0;
    r->in_doubt = false;
    if (KNOWS_AT_ONCE || PyObject_GC_IsTracked(key)) {
        PyObject_GC_Track(r);
    }
    return (PyObject *)r;
}

/* --- the type --- */

static int
init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"key", NULL};
    BatchRecordObject *r = (BatchRecordObject *)self;
    PyObject *key;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:BatchRecord", names, &key)) {
        return -1;
    }
    module_state *st = PyModule_GetState(module_of_type(Py_TYPE(self), &core_module));
    batch_record_put(st, r, &r->key, Py_NewRef(key));
    batch_record_put(st, r, &r->record, Py_NewRef(Py_None));
    batch_record_put(st, r, &r->message, Py_NewRef(Py_None));
    batch_record_set(r, 0, 0, false);
    return 0;
}

static int
traverse(PyObject *self, visitproc visit, void *arg)
{
    BatchRecordObject *r = (BatchRecordObject *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(r->dict);
    Py_VISIT(r->key);
    Py_VISIT(r->record);
    if (r->message != Py_None) {
        Py_VISIT(r->message);
    }
    return 0;
}

static int
clear(PyObject *self)
{
    BatchRecordObject *r = (BatchRecordObject *)self;
    Py_CLEAR(r->dict);
    Py_CLEAR(r->key);
    Py_CLEAR(r->record);
    Py_CLEAR(r->message);
    return 0;
}

/* An application can make a long chain of such objects. */
static void
dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, dealloc) clear(self);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

/* Append a piece to *text, unless that is NULL already; both are taken. */
static void
append(PyObject **text, PyObject *piece)
{
    if (piece == NULL) {
        Py_CLEAR(*text);
    }
    PyUnicode_AppendAndDel(text, piece);
}

/* Append the repr of an attribute behind its name, when it is true or `always`. */
static void
append_attribute(PyObject **text, PyObject *self, const char *name, bool always)
{
    PyObject *value = *text != NULL ? PyObject_GetAttrString(self, name) : NULL;
    int shown = value != NULL && !always ? PyObject_IsTrue(value) : 1;
    if (value == NULL || shown < 0) {
        Py_CLEAR(*text);
    }
    else if (shown) {
        append(text, PyUnicode_FromFormat(", %s=%R", name, value));
    }
    Py_XDECREF(value);
}

static PyObject *
repr(PyObject *self)
{
    PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(self), "__name__");
    PyObject *key = name != NULL ? PyObject_GetAttrString(self, "key") : NULL;
    PyObject *text = key != NULL ? PyUnicode_FromFormat("%U(%R", name, key) : NULL;
    Py_XDECREF(name);
    Py_XDECREF(key);
    append_attribute(&text, self, "result", true);
    append_attribute(&text, self, "message", false);
    append_attribute(&text, self, "in_doubt", false);
    append_attribute(&text, self, "record", true);
    if (text != NULL) {
        append(&text, PyUnicode_FromString(")"));
    }
    return text;
}

static PyMemberDef members[] = {
    {"key", T_OBJECT_EX, offsetof(BatchRecordObject, key), 0,
     "The key tuple: of four with the digest, or the caller's own of batch_write()."},
    {"message", T_OBJECT_EX, offsetof(BatchRecordObject, message), 0,
     "Text of the error, or None."},
    {"__dictoffset__", T_PYSSIZET, offsetof(BatchRecordObject, dict), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

/* An attribute that is a number of 32 bits. */
typedef struct number_row {
    size_t at; /* its place in an instance */
    long long least, most;
} number_row;

static const number_row result_row = {offsetof(BatchRecordObject, result), INT32_MIN,
                                      INT32_MAX};
static const number_row subcode_row = {offsetof(BatchRecordObject, subcode), 0,
                                       UINT32_MAX};

static PyObject *
get_number(PyObject *self, void *closure)
{
    const number_row *row = closure;
    const uint32_t *at = (const uint32_t *)((char *)self + row->at);
    uint32_t bits = __atomic_load_n(at, __ATOMIC_RELAXED);
    return PyLong_FromLongLong(row->least < 0 ? (int32_t)bits : (long long)bits);
}

/* An attribute that is not there would be a number all the same. */
static int
refuse_deletion(void)
{
    PyErr_SetString(PyExc_TypeError, "this attribute of a BatchRecord cannot be "
                                     "deleted");
    return -1;
}

static int
set_number(PyObject *self, PyObject *value, void *closure)
{
    const number_row *row = closure;
    if (value == NULL) {
        return refuse_deletion();
    }
    long long n = PyLong_AsLongLong(value);
    if (n == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (n < row->least || n > row->most) {
        PyErr_Format(PyExc_OverflowError, "%lld is not from %lld to %lld", n,
                     row->least, row->most);
        return -1;
    }
    __atomic_store_n((uint32_t *)((char *)self + row->at), (uint32_t)n,
                     __ATOMIC_RELAXED);
    return 0;
}

static PyObject *
get_in_doubt(PyObject *self, void *closure)
{
    (void)closure;
    const BatchRecordObject *r = (BatchRecordObject *)self;
    return PyBool_FromLong(__atomic_load_n(&r->in_doubt, __ATOMIC_RELAXED));
}

static int
set_in_doubt(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    int truth = value != NULL ? PyObject_IsTrue(value) : refuse_deletion();
    if (truth < 0) {
        return -1;
    }
    bool *at = &((BatchRecordObject *)self)->in_doubt;
    __atomic_store_n(at, truth != 0, __ATOMIC_RELAXED);
    return 0;
}

/* The record, as a member of the type would be got and set. */
static PyMemberDef record_member = {"record", T_OBJECT_EX,
                                    offsetof(BatchRecordObject, record), 0, NULL};

static PyObject *
get_record(PyObject *self, void *closure)
{
    (void)closure;
    make_known((BatchRecordObject *)self);
    return PyMember_GetOne((const char *)self, &record_member);
}

static int
set_record(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    return PyMember_SetOne((char *)self, &record_member, value);
}

static PyObject *
get_dict(PyObject *self, void *closure)
{
    make_known((BatchRecordObject *)self);
    return PyObject_GenericGetDict(self, closure);
}

/* Of all attributes. */
static int
set_attribute(PyObject *self, PyObject *name, PyObject *value)
{
    make_known((BatchRecordObject *)self);
    return PyObject_GenericSetAttr(self, name, value);
}

static PyGetSetDef computed[] = {
    {"record", get_record, set_record, "(key, meta, bins), or None when there is none.",
     NULL},
    {"result", get_number, set_number, "Result code; 0 = done, 2 = not found.",
     (void *)&result_row},
    {"subcode", get_number, set_number, "The server's sub-code of the error, or 0.",
     (void *)&subcode_row},
    {"in_doubt", get_in_doubt, set_in_doubt,
     "True when a write may or may not have been applied.", NULL},
    {"__dict__", get_dict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* Put the attribute of a name into a dict, unless the object lacks it. 0, or -1 with an
 * exception. */
static int
copy_attribute(PyObject *self, PyObject *name, PyObject *into)
{
    PyObject *value = name != NULL ? PyObject_GetAttr(self, name) : NULL;
    if (value == NULL && name != NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        return 0;
    }
    int rc = value != NULL ? PyDict_SetItem(into, name, value) : -1;
    Py_XDECREF(value);
    return rc;
}

/* Put what derived classes have in __slots__ into a dict. 0, or -1 with an
 * exception. */
static int
copy_slots(PyObject *self, PyObject *into)
{
    PyObject *slot_names = import_attribute("copyreg", "_slotnames");
    PyObject *found = slot_names != NULL
                          ? PyObject_CallOneArg(slot_names, (PyObject *)Py_TYPE(self))
                          : NULL;
    PyObject *names = found != NULL ? PySequence_Tuple(found) : NULL;
    int rc = names != NULL ? 0 : -1;
    for (Py_ssize_t i = 0; rc == 0 && i < PyTuple_GET_SIZE(names); i++) {
        /* borrowed: a tuple does not change */
        rc = copy_attribute(self, PyTuple_GET_ITEM(names, i), into);
    }
    Py_XDECREF(slot_names);
    Py_XDECREF(found);
    Py_XDECREF(names);
    return rc;
}

/* The state of an instance, as Python makes it of a class with __slots__: the __dict__,
 * or None, and a dict of the other attributes. Python itself sets such a state. */
static PyObject *
getstate(PyObject *self, PyObject *ignored)
{
    static const char *const names[] = {"key",     "record",  "result",
                                        "message", "subcode", "in_doubt"};
    (void)ignored;
    PyObject *dict = PyObject_GenericGetDict(self, NULL);
    PyObject *others = dict != NULL ? PyDict_New() : NULL;
    int rc = others != NULL ? copy_slots(self, others) : -1;
    for (size_t i = 0; rc == 0 && i < sizeof names / sizeof *names; i++) {
        PyObject *name = PyUnicode_InternFromString(names[i]);
        rc = copy_attribute(self, name, others);
        Py_XDECREF(name);
    }
    PyObject *state = NULL;
    if (rc == 0) {
        state = PyTuple_Pack(2, PyDict_GET_SIZE(dict) > 0 ? dict : Py_None, others);
    }
    Py_XDECREF(dict);
    Py_XDECREF(others);
    return state;
}

static PyMethodDef methods[] = {
    {"__getstate__", getstate, METH_NOARGS, NULL},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL},
    {NULL, NULL, 0, NULL},
};

static const char doc_BatchRecord[] =
    "BatchRecord(key)\n--\n\n"
    "One record of a batch.\n\n"
    ":ivar key: (namespace, set, user key, digest); the rows of batch_write() keep\n"
    "    the caller's tuple.\n"
    ":ivar record: (key, meta, bins), or None when there is none.\n"
    ":ivar result: result code; 0 = done, 2 = not found.\n"
    ":ivar message: text of the error, or None. ``subcode``: the server's sub-code.\n"
    ":ivar in_doubt: True when a write may or may not have been applied.";

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)doc_BatchRecord},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, init},
    {Py_tp_dealloc, dealloc},
    {Py_tp_traverse, traverse},
    {Py_tp_clear, clear},
    {Py_tp_repr, repr},
    {Py_tp_setattro, set_attribute},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_tp_getset, computed},
    {0, NULL},
};

/* Pickles name the module from which applications import the type. */
static PyType_Spec spec = {
    .name = "aerospike_helpers.batch.records.BatchRecord",
    .basicsize = sizeof(BatchRecordObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};

int
batch_record_type_init(PyObject *module, module_state *st)
{
    st->BatchRecordType = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    return st->BatchRecordType != NULL ? PyModule_AddType(module, st->BatchRecordType)
                                       : -1;
}
