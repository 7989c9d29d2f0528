/* loop/pending.h -- what a call of an AsyncClient gives: an object to await.
 *
 * It is three things at once, so that all that asyncio has takes it: an awaitable; a
 * future (add_done_callback(), result(), cancel(), ...), which is its own only way to
 * be waited for; and a coroutine (send(), throw(), close()), which create_task() and
 * task groups ask for. The call has begun when the object is made. An error of its
 * arguments is raised where it is awaited, like any other.
 *
 * What is particular about a sort of calls stands in a pending_kind, which lives in
 * the room of those calls. Their methods are made by loop/method.h. */
#ifndef CORE_LOOP_PENDING_H
#define CORE_LOOP_PENDING_H

#include "loop/event_loop.h"

/* What a call wants, after it has gone a step. */
typedef enum pending_step {
    PENDING_WAITS, /* for what it has submitted to the loop */
    PENDING_TURN,  /* to go on in the next iteration of the event loop: others first */
    PENDING_ENDS,  /* it has ended */
} pending_step;

/* One sort of calls. All functions run in the loop's thread, with the GIL; only clear
 * and traverse may run in any. */
typedef struct pending_kind {
    const char *name; /* for repr(), where the call has no name of its own */
    size_t size;      /* of the work that each call has: zeroed when it is made */
    bool is_nobodys;  /* the client makes such calls for itself: none is missed */

    /* Go a step further: at first, when what was submitted is ready, and after
     * PENDING_TURN. A step takes a millisecond at most. With PENDING_ENDS *result is a
     * new reference, or NULL with an exception. Any value but PENDING_ENDS comes
     * without an exception. */
    pending_step (*go_on)(PendingObject *p, void *work, PyObject **result);

    /* Give up what is under way, if anything is. May a write be applied all the
     * same? */
    bool (*abandon)(PendingObject *p, void *work);

    /* Free all that the work owns, which may be half filled in. Nothing is under
     * way. */
    void (*clear)(void *work);

    /* Visit what may lead back to the call. NULL: there is nothing. */
    int (*traverse)(void *work, visitproc visit, void *arg);
} pending_kind;

/* A new call in a loop, whose work the caller fills in before pending_begin(). NULL
 * with an exception. */
PendingObject *pending_new(LoopObject *loop, const pending_kind *kind);

void *pending_work(PendingObject *p);       /* borrowed; NULL when it has ended */
LoopObject *pending_loop(PendingObject *p); /* borrowed */

/* Give the call the name of its method, which is borrowed forever. */
void pending_set_name(PendingObject *p, const char *name);

/* Have the steps of the call run in the present context, because they run Python
 * code of the application. 0, or -1 with MemoryError. */
int pending_keep_context(PendingObject *p);

/* Say that the call writes: once it has ended well, whoever is cancelled before he has
 * the result is told that the write is in doubt. */
void pending_set_writes(PendingObject *p);

/* Go the first step. Returns the call, which is taken: whoever has failed to fill in
 * the work comes here with the exception set, which becomes the result. */
PyObject *pending_begin(PendingObject *p);

/* Let a call go a step, because what it waits for is ready. */
void pending_go_on(PendingObject *p);

/* Let those of a loop go a step that wait for a turn, one at least and as many as the
 * slice of time allows, but for those that want one more meanwhile. */
void pending_take_turns(LoopObject *loop);

/* The calls that have ended since this was called last, and for which somebody waits,
 * are one batch, which the caller has woken. False: there is none. */
bool pending_close_batch(LoopObject *loop);

/* Wake who waits for the calls of a batch. 0, or -1 with what must end the event loop:
 * KeyboardInterrupt and the like. */
int pending_wake_batch(LoopObject *loop);

/* Give up all calls of a loop that are under way, with an error; in_doubt is added to
 * it for each. NULL: nobody will ask, so that they just end. */
void pending_give_up_all(LoopObject *loop, const asc_error *err);

/* A call that asks for nothing, and ends with None when pending_set() is called, or
 * its method _set(): others wait for what it stands for. NULL with an exception. */
PendingObject *pending_signal(LoopObject *loop);
void pending_set(PendingObject *signal);

/* Visit the calls that a loop owns, for the collector. */
int pending_traverse_all(LoopObject *loop, visitproc visit, void *arg);

/* Drop the calls of a loop that have ended, and whom nobody will wake any more. */
void pending_drop_ended(LoopObject *loop);

/* Make the type of such objects. 0, or -1 with an exception. */
int pending_type_init(PyObject *module, module_state *st);

/* Free the memory that is kept for calls to come. */
void pending_free_spare(module_state *st);

#endif
