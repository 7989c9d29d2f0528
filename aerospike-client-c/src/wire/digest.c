/* RIPEMD-160 as its authors published it (Dobbertin, Bosselaers, Preneel 1996): two
 * lines of five rounds over each block of 64 bytes. Written from the tables of that
 * paper and checked against its test vectors.
 *
 * The keys of a batch are worked at side by side, one in each lane of a vector. A lane
 * whose message has ended takes the next one, so that long keys and short ones need not
 * be sorted. */
#include "wire/digest.h"

#include <stdbool.h>
#include <string.h>

#define BLOCK_SIZE 64u
#define N_WORDS (BLOCK_SIZE / 4)
#define N_STATE (ASC_DIGEST_SIZE / 4)
#define MAX_LANES 16u
#define END_OF_MESSAGE 0x80 /* the first byte of the padding */

/* --- the rounds --- */

#define ROL(x, n) ((x) << (n) | (x) >> (32 - (n)))

/* The five boolean functions. */
#define F1(x, y, z) ((x) ^ (y) ^ (z))
#define F2(x, y, z) ((((y) ^ (z)) & (x)) ^ (z))
#define F3(x, y, z) (((x) | ~(y)) ^ (z))
#define F4(x, y, z) ((((x) ^ (y)) & (z)) ^ (y))
#define F5(x, y, z) ((x) ^ ((y) | ~(z)))

/* One step; the caller rotates the names of the five variables instead of moving their
 * values. */
#define STEP(F, k, a, b, c, d, e, word, shift)                                         \
    do {                                                                               \
        (a) += F((b), (c), (d)) + (word) + (k);                                        \
        (a) = ROL((a), (shift)) + (e);                                                 \
        (c) = ROL((c), 10);                                                            \
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

#define COMPRESS compress_1
#define TARGET
#define WORD uint32_t
#include "wire/digest_lanes.h"

/* Vectors are those of GCC and Clang. Where a processor may lack what a function needs,
 * the function is compiled all the same, and called where the processor has it. */
#if defined(__GNUC__) && (defined(__SSE2__) || defined(__ARM_NEON))
#define HAVE_4_LANES
typedef uint32_t lanes_4 __attribute__((vector_size(16), may_alias));
#define COMPRESS compress_4
#define TARGET
#define WORD lanes_4
#include "wire/digest_lanes.h"
#endif

#if defined(HAVE_4_LANES) && defined(__x86_64__)
#define HAVE_16_LANES
typedef uint32_t lanes_8 __attribute__((vector_size(32), may_alias));
#define COMPRESS compress_8
#define TARGET __attribute__((target("avx2")))
#define WORD lanes_8
#include "wire/digest_lanes.h"

typedef uint32_t lanes_16 __attribute__((vector_size(64), may_alias));
#define COMPRESS compress_16
#define TARGET __attribute__((target("avx512f")))
#define WORD lanes_16
#include "wire/digest_lanes.h"
#endif

typedef void compress_fn(uint32_t *state, const uint32_t *block);

/* The function for so many lanes, NULL where this machine has none. What the processor
 * can was found out when the program began. */
static compress_fn *
compress_in(unsigned n_lanes)
{
    switch (n_lanes) {
    case 1:
        return compress_1;
#ifdef HAVE_4_LANES
    case 4:
        return compress_4;
#endif
#ifdef HAVE_16_LANES
    case 8:
        return __builtin_cpu_supports("avx2") ? compress_8 : NULL;
    case 16:
        return __builtin_cpu_supports("avx512f") ? compress_16 : NULL;
#endif
    default:
        return NULL;
    }
}

/* --- messages --- */

/* How many bytes of the message of a key there are: set, particle type and value. */
static inline size_t
size_of(const asc_digest_source *key)
{
    return key->set_size + 1 + key->value_size;
}

/* How many blocks a message takes: its padding is a bit of 1, zeros, and its length in
 * bits, which must fit into the last block. */
static inline size_t
blocks_of(size_t size)
{
    return (size + 8) / BLOCK_SIZE + 1;
}

/* Turn a word from this machine's order of bytes into that of the hash, which has the
 * lowest byte first, and back. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LITTLE(v) __builtin_bswap32(v)
#else
#define LITTLE(v) (v)
#endif

static inline void
put_word(uint8_t *p, uint32_t v)
{
    v = LITTLE(v);
    memcpy(p, &v, sizeof v);
}

static inline uint32_t
get_word(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return LITTLE(v);
}

/* Fill in a block that holds the whole message of a key, as most do. The block is zero
 * before. */
static inline void
put_short(uint8_t *block, const asc_digest_source *key)
{
    uint8_t *p = block;
    if (key->set_size > 0) {
        memcpy(p, key->set, key->set_size);
        p += key->set_size;
    }
    *p++ = key->particle;
    if (key->value_size > 0) {
        memcpy(p, key->value, key->value_size);
        p += key->value_size;
    }
    *p = END_OF_MESSAGE;
}

/* Copy what a block, which begins at `start` of its message, has of a piece of the
 * message, which begins at `at`. */
static void
put_piece(uint8_t *block, size_t start, const void *piece, size_t at, size_t size)
{
    size_t from = at > start ? at : start, to = at + size;
    to = to < start + BLOCK_SIZE ? to : start + BLOCK_SIZE;
    if (from < to) {
        memcpy(block + (from - start), (const uint8_t *)piece + (from - at), to - from);
    }
}

/* The same for any block of a longer message. */
static void
put_part(uint8_t *block, const asc_digest_source *key, size_t start)
{
    static const uint8_t end[] = {END_OF_MESSAGE};
    put_piece(block, start, key->set, 0, key->set_size);
    put_piece(block, start, &key->particle, key->set_size, 1);
    put_piece(block, start, key->value, key->set_size + 1, key->value_size);
    put_piece(block, start, end, size_of(key), sizeof end);
}

/* Write a block of the message of a key into its lane. True: one more follows. */
static inline bool
put_block(uint32_t *words, unsigned n_lanes, const asc_digest_source *key, size_t start)
{
    uint8_t block[BLOCK_SIZE] = {0};
    size_t size = size_of(key), n_blocks = blocks_of(size);
    bool more = start + BLOCK_SIZE < n_blocks * BLOCK_SIZE;
    if (n_blocks == 1) {
        put_short(block, key);
    }
    else {
        put_part(block, key, start);
    }
    for (unsigned i = 0; i < N_WORDS; i++) {
        words[i * n_lanes] = get_word(block + 4 * i);
    }
    if (!more) {
        words[(N_WORDS - 2) * n_lanes] = (uint32_t)(size << 3);
        words[(N_WORDS - 1) * n_lanes] = (uint32_t)((uint64_t)size >> 29);
    }
    return more;
}

/* The start values are those of the paper, which SHA-1 has as well. */
static inline void
begin_state(uint32_t *state, unsigned n_lanes)
{
    static const uint32_t start[N_STATE] = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu,
                                            0x10325476u, 0xC3D2E1F0u};
    for (unsigned i = 0; i < N_STATE; i++) {
        state[i * n_lanes] = start[i];
    }
}

