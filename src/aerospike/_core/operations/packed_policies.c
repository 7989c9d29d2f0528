/* Policies of packed operations: orders and flags out of dicts. */
#include "support/compat.h"
#include "operations/packed_parts.h"

/* The keys that a policy may have: offsets of their names, ended by 0. */
static const size_t list_keys[] = {AT(list_order), AT(write_flags), 0};
static const size_t map_keys[] = {AT(map_order), AT(map_write_flags),
                                  AT(map_write_mode), AT(persist_index), 0};
static const size_t bit_keys[] = {AT(bit_write_flags), 0};
static const size_t hll_keys[] = {AT(flags), 0};

/* Report the keys of a policy that are not in a list, which has other keys. */
static int
report_unknown_keys(packing *p, const char *what, PyObject *rules, const size_t *keys)
{
    module_state *st = p->e->st;
    PyObject *known = PyList_New(0), *key = NULL, *value = NULL;
    Py_ssize_t at = 0;
    int rc = known != NULL ? 0 : -1;
    for (size_t i = 0; rc == 0 && keys[i] != 0; i++) {
        rc = PyList_Append(known, packing_name_at(st, keys[i]));
    }
    while (rc == 0 && dict_next(rules, &at, &key, &value)) {
        int is_known = PySequence_Contains(known, key);
        PyObject *said = NULL;
        if (is_known == 0) {
            said =
                PyObject_CallFunction(st->report_unknown_key, "sOOO", what, key, known,
                                      p->e->rules->strict ? Py_True : Py_False);
        }
        rc = is_known < 0 || (is_known == 0 && said == NULL) ? -1 : 0;
        Py_XDECREF(said);
    }
    Py_XDECREF(key);
    Py_XDECREF(value);
    Py_XDECREF(known);
    return rc;
}

/* A policy is a dict; unknown keys are reported, and refused by validate_keys. */
static int
check_policy(packing *p, const arg_row *arg, PyObject *rules, const size_t *keys)
{
    Py_ssize_t n_known = 0;
    if (!PyDict_Check(rules)) {
        return packing_refuse_type(p, packing_arg_name(p, arg), "a dict", rules);
    }
    for (size_t i = 0; keys[i] != 0; i++) {
        int found = PyDict_Contains(rules, packing_name_at(p->e->st, keys[i]));
        if (found < 0) {
            return -1;
        }
        n_known += found;
    }
    return n_known == PyDict_GET_SIZE(rules)
               ? 0
               : report_unknown_keys(p, packing_text(packing_arg_name(p, arg)), rules,
                                     keys);
}

/* Order and write flags of a list policy. */
static int
list_policy(packing *p, const arg_row *arg, PyObject *rules, int64_t *order,
            int64_t *flags)
{
    module_state *st = p->e->st;
    return check_policy(p, arg, rules, list_keys) < 0 ||
                   packing_int_in(p, rules, st->s_list_order, order) < 0 ||
                   packing_int_in(p, rules, st->s_write_flags, flags) < 0
               ? -1
               : 0;
}

int
put_list_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    int64_t order = 0, flags = 0;
    return list_policy(p, arg, rules, &order, &flags) < 0 ? -1
                                                          : packing_put_int(p, flags);
}

int
put_list_order_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    int64_t order = 0, flags = 0;
    return list_policy(p, arg, rules, &order, &flags) < 0 ||
                   packing_put_int(p, order) < 0 || packing_put_int(p, flags) < 0
               ? -1
               : 2;
}

/* Write flags from those of today, or from the older modes, whose numbers differ. */
static int
map_write_flags(packing *p, PyObject *rules, int64_t *out)
{
    static const int64_t of_mode[] = {0, 2, 1}; /* update, update only, create only */
    int64_t mode = 0;
    int found = packing_int_in(p, rules, p->e->st->s_map_write_flags, out);
    if (found == 0) {
        found = packing_int_in(p, rules, p->e->st->s_map_write_mode, &mode);
        *out = mode >= 0 && mode <= 2 ? of_mode[mode] : 0;
    }
    return found < 0 ? -1 : 0;
}

/* Order, with the persistence bit, and write flags of a map policy. */
static int
map_policy(packing *p, const arg_row *arg, PyObject *rules, int64_t *order,
           int64_t *flags)
{
    if (rules == NULL) {
        return 0;
    }
    if (check_policy(p, arg, rules, map_keys) < 0 ||
        packing_int_in(p, rules, p->e->st->s_map_order, order) < 0 ||
        map_write_flags(p, rules, flags) < 0) {
        return -1;
    }
    PyObject *persist;
    int truth = PyDict_GetItemRef(rules, p->e->st->s_persist_index, &persist);
    if (truth > 0) {
        truth = PyObject_IsTrue(persist);
        Py_DECREF(persist);
    }
    *order |= truth > 0 ? PERSIST_INDEX : 0;
    return truth < 0 ? -1 : 0;
}

int
put_map_order(packing *p, const arg_row *arg, PyObject *rules)
{
    int64_t order = 0, flags = 0;
    return map_policy(p, arg, rules, &order, &flags) < 0 ? -1
                                                         : packing_put_int(p, order);
}

int
put_map_order_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    int64_t order = 0, flags = 0;
    if (map_policy(p, arg, rules, &order, &flags) < 0 ||
        packing_put_int(p, order) < 0) {
        return -1;
    }
    return flags == 0 ? 1 : packing_put_int(p, flags) < 0 ? -1 : 2;
}

/* The order of a list or map that is made, with "persist_index". */
int
put_create(packing *p, const arg_row *arg, PyObject *value)
{
    int64_t order = 0;
    PyObject *pad; /* of the context's last level */
    int persist = packing_flag(p, p->e->st->s_persist_index);
    if (persist < 0 || packing_entry(p, p->e->st->s_pad, &pad) < 0) {
        return -1;
    }
    Py_XDECREF(pad);
    return packing_int(p, packing_arg_name(p, arg), value, &order) < 0
               ? -1
               : packing_put_int(p, persist ? order | PERSIST_INDEX : order);
}

/* The flags of a policy that has nothing else. */
static int
put_flags(packing *p, const arg_row *arg, PyObject *rules, const size_t *keys)
{
    int64_t flags = 0;
    return check_policy(p, arg, rules, keys) < 0 ||
                   packing_int_in(p, rules, packing_name_at(p->e->st, keys[0]),
                                  &flags) < 0
               ? -1
               : packing_put_int(p, flags);
}

int
put_bit_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    return put_flags(p, arg, rules, bit_keys);
}

int
put_hll_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    return put_flags(p, arg, rules, hll_keys);
}

/* A string policy is an object. */
int
put_string_flags(packing *p, const arg_row *arg, PyObject *rules)
{
    PyObject *name = p->e->st->s_write_flags;
    PyObject *flags = PyObject_GetAttr(rules, name);
    if (flags == NULL) {
        return packing_refuse_type(p, packing_arg_name(p, arg), "a StringPolicy",
                                   rules);
    }
    int64_t v = 0;
    int rc = packing_int(p, name, flags, &v) < 0 ? -1 : packing_put_int(p, v);
    Py_DECREF(flags);
    return rc;
}
