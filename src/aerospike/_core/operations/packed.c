/* operations/packed.c -- writes the array that is the value of an operation with packed
 * arguments.
 *
 * Each argument is a row of the table `args`: which entry of the operation's dict it
 * is, the function that writes it, and what to do when it is missing. Most arguments
 * become one item of the array; a writer says how many it has appended. So
 *
 *     {"op": OP_LIST_GET_BY_INDEX, "bin": "l", "return_type": 7, "index": -1}
 *
 * becomes [19, 7, -1]: the code of the operation, then ARG_RETURN_TYPE and ARG_INDEX.
 * An operation inside a nested list or map is wrapped: [CONTEXT, levels, [19, 7, -1]].
 *
 * The number of items is known at the end only, because some arguments can be left out.
 * No operation has more than 15, so that the head of its array is one byte, which is
 * written first and mended last. */
#include "operations/packed.h"

#include "asc/proto.h"
#include "support/numbers.h"
#include "values/compiled.h"
#include "values/context.h"
#include "values/value_policy.h"
#include "operations/packed_parts.h"

#define SIGNED 1 /* a flag of operations on integers made of bits */

/* --- writers of one entry: each is an arg_writer and checks the type of its value
 * --- */

static int
put_any(packing *p, const arg_row *arg, PyObject *value)
{
    return packing_put_value(p, packing_arg_name(p, arg), value);
}

static int
put_number(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t v = 0;
    if (packing_int(p, packing_arg_name(p, arg), value, &v) < 0) {
        return -1;
    }
    return packing_put_int(p, v);
}

static int
put_list(packing *p, const arg_row *arg, PyObject *value)
{
    PyObject *name = packing_arg_name(p, arg);
    return PyList_Check(value) ? packing_put_value(p, name, value)
                               : packing_refuse_type(p, name, "a list", value);
}

/* 0 if a list that nobody changes holds str alone, or -1 with an exception set. */
static int
check_texts(packing *p, const arg_row *arg, PyObject *list)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        PyObject *item = PyList_GET_ITEM(list, i); /* borrowed: no Python code runs */
        if (!PyUnicode_Check(item)) {
            return raise_param(
                p->e->st, "%s must be a list of str" DETAIL "it has a %s",
                packing_text(packing_arg_name(p, arg)), Py_TYPE(item)->tp_name);
        }
    }
    return 0;
}

/* A list that holds str alone. */
static int
put_texts(packing *p, const arg_row *arg, PyObject *value)
{
    if (!PyList_Check(value)) {
        return put_list(p, arg, value); /* which refuses it */
    }
    PyObject *list = list_of_now(value);
    int rc = list != NULL ? check_texts(p, arg, list) : -1;
    rc = rc == 0 ? put_list(p, arg, list) : rc;
    Py_XDECREF(list);
    return rc;
}

/* A number of as many bits as the row's detail says: sizes and shifts have 32, operands
 * 63. */
static int
put_unsigned(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t v = 0;
    if (packing_int(p, packing_arg_name(p, arg), value, &v) < 0) {
        return -1;
    }
    if (v < 0 || v >> arg->detail != 0) {
        return raise_param(p->e->st, "%s must be from 0 to 2**%d - 1" DETAIL "got %lld",
                           packing_text(packing_arg_name(p, arg)), arg->detail,
                           (long long)v);
    }
    return packing_put_int(p, v);
}

/* The pairs of a map. A KeyOrderedDict that is stored as a value carries a marker of
 * its order, but pairs that are put into a map must not: the copy is a dict without
 * it. */
static int
put_pairs(packing *p, const arg_row *arg, PyObject *value)
{
    PyObject *name = packing_arg_name(p, arg);
    if (!PyDict_Check(value)) {
        return packing_refuse_type(p, name, "a dict", value);
    }
    if (PyDict_CheckExact(value)) {
        return packing_put_value(p, name, value);
    }
    PyObject *plain = PyDict_New();
    int rc = plain != NULL && PyDict_Update(plain, value) == 0
                 ? packing_put_value(p, name, plain)
                 : -1;
    Py_XDECREF(plain);
    return rc;
}

static int
put_text(packing *p, const arg_row *arg, PyObject *value)
{
    PyObject *name = packing_arg_name(p, arg);
    return PyUnicode_Check(value) ? packing_put_value(p, name, value)
                                  : packing_refuse_type(p, name, "a str", value);
}

