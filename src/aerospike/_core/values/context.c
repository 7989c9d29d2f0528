/* A context is a list of the levels that lead to a list or map inside others. This file
 * writes contexts; its table has a row for each kind of level that
 * aerospike_helpers.cdt_ctx makes. */
#include "values/context.h"

#include "asc/proto.h"
#include "support/compat.h"
#include "support/numbers.h"
#include "values/compiled.h"

/* What the value of a level has to be. */
typedef enum level_value { ANY_VALUE, NUMBER, LIST_OF_KEYS, EXPRESSION } level_value;

/* A kind of level. Two kinds of the API can have one type: the one that creates has a
 * create flag in addition. */
typedef struct level_row {
    int id;        /* CDT_CTX_* of the API */
    uint16_t type; /* of the wire, without create flags */
    bool creates;  /* the level creates the list or map that it leads to */
    level_value value;
} level_row;

static const level_row levels[] = {
    {16, 0x10, false, NUMBER},       {17, 0x11, false, NUMBER},
    {19, 0x13, false, ANY_VALUE},    {20, 0x10, true, NUMBER},
    {32, 0x20, false, NUMBER},       {33, 0x21, false, NUMBER},
    {34, 0x22, false, ANY_VALUE},    {35, 0x23, false, ANY_VALUE},
    {36, 0x22, true, ANY_VALUE},     {4, 0x04, false, EXPRESSION},
    {42, 0x2A, false, LIST_OF_KEYS}, {512, 0x204, false, EXPRESSION},
};

#define LIST_INDEX 0x10
#define MAP_KEY 0x22

static const level_row *
find_level(int64_t id)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (levels[i].id == id) {
            return &levels[i];
        }
    }
    return NULL;
}

/* Orders of lists are 0 and 1, those of maps 0, 1 and 3, and any other counts as 0;
 * only a list that is not ordered can be padded. */
int
context_create_flag(bool is_list, int64_t order, bool padded)
{
    if (is_list && order != 1) {
        return padded ? CREATE_PADDED : CREATE_UNORDERED;
    }
    if (is_list) {
        return CREATE_SORTED;
    }
    if (order == 1) {
        return CREATE_PADDED;
    }
    return order == 3 ? CREATE_SORTED : CREATE_UNORDERED;
}

/* Refuse a context, or what it has. func is the function that has it, NULL when the
 * error knows that otherwise. An exception that is set, as when a level lacks an
 * attribute, becomes the cause. Returns -1. */
static int
refuse(encoder *e, const char *func, const char *what, PyObject *got)
{
    return raise_param(e->st, "Failed to convert ctx" DETAIL "%s%s%s, got %s",
                       func != NULL ? func : "", func != NULL ? ": " : "", what,
                       Py_TYPE(got)->tp_name);
}

/* *out = a number of the extra_args of a level that creates; it is 0 when the entry is
 * missing. 0, or -1 with an exception. */
static int
extra_number(encoder *e, const char *func, const char *what, PyObject *extra,
             PyObject *name, int64_t *out)
{
    PyObject *value = NULL;
    int rc = PyDict_Check(extra) ? PyDict_GetItemRef(extra, name, &value) : 0;
    *out = 0;
    if (rc <= 0) {
        return rc;
    }
    bool fits = PyLong_Check(value) && int64_from_py(value, out);
    rc = fits ? 0 : refuse(e, func, what, value);
    Py_DECREF(value);
    return rc;
}

/* Make the create flag of a level from its extra_args. 0, or -1 with an exception. */
static int
create_flag_of(encoder *e, const char *func, const level_row *row, PyObject *extra,
               int *out)
{
    int64_t order, pad;
    if (extra_number(e, func, "an order must be an integer of 64 bits", extra,
                     e->st->s_order_key, &order) < 0 ||
        extra_number(e, func, "pad must be an integer of 64 bits", extra,
                     e->st->s_pad_key, &pad) < 0) {
        return -1;
    }
    *out = context_create_flag(row->type == LIST_INDEX, order, pad != 0);
    return 0;
}

/* Write the value of a level. Wrong types are refused here, where the error can say
 * that they stood in a ctx. */
static int
encode_level_value(encoder *e, const char *func, const level_row *row, PyObject *value)
{
    if (row->value == NUMBER && !PyLong_Check(value)) {
        return refuse(e, func, "an index or rank must be an integer", value);
    }
    if (row->value == NUMBER && PyBool_Check(value)) {
        return put_ok(asc_mp_put_uint(e->out, value == Py_True));
    }
    if (row->value == LIST_OF_KEYS && !PyList_Check(value)) {
        return refuse(e, func, "the keys must be a list", value);
    }
    if (row->value == EXPRESSION && value != Py_True) { /* True: all children */
        return encode_expression(e, func, "a filter in ctx", value);
    }
    return encode_argument(e, value);
}

/* What a context is, for errors. */
#define A_CONTEXT "a list of what aerospike_helpers.cdt_ctx makes is expected"

/* Write one level: its type, or-ed with flags where the level can create, and its
 * value. */
static int
encode_level(encoder *e, const char *func, PyObject *level, int flags)
{
    module_state *st = e->st;
    PyObject *id = PyObject_GetAttr(level, st->s_id);
    PyObject *value = id != NULL ? PyObject_GetAttr(level, st->s_value) : NULL;
    PyObject *extra = value != NULL ? PyObject_GetAttr(level, st->s_extra_args) : NULL;
    int64_t number;
    const level_row *row =
        extra != NULL && PyLong_Check(id) && int64_from_py(id, &number)
            ? find_level(number)
            : NULL;
    int rc = -1, own_flag = 0;
    if (row == NULL) {
        refuse(e, func, A_CONTEXT, level);
    }
    else if (!row->creates || create_flag_of(e, func, row, extra, &own_flag) == 0) {
        bool takes_flags = row->type == LIST_INDEX || row->type == MAP_KEY;
        uint64_t type =
            row->type | (unsigned)own_flag | (takes_flags ? (unsigned)flags : 0);
        rc = put_ok(asc_mp_put_uint(e->out, type)) < 0
                 ? -1
                 : encode_level_value(e, func, row, value);
    }
    Py_XDECREF(id);
    Py_XDECREF(value);
    Py_XDECREF(extra);
    return rc;
}

int
encode_levels(encoder *e, const char *func, PyObject *ctx, int last_flags)
{
    if (!PyList_Check(ctx)) {
        return refuse(e, func, A_CONTEXT, ctx);
    }
    PyObject *now = sequence_of_now(ctx);
    Py_ssize_t n = now != NULL ? PySequence_Fast_GET_SIZE(now) : 0;
    int rc = now != NULL ? put_ok(asc_mp_put_list_head(e->out, 2 * (size_t)n)) : -1;
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        PyObject *level = item_of(now, i);
        int flags = i + 1 == n ? last_flags : 0;
        rc = level != NULL ? encode_level(e, func, level, flags) : -1;
        Py_XDECREF(level);
        if (rc < 0) {
            error_in_place(e->st, i);
            error_in_argument(e->st, "ctx");
        }
    }
    Py_XDECREF(now);
    return rc;
}

int
encode_context(encoder *e, const char *func, PyObject *ctx, int last_flags)
{
    if (put_ok(asc_mp_put_list_head(e->out, 3) &&
               asc_mp_put_uint(e->out, ASC_CDT_CONTEXT)) < 0) {
        return -1;
    }
    return encode_levels(e, func, ctx, last_flags);
}
