/* RIPEMD-160, key digests one by one and in lanes, partitions, base64. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asc/bytes.h"
#include "asc/digest.h"
#include "kit.h"
#include "wire/base64.h"
#include "wire/digest.h"

/* A text that is not empty, as a key: its first byte is the particle type. */
static asc_digest_source
source_of(const void *text, size_t size, uint8_t *out)
{
    const uint8_t *p = text;
    return (asc_digest_source){
        .particle = p[0], .value = p + 1, .value_size = size - 1, .out = out};
}

static void
ripemd160(uint8_t out[ASC_DIGEST_SIZE], const void *text, size_t size)
{
    asc_digest_source key = source_of(text, size, out);
    asc_digest_key(out, NULL, 0, key.particle, key.value, key.value_size);
}

/* The vectors that the authors of RIPEMD-160 published with it, but for that of the
 * empty text: the message of a key has one byte at least. */
static void
test_ripemd160(void)
{
    static const struct {
        const char *text, *digest;
    } rows[] = {
        {"a", "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe"},
        {"abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"},
        {"message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36"},
        {"abcdefghijklmnopqrstuvwxyz", "f71c27109c692c1b56bbdceb5b9d2865b3708dbc"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "12a053384a9c0c88e405a06c27dcf49ada62eb2b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "b0e20b6e3116640286ed3a87a5713079b21f5189"},
        {"1234567890123456789012345678901234567890"
         "1234567890123456789012345678901234567890",
         "9b752e45573d4b39f4dbd3323cab82bf63326bfb"},
    };
    uint8_t digest[ASC_DIGEST_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t *text = kit_exact(rows[i].text, strlen(rows[i].text));
        kit_note("\"%s\"", rows[i].text);
        ripemd160(digest, text, strlen(rows[i].text));
        CHECK_EQ_BYTES(digest, sizeof digest, rows[i].digest);
        free(text);
    }
}

static void
test_ripemd160_of_a_million(void)
{
    uint8_t digest[ASC_DIGEST_SIZE], *text = malloc(1000000);
    memset(text, 'a', 1000000);
    ripemd160(digest, text, 1000000);
    CHECK_EQ_BYTES(digest, sizeof digest, "52783243c1697bdbe16d37f97f68f08325dc1528");
    free(text);
}

/* Around the ends of blocks; computed with another implementation. */
static void
test_ripemd160_at_block_ends(void)
{
    static const struct {
        size_t size; /* so many times 'a' */
        const char *digest;
    } rows[] = {
        {55, "0d8a8c9063a48576a7c97e9f95253a6e53ff6765"},
        {56, "e72334b46c83cc70bef979e15453706c95b888be"},
        {63, "e640041293fe663b9bf3f8c21ffecac03819e6b2"},
        {64, "9dfb7d374ad924f3f88de96291c33e9abed53e32"},
        {119, "23e398ff2bac815aa1bbb57ca2a669c841872919"},
        {120, "c476770a6dae31fcee8d25efe6559a05c8024595"},
    };
    uint8_t digest[ASC_DIGEST_SIZE], text[120];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        kit_note("%zu bytes", rows[i].size);
        ripemd160(digest, text, rows[i].size);
        CHECK_EQ_BYTES(digest, sizeof digest, rows[i].digest);
    }
}

/* However the bytes are cut into set, type and value, and wherever the end of a block
 * falls, the digest is that of the whole. */
static void
test_key_is_hashed_as_one_text(void)
{
    uint8_t text[200], whole[ASC_DIGEST_SIZE], parts[ASC_DIGEST_SIZE];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t size = 1; size <= sizeof text; size++) {
        ripemd160(whole, text, size);
        for (size_t cut = 0; cut < size && cut <= 64; cut += 9) {
            asc_digest_key(parts, text, cut, text[cut], text + cut + 1, size - cut - 1);
            kit_note("%zu bytes cut at %zu", size, cut);
            CHECK(memcmp(whole, parts, sizeof whole) == 0);
        }
    }
}

/* --- lanes ------------------------------------------------------------------------ */

#define MAX_KEYS 230

static const unsigned widths[] = {1, 4, 8, 16};

/* The digests of keys are those that the keys have one by one, in all numbers of lanes
 * that this machine can do, and nothing else is written. */
