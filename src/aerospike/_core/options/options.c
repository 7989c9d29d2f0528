/* This file reads any dictionary of options by the rows of its table. It has one way to
 * find a key, to check and store its value, and to report a key that is unknown. */
#include "options/options.h"

#include <string.h>

#include "support/compat.h"
#include "support/numbers.h"
#include "support/texts.h"

/* Find the row of a key. Keys that were literals are the interned names, so that nearly
 * always a comparison of pointers finds the row. */
static inline const option *
find(module_state *st, const option_table *table, uint32_t kind, PyObject *key)
{
    PyObject **names = st->option_names[table->id];
    for (size_t i = 0; i < table->n; i++) {
        if (names[i] == key && (table->rows[i].kinds & kind)) {
            return &table->rows[i];
        }
    }
    for (size_t i = 0; PyUnicode_Check(key) && i < table->n; i++) {
        if ((table->rows[i].kinds & kind) && PyUnicode_Compare(names[i], key) == 0) {
            return &table->rows[i];
        }
    }
    return NULL;
}

const option *
options_find(module_state *st, const option_table *table, uint32_t kind, PyObject *key)
{
    return find(st, table, kind, key);
}

static int
invalid_bool(module_state *st, const option *row, PyObject *value)
{
    return raise_param(st, "%s is invalid" DETAIL "a bool is expected, got %s",
                       row->name, Py_TYPE(value)->tp_name);
}

int
option_int64(module_state *st, const char *name, PyObject *value, int64_t *out)
{
    if (!PyLong_Check(value)) {
        return raise_param(st, "%s is invalid" DETAIL "an int is expected, got %s",
                           name, Py_TYPE(value)->tp_name);
    }
    if (int64_from_py(value, out)) {
        return 0;
    }
    return raise_code(st, ASC_ERR_CLIENT,
                      "Unable to fetch long value from policy field" DETAIL
                      "%s is beyond 64 bits",
                      name);
}

char *
option_text(module_state *st, const char *name, PyObject *value)
{
    Py_ssize_t size;
    if (!PyUnicode_Check(value)) {
        raise_param(st, "%s is invalid" DETAIL "a str is expected, got %s", name,
                    Py_TYPE(value)->tp_name);
        return NULL;
    }
    const char *utf8 = PyUnicode_AsUTF8AndSize(value, &size);
    if (utf8 == NULL && !PyErr_ExceptionMatches(PyExc_ValueError)) {
        return NULL;
    }
    if (utf8 == NULL || strlen(utf8) != (size_t)size) {
        PyErr_Clear(); /* it quotes the text, which may be a secret */
        raise_param(st, "%s is invalid" DETAIL "%s", name,
                    utf8 == NULL ? "it has characters that UTF-8 lacks"
                                 : "it contains a NUL");
        return NULL;
    }
    return text_copy(utf8, (size_t)size);
}

int64_t
option_largest(const option *row)
{
    return row->type == OPTION_U32 && row->max == 0 ? UINT32_MAX : row->max;
}

/* Store an int. One out of range is refused when strict, when it is above a limit that
 * its row gives on purpose, or when it is a time to live; in all other cases it means
 * what it always meant to applications (see option_type). 0, or -1 with an
 * exception. */
static int
store_int(module_state *st, const option *row, PyObject *value, void *at, int strict)
{
    int64_t v = 0;
    if (option_int64(st, row->name, value, &v) < 0) {
        return -1;
    }
    int64_t min = row->min, max = option_largest(row);
    bool is_large = row->type == OPTION_U32 && row->max != 0 && v > max;
    bool is_outside = v < min || v > max;
    if (is_large || (is_outside && (strict || row->type == OPTION_TTL))) {
        return raise_param(st, "%s is invalid" DETAIL "%lld is not in %lld to %lld",
                           row->name, (long long)v, (long long)min, (long long)max);
    }
    switch (row->type) {
    case OPTION_U32:
        v = v > max ? max : v;
        *(uint32_t *)at = (uint32_t)(v < 0 ? 0 : v);
        return 0;
    case OPTION_TTL:
        *(uint32_t *)at = (uint32_t)v; /* -1, -2, -3 are the server's own numbers */
        return 0;
    case OPTION_SIGNED:
        *(int32_t *)at = (int32_t)v;
        return 0;
    default:
        if (v >= min && v <= max) {
            *(int *)at = (int)v;
        }
        return 0;
    }
}

