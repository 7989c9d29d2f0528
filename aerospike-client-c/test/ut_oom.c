/* Out of memory: each operation with its first, second, third ... allocation failing,
 * until it needs no more. Every failure must be told as such, and none may leak. What
 * whole clusters do so is in ut_oom_cluster.c. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asc/alloc.h"
#include "asc/batch.h"
#include "asc/msgpack.h"
#include "asc/writer.h"
#include "cluster/info.h"
#include "cluster/peers.h"
#include "command/loop.h"
#include "command/query.h"
#include "fake.h"
#include "frames.h"
#include "kit.h"
#include "oom.h"

/* ASC_OK or ASC_ERR_NOMEM; everything the operation made is freed again. */
typedef asc_status operation(asc_error *err);

/* How many allocations the operation makes. */
static unsigned
exhaust(const char *name, operation *run)
{
    oom o = {.name = name};
    while (oom_next(&o)) {
        asc_error err;
        long live = asc_alloc_live();
        asc_error_reset(&err);
        oom_begin(&o);
        asc_status rc = run(&err);
        oom_end(&o);
        CHECK_EQ_INT(asc_alloc_live(), live);
        CHECK_EQ_INT(err.code, rc);
        CHECK(rc == ASC_ERR_NOMEM || rc == ASC_OK);
        CHECK(rc == ASC_OK || !o.is_over);
    }
    return (unsigned)o.n;
}

/* For what only says true or false. */
static asc_status
told(bool good, asc_error *err)
{
    return good ? ASC_OK : asc_error_set(err, ASC_ERR_NOMEM, "told by false");
}

/* --- buffers and what is written to them ------------------------------------------ */

static asc_status
write_message(asc_error *err)
{
    static const char value[3000] = "a value that makes the buffer grow";
    asc_buf out = ASC_BUF_INIT;
    asc_writer w;
    const asc_msg_head head = {.info2 = ASC_INFO2_WRITE};
    bool good = asc_writer_begin(&w, &out, &head) &&
                asc_writer_field(&w, ASC_FIELD_NAMESPACE, "test", 4) &&
                asc_writer_field(&w, ASC_FIELD_SET, value, 300) &&
                asc_writer_key_field(&w, ASC_PARTICLE_BLOB, value, 700) &&
                asc_writer_field_begin(&w, ASC_FIELD_UDF_ARGS) &&
                asc_buf_put(&out, value, 900) && asc_writer_field_end(&w) &&
                asc_writer_op_begin(&w, ASC_OP_WRITE, ASC_PARTICLE_BLOB, "bin", 3) &&
                asc_buf_put(&out, value, sizeof value) && asc_writer_op_end(&w);
    if (good) {
        asc_writer_end(&w);
        CHECK_EQ_INT(asc_get_u64(out.data) & 0xFFFFFF, out.len - 8);
    }
    asc_buf_clear(&out);
    return told(good, err);
}

static void
test_writer(void)
{
    CHECK(exhaust("message", write_message) >= 4);
}

static asc_status
write_op_at_the_border(asc_error *err)
{
    asc_buf out = ASC_BUF_INIT;
    asc_writer w;
    const asc_msg_head head = {0};
    bool good = asc_writer_begin(&w, &out, &head) && asc_buf_grow(&out, 256);
    out.len = good ? out.cap - 3 : 0;
    good = good && asc_writer_op_begin(&w, ASC_OP_READ, 0, "b", 1);
    asc_buf_clear(&out);
    return told(good, err);
}

static void
test_operation_head(void)
{
    CHECK_EQ_INT(exhaust("operation", write_op_at_the_border), 2);
}

static asc_status
write_info(asc_error *err)
{
    asc_buf out = ASC_BUF_INIT;
    bool good = asc_write_info(&out, "node\n", 5);
    asc_buf_clear(&out);
    return told(good, err);
}

