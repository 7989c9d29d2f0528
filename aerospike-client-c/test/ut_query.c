/* Queries: the requests of each round, what is asked again where, and how it ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "command/query.h"
#include "fake.h"
#include "frames.h"
#include "kit.h"

typedef struct rig {
    asc_cluster *cluster;
    asc_query *q;
    asc_set *set;
    asc_tracker *tracker;
    asc_query_options options;
    uint64_t now;
    frames replies[16]; /* of the connections, in the order of their opening */
    fake_act last[16];  /* what follows the reply; FAKE_WAIT: nothing */
    size_t n_parts, n_rounds;
    unsigned n_records, n_surplus;
    char asked[16]; /* nodes, in that order */
    asc_error err;
} rig;

static void
setup(rig *r)
{
    memset(r, 0, sizeof *r);
    fake_reset();
    r->cluster = fake_cluster(10);
    r->q = asc_query_new();
    r->set = asc_query_set(r->q);
    r->tracker = asc_tracker_new(0, 4);
    r->now = 1000;
    r->options.ns = "test";
    r->options.replica = ASC_REPLICA_SEQUENCE;
    r->options.set.timing = (asc_timing){.total_timeout_ms = 5000,
                                         .socket_timeout_ms = 300,
                                         .timeout_delay_ms = 3000,
                                         .max_retries = 5,
                                         .sleep_between_retries_ms = 100};
    for (size_t i = 0; i < 16; i++) {
        r->last[i] = FAKE_WAIT;
    }
}

static void
teardown(rig *r)
{
    asc_query_free(r->q);
    asc_tracker_free(r->tracker);
    asc_cluster_release(r->cluster);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
}

/* A masters the even partitions, B the odd ones; each has copies of the other's. */
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
write_request(rig *r, asc_part *p)
{
    asc_writer w;
    const asc_msg_head head = {.info1 = 1, .info3 = ASC_INFO3_PARTITION_DONE};
    size_t i = r->n_parts++ % 16;
    CHECK(asc_writer_begin(&w, &p->req.out, &head));
    CHECK(asc_query_put_fields(r->q, p, &w));
    asc_writer_end(&w);
    r->asked[i] = p->node_name[0];
    fake_step steps[3] = {{.act = FAKE_WAIT}};
    size_t n = 0;
    if (r->last[i] != FAKE_REFUSE) {
        steps[n++] = (fake_step){.act = FAKE_TAKE, .n = p->req.out.len};
    }
    if (r->replies[i].len > 0) {
        steps[n++] = (fake_step){
            .act = FAKE_GIVE, .n = r->replies[i].len, .bytes = r->replies[i].data};
    }
    steps[n++].act = r->last[i];
    CHECK(fake_script(steps, n) != NULL);
}

static void
read_part(rig *r, asc_part *p)
{
    asc_frames f;
    asc_msg m;
    asc_error err;
    asc_error_reset(&err);
    asc_frames_begin(&f, p->data, p->size);
    while (asc_frames_next(&f, &m, &err)) {
        asc_msg_record record;
        asc_msg_read_record(&m, &record);
        if (asc_msg_is_record(&m)) {
            bool good = asc_query_count(r->q, p, &record);
            r->n_records += good;
            r->n_surplus += !good;
        }
    }
    CHECK_EQ_INT(err.code, ASC_OK);
    CHECK(!p->again); /* that is for rounds to decide */
}

/* The whole query, as the header says. */
static asc_status
run(rig *r)
{
    asc_status rc;
    asc_part *p;
    r->n_parts = r->n_rounds = 0;
    asc_error_reset(&r->err);
    asc_query_begin_at(r->q, r->cluster, r->tracker, &r->options, r->now);
    while ((rc = asc_query_round_at(r->q, r->now, &r->err)) == ASC_OK &&
           !asc_query_is_over(r->q) && CHECK(r->n_rounds++ < 50)) {
        for (size_t i = 0; i < r->cluster->n_nodes; i++) {
            asc_pool_trim(&r->cluster->nodes[i]->pool, r->now + 1000000);
        }
        while ((p = asc_set_unwritten(r->set)) != NULL) {
            write_request(r, p);
        }
        while (!asc_set_is_done(r->set) && CHECK(frames_wait(r->set, &r->now))) {
            CHECK_EQ_INT(asc_query_round_at(r->q, r->now, &r->err),
                         ASC_OK); /* not yet */
            while ((p = asc_set_take(r->set)) != NULL) {
                read_part(r, p);
            }
        }
    }
    CHECK(asc_query_is_over(r->q));
    return rc;
}

