/* clients/metrics.h -- what a client's cluster has counted, for aerospike._metrics and
 * aerospike._monitor. */
#ifndef CORE_CLIENTS_METRICS_H
#define CORE_CLIENTS_METRICS_H

#include "support/state.h"

/* PyMethodDef rows of both kinds of clients; a row of NULLs ends the array. */
extern const PyMethodDef metrics_methods[];

#endif
