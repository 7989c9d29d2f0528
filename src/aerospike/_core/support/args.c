/* This file sorts the arguments of a call into the order of its parameters. Every call
 * of a client comes through here, so that nothing is allocated and a positional
 * argument costs the copy of a pointer. */
#include "support/args.h"

/* Find the index of a keyword among the names, or -1. Methods have fewer than ten
 * parameters, so that comparing with each is faster than any table. */
static int
find(const char *const *names, PyObject *keyword)
{
    for (int i = 0; names[i] != NULL; i++) {
        if (PyUnicode_CompareWithASCIIString(keyword, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

int
parse_args(const char *func, const char *const *names, int n_required,
           PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, PyObject **argv)
{
    int n_names = 0;
    for (; names[n_names] != NULL; n_names++) {
        argv[n_names] = n_names < nargs ? args[n_names] : NULL;
    }
    if (nargs > n_names) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %d arguments (%zd given)",
                     func, n_names, nargs);
        return -1;
    }
    Py_ssize_t n_keywords = kwnames != NULL ? PyTuple_GET_SIZE(kwnames) : 0;
    for (Py_ssize_t k = 0; k < n_keywords; k++) {
        /* borrowed: a tuple does not change, and the caller holds this one */
        PyObject *keyword = PyTuple_GET_ITEM(kwnames, k);
        int i = find(names, keyword);
        if (i < 0) {
            PyErr_Format(PyExc_TypeError, "%R is an invalid keyword argument for %s()",
                         keyword, func);
            return -1;
        }
        if (argv[i] != NULL) {
            PyErr_Format(PyExc_TypeError,
                         "argument for %s() given by name ('%s') and position (%d)",
                         func, names[i], i + 1);
            return -1;
        }
        argv[i] = args[nargs + k];
    }
    for (int i = 0; i < n_required; i++) {
        if (argv[i] == NULL) {
            PyErr_Format(PyExc_TypeError,
                         "%s() missing required argument '%s' (pos %d)", func, names[i],
                         i + 1);
            return -1;
        }
    }
    return 0;
}
