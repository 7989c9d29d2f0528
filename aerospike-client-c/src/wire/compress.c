/* Both directions write behind the end of the buffer and move the result into place
 * when it is whole. So nobody needs a second buffer, and what a large frame has taken
 * is kept for the next one, or given back, by the rule that its owner has anyway. */
#include "wire/compress.h"

#include <string.h>

#include "asc/bytes.h"
#include "asc/proto.h"

#ifdef ASC_HAVE_ZLIB

#include <zlib.h>

#include "asc/alloc.h"
#include "asc/reader.h"

/* The header of the outer frame, and the size of the inner one. */
#define PREFIX_SIZE (ASC_PROTO_HEADER_SIZE + 8u)

/* So much of the size that the peer announces is believed at once. */
#define TRUSTED_SIZE (1u << 20)

/* zlib asks for few and small blocks. */
static void *
take(void *ignored, unsigned count, unsigned size)
{
    (void)ignored;
    return asc_malloc((size_t)count * size);
}

static void
give(void *ignored, void *block)
{
    (void)ignored;
    asc_free(block);
}

/* --- requests --- */

/* The stream is that of zlib's level 1, which servers know from other clients. */
static asc_status
deflate_behind(asc_buf *b, size_t *size, asc_error *err)
{
    z_stream z = {.zalloc = take, .zfree = give};
    uint8_t *at = NULL;
    if (b->len > ASC_PROTO_MAX_BODY) {
        return asc_error_set(err, ASC_ERR_CLIENT, "request of %zu bytes is too large",
                             b->len);
    }
    if (deflateInit(&z, Z_BEST_SPEED) == Z_OK) {
        *size = deflateBound(&z, (uLong)b->len);
        at = asc_buf_reserve(b, PREFIX_SIZE + *size);
    }
    if (at != NULL) {
        z.next_in = b->data;
        z.avail_in = (uInt)b->len;
        z.next_out = at + PREFIX_SIZE;
        z.avail_out = (uInt)*size;
        deflate(&z, Z_FINISH); /* there is room for all of it */
        *size = (size_t)z.total_out;
    }
    deflateEnd(&z);
    return at != NULL ? ASC_OK
                      : asc_error_set(err, ASC_ERR_NOMEM,
                                      "compression of a request of %zu bytes", b->len);
}

asc_status
asc_frame_deflate(asc_buf *b, asc_error *err)
{
    size_t size = 0, inner_size = b->len;
    if (deflate_behind(b, &size, err) != ASC_OK) {
        return err->code;
    }
    size += PREFIX_SIZE;
    memmove(b->data, b->data + inner_size, size);
    asc_put_u64(b->data, (uint64_t)ASC_PROTO_VERSION << 56 |
                             (uint64_t)ASC_PROTO_COMPRESSED << 48 |
                             (size - ASC_PROTO_HEADER_SIZE));
    asc_put_u64(b->data + ASC_PROTO_HEADER_SIZE, inner_size);
    b->len = size;
    return ASC_OK;
}

/* --- replies --- */

static asc_status
malformed(asc_error *err, const char *how)
{
    return asc_error_set(err, ASC_ERR_CLIENT, "malformed compressed reply: %s", how);
}

/* Inflate b->data[at..at+size) to the end of b, up to limit bytes. *got becomes how
 * many bytes came out of the stream when it has ended, or limit when more would. */
static asc_status
inflate_to_end(asc_buf *b, size_t at, size_t size, size_t limit, z_stream *z,
               size_t *got, asc_error *err)
{
    int rc = Z_OK;
    while (rc == Z_OK && *got < limit) {
        size_t room = limit - *got, believed = *got + TRUSTED_SIZE;
        room = room < believed ? room : believed;
        if (asc_buf_reserve(b, *got + room) == NULL) {
            rc = Z_MEM_ERROR;
            break;
        }
        z->next_in = b->data + at + z->total_in;
        z->avail_in = (uInt)(size - z->total_in);
        z->next_out = b->data + b->len + *got;
        z->avail_out = (uInt)room;
        rc = inflate(z, *got + room == limit ? Z_FINISH : Z_NO_FLUSH);
        *got = (size_t)z->total_out;
        if (rc == Z_BUF_ERROR && z->avail_out == 0) {
            rc = Z_OK; /* Z_FINISH says so when more would come */
        }
    }
    switch (rc) {
    case Z_OK:
        return ASC_OK;
    case Z_STREAM_END:
        return z->total_in == size ? ASC_OK : malformed(err, "bytes follow the stream");
    case Z_MEM_ERROR:
        return asc_error_set(err, ASC_ERR_NOMEM, "inflation of a reply of %zu bytes",
                             size);
    case Z_BUF_ERROR:
        return malformed(err, "the stream is cut off");
    default:
        return malformed(err, z->msg != NULL ? z->msg : "this is no zlib stream");
    }
}

