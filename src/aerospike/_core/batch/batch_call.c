/* batch/batch_call.c -- a batch as a call of an AsyncClient.
 *
 * A step goes on with the batch for a slice of time, which is made of many small slices
 * of work: the time is looked at between two of these. Where the batch waits, its set
 * is submitted to the loop.
 *
 * What a large batch owns takes milliseconds to drop. When such a batch ends
 * or is given up, it is handed over to a call of another kind, which nobody awaits and
 * which drops it bit by bit. */
#include "batch/batch_call.h"

#include "support/compat.h"

typedef struct batch_call {
    batch_run *b; /* owned; NULL: it was handed over */
} batch_call;

static void
clear_call(void *work)
{
    batch_call *c = work;
    batch_run *b = c->b;
    if (b != NULL) {
        c->b = NULL; /* others have turns while it ends */
        batch_end(b);
        PyMem_Free(b);
    }
}

static int
traverse_call(void *work, visitproc visit, void *arg)
{
    const batch_call *c = work;
    if (c->b != NULL) {
        Py_VISIT(c->b->client);
        Py_VISIT(c->b->records);
    }
    return 0;
}

/* --- dropping what a large batch owns --- */

static pending_step
drop_some(PendingObject *p, void *work, PyObject **result)
{
    batch_call *c = work;
    while (batch_drop_some(c->b)) {
        if (loop_time_is_up(pending_loop(p))) {
            return PENDING_TURN;
        }
    }
    clear_call(work);
    *result = Py_NewRef(Py_None);
    return PENDING_ENDS;
}

static bool
abandon_nothing(PendingObject *p, void *work)
{
    (void)p;
    (void)work;
    return false;
}

static const pending_kind dropping = {
    .name = "end of a batch",
    .size = sizeof(batch_call),
    .is_nobodys = true,
    .go_on = drop_some,
    .abandon = abandon_nothing,
    .clear = clear_call,
    .traverse = traverse_call,
};

/* The batch of a call has ended: drop it, at once or bit by bit. What may be under way
 * is abandoned at once. Where the loop takes no calls any more, the batch is left to
 * clear_call(). */
static void
let_go(PendingObject *p, batch_call *c)
{
    PyObject *exc =
        PyErr_GetRaisedException(); /* what is dropped may run Python code */
    if (c->b->batch != NULL) {
        asc_set_stop(asc_batch_set(c->b->batch));
    }
    PendingObject *dropper = NULL;
    if (!batch_drop_some(c->b)) {
        clear_call(c);
    }
    else if ((dropper = pending_new(pending_loop(p), &dropping)) != NULL) {
        ((batch_call *)pending_work(dropper))->b = c->b;
        c->b = NULL;
        Py_DECREF(pending_begin(dropper));
    }
    PyErr_SetRaisedException(exc); /* takes the reference; drops any other exception */
}

/* --- the call --- */

static pending_step
go_on(PendingObject *p, void *work, PyObject **result)
{
    batch_call *c = work;
    batch_run *b = c->b;
    LoopObject *loop = pending_loop(p);
    int rc;
    if (!loop->is_turning && loop_time_is_up(loop)) {
        return PENDING_TURN; /* it begins, and others have before it */
    }
    do {
        rc = batch_go_on(b, SLICE_OF_LOOP);
        if (rc == 0 && b->stage == BATCH_WAITS) {
            loop_submit_set(loop, p, batch_waits_for(b));
            return PENDING_WAITS;
        }
    } while (rc == 0 && b->stage != BATCH_ENDED && !loop_time_is_up(loop));
    if (rc == 0 && b->stage != BATCH_ENDED) {
        return PENDING_TURN;
    }
    *result = rc == 0 ? Py_NewRef(b->result) : NULL;
    if (b->has_written) {
        pending_set_writes(p);
    }
    let_go(p, c);
    return PENDING_ENDS;
}

/* Rows whose request has not left yet are in no doubt, so they are asked before it is
 * given up. */
static bool
abandon(PendingObject *p, void *work)
{
    batch_call *c = work;
    bool in_doubt = batch_give_up(c->b);
    if (c->b->stage == BATCH_WAITS) {
        loop_abandon_set(pending_loop(p), batch_waits_for(c->b));
    }
    let_go(p, c);
    return in_doubt;
}

const pending_kind batch_call_kind = {
    .name = "batch",
    .size = sizeof(batch_call),
    .go_on = go_on,
    .abandon = abandon,
    .clear = clear_call,
    .traverse = traverse_call,
};

batch_run *
batch_of_call(PendingObject *p, void *work)
{
    batch_call *c = work;
    loop_time_is_up(
        pending_loop(p)); /* begins a slice: taking the items is part of it */
    c->b = PyMem_Calloc(1, sizeof *c->b);
    if (c->b == NULL) {
        PyErr_NoMemory();
    }
    return c->b;
}
