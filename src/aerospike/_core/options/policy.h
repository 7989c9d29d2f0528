/* options/policy.h -- policies and metadata: their dictionaries become structs, and
 * these become the header bits of messages.
 *
 * A client has a struct of defaults for each kind of policy, made from its
 * configuration once. A call copies the one of its kind and lays the caller's
 * dictionary over the copy: only the keys that are given cost anything, and without a
 * dictionary no key is looked at. */
#ifndef CORE_OPTIONS_POLICY_H
#define CORE_OPTIONS_POLICY_H

#include "asc/command.h"
#include "asc/writer.h"
#include "options/options.h"
#include "values/values.h"

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

/* What a policy says: a field for each key that has an effect. A copy of the struct
 * that is to live on needs references of its own to the filter and the transaction. */
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
    uint32_t compression_threshold; /* bytes of a request; 0: as compress says */
    int expected_duration;          /* query: long, short, long relaxed */
    bool has_generation, has_threshold;
    bool durable_delete, deserialize, respond_all_ops, on_locking_only;
    bool compress, short_query;
    bool fail_on_cluster_change; /* of functions on all records */
    bool concurrent, allow_inline, allow_inline_ssd, respond_all_keys; /* batch */
    uint64_t fixed; /* bits of the rows that a configuration file gives: no call changes
                       them */
    PyObject *filter; /* owned: bytes of a compiled expression, or, while a dictionary
                         is read, its tree; NULL: none */
    PyObject *txn;    /* owned: the Transaction of a call; NULL: none */
} policy;

/* Time to live values of the wire and of the API. */
#define TTL_CLIENT_DEFAULT 0xFFFFFFFDu
#define TTL_MIN (-3)
#define TTL_MAX ((int64_t)UINT32_MAX)

/* No record's generation is larger: servers count them in 16 bits. */
#define GENERATION_MAX UINT16_MAX

/* What the dictionary meta = {"gen", "ttl"} says. */
typedef struct record_meta {
    uint32_t generation;
    uint32_t ttl_s;
    bool has_ttl;
} record_meta;

/* The keys of policies, and those of metadata. */
extern const option_table policy_table, meta_table;

/* The name of a kind's section in config["policies"]. */
const char *policy_kind_name(int kind);

/* Do keys that stand beside the sections of config["policies"] hold for a kind? */
bool policy_kind_shares(policy_kind kind);

/* *p = the built-in defaults of a kind. */
void policy_init(policy *p, policy_kind kind);

/* Drop what a policy owns; a struct of zeros is fine. */
void policy_clear(policy *p);

/* Make p, the policy of one record in a batch before its dictionary is read, inherit
 * from the policy of the whole batch the keys whose rows say is_inherited: what the
 * call has changed in `defaults`, which are those of the whole, and what p leaves
 * open, since 0 is the built-in default of all these keys. */
void policy_inherit(policy *p, const policy *whole, const policy *defaults);

/* Drop from a client's defaults what only a single call can say, a filter and an
 * expected generation: as a default these never had an effect. True when there was a
 * filter: then the caller warns. */
bool policy_drop_per_call(policy *p);

/* *p = a copy of the defaults with the dictionary laid over it, save for what is fixed
 * in them; they must not change meanwhile. dict may be NULL or None. rules are those of
 * the client. 0, or -1 with an exception, mostly ParamError. policy_clear() is to be
 * called in either case. */
int policy_from_py(module_state *st, policy *p, const policy *defaults,
                   policy_kind kind, PyObject *dict, const value_rules *rules);

/* Note in the defaults of a kind that a configuration file gives the keys of a section,
 * which is a dict: policies that are made of the defaults keep them. */
void
policy_fix(module_state *st, policy *defaults, policy_kind kind, PyObject *section);

/* *out = the time to live that an int stands for; `name` says in the error where it was
 * given. 0, or -1 with ParamError when it is not from TTL_MIN to TTL_MAX. */
int ttl_from_int(module_state *st, const char *name, PyObject *value, uint32_t *out);

/* A new dict {section: {key: value}}: the defaults of a client, N_POLICIES of them, as
 * get_policies() shows them. NULL with an exception. */
PyObject *policies_to_py(const policy *defaults);

/* *m = what the dictionary says; dict may be NULL or None. 0, or -1 with an exception,
 * mostly ParamError. */
int meta_from_py(module_state *st, record_meta *m, PyObject *dict, int strict);

/* Has the dictionary a key that policies of the kind have and metadata have not? Then
 * it was most likely given in the place of the other. 1 or 0. */
int looks_like_policy(module_state *st, policy_kind kind, PyObject *dict);

/* Python's signal handlers run this often while a call waits: a signal may come before
 * the wait, or to another thread. */
#define SIGNAL_CHECK_MS 50

/* Put into a request what the library must know to send it: the timing, which copy of
 * the partition to ask, and whether the request writes. */
void policy_to_request(const policy *p, asc_request *req, bool writes);

/* Give the policies of all kinds whose requests carry data the threshold that config
 * says, unless they have one of their own. */
void policies_set_threshold(policy defaults[N_POLICIES], uint32_t threshold);

/* Does a policy say anything of compression? */
static inline bool
policy_compresses(const policy *p)
{
    return p->compress || p->compression_threshold != 0;
}

/* Put into a request of a kind, and into its header, what a policy says of compression:
 * only some kinds have requests that are worth it, and only some have such replies. The
 * other kinds of requests are sent as they are: a server of the Community Edition
 * refuses what is compressed, and takes a request that merely asks for it. */
void policy_to_compression(const policy *p, policy_kind kind, asc_request *req,
                           asc_msg_head *head);

/* Append the filter of a policy as a field; nothing when filter is NULL. False when
 * memory is short. */
bool policy_filter_to_field(PyObject *filter, asc_writer *w);

/* The bits of info4 that ask for details of errors. */
uint8_t policy_error_detail(const policy *p);

/* Put into a header what the policy says of reading. Bits that are set already stay. */
void policy_to_read_head(const policy *p, asc_msg_head *head);

/* Put into a header what the policy and the metadata say of writing. A header can have
 * both: this is called last then, because time to live and generation are the
 * write's. */
void policy_to_write_head(const policy *p, const record_meta *m, asc_msg_head *head);

#endif
