/* Calls that wait for a connection: the queue of a pool, and the exchange in it, with a
 * clock that the test moves. */
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "asc/alloc.h"
#include "base/time.h"
#include "command/exchange.h"
#include "fake.h"
#include "kit.h"

/* --- the queue -------------------------------------------------------------------- */

/* A pool of one connection, which is lent. */
static asc_conn *
full_pool(asc_pool *p)
{
    asc_error err;
    asc_addr addr = fake_addr(3001);
    asc_config config = ASC_CONFIG_INIT;
    asc_conn *c = NULL;
    config.transport = &fake_transport;
    config.max_conns_per_node = 1;
    config.pool_timeout_ms = 500;
    fake_reset();
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_pool_init(p, &addr, &config, &err), ASC_OK);
    CHECK_EQ_INT(asc_pool_get(p, &c, 1000, &err), ASC_OK);
    return c;
}

static asc_waiter *
line_up(asc_pool *p)
{
    asc_waiter *w = asc_pool_line_up(p);
    CHECK(w != NULL);
    return w;
}

/* Was the waiter called, and does its descriptor say so, too? */
static bool
is_called(asc_pool *p, const asc_waiter *w)
{
    struct pollfd fd = {.fd = w->fds[0], .events = POLLIN};
    bool called = asc_pool_has_called(p, w);
    CHECK_EQ_INT(poll(&fd, 1, 0), called);
    return called;
}

static asc_conn *
take(asc_pool *p, asc_waiter *w)
{
    asc_error err;
    asc_conn *c = NULL;
    asc_error_reset(&err);
    CHECK(is_called(p, w));
    CHECK_EQ_INT(asc_pool_take(p, w, &c, &err), ASC_OK);
    return c;
}

static void
check_full(asc_pool *p)
{
    asc_error err;
    asc_conn *c = NULL;
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_pool_get(p, &c, 1000, &err), ASC_ERR_NO_CONNECTIONS);
    CHECK_HAS(err.message, "max_conns_per_node");
    CHECK_HAS(err.message, "pool_timeout");
}

/* All is given back, and nobody waits. */
static void
end_pool(asc_pool *p, asc_conn *c)
{
    CHECK(!asc_pool_has_queue(p));
    asc_pool_put(p, c, 1000);
    CHECK_EQ_INT(asc_pool_n_idle(p), 1);
    CHECK_EQ_INT(p->n_open, 1);
    asc_pool_clear(p);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
}

/* Whoever comes first is served first, and nobody overtakes. */
static void
test_first_come_first_served(void)
{
    asc_pool p;
    asc_conn *c = full_pool(&p);
    asc_waiter *w[3];
    CHECK(!asc_pool_has_queue(&p));
    for (int i = 0; i < 3; i++) {
        w[i] = line_up(&p);
    }
    CHECK(asc_pool_has_queue(&p));
    for (int i = 0; i < 3; i++) {
        kit_note("waiter %d", i);
        CHECK(!is_called(&p, w[i]));
        asc_pool_put(&p, c, 1000);
        check_full(&p); /* the connection is spoken for */
        CHECK(take(&p, w[i]) == c);
    }
    CHECK_EQ_INT(fake.n_opened, 1);
    end_pool(&p, c);
}

/* The place of a connection that is closed goes to the first waiter, too. */
static void
test_place_is_passed_on(void)
{
    asc_pool p;
    asc_conn *c = full_pool(&p);
    asc_waiter *first = line_up(&p), *second = line_up(&p);
    asc_pool_drop(&p, c);
    CHECK(!is_called(&p, second));
    check_full(&p);
    c = take(&p, first);
    CHECK_EQ_INT(fake.n_opened, 2);
    CHECK_EQ_INT(p.n_open, 1);
    asc_pool_put(&p, c, 1000);
    CHECK(take(&p, second) == c);
    end_pool(&p, c);
}

