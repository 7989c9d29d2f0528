/* values/serialize.h -- the serializers of all clients. */
#ifndef CORE_VALUES_SERIALIZE_H
#define CORE_VALUES_SERIALIZE_H

#include "support/state.h"

/* The functions of the module that set and forget them. */
extern const PyMethodDef serialize_functions[];

#endif
