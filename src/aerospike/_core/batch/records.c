/* batch/records.c -- the Python objects that batches fill in: BatchRecords, and the
 * BatchRecord of each row.
 *
 * Their classes are written in Python (aerospike_helpers.batch.records), and have
 * __slots__. Setting attributes by name would take much of the time of a batch of
 * thousands. So this file writes into the slots directly, at the offsets that their
 * descriptors tell once, and with the care that a descriptor would take: the old value
 * is dropped last, because that may run Python code. */
#include "batch/records.h"

#include <string.h>
#include <structmember.h> /* after Python.h */

#include "support/collector.h"
#include "support/compat.h"

enum { SLOT_KEY, SLOT_RECORD, SLOT_RESULT, SLOT_MESSAGE, SLOT_SUBCODE, SLOT_IN_DOUBT };

static const char *const slot_names[N_RECORD_SLOTS] = {
    "key", "record", "result", "message", "subcode", "in_doubt"};

/* The offset of a slot in the instances of a class, which holds for derived classes,
 * too. Only a plain slot of this very class is good: a class that somebody has tampered
 * with is refused here. -1 with an exception. */
static Py_ssize_t
slot_offset(PyObject *cls, const char *name)
{
    PyObject *descr = PyObject_GetAttrString(cls, name);
    Py_ssize_t offset = -1;
    if (descr == NULL) {
        return -1;
    }
    if (Py_IS_TYPE(descr, &PyMemberDescr_Type) &&
        (PyObject *)PyDescr_TYPE(descr) == cls &&
        ((PyMemberDescrObject *)descr)->d_member->type == T_OBJECT_EX) {
        offset = ((PyMemberDescrObject *)descr)->d_member->offset;
    }
    else {
        PyErr_Format(PyExc_TypeError, "BatchRecord.%s is no slot", name);
    }
    Py_DECREF(descr);
    return offset;
}

/* A class of the module of batch records, derived from base unless that is NULL: a new
 * reference, or NULL with an exception. */
static PyObject *
record_class(PyObject *module, const char *name, PyObject *base)
{
    PyObject *cls = PyObject_GetAttrString(module, name);
    if (cls != NULL && (!PyType_Check(cls) ||
                        (base != NULL && !PyType_IsSubtype((PyTypeObject *)cls,
                                                           (PyTypeObject *)base)))) {
        PyErr_Format(PyExc_TypeError, "%s is no class of batch records", name);
        Py_CLEAR(cls);
    }
    return cls;
}

int
batch_load_types(module_state *st)
{
    static const char *const names[N_BATCH_TYPES] = {
        "BatchRecords", "BatchRecord", "Read", "Write", "Apply", "Remove"};
    PyObject *types[N_BATCH_TYPES] = {NULL};
    Py_ssize_t slots[N_RECORD_SLOTS];
    if (st->batch_types[N_BATCH_TYPES - 1] != NULL) {
        return 0;
    }
    PyObject *module = PyImport_ImportModule("aerospike_helpers.batch.records");
    bool ok = module != NULL;
    for (int i = 0; ok && i < N_BATCH_TYPES; i++) {
        PyObject *base = i > BATCH_RECORD ? types[BATCH_RECORD] : NULL;
        types[i] = record_class(module, names[i], base);
        ok = types[i] != NULL;
    }
    for (int i = 0; ok && i < N_RECORD_SLOTS; i++) {
        slots[i] = slot_offset(types[BATCH_RECORD], slot_names[i]);
        ok = slots[i] >= 0;
    }
    /* All classes are kept or none. If another thread has been faster meanwhile, its
     * classes stay, and these are dropped below. */
    if (ok && st->batch_types[N_BATCH_TYPES - 1] == NULL) {
        memcpy(st->record_slots, slots, sizeof slots);
        memcpy(st->batch_types, types, sizeof types);
        memset(types, 0, sizeof types);
    }
    for (int i = 0; i < N_BATCH_TYPES; i++) {
        Py_XDECREF(types[i]);
    }
    Py_XDECREF(module);
    return ok ? 0 : -1;
}

/* Put a value, which is taken, into a slot of a record. The value may be NULL, when
 * making it has failed: the slot keeps what it has, and -1 goes to the caller with the
 * exception that is set. Else 0. */
static int
set_slot(module_state *st, PyObject *record, int slot, PyObject *value)
{
    if (value == NULL) {
        return -1;
    }
    PyObject **at = (PyObject **)((char *)record + st->record_slots[slot]);
    PyObject *old = *at;
    *at = value;
    if (old != NULL && old != Py_None && !PyLong_CheckExact(old)) {
        gc_resume(st); /* an object that the application has put there may run code */
    }
    Py_XDECREF(old);
    return 0;
}

int
batch_reset_record(module_state *st, PyObject *record)
{
    if (set_slot(st, record, SLOT_RECORD, Py_NewRef(Py_None)) < 0 ||
        set_slot(st, record, SLOT_RESULT, PyLong_FromLong(ASC_ERR_NO_RESPONSE)) < 0 ||
        set_slot(st, record, SLOT_MESSAGE, Py_NewRef(Py_None)) < 0 ||
        set_slot(st, record, SLOT_SUBCODE, PyLong_FromLong(0)) < 0 ||
        set_slot(st, record, SLOT_IN_DOUBT, Py_NewRef(Py_False)) < 0) {
        return -1;
    }
    return 0;
}

