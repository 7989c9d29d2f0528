/* clients/metrics.c -- the counters of a cluster as Python objects, and functions that
 * its tend thread calls. What users see is made of them in Python. */
#include "clients/metrics.h"

#include "asc/alloc.h"
#include "asc/metrics.h"
#include "clients/client.h"
#include "support/collector.h"
#include "support/compat.h"
#include "support/errors.h"
#include "support/main_thread.h"

/* --- counters --- */

/* A list of the counts of one histogram. */
static PyObject *
histogram_to_py(const uint64_t *counts, uint32_t n)
{
    PyObject *list = PyList_New(n);
    for (uint32_t i = 0; list != NULL && i < n; i++) {
        PyObject *count = PyLong_FromUnsignedLongLong(counts[i]);
        if (count == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, i, count);
    }
    return list;
}

/* The histograms of a namespace, in the order of asc_latency. */
static PyObject *
histograms_to_py(const asc_ns_stats *s, uint32_t n_columns)
{
    PyObject *tuple = PyTuple_New(ASC_N_LATENCIES), *list = tuple; /* not NULL: go on */
    if (tuple == NULL) {
        return NULL;
    }
    PyObject_GC_UnTrack(tuple); /* while it has empty places: see values.h */
    for (int kind = 0; list != NULL && kind < ASC_N_LATENCIES; kind++) {
        list = histogram_to_py(s->latency[kind], n_columns);
        PyTuple_SET_ITEM(tuple, kind, list); /* NULL leaves the place empty */
    }
    if (list == NULL) {
        Py_DECREF(tuple);
        return NULL;
    }
    PyObject_GC_Track(tuple);
    return tuple;
}

/* (ns, errors, timeouts, key_busy, bytes_in, bytes_out, histograms). */
static PyObject *
namespace_to_py(const asc_ns_stats *s, uint32_t n_columns)
{
    PyObject *histograms = histograms_to_py(s, n_columns);
    if (histograms == NULL) {
        return NULL;
    }
    return Py_BuildValue(
        "(sKKKKKN)", s->ns, (unsigned long long)s->errors,
        (unsigned long long)s->timeouts, (unsigned long long)s->key_busy,
        (unsigned long long)s->bytes_in, (unsigned long long)s->bytes_out, histograms);
}

/* (name, address, port, is_gone, connections, namespaces). Each container within is
 * made first: the tuple around it would have empty places meanwhile. */
static PyObject *
node_to_py(const asc_node_stats *s, uint32_t n_columns)
{
    PyObject *connections =
        Py_BuildValue("(IIKKKK)", s->in_use, s->in_pool, (unsigned long long)s->opened,
                      (unsigned long long)s->closed, (unsigned long long)s->recovered,
                      (unsigned long long)s->aborted);
    PyObject *namespaces = connections != NULL ? PyList_New(0) : NULL;
    for (size_t i = 0; namespaces != NULL && i < s->n_namespaces; i++) {
        PyObject *item = namespace_to_py(&s->namespaces[i], n_columns);
        if (item == NULL || PyList_Append(namespaces, item) < 0) {
            Py_CLEAR(namespaces);
        }
        Py_XDECREF(item);
    }
    if (namespaces == NULL) {
        Py_XDECREF(connections);
        return NULL;
    }
    return Py_BuildValue("(ssiONN)", s->name, s->address, (int)s->port,
                         s->is_gone ? Py_True : Py_False, connections, namespaces);
}

/* (commands, retries, connections that wait for late replies, peers that cannot be
 * reached, nodes). NULL with an exception. */
static PyObject *
stats_to_py(const asc_cluster_stats *s)
{
    PyObject *nodes = PyList_New(0);
    for (size_t i = 0; nodes != NULL && i < s->n_nodes; i++) {
        PyObject *node = node_to_py(&s->nodes[i], s->n_columns);
        if (node == NULL || PyList_Append(nodes, node) < 0) {
            Py_CLEAR(nodes);
        }
        Py_XDECREF(node);
    }
    if (nodes == NULL) {
        return NULL;
    }
    return Py_BuildValue("(KKIIN)", (unsigned long long)s->n_commands,
                         (unsigned long long)s->n_retries, s->n_recovering,
                         s->n_invalid, nodes);
}

