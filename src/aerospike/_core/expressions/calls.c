/* expressions/calls.c -- calls: nodes that apply an operation on lists, maps, bits,
 * HyperLogLogs or strings to a bin or to the value of another expression.
 *
 *     [CALL, type of the result, SYSTEM, [OPERATION, arguments], target]
 *
 * The type of the result has to be found before anything is written, from the form and
 * from arguments such as the return type. The operation can be wrapped in a context; a
 * path has an array of another shape in the place of the operation. The target comes
 * last: it is what the operation works on. */
#include "asc/proto.h"
#include "support/compat.h"
#include "support/numbers.h"
#include "values/context.h"
#include "expressions/walk.h"

/* Values of SYSTEM: the bit of operations that modify, and the number of the family of
 * lists and maps. */
enum { MODIFIES = 0x40, CDT_SYSTEM = 0 };

/* --- calls --- */

/* Return types of selections: the numbers of LIST_RETURN_* and MAP_RETURN_*. */
enum {
    RETURN_INDEX = 1,
    RETURN_REVERSE_INDEX = 2,
    RETURN_RANK = 3,
    RETURN_REVERSE_RANK = 4,
    RETURN_COUNT = 5,
    RETURN_KEY = 6,
    RETURN_VALUE = 7,
    RETURN_KEY_VALUE = 8,
    RETURN_EXISTS = 13,
    RETURN_UNORDERED_MAP = 16,
    RETURN_ORDERED_MAP = 17,
};

/* The type of what an operation gives with a return type; EXP_OPEN when an expression
 * cannot use it. single says that the operation selects one element; others select any
 * number, and give a list. The element itself can be of any type: EXP_ANY here. */
static exp_type
type_returned(int64_t return_type, bool single)
{
    switch (return_type & (ASC_CDT_INVERTED - 1)) { /* without its flags */
    case RETURN_INDEX:
    case RETURN_REVERSE_INDEX:
    case RETURN_RANK:
    case RETURN_REVERSE_RANK:
        return single ? EXP_INT : EXP_LIST;
    case RETURN_COUNT:
        return EXP_INT;
    case RETURN_KEY:
    case RETURN_VALUE:
        return single ? EXP_ANY : EXP_LIST;
    case RETURN_KEY_VALUE:
    case RETURN_UNORDERED_MAP:
    case RETURN_ORDERED_MAP:
        return EXP_MAP;
    case RETURN_EXISTS:
        return EXP_BOOL;
    default:
        return EXP_OPEN;
    }
}

/* *out = the type that the caller says the selected element has. 0, or -1 with
 * InvalidRequest. */
static EXP_ASIDE int
value_type_of(exp_walker *w, const exp_node *n, exp_type *out)
{
    exp_place at = exp_place_in(n, n->form[FORM_VALUE_TYPE]);
    int64_t type = 0;
    if (exp_int_of(w, &at, exp_arg(n, n->form[FORM_VALUE_TYPE]), &type) < 0) {
        return -1;
    }
    *out = (exp_type)type;
    if (type >= EXP_NIL && type <= EXP_HLL) {
        return 0;
    }
    return exp_refuse(w, &at, "%lld is no ResultType", (long long)type);
}

/* *out = the type of a call by its return type and, when it selects one element, its
 * value type. The two must not contradict each other: a count is no string. 0, or -1
 * with InvalidRequest. */
static EXP_ASIDE int
type_by_return(exp_walker *w, const exp_node *n, exp_type *out)
{
    exp_place at = exp_place_in(n, n->form[FORM_RETURN_TYPE]),
              value_at = exp_place_in(n, n->form[FORM_VALUE_TYPE]);
    bool single = n->form[FORM_RESULT] == RESULT_VALUE;
    int64_t return_type = 0;
    if (exp_int_of(w, &at, exp_arg(n, n->form[FORM_RETURN_TYPE]), &return_type) < 0) {
        return -1;
    }
    exp_type returned = type_returned(return_type, single);
    if (returned == EXP_OPEN) {
        return exp_refuse(w, &at, "an expression cannot have the return type %lld",
                          (long long)return_type);
    }
    *out = returned;
    if (!single) {
        return 0;
    }
    if (value_type_of(w, n, out) < 0) {
        return -1;
    }
    if (returned == EXP_ANY || returned == *out) {
        return 0;
    }
    return exp_refuse(w, &value_at, "%s is what the return type gives, not %s",
                      exp_type_names[returned], exp_type_names[*out]);
}

