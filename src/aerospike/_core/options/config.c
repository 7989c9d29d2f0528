#include "options/config.h"

#include <stdlib.h>
#include <string.h>

#include "support/compat.h"
#include "support/numbers.h"
#include "support/texts.h"
#include "values/values.h"

#define DEFAULT_PORT 3000

/* More connections than one address has ports; a look at the cluster less often than
 * daily. Whoever asks for more has confused a unit or a key. */
#define MAX_CONNS 65535
#define MAX_TEND_INTERVAL_MS (24 * 60 * 60 * 1000)

/* --- hosts --- */

static int
invalid_host(module_state *st, PyObject *item)
{
    return raise_param(
        st, "Invalid host: %R; expected (address, port) or \"address:port\"", item);
}

static int
port_from_py(module_state *st, PyObject *value, uint16_t *out)
{
    if (!PyLong_Check(value)) {
        return raise_param(st,
                           "Invalid host -> The host port must be an integer, not %s",
                           Py_TYPE(value)->tp_name);
    }
    int64_t port;
    if (!int64_from_py(value, &port) || port < 0 || port > 65535) {
        return raise_param(st, "Invalid host -> port %R is not in 0 to 65535", value);
    }
    *out = (uint16_t)port;
    return 0;
}

/* "address:port", "[v6]:port", or an address alone. */
static int
host_from_text(module_state *st, PyObject *item, asc_host *out)
{
    char *text = option_text(st, "hosts", item);
    if (text == NULL) {
        return -1;
    }
    char *name = text, *colon = strrchr(text, ':');
    if (text[0] == '[') {
        char *close = strchr(text, ']');
        name = text + 1;
        colon = close != NULL && close[1] == ':' ? close + 1 : NULL;
        if (close == NULL || (close[1] != '\0' && close[1] != ':')) {
            PyMem_Free(text);
            return invalid_host(st, item);
        }
        *close = '\0';
    }
    else if (colon != NULL && strchr(text, ':') != colon) {
        colon = NULL; /* an IPv6 address without brackets */
    }
    long port = DEFAULT_PORT;
    if (colon != NULL) {
        char *rest;
        *colon = '\0';
        port = strtol(colon + 1, &rest, 10);
        if (rest == colon + 1 || *rest != '\0' || port < 0 || port > 65535) {
            PyMem_Free(text);
            return invalid_host(st, item);
        }
    }
    if (*name == '\0') {
        PyMem_Free(text);
        return invalid_host(st, item);
    }
    *out = (asc_host){text_copy(name, strlen(name)), (uint16_t)port};
    PyMem_Free(text);
    return out->name != NULL ? 0 : -1;
}

/* (address, port[, tls_name]) */
static int
host_from_sequence(module_state *st, PyObject *item, asc_host *out)
{
    PyObject *parts = PySequence_Tuple(item);
    PyObject *name, *port, *tls_name = Py_None; /* borrowed from parts */
    if (parts == NULL) {
        return -1;
    }
    int rc = -1;
    if (!PyArg_ParseTuple(parts, "UO|O", &name, &port, &tls_name) ||
        PyUnicode_GET_LENGTH(name) == 0 ||
        (!PyUnicode_Check(tls_name) && tls_name != Py_None)) {
        PyErr_Clear();
        rc = invalid_host(st, item);
    }
    else if (port_from_py(st, port, &out->port) == 0) {
        out->name = option_text(st, "hosts", name);
        rc = out->name != NULL ? 0 : -1;
    }
    Py_DECREF(parts);
    return rc;
}

static void
clear_hosts(client_config *c)
{
    for (size_t i = 0; i < c->cluster.n_hosts; i++) {
        PyMem_Free((char *)c->cluster.hosts[i].name);
    }
    PyMem_Free((asc_host *)c->cluster.hosts);
    c->cluster.hosts = NULL;
    c->cluster.n_hosts = 0;
}

static int
parse_hosts(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    (void)row;
    if (!PyList_Check(value) && !PyTuple_Check(value)) {
        return raise_param(st, "Hosts must be a list, not %s", Py_TYPE(value)->tp_name);
    }
    PyObject *items = PySequence_Tuple(value);
    if (items == NULL) {
        return -1;
    }
    Py_ssize_t n = PyTuple_GET_SIZE(items);
    asc_host *hosts = PyMem_Calloc((size_t)n + 1, sizeof *hosts);
    int rc = hosts != NULL ? 0 : -1;
    if (rc < 0) {
        PyErr_NoMemory();
    }
    clear_hosts(c); /* of a second key that is equal to "hosts" */
    c->cluster.hosts = hosts;
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        PyObject *item = PyTuple_GET_ITEM(items, i); /* borrowed: items has it */
        if (PyUnicode_Check(item)) {
            rc = host_from_text(st, item, &hosts[i]);
        }
        else if (PyTuple_Check(item) || PyList_Check(item)) {
            rc = host_from_sequence(st, item, &hosts[i]);
        }
        else {
            rc = invalid_host(st, item);
        }
        c->cluster.n_hosts += rc == 0;
    }
    Py_DECREF(items);
    if (rc == 0 && n == 0) {
        rc = raise_param(st, "Hosts must not be empty");
    }
    return rc;
}

