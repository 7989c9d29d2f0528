/* The decision table: every failure, for reads and writes, with repetitions left or
 * not, after 0, 1 or 2 requests that left us, with and without a time for late replies.
 * What is expected is written out here a second time, from the rules of the engine and
 * of the wire protocol, not taken from the code. */
#include "command/decide.h"
#include "kit.h"

typedef struct row {
    const char *name;
    asc_failure failure;
    asc_status code;
    asc_conn_fate conn;
    bool may_repeat;     /* at all */
    bool moves_writes;   /* a repeated write goes to another copy */
    bool counts;         /* against the node's error rate */
    bool leaves_unknown; /* the node did not say what became of the request */
} row;

static const row rows[] = {
    /* nothing was sent */
    {"no node", ASC_FAIL_NO_NODE, ASC_ERR_INVALID_NODE, ASC_CONN_NONE, true, true,
     false, true},
    {"error rate", ASC_FAIL_ERROR_RATE, ASC_ERR_MAX_ERROR_RATE, ASC_CONN_NONE, true,
     false, false, true},
    {"pool", ASC_FAIL_POOL, ASC_ERR_NO_CONNECTIONS, ASC_CONN_NONE, true, false, false,
     true},
    {"connect refused", ASC_FAIL_CONNECT, ASC_ERR_CONNECTION, ASC_CONN_CLOSE, true,
     true, true, true},
    {"connect timeout", ASC_FAIL_CONNECT, ASC_ERR_TIMEOUT, ASC_CONN_CLOSE, true, true,
     true, true},
    {"unsent", ASC_FAIL_UNSENT, ASC_ERR_CONNECTION, ASC_CONN_CLOSE, true, true, true,
     true},
    /* a byte left */
    {"broken", ASC_FAIL_BROKEN, ASC_ERR_CONNECTION, ASC_CONN_CLOSE, true, true, true,
     true},
    {"silence", ASC_FAIL_SILENCE, ASC_ERR_TIMEOUT, ASC_CONN_DRAIN, true, false, false,
     true},
    {"garbled", ASC_FAIL_GARBLED, ASC_ERR_CLIENT, ASC_CONN_CLOSE, false, false, true,
     true},
    /* the server answered */
    {"server timeout", ASC_FAIL_BUSY, ASC_ERR_TIMEOUT, ASC_CONN_KEEP, true, true, true,
     true},
    {"unavailable", ASC_FAIL_BUSY, ASC_ERR_CLUSTER, ASC_CONN_KEEP, true, true, true,
     false},
    {"overload", ASC_FAIL_BUSY, ASC_ERR_DEVICE_OVERLOAD, ASC_CONN_KEEP, true, true,
     true, false},
    {"not logged in", ASC_FAIL_SESSION, ASC_ERR_NOT_AUTHENTICATED, ASC_CONN_CLOSE,
     false, false, false, false},
    {"not found", ASC_FAIL_REFUSED, 2, ASC_CONN_KEEP, false, false, false, false},
    {"generation", ASC_FAIL_REFUSED, 3, ASC_CONN_KEEP, false, false, false, false},
    /* ours */
    {"no memory", ASC_FAIL_FATAL, ASC_ERR_NOMEM, ASC_CONN_CLOSE, false, false, false,
     true},
    {"closed", ASC_FAIL_FATAL, ASC_ERR_CLUSTER, ASC_CONN_CLOSE, false, false, false,
     true},
    {"no namespace", ASC_FAIL_FATAL, ASC_ERR_NAMESPACE, ASC_CONN_CLOSE, false, false,
     false, true},
};

enum { N_ROWS = sizeof rows / sizeof rows[0] };

/* 10.1 of the wire protocol: more than one sent, or one sent and no word about it. */
static bool
doubtful(const row *r, bool writes, uint32_t n_sent)
{
    return writes && (n_sent > 1 || (n_sent == 1 && r->leaves_unknown));
}

static void
check(const row *r, bool writes, uint32_t retries_left, uint32_t n_sent, bool time_left,
      uint32_t delay_ms)
{
    const uint32_t n_attempts = n_sent > 0 ? n_sent : 1;
    const asc_request req = {
        .writes = writes,
        .replica = ASC_REPLICA_SEQUENCE,
        .timing = {.timeout_delay_ms = delay_ms,
                   .max_retries = n_attempts - 1 + retries_left},
    };
    const asc_attempt a = {.failure = r->failure,
                           .code = r->code,
                           .n_attempts = n_attempts,
                           .n_sent = n_sent,
                           .time_left = time_left};
    asc_verdict v = asc_decide(&req, &a);
    bool closes = r->conn == ASC_CONN_DRAIN && delay_ms == 0;
    asc_conn_fate fate = closes ? ASC_CONN_CLOSE : r->conn;
    kit_note("%s, %s, %u retries left, %u sent, %s, delay %u", r->name,
             writes ? "write" : "read", retries_left, n_sent,
             time_left ? "time left" : "late", delay_ms);
    CHECK_EQ_INT(v.conn, fate);
    CHECK_EQ_INT(v.again, r->may_repeat && retries_left > 0 && time_left);
    CHECK_EQ_INT(v.in_doubt, doubtful(r, writes, n_sent));
    CHECK_EQ_INT(v.count_error, r->counts || closes);
    if (v.again) {
        CHECK_EQ_INT(v.next_replica, !writes || r->moves_writes);
    }
}

