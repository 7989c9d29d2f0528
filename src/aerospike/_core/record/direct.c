/* The methods of the 2.x line that do one operation on a list or map. */
#include <string.h>

#include "support/args.h"
#include "support/numbers.h"
#include "record/direct.h"
#include "record/record_call.h"

#define N_ARGS_AT_MOST 8 /* key, bin, up to four, meta, policy; then NULL */

typedef struct direct_row {
    int number;
    direct_result result;
    int n_required;
    const char *names[N_ARGS_AT_MOST + 1];
    const char *func;
} direct_row;

/* Entries of the operation that are not called as the argument is. */
static const struct {
    const char *argument, *entry;
} entry_names[] = {
    {"items", "val"},   {"count", "val"},    {"rank", "index"},
    {"map_key", "key"}, {"incr", "val"},     {"decr", "val"},
    {"list", "val"},    {"key_list", "val"}, {"value_list", "val"},
};

static const char *
entry_name(const char *argument)
{
    for (size_t i = 0; i < sizeof entry_names / sizeof entry_names[0]; i++) {
        if (strcmp(argument, entry_names[i].argument) == 0) {
            return entry_names[i].entry;
        }
    }
    return argument;
}

/* The list of one operation dict: a new reference. argv has the arguments from bin on,
 * names their names, of which n belong to the operation. */
static PyObject *
operation_list(const direct_row *row, const char *const *names, PyObject **argv, int n)
{
    PyObject *op = Py_BuildValue("{s:i}", "op", row->number);
    PyObject *list = op != NULL ? PyList_New(1) : NULL;
    if (list == NULL) {
        Py_XDECREF(op);
        return NULL;
    }
    PyList_SET_ITEM(list, 0, op);
    for (int i = 0; i < n; i++) {
        if (argv[i] != NULL &&
            PyDict_SetItemString(op, entry_name(names[i]), argv[i]) < 0) {
            Py_DECREF(list);
            return NULL;
        }
    }
    return list;
}

/* [(key, value), ...] of [key, value, ...]; takes the reference to flat. */
static PyObject *
pairs_of(PyObject *flat)
{
    Py_ssize_t n = PyList_GET_SIZE(flat) / 2;
    PyObject *pairs = PyList_New(0);
    for (Py_ssize_t i = 0; pairs != NULL && i < n; i++) {
        PyObject *both = PyList_GetSlice(flat, 2 * i, 2 * i + 2);
        PyObject *pair = both != NULL ? PyList_AsTuple(both) : NULL;
        int rc = pair != NULL ? PyList_Append(pairs, pair) : -1;
        Py_XDECREF(both);
        Py_XDECREF(pair);
        if (rc < 0) {
            Py_CLEAR(pairs);
        }
    }
    Py_DECREF(flat);
    return pairs;
}

static bool
asks_for_pairs(PyObject *return_type)
{
    int64_t type;
    return PyLong_Check(return_type) && int64_from_py(return_type, &type) &&
           (type & 0xFFFF) == RETURN_KEY_VALUE;
}

static PyObject *
direct(const direct_row *row, PyObject *self, PyTypeObject *cls, PyObject *const *args,
       Py_ssize_t nargs, PyObject *kwnames)
{
    PyObject *argv[N_ARGS_AT_MOST];
    int n_names = 0;
    if (parse_args(row->func, row->names, row->n_required, args, nargs, kwnames, argv) <
        0) {
        return NULL;
    }
    while (row->names[n_names] != NULL) {
        n_names++;
    }
    PyObject *ops = operation_list(row, row->names + 1, argv + 1, n_names - 3);
    PyObject *value = ops != NULL
                          ? record_operate_one(self, cls, argv[0], ops,
                                               argv[n_names - 2], argv[n_names - 1])
                          : NULL;
    Py_XDECREF(ops);
    if (value == NULL) {
        return NULL;
    }
    if (row->result == ZERO || (row->result == SIZE && value == Py_None)) {
        Py_DECREF(value);
        return PyLong_FromLong(0);
    }
    bool pairs = row->result == BY_TYPE && PyList_Check(value) &&
                 asks_for_pairs(argv[n_names - 3]);
    return pairs ? pairs_of(value) : value;
}

/* clang-format off */
#define UNPAREN(...) __VA_ARGS__
#define DIRECT_DEFINE(name, number, result, n_required, args_, sig, text)              \
    CLIENT_METHOD(client_##name)                                                       \
    {                                                                                  \
        static const direct_row row = {                                                \
            number, result, n_required,                                                \
            {"key", "bin", UNPAREN args_ "meta", "policy", NULL}, #name};              \
        return direct(&row, self, cls, args, nargs, kwnames);                          \
    }
DIRECT_METHODS(DIRECT_DEFINE)
/* clang-format on */
