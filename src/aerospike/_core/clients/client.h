/* clients/client.h -- clients of a cluster: their life, and what their methods
 * share. */
#ifndef CORE_CLIENTS_CLIENT_H
#define CORE_CLIENTS_CLIENT_H

#include <stdatomic.h>

#include "asc/command.h"
#include "asc/places.h"
#include "asc/set.h"
#include "options/config.h"
#include "support/args.h"
#include "values/keys.h"

/* A client keeps so many calls between uses, because each has buffers that have grown
 * already. If more threads than that call at one time, the others make and free calls
 * of their own. */
#define N_SPARE_CALLS 16

/* Likewise it keeps the memory of so many batches, which are larger. */
#define N_SPARE_STORES 4

/* The first member of what is kept of a batch: how to free it. */
typedef struct client_store {
    void (*free)(struct client_store *store);
} client_store;

/* Where the life of a client stands. */
typedef enum client_state {
    CLIENT_INVALID, /* the constructor was not called, or it failed */
    CLIENT_NEW,     /* the constructor could not connect: the first call will */
    CLIENT_OPEN,
    CLIENT_CLOSED,
} client_state;

/* aerospike._core.Client. state, cluster and config.cluster.credentials change while
 * other threads make calls. Whoever changes them has the lock, and so has whoever
 * counts the cluster or the credentials for himself, as a call does. Nothing else of
 * the configuration changes once the client is valid. */
typedef struct ClientObject {
    PyObject_HEAD
    field_lock lock; /* of an AsyncClient's loops, too */
    _Atomic client_state state;
    PyObject *weak_references; /* Python's list of them */
    PyObject *owner; /* owned: the client whose configuration and cluster this one uses;
                        NULL: it has its own. See client_view() */
    _Atomic(asc_cluster *) cluster; /* counted; NULL unless CLIENT_OPEN */
    atomic_bool is_async;           /* an AsyncClient, whose methods may not wait */
    _Atomic(struct call_note *)
        notes;        /* changed with the lock; NULL: no call has one */
    PyObject *extras; /* owned: a dict of what modules in Python keep of this client;
                         NULL until the constructor has begun, and for a view */
    client_config config;
    /* The rarer ones stand between what all calls read and what they write to. */
    asc_spare_place stores[N_SPARE_STORES]; /* owned: client_store, or NULL */
    asc_spare_place calls[N_SPARE_CALLS];   /* owned: asc_call, or NULL */
} ClientObject;

/* The cluster of a client, counted for the caller, who releases it. A client that has
 * not connected yet does so now, within the total timeout of the call; the time that
 * this takes is taken off that timeout. timing is NULL when the call has none. NULL
 * with an exception, which is ClusterError when the client is closed. Where the client
 * must not wait it is st->NotConnected with that timeout in milliseconds as its
 * argument, 0 for none: the call is to be made again when the client has connected. */
asc_cluster *client_cluster(module_state *st, ClientObject *client, asc_timing *timing);

/* The same where there may be none, without an exception: NULL then. */
asc_cluster *client_present_cluster(ClientObject *client);

/* The configuration of the cluster; its credentials are counted for the caller. */
asc_config client_cluster_config(ClientObject *client);

/* Call a function with arguments (a tuple) and keywords (a dict), which makes a call of
 * the client in this thread, with a note for that call. outcome: where it is to write
 * what became of it, or NULL. late_ms: so many milliseconds of its total timeout are
 * lost, because it was made before the client had connected. The result of the
 * function, or NULL with an exception. */
PyObject *client_call_noted(ClientObject *client, PyObject *outcome, uint32_t late_ms,
                            PyObject *function, PyObject *args, PyObject *kwargs);

/* May calls be made? 0, or -1 with an exception: ParamError when the constructor was
 * not called or has failed, ClusterError when the client is closed. This does not
 * connect. Calls ask it first, because an error of the client goes before those of
 * arguments; only then do they read the policy, which says how long connecting may
 * take. */
int client_check_open(module_state *st, ClientObject *client);

/* A client whose calls block, which uses the cluster of another client that is open: a
 * new reference, or NULL with an exception. It is for worker threads; it does not close
 * the cluster, and must not be connected anew. */
PyObject *client_view(module_state *st, ClientObject *owner);