static inline void
put_digest(uint8_t *out, const uint32_t *state, unsigned n_lanes)
{
    for (unsigned i = 0; i < N_STATE; i++) {
        put_word(out + 4 * i, state[i * n_lanes]);
    }
}

static void
digest_one(const asc_digest_source *key)
{
    uint32_t state[N_STATE], words[N_WORDS];
    size_t start = 0;
    bool more = true;
    begin_state(state, 1);
    for (; more; start += BLOCK_SIZE) {
        more = put_block(words, 1, key, start);
        compress_1(state, words);
    }
    put_digest(key->out, state, 1);
}

/* What a lane works at. */
typedef struct lane {
    const asc_digest_source *key; /* NULL: nothing, there are no more keys */
    size_t start;                 /* of the next block of its message */
    bool more;                    /* that block is not the last one */
} lane;

/* Give a lane the next block of its message. */
static inline void
feed_lane(lane *l, uint32_t *state, uint32_t *words, unsigned n_lanes)
{
    if (l->start == 0) {
        begin_state(state, n_lanes);
    }
    l->more = put_block(words, n_lanes, l->key, l->start);
    l->start += BLOCK_SIZE;
}

static inline void
digest_in(compress_fn *compress, unsigned n_lanes, const asc_digest_source *keys,
          size_t n)
{
    _Alignas(64) uint32_t state[N_STATE * MAX_LANES] = {0};
    _Alignas(64) uint32_t words[N_WORDS * MAX_LANES] = {0};
    lane lanes[MAX_LANES] = {{0}};
    size_t next = 0, n_done = 0;
    while (n_done < n) {
        for (unsigned i = 0; i < n_lanes; i++) {
            lane *l = &lanes[i];
            if (l->key == NULL && next < n) {
                *l = (lane){.key = &keys[next++]};
            }
            if (l->key != NULL) {
                feed_lane(l, state + i, words + i, n_lanes);
            }
        }
        compress(state, words);
        for (unsigned i = 0; i < n_lanes; i++) {
            lane *l = &lanes[i];
            if (l->key != NULL && !l->more) {
                put_digest(l->key->out, state + i, n_lanes);
                l->key = NULL;
                n_done++;
            }
        }
    }
}

/* --- keys --- */

bool
asc_digest_in_lanes(unsigned n_lanes, const asc_digest_source *keys, size_t n)
{
    compress_fn *compress = compress_in(n_lanes);
    if (compress == NULL) {
        return false;
    }
    switch (n_lanes) { /* the compiler makes a loop of its own for each number */
    case 4:
        digest_in(compress, 4, keys, n);
        break;
    case 8:
        digest_in(compress, 8, keys, n);
        break;
    case 16:
        digest_in(compress, 16, keys, n);
        break;
    default:
        for (size_t i = 0; i < n; i++) {
            digest_one(&keys[i]);
        }
    }
    return true;
}

void
asc_digest_keys(const asc_digest_source *keys, size_t n)
{
    static const unsigned widths[] = {16, 8, 4, 1};
    unsigned i = n > 1 ? 0 : 3;
    while (!asc_digest_in_lanes(widths[i], keys, n)) {
        i++;
    }
}

void
asc_digest_key(uint8_t out[ASC_DIGEST_SIZE], const void *set, size_t set_size,
               uint8_t particle, const void *value, size_t value_size)
{
    const asc_digest_source key = {.set = set,
                                   .set_size = set_size,
                                   .particle = particle,
                                   .value = value,
                                   .value_size = value_size,
                                   .out = out};
    digest_one(&key);
}
