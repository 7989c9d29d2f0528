#include "packed.h"

#include <stddef.h>
#include <string.h>

#include "asc/proto.h"
#include "context.h"

#define INVERTED 0x10000
#define PERSIST_INDEX 0x10
#define CONTEXT 0xFF /* [0xFF, context, operation] */
#define PATH_APPLY 4
#define SIGNED 1

/* One operation on its way into the buffer. */
typedef struct packing {
    encoder *e;
    const packed_row *row;
    PyObject *dict;     /* borrowed */
    Py_ssize_t n_known; /* entries of dict that have been looked at */
    bool other_name;    /* the argument at hand came under its other name */
} packing;

typedef struct arg_row arg_row;

/* Append an argument. value is borrowed; NULL when the entry is not there, for the
 * rows that say USE_NULL. Returns the number of items appended, or -1. */
typedef int (*arg_writer)(packing *p, const arg_row *arg, PyObject *value);

/* What to do when the entry is not there, or is None (the first two: only when it is
 * not there). */
typedef enum when_missing {
    REFUSE,
    USE_NULL_IF_ABSENT,
    USE_NULL,
    USE_NIL,
    USE_FALLBACK,
    LEAVE_OUT,
} when_missing;

struct arg_row {
    size_t name, other_name; /* offsets in module_state; 0: no other name */
    arg_writer put;
    when_missing missing;
    int fallback;
};

/* --- what the writers share --- */

static PyObject *
name_at(module_state *st, size_t offset)
{
    return *(PyObject **)((char *)st + offset);
}

static const char *
text_of(PyObject *name)
{
    const char *text = PyUnicode_AsUTF8(name);
    return text != NULL ? text : "?";
}

static int
wrong(packing *p, PyObject *name, const char *expected, PyObject *got)
{
    return raise_param(p->e->st, "%s: %s must be %s, not %s", p->row->name,
                       text_of(name), expected, Py_TYPE(got)->tp_name);
}

static int
missing(packing *p, PyObject *name)
{
    return raise_param(p->e->st, "%s: Operation missing required entry %s",
                       p->row->name, text_of(name));
}

/* An entry of the operation, borrowed; NULL when it is missing. */
static PyObject *
entry(packing *p, PyObject *name)
{
    PyObject *value = PyDict_GetItemWithError(p->dict, name);
    p->n_known += value != NULL;
    return value;
}

static PyObject *
arg_name(packing *p, const arg_row *arg)
{
    return name_at(p->e->st, p->other_name ? arg->other_name : arg->name);
}

static int
put_int(packing *p, int64_t v)
{
    return put_ok(asc_mp_put_int(p->e->out, v)) < 0 ? -1 : 1;
}

static int
int_from(packing *p, PyObject *name, PyObject *value, int64_t *out)
{
    int overflow;
    if (!PyLong_Check(value)) {
        return wrong(p, name, "an integer", value);
    }
    *out = PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0 ? 0
                         : raise_param(p->e->st, "%s: %s is beyond 64 bits",
                                       p->row->name, text_of(name));
}

static int
put_entry_value(packing *p, PyObject *name, PyObject *value)
{
    Py_INCREF(value); /* encoding may run Python code, which may change the dict */
    int rc = encode_argument(p->e, value);
    Py_DECREF(value);
    return rc < 0 ? raise_naming(p->e->st, p->row->name, text_of(name)) : 1;
}

/* The truth of an entry, NO when it is missing; -1 with an exception. */
static int
flag_entry(packing *p, PyObject *name)
{
    PyObject *value = entry(p, name);
    return value == NULL || value == Py_False ? 0 : PyObject_IsTrue(value);
}

/* --- writers of plain arguments --- */

static int
put_any(packing *p, const arg_row *arg, PyObject *value)
{
    return put_entry_value(p, arg_name(p, arg), value);
}

static int
put_number(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t v = 0;
    return int_from(p, arg_name(p, arg), value, &v) < 0 ? -1 : put_int(p, v);
}

