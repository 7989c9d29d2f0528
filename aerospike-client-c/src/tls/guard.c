/* A fork waits for those who are inside, and holds newcomers off meanwhile: so it is
 * not kept waiting by threads that come and go. */
#include "tls/guard.h"

#include <pthread.h>
#include <stdbool.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned n_inside; /* guarded by lock */
static bool forking;      /* likewise */

/* How often this thread has entered and not left. */
static _Thread_local unsigned depth;

/* The lock is kept until the fork is over. */
static void
before(void)
{
    pthread_mutex_lock(&lock);
    forking = true;
    while (n_inside > 0) {
        pthread_cond_wait(&changed, &lock);
    }
}

static void
in_parent(void)
{
    forking = false;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* The lock belongs to a thread of the parent, so both are made anew. */
static void
in_child(void)
{
    forking = false;
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&changed, NULL);
}

static void
watch(void)
{
    pthread_atfork(before, in_parent, in_child);
}

void
asc_tls_guard_enter(void)
{
    pthread_once(&once, watch);
    if (depth++ > 0) {
        return;
    }
    pthread_mutex_lock(&lock);
    while (forking) {
        pthread_cond_wait(&changed, &lock);
    }
    n_inside++;
    pthread_mutex_unlock(&lock);
}

void
asc_tls_guard_leave(void)
{
    if (--depth > 0) {
        return;
    }
    pthread_mutex_lock(&lock);
    n_inside--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
