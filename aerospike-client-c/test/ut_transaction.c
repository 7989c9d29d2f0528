/* Transactions: what is kept of their records, the bytes of their requests, and what
 * becomes of a step whose node fails. The bytes are those of other clients. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "asc/ending.h"
#include "command/transaction.h"
#include "fake.h"
#include "frames.h"
#include "kit.h"
#include "oom.h"

#define ID UINT64_C(0x4b18b2ecfa241d0a)
#define ID_FIELD "00000009 05 0a1d24faecb2184b"
#define VERSION_FIELD "00000008 03 01020304050607"
#define DEADLINE_FIELD "00000005 06 44332211"
#define MONITOR                                                                        \
    "00000005 00 74657374 00000009 01 3c45524f7e4d5254"                                \
    "00000015 04 39476814e98ff129039478af176b65d3372defff"

/* A digest of the partition n, which A is the master of. */
static const uint8_t *
digest(uint32_t n)
{
    static uint8_t bytes[ASC_DIGEST_SIZE];
    memset(bytes, 0, sizeof bytes);
    bytes[0] = (uint8_t)n;
    bytes[1] = (uint8_t)(n >> 8 & 0x0f);
    bytes[4] = (uint8_t)(n >> 8); /* where the table looks first */
    return bytes;
}

/* An answer whose fields are these bytes. */
static asc_msg
message(uint8_t result, unsigned n_fields, const uint8_t *fields)
{
    return (asc_msg){
        .result = result, .n_fields = (uint16_t)n_fields, .fields = fields};
}

static const uint8_t version_field[] = {0, 0, 0, 8, 3, 1, 2, 3, 4, 5, 6, 7};

static asc_txn *
open_transaction(void)
{
    asc_error err;
    asc_txn *t = asc_txn_new(ID, 128);
    uint32_t set;
    CHECK_EQ_INT(asc_txn_enter(t, "test", 100, &err), ASC_OK);
    CHECK(asc_txn_number_set(t, "s", 1, &set));
    CHECK_EQ_INT(set, 0);
    return t;
}

static void
close_transaction(asc_txn *t)
{
    asc_txn_leave(t, 100);
    CHECK_EQ_INT(asc_txn_n_under_way(t), 0);
    asc_txn_release(t);
}

/* --- records --- */

static void
test_answers(void)
{
    static const struct {
        bool writes, has_version;
        uint8_t result;
        bool becomes_read, becomes_written;
    } rows[] = {
        {false, true, 0, true, false},   {false, true, 2, true, false},
        {false, false, 0, false, false}, {false, true, 120, false, false},
        {true, false, 0, false, true},   {true, true, 3, true, false},
        {true, true, 2, true, false},    {true, false, 120, false, false},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        kit_note("row %u", i);
        asc_txn *t = open_transaction();
        const asc_msg m = message(rows[i].result, rows[i].has_version, version_field);
        asc_txn_answered(t, 0, digest(1), rows[i].writes, &m);
        CHECK_EQ_INT(asc_txn_version(t, digest(1)) != 0, rows[i].becomes_read);
        CHECK_EQ_INT(asc_txn_has_written(t, digest(1)), rows[i].becomes_written);
        CHECK_EQ_INT(asc_txn_version(t, digest(2)), 0);
        close_transaction(t);
    }
    kit_note(NULL);
}

static void
test_write_takes_the_version_away(void)
{
    asc_txn *t = open_transaction();
    const asc_msg read = message(0, 1, version_field), written = message(0, 0, NULL);
    asc_txn_answered(t, 0, digest(1), false, &read);
    CHECK(asc_txn_version(t, digest(1)) == (UINT64_C(1) << 63 | 0x07060504030201));
    asc_txn_answered(t, 0, digest(1), true, &written);
    CHECK_EQ_INT(asc_txn_version(t, digest(1)), 0);
    CHECK_EQ_INT(t->n_entries, 1);
    asc_txn_answered(t, 0, digest(1), false, &read);
    asc_txn_doubted(t, 0, digest(1));
    CHECK_EQ_INT(asc_txn_version(t, digest(1)), 0);
    CHECK(!asc_ending_is_needed(t, ASC_ENDING_CLOSE)); /* the monitor must stay */
    close_transaction(t);
}

