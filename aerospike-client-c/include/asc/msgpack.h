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

/* The ext type of the two values that stand only in comparisons, and the data byte that
 * tells them apart. */
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

#define ASC_MP_MAX_INT_SIZE 9u

/* Write an integer in its shortest form to p, where ASC_MP_MAX_INT_SIZE bytes are free;
 * returns how many it took. */
static inline size_t
asc_mp_write_uint(uint8_t *p, uint64_t v)
{
    if (v < 0x80) {
        p[0] = (uint8_t)v;
        return 1;
    }
    if (v <= UINT8_MAX) {
        p[0] = 0xCC;
        p[1] = (uint8_t)v;
        return 2;
    }
    if (v <= UINT16_MAX) {
        p[0] = 0xCD;
        asc_put_u16(p + 1, (uint16_t)v);
        return 3;
    }
    if (v <= UINT32_MAX) {
        p[0] = 0xCE;
        asc_put_u32(p + 1, (uint32_t)v);
        return 5;
    }
    p[0] = 0xCF;
    asc_put_u64(p + 1, v);
    return 9;
}

static inline size_t
asc_mp_write_int(uint8_t *p, int64_t v)
{
    if (v >= 0) {
        return asc_mp_write_uint(p, (uint64_t)v);
    }
    if (v >= -32) {
        p[0] = (uint8_t)v;
        return 1;
    }
    if (v >= INT8_MIN) {
        p[0] = 0xD0;
        p[1] = (uint8_t)v;
        return 2;
    }
    if (v >= INT16_MIN) {
        p[0] = 0xD1;
        asc_put_u16(p + 1, (uint16_t)v);
        return 3;
    }
    if (v >= INT32_MIN) {
        p[0] = 0xD2;
        asc_put_u32(p + 1, (uint32_t)v);
        return 5;
    }
    p[0] = 0xD3;
    asc_put_u64(p + 1, (uint64_t)v);
    return 9;
}

static inline bool
asc_mp_put_uint(asc_buf *b, uint64_t v)
{
    uint8_t *p = asc_buf_reserve(b, ASC_MP_MAX_INT_SIZE);
    if (p == NULL) {
        return false;
    }
    b->len += asc_mp_write_uint(p, v);
    return true;
}

static inline bool
asc_mp_put_int(asc_buf *b, int64_t v)
{
    uint8_t *p = asc_buf_reserve(b, ASC_MP_MAX_INT_SIZE);
    if (p == NULL) {
        return false;
    }
    b->len += asc_mp_write_int(p, v);
    return true;
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

/* Append the header of a byte string of `size` bytes in all, its type byte included. */
bool asc_mp_put_str_head(asc_buf *b, size_t size);

/* Append a byte string's header and particle type. The result points to the place of
 * its n bytes, which are counted already; NULL when memory is short. */
static inline uint8_t *
asc_mp_add_bytes(asc_buf *b, uint8_t particle, size_t n)
{
    if (n < 31) { /* one header byte, one type byte: nearly every string */
        uint8_t *p = asc_buf_add(b, n + 2);
        if (p == NULL) {
            return NULL;
        }
        p[0] = (uint8_t)(0xA0 | (n + 1));
        p[1] = particle;
        return p + 2;
    }
    if (n >= UINT32_MAX || !asc_mp_put_str_head(b, n + 1)) {
        return NULL;
    }
    uint8_t *p = asc_buf_add(b, n + 1);
    if (p == NULL) {
        return NULL;
    }
    p[0] = particle;
    return p + 1;
}

/* Append a byte string: header, particle type, then the bytes. */
static inline bool
asc_mp_put_bytes(asc_buf *b, uint8_t particle, const void *bytes, size_t n)
{
    uint8_t *p = asc_mp_add_bytes(b, particle, n);
    if (p == NULL) {
        return false;
    }
    if (n > 0) {
        memcpy(p, bytes, n);
    }
    return true;
}

/* What asc_mp_put_list_head and asc_mp_put_map_head call for a count that the short
 * form cannot hold. */
bool asc_mp_put_long_list_head(asc_buf *b, size_t n);
bool asc_mp_put_long_map_head(asc_buf *b, size_t n);

/* Append the header of a list of n items, or of a map of n pairs (n below 2^32). */
static inline bool
asc_mp_put_list_head(asc_buf *b, size_t n)
{
    return n < 16 ? asc_mp_put_byte(b, (uint8_t)(0x90 | n))
                  : asc_mp_put_long_list_head(b, n);
}

static inline bool
asc_mp_put_map_head(asc_buf *b, size_t n)
{
    return n < 16 ? asc_mp_put_byte(b, (uint8_t)(0x80 | n))
                  : asc_mp_put_long_map_head(b, n);
}

/* Append an order marker. It is the first item of a list, which counts it as one, or
 * the key of the first pair of a map, whose value is nil. */
bool asc_mp_put_marker(asc_buf *b, uint8_t flags);

/* Append ASC_MP_WILDCARD or ASC_MP_INFINITY. */
bool asc_mp_put_special(asc_buf *b, uint8_t which);

/* --- reading --- */

/* What an item is, after it was read. */
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

/* One item. The type tells which member of the union holds the value. */
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

/* The bytes that are still to be read; borrowed. */
typedef struct asc_mp_reader {
    const uint8_t *at, *end;
} asc_mp_reader;

/* What asc_mp_next calls for items that it does not read itself. */
asc_mp_type asc_mp_next_long(asc_mp_reader *r, asc_mp_item *out);

/* Read the head of one item, and the value when it is a scalar. Returns out->type:
 * ASC_MP_END when the bytes end early or are no msgpack. The count of a list or map is
 * never more than the bytes that are left can hold, so that one allocation of that many
 * is safe. Whoever allocates for lists inside lists adds up the items of all of them,
 * which together are no more than the bytes of the outermost. */
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

/* Step over an order marker if it is the next item, and put its flags into *flags. For
 * a map the caller must step over the nil that follows as well. */
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
