/* record/record.h -- the methods of aerospike.Client on one record. */
#ifndef CORE_RECORD_RECORD_H
#define CORE_RECORD_RECORD_H

#include "client/client.h"

/* Their rows, ended by a row of NULLs. */
extern const PyMethodDef record_methods[];

#endif
