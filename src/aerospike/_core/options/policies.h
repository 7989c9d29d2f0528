/* options/policies.h -- config["policies"]: a client's defaults of all policies. */
#ifndef CORE_OPTIONS_POLICIES_H
#define CORE_OPTIONS_POLICIES_H

#include "options/policy.h"

/* One address has no more ports: whoever asks for more connections to a node has
 * confused a unit or a key. */
#define MAX_CONNS 65535

/* The keys of config["policies"] that belong to no policy. */
extern const option_table policies_table;

/* Apply config["policies"] to the defaults of all kinds: the keys that hold for all of
 * them first, then the section of each. "max_threads", which applications wrote there,
 * goes to *max_conns. 0, or -1 with ParamError. */
int policies_from_py(module_state *st, policy defaults[N_POLICIES], uint32_t *max_conns,
                     PyObject *policies, int strict);

#endif
