/* The text of an info reply: its pairs, their status, and one of them as an integer. */
#include <stdlib.h>

#include "asc/alloc.h"
#include "asc/digest.h"
#include "cluster/info.h"
#include "wire/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t at = 0;
    asc_error err;
    asc_info_pair pair;
    uint8_t bytes[64];
    asc_error_reset(&err);
    while (asc_info_next(text, size, &at, &pair)) {
        if (pair.name < text || pair.value + pair.value_size > text + size) {
            abort();
        }
        asc_info_status(pair.value, pair.value_size, &err);
        asc_base64_decode(bytes,
                          pair.value_size / 4 * 3 < sizeof bytes
                              ? pair.value_size / 4 * 3
                              : sizeof bytes,
                          pair.value, pair.value_size);
    }
    if (at != size) {
        abort();
    }
    asc_info_call call = {0};
    int64_t value;
    if (asc_buf_put(&call.in, "\2\1\0\0\0\0\0", 8) &&
        asc_buf_put(&call.in, data, size)) {
        asc_info_integer(&call, "partition-generation", &value);
        asc_info_value(&call, "node", &pair);
    }
    asc_info_call_clear(&call);
    if (asc_alloc_live() != 0) {
        abort();
    }
    return 0;
}
