/* Batches: who is asked for which rows, what becomes of rows whose node failed, and
 * what is said about those that got no reply. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asc/alloc.h"
#include "asc/batch.h"
#include "fake.h"
#include "frames.h"
#include "kit.h"

#define MAX_ROWS 64

/* Replies are made from what was asked: this is a node's whole behaviour. */
typedef enum act {
    ANSWER,        /* every row, then the end */
    ANSWER_ONE,    /* one row, then it dies */
    DIE,           /* the connection breaks after the request */
    REFUSE,        /* nobody listens */
    SILENT,        /* nothing ever comes */
    BUSY,          /* the end, with result 18 */
    DENY,          /* the end, with result 22 */
    LEAVE_OUT,     /* all rows but the first, then the end */
    ANSWER_TWICE,  /* the first row twice */
    ANSWER_OTHERS, /* a row that it was not asked for */
} act;

typedef struct rig {
    asc_cluster *cluster;
    asc_batch *b;
    asc_set *set;
    asc_batch_options options;
    uint64_t now, begun;
    const act *acts; /* of the connections, in the order of their opening */
    size_t n_acts, n_parts;
    frames replies[16];
    uint32_t n_rows;
    /* For each row: */
    unsigned n_asked[MAX_ROWS], n_answered[MAX_ROWS], n_failed[MAX_ROWS];
    char last_node[MAX_ROWS];
    asc_error err[MAX_ROWS];
} rig;

static void
setup(rig *r)
{
    memset(r, 0, sizeof *r);
    fake_reset();
    r->cluster = fake_cluster(10);
    r->b = asc_batch_new();
    r->set = asc_batch_set(r->b);
    r->now = 1000;
    r->options.replica = ASC_REPLICA_SEQUENCE;
    r->options.set.gather = 1000000;
    r->options.set.timing = (asc_timing){.total_timeout_ms = 1000,
                                         .socket_timeout_ms = 300,
                                         .timeout_delay_ms = 3000,
                                         .max_retries = 2};
}

static void
teardown(rig *r)
{
    asc_batch_free(r->b);
    asc_cluster_release(r->cluster);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
}

/* Make A master of the even partitions and B of the odd ones, and each the replica of
 * the other's. */
static void
share(rig *r)
{
    asc_error err;
    asc_maps_clear(&r->cluster->maps);
    for (unsigned i = 0; i < 2; i++) {
        const char *text = fake_replicas("test", 0, i == 0 ? "eo" : "oe");
        CHECK_EQ_INT(asc_maps_apply(&r->cluster->maps, r->cluster->nodes[i], text,
                                    strlen(text), &err),
                     ASC_OK);
    }
    CHECK_EQ_INT(fake_publish(r->cluster), ASC_OK);
}

static void
begin(rig *r)
{
    asc_batch_begin(r->b, r->cluster, &r->options);
    r->set->begin_ms = r->now; /* the test's clock */
    r->set->deadline_ms = r->now + r->options.set.timing.total_timeout_ms;
    r->n_rows = 0;
}

static void
add(rig *r, const char *ns, uint32_t partition, bool writes)
{
    asc_error err;
    CHECK_EQ_INT(asc_batch_add(r->b, ns, partition, writes, &err), ASC_OK);
    r->n_rows++;
}

/* Rows of partitions 0, 1, 2 ... */
static void
add_rows(rig *r, uint32_t n, bool write)
{
    for (uint32_t i = 0; i < n; i++) {
        add(r, "test", i, write);
    }
}

static void
build_reply(frames *f, act a, const asc_part *p)
{
    f->len = 0;
    if (a == BUSY || a == DENY) {
        frames_one(f, FRAMES_LAST, a == BUSY ? 18 : 22, 0, 0);
        return;
    }
    uint32_t n = a == ANSWER_ONE ? 1 : p->n_rows;
    bool in_one_frame = a == ANSWER_TWICE || a == ANSWER_OTHERS;
    if (in_one_frame) {
        frames_open(f);
    }
    for (uint32_t i = n; i-- > (a == LEAVE_OUT);) { /* in any order */
        if (!in_one_frame) {
            frames_open(f);
        }
        frames_message(f, 0, p->rows[i] % 3 == 0 ? 2 : 0, 0, p->rows[i]);
        frames_close(f);
    }
    if (in_one_frame) { /* with a row too many */
        frames_message(f, 0, 0, 0, p->rows[0] + (a == ANSWER_OTHERS));
        frames_close(f);
    }
    if (a != ANSWER_ONE) {
        frames_last(f);
    }
}

