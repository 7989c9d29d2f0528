/* options/config.h -- the configuration dict of aerospike.client(). */
#ifndef CORE_OPTIONS_CONFIG_H
#define CORE_OPTIONS_CONFIG_H

#include "asc/cluster.h"
#include "options/login.h"
#include "options/lua.h"
#include "options/policies.h"
#include "options/tls.h"
#include "support/compat.h"
#include "values/values.h"

/* What a client keeps of its file with dynamic settings. */
typedef struct file_config {
    PyObject *watch;             /* owned: the aerospike._watch.Watch that reads it */
    field_lock lock;             /* of in_force, while the client lives */
    policy in_force[N_POLICIES]; /* the configuration's, with those of the file laid
                                    over them */
    asc_config own; /* of the cluster, without the file; it owns its racks alone */
    bool own_idle;  /* the configuration says how long connections may be idle */
    uint32_t own_login_timeout_ms;
    bool has_tuned;   /* the file has changed since the client was made */
    asc_config tuned; /* what asc_cluster_tune() is to take from it; likewise */
} file_config;

/* The configuration, parsed. It owns what it points to. */
typedef struct client_config {
    asc_config cluster;          /* what the library takes */
    policy defaults[N_POLICIES]; /* by policy_kind; config_policy() says what holds */
    PyObject *provider;          /* a ConfigProvider; NULL: none, or it has been used */
    file_config *file;           /* owned; NULL: there is none */
    PyObject *app_id;            /* str, or NULL; part of the user agent */
    login_way login;
    PyObject *user, *password; /* str, or NULL: there is none, or cluster.credentials
                                  are made of them */
    PyObject *shm;             /* dict, or NULL: there is none, or it has been read */
    value_rules values;
    tls_options tls;
    lua_options lua;
    client_keys second; /* keys of the client that stand in `policies` */
    bool max_socket_idle_given, max_conns_given, max_at_once_given;
    int32_t rack_id; /* the only rack that is preferred, unless cluster has a list */
    uint32_t compression_threshold; /* bytes of a request; 0: policies alone say */
    bool strict;                    /* validate_keys */
    bool shares_cluster;            /* with other clients of the process */
    bool error_keys;           /* errors show user keys, not digests in their place */
    int fail_if_not_connected; /* tristate */
} client_config;

/* The keys of the configuration. */
extern const option_table config_table;

/* The keys of its section "shm"; the target is the whole configuration. */
extern const option_table shm_table;

/* Parse a configuration. 0, or -1 with an exception: ParamError for most mistakes,
 * TypeError for app_id. config_clear() is to be called in either case. */
int config_from_py(module_state *st, client_config *c, PyObject *config);

/* The defaults of a kind that hold at this moment: those of the file, if there is
 * one. */
policy config_policy(const client_config *c, policy_kind kind);

/* Lay over the configuration what its file says now. config: keys of a client that may
 * change while it lives; policies: sections, and keys that stand beside them. 0, or -1
 * with an exception; nothing has changed then. */
int config_follow_file(module_state *st, client_config *c, PyObject *config,
                       PyObject *policies);

/* Let a cluster have what the file has changed since the client was made. 0, or -1 with
 * MemoryError. */
int config_tune(const client_config *c, asc_cluster *cluster);

/* *p = the policy of a call: the client's defaults of the kind with the dictionary laid
 * over them, as policy_from_py(). */
static inline int
config_call_policy(module_state *st, policy *p, const client_config *c,
                   policy_kind kind, PyObject *dict)
{
    if (c->file == NULL) {
        return policy_from_py(st, p, &c->defaults[kind], kind, dict, &c->values);
    }
    policy now = config_policy(c, kind);
    return policy_from_py(st, p, &now, kind, dict, &c->values);
}

/* Drop all that a configuration owns; it can be cleared again. */
void config_clear(client_config *c);

#endif
