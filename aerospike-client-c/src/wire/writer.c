/* Writes requests. The counts and the size of a message are known at its end, so its
 * header is reserved first and filled in last; in between the caller appends fields and
 * operations, and their values go straight into the buffer. */
#include "asc/writer.h"

#define HEAD_SIZE (ASC_PROTO_HEADER_SIZE + ASC_MSG_HEADER_SIZE)

/* The version, the type and the 48-bit size stand in one big-endian word. */
static void
put_frame_head(uint8_t *p, uint8_t type, size_t body)
{
    asc_put_u64(p, (uint64_t)ASC_PROTO_VERSION << 56 | (uint64_t)type << 48 | body);
}

bool
asc_writer_begin(asc_writer *w, asc_buf *out, const asc_msg_head *head)
{
    *w = (asc_writer){.out = out, .start = out->len};
    if (asc_buf_add(out, HEAD_SIZE) == NULL) {
        return false;
    }
    asc_writer_set_head(w, head);
    return true;
}

/* The result code has no meaning in a request and is 0. The counts are filled in by
 * asc_writer_end. */
void
asc_writer_set_head(asc_writer *w, const asc_msg_head *head)
{
    uint8_t *p = w->out->data + w->start + ASC_PROTO_HEADER_SIZE;
    p[0] = ASC_MSG_HEADER_SIZE;
    p[1] = head->info1;
    p[2] = head->info2;
    p[3] = head->info3;
    p[4] = head->info4;
    p[5] = 0;
    asc_put_u32(p + 6, head->generation);
    asc_put_u32(p + 10, head->ttl_s);
    asc_put_u32(p + 14, head->budget_ms);
}

bool
asc_writer_key_field(asc_writer *w, uint8_t particle, const void *data, size_t size)
{
    uint8_t *p = asc_writer_add_field(w, ASC_FIELD_KEY, size + 1);
    if (p == NULL) {
        return false;
    }
    p[0] = particle;
    if (size > 0) {
        memcpy(p + 1, data, size);
    }
    return true;
}

void
asc_writer_end(asc_writer *w)
{
    uint8_t *p = w->out->data + w->start;
    put_frame_head(p, ASC_PROTO_MESSAGE,
                   w->out->len - w->start - ASC_PROTO_HEADER_SIZE);
    asc_put_u16(p + HEAD_SIZE - 4, (uint16_t)w->n_fields);
    asc_put_u16(p + HEAD_SIZE - 2, (uint16_t)w->n_ops);
}

bool
asc_write_info(asc_buf *out, const char *commands, size_t size)
{
    uint8_t *p = asc_buf_add(out, ASC_PROTO_HEADER_SIZE + size);
    if (p == NULL) {
        return false;
    }
    put_frame_head(p, ASC_PROTO_INFO, size);
    if (size > 0) {
        memcpy(p + ASC_PROTO_HEADER_SIZE, commands, size);
    }
    return true;
}
