/* The longer forms of msgpack, and its reader. The short forms, which most values have,
 * are written and read inline in the header; what is here is called for long strings,
 * large containers and the tags from 0xC0 on. The reader trusts no number: a length or
 * a count that the remaining bytes cannot hold ends the reading. */
#include "asc/msgpack.h"

/* Write a header of one of the families that have a short form (tag | n), an 8-bit form
 * (tag8, 0 when the family has none), and a 16- and a 32-bit form (tag16 and the
 * next). */
static bool
put_head(asc_buf *b, size_t n, uint8_t short_tag, size_t short_max, uint8_t tag8,
         uint8_t tag16)
{
    uint8_t *p = asc_buf_reserve(b, 5);
    if (p == NULL || n > UINT32_MAX) {
        return false;
    }
    if (n <= short_max) {
        p[0] = (uint8_t)(short_tag | n);
        b->len += 1;
    }
    else if (tag8 != 0 && n <= UINT8_MAX) {
        p[0] = tag8;
        p[1] = (uint8_t)n;
        b->len += 2;
    }
    else if (n <= UINT16_MAX) {
        p[0] = tag16;
        asc_put_u16(p + 1, (uint16_t)n);
        b->len += 3;
    }
    else {
        p[0] = tag16 + 1;
        asc_put_u32(p + 1, (uint32_t)n);
        b->len += 5;
    }
    return true;
}

bool
asc_mp_put_str_head(asc_buf *b, size_t size)
{
    return put_head(b, size, 0xA0, 31, 0xD9, 0xDA);
}

bool
asc_mp_put_long_list_head(asc_buf *b, size_t n)
{
    return put_head(b, n, 0x90, 15, 0, 0xDC);
}

bool
asc_mp_put_long_map_head(asc_buf *b, size_t n)
{
    return put_head(b, n, 0x80, 15, 0, 0xDE);
}

bool
asc_mp_put_marker(asc_buf *b, uint8_t flags)
{
    const uint8_t bytes[3] = {0xC7, 0x00, flags};
    return asc_buf_put(b, bytes, sizeof bytes);
}

bool
asc_mp_put_special(asc_buf *b, uint8_t which)
{
    const uint8_t bytes[3] = {0xD4, ASC_MP_EXT_SPECIAL, which};
    return asc_buf_put(b, bytes, sizeof bytes);
}

/* Read a big-endian number of `width` bytes. A width of 0 is for tags without a
 * number. */
static uint64_t
get_uint(const uint8_t *p, unsigned width)
{
    switch (width) {
    case 0:
        return 0;
    case 1:
        return p[0];
    case 2:
        return asc_get_u16(p);
    case 4:
        return asc_get_u32(p);
    default:
        return asc_get_u64(p);
    }
}

/* Give out the payload of an item: size bytes at p, of which `left` are there. */
static asc_mp_type
take_bytes(asc_mp_reader *r, asc_mp_item *out, asc_mp_type type, const uint8_t *p,
           size_t left, uint64_t size)
{
    if (size > left) {
        return out->type = ASC_MP_END;
    }
    out->data = p;
    out->size = (size_t)size;
    r->at = p + size;
    return out->type = type;
}

/* Give out the head of a list or a map. A count that the remaining bytes cannot hold is
 * refused here, so that no caller reserves memory for items that never come. */
static asc_mp_type
take_container(asc_mp_reader *r, asc_mp_item *out, asc_mp_type type, const uint8_t *p,
               size_t left, uint64_t n)
{
    /* Every item takes at least one byte, every pair two. */
    if (n > (type == ASC_MP_MAP ? left / 2 : left)) {
        return out->type = ASC_MP_END;
    }
    out->n = (uint32_t)n;
    r->at = p;
    return out->type = type;
}

static asc_mp_type
take_scalar(asc_mp_reader *r, asc_mp_item *out, asc_mp_type type, const uint8_t *next)
{
    r->at = next;
    return out->type = type;
}

/* What an item with a tag between 0xC0 and 0xDF can be. A FIXEXT has its size in the
 * tag, an EXT has it behind the tag. */
