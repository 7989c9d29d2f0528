/* loop/event_loop.h -- the object that stands for a client in one event loop, and how
 * it asks the event loop to call it. What it does when it is called stands in loop.c,
 * and what becomes of its calls in pending.c. */
#ifndef CORE_LOOP_EVENT_LOOP_H
#define CORE_LOOP_EVENT_LOOP_H

#include "asc/loop.h"
#include "clients/client.h"
#include "support/collector.h"

typedef struct LoopObject LoopObject;
typedef struct PendingObject PendingObject;
struct pending_kind;

#define N_SPARE_KINDS 4
#define N_SPARE_WORKS 1024  /* of each kind */
#define N_SPARE_OF_LOOP 256 /* calls of the library */

/* Memory of works of one kind that nobody uses: a list through their first bytes. */
typedef struct spare_works {
    const struct pending_kind *kind;
    void *first;
    size_t n;
} spare_works;

/* aerospike._core.Loop. One thread uses it, that of the event loop. But another one may
 * ask a call for its result, or cancel it, and may let the loop end when the event loop
 * has. So what concerns the loop and its calls is done in critical sections of the
 * loop: LOCKED() makes them of its methods and those of calls. Callbacks are called
 * outside of them. */
struct LoopObject {
    PyObject_HEAD
    module_state *st; /* of the module */
    PyObject
        *module; /* owned: at the end of the interpreter the type may have let go of
                       * it, and the loop is still there */

    _Atomic(ClientObject *) client; /* borrowed; NULL: it has let go of the loop */
    LoopObject *next; /* owned: of those in the client's list, by the client's lock */

    /* The adapter of the event loop (aerospike._loops), who the event loop is, and
     * what the adapter has by these names; all owned. wait is NULL where a call
     * yields itself to a task, and due where nobody can see which callbacks are. */
    PyObject *adapter, *key, *call_soon, *wait, *due;
    atomic_ulong thread; /* where it runs */
    unsigned n_forks;    /* the forks that lay behind the process at the beginning */

    /* What the event loop calls: methods of this object, owned. They lead back to it,
     * and are dropped when it ends. */
    PyObject *on_ready, *on_turn, *on_wake;

    /* counted; NULL: the client has not connected yet */
    _Atomic(asc_cluster *) cluster;
    _Atomic(asc_loop *) loop; /* NULL: likewise, or the loop has ended */
    bool is_watched;          /* its descriptor, by the event loop */
    bool turns;               /* on_turn is due */
    bool is_turning;          /* the library is at work, or what it hands out is read */
    unsigned n_steps;         /* of calls that are at work, one inside of another */
    bool has_submitted;       /* the library has requests that wait for a turn */
    bool has_more;            /* the slice was over before all was read that has come */
    bool turns_by_hand;       /* there is no event loop: the program calls turn() */
    bool retires;             /* it ends when nothing is under way any more */
    uint64_t until_ns; /* when the slice of time is over; 0: none has begun; for the
                             thread where it runs */

    loop_hold hold; /* of the GIL */

    /* Give the library a turn at once; the function is in loop.c. */
    void (*turn)(LoopObject *l);

    /* The calls under way, each owned: a list. Those among them that wait for a
     * turn. */
    PendingObject *under_way;
    size_t n_under_way; /* without signals, which are no calls */
    PendingObject
        *idle; /* owned: the signal for the end of the last of them, or NULL */
    PendingObject *turn_first, *turn_last;

    /* Ended calls whose callbacks are due, each owned: a list of batches. For each
     * batch but the one that is being made on_wake is due once. */
    PendingObject *wake_first, *wake_last;
    size_t n_in_batch; /* of the one that is being made */

    field_lock spare; /* of what follows, and no more */
    spare_works works[N_SPARE_KINDS];
    asc_call *calls[N_SPARE_OF_LOOP]; /* spare ones, whose buffers have grown */
    size_t n_calls;
};

/* Define locked_<function>, which is the function in a critical section of a loop: for
 * Python to call. params are its parameters, and behind them stand its arguments. */
#define LOCKED(type, function, loop, params, ...)                                      \
    static type locked_##function params                                               \
    {                                                                                  \
        type outcome;                                                                  \
        Py_BEGIN_CRITICAL_SECTION(loop);                                               \
        outcome = function(__VA_ARGS__);                                               \
        Py_END_CRITICAL_SECTION();                                                     \
        return outcome;                                                                \
    }

/* What the event loop was given is due: where the program calls turn(), the descriptor
 * tells it to. */
void loop_ask_for_turn(LoopObject *l);

/* Call a function of the event loop's, or a method of the loop's adapter, with one
 * argument or, where that is NULL, with none. Returns a new reference; NULL without an
 * exception when it has failed. Where a signal's handler has raised in the middle of
 * it, it is called again, and the main thread raises that afterwards: it must do no
 * harm to call it twice. */
PyObject *loop_ask(LoopObject *l, PyObject *function, PyObject *argument);
PyObject *loop_ask_adapter(LoopObject *l, const char *method, PyObject *argument);

/* Have the event loop call a function with nothing soon. An event loop that is closed
 * calls nothing any more. */
void loop_call_soon(LoopObject *l, PyObject *function);

/* Have it wake who waits for the batch that is closed, also when the loop has ended: a
 * signal may be under way longer than its loop. */
void loop_wake_soon(LoopObject *l);

/* Is the time over that the client may take of one iteration of the event loop? A slice
 * begins with a turn or, between two turns, with the first question. What takes long
 * asks now and then, and goes on in the next iteration. */
bool loop_time_is_up(LoopObject *l);

/* See that the library gets a turn in the next iteration of the event loop. */
void loop_schedule(LoopObject *l);

/* See that what a new call has submitted leaves. If it is alone, that is at once: there
 * is nothing to gather. */
void loop_send_soon(LoopObject *l);

/* Tell the user of an error that nobody awaits; the exception that is set stays. */
void loop_report(LoopObject *l, const char *message, PyObject *exc, PyObject *future);

/* Memory for the work of a call, zeroed; NULL with MemoryError. Give it back. */
void *loop_take_work(LoopObject *l, const struct pending_kind *kind, size_t size);
void loop_give_work(LoopObject *l, const struct pending_kind *kind, void *work);

/* An empty call of the library, one of those that the loop keeps if it has any; NULL
 * with MemoryError. Give it back; NULL is fine. */
asc_call *loop_take_call(LoopObject *l);
void loop_give_call(LoopObject *l, asc_call *call);

/* Free what is kept for calls to come. */
void loop_free_spare(LoopObject *l);

#endif
