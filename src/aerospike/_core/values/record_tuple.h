/* values/record_tuple.h -- what a record is to Python: the tuple (key, meta, bins), of
 * a type of its own that gives its parts names, too. */
#ifndef CORE_VALUES_RECORD_TUPLE_H
#define CORE_VALUES_RECORD_TUPLE_H

#include <stdbool.h>

#include "support/state.h"

/* Does the collector know each record as soon as it is made? Else from when its parts
 * are got (record_tuple.c), which without the GIL two threads may do at once. */
#ifdef Py_GIL_DISABLED
#define KNOWS_AT_ONCE true
#else
#define KNOWS_AT_ONCE false
#endif

/* Make the type of records and put it into the module. 0, or -1 with an exception. */
int record_type_init(PyObject *module, module_state *st);

/* A new record. It takes the three references, even after a failure: NULL with
 * MemoryError. */
PyObject *record_tuple(module_state *st, PyObject *key, PyObject *meta, PyObject *bins);

#endif
