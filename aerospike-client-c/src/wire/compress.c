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

/* So many bytes go into or come out of a stream in one slice. To compress takes several
 * times as long as to inflate. */
#define DEFLATE_SLICE (1u << 20)
#define INFLATE_SLICE (4u << 20)

struct asc_zip {
    asc_buf *b; /* borrowed */
    size_t at;  /* where in b the frame begins */
    size_t size;
    size_t limit; /* so many bytes may come out */
    size_t got;   /* so many have, and lie behind those of b */
    bool inflates;
    z_stream z;
};

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

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

static asc_status
no_memory(const asc_zip *z, asc_error *err)
{
    return z->inflates
               ? asc_error_set(err, ASC_ERR_NOMEM, "inflation of a reply of %zu bytes",
                               z->size)
               : asc_error_set(err, ASC_ERR_NOMEM,
                               "compression of a request of %zu bytes", z->size);
}

/* Begin with the frame at b->data[at..at+size). NULL, with err set: memory is short. */
static asc_zip *
begin(bool inflates, asc_buf *b, size_t at, size_t size, asc_error *err)
{
    asc_zip without = {.inflates = inflates, .size = size};
    asc_zip *z = asc_calloc(1, sizeof *z);
    if (z == NULL) {
        no_memory(&without, err);
        return NULL;
    }
    *z = (asc_zip){.b = b,
                   .at = at,
                   .size = size,
                   .inflates = inflates,
                   .z = {.zalloc = take, .zfree = give}};
    int rc = inflates ? inflateInit(&z->z) : deflateInit(&z->z, Z_BEST_SPEED);
    if (rc != Z_OK) {
        no_memory(z, err);
        asc_free(z);
        return NULL;
    }
    return z;
}

void
asc_zip_free(asc_zip *z)
{
    if (z != NULL && z->inflates) {
        inflateEnd(&z->z);
    }
    else if (z != NULL) {
        deflateEnd(&z->z);
    }
    asc_free(z);
}

/* --- requests --- */

/* The stream is that of zlib's level 1, which servers know from other clients. */
asc_zip *
asc_zip_deflate(asc_buf *b, asc_error *err)
{
    if (b->len > ASC_PROTO_MAX_BODY) {
        asc_error_set(err, ASC_ERR_CLIENT, "request of %zu bytes is too large", b->len);
        return NULL;
    }
    asc_zip *z = begin(false, b, 0, b->len, err);
    if (z == NULL) {
        return NULL;
    }
    z->limit = deflateBound(&z->z, (uLong)b->len);
    if (asc_buf_reserve(b, PREFIX_SIZE + z->limit) == NULL) {
        no_memory(z, err);
        asc_zip_free(z);
        return NULL;
    }
    return z;
}

/* There is room for all that comes out. */
static asc_status
deflate_step(asc_zip *z, size_t *size)
{
    asc_buf *b = z->b;
    size_t left = z->size - z->z.total_in, n = least(left, DEFLATE_SLICE);
    z->z.next_in = b->data + z->z.total_in;
    z->z.avail_in = (uInt)n;
    z->z.next_out = b->data + b->len + PREFIX_SIZE + z->got;
    z->z.avail_out = (uInt)(z->limit - z->got);
    deflate(&z->z, n == left ? Z_FINISH : Z_NO_FLUSH);
    z->got = (size_t)z->z.total_out;
    if (n < left) {
        return ASC_INTERRUPTED;
    }
    *size = PREFIX_SIZE + z->got;
    memmove(b->data, b->data + b->len, *size);
    asc_put_u64(b->data, (uint64_t)ASC_PROTO_VERSION << 56 |
                             (uint64_t)ASC_PROTO_COMPRESSED << 48 |
                             (*size - ASC_PROTO_HEADER_SIZE));
    asc_put_u64(b->data + ASC_PROTO_HEADER_SIZE, z->size);
    b->len = *size;
    return ASC_OK;
}

/* --- replies --- */

static asc_status
malformed(asc_error *err, const char *how)
{
    return asc_error_set(err, ASC_ERR_CLIENT, "malformed compressed reply: %s", how);
}

