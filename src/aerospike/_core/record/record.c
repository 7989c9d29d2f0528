/* record/record.c -- the methods of aerospike.Client on one record.
 *
 * Each method is a row: its arguments, the policy that it reads, how its message is
 * made and how its result. record_call.c carries them out. Here stand the functions
 * that the rows name, and the rows, each with the docstring of its method. */
#include "record/record.h"

#include <string.h>

#include "clients/doc_texts.h"
#include "operations/operations.h"
#include "record/record_call.h"
#include "support/compat.h"
#include "support/numbers.h"
#include "values/bins.h"
#include "values/fields.h"
#include "values/record_tuple.h"

/* --- replies: what the functions decode of the rows are made of --- */

/* Parse the header of the reply. 0, or -1 with an exception. */
static int
open_reply(record_call *c, asc_msg *m)
{
    const asc_buf *in = &c->req->in;
    asc_error_reset(&c->err);
    if (asc_msg_open(m, in->data + ASC_PROTO_HEADER_SIZE,
                     in->len - ASC_PROTO_HEADER_SIZE, &c->err) == ASC_OK) {
        return 0;
    }
    raise_error(c->st, &c->err, NULL, NULL);
    return -1;
}

/* How the bins of the reply are to be read. */
static bins_reader
reader_of(record_call *c)
{
    return (bins_reader){.st = c->st,
                         .rules = &c->client->config.values,
                         .raw_containers = !c->pol.deserialize};
}

/* Make (key, meta, bins), where `shape` makes the bins, or (key, meta) when it is NULL.
 * NULL with an exception. */
static PyObject *
record_to_py(record_call *c, bool with_user_key, bins_shape shape)
{
    asc_msg m;
    if (open_reply(c, &m) < 0) {
        return NULL;
    }
    bins_reader r = reader_of(c);
    const given_key *user = with_user_key ? &c->key.user : NULL;
    PyObject *key = key_to_py(c->st, &c->key.names, user, c->key.digest);
    PyObject *meta = key != NULL ? meta_to_py(c->st, &m) : NULL;
    PyObject *bins = meta != NULL && shape != NULL ? shape(&r, &m) : NULL;
    /* The tuple is made last: decoding bins may run Python code, which must not see a
     * tuple with empty places. */
    if (bins != NULL) {
        return record_tuple(c->st, key, meta, bins);
    }
    PyObject *pair = meta != NULL && shape == NULL ? PyTuple_Pack(2, key, meta) : NULL;
    Py_XDECREF(key);
    Py_XDECREF(meta);
    return pair;
}

/* The user key comes back only when the policy sends it to the server. */
static PyObject *
decode_get(record_call *c)
{
    return record_to_py(c, c->pol.key == 1, bins_to_dict);
}

/* The user key that the caller gave comes back with the record. */
static PyObject *
decode_record(record_call *c)
{
    return record_to_py(c, true, bins_to_dict);
}

/* (key, meta, [(bin, value), ...]) */
static PyObject *
decode_ordered(record_call *c)
{
    return record_to_py(c, true, bins_to_list);
}

/* (key, meta) */
static PyObject *
decode_meta(record_call *c)
{
    return record_to_py(c, true, NULL);
}

/* (key, None) */
static PyObject *
decode_absent(record_call *c)
{
    PyObject *key = key_to_py(c->st, &c->key.names, &c->key.user, c->key.digest);
    PyObject *pair = key != NULL ? PyTuple_Pack(2, key, Py_None) : NULL;
    Py_XDECREF(key);
    return pair;
}

/* The value of the reply's last operation, None when there is none. */
static PyObject *
decode_last(record_call *c)
{
    asc_msg m;
    bins_reader r = reader_of(c);
    PyObject *name, *value, *last = Py_NewRef(Py_None);
    if (open_reply(c, &m) < 0) {
        Py_CLEAR(last);
    }
    for (unsigned i = 0; last != NULL && i < m.n_ops; i++) {
        if (next_bin(&r, &m, &name, &value) < 0) {
            Py_CLEAR(last);
            break;
        }
        Py_DECREF(name);
        Py_SETREF(last, value);
    }
    return last;
}

/* [(list[0], list[1]), ...]: a new list, which takes the place of one that nobody else
 * has. NULL with MemoryError. */