/* Write the request, and script the connection that will carry it. */
static void
write_request(rig *r, asc_part *p)
{
    static const uint8_t request[40] = {2, 3, 0, 0, 0, 0, 0, 32, 22, 8};
    act a = r->n_parts < r->n_acts ? r->acts[r->n_parts] : ANSWER;
    frames *f = &r->replies[r->n_parts % 16];
    r->n_parts++;
    CHECK(asc_buf_put(&p->req.out, request, sizeof request));
    for (uint32_t i = 0; i < p->n_rows; i++) {
        r->n_asked[p->rows[i]]++;
        r->last_node[p->rows[i]] = p->node_name[0];
    }
    fake_step steps[2] = {{.act = FAKE_TAKE, .n = sizeof request},
                          {.act = a == SILENT ? FAKE_HANG : FAKE_CUT}};
    if (a == REFUSE) {
        steps[0].act = FAKE_REFUSE;
    }
    else if (a != DIE && a != SILENT) {
        build_reply(f, a, p);
        steps[0] = (fake_step){.act = FAKE_GIVE, .n = f->len, .bytes = f->data};
    }
    if (a == ANSWER && r->options.set.gather == 0) { /* frame by frame */
        steps[1] =
            (fake_step){.act = FAKE_GIVE, .n = 30, .bytes = f->data + f->len - 30};
        steps[0].n -= 30;
    }
    bool is_one_step = a == ANSWER && r->options.set.gather > 0;
    CHECK(fake_script(steps, is_one_step ? 1 : 2) != NULL);
}

static void
read_reply(rig *r, asc_part *p)
{
    asc_msg m;
    for (size_t i = 0; i < p->n_messages; i++) {
        asc_msg_place place = p->messages[i];
        CHECK(place.at + place.size <= p->size);
        asc_msg_take(&m, p->data + place.at, place.size);
        if (CHECK(m.index < r->n_rows)) {
            r->n_answered[m.index]++;
            CHECK_EQ_INT(m.result, m.index % 3 == 0 ? 2 : 0);
        }
    }
    uint32_t at = 0, row;
    while (p->ended && p->err.code != ASC_OK && !p->again &&
           asc_batch_unanswered(r->b, p, &at, &row)) {
        r->n_failed[row]++;
        r->err[row] = p->err;
    }
}

/* Route in slices of one row, two, three. */
static void
route(rig *r)
{
    asc_error err;
    uint32_t n_slices = 0;
    asc_status rc;
    do {
        rc = asc_batch_route_some(r->b, 1 + n_slices % 3, &err);
    } while (rc == ASC_INTERRUPTED && CHECK(++n_slices <= 3 * r->n_rows));
    CHECK_EQ_INT(rc, ASC_OK);
}

/* The whole call, as the header says; each part is on a connection of its own. */
static void
run(rig *r, const act *acts, size_t n_acts)
{
    asc_error err;
    asc_part *p;
    unsigned n = 0;
    r->acts = acts;
    r->n_acts = n_acts;
    r->n_parts = 0;
    do {
        for (size_t i = 0; i < r->cluster->n_nodes; i++) {
            asc_pool_trim(&r->cluster->nodes[i]->pool, r->now + 1000000);
        }
        route(r);
        CHECK_EQ_INT(asc_batch_route(r->b, &err), ASC_OK); /* nothing new to route */
        while ((p = asc_set_unwritten(r->set)) != NULL) {
            write_request(r, p);
        }
        CHECK(frames_wait(r->set, &r->now));
        while ((p = asc_set_take(r->set)) != NULL) {
            read_reply(r, p);
        }
    } while (!asc_batch_is_done(r->b) && CHECK(n++ < 100));
}
#define RUN(r, ...)                                                                    \
    run((r), (const act[]){__VA_ARGS__},                                               \
        sizeof((const act[]){__VA_ARGS__}) / sizeof(act))

/* Every row has one outcome. */
static void
check_outcomes(const rig *r)
{
    for (uint32_t i = 0; i < r->n_rows; i++) {
        CHECK_EQ_INT(r->n_answered[i] + r->n_failed[i], 1);
    }
}

static void
check_rows(const rig *r, uint32_t first, uint32_t step, unsigned asked, char node,
           asc_status code)
{
    for (uint32_t i = first; i < r->n_rows; i += step) {
        CHECK_EQ_INT(r->n_asked[i], asked);
        CHECK_EQ_INT(r->last_node[i], node);
        CHECK_EQ_INT(r->n_answered[i], code == ASC_OK);
        CHECK_EQ_INT(r->n_failed[i], code != ASC_OK);
        CHECK_EQ_INT(r->err[i].code, code);
    }
}

