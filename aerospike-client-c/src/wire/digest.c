/* RIPEMD-160 as its authors published it (Dobbertin, Bosselaers, Preneel 1996): two
 * lines of five rounds over each block of 64 bytes. Written from the tables of that
 * paper and checked against its test vectors. */
#include "asc/digest.h"

#include <string.h>

typedef struct hash {
    uint32_t h[5];
    uint64_t total;
    uint8_t block[64];
    size_t used; /* bytes in block */
} hash;

static inline uint32_t
rol(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

/* The five boolean functions. */
#define F1(x, y, z) ((x) ^ (y) ^ (z))
#define F2(x, y, z) ((((y) ^ (z)) & (x)) ^ (z))
#define F3(x, y, z) (((x) | ~(y)) ^ (z))
#define F4(x, y, z) ((((x) ^ (y)) & (z)) ^ (y))
#define F5(x, y, z) ((x) ^ ((y) | ~(z)))

/* One step; the caller rotates the names of the five variables instead of moving
 * their values. */
#define STEP(F, k, a, b, c, d, e, word, shift)                                         \
    do {                                                                               \
        (a) += F((b), (c), (d)) + (word) + (k);                                        \
        (a) = rol((a), (shift)) + (e);                                                 \
        (c) = rol((c), 10);                                                            \
    } while (0)

/* Sixteen steps: word order r0..r15 and shifts s0..s15. The names of the variables
 * come back in place after five steps; a round of sixteen leaves them moved by one,
 * which the calls below account for. */
#define ROUND(F, k, a, b, c, d, e, r0, s0, r1, s1, r2, s2, r3, s3, r4, s4, r5, s5, r6, \
              s6, r7, s7, r8, s8, r9, s9, r10, s10, r11, s11, r12, s12, r13, s13, r14, \
              s14, r15, s15)                                                           \
    do {                                                                               \
        STEP(F, k, a, b, c, d, e, w[r0], s0);                                          \
        STEP(F, k, e, a, b, c, d, w[r1], s1);                                          \
        STEP(F, k, d, e, a, b, c, w[r2], s2);                                          \
        STEP(F, k, c, d, e, a, b, w[r3], s3);                                          \
        STEP(F, k, b, c, d, e, a, w[r4], s4);                                          \
        STEP(F, k, a, b, c, d, e, w[r5], s5);                                          \
        STEP(F, k, e, a, b, c, d, w[r6], s6);                                          \
        STEP(F, k, d, e, a, b, c, w[r7], s7);                                          \
        STEP(F, k, c, d, e, a, b, w[r8], s8);                                          \
        STEP(F, k, b, c, d, e, a, w[r9], s9);                                          \
        STEP(F, k, a, b, c, d, e, w[r10], s10);                                        \
        STEP(F, k, e, a, b, c, d, w[r11], s11);                                        \
        STEP(F, k, d, e, a, b, c, w[r12], s12);                                        \
        STEP(F, k, c, d, e, a, b, w[r13], s13);                                        \
        STEP(F, k, b, c, d, e, a, w[r14], s14);                                        \
        STEP(F, k, a, b, c, d, e, w[r15], s15);                                        \
    } while (0)

