/* Logins, fed by a transport that says what it is told to: the bytes of the requests,
 * every kind of answer, and commands that meet a session which the node has
 * forgotten. */
#include <stdlib.h>
#include <string.h>

#include "asc/admin.h"
#include "asc/alloc.h"
#include "asc/credentials.h"
#include "base/time.h"
#include "cluster/ask.h"
#include "command/exchange.h"
#include "fake.h"
#include "kit.h"
#include "net/login.h"

/* bcrypt of "admin" with the salt that Aerospike uses */
#define HASH "$2a$10$7EqJtq98hPqEX7fNZaFWoO1mVO/4MLpGzsqojz6E9Gef6iXDjXdDa"

#define GIVE(bytes_, size) {.act = FAKE_GIVE, .n = (size), .bytes = (bytes_)}

/* A reply without fields. */
static const uint8_t *
answer(uint8_t code)
{
    static uint8_t reply[256][24];
    memcpy(reply[code], (uint8_t[10]){2, 2, 0, 0, 0, 0, 0, 16, 0, code}, 10);
    return reply[code];
}

/* The reply to a login: a token and its time to live. */
static const uint8_t with_token[48] = {
    2,   2,   0,   0,   0,   0,   0,   40, 0, 0, 20, 2,  0, 0,   0,   0,
    0,   0,   0,   0,   0,   0,   0,   0,  0, 0, 0,  11, 5, 'T', 'O', 'K',
    'E', 'N', 'T', 'O', 'K', 'E', 'N', 0,  0, 0, 5,  6,  0, 0,   14,  16,
};

static asc_credentials *
admin(const char *password)
{
    asc_credentials *c = NULL;
    asc_error err;
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_credentials_new(&c, "admin", HASH, password, &err), ASC_OK);
    return c;
}

/* Open a connection to the end; fake.peers[n] has what it said. */
static asc_io
open_all(asc_conn *c, asc_error *err)
{
    asc_io io = ASC_IO_WANT_READ;
    for (unsigned i = 0; i < 100 && (io == ASC_IO_WANT_READ || io == ASC_IO_WANT_WRITE);
         i++) {
        io = asc_conn_open(c, err);
    }
    return io;
}

/* Log in against one answer. NULL when that has failed, with err set. */
static asc_conn *
log_in(const void *reply, size_t size, asc_error *err)
{
    asc_conn *c = NULL;
    asc_addr addr = fake_addr(3001);
    asc_credentials *who = admin(NULL);
    fake_reset();
    FAKE_SCRIPT(GIVE(reply, size));
    asc_error_reset(err);
    bool ok = asc_conn_start(&c, &fake_transport, &addr, err) == ASC_OK &&
              asc_login_begin(c, who, err) == ASC_OK && open_all(c, err) == ASC_IO_OK;
    asc_credentials_release(who);
    if (!ok) {
        CHECK(c == NULL || !c->ready);
        CHECK(c == NULL || asc_conn_phase(c, ASC_PHASE_COMMAND) == ASC_PHASE_LOGIN);
        asc_conn_free(c);
        return NULL;
    }
    return c;
}

/* --- bytes ------------------------------------------------------------------------ */

static void
test_bytes_of_a_login(void)
{
    asc_error err;
    asc_conn *c = log_in(with_token, sizeof with_token, &err);
    CHECK(c != NULL);
    CHECK_EQ_BYTES(fake.peers[0].taken, fake.peers[0].n_taken,
                   "02 02 00 00 00 00 00 5b  00 00 14 02 00 00 00 00 00 00 00 00 00 00"
                   "00 00 00 00 00 06 00 61 64 6d 69 6e 00 00 00 3d 03 24 32 61 24 31"
                   "30 24 37 45 71 4a 74 71 39 38 68 50 71 45 58 37 66 4e 5a 61 46 57"
                   "6f 4f 31 6d 56 4f 2f 34 4d 4c 70 47 7a 73 71 6f 6a 7a 36 45 39 47"
                   "65 66 36 69 58 44 6a 58 64 44 61");
    asc_conn_free(c);
}

