/* What the module's state needs of other Python modules: attributes that are imported
 * with this module, and those whose modules cost time and wait for their first use. */
#include "support/state.h"

PyObject *
import_attribute(const char *module, const char *attribute)
{
    PyObject *imported = PyImport_ImportModule(module);
    PyObject *found =
        imported != NULL ? PyObject_GetAttrString(imported, attribute) : NULL;
    Py_XDECREF(imported);
    return found;
}

PyObject *
lazy_import(PyObject **cached, const char *module, const char *attribute)
{
    if (*cached == NULL) {
        PyObject *found = import_attribute(module, attribute);
        if (*cached == NULL) {
            *cached = found;
        }
        else { /* another thread was faster; somebody may use what it has found */
            Py_XDECREF(found);
            PyErr_Clear();
        }
    }
    return *cached;
}
