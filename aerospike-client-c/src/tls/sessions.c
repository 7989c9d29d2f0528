/* A list is enough: there are as many entries as nodes, and it is searched once for
 * each connection. What is resumed is not verified again, so a session ends with the
 * certificate that it rests on, and after an hour at the latest. */
#include "tls/sessions.h"

#include <string.h>
#include <time.h>

#include "asc/alloc.h"

#define MAX_SESSIONS 512u
#define MAX_AGE_S 3600

struct asc_tls_kept {
    struct asc_tls_kept *next;
    SSL_SESSION *session; /* counted; NULL: none is kept of this node */
    char key[];           /* the address, a NUL, the name */
};

static bool
is_of(const struct asc_tls_kept *k, const char *address, const char *name)
{
    return strcmp(k->key, address) == 0 &&
           strcmp(k->key + strlen(k->key) + 1, name) == 0;
}

/* Where the pointer to a node's session is, or the end of the list. */
static struct asc_tls_kept **
find(asc_tls_sessions *s, const char *address, const char *name)
{
    struct asc_tls_kept **at = &s->first;
    while (*at != NULL && !is_of(*at, address, name)) {
        at = &(*at)->next;
    }
    return at;
}

static void
drop(asc_tls_sessions *s, struct asc_tls_kept **at)
{
    struct asc_tls_kept *k = *at;
    *at = k->next;
    s->n--;
    SSL_SESSION_free(k->session);
    asc_free(k);
}

void
asc_tls_sessions_drop(asc_tls_sessions *s, const char *address, const char *name)
{
    struct asc_tls_kept **at = find(s, address, name);
    if (*at != NULL) {
        drop(s, at);
    }
}

void
asc_tls_sessions_clear(asc_tls_sessions *s)
{
    while (s->first != NULL) {
        drop(s, &s->first);
    }
}

/* Put an entry of a node in front, in place of an older one. False when memory is
 * short. */
static bool
put(asc_tls_sessions *s, const char *address, const char *name, SSL_SESSION *session)
{
    size_t address_size = strlen(address) + 1, name_size = strlen(name) + 1;
    asc_tls_sessions_drop(s, address, name);
    if (s->n >= MAX_SESSIONS) {
        struct asc_tls_kept **last = &s->first;
        while ((*last)->next != NULL) {
            last = &(*last)->next;
        }
        drop(s, last);
    }
    struct asc_tls_kept *k = asc_malloc(sizeof *k + address_size + name_size);
    if (k == NULL) {
        return false;
    }
    k->next = s->first;
    k->session = session;
    memcpy(k->key, address, address_size);
    memcpy(k->key + address_size, name, name_size);
    s->first = k;
    s->n++;
    return true;
}

bool
asc_tls_sessions_put(asc_tls_sessions *s, const char *address, const char *name,
                     SSL_SESSION *session)
{
    struct asc_tls_kept *k = *find(s, address, name);
    return (k == NULL || k->session != NULL) && put(s, address, name, session);
}

void
asc_tls_sessions_bar(asc_tls_sessions *s, const char *address, const char *name)
{
    put(s, address, name, NULL);
}

/* When a session began. OpenSSL 3.3 deprecates the function that ends in 2038. */
static int64_t
began_at(const SSL_SESSION *session)
{
#if OPENSSL_VERSION_PREREQ(3, 3)
    return (int64_t)SSL_SESSION_get_time_ex(session);
#else
    return (int64_t)SSL_SESSION_get_time(session);
#endif
}

/* Is a session too old, or the certificate that began it? */
static bool
is_over(const SSL_SESSION *session)
{
    time_t now = time(NULL);
    int64_t age = (int64_t)now - began_at(session);
    int64_t limit = (int64_t)SSL_SESSION_get_timeout(session);
    X509 *leaf = SSL_SESSION_get0_peer((SSL_SESSION *)session);
    return age < 0 || age >= MAX_AGE_S || age >= limit ||
           (leaf != NULL && X509_cmp_time(X509_get0_notAfter(leaf), &now) <= 0);
}

/* OpenSSL lets a session be used once only, and a pool opens many connections before
 * the first one has brought another ticket: so each gets a copy. */
SSL_SESSION *
asc_tls_sessions_get(asc_tls_sessions *s, const char *address, const char *name)
{
    struct asc_tls_kept **at = find(s, address, name);
    if (*at == NULL || (*at)->session == NULL) {
        return NULL;
    }
    if (is_over((*at)->session)) {
        drop(s, at);
        return NULL;
    }
    return SSL_SESSION_dup((*at)->session);
}
