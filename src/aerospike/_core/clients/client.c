/* clients/client.c -- the life of a client, and what the methods of all rooms share.
 *
 * A client is made, connected, used and closed; client_state says where it stands. Any
 * number of threads may use it meanwhile, and one of them may close it: so a call
 * counts the cluster that it uses, and owns the client, from which it borrows all else.
 * The methods here are those that need no request.
 *
 * Whatever connects or closes gives the GIL away, and without it others run at any
 * time. A function that connects looks at the state again afterwards, with the client's
 * lock, or changes it before. */
#include "clients/client.h"

#include <errno.h>
#include <time.h>

#include "asc/log.h"
#include "asc/shared.h"
#include "support/collector.h"
#include "support/compat.h"

/* --- connecting --- */

/* Connect without the GIL, by a configuration of which the caller has counted what it
 * points to; shares: to a cluster that other clients may have, too. Returns the
 * cluster, which the caller releases, or NULL with err. */
static asc_cluster *
connect_to(const asc_config *config, bool shares, asc_error *err)
{
    asc_cluster *fresh = NULL;
    asc_error_reset(err);
    Py_BEGIN_ALLOW_THREADS
    if (shares) {
        asc_shared_open(&fresh, config, err);
    }
    else {
        asc_cluster_create(&fresh, config, err);
    }
    Py_END_ALLOW_THREADS
    return fresh;
}

void
client_disconnect(asc_cluster *cluster)
{
    if (cluster != NULL) {
        Py_BEGIN_ALLOW_THREADS
        asc_shared_close(cluster);
        asc_cluster_release(cluster);
        Py_END_ALLOW_THREADS
    }
}

/* Texts that applications compare. */
#define NOT_CONNECTED "No connection to aerospike cluster"
#define FAILED_TO_CONNECT "Failed to connect"

/* Is it "address:port" of an address that only this machine reaches? */
static bool
is_on_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]:", 6) == 0;
}

/* Raise why the cluster cannot be used. Returns -1. */
static int
raise_not_connected(module_state *st, const asc_credentials *who, asc_error *err)
{
    static const char again[] = "cannot connect: "; /* as FAILED_TO_CONNECT says */
    size_t size = sizeof again - 1;
    if (strncmp(err->message, again, size) == 0) {
        memmove(err->message, err->message + size, strlen(err->message + size) + 1);
    }
    if (err->os_errno == ECONNREFUSED && is_on_loopback(err->host)) {
        asc_error_append(err, "; no server listens there; the command "
                              "aerospike-devserver starts one");
    }
    raise_error_as(st, err, FAILED_TO_CONNECT);
    if (err->code > 0) {
        explain_login(st, who != NULL ? asc_credentials_user(who) : NULL);
    }
    return -1;
}

/* Warn, once for each user, that a cluster has not checked who it is. 0, or -1 with an
 * exception. */
static int
warn_if_ignored(module_state *st, const asc_credentials *who)
{
    if (who == NULL || !asc_credentials_were_ignored(who)) {
        return 0;
    }
    const char *user = asc_credentials_user(who);
    PyObject *text = PyUnicode_FromFormat("the cluster has security disabled: user "
                                          "'%s' is not checked, and everybody may "
                                          "do everything",
                                          user);
    PyObject *said =
        text != NULL ? PyObject_CallFunction(st->warn_once, "ssO", "login", user, text)
                     : NULL;
    Py_XDECREF(text);
    Py_XDECREF(said);
    return said != NULL ? 0 : -1;
}

/* Connect as connect_to() does, a client whose configuration is whole. NULL with an
 * exception; without one, but with err, when the cluster cannot be connected to. */
static asc_cluster *
connect_and_warn(module_state *st, const asc_config *config, const client_config *whole,
                 asc_error *err)
{
    asc_cluster *fresh = connect_to(config, whole->shares_cluster, err);
    if (fresh != NULL && (warn_if_ignored(st, config->credentials) < 0 ||
                          config_tune(whole, fresh) < 0)) {
        client_disconnect(fresh);
        fresh = NULL;
    }
    return fresh;
}

/* Let the file with dynamic settings be read from now on, or no longer. Where that
 * cannot be, a line on stderr says so: the client works without it. At the end of the
 * interpreter nobody reads it any more, and the thread that did may have died with its
 * lock. */
static void
watch_file(ClientObject *client, bool is_wanted)
{
    if (client->config.file == NULL || is_finalizing()) {
        return;
    }
    PyObject *set = PyErr_GetRaisedException(); /* which stays */
    PyObject *watch = client->config.file->watch;
    PyObject *done = is_wanted ? PyObject_CallMethod(watch, "start", "O", client)
                               : PyObject_CallMethod(watch, "stop", NULL);
    if (done == NULL) {
        PyErr_WriteUnraisable(watch);
    }
    Py_XDECREF(done);
    PyErr_SetRaisedException(set);
}

