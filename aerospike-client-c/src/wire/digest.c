/* RIPEMD-160 as its authors published it (Dobbertin, Bosselaers, Preneel 1996): two
 * lines of five rounds over each block of 64 bytes. Written from the tables of that
 * paper and checked against its test vectors. */
#include "asc/digest.h"

#include <string.h>

/* The state of a digest that is being computed. */
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

/* The functions and constants of the five rounds, on the left line and the right. */
#define LEFT_1(...) STEP(F1, 0x00000000u, __VA_ARGS__)
#define RIGHT_1(...) STEP(F5, 0x50A28BE6u, __VA_ARGS__)
#define LEFT_2(...) STEP(F2, 0x5A827999u, __VA_ARGS__)
#define RIGHT_2(...) STEP(F4, 0x5C4DD124u, __VA_ARGS__)
#define LEFT_3(...) STEP(F3, 0x6ED9EBA1u, __VA_ARGS__)
#define RIGHT_3(...) STEP(F3, 0x6D703EF3u, __VA_ARGS__)
#define LEFT_4(...) STEP(F4, 0x8F1BBCDCu, __VA_ARGS__)
#define RIGHT_4(...) STEP(F2, 0x7A6D76E9u, __VA_ARGS__)
#define LEFT_5(...) STEP(F5, 0xA953FD4Eu, __VA_ARGS__)
#define RIGHT_5(...) STEP(F1, 0x00000000u, __VA_ARGS__)

/* A step of each line: word and shift of the left one, of the right one. The two do not
 * depend on each other, so that a processor works on both at once. */
#define BOTH(round, a, b, c, d, e, left_word, left_shift, right_word, right_shift)     \
    LEFT_##round(l##a, l##b, l##c, l##d, l##e, w[left_word], left_shift);              \
    RIGHT_##round(r##a, r##b, r##c, r##d, r##e, w[right_word], right_shift)

