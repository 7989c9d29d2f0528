/* asc/msgpack.h -- the MessagePack dialect of lists, maps and operation arguments:
 * byte strings carry their particle type as first byte, and an ext element with no
 * data at the front of a container tells its order. */
#ifndef ASC_MSGPACK_H
#define ASC_MSGPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asc/buf.h"
#include "asc/bytes.h"

/* Flags of the order marker. */
enum {
    ASC_MP_ORDERED = 0x01,        /* lists: sorted; maps: sorted by key */
    ASC_MP_PRESERVE_ORDER = 0x08, /* maps in results: pairs in order, keys may repeat */
};

/* ext type of the values that only comparisons know, and their data byte. */
enum {
    ASC_MP_EXT_SPECIAL = 0xFF,
    ASC_MP_WILDCARD = 0x00,
    ASC_MP_INFINITY = 0x01,
};

/* --- writing: each appends one item, false when memory is short --- */

static inline bool
asc_mp_put_byte(asc_buf *b, uint8_t byte)
{
    uint8_t *p = asc_buf_add(b, 1);
    if (p == NULL) {
        return false;
    }
    *p = byte;
    return true;
}

static inline bool
asc_mp_put_nil(asc_buf *b)
{
    return asc_mp_put_byte(b, 0xC0);
}

static inline bool
asc_mp_put_bool(asc_buf *b, bool v)
{
    return asc_mp_put_byte(b, v ? 0xC3 : 0xC2);
}

/* tag, then the low `width` bytes (1, 2, 4, 8) of v, big-endian. */
bool asc_mp_put_tagged(asc_buf *b, uint8_t tag, uint64_t v, unsigned width);

static inline bool
asc_mp_put_uint(asc_buf *b, uint64_t v)
{
    if (v < 0x80) {
        return asc_mp_put_byte(b, (uint8_t)v);
    }
    if (v <= UINT8_MAX) {
        return asc_mp_put_tagged(b, 0xCC, v, 1);
    }
    if (v <= UINT16_MAX) {
        return asc_mp_put_tagged(b, 0xCD, v, 2);
    }
    return v <= UINT32_MAX ? asc_mp_put_tagged(b, 0xCE, v, 4)
                           : asc_mp_put_tagged(b, 0xCF, v, 8);
}

static inline bool
asc_mp_put_int(asc_buf *b, int64_t v)
{
    if (v >= 0) {
        return asc_mp_put_uint(b, (uint64_t)v);
    }
    if (v >= -32) {
        return asc_mp_put_byte(b, (uint8_t)v);
    }
    if (v >= INT8_MIN) {
        return asc_mp_put_tagged(b, 0xD0, (uint64_t)v, 1);
    }
    if (v >= INT16_MIN) {
        return asc_mp_put_tagged(b, 0xD1, (uint64_t)v, 2);
    }
    return v >= INT32_MIN ? asc_mp_put_tagged(b, 0xD2, (uint64_t)v, 4)
                          : asc_mp_put_tagged(b, 0xD3, (uint64_t)v, 8);
}

static inline bool
asc_mp_put_double(asc_buf *b, double v)
{
    uint8_t *p = asc_buf_add(b, 9);
    if (p == NULL) {
        return false;
    }
    p[0] = 0xCB;
    asc_put_f64(p + 1, v);
    return true;
}

/* Header of a byte string of `size` bytes in all, the type byte included. */
bool asc_mp_put_str_head(asc_buf *b, size_t size);

/* A byte string: particle type, then the bytes. */
static inline bool
asc_mp_put_bytes(asc_buf *b, uint8_t particle, const void *bytes, size_t size)
{
    if (size < 31) { /* one header byte, one type byte: nearly every string */
        uint8_t *p = asc_buf_add(b, size + 2);
        if (p == NULL) {
            return false;
        }
        p[0] = (uint8_t)(0xA0 | (size + 1));
        p[1] = particle;
        memcpy(p + 2, bytes, size);
        return true;
    }
    return size < UINT32_MAX && asc_mp_put_str_head(b, size + 1) &&
           asc_mp_put_byte(b, particle) && asc_buf_put(b, bytes, size);
}