static void
test_table_grows(void)
{
    asc_error err;
    asc_txn *t = asc_txn_new(ID, 0);
    const asc_msg m = message(0, 1, version_field);
    uint32_t set;
    for (uint32_t i = 0; i < 3000; i++) {
        CHECK_EQ_INT(asc_txn_enter(t, "test", 1, &err), ASC_OK);
        CHECK(asc_txn_number_set(t, "set", i % 4, &set)); /* "", "s", "se", "set" */
        CHECK_EQ_INT(set, i % 4);
        asc_txn_answered(t, set, digest(i), false, &m);
        asc_txn_leave(t, 1);
    }
    CHECK_EQ_INT(t->n_entries, 3000);
    for (uint32_t i = 0; i < 3000; i++) {
        CHECK(asc_txn_version(t, digest(i)) != 0);
    }
    asc_txn_forget(t);
    CHECK_EQ_INT(asc_txn_version(t, digest(7)), 0);
    asc_txn_release(t);
}

/* --- states --- */

static void
test_ended_transaction_takes_no_command(void)
{
    asc_error err;
    for (int state = ASC_TXN_VERIFIED; state <= ASC_TXN_COMMIT_FAILED; state++) {
        asc_txn *t = asc_txn_new(ID, 1);
        CHECK_EQ_INT(asc_txn_begin_end(t, &err, &err), ASC_OK);
        CHECK_EQ_INT(asc_txn_begin_end(t, t, &err), ASC_ERR_PARAM);
        CHECK_EQ_INT(asc_txn_enter(t, "test", 1, &err), ASC_ERR_PARAM);
        asc_txn_set_state(t, (asc_txn_state)state, state == ASC_TXN_COMMIT_FAILED);
        asc_txn_end_end(t, t); /* another one has begun */
        CHECK_EQ_INT(asc_txn_begin_end(t, t, &err), ASC_ERR_PARAM);
        asc_txn_end_end(t, &err);
        CHECK_EQ_INT(asc_txn_enter(t, "test", 1, &err), ASC_ERR_PARAM);
        CHECK_HAS(err.message, "Issuing commands to this transaction is forbidden");
        CHECK_EQ_INT(asc_txn_get_state(t), state);
        CHECK_EQ_INT(asc_txn_in_doubt(t), state == ASC_TXN_COMMIT_FAILED);
        asc_txn_release(t);
    }
}

static void
test_namespace_is_that_of_the_first_command(void)
{
    asc_error err;
    asc_txn *t = open_transaction();
    CHECK_EQ_INT(asc_txn_enter(t, "bar", 1, &err), ASC_ERR_PARAM);
    CHECK_EQ_STR(err.message, "Namespace must be the same for all commands in the "
                              "transaction. orig: test new: bar");
    close_transaction(t);
}

/* --- fields --- */

static void
test_fields(void)
{
    asc_txn *t = open_transaction();
    const uint64_t version = UINT64_C(1) << 63 | 0x07060504030201;
    asc_buf out = ASC_BUF_INIT;
    asc_writer w = {.out = &out};
    t->deadline = 0x11223344;
    CHECK(asc_txn_put_fields(t, 0, false, &w));
    CHECK_EQ_BYTES(out.data, out.len, ID_FIELD);
    out.len = 0;
    CHECK(asc_txn_put_fields(t, version, true, &w));
    CHECK_EQ_BYTES(out.data, out.len, ID_FIELD VERSION_FIELD DEADLINE_FIELD);
    out.len = 0;
    CHECK(asc_buf_put(&out, "abcd", 4));
    CHECK(asc_txn_insert_fields(t, 0, true, &w, 2));
    CHECK_EQ_BYTES(out.data, out.len, "6162" ID_FIELD DEADLINE_FIELD "6364");
    CHECK_EQ_INT(w.n_fields, 1 + 3 + 2);
    asc_buf_clear(&out);
    close_transaction(t);
}

/* --- steps --- */

typedef struct rig {
    asc_cluster *cluster;
    asc_txn *txn;
    asc_ending *ending;
    asc_ending_options options;
    uint64_t now;
    uint32_t n_rows; /* of a slice; 0: all at once */
} rig;

static void
setup(rig *r)
{
    fake_reset();
    *r = (rig){.cluster = fake_cluster(10), .txn = open_transaction(), .now = 1000};
    r->options.timing = (asc_timing){.total_timeout_ms = 10000,
                                     .socket_timeout_ms = 3000,
                                     .max_retries = 5,
                                     .sleep_between_retries_ms = 1000};
    r->options.head.info3 = ASC_INFO3_SC_READ_TYPE;
    r->options.allow_inline = r->options.respond_all_keys = true;
}