/* --- policies --- */

/* Keys of config["policies"] that hold for every kind of command that has them. */
static const char *const shared_keys[] = {
    "timeout",
    "retry",
    "key",
    "exists",
    "replica",
    "commit_level",
    "gen",
    "consistency_level",
    "read_mode_ap",
    "read_mode_sc",
    "total_timeout",
    "socket_timeout",
    "max_retries",
    "sleep_between_retries",
    NULL,
};

/* Its keys whose function does not exist yet. */
static const char *const later_keys[] = {"metrics", "auth_mode", "login_timeout_ms",
                                         NULL};

/* Accepted without effect: this client has no thread pool, no server the old batch
 * protocol. */
static const char *const ignored_keys[] = {"thread_pool_size", "use_batch_direct",
                                           NULL};

static bool
is_in(const char *const *names, PyObject *key)
{
    for (; PyUnicode_Check(key) && *names != NULL; names++) {
        if (PyUnicode_CompareWithASCIIString(key, *names) == 0) {
            return true;
        }
    }
    return false;
}

static int
section_of(PyObject *key)
{
    for (int kind = 0; PyUnicode_Check(key) && kind < N_POLICIES; kind++) {
        if (PyUnicode_CompareWithASCIIString(key, policy_kind_name(kind)) == 0) {
            return kind;
        }
    }
    return -1;
}

/* The kinds of policies that know a key, as bits. */
static uint32_t
kinds_of(module_state *st, PyObject *key)
{
    uint32_t kinds = 0;
    for (size_t i = 0; i < policy_table.n; i++) {
        if (PyUnicode_Compare(st->option_names[POLICY_TABLE][i], key) == 0) {
            kinds |= policy_table.rows[i].kinds;
        }
    }
    return kinds & ~(1u << POLICY_INFO | 1u << POLICY_ADMIN | 1u << POLICY_QUERY |
                     1u << POLICY_SCAN); /* these have no common limits */
}

/* One of them, to every kind that has it. */
static int
apply_to_kinds(module_state *st, client_config *c, const char *name, PyObject *value)
{
    PyObject *key = PyUnicode_FromString(name);
    PyObject *one = key != NULL ? Py_BuildValue("{OO}", key, value) : NULL;
    uint32_t which = one != NULL ? kinds_of(st, key) : 0;
    int rc = one != NULL ? 0 : -1;
    for (int kind = 0; rc == 0 && kind < N_POLICIES; kind++) {
        if (which & 1u << kind) {
            rc = options_apply(st, &policy_table, 1u << kind, one, &c->defaults[kind],
                               "policies", c->strict);
        }
    }
    Py_XDECREF(one);
    Py_XDECREF(key);
    return rc;
}

static int
apply_shared(module_state *st, client_config *c, PyObject *policies)
{
    int rc = 0;
    for (int i = 0; rc >= 0 && shared_keys[i] != NULL; i++) {
        PyObject *value;
        rc = PyDict_GetItemStringRef(policies, shared_keys[i], &value);
        if (rc > 0) {
            rc = apply_to_kinds(st, c, shared_keys[i], value);
            Py_DECREF(value);
        }
    }
    return rc < 0 ? -1 : 0;
}

/* A filter is a matter of single calls: as a default it never had an effect. */
static int
drop_filter(module_state *st, policy *p)
{
    if (p->filter == NULL) {
        return 0;
    }
    Py_CLEAR(p->filter);
    PyObject *said = PyObject_CallFunction(
        st->warn_once, "sss", "policies", "expressions",
        "\"expressions\" in the client's policies has no effect: give it to each call");
    Py_XDECREF(said);
    return said != NULL ? 0 : -1;
}