/* --- routing ---------------------------------------------------------------------- */

static void
test_rows_go_to_their_masters(void)
{
    rig r;
    setup(&r);
    share(&r);
    begin(&r);
    add_rows(&r, 21, false);
    RUN(&r, ANSWER, ANSWER);
    CHECK_EQ_INT(r.n_parts, 2);
    check_rows(&r, 0, 2, 1, 'A', ASC_OK);
    check_rows(&r, 1, 2, 1, 'B', ASC_OK);
    check_outcomes(&r);
    teardown(&r);
}

/* The rows of a part are in the order in which they were added. */
static void
test_order_is_kept(void)
{
    rig r;
    asc_error err;
    setup(&r);
    share(&r);
    begin(&r);
    add_rows(&r, 40, false);
    CHECK_EQ_INT(asc_batch_route(r.b, &err), ASC_OK);
    for (unsigned k = 0; k < 2; k++) {
        asc_part *p = asc_set_unwritten(r.set);
        CHECK_EQ_INT(p->n_rows, 20);
        for (uint32_t i = 0; i < p->n_rows; i++) {
            CHECK_EQ_INT(p->rows[i], 2 * i + k);
        }
    }
    CHECK(asc_set_unwritten(r.set) == NULL);
    teardown(&r);
}

/* Routing in slices makes the same parts, and stops where it was told to. */
static void
test_slices_make_the_same_parts(void)
{
    rig r;
    asc_error err;
    setup(&r);
    share(&r);
    begin(&r);
    add_rows(&r, 40, true);
    for (unsigned i = 0; i < 3 * 40 / 7; i++) {
        CHECK_EQ_INT(asc_batch_route_some(r.b, 7, &err), ASC_INTERRUPTED);
    }
    CHECK_EQ_INT(asc_batch_route_some(r.b, 7, &err), ASC_OK);
    for (unsigned k = 0; k < 2; k++) {
        asc_part *p = asc_set_unwritten(r.set);
        CHECK_EQ_INT(p->n_rows, 20);
        CHECK(p->req.writes);
        for (uint32_t i = 0; i < p->n_rows; i++) {
            CHECK_EQ_INT(p->rows[i], 2 * i + k);
        }
    }
    CHECK(asc_set_unwritten(r.set) == NULL);
    teardown(&r);
}

/* A batch is given up, or begun anew, in the middle of routing. */
static void
test_routing_is_given_up(void)
{
    rig r;
    asc_error err;
    setup(&r);
    share(&r);
    begin(&r);
    add_rows(&r, 10, false);
    CHECK_EQ_INT(asc_batch_route_some(r.b, 25, &err), ASC_INTERRUPTED);
    begin(&r);
    add_rows(&r, 6, false);
    RUN(&r, ANSWER, ANSWER);
    check_outcomes(&r);
    begin(&r);
    add_rows(&r, 10, false);
    CHECK_EQ_INT(asc_batch_route_some(r.b, 5, &err), ASC_INTERRUPTED);
    teardown(&r);
}

/* Rows whose request has not left need not be in doubt. */
static void
test_rows_that_have_left(void)
{
    rig r;
    asc_error err;
    asc_part *p;
    const act acts[] = {SILENT, REFUSE};
    setup(&r);
    share(&r);
    begin(&r);
    add_rows(&r, 4, true);
    r.acts = acts;
    r.n_acts = 2;
    CHECK_EQ_INT(asc_batch_route(r.b, &err), ASC_OK);
    CHECK(!asc_batch_has_left(r.b, 0));
    while ((p = asc_set_unwritten(r.set)) != NULL) {
        write_request(&r, p);
    }
    asc_set_step(r.set, r.now);
    asc_set_step(r.set, r.now);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ_INT(asc_batch_has_left(r.b, i), i % 2 == 0);
    }
    r.now += 301; /* the first node was silent: its rows go again */
    CHECK(frames_wait(r.set, &r.now));
    while ((p = asc_set_take(r.set)) != NULL) {
        CHECK(p->again);
    }
    CHECK_EQ_INT(asc_batch_route_some(r.b, 1, &err), ASC_INTERRUPTED);
    route(&r);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ_INT(asc_batch_has_left(r.b, i), i % 2 == 0);
    }
    teardown(&r);
}

/* A batch that is stopped lets go of its connections at once, and of large memory bit
 * by bit. */
