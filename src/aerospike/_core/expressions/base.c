/* expressions/base.c -- what every part of the walk over a tree of expressions needs:
 * errors that name the place in the tree, constants, and the checks of types. */
#include "expressions/walk.h"

#include <string.h>

#include "support/numbers.h"
#include "support/stack.h"
#include "support/texts.h"
#include "values/bin_name.h"

/* Any stack has room for so many levels. Finding the end of the stack takes long, so
 * that it is done for deeper trees only. */
#define STACK_FROM_DEPTH 32

#define MAX_LABEL 48 /* so many levels, the innermost ones, are named in an error */

enum { BIN_CODE = 81 }; /* of the node that reads a bin */

const char *const exp_type_names[] = {
    "nil",    "a boolean", "an integer", "a string",      "a list",  "a map",
    "a blob", "a float",   "a GeoJSON",  "a HyperLogLog", "Unknown", "RemoveResult"};

/* --- errors --- */

/* The text of a place, "And[1].Eq[0]": a new reference. When the class of the last node
 * has names for its arguments (`_fields`), the name follows: "And[1].ListSize[0]
 * (bin)". NULL with an exception that is not about the argument. */
static PyObject *
place_label(module_state *st, const exp_place *at)
{
    const exp_place *chain[MAX_LABEL];
    int n = 0;
    for (const exp_place *p = at; p != NULL && n < MAX_LABEL; p = p->up) {
        chain[n++] = p;
    }
    PyObject *label = PyUnicode_FromString("");
    while (n-- > 0 && label != NULL) {
        const char *name = strrchr(Py_TYPE(chain[n]->node)->tp_name, '.');
        name = name != NULL ? name + 1 : Py_TYPE(chain[n]->node)->tp_name;
        PyObject *longer = PyUnicode_FromFormat("%U%s[%zd]%s", label, name,
                                                chain[n]->arg, n > 0 ? "." : "");
        Py_SETREF(label, longer);
    }
    PyObject *fields =
        at != NULL && label != NULL
            ? PyObject_GetAttr((PyObject *)Py_TYPE(at->node), st->s__fields)
            : NULL;
    if (fields != NULL && PyTuple_Check(fields) && at->arg < PyTuple_GET_SIZE(fields)) {
        PyObject *name =
            PyTuple_GET_ITEM(fields, at->arg); /* borrowed: fields has it */
        Py_SETREF(label, PyUnicode_FromFormat("%U (%S)", label, name));
    }
    /* An application's own class may have no names: the label goes without. */
    PyObject *cause;
    if (!take_argument_error(st, &cause)) {
        Py_CLEAR(label);
    }
    Py_XDECREF(cause);
    Py_XDECREF(fields);
    return label;
}

/* Raise an error of a code, "place: text". Returns -1. */
static int
raise_at(exp_walker *w, const exp_place *at, asc_status code, PyObject *text)
{
    PyObject *label = at != NULL ? place_label(w->st, at) : NULL;
    if (label != NULL) {
        raise_code(w->st, code, "%U: %U", label, text);
    }
    else if (!PyErr_Occurred()) {
        raise_code(w->st, code, "%U", text);
    }
    Py_XDECREF(label);
    return -1;
}

static int
refuse_as(exp_walker *w, const exp_place *at, asc_status code, const char *format,
          va_list args)
{
    PyObject *cause;
    if (!take_argument_error(w->st, &cause)) {
        return -1;
    }
    PyObject *text = PyUnicode_FromFormatV(format, args);
    if (text != NULL) {
        raise_at(w, at, code, text);
    }
    Py_XDECREF(text);
    return raise_from(cause, -1);
}

int
exp_refuse(exp_walker *w, const exp_place *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    refuse_as(w, at, ASC_ERR_REQUEST_INVALID, format, args);
    va_end(args);
    return -1;
}

int
exp_refuse_argument(exp_walker *w, const exp_place *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    refuse_as(w, at, ASC_ERR_PARAM, format, args);
    va_end(args);
    return -1;
}

int
exp_check_stack(exp_walker *w, const exp_place *at, size_t size)
{
    if (at == NULL || at->depth < STACK_FROM_DEPTH) {
        return 0;
    }
    if (w->stack_end == 0) {
        w->stack_end = stack_end();
    }
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (here >= w->stack_end + size) {
        return 0;
    }
    return exp_refuse(w, NULL,
                      "an expression is nested deeper than the stack of this "
                      "thread allows, %d levels",
                      at->depth);
}

int
exp_expected(exp_walker *w, const exp_place *at, const char *what, PyObject *got)
{
    return exp_refuse_argument(w, at, "%s is expected, not %s", what,
                               Py_TYPE(got)->tp_name);
}

int
exp_name_place(exp_walker *w, const exp_place *at)
{
    PyObject *cause;
    if (at == NULL) {
        return -1;
    }
    PyObject *msg = take_text(w->st, w->st->AerospikeError, &cause);
    PyObject *text = msg != NULL ? PyObject_Str(msg) : NULL;
    if (msg != NULL) {
        raise_from(cause, text != NULL ? raise_at(w, at, ASC_ERR_PARAM, text) : -1);
    }
    Py_XDECREF(text);
    Py_XDECREF(msg);
    return -1;
}

/* --- constants --- */

/* The type of a constant; EXP_OPEN for a class that the encoder will refuse. st->null
 * is a class, which stands for its instances, too. */
