/* batch/batch_methods.c -- the methods of aerospike.Client and aerospike.AsyncClient
 * that ask the same of many records.
 *
 * Each method is described by a keys_row: its arguments, the policies that it reads,
 * and what it asks for. The batch is begun, and given the keys and the template, while
 * the arguments are borrowed; from then on it owns all that it needs. keys_method()
 * then executes it (batch.c), and keys_call() leaves it to the loop (batch_call.c). */
#include "batch/batch_methods.h"

#include "batch/batch_call.h"
#include "batch/batch_record.h"
#include "batch/doc_texts.h"
#include "batch/records.h"
#include "batch/templates.h"
#include "values/record_tuple.h"

/* --- keys --- */

/* Take the keys as the items of the batch. Anything that can be iterated will do,
 * except text and dicts, which are given by mistake. 0, or -1 with ParamError, or with
 * what the iterator raised. */
static int
take_keys(batch_run *b, PyObject *keys)
{
    module_state *st = b->st;
    bool iterates = Py_TYPE(keys)->tp_iter != NULL || PySequence_Check(keys);
    if (!iterates || PyUnicode_Check(keys) || PyBytes_Check(keys) ||
        PyDict_Check(keys)) {
        return raise_param(
            st, "keys should be a list of aerospike key tuples" DETAIL "got %s",
            Py_TYPE(keys)->tp_name);
    }
    if (PyTuple_Check(keys) && PyTuple_GET_SIZE(keys) > 0 &&
        PyUnicode_Check(PyTuple_GET_ITEM(keys, 0))) { /* borrowed: looked at */
        return raise_param(st, "keys should be a list of aerospike key tuples" DETAIL
                               "got one key: write [key]");
    }
    PyObject *items =
        PyList_CheckExact(keys) ? Py_NewRef(keys) : PySequence_Tuple(keys);
    int rc = items != NULL ? batch_take_items(b, items) : -1;
    Py_XDECREF(items);
    return rc;
}

/* Add the row of a key, whose target the sink makes later. */
static int
add_key(batch_run *b, PyObject *key, Py_ssize_t i)
{
    if (batch_add(b, key, NULL) == 0) {
        return 0;
    }
    batch_name_index(b->st, key, i);
    Py_DECREF(key);
    error_in_place(b->st, i);
    return error_in_argument(b->st, "keys");
}

/* --- a call by a row --- */

#define KEYS_MAX_ARGS 6

/* What is particular about a method. The first argument is always the sequence of
 * keys. */
typedef struct keys_row {
    const char *name;                    /* of the method, for errors */
    const char *args[KEYS_MAX_ARGS + 1]; /* their names, ended by NULL */
    int n_required;                      /* so many of them must be given */

    /* Which argument is the policy of the whole batch, and which the policy of each
     * record (0: the method has none); and the kinds of the two. */
    int policy_at, row_policy_at;
    policy_kind kind, row_kind;

    /* The row to go by where no operation writes, which argv[1] has; NULL: this one. */
    const struct keys_row *reads;

    /* The method is of the older sort: its result is a list of tuples, not a
     * BatchRecords, and the first error of a record raises. */
    bool gives_tuples;

    /* Write the template that all rows share. pol is the policy of each record, or that
     * of the whole batch when the method has no other. argv[] is borrowed. 0, or -1
     * with an exception. */
    int (*put_template)(batch_run *b, const policy *pol, PyObject *const *argv);
} keys_row;

/* A sink: it makes a tuple the target, with None for metadata and bins of a record that
 * is not there. Any other error of a row raises. */
static int
into_tuple(batch_run *b, batch_row *row, asc_msg *m, const asc_error *err)
{
    if (err != NULL && !gives_no_record(err->code)) {
        const record_key k = batch_key_of(b, row);
        PyObject *shown = client_error_key(b->st, b->client, row->given, &k);
        raise_error(b->st, err, shown, NULL);
        Py_XDECREF(shown);
        return -1;
    }
    PyObject *key = batch_key_to_py(b, row), *record = NULL;
    if (key != NULL && m != NULL) {
        record = batch_record(b, row, key, m);
    }
    else if (key != NULL && b->memory.templates[row->template].has_bins) {
        record = record_tuple(b->st, key, Py_NewRef(Py_None), Py_NewRef(Py_None));
    }
    else if (key != NULL) {
        record = PyTuple_Pack(2, key, Py_None);
        Py_DECREF(key);
    }
    Py_XSETREF(row->target, record);
    return record != NULL ? 0 : -1;
}

static PyObject *
finish_tuples(batch_run *b, PyObject *list)
{
    (void)b;
    return list;
}