/* Where the call that begins in this thread is to write what became of it: a new
 * reference; NULL: nowhere. It is asked once. */
PyObject *client_take_outcome(ClientObject *client);

/* An empty call, one of those that the client keeps if it has any; NULL with
 * MemoryError. */
asc_call *client_take_call(ClientObject *client);

/* The cluster of a client as client_cluster() gives it, for a call, which keeps it: the
 * caller releases nothing. */
asc_cluster *client_cluster_of_call(module_state *st, ClientObject *client,
                                    asc_timing *timing, asc_call *call);

/* Milliseconds of a clock that only goes forward. */
uint64_t client_now_ms(void);

/* Take the time that a call has lost from its total timeout, where 0 is no limit. */
void client_take_off(asc_timing *timing, uint64_t took_ms);

/* Give a call back, which must not be under way. */
void client_give_call(ClientObject *client, asc_call *call);

/* Is the client open, or yet to connect? 0, or -1 with ClusterError, whose short text
 * msg is when it is not NULL. */
int client_check_open_as(module_state *st, ClientObject *client, const char *msg);

/* What a batch before has left for the next one, which is now the caller's; NULL: there
 * is nothing. And leave it: the client takes it. */
client_store *client_take_store(ClientObject *client);
void client_give_store(ClientObject *client, client_store *store);

/* What an error shows as its key: what the caller gave or, with error_keys False, the
 * key with its digest alone. key is NULL while it has not been parsed. A new reference;
 * NULL, without an exception, when there is nothing to show. */
PyObject *client_error_key(module_state *st, const ClientObject *client,
                           PyObject *given, const record_key *key);

/* Run a call without the GIL. Now and then it is taken to run the handlers of signals,
 * which are Python code. 0: the reply is there; 1: the call failed, and err says how;
 * -1: a handler has raised, and the call is abandoned. */
int
client_run_call(module_state *st, asc_call *call, asc_cluster *cluster, asc_error *err);

/* Wait for the parts of a set in the same way, until somebody makes *stop true, unless
 * that is NULL. 0: there is something to take; -1 with an exception: a handler has
 * raised, *stop is true, or the library has failed, and the set is abandoned. */
int client_wait_set(module_state *st, asc_set *set, const atomic_bool *stop,
                    asc_error *err);

/* The step that follows each asc_set_wait(), which has returned rc, with the GIL. 0 as
 * above; -1 likewise, but the set is the caller's to abandon; 1: the wait was
 * interrupted and is to go on. */
int client_has_waited(module_state *st, const atomic_bool *stop, asc_status rc,
                      const asc_error *err);

/* Choose one of the nodes of the cluster, of which these are a list: the nodes take
 * turns. Returns its name, borrowed from the list; NULL with InvalidNodeError when the
 * list is empty. */
const char *client_any_node(module_state *st, asc_cluster *cluster,
                            const asc_node_info *nodes, size_t n);

/* PyMethodDef rows of the methods in client.c; a row of NULLs ends each array. Those of
 * plain_methods wait for nothing, and AsyncClient has them, too; it calls those of
 * async_life_methods in threads that may block. */
extern const PyMethodDef client_methods[], plain_methods[], async_life_methods[];

/* The slots of the type. A client is CLIENT_INVALID until client_init() has succeeded:
 * other methods can be called before that. */
int client_init(PyObject *self, PyObject *args, PyObject *kwargs);
int async_client_init(PyObject *self, PyObject *args, PyObject *kwargs);
void client_dealloc(PyObject *self);
int client_traverse(PyObject *self, visitproc visit, void *arg);
int client_clear(PyObject *self);
PyObject *client_repr(PyObject *self);

/* Let go of the cluster, so that calls raise ClusterError from now on: the caller has
 * its count, and closes it. NULL: there is none. */
asc_cluster *client_let_go(ClientObject *client);

/* Close a cluster, which may be NULL, without the GIL, and drop the caller's count. One
 * that other clients share goes on for them. */
void client_disconnect(asc_cluster *cluster);

/* Functions of the module: the wire form of a compiled expression, and of a context, as
 * base64 text (wire_text.c), and the decorator of a class derived from ours
 * (client_type.c): client() makes objects of that class from then on, and nobody can
 * change the class. */
extern const PyMethodDef wire_text_functions[], client_type_functions[];

#endif
