/* expressions.h -- compiled expressions: made of a tree once, put into messages as they
 * are. */
#ifndef CORE_EXPRESSIONS_H
#define CORE_EXPRESSIONS_H

#include "options.h"

/* Option parser of the policy key "expressions": takes a CompiledExpression. */
int
expressions_from_py(module_state *st, const option *row, PyObject *value, void *target);

/* pack_expression(tree) -> bytes: lists of codes, arguments and literals as one
 * msgpack item; RawName instances stand for text without a type byte. */
PyObject *core_pack_expression(PyObject *module, PyObject *tree);

#endif
