/* A set of exchanges and replies of many messages, fed by a transport that says what it
 * is told to and by a clock that the test moves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "fake.h"
#include "frames.h"
#include "kit.h"

static uint8_t request[40] = {2, 3, 0, 0, 0, 0, 0, 32, 22, 1};

typedef struct rig {
    asc_cluster *cluster;
    asc_node *a, *b; /* borrowed from the cluster */
    asc_set *set;
    asc_set_options options;
    uint64_t now;
    frames f, g; /* replies of the first and the second connection */
    /* What was taken, by node name 'A' or 'B': */
    uint8_t got[2][8192];
    size_t n_got[2];
    unsigned n_taken;
    asc_error err[2];
    bool ended[2];
} rig;

static void
setup(rig *r)
{
    memset(r, 0, sizeof *r);
    fake_reset();
    r->cluster = fake_cluster(10);
    r->a = r->cluster->nodes[0];
    r->b = r->cluster->nodes[1];
    r->set = asc_set_new();
    r->now = 1000;
    r->options.timing = (asc_timing){
        .total_timeout_ms = 1000, .socket_timeout_ms = 300, .timeout_delay_ms = 3000};
}

static void
teardown(rig *r)
{
    asc_set_free(r->set);
    asc_cluster_release(r->cluster);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
}

/* Send the request to the nodes of these names, each one letter. */
static void
begin(rig *r, const char *names, asc_reply reply)
{
    asc_error err;
    asc_part *p;
    asc_set_begin_at(r->set, r->cluster, &r->options, NULL, r->now);
    for (const char *n = names; *n != '\0'; n++) {
        const char name[2] = {*n, '\0'};
        CHECK_EQ_INT(asc_set_add_node(r->set, name, &err), ASC_OK);
    }
    while ((p = asc_set_unwritten(r->set)) != NULL) {
        CHECK(asc_buf_put(&p->req.out, request, sizeof request));
        p->reply = reply;
    }
}

static void
take(rig *r)
{
    asc_part *p;
    while ((p = asc_set_take(r->set)) != NULL) {
        unsigned who = p->node_name[0] != 'A';
        r->n_taken++;
        CHECK(!r->ended[who]);
        if (CHECK(r->n_got[who] + p->size <= sizeof r->got[who]) && p->size > 0) {
            memcpy(r->got[who] + r->n_got[who], p->data, p->size);
            r->n_got[who] += p->size;
        }
        r->ended[who] = p->ended;
        r->err[who] = p->err;
    }
}

/* Until all have ended. */
static void
finish(rig *r)
{
    for (unsigned n = 0; !asc_set_is_done(r->set) && n < 1000; n++) {
        if (!CHECK(frames_wait(r->set, &r->now))) {
            return;
        }
        take(r);
    }
    CHECK(asc_set_is_done(r->set));
}

static void
check_got(const rig *r, unsigned who, const frames *f)
{
    CHECK_EQ_INT(r->n_got[who], f->len);
    CHECK(r->n_got[who] == f->len && memcmp(r->got[who], f->data, f->len) == 0);
    CHECK(r->ended[who]);
}

static void
check_idle(const rig *r, uint32_t a, uint32_t b)
{
    CHECK_EQ_INT(r->a->pool.n_open, a);
    CHECK_EQ_INT(asc_pool_n_idle(&r->a->pool), a);
    CHECK_EQ_INT(r->b->pool.n_open, b);
    CHECK_EQ_INT(asc_pool_n_idle(&r->b->pool), b);
}

/* Three frames: two records, a record, the end. */
static void
build_records(frames *f, uint8_t n)
{
    f->len = 0;
    frames_open(f);
    frames_record(f, frames_digest(1, n), 0);
    frames_record(f, frames_digest(2, n), 0);
    frames_close(f);
    frames_open(f);
    frames_record(f, frames_digest(3, n), 77);
    frames_close(f);
    frames_last(f);
}

#define GIVE(f) {.act = FAKE_GIVE, .n = (f).len, .bytes = (f).data}
#define GIVE_PART(f, from, size)                                                       \
    {.act = FAKE_GIVE, .n = (size), .bytes = (f).data + (from)}

/* --- replies of many messages ----------------------------------------------------- */

static void
test_two_nodes_at_once(void)
{
    rig r;
    setup(&r);
    build_records(&r.f, 1);
    build_records(&r.g, 2);
    FAKE_SCRIPT(GIVE(r.f));
    FAKE_SCRIPT(GIVE(r.g));
    begin(&r, "AB", ASC_REPLY_RECORDS);
    CHECK(!asc_set_step(r.set, r.now));
    CHECK_EQ_INT(fake.peers[0].n_taken, sizeof request); /* both are on their way */
    CHECK_EQ_INT(fake.peers[1].n_taken, sizeof request);
    finish(&r);
    check_got(&r, 0, &r.f);
    check_got(&r, 1, &r.g);
    CHECK_EQ_INT(r.err[0].code, ASC_OK);
    CHECK_EQ_INT(r.err[1].code, ASC_OK);
    check_idle(&r, 1, 1);
    teardown(&r);
}

