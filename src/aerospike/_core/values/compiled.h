/* values/compiled.h -- compiled expressions as arguments. */
#ifndef CORE_VALUES_COMPILED_H
#define CORE_VALUES_COMPILED_H

#include "values/values.h"

/* Append the bytes of a compiled expression. 0, or -1 with ParamError, which begins
 * with `func` and names the argument, when it is none. */
int encode_expression(encoder *e, const char *func, const char *name, PyObject *value);

/* The wire bytes of a compiled expression, a new reference. NULL when it is something
 * else, with or without an exception: the caller, who knows its name, calls
 * raise_param(). */
PyObject *expression_wire(module_state *st, PyObject *value);

#endif
