/* loop/loop.h -- a client in one event loop: the library's loop (asc/loop.h), whose
 * descriptor the event loop watches.
 *
 * An AsyncClient has one for each event loop that uses it; they share the client's
 * cluster. What is submitted in one iteration of the event loop leaves at its end. */
#ifndef CORE_LOOP_LOOP_H
#define CORE_LOOP_LOOP_H

#include "loop/event_loop.h"
#include "loop/pending.h"

/* aerospike._core.AsyncClient */
typedef struct AsyncClientObject {
    ClientObject client;
    /* With the lock of the client only: */
    LoopObject *loops; /* owned: a list, one for each event loop, and those driven by
                        * hand for whose calls close() waits */
    LoopObject *last;  /* borrowed: the one that was used last, or NULL */
} AsyncClientObject;

/* The loop of an AsyncClient for the event loop that runs in this thread, made when
 * this is the first call there: a new reference. NULL with an exception; without one,
 * when no event loop runs. While the client has not connected its loop
 * takes no requests; client_cluster() tells. */
LoopObject *loop_of_client(module_state *st, ClientObject *client);

/* Submit to it; the call is gone on with when the library hands it out. */
void loop_submit_call(LoopObject *l, PendingObject *p, asc_call *call, asc_error *err);
void loop_submit_set(LoopObject *l, PendingObject *p, asc_set *set);

/* Is a call under way that was submitted, so that the one whose it is will go on once
 * more because of it? */
bool loop_has_call(LoopObject *l, asc_call *call);

/* Give up what was submitted. May a write be applied all the same? */
bool loop_abandon_call(LoopObject *l, asc_call *call);
bool loop_abandon_set(LoopObject *l, asc_set *set);

/* The slots of the type AsyncClient, besides those of clients. */
void async_client_dealloc(PyObject *self);
int async_client_traverse(PyObject *self, visitproc visit, void *arg);
int async_client_clear(PyObject *self);

/* PyMethodDef rows of AsyncClient; a row of NULLs ends the array. */
extern const PyMethodDef loop_methods[];

/* Make the types of this room. 0, or -1 with an exception. */
int loop_types_init(PyObject *module, module_state *st);

#endif