static int
apply_section(module_state *st, client_config *c, PyObject *key, PyObject *value)
{
    int kind = section_of(key);
    if (kind >= 0) {
        if (value == Py_None) {
            return 0;
        }
        if (!PyDict_Check(value)) {
            return raise_param(st, "policies.%s must be a dict, not %s",
                               policy_kind_name(kind), Py_TYPE(value)->tp_name);
        }
        return options_apply(st, &policy_table, 1u << kind, value, &c->defaults[kind],
                             policy_kind_name(kind), c->strict) < 0
                   ? -1
                   : drop_filter(st, &c->defaults[kind]);
    }
    if (is_in(later_keys, key)) {
        int truth = PyObject_IsTrue(value);
        return truth <= 0 ? truth
                          : raise_param(st, "policies.%U is not supported yet", key);
    }
    if (PyUnicode_Check(key) &&
        PyUnicode_CompareWithASCIIString(key, "max_threads") == 0) {
        int64_t n;
        if (option_int64(st, "max_threads", value, &n) < 0) {
            return -1;
        }
        if (n > MAX_CONNS) {
            return raise_param(st, "policies.max_threads is invalid: %lld is above %d",
                               (long long)n, MAX_CONNS);
        }
        c->cluster.max_conns_per_node = (uint32_t)(n < 1 ? 1 : n);
        return 0;
    }
    if (is_in(shared_keys, key) || is_in(ignored_keys, key)) {
        return 0;
    }
    PyObject *said = PyObject_CallFunction(st->report_unknown_key, "sO[ssss]O",
                                           "policies", key, "read", "write", "operate",
                                           "remove", c->strict ? Py_True : Py_False);
    Py_XDECREF(said);
    return said != NULL ? 0 : -1;
}

static int
parse_policies(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    PyObject *key = NULL, *item = NULL;
    Py_ssize_t at = 0;
    (void)row;
    if (!PyDict_Check(value)) {
        return raise_param(st, "policies must be a dict, not %s",
                           Py_TYPE(value)->tp_name);
    }
    int rc = apply_shared(st, c, value);
    while (rc == 0 && dict_next(value, &at, &key, &item)) {
        rc = apply_section(st, c, key, item);
    }
    Py_XDECREF(key);
    Py_XDECREF(item);
    return rc;
}

/* --- other keys --- */

/* Anything unknown stands for AS_BOOL, unless validate_keys is on. */
static int
parse_bool_as(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    int64_t v;
    bool known = PyLong_Check(value) && int64_from_py(value, &v) &&
                 v >= BOOL_AS_INTEGER && v <= BOOL_AS_PICKLE;
    if (c->strict && !known) {
        return raise_param(
            st,
            "\"%s\" is invalid: INTEGER, AS_BOOL or PY_BYTES is expected, "
            "not %R",
            row->name, value);
    }
    c->values.bool_as = known ? (int)v : BOOL_AS_BOOL;
    return 0;
}

/* None or a bool. */
static int
parse_legacy_types(module_state *st, const option *row, PyObject *value, void *target)
{
    if (value != Py_None && !PyBool_Check(value)) {
        return raise_param(st, "\"%s\" is invalid: None or a bool is expected, not %s",
                           row->name, Py_TYPE(value)->tp_name);
    }
    ((client_config *)target)->values.legacy_types = value == Py_None   ? NOT_GIVEN
                                                     : value == Py_True ? YES
                                                                        : NO;
    return 0;
}

/* A callable or None, to an owned reference. */
static int
store_callable(module_state *st, const char *what, PyObject *value, PyObject **at)
{
    if (value != Py_None && !PyCallable_Check(value)) {
        return raise_param(st, "%s must be callable, not %s", what,
                           Py_TYPE(value)->tp_name);
    }
    Py_XSETREF(*at, value == Py_None ? NULL : Py_NewRef(value));
    return 0;
}

/* (serializer, deserializer) */
static int
parse_serialization(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    if (value == Py_None) {
        return 0;
    }
    if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) != 2) {
        return raise_param(st,
                           "\"%s\" is invalid: a tuple (serializer, deserializer) is "
                           "expected",
                           row->name);
    }
    /* borrowed: a tuple does not change, and the caller holds this one */
    return store_callable(st, "Serializer", PyTuple_GET_ITEM(value, 0),
                          &c->values.serializer) < 0
               ? -1
               : store_callable(st, "Deserializer", PyTuple_GET_ITEM(value, 1),
                                &c->values.deserializer);
}

/* What a function of _pickle.py makes of a value, to an owned reference. */
static int
store_pickle_table(module_state *st, const char *function, const char *expected,
                   const option *row, PyObject *value, PyObject **at)
{
    PyObject *make = NULL;
    if (lazy_import(&make, "aerospike._pickle", function) == NULL) {
        return -1;
    }
    PyObject *table = PyObject_CallOneArg(make, value);
    Py_DECREF(make);
    if (table == NULL) {
        return PyErr_ExceptionMatches(PyExc_TypeError)
                   ? raise_param(st, "\"%s\" is invalid: %s is expected", row->name,
                                 expected)
                   : -1;
    }
    Py_XSETREF(*at, table);
    return 0;
}

