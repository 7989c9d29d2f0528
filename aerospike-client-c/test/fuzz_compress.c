/* A compressed frame from a peer that sends anything. The first byte says what: the
 * stream as it is; or bytes that are compressed first, so that what is inside is
 * reached, too; the second one changes the size that is announced. The buffer has
 * something before and behind the frame, which stays. */
#include <stdlib.h>
#include <string.h>

#include "asc/bytes.h"
#include "asc/reader.h"
#include "frames.h"

static void
must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Put a compressed frame of the input into b. */
static void
make_frame(asc_buf *b, const uint8_t *data, size_t size, unsigned how)
{
    static const uint8_t head[16] = {ASC_PROTO_VERSION, ASC_PROTO_COMPRESSED};
    asc_error err;
    asc_error_reset(&err);
    b->len = 0;
    if (how & 1) {
        must(asc_buf_put(b, data, size) || size == 0);
        frames_deflate(b, NULL, &err);
    }
    else {
        must(asc_buf_put(b, head, how & 2 ? 8 : 16) && asc_buf_put(b, data, size));
        if (!(how & 2)) {
            asc_put_u64(b->data + 8, 1000);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static asc_buf made, b; /* the same for every input */
    if (size < 2) {
        return 0;
    }
    asc_error err;
    size_t inner = 0;
    make_frame(&made, data + 2, size - 2, data[0]);
    if (made.len >= 16) {
        asc_put_u64(made.data + 8, asc_get_u64(made.data + 8) + data[1]);
    }
    b.len = 0;
    must(asc_buf_put(&b, "before", 6) && asc_buf_put(&b, made.data, made.len) &&
         asc_buf_put(&b, "behind", 6));
    asc_error_reset(&err);
    size_t len = b.len;
    if (frames_inflate(&b, 6, made.len, &inner, NULL, &err) == ASC_OK) {
        asc_frame_head head;
        must(asc_read_frame_head(b.data + 6, &head, &err) == ASC_OK);
        must(head.type == ASC_PROTO_MESSAGE && head.size + 8 == inner);
        must(b.len == inner + 12);
    }
    else {
        must(b.len == len && err.message[0] != '\0');
        must(memcmp(b.data + 6, made.data, made.len) == 0);
    }
    must(memcmp(b.data, "before", 6) == 0);
    must(memcmp(b.data + b.len - 6, "behind", 6) == 0);
    must(b.cap < (256u << 20));
    return 0;
}
