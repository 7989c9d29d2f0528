/* batch/records.h -- the objects that batches fill in. */
#ifndef CORE_BATCH_RECORDS_H
#define CORE_BATCH_RECORDS_H

#include "batch/batch.h"

/* Import their classes, once. 0, or -1 with an exception. */
int batch_load_types(module_state *st);

/* Is it an instance of a class (BATCH_READ, ...)? */
int batch_is_a(module_state *st, PyObject *record, int type);

/* A BatchRecord of a key, not answered yet. */
PyObject *batch_new_record(module_state *st, PyObject *key);

/* The BatchRecord of each row as if nothing had been asked. 0, or -1. */
int batch_reset_records(batch_run *b);

/* A row_sink: fill in the BatchRecord that is the row's target. */
int batch_into_record(batch_run *b, batch_row *row, asc_msg *m, const asc_error *err);

/* The result of a whole: 0, or -16 when a record has failed. 0, or -1. */
int batch_set_result(module_state *st, PyObject *records, bool failed);

/* BatchRecords of a list, which is taken. */
PyObject *batch_new_records(batch_run *b, PyObject *list);

#endif
