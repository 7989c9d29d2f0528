/* expressions/expressions.c -- the nodes of an expression, and the way down the tree.
 *
 * A node is opened (its form and its arguments are looked up), written as the code of
 * its form says, and closed. Its operands are written in between, each in the same way:
 * the walk is a recursion. Every function that goes down has two things on its stack
 * for those below it: the place of the operand, which errors name, and the variables
 * that can be used there. */
#include "expressions/expressions.h"

#include "expressions/walk.h"
#include "values/compiled.h"

/* Deeper trees are refused. In a thread with a small stack exp_check_stack() refuses
 * some that are less deep. */
#define MAX_DEPTH 1000

/* Codes of nodes that encode_bin_exists() writes without an object for them. */
enum { BIN_TYPE_CODE = 82, NE_CODE = 2 };

/* --- nodes --- */

/* Refuse a node that has fewer operands than its form wants. Returns -1. */
static EXP_ASIDE int
too_few_operands(exp_walker *w, const exp_node *n, size_t n_args)
{
    exp_place at = exp_place_in(n, 0);
    return exp_refuse(w, &at, "%d or more operands are expected, not %zu", n->form[4],
                      n_args);
}

/* [CODE, arguments] */
static int
encode_plain(exp_walker *w, const exp_node *n, exp_type *type)
{
    exp_type common = EXP_OPEN;
    size_t n_args = (n->form_size - 2) / 2;
    if (n_args == 1 && n->form[3] == FORM_ALL_ARGS) {
        n_args = (size_t)PyTuple_GET_SIZE(n->args);
        if (n_args < n->form[4]) {
            return too_few_operands(w, n, n_args);
        }
    }
    if (put_ok(asc_mp_put_list_head(w->e.out, 1 + n_args) &&
               asc_mp_put_uint(w->e.out, n->form[FORM_CODE])) < 0 ||
        exp_encode_arguments(w, n, 2, &common) < 0) {
        return -1;
    }
    *type = exp_result_of(n->form[FORM_RESULT], common);
    return 0;
}

/* NE(BIN_TYPE(name), 0): the wire has no node for the existence of a bin, but a bin
 * that does not exist has the type 0. */
static EXP_ASIDE int
encode_bin_exists(exp_walker *w, const exp_node *n, exp_type *type)
{
    exp_place at = exp_place_in(n, 0);
    asc_buf *out = w->e.out;
    bool fits = asc_mp_put_list_head(out, 3) && asc_mp_put_uint(out, NE_CODE) &&
                asc_mp_put_list_head(out, 2) && asc_mp_put_uint(out, BIN_TYPE_CODE);
    *type = EXP_BOOL;
    if (put_ok(fits) < 0 || exp_encode_bin_name(w, &at, exp_arg(n, 0)) < 0) {
        return -1;
    }
    return exp_put_int(w, 0);
}

/* [VAR, name]. Its type is that of the value which the Let gives to the variable. */
static EXP_ASIDE int
encode_variable(exp_walker *w, const exp_node *n, exp_type *type)
{
    exp_place at = exp_place_in(n, 0);
    PyObject *name = exp_arg(n, 0);
    if (put_ok(asc_mp_put_list_head(w->e.out, 2) &&
               asc_mp_put_uint(w->e.out, NODE_VAR)) < 0 ||
        exp_encode_text(w, &at, name) < 0) {
        return -1;
    }
    for (const exp_variable *v = n->vars; v != NULL; v = v->up) {
        if (PyUnicode_Compare(v->name, name) == 0) {
            *type = v->type;
            return 0;
        }
    }
    return exp_refuse(w, &at, "no Let around defines the variable %R", name);
}

/* Drop what open_node() has taken. */
static void
close_node(exp_node *n)
{
    Py_CLEAR(n->args);
    Py_CLEAR(n->form_owner);
}

/* Look up the form and the arguments of an expression. This may run Python code, when
 * an application's own class makes properties of them. 0; -1 with ParamError when they
 * are not there or are not what they should be, as when __init__ of a derived class did
 * not call that of its base: nothing has to be closed then. */
static EXP_ASIDE int
open_node(exp_walker *w, PyObject *self, const exp_place *up, const exp_variable *vars,
          exp_node *n)
{
    *n = (exp_node){.self = self, .up = up, .vars = vars};
    n->form_owner = PyObject_GetAttr((PyObject *)Py_TYPE(self), w->st->s__form);
    if (n->form_owner != NULL && PyBytes_Check(n->form_owner)) {
        n->form = (const uint8_t *)PyBytes_AS_STRING(n->form_owner);
        n->form_size = (size_t)PyBytes_GET_SIZE(n->form_owner);
        n->args = PyObject_GetAttr(self, w->st->s__args);
    }
    bool is_call = n->form_size >= 2 && n->form[FORM_CODE] == NODE_CALL;
    if (n->args == NULL || !PyTuple_Check(n->args) ||
        n->form_size < (is_call ? FORM_ARGS : 2)) {
        close_node(n);
        return exp_expected(w, up, "an expression", self);
    }
    return 0;
}

