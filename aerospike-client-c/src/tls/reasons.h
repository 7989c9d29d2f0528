/* tls/reasons.h -- what OpenSSL complains of, in plain words. */
#ifndef ASC_TLS_REASONS_H
#define ASC_TLS_REASONS_H

#include "asc/error.h"

/* Turn the thread's queue of OpenSSL's errors into an error of code ASC_ERR_TLS, which
 * begins with `what`; the queue is empty afterwards. ASC_ERR_NOMEM when memory was
 * short. */
asc_status asc_tls_fail(asc_error *err, const char *what);

#endif
