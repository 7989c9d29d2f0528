/* What a program sees: the transport of a configuration, and the table by which a
 * shared object hands it over. */
#include "asc/tls.h"

#include <openssl/crypto.h>

#include "tls/channel.h"
#include "tls/guard.h"
#include "tls/object.h"

static void
tls_retain(const asc_transport *t)
{
    asc_tls_object_retain((asc_tls *)t);
}

static void
tls_release(const asc_transport *t)
{
    asc_tls_object_release((asc_tls *)t);
}

static bool
tls_equal(const asc_transport *a, const asc_transport *b)
{
    return asc_tls_object_equal((const asc_tls *)a, (const asc_tls *)b);
}

/* OpenSSL must not take itself apart at the end of the process, while threads of ours
 * may still talk. */
asc_status
asc_tls_new(const asc_transport **out, const asc_tls_config *config, asc_error *err)
{
    asc_transport functions = asc_tls_channel;
    asc_tls *t;
    functions.retain = tls_retain;
    functions.release = tls_release;
    functions.equal = tls_equal;
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
    asc_tls_guard_begin();
    asc_status rc = asc_tls_guard_check(err);
    rc = rc != ASC_OK
             ? rc
             : asc_tls_object_new(&t, &functions, config, &asc_tls_channel_hooks, err);
    if (rc == ASC_OK) {
        *out = &t->transport;
    }
    return rc;
}

void
asc_tls_release(const asc_transport *t)
{
    if (t != NULL) {
        tls_release(t);
    }
}

/* --- for a program that has loaded us --- */

/* Borrowed; NULL while the library is part of the program. */
static const asc_tls_host *host;

/* Hand a line on, if the program wants it. */
static void
log_to_host(asc_log_level level, const char *func, const char *file, int line,
            const char *message)
{
    if (level <= host->log_level()) {
        host->log(level, func, file, line, "%s", message);
    }
}

static void
attach(const asc_tls_host *h)
{
    host = h;
    asc_log_set_level(ASC_LOG_TRACE);
    asc_log_set_sink(log_to_host);
}

const asc_tls_library asc_tls_shared = {
    .version = ASC_TLS_LIBRARY_VERSION,
    .attach = attach,
    .create = asc_tls_new,
    .release = asc_tls_release,
};