static void
teardown(rig *r)
{
    close_transaction(r->txn);
    asc_cluster_release(r->cluster);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
}

static void
begin(rig *r, asc_ending_step step)
{
    asc_error err;
    CHECK_EQ_INT(
        asc_ending_new(&r->ending, r->txn, r->cluster, step, &r->options, &err),
        ASC_OK);
    asc_set *set = asc_ending_set(r->ending);
    set->begin_ms = r->now; /* the test's clock */
    set->deadline_ms = r->now + r->options.timing.total_timeout_ms;
}

/* Go on with the step until it has ended or waits. */
static asc_status
go_on(rig *r, asc_error *err)
{
    if (r->n_rows == 0) {
        return asc_ending_go_on(r->ending, err);
    }
    bool waits;
    asc_status rc;
    do {
        rc = asc_ending_go_on_some(r->ending, r->n_rows, &waits, err);
    } while (rc == ASC_INTERRUPTED && !waits);
    return rc;
}

/* The step to its end, which is its result. */
static asc_status
run(rig *r, asc_error *err)
{
    asc_status rc;
    while ((rc = go_on(r, err)) == ASC_INTERRUPTED &&
           CHECK(frames_wait(asc_ending_set(r->ending), &r->now))) {
    }
    return rc == ASC_OK ? asc_ending_result(r->ending, err) : rc;
}

static asc_status
carry_out(rig *r, asc_ending_step step, asc_error *err)
{
    begin(r, step);
    asc_status rc = run(r, err);
    asc_ending_free(r->ending);
    for (size_t i = 0; i < r->cluster->n_nodes; i++) {
        asc_pool_trim(&r->cluster->nodes[i]->pool, r->now + 1000000);
    }
    return rc;
}

/* The reply of one message without operations. */
static size_t
put_reply(uint8_t *out, uint8_t result, const char *fields_hex, unsigned n_fields)
{
    size_t size = 0;
    uint8_t *fields = kit_hex(fields_hex, &size);
    memset(out, 0, 30);
    out[0] = 2;
    out[1] = ASC_PROTO_MESSAGE;
    out[7] = (uint8_t)(ASC_MSG_HEADER_SIZE + size);
    out[8] = ASC_MSG_HEADER_SIZE;
    out[13] = result;
    out[27] = (uint8_t)n_fields;
    memcpy(out + 30, fields, size);
    free(fields);
    return 30 + size;
}

/* Script a connection that answers so. */
static fake_peer *
answers(uint8_t result, const char *fields_hex, unsigned n_fields)
{
    static uint8_t replies[8][64];
    static unsigned n;
    uint8_t *reply = replies[n++ % 8];
    size_t size = put_reply(reply, result, fields_hex, n_fields);
    return FAKE_SCRIPT({.act = FAKE_GIVE, .n = size, .bytes = reply});
}

#define FIRST_BYTES(peer) (peer)->taken + ASC_PROTO_HEADER_SIZE
#define CHECK_SENT(peer, hex)                                                          \
    CHECK_EQ_BYTES(FIRST_BYTES(peer), (peer)->n_taken - ASC_PROTO_HEADER_SIZE, hex)

static void
test_key_is_registered(void)
{
    rig r;
    asc_error err;
    setup(&r);
    fake_peer *first = answers(0, DEADLINE_FIELD, 1), *second = answers(0, "", 0);
    r.options.timing.socket_timeout_ms = 1000;
    r.options.digests = (const uint8_t *)"0123456789abcdefghijABCDEFGHIJ0123456789";
    r.options.n_digests = 1;
    CHECK_EQ_INT(carry_out(&r, ASC_ENDING_REGISTER, &err), ASC_OK);
    CHECK_SENT(first, "16 00010000 00 00000000 00000000 000003e8 0003 0002" MONITOR
                      "0000000e 02 01 00 02 6964 4b18b2ecfa241d0a"
                      "00000023 04 04 00 05 6b65796473"
                      "94 01 b504 303132333435363738396162636465666768696a 01 0d");
    CHECK_EQ_INT(r.txn->deadline, 0x11223344);
    r.options.n_digests = 2;
    r.options.is_batch = true;
    CHECK_EQ_INT(carry_out(&r, ASC_ENDING_REGISTER, &err), ASC_OK);
    CHECK_SENT(second, "16 00010000 00 00000000 00000000 000003e8 0003 0001" MONITOR
                       "0000003a 04 04 00 05 6b65796473 94 02 92"
                       "b504 303132333435363738396162636465666768696a"
                       "b504 4142434445464748494a30313233343536373839 01 0d");
    teardown(&r);
}