/* The cluster of a method that waits for nothing: one that has connected. NULL with an
 * exception. */
static asc_cluster *
cluster_of(PyTypeObject *cls, PyObject *self)
{
    module_state *st = PyType_GetModuleState(cls);
    asc_cluster *c = client_cluster(st, (ClientObject *)self, NULL);
    if (c == NULL && PyErr_ExceptionMatches(st->NotConnected)) {
        PyErr_Clear();
        raise_code(st, ASC_ERR_CLUSTER,
                   "No connection to aerospike cluster" DETAIL
                   "the client has not connected yet: await connect(), or any call, "
                   "first");
    }
    return c;
}

static const char doc__stats[] =
    "_stats($self)\n--\n\n"
    "What the cluster has counted, as nested tuples; for aerospike._metrics.";

static PyObject *
client__stats(METHOD_PARAMS)
{
    static const char *const names[] = {NULL};
    module_state *st = PyType_GetModuleState(cls);
    asc_cluster_stats *stats;
    asc_error err;
    if (parse_args("get_stats", names, 0, args, nargs, kwnames, NULL) < 0) {
        return NULL;
    }
    asc_cluster *c = cluster_of(cls, self);
    if (c == NULL) {
        return NULL;
    }
    asc_error_reset(&err);
    asc_status rc;
    Py_BEGIN_ALLOW_THREADS
    rc = asc_cluster_stats_get(c, &stats, &err);
    asc_cluster_release(c);
    Py_END_ALLOW_THREADS
    if (rc != ASC_OK) {
        return raise_error(st, &err, NULL, NULL);
    }
    PyObject *result = stats_to_py(stats);
    asc_cluster_stats_free(stats);
    return result;
}

static const char doc__measure[] =
    "_measure($self, columns=None, shift=None)\n--\n\n"
    "Begin to measure bytes and latencies; without arguments, end it.";

