/* tls/object.h -- the transport as an object: its options, the context that is made of
 * them, and the sessions to resume. */
#ifndef ASC_TLS_OBJECT_H
#define ASC_TLS_OBJECT_H

#include <pthread.h>

#include "net/conn.h"
#include "tls/context.h"
#include "tls/sessions.h"

/* The object. Counted. */
typedef struct asc_tls {
    asc_transport transport; /* the first member: connections know nothing else */
    atomic_uint refs;
    asc_tls_config config; /* its texts are owned */
    const asc_tls_hooks *hooks;
    atomic_uint fork_count; /* of the process that uses it */

    pthread_mutex_t lock; /* guards what follows */
    asc_tls_files files;
    asc_tls_context *context; /* counted; NULL in a child that has not used it yet */
    asc_tls_sessions sessions;
    uint64_t bad_print; /* of files that no context could be made of */
    uint64_t looked_ms; /* when somebody last looked whether files have changed */
    bool looking;       /* somebody does now */
} asc_tls;

/* Make an object that is counted once and has a context. hooks is static. ASC_ERR_TLS
 * names the option that is wrong; ASC_ERR_NOMEM. */
asc_status asc_tls_object_new(asc_tls **out, const asc_transport *functions,
                              const asc_tls_config *config, const asc_tls_hooks *hooks,
                              asc_error *err);

/* Count it once more, or drop a count. */
void asc_tls_object_retain(asc_tls *t);
void asc_tls_object_release(asc_tls *t);

/* Were both made of equal options? Files are compared by their names. */
bool asc_tls_object_equal(const asc_tls *a, const asc_tls *b);

/* The context for a new connection, counted for the caller; files that have changed are
 * read first. NULL with err set: only in a child, where OpenSSL hangs or memory is
 * short. */
asc_tls_context *asc_tls_object_context(asc_tls *t, asc_error *err);

/* The session that a new connection to an address may resume, which is the caller's, or
 * NULL. Sessions belong to the context in force. */
SSL_SESSION *asc_tls_object_session(asc_tls *t, const asc_tls_context *c,
                                    const char *address, const char *name);

/* Keep a session that began under a context. True when it was kept, and the caller's
 * count with it. */
bool asc_tls_object_keep(asc_tls *t, const asc_tls_context *c, const char *address,
                         const char *name, SSL_SESSION *session);

/* A handshake under a context has failed: forget the session of the address. When the
 * node has refused the session, keep none of it any more. */
void asc_tls_object_forget(asc_tls *t, const asc_tls_context *c, const char *address,
                           const char *name, bool refused);

#endif
