/* tls/protocols.h -- which versions of TLS may be spoken. */
#ifndef ASC_TLS_PROTOCOLS_H
#define ASC_TLS_PROTOCOLS_H

#include "asc/error.h"

/* Bits of a set of versions, from the oldest on. */
enum {
    ASC_TLS_1_0 = 1,
    ASC_TLS_1_1 = 2,
    ASC_TLS_1_2 = 4,
    ASC_TLS_1_3 = 8,
};

/* What holds when nothing is said, and what "all" stands for. */
#define ASC_TLS_PROTOCOLS_DEFAULT (ASC_TLS_1_2 | ASC_TLS_1_3)

/* Parse "TLSv1.2", "-all +TLSv1.2" and the like: names of versions or "all", divided by
 * blanks. "+" adds and "-" takes away; a name without a sign stands first and begins
 * the set. NULL: the default. ASC_ERR_TLS when the text is wrong or leaves nothing. */
asc_status asc_tls_protocols_parse(const char *text, unsigned *out, asc_error *err);

/* The name of the oldest version in a set. */
const char *asc_tls_protocol_name(unsigned set);

#endif