/* Connect a client that has a configuration, as connect_to() does, within limit_ms
 * unless that is 0. Meanwhile another thread may have connected the client, or closed
 * it: then the client stays as that thread left it, and the new cluster is closed. 0,
 * or -1 with an exception; `late` is added to its text. */
static int
open_cluster(module_state *st, ClientObject *client, uint32_t limit_ms,
             const char *late)
{
    client_state before = client->state;
    asc_error err;
    asc_config config = client_cluster_config(client);
    config.create_timeout_ms = limit_ms;
    asc_cluster *fresh = connect_and_warn(st, &config, &client->config, &err);
    if (fresh == NULL && PyErr_Occurred() == NULL) {
        asc_error_append(&err, "%s", late);
        raise_not_connected(st, config.credentials, &err);
    }
    asc_credentials_release(config.credentials);
    if (fresh == NULL) {
        return -1;
    }
    field_lock_take(&client->lock);
    bool is_awaited = client->cluster == NULL && client->state == before;
    if (is_awaited) {
        client->cluster = fresh;
        client->state = CLIENT_OPEN;
    }
    field_lock_drop(&client->lock);
    if (is_awaited) {
        watch_file(client, true);
    }
    else {
        client_disconnect(fresh);
    }
    return 0;
}

static void free_spare(ClientObject *client);

/* Calls of other threads end as they would, because each has counted the cluster. */
asc_cluster *
client_let_go(ClientObject *client)
{
    field_lock_take(&client->lock);
    asc_cluster *cluster = client->cluster;
    client->cluster = NULL;
    if (client->state != CLIENT_INVALID) {
        client->state = CLIENT_CLOSED;
    }
    field_lock_drop(&client->lock);
    watch_file(client, false);
    free_spare(client);
    return cluster;
}

/* Has the client a configuration? 0, or -1 with ParamError. */
static int
check_valid(module_state *st, ClientObject *client)
{
    if (client->state != CLIENT_INVALID) {
        return 0;
    }
    return raise_param(st, "Invalid aerospike object" DETAIL
                           "its constructor has failed, or was not called, or has not "
                           "ended");
}

/* Raise what says why there is no cluster. Returns -1. */
static int
raise_closed(module_state *st, ClientObject *client, const char *msg)
{
    if (check_valid(st, client) < 0) {
        return -1;
    }
    return raise_code(st, ASC_ERR_CLUSTER,
                      "%s" DETAIL "the client is closed; connect() opens it again",
                      msg != NULL ? msg : NOT_CONNECTED);
}

int
client_check_open_as(module_state *st, ClientObject *client, const char *msg)
{
    client_state state = client->state;
    return state == CLIENT_OPEN || state == CLIENT_NEW ? 0
                                                       : raise_closed(st, client, msg);
}

int
client_check_open(module_state *st, ClientObject *client)
{
    return client_check_open_as(st, client, NULL);
}

uint64_t
client_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
client_take_off(asc_timing *timing, uint64_t took_ms)
{
    uint32_t limit_ms = timing != NULL ? timing->total_timeout_ms : 0;
    if (limit_ms != 0) {
        timing->total_timeout_ms =
            took_ms < limit_ms ? limit_ms - (uint32_t)took_ms : 1;
    }
}

/* Say that the call is to be made again after connecting. Returns -1. */
static int
raise_not_yet(module_state *st, uint32_t limit_ms)
{
    PyObject *limit = PyLong_FromUnsignedLong(limit_ms);
    if (limit != NULL) {
        PyErr_SetObject(st->NotConnected, limit);
        Py_DECREF(limit);
    }
    return -1;
}

/* Connect a client whose constructor could not, now that a call needs the cluster, and
 * take the time that this took from the call's. 0, or -1 with an exception. */
static int
connect_late(module_state *st, ClientObject *client, asc_timing *timing)
{
    uint32_t limit_ms = timing != NULL ? timing->total_timeout_ms : 0;
    uint64_t began_ms = client_now_ms();
    if (client->is_async) {
        return raise_not_yet(st, limit_ms);
    }
    if (open_cluster(st, client, limit_ms,
                     " (this call had to connect first: the constructor could not)") <
        0) {
        return -1;
    }
    client_take_off(timing, client_now_ms() - began_ms);
    return 0;
}

/* --- notes for calls --- */

/* What the caller of a method tells the call that the method makes. A thread may have
 * several notes: the newest one is that of the innermost call. */
