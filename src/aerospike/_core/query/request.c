/* query/request.c -- what a query or scan asks for. It comes in a dict that
 * aerospike._query makes, and goes into the request of each part, one for each node.
 *
 * The requests of a round differ in their partitions alone, which the library writes.
 * All else is written here, for each part anew: nothing has to be kept between rounds
 * but the Python objects. */
#include "query/request.h"

#include <stddef.h>
#include <string.h>

#include "support/compat.h"
#include "support/numbers.h"
#include "values/context.h"
#include "values/fields.h"
#include "operations/operations.h"

/* --- predicates --- */

/* The first two items of a predicate, by the constants of aerospike.predicates. */
enum { EQUALS = 0, RANGE = 1 };
enum { INDEX_STRING = 0, INDEX_INTEGER = 1, INDEX_GEO = 2, INDEX_BLOB = 3 };

static int
bad_predicate(module_state *st)
{
    return raise_param(st, "predicate is invalid." DETAIL
                           "one of aerospike.predicates is expected");
}

/* Append the bytes of a bound of an index range, with their size before them. 0, or -1
 * with MemoryError. */
static int
put_bound_bytes(asc_buf *out, const char *bytes, Py_ssize_t size)
{
    uint8_t *p = asc_buf_add(out, 4);
    if (p != NULL) {
        asc_put_u32(p, (uint32_t)size);
    }
    return put_ok(p != NULL && asc_buf_put(out, bytes, (size_t)size));
}

static int
put_bytearray_bound(asc_buf *out, PyObject *array)
{
    PyObject *bytes = bytes_of_bytearray(array);
    int rc = bytes != NULL ? put_bound_bytes(out, PyBytes_AS_STRING(bytes),
                                             PyBytes_GET_SIZE(bytes))
                           : -1;
    Py_XDECREF(bytes);
    return rc;
}

/* Append a bound of an index range. The caller holds value. 0, or -1 with an
 * exception. */
static int
put_bound(module_state *st, asc_buf *out, long datatype, PyObject *value)
{
    const char *data = NULL;
    Py_ssize_t size = 0;
    uint8_t number[8];
    if (datatype == INDEX_STRING || datatype == INDEX_GEO) {
        data = PyUnicode_Check(value) ? PyUnicode_AsUTF8AndSize(value, &size) : NULL;
    }
    else if (datatype == INDEX_BLOB) {
        if (PyByteArray_Check(value)) {
            return put_bytearray_bound(out, value);
        }
        if (!PyBytes_Check(value)) {
            return bad_predicate(st);
        }
        data = PyBytes_AS_STRING(value);
        size = PyBytes_GET_SIZE(value);
    }
    else {
        int64_t v;
        if (!PyLong_Check(value)) {
            return bad_predicate(st);
        }
        if (!int64_from_py(value, &v)) {
            return raise_param(st, "predicate is invalid." DETAIL
                                   "an integer is beyond 64 bits");
        }
        asc_put_u64(number, (uint64_t)v);
        data = (const char *)number;
        size = sizeof number;
    }
    return data != NULL ? put_bound_bytes(out, data, size) : bad_predicate(st);
}

/* The value of an item of a tuple that must be an int; -1, which none of these items
 * can be, when it is missing, no int, or beyond 64 bits. */
static long
small_item(PyObject *tuple, Py_ssize_t i)
{
    if (i >= PyTuple_GET_SIZE(tuple)) {
        return -1;
    }
    /* borrowed: a tuple does not change, and the caller holds this one */
    PyObject *item = PyTuple_GET_ITEM(tuple, i);
    int64_t v;
    bool fits = PyLong_Check(item) && int64_from_py(item, &v);
    return fits ? (long)v : -1;
}

/* Append the index range of a predicate p, which is (kind, datatype, bin, value[, end[,
 * index type]]). An equality is a range that ends where it begins. *index_type is what
 * the index is on: the bin itself, or the elements of its list or map. 0, or -1 with an
 * exception. */