static void
test_info_request(void)
{
    CHECK_EQ_INT(exhaust("info request", write_info), 1);
}

/* Each kind of item where it no longer fits. */
static bool
put_item(asc_buf *b, unsigned kind)
{
    static const char text[100] = {0};
    switch (kind) {
    case 0:
        return asc_mp_put_nil(b);
    case 1:
        return asc_mp_put_bool(b, true);
    case 2:
        return asc_mp_put_int(b, 5);
    case 3:
        return asc_mp_put_int(b, 300);
    case 4:
        return asc_mp_put_int(b, INT64_MIN);
    case 5:
        return asc_mp_put_double(b, 1.5);
    case 6:
        return asc_mp_put_bytes(b, ASC_PARTICLE_STRING, "abc", 3);
    case 7:
        return asc_mp_put_bytes(b, ASC_PARTICLE_STRING, text, sizeof text);
    case 8:
        return asc_mp_put_list_head(b, 70000);
    case 9:
        return asc_mp_put_map_head(b, 3);
    case 10:
        return asc_mp_put_marker(b, ASC_MP_ORDERED);
    case 11:
        return asc_mp_put_special(b, ASC_MP_INFINITY);
    default:
        return asc_mp_put_str_head(b, 40);
    }
}

static unsigned item_kind;
static size_t item_room; /* bytes left in the buffer */

static asc_status
write_item(asc_error *err)
{
    asc_buf b = ASC_BUF_INIT;
    bool good = asc_buf_grow(&b, 256);
    b.len = good ? b.cap - item_room : 0;
    good = good && put_item(&b, item_kind);
    CHECK(b.len <= b.cap);
    asc_buf_clear(&b);
    return told(good, err);
}

static void
test_msgpack(void)
{
    for (item_kind = 0; item_kind < 13; item_kind++) {
        unsigned n = 0;
        for (item_room = 0; item_room < 110; item_room++) {
            n += exhaust("item", write_item);
        }
        kit_note("item %u", item_kind);
        CHECK(n > 110); /* some of them had to grow the buffer */
    }
}

/* A buffer that cannot grow is as it was. */
static void
test_buffer_survives(void)
{
    asc_buf b = ASC_BUF_INIT;
    CHECK(asc_buf_put(&b, "abc", 3));
    asc_alloc_fail_after(1);
    CHECK(!asc_buf_grow(&b, 10000));
    CHECK(asc_buf_add(&b, 10000) == NULL);
    CHECK(asc_buf_put(&b, "d", 1)); /* there is room for that */
    asc_alloc_fail_after(0);
    CHECK_EQ_BYTES(b.data, b.len, "61626364");
    asc_buf_clear(&b);
}

/* A million appended bytes take few allocations. */
static void
test_buffer_grows_by_parts(void)
{
    asc_buf b = ASC_BUF_INIT;
    bool good = true;
    asc_alloc_fail_after(30);
    for (unsigned i = 0; i < 1000000; i++) {
        good = good && asc_buf_put(&b, "x", 1);
    }
    asc_alloc_fail_after(0);
    CHECK(good);
    CHECK(b.cap < 2000000);
    asc_buf_clear(&b);
}

static void
test_allocators(void)
{
    asc_alloc_fail_after(1);
    CHECK(asc_malloc(1) == NULL);
    CHECK(asc_calloc(1, 1) == NULL);
    CHECK(asc_realloc(NULL, 1) == NULL);
    CHECK(asc_strdup("x") == NULL);
    asc_alloc_fail_after(2);
    char *text = asc_strdup("text");
    CHECK_EQ_STR(text, "text");
    CHECK(asc_realloc(text, 100) == NULL); /* the block stays */
    CHECK_EQ_STR(text, "text");
    asc_alloc_fail_after(0);
    asc_free(text);
    asc_free(NULL);
}

/* --- what the cluster knows ------------------------------------------------------- */

