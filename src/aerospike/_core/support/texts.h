/* support/texts.h -- Python's text as UTF-8. What each key of a call goes through is
 * inline. */
#ifndef CORE_SUPPORT_TEXTS_H
#define CORE_SUPPORT_TEXTS_H

#include <string.h>

#include "support/errors.h"

/* The UTF-8 of a str, borrowed from it; size may be NULL. NULL with the exception of
 * the code, "`what` has characters that UTF-8 lacks", or with MemoryError. */
static inline const char *
utf8_of(module_state *st, PyObject *text, Py_ssize_t *size, asc_status code,
        const char *what)
{
    if (PyUnicode_IS_COMPACT_ASCII(text)) { /* whose bytes are its UTF-8 */
        if (size != NULL) {
            *size = PyUnicode_GET_LENGTH(text);
        }
        return (const char *)PyUnicode_1BYTE_DATA(text);
    }
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, size);
    if (utf8 == NULL) {
        raise_code(st, code, "%s has characters that UTF-8 lacks", what);
    }
    return utf8;
}

/* What stands before the name of a type in a text: "an int", "a str". */
static inline const char *
article(const char *name)
{
    return strchr("aeiou", name[0]) != NULL ? "an" : "a";
}

/* Is one of these eight bytes 0? */
static inline bool
word_has_nul(uint64_t word)
{
    return ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u) != 0;
}

/* Is there a NUL in the text? Names are short: their two halves, which may overlap, are
 * looked at as words. */
static inline bool
has_nul(const char *text, Py_ssize_t size)
{
    if (size > 16) {
        return memchr(text, 0, (size_t)size) != NULL;
    }
    if (size >= 8) {
        uint64_t first, last;
        memcpy(&first, text, 8);
        memcpy(&last, text + size - 8, 8);
        return word_has_nul(first) || word_has_nul(last);
    }
    if (size >= 4) {
        uint32_t first, last;
        memcpy(&first, text, 4);
        memcpy(&last, text + size - 4, 4);
        return word_has_nul((uint64_t)first << 32 | last);
    }
    return size > 0 && (text[0] == 0 || text[size / 2] == 0 || text[size - 1] == 0);
}

/* 0, or -1 with ParamError, "`what` contains a NUL". */
static inline int
refuse_nul(module_state *st, const char *text, size_t size, const char *what)
{
    return has_nul(text, (Py_ssize_t)size) ? raise_param(st, "%s contains a NUL", what)
                                           : 0;
}

/* *out = the UTF-8 of a str, borrowed from it: at most max bytes without a NUL. 0, or
 * -1 with ParamError, which begins with `what`. */
static inline int
name_from_py(module_state *st, PyObject *text, const char *what, size_t max,
             const char **out, size_t *size)
{
    Py_ssize_t n;
    const char *utf8 = utf8_of(st, text, &n, ASC_ERR_PARAM, what);
    if (utf8 == NULL) {
        return -1;
    }
    if ((size_t)n > max) {
        return raise_param(st, "%s has %zd bytes, %zu are allowed", what, n, max);
    }
    if (refuse_nul(st, utf8, (size_t)n, what) < 0) {
        return -1;
    }
    *out = utf8;
    *size = (size_t)n;
    return 0;
}

/* A copy of text that ends with a NUL, for PyMem_Free(). NULL with MemoryError. */
char *text_copy(const char *text, size_t size);

#endif