static void
test_every_cut_of_a_stream(void)
{
    rig r;
    setup(&r);
    build_records(&r.f, 1);
    size_t size = r.f.len;
    teardown(&r);
    for (size_t cut = 1; cut < size; cut++) {
        setup(&r);
        kit_note("cut at %zu", cut);
        build_records(&r.f, 1);
        FAKE_SCRIPT(GIVE_PART(r.f, 0, cut), {.act = FAKE_WAIT},
                    GIVE_PART(r.f, cut, size - cut));
        begin(&r, "A", ASC_REPLY_RECORDS);
        finish(&r);
        check_got(&r, 0, &r.f);
        check_idle(&r, 1, 0);
        teardown(&r);
    }
}

static void
test_stream_byte_by_byte(void)
{
    rig r;
    setup(&r);
    frames_record(&r.f, frames_digest(1, 1), 0); /* for its length */
    r.f.len = 0;
    frames_one(&r.f, FRAMES_PARTITION, 11, 7, 0);
    frames_last(&r.f);
    fake_step steps[FAKE_MAX_STEPS];
    for (size_t i = 0; i < r.f.len; i++) {
        steps[i] = (fake_step)GIVE_PART(r.f, i, 1);
    }
    CHECK(fake_script(steps, r.f.len) != NULL);
    begin(&r, "A", ASC_REPLY_RECORDS);
    finish(&r);
    check_got(&r, 0, &r.f);
    teardown(&r);
}

/* What is not taken holds the node back; the other goes on. */
static void
test_nothing_is_read_while_frames_wait(void)
{
    rig r;
    setup(&r);
    build_records(&r.f, 1);
    size_t first = asc_get_u32(r.f.data + 4) + 8;
    FAKE_SCRIPT(GIVE_PART(r.f, 0, first), {.act = FAKE_WAIT},
                GIVE_PART(r.f, first, r.f.len - first));
    begin(&r, "A", ASC_REPLY_RECORDS);
    CHECK(frames_wait(r.set, &r.now));
    for (unsigned i = 0; i < 5; i++) {
        CHECK(asc_set_step(r.set, r.now));
        CHECK_EQ_INT(fake.peers[0].at, 1);
    }
    asc_part *p = asc_set_take(r.set);
    CHECK_EQ_INT(p->size, first);
    CHECK(!p->ended);
    CHECK(memcmp(p->data, r.f.data, first) == 0);
    CHECK(asc_set_take(r.set) == NULL);
    CHECK(frames_wait(r.set, &r.now));
    p = asc_set_take(r.set);
    CHECK_EQ_INT(p->size, r.f.len - first);
    CHECK(p->ended);
    CHECK(asc_set_is_done(r.set));
    teardown(&r);
}

static void
test_gather(void)
{
    rig r;
    setup(&r);
    build_records(&r.f, 1);
    r.options.gather = 1000000;
    size_t first = asc_get_u32(r.f.data + 4) + 8;
    FAKE_SCRIPT(GIVE_PART(r.f, 0, first), {.act = FAKE_WAIT},
                GIVE_PART(r.f, first, r.f.len - first));
    FAKE_SCRIPT({.act = FAKE_WAIT}, {.act = FAKE_WAIT}, {.act = FAKE_WAIT},
                {.act = FAKE_WAIT}, GIVE(r.f));
    begin(&r, "AB", ASC_REPLY_RECORDS);
    CHECK(frames_wait(r.set, &r.now));
    CHECK_EQ_INT(fake.peers[1].at, 5); /* it has waited for both */
    take(&r);
    CHECK_EQ_INT(r.n_taken, 2);
    check_got(&r, 0, &r.f);
    check_got(&r, 1, &r.f);
    teardown(&r);
}

/* A long stream in small frames needs no more memory than one of them and a reception.
 * */
static void
test_memory_is_bounded(void)
{
    rig r;
    setup(&r);
    r.f.len = 0;
    frames_open(&r.f);
    for (unsigned i = 0; i < 40; i++) {
        frames_record(&r.f, frames_digest(i, 1), 0);
    }
    frames_close(&r.f);
    frames_last(&r.g);
    fake_step steps[FAKE_MAX_STEPS];
    for (size_t i = 0; i + 1 < FAKE_MAX_STEPS; i++) {
        steps[i] = (fake_step)GIVE(r.f);
    }
    steps[FAKE_MAX_STEPS - 1] = (fake_step)GIVE(r.g);
    CHECK(fake_script(steps, FAKE_MAX_STEPS) != NULL);
    begin(&r, "A", ASC_REPLY_RECORDS);
    size_t size = 0;
    while (!asc_set_is_done(r.set) && CHECK(frames_wait(r.set, &r.now))) {
        asc_part *p = asc_set_take(r.set);
        if (!CHECK(p != NULL)) {
            break;
        }
        size += p->size;
        CHECK(p->req.in.cap <= 40000);
    }
    CHECK_EQ_INT(size, (FAKE_MAX_STEPS - 1) * r.f.len + r.g.len);
    teardown(&r);
}