static void
check_lanes(asc_digest_source *keys, size_t n)
{
    static uint8_t got[MAX_KEYS + 1][ASC_DIGEST_SIZE];
    uint8_t want[ASC_DIGEST_SIZE];
    for (size_t i = 0; i < n; i++) {
        keys[i].out = got[i];
    }
    for (size_t w = 0; w <= sizeof widths / sizeof *widths; w++) {
        memset(got, 0x55, sizeof got);
        if (w == sizeof widths / sizeof *widths) {
            asc_digest_keys(keys, n);
        }
        else if (!asc_digest_in_lanes(widths[w], keys, n)) {
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            const asc_digest_source *k = &keys[i];
            asc_digest_key(want, k->set, k->set_size, k->particle, k->value,
                           k->value_size);
            kit_note("key %zu of %zu, width %zu", i, n, w);
            CHECK(memcmp(want, got[i], sizeof want) == 0);
        }
        CHECK_EQ_INT(got[n][0], 0x55);
    }
}

/* All lengths side by side: lanes take as many blocks as their own key needs. */
static void
test_lanes_of_mixed_lengths(void)
{
    static uint8_t text[MAX_KEYS];
    asc_digest_source keys[MAX_KEYS];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)(i * 11 + 3);
    }
    for (size_t step = 1; step <= 7; step += 3) {
        for (size_t i = 0; i < MAX_KEYS; i++) {
            size_t size = (i * step) % 201, set_size = size < 63 ? size / 3 : i % 64;
            keys[i] = (asc_digest_source){.set = set_size > 0 ? text : NULL,
                                          .set_size = set_size,
                                          .particle = (uint8_t)i,
                                          .value = text + i % 29,
                                          .value_size = size - set_size};
        }
        check_lanes(keys, MAX_KEYS);
    }
}

/* Any number of keys, of one length: around each number of lanes some stay idle. */
static void
test_lanes_of_any_number(void)
{
    uint8_t text[200];
    asc_digest_source keys[35];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)(i * 5 + 1);
    }
    for (size_t n = 0; n <= 35; n++) {
        for (size_t i = 0; i < n; i++) {
            keys[i] = source_of(text + i, 1 + n * 4, NULL);
        }
        check_lanes(keys, n);
    }
}

/* The lanes that every processor of the kind has are there, and no others. */
static void
test_lanes_that_there_are(void)
{
    CHECK(asc_digest_in_lanes(1, NULL, 0));
#if defined(__x86_64__) || defined(__aarch64__)
    CHECK(asc_digest_in_lanes(4, NULL, 0));
#endif
    CHECK(!asc_digest_in_lanes(0, NULL, 0));
    CHECK(!asc_digest_in_lanes(5, NULL, 0));
    CHECK(!asc_digest_in_lanes(32, NULL, 0));
}

static void
test_keys(void)
{
    static const struct {
        const char *set;
        uint8_t particle;
        const char *value; /* hexadecimal */
        const char *digest;
        unsigned partition;
    } rows[] = {
        {"demo", 1, "0000000000000001", "b7f4b83889e2da67de683e1df6919a1eacc446c8",
         1207},
        {"demo", 1, "ffffffffffffffff", "e9d49a24c3debdc5a6d551d3e7087999a263bb97",
         1257},
        {"demo", 1, "0000000000000000", "ceded27492b392e0232514bb54a8ec2076acef37",
         3790},
        {"demo", 1, "7fffffffffffffff", "6964c1df0d52acf332aef2bfdd54ba366285d051",
         1129},
        {"demo", 3, "61", "40013b3ef08b61f2d1621a602d6e5aa9711b6ef9", 320},
        {"demo", 3, "31", "6576b4888ccf929c200b6fbd90d09df3f6d10cf3", 1637},
        {"demo", 3, "", "6253653507ba82c3f57c87af2f86d39033149e0c", 866},
        {"", 3, "61", "79e55340ff2911fc794c49ec2a8175bd9d7ca04c", 1401},
        {"demo", 3, "636cc3a9", "4e2a0ef78d20b9766885ea2b3ed12f95e368f4d0", 2638},
        {"demo", 4, "010203", "ff31c926fbef445648ce63ca72a698a5473425c1", 511},
        {"s", 1, "0000000000000001", "a03bfb6c065d213ba0b225696394a260f4bb7cb1", 2976},
        {"demo", 2, "3ff8000000000000", "10c03b48ac9b3ad8020721c4ef63d5e84485edce", 16},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size;
        uint8_t digest[ASC_DIGEST_SIZE], *value = kit_hex(rows[i].value, &size);
        kit_note("row %zu", i);
        asc_digest_key(digest, rows[i].set, strlen(rows[i].set), rows[i].particle,
                       value, size);
        CHECK_EQ_BYTES(digest, sizeof digest, rows[i].digest);
        CHECK_EQ_INT(asc_digest_partition(digest), rows[i].partition);
        free(value);
    }
}