static int
put_range(module_state *st, asc_buf *out, PyObject *p, long *index_type)
{
    /* by datatype; the last one is INDEX_NUMERIC, another number for integers */
    static const uint8_t particles[] = {ASC_PARTICLE_STRING, ASC_PARTICLE_INTEGER,
                                        ASC_PARTICLE_GEOJSON, ASC_PARTICLE_BLOB,
                                        ASC_PARTICLE_INTEGER};
    long kind = small_item(p, 0), datatype = small_item(p, 1);
    Py_ssize_t n = PyTuple_GET_SIZE(p);
    const char *name = "";
    size_t size = 0;
    if (n < 4 || (kind != EQUALS && kind != RANGE) || datatype < 0 ||
        datatype >= (long)sizeof particles) {
        return bad_predicate(st);
    }
    /* borrowed: a tuple does not change, and the request holds this one */
    PyObject *bin = PyTuple_GET_ITEM(p, 2), *from = PyTuple_GET_ITEM(p, 3);
    bool ranges = kind == RANGE && particles[datatype] == ASC_PARTICLE_INTEGER;
    if (ranges && n < 5) {
        return bad_predicate(st);
    }
    *index_type = n > 5 ? small_item(p, 5) : 0;
    if (*index_type < 0 || *index_type > UINT8_MAX ||
        (bin != Py_None &&
         bin_name_from_py(st, bin, BIN_NAME_STR, NULL, &name, &size) < 0)) {
        return PyErr_Occurred() != NULL ? -1 : bad_predicate(st);
    }
    uint8_t *head = asc_buf_add(out, 3 + size);
    if (head == NULL) {
        return put_ok(false);
    }
    head[0] = 1; /* how many ranges there are */
    head[1] = (uint8_t)size;
    memcpy(head + 2, name, size);
    head[2 + size] = particles[datatype];
    PyObject *to = ranges ? PyTuple_GET_ITEM(p, 4) : from; /* borrowed: likewise */
    if (put_bound(st, out, datatype, from) < 0) {
        return -1;
    }
    return put_bound(st, out, datatype, to);
}

/* --- requests --- */

/* An encoder of values by the rules of the client. */
static encoder
encoder_for(const query_request *q, asc_buf *out)
{
    return (encoder){
        .st = q->st, .out = out, .rules = q->rules, .serializer = SERIALIZER_NOT_GIVEN};
}

/* Append the fields that say which index is used, and which range of it; a scan, which
 * has no predicate, has none of these fields. 0, or -1 with an exception. */
static int
put_index(query_request *q, asc_writer *w)
{
    asc_buf packed = ASC_BUF_INIT;
    long index_type = 0;
    if (q->predicate == NULL) {
        return 0;
    }
    int rc = put_range(q->st, &packed, q->predicate, &index_type);
    if (rc == 0 && index_type != 0) {
        rc = put_number_field(w, ASC_FIELD_INDEX_TYPE, (uint64_t)index_type, 1);
    }
    if (rc == 0) {
        rc = put_packed_field(w, ASC_FIELD_INDEX_RANGE, &packed);
    }
    if (rc == 0 && q->ctx != NULL) {
        encoder e = encoder_for(q, &packed);
        packed.len = 0;
        rc = encode_levels(&e, "where()", q->ctx, 0);
        rc = rc < 0 ? rc : put_packed_field(w, ASC_FIELD_INDEX_CONTEXT, &packed);
    }
    if (rc == 0 && q->index_name != NULL) {
        rc = put_text_field(q->st, w, ASC_FIELD_INDEX_NAME, "the index name",
                            q->index_name);
    }
    if (rc == 0 && q->index_expr != NULL) {
        rc = put_bytes_field(w, ASC_FIELD_INDEX_EXPRESSION, q->index_expr);
    }
    asc_buf_clear(&packed);
    return rc;
}

/* Append the fields of the function, if there is one; does: ASC_UDF_*. 0, or -1 with an
 * exception. */
static int
put_function(query_request *q, asc_writer *w, uint64_t does)
{
    encoder e = encoder_for(q, w->out);
    if (q->module == NULL) {
        return 0;
    }
    if (q->function == NULL || q->arguments == NULL) {
        return raise_param(q->st, "a module of a query needs function and arguments");
    }
    if (put_number_field(w, ASC_FIELD_UDF_OP, does, 1) < 0) {
        return -1;
    }
    return put_function_fields(&e, w, q->module, q->function, q->arguments);
}

/* Append the header and the fields that the requests of queries and of background work
 * have in common. 0, or -1 with an exception. */
static int
begin_request(query_request *q, asc_writer *w, asc_buf *out, const asc_msg_head *head)
{
    bool has_set = PyUnicode_GET_LENGTH(q->set) > 0;
    bool is_slow = q->records_per_second != 0;
    if (put_ok(asc_writer_begin(w, out, head)) < 0 ||
        put_text_field(q->st, w, ASC_FIELD_NAMESPACE, "the namespace", q->ns) < 0 ||
        (has_set && put_text_field(q->st, w, ASC_FIELD_SET, "the set", q->set) < 0) ||
        (is_slow && put_number_field(w, ASC_FIELD_RECORDS_PER_SECOND,
                                     q->records_per_second, 4) < 0) ||
        put_number_field(w, ASC_FIELD_SOCKET_TIMEOUT, q->pol.timing.socket_timeout_ms,
                         4) < 0 ||
        put_number_field(w, ASC_FIELD_TASK_ID, q->task_id, 8) < 0 ||
        put_index(q, w) < 0) {
        return -1;
    }
    return put_ok(policy_filter_to_field(q->pol.filter, w));
}

