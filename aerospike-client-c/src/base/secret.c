/* Wiping secrets. The compiler must not leave the overwriting out because nobody reads
 * the memory any more, hence explicit_bzero. */
#include "base/secret.h"

#include <string.h>

#include "asc/alloc.h"

void
asc_secret_free(char *text)
{
    if (text != NULL) {
        explicit_bzero(text, strlen(text));
        asc_free(text);
    }
}

void
asc_buf_wipe(asc_buf *b)
{
    if (b->data != NULL) {
        explicit_bzero(b->data, b->cap);
    }
    asc_buf_clear(b);
}