static void
test_no_set(void)
{
    uint8_t digest[ASC_DIGEST_SIZE];
    asc_digest_key(digest, NULL, 0, 3, "a", 1);
    CHECK_EQ_BYTES(digest, sizeof digest, "79e55340ff2911fc794c49ec2a8175bd9d7ca04c");
}

static void
test_partition_range(void)
{
    const uint8_t low[ASC_DIGEST_SIZE] = {0, 0xF0};
    const uint8_t high[ASC_DIGEST_SIZE] = {0xFF, 0xFF};
    CHECK_EQ_INT(asc_digest_partition(low), 0);
    CHECK_EQ_INT(asc_digest_partition(high), 4095);
}

/* --- base64 ----------------------------------------------------------------------- */

static void
test_base64(void)
{
    static const struct {
        const char *hex, *text;
    } rows[] = {
        {"", ""},
        {"66", "Zg=="},
        {"666f", "Zm8="},
        {"666f6f", "Zm9v"},
        {"666f6f626172", "Zm9vYmFy"},
        {"ffffff", "////"},
        {"fbefbe", "++++"},
        {"00", "AA=="},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size;
        uint8_t out[16], *data = kit_hex(rows[i].hex, &size);
        char text[32];
        kit_note("%s", rows[i].text);
        asc_base64_encode(text, data, size);
        CHECK_EQ_STR(text, rows[i].text);
        CHECK_EQ_INT(strlen(text), ASC_BASE64_SIZE(size));
        CHECK_EQ_INT(asc_base64_decode(out, size, text, strlen(text)), 0);
        CHECK_EQ_BYTES(out, size, rows[i].hex);
        free(data);
    }
}

static void
test_base64_user_agent(void)
{
    char text[64];
    const char agent[] = "1,python-19.3.0,not-set";
    asc_base64_encode(text, (const uint8_t *)agent, strlen(agent));
    CHECK_EQ_STR(text, "MSxweXRob24tMTkuMy4wLG5vdC1zZXQ=");
}

static void
test_base64_of_every_byte(void)
{
    uint8_t data[256], back[256];
    char text[400];
    for (unsigned i = 0; i < 256; i++) {
        data[i] = (uint8_t)i;
    }
    for (size_t size = 0; size <= 256; size++) {
        asc_base64_encode(text, data, size);
        char *exact = (char *)kit_exact(text, strlen(text)); /* no NUL behind it */
        kit_note("%zu bytes", size);
        CHECK_EQ_INT(asc_base64_decode(back, size, exact, strlen(text)), 0);
        CHECK(memcmp(data, back, size) == 0);
        free(exact);
    }
}

static void
test_base64_malformed(void)
{
    static const struct {
        const char *text;
        size_t out_size;
    } rows[] = {
        {"Zm9v", 2},
        {"Zm9v", 4},
        {"Zm8=", 3},
        {"Zm9", 3},
        {"Zm9vY", 3},
        {"", 1},
        {"Zm 9", 3},
        {"Zm-v", 3},
        {"Zm_v", 3},
        {"\xff"
         "m9v",
         3},
        {"=m9v", 3},
        {"Zm9\n", 3},
        {"====", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[8];
        char *text = (char *)kit_exact(rows[i].text, strlen(rows[i].text));
        kit_note("\"%s\" for %zu bytes", rows[i].text, rows[i].out_size);
        CHECK_EQ_INT(
            asc_base64_decode(out, rows[i].out_size, text, strlen(rows[i].text)), -1);
        free(text);
    }
}

static const kit_test tests[] = {
    {"ripemd160", test_ripemd160},
    {"ripemd160_at_block_ends", test_ripemd160_at_block_ends},
    {"ripemd160_of_a_million", test_ripemd160_of_a_million},
    {"key_is_hashed_as_one_text", test_key_is_hashed_as_one_text},
    {"lanes_of_mixed_lengths", test_lanes_of_mixed_lengths},
    {"lanes_of_any_number", test_lanes_of_any_number},
    {"lanes_that_there_are", test_lanes_that_there_are},
    {"keys", test_keys},
    {"no_set", test_no_set},
    {"partition_range", test_partition_range},
    {"base64", test_base64},
    {"base64_user_agent", test_base64_user_agent},
    {"base64_of_every_byte", test_base64_of_every_byte},
    {"base64_malformed", test_base64_malformed},
};

KIT_MAIN("ut_digest", tests)