static void
compress(uint32_t h[5], const uint8_t *block)
{
    uint32_t w[16];
    for (unsigned i = 0; i < 16; i++) { /* words are little-endian */
        const uint8_t *p = block + 4 * i;
        w[i] = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
               (uint32_t)p[3] << 24;
    }
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    ROUND(F1, 0x00000000u, a, b, c, d, e, 0, 11, 1, 14, 2, 15, 3, 12, 4, 5, 5, 8, 6, 7,
          7, 9, 8, 11, 9, 13, 10, 14, 11, 15, 12, 6, 13, 7, 14, 9, 15, 8);
    ROUND(F2, 0x5A827999u, e, a, b, c, d, 7, 7, 4, 6, 13, 8, 1, 13, 10, 11, 6, 9, 15, 7,
          3, 15, 12, 7, 0, 12, 9, 15, 5, 9, 2, 11, 14, 7, 11, 13, 8, 12);
    ROUND(F3, 0x6ED9EBA1u, d, e, a, b, c, 3, 11, 10, 13, 14, 6, 4, 7, 9, 14, 15, 9, 8,
          13, 1, 15, 2, 14, 7, 8, 0, 13, 6, 6, 13, 5, 11, 12, 5, 7, 12, 5);
    ROUND(F4, 0x8F1BBCDCu, c, d, e, a, b, 1, 11, 9, 12, 11, 14, 10, 15, 0, 14, 8, 15,
          12, 9, 4, 8, 13, 9, 3, 14, 7, 5, 15, 6, 14, 8, 5, 6, 6, 5, 2, 12);
    ROUND(F5, 0xA953FD4Eu, b, c, d, e, a, 4, 9, 0, 15, 5, 5, 9, 11, 7, 6, 12, 8, 2, 13,
          10, 12, 14, 5, 1, 12, 3, 13, 8, 14, 11, 11, 6, 8, 15, 5, 13, 6);
    uint32_t la = a, lb = b, lc = c, ld = d, le = e;

    a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    ROUND(F5, 0x50A28BE6u, a, b, c, d, e, 5, 8, 14, 9, 7, 9, 0, 11, 9, 13, 2, 15, 11,
          15, 4, 5, 13, 7, 6, 7, 15, 8, 8, 11, 1, 14, 10, 14, 3, 12, 12, 6);
    ROUND(F4, 0x5C4DD124u, e, a, b, c, d, 6, 9, 11, 13, 3, 15, 7, 7, 0, 12, 13, 8, 5, 9,
          10, 11, 14, 7, 15, 7, 8, 12, 12, 7, 4, 6, 9, 15, 1, 13, 2, 11);
    ROUND(F3, 0x6D703EF3u, d, e, a, b, c, 15, 9, 5, 7, 1, 15, 3, 11, 7, 8, 14, 6, 6, 6,
          9, 14, 11, 12, 8, 13, 12, 5, 2, 14, 10, 13, 0, 13, 4, 7, 13, 5);
    ROUND(F2, 0x7A6D76E9u, c, d, e, a, b, 8, 15, 6, 5, 4, 8, 1, 11, 3, 14, 11, 14, 15,
          6, 0, 14, 5, 6, 12, 9, 2, 12, 13, 9, 9, 12, 7, 5, 10, 15, 14, 8);
    ROUND(F1, 0x00000000u, b, c, d, e, a, 12, 8, 15, 5, 10, 12, 4, 9, 1, 12, 5, 5, 8,
          14, 7, 6, 6, 8, 2, 13, 13, 6, 14, 5, 0, 15, 3, 13, 9, 11, 11, 11);
    uint32_t t = h[1] + lc + d;
    h[1] = h[2] + ld + e;
    h[2] = h[3] + le + a;
    h[3] = h[4] + la + b;
    h[4] = h[0] + lb + c;
    h[0] = t;
}

static void
begin(hash *s)
{
    static const uint32_t start[5] = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu,
                                      0x10325476u, 0xC3D2E1F0u};
    memcpy(s->h, start, sizeof start);
    s->total = 0;
    s->used = 0;
}

static void
update(hash *s, const void *data, size_t size)
{
    const uint8_t *p = data;
    s->total += size;
    while (size > 0) {
        size_t n = sizeof s->block - s->used;
        n = n < size ? n : size;
        memcpy(s->block + s->used, p, n);
        s->used += n;
        p += n;
        size -= n;
        if (s->used == sizeof s->block) {
            compress(s->h, s->block);
            s->used = 0;
        }
    }
}

static void
finish(hash *s, uint8_t out[ASC_DIGEST_SIZE])
{
    uint64_t bits = s->total * 8;
    s->block[s->used++] = 0x80;
    if (s->used > 56) {
        memset(s->block + s->used, 0, 64 - s->used);
        compress(s->h, s->block);
        s->used = 0;
    }
    memset(s->block + s->used, 0, 56 - s->used);
    for (unsigned i = 0; i < 8; i++) {
        s->block[56 + i] = (uint8_t)(bits >> (8 * i));
    }
    compress(s->h, s->block);
    for (unsigned i = 0; i < ASC_DIGEST_SIZE; i++) {
        out[i] = (uint8_t)(s->h[i / 4] >> (8 * (i % 4)));
    }
}

void
asc_ripemd160(uint8_t out[ASC_DIGEST_SIZE], const void *data, size_t size)
{
    hash s;
    begin(&s);
    update(&s, data, size);
    finish(&s, out);
}

void
asc_digest_key(uint8_t out[ASC_DIGEST_SIZE], const void *set, size_t set_size,
               uint8_t particle, const void *value, size_t value_size)
{
    hash s;
    begin(&s);
    update(&s, set, set_size);
    update(&s, &particle, 1);
    update(&s, value, value_size);
    finish(&s, out);
}