static int
store_bool(module_state *st, const option *row, PyObject *value, void *at)
{
    if (!PyBool_Check(value) && !PyLong_Check(value)) {
        return invalid_bool(st, row, value);
    }
    int truth = PyObject_IsTrue(value);
    if (truth < 0) {
        return -1;
    }
    *(bool *)at = row->type == OPTION_NOT_BOOL ? !truth : truth;
    return 0;
}

/* Refuse a key whose function is not in this build, unless its value says that it is
 * not asked for. */
static int
refuse_missing(module_state *st, const option *row, PyObject *value)
{
    int on = PyDict_Check(value) ? 1 : PyObject_IsTrue(value); /* "shm": {} is on */
    if (on <= 0) {
        return on;
    }
    return raise_param(st, "this build of aerospike cannot do \"%s\": %s", row->name,
                       row->lacks);
}

/* Store a value by the type of its row. This is inline because options_apply() comes
 * here for each key of a call's policy. */
static inline int
store(module_state *st, const option *row, PyObject *value, void *target, int strict)
{
    void *at = (char *)target + row->offset;
    if (row->lacks != NULL) {
        return refuse_missing(st, row, value);
    }
    if (row->given != 0) {
        *(bool *)((char *)target + row->given) = true;
    }
    switch (row->type) {
    case OPTION_BOOL:
    case OPTION_NOT_BOOL:
        return store_bool(st, row, value, at);
    case OPTION_CUSTOM:
        return row->parse(st, row, value, target);
    case OPTION_IGNORED:
        return 0;
    default:
        return store_int(st, row, value, at, strict);
    }
}

int
option_store(module_state *st, const option *row, PyObject *value, void *target,
             int strict)
{
    return store(st, row, value, target, strict);
}

/* Is the row an old name whose new one is in the dictionary, too? -1 with an
 * exception. */
static int
is_overruled(const option *row, PyObject *dict)
{
    return row->new_name != NULL ? PyDict_ContainsString(dict, row->new_name) : 0;
}

/* Report a key that is unknown, with the nearest one that is known: a warning, or an
 * exception when strict. This runs Python code. 0, or -1 with an exception. */
static int
report_unknown(module_state *st, const option_table *table, uint32_t kind,
               PyObject *key, const char *what, const char *place, int strict)
{
    PyObject *known = PyList_New(0), *said = NULL;
    for (size_t i = 0; known != NULL && i < table->n; i++) {
        if ((table->rows[i].kinds & kind) &&
            PyList_Append(known, st->option_names[table->id][i]) < 0) {
            Py_CLEAR(known);
        }
    }
    if (known != NULL) {
        said = PyObject_CallFunction(st->report_unknown_key, "sOOOs", what, key, known,
                                     strict ? Py_True : Py_False, place);
        Py_DECREF(known);
    }
    Py_XDECREF(said);
    return said != NULL ? 0 : -1;
}

int
options_apply(module_state *st, const option_table *table, uint32_t kind,
              PyObject *dict, void *target, const char *what, const char *place,
              const char *refusal, int strict)
{
    PyObject *key = NULL, *value = NULL;
    Py_ssize_t at = 0;
    int rc = 0;
    Py_BEGIN_CRITICAL_SECTION(dict);
    while (rc == 0 && dict_next(dict, &at, &key, &value)) {
        const option *row = find(st, table, kind, key);
        if (row == NULL) {
            rc = report_unknown(st, table, kind, key, what, place, strict);
            continue;
        }
        int overruled = is_overruled(row, dict);
        if (overruled < 0) {
            rc = -1;
        }
        else if (!overruled) {
            rc = store(st, row, value, target, strict);
            if (rc < 0 && refusal != NULL) {
                raise_instead(st, refusal, place);
            }
            else if (rc < 0 && table->section != NULL) {
                raise_in_section(st, table->section, row->name);
            }
        }
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(key);
    Py_XDECREF(value);
    return rc;
}
