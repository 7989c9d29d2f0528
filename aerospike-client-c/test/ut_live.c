/* The library over real loopback sockets, against a server in another thread that
 * answers, misbehaves or goes away. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "asc/alloc.h"
#include "asc/command.h"
#include "asc/log.h"
#include "asc/reader.h"
#include "asc/writer.h"
#include "kit.h"
#include "live.h"
#include "net/conn.h"
#include "oom.h"

/* --- the good days ---------------------------------------------------------------- */

static void
test_put_and_get(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    asc_node_info *nodes = NULL;
    size_t n = 0;
    client_init(&k);
    CHECK(asc_cluster_is_connected(c));
    CHECK_EQ_INT(asc_cluster_nodes(c, &nodes, &n, &k.err), ASC_OK);
    CHECK_EQ_INT(n, 1);
    CHECK_EQ_STR(nodes[0].name, "BB9A");
    CHECK_EQ_STR(nodes[0].address, "127.0.0.1");
    CHECK_EQ_INT(nodes[0].port, p->port);
    asc_free(nodes);
    CHECK_EQ_INT(run(&k, c, false, &default_timing), 2); /* not there yet */
    CHECK_EQ_INT(k.err.attempts, 1);
    CHECK(!k.err.in_doubt);
    for (unsigned i = 0; i < 50; i++) {
        put_and_get(&k, c);
    }
    CHECK_EQ_INT(atomic_load(&p->n_requests), 101);
    CHECK_EQ_INT(atomic_load(&p->n_accepted), 2); /* one to tend, one for commands */
    asc_call_free(k.call);
    destroy(c);
    EVENTUALLY(atomic_load(&p->n_open) == 0);
    peer_stop(p);
}

static atomic_uint n_started; /* connections, by the transport below */

static asc_io
count_start(asc_conn *c, const asc_addr *addr, asc_error *err)
{
    atomic_fetch_add(&n_started, 1);
    return asc_tcp.start(c, addr, err);
}

/* Every connection comes from the table that the configuration names: that of a probe,
 * those of commands, and the one that tending opens when it has lost its own. */
static void
test_transport_of_the_configuration(void)
{
    asc_transport counting = asc_tcp;
    asc_config config = quick();
    asc_cluster *c = NULL;
    client k;
    peer *p = peer_start("BB9A");
    counting.start = count_start;
    config.transport = &counting;
    client_init(&k);
    CHECK_EQ_INT(create_at(&c, p->port, config, &k.err), ASC_OK);
    put_and_get(&k, c);
    CHECK_EQ_INT(atomic_load(&n_started), 2);
    CHECK_EQ_INT(atomic_load(&p->n_accepted), 2);
    peer_down(p);
    peer_up(p);
    wait_for_cycles(p, 1);
    EVENTUALLY(atomic_load(&p->n_accepted) >= 3);
    asc_call_free(k.call);
    destroy(c);
    CHECK(atomic_load(&n_started) >= atomic_load(&p->n_accepted));
    peer_stop(p);
}

typedef struct hammer {
    asc_cluster *cluster;
    unsigned n_calls;
    pthread_t thread;
} hammer;

static void *
hammer_run(void *arg)
{
    hammer *h = arg;
    client k;
    client_init(&k);
    asc_cluster_retain(h->cluster);
    asc_call_keep(k.call, h->cluster);
    for (unsigned i = 0; i < h->n_calls; i++) {
        CHECK_EQ_INT(run(&k, h->cluster, i % 2 == 0, &default_timing), ASC_OK);
    }
    asc_call_free(k.call);
    return NULL;
}

static void
test_many_threads(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    hammer h[8];
    for (unsigned i = 0; i < 8; i++) {
        h[i] = (hammer){.cluster = c, .n_calls = 100};
        pthread_create(&h[i].thread, NULL, hammer_run, &h[i]);
    }
    for (unsigned i = 0; i < 8; i++) {
        pthread_join(h[i].thread, NULL);
    }
    CHECK_EQ_INT(atomic_load(&p->n_requests), 800);
    CHECK(atomic_load(&p->n_accepted) <= 9);
    destroy(c);
    peer_stop(p);
}

