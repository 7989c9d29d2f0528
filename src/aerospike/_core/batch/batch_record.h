/* batch/batch_record.h -- BatchRecord: one record of a batch, what was asked of it and
 * what came of it. Applications import it from aerospike_helpers.batch.records, where
 * the classes that derive from it are written in Python. */
#ifndef CORE_BATCH_BATCH_RECORD_H
#define CORE_BATCH_BATCH_RECORD_H

#include <stdbool.h>

#include "support/state.h"

/* The part of an instance that a batch reads and writes. An object may be missing
 * (NULL) after the application has deleted the attribute. Code may run in other threads
 * that changes an instance which is the application's: objects are read and written
 * through the functions below. */
typedef struct BatchRecordObject {
    PyObject_HEAD
    PyObject *dict;                   /* owned: further attributes, or NULL */
    PyObject *key, *record, *message; /* owned */
    int result;
    uint32_t subcode;
    bool in_doubt;
} BatchRecordObject;

/* Make the type and put it into the module. 0, or -1 with an exception. */
int batch_record_type_init(PyObject *module, module_state *st);

/* A new BatchRecord of a key, which is taken, even after a failure: without a record,
 * and with a result. NULL with MemoryError. */
PyObject *batch_record_new(module_state *st, PyObject *key, int result);

/* Put an object, which is taken, into the field of a record at this place. What was
 * there is dropped last, which may run Python code. */
void batch_record_put(module_state *st, BatchRecordObject *r, PyObject **at,
                      PyObject *value);

/* Set all numbers of a record. */
void
batch_record_set(BatchRecordObject *r, int result, uint32_t subcode, bool in_doubt);

#endif
