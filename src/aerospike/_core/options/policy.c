#include "options/policy.h"

#include <string.h>

#include "support/numbers.h"
#include "values/compiled.h"

/* The wire bytes of a CompiledExpression. */
static int
filter_from_py(module_state *st, const option *row, PyObject *value, void *target)
{
    PyObject **at = (PyObject **)((char *)target + row->offset);
    PyObject *wire = expression_wire(st, value);
    if (wire == NULL) {
        return raise_param(st, "\"%s\" is invalid: a compiled expression is expected",
                           row->name);
    }
    Py_XSETREF(*at, wire);
    return 0;
}

#define BIT(kind) (1u << POLICY_##kind)
#define R BIT(READ)
#define W BIT(WRITE)
#define O BIT(OPERATE)
#define D BIT(REMOVE)
#define A BIT(APPLY)
#define Q BIT(QUERY)
#define S BIT(SCAN)
#define B (BIT(BATCH) | BIT(BATCH_PARENT_WRITE) | BIT(TXN_VERIFY) | BIT(TXN_ROLL))
#define BR BIT(BATCH_READ)
#define BW BIT(BATCH_WRITE)
#define BA BIT(BATCH_APPLY)
#define BD BIT(BATCH_REMOVE)
#define I BIT(INFO)
#define COMMAND (R | W | O | D | A | Q | S | B)
#define ROW (BR | BW | BA | BD) /* of one record in a batch */

#define AT(field) .offset = offsetof(policy, field)
#define U32(name, kinds, field) {name, OPTION_U32, kinds, AT(field)}
#define FLAG(name, kinds, field) {name, OPTION_BOOL, kinds, AT(field)}
#define ENUM(name, kinds, field, top)                                                  \
    {name, OPTION_ENUM, kinds, AT(field), .max = (top)}
#define OLD(name, type, kinds, field, top, new)                                        \
    {name, type, kinds, AT(field), .max = (top), .new_name = (new)}

/* Every key of every policy. */
static const option policy_rows[] = {
    U32("total_timeout", COMMAND, timing.total_timeout_ms),
    U32("socket_timeout", COMMAND, timing.socket_timeout_ms),
    U32("connect_timeout", COMMAND, timing.connect_timeout_ms),
    U32("timeout_delay", COMMAND, timing.timeout_delay_ms),
    U32("max_retries", COMMAND, timing.max_retries),
    U32("sleep_between_retries", COMMAND, timing.sleep_between_retries_ms),
    U32("timeout", I | BIT(ADMIN), timing.total_timeout_ms),
    {"compress", OPTION_LATER, COMMAND, AT(compress)},
    {"txn", OPTION_LATER, COMMAND, 0},
    {"expressions", OPTION_CUSTOM, COMMAND | ROW, AT(filter), .parse = filter_from_py},
    ENUM("error_detail_verbosity", COMMAND, error_detail, 3),
    ENUM("replica", COMMAND, replica, 4),
    ENUM("key", R | W | O | D | A | BW | BA | BD, key, 1),
    ENUM("gen", W | O | D | BW | BD, gen, 2),
    ENUM("exists", W | O | BW, exists, 4),
    ENUM("commit_level", W | O | D | A | BW | BA | BD, commit_level, 1),
    ENUM("read_mode_ap", R | O | B | BR, read_mode_ap, 1),
    ENUM("read_mode_sc", R | O | B | BR, read_mode_sc, 3),
    {"read_touch_ttl_percent", OPTION_SIGNED, R | O | B | BR,
     AT(read_touch_ttl_percent), .min = -1, .max = 100},
    {"ttl", OPTION_TTL, W | O | A | S | BW | BA, AT(ttl_s), .min = TTL_MIN,
     .max = TTL_MAX},
    {"generation", OPTION_U32, D | BD, AT(generation), .max = GENERATION_MAX},
    FLAG("durable_delete", W | O | D | A | S | BW | BA | BD, durable_delete),
    FLAG("deserialize", R | O | Q | S | B, deserialize),
    FLAG("respond_all_ops", O, respond_all_ops),
    FLAG("on_locking_only", W | O | A | BW | BA, on_locking_only),
    {"compression_threshold", OPTION_LATER, W, AT(compression_threshold)},
    ENUM("expected_duration", Q, expected_duration, 2),
    FLAG("short_query", Q, short_query),
    U32("max_records", S, max_records),
    U32("records_per_second", S, records_per_second),
    {"partition_filter", OPTION_IGNORED, Q | S, 0}, /* aerospike._query reads it */
    FLAG("concurrent", B, concurrent),
    FLAG("allow_inline", B, allow_inline),
    FLAG("allow_inline_ssd", B, allow_inline_ssd),
    FLAG("respond_all_keys", B, respond_all_keys),
    {"check_bounds", OPTION_IGNORED, I, 0}, /* replies are always bounded */
    {"send_as_is", OPTION_IGNORED, I, 0},   /* requests are never changed */
    /* the names of the 2.x line */
    OLD("timeout", OPTION_U32, COMMAND, timing.total_timeout_ms, 0, "total_timeout"),
    OLD("retry", OPTION_U32, COMMAND, timing.max_retries, 0, "max_retries"),
    OLD("retry_on_timeout", OPTION_NOT_BOOL, COMMAND, timing.no_retry_on_timeout, 0,
        NULL),
    OLD("consistency_level", OPTION_ENUM, R | O | B, read_mode_ap, 1, "read_mode_ap"),
    {"use_batch_direct", OPTION_IGNORED, B, 0},       /* no server has it any more */
    {"send_set_name", OPTION_IGNORED, B, 0},          /* the set is always sent */
    {"fail_on_cluster_change", OPTION_IGNORED, S, 0}, /* servers since 4.9 cannot */
};

