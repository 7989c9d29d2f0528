/* This file reads a client's configuration: it has the rows of the keys, the functions
 * of those that need one, and what holds for the whole dict. Hosts and policies have
 * files of their own. */
#include "options/config.h"

#include <stdlib.h>
#include <string.h>

#include "options/hosts.h"
#include "support/compat.h"
#include "support/numbers.h"
#include "support/texts.h"

/* Whoever looks at the cluster less often than daily has confused a unit or a key. */
#define MAX_TEND_INTERVAL_MS (24 * 60 * 60 * 1000)

/* The library takes a shorter one for this. */
#define MIN_TEND_INTERVAL_MS 250

/* Servers close connections that are idle for a minute. */
#define TLS_SOCKET_IDLE_S 55

/* What asc_config says of the circuit breaker by default. */
#define DEFAULT_ERROR_RATE 100
#define DEFAULT_ERROR_WINDOW 1

/* More racks than that in the order of preference are no racks but a mistake. */
#define MAX_RACKS 256

/* --- keys that need a function: each is an option_parser, whose target is the
 * client_config --- */

static int
parse_hosts(module_state *st, const option *row, PyObject *value, void *target)
{
    (void)row;
    return hosts_from_py(st, &((client_config *)target)->cluster, value);
}

static int
parse_policies(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    (void)row;
    if (value == Py_None) {
        return 0;
    }
    return policies_from_py(st, c->defaults, &c->second, value, c->strict);
}

/* Take how bools are written. An unknown number stands for AS_BOOL, unless
 * validate_keys is on. */
static int
parse_bool_as(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    int64_t v;
    if (value == Py_None) {
        return 0;
    }
    bool known = PyLong_Check(value) && int64_from_py(value, &v) &&
                 v >= BOOL_AS_INTEGER && v <= BOOL_AS_PICKLE;
    if (!known && (c->strict || !PyLong_Check(value))) {
        return raise_param(st,
                           "%s is invalid" DETAIL
                           "INTEGER, AS_BOOL or PY_BYTES is expected, got %R",
                           row->name, value);
    }
    c->values.bool_as = known ? (int)v : BOOL_AS_BOOL;
    return 0;
}

/* Take "legacy_types", None or a bool. */
static int
parse_legacy_types(module_state *st, const option *row, PyObject *value, void *target)
{
    if (value != Py_None && !PyBool_Check(value)) {
        return raise_param(st,
                           "%s is invalid" DETAIL "None or a bool is expected, got %s",
                           row->name, Py_TYPE(value)->tp_name);
    }
    int *legacy_types = &((client_config *)target)->values.legacy_types;
    *legacy_types = value == Py_True ? YES : NO;
    if (value == Py_None) {
        *legacy_types = NOT_GIVEN;
    }
    return 0;
}

/* Keep a callable, or forget the old one for None: *at owns what it points to. */
static int
store_callable(module_state *st, const char *what, PyObject *value, PyObject **at)
{
    if (value != Py_None && !PyCallable_Check(value)) {
        return raise_param(st, "%s must be callable" DETAIL "got %s", what,
                           Py_TYPE(value)->tp_name);
    }
    Py_XSETREF(*at, value == Py_None ? NULL : Py_NewRef(value));
    return 0;
}

/* Take the pair (serializer, deserializer). */
static int
parse_serialization(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    if (value == Py_None) {
        return 0;
    }
    if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) != 2) {
        return raise_param(
            st, "%s is invalid" DETAIL "a tuple (serializer, deserializer) is expected",
            row->name);
    }
    /* borrowed: a tuple does not change, and the caller holds this one */
    PyObject *serializer = PyTuple_GET_ITEM(value, 0);
    PyObject *deserializer = PyTuple_GET_ITEM(value, 1); /* borrowed: likewise */
    if (store_callable(st, "Serializer", serializer, &c->values.serializer) < 0) {
        return -1;
    }
    return store_callable(st, "Deserializer", deserializer, &c->values.deserializer);
}

/* Keep what a function of _pickle.py makes of a value: *at owns it. */
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
                   ? raise_param(st, "%s is invalid" DETAIL "%s is expected", row->name,
                                 expected)
                   : -1;
    }
    Py_XSETREF(*at, table);
    return 0;
}

