/* support/args.h -- positional and keyword arguments of a fast call, by a list of names. */
#ifndef CORE_SUPPORT_ARGS_H
#define CORE_SUPPORT_ARGS_H

#include "support/state.h"

/* Sort the arguments of func into argv in the order of names (ended by NULL);
 * the first n_required must be there, the rest stay NULL when they are not. All
 * borrowed. 0, or -1 with a TypeError. */
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
