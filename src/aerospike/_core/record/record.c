/* The methods of aerospike.Client on one record. Each parses its arguments, encodes
 * one message, runs it without the GIL, and decodes the reply. */
#include "record/record.h"

#include "client/doc_texts.h"
#include "support/compat.h"
#include "support/numbers.h"
#include "values/keys.h"
#include "values/bins.h"
#include "operations/operations.h"
#include "record/record_call.h"

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

typedef struct record_call {
    module_state *st;
    ClientObject *client; /* borrowed */
    asc_cluster *cluster; /* counted: close() may race us */
    asc_call *call;       /* taken from the client */
    asc_request *req;     /* of call */
    PyObject *key_arg;    /* borrowed: what the caller wrote */
    PyObject *bin_arg;    /* borrowed: what an error shows as its bin, or NULL */
    policy pol;
    record_meta meta;
    record_key key;
    asc_msg_head head;
    asc_writer writer;
    encoder enc;
    asc_error err;
} record_call;

/* --- what all of them do --- */

/* Parse what every call has. 0, or -1 with an exception; end() it in either case. */
static int
begin(record_call *c, PyObject *self, PyTypeObject *cls, policy_kind kind,
      PyObject *key, PyObject *meta, PyObject *policy_arg)
{
    c->st = PyType_GetModuleState(cls);
    c->client = (ClientObject *)self;
    c->call = NULL;
    c->pol.filter = NULL;
    c->key.held = NULL;
    c->key_arg = key;
    c->bin_arg = NULL;
    c->head = (asc_msg_head){0};
    c->cluster = NULL;
    int strict = c->client->config.strict;
    if (client_check_open(c->st, c->client) < 0 ||
        policy_from_py(c->st, &c->pol, &c->client->config.defaults[kind], kind,
                       policy_arg, strict) < 0 ||
        (c->cluster = client_cluster(c->st, c->client, &c->pol.timing)) == NULL ||
        meta_from_py(c->st, &c->meta, meta, strict) < 0 ||
        key_from_py(c->st, &c->key, key) < 0) {
        return -1;
    }
    c->call = client_take_call(c->client);
    if (c->call == NULL) {
        return -1;
    }
    c->req = asc_call_request(c->call);
    c->enc = (encoder){.st = c->st,
                       .out = &c->req->out,
                       .rules = &c->client->config.values,
                       .serializer = SERIALIZER_NOT_GIVEN};
    return 0;
}

static void
end(record_call *c)
{
    if (c->call != NULL) {
        client_give_call(c->client, c->call);
    }
    policy_clear(&c->pol);
    key_clear(&c->key);
    asc_cluster_release(c->cluster);
}

/* Header (to be completed) and fields; operations follow. */
static int
begin_message(record_call *c)
{
    asc_writer *w = &c->writer;
    if (asc_writer_begin(w, &c->req->out, &c->head) &&
        key_to_fields(&c->key, w, c->pol.key == 1) &&
        policy_filter_to_field(c->pol.filter, w)) {
        return 0;
    }
    PyErr_NoMemory();
    return -1;
}

/* Complete the message and run it: 0, 1 with c->err, -1 with an exception. */
static int
run(record_call *c, bool writes)
{
    asc_writer_set_head(&c->writer, &c->head);
    asc_writer_end(&c->writer);
    policy_to_request(&c->pol, c->req, writes);
    c->req->ns = c->key.ns_text;
    c->req->partition = asc_digest_partition(c->key.digest);
    return client_run_call(c->call, c->cluster, &c->err);
}

static int
run_read(record_call *c, uint8_t info1)
{
    c->head.info1 |= info1;
    policy_to_read_head(&c->pol, &c->head);
    return run(c, false);
}

static int
run_write(record_call *c, uint8_t info2)
{
    c->head.info2 |= info2;
    policy_to_write_head(&c->pol, &c->meta, &c->head);
    return run(c, true);
}

/* Raise the error of a run that returned 1; after -1 there is an exception already. */
static PyObject *
raise_run(record_call *c, int rc)
{
    return rc > 0 ? raise_error(c->st, &c->err, c->key_arg, c->bin_arg) : NULL;
}

static PyObject *
zero_or_raise(record_call *c, int rc)
{
    return rc == 0 ? PyLong_FromLong(0) : raise_run(c, rc);
}

/* --- replies --- */

