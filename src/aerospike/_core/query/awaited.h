/* query/awaited.h -- streams for event loops: what comes from a query or scan of an
 * AsyncClient, and the start of its background work. */
#ifndef CORE_QUERY_AWAITED_H
#define CORE_QUERY_AWAITED_H

#include "query/stream.h"

/* Make the types AsyncStream and AsyncStreamStep and put the former into the module. 0,
 * or -1 with an exception. */
int awaited_types_init(PyObject *module, module_state *st);

/* Rows of the methods of aerospike.AsyncClient that start queries, ended by a row of
 * NULLs. */
extern const PyMethodDef async_query_methods[];

#endif