/* A waiter that cannot open a connection passes its place on. */
static void
test_opening_fails(void)
{
    asc_pool p;
    asc_error err;
    asc_conn *c = full_pool(&p), *none = NULL;
    asc_waiter *first = line_up(&p), *second = line_up(&p);
    FAKE_SCRIPT({.act = FAKE_UNSTARTED});
    asc_pool_drop(&p, c);
    asc_error_reset(&err);
    CHECK(is_called(&p, first));
    CHECK_EQ_INT(asc_pool_take(&p, first, &none, &err), ASC_ERR_CONNECTION);
    CHECK(none == NULL);
    c = take(&p, second);
    end_pool(&p, c);
}

/* A thread puts its connection into its place while another one begins the queue, and
 * is interrupted before it looks again: whoever gathers the places meanwhile calls the
 * waiter. */
static void
test_gathered_goes_to_the_first(void)
{
    asc_pool p;
    asc_conn *c = full_pool(&p);
    asc_waiter *first = line_up(&p), *second = line_up(&p);
    atomic_store(&p.places[0].conn, c);
    asc_pool_trim(&p, 1000);
    CHECK(!is_called(&p, second));
    check_full(&p);
    CHECK(take(&p, first) == c);
    atomic_store(&p.places[1].conn, c);
    asc_waiter *third = line_up(&p);
    CHECK(!is_called(&p, third));
    CHECK(take(&p, second) == c);
    asc_pool_leave(&p, third);
    end_pool(&p, c);
}

/* Whoever leaves, in whichever place, keeps nobody waiting. */
static void
test_leaving(void)
{
    for (int leaver = 0; leaver < 3; leaver++) {
        asc_pool p;
        asc_conn *c = full_pool(&p);
        asc_waiter *w[3];
        kit_note("number %d leaves", leaver);
        for (int i = 0; i < 3; i++) {
            w[i] = line_up(&p);
        }
        asc_pool_leave(&p, w[leaver]);
        w[leaver] = line_up(&p); /* and comes again, behind the others */
        for (int i = 1; i <= 3; i++) {
            asc_waiter *next = i < 3 ? w[(leaver + i) % 3] : w[leaver];
            if (leaver == 1 && i < 3) {
                next = w[i == 1 ? 0 : 2];
            }
            asc_pool_put(&p, c, 1000);
            CHECK(take(&p, next) == c);
        }
        end_pool(&p, c);
    }
}

/* Whoever leaves although it was called passes on what it was called for. */
static void
test_leaving_when_called(void)
{
    for (int closed = 0; closed < 2; closed++) {
        asc_pool p;
        asc_conn *c = full_pool(&p);
        asc_waiter *first = line_up(&p), *second = line_up(&p);
        if (closed) {
            asc_pool_drop(&p, c);
        }
        else {
            asc_pool_put(&p, c, 1000);
        }
        CHECK(is_called(&p, first) && !is_called(&p, second));
        asc_pool_leave(&p, first);
        c = take(&p, second);
        asc_waiter *third = line_up(&p);
        asc_pool_put(&p, c, 1000);
        asc_pool_leave(&p, third); /* the last one gives it back to all */
        CHECK(asc_pool_get(&p, &c, 1000, &(asc_error){0}) == ASC_OK);
        end_pool(&p, c);
    }
}

/* Between asking for a connection and lining up, one may have come back. */
static void
test_called_at_once(void)
{
    asc_pool p;
    asc_conn *c = full_pool(&p);
    asc_pool_put(&p, c, 1000);
    CHECK(take(&p, line_up(&p)) == c);
    asc_pool_drop(&p, c);
    c = take(&p, line_up(&p));
    CHECK_EQ_INT(fake.n_opened, 2);
    end_pool(&p, c);
}

static void
test_closing_calls_all(void)
{
    asc_pool p;
    asc_error err;
    asc_conn *c = full_pool(&p), *none = NULL;
    asc_waiter *first = line_up(&p), *second = line_up(&p);
    asc_pool_close(&p);
    CHECK(is_called(&p, first) && is_called(&p, second));
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_pool_take(&p, first, &none, &err), ASC_ERR_NO_CONNECTIONS);
    CHECK_EQ_INT(err.code, ASC_OK);
    CHECK(none == NULL);
    asc_pool_leave(&p, second);
    CHECK(asc_pool_line_up(&p) == NULL);
    asc_pool_put(&p, c, 1000);
    asc_pool_clear(&p);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
}