/* 1 or 0 for True or False, -1 with ParamError for anything else. */
static int
bool_from(packing *p, PyObject *name, PyObject *value)
{
    return PyBool_Check(value) ? value == Py_True
                               : packing_refuse_type(p, name, "a bool", value);
}

/* The bool that the dict has under a name, False when it has none: 1, 0, or -1 with
 * ParamError for anything else. */
static int
bool_entry(packing *p, PyObject *name)
{
    PyObject *value;
    int found = packing_entry(p, name, &value);
    if (found > 0) {
        found = bool_from(p, name, value);
        Py_DECREF(value);
    }
    return found;
}

static int
put_bool(packing *p, const arg_row *arg, PyObject *value)
{
    int truth = bool_from(p, packing_arg_name(p, arg), value);
    return truth < 0 || put_ok(asc_mp_put_bool(p->e->out, truth)) < 0 ? -1 : 1;
}

static int
put_expression(packing *p, const arg_row *arg, PyObject *value)
{
    const char *name = packing_text(packing_arg_name(p, arg));
    return encode_expression(p->e, NULL, name, value) < 0 ? -1 : 1;
}

/* The return type, with the flag that the entry "inverted" adds to it. */
static int
put_return_type(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t type = 0;
    if (value != NULL && packing_int(p, packing_arg_name(p, arg), value, &type) < 0) {
        return -1;
    }
    int inverted = packing_flag(p, p->e->st->s_inverted);
    type |= inverted > 0 ? ASC_CDT_INVERTED : 0;
    return inverted < 0 ? -1 : packing_put_int(p, type);
}

/* --- writers that look at other entries of the dict, too --- */

/* The bytes of a value. The API has an entry "value_byte_size" beside them. It must be
 * an int, but has no effect: bytes know their size, and all of them are written. */
static int
put_bytes(packing *p, const arg_row *arg, PyObject *value)
{
    PyObject *size_name = p->e->st->s_value_byte_size, *size;
    int64_t ignored;
    int rc = packing_entry(p, size_name, &size);
    if (rc > 0) {
        rc = packing_int(p, size_name, size, &ignored);
        Py_DECREF(size);
    }
    if (rc < 0) {
        return -1;
    }
    if (PyBytes_Check(value) || PyByteArray_Check(value)) {
        return packing_put_value(p, packing_arg_name(p, arg), value);
    }
    return packing_refuse_type(p, packing_arg_name(p, arg), "bytes", value);
}

/* The flag of a number that has a sign. Without a sign there is no flag either, and the
 * array ends before it. */
static int
put_sign(packing *p, const arg_row *arg, PyObject *value)
{
    int is_signed = value != NULL ? bool_from(p, packing_arg_name(p, arg), value) : 0;
    return is_signed <= 0 ? is_signed : packing_put_int(p, SIGNED);
}

/* What an addition does whose result does not fit ("action"), with the flag that the
 * entry "sign" adds to it. */
static int
put_int_flags(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t action = 0;
    int is_signed = bool_entry(p, p->e->st->s_sign);
    if (is_signed < 0 || packing_int(p, packing_arg_name(p, arg), value, &action) < 0) {
        return -1;
    }
    return packing_put_int(p, is_signed ? action | SIGNED : action);
}

/* Up to three items: the offset, 0 when it is missing; the size, if there is one; and 1
 * if the size counts from the end ("invert_size"). Without a size the range goes to the
 * end, and there is nothing to invert. */
static int
put_byte_range(packing *p, const arg_row *arg, PyObject *size)
{
    module_state *st = p->e->st;
    int64_t at = 0, n = 0;
    PyObject *offset;
    int there = packing_entry(p, st->s_byte_offset, &offset);
    if (there > 0 && offset != Py_None) {
        there = packing_int(p, st->s_byte_offset, offset, &at);
    }
    Py_XDECREF(offset);
    int invert = there < 0 ? -1 : packing_flag(p, st->s_invert_size);
    if (invert < 0 || packing_put_int(p, at) < 0) {
        return -1;
    }
    if (size == NULL) {
        return 1;
    }
    if (packing_int(p, packing_arg_name(p, arg), size, &n) < 0 ||
        packing_put_int(p, n) < 0) {
        return -1;
    }
    if (!invert) {
        return 2;
    }
    return packing_put_int(p, 1) < 0 ? -1 : 3;
}

