/* A fork waits for those who are inside, and holds newcomers off, by a lock that it
 * takes for writing. */
#include "tls/guard.h"

#include <pthread.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
before(void)
{
    pthread_rwlock_wrlock(&lock);
}

static void
in_parent(void)
{
    pthread_rwlock_unlock(&lock);
}

/* The lock belongs to a thread of the parent, so it is made anew. */
static void
in_child(void)
{
    static const pthread_rwlock_t fresh = PTHREAD_RWLOCK_INITIALIZER;
    lock = fresh;
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
    pthread_rwlock_rdlock(&lock);
}

void
asc_tls_guard_leave(void)
{
    pthread_rwlock_unlock(&lock);
}
