#include "expressions/walk.h"

#include <string.h>

#include "support/compat.h"

enum { PERSIST_INDEX = 0x10 };

/* --- policies --- */

/* An int of a policy, 0 when it has none. */
static int
policy_int(exp_walker *w, const exp_place *at, PyObject *policy, const char *key,
           int64_t *out)
{
    *out = 0;
    if (policy == Py_None) {
        return 0;
    }
    if (!PyDict_Check(policy)) {
        return exp_expected(w, at, "a policy, a dict or None,", policy);
    }
    PyObject *value;
    int rc = PyDict_GetItemStringRef(policy, key, &value);
    if (rc > 0) {
        rc = value != Py_None ? exp_int_of(w, at, value, out) : 0;
        Py_DECREF(value);
    }
    return rc;
}

/* The int under key, when there is a policy: the number of arguments, or -1. */
static int
encode_if_policy(exp_walker *w, const exp_place *at, PyObject *policy, const char *key)
{
    int64_t v = 0;
    if (policy_int(w, at, policy, key, &v) < 0) {
        return -1;
    }
    if (policy == Py_None || PyDict_GET_SIZE(policy) == 0) {
        return 0;
    }
    return exp_put_int(w, v) < 0 ? -1 : 1;
}

static int
encode_map_order(exp_walker *w, const exp_place *at, PyObject *policy)
{
    int64_t order, persist;
    if (policy_int(w, at, policy, "map_order", &order) < 0 ||
        policy_int(w, at, policy, "persist_index", &persist) < 0) {
        return -1;
    }
    if (policy == Py_None || PyDict_GET_SIZE(policy) == 0) {
        return 0;
    }
    return exp_put_int(w, persist ? order | PERSIST_INDEX : order) < 0 ? -1 : 1;
}

static int
encode_flags(exp_walker *w, const exp_place *at, PyObject *policy, const char *key)
{
    int64_t v = 0;
    return policy_int(w, at, policy, key, &v) < 0 || exp_put_int(w, v) < 0 ? -1 : 1;
}

/* The write flags of a StringPolicy, 0 for None. */
static int
encode_string_flags(exp_walker *w, const exp_place *at, PyObject *policy)
{
    if (policy == Py_None) {
        return exp_put_int(w, 0) < 0 ? -1 : 1;
    }
    PyObject *flags = PyObject_GetAttrString(policy, "write_flags");
    if (flags == NULL) {
        return exp_expected(w, at, "a StringPolicy", policy);
    }
    int rc = exp_encode_const(w, at, flags);
    Py_DECREF(flags);
    return rc < 0 ? -1 : 1;
}

static int
encode_list_policy(exp_walker *w, const exp_place *at, PyObject *policy)
{
    int order = encode_if_policy(w, at, policy, "list_order");
    int flags = order < 0 ? -1 : encode_if_policy(w, at, policy, "write_flags");
    return flags < 0 ? -1 : order + flags;
}

static int
encode_map_policy(exp_walker *w, const exp_place *at, PyObject *policy)
{
    int order = encode_map_order(w, at, policy);
    int flags = order < 0 ? -1 : encode_if_policy(w, at, policy, "map_write_flags");
    return flags < 0 ? -1 : order + flags;
}

/* --- arguments --- */

int
exp_encode_named(exp_walker *w, const exp_place *at, const exp_variable *vars,
                 PyObject *value, exp_type type, exp_type *got)
{
    if (PyUnicode_Check(value)) {
        *got = type;
        return exp_encode_bin(w, at, type, value);
    }
    return exp_encode(w, value, at, vars, got);
}

static int
encode_pair(exp_walker *w, const exp_node *n, const exp_place *at, size_t i)
{
    exp_type ignored;
    if (exp_put_quote(w) < 0 || put_ok(asc_mp_put_list_head(w->e.out, 2)) < 0) {
        return -1;
    }
    for (size_t k = i; k < i + 2; k++) {
        exp_place here = *at;
        here.arg = (Py_ssize_t)k;
        if (!PyUnicode_Check(exp_arg(n, k))) {
            return exp_expected(w, &here, "a str", exp_arg(n, k));
        }
        if (exp_encode_constant(w, exp_arg(n, k), &here, &ignored) < 0) {
            return -1;
        }
    }
    return 1;
}

static int
encode_return_type(exp_walker *w, const exp_node *n, const exp_place *at, size_t i)
{
    int64_t type = 0;
    size_t inverted = n->form[FORM_INVERTED];
    if (i != FORM_NO_ARG && exp_int_of(w, at, exp_arg(n, i), &type) < 0) {
        return -1;
    }
    int invert = inverted != FORM_NO_ARG ? PyObject_IsTrue(exp_arg(n, inverted)) : 0;
    return invert < 0 || exp_put_int(w, invert ? type | EXP_INVERTED : type) < 0 ? -1
                                                                                 : 1;
}

