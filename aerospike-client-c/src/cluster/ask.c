/* The tend thread asks all nodes the same question side by side, so that a slow node
 * costs a cycle no more time than its own. A node that fails loses its tend connection,
 * whatever the reason: the next cycle begins with a fresh one. */
#include "cluster/ask.h"

#include "asc/alloc.h"
#include "asc/log.h"
#include "base/time.h"

bool
asc_cycle_goes_on(asc_cluster *c)
{
    return !atomic_load(&c->closed) && asc_now_ms() < c->cycle_ends_ms;
}

uint64_t
asc_cycle_deadline(const asc_cluster *c)
{
    return asc_earlier(asc_now_ms() + c->config.connect_timeout_ms, c->cycle_ends_ms);
}

/* Count a failure against a node. A timeout is not held against one that had less than
 * its full time, because the cycle was about to end. */
static void
fail(asc_cluster *c, asc_node *n, const asc_info_call *call, bool had_time)
{
    c->trouble = call->err;
    n->failures += had_time || call->status != ASC_ERR_TIMEOUT;
    asc_node_close_tend_conn(n);
    asc_log(ASC_LOG_WARN, "node %s %s: %s (failure %u)", n->name, n->pool.addr.text,
            call->err.message, n->failures);
}

/* Point a call at a node's tend connection, which is opened first when there is none.
 * Where that fails, the call stays without a connection and ends with the error that
 * was set. */
static void
prepare(asc_node *n, asc_info_call *call, const char *commands)
{
    call->commands = commands;
    asc_error_reset(&call->err);
    if (n->tend_conn == NULL) {
        n->told_user_agent = false;
        asc_conn_start(&n->tend_conn, n->pool.transport, &n->pool.addr, &call->err);
    }
    call->conn = n->tend_conn;
}

/* When memory is short nobody is asked; the next cycle tries again. */
void
asc_ask_nodes(asc_cluster *c, const char *commands, asc_node_filter admits,
              asc_node_answer answer, void *context)
{
    struct question { /* a node with the call that asks it */
        asc_node *node;
        asc_info_call call;
    } *asked = NULL;
    asc_info_call **calls = NULL;
    size_t n = 0;
    if (c->n_nodes == 0 || !asc_cycle_goes_on(c)) {
        return;
    }
    asked = asc_calloc(c->n_nodes, sizeof *asked);
    calls = asc_calloc(c->n_nodes, sizeof *calls);
    for (size_t i = 0; asked != NULL && calls != NULL && i < c->n_nodes; i++) {
        if (admits == NULL || admits(c->nodes[i])) {
            asked[n].node = c->nodes[i];
            prepare(c->nodes[i], &asked[n].call, commands);
            calls[n] = &asked[n].call;
            n++;
        }
    }
    if (asked == NULL || calls == NULL) {
        asc_error_set(&c->trouble, ASC_ERR_NOMEM, "questions to the nodes");
    }
    uint64_t until_ms = asc_cycle_deadline(c);
    bool had_time = until_ms < c->cycle_ends_ms;
    if (n > 0) {
        asc_info_run(calls, n, until_ms, c->wake.fds[0]);
    }
    for (size_t i = 0; i < n; i++) {
        asc_info_call *call = calls[i];
        if (call->status != ASC_OK || !answer(c, asked[i].node, call, context)) {
            fail(c, asked[i].node, call, had_time);
        }
        asc_info_call_clear(call);
    }
    asc_free(asked);
    asc_free(calls);
}

bool
asc_node_is_reachable(const asc_node *n)
{
    return n->failures == 0 && atomic_load(&n->active);
}
