/* A buffer grows by half of its size. Doubling would waste up to half of the memory on
 * large values; growing by less would copy a reply that comes in small pieces too
 * often. */
#include "asc/buf.h"

#include "asc/alloc.h"

/* Most requests and replies fit into this, so that a new buffer grows once. */
#define SMALLEST 256u

bool
asc_buf_grow(asc_buf *b, size_t cap)
{
    if (cap <= b->cap) {
        return true;
    }
    size_t size = b->cap < SMALLEST ? SMALLEST : b->cap;
    while (size < cap) {
        if (size > SIZE_MAX / 2) {
            return false;
        }
        size += size / 2;
    }
    uint8_t *moved = asc_realloc(b->data, size);
    if (moved == NULL) {
        return false;
    }
    b->data = moved;
    b->cap = size;
    return true;
}

void
asc_buf_clear(asc_buf *b)
{
    asc_free(b->data);
    *b = (asc_buf)ASC_BUF_INIT;
}

bool
asc_buf_shrink(asc_buf *b, size_t n, size_t keep)
{
    b->len = 0;
    if (b->cap <= keep) {
        return false;
    }
    size_t cap = b->cap - keep > n ? b->cap - n : keep;
    uint8_t *moved = cap > 0 ? asc_realloc(b->data, cap) : NULL;
    if (moved == NULL) { /* as little as that may fail */
        asc_buf_clear(b);
        return false;
    }
    b->data = moved;
    b->cap = cap;
    return cap > keep;
}

void
asc_buf_reset(asc_buf *b, size_t keep)
{
    b->len = 0;
    if (b->cap > keep) {
        asc_buf_clear(b);
    }
}
