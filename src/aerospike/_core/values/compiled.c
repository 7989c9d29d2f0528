/* Compiled expressions are Python objects that hold their wire bytes: whoever takes one
 * copies these bytes. Some have no bytes: they need the serializer of the client that
 * uses them, or are wrong, which is for the call that uses them to say. They hold their
 * tree, which is packed anew each time. */
#include "values/compiled.h"

static bool
is_a(PyObject *value, PyObject *cls)
{
    return PyType_IsSubtype(Py_TYPE(value), (PyTypeObject *)cls);
}

/* The class can be derived from, so that its attributes may be anything, or missing. */
PyObject *
expression_held(module_state *st, PyObject *value)
{
    PyObject *held = is_a(value, st->CompiledExpression)
                         ? PyObject_GetAttr(value, st->s_wire)
                         : NULL;
    if (held == Py_None) {
        Py_SETREF(held, PyObject_GetAttr(value, st->s__tree));
    }
    if (held != NULL && !PyBytes_Check(held) && !is_a(held, st->Expression)) {
        Py_CLEAR(held);
    }
    return held;
}

PyObject *
expression_wire(module_state *st, const value_rules *rules, PyObject *held)
{
    if (PyBytes_Check(held)) {
        return held;
    }
    PyObject *wire = st->pack_tree(st, rules, held);
    Py_DECREF(held);
    return wire;
}

int
encode_expression(encoder *e, const char *func, const char *name, PyObject *value)
{
    return encode_held(e, func, name, value, expression_held(e->st, value));
}

int
encode_held(encoder *e, const char *func, const char *name, PyObject *value,
            PyObject *held)
{
    if (held == NULL) {
        return raise_param(e->st,
                           "%s%s%s must be a compiled expression" DETAIL NOT_COMPILED,
                           func != NULL ? func : "", func != NULL ? ": " : "", name,
                           Py_TYPE(value)->tp_name);
    }
    PyObject *wire = expression_wire(e->st, e->rules, held);
    if (wire == NULL) {
        return -1;
    }
    int rc = put_ok(
        asc_buf_put(e->out, PyBytes_AS_STRING(wire), (size_t)PyBytes_GET_SIZE(wire)));
    Py_DECREF(wire);
    return rc;
}
