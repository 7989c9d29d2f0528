/* cdt.h -- operations on lists and maps: rows of one table, written by one encoder. */
#ifndef CORE_CDT_H
#define CORE_CDT_H

#include "operations.h"

typedef struct cdt_row cdt_row;

/* The row of an operation's number (OP_LIST_*, OP_MAP_*), or NULL. */
const cdt_row *cdt_find(int64_t number);

bool cdt_writes(const cdt_row *row);
bool cdt_is_map(const cdt_row *row);

/* Is key one that operation dicts of lists and maps may have? */
bool cdt_knows_key(PyObject *key);

/* Append the value of the operation that dict describes: a msgpack array, in a context
 * when it has one. 0, or -1 with ParamError that names operation and argument. */
int cdt_encode(encoder *e, const cdt_row *row, PyObject *dict);

#endif
