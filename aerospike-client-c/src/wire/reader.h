/* wire/reader.h -- what the parts that move whole frames must know of them without
 * reading them. The offsets of these facts are known here and in reader.c alone. */
#ifndef ASC_WIRE_READER_H
#define ASC_WIRE_READER_H

#include "asc/reader.h"

/* So many bytes of a frame of messages tell whether it ends its reply: the frame's
 * header and the first message's up to info3. */
#define ASC_FRAME_HEAD_SIZE (ASC_PROTO_HEADER_SIZE + 4u)

/* The type of a frame, ASC_PROTO_*, of which at least the header is there. */
static inline uint8_t
asc_frame_type(const uint8_t *frame)
{
    return frame[1];
}

/* Do the first ASC_FRAME_HEAD_SIZE bytes of a frame say that no more follow? */
static inline bool
asc_frame_is_last(const uint8_t *head)
{
    return head[ASC_PROTO_HEADER_SIZE + 3] & ASC_INFO3_LAST;
}

/* A whole frame that holds a message has at least so many bytes. */
#define ASC_FRAME_MIN_MESSAGE (ASC_PROTO_HEADER_SIZE + ASC_MSG_HEADER_SIZE)

/* The result code of the first message of such a frame. */
static inline asc_status
asc_frame_result(const uint8_t *frame)
{
    return frame[ASC_PROTO_HEADER_SIZE + 5];
}

/* Make a whole frame end after its first size bytes, which include its header. */
void asc_frame_cut(uint8_t *frame, size_t size);

#endif