static PyObject *
pairs_of(PyObject *list)
{
    PyObject_GC_UnTrack(list); /* so that the collector's callbacks do not find it */
    Py_ssize_t n = PyList_GET_SIZE(list) / 2;
    PyObject *pairs = PyList_New(n), *pair = pairs; /* not NULL: go on */
    if (pairs != NULL) {
        PyObject_GC_UnTrack(pairs); /* while it has empty places: see values.h */
    }
    for (Py_ssize_t i = 0; pair != NULL && i < n; i++) {
        /* borrowed: the list owns them, and nobody else can reach it */
        pair = PyTuple_Pack(2, PyList_GET_ITEM(list, 2 * i),
                            PyList_GET_ITEM(list, 2 * i + 1));
        PyList_SET_ITEM(pairs, i, pair); /* NULL leaves the place empty */
    }
    if (pair == NULL) {
        Py_CLEAR(pairs);
    }
    else {
        PyObject_GC_Track(pairs);
    }
    Py_DECREF(list);
    return pairs;
}

/* The pairs of a map, where the operation asks for them. */
static PyObject *
decode_pairs(record_call *c)
{
    PyObject *value = decode_last(c);
    bool is_flat = c->asks_for_pairs && value != NULL && PyList_CheckExact(value);
    return is_flat ? pairs_of(value) : value;
}

/* 0 where there is no value. */
static PyObject *
decode_count(record_call *c)
{
    PyObject *value = decode_last(c);
    if (value == Py_None) {
        Py_SETREF(value, PyLong_FromLong(0));
    }
    return value;
}

/* 0 whatever the value is; but it must be one. */
static PyObject *
decode_nothing(record_call *c)
{
    PyObject *value = decode_last(c);
    if (value != NULL) {
        Py_SETREF(value, PyLong_FromLong(0));
    }
    return value;
}

/* Raise that a reply has another bin than the value of a function: it may be the text
 * of one that failed. */
static void
raise_no_value(record_call *c, const asc_msg_op *op, PyObject *value)
{
    PyObject *name = decode_name(c->st, op->name, op->name_size);
    if (name != NULL) {
        raise_code(c->st, ASC_ERR_CLIENT,
                   "malformed reply: %U is not the value of a function" DETAIL "%U",
                   name, PyUnicode_Check(value) ? value : name);
        Py_DECREF(name);
    }
}

/* The value of a function: the reply's one bin, which says by its name that it is the
 * value. */
static PyObject *
decode_apply(record_call *c)
{
    static const char wanted[] = "SUCCESS";
    asc_msg m;
    asc_msg_op op;
    bins_reader r = reader_of(c);
    PyObject *value;
    if (open_reply(c, &m) < 0) {
        return NULL;
    }
    if (m.n_ops != 1) {
        raise_code(c->st, ASC_ERR_CLIENT,
                   "malformed reply: a function gives one value, not %u",
                   (unsigned)m.n_ops);
        return NULL;
    }
    if (next_value(&r, &m, &op, &value) < 0) {
        return NULL;
    }
    if (op.name_size != sizeof wanted - 1 ||
        memcmp(op.name, wanted, sizeof wanted - 1) != 0) {
        raise_no_value(c, &op, value);
        Py_CLEAR(value);
    }
    return value;
}

static PyObject *
decode_zero(record_call *c)
{
    (void)c;
    return PyLong_FromLong(0);
}

/* --- operations: the functions encode of the rows, and what they are made of --- */

/* Is the first name of a list or tuple empty? */
static bool
begins_with_empty_name(PyObject *names)
{
    if ((!PyList_Check(names) && !PyTuple_Check(names)) ||
        PySequence_Fast_GET_SIZE(names) == 0) {
        return false;
    }
    PyObject *first = item_of(names, 0);
    if (first == NULL) {
        PyErr_Clear(); /* the list has become empty */
        return false;
    }
    bool is_empty = PyUnicode_Check(first) && PyUnicode_GET_LENGTH(first) == 0;
    Py_DECREF(first);
    return is_empty;
}

/* Other clients end the list at an empty name. Where that leaves no bin to read, this
 * client sends none either, and the server refuses the call. */
static int
encode_select(record_call *c, PyObject *const *argv)
{
    if (begins_with_empty_name(argv[1])) {
        return 0;
    }
    return read_operations(&c->enc, &c->writer, argv[1], BIN_NAME_TO_SELECT);
}

/* Append a write of each bin of a dict. Encoding a value may run Python code that
 * changes the dict: n_left, which is 0 at the end if each bin was written once, tells.
 * 0, or -1 with an exception. */
