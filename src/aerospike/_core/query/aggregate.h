/* query/aggregate.h -- the values that a function in Lua makes of records, on the nodes
 * where they lie. */
#ifndef CORE_QUERY_AGGREGATE_H
#define CORE_QUERY_AGGREGATE_H

#include "query/stream.h"

/* The row of the method of aerospike.Client that starts aggregations, and a row of
 * NULLs. */
extern const PyMethodDef aggregate_methods[];

#endif
