/* tls/blacklist.h -- certificates that are refused whatever their CA says. */
#ifndef ASC_TLS_BLACKLIST_H
#define ASC_TLS_BLACKLIST_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#include "asc/buf.h"
#include "asc/error.h"

typedef struct asc_tls_blacklist asc_tls_blacklist;

/* Parse the bytes of a file: on each line a serial number in hexadecimal digits,
 * perhaps followed by the issuer in one line, "/C=.../CN=...". Lines that begin with
 * "#" are left out. On ASC_OK *out is the caller's. ASC_ERR_TLS with the line's number;
 * ASC_ERR_NOMEM. */
asc_status
asc_tls_blacklist_parse(asc_tls_blacklist **out, const asc_buf *file, asc_error *err);

/* NULL is fine. */
void asc_tls_blacklist_free(asc_tls_blacklist *b);

/* Is a certificate in the list? NULL is an empty list. */
bool asc_tls_blacklist_has(const asc_tls_blacklist *b, X509 *certificate);

/* Put the serial number of a certificate into out: hexadecimal, without leading zeros.
 * A number that is too long is cut. */
#define ASC_TLS_SERIAL_SIZE 64
void asc_tls_serial(char out[ASC_TLS_SERIAL_SIZE], X509 *certificate);

#endif
