#include "expressions.h"

#include "values.h"

int
expressions_from_py(module_state *st, const option *row, PyObject *value, void *target)
{
    PyObject **at = (PyObject **)((char *)target + row->offset);
    if (!Py_IS_TYPE(value, (PyTypeObject *)st->CompiledExpression)) {
        return raise_param(st, "\"%s\" is invalid: a compiled expression is expected",
                           row->name);
    }
    PyObject *wire = PyObject_GetAttr(value, st->s_wire);
    if (wire == NULL) {
        return -1;
    }
    if (!PyBytes_Check(wire)) {
        Py_DECREF(wire);
        return raise_param(st, "\"%s\" is invalid: not compiled", row->name);
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
    if (encode_item(&e, tree) == 0) {
        bytes = PyBytes_FromStringAndSize((const char *)out.data, (Py_ssize_t)out.len);
    }
    asc_buf_clear(&out);
    return bytes;
}
