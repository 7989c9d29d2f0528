/* topology/node.h -- one server node. Counted: the tend thread holds one count, each
 * snapshot and each command under way another. */
#ifndef ASC_TOPOLOGY_NODE_H
#define ASC_TOPOLOGY_NODE_H

#include <stdatomic.h>

#include "asc/config.h"
#include "net/pool.h"
#include "topology/meter.h"
#include "topology/racks.h"

/* A node, with what commands and the tend thread know of it. */
typedef struct asc_node {
    atomic_uint refs;
    char name[ASC_NODE_NAME_SIZE];
    asc_pool pool;           /* its addr is the node's address */
    asc_addr login_addr;     /* where users log in: the same, or one for that alone */
    atomic_bool active;      /* false: removed; nothing new goes there */
    atomic_uint errors;      /* in this error window */
    atomic_uint error_limit; /* 0: none */
    asc_meters meters;
    /* Connections that the drain gave back to the pool, and those that it closed; and
     * those for tending. */
    atomic_uint recovered, aborted, tend_opened, tend_closed;

    /* The tend thread's own: */
    asc_conn *tend_conn;   /* owned; NULL: none */
    bool told_user_agent;  /* it was told over tend_conn which client this is */
    bool takes_user_agent; /* it can be told so: servers since 8.1 */
    bool answered;         /* it has said in this cycle that it is there */
    bool peers_read;       /* its list of peers has been read in this cycle */
    bool map_changed;      /* its partition map must be read */
    bool racks_changed;    /* its racks must be read */
    uint32_t failures;     /* cycles in a row without an answer */
    uint32_t friends;      /* nodes that name it as their peer */
    uint32_t slot;         /* its number in the snapshot being built */
    /* A node raises these numbers when its list of peers, its map or its racks change;
     * here they tell what was read last. -1: unknown, so it must be read. */
    int64_t peers_generation;
    int64_t partition_generation;
    int64_t rebalance_generation;
    asc_racks racks; /* owned; where the node stands, as far as that was asked */
} asc_node;

/* Can a node have the name text[0..size)? Servers use hexadecimal digits. A name shows
 * up in errors and log lines and is a key of info_all, so it must be text on any
 * terminal. */
bool asc_node_can_have_name(const char *text, size_t size);

/* Make a node, which is logged in to at addr until the caller sets another address.
 * conn, a connection to it for tending, becomes the node's; NULL: there is
 * none yet. On ASC_OK *out is counted once. */
asc_status asc_node_new(asc_node **out, const char *name, const asc_addr *addr,
                        asc_conn *conn, const asc_config *config, asc_error *err);

/* Add a count, or drop one; the last one closes all connections and frees. NULL may be
 * released. */
void asc_node_retain(asc_node *n);
void asc_node_release(asc_node *n);

/* The connection for tending, which the node takes over. */
void asc_node_set_tend_conn(asc_node *n, asc_conn *conn);

/* Let no new commands go to the node, and close its idle connections. */
void asc_node_retire(asc_node *n);

/* Close the tend connection, if there is one. A fork at any moment leaves the child a
 * connection that it may close, or none. */
void asc_node_close_tend_conn(asc_node *n);

/* In the child of a fork, at once: close the child's copies of all sockets. */
void asc_node_in_child(asc_node *n);

/* May another command go to this node in this error window? When a node has failed too
 * often, commands are kept away from it for a while: the circuit breaker. */
static inline bool
asc_node_accepts(asc_node *n)
{
    uint32_t limit = atomic_load_explicit(&n->error_limit, memory_order_relaxed);
    return limit == 0 ||
           atomic_load_explicit(&n->errors, memory_order_relaxed) <= limit;
}

/* Count a failure that speaks against the node. */
static inline void
asc_node_count_error(asc_node *n)
{
    atomic_fetch_add_explicit(&n->errors, 1, memory_order_relaxed);
}

/* Has the node no error in this window, and the whole limit max? Then the end of the
 * window changes nothing. */
static inline bool
asc_node_is_calm(asc_node *n, uint32_t max)
{
    return atomic_load_explicit(&n->errors, memory_order_relaxed) == 0 &&
           atomic_load_explicit(&n->error_limit, memory_order_relaxed) == max;
}

/* From now on the node may have so many errors in a window; 0: any number. */
void asc_node_set_error_limit(asc_node *n, uint32_t max);

/* End an error window: a node with too many errors gets half its limit for the next
 * one, and the limits of the others double until they are at max again. */
void asc_node_next_error_window(asc_node *n, uint32_t max);

#endif