static asc_status
parse_peers(asc_error *err)
{
    static const char text[] = "3,3000,[[A,,[h1:3001,h2]],[B,,[[::1]]],[C,,[h4]]]";
    asc_peers peers;
    asc_status rc = asc_peers_parse(&peers, text, strlen(text), err);
    if (rc == ASC_OK) {
        CHECK_EQ_INT(peers.n, 3);
        asc_peers_clear(&peers);
    }
    return rc;
}

static void
test_peers(void)
{
    CHECK(exhaust("peers", parse_peers) >= 7);
}

static asc_status
make_node(asc_error *err)
{
    asc_node *n = fake_node("A", 3001, 10, err);
    if (n == NULL) {
        return err->code;
    }
    asc_node_release(n);
    return ASC_OK;
}

static void
test_node(void)
{
    CHECK_EQ_INT(exhaust("node", make_node), 2);
}

static asc_status
apply_maps(asc_error *err)
{
    const int32_t rack_ids[] = {1};
    const asc_config config = {
        .rack_aware = true, .rack_ids = rack_ids, .n_rack_ids = 1};
    asc_maps maps = {0};
    asc_node *node = NULL;
    asc_snapshot *s = NULL;
    asc_status rc = ASC_ERR_NOMEM;
    char text[4000];
    snprintf(text, sizeof text, "%s;", fake_replicas("test", 0, "*"));
    strcat(text, fake_replicas("bar", 0, "*"));
    node = fake_node("A", 3001, 10, err);
    if (node != NULL) {
        rc = asc_maps_apply(&maps, node, text, strlen(text), err);
    }
    if (rc == ASC_OK) {
        rc = asc_racks_parse(&node->racks, "test:1", 6, err);
    }
    if (rc == ASC_OK) {
        rc = asc_maps_snapshot(&maps, &config, &node, 1, &s, err);
    }
    if (rc == ASC_OK) {
        CHECK_EQ_INT(s->n_maps, 2);
        asc_snapshot_release(s);
    }
    asc_maps_clear(&maps);
    asc_node_release(node);
    return rc;
}

static void
test_maps_and_snapshot(void)
{
    CHECK(exhaust("maps and snapshot", apply_maps) >= 9);
}

static asc_status
use_pool(asc_error *err)
{
    asc_pool p;
    asc_conn *a = NULL;
    asc_addr addr = fake_addr(3001);
    asc_config config = ASC_CONFIG_INIT;
    config.transport = &fake_transport;
    asc_status rc = asc_pool_init(&p, &addr, &config, err);
    if (rc != ASC_OK) {
        return rc;
    }
    fake_reset();
    rc = asc_pool_get(&p, &a, 0, err);
    CHECK_EQ_INT(p.n_open, rc == ASC_OK ? 1 : 0); /* its place is free again */
    if (rc == ASC_OK) {
        asc_pool_put(&p, a, 0);
    }
    asc_pool_clear(&p);
    return rc;
}

static void
test_pool(void)
{
    CHECK_EQ_INT(exhaust("pool", use_pool), 2);
}

/* Short of memory the connection is closed instead of being waited for. */
static void
test_drain(void)
{
    asc_cluster *c = fake_cluster(10);
    asc_conn *conn;
    asc_error err;
    fake_reset();
    CHECK_EQ_INT(asc_pool_get(&c->nodes[0]->pool, &conn, 0, &err), ASC_OK);
    asc_alloc_fail_after(1);
    asc_drain_add(&c->drain, c->nodes[0], conn, &(asc_drain_rest){0}, 3000);
    asc_alloc_fail_after(0);
    CHECK(c->drain.first == NULL);
    CHECK_EQ_INT(fake.n_closed, 1);
    CHECK_EQ_INT(c->nodes[0]->pool.n_open, 0);
    asc_cluster_release(c);
}

