/* Many requests at once over real loopback sockets: what a poll, a signal and a clock
 * do to a set of them. */
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asc/batch.h"
#include "live.h"

#define N_ROWS 50u

typedef struct many {
    asc_batch *b;
    asc_set *set;
    asc_batch_options options;
    unsigned n_answered[N_ROWS], n_failed[N_ROWS];
    atomic_uint n_interrupted;
    asc_error err;
} many;

static void
many_init(many *m)
{
    memset(m, 0, sizeof *m);
    m->b = asc_batch_new();
    m->set = asc_batch_set(m->b);
    m->options.replica = ASC_REPLICA_SEQUENCE;
    m->options.set.timing = (asc_timing){
        .total_timeout_ms = 30000, .socket_timeout_ms = LATE_MS, .max_retries = 2};
}

static void
write_batch(asc_part *p)
{
    asc_writer w;
    asc_buf rows = ASC_BUF_INIT;
    const asc_msg_head head = {.info1 = ASC_INFO1_BATCH};
    uint8_t bytes[25] = {0};
    asc_put_u32(bytes, p->n_rows);
    asc_buf_put(&rows, bytes, 5);
    for (uint32_t i = 0; i < p->n_rows; i++) {
        asc_put_u32(bytes, p->rows[i]);
        asc_buf_put(&rows, bytes, 25);
    }
    asc_writer_begin(&w, &p->req.out, &head);
    asc_writer_field(&w, ASC_FIELD_BATCH, rows.data, rows.len);
    asc_writer_end(&w);
    asc_buf_clear(&rows);
}

static void
read_batch(many *m, const asc_part *p)
{
    asc_frames f;
    asc_msg msg;
    asc_error err;
    uint32_t at = 0, row;
    asc_error_reset(&err);
    asc_frames_begin(&f, p->data, p->size);
    while (asc_frames_next(&f, &msg, &err)) {
        if (!(msg.info3 & ASC_INFO3_LAST)) {
            m->n_answered[msg.index]++;
        }
    }
    while (p->ended && p->err.code != ASC_OK && !p->again &&
           asc_batch_unanswered(m->b, p, &at, &row)) {
        m->n_failed[row]++;
        m->err = p->err;
    }
}

/* A batch of N_ROWS in partitions 0, 1, 2 ... ; gives up after so many interruptions.
 * */
static asc_status
run_batch(many *m, asc_cluster *c, unsigned n_interruptions)
{
    asc_error err;
    asc_part *p;
    asc_status rc;
    asc_batch_begin(m->b, c, &m->options);
    for (uint32_t i = 0; i < N_ROWS; i++) {
        CHECK_EQ_INT(asc_batch_add(m->b, "test", i, false, &err), ASC_OK);
    }
    do {
        CHECK_EQ_INT(asc_batch_route(m->b, &err), ASC_OK);
        while ((p = asc_set_unwritten(m->set)) != NULL) {
            write_batch(p);
        }
        while ((rc = asc_set_wait(m->set, &err)) == ASC_INTERRUPTED) {
            if (atomic_fetch_add(&m->n_interrupted, 1) + 1 >= n_interruptions) {
                asc_set_abandon(m->set);
                return rc;
            }
        }
        CHECK_EQ_INT(rc, ASC_OK);
        while ((p = asc_set_take(m->set)) != NULL) {
            read_batch(m, p);
        }
    } while (!asc_batch_is_done(m->b));
    return ASC_OK;
}

static void
check_batch(many *m, unsigned n_answered)
{
    for (unsigned i = 0; i < N_ROWS; i++) {
        CHECK_EQ_INT(m->n_answered[i], n_answered);
        CHECK_EQ_INT(m->n_failed[i], 0);
    }
}

static void
test_batch_of_two_nodes(void)
{
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    many m;
    introduce(a, b);
    peer_owns(a, "eo");
    peer_owns(b, "oe");
    many_init(&m);
    asc_cluster *c = create(a);
    for (unsigned i = 1; i <= 20; i++) {
        CHECK_EQ_INT(run_batch(&m, c, 1), ASC_OK);
        check_batch(&m, i);
        CHECK_EQ_INT(atomic_load(&a->n_requests), i);
        CHECK_EQ_INT(atomic_load(&b->n_requests), i);
    }
    CHECK(atomic_load(&a->n_accepted) <= 3); /* tending, and one for batches */
    asc_batch_free(m.b);
    destroy(c);
    peer_stop(a);
    peer_stop(b);
}