typedef struct call_note {
    struct call_note *next; /* older */
    unsigned long thread;
    PyObject *outcome; /* owned; NULL: there is none, or it was taken */
    uint32_t late_ms;
} call_note;

static void
add_note(ClientObject *client, call_note *note)
{
    field_lock_take(&client->lock);
    note->next = client->notes;
    client->notes = note;
    field_lock_drop(&client->lock);
}

static void
remove_note(ClientObject *client, const call_note *note)
{
    call_note *newer = NULL;
    field_lock_take(&client->lock);
    for (call_note *at = client->notes; at != note; at = at->next) {
        newer = at;
    }
    if (newer != NULL) {
        newer->next = note->next;
    }
    else {
        client->notes = note->next;
    }
    field_lock_drop(&client->lock);
}

/* The note of the call that begins in this thread, which alone removes it; NULL: there
 * is none. */
static call_note *
note_of_call(ClientObject *client)
{
    if (client->notes == NULL) {
        return NULL;
    }
    unsigned long thread = PyThread_get_thread_ident();
    field_lock_take(&client->lock);
    call_note *note = client->notes;
    while (note != NULL && note->thread != thread) {
        note = note->next;
    }
    field_lock_drop(&client->lock);
    return note;
}

PyObject *
client_call_noted(ClientObject *client, PyObject *outcome, uint32_t late_ms,
                  PyObject *function, PyObject *args, PyObject *kwargs)
{
    /* not on the stack: greenlets move that away while the call waits */
    call_note *note = PyMem_Malloc(sizeof *note);
    if (note == NULL) {
        return PyErr_NoMemory();
    }
    *note = (call_note){.thread = PyThread_get_thread_ident(),
                        .outcome = Py_XNewRef(outcome),
                        .late_ms = late_ms};
    add_note(client, note);
    PyObject *result = PyObject_Call(function, args, kwargs);
    remove_note(client, note);
    Py_XDECREF(note->outcome);
    PyMem_Free(note);
    return result;
}

PyObject *
client_take_outcome(ClientObject *client)
{
    call_note *note = note_of_call(client);
    PyObject *outcome = note != NULL ? note->outcome : NULL;
    if (outcome != NULL) {
        note->outcome = NULL;
    }
    return outcome;
}

static const char doc__observe[] =
    "_observe($self, outcome, function, args, kwargs, /)\n--\n\n"
    "Make a call that writes its node and attempts into an object, if it is one on a\n"
    "record.";

static PyObject *
client__observe(PyObject *self, PyObject *args)
{
    PyObject *outcome, *function, *packed, *keywords;
    if (!PyArg_ParseTuple(args, "OOO!O!", &outcome, &function, &PyTuple_Type, &packed,
                          &PyDict_Type, &keywords)) {
        return NULL;
    }
    return client_call_noted((ClientObject *)self, outcome, 0, function, packed,
                             keywords);
}

asc_cluster *
client_present_cluster(ClientObject *client)
{
    field_lock_take(&client->lock);
    asc_cluster *cluster = client->cluster;
    if (cluster != NULL) {
        asc_cluster_retain(cluster);
    }
    field_lock_drop(&client->lock);
    return cluster;
}

asc_config
client_cluster_config(ClientObject *client)
{
    field_lock_take(&client->lock);
    asc_config config = client->config.cluster;
    asc_credentials_retain(config.credentials);
    field_lock_drop(&client->lock);
    return config;
}

asc_cluster *
client_cluster(module_state *st, ClientObject *client, asc_timing *timing)
{
    if (client->state == CLIENT_NEW && connect_late(st, client, timing) < 0) {
        return NULL;
    }
    asc_cluster *cluster = client_present_cluster(client);
    if (cluster == NULL) {
        raise_closed(st, client, NULL);
        return NULL;
    }
    const call_note *note = client->is_async ? note_of_call(client) : NULL;
    if (note != NULL) {
        client_take_off(timing, note->late_ms);
    }
    return cluster;
}

/* --- calls --- */

