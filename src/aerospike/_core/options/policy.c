/* This file has the table of policy keys, the kinds of policies with their defaults,
 * and what policies and metadata put into the header of a request. A policy is parsed
 * once for each call, over a copy of the client's defaults. */
#include "options/policy.h"

#include <string.h>

#include "support/compat.h"
#include "support/numbers.h"
#include "values/compiled.h"

/* Keep what a CompiledExpression holds, for pack_filter(). */
static int
filter_from_py(module_state *st, const option *row, PyObject *value, void *target)
{
    PyObject **at = (PyObject **)((char *)target + row->offset);
    PyObject *held = expression_held(st, value);
    if (held == NULL) {
        return raise_param(st, "%s is invalid" DETAIL NOT_COMPILED, row->name,
                           Py_TYPE(value)->tp_name);
    }
    Py_XSETREF(*at, held);
    return 0;
}

static int
txn_from_py(module_state *st, const option *row, PyObject *value, void *target)
{
    PyObject **at = (PyObject **)((char *)target + row->offset);
    if (value != Py_None && !Py_IS_TYPE(value, st->TransactionType)) {
        return raise_param(st,
                           "txn is not of type aerospike.Transaction" DETAIL "got %s",
                           Py_TYPE(value)->tp_name);
    }
    Py_XSETREF(*at, value != Py_None ? Py_NewRef(value) : NULL);
    return 0;
}

/* A server gives a query what is committed, whatever transaction asks. */
static int
refuse_txn(module_state *st, const option *row, PyObject *value, void *target)
{
    (void)target;
    return value == Py_None
               ? 0
               : raise_param(st,
                             "%s is invalid" DETAIL
                             "queries and scans take no part in transactions",
                             row->name);
}

/* Pack the filter of a policy unless it is packed already. 0, or -1 with an
 * exception. */
static int
pack_filter(module_state *st, policy *p, const value_rules *rules)
{
    if (p->filter != NULL) {
        p->filter = expression_wire(st, rules, p->filter);
        return p->filter != NULL ? 0 : -1;
    }
    return 0;
}

/* The kinds have letters here, so that a row fits a line. */
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
#define PACKED (W | O | A | BIT(BATCH) | BIT(BATCH_PARENT_WRITE)) /* requests */
#define UNPACKS (R | O | A | Q | S | BIT(BATCH) | BIT(BATCH_PARENT_WRITE)) /* replies */
#define ROW (BR | BW | BA | BD) /* of one record in a batch */
#define ALL (~0u)

/* A row names the key, the kinds of policies that have it, the field of the struct and
 * its limit; then stands whatever else is true of the key (see struct option). */
#define AT(field) .offset = offsetof(policy, field)
#define U32(name, kinds, field, ...) {name, OPTION_U32, kinds, AT(field), __VA_ARGS__}
#define FLAG(name, kinds, field, ...) {name, OPTION_BOOL, kinds, AT(field), __VA_ARGS__}
#define ENUM(name, kinds, field, top, ...)                                             \
    {name, OPTION_ENUM, kinds, AT(field), .max = (top), __VA_ARGS__}
#define IGNORED(name, kinds, ...)                                                      \
    {name, OPTION_IGNORED, kinds, .hidden = ALL, __VA_ARGS__}
#define SHARED .is_shared = true
#define INHERITED .is_inherited = true
#define HIDDEN .hidden = ALL
#define OLD(new) .new_name = (new), .hidden = ALL

/* The rows have every key of every policy. What a key does on the wire is said below,
 * where the header is written, and in policy_to_request(): an assignment for each field
 * there says it better than columns here would. */