/* Append the bins to read, then the operations of the query, which may only read. 0, or
 * -1 with an exception. */
static int
put_reads(query_request *q, asc_writer *w)
{
    encoder e = encoder_for(q, w->out);
    operations_summary sum = {0};
    if (q->bins != NULL && read_operations(&e, w, q->bins, BIN_NAME_STR) < 0) {
        return -1;
    }
    if (q->ops != NULL && operations_from_py(&e, w, q->ops, true, &sum) < 0) {
        return -1;
    }
    return sum.writes ? raise_param(q->st, "a query that gives records only reads: an "
                                           "operation that writes is among its ops")
                      : 0;
}

/* *head = the header of a request that gives records, or what is made of them. */
static void
make_read_head(query_request *q, asc_msg_head *head)
{
    policy_to_read_head(&q->pol, head);
    head->info1 =
        (uint8_t)(ASC_INFO1_READ | (head->info1 & ASC_INFO1_READ_MODE_AP_ALL));
    head->info1 |= q->pol.compress ? ASC_INFO1_COMPRESS_RESPONSE : 0;
    if (q->pol.short_query || q->pol.expected_duration == 1) {
        head->info1 |= ASC_INFO1_SHORT_QUERY;
    }
    else if (q->pol.expected_duration == 2) {
        head->info2 |= ASC_INFO2_RELAX_AP_LONG_QUERY;
    }
    head->info3 |= ASC_INFO3_PARTITION_DONE;
    head->ttl_s = UINT32_MAX; /* reading must not make records live longer */
    head->budget_ms = q->pol.timing.total_timeout_ms;
}

int
query_write_part(query_request *q, asc_query *query, asc_part *part)
{
    asc_writer w;
    asc_msg_head head = {0};
    make_read_head(q, &head);
    head.info1 |= q->no_bins ? ASC_INFO1_GET_NO_BINS : 0;
    if (begin_request(q, &w, &part->req.out, &head) < 0) {
        return -1;
    }
    if (!asc_query_put_fields(query, part, &w)) {
        return put_ok(false);
    }
    if (put_reads(q, &w) < 0) {
        return -1;
    }
    asc_writer_end(&w);
    return 0;
}

int
query_write_aggregation(query_request *q, asc_part *part)
{
    asc_writer w;
    asc_msg_head head = {0};
    make_read_head(q, &head);
    if (begin_request(q, &w, &part->req.out, &head) < 0 ||
        put_function(q, &w, ASC_UDF_AGGREGATES) < 0 || put_reads(q, &w) < 0) {
        return -1;
    }
    asc_writer_end(&w);
    part->reply = ASC_REPLY_RECORDS;
    part->req.ns = PyUnicode_AsUTF8(q->ns); /* for the metrics; the field has it, too */
    return 0;
}

int
query_write_background(query_request *q, asc_part *part)
{
    asc_writer w;
    asc_msg_head head = {0};
    operations_summary sum = {0};
    record_meta meta = {.has_ttl = q->ttl_s != 0, .ttl_s = q->ttl_s};
    policy_to_write_head(&q->pol, &meta, &head);
    head.info2 |= ASC_INFO2_WRITE;
    if (begin_request(q, &w, &part->req.out, &head) < 0 ||
        put_function(q, &w, ASC_UDF_WORKS) < 0) {
        return -1;
    }
    encoder e = encoder_for(q, &part->req.out);
    if ((q->ops == NULL) == (q->module == NULL)) {
        return raise_param(q->st, "background work needs operations or a function");
    }
    if (q->max_records != 0 || q->pol.max_records != 0) {
        return raise_param(q->st, "max_records cannot limit background work, which "
                                  "changes every record");
    }
    if (q->ops != NULL && operations_from_py(&e, &w, q->ops, true, &sum) < 0) {
        return -1;
    }
    if (sum.reads) {
        return raise_param(q->st,
                           "background work only writes: a read operation is among "
                           "its ops");
    }
    if (sum.has_ttl) { /* only now known: the header is written a second time */
        head.ttl_s = sum.ttl_s;
        asc_writer_set_head(&w, &head);
    }
    asc_writer_end(&w);
    part->reply = ASC_REPLY_RECORDS;
    part->req.ns = PyUnicode_AsUTF8(q->ns); /* likewise */
    part->req.writes = true;
    part->req.timing.max_retries = 0; /* a second start would do the work twice */
    return 0;
}

/* --- the dict --- */

#define OFFSET(field) offsetof(query_request, field)

