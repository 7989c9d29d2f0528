/* options/hosts.h -- config["hosts"]: where a client finds the cluster. */
#ifndef CORE_OPTIONS_HOSTS_H
#define CORE_OPTIONS_HOSTS_H

#include "asc/cluster.h"
#include "options/options.h"

/* Parse a list or tuple of hosts, which take the place of those that the configuration
 * has. Each is "address", "address:port", (address, port) or (address, port, TLS name).
 * 0, or -1 with ParamError. hosts_clear() frees them in either case. */
int hosts_from_py(module_state *st, asc_config *cluster, PyObject *value);

/* Warn of each TLS name that a host has: without TLS nobody looks at it, and the caller
 * may believe otherwise. 0, or -1 with an exception. */
int warn_of_tls_names(module_state *st, const asc_config *cluster);

/* Free the hosts of a configuration; fine when there are none. */
void hosts_clear(asc_config *cluster);

#endif
