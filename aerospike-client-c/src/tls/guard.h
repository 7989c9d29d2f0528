/* tls/guard.h -- OpenSSL and forks. A lock of OpenSSL that another thread holds at the
 * moment of a fork stays taken in the child forever; so no fork happens while one of
 * our threads is where OpenSSL takes locks that all share. Nobody keeps forks off for
 * other users of OpenSSL, such as Python's module ssl; so we have a library context,
 * with its locks, of our own. */
#ifndef ASC_TLS_GUARD_H
#define ASC_TLS_GUARD_H

#include <openssl/crypto.h>

#include "asc/error.h"

/* Make the library context, unless that has been done. Before anything else here. */
void asc_tls_guard_begin(void);

/* The library context, which lives as long as the process. NULL stands for the one that
 * all share: OpenSSL's configuration may put things into it that ours would lack. */
OSSL_LIB_CTX *asc_tls_guard_context(void);

/* Can this process use OpenSSL? In the child of a fork that question is answered once,
 * by a thread that tries, since some locks are shared by all contexts: one that another
 * user of OpenSSL had at the fork is taken forever. Waits a second at most, outside
 * the guard. ASC_ERR_TLS: no, or not yet; ASC_ERR_NOMEM. */
asc_status asc_tls_guard_check(asc_error *err);

/* Around handshakes and whatever makes or frees objects of OpenSSL. May be nested. What
 * is done inside never waits, and never calls the log's sink. For the thread that is
 * inside, the library context is the default one. */
void asc_tls_guard_enter(void);
void asc_tls_guard_leave(void);

#endif