/* The entries of the dict that are Python objects. */
static const struct {
    const char *name;
    size_t at;             /* the place of its field in query_request */
    unsigned long type;    /* Py_TPFLAGS_*: types of objects have a flag that says so */
    const char *type_name; /* for errors */
    bool required;
} objects[] = {
    {"ns", OFFSET(ns), Py_TPFLAGS_UNICODE_SUBCLASS, "str", true},
    {"set", OFFSET(set), Py_TPFLAGS_UNICODE_SUBCLASS, "str", true},
    {"bins", OFFSET(bins), Py_TPFLAGS_TUPLE_SUBCLASS, "tuple", false},
    {"ops", OFFSET(ops), Py_TPFLAGS_LIST_SUBCLASS, "list", false},
    {"module", OFFSET(module), Py_TPFLAGS_UNICODE_SUBCLASS, "str", false},
    {"function", OFFSET(function), Py_TPFLAGS_UNICODE_SUBCLASS, "str", false},
    {"arguments", OFFSET(arguments), Py_TPFLAGS_LIST_SUBCLASS, "list", false},
    {"predicate", OFFSET(predicate), Py_TPFLAGS_TUPLE_SUBCLASS, "tuple", false},
    {"ctx", OFFSET(ctx), Py_TPFLAGS_LIST_SUBCLASS, "list", false},
    {"index_name", OFFSET(index_name), Py_TPFLAGS_UNICODE_SUBCLASS, "str", false},
    {"index_expr", OFFSET(index_expr), Py_TPFLAGS_BYTES_SUBCLASS, "bytes", false},
    {"node", OFFSET(node), Py_TPFLAGS_UNICODE_SUBCLASS, "str", false},
};
enum { N_OBJECTS = sizeof objects / sizeof objects[0] };

/* The field that row i of objects[] fills. */
static PyObject **
object_at(query_request *q, size_t i)
{
    return (PyObject **)((char *)q + objects[i].at);
}

static int
invalid_entry(query_request *q, const char *name, const char *type_name, PyObject *got)
{
    return raise_param(q->st, "%s of a query must be %s" DETAIL "got %s", name,
                       type_name, Py_TYPE(got)->tp_name);
}

/* Take the entry that row i of objects[] describes. It may be missing or None unless
 * the row says that it is required. 0, or -1 with an exception. */
static int
take_object(query_request *q, PyObject *spec, size_t i)
{
    PyObject *value;
    if (PyDict_GetItemStringRef(spec, objects[i].name, &value) < 0) {
        return -1;
    }
    if (value == NULL) {
        value = Py_NewRef(Py_None);
    }
    if (PyType_HasFeature(Py_TYPE(value), objects[i].type)) {
        *object_at(q, i) = value;
        return 0;
    }
    bool fits = value == Py_None && !objects[i].required;
    int rc = fits ? 0 : invalid_entry(q, objects[i].name, objects[i].type_name, value);
    Py_DECREF(value);
    return rc;
}

/* *out = an entry that must be an int; 0 when it is missing. aerospike._query has
 * checked its range. 0, or -1 with an exception. */
static int
take_number(query_request *q, PyObject *spec, const char *name, uint64_t *out)
{
    PyObject *value;
    int rc = PyDict_GetItemStringRef(spec, name, &value);
    *out = 0;
    if (rc > 0) {
        rc = PyLong_Check(value) ? 0 : invalid_entry(q, name, "int", value);
        *out = rc == 0 ? PyLong_AsUnsignedLongLongMask(value) : 0;
        Py_DECREF(value);
    }
    return rc;
}

int
query_request_from_spec(query_request *q, PyObject *spec)
{
    uint64_t per_second, ttl, no_bins;
    if (!PyDict_Check(spec)) {
        return invalid_entry(q, "the description", "dict", spec);
    }
    for (size_t i = 0; i < N_OBJECTS; i++) {
        if (take_object(q, spec, i) < 0) {
            return -1;
        }
    }
    if (take_number(q, spec, "max_records", &q->max_records) < 0 ||
        take_number(q, spec, "records_per_second", &per_second) < 0 ||
        take_number(q, spec, "ttl", &ttl) < 0 ||
        take_number(q, spec, "nobins", &no_bins) < 0) {
        return -1;
    }
    q->records_per_second = (uint32_t)per_second;
    q->ttl_s = (uint32_t)ttl;
    q->no_bins = no_bins != 0;
    return 0;
}

void
query_request_clear(query_request *q)
{
    for (size_t i = 0; i < N_OBJECTS; i++) {
        Py_XDECREF(*object_at(q, i));
    }
    policy_clear(&q->pol);
    *q = (query_request){0};
}
