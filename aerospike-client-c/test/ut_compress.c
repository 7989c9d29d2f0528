/* Compressed frames: each way alone, what is no compressed frame, and exchanges whose
 * replies are compressed, cut anywhere. */
#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/reader.h"
#include "command/exchange.h"
#include "fake.h"
#include "frames.h"
#include "kit.h"

#ifdef ASC_HAVE_ZLIB

/* A frame of one message and `size` bytes in all, whose last ones are noise or one long
 * run. */
static asc_buf
frame_of(size_t size, bool noisy)
{
    asc_buf b = ASC_BUF_INIT;
    uint32_t seed = 1;
    uint8_t *p = asc_buf_add(&b, size);
    CHECK(p != NULL && size >= 30);
    if (p == NULL || size < 30) {
        return b;
    }
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        p[i] = noisy ? (uint8_t)(seed >> 24) : 'x';
    }
    memset(p, 0, 30);
    p[0] = ASC_PROTO_VERSION;
    p[1] = ASC_PROTO_MESSAGE;
    asc_put_u32(p + 4, (uint32_t)size - ASC_PROTO_HEADER_SIZE);
    p[8] = ASC_MSG_HEADER_SIZE;
    return b;
}

static asc_buf
copy_of(const asc_buf *b)
{
    asc_buf copy = ASC_BUF_INIT;
    CHECK(asc_buf_put(&copy, b->data, b->len));
    return copy;
}

static void
test_there_and_back(void)
{
    static const size_t sizes[] = {30, 128, 1000, 70000, 1u << 20, 5000000};
    for (size_t i = 0; i < 12; i++) {
        asc_error err;
        size_t inner = 0;
        unsigned n_in = 0, n_out = 0;
        asc_buf whole = frame_of(sizes[i / 2], i % 2), b = copy_of(&whole);
        asc_error_reset(&err);
        kit_note("%zu bytes, %s", whole.len, i % 2 ? "noise" : "runs");
        CHECK_EQ_INT(frames_deflate(&b, &n_out, &err), ASC_OK);
        CHECK_EQ_INT(n_out, (whole.len + (1u << 20) - 1) >> 20);
        CHECK_EQ_INT(b.data[1], ASC_PROTO_COMPRESSED);
        CHECK_EQ_BYTES(b.data + 16, 2, "7801"); /* level 1 */
        CHECK_EQ_INT(asc_get_u64(b.data + 8), whole.len);
        size_t size = b.len;
        CHECK(asc_buf_put(&b, "rest", 4));
        CHECK_EQ_INT(frames_inflate(&b, 0, size, &inner, &n_in, &err), ASC_OK);
        CHECK_EQ_INT(n_in, 1 + (whole.len >> 22));
        CHECK_EQ_INT(inner, whole.len);
        CHECK_EQ_INT(b.len, whole.len + 4);
        CHECK(memcmp(b.data, whole.data, whole.len) == 0);
        CHECK(memcmp(b.data + whole.len, "rest", 4) == 0);
        asc_buf_clear(&b);
        asc_buf_clear(&whole);
    }
}

/* The one that was captured: spec and other clients agree on each byte. */
static void
test_known_bytes(void)
{
    static const char hex[] =
        "0204000000000056000000000000017e7801636266 0002c6323106461003 "
        "0e985f303083855819"
        "4a528b4b80e2ac8c29a9b9f9408628cbf62f3b2c3a1fdd4abf976127fb6de22cb93547dc4e000d"
        "3164026a49ac180544870000d0df9dea";
    asc_error err;
    size_t size, inner = 0;
    uint8_t *bytes = kit_hex(hex, &size);
    asc_buf b = ASC_BUF_INIT;
    asc_error_reset(&err);
    CHECK(asc_buf_put(&b, bytes, size));
    CHECK_EQ_INT(frames_inflate(&b, 0, size, &inner, NULL, &err), ASC_OK);
    CHECK_EQ_INT(inner, 382);
    CHECK_EQ_INT(frames_deflate(&b, NULL, &err), ASC_OK);
    CHECK_EQ_BYTES(b.data, b.len, hex);
    asc_buf_clear(&b);
    free(bytes);
}