/* One byte more than announced tells that there is more. */
asc_zip *
asc_zip_inflate(asc_buf *b, size_t at, size_t size, asc_error *err)
{
    if (size <= PREFIX_SIZE) {
        malformed(err, "it has no stream");
        return NULL;
    }
    uint64_t announced = asc_get_u64(b->data + at + ASC_PROTO_HEADER_SIZE);
    if (announced < ASC_PROTO_HEADER_SIZE || announced > ASC_PROTO_MAX_BODY) {
        asc_error_set(err, ASC_ERR_CLIENT,
                      "malformed compressed reply: %llu bytes are announced",
                      (unsigned long long)announced);
        return NULL;
    }
    asc_zip *z = begin(true, b, at, size, err);
    if (z != NULL) {
        z->limit = (size_t)announced + 1;
    }
    return z;
}

/* Inflate a slice to the end of the buffer. Returns what inflate() says: Z_OK when more
 * would come. */
static int
inflate_slice(asc_zip *z)
{
    z_stream *s = &z->z;
    size_t stream_size = z->size - PREFIX_SIZE;
    size_t in_end = least(s->total_in + INFLATE_SLICE, stream_size);
    size_t out_end = least(z->got + INFLATE_SLICE, z->limit);
    int rc = Z_OK;
    while (rc == Z_OK && z->got < out_end &&
           (s->total_in < in_end || in_end == stream_size)) {
        size_t room = least(out_end - z->got, z->got + TRUSTED_SIZE);
        if (asc_buf_reserve(z->b, z->got + room) == NULL) {
            return Z_MEM_ERROR;
        }
        s->next_in = z->b->data + z->at + PREFIX_SIZE + s->total_in;
        s->avail_in = (uInt)(in_end - s->total_in);
        s->next_out = z->b->data + z->b->len + z->got;
        s->avail_out = (uInt)room;
        bool is_last = z->got + room == z->limit && in_end == stream_size;
        rc = inflate(s, is_last ? Z_FINISH : Z_NO_FLUSH);
        z->got = (size_t)s->total_out;
        if (rc == Z_BUF_ERROR && s->avail_out == 0) {
            rc = Z_OK; /* Z_FINISH says so when more would come */
        }
    }
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

/* Put what came out of a stream, if it is right, in the place of the compressed
 * frame. */
static asc_status
put_in_place(asc_zip *z, size_t *size, asc_error *err)
{
    asc_buf *b = z->b;
    size_t got = z->got, rest = b->len - z->at - z->size;
    if (check_inner(b->data + b->len, got, z->limit - 1, err) != ASC_OK) {
        return err->code;
    }
    if (rest > 0) {
        /* What follows the compressed frame must follow the other one. */
        if (asc_buf_reserve(b, got + rest) == NULL) {
            return asc_error_set(err, ASC_ERR_NOMEM, "%zu bytes behind a reply", rest);
        }
        memcpy(b->data + b->len + got, b->data + z->at + z->size, rest);
    }
    memmove(b->data + z->at, b->data + b->len, got + rest);
    b->len = z->at + got + rest;
    *size = got;
    return ASC_OK;
}

static asc_status
inflate_step(asc_zip *z, size_t *size, asc_error *err)
{
    switch (inflate_slice(z)) {
    case Z_OK:
        return z->got < z->limit ? ASC_INTERRUPTED : put_in_place(z, size, err);
    case Z_STREAM_END:
        return z->z.total_in == z->size - PREFIX_SIZE
                   ? put_in_place(z, size, err)
                   : malformed(err, "bytes follow the stream");
    case Z_MEM_ERROR:
        return no_memory(z, err);
    case Z_BUF_ERROR:
        return malformed(err, "the stream is cut off");
    default:
        return malformed(err, z->z.msg != NULL ? z->z.msg : "this is no zlib stream");
    }
}

asc_status
asc_zip_step(asc_zip *z, size_t *size, asc_error *err)
{
    return z->inflates ? inflate_step(z, size, err) : deflate_step(z, size);
}

#else

asc_zip *
asc_zip_deflate(asc_buf *b, asc_error *err)
{
    (void)b;
    asc_error_set(err, ASC_ERR_CLIENT,
                  "compression needs zlib, without which this was built");
    return NULL;
}

asc_zip *
asc_zip_inflate(asc_buf *b, size_t at, size_t size, asc_error *err)
{
    (void)b, (void)at, (void)size;
    asc_error_set(err, ASC_ERR_CLIENT,
                  "the reply is compressed, and this was built without zlib");
    return NULL;
}

/* Nothing has begun. */
asc_status
asc_zip_step(asc_zip *z, size_t *size, asc_error *err)
{
    (void)z, (void)size;
    return err->code;
}

void
asc_zip_free(asc_zip *z)
{
    (void)z;
}

#endif