static void
test_bytes_of_a_token(void)
{
    asc_error err;
    asc_conn *first = log_in(with_token, sizeof with_token, &err), *c;
    asc_addr addr = fake_addr(3001);
    FAKE_SCRIPT(GIVE(answer(0), 24));
    CHECK_EQ_INT(asc_conn_start(&c, &fake_transport, &addr, &err), ASC_OK);
    CHECK_EQ_INT(asc_login_present(c, first->session, &err), ASC_OK);
    CHECK_EQ_INT(open_all(c, &err), ASC_IO_OK);
    CHECK(c->ready && c->greeting == NULL && c->session == first->session);
    CHECK_EQ_BYTES(fake.peers[1].taken, fake.peers[1].n_taken,
                   "02 02 00 00 00 00 00 29 00 00 00 02 00 00 00 00 00 00 00 00 00 00"
                   "00 00 00 00 00 06 00 61 64 6d 69 6e 00 00 00 0b 05 54 4f 4b 45 4e"
                   "54 4f 4b 45 4e");
    asc_conn_free(c);
    asc_conn_free(first);
}

static void
test_clear_password_and_certificate(void)
{
    asc_buf out = ASC_BUF_INIT;
    asc_error err;
    asc_error_reset(&err);
    fake_reset();
    asc_credentials *who = NULL;
    CHECK_EQ_INT(asc_credentials_new(&who, "ann", "H", "pw", &err), ASC_OK);
    asc_conn *c;
    asc_addr addr = fake_addr(3001);
    FAKE_SCRIPT(GIVE(with_token, sizeof with_token));
    CHECK_EQ_INT(asc_conn_start(&c, &fake_transport, &addr, &err), ASC_OK);
    CHECK_EQ_INT(asc_login_begin(c, who, &err), ASC_OK);
    CHECK_EQ_INT(open_all(c, &err), ASC_IO_OK);
    CHECK_EQ_BYTES(fake.peers[0].taken + 24, fake.peers[0].n_taken - 24,
                   "00 00 00 04 00 61 6e 6e 00 00 00 02 03 48 00 00 00 03 04 70 77");
    asc_conn_free(c);
    asc_credentials_release(who);

    CHECK_EQ_INT(asc_credentials_new(&who, NULL, NULL, NULL, &err), ASC_OK);
    FAKE_SCRIPT(GIVE(with_token, sizeof with_token));
    CHECK_EQ_INT(asc_conn_start(&c, &fake_transport, &addr, &err), ASC_OK);
    CHECK_EQ_INT(asc_login_begin(c, who, &err), ASC_OK);
    CHECK_EQ_INT(open_all(c, &err), ASC_IO_OK);
    CHECK_EQ_INT(fake.peers[1].n_taken, 24);
    CHECK_EQ_BYTES(c->session->request + 24, c->session->size - 24,
                   "00 00 00 0b 05 54 4f 4b 45 4e 54 4f 4b 45 4e");
    asc_conn_free(c);
    asc_credentials_release(who);
    asc_buf_clear(&out);
}

static void
test_names_of_users(void)
{
    char longest[ASC_USER_NAME_SIZE + 1];
    asc_credentials *who = NULL;
    asc_error err;
    asc_error_reset(&err);
    memset(longest, 'u', sizeof longest);
    longest[ASC_USER_NAME_SIZE] = '\0';
    CHECK_EQ_INT(asc_credentials_new(&who, "", "H", NULL, &err), ASC_ERR_PARAM);
    CHECK_EQ_INT(asc_credentials_new(&who, longest, "H", NULL, &err), ASC_ERR_PARAM);
    CHECK_HAS(err.message, "64");
    longest[ASC_USER_NAME_SIZE - 1] = '\0';
    CHECK_EQ_INT(asc_credentials_new(&who, longest, "H", NULL, &err), ASC_OK);
    CHECK(asc_credentials_set_hash(who, "other"));
    asc_credentials_release(who);
    asc_credentials_release(NULL);
}

/* --- answers ---------------------------------------------------------------------- */

