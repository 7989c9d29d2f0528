/* The value of a list or map bin, walked through as a decoder does: containers by
 * their counts, markers skipped. */
#include <stdlib.h>

#include "asc/alloc.h"
#include "asc/msgpack.h"

#define MAX_DEPTH 64

static unsigned long sum;

/* False when the bytes are malformed. */
static bool
walk(asc_mp_reader *r, unsigned depth)
{
    asc_mp_item item;
    const uint8_t *before = r->at;
    uint8_t flags;
    asc_mp_type type = asc_mp_next(r, &item);
    if (type == ASC_MP_END || depth > MAX_DEPTH) {
        return false;
    }
    if (r->at <= before || r->at > r->end || item.type != type) {
        abort();
    }
    if (type == ASC_MP_BYTES || type == ASC_MP_EXT) {
        for (size_t i = 0; i < item.size; i++) {
            sum += item.data[i];
        }
    }
    if (type != ASC_MP_LIST && type != ASC_MP_MAP) {
        return true;
    }
    uint32_t n = item.n;
    /* the count may be trusted: what a decoder would allocate */
    void *room = asc_malloc(((size_t)n + 1) * sizeof(void *));
    if (n > (size_t)(r->end - r->at) || room == NULL) {
        abort();
    }
    asc_free(room);
    uint64_t left = type == ASC_MP_MAP ? (uint64_t)n * 2 : n;
    if (left > 0 && asc_mp_skip_marker(r, &flags)) {
        left--;
        sum += flags;
    }
    while (left > 0) {
        if (!walk(r, depth + 1)) {
            return false;
        }
        left--;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asc_mp_reader r = {data, data + size};
    while (walk(&r, 0)) {
    }
    return 0;
}