static const option policy_rows[] = {
    U32("total_timeout", COMMAND, timing.total_timeout_ms, SHARED),
    U32("socket_timeout", COMMAND, timing.socket_timeout_ms, SHARED),
    U32("connect_timeout", COMMAND, timing.connect_timeout_ms),
    U32("timeout_delay", COMMAND, timing.timeout_delay_ms),
    U32("max_retries", COMMAND, timing.max_retries, SHARED),
    U32("sleep_between_retries", COMMAND, timing.sleep_between_retries_ms, SHARED),
    U32("timeout", I | BIT(ADMIN), timing.total_timeout_ms),
    FLAG("compress", COMMAND, compress, LACKS_ZLIB),
    {"txn", OPTION_CUSTOM, COMMAND & ~(Q | S), AT(txn), .parse = txn_from_py, HIDDEN},
    {"txn", OPTION_CUSTOM, Q | S, .parse = refuse_txn, HIDDEN},
    {"expressions", OPTION_CUSTOM, COMMAND | ROW, AT(filter), .parse = filter_from_py,
     HIDDEN},
    ENUM("error_detail_verbosity", COMMAND, error_detail, 3, INHERITED),
    ENUM("replica", COMMAND, replica, 4, SHARED),
    ENUM("key", R | W | O | D | A | BW | BA | BD, key, 1, SHARED),
    ENUM("gen", W | O | D | BW | BD, gen, GEN_GT, SHARED),
    ENUM("exists", W | O | BW, exists, EXISTS_CREATE_OR_REPLACE, SHARED, .hidden = O),
    ENUM("commit_level", W | O | D | A | BW | BA | BD, commit_level, 1, SHARED),
    ENUM("read_mode_ap", R | O | B | BR, read_mode_ap, 1, SHARED, INHERITED),
    ENUM("read_mode_sc", R | O | B | BR, read_mode_sc, SC_ALLOW_UNAVAILABLE, SHARED,
         INHERITED),
    {"read_touch_ttl_percent", OPTION_SIGNED, R | O | B | BR,
     AT(read_touch_ttl_percent), .min = -1, .max = 100, INHERITED},
    {"ttl", OPTION_TTL, W | O | A | S | BW | BA, AT(ttl_s), .min = TTL_MIN,
     .max = TTL_MAX},
    U32("generation", D | BD, generation, .max = GENERATION_MAX,
        .given = offsetof(policy, has_generation), .hidden = D),
    FLAG("durable_delete", W | O | D | A | S | BW | BA | BD, durable_delete),
    FLAG("deserialize", R | O | Q | S | B, deserialize, .hidden = S),
    FLAG("respond_all_ops", O, respond_all_ops, HIDDEN),
    FLAG("on_locking_only", W | O | A | BW | BA, on_locking_only, HIDDEN),
    U32("compression_threshold", W, compression_threshold, LACKS_ZLIB,
        .given = offsetof(policy, has_threshold)),
    ENUM("expected_duration", Q, expected_duration, 2),
    FLAG("short_query", Q, short_query, HIDDEN),
    U32("max_records", S, max_records, HIDDEN),
    U32("records_per_second", S, records_per_second, HIDDEN),
    FLAG("fail_on_cluster_change", Q | S | W, fail_on_cluster_change, HIDDEN),
    IGNORED("partition_filter", Q | S), /* aerospike._partitions reads it */
    FLAG("concurrent", B, concurrent),
    FLAG("allow_inline", B, allow_inline),
    FLAG("allow_inline_ssd", B, allow_inline_ssd, HIDDEN),
    FLAG("respond_all_keys", B, respond_all_keys, HIDDEN),
    IGNORED("check_bounds", I), /* replies are always bounded */
    IGNORED("send_as_is", I),   /* requests are never changed */
    /* the names of the 2.x line */
    U32("timeout", COMMAND, timing.total_timeout_ms, SHARED, OLD("total_timeout")),
    U32("retry", COMMAND, timing.max_retries, SHARED, OLD("max_retries")),
    {"retry_on_timeout", OPTION_NOT_BOOL, COMMAND, AT(timing.no_retry_on_timeout),
     HIDDEN},
    ENUM("consistency_level", R | O | B, read_mode_ap, 1, SHARED, OLD("read_mode_ap")),
    IGNORED("use_batch_direct", B, SHARED), /* no server has it any more */
    IGNORED("send_set_name", B),            /* the set is always sent */
};

const option_table policy_table = {
    policy_rows, sizeof policy_rows / sizeof policy_rows[0], POLICY_TABLE};