static void
test_session_of_a_login(void)
{
    asc_error err;
    uint64_t before_ms = asc_now_ms();
    asc_conn *c = log_in(with_token, sizeof with_token, &err);
    CHECK(c != NULL && c->session != NULL);
    /* 3600 s, less one minute */
    CHECK(c->session->renew_ms >= before_ms + 3540000);
    CHECK(c->session->renew_ms <= asc_now_ms() + 3540000);
    asc_conn_free(c);
}

static void
test_session_that_does_not_end(void)
{
    uint8_t reply[sizeof with_token];
    asc_error err;
    memcpy(reply, with_token, sizeof reply);
    reply[46] = 0;
    reply[47] = 60; /* too short to be renewed */
    asc_conn *c = log_in(reply, sizeof reply, &err);
    CHECK(c != NULL && c->session->renew_ms == ASC_FOREVER);
    asc_conn_free(c);
    memcpy(reply, with_token, sizeof reply);
    reply[7] = 31;
    reply[11] = 1; /* no time at all */
    c = log_in(reply, 39, &err);
    CHECK(c != NULL && c->session->renew_ms == ASC_FOREVER);
    asc_conn_free(c);
}

static void
test_node_without_security(void)
{
    asc_error err;
    asc_conn *first = log_in(answer(52), 24, &err), *c;
    asc_addr addr = fake_addr(3001);
    CHECK(first != NULL && first->session != NULL && first->session->size == 0);
    CHECK_EQ_INT(asc_conn_start(&c, &fake_transport, &addr, &err), ASC_OK);
    CHECK_EQ_INT(asc_login_present(c, first->session, &err), ASC_OK);
    CHECK_EQ_INT(open_all(c, &err), ASC_IO_OK);
    CHECK_EQ_INT(fake.peers[1].n_taken, 0);
    asc_conn_free(c);
    asc_conn_free(first);
}

static void
test_refused_logins(void)
{
    const uint8_t codes[] = {51, 60, 62, 63, 65, 82, 255};
    for (size_t i = 0; i < sizeof codes; i++) {
        asc_error err;
        kit_note("%u", codes[i]);
        CHECK(log_in(answer(codes[i]), 24, &err) == NULL);
        CHECK_EQ_INT(err.code, codes[i]);
        CHECK(err.is_result);
    }
}

static void
test_malformed_answers(void)
{
    static const struct {
        const char *hex, *says;
    } replies[] = {
        {"02 02 00 00 00 00 00 08 00 00 14 00 00 00 00 00", "header is cut"},
        {"02 02 00 00 00 00 00 10 00 00 14 00 00 00 00 00 00 00 00 00 00 00 00 00",
         "no token"},
        {"02 02 00 00 00 00 00 10 00 00 14 01 00 00 00 00 00 00 00 00 00 00 00 00",
         "past the end"},
        {"02 02 00 00 00 00 00 15 00 00 14 01 00 00 00 00 00 00 00 00 00 00 00 00"
         "00 00 00 00 05",
         "past the end"},
        {"02 02 00 00 00 00 00 15 00 00 14 01 00 00 00 00 00 00 00 00 00 00 00 00"
         "ff ff ff ff 05",
         "past the end"},
        {"02 02 00 00 00 00 00 15 00 00 14 01 00 00 00 00 00 00 00 00 00 00 00 00"
         "00 00 00 01 05",
         "no token"},
        {"02 01 00 00 00 00 00 04 6f 6b 0a 0a", "something else"},
        {"02 02 00 00 00 10 00 00 00 00 14 00 00 00 00 00", "too large"},
        {"48 54 54 50 2f 31 2e 31 20 34 30 30 20", "protocol"},
    };
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        size_t size;
        asc_error err;
        uint8_t *bytes = kit_hex(replies[i].hex, &size);
        kit_note("%s", replies[i].hex);
        CHECK(log_in(bytes, size, &err) == NULL);
        CHECK(!err.is_result);
        CHECK_HAS(err.message, replies[i].says);
        free(bytes);
    }
}

/* --- commands that meet a forgotten session --------------------------------------- */

