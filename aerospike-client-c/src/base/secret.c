/* Wiping secrets. The compiler must not leave the overwriting out because nobody reads
 * the memory any more, hence explicit_bzero. macOS lacks it, and has memset_s. */
#define __STDC_WANT_LIB_EXT1__ 1 /* memset_s */
#include "asc/secret.h"

#include <string.h>

#include "asc/alloc.h"

void
asc_wipe(void *data, size_t size)
{
    if (data != NULL) {
#ifdef __APPLE__
        memset_s(data, size, 0, size);
#else
        explicit_bzero(data, size);
#endif
    }
}

void
asc_secret_free(char *text)
{
    if (text != NULL) {
        asc_wipe(text, strlen(text));
        asc_free(text);
    }
}

void
asc_buf_wipe(asc_buf *b)
{
    asc_wipe(b->data, b->cap);
    asc_buf_clear(b);
}
