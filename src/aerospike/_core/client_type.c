/* client_type.c -- the type aerospike.Client.
 *
 * Each room of the extension exports the methods that it has as an array of rows. This
 * file joins the arrays and makes the type of them: it is the only one that knows all
 * rooms. */
#include "client/client.h"

#include <structmember.h> /* after Python.h */

#include "batch/batch_methods.h"
#include "client/delegated.h"
#include "query/stream.h"
#include "record/direct.h"
#include "record/record.h"

#define DIRECT_METHOD(name, number, result, n_required, args, sig, text)               \
    METHOD_ROW(#name, client_##name, DIRECT_DOC(#name, sig, text)),

#define DELEGATED_METHOD(name, module, needs_cluster, signature, text)                 \
    METHOD_ROW(#name, client_##name, DELEGATED_DOC(#name, signature, text)),

static const PyMethodDef direct_methods[] = {
    DIRECT_METHODS(DIRECT_METHOD){NULL, NULL, 0, NULL},
};

static const PyMethodDef delegated_methods[] = {
    DELEGATED_METHODS(DELEGATED_METHOD){NULL, NULL, 0, NULL},
};

static const PyMethodDef *const rooms[] = {
    client_methods,     record_methods,      direct_methods,
    batch_keys_methods, batch_write_methods, delegated_methods,
    query_methods,      info_methods,        wire_text_methods,
};

/* All rows in one array, ended by a row of NULLs, which the caller frees; NULL with
 * MemoryError. */
static PyMethodDef *
join_rooms(void)
{
    const size_t n_rooms = sizeof rooms / sizeof rooms[0];
    size_t n = 0;
    for (size_t i = 0; i < n_rooms; i++) {
        for (const PyMethodDef *row = rooms[i]; row->ml_name != NULL; row++) {
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
        for (const PyMethodDef *row = rooms[i]; row->ml_name != NULL; row++) {
            all[n++] = *row;
        }
    }
    return all;
}

static const char doc_Client[] =
    "Client(config)\n--\n\n"
    "A client of one Aerospike cluster; thread-safe, and usable after a fork.\n\n"
    ":param config: dict; \"hosts\" is required: a list of (address, port) tuples or\n"
    "    \"address:port\" strings, of which one that answers is enough.\n"
    ":raises ParamError: the configuration is malformed.\n"
    ":raises ConnectionError: no node answers, and \"fail_if_not_connected\" is True;\n"
    "    when that key is not given, connect() or the first command raises instead.\n\n"
    "As a context manager it closes itself.";

static PyMemberDef client_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ClientObject, weak_references),
     READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

int
client_type_init(PyObject *module, module_state *st)
{
    st->client_methods = join_rooms();
    if (st->client_methods == NULL) {
        return -1;
    }
    PyType_Slot slots[] = {
        {Py_tp_doc, (void *)doc_Client}, {Py_tp_init, client_init},
        {Py_tp_dealloc, client_dealloc}, {Py_tp_traverse, client_traverse},
        {Py_tp_clear, client_clear},     {Py_tp_methods, st->client_methods},
        {Py_tp_members, client_members}, {0, NULL},
    };
    PyType_Spec spec = {
        .name = "aerospike.Client",
        .basicsize = sizeof(ClientObject),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
                 Py_TPFLAGS_IMMUTABLETYPE,
        .slots = slots,
    };
    st->ClientType = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    return st->ClientType != NULL ? PyModule_AddType(module, st->ClientType) : -1;
}
