/* OpenSSL judges signatures, times, purposes and CRLs; the rest is checked here. Each
 * verdict says which certificate it is about and which option decides. Whatever stands
 * in a certificate is a peer's word: it is cut, and shown in printable characters. */
#include "tls/verify.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/x509v3.h>

#define TRUSTED "tls.cafile, tls.capath and tls.castring say which are"

/* OpenSSL's verdicts that users meet. `when` says which time belongs to it. */
static const struct {
    int code;
    enum { NO_TIME, NOT_BEFORE, NOT_AFTER } when;
    const char *what;
    const char *cure;
} verdicts[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, NOT_AFTER, "expired on",
     "the node needs a new one; only tls.encrypt_only does without"},
    {X509_V_ERR_CERT_NOT_YET_VALID, NOT_BEFORE, "is not valid before",
     "compare the clocks; only tls.encrypt_only does without"},
    {X509_V_ERR_CERT_REVOKED, NO_TIME, "is revoked by a CRL of its issuer",
     "tls.crl_check and tls.crl_check_all ask for that check"},
    {X509_V_ERR_UNABLE_TO_GET_CRL, NO_TIME,
     "may be revoked: its issuer's CRL is missing",
     "tls.crl_check and tls.crl_check_all need it in tls.cafile or tls.capath"},
    {X509_V_ERR_CRL_HAS_EXPIRED, NO_TIME,
     "may be revoked: its issuer's CRL is out of date",
     "a new one belongs into tls.cafile or tls.capath; tls.crl_check and "
     "tls.crl_check_all ask for it"},
    {X509_V_ERR_CRL_NOT_YET_VALID, NO_TIME,
     "may be revoked: its issuer's CRL is not valid yet",
     "compare the clocks; tls.crl_check and tls.crl_check_all ask for it"},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, NO_TIME,
     "may be revoked: its issuer's CRL has a wrong signature",
     "tls.cafile and tls.capath have the CRLs"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, NO_TIME,
     "is signed by itself and is not trusted", TRUSTED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, NO_TIME,
     "is the CA of the chain and is not trusted", TRUSTED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, NO_TIME,
     "is issued by nobody that is trusted", TRUSTED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, NO_TIME,
     "is issued by nobody that is trusted", TRUSTED},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, NO_TIME,
     "is issued by nobody that is trusted", TRUSTED},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, NO_TIME, "has a wrong signature", TRUSTED},
    {X509_V_ERR_INVALID_CA, NO_TIME, "has issued another one and is no CA", TRUSTED},
    {X509_V_ERR_INVALID_PURPOSE, NO_TIME, "is not made for a server",
     "the node needs another one"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, NO_TIME, "has a key that is too short",
     "OpenSSL's security level decides (@SECLEVEL in tls.cipher_suite)"},
    {X509_V_ERR_CA_KEY_TOO_SMALL, NO_TIME, "has a key that is too short",
     "OpenSSL's security level decides (@SECLEVEL in tls.cipher_suite)"},
    {X509_V_ERR_CA_MD_TOO_WEAK, NO_TIME, "is signed with a hash that is too weak",
     "OpenSSL's security level decides (@SECLEVEL in tls.cipher_suite)"},
};

#define N_VERDICTS (sizeof verdicts / sizeof verdicts[0])

/* --- names --- */

static bool
equal(const unsigned char *a, size_t size, const char *b)
{
    return strlen(b) == size && strncasecmp((const char *)a, b, size) == 0 &&
           memchr(a, '\0', size) == NULL;
}

bool
asc_tls_name_fits(const unsigned char *pattern, size_t size, const char *name)
{
    if (size > 2 && pattern[0] == '*' && pattern[1] == '.') {
        const char *dot = strchr(name, '.');
        return dot != NULL && dot != name && equal(pattern + 1, size - 1, dot);
    }
    return size > 0 && equal(pattern, size, name);
}

bool
asc_tls_name_is_dns(const char *name)
{
    unsigned char address[16];
    size_t size = strlen(name);
    for (const char *at = name; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("-_.", *at) == NULL) {
            return false;
        }
        if (*at == '.' && (at == name || at[1] == '.' || at[1] == '\0')) {
            return false;
        }
    }
    return size > 0 && size < 254 && inet_pton(AF_INET, name, address) != 1;
}

/* --- texts --- */

/* Append to the failure. */
static void __attribute__((format(printf, 2, 3)))
say(asc_tls_check *c, const char *format, ...)
{
    size_t len = strlen(c->failure);
    va_list args;
    va_start(args, format);
    vsnprintf(c->failure + len, sizeof c->failure - len, format, args);
    va_end(args);
}

/* Begin the failure with the certificate that it is about. */
static void
say_which(asc_tls_check *c, X509 *certificate, int depth)
{
    char subject[200] = "", serial[ASC_TLS_SERIAL_SIZE];
    if (c->failure[0] != '\0') {
        return; /* one failure is enough */
    }
    if (certificate == NULL) {
        say(c, "a certificate of the node ");
        return;
    }
    X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    asc_tls_serial(serial, certificate);
    say(c, "the certificate %s, serial %s, %s, ", subject, serial,
        depth == 0 ? "which the node shows" : "in the chain of the node's own");
}