static int
put_list(packing *p, const arg_row *arg, PyObject *value)
{
    PyObject *name = arg_name(p, arg);
    return PyList_Check(value) ? put_entry_value(p, name, value)
                               : wrong(p, name, "a list", value);
}

static int
put_texts(packing *p, const arg_row *arg, PyObject *value)
{
    Py_ssize_t n = PyList_Check(value) ? PyList_GET_SIZE(value) : 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = PyList_GET_ITEM(value, i);
        if (!PyUnicode_Check(item)) {
            return raise_param(p->e->st, "%s: %s must be a list of str, not of %s",
                               p->row->name, text_of(arg_name(p, arg)),
                               Py_TYPE(item)->tp_name);
        }
    }
    return put_list(p, arg, value);
}

/* A number from 0 to the row's fallback bits: sizes and shifts have 32, operands 63. */
static int
put_unsigned(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t v = 0;
    if (int_from(p, arg_name(p, arg), value, &v) < 0) {
        return -1;
    }
    if (v < 0 || v >> arg->fallback != 0) {
        return raise_param(p->e->st, "%s: %s must be from 0 to 2**%d - 1, not %lld",
                           p->row->name, text_of(arg_name(p, arg)), arg->fallback,
                           (long long)v);
    }
    return put_int(p, v);
}

/* The pairs of a map, without the marker that a KeyOrderedDict has as a value. */
static int
put_pairs(packing *p, const arg_row *arg, PyObject *value)
{
    PyObject *name = arg_name(p, arg);
    if (!PyDict_Check(value)) {
        return wrong(p, name, "a dict", value);
    }
    if (PyDict_CheckExact(value)) {
        return put_entry_value(p, name, value);
    }
    PyObject *plain = PyDict_New();
    int rc = plain != NULL && PyDict_Update(plain, value) == 0
                 ? put_entry_value(p, name, plain)
                 : -1;
    Py_XDECREF(plain);
    return rc;
}

static int
put_text(packing *p, const arg_row *arg, PyObject *value)
{
    PyObject *name = arg_name(p, arg);
    return PyUnicode_Check(value) ? put_entry_value(p, name, value)
                                  : wrong(p, name, "a str", value);
}

/* 1 or 0 for True or False, -1 with ParamError for anything else. */
static int
bool_from(packing *p, PyObject *name, PyObject *value)
{
    return PyBool_Check(value) ? value == Py_True : wrong(p, name, "a bool", value);
}

static int
put_bool(packing *p, const arg_row *arg, PyObject *value)
{
    int truth = bool_from(p, arg_name(p, arg), value);
    return truth < 0 || put_ok(asc_mp_put_bool(p->e->out, truth)) < 0 ? -1 : 1;
}

static int
put_expression(packing *p, const arg_row *arg, PyObject *value)
{
    const char *name = text_of(arg_name(p, arg));
    return encode_expression(p->e, p->row->name, name, value) < 0 ? -1 : 1;
}

static int
put_return_type(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t type = 0;
    if (value != NULL && int_from(p, arg_name(p, arg), value, &type) < 0) {
        return -1;
    }
    int inverted = flag_entry(p, p->e->st->s_inverted);
    return inverted < 0 ? -1 : put_int(p, inverted ? type | INVERTED : type);
}

/* --- policies --- */

/* An int of a policy dict; *out stays as it is when it is missing. 1 when it is there,
 * 0 when it is not, -1 with an exception. */
static int
policy_int(packing *p, PyObject *rules, PyObject *name, int64_t *out)
{
    PyObject *value = PyDict_GetItemWithError(rules, name);
    if (value == NULL || value == Py_None) {
        return 0;
    }
    return int_from(p, name, value, out) < 0 ? -1 : 1;
}

#define AT(name) offsetof(module_state, s_##name)

/* The keys that a policy may have: offsets of their names, ended by 0. */
static const size_t list_keys[] = {AT(list_order), AT(write_flags), 0};
static const size_t map_keys[] = {AT(map_order), AT(map_write_flags),
                                  AT(map_write_mode), AT(persist_index), 0};
static const size_t bit_keys[] = {AT(bit_write_flags), 0};
static const size_t hll_keys[] = {AT(flags), 0};

