/* The tend thread asks all nodes the same question side by side, so that a slow node
 * costs a cycle no more time than its own. A node that fails loses its tend connection,
 * whatever the reason: the next cycle begins with a fresh one. */
#include "cluster/ask.h"

#include "asc/alloc.h"
#include "asc/log.h"
#include "base/config.h"
#include "base/time.h"
#include "net/login.h"

bool
asc_cycle_goes_on(asc_cluster *c)
{
    return !atomic_load(&c->closed) && asc_now_ms() < c->cycle_ends_ms;
}

uint64_t
asc_cycle_deadline(const asc_cluster *c, bool enters)
{
    return asc_earlier(asc_now_ms() + asc_config_answer_ms(&c->config, enters),
                       c->cycle_ends_ms);
}

/* A node has refused a login, so that commands that wait for it need not wait longer;
 * or it has forgotten a session, which is renewed at once. Returns true for the
 * latter. */
static bool
note_refusal(asc_cluster *c, asc_node *n, const asc_info_call *call)
{
    if (call->conn == NULL || call->err.phase != ASC_PHASE_LOGIN ||
        !call->err.is_result) {
        return false;
    }
    if (asc_pool_lock_out(&n->pool, call->conn)) {
        asc_state_hurry(c);
        return true;
    }
    atomic_store(&n->pool.login_code, call->err.code);
    return false;
}

/* Count a failure against a node. A timeout is not held against one that had less than
 * its full time, because the cycle was about to end, and neither is a lack of memory
 * here; and sessions are forgotten now and then. */
static void
fail(asc_cluster *c, asc_node *n, const asc_info_call *call, bool had_time)
{
    c->trouble = call->err;
    bool is_forgotten = note_refusal(c, n, call);
    asc_node_close_tend_conn(n);
    if (is_forgotten) {
        asc_log(ASC_LOG_INFO, "node %s %s has forgotten the session of the user",
                n->name, n->pool.addr.text);
        return;
    }
    n->failures += call->err.code != ASC_ERR_NOMEM &&
                   (had_time || call->status != ASC_ERR_TIMEOUT);
    asc_log(ASC_LOG_WARN, "node %s %s: %s (failure %u)", n->name, n->pool.addr.text,
            call->err.message, n->failures);
}

/* Open a node's tend connection. It logs in, where users do that, or shows the token of
 * the session. */
static void
open_tend_conn(asc_cluster *c, asc_node *n, bool logs_in, asc_error *err)
{
    const asc_transport *transport = n->pool.transport;
    const asc_addr *addr = &n->pool.addr;
    if (logs_in) {
        transport = asc_config_login_transport(&c->config);
        addr = &n->login_addr;
    }
    n->told_user_agent = false;
    asc_conn *conn = NULL;
    asc_status rc = asc_conn_start(&conn, transport, addr, err);
    asc_node_set_tend_conn(n, conn);
    if (rc == ASC_OK && logs_in) {
        rc = asc_login_begin(n->tend_conn, c->config.credentials, err);
    }
    else if (rc == ASC_OK) {
        rc = asc_pool_present(&n->pool, n->tend_conn, err);
    }
    if (rc != ASC_OK) {
        asc_node_close_tend_conn(n);
    }
}

/* Point a call at a node's tend connection, which is opened first when there is none,
 * or when it must log in again. Where that fails, the call stays without a connection
 * and ends with the error that was set. Returns whether it logs in. */
static bool
prepare(asc_cluster *c, asc_node *n, asc_info_call *call, const char *commands)
{
    bool logs_in =
        c->config.credentials != NULL && asc_pool_needs_login(&n->pool, asc_now_ms());
    call->commands = commands;
    asc_error_reset(&call->err);
    if (logs_in) {
        asc_node_close_tend_conn(n);
    }
    if (n->tend_conn == NULL) {
        open_tend_conn(c, n, logs_in, &call->err);
    }
    call->conn = n->tend_conn;
    return logs_in;
}

/* The node has answered, so that the session of a new login, if there was one, is good:
 * from now on it is the node's. Nobody else sets the pool's, so that it can be read
 * without the lock. */
static void
adopt_session(asc_node *n)
{
    asc_session *s = n->tend_conn->session;
    if (s != NULL && s != n->pool.session) {
        asc_pool_set_session(&n->pool, s);
    }
}

/* A connection over which only a login goes is of no further use. */
static void
end_login(asc_node *n)
{
    if (n->tend_conn != NULL && n->tend_conn->transport != n->pool.transport) {
        asc_node_close_tend_conn(n);
    }
}

/* Count what was moved for a call, if that is measured. */
static void
count_bytes(asc_node *n, const asc_info_call *call)
{
    asc_meter *m =
        asc_meters_are_on(&n->meters) ? asc_meters_add(&n->meters, "") : NULL;
    if (m != NULL && call->conn != NULL) {
        asc_meter_move(m, asc_meter_lane(), call->io.progress - call->io.sent,
                       call->io.sent);
    }
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
    bool logs_in = false; /* only then does a silent node get the time of a login */
    if (c->n_nodes == 0 || !asc_cycle_goes_on(c)) {
        return;
    }
    asked = asc_calloc(c->n_nodes, sizeof *asked);
    calls = asc_calloc(c->n_nodes, sizeof *calls);
    for (size_t i = 0; asked != NULL && calls != NULL && i < c->n_nodes; i++) {
        if (admits == NULL || admits(c->nodes[i])) {
            asked[n].node = c->nodes[i];
            logs_in = prepare(c, c->nodes[i], &asked[n].call, commands) || logs_in;
            calls[n] = &asked[n].call;
            n++;
        }
    }
    if (asked == NULL || calls == NULL) {
        asc_error_set(&c->trouble, ASC_ERR_NOMEM, "questions to the nodes");
    }
    uint64_t until_ms = asc_cycle_deadline(c, logs_in);
    bool had_time = until_ms < c->cycle_ends_ms;
    if (n > 0) {
        asc_info_run(calls, n, until_ms, c->wake.fds[0]);
    }
    for (size_t i = 0; i < n; i++) {
        asc_info_call *call = calls[i];
        count_bytes(asked[i].node, call);
        if (call->status == ASC_OK) {
            adopt_session(asked[i].node);
        }
        if (call->status != ASC_OK || !answer(c, asked[i].node, call, context)) {
            fail(c, asked[i].node, call, had_time);
        }
        end_login(asked[i].node);
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
