/* Out of memory in what a cluster does besides calls: being found, logging in, tending,
 * sharing memory with other processes, being shared. Each allocation fails in turn.
 * Nothing crashes or leaks, what fails says why, calls go on with what is known, and
 * two cycles after memory is back the cluster is as it must be.
 *
 * The cycles of tending run in the test's own thread, one at a time. */
#include <unistd.h>

#include "asc/credentials.h"
#include "asc/shared.h"
#include "cluster/cluster.h"
#include "cluster/team.h"
#include "cluster/tend.h"
#include "live.h"
#include "oom.h"

/* bcrypt of "admin" with the salt that Aerospike uses */
#define HASH "$2a$10$7EqJtq98hPqEX7fNZaFWoO1mVO/4MLpGzsqojz6E9Gef6iXDjXdDa"

/* What a round works with. */
typedef struct stage {
    peer *a, *b; /* two nodes, of all rounds */
    asc_config config;
    asc_host host;
    client client;
    asc_cluster *c, *d; /* d follows c, where memory is shared */
    asc_status rc;      /* of what was tried */
} stage;

/* What is tried: run() has too little memory, prepare() and judge() have enough. */
typedef struct trial {
    const char *name;
    bool logs_in, shares;
    void (*prepare)(stage *s); /* NULL: nothing */
    asc_status (*run)(stage *s, asc_error *err);
    void (*judge)(stage *s);
    unsigned long least; /* so many allocations at least */
} trial;

/* --- nodes ------------------------------------------------------------------------ */

/* Give a node another rack, and let those who tend it know. */
static void
set_rack(peer *p, int rack)
{
    static unsigned generation;
    char text[16];
    snprintf(text, sizeof text, "test:%d", rack);
    peer_answer(p, "rack-ids", text);
    snprintf(text, sizeof text, "%u", ++generation);
    peer_answer(p, "rebalance-generation", text);
}

/* Give a node other partitions, and let those who tend it know. */
static void
set_map(peer *p, const char *columns)
{
    peer_owns(p, columns);
    peer_new_map(p);
}

/* Two nodes that share the partitions and know each other. */
static void
set_two_nodes(stage *s)
{
    introduce(s->a, s->b);
    set_map(s->a, "eo");
    set_map(s->b, "oe");
    set_rack(s->a, 1);
    set_rack(s->b, 2);
}

/* One node that has everything and knows nobody. */
static void
set_one_node(stage *s)
{
    set_map(s->a, "**");
    set_rack(s->a, 7);
    peer_answer(s->a, "peers-clear-std", "0,3000,[]");
    peer_answer(s->a, "peers-generation", "0");
}

/* --- clusters --------------------------------------------------------------------- */

/* Make a cluster that nobody tends and that knows nothing yet. NULL with err set. */
static asc_cluster *
make(stage *s, asc_error *err)
{
    asc_cluster *c = NULL;
    if (asc_state_new(&c, &s->config, err) == ASC_OK &&
        asc_team_begin(c, asc_tend_limit_ms(c), err) != ASC_OK) {
        asc_cluster_release(c);
        c = NULL;
    }
    return c;
}

static asc_status
cycle(asc_cluster *c, asc_error *err)
{
    asc_error_reset(err);
    asc_status rc = asc_tend_cycle(c, asc_tend_limit_ms(c), err);
    CHECK_EQ_INT(rc, err->code);
    return rc;
}

/* Does the cluster know so many nodes, the racks of all, and a master of each
 * partition? */
static bool
is_complete(asc_cluster *c, size_t n_nodes)
{
    asc_snapshot *view = asc_cluster_snapshot(c);
    const asc_ns_map *map = asc_snapshot_map(view, "test");
    bool complete = map != NULL && view->n_nodes == n_nodes && !c->changed;
    for (uint32_t p = 0; complete && p < ASC_N_PARTITIONS; p++) {
        complete = asc_snapshot_master(view, map, p) != ASC_NO_NODE;
    }
    for (size_t i = 0; complete && i < n_nodes; i++) {
        int32_t rack, expected = view->nodes[i]->name[3] == 'A' ? 1 : 2;
        complete = asc_racks_find(&view->nodes[i]->racks, "test", &rack) &&
                   rack == (n_nodes == 1 ? 7 : expected);
    }
    asc_snapshot_release(view);
    return complete;
}