/* Report the keys of a policy that are not in a list, which has other keys. */
static int
report_unknown_keys(packing *p, const char *what, PyObject *rules, const size_t *keys)
{
    module_state *st = p->e->st;
    PyObject *known = PyList_New(0), *key, *value;
    Py_ssize_t at = 0;
    int rc = known != NULL ? 0 : -1;
    for (size_t i = 0; rc == 0 && keys[i] != 0; i++) {
        rc = PyList_Append(known, name_at(st, keys[i]));
    }
    while (rc == 0 && PyDict_Next(rules, &at, &key, &value)) {
        int is_known = PySequence_Contains(known, key);
        PyObject *said = NULL;
        if (is_known == 0) {
            said =
                PyObject_CallFunction(st->report_unknown_key, "sOOO", what, key, known,
                                      p->e->rules->strict ? Py_True : Py_False);
        }
        rc = is_known < 0 || (is_known == 0 && said == NULL) ? -1 : 0;
        Py_XDECREF(said);
    }
    Py_XDECREF(known);
    return rc;
}

/* A policy is a dict; unknown keys are reported, and refused by validate_keys. */
static int
check_policy(packing *p, const arg_row *arg, PyObject *rules, const size_t *keys)
{
    Py_ssize_t n_known = 0;
    if (!PyDict_Check(rules)) {
        return wrong(p, arg_name(p, arg), "a dict", rules);
    }
    for (size_t i = 0; keys[i] != 0; i++) {
        n_known += PyDict_GetItemWithError(rules, name_at(p->e->st, keys[i])) != NULL;
    }
    return n_known == PyDict_GET_SIZE(rules)
               ? 0
               : report_unknown_keys(p, text_of(arg_name(p, arg)), rules, keys);
}

/* Order and write flags of a list policy. */
static int
list_policy(packing *p, const arg_row *arg, PyObject *rules, int64_t *order,
            int64_t *flags)
{
    module_state *st = p->e->st;
    return check_policy(p, arg, rules, list_keys) < 0 ||
                   policy_int(p, rules, st->s_list_order, order) < 0 ||
                   policy_int(p, rules, st->s_write_flags, flags) < 0
               ? -1
               : 0;
}

static int
put_list_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    int64_t order = 0, flags = 0;
    return list_policy(p, arg, rules, &order, &flags) < 0 ? -1 : put_int(p, flags);
}

static int
put_list_order_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    int64_t order = 0, flags = 0;
    return list_policy(p, arg, rules, &order, &flags) < 0 || put_int(p, order) < 0 ||
                   put_int(p, flags) < 0
               ? -1
               : 2;
}

/* Write flags from those of today, or from the older modes, whose numbers differ. */
static int
map_write_flags(packing *p, PyObject *rules, int64_t *out)
{
    static const int64_t of_mode[] = {0, 2, 1}; /* update, update only, create only */
    int64_t mode = 0;
    int found = policy_int(p, rules, p->e->st->s_map_write_flags, out);
    if (found == 0 && policy_int(p, rules, p->e->st->s_map_write_mode, &mode) >= 0) {
        *out = mode >= 0 && mode <= 2 ? of_mode[mode] : 0;
        return PyErr_Occurred() != NULL ? -1 : 0;
    }
    return found < 0 || PyErr_Occurred() != NULL ? -1 : 0;
}

/* Order, with the persistence bit, and write flags of a map policy. */
static int
map_policy(packing *p, const arg_row *arg, PyObject *rules, int64_t *order,
           int64_t *flags)
{
    if (rules == NULL) {
        return 0;
    }
    if (check_policy(p, arg, rules, map_keys) < 0 ||
        policy_int(p, rules, p->e->st->s_map_order, order) < 0 ||
        map_write_flags(p, rules, flags) < 0) {
        return -1;
    }
    PyObject *persist = PyDict_GetItemWithError(rules, p->e->st->s_persist_index);
    int truth = persist != NULL ? PyObject_IsTrue(persist) : 0;
    *order |= truth > 0 ? PERSIST_INDEX : 0;
    return truth < 0 ? -1 : 0;
}