/* The arguments that are no expressions: how many were appended, or -1. */
static EXP_ASIDE int
encode_special(exp_walker *w, const exp_node *n, const exp_place *at, int what,
               size_t i)
{
    PyObject *value = i != FORM_NO_ARG && what != KIND_ITSELF ? exp_arg(n, i) : NULL;
    int flag;
    switch (what) {
    case KIND_ITSELF:
        return exp_put_int(w, (int64_t)i) < 0 ? -1 : 1;
    case KIND_BIN:
        return exp_encode_bin_name(w, at, value) < 0 ? -1 : 1;
    case KIND_TEXT:
        return exp_encode_text(w, at, value) < 0 ? -1 : 1;
    case KIND_CONST:
        return exp_encode_const(w, at, value) < 0 ? -1 : 1;
    case KIND_FLAG:
        flag = PyObject_IsTrue(value);
        return flag < 0 || exp_put_int(w, flag) < 0 ? -1 : 1;
    case KIND_RETURN:
        return encode_return_type(w, n, at, i);
    case KIND_PAIR:
        return encode_pair(w, n, at, i);
    case KIND_LIST_POLICY:
        return encode_list_policy(w, at, value);
    case KIND_LIST_FLAGS:
        return encode_if_policy(w, at, value, "write_flags");
    case KIND_MAP_POLICY:
        return encode_map_policy(w, at, value);
    case KIND_MAP_ORDER:
        return encode_map_order(w, at, value);
    case KIND_BIT_POLICY:
        return encode_flags(w, at, value, "bit_write_flags");
    case KIND_HLL_POLICY:
        return encode_flags(w, at, value, "flags");
    case KIND_STRING_POLICY:
        return encode_string_flags(w, at, value);
    default:
        return exp_refuse(w, at, "its class has a form of an unknown kind, %c", what);
    }
}

/* One operand; *common is the type of the ones before, where they have to agree. */
static int
encode_operand(exp_walker *w, const exp_node *n, const exp_place *at, int what,
               PyObject *value, exp_type *common)
{
    exp_type got = EXP_OPEN;
    switch (what) {
    case KIND_ANY:
    case KIND_END:
        return exp_encode(w, value, at, n->vars, &got);
    case KIND_NUMBER:
        return exp_encode(w, value, at, n->vars, &got) < 0
                   ? -1
                   : exp_check_number(w, at, got, common);
    case KIND_SAME:
        return exp_encode(w, value, at, n->vars, &got) < 0
                   ? -1
                   : exp_check_comparable(w, at, got, common);
    case KIND_LIST:
        return exp_encode_named(w, at, n->vars, value, EXP_LIST, &got) < 0
                   ? -1
                   : exp_check_type(w, at, EXP_LIST, got);
    case KIND_MAP:
        return exp_encode_named(w, at, n->vars, value, EXP_MAP, &got) < 0
                   ? -1
                   : exp_check_type(w, at, EXP_MAP, got);
    case KIND_NAMED:
        return exp_encode_named(w, at, n->vars, value, EXP_STRING, &got);
    case KIND_OPT_INT:
    case KIND_REST:
    case KIND_OFFSET:
        if (value == Py_None) {
            return exp_put_int(w, -1);
        }
        what = '0' + EXP_INT;
        break;
    case KIND_REST_TEXT:
        what = '0' + EXP_STRING;
        break;
    default:
        break;
    }
    return exp_encode(w, value, at, n->vars, &got) < 0
               ? -1
               : exp_check_type(w, at, (exp_type)(what - '0'), got);
}

/* The kinds of operands that are letters; the digits are types. */
static const char operand_letters[] = {
    KIND_ANY,     KIND_NUMBER, KIND_SAME,      KIND_LIST,   KIND_MAP, KIND_NAMED,
    KIND_OPT_INT, KIND_REST,   KIND_REST_TEXT, KIND_OFFSET, KIND_END};

static bool
is_operand(int what)
{
    return (what >= '0' && what <= '9') ||
           memchr(operand_letters, what, sizeof operand_letters) != NULL;
}

static bool
ends_arguments(const exp_node *n, int what, size_t i)
{
    return ((what == KIND_REST || what == KIND_REST_TEXT || what == KIND_END) &&
            exp_arg(n, i) == Py_None) ||
           (what == KIND_OFFSET && exp_arg(n, i + 1) == Py_None &&
            PyLong_Check(exp_arg(n, i)) && PyObject_Not(exp_arg(n, i)) == 1);
}

int
exp_encode_arguments(exp_walker *w, const exp_node *n, size_t from, exp_type *common)
{
    int total = 0;
    for (size_t f = from; f + 1 < n->form_size; f += 2) {
        int what = n->form[f];
        size_t first = n->form[f + 1], end = first + 1;
        if (first == FORM_ALL_ARGS) {
            first = 0;
            end = (size_t)PyTuple_GET_SIZE(n->args);
        }
        if (first != FORM_NO_ARG && ends_arguments(n, what, first)) {
            break;
        }
        exp_place here = exp_place_in(n, first);
        if (!is_operand(what)) {
            int added = encode_special(w, n, &here, what, first);
            if (added < 0) {
                return -1;
            }
            total += added;
            continue;
        }
        for (size_t i = first; i < end; i++) {
            here.arg = (Py_ssize_t)i;
            if (encode_operand(w, n, &here, what, exp_arg(n, i), common) < 0) {
                return -1;
            }
            total++;
        }
    }
    return total;
}
