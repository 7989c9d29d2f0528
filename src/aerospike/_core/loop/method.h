/* loop/method.h -- the methods of an AsyncClient that are one call each. */
#ifndef CORE_LOOP_METHOD_H
#define CORE_LOOP_METHOD_H

#include "loop/loop.h"

#define ASYNC_MAX_ARGS 8

/* What is particular about such a method. */
typedef struct async_method {
    const char *name;         /* forever */
    const char *const *args;  /* the names of its arguments, ended by NULL */
    int n_required;           /* so many of them must be given */
    const pending_kind *kind; /* of its calls */
    const void *row;          /* for fill */

    /* Fill in the work of a call. argv[] is borrowed for as long as this takes; those
     * not given are NULL. 0, or -1 with an exception, which becomes the result; where
     * it is st->NotConnected, the method is called again once the client has
     * connected. */
    int (*fill)(PendingObject *p, void *work, const void *row, PyObject *self,
                PyTypeObject *cls, PyObject **argv);
} async_method;

/* The body of the method: a Pending or, where no event loop runs, a coroutine that
 * makes the call later. */
PyObject *async_method_call(const async_method *m, METHOD_PARAMS);

/* Take the exception that says that the client has not connected, if that is set: how
 * many milliseconds connecting may take, a new reference; NULL when it is another
 * one. */
PyObject *take_not_connected(module_state *st);

/* A Pending by the name of a call, which ends as that does. The call is what a function
 * gives for a tuple of arguments and a dict of keywords, when the client has connected,
 * within so many milliseconds of its limit. NULL with an exception. */
PyObject *
after_connecting(LoopObject *l, PyObject *client, const char *name, PyObject *limit_ms,
                 PyObject *function, PyObject *args, PyObject *kwargs);

#endif
