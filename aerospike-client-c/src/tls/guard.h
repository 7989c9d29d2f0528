/* tls/guard.h -- OpenSSL and forks. A lock of OpenSSL that another thread holds at the
 * moment of a fork stays taken in the child for ever; so no fork happens while one of
 * our threads is where OpenSSL takes locks that all share. */
#ifndef ASC_TLS_GUARD_H
#define ASC_TLS_GUARD_H

/* Around handshakes and whatever makes or frees objects of OpenSSL. May be nested. What
 * is done inside never waits, and never calls the log's sink. */
void asc_tls_guard_enter(void);
void asc_tls_guard_leave(void);

#endif
