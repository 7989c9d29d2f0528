/* Clusters that tend together, each with its thread, against a peer: who sleeps, and
 * what wakes them. Several clusters of a process are as many users of the memory. */
#include <unistd.h>

#include "cluster/cluster.h"
#include "cluster/state.h"
#include "kit.h"
#include "live.h"

#define N_CLUSTERS 4

/* Whoever wakes up by himself does so after ten seconds; this is at once. */
#define AT_ONCE_MS 8000

static peer *node;
static asc_cluster *team[N_CLUSTERS];

static bool
dozes(asc_cluster *c)
{
    pthread_mutex_lock(&c->lock);
    bool dozing = c->dozing;
    pthread_mutex_unlock(&c->lock);
    return dozing;
}

static size_t
n_nodes(asc_cluster *c)
{
    asc_node_info *nodes = NULL;
    asc_error err;
    size_t n = 0;
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_cluster_nodes(c, &nodes, &n, &err), ASC_OK);
    asc_free(nodes);
    return n;
}

/* How many sleep. */
static unsigned
n_dozing(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < N_CLUSTERS; i++) {
        n += dozes(team[i]);
    }
    return n;
}

/* One that sleeps; the last one when none does. */
static asc_cluster *
sleeper(void)
{
    unsigned i = 0;
    while (i + 1 < N_CLUSTERS && !dozes(team[i])) {
        i++;
    }
    return team[i];
}

/* A tender, any one that watches it, and others, who all sleep by the end. */
static void
begin(void)
{
    node = peer_start("BB9A");
    asc_config config = quick();
    config.shm.enable = true;
    config.shm.key = 0x50000000u + (uint32_t)getpid();
    for (unsigned i = 0; i < N_CLUSTERS; i++) {
        asc_error err;
        if (!CHECK_EQ_INT(create_at(&team[i], node->port, config, &err), ASC_OK)) {
            printf("    %s\n", err.message);
            exit(1);
        }
    }
    EVENTUALLY(n_dozing() == N_CLUSTERS - 2);
    CHECK(!dozes(team[0]));
}

static void
end(void)
{
    for (unsigned i = 0; i < N_CLUSTERS; i++) {
        if (team[i] != NULL) {
            destroy(team[i]);
        }
    }
    EVENTUALLY(atomic_load(&node->n_open) == 0);
    peer_stop(node);
}

static void
test_another_node_wakes_all(void)
{
    begin();
    peer *other = peer_start("BB9B");
    uint64_t began_ms = now_ms();
    introduce(node, other);
    for (unsigned i = 0; i < N_CLUSTERS; i++) {
        EVENTUALLY(n_nodes(team[i]) == 2);
    }
    CHECK(now_ms() - began_ms < AT_ONCE_MS);
    EVENTUALLY(n_dozing() == N_CLUSTERS - 2);
    end();
    peer_stop(other);
}

/* The window of an error ends after an interval, and then there is nothing to do. */
static void
test_error_wakes_its_own_cluster(void)
{
    begin();
    asc_cluster *c = sleeper();
    asc_snapshot *s = asc_cluster_snapshot(c);
    uint64_t began_ms = now_ms();
    asc_node_count_error(s->nodes[0]);
    asc_cluster_rouse(c);
    EVENTUALLY(atomic_load(&s->nodes[0]->errors) == 0);
    CHECK(now_ms() - began_ms < AT_ONCE_MS);
    EVENTUALLY(dozes(c));
    asc_snapshot_release(s);
    end();
}

/* The tender leaves, and then each that has taken its place. */
static void
test_each_takes_over_from_the_one_before(void)
{
    begin();
    for (unsigned i = 0; i + 1 < N_CLUSTERS; i++) {
        uint64_t began_ms = now_ms();
        destroy(team[i]);
        team[i] = NULL;
        wait_for_cycles(node, 2);
        CHECK(now_ms() - began_ms < AT_ONCE_MS);
    }
    end();
}

static void *
close_one(void *cluster)
{
    asc_cluster_close(cluster);
    return NULL;
}

static void
test_all_are_closed_side_by_side(void)
{
    pthread_t threads[N_CLUSTERS];
    begin();
    uint64_t began_ms = now_ms();
    for (unsigned i = 0; i < N_CLUSTERS; i++) {
        pthread_create(&threads[i], NULL, close_one, team[i]);
    }
    for (unsigned i = 0; i < N_CLUSTERS; i++) {
        pthread_join(threads[i], NULL);
        EVENTUALLY(atomic_load(&team[i]->refs) == 1);
    }
    CHECK(now_ms() - began_ms < AT_ONCE_MS);
    end();
}

static const kit_test tests[] = {
    {"another_node", test_another_node_wakes_all},
    {"error", test_error_wakes_its_own_cluster},
    {"take_over", test_each_takes_over_from_the_one_before},
    {"close", test_all_are_closed_side_by_side},
};

KIT_MAIN("ut_team", tests)
