/* The module aerospike._tls: it brings what the library needs OpenSSL for, and hands
 * its table of functions to aerospike._core in a capsule. Nobody else has a use for it.
 * */
#include <Python.h>

#include "asc/tls.h"

static int
tls_exec(PyObject *module)
{
    /* the capsule's pointer is not const, and nobody writes to what it points to */
    PyObject *capsule = PyCapsule_New((void *)&asc_tls_shared, ASC_TLS_CAPSULE, NULL);
    int rc = capsule != NULL ? PyModule_AddObjectRef(module, "library", capsule) : -1;
    Py_XDECREF(capsule);
    return rc;
}

static PyModuleDef_Slot tls_slots[] = {
    {Py_mod_exec, tls_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED}, /* all that the module has is a constant */
#endif
    {0, NULL},
};

static struct PyModuleDef tls_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "aerospike._tls",
    .m_slots = tls_slots,
};

PyMODINIT_FUNC
PyInit__tls(void)
{
    return PyModuleDef_Init(&tls_module);
}