static size_t
count_nodes(asc_cluster *c)
{
    asc_node_info *nodes = NULL;
    asc_error err;
    size_t n = 0;
    CHECK_EQ_INT(asc_cluster_nodes(c, &nodes, &n, &err), ASC_OK);
    asc_free(nodes);
    return n;
}

static void
test_peers_are_found(void)
{
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    client k;
    introduce(a, b);
    peer_owns(a, "eo");
    peer_owns(b, "oe");
    client_init(&k);
    asc_cluster *c = create(a);
    CHECK_EQ_INT(count_nodes(c), 2);
    CHECK_EQ_INT(run(&k, c, true, &default_timing), ASC_OK); /* partition 17 */
    CHECK_EQ_INT(atomic_load(&b->n_requests), 1);
    CHECK_EQ_INT(atomic_load(&a->n_requests), 0);
    prepare(&k, true, &default_timing);
    k.req->partition = 16;
    CHECK_EQ_INT(asc_call_run(k.call, c, &k.err), ASC_OK);
    CHECK_EQ_INT(atomic_load(&a->n_requests), 1);
    prepare(&k, true, &default_timing);
    k.req->node_name = "BB9A";
    CHECK_EQ_INT(asc_call_run(k.call, c, &k.err), ASC_OK);
    CHECK_EQ_INT(atomic_load(&a->n_requests), 2);
    asc_call_free(k.call);
    destroy(c);
    peer_stop(a);
    peer_stop(b);
}

/* A node that owns nothing yet belongs to the cluster, as long as others name it. */
static void
test_node_without_partitions(void)
{
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    introduce(a, b);
    peer_owns(b, "-");
    asc_cluster *c = create(a);
    CHECK_EQ_INT(count_nodes(c), 2);
    wait_for_cycles(a, 2);
    peer_answer(a, "peers-generation", "2"); /* the lists are read again */
    wait_for_cycles(a, 2);
    CHECK_EQ_INT(count_nodes(c), 2);
    CHECK_EQ_INT(atomic_load(&b->n_accepted), 1); /* it was never dropped */
    destroy(c);
    peer_stop(a);
    peer_stop(b);
}

/* It goes, and the others no longer name it. */
static void
test_node_leaves(void)
{
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    client k;
    introduce(a, b);
    peer_owns(a, "e");
    peer_owns(b, "o");
    asc_cluster *c = create(a);
    client_init(&k);
    CHECK_EQ_INT(run(&k, c, true, &default_timing), ASC_OK); /* partition 17: b */
    peer_down(b);
    peer_answer(a, "peers-clear-std", "2,3000,[]");
    peer_answer(a, "peers-generation", "2");
    peer_owns(a, "*");
    peer_new_map(a);
    EVENTUALLY(count_nodes(c) == 1);
    put_and_get(&k, c);
    CHECK(asc_cluster_is_connected(c));
    asc_call_free(k.call);
    destroy(c);
    peer_stop(a);
    peer_stop(b);
}

/* The owner changes; the next tend cycle sees it. */
static void
test_map_changes(void)
{
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    client k;
    introduce(a, b);
    peer_owns(a, "*");
    peer_owns(b, "-");
    client_init(&k);
    asc_cluster *c = create(a);
    CHECK_EQ_INT(run(&k, c, true, &default_timing), ASC_OK);
    CHECK_EQ_INT(atomic_load(&a->n_requests), 1);
    peer_owns(a, "-");
    peer_owns(b, "*");
    peer_new_map(a);
    peer_new_map(b);
    EVENTUALLY(run(&k, c, true, &default_timing) == ASC_OK &&
               atomic_load(&b->n_requests) > 0);
    asc_call_free(k.call);
    destroy(c);
    peer_stop(a);
    peer_stop(b);
}

/* --- bad days: calls -------------------------------------------------------------- */

