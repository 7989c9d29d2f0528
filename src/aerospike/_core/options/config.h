/* options/config.h -- the configuration dict of aerospike.client(). */
#ifndef CORE_OPTIONS_CONFIG_H
#define CORE_OPTIONS_CONFIG_H

#include "options/login.h"
#include "options/lua.h"
#include "options/policies.h"
#include "options/tls.h"
#include "values/values.h"

/* The configuration, parsed. It owns what it points to. */
typedef struct client_config {
    asc_config cluster;          /* what the library takes */
    policy defaults[N_POLICIES]; /* by policy_kind */
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

/* Drop all that a configuration owns; it can be cleared again. */
void config_clear(client_config *c);

#endif
