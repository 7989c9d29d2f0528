/* values/serialize.h -- the serializers of all clients: functions of the module. */
#ifndef CORE_VALUES_SERIALIZE_H
#define CORE_VALUES_SERIALIZE_H

#include "support/state.h"

PyObject *core_set_serializer(PyObject *module, PyObject *const *args, Py_ssize_t nargs,
                              PyObject *kwnames);
PyObject *core_set_deserializer(PyObject *module, PyObject *const *args,
                                Py_ssize_t nargs, PyObject *kwnames);
PyObject *core_unset_serializers(PyObject *module, PyObject *ignored);

#endif
