/* asc/config.h -- what a cluster is made from: where to look for it, how to talk to it,
 * its limits. Whatever a layer below the cluster must know of it is here. */
#ifndef ASC_CONFIG_H
#define ASC_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASC_NODE_NAME_SIZE 20 /* bytes, with the terminating NUL */
#define ASC_TLS_NAME_SIZE 256 /* likewise */

/* How bytes move between here and a node: a table of functions. */
typedef struct asc_transport asc_transport;

/* Who logs in to the nodes: see asc/credentials.h. */
typedef struct asc_credentials asc_credentials;

/* Plain TCP. */
extern const asc_transport asc_tcp;

/* Where a node may be found. */
typedef struct asc_host {
    const char *name; /* host name or numeric address */
    uint16_t port;
    const char *tls_name; /* what its certificate must be made out to; NULL: unknown */
} asc_host;

/* The largest that asc_shm_config takes. */
#define ASC_SHM_MAX_NODES 1024u
#define ASC_SHM_MAX_NAMESPACES 32u

/* Whether several processes tend the cluster together, through shared memory. */
typedef struct asc_shm_config {
    bool enable;
    uint32_t key;                       /* names the memory: one for each cluster */
    uint32_t max_nodes, max_namespaces; /* there is room for so many */
    /* A process that tends and gives no sign for so long is replaced. */
    uint32_t takeover_threshold_s;
} asc_shm_config;

/* What a cluster is made from. What makes a difference to those who share one is
 * compared by asc_config_equal. Everything that it points to is borrowed for the call
 * that takes it. */
typedef struct asc_config {
    const asc_transport *transport; /* counted by whoever keeps it */
    /* When it is not NULL, users log in over this one, at the addresses of hosts and
     * peers; all else goes over transport, to the address that the node names for it.
     * Counted by whoever keeps it. */
    const asc_transport *login_transport;
    const asc_host *hosts; /* seeds, preferred in this order */
    size_t n_hosts;
    asc_credentials *credentials; /* counted by whoever keeps it; NULL: no logins */
    uint32_t login_timeout_ms;    /* what a login may take beyond connecting; 0: 5000 */
    const char *cluster_name;  /* a cluster of another name is refused; NULL: none is */
    const char *user_agent;    /* "python-1.0.0,my-app", shown by the servers */
    uint32_t tend_interval_ms; /* pause between two looks at the cluster */
    uint32_t connect_timeout_ms; /* per address, while tending; 0: 1000 */
    uint32_t create_timeout_ms;  /* of asc_cluster_create in all; 0: three times the
                                    connect timeout */
    uint32_t min_conns_per_node, max_conns_per_node;
    uint32_t pool_timeout_ms;   /* what a call waits for a connection when as many are
                                 open as may be; 0: it does not */
    uint32_t max_at_once;       /* nodes that one batch, query or set asks side by side;
                                 0: all of them */
    uint32_t max_socket_idle_s; /* 0: unused connections are closed after 55 s */
    uint32_t max_error_rate;    /* errors per node and window; 0: no limit */
    uint32_t error_rate_window; /* in tend intervals */
    bool tls_is_off; /* TLS is set up and not enabled: errors of connecting ask why */
    bool rack_aware; /* ask the nodes for their racks: ASC_REPLICA_PREFER_RACK */
    const int32_t *rack_ids; /* racks to read from, the preferred one first */
    size_t n_rack_ids;
    bool use_services_alternate; /* peers publish a second list of addresses */
    bool force_single_node;      /* talk to the seed only */
    bool fail_if_not_connected;  /* false: start without a node and go on trying */
    asc_shm_config shm;
} asc_config;

/* What holds unless the caller says otherwise; hosts is still to be set. */
#define ASC_CONFIG_INIT                                                                \
    {                                                                                  \
        .transport = &asc_tcp, .user_agent = "c,not-set", .tend_interval_ms = 1000,    \
        .connect_timeout_ms = 1000, .login_timeout_ms = 5000,                          \
        .max_conns_per_node = 100, .max_error_rate = 100, .error_rate_window = 1,      \
        .fail_if_not_connected = true, .shm = {                                        \
            .key = 0xA5000000,                                                         \
            .max_nodes = 16,                                                           \
            .max_namespaces = 8,                                                       \
            .takeover_threshold_s = 30                                                 \
        }                                                                              \
    }

#endif