static void
test_no_memory(void)
{
    asc_pool p;
    asc_conn *c = full_pool(&p);
    asc_alloc_fail_after(1);
    CHECK(asc_pool_line_up(&p) == NULL);
    asc_alloc_fail_after(0);
    end_pool(&p, c);
}

static void
test_child_of_a_fork(void)
{
    asc_pool p;
    asc_conn *c = full_pool(&p);
    asc_waiter *w = line_up(&p);
    asc_pool_in_child(&p);
    CHECK_EQ_INT(w->fds[0], -1);
    asc_pool_after_fork(&p);
    CHECK(!asc_pool_has_queue(&p));
    asc_waiter_free(w);
    CHECK(asc_pool_get(&p, &c, 1000, &(asc_error){0}) == ASC_OK);
    end_pool(&p, c);
}

/* --- threads ---------------------------------------------------------------------- */

typedef struct crowd {
    asc_pool pool;
    unsigned n_inside, most; /* of those who have a connection */
    unsigned n_served;
    pthread_mutex_t lock;
} crowd;

static asc_conn *
wait_for_one(asc_pool *p)
{
    asc_error err;
    asc_conn *c = NULL;
    asc_error_reset(&err);
    if (asc_pool_get(p, &c, asc_now_ms(), &err) == ASC_OK) {
        return c;
    }
    asc_waiter *w = asc_pool_line_up(p);
    struct pollfd fd = {.fd = w->fds[0], .events = POLLIN};
    while (!asc_pool_has_called(p, w)) {
        CHECK_EQ_INT(poll(&fd, 1, 60000), 1);
    }
    CHECK_EQ_INT(asc_pool_take(p, w, &c, &err), ASC_OK);
    return c;
}

static void *
come_and_go(void *arg)
{
    crowd *all = arg;
    for (int i = 0; i < 300; i++) {
        asc_conn *c = wait_for_one(&all->pool);
        pthread_mutex_lock(&all->lock);
        all->n_inside++;
        all->most = all->n_inside > all->most ? all->n_inside : all->most;
        all->n_served++;
        pthread_mutex_unlock(&all->lock);
        pthread_mutex_lock(&all->lock);
        all->n_inside--;
        pthread_mutex_unlock(&all->lock);
        asc_pool_put(&all->pool, c, asc_now_ms());
    }
    return NULL;
}

static void
test_many_threads_share_one_connection(void)
{
    crowd all = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[8];
    asc_conn *c = full_pool(&all.pool);
    for (int i = 0; i < 8; i++) {
        CHECK_EQ_INT(pthread_create(&threads[i], NULL, come_and_go, &all), 0);
    }
    asc_pool_put(&all.pool, c, asc_now_ms());
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQ_INT(all.n_served, 8 * 300);
    CHECK_EQ_INT(all.most, 1);
    CHECK_EQ_INT(fake.n_opened, 1);
    asc_pool_clear(&all.pool);
}

/* --- an exchange that waits ------------------------------------------------------- */

static uint8_t request[40] = {2, 3, 0, 0, 0, 0, 0, 32, 22, 3};
static const uint8_t ok[30] = {2, 3, 0, 0, 0, 0, 0, 22, 22};

static const fake_step answer = {.act = FAKE_GIVE, .n = sizeof ok, .bytes = ok};
static const fake_step silence[] = {{.act = FAKE_TAKE, .n = sizeof request},
                                    {.act = FAKE_HANG}};

/* What the peer of a connection that is open already does from now on. */
static void
script(asc_conn *c, const fake_step *steps, size_t n)
{
    fake_peer *p = c->state;
    memcpy(p->steps, steps, n * sizeof *steps);
    p->n_steps = n;
    p->scripted = true;
}

typedef struct rig {
    asc_cluster *cluster;
    asc_node *a, *b; /* borrowed from the cluster */
    asc_conn *lent;  /* the only connection to a */
    asc_request req;
    asc_exchange x;
    asc_error err;
    uint64_t now;
} rig;

