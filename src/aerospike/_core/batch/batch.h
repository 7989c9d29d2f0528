/* batch/batch.h -- one batch under way: rows from Python, requests to nodes, replies
 * back. */
#ifndef CORE_BATCH_BATCH_H
#define CORE_BATCH_BATCH_H

#include "asc/batch.h"
#include "values/bins.h"
#include "client/client.h"
#include "values/keys.h"
#include "operations/operations.h"

/* Says the code of a row merely that there is no record to give? */
static inline bool
gives_no_record(asc_status code)
{
    return code == ASC_ERR_RECORD_NOT_FOUND || code == ASC_ERR_FILTERED_OUT;
}

/* What a row asks for, in wire bytes, of which parts lie in batch_run.bytes. Rows that
 * ask for the same share one. */
typedef struct row_template {
    size_t tail, tail_end;     /* fields behind the user key, operations */
    size_t head;               /* mask to time to live */
    size_t fields, fields_end; /* between set and user key */
    uint16_t n_fields, n_ops;  /* fields: beyond namespace, set and user key */
    bool writes, sends_key;
    bool has_bins; /* its record is (key, meta, bins), not (key, meta) */
} row_template;

typedef struct batch_row {
    record_key key;
    PyObject *given;  /* owned: the key as the caller wrote it */
    PyObject *target; /* owned: what the result goes into, or NULL until the
                         sink makes it */
    PyObject *held;   /* owned: the bytes of a user key that may change, or NULL */
    uint32_t template;
} batch_row;

typedef struct batch_run batch_run;

/* Take the outcome of a row: the message m, opened, when err is NULL; else how it
 * failed. 0, or -1 with an exception. */
typedef int (*row_sink)(batch_run *b, batch_row *row, asc_msg *m, const asc_error *err);

struct batch_run {
    module_state *st;
    ClientObject *client; /* owned */
    asc_cluster *cluster; /* counted */
    asc_batch *batch;     /* owned */
    policy pol;
    bool strict;
    asc_buf bytes;           /* of the templates */
    row_template *templates; /* owned */
    size_t n_templates, cap_templates;
    batch_row *rows; /* owned */
    size_t n_rows, cap_rows;
    row_sink sink;
    PyObject *records; /* owned: the caller's BatchRecords, which the rows are of, or
                          NULL */
    bool failed;       /* a row has a code other than 0, 2 and 27 */
    bool is_out;       /* requests have left, or may have */
    size_t n_answered; /* rows that a server answered */
    asc_error first_failure; /* of rows that no server answered; code 0: none. It is in
                                doubt when any of them is */
};

/* Parse the policy of the whole. 0, or -1 with an exception; batch_end() in either
 * case. */
int batch_begin(batch_run *b, PyObject *self, PyTypeObject *cls, policy_kind kind,
                PyObject *policy_arg, row_sink sink);
void batch_end(batch_run *b);

/* Room for n rows. 0, or -1 with an exception, ParamError for too many. */
int batch_reserve(batch_run *b, size_t n);

/* The head of a new template. */
typedef struct template_head {
    asc_msg_head msg; /* complete */
    bool writes, sends_key, has_bins;
    PyObject *filter; /* borrowed: bytes, or NULL */
} template_head;

/* Begin a template: the fields behind the user key and the operations are then
 * appended to b->bytes through w, which counts them. 0, or -1 with MemoryError. */
int template_begin(batch_run *b, asc_writer *w);
/* Its head can be written only now, when the operations are known. */
int template_end(batch_run *b, asc_writer *w, const template_head *head);

/* Add a row of the newest template. key: what the caller wrote; target may be NULL, and
 * is taken. 0, or -1 with ParamError. */
int batch_add(batch_run *b, PyObject *key, PyObject *target);

/* There is an exception about row i: make it say so. */
void batch_name_index(module_state *st, Py_ssize_t i);

/* Run it. 0, or -1 with an exception: a signal's, a sink's, or the failure of a batch
 * of which nothing was answered. */
int batch_execute(batch_run *b);

/* (key, meta, bins), or (key, meta), of a row. */
PyObject *batch_record(batch_run *b, const batch_row *row, PyObject *key, asc_msg *m);

#endif
