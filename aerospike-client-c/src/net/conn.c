/* The life of a connection. All that depends on how bytes move stands behind the table
 * of its transport, so that nothing above this file asks whether it is TCP or TLS. */
#include "net/conn.h"

#include "asc/alloc.h"

asc_status
asc_conn_start(asc_conn **out, const asc_transport *transport, const asc_addr *addr,
               asc_error *err)
{
    asc_conn *c = asc_calloc(1, sizeof *c);
    if (c == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "connection to %s", addr->text);
    }
    c->transport = transport;
    c->fd = -1;
    if (transport->start(c, addr, err) == ASC_IO_ERROR) {
        asc_conn_free(c);
        return err->code;
    }
    *out = c;
    return ASC_OK;
}

/* A connection whose start has failed ends here as well: close() accepts one without a
 * descriptor. */
void
asc_conn_free(asc_conn *c)
{
    if (c != NULL) {
        c->transport->close(c);
        if (c->transport->end != NULL) {
            c->transport->end(c);
        }
        asc_free(c);
    }
}