static void
test_stopped_batch_gives_memory_back(void)
{
    const act acts[] = {SILENT, SILENT};
    rig r;
    asc_error err;
    asc_part *p, *parts[2];
    unsigned n = 0, n_slices = 0;
    setup(&r);
    share(&r);
    begin(&r);
    add_rows(&r, 4, true);
    r.acts = acts;
    r.n_acts = 2;
    CHECK_EQ_INT(asc_batch_route(r.b, &err), ASC_OK);
    while ((p = asc_set_unwritten(r.set)) != NULL) {
        write_request(&r, p);
        CHECK(asc_buf_grow(&p->req.out, 3000000));
        parts[n++] = p;
    }
    CHECK_EQ_INT(n, 2);
    asc_set_step(r.set, r.now);
    asc_set_step(r.set, r.now);
    asc_set_stop(r.set);
    CHECK_EQ_INT(fake.n_opened, 2);
    CHECK_EQ_INT(fake.n_closed, 2);
    while (asc_set_shrink(r.set, 1000000) && CHECK(n_slices < 100)) {
        n_slices++;
    }
    CHECK(n_slices >= 4);
    CHECK(parts[0]->req.out.cap <= 1 << 20);
    CHECK(parts[1]->req.out.cap <= 1 << 20);
    CHECK(asc_set_is_done(r.set));
    teardown(&r);
}

static void
test_replica_policies(void)
{
    static const struct {
        const char *what;
        asc_replica replica;
        bool writes;
        unsigned turn;
        char node; /* of partition 0 */
    } rows[] = {
        {"master", ASC_REPLICA_MASTER, false, 1, 'A'},
        {"any, one turn", ASC_REPLICA_ANY, false, 0, 'A'},
        {"any, the next", ASC_REPLICA_ANY, false, 1, 'B'},
        {"sequence", ASC_REPLICA_SEQUENCE, false, 1, 'A'},
        {"prefer rack", ASC_REPLICA_PREFER_RACK, false, 1, 'A'},
        {"random", ASC_REPLICA_RANDOM, false, 1, 'B'},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig r;
        setup(&r);
        kit_note("%s", rows[i].what);
        share(&r);
        atomic_store(&r.cluster->turn, rows[i].turn);
        r.options.replica = rows[i].replica;
        begin(&r);
        add(&r, "test", 0, rows[i].writes);
        RUN(&r, ANSWER);
        CHECK_EQ_INT(r.last_node[0], rows[i].node);
        check_outcomes(&r);
        teardown(&r);
    }
}

static void
test_node_is_gone(void)
{
    rig r;
    setup(&r);
    share(&r);
    atomic_store(&r.cluster->nodes[0]->active, false);
    begin(&r);
    add_rows(&r, 6, false);
    RUN(&r, ANSWER);
    CHECK_EQ_INT(r.n_parts, 1);
    check_rows(&r, 0, 1, 1, 'B', ASC_OK); /* it has the copies */
    teardown(&r);
}

static void
test_no_node_for_some_rows(void)
{
    rig r;
    setup(&r);
    share(&r);
    atomic_store(&r.cluster->nodes[0]->active, false);
    r.options.replica = ASC_REPLICA_MASTER;
    r.options.set.timing.sleep_between_retries_ms = 50;
    begin(&r);
    add_rows(&r, 6, false);
    RUN(&r, ANSWER);
    for (uint32_t i = 0; i < 6; i++) {
        CHECK_EQ_INT(r.n_asked[i], i % 2);
        CHECK_EQ_INT(r.err[i].code, i % 2 ? ASC_OK : ASC_ERR_INVALID_NODE);
        CHECK(!r.err[i].in_doubt);
    }
    CHECK_EQ_INT(r.err[0].attempts, 3); /* two more, after pauses */
    CHECK_EQ_INT(r.now, 1100);
    CHECK_HAS(r.err[0].message, "no active node for partition 0 of namespace test");
    check_outcomes(&r);
    teardown(&r);
}

/* A node that comes while the rows without one wait. */
static void
test_node_comes_back(void)
{
    rig r;
    asc_error err;
    asc_part *p;
    setup(&r);
    share(&r);
    atomic_store(&r.cluster->nodes[0]->active, false);
    r.options.replica = ASC_REPLICA_MASTER;
    begin(&r);
    add(&r, "test", 0, true);
    CHECK_EQ_INT(asc_batch_route(r.b, &err), ASC_OK);
    CHECK(asc_set_unwritten(r.set) == NULL);
    CHECK(frames_wait(r.set, &r.now));
    p = asc_set_take(r.set);
    CHECK(p->ended && p->again);
    atomic_store(&r.cluster->nodes[0]->active, true);
    RUN(&r, ANSWER);
    check_rows(&r, 0, 1, 1, 'A', ASC_OK);
    teardown(&r);
}