static void
test_steps_of_one_record(void)
{
    rig r;
    asc_error err;
    setup(&r);
    const asc_msg m = message(0, 1, version_field), written = message(0, 0, NULL);
    asc_txn_answered(r.txn, 0, digest(1), false, &m);
    asc_txn_answered(r.txn, 0, digest(2), true, &written);
    static const struct {
        asc_ending_step step;
        const char *sent;
    } rows[] = {
        {ASC_ENDING_VERIFY, "16 21004001 00 00000000 00000000 00000bb8 0004 0000"
                            "00000005 00 74657374 00000002 01 73 00000015 04 01"
                            "00000000000000000000000000000000000000" VERSION_FIELD},
        {ASC_ENDING_MARK, "16 00010000 00 00000000 00000000 00000bb8 0003 0001" MONITOR
                          "00000008 02 11 00 03 667764 01"},
        {ASC_ENDING_FORWARD, "16 00110002 00 00000000 00000000 00000bb8 0004 0000"
                             "00000005 00 74657374 00000002 01 73 00000015 04 02"
                             "00000000000000000000000000000000000000" ID_FIELD},
        {ASC_ENDING_BACK, "16 00110004 00 00000000 00000000 00000bb8 0004 0000"
                          "00000005 00 74657374 00000002 01 73 00000015 04 02"
                          "00000000000000000000000000000000000000" ID_FIELD},
        {ASC_ENDING_CLOSE,
         "16 00130000 00 00000000 00000000 00000bb8 0003 0000" MONITOR},
    };
    r.txn->deadline = 0x11223344;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        kit_note("step %zu", i);
        fake_peer *peer = answers(0, "", 0);
        CHECK(asc_ending_is_needed(r.txn, rows[i].step));
        CHECK_EQ_INT(carry_out(&r, rows[i].step, &err), ASC_OK);
        CHECK_SENT(peer, rows[i].sent);
    }
    kit_note(NULL);
    teardown(&r);
}

/* Another command may have made the monitor at the same time. */
static void
test_monitor_that_is_there_is_used(void)
{
    rig r;
    asc_error err;
    setup(&r);
    r.options.timing.total_timeout_ms = 0;
    r.options.digests = (const uint8_t *)"0123456789abcdefghij";
    r.options.n_digests = 1;
    answers(127, "", 0);
    fake_peer *second = answers(0, DEADLINE_FIELD, 1);
    begin(&r, ASC_ENDING_REGISTER);
    asc_ending_set(r.ending)->deadline_ms = UINT64_MAX;
    while (asc_ending_go_on(r.ending, &err) == ASC_INTERRUPTED &&
           CHECK(frames_wait(asc_ending_set(r.ending), &r.now))) {
        for (size_t i = 0; i < r.cluster->n_nodes; i++) {
            asc_pool_trim(&r.cluster->nodes[i]->pool, r.now + 1000000);
        }
    }
    CHECK_EQ_INT(asc_ending_result(r.ending, &err), ASC_OK);
    asc_ending_free(r.ending);
    CHECK_SENT(second, "16 00010000 00 00000000 00000000 00000bb8 0003 0001" MONITOR
                       "00000023 04 04 00 05 6b65796473"
                       "94 01 b504 303132333435363738396162636465666768696a 01 0d");
    CHECK_EQ_INT(r.txn->deadline, 0x11223344);
    teardown(&r);
}

/* Three records: two of the set s, whose rows are the same but for the digest, and one
 * of another. */
static void
read_three(rig *r)
{
    const asc_msg m = message(0, 1, version_field);
    uint32_t other;
    CHECK(asc_txn_number_set(r->txn, "", 0, &other));
    for (uint32_t i = 0; i < 3; i++) {
        asc_txn_answered(r->txn, i == 2 ? other : 0, digest(i), false, &m);
    }
}

