/* options/hosts.h -- config["hosts"]: where a client finds the cluster. */
#ifndef CORE_OPTIONS_HOSTS_H
#define CORE_OPTIONS_HOSTS_H

#include "asc/cluster.h"
#include "options/options.h"

/* Make a list or tuple the hosts of a configuration, in place of those that it has.
 * Each is "address", "address:port", (address, port) or (address, port, TLS name). 0,
 * or -1 with ParamError; the configuration owns what was parsed until then. */
int hosts_from_py(module_state *st, asc_config *cluster, PyObject *value);

/* Free the hosts of a configuration; fine when there are none. */
void hosts_clear(asc_config *cluster);

#endif