static void
test_unknown_namespace(void)
{
    rig r;
    asc_error err;
    setup(&r);
    begin(&r);
    add(&r, "test", 1, false);
    add(&r, "nowhere", 1, false);
    add(&r, "test", 2, false);
    CHECK_EQ_INT(
        asc_batch_add(r.b, "a-namespace-with-a-name-far-too-long", 1, false, &err),
        ASC_ERR_PARAM);
    RUN(&r, ANSWER);
    CHECK_EQ_INT(r.n_parts, 1);
    CHECK_EQ_INT(r.err[1].code, ASC_ERR_NAMESPACE);
    CHECK_HAS(r.err[1].message, "Invalid namespace: nowhere");
    CHECK_EQ_INT(r.n_failed[1], 1);
    check_outcomes(&r);
    teardown(&r);
}

static void
test_no_rows(void)
{
    rig r;
    setup(&r);
    begin(&r);
    RUN(&r, ANSWER);
    CHECK_EQ_INT(r.n_parts, 0);
    CHECK_EQ_INT(fake.n_opened, 0);
    teardown(&r);
}

static void
test_closed_client(void)
{
    rig r;
    setup(&r);
    begin(&r);
    add(&r, "test", 1, true);
    atomic_store(&r.cluster->closed, true);
    RUN(&r, ANSWER);
    CHECK_EQ_INT(r.err[0].code, ASC_ERR_CLUSTER);
    CHECK(!r.err[0].in_doubt);
    atomic_store(&r.cluster->closed, false);
    teardown(&r);
}

/* --- failures --------------------------------------------------------------------- */

/* A failure, and what becomes of rows that read and of rows that write, first without
 * and then with repetitions allowed. A is asked first for all of them, B has copies. */
static void
test_failures(void)
{
    static const struct {
        const char *what;
        act first;
        asc_status code;  /* without repetitions */
        bool doubt;       /* when it writes */
        bool repeated;    /* when repetitions are allowed */
        char read, write; /* where to */
    } rows[] = {
        {"refuse", REFUSE, ASC_ERR_CONNECTION, false, true, 'B', 'B'},
        {"die", DIE, ASC_ERR_CONNECTION, true, true, 'B', 'B'},
        {"silent", SILENT, ASC_ERR_TIMEOUT, true, true, 'B', 'A'},
        {"busy", BUSY, 18, false, true, 'B', 'B'},
        {"deny", DENY, 22, false, false, 'A', 'A'},
        {"leave out", LEAVE_OUT, ASC_ERR_CLIENT, true, false, 'A', 'A'},
        {"answer twice", ANSWER_TWICE, ASC_ERR_CLIENT, true, false, 'A', 'A'},
        {"answer others", ANSWER_OTHERS, ASC_ERR_CLIENT, true, false, 'A', 'A'},
    };
    for (size_t i = 0; i < 4 * sizeof rows / sizeof rows[0]; i++) {
        size_t k = i / 4;
        bool writes = i & 1, retries = i & 2;
        rig r;
        setup(&r);
        kit_note("%s, %s, %s", rows[k].what, writes ? "write" : "read",
                 retries ? "repeated" : "once");
        r.options.set.timing.max_retries = retries ? 2 : 0;
        begin(&r);
        add_rows(&r, 3, writes);
        RUN(&r, rows[k].first, ANSWER);
        check_outcomes(&r);
        bool again = retries && rows[k].repeated;
        char second = writes ? rows[k].write : rows[k].read;
        char node = again ? second : 'A';
        for (uint32_t row = 0; row < 3; row++) {
            CHECK_EQ_INT(r.n_asked[row], 1 + again);
            CHECK_EQ_INT(r.last_node[row], node);
            if (r.n_failed[row] > 0) {
                CHECK(!again);
                CHECK_EQ_INT(r.err[row].code, rows[k].code);
                CHECK_EQ_INT(r.err[row].in_doubt, writes && rows[k].doubt);
                CHECK_EQ_INT(r.err[row].attempts, 1);
            }
        }
        CHECK(again || r.n_failed[0] + r.n_failed[1] + r.n_failed[2] > 0 ||
              rows[k].first == ANSWER_TWICE || rows[k].first == ANSWER_OTHERS);
        teardown(&r);
    }
}