asc_call *
client_take_call(ClientObject *client)
{
    asc_call *call = asc_spare_take(client->calls, N_SPARE_CALLS);
    if (call == NULL) {
        call = asc_call_new();
    }
    if (call == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    asc_call_reset(call);
    return call;
}

asc_cluster *
client_cluster_of_call(module_state *st, ClientObject *client, asc_timing *timing,
                       asc_call *call)
{
    asc_cluster *kept = asc_call_kept(call);
    if (kept != NULL && kept == client->cluster && !client->is_async) {
        return kept;
    }
    asc_cluster *cluster = client_cluster(st, client, timing);
    if (cluster != NULL) {
        asc_call_keep(call, cluster);
    }
    return cluster;
}

/* A cluster that the client has let go is not kept. */
void
client_give_call(ClientObject *client, asc_call *call)
{
    if (call != NULL && asc_call_kept(call) != client->cluster) {
        asc_call_keep(call, NULL);
    }
    if (call != NULL && !asc_spare_leave(client->calls, N_SPARE_CALLS, call)) {
        asc_call_free(call);
    }
}

client_store *
client_take_store(ClientObject *client)
{
    return asc_spare_take(client->stores, N_SPARE_STORES);
}

void
client_give_store(ClientObject *client, client_store *store)
{
    if (!asc_spare_leave(client->stores, N_SPARE_STORES, store)) {
        store->free(store);
    }
}

/* Free all that is kept. */
static void
free_spare(ClientObject *client)
{
    asc_call *call;
    client_store *store;
    while ((call = asc_spare_take(client->calls, N_SPARE_CALLS)) != NULL) {
        asc_call_free(call);
    }
    while ((store = client_take_store(client)) != NULL) {
        store->free(store);
    }
}

PyObject *
client_error_key(module_state *st, const ClientObject *client, PyObject *given,
                 const record_key *key)
{
    if (client->config.error_keys) {
        return Py_NewRef(given);
    }
    if (key == NULL) {
        return NULL;
    }
    PyObject *set = PyErr_GetRaisedException(); /* which stays */
    PyObject *shown = key_to_py(st, &key->names, NULL, key->digest);
    PyErr_Clear();
    PyErr_SetRaisedException(set);
    return shown;
}

int
client_run_call(module_state *st, asc_call *call, asc_cluster *cluster, asc_error *err)
{
    for (;;) {
        gil_wait wait = begin_wait();
        asc_status rc = asc_call_run(call, cluster, err);
        end_wait(st, wait);
        if (rc != ASC_INTERRUPTED) {
            return rc == ASC_OK ? 0 : 1;
        }
        if (PyErr_CheckSignals() < 0) {
            raise_doubt(st, asc_call_abandon(call));
            return -1;
        }
    }
}

int
client_has_waited(module_state *st, const atomic_bool *stop, asc_status rc,
                  const asc_error *err)
{
    if (rc != ASC_OK && rc != ASC_INTERRUPTED) {
        raise_error(st, err, NULL, NULL);
        return -1;
    }
    /* Handlers run also when no wait was needed: a signal may have come before, and a
     * loop that never waits must end, too. */
    if (PyErr_CheckSignals() < 0) {
        return -1;
    }
    if (stop != NULL && *stop) {
        return raise_code(st, ASC_ERR_CLIENT, "the call was stopped");
    }
    return rc == ASC_INTERRUPTED;
}

int
client_wait_set(module_state *st, asc_set *set, const atomic_bool *stop, asc_error *err)
{
    asc_status rc;
    int more;
    do {
        Py_BEGIN_ALLOW_THREADS
        rc = asc_set_wait(set, err);
        Py_END_ALLOW_THREADS
        more = client_has_waited(st, stop, rc, err);
    } while (more > 0);
    if (more < 0) {
        raise_doubt(st, asc_set_in_doubt(set));
        asc_set_abandon(set);
    }
    return more;
}

/* asc_cluster_turn() counts requests. */
const char *
client_any_node(module_state *st, asc_cluster *cluster, const asc_node_info *nodes,
                size_t n)
{
    if (n == 0) {
        asc_error err;
        asc_error_reset(&err);
        asc_cluster_no_node(cluster, &err);
        raise_error(st, &err, NULL, NULL);
        return NULL;
    }
    return nodes[asc_cluster_turn(cluster) % n].name;
}

/* --- the slots of the type --- */

/* Raise an error of the client when an import has failed because a file could not be
 * read, perhaps for want of descriptors. Any other exception stays as it is. Returns
 * -1. */
static int
raise_no_import(module_state *st, const char *name)
{
    if (!PyErr_ExceptionMatches(PyExc_OSError)) {
        return -1;
    }
    PyObject *cause = PyErr_GetRaisedException();
    return raise_from(
        cause, raise_code(st, ASC_ERR_CLIENT, "cannot import %s: %S", name, cause));
}

/* Import the modules that calls use. The package does not import them, because they are
 * slow. Calls must not import them, either: if another thread forks meanwhile, the
 * child waits for an import that nobody will end. So the first client does. 0, or -1
 * with an exception. */
static int
import_for_calls(module_state *st)
{
    static const char *const names[] = {"aerospike._pickle",
                                        "aerospike._query",
                                        "aerospike_helpers.batch.records",
                                        "binascii",
                                        "difflib",
                                        "json",
                                        "linecache", /* by warnings, to show one */
                                        "os",
                                        "tokenize", /* by linecache, from 3.13 on */
                                        "warnings"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        PyObject *module = import_whole(names[i]);
        if (module == NULL) {
            return raise_no_import(st, names[i]);
        }
        Py_DECREF(module);
    }
    return 0;
}

/* Give the client its configuration and its cluster, which may be NULL. Both are taken,
 * even after a failure. The client becomes valid only now, so that no other thread has
 * used what the constructor was still making. 0, or -1 with RuntimeError when another
 * call of the constructor was faster. */
static int
become_valid(ClientObject *client, client_config *config, asc_cluster *cluster)
{
    field_lock_take(&client->lock);
    bool is_first = client->state == CLIENT_INVALID;
    if (is_first) {
        client->config = *config;
        client->cluster = cluster;
        client->state = cluster != NULL ? CLIENT_OPEN : CLIENT_NEW;
    }
    field_lock_drop(&client->lock);
    if (is_first) {
        watch_file(client, true);
        return 0;
    }
    client_disconnect(cluster);
    config_clear(config);
    PyErr_SetString(PyExc_RuntimeError, "the client is initialised already");
    return -1;
}

/* Read the arguments of the constructor of a client, which must not have one yet, into
 * *config. The state of the module; NULL with an exception. */
static module_state *
read_config(client_config *config, ClientObject *client, PyObject *args,
            PyObject *kwargs)
{
    static char *names[] = {"config", NULL};
    PyObject *config_arg = NULL;
    /* the type may be a subclass: the module is that of a base */
    PyObject *module = module_of_type(Py_TYPE(client), &core_module);
    if (module == NULL) {
        return NULL;
    }
    module_state *st = PyModule_GetState(module);
    if (client->state != CLIENT_INVALID) {
        PyErr_SetString(PyExc_RuntimeError, "the client is initialised already");
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:client", names, &config_arg)) {
        /* Python's TypeError becomes the cause */
        raise_param(st, "No config argument" DETAIL "one argument is expected, a dict");
        return NULL;
    }
    if (import_for_calls(st) < 0) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    asc_log(ASC_LOG_TRACE, "a client is made of a configuration");
    Py_END_ALLOW_THREADS
    if (config_from_py(st, config, config_arg) < 0) {
        config_clear(config);
        return NULL;
    }
    return st;
}

/* 0, or -1 with MemoryError. Another thread may make it as well: then it is only one of
 * the two that is used. */
static int
make_extras(ClientObject *client)
{
    PyObject *fresh = client->extras == NULL ? PyDict_New() : NULL;
    field_lock_take(&client->lock);
    if (client->extras == NULL && fresh != NULL) {
        client->extras = fresh;
        fresh = NULL;
    }
    bool done = client->extras != NULL;
    field_lock_drop(&client->lock);
    Py_XDECREF(fresh);
    return done ? 0 : -1;
}

int
async_client_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    ClientObject *client = (ClientObject *)self;
    client_config config = {0};
    client->is_async = true;
    return make_extras(client) == 0 &&
                   read_config(&config, client, args, kwargs) != NULL
               ? become_valid(client, &config, NULL)
               : -1;
}

