/* query/tracker.h -- aerospike._core.Tracker: how far a query has come in each
 * partition. */
#ifndef CORE_QUERY_TRACKER_H
#define CORE_QUERY_TRACKER_H

#include "asc/tracker.h"
#include "support/errors.h"

/* aerospike._core.Tracker */
typedef struct TrackerObject {
    PyObject_HEAD
    asc_tracker *tracker; /* owned */
    bool is_used; /* a stream that is open uses the tracker: nobody else may touch it */
} TrackerObject;

/* Make the type and put it into the module. 0, or -1 with an exception. */
int tracker_type_init(PyObject *module, module_state *st);

#endif
