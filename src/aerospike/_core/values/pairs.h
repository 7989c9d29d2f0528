/* values/pairs.h -- encoded pairs of a map, put into the order of their keys. */
#ifndef CORE_VALUES_PAIRS_H
#define CORE_VALUES_PAIRS_H

#include <stdbool.h>

#include "asc/buf.h"

/* Where an encoded pair lies in a buffer. */
typedef struct pair_at {
    size_t start, size;
} pair_at;

/* Sort the pairs that lie in at[0..n), one behind the other up to the end of the
 * buffer, by their keys: integers, strings, blobs, floats, each kind in its own order.
 * at[] has room for 2 * n places, of which the second half is for sorting; the places
 * do not hold afterwards. False when memory is short; the pairs are then as they
 * were. */
bool pairs_sort(asc_buf *out, pair_at *at, size_t n);

#endif
