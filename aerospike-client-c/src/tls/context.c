/* From options to OpenSSL's context. All that can be wrong with an option comes out
 * here, before any node is asked. OpenSSL's own configuration holds where the options
 * say nothing. */
#include "tls/context.h"

#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "asc/alloc.h"
#include "base/fork.h"
#include "tls/guard.h"
#include "tls/protocols.h"
#include "tls/roots.h"
#include "tls/reasons.h"

/* So much is taken off a socket at once: records come with their headers and with the
 * next ones in one system call. */
#define READ_SIZE ((size_t)32 << 10)

/* What goes through the making of a context. */
typedef struct maker {
    const asc_tls_config *config;
    const asc_tls_files *files;
    asc_tls_context *context;
    SSL_CTX *ctx;
    unsigned protocols;
    asc_error *err;
} maker;

/* --- reading PEM --- */

static BIO *
reader_of(maker *m, const asc_buf *bytes, const char *what)
{
    BIO *b =
        bytes->len <= INT_MAX ? BIO_new_mem_buf(bytes->data, (int)bytes->len) : NULL;
    if (b == NULL) {
        asc_error_set(m->err, ASC_ERR_NOMEM, "%s", what);
    }
    return b;
}

/* Is the end of the text what has ended the reading? The queue is empty afterwards if
 * so. */
static bool
at_end(void)
{
    unsigned long code = ERR_peek_last_error();
    bool end =
        ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    if (end) {
        ERR_clear_error();
    }
    return end;
}

/* A password that is asked for where none is needed. */
static int
no_password(char *out, int size, int writing, void *context)
{
    (void)out, (void)size, (void)writing, (void)context;
    return -1;
}

/* --- whom to trust --- */

/* The options that certificates may have come from, for errors. */
static const char *
trust_options(const asc_tls_config *c)
{
    if (c->capath == NULL) {
        return c->cafile != NULL ? "tls.cafile" : "tls.castring";
    }
    return c->cafile == NULL && c->castring == NULL ? "tls.capath"
                                                    : "tls.cafile and tls.capath";
}

/* Append which file an option names; a text of the program has none. */
static void
say_file(asc_error *err, const char *option, const char *path)
{
    if (path != NULL) {
        asc_error_append(err, " (%s is %s)", option, path);
    }
}

/* Put what one block of PEM holds into the store. Returns false with OpenSSL's error.
 * */
static bool
trust(X509_STORE *store, const char *kind, const unsigned char *data, long size,
      size_t *n_certificates, size_t *n_crls)
{
    bool ok = true;
    if (strcmp(kind, PEM_STRING_X509) == 0 || strcmp(kind, PEM_STRING_X509_OLD) == 0 ||
        strcmp(kind, PEM_STRING_X509_TRUSTED) == 0) {
        bool aux = strcmp(kind, PEM_STRING_X509_TRUSTED) == 0;
        X509 *x = aux ? d2i_X509_AUX(NULL, &data, size) : d2i_X509(NULL, &data, size);
        ok = x != NULL && X509_STORE_add_cert(store, x) == 1;
        X509_free(x);
        *n_certificates += ok;
    }
    else if (strcmp(kind, PEM_STRING_X509_CRL) == 0) {
        X509_CRL *crl = d2i_X509_CRL(NULL, &data, size);
        ok = crl != NULL && X509_STORE_add_crl(store, crl) == 1;
        X509_CRL_free(crl);
        *n_crls += ok;
    }
    return ok;
}

/* Take in each certificate and each CRL of the bytes. */
static asc_status
trust_all(maker *m, size_t *n_certificates, size_t *n_crls)
{
    const char *option = trust_options(m->config);
    X509_STORE *store = SSL_CTX_get_cert_store(m->ctx);
    BIO *b = reader_of(m, &m->files->ca, option);
    bool ok = b != NULL;
    while (ok) {
        char *kind = NULL, *header = NULL;
        unsigned char *data = NULL;
        long size = 0;
        ok = PEM_read_bio(b, &kind, &header, &data, &size) == 1;
        bool end = !ok && at_end();
        ok = ok && trust(store, kind, data, size, n_certificates, n_crls);
        OPENSSL_free(kind);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)size);
        if (end) {
            break;
        }
        if (!ok) {
            asc_tls_fail(m->err, option);
            asc_error_append(m->err,
                             "; it is what follows %zu certificates and %zu CRLs",
                             *n_certificates, *n_crls);
        }
    }
    BIO_free(b);
    return m->err->code;
}