/* --- how a reply ends ------------------------------------------------------------- */

static void
test_results_that_end_a_reply(void)
{
    static const struct {
        const char *what;
        asc_reply reply;
        uint8_t before, info3, result; /* before: a record comes first */
        asc_status code;
        bool kept, shown;
    } rows[] = {
        {"end", ASC_REPLY_RECORDS, 0, FRAMES_LAST, 0, ASC_OK, true, true},
        {"end with a result", ASC_REPLY_RECORDS, 1, FRAMES_LAST, 4, 4, true, true},
        {"aborted", ASC_REPLY_RECORDS, 1, FRAMES_LAST, 15, 15, false, false},
        {"no start", ASC_REPLY_RECORDS, 0, 0, 201, 201, true, true},
        {"no such set", ASC_REPLY_RECORDS, 0, 0, 2, ASC_OK, true, true},
        {"no such set, behind a record", ASC_REPLY_RECORDS, 1, 0, 2, ASC_ERR_CLIENT,
         false, false},
        {"a stop in the middle", ASC_REPLY_RECORDS, 1, 0, 1, 1, false, false},
        {"not logged in", ASC_REPLY_RECORDS, 0, 0, 80, 80, false, false},
        {"batch: end", ASC_REPLY_ROWS, 0, FRAMES_LAST, 0, ASC_OK, true, true},
        {"batch: a result", ASC_REPLY_ROWS, 1, FRAMES_LAST, 12, 12, true, true},
        {"batch: node too busy", ASC_REPLY_ROWS, 0, FRAMES_LAST, 18, 18, true, true},
        {"batch: not logged in", ASC_REPLY_ROWS, 0, 0, 80, 80, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig r;
        setup(&r);
        kit_note("%s", rows[i].what);
        if (rows[i].before) {
            frames_open(&r.f);
            frames_record(&r.f, frames_digest(1, 1), 0);
            frames_close(&r.f);
        }
        frames_one(&r.f, rows[i].info3, rows[i].result, 0, 0);
        FAKE_SCRIPT(GIVE(r.f));
        begin(&r, "A", rows[i].reply);
        finish(&r);
        CHECK_EQ_INT(r.err[0].code, rows[i].code);
        CHECK_EQ_INT(r.err[0].phase,
                     rows[i].code == ASC_OK ? ASC_PHASE_NONE : ASC_PHASE_COMMAND);
        size_t size = r.f.len - (rows[i].shown ? 0 : 30);
        CHECK_EQ_INT(r.n_got[0], size); /* what is noted is shown */
        CHECK(memcmp(r.got[0], r.f.data, size) == 0);
        check_idle(&r, rows[i].kept, 0);
        teardown(&r);
    }
}

static void
build_garbage(frames *f, unsigned kind)
{
    frames_open(f);
    frames_record(f, frames_digest(1, 1), 0);
    frames_close(f);
    size_t good = f->len;
    switch (kind) {
    case 0: /* bytes after the end */
        frames_last(f);
        frames_last(f);
        break;
    case 1: /* a message after the last, in its frame */
        frames_open(f);
        frames_message(f, FRAMES_LAST, 0, 0, 0);
        frames_message(f, 0, 0, 0, 0);
        frames_close(f);
        break;
    case 2: /* a message cut by the end of its frame */
        frames_open(f);
        frames_record(f, frames_digest(1, 2), 0);
        f->len -= 3;
        frames_close(f);
        break;
    case 3: /* a field that runs on */
        frames_open(f);
        frames_record(f, frames_digest(1, 2), 0);
        frames_close(f);
        f->data[good + 8 + 22 + 2] = 0xFF;
        break;
    case 4: /* an info frame */
        frames_last(f);
        f->data[good + 1] = 1;
        break;
    case 5: /* another protocol */
        frames_last(f);
        f->data[good] = 'H';
        break;
    case 6: /* beyond all bounds */
        frames_last(f);
        f->data[good + 3] = 0x10;
        break;
    case 7: /* half a header */
        frames_open(f);
        frames_message(f, 0, 0, 0, 0);
        f->len -= 12;
        frames_close(f);
        break;
    default:
        break;
    }
}

static void
test_garbage(void)
{
    for (unsigned kind = 0; kind < 8; kind++) {
        rig r;
        setup(&r);
        kit_note("kind %u", kind);
        build_garbage(&r.f, kind);
        size_t good = asc_get_u32(r.f.data + 4) + 8;
        FAKE_SCRIPT(GIVE(r.f));
        begin(&r, "A", ASC_REPLY_RECORDS);
        finish(&r);
        CHECK_EQ_INT(r.err[0].code, ASC_ERR_CLIENT);
        CHECK_EQ_INT(r.n_got[0], good); /* the frame before it counts */
        CHECK_EQ_INT(atomic_load(&r.a->errors), 1);
        check_idle(&r, 0, 0);
        teardown(&r);
    }
}

/* Of a frame that goes bad, the messages before that are shown. */
static void
test_good_part_of_a_bad_frame(void)
{
    rig r;
    asc_frames f;
    asc_msg m;
    asc_error err;
    setup(&r);
    frames_open(&r.f);
    frames_record(&r.f, frames_digest(1, 1), 0);
    frames_record(&r.f, frames_digest(1, 2), 0);
    size_t good = r.f.len;
    frames_record(&r.f, frames_digest(1, 3), 0);
    frames_close(&r.f);
    r.f.data[good + 22 + 2] = 0xFF; /* a field that runs on */
    FAKE_SCRIPT(GIVE(r.f));
    begin(&r, "A", ASC_REPLY_RECORDS);
    finish(&r);
    CHECK_EQ_INT(r.err[0].code, ASC_ERR_CLIENT);
    CHECK_EQ_INT(r.n_got[0], good);
    asc_error_reset(&err);
    asc_frames_begin(&f, r.got[0], r.n_got[0]);
    CHECK(asc_frames_next(&f, &m, &err) && asc_frames_next(&f, &m, &err));
    CHECK(!asc_frames_next(&f, &m, &err));
    CHECK_EQ_INT(err.code, ASC_OK);
    check_idle(&r, 0, 0);
    teardown(&r);
}

/* --- failures --------------------------------------------------------------------- */

static void
test_one_node_dies_the_other_goes_on(void)
{
    static const fake_step deaths[] = {{.act = FAKE_CUT}, {.act = FAKE_HANG}};
    for (unsigned i = 0; i < 2; i++) {
        rig r;
        setup(&r);
        build_records(&r.f, 1);
        size_t first = asc_get_u32(r.f.data + 4) + 8;
        FAKE_SCRIPT(GIVE_PART(r.f, 0, first + 9), deaths[i]);
        FAKE_SCRIPT({.act = FAKE_WAIT}, {.act = FAKE_WAIT}, GIVE(r.f));
        begin(&r, "AB", ASC_REPLY_RECORDS);
        finish(&r);
        CHECK_EQ_INT(r.err[0].code, i == 0 ? ASC_ERR_CONNECTION : ASC_ERR_TIMEOUT);
        CHECK_EQ_STR(r.err[0].host, "10.0.0.1:3001");
        CHECK_EQ_INT(r.err[0].attempts, 1);
        CHECK_EQ_INT(r.n_got[0], first); /* what came before is kept */
        check_got(&r, 1, &r.f);
        CHECK_EQ_INT(r.err[1].code, ASC_OK);
        CHECK_EQ_INT(r.now, i == 0 ? 1000 : 1300); /* silence: socket_timeout */
        CHECK_EQ_INT(r.cluster->drain.first != NULL, i == 1);
        teardown(&r);
    }
}

/* A failure ends the waiting, though others are under way. */
static void
test_failure_is_told_at_once(void)
{
    rig r;
    setup(&r);
    r.options.gather = 1000000;
    build_records(&r.f, 1);
    FAKE_SCRIPT({.act = FAKE_REFUSE});
    FAKE_SCRIPT(GIVE(r.f));
    begin(&r, "AB", ASC_REPLY_RECORDS);
    CHECK(asc_set_step(r.set, r.now));
    take(&r);
    CHECK_EQ_INT(r.err[0].code, ASC_ERR_CONNECTION);
    CHECK_EQ_INT(r.err[0].phase, ASC_PHASE_CONNECT);
    CHECK(!asc_set_is_done(r.set));
    finish(&r);
    check_got(&r, 1, &r.f);
    teardown(&r);
}

static void
test_one_deadline_for_all(void)
{
    rig r;
    setup(&r);
    r.options.timing.socket_timeout_ms = 0;
    r.options.timing.max_retries = 5;
    begin(&r, "AB", ASC_REPLY_RECORDS);
    r.now += 400; /* spent on writing the requests */
    finish(&r);
    CHECK_EQ_INT(r.now, 2000);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ_INT(r.err[i].code, ASC_ERR_TIMEOUT);
        CHECK_EQ_INT(r.err[i].elapsed_ms, 1000);
    }
    teardown(&r);
}

