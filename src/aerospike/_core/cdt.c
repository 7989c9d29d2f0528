#include "cdt.h"

#include <string.h>

#include "compat.h"

#define INVERTED 0x10000
#define PERSIST_INDEX 0x10
#define CONTEXT 0xFF /* [0xFF, context, operation] */
#define PATH 0xFE    /* [0xFE, context, flags(, expression)] */
#define PATH_APPLY 4

/* How an argument is taken from the operation dict and packed. */
typedef enum arg_kind {
    END,
    RETURN_TYPE,     /* "return_type", with "inverted"; NONE when it is not there */
    VALUE,           /* "val": anything */
    ITEMS,           /* "val": a list */
    PAIRS,           /* "val": a dict, packed without a marker */
    NUMBER,          /* "val": int or float, 1 when it is not there */
    COUNT,           /* "val": int */
    OPT_COUNT,       /* "count": int, or nothing */
    INDEX,           /* "index": int */
    RANK,            /* "rank": int */
    KEY,             /* "key": anything */
    RANGE_END,       /* "range", or "val" */
    VALUE_END,       /* "range" */
    VALUE_LIST,      /* "value_list": a list */
    FROM,            /* "value_begin": anything, nil when it is not there */
    TO,              /* "value_end": anything, or nothing */
    LIST_ORDER,      /* "list_order": int */
    SORT_FLAGS,      /* "sort_flags": int, 0 when it is not there */
    LIST_CREATE,     /* "list_order", with "persist_index" */
    MAP_CREATE,      /* "map_order", with "persist_index" */
    ORDER_FLAGS,     /* "list_policy": order and write flags, or nothing */
    WRITE_FLAGS,     /* "list_policy": write flags, or nothing */
    MAP_ORDER,       /* "map_policy": order, 0 when it is not there */
    MAP_ORDER_FLAGS, /* the same, and write flags when they are not 0 */
    SEPARATOR,       /* "separator": a str */
    N_ARG_KINDS,
} arg_kind;

struct cdt_row {
    const char *name;
    int number;   /* of the API */
    uint8_t code; /* of the wire */
    bool writes;
    arg_kind args[5];
};