/* The node dies in the middle: its unanswered rows go elsewhere, nothing else does. */
static void
test_only_unanswered_rows_are_repeated(void)
{
    rig r;
    setup(&r);
    share(&r);
    begin(&r);
    add_rows(&r, 20, true);
    RUN(&r, ANSWER_ONE, ANSWER, ANSWER);
    CHECK_EQ_INT(r.n_parts, 3);
    check_outcomes(&r);
    unsigned twice = 0;
    for (uint32_t i = 0; i < 20; i++) {
        CHECK_EQ_INT(r.n_answered[i], 1);
        CHECK(i % 2 == 0 || r.n_asked[i] == 1);
        twice += r.n_asked[i] == 2;
        CHECK_EQ_INT(r.last_node[i], i == 0 ? 'A' : 'B'); /* 0 was answered by A */
    }
    CHECK_EQ_INT(twice, 9);
    teardown(&r);
}

/* Every node fails: the rows keep their count of attempts wherever they go. */
static void
test_attempts_are_counted(void)
{
    rig r;
    setup(&r);
    share(&r);
    r.options.set.timing.sleep_between_retries_ms = 100;
    begin(&r);
    add_rows(&r, 8, true);
    RUN(&r, DIE, DIE, DIE, DIE, DIE, DIE, DIE, DIE);
    CHECK_EQ_INT(r.n_parts, 6);
    check_rows(&r, 0, 2, 3, 'A', ASC_ERR_CONNECTION); /* A, B, A */
    check_rows(&r, 1, 2, 3, 'B', ASC_ERR_CONNECTION);
    for (uint32_t i = 0; i < 8; i++) {
        CHECK_EQ_INT(r.err[i].attempts, 3);
        CHECK(r.err[i].in_doubt);
    }
    CHECK_EQ_INT(r.now, 1100); /* the first repetition at once, then a pause */
    teardown(&r);
}

/* One refused, then one denied: the first attempt left nothing, the second was
 * answered. */
static void
test_doubt_needs_a_request_that_left(void)
{
    rig r;
    setup(&r);
    begin(&r);
    add_rows(&r, 2, true);
    RUN(&r, REFUSE, DENY);
    CHECK_EQ_INT(r.err[0].code, 22);
    CHECK(!r.err[0].in_doubt);
    teardown(&r);
    setup(&r);
    begin(&r);
    add_rows(&r, 2, true);
    RUN(&r, DIE, DENY); /* who knows what the first one did */
    CHECK_EQ_INT(r.err[0].code, 22);
    CHECK(r.err[0].in_doubt);
    teardown(&r);
}

/* A node answers for a row that another was asked for, and before that one does. */
static void
test_row_of_another_node(void)
{
    rig r;
    setup(&r);
    share(&r);
    begin(&r);
    add_rows(&r, 6, false);
    RUN(&r, ANSWER_OTHERS, SILENT, ANSWER);
    CHECK_EQ_INT(r.n_asked[1], 2); /* what A said of it does not count */
    for (uint32_t i = 0; i < 6; i++) {
        CHECK_EQ_INT(r.n_answered[i] + r.n_failed[i], 1);
        CHECK(i % 2 == 1 || r.n_failed[i] == 0 || r.err[i].code == ASC_ERR_CLIENT);
        CHECK(i % 2 == 0 || r.n_answered[i] == 1); /* by B's copy, at the second try */
    }
    teardown(&r);
}

/* The caller comes back after the deadline: the last failure is told. */
static void
test_woken_too_late(void)
{
    rig r;
    asc_error err;
    setup(&r);
    r.options.replica = ASC_REPLICA_MASTER;
    r.options.set.timing.sleep_between_retries_ms = 100;
    begin(&r);
    add(&r, "test", 1, true);
    r.acts = (const act[]){REFUSE};
    r.n_acts = 1;
    CHECK_EQ_INT(asc_batch_route(r.b, &err), ASC_OK);
    write_request(&r, asc_set_unwritten(r.set));
    CHECK(frames_wait(r.set, &r.now));
    CHECK(asc_set_take(r.set)->again);
    r.now += 5000;
    RUN(&r, ANSWER);
    CHECK_EQ_INT(r.err[0].code, ASC_ERR_CONNECTION);
    CHECK_EQ_INT(r.err[0].attempts, 1);
    CHECK_EQ_INT(r.err[0].elapsed_ms, 5000);
    CHECK_EQ_INT(fake.n_opened, 1);
    teardown(&r);
}

