/* A connection over TLS. The socket is that of plain TCP, and OpenSSL reads and writes
 * it through the functions of that transport: so it never waits where it must not, no
 * signal is raised, and what goes wrong is told in the same words. OpenSSL reads ahead,
 * so that a small reply costs one system call. */
#include "tls/channel.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "asc/alloc.h"
#include "asc/log.h"
#include "base/fork.h"
#include "tls/guard.h"
#include "tls/object.h"
#include "tls/reasons.h"
#include "tls/verify.h"

#define CANNOT_RECEIVE "cannot receive over TLS"

/* One call looks at the socket no more often than this, so that a node which sends
 * nothing but messages of TLS itself keeps nobody beyond his deadline. */
#define MAX_READS 16u

/* What a connection keeps: asc_conn.state. */
typedef struct channel {
    asc_conn *conn;           /* whose state this is */
    asc_tls_context *context; /* counted */
    SSL *ssl;                 /* NULL: the handshake has not begun */
    unsigned fork_count;      /* of the process that has made it */
    bool established;
    bool settled; /* a reply has come, and what TLS itself had to say before it */
    bool offers;  /* a session to be resumed */
    /* Of the call under way: where the socket's failure goes, how the socket's last
     * move ended, how often it was read, and how long the first reception may wait (0:
     * not at all). */
    asc_error *err;
    asc_io io;
    unsigned n_reads;
    int wait_ms;
    asc_tls_check check;
    char address[ASC_ERROR_HOST_SIZE];
    char name[ASC_TLS_NAME_SIZE];
} channel;

static asc_tls *
object_of(const channel *ch)
{
    return (asc_tls *)ch->conn->transport;
}

/* --- the socket, as OpenSSL sees it --- */

static int
socket_write(BIO *b, const char *data, size_t size, size_t *moved)
{
    channel *ch = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    ch->io = asc_tcp.send(ch->conn, (const uint8_t *)data, size, moved, ch->err);
    if (ch->io == ASC_IO_WANT_WRITE) {
        BIO_set_retry_write(b);
    }
    return ch->io == ASC_IO_OK;
}

/* Only the first reception of a call waits: what is still missing of a record then may
 * take its time, and the caller has deadlines. */
static int
socket_read(BIO *b, char *data, size_t size, size_t *moved)
{
    channel *ch = BIO_get_data(b);
    int wait_ms = ch->wait_ms;
    uint8_t *to = (uint8_t *)data;
    ch->wait_ms = 0;
    BIO_clear_retry_flags(b);
    if (ch->n_reads++ >= MAX_READS) {
        ch->io = ASC_IO_WANT_READ;
    }
    else if (wait_ms == 0) {
        ch->io = asc_tcp.recv(ch->conn, to, size, moved, ch->err);
    }
    else {
        ch->io = asc_tcp.recv_wait(ch->conn, to, size, wait_ms, moved, ch->err);
    }
    if (ch->io == ASC_IO_WANT_READ || ch->io == ASC_IO_INTERRUPTED) {
        BIO_set_retry_read(b);
    }
    return ch->io == ASC_IO_OK;
}

