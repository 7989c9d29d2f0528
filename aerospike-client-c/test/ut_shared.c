/* Clusters that several users of a process share, over real loopback sockets. */
#include <sys/wait.h>
#include <unistd.h>

#include "asc/credentials.h"
#include "asc/shared.h"
#include "live.h"

static asc_status
open_at(asc_cluster **out, uint16_t port, asc_config config, asc_error *err)
{
    const asc_host host = {.name = "127.0.0.1", .port = port};
    config.hosts = &host;
    config.n_hosts = 1;
    asc_error_reset(err);
    *out = NULL;
    return asc_shared_open(out, &config, err);
}

static asc_cluster *
open_one(const peer *p, asc_config config)
{
    asc_cluster *c;
    asc_error err;
    CHECK_EQ_INT(open_at(&c, p->port, config, &err), ASC_OK);
    return c;
}

static void
close_one(asc_cluster *c)
{
    asc_shared_close(c);
    asc_cluster_release(c);
}

static void
test_equal_configurations_share(void)
{
    long n_blocks = asc_alloc_live();
    peer *p = peer_start("BB9A");
    asc_cluster *a = open_one(p, quick()), *b = open_one(p, quick());
    CHECK(a == b);
    CHECK_EQ_INT(atomic_load(&p->n_accepted), 1); /* one tender for both */
    close_one(a);
    CHECK(asc_cluster_is_connected(b));
    wait_for_cycles(p, 1);
    asc_cluster *c = open_one(p, quick());
    CHECK(c == b);
    close_one(b);
    close_one(c);
    EVENTUALLY(atomic_load(&p->n_open) == 0);
    asc_cluster *later = open_one(p, quick()); /* and it begins anew */
    CHECK(asc_cluster_is_connected(later));
    close_one(later);
    peer_stop(p);
    EVENTUALLY(asc_alloc_live() == n_blocks);
}

static void
test_limits_that_are_raised_are_compared_so(void)
{
    peer *p = peer_start("BB9A");
    asc_config config = quick();
    config.tend_interval_ms = 1; /* which becomes 250 */
    config.create_timeout_ms = 12345;
    asc_cluster *a = open_one(p, quick()), *b = open_one(p, config);
    CHECK(a == b);
    close_one(a);
    close_one(b);
    peer_stop(p);
}