const option_table policy_table = {
    policy_rows, sizeof policy_rows / sizeof policy_rows[0], POLICY_TABLE};

/* A kind of policy: its name, and where its defaults differ from the common ones. */
static const struct {
    const char *name;
    asc_timing timing;
    int replica, read_mode_sc;
} kinds[N_POLICIES] = {
#define COMMON(retries)                                                                \
    {.total_timeout_ms = 1000,                                                         \
     .socket_timeout_ms = 30000,                                                       \
     .timeout_delay_ms = 3000,                                                         \
     .max_retries = (retries)}
#define LONG {.socket_timeout_ms = 30000, .timeout_delay_ms = 3000, .max_retries = 5}
#define TXN                                                                            \
    {.total_timeout_ms = 10000,                                                        \
     .socket_timeout_ms = 3000,                                                        \
     .timeout_delay_ms = 3000,                                                         \
     .max_retries = 5,                                                                 \
     .sleep_between_retries_ms = 1000}
#define SEQ ASC_REPLICA_SEQUENCE
    [POLICY_READ] = {"read", COMMON(2), SEQ, 0},
    [POLICY_WRITE] = {"write", COMMON(0), SEQ, 0},
    [POLICY_OPERATE] = {"operate", COMMON(0), SEQ, 0},
    [POLICY_REMOVE] = {"remove", COMMON(0), SEQ, 0},
    [POLICY_INFO] = {"info", {.total_timeout_ms = 1000}, SEQ, 0},
    [POLICY_APPLY] = {"apply", COMMON(0), SEQ, 0},
    [POLICY_QUERY] = {"query", LONG, SEQ, 0},
    [POLICY_SCAN] = {"scan", LONG, SEQ, 0},
    [POLICY_BATCH] = {"batch", COMMON(2), SEQ, 0},
    [POLICY_BATCH_PARENT_WRITE] = {"batch_parent_write", COMMON(0), SEQ, 0},
    [POLICY_BATCH_READ] = {"batch_read", {0}, SEQ, 0},
    [POLICY_BATCH_WRITE] = {"batch_write", {0}, SEQ, 0},
    [POLICY_BATCH_APPLY] = {"batch_apply", {0}, SEQ, 0},
    [POLICY_BATCH_REMOVE] = {"batch_remove", {0}, SEQ, 0},
    [POLICY_ADMIN] = {"admin", {.total_timeout_ms = 1000}, SEQ, 0},
    [POLICY_TXN_VERIFY] = {"txn_verify", TXN, ASC_REPLICA_MASTER, 1},
    [POLICY_TXN_ROLL] = {"txn_roll", TXN, ASC_REPLICA_MASTER, 0},
};

const char *
policy_kind_name(int kind)
{
    return kinds[kind].name;
}

void
policy_init(policy *p, policy_kind kind)
{
    *p = (policy){
        .timing = kinds[kind].timing,
        .replica = kinds[kind].replica,
        .read_mode_sc = kinds[kind].read_mode_sc,
        .deserialize = true,
        .allow_inline = true,
        .respond_all_keys = true,
    };
}

void
policy_clear(policy *p)
{
    Py_CLEAR(p->filter);
}

int
policy_from_py(module_state *st, policy *p, const policy *defaults, policy_kind kind,
               PyObject *dict, int strict)
{
    *p = *defaults;
    Py_XINCREF(p->filter);
    if (dict == NULL || dict == Py_None) {
        return 0;
    }
    if (!PyDict_Check(dict)) {
        return raise_param(st, "policy must be a dict, not %s", Py_TYPE(dict)->tp_name);
    }
    if (PyDict_GET_SIZE(dict) == 0) {
        return 0;
    }
    if (kind == POLICY_REMOVE || kind == POLICY_BATCH_REMOVE) {
        int found = PyDict_Contains(dict, st->s_generation);
        if (found < 0) {
            return -1;
        }
        p->has_generation = found;
    }
    return options_apply(st, &policy_table, 1u << kind, dict, p, "policy", strict);
}

