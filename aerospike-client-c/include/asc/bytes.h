/* asc/bytes.h -- big-endian integers in unaligned bytes, as the wire has them. */
#ifndef ASC_BYTES_H
#define ASC_BYTES_H

#include <stdint.h>
#include <string.h>

/* These turn an integer from this machine's order of bytes into that of the wire, and
 * back. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ASC_BE16(x) (x)
#define ASC_BE32(x) (x)
#define ASC_BE64(x) (x)
#else
#define ASC_BE16(x) __builtin_bswap16(x)
#define ASC_BE32(x) __builtin_bswap32(x)
#define ASC_BE64(x) __builtin_bswap64(x)
#endif

/* Write v to the bytes from p on, most significant byte first; likewise below. */
static inline void
asc_put_u16(uint8_t *p, uint16_t v)
{
    v = ASC_BE16(v);
    memcpy(p, &v, sizeof v);
}

static inline void
asc_put_u32(uint8_t *p, uint32_t v)
{
    v = ASC_BE32(v);
    memcpy(p, &v, sizeof v);
}

static inline void
asc_put_u64(uint8_t *p, uint64_t v)
{
    v = ASC_BE64(v);
    memcpy(p, &v, sizeof v);
}

static inline void
asc_put_f64(uint8_t *p, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    asc_put_u64(p, bits);
}

/* Read what the functions above have written. */
static inline uint16_t
asc_get_u16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return ASC_BE16(v);
}

static inline uint32_t
asc_get_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return ASC_BE32(v);
}

static inline uint64_t
asc_get_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return ASC_BE64(v);
}

static inline float
asc_get_f32(const uint8_t *p)
{
    uint32_t bits = asc_get_u32(p);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline double
asc_get_f64(const uint8_t *p)
{
    uint64_t bits = asc_get_u64(p);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

#endif