/* policy.fixed has a bit for each. */
_Static_assert(sizeof policy_rows / sizeof policy_rows[0] <= 64, "too many rows");

/* Each kind of policy has a name, and defaults where they differ from the common ones.
 */
static const struct {
    const char *name;
    asc_timing timing;
    int replica, read_mode_sc;
    bool shares;    /* shared keys hold for it, too */
    bool is_hidden; /* get_policies() does not show it, and never did */
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
#define SHARES .shares = true
    [POLICY_READ] = {"read", COMMON(2), SEQ, SHARES},
    [POLICY_WRITE] = {"write", COMMON(0), SEQ, SHARES},
    [POLICY_OPERATE] = {"operate", COMMON(0), SEQ, SHARES},
    [POLICY_REMOVE] = {"remove", COMMON(0), SEQ, SHARES},
    [POLICY_INFO] = {"info", {.total_timeout_ms = 1000}, SEQ},
    [POLICY_APPLY] = {"apply", COMMON(0), SEQ, SHARES},
    [POLICY_QUERY] = {"query", LONG, SEQ},
    [POLICY_SCAN] = {"scan", LONG, SEQ},
    [POLICY_BATCH] = {"batch", COMMON(2), SEQ, SHARES},
    [POLICY_BATCH_PARENT_WRITE] = {"batch_parent_write", COMMON(0), SEQ, SHARES},
    [POLICY_BATCH_READ] = {"batch_read", {0}, SEQ, SHARES, .is_hidden = true},
    [POLICY_BATCH_WRITE] = {"batch_write", {0}, SEQ, SHARES},
    [POLICY_BATCH_APPLY] = {"batch_apply", {0}, SEQ, SHARES},
    [POLICY_BATCH_REMOVE] = {"batch_remove", {0}, SEQ, SHARES},
    [POLICY_ADMIN] = {"admin", {.total_timeout_ms = 1000}, SEQ},
    [POLICY_TXN_VERIFY] = {"txn_verify", TXN, ASC_REPLICA_MASTER, SC_LINEARIZE, SHARES},
    [POLICY_TXN_ROLL] = {"txn_roll", TXN, ASC_REPLICA_MASTER, SHARES},
};

const char *
policy_kind_name(int kind)
{
    return kinds[kind].name;
}

bool
policy_kind_shares(policy_kind kind)
{
    return kinds[kind].shares;
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
        .fail_on_cluster_change = true,
        .respond_all_keys = true,
    };
}

void
policy_clear(policy *p)
{
    Py_CLEAR(p->filter);
    Py_CLEAR(p->txn);
}

void
policy_fix(module_state *st, policy *defaults, policy_kind kind, PyObject *section)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    Py_BEGIN_CRITICAL_SECTION(section);
    /* borrowed: nothing here runs Python code */
    while (PyDict_Next(section, &at, &key, &value)) {
        const option *row = options_find(st, &policy_table, 1u << kind, key);
        if (row != NULL) {
            defaults->fixed |= UINT64_C(1) << (row - policy_rows);
        }
    }
    Py_END_CRITICAL_SECTION();
}

/* Take what is fixed from the defaults again: a dictionary has been laid over it. */
static void
restore_fixed(policy *p, const policy *defaults)
{
    for (size_t i = 0; i < policy_table.n; i++) {
        if (defaults->fixed & UINT64_C(1) << i) {
            const option *row = &policy_rows[i];
            size_t size = row->type == OPTION_BOOL ? sizeof(bool) : sizeof(uint32_t);
            memcpy((char *)p + row->offset, (const char *)defaults + row->offset, size);
        }
    }
}

int
policy_from_py(module_state *st, policy *p, const policy *defaults, policy_kind kind,
               PyObject *dict, const value_rules *rules)
{
    *p = *defaults;
    Py_XINCREF(p->filter);
    if (dict == NULL || dict == Py_None) {
        return 0;
    }
    if (!PyDict_Check(dict)) {
        return raise_param(st, "policy must be a dict" DETAIL "got %s",
                           Py_TYPE(dict)->tp_name);
    }
    if (PyDict_GET_SIZE(dict) == 0) {
        return 0;
    }
    int rc = options_apply(st, &policy_table, 1u << kind, dict, p, "policy",
                           policy_kind_name((int)kind), NULL, rules->strict);
    if (defaults->fixed != 0) {
        restore_fixed(p, defaults);
    }
    return rc == 0 ? pack_filter(st, p, rules) : -1;
}

