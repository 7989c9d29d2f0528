/* record/record.h -- the methods of aerospike.Client on one record. */
#ifndef CORE_RECORD_RECORD_H
#define CORE_RECORD_RECORD_H

#include "clients/client.h"

/* Their PyMethodDef rows; a row of NULLs ends the array. */
extern const PyMethodDef record_methods[];

#endif