/* Too late to send anything: nothing is in doubt. */
static void
test_deadline_before_sending(void)
{
    rig r;
    setup(&r);
    begin(&r, "A", ASC_REPLY_RECORDS);
    r.set->members[0]->part.req.writes = true;
    r.now += 1000;
    finish(&r);
    CHECK_EQ_INT(r.err[0].code, ASC_ERR_TIMEOUT);
    CHECK_EQ_INT(r.err[0].elapsed_ms, 1000);
    CHECK(!r.err[0].in_doubt);
    CHECK_EQ_INT(fake.n_opened, 0);
    teardown(&r);
}

/* Frame after frame, and never an end: the deadline ends it. */
static void
test_deadline_of_an_endless_stream(void)
{
    rig r;
    setup(&r);
    frames_open(&r.f);
    frames_record(&r.f, frames_digest(1, 1), 0);
    frames_close(&r.f);
    fake_step steps[FAKE_MAX_STEPS];
    for (size_t i = 0; i < FAKE_MAX_STEPS; i++) { /* there is always more to read */
        steps[i] = (fake_step)GIVE(r.f);
    }
    CHECK(fake_script(steps, FAKE_MAX_STEPS) != NULL);
    begin(&r, "A", ASC_REPLY_RECORDS);
    for (unsigned n = 0; !r.ended[0] && n < 100; n++) {
        CHECK(frames_wait(r.set, &r.now));
        take(&r);
        r.now += 100;
    }
    CHECK_EQ_INT(r.err[0].code, ASC_ERR_TIMEOUT);
    CHECK_EQ_INT(r.now, 2100);
    teardown(&r);
}

