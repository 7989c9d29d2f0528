/* The life of a connection. All that depends on how bytes move stands behind the table
 * of its transport, so that nothing above this file asks whether it is TCP or TLS. */
#include "net/conn.h"

#include "asc/alloc.h"
#include "net/session.h"

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

/* A greeting that is over is freed, since a connection lives much longer. */
asc_io
asc_conn_open(asc_conn *c, asc_error *err)
{
    asc_io io = c->ready ? ASC_IO_OK : c->transport->connect(c, err);
    if (io == ASC_IO_OK && c->greeting != NULL) {
        c->greets = true;
        io = c->greeting->step(c, err);
        if (io == ASC_IO_OK) {
            c->greeting->end(c->greeting);
            c->greeting = NULL;
        }
    }
    c->ready = io == ASC_IO_OK;
    return io;
}

asc_phase
asc_conn_phase(const asc_conn *c, asc_phase ready)
{
    if (c->ready) {
        return ready;
    }
    if (!c->connected) {
        return ASC_PHASE_CONNECT;
    }
    return c->greets ? ASC_PHASE_LOGIN : ASC_PHASE_TLS;
}

const char *
asc_conn_omission(asc_phase phase)
{
    switch (phase) {
    case ASC_PHASE_CONNECT:
        return "the node does not accept";
    case ASC_PHASE_TLS:
        return "the node does not end the TLS handshake";
    case ASC_PHASE_LOGIN:
        return "the node does not answer the login";
    default:
        return "the node does not answer";
    }
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
        if (c->greeting != NULL) {
            c->greeting->end(c->greeting);
        }
        asc_session_release(c->session);
        asc_free(c);
    }
}