/* What is searched for ("needle" or "pattern") and what takes its place
 * ("replacement"), as one list of two texts. */
static int
put_replacing(packing *p, const arg_row *arg, PyObject *pattern)
{
    PyObject *name = p->e->st->s_replacement, *replacement;
    int found = packing_entry(p, name, &replacement);
    if (found <= 0) {
        return found < 0 ? -1 : packing_refuse_missing(p, name);
    }
    int rc = -1;
    if (!PyUnicode_Check(replacement)) {
        packing_refuse_type(p, name, "a str", replacement);
    }
    else if (put_ok(asc_mp_put_list_head(p->e->out, 2)) == 0 &&
             put_text(p, arg, pattern) > 0) {
        rc = packing_put_value(p, name, replacement);
    }
    Py_DECREF(replacement);
    return rc;
}

static const arg_row args[N_PACKED_ARGS]; /* below; the next writer uses a row */

/* The end of a range, then the flags of the policy. Without an end the array has no
 * place for the flags; the policy is looked up all the same, so that its entry counts
 * as used. */
static int
put_snip_stop(packing *p, const arg_row *arg, PyObject *stop)
{
    PyObject *rules;
    if (packing_entry(p, p->e->st->s_policy, &rules) < 0) {
        return -1;
    }
    int n = 0;
    if (stop != NULL) {
        PyObject *given = rules != Py_None ? rules : NULL;
        bool ok = put_number(p, arg, stop) > 0 &&
                  put_flags(p, &args[ARG_STR_FLAGS], given) > 0;
        n = ok ? 2 : -1;
    }
    Py_XDECREF(rules);
    return n;
}

/* The order of a list or map that is created, with the flag that "persist_index" adds.
 * The entry "pad" is not written here: last_level_flags() has read it for the context,
 * and this look-up only counts it as used. */
static int
put_create(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t order = 0;
    module_state *st = p->e->st;
    bool is_list = p->row->args[0] == ARG_LIST_CREATE;
    int persist = is_list ? bool_entry(p, st->s_persist_index)
                          : packing_flag(p, st->s_persist_index);
    if (persist < 0 || bool_entry(p, st->s_pad) < 0) {
        return -1;
    }
    if (packing_int(p, packing_arg_name(p, arg), value, &order) < 0) {
        return -1;
    }
    return packing_put_int(p, persist ? order | ASC_CDT_PERSIST_INDEX : order);
}

/* The levels of a path, whose array is an argument here and not a context around the
 * operation. */
static int
put_levels(packing *p, const arg_row *arg, PyObject *value)
{
    (void)arg;
    return encode_levels(p->e, NULL, value, 0) < 0 ? -1 : 1;
}

/* The flags of a path whose expression changes what it finds. */
static int
put_apply_flags(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t flags = 0;
    if (packing_int(p, packing_arg_name(p, arg), value, &flags) < 0) {
        return -1;
    }
    return packing_put_int(p, flags | ASC_CDT_PATH_APPLY);
}

/* --- the table of arguments; packed_rows.h says what each is --- */

