/* The methods of aerospike.Client on many records at once. */
#include "args.h"
#include "batch.h"
#include "compat.h"

#include <structmember.h> /* after Python.h */

#define BATCH_FAILED (-16)
/* Other threads have a turn after so many keys: about a millisecond. */
#define KEYS_PER_TURN 1024
#define NO_RESPONSE (-15)

/* --- what batches make --- */

enum { SLOT_KEY, SLOT_RECORD, SLOT_RESULT, SLOT_MESSAGE, SLOT_SUBCODE, SLOT_IN_DOUBT };

static const char *const slot_names[N_RECORD_SLOTS] = {
    "key", "record", "result", "message", "subcode", "in_doubt"};

/* Where a slot lies in a BatchRecord; -1 with an exception. */
static Py_ssize_t
slot_offset(PyObject *cls, const char *name)
{
    PyObject *descr = PyObject_GetAttrString(cls, name);
    Py_ssize_t offset = -1;
    if (descr != NULL && Py_IS_TYPE(descr, &PyMemberDescr_Type)) {
        offset = ((PyMemberDescrObject *)descr)->d_member->offset;
    }
    else if (descr != NULL) {
        PyErr_Format(PyExc_TypeError, "BatchRecord.%s is no slot", name);
    }
    Py_XDECREF(descr);
    return offset;
}

/* Import what batches are made of, once. 0, or -1 with an exception. */
static int
load_types(module_state *st)
{
    static const char *const names[N_BATCH_TYPES] = {
        "BatchRecords", "BatchRecord", "Read", "Write", "Apply", "Remove"};
    if (st->batch_types[N_BATCH_TYPES - 1] != NULL) {
        return 0;
    }
    PyObject *module = PyImport_ImportModule("aerospike_helpers.batch.records");
    for (int i = 0; module != NULL && i < N_BATCH_TYPES; i++) {
        PyObject *type = PyObject_GetAttrString(module, names[i]);
        if (type == NULL) {
            break;
        }
        Py_XSETREF(st->batch_types[i], type);
    }
    Py_XDECREF(module);
    for (int i = 0; st->batch_types[BATCH_RECORD] != NULL && i < N_RECORD_SLOTS; i++) {
        st->record_slots[i] = slot_offset(st->batch_types[BATCH_RECORD], slot_names[i]);
    }
    return PyErr_Occurred() != NULL ? -1 : 0;
}

/* Takes the reference, which may be NULL: then there is an exception. */
static int
set_slot(module_state *st, PyObject *record, int slot, PyObject *value)
{
    if (value == NULL) {
        return -1;
    }
    PyObject **at = (PyObject **)((char *)record + st->record_slots[slot]);
    Py_XSETREF(*at, value);
    return 0;
}

/* A BatchRecord of a key, not answered yet. */
static PyObject *
new_record(module_state *st, PyObject *key)
{
    PyTypeObject *type = (PyTypeObject *)st->batch_types[BATCH_RECORD];
    PyObject *record = type->tp_alloc(type, 0);
    if (record == NULL || set_slot(st, record, SLOT_KEY, Py_NewRef(key)) < 0 ||
        set_slot(st, record, SLOT_RECORD, Py_NewRef(Py_None)) < 0 ||
        set_slot(st, record, SLOT_RESULT, PyLong_FromLong(NO_RESPONSE)) < 0 ||
        set_slot(st, record, SLOT_MESSAGE, Py_NewRef(Py_None)) < 0 ||
        set_slot(st, record, SLOT_SUBCODE, PyLong_FromLong(0)) < 0 ||
        set_slot(st, record, SLOT_IN_DOUBT, Py_NewRef(Py_False)) < 0) {
        Py_CLEAR(record);
    }
    return record;
}

/* "host: text" */
static PyObject *
message_text(const asc_error *err)
{
    return err->host[0] != '\0'
               ? PyUnicode_FromFormat("%s: %s", err->host, err->message)
               : PyUnicode_DecodeUTF8(err->message, (Py_ssize_t)strlen(err->message),
                                      "replace");
}

