/* Admin requests and replies. Their frames are small and rare, so that the writer fills
 * in size and count again with each field, and no end has to be called. */
#include "asc/admin.h"

#include "asc/bytes.h"
#include "asc/reader.h"

#define START (ASC_PROTO_HEADER_SIZE + ASC_ADMIN_HEADER_SIZE)
#define COUNT_AT (ASC_PROTO_HEADER_SIZE + 3u)

/* Fill in the header of the frame that out holds. */
static void
put_size(asc_buf *out)
{
    asc_put_u64(out->data, (uint64_t)ASC_PROTO_VERSION << 56 |
                               (uint64_t)ASC_PROTO_ADMIN << 48 |
                               (out->len - ASC_PROTO_HEADER_SIZE));
}

bool
asc_admin_begin(asc_buf *out, uint8_t command)
{
    out->len = 0;
    uint8_t *p = asc_buf_add(out, START);
    if (p == NULL) {
        return false;
    }
    memset(p, 0, START);
    p[ASC_PROTO_HEADER_SIZE + 2] = command;
    put_size(out);
    return true;
}

/* The size on the wire includes the byte of the id. */
bool
asc_admin_field(asc_buf *out, uint8_t id, const void *data, size_t size)
{
    uint8_t *p = size < UINT32_MAX ? asc_buf_add(out, 5 + size) : NULL;
    if (p == NULL) {
        return false;
    }
    asc_put_u32(p, (uint32_t)size + 1);
    p[4] = id;
    if (size > 0) {
        memcpy(p + 5, data, size);
    }
    out->data[COUNT_AT]++;
    put_size(out);
    return true;
}

asc_status
asc_admin_open(asc_admin_block *b, const uint8_t *data, size_t size, asc_error *err)
{
    if (size < ASC_ADMIN_HEADER_SIZE) {
        return asc_error_set(err, ASC_ERR_CLIENT,
                             "malformed admin reply: its header is cut");
    }
    *b = (asc_admin_block){
        .result = data[1],
        .n_fields = data[3],
        .at = data + ASC_ADMIN_HEADER_SIZE,
        .end = data + size,
    };
    return ASC_OK;
}

asc_status
asc_admin_next(asc_admin_block *b, asc_admin_value *out, asc_error *err)
{
    size_t left = (size_t)(b->end - b->at);
    size_t size = left < 5 ? 0 : asc_get_u32(b->at);
    if (size == 0 || size > left - 4) {
        return asc_error_set(err, ASC_ERR_CLIENT,
                             "malformed admin reply: a field runs past the end");
    }
    *out = (asc_admin_value){b->at[4], b->at + 5, size - 1};
    b->at += 4 + size;
    return ASC_OK;
}

void
asc_admin_blocks_begin(asc_admin_blocks *blocks, const uint8_t *data, size_t size)
{
    *blocks = (asc_admin_blocks){data, data, data + size};
}

/* Enter the next frame. Returns false at the end of the frames, and with err set when
 * the next one is malformed. */
static bool
enter_frame(asc_admin_blocks *blocks, asc_error *err)
{
    asc_frame_head head = {0};
    size_t left = (size_t)(blocks->end - blocks->at);
    if (left == 0) {
        return false;
    }
    if (left >= ASC_PROTO_HEADER_SIZE &&
        asc_read_frame_head(blocks->at, &head, err) != ASC_OK) {
        return false;
    }
    if (head.type != ASC_PROTO_ADMIN || head.size > left - ASC_PROTO_HEADER_SIZE) {
        asc_error_set(err, ASC_ERR_CLIENT, "malformed admin reply: no whole frame");
        return false;
    }
    blocks->at += ASC_PROTO_HEADER_SIZE;
    blocks->frame_end = blocks->at + head.size;
    return true;
}

/* A block has no size: only its fields tell where it ends. */
bool
asc_admin_blocks_next(asc_admin_blocks *blocks, asc_admin_block *out, asc_error *err)
{
    while (blocks->at == blocks->frame_end) { /* a frame may be empty */
        if (!enter_frame(blocks, err)) {
            return false;
        }
    }
    size_t size = (size_t)(blocks->frame_end - blocks->at);
    if (asc_admin_open(out, blocks->at, size, err) != ASC_OK) {
        return false;
    }
    asc_admin_block rest = *out;
    asc_admin_value v;
    for (unsigned i = 0; i < out->n_fields; i++) {
        if (asc_admin_next(&rest, &v, err) != ASC_OK) {
            return false;
        }
    }
    blocks->at = out->end = rest.at;
    return true;
}
