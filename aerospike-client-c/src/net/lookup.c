/* The thread of a lookup and the caller who started it meet in one atomic: whichever
 * comes second frees the lookup. A pair of sockets, not a condition, says that the
 * lookup has ended, so that a search can wait for lookups and connections in one
 * poll(). */
#include "net/lookup.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asc/alloc.h"
#include "base/fork.h"
#include "net/fd.h"

#define LONGEST_NAME 255 /* of all names that the system can look up */

/* Who owns the lookup. While it runs, and when it has ended, it belongs to whoever
 * asked; once it has been left, it belongs to the thread. */
enum { RUNNING, ENDED, LEFT };

struct asc_lookup {
    atomic_int state;
    pthread_t thread;
    int fds[2]; /* a byte written to [1] says that it has ended */
    char host[LONGEST_NAME + 1];
    uint16_t port;
    int rc; /* of getaddrinfo */
    struct addrinfo *found;
};

/* Tests put one of their own in its place. */
static _Atomic(asc_resolver) resolve = getaddrinfo;

/* How many threads there are, in the lower half, and in which process, in the upper:
 * the child of a fork has none. It is one number, since two threads of a child may come
 * at once. */
static _Atomic(uint64_t) running;

void
asc_lookup_set_resolver(asc_resolver resolver)
{
    atomic_store(&resolve, resolver != NULL ? resolver : getaddrinfo);
}

/* Count one more thread, unless there are too many: threads that a slow resolver holds
 * would otherwise pile up with each cycle of tending. */
static bool
begin_running(void)
{
    uint64_t fork = asc_fork_count();
    uint64_t before = atomic_load(&running), after;
    do {
        after = (before >> 32 == fork ? before : fork << 32) + 1;
        if ((uint32_t)after > ASC_MAX_LOOKUPS) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&running, &before, after));
    return true;
}

static void
end_running(void)
{
    atomic_fetch_sub(&running, 1);
}

/* Free a lookup that nobody owns any more, and whose thread is at its end or was never
 * started. */
static void
destroy(asc_lookup *l)
{
    if (l->found != NULL) {
        freeaddrinfo(l->found);
    }
    close(l->fds[0]);
    close(l->fds[1]);
    asc_free(l);
}

/* What the thread runs. It frees the lookup when nobody waits for it any more. */
static void *
look_up(void *arg)
{
    asc_lookup *l = arg;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    l->rc = atomic_load(&resolve)(l->host, NULL, &hints, &l->found);
    end_running();
    if (atomic_exchange(&l->state, ENDED) == LEFT) {
        destroy(l);
        return NULL;
    }
    ssize_t ignored = write(l->fds[1], "", 1);
    /* Nothing is under way and both ends are open, so that one byte fits. */
    (void)ignored;
    return NULL;
}

/* Start the thread with all signals blocked, since they are for the application's
 * threads. Returns 0 or an errno. */
static int
start_thread(asc_lookup *l)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&l->thread, NULL, look_up, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

/* Make a lookup and start its thread, which the caller has counted. */
static asc_status
start(asc_lookup **out, const char *host, uint16_t port, asc_error *err)
{
    asc_lookup *l = asc_calloc(1, sizeof *l);
    if (l == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "lookup of %s", host);
    }
    snprintf(l->host, sizeof l->host, "%s", host);
    l->port = port;
    atomic_init(&l->state, RUNNING);
    if (asc_fd_pair(l->fds) < 0) {
        asc_error_set_os(err, ASC_ERR_CLIENT, errno, "cannot open a pair of sockets");
        asc_free(l);
        return ASC_ERR_CLIENT;
    }
    int rc = start_thread(l);
    if (rc != 0) {
        destroy(l);
        return asc_error_set_os(err, ASC_ERR_CLIENT, rc, "cannot start a thread");
    }
    *out = l;
    return ASC_OK;
}

asc_status
asc_lookup_start(asc_lookup **out, const char *host, uint16_t port, asc_error *err)
{
    *out = NULL;
    err->phase = ASC_PHASE_RESOLVE;
    snprintf(err->host, sizeof err->host, "%.50s:%u", host, port);
    if (strlen(host) > LONGEST_NAME) {
        return asc_error_set(err, ASC_ERR_CLIENT, "host name \"%.50s...\" is too long",
                             host);
    }
    if (!begin_running()) {
        return ASC_OK;
    }
    asc_status rc = start(out, host, port, err);
    if (rc != ASC_OK) {
        end_running();
    }
    return rc;
}

int
asc_lookup_fd(const asc_lookup *l)
{
    return l->fds[0];
}

asc_status
asc_lookup_take(asc_lookup *l, asc_addr **out, size_t *n, asc_error *err)
{
    char byte;
    /* The read makes what the other thread has written before visible to this one. */
    ssize_t ignored = read(l->fds[0], &byte, 1);
    (void)ignored;
    err->phase = ASC_PHASE_RESOLVE;
    snprintf(err->host, sizeof err->host, "%.50s:%u", l->host, l->port);
    if (l->rc != 0) {
        return asc_error_set(err, ASC_ERR_CLIENT, "host name \"%s\" has no address: %s",
                             l->host, gai_strerror(l->rc));
    }
    return asc_addr_list(out, n, l->found, l->port, err);
}

void
asc_lookup_free(asc_lookup *l)
{
    if (l == NULL) {
        return;
    }
    /* From the exchange on the thread may free the lookup at any moment. */
    pthread_t thread = l->thread;
    if (atomic_exchange(&l->state, LEFT) == RUNNING) {
        pthread_detach(thread);
        return;
    }
    /* The thread has nothing more to do, so this does not wait. */
    pthread_join(thread, NULL);
    destroy(l);
}
