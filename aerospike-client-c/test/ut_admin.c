/* Admin requests and the frames of blocks that answer them, as an exchange takes them;
 * and what credentials say of themselves. */
#include <stdlib.h>
#include <string.h>

#include "asc/admin.h"
#include "asc/alloc.h"
#include "asc/credentials.h"
#include "asc/reader.h"
#include "command/exchange.h"
#include "fake.h"
#include "kit.h"
#include "net/credentials.h"

#define HEADER "00 00 00 00 00 00 00 00 00 00 00 00"
#define OK "02 02 00 00 00 00 00 10 00 00 00 00 " HEADER
#define REFUSED "02 02 00 00 00 00 00 10 00 51 00 00 " HEADER
#define USER "00 00 00 01 " HEADER " 00 00 00 04 00 62 6f 62"
#define END "00 32 00 00 " HEADER
#define FRAME(size) "02 02 00 00 00 00 00 " size " "
#define EMPTY FRAME("00")

typedef struct rig {
    asc_cluster *cluster;
    asc_request req;
    asc_exchange x;
    asc_error err;
} rig;

/* Begin a request with a command. */
static void
setup(rig *r, uint8_t command)
{
    memset(r, 0, sizeof *r);
    fake_reset();
    r->cluster = fake_cluster(10);
    asc_error_reset(&r->err);
    CHECK(asc_admin_begin(&r->req.out, command));
    r->req.node_name = "A";
    r->req.timing = (asc_timing){.total_timeout_ms = 1000};
    asc_exchange_begin(&r->x, r->cluster, &r->req, &r->err, 1000);
    r->x.many.reply = ASC_REPLY_BLOCKS;
}

static void
teardown(rig *r)
{
    asc_exchange_abandon(&r->x);
    asc_buf_clear(&r->req.out);
    asc_buf_clear(&r->req.in);
    asc_cluster_release(r->cluster);
}

/* Run the exchange against a reply that comes in pieces of so many bytes. */
static asc_want
run(rig *r, const char *hex, size_t piece)
{
    size_t size;
    uint8_t *bytes = kit_hex(hex, &size);
    fake_step steps[FAKE_MAX_STEPS];
    size_t n = 0;
    for (size_t at = 0; at < size && n < FAKE_MAX_STEPS; at += piece) {
        size_t rest = size - at < piece ? size - at : piece;
        steps[n++] = (fake_step){FAKE_GIVE, rest, bytes + at};
    }
    fake_script(steps, n);
    asc_want want = ASC_WANT_READ;
    for (unsigned i = 0; i < 1000 && (want == ASC_WANT_READ || want == ASC_WANT_WRITE);
         i++) {
        want = asc_exchange_step(&r->x, 1000);
    }
    free(bytes);
    return want;
}

/* How many blocks the reply has, and how many of their fields are of a number. */
static size_t
count(const rig *r, uint8_t id, size_t *n_fields)
{
    asc_admin_blocks blocks;
    asc_admin_block b;
    asc_admin_value v;
    asc_error err;
    size_t n = 0;
    *n_fields = 0;
    asc_error_reset(&err);
    asc_admin_blocks_begin(&blocks, r->req.in.data, r->req.in.len);
    for (; asc_admin_blocks_next(&blocks, &b, &err); n++) {
        for (unsigned i = 0; i < b.n_fields; i++) {
            CHECK_EQ_INT(asc_admin_next(&b, &v, &err), ASC_OK);
            *n_fields += v.id == id;
        }
    }
    CHECK_EQ_INT(err.code, ASC_OK);
    return n;
}

static void
test_replies(void)
{
    static const struct {
        uint8_t command;
        const char *hex;
        size_t n_blocks, n_users;
    } rows[] = {
        {ASC_ADMIN_DROP_USER, OK, 1, 0},
        {ASC_ADMIN_QUERY_USERS, FRAME("10") END, 1, 0},
        {ASC_ADMIN_QUERY_USERS, FRAME("28") USER END, 2, 1},
        {ASC_ADMIN_QUERY_USERS, FRAME("18") USER FRAME("18") USER FRAME("10") END, 3,
         2},
        {ASC_ADMIN_QUERY_ROLES, FRAME("30") USER USER EMPTY FRAME("10") END, 3, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 1; piece < 200; piece += 13) {
            rig r;
            size_t n_users;
            kit_note("row %zu, pieces of %zu", i, piece);
            setup(&r, rows[i].command);
            CHECK_EQ_INT(run(&r, rows[i].hex, piece < 3 ? 3 : piece), ASC_WANT_DONE);
            CHECK_EQ_INT(count(&r, ASC_ADMIN_USER, &n_users), rows[i].n_blocks);
            CHECK_EQ_INT(n_users, rows[i].n_users);
            /* the connection is whole: it is in the pool again */
            CHECK_EQ_INT(asc_pool_n_idle(&r.cluster->nodes[0]->pool), 1);
            teardown(&r);
        }
    }
}

static void
test_refusals(void)
{
    static const uint8_t commands[] = {ASC_ADMIN_DROP_USER, ASC_ADMIN_QUERY_USERS};
    for (size_t i = 0; i < sizeof commands; i++) {
        rig r;
        setup(&r, commands[i]);
        CHECK_EQ_INT(run(&r, REFUSED, 100), ASC_WANT_FAILED);
        CHECK_EQ_INT(r.err.code, ASC_ERR_ROLE_VIOLATION);
        CHECK(r.err.is_result);
        CHECK_EQ_INT(asc_pool_n_idle(&r.cluster->nodes[0]->pool), 1);
        teardown(&r);
    }
    rig r;
    setup(&r, ASC_ADMIN_DROP_USER);
    CHECK_EQ_INT(run(&r, FRAME("10") END, 100), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_QUERY_END);
    teardown(&r);
}

