/* client/client.h -- the type aerospike.Client: its life, and what its methods share. */
#ifndef CORE_CLIENT_CLIENT_H
#define CORE_CLIENT_CLIENT_H

#include <stdatomic.h>

#include "asc/command.h"
#include "asc/set.h"
#include "options/config.h"

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

/* The cluster, counted for the caller; connects a client that has not connected yet,
 * within the total timeout of the call's timing, from which the time that it took is
 * taken away; NULL: the call has none. NULL with an exception: ClusterError when it is
 * closed. */
asc_cluster *client_cluster(module_state *st, ClientObject *client, asc_timing *timing);

/* 0, or -1 with ParamError: the constructor was not called, or it failed. */
int client_check(module_state *st, PyObject *client);

/* 0, or -1 with an exception: likewise, or ClusterError when the client is closed. Does
 * not connect: errors of the client come before those of a call's arguments, and among
 * these is the time that connecting may take. */
int client_check_open(module_state *st, ClientObject *client);

/* A call, empty; NULL with MemoryError. Give it back when it is not under way. */
asc_call *client_take_call(ClientObject *client);
void client_give_call(ClientObject *client, asc_call *call);

/* Run a call without the GIL; signal handlers run in between. 0: the reply is there;
 * 1: it failed and err says how; -1: a handler has raised. */
int client_run_call(asc_call *call, asc_cluster *cluster, asc_error *err);

/* Wait for the parts of a set without the GIL; signal handlers run in between. 0: there
 * is something to take; -1 with an exception. */
int client_wait_set(module_state *st, asc_set *set, asc_error *err);

/* The methods, by the file that has them. */
#define CLIENT_METHOD(name)                                                            \
    PyObject *name(PyObject *self, PyTypeObject *cls, PyObject *const *args,           \
                   Py_ssize_t nargs, PyObject *kwnames)

CLIENT_METHOD(client_get);
CLIENT_METHOD(client_select);
CLIENT_METHOD(client_exists);
CLIENT_METHOD(client_put);
CLIENT_METHOD(client_remove);
CLIENT_METHOD(client_remove_bin);
CLIENT_METHOD(client_touch);
CLIENT_METHOD(client_append);
CLIENT_METHOD(client_prepend);
CLIENT_METHOD(client_increment);
CLIENT_METHOD(client_operate);
CLIENT_METHOD(client_operate_ordered);
CLIENT_METHOD(client__operate_one);
CLIENT_METHOD(client_get_key_partition_id);

CLIENT_METHOD(client_get_key_digest);
CLIENT_METHOD(client_llist);

CLIENT_METHOD(client_batch_read);
CLIENT_METHOD(client_batch_write);
CLIENT_METHOD(client_batch_operate);
CLIENT_METHOD(client_batch_remove);
CLIENT_METHOD(client_batch_apply);
CLIENT_METHOD(client_get_many);
CLIENT_METHOD(client_exists_many);
CLIENT_METHOD(client_select_many);
CLIENT_METHOD(client_batch_get_ops);

CLIENT_METHOD(client_has_geo);
CLIENT_METHOD(client_info);
CLIENT_METHOD(client_info_node);
CLIENT_METHOD(client_info_all);
CLIENT_METHOD(client_info_single_node);
CLIENT_METHOD(client_info_random_node);
CLIENT_METHOD(client_get_nodes);
CLIENT_METHOD(client_get_node_names);

CLIENT_METHOD(client_get_expression_base64);
CLIENT_METHOD(client_get_cdtctx_base64);

#endif
