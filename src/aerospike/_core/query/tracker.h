/* query/tracker.h -- aerospike._core.Tracker: how far a query has come in each
 * partition. */
#ifndef CORE_QUERY_TRACKER_H
#define CORE_QUERY_TRACKER_H

#include <stdatomic.h>

#include "asc/tracker.h"
#include "support/errors.h"

/* aerospike._core.Tracker */
typedef struct TrackerObject {
    PyObject_HEAD
    asc_tracker *tracker; /* owned */
    atomic_bool is_used;  /* a stream that is open uses the tracker: nobody else may
                            touch it. It becomes true in a critical section of the
                            tracker, where others touch it, too */
} TrackerObject;

/* Begin to use a tracker; its user sets is_used back to false. False: somebody uses
 * it. */
bool tracker_take(TrackerObject *tracker);

/* Make the type and put it into the module. 0, or -1 with an exception. */
int tracker_type_init(PyObject *module, module_state *st);

#endif
