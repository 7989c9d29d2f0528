/* TLS against a node made of OpenSSL itself, in the same thread: client and node take
 * steps in turn. Also what needs no node: names, protocols, lists of certificates. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "asc/alloc.h"
#include "asc/tls.h"
#include "kit.h"
#include "net/conn.h"
#include "tls/blacklist.h"
#include "tls/protocols.h"
#include "tls/roots.h"
#include "tls/verify.h"

#define NAME "node.example"

/* --- a node ----------------------------------------------------------------------- */

/* A key and a certificate that it signs itself, made once. */
static EVP_PKEY *key;
static X509 *certificate;
static char *pem; /* the certificate, as castring takes it */

static void
make_certificate(void)
{
    if (certificate != NULL) {
        return;
    }
    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 0x1234);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)NAME, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key);
    CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
    BIO *b = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(b, certificate);
    char *text;
    long size = BIO_get_mem_data(b, &text);
    pem = strndup(text, (size_t)size);
    BIO_free(b);
}

/* A node and one client of its. */
typedef struct pair {
    int listener;
    SSL_CTX *ctx;
    SSL *node;
    const asc_transport *transport;
    asc_conn *conn;
    asc_addr addr;
    asc_error err;
} pair;

/* Let the node listen, and the client begin to connect. */
static bool
pair_begin(pair *p, int version)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    socklen_t size = sizeof own;
    make_certificate();
    *p = (pair){.listener = socket(AF_INET, SOCK_STREAM, 0)};
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    asc_error_reset(&p->err);
    p->ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(p->ctx, certificate);
    SSL_CTX_use_PrivateKey(p->ctx, key);
    SSL_CTX_set_min_proto_version(p->ctx, version);
    SSL_CTX_set_max_proto_version(p->ctx, version);
    const asc_tls_config config = {.castring = pem};
    return CHECK_EQ_INT(bind(p->listener, (struct sockaddr *)&own, sizeof own), 0) &&
           CHECK_EQ_INT(listen(p->listener, 4), 0) &&
           CHECK_EQ_INT(getsockname(p->listener, (struct sockaddr *)&own, &size), 0) &&
           CHECK(asc_addr_literal(&p->addr, "127.0.0.1", ntohs(own.sin_port))) &&
           CHECK_EQ_INT(asc_tls_new(&p->transport, &config, &p->err), ASC_OK);
}

/* Connect to the node. */
static asc_status
pair_start(pair *p)
{
    memcpy(p->addr.tls_name, NAME, sizeof NAME);
    return asc_conn_start(&p->conn, p->transport, &p->addr, &p->err);
}

