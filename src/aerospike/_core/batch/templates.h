/* batch/templates.h -- what the rows of a batch ask for, to wire. Each function adds
 * one template to the batch, which the rows that are added next share. It returns 0, or
 * -1 with an exception. pol is the policy of these rows. */
#ifndef CORE_BATCH_TEMPLATES_H
#define CORE_BATCH_TEMPLATES_H

#include "batch/batch.h"

/* A read. bins is a list or tuple of names, which is empty for metadata alone; NULL
 * means all bins. */
int batch_read_template(batch_run *b, const policy *pol, PyObject *bins);

/* Which operations a record may bring. */
typedef enum allowed_operations { ANY_OPERATIONS, ONLY_READS } allowed_operations;

/* The operations of a list of dicts. */
int batch_operations_template(batch_run *b, const policy *pol, record_meta meta,
                              PyObject *ops, allowed_operations allowed);

/* The removal of a record. */
int batch_remove_template(batch_run *b, const policy *pol, record_meta meta);

/* A call of a function of a registered module. */
int batch_apply_template(batch_run *b, const policy *pol, PyObject *module,
                         PyObject *function, PyObject *args);

/* ops must be a list that is not empty; `what` begins the error. */
int batch_check_operations(module_state *st, const char *what, PyObject *ops);

#endif