/* The classes that pickled values may have besides Python's own value types. */
static int
parse_pickle_classes(module_state *st, const option *row, PyObject *value, void *target)
{
    return store_pickle_table(st, "class_table", "a list of classes", row, value,
                              &((client_config *)target)->values.pickle_classes);
}

/* What a pickled value may take. */
static int
parse_pickle_limits(module_state *st, const option *row, PyObject *value, void *target)
{
    return store_pickle_table(st, "limit_table",
                              "a dict of opcodes, hashed, growth, each above 0,", row,
                              value, &((client_config *)target)->values.pickle_limits);
}

static int
parse_cluster_name(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    if (value == Py_None) {
        return 0;
    }
    PyMem_Free((char *)c->cluster.cluster_name); /* of a second key that is equal */
    c->cluster.cluster_name = option_text(st, row->name, value);
    return c->cluster.cluster_name != NULL ? 0 : -1;
}

static int
parse_app_id(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "\"%s\" must be a str, not %s", row->name,
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    if (utf8_of(st, value, NULL, ASC_ERR_PARAM, "\"app_id\"") == NULL) {
        return -1;
    }
    Py_XSETREF(c->app_id, Py_NewRef(value));
    return 0;
}

static int
parse_fail_if_not_connected(module_state *st, const option *row, PyObject *value,
                            void *target)
{
    if (!PyBool_Check(value)) {
        return raise_param(st, "\"%s\" is invalid: a bool is expected, not %s",
                           row->name, Py_TYPE(value)->tp_name);
    }
    ((client_config *)target)->fail_if_not_connected = value == Py_True ? YES : NO;
    return 0;
}

static int
parse_tls(module_state *st, const option *row, PyObject *value, void *target)
{
    (void)target;
    if (!PyDict_Check(value)) {
        return raise_param(st, "\"%s\" is invalid: a dict is expected", row->name);
    }
    PyObject *enable;
    int truth = PyDict_GetItemStringRef(value, "enable", &enable);
    if (truth > 0) {
        truth = PyObject_IsTrue(enable);
        Py_DECREF(enable);
    }
    return truth <= 0 ? truth : raise_param(st, "TLS is not supported yet");
}

#define AT(field) .offset = offsetof(client_config, field)
#define U32(name, field) {name, OPTION_U32, 1, AT(field)}
#define UP_TO(limit, name, field) {name, OPTION_U32, 1, AT(field), .max = (limit)}
#define FLAG(name, field) {name, OPTION_BOOL, 1, AT(field)}

static const option config_rows[] = {
    {"hosts", OPTION_CUSTOM, 1, 0, .parse = parse_hosts},
    {"policies", OPTION_CUSTOM, 1, 0, .parse = parse_policies},
    {"send_bool_as", OPTION_CUSTOM, 1, 0, .parse = parse_bool_as},
    {"serialization", OPTION_CUSTOM, 1, 0, .parse = parse_serialization},
    {"legacy_types", OPTION_CUSTOM, 1, 0, .parse = parse_legacy_types},
    {"pickle_classes", OPTION_CUSTOM, 1, 0, .parse = parse_pickle_classes},
    {"pickle_limits", OPTION_CUSTOM, 1, 0, .parse = parse_pickle_limits},
    {"cluster_name", OPTION_CUSTOM, 1, 0, .parse = parse_cluster_name},
    {"app_id", OPTION_CUSTOM, 1, 0, .parse = parse_app_id},
    {"fail_if_not_connected", OPTION_CUSTOM, 1, 0,
     .parse = parse_fail_if_not_connected},
    {"tls", OPTION_CUSTOM, 1, 0, .parse = parse_tls},
    FLAG("validate_keys", strict),
    UP_TO(MAX_TEND_INTERVAL_MS, "tend_interval", cluster.tend_interval_ms),
    U32("connect_timeout", cluster.connect_timeout_ms),
    UP_TO(MAX_CONNS, "max_conns_per_node", cluster.max_conns_per_node),
    U32("min_conns_per_node", cluster.min_conns_per_node),
    U32("max_socket_idle", cluster.max_socket_idle_s),
    U32("max_error_rate", cluster.max_error_rate),
    U32("error_rate_window", cluster.error_rate_window),
    FLAG("use_services_alternate", cluster.use_services_alternate),
    FLAG("force_single_node", cluster.force_single_node),
    {"max_threads", OPTION_U32, 1, AT(cluster.max_conns_per_node), .max = MAX_CONNS,
     .new_name = "max_conns_per_node"},
    {"lua", OPTION_IGNORED, 1, 0}, /* folders of functions that cannot be run yet */
    {"strict_types", OPTION_IGNORED, 1, 0},
    {"batch_direct", OPTION_IGNORED, 1, 0},
    {"thread_pool_size", OPTION_IGNORED, 1, 0},
    {"user", OPTION_LATER, 1, 0},
    {"password", OPTION_LATER, 1, 0},
    {"shm", OPTION_LATER, 1, 0},
    {"use_shared_connection", OPTION_LATER, 1, 0},
    {"compression_threshold", OPTION_LATER, 1, 0},
    {"rack_aware", OPTION_LATER, 1, 0},
    {"rack_id", OPTION_LATER, 1, 0},
    {"rack_ids", OPTION_LATER, 1, 0},
    {"config_provider", OPTION_LATER, 1, 0},
    {"metrics", OPTION_LATER, 1, 0},
};

