/* The text of tls.protocols, in the syntax of Apache's SSLProtocol. */
#include "tls/protocols.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    unsigned bits; /* 0: refused */
} words[] = {
    {"TLSv1", ASC_TLS_1_0},
    {"TLSv1.1", ASC_TLS_1_1},
    {"TLSv1.2", ASC_TLS_1_2},
    {"TLSv1.3", ASC_TLS_1_3},
    {"all", ASC_TLS_PROTOCOLS_DEFAULT},
    {"SSLv2", 0},
    {"SSLv3", 0},
};

#define N_WORDS (sizeof words / sizeof words[0])

static const char blanks[] = " \t\r\n";

/* *bits = what a word without its sign stands for. */
static asc_status
word_bits(const char *word, size_t size, unsigned *bits, asc_error *err)
{
    for (size_t i = 0; i < N_WORDS; i++) {
        if (strlen(words[i].name) == size &&
            strncasecmp(words[i].name, word, size) == 0) {
            *bits = words[i].bits;
            return *bits != 0
                       ? ASC_OK
                       : asc_error_set(err, ASC_ERR_TLS,
                                       "tls.protocols: %s is not spoken any more; "
                                       "TLSv1.2 and TLSv1.3 are",
                                       words[i].name);
        }
    }
    return asc_error_set(
        err, ASC_ERR_TLS,
        "tls.protocols: \"%.*s\" is unknown; the words are all, TLSv1.2 "
        "and TLSv1.3, each with + or - before it",
        (int)(size < 64 ? size : 64), word);
}

asc_status
asc_tls_protocols_parse(const char *text, unsigned *out, asc_error *err)
{
    unsigned set = 0, bits = 0;
    if (text == NULL) {
        *out = ASC_TLS_PROTOCOLS_DEFAULT;
        return ASC_OK;
    }
    const char *first = text + strspn(text, blanks);
    for (const char *at = first; *at != '\0'; at += strspn(at, blanks)) {
        char sign = *at == '+' || *at == '-' ? *at : '\0';
        const char *word = at + (sign != '\0');
        size_t size = strcspn(word, blanks);
        if (word_bits(word, size, &bits, err) != ASC_OK) {
            return err->code;
        }
        if (sign == '\0' && at != first) {
            return asc_error_set(err, ASC_ERR_TLS,
                                 "tls.protocols: \"%.*s\" overrides what stands before "
                                 "it; write +%.*s to add it",
                                 (int)size, word, (int)size, word);
        }
        set = sign == '-' ? set & ~bits : set | bits;
        at = word + size;
    }
    if (set == 0) {
        return asc_error_set(err, ASC_ERR_TLS,
                             "tls.protocols: \"%.200s\" leaves no protocol; "
                             "\"-all +TLSv1.2\" would leave one",
                             text);
    }
    *out = set;
    return ASC_OK;
}

const char *
asc_tls_protocol_name(unsigned set)
{
    for (size_t i = 0; i < N_WORDS; i++) {
        if (set & words[i].bits) {
            return words[i].name;
        }
    }
    return "";
}
