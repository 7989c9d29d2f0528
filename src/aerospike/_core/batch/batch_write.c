/* batch/batch_write.c -- batch_write(), the method of aerospike.Client and
 * aerospike.AsyncClient that asks something of its own of each record.
 *
 * The caller gives a BatchRecords, whose list holds instances of Read, Write, Apply and
 * Remove. Each becomes a row of the batch, and the answers go into the same objects.
 *
 * Records that ask for the same can share a template, which saves encoding it and makes
 * the request shorter. Comparing what two records ask for would cost more than that
 * saves. So a record shares the template of the one before it when its attributes are
 * the very same objects, as they are when a program makes many records in a loop. */
#include "batch/batch_methods.h"

#include "batch/batch_call.h"
#include "batch/doc_texts.h"
#include "batch/records.h"
#include "batch/templates.h"

/* An attribute of a batch record, a new reference; NULL with ParamError. */
static PyObject *
attribute(module_state *st, PyObject *record, const char *name)
{
    PyObject *value = PyObject_GetAttrString(record, name);
    if (value == NULL) {
        raise_param(st, "a %s has no attribute %s", Py_TYPE(record)->tp_name, name);
    }
    return value;
}

/* Which of the four kinds a record is (BATCH_READ, ...); -1 with ParamError. */
static int
kind_of_record(module_state *st, PyObject *record)
{
    for (int type = BATCH_READ; type <= BATCH_REMOVE; type++) {
        if (batch_is_a(st, record, type)) {
            return type;
        }
    }
    return raise_param(st,
                       "batch_record must be a BatchRecord class instance" DETAIL
                       "a Read, Write, Apply or Remove of "
                       "aerospike_helpers.batch.records is expected, got %s",
                       Py_TYPE(record)->tp_name);
}

#define REFUSED (-1) /* the type of a record that is not sent */

/* What a record asks for: its attributes, looked up once. */
typedef struct record_attrs {
    int type;
    PyObject *key, *ops, *policy, *meta, *args; /* owned; NULL: it has none */
    PyObject *module, *function;                /* likewise */
    bool all_bins;
} record_attrs;

/* Is the template of the record `last` good for p? The attributes of both are owned, so
 * that the same address is the same object. The arguments of an Apply are not looked
 * at: each gets a template of its own. */
static bool
same_template(const record_attrs *p, const record_attrs *last)
{
    return p->type != BATCH_APPLY && p->type == last->type && p->ops == last->ops &&
           p->policy == last->policy && p->meta == last->meta &&
           p->all_bins == last->all_bins;
}

static void
clear_attrs(record_attrs *p)
{
    PyObject *const owned[] = {p->key,  p->ops,    p->policy,  p->meta,
                               p->args, p->module, p->function};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) {
        Py_XDECREF(owned[i]);
    }
}

/* Look the attributes of a record up, which may run Python code. 0, or -1 with an
 * exception; clear_attrs() is to be called in either case. */