/* Each cut and each flipped bit is refused, and the buffer keeps its bytes. */
static void
test_damage(void)
{
    asc_error err;
    asc_buf b = frame_of(400, true);
    asc_error_reset(&err);
    CHECK_EQ_INT(frames_deflate(&b, NULL, &err), ASC_OK);
    for (size_t i = 8; i < b.len; i++) {
        size_t inner = 0;
        asc_buf cut = copy_of(&b);
        asc_error_reset(&err);
        CHECK_EQ_INT(frames_inflate(&cut, 0, i, &inner, NULL, &err), ASC_ERR_CLIENT);
        CHECK(cut.len == b.len && memcmp(cut.data, b.data, b.len) == 0);
        cut.data[i] ^= (uint8_t)(1u << i % 8);
        asc_error_reset(&err);
        asc_status rc = frames_inflate(&cut, 0, cut.len, &inner, NULL, &err);
        /* Bits of the stream's header say how much was compressed, and nothing else. */
        CHECK(rc == ASC_ERR_CLIENT || i == 16 || i == 17);
        asc_buf_clear(&cut);
    }
    asc_buf_clear(&b);
}

/* A size that is only announced takes no memory. */
static void
test_lies_take_no_memory(void)
{
    static const uint64_t sizes[] = {0, 7, 128u << 20, (128u << 20) + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        asc_error err;
        size_t inner = 0;
        asc_buf b = frame_of(400, false);
        asc_error_reset(&err);
        kit_note("%llu bytes announced", (unsigned long long)sizes[i]);
        CHECK_EQ_INT(frames_deflate(&b, NULL, &err), ASC_OK);
        asc_put_u64(b.data + 8, sizes[i]);
        CHECK_EQ_INT(frames_inflate(&b, 0, b.len, &inner, NULL, &err), ASC_ERR_CLIENT);
        CHECK(b.cap < (2u << 20));
        asc_buf_clear(&b);
    }
}

/* What a reply takes is bounded by what it holds, and what is behind it. */
static void
test_memory_of_a_reply(void)
{
    for (int noisy = 0; noisy < 2; noisy++) {
        asc_error err;
        size_t inner = 0;
        asc_buf b = frame_of(20u << 20, noisy), sent = ASC_BUF_INIT;
        asc_error_reset(&err);
        CHECK_EQ_INT(frames_deflate(&b, NULL, &err), ASC_OK);
        CHECK(asc_buf_put(&sent, b.data, b.len));
        CHECK_EQ_INT(frames_inflate(&sent, 0, b.len, &inner, NULL, &err), ASC_OK);
        CHECK(sent.cap <= (b.len + inner + 1) / 2 * 3);
        asc_buf_clear(&sent);
        asc_buf_clear(&b);
    }
}

/* A stream that gives nothing takes no longer for one slice than any other. */
static void
test_empty_blocks(void)
{
    static const uint8_t head[] = {0x78, 0x01}, block[] = {0, 0, 0, 0xFF, 0xFF};
    asc_error err;
    size_t inner = 0;
    unsigned slices = 0;
    asc_buf b = frame_of(30, false);
    asc_error_reset(&err);
    CHECK_EQ_INT(frames_deflate(&b, NULL, &err), ASC_OK);
    b.len = 16;
    CHECK(asc_buf_put(&b, head, sizeof head));
    for (size_t i = 0; i < (9u << 20) / sizeof block; i++) {
        CHECK(asc_buf_put(&b, block, sizeof block));
    }
    CHECK_EQ_INT(frames_inflate(&b, 0, b.len, &inner, &slices, &err), ASC_ERR_CLIENT);
    CHECK_HAS(err.message, "cut off");
    CHECK_EQ_INT(slices, 3);
    asc_buf_clear(&b);
}

