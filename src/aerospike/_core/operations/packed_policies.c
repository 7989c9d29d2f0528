/* operations/packed_policies.c -- writes the arguments that are policies.
 *
 * values/value_policy.c reads a policy into an order and write flags; a writer here
 * appends the one, the other, or both. When a policy is missing and its argument cannot
 * be left out, zeros are written. A key that a policy should not have is reported with
 * a warning; a client whose configuration has validate_keys refuses it. */
#include "operations/packed_parts.h"
#include "support/compat.h"
#include "values/value_policy.h"

/* An argument of an operation, for the errors of its policy. */
typedef struct policy_place {
    packing *p;
    const arg_row *arg;
} policy_place;

/* The two functions of a policy_reader: self is the policy_place. */
static int
refuse_policy(void *self, const char *expected, PyObject *got)
{
    const policy_place *at = self;
    return packing_refuse_type(at->p, packing_arg_name(at->p, at->arg), expected, got);
}

static int
refuse_int(void *self, PyObject *name, PyObject *got)
{
    const policy_place *at = self;
    return packing_refuse_int(at->p, name, got);
}

/* The keys that a policy may have: a new list of str, or NULL with an exception. */
static PyObject *
known_keys(module_state *st, const size_t *keys)
{
    PyObject *known = PyList_New(0);
    for (size_t i = 0; known != NULL && i < N_VALUE_POLICY_KEYS; i++) {
        if (keys[i] != 0 && PyList_Append(known, state_name(st, keys[i])) < 0) {
            Py_CLEAR(known);
        }
    }
    return known;
}

/* Report each key that a policy should not have; `what` names the policy. This runs
 * Python code: the report is a warning, or an exception when the configuration is
 * strict. 0, or -1 with an exception. */
static int
report_unknown_keys(packing *p, const char *what, PyObject *rules, const size_t *keys)
{
    module_state *st = p->e->st;
    PyObject *known = known_keys(st, keys), *key = NULL, *value = NULL;
    Py_ssize_t at = 0;
    int rc = known != NULL ? 0 : -1;
    Py_BEGIN_CRITICAL_SECTION(rules);
    while (rc == 0 && dict_next(rules, &at, &key, &value)) {
        int is_known = PySequence_Contains(known, key);
        if (is_known < 0) {
            rc = -1;
        }
        else if (is_known == 0) {
            PyObject *strict = p->e->rules->strict ? Py_True : Py_False;
            PyObject *said = PyObject_CallFunction(st->report_unknown_key, "sOOO", what,
                                                   key, known, strict);
            rc = said != NULL ? 0 : -1;
            Py_XDECREF(said);
        }
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(key);
    Py_XDECREF(value);
    Py_XDECREF(known);
    return rc;
}

/* Has a policy keys that it should not have? Most have none: counting those that are
 * known finds this out without a look at every key. 0, or -1 with an exception when a
 * key is refused. */
static int
check_keys(packing *p, const arg_row *arg, PyObject *rules)
{
    const size_t *keys = value_policy_keys[arg->detail];
    Py_ssize_t n_known = 0;
    for (size_t i = 0; i < N_VALUE_POLICY_KEYS; i++) {
        int found =
            keys[i] != 0 ? PyDict_Contains(rules, state_name(p->e->st, keys[i])) : 0;
        if (found < 0) {
            return -1;
        }
        n_known += found;
    }
    if (n_known == PyDict_GET_SIZE(rules)) {
        return 0;
    }
    return report_unknown_keys(p, packing_text(packing_arg_name(p, arg)), rules, keys);
}

/* *out = what the policy of an argument says; zeros when given is NULL. The policy of a
 * string is an object, not a dict, and has no keys to check. 0, or -1 with an
 * exception. */
static int
read_policy(packing *p, const arg_row *arg, PyObject *given, value_policy *out)
{
    policy_place at = {p, arg};
    const policy_reader reader = {.st = p->e->st,
                                  .self = &at,
                                  .refuse = refuse_policy,
                                  .refuse_int = refuse_int,
                                  .a_dict = "a dict",
                                  .is_lenient = true};
    value_policy_kind kind = (value_policy_kind)arg->detail;
    *out = (value_policy){0};
    if (given == NULL) {
        return 0;
    }
    if (kind != VALUE_POLICY_STRING && PyDict_Check(given) &&
        check_keys(p, arg, given) < 0) {
        return -1;
    }
    return value_policy_from_py(&reader, kind, given, out);
}

int
put_flags(packing *p, const arg_row *arg, PyObject *value)
{
    value_policy rules;
    return read_policy(p, arg, value, &rules) < 0 ? -1
                                                  : packing_put_int(p, rules.flags);
}

int
put_order(packing *p, const arg_row *arg, PyObject *value)
{
    value_policy rules;
    return read_policy(p, arg, value, &rules) < 0 ? -1
                                                  : packing_put_int(p, rules.order);
}

int
put_order_flags(packing *p, const arg_row *arg, PyObject *value)
{
    value_policy rules;
    if (read_policy(p, arg, value, &rules) < 0 || packing_put_int(p, rules.order) < 0) {
        return -1;
    }
    if (arg->detail == VALUE_POLICY_MAP && rules.flags == 0) {
        return 1; /* the flags of a map are an item only when they are not 0 */
    }
    return packing_put_int(p, rules.flags) < 0 ? -1 : 2;
}
