/* This file has the objects that batches fill in: BatchRecords, and the BatchRecord of
 * each row. BatchRecord is a type of this extension (batch_record.c); the classes that
 * derive from it, and BatchRecords, are written in Python. */
#include "batch/records.h"

#include <string.h>

#include "batch/batch_record.h"
#include "support/collector.h"
#include "support/compat.h"

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
    static const char *const names[N_BATCH_TYPES] = {"BatchRecords", "Read", "Write",
                                                     "Apply", "Remove"};
    PyObject *types[N_BATCH_TYPES] = {NULL};
    if (load_object(&st->batch_types[N_BATCH_TYPES - 1]) != NULL) {
        return 0;
    }
    PyObject *module = PyImport_ImportModule("aerospike_helpers.batch.records");
    bool ok = module != NULL;
    for (int i = 0; ok && i < N_BATCH_TYPES; i++) {
        PyObject *base = i != BATCH_RECORDS ? (PyObject *)st->BatchRecordType : NULL;
        types[i] = record_class(module, names[i], base);
        ok = types[i] != NULL;
    }
    /* All classes are kept or none, the last one at last, for which others look. If
     * another thread has been faster meanwhile, its classes stay, and these are dropped
     * below. */
    field_lock_take(&st->lock);
    if (ok && st->batch_types[N_BATCH_TYPES - 1] == NULL) {
        memcpy(st->batch_types, types, sizeof types - sizeof *types);
        set_object_once(&st->batch_types[N_BATCH_TYPES - 1], types[N_BATCH_TYPES - 1]);
        memset(types, 0, sizeof types);
    }
    field_lock_drop(&st->lock);
    for (int i = 0; i < N_BATCH_TYPES; i++) {
        Py_XDECREF(types[i]);
    }
    Py_XDECREF(module);
    return ok ? 0 : -1;
}

static inline BatchRecordObject *
object_of(PyObject *record)
{
    return (BatchRecordObject *)record;
}

void
batch_reset_record(module_state *st, PyObject *record)
{
    BatchRecordObject *r = object_of(record);
    batch_record_put(st, r, &r->record, Py_NewRef(Py_None));
    batch_record_put(st, r, &r->message, Py_NewRef(Py_None));
    batch_record_set(r, ASC_ERR_NO_RESPONSE, 0, false);
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
    PyObject *asked = b->memory.templates[row->template].asked;
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
    BatchRecordObject *r = object_of(record);
    if (message == NULL) {
        return -1;
    }
    batch_record_set(r, err->code, err->subcode, err->in_doubt);
    batch_record_put(st, r, &r->message, message);
    return 0;
}

int
batch_refuse_record(module_state *st, PyObject *record, const char *message)
{
    asc_error err;
    asc_error_reset(&err);
    asc_error_set(&err, ASC_ERR_REQUEST_INVALID, "%s", message);
    batch_reset_record(st, record);
    return failure_into_record(st, record, &err, message_text(&err));
}

/* The key for the record of a row that has been read. A BatchRecord that this batch has
 * made holds its key, which the record shares. In one of the caller's, which are of
 * derived classes, Python code may replace or delete the key under way: the record gets
 * a new one. A new reference, or NULL with an exception. */
static PyObject *
key_of_answer(const batch_run *b, const batch_row *row)
{
    BatchRecordObject *r = object_of(row->target);
    PyObject *own = NULL;
    if (Py_IS_TYPE(row->target, b->st->BatchRecordType)) {
        Py_BEGIN_CRITICAL_SECTION(r);
        own = Py_XNewRef(r->key);
        Py_END_CRITICAL_SECTION();
    }
    return own != NULL ? own : batch_key_to_py(b, row);
}

/* A new BatchRecord with the key of a row. NULL with an exception. */
static PyObject *
new_record_of_row(batch_run *b, const batch_row *row)
{
    PyObject *key = batch_key_to_py(b, row);
    return key != NULL ? batch_record_new(b->st, key, ASC_ERR_NO_RESPONSE) : NULL;
}

int
batch_into_record(batch_run *b, batch_row *row, asc_msg *m, const asc_error *err)
{
    module_state *st = b->st;
    if (row->target == NULL && (row->target = new_record_of_row(b, row)) == NULL) {
        return -1;
    }
    BatchRecordObject *r = object_of(row->target);
    if (__atomic_load_n(&r->result, __ATOMIC_RELAXED) != ASC_ERR_NO_RESPONSE) {
        /* the caller has listed the record twice: nothing of the first outcome stays */
        batch_reset_record(st, row->target);
    }
    if (err != NULL) {
        /* a record that is only not there has no message */
        PyObject *message = gives_no_record(err->code) ? Py_NewRef(Py_None)
                                                       : message_of_row(b, row, err);
        return failure_into_record(st, row->target, err, message);
    }
    PyObject *key = key_of_answer(b, row);
    PyObject *record = key != NULL ? batch_record(b, row, key, m) : NULL;
    if (record == NULL) {
        return -1;
    }
    batch_record_put(st, r, &r->record, record);
    __atomic_store_n(&r->result, ASC_OK, __ATOMIC_RELAXED);
    return 0;
}

void
batch_leave_in_doubt(batch_run *b, batch_row *row)
{
    (void)b;
    __atomic_store_n(&object_of(row->target)->in_doubt, true, __ATOMIC_RELAXED);
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

int
batch_make_records(batch_run *b)
{
    b->records = PyObject_CallNoArgs(b->st->batch_types[BATCH_RECORDS]);
    return b->records != NULL ? 0 : -1;
}

PyObject *
batch_fill_records(batch_run *b, PyObject *list)
{
    int rc = PyObject_SetAttr(b->records, b->st->s_batch_records, list);
    Py_DECREF(list);
    rc = rc == 0 ? batch_set_result(b->st, b->records, b->failed) : rc;
    return rc == 0 ? Py_NewRef(b->records) : NULL;
}