/* Memory fails at each allocation in turn. */
static void
test_no_memory(void)
{
    bool done = false;
    for (unsigned long n = 1; !done; n++) {
        asc_error err;
        size_t inner = 0;
        asc_buf b = frame_of(300000, true);
        asc_error_reset(&err);
        asc_alloc_fail_after(n);
        asc_status rc = frames_deflate(&b, NULL, &err);
        if (rc == ASC_OK) {
            rc = frames_inflate(&b, 0, b.len, &inner, NULL, &err);
        }
        asc_alloc_fail_after(0);
        done = rc == ASC_OK;
        CHECK(done || rc == ASC_ERR_NOMEM);
        asc_buf_clear(&b);
    }
}

/* --- exchanges --- */

typedef struct rig {
    asc_cluster *cluster;
    asc_request req;
    asc_exchange x;
    asc_error err;
} rig;

static void
setup(rig *r)
{
    static const uint8_t request[] = {2, 3, 0, 0, 0, 0, 0, 0};
    memset(r, 0, sizeof *r);
    fake_reset();
    r->cluster = fake_cluster(4);
    r->req.ns = "test";
    r->req.timing = (asc_timing){.total_timeout_ms = 1000, .timeout_delay_ms = 3000};
    CHECK(asc_buf_put(&r->req.out, request, sizeof request));
}

static void
teardown(rig *r)
{
    asc_exchange_abandon(&r->x);
    asc_buf_clear(&r->req.out);
    asc_buf_clear(&r->req.in);
    asc_cluster_release(r->cluster);
}

static asc_want
run(rig *r, asc_reply reply)
{
    uint64_t now = 1000;
    asc_exchange_begin(&r->x, r->cluster, &r->req, &r->err, now);
    r->x.many.reply = reply;
    for (;;) {
        asc_want want = asc_exchange_step(&r->x, now);
        if (want == ASC_WANT_TAKER) {
            asc_exchange_resume(&r->x, now);
        }
        else if (want == ASC_WANT_DONE || want == ASC_WANT_FAILED) {
            return want;
        }
        now = want == ASC_WANT_TAKER ? now : now + 1;
    }
}

/* A compressed reply in two pieces, cut at every byte, then in one that never ends. */
static void
test_cuts(void)
{
    asc_error err;
    asc_buf whole = frame_of(30, false), b = copy_of(&whole);
    asc_error_reset(&err);
    CHECK_EQ_INT(frames_deflate(&b, NULL, &err), ASC_OK);
    for (size_t i = 1; i < b.len; i++) {
        rig r;
        setup(&r);
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = i, .bytes = b.data}, {.act = FAKE_WAIT},
                    {.act = FAKE_GIVE, .n = b.len - i, .bytes = b.data + i});
        CHECK_EQ_INT(run(&r, ASC_REPLY_FRAME), ASC_WANT_DONE);
        CHECK_EQ_INT(r.req.in.len, whole.len);
        teardown(&r);
        setup(&r);
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = i, .bytes = b.data}, {.act = FAKE_CUT});
        CHECK_EQ_INT(run(&r, ASC_REPLY_FRAME), ASC_WANT_FAILED);
        CHECK(fake.n_closed == 1);
        teardown(&r);
    }
    asc_buf_clear(&b);
    asc_buf_clear(&whole);
}

/* What comes too late: a reply of one frame is read off, and one of many is not, since
 * a compressed frame does not show whether it is the last. */