static const arg_row args[N_PACKED_ARGS] = {
    [ARG_RETURN_TYPE] = {NAME_AT(return_type), 0, put_return_type, USE_NULL_IF_ABSENT,
                         0},
    [ARG_VALUE] = {NAME_AT(val), 0, put_any, REFUSE, 0},
    [ARG_ITEMS] = {NAME_AT(val), 0, put_list, REFUSE, 0},
    [ARG_PAIRS] = {NAME_AT(val), 0, put_pairs, REFUSE, 0},
    [ARG_VAL_COUNT] = {NAME_AT(val), 0, put_number, REFUSE, 0},
    [ARG_MAP_COUNT] = {NAME_AT(val), NAME_AT(range), put_number, REFUSE, 0},
    [ARG_OPT_COUNT] = {NAME_AT(count), 0, put_number, LEAVE_OUT, 0},
    [ARG_INDEX] = {NAME_AT(index), 0, put_number, REFUSE, 0},
    [ARG_RANK] = {NAME_AT(rank), 0, put_number, REFUSE, 0},
    [ARG_KEY] = {NAME_AT(key), 0, put_any, REFUSE, 0},
    [ARG_KEY_END] = {NAME_AT(range), NAME_AT(val), put_any, REFUSE, 0},
    [ARG_VALUE_END] = {NAME_AT(range), 0, put_any, REFUSE, 0},
    [ARG_VALUE_LIST] = {NAME_AT(value_list), 0, put_list, REFUSE, 0},
    [ARG_FROM] = {NAME_AT(value_begin), 0, put_any, USE_NIL, 0},
    [ARG_TO] = {NAME_AT(value_end), 0, put_any, LEAVE_OUT, 0},
    [ARG_LIST_ORDER] = {NAME_AT(list_order), 0, put_number, REFUSE, 0},
    [ARG_SORT_FLAGS] = {NAME_AT(sort_flags), 0, put_number, USE_FALLBACK, 0},
    [ARG_LIST_CREATE] = {NAME_AT(list_order), 0, put_create, REFUSE, 0},
    [ARG_MAP_CREATE] = {NAME_AT(map_order), 0, put_create, REFUSE, 0},
    [ARG_LIST_ORDER_FLAGS] = {NAME_AT(list_policy), 0, put_order_flags, LEAVE_OUT,
                              VALUE_POLICY_LIST},
    [ARG_LIST_FLAGS] = {NAME_AT(list_policy), 0, put_flags, LEAVE_OUT,
                        VALUE_POLICY_LIST},
    [ARG_MAP_ORDER] = {NAME_AT(map_policy), 0, put_order, USE_NULL, VALUE_POLICY_MAP},
    [ARG_MAP_ORDER_FLAGS] = {NAME_AT(map_policy), 0, put_order_flags, USE_NULL,
                             VALUE_POLICY_MAP},
    [ARG_SEPARATOR] = {NAME_AT(separator), 0, put_text, REFUSE, 0},
    [ARG_BIT_OFFSET] = {NAME_AT(bit_offset), 0, put_number, REFUSE, 0},
    [ARG_BIT_SIZE] = {NAME_AT(bit_size), 0, put_unsigned, REFUSE, 32},
    [ARG_BYTE_OFFSET] = {NAME_AT(byte_offset), 0, put_number, REFUSE, 0},
    [ARG_BYTE_SIZE] = {NAME_AT(byte_size), 0, put_unsigned, REFUSE, 32},
    [ARG_OPT_BYTE_RANGE] = {NAME_AT(byte_size), 0, put_byte_range, USE_NULL, 0},
    [ARG_BYTES] = {NAME_AT(value), 0, put_bytes, REFUSE, 0},
    [ARG_BIT_NUMBER] = {NAME_AT(value), 0, put_number, REFUSE, 0},
    [ARG_SHIFT] = {NAME_AT(value), 0, put_unsigned, REFUSE, 32},
    [ARG_ADDEND] = {NAME_AT(value), 0, put_unsigned, REFUSE, 63},
    [ARG_BIT] = {NAME_AT(value), 0, put_bool, REFUSE, 0},
    [ARG_SIGN] = {NAME_AT(sign), 0, put_sign, USE_NULL_IF_ABSENT, 0},
    [ARG_BIT_FLAGS] = {NAME_AT(policy), 0, put_flags, USE_NULL, VALUE_POLICY_BITS},
    [ARG_RESIZE_FLAGS] = {NAME_AT(resize_flags), 0, put_number, USE_FALLBACK, 0},
    [ARG_INT_FLAGS] = {NAME_AT(action), 0, put_int_flags, REFUSE, 0},
    [ARG_HLL_VALUES] = {NAME_AT(value_list), 0, put_list, REFUSE, 0},
    [ARG_HLL_INDEX_BITS] = {NAME_AT(index_bit_count), 0, put_number, USE_FALLBACK, -1},
    [ARG_HLL_MINHASH_BITS] = {NAME_AT(mh_bit_count), 0, put_number, USE_FALLBACK, -1},
    [ARG_HLL_BITS] = {NAME_AT(index_bit_count), 0, put_number, REFUSE, 0},
    [ARG_HLL_FLAGS] = {NAME_AT(hll_policy), 0, put_flags, USE_NULL, VALUE_POLICY_HLL},
    [ARG_STR_VALUE] = {NAME_AT(value), 0, put_text, REFUSE, 0},
    [ARG_STR_LIST] = {NAME_AT(value_list), 0, put_texts, REFUSE, 0},
    [ARG_NEEDLE] = {NAME_AT(needle), 0, put_text, REFUSE, 0},
    [ARG_PREFIX] = {NAME_AT(prefix), 0, put_text, REFUSE, 0},
    [ARG_SUFFIX] = {NAME_AT(suffix), 0, put_text, REFUSE, 0},
    [ARG_PATTERN] = {NAME_AT(pattern), 0, put_text, REFUSE, 0},
    [ARG_REPLACING] = {NAME_AT(needle), 0, put_replacing, REFUSE, 0},
    [ARG_REGEX_REPLACING] = {NAME_AT(pattern), 0, put_replacing, REFUSE, 0},
    [ARG_REGEX_FLAGS] = {NAME_AT(regex_flags), 0, put_number, USE_FALLBACK, 0},
    [ARG_NUMERIC_TYPE] = {NAME_AT(numeric_type), 0, put_number, USE_FALLBACK, 0},
    [ARG_OCCURRENCE] = {NAME_AT(occurrence), 0, put_number, USE_FALLBACK, 1},
    [ARG_TIMES] = {NAME_AT(count), 0, put_number, REFUSE, 0},
    [ARG_START] = {NAME_AT(start), 0, put_number, REFUSE, 0},
    [ARG_STOP] = {NAME_AT(end), 0, put_number, REFUSE, 0},
    [ARG_SNIP_STOP] = {NAME_AT(end), 0, put_snip_stop, USE_NULL, 0},
    [ARG_TARGET_LENGTH] = {NAME_AT(target_length), 0, put_number, REFUSE, 0},
    [ARG_PAD_STRING] = {NAME_AT(pad_string), 0, put_text, REFUSE, 0},
    [ARG_STR_FLAGS] = {NAME_AT(policy), 0, put_flags, USE_NULL, VALUE_POLICY_STRING},
    [ARG_EXPRESSION] = {NAME_AT(expr), 0, put_expression, REFUSE, 0},
    [ARG_EXPRESSION_FLAGS] = {NAME_AT(expr_flags), 0, put_number, USE_FALLBACK, 0},
    [ARG_LEVELS] = {NAME_AT(ctx), 0, put_levels, REFUSE, 0},
    [ARG_SELECT_FLAGS] = {NAME_AT(cdt_flags), 0, put_number, REFUSE, 0},
    [ARG_APPLY_FLAGS] = {NAME_AT(cdt_flags), 0, put_apply_flags, REFUSE, 0},
    [ARG_MODIFIER] = {NAME_AT(mod_exp), 0, put_expression, REFUSE, 0},
};

