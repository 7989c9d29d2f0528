/* asc/tls.h -- connections over TLS: the transport of a configuration. It stands in a
 * library of its own, libasc_tls.a, which needs OpenSSL 3 or later (-lssl -lcrypto). */
#ifndef ASC_TLS_H
#define ASC_TLS_H

#include "asc/config.h"
#include "asc/error.h"
#include "asc/log.h"
#include "asc/tls_config.h"

/* Make the transport of a configuration. All files are read and checked now. On ASC_OK
 * *out is the caller's, to be dropped by asc_tls_release. ASC_ERR_TLS with the option
 * and the reason; ASC_ERR_NOMEM. */
asc_status
asc_tls_new(const asc_transport **out, const asc_tls_config *config, asc_error *err);

/* Drop the caller's count; clusters that use the transport have their own. NULL is
 * fine. */
void asc_tls_release(const asc_transport *t);

/* --- TLS in a shared object of its own, which a program loads when it needs it --- */

/* Of the program, for that object, which has a copy of the library's lower layers. */
typedef struct asc_tls_host {
    asc_log_level (*log_level)(void); /* asc_log_active_level */
    void (*log)(asc_log_level level, const char *func, const char *file, int line,
                const char *format, ...)
        __attribute__((format(printf, 5, 6))); /* asc_log_at */
} asc_tls_host;

/* Of that object, for the program. */
typedef struct asc_tls_library {
    unsigned version;                         /* ASC_TLS_LIBRARY_VERSION */
    void (*attach)(const asc_tls_host *host); /* called first; host stays borrowed */
    asc_status (*create)(const asc_transport **out, const asc_tls_config *config,
                         asc_error *err);    /* asc_tls_new */
    void (*release)(const asc_transport *t); /* asc_tls_release */
} asc_tls_library;

/* Changes with the two tables and with all that they lead to. */
#define ASC_TLS_LIBRARY_VERSION 2u

/* The name of the capsule in which Python's module hands the table over. */
#define ASC_TLS_CAPSULE "aerospike._tls.library"

/* The table of this library. */
extern const asc_tls_library asc_tls_shared;

#endif