static void
say_time(asc_tls_check *c, const ASN1_TIME *when)
{
    char text[64];
    BIO *b = BIO_new(BIO_s_mem());
    int n = b != NULL && ASN1_TIME_print(b, when) == 1
                ? BIO_read(b, text, sizeof text - 1)
                : 0;
    text[n > 0 ? n : 0] = '\0';
    BIO_free(b);
    say(c, " %s", text);
}

/* Tell what OpenSSL has found. */
static void
say_verdict(asc_tls_check *c, X509_STORE_CTX *s)
{
    int code = X509_STORE_CTX_get_error(s);
    X509 *certificate = X509_STORE_CTX_get_current_cert(s);
    say_which(c, certificate, X509_STORE_CTX_get_error_depth(s));
    for (size_t i = 0; i < N_VERDICTS; i++) {
        if (verdicts[i].code == code) {
            say(c, "%s", verdicts[i].what);
            if (verdicts[i].when != NO_TIME && certificate != NULL) {
                say_time(c, verdicts[i].when == NOT_AFTER
                                ? X509_get0_notAfter(certificate)
                                : X509_get0_notBefore(certificate));
            }
            say(c, "; %s", verdicts[i].cure);
            return;
        }
    }
    say(c, "is not accepted: %s", X509_verify_cert_error_string(code));
}

/* --- the leaf's names --- */

/* So many bytes of names are shown, with a NUL. */
#define MAX_NAMES 200

/* Is a name in a list? */
static bool
is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);
    while (strncasecmp(list, name, len) != 0 ||
           (list[len] != ',' && list[len] != '\0')) {
        list = strstr(list, ", ");
        if (list == NULL) {
            return false;
        }
        list += 2;
    }
    return true;
}

/* Look at one more name of the leaf: does it fit? If not, it is listed once. */
static bool
take_name(asc_tls_check *c, char *list, const unsigned char *name, int len)
{
    if (name == NULL || len <= 0) {
        return false;
    }
    if (asc_tls_name_fits(name, (size_t)len, c->name)) {
        return true;
    }
    char text[MAX_NAMES];
    size_t used = strlen(list);
    if ((size_t)len + used + 3 > sizeof text) {
        return false;
    }
    for (int i = 0; i < len; i++) {
        text[i] = isprint(name[i]) ? (char)name[i] : '?';
    }
    text[len] = '\0';
    if (!is_listed(list, text)) {
        strcpy(stpcpy(list + used, used > 0 ? ", " : ""), text);
    }
    return false;
}

static bool
alternative_fits(asc_tls_check *c, X509 *leaf, char *list)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool fits = false;
    for (int i = 0; !fits && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
        if (g->type == GEN_DNS) {
            fits = take_name(c, list, ASN1_STRING_get0_data(g->d.dNSName),
                             ASN1_STRING_length(g->d.dNSName));
        }
    }
    GENERAL_NAMES_free(names);
    return fits;
}

static bool
common_name_fits(asc_tls_check *c, X509 *leaf, char *list)
{
    X509_NAME *subject = X509_get_subject_name(leaf);
    bool fits = false;
    for (int at = -1; !fits && (at = X509_NAME_get_index_by_NID(subject, NID_commonName,
                                                                at)) >= 0;) {
        unsigned char *utf8 = NULL;
        int len = ASN1_STRING_to_UTF8(
            &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
        fits = take_name(c, list, utf8, len);
        OPENSSL_free(utf8);
    }
    return fits;
}

static bool
check_name(asc_tls_check *c, X509 *leaf)
{
    char list[MAX_NAMES] = "";
    if (leaf == NULL || alternative_fits(c, leaf, list) ||
        common_name_fits(c, leaf, list)) {
        return leaf != NULL;
    }
    say_which(c, leaf, 0);
    say(c,
        "is made out to %s, not to \"%.100s\"; that is the TLS name of the node in "
        "config[\"hosts\"] or in the cluster's list of nodes",
        list[0] != '\0' ? list : "no name", c->name);
    return false;
}

/* --- all of it --- */

static bool
check_blacklist(asc_tls_check *c, X509_STORE_CTX *s)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(s);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (asc_tls_blacklist_has(c->blacklist, sk_X509_value(chain, i))) {
            say_which(c, sk_X509_value(chain, i), i);
            say(c, "is in the list of tls.cert_blacklist");
            return false;
        }
    }
    return true;
}

bool
asc_tls_verify(asc_tls_check *c, X509_STORE_CTX *s)
{
    c->failure[0] = '\0';
    if (X509_verify_cert(s) <= 0) {
        say_verdict(c, s);
        return false;
    }
    if (check_blacklist(c, s) && check_name(c, X509_STORE_CTX_get0_cert(s))) {
        return true;
    }
    X509_STORE_CTX_set_error(s, X509_V_ERR_APPLICATION_VERIFICATION);
    return false;
}