static void
test_malformed_replies(void)
{
    static const char *const rows[] = {
        FRAME("08") "00 00 00 00 00 00 00 00",
        FRAME("10") "00 00 00 01 " HEADER,
        FRAME("14") "00 00 00 01 " HEADER " 00 00 00 00",
        FRAME("18") "00 00 00 01 " HEADER " 00 00 00 05 00 62 6f 62",
        FRAME("18") "00 00 00 01 " HEADER " ff ff ff ff 00 62 6f 62",
        FRAME("20") END END,
        FRAME("10") END OK,
        "02 01 00 00 00 00 00 03 6f 6b 0a",
        "02 03 00 00 00 00 00 03 6f 6b 0a",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig r;
        kit_note("%s", rows[i]);
        setup(&r, ASC_ADMIN_QUERY_USERS);
        CHECK_EQ_INT(run(&r, rows[i], 100), ASC_WANT_FAILED);
        CHECK_EQ_INT(r.err.code, ASC_ERR_CLIENT);
        CHECK_EQ_INT(r.cluster->nodes[0]->pool.n_open, 0);
        teardown(&r);
    }
}

static void
test_reply_that_does_not_end(void)
{
    rig r;
    setup(&r, ASC_ADMIN_QUERY_USERS);
    CHECK_EQ_INT(run(&r, FRAME("18") USER, 100), ASC_WANT_READ);
    CHECK_EQ_INT(asc_exchange_step(&r.x, 2000), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
    teardown(&r);
}

static void
test_info_that_wants_a_login(void)
{
    static const struct {
        const char *text;
        bool wants;
    } rows[] = {
        {"ERROR:80:not authenticated\n", true},
        {"error:80\n", true},
        {"build\tERROR:80:not authenticated\n", true},
        {"ERROR:81:role violation\n", false},
        {"build\t8.1.2.0\n", false},
        {"build\t8.1.2.0\nnode\tERROR:80:x\n", false},
        {"80\n", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_error err;
        asc_error_reset(&err);
        kit_note("%s", rows[i].text);
        CHECK(asc_info_wants_login(rows[i].text, strlen(rows[i].text), &err) ==
              rows[i].wants);
        CHECK_EQ_INT(err.code, rows[i].wants ? ASC_ERR_NOT_AUTHENTICATED : ASC_OK);
        CHECK(err.is_result == rows[i].wants);
    }
}

static asc_credentials *
made(const char *user, const char *hash, const char *password)
{
    asc_credentials *c = NULL;
    asc_error err;
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_credentials_new(&c, user, hash, password, &err), ASC_OK);
    return c;
}

static void
test_equal_credentials(void)
{
    asc_credentials *all[] = {
        made("ann", "H", NULL),  made("ann", "H", NULL),
        made("bob", "H", NULL),  made("ann", "I", NULL),
        made("ann", "H", "pw"),  made(NULL, NULL, NULL),
        made("ann", NULL, NULL), NULL,
    };
    size_t n = sizeof all / sizeof all[0];
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            CHECK(asc_credentials_equal(all[i], all[k]) == (i == k || i + k == 1));
        }
    }
    CHECK(asc_credentials_set_hash(all[1], "J"));
    CHECK(!asc_credentials_equal(all[0], all[1]));
    CHECK_EQ_STR(asc_credentials_user(all[0]), "ann");
    CHECK_EQ_STR(asc_credentials_user(all[5]), "");
    CHECK(!asc_credentials_were_ignored(all[0]));
    asc_credentials_ignored(all[0]);
    CHECK(asc_credentials_were_ignored(all[0]));
    for (size_t i = 0; i < n; i++) {
        asc_credentials_release(all[i]);
    }
}

static void
test_own_hash_as_a_field(void)
{
    asc_credentials *ann = made("ann", "H", NULL), *other = made(NULL, NULL, NULL);
    asc_buf out = ASC_BUF_INIT;
    asc_error err;
    asc_error_reset(&err);
    CHECK(asc_admin_begin(&out, ASC_ADMIN_CHANGE_PASSWORD));
    CHECK_EQ_INT(asc_credentials_put_hash(other, &out, 2, &err), ASC_ERR_PARAM);
    CHECK_EQ_INT(asc_credentials_put_hash(ann, &out, 2, &err), ASC_OK);
    CHECK_EQ_BYTES(out.data, out.len,
                   "02 02 00 00 00 00 00 16 00 00 04 01 " HEADER " 00 00 00 02 02 48");
    asc_buf_clear(&out);
    asc_credentials_release(ann);
    asc_credentials_release(other);
}

static const kit_test tests[] = {
    {"replies", test_replies},
    {"refusals", test_refusals},
    {"malformed replies", test_malformed_replies},
    {"reply that does not end", test_reply_that_does_not_end},
    {"info that wants a login", test_info_that_wants_a_login},
    {"equal credentials", test_equal_credentials},
    {"own hash as a field", test_own_hash_as_a_field},
};

KIT_MAIN("ut_admin", tests)