static long
socket_ctrl(BIO *b, int command, long number, void *pointer)
{
    (void)b, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method; /* NULL when memory was short */
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

/* Made once for the process. */
static void
make_method(void)
{
    BIO_METHOD *m =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
    if (m != NULL) {
        BIO_meth_set_write_ex(m, socket_write);
        BIO_meth_set_read_ex(m, socket_read);
        BIO_meth_set_ctrl(m, socket_ctrl);
    }
    method = m;
}

/* --- how a call of OpenSSL has ended --- */

/* Begin a call: errors of this thread's earlier calls must not be taken for its own. To
 * look for some costs less than to clear what is clear. */
static void
begin(channel *ch, int wait_ms, asc_error *err)
{
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
    ch->err = err;
    ch->io = ASC_IO_OK;
    ch->n_reads = 0;
    ch->wait_ms = wait_ms;
}

/* A call has returned rc. The socket has set the error if it was what failed. */
static asc_io
ended(channel *ch, int rc, const char *what)
{
    if (rc > 0) {
        return ASC_IO_OK;
    }
    switch (SSL_get_error(ch->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return ch->io == ASC_IO_INTERRUPTED ? ASC_IO_INTERRUPTED : ASC_IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return ASC_IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        asc_error_set(ch->err, ASC_ERR_CONNECTION, "the node closed the connection");
        return ASC_IO_ERROR;
    default:
        if (ch->io != ASC_IO_ERROR) {
            asc_tls_fail(ch->err, what);
        }
        ERR_clear_error();
        return ASC_IO_ERROR;
    }
}

/* --- handshakes --- */

static int
verify(X509_STORE_CTX *s, void *unused)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(s, SSL_get_ex_data_X509_STORE_CTX_idx());
    channel *ch = SSL_get_app_data(ssl);
    (void)unused;
    return object_of(ch)->config.encrypt_only || asc_tls_verify(&ch->check, s);
}

/* The node gives us a session to resume. */
static int
keep_session(SSL *ssl, SSL_SESSION *session)
{
    channel *ch = SSL_get_app_data(ssl);
    return asc_tls_object_keep(object_of(ch), ch->context, ch->address, ch->name,
                               session);
}

const asc_tls_hooks asc_tls_channel_hooks = {verify, keep_session};

/* Make OpenSSL's object. False when memory is short. */
static bool
prepare(channel *ch)
{
    pthread_once(&method_once, make_method);
    BIO *b = method != NULL ? BIO_new(method) : NULL;
    ch->ssl = b != NULL ? SSL_new(ch->context->ctx) : NULL;
    if (ch->ssl == NULL) {
        BIO_free(b);
        return false;
    }
    BIO_set_data(b, ch);
    BIO_set_init(b, 1);
    SSL_set_bio(ch->ssl, b, b);
    SSL_set_app_data(ch->ssl, ch);
    SSL_set_connect_state(ch->ssl);
    if (asc_tls_name_is_dns(ch->name) &&
        SSL_set_tlsext_host_name(ch->ssl, ch->name) != 1) {
        return false;
    }
    SSL_SESSION *session =
        asc_tls_object_session(object_of(ch), ch->context, ch->address, ch->name);
    if (session != NULL) {
        ch->offers = SSL_set_session(ch->ssl, session) == 1;
        SSL_SESSION_free(session);
    }
    return true;
}

/* Tell what has failed. A session that was offered may be the cause: there are servers
 * that break off when somebody wants to resume one. The next handshake does without. */
static void
handshake_failed(channel *ch)
{
    asc_error *err = ch->err;
    bool untrusted = ch->check.failure[0] != '\0', lost = ch->io == ASC_IO_ERROR;
    asc_tls_object_forget(object_of(ch), ch->context, ch->address, ch->name,
                          ch->offers && !untrusted && !lost);
    if (untrusted) {
        asc_error_set(err, ASC_ERR_TLS, "%s", ch->check.failure);
    }
    else if (lost) {
        asc_error_append(err, " in the TLS handshake; is the port one for TLS?");
    }
}

static void
log_session(const channel *ch)
{
    if (object_of(ch)->config.log_session_info) {
        asc_log(ASC_LOG_INFO, "TLS session with %s (%s): %s, %s, %s", ch->address,
                ch->name[0] != '\0' ? ch->name : "no name", SSL_get_version(ch->ssl),
                SSL_get_cipher_name(ch->ssl),
                SSL_session_reused(ch->ssl) ? "resumed" : "new");
    }
}

/* Go on with the handshake. */
static asc_io
handshake(channel *ch, asc_error *err)
{
    begin(ch, 0, err);
    asc_tls_guard_enter();
    bool ok = ch->ssl != NULL || prepare(ch);
    int rc = ok ? SSL_do_handshake(ch->ssl) : 0;
    asc_io io = ok ? ended(ch, rc, "the TLS handshake has failed") : ASC_IO_ERROR;
    if (ok && io == ASC_IO_ERROR) {
        handshake_failed(ch);
    }
    asc_tls_guard_leave();
    if (!ok) {
        ERR_clear_error();
        asc_error_set(err, ASC_ERR_NOMEM, "TLS connection");
    }
    return io;
}

/* --- the functions of the transport --- */

static asc_io
tls_start(asc_conn *c, const asc_addr *addr, asc_error *err)
{
    asc_tls *t = (asc_tls *)c->transport;
    if (addr->tls_name[0] == '\0' && !t->config.encrypt_only) {
        err->phase = ASC_PHASE_TLS;
        asc_error_set(err, ASC_ERR_TLS,
                      "no TLS name is known for the node, so its certificate cannot be "
                      "checked; it is the third part of a host in config[\"hosts\"], "
                      "(address, port, tls-name), or stands in the cluster's list of "
                      "nodes");
        return ASC_IO_ERROR;
    }
    channel *ch = asc_calloc(1, sizeof *ch);
    if (ch == NULL) {
        asc_error_set(err, ASC_ERR_NOMEM, "TLS connection");
        return ASC_IO_ERROR;
    }
    ch->conn = c;
    ch->fork_count = asc_fork_count();
    snprintf(ch->address, sizeof ch->address, "%s", addr->text);
    snprintf(ch->name, sizeof ch->name, "%s", addr->tls_name);
    c->state = ch;
    ch->context = asc_tls_object_context(t, err);
    if (ch->context == NULL) {
        return ASC_IO_ERROR;
    }
    ch->check.name = ch->name;
    ch->check.blacklist = ch->context->blacklist;
    return asc_tcp.start(c, addr, err);
}

static asc_io
tls_connect(asc_conn *c, asc_error *err)
{
    channel *ch = c->state;
    asc_io io = asc_tcp.connect(c, err);
    if (io != ASC_IO_OK || ch->established) {
        return io;
    }
    io = handshake(ch, err);
    if (io == ASC_IO_OK) {
        ch->established = true;
        log_session(ch);
    }
    return io;
}

/* A node that does not accept our certificate says so, and hangs up, when we take the
 * handshake for done. What it said is a better cause than that nothing can be sent. */
static void
listen_for_cause(channel *ch, asc_error *err)
{
    uint8_t byte;
    size_t n;
    asc_error ignored;
    asc_error_reset(&ignored);
    asc_tls_guard_enter();
    begin(ch, 0, &ignored);
    if (SSL_peek_ex(ch->ssl, &byte, 1, &n) == 0 && ch->io != ASC_IO_ERROR &&
        SSL_get_error(ch->ssl, 0) == SSL_ERROR_SSL) {
        asc_tls_fail(err, CANNOT_RECEIVE);
    }
    ERR_clear_error();
    asc_tls_guard_leave();
}

/* A record is reported when it has left as a whole. Of one that has not, the node
 * cannot read a byte; so what is not reported has not arrived. */
static asc_io
tls_send(asc_conn *c, const uint8_t *data, size_t size, size_t *moved, asc_error *err)
{
    channel *ch = c->state;
    begin(ch, 0, err);
    asc_io io =
        ended(ch, SSL_write_ex(ch->ssl, data, size, moved), "cannot send over TLS");
    if (io == ASC_IO_ERROR && ch->io == ASC_IO_ERROR) {
        listen_for_cause(ch, err);
    }
    return io;
}

static asc_io
receive(channel *ch, uint8_t *data, size_t size, int timeout_ms, size_t *moved,
        asc_error *err)
{
    begin(ch, timeout_ms, err);
    return ended(ch, SSL_read_ex(ch->ssl, data, size, moved), CANNOT_RECEIVE);
}

static asc_io
tls_recv(asc_conn *c, uint8_t *data, size_t size, size_t *moved, asc_error *err)
{
    channel *ch = c->state;
    if (ch->settled) {
        return receive(ch, data, size, 0, moved, err);
    }
    /* Tickets come before the first reply, and OpenSSL makes objects of them. */
    asc_tls_guard_enter();
    asc_io io = receive(ch, data, size, 0, moved, err);
    asc_tls_guard_leave();
    ch->settled = io == ASC_IO_OK;
    return io;
}

/* Nobody waits inside the guard: the first reply is waited for outside. */
static asc_io
tls_recv_wait(asc_conn *c, uint8_t *data, size_t size, int timeout_ms, size_t *moved,
              asc_error *err)
{
    channel *ch = c->state;
    if (ch->settled) {
        return receive(ch, data, size, timeout_ms, moved, err);
    }
    asc_io io = tls_recv(c, data, size, moved, err);
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    return io == ASC_IO_WANT_READ && poll(&p, 1, timeout_ms) > 0
               ? tls_recv(c, data, size, moved, err)
               : io;
}

/* Messages of TLS itself, such as tickets to resume the session, may lie on an idle
 * connection; looking takes them in. */
static bool
tls_is_idle(asc_conn *c)
{
    channel *ch = c->state;
    uint8_t byte;
    size_t n;
    asc_error ignored;
    if (!ch->established) {
        return asc_tcp.is_idle(c);
    }
    asc_error_reset(&ignored);
    begin(ch, 0, &ignored);
    if (ch->settled) {
        return ended(ch, SSL_peek_ex(ch->ssl, &byte, 1, &n), "") == ASC_IO_WANT_READ;
    }
    asc_tls_guard_enter();
    asc_io io = ended(ch, SSL_peek_ex(ch->ssl, &byte, 1, &n), "");
    asc_tls_guard_leave();
    return io == ASC_IO_WANT_READ;
}

static void
tls_close(asc_conn *c)
{
    asc_tcp.close(c);
}

/* A session may be resumed although no farewell was sent: what is missing of a reply is
 * known by its length. In the child of a fork OpenSSL's object is left behind, since
 * freeing it takes locks that may be the parent's. */
static void
tls_end(asc_conn *c)
{
    channel *ch = c->state;
    c->state = NULL;
    if (ch != NULL && ch->fork_count == asc_fork_count()) {
        asc_tls_guard_enter();
        if (ch->established) {
            SSL_set_shutdown(ch->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        }
        SSL_free(ch->ssl);
        asc_tls_guard_leave();
        asc_tls_context_release(ch->context);
    }
    asc_free(ch);
}

const asc_transport asc_tls_channel = {
    .word = "tls",
    .keeps = true,
    .start = tls_start,
    .connect = tls_connect,
    .send = tls_send,
    .recv = tls_recv,
    .recv_wait = tls_recv_wait,
    .is_idle = tls_is_idle,
    .close = tls_close,
    .end = tls_end,
};