/* A write for node A, whose only connection is lent. */
static void
setup(rig *r)
{
    memset(r, 0, sizeof *r);
    fake_reset();
    r->cluster = fake_cluster(1);
    r->a = r->cluster->nodes[0];
    r->b = r->cluster->nodes[1];
    r->a->pool.timeout_ms = r->b->pool.timeout_ms = 200;
    r->now = 1000;
    asc_error_reset(&r->err);
    CHECK(asc_buf_put(&r->req.out, request, sizeof request));
    r->req.ns = "test";
    r->req.writes = true;
    r->req.timing = (asc_timing){.total_timeout_ms = 1000, .timeout_delay_ms = 3000};
    CHECK_EQ_INT(asc_pool_get(&r->a->pool, &r->lent, r->now, &r->err), ASC_OK);
}

static asc_want
begin(rig *r)
{
    asc_exchange_begin(&r->x, r->cluster, &r->req, &r->err, r->now);
    return asc_exchange_step(&r->x, r->now);
}

static asc_want
step_at(rig *r, uint64_t now_ms)
{
    return asc_exchange_step(&r->x, r->now = now_ms);
}

static void
teardown(rig *r)
{
    asc_exchange_abandon(&r->x);
    CHECK(!asc_pool_has_queue(&r->a->pool) && !asc_pool_has_queue(&r->b->pool));
    if (r->lent != NULL) {
        asc_pool_drop(&r->a->pool, r->lent);
    }
    asc_buf_clear(&r->req.out);
    asc_buf_clear(&r->req.in);
    asc_cluster_release(r->cluster);
    CHECK_EQ_INT(fake.n_opened, fake.n_closed);
}

static void
give_back(rig *r)
{
    asc_pool_put(&r->a->pool, r->lent, r->now);
    r->lent = NULL;
}

static void
test_exchange_gets_its_turn(void)
{
    rig r;
    setup(&r);
    script(r.lent, &answer, 1);
    CHECK_EQ_INT(begin(&r), ASC_WANT_TURN);
    CHECK_EQ_INT(r.x.wake_ms, 1200);
    CHECK_EQ_INT(asc_exchange_poll(&r.x, ASC_WANT_TURN).fd, r.x.waiter->fds[0]);
    CHECK_EQ_INT(step_at(&r, 1199), ASC_WANT_TURN);
    give_back(&r);
    asc_want want = step_at(&r, 1250); /* called in time, and looked at late */
    while (want == ASC_WANT_READ || want == ASC_WANT_WRITE) {
        want = step_at(&r, 1250);
    }
    CHECK_EQ_INT(want, ASC_WANT_DONE);
    CHECK_EQ_INT(fake.n_opened, 1);
    CHECK_EQ_INT(asc_pool_n_idle(&r.a->pool), 1);
    teardown(&r);
}

static void
test_exchange_waits_in_vain(void)
{
    rig r;
    setup(&r);
    CHECK_EQ_INT(begin(&r), ASC_WANT_TURN);
    CHECK_EQ_INT(step_at(&r, 1200), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_NO_CONNECTIONS);
    CHECK_EQ_STR(r.err.message,
                 "all 1 connections to the node are in use, and none came free within "
                 "pool_timeout, 200 ms: raise max_conns_per_node, or pool_timeout");
    CHECK_EQ_STR(r.err.host, "10.0.0.1:3001");
    CHECK_EQ_INT(r.err.elapsed_ms, 200);
    CHECK_EQ_INT(r.err.attempts, 1);
    CHECK(!r.err.in_doubt);
    CHECK_EQ_INT(atomic_load(&r.a->errors), 0);
    teardown(&r);
}

/* What a call may wait is for all of its attempts together. */
static void
test_second_attempt_waits_for_the_rest(void)
{
    rig r;
    setup(&r);
    r.req.timing.max_retries = 5;
    r.req.timing.sleep_between_retries_ms = 10;
    CHECK_EQ_INT(begin(&r), ASC_WANT_TURN);
    CHECK_EQ_INT(step_at(&r, 1200), ASC_WANT_TIME);
    CHECK_EQ_INT(step_at(&r, 1210), ASC_WANT_TIME); /* a look, without waiting */
    give_back(&r);
    CHECK_EQ_INT(step_at(&r, 1220), ASC_WANT_READ); /* there is one */
    teardown(&r);
}