int
client_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    ClientObject *client = (ClientObject *)self;
    client_config config = {0};
    module_state *st =
        make_extras(client) == 0 ? read_config(&config, client, args, kwargs) : NULL;
    if (st == NULL) {
        return -1;
    }
    asc_error err;
    asc_cluster *cluster = connect_and_warn(st, &config.cluster, &config, &err);
    /* Older programs call connect() after the constructor and expect the error
     * there. */
    bool connects_later = config.fail_if_not_connected == NOT_GIVEN &&
                          err.code != ASC_ERR_NOMEM && PyErr_Occurred() == NULL;
    if (cluster == NULL && !connects_later) {
        if (PyErr_Occurred() == NULL) {
            raise_not_connected(st, config.cluster.credentials, &err);
        }
        config_clear(&config);
        return -1;
    }
    return become_valid(client, &config, cluster);
}

PyObject *
client_view(module_state *st, ClientObject *owner)
{
    PyTypeObject *type = (PyTypeObject *)state_ref(st, (PyObject **)&st->ClientType);
    asc_cluster *cluster = client_cluster(st, owner, NULL);
    ClientObject *view =
        cluster != NULL ? (ClientObject *)type->tp_alloc(type, 0) : NULL;
    Py_DECREF(type); /* its objects count it */
    if (view == NULL) {
        asc_cluster_release(cluster);
        return NULL;
    }
    view->owner = Py_NewRef((PyObject *)owner);
    field_lock_take(&owner->lock);
    view->config = owner->config;
    field_lock_drop(&owner->lock);
    /* A view never logs in, and the owner may get other credentials meanwhile. */
    view->config.cluster.credentials = NULL;
    view->cluster = cluster;
    view->state = CLIENT_OPEN;
    return (PyObject *)view;
}

