/* A fork waits for those who are inside, and holds newcomers off meanwhile: so it is
 * not kept waiting by threads that come and go. */
#include "tls/guard.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include "base/time.h"

/* So long a trial is waited for. It takes a few milliseconds, unless it takes forever.
 */
#define TRIAL_MS 1000u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned n_inside; /* guarded by lock */
static bool forking;      /* likewise */

/* Whether this process can use OpenSSL. Changed by who holds the lock. A trial is
 * inside, until it ends or nobody waits for it any more. */
static _Atomic enum { WORKS, UNKNOWN, ON_TRIAL, HANGS } state;

/* How often this thread has entered and not left. */
static _Thread_local unsigned depth;

static pthread_once_t own_once = PTHREAD_ONCE_INIT;
static OSSL_LIB_CTX *own;                  /* set once, inside the guard */
static _Thread_local OSSL_LIB_CTX *around; /* the default one of who has entered */

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
    state = UNKNOWN;
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&changed, NULL);
}

/* Clears *plain unless a provider is one that each library context has by itself. */
static int
look_at_provider(OSSL_PROVIDER *provider, void *plain)
{
    const char *name = OSSL_PROVIDER_get0_name(provider);
    if (strcmp(name, "default") != 0 && strcmp(name, "base") != 0) {
        *(bool *)plain = false;
    }
    return 1;
}

/* A configuration that loads providers, for FIPS or for keys in hardware, has loaded
 * them into the context that all share, and so that one is used. The index is the one
 * thing that contexts share and that is given out by the first that asks. */
static void
make_own(void)
{
    bool plain = !EVP_default_properties_is_fips_enabled(NULL);
    SSL_get_ex_data_X509_STORE_CTX_idx();
    OSSL_PROVIDER_do_all(NULL, look_at_provider, &plain);
    own = plain ? OSSL_LIB_CTX_new() : NULL;
}

void
asc_tls_guard_begin(void)
{
    asc_tls_guard_enter();
    OPENSSL_init_ssl(0, NULL);
    pthread_once(&own_once, make_own);
    asc_tls_guard_leave();
}

OSSL_LIB_CTX *
asc_tls_guard_context(void)
{
    return own;
}

/* --- the child of a fork --- */

/* A trial is over, or given up; called with the lock. */
static void
settle(bool works)
{
    if (state == ON_TRIAL) {
        n_inside--;
        pthread_cond_broadcast(&changed);
    }
    state = works ? WORKS : HANGS;
}

/* The trial: do what takes locks that library contexts share. Making a context and
 * making a key both look for an engine, under one lock of the process. */
static void *
try_openssl(void *unused)
{
    OSSL_LIB_CTX_set0_default(own);
    SSL_CTX_free(SSL_CTX_new_ex(own, NULL, TLS_client_method()));
    EVP_PKEY_free(EVP_PKEY_Q_keygen(own, NULL, "X25519"));
    pthread_mutex_lock(&lock);
    settle(true);
    pthread_mutex_unlock(&lock);
    return unused;
}

/* Begin the trial in a thread of its own, which may never end; called with the lock.
 * False when there can be no thread. */
static bool
begin_trial(void)
{
    pthread_t thread;
    sigset_t all, before_us;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_us);
    bool begun = pthread_create(&thread, NULL, try_openssl, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before_us, NULL);
    if (begun) {
        pthread_detach(thread);
        state = ON_TRIAL;
        n_inside++;
    }
    return begun;
}

asc_status
asc_tls_guard_check(asc_error *err)
{
    if (state == WORKS) {
        return ASC_OK;
    }
    uint64_t end_ms = asc_now_ms() + TRIAL_MS;
    pthread_mutex_lock(&lock);
    while (forking) {
        pthread_cond_wait(&changed, &lock);
    }
    bool begun = state != UNKNOWN || begin_trial();
    while (state == ON_TRIAL && asc_now_ms() < end_ms) {
        pthread_mutex_unlock(&lock);
        poll(NULL, 0, 1);
        pthread_mutex_lock(&lock);
    }
    if (state == ON_TRIAL) {
        settle(false);
    }
    bool works = state == WORKS;
    pthread_mutex_unlock(&lock);
    if (!begun) {
        return asc_error_set(err, ASC_ERR_NOMEM, "thread that tries OpenSSL");
    }
    return works ? ASC_OK
                 : asc_error_set(err, ASC_ERR_TLS,
                                 "this process was forked while another thread was in "
                                 "OpenSSL, so that OpenSSL hangs in it; fork before "
                                 "threads use TLS, as Python's ssl does, or start "
                                 "processes in another way (spawn)");
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
    around = OSSL_LIB_CTX_set0_default(own); /* NULL changes nothing */
}

void
asc_tls_guard_leave(void)
{
    if (--depth > 0) {
        return;
    }
    OSSL_LIB_CTX_set0_default(around);
    pthread_mutex_lock(&lock);
    n_inside--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
