/* asc/buf.h -- a growing byte buffer: what requests are written to and replies read
 * into. */
#ifndef ASC_BUF_H
#define ASC_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A buffer. Zeroed, or made by ASC_BUF_INIT, it is empty and owns nothing. */
typedef struct asc_buf {
    uint8_t *data; /* owned */
    size_t len;    /* bytes in use */
    size_t cap;    /* bytes allocated */
} asc_buf;

#define ASC_BUF_INIT {NULL, 0, 0}

/* Make room for cap bytes in all. False when memory is short; *b is then as before. */
bool asc_buf_grow(asc_buf *b, size_t cap);

/* Free the bytes; *b is empty and usable afterwards. */
void asc_buf_clear(asc_buf *b);

/* Give back up to n bytes of a buffer that is not in use and keeps `keep` bytes. False:
 * there is no more to give back. */
bool asc_buf_shrink(asc_buf *b, size_t n, size_t keep);

/* Empty the buffer, and give memory back when it has grown beyond keep bytes. */
void asc_buf_reset(asc_buf *b, size_t keep);

/* Make room for n more bytes at the end; n is at least 1. The result points to them,
 * and len counts them already; NULL when memory is short. The pointer is good until the
 * buffer grows again. */
static inline uint8_t *
asc_buf_add(asc_buf *b, size_t n)
{
    if (b->cap - b->len < n && !asc_buf_grow(b, b->len + n)) {
        return NULL;
    }
    uint8_t *p = b->data + b->len;
    b->len += n;
    return p;
}

/* Make room for n more bytes at the end without counting them in len: the caller writes
 * there and counts what it wrote. NULL when memory is short. */
static inline uint8_t *
asc_buf_reserve(asc_buf *b, size_t n)
{
    if (b->cap - b->len < n && !asc_buf_grow(b, b->len + n)) {
        return NULL;
    }
    return b->data + b->len;
}

/* Append n bytes. False when memory is short. */
static inline bool
asc_buf_put(asc_buf *b, const void *bytes, size_t n)
{
    if (n == 0) {
        return true; /* an empty buffer has no bytes to point to */
    }
    uint8_t *p = asc_buf_add(b, n);
    if (p == NULL) {
        return false;
    }
    memcpy(p, bytes, n);
    return true;
}

#endif