void
policy_inherit(policy *p, const policy *whole, const policy *defaults)
{
    for (size_t i = 0; i < policy_table.n; i++) {
        size_t offset = policy_rows[i].offset;
        if (!policy_rows[i].is_inherited) {
            continue;
        }
        int *own = (int *)((char *)p + offset);
        int given = *(const int *)((const char *)whole + offset);
        if (*own == 0 || given != *(const int *)((const char *)defaults + offset)) {
            *own = given;
        }
    }
}

bool
policy_drop_per_call(policy *p)
{
    bool had_filter = p->filter != NULL;
    Py_CLEAR(p->filter);
    p->has_generation = false;
    return had_filter;
}

/* Give the value of a field as get_policies() shows it. */
static PyObject *
value_to_py(const option *row, const policy *p)
{
    const void *at = (const char *)p + row->offset;
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

/* Make a dict of one kind's defaults, with the keys that are shown for it. */
static PyObject *
policy_to_py(const policy *p, policy_kind kind)
{
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict != NULL && i < policy_table.n; i++) {
        const option *row = &policy_rows[i];
        uint32_t shown_for = row->kinds & ~row->hidden;
        if (!(shown_for & (1u << kind))) {
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
        if (kinds[kind].is_hidden) {
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

/* Take an int from min to max; *out holds its low 32 bits. */
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
        return raise_param(st, "Generation should be an int or long" DETAIL "got %s",
                           Py_TYPE(value)->tp_name);
    }
    return store_meta(st, "generation", value, 0, GENERATION_MAX,
                      &((record_meta *)target)->generation);
}

static int
parse_ttl(module_state *st, const option *row, PyObject *value, void *target)
{
    record_meta *m = target;
    if (!PyLong_Check(value)) {
        return raise_param(st, "Ttl should be an int or long" DETAIL "got %s",
                           Py_TYPE(value)->tp_name);
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
        return raise_param(st, "Metadata should be of type dictionary" DETAIL "got %s",
                           Py_TYPE(dict)->tp_name);
    }
    return options_apply(st, &meta_table, 1, dict, m, "record metadata", "", NULL,
                         strict);
}

int
looks_like_policy(module_state *st, policy_kind kind, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    int found = 0;
    Py_BEGIN_CRITICAL_SECTION(dict);
    /* borrowed: nothing here runs Python code */
    while (!found && PyDict_Next(dict, &at, &key, &value)) {
        found = options_find(st, &policy_table, 1u << kind, key) != NULL &&
                options_find(st, &meta_table, 1, key) == NULL;
    }
    Py_END_CRITICAL_SECTION();
    return found;
}

/* --- to the wire --- */

/* For a write all choices of a copy but MASTER and RANDOM mean SEQUENCE, which begins
 * with the master; so do ANY and PREFER_RACK for a linearizable read. */
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
    req->linearize = !writes && p->read_mode_sc == SC_LINEARIZE;
    req->sc_session = !writes && p->read_mode_sc == SC_SESSION;
    if (req->linearize &&
        (req->replica == ASC_REPLICA_ANY || req->replica == ASC_REPLICA_PREFER_RACK)) {
        req->replica = ASC_REPLICA_SEQUENCE;
    }
}

void
policies_set_threshold(policy defaults[N_POLICIES], uint32_t threshold)
{
    for (int kind = 0; kind < N_POLICIES; kind++) {
        if ((PACKED & 1u << kind) && !defaults[kind].has_threshold) {
            defaults[kind].compression_threshold = threshold;
        }
    }
}

/* `compress` alone means this threshold. */
#define COMPRESS_ABOVE 128u /* bytes */

void
policy_to_compression(const policy *p, policy_kind kind, asc_request *req,
                      asc_msg_head *head)
{
    bool is_short = head->info1 & ASC_INFO1_GET_NO_BINS;
    if (p->compress && (UNPACKS & 1u << kind) && !is_short) {
        head->info1 |= ASC_INFO1_COMPRESS_RESPONSE;
        req->alone = true;
    }
    if (PACKED & 1u << kind) {
        req->compress_above =
            p->compression_threshold != 0 ? p->compression_threshold : COMPRESS_ABOVE;
    }
}

/* Give the time that the server may take, which is that of one attempt: the smaller one
 * of the two timeouts, of which 0 means that there is no limit. */
static uint32_t
budget_ms(const asc_timing *t)
{
    bool socket_is_less =
        t->total_timeout_ms == 0 || t->socket_timeout_ms < t->total_timeout_ms;
    return t->socket_timeout_ms != 0 && socket_is_less ? t->socket_timeout_ms
                                                       : t->total_timeout_ms;
}

bool
policy_filter_to_field(PyObject *filter, asc_writer *w)
{
    return filter == NULL ||
           asc_writer_field(w, ASC_FIELD_FILTER, PyBytes_AS_STRING(filter),
                            (size_t)PyBytes_GET_SIZE(filter));
}

uint8_t
policy_error_detail(const policy *p)
{
    return (uint8_t)(p->error_detail << ASC_INFO4_ERROR_DETAIL_SHIFT);
}

void
policy_to_read_head(const policy *p, asc_msg_head *head)
{
    static const uint8_t sc_info3[] = {
        [SC_SESSION] = 0,
        [SC_LINEARIZE] = ASC_INFO3_SC_READ_TYPE,
        [SC_ALLOW_REPLICA] = ASC_INFO3_SC_READ_RELAX,
        [SC_ALLOW_UNAVAILABLE] = ASC_INFO3_SC_READ_TYPE | ASC_INFO3_SC_READ_RELAX,
    };
    head->info1 |= p->read_mode_ap == 1 ? ASC_INFO1_READ_MODE_AP_ALL : 0;
    head->info3 |= sc_info3[p->read_mode_sc];
    head->info4 |= policy_error_detail(p);
    head->ttl_s = (uint32_t)p->read_touch_ttl_percent;
    head->budget_ms = budget_ms(&p->timing);
}

void
policy_to_write_head(const policy *p, const record_meta *m, asc_msg_head *head)
{
    static const struct {
        uint8_t info2, info3;
    } exists[] = {
        [EXISTS_IGNORE] = {0, 0},
        [EXISTS_CREATE] = {.info2 = ASC_INFO2_CREATE_ONLY},
        [EXISTS_UPDATE] = {.info3 = ASC_INFO3_UPDATE_ONLY},
        [EXISTS_REPLACE] = {.info3 = ASC_INFO3_REPLACE_ONLY},
        [EXISTS_CREATE_OR_REPLACE] = {.info3 = ASC_INFO3_CREATE_OR_REPLACE},
    };
    static const uint8_t gen_info2[] = {
        [GEN_IGNORE] = 0,
        [GEN_EQ] = ASC_INFO2_GENERATION,
        [GEN_GT] = ASC_INFO2_GENERATION_GT,
    };
    /* TTL_CLIENT_DEFAULT in the metadata stands for the policy's ttl. */
    uint32_t ttl = m->has_ttl && m->ttl_s != TTL_CLIENT_DEFAULT ? m->ttl_s : p->ttl_s;
    head->info2 |= exists[p->exists].info2 | gen_info2[p->gen];
    head->info2 |= p->durable_delete ? ASC_INFO2_DURABLE_DELETE : 0;
    head->info3 |= exists[p->exists].info3;
    head->info3 |= p->commit_level == 1 ? ASC_INFO3_COMMIT_MASTER : 0;
    head->info4 |= p->on_locking_only ? ASC_INFO4_ON_LOCKING_ONLY : 0;
    head->info4 |= policy_error_detail(p);
    if (p->gen != GEN_IGNORE) { /* the policy of a removal can bring a generation */
        head->generation = p->has_generation ? p->generation : m->generation;
    }
    head->ttl_s = ttl;
    head->budget_ms = budget_ms(&p->timing);
}