static int
put_map_order(packing *p, const arg_row *arg, PyObject *rules)
{
    int64_t order = 0, flags = 0;
    return map_policy(p, arg, rules, &order, &flags) < 0 ? -1 : put_int(p, order);
}

static int
put_map_order_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    int64_t order = 0, flags = 0;
    if (map_policy(p, arg, rules, &order, &flags) < 0 || put_int(p, order) < 0) {
        return -1;
    }
    return flags == 0 ? 1 : put_int(p, flags) < 0 ? -1 : 2;
}

/* The order of a list or map that is made, with "persist_index". */
static int
put_create(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t order = 0;
    int persist = flag_entry(p, p->e->st->s_persist_index);
    entry(p, p->e->st->s_pad); /* of the context's last level */
    return persist < 0 || int_from(p, arg_name(p, arg), value, &order) < 0
               ? -1
               : put_int(p, persist ? order | PERSIST_INDEX : order);
}

/* The flags of a policy that has nothing else. */
static int
put_flags(packing *p, const arg_row *arg, PyObject *rules, const size_t *keys)
{
    int64_t flags = 0;
    return check_policy(p, arg, rules, keys) < 0 ||
                   policy_int(p, rules, name_at(p->e->st, keys[0]), &flags) < 0
               ? -1
               : put_int(p, flags);
}

static int
put_bit_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    return put_flags(p, arg, rules, bit_keys);
}

static int
put_hll_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    return put_flags(p, arg, rules, hll_keys);
}

/* A string policy is an object. */
static int
put_string_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    PyObject *name = p->e->st->s_write_flags;
    PyObject *flags = PyObject_GetAttr(rules, name);
    if (flags == NULL) {
        PyErr_Clear();
        return wrong(p, arg_name(p, arg), "a StringPolicy", rules);
    }
    int64_t v = 0;
    int rc = int_from(p, name, flags, &v) < 0 ? -1 : put_int(p, v);
    Py_DECREF(flags);
    return rc;
}

/* --- arguments that several entries make --- */

/* All bytes of a value, whatever "value_byte_size" says of their number. */
static int
put_bytes(packing *p, const arg_row *arg, PyObject *value)
{
    PyObject *size_name = p->e->st->s_value_byte_size;
    PyObject *size = entry(p, size_name);
    int64_t ignored;
    if (size != NULL && int_from(p, size_name, size, &ignored) < 0) {
        return -1;
    }
    if (PyBytes_Check(value) || PyByteArray_Check(value)) {
        return put_entry_value(p, arg_name(p, arg), value);
    }
    return wrong(p, arg_name(p, arg), "bytes", value);
}

static int
put_sign(packing *p, const arg_row *arg, PyObject *value)
{
    int is_signed = value != NULL ? bool_from(p, arg_name(p, arg), value) : 0;
    return is_signed <= 0 ? is_signed : put_int(p, SIGNED);
}

/* What an addition does beyond its bits: "sign" with "action". */
static int
put_int_flags(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t action = 0;
    PyObject *name = p->e->st->s_sign, *sign = entry(p, name);
    int is_signed = sign != NULL ? bool_from(p, name, sign) : 0;
    return is_signed < 0 || int_from(p, arg_name(p, arg), value, &action) < 0
               ? -1
               : put_int(p, is_signed ? action | SIGNED : action);
}

/* Offset, size and whether that counts from the end; as many of them as are needed. */
static int
put_byte_range(packing *p, const arg_row *arg, PyObject *size)
{
    module_state *st = p->e->st;
    PyObject *offset = entry(p, st->s_byte_offset);
    int invert = flag_entry(p, st->s_invert_size);
    int64_t at = 0, n = 0;
    if (invert < 0 || (offset != NULL && offset != Py_None &&
                       int_from(p, st->s_byte_offset, offset, &at) < 0)) {
        return -1;
    }
    if (put_int(p, at) < 0) {
        return -1;
    }
    if (size == NULL) {
        return 1;
    }
    if (int_from(p, arg_name(p, arg), size, &n) < 0 || put_int(p, n) < 0) {
        return -1;
    }
    return !invert ? 2 : put_int(p, 1) < 0 ? -1 : 3;
}

