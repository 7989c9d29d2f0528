/* query/stream.h -- the records of a query or scan, one after another. */
#ifndef CORE_QUERY_STREAM_H
#define CORE_QUERY_STREAM_H

#include "clients/client.h"

/* Make two types that are not for users, Stream and Tracker, and put them into the
 * module. 0, or -1 with an exception. */
int stream_types_init(PyObject *module, module_state *st);

/* Rows of the methods of aerospike.Client that start queries, ended by a row of
 * NULLs. */
extern const PyMethodDef query_methods[];

#endif
