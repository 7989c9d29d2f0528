/* Digests of many keys side by side: whatever the keys are, each digest is the one that
 * the key has alone. Each key takes two bytes of the input, for the sizes of its set
 * and its value, and then those. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/digest.h"

#define MAX_KEYS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cut the input into keys. Returns their number. */
static size_t
cut(const uint8_t *data, size_t size, asc_digest_source *keys)
{
    size_t n = 0;
    while (n < MAX_KEYS && size > 2) {
        size_t left = size - 2;
        size_t set_size = data[0] % 64, value_size = data[1];
        set_size = set_size < left ? set_size : left;
        value_size = value_size < left - set_size ? value_size : left - set_size;
        keys[n++] = (asc_digest_source){.set = data + 2,
                                        .set_size = set_size,
                                        .particle = data[1],
                                        .value = data + 2 + set_size,
                                        .value_size = value_size};
        data += 2 + set_size + value_size;
        size -= 2 + set_size + value_size;
    }
    return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned widths[] = {1, 4, 8, 16};
    static uint8_t alone[MAX_KEYS][ASC_DIGEST_SIZE], got[MAX_KEYS][ASC_DIGEST_SIZE];
    asc_digest_source keys[MAX_KEYS];
    size_t n = cut(data, size, keys);
    for (size_t i = 0; i < n; i++) {
        const asc_digest_source *k = &keys[i];
        asc_digest_key(alone[i], k->set, k->set_size, k->particle, k->value,
                       k->value_size);
        keys[i].out = got[i];
    }
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        memset(got, 0, sizeof got);
        if (asc_digest_in_lanes(widths[w], keys, n) &&
            memcmp(alone, got, n * sizeof *got) != 0) {
            abort();
        }
    }
    return 0;
}