/* A pattern and what takes its place, as one list. */
static int
put_replacing(packing *p, const arg_row *arg, PyObject *pattern)
{
    PyObject *name = p->e->st->s_replacement;
    PyObject *replacement = entry(p, name);
    if (replacement == NULL) {
        return missing(p, name);
    }
    if (!PyUnicode_Check(replacement)) {
        return wrong(p, name, "a str", replacement);
    }
    return put_ok(asc_mp_put_list_head(p->e->out, 2)) < 0 ||
                   put_text(p, arg, pattern) < 0 ||
                   put_entry_value(p, name, replacement) < 0
               ? -1
               : 1;
}

static const arg_row args[N_PACKED_ARGS];

/* The end of a range, then flags: without an end there is no place for them. */
static int
put_snip_stop(packing *p, const arg_row *arg, PyObject *stop)
{
    PyObject *rules = entry(p, p->e->st->s_policy);
    if (stop == NULL) {
        return 0;
    }
    int rc = put_number(p, arg, stop);
    if (rc < 0) {
        return -1;
    }
    rc = rules == NULL || rules == Py_None
             ? put_int(p, 0)
             : put_string_flags(p, &args[STR_FLAGS], rules);
    return rc < 0 ? -1 : 2;
}

static int
put_levels(packing *p, const arg_row *arg, PyObject *value)
{
    (void)arg;
    return encode_levels(p->e, p->row->name, value, 0) < 0 ? -1 : 1;
}

static int
put_apply_flags(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t flags = 0;
    return int_from(p, arg_name(p, arg), value, &flags) < 0
               ? -1
               : put_int(p, flags | PATH_APPLY);
}

/* --- the table of arguments --- */

