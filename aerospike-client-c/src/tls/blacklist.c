/* The list is sorted by serial number, so that a long one costs a handshake nothing. */
#include "tls/blacklist.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "asc/alloc.h"

/* A line. Both texts lie in the list's copy of the file. */
typedef struct entry {
    const char *serial; /* without leading zeros */
    const char *issuer; /* NULL: any */
} entry;

struct asc_tls_blacklist {
    char *text; /* owned */
    entry *entries;
    size_t n;
};

static int
compare(const void *a, const void *b)
{
    return strcasecmp(((const entry *)a)->serial, ((const entry *)b)->serial);
}

void
asc_tls_blacklist_free(asc_tls_blacklist *b)
{
    if (b != NULL) {
        asc_free(b->text);
        asc_free(b->entries);
        asc_free(b);
    }
}

/* Parse a line, which is changed. Returns false when it is no entry, with *bad saying
 * whether it should be one. */
static bool
parse_line(char *line, entry *out, bool *bad)
{
    char *at = line + strspn(line, " \t");
    for (size_t n = strlen(at); n > 0 && strchr(" \t\r", at[n - 1]) != NULL; n--) {
        at[n - 1] = '\0';
    }
    if (*at == '\0' || *at == '#') {
        *bad = false;
        return false;
    }
    size_t size = strcspn(at, " \t");
    size_t digits = strspn(at, "0123456789abcdefABCDEF");
    *bad = size != digits || size >= ASC_TLS_SERIAL_SIZE;
    if (*bad) {
        return false;
    }
    char *rest = at + size;
    if (*rest != '\0') {
        *rest++ = '\0';
        rest += strspn(rest, " \t");
    }
    at += strspn(at, "0");
    *out = (entry){at, *rest != '\0' ? rest : NULL};
    return true;
}

asc_status
asc_tls_blacklist_parse(asc_tls_blacklist **out, const asc_buf *file, asc_error *err)
{
    size_t n_lines = 1;
    if (file->len > 0 && memchr(file->data, '\0', file->len) != NULL) {
        /* to a reader of lines it would be the end of the list */
        return asc_error_set(err, ASC_ERR_TLS,
                             "tls.cert_blacklist: the file contains a NUL, as text in "
                             "UTF-16 does: each line is to be one of ASCII");
    }
    asc_tls_blacklist *b = asc_calloc(1, sizeof *b);
    for (size_t i = 0; i < file->len; i++) {
        n_lines += file->data[i] == '\n';
    }
    if (b != NULL) {
        b->text = asc_malloc(file->len + 1);
        b->entries = asc_calloc(n_lines, sizeof *b->entries);
    }
    if (b == NULL || b->text == NULL || b->entries == NULL) {
        asc_tls_blacklist_free(b);
        return asc_error_set(err, ASC_ERR_NOMEM, "tls.cert_blacklist");
    }
    memcpy(b->text, file->data, file->len);
    b->text[file->len] = '\0';
    size_t number = 0;
    for (char *line = b->text, *next; line != NULL; line = next) {
        bool bad;
        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        number++;
        if (parse_line(line, &b->entries[b->n], &bad)) {
            b->n++;
        }
        else if (bad) {
            asc_error_set(err, ASC_ERR_TLS,
                          "tls.cert_blacklist: line %zu has no serial number in "
                          "hexadecimal digits: %.60s",
                          number, line);
            asc_tls_blacklist_free(b);
            return err->code;
        }
    }
    qsort(b->entries, b->n, sizeof *b->entries, compare);
    *out = b;
    return ASC_OK;
}

void
asc_tls_serial(char out[ASC_TLS_SERIAL_SIZE], X509 *certificate)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *text = number != NULL ? BN_bn2hex(number) : NULL;
    const char *digits = text != NULL ? text + strspn(text, "0") : "?";
    size_t n = strlen(digits);
    n = n < ASC_TLS_SERIAL_SIZE ? n : ASC_TLS_SERIAL_SIZE - 1;
    memcpy(out, digits, n);
    out[n] = '\0';
    OPENSSL_free(text);
    BN_free(number);
}

/* The first entry of a serial number, or one past the last smaller one. */
static size_t
lower_bound(const asc_tls_blacklist *b, const entry *wanted)
{
    size_t from = 0, to = b->n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (compare(&b->entries[middle], wanted) < 0) {
            from = middle + 1;
        }
        else {
            to = middle;
        }
    }
    return from;
}

bool
asc_tls_blacklist_has(const asc_tls_blacklist *b, X509 *certificate)
{
    char serial[ASC_TLS_SERIAL_SIZE];
    if (b == NULL || b->n == 0) {
        return false;
    }
    asc_tls_serial(serial, certificate);
    const entry wanted = {serial, NULL};
    char *issuer = NULL;
    bool found = false;
    for (size_t i = lower_bound(b, &wanted);
         !found && i < b->n && compare(&b->entries[i], &wanted) == 0; i++) {
        if (b->entries[i].issuer != NULL && issuer == NULL) {
            issuer = X509_NAME_oneline(X509_get_issuer_name(certificate), NULL, 0);
        }
        found = b->entries[i].issuer == NULL ||
                (issuer != NULL && strcmp(issuer, b->entries[i].issuer) == 0);
    }
    OPENSSL_free(issuer);
    return found;
}