static int
open_reply(record_call *c, asc_msg *m)
{
    const asc_buf *in = &c->req->in;
    asc_error_reset(&c->err);
    if (asc_msg_open(m, in->data + ASC_PROTO_HEADER_SIZE,
                     in->len - ASC_PROTO_HEADER_SIZE, &c->err) == ASC_OK) {
        return 0;
    }
    raise_error(c->st, &c->err, c->key_arg, NULL);
    return -1;
}

/* What the bins of this call's reply are read with. */
static bins_reader
reader_of(record_call *c)
{
    return (bins_reader){.st = c->st,
                         .rules = &c->client->config.values,
                         .raw_containers = !c->pol.deserialize,
                         .key = c->key_arg};
}

/* (key, meta, bins); without bins when shape is NULL. */
static PyObject *
record_to_py(record_call *c, bool with_user_key, bins_shape shape)
{
    asc_msg m;
    if (open_reply(c, &m) < 0) {
        return NULL;
    }
    bins_reader r = reader_of(c);
    PyObject *key = key_to_py(&c->key, with_user_key);
    PyObject *meta = key != NULL ? meta_to_py(c->st, &m) : NULL;
    PyObject *bins = meta != NULL && shape != NULL ? shape(&r, &m) : NULL;
    PyObject *record = NULL;
    if (meta != NULL && (bins != NULL || shape == NULL)) {
        /* last, for Python code may run before, which must not see it empty */
        record = PyTuple_New(shape != NULL ? 3 : 2);
    }
    if (record == NULL) {
        Py_XDECREF(key);
        Py_XDECREF(meta);
        Py_XDECREF(bins);
        return NULL;
    }
    PyTuple_SET_ITEM(record, 0, key);
    PyTuple_SET_ITEM(record, 1, meta);
    if (bins != NULL) {
        PyTuple_SET_ITEM(record, 2, bins);
    }
    return record;
}

/* --- reads --- */

