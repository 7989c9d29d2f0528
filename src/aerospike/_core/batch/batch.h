/* batch/batch.h -- one batch under way.
 *
 * Its rows come from Python: each is a key and what is asked for it. The rows of one
 * node make a part (asc/set.h), which is one request. Each answer of a node goes back
 * to its row, and from there to a sink, which makes Python objects of it.
 *
 * A method begins a batch and gives it the items that the caller wants something of:
 * keys, or batch records. From there on the batch goes through its stages, in slices:
 *
 *     ADDS <-> HASHES <- READIES
 *                |
 *                v
 *             REGISTERS (in a transaction; it WAITS, too)
 *                |
 *                v
 *              ROUTES -> WRITES -> WAITS -> READS <-> FAILS
 *                ^                            |
 *                +------ rows go again -------+-> FINISHES -> ENDED
 *
 * A blocking method goes through them all (batch_execute()), and gives other threads
 * a turn after each slice. HASHES, ROUTES and WRITES touch no Python object: it does
 * them without the GIL. A call in an event loop (batch_call.h) gives the loop a turn.
 * Between two slices any Python code may run, so that the batch owns all that it needs:
 * the UTF-8 of a str is inside the str, which its row owns. */
#ifndef CORE_BATCH_BATCH_H
#define CORE_BATCH_BATCH_H

#include "asc/batch.h"
#include "asc/reader.h"
#include "values/bins.h"
#include "clients/client.h"
#include "values/keys.h"
#include "operations/operations.h"
#include "support/collector.h"
#include "transactions/command.h"

/* Does the result code of a row say no more than that there is no record to give? Such
 * a row has not failed. */
static inline bool
gives_no_record(asc_status code)
{
    return code == ASC_ERR_RECORD_NOT_FOUND || code == ASC_ERR_FILTERED_OUT;
}

/* A template: what a row asks for, without its key. Rows that ask for the same share
 * one. It is three pieces of finished bytes, and numbers that say where these lie in
 * batch_memory.bytes. In a request they stand around the bytes of the key:
 *
 *     head, namespace and set, fields, user key, tail
 *
 * In batch_memory.bytes the order is tail, head, fields: the tail comes from Python
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

/* Namespace and set of rows, which are parsed once for all rows that have them. */
typedef struct row_names {
    key_names of;    /* whose two objects are owned */
    uint16_t number; /* of the namespace, in the library */
    uint32_t set;    /* the number of the set in the transaction, if there is one */
} row_names;

/* One entry of a batch. */
typedef struct batch_row {
    PyObject *given;   /* owned: the key as the caller wrote it */
    PyObject *held;    /* owned: what `user` borrows from besides `given`, or NULL */
    PyObject *target;  /* owned: what the result goes into, or NULL until the
                         sink makes it */
    given_key user;    /* borrowed from given, or held */
    uint32_t names;    /* the number of its names */
    uint32_t template; /* the number of its template */
    uint8_t digest[ASC_DIGEST_SIZE]; /* known from HASHES on */
    bool is_told;                    /* the sink has taken its outcome */
} batch_row;

/* The memory of a batch, which goes to the next one when the batch ends. */
typedef struct batch_memory {
    PyObject **items; /* owned, as all here */
    row_names *names;
    row_template *templates;
    batch_row *rows;
    asc_buf bytes; /* of the templates */
    size_t cap_items, cap_names, cap_templates, cap_rows;
} batch_memory;

typedef struct batch_run batch_run;

/* What is particular about the method that has begun a batch. Each function returns 0,
 * or -1 with an exception, unless it says something else; NULL: there is nothing to
 * do. All may run Python code. */