static void
compress(uint32_t h[5], const uint8_t *block)
{
    uint32_t w[16];
    for (unsigned i = 0; i < 16; i++) { /* words are little-endian */
        const uint8_t *p = block + 4 * i;
        w[i] = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
               (uint32_t)p[3] << 24;
    }
    uint32_t la = h[0], lb = h[1], lc = h[2], ld = h[3], le = h[4];
    uint32_t ra = la, rb = lb, rc = lc, rd = ld, re = le;
    BOTH(1, a, b, c, d, e, 0, 11, 5, 8);
    BOTH(1, e, a, b, c, d, 1, 14, 14, 9);
    BOTH(1, d, e, a, b, c, 2, 15, 7, 9);
    BOTH(1, c, d, e, a, b, 3, 12, 0, 11);
    BOTH(1, b, c, d, e, a, 4, 5, 9, 13);
    BOTH(1, a, b, c, d, e, 5, 8, 2, 15);
    BOTH(1, e, a, b, c, d, 6, 7, 11, 15);
    BOTH(1, d, e, a, b, c, 7, 9, 4, 5);
    BOTH(1, c, d, e, a, b, 8, 11, 13, 7);
    BOTH(1, b, c, d, e, a, 9, 13, 6, 7);
    BOTH(1, a, b, c, d, e, 10, 14, 15, 8);
    BOTH(1, e, a, b, c, d, 11, 15, 8, 11);
    BOTH(1, d, e, a, b, c, 12, 6, 1, 14);
    BOTH(1, c, d, e, a, b, 13, 7, 10, 14);
    BOTH(1, b, c, d, e, a, 14, 9, 3, 12);
    BOTH(1, a, b, c, d, e, 15, 8, 12, 6);
    BOTH(2, e, a, b, c, d, 7, 7, 6, 9);
    BOTH(2, d, e, a, b, c, 4, 6, 11, 13);
    BOTH(2, c, d, e, a, b, 13, 8, 3, 15);
    BOTH(2, b, c, d, e, a, 1, 13, 7, 7);
    BOTH(2, a, b, c, d, e, 10, 11, 0, 12);
    BOTH(2, e, a, b, c, d, 6, 9, 13, 8);
    BOTH(2, d, e, a, b, c, 15, 7, 5, 9);
    BOTH(2, c, d, e, a, b, 3, 15, 10, 11);
    BOTH(2, b, c, d, e, a, 12, 7, 14, 7);
    BOTH(2, a, b, c, d, e, 0, 12, 15, 7);
    BOTH(2, e, a, b, c, d, 9, 15, 8, 12);
    BOTH(2, d, e, a, b, c, 5, 9, 12, 7);
    BOTH(2, c, d, e, a, b, 2, 11, 4, 6);
    BOTH(2, b, c, d, e, a, 14, 7, 9, 15);
    BOTH(2, a, b, c, d, e, 11, 13, 1, 13);
    BOTH(2, e, a, b, c, d, 8, 12, 2, 11);
    BOTH(3, d, e, a, b, c, 3, 11, 15, 9);
    BOTH(3, c, d, e, a, b, 10, 13, 5, 7);
    BOTH(3, b, c, d, e, a, 14, 6, 1, 15);
    BOTH(3, a, b, c, d, e, 4, 7, 3, 11);
    BOTH(3, e, a, b, c, d, 9, 14, 7, 8);
    BOTH(3, d, e, a, b, c, 15, 9, 14, 6);
    BOTH(3, c, d, e, a, b, 8, 13, 6, 6);
    BOTH(3, b, c, d, e, a, 1, 15, 9, 14);
    BOTH(3, a, b, c, d, e, 2, 14, 11, 12);
    BOTH(3, e, a, b, c, d, 7, 8, 8, 13);
    BOTH(3, d, e, a, b, c, 0, 13, 12, 5);
    BOTH(3, c, d, e, a, b, 6, 6, 2, 14);
    BOTH(3, b, c, d, e, a, 13, 5, 10, 13);
    BOTH(3, a, b, c, d, e, 11, 12, 0, 13);
    BOTH(3, e, a, b, c, d, 5, 7, 4, 7);
    BOTH(3, d, e, a, b, c, 12, 5, 13, 5);
    BOTH(4, c, d, e, a, b, 1, 11, 8, 15);
    BOTH(4, b, c, d, e, a, 9, 12, 6, 5);
    BOTH(4, a, b, c, d, e, 11, 14, 4, 8);
    BOTH(4, e, a, b, c, d, 10, 15, 1, 11);
    BOTH(4, d, e, a, b, c, 0, 14, 3, 14);
    BOTH(4, c, d, e, a, b, 8, 15, 11, 14);
    BOTH(4, b, c, d, e, a, 12, 9, 15, 6);
    BOTH(4, a, b, c, d, e, 4, 8, 0, 14);
    BOTH(4, e, a, b, c, d, 13, 9, 5, 6);
    BOTH(4, d, e, a, b, c, 3, 14, 12, 9);
    BOTH(4, c, d, e, a, b, 7, 5, 2, 12);
    BOTH(4, b, c, d, e, a, 15, 6, 13, 9);
    BOTH(4, a, b, c, d, e, 14, 8, 9, 12);
    BOTH(4, e, a, b, c, d, 5, 6, 7, 5);
    BOTH(4, d, e, a, b, c, 6, 5, 10, 15);
    BOTH(4, c, d, e, a, b, 2, 12, 14, 8);
    BOTH(5, b, c, d, e, a, 4, 9, 12, 8);
    BOTH(5, a, b, c, d, e, 0, 15, 15, 5);
    BOTH(5, e, a, b, c, d, 5, 5, 10, 12);
    BOTH(5, d, e, a, b, c, 9, 11, 4, 9);
    BOTH(5, c, d, e, a, b, 7, 6, 1, 12);
    BOTH(5, b, c, d, e, a, 12, 8, 5, 5);
    BOTH(5, a, b, c, d, e, 2, 13, 8, 14);
    BOTH(5, e, a, b, c, d, 10, 12, 7, 6);
    BOTH(5, d, e, a, b, c, 14, 5, 6, 8);
    BOTH(5, c, d, e, a, b, 1, 12, 2, 13);
    BOTH(5, b, c, d, e, a, 3, 13, 13, 6);
    BOTH(5, a, b, c, d, e, 8, 14, 14, 5);
    BOTH(5, e, a, b, c, d, 11, 11, 0, 15);
    BOTH(5, d, e, a, b, c, 6, 8, 3, 13);
    BOTH(5, c, d, e, a, b, 15, 5, 9, 11);
    BOTH(5, b, c, d, e, a, 13, 6, 11, 11);
    uint32_t t = h[1] + lc + rd;
    h[1] = h[2] + ld + re;
    h[2] = h[3] + le + ra;
    h[3] = h[4] + la + rb;
    h[4] = h[0] + lb + rc;
    h[0] = t;
}

/* The start values are those of the paper, which SHA-1 has as well. */
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

/* Write a word as the hash has them, the lowest byte first. */
static inline void
put_word(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

/* The padding is a bit of 1, zeros, and the length in bits, little-endian, which must
 * fit into the same block or else go into one more. */
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
    put_word(s->block + 56, (uint32_t)bits);
    put_word(s->block + 60, (uint32_t)(bits >> 32));
    compress(s->h, s->block);
    for (unsigned i = 0; i < ASC_DIGEST_SIZE / 4; i++) {
        put_word(out + 4 * i, s->h[i]);
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
