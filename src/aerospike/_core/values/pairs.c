/* Servers want the pairs of some maps sorted by key. The pairs are encoded in the order
 * of the dict first, since only encoded keys can be compared in the server's order;
 * most dicts are sorted already, and the pairs of the others are moved afterwards. */
#include "values/pairs.h"

#include <string.h>

#include "asc/alloc.h"
#include "asc/msgpack.h"

/* Compare two map keys: integers come before strings, these before blobs, these before
 * floats, each kind in its own order. */
static int
compare_keys(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    static const int rank[] = {
        [ASC_MP_INT] = 1, [ASC_MP_BYTES] = 2, [ASC_MP_DOUBLE] = 3};
    /* Keys of other types, which rank[] does not have, are refused by the encoder. */
    asc_mp_reader ra = {a, a + a_size}, rb = {b, b + b_size};
    asc_mp_item x, y;
    asc_mp_next(&ra, &x);
    asc_mp_next(&rb, &y);
    if (x.type != y.type) {
        return rank[x.type] - rank[y.type];
    }
    if (x.type == ASC_MP_INT) {
        return (x.i > y.i) - (x.i < y.i);
    }
    if (x.type == ASC_MP_DOUBLE) {
        return (x.d > y.d) - (x.d < y.d);
    }
    int order = memcmp(x.data, y.data, x.size < y.size ? x.size : y.size);
    return order != 0 ? order : (x.size > y.size) - (x.size < y.size);
}

static int
compare_pairs(const uint8_t *base, const pair_at *a, const pair_at *b)
{
    return compare_keys(base + a->start, a->size, base + b->start, b->size);
}

/* Sort at[0..n) by merging halves, with room for as many in spare. */
static void
sort_pairs(const uint8_t *base, pair_at *at, pair_at *spare, size_t n)
{
    if (n < 2) {
        return;
    }
    size_t half = n / 2, i = 0, j = half, k = 0;
    sort_pairs(base, at, spare, half);
    sort_pairs(base, at + half, spare, n - half);
    memcpy(spare, at, n * sizeof *at);
    while (i < half || j < n) {
        bool takes_left =
            j >= n || (i < half && compare_pairs(base, &spare[i], &spare[j]) <= 0);
        at[k++] = takes_left ? spare[i++] : spare[j++];
    }
}

/* Put the pairs that begin at `start` into the order of at[]. */
static bool
reorder(asc_buf *out, size_t start, const pair_at *at, size_t n)
{
    size_t size = out->len - start;
    uint8_t *copy = asc_malloc(size);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, out->data + start, size);
    uint8_t *to = out->data + start;
    for (size_t i = 0; i < n; i++) {
        memcpy(to, copy + (at[i].start - start), at[i].size);
        to += at[i].size;
    }
    asc_free(copy);
    return true;
}

bool
pairs_sort(asc_buf *out, pair_at *at, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (compare_pairs(out->data, &at[i - 1], &at[i]) > 0) {
            size_t start = at[0].start;
            sort_pairs(out->data, at, at + n, n);
            return reorder(out, start, at, n);
        }
    }
    return true;
}
