/* batch/templates.h -- what the rows of a batch ask for, to wire.
 *
 * Each function batch_..._template() adds one template to the batch; the rows that are
 * added next share it. pol is the policy of these rows. The function returns 0, or -1
 * with an exception. */
#ifndef CORE_BATCH_TEMPLATES_H
#define CORE_BATCH_TEMPLATES_H

#include "batch/batch.h"

/* A read. bins is a list or tuple of names, which is empty for metadata alone; NULL
 * means all bins. */
int batch_read_template(batch_run *b, const policy *pol, PyObject *bins);

/* Which operations a record may bring. */
typedef enum allowed_operations { ANY_OPERATIONS, ONLY_READS } allowed_operations;

/* The operations of a list of dicts, as operate() takes it. */
int batch_operations_template(batch_run *b, const policy *pol, record_meta meta,
                              PyObject *ops, allowed_operations allowed);

/* The removal of a record. */
int batch_remove_template(batch_run *b, const policy *pol, record_meta meta);

/* A call of a function of a registered module: two str, and a list of arguments. */
int batch_apply_template(batch_run *b, const policy *pol, PyObject *module,
                         PyObject *function, PyObject *args);

/* Is ops a list that is not empty? 0, or -1 with ParamError, which begins with
 * `what`. */
int batch_check_operations(module_state *st, const char *what, PyObject *ops);

#endif