static void
test_late(void)
{
    static const asc_reply kinds[] = {ASC_REPLY_FRAME, ASC_REPLY_ROWS};
    asc_error err;
    asc_buf b = frame_of(30, false);
    asc_error_reset(&err);
    CHECK_EQ_INT(frames_deflate(&b, NULL, &err), ASC_OK);
    for (size_t i = 0; i < 2 * (b.len - 1); i++) {
        rig r;
        size_t n = i / 2 + 1;
        setup(&r);
        kit_note("%zu bytes in time", n);
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = n, .bytes = b.data});
        fake_peer *peer = &fake.peers[0];
        CHECK_EQ_INT(run(&r, kinds[i % 2]), ASC_WANT_FAILED);
        CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
        peer->steps[peer->n_steps++] =
            (fake_step){.act = FAKE_GIVE, .n = b.len - n, .bytes = b.data + n};
        asc_drain_run(&r.cluster->drain, 2500);
        CHECK_EQ_INT(fake.n_closed, i % 2);
        teardown(&r);
    }
    asc_buf_clear(&b);
}

/* The time ends while a large request is being compressed: nothing has been sent, and
 * what had been taken is given back. */
static void
test_compressing_has_a_deadline(void)
{
    for (uint64_t limit_ms = 1; limit_ms < 8; limit_ms++) {
        rig r;
        asc_buf whole = frame_of(5u << 20, true);
        setup(&r);
        r.req.writes = true;
        r.req.compress_above = 128;
        r.req.timing.total_timeout_ms = (uint32_t)limit_ms;
        r.req.out.len = 0;
        CHECK(asc_buf_put(&r.req.out, whole.data, whole.len));
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = 30, .bytes = whole.data});
        asc_want want = run(&r, ASC_REPLY_FRAME);
        kit_note("%d ms: %s", (int)limit_ms, r.err.message);
        if (limit_ms < 5) {
            CHECK_EQ_INT(want, ASC_WANT_FAILED);
            CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
            CHECK_HAS(r.err.message, "before the request was compressed");
            CHECK(!r.err.in_doubt);
            CHECK(memcmp(r.req.out.data, whole.data, whole.len) == 0);
        }
        else {
            CHECK_EQ_INT(r.req.out.data[1], ASC_PROTO_COMPRESSED);
        }
        teardown(&r);
        asc_buf_clear(&whole);
    }
}

/* The time ends while a large reply is being inflated: the connection is closed. */
static void
test_inflating_has_a_deadline(void)
{
    asc_error err;
    asc_buf whole = frame_of(20u << 20, false), b = copy_of(&whole);
    asc_error_reset(&err);
    CHECK_EQ_INT(frames_deflate(&b, NULL, &err), ASC_OK);
    for (uint32_t limit_ms = 2; limit_ms < 12; limit_ms++) {
        rig r;
        setup(&r);
        r.req.timing.total_timeout_ms = limit_ms;
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = b.len, .bytes = b.data});
        asc_want want = run(&r, ASC_REPLY_FRAME);
        kit_note("%u ms: %s", limit_ms, r.err.message);
        if (want == ASC_WANT_DONE) {
            CHECK(limit_ms > 4);
            CHECK_EQ_INT(r.req.in.len, whole.len);
        }
        else {
            CHECK(limit_ms < 10);
            CHECK_EQ_INT(r.err.code, ASC_ERR_TIMEOUT);
            CHECK_EQ_INT(fake.n_closed, 1);
        }
        teardown(&r);
    }
    asc_buf_clear(&b);
    asc_buf_clear(&whole);
}