void
client_dealloc(PyObject *self)
{
    ClientObject *client = (ClientObject *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    /* This may run Python code, which finds the client still whole. */
    PyObject_ClearWeakRefs(self);
    if (client->owner == NULL) {
        client_disconnect(client_let_go(client));
        config_clear(&client->config);
    }
    asc_cluster_release(client->cluster);
    Py_XDECREF(client->owner);
    Py_XDECREF(client->extras);
    free_spare(client);
    type->tp_free(self);
    Py_DECREF(type);
}

int
client_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((ClientObject *)self)->owner);
    Py_VISIT(((ClientObject *)self)->extras);
    if (((ClientObject *)self)->owner != NULL) {
        return 0; /* which has the rest */
    }
    client_config *config = &((ClientObject *)self)->config;
    for (int kind = 0; kind < N_POLICIES; kind++) {
        Py_VISIT(config->defaults[kind].filter);
    }
    if (config->file != NULL) {
        Py_VISIT(config->file->watch);
    }
    Py_VISIT(config->second.metrics);
    Py_VISIT(config->values.serializer);
    Py_VISIT(config->values.deserializer);
    Py_VISIT(config->values.pickle_classes);
    Py_VISIT(config->values.pickle_limits);
    return 0;
}

/* Break cycles: of all that a client owns, only its serializers may lead back to it. A
 * finalizer may use the client even after this, and it works without them. */
int
client_clear(PyObject *self)
{
    value_rules *values = &((ClientObject *)self)->config.values;
    if (((ClientObject *)self)->owner != NULL) {
        return 0;
    }
    Py_CLEAR(values->serializer);
    Py_CLEAR(values->deserializer);
    Py_CLEAR(((ClientObject *)self)->extras);
    return 0;
}

/* --- methods --- */

static const char doc_connect[] =
    "connect($self, username=None, password=None)\n--\n\n"
    "Connect, unless the client is connected already; returns the client.\n\n"
    "After close(), this opens the client again. With a user and a password, the\n"
    "client logs in as that user. If it is connected as another user, it connects\n"
    "again. If that fails, it keeps its user and its connections.\n\n"
    ":param username: str, in place of `user` of the configuration.\n"
    ":param password: str, the password of that user.\n"
    ":raises AdminError: the cluster refuses the login: InvalidUser, InvalidPassword,\n"
    "    ExpiredPassword, SecurityNotSupported, ...\n"
    ":raises ParamError: one of the two is missing, or malformed; nothing was sent.\n"
    ":raises ConnectionError: no node answers.\n"
    ":raises ClientError: a host name has no address, a node belongs to another\n"
    "    cluster, or none of the nodes that the only host names can be reached.";

/* Let a client that is valid go on as another user, with a cluster that it has
 * connected to; the client has the caller's counts from now on. The client stays closed
 * when another thread has closed it since `before`. */
static void
become(ClientObject *client, client_state before, asc_credentials *who,
       asc_cluster *fresh)
{
    asc_cluster *old = fresh;
    asc_credentials *others = who;
    field_lock_take(&client->lock);
    if (client->state != CLIENT_CLOSED || before == CLIENT_CLOSED) {
        old = client->cluster;
        others = client->config.cluster.credentials;
        client->config.cluster.credentials = who;
        client->cluster = fresh;
        client->state = CLIENT_OPEN;
    }
    field_lock_drop(&client->lock);
    if (old != fresh) {
        watch_file(client, true);
    }
    asc_credentials_release(others);
    client_disconnect(old);
}

/* Log in as the user that connect() names, unless the client is connected as that user
 * already. Until that has succeeded the client stays what it is, so that a node must
 * answer whatever fail_if_not_connected says. 0, or -1 with an exception. */
static int
connect_as(module_state *st, ClientObject *client, PyObject *user, PyObject *password)
{
    asc_credentials *who;
    asc_error err;
    client_state before = client->state;
    if (credentials_from_py(st, &who, &client->config.login, user, password) < 0) {
        return -1;
    }
    asc_config config = client_cluster_config(client);
    bool is_present =
        client->cluster != NULL && asc_credentials_equal(who, config.credentials);
    asc_credentials_release(config.credentials);
    if (is_present) {
        asc_credentials_release(who);
        return 0;
    }
    config.credentials = who;
    config.fail_if_not_connected = true;
    asc_cluster *fresh = connect_and_warn(st, &config, &client->config, &err);
    if (fresh != NULL) {
        become(client, before, who, fresh);
        return 0;
    }
    if (PyErr_Occurred() == NULL) {
        raise_not_connected(st, who, &err);
    }
    asc_credentials_release(who);
    return -1;
}

