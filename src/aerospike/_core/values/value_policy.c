/* This file reads the policies of operations and expressions on one value. Each kind of
 * policy is a row of key names; one function reads them all. What is missing or None
 * counts as 0. */
#include "values/value_policy.h"

#include "asc/proto.h"
#include "support/compat.h"
#include "support/numbers.h"

const size_t value_policy_keys[N_VALUE_POLICIES][N_VALUE_POLICY_KEYS] = {
    [VALUE_POLICY_LIST] = {NAME_AT(list_order), NAME_AT(write_flags)},
    [VALUE_POLICY_MAP] = {NAME_AT(map_order), NAME_AT(map_write_flags),
                          NAME_AT(map_write_mode), NAME_AT(persist_index)},
    [VALUE_POLICY_BITS] = {[VALUE_POLICY_FLAGS] = NAME_AT(bit_write_flags)},
    [VALUE_POLICY_HLL] = {[VALUE_POLICY_FLAGS] = NAME_AT(flags)},
    [VALUE_POLICY_STRING] = {[VALUE_POLICY_FLAGS] = NAME_AT(write_flags)},
};

/* The object under a key: 1 and a new reference in *out; 0 when the policy lacks it, or
 * has None there; -1 with an exception. */
static int
entry(const policy_reader *r, PyObject *dict, size_t key, PyObject **out)
{
    *out = NULL;
    int found = key != 0 ? PyDict_GetItemRef(dict, state_name(r->st, key), out) : 0;
    if (found > 0 && *out == Py_None) {
        Py_CLEAR(*out);
        found = 0;
    }
    return found;
}

/* *out = the int that stands under a name. 0, or -1 with an exception. */
static int
int_from(const policy_reader *r, PyObject *name, PyObject *value, int64_t *out)
{
    bool fits = PyLong_Check(value) && int64_from_py(value, out);
    return fits ? 0 : r->refuse_int(r->self, name, value);
}

/* *out = the int under a key; it stays as it was when there is none. Returns what
 * entry() returns. */
static int
int_entry(const policy_reader *r, PyObject *dict, size_t key, int64_t *out)
{
    PyObject *value;
    int found = entry(r, dict, key, &value);
    if (found > 0 && int_from(r, state_name(r->st, key), value, out) < 0) {
        found = -1;
    }
    Py_XDECREF(value);
    return found;
}

/* Is an index to be kept with the map? Operations want a bool, expressions an int. 1,
 * 0, or -1 with an exception. */
static int
persists(const policy_reader *r, PyObject *dict, size_t key)
{
    PyObject *value;
    int64_t v = 0;
    if (!r->is_lenient) {
        int found = int_entry(r, dict, key, &v);
        return found < 0 ? -1 : v != 0;
    }
    int truth = entry(r, dict, key, &value);
    if (truth > 0) {
        truth = PyBool_Check(value)
                    ? value == Py_True
                    : r->refuse(r->self, "a bool (persist_index)", value);
    }
    Py_XDECREF(value);
    return truth;
}

/* The order, with the bit that keeps an index. 0, or -1 with an exception. */
static int
order_entry(const policy_reader *r, PyObject *dict, const size_t *keys, int64_t *out)
{
    if (int_entry(r, dict, keys[VALUE_POLICY_ORDER], out) < 0) {
        return -1;
    }
    int persist = persists(r, dict, keys[VALUE_POLICY_PERSIST]);
    *out |= persist > 0 ? ASC_CDT_PERSIST_INDEX : 0;
    return persist < 0 ? -1 : 0;
}

/* *out = the write flags or, when there are none and the reader is lenient, the flags
 * that an older mode stands for. 0, or -1 with an exception. */
static int
flags_entry(const policy_reader *r, PyObject *dict, const size_t *keys, int64_t *out)
{
    static const int64_t of_mode[] = {0, 2, 1}; /* update, update only, create only */
    int64_t mode = 0;
    int found = int_entry(r, dict, keys[VALUE_POLICY_FLAGS], out);
    if (found == 0 && r->is_lenient) {
        found = int_entry(r, dict, keys[VALUE_POLICY_MODE], &mode);
        *out = mode >= 0 && mode <= 2 ? of_mode[mode] : 0;
    }
    return found < 0 ? -1 : 0;
}

/* *out = the write flags of a string policy, which has an attribute where the others
 * have a key. 0, or -1 with an exception. */
static int
string_flags(const policy_reader *r, PyObject *given, int64_t *out)
{
    PyObject *name =
        state_name(r->st, value_policy_keys[VALUE_POLICY_STRING][VALUE_POLICY_FLAGS]);
    PyObject *flags = PyObject_GetAttr(given, name);
    if (flags == NULL) {
        return r->refuse(r->self, "a StringPolicy", given);
    }
    int rc = int_from(r, name, flags, out);
    Py_DECREF(flags);
    return rc;
}

/* What a policy says that other threads do not change. 0, or -1 with an exception. */
static int
order_and_flags(const policy_reader *r, PyObject *dict, const size_t *keys,
                value_policy *out)
{
    if (!r->skips_order && order_entry(r, dict, keys, &out->order) < 0) {
        return -1;
    }
    return r->skips_flags ? 0 : flags_entry(r, dict, keys, &out->flags);
}

int
value_policy_from_py(const policy_reader *r, value_policy_kind kind, PyObject *given,
                     value_policy *out)
{
    const size_t *keys = value_policy_keys[kind];
    *out = (value_policy){0};
    if (kind == VALUE_POLICY_STRING) {
        return string_flags(r, given, &out->flags);
    }
    if (!PyDict_Check(given)) {
        return r->refuse(r->self, r->a_dict, given);
    }
    PyObject *now = dict_of_now(given);
    int rc = now != NULL ? order_and_flags(r, now, keys, out) : -1;
    Py_XDECREF(now);
    return rc;
}