/* Append the definition that is argument i of a Let. Its value can use the variables
 * `known`. *var becomes the variable, whose name the caller drops, even after a
 * failure. 0, or -1 with an exception. */
static EXP_ASIDE int
encode_definition(exp_walker *w, const exp_node *n, size_t i, const exp_variable *known,
                  exp_variable *var)
{
    exp_place at = exp_place_in(n, i);
    PyObject *item = exp_arg(n, i);
    exp_node definition;
    if (!exp_is_a(item, w->st->Expression)) {
        return exp_expected(w, &at, "a Def", item);
    }
    if (open_node(w, item, &at, known, &definition) < 0) {
        return -1;
    }
    int rc = -1;
    exp_place name_at = exp_place_in(&definition, 0),
              value_at = exp_place_in(&definition, 1);
    if (definition.form[FORM_CODE] != NODE_DEFINITION) {
        exp_expected(w, &at, "a Def", item);
    }
    else if (exp_encode_text(w, &name_at, exp_arg(&definition, 0)) == 0) {
        *var = (exp_variable){Py_NewRef(exp_arg(&definition, 0)), EXP_OPEN, known};
        rc = exp_encode(w, exp_arg(&definition, 1), &value_at, known, &var->type);
    }
    close_node(&definition);
    return rc;
}

/* Append the items behind the head of a Let: the definitions, each of which can use the
 * variables of those before it, and the body, which can use them all. vars[], zeros at
 * first, has room for one variable for each definition. */
static int
encode_definitions(exp_walker *w, const exp_node *n, exp_variable *vars, exp_type *type)
{
    size_t last = (size_t)PyTuple_GET_SIZE(n->args) - 1;
    const exp_variable *known = n->vars;
    for (size_t i = 0; i < last; i++) {
        if (encode_definition(w, n, i, known, &vars[i]) < 0) {
            return -1;
        }
        known = &vars[i];
    }
    exp_place at = exp_place_in(n, last);
    return exp_encode(w, exp_arg(n, last), &at, known, type);
}

/* [LET, name, value, ..., body]. The variables live for as long as this function. */
static EXP_ASIDE int
encode_let(exp_walker *w, const exp_node *n, exp_type *type)
{
    exp_place at = exp_place_in(n, 0);
    size_t n_args = (size_t)PyTuple_GET_SIZE(n->args);
    if (n_args < 2) {
        return exp_refuse(w, &at, "one or more Def and an expression are expected");
    }
    if (put_ok(asc_mp_put_list_head(w->e.out, 2 * n_args) &&
               asc_mp_put_uint(w->e.out, NODE_LET)) < 0) {
        return -1;
    }
    exp_variable *vars = PyMem_Calloc(n_args, sizeof *vars);
    int rc = vars != NULL ? encode_definitions(w, n, vars, type) : put_ok(false);
    for (size_t i = 0; vars != NULL && i < n_args; i++) {
        Py_XDECREF(vars[i].name);
    }
    PyMem_Free(vars);
    return rc;
}

/* [COND, condition, value, ..., default]. The values and the default must agree in
 * their type, which is that of the node. The node Unknown may stand for a value of any
 * type; when all of them are Unknown, so is the node. */
static EXP_ASIDE int
encode_cond(exp_walker *w, const exp_node *n, exp_type *type)
{
    exp_place at = exp_place_in(n, 0);
    Py_ssize_t n_args = PyTuple_GET_SIZE(n->args);
    if (n_args < 3 || n_args % 2 == 0) {
        return exp_refuse(
            w, &at,
            "pairs of a condition and a value, and a default at the end, are "
            "expected, not %zd arguments",
            n_args);
    }
    if (put_ok(asc_mp_put_list_head(w->e.out, (size_t)n_args + 1) &&
               asc_mp_put_uint(w->e.out, NODE_COND)) < 0) {
        return -1;
    }
    exp_type common = EXP_OPEN;
    bool only_unknown = true;
    for (at.arg = 0; at.arg < n_args; at.arg++) {
        exp_type got = EXP_OPEN;
        bool condition = at.arg % 2 == 0 && at.arg + 1 < n_args;
        if (exp_encode(w, exp_arg(n, (size_t)at.arg), &at, n->vars, &got) < 0 ||
            (condition && exp_check_type(w, &at, EXP_BOOL, got) < 0) ||
            (!condition && got != EXP_ANY &&
             exp_check_common(w, &at, got, &common) < 0)) {
            return -1;
        }
        only_unknown = only_unknown && (condition || got == EXP_ANY);
    }
    *type = only_unknown ? EXP_ANY : common;
    return 0;
}