/* clang-format off */
static const cdt_row rows[] = {
    {"OP_LIST_APPEND", 1001, 1, true, {VALUE, ORDER_FLAGS}},
    {"OP_LIST_APPEND_ITEMS", 1002, 2, true, {ITEMS, ORDER_FLAGS}},
    {"OP_LIST_INSERT", 1003, 3, true, {INDEX, VALUE, WRITE_FLAGS}},
    {"OP_LIST_INSERT_ITEMS", 1004, 4, true, {INDEX, ITEMS, WRITE_FLAGS}},
    {"OP_LIST_POP", 1005, 5, true, {INDEX}},
    {"OP_LIST_POP_RANGE", 1006, 6, true, {INDEX, COUNT}},
    {"OP_LIST_REMOVE", 1007, 7, true, {INDEX}},
    {"OP_LIST_REMOVE_RANGE", 1008, 8, true, {INDEX, COUNT}},
    {"OP_LIST_CLEAR", 1009, 11, true, {END}},
    {"OP_LIST_SET", 1010, 9, true, {INDEX, VALUE, WRITE_FLAGS}},
    {"OP_LIST_GET", 1011, 17, false, {INDEX}},
    {"OP_LIST_GET_RANGE", 1012, 18, false, {INDEX, COUNT}},
    {"OP_LIST_TRIM", 1013, 10, true, {INDEX, COUNT}},
    {"OP_LIST_SIZE", 1014, 16, false, {END}},
    {"OP_LIST_INCREMENT", 1015, 12, true, {INDEX, NUMBER, ORDER_FLAGS}},
    {"OP_LIST_GET_BY_INDEX", 1016, 19, false, {RETURN_TYPE, INDEX}},
    {"OP_LIST_GET_BY_INDEX_RANGE", 1017, 24, false, {RETURN_TYPE, INDEX, OPT_COUNT}},
    {"OP_LIST_GET_BY_RANK", 1018, 21, false, {RETURN_TYPE, RANK}},
    {"OP_LIST_GET_BY_RANK_RANGE", 1019, 26, false, {RETURN_TYPE, RANK, OPT_COUNT}},
    {"OP_LIST_GET_BY_VALUE", 1020, 22, false, {RETURN_TYPE, VALUE}},
    {"OP_LIST_GET_BY_VALUE_LIST", 1021, 23, false, {RETURN_TYPE, VALUE_LIST}},
    {"OP_LIST_GET_BY_VALUE_RANGE", 1022, 25, false, {RETURN_TYPE, FROM, TO}},
    {"OP_LIST_REMOVE_BY_INDEX", 1023, 32, true, {RETURN_TYPE, INDEX}},
    {"OP_LIST_REMOVE_BY_INDEX_RANGE", 1024, 37, true, {RETURN_TYPE, INDEX, OPT_COUNT}},
    {"OP_LIST_REMOVE_BY_RANK", 1025, 34, true, {RETURN_TYPE, RANK}},
    {"OP_LIST_REMOVE_BY_RANK_RANGE", 1026, 39, true, {RETURN_TYPE, RANK, OPT_COUNT}},
    {"OP_LIST_REMOVE_BY_VALUE", 1027, 35, true, {RETURN_TYPE, VALUE}},
    {"OP_LIST_REMOVE_BY_VALUE_LIST", 1028, 36, true, {RETURN_TYPE, VALUE_LIST}},
    {"OP_LIST_REMOVE_BY_VALUE_RANGE", 1029, 38, true, {RETURN_TYPE, FROM, TO}},
    {"OP_LIST_SET_ORDER", 1030, 0, true, {LIST_ORDER}},
    {"OP_LIST_SORT", 1031, 13, true, {SORT_FLAGS}},
    {"OP_LIST_REMOVE_BY_VALUE_RANK_RANGE_REL", 1032, 40, true,
     {RETURN_TYPE, VALUE, RANK, OPT_COUNT}},
    {"OP_LIST_GET_BY_VALUE_RANK_RANGE_REL", 1033, 27, false,
     {RETURN_TYPE, VALUE, RANK, OPT_COUNT}},
    {"OP_LIST_CREATE", 1041, 0, true, {LIST_CREATE}},
    {"_OP_LIST_JOIN", 1042, 28, false, {END}},
    {"_OP_LIST_JOIN_SEPARATOR", 1043, 28, false, {SEPARATOR}},
    {"OP_MAP_SET_POLICY", 1101, 64, true, {MAP_ORDER}},
    {"OP_MAP_PUT", 1102, 67, true, {KEY, VALUE, MAP_ORDER_FLAGS}},
    {"OP_MAP_PUT_ITEMS", 1103, 68, true, {PAIRS, MAP_ORDER_FLAGS}},
    {"OP_MAP_INCREMENT", 1104, 73, true, {KEY, VALUE, MAP_ORDER}},
    {"OP_MAP_DECREMENT", 1105, 74, true, {KEY, VALUE, MAP_ORDER}},
    {"OP_MAP_SIZE", 1106, 96, false, {END}},
    {"OP_MAP_CLEAR", 1107, 75, true, {END}},
    {"OP_MAP_REMOVE_BY_KEY", 1108, 76, true, {RETURN_TYPE, KEY}},
    {"OP_MAP_REMOVE_BY_KEY_LIST", 1109, 81, true, {RETURN_TYPE, ITEMS}},
    {"OP_MAP_REMOVE_BY_KEY_RANGE", 1110, 84, true, {RETURN_TYPE, KEY, RANGE_END}},
    {"OP_MAP_REMOVE_BY_VALUE", 1111, 82, true, {RETURN_TYPE, VALUE}},
    {"OP_MAP_REMOVE_BY_VALUE_LIST", 1112, 83, true, {RETURN_TYPE, ITEMS}},
    {"OP_MAP_REMOVE_BY_VALUE_RANGE", 1113, 86, true, {RETURN_TYPE, VALUE, VALUE_END}},
    {"OP_MAP_REMOVE_BY_INDEX", 1114, 77, true, {RETURN_TYPE, INDEX}},
    {"OP_MAP_REMOVE_BY_INDEX_RANGE", 1115, 85, true, {RETURN_TYPE, INDEX, COUNT}},
    {"OP_MAP_REMOVE_BY_RANK", 1116, 79, true, {RETURN_TYPE, INDEX}},
    {"OP_MAP_REMOVE_BY_RANK_RANGE", 1117, 87, true, {RETURN_TYPE, INDEX, COUNT}},
    {"OP_MAP_GET_BY_KEY", 1118, 97, false, {RETURN_TYPE, KEY}},
    {"OP_MAP_GET_BY_KEY_RANGE", 1119, 103, false, {RETURN_TYPE, KEY, RANGE_END}},
    {"OP_MAP_GET_BY_VALUE", 1120, 102, false, {RETURN_TYPE, VALUE}},
    {"OP_MAP_GET_BY_VALUE_RANGE", 1121, 105, false, {RETURN_TYPE, VALUE, VALUE_END}},
    {"OP_MAP_GET_BY_INDEX", 1122, 98, false, {RETURN_TYPE, INDEX}},
    {"OP_MAP_GET_BY_INDEX_RANGE", 1123, 104, false, {RETURN_TYPE, INDEX, COUNT}},
    {"OP_MAP_GET_BY_RANK", 1124, 100, false, {RETURN_TYPE, INDEX}},
    {"OP_MAP_GET_BY_RANK_RANGE", 1125, 106, false, {RETURN_TYPE, INDEX, COUNT}},
    {"OP_MAP_GET_BY_VALUE_LIST", 1126, 108, false, {RETURN_TYPE, ITEMS}},
    {"OP_MAP_GET_BY_KEY_LIST", 1127, 107, false, {RETURN_TYPE, ITEMS}},
    {"OP_MAP_REMOVE_BY_VALUE_RANK_RANGE_REL", 1128, 89, true,
     {RETURN_TYPE, VALUE, RANK, OPT_COUNT}},
    {"OP_MAP_REMOVE_BY_KEY_INDEX_RANGE_REL", 1129, 88, true,
     {RETURN_TYPE, KEY, INDEX, OPT_COUNT}},
    {"OP_MAP_GET_BY_VALUE_RANK_RANGE_REL", 1130, 110, false,
     {RETURN_TYPE, VALUE, RANK, OPT_COUNT}},
    {"OP_MAP_GET_BY_KEY_INDEX_RANGE_REL", 1131, 109, false,
     {RETURN_TYPE, KEY, INDEX, OPT_COUNT}},
    {"OP_MAP_CREATE", 1144, 64, true, {MAP_CREATE}},
};
/* clang-format on */