static int
write_bins(record_call *c, PyObject *bins)
{
    PyObject *name = NULL, *value = NULL;
    Py_ssize_t at = 0;
    int rc = 0;
    if (!PyDict_Check(bins)) {
        return raise_param(c->st,
                           "Record should be passed as bin-value pair" DETAIL
                           "bins must be a dict, got %s",
                           Py_TYPE(bins)->tp_name);
    }
    if (PyDict_GET_SIZE(bins) == 0) {
        return raise_code(c->st, ASC_ERR_REQUEST_INVALID,
                          "AEROSPIKE_ERR_REQUEST_INVALID" DETAIL
                          "bins is empty: name at least one bin to write");
    }
    Py_ssize_t n_left = 0;
    Py_BEGIN_CRITICAL_SECTION(bins);
    n_left = PyDict_GET_SIZE(bins);
    rc = check_bin_count(c->st, n_left);
    while (rc == 0 && n_left >= 0 && dict_next(bins, &at, &name, &value)) {
        rc = operation_with_value(&c->enc, &c->writer, ASC_OP_WRITE, name,
                                  BIN_NAME_OF_PUT, value);
        n_left--;
    }
    Py_END_CRITICAL_SECTION();
    if (rc < 0 && name != NULL) {
        error_in_key(c->st, name);
        error_in_argument(c->st, "bins");
    }
    Py_XDECREF(name);
    Py_XDECREF(value);
    return rc == 0 && n_left != 0 ? raise_dict_changed() : rc;
}

/* Take the argument serializer. It matters for values of unsupported types only, so
 * that an unknown number is found when such a value comes. 0, or -1 with ParamError. */
static int
set_serializer(record_call *c, PyObject *arg)
{
    int64_t v;
    if (none_to_null(arg) == NULL) {
        return 0;
    }
    if (!PyLong_Check(arg)) {
        return raise_param(c->st,
                           "serializer is invalid" DETAIL
                           "a SERIALIZER_* constant is expected, got %s",
                           Py_TYPE(arg)->tp_name);
    }
    bool is_known =
        int64_from_py(arg, &v) && v >= SERIALIZER_NONE && v <= SERIALIZER_USER;
    c->enc.serializer = is_known ? (int)v : SERIALIZER_UNKNOWN;
    return 0;
}

static int
encode_put(record_call *c, PyObject *const *argv)
{
    return set_serializer(c, argv[4]) < 0 ? -1 : write_bins(c, argv[1]);
}

/* The second argument of remove() is meta. When it is the last one and has a key that
 * only policies have, it is the policy, which the older manuals put there. Whatever is
 * no dict counts as no meta. */
static void
sort_remove(module_state *st, PyObject **argv)
{
    PyObject *meta = argv[1];
    if (meta == NULL || !PyDict_Check(meta)) {
        argv[1] = NULL;
    }
    else if (argv[2] == NULL && looks_like_policy(st, POLICY_REMOVE, meta)) {
        argv[1] = NULL;
        argv[2] = meta;
    }
}

static int
encode_remove(record_call *c, PyObject *const *argv)
{
    (void)argv;
    c->meta.has_ttl = false; /* a delete has none */
    return 0;
}

/* Append a write of None to each bin of a list. */
static int
encode_remove_bin(record_call *c, PyObject *const *argv)
{
    PyObject *list = argv[1];
    if (!PyList_Check(list)) {
        return raise_param(c->st, "Bins should be a list" DETAIL "got %s",
                           Py_TYPE(list)->tp_name);
    }
    PyObject *now = sequence_of_now(list);
    int rc = now != NULL ? check_bin_count(c->st, PySequence_Fast_GET_SIZE(now)) : -1;
    for (Py_ssize_t i = 0; rc == 0 && i < PySequence_Fast_GET_SIZE(now); i++) {
        PyObject *name = item_of(now, i);
        rc = name == NULL ? -1
                          : operation_with_value(&c->enc, &c->writer, c->row->code,
                                                 name, BIN_NAME_TO_REMOVE, Py_None);
        if (rc < 0) {
            error_in_place(c->st, i);
            error_in_argument(c->st, "list");
        }
        Py_XDECREF(name);
    }
    Py_XDECREF(now);
    return rc;
}

static int
encode_touch(record_call *c, PyObject *const *argv)
{
    PyObject *val = argv[1];
    if (val != NULL) { /* it wins over meta and policy, also when it is 0 */
        c->meta.has_ttl = true;
        if (!PyLong_Check(val)) {
            return raise_param(c->st,
                               "Unsupported operand type(s) for touch : only "
                               "int or long allowed" DETAIL "val is %s",
                               Py_TYPE(val)->tp_name);
        }
        if (ttl_from_int(c->st, "val", val, &c->meta.ttl_s) < 0) {
            return -1;
        }
    }
    return operation_without_value(&c->enc, &c->writer, c->row->code, NULL,
                                   BIN_NAME_STR);
}

/* Append one operation on a bin with one operand. */
static int
encode_operand(record_call *c, PyObject *const *argv)
{
    if (check_operand(&c->enc, c->row->check, argv[2]) < 0) {
        return -1;
    }
    int rc = operation_with_value(&c->enc, &c->writer, c->row->code, argv[1],
                                  BIN_NAME_OR_BYTEARRAY, argv[2]);
    return rc < 0 ? error_inside_argument(c->st, c->row->args[2]) : 0;
}