static const arg_row args[N_PACKED_ARGS] = {
    [RETURN_TYPE] = {AT(return_type), 0, put_return_type, USE_NULL_IF_ABSENT, 0},
    [VALUE] = {AT(val), 0, put_any, REFUSE, 0},
    [ITEMS] = {AT(val), 0, put_list, REFUSE, 0},
    [PAIRS] = {AT(val), 0, put_pairs, REFUSE, 0},
    [NUMBER] = {AT(val), 0, put_any, USE_FALLBACK, 1},
    [VAL_COUNT] = {AT(val), 0, put_number, REFUSE, 0},
    [MAP_COUNT] = {AT(val), AT(range), put_number, REFUSE, 0},
    [OPT_COUNT] = {AT(count), 0, put_number, LEAVE_OUT, 0},
    [INDEX] = {AT(index), 0, put_number, REFUSE, 0},
    [RANK] = {AT(rank), 0, put_number, REFUSE, 0},
    [KEY] = {AT(key), 0, put_any, REFUSE, 0},
    [KEY_END] = {AT(range), AT(val), put_any, REFUSE, 0},
    [VALUE_END] = {AT(range), 0, put_any, REFUSE, 0},
    [VALUE_LIST] = {AT(value_list), 0, put_list, REFUSE, 0},
    [FROM] = {AT(value_begin), 0, put_any, USE_NIL, 0},
    [TO] = {AT(value_end), 0, put_any, LEAVE_OUT, 0},
    [LIST_ORDER] = {AT(list_order), 0, put_number, REFUSE, 0},
    [SORT_FLAGS] = {AT(sort_flags), 0, put_number, USE_FALLBACK, 0},
    [LIST_CREATE] = {AT(list_order), 0, put_create, REFUSE, 0},
    [MAP_CREATE] = {AT(map_order), 0, put_create, REFUSE, 0},
    [LIST_ORDER_FLAGS] = {AT(list_policy), 0, put_list_order_flags, LEAVE_OUT, 0},
    [LIST_FLAGS] = {AT(list_policy), 0, put_list_flags, LEAVE_OUT, 0},
    [MAP_ORDER] = {AT(map_policy), 0, put_map_order, USE_NULL, 0},
    [MAP_ORDER_FLAGS] = {AT(map_policy), 0, put_map_order_flags, USE_NULL, 0},
    [SEPARATOR] = {AT(separator), 0, put_text, REFUSE, 0},
    [BIT_OFFSET] = {AT(bit_offset), 0, put_number, REFUSE, 0},
    [BIT_SIZE] = {AT(bit_size), 0, put_unsigned, REFUSE, 32},
    [BYTE_OFFSET] = {AT(byte_offset), 0, put_number, REFUSE, 0},
    [BYTE_SIZE] = {AT(byte_size), 0, put_unsigned, REFUSE, 32},
    [OPT_BYTE_RANGE] = {AT(byte_size), 0, put_byte_range, USE_NULL, 0},
    [BYTES] = {AT(value), 0, put_bytes, REFUSE, 0},
    [BIT_NUMBER] = {AT(value), 0, put_number, REFUSE, 0},
    [SHIFT] = {AT(value), 0, put_unsigned, REFUSE, 32},
    [ADDEND] = {AT(value), 0, put_unsigned, REFUSE, 63},
    [BIT] = {AT(value), 0, put_bool, REFUSE, 0},
    [SIGN] = {AT(sign), 0, put_sign, USE_NULL_IF_ABSENT, 0},
    [BIT_FLAGS] = {AT(policy), 0, put_bit_flags, USE_FALLBACK, 0},
    [RESIZE_FLAGS] = {AT(resize_flags), 0, put_number, USE_FALLBACK, 0},
    [INT_FLAGS] = {AT(action), 0, put_int_flags, REFUSE, 0},
    [HLL_VALUES] = {AT(value_list), 0, put_list, REFUSE, 0},
    [HLL_INDEX_BITS] = {AT(index_bit_count), 0, put_number, USE_FALLBACK, -1},
    [HLL_MINHASH_BITS] = {AT(mh_bit_count), 0, put_number, USE_FALLBACK, -1},
    [HLL_BITS] = {AT(index_bit_count), 0, put_number, REFUSE, 0},
    [HLL_FLAGS] = {AT(hll_policy), 0, put_hll_flags, USE_FALLBACK, 0},
    [STR_VALUE] = {AT(value), 0, put_text, REFUSE, 0},
    [STR_LIST] = {AT(value_list), 0, put_texts, REFUSE, 0},
    [NEEDLE] = {AT(needle), 0, put_text, REFUSE, 0},
    [PREFIX] = {AT(prefix), 0, put_text, REFUSE, 0},
    [SUFFIX] = {AT(suffix), 0, put_text, REFUSE, 0},
    [PATTERN] = {AT(pattern), 0, put_text, REFUSE, 0},
    [REPLACING] = {AT(needle), 0, put_replacing, REFUSE, 0},
    [REGEX_REPLACING] = {AT(pattern), 0, put_replacing, REFUSE, 0},
    [REGEX_FLAGS] = {AT(regex_flags), 0, put_number, USE_FALLBACK, 0},
    [NUMERIC_TYPE] = {AT(numeric_type), 0, put_number, USE_FALLBACK, 0},
    [OCCURRENCE] = {AT(occurrence), 0, put_number, USE_FALLBACK, 1},
    [TIMES] = {AT(count), 0, put_number, REFUSE, 0},
    [START] = {AT(start), 0, put_number, REFUSE, 0},
    [STOP] = {AT(end), 0, put_number, REFUSE, 0},
    [SNIP_STOP] = {AT(end), 0, put_snip_stop, USE_NULL, 0},
    [TARGET_LENGTH] = {AT(target_length), 0, put_number, REFUSE, 0},
    [PAD_STRING] = {AT(pad_string), 0, put_text, REFUSE, 0},
    [STR_FLAGS] = {AT(policy), 0, put_string_flags, USE_FALLBACK, 0},
    [EXPRESSION] = {AT(expr), 0, put_expression, REFUSE, 0},
    [EXPRESSION_FLAGS] = {AT(expr_flags), 0, put_number, USE_FALLBACK, 0},
    [LEVELS] = {AT(ctx), 0, put_levels, REFUSE, 0},
    [SELECT_FLAGS] = {AT(cdt_flags), 0, put_number, REFUSE, 0},
    [APPLY_FLAGS] = {AT(cdt_flags), 0, put_apply_flags, REFUSE, 0},
    [MODIFIER] = {AT(mod_exp), 0, put_expression, REFUSE, 0},
};

