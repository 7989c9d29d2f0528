/* wire/compress.h -- frames of type 4, each of which holds a whole frame of messages in
 * a zlib stream. Both functions work inside the buffer that has the frame, whose memory
 * its owner keeps. A library that was built without zlib (ASC_HAVE_ZLIB) refuses. */
#ifndef ASC_WIRE_COMPRESS_H
#define ASC_WIRE_COMPRESS_H

#include "asc/buf.h"
#include "asc/error.h"

/* Put the compressed form of the frame, which is all that b holds, in its place, even
 * where that is larger. ASC_ERR_NOMEM or, without zlib, ASC_ERR_CLIENT: b is as
 * before. */
asc_status asc_frame_deflate(asc_buf *b, asc_error *err);

/* Put the frame of messages that is inside the compressed frame at b->data[at..at+size)
 * in the place of that frame; what follows moves with its end. On ASC_OK *inner_size is
 * the size of the frame that is now at `at`. The size that the peer announces is not
 * believed: memory is taken as bytes come out of the stream. ASC_ERR_NOMEM, or
 * ASC_ERR_CLIENT for anything but one whole frame of messages of the announced size: b
 * holds the same bytes as before. */
asc_status asc_frame_inflate(asc_buf *b, size_t at, size_t size, size_t *inner_size,
                             asc_error *err);

#endif
