/* A node is counted, and lives as long as a snapshot or a command refers to it, even
 * after the cluster has given it up. What the tend thread keeps in it is touched by no
 * other thread. */
#include "topology/node.h"

#include <string.h>

#include "asc/alloc.h"

bool
asc_node_can_have_name(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return size > 0 && size < ASC_NODE_NAME_SIZE;
}

asc_status
asc_node_new(asc_node **out, const char *name, const asc_addr *addr, asc_conn *conn,
             const asc_config *config, asc_error *err)
{
    asc_node *n = asc_calloc(1, sizeof *n);
    if (n == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "node %s", name);
    }
    asc_status rc = asc_pool_init(&n->pool, addr, config, err);
    if (rc != ASC_OK) {
        asc_free(n);
        return rc;
    }
    atomic_init(&n->refs, 1);
    atomic_init(&n->active, true);
    atomic_init(&n->errors, 0);
    atomic_init(&n->error_limit, config->max_error_rate);
    asc_transport_retain(config->transport);
    n->login_addr = *addr;
    strncpy(n->name, name, sizeof n->name - 1);
    asc_node_set_tend_conn(n, conn);
    n->peers_generation = n->partition_generation = n->rebalance_generation = -1;
    *out = n;
    return ASC_OK;
}

void
asc_node_retain(asc_node *n)
{
    atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
}

void
asc_node_release(asc_node *n)
{
    if (n != NULL && atomic_fetch_sub(&n->refs, 1) == 1) {
        asc_node_close_tend_conn(n);
        asc_pool_clear(&n->pool);
        asc_racks_clear(&n->racks);
        asc_meters_clear(&n->meters);
        asc_transport_release(n->pool.transport);
        asc_free(n);
    }
}

void
asc_node_set_tend_conn(asc_node *n, asc_conn *conn)
{
    n->tend_conn = conn;
    n->tend_opened += conn != NULL;
}

void
asc_node_retire(asc_node *n)
{
    atomic_store(&n->active, false);
    asc_pool_close(&n->pool);
}

/* The pointer is cleared first: a fork in between must not leave the child a connection
 * that is half taken apart. */
void
asc_node_close_tend_conn(asc_node *n)
{
    asc_conn *conn = n->tend_conn;
    n->tend_conn = NULL;
    n->tend_closed += conn != NULL;
    asc_conn_free(conn);
}

/* Only descriptors are closed here. Memory and locks belong to threads that the child
 * lacks. */
void
asc_node_in_child(asc_node *n)
{
    asc_pool_in_child(&n->pool);
    if (n->tend_conn != NULL) {
        n->tend_conn->transport->close(n->tend_conn);
    }
}

void
asc_node_set_error_limit(asc_node *n, uint32_t max)
{
    atomic_store(&n->error_limit, max);
}

/* Halving goes down to 1, never to 0, which would switch the circuit breaker off. */
void
asc_node_next_error_window(asc_node *n, uint32_t max)
{
    uint32_t limit = atomic_load(&n->error_limit);
    uint32_t errors = atomic_exchange(&n->errors, 0);
    if (limit == 0) {
        return;
    }
    limit = errors > limit ? limit / 2 : limit * 2;
    limit = limit < max ? limit : max;
    atomic_store(&n->error_limit, limit > 0 ? limit : 1);
}