static PyObject *
client_connect(METHOD_PARAMS)
{
    static const char *const names[] = {"username", "password", NULL};
    module_state *st = PyType_GetModuleState(cls);
    ClientObject *client = (ClientObject *)self;
    PyObject *argv[2];
    if (parse_args("connect", names, 0, args, nargs, kwnames, argv) < 0 ||
        check_valid(st, client) < 0) {
        return NULL;
    }
    PyObject *user = none_to_null(argv[0]), *password = none_to_null(argv[1]);
    int rc = 0;
    if (user != NULL || password != NULL) {
        rc = connect_as(st, client, user, password);
    }
    else if (client->cluster == NULL) {
        rc = open_cluster(st, client, 0, "");
    }
    return rc == 0 ? Py_NewRef(self) : NULL;
}

static const char doc_close[] =
    "close($self)\n--\n\n"
    "Close all connections.\n\n"
    "Calls that other threads have begun end normally. Later calls raise\n"
    "ClusterError until connect() is called. close() may be called twice.";

/* Call all that is kept in extras, each of which ends what it does for the client. They
 * raise nothing but what asks the program to end. 0, or -1 with an exception. */
static int
end_extras(ClientObject *client)
{
    PyObject *extras = client->extras;
    if (extras == NULL || PyDict_GET_SIZE(extras) == 0) {
        return 0;
    }
    PyObject *all = PyDict_Values(extras); /* they take themselves out */
    int rc = all != NULL ? 0 : -1;
    for (Py_ssize_t i = 0; rc == 0 && i < PyList_GET_SIZE(all); i++) {
        /* borrowed: owned at once, because it runs Python code */
        PyObject *end = Py_NewRef(PyList_GET_ITEM(all, i));
        PyObject *result = PyObject_CallNoArgs(end);
        rc = result != NULL ? 0 : -1;
        Py_XDECREF(result);
        Py_DECREF(end);
    }
    Py_XDECREF(all);
    return rc;
}

static PyObject *
client_close(PyObject *self, PyObject *ignored)
{
    ClientObject *client = (ClientObject *)self;
    (void)ignored;
    if (end_extras(client) < 0) {
        return NULL;
    }
    client_disconnect(client_let_go(client));
    Py_RETURN_NONE;
}

/* Is there a cluster, and does one of its nodes answer? */
static bool
has_nodes(ClientObject *client)
{
    asc_cluster *cluster = client_present_cluster(client);
    bool has = cluster != NULL && asc_cluster_is_connected(cluster);
    asc_cluster_release(cluster);
    return has;
}

PyObject *
client_repr(PyObject *self)
{
    static const char *const texts[] = {
        [CLIENT_INVALID] = "without a configuration",
        [CLIENT_NEW] = "not connected yet",
        [CLIENT_OPEN] = "connected",
        [CLIENT_CLOSED] = "closed",
    };
    ClientObject *client = (ClientObject *)self;
    const asc_config *config = &client->config.cluster;
    client_state state = client->state; /* valid: the configuration is there */
    const char *text = texts[state];
    if (state == CLIENT_OPEN && !has_nodes(client)) {
        text = "no node answers";
    }
    const char *type = client->is_async ? "AsyncClient" : "Client";
    if (state == CLIENT_INVALID || config->n_hosts == 0) {
        return PyUnicode_FromFormat("<aerospike.%s, %s>", type, text);
    }
    return PyUnicode_FromFormat("<aerospike.%s of %s:%d%s, %s>", type,
                                config->hosts[0].name, (int)config->hosts[0].port,
                                config->n_hosts > 1 ? " and other seeds" : "", text);
}

static const char doc_is_connected[] =
    "is_connected($self)\n--\n\n"
    "True when at least one node of the cluster answers.\n\n"
    "The client asks the nodes once per `tend_interval`. The result is False when "
    "none\n"
    "has answered twice in a row.";

static PyObject *
client_is_connected(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return PyBool_FromLong(has_nodes((ClientObject *)self));
}

static const char doc_get_policies[] =
    "get_policies($self)\n--\n\n"
    "The defaults of this client: dict of policy name to dict of key to value.";

static PyObject *
client_get_policies(METHOD_PARAMS)
{
    static const char *const names[] = {NULL};
    ClientObject *client = (ClientObject *)self;
    if (parse_args("get_policies", names, 0, args, nargs, kwnames, NULL) < 0 ||
        check_valid(PyType_GetModuleState(cls), client) < 0) {
        return NULL;
    }
    policy defaults[N_POLICIES];
    for (int kind = 0; kind < N_POLICIES; kind++) {
        defaults[kind] = config_policy(&client->config, (policy_kind)kind);
    }
    return policies_to_py(defaults);
}

