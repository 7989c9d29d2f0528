/* The end of a cluster whose tend thread is in the log sink, in which an application
 * may do what it likes. */
#include "live.h"

/* Once the thread has ended, nothing is left of the cluster. */
static void
clear_scene(scene *s)
{
    EVENTUALLY(asc_alloc_live() == s->n_blocks);
    EVENTUALLY(atomic_load(&s->peer->n_open) == 0);
    asc_log_set_sink(NULL);
    asc_log_set_level(ASC_LOG_ERROR);
    peer_stop(s->peer);
}

static _Atomic(asc_cluster *) victim;

static void
close_victim(asc_log_level level, const char *func, const char *file, int line,
             const char *message)
{
    asc_cluster *c = atomic_exchange(&victim, NULL);
    (void)level, (void)func, (void)file, (void)line, (void)message;
    if (c != NULL) {
        destroy(c);
    }
}

/* The sink drops the last count but the thread's own, on that thread. */
static void
test_close_on_the_tend_thread(void)
{
    scene s = set_scene(close_victim);
    atomic_store(&victim, s.cluster);
    let_it_speak(&s);
    EVENTUALLY(atomic_load(&victim) == NULL);
    clear_scene(&s);
}

/* The sink waits for a lock that whoever closes holds. */
static void
test_close_with_a_lock_that_the_sink_wants(void)
{
    scene s = set_scene(wait_in_sink);
    pthread_mutex_lock(&log_lock);
    let_it_speak(&s);
    EVENTUALLY(atomic_load(&n_in_sink) == 1);
    uint64_t begun = now_ms();
    destroy(s.cluster);
    CHECK_ELAPSED(begun, 1000);
    pthread_mutex_unlock(&log_lock);
    clear_scene(&s);
    CHECK_EQ_INT(atomic_load(&n_in_sink), 1); /* then it ended, and said no more */
}

static const kit_test tests[] = {
    {"close_on_the_tend_thread", test_close_on_the_tend_thread},
    {"close_with_a_lock_that_the_sink_wants",
     test_close_with_a_lock_that_the_sink_wants},
};

KIT_MAIN("ut_close", tests)
