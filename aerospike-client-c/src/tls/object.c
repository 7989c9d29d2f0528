/* The life of the transport object. Files are looked at when a connection is to be
 * opened, once a second at most, and by one thread; the others go on with the context
 * in force. What has changed is put in force as a whole or not at all. */
#include "tls/object.h"

#include <string.h>

#include "asc/alloc.h"
#include "asc/log.h"
#include "base/fork.h"
#include "asc/secret.h"
#include "base/time.h"
#include "tls/guard.h"

#define LOOK_MS 1000u

/* --- options --- */

/* Where the texts of a configuration are. */
static const size_t texts[] = {
    offsetof(asc_tls_config, cafile),         offsetof(asc_tls_config, capath),
    offsetof(asc_tls_config, castring),       offsetof(asc_tls_config, certfile),
    offsetof(asc_tls_config, certstring),     offsetof(asc_tls_config, keyfile),
    offsetof(asc_tls_config, keystring),      offsetof(asc_tls_config, keyfile_pw),
    offsetof(asc_tls_config, protocols),      offsetof(asc_tls_config, cipher_suite),
    offsetof(asc_tls_config, cert_blacklist),
};

#define N_TEXTS (sizeof texts / sizeof texts[0])

static const char **
text_at(asc_tls_config *c, size_t i)
{
    return (const char **)((char *)c + texts[i]);
}

/* Some of the texts are secrets, so all are wiped. */
static void
config_clear(asc_tls_config *c)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        asc_secret_free((char *)*text_at(c, i));
    }
}

/* Make the texts copies of the caller's, or NULL. False when memory is short; what was
 * copied is to be cleared all the same. */
static bool
config_own(asc_tls_config *c)
{
    bool ok = true;
    for (size_t i = 0; i < N_TEXTS; i++) {
        const char **at = text_at(c, i);
        const char *from = *at;
        *at = ok && from != NULL ? asc_strdup(from) : NULL;
        ok = ok && (from == NULL || *at != NULL);
    }
    return ok;
}

/* Refuse options that exclude each other. */
static asc_status
config_check(const asc_tls_config *c, asc_error *err)
{
    static const struct {
        size_t one, other;
        const char *names;
    } pairs[] = {
        {offsetof(asc_tls_config, certfile), offsetof(asc_tls_config, certstring),
         "tls.certfile and tls.certstring"},
        {offsetof(asc_tls_config, keyfile), offsetof(asc_tls_config, keystring),
         "tls.keyfile and tls.keystring"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const char *const *one = (const char *const *)((const char *)c + pairs[i].one);
        const char *const *other =
            (const char *const *)((const char *)c + pairs[i].other);
        if (*one != NULL && *other != NULL) {
            return asc_error_set(err, ASC_ERR_TLS, "%s exclude each other",
                                 pairs[i].names);
        }
    }
    return ASC_OK;
}

static bool
config_equal(const asc_tls_config *a, const asc_tls_config *b)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        const char *one = *text_at((asc_tls_config *)a, i);
        const char *other = *text_at((asc_tls_config *)b, i);
        if (one != other && (one == NULL || other == NULL || strcmp(one, other) != 0)) {
            return false;
        }
    }
    return a->crl_check == b->crl_check && a->crl_check_all == b->crl_check_all &&
           a->encrypt_only == b->encrypt_only &&
           a->log_session_info == b->log_session_info;
}

/* --- life --- */

static void
free_object(asc_tls *t)
{
    asc_tls_context_release(t->context);
    asc_tls_guard_enter();
    asc_tls_sessions_clear(&t->sessions);
    asc_tls_guard_leave();
    asc_tls_files_clear(&t->files);
    config_clear(&t->config);
    pthread_mutex_destroy(&t->lock);
    asc_free(t);
}

asc_status
asc_tls_object_new(asc_tls **out, const asc_transport *functions,
                   const asc_tls_config *config, const asc_tls_hooks *hooks,
                   asc_error *err)
{
    asc_tls *t = asc_calloc(1, sizeof *t);
    if (t == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "TLS");
    }
    t->transport = *functions;
    t->config = *config;
    t->hooks = hooks;
    t->looked_ms = asc_now_ms();
    atomic_init(&t->refs, 1);
    atomic_init(&t->fork_count, asc_fork_count());
    pthread_mutex_init(&t->lock, NULL);
    asc_status rc =
        config_own(&t->config) ? ASC_OK : asc_error_set(err, ASC_ERR_NOMEM, "TLS");
    rc = rc != ASC_OK ? rc : config_check(&t->config, err);
    rc = rc != ASC_OK ? rc : asc_tls_files_read(&t->files, &t->config, err);
    rc = rc != ASC_OK
             ? rc
             : asc_tls_context_new(&t->context, &t->config, &t->files, hooks, err);
    if (rc != ASC_OK) {
        free_object(t);
        return rc;
    }
    *out = t;
    return ASC_OK;
}

void
asc_tls_object_retain(asc_tls *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
}

/* In the child of a fork, take over what the parent made. The parent's context and its
 * sessions are left behind: another thread may have been about to change them. The
 * files are whole, since no fork happens while they are replaced. */
