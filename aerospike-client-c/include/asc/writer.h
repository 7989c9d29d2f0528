/* asc/writer.h -- write one record message (proto type 3) into a buffer.
 *
 *     asc_writer w;
 *     asc_writer_begin(&w, &buf, &head) && asc_writer_field(...) &&
 *         asc_writer_op_begin(...) && <append the value to buf> &&
 *         asc_writer_op_end(&w);
 *     asc_writer_end(&w);
 *
 * Every function returns false when memory is short, or when the size or the count
 * would not fit into the message. The message is then unfinished, and the caller must
 * empty the buffer. */
#ifndef ASC_WRITER_H
#define ASC_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asc/buf.h"
#include "asc/bytes.h"
#include "asc/proto.h"

/* What the message header of a request says besides the counts. */
typedef struct asc_msg_head {
    uint8_t info1, info2, info3, info4; /* ASC_INFOn_* bits */
    uint32_t generation;                /* expected, for the generation policies */
    uint32_t ttl_s;     /* writes: time to live; reads: read-touch percentage */
    uint32_t budget_ms; /* the server's time for it; 0 = the server's default */
} asc_msg_head;

/* A message that is being written; its bytes are in the buffer. */
typedef struct asc_writer {
    asc_buf *out; /* borrowed */
    size_t start; /* offset of the frame in out */
    size_t op_at; /* offset of the operation or the field being written */
    uint32_t n_fields, n_ops;
} asc_writer;

/* Begin a message at the end of out. The header bits may be changed until the end by
 * asc_writer_set_head. */
bool asc_writer_begin(asc_writer *w, asc_buf *out, const asc_msg_head *head);

/* Change the bits of the header; the counts are filled in at the end. */
void asc_writer_set_head(asc_writer *w, const asc_msg_head *head);

/* Make room for a field of size bytes; the value is where the caller puts them, or
 * NULL. A message holds ASC_MAX_FIELDS of them at most. The size on the wire includes
 * the byte of the id. */
static inline uint8_t *
asc_writer_add_field(asc_writer *w, uint8_t id, size_t size)
{
    if (size >= UINT32_MAX || w->n_fields >= ASC_MAX_FIELDS) {
        return NULL;
    }
    uint8_t *p = asc_buf_add(w->out, 5 + size);
    if (p == NULL) {
        return NULL;
    }
    asc_put_u32(p, (uint32_t)size + 1);
    p[4] = id;
    w->n_fields++;
    return p + 5;
}

/* Append a field whose data are size bytes. */
static inline bool
asc_writer_field(asc_writer *w, uint8_t id, const void *data, size_t size)
{
    uint8_t *p = asc_writer_add_field(w, id, size);
    if (p == NULL) {
        return false;
    }
    if (size > 0) {
        memcpy(p, data, size);
    }
    return true;
}

/* Begin a field whose size is not known yet. The caller appends its data to out and
 * then calls asc_writer_field_end. */
static inline bool
asc_writer_field_begin(asc_writer *w, uint8_t id)
{
    w->op_at = w->out->len;
    return asc_writer_field(w, id, NULL, 0);
}

/* End the field whose data are written: fill in its size. */
static inline bool
asc_writer_field_end(asc_writer *w)
{
    size_t size = w->out->len - w->op_at - 4;
    if (size > UINT32_MAX) {
        return false;
    }
    asc_put_u32(w->out->data + w->op_at, (uint32_t)size);
    return true;
}

/* Append a user key field: particle type, then size bytes. */
bool
asc_writer_key_field(asc_writer *w, uint8_t particle, const void *data, size_t size);

/* Begin an operation, of which a message holds ASC_MAX_OPS at most. The caller appends
 * the value to out and then calls asc_writer_op_end. All fields must be written before
 * the first operation. name_size is at most ASC_MAX_BIN_NAME_SIZE. */
static inline bool
asc_writer_op_begin(asc_writer *w, uint8_t code, uint8_t particle, const void *name,
                    size_t name_size)
{
    w->op_at = w->out->len;
    uint8_t *p = w->n_ops < ASC_MAX_OPS ? asc_buf_add(w->out, 8 + name_size) : NULL;
    if (p == NULL) {
        return false;
    }
    p[4] = code;
    p[5] = particle;
    p[6] = 0;
    p[7] = (uint8_t)name_size;
    if (name_size > 0) {
        memcpy(p + 8, name, name_size);
    }
    w->n_ops++;
    return true;
}

/* Set the particle type of the operation, when it is known only after the value has
 * been written. */
static inline void
asc_writer_op_particle(asc_writer *w, uint8_t particle)
{
    w->out->data[w->op_at + 5] = particle;
}

/* End the operation whose value is written: fill in its size. */
static inline bool
asc_writer_op_end(asc_writer *w)
{
    size_t size = w->out->len - w->op_at - 4;
    if (size > UINT32_MAX) {
        return false;
    }
    asc_put_u32(w->out->data + w->op_at, (uint32_t)size);
    return true;
}

/* End the message: fill in the counts and sizes. */
void asc_writer_end(asc_writer *w);

/* Write a whole info request. The commands are `size` bytes of text in which a line
 * feed ends each command. */
bool asc_write_info(asc_buf *out, const char *commands, size_t size);

#endif
