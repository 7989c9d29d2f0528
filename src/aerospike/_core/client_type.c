/* client_type.c -- the type aerospike._core.Client, the base of aerospike.Client.
 *
 * It has the methods that are one request each, and those that need none;
 * aerospike.Client adds what is made of them. Each room of the extension exports the
 * methods that it has as an array of rows. This file joins the arrays and makes the
 * type of them: it is the only one that knows all rooms. */
#include "clients/client.h"
#include "clients/metrics.h"

#include <structmember.h> /* after Python.h */

#include "asc/alloc.h"

#include "batch/batch_methods.h"
#include "loop/loop.h"
#include "nodes/nodes.h"
#include "query/aggregate.h"
#include "query/awaited.h"
#include "query/stream.h"
#include "record/record.h"
#include "support/compat.h"
#include "transactions/ending.h"

static const PyMethodDef *const rooms[] = {
    client_methods,     plain_methods,       key_methods,   record_methods,
    batch_keys_methods, batch_write_methods, query_methods, aggregate_methods,
    node_list_methods,  info_methods,        admin_methods, ending_methods,
    metrics_methods,
};

static const PyMethodDef *const async_rooms[] = {
    async_life_methods,
    plain_methods,
    metrics_methods,
    loop_methods,
    key_methods,
    async_record_methods,
    node_list_methods,
    async_info_methods,
    async_admin_methods,
    async_batch_keys_methods,
    async_batch_write_methods,
    async_query_methods,
    async_ending_methods,
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The rows of rooms in one array, which a row of NULLs ends and the caller frees with
 * PyMem_Free(). NULL with MemoryError. */
static PyMethodDef *
join_rooms(const PyMethodDef *const *list, size_t n_rooms)
{
    size_t n = 0;
    for (size_t i = 0; i < n_rooms; i++) {
        for (const PyMethodDef *row = list[i]; row->ml_name != NULL; row++) {
            n++;
        }
    }
    PyMethodDef *all = PyMem_Calloc(n + 1, sizeof *all);
    if (all == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    n = 0;
    for (size_t i = 0; i < n_rooms; i++) {
        for (const PyMethodDef *row = list[i]; row->ml_name != NULL; row++) {
            all[n++] = *row;
        }
    }
    return all;
}

static const char doc_Client[] = "Client(config)\n--\n\n"
                                 "The base of aerospike.Client.";

static const char doc_AsyncClient[] = "AsyncClient(config)\n--\n\n"
                                      "The base of aerospike.AsyncClient.";

static PyMemberDef client_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ClientObject, weak_references),
     READONLY, NULL},
    {"_extras", T_OBJECT_EX, offsetof(ClientObject, extras), READONLY, NULL},
    {"_metrics_policy", T_OBJECT, offsetof(ClientObject, config.second.metrics),
     READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

/* Has a client that is made of these arguments listeners (aerospike.monitoring)? -1
 * with an exception. */
static int
has_listeners(PyObject *args, PyObject *kwargs)
{
    PyObject *config = NULL, *own = NULL;
    int rc = 0;
    if (PyTuple_GET_SIZE(args) > 0) {
        config = Py_NewRef(PyTuple_GET_ITEM(args, 0)); /* borrowed: args lasts */
    }
    else if (kwargs != NULL) {
        rc = PyDict_GetItemStringRef(kwargs, "config", &config);
    }
    if (rc >= 0 && config != NULL && PyDict_Check(config)) {
        rc = PyDict_GetItemStringRef(config, "event_listeners", &own);
    }
    if (rc >= 0) {
        rc = own != NULL ? PyObject_IsTrue(own) : 0;
    }
    Py_XDECREF(own);
    Py_XDECREF(config);
    if (rc != 0) {
        return rc;
    }
    PyObject *name = PyUnicode_FromString("aerospike.monitoring");
    PyObject *module = name != NULL ? PyImport_GetModule(name) : NULL;
    Py_XDECREF(name);
    if (module == NULL) {
        return PyErr_Occurred() != NULL ? -1 : 0;
    }
    PyObject *all = PyObject_GetAttrString(module, "_registered");
    rc = all != NULL ? PyObject_IsTrue(all) : -1;
    Py_XDECREF(all);
    Py_DECREF(module);
    return rc;
}

/* A client with listeners is of a class that is derived from the one that was asked
 * for; see aerospike._monitor. */
static PyObject *
client_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    int rc = has_listeners(args, kwargs);
    if (rc <= 0) {
        return rc == 0 ? type->tp_alloc(type, 0) : NULL;
    }
    PyObject *derive = import_attribute("aerospike._monitor", "observed_class");
    PyObject *cls =
        derive != NULL ? PyObject_CallOneArg(derive, (PyObject *)type) : NULL;
    PyObject *made = NULL;
    if (cls != NULL) {
        made = ((PyTypeObject *)cls)->tp_alloc((PyTypeObject *)cls, 0);
    }
    Py_XDECREF(derive);
    Py_XDECREF(cls);
    return made;
}