/* Inflate a stream behind the end of b, which does not count the bytes: *got says how
 * many they are. */
static asc_status
inflate_behind(asc_buf *b, size_t at, size_t size, size_t limit, size_t *got,
               asc_error *err)
{
    z_stream z = {.zalloc = take, .zfree = give};
    if (inflateInit(&z) != Z_OK) {
        return asc_error_set(err, ASC_ERR_NOMEM, "inflation of a reply of %zu bytes",
                             size);
    }
    asc_status rc = inflate_to_end(b, at, size, limit, &z, got, err);
    inflateEnd(&z);
    return rc;
}

/* Is what came out of a stream the frame of messages that was announced? */
static asc_status
check_inner(const uint8_t *frame, size_t got, size_t announced, asc_error *err)
{
    asc_frame_head head;
    if (got != announced) {
        return asc_error_set(err, ASC_ERR_CLIENT,
                             "malformed compressed reply: %s than the %zu bytes that "
                             "were announced",
                             got > announced ? "more" : "less", announced);
    }
    if (asc_read_frame_head(frame, &head, err) != ASC_OK ||
        head.type != ASC_PROTO_MESSAGE) {
        return malformed(err, "no messages are in it");
    }
    return head.size + ASC_PROTO_HEADER_SIZE == announced
               ? ASC_OK
               : malformed(err, "the frame in it has another size");
}

asc_status
asc_frame_inflate(asc_buf *b, size_t at, size_t size, size_t *inner_size,
                  asc_error *err)
{
    if (size <= PREFIX_SIZE) {
        return malformed(err, "it has no stream");
    }
    uint64_t announced = asc_get_u64(b->data + at + ASC_PROTO_HEADER_SIZE);
    if (announced < ASC_PROTO_HEADER_SIZE || announced > ASC_PROTO_MAX_BODY) {
        return asc_error_set(err, ASC_ERR_CLIENT,
                             "malformed compressed reply: %llu bytes are announced",
                             (unsigned long long)announced);
    }
    /* One byte more than announced tells that there is more. */
    size_t got = 0;
    if (inflate_behind(b, at + PREFIX_SIZE, size - PREFIX_SIZE, (size_t)announced + 1,
                       &got, err) != ASC_OK ||
        check_inner(b->data + b->len, got, (size_t)announced, err) != ASC_OK) {
        return err->code;
    }
    size_t rest = b->len - at - size;
    if (rest > 0) {
        /* What follows the compressed frame must follow the other one. */
        if (asc_buf_reserve(b, got + rest) == NULL) {
            return asc_error_set(err, ASC_ERR_NOMEM, "%zu bytes behind a reply", rest);
        }
        memcpy(b->data + b->len + got, b->data + at + size, rest);
    }
    memmove(b->data + at, b->data + b->len, got + rest);
    b->len = at + got + rest;
    *inner_size = got;
    return ASC_OK;
}

#else

asc_status
asc_frame_deflate(asc_buf *b, asc_error *err)
{
    (void)b;
    return asc_error_set(err, ASC_ERR_CLIENT,
                         "compression needs zlib, without which this was built");
}

asc_status
asc_frame_inflate(asc_buf *b, size_t at, size_t size, size_t *inner_size,
                  asc_error *err)
{
    (void)b, (void)at, (void)size, (void)inner_size;
    return asc_error_set(err, ASC_ERR_CLIENT,
                         "the reply is compressed, and this was built without zlib");
}

#endif
