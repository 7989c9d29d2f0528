/* topology/node.h -- one server node. Counted: the tend thread holds one count, each
 * snapshot and each command under way another. */
#ifndef ASC_TOPOLOGY_NODE_H
#define ASC_TOPOLOGY_NODE_H

#include <stdatomic.h>

#include "asc/config.h"
#include "net/pool.h"

/* A node, with what commands and the tend thread know of it. */
typedef struct asc_node {
    atomic_uint refs;
    char name[ASC_NODE_NAME_SIZE];
    asc_pool pool;           /* its addr is the node's address */
    atomic_bool active;      /* false: removed; nothing new goes there */
    atomic_uint errors;      /* in this error window */
    atomic_uint error_limit; /* 0: none */

    /* The tend thread's own: */
    asc_conn *tend_conn;   /* owned; NULL: none */
    bool told_user_agent;  /* on tend_conn */
    bool takes_user_agent; /* servers since 8.1 */
    bool peers_read;       /* in this cycle */
    bool map_changed;      /* its partition map must be read */
    uint32_t failures;     /* cycles in a row without an answer */
    uint32_t friends;      /* nodes that name it as their peer */
    uint32_t slot;         /* in the snapshot being built */
    int64_t peers_generation;
    int64_t partition_generation; /* -1: unknown */
} asc_node;

/* conn: the tend connection, becomes the node's. On ASC_OK *out is counted once. */
asc_status asc_node_new(asc_node **out, const char *name, const asc_addr *addr,
                        asc_conn *conn, const asc_config *config, asc_error *err);

/* One count more, one count less; the last one closes all connections. NULL may be
 * released. */
void asc_node_retain(asc_node *n);
void asc_node_release(asc_node *n);

/* No new commands; idle connections are closed. */
void asc_node_retire(asc_node *n);

/* Close the tend connection, if there is one. A fork at any moment leaves the child a
 * connection that it may close, or none. */
void asc_node_close_tend_conn(asc_node *n);

/* In the child of a fork, at once: close the child's copies of all sockets. */
void asc_node_in_child(asc_node *n);

/* The circuit breaker: may another command go to this node in this window? */
static inline bool
asc_node_accepts(asc_node *n)
{
    uint32_t limit = atomic_load_explicit(&n->error_limit, memory_order_relaxed);
    return limit == 0 ||
           atomic_load_explicit(&n->errors, memory_order_relaxed) <= limit;
}

/* A command has failed in a way that speaks against the node. */
static inline void
asc_node_count_error(asc_node *n)
{
    atomic_fetch_add_explicit(&n->errors, 1, memory_order_relaxed);
}

/* The end of an error window: a node that tripped gets half its limit, the others
 * come back to max by doubling. */
void asc_node_next_error_window(asc_node *n, uint32_t max);

#endif
