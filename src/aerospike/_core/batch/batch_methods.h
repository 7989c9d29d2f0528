/* batch/batch_methods.h -- the methods of aerospike.Client on many records. */
#ifndef CORE_BATCH_BATCH_METHODS_H
#define CORE_BATCH_BATCH_METHODS_H

#include "support/args.h"

/* Their rows, each array ended by a row of NULLs: those of batch_methods.c and of
 * batch_write.c. */
extern const PyMethodDef batch_keys_methods[], batch_write_methods[];

#endif
