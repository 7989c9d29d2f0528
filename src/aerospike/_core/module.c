/* module.c -- aerospike._core: the functions of the module and its state. */
#include "support/args.h"
#include "client/client.h"
#include "options/policies.h"
#include "expressions/expressions.h"
#include "operations/operations.h"
#include "values/keys.h"
#include "support/logging.h"
#include "values/pickles.h"
#include "values/serialize.h"
#include "query/stream.h"

/* --- functions --- */

PyDoc_STRVAR(doc_client, "client($module, config)\n--\n\n"
                         "A Client of the configuration; see Client.");

static PyObject *
core_client(PyObject *module, PyObject *const *args, Py_ssize_t nargs,
            PyObject *kwnames)
{
    static const char *const names[] = {"config", NULL};
    module_state *st = PyModule_GetState(module);
    Py_ssize_t n = nargs + (kwnames != NULL ? PyTuple_GET_SIZE(kwnames) : 0);
    PyObject *config;
    if (n != 1) {
        raise_param(st, n == 0 ? "No config argument"
                               : "client() takes one argument, the config");
        return NULL;
    }
    return parse_args("client", names, 1, args, nargs, kwnames, &config) == 0
               ? PyObject_CallOneArg((PyObject *)st->ClientType, config)
               : NULL;
}

PyDoc_STRVAR(doc_calc_digest,
             "calc_digest($module, ns, set, key)\n--\n\n"
             "The digest that identifies a record, a bytearray of 20.\n\n"
             ":param ns: namespace, str; takes no part in the digest.\n"
             ":param set: str or None.\n"
             ":param key: user key: str, int, bytes or bytearray.\n"
             ":raises TypeError: an argument of another type.\n"
             ":raises ParamError: an int beyond 64 bits, a name too long.");

PyDoc_STRVAR(doc_get_partition_id,
             "get_partition_id($module, digest, /)\n--\n\n"
             "The partition, 0 to 4095, of a digest (bytes or bytearray of 20).\n\n"
             ":raises ParamError: anything else.");

PyDoc_STRVAR(doc_pack_expression, "pack_expression($module, tree, /)\n--\n\n"
                                  "The wire bytes of an expression's tree.");

PyDoc_STRVAR(doc_expression_base64, "expression_base64($module, expression, /)\n--\n\n"
                                    "What get_expression_base64() gives.");

PyDoc_STRVAR(doc_context_base64, "context_base64($module, ctx, /)\n--\n\n"
                                 "What get_cdtctx_base64() gives.");

PyDoc_STRVAR(
    doc_publish_client,
    "publish_client($module, cls, /)\n--\n\n"
    "The decorator of a subclass of Client: client() makes objects of it, and\n"
    "nobody can change it any more.");

PyDoc_STRVAR(doc_set_serializer,
             "set_serializer($module, function=..., callback=...)\n--\n\n"
             "Set the serializer of all clients: called with each value of an\n"
             "unsupported type that put() writes with serializer=SERIALIZER_USER.\n\n"
             ":param function: takes the value, returns str, bytes or bytearray.\n"
             ":return: int, 0.\n"
             ":raises ParamError: it is not callable.");

PyDoc_STRVAR(
    doc_set_deserializer,
    "set_deserializer($module, function=..., callback=...)\n--\n\n"
    "Set the deserializer of all clients: called with each plain blob that is\n"
    "read; what it returns takes the blob's place. When it raises, the reader\n"
    "gets the blob.\n\n"
    ":param function: takes str where the blob is UTF-8, else bytes.\n"
    ":return: int, 0.\n"
    ":raises ParamError: it is not callable.");

PyDoc_STRVAR(doc_unset_serializers, "unset_serializers($module)\n--\n\n"
                                    "Forget the serializer and deserializer of all\n"
                                    "clients. Returns 0.");

PyDoc_STRVAR(
    doc_set_log_handler,
    "set_log_handler($module, log_handler=..., callback=...)\n--\n\n"
    "Set where log lines go. At first that is the log \"aerospike\" of the\n"
    "standard library.\n\n"
    ":param log_handler: function of (level, func, path, line, msg): int, str,\n"
    "    str, int, str; may be called from any thread. None drops the lines;\n"
    "    without an argument they are printed to the standard error stream.\n"
    ":return: int, 0.\n"
    ":raises ParamError: it is not callable.");

PyDoc_STRVAR(doc_set_log_level,
             "set_log_level($module, loglevel=..., log_level=...)\n--\n\n"
             "Set the threshold of log lines: LOG_LEVEL_OFF to LOG_LEVEL_TRACE; it is\n"
             "LOG_LEVEL_ERROR at first.\n\n"
             ":return: int, 0.\n"
             ":raises ParamError: it is no int.");

PyDoc_STRVAR(
    doc_option_tables,
    "option_tables($module)\n--\n\n"
    "The tables of option keys: {\"policy\": rows, \"meta\": rows, \"config\":\n"
    "rows}; a row is a dict of name, type, kinds (names of policies), min, max\n"
    "and new_name. For documentation and tests.");

