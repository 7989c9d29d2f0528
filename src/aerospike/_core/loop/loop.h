/* loop/loop.h -- a client in one event loop: the library's loop (asc/loop.h), whose
 * descriptor the event loop watches.
 *
 * An AsyncClient has one for each event loop that uses it; they share the client's
 * cluster. What is submitted in one iteration of the event loop leaves at its end. */
#ifndef CORE_LOOP_LOOP_H
#define CORE_LOOP_LOOP_H

#include "asc/loop.h"
#include "clients/client.h"
#include "loop/pending.h"

/* The loop of a client for the event loop that runs in this thread, made when it is the
 * first call there: borrowed from the client. NULL with an exception: no event loop
 * runs, or the client is closed. A client that is not connected has none: see
 * async_client_is_open(). */
LoopObject *loop_of_client(module_state *st, ClientObject *client);

/* Submit to it; the call is gone on with when the library hands it out. */
void loop_submit_call(LoopObject *loop, PendingObject *p, asc_call *call,
                      asc_error *err);
void loop_submit_set(LoopObject *loop, PendingObject *p, asc_set *set);

/* Give up what was submitted. May a write be applied all the same? */
bool loop_abandon_call(LoopObject *loop, asc_call *call);
bool loop_abandon_set(LoopObject *loop, asc_set *set);

#endif