/* The rest of a stream that timed out is read off, and the connection used again. */
static void
test_late_stream_is_drained(void)
{
    rig r;
    setup(&r);
    build_records(&r.f, 1);
    FAKE_SCRIPT(GIVE_PART(r.f, 0, 50), {.act = FAKE_HANG});
    begin(&r, "A", ASC_REPLY_RECORDS);
    finish(&r);
    CHECK_EQ_INT(r.err[0].code, ASC_ERR_TIMEOUT);
    fake.peers[0].steps[1] = (fake_step)GIVE_PART(r.f, 50, r.f.len - 50);
    asc_drain_run(&r.cluster->drain, r.now + 10);
    check_idle(&r, 1, 0);
    CHECK_EQ_INT(fake.peers[0].at, 2); /* to the last byte */
    teardown(&r);
}

/* Time that the caller takes is not the node's silence. */
static void
test_slow_caller(void)
{
    rig r;
    setup(&r);
    r.options.timing.total_timeout_ms = 0;
    build_records(&r.f, 1);
    size_t first = asc_get_u32(r.f.data + 4) + 8;
    FAKE_SCRIPT(GIVE_PART(r.f, 0, first), {.act = FAKE_WAIT},
                GIVE_PART(r.f, first, r.f.len - first));
    FAKE_SCRIPT({.act = FAKE_WAIT}, {.act = FAKE_WAIT}, {.act = FAKE_WAIT}, GIVE(r.f));
    begin(&r, "AB", ASC_REPLY_RECORDS);
    CHECK(frames_wait(r.set, &r.now));
    take(&r);
    r.now += 5000;
    for (size_t i = 0; i < r.set->n; i++) { /* as asc_set_wait does */
        asc_exchange_forgive(&r.set->members[i]->x, 5000);
    }
    finish(&r);
    check_got(&r, 0, &r.f);
    check_got(&r, 1, &r.f);
    teardown(&r);
}

/* A caller that looks for signals, or takes what another node has sent, does so between
 * two slices of a large request or reply. It goes on at once afterwards. */
static void
test_slow_caller_between_slices(void)
{
    enum { SLICE = 1u << 20, N = 3 };
    uint8_t *large = calloc(1, N * SLICE);
    for (int gets = 0; gets < 2 && CHECK(large != NULL); gets++) {
        rig r;
        setup(&r);
        FAKE_SCRIPT({.act = FAKE_TAKE, .n = SIZE_MAX},
                    {.act = FAKE_TAKE, .n = SIZE_MAX},
                    {.act = FAKE_TAKE, .n = SIZE_MAX},
                    {.act = FAKE_GIVE, .n = N * SLICE, .bytes = large});
        begin(&r, "A", ASC_REPLY_FRAME);
        asc_member *m = r.set->members[0];
        memcpy(large, (const uint8_t[]){2, 3, 0, 0, 0, 0x2f, 0xff, 0xf8, 22}, 9);
        if (!gets) {
            m->part.req.out.len = 0;
            CHECK(asc_buf_put(&m->part.req.out, large, N * SLICE));
        }
        unsigned n = 0;
        while (!asc_set_step(r.set, r.now) && CHECK(n < 10)) {
            CHECK(m->want != ASC_WANT_CLOCK || ++n > 0);
            m->due = m->want == ASC_WANT_READ || m->want == ASC_WANT_WRITE;
            r.now++;
            asc_exchange_forgive(&m->x, 1);
            CHECK(m->due || asc_set_wake_ms(r.set) <= r.now);
        }
        CHECK(n >= N - 1);
        CHECK_EQ_INT(m->want, ASC_WANT_DONE);
        teardown(&r);
    }
    free(large);
}

static void
test_abandon_closes(void)
{
    rig r;
    setup(&r);
    build_records(&r.f, 1);
    FAKE_SCRIPT(GIVE_PART(r.f, 0, r.f.len - 30)); /* all but the end */
    FAKE_SCRIPT({.act = FAKE_HANG});
    begin(&r, "AB", ASC_REPLY_RECORDS);
    CHECK(frames_wait(r.set, &r.now));
    take(&r);
    asc_set_abandon(r.set);
    CHECK_EQ_INT(fake.n_closed, 2);
    check_idle(&r, 0, 0);
    CHECK(asc_set_is_done(r.set));
    FAKE_SCRIPT(GIVE(r.f)); /* and it can be used again */
    r.n_got[0] = 0;
    begin(&r, "A", ASC_REPLY_RECORDS);
    finish(&r);
    check_got(&r, 0, &r.f);
    teardown(&r);
}

