/* record/record_call.h -- one call on one record: from the arguments of a method to its
 * result.
 *
 * A method is a row (record_row) that says what is particular about it. A call by that
 * row takes three steps:
 *
 *     record_prepare   makes the message of the arguments;
 *     record_run       sends it and waits for the reply, without the GIL;
 *     record_finish    makes the result of the reply, or raises.
 *
 * Between the steps a call owns all that it needs, the objects included that an error
 * shows. So a driver that does not wait can take the place of the second step: it has
 * the first and the third in common with the blocking one. */
#ifndef CORE_RECORD_RECORD_CALL_H
#define CORE_RECORD_RECORD_CALL_H

#include "loop/method.h"
#include "transactions/command.h"
#include "values/keys.h"
#include "values/values.h"

#define RECORD_MAX_ARGS 5

typedef struct record_call record_call;

/* What a call in a transaction has besides. */
typedef struct record_txn {
    txn_command command;
    uint32_t set;       /* the number of its set */
    size_t fields_at;   /* where its fields go in the message */
    bool is_unanswered; /* the request has left, or may have */
} record_txn;

/* What is particular about a method. The first argument is always the key. The
 * functions are called with the GIL, and what argv[] holds is borrowed: it must not be
 * kept. */
typedef struct record_row {
    const char *name;                      /* of the method, for errors */
    const char *args[RECORD_MAX_ARGS + 1]; /* their names, ended by NULL */
    int n_required;                        /* so many of them must be given */
    int meta_at, policy_at; /* which arguments these are; 0: there is none */
    int shown_at;           /* which argument an error shows as its bin; 0: none */
    bool shows_operations;  /* that argument has operations, not bins; or encode sets
                               what an error shows, which is no bin either */
    bool explains_missing;  /* a record that is not there is no frequent answer */
    policy_kind kind;
    uint8_t info1, info2; /* bits of the header. A call whose row has bits in info1
                             reads, and one whose row has bits in info2 writes */
    uint8_t code;         /* ASC_OP_* of the operation that encode appends, if it
                             appends one kind only */

    /* For encode: is the operand of that operation of a right type? 0, or -1 with
     * ParamError. */
    int (*check)(module_state *st, PyObject *operand);

    bool any_meta; /* unknown keys of meta are never refused, only warned of */

    /* Move arguments that may stand at each other's places to their own. NULL: there
     * are none. */
    void (*sort)(module_state *st, PyObject **argv);

    /* Append the operations to the message, and complete what depends on arguments:
     * head, meta, reads, writes. 0, or -1 with an exception. NULL: there is nothing to
     * append. */
    int (*encode)(record_call *c, PyObject *const *argv);

    /* Make the result of a reply without error. NULL with an exception. */
    PyObject *(*decode)(record_call *c);

    /* Make the result when there is no such record. NULL: that is an error. */
    PyObject *(*decode_absent)(record_call *c);
} record_row;

/* One call. It must stay at its place from record_prepare() to record_end(), for it
 * points into itself. */
struct record_call {
    const record_row *row;
    module_state *st;
    /* Client, key and bin are the caller's arguments. They are owned by a call in an
     * event loop. One that waits borrows them, for its caller holds them until it
     * returns: all threads would write to their counts. */
    ClientObject *client;
    asc_cluster *cluster; /* call keeps it: close() may race us */
    asc_call *call;       /* taken from the client */
    asc_request *req;     /* of call */
    PyObject *key_arg;    /* the key as the caller wrote it; key borrows from it, and
                          errors show it */
    PyObject *shown;      /* what an error shows as its bin, or NULL */
    PyObject *made; /* owned: shown, where the call has made it or owns it; or NULL */
    policy pol;
    record_meta meta;
    record_key key;
    record_txn *in_txn; /* owned, or NULL */
    PyObject *outcome;  /* owned: where to write what became of the call, or NULL */
    LoopObject *loop;   /* borrowed from the call of an AsyncClient, or NULL */
    bool is_sent;       /* such a call has been submitted */
    bool reads, writes;
    bool asks_for_pairs; /* for the row whose decode looks at it */
    asc_msg_head head;   /* written a second time when all of it is known */
    asc_writer writer;   /* appends the message to req->out */
    encoder enc;         /* appends values to the same */
    asc_error err;       /* set when record_run() returns 1 */
};

/* Make the request of the arguments, which are borrowed for as long as this takes;
 * those not given are NULL. This may run Python code. 0, or -1 with an exception;
 * record_end() is to be called in either case. */
int record_prepare(record_call *c, const record_row *row, PyObject *self,
                   PyTypeObject *cls, PyObject **argv);

/* Send the request and wait for its reply, without the GIL. 0: the reply is there; 1:
 * the call failed, and c->err says how; -1: the handler of a signal has raised. */
int record_run(record_call *c);

/* Make the result of what record_run() returned, or raise: a new reference, or NULL. */
PyObject *record_finish(record_call *c, int rc);

/* Give back all that the call has. */
void record_end(record_call *c);

/* The body of a method of an AsyncClient, by the name that it has there. */
PyObject *record_method_async(const record_row *row, const char *method, METHOD_PARAMS);

/* The body of a method: sort the arguments, then the three steps. */
PyObject *record_method(const record_row *row, METHOD_PARAMS);

#endif
