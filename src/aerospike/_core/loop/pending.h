/* loop/pending.h -- what a call of an AsyncClient gives: an object to await.
 *
 * It is three things at once, so that all that asyncio has takes it: an awaitable; a
 * future (add_done_callback(), result(), cancel(), ...), which is its own only way to be
 * waited for; and a coroutine (send(), throw(), close()), which create_task() and task
 * groups ask for. The call has begun when the object is made. An error of its
 * arguments is raised where it is awaited, like any other.
 *
 * What is particular about a sort of calls stands in a pending_kind, which lives in the
 * room of those calls. */
#ifndef CORE_LOOP_PENDING_H
#define CORE_LOOP_PENDING_H

#include "support/state.h"

typedef struct LoopObject LoopObject;
typedef struct PendingObject PendingObject;

/* What a call wants, after it has gone a step. */
typedef enum pending_step {
    PENDING_WAITS, /* for what it has submitted to the loop */
    PENDING_TURN,  /* to go on in the next iteration of the event loop: others first */
    PENDING_ENDS,  /* it has ended */
} pending_step;

/* One sort of calls. All functions run in the loop's thread, with the GIL. */
typedef struct pending_kind {
    const char *name; /* for repr() */
    size_t size;      /* of the work that each call has: zeroed when it is made */

    /* Go a step further: at first, when what was submitted is ready, and after
     * PENDING_TURN. A step takes a millisecond at most. With PENDING_ENDS *result is a
     * new reference, or NULL with an exception. Any value but PENDING_ENDS comes
     * without an exception. */
    pending_step (*go_on)(PendingObject *p, void *work, PyObject **result);

    /* Give up what is under way, if anything is. May a write be applied all the same? */
    bool (*abandon)(PendingObject *p, void *work);

    /* Free all that the work owns. Nothing is under way. */
    void (*clear)(void *work);

    /* Visit what may lead back to the call. NULL: there is nothing. */
    int (*traverse)(void *work, visitproc visit, void *arg);
} pending_kind;

/* A new call in a loop, whose work the caller fills in before pending_begin(). NULL with
 * an exception. */
PendingObject *pending_new(LoopObject *loop, const pending_kind *kind);

void *pending_work(PendingObject *p);
LoopObject *pending_loop(PendingObject *p); /* borrowed */

/* Go the first step. Returns the call, which is taken: whoever has failed to fill in
 * the work comes here with the exception set, which becomes the result. */
PyObject *pending_begin(PendingObject *p);

#endif
