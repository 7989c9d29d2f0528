/* OpenSSL keeps a queue of errors for each thread. The oldest is the cause, but it may
 * come from deep inside; so one that we have words for is preferred. The alerts that a
 * peer sends come as errors, too: their numbers begin at 1000. */
#include "tls/reasons.h"

#include <stdbool.h>
#include <stddef.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

/* A reason and its words. */
typedef struct reason {
    int code;
    const char *text;
} reason;

#define ITS_CERTIFICATE " (tls.certfile or tls.certstring)"

/* What a node can say before it hangs up. */
static const reason alerts[] = {
    {SSL_AD_HANDSHAKE_FAILURE,
     "the node finds nothing in common with us: no cipher (tls.cipher_suite), no "
     "protocol (tls.protocols), or it demands a certificate (tls.certfile)"},
    {SSL_AD_PROTOCOL_VERSION,
     "the node speaks no protocol of tls.protocols; where tls.cipher_suite names only "
     "ciphers of TLS 1.3, nothing older is spoken"},
    {SSL_AD_INSUFFICIENT_SECURITY,
     "the node demands stronger ciphers than those of tls.cipher_suite"},
    {SSL_AD_CERTIFICATE_REQUIRED,
     "the node demands a certificate of us: tls.certfile and tls.keyfile"},
    {SSL_AD_BAD_CERTIFICATE,
     "the node does not accept our certificate" ITS_CERTIFICATE},
    {SSL_AD_UNSUPPORTED_CERTIFICATE,
     "the node cannot use our certificate" ITS_CERTIFICATE},
    {SSL_AD_CERTIFICATE_REVOKED,
     "the node says that our certificate is revoked" ITS_CERTIFICATE},
    {SSL_AD_CERTIFICATE_EXPIRED,
     "the node says that our certificate has expired" ITS_CERTIFICATE},
    {SSL_AD_CERTIFICATE_UNKNOWN,
     "the node does not accept our certificate" ITS_CERTIFICATE},
    {SSL_AD_UNKNOWN_CA,
     "the node does not know the CA of our certificate" ITS_CERTIFICATE},
    {SSL_AD_ACCESS_DENIED, "the node does not let the owner of our certificate in"},
    {SSL_AD_UNRECOGNIZED_NAME,
     "the node does not know the TLS name by which we ask for it (config[\"hosts\"])"},
    {SSL_AD_INTERNAL_ERROR, "the node has failed (alert internal_error)"},
    {SSL_AD_DECODE_ERROR, "the node does not understand us (alert decode_error)"},
    {SSL_AD_USER_CANCELLED, "the node has given up (alert user_canceled)"},
};

/* What OpenSSL's own side says. */
static const reason ours[] = {
    {SSL_R_WRONG_VERSION_NUMBER,
     "what answers there speaks no TLS; it may be the port for connections without"},
    {SSL_R_HTTP_REQUEST, "what answers there speaks no TLS"},
    {SSL_R_UNSUPPORTED_PROTOCOL,
     "the node wants a protocol that tls.protocols leaves out"},
    {SSL_R_VERSION_TOO_LOW, "the node wants a protocol that tls.protocols leaves out"},
    {SSL_R_VERSION_TOO_HIGH, "the node wants a protocol that tls.protocols leaves out"},
    {SSL_R_NO_PROTOCOLS_AVAILABLE,
     "no protocol of tls.protocols is switched on in OpenSSL's own configuration"},
    {SSL_R_NO_CIPHERS_AVAILABLE,
     "tls.cipher_suite has no cipher for the protocols of tls.protocols"},
    {SSL_R_UNKNOWN_CIPHER_RETURNED,
     "the node has chosen a cipher that tls.cipher_suite leaves out"},
    {SSL_R_WRONG_CIPHER_RETURNED,
     "the node has chosen a cipher that tls.cipher_suite leaves out"},
    {SSL_R_DH_KEY_TOO_SMALL,
     "the node's key exchange is too weak for OpenSSL's security level"},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE,
     "the node sends a message that is too long, perhaps its chain of certificates"},
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED,
     "the node's TLS is too old: it cannot negotiate safely"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC,
     "what the node sends has been changed on its way"},
};

static const char *
text_of(const reason *list, size_t n, int code)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].code == code) {
            return list[i].text;
        }
    }
    return NULL;
}

#define TEXT_OF(list, code) text_of((list), sizeof(list) / sizeof((list)[0]), (code))

/* The words for an error; NULL: there are none. */
static const char *
words_for(unsigned long code)
{
    int number = ERR_GET_REASON(code);
    if (ERR_GET_LIB(code) != ERR_LIB_SSL) {
        return NULL;
    }
    return number >= SSL_AD_REASON_OFFSET
               ? TEXT_OF(alerts, number - SSL_AD_REASON_OFFSET)
               : TEXT_OF(ours, number);
}

asc_status
asc_tls_fail(asc_error *err, const char *what)
{
    const char *data = "", *known = NULL;
    int flags = 0;
    unsigned long first = ERR_peek_error_all(NULL, NULL, NULL, &data, &flags), code;
    bool is_nomem = false;
    const char *text = first != 0 ? ERR_reason_error_string(first) : NULL;
    asc_error_set(err, ASC_ERR_TLS, "%s: OpenSSL says \"%s\"", what,
                  text != NULL ? text : "unknown error");
    if ((flags & ERR_TXT_STRING) != 0 && data[0] != '\0') {
        asc_error_append(err, ", %.200s", data);
    }
    while ((code = ERR_get_error()) != 0) {
        is_nomem = is_nomem || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
        known = known != NULL ? known : words_for(code);
    }
    if (is_nomem) {
        asc_error_set(err, ASC_ERR_NOMEM, "%s", what);
    }
    else if (known != NULL) {
        asc_error_set(err, ASC_ERR_TLS, "%s: %s", what, known);
    }
    return err->code;
}