static void
test_server_that_never_answers(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    client_init(&k);
    atomic_store(&p->mode, PEER_SILENT);
    static const asc_timing rows[] = {
        {.total_timeout_ms = 150, .max_retries = 5},
        {.total_timeout_ms = 1000, .socket_timeout_ms = 60, .max_retries = 100},
        {.socket_timeout_ms = 50,
         .max_retries = 2,
         .sleep_between_retries_ms = 20,
         .timeout_delay_ms = 3000},
    };
    static const unsigned elapsed[] = {150, 1000, 170};
    for (unsigned i = 0; i < 3; i++) {
        uint64_t begun = now_ms();
        kit_note("row %u", i);
        CHECK_EQ_INT(run(&k, c, i != 0, &rows[i]), ASC_ERR_TIMEOUT);
        CHECK_ELAPSED(begun, elapsed[i]);
        CHECK_EQ_INT(k.err.in_doubt, i != 0);
        CHECK(k.err.elapsed_ms + 5 >= elapsed[i]);
        CHECK(i == 0 ? k.err.attempts == 1 : k.err.attempts >= 3);
    }
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

static void
test_server_that_trickles(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    const asc_timing timing = {
        .total_timeout_ms = 2600, .socket_timeout_ms = 2100, .max_retries = 3};
    client_init(&k);
    put_and_get(&k, c);
    atomic_store(&p->mode, PEER_TRICKLE); /* 100 ms for each of some 50 bytes */
    uint64_t begun = now_ms();
    CHECK_EQ_INT(run(&k, c, false, &timing), ASC_ERR_TIMEOUT);
    CHECK_ELAPSED(begun, 2600);
    CHECK_EQ_INT(k.err.attempts, 1); /* it was never silent */
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

static void
test_garbage_reply(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    char host[40];
    client_init(&k);
    snprintf(host, sizeof host, "127.0.0.1:%u", p->port);
    atomic_store(&p->mode, PEER_GARBAGE);
    CHECK_EQ_INT(run(&k, c, true, &default_timing), ASC_ERR_CLIENT);
    CHECK_EQ_STR(k.err.host, host);
    CHECK_EQ_INT(k.err.phase, ASC_PHASE_COMMAND);
    CHECK(k.err.in_doubt);
    atomic_store(&p->mode, PEER_STORE);
    put_and_get(&k, c); /* on a new connection */
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

static void
test_server_that_hangs_up(void)
{
    static const peer_mode modes[] = {PEER_HANG_UP, PEER_HALF};
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    client_init(&k);
    for (unsigned i = 0; i < 2; i++) {
        kit_note("mode %d", modes[i]);
        atomic_store(&p->mode, modes[i]);
        CHECK_EQ_INT(run(&k, c, true, &default_timing), ASC_ERR_CONNECTION);
        CHECK_EQ_INT(k.err.phase, ASC_PHASE_COMMAND);
        CHECK(k.err.in_doubt);
        atomic_store(&p->mode, PEER_STORE);
        put_and_get(&k, c);
    }
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

/* Idle connections that the node has closed cost a write neither retry nor doubt. */
static void
test_idle_connection_closed_by_the_node(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    client_init(&k);
    put_and_get(&k, c);
    peer_close_connections(p);
    sleep_ms(80); /* longer than the pool trusts a connection unseen */
    CHECK_EQ_INT(run(&k, c, true, &default_timing), ASC_OK); /* max_retries is 0 */
    CHECK_EQ_INT(atomic_load(&p->n_accepted), 3);
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

/* A late reply is read off by the tend thread, and its connection used again. */
static void
test_late_reply(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    const asc_timing timing = {.total_timeout_ms = 50, .timeout_delay_ms = 60000};
    client_init(&k);
    put_and_get(&k, c);
    unsigned n_requests = atomic_load(&p->n_requests);
    atomic_store(&p->mode, PEER_HOLD);
    CHECK_EQ_INT(run(&k, c, false, &timing), ASC_ERR_TIMEOUT);
    EVENTUALLY(atomic_load(&p->n_requests) > n_requests);
    atomic_store(&p->mode, PEER_STORE);
    wait_for_cycles(p, 2);
    put_and_get(&k, c);
    CHECK_EQ_INT(atomic_load(&p->n_accepted), 2);
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

static void
test_silence_then_the_other_replica(void)
{
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    client k;
    const asc_timing timing = {
        .total_timeout_ms = 30000, .socket_timeout_ms = LATE_MS, .max_retries = 1};
    introduce(a, b);
    peer_owns(a, "*-");
    peer_owns(b, "-*");
    client_init(&k);
    asc_cluster *c = create(a);
    atomic_store(&a->mode, PEER_SILENT);
    uint64_t begun = now_ms();
    CHECK_EQ_INT(run(&k, c, false, &timing), 2); /* b answers: no such record */
    CHECK_ELAPSED(begun, LATE_MS);
    CHECK_EQ_INT(k.err.attempts, 2);
    asc_call_free(k.call);
    destroy(c);
    peer_stop(a);
    peer_stop(b);
}

/* --- bad days: creating ----------------------------------------------------------- */

static void
test_nobody_listens(void)
{
    asc_cluster *c = NULL;
    asc_error err;
    char host[40];
    uint16_t port = peer_free_port();
    snprintf(host, sizeof host, "127.0.0.1:%u", port);
    uint64_t begun = now_ms();
    CHECK_EQ_INT(create_at(&c, port, quick(), &err), ASC_ERR_CONNECTION);
    CHECK_ELAPSED(begun, 0);
    CHECK(c == NULL);
    CHECK_EQ_INT(err.code, ASC_ERR_CONNECTION);
    CHECK_EQ_STR(err.host, host);
    CHECK_EQ_INT(err.phase, ASC_PHASE_CONNECT);
    CHECK_EQ_INT(err.os_errno, ECONNREFUSED);
}

static void
test_name_that_does_not_resolve(void)
{
    asc_cluster *c = NULL;
    asc_error err;
    asc_config config = quick();
    const asc_host host = {.name = "no such name", .port = 3000};
    config.hosts = &host;
    config.n_hosts = 1;
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_cluster_create(&c, &config, &err), ASC_ERR_CLIENT);
    CHECK_EQ_INT(err.phase, ASC_PHASE_RESOLVE);
    CHECK_HAS(err.message, "no such name");
    CHECK_EQ_STR(err.host, "no such name:3000");
}

static void
test_no_seed_at_all(void)
{
    asc_cluster *c = NULL;
    asc_error err;
    asc_config config = quick();
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_cluster_create(&c, &config, &err), ASC_ERR_CLIENT);
    CHECK(err.message[0] != '\0');
}

/* The second of two seeds is there. */
static void
test_second_seed(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = NULL;
    asc_error err;
    asc_config config = quick();
    const asc_host hosts[] = {{"127.0.0.1", peer_free_port(), NULL},
                              {"localhost", p->port, NULL}};
    config.hosts = hosts;
    config.n_hosts = 2;
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_cluster_create(&c, &config, &err), ASC_OK);
    CHECK_EQ_INT(err.code, ASC_OK);
    destroy(c);
    peer_stop(p);
}

static void
test_something_else_listens(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = NULL;
    asc_error err;
    char host[40];
    snprintf(host, sizeof host, "127.0.0.1:%u", p->port);
    atomic_store(&p->banner, true);
    CHECK_EQ_INT(create_at(&c, p->port, quick(), &err), ASC_ERR_CLIENT);
    CHECK_EQ_STR(err.host, host);
    CHECK_EQ_INT(err.phase, ASC_PHASE_VALIDATE);
    CHECK_HAS(err.message, "protocol");
    peer_stop(p);
}

static void
test_deaf_server(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = NULL;
    asc_error err;
    asc_config config = quick();
    config.connect_timeout_ms = 200;
    atomic_store(&p->deaf, true);
    uint64_t begun = now_ms();
    CHECK_EQ_INT(create_at(&c, p->port, config, &err), ASC_ERR_CONNECTION);
    CHECK_ELAPSED(begun, 200);
    CHECK_EQ_INT(err.phase, ASC_PHASE_VALIDATE);
    peer_stop(p);
}

/* Nodes that are refused, and why. */
static void
test_refused_nodes(void)
{
    static const struct {
        const char *command, *value, *says;
    } rows[] = {
        {"node", "", "name"},
        {"node", "12345678901234567890", "name"},
        {"node", NULL, "node"},
        {"node", "ERROR:80:not authenticated", "not authenticated"},
        {"partition-generation", "-1", "not ready"},
        {"partition-generation", "soon", "no number"},
        {"partition-generation", NULL, "partition-generation"},
        {"build", "4.9.0.2", "older"},
        {"build", "eight", "unreadable"},
        {"build", NULL, "build"},
        {"cluster-name", "blue", "another cluster"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        peer *p = peer_start("BB9A");
        asc_cluster *c = NULL;
        asc_error err;
        char host[40];
        asc_config config = quick();
        bool named = strcmp(rows[i].command, "cluster-name") == 0;
        config.cluster_name = named ? "red" : NULL;
        snprintf(host, sizeof host, "127.0.0.1:%u", p->port);
        peer_answer(p, rows[i].command, rows[i].value);
        kit_note("%s = %s", rows[i].command, rows[i].value ? rows[i].value : "(none)");
        asc_status rc = create_at(&c, p->port, config, &err);
        CHECK(rc == ASC_ERR_CLIENT || rc == ASC_ERR_NOT_AUTHENTICATED);
        CHECK_EQ_INT(err.phase, ASC_PHASE_VALIDATE);
        CHECK_EQ_STR(err.host, host);
        CHECK_HAS(err.message, rows[i].says);
        peer_stop(p);
    }
}

static void
test_cluster_name(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = NULL;
    asc_error err;
    asc_config config = quick();
    config.cluster_name = "blue";
    peer_answer(p, "cluster-name", "blue");
    CHECK_EQ_INT(create_at(&c, p->port, config, &err), ASC_OK);
    destroy(c);
    peer_stop(p);
}

static void
test_unreachable_peers(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = NULL;
    asc_error err;
    asc_config config = quick();
    char peers[80], lost[40];
    uint16_t port = peer_free_port();
    snprintf(peers, sizeof peers, "1,3000,[[BB9B,,[127.0.0.1:%u]]]", port);
    snprintf(lost, sizeof lost, "127.0.0.1:%u", port);
    peer_answer(p, "peers-clear-std", peers);
    CHECK_EQ_INT(create_at(&c, p->port, config, &err), ASC_ERR_CLIENT);
    CHECK_HAS(err.message, lost);
    config.force_single_node = true; /* whoever asks for one node gets it */
    CHECK_EQ_INT(create_at(&c, p->port, config, &err), ASC_OK);
    destroy(c);
    peer_stop(p);
}

/* A start without a cluster, which comes later. */
static void
test_not_connected_at_first(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = NULL;
    asc_error err;
    asc_config config = quick();
    client k;
    client_init(&k);
    config.fail_if_not_connected = false;
    peer_down(p);
    CHECK_EQ_INT(create_at(&c, p->port, config, &err), ASC_OK);
    CHECK(!asc_cluster_is_connected(c));
    CHECK(run(&k, c, true, &default_timing) != ASC_OK);
    peer_up(p);
    EVENTUALLY(asc_cluster_is_connected(c));
    put_and_get(&k, c);
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

/* --- a node that goes and comes back ---------------------------------------------- */

static void
test_node_goes_and_comes_back(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    client_init(&k);
    put_and_get(&k, c);
    peer_down(p);
    CHECK(run(&k, c, false, &default_timing) == ASC_ERR_CONNECTION);
    peer_up(p);
    EVENTUALLY(run(&k, c, false, &default_timing) == ASC_OK);
    check_record(&k);
    wait_for_cycles(p, 1);
    CHECK(asc_cluster_is_connected(c));
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

/* All nodes go, and are given up; the one that comes back is no seed, but its address
 * is still known. */
static void
test_nodes_are_lost_and_found(void)
{
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    client k;
    introduce(a, b);
    asc_cluster *c = create(a);
    client_init(&k);
    peer_down(a);
    peer_down(b);
    EVENTUALLY(!asc_cluster_is_connected(c));
    EVENTUALLY(count_nodes(c) == 0);
    peer_answer(b, "peers-clear-std", "2,3000,[]");
    peer_up(b);
    EVENTUALLY(asc_cluster_is_connected(c));
    put_and_get(&k, c);
    CHECK_EQ_INT(count_nodes(c), 1);
    asc_call_free(k.call);
    destroy(c);
    peer_stop(a);
    peer_stop(b);
}

/* --- other threads, signals, forks ------------------------------------------------ */

/* Longer than what is done meanwhile, which waits for nothing. */
#define BACKGROUND_MS (LATE_MS + 1000)

typedef struct background {
    asc_cluster *cluster;
    asc_status status;
    uint64_t elapsed_ms;
} background;

static void *
background_run(void *arg)
{
    background *b = arg;
    const asc_timing timing = {.total_timeout_ms = BACKGROUND_MS};
    client k;
    uint64_t begun = now_ms();
    client_init(&k);
    b->status = run(&k, b->cluster, false, &timing);
    b->elapsed_ms = now_ms() - begun;
    asc_call_free(k.call);
    asc_cluster_release(b->cluster);
    return NULL;
}

/* close() returns at once; the call that is under way ends as it would have. */
static void
test_close_while_a_call_is_under_way(void)
{
    for (unsigned answers = 0; answers < 2; answers++) {
        peer *p = peer_start("BB9A");
        asc_cluster *c = create(p);
        background b = {.cluster = c};
        pthread_t thread;
        client k;
        kit_note(answers ? "answered" : "not answered");
        atomic_store(&p->mode, answers ? PEER_HOLD : PEER_SILENT);
        asc_cluster_retain(c);
        pthread_create(&thread, NULL, background_run, &b);
        EVENTUALLY(atomic_load(&p->n_requests) == 1);
        uint64_t begun = now_ms();
        asc_cluster_close(c);
        asc_cluster_close(c);
        CHECK_ELAPSED(begun, 0);
        CHECK(!asc_cluster_is_connected(c));
        client_init(&k);
        CHECK_EQ_INT(run(&k, c, true, &default_timing), ASC_ERR_CLUSTER);
        CHECK(!k.err.in_doubt);
        asc_call_free(k.call);
        asc_cluster_release(c); /* the other thread holds the last count */
        atomic_store(&p->mode, PEER_STORE);
        pthread_join(thread, NULL);
        CHECK_EQ_INT(b.status, answers ? 2 : ASC_ERR_TIMEOUT);
        CHECK(answers || b.elapsed_ms + 5 >= BACKGROUND_MS);
        CHECK(b.elapsed_ms <= BACKGROUND_MS + LATE_MS);
        peer_stop(p);
    }
}

/* The tend thread waits for a node that has fallen silent; close() does not. */
static void
test_close_while_tending(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = NULL;
    asc_error err;
    asc_config config = quick();
    CHECK_EQ_INT(create_at(&c, p->port, config, &err), ASC_OK);
    atomic_store(&p->deaf, true);
    EVENTUALLY(atomic_load(&p->n_unheard) > 0); /* a cycle has begun */
    uint64_t begun = now_ms();
    destroy(c);
    CHECK_ELAPSED(begun, 0);
    peer_stop(p);
}

/* A signal while the call waits, then going on; or giving up. The peer, which does as
 * mode says, answers what it holds after the signal. */
static void
check_signal(const char *what, asc_cluster *c, peer *p, peer_mode mode,
             const asc_timing *timing, asc_status want, bool abandon)
{
    client k;
    bell b;
    asc_error other;
    kit_note("%s", what);
    client_init(&k);
    asc_error_reset(&other);
    prepare(&k, false, timing);
    k.req->replica = ASC_REPLICA_MASTER; /* pauses before the first repetition, too */
    atomic_store(&p->mode, mode);
    bell_start(&b, p);
    CHECK_EQ_INT(asc_call_run(k.call, c, &k.err), ASC_INTERRUPTED);
    bell_stop(&b);
    if (mode == PEER_HOLD) {
        atomic_store(&p->mode, PEER_STORE);
    }
    if (abandon) {
        asc_call_abandon(k.call);
        asc_call_abandon(k.call);
    }
    else { /* the second time with another error to fill in */
        memset(&k.err, 0x55, sizeof k.err);
        CHECK_EQ_INT(asc_call_run(k.call, c, &other), want);
        CHECK_EQ_INT(other.code, want);
        CHECK_EQ_INT(k.err.code, 0x55555555);
    }
    asc_call_free(k.call);
}

static void
test_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}, before;
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    const asc_timing timed = {.total_timeout_ms = 30000}, endless = {0};
    const asc_timing brief = {.total_timeout_ms = LATE_MS};
    const asc_timing pausing = {.total_timeout_ms = 30000,
                                .max_retries = 1,
                                .sleep_between_retries_ms = LATE_MS};
    const asc_status refused = ASC_ERR_CONNECTION, late = ASC_ERR_TIMEOUT;
    sigaction(SIGUSR1, &action, &before);
    check_signal("with a timeout", c, p, PEER_HOLD, &timed, 2, false);
    check_signal("without one", c, p, PEER_HOLD, &endless, 2, false);
    check_signal("abandoned", c, p, PEER_HOLD, &timed, 2, true);
    check_signal("then the timeout", c, p, PEER_SILENT, &brief, late, false);
    check_signal("in a pause", c, p, PEER_HANG_UP, &pausing, refused, false);
    check_signal("in a pause, left", c, p, PEER_HANG_UP, &pausing, refused, true);
    sigaction(SIGUSR1, &before, NULL);
    destroy(c);
    peer_stop(p);
}

/* A call that is freed while it is under way. */
static void
test_free_while_interrupted(void)
{
    struct sigaction action = {.sa_handler = on_signal}, before;
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    bell b;
    sigaction(SIGUSR1, &action, &before);
    atomic_store(&p->mode, PEER_SILENT);
    client_init(&k);
    bell_start(&b, p);
    CHECK_EQ_INT(run(&k, c, false, &default_timing), ASC_INTERRUPTED);
    bell_stop(&b);
    asc_call_free(k.call);
    sigaction(SIGUSR1, &before, NULL);
    destroy(c);
    peer_stop(p);
}

/* --- out of memory ---------------------------------------------------------------- */

/* While the cluster is found, each allocation in turn fails, and all after it. Late in
 * the cycle a cluster may already be there, without its maps: then it must still work
 * once memory is back. */
static void
test_create_out_of_memory(void)
{
    peer *p = peer_start("BB9A");
    unsigned n_failed = 0;
    client k;
    client_init(&k);
    asc_log_set_sink(oom_ignore_log);
    asc_log_set_level(ASC_LOG_TRACE);
    for (unsigned long n = 1; n < 200; n++) {
        asc_cluster *c = NULL;
        asc_error err;
        long live = asc_alloc_live();
        asc_config config = quick();
        config.cluster_name = "null";
        kit_note("allocation %lu fails", n);
        asc_alloc_fail_after(n);
        asc_status rc = create_at(&c, p->port, config, &err);
        asc_alloc_fail_after(0);
        CHECK_EQ_INT(err.code, rc);
        if (rc != ASC_OK) {
            CHECK_EQ_INT(rc, ASC_ERR_NOMEM);
            CHECK(c == NULL);
            CHECK_EQ_INT(asc_alloc_live(), live);
            n_failed++;
            continue;
        }
        bool complete = run(&k, c, true, &default_timing) == ASC_OK;
        if (!complete && n % 5 == 0) { /* a tend cycle each */
            EVENTUALLY(run(&k, c, true, &default_timing) == ASC_OK);
        }
        destroy(c);
        if (complete) {
            break;
        }
    }
    kit_note(NULL);
    CHECK(n_failed > 10);
    asc_log_set_sink(NULL);
    asc_call_free(k.call);
    peer_stop(p);
}

/* The tend thread without memory: calls go on, and so does the tending afterwards. */
static void
test_tending_out_of_memory(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    client_init(&k);
    put_and_get(&k, c);
    peer_new_map(p);
    asc_alloc_fail_after(1);
    sleep_ms(600); /* some cycles, of which nothing is seen from here */
    CHECK_EQ_INT(run(&k, c, false, &default_timing), ASC_OK);
    asc_alloc_fail_after(0);
    wait_for_cycles(p, 1);
    put_and_get(&k, c);
    CHECK(asc_cluster_is_connected(c));
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

/* A cluster that would look at its nodes once a day does so soon, and again and again,
 * once it is told to. It keeps what it is told last, and a copy: the caller's strings
 * and racks may go. */
static void
test_tuned_while_it_is_used(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = NULL;
    asc_config config = quick(), other = quick();
    int32_t *racks = malloc(2 * sizeof *racks);
    client k;
    client_init(&k);
    config.tend_interval_ms = 24 * 60 * 60 * 1000;
    CHECK_EQ_INT(create_at(&c, p->port, config, &k.err), ASC_OK);
    put_and_get(&k, c);
    racks[0] = 1;
    racks[1] = 2;
    other.rack_ids = racks;
    other.n_rack_ids = 2;
    other.max_socket_idle_s = 5;
    other.max_error_rate = 0;
    CHECK_EQ_INT(asc_cluster_tune(c, &config, &k.err), ASC_OK);
    CHECK_EQ_INT(asc_cluster_tune(c, &other, &k.err), ASC_OK);
    free(racks);
    wait_for_cycles(p, 3);
    put_and_get(&k, c);
    other.rack_ids = NULL;
    other.n_rack_ids = 0;
    CHECK_EQ_INT(asc_cluster_tune(c, &other, &k.err), ASC_OK);
    asc_alloc_fail_after(1);
    CHECK_EQ_INT(asc_cluster_tune(c, &config, &k.err), ASC_ERR_NOMEM);
    asc_alloc_fail_after(0);
    asc_call_free(k.call);
    destroy(c); /* perhaps with something that nobody has taken */
    peer_stop(p);
}

static const kit_test tests[] = {
    {"put_and_get", test_put_and_get},
    {"transport_of_the_configuration", test_transport_of_the_configuration},
    {"many_threads", test_many_threads},
    {"peers_are_found", test_peers_are_found},
    {"node_without_partitions", test_node_without_partitions},
    {"node_leaves", test_node_leaves},
    {"map_changes", test_map_changes},
    {"server_that_never_answers", test_server_that_never_answers},
    {"server_that_trickles", test_server_that_trickles},
    {"garbage_reply", test_garbage_reply},
    {"server_that_hangs_up", test_server_that_hangs_up},
    {"idle_connection_closed_by_the_node", test_idle_connection_closed_by_the_node},
    {"late_reply", test_late_reply},
    {"silence_then_the_other_replica", test_silence_then_the_other_replica},
    {"nobody_listens", test_nobody_listens},
    {"name_that_does_not_resolve", test_name_that_does_not_resolve},
    {"no_seed_at_all", test_no_seed_at_all},
    {"second_seed", test_second_seed},
    {"something_else_listens", test_something_else_listens},
    {"deaf_server", test_deaf_server},
    {"refused_nodes", test_refused_nodes},
    {"cluster_name", test_cluster_name},
    {"unreachable_peers", test_unreachable_peers},
    {"not_connected_at_first", test_not_connected_at_first},
    {"node_goes_and_comes_back", test_node_goes_and_comes_back},
    {"nodes_are_lost_and_found", test_nodes_are_lost_and_found},
    {"close_while_a_call_is_under_way", test_close_while_a_call_is_under_way},
    {"close_while_tending", test_close_while_tending},
    {"signals", test_signals},
    {"free_while_interrupted", test_free_while_interrupted},
    {"create_out_of_memory", test_create_out_of_memory},
    {"tending_out_of_memory", test_tending_out_of_memory},
    {"tuned_while_it_is_used", test_tuned_while_it_is_used},
};

KIT_MAIN("ut_live", tests)