enum {
    KIND_BAD,
    KIND_NIL,
    KIND_FALSE,
    KIND_TRUE,
    KIND_BYTES,
    KIND_EXT,
    KIND_FIXEXT,
    KIND_FLOAT,
    KIND_UINT,
    KIND_INT,
    KIND_LIST,
    KIND_MAP
};

/* The tags 0xC0 to 0xDF: what the item is, and how many bytes of number follow the
 * tag. */
static const struct {
    uint8_t kind, width;
} tags[32] = {
    {KIND_NIL, 0},    {KIND_BAD, 0},    {KIND_FALSE, 0},  {KIND_TRUE, 0},
    {KIND_BYTES, 1},  {KIND_BYTES, 2},  {KIND_BYTES, 4},  {KIND_EXT, 1},
    {KIND_EXT, 2},    {KIND_EXT, 4},    {KIND_FLOAT, 4},  {KIND_FLOAT, 8},
    {KIND_UINT, 1},   {KIND_UINT, 2},   {KIND_UINT, 4},   {KIND_UINT, 8},
    {KIND_INT, 1},    {KIND_INT, 2},    {KIND_INT, 4},    {KIND_INT, 8},
    {KIND_FIXEXT, 0}, {KIND_FIXEXT, 0}, {KIND_FIXEXT, 0}, {KIND_FIXEXT, 0},
    {KIND_FIXEXT, 0}, {KIND_BYTES, 1},  {KIND_BYTES, 2},  {KIND_BYTES, 4},
    {KIND_LIST, 2},   {KIND_LIST, 4},   {KIND_MAP, 2},    {KIND_MAP, 4},
};

/* Read an item whose tag lies between 0xC0 and 0xDF, by its row in the table. */
static asc_mp_type
next_tagged(asc_mp_reader *r, asc_mp_item *out, uint8_t tag)
{
    unsigned kind = tags[tag - 0xC0].kind, width = tags[tag - 0xC0].width;
    const uint8_t *p = r->at + 1;
    size_t left = (size_t)(r->end - p);
    if (left < width) {
        return out->type = ASC_MP_END;
    }
    uint64_t v = get_uint(p, width);
    const uint8_t *after = p + width;
    left -= width;
    switch (kind) {
    case KIND_NIL:
        return take_scalar(r, out, ASC_MP_NIL, after);
    case KIND_FALSE:
        return take_scalar(r, out, ASC_MP_FALSE, after);
    case KIND_TRUE:
        return take_scalar(r, out, ASC_MP_TRUE, after);
    case KIND_FLOAT:
        out->d = width == 4 ? (double)asc_get_f32(p) : asc_get_f64(p);
        return take_scalar(r, out, ASC_MP_DOUBLE, after);
    case KIND_UINT:
        out->u = v;
        return take_scalar(r, out, v > INT64_MAX ? ASC_MP_UINT : ASC_MP_INT, after);
    case KIND_INT: {
        unsigned shift = 64 - 8 * width; /* sign-extend */
        out->i = (int64_t)(v << shift) >> shift;
        return take_scalar(r, out, ASC_MP_INT, after);
    }
    case KIND_LIST:
        return take_container(r, out, ASC_MP_LIST, after, left, v);
    case KIND_MAP:
        return take_container(r, out, ASC_MP_MAP, after, left, v);
    case KIND_BYTES:
        return take_bytes(r, out, ASC_MP_BYTES, after, left, v);
    case KIND_EXT:
    case KIND_FIXEXT:
        if (left < 1) {
            return out->type = ASC_MP_END;
        }
        out->ext = after[0];
        v = kind == KIND_FIXEXT ? (uint64_t)1 << (tag - 0xD4) : v;
        return take_bytes(r, out, ASC_MP_EXT, after + 1, left - 1, v);
    default:
        return out->type = ASC_MP_END;
    }
}

asc_mp_type
asc_mp_next_long(asc_mp_reader *r, asc_mp_item *out)
{
    uint8_t tag = *r->at;
    size_t left = (size_t)(r->end - r->at - 1);
    if (tag < 0x90) {
        return take_container(r, out, ASC_MP_MAP, r->at + 1, left, tag & 0x0F);
    }
    if (tag < 0xA0) {
        return take_container(r, out, ASC_MP_LIST, r->at + 1, left, tag & 0x0F);
    }
    return next_tagged(r, out, tag);
}