/* Calls for an even and an odd partition succeed. */
static bool
works(stage *s, asc_cluster *c)
{
    bool all = true;
    for (uint32_t partition = 16; partition < 18; partition++) {
        prepare(&s->client, true, &default_timing);
        s->client.req->partition = partition;
        all = asc_call_run(s->client.call, c, &s->client.err) == ASC_OK && all;
    }
    return all;
}

static void
check_works(stage *s, asc_cluster *c)
{
    if (!CHECK(works(s, c))) {
        printf("    %s\n", s->client.err.message);
    }
}

/* Two cycles with enough memory are enough for everything. */
static void
check_mended(stage *s, asc_cluster *c, size_t n_nodes)
{
    asc_error err;
    unsigned n_cycles = 0;
    do {
        CHECK_EQ_INT(cycle(c, &err), ASC_OK);
    } while (++n_cycles < 2 && !is_complete(c, n_nodes));
    CHECK(is_complete(c, n_nodes));
    check_works(s, c);
}

static asc_cluster *
make_complete(stage *s, size_t n_nodes)
{
    asc_error err;
    asc_error_reset(&err);
    asc_cluster *c = make(s, &err);
    if (!CHECK(c != NULL)) {
        printf("    %s\n", err.message);
        exit(1);
    }
    check_mended(s, c, n_nodes);
    return c;
}

/* A cycle whose failures, where there are any, are those of memory. */
static asc_status
try_cycle(asc_cluster *c, asc_error *err)
{
    asc_status rc = cycle(c, err);
    CHECK(c->trouble.code == ASC_OK || c->trouble.code == ASC_ERR_NOMEM);
    return rc;
}

/* --- one trial -------------------------------------------------------------------- */

static void
tidy(stage *s)
{
    asc_cluster *all[] = {s->c, s->d};
    for (size_t i = 0; i < 2; i++) {
        if (all[i] != NULL) {
            destroy(all[i]);
        }
    }
    asc_call_free(s->client.call);
}

static void
try(const trial *t)
{
    static const int32_t rack_ids[] = {2, 1};
    stage s = {.a = peer_start("BB9A"), .b = peer_start("BB9B")};
    asc_credentials *who = NULL;
    asc_error err;
    oom o = {.name = t->name};
    CHECK(!t->logs_in ||
          asc_credentials_new(&who, "admin", HASH, NULL, &err) == ASC_OK);
    s.host = (asc_host){.name = "127.0.0.1", .port = s.a->port};
    s.config = quick();
    s.config.hosts = &s.host;
    s.config.n_hosts = 1;
    s.config.rack_aware = true;
    s.config.rack_ids = rack_ids;
    s.config.n_rack_ids = 2;
    s.config.credentials = who;
    s.config.shm.enable = t->shares;
    s.config.shm.key = 0x50000000u + (uint32_t)getpid();
    asc_log_set_sink(oom_ignore_log);
    asc_log_set_level(ASC_LOG_TRACE);
    while (oom_next(&o)) {
        long live = asc_alloc_live();
        s.c = s.d = NULL;
        client_init(&s.client);
        set_two_nodes(&s);
        if (t->prepare != NULL) {
            t->prepare(&s);
        }
        asc_error_reset(&err);
        oom_begin(&o);
        s.rc = t->run(&s, &err);
        oom_end(&o);
        if (!CHECK(s.rc == ASC_OK || s.rc == ASC_ERR_NOMEM)) {
            printf("    %s\n", err.message);
        }
        CHECK_EQ_INT(err.code, s.rc);
        CHECK(s.rc == ASC_OK || !o.is_over);
        t->judge(&s);
        tidy(&s);
        CHECK_EQ_INT(asc_alloc_live(), live);
    }
    CHECK(o.n >= t->least);
    asc_log_set_sink(NULL);
    asc_credentials_release(who);
    peer_stop(s.a);
    peer_stop(s.b);
}

/* --- finding a cluster ------------------------------------------------------------ */

static asc_status
find(stage *s, asc_error *err)
{
    s->c = make(s, err);
    return s->c != NULL ? try_cycle(s->c, err) : err->code;
}

static void
judge_found(stage *s)
{
    if (s->c != NULL) {
        check_mended(s, s->c, 2);
    }
}

static void
test_find(void)
{
    try(&(trial){.name = "find", .run = find, .judge = judge_found, .least = 40});
}

