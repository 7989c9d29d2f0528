/* tls/sessions.h -- the TLS sessions that nodes let us resume, one for each node. A new
 * connection then needs no certificates and no new keys. */
#ifndef ASC_TLS_SESSIONS_H
#define ASC_TLS_SESSIONS_H

#include <stdbool.h>

#include <openssl/ssl.h>

/* The sessions; zeroed, there are none. Whoever uses them holds a lock of his own. */
typedef struct asc_tls_sessions {
    struct asc_tls_kept *first; /* the one that was stored last */
    unsigned n;
} asc_tls_sessions;

/* Keep a session of the node at an address that has a name, in place of an older one.
 * True when it was kept, and the caller's count with it. */
bool asc_tls_sessions_put(asc_tls_sessions *s, const char *address, const char *name,
                          SSL_SESSION *session);

/* A session to resume, which is the caller's, or NULL. */
SSL_SESSION *
asc_tls_sessions_get(asc_tls_sessions *s, const char *address, const char *name);

/* Forget the session of a node: it has not helped. */
void asc_tls_sessions_drop(asc_tls_sessions *s, const char *address, const char *name);

/* Keep no session of a node from now on: it has refused one, and would refuse others.
 */
void asc_tls_sessions_bar(asc_tls_sessions *s, const char *address, const char *name);

/* Forget all, and who is barred. */
void asc_tls_sessions_clear(asc_tls_sessions *s);

#endif