/* Take in whom the system trusts. */
static asc_status
trust_system(maker *m)
{
    const char *place = asc_tls_system_roots();
    if (SSL_CTX_set_default_verify_paths(m->ctx) != 1 ||
        (place != NULL && SSL_CTX_load_verify_file(m->ctx, place) != 1)) {
        asc_tls_fail(m->err, "the system's certificates");
        say_file(m->err, "their place", place);
    }
    return m->err->code;
}

static asc_status
set_trust(maker *m)
{
    const asc_tls_config *c = m->config;
    size_t n_certificates = 0, n_crls = 0;
    bool check = c->crl_check || c->crl_check_all;
    if (c->encrypt_only) {
        SSL_CTX_set_verify(m->ctx, SSL_VERIFY_NONE, NULL);
    }
    else {
        SSL_CTX_set_verify(m->ctx, SSL_VERIFY_PEER, NULL);
    }
    if (m->files->ca.data == NULL) {
        if (!c->encrypt_only && trust_system(m) != ASC_OK) {
            return m->err->code;
        }
    }
    else if (trust_all(m, &n_certificates, &n_crls) != ASC_OK) {
        return m->err->code;
    }
    else if (n_certificates == 0) {
        asc_error_set(m->err, ASC_ERR_TLS, "%s: no certificate in PEM form",
                      trust_options(c));
        say_file(m->err, "tls.cafile", c->cafile);
        say_file(m->err, "tls.capath", c->capath);
        return m->err->code;
    }
    else if (check && n_crls == 0) {
        return asc_error_set(m->err, ASC_ERR_TLS, "tls.%s: %s has no CRL to look into",
                             c->crl_check ? "crl_check" : "crl_check_all",
                             trust_options(c));
    }
    unsigned long flags = X509_V_FLAG_TRUSTED_FIRST;
    if (check) {
        flags |= X509_V_FLAG_CRL_CHECK;
    }
    if (c->crl_check_all) {
        flags |= X509_V_FLAG_CRL_CHECK_ALL;
    }
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(m->ctx), flags);
    return ASC_OK;
}

/* --- who we are --- */

/* How it went when a key asked for its password. */
typedef struct password {
    const char *text;
    bool asked;
} password;

static int
give_password(char *out, int size, int writing, void *context)
{
    password *p = context;
    (void)writing;
    p->asked = true;
    size_t len = p->text != NULL ? strlen(p->text) : 0;
    if (p->text == NULL || len > (size_t)size) {
        return -1;
    }
    memcpy(out, p->text, len);
    return (int)len;
}

static const char *
certificate_option(const asc_tls_config *c)
{
    return c->certfile != NULL ? "tls.certfile" : "tls.certstring";
}

static const char *
key_option(const asc_tls_config *c)
{
    if (c->keyfile == NULL && c->keystring == NULL) {
        return certificate_option(c);
    }
    return c->keyfile != NULL ? "tls.keyfile" : "tls.keystring";
}

/* The file that the key is read from; NULL: a text of the program. */
static const char *
key_path(const asc_tls_config *c)
{
    return c->keyfile == NULL && c->keystring == NULL ? c->certfile : c->keyfile;
}

/* Read the key. NULL with err set. */
static EVP_PKEY *
read_key(maker *m)
{
    const asc_tls_config *c = m->config;
    const char *option = key_option(c);
    password p = {c->keyfile_pw, false};
    BIO *b = reader_of(m, &m->files->key, option);
    EVP_PKEY *key =
        b != NULL ? PEM_read_bio_PrivateKey(b, NULL, give_password, &p) : NULL;
    BIO_free(b);
    if (key != NULL || m->err->code != ASC_OK) {
        return key;
    }
    ERR_clear_error();
    if (p.asked) {
        asc_error_set(m->err, ASC_ERR_TLS, "%s: the key is encrypted, and %s", option,
                      p.text != NULL ? "tls.keyfile_pw is not its password"
                                     : "tls.keyfile_pw is not given");
    }
    else {
        asc_error_set(m->err, ASC_ERR_TLS, "%s: no private key in PEM form%s", option,
                      c->keyfile == NULL && c->keystring == NULL
                          ? ", and tls.keyfile is not given"
                          : "");
        say_file(m->err, option, key_path(c));
    }
    return NULL;
}

