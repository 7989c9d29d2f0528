/* Logins. A login and the presenting of a token are greetings: small exchanges of one
 * frame each way that a connection goes through before anybody may use it. What a node
 * answers is a claim, so its size is bounded and its fields are checked. */
#include "net/login.h"

#include "asc/admin.h"
#include "asc/alloc.h"
#include "asc/bytes.h"
#include "asc/log.h"
#include "asc/secret.h"
#include "base/time.h"
#include "net/credentials.h"
#include "net/transfer.h"

/* A longer answer is refused: a token has a few hundred bytes. */
#define MAX_REPLY (16u << 10)

/* A session is renewed so long before it ends. */
#define RENEW_S 60u

/* One greeting. */
typedef struct greeting {
    asc_greeting base;
    asc_credentials *credentials; /* counted; NULL: a token is presented */
    asc_buf out, in;
    asc_transfer io;
} greeting;

/* Make the session of a login that was answered with a token. */
static asc_session *
session_of_token(const asc_credentials *credentials, const asc_admin_value *token,
                 uint64_t renew_ms)
{
    asc_buf out = ASC_BUF_INIT;
    const char *user = asc_credentials_user(credentials);
    bool ok = asc_buf_grow(&out, 64 + ASC_USER_NAME_SIZE + token->size) &&
              asc_admin_begin(&out, ASC_ADMIN_AUTHENTICATE) &&
              (user[0] == '\0' ||
               asc_admin_field(&out, ASC_ADMIN_USER, user, strlen(user))) &&
              asc_admin_field(&out, ASC_ADMIN_TOKEN, token->data, token->size);
    asc_session *s = ok ? asc_session_new(out.data, out.len, renew_ms) : NULL;
    if (s == NULL) {
        asc_buf_wipe(&out);
    }
    return s;
}

/* --- the answers --- */

/* A session that ends too soon to be renewed is taken for one that does not end. */
static uint64_t
renewal(uint32_t ttl_s)
{
    if (ttl_s <= RENEW_S) {
        asc_log(ASC_LOG_WARN,
                "a session of %u s is too short to be renewed: it is "
                "used until the node refuses it",
                ttl_s);
        return ASC_FOREVER;
    }
    return asc_now_ms() + (uint64_t)(ttl_s - RENEW_S) * 1000;
}

/* Read the token and the time to live of a login that was accepted. */
static asc_status
read_login(asc_conn *c, const greeting *g, asc_admin_block *b, asc_error *err)
{
    asc_admin_value v, token = {0};
    uint64_t renew_ms = ASC_FOREVER;
    for (unsigned i = 0; i < b->n_fields; i++) {
        if (asc_admin_next(b, &v, err) != ASC_OK) {
            return err->code;
        }
        if (v.id == ASC_ADMIN_TOKEN) {
            token = v;
        }
        else if (v.id == ASC_ADMIN_TOKEN_TTL && v.size == 4) {
            renew_ms = renewal(asc_get_u32(v.data));
        }
    }
    if (token.size == 0) {
        return asc_error_set(err, ASC_ERR_CLIENT,
                             "the node accepts the login and gives no token");
    }
    c->session = session_of_token(g->credentials, &token, renew_ms);
    return c->session != NULL ? ASC_OK : asc_error_set(err, ASC_ERR_NOMEM, "session");
}

/* Note that a node does without logins. */
static asc_status
read_no_login(asc_conn *c, const greeting *g, asc_error *err)
{
    asc_credentials_ignored(g->credentials);
    asc_log(ASC_LOG_WARN, "the node has security disabled: the user is not checked");
    c->session = asc_session_new(NULL, 0, ASC_FOREVER);
    return c->session != NULL ? ASC_OK : asc_error_set(err, ASC_ERR_NOMEM, "session");
}

/* Take in the node's answer. */
static asc_status
take(asc_conn *c, const greeting *g, asc_error *err)
{
    asc_admin_block b;
    const asc_buf *in = &g->in;
    if (in->data[1] != ASC_PROTO_ADMIN) {
        return asc_error_set(err, ASC_ERR_CLIENT,
                             "the node does not answer the login, but something else");
    }
    if (asc_admin_open(&b, in->data + ASC_PROTO_HEADER_SIZE,
                       in->len - ASC_PROTO_HEADER_SIZE, err) != ASC_OK) {
        return err->code;
    }
    bool is_login = g->credentials != NULL;
    if (b.result == ASC_ERR_SECURITY_NOT_ENABLED) {
        return is_login ? read_no_login(c, g, err) : ASC_OK;
    }
    if (b.result != ASC_OK) {
        return asc_error_set_result(err, b.result);
    }
    return is_login ? read_login(c, g, &b, err) : ASC_OK;
}

/* --- greetings --- */

static asc_io
greeting_step(asc_conn *c, asc_error *err)
{
    greeting *g = (greeting *)c->greeting;
    asc_io io = asc_transfer_step(&g->io, err);
    if (io != ASC_IO_OK) {
        return io;
    }
    return take(c, g, err) == ASC_OK ? ASC_IO_OK : ASC_IO_ERROR;
}

static void
greeting_end(asc_greeting *base)
{
    greeting *g = (greeting *)base;
    asc_buf_wipe(&g->out);
    asc_buf_wipe(&g->in);
    asc_credentials_release(g->credentials);
    asc_free(g);
}

/* Give a connection a greeting, whose request is still to be written. NULL when memory
 * is short. */
static greeting *
greeting_new(asc_conn *c, asc_credentials *credentials)
{
    greeting *g = asc_calloc(1, sizeof *g);
    if (g != NULL) {
        g->base = (asc_greeting){greeting_step, greeting_end};
        g->credentials = credentials;
        asc_credentials_retain(credentials);
        c->greeting = &g->base;
    }
    return g;
}

/* The transport has connected by the time of the first step, so that the transfer
 * begins by sending. */
static void
begin(asc_conn *c, greeting *g)
{
    asc_transfer_begin(&g->io, c, g->out.data, g->out.len, &g->in);
    g->io.state = ASC_TRANSFER_SEND;
    g->io.max_size = MAX_REPLY;
}

asc_status
asc_login_begin(asc_conn *c, asc_credentials *credentials, asc_error *err)
{
    greeting *g = greeting_new(c, credentials);
    if (g == NULL || !asc_credentials_write_login(credentials, &g->out)) {
        return asc_error_set(err, ASC_ERR_NOMEM, "login");
    }
    begin(c, g);
    return ASC_OK;
}

asc_status
asc_login_present(asc_conn *c, asc_session *s, asc_error *err)
{
    asc_session_retain(s);
    c->session = s;
    if (s->size == 0) {
        return ASC_OK;
    }
    greeting *g = greeting_new(c, NULL);
    if (g == NULL || !asc_buf_put(&g->out, s->request, s->size)) {
        return asc_error_set(err, ASC_ERR_NOMEM, "authentication");
    }
    begin(c, g);
    return ASC_OK;
}