/* In slices of so many rows. */
static void
check_one_batch(uint32_t n_rows)
{
    rig r;
    asc_error err;
    frames reply = {.len = 0};
    setup(&r);
    r.n_rows = n_rows;
    read_three(&r);
    for (uint32_t i = 0; i < 3; i++) {
        frames_one(&reply, 0, 0, 0, i);
    }
    frames_last(&reply);
    fake_peer *peer =
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = reply.len, .bytes = reply.data});
    CHECK_EQ_INT(carry_out(&r, ASC_ENDING_VERIFY, &err), ASC_OK);
    CHECK_SENT(peer,
               "16 08000000 00 00000000 00000000 00002710 0001 0000"
               "00000096 29 00000003 0d"
               "00000000 0000000000000000000000000000000000000000 12 21004001 0003 0000"
               "00000005 00 74657374 00000002 01 73" VERSION_FIELD
               "00000001 0100000000000000000000000000000000000000 01"
               "00000002 0200000000000000000000000000000000000000 12 21004001 0003 0000"
               "00000005 00 74657374 00000001 01" VERSION_FIELD);
    teardown(&r);
}

static void
test_records_of_a_node_are_one_batch(void)
{
    for (uint32_t n_rows = 0; n_rows <= 5; n_rows++) {
        check_one_batch(n_rows);
    }
}

static void
test_rows_that_fail_to_verify(void)
{
    rig r;
    asc_error err;
    frames reply = {.len = 0};
    setup(&r);
    read_three(&r);
    frames_one(&reply, 0, 0, 0, 0);
    frames_one(&reply, 0, 121, 0, 1);
    frames_one(&reply, 0, 121, 0, 2);
    frames_last(&reply);
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = reply.len, .bytes = reply.data});
    CHECK_EQ_INT(carry_out(&r, ASC_ENDING_VERIFY, &err), ASC_ERR_TXN_FAILED);
    CHECK_HAS(err.message, "2 of 3 records");
    CHECK(!err.in_doubt);
    teardown(&r);
}

/* Rows that were answered before the connection broke are not sent again, and their
 * failures count. */
static void
test_what_broke_is_repeated(void)
{
    rig r;
    asc_error err;
    frames first = {.len = 0}, second = {.len = 0};
    setup(&r);
    read_three(&r);
    frames_one(&first, 0, 121, 0, 0);
    frames_one(&second, 0, 0, 0, 1);
    frames_one(&second, 0, 0, 0, 2);
    frames_last(&second);
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = first.len, .bytes = first.data},
                {.act = FAKE_CUT});
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = second.len, .bytes = second.data});
    CHECK_EQ_INT(carry_out(&r, ASC_ENDING_VERIFY, &err), ASC_ERR_TXN_FAILED);
    CHECK_HAS(err.message, "1 of 3 records");
    CHECK_EQ_INT(fake.n_opened, 2);
    teardown(&r);
}

static void
test_mark_whose_reply_is_lost_is_in_doubt(void)
{
    rig r;
    asc_error err;
    setup(&r);
    r.txn->deadline = 1;
    r.options.timing.max_retries = 0;
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = 200}, {.act = FAKE_CUT});
    CHECK_EQ_INT(carry_out(&r, ASC_ENDING_MARK, &err), ASC_ERR_CONNECTION);
    CHECK(err.in_doubt);
    answers(125, "", 0);
    CHECK_EQ_INT(carry_out(&r, ASC_ENDING_MARK, &err), ASC_ERR_TXN_ABORTED);
    CHECK(!err.in_doubt);
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    CHECK(carry_out(&r, ASC_ENDING_MARK, &err) != ASC_OK);
    CHECK(!err.in_doubt);
    teardown(&r);
}

static void
test_steps_that_are_not_needed(void)
{
    asc_txn *t = open_transaction();
    const asc_msg written = message(0, 0, NULL);
    for (int step = ASC_ENDING_VERIFY; step <= ASC_ENDING_CLOSE; step++) {
        CHECK(!asc_ending_is_needed(t, (asc_ending_step)step));
    }
    asc_txn_answered(t, 0, digest(1), true, &written);
    CHECK(asc_ending_is_needed(t, ASC_ENDING_BACK));
    CHECK(!asc_ending_is_needed(t, ASC_ENDING_VERIFY));
    CHECK(!asc_ending_is_needed(t, ASC_ENDING_MARK)); /* there is no monitor */
    close_transaction(t);
}

/* --- memory, threads --- */