/* One of the two fails in some way: the other answers for it. */
static void
test_batch_when_a_node_fails(void)
{
    static const peer_mode modes[] = {PEER_HANG_UP, PEER_HALF, PEER_SILENT};
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    many m;
    introduce(a, b);
    peer_owns(a, "eo");
    peer_owns(b, "oe");
    many_init(&m);
    asc_cluster *c = create(a);
    for (unsigned i = 0; i < 3; i++) {
        kit_note("mode %d", modes[i]);
        atomic_store(&b->mode, modes[i]);
        uint64_t begun = now_ms();
        CHECK_EQ_INT(run_batch(&m, c, 1), ASC_OK);
        CHECK_ELAPSED(begun, modes[i] == PEER_SILENT ? LATE_MS : 0);
        check_batch(&m, i + 1);
    }
    asc_batch_free(m.b);
    destroy(c);
    peer_stop(a);
    peer_stop(b);
}

static void
test_batch_deadline(void)
{
    peer *a = peer_start("BB9A");
    many m;
    many_init(&m);
    m.options.set.timing.total_timeout_ms = 200;
    asc_cluster *c = create(a);
    atomic_store(&a->mode, PEER_TRICKLE);
    uint64_t begun = now_ms();
    CHECK_EQ_INT(run_batch(&m, c, 1), ASC_OK);
    CHECK_ELAPSED(begun, 200);
    CHECK_EQ_INT(m.n_failed[0], 1);
    CHECK_EQ_INT(m.err.code, ASC_ERR_TIMEOUT);
    asc_batch_free(m.b);
    destroy(c);
    peer_stop(a);
}

/* Lets a peer answer once a batch has been interrupted so often. */
typedef struct release {
    many *m;
    peer *peer;
    unsigned n_interruptions;
    pthread_t thread;
} release;

static void *
release_run(void *arg)
{
    release *r = arg;
    EVENTUALLY(atomic_load(&r->m->n_interrupted) >= r->n_interruptions);
    atomic_store(&r->peer->mode, PEER_STORE);
    return NULL;
}

/* A batch that the peer answers after so many interruptions. */
static void
run_held_batch(many *m, asc_cluster *c, peer *p, unsigned n_interruptions)
{
    release r = {.m = m, .peer = p, .n_interruptions = n_interruptions};
    atomic_store(&m->n_interrupted, 0);
    atomic_store(&p->mode, PEER_HOLD);
    pthread_create(&r.thread, NULL, release_run, &r);
    CHECK_EQ_INT(run_batch(m, c, UINT_MAX), ASC_OK);
    pthread_join(r.thread, NULL);
}

/* A signal, or the time to look for one, ends the waiting; it can be gone on with or
 * not. */
static void
test_batch_is_interrupted(void)
{
    struct sigaction action = {.sa_handler = on_signal}, before;
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    many m;
    bell b;
    sigaction(SIGUSR1, &action, &before);
    many_init(&m);
    bell_start(&b, p);
    run_held_batch(&m, c, p, 1);
    bell_stop(&b);
    check_batch(&m, 1);

    m.options.set.check_ms = 40;
    atomic_store(&m.n_interrupted, 0);
    atomic_store(&p->mode, PEER_HOLD);
    uint64_t begun = now_ms();
    CHECK_EQ_INT(run_batch(&m, c, 3), ASC_INTERRUPTED);
    CHECK_ELAPSED(begun, 80);
    EVENTUALLY(atomic_load(&p->n_open) == 1); /* its connection was closed */
    run_held_batch(&m, c, p, 2);
    check_batch(&m, 2);
    sigaction(SIGUSR1, &before, NULL);
    asc_batch_free(m.b);
    destroy(c);
    peer_stop(p);
}

static void
test_info_to_all_nodes(void)
{
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    introduce(a, b);
    asc_cluster *c = create(a);
    asc_set *set = asc_set_new();
    const asc_set_options options = {.timing = {.total_timeout_ms = 30000}};
    asc_error err;
    asc_part *p;
    unsigned n = 0;
    asc_set_begin(set, c, &options);
    CHECK_EQ_INT(asc_set_add_all(set, &err), ASC_OK);
    while ((p = asc_set_unwritten(set)) != NULL) {
        CHECK(asc_write_info(&p->req.out, "node\n", 5));
    }
    while (!asc_set_is_done(set) && CHECK_EQ_INT(asc_set_wait(set, &err), ASC_OK)) {
        while ((p = asc_set_take(set)) != NULL) {
            char want[40];
            int size = snprintf(want, sizeof want, "node\t%s\n", p->node_name);
            CHECK_EQ_INT(p->size, 8 + (size_t)size);
            CHECK(memcmp(p->data + 8, want, (size_t)size) == 0);
            n++;
        }
    }
    CHECK_EQ_INT(n, 2);
    asc_set_free(set);
    destroy(c);
    peer_stop(a);
    peer_stop(b);
}

static const kit_test tests[] = {
    {"batch_of_two_nodes", test_batch_of_two_nodes},
    {"batch_when_a_node_fails", test_batch_when_a_node_fails},
    {"batch_deadline", test_batch_deadline},
    {"batch_is_interrupted", test_batch_is_interrupted},
    {"info_to_all_nodes", test_info_to_all_nodes},
};

KIT_MAIN("ut_many", tests)
