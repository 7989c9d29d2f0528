/* config["policies"] is a dict of sections, one for each kind of policy. Beside the
 * sections it takes keys that hold for all kinds (rows of the policy table say which),
 * and a few keys of the client that have their own table here. */
#include "options/policies.h"

#include "support/compat.h"
#include "support/numbers.h"

/* What applications compare, for every wrong value of a policy. */
#define BAD_POLICY "Invalid Policy setting value"

/* --- keys of the client --- */

/* Take the limit of connections to one node, which older applications give here. */
static int
parse_max_threads(module_state *st, const option *row, PyObject *value, void *target)
{
    int64_t n;
    if (option_int64(st, row->name, value, &n) < 0) {
        return -1;
    }
    if (n > MAX_CONNS) {
        return raise_param(st, "policies.%s is invalid: %lld is above %d", row->name,
                           (long long)n, MAX_CONNS);
    }
    ((client_keys *)target)->max_conns = (uint32_t)(n < 1 ? 1 : n);
    return 0;
}

/* Take who looks users up. A number that is none of the constants is always refused:
 * what it stands for decides whether a password is sent in clear. */
static int
parse_auth_mode(module_state *st, const option *row, PyObject *value, void *target)
{
    int64_t mode;
    if (option_int64(st, row->name, value, &mode) < 0) {
        return -1;
    }
    if (mode < AUTH_INTERNAL || mode > AUTH_PKI) {
        return raise_param(st,
                           "policies.%s is invalid" DETAIL
                           "an AUTH_* constant is expected, got %lld",
                           row->name, (long long)mode);
    }
    ((client_keys *)target)->auth_mode = (auth_mode)mode;
    return 0;
}

/* Take what enable_metrics() does by default: a copy, which the program cannot change
 * afterwards. */
static int
parse_metrics(module_state *st, const option *row, PyObject *value, void *target)
{
    (void)st, (void)row;
    client_keys *keys = target;
    PyObject *copy = import_attribute("aerospike._metrics", "policy_of_config");
    PyObject *copied = copy != NULL ? PyObject_CallOneArg(copy, value) : NULL;
    Py_XDECREF(copy);
    if (copied == NULL) {
        return -1;
    }
    Py_XSETREF(keys->metrics, copied);
    return 0;
}

static const option rows[] = {
    {"max_threads", OPTION_CUSTOM, 1, .parse = parse_max_threads},
    {"metrics", OPTION_CUSTOM, 1, .parse = parse_metrics},
    {"auth_mode", OPTION_CUSTOM, 1, .parse = parse_auth_mode},
    {"login_timeout_ms", OPTION_U32, 1, offsetof(client_keys, login_timeout_ms)},
    {"thread_pool_size", OPTION_U32, 1, offsetof(client_keys, max_at_once)},
};

const option_table policies_table = {rows, sizeof rows / sizeof rows[0],
                                     POLICIES_TABLE};

/* --- keys of all kinds --- */

/* Find the row of a key in the policies of a kind, if the key holds for all kinds; or
 * NULL. */
static const option *
find_shared(module_state *st, policy_kind kind, PyObject *key)
{
    const option *row = policy_kind_shares(kind)
                            ? options_find(st, &policy_table, 1u << kind, key)
                            : NULL;
    return row != NULL && row->is_shared ? row : NULL;
}

/* Does any kind have the key as a shared one? */
static bool
is_shared(module_state *st, PyObject *key)
{
    for (int kind = 0; kind < N_POLICIES; kind++) {
        if (find_shared(st, (policy_kind)kind, key) != NULL) {
            return true;
        }
    }
    return false;
}

/* Store one key in every kind that has it as a shared key. is_old says which keys this
 * pass is about: old names, or those of today. 0, or -1 with an exception. */
static int
apply_key(module_state *st, policy *defaults, PyObject *key, PyObject *value,
          bool is_old, int strict)
{
    int rc = 0;
    for (int kind = 0; rc == 0 && kind < N_POLICIES; kind++) {
        const option *row = find_shared(st, (policy_kind)kind, key);
        if (row != NULL && (row->new_name != NULL) == is_old) {
            rc = option_store(st, row, value, &defaults[kind], strict);
            if (rc < 0) {
                raise_instead(st, BAD_POLICY, "policies");
            }
        }
    }
    return rc;
}

/* Store the keys that hold for many kinds: those that are old names, or those of
 * today. */