/* *out = the context of a call, borrowed from its arguments; NULL when it has none. 0,
 * or -1 with InvalidRequest. */
static EXP_ASIDE int
context_of(exp_walker *w, const exp_node *n, PyObject **out)
{
    exp_place at = exp_place_in(n, n->form[FORM_CTX]);
    *out = n->form[FORM_CTX] != FORM_NO_ARG ? exp_arg(n, n->form[FORM_CTX]) : Py_None;
    if (*out != Py_None && !PyList_Check(*out)) {
        return exp_expected(w, &at, "a context, a list or None,", *out);
    }
    if (*out == Py_None || PyList_GET_SIZE(*out) == 0) {
        *out = NULL;
    }
    return 0;
}

/* The type of encode_levels() and of encode_context(), which writes a head before the
 * levels. */
typedef int levels_encoder(encoder *e, const char *func, PyObject *ctx, int last_flags);

/* Append the context of a call with one of these two functions. 0, or -1 with an
 * exception. */
static EXP_ASIDE int
put_context(exp_walker *w, const exp_node *n, PyObject *ctx, levels_encoder *encode)
{
    exp_place at = exp_place_in(n, n->form[FORM_CTX]);
    if (exp_check_stack(w, &at, EXP_STACK_OF_VALUE) < 0) {
        return -1;
    }
    return encode(&w->e, NULL, ctx, 0) < 0 ? exp_name_place(w, &at) : 0;
}

/* *out = the type of the container that the first level of a context looks into. All
 * levels of maps, and no others, have the bit 0x20 in their `id`. A first level without
 * an `id` counts as one of a list: the context is refused soon, when it is encoded. 0,
 * or -1 with an exception that is not about the argument. */
static int
root_of_context(exp_walker *w, PyObject *ctx, exp_type *out)
{
    PyObject *first = PyList_GetItemRef(ctx, 0), *cause;
    PyObject *id = first != NULL ? PyObject_GetAttrString(first, "id") : NULL;
    int64_t number = 0;
    if (id != NULL && PyLong_Check(id)) {
        int64_from_py(id, &number);
    }
    *out = (number & 0x20) != 0 ? EXP_MAP : EXP_LIST;
    Py_XDECREF(id);
    Py_XDECREF(first);
    int rc = take_argument_error(w->st, &cause) ? 0 : -1;
    Py_XDECREF(cause);
    return rc;
}

/* *out = the type of a call's result, by the RESULT of its form. 0, or -1 with an
 * exception. */
static EXP_ASIDE int
type_of_call(exp_walker *w, const exp_node *n, PyObject *ctx, exp_type *out)
{
    switch (n->form[FORM_RESULT]) {
    case RESULT_RETURN:
    case RESULT_VALUE:
        return type_by_return(w, n, out);
    case RESULT_PATH:
        return value_type_of(w, n, out);
    case RESULT_ROOT:
        *out = exp_type_of_digit(n->form[FORM_TARGET]);
        return ctx != NULL ? root_of_context(w, ctx, out) : 0;
    default:
        *out = exp_result_of(n->form[FORM_RESULT], EXP_OPEN);
        return 0;
    }
}

/* Append what the operation works on: an expression, or the name of a bin, which then
 * is of the type TARGET of the form. A path takes no name, which would not tell whether
 * the bin holds a list or a map. 0, or -1 with an exception. */
static EXP_ASIDE int
encode_target(exp_walker *w, const exp_node *n)
{
    exp_place at = exp_place_in(n, n->form[FORM_BIN]);
    exp_type wanted = exp_type_of_digit(n->form[FORM_TARGET]), got = EXP_OPEN;
    if (n->form[FORM_OPERATION] == ASC_CDT_PATH &&
        PyUnicode_Check(exp_arg(n, n->form[FORM_BIN]))) {
        return exp_expected(w, &at, "an expression, ListBin or MapBin,",
                            exp_arg(n, n->form[FORM_BIN]));
    }
    if (exp_encode_named(w, &at, n->vars, exp_arg(n, n->form[FORM_BIN]), wanted, &got) <
        0) {
        return -1;
    }
    /* With a context an operation on lists can work on a map, and the other way round.
     * Most operations take nil for an empty value, but reading bits or a HyperLogLog of
     * nil stops a server of version 8.1. */
    bool is_cdt = (n->form[FORM_SYSTEM] & ~MODIFIES) == CDT_SYSTEM;
    bool takes_nil = is_cdt || (n->form[FORM_SYSTEM] & MODIFIES) != 0;
    if (takes_nil && got == EXP_NIL) {
        return 0;
    }
    if (is_cdt && (got == EXP_LIST || got == EXP_MAP)) {
        return 0;
    }
    return exp_check_type(w, &at, wanted, got);
}