/* Make a type of clients by a spec and its slots, and put it into the module. Python
 * copies the slots, but not the methods that one of them points to: those stay in the
 * state. A new reference, or NULL with an exception. */
static PyTypeObject *
make_type(PyObject *module, const char *name, size_t size, PyType_Slot *slots)
{
    PyType_Spec spec = {
        .name = name,
        .basicsize = (int)size,
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
                 Py_TPFLAGS_IMMUTABLETYPE,
        .slots = slots,
    };
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (type != NULL && PyModule_AddType(module, (PyTypeObject *)type) < 0) {
        Py_CLEAR(type);
    }
    return (PyTypeObject *)type;
}

int
client_type_init(PyObject *module, module_state *st)
{
    st->client_methods = join_rooms(rooms, N_OF(rooms));
    st->async_methods = join_rooms(async_rooms, N_OF(async_rooms));
    if (st->client_methods == NULL || st->async_methods == NULL) {
        return -1;
    }
    PyType_Slot slots[] = {
        {Py_tp_doc, (void *)doc_Client},     {Py_tp_new, client_new},
        {Py_tp_init, client_init},           {Py_tp_dealloc, client_dealloc},
        {Py_tp_traverse, client_traverse},   {Py_tp_clear, client_clear},
        {Py_tp_methods, st->client_methods}, {Py_tp_members, client_members},
        {Py_tp_repr, client_repr},           {0, NULL},
    };
    PyType_Slot async_slots[] = {
        {Py_tp_doc, (void *)doc_AsyncClient},
        {Py_tp_new, client_new},
        {Py_tp_init, async_client_init},
        {Py_tp_dealloc, async_client_dealloc},
        {Py_tp_traverse, async_client_traverse},
        {Py_tp_clear, async_client_clear},
        {Py_tp_methods, st->async_methods},
        {Py_tp_members, client_members},
        {Py_tp_repr, client_repr},
        {0, NULL},
    };
    st->ClientBase =
        make_type(module, "aerospike._core.Client", sizeof(ClientObject), slots);
    st->AsyncClientBase = make_type(module, "aerospike._core.AsyncClient",
                                    sizeof(AsyncClientObject), async_slots);
    if (st->ClientBase == NULL || st->AsyncClientBase == NULL) {
        return -1;
    }
    st->ClientType = (PyTypeObject *)Py_NewRef(st->ClientBase);
    return loop_types_init(module, st);
}

static const char doc_publish_client[] =
    "publish_client($module, cls, /)\n--\n\n"
    "The decorator of a subclass of Client: client() makes objects of it, and\n"
    "nobody can change it any more.";

/* The base is asked for, not what was published before: an import that was interrupted
 * makes the classes anew. */
static PyObject *
core_publish_client(PyObject *module, PyObject *cls)
{
    module_state *st = PyModule_GetState(module);
    PyTypeObject *type = (PyTypeObject *)cls;
    if (!PyType_Check(cls) || !PyType_IsSubtype(type, st->ClientBase)) {
        PyErr_Format(PyExc_TypeError, "a subclass of Client is expected, not %R", cls);
        return NULL;
    }
    if (PyType_Freeze(type) < 0) {
        return NULL;
    }
    state_replace(st, (PyObject **)&st->ClientType, Py_NewRef(cls));
    return Py_NewRef(cls);
}

static const char doc_pending[] =
    "pending($module)\n--\n\n"
    "The paths of the calls that exist and are not supported yet: none. For tools.";

static PyObject *
core_pending(PyObject *module, PyObject *ignored)
{
    (void)module;
    (void)ignored;
    return PyList_New(0);
}

static const char doc_fail_allocations[] =
    "fail_allocations($module, nth, /)\n--\n\n"
    "Let the nth allocation of the C library and all later ones fail, in every\n"
    "thread; 0: none. Returns the number of its blocks that are in use. For tests.";

static PyObject *
core_fail_allocations(PyObject *module, PyObject *arg)
{
    (void)module;
    unsigned long nth = PyLong_AsUnsignedLong(arg);
    if (nth == (unsigned long)-1 && PyErr_Occurred()) {
        return NULL;
    }
    asc_alloc_fail_after(nth);
    return PyLong_FromLong(asc_alloc_live());
}

const PyMethodDef client_type_functions[] = {
    {"fail_allocations", core_fail_allocations, METH_O, doc_fail_allocations},
    {"pending", core_pending, METH_NOARGS, doc_pending},
    {"publish_client", core_publish_client, METH_O, doc_publish_client},
    {NULL, NULL, 0, NULL},
};