static asc_status
ask(asc_error *err)
{
    static const uint8_t answer[] = {2, 1, 0, 0, 0, 0, 0, 4, 'a', '\t', '1', '\n'};
    asc_addr addr = fake_addr(3001);
    asc_info_call call = {.commands = "a\n"}, *calls[] = {&call};
    int64_t value = 0;
    int ready = open("/dev/null", O_RDWR);
    fake_reset();
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = 100},
                {.act = FAKE_GIVE, .n = sizeof answer, .bytes = answer});
    asc_status rc = asc_conn_start(&call.conn, &fake_transport, &addr, err);
    if (rc == ASC_OK) {
        call.conn->fd = ready; /* poll finds it so */
        asc_info_run(calls, 1, UINT64_MAX, -1);
        rc = call.status;
        if (rc == ASC_OK) {
            CHECK(asc_info_integer(&call, "a", &value));
            CHECK_EQ_INT(value, 1);
        }
        else {
            *err = call.err;
        }
    }
    asc_info_call_clear(&call);
    asc_conn_free(call.conn);
    close(ready);
    return rc;
}

static void
test_info_call(void)
{
    CHECK_EQ_INT(exhaust("info call", ask), 4);
}

/* --- one command ------------------------------------------------------------------ */

/* A request, and a reply as well: a header and nothing else. */
static const uint8_t bytes[30] = {2, 3, 0, 0, 0, 0, 0, 22, 22};

static asc_status
carry_out(asc_error *err)
{
    asc_exchange x;
    asc_want want = ASC_WANT_TIME;
    asc_request req = {.ns = "test", .partition = 1, .timing = {.max_retries = 3}};
    fake_reset();
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = sizeof bytes, .bytes = bytes});
    asc_cluster *c = fake_cluster(10);
    asc_call *call = asc_call_new();
    asc_status rc = told(c != NULL && call != NULL, err);
    if (rc == ASC_OK && !asc_buf_put(&req.out, bytes, sizeof bytes)) {
        rc = asc_error_set(err, ASC_ERR_NOMEM, "request");
    }
    if (rc == ASC_OK) {
        asc_exchange_begin(&x, c, &req, err, 1000);
        while (want != ASC_WANT_DONE && want != ASC_WANT_FAILED) {
            want = asc_exchange_step(&x, 1000);
        }
        CHECK_EQ_INT(c->nodes[0]->pool.n_open, want == ASC_WANT_DONE);
        rc = err->code;
        if (want == ASC_WANT_DONE) {
            asc_error_reset(err);
            rc = ASC_OK;
        }
    }
    asc_buf_clear(&req.in);
    asc_buf_clear(&req.out);
    asc_call_free(call);
    asc_cluster_release(c);
    return rc;
}

static void
test_command(void)
{
    CHECK(exhaust("command", carry_out) >= 10);
}

/* Step an exchange as far as it comes without time passing. */
static asc_want
step_on(asc_exchange *x, uint64_t now_ms)
{
    asc_want want = ASC_WANT_READ;
    for (unsigned i = 0; i < 10 && (want == ASC_WANT_READ || want == ASC_WANT_WRITE);
         i++) {
        want = asc_exchange_step(x, now_ms);
    }
    return want;
}

/* Begin a write for node A, which has one connection and a queue. */
static asc_want
begin_write(asc_exchange *x, asc_cluster *c, asc_request *req, asc_error *err)
{
    c->nodes[0]->pool.timeout_ms = 200;
    req->ns = "test";
    req->writes = true;
    req->timing = (asc_timing){.total_timeout_ms = 500, .timeout_delay_ms = 3000};
    asc_exchange_begin(x, c, req, err, 1000);
    return step_on(x, 1000);
}

/* A call gets no answer in time; its connection waits for the answer that is late, or
 * is closed, and the next call gets on all the same. */
