/* asc/tls_config.h -- what the transport of asc/tls.h is made from. */
#ifndef ASC_TLS_CONFIG_H
#define ASC_TLS_CONFIG_H

#include <stdbool.h>

/* Whom to trust, who we are, and how to talk. Each text is borrowed for the call that
 * takes it; NULL: not given. Files hold PEM, and are read again for new connections
 * after they have changed. */
typedef struct asc_tls_config {
    /* Trusted CA certificates, and CRLs: of a file, of all files of a folder, of a
     * text. None of the three: those of the system. */
    const char *cafile, *capath, *castring;
    /* The certificate that we show, with its chain: of a file or of a text; its key;
     * and the key's password. */
    const char *certfile, *certstring;
    const char *keyfile, *keystring, *keyfile_pw;
    /* Protocols to speak, such as "-all +TLSv1.2"; NULL: TLS 1.2 and 1.3. */
    const char *protocols;
    /* Ciphers in OpenSSL's words, those of TLS 1.3 among them; NULL: OpenSSL's own. */
    const char *cipher_suite;
    /* A file of certificates to refuse: a hexadecimal serial number on each line, and
     * perhaps the issuer as "/C=.../CN=...". */
    const char *cert_blacklist;
    bool crl_check;        /* is the node's certificate revoked? */
    bool crl_check_all;    /* is any certificate of its chain? */
    bool encrypt_only;     /* check no certificate at all */
    bool log_session_info; /* a line of the log, INFO, for each connection */
} asc_tls_config;

#endif