static void
test_memory_is_short(void)
{
    for (oom o = {.name = "transaction"}; oom_next(&o);) {
        asc_error err;
        rig r;
        frames reply = {.len = 0};
        const asc_msg m = message(0, 1, version_field);
        uint32_t set;
        setup(&r);
        asc_error_reset(&err);
        frames_one(&reply, 0, 0, 0, 0);
        frames_one(&reply, 0, 0, 0, 1);
        frames_last(&reply);
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = reply.len, .bytes = reply.data});
        asc_txn_answered(r.txn, 0, digest(1), false, &m);
        oom_begin(&o);
        asc_status rc = asc_txn_enter(r.txn, "test", 1000, &err);
        bool entered = rc == ASC_OK;
        if (entered && !asc_txn_number_set(r.txn, "other", 5, &set)) {
            rc = ASC_ERR_NOMEM;
        }
        if (rc == ASC_OK) {
            asc_txn_answered(r.txn, set, digest(2), false, &m);
            rc = asc_ending_new(&r.ending, r.txn, r.cluster, ASC_ENDING_VERIFY,
                                &r.options, &err);
        }
        if (rc == ASC_OK) {
            asc_set *steps = asc_ending_set(r.ending);
            steps->begin_ms = r.now;
            steps->deadline_ms = r.now + 100;
            do {
                rc = asc_ending_go_on(r.ending, &err);
            } while (rc == ASC_INTERRUPTED && frames_wait(steps, &r.now));
            rc = rc == ASC_OK ? asc_ending_result(r.ending, &err) : rc;
            asc_ending_free(r.ending);
        }
        oom_end(&o);
        CHECK(rc == ASC_OK || asc_alloc_has_failed() || !o.is_over);
        if (entered) {
            asc_txn_leave(r.txn, 1000);
        }
        teardown(&r);
    }
}

#define N_THREADS 4
#define N_EACH 500

typedef struct worker {
    asc_txn *txn;
    uint32_t first;
} worker;

static void *
work(void *arg)
{
    const worker *w = arg;
    const asc_msg read = message(0, 1, version_field), written = message(0, 0, NULL);
    for (uint32_t i = 0; i < N_EACH; i++) {
        uint8_t key[ASC_DIGEST_SIZE] = {0};
        asc_error err;
        uint32_t set, n = w->first + i;
        memcpy(key, &n, sizeof n);
        CHECK_EQ_INT(asc_txn_enter(w->txn, "test", 1, &err), ASC_OK);
        CHECK(asc_txn_number_set(w->txn, "abcd", i % 4, &set));
        asc_txn_answered(w->txn, set, key, false, &read);
        CHECK(asc_txn_version(w->txn, key) != 0);
        asc_txn_answered(w->txn, set, key, true, &written);
        CHECK(asc_txn_has_written(w->txn, key));
        asc_txn_leave(w->txn, 1);
    }
    return NULL;
}

static void
test_threads_share_it(void)
{
    asc_txn *t = asc_txn_new(ID, 0);
    pthread_t threads[N_THREADS];
    worker workers[N_THREADS];
    for (uint32_t i = 0; i < N_THREADS; i++) {
        workers[i] = (worker){.txn = t, .first = i * N_EACH};
        CHECK_EQ_INT(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQ_INT(t->n_entries, N_THREADS * N_EACH);
    CHECK_EQ_INT(t->n_sets, 4);
    CHECK_EQ_INT(asc_txn_n_under_way(t), 0);
    asc_txn_release(t);
}

static const kit_test tests[] = {
    {"answers", test_answers},
    {"write takes the version away", test_write_takes_the_version_away},
    {"table grows", test_table_grows},
    {"ended transaction takes no command", test_ended_transaction_takes_no_command},
    {"namespace is that of the first command",
     test_namespace_is_that_of_the_first_command},
    {"fields", test_fields},
    {"key is registered", test_key_is_registered},
    {"monitor that is there is used", test_monitor_that_is_there_is_used},
    {"steps of one record", test_steps_of_one_record},
    {"records of a node are one batch", test_records_of_a_node_are_one_batch},
    {"rows that fail to verify", test_rows_that_fail_to_verify},
    {"what broke is repeated", test_what_broke_is_repeated},
    {"mark whose reply is lost is in doubt", test_mark_whose_reply_is_lost_is_in_doubt},
    {"steps that are not needed", test_steps_that_are_not_needed},
    {"memory is short", test_memory_is_short},
    {"threads share it", test_threads_share_it},
};

KIT_MAIN("ut_transaction", tests)