/* n records of a partition in a frame. */
static void
give(rig *r, size_t reply, uint32_t partition, unsigned n, uint64_t bval)
{
    frames *f = &r->replies[reply];
    frames_open(f);
    for (unsigned i = 0; i < n; i++) {
        frames_record(f, frames_digest(partition, (uint8_t)(i + 1)), bval);
    }
    frames_close(f);
}

static void
end(rig *r, size_t reply)
{
    frames_last(&r->replies[reply]);
}

/* The request that a connection got, from its fields on. */
static void
check_fields(size_t peer, const char *hex)
{
    CHECK_EQ_BYTES(fake.peers[peer].taken + 30, fake.peers[peer].n_taken - 30, hex);
}

/* --- the good days ---------------------------------------------------------------- */

static void
test_all_partitions(void)
{
    rig r;
    setup(&r);
    share(&r);
    give(&r, 0, 0, 2, 0);
    give(&r, 0, 2, 3, 0);
    end(&r, 0);
    give(&r, 1, 1, 1, 0);
    end(&r, 1);
    CHECK_EQ_INT(run(&r), ASC_OK);
    CHECK_EQ_INT(r.n_records, 6);
    CHECK_EQ_INT(r.n_parts, 2);
    CHECK_EQ_INT(r.n_rounds, 1);
    check_fields(0, "00000005 0b 0000 0200");
    check_fields(1, "00000005 0b 0100 0300");
    CHECK(asc_tracker_is_done(r.tracker));
    teardown(&r);
}