static int
attrs_of(module_state *st, PyObject *record, record_attrs *p)
{
    *p = (record_attrs){.type = kind_of_record(st, record)};
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

/* Add the template of a Read: its operations if it has some, else all bins or none. 0,
 * or -1 with an exception. */
static int
template_of_read_record(batch_run *b, const policy *pol, record_meta meta,
                        const record_attrs *p)
{
    PyObject *ops = none_to_null(p->ops);
    if (ops == NULL) {
        PyObject *none = p->all_bins ? NULL : PyTuple_New(0);
        int rc = p->all_bins || none != NULL ? batch_read_template(b, pol, none) : -1;
        Py_XDECREF(none);
        if (rc == 0) {
            /* the record of a Read has bins even if none were asked for: {} */
            b->memory.templates[b->n_templates - 1].has_bins = true;
        }
        return rc;
    }
    if (batch_check_operations(b->st, "Read: ", ops) < 0) {
        return -1;
    }
    return batch_operations_template(b, pol, meta, ops, ONLY_READS);
}

/* Add the template of a record; pol is its policy. 0, or -1 with an exception. */
static int
template_of(batch_run *b, const policy *pol, const record_attrs *p)
{
    record_meta meta = {0};
    if (p->meta != NULL && meta_from_py(b->st, &meta, p->meta, b->strict) < 0) {
        return -1;
    }
    switch (p->type) {
    case BATCH_READ:
        return template_of_read_record(b, pol, meta, p);
    case BATCH_WRITE:
        if (batch_check_operations(b->st, "Write: ", p->ops) < 0) {
            return -1;
        }
        return batch_operations_template(b, pol, meta, p->ops, ANY_OPERATIONS);
    case BATCH_APPLY:
        return batch_apply_template(b, pol, p->module, p->function, p->args);
    default:
        return batch_remove_template(b, pol, meta);
    }
}

/* Add the template of a record. 0, or -1 with an exception. */
static int
add_template(batch_run *b, const record_attrs *p)
{
    static const policy_kind kinds[] = {[BATCH_READ] = POLICY_BATCH_READ,
                                        [BATCH_WRITE] = POLICY_BATCH_WRITE,
                                        [BATCH_APPLY] = POLICY_BATCH_APPLY,
                                        [BATCH_REMOVE] = POLICY_BATCH_REMOVE};
    policy pol = {0};
    int rc = batch_row_policy(b, &pol, kinds[p->type], p->policy);
    rc = rc == 0 ? template_of(b, &pol, p) : -1;
    policy_clear(&pol);
    return rc;
}

/* Set a record aside whose expressions are wrong, which the exception says that is set:
 * it is not sent, and the others are. Any other exception stays. 0, or -1 with an
 * exception. */
static int
refuse_record(batch_run *b, PyObject *record, record_attrs *p)
{
    asc_error err;
    asc_error_reset(&err);
    if (!exception_is_of(b->st, ASC_ERR_REQUEST_INVALID) ||
        !error_from_exception(b->st, &err)) {
        return -1;
    }
    p->type = REFUSED; /* the next record cannot share a template that is none */
    if (b->refused == NULL) {
        b->refused = PyList_New(0);
    }
    PyObject *pair =
        b->refused != NULL ? Py_BuildValue("Os", record, err.message) : NULL;
    int rc = pair != NULL ? PyList_Append(b->refused, pair) : -1;
    Py_XDECREF(pair);
    return rc;
}

/* Give the records that were set aside their results. 0, or -1 with an exception. */
static int
finish_refused(batch_run *b)
{
    Py_ssize_t n = b->refused != NULL ? PyList_GET_SIZE(b->refused) : 0;
    int rc = 0;
    b->failed = b->failed || n > 0;
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        /* borrowed: nobody else has the list, nor its tuples */
        PyObject *pair = PyList_GET_ITEM(b->refused, i);
        PyObject *record = PyTuple_GET_ITEM(pair, 0); /* borrowed: likewise */
        PyObject *text = PyTuple_GET_ITEM(pair, 1);   /* borrowed: likewise */
        const char *message = PyUnicode_AsUTF8(text);
        rc = message != NULL ? batch_refuse_record(b->st, record, message) : -1;
    }
    return rc;
}

/* Add the row of the record at place i of the list: with the template of the row before
 * when `same`, else with a new one. 0, or -1 with an exception. */
static int
add_record(batch_run *b, PyObject *record, record_attrs *p, Py_ssize_t i, bool same)
{
    if (!same && add_template(b, p) < 0) {
        return refuse_record(b, record, p);
    }
    PyObject *key = Py_NewRef(p->key), *target = Py_NewRef(record);
    if (batch_add(b, key, target) == 0) {
        return 0;
    }
    Py_DECREF(key);
    Py_DECREF(target);
    return batch_name_index(b->st, p->key, i);
}

/* Add the row of a record. b->of_method has the attributes of the record before it, and
 * then those of this one. */
static int
add_record_of(batch_run *b, PyObject *record, Py_ssize_t i)
{
    record_attrs *last = b->of_method, now;
    int rc = attrs_of(b->st, record, &now);
    if (rc == 0) {
        rc = add_record(b, record, &now, i, i > 0 && same_template(&now, last));
    }
    clear_attrs(last);
    *last = now;
    Py_DECREF(record);
    if (rc < 0) {
        error_in_place(b->st, i);
        error_in_argument(b->st, "batch_records");
    }
    return rc;
}

static void
clear_last(batch_run *b)
{
    if (b->of_method != NULL) {
        clear_attrs(b->of_method);
        PyMem_Free(b->of_method);
        b->of_method = NULL;
    }
}

/* The caller's records are changed only after all of them have been found good. */
static int
reset_row(batch_run *b, batch_row *row)
{
    batch_reset_record(b->st, row->target);
    return 0;
}

/* This result stays when the call raises later, because records lack their answers
 * then. */
static int
reset_result(batch_run *b)
{
    clear_last(b);
    return finish_refused(b) < 0 ? -1 : batch_set_result(b->st, b->records, true);
}