/* Append the items of a call that stand before its operation. */
static EXP_ASIDE int
encode_call_head(exp_walker *w, const exp_node *n, exp_type type)
{
    asc_buf *out = w->e.out;
    return put_ok(asc_mp_put_list_head(out, 5) && asc_mp_put_uint(out, NODE_CALL) &&
                  asc_mp_put_uint(out, (uint64_t)type) &&
                  asc_mp_put_uint(out, n->form[FORM_SYSTEM]));
}

/* Append [OPERATION, arguments], wrapped in the context if there is one. The number of
 * arguments is known at the end only, because some may be left out; an array of at most
 * 15 items has a head of one byte, which is written first and mended last. 0, or -1
 * with an exception. */
static int
encode_operation(exp_walker *w, const exp_node *n, PyObject *ctx)
{
    asc_buf *out = w->e.out;
    exp_type ignored = EXP_OPEN;
    if (ctx != NULL && put_context(w, n, ctx, encode_context) < 0) {
        return -1;
    }
    size_t head = out->len;
    if (put_ok(asc_mp_put_byte(out, 0x90) &&
               asc_mp_put_uint(out, n->form[FORM_OPERATION])) < 0) {
        return -1;
    }
    int n_args = exp_encode_arguments(w, n, FORM_ARGS, &ignored);
    if (n_args < 0 || n_args >= 15) {
        if (n_args < 0) {
            return -1;
        }
        return exp_refuse(w, n->up, "its class has a form of %d arguments", n_args);
    }
    out->data[head] = (uint8_t)(0x90 | (n_args + 1));
    return 0;
}

/* Append argument i of a path: the expression that the server evaluates for every
 * element, compiled or not. No variable of a Let around the path can be used in it. */
static int
encode_loop(exp_walker *w, const exp_node *n, size_t i)
{
    exp_place at = exp_place_in(n, i);
    exp_type ignored;
    return exp_encode(w, exp_arg(n, i), &at, NULL, &ignored);
}

/* Append [PATH, context, flags], and when the call modifies the expression that makes
 * the new elements. The flags are the last argument of the form, the expression is the
 * first one. 0, or -1 with an exception. */
static EXP_ASIDE int
encode_path(exp_walker *w, const exp_node *n, PyObject *ctx)
{
    bool modifies = (n->form[FORM_SYSTEM] & MODIFIES) != 0;
    size_t flags_arg = n->form[n->form_size - 1];
    exp_place flags_at = exp_place_in(n, flags_arg),
              ctx_at = exp_place_in(n, n->form[FORM_CTX]);
    int64_t flags = 0;
    if (ctx == NULL) {
        return exp_refuse(w, &ctx_at, "a context of one or more levels is expected");
    }
    if (modifies && n->form_size < FORM_ARGS + 2) {
        return exp_refuse(w, &ctx_at, "its class has a form without a modifier");
    }
    if (exp_int_of(w, &flags_at, exp_arg(n, flags_arg), &flags) < 0 ||
        put_ok(asc_mp_put_list_head(w->e.out, modifies ? 4 : 3) &&
               asc_mp_put_uint(w->e.out, ASC_CDT_PATH)) < 0 ||
        put_context(w, n, ctx, encode_levels) < 0 ||
        exp_put_int(w, modifies ? flags | ASC_CDT_PATH_APPLY : flags) < 0) {
        return -1;
    }
    return modifies ? encode_loop(w, n, n->form[FORM_ARGS + 1]) : 0;
}

int
exp_encode_call(exp_walker *w, const exp_node *n, exp_type *type)
{
    PyObject *ctx;
    if (context_of(w, n, &ctx) < 0 || type_of_call(w, n, ctx, type) < 0 ||
        encode_call_head(w, n, *type) < 0) {
        return -1;
    }
    int rc = n->form[FORM_OPERATION] == ASC_CDT_PATH ? encode_path(w, n, ctx)
                                                     : encode_operation(w, n, ctx);
    return rc < 0 ? -1 : encode_target(w, n);
}
