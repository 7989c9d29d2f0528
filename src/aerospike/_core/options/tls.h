/* options/tls.h -- config["tls"], and the transport that is made of it. */
#ifndef CORE_OPTIONS_TLS_H
#define CORE_OPTIONS_TLS_H

#include "asc/tls.h"
#include "options/options.h"

/* The section, parsed. */
typedef struct tls_options {
    bool enable;
    bool enable_given; /* the key is there */
    bool has_keys;     /* any key is */
    bool for_login_only;
    bool has_certificate;  /* which the client shows; known when a transport was made */
    asc_tls_config config; /* its texts are owned, until they have been used */
    const asc_tls_library *library; /* static; NULL: no transport was made */
} tls_options;

/* The keys of the section. The target of the rows is a tls_options. */
extern const option_table tls_table;

/* Make the transport of a section that enables TLS, which imports aerospike._tls. On
 * success *out is counted for the caller, and goes back by t->library. 0, or -1 with an
 * exception: TLSError for what is wrong with an option. */
int tls_transport(module_state *st, tls_options *t, const asc_transport **out);

/* Warn, once, of a section that does not say whether TLS is enabled: it is not. 0, or
 * -1 with an exception. */
int warn_of_tls_without_enable(module_state *st, const tls_options *t);

/* Overwrite and free the texts; they are gone afterwards. */
void tls_clear(tls_options *t);

#endif
