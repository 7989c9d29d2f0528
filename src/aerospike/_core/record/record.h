/* record/record.h -- the methods of aerospike.Client on one record. */
#ifndef CORE_RECORD_RECORD_H
#define CORE_RECORD_RECORD_H

#include "clients/client.h"

/* Their PyMethodDef rows; a row of NULLs ends the array. */
extern const PyMethodDef record_methods[], async_record_methods[];

/* Likewise of the methods that know keys alone, for both types of clients. */
extern const PyMethodDef key_methods[];

#endif
