/* The clusters that several users of a process share. The list of them is guarded by
 * the lock of forks: so a child always finds it whole. What a child inherits works
 * there as in the parent, each with its own number of users; only a cluster that
 * another thread of the parent was making never comes about. */
#include "asc/shared.h"

#include <poll.h>

#include "asc/alloc.h"
#include "asc/credentials.h"
#include "base/config.h"
#include "base/fork.h"
#include "base/time.h"
#include "net/conn.h"

/* How often one looks whether another thread has made the cluster. */
#define LOOK_MS 2

/* How long for, if the configuration sets no limit. What makes a cluster has limits of
 * its own, so that this is never reached. */
#define PATIENCE_MS 600000u

/* One cluster, or what will be one. */
typedef struct shared {
    struct shared *next;
    asc_config config;    /* an owned copy, whose objects are counted */
    asc_cluster *cluster; /* counted; NULL while it is being made */
    unsigned n_users;     /* those who wait for it among them */
    unsigned fork_count;  /* of the process that makes it */
    bool has_failed;
    asc_error err; /* why */
} shared;

static shared *list; /* guarded by the lock of forks */

static void
free_shared(shared *s)
{
    if (s != NULL) {
        asc_transport_release(s->config.transport);
        asc_transport_release(s->config.login_transport);
        asc_credentials_release(s->config.credentials);
        asc_config_clear(&s->config);
        asc_cluster_release(s->cluster);
        asc_free(s);
    }
}

/* An entry for a configuration, with one user. NULL when memory is short. */
static shared *
new_shared(const asc_config *config, asc_error *err)
{
    shared *s = asc_calloc(1, sizeof *s);
    if (s == NULL) {
        asc_error_set(err, ASC_ERR_NOMEM, "shared cluster");
        return NULL;
    }
    asc_status rc = asc_config_copy(&s->config, config, err);
    asc_transport_retain(s->config.transport);
    asc_transport_retain(s->config.login_transport);
    asc_credentials_retain(s->config.credentials);
    s->n_users = 1;
    s->fork_count = asc_fork_count();
    if (rc != ASC_OK) {
        free_shared(s);
        return NULL;
    }
    return s;
}

/* Take an entry out of the list, if it is there. */
static void
unlink_shared(const shared *s)
{
    for (shared **at = &list; *at != NULL; at = &(*at)->next) {
        if (*at == s) {
            *at = s->next;
            return;
        }
    }
}

/* Would two configurations make the same cluster? */
static bool
is_same(const asc_config *a, const asc_config *b)
{
    return asc_config_equal(a, b) && asc_transport_equal(a->transport, b->transport) &&
           asc_transport_equal(a->login_transport, b->login_transport) &&
           asc_credentials_equal(a->credentials, b->credentials);
}

/* Find an entry with an equal configuration. One that a thread of the parent was making
 * at the fork is of no use to anybody, and is left behind. */
static shared *
find_equal(const asc_config *config)
{
    for (shared *s = list; s != NULL; s = s->next) {
        bool is_alive = s->cluster != NULL || s->fork_count == asc_fork_count();
        if (is_alive && is_same(&s->config, config)) {
            return s;
        }
    }
    return NULL;
}

/* One user less. The last one takes the entry away: true. The lock is held. */
static bool
drop_user(shared *s)
{
    if (--s->n_users > 0) {
        return false;
    }
    unlink_shared(s);
    return true;
}

/* Make the cluster of an entry, which is in the list. */
static asc_status
make(shared *s, asc_cluster **out, const asc_config *config, asc_error *err)
{
    asc_cluster *c = NULL;
    asc_status rc = asc_cluster_create(&c, config, err);
    bool is_last = false;
    asc_fork_lock();
    if (rc == ASC_OK) {
        /* Those who wait have no count yet when the maker drops its own. */
        asc_cluster_retain(c);
        s->cluster = c;
        *out = c;
    }
    else {
        /* Those who come from now on try for themselves. */
        unlink_shared(s);
        s->has_failed = true;
        s->err = *err;
        is_last = drop_user(s);
    }
    asc_fork_unlock();
    if (is_last) {
        free_shared(s);
    }
    return rc;
}

/* Wait, with the lock, until an entry has a cluster or never will, or for limit_ms.
 * False: the time is up. */
static bool
await(const shared *s, uint32_t limit_ms)
{
    uint64_t now_ms = asc_now_ms(), limit = asc_deadline(now_ms, limit_ms);
    while (s->cluster == NULL && !s->has_failed && now_ms < limit) {
        asc_fork_unlock();
        poll(NULL, 0, LOOK_MS);
        now_ms = asc_now_ms();
        asc_fork_lock();
    }
    return s->cluster != NULL || s->has_failed;
}

/* Become one more user of an entry. The lock is held at the beginning, not at the
 * end. */
static asc_status
join(shared *s, asc_cluster **out, const asc_config *config, asc_error *err)
{
    uint32_t given_ms = config->create_timeout_ms;
    asc_cluster *c = NULL;
    bool is_last = false;
    s->n_users++;
    bool in_time = await(s, given_ms != 0 ? given_ms : PATIENCE_MS);
    if (s->cluster != NULL) {
        c = s->cluster;
        asc_cluster_retain(c);
    }
    else {
        *err = s->err;
        is_last = drop_user(s);
    }
    asc_fork_unlock();
    if (is_last) {
        free_shared(s);
    }
    if (!in_time) {
        asc_error_reset(err);
        return asc_error_set(err, ASC_ERR_TIMEOUT,
                             "another thread is still connecting to the cluster that "
                             "is to be shared");
    }
    if (c != NULL && config->fail_if_not_connected && !asc_cluster_is_connected(c)) {
        asc_shared_close(c);
        asc_cluster_release(c);
        return asc_error_set(err, ASC_ERR_CONNECTION,
                             "no node of the shared cluster answers");
    }
    *out = c;
    return c != NULL ? ASC_OK : err->code;
}

asc_status
asc_shared_open(asc_cluster **out, const asc_config *config, asc_error *err)
{
    shared *fresh = new_shared(config, err);
    if (fresh == NULL) {
        return err->code;
    }
    asc_fork_lock();
    shared *found = find_equal(&fresh->config);
    if (found != NULL) {
        asc_status rc = join(found, out, config, err);
        free_shared(fresh);
        return rc;
    }
    fresh->next = list;
    list = fresh;
    asc_fork_unlock();
    return make(fresh, out, config, err);
}

void
asc_shared_close(asc_cluster *c)
{
    asc_fork_lock();
    shared *s = list;
    while (s != NULL && s->cluster != c) {
        s = s->next;
    }
    bool is_last = s != NULL && drop_user(s);
    asc_fork_unlock();
    if (s == NULL || is_last) {
        asc_cluster_close(c);
    }
    if (is_last) {
        free_shared(s);
    }
}
