/* options/policies.h -- config["policies"]: a client's defaults of all policies. */
#ifndef CORE_OPTIONS_POLICIES_H
#define CORE_OPTIONS_POLICIES_H

#include "options/login.h"
#include "options/policy.h"

/* The most connections to one node. An address has no more ports: whoever asks for more
 * has confused a unit or a key. */
#define MAX_CONNS 65535

/* The keys of config["policies"] that are neither sections nor keys of policies. */
extern const option_table policies_table;

/* What those keys are stored in. */
typedef struct client_keys {
    uint32_t max_conns;   /* max_threads, which older applications write there; 0: not
                             given */
    uint32_t max_at_once; /* likewise, thread_pool_size */
    uint32_t login_timeout_ms;
    auth_mode auth_mode;
    PyObject *metrics; /* owned: a MetricsPolicy; NULL: not given */
} client_keys;

/* Apply config["policies"] to the defaults of all kinds. First come the keys that hold
 * for many kinds, then the sections, so that a section wins. The keys of the client go
 * to *keys. 0, or -1 with an exception, mostly ParamError. */
int policies_from_py(module_state *st, policy defaults[N_POLICIES], client_keys *keys,
                     PyObject *policies, int strict);

#endif
