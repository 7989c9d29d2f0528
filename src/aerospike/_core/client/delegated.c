#include "client/delegated.h"

#include "support/compat.h"

/* The function of a module of the package, a new reference. */
static PyObject *
find_function(const char *module_name, const char *name)
{
    PyObject *path = PyUnicode_FromFormat("aerospike.%s", module_name);
    PyObject *module = path != NULL ? PyImport_Import(path) : NULL;
    PyObject *function = module != NULL ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(path);
    Py_XDECREF(module);
    return function;
}

/* Errors of the client come before those of the arguments. 0, or -1. */
static int
check_client(module_state *st, PyObject *self, bool needs_cluster)
{
    return needs_cluster ? client_check_open(st, (ClientObject *)self)
                         : client_check(st, self);
}

static PyObject *
delegate(const char *module, const char *name, bool needs_cluster, PyObject *self,
         PyTypeObject *cls, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    Py_ssize_t n = nargs + (kwnames != NULL ? PyTuple_GET_SIZE(kwnames) : 0);
    PyObject **with_self = PyMem_Malloc((size_t)(n + 1) * sizeof *with_self);
    PyObject *function = NULL, *result = NULL;
    if (with_self == NULL) {
        return PyErr_NoMemory();
    }
    with_self[0] = self;
    for (Py_ssize_t i = 0; i < n; i++) {
        with_self[i + 1] = args[i];
    }
    if (check_client(PyType_GetModuleState(cls), self, needs_cluster) == 0) {
        function = find_function(module, name);
    }
    if (function != NULL) {
        result = PyObject_Vectorcall(function, with_self, (size_t)nargs + 1, kwnames);
    }
    Py_XDECREF(function);
    PyMem_Free(with_self);
    return result;
}

#define DELEGATED_DEFINE(name, module, needs_cluster, signature, text)                 \
    CLIENT_METHOD(client_##name)                                                       \
    {                                                                                  \
        return delegate(module, #name, needs_cluster, self, cls, args, nargs,          \
                        kwnames);                                                      \
    }
DELEGATED_METHODS(DELEGATED_DEFINE)
