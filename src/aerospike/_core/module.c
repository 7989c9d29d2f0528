/* module.c -- aerospike._core. Each room exports the functions of the module that it
 * has as an array of rows; this file joins them, and says in which order the state is
 * made and dropped. */
#include "batch/batch_record.h"
#include "clients/client.h"
#include "expressions/expressions.h"
#include "loop/pending.h"
#include "nodes/nodes.h"
#include "operations/operations.h"
#include "options/tables.h"
#include "query/awaited.h"
#include "query/stream.h"
#include "support/args.h"
#include "support/compat.h"
#include "support/logging.h"
#include "support/memory.h"
#include "transactions/transaction.h"
#include "values/bins.h"
#include "values/keys.h"
#include "values/pickles.h"
#include "values/record_tuple.h"
#include "values/serialize.h"

/* --- functions --- */

static const char doc_client[] = "client($module, config)\n--\n\n"
                                 "A Client of the configuration; see Client.";

static PyObject *
core_client(FUNCTION_PARAMS)
{
    module_state *st = PyModule_GetState(module);
    PyObject *type = state_ref(st, (PyObject **)&st->ClientType);
    PyObject *made = PyObject_Vectorcall(type, args, (size_t)nargs, kwnames);
    Py_DECREF(type);
    return made;
}

static const char doc_is_main_interpreter[] =
    "is_main_interpreter($module)\n--\n\n"
    "Whether the caller runs in the main interpreter; for\n"
    "aerospike._aggregate.";

static PyObject *
core_is_main_interpreter(FUNCTION_PARAMS)
{
    static const char *const names[] = {NULL};
    PyObject *argv[1];
    (void)module;
    if (parse_args("is_main_interpreter", names, 0, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    return PyBool_FromLong(in_main_interpreter());
}

static const PyMethodDef module_functions[] = {
    FUNCTION_ROW("client", core_client, doc_client),
    FUNCTION_ROW("is_main_interpreter", core_is_main_interpreter,
                 doc_is_main_interpreter),
    {NULL, NULL, 0, NULL},
};

static const PyMethodDef *const functions[] = {
    module_functions,      keys_functions,          serialize_functions,
    logging_functions,     pickles_functions,       operations_functions,
    expressions_functions, option_tables_functions, wire_text_functions,
    client_type_functions, admin_functions,         info_functions,
    memory_functions,
};

static int
add_functions(PyObject *module)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof functions / sizeof functions[0]; i++) {
        /* Python keeps the rows and does not change them */
        rc = PyModule_AddFunctions(module, (PyMethodDef *)functions[i]);
    }
    return rc;
}

/* --- state --- */

static int
core_exec(PyObject *module)
{
    module_state *st = PyModule_GetState(module);
    expressions_init(st);
    if (state_init(st) < 0 || errors_init(st) < 0 || option_tables_intern(st) < 0 ||
        add_functions(module) < 0 || bins_init(st) < 0 ||
        record_type_init(module, st) < 0 || batch_record_type_init(module, st) < 0 ||
        transaction_type_init(module, st) < 0 || client_type_init(module, st) < 0 ||
        stream_types_init(module, st) < 0 || awaited_types_init(module, st) < 0) {
        return -1; /* Python drops the module, and core_free() what there is */
    }
    return logging_init(module); /* last: threads log from now on */
}

static int
core_traverse(PyObject *module, visitproc visit, void *arg)
{
    return state_traverse(PyModule_GetState(module), visit, arg);
}

static int
core_clear(PyObject *module)
{
    module_state *st = PyModule_GetState(module);
    logging_clear(st);
    pending_free_spare(st); /* before their type may go */
    state_clear(st);
    option_tables_clear(st);
    return 0;
}

static void
core_free(void *module)
{
    core_clear(module);
    /* The methods of the type point to these rows, and a type that is still used keeps
     * its module: nobody can call them any more when the module is freed. */
    module_state *st = PyModule_GetState(module);
    PyMem_Free(st->client_methods);
    PyMem_Free(st->async_methods);
}

static PyModuleDef_Slot core_slots[] = {
    {Py_mod_exec, core_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT, .m_name = "aerospike._core", .m_size = sizeof(module_state),
    .m_slots = core_slots, .m_traverse = core_traverse, .m_clear = core_clear,
    .m_free = core_free,
};

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&core_module);
}
