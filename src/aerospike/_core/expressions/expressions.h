/* expressions/expressions.h -- a tree of Python objects, which is an expression, to
 * wire. */
#ifndef CORE_EXPRESSIONS_EXPRESSIONS_H
#define CORE_EXPRESSIONS_EXPRESSIONS_H

#include "support/state.h"

/* Tell the state how a tree is packed. */
void expressions_init(module_state *st);

/* The function of the module pack_expression(tree) -> bytes. Its InvalidRequest names
 * the place in the tree: "And[1].Eq[0]" is operand 0 of the Eq that is operand 1 of the
 * And. */
extern const PyMethodDef expressions_functions[];

#endif
