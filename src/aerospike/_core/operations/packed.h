/* operations/packed.h -- operations with packed arguments.
 *
 * Such an operation has one array of all its arguments where a plain operation has its
 * value. Operations on lists, maps, bits, HyperLogLogs and strings, expressions, and
 * selections by a path are of this kind. One encoder writes them all; what it writes
 * are the rows of one table (packed_rows.h). */
#ifndef CORE_OPERATIONS_PACKED_H
#define CORE_OPERATIONS_PACKED_H

#include "operations/packed_rows.h"

/* Append the value of the operation that dict, held by the caller, describes. *n_known
 * is the number of entries of the dict that the caller has used; this function adds
 * those that it uses itself. 0, or -1 with an exception, whose text names operation and
 * argument; *n_known is then as it was, and the buffer ends in part of a value. */
int
packed_encode(encoder *e, const packed_row *row, PyObject *dict, Py_ssize_t *n_known);

/* Does any operation with packed arguments use an entry of this name? key is a str. */
bool packed_knows_key(module_state *st, PyObject *key);

#endif