/* Refuse an operation that lacks an entry: the error names the entry, with its other
 * name if it has one. Returns -1. */
static int
refuse_missing(packing *p, const arg_row *arg)
{
    module_state *st = p->e->st;
    PyObject *name = state_name(st, arg->name);
    if (arg->other_name == 0) {
        return packing_refuse_missing(p, name);
    }
    return raise_param(st, "Operation missing required entry %s or %s",
                       packing_text(name),
                       packing_text(state_name(st, arg->other_name)));
}

/* Do what the row says of an entry that is missing. Returns what a writer returns. */
static int
put_missing(packing *p, const arg_row *arg)
{
    switch (arg->missing) {
    case LEAVE_OUT:
        return 0;
    case USE_NIL:
        return put_ok(asc_mp_put_nil(p->e->out)) < 0 ? -1 : 1;
    case USE_FALLBACK:
        return packing_put_int(p, arg->detail);
    case USE_NULL:
    case USE_NULL_IF_ABSENT:
        return arg->put(p, arg, NULL);
    default:
        return refuse_missing(p, arg);
    }
}

/* Append one argument. Returns the number of items that were appended, or -1 with an
 * exception. */
static int
put_arg(packing *p, const arg_row *arg)
{
    PyObject *value;
    p->other_name = false;
    int found = packing_entry(p, packing_arg_name(p, arg), &value);
    if (found == 0 && arg->other_name != 0) {
        p->other_name = true;
        found = packing_entry(p, packing_arg_name(p, arg), &value);
    }
    if (found < 0) {
        return -1;
    }
    bool is_there =
        found > 0 && (value != Py_None || arg->missing <= USE_NULL_IF_ABSENT);
    int n = is_there ? arg->put(p, arg, value) : put_missing(p, arg);
    Py_XDECREF(value);
    return n;
}