/* Keys that get_policies() leaves out of some kinds: those that no default makes sense
 * for, and those that the API never showed. */
static bool
is_shown(const option *row, policy_kind kind)
{
    static const struct {
        const char *name;
        uint32_t kinds; /* that do not show it */
    } hidden[] = {
        {"txn", ~0u},
        {"expressions", ~0u},
        {"partition_filter", ~0u},
        {"short_query", ~0u},
        {"on_locking_only", ~0u},
        {"respond_all_ops", ~0u},
        {"respond_all_keys", ~0u},
        {"allow_inline_ssd", ~0u},
        {"max_records", ~0u},
        {"records_per_second", ~0u},
        {"generation", D},
        {"exists", O},
        {"deserialize", S},
    };
    if (row->new_name != NULL || row->type == OPTION_IGNORED ||
        row->type == OPTION_NOT_BOOL) {
        return false;
    }
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (strcmp(hidden[i].name, row->name) == 0 && (hidden[i].kinds & 1u << kind)) {
            return false;
        }
    }
    return row->kinds & 1u << kind;
}

static PyObject *
value_to_py(const option *row, const policy *p)
{
    const void *at = (const char *)p + row->offset;
    if (strcmp(row->name, "compress") == 0) {
        return PyBool_FromLong(p->compress);
    }
    switch (row->type) {
    case OPTION_BOOL:
        return PyBool_FromLong(*(const bool *)at);
    case OPTION_ENUM:
    case OPTION_SIGNED:
        return PyLong_FromLong(*(const int *)at);
    default:
        return PyLong_FromUnsignedLong(*(const uint32_t *)at);
    }
}

static PyObject *
policy_to_py(const policy *p, policy_kind kind)
{
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict != NULL && i < policy_table.n; i++) {
        const option *row = &policy_rows[i];
        if (!is_shown(row, kind)) {
            continue;
        }
        PyObject *value = value_to_py(row, p);
        if (value == NULL || PyDict_SetItemString(dict, row->name, value) < 0) {
            Py_CLEAR(dict);
        }
        Py_XDECREF(value);
    }
    return dict;
}

PyObject *
policies_to_py(const policy *defaults)
{
    PyObject *all = PyDict_New();
    for (int kind = 0; all != NULL && kind < N_POLICIES; kind++) {
        if (kind == POLICY_BATCH_READ) { /* has no section in the configuration */
            continue;
        }
        PyObject *one = policy_to_py(&defaults[kind], (policy_kind)kind);
        if (one == NULL || PyDict_SetItemString(all, kinds[kind].name, one) < 0) {
            Py_CLEAR(all);
        }
        Py_XDECREF(one);
    }
    return all;
}

/* --- metadata --- */

/* An int from min to max; *out holds its low 32 bits. */
static int
store_meta(module_state *st, const char *name, PyObject *value, int64_t min,
           int64_t max, uint32_t *out)
{
    int64_t v;
    if (!int64_from_py(value, &v)) {
        return raise_param(st, "integer value for %s exceeds sys.maxsize", name);
    }
    if (v < min || v > max) {
        return raise_param(st, "%s must be from %lld to %lld, not %lld", name,
                           (long long)min, (long long)max, (long long)v);
    }
    *out = (uint32_t)v;
    return 0;
}

int
ttl_from_int(module_state *st, const char *name, PyObject *value, uint32_t *out)
{
    return store_meta(st, name, value, TTL_MIN, TTL_MAX, out);
}

static int
parse_gen(module_state *st, const option *row, PyObject *value, void *target)
{
    (void)row;
    if (!PyLong_Check(value)) {
        return raise_param(st, "Generation should be an int or long");
    }
    return store_meta(st, "generation", value, 0, GENERATION_MAX,
                      &((record_meta *)target)->generation);
}

static int
parse_ttl(module_state *st, const option *row, PyObject *value, void *target)
{
    record_meta *m = target;
    if (!PyLong_Check(value)) {
        return raise_param(st, "Ttl should be an int or long");
    }
    m->has_ttl = true;
    return ttl_from_int(st, row->name, value, &m->ttl_s);
}

static const option meta_rows[] = {
    {"gen", OPTION_CUSTOM, 1, 0, .parse = parse_gen},
    {"ttl", OPTION_CUSTOM, 1, 0, .parse = parse_ttl},
};

const option_table meta_table = {meta_rows, sizeof meta_rows / sizeof meta_rows[0],
                                 META_TABLE};

