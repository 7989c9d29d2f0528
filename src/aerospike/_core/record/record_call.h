/* record/record_call.h -- calls on one record that methods elsewhere are made of. */
#ifndef CORE_RECORD_RECORD_CALL_H
#define CORE_RECORD_RECORD_CALL_H

#include "client/client.h"

/* Run the operations of a list on the record of a key, as operate() does. The value of
 * the last result, a new reference; None when there is none, NULL with an exception.
 * meta and policy may be NULL. */
PyObject *record_operate_one(PyObject *self, PyTypeObject *cls, PyObject *key,
                             PyObject *ops, PyObject *meta, PyObject *policy_arg);

#endif
