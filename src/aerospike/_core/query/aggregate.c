/* query/aggregate.c -- a stream of the values that a function in Lua makes of records.
 *
 * Each node runs the function over its own records, so that all nodes are asked, and
 * nobody goes on where another one stopped: when a node fails after its first value,
 * the aggregation has failed. A row of a reply is a message with one bin: SUCCESS has
 * a value, FAILURE the text of an error. What is left of the chain of operators runs in
 * the client, in Python (aerospike._aggregate). */
#include "query/aggregate.h"

#include <string.h>

/* --- rows --- */

static bool
is_bin(const asc_msg_op *op, const char *name)
{
    size_t size = strlen(name);
    return op->name_size == size && memcmp(op->name, name, size) == 0;
}

/* Raise what a node says of a function that failed. The text may be of any size and
 * hold anything. Returns NULL. */
static PyObject *
raise_failure(StreamObject *s, module_state *st, const asc_msg_op *op)
{
    asc_error said;
    asc_error_reset(&said);
    if (op->particle == ASC_PARTICLE_STRING && op->value_size > 0) {
        asc_error_append_text(&said, op->value, op->value_size);
    }
    else {
        asc_error_append(&said, "the node does not say why");
    }
    raise_code(st, ASC_ERR_UDF, "%s" DETAIL "the function failed on node %s",
               said.message, s->part->node_name);
    return NULL;
}

/* The value of a row: a new reference, or NULL with an exception. */
static PyObject *
value_of_row(StreamObject *s, module_state *st, asc_msg *m)
{
    asc_msg_op op;
    asc_error err;
    asc_error_reset(&err);
    if (m->n_ops == 1 && asc_msg_next_op(m, &op, &err) == ASC_OK) {
        if (is_bin(&op, "SUCCESS")) {
            decoder d = {.st = st, .rules = s->ask.rules, .for_scripts = true};
            return decode_particle(&d, op.particle, op.value, op.value_size);
        }
        if (is_bin(&op, "FAILURE")) {
            return raise_failure(s, st, &op);
        }
    }
    raise_code(st, ASC_ERR_CLIENT,
               "malformed reply: a row of an aggregation has neither a value nor a "
               "failure" DETAIL "it came from node %s",
               s->part->node_name);
    return NULL;
}

/* Is a message a row? It raises what tells of a partition that the node does not have.
 * What tells of the whole reply is known by the part. 1, 0, or -1 with an exception. */
static int
is_row(StreamObject *s, module_state *st, const asc_msg *m)
{
    asc_error err;
    bool is_partition = m->info3 & ASC_INFO3_PARTITION_DONE;
    if ((m->info3 & ASC_INFO3_LAST) || (m->result != ASC_OK && !is_partition)) {
        return 0;
    }
    if (m->result == ASC_OK) {
        return !is_partition;
    }
    asc_error_reset(&err);
    asc_error_set_result(&err, m->result);
    asc_error_append(&err, " (partition %u)", m->generation);
    return stream_raise(s, st, &err);
}

/* --- driving --- */