static void
take_over(asc_tls *t)
{
    if (atomic_load_explicit(&t->fork_count, memory_order_acquire) ==
        asc_fork_count()) {
        return;
    }
    asc_fork_lock();
    if (atomic_load(&t->fork_count) != asc_fork_count()) {
        pthread_mutex_init(&t->lock, NULL);
        t->context = NULL;
        t->sessions = (asc_tls_sessions){0};
        t->looking = false;
        atomic_store(&t->fork_count, asc_fork_count());
    }
    asc_fork_unlock();
}

void
asc_tls_object_release(asc_tls *t)
{
    if (atomic_fetch_sub(&t->refs, 1) == 1) {
        take_over(t);
        free_object(t);
    }
}

/* --- files that change --- */

/* Put new files and their context in force, and forget the sessions: they were agreed
 * on under the old rules. */
static void
put_in_force(asc_tls *t, asc_tls_files *files, asc_tls_context *context)
{
    asc_tls_guard_enter();
    pthread_mutex_lock(&t->lock);
    asc_tls_files old_files = t->files;
    asc_tls_context *old = t->context;
    asc_tls_sessions sessions = t->sessions;
    t->files = *files;
    t->context = context;
    t->sessions = (asc_tls_sessions){0};
    t->bad_print = 0;
    pthread_mutex_unlock(&t->lock);
    asc_tls_sessions_clear(&sessions);
    asc_tls_guard_leave();
    asc_tls_context_release(old);
    asc_tls_files_clear(&old_files);
}

/* The files have another print than those in force: read them. */
static void
reload(asc_tls *t)
{
    asc_tls_files files = {0};
    asc_tls_context *context = NULL;
    asc_error err;
    asc_error_reset(&err);
    uint64_t print = asc_tls_files_print(&t->config);
    if (asc_tls_files_read(&files, &t->config, &err) == ASC_OK &&
        asc_tls_context_new(&context, &t->config, &files, t->hooks, &err) == ASC_OK) {
        put_in_force(t, &files, context);
        asc_log(ASC_LOG_INFO, "TLS: files have changed; new connections use them");
        return;
    }
    asc_tls_files_clear(&files);
    pthread_mutex_lock(&t->lock);
    t->bad_print = print;
    pthread_mutex_unlock(&t->lock);
    asc_log(ASC_LOG_WARN,
            "TLS: files have changed and cannot be used, so new connections go on with "
            "what was read before: %s",
            err.message);
}

static void
look_for_changes(asc_tls *t)
{
    uint64_t now_ms = asc_now_ms();
    pthread_mutex_lock(&t->lock);
    bool due = !t->looking && now_ms >= t->looked_ms + LOOK_MS;
    uint64_t good = t->files.print, bad = t->bad_print;
    t->looking = t->looking || due;
    pthread_mutex_unlock(&t->lock);
    if (!due) {
        return;
    }
    uint64_t print = asc_tls_files_print(&t->config);
    if (print != good && print != bad) {
        reload(t);
    }
    pthread_mutex_lock(&t->lock);
    t->looking = false;
    t->looked_ms = now_ms;
    pthread_mutex_unlock(&t->lock);
}

asc_tls_context *
asc_tls_object_context(asc_tls *t, asc_error *err)
{
    if (asc_tls_guard_check(err) != ASC_OK) {
        return NULL;
    }
    take_over(t);
    look_for_changes(t);
    asc_tls_guard_enter();
    pthread_mutex_lock(&t->lock);
    if (t->context == NULL) {
        asc_tls_context_new(&t->context, &t->config, &t->files, t->hooks, err);
    }
    asc_tls_context *c = t->context;
    if (c != NULL) {
        asc_tls_context_retain(c);
    }
    pthread_mutex_unlock(&t->lock);
    asc_tls_guard_leave();
    return c;
}

/* The options never change, so that no lock is needed. */
bool
asc_tls_object_equal(const asc_tls *a, const asc_tls *b)
{
    return config_equal(&a->config, &b->config);
}

/* --- sessions --- */

SSL_SESSION *
asc_tls_object_session(asc_tls *t, const asc_tls_context *c, const char *address,
                       const char *name)
{
    SSL_SESSION *session = NULL;
    pthread_mutex_lock(&t->lock);
    if (t->context == c) {
        session = asc_tls_sessions_get(&t->sessions, address, name);
    }
    pthread_mutex_unlock(&t->lock);
    return session;
}

bool
asc_tls_object_keep(asc_tls *t, const asc_tls_context *c, const char *address,
                    const char *name, SSL_SESSION *session)
{
    pthread_mutex_lock(&t->lock);
    bool kept =
        t->context == c && asc_tls_sessions_put(&t->sessions, address, name, session);
    pthread_mutex_unlock(&t->lock);
    return kept;
}

void
asc_tls_object_forget(asc_tls *t, const asc_tls_context *c, const char *address,
                      const char *name, bool refused)
{
    pthread_mutex_lock(&t->lock);
    if (t->context == c && refused) {
        asc_tls_sessions_bar(&t->sessions, address, name);
    }
    else if (t->context == c) {
        asc_tls_sessions_drop(&t->sessions, address, name);
    }
    pthread_mutex_unlock(&t->lock);
}