int
meta_from_py(module_state *st, record_meta *m, PyObject *dict, int strict)
{
    *m = (record_meta){0};
    if (dict == NULL || dict == Py_None) {
        return 0;
    }
    if (!PyDict_Check(dict)) {
        return raise_param(st, "Metadata should be of type dictionary, not %s",
                           Py_TYPE(dict)->tp_name);
    }
    return options_apply(st, &meta_table, 1, dict, m, "record metadata", strict);
}

int
looks_like_policy(module_state *st, policy_kind kind, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    /* borrowed: nothing here runs Python code */
    while (PyDict_Next(dict, &at, &key, &value)) {
        for (size_t i = 0; i < policy_table.n; i++) {
            PyObject *name = st->option_names[POLICY_TABLE][i];
            if ((policy_rows[i].kinds & 1u << kind) && name != st->s_gen &&
                name != st->s_ttl && PyUnicode_Check(key) &&
                PyUnicode_Compare(name, key) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

/* --- to the wire --- */

void
policy_to_request(const policy *p, asc_request *req, bool writes)
{
    req->timing = p->timing;
    req->check_ms = SIGNAL_CHECK_MS;
    req->writes = writes;
    req->replica = (asc_replica)p->replica;
    if (writes && req->replica != ASC_REPLICA_MASTER &&
        req->replica != ASC_REPLICA_RANDOM) {
        req->replica = ASC_REPLICA_SEQUENCE;
    }
    req->linearize = !writes && p->read_mode_sc == 1;
    req->sc_session = !writes && p->read_mode_sc == 0;
    if (req->linearize &&
        (req->replica == ASC_REPLICA_ANY || req->replica == ASC_REPLICA_PREFER_RACK)) {
        req->replica = ASC_REPLICA_SEQUENCE;
    }
}

/* The server's time budget: that of one attempt. */
static uint32_t
budget_ms(const asc_timing *t)
{
    return t->socket_timeout_ms != 0 && (t->total_timeout_ms == 0 ||
                                         t->socket_timeout_ms < t->total_timeout_ms)
               ? t->socket_timeout_ms
               : t->total_timeout_ms;
}

bool
policy_filter_to_field(PyObject *filter, asc_writer *w)
{
    return filter == NULL ||
           asc_writer_field(w, ASC_FIELD_FILTER, PyBytes_AS_STRING(filter),
                            (size_t)PyBytes_GET_SIZE(filter));
}

void
policy_to_read_head(const policy *p, asc_msg_head *head)
{
    static const uint8_t sc_bits[] = {0, ASC_INFO3_SC_READ_TYPE,
                                      ASC_INFO3_SC_READ_RELAX,
                                      ASC_INFO3_SC_READ_TYPE | ASC_INFO3_SC_READ_RELAX};
    head->info1 |= p->read_mode_ap == 1 ? ASC_INFO1_READ_MODE_AP_ALL : 0;
    head->info3 |= sc_bits[p->read_mode_sc];
    head->info4 |= (uint8_t)(p->error_detail << ASC_INFO4_ERROR_DETAIL_SHIFT);
    head->ttl_s = (uint32_t)p->read_touch_ttl_percent;
    head->budget_ms = budget_ms(&p->timing);
}

void
policy_to_write_head(const policy *p, const record_meta *m, asc_msg_head *head)
{
    static const uint8_t exists2[] = {0, ASC_INFO2_CREATE_ONLY, 0, 0, 0};
    static const uint8_t exists3[] = {0, 0, ASC_INFO3_UPDATE_ONLY,
                                      ASC_INFO3_REPLACE_ONLY,
                                      ASC_INFO3_CREATE_OR_REPLACE};
    static const uint8_t gen2[] = {0, ASC_INFO2_GENERATION, ASC_INFO2_GENERATION_GT};
    uint32_t ttl = m->has_ttl && m->ttl_s != TTL_CLIENT_DEFAULT ? m->ttl_s : p->ttl_s;
    head->info2 |= exists2[p->exists] | gen2[p->gen];
    head->info2 |= p->durable_delete ? ASC_INFO2_DURABLE_DELETE : 0;
    head->info3 |= exists3[p->exists];
    head->info3 |= p->commit_level == 1 ? ASC_INFO3_COMMIT_MASTER : 0;
    head->info4 |= p->on_locking_only ? ASC_INFO4_ON_LOCKING_ONLY : 0;
    head->info4 |= (uint8_t)(p->error_detail << ASC_INFO4_ERROR_DETAIL_SHIFT);
    head->generation = p->gen == GEN_IGNORE ? 0
                       : p->has_generation  ? p->generation
                                            : m->generation;
    head->ttl_s = ttl;
    head->budget_ms = budget_ms(&p->timing);
}
