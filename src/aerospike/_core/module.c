/* module.c -- aerospike._core: the functions of the module and its state. */
#include "client.h"
#include "expressions.h"
#include "keys.h"

/* --- functions --- */

PyDoc_STRVAR(doc_client, "client($module, config, /)\n--\n\n"
                         "A Client of the configuration; see Client.");

static PyObject *
core_client(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    module_state *st = PyModule_GetState(module);
    if (nargs == 0) {
        raise_param(st, "No config argument");
        return NULL;
    }
    return PyObject_Vectorcall((PyObject *)st->ClientType, args, (size_t)nargs, NULL);
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

static PyMethodDef core_functions[] = {
    {"client", (PyCFunction)(void (*)(void))core_client, METH_FASTCALL, doc_client},
    {"calc_digest", (PyCFunction)(void (*)(void))core_calc_digest,
     METH_FASTCALL | METH_KEYWORDS, doc_calc_digest},
    {"get_partition_id", core_get_partition_id, METH_O, doc_get_partition_id},
    {"pack_expression", core_pack_expression, METH_O, doc_pack_expression},
    {NULL, NULL, 0, NULL},
};

/* --- state --- */

static PyObject *
import_attribute(const char *module_name, const char *name)
{
    PyObject *module = PyImport_ImportModule(module_name);
    PyObject *found = module != NULL ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(module);
    return found;
}

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
    return options_intern(st, &policy_table) < 0 || options_intern(st, &meta_table) < 0
               ? -1
               : options_intern(st, &config_table);
}

static int
core_exec(PyObject *module)
{
    module_state *st = PyModule_GetState(module);
    return fill_state(st) < 0 ? -1 : client_type_init(module, st);
}

static int
core_traverse(PyObject *module, visitproc visit, void *arg)
{
    module_state *st = PyModule_GetState(module);
    Py_VISIT(st->ClientType);
#define X(field, module_name, attribute) Py_VISIT(st->field);
    CORE_IMPORTS(X)
#undef X
    return 0;
}

static int
core_clear(PyObject *module)
{
    module_state *st = PyModule_GetState(module);
    Py_CLEAR(st->ClientType);
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