typedef struct batch_method {
    /* Add the row of an item, which is the i-th and is taken. */
    int (*add)(batch_run *b, PyObject *item, Py_ssize_t i);

    /* All items have become rows: make each row ready to be sent, and then the whole
     * batch. */
    int (*ready_row)(batch_run *b, batch_row *row);
    int (*ready)(batch_run *b);

    /* The sink: take the outcome of a row. When err is NULL, m is the message that
     * answers the row, its header parsed and its bins yet to be read; else err says how
     * the row failed, and m is NULL. */
    int (*sink)(batch_run *b, batch_row *row, asc_msg *m, const asc_error *err);
    bool sink_raises; /* the error of a row, which ends the batch */

    /* Make the result, of which a new reference is returned or NULL with an exception.
     * list is taken: it has the targets of all rows when lists_targets is set, and is
     * NULL otherwise. */
    PyObject *(*finish)(batch_run *b, PyObject *list);
    bool lists_targets;

    /* A row that writes has no outcome and will get none, after requests have left.
     * This cannot fail, and no exception is set. */
    void (*leave)(batch_run *b, batch_row *row);

    /* Drop what the method keeps in b->of_method. */
    void (*clear)(batch_run *b);
} batch_method;

/* How far a batch has come. */
typedef enum batch_stage {
    BATCH_ADDS,      /* items become rows */
    BATCH_READIES,   /* rows are made ready to be sent */
    BATCH_HASHES,    /* rows get their digests: those added since the last time */
    BATCH_REGISTERS, /* keys of rows that write, with the transaction */
    BATCH_ROUTES,    /* rows are given to nodes, as parts */
    BATCH_WRITES,    /* the requests of the parts are written */
    BATCH_WAITS,     /* for parts of the set: the driver waits */
    BATCH_READS,     /* what has come is read */
    BATCH_FAILS,     /* the rows of a part that has failed get its error */
    BATCH_FINISHES,  /* the result is made */
    BATCH_ENDED,
} batch_stage;

/* The size of a slice is a number of bytes that are read or written; a row counts as so
 * many of them. A blocking method takes the larger slices, which last about a
 * millisecond. A call in an event loop takes the smaller ones, as many as it has time
 * for. */
#define ROW_WORK 32
#define SLICE_OF_THREAD BYTES_PER_TURN
#define SLICE_OF_LOOP (4 << 10)

struct batch_run {
    module_state *st;
    const batch_method *method; /* static */
    ClientObject *client;       /* owned */
    asc_cluster *cluster;       /* counted */
    struct batch_store *store;  /* owned: where the memory goes at the end */
    batch_memory memory;
    asc_batch *batch; /* owned */
    policy_kind kind;
    policy pol; /* of the whole batch */
    bool strict;
    batch_stage stage;
    size_t left;             /* of the slice */
    size_t at;               /* how far the stage has come */
    size_t n_items, item_at; /* items from item_at on are the batch's */
    size_t n_templates, n_names, n_rows, n_hashed;
    asc_part *part;     /* borrowed from the set: what is written, or read */
    asc_writer writer;  /* WRITES: of the part's request */
    size_t rows_start;  /* likewise: where the field of its rows begins */
    size_t n_read;      /* READS: messages of the part */
    txn_command in_txn; /* of the transaction of the policy, from REGISTERS on */
    uint64_t version;   /* WRITES, in a transaction: of the row before */
    bool part_doubt;    /* FAILS: rows of the part that write are in doubt */
    PyObject *list;     /* FINISHES: owned, of the targets so far; or NULL */
    PyObject *result;   /* ENDED: owned */
    PyObject *records; /* owned: the BatchRecords that the caller gets, or NULL; that of
                          batch_write() is the caller's own */
    PyObject
        *refused;     /* owned: a list of (record, message), those of batch_write() that
                          are not sent because their expressions are wrong; or NULL */
    void *of_method;  /* owned: what the method keeps while it adds rows, or NULL */
    bool failed;      /* a row has failed, in the sense of gives_no_record() */
    bool is_out;      /* requests have left, or may have */
    bool has_written; /* a row that writes was carried out, or may have been */
    size_t n_answered;       /* rows that a server answered */
    size_t n_explained;      /* rows whose message says what their error is about */
    asc_error first_failure; /* why the first row without an answer has none; code 0:
                                there is no such row. It is in doubt when any of these
                                rows is */
};