static asc_status
be_late(asc_error *err)
{
    asc_exchange x;
    asc_request req = {0};
    fake_reset();
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = sizeof bytes}, {.act = FAKE_HANG});
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = sizeof bytes, .bytes = bytes});
    asc_cluster *c = fake_cluster(1);
    asc_status rc = told(c != NULL && asc_buf_put(&req.out, bytes, sizeof bytes), err);
    if (rc == ASC_OK && begin_write(&x, c, &req, err) != ASC_WANT_FAILED) {
        CHECK_EQ_INT(step_on(&x, 1500), ASC_WANT_FAILED);
        CHECK_EQ_INT(err->code, ASC_ERR_TIMEOUT);
        CHECK(err->in_doubt);
        asc_error_reset(err);
        begin_write(&x, c, &req, err);
        rc = err->code;
    }
    else if (rc == ASC_OK) {
        rc = err->code;
        CHECK(err->in_doubt == (fake.peers[0].n_taken > 0));
    }
    CHECK(c == NULL || c->nodes[0]->pool.n_open <= 1);
    asc_buf_clear(&req.in);
    asc_buf_clear(&req.out);
    asc_cluster_release(c);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
    return rc;
}

static void
test_late_reply(void)
{
    CHECK(exhaust("late reply", be_late) >= 10);
}

/* A call waits for the connection of another one. When memory is too short to wait, it
 * says that there is none. */
static asc_status
wait_for_turn(asc_error *err)
{
    asc_exchange x;
    asc_request req = {0};
    asc_conn *lent = NULL;
    fake_reset();
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = sizeof bytes, .bytes = bytes});
    asc_cluster *c = fake_cluster(1);
    asc_status rc = told(c != NULL && asc_buf_put(&req.out, bytes, sizeof bytes), err);
    if (rc == ASC_OK) {
        rc = asc_pool_get(&c->nodes[0]->pool, &lent, 1000, err);
    }
    if (rc == ASC_OK && begin_write(&x, c, &req, err) == ASC_WANT_TURN) {
        asc_pool_put(&c->nodes[0]->pool, lent, 1000);
        lent = NULL;
        asc_want want = step_on(&x, 1001);
        CHECK(want == ASC_WANT_DONE || want == ASC_WANT_FAILED);
        rc = want == ASC_WANT_DONE ? ASC_OK : err->code;
    }
    else if (rc == ASC_OK) {
        CHECK_EQ_INT(err->code, ASC_ERR_NO_CONNECTIONS);
        rc = told(false, err);
    }
    if (rc == ASC_OK) {
        asc_error_reset(err);
    }
    if (lent != NULL) {
        asc_pool_put(&c->nodes[0]->pool, lent, 1000);
    }
    asc_buf_clear(&req.in);
    asc_buf_clear(&req.out);
    asc_cluster_release(c);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
    return rc;
}

static void
test_queue(void)
{
    CHECK(exhaust("queue", wait_for_turn) >= 10);
}

/* --- compression ------------------------------------------------------------------ */

#ifdef ASC_HAVE_ZLIB

#define PLAIN_SIZE 400000u

static asc_buf compressed; /* a reply of PLAIN_SIZE bytes */

/* Append a frame of PLAIN_SIZE bytes that can be made smaller, but not by much. False:
 * memory is short. */
static bool
put_large_frame(asc_buf *out)
{
    uint32_t seed = 1;
    uint8_t *p = asc_buf_add(out, PLAIN_SIZE);
    for (size_t i = 0; p != NULL && i < PLAIN_SIZE; i++) {
        seed = seed * 1664525u + 1013904223u;
        p[i] = (uint8_t)(seed >> 24) & 0x7f;
    }
    if (p != NULL) {
        memcpy(p, bytes, sizeof bytes);
        asc_put_u32(p + 4, PLAIN_SIZE - 8);
    }
    return p != NULL;
}