static void
test_total_timeout_ends_the_wait(void)
{
    rig r;
    setup(&r);
    r.req.timing.total_timeout_ms = 150;
    CHECK_EQ_INT(begin(&r), ASC_WANT_TURN);
    CHECK_EQ_INT(r.x.wake_ms, 1150);
    CHECK_EQ_INT(step_at(&r, 1150), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_NO_CONNECTIONS);
    CHECK_HAS(r.err.message, "within total_timeout, 150 ms");
    CHECK(!r.err.in_doubt);
    teardown(&r);
}

/* A write that has been sent before stays in doubt. */
static void
test_doubt_of_an_earlier_attempt(void)
{
    rig r;
    setup(&r);
    r.req.timing.max_retries = 1;
    r.req.timing.socket_timeout_ms = 50;
    script(r.lent, silence, 2);
    give_back(&r);
    CHECK_EQ_INT(begin(&r), ASC_WANT_READ);
    CHECK_EQ_INT(step_at(&r, 1050), ASC_WANT_TIME);
    /* Somebody else gets the place before the second attempt. */
    CHECK(asc_drain_make_room(&r.cluster->drain, r.a));
    CHECK_EQ_INT(asc_pool_get(&r.a->pool, &r.lent, r.now, &r.err), ASC_OK);
    CHECK_EQ_INT(step_at(&r, 1050), ASC_WANT_TURN);
    CHECK_EQ_INT(step_at(&r, 1250), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_NO_CONNECTIONS);
    CHECK(r.err.in_doubt);
    teardown(&r);
}

/* A reply that comes too late is not waited for while others want the place. */
static void
test_late_reply_gives_way(void)
{
    rig r, other;
    setup(&r);
    r.req.timing.total_timeout_ms = 50;
    script(r.lent, silence, 2);
    give_back(&r);
    CHECK_EQ_INT(begin(&r), ASC_WANT_READ);
    other = r;
    asc_exchange_begin(&other.x, other.cluster, &other.req, &other.err, 1000);
    CHECK_EQ_INT(asc_exchange_step(&other.x, 1000), ASC_WANT_TURN);
    CHECK_EQ_INT(step_at(&r, 1050), ASC_WANT_FAILED);
    CHECK(r.cluster->drain.first == NULL);
    CHECK_EQ_INT(atomic_load(&r.a->errors), 0);
    CHECK(asc_pool_has_called(&r.a->pool, other.x.waiter));
    asc_exchange_abandon(&other.x);
    teardown(&r);
}

/* Whose late replies are read, and how often that left a connection for others. */
static struct {
    rig *rig;
    int n;
} room;

/* While one connection is looked at, a command for the other node needs room. */
static asc_io
recv_in_need(asc_conn *c, uint8_t *data, size_t size, size_t *moved, asc_error *err)
{
    asc_node *other = c == room.rig->lent ? room.rig->b : room.rig->a;
    room.n += asc_drain_make_room(&room.rig->cluster->drain, other);
    (void)data, (void)size, (void)err;
    *moved = 0;
    return ASC_IO_WANT_READ;
}

/* Late replies are read one by one, and all other connections can be had meanwhile. */
static void
test_late_replies_give_way_while_one_is_read(void)
{
    rig r;
    asc_conn *second = NULL;
    asc_transport in_need = fake_transport;
    in_need.recv = recv_in_need;
    setup(&r);
    room.rig = &r;
    room.n = 0;
    CHECK_EQ_INT(asc_pool_get(&r.b->pool, &second, r.now, &r.err), ASC_OK);
    r.lent->transport = second->transport = &in_need;
    asc_drain_add(&r.cluster->drain, r.a, r.lent, &(asc_drain_rest){0}, 3000);
    asc_drain_add(&r.cluster->drain, r.b, second, &(asc_drain_rest){0}, 3000);
    asc_drain_run(&r.cluster->drain, r.now);
    CHECK_EQ_INT(room.n, 1);
    CHECK_EQ_INT(r.a->pool.n_open + r.b->pool.n_open, 1);
    asc_drain_run(&r.cluster->drain, 3000); /* the time of the other one is up */
    CHECK_EQ_INT(r.a->pool.n_open + r.b->pool.n_open, 0);
    CHECK(r.cluster->drain.first == NULL);
    r.lent = NULL;
    teardown(&r);
}