/* Tell a BatchRecord how its row failed. */
static int
failure_into_record(module_state *st, PyObject *record, const asc_error *err)
{
    bool tells = err->code != 2 && err->code != 27;
    return set_slot(st, record, SLOT_RESULT, PyLong_FromLong(err->code)) < 0 ||
                   set_slot(st, record, SLOT_IN_DOUBT, PyBool_FromLong(err->in_doubt)) <
                       0 ||
                   set_slot(st, record, SLOT_SUBCODE,
                            PyLong_FromUnsignedLong(err->subcode)) < 0 ||
                   (tells && set_slot(st, record, SLOT_MESSAGE, message_text(err)) < 0)
               ? -1
               : 0;
}

/* Fill in the BatchRecord of a row. */
static int
into_record(batch_run *b, batch_row *row, asc_msg *m, const asc_error *err)
{
    module_state *st = b->st;
    PyObject *record = row->target;
    if (err != NULL) {
        return failure_into_record(st, record, err);
    }
    if (set_slot(st, record, SLOT_RESULT, PyLong_FromLong(0)) < 0) {
        return -1;
    }
    /* the key of an own BatchRecord is that of the record; a caller's stays, and may be
     * deleted under way */
    PyObject *own = *(PyObject **)((char *)record + st->record_slots[SLOT_KEY]);
    bool is_own = own != NULL && own != row->given;
    PyObject *key = is_own ? Py_NewRef(own) : key_to_py(&row->key, true);
    int rc = key != NULL
                 ? set_slot(st, record, SLOT_RECORD, batch_record(b, row, key, m))
                 : -1;
    Py_XDECREF(key);
    return rc;
}

/* --- requests --- */

static const char need_list[] = "keys should be a list of aerospike key tuples";

/* The keys as a tuple, which nobody can change: a new reference; NULL with ParamError.
 * */
static PyObject *
keys_from_py(module_state *st, PyObject *keys)
{
    if (PyUnicode_Check(keys) || PyBytes_Check(keys) || PyDict_Check(keys)) {
        raise_param(st, "%s, not %s", need_list, Py_TYPE(keys)->tp_name);
        return NULL;
    }
    PyObject *tuple = PySequence_Tuple(keys);
    if (tuple == NULL && PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        raise_param(st, "%s, not %s", need_list, Py_TYPE(keys)->tp_name);
    }
    return tuple;
}

/* Say which key was wrong. */
static void
name_index(module_state *st, Py_ssize_t i)
{
    PyObject *type, *value, *traceback, *text = NULL;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (value != NULL) {
        text = PyObject_GetAttrString(value, "msg");
    }
    PyErr_Clear();
    if (text != NULL && PyUnicode_Check(text)) {
        raise_param(st, "failed to convert key at index: %zd -> %U", i, text);
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    }
    else {
        PyErr_Restore(type, value, traceback);
    }
    Py_XDECREF(text);
}

/* Add a row for each key, of the newest template, each with a BatchRecord if asked. */
static int
add_keys(batch_run *b, PyObject *keys, bool with_records)
{
    module_state *st = b->st;
    Py_ssize_t n = PyTuple_GET_SIZE(keys);
    if (batch_reserve(b, (size_t)n) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (i % KEYS_PER_TURN == KEYS_PER_TURN - 1) {
            give_turn(false);
        }
        if (batch_add(b, PyTuple_GET_ITEM(keys, i), NULL) < 0) {
            name_index(st, i);
            return -1;
        }
        if (!with_records) {
            continue;
        }
        batch_row *row = &b->rows[i];
        PyObject *key = key_to_py(&row->key, true);
        row->target = key != NULL ? new_record(st, key) : NULL;
        Py_XDECREF(key);
        if (row->target == NULL) {
            return -1;
        }
    }
    return 0;
}