/* --- other requests --------------------------------------------------------------- */

static void
test_info_to_all_nodes(void)
{
    static const uint8_t answer[] = {2, 1, 0, 0, 0, 0, 0, 3, 'a', '\t', '\n'};
    rig r;
    asc_error err;
    asc_part *p;
    setup(&r);
    r.options.timing.max_retries = 1;
    FAKE_SCRIPT({.act = FAKE_CUT}); /* repeated at the same node */
    FAKE_SCRIPT({.act = FAKE_WAIT},
                {.act = FAKE_GIVE, .n = sizeof answer, .bytes = answer});
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = sizeof answer, .bytes = answer});
    asc_set_begin_at(r.set, r.cluster, &r.options, NULL, r.now);
    CHECK_EQ_INT(asc_set_add_all(r.set, &err), ASC_OK);
    while ((p = asc_set_unwritten(r.set)) != NULL) {
        CHECK(asc_buf_put(&p->req.out, request, sizeof request));
        p->req.out.data[1] = 1;
    }
    finish(&r);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ_INT(r.err[i].code, ASC_OK);
        CHECK_EQ_INT(r.n_got[i], sizeof answer);
    }
    CHECK_EQ_INT(fake.n_opened, 3);
    CHECK_EQ_INT(r.n_taken, 2);
    teardown(&r);
}

/* Half a frame is no reply. */
static void
test_half_a_frame_is_not_shown(void)
{
    rig r;
    setup(&r);
    frames_last(&r.f);
    FAKE_SCRIPT(GIVE_PART(r.f, 0, 20), {.act = FAKE_CUT});
    begin(&r, "A", ASC_REPLY_FRAME);
    finish(&r);
    CHECK_EQ_INT(r.err[0].code, ASC_ERR_CONNECTION);
    CHECK_EQ_INT(r.n_got[0], 0);
    teardown(&r);
}

static void
test_no_node(void)
{
    rig r;
    asc_error err;
    setup(&r);
    atomic_store(&r.a->active, false);
    atomic_store(&r.b->active, false);
    asc_set_begin_at(r.set, r.cluster, &r.options, NULL, r.now);
    CHECK_EQ_INT(asc_set_add_all(r.set, &err), ASC_ERR_INVALID_NODE);
    CHECK(frames_wait(r.set, &r.now));
    CHECK(asc_set_take(r.set) == NULL);
    CHECK(asc_set_is_done(r.set));
    begin(&r, "C", ASC_REPLY_RECORDS);
    finish(&r);
    CHECK_EQ_INT(r.err[1].code, ASC_ERR_INVALID_NODE);
    CHECK_HAS(r.err[1].message, "node C is not there");
    teardown(&r);
}

/* Work on all of a namespace needs a master for each partition. */
static void
test_masters(void)
{
    rig r;
    asc_error err;
    setup(&r);
    asc_set_begin_at(r.set, r.cluster, &r.options, NULL, r.now);
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_set_add_masters(r.set, "test", &err), ASC_OK);
    CHECK_EQ_INT(r.set->n, 2); /* B is none, but may become one at any moment */
    asc_set_begin_at(r.set, r.cluster, &r.options, NULL, r.now);
    CHECK_EQ_INT(asc_set_add_masters(r.set, "none", &err), ASC_ERR_NAMESPACE);
    atomic_store(&r.b->active, false);
    CHECK_EQ_INT(asc_set_add_masters(r.set, "test", &err), ASC_OK);
    CHECK_EQ_INT(r.set->n, 1);
    asc_set_begin_at(r.set, r.cluster, &r.options, NULL, r.now);
    atomic_store(&r.a->active, false);
    CHECK_EQ_INT(asc_set_add_masters(r.set, "test", &err), ASC_ERR_INVALID_NODE);
    CHECK_HAS(err.message, "no active node for partition 0 of namespace test");
    CHECK_EQ_INT(r.set->n, 0);
    teardown(&r);
}

/* Take what there is of node A, and repeat it for as long as that can be done. Returns
 * how many parts there were. */
static unsigned
repeat_to_the_end(rig *r)
{
    unsigned n = 1;
    asc_part *p;
    while (!asc_set_is_done(r->set) && CHECK(frames_wait(r->set, &r->now))) {
        while ((p = asc_set_take(r->set)) != NULL) {
            if (p->ended && p->err.code != ASC_OK &&
                asc_set_repeat(r->set, p, &r->err[0]) == ASC_OK) {
                asc_part *next = asc_set_unwritten(r->set);
                CHECK(next != NULL && next->node_name[0] == 'A');
                CHECK(asc_buf_put(&next->req.out, request, sizeof request));
                next->reply = ASC_REPLY_RECORDS;
                n++;
                continue;
            }
            r->n_got[0] += p->size;
        }
    }
    return n;
}