/* Read the certificate and hand it over with its chain. NULL with err set. */
static X509 *
read_certificates(maker *m)
{
    const char *option = certificate_option(m->config);
    BIO *b = reader_of(m, &m->files->cert, option);
    X509 *leaf = b != NULL ? PEM_read_bio_X509_AUX(b, NULL, no_password, NULL) : NULL;
    if (leaf == NULL && b != NULL && at_end()) {
        asc_error_set(m->err, ASC_ERR_TLS, "%s: no certificate in PEM form", option);
        say_file(m->err, option, m->config->certfile);
    }
    else if (leaf == NULL && b != NULL) {
        asc_tls_fail(m->err, option);
    }
    bool ok = leaf != NULL && SSL_CTX_use_certificate(m->ctx, leaf) == 1;
    while (ok) {
        X509 *next = PEM_read_bio_X509(b, NULL, no_password, NULL);
        if (next == NULL && at_end()) {
            break;
        }
        ok = next != NULL && SSL_CTX_add0_chain_cert(m->ctx, next) == 1;
        if (!ok) {
            X509_free(next);
        }
    }
    BIO_free(b);
    if (leaf != NULL && !ok) {
        asc_tls_fail(m->err, option);
        X509_free(leaf);
        leaf = NULL;
    }
    return leaf;
}

static asc_status
set_identity(maker *m)
{
    const asc_tls_config *c = m->config;
    if (m->files->cert.data == NULL && m->files->key.data == NULL) {
        return ASC_OK;
    }
    if (m->files->cert.data == NULL) {
        return asc_error_set(
            m->err, ASC_ERR_TLS,
            "%s is given, and tls.certfile is not: a key is shown with "
            "its certificate",
            key_option(c));
    }
    X509 *leaf = read_certificates(m);
    EVP_PKEY *key = leaf != NULL ? read_key(m) : NULL;
    if (key != NULL && X509_check_private_key(leaf, key) != 1) {
        ERR_clear_error();
        asc_error_set(m->err, ASC_ERR_TLS,
                      "%s: the key does not fit the certificate of %s", key_option(c),
                      certificate_option(c));
        say_file(m->err, "tls.keyfile", c->keyfile);
        say_file(m->err, "tls.certfile", c->certfile);
    }
    else if (key != NULL && SSL_CTX_use_PrivateKey(m->ctx, key) != 1) {
        asc_tls_fail(m->err, key_option(c));
    }
    EVP_PKEY_free(key);
    X509_free(leaf);
    return m->err->code;
}

/* --- how to talk --- */

/* Is a word of a list of ciphers the name of one of TLS 1.3, of which OpenSSL has a
 * list apart? */
static bool
is_of_1_3(const char *word, size_t size)
{
    return size > 4 && strncmp(word, "TLS_", 4) == 0 &&
           memmem(word, size, "_WITH_", 6) == NULL;
}

/* Append a word to a list. */
static bool
append_word(asc_buf *list, const char *word, size_t size)
{
    return (list->len == 0 || asc_buf_put(list, ":", 1)) &&
           asc_buf_put(list, word, size);
}

/* Divide a list of ciphers into those of TLS 1.3 and the others. */
static bool
divide(const char *text, asc_buf *new, asc_buf *old)
{
    static const char between[] = ":, ;\t";
    bool ok = true;
    for (const char *at = text + strspn(text, between); ok && *at != '\0';) {
        size_t size = strcspn(at, between);
        ok = append_word(is_of_1_3(at, size) ? new : old, at, size);
        at += size;
        at += strspn(at, between);
    }
    return ok && asc_buf_put(new, "", 1) && asc_buf_put(old, "", 1);
}

/* Where only ciphers of TLS 1.3 are named, nothing older is spoken. */
static asc_status
set_ciphers(maker *m)
{
    asc_buf new = ASC_BUF_INIT, old = ASC_BUF_INIT;
    const char *text = m->config->cipher_suite;
    if (text == NULL) {
        return ASC_OK;
    }
    if (!divide(text, &new, &old)) {
        asc_error_set(m->err, ASC_ERR_NOMEM, "tls.cipher_suite");
    }
    else if ((old.len > 1 && SSL_CTX_set_cipher_list(m->ctx, (char *)old.data) != 1) ||
             (new.len > 1 && SSL_CTX_set_ciphersuites(m->ctx, (char *)new.data) != 1)) {
        ERR_clear_error();
        asc_error_set(m->err, ASC_ERR_TLS,
                      "tls.cipher_suite: OpenSSL has no cipher of \"%.200s\"", text);
    }
    else if (old.len == 1) {
        m->protocols &= ASC_TLS_1_3;
        if (new.len == 1 || m->protocols == 0) {
            asc_error_set(
                m->err, ASC_ERR_TLS,
                "tls.cipher_suite: \"%.200s\" has no cipher for the protocols "
                "of tls.protocols",
                text);
        }
    }
    asc_buf_clear(&new);
    asc_buf_clear(&old);
    return m->err->code;
}

