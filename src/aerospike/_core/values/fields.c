/* This file writes the fields of queries and batches. Those of a record's key are
 * written by keys.c, which has their bytes at hand. */
#include "values/fields.h"

#include <string.h>

#include "support/texts.h"

int
put_number_field(asc_writer *w, uint8_t id, uint64_t v, unsigned width)
{
    uint8_t bytes[8];
    asc_put_u64(bytes, v);
    return put_ok(asc_writer_field(w, id, bytes + 8 - width, width));
}

int
put_text_field(module_state *st, asc_writer *w, uint8_t id, const char *name,
               PyObject *text)
{
    Py_ssize_t size;
    if (!PyUnicode_Check(text)) {
        return raise_param(st, "%s must be a str" DETAIL "got %s", name,
                           Py_TYPE(text)->tp_name);
    }
    const char *utf8 = utf8_of(st, text, &size, ASC_ERR_PARAM, name);
    return utf8 == NULL ? -1 : put_ok(asc_writer_field(w, id, utf8, (size_t)size));
}

int
put_bytes_field(asc_writer *w, uint8_t id, PyObject *bytes)
{
    return put_ok(asc_writer_field(w, id, PyBytes_AS_STRING(bytes),
                                   (size_t)PyBytes_GET_SIZE(bytes)));
}

int
put_packed_field(asc_writer *w, uint8_t id, const asc_buf *packed)
{
    return put_ok(asc_writer_field(w, id, packed->data, packed->len));
}

/* Append the name of a module or function. A server takes it to end at a NUL, and would
 * call another function than the one that is named. 0, or -1 with an exception. */
static int
put_function_name(module_state *st, asc_writer *w, uint8_t id, const char *argument,
                  PyObject *name)
{
    Py_ssize_t size;
    if (!PyUnicode_Check(name)) {
        return raise_param(st, "%s must be a string" DETAIL "got %s", argument,
                           Py_TYPE(name)->tp_name);
    }
    const char *utf8 = utf8_of(st, name, &size, ASC_ERR_PARAM, argument);
    if (utf8 == NULL) {
        return -1;
    }
    if (has_nul(utf8, size)) {
        return raise_param(st, "the %s contains a NUL", argument);
    }
    return put_ok(asc_writer_field(w, id, utf8, (size_t)size));
}

/* Make a list of a tuple, without the methods of a class that it may be of. NULL with
 * MemoryError. */
static PyObject *
list_of_tuple(PyObject *tuple)
{
    Py_ssize_t n = PyTuple_GET_SIZE(tuple);
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list != NULL && i < n; i++) {
        /* borrowed: a tuple does not change, and the caller holds this one */
        PyList_SET_ITEM(list, i, Py_NewRef(PyTuple_GET_ITEM(tuple, i)));
    }
    return list;
}

/* A tuple stands for a list here, which it is nowhere else in a value. 0, or -1 with an
 * exception. */
static int
put_arguments_field(const encoder *e, asc_writer *w, PyObject *args)
{
    encoder of_args = *e;
    of_args.out = w->out;
    of_args.no_float_keys = true;
    PyObject *list = PyTuple_Check(args) ? list_of_tuple(args) : Py_NewRef(args);
    if (list == NULL) {
        return -1;
    }
    int rc = put_ok(asc_writer_field_begin(w, ASC_FIELD_UDF_ARGS));
    if (rc == 0 && encode_item(&of_args, list) < 0) {
        rc = error_in_argument(e->st, "args");
    }
    Py_DECREF(list);
    return rc < 0 ? rc : put_ok(asc_writer_field_end(w));
}

int
put_function_fields(const encoder *e, asc_writer *w, PyObject *module,
                    PyObject *function, PyObject *args)
{
    if (put_function_name(e->st, w, ASC_FIELD_UDF_MODULE, "module", module) < 0 ||
        put_function_name(e->st, w, ASC_FIELD_UDF_FUNCTION, "function", function) < 0) {
        return -1;
    }
    return put_arguments_field(e, w, args);
}