static PyObject *
core_option_tables(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    PyObject *policy_list = options_to_py(&policy_table, policy_kind_name, N_POLICIES);
    PyObject *meta_list = options_to_py(&meta_table, policy_kind_name, 0);
    PyObject *config_list = options_to_py(&config_table, policy_kind_name, 0);
    PyObject *tables = NULL;
    if (policy_list != NULL && meta_list != NULL && config_list != NULL) {
        tables = Py_BuildValue("{sOsOsO}", "policy", policy_list, "meta", meta_list,
                               "config", config_list);
    }
    Py_XDECREF(policy_list);
    Py_XDECREF(meta_list);
    Py_XDECREF(config_list);
    return tables;
}

PyDoc_STRVAR(
    doc_operation_table,
    "operation_table($module)\n--\n\n"
    "The operations that operate() knows: a list of dicts of number (\"op\" of the\n"
    "API), name, carrier (the operation of the protocol) and code (what its packed\n"
    "value begins with, -1 when it has none). Expressions take their codes from it.");

static PyObject *
core_operation_table(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    return operations_to_py();
}

#define FAST(name)                                                                     \
    {#name, (PyCFunction)(void (*)(void))core_##name, METH_FASTCALL | METH_KEYWORDS,   \
     doc_##name}

static PyMethodDef core_functions[] = {
    FAST(client),
    FAST(calc_digest),
    FAST(set_serializer),
    FAST(set_deserializer),
    {"unset_serializers", core_unset_serializers, METH_NOARGS, doc_unset_serializers},
    FAST(set_log_handler),
    FAST(set_log_level),
    {"option_tables", core_option_tables, METH_NOARGS, doc_option_tables},
    {"operation_table", core_operation_table, METH_NOARGS, doc_operation_table},
    {"get_partition_id", core_get_partition_id, METH_O, doc_get_partition_id},
    {"expression_base64", core_expression_base64, METH_O, doc_expression_base64},
    {"context_base64", core_context_base64, METH_O, doc_context_base64},
    {"publish_client", core_publish_client, METH_O, doc_publish_client},
    {"pickle_is_plain", core_pickle_is_plain, METH_O, NULL},
    {"pack_expression", core_pack_expression, METH_O, doc_pack_expression},
    {NULL, NULL, 0, NULL},
};

/* --- state --- */

static int
fill_state(module_state *st)
{
#define X(name)                                                                        \
    if ((st->s_##name = PyUnicode_InternFromString(#name)) == NULL) {                  \
        return -1;                                                                     \
    }
    CORE_NAMES(X)
#undef X
#define X(field, module, attribute)                                                    \
    if ((st->field = import_attribute(module, attribute)) == NULL) {                   \
        return -1;                                                                     \
    }
    CORE_IMPORTS(X)
#undef X
    static const option_table *const tables[N_TABLES] = {
        &policy_table, &meta_table, &config_table, &policies_table};
    int rc = 0;
    for (int i = 0; rc == 0 && i < N_TABLES; i++) {
        rc = options_intern(st, tables[i]);
    }
    return rc;
}

static int
core_exec(PyObject *module)
{
    module_state *st = PyModule_GetState(module);
    return fill_state(st) < 0 || client_type_init(module, st) < 0 ||
                   stream_types_init(module, st) < 0
               ? -1
               : logging_init(module);
}

static int
core_traverse(PyObject *module, visitproc visit, void *arg)
{
    module_state *st = PyModule_GetState(module);
    Py_VISIT(st->ClientType);
    Py_VISIT(st->StreamType);
    Py_VISIT(st->TrackerType);
    Py_VISIT(st->serializer);
    Py_VISIT(st->deserializer);
    Py_VISIT(st->log_handler);
    for (int i = 0; i < N_BATCH_TYPES; i++) {
        Py_VISIT(st->batch_types[i]);
    }
#define X(field, module_name, attribute) Py_VISIT(st->field);
    CORE_IMPORTS(X)
#undef X
    return 0;
}

static int
core_clear(PyObject *module)
{
    module_state *st = PyModule_GetState(module);
    logging_clear(st);
    Py_CLEAR(st->ClientType);
    Py_CLEAR(st->StreamType);
    Py_CLEAR(st->TrackerType);
    Py_CLEAR(st->serializer);
    Py_CLEAR(st->deserializer);
    Py_CLEAR(st->pickle_dumps);
    Py_CLEAR(st->pickle_loads);
    Py_CLEAR(st->random_bytes);
    for (int i = 0; i < N_BATCH_TYPES; i++) {
        Py_CLEAR(st->batch_types[i]);
    }
    Py_CLEAR(st->base64_encode);
#define X(field, module_name, attribute) Py_CLEAR(st->field);
    CORE_IMPORTS(X)
#undef X
#define X(name) Py_CLEAR(st->s_##name);
    CORE_NAMES(X)
#undef X
    for (size_t i = 0; i < N_CACHED_NAMES; i++) {
        Py_CLEAR(st->cached_names[i]);
    }
    options_clear(st);
    return 0;
}

static void
core_free(void *module)
{
    core_clear(module);
    /* only now: a type that is still used keeps its module */
    PyMem_Free(((module_state *)PyModule_GetState(module))->client_methods);
}

static PyModuleDef_Slot core_slots[] = {
    {Py_mod_exec, core_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT,          .m_name = "aerospike._core",
    .m_size = sizeof(module_state), .m_methods = core_functions,
    .m_slots = core_slots,          .m_traverse = core_traverse,
    .m_clear = core_clear,          .m_free = core_free,
};

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&core_module);
}