static void
test_other_configurations_do_not(void)
{
    long n_blocks = asc_alloc_live();
    peer *p = peer_start("BB9A");
    asc_cluster *all[20], *plain = open_one(p, quick());
    size_t n = 0;
    static const int32_t racks[] = {1, 2, 3};
    asc_config config;
#define OTHER(...)                                                                     \
    do {                                                                               \
        config = quick();                                                              \
        config.__VA_ARGS__;                                                            \
        all[n++] = open_one(p, config);                                                \
    } while (0)
    OTHER(user_agent = "c,another");
    OTHER(cluster_name = "one", config.fail_if_not_connected = false);
    OTHER(tend_interval_ms = 300);
    OTHER(connect_timeout_ms = 20001);
    OTHER(login_timeout_ms = 7);
    OTHER(min_conns_per_node = 1);
    OTHER(max_conns_per_node = 7);
    OTHER(pool_timeout_ms = 7);
    OTHER(max_at_once = 7);
    OTHER(max_socket_idle_s = 7);
    OTHER(max_error_rate = 7);
    OTHER(error_rate_window = 7);
    OTHER(force_single_node = true);
    OTHER(fail_if_not_connected = false);
    OTHER(rack_aware = true);
    OTHER(rack_ids = racks, config.n_rack_ids = 1);
    OTHER(rack_ids = racks, config.n_rack_ids = 2);
    OTHER(rack_ids = racks + 1, config.n_rack_ids = 2);
    for (size_t i = 0; i < n; i++) {
        kit_note("configuration %zu", i);
        CHECK(all[i] != plain);
        for (size_t k = 0; k < i; k++) {
            CHECK(all[i] == NULL || all[i] != all[k]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (all[i] != NULL) {
            close_one(all[i]);
        }
    }
    CHECK(asc_cluster_is_connected(plain));
    close_one(plain);
    peer_stop(p);
    EVENTUALLY(asc_alloc_live() == n_blocks);
}

static asc_credentials *
credentials(const char *user, const char *password)
{
    asc_credentials *c = NULL;
    asc_error err;
    CHECK_EQ_INT(asc_credentials_new(&c, user, password, NULL, &err), ASC_OK);
    return c;
}

static void
test_users_are_told_apart(void)
{
    uint16_t nobody = peer_free_port();
    asc_error err;
    asc_credentials *who[] = {credentials("ann", "x"), credentials("ann", "x"),
                              credentials("ann", "y"), credentials("bob", "x")};
    asc_cluster *c[4];
    for (int i = 0; i < 4; i++) {
        asc_config config = quick();
        config.credentials = who[i];
        config.fail_if_not_connected = false;
        CHECK_EQ_INT(open_at(&c[i], nobody, config, &err), ASC_OK);
    }
    CHECK(c[0] == c[1]);
    CHECK(asc_cluster_credentials(c[1]) == who[0]);
    CHECK(c[2] != c[0] && c[3] != c[0] && c[3] != c[2]);
    for (int i = 0; i < 4; i++) {
        close_one(c[i]);
        asc_credentials_release(who[i]);
    }
}

/* A cluster of its own is closed at once, and as often as anybody likes. */
static void
test_closing_what_is_not_shared(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *a = create(p), *b = open_one(p, quick());
    CHECK(a != b);
    asc_shared_close(a);
    asc_shared_close(a);
    CHECK(!asc_cluster_is_connected(a));
    CHECK(asc_cluster_is_connected(b));
    asc_cluster_release(a);
    close_one(b);
    peer_stop(p);
}

static void
test_no_node_answers(void)
{
    long n_blocks = asc_alloc_live();
    asc_cluster *c;
    asc_error err;
    for (int i = 0; i < 2; i++) { /* each tries for itself */
        CHECK_EQ_INT(open_at(&c, peer_free_port(), quick(), &err), ASC_ERR_CONNECTION);
        CHECK(c == NULL);
    }
    EVENTUALLY(asc_alloc_live() == n_blocks);
}

/* Whoever insists on a node does not get a cluster that has lost its own. */
static void
test_shared_cluster_that_has_lost_its_nodes(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *a = open_one(p, quick()), *b;
    asc_error err;
    peer_down(p);
    EVENTUALLY(!asc_cluster_is_connected(a));
    CHECK_EQ_INT(open_at(&b, p->port, quick(), &err), ASC_ERR_CONNECTION);
    CHECK_HAS(err.message, "shared");
    CHECK(b == NULL);
    peer_up(p);
    EVENTUALLY(asc_cluster_is_connected(a));
    b = open_one(p, quick());
    CHECK(a == b);
    close_one(a);
    close_one(b);
    peer_stop(p);
}

/* --- threads ---------------------------------------------------------------------- */

#define N_THREADS 8

typedef struct visitor {
    pthread_t thread;
    uint16_t port;
    unsigned n_rounds;
    asc_config config;
    atomic_uint *n_failed;
    asc_status expected;
} visitor;

static void *
visit(void *arg)
{
    visitor *v = arg;
    for (unsigned i = 0; i < v->n_rounds; i++) {
        asc_cluster *c;
        asc_error err;
        asc_status rc = open_at(&c, v->port, v->config, &err);
        *v->n_failed += rc != v->expected;
        if (rc == ASC_OK) {
            *v->n_failed += !asc_cluster_is_connected(c);
            close_one(c);
        }
    }
    return NULL;
}

static void
run_visitors(uint16_t port, unsigned n_rounds, asc_config config, asc_status expected)
{
    visitor v[N_THREADS];
    atomic_uint n_failed = 0;
    for (int i = 0; i < N_THREADS; i++) {
        v[i] = (visitor){.port = port,
                         .n_rounds = n_rounds,
                         .config = config,
                         .n_failed = &n_failed,
                         .expected = expected};
        CHECK_EQ_INT(pthread_create(&v[i].thread, NULL, visit, &v[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(v[i].thread, NULL);
    }
    CHECK_EQ_INT(atomic_load(&n_failed), 0);
}

static void
test_threads_open_and_close_at_once(void)
{
    long n_blocks = asc_alloc_live();
    peer *p = peer_start("BB9A");
    run_visitors(p->port, 20, quick(), ASC_OK);
    EVENTUALLY(atomic_load(&p->n_open) == 0);
    peer_stop(p);
    EVENTUALLY(asc_alloc_live() == n_blocks);
}

static void
test_threads_hear_of_a_failure(void)
{
    long n_blocks = asc_alloc_live();
    run_visitors(peer_free_port(), 20, quick(), ASC_ERR_CONNECTION);
    EVENTUALLY(asc_alloc_live() == n_blocks);
}

/* A thread that waits for another's cluster keeps to its own limit. */
static void
test_waiting_ends(void)
{
    peer *p = peer_start("BB9A");
    asc_error err;
    asc_cluster *c;
    pthread_t thread;
    atomic_uint n_failed = 0;
    asc_config config = quick();
    visitor v = {.port = p->port,
                 .n_rounds = 1,
                 .config = config,
                 .n_failed = &n_failed,
                 .expected = ASC_ERR_CONNECTION};
    atomic_store(&p->deaf, true);
    CHECK_EQ_INT(pthread_create(&thread, NULL, visit, &v), 0);
    EVENTUALLY(atomic_load(&p->n_accepted) > 0);
    config.create_timeout_ms = 100;
    CHECK_EQ_INT(open_at(&c, p->port, config, &err), ASC_ERR_TIMEOUT);
    CHECK_HAS(err.message, "another thread is still connecting");
    peer_down(p); /* so that the other one need not wait for its own limit */
    pthread_join(thread, NULL);
    CHECK_EQ_INT(atomic_load(&n_failed), 0);
    peer_stop(p);
}

static const kit_test tests[] = {
    {"equal_configurations_share", test_equal_configurations_share},
    {"limits_that_are_raised_are_compared_so",
     test_limits_that_are_raised_are_compared_so},
    {"other_configurations_do_not", test_other_configurations_do_not},
    {"users_are_told_apart", test_users_are_told_apart},
    {"closing_what_is_not_shared", test_closing_what_is_not_shared},
    {"no_node_answers", test_no_node_answers},
    {"shared_cluster_that_has_lost_its_nodes",
     test_shared_cluster_that_has_lost_its_nodes},
    {"threads_open_and_close_at_once", test_threads_open_and_close_at_once},
    {"threads_hear_of_a_failure", test_threads_hear_of_a_failure},
    {"waiting_ends", test_waiting_ends},
};

KIT_MAIN("ut_shared", tests)