/* --- the operation --- */

/* The create flag of the context's last level, or -1 with an exception. An operation
 * that creates a list or map creates it at that level, so that the level says the
 * order, too, which is an argument of the operation. All other operations have 0 here.
 * Neither entry is counted as used: put_create() does that. */
static int
last_level_flags(packing *p)
{
    bool is_list = p->row->args[0] == ARG_LIST_CREATE;
    if (!is_list && p->row->args[0] != ARG_MAP_CREATE) {
        return 0;
    }
    module_state *st = p->e->st;
    PyObject *order, *pad = NULL, *name = is_list ? st->s_list_order : st->s_map_order;
    int flags = -1;
    if (PyDict_GetItemRef(p->dict, name, &order) >= 0 &&
        PyDict_GetItemRef(p->dict, st->s_pad, &pad) >= 0) {
        int64_t v = 0;
        if (order != NULL && PyLong_Check(order)) {
            int64_from_py(order, &v); /* beyond 64 bits: put_create() tells */
        }
        flags = context_create_flag(is_list, v, pad == Py_True);
    }
    Py_XDECREF(order);
    Py_XDECREF(pad);
    return flags;
}

/* Write the head of an operation inside a nested list or map; the operation follows. An
 * empty context is the same as none. 0, or -1 with an exception. */
static int
put_levels_of_context(packing *p, PyObject *ctx)
{
    if (!packed_families[p->row->family].takes_context) {
        return raise_param(p->e->st, "the operation takes no ctx");
    }
    if (PyList_Check(ctx) && PyList_GET_SIZE(ctx) == 0) {
        return 0;
    }
    int flags = last_level_flags(p);
    return flags < 0 ? -1 : encode_context(p->e, NULL, ctx, flags);
}

/* Write the context of an operation, if it has one. 0, or -1 with an exception. */
static int
put_context(packing *p)
{
    PyObject *ctx;
    if (packing_entry(p, p->e->st->s_ctx, &ctx) < 0) {
        return -1;
    }
    int rc = ctx == NULL || ctx == Py_None ? 0 : put_levels_of_context(p, ctx);
    Py_XDECREF(ctx);
    return rc;
}

int
packed_encode(encoder *e, const packed_row *row, PyObject *dict, Py_ssize_t *n_known)
{
    packing p = {.e = e, .row = row, .dict = dict, .n_known = *n_known};
    int n = packed_families[row->family].has_code;
    if (row->family == AS_STRING) {
        return 0;
    }
    if (row->family != ON_PATH && put_context(&p) < 0) {
        return -1;
    }
    size_t head = e->out->len; /* an index: the buffer can move while it grows */
    if (put_ok(asc_mp_put_byte(e->out, 0x90)) < 0 ||
        (n == 1 && put_ok(asc_mp_put_uint(e->out, row->code)) < 0)) {
        return -1;
    }
    for (size_t i = 0; i < MAX_PACKED_ARGS && row->args[i] != ARG_END; i++) {
        int added = put_arg(&p, &args[row->args[i]]);
        if (added < 0) {
            return -1;
        }
        n += added;
    }
    e->out->data[head] = (uint8_t)(0x90 | n);
    *n_known = p.n_known;
    return 0;
}

bool
packed_knows_key(module_state *st, PyObject *key)
{
    /* The entries that no row of `args` names: writers look them up themselves. */
    static const size_t others[] = {NAME_AT(inverted),        NAME_AT(ctx),
                                    NAME_AT(persist_index),   NAME_AT(pad),
                                    NAME_AT(value_byte_size), NAME_AT(invert_size),
                                    NAME_AT(replacement)};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (PyUnicode_Compare(key, state_name(st, others[i])) == 0) {
            return true;
        }
    }
    for (size_t i = 1; i < N_PACKED_ARGS; i++) {
        if (PyUnicode_Compare(key, state_name(st, args[i].name)) == 0) {
            return true;
        }
    }
    return false;
}
