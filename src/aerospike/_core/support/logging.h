/* support/logging.h -- log lines of the library, handed to Python. */
#ifndef CORE_SUPPORT_LOGGING_H
#define CORE_SUPPORT_LOGGING_H

#include "support/state.h"

PyObject *core_set_log_handler(PyObject *module, PyObject *const *args,
                               Py_ssize_t nargs, PyObject *kwnames);
PyObject *core_set_log_level(PyObject *module, PyObject *const *args, Py_ssize_t nargs,
                             PyObject *kwnames);

/* Begin to hand lines to the standard library's log. 0, or -1 with an exception. */
int logging_init(PyObject *module);
void logging_clear(module_state *st);

#endif