static asc_status
carry_out_compressed(asc_error *err)
{
    asc_exchange x;
    asc_want want = ASC_WANT_TIME;
    asc_request req = {.ns = "test",
                       .compress_above = 100,
                       .writes = true,
                       .timing = {.max_retries = 3}};
    fake_reset();
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = compressed.len, .bytes = compressed.data});
    asc_cluster *c = fake_cluster(1);
    asc_status rc = told(c != NULL && put_large_frame(&req.out), err);
    if (rc == ASC_OK) {
        asc_exchange_begin(&x, c, &req, err, 1000);
        while (want != ASC_WANT_DONE && want != ASC_WANT_FAILED) {
            want = asc_exchange_step(&x, 1000);
        }
        rc = want == ASC_WANT_DONE ? ASC_OK : err->code;
        /* What was sent and got no answer that could be read may have been done. */
        CHECK(want == ASC_WANT_DONE || err->in_doubt == (fake.peers[0].n_taken > 0));
    }
    if (rc == ASC_OK) {
        asc_error_reset(err);
        CHECK_EQ_INT(req.in.len, PLAIN_SIZE);
        CHECK(fake.peers[0].n_taken < PLAIN_SIZE);
    }
    asc_buf_clear(&req.in);
    asc_buf_clear(&req.out);
    asc_cluster_release(c);
    return rc;
}

static void
test_compression(void)
{
    asc_error err;
    asc_error_reset(&err);
    CHECK(put_large_frame(&compressed));
    CHECK_EQ_INT(frames_deflate(&compressed, NULL, &err), ASC_OK);
    CHECK(exhaust("compressed command", carry_out_compressed) >= 14);
    asc_buf_clear(&compressed);
}

#endif

/* --- many at once ----------------------------------------------------------------- */

/* The first error of memory that a part tells, where the call told none. */
static asc_status
take_all(asc_set *s, asc_status rc, asc_error *err)
{
    asc_part *p;
    while ((p = asc_set_take(s)) != NULL) {
        if (rc == ASC_OK && p->ended && p->err.code == ASC_ERR_NOMEM) {
            *err = p->err;
            rc = err->code;
        }
    }
    return rc;
}

/* Two rows at a node that dies, then at the one that has their copies. */
static asc_status
carry_out_batch(asc_error *err)
{
    const asc_batch_options options = {.set = {.timing = {.max_retries = 3}},
                                       .replica = ASC_REPLICA_SEQUENCE};
    frames f = {.len = 0};
    uint64_t now = 1000;
    asc_part *p;
    frames_one(&f, 0, 0, 0, 0);
    frames_one(&f, 0, 0, 0, 1);
    frames_last(&f);
    fake_reset();
    FAKE_SCRIPT({.act = FAKE_CUT});
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = f.len, .bytes = f.data});
    asc_cluster *c = fake_cluster(10);
    asc_batch *b = asc_batch_new();
    asc_status rc = told(c != NULL && b != NULL, err);
    if (rc == ASC_OK) {
        asc_batch_begin(b, c, &options);
        rc = asc_batch_add(b, "test", 1, true, err);
    }
    if (rc == ASC_OK) {
        rc = asc_batch_add(b, "test", 2, true, err);
    }
    while (rc == ASC_OK && !asc_batch_is_done(b)) {
        rc = asc_batch_route(b, err);
        while (rc == ASC_OK && (p = asc_set_unwritten(asc_batch_set(b))) != NULL) {
            rc = told(asc_buf_put(&p->req.out, f.data, f.len), err);
        }
        if (rc == ASC_OK) {
            CHECK(frames_wait(asc_batch_set(b), &now));
            rc = take_all(asc_batch_set(b), rc, err);
        }
    }
    asc_batch_free(b);
    asc_cluster_release(c);
    return rc;
}

static void
test_batch(void)
{
    CHECK(exhaust("batch", carry_out_batch) >= 20);
}