static int
refuse_missing(packing *p, const arg_row *arg)
{
    module_state *st = p->e->st;
    PyObject *name = name_at(st, arg->name);
    return arg->other_name == 0
               ? missing(p, name)
               : raise_param(st, "%s: Operation missing required entry %s or %s",
                             p->row->name, text_of(name),
                             text_of(name_at(st, arg->other_name)));
}

static int
put_missing(packing *p, const arg_row *arg)
{
    switch (arg->missing) {
    case LEAVE_OUT:
        return 0;
    case USE_NIL:
        return put_ok(asc_mp_put_nil(p->e->out)) < 0 ? -1 : 1;
    case USE_FALLBACK:
        return put_int(p, arg->fallback);
    case USE_NULL:
    case USE_NULL_IF_ABSENT:
        return arg->put(p, arg, NULL);
    default:
        return refuse_missing(p, arg);
    }
}

/* Append one argument; the number of items appended, or -1. */
static int
put_arg(packing *p, const arg_row *arg)
{
    p->other_name = false;
    PyObject *value = entry(p, arg_name(p, arg));
    if (value == NULL && arg->other_name != 0) {
        p->other_name = true;
        value = entry(p, arg_name(p, arg));
    }
    bool is_there =
        value != NULL && (value != Py_None || arg->missing <= USE_NULL_IF_ABSENT);
    return is_there ? arg->put(p, arg, value) : put_missing(p, arg);
}

/* --- the operation --- */

/* What makes a missing container at the last level, for the operations that create. */
static int
last_level_flags(packing *p)
{
    bool is_list = p->row->args[0] == LIST_CREATE;
    if (!is_list && p->row->args[0] != MAP_CREATE) {
        return 0;
    }
    module_state *st = p->e->st;
    PyObject *order =
        PyDict_GetItemWithError(p->dict, is_list ? st->s_list_order : st->s_map_order);
    bool pad = PyDict_GetItemWithError(p->dict, st->s_pad) == Py_True;
    long v = order != NULL && PyLong_Check(order) ? PyLong_AsLong(order) : 0;
    PyErr_Clear(); /* beyond a long: put_create() tells */
    return context_create_flag(is_list, v, pad);
}

/* The head of an operation in a context, when there is one. */
static int
put_context(packing *p)
{
    PyObject *ctx = entry(p, p->e->st->s_ctx);
    if (ctx == NULL || ctx == Py_None) {
        return 0;
    }
    if (!packed_families[p->row->family].takes_context) {
        return raise_param(p->e->st, "%s: takes no ctx", p->row->name);
    }
    if (PyList_Check(ctx) && PyList_GET_SIZE(ctx) == 0) {
        return 0;
    }
    if (put_ok(asc_mp_put_list_head(p->e->out, 3) &&
               asc_mp_put_uint(p->e->out, CONTEXT)) < 0) {
        return -1;
    }
    return encode_levels(p->e, p->row->name, ctx, last_level_flags(p));
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
    size_t head = e->out->len; /* an array of at most 15: its head is one byte */
    if (put_ok(asc_mp_put_byte(e->out, 0x90)) < 0 ||
        (n == 1 && put_ok(asc_mp_put_uint(e->out, row->code)) < 0)) {
        return -1;
    }
    for (size_t i = 0; i < MAX_PACKED_ARGS && row->args[i] != END; i++) {
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
    static const size_t others[] = {
        AT(inverted),        AT(ctx),         AT(persist_index), AT(pad),
        AT(value_byte_size), AT(invert_size), AT(replacement)};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (PyUnicode_Compare(key, name_at(st, others[i])) == 0) {
            return true;
        }
    }
    for (size_t i = 1; i < N_PACKED_ARGS; i++) {
        if (PyUnicode_Compare(key, name_at(st, args[i].name)) == 0) {
            return true;
        }
    }
    return false;
}
