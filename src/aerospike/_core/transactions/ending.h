/* transactions/ending.h -- the steps that end a transaction, as methods of both types
 * of clients. */
#ifndef CORE_TRANSACTIONS_ENDING_H
#define CORE_TRANSACTIONS_ENDING_H

#include "support/state.h"

/* PyMethodDef rows of aerospike.Client, and of aerospike.AsyncClient; a row of NULLs
 * ends each array. */
extern const PyMethodDef ending_methods[], async_ending_methods[];

#endif
