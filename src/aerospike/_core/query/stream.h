/* query/stream.h -- what comes from a query or scan, one item after another: records,
 * or the values that functions make of them (query/aggregate.c). */
#ifndef CORE_QUERY_STREAM_H
#define CORE_QUERY_STREAM_H

#include "clients/client.h"
#include "query/request.h"
#include "query/tracker.h"

/* The set hands up the frames of an unfinished reply when so many bytes have come. */
#define GATHER_BYTES (128u << 10)

typedef struct StreamObject StreamObject;

/* What the items of a stream are, and how they come. */
typedef struct stream_kind {
    const char *items; /* what repr() calls them */
    /* The next item of the part that is being read. NULL without an exception when the
     * part has no more for now, with one when the item cannot be made. */
    PyObject *(*next_of_part)(StreamObject *s, module_state *st);
    /* Begin another round, now that all parts have ended. 1: its requests are written;
     * 0: nothing is left; -1 with an exception. */
    int (*go_on)(StreamObject *s, module_state *st);
    /* Let go of what is under way, if there is anything, without waiting. */
    void (*close)(StreamObject *s);
} stream_kind;

/* aerospike._core.Stream */
struct StreamObject {
    PyObject_HEAD
    const stream_kind *kind; /* static */
    PyObject *client;        /* owned: ask.rules is borrowed from it */
    asc_cluster *cluster;    /* counted */
    asc_set *set;            /* borrowed: of the query or of values; NULL: closed */
    query_request ask;
    bool is_busy;      /* a thread is at work in the stream */
    asc_part *part;    /* borrowed from the set: whose frames are being read, or NULL */
    asc_frames frames; /* how far they are read */
    size_t since_turn; /* bytes read since other threads had the GIL */

    /* Of records: */
    asc_query *query;       /* owned; NULL: closed */
    TrackerObject *tracker; /* owned */
    bool with_partition;    /* items are (partition, record) */
    bool lends; /* a record that was given counts as read only when the next one is
                   asked for: the caller may still fail with it (foreach()) */
    bool lent;  /* there is such a record; closing the stream takes it back */

    /* Of values: */
    asc_set *own_set; /* owned; NULL: closed */
};

/* Make two types that are not for users, Stream and Tracker, and put them into the
 * module. 0, or -1 with an exception. */
int stream_types_init(PyObject *module, module_state *st);

/* A new stream that knows what is asked for, and is closed as yet. NULL with an
 * exception. */
StreamObject *stream_new(module_state *st, PyObject *client, policy_kind policy,
                         PyObject *spec, PyObject *policy_arg);

/* Have a function of Python look at the cluster, unless there is none, or the policy or
 * the choice of one node says that it does not matter. It gets total_timeout and
 * returns what it has left of it. 0, or -1 with an exception. */
int stream_look_before(StreamObject *s, PyObject *begin);

/* Make a number for the job of the stream: a node refuses the number of a job that it
 * knows. This runs Python code. 0, or -1 with an exception. */
int stream_renew_task_id(StreamObject *s, module_state *st);

/* Open the next message of the part that is being read. False when it has none for now,
 * and the stream has no part then. */
bool stream_next_message(StreamObject *s, asc_msg *m, asc_error *err);

/* Raise an error of the library, with what was asked for. Returns -1. */
int stream_raise(StreamObject *s, module_state *st, const asc_error *err);

/* Add what was asked for to the exception that is set. */
void stream_explain(StreamObject *s, module_state *st);

/* Rows of the methods of aerospike.Client that start queries, ended by a row of
 * NULLs. */
extern const PyMethodDef query_methods[];

#endif