/* Append the operations of a list. Only they tell whether the call reads and writes:
 * the row of operate() has no bits for the header. */
static int
encode_operations(record_call *c, PyObject *list, bool strict_items)
{
    operations_summary sum;
    if (operations_from_py(&c->enc, &c->writer, list, strict_items, &sum) < 0) {
        return -1;
    }
    c->reads = sum.reads;
    c->writes = sum.writes;
    c->head.info1 |= sum.reads ? ASC_INFO1_READ : 0;
    c->head.info1 |= sum.reads_all ? ASC_INFO1_GET_ALL : 0;
    c->head.info2 |= sum.writes ? ASC_INFO2_WRITE : 0;
    if ((c->pol.respond_all_ops || sum.respond_all) && !sum.reads_all) {
        c->head.info2 |= ASC_INFO2_RESPOND_ALL_OPS;
    }
    if (sum.has_ttl) {
        c->meta.ttl_s = sum.ttl_s;
        c->meta.has_ttl = true;
    }
    return 0;
}

/* Elements of the list that are no dicts are skipped, as earlier clients do. */
static int
encode_operate(record_call *c, PyObject *const *argv)
{
    return encode_operations(c, argv[1], false);
}

static int
encode_operate_strictly(record_call *c, PyObject *const *argv)
{
    return encode_operations(c, argv[1], true);
}

/* Does an operation on a map ask for pairs? A return type has its flags above the bits
 * that say what is returned. 1, 0, or -1 with an exception. */
static int
asks_for_pairs(module_state *st, PyObject *op)
{
    static const int64_t key_value = 8; /* MAP_RETURN_KEY_VALUE */
    int64_t type;
    PyObject *value;
    int found = PyDict_GetItemRef(op, st->s_return_type, &value);
    if (found <= 0) {
        return found;
    }
    bool asks = PyLong_Check(value) && int64_from_py(value, &type) &&
                (type & (ASC_CDT_INVERTED - 1)) == key_value;
    Py_DECREF(value);
    return asks;
}

/* Nothing may fail once the operation is done: so the question for pairs is asked
 * before. */
static int
encode_for_pairs(record_call *c, PyObject *const *argv)
{
    if (encode_operate_strictly(c, argv) < 0) {
        return -1;
    }
    PyObject *op = PyList_GetItemRef(argv[1], 0);
    int asks = op != NULL ? asks_for_pairs(c->st, op) : -1;
    Py_XDECREF(op);
    c->asks_for_pairs = asks > 0;
    return asks < 0 ? -1 : 0;
}

/* Whether the name of a module or function is a str. 0, or -1 with ClientError. */
static int
check_function_name(module_state *st, const char *argument, PyObject *name)
{
    return PyUnicode_Check(name)
               ? 0
               : raise_code(st, ASC_ERR_CLIENT,
                            "%s must be a string or unicode string" DETAIL "got %s",
                            argument, Py_TYPE(name)->tp_name);
}

/* Errors show module and function. */
static int
encode_apply(record_call *c, PyObject *const *argv)
{
    if (!PyList_Check(argv[3]) && !PyTuple_Check(argv[3])) {
        PyErr_Format(PyExc_TypeError,
                     "expected UDF method arguments in a 'list'; got %s: write "
                     "[value], or [] for none",
                     Py_TYPE(argv[3])->tp_name);
        return -1;
    }
    c->shown = c->made = PyTuple_Pack(2, argv[1], argv[2]);
    if (c->shown == NULL ||
        check_function_name(c->st, "udf module argument", argv[1]) < 0 ||
        check_function_name(c->st, "function name", argv[2]) < 0) {
        return -1;
    }
    c->req->alone = true; /* a function may take long */
    return put_function_fields(&c->enc, &c->writer, argv[1], argv[2], argv[3]);
}

/* --- the methods --- */

#define DOC_KEY                                                                        \
    ":param key: tuple (namespace, set, user_key), or (namespace, set, None, "         \
    "digest).\n"                                                                       \
    "    namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;\n"      \
    "    user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);\n"    \
    "    digest: 20 bytes.\n"

#define DOC_META                                                                       \
    ":param meta: dict with \"ttl\" (seconds, or a TTL_* constant) and \"gen\" (the\n" \
    "    expected generation, compared as the policy's \"gen\" says), or None.\n"

#define DOC_META_RESULT                                                                \
    "meta is {\"ttl\": seconds to live, 4294967295 for a record that never expires,\n" \
    "    \"gen\": generation}."