/* The two sorts of methods. */
static const batch_method of_tuples = {
    .add = add_key,
    .sink = into_tuple,
    .sink_raises = true,
    .finish = finish_tuples,
    .lists_targets = true,
};
static const batch_method of_records = {
    .add = add_key,
    .sink = batch_into_record,
    .finish = batch_fill_records,
    .lists_targets = true,
};

/* Take the keys, and add the template. pol is what put_template() takes. 0, or -1 with
 * an exception. */
static int
prepare_rows(batch_run *b, const keys_row *row, const policy *pol,
             PyObject *const *argv)
{
    return take_keys(b, argv[0]) < 0 ? -1 : row->put_template(b, pol, argv);
}

/* Begin the batch of the arguments, which are borrowed for as long as this takes. 0, or
 * -1 with an exception; batch_end() is to be called in either case. */
static int
prepare_keys(batch_run *b, const keys_row *row, PyObject *self, PyTypeObject *cls,
             PyObject *const *argv)
{
    if (row->reads != NULL) {
        int writes = operations_write(PyType_GetModuleState(cls), argv[1]);
        if (writes < 0) {
            *b = (batch_run){0}; /* for batch_end() */
            return -1;
        }
        row = writes ? row : row->reads;
    }
    if (batch_begin(b, self, cls, row->gives_tuples ? &of_tuples : &of_records,
                    row->kind, argv[row->policy_at]) < 0 ||
        batch_load_types(b->st) < 0 ||
        (!row->gives_tuples && batch_make_records(b) < 0)) {
        return -1;
    }
    if (row->row_policy_at == 0) {
        return prepare_rows(b, row, &b->pol, argv);
    }
    policy pol;
    int rc = batch_row_policy(b, &pol, row->row_kind, argv[row->row_policy_at]);
    rc = rc == 0 ? prepare_rows(b, row, &pol, argv) : rc;
    policy_clear(&pol);
    return rc;
}

/* The body of every method of Client. */
static PyObject *
keys_method(const keys_row *row, METHOD_PARAMS)
{
    PyObject *argv[KEYS_MAX_ARGS], *result = NULL;
    batch_run b;
    if (parse_args(row->name, row->args, row->n_required, args, nargs, kwnames, argv) <
        0) {
        return NULL;
    }
    begin_turn(PyType_GetModuleState(cls));
    if (prepare_keys(&b, row, self, cls, argv) == 0) {
        result = batch_execute(&b);
    }
    batch_end(&b);
    return result;
}

/* Fill in the work of a call of an AsyncClient. */
static int
fill_keys(PendingObject *p, void *work, const void *row, PyObject *self,
          PyTypeObject *cls, PyObject **argv)
{
    batch_run *b = batch_of_call(p, work);
    return b != NULL ? prepare_keys(b, row, self, cls, argv) : -1;
}

/* The body of every method of AsyncClient. */
static PyObject *
keys_call(const keys_row *row, METHOD_PARAMS)
{
    const async_method m = {.name = row->name,
                            .args = row->args,
                            .n_required = row->n_required,
                            .kind = &batch_call_kind,
                            .row = row,
                            .fill = fill_keys};
    return async_method_call(&m, self, cls, args, nargs, kwnames);
}