const cdt_row *
cdt_find(int64_t number)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].number == number) {
            return &rows[i];
        }
    }
    return NULL;
}

bool
cdt_writes(const cdt_row *row)
{
    return row->writes;
}

bool
cdt_is_map(const cdt_row *row)
{
    return row->number > 1100;
}

bool
cdt_knows_key(PyObject *key)
{
    static const char *const known[] = {
        "index",      "key",           "return_type", "map_policy", "list_policy",
        "ctx",        "inverted",      "count",       "rank",       "range",
        "value_list", "value_begin",   "value_end",   "list_order", "sort_flags",
        "pad",        "persist_index", "map_order",   "separator",
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (PyUnicode_CompareWithASCIIString(key, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* --- arguments --- */

static int
no_memory(void)
{
    PyErr_NoMemory();
    return -1;
}

static int
missing(encoder *e, const cdt_row *row, const char *name)
{
    return raise_param(e->st, "%s: Operation missing required entry %s", row->name,
                       name);
}

static int
wrong(encoder *e, const cdt_row *row, const char *name, const char *expected,
      PyObject *got)
{
    return raise_param(e->st, "%s: %s must be %s, not %s", row->name, name, expected,
                       Py_TYPE(got)->tp_name);
}

/* An entry of the dict, borrowed; NULL when it is missing. */
static PyObject *
entry(PyObject *dict, const char *name)
{
    return PyDict_GetItemString(dict, name);
}

static int
int_value(encoder *e, const cdt_row *row, const char *name, PyObject *value,
          int64_t *out)
{
    int overflow;
    if (!PyLong_Check(value)) {
        return wrong(e, row, name, "an integer", value);
    }
    *out = PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0
               ? 0
               : raise_param(e->st, "%s: %s is beyond 64 bits", row->name, name);
}

static int
put_int(encoder *e, int64_t v)
{
    return asc_mp_put_int(e->out, v) ? 0 : no_memory();
}

static int
encode_int_entry(encoder *e, const cdt_row *row, PyObject *dict, const char *name)
{
    int64_t v = 0;
    PyObject *value = entry(dict, name);
    if (value == NULL) {
        return missing(e, row, name);
    }
    return int_value(e, row, name, value, &v) < 0 ? -1 : put_int(e, v);
}

static int
encode_entry(encoder *e, const cdt_row *row, PyObject *dict, const char *name)
{
    PyObject *value = entry(dict, name);
    if (value == NULL) {
        return missing(e, row, name);
    }
    Py_INCREF(value); /* encoding may run Python code, which may change the dict */
    int rc = encode_item(e, value);
    Py_DECREF(value);
    return rc;
}

static int
encode_list_entry(encoder *e, const cdt_row *row, PyObject *dict, const char *name)
{
    PyObject *value = entry(dict, name);
    if (value != NULL && !PyList_Check(value)) {
        return wrong(e, row, name, "a list", value);
    }
    return encode_entry(e, row, dict, name);
}

static int
encode_return_type(encoder *e, const cdt_row *row, PyObject *dict)
{
    int64_t type = 0;
    PyObject *value = entry(dict, "return_type"), *inverted = entry(dict, "inverted");
    if (value != NULL && !PyLong_Check(value)) {
        return wrong(e, row, "return_type", "an integer", value);
    }
    if (value != NULL && int_value(e, row, "return_type", value, &type) < 0) {
        return -1;
    }
    int invert = inverted != NULL ? PyObject_IsTrue(inverted) : 0;
    return invert < 0 ? -1 : put_int(e, invert ? type | INVERTED : type);
}

/* An int of a policy dict, *out as it is when the key is missing. */
static int
policy_int(encoder *e, const cdt_row *row, PyObject *dict, const char *name,
           int64_t *out)
{
    PyObject *value = entry(dict, name);
    return value == NULL || value == Py_None ? 0 : int_value(e, row, name, value, out);
}

/* The policy of an operation, borrowed in *out, NULL when there is none. */
static int
policy_entry(encoder *e, const cdt_row *row, PyObject *dict, const char *name,
             PyObject **out)
{
    *out = entry(dict, name);
    if (*out == Py_None) {
        *out = NULL;
    }
    return *out == NULL || PyDict_Check(*out) ? 0 : wrong(e, row, name, "a dict", *out);
}

/* The number of items that were appended, or -1. */
static int
encode_list_policy(encoder *e, const cdt_row *row, PyObject *dict, bool with_order)
{
    PyObject *rules;
    int64_t order = 0, flags = 0;
    if (policy_entry(e, row, dict, "list_policy", &rules) < 0) {
        return -1;
    }
    if (rules == NULL) {
        return 0;
    }
    if (policy_int(e, row, rules, "list_order", &order) < 0 ||
        policy_int(e, row, rules, "write_flags", &flags) < 0 ||
        (with_order && put_int(e, order) < 0) || put_int(e, flags) < 0) {
        return -1;
    }
    return with_order ? 2 : 1;
}

/* Write flags from those of today, or from the older modes, whose numbers differ. */
static int
map_write_flags(encoder *e, const cdt_row *row, PyObject *rules, int64_t *out)
{
    static const int64_t of_mode[] = {0, 2, 1}; /* update, update only, create only */
    int64_t mode = 0;
    if (entry(rules, "map_write_flags") != NULL) {
        return policy_int(e, row, rules, "map_write_flags", out);
    }
    if (policy_int(e, row, rules, "map_write_mode", &mode) < 0) {
        return -1;
    }
    *out = mode >= 0 && mode <= 2 ? of_mode[mode] : 0;
    return 0;
}

static int
encode_map_policy(encoder *e, const cdt_row *row, PyObject *dict, bool with_flags)
{
    PyObject *rules, *persist;
    int64_t order = 0, flags = 0;
    if (policy_entry(e, row, dict, "map_policy", &rules) < 0) {
        return -1;
    }
    if (rules != NULL) {
        if (policy_int(e, row, rules, "map_order", &order) < 0 ||
            map_write_flags(e, row, rules, &flags) < 0) {
            return -1;
        }
        persist = entry(rules, "persist_index");
        int truth = persist != NULL ? PyObject_IsTrue(persist) : 0;
        if (truth < 0) {
            return -1;
        }
        order |= truth ? PERSIST_INDEX : 0;
    }
    if (put_int(e, order) < 0 || (with_flags && flags != 0 && put_int(e, flags) < 0)) {
        return -1;
    }
    return with_flags && flags != 0 ? 2 : 1;
}

static int
encode_create(encoder *e, const cdt_row *row, PyObject *dict, const char *order_name)
{
    int64_t order = 0;
    PyObject *value = entry(dict, order_name), *persist = entry(dict, "persist_index");
    if (value == NULL) {
        return missing(e, row, order_name);
    }
    int truth = persist != NULL ? PyObject_IsTrue(persist) : 0;
    if (truth < 0 || int_value(e, row, order_name, value, &order) < 0) {
        return -1;
    }
    return put_int(e, truth ? order | PERSIST_INDEX : order);
}

/* A dict of items, without the marker that a KeyOrderedDict has as a value. */
static int
encode_pairs_entry(encoder *e, const cdt_row *row, PyObject *dict)
{
    PyObject *value = entry(dict, "val");
    if (value == NULL) {
        return missing(e, row, "val");
    }
    if (!PyDict_Check(value) || PyDict_CheckExact(value)) {
        return encode_item(e, value); /* the server refuses what is no map */
    }
    PyObject *plain = PyDict_New();
    int rc =
        plain != NULL && PyDict_Update(plain, value) == 0 ? encode_item(e, plain) : -1;
    Py_XDECREF(plain);
    return rc;
}

/* Append one argument; the number of items that were appended, or -1. */
static int
encode_arg(encoder *e, const cdt_row *row, arg_kind kind, PyObject *dict)
{
    PyObject *value;
    int rc;
    switch (kind) {
    case RETURN_TYPE:
        rc = encode_return_type(e, row, dict);
        break;
    case VALUE:
        rc = encode_entry(e, row, dict, "val");
        break;
    case ITEMS:
        rc = encode_list_entry(e, row, dict, "val");
        break;
    case PAIRS:
        rc = encode_pairs_entry(e, row, dict);
        break;
    case NUMBER:
        rc = entry(dict, "val") != NULL ? encode_entry(e, row, dict, "val")
                                        : put_int(e, 1);
        break;
    case COUNT:
        rc = encode_int_entry(e, row, dict, "val");
        break;
    case OPT_COUNT:
        value = entry(dict, "count");
        if (value == NULL || value == Py_None) {
            return 0;
        }
        rc = encode_int_entry(e, row, dict, "count");
        break;
    case INDEX:
        rc = encode_int_entry(e, row, dict, "index");
        break;
    case RANK:
        rc = encode_int_entry(e, row, dict, "rank");
        break;
    case KEY:
        rc = encode_entry(e, row, dict, "key");
        break;
    case RANGE_END:
        rc = encode_entry(e, row, dict, entry(dict, "range") != NULL ? "range" : "val");
        break;
    case VALUE_END:
        rc = encode_entry(e, row, dict, "range");
        break;
    case VALUE_LIST:
        rc = encode_list_entry(e, row, dict, "value_list");
        break;
    case FROM:
        value = entry(dict, "value_begin");
        rc = encode_item(e, value != NULL ? value : Py_None);
        break;
    case TO:
        value = entry(dict, "value_end");
        if (value == NULL || value == Py_None) {
            return 0;
        }
        rc = encode_item(e, value);
        break;
    case SEPARATOR:
        rc = encode_entry(e, row, dict, "separator");
        break;
    case LIST_ORDER:
        rc = encode_int_entry(e, row, dict, "list_order");
        break;
    case SORT_FLAGS:
        rc = entry(dict, "sort_flags") != NULL
                 ? encode_int_entry(e, row, dict, "sort_flags")
                 : put_int(e, 0);
        break;
    case LIST_CREATE:
        rc = encode_create(e, row, dict, "list_order");
        break;
    case MAP_CREATE:
        rc = encode_create(e, row, dict, "map_order");
        break;
    case ORDER_FLAGS:
        return encode_list_policy(e, row, dict, true);
    case WRITE_FLAGS:
        return encode_list_policy(e, row, dict, false);
    case MAP_ORDER:
        return encode_map_policy(e, row, dict, false);
    case MAP_ORDER_FLAGS:
        return encode_map_policy(e, row, dict, true);
    default:
        return 0;
    }
    return rc == 0 ? 1 : -1;
}

/* --- contexts --- */

/* Flags of the levels that are made when they are missing. */
enum { CREATE_UNORDERED = 0x40, CREATE_PAD = 0x80, CREATE_SORTED = 0xC0 };

static int
create_flags(PyObject *extra, bool is_list, int *out)
{
    PyObject *order = PyDict_Check(extra) ? entry(extra, "order_key") : NULL;
    PyObject *pad = PyDict_Check(extra) ? entry(extra, "pad_key") : NULL;
    long v = order != NULL && PyLong_Check(order) ? PyLong_AsLong(order) : 0;
    int padded = pad != NULL ? PyObject_IsTrue(pad) : 0;
    if (padded < 0 || (v == -1 && PyErr_Occurred())) {
        return -1;
    }
    if (is_list) {
        *out = v == 1 ? CREATE_SORTED : padded ? CREATE_PAD : CREATE_UNORDERED;
    }
    else { /* unordered, sorted by key, by key and value */
        *out = v == 0 ? CREATE_UNORDERED : v == 1 ? CREATE_PAD : CREATE_SORTED;
    }
    return 0;
}

static bool
is_create_row(const cdt_row *row)
{
    return row->args[0] == LIST_CREATE || row->args[0] == MAP_CREATE;
}

/* What makes a missing container at the last level, for the operations that create. */
static int
flags_of_create_row(const cdt_row *row, PyObject *dict, int64_t id)
{
    if (id != 0x10 && id != 0x22) {
        return 0;
    }
    bool is_list = row->args[0] == LIST_CREATE;
    PyObject *order = entry(dict, is_list ? "list_order" : "map_order");
    PyObject *pad = entry(dict, "pad");
    long v = order != NULL ? PyLong_AsLong(order) : 0;
    bool padded = pad == Py_True;
    if (is_list) {
        return v == 1 ? CREATE_SORTED : padded ? CREATE_PAD : CREATE_UNORDERED;
    }
    return v == 0 ? CREATE_UNORDERED : v == 1 ? CREATE_PAD : CREATE_SORTED;
}

static int
bad_context(encoder *e)
{
    return raise_param(e->st, "Failed to convert ctx: a list of what "
                              "aerospike_helpers.cdt_ctx makes is expected");
}

/* One level: its type and its value. */
static int
encode_level(encoder *e, const cdt_row *row, PyObject *dict, PyObject *item, bool last)
{
    PyObject *id_obj = PyObject_GetAttrString(item, "id");
    PyObject *value = id_obj != NULL ? PyObject_GetAttrString(item, "value") : NULL;
    PyObject *extra = value != NULL ? PyObject_GetAttrString(item, "extra_args") : NULL;
    int rc = -1, flags = 0;
    if (extra == NULL || !PyLong_Check(id_obj)) {
        PyErr_Clear();
        bad_context(e);
    }
    else {
        long id = PyLong_AsLong(id_obj);
        bool creates = id == 20 || id == 36; /* the variants that create */
        bool by_number = creates ? id == 20 : id < 0x13 || id == 0x20 || id == 0x21;
        rc = creates ? create_flags(extra, id == 20, &flags) : 0;
        id = id == 20 ? 0x10 : id == 36 ? 0x22 : id;
        if (last && is_create_row(row)) {
            flags |= flags_of_create_row(row, dict, id);
        }
        if (by_number && !PyLong_Check(value)) {
            rc = wrong(e, row, "an index or rank in ctx", "an integer", value);
        }
        rc = rc == 0 && put_int(e, id | flags) == 0 ? encode_item(e, value) : -1;
    }
    Py_XDECREF(id_obj);
    Py_XDECREF(value);
    Py_XDECREF(extra);
    return rc;
}

static int
encode_context(encoder *e, const cdt_row *row, PyObject *dict, PyObject *ctx)
{
    size_t n = (size_t)PyList_GET_SIZE(ctx);
    if (!asc_mp_put_list_head(e->out, 3) || !asc_mp_put_uint(e->out, CONTEXT) ||
        !asc_mp_put_list_head(e->out, 2 * n)) {
        return no_memory();
    }
    for (size_t i = 0; i < n; i++) {
        PyObject *item = PyList_GetItemRef(ctx, (Py_ssize_t)i);
        int rc = item != NULL ? encode_level(e, row, dict, item, i + 1 == n) : -1;
        Py_XDECREF(item);
        if (rc < 0) {
            return -1;
        }
    }
    return 0;
}

/* --- the operation --- */

int
cdt_encode(encoder *e, const cdt_row *row, PyObject *dict)
{
    PyObject *ctx = entry(dict, "ctx");
    if (ctx != NULL && ctx != Py_None) {
        if (!PyList_Check(ctx)) {
            return bad_context(e);
        }
        if (PyList_GET_SIZE(ctx) > 0 && encode_context(e, row, dict, ctx) < 0) {
            return -1;
        }
    }
    size_t head = e->out->len; /* an array of at most 15: its head is one byte */
    if (!asc_mp_put_byte(e->out, 0x90) || !asc_mp_put_uint(e->out, row->code)) {
        return no_memory();
    }
    int n = 1;
    for (size_t i = 0; i < sizeof row->args / sizeof row->args[0]; i++) {
        int added = encode_arg(e, row, row->args[i], dict);
        if (added < 0) {
            return -1;
        }
        n += added;
    }
    e->out->data[head] = (uint8_t)(0x90 | n);
    return 0;
}