/* The two methods of a row: that of a client which waits, and that of one which does
 * not. */
#define RECORD_METHOD(name, method)                                                    \
    static PyObject *client_##name(METHOD_PARAMS)                                      \
    {                                                                                  \
        return record_method(&name##_row, self, cls, args, nargs, kwnames);            \
    }                                                                                  \
    static PyObject *async_##name(METHOD_PARAMS)                                       \
    {                                                                                  \
        return record_method_async(&name##_row, method, self, cls, args, nargs,        \
                                   kwnames);                                           \
    }

/* The formatter is off so that docstrings keep one line of text a line. */
/* clang-format off */
static const char doc_get[] =
    "get($self, key, policy=None)\n--\n\n"
    "Read a record with all its bins.\n\n"
    DOC_KEY
    DOC_POLICY("read")
    ":return: (key, meta, bins): key is (namespace, set, user_key, digest), where\n"
    "    user_key is None unless the policy has key=POLICY_KEY_SEND, and digest a\n"
    "    bytearray of 20; "
    DOC_META_RESULT
    " bins: dict of\n"
    "    bin name to value.\n"
    ":raises RecordNotFound: there is no such record.\n"
    ":raises FilteredOut: the policy's expressions reject the record.\n"
    DOC_RAISES;

static const record_row get_row = {
    .name = "get",
    .args = {"key", "policy"}, .n_required = 1,
    .kind = POLICY_READ, .policy_at = 1,
    .info1 = ASC_INFO1_READ | ASC_INFO1_GET_ALL,
    .decode = decode_get,
};

RECORD_METHOD(get, "get")

static const char doc_select[] =
    "select($self, key, bins, policy=None)\n--\n\n"
    "Read some bins of a record. Bins that the record lacks are left out.\n\n"
    DOC_KEY
    ":param bins: list or tuple of bin names, str of up to 15 bytes each.\n"
    DOC_POLICY("read")
    ":return: (key, meta, bins) as get() does, with the user key that was passed.\n"
    ":raises RecordNotFound: there is no such record.\n"
    ":raises InvalidRequest: bins is empty, or begins with an empty name.\n"
    DOC_RAISES;

static const record_row select_row = {
    .name = "select",
    .args = {"key", "bins", "policy"}, .n_required = 2,
    .kind = POLICY_READ, .policy_at = 2, .shown_at = 1,
    .info1 = ASC_INFO1_READ,
    .encode = encode_select, .decode = decode_record,
};

RECORD_METHOD(select, "select")

static const char doc_exists[] =
    "exists($self, key, policy=None)\n--\n\n"
    "Read a record's metadata.\n\n"
    DOC_KEY
    DOC_POLICY("read")
    ":return: (key, meta); meta is None when there is no such record, else\n"
    "    "
    DOC_META_RESULT
    "\n"
    DOC_RAISES;

static const record_row exists_row = {
    .name = "exists",
    .args = {"key", "policy"}, .n_required = 1,
    .kind = POLICY_READ, .policy_at = 1,
    .info1 = ASC_INFO1_READ | ASC_INFO1_GET_NO_BINS,
    .decode = decode_meta, .decode_absent = decode_absent,
};

RECORD_METHOD(exists, "exists")

static const char doc_put[] =
    "put($self, key, bins, meta=None, policy=None, serializer=None)\n--\n\n"
    "Write bins. The other bins of the record stay, unless \"exists\" of the policy\n"
    "says that the call replaces the record.\n\n"
    DOC_KEY
    ":param bins: dict of bin name (str, up to 15 bytes) to value: int of 64 bits,\n"
    "    float, str, bytes, bytearray, bool, list, dict, GeoJSON; None removes the\n"
    "    bin; `serializer` says what happens to values of other types.\n"
    DOC_META
    DOC_POLICY("write")
    ":param serializer: SERIALIZER_* constant, for values of other types: by default\n"
    "    the client's own serializer, else pickle; SERIALIZER_NONE refuses them.\n"
    ":return: int, 0.\n"
    ":raises RecordExistsError: POLICY_EXISTS_CREATE, and the record exists.\n"
    ":raises RecordNotFound: POLICY_EXISTS_UPDATE or POLICY_EXISTS_REPLACE, and\n"
    "    there is no such record.\n"
    ":raises RecordGenerationError: the generation does not match.\n"
    ":raises RecordTooBig: the record would exceed the server's limit.\n"
    ":raises BinNameError: a bin name is longer than 15 bytes.\n"
    DOC_RAISES;

static const record_row put_row = {
    .name = "put",
    .args = {"key", "bins", "meta", "policy", "serializer"}, .n_required = 2,
    .kind = POLICY_WRITE, .policy_at = 3, .meta_at = 2, .shown_at = 1,
    .info2 = ASC_INFO2_WRITE,
    .encode = encode_put, .decode = decode_zero,
};

RECORD_METHOD(put, "put")

static const char doc_remove[] =
    "remove($self, key, meta=None, policy=None)\n--\n\n"
    "Remove a record.\n\n"
    DOC_KEY
    DOC_META
    DOC_POLICY("remove")
    ":return: int, 0.\n"
    ":raises RecordNotFound: there is no such record.\n"
    ":raises RecordGenerationError: the generation does not match.\n"
    DOC_RAISES;

static const record_row remove_row = {
    .name = "remove",
    .args = {"key", "meta", "policy"}, .n_required = 1,
    .kind = POLICY_REMOVE, .policy_at = 2, .meta_at = 1, .any_meta = true,
    .info2 = ASC_INFO2_WRITE | ASC_INFO2_DELETE,
    .sort = sort_remove, .encode = encode_remove, .decode = decode_zero,
};

RECORD_METHOD(remove, "remove")

static const char doc_remove_bin[] =
    "remove_bin($self, key, list, meta=None, policy=None)\n--\n\n"
    "Remove bins of a record. A record that loses its last bin is removed, too.\n\n"
    DOC_KEY
    ":param list: list of bin names.\n"
    DOC_META
    DOC_POLICY("write")
    ":return: int, 0.\n"
    ":raises RecordNotFound: there is no such record.\n"
    ":raises InvalidRequest: the list is empty.\n"
    DOC_RAISES;

static const record_row remove_bin_row = {
    .name = "remove_bin",
    .args = {"key", "list", "meta", "policy"}, .n_required = 2,
    .kind = POLICY_WRITE, .policy_at = 3, .meta_at = 2, .shown_at = 1,
    .info2 = ASC_INFO2_WRITE, .code = ASC_OP_WRITE,
    .encode = encode_remove_bin, .decode = decode_zero,
};

RECORD_METHOD(remove_bin, "remove_bin")

static const char doc_touch[] =
    "touch($self, key, val=..., meta=None, policy=None)\n--\n\n"
    "Renew a record's time to live; its generation grows by one.\n\n"
    DOC_KEY
    ":param val: seconds to live or a TTL_* constant; 0 is the namespace's default.\n"
    "    Left out: meta's \"ttl\", then the policy's.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: int, 0.\n"
    ":raises RecordNotFound: there is no such record.\n"
    DOC_RAISES;

static const record_row touch_row = {
    .name = "touch",
    .args = {"key", "val", "meta", "policy"}, .n_required = 1,
    .kind = POLICY_OPERATE, .policy_at = 3, .meta_at = 2,
    .info2 = ASC_INFO2_WRITE, .code = ASC_OP_TOUCH,
    .encode = encode_touch, .decode = decode_zero,
};

RECORD_METHOD(touch, "touch")

static const char doc_append[] =
    "append($self, key, bin, val, meta=None, policy=None)\n--\n\n"
    "Append str to a string, or bytes to a blob; create a missing bin or record.\n\n"
    DOC_KEY
    ":param bin: bin name.\n"
    ":param val: str, bytes or bytearray.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: int, 0.\n"
    ":raises BinIncompatibleType: the bin holds another type.\n"
    DOC_RAISES;

static const record_row append_row = {
    .name = "append",
    .args = {"key", "bin", "val", "meta", "policy"}, .n_required = 3,
    .kind = POLICY_OPERATE, .policy_at = 4, .meta_at = 3, .shown_at = 1,
    .info2 = ASC_INFO2_WRITE, .code = ASC_OP_APPEND, .check = check_concatenable,
    .encode = encode_operand, .decode = decode_zero,
};

RECORD_METHOD(append, "append")

static const char doc_prepend[] =
    "prepend($self, key, bin, val, meta=None, policy=None)\n--\n\n"
    "Prepend str to a string, or bytes to a blob; create a missing bin or record.\n\n"
    DOC_KEY
    ":param bin: bin name.\n"
    ":param val: str, bytes or bytearray.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: int, 0.\n"
    ":raises BinIncompatibleType: the bin holds another type.\n"
    DOC_RAISES;

static const record_row prepend_row = {
    .name = "prepend",
    .args = {"key", "bin", "val", "meta", "policy"}, .n_required = 3,
    .kind = POLICY_OPERATE, .policy_at = 4, .meta_at = 3, .shown_at = 1,
    .info2 = ASC_INFO2_WRITE, .code = ASC_OP_PREPEND, .check = check_concatenable,
    .encode = encode_operand, .decode = decode_zero,
};

RECORD_METHOD(prepend, "prepend")

static const char doc_increment[] =
    "increment($self, key, bin, offset, meta=None, policy=None)\n--\n\n"
    "Add to a number of the same type; a missing bin or record is created. Integers\n"
    "wrap around at 64 bits.\n\n"
    DOC_KEY
    ":param bin: bin name.\n"
    ":param offset: int or float.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: int, 0.\n"
    ":raises BinIncompatibleType: the bin holds another type.\n"
    DOC_RAISES;

static const record_row increment_row = {
    .name = "increment",
    .args = {"key", "bin", "offset", "meta", "policy"}, .n_required = 3,
    .kind = POLICY_OPERATE, .policy_at = 4, .meta_at = 3, .shown_at = 1,
    .info2 = ASC_INFO2_WRITE, .code = ASC_OP_INCR, .check = check_addable,
    .encode = encode_operand, .decode = decode_zero,
};

RECORD_METHOD(increment, "increment")

static const char doc_operate[] =
    "operate($self, key, list, meta=None, policy=None)\n--\n\n"
    "Carry out operations on one record, in their order. If one fails, none of them\n"
    "takes effect.\n\n"
    DOC_KEY
    ":param list: operations as aerospike_helpers.operations makes them, or\n"
    "    dicts {\"op\": aerospike.OPERATOR_WRITE, \"bin\": \"age\", \"val\": 33}.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: (key, meta, bins): bins has the last result of each bin that has one.\n"
    ":raises RecordNotFound: there is no such record, and no operation creates it.\n"
    DOC_RAISES;

static const record_row operate_row = {
    .name = "operate",
    .args = {"key", "list", "meta", "policy"}, .n_required = 2,
    .kind = POLICY_OPERATE, .policy_at = 3, .meta_at = 2, .shown_at = 1,
    .shows_operations = true,
    .encode = encode_operate, .decode = decode_record,
};

RECORD_METHOD(operate, "operate")

static const char doc_operate_ordered[] =
    "operate_ordered($self, key, list, meta=None, policy=None)\n--\n\n"
    "Like operate(), but return the result of every operation, in their order.\n\n"
    ":return: (key, meta, [(bin, result), ...]).\n"
    DOC_RAISES;

static const record_row operate_ordered_row = {
    .name = "operate_ordered",
    .args = {"key", "list", "meta", "policy"}, .n_required = 2,
    .kind = POLICY_OPERATE, .policy_at = 3, .meta_at = 2, .shown_at = 1,
    .shows_operations = true,
    .encode = encode_operate_strictly, .decode = decode_ordered,
};

RECORD_METHOD(operate_ordered, "operate_ordered")

static const char doc__operate_one[] =
    "_operate_one($self, key, ops, meta=None, policy=None)\n--\n\n"
    "operate_ordered() that gives the value of the last result alone, None when there\n"
    "is none; for the methods of one list or map operation.";

static const char doc__operate_count[] =
    "_operate_count($self, key, ops, meta=None, policy=None)\n--\n\n"
    "_operate_one() that gives 0 when there is no value.";

static const char doc__operate_zero[] =
    "_operate_zero($self, key, ops, meta=None, policy=None)\n--\n\n"
    "_operate_one() that gives 0.";

static const char doc__operate_pairs[] =
    "_operate_pairs($self, key, ops, meta=None, policy=None)\n--\n\n"
    "_operate_one() of an operation on a map that gives its pairs as tuples, if its\n"
    "return type asks for pairs.";

/* What these methods have in common. */
#define OPERATE_ONE(encode_function, decode_function)                                  \
    {                                                                                  \
        .name = "_operate_one", .args = {"key", "ops", "meta", "policy"},              \
        .n_required = 2, .kind = POLICY_OPERATE, .policy_at = 3, .meta_at = 2,         \
        .shown_at = 1, .shows_operations = true, .encode = encode_function,            \
        .decode = decode_function,                                                     \
    }

static const record_row
    operate_one_row = OPERATE_ONE(encode_operate_strictly, decode_last),
    operate_count_row = OPERATE_ONE(encode_operate_strictly, decode_count),
    operate_zero_row = OPERATE_ONE(encode_operate_strictly, decode_nothing),
    operate_pairs_row = OPERATE_ONE(encode_for_pairs, decode_pairs);

RECORD_METHOD(operate_one, "_operate_one")

RECORD_METHOD(operate_count, "_operate_count")

RECORD_METHOD(operate_zero, "_operate_zero")

RECORD_METHOD(operate_pairs, "_operate_pairs")

static const char doc_apply[] =
    "apply($self, key, module, function, args, policy=None)\n--\n\n"
    "Call a function in Lua on a record, which need not exist.\n\n"
    DOC_KEY
    ":param module: str, the name of its file without \".lua\"; see udf_put().\n"
    ":param function: str, the name of the function.\n"
    ":param args: list of the arguments that the function gets after the record.\n"
    DOC_POLICY("apply")
    ":return: what the function returns; None for nil.\n"
    ":raises UDFError: there is no such module or function, or the function failed.\n"
    DOC_RAISES;

static const record_row apply_row = {
    .name = "apply",
    .args = {"key", "module", "function", "args", "policy"}, .n_required = 4,
    .kind = POLICY_APPLY, .policy_at = 4, .shows_operations = true,
    .explains_missing = true, .info2 = ASC_INFO2_WRITE,
    .encode = encode_apply, .decode = decode_apply,
};

RECORD_METHOD(apply, "apply")

/* clang-format on */

/* --- keys --- */

static const char doc_get_key_partition_id[] =
    "get_key_partition_id($self, ns, set, key)\n--\n\n"
    "The partition, 0 to 4095, that the record of a user key belongs to.\n\n"
    ":raises ParamError: the key is malformed.";

static PyObject *
client_get_key_partition_id(METHOD_PARAMS)
{
    static const char *const names[] = {"ns", "set", "key", NULL};
    PyObject *argv[3];
    record_key key = {0};
    (void)self;
    if (parse_args("get_key_partition_id", names, 3, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    int rc =
        key_from_parts(PyType_GetModuleState(cls), &key, argv[0], argv[1], argv[2]);
    key_clear(&key);
    return rc < 0 ? NULL : PyLong_FromUnsignedLong(asc_digest_partition(key.digest));
}

static const char doc_get_key_digest[] =
    "get_key_digest($self, ns, set, key)\n--\n\n"
    "The digest of a user key; the same as aerospike.calc_digest().";

/* The older name of aerospike.calc_digest(). */
static PyObject *
client_get_key_digest(METHOD_PARAMS)
{
    (void)self;
    return calc_digest(PyType_GetModuleState(cls), "get_key_digest", args, nargs,
                       kwnames);
}

static const char doc_llist[] =
    "llist($self, key, bin, module=None)\n--\n\n"
    "Large ordered lists. Servers since 3.16 do not have them.\n\n"
    ":raises UnsupportedFeature: always.";

static PyObject *
client_llist(METHOD_PARAMS)
{
    (void)self;
    (void)args;
    (void)nargs;
    (void)kwnames;
    raise_code(PyType_GetModuleState(cls), ASC_ERR_UNSUPPORTED_FEATURE,
               "servers since 3.16 have no large ordered lists");
    return NULL;
}

/* The rows of both types of clients; their functions have the prefix. */
#define RECORD_ROWS(prefix)                                                            \
    METHOD_ROW("get", prefix##_get, doc_get),                                          \
        METHOD_ROW("select", prefix##_select, doc_select),                             \
        METHOD_ROW("exists", prefix##_exists, doc_exists),                             \
        METHOD_ROW("put", prefix##_put, doc_put),                                      \
        METHOD_ROW("remove", prefix##_remove, doc_remove),                             \
        METHOD_ROW("remove_bin", prefix##_remove_bin, doc_remove_bin),                 \
        METHOD_ROW("touch", prefix##_touch, doc_touch),                                \
        METHOD_ROW("append", prefix##_append, doc_append),                             \
        METHOD_ROW("prepend", prefix##_prepend, doc_prepend),                          \
        METHOD_ROW("increment", prefix##_increment, doc_increment),                    \
        METHOD_ROW("operate", prefix##_operate, doc_operate),                          \
        METHOD_ROW("operate_ordered", prefix##_operate_ordered, doc_operate_ordered),  \
        METHOD_ROW("_operate_one", prefix##_operate_one, doc__operate_one),            \
        METHOD_ROW("_operate_count", prefix##_operate_count, doc__operate_count),      \
        METHOD_ROW("_operate_zero", prefix##_operate_zero, doc__operate_zero),         \
        METHOD_ROW("_operate_pairs", prefix##_operate_pairs, doc__operate_pairs),      \
        METHOD_ROW("apply", prefix##_apply, doc_apply)

const PyMethodDef record_methods[] = {
    RECORD_ROWS(client),
    {NULL, NULL, 0, NULL},
};

const PyMethodDef async_record_methods[] = {
    RECORD_ROWS(async),
    {NULL, NULL, 0, NULL},
};

const PyMethodDef key_methods[] = {
    METHOD_ROW("get_key_partition_id", client_get_key_partition_id,
               doc_get_key_partition_id),
    METHOD_ROW("get_key_digest", client_get_key_digest, doc_get_key_digest),
    METHOD_ROW("llist", client_llist, doc_llist),
    {NULL, NULL, 0, NULL},
};
