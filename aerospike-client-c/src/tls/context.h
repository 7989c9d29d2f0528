/* tls/context.h -- OpenSSL's context of a configuration: what all connections share. */
#ifndef ASC_TLS_CONTEXT_H
#define ASC_TLS_CONTEXT_H

#include <stdatomic.h>

#include <openssl/ssl.h>

#include "tls/blacklist.h"
#include "tls/files.h"

/* A context. Counted; nothing else in it changes. */
typedef struct asc_tls_context {
    atomic_uint refs;
    unsigned fork_count; /* of the process that has made it, and alone may use it */
    SSL_CTX *ctx;
    asc_tls_blacklist *blacklist;
} asc_tls_context;

/* What OpenSSL calls while it shakes hands. */
typedef struct asc_tls_hooks {
    int (*verify)(X509_STORE_CTX *s, void *unused);
    int (*session)(SSL *ssl, SSL_SESSION *session);
} asc_tls_hooks;

/* Make a context of what the files hold. On ASC_OK *out is counted once, for the
 * caller. ASC_ERR_TLS names the option that is wrong; ASC_ERR_NOMEM. */
asc_status asc_tls_context_new(asc_tls_context **out, const asc_tls_config *config,
                               const asc_tls_files *files, const asc_tls_hooks *hooks,
                               asc_error *err);

/* Count it once more, or drop a count. NULL is fine. A process other than its maker's
 * leaves it behind, since its locks may be taken forever. */
void asc_tls_context_retain(asc_tls_context *c);
void asc_tls_context_release(asc_tls_context *c);

#endif
