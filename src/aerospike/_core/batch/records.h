/* batch/records.h -- the objects that batches fill in. */
#ifndef CORE_BATCH_RECORDS_H
#define CORE_BATCH_RECORDS_H

#include "batch/batch.h"

/* Import the classes of these objects into the module's state, unless that is done. 0,
 * or -1 with an exception. All other functions here need them. */
int batch_load_types(module_state *st);

/* Is an object an instance of one of these classes (BATCH_READ, ...), or of a class
 * derived from it? */
int batch_is_a(module_state *st, PyObject *record, int type);

/* Make a BatchRecord look as if nothing had been asked yet. */
void batch_reset_record(module_state *st, PyObject *record);

/* Fill in the record of a row that is not sent, because its request is invalid. 0, or
 * -1 with an exception. */
int batch_refuse_record(module_state *st, PyObject *record, const char *message);

/* A sink of a method: it fills in the BatchRecord that is the row's target, and makes
 * that when there is none. */
int batch_into_record(batch_run *b, batch_row *row, asc_msg *m, const asc_error *err);

/* The BatchRecord of a row that writes, whose request has left or may have, gets no
 * answer: it is in doubt from now on. No exception is set. */
void batch_leave_in_doubt(batch_run *b, batch_row *row);

/* Set the result of a BatchRecords: ASC_OK, or ASC_ERR_BATCH_FAILED when a record has
 * failed. 0, or -1 with an exception. */
int batch_set_result(module_state *st, PyObject *records, bool failed);

/* Make the BatchRecords that will be the result of the batch. That runs Python code,
 * and with it the collector, which has little to do before there are records. 0, or -1
 * with an exception. */
int batch_make_records(batch_run *b);

/* Put a list of BatchRecord, which is taken, and the result of the batch into it: a new
 * reference to it, or NULL with an exception. */
PyObject *batch_fill_records(batch_run *b, PyObject *list);

#endif