/* Each hand-up tells how often its rows were sent, be it the last one or not. */
static void
test_rows_know_how_often_they_were_sent(void)
{
    static const act acts[] = {DIE, REFUSE, ANSWER};
    for (uint32_t gather = 0; gather < 2; gather++) {
        rig r;
        asc_error err;
        asc_part *p;
        unsigned n_takes = 0;
        setup(&r);
        r.options.set.gather = gather * 1000000;
        r.options.set.timing.max_retries = 5;
        begin(&r);
        add_rows(&r, 3, true);
        r.acts = acts;
        r.n_acts = 3;
        while (!asc_batch_is_done(r.b)) {
            CHECK_EQ_INT(asc_batch_route(r.b, &err), ASC_OK);
            while ((p = asc_set_unwritten(r.set)) != NULL) {
                write_request(&r, p);
            }
            CHECK(frames_wait(r.set, &r.now));
            while ((p = asc_set_take(r.set)) != NULL) {
                CHECK_EQ_INT(p->n_sent, r.n_parts == 3 ? 2 : 1);
                n_takes++;
            }
        }
        CHECK(n_takes >= 3);
        teardown(&r);
    }
}

static void
test_deadline_spans_the_rounds(void)
{
    rig r;
    setup(&r);
    share(&r);
    r.options.set.timing.max_retries = 100;
    begin(&r);
    add_rows(&r, 4, false);
    RUN(&r, SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, SILENT);
    check_outcomes(&r);
    CHECK_EQ_INT(r.now, 2000);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ_INT(r.err[i].code, ASC_ERR_TIMEOUT);
        CHECK_EQ_INT(r.err[i].attempts, 4); /* 300 ms each, then 100 */
        CHECK_EQ_INT(r.err[i].elapsed_ms, 1000);
    }
    teardown(&r);
}

/* The map has changed since: repetitions follow it. */
static void
test_repetition_looks_at_the_new_map(void)
{
    rig r;
    asc_error err;
    asc_part *p;
    setup(&r);
    r.options.replica = ASC_REPLICA_MASTER;
    begin(&r);
    add_rows(&r, 4, true);
    r.acts = (const act[]){DIE};
    r.n_acts = 1;
    CHECK_EQ_INT(asc_batch_route(r.b, &err), ASC_OK);
    write_request(&r, asc_set_unwritten(r.set));
    CHECK(frames_wait(r.set, &r.now));
    p = asc_set_take(r.set);
    CHECK(p->again);
    share(&r);
    RUN(&r, ANSWER, ANSWER);
    CHECK_EQ_INT(r.n_parts, 2);
    check_rows(&r, 0, 2, 2, 'A', ASC_OK);
    check_rows(&r, 1, 2, 2, 'B', ASC_OK);
    teardown(&r);
}

/* A part of one row may be sent as a command on one record. */
static void
test_part_of_one_frame(void)
{
    rig r;
    asc_error err;
    asc_part *p;
    setup(&r);
    begin(&r);
    add(&r, "test", 1, false);
    frames_one(&r.replies[0], 0, 2, 0, 0);
    FAKE_SCRIPT({.act = FAKE_CUT});
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = r.replies[0].len, .bytes = r.replies[0].data});
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ_INT(asc_batch_route(r.b, &err), ASC_OK);
        p = asc_set_unwritten(r.set);
        if (!CHECK(p != NULL)) {
            break;
        }
        CHECK(asc_buf_put(&p->req.out, "\2\3\0\0\0\0\0\0", 8));
        p->reply = ASC_REPLY_FRAME;
        CHECK(frames_wait(r.set, &r.now));
        p = asc_set_take(r.set);
        CHECK_EQ_INT(p->again, i == 0);
    }
    CHECK_EQ_INT(p->err.code, 2);
    CHECK_EQ_INT(p->size, r.replies[0].len);
    CHECK_EQ_INT(fake.ports[1], 3002);
    CHECK(asc_batch_is_done(r.b));
    teardown(&r);
}

/* --- size ------------------------------------------------------------------------- */

static double
now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
test_many_rows(void)
{
    const uint32_t n = 100000;
    rig r;
    asc_error err;
    setup(&r);
    share(&r);
    begin(&r);
    double begun = now_s();
    for (uint32_t i = 0; i < n; i++) {
        asc_batch_add(r.b, "test", i * 7, false, &err);
    }
    CHECK_EQ_INT(asc_batch_route(r.b, &err), ASC_OK);
    double per_row = (now_s() - begun) / n;
    CHECK(per_row < 5e-6); /* sanitizers and a busy machine; 0.5 us is the aim */
    uint32_t sum = 0;
    for (unsigned i = 0; i < 2; i++) {
        sum += asc_set_unwritten(r.set)->n_rows;
    }
    CHECK_EQ_INT(sum, n);
    asc_set_abandon(r.set);
    begin(&r); /* the memory of so many rows is given back */
    add(&r, "test", 1, false);
    RUN(&r, ANSWER);
    check_outcomes(&r);
    teardown(&r);
}

/* --- what batches leave ----------------------------------------------------------- */