/* The caller's BatchRecords with its result: its records have their answers by now. */
static PyObject *
finish_records(batch_run *b, PyObject *list)
{
    (void)list;
    return batch_set_result(b->st, b->records, b->failed) == 0 ? Py_NewRef(b->records)
                                                               : NULL;
}

static const batch_method of_write = {
    .add = add_record_of,
    .ready_row = reset_row,
    .ready = reset_result,
    .sink = batch_into_record,
    .finish = finish_records,
    .leave = batch_leave_in_doubt,
    .clear = clear_last,
};

/* The list of a BatchRecords, a new reference; NULL with ParamError. */
static PyObject *
list_of_records(module_state *st, PyObject *records)
{
    if (!batch_is_a(st, records, BATCH_RECORDS)) {
        raise_param(st,
                    "batch_records must be an "
                    "aerospike_helpers.batch.records.BatchRecords instance" DETAIL
                    "got %s%s",
                    Py_TYPE(records)->tp_name,
                    PyList_Check(records) ? "; BatchRecords(list) makes one" : "");
        return NULL;
    }
    PyObject *list = attribute(st, records, "batch_records");
    if (list != NULL && !PyList_Check(list)) {
        raise_param(st, "batch_records must be a list of BatchRecord" DETAIL "got %s",
                    Py_TYPE(list)->tp_name);
        Py_CLEAR(list);
    }
    return list;
}

/* Begin the batch of the arguments. 0, or -1 with an exception; batch_end() is to be
 * called in either case. */
static int
prepare_records(batch_run *b, PyObject *self, PyTypeObject *cls, PyObject *const *argv)
{
    if (batch_begin(b, self, cls, &of_write, POLICY_BATCH_PARENT_WRITE, argv[1]) < 0 ||
        batch_load_types(b->st) < 0) {
        return -1;
    }
    PyObject *list = list_of_records(b->st, argv[0]);
    int rc = list != NULL ? batch_take_items(b, list) : -1;
    Py_XDECREF(list);
    if (rc < 0) {
        return -1;
    }
    b->records = Py_NewRef(argv[0]);
    b->of_method = PyMem_Calloc(1, sizeof(record_attrs));
    return put_ok(b->of_method != NULL);
}

/* The formatter is off so that the docstring keeps one line of text a line. */
/* clang-format off */
static const char doc_batch_write[] =
    "batch_write($self, batch_records, policy_batch=None)\n--\n\n"
    "Carry out a different request for each record.\n\n"
    ":param batch_records: BatchRecords, a list of Read, Write, Apply and Remove of\n"
    "    aerospike_helpers.batch.records, each with its own policy. The call writes\n"
    "    the results into these objects and returns the BatchRecords.\n"
    DOC_BATCH_POLICY DOC_BATCH_RESULT DOC_BATCH_RAISES;
/* clang-format on */

static const char *const batch_write_args[] = {"batch_records", "policy_batch", NULL};

static PyObject *
client_batch_write(METHOD_PARAMS)
{
    PyObject *argv[2], *result = NULL;
    batch_run b;
    if (parse_args("batch_write", batch_write_args, 1, args, nargs, kwnames, argv) <
        0) {
        return NULL;
    }
    begin_turn(PyType_GetModuleState(cls));
    if (prepare_records(&b, self, cls, argv) == 0) {
        result = batch_execute(&b);
    }
    batch_end(&b);
    return result;
}

/* Fill in the work of a call of an AsyncClient. */
static int
fill_records(PendingObject *p, void *work, const void *row, PyObject *self,
             PyTypeObject *cls, PyObject **argv)
{
    (void)row;
    batch_run *b = batch_of_call(p, work);
    return b != NULL ? prepare_records(b, self, cls, argv) : -1;
}

static PyObject *
async_batch_write(METHOD_PARAMS)
{
    static const async_method m = {.name = "batch_write",
                                   .args = batch_write_args,
                                   .n_required = 1,
                                   .kind = &batch_call_kind,
                                   .fill = fill_records};
    return async_method_call(&m, self, cls, args, nargs, kwnames);
}

const PyMethodDef batch_write_methods[] = {
    METHOD_ROW("batch_write", client_batch_write, doc_batch_write),
    {NULL, NULL, 0, NULL},
};
const PyMethodDef async_batch_write_methods[] = {
    METHOD_ROW("batch_write", async_batch_write, doc_batch_write),
    {NULL, NULL, 0, NULL},
};