static uint8_t request[40] = {2, 3, 0, 0, 0, 0, 0, 32, 22, 3};

/* A reply to the request, without operations. */
static const uint8_t *
result(uint8_t code)
{
    static uint8_t reply[256][30];
    memcpy(reply[code], (uint8_t[9]){2, 3, 0, 0, 0, 0, 0, 22, 22}, 9);
    reply[code][13] = code;
    return reply[code];
}

typedef struct rig {
    asc_cluster *cluster;
    asc_node *node; /* borrowed */
    asc_request req;
    asc_exchange x;
    asc_error err;
    uint64_t now;
} rig;

/* Log in to node A as its tend thread would. */
static void
begin_session(rig *r)
{
    asc_error err;
    size_t n_opened = fake.n_opened;
    asc_conn *c;
    asc_credentials *who = admin(NULL);
    (void)n_opened;
    FAKE_SCRIPT(GIVE(with_token, sizeof with_token));
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_conn_start(&c, &fake_transport, &r->node->pool.addr, &err),
                 ASC_OK);
    CHECK_EQ_INT(asc_login_begin(c, who, &err), ASC_OK);
    CHECK_EQ_INT(open_all(c, &err), ASC_IO_OK);
    asc_pool_set_session(&r->node->pool, c->session);
    asc_conn_free(c);
    asc_credentials_release(who);
}

static void
setup(rig *r)
{
    memset(r, 0, sizeof *r);
    fake_reset();
    r->cluster = fake_cluster(10);
    r->node = r->cluster->nodes[0];
    r->now = 1000;
    asc_error_reset(&r->err);
    CHECK(asc_buf_put(&r->req.out, request, sizeof request));
    r->req.ns = "test";
    r->req.partition = 1207;
    r->req.writes = true;
    r->req.replica = ASC_REPLICA_MASTER;
    r->req.timing = (asc_timing){.total_timeout_ms = 1000, .socket_timeout_ms = 300};
    begin_session(r);
    asc_exchange_begin(&r->x, r->cluster, &r->req, &r->err, r->now);
}

static void
teardown(rig *r)
{
    asc_exchange_abandon(&r->x);
    asc_buf_clear(&r->req.out);
    asc_buf_clear(&r->req.in);
    asc_cluster_release(r->cluster);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
}

/* Step until the exchange waits for time, or has ended. */
static asc_want
run(rig *r)
{
    asc_want want = ASC_WANT_READ;
    for (unsigned i = 0; i < 100 && (want == ASC_WANT_READ || want == ASC_WANT_WRITE);
         i++) {
        want = asc_exchange_step(&r->x, r->now);
    }
    return want;
}

static void
test_command_in_a_session(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT(GIVE(answer(0), 24), GIVE(result(0), 30));
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    CHECK_EQ_INT(fake.peers[1].n_taken, 49 + sizeof request);
    teardown(&r);
}

/* The node refuses the token, or what comes later on the connection. The command waits
 * until somebody has logged in: only what comes then is an attempt. */
static void
forgotten(bool at_once)
{
    rig r;
    setup(&r);
    if (at_once) {
        FAKE_SCRIPT(GIVE(answer(66), 24));
    }
    else {
        FAKE_SCRIPT(GIVE(answer(0), 24), GIVE(result(80), 30));
    }
    CHECK_EQ_INT(run(&r), ASC_WANT_TIME);
    CHECK(atomic_load(&r.node->pool.locked_out));
    CHECK(atomic_load(&r.cluster->hurried));
    CHECK(asc_pool_needs_login(&r.node->pool, r.now));
    r.now = r.x.wake_ms;
    CHECK_EQ_INT(run(&r), ASC_WANT_TIME);
    begin_session(&r);
    CHECK(!asc_pool_needs_login(&r.node->pool, r.now));
    FAKE_SCRIPT(GIVE(answer(0), 24), GIVE(result(0), 30));
    r.now = r.x.wake_ms;
    CHECK_EQ_INT(run(&r), ASC_WANT_DONE);
    CHECK_EQ_INT(r.x.n_attempts, 1);
    teardown(&r);
}

