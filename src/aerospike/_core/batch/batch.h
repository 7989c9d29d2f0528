/* batch/batch.h -- one batch under way. Its rows come from Python: each is a key and
 * what is asked for it. The rows of one node make a part (asc/set.h), which is one
 * request; the replies go back to the rows. */
#ifndef CORE_BATCH_BATCH_H
#define CORE_BATCH_BATCH_H

#include "asc/batch.h"
#include "values/bins.h"
#include "client/client.h"
#include "values/keys.h"
#include "operations/operations.h"

/* Does the result code of a row say merely that there is no record to give? */
static inline bool
gives_no_record(asc_status code)
{
    return code == ASC_ERR_RECORD_NOT_FOUND || code == ASC_ERR_FILTERED_OUT;
}

/* A template: what a row asks for, without its key. It is finished bytes in
 * batch_run.bytes, from one place to another; rows that ask for the same share one. In
 * a request the pieces stand around those of the key: head, namespace and set, fields,
 * user key, tail. */
typedef struct row_template {
    size_t tail, tail_end;     /* the other fields, and the operations */
    size_t head;               /* up to fields: what comes first, to the time to live */
    size_t fields, fields_end; /* the fields that stand before the user key */
    uint16_t n_fields, n_ops;  /* fields: beside namespace, set and user key */
    bool writes, sends_key;
    bool has_bins; /* its record is (key, meta, bins), not (key, meta) */
} row_template;

/* One entry of a batch. */
typedef struct batch_row {
    record_key key;
    PyObject *given;   /* owned: the key as the caller wrote it */
    PyObject *target;  /* owned: what the result goes into, or NULL until the
                         sink makes it */
    PyObject *held;    /* owned: the bytes of a user key that may change, or NULL */
    uint32_t template; /* the number of its template */
} batch_row;

typedef struct batch_run batch_run;

/* What takes the outcome of a row: the message m, opened, when err is NULL; else how
 * the row failed. 0, or -1 with an exception. */
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
    bool failed;       /* a row has a code that tells of more than of no record */
    bool is_out;       /* requests have left, or may have */
    size_t n_answered; /* rows that a server answered */
    asc_error first_failure; /* of rows that no server answered; code 0: none. It is in
                                doubt when any of them is */
};

/* Begin a batch: parse the policy of the whole. 0, or -1 with an exception. batch_end()
 * is to be called in either case. */
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
/* End it: its head can be written only when the operations are known. 0, or -1 with
 * MemoryError. */
int template_end(batch_run *b, asc_writer *w, const template_head *head);

/* Add a row of the newest template. key: what the caller wrote; target may be NULL, and
 * is taken. 0, or -1 with ParamError. */
int batch_add(batch_run *b, PyObject *key, PyObject *target);

/* The exception that is set is about the key of row i: when it is one of ours, make it
 * say so. */
void batch_name_index(module_state *st, Py_ssize_t i);

/* Run the batch until every row has its outcome. 0, or -1 with an exception: a
 * signal's, a sink's, or the failure of a batch of which no row was answered. */
int batch_execute(batch_run *b);

/* The record in the answer m to a row: (key, meta, bins), or (key, meta), as its
 * template says. NULL with an exception. */
PyObject *batch_record(batch_run *b, const batch_row *row, PyObject *key, asc_msg *m);

#endif
