/* options/config.h -- the configuration dict of aerospike.client(). */
#ifndef CORE_OPTIONS_CONFIG_H
#define CORE_OPTIONS_CONFIG_H

#include "options/policy.h"
#include "values/values.h"

/* The configuration, parsed. Owns what cluster points to. */
typedef struct client_config {
    asc_config cluster;
    policy defaults[N_POLICIES];
    PyObject *app_id; /* owned while parsing, else NULL */
    value_rules values;
    bool strict;               /* validate_keys */
    int fail_if_not_connected; /* tristate */
} client_config;

extern const option_table config_table;

/* Parse config. 0, or -1 with ParamError (TypeError for app_id). Clear in either
 * case. */
int config_from_py(module_state *st, client_config *c, PyObject *config);
void config_clear(client_config *c);

#endif