/* The operations of a template. NULL: none. 0, or -1 with ParamError. */
static int
put_operations(batch_run *b, asc_writer *w, PyObject *ops, operations_summary *sum)
{
    encoder e = {.st = b->st,
                 .out = &b->bytes,
                 .rules = &b->client->config.values,
                 .serializer = SERIALIZER_NOT_GIVEN};
    *sum = (operations_summary){0};
    return ops == NULL ? 0 : operations_from_py(&e, w, ops, true, sum);
}

/* READ operations for the names in a list or tuple. */
static int
put_bin_names(batch_run *b, asc_writer *w, PyObject *names)
{
    encoder e = {.st = b->st, .out = &b->bytes};
    if (!PyList_Check(names) && !PyTuple_Check(names)) {
        return raise_param(b->st, "bins: not a list or tuple but %s",
                           Py_TYPE(names)->tp_name);
    }
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(names); i++) {
        if (operation_without_value(&e, w, ASC_OP_READ,
                                    PySequence_Fast_GET_ITEM(names, i)) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A template that reads: bins NULL: all; an empty list: only metadata. */
static int
read_template(batch_run *b, const policy *pol, PyObject *bins)
{
    asc_writer w;
    template_head head = {.has_bins = true};
    if (template_begin(b, &w) < 0 || (bins != NULL && put_bin_names(b, &w, bins) < 0)) {
        return -1;
    }
    head.has_bins = bins == NULL || w.n_ops > 0;
    head.msg.info1 = (uint8_t)(ASC_INFO1_READ | (bins == NULL   ? ASC_INFO1_GET_ALL
                                                 : w.n_ops == 0 ? ASC_INFO1_GET_NO_BINS
                                                                : 0));
    policy_to_read_head(pol, &head.msg);
    return template_end(b, &w, &head);
}

/* ttl of batch_operate() */
static int
ttl_from_py(batch_run *b, PyObject *value, record_meta *meta)
{
    int64_t v;
    if (none_to_null(value) == NULL) {
        return 0;
    }
    if (!PyLong_Check(value)) {
        return raise_param(b->st, "ttl must be an int, not %s",
                           Py_TYPE(value)->tp_name);
    }
    if (meta_int64(b->st, "ttl", value, &v) < 0) {
        return -1;
    }
    meta->ttl_s = (uint32_t)v;
    meta->has_ttl = true;
    return 0;
}

static int
check_operations(module_state *st, const char *what, PyObject *ops)
{
    return PyList_Check(ops) && PyList_GET_SIZE(ops) > 0
               ? 0
               : raise_param(st, "%sops should be a list of op dictionaries", what);
}

typedef enum allowed_operations { ANY_OPERATIONS, ONLY_READS } allowed_operations;

/* A template of operations that write, or only read. */
static int
operations_template(batch_run *b, const policy *pol, record_meta meta, PyObject *ops,
                    allowed_operations allowed)
{
    asc_writer w;
    operations_summary sum;
    template_head head = {.has_bins = true, .filter = pol->filter};
    if (template_begin(b, &w) < 0 || put_operations(b, &w, ops, &sum) < 0) {
        return -1;
    }
    if (sum.writes && allowed == ONLY_READS) {
        return raise_param(b->st, "ops of a read must not write");
    }
    head.writes = sum.writes;
    head.msg.info1 = sum.reads ? ASC_INFO1_READ : 0;
    if (sum.reads) {
        policy_to_read_head(pol, &head.msg);
    }
    if (sum.writes) {
        if (sum.has_ttl) {
            meta.ttl_s = sum.ttl_s;
            meta.has_ttl = true;
        }
        head.sends_key = pol->key == 1;
        head.msg.info2 = ASC_INFO2_WRITE;
        policy_to_write_head(pol, &meta, &head.msg);
    }
    head.msg.info2 |= sum.writes || sum.respond_all ? ASC_INFO2_RESPOND_ALL_OPS : 0;
    return template_end(b, &w, &head);
}

static int
remove_template(batch_run *b, const policy *pol, record_meta meta)
{
    asc_writer w;
    template_head head = {.has_bins = true,
                          .writes = true,
                          .sends_key = pol->key == 1,
                          .filter = pol->filter};
    head.msg.info2 = ASC_INFO2_WRITE | ASC_INFO2_DELETE | ASC_INFO2_RESPOND_ALL_OPS;
    policy_to_write_head(pol, &meta, &head.msg);
    head.msg.ttl_s = 0; /* a delete has none */
    return template_begin(b, &w) < 0 ? -1 : template_end(b, &w, &head);
}

/* A str argument of a function call. */
static int
put_text_field(batch_run *b, asc_writer *w, uint8_t field, const char *name,
               PyObject *text)
{
    Py_ssize_t size;
    if (!PyUnicode_Check(text)) {
        return raise_param(b->st, "%s must be a str, not %s", name,
                           Py_TYPE(text)->tp_name);
    }
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, &size);
    return utf8 == NULL ? -1 : put_ok(asc_writer_field(w, field, utf8, (size_t)size));
}

static int
put_arguments_field(batch_run *b, asc_writer *w, PyObject *args)
{
    asc_buf packed = ASC_BUF_INIT;
    encoder e = {.st = b->st,
                 .out = &packed,
                 .rules = &b->client->config.values,
                 .serializer = SERIALIZER_NOT_GIVEN};
    int rc = PyList_Check(args) ? encode_item(&e, args)
                                : raise_param(b->st, "args should be a list, not %s",
                                              Py_TYPE(args)->tp_name);
    if (rc == 0) {
        rc = put_ok(asc_writer_field(w, ASC_FIELD_UDF_ARGS, packed.data, packed.len));
    }
    asc_buf_clear(&packed);
    return rc;
}

static int
apply_template(batch_run *b, const policy *pol, PyObject *module, PyObject *function,
               PyObject *args)
{
    asc_writer w;
    record_meta meta = {0};
    template_head head = {.has_bins = true,
                          .writes = true,
                          .sends_key = pol->key == 1,
                          .filter = pol->filter};
    head.msg.info2 = ASC_INFO2_WRITE;
    policy_to_write_head(pol, &meta, &head.msg);
    return template_begin(b, &w) < 0 ||
                   put_text_field(b, &w, ASC_FIELD_UDF_MODULE, "module", module) < 0 ||
                   put_text_field(b, &w, ASC_FIELD_UDF_FUNCTION, "function", function) <
                       0 ||
                   put_arguments_field(b, &w, args) < 0
               ? -1
               : template_end(b, &w, &head);
}

/* --- results --- */

/* BatchRecords of a list, which is taken. */
static PyObject *
new_records(module_state *st, PyObject *list, bool failed)
{
    PyObject *made = PyObject_CallOneArg(st->batch_types[BATCH_RECORDS], list);
    PyObject *result = PyLong_FromLong(failed ? BATCH_FAILED : 0);
    if (made == NULL || result == NULL ||
        PyObject_SetAttr(made, st->s_result, result) < 0) {
        Py_CLEAR(made);
    }
    Py_XDECREF(result);
    Py_DECREF(list);
    return made;
}

/* --- one request for many keys --- */

/* A method whose first argument is a sequence of keys, and which asks the same of all
 * of them. */
typedef struct keys_method {
    const char *func;
    const char *names[7];
    int n_required;
    int policy_at, row_policy_at; /* which arguments; 0: there is none */
    policy_kind kind, row_kind;
    /* Write the template. pol: the policy of rows (that of the whole without one). */
    int (*put_template)(batch_run *b, const policy *pol, PyObject **argv);
    bool old_style; /* a list of tuples, not BatchRecords */
    bool without_bins;
} keys_method;

/* The record of a row as a tuple, None for what is not there; other errors raise. */
static int
into_tuple(batch_run *b, batch_row *row, asc_msg *m, const asc_error *err)
{
    if (err != NULL && err->code != 2 && err->code != 27) {
        raise_error(b->st, err, row->given, NULL);
        return -1;
    }
    PyObject *key = key_to_py(&row->key, true), *record = NULL;
    if (key != NULL && m != NULL) {
        record = batch_record(b, row, key, m);
    }
    else if (key != NULL) {
        record = b->templates[row->template].has_bins
                     ? PyTuple_Pack(3, key, Py_None, Py_None)
                     : PyTuple_Pack(2, key, Py_None);
    }
    Py_XDECREF(key);
    Py_XSETREF(row->target, record);
    return record != NULL ? 0 : -1;
}

/* The targets of all rows, in their order. */
static PyObject *
targets_to_py(batch_run *b)
{
    PyObject *list = PyList_New((Py_ssize_t)b->n_rows);
    for (size_t i = 0; list != NULL && i < b->n_rows; i++) {
        PyList_SET_ITEM(list, (Py_ssize_t)i, Py_NewRef(b->rows[i].target));
    }
    return list;
}

static PyObject *
run_keys(batch_run *b, PyObject *keys, bool old_style)
{
    if (add_keys(b, keys, !old_style) < 0 || batch_execute(b) < 0) {
        return NULL;
    }
    PyObject *list = targets_to_py(b);
    return list == NULL || old_style ? list : new_records(b->st, list, b->failed);
}

static PyObject *
call_keys(const keys_method *method, PyObject *self, PyTypeObject *cls,
          PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    PyObject *argv[6], *result = NULL, *keys = NULL;
    policy row_pol = {0};
    batch_run b;
    if (parse_args(method->func, method->names, method->n_required, args, nargs,
                   kwnames, argv) < 0) {
        return NULL;
    }
    int own = method->row_policy_at;
    if (batch_begin(&b, self, cls, method->kind, argv[method->policy_at],
                    method->old_style ? into_tuple : into_record) == 0 &&
        load_types(b.st) == 0 &&
        (own == 0 ||
         policy_from_py(b.st, &row_pol, &b.client->config.defaults[method->row_kind],
                        method->row_kind, argv[own], b.strict) == 0) &&
        (keys = keys_from_py(b.st, argv[0])) != NULL &&
        method->put_template(&b, own != 0 ? &row_pol : &b.pol, argv) == 0) {
        result = run_keys(&b, keys, method->old_style);
    }
    Py_XDECREF(keys);
    policy_clear(&row_pol);
    batch_end(&b);
    return result;
}

static int
template_of_read(batch_run *b, const policy *pol, PyObject **argv)
{
    return read_template(b, pol, none_to_null(argv[1]));
}

static int
template_of_get(batch_run *b, const policy *pol, PyObject **argv)
{
    (void)argv;
    return read_template(b, pol, NULL);
}

static int
template_of_exists(batch_run *b, const policy *pol, PyObject **argv)
{
    (void)argv;
    PyObject *none = PyTuple_New(0);
    int rc = none != NULL ? read_template(b, pol, none) : -1;
    Py_XDECREF(none);
    return rc;
}

static int
template_of_operate(batch_run *b, const policy *pol, PyObject **argv)
{
    record_meta meta = {0};
    return check_operations(b->st, "", argv[1]) < 0 ||
                   ttl_from_py(b, argv[4], &meta) < 0
               ? -1
               : operations_template(b, pol, meta, argv[1], ANY_OPERATIONS);
}

static int
template_of_get_ops(batch_run *b, const policy *pol, PyObject **argv)
{
    return check_operations(b->st, "", argv[1]) < 0
               ? -1
               : operations_template(b, pol, (record_meta){0}, argv[1], ONLY_READS);
}

static int
template_of_remove(batch_run *b, const policy *pol, PyObject **argv)
{
    (void)argv;
    return remove_template(b, pol, (record_meta){0});
}

static int
template_of_apply(batch_run *b, const policy *pol, PyObject **argv)
{
    return apply_template(b, pol, argv[1], argv[2], argv[3]);
}

#define KEYS_METHOD(name, ...)                                                         \
    CLIENT_METHOD(client_##name)                                                       \
    {                                                                                  \
        static const keys_method method = {.func = #name, __VA_ARGS__};                \
        return call_keys(&method, self, cls, args, nargs, kwnames);                    \
    }
#define PARENT .kind = POLICY_BATCH_PARENT_WRITE
#define OLD .kind = POLICY_BATCH, .old_style = true

KEYS_METHOD(batch_read, .names = {"keys", "bins", "policy"}, .n_required = 1,
            .policy_at = 2, .kind = POLICY_BATCH, .put_template = template_of_read)
KEYS_METHOD(batch_operate,
            .names = {"keys", "ops", "policy_batch", "policy_batch_write", "ttl"},
            .n_required = 2, .policy_at = 2, .row_policy_at = 3, PARENT,
            .row_kind = POLICY_BATCH_WRITE, .put_template = template_of_operate)
KEYS_METHOD(batch_remove, .names = {"keys", "policy_batch", "policy_batch_remove"},
            .n_required = 1, .policy_at = 1, .row_policy_at = 2, PARENT,
            .row_kind = POLICY_BATCH_REMOVE, .put_template = template_of_remove)
KEYS_METHOD(batch_apply,
            .names = {"keys", "module", "function", "args", "policy_batch",
                      "policy_batch_apply"},
            .n_required = 4, .policy_at = 4, .row_policy_at = 5, PARENT,
            .row_kind = POLICY_BATCH_APPLY, .put_template = template_of_apply)
KEYS_METHOD(get_many, .names = {"keys", "policy"}, .n_required = 1, .policy_at = 1, OLD,
            .put_template = template_of_get)
KEYS_METHOD(exists_many, .names = {"keys", "policy"}, .n_required = 1, .policy_at = 1,
            OLD, .put_template = template_of_exists)
KEYS_METHOD(select_many, .names = {"keys", "bins", "policy"}, .n_required = 2,
            .policy_at = 2, OLD, .put_template = template_of_read)
KEYS_METHOD(batch_get_ops, .names = {"keys", "list", "policy"}, .n_required = 2,
            .policy_at = 2, OLD, .put_template = template_of_get_ops)

/* --- each record its own request --- */

/* An attribute of a batch record, a new reference; NULL with ParamError. */
static PyObject *
attribute(module_state *st, PyObject *record, const char *name)
{
    PyObject *value = PyObject_GetAttrString(record, name);
    if (value == NULL) {
        PyErr_Clear();
        raise_param(st, "a %s has no attribute %s", Py_TYPE(record)->tp_name, name);
    }
    return value;
}

static int
is_a(module_state *st, PyObject *record, int type)
{
    return PyType_IsSubtype(Py_TYPE(record), (PyTypeObject *)st->batch_types[type]);
}

/* Which of the four kinds it is; -1 with ParamError. */
static int
kind_of_record(module_state *st, PyObject *record)
{
    for (int type = BATCH_READ; type <= BATCH_REMOVE; type++) {
        if (is_a(st, record, type)) {
            return type;
        }
    }
    return raise_param(st,
                       "batch_record must be a Read, Write, Apply or Remove of "
                       "aerospike_helpers.batch.records, not %s",
                       Py_TYPE(record)->tp_name);
}

typedef struct record_parts {
    int type;
    PyObject *key, *ops, *policy, *meta, *args; /* owned; NULL: it has none */
    PyObject *module, *function;                /* likewise */
    bool all_bins;
} record_parts;

/* Is the template of one record good for the other? The parts of both are held, so that
 * the same address is the same object. */
static bool
same_template(const record_parts *p, const record_parts *last)
{
    return p->type != BATCH_APPLY && p->type == last->type && p->ops == last->ops &&
           p->policy == last->policy && p->meta == last->meta &&
           p->all_bins == last->all_bins;
}

static void
clear_parts(record_parts *p)
{
    PyObject *const parts[] = {p->key,  p->ops,    p->policy,  p->meta,
                               p->args, p->module, p->function};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        Py_XDECREF(parts[i]);
    }
}

static int
parts_of(module_state *st, PyObject *record, record_parts *p)
{
    *p = (record_parts){.type = kind_of_record(st, record)};
    if (p->type < 0 || (p->key = attribute(st, record, "key")) == NULL ||
        (p->policy = attribute(st, record, "policy")) == NULL) {
        return -1;
    }
    if (p->type == BATCH_READ || p->type == BATCH_WRITE) {
        p->ops = attribute(st, record, "ops");
        p->meta = p->ops != NULL ? attribute(st, record, "meta") : NULL;
        if (p->meta == NULL) {
            return -1;
        }
    }
    if (p->type == BATCH_READ) {
        PyObject *all = attribute(st, record, "read_all_bins");
        int truth = all != NULL ? PyObject_IsTrue(all) : -1;
        Py_XDECREF(all);
        p->all_bins = truth > 0;
        return truth < 0 ? -1 : 0;
    }
    if (p->type == BATCH_APPLY) {
        p->module = attribute(st, record, "module");
        p->function = p->module != NULL ? attribute(st, record, "function") : NULL;
        p->args = p->function != NULL ? attribute(st, record, "args") : NULL;
        return p->args != NULL ? 0 : -1;
    }
    return 0;
}

/* READ operations, all bins, or none. */
static int
template_of_read_record(batch_run *b, const policy *pol, record_meta meta,
                        const record_parts *p)
{
    PyObject *ops = none_to_null(p->ops);
    if (ops == NULL) {
        PyObject *none = p->all_bins ? NULL : PyTuple_New(0);
        int rc = p->all_bins || none != NULL ? read_template(b, pol, none) : -1;
        Py_XDECREF(none);
        if (rc == 0) {
            b->templates[b->n_templates - 1].has_bins = true; /* {} at least */
        }
        return rc;
    }
    return check_operations(b->st, "Read: ", ops) < 0
               ? -1
               : operations_template(b, pol, meta, ops, ONLY_READS);
}

static int
template_of_record(batch_run *b, const policy *pol, const record_parts *p)
{
    record_meta meta = {0};
    if (p->meta != NULL && meta_from_py(b->st, &meta, p->meta, b->strict) < 0) {
        return -1;
    }
    switch (p->type) {
    case BATCH_READ:
        return template_of_read_record(b, pol, meta, p);
    case BATCH_WRITE:
        return check_operations(b->st, "Write: ", p->ops) < 0
                   ? -1
                   : operations_template(b, pol, meta, p->ops, ANY_OPERATIONS);
    case BATCH_APPLY:
        return apply_template(b, pol, p->module, p->function, p->args);
    default:
        return remove_template(b, pol, meta);
    }
}

/* Add the row of a record, with a template of its own unless `same`. */
static int
add_record(batch_run *b, PyObject *record, const record_parts *p, bool same)
{
    static const policy_kind kinds[] = {[BATCH_READ] = POLICY_BATCH_READ,
                                        [BATCH_WRITE] = POLICY_BATCH_WRITE,
                                        [BATCH_APPLY] = POLICY_BATCH_APPLY,
                                        [BATCH_REMOVE] = POLICY_BATCH_REMOVE};
    policy_kind kind = kinds[p->type];
    policy pol = {0}, defaults = b->client->config.defaults[kind];
    Py_ssize_t i = (Py_ssize_t)b->n_rows;
    int rc = 0;
    if (!same) {
        /* what the policy of the whole says of all rows */
        defaults.read_mode_ap = b->pol.read_mode_ap;
        defaults.read_mode_sc = b->pol.read_mode_sc;
        rc = policy_from_py(b->st, &pol, &defaults, kind, p->policy, b->strict);
        pol.error_detail = b->pol.error_detail;
        rc = rc == 0 ? template_of_record(b, &pol, p) : -1;
        policy_clear(&pol);
    }
    if (rc == 0 && batch_add(b, p->key, Py_NewRef(record)) < 0) {
        name_index(b->st, i);
        rc = -1;
    }
    return rc;
}

/* Add the row of the record at a place in the list; p is of the record before it, then
 * of this one. */
static int
add_record_at(batch_run *b, PyObject *list, Py_ssize_t i, record_parts *p)
{
    record_parts now;
    PyObject *record = PyList_GetItemRef(list, i); /* IndexError if it shrank */
    if (record == NULL) {
        return -1;
    }
    int rc = parts_of(b->st, record, &now);
    if (rc == 0) {
        rc = add_record(b, record, &now, i > 0 && same_template(&now, p));
    }
    clear_parts(p);
    *p = now;
    Py_DECREF(record);
    return rc;
}

static int
add_records(batch_run *b, PyObject *list)
{
    Py_ssize_t n = PyList_GET_SIZE(list);
    record_parts last = {0};
    int rc = batch_reserve(b, (size_t)n);
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        rc = add_record_at(b, list, i, &last);
    }
    clear_parts(&last);
    return rc;
}

/* Before anything is known of them. */
static int
reset_records(batch_run *b)
{
    for (size_t i = 0; i < b->n_rows; i++) {
        PyObject *record = b->rows[i].target;
        if (set_slot(b->st, record, SLOT_RECORD, Py_NewRef(Py_None)) < 0 ||
            set_slot(b->st, record, SLOT_RESULT, PyLong_FromLong(NO_RESPONSE)) < 0 ||
            set_slot(b->st, record, SLOT_MESSAGE, Py_NewRef(Py_None)) < 0 ||
            set_slot(b->st, record, SLOT_SUBCODE, PyLong_FromLong(0)) < 0 ||
            set_slot(b->st, record, SLOT_IN_DOUBT, Py_NewRef(Py_False)) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The list of a BatchRecords, a new reference; NULL with ParamError. */
static PyObject *
list_of_records(module_state *st, PyObject *records)
{
    if (!is_a(st, records, BATCH_RECORDS)) {
        raise_param(st,
                    "batch_records must be an aerospike_helpers.batch.records."
                    "BatchRecords instance, not %s",
                    Py_TYPE(records)->tp_name);
        return NULL;
    }
    PyObject *list = attribute(st, records, "batch_records");
    if (list != NULL && !PyList_Check(list)) {
        raise_param(st, "batch_records must hold a list, not %s",
                    Py_TYPE(list)->tp_name);
        Py_CLEAR(list);
    }
    return list;
}

CLIENT_METHOD(client_batch_write)
{
    static const char *const names[] = {"batch_records", "policy_batch", NULL};
    PyObject *argv[2], *list = NULL, *code = NULL;
    batch_run b;
    if (parse_args("batch_write", names, 1, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (batch_begin(&b, self, cls, POLICY_BATCH_PARENT_WRITE, argv[1], into_record) ==
            0 &&
        load_types(b.st) == 0 && (list = list_of_records(b.st, argv[0])) != NULL &&
        add_records(&b, list) == 0 && reset_records(&b) == 0 &&
        batch_execute(&b) == 0) {
        code = PyLong_FromLong(b.failed ? BATCH_FAILED : 0);
    }
    int rc = code != NULL ? PyObject_SetAttr(argv[0], b.st->s_result, code) : -1;
    Py_XDECREF(code);
    Py_XDECREF(list);
    batch_end(&b);
    return rc == 0 ? Py_NewRef(argv[0]) : NULL;
}