static PyObject *
client__measure(METHOD_PARAMS)
{
    static const char *const names[] = {"columns", "shift", NULL};
    PyObject *argv[2];
    long columns = 0, shift = 0;
    if (parse_args("_measure", names, 0, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    bool on = argv[0] != NULL && argv[1] != NULL;
    if (on) {
        columns = PyLong_AsLong(argv[0]);
        shift = PyLong_AsLong(argv[1]);
        if (PyErr_Occurred() != NULL) {
            return NULL;
        }
    }
    asc_cluster *c =
        on ? cluster_of(cls, self) : client_present_cluster((ClientObject *)self);
    if (c == NULL && PyErr_Occurred() != NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    if (on) {
        asc_cluster_enable_metrics(c, (unsigned)columns, (unsigned)shift);
    }
    else if (c != NULL) {
        asc_cluster_disable_metrics(c);
    }
    asc_cluster_release(c);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static const char doc__who[] =
    "_who($self)\n--\n\n"
    "The name of the cluster by the configuration, or None, and that of the\n"
    "application.";

static PyObject *
client__who(METHOD_PARAMS)
{
    static const char *const names[] = {NULL};
    ClientObject *client = (ClientObject *)self;
    (void)cls;
    if (parse_args("_who", names, 0, args, nargs, kwnames, NULL) < 0) {
        return NULL;
    }
    asc_config config = client_cluster_config(client);
    const char *user = config.credentials != NULL
                           ? asc_credentials_user(config.credentials)
                           : "not-set";
    PyObject *app_id = client->config.app_id;
    PyObject *result = app_id != NULL
                           ? Py_BuildValue("(zO)", config.cluster_name, app_id)
                           : Py_BuildValue("(zs)", config.cluster_name, user);
    asc_credentials_release(config.credentials);
    return result;
}

/* --- the tend thread --- */

/* A function that the tend thread calls. */
typedef struct py_watch {
    PyObject *function; /* owned */
    PyObject *module;   /* owned */
} py_watch;

/* A failure of the function is none of the tend thread's: the functions of
 * aerospike._metrics and aerospike._monitor report their own. */
static void
tended(void *self, const asc_cluster_stats *stats)
{
    py_watch *w = self;
    if (is_finalizing()) {
        return;
    }
    main_thread thread = main_thread_enter();
    module_state *st = PyModule_GetState(w->module);
    gc_resume(st);
    PyObject *seen = stats_to_py(stats);
    PyObject *result = seen != NULL ? PyObject_CallOneArg(w->function, seen) : NULL;
    if (result == NULL) {
        put_aside(st, w->function);
    }
    Py_XDECREF(result);
    Py_XDECREF(seen);
    main_thread_leave(thread);
}

/* What is left at the end of the interpreter stays. */
static void
release(void *self)
{
    py_watch *w = self;
    if (is_finalizing()) {
        return;
    }
    main_thread thread = main_thread_enter();
    PyObject *exc = PyErr_GetRaisedException();
    Py_DECREF(w->function);
    Py_DECREF(w->module);
    PyErr_SetRaisedException(exc);
    main_thread_leave(thread);
    PyMem_RawFree(w);
}

static const char doc__watch[] =
    "_watch($self, function)\n--\n\n"
    "Have the tend thread call a function at the end of each cycle, with what\n"
    "_stats() gives and the nodes that were removed, until _end_watch().";

static PyObject *
client__watch(METHOD_PARAMS)
{
    static const char *const names[] = {"function", NULL};
    module_state *st = PyType_GetModuleState(cls);
    PyObject *argv[1];
    asc_error err;
    if (parse_args("_watch", names, 1, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (!in_main_interpreter()) {
        raise_code(st, ASC_ERR_CLIENT,
                   "metrics and listeners of the cluster work in the main interpreter "
                   "only");
        return NULL;
    }
    asc_cluster *c = cluster_of(cls, self);
    if (c == NULL) {
        return NULL;
    }
    py_watch *w = PyMem_RawMalloc(sizeof *w);
    asc_error_reset(&err);
    asc_status rc = ASC_ERR_NOMEM;
    if (w != NULL) {
        *w = (py_watch){Py_NewRef(argv[0]), Py_NewRef(PyType_GetModule(cls))};
        const asc_tend_watch watch = {
            .tended = tended, .release = release, .self = w, .name = argv[0]};
        rc = asc_cluster_watch(c, &watch, &err);
    }
    if (rc != ASC_OK && w != NULL) {
        release(w);
    }
    Py_BEGIN_ALLOW_THREADS
    asc_cluster_release(c);
    Py_END_ALLOW_THREADS
    return rc == ASC_OK ? Py_NewRef(Py_None) : PyErr_NoMemory();
}

static const char doc__end_watch[] =
    "_end_watch($self, function)\n--\n\n"
    "Call the function no more. A call that has begun goes on. False: nobody would\n"
    "have called it.";

static PyObject *
client__end_watch(METHOD_PARAMS)
{
    static const char *const names[] = {"function", NULL};
    PyObject *argv[1];
    bool was_there = false;
    (void)cls;
    if (parse_args("_end_watch", names, 1, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    asc_cluster *c = client_present_cluster((ClientObject *)self);
    if (c != NULL) {
        Py_BEGIN_ALLOW_THREADS
        was_there = asc_cluster_end_watch(c, argv[0]);
        asc_cluster_release(c);
        Py_END_ALLOW_THREADS
    }
    return PyBool_FromLong(was_there);
}

const PyMethodDef metrics_methods[] = {
    METHOD_ROW("_stats", client__stats, doc__stats),
    METHOD_ROW("_measure", client__measure, doc__measure),
    METHOD_ROW("_who", client__who, doc__who),
    METHOD_ROW("_watch", client__watch, doc__watch),
    METHOD_ROW("_end_watch", client__end_watch, doc__end_watch),
    {NULL, NULL, 0, NULL},
};
