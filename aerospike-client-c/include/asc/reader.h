/* asc/reader.h -- read the frames and messages that a server sends.
 *
 * Everything is borrowed: names and values point into the frame. Nothing is read beyond
 * the sizes given, whatever the bytes say. */
#ifndef ASC_READER_H
#define ASC_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asc/bytes.h"
#include "asc/error.h"
#include "asc/proto.h"

/* What the header of a frame says. */
typedef struct asc_frame_head {
    uint8_t type;  /* ASC_PROTO_* */
    uint64_t size; /* bytes after the 8 of the header */
} asc_frame_head;

/* Parse the 8 bytes at data. ASC_ERR_CLIENT with err set when the version, the type or
 * the size is impossible: then the bytes that follow cannot be told apart, and the
 * connection must be closed. */
asc_status
asc_read_frame_head(const uint8_t *data, asc_frame_head *out, asc_error *err);

/* A message whose header has been read. */
typedef struct asc_msg {
    uint8_t info1, info2, info3;
    uint8_t result;      /* server result code */
    uint32_t generation; /* partition messages: the number of the partition */
    uint32_t void_time;  /* when it expires: seconds since 2010; 0: never */
    uint32_t index;      /* replies to a batch: which row */
    uint16_t n_fields, n_ops;
    const uint8_t *fields;
    const uint8_t *at, *end; /* what is still to be read */
} asc_msg;

/* Parse the message header at data[0..size) and step over the fields, so that
 * asc_msg_next_op can follow. ASC_ERR_CLIENT with err set when it is malformed. */
asc_status asc_msg_open(asc_msg *m, const uint8_t *data, size_t size, asc_error *err);

/* One operation of a message: in replies, a bin with its value. */
typedef struct asc_msg_op {
    uint8_t code;
    uint8_t particle;
    uint8_t name_size;
    const uint8_t *name;
    const uint8_t *value;
    size_t value_size;
} asc_msg_op;

/* The next operation. ASC_ERR_CLIENT with err set when its sizes do not fit; asking
 * for more than n_ops is the caller's error. */
static inline asc_status
asc_msg_next_op(asc_msg *m, asc_msg_op *op, asc_error *err)
{
    const uint8_t *p = m->at;
    size_t left = (size_t)(m->end - p);
    size_t size = left < 8 ? 0 : asc_get_u32(p);
    if (left < 8 || size < 4 || size > left - 4 || (size_t)p[7] + 4 > size) {
        asc_error_set(err, ASC_ERR_CLIENT,
                      "malformed reply: an operation runs past the end");
        return ASC_ERR_CLIENT;
    }
    op->code = p[4];
    op->particle = p[5];
    op->name_size = p[7];
    op->name = p + 8;
    op->value = p + 8 + p[7];
    op->value_size = size - 4 - p[7];
    m->at = p + 4 + size;
    return ASC_OK;
}

/* What the fields of a record in the reply to a query say. A pointer is NULL when the
 * field is not there or does not have its proper size. */
typedef struct asc_msg_record {
    const uint8_t *digest; /* ASC_DIGEST_SIZE bytes */
    const uint8_t *ns, *set;
    const uint8_t *key; /* the user key: its particle type, then its value */
    uint32_t ns_size, set_size, key_size;
    const uint8_t *bval; /* 8 bytes: the place of the record in the index */
} asc_msg_record;

/* Is a message in the reply to a query a record? Otherwise it is about a partition, is
 * the end, or tells of a failure. */
static inline bool
asc_msg_is_record(const asc_msg *m)
{
    return m->result == ASC_OK &&
           (!(m->info3 & (ASC_INFO3_LAST | ASC_INFO3_PARTITION_DONE)) ||
            m->n_fields > 0);
}

/* Read the fields of a message that has been opened; its operations may have been read
 * already. */
void asc_msg_read_record(const asc_msg *m, asc_msg_record *out);

/* Where a message lies that was opened once and found good. */
typedef struct asc_msg_place {
    size_t at, size; /* within the data that it came with */
} asc_msg_place;

/* Open such a message again, data[0..size). */
void asc_msg_take(asc_msg *m, const uint8_t *data, size_t size);

/* The same, and read its fields in the same pass. */
void
asc_msg_take_record(asc_msg *m, asc_msg_record *out, const uint8_t *data, size_t size);

/* The messages in a run of whole frames, one after another. */
typedef struct asc_frames {
    const uint8_t *at, *frame_end, *end;
    const uint8_t *message; /* where the one that was opened last begins */
} asc_frames;

/* Begin to read data[0..size), which is borrowed. */
static inline void
asc_frames_begin(asc_frames *f, const uint8_t *data, size_t size)
{
    f->at = f->frame_end = data;
    f->end = size > 0 ? data + size : data;
}

/* Open the next message, which is whole to the end of its last operation. False at the
 * end, and when the message is malformed: then err, which the caller has reset, is
 * set. */
bool asc_frames_next(asc_frames *f, asc_msg *m, asc_error *err);

/* Turn a void time, the moment at which a record expires, into seconds to live from
 * now_unix_s on: ASC_TTL_NEVER for 0, and at least 1 for a record that is about to
 * expire. */
static inline uint32_t
asc_ttl_from_void_time(uint32_t void_time, uint64_t now_unix_s)
{
    if (void_time == 0) {
        return ASC_TTL_NEVER;
    }
    int64_t left = (int64_t)void_time + ASC_EPOCH_UNIX_S - (int64_t)now_unix_s;
    return left > 0 ? (uint32_t)left : 1;
}

/* One "name<TAB>value<LF>" of an info reply. */
typedef struct asc_info_pair {
    const char *name, *value; /* not terminated */
    size_t name_size, value_size;
} asc_info_pair;

/* The next pair of text[*at..size); moves *at. False at the end. A last line without
 * line feed counts; a line without tab has an empty value. */
int asc_info_next(const char *text, size_t size, size_t *at, asc_info_pair *out);

/* The status that an info value tells: ASC_OK, or the code of "ERROR:code:text"
 * (ASC_ERR_SERVER when it has none) with err set, or ASC_ERR_UDF for "error=...". */
asc_status asc_info_status(const char *value, size_t size, asc_error *err);

/* Does the text of an info reply say that the connection has no session, or one that
 * has ended? err is then set. */
bool asc_info_wants_login(const char *text, size_t size, asc_error *err);

#endif