/* Write the requests of all parts that have none yet. 0, or -1 with an exception. */
static int
write_requests(StreamObject *s, module_state *st)
{
    asc_part *part;
    if (stream_renew_task_id(s, st) < 0) {
        return -1;
    }
    while ((part = asc_set_unwritten(s->set)) != NULL) {
        if (query_write_aggregation(&s->ask, part) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A part has been read to its end, and its node has failed: ask it again, or raise what
 * has happened. */
static void
repeat_or_raise(StreamObject *s, module_state *st, const asc_part *part)
{
    asc_error err;
    if (asc_set_repeat(s->set, part, &err) == ASC_OK) {
        write_requests(s, st);
        return;
    }
    stream_raise(s, st, &err);
}

/* The next value. A nil ends a stream in Lua, so that values behind it would be lost:
 * it is passed over. */
static PyObject *
next_value(StreamObject *s, module_state *st)
{
    const asc_part *part = s->part;
    asc_msg m;
    asc_msg_record fields;
    while (stream_next_message(s, &m, &fields)) {
        int rc = is_row(s, st, &m);
        PyObject *value = rc > 0 ? value_of_row(s, st, &m) : NULL;
        if (rc < 0 || (rc > 0 && value != Py_None)) {
            return value;
        }
        Py_XDECREF(value);
    }
    if (part != NULL && part->ended && part->err.code != ASC_OK) {
        repeat_or_raise(s, st, part);
    }
    return NULL;
}

/* There is one round: nobody but the node itself can give its values. */
static int
end_round(StreamObject *s, module_state *st)
{
    (void)s;
    (void)st;
    return 0;
}

static void
close_set(StreamObject *s)
{
    asc_set_free(s->own_set); /* closes what is under way, and waits for nothing */
    s->own_set = NULL;
}

static const stream_kind of_values = {"values", next_value, end_round, close_set};

/* --- the method --- */

/* Is what is asked for an aggregation? 0, or -1 with ParamError. */
static int
check(StreamObject *s, module_state *st)
{
    if (s->ask.max_records != 0) {
        return raise_param(st, "max_records cannot limit an aggregation, whose "
                               "function gets every record");
    }
    bool is_whole = s->ask.module != NULL && s->ask.arguments != NULL;
    return is_whole ? 0 : raise_param(st, "an aggregation needs a function");
}

/* Begin to ask the nodes. 0, or -1 with an exception. */
static int
open_set(StreamObject *s, module_state *st)
{
    const asc_set_options options = {.timing = s->ask.pol.timing,
                                     .gather = GATHER_BYTES,
                                     .check_ms = SIGNAL_CHECK_MS};
    const char *ns = PyUnicode_AsUTF8(s->ask.ns);
    const char *node = s->ask.node != NULL ? PyUnicode_AsUTF8(s->ask.node) : "";
    asc_error err;
    if (ns == NULL || node == NULL) {
        return -1;
    }
    s->kind = &of_values;
    s->own_set = s->set = asc_set_new();
    if (s->set == NULL) {
        return put_ok(false);
    }
    asc_error_reset(&err);
    asc_set_begin(s->set, s->cluster, &options);
    asc_status rc = s->ask.node != NULL ? asc_set_add_node(s->set, node, &err)
                                        : asc_set_add_masters(s->set, ns, &err);
    return rc == ASC_OK ? write_requests(s, st) : stream_raise(s, st, &err);
}

/* The arguments of the function as the nodes get them, so that both halves of the
 * function see the same: a new list, or NULL with an exception. */
static PyObject *
arguments_as_sent(StreamObject *s, module_state *st)
{
    asc_buf packed = ASC_BUF_INIT;
    encoder e = {.st = st,
                 .out = &packed,
                 .rules = s->ask.rules,
                 .serializer = SERIALIZER_NOT_GIVEN};
    decoder d = {.st = st, .rules = s->ask.rules, .for_scripts = true};
    PyObject *list = NULL;
    if (encode_item(&e, s->ask.arguments) == 0) {
        list = decode_particle(&d, ASC_PARTICLE_LIST, packed.data, packed.len);
    }
    asc_buf_clear(&packed);
    return list;
}

static const char doc__aggregate[] =
    "_aggregate($self, is_scan, spec, policy, begin)\n--\n\n"
    "Have a function work on all nodes: (stream of values, arguments of the\n"
    "function as the nodes get them, total_timeout in milliseconds, class of\n"
    "blobs); for aerospike._aggregate.";

static PyObject *
client__aggregate(METHOD_PARAMS)
{
    static const char *const names[] = {"is_scan", "spec", "policy", "begin", NULL};
    module_state *st = PyType_GetModuleState(cls);
    PyObject *argv[4], *arguments = NULL;
    if (parse_args("_aggregate", names, 4, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    policy_kind kind = argv[0] == Py_True ? POLICY_SCAN : POLICY_QUERY;
    StreamObject *s = stream_new(st, self, kind, argv[1], argv[2]);
    if (s == NULL) {
        return NULL;
    }
    uint32_t total_timeout_ms = s->ask.pol.timing.total_timeout_ms;
    if (check(s, st) < 0 || stream_look_before(s, argv[3]) < 0 || open_set(s, st) < 0 ||
        (arguments = arguments_as_sent(s, st)) == NULL) {
        Py_DECREF(s);
        return NULL;
    }
    bool is_legacy = s->ask.rules->legacy_types == YES;
    PyTypeObject *blob = is_legacy ? &PyByteArray_Type : &PyBytes_Type;
    return Py_BuildValue("NNIO", s, arguments, total_timeout_ms, blob);
}

const PyMethodDef aggregate_methods[] = {
    METHOD_ROW("_aggregate", client__aggregate, doc__aggregate),
    {NULL, NULL, 0, NULL},
};
