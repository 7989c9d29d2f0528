#include "values/compiled.h"

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
    PyObject *cause, *wire = expression_wire(e->st, value);
    if (wire == NULL) {
        return take_argument_error(&cause)
                   ? raise_from(cause, raise_param(e->st,
                                                   "%s: %s must be a compiled "
                                                   "expression, not %s",
                                                   func, name, Py_TYPE(value)->tp_name))
                   : -1;
    }
    int rc = put_ok(
        asc_buf_put(e->out, PyBytes_AS_STRING(wire), (size_t)PyBytes_GET_SIZE(wire)));
    Py_DECREF(wire);
    return rc;
}

int
expressions_from_py(module_state *st, const option *row, PyObject *value, void *target)
{
    PyObject **at = (PyObject **)((char *)target + row->offset);
    PyObject *cause, *wire = expression_wire(st, value);
    if (wire == NULL) {
        return take_argument_error(&cause)
                   ? raise_from(cause, raise_param(st,
                                                   "\"%s\" is invalid: a compiled "
                                                   "expression is expected",
                                                   row->name))
                   : -1;
    }
    Py_XSETREF(*at, wire);
    return 0;
}
