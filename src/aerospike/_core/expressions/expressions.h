/* expressions/expressions.h -- a tree of Python objects, which is an expression, to
 * wire. */
#ifndef CORE_EXPRESSIONS_EXPRESSIONS_H
#define CORE_EXPRESSIONS_EXPRESSIONS_H

#include "support/state.h"

/* The function of the module pack_expression(tree) -> bytes. Its ParamError names the
 * place in the tree: "And[1].Eq[0]" is operand 0 of the Eq that is operand 1 of the
 * And. */
extern const PyMethodDef expressions_functions[];

#endif