static void
test_find_and_log_in(void)
{
    try(&(trial){.name = "find and log in",
                 .logs_in = true,
                 .run = find,
                 .judge = judge_found,
                 .least = 60});
}

static asc_status
create_with_connections(stage *s, asc_error *err)
{
    s->config.min_conns_per_node = 2;
    return asc_cluster_create(&s->c, &s->config, err);
}

/* One that was made works by itself soon; some of them are waited for. */
static void
judge_created(stage *s)
{
    static unsigned n;
    CHECK((s->c != NULL) == (s->rc == ASC_OK));
    if (s->c != NULL && !works(s, s->c) && n++ % 8 == 0) {
        EVENTUALLY(works(s, s->c));
    }
}

static void
test_create(void)
{
    try(&(trial){.name = "create",
                 .logs_in = true,
                 .run = create_with_connections,
                 .judge = judge_created,
                 .least = 60});
}

/* --- tending ---------------------------------------------------------------------- */

static asc_status
renew(stage *s, asc_error *err)
{
    return try_cycle(s->c, err);
}

/* A cluster of one node, which gets another one. */
static void
let_one_come(stage *s)
{
    set_one_node(s);
    s->c = make_complete(s, 1);
    set_two_nodes(s);
}

static void
judge_renewed(stage *s)
{
    check_works(s, s->c);
    check_mended(s, s->c, 2);
}

static void
test_node_comes(void)
{
    try(&(trial){.name = "node comes",
                 .prepare = let_one_come,
                 .run = renew,
                 .judge = judge_renewed,
                 .least = 40});
}

/* A cluster of two nodes, one of which goes. */
static void
let_one_go(stage *s)
{
    s->c = make_complete(s, 2);
    set_one_node(s);
    peer_answer(s->a, "peers-generation", "2");
    set_map(s->b, "--");
    peer_answer(s->b, "peers-clear-std", "2,3000,[]");
    peer_answer(s->b, "peers-generation", "2");
}

static void
judge_gone(stage *s)
{
    check_works(s, s->c);
    check_mended(s, s->c, 1);
}

static void
test_node_goes(void)
{
    try(&(trial){.name = "node goes",
                 .prepare = let_one_go,
                 .run = renew,
                 .judge = judge_gone,
                 .least = 30});
}

/* All nodes are lost, and the seed is back. */
static void
let_all_go(stage *s)
{
    s->c = make_complete(s, 2);
    for (size_t i = 0; i < s->c->n_nodes; i++) {
        atomic_store(&s->c->nodes[i]->active, false);
    }
    asc_error err;
    peer_answer(s->a, "node", "BB9X");
    peer_answer(s->b, "node", "BB9Y");
    cycle(s->c, &err);
    peer_answer(s->a, "node", "BB9A");
    peer_answer(s->b, "node", "BB9B");
    CHECK_EQ_INT(s->c->n_nodes, 0);
}

static void
judge_found_again(stage *s)
{
    check_mended(s, s->c, 2);
}

static void
test_all_are_found_again(void)
{
    try(&(trial){.name = "all are found again",
                 .logs_in = true,
                 .prepare = let_all_go,
                 .run = renew,
                 .judge = judge_found_again,
                 .least = 40});
}

/* --- shared memory ---------------------------------------------------------------- */

static void
judge_tender(stage *s)
{
    if (s->c != NULL) {
        check_mended(s, s->c, 2);
        CHECK_EQ_INT(asc_shm_look(&s->c->shm), ASC_SHM_TENDER);
        s->d = make_complete(s, 2);
        CHECK_EQ_INT(asc_shm_look(&s->d->shm), ASC_SHM_FOLLOWER);
    }
}

static void
test_attach_as_the_first(void)
{
    try(&(trial){.name = "attach as the first",
                 .shares = true,
                 .run = find,
                 .judge = judge_tender,
                 .least = 40});
}

static void
have_tender(stage *s)
{
    s->c = make_complete(s, 2);
}

static asc_status
join(stage *s, asc_error *err)
{
    s->d = make(s, err);
    return s->d != NULL ? try_cycle(s->d, err) : err->code;
}

static void
judge_follower(stage *s)
{
    if (s->d != NULL) {
        check_mended(s, s->d, 2);
        CHECK_EQ_INT(asc_shm_look(&s->d->shm), ASC_SHM_FOLLOWER);
    }
}

