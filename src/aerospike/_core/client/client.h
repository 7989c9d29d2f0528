/* client/client.h -- clients of a cluster: their life, and what their methods share. */
#ifndef CORE_CLIENT_CLIENT_H
#define CORE_CLIENT_CLIENT_H

#include <stdatomic.h>

#include "asc/command.h"
#include "asc/set.h"
#include "options/config.h"
#include "support/args.h"

/* Calls that are kept between uses, so that their buffers are. More threads than this
 * at one time make and free their own. */
#define N_SPARE_CALLS 8

typedef enum client_state {
    CLIENT_INVALID, /* the constructor was not called, or it failed */
    CLIENT_NEW,     /* not connected yet */
    CLIENT_OPEN,
    CLIENT_CLOSED,
} client_state;

typedef struct ClientObject {
    PyObject_HEAD
    client_state state;
    PyObject *weak_references; /* Python's list of them */
    asc_cluster *cluster;      /* counted; NULL unless CLIENT_OPEN */
    client_config config;
    _Atomic(asc_call *) spare[N_SPARE_CALLS];
} ClientObject;

/* The cluster of a client, counted for the caller. A client that has not connected
 * yet does so now, within the total timeout of the call's timing, which is made
 * shorter by the time that this took; timing is NULL when the call has none. NULL
 * with an exception, which is ClusterError when the client is closed. */
asc_cluster *client_cluster(module_state *st, ClientObject *client, asc_timing *timing);

/* 0, or -1 with an exception: ParamError when the constructor was not called or has
 * failed, ClusterError when the client is closed. Does not connect: errors of the
 * client come before those of a call's arguments, and among these is the time that
 * connecting may take. */
int client_check_open(module_state *st, ClientObject *client);

/* An empty call, one of those that the client keeps if it has any; NULL with
 * MemoryError. */
asc_call *client_take_call(ClientObject *client);

/* Give a call back, which must not be under way. */
void client_give_call(ClientObject *client, asc_call *call);

/* Run a call without the GIL; signal handlers run in between. 0: the reply is there;
 * 1: the call failed, and err says how; -1: a handler has raised. */
int client_run_call(asc_call *call, asc_cluster *cluster, asc_error *err);

/* Wait for the parts of a set without the GIL; signal handlers run in between. 0: there
 * is something to take; -1 with an exception. */
int client_wait_set(module_state *st, asc_set *set, asc_error *err);

/* Rows of the type's methods, each array ended by a row of NULLs: those of client.c
 * and info.c. */
extern const PyMethodDef client_methods[], info_methods[];

/* Slots of the type. An object is invalid until client_init() has succeeded. */
int client_init(PyObject *self, PyObject *args, PyObject *kwargs);
void client_dealloc(PyObject *self);
int client_traverse(PyObject *self, visitproc visit, void *arg);
int client_clear(PyObject *self);

/* Functions of the module: the wire form of a compiled expression, and of a context, as
 * base64 text (wire_text.c), and the decorator of a class derived from ours
 * (client_type.c): client() makes objects of that class from then on, and nobody can
 * change the class. */
extern const PyMethodDef wire_text_functions[], client_type_functions[];

#endif
