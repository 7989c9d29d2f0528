/* query/stream.h -- what comes from a query or scan, one item after another: records,
 * or the values that functions make of them (query/aggregate.c). */
#ifndef CORE_QUERY_STREAM_H
#define CORE_QUERY_STREAM_H

#include <stdatomic.h>

#include "clients/client.h"
#include "loop/loop.h"
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

/* aerospike._core.Stream, and AsyncStream (query/awaited.c). */
struct StreamObject {
    PyObject_HEAD
    const stream_kind *kind; /* static */
    PyObject *client;        /* owned: ask.rules is borrowed from it */
    asc_cluster *cluster;    /* counted */
    _Atomic(asc_set *) set; /* borrowed: of the query or of values; NULL: closed. repr()
                                looks at it while another thread is at work */
    query_request ask;
    atomic_uint n_at_work;  /* in it: a thread, or a task and what it waits for */
    atomic_bool is_stopped; /* by another thread: the next wait fails */
    asc_part *part;    /* borrowed from the set: whose frames are being read, or NULL */
    size_t at;         /* how many of its messages are read */
    size_t since_turn; /* bytes read since other threads had the GIL */

    /* Of records: */
    asc_query *query;       /* owned; NULL: closed */
    TrackerObject *tracker; /* owned */
    bool with_partition;    /* items are (partition, record) */
    bool lends; /* a record that was given counts as read only when the next one is
                   asked for: the caller may still fail with it (foreach()) */
    bool lent;  /* there is such a record; closing the stream takes it back */
    uint64_t n_given; /* records, without those that were taken back */

    /* Of values: */
    asc_set *own_set; /* owned; NULL: closed */

    /* Of an AsyncStream: */
    LoopObject *loop; /* owned: the one that it was opened in, or NULL */
    bool is_over;     /* it has ended; otherwise one that is closed is yet to open, or
                         opens again where it was when its wait was cancelled */
};

/* How far a stream has come without waiting. */
typedef enum stream_step {
    STREAM_RAISED = -1, /* with an exception */
    STREAM_OVER,        /* nothing is left */
    STREAM_PART,        /* there is a part to read */
    STREAM_WAITS,       /* its set has nothing to take yet */
} stream_step;

/* Make two types that are not for users, Stream and Tracker, and put them into the
 * module. 0, or -1 with an exception. */
int stream_types_init(PyObject *module, module_state *st);

/* A new stream of a type that knows what is asked for; it has no cluster and is closed
 * as yet. NULL with an exception. */
StreamObject *stream_make(module_state *st, PyTypeObject *type, PyObject *client,
                          policy_kind policy, PyObject *spec, PyObject *policy_arg);

/* A new Stream that has a cluster, which the client may have to connect to. NULL with
 * an exception. */
StreamObject *stream_new(module_state *st, PyObject *client, policy_kind policy,
                         PyObject *spec, PyObject *policy_arg);

/* Make a stream of records of the arguments of _stream(), of which `tracker` is one:
 * it is closed as yet. NULL with an exception. */
StreamObject *stream_of_records(METHOD_PARAMS, PyTypeObject *type);

/* Begin the query of a stream that has everything else. From then on it uses the
 * tracker, until stream_shut(). 0, or -1 with an exception. */
int stream_open(StreamObject *s, module_state *st);

/* Close it, if it is not closed. */
void stream_shut(StreamObject *s);

/* Begin to work in the stream, which one thread or task at a time may do, until
 * stream_leave(). 0, or -1 with ClientError. */
int stream_enter(StreamObject *s, module_state *st);

static inline void
stream_leave(StreamObject *s)
{
    atomic_fetch_sub_explicit(&s->n_at_work, 1, memory_order_release);
}

/* Make s->part the part that has frames, and begin the next round when all parts of
 * one have ended. A part without frames is taken, too, when it has failed: its kind may
 * want to know. */
stream_step stream_go_on(StreamObject *s, module_state *st);

/* Append the items that the part has by now to a list until it has max, or others are
 * to have a turn, with the collector at rest. 1: it is time for a turn, before which
 * the caller sets since_turn back; 0; or -1 with an exception. */
int stream_append(StreamObject *s, module_state *st, PyObject *list, Py_ssize_t max);

/* The slots of both types. */
int stream_traverse(PyObject *self, visitproc visit, void *arg);
void stream_dealloc(PyObject *self);
PyObject *stream_repr(PyObject *self);

/* Is somebody to look at the cluster before? The policy, or the choice of one node, may
 * say that it does not matter. */
bool stream_is_to_look(const StreamObject *s);

/* Have a function of Python look at it then, unless there is none. It gets
 * total_timeout and returns what it has left of it. 0, or -1 with an exception. */
int stream_look_before(StreamObject *s, PyObject *begin);

/* Make a number for the job of the stream: a node refuses the number of a job that it
 * knows. This runs Python code. 0, or -1 with an exception. */
int stream_renew_task_id(StreamObject *s, module_state *st);

/* Open the next message of the part that is being read, and read its fields. False when
 * it has none for now, and the stream has no part then. */
bool stream_next_message(StreamObject *s, asc_msg *m, asc_msg_record *r);

/* Raise an error of the library, with what was asked for. Returns -1. */
int stream_raise(StreamObject *s, module_state *st, const asc_error *err);

/* Add what was asked for to the exception that is set. */
void stream_explain(StreamObject *s, module_state *st);

/* How the nodes have answered that were asked to start background work. */
typedef struct starts {
    asc_error first_failure; /* code 0: none */
    bool any_begun;          /* a node is at work, or may be */
} starts;

/* Begin to start work on all nodes, of a stream that has a cluster: the set waits for
 * what they answer. 0, or -1 with an exception. */
int starts_begin(StreamObject *s, module_state *st, asc_set *set);

/* Note the answers that are there. */
void starts_note(starts *outcome, asc_set *set);

/* The number of the job, when each node has answered: a new reference; NULL with the
 * exception of the first node that failed, in doubt when any node has begun. */
PyObject *starts_result(starts *outcome, StreamObject *s, module_state *st);

/* Rows of the methods of aerospike.Client that start queries, ended by a row of
 * NULLs. */
extern const PyMethodDef query_methods[];

#endif