static void
test_repeat(void)
{
    static const fake_step cut = {.act = FAKE_CUT};
    for (unsigned max_retries = 0; max_retries < 3; max_retries++) {
        rig r;
        setup(&r);
        frames_one(&r.g, 0, ASC_ERR_CLUSTER, 0, 0);
        r.options.timing.max_retries = max_retries;
        r.options.timing.sleep_between_retries_ms = 7;
        build_records(&r.f, 1);
        FAKE_SCRIPT(cut);
        FAKE_SCRIPT(GIVE(r.g), GIVE(r.f)); /* refused, but the connection is good */
        begin(&r, "A", ASC_REPLY_RECORDS);
        CHECK_EQ_INT(repeat_to_the_end(&r), max_retries + 1);
        CHECK_EQ_INT(r.now, max_retries == 2 ? 1014 : 1000 + 7 * max_retries);
        const size_t sizes[] = {0, r.g.len, r.f.len};
        CHECK_EQ_INT(r.n_got[0], sizes[max_retries]);
        static const asc_status codes[] = {ASC_ERR_CONNECTION, ASC_ERR_CLUSTER, ASC_OK};
        CHECK_EQ_INT(r.err[0].code, codes[max_retries]);
        CHECK_EQ_INT(r.err[0].attempts, max_retries == 2 ? 0 : max_retries + 1);
        teardown(&r);
    }
}

/* Somebody may have read what has come. */
static void
test_what_has_begun_is_not_repeated(void)
{
    rig r;
    setup(&r);
    r.options.timing.max_retries = 9;
    build_records(&r.f, 1);
    size_t first = asc_get_u32(r.f.data + 4) + 8;
    FAKE_SCRIPT(GIVE_PART(r.f, 0, first + 9), {.act = FAKE_CUT});
    begin(&r, "A", ASC_REPLY_RECORDS);
    CHECK_EQ_INT(repeat_to_the_end(&r), 1);
    CHECK_EQ_INT(r.n_got[0], first);
    CHECK_EQ_INT(r.err[0].code, ASC_ERR_CONNECTION);
    teardown(&r);
}

/* Whoever takes one part at a time sees each of them, though one always has more. */
static void
test_take_is_fair(void)
{
    rig r;
    char order[9] = {0};
    setup(&r);
    frames_one(&r.f, FRAMES_PARTITION, 11, 1, 0);
    for (unsigned i = 0; i < 2; i++) {
        FAKE_SCRIPT(GIVE(r.f), GIVE(r.f), GIVE(r.f), GIVE(r.f), GIVE(r.f));
    }
    begin(&r, "AB", ASC_REPLY_RECORDS);
    for (unsigned i = 0; i < 8; i++) {
        CHECK(frames_wait(r.set, &r.now));
        order[i] = asc_set_take(r.set)->node_name[0];
    }
    CHECK_EQ_STR(order, "ABABABAB");
    teardown(&r);
}

static void
test_many_parts_at_one_node(void)
{
    rig r;
    char names[31] = {0};
    setup(&r);
    build_records(&r.f, 1);
    for (unsigned i = 0; i < 10; i++) {
        FAKE_SCRIPT(GIVE(r.f));
        names[i] = 'A';
    }
    begin(&r, names, ASC_REPLY_RECORDS);
    unsigned n = 0;
    while (!asc_set_is_done(r.set) && CHECK(frames_wait(r.set, &r.now))) {
        asc_part *p = asc_set_take(r.set); /* one at a time */
        CHECK(p != NULL && p->ended && p->size == r.f.len);
        n++;
    }
    CHECK_EQ_INT(n, 10);
    check_idle(&r, 10, 0);
    teardown(&r);
}

/* With a limit, the next node is asked when one has answered. */
static void
test_one_node_after_the_other(void)
{
    rig r;
    setup(&r);
    r.cluster->config.max_at_once = 1;
    build_records(&r.f, 1);
    build_records(&r.g, 2);
    FAKE_SCRIPT(GIVE(r.f));
    FAKE_SCRIPT({.act = FAKE_WAIT}, GIVE(r.g));
    begin(&r, "AB", ASC_REPLY_RECORDS);
    const asc_member *a = r.set->members[0];
    while (!r.ended[0] && CHECK(frames_wait(r.set, &r.now))) {
        CHECK(fake.n_opened == 1 || a->state == ASC_MEMBER_ENDED);
        take(&r);
    }
    finish(&r);
    CHECK_EQ_INT(fake.n_opened, 2);
    check_got(&r, 0, &r.f);
    check_got(&r, 1, &r.g);
    check_idle(&r, 1, 1);
    teardown(&r);
}

