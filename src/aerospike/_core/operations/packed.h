/* operations/packed.h -- operations whose value is one packed array: those on lists, maps, bits,
 * HyperLogLogs and strings, expressions and path selections. Rows of one table,
 * written by one encoder. */
#ifndef CORE_OPERATIONS_PACKED_H
#define CORE_OPERATIONS_PACKED_H

#include "operations/packed_rows.h"

/* Append the value of the operation that dict describes. n_known is the number of its
 * entries that the caller has looked at; the entries that this function knows are
 * added. 0, or -1 with ParamError that names operation and argument. */
int
packed_encode(encoder *e, const packed_row *row, PyObject *dict, Py_ssize_t *n_known);

/* May operation dicts have this key? */
bool packed_knows_key(module_state *st, PyObject *key);

#endif
