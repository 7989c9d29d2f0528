/* What follows from a failed attempt, as one table and the few rules that go across its
 * rows. Nothing here knows sockets or clocks, so that tests go through every case. */
#include "command/decide.h"

/* One row for each failure. `again` says that another attempt may help, count_error
 * that the failure speaks against the node. moves_writes says that it makes sense to
 * repeat a write on another copy; after a timeout it does not, since the master is
 * still the one to ask. */
static const struct {
    asc_conn_fate conn;
    bool again, moves_writes, count_error;
} rules[ASC_FAIL_COUNT] = {
    [ASC_FAIL_NO_NODE] = {ASC_CONN_NONE, true, true, false},
    [ASC_FAIL_ERROR_RATE] = {ASC_CONN_NONE, true, false, false},
    [ASC_FAIL_POOL] = {ASC_CONN_NONE, true, false, false},
    [ASC_FAIL_CONNECT] = {ASC_CONN_CLOSE, true, true, true},
    [ASC_FAIL_UNSENT] = {ASC_CONN_CLOSE, true, true, true},
    [ASC_FAIL_BROKEN] = {ASC_CONN_CLOSE, true, true, true},
    [ASC_FAIL_SILENCE] = {ASC_CONN_DRAIN, true, false, false},
    [ASC_FAIL_GARBLED] = {ASC_CONN_CLOSE, false, false, true},
    [ASC_FAIL_BUSY] = {ASC_CONN_KEEP, true, true, true},
    [ASC_FAIL_SESSION] = {ASC_CONN_CLOSE, false, false, false},
    [ASC_FAIL_REFUSED] = {ASC_CONN_KEEP, false, false, false},
    [ASC_FAIL_FATAL] = {ASC_CONN_CLOSE, false, false, false},
};

/* A timeout is no answer, even when the server says it: the write may still be
 * applied. */
bool
asc_in_doubt(asc_status code, uint32_t n_sent)
{
    bool unanswered = code == ASC_ERR_TIMEOUT || code < 0;
    return n_sent > 1 || (n_sent == 1 && unanswered);
}

/* A failure of our own may bear a server's code (no such namespace) and still be no
 * answer to what was sent before. */
static bool
leaves_doubt(const asc_request *req, const asc_attempt *a)
{
    asc_status code = a->failure == ASC_FAIL_FATAL ? ASC_ERR_CLIENT : a->code;
    return req->writes && asc_in_doubt(code, a->n_sent);
}

/* A connection that is not drained is lost with the silence, which then counts as an
 * error of the node; a drained one is judged when its reply has come or not
 * (topology/drain.c). */
asc_verdict
asc_decide(const asc_request *req, const asc_attempt *a)
{
    bool timed_out = a->code == ASC_ERR_TIMEOUT;
    asc_verdict v = {
        .conn = rules[a->failure].conn,
        .again = rules[a->failure].again && a->time_left &&
                 a->n_attempts <= req->timing.max_retries &&
                 !(timed_out && req->timing.no_retry_on_timeout),
        .next_replica =
            req->replica != ASC_REPLICA_MASTER &&
            ((!req->writes && !req->linearize) || rules[a->failure].moves_writes),
        .in_doubt = leaves_doubt(req, a),
        .count_error = rules[a->failure].count_error,
    };
    if (v.conn == ASC_CONN_DRAIN && req->timing.timeout_delay_ms == 0) {
        v.conn = ASC_CONN_CLOSE;
    }
    v.count_error =
        v.count_error || (a->failure == ASC_FAIL_SILENCE && v.conn == ASC_CONN_CLOSE);
    return v;
}

/* Aborted scans and queries, and a session that has ended, leave the connection in a
 * state that nobody knows; all other codes are proper answers. */
asc_failure
asc_failure_of_result(asc_status code)
{
    switch (code) {
    case ASC_ERR_TIMEOUT:
    case ASC_ERR_CLUSTER:
    case ASC_ERR_DEVICE_OVERLOAD:
        return ASC_FAIL_BUSY;
    case ASC_ERR_SCAN_ABORTED:
    case ASC_ERR_QUERY_ABORTED:
    case ASC_ERR_NOT_AUTHENTICATED:
        return ASC_FAIL_SESSION;
    default:
        return ASC_FAIL_REFUSED;
    }
}