/* Let the node accept what has connected. */
static void
pair_accept(pair *p)
{
    int fd = accept(p->listener, NULL, NULL);
    CHECK(fd >= 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    p->node = SSL_new(p->ctx);
    SSL_set_fd(p->node, fd);
    SSL_set_accept_state(p->node);
}

/* Shake hands, step by step. */
static asc_io
pair_shake(pair *p)
{
    asc_io io = ASC_IO_WANT_READ;
    for (int i = 0; i < 10000 && (io == ASC_IO_WANT_READ || io == ASC_IO_WANT_WRITE);
         i++) {
        io = asc_conn_open(p->conn, &p->err);
        SSL_do_handshake(p->node);
    }
    return io;
}

/* The node says something. */
static void
node_says(pair *p, const char *text)
{
    CHECK_EQ_INT(SSL_write(p->node, text, (int)strlen(text)), (int)strlen(text));
}

/* The client hears what the node says; "" for nothing. */
static const char *
client_hears(pair *p)
{
    static char text[64];
    size_t n = 0;
    asc_io io = ASC_IO_WANT_READ;
    for (int i = 0; i < 100 && io == ASC_IO_WANT_READ; i++) {
        io = p->transport->recv_wait(p->conn, (uint8_t *)text, sizeof text - 1, 10, &n,
                                     &p->err);
    }
    text[io == ASC_IO_OK ? n : 0] = '\0';
    return text;
}

/* The node hears what the client says. */
static const char *
node_hears(pair *p)
{
    static char text[64];
    int n = -1;
    for (int i = 0; i < 10000 && n < 0; i++) {
        n = SSL_read(p->node, text, sizeof text - 1);
    }
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void
client_says(pair *p, const char *text)
{
    size_t n = 0;
    CHECK_EQ_INT(
        p->transport->send(p->conn, (const uint8_t *)text, strlen(text), &n, &p->err),
        ASC_IO_OK);
    CHECK_EQ_INT(n, strlen(text));
}

/* End the node's side of the connection. */
static void
node_end(pair *p)
{
    if (p->node != NULL) {
        close(SSL_get_fd(p->node));
        SSL_free(p->node);
        p->node = NULL;
    }
}

static void
pair_end(pair *p)
{
    asc_conn_free(p->conn);
    asc_tls_release(p->transport);
    node_end(p);
    SSL_CTX_free(p->ctx);
    close(p->listener);
}

/* A pair that has shaken hands. */
static bool
pair_made(pair *p, int version)
{
    if (!pair_begin(p, version) || !CHECK_EQ_INT(pair_start(p), ASC_OK)) {
        return false;
    }
    pair_accept(p);
    bool ok = CHECK_EQ_INT(pair_shake(p), ASC_IO_OK);
    if (!ok) {
        kit_note("%s", p->err.message);
    }
    return ok && CHECK(p->conn->ready);
}

static const int both[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* --- connections ------------------------------------------------------------------ */

static void
test_words_travel(void)
{
    for (size_t i = 0; i < 2; i++) {
        pair p;
        kit_note("version %x", both[i]);
        if (pair_made(&p, both[i])) {
            client_says(&p, "question");
            CHECK_EQ_STR(node_hears(&p), "question");
            node_says(&p, "answer");
            CHECK_EQ_STR(client_hears(&p), "answer");
            CHECK(p.transport->is_idle(p.conn));
            node_says(&p, "unasked");
            while (p.transport->is_idle(p.conn)) {
                usleep(1000);
            }
        }
        pair_end(&p);
    }
}

/* What comes in one record is handed over in parts, without another look at the
 * socket. */
static void
test_records_are_handed_over_in_parts(void)
{
    pair p;
    size_t n;
    uint8_t byte;
    if (pair_made(&p, TLS1_3_VERSION)) {
        node_says(&p, "x");
        CHECK_EQ_STR(client_hears(&p), "x"); /* and the tickets before it */
        node_says(&p, "abc");
        for (const char *c = "abc"; *c != '\0'; c++) {
            CHECK_EQ_INT(p.transport->recv_wait(p.conn, &byte, 1, 1000, &n, &p.err),
                         ASC_IO_OK);
            CHECK_EQ_INT(byte, *c);
        }
        CHECK_EQ_INT(p.transport->recv(p.conn, &byte, 1, &n, &p.err), ASC_IO_WANT_READ);
        CHECK_EQ_INT(p.transport->recv_wait(p.conn, &byte, 1, 1, &n, &p.err),
                     ASC_IO_WANT_READ);
    }
    pair_end(&p);
}

/* Tickets and new keys come between replies, and are none. */
static void
test_messages_of_tls_are_no_reply(void)
{
    pair p;
    if (pair_made(&p, TLS1_3_VERSION)) {
        SSL_new_session_ticket(p.node);
        SSL_do_handshake(p.node);
        CHECK(p.transport->is_idle(p.conn));
        SSL_key_update(p.node, SSL_KEY_UPDATE_REQUESTED);
        node_says(&p, "with other keys");
        CHECK_EQ_STR(client_hears(&p), "with other keys");
        client_says(&p, "here as well");
        CHECK_EQ_STR(node_hears(&p), "here as well");
    }
    pair_end(&p);
}

/* A node that never stops to send tickets keeps no call beyond some receptions. */
static void
test_endless_messages_of_tls_end_a_call(void)
{
    pair p;
    size_t n, n_calls = 0;
    uint8_t byte;
    if (pair_made(&p, TLS1_3_VERSION)) {
        bool blocked = false;
        for (int i = 0; i < 100000 && !blocked; i++) {
            blocked =
                SSL_new_session_ticket(p.node) != 1 || SSL_do_handshake(p.node) != 1;
        }
        CHECK(blocked);
        struct pollfd there = {.fd = p.conn->fd, .events = POLLIN};
        while (poll(&there, 1, 0) == 1 && n_calls < 1000) {
            n_calls++;
            if (!CHECK_EQ_INT(p.transport->recv(p.conn, &byte, 1, &n, &p.err),
                              ASC_IO_WANT_READ)) {
                break;
            }
        }
        CHECK(n_calls > 1);
    }
    pair_end(&p);
}

static void
test_no_renegotiation(void)
{
    pair p;
    if (pair_made(&p, TLS1_2_VERSION)) {
        CHECK_EQ_INT(SSL_renegotiate(p.node), 1);
        SSL_do_handshake(p.node);
        CHECK_EQ_STR(client_hears(&p), "");
        CHECK_EQ_STR(node_hears(&p), ""); /* the refusal ends it for OpenSSL */
        CHECK_EQ_INT(SSL_is_init_finished(p.node), 0);
        CHECK_EQ_STR(client_hears(&p), "");
        CHECK_EQ_INT(p.err.code, ASC_ERR_TLS);
    }
    pair_end(&p);
}

/* What could not be sent is sent again from another place in memory. What was reported
 * is what the node can read, and no byte of it comes twice. */
static void
test_long_requests_leave_in_parts(void)
{
    enum { SIZE = 6 << 20 };
    pair p;
    uint8_t *data = malloc(SIZE), *copy = malloc(SIZE), *got = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        data[i] = copy[i] = (uint8_t)(i * 7 + i / 251);
    }
    size_t sent = 0, n_got = 0, n;
    bool waited = false;
    if (pair_made(&p, TLS1_3_VERSION)) {
        while (sent < SIZE) {
            const uint8_t *from = waited ? copy : data;
            asc_io io = p.transport->send(p.conn, from + sent, SIZE - sent, &n, &p.err);
            if (io == ASC_IO_OK) {
                CHECK(n > 0 && n <= SIZE - sent);
                sent += n;
                continue;
            }
            waited = true;
            if (!CHECK_EQ_INT(io, ASC_IO_WANT_WRITE)) {
                break;
            }
            int k = SSL_read(p.node, got + n_got, (int)(SIZE - n_got));
            n_got += k > 0 ? (size_t)k : 0;
            CHECK(n_got <= sent);
        }
        for (int i = 0; i < 100000 && n_got < sent; i++) {
            int k = SSL_read(p.node, got + n_got, (int)(SIZE - n_got));
            n_got += k > 0 ? (size_t)k : 0;
        }
        CHECK(waited);
        CHECK(n_got == SIZE && memcmp(got, data, SIZE) == 0);
    }
    pair_end(&p);
    free(data);
    free(copy);
    free(got);
}

static void
test_end_of_the_stream(void)
{
    for (int farewell = 0; farewell < 2; farewell++) {
        pair p;
        if (pair_made(&p, TLS1_3_VERSION)) {
            if (farewell) {
                SSL_shutdown(p.node);
            }
            node_end(&p);
            CHECK_EQ_STR(client_hears(&p), "");
            CHECK_EQ_INT(p.err.code, ASC_ERR_CONNECTION);
            CHECK_HAS(p.err.message, "the node closed the connection");
            CHECK(!p.transport->is_idle(p.conn));
        }
        pair_end(&p);
    }
}

static void
test_sessions_are_resumed(void)
{
    for (size_t i = 0; i < 2; i++) {
        pair p;
        if (pair_made(&p, both[i])) {
            node_says(&p, "x");
            CHECK_EQ_STR(client_hears(&p), "x"); /* and the tickets before it */
            for (int turn = 0; turn < 3; turn++) {
                asc_conn_free(p.conn);
                node_end(&p);
                p.conn = NULL;
                CHECK_EQ_INT(pair_start(&p), ASC_OK);
                pair_accept(&p);
                CHECK_EQ_INT(pair_shake(&p), ASC_IO_OK);
                CHECK_EQ_INT(SSL_session_reused(p.node), 1);
            }
        }
        pair_end(&p);
    }
}

/* A server that asks for certificates, and was not told how to tell its sessions apart,
 * breaks off when one is to be resumed. Only one handshake is lost by that. */
static void
test_a_node_that_cannot_resume(void)
{
    pair p;
    if (pair_begin(&p, TLS1_2_VERSION)) {
        SSL_CTX_set_verify(p.ctx, SSL_VERIFY_PEER, NULL);
        for (int turn = 0; turn < 5; turn++) {
            kit_note("turn %d", turn);
            CHECK_EQ_INT(pair_start(&p), ASC_OK);
            pair_accept(&p);
            asc_io io = pair_shake(&p);
            CHECK_EQ_INT(io, turn == 1 ? ASC_IO_ERROR : ASC_IO_OK);
            if (io == ASC_IO_OK) {
                node_says(&p, "x");
                CHECK_EQ_STR(client_hears(&p), "x");
            }
            asc_conn_free(p.conn);
            p.conn = NULL;
            node_end(&p);
        }
    }
    pair_end(&p);
}

/* Each allocation of ours fails once, on the way to a connection. OpenSSL has its
 * own. */
static void
test_memory_runs_short(void)
{
    bool done = false;
    make_certificate();
    for (unsigned long nth = 1; !done && nth < 200; nth++) {
        pair p;
        const asc_transport *t = NULL;
        const asc_tls_config config = {.castring = pem, .cert_blacklist = "/dev/null"};
        const asc_tls_config plain = {.castring = pem};
        asc_error err;
        asc_error_reset(&err);
        kit_note("allocation %lu", nth);
        asc_alloc_fail_after(nth);
        asc_tls_new(&t, &config, &err);
        asc_alloc_fail_after(0);
        CHECK(t == NULL);
        CHECK(err.code == ASC_ERR_NOMEM || err.code == ASC_ERR_TLS);
        asc_error_reset(&err);
        asc_alloc_fail_after(nth);
        done = asc_tls_new(&t, &plain, &err) == ASC_OK;
        asc_alloc_fail_after(0);
        CHECK(done || err.code == ASC_ERR_NOMEM);
        asc_tls_release(t);
        if (done || !pair_begin(&p, TLS1_3_VERSION)) {
            break;
        }
        asc_alloc_fail_after(nth);
        asc_status rc = pair_start(&p);
        asc_alloc_fail_after(0);
        CHECK(rc == ASC_OK || p.err.code == ASC_ERR_NOMEM);
        pair_end(&p);
    }
    CHECK(done);
}

/* --- options ---------------------------------------------------------------------- */

static void
test_names(void)
{
    static const struct {
        const char *pattern, *name;
        bool fits;
    } rows[] = {
        {"a.b", "a.b", true},     {"A.b", "a.B", true},    {"a.b", "a.c", false},
        {"*.b", "a.b", true},     {"*.b", "a.c.b", false}, {"*.b", ".b", false},
        {"*.b", "b", false},      {"*.b", "*.b", true},    {"*", "a", false},
        {"*.", "a.", false},      {"a*.b", "ax.b", false}, {"*.*.b", "a.c.b", false},
        {"*.*.b", "a.*.b", true}, {"", "", false},         {"", "a", false},
        {"a", "", false},         {"node", "node", true},  {"*.a.b", "x.a.b", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        kit_note("%s, %s", rows[i].pattern, rows[i].name);
        size_t size = strlen(rows[i].pattern);
        uint8_t *exact = kit_exact(rows[i].pattern, size);
        CHECK_EQ_INT(asc_tls_name_fits(exact, size, rows[i].name), rows[i].fits);
        free(exact);
    }
    kit_note(NULL);
    CHECK(!asc_tls_name_fits((const uint8_t *)"a\0b", 3, "a"));
    CHECK(asc_tls_name_is_dns("node.example") && asc_tls_name_is_dns("a_b-c"));
    CHECK(!asc_tls_name_is_dns("") && !asc_tls_name_is_dns("127.0.0.1"));
    CHECK(!asc_tls_name_is_dns("a b") && !asc_tls_name_is_dns("a..b"));
    CHECK(!asc_tls_name_is_dns(".a") && !asc_tls_name_is_dns("a."));
    CHECK(!asc_tls_name_is_dns("::1"));
}

static void
test_protocols(void)
{
    static const struct {
        const char *text;
        unsigned set; /* 0: refused */
    } rows[] = {
        {NULL, ASC_TLS_1_2 | ASC_TLS_1_3},
        {"all", ASC_TLS_1_2 | ASC_TLS_1_3},
        {"-all +TLSv1.2", ASC_TLS_1_2},
        {"TLSv1.3", ASC_TLS_1_3},
        {"+TLSv1 +TLSv1.3", ASC_TLS_1_0 | ASC_TLS_1_3},
        {"all -TLSv1.2", ASC_TLS_1_3},
        {"", 0},
        {"  ", 0},
        {"-all", 0},
        {"all TLSv1.2", 0},
        {"SSLv3", 0},
        {"TLSv1.22", 0},
        {"TLSv1.", 0},
        {"+", 0},
        {"+-TLSv1.2", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned set = 0;
        asc_error err;
        asc_error_reset(&err);
        kit_note("%s", rows[i].text != NULL ? rows[i].text : "(null)");
        asc_status rc = asc_tls_protocols_parse(rows[i].text, &set, &err);
        CHECK_EQ_INT(set, rows[i].set);
        CHECK_EQ_INT(rc, rows[i].set != 0 ? ASC_OK : ASC_ERR_TLS);
    }
}

/* OpenSSL's own places come first, then the first of the table that is there. */
static void
test_roots_of_the_system(void)
{
    const char *const none = "/nowhere/at/all", *const here = "/dev/null";
    const struct {
        const char *file, *folder, *places[3], *want;
    } rows[] = {
        {none, none, {none, here, NULL}, here}, {none, none, {here, "/", NULL}, here},
        {none, none, {none, none, NULL}, NULL}, {none, none, {NULL, NULL, NULL}, NULL},
        {here, none, {here, NULL, NULL}, NULL}, {none, "/", {here, NULL, NULL}, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        kit_note("row %zu", i);
        CHECK(asc_tls_choose_roots(rows[i].file, rows[i].folder, rows[i].places) ==
              rows[i].want);
    }
    kit_note(NULL);
}

/* Is the certificate, serial 1234 of /CN=node.example, in the list? -1: it cannot be
 * parsed. */
static int
listed(const char *text)
{
    asc_tls_blacklist *b = NULL;
    asc_error err;
    asc_error_reset(&err);
    size_t size = strlen(text);
    uint8_t *exact = kit_exact(text, size);
    const asc_buf file = {exact, size, size};
    make_certificate();
    int found = asc_tls_blacklist_parse(&b, &file, &err) == ASC_OK
                    ? asc_tls_blacklist_has(b, certificate)
                    : -1;
    asc_tls_blacklist_free(b);
    free(exact);
    return found;
}

static void
test_blacklists(void)
{
    CHECK_EQ_INT(listed(""), 0);
    CHECK_EQ_INT(listed("1234"), 1);
    CHECK_EQ_INT(listed("# 1234\n \n12345\n123\n"), 0);
    CHECK_EQ_INT(listed("ff\n  0001234 \r\nab\n"), 1);
    CHECK_EQ_INT(listed("1234 /CN=node.example"), 1);
    CHECK_EQ_INT(listed("1234 /CN=node.example \n"), 1);
    CHECK_EQ_INT(listed("1234 /CN=other\n1234\t/CN=node.example"), 1);
    CHECK_EQ_INT(listed("1234 /CN=other"), 0);
    CHECK_EQ_INT(listed("0x1234"), -1);
    CHECK_EQ_INT(listed("12:34"), -1);
    CHECK_EQ_INT(listed("\n\n/CN=node.example"), -1);
    CHECK_EQ_INT(listed("1234567890123456789012345678901234567890123456789012345678901"
                        "234567890"),
                 -1);
}

static void
test_host_hears_what_it_wants_to(void)
{
    const asc_transport *t;
    asc_error err;
    asc_error_reset(&err);
    make_certificate();
    const asc_tls_config config = {.castring = pem};
    CHECK_EQ_INT(asc_tls_shared.version, ASC_TLS_LIBRARY_VERSION);
    CHECK_EQ_INT(asc_tls_shared.create(&t, &config, &err), ASC_OK);
    CHECK_EQ_STR(t->word, "tls");
    asc_transport_retain(t);
    asc_transport_release(t);
    asc_tls_shared.release(t);
    asc_tls_release(NULL);
}

static const kit_test tests[] = {
    {"words travel", test_words_travel},
    {"records are handed over in parts", test_records_are_handed_over_in_parts},
    {"messages of TLS are no reply", test_messages_of_tls_are_no_reply},
    {"endless messages of TLS end a call", test_endless_messages_of_tls_end_a_call},
    {"no renegotiation", test_no_renegotiation},
    {"long requests leave in parts", test_long_requests_leave_in_parts},
    {"end of the stream", test_end_of_the_stream},
    {"sessions are resumed", test_sessions_are_resumed},
    {"a node that cannot resume", test_a_node_that_cannot_resume},
    {"memory runs short", test_memory_runs_short},
    {"names", test_names},
    {"protocols", test_protocols},
    {"roots of the system", test_roots_of_the_system},
    {"blacklists", test_blacklists},
    {"shared library", test_host_hears_what_it_wants_to},
};

KIT_MAIN("ut_tls", tests)