static asc_status
carry_out_query(asc_error *err)
{
    const asc_query_options options = {.ns = "test",
                                       .by_index = true,
                                       .max_records = 10,
                                       .replica = ASC_REPLICA_SEQUENCE,
                                       .set = {.timing = {.max_retries = 3}}};
    frames f = {.len = 0};
    uint64_t now = 1000;
    asc_part *p;
    frames_last(&f);
    fake_reset();
    FAKE_SCRIPT({.act = FAKE_CUT});
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = f.len, .bytes = f.data});
    asc_cluster *c = fake_cluster(10);
    asc_query *q = asc_query_new();
    asc_tracker *t = asc_tracker_new(0, 3);
    asc_status rc = told(c != NULL && q != NULL && t != NULL, err);
    if (rc == ASC_OK) {
        uint32_t n;
        asc_tracker_cursors(t, &n)[1].has_digest = true;
        asc_query_begin_at(q, c, t, &options, now);
        rc = asc_query_round_at(q, now, err);
    }
    while (rc == ASC_OK && !asc_query_is_over(q)) {
        while (rc == ASC_OK && (p = asc_set_unwritten(asc_query_set(q))) != NULL) {
            asc_writer w;
            const asc_msg_head head = {0};
            rc = told(asc_writer_begin(&w, &p->req.out, &head) &&
                          asc_query_put_fields(q, p, &w),
                      err);
        }
        if (rc == ASC_OK) {
            CHECK(frames_wait(asc_query_set(q), &now));
            rc = take_all(asc_query_set(q), rc, err);
        }
        if (rc == ASC_OK) {
            rc = asc_query_round_at(q, now, err);
        }
    }
    asc_query_free(q);
    asc_tracker_free(t);
    asc_cluster_release(c);
    return rc;
}

static void
test_query(void)
{
    CHECK(exhaust("query", carry_out_query) >= 20);
}

static asc_status
fill_set(asc_error *err)
{
    const asc_set_options options = {.gather = 0};
    asc_cluster *c = fake_cluster(10);
    asc_set *s = asc_set_new();
    asc_status rc = told(c != NULL && s != NULL, err);
    if (rc == ASC_OK) {
        asc_set_begin(s, c, &options);
        rc = asc_set_add_all(s, err);
    }
    asc_set_free(s);
    asc_cluster_release(c);
    return rc;
}

static void
test_set(void)
{
    CHECK(exhaust("set", fill_set) >= 15);
}

/* Three calls on a line, one with a connection of its own, and a set. The reply of one
 * is large, so that its memory is taken apart from the others'. */