static void
test_replicas_that_are_asked(void)
{
    static const struct {
        asc_replica replica;
        bool a_is_gone;
        const char *asked;
        asc_status rc;
    } rows[] = {
        {ASC_REPLICA_SEQUENCE, false, "A", ASC_OK},
        {ASC_REPLICA_ANY, false, "A", ASC_OK},
        {ASC_REPLICA_SEQUENCE, true, "B", ASC_OK},
        {ASC_REPLICA_MASTER, false, "A", ASC_OK},
        {ASC_REPLICA_MASTER, true, "", ASC_ERR_INVALID_NODE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig r;
        setup(&r);
        kit_note("row %zu", i);
        atomic_store(&r.cluster->turn, 1);
        atomic_store(&r.cluster->nodes[0]->active, !rows[i].a_is_gone);
        r.options.replica = rows[i].replica;
        end(&r, 0);
        CHECK_EQ_INT(run(&r), rows[i].rc);
        CHECK_EQ_STR(r.asked, rows[i].asked);
        teardown(&r);
    }
}

/* Partitions that nobody owns for a while are read when somebody does; the others do
 * not wait for that. */
static void
test_partitions_without_an_owner_for_a_while(void)
{
    rig r;
    asc_part *p;
    setup(&r);
    share(&r);
    r.options.replica = ASC_REPLICA_MASTER;
    r.options.set.timing.max_retries = 2;
    r.options.set.timing.sleep_between_retries_ms = 100;
    atomic_store(&r.cluster->nodes[1]->active, false);
    give(&r, 0, 0, 2, 0);
    end(&r, 0);
    give(&r, 1, 1, 1, 0);
    end(&r, 1);
    asc_query_begin_at(r.q, r.cluster, r.tracker, &r.options, r.now);
    for (int round = 0; round < 2; round++) {
        CHECK_EQ_INT(asc_query_round_at(r.q, r.now, &r.err), ASC_OK);
        while ((p = asc_set_unwritten(r.set)) != NULL) {
            write_request(&r, p);
        }
        while (!asc_set_is_done(r.set) && CHECK(frames_wait(r.set, &r.now))) {
            while ((p = asc_set_take(r.set)) != NULL) {
                read_part(&r, p);
            }
        }
        CHECK_EQ_INT(r.n_records, round == 0 ? 2 : 3);
        atomic_store(&r.cluster->nodes[1]->active, true);
    }
    CHECK_EQ_INT(asc_query_round_at(r.q, r.now, &r.err), ASC_OK);
    CHECK(asc_query_is_over(r.q));
    CHECK(asc_tracker_is_done(r.tracker));
    CHECK_EQ_STR(r.asked, "AB");
    check_fields(1, "00000005 0b 0100 0300");
    teardown(&r);
}

/* Another query goes on where the first one stopped, by digest and place in the index.
 * */
static void
test_pages(void)
{
    rig r;
    setup(&r);
    r.options.max_records = 2;
    r.options.by_index = true;
    give(&r, 0, 3, 2, 0x0102);
    end(&r, 0);
    CHECK_EQ_INT(run(&r), ASC_OK);
    CHECK_EQ_INT(r.n_records, 2);
    CHECK(!asc_tracker_is_done(r.tracker));
    check_fields(0, "00000009 0b 0000 0100 0200 0300"
                    "00000009 0d 0000000000000002");
    asc_pool_trim(&r.cluster->nodes[0]->pool, r.now + 1000000);
    r.options.max_records = 3;
    r.replies[0].len = 0;
    give(&r, 0, 3, 1, 0x0102);
    end(&r, 0);
    CHECK_EQ_INT(run(&r), ASC_OK);
    check_fields(1, "00000007 0b 0000 0100 0200"
                    "00000015 0c 0300 020202020202020202020202020202020202"
                    "00000009 0f 0201000000000000"
                    "00000009 0d 0000000000000003");
    CHECK(asc_tracker_is_done(r.tracker));
    CHECK_EQ_INT(run(&r), ASC_OK); /* nothing to do */
    CHECK_EQ_INT(r.n_parts, 0);
    teardown(&r);
}

static void
test_more_records_than_wanted(void)
{
    rig r;
    setup(&r);
    share(&r);
    r.options.max_records = 1;
    for (size_t i = 0; i < 2; i++) {
        give(&r, i, (uint32_t)i, 1, 0);
        end(&r, i);
    }
    CHECK_EQ_INT(run(&r), ASC_OK);
    CHECK_EQ_INT(r.n_records, 1);
    CHECK_EQ_INT(r.n_surplus, 1);
    teardown(&r);
}

static void
test_leaving_early(void)
{
    rig r;
    asc_part *p;
    setup(&r);
    give(&r, 0, 1, 1, 0);
    asc_query_begin_at(r.q, r.cluster, r.tracker, &r.options, r.now);
    CHECK_EQ_INT(asc_query_round_at(r.q, r.now, &r.err), ASC_OK);
    write_request(&r, asc_set_unwritten(r.set));
    CHECK(frames_wait(r.set, &r.now));
    p = asc_set_take(r.set);
    CHECK(!p->ended);
    read_part(&r, p);
    asc_set_abandon(r.set);
    CHECK_EQ_INT(r.cluster->nodes[0]->pool.n_open, 0);
    CHECK(!asc_tracker_is_done(r.tracker));
    r.replies[0].len = 0;
    end(&r, 0);
    CHECK_EQ_INT(run(&r), ASC_OK); /* and going on later */
    check_fields(1, "00000007 0b 0000 0200 0300"
                    "00000015 0c 0100 010101010101010101010101010101010101");
    teardown(&r);
}

/* --- bad days --------------------------------------------------------------------- */

static void
test_refused_partitions_go_to_the_copy(void)
{
    rig r;
    setup(&r);
    give(&r, 0, 0, 2, 0);
    frames_open(&r.replies[0]);
    frames_message(&r.replies[0], FRAMES_PARTITION, 11, 1, 0);
    frames_message(&r.replies[0], FRAMES_PARTITION, 11, 3, 0);
    frames_message(&r.replies[0], FRAMES_PARTITION, 0, 2, 0); /* says nothing */
    frames_message(&r.replies[0], FRAMES_LAST, 0, 0, 0);
    frames_close(&r.replies[0]);
    give(&r, 1, 1, 4, 0);
    end(&r, 1);
    CHECK_EQ_INT(run(&r), ASC_OK);
    CHECK_EQ_INT(r.n_records, 6);
    CHECK_EQ_STR(r.asked, "AB");
    check_fields(1, "00000005 0b 0100 0300");
    CHECK_EQ_INT(r.now, 1100); /* after the pause */
    CHECK(asc_tracker_is_done(r.tracker));
    teardown(&r);
}

/* A node dies in the middle. What it gave counts, what the other gave is not asked for
 * again, and the rest comes from the other, from the last digest on. */
static void
test_node_dies_in_the_middle(void)
{
    static const fake_act deaths[] = {FAKE_CUT, FAKE_HANG};
    for (size_t i = 0; i < 2; i++) {
        rig r;
        setup(&r);
        share(&r);
        give(&r, 0, 0, 2, 0);
        r.last[0] = deaths[i];
        give(&r, 1, 1, 5, 0);
        end(&r, 1);
        give(&r, 2, 2, 1, 0);
        end(&r, 2);
        CHECK_EQ_INT(run(&r), ASC_OK);
        CHECK_EQ_STR(r.asked, "ABB");
        CHECK_EQ_INT(r.n_records, 8);
        check_fields(2, "00000003 0b 0200"
                        "00000015 0c 0000 020202020202020202020202020202020202");
        CHECK(asc_tracker_is_done(r.tracker));
        teardown(&r);
    }
}

static void
test_nobody_is_there(void)
{
    rig r;
    setup(&r);
    r.options.set.timing.max_retries = 2;
    for (size_t i = 0; i < 16; i++) {
        r.last[i] = FAKE_REFUSE;
    }
    CHECK_EQ_INT(run(&r), ASC_ERR_CONNECTION);
    CHECK_EQ_STR(r.asked, "ABA");
    CHECK_EQ_INT(r.err.attempts, 3);
    CHECK_EQ_INT(r.err.elapsed_ms, 200);
    CHECK_EQ_INT(r.err.phase, ASC_PHASE_CONNECT);
    CHECK(!r.err.in_doubt);
    CHECK(!asc_tracker_is_done(r.tracker));
    teardown(&r);
}

static void
test_partition_that_nobody_has(void)
{
    rig r;
    setup(&r);
    r.options.set.timing.max_retries = 1;
    for (size_t i = 0; i < 2; i++) {
        frames_one(&r.replies[i], FRAMES_PARTITION, 11, 2, 0);
        end(&r, i);
    }
    CHECK_EQ_INT(run(&r), ASC_ERR_CLUSTER);
    CHECK_HAS(r.err.message, "(partition 2)");
    CHECK_EQ_INT(r.n_rounds, 2);
    teardown(&r);
}

/* Failures that end the query at once, and leave it resumable. */
static void
test_failures_that_end_it(void)
{
    static const struct {
        const char *what;
        uint8_t info3, result;
        uint32_t number;
        asc_status code;
    } rows[] = {
        {"parameter", 0, 4, 0, 4},
        {"aborted", FRAMES_LAST, 15, 0, 15},
        {"server failure", FRAMES_LAST, 1, 0, 1},
        {"a partition nobody asked for", FRAMES_PARTITION, 11, 9, ASC_ERR_CLIENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig r;
        setup(&r);
        share(&r);
        kit_note("%s", rows[i].what);
        frames_one(&r.replies[0], rows[i].info3, rows[i].result, rows[i].number, 0);
        give(&r, 1, 1, 1, 0);
        end(&r, 1);
        CHECK_EQ_INT(run(&r), rows[i].code);
        CHECK_EQ_STR(r.err.host, "10.0.0.1:3001");
        CHECK_EQ_INT(r.n_records, 1); /* the other's are delivered */
        CHECK_EQ_INT(r.n_rounds, 1);
        CHECK(!asc_tracker_is_done(r.tracker));
        teardown(&r);
    }
}

/* A record that cannot be ends its node's reply: what came before it is delivered, what
 * comes behind it is not, in whichever frame. Another query goes on there. */
static void
test_record_that_cannot_be(void)
{
    static const struct {
        const char *what;
        uint32_t partition;
        bool no_digest, ends;
        const char *message;
    } rows[] = {
        {"the other's", 1, false, true, "partition 1 of a record was not asked for"},
        {"nobody's", 99, false, true, "partition 99 of a record was not asked for"},
        {"no digest", 2, true, true, "a record has no digest"},
        {"the other's, unfinished", 1, false, false, "partition 1 of a record"},
        {"no digest, unfinished", 2, true, false, "a record has no digest"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig r;
        setup(&r);
        share(&r);
        kit_note("%s", rows[i].what);
        frames *f = &r.replies[0];
        give(&r, 0, 0, 2, 0);
        frames_open(f);
        size_t digest_field = f->len + 22 + 9;
        frames_record(f, frames_digest(rows[i].partition, 1), 0);
        f->data[digest_field + 4] += 100u * rows[i].no_digest; /* another field */
        frames_record(f, frames_digest(2, 7), 0);
        frames_close(f);
        give(&r, 0, 2, 1, 0);
        if (rows[i].ends) {
            end(&r, 0);
        }
        give(&r, 1, 1, 3, 0);
        end(&r, 1);
        CHECK_EQ_INT(run(&r), ASC_ERR_CLIENT);
        CHECK_HAS(r.err.message, rows[i].message);
        CHECK_EQ_STR(r.err.host, "10.0.0.1:3001");
        CHECK_EQ_INT(r.n_records, 5);
        CHECK_EQ_INT(r.n_rounds, 1);
        r.replies[0].len = 0;
        give(&r, 0, 2, 2, 0);
        end(&r, 0);
        size_t before = fake.n_opened;
        asc_pool_trim(&r.cluster->nodes[0]->pool, r.now + 1000000);
        CHECK_EQ_INT(run(&r), ASC_OK);
        CHECK_EQ_INT(r.n_parts, 1);
        check_fields(before, "00000003 0b 0200"
                             "00000015 0c 0000 020202020202020202020202020202020202");
        CHECK(asc_tracker_is_done(r.tracker));
        teardown(&r);
    }
}

/* "No such set" is no failure. */
static void
test_set_without_records(void)
{
    rig r;
    setup(&r);
    frames_one(&r.replies[0], 0, 2, 0, 0);
    CHECK_EQ_INT(run(&r), ASC_OK);
    CHECK(asc_tracker_is_done(r.tracker));
    teardown(&r);
}

static void
test_deadline_spans_the_rounds(void)
{
    rig r;
    setup(&r);
    r.options.set.timing.total_timeout_ms = 1000;
    for (size_t i = 0; i < 16; i++) {
        r.last[i] = FAKE_HANG;
    }
    CHECK_EQ_INT(run(&r), ASC_ERR_TIMEOUT);
    CHECK(r.now <= 2000);
    CHECK_EQ_INT(r.n_rounds, 3); /* 300 ms and a pause of 100 each; then 200 */
    CHECK_EQ_INT(r.err.elapsed_ms, r.now - 1000);
    teardown(&r);
}

static void
test_what_cannot_be_asked(void)
{
    rig r;
    setup(&r);
    r.options.ns = "nowhere";
    CHECK_EQ_INT(run(&r), ASC_ERR_NAMESPACE);
    CHECK_HAS(r.err.message, "Invalid namespace: nowhere");
    r.options.ns = "test";
    atomic_store(&r.cluster->closed, true);
    CHECK_EQ_INT(run(&r), ASC_ERR_CLUSTER);
    atomic_store(&r.cluster->closed, false);
    CHECK_EQ_INT(fake.n_opened, 0);
    teardown(&r);
}

static const kit_test tests[] = {
    {"all_partitions", test_all_partitions},
    {"replicas_that_are_asked", test_replicas_that_are_asked},
    {"partitions_without_an_owner_for_a_while",
     test_partitions_without_an_owner_for_a_while},
    {"pages", test_pages},
    {"more_records_than_wanted", test_more_records_than_wanted},
    {"leaving_early", test_leaving_early},
    {"refused_partitions_go_to_the_copy", test_refused_partitions_go_to_the_copy},
    {"node_dies_in_the_middle", test_node_dies_in_the_middle},
    {"nobody_is_there", test_nobody_is_there},
    {"partition_that_nobody_has", test_partition_that_nobody_has},
    {"failures_that_end_it", test_failures_that_end_it},
    {"record_that_cannot_be", test_record_that_cannot_be},
    {"set_without_records", test_set_without_records},
    {"deadline_spans_the_rounds", test_deadline_spans_the_rounds},
    {"what_cannot_be_asked", test_what_cannot_be_asked},
};

KIT_MAIN("ut_query", tests)
