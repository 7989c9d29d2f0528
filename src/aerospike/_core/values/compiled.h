/* values/compiled.h -- compiled expressions as arguments. */
#ifndef CORE_VALUES_COMPILED_H
#define CORE_VALUES_COMPILED_H

#include "values/values.h"

/* What a message says, behind DETAIL, of a value that is no compiled expression, whose
 * type follows. */
#define NOT_COMPILED                                                                   \
    "a compiled expression is expected, got %s; call .compile() on the expression"

/* Append the bytes of a compiled expression. 0, or -1 with ParamError, which begins
 * with `func` and names the argument, when it is none, or with what its tree raises. */
int encode_expression(encoder *e, const char *func, const char *name, PyObject *value);

/* The same with what expression_held() has given, which this function takes. */
int encode_held(encoder *e, const char *func, const char *name, PyObject *value,
                PyObject *held);

/* What a compiled expression holds: its wire bytes, or the tree that has to be packed
 * whenever it is used, because it needs the client's serializer or is wrong. A new
 * reference. NULL when value is something else, with or without an exception: the
 * caller, who knows its name, calls raise_param(). */
PyObject *expression_held(module_state *st, PyObject *value);

/* The wire bytes of what expression_held() gave, which is taken: a new reference, or
 * NULL with an exception. InvalidRequest says where a tree is wrong. */
PyObject *expression_wire(module_state *st, const value_rules *rules, PyObject *held);

#endif