/* Take the classes that pickled values may have besides Python's own value types. */
static int
parse_pickle_classes(module_state *st, const option *row, PyObject *value, void *target)
{
    return store_pickle_table(st, "class_table", "a list of classes", row, value,
                              &((client_config *)target)->values.pickle_classes);
}

/* Take the limits of what a pickled value may cost. */
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
    if (value == Py_None) {
        return 0;
    }
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

/* aerospike._monitor reads the value, before the rest of the configuration is read. */
static int
parse_elsewhere(module_state *st, const option *row, PyObject *value, void *target)
{
    (void)st, (void)row, (void)value, (void)target;
    return 0;
}

/* Keep user or password until all that their use depends on is known. */
static int
parse_user(module_state *st, const option *row, PyObject *value, void *target)
{
    (void)st, (void)row;
    Py_XSETREF(((client_config *)target)->user,
               value != Py_None ? Py_NewRef(value) : NULL);
    return 0;
}

static int
parse_password(module_state *st, const option *row, PyObject *value, void *target)
{
    (void)st, (void)row;
    Py_XSETREF(((client_config *)target)->password,
               value != Py_None ? Py_NewRef(value) : NULL);
    return 0;
}

/* Take above how many bytes requests are compressed. */
static int
parse_compression_threshold(module_state *st, const option *row, PyObject *value,
                            void *target)
{
    int64_t v;
    if (option_int64(st, row->name, value, &v) < 0) {
        return -1;
    }
    if (v < 0) {
        return raise_param(st,
                           "Compression value must not be negative" DETAIL "%s is %lld",
                           row->name, (long long)v);
    }
    ((client_config *)target)->compression_threshold =
        v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
    return 0;
}

static int
parse_fail_if_not_connected(module_state *st, const option *row, PyObject *value,
                            void *target)
{
    if (!PyBool_Check(value)) {
        return raise_param(st, "%s is invalid" DETAIL "a bool is expected, got %s",
                           row->name, Py_TYPE(value)->tp_name);
    }
    ((client_config *)target)->fail_if_not_connected = value == Py_True ? YES : NO;
    return 0;
}

/* Take the number of a rack. */
static int
rack_from_py(module_state *st, const option *row, PyObject *value, int32_t *out)
{
    int64_t v;
    if (!PyLong_Check(value)) {
        return raise_param(st, "%s is invalid" DETAIL "an int is expected, got %s",
                           row->name, Py_TYPE(value)->tp_name);
    }
    if (!int64_from_py(value, &v) || v < INT32_MIN || v > INT32_MAX) {
        return raise_param(st, "%s is invalid" DETAIL "%R is not in 32 bits", row->name,
                           value);
    }
    *out = (int32_t)v;
    return 0;
}

static int
parse_rack_id(module_state *st, const option *row, PyObject *value, void *target)
{
    return rack_from_py(st, row, value, &((client_config *)target)->rack_id);
}

/* Give the configuration of a cluster n racks in place of those that it had. 0, or -1
 * with an exception. */