/* As many as the limit says are asked side by side, in whichever order they end. */
static void
test_limit_of_nodes_at_once(void)
{
    for (uint32_t limit = 1; limit <= 8; limit++) {
        rig r;
        setup(&r);
        kit_note("at most %u", limit);
        r.cluster->config.max_at_once = limit;
        build_records(&r.f, 1);
        for (unsigned i = 0; i < 6; i++) {
            fake_step steps[12];
            for (unsigned k = 0; k < 12; k++) {
                steps[k] = (fake_step)GIVE(r.f);
                steps[k].act = (k + i) % 2 == 0 ? FAKE_WAIT : FAKE_GIVE;
            }
            fake_script(steps, 12);
        }
        begin(&r, "AAAAAA", ASC_REPLY_RECORDS);
        size_t n_ended = 0;
        while (!asc_set_is_done(r.set) && CHECK(frames_wait(r.set, &r.now))) {
            CHECK(fake.n_opened <= n_ended + limit);
            for (asc_part *p; (p = asc_set_take(r.set)) != NULL; n_ended += p->ended) {
                CHECK_EQ_INT(p->err.code, ASC_OK);
            }
        }
        CHECK_EQ_INT(n_ended, 6);
        CHECK(fake.n_opened <= limit);
        teardown(&r);
    }
}

/* The deadline is that of the whole: it also ends what never had its turn. */
static void
test_deadline_before_its_turn(void)
{
    rig r;
    setup(&r);
    r.cluster->config.max_at_once = 1;
    r.options.timing.socket_timeout_ms = 0;
    FAKE_SCRIPT({.act = FAKE_TAKE, .n = sizeof request}, {.act = FAKE_HANG});
    begin(&r, "AB", ASC_REPLY_RECORDS);
    finish(&r);
    CHECK_EQ_INT(r.now, 2000);
    CHECK_EQ_INT(r.err[0].code, ASC_ERR_TIMEOUT);
    CHECK_EQ_INT(r.err[1].code, ASC_ERR_TIMEOUT);
    CHECK_HAS(r.err[1].message, "before the request was sent");
    CHECK(!r.err[1].in_doubt);
    CHECK_EQ_INT(fake.n_opened, 1);
    teardown(&r);
}

/* Two parts for a node with one connection: the second waits for the first. */
static void
test_part_waits_for_a_connection(void)
{
    rig r;
    setup(&r);
    asc_cluster_release(r.cluster);
    r.cluster = fake_cluster(1);
    r.a = r.cluster->nodes[0];
    r.b = r.cluster->nodes[1];
    r.a->pool.timeout_ms = 500;
    build_records(&r.f, 1);
    FAKE_SCRIPT({.act = FAKE_WAIT}, GIVE(r.f), GIVE(r.f));
    begin(&r, "AA", ASC_REPLY_RECORDS);
    unsigned n = 0;
    while (!asc_set_is_done(r.set) && CHECK(frames_wait(r.set, &r.now))) {
        for (asc_part *p; (p = asc_set_take(r.set)) != NULL; n += p->ended) {
            CHECK_EQ_INT(p->err.code, ASC_OK);
        }
    }
    CHECK_EQ_INT(n, 2);
    CHECK_EQ_INT(fake.n_opened, 1);
    check_idle(&r, 1, 0);
    teardown(&r);
}

static const kit_test tests[] = {
    {"one_node_after_the_other", test_one_node_after_the_other},
    {"limit_of_nodes_at_once", test_limit_of_nodes_at_once},
    {"deadline_before_its_turn", test_deadline_before_its_turn},
    {"part_waits_for_a_connection", test_part_waits_for_a_connection},
    {"two_nodes_at_once", test_two_nodes_at_once},
    {"every_cut_of_a_stream", test_every_cut_of_a_stream},
    {"stream_byte_by_byte", test_stream_byte_by_byte},
    {"nothing_is_read_while_frames_wait", test_nothing_is_read_while_frames_wait},
    {"gather", test_gather},
    {"memory_is_bounded", test_memory_is_bounded},
    {"results_that_end_a_reply", test_results_that_end_a_reply},
    {"garbage", test_garbage},
    {"good_part_of_a_bad_frame", test_good_part_of_a_bad_frame},
    {"one_node_dies_the_other_goes_on", test_one_node_dies_the_other_goes_on},
    {"failure_is_told_at_once", test_failure_is_told_at_once},
    {"one_deadline_for_all", test_one_deadline_for_all},
    {"deadline_before_sending", test_deadline_before_sending},
    {"deadline_of_an_endless_stream", test_deadline_of_an_endless_stream},
    {"late_stream_is_drained", test_late_stream_is_drained},
    {"slow_caller", test_slow_caller},
    {"slow_caller_between_slices", test_slow_caller_between_slices},
    {"abandon_closes", test_abandon_closes},
    {"info_to_all_nodes", test_info_to_all_nodes},
    {"no_node", test_no_node},
    {"masters", test_masters},
    {"repeat", test_repeat},
    {"what_has_begun_is_not_repeated", test_what_has_begun_is_not_repeated},
    {"half_a_frame_is_not_shown", test_half_a_frame_is_not_shown},
    {"take_is_fair", test_take_is_fair},
    {"many_parts_at_one_node", test_many_parts_at_one_node},
};

KIT_MAIN("ut_set", tests)
