/* expressions/arguments.c -- the arguments of a node, by the kinds that its form says.
 *
 * There are two sorts. Operands are expressions or constants; each becomes one item,
 * and its type is checked. Special arguments, such as names of bins, return types and
 * policies, are no expressions; each becomes as many items as its kind says. */
#include "expressions/walk.h"

#include <string.h>

#include "asc/proto.h"
#include "support/compat.h"
#include "support/numbers.h"
#include "support/texts.h"
#include "values/value_policy.h"

/* --- policies --- */

/* How a kind of argument packs its policy. */
typedef struct policy_argument {
    char kind; /* KIND_* */
    value_policy_kind policy;
    bool order, flags; /* what is packed */
    bool always;       /* even of None, and of an empty dict */
} policy_argument;

static const policy_argument policy_arguments[] = {
    {KIND_LIST_POLICY, VALUE_POLICY_LIST, true, true, false},
    {KIND_LIST_FLAGS, VALUE_POLICY_LIST, false, true, false},
    {KIND_MAP_POLICY, VALUE_POLICY_MAP, true, true, false},
    {KIND_MAP_ORDER, VALUE_POLICY_MAP, true, false, false},
    {KIND_BIT_POLICY, VALUE_POLICY_BITS, false, true, true},
    {KIND_HLL_POLICY, VALUE_POLICY_HLL, false, true, true},
    {KIND_STRING_POLICY, VALUE_POLICY_STRING, false, true, true},
};

static const policy_argument *
find_policy_argument(int kind)
{
    for (size_t i = 0; i < sizeof policy_arguments / sizeof policy_arguments[0]; i++) {
        if (policy_arguments[i].kind == kind) {
            return &policy_arguments[i];
        }
    }
    return NULL;
}

/* Where a policy stands, for the two functions of its policy_reader. */
typedef struct policy_place {
    exp_walker *w;
    const exp_place *at;
} policy_place;

static int
refuse_policy(void *self, const char *expected, PyObject *got)
{
    const policy_place *here = self;
    return exp_expected(here->w, here->at, expected, got);
}

static int
refuse_int(void *self, PyObject *name, PyObject *got)
{
    const policy_place *here = self;
    (void)name; /* the place in the tree names the whole policy */
    return exp_refuse_int(here->w, here->at, got);
}

/* Append what an argument packs of its policy; given is None when there is none.
 * Returns the number of items that were appended, or -1 with an exception. */
static int
encode_policy(exp_walker *w, const exp_place *at, const policy_argument *row,
              PyObject *given)
{
    policy_place here = {w, at};
    const policy_reader reader = {.st = w->st,
                                  .self = &here,
                                  .refuse = refuse_policy,
                                  .refuse_int = refuse_int,
                                  .a_dict = "a policy, a dict or None,",
                                  .skips_order = !row->order,
                                  .skips_flags = !row->flags};
    value_policy rules = {0};
    if (given != Py_None &&
        value_policy_from_py(&reader, row->policy, given, &rules) < 0) {
        return -1;
    }
    if (!row->always && (given == Py_None || PyDict_GET_SIZE(given) == 0)) {
        return 0;
    }
    if ((row->order && exp_put_int(w, rules.order) < 0) ||
        (row->flags && exp_put_int(w, rules.flags) < 0)) {
        return -1;
    }
    return row->order + row->flags;
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

/* Append the texts that are arguments i and i + 1 as one constant list. 1, the number
 * of items, or -1 with an exception. */
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

/* Append the return type, with the flag that the argument INVERTED of the form adds to
 * it. 1, the number of items, or -1 with an exception. */
static int
encode_return_type(exp_walker *w, const exp_node *n, const exp_place *at, size_t i)
{
    int64_t type = 0;
    size_t inverted = n->form[FORM_INVERTED];
    if (i != FORM_NO_ARG && exp_int_of(w, at, exp_arg(n, i), &type) < 0) {
        return -1;
    }
    int invert = inverted != FORM_NO_ARG ? PyObject_IsTrue(exp_arg(n, inverted)) : 0;
    type |= invert > 0 ? ASC_CDT_INVERTED : 0;
    return invert < 0 || exp_put_int(w, type) < 0 ? -1 : 1;
}

/* Append a special argument of the kind `what`. i is its place; with KIND_ITSELF it is
 * the number to append. Returns the number of items that were appended, or -1 with an
 * exception. */
static EXP_ASIDE int
encode_special(exp_walker *w, const exp_node *n, const exp_place *at, int what,
               size_t i)
{
    PyObject *value = i != FORM_NO_ARG && what != KIND_ITSELF ? exp_arg(n, i) : NULL;
    const policy_argument *policy;
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
    case KIND_FLAGS:
        if (value == Py_None) {
            return exp_put_int(w, 0) < 0 ? -1 : 1;
        }
        return exp_encode_const(w, at, value) < 0 ? -1 : 1;
    case KIND_FLAG:
        flag = PyObject_IsTrue(value);
        return flag < 0 || exp_put_int(w, flag) < 0 ? -1 : 1;
    case KIND_RETURN:
        return encode_return_type(w, n, at, i);
    case KIND_PAIR:
        return encode_pair(w, n, at, i);
    default:
        policy = find_policy_argument(what);
        return policy != NULL
                   ? encode_policy(w, at, policy, value)
                   : exp_refuse(w, at, "its class has a form of an unknown kind, %c",
                                what);
    }
}

/* Append the UTF-8 of a str as the blob that it was given for. 0, or -1 with an
 * exception. */
static EXP_ASIDE int
encode_text_as_blob(exp_walker *w, const exp_place *at, PyObject *value)
{
    Py_ssize_t size;
    const char *utf8 = utf8_of(w->st, value, &size, ASC_ERR_PARAM, "the str");
    return utf8 != NULL ? put_ok(asc_mp_put_bytes(w->e.out, ASC_PARTICLE_BLOB, utf8,
                                                  (size_t)size))
                        : exp_name_place(w, at);
}

/* Append one operand of the kind `what`. *common is the type that the operands before
 * have agreed on, for the kinds whose operands must agree. 0, or -1 with an
 * exception. */
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
    /* what is a digit by now: the type that is wanted */
    if (what == '0' + EXP_BLOB && PyUnicode_Check(value)) {
        return encode_text_as_blob(w, at, value);
    }
    if (exp_encode(w, value, at, n->vars, &got) < 0) {
        return -1;
    }
    return exp_check_type(w, at, (exp_type)(what - '0'), got);
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

/* Does a node end before its argument i, of the kind `what`, because the caller left it
 * out? The items of a node have no names, so that only the last ones can be missing. An
 * offset of 0 goes without saying when no size follows. */
static bool
ends_arguments(const exp_node *n, int what, size_t i)
{
    PyObject *value = exp_arg(n, i);
    int64_t v;
    switch (what) {
    case KIND_REST:
    case KIND_REST_TEXT:
    case KIND_END:
        return value == Py_None;
    case KIND_OFFSET:
        return exp_arg(n, i + 1) == Py_None && PyLong_Check(value) &&
               int64_from_py(value, &v) && v == 0;
    default:
        return false;
    }
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
