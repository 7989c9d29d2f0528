/* batch/batch_methods.h -- the methods of aerospike.Client and aerospike.AsyncClient on
 * many records. */
#ifndef CORE_BATCH_BATCH_METHODS_H
#define CORE_BATCH_BATCH_METHODS_H

#include "support/args.h"

/* Their PyMethodDef rows: those of batch_methods.c and those of batch_write.c. A row of
 * NULLs ends each array. */
extern const PyMethodDef batch_keys_methods[], batch_write_methods[];
extern const PyMethodDef async_batch_keys_methods[], async_batch_write_methods[];

#endif