static int
copy_racks(asc_config *to, const int32_t *racks, size_t n)
{
    int32_t *copy = PyMem_Malloc((n + 1) * sizeof *copy);
    if (copy == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(copy, racks, n * sizeof *copy);
    PyMem_Free((int32_t *)to->rack_ids);
    to->rack_ids = copy;
    to->n_rack_ids = n;
    return 0;
}

/* Take the racks in the order of preference. An empty list says as little as none. */
static int
parse_rack_ids(module_state *st, const option *row, PyObject *value, void *target)
{
    int32_t racks[MAX_RACKS];
    Py_ssize_t n = PyList_Check(value) ? PyList_GET_SIZE(value) : -1;
    if (n < 0) {
        return raise_param(st, "%s is invalid" DETAIL "a list is expected, got %s",
                           row->name, Py_TYPE(value)->tp_name);
    }
    if (n > MAX_RACKS) {
        return raise_param(st, "%s is invalid" DETAIL "%zd racks are more than %d",
                           row->name, n, MAX_RACKS);
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = PyList_GetItemRef(value, i); /* IndexError if it shrank */
        int rc = item != NULL ? rack_from_py(st, row, item, &racks[i]) : -1;
        Py_XDECREF(item);
        if (rc < 0) {
            return -1;
        }
    }
    return copy_racks(&((client_config *)target)->cluster, racks, (size_t)n);
}

/* Keep what names the file, until the rest is known. */
static int
parse_config_provider(module_state *st, const option *row, PyObject *value,
                      void *target)
{
    PyObject *cls = import_attribute("aerospike", "ConfigProvider");
    int is_one = cls != NULL ? PyObject_IsInstance(value, cls) : -1;
    Py_XDECREF(cls);
    if (is_one < 0) {
        return -1;
    }
    if (!is_one) {
        return raise_param(st,
                           "%s must be an aerospike.ConfigProvider class instance. "
                           "But a %s was received instead",
                           row->name, Py_TYPE(value)->tp_name);
    }
    Py_XSETREF(((client_config *)target)->provider, Py_NewRef(value));
    return 0;
}

/* --- sections: dicts with a table of their own --- */

/* Apply a section to the struct that is its target. */
static int
parse_section(module_state *st, const option_table *table, const option *row,
              PyObject *value, void *target, int strict)
{
    if (value == Py_None) {
        return 0;
    }
    if (!PyDict_Check(value)) {
        return raise_param(st, "%s is invalid" DETAIL "a dict is expected, got %s",
                           row->name, Py_TYPE(value)->tp_name);
    }
    return options_apply(st, table, 1, value, target, "client config", row->name, NULL,
                         strict);
}

static int
parse_tls(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    c->tls.has_keys = PyDict_Check(value) && PyDict_GET_SIZE(value) > 0;
    return parse_section(st, &tls_table, row, value, &c->tls, c->strict);
}

static int
parse_lua(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    return parse_section(st, &lua_table, row, value, &c->lua, c->strict);
}

/* Keep the section until the rest is known: its sizes win over those that stand beside
 * it. */
static int
parse_shm(module_state *st, const option *row, PyObject *value, void *target)
{
    client_config *c = target;
    if (value != Py_None && !PyDict_Check(value)) {
        return raise_param(st, "%s is invalid" DETAIL "a dict is expected, got %s",
                           row->name, Py_TYPE(value)->tp_name);
    }
    Py_XSETREF(c->shm, value != Py_None ? Py_NewRef(value) : NULL);
    return 0;
}

/* Take the key, which names the memory: 32 bits, as a number without a sign. */
static int
parse_shm_key(module_state *st, const option *row, PyObject *value, void *target)
{
    int64_t key;
    if (option_int64(st, row->name, value, &key) < 0) {
        return -1;
    }
    if (key < 0 || key > UINT32_MAX) {
        return raise_param(st,
                           "%s is invalid" DETAIL
                           "a number from 0 to 0xFFFFFFFF is expected, got %R",
                           row->name, value);
    }
    ((client_config *)target)->cluster.shm.key = (uint32_t)key;
    return 0;
}

#define AT(field) .offset = offsetof(client_config, field)
#define U32(name, field) {name, OPTION_U32, 1, AT(field)}
#define UP_TO(limit, name, field) {name, OPTION_U32, 1, AT(field), .max = (limit)}
#define FLAG(name, field) {name, OPTION_BOOL, 1, AT(field)}

/* Sizes of the shared memory, under today's name and an older one. */
#define SHM_SIZE(limit, name, field)                                                   \
    {name, OPTION_U32, 1, AT(cluster.shm.field), .max = (limit)},                      \
    {                                                                                  \
        "shm_" name, OPTION_U32, 1, AT(cluster.shm.field), .max = (limit),             \
            .new_name = name                                                           \
    }

static const option shm_rows[] = {
    SHM_SIZE(ASC_SHM_MAX_NODES, "max_nodes", max_nodes),
    SHM_SIZE(ASC_SHM_MAX_NAMESPACES, "max_namespaces", max_namespaces),
    SHM_SIZE(UINT32_MAX, "takeover_threshold_sec", takeover_threshold_s),
    {"shm_key", OPTION_CUSTOM, 1, .parse = parse_shm_key},
};

const option_table shm_table = {shm_rows, sizeof shm_rows / sizeof shm_rows[0],
                                SHM_TABLE, "shm"};

static const option config_rows[] = {
    {"hosts", OPTION_CUSTOM, 1, .parse = parse_hosts},
    {"policies", OPTION_CUSTOM, 1, .parse = parse_policies},
    {"send_bool_as", OPTION_CUSTOM, 1, .parse = parse_bool_as},
    {"serialization", OPTION_CUSTOM, 1, .parse = parse_serialization},
    {"legacy_types", OPTION_CUSTOM, 1, .parse = parse_legacy_types},
    {"pickle_classes", OPTION_CUSTOM, 1, .parse = parse_pickle_classes},
    {"pickle_limits", OPTION_CUSTOM, 1, .parse = parse_pickle_limits},
    {"cluster_name", OPTION_CUSTOM, 1, .parse = parse_cluster_name},
    {"app_id", OPTION_CUSTOM, 1, .parse = parse_app_id},
    {"fail_if_not_connected", OPTION_CUSTOM, 1, .parse = parse_fail_if_not_connected},
    {"tls", OPTION_CUSTOM, 1, .parse = parse_tls},
    FLAG("validate_keys", strict),
    FLAG("error_keys", error_keys),
    {"tend_interval", OPTION_U32, 1, AT(cluster.tend_interval_ms),
     .min = MIN_TEND_INTERVAL_MS, .max = MAX_TEND_INTERVAL_MS},
    U32("connect_timeout", cluster.connect_timeout_ms),
    {"max_conns_per_node", OPTION_U32, 1, AT(cluster.max_conns_per_node),
     .max = MAX_CONNS, .given = offsetof(client_config, max_conns_given)},
    U32("pool_timeout", cluster.pool_timeout_ms),
    U32("min_conns_per_node", cluster.min_conns_per_node),
    {"max_socket_idle", OPTION_U32, 1, AT(cluster.max_socket_idle_s),
     .given = offsetof(client_config, max_socket_idle_given)},
    U32("max_error_rate", cluster.max_error_rate),
    U32("error_rate_window", cluster.error_rate_window),
    FLAG("use_services_alternate", cluster.use_services_alternate),
    FLAG("force_single_node", cluster.force_single_node),
    {"max_threads", OPTION_U32, 1, AT(cluster.max_conns_per_node), .max = MAX_CONNS,
     .new_name = "max_conns_per_node",
     .given = offsetof(client_config, max_conns_given)},
    {"lua", OPTION_CUSTOM, 1, .parse = parse_lua},
    {"strict_types", OPTION_NOT_BOOL, 1, AT(values.lenient_types)},
    {"batch_direct", OPTION_IGNORED, 1},
    {"thread_pool_size", OPTION_U32, 1, AT(cluster.max_at_once),
     .given = offsetof(client_config, max_at_once_given)},
    {"user", OPTION_CUSTOM, 1, .parse = parse_user},
    {"password", OPTION_CUSTOM, 1, .parse = parse_password},
    {"shm", OPTION_CUSTOM, 1, .parse = parse_shm},
    UP_TO(ASC_SHM_MAX_NODES, "shm_max_nodes", cluster.shm.max_nodes),
    UP_TO(ASC_SHM_MAX_NAMESPACES, "shm_max_namespaces", cluster.shm.max_namespaces),
    U32("shm_takeover_threshold_sec", cluster.shm.takeover_threshold_s),
    FLAG("use_shared_connection", shares_cluster),
    {"compression_threshold", OPTION_CUSTOM, 1, .parse = parse_compression_threshold,
     LACKS_ZLIB},
    FLAG("rack_aware", cluster.rack_aware),
    {"rack_id", OPTION_CUSTOM, 1, .parse = parse_rack_id},
    {"rack_ids", OPTION_CUSTOM, 1, .parse = parse_rack_ids},
    {"config_provider", OPTION_CUSTOM, 1, .parse = parse_config_provider},
    {"event_listeners", OPTION_CUSTOM, 1, .parse = parse_elsewhere},
};

const option_table config_table = {
    config_rows, sizeof config_rows / sizeof config_rows[0], CONFIG_TABLE};

/* Take what `policies` says of the client, where the configuration itself does not. */
static void
use_second_homes(client_config *c)
{
    if (!c->max_conns_given && c->second.max_conns != 0) {
        c->cluster.max_conns_per_node = c->second.max_conns;
    }
    if (!c->max_at_once_given) {
        c->cluster.max_at_once = c->second.max_at_once;
    }
    c->cluster.login_timeout_ms = c->second.login_timeout_ms;
    c->login.mode = c->second.auth_mode;
}

/* Apply the section "shm", whose presence means that tending is shared. */
static int
read_shm(module_state *st, client_config *c)
{
    asc_shm_config *shm = &c->cluster.shm;
    if (c->shm != NULL && options_apply(st, &shm_table, 1, c->shm, c, "client config",
                                        "shm", NULL, c->strict) < 0) {
        return -1;
    }
    shm->enable = c->shm != NULL;
    Py_CLEAR(c->shm);
    if (shm->max_nodes == 0 || shm->max_namespaces == 0) {
        return raise_param(st, "shm is invalid" DETAIL
                               "max_nodes and max_namespaces must be at least 1");
    }
    return 0;
}

/* What the library takes: 1 to 100 errors for each tend interval of a window. Other
 * ratios are refused when strict; else the defaults hold in their place. No limit is
 * right with any window. 0, or -1 with an exception. */
static int
check_error_rate(module_state *st, client_config *c)
{
    static const char text[] =
        "max_error_rate must be 1 to 100 times error_rate_window, "
        "or 0: there is no limit then";
    asc_config *cluster = &c->cluster;
    uint64_t rate = cluster->max_error_rate, window = cluster->error_rate_window;
    if (rate == 0 || (window <= rate && rate <= 100 * window)) {
        return 0;
    }
    if (c->strict) {
        return raise_param(st, "max_error_rate is invalid" DETAIL "%s", text);
    }
    cluster->max_error_rate = DEFAULT_ERROR_RATE;
    cluster->error_rate_window = DEFAULT_ERROR_WINDOW;
    PyObject *said = PyObject_CallFunction(
        st->warn_once, "ssN", "client config", "max_error_rate",
        PyUnicode_FromFormat("%s; the defaults, %d and %d, are used", text,
                             DEFAULT_ERROR_RATE, DEFAULT_ERROR_WINDOW));
    Py_XDECREF(said);
    return said != NULL ? 0 : -1;
}

/* Make the preferred racks whole. They have no effect where nobody asks the nodes for
 * theirs, and a warning says so, unless that is meant: where "rack_aware" is given. */
static int
read_racks(module_state *st, client_config *c, PyObject *config)
{
    bool are_given = c->cluster.n_rack_ids != 0 || c->rack_id != 0;
    if (c->cluster.n_rack_ids == 0 && copy_racks(&c->cluster, &c->rack_id, 1) < 0) {
        return -1;
    }
    bool may_lack = are_given && !c->cluster.rack_aware;
    int found = may_lack ? PyDict_ContainsString(config, "rack_aware") : 1;
    if (found != 0) {
        return found < 0 ? -1 : 0;
    }
    PyObject *said =
        PyObject_CallFunction(st->warn_once, "sss", "client config", "rack_aware",
                              "rack_id and rack_ids have no effect without "
                              "\"rack_aware\": set it to True, or "
                              "to False if that is meant");
    Py_XDECREF(said);
    return said != NULL ? 0 : -1;
}

/* Are connections over TLS, and does nobody say how long they may be idle? */
static bool
idles_by_tls(const client_config *c)
{
    return c->tls.enable && !c->tls.for_login_only && !c->max_socket_idle_given;
}

/* Put the transport of TLS into the configuration, if it is enabled. Connections over
 * TLS are closed before a server would, unless the caller knows better. */
static int
set_transport(module_state *st, client_config *c)
{
    if (!c->tls.enable) {
        c->cluster.tls_is_off = c->tls.has_keys;
        return warn_of_tls_without_enable(st, &c->tls) < 0
                   ? -1
                   : warn_of_tls_names(st, &c->cluster);
    }
    if (c->tls.for_login_only) {
        return tls_transport(st, &c->tls, &c->cluster.login_transport);
    }
    if (idles_by_tls(c)) {
        c->cluster.max_socket_idle_s = TLS_SOCKET_IDLE_S;
    }
    return tls_transport(st, &c->tls, &c->cluster.transport);
}

/* Make the text "python-<version>,<application>", which the servers show. */
static int
set_user_agent(module_state *st, client_config *c)
{
    PyObject *text = c->app_id != NULL
                         ? PyUnicode_FromFormat("python-" ASC_VERSION ",%U", c->app_id)
                         : PyUnicode_FromString("python-" ASC_VERSION ",not-set");
    Py_ssize_t size;
    const char *utf8 =
        text != NULL ? utf8_of(st, text, &size, ASC_ERR_PARAM, "\"app_id\"") : NULL;
    c->cluster.user_agent = utf8 != NULL ? text_copy(utf8, (size_t)size) : NULL;
    Py_XDECREF(text);
    return c->cluster.user_agent != NULL ? 0 : -1;
}

/* Make the credentials of user and password, which are then forgotten. */
static int
make_credentials(module_state *st, client_config *c)
{
    c->login.has_tls = c->tls.enable;
    c->login.has_certificate = c->tls.enable && c->tls.has_certificate;
    int rc = credentials_from_py(st, &c->cluster.credentials, &c->login, c->user,
                                 c->password);
    Py_CLEAR(c->user);
    Py_CLEAR(c->password);
    return rc;
}

/* Read "validate_keys" first, since it governs how the rest is read. */
static int
read_strictness(module_state *st, client_config *c, PyObject *config)
{
    PyObject *value;
    int rc = PyDict_GetItemStringRef(config, "validate_keys", &value);
    if (rc > 0) {
        c->strict = c->values.strict = value == Py_True;
        rc = PyBool_Check(value)
                 ? 0
                 : raise_param(st,
                               "config[\"validate_keys\"] must be a boolean" DETAIL
                               "got %s",
                               Py_TYPE(value)->tp_name);
        Py_DECREF(value);
    }
    return rc;
}

/* --- the file --- */

policy
config_policy(const client_config *c, policy_kind kind)
{
    if (c->file == NULL) {
        return c->defaults[kind];
    }
    field_lock_take(&c->file->lock);
    policy now = c->file->in_force[kind];
    field_lock_drop(&c->file->lock);
    return now;
}

/* Note which keys of all kinds the file gives. 0, or -1 with an exception. */
static int
fix_policies(module_state *st, policy fresh[N_POLICIES], PyObject *policies)
{
    for (int kind = 0; kind < N_POLICIES; kind++) {
        PyObject *section;
        int found = PyDict_GetItemStringRef(policies, policy_kind_name(kind), &section);
        if (found > 0) {
            policy_fix(st, &fresh[kind], (policy_kind)kind, section);
            Py_DECREF(section);
        }
        if (found < 0) {
            return -1;
        }
    }
    return 0;
}

/* fresh = the policies of the configuration with those of its file laid over them; the
 * keys of the client go to *keys. 0, or -1 with an exception. */
static int
lay_policies(module_state *st, const client_config *c, PyObject *policies,
             policy fresh[N_POLICIES], client_keys *keys)
{
    memcpy(fresh, c->defaults, sizeof c->defaults);
    int rc = policies_from_py(st, fresh, keys, policies, c->strict);
    return rc == 0 ? fix_policies(st, fresh, policies) : -1;
}

/* Keep what the configuration says of the cluster, before its file is laid over it. */
static int
keep_own(file_config *file, const client_config *c)
{
    file->own = c->cluster;
    file->own.rack_ids = NULL;
    file->own.n_rack_ids = 0;
    file->own_idle = c->max_socket_idle_given;
    file->own_login_timeout_ms = c->second.login_timeout_ms;
    return c->cluster.n_rack_ids != 0
               ? copy_racks(&file->own, c->cluster.rack_ids, c->cluster.n_rack_ids)
               : copy_racks(&file->own, &c->rack_id, 1);
}

/* Read the file with dynamic settings, if there is one, and keep what reads it again.
 * 0, or -1 with an exception. */
static int
read_file(module_state *st, client_config *c)
{
    PyObject *begin = NULL, *config, *policies, *watch;
    if (c->provider == NULL && getenv("AEROSPIKE_CLIENT_CONFIG_URL") == NULL) {
        return 0;
    }
    if (lazy_import(&begin, "aerospike._watch", "begin") == NULL) {
        return -1;
    }
    PyObject *found =
        PyObject_CallFunction(begin, "OO", c->provider != NULL ? c->provider : Py_None,
                              c->strict ? Py_True : Py_False);
    Py_DECREF(begin);
    Py_CLEAR(c->provider);
    if (found == NULL || found == Py_None) {
        Py_XDECREF(found);
        return found != NULL ? 0 : -1;
    }
    int rc = -1;
    c->file = PyMem_Calloc(1, sizeof *c->file);
    if (c->file == NULL) {
        PyErr_NoMemory();
    }
    else if (PyArg_ParseTuple(found, "OOO", &watch, &config, &policies)) {
        c->file->watch = Py_NewRef(watch);
        rc = keep_own(c->file, c);
        if (rc == 0) {
            rc = lay_policies(st, c, policies, c->file->in_force, &c->second);
        }
        if (rc == 0) {
            rc = options_apply(st, &config_table, 1, config, c, "client config", "",
                               NULL, c->strict);
        }
    }
    Py_DECREF(found);
    return rc;
}

/* *next = the configuration of the cluster with the keys of the file laid over it; its
 * racks are the caller's. 0, or -1 with an exception. */
static int
lay_config(module_state *st, const client_config *c, PyObject *config,
           client_config *next)
{
    const file_config *file = c->file;
    *next = *c; /* borrowed: only racks are read into it that it may free */
    next->cluster = file->own;
    next->cluster.rack_ids = NULL;
    next->cluster.n_rack_ids = 0;
    next->max_socket_idle_given = file->own_idle;
    if (options_apply(st, &config_table, 1, config, next, "client config", "", NULL,
                      c->strict) < 0 ||
        check_error_rate(st, next) < 0) {
        return -1;
    }
    if (idles_by_tls(next)) {
        next->cluster.max_socket_idle_s = TLS_SOCKET_IDLE_S;
    }
    return next->cluster.n_rack_ids != 0
               ? 0
               : copy_racks(&next->cluster, file->own.rack_ids, file->own.n_rack_ids);
}

int
config_follow_file(module_state *st, client_config *c, PyObject *config,
                   PyObject *policies)
{
    policy fresh[N_POLICIES];
    client_config next;
    file_config *file = c->file;
    if (file == NULL) {
        return 0;
    }
    client_keys keys = {.login_timeout_ms = file->own_login_timeout_ms};
    int rc = lay_policies(st, c, policies, fresh, &keys);
    /* not used: a file has a section for metrics, which is followed in Python */
    Py_CLEAR(keys.metrics);
    if (rc < 0) {
        return -1;
    }
    rc = lay_config(st, c, config, &next);
    const int32_t *dropped = next.cluster.rack_ids;
    next.cluster.login_timeout_ms = keys.login_timeout_ms;
    if (rc == 0) {
        field_lock_take(&file->lock);
        memcpy(file->in_force, fresh, sizeof fresh);
        dropped = file->tuned.rack_ids;
        file->tuned = next.cluster;
        file->has_tuned = true;
        field_lock_drop(&file->lock);
    }
    PyMem_Free((int32_t *)dropped);
    return rc;
}

int
config_tune(const client_config *c, asc_cluster *cluster)
{
    file_config *file = c->file;
    asc_error err;
    asc_error_reset(&err);
    asc_status rc = ASC_OK;
    if (file == NULL) {
        return 0;
    }
    field_lock_take(&file->lock); /* the racks are copied while nobody replaces them */
    if (file->has_tuned) {
        rc = asc_cluster_tune(cluster, &file->tuned, &err);
    }
    field_lock_drop(&file->lock);
    if (rc != ASC_OK) {
        PyErr_NoMemory();
    }
    return rc == ASC_OK ? 0 : -1;
}

/* Refuse a configuration without hosts; perhaps the key is misspelt. Returns -1. */
static int
refuse_no_hosts(module_state *st, PyObject *config)
{
    PyObject *text = PyObject_CallFunction(st->explain_missing, "Os", config, "hosts");
    if (text != NULL) {
        raise_param(st, "Hosts must be a list" DETAIL "%S", text);
        Py_DECREF(text);
    }
    return -1;
}

int
config_from_py(module_state *st, client_config *c, PyObject *config)
{
    *c = (client_config){.cluster = ASC_CONFIG_INIT,
                         .values = {.bool_as = BOOL_AS_BOOL, .legacy_types = NOT_GIVEN},
                         .lua = LUA_OPTIONS_INIT,
                         .error_keys = true,
                         .fail_if_not_connected = NOT_GIVEN};
    c->second = (client_keys){.login_timeout_ms = c->cluster.login_timeout_ms,
                              .auth_mode = c->login.mode};
    c->cluster.user_agent = NULL; /* a literal until here, which nobody may free */
    for (int kind = 0; kind < N_POLICIES; kind++) {
        policy_init(&c->defaults[kind], (policy_kind)kind);
    }
    if (!PyDict_Check(config)) {
        return raise_param(st, "Config must be a dict" DETAIL "got %s",
                           Py_TYPE(config)->tp_name);
    }
    if (read_strictness(st, c, config) < 0) {
        return -1;
    }
    int found = PyDict_ContainsString(config, "hosts");
    if (found <= 0) {
        return found < 0 ? -1 : refuse_no_hosts(st, config);
    }
    if (options_apply(st, &config_table, 1, config, c, "client config", "", NULL,
                      c->strict) < 0) {
        return -1;
    }
    policies_set_threshold(c->defaults, c->compression_threshold);
    if (read_file(st, c) < 0) {
        return -1;
    }
    use_second_homes(c);
    if (read_shm(st, c) < 0) {
        return -1;
    }
    if (c->cluster.max_conns_per_node == 0) {
        return raise_param(st, "max_conns_per_node is invalid" DETAIL
                               "it must be at least 1");
    }
    if (c->cluster.min_conns_per_node > c->cluster.max_conns_per_node) {
        return raise_param(st,
                           "min_conns_per_node is invalid" DETAIL
                           "%u is above max_conns_per_node, which is %u",
                           c->cluster.min_conns_per_node,
                           c->cluster.max_conns_per_node);
    }
    if (check_error_rate(st, c) < 0) {
        return -1;
    }
    if (c->values.legacy_types == YES) {
        /* older clients pickle bools */ /* the types of the old days have no bool */
        c->values.bool_as = BOOL_AS_PICKLE;
    }
    if (read_racks(st, c, config) < 0) {
        return -1;
    }
    c->cluster.fail_if_not_connected = c->fail_if_not_connected != NO;
    if (set_user_agent(st, c) < 0 || set_transport(st, c) < 0) {
        return -1;
    }
    return make_credentials(st, c);
}

void
config_clear(client_config *c)
{
    hosts_clear(&c->cluster);
    if (c->tls.library != NULL) {
        c->tls.library->release(c->tls.for_login_only ? c->cluster.login_transport
                                                      : c->cluster.transport);
        c->tls.library = NULL;
    }
    tls_clear(&c->tls);
    lua_options_clear(&c->lua);
    PyMem_Free((char *)c->cluster.cluster_name);
    PyMem_Free((char *)c->cluster.user_agent);
    PyMem_Free((int32_t *)c->cluster.rack_ids);
    asc_credentials_release(c->cluster.credentials);
    c->cluster = (asc_config){0};
    if (c->file != NULL) {
        Py_XDECREF(c->file->watch);
        PyMem_Free((int32_t *)c->file->own.rack_ids);
        PyMem_Free((int32_t *)c->file->tuned.rack_ids);
        PyMem_Free(c->file);
        c->file = NULL;
    }
    Py_CLEAR(c->provider);
    Py_CLEAR(c->app_id);
    Py_CLEAR(c->user);
    Py_CLEAR(c->password);
    Py_CLEAR(c->shm);
    Py_CLEAR(c->second.metrics);
    Py_CLEAR(c->values.serializer);
    Py_CLEAR(c->values.deserializer);
    Py_CLEAR(c->values.pickle_classes);
    Py_CLEAR(c->values.pickle_limits);
    for (int kind = 0; kind < N_POLICIES; kind++) {
        policy_clear(&c->defaults[kind]);
    }
}