/* The node is removed meanwhile: another one is chosen. */
static void
test_node_is_removed(void)
{
    rig r;
    setup(&r);
    r.req.replica = ASC_REPLICA_SEQUENCE;
    CHECK_EQ_INT(begin(&r), ASC_WANT_TURN);
    asc_node_retire(r.a);
    FAKE_SCRIPT(answer);
    CHECK_EQ_INT(step_at(&r, 1010), ASC_WANT_READ);
    CHECK(r.x.node == r.b);
    teardown(&r);
}

static void
test_client_is_closed(void)
{
    rig r;
    setup(&r);
    CHECK_EQ_INT(begin(&r), ASC_WANT_TURN);
    atomic_store(&r.cluster->closed, true);
    asc_node_retire(r.a);
    CHECK_EQ_INT(step_at(&r, 1010), ASC_WANT_FAILED);
    CHECK_EQ_INT(r.err.code, ASC_ERR_CLUSTER);
    CHECK(!r.err.in_doubt);
    teardown(&r);
}

/* Abandoned in the queue, before its turn and after it was called. */
static void
test_abandoned(void)
{
    for (int called = 0; called < 2; called++) {
        rig r;
        setup(&r);
        CHECK_EQ_INT(begin(&r), ASC_WANT_TURN);
        if (called) {
            give_back(&r);
        }
        asc_exchange_abandon(&r.x);
        CHECK_EQ_INT(asc_pool_n_idle(&r.a->pool), called);
        teardown(&r);
    }
}

/* In the child of a fork nobody will call. */
static void
test_orphaned(void)
{
    rig r;
    setup(&r);
    CHECK_EQ_INT(begin(&r), ASC_WANT_TURN);
    asc_pool_in_child(&r.a->pool);
    asc_pool_after_fork(&r.a->pool);
    r.lent = NULL;
    asc_exchange_orphan(&r.x);
    CHECK(r.x.node == NULL);
    teardown(&r);
}

static void
test_no_memory_to_wait(void)
{
    rig r;
    setup(&r);
    asc_alloc_fail_after(1);
    CHECK_EQ_INT(begin(&r), ASC_WANT_FAILED);
    asc_alloc_fail_after(0);
    CHECK_EQ_INT(r.err.code, ASC_ERR_NO_CONNECTIONS);
    CHECK_HAS(r.err.message, "all 1 connections");
    teardown(&r);
}

static const kit_test tests[] = {
    {"first_come_first_served", test_first_come_first_served},
    {"place_is_passed_on", test_place_is_passed_on},
    {"opening_fails", test_opening_fails},
    {"gathered_goes_to_the_first", test_gathered_goes_to_the_first},
    {"leaving", test_leaving},
    {"leaving_when_called", test_leaving_when_called},
    {"called_at_once", test_called_at_once},
    {"closing_calls_all", test_closing_calls_all},
    {"no_memory", test_no_memory},
    {"child_of_a_fork", test_child_of_a_fork},
    {"many_threads_share_one_connection", test_many_threads_share_one_connection},
    {"exchange_gets_its_turn", test_exchange_gets_its_turn},
    {"exchange_waits_in_vain", test_exchange_waits_in_vain},
    {"second_attempt_waits_for_the_rest", test_second_attempt_waits_for_the_rest},
    {"total_timeout_ends_the_wait", test_total_timeout_ends_the_wait},
    {"doubt_of_an_earlier_attempt", test_doubt_of_an_earlier_attempt},
    {"late_reply_gives_way", test_late_reply_gives_way},
    {"late_replies_give_way_while_one_is_read",
     test_late_replies_give_way_while_one_is_read},
    {"node_is_removed", test_node_is_removed},
    {"client_is_closed", test_client_is_closed},
    {"abandoned", test_abandoned},
    {"orphaned", test_orphaned},
    {"no_memory_to_wait", test_no_memory_to_wait},
};

KIT_MAIN("ut_waiting", tests)
