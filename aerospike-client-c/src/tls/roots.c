#include "tls/roots.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/x509.h>

static const char *const known[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Alpine */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Red Hat, Fedora, Amazon */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* the same, later */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/etc/ssl/cert.pem",                                 /* macOS, BSD */
    NULL,
};

const char *
asc_tls_choose_roots(const char *file, const char *folder, const char *const *places)
{
    if (access(file, R_OK) == 0 || access(folder, R_OK) == 0) {
        return NULL;
    }
    while (*places != NULL && access(*places, R_OK) != 0) {
        places++;
    }
    return *places;
}

const char *
asc_tls_system_roots(void)
{
    /* whoever names a file or a folder of certificates means those alone */
    if (getenv(X509_get_default_cert_file_env()) != NULL ||
        getenv(X509_get_default_cert_dir_env()) != NULL) {
        return NULL;
    }
    return asc_tls_choose_roots(X509_get_default_cert_file(),
                                X509_get_default_cert_dir(), known);
}
