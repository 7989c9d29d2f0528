/* values/compiled.h -- compiled expressions as arguments and policies. */
#ifndef CORE_VALUES_COMPILED_H
#define CORE_VALUES_COMPILED_H

#include "options/options.h"
#include "values/values.h"

/* Append the bytes of a compiled expression. 0, or -1 with ParamError, which begins
 * with `func` and names the argument, when it is none. */
int encode_expression(encoder *e, const char *func, const char *name, PyObject *value);

/* Option parser of the policy key "expressions": takes a CompiledExpression. */
int
expressions_from_py(module_state *st, const option *row, PyObject *value, void *target);

/* The wire bytes of a compiled expression, a new reference. NULL when it is something
 * else: the caller, who knows its name, asks take_argument_error() and raises. */
PyObject *expression_wire(module_state *st, PyObject *value);

#endif