static int
apply_shared(module_state *st, policy *defaults, PyObject *policies, bool is_old,
             int strict)
{
    PyObject *key = NULL, *value = NULL;
    Py_ssize_t at = 0;
    int rc = 0;
    Py_BEGIN_CRITICAL_SECTION(policies);
    while (rc == 0 && dict_next(policies, &at, &key, &value)) {
        rc = apply_key(st, defaults, key, value, is_old, strict);
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(key);
    Py_XDECREF(value);
    return rc;
}

/* --- sections --- */

/* Find the kind of policy that a section is for, or -1. */
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

/* Refuse what only a single call can say. */
static int
refuse_per_call(module_state *st, PyObject *section, const char *name)
{
    static const char *const keys[] = {"partition_filter", "txn"};
    int found = 0;
    for (size_t i = 0; found == 0 && i < sizeof keys / sizeof keys[0]; i++) {
        found = PyDict_ContainsString(section, keys[i]);
        if (found > 0) {
            return raise_param(st,
                               "policies.%s: \"%s\" cannot be a default: give it to "
                               "each call",
                               name, keys[i]);
        }
    }
    return found;
}

/* Warn once that a filter as a client's default has no effect. */
static int
warn_of_filter(module_state *st)
{
    PyObject *said = PyObject_CallFunction(
        st->warn_once, "sss", "policies", "expressions",
        "\"expressions\" in the client's policies has no effect: give it to each call");
    Py_XDECREF(said);
    return said != NULL ? 0 : -1;
}

/* Lay a section over the defaults of its kind. 0, or -1 with an exception. */
static int
apply_section(module_state *st, policy *defaults, int kind, PyObject *section,
              int strict)
{
    const char *name = policy_kind_name(kind);
    if (section == Py_None) {
        return 0;
    }
    if (!PyDict_Check(section)) {
        return raise_param(st, BAD_POLICY DETAIL "policies.%s must be a dict, got %s",
                           name, Py_TYPE(section)->tp_name);
    }
    char place[32];
    PyOS_snprintf(place, sizeof place, "policies.%s", name);
    if (refuse_per_call(st, section, name) < 0 ||
        options_apply(st, &policy_table, 1u << kind, section, &defaults[kind], "policy",
                      place, BAD_POLICY, strict) < 0) {
        return -1;
    }
    return policy_drop_per_call(&defaults[kind]) ? warn_of_filter(st) : 0;
}

/* Say that a key is unknown, with the sections that it may have been meant for. */
static int
report_unknown(module_state *st, PyObject *key, int strict)
{
    PyObject *said = PyObject_CallFunction(
        st->report_unknown_key, "sO[ssss]O", "policies", key,
        policy_kind_name(POLICY_READ), policy_kind_name(POLICY_WRITE),
        policy_kind_name(POLICY_OPERATE), policy_kind_name(POLICY_REMOVE),
        strict ? Py_True : Py_False);
    Py_XDECREF(said);
    return said != NULL ? 0 : -1;
}

/* Apply an entry that is a section or a key of the client. The keys of all kinds have
 * been stored before. */
static int
apply_entry(module_state *st, policy *defaults, client_keys *keys, PyObject *key,
            PyObject *value, int strict)
{
    int kind = section_of(key);
    if (kind >= 0) {
        return apply_section(st, defaults, kind, value, strict);
    }
    const option *row = options_find(st, &policies_table, 1, key);
    if (row != NULL) {
        int rc = option_store(st, row, value, keys, strict);
        return rc < 0 ? raise_in_section(st, "policies", row->name) : rc;
    }
    return is_shared(st, key) ? 0 : report_unknown(st, key, strict);
}

int
policies_from_py(module_state *st, policy defaults[N_POLICIES], client_keys *keys,
                 PyObject *policies, int strict)
{
    PyObject *key = NULL, *value = NULL;
    Py_ssize_t at = 0;
    if (!PyDict_Check(policies)) {
        return raise_param(st, "policies must be a dict" DETAIL "got %s",
                           Py_TYPE(policies)->tp_name);
    }
    /* Two passes, old names first: where both are given, today's win. */
    int rc = apply_shared(st, defaults, policies, true, strict);
    if (rc == 0) {
        rc = apply_shared(st, defaults, policies, false, strict);
    }
    Py_BEGIN_CRITICAL_SECTION(policies);
    while (rc == 0 && dict_next(policies, &at, &key, &value)) {
        rc = apply_entry(st, defaults, keys, key, value, strict);
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(key);
    Py_XDECREF(value);
    return rc;
}
