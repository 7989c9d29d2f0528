/* batch/batch.h -- one batch under way.
 *
 * Its rows come from Python: each is a key and what is asked for it. The rows of one
 * node make a part (asc/set.h), which is one request. Each answer of a node goes back
 * to its row, and from there to a sink, which makes Python objects of it. A method
 * begins a batch, adds templates and rows, executes it, makes its result of what the
 * rows got, and ends it. */
#ifndef CORE_BATCH_BATCH_H
#define CORE_BATCH_BATCH_H

#include "asc/batch.h"
#include "values/bins.h"
#include "clients/client.h"
#include "values/keys.h"
#include "operations/operations.h"

/* Does the result code of a row say no more than that there is no record to give? Such
 * a row has not failed. */
static inline bool
gives_no_record(asc_status code)
{
    return code == ASC_ERR_RECORD_NOT_FOUND || code == ASC_ERR_FILTERED_OUT;
}

/* A template: what a row asks for, without its key. Rows that ask for the same share
 * one. It is three pieces of finished bytes, and numbers that say where these lie in
 * batch_run.bytes. In a request they stand around the bytes of the key:
 *
 *     head, namespace and set, fields, user key, tail
 *
 * In batch_run.bytes the order is tail, head, fields: the tail comes from Python
 * objects and is written first, because only then is it known what the head must
 * say. */
typedef struct row_template {
    size_t tail, tail_end;     /* the fields behind the user key, and the operations */
    size_t head;               /* to `fields`: flags, INFO bits, generation, ttl */
    size_t fields, fields_end; /* the fields before the user key: the filter */
    uint16_t n_fields, n_ops;  /* n_fields: without namespace, set and user key */
    bool writes, sends_key;
    bool has_bins;   /* its record is (key, meta, bins), not (key, meta) */
    PyObject *asked; /* owned: the operations, or (module, function), for the messages
                        of rows; or NULL */
} row_template;

/* One entry of a batch. */
typedef struct batch_row {
    record_key key;    /* whose namespace, set and user key the row owns */
    PyObject *given;   /* owned: the key as the caller wrote it */
    PyObject *target;  /* owned: what the result goes into, or NULL until the
                         sink makes it */
    PyObject *held;    /* owned: a copy of a user key that may change, or NULL */
    uint32_t template; /* the number of its template */
    bool is_told;      /* the sink has taken its outcome */
} batch_row;

typedef struct batch_run batch_run;

/* A function that takes the outcome of a row. When err is NULL, m is the message that
 * answers the row, its header parsed and its bins yet to be read; else err says how the
 * row failed, and m is NULL. 0, or -1 with an exception. It may run Python code. */
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
    PyObject *records; /* owned: the caller's BatchRecords of batch_write(), or NULL */
    PyObject
        *refused; /* owned: a list of (record, message), those of batch_write() that
                          are not sent because their expressions are wrong; or NULL */
    bool failed;  /* a row has failed, in the sense of gives_no_record() */
    bool is_out;  /* requests have left, or may have */
    size_t n_answered;       /* rows that a server answered */
    size_t n_explained;      /* rows whose message says what their error is about */
    asc_error first_failure; /* why the first row without an answer has none; code 0:
                                there is no such row. It is in doubt when any of these
                                rows is */
};

/* Begin a batch: parse the policy of the whole batch, and connect the client if it has
 * not connected yet. 0, or -1 with an exception. batch_end() is to be called in either
 * case. */
int batch_begin(batch_run *b, PyObject *self, PyTypeObject *cls, policy_kind kind,
                PyObject *policy_arg, row_sink sink);

/* Drop all that the batch owns; requests under way are abandoned. */
void batch_end(batch_run *b);

/* Make room for n rows, once, before any is added. 0, or -1 with an exception, which is
 * ParamError for too many. */
int batch_reserve(batch_run *b, size_t n);

/* What template_end() needs to know of a template. */
typedef struct template_head {
    asc_msg_head msg; /* as the header of a request for one such record would be */
    bool writes, sends_key, has_bins;
    PyObject *filter; /* borrowed: bytes, or NULL */
} template_head;

/* Begin a template. Its tail is then appended to b->bytes through w, which counts the
 * fields and operations. 0, or -1 with MemoryError. */
int template_begin(batch_run *b, asc_writer *w);

/* End a template: write its head and the fields before the user key. Only from here on
 * does the template exist; when its tail cannot be written, nothing has to be undone.
 * 0, or -1 with MemoryError. */
int template_end(batch_run *b, asc_writer *w, const template_head *head);

/* Add a row of the newest template. key is what the caller wrote. target may be NULL;
 * it is taken, even after a failure. 0, or -1 with ParamError. */
int batch_add(batch_run *b, PyObject *key, PyObject *target);

/* Make the exception that is set say that it is about the key of row i. An exception
 * that is not one of ours stays as it is. Returns -1. */
int batch_name_index(module_state *st, PyObject *key, Py_ssize_t i);

/* Run the batch until every row has its outcome. 0, or -1 with an exception: a
 * signal's, a sink's, or the failure of a batch of which no row was answered. */
int batch_execute(batch_run *b);

/* The record in the answer m to a row: (key, meta, bins), or (key, meta), as its
 * template says. NULL with an exception. */
PyObject *batch_record(batch_run *b, const batch_row *row, PyObject *key, asc_msg *m);

#endif