static const struct {
    unsigned bit;
    int version;
    uint64_t off;
} versions[] = {
    {ASC_TLS_1_0, TLS1_VERSION, SSL_OP_NO_TLSv1},
    {ASC_TLS_1_1, TLS1_1_VERSION, SSL_OP_NO_TLSv1_1},
    {ASC_TLS_1_2, TLS1_2_VERSION, SSL_OP_NO_TLSv1_2},
    {ASC_TLS_1_3, TLS1_3_VERSION, SSL_OP_NO_TLSv1_3},
};

#define N_VERSIONS (sizeof versions / sizeof versions[0])

/* OpenSSL knows a range of versions, and some in its midst that are off. */
static asc_status
set_protocols(maker *m)
{
    unsigned outdated = m->protocols & (ASC_TLS_1_0 | ASC_TLS_1_1);
    int lowest = 0, highest = 0;
    uint64_t off = 0;
    if (outdated != 0 && SSL_CTX_get_security_level(m->ctx) > 0) {
        return asc_error_set(m->err, ASC_ERR_TLS,
                             "tls.protocols: %s is switched off by OpenSSL's security "
                             "level, %d; it has known weaknesses",
                             asc_tls_protocol_name(outdated),
                             SSL_CTX_get_security_level(m->ctx));
    }
    for (size_t i = 0; i < N_VERSIONS; i++) {
        if (m->protocols & versions[i].bit) {
            lowest = lowest != 0 ? lowest : versions[i].version;
            highest = versions[i].version;
        }
        else {
            off |= versions[i].off;
        }
    }
    SSL_CTX_set_options(m->ctx, off);
    return SSL_CTX_set_min_proto_version(m->ctx, lowest) == 1 &&
                   SSL_CTX_set_max_proto_version(m->ctx, highest) == 1
               ? ASC_OK
               : asc_tls_fail(m->err, "tls.protocols");
}

/* What no option is about. A record that could not be sent whole is sent again from a
 * buffer that may have moved. */
static void
set_manners(maker *m, const asc_tls_hooks *hooks)
{
    SSL_CTX_set_options(m->ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(m->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(m->ctx, 1);
    SSL_CTX_set_default_read_buffer_len(m->ctx, READ_SIZE);
    SSL_CTX_set_session_cache_mode(m->ctx,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(m->ctx, hooks->session);
    SSL_CTX_set_cert_verify_callback(m->ctx, hooks->verify, NULL);
}

static asc_status
set_blacklist(maker *m)
{
    return m->files->blacklist.data == NULL
               ? ASC_OK
               : asc_tls_blacklist_parse(&m->context->blacklist, &m->files->blacklist,
                                         m->err);
}

/* --- life --- */

static asc_status
make(maker *m, const asc_tls_hooks *hooks)
{
    if (asc_tls_protocols_parse(m->config->protocols, &m->protocols, m->err) !=
        ASC_OK) {
        return m->err->code;
    }
    m->context = asc_calloc(1, sizeof *m->context);
    if (m->context == NULL) {
        return asc_error_set(m->err, ASC_ERR_NOMEM, "TLS context");
    }
    atomic_init(&m->context->refs, 1);
    m->context->fork_count = asc_fork_count();
    m->ctx = m->context->ctx =
        SSL_CTX_new_ex(asc_tls_guard_context(), NULL, TLS_client_method());
    if (m->ctx == NULL) {
        return asc_tls_fail(m->err, "TLS context");
    }
    set_manners(m, hooks);
    asc_status rc = set_ciphers(m);
    rc = rc != ASC_OK ? rc : set_protocols(m);
    rc = rc != ASC_OK ? rc : set_trust(m);
    rc = rc != ASC_OK ? rc : set_identity(m);
    return rc != ASC_OK ? rc : set_blacklist(m);
}

asc_status
asc_tls_context_new(asc_tls_context **out, const asc_tls_config *config,
                    const asc_tls_files *files, const asc_tls_hooks *hooks,
                    asc_error *err)
{
    maker m = {.config = config, .files = files, .err = err};
    asc_tls_guard_enter();
    ERR_clear_error();
    asc_status rc = make(&m, hooks);
    ERR_clear_error();
    asc_tls_guard_leave();
    if (rc != ASC_OK) {
        asc_tls_context_release(m.context);
        return rc;
    }
    *out = m.context;
    return ASC_OK;
}

void
asc_tls_context_retain(asc_tls_context *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

void
asc_tls_context_release(asc_tls_context *c)
{
    if (c == NULL || c->fork_count != asc_fork_count() ||
        atomic_fetch_sub(&c->refs, 1) != 1) {
        return;
    }
    asc_tls_guard_enter();
    SSL_CTX_free(c->ctx);
    asc_tls_guard_leave();
    asc_tls_blacklist_free(c->blacklist);
    asc_free(c);
}
