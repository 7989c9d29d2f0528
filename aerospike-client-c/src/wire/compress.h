/* wire/compress.h -- frames of type 4, each of which holds a whole frame of messages in
 * a zlib stream. The work is done inside the buffer that has the frame, whose memory
 * its owner keeps, and in slices: a large frame takes longer than a deadline may be
 * overlooked. A library that was built without zlib (ASC_HAVE_ZLIB) refuses.
 *
 * A frame of n bytes that becomes one of m takes a buffer of n + m bytes, half as much
 * again for the growth of buffers, and some 50 KB (a compressed frame) or 270 KB (a
 * request) for zlib. Neither n nor m exceeds ASC_PROTO_MAX_BODY by more than a
 * header. */
#ifndef ASC_WIRE_COMPRESS_H
#define ASC_WIRE_COMPRESS_H

#include "asc/buf.h"
#include "asc/error.h"

/* One frame that is being compressed or inflated. Until it is done, the buffer must not
 * be changed, and holds the same bytes as before. */
typedef struct asc_zip asc_zip;

/* Begin to put the compressed form of the frame, which is all that b holds, in its
 * place, even where that is larger. NULL: err says why, ASC_ERR_NOMEM or
 * ASC_ERR_CLIENT. */
asc_zip *asc_zip_deflate(asc_buf *b, asc_error *err);

/* Begin to put the frame of messages that is inside the compressed frame at
 * b->data[at..at+size) in the place of that frame; what follows moves with its end. The
 * size that the peer announces is not believed: memory is taken as bytes come out of
 * the stream. NULL: as above. */
asc_zip *asc_zip_inflate(asc_buf *b, size_t at, size_t size, asc_error *err);

/* Do the next slice, which takes some 10 ms at most. ASC_INTERRUPTED: there is more to
 * do. ASC_OK: it is done, and *size is the size of the frame that is there now.
 * ASC_ERR_NOMEM, or ASC_ERR_CLIENT for anything but one whole frame of messages of the
 * announced size: b holds the same bytes as before. */
asc_status asc_zip_step(asc_zip *z, size_t *size, asc_error *err);

/* End it, done or not; NULL is fine. */
void asc_zip_free(asc_zip *z);

#endif
