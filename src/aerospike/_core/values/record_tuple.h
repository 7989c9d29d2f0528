/* values/record_tuple.h -- what a record is to Python: the tuple (key, meta, bins), of
 * a type of its own that gives its parts names, too. */
#ifndef CORE_VALUES_RECORD_TUPLE_H
#define CORE_VALUES_RECORD_TUPLE_H

#include "support/state.h"

/* Make the type of records and put it into the module. 0, or -1 with an exception. */
int record_type_init(PyObject *module, module_state *st);

/* A new record. It takes the three references, even after a failure: NULL with
 * MemoryError. */
PyObject *record_tuple(module_state *st, PyObject *key, PyObject *meta, PyObject *bins);

#endif
