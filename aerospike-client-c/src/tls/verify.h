/* tls/verify.h -- is the node at the other end the one that we look for? */
#ifndef ASC_TLS_VERIFY_H
#define ASC_TLS_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#include "tls/blacklist.h"

/* What a chain of certificates is held against, and what was wrong with it. */
typedef struct asc_tls_check {
    const char *name;                   /* borrowed: whom the node must be */
    const asc_tls_blacklist *blacklist; /* borrowed; NULL: none */
    char failure[640];                  /* "": nothing yet */
} asc_tls_check;

/* Check a chain: by OpenSSL, against the blacklist, and for the name. False, with the
 * failure told in c->failure and in s, when the node is not to be trusted. */
bool asc_tls_verify(asc_tls_check *c, X509_STORE_CTX *s);

/* Does a name in a certificate, which may begin with "*.", stand for a node's name? "*"
 * stands for one label. */
bool asc_tls_name_fits(const unsigned char *pattern, size_t size, const char *name);

/* Is a node's name one that the domain name system could have, so that it may be asked
 * for by its name in a handshake? */
bool asc_tls_name_is_dns(const char *name);

#endif
