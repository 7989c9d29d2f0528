/* clients/wire_text.c -- the functions of the module that show the wire form of
 * expressions and contexts as text, as info commands take them. */
#include "clients/client.h"
#include "values/compiled.h"
#include "values/context.h"
#include "expressions/expressions.h"

/* The base64 text of bytes: a new reference, or NULL with an exception. binascii makes
 * a line of it, whose line feed is left out. */
static PyObject *
base64_text(module_state *st, const void *data, size_t size)
{
    PyObject *encode = lazy_import(&st->base64_encode, "binascii", "b2a_base64");
    PyObject *line = encode != NULL
                         ? PyObject_CallFunction(encode, "y#", data, (Py_ssize_t)size)
                         : NULL;
    PyObject *text = NULL;
    if (line != NULL && (!PyBytes_Check(line) || PyBytes_GET_SIZE(line) == 0)) {
        PyErr_Format(PyExc_TypeError, "binascii.b2a_base64() gave no line but %s",
                     Py_TYPE(line)->tp_name);
    }
    else if (line != NULL) { /* without the line feed at its end */
        text = PyUnicode_DecodeASCII(PyBytes_AS_STRING(line),
                                     PyBytes_GET_SIZE(line) - 1, NULL);
    }
    Py_XDECREF(line);
    return text;
}

/* What is shown here is no client's. */
static const value_rules plain_rules = {.bool_as = BOOL_AS_BOOL, .legacy_types = NO};

static const char doc_expression_base64[] =
    "expression_base64($module, expression, /)\n--\n\n"
    "What get_expression_base64() gives.";

static PyObject *
core_expression_base64(PyObject *module, PyObject *expression)
{
    module_state *st = PyModule_GetState(module);
    PyObject *held = expression_held(st, expression);
    if (held == NULL) {
        raise_param(st, "expression must be a compiled expression" DETAIL NOT_COMPILED,
                    Py_TYPE(expression)->tp_name);
        return NULL;
    }
    PyObject *wire = expression_wire(st, &plain_rules, held);
    if (wire == NULL) {
        return NULL;
    }
    PyObject *text =
        base64_text(st, PyBytes_AS_STRING(wire), (size_t)PyBytes_GET_SIZE(wire));
    Py_DECREF(wire);
    return text;
}

static const char doc_context_base64[] = "context_base64($module, ctx, /)\n--\n\n"
                                         "What get_cdtctx_base64() gives.";

static PyObject *
core_context_base64(PyObject *module, PyObject *ctx)
{
    module_state *st = PyModule_GetState(module);
    PyObject *text = NULL;
    if (!PyList_Check(ctx) || PyList_GET_SIZE(ctx) == 0) {
        raise_param(st, "ctx must be a list of one or more levels");
        return NULL;
    }
    asc_buf out = ASC_BUF_INIT;
    encoder e = {
        .st = st, .out = &out, .rules = &plain_rules, .serializer = SERIALIZER_NONE};
    if (encode_levels(&e, "get_cdtctx_base64", ctx, 0) == 0) {
        text = base64_text(st, out.data, out.len);
    }
    asc_buf_clear(&out);
    return text;
}

const PyMethodDef wire_text_functions[] = {
    {"expression_base64", core_expression_base64, METH_O, doc_expression_base64},
    {"context_base64", core_context_base64, METH_O, doc_context_base64},
    {NULL, NULL, 0, NULL},
};