/* --- the tree --- */

static EXP_ASIDE int
encode_constant_node(exp_walker *w, const exp_node *n, exp_type *type)
{
    exp_place at = exp_place_in(n, 0);
    return exp_encode_constant(w, exp_arg(n, 0), &at, type);
}

/* Append a node that open_node() has opened. */
static int
encode_node(exp_walker *w, const exp_node *n, exp_type *type)
{
    switch (n->form[FORM_CODE]) {
    case NODE_CALL:
        return exp_encode_call(w, n, type);
    case NODE_CONSTANT:
        return encode_constant_node(w, n, type);
    case NODE_VAR:
        return encode_variable(w, n, type);
    case NODE_LET:
        return encode_let(w, n, type);
    case NODE_COND:
        return encode_cond(w, n, type);
    case NODE_BIN_EXISTS:
        return encode_bin_exists(w, n, type);
    case NODE_DEFINITION:
        return exp_refuse(w, n->up, "a Def stands in a Let only");
    default:
        return encode_plain(w, n, type);
    }
}

/* Append a compiled expression: its bytes or, when it has none, its tree, whose errors
 * then name their place in this one. */
static EXP_ASIDE int
encode_compiled(exp_walker *w, PyObject *value, const exp_place *at,
                const exp_variable *vars, exp_type *type)
{
    PyObject *held = expression_held(w->st, value);
    if (held == NULL || !exp_is_a(held, w->st->Expression)) {
        *type = EXP_OPEN;
        return encode_held(&w->e, "expression", "an operand", value, held);
    }
    int rc = exp_encode(w, held, at, vars, type);
    Py_DECREF(held);
    return rc;
}

int
exp_encode(exp_walker *w, PyObject *value, const exp_place *at,
           const exp_variable *vars, exp_type *type)
{
    PyTypeObject *cls = Py_TYPE(value);
    /* Most operands are constants of these types: they skip the other questions. */
    if (cls == &PyLong_Type || cls == &PyUnicode_Type || cls == &PyFloat_Type) {
        return exp_encode_constant(w, value, at, type);
    }
    if (exp_is_a(value, w->st->CompiledExpression)) {
        return encode_compiled(w, value, at, vars, type);
    }
    if (!exp_is_a(value, w->st->Expression)) {
        return exp_encode_constant(w, value, at, type);
    }
    exp_node n;
    if (at != NULL && at->depth >= MAX_DEPTH) {
        /* a place of a thousand levels would help nobody: the error names none */
        return exp_refuse(w, NULL, "an expression is nested deeper than %d levels",
                          MAX_DEPTH);
    }
    if (exp_check_stack(w, at, EXP_STACK_OF_NODE) < 0 ||
        open_node(w, value, at, vars, &n) < 0) {
        return -1;
    }
    int rc = encode_node(w, &n, type);
    close_node(&n);
    return rc;
}

/* The tree_packer. Of the client's rules only its own serializer counts. */
static PyObject *
pack_tree(module_state *st, const value_rules *client, PyObject *tree)
{
    const value_rules rules = {
        .bool_as = BOOL_AS_BOOL, .legacy_types = NO, .serializer = client->serializer};
    asc_buf out = ASC_BUF_INIT;
    exp_walker w = {.st = st,
                    .e = {.st = st,
                          .out = &out,
                          .rules = &rules,
                          .serializer = rules.serializer != NULL ? SERIALIZER_NOT_GIVEN
                                                                 : SERIALIZER_NONE,
                          .sorts_maps = true,
                          .no_float_keys = true}};
    exp_type type = EXP_OPEN;
    PyObject *bytes = NULL;
    if (exp_encode(&w, tree, NULL, NULL, &type) == 0) {
        bytes = PyBytes_FromStringAndSize((const char *)out.data, (Py_ssize_t)out.len);
    }
    asc_buf_clear(&out);
    return bytes;
}

static const char doc_pack_expression[] =
    "pack_expression($module, tree, /)\n--\n\n"
    "The wire bytes of an expression, or of a compiled one.\n\n"
    ":raises InvalidRequest: a node is wrong; the text says where.\n"
    ":raises ParamError: a constant needs a serializer.";

static PyObject *
core_pack_expression(PyObject *module, PyObject *tree)
{
    static const value_rules nobodys = {0};
    return pack_tree(PyModule_GetState(module), &nobodys, tree);
}

void
expressions_init(module_state *st)
{
    st->pack_tree = pack_tree;
}

const PyMethodDef expressions_functions[] = {
    {"pack_expression", core_pack_expression, METH_O, doc_pack_expression},
    {NULL, NULL, 0, NULL},
};