static void
test_table(void)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        for (unsigned bits = 0; bits < 16; bits++) {
            for (uint32_t n_sent = 0; n_sent <= 2; n_sent++) {
                check(&rows[i], bits & 1, bits & 2 ? 1 : 0, n_sent, bits & 4,
                      bits & 8 ? 3000 : 0);
            }
        }
    }
}

/* The rows of a batch have codes of their own, of a server or of our decoder. */
static void
test_codes_leave_doubt_as_failures_do(void)
{
    for (int code = -20; code < 256; code++) {
        bool unknown = code < 0 || code == ASC_ERR_TIMEOUT;
        kit_note("code %d", code);
        CHECK(!asc_in_doubt(code, 0));
        CHECK_EQ_INT(asc_in_doubt(code, 1), unknown);
        CHECK(asc_in_doubt(code, 2));
    }
}

static void
test_every_failure_has_a_row(void)
{
    for (unsigned f = 0; f < ASC_FAIL_COUNT; f++) {
        bool found = false;
        for (size_t i = 0; i < N_ROWS; i++) {
            found = found || rows[i].failure == f;
        }
        kit_note("failure %u", f);
        CHECK(found);
    }
}

/* MASTER asks the master again, whatever happened. */
static void
test_master_never_moves(void)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        for (unsigned writes = 0; writes < 2; writes++) {
            const asc_request req = {.writes = writes,
                                     .replica = ASC_REPLICA_MASTER,
                                     .timing = {.max_retries = 2}};
            const asc_attempt a = {.failure = rows[i].failure,
                                   .code = rows[i].code,
                                   .n_attempts = 1,
                                   .time_left = true};
            kit_note("%s", rows[i].name);
            CHECK(!asc_decide(&req, &a).next_replica);
        }
    }
}

/* A linearized read moves like a write. */
static void
test_linearized_reads_move_like_writes(void)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const asc_request req = {.linearize = true,
                                 .replica = ASC_REPLICA_SEQUENCE,
                                 .timing = {.max_retries = 2}};
        const asc_attempt a = {.failure = rows[i].failure,
                               .code = rows[i].code,
                               .n_attempts = 1,
                               .n_sent = 1,
                               .time_left = true};
        asc_verdict v = asc_decide(&req, &a);
        kit_note("%s", rows[i].name);
        CHECK(!v.in_doubt);
        if (v.again) {
            CHECK_EQ_INT(v.next_replica, rows[i].moves_writes);
        }
    }
}

static void
test_no_retry_on_timeout(void)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const asc_request req = {
            .replica = ASC_REPLICA_SEQUENCE,
            .timing = {.max_retries = 2, .no_retry_on_timeout = true}};
        const asc_attempt a = {.failure = rows[i].failure,
                               .code = rows[i].code,
                               .n_attempts = 1,
                               .time_left = true};
        kit_note("%s", rows[i].name);
        CHECK_EQ_INT(asc_decide(&req, &a).again,
                     rows[i].may_repeat && rows[i].code != ASC_ERR_TIMEOUT);
    }
}

static void
test_number_of_retries(void)
{
    for (uint32_t max = 0; max < 4; max++) {
        for (uint32_t n = 1; n < 6; n++) {
            const asc_request req = {.timing = {.max_retries = max}};
            const asc_attempt a = {.failure = ASC_FAIL_BROKEN,
                                   .code = ASC_ERR_CONNECTION,
                                   .n_attempts = n,
                                   .time_left = true};
            kit_note("attempt %u, max_retries %u", n, max);
            CHECK_EQ_INT(asc_decide(&req, &a).again, n <= max);
        }
    }
}

static void
test_result_codes(void)
{
    for (int code = 1; code < 256; code++) {
        asc_failure want = ASC_FAIL_REFUSED;
        if (code == 9 || code == 11 || code == 18) {
            want = ASC_FAIL_BUSY;
        }
        if (code == 15 || code == 80 || code == 210) {
            want = ASC_FAIL_SESSION;
        }
        kit_note("code %d", code);
        CHECK_EQ_INT(asc_failure_of_result(code), want);
    }
}

static const kit_test tests[] = {
    {"table", test_table},
    {"codes_leave_doubt_as_failures_do", test_codes_leave_doubt_as_failures_do},
    {"every_failure_has_a_row", test_every_failure_has_a_row},
    {"master_never_moves", test_master_never_moves},
    {"linearized_reads_move_like_writes", test_linearized_reads_move_like_writes},
    {"no_retry_on_timeout", test_no_retry_on_timeout},
    {"number_of_retries", test_number_of_retries},
    {"result_codes", test_result_codes},
};

KIT_MAIN("ut_decide", tests)