static asc_status
turn_loop(asc_error *err)
{
    enum { N = 4, LARGE = 300000 };
    static const uint8_t small[30] = {2, 3, 0, 0, 0, 0, 0, 22, 22};
    static uint8_t large[LARGE] = {2, 3, 0, 0, 0, 4, 0x93, 0xd8, 22};
    const asc_set_options options = {.timing = {.total_timeout_ms = 1000}};
    asc_call *calls[N] = {0};
    asc_error errs[N];
    asc_loop *l = NULL;
    asc_set *set = NULL;
    asc_part *part = NULL;
    uint64_t now = 1000;
    asc_cluster *c = fake_cluster(10);
    fake_reset();
    if (c == NULL || asc_loop_open(&l, c, err) != ASC_OK) {
        asc_cluster_release(c);
        return told(c != NULL, err) == ASC_OK ? ASC_ERR_NOMEM : err->code;
    }
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = 120},
                {.act = FAKE_GIVE, .n = 30, .bytes = small},
                {.act = FAKE_GIVE, .n = LARGE, .bytes = large},
                {.act = FAKE_GIVE, .n = 30, .bytes = small});
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = 40},
                {.act = FAKE_GIVE, .n = 30, .bytes = small});
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = 40},
                {.act = FAKE_GIVE, .n = 30, .bytes = small});
    asc_status rc = ASC_OK;
    size_t n = 0, n_submitted = 0;
    for (; n < N && rc == ASC_OK; n++) {
        calls[n] = asc_call_new();
        asc_request *req = calls[n] != NULL ? asc_call_request(calls[n]) : NULL;
        rc = told(req != NULL && asc_buf_put(&req->out, small, sizeof small), err);
        if (rc == ASC_OK) {
            req->ns = "test";
            req->timing = options.timing;
            req->alone = n == N - 1;
            asc_loop_submit_at(l, calls[n], &errs[n], calls[n], now);
            n_submitted++;
        }
    }
    set = rc == ASC_OK ? asc_set_new() : NULL;
    if (set != NULL) {
        asc_set_begin_at(set, c, &options, NULL, now);
        rc = asc_set_add_node(set, "A", err);
        part = rc == ASC_OK ? asc_set_unwritten(set) : NULL;
        if (part != NULL && asc_buf_put(&part->req.out, small, sizeof small)) {
            asc_loop_submit_set_at(l, set, set, now);
            n_submitted++;
        }
    }
    for (int i = 0; i < 40; i++, now += i == 20 ? 2000 : 0) {
        asc_loop_step(l, now);
    }
    size_t n_taken = 0;
    for (void *owner; (owner = asc_loop_take(l)) != NULL; n_taken++) {
        asc_part *p = owner == set ? asc_set_take(set) : NULL;
        for (size_t i = 0; i < n; i++) {
            if (owner == calls[i] && errs[i].code != ASC_OK) {
                *err = errs[i];
            }
        }
        if (owner == set) {
            CHECK(p != NULL && p->ended);
            *err = p->err.code != ASC_OK ? p->err : *err;
        }
    }
    CHECK_EQ_INT(n_taken, n_submitted);
    rc = n_taken == N + 1 && err->code == ASC_OK ? ASC_OK : ASC_ERR_NOMEM;
    err->code = rc;
    asc_loop_free(l);
    for (size_t i = 0; i < n; i++) {
        asc_call_free(calls[i]);
    }
    asc_set_free(set);
    asc_cluster_release(c);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
    return rc;
}

/* Whatever fails, every call that was submitted ends. */
static void
test_loop(void)
{
    CHECK(exhaust("loop", turn_loop) >= 30);
}

static asc_status
list_nodes(asc_error *err)
{
    asc_cluster *c = fake_cluster(10);
    asc_node_info *list;
    size_t n;
    if (c == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "told by NULL");
    }
    asc_status rc = asc_cluster_nodes(c, &list, &n, err);
    if (rc == ASC_OK) {
        CHECK_EQ_INT(n, 2);
        CHECK_EQ_STR(list[1].name, "B");
        CHECK_EQ_STR(list[1].address, "10.0.0.1");
        CHECK_EQ_INT(list[1].port, 3002);
        asc_free(list);
    }
    asc_cluster_release(c);
    return rc;
}

static void
test_list_of_nodes(void)
{
    exhaust("list of nodes", list_nodes);
}

static const kit_test tests[] = {
    {"writer", test_writer},
    {"operation_head", test_operation_head},
    {"info_request", test_info_request},
    {"msgpack", test_msgpack},
    {"buffer_survives", test_buffer_survives},
    {"buffer_grows_by_parts", test_buffer_grows_by_parts},
    {"allocators", test_allocators},
    {"peers", test_peers},
    {"node", test_node},
    {"maps_and_snapshot", test_maps_and_snapshot},
    {"pool", test_pool},
    {"drain", test_drain},
    {"info_call", test_info_call},
    {"command", test_command},
    {"late_reply", test_late_reply},
    {"queue", test_queue},
#ifdef ASC_HAVE_ZLIB
    {"compression", test_compression},
#endif
    {"batch", test_batch},
    {"query", test_query},
    {"set", test_set},
    {"loop", test_loop},
    {"list_of_nodes", test_list_of_nodes},
};

KIT_MAIN("ut_oom", tests)
