/* operations/packed.h -- operations with packed arguments: their value is one array of
 * all arguments. They are those on lists, maps, bits, HyperLogLogs and strings,
 * expressions and path selections: rows of one table, written by one encoder. */
#ifndef CORE_OPERATIONS_PACKED_H
#define CORE_OPERATIONS_PACKED_H

#include "operations/packed_rows.h"

/* Append the value of the operation that dict describes. *n_known is the number of its
 * entries that the caller has looked at; this function adds those that it finds. 0, or
 * -1 with an exception, whose text names operation and argument. */
int
packed_encode(encoder *e, const packed_row *row, PyObject *dict, Py_ssize_t *n_known);

/* Has an operation with packed arguments an entry of this name? */
bool packed_knows_key(module_state *st, PyObject *key);

#endif