static exp_type
type_of_constant(module_state *st, PyObject *value)
{
    if (value == Py_None || value == st->null || exp_is_a(value, st->null)) {
        return EXP_NIL;
    }
    if (PyBool_Check(value)) { /* before int, which bool is derived from */
        return EXP_BOOL;
    }
    if (PyLong_Check(value)) {
        return EXP_INT;
    }
    if (PyUnicode_Check(value)) {
        return EXP_STRING;
    }
    if (PyFloat_Check(value)) {
        return EXP_FLOAT;
    }
    if (PyList_Check(value)) {
        return EXP_LIST;
    }
    if (PyDict_Check(value)) {
        return EXP_MAP;
    }
    if (exp_is_a(value, st->HyperLogLog)) { /* before bytes, likewise */
        return EXP_HLL;
    }
    if (PyBytes_Check(value) || PyByteArray_Check(value)) {
        return EXP_BLOB;
    }
    return exp_is_a(value, st->GeoJSON) ? EXP_GEOJSON : EXP_OPEN;
}

int
exp_encode_constant(exp_walker *w, PyObject *value, const exp_place *at, exp_type *type)
{
    *type = type_of_constant(w->st, value);
    /* Lists are quoted because a bare list would be a node. */
    if (((*type == EXP_LIST || *type == EXP_MAP) &&
         exp_check_stack(w, at, EXP_STACK_OF_VALUE) < 0) ||
        (*type == EXP_LIST && exp_put_quote(w) < 0)) {
        return -1;
    }
    return encode_item(&w->e, value) < 0 ? exp_name_place(w, at) : 0;
}

int
exp_refuse_int(exp_walker *w, const exp_place *at, PyObject *got)
{
    return PyLong_Check(got) ? exp_refuse_argument(w, at, "the int is beyond 64 bits")
                             : exp_expected(w, at, "an int", got);
}

int
exp_int_of(exp_walker *w, const exp_place *at, PyObject *value, int64_t *out)
{
    bool fits = PyLong_Check(value) && int64_from_py(value, out);
    return fits ? 0 : exp_refuse_int(w, at, value);
}

int
exp_encode_const(exp_walker *w, const exp_place *at, PyObject *value)
{
    int64_t v = 0;
    return exp_int_of(w, at, value, &v) < 0 ? -1 : exp_put_int(w, v);
}

int
exp_encode_text(exp_walker *w, const exp_place *at, PyObject *value)
{
    Py_ssize_t size;
    if (!PyUnicode_Check(value)) {
        return exp_expected(w, at, "a str", value);
    }
    const char *utf8 = utf8_of(w->st, value, &size, ASC_ERR_PARAM, "the str");
    if (utf8 == NULL) {
        return exp_name_place(w, at);
    }
    return put_ok(asc_mp_put_str_head(w->e.out, (size_t)size) &&
                  asc_buf_put(w->e.out, utf8, (size_t)size));
}

int
exp_encode_bin_name(exp_walker *w, const exp_place *at, PyObject *value)
{
    const char *name;
    size_t size;
    if (!PyUnicode_Check(value)) {
        return exp_expected(w, at, "the name of a bin", value);
    }
    if (bin_name_from_py(w->st, value, BIN_NAME_STR, NULL, &name, &size) < 0) {
        return -1;
    }
    return exp_encode_text(w, at, value);
}

/* [BIN, type, name] */
int
exp_encode_bin(exp_walker *w, const exp_place *at, exp_type type, PyObject *name)
{
    if (put_ok(asc_mp_put_list_head(w->e.out, 3) &&
               asc_mp_put_uint(w->e.out, BIN_CODE) &&
               asc_mp_put_uint(w->e.out, (uint64_t)type)) < 0) {
        return -1;
    }
    return exp_encode_bin_name(w, at, name);
}

/* --- types --- */

static int
wrong_type(exp_walker *w, const exp_place *at, const char *wanted, exp_type got)
{
    return exp_refuse(w, at, "%s is expected, not %s", wanted, exp_type_names[got]);
}

int
exp_check_type(exp_walker *w, const exp_place *at, exp_type wanted, exp_type got)
{
    bool fits = got == EXP_OPEN || wanted == EXP_OPEN || got == wanted ||
                (got == EXP_ANY && wanted == EXP_BOOL);
    return fits ? 0 : wrong_type(w, at, exp_type_names[wanted], got);
}

int
exp_check_common(exp_walker *w, const exp_place *at, exp_type got, exp_type *common)
{
    if (*common == EXP_OPEN) {
        *common = got;
        return 0;
    }
    if (got == EXP_OPEN || got == *common) {
        return 0;
    }
    return wrong_type(w, at, exp_type_names[*common], got);
}

int
exp_check_number(exp_walker *w, const exp_place *at, exp_type got, exp_type *common)
{
    return got == EXP_OPEN || got == EXP_INT || got == EXP_FLOAT
               ? exp_check_common(w, at, got, common)
               : wrong_type(w, at, "an integer or a float", got);
}

int
exp_check_comparable(exp_walker *w, const exp_place *at, exp_type got, exp_type *common)
{
    if (got == EXP_ANY) {
        got = EXP_BOOL; /* Unknown counts as a boolean, except in Cond */
    }
    return got == EXP_GEOJSON || got == EXP_HLL || got == EXP_REMOVE
               ? exp_refuse(w, at, "%s cannot be compared", exp_type_names[got])
               : exp_check_common(w, at, got, common);
}

exp_type
exp_result_of(int rule, exp_type common)
{
    switch (rule) {
    case RESULT_OPEN:
        return EXP_OPEN;
    case RESULT_UNKNOWN:
        return EXP_ANY;
    case RESULT_REMOVE:
        return EXP_REMOVE;
    case RESULT_NUMBER:
        return common;
    default:
        return exp_type_of_digit(rule);
    }
}