static PyObject *
client_get(METHOD_PARAMS)
{
    static const char *const names[] = {"key", "policy", NULL};
    PyObject *argv[2], *result = NULL;
    record_call c;
    if (parse_args("get", names, 1, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (begin(&c, self, cls, POLICY_READ, argv[0], NULL, argv[1]) == 0 &&
        begin_message(&c) == 0) {
        int rc = run_read(&c, ASC_INFO1_READ | ASC_INFO1_GET_ALL);
        result = rc == 0 ? record_to_py(&c, c.pol.key == 1, bins_to_dict)
                         : raise_run(&c, rc);
    }
    end(&c);
    return result;
}

static PyObject *
client_select(METHOD_PARAMS)
{
    static const char *const names[] = {"key", "bins", "policy", NULL};
    PyObject *argv[3], *result = NULL;
    record_call c;
    if (parse_args("select", names, 2, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (begin(&c, self, cls, POLICY_READ, argv[0], NULL, argv[2]) == 0 &&
        begin_message(&c) == 0 && read_operations(&c.enc, &c.writer, argv[1]) == 0) {
        int rc = run_read(&c, ASC_INFO1_READ);
        result = rc == 0 ? record_to_py(&c, true, bins_to_dict) : raise_run(&c, rc);
    }
    end(&c);
    return result;
}

/* (key, None) */
static PyObject *
absent_to_py(record_call *c)
{
    PyObject *key = key_to_py(&c->key, true);
    PyObject *pair = key != NULL ? PyTuple_Pack(2, key, Py_None) : NULL;
    Py_XDECREF(key);
    return pair;
}

static PyObject *
client_exists(METHOD_PARAMS)
{
    static const char *const names[] = {"key", "policy", NULL};
    PyObject *argv[2], *result = NULL;
    record_call c;
    if (parse_args("exists", names, 1, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (begin(&c, self, cls, POLICY_READ, argv[0], NULL, argv[1]) == 0 &&
        begin_message(&c) == 0) {
        int rc = run_read(&c, ASC_INFO1_READ | ASC_INFO1_GET_NO_BINS);
        result = rc == 0 ? record_to_py(&c, true, NULL)
                 : rc > 0 && c.err.code == ASC_ERR_RECORD_NOT_FOUND ? absent_to_py(&c)
                                                                    : raise_run(&c, rc);
    }
    end(&c);
    return result;
}

/* --- writes --- */

static int
write_operations(record_call *c, PyObject *bins)
{
    PyObject *name = NULL, *value = NULL;
    Py_ssize_t at = 0;
    int rc = 0;
    if (!PyDict_Check(bins)) {
        return raise_param(c->st,
                           "Record should be passed as bin-value pair: a dict, not %s",
                           Py_TYPE(bins)->tp_name);
    }
    if (check_bin_count(c->st, PyDict_GET_SIZE(bins)) < 0) {
        return -1;
    }
    Py_ssize_t n_left = PyDict_GET_SIZE(bins);
    while (rc == 0 && n_left >= 0 && dict_next(bins, &at, &name, &value)) {
        rc = operation_with_value(&c->enc, &c->writer, ASC_OP_WRITE, name,
                                  ASC_ERR_CLIENT, value);
        n_left--;
    }
    Py_XDECREF(name);
    Py_XDECREF(value);
    return rc == 0 && n_left != 0 ? raise_dict_changed() : rc;
}

/* The serializer argument matters for values of unsupported types only, so that a
 * wrong one is found when such a value comes. */
static int
set_serializer(record_call *c, PyObject *arg)
{
    if (none_to_null(arg) != NULL) {
        int64_t v;
        bool is_known = PyLong_Check(arg) && int64_from_py(arg, &v) &&
                        v >= SERIALIZER_NONE && v <= SERIALIZER_USER;
        c->enc.serializer = is_known ? (int)v : SERIALIZER_UNKNOWN;
    }
    return 0;
}

static PyObject *
client_put(METHOD_PARAMS)
{
    static const char *const names[] = {"key",    "bins",       "meta",
                                        "policy", "serializer", NULL};
    PyObject *argv[5], *result = NULL;
    record_call c;
    if (parse_args("put", names, 2, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (begin(&c, self, cls, POLICY_WRITE, argv[0], argv[2], argv[3]) == 0 &&
        set_serializer(&c, argv[4]) == 0 && begin_message(&c) == 0 &&
        write_operations(&c, argv[1]) == 0) {
        c.bin_arg = argv[1];
        result = zero_or_raise(&c, run_write(&c, ASC_INFO2_WRITE));
    }
    end(&c);
    return result;
}

/* The second argument of remove() is meta; alone, and with a key that only policies
 * have, it is the policy that the older manuals put there. */
static void
sort_remove_args(module_state *st, PyObject **meta, PyObject **policy_arg)
{
    if (*meta != NULL && *policy_arg == NULL && PyDict_Check(*meta) &&
        looks_like_policy(st, POLICY_REMOVE, *meta)) {
        *policy_arg = *meta;
        *meta = NULL;
    }
}

static PyObject *
client_remove(METHOD_PARAMS)
{
    static const char *const names[] = {"key", "meta", "policy", NULL};
    PyObject *argv[3], *result = NULL;
    record_call c;
    if (parse_args("remove", names, 1, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    sort_remove_args(PyType_GetModuleState(cls), &argv[1], &argv[2]);
    /* whatever is no dict was never looked at */
    PyObject *meta = argv[1] != NULL && PyDict_Check(argv[1]) ? argv[1] : NULL;
    if (begin(&c, self, cls, POLICY_REMOVE, argv[0], meta, argv[2]) == 0 &&
        begin_message(&c) == 0) {
        c.meta.has_ttl = false; /* a delete has none */
        result = zero_or_raise(&c, run_write(&c, ASC_INFO2_WRITE | ASC_INFO2_DELETE));
    }
    end(&c);
    return result;
}

static PyObject *
client_remove_bin(METHOD_PARAMS)
{
    static const char *const names[] = {"key", "list", "meta", "policy", NULL};
    PyObject *argv[4], *result = NULL;
    record_call c;
    if (parse_args("remove_bin", names, 2, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    int rc = begin(&c, self, cls, POLICY_WRITE, argv[0], argv[2], argv[3]);
    if (rc == 0 && !PyList_Check(argv[1])) {
        rc = raise_param(c.st, "Bins should be a list, not %s",
                         Py_TYPE(argv[1])->tp_name);
    }
    rc = rc == 0 ? check_bin_count(c.st, PyList_GET_SIZE(argv[1])) : rc;
    rc = rc == 0 ? begin_message(&c) : rc;
    for (Py_ssize_t i = 0; rc == 0 && i < PyList_GET_SIZE(argv[1]); i++) {
        PyObject *name = PyList_GetItemRef(argv[1], i);
        rc = name == NULL ? -1
                          : operation_with_value(&c.enc, &c.writer, ASC_OP_WRITE, name,
                                                 ASC_ERR_CLIENT, Py_None);
        Py_XDECREF(name);
    }
    if (rc == 0) {
        c.bin_arg = argv[1];
        result = zero_or_raise(&c, run_write(&c, ASC_INFO2_WRITE));
    }
    end(&c);
    return result;
}

static PyObject *
client_touch(METHOD_PARAMS)
{
    static const char *const names[] = {"key", "val", "meta", "policy", NULL};
    PyObject *argv[4], *result = NULL;
    record_call c;
    if (parse_args("touch", names, 1, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    int rc = begin(&c, self, cls, POLICY_OPERATE, argv[0], argv[2], argv[3]);
    if (rc == 0 && argv[1] != NULL) { /* val, 0 included, beats meta and policy */
        c.meta.has_ttl = true;
        rc = PyLong_Check(argv[1])
                 ? ttl_from_int(c.st, "val", argv[1], &c.meta.ttl_s)
                 : raise_param(c.st,
                               "Unsupported operand type(s) for touch : only int or "
                               "long allowed");
    }
    if (rc == 0 && begin_message(&c) == 0 &&
        operation_without_value(&c.enc, &c.writer, ASC_OP_TOUCH, NULL) == 0) {
        result = zero_or_raise(&c, run_write(&c, ASC_INFO2_WRITE));
    }
    end(&c);
    return result;
}

/* append, prepend, increment: one operation with one operand. */
typedef struct modify_row {
    const char *func;
    const char *operand; /* name of the third argument */
    uint8_t code;
    int (*check)(module_state *st, PyObject *value);
} modify_row;

static PyObject *
modify(const modify_row *row, PyObject *self, PyTypeObject *cls, PyObject *const *args,
       Py_ssize_t nargs, PyObject *kwnames)
{
    const char *const names[] = {"key", "bin", row->operand, "meta", "policy", NULL};
    PyObject *argv[5], *result = NULL;
    record_call c;
    if (parse_args(row->func, names, 3, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (begin(&c, self, cls, POLICY_OPERATE, argv[0], argv[3], argv[4]) == 0 &&
        row->check(c.st, argv[2]) == 0 && begin_message(&c) == 0 &&
        operation_with_value(&c.enc, &c.writer, row->code, argv[1], ASC_ERR_PARAM,
                             argv[2]) == 0) {
        c.bin_arg = argv[1];
        result = zero_or_raise(&c, run_write(&c, ASC_INFO2_WRITE));
    }
    end(&c);
    return result;
}

static PyObject *
client_append(METHOD_PARAMS)
{
    static const modify_row row = {"append", "val", ASC_OP_APPEND, check_concatenable};
    return modify(&row, self, cls, args, nargs, kwnames);
}

static PyObject *
client_prepend(METHOD_PARAMS)
{
    static const modify_row row = {"prepend", "val", ASC_OP_PREPEND,
                                   check_concatenable};
    return modify(&row, self, cls, args, nargs, kwnames);
}

static PyObject *
client_increment(METHOD_PARAMS)
{
    static const modify_row row = {"increment", "offset", ASC_OP_INCR, check_addable};
    return modify(&row, self, cls, args, nargs, kwnames);
}

/* --- operate --- */

static int
run_operations(record_call *c, const operations_summary *sum)
{
    c->head.info1 |= sum->reads ? ASC_INFO1_READ : 0;
    if (sum->has_ttl) {
        c->meta.ttl_s = sum->ttl_s;
        c->meta.has_ttl = true;
    }
    if (c->pol.respond_all_ops || sum->respond_all) {
        c->head.info2 |= ASC_INFO2_RESPOND_ALL_OPS;
    }
    if (sum->reads) {
        policy_to_read_head(&c->pol, &c->head);
    }
    return sum->writes ? run_write(c, ASC_INFO2_WRITE) : run(c, false);
}

/* What is made of the reply of operations: nothing that goes wrong here undoes them. */
static PyObject *
operated(record_call *c, const operations_summary *sum, PyObject *result)
{
    if (result == NULL && sum->writes) {
        raise_in_doubt(c->st);
    }
    return result;
}

static PyObject *
operate(const char *func, bool ordered, PyObject *self, PyTypeObject *cls,
        PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const names[] = {"key", "list", "meta", "policy", NULL};
    PyObject *argv[4], *result = NULL;
    record_call c;
    operations_summary sum;
    if (parse_args(func, names, 2, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (begin(&c, self, cls, POLICY_OPERATE, argv[0], argv[2], argv[3]) == 0 &&
        begin_message(&c) == 0 &&
        operations_from_py(&c.enc, &c.writer, argv[1], ordered, &sum) == 0) {
        int rc = run_operations(&c, &sum);
        bins_shape shape = ordered ? bins_to_list : bins_to_dict;
        result = rc == 0 ? operated(&c, &sum, record_to_py(&c, true, shape))
                         : raise_run(&c, rc);
    }
    end(&c);
    return result;
}

/* The value of the reply's last operation, None when there is none. */
static PyObject *
last_value(record_call *c)
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

PyObject *
record_operate_one(PyObject *self, PyTypeObject *cls, PyObject *key, PyObject *ops,
                   PyObject *meta, PyObject *policy_arg)
{
    PyObject *value = NULL;
    record_call c;
    operations_summary sum;
    if (begin(&c, self, cls, POLICY_OPERATE, key, meta, policy_arg) == 0 &&
        begin_message(&c) == 0 &&
        operations_from_py(&c.enc, &c.writer, ops, true, &sum) == 0) {
        int rc = run_operations(&c, &sum);
        value = rc == 0 ? operated(&c, &sum, last_value(&c)) : raise_run(&c, rc);
    }
    end(&c);
    return value;
}

/* record_operate_one() for the package's Python modules. */
static PyObject *
client__operate_one(METHOD_PARAMS)
{
    static const char *const names[] = {"key", "ops", "meta", "policy", NULL};
    PyObject *argv[4];
    if (parse_args("_operate_one", names, 2, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    return record_operate_one(self, cls, argv[0], argv[1], argv[2], argv[3]);
}

static PyObject *
client_operate(METHOD_PARAMS)
{
    return operate("operate", false, self, cls, args, nargs, kwnames);
}

static PyObject *
client_operate_ordered(METHOD_PARAMS)
{
    return operate("operate_ordered", true, self, cls, args, nargs, kwnames);
}

/* --- keys --- */

static PyObject *
client_get_key_partition_id(METHOD_PARAMS)
{
    static const char *const names[] = {"ns", "set", "key", NULL};
    PyObject *argv[3];
    record_key key;
    (void)self;
    if (parse_args("get_key_partition_id", names, 3, args, nargs, kwnames, argv) < 0 ||
        key_from_parts(PyType_GetModuleState(cls), &key, argv[0], argv[1], argv[2]) <
            0) {
        return NULL;
    }
    return PyLong_FromUnsignedLong(asc_digest_partition(key.digest));
}

/* The older name of aerospike.calc_digest(). */
static PyObject *
client_get_key_digest(METHOD_PARAMS)
{
    (void)self;
    return calc_digest(PyType_GetModuleState(cls), "get_key_digest", args, nargs,
                       kwnames);
}

/* Large ordered lists: no server since 3.16 has them. */
static PyObject *
client_llist(METHOD_PARAMS)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    raise_code(PyType_GetModuleState(cls), 16,
               "large ordered lists are gone: no server since 3.16 has them");
    return NULL;
}

/* --- their rows --- */

/* One line of text a line. */
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

static const char doc_select[] =
    "select($self, key, bins, policy=None)\n--\n\n"
    "Read some bins of a record; those that it has not are left out.\n\n"
    DOC_KEY
    ":param bins: list or tuple of bin names, str of up to 15 bytes each.\n"
    DOC_POLICY("read")
    ":return: (key, meta, bins) as get() does, with the user key that was passed.\n"
    ":raises RecordNotFound: there is no such record.\n"
    ":raises InvalidRequest: bins is empty.\n"
    DOC_RAISES;

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

static const char doc_put[] =
    "put($self, key, bins, meta=None, policy=None, serializer=None)\n--\n\n"
    "Write bins; bins of the record that are not named stay, unless the policy's\n"
    "\"exists\" says replace.\n\n"
    DOC_KEY
    ":param bins: dict of bin name (str, up to 15 bytes) to value: int of 64 bits,\n"
    "    float, str, bytes, bytearray, bool, list, dict, GeoJSON; None removes the\n"
    "    bin; others as serializer says.\n"
    DOC_META
    DOC_POLICY("write")
    ":param serializer: SERIALIZER_* constant, for values of other types: by default\n"
    "    the client's own serializer, else pickle; SERIALIZER_NONE refuses them.\n"
    ":return: int, 0.\n"
    ":raises RecordExistsError: POLICY_EXISTS_CREATE, and the record exists.\n"
    ":raises RecordNotFound: POLICY_EXISTS_UPDATE or _REPLACE, and it does not.\n"
    ":raises RecordGenerationError: the generation does not match.\n"
    ":raises RecordTooBig: the record would exceed the server's limit.\n"
    ":raises BinNameError: a bin name is longer than 15 bytes.\n"
    DOC_RAISES;

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

static const char doc_remove_bin[] =
    "remove_bin($self, key, list, meta=None, policy=None)\n--\n\n"
    "Remove bins; the record goes with its last bin.\n\n"
    DOC_KEY
    ":param list: list of bin names.\n"
    DOC_META
    DOC_POLICY("write")
    ":return: int, 0.\n"
    ":raises RecordNotFound: there is no such record.\n"
    ":raises InvalidRequest: the list is empty.\n"
    DOC_RAISES;

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

static const char doc_append[] =
    "append($self, key, bin, val, meta=None, policy=None)\n--\n\n"
    "Append str to a string or bytes to a blob; a missing bin or record is made.\n\n"
    DOC_KEY
    ":param bin: bin name.\n"
    ":param val: str, bytes or bytearray.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: int, 0.\n"
    ":raises BinIncompatibleType: the bin holds another type.\n"
    DOC_RAISES;

static const char doc_prepend[] =
    "prepend($self, key, bin, val, meta=None, policy=None)\n--\n\n"
    "Prepend str to a string or bytes to a blob; a missing bin or record is made.\n\n"
    DOC_KEY
    ":param bin: bin name.\n"
    ":param val: str, bytes or bytearray.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: int, 0.\n"
    ":raises BinIncompatibleType: the bin holds another type.\n"
    DOC_RAISES;

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

static const char doc__operate_one[] =
    "_operate_one($self, key, ops, meta=None, policy=None)\n--\n\n"
    "operate_ordered() that gives the value of the last result alone, None when there\n"
    "is none; for the methods of one list or map operation.";

static const char doc_operate[] =
    "operate($self, key, list, meta=None, policy=None)\n--\n\n"
    "Carry out operations on one record, in their order and as one: when one fails,\n"
    "nothing is changed.\n\n"
    DOC_KEY
    ":param list: operations as aerospike_helpers.operations makes them, or\n"
    "    dicts {\"op\": aerospike.OPERATOR_WRITE, \"bin\": \"age\", \"val\": 33}.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: (key, meta, bins): bins has the last result of each bin that has one.\n"
    ":raises RecordNotFound: no such record, and nothing to create it.\n"
    DOC_RAISES;

static const char doc_operate_ordered[] =
    "operate_ordered($self, key, list, meta=None, policy=None)\n--\n\n"
    "Like operate(), with every result, in order.\n\n"
    ":return: (key, meta, [(bin, result), ...]).\n"
    DOC_RAISES;

static const char doc_get_key_partition_id[] =
    "get_key_partition_id($self, ns, set, key)\n--\n\n"
    "The partition, 0 to 4095, that the record of a user key belongs to.\n\n"
    ":raises ParamError: the key is malformed.";

static const char doc_get_key_digest[] =
    "get_key_digest($self, ns, set, key)\n--\n\n"
    "The digest of a user key; the same as aerospike.calc_digest().";

static const char doc_llist[] =
    "llist($self, key, bin, module=None)\n--\n\n"
    "Large ordered lists, which no server since 3.16 has.\n\n"
    ":raises UnsupportedFeature: always.";
/* clang-format on */

const PyMethodDef record_methods[] = {
    METHOD_ROW("get", client_get, doc_get),
    METHOD_ROW("select", client_select, doc_select),
    METHOD_ROW("exists", client_exists, doc_exists),
    METHOD_ROW("put", client_put, doc_put),
    METHOD_ROW("remove", client_remove, doc_remove),
    METHOD_ROW("remove_bin", client_remove_bin, doc_remove_bin),
    METHOD_ROW("touch", client_touch, doc_touch),
    METHOD_ROW("append", client_append, doc_append),
    METHOD_ROW("prepend", client_prepend, doc_prepend),
    METHOD_ROW("increment", client_increment, doc_increment),
    METHOD_ROW("operate", client_operate, doc_operate),
    METHOD_ROW("operate_ordered", client_operate_ordered, doc_operate_ordered),
    METHOD_ROW("_operate_one", client__operate_one, doc__operate_one),
    METHOD_ROW("get_key_partition_id", client_get_key_partition_id,
               doc_get_key_partition_id),
    METHOD_ROW("get_key_digest", client_get_key_digest, doc_get_key_digest),
    METHOD_ROW("llist", client_llist, doc_llist),
    {NULL, NULL, 0, NULL},
};