/* Begin a batch: parse the policy of the whole batch, and connect the client if it has
 * not connected yet. 0, or -1 with an exception. batch_end() is to be called in either
 * case. */
int batch_begin(batch_run *b, PyObject *self, PyTypeObject *cls,
                const batch_method *method, policy_kind kind, PyObject *policy_arg);

/* *p = the policy of a record of the batch: its dictionary (NULL or None: it has none)
 * over the client's defaults of the kind, which inherit from the policy of the whole
 * batch (policy_inherit()). 0, or -1 with an exception. */
int batch_row_policy(const batch_run *b, policy *p, policy_kind kind, PyObject *dict);

/* Take what a list or a tuple holds as the items of the batch, once: what becomes of
 * the list afterwards is of no interest. 0, or -1 with an exception, which is
 * ParamError for too many. */
int batch_take_items(batch_run *b, PyObject *items);

/* The set that a batch waits for. */
static inline asc_set *
batch_waits_for(const batch_run *b)
{
    return b->in_txn.registers != NULL ? asc_ending_set(b->in_txn.registers)
                                       : asc_batch_set(b->batch);
}

/* Go on for a slice of so much work. 0: the stage says what is next; when it is
 * BATCH_WAITS, the driver waits for batch_waits_for() before it calls again. -1 with
 * an exception: the batch has failed, and its method has been told of the rows that are
 * left. */
int batch_go_on(batch_run *b, size_t work);

/* Go through all stages in the calling thread. A new reference to the result, or NULL
 * with an exception: a signal's, a sink's, or the failure of a batch of which no row
 * was answered. */
PyObject *batch_execute(batch_run *b);

/* The caller gives up a batch that has not ended, of which nothing is under way or will
 * be abandoned next. May something have been written all the same? */
bool batch_give_up(batch_run *b);

/* Drop some of what an ended batch owns: what takes 0.1 ms or so. False: what is left
 * is as quickly dropped by batch_end(). */
bool batch_drop_some(batch_run *b);

/* Drop all that the batch owns; requests under way are abandoned. A zeroed batch is
 * fine. */
void batch_end(batch_run *b);

/* What template_end() needs to know of a template. */
typedef struct template_head {
    asc_msg_head msg; /* as the header of a request for one such record would be */
    bool writes, sends_key, has_bins;
    PyObject *filter; /* borrowed: bytes, or NULL */
} template_head;

/* Begin a template. Its tail is then appended to the bytes of b->memory through w,
 * which counts the fields and operations. 0, or -1 with MemoryError. */
int template_begin(batch_run *b, asc_writer *w);

/* End a template: write its head and the fields before the user key. Only from here on
 * does the template exist; when its tail cannot be written, nothing has to be undone.
 * 0, or -1 with MemoryError. */
int template_end(batch_run *b, asc_writer *w, const template_head *head);

/* Add a row of the newest template. key is what the caller wrote. target may be NULL.
 * Both are taken unless that fails. 0, or -1 with ParamError. */
int batch_add(batch_run *b, PyObject *key, PyObject *target);

/* The key of a row, which borrows all. */
static inline record_key
batch_key_of(const batch_run *b, const batch_row *row)
{
    record_key k = {.names = b->memory.names[row->names].of, .user = row->user};
    memcpy(k.digest, row->digest, sizeof k.digest);
    return k;
}

/* The same as a tuple: a new reference, or NULL with an exception. A record_key would
 * be a copy, which takes as long as the tuple. */
static inline PyObject *
batch_key_to_py(const batch_run *b, const batch_row *row)
{
    return key_to_py(b->st, &b->memory.names[row->names].of, &row->user, row->digest);
}

/* Make the exception that is set say that it is about the key of row i. An exception
 * that is not one of ours stays as it is. Returns -1. */
int batch_name_index(module_state *st, PyObject *key, Py_ssize_t i);

/* The record in the answer m to a row: (key, meta, bins), or (key, meta), as its
 * template says. It takes the key, even after a failure: NULL with an exception. */
PyObject *batch_record(batch_run *b, const batch_row *row, PyObject *key, asc_msg *m);

#endif