static void
test_attach_as_the_second(void)
{
    try(&(trial){.name = "attach as the second",
                 .logs_in = true,
                 .shares = true,
                 .prepare = have_tender,
                 .run = join,
                 .judge = judge_follower,
                 .least = 25});
}

/* Both know one node, and there are two by now. */
static void
have_news(stage *s)
{
    set_one_node(s);
    s->c = make_complete(s, 1);
    s->d = make_complete(s, 1);
    set_two_nodes(s);
}

static void
judge_both(stage *s)
{
    check_works(s, s->c);
    check_works(s, s->d);
    check_mended(s, s->c, 2);
    check_mended(s, s->d, 2);
}

static void
test_publish(void)
{
    try(&(trial){.name = "publish",
                 .shares = true,
                 .prepare = have_news,
                 .run = renew,
                 .judge = judge_both,
                 .least = 40});
}

/* The tender knows the news, the follower does not. */
static void
have_news_in_memory(stage *s)
{
    have_news(s);
    check_mended(s, s->c, 2);
}

static asc_status
follow(stage *s, asc_error *err)
{
    return try_cycle(s->d, err);
}

static void
test_follow(void)
{
    try(&(trial){.name = "follow",
                 .shares = true,
                 .prepare = have_news_in_memory,
                 .run = follow,
                 .judge = judge_both,
                 .least = 10});
}

/* The tender has told the news and gone. */
static void
lose_tender(stage *s)
{
    have_news_in_memory(s);
    destroy(s->c);
    s->c = NULL;
}

static void
judge_heir(stage *s)
{
    check_works(s, s->d);
    check_mended(s, s->d, 2);
    CHECK_EQ_INT(asc_shm_look(&s->d->shm), ASC_SHM_TENDER);
    s->c = make_complete(s, 2);
    CHECK_EQ_INT(asc_shm_look(&s->c->shm), ASC_SHM_FOLLOWER);
}

static void
test_take_over(void)
{
    try(&(trial){.name = "take over",
                 .shares = true,
                 .prepare = lose_tender,
                 .run = follow,
                 .judge = judge_heir,
                 .least = 20});
}

/* --- use_shared_connection -------------------------------------------------------- */

static asc_status
open_first(stage *s, asc_error *err)
{
    return asc_shared_open(&s->c, &s->config, err);
}

/* tidy() closes what is left; here the shared cluster loses its users. */
static void
judge_first(stage *s)
{
    judge_created(s);
    if (s->c != NULL) {
        asc_shared_close(s->c);
    }
}

static void
test_open_first(void)
{
    try(&(trial){.name = "open as the first",
                 .run = open_first,
                 .judge = judge_first,
                 .least = 40});
}

static void
have_shared(stage *s)
{
    asc_error err;
    asc_error_reset(&err);
    CHECK_EQ_INT(open_first(s, &err), ASC_OK);
}

static asc_status
open_second(stage *s, asc_error *err)
{
    return asc_shared_open(&s->d, &s->config, err);
}

/* Whatever has become of the second user, the first one keeps the cluster. */
static void
judge_second(stage *s)
{
    CHECK((s->d != NULL) == (s->rc == ASC_OK));
    if (s->d != NULL) {
        CHECK(s->d == s->c);
        asc_shared_close(s->d);
        asc_cluster_release(s->d);
        s->d = NULL;
    }
    CHECK(asc_cluster_is_connected(s->c));
    EVENTUALLY(works(s, s->c));
    asc_shared_close(s->c);
    CHECK(asc_cluster_is_closed(s->c));
}

static void
test_open_second(void)
{
    try(&(trial){.name = "open as the second",
                 .prepare = have_shared,
                 .run = open_second,
                 .judge = judge_second,
                 .least = 3});
}

static const kit_test tests[] = {
    {"find", test_find},
    {"find_and_log_in", test_find_and_log_in},
    {"create", test_create},
    {"node_comes", test_node_comes},
    {"node_goes", test_node_goes},
    {"all_are_found_again", test_all_are_found_again},
    {"attach_as_the_first", test_attach_as_the_first},
    {"attach_as_the_second", test_attach_as_the_second},
    {"publish", test_publish},
    {"follow", test_follow},
    {"take_over", test_take_over},
    {"open_first", test_open_first},
    {"open_second", test_open_second},
};

KIT_MAIN("ut_oom_cluster", tests)
