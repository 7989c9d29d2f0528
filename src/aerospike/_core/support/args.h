/* support/args.h -- methods that CPython calls with their arguments as an array, and
 * the sorting of these by a list of names. */
#ifndef CORE_SUPPORT_ARGS_H
#define CORE_SUPPORT_ARGS_H

#include "support/state.h"

/* The parameters of a method: the object, the class that has the method (for the
 * module's state), the positional arguments and behind them the values of the keywords,
 * how many are positional, and the tuple of the keywords or NULL. */
#define METHOD_PARAMS                                                                  \
    PyObject *self, PyTypeObject *cls, PyObject *const *args, Py_ssize_t nargs,        \
        PyObject *kwnames

/* The row of such a method in an array of PyMethodDef. */
#define METHOD_ROW(name, function, doc)                                                \
    {name, (PyCFunction)(void (*)(void))(function),                                    \
     METH_METHOD | METH_FASTCALL | METH_KEYWORDS, doc}

/* The parameters of a function of the module that gets its arguments as they are; args,
 * nargs and kwnames as above. */
#define FUNCTION_PARAMS                                                                \
    PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames

/* The row of such a function in an array of PyMethodDef. */
#define FUNCTION_ROW(name, function, doc)                                              \
    {name, (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS, doc}

/* Sort the arguments of func into argv in the order of names, which NULL ends. The
 * first n_required must be given; the others are NULL when they are not. argv[] is
 * borrowed from the caller of the method, who holds all arguments until it returns. 0,
 * or -1 with TypeError. */
int
parse_args(const char *func, const char *const *names, int n_required,
           PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, PyObject **argv);

/* None given for an optional argument is the same as nothing. */
static inline PyObject *
none_to_null(PyObject *arg)
{
    return arg == Py_None ? NULL : arg;
}

#endif