static void
test_forgotten_token(void)
{
    forgotten(true);
}

static void
test_forgotten_session(void)
{
    forgotten(false);
}

static void
test_nobody_logs_in(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT(GIVE(answer(66), 24));
    asc_want want = run(&r);
    for (unsigned i = 0; i < 1000 && want == ASC_WANT_TIME; i++) {
        r.now = r.x.wake_ms;
        want = run(&r);
    }
    CHECK_EQ_INT(want, ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
    CHECK_EQ_INT(r.err.phase, ASC_PHASE_LOGIN);
    CHECK_HAS(r.err.message, "forgotten the session");
    CHECK(!r.err.in_doubt);
    CHECK_EQ_INT(r.now, 2000);
    teardown(&r);
}

static void
test_login_is_refused(void)
{
    rig r;
    setup(&r);
    FAKE_SCRIPT(GIVE(answer(66), 24));
    CHECK_EQ_INT(run(&r), ASC_WANT_TIME);
    atomic_store(&r.node->pool.login_code, ASC_ERR_INVALID_PASSWORD);
    r.now = r.x.wake_ms;
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_INVALID_PASSWORD);
    CHECK(!r.err.in_doubt);
    teardown(&r);
}

/* Refusals that come late, from connections of the session before, change nothing. */
static void
test_late_refusal(void)
{
    rig r;
    setup(&r);
    asc_error err;
    asc_conn *old;
    asc_error_reset(&err);
    FAKE_SCRIPT(GIVE(answer(0), 24));
    CHECK_EQ_INT(asc_pool_get(&r.node->pool, &old, r.now, &err), ASC_OK);
    CHECK_EQ_INT(open_all(old, &err), ASC_IO_OK);
    begin_session(&r);
    CHECK(!asc_pool_lock_out(&r.node->pool, old));
    CHECK(!atomic_load(&r.node->pool.locked_out));
    asc_pool_drop(&r.node->pool, old);
    teardown(&r);
}

/* A client without a user reports 80 as what it is. */
static void
test_no_user(void)
{
    rig r;
    setup(&r);
    asc_pool_set_session(&r.node->pool, NULL);
    FAKE_SCRIPT(GIVE(result(80), 30));
    CHECK_EQ_INT(run(&r), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_NOT_AUTHENTICATED);
    teardown(&r);
}

static void
test_memory_runs_short(void)
{
    bool done = false;
    for (unsigned long nth = 1; !done && nth < 100; nth++) {
        asc_error err;
        asc_credentials *who = admin("pw");
        asc_conn *c = NULL;
        asc_addr addr = fake_addr(3001);
        fake_reset();
        FAKE_SCRIPT(GIVE(with_token, sizeof with_token));
        asc_error_reset(&err);
        asc_alloc_fail_after(nth);
        done = asc_conn_start(&c, &fake_transport, &addr, &err) == ASC_OK &&
               asc_login_begin(c, who, &err) == ASC_OK &&
               open_all(c, &err) == ASC_IO_OK;
        asc_alloc_fail_after(0);
        CHECK(done || err.code == ASC_ERR_NOMEM);
        asc_conn_free(c);
        asc_credentials_release(who);
    }
    CHECK(done);
}

static const kit_test tests[] = {
    {"bytes of a login", test_bytes_of_a_login},
    {"bytes of a token", test_bytes_of_a_token},
    {"clear password and certificate", test_clear_password_and_certificate},
    {"names of users", test_names_of_users},
    {"session of a login", test_session_of_a_login},
    {"session that does not end", test_session_that_does_not_end},
    {"node without security", test_node_without_security},
    {"refused logins", test_refused_logins},
    {"malformed answers", test_malformed_answers},
    {"command in a session", test_command_in_a_session},
    {"forgotten token", test_forgotten_token},
    {"forgotten session", test_forgotten_session},
    {"nobody logs in", test_nobody_logs_in},
    {"login is refused", test_login_is_refused},
    {"late refusal", test_late_refusal},
    {"no user", test_no_user},
    {"memory runs short", test_memory_runs_short},
};

KIT_MAIN("ut_login", tests)
