/* values/value_policy.h -- the policies of operations and expressions on lists, maps,
 * bits, HyperLogLogs and strings: an order and write flags. Operations and expressions
 * both read them here, so that a key means the same in both. */
#ifndef CORE_VALUES_VALUE_POLICY_H
#define CORE_VALUES_VALUE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "support/state.h"

/* What the policy is of. That of a string is an object with an attribute, the others
 * are dicts. */
typedef enum value_policy_kind {
    VALUE_POLICY_LIST,
    VALUE_POLICY_MAP,
    VALUE_POLICY_BITS,
    VALUE_POLICY_HLL,
    VALUE_POLICY_STRING,
    N_VALUE_POLICIES,
} value_policy_kind;

/* The keys that a policy may have. */
enum {
    VALUE_POLICY_ORDER,
    VALUE_POLICY_FLAGS,
    VALUE_POLICY_MODE, /* the older form of the flags; its numbers differ */
    VALUE_POLICY_PERSIST,
    N_VALUE_POLICY_KEYS,
};

/* Their names in each kind of policy: NAME_AT(), or 0 when it has no such key. */
extern const size_t value_policy_keys[N_VALUE_POLICIES][N_VALUE_POLICY_KEYS];

typedef struct value_policy {
    int64_t order; /* ASC_CDT_PERSIST_INDEX added */
    int64_t flags;
} value_policy;

/* Who reads a policy. Their errors say where it was given, each in its own way. */
typedef struct policy_reader {
    module_state *st;
    void *self; /* the first argument of both functions, which raise and return -1 */
    /* ParamError: the policy is not what is expected. */
    int (*refuse)(void *self, const char *expected, PyObject *got);
    /* ParamError: what stands under a name is no int of 64 bits. */
    int (*refuse_int)(void *self, PyObject *name, PyObject *got);
    const char *a_dict; /* the text for refuse() when a policy should be a dict */
    bool is_lenient;    /* read VALUE_POLICY_MODE, too, and want a bool, not an int, for
                           VALUE_POLICY_PERSIST */
    bool skips_order, skips_flags; /* the caller will not write it: do not look at it */
} policy_reader;

/* *out = what a policy says, zeros for what it leaves open. 0, or -1 with an
 * exception. Keys that it should not have are not looked at. */
int value_policy_from_py(const policy_reader *reader, value_policy_kind kind,
                         PyObject *given, value_policy *out);

#endif
