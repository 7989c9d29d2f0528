/* tls/roots.h -- where a system keeps the certificates that it trusts. */
#ifndef ASC_TLS_ROOTS_H
#define ASC_TLS_ROOTS_H

/* The file of certificates to read besides what OpenSSL looks up by itself; NULL: none.
 * An OpenSSL of the system knows its places. One that was linked in is used on every
 * system, so it knows none; then it is the first of a table that can be read. */
const char *asc_tls_system_roots(void);

/* Likewise, with OpenSSL's own file and folder and with the table, which NULL ends. The
 * answer is NULL where OpenSSL's file or folder can be read. */
const char *
asc_tls_choose_roots(const char *file, const char *folder, const char *const *places);

#endif