PyObject *
batch_new_record(module_state *st, PyObject *key)
{
    PyTypeObject *type = (PyTypeObject *)st->batch_types[BATCH_RECORD];
    PyObject *record = type->tp_alloc(type, 0);
    if (record == NULL || set_slot(st, record, SLOT_KEY, Py_NewRef(key)) < 0 ||
        batch_reset_record(st, record) < 0) {
        Py_CLEAR(record);
    }
    return record;
}

/* The message of a record that failed: "host: text", or the text alone when no node is
 * known. NULL with an exception. */
static PyObject *
message_text(const asc_error *err)
{
    return err->host[0] != '\0'
               ? PyUnicode_FromFormat("%s: %s", err->host, err->message)
               : PyUnicode_DecodeUTF8(err->message, (Py_ssize_t)strlen(err->message),
                                      "replace");
}

/* So many rows of a batch say what was refused, and why. That takes longer than all
 * else that is done for a row, and a batch may have thousands that fail alike. */
#define MAX_EXPLAINED 100

/* The message of a row that failed. When a server has refused its operations or its
 * function, it says which one, and what to try. NULL with an exception. */
static PyObject *
message_of_row(batch_run *b, const batch_row *row, const asc_error *err)
{
    module_state *st = b->st;
    /* borrowed: until batch_end() */
    PyObject *asked = b->templates[row->template].asked;
    PyObject *text = message_text(err);
    if (text == NULL || asked == NULL || err->code <= 0 ||
        b->n_explained >= MAX_EXPLAINED) {
        return text;
    }
    b->n_explained++;
    gc_resume(st);
    PyObject *told =
        PyObject_CallFunction(st->explain_row, "iOO", (int)err->code, text, asked);
    if (told == NULL && !comes_out(st)) {
        PyErr_Clear(); /* the error of the row matters more */
        return text;
    }
    Py_DECREF(text);
    return told;
}

/* Fill in a BatchRecord whose row failed, with a message, which this function takes and
 * which may be NULL, with an exception. 0, or -1 with an exception. */
static int
failure_into_record(module_state *st, PyObject *record, const asc_error *err,
                    PyObject *message)
{
    if (message == NULL) {
        return -1;
    }
    if (set_slot(st, record, SLOT_RESULT, PyLong_FromLong(err->code)) < 0 ||
        set_slot(st, record, SLOT_IN_DOUBT, PyBool_FromLong(err->in_doubt)) < 0 ||
        set_slot(st, record, SLOT_SUBCODE, PyLong_FromUnsignedLong(err->subcode)) < 0) {
        Py_XDECREF(message);
        return -1;
    }
    return set_slot(st, record, SLOT_MESSAGE, message);
}

int
batch_refuse_record(module_state *st, PyObject *record, const char *message)
{
    asc_error err;
    asc_error_reset(&err);
    asc_error_set(&err, ASC_ERR_REQUEST_INVALID, "%s", message);
    return batch_reset_record(st, record) < 0
               ? -1
               : failure_into_record(st, record, &err, message_text(&err));
}

int
batch_into_record(batch_run *b, batch_row *row, asc_msg *m, const asc_error *err)
{
    module_state *st = b->st;
    PyObject *record = row->target;
    if (err != NULL) {
        /* a record that is only not there has no message */
        PyObject *message = gives_no_record(err->code) ? Py_NewRef(Py_None)
                                                       : message_of_row(b, row, err);
        return failure_into_record(st, record, err, message);
    }
    /* A BatchRecord that this batch has made holds its key, which the record shares. In
     * one of the caller's, which are of derived classes, Python code may replace or
     * delete the key under way: the record gets a new one. */
    PyObject *own = *(PyObject **)((char *)record + st->record_slots[SLOT_KEY]);
    bool is_own =
        own != NULL && (PyObject *)Py_TYPE(record) == st->batch_types[BATCH_RECORD];
    PyObject *key = is_own ? Py_NewRef(own) : key_to_py(&row->key, true);
    int rc = key != NULL
                 ? set_slot(st, record, SLOT_RECORD, batch_record(b, row, key, m))
                 : -1;
    Py_XDECREF(key);
    return rc == 0 ? set_slot(st, record, SLOT_RESULT, PyLong_FromLong(0)) : rc;
}

void
batch_leave_in_doubt(batch_run *b, batch_row *row)
{
    set_slot(b->st, row->target, SLOT_IN_DOUBT, Py_NewRef(Py_True));
}

int
batch_is_a(module_state *st, PyObject *record, int type)
{
    return PyType_IsSubtype(Py_TYPE(record), (PyTypeObject *)st->batch_types[type]);
}

int
batch_set_result(module_state *st, PyObject *records, bool failed)
{
    PyObject *result = PyLong_FromLong(failed ? ASC_ERR_BATCH_FAILED : ASC_OK);
    int rc = result != NULL ? PyObject_SetAttr(records, st->s_result, result) : -1;
    Py_XDECREF(result);
    return rc;
}

PyObject *
batch_new_records(batch_run *b, PyObject *list)
{
    PyObject *made = PyObject_CallOneArg(b->st->batch_types[BATCH_RECORDS], list);
    if (made != NULL && batch_set_result(b->st, made, b->failed) < 0) {
        Py_CLEAR(made);
    }
    Py_DECREF(list);
    return made;
}