/* Run a batch that was left, or a new one, and leave it. Returns which it was. */
static asc_batch *
run_and_leave(rig *r, uint32_t n_rows)
{
    asc_batch *b = r->b = asc_batch_take(r->cluster);
    r->set = asc_batch_set(b);
    memset(r->n_answered, 0, sizeof r->n_answered);
    begin(r);
    add_rows(r, n_rows, false);
    RUN(r, ANSWER, ANSWER);
    check_outcomes(r);
    asc_batch_leave(b, r->cluster);
    r->b = NULL;
    return b;
}

/* The members that a batch has left have the buffers of their requests still. */
static void
test_next_batch_takes_what_was_left(void)
{
    rig r;
    setup(&r);
    asc_batch_free(r.b);
    share(&r);
    asc_batch *b = run_and_leave(&r, 21);
    long n_live = asc_alloc_live();
    CHECK(run_and_leave(&r, 20) == b);
    CHECK_EQ_INT(asc_alloc_live(), n_live);
    CHECK_EQ_INT(r.set->n_spare, 2);
    CHECK(r.set->spare[0]->part.req.in.cap > 0);
    teardown(&r);
}

static void
test_few_batches_are_left(void)
{
    enum { N = ASC_MAX_SPARES + 2 };
    asc_batch *taken[N];
    rig r;
    setup(&r);
    asc_batch_leave(r.b, r.cluster);
    asc_batch_leave(NULL, r.cluster);
    r.b = NULL;
    for (unsigned i = 0; i < N; i++) {
        taken[i] = asc_batch_take(r.cluster);
        for (unsigned k = 0; k < i; k++) {
            CHECK(taken[i] != taken[k]);
        }
    }
    long n_live = asc_alloc_live();
    for (unsigned i = 0; i < N; i++) {
        asc_batch_leave(taken[i], r.cluster);
    }
    CHECK_EQ_INT(asc_alloc_live(), n_live - 2 * 2); /* a batch and its set */
    teardown(&r);
}

/* What large requests and replies took is given back, and what many of some size take
 * together. */
static void
test_batch_is_left_without_its_large_buffers(void)
{
    rig r;
    size_t size = 0;
    setup(&r);
    share(&r);
    begin(&r);
    for (unsigned i = 0; i < 8; i++) {
        asc_member *m = asc_set_add(r.set, "A", 0);
        CHECK(asc_buf_grow(&m->part.req.in, i == 0 ? 3u << 20 : 600u << 10));
    }
    asc_batch_leave(r.b, r.cluster);
    r.b = NULL;
    for (size_t i = 0; i < r.set->n_spare; i++) {
        size += r.set->spare[i]->part.req.in.cap;
    }
    CHECK(size > 3u << 20 && size <= 4u << 20);
    teardown(&r);
}

static const kit_test tests[] = {
    {"rows_go_to_their_masters", test_rows_go_to_their_masters},
    {"order_is_kept", test_order_is_kept},
    {"slices_make_the_same_parts", test_slices_make_the_same_parts},
    {"routing_is_given_up", test_routing_is_given_up},
    {"rows_that_have_left", test_rows_that_have_left},
    {"stopped_batch_gives_memory_back", test_stopped_batch_gives_memory_back},
    {"replica_policies", test_replica_policies},
    {"node_is_gone", test_node_is_gone},
    {"no_node_for_some_rows", test_no_node_for_some_rows},
    {"node_comes_back", test_node_comes_back},
    {"unknown_namespace", test_unknown_namespace},
    {"no_rows", test_no_rows},
    {"closed_client", test_closed_client},
    {"failures", test_failures},
    {"only_unanswered_rows_are_repeated", test_only_unanswered_rows_are_repeated},
    {"attempts_are_counted", test_attempts_are_counted},
    {"doubt_needs_a_request_that_left", test_doubt_needs_a_request_that_left},
    {"row_of_another_node", test_row_of_another_node},
    {"woken_too_late", test_woken_too_late},
    {"rows_know_how_often_they_were_sent", test_rows_know_how_often_they_were_sent},
    {"deadline_spans_the_rounds", test_deadline_spans_the_rounds},
    {"repetition_looks_at_the_new_map", test_repetition_looks_at_the_new_map},
    {"part_of_one_frame", test_part_of_one_frame},
    {"many_rows", test_many_rows},
    {"next_batch_takes_what_was_left", test_next_batch_takes_what_was_left},
    {"few_batches_are_left", test_few_batches_are_left},
    {"batch_is_left_without_its_large_buffers",
     test_batch_is_left_without_its_large_buffers},
};

KIT_MAIN("ut_batch", tests)