/* Header of a list of n items, or of a map of n pairs (n below 2^32). */
bool asc_mp_put_list_head(asc_buf *b, size_t n);
bool asc_mp_put_map_head(asc_buf *b, size_t n);

/* The order marker: the first item of a list (and counted as one), or the key of the
 * first pair of a map, whose value is nil. */
bool asc_mp_put_marker(asc_buf *b, uint8_t flags);

/* Wildcard or infinity. */
bool asc_mp_put_special(asc_buf *b, uint8_t which);

/* --- reading --- */

typedef enum asc_mp_type {
    ASC_MP_END, /* nothing more, or malformed */
    ASC_MP_NIL,
    ASC_MP_FALSE,
    ASC_MP_TRUE,
    ASC_MP_INT,
    ASC_MP_UINT, /* beyond the signed range */
    ASC_MP_DOUBLE,
    ASC_MP_BYTES, /* str and bin families: data[0..size), type byte included */
    ASC_MP_LIST,
    ASC_MP_MAP,
    ASC_MP_EXT,
} asc_mp_type;

typedef struct asc_mp_item {
    asc_mp_type type;
    uint8_t ext; /* ext type */
    union {
        int64_t i;
        uint64_t u;
        double d;
        uint32_t n; /* items of a list, pairs of a map */
        size_t size;
    };
    const uint8_t *data; /* borrowed; BYTES and EXT */
} asc_mp_item;

typedef struct asc_mp_reader {
    const uint8_t *at, *end;
} asc_mp_reader;

/* All items other than the short ones that asc_mp_next handles itself. */
asc_mp_type asc_mp_next_long(asc_mp_reader *r, asc_mp_item *out);

/* Read one item header (and, for scalars, the value). Returns out->type; ASC_MP_END
 * when the bytes end early or are no msgpack. The count of a container is not more
 * than the bytes that are left, so that it may be trusted for an allocation. */
static inline asc_mp_type
asc_mp_next(asc_mp_reader *r, asc_mp_item *out)
{
    if (r->at >= r->end) {
        return out->type = ASC_MP_END;
    }
    uint8_t tag = *r->at;
    if (tag < 0x80 || tag >= 0xE0) {
        r->at++;
        out->i = (int8_t)tag;
        return out->type = ASC_MP_INT;
    }
    if ((tag & 0xE0) == 0xA0) {
        size_t size = tag & 0x1F;
        if ((size_t)(r->end - r->at) <= size) {
            return out->type = ASC_MP_END;
        }
        out->data = r->at + 1;
        out->size = size;
        r->at += 1 + size;
        return out->type = ASC_MP_BYTES;
    }
    if (tag == 0xCB && r->end - r->at >= 9) {
        out->d = asc_get_f64(r->at + 1);
        r->at += 9;
        return out->type = ASC_MP_DOUBLE;
    }
    if ((tag & 0xF0) == 0x90 && r->end - r->at > (tag & 0x0F)) {
        out->n = tag & 0x0F;
        r->at++;
        return out->type = ASC_MP_LIST;
    }
    return asc_mp_next_long(r, out);
}

/* True when the next item is an order marker; its flags go to *flags and it is
 * skipped (for a map the caller must skip the nil that follows it). */
static inline bool
asc_mp_skip_marker(asc_mp_reader *r, uint8_t *flags)
{
    if (r->end - r->at < 3 || r->at[0] != 0xC7) {
        return false;
    }
    asc_mp_reader peek = *r;
    asc_mp_item item;
    if (asc_mp_next_long(&peek, &item) != ASC_MP_EXT ||
        item.ext == ASC_MP_EXT_SPECIAL || item.size > 0) { /* a value, then */
        return false;
    }
    *flags = item.ext;
    *r = peek;
    return true;
}

#endif
