/* Compiled expressions are Python objects that hold their wire bytes: whoever takes one
 * copies these bytes. */
#include "values/compiled.h"

/* The class can be derived from, so that its attribute may be anything, or missing. */
PyObject *
expression_wire(module_state *st, PyObject *value)
{
    PyObject *wire =
        PyType_IsSubtype(Py_TYPE(value), (PyTypeObject *)st->CompiledExpression)
            ? PyObject_GetAttr(value, st->s_wire)
            : NULL;
    if (wire != NULL && !PyBytes_Check(wire)) {
        Py_CLEAR(wire);
    }
    return wire;
}

int
encode_expression(encoder *e, const char *func, const char *name, PyObject *value)
{
    PyObject *wire = expression_wire(e->st, value);
    if (wire == NULL) {
        return raise_param(e->st,
                           "%s%s%s must be a compiled expression" DETAIL "got %s",
                           func != NULL ? func : "", func != NULL ? ": " : "", name,
                           Py_TYPE(value)->tp_name);
    }
    int rc = put_ok(
        asc_buf_put(e->out, PyBytes_AS_STRING(wire), (size_t)PyBytes_GET_SIZE(wire)));
    Py_DECREF(wire);
    return rc;
}
