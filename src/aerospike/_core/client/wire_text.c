/* The methods of aerospike.Client that show the wire form of expressions and contexts
 * as text. */
#include "client/client.h"
#include "values/compiled.h"
#include "values/context.h"
#include "expressions/expressions.h"

/* The base64 text of bytes. */
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

static const char doc_get_expression_base64[] =
    "get_expression_base64($self, expression)\n--\n\n"
    "The wire form of an expression as base64, as info commands take it.\n\n"
    ":param expression: what compile() of an expression gives.\n"
    ":raises ParamError: it is not compiled.";

static PyObject *
client_get_expression_base64(METHOD_PARAMS)
{
    static const char *const names[] = {"expression", NULL};
    module_state *st = PyType_GetModuleState(cls);
    PyObject *argv[1], *text = NULL;
    (void)self;
    if (parse_args("get_expression_base64", names, 1, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    PyObject *wire = expression_wire(st, argv[0]);
    if (wire == NULL) {
        raise_param(st, "expression must be a compiled expression, not %s",
                    Py_TYPE(argv[0])->tp_name);
        return NULL;
    }
    text = base64_text(st, PyBytes_AS_STRING(wire), (size_t)PyBytes_GET_SIZE(wire));
    Py_DECREF(wire);
    return text;
}

static const char doc_get_cdtctx_base64[] =
    "get_cdtctx_base64($self, ctx)\n--\n\n"
    "The wire form of a context as base64, as info commands take it.\n\n"
    ":param ctx: a list of one or more levels of aerospike_helpers.cdt_ctx.\n"
    ":raises ParamError: it is empty, or no such list.";

static PyObject *
client_get_cdtctx_base64(METHOD_PARAMS)
{
    static const char *const names[] = {"ctx", NULL};
    static const value_rules rules = {.bool_as = BOOL_AS_BOOL, .legacy_types = NO};
    module_state *st = PyType_GetModuleState(cls);
    PyObject *argv[1], *text = NULL;
    (void)self;
    if (parse_args("get_cdtctx_base64", names, 1, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (!PyList_Check(argv[0]) || PyList_GET_SIZE(argv[0]) == 0) {
        raise_param(st, "ctx must be a list of one or more levels");
        return NULL;
    }
    asc_buf out = ASC_BUF_INIT;
    encoder e = {.st = st, .out = &out, .rules = &rules, .serializer = SERIALIZER_NONE};
    if (encode_levels(&e, "get_cdtctx_base64", argv[0], 0) == 0) {
        text = base64_text(st, out.data, out.len);
    }
    asc_buf_clear(&out);
    return text;
}

const PyMethodDef wire_text_methods[] = {
    METHOD_ROW("get_expression_base64", client_get_expression_base64,
               doc_get_expression_base64),
    METHOD_ROW("get_cdtctx_base64", client_get_cdtctx_base64, doc_get_cdtctx_base64),
    {NULL, NULL, 0, NULL},
};