const option_table config_table = {
    config_rows, sizeof config_rows / sizeof config_rows[0], CONFIG_TABLE};

/* "python-<version>,<application>", shown by the servers. */
static int
set_user_agent(client_config *c)
{
    PyObject *text = c->app_id != NULL
                         ? PyUnicode_FromFormat("python-" ASC_VERSION ",%U", c->app_id)
                         : PyUnicode_FromString("python-" ASC_VERSION ",not-set");
    Py_ssize_t size;
    const char *utf8 = text != NULL ? PyUnicode_AsUTF8AndSize(text, &size) : NULL;
    c->cluster.user_agent = utf8 != NULL ? text_copy(utf8, (size_t)size) : NULL;
    Py_XDECREF(text);
    return c->cluster.user_agent != NULL ? 0 : -1;
}

/* validate_keys governs how the rest is read, so that it is read first. */
static int
read_strictness(module_state *st, client_config *c, PyObject *config)
{
    PyObject *value;
    int rc = PyDict_GetItemStringRef(config, "validate_keys", &value);
    if (rc > 0) {
        c->strict = c->values.strict = value == Py_True;
        rc = PyBool_Check(value)
                 ? 0
                 : raise_param(
                       st, "\"validate_keys\" is invalid: a bool is expected, not %s",
                       Py_TYPE(value)->tp_name);
        Py_DECREF(value);
    }
    return rc;
}

int
config_from_py(module_state *st, client_config *c, PyObject *config)
{
    *c = (client_config){.cluster = ASC_CONFIG_INIT,
                         .values = {.bool_as = BOOL_AS_BOOL, .legacy_types = NOT_GIVEN},
                         .fail_if_not_connected = NOT_GIVEN};
    c->cluster.user_agent = NULL;
    for (int kind = 0; kind < N_POLICIES; kind++) {
        policy_init(&c->defaults[kind], (policy_kind)kind);
    }
    if (!PyDict_Check(config)) {
        return raise_param(st, "Config must be a dict, not %s",
                           Py_TYPE(config)->tp_name);
    }
    int found = PyDict_ContainsString(config, "hosts");
    if (found <= 0) {
        return found < 0
                   ? -1
                   : raise_param(st,
                                 "Hosts must be a list: config[\"hosts\"] is missing");
    }
    if (read_strictness(st, c, config) < 0 ||
        options_apply(st, &config_table, 1, config, c, "client config", c->strict) <
            0) {
        return -1;
    }
    if (c->cluster.max_conns_per_node == 0) {
        return raise_param(st,
                           "\"max_conns_per_node\" is invalid: it must be at least 1");
    }
    if (c->values.legacy_types == YES) {
        c->values.bool_as = BOOL_AS_PICKLE;
    }
    c->cluster.fail_if_not_connected = c->fail_if_not_connected != NO;
    return set_user_agent(c);
}

void
config_clear(client_config *c)
{
    clear_hosts(c);
    PyMem_Free((char *)c->cluster.cluster_name);
    PyMem_Free((char *)c->cluster.user_agent);
    c->cluster = (asc_config){0};
    Py_CLEAR(c->app_id);
    Py_CLEAR(c->values.serializer);
    Py_CLEAR(c->values.deserializer);
    Py_CLEAR(c->values.pickle_classes);
    Py_CLEAR(c->values.pickle_limits);
    for (int kind = 0; kind < N_POLICIES; kind++) {
        policy_clear(&c->defaults[kind]);
    }
}
