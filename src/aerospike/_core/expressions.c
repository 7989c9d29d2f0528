#include "expressions.h"

#include "values.h"

/* The wire bytes of a compiled expression, a new reference; NULL without an exception
 * when it is none. */
static PyObject *
wire_of(module_state *st, PyObject *value)
{
    PyObject *wire = Py_IS_TYPE(value, (PyTypeObject *)st->CompiledExpression)
                         ? PyObject_GetAttr(value, st->s_wire)
                         : NULL;
    if (wire == NULL || !PyBytes_Check(wire)) {
        PyErr_Clear();
        Py_CLEAR(wire);
    }
    return wire;
}

int
encode_expression(encoder *e, const char *func, const char *name, PyObject *value)
{
    PyObject *wire = wire_of(e->st, value);
    if (wire == NULL) {
        return raise_param(e->st, "%s: %s must be a compiled expression, not %s", func,
                           name, Py_TYPE(value)->tp_name);
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
    PyObject *wire = wire_of(st, value);
    if (wire == NULL) {
        return raise_param(st, "\"%s\" is invalid: a compiled expression is expected",
                           row->name);
    }
    Py_XSETREF(*at, wire);
    return 0;
}

PyObject *
core_pack_expression(PyObject *module, PyObject *tree)
{
    module_state *st = PyModule_GetState(module);
    asc_buf out = ASC_BUF_INIT;
    static const value_rules rules = {.bool_as = BOOL_AS_BOOL, .legacy_types = NO};
    encoder e = {.st = st, .out = &out, .rules = &rules, .serializer = SERIALIZER_NONE};
    PyObject *bytes = NULL;
    if (encode_argument(&e, tree) == 0) {
        bytes = PyBytes_FromStringAndSize((const char *)out.data, (Py_ssize_t)out.len);
    }
    asc_buf_clear(&out);
    return bytes;
}