/* The methods of a row: that of Client, and that of AsyncClient. */
#define KEYS_METHODS(name)                                                             \
    static PyObject *client_##name(METHOD_PARAMS)                                      \
    {                                                                                  \
        return keys_method(&name##_row, self, cls, args, nargs, kwnames);              \
    }                                                                                  \
    static PyObject *async_##name(METHOD_PARAMS)                                       \
    {                                                                                  \
        return keys_call(&name##_row, self, cls, args, nargs, kwnames);                \
    }

/* --- templates: the functions put_template of the rows --- */

static int
template_of_read(batch_run *b, const policy *pol, PyObject *const *argv)
{
    return batch_read_template(b, pol, none_to_null(argv[1]));
}

static int
template_of_get(batch_run *b, const policy *pol, PyObject *const *argv)
{
    (void)argv;
    return batch_read_template(b, pol, NULL);
}

static int
template_of_exists(batch_run *b, const policy *pol, PyObject *const *argv)
{
    (void)argv;
    PyObject *none = PyTuple_New(0);
    int rc = none != NULL ? batch_read_template(b, pol, none) : -1;
    Py_XDECREF(none);
    return rc;
}

/* Take the argument ttl of batch_operate() into meta. 0, or -1 with ParamError. */
static int
ttl_from_py(batch_run *b, PyObject *value, record_meta *meta)
{
    if (none_to_null(value) == NULL) {
        return 0;
    }
    if (!PyLong_Check(value)) {
        return raise_param(b->st, "ttl must be an int" DETAIL "got %s",
                           Py_TYPE(value)->tp_name);
    }
    meta->has_ttl = true;
    return ttl_from_int(b->st, "ttl", value, &meta->ttl_s);
}

/* The operations of batch_operate(). */
static int
template_of_operations(batch_run *b, const policy *pol, PyObject *const *argv,
                       allowed_operations allowed)
{
    record_meta meta = {0};
    if (batch_check_operations(b->st, "", argv[1]) < 0 ||
        ttl_from_py(b, argv[4], &meta) < 0) {
        return -1;
    }
    return batch_operations_template(b, pol, meta, argv[1], allowed);
}

static int
template_of_operate(batch_run *b, const policy *pol, PyObject *const *argv)
{
    return template_of_operations(b, pol, argv, ANY_OPERATIONS);
}

/* The policy is one of reads, so that no other thread may add a write by now. */
static int
template_of_operate_reads(batch_run *b, const policy *pol, PyObject *const *argv)
{
    return template_of_operations(b, pol, argv, ONLY_READS);
}

static int
template_of_get_ops(batch_run *b, const policy *pol, PyObject *const *argv)
{
    if (batch_check_operations(b->st, "", argv[1]) < 0) {
        return -1;
    }
    return batch_operations_template(b, pol, (record_meta){0}, argv[1], ONLY_READS);
}

static int
template_of_remove(batch_run *b, const policy *pol, PyObject *const *argv)
{
    (void)argv;
    return batch_remove_template(b, pol, (record_meta){0});
}

static int
template_of_apply(batch_run *b, const policy *pol, PyObject *const *argv)
{
    return batch_apply_template(b, pol, argv[1], argv[2], argv[3]);
}

/* --- the methods --- */

/* The formatter is off so that docstrings keep one line of text a line. */
/* clang-format off */
#define DOC_KEYS                                                                       \
    ":param keys: list or tuple of key tuples; a key may occur twice.\n"

#define DOC_OLD_BATCH                                                                  \
    ":param policy: dict of batch policy keys over the client's defaults.\n"           \
    ":raises RecordError and others: the first error of a record. A record that is\n"  \
    "    missing, or that a filter excludes, has none.\n"                              \
    ":raises ParamError: an argument is malformed; nothing was sent.\n"                \
    ":raises ClusterError: the client is closed.\n"                                    \
    ":raises TimeoutError: a node with some of the records did not answer in time.\n"  \
    "    What the other nodes have answered is lost; batch_read() keeps it."

static const char doc_batch_read[] =
    "batch_read($self, keys, bins=None, policy=None)\n--\n\n"
    "Read many records, with one request to each node at the same time.\n\n" DOC_KEYS
    ":param bins: list of bin names; None: all bins, []: only the metadata, records\n"
    "    are then (key, meta).\n"
    ":param policy: dict of batch policy keys over the client's defaults.\n"
    DOC_BATCH_RESULT DOC_BATCH_RAISES;

static const keys_row batch_read_row = {
    .name = "batch_read",
    .args = {"keys", "bins", "policy"}, .n_required = 1,
    .kind = POLICY_BATCH, .policy_at = 2,
    .put_template = template_of_read,
};

KEYS_METHODS(batch_read)

static const char doc_batch_operate[] =
    "batch_operate($self, keys, ops, policy_batch=None, policy_batch_write=None, "
    "ttl=None)\n--\n\n"
    "Carry out the same operations on many records. Written bins appear as None.\n\n"
    DOC_KEYS
    ":param ops: list of operations, as operate() takes it.\n" DOC_BATCH_POLICY
    ":param policy_batch_write: dict of batch_write policy keys, for each record.\n"
    ":param ttl: seconds to live, or a TTL_* constant.\n"
    DOC_BATCH_RESULT DOC_BATCH_RAISES;

#define BATCH_OPERATE                                                                  \
    .name = "batch_operate",                                                           \
    .args = {"keys", "ops", "policy_batch", "policy_batch_write", "ttl"},              \
    .n_required = 2, .policy_at = 2, .row_kind = POLICY_BATCH_WRITE,                   \
    .row_policy_at = 3

static const keys_row batch_operate_reads_row = {
    BATCH_OPERATE,
    .kind = POLICY_BATCH,
    .put_template = template_of_operate_reads,
};
static const keys_row batch_operate_row = {
    BATCH_OPERATE,
    .kind = POLICY_BATCH_PARENT_WRITE,
    .reads = &batch_operate_reads_row,
    .put_template = template_of_operate,
};

KEYS_METHODS(batch_operate)

static const char doc_batch_remove[] =
    "batch_remove($self, keys, policy_batch=None, policy_batch_remove=None)\n--\n\n"
    "Remove many records.\n\n" DOC_KEYS DOC_BATCH_POLICY
    ":param policy_batch_remove: dict of batch_remove policy keys, for each record.\n"
    DOC_BATCH_RESULT DOC_BATCH_RAISES;

static const keys_row batch_remove_row = {
    .name = "batch_remove",
    .args = {"keys", "policy_batch", "policy_batch_remove"}, .n_required = 1,
    .kind = POLICY_BATCH_PARENT_WRITE, .policy_at = 1,
    .row_kind = POLICY_BATCH_REMOVE, .row_policy_at = 2,
    .put_template = template_of_remove,
};

KEYS_METHODS(batch_remove)

static const char doc_batch_apply[] =
    "batch_apply($self, keys, module, function, args, policy_batch=None, "
    "policy_batch_apply=None)\n--\n\n"
    "Call a function of a registered module on many records; what it returns is in\n"
    "the bin SUCCESS.\n\n" DOC_KEYS
    ":param module: str, name of the module.\n"
    ":param function: str, name of the function.\n"
    ":param args: list of arguments.\n" DOC_BATCH_POLICY
    ":param policy_batch_apply: dict of batch_apply policy keys, for each record.\n"
    DOC_BATCH_RESULT DOC_BATCH_RAISES;

static const keys_row batch_apply_row = {
    .name = "batch_apply",
    .args = {"keys", "module", "function", "args", "policy_batch",
             "policy_batch_apply"},
    .n_required = 4,
    .kind = POLICY_BATCH_PARENT_WRITE, .policy_at = 4,
    .row_kind = POLICY_BATCH_APPLY, .row_policy_at = 5,
    .put_template = template_of_apply,
};

KEYS_METHODS(batch_apply)

static const char doc_get_many[] =
    "get_many($self, keys, policy=None)\n--\n\n"
    "Read many records: a list of (key, meta, bins) in the order of the keys, meta\n"
    "and bins None for those not found.\n\n" DOC_KEYS DOC_OLD_BATCH;

static const keys_row get_many_row = {
    .name = "get_many",
    .args = {"keys", "policy"}, .n_required = 1,
    .kind = POLICY_BATCH, .policy_at = 1,
    .put_template = template_of_get, .gives_tuples = true,
};

KEYS_METHODS(get_many)

static const char doc_exists_many[] =
    "exists_many($self, keys, policy=None)\n--\n\n"
    "Read the metadata of many records: a list of (key, meta) in the order of the\n"
    "keys, meta None for those not found.\n\n" DOC_KEYS DOC_OLD_BATCH;

static const keys_row exists_many_row = {
    .name = "exists_many",
    .args = {"keys", "policy"}, .n_required = 1,
    .kind = POLICY_BATCH, .policy_at = 1,
    .put_template = template_of_exists, .gives_tuples = true,
};

KEYS_METHODS(exists_many)

static const char doc_select_many[] =
    "select_many($self, keys, bins, policy=None)\n--\n\n"
    "Read some bins of many records, as get_many() does.\n\n" DOC_KEYS
    ":param bins: list or tuple of bin names.\n" DOC_OLD_BATCH;

static const keys_row select_many_row = {
    .name = "select_many",
    .args = {"keys", "bins", "policy"}, .n_required = 2,
    .kind = POLICY_BATCH, .policy_at = 2,
    .put_template = template_of_read, .gives_tuples = true,
};

KEYS_METHODS(select_many)

static const char doc_batch_get_ops[] =
    "batch_get_ops($self, keys, list, policy=None)\n--\n\n"
    "Carry out read operations on many records: a list as of get_many().\n\n" DOC_KEYS
    ":param list: list of operations that only read.\n" DOC_OLD_BATCH;

static const keys_row batch_get_ops_row = {
    .name = "batch_get_ops",
    .args = {"keys", "list", "policy"}, .n_required = 2,
    .kind = POLICY_BATCH, .policy_at = 2,
    .put_template = template_of_get_ops, .gives_tuples = true,
};

KEYS_METHODS(batch_get_ops)

/* clang-format on */

#define KEYS_METHODS_OF(class)                                                         \
    {                                                                                  \
        METHOD_ROW("batch_read", class##_batch_read, doc_batch_read),                  \
        METHOD_ROW("batch_operate", class##_batch_operate, doc_batch_operate),         \
        METHOD_ROW("batch_remove", class##_batch_remove, doc_batch_remove),            \
        METHOD_ROW("batch_apply", class##_batch_apply, doc_batch_apply),               \
        METHOD_ROW("get_many", class##_get_many, doc_get_many),                        \
        METHOD_ROW("exists_many", class##_exists_many, doc_exists_many),               \
        METHOD_ROW("select_many", class##_select_many, doc_select_many),               \
        METHOD_ROW("batch_get_ops", class##_batch_get_ops, doc_batch_get_ops),         \
        {NULL, NULL, 0, NULL},                                                         \
    }

const PyMethodDef batch_keys_methods[] = KEYS_METHODS_OF(client);
const PyMethodDef async_batch_keys_methods[] = KEYS_METHODS_OF(async);