/* A set looks at the clock between the slices of its members, and sleeps nowhere. */
static void
test_inflating_in_a_set(void)
{
    asc_error err;
    asc_buf whole = frame_of(20u << 20, false), b = copy_of(&whole);
    asc_error_reset(&err);
    whole.data[11] = 1; /* the last one */
    b.data[11] = 1;
    CHECK_EQ_INT(frames_deflate(&b, NULL, &err), ASC_OK);
    for (uint32_t limit_ms = 1; limit_ms < 8; limit_ms++) {
        rig r;
        uint64_t now = 1000;
        unsigned n = 0;
        setup(&r);
        const asc_set_options options = {
            .timing = {.total_timeout_ms = limit_ms, .socket_timeout_ms = 30}};
        asc_set *s = asc_set_new();
        asc_set_begin_at(s, r.cluster, &options, NULL, now);
        asc_member *m = asc_set_add(s, "A", 0);
        m->part.reply = ASC_REPLY_ROWS;
        CHECK(asc_buf_put(&m->part.req.out, r.req.out.data, r.req.out.len));
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = b.len, .bytes = b.data});
        while (!asc_set_step(s, now)) {
            n += m->want == ASC_WANT_CLOCK;
            CHECK(m->want != ASC_WANT_CLOCK || asc_set_wake_ms(s) == now);
            m->due = m->want == ASC_WANT_READ || m->want == ASC_WANT_WRITE;
            asc_exchange_forgive(&m->x, 1); /* its caller looked for signals */
            CHECK(++now < 1050);
        }
        kit_note("%u ms: %u looks, %s", limit_ms, n, m->part.err.message);
        if (limit_ms < 5) {
            CHECK(n < 4 && m->part.err.code == ASC_ERR_TIMEOUT);
        }
        else { /* it was read, and is no good reply */
            CHECK(n == 4);
            CHECK_HAS(m->part.err.message, "bytes follow");
        }
        asc_set_free(s);
        teardown(&r);
    }
    asc_buf_clear(&b);
    asc_buf_clear(&whole);
}

/* Whoever gives up such a call gives back what it had taken. */
static void
test_abandoned(void)
{
    asc_error err;
    asc_buf whole = frame_of(20u << 20, false), b = copy_of(&whole);
    asc_error_reset(&err);
    CHECK_EQ_INT(frames_deflate(&b, NULL, &err), ASC_OK);
    for (int sends = 0; sends < 4; sends++) {
        rig r;
        setup(&r);
        if (sends % 2) {
            r.req.compress_above = 128;
            r.req.out.len = 0;
            CHECK(asc_buf_put(&r.req.out, whole.data, whole.len));
        }
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = b.len, .bytes = b.data});
        asc_exchange_begin(&r.x, r.cluster, &r.req, &r.err, 1000);
        asc_want want = ASC_WANT_READ;
        for (uint64_t now = 1000; want != ASC_WANT_CLOCK && now < 1500; now++) {
            want = asc_exchange_step(&r.x, now);
        }
        CHECK_EQ_INT(want, ASC_WANT_CLOCK);
        if (sends > 1) { /* in the child of a fork the pool has what was lent */
            asc_conn *lent = r.x.conn;
            asc_pool *pool = lent != NULL ? &r.x.node->pool : NULL;
            asc_exchange_orphan(&r.x);
            if (lent != NULL) {
                asc_pool_drop(pool, lent);
            }
        }
        teardown(&r);
    }
    asc_buf_clear(&b);
    asc_buf_clear(&whole);
}

static const kit_test tests[] = {
    {"there and back", test_there_and_back},
    {"known bytes", test_known_bytes},
    {"damage", test_damage},
    {"lies take no memory", test_lies_take_no_memory},
    {"memory of a reply", test_memory_of_a_reply},
    {"empty blocks", test_empty_blocks},
    {"no memory", test_no_memory},
    {"cuts", test_cuts},
    {"late", test_late},
    {"compressing has a deadline", test_compressing_has_a_deadline},
    {"inflating has a deadline", test_inflating_has_a_deadline},
    {"inflating in a set", test_inflating_in_a_set},
    {"abandoned", test_abandoned},
};

#else

static void
test_refusal(void)
{
    asc_error err;
    size_t inner;
    asc_buf b = ASC_BUF_INIT;
    asc_error_reset(&err);
    CHECK_EQ_INT(frames_deflate(&b, NULL, &err), ASC_ERR_CLIENT);
    CHECK_HAS(err.message, "zlib");
    CHECK_EQ_INT(frames_inflate(&b, 0, 0, &inner, NULL, &err), ASC_ERR_CLIENT);
    CHECK_HAS(err.message, "zlib");
}

static const kit_test tests[] = {{"refusal", test_refusal}};

#endif

KIT_MAIN("ut_compress", tests)