static const char doc__reconfigure[] =
    "_reconfigure($self, config, policies)\n--\n\n"
    "Take what the client's file with dynamic settings says now, for "
    "aerospike._watch:\n"
    "keys of the configuration, and sections of policies.";

static PyObject *
client__reconfigure(METHOD_PARAMS)
{
    static const char *const names[] = {"config", "policies", NULL};
    module_state *st = PyType_GetModuleState(cls);
    ClientObject *client = (ClientObject *)self;
    PyObject *argv[2];
    if (parse_args("_reconfigure", names, 2, args, nargs, kwnames, argv) < 0 ||
        check_valid(st, client) < 0 ||
        config_follow_file(st, &client->config, argv[0], argv[1]) < 0) {
        return NULL;
    }
    asc_cluster *cluster = client_present_cluster(client);
    int rc = cluster != NULL ? config_tune(&client->config, cluster) : 0;
    asc_cluster_release(cluster);
    return rc == 0 ? Py_NewRef(Py_None) : NULL;
}

static const char doc__check_valid[] =
    "_check_valid($self)\n--\n\n"
    "Raise ParamError when the constructor was not called, or has failed.";

static PyObject *
client__check_valid(METHOD_PARAMS)
{
    module_state *st = PyType_GetModuleState(cls);
    (void)args;
    (void)nargs;
    (void)kwnames;
    return check_valid(st, (ClientObject *)self) == 0 ? Py_NewRef(Py_None) : NULL;
}

static const char doc__check_open[] =
    "_check_open($self)\n--\n\n"
    "Likewise, and ClusterError when the client is closed.";

static PyObject *
client__check_open(METHOD_PARAMS)
{
    module_state *st = PyType_GetModuleState(cls);
    (void)args;
    (void)nargs;
    (void)kwnames;
    return client_check_open(st, (ClientObject *)self) == 0 ? Py_NewRef(Py_None) : NULL;
}

static const char doc__is_open[] =
    "_is_open($self)\n--\n\n"
    "Whether the client has connected, and was not closed.";

static PyObject *
client__is_open(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return PyBool_FromLong(((ClientObject *)self)->cluster != NULL);
}

static const char doc__lua[] =
    "_lua($self)\n--\n\n"
    "The section \"lua\" of the configuration: (user_path, system_path, max_memory).";

static PyObject *
client__lua(METHOD_PARAMS)
{
    module_state *st = PyType_GetModuleState(cls);
    ClientObject *client = (ClientObject *)self;
    (void)args;
    (void)nargs;
    (void)kwnames;
    return check_valid(st, client) == 0 ? lua_options_to_py(&client->config.lua) : NULL;
}

static const char doc_shm_key[] =
    "shm_key($self)\n--\n\n"
    "The key of the memory that this client shares with those of other processes\n"
    "(``shm`` of the configuration), or None if it shares none.";

static PyObject *
client_shm_key(PyObject *self, PyObject *ignored)
{
    const asc_shm_config *shm = &((ClientObject *)self)->config.cluster.shm;
    (void)ignored;
    if (!shm->enable) {
        Py_RETURN_NONE;
    }
    return PyLong_FromUnsignedLong(shm->key);
}

static PyObject *
client_enter(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return Py_NewRef(self);
}

static PyObject *
client_exit(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return client_close(self, NULL);
}

const PyMethodDef plain_methods[] = {
    {"is_connected", client_is_connected, METH_NOARGS, doc_is_connected},
    METHOD_ROW("_check_valid", client__check_valid, doc__check_valid),
    METHOD_ROW("_check_open", client__check_open, doc__check_open),
    METHOD_ROW("_lua", client__lua, doc__lua),
    METHOD_ROW("get_policies", client_get_policies, doc_get_policies),
    METHOD_ROW("_reconfigure", client__reconfigure, doc__reconfigure),
    {"shm_key", client_shm_key, METH_NOARGS, doc_shm_key},
    {"_observe", client__observe, METH_VARARGS, doc__observe},
    {NULL, NULL, 0, NULL},
};

const PyMethodDef client_methods[] = {
    METHOD_ROW("connect", client_connect, doc_connect),
    {"close", client_close, METH_NOARGS, doc_close},
    {"__enter__", client_enter, METH_NOARGS, NULL},
    {"__exit__", client_exit, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

const PyMethodDef async_life_methods[] = {
    METHOD_ROW("_connect", client_connect, doc_connect),
    {"_is_open", client__is_open, METH_NOARGS, doc__is_open},
    {NULL, NULL, 0, NULL},
};
