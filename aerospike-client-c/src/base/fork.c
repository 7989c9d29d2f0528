/* The library hears of a fork through pthread_atfork. The child first closes its copies
 * of the descriptors that watchers own, before any code of the application can open
 * others under the same numbers; whatever needs a lock or the heap has to wait until
 * the child uses the library again, and is noticed then by asc_fork_count. */
#include "base/fork.h"

#include <pthread.h>
#include <stdatomic.h>

/* Guards the list of watches, and is held across every fork. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_uint forks;
static asc_fork_watch *watches; /* guarded by lock */

/* Runs in the child before fork() returns there. The fork itself held the lock, so
 * nobody was changing the list; the mutex is made anew because its owner is the
 * parent's thread. */
static void
in_child(void)
{
    atomic_fetch_add(&forks, 1);
    for (asc_fork_watch *w = watches; w != NULL; w = w->next) {
        w->in_child(w->owner);
    }
    pthread_mutex_init(&lock, NULL);
}

/* Installed once for the process. A fork takes the lock for its whole length. */
static void
watch(void)
{
    pthread_atfork(asc_fork_lock, asc_fork_unlock, in_child);
}

unsigned
asc_fork_count(void)
{
    pthread_once(&once, watch);
    return atomic_load_explicit(&forks, memory_order_acquire);
}

void
asc_fork_watch_add(asc_fork_watch *w)
{
    pthread_once(&once, watch);
    asc_fork_lock();
    w->prev = NULL;
    w->next = watches;
    if (watches != NULL) {
        watches->prev = w;
    }
    watches = w;
    asc_fork_unlock();
}

void
asc_fork_watch_remove(asc_fork_watch *w)
{
    asc_fork_lock();
    if (w->prev != NULL) {
        w->prev->next = w->next;
    }
    else {
        watches = w->next;
    }
    if (w->next != NULL) {
        w->next->prev = w->prev;
    }
    asc_fork_unlock();
}

void
asc_fork_lock(void)
{
    pthread_mutex_lock(&lock);
}

void
asc_fork_unlock(void)
{
    pthread_mutex_unlock(&lock);
}
