/* options/policy.h -- policies and metadata: parsed once into structs, turned into
 * header bits of messages. */
#ifndef CORE_OPTIONS_POLICY_H
#define CORE_OPTIONS_POLICY_H

#include "asc/command.h"
#include "asc/writer.h"
#include "options/options.h"

/* The dictionaries of policies; the bits of option.kinds. */
typedef enum policy_kind {
    POLICY_READ,
    POLICY_WRITE,
    POLICY_OPERATE,
    POLICY_REMOVE,
    POLICY_INFO,
    POLICY_APPLY,
    POLICY_QUERY,
    POLICY_SCAN,
    POLICY_BATCH,
    POLICY_BATCH_PARENT_WRITE,
    POLICY_BATCH_READ,
    POLICY_BATCH_WRITE,
    POLICY_BATCH_APPLY,
    POLICY_BATCH_REMOVE,
    /* These are parsed and shown; no command reads them yet. */
    POLICY_ADMIN,
    POLICY_TXN_VERIFY,
    POLICY_TXN_ROLL,
    N_POLICIES,
} policy_kind;

typedef enum gen_policy { GEN_IGNORE, GEN_EQ, GEN_GT } gen_policy;

typedef enum exists_policy {
    EXISTS_IGNORE,
    EXISTS_CREATE,
    EXISTS_UPDATE,
    EXISTS_REPLACE,
    EXISTS_CREATE_OR_REPLACE,
} exists_policy;

typedef enum read_mode_sc {
    SC_SESSION,
    SC_LINEARIZE,
    SC_ALLOW_REPLICA,
    SC_ALLOW_UNAVAILABLE,
} read_mode_sc;

/* What a policy says: a field for each key that has an effect. */
typedef struct policy {
    asc_timing timing;
    int replica;                    /* asc_replica */
    int key;                        /* 0: digest only, 1: send the user key */
    int gen;                        /* gen_policy */
    int exists;                     /* exists_policy */
    int commit_level;               /* 1: the master's answer is enough */
    int read_mode_ap;               /* 1: ask all replicas */
    int read_mode_sc;               /* enum read_mode_sc */
    int error_detail;               /* verbosity 0 to 3 */
    int32_t read_touch_ttl_percent; /* -1: never, 0: as the server says, 1 to 100 */
    uint32_t ttl_s;
    uint32_t generation;                      /* remove: expected */
    uint32_t max_records, records_per_second; /* scan; 0: all, no limit */
    uint32_t compression_threshold;
    int expected_duration; /* query: long, short, long relaxed */
    bool has_generation;
    bool durable_delete, deserialize, respond_all_ops, on_locking_only;
    bool compress, short_query;
    bool concurrent, allow_inline, allow_inline_ssd, respond_all_keys; /* batch */
    PyObject *filter; /* bytes of a compiled expression, owned; NULL: none */
} policy;

/* Time to live values of the wire and of the API. */
#define TTL_CLIENT_DEFAULT 0xFFFFFFFDu
#define TTL_MIN (-3)
#define TTL_MAX ((int64_t)UINT32_MAX)

/* No record's generation is larger: servers count them in 16 bits. */
#define GENERATION_MAX UINT16_MAX

/* Parse state of meta = {"gen", "ttl"}. */
typedef struct record_meta {
    uint32_t generation;
    uint32_t ttl_s;
    bool has_ttl;
} record_meta;

extern const option_table policy_table, meta_table;

/* The name of a kind's section in config["policies"]. */
const char *policy_kind_name(int kind);

/* Do keys that stand beside the sections of config["policies"] hold for a kind? */
bool policy_kind_shares(policy_kind kind);

/* The built-in defaults of a kind. */
void policy_init(policy *p, policy_kind kind);
void policy_clear(policy *p);

/* Put into the policy of one record what that of the whole batch says of all. */
void policy_inherit(policy *p, const policy *whole);

/* Forget what is a matter of single calls: a default of a client never had an effect
 * there. True when there was a filter, of which the caller warns. */
bool policy_drop_per_call(policy *p);

/* *p = defaults, then the dictionary over them (NULL or None: nothing). 0, or -1 with
 * ParamError. Clear p in either case. */
int policy_from_py(module_state *st, policy *p, const policy *defaults,
                   policy_kind kind, PyObject *dict, int strict);

/* *out = a time to live, of an int; name says in the error where it was given. -1 with
 * ParamError when it is not from TTL_MIN to TTL_MAX. */
int ttl_from_int(module_state *st, const char *name, PyObject *value, uint32_t *out);

/* {section: {key: value}}: the defaults of a client as get_policies() shows them. */
PyObject *policies_to_py(const policy *defaults);

/* Parse meta (NULL or None: nothing). 0, or -1 with ParamError. */
int meta_from_py(module_state *st, record_meta *m, PyObject *dict, int strict);

/* True when the dictionary has a key that policies have and metadata have not. */
int looks_like_policy(module_state *st, policy_kind kind, PyObject *dict);

/* Python's signal handlers run this often while a call waits: a signal may come before
 * the wait, or to another thread. */
#define SIGNAL_CHECK_MS 50

/* Route, timing and what the library must know. */
void policy_to_request(const policy *p, asc_request *req, bool writes);

/* Append the filter of a policy, if it has one. False when memory is short. */
bool policy_filter_to_field(PyObject *filter, asc_writer *w);

/* Header bits and fields of a read, and of a write on top of them. */
void policy_to_read_head(const policy *p, asc_msg_head *head);
void policy_to_write_head(const policy *p, const record_meta *m, asc_msg_head *head);

#endif
