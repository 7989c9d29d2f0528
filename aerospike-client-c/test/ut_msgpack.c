/* The MessagePack dialect: every width border, markers, special values, and bytes that
 * are none of it. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asc/msgpack.h"
#include "asc/proto.h"
#include "kit.h"

/* --- integers --------------------------------------------------------------------- */

static void
test_integers(void)
{
    static const struct {
        int64_t value;
        const char *hex;
    } rows[] = {
        {0, "00"},
        {1, "01"},
        {127, "7f"},
        {128, "cc80"},
        {255, "ccff"},
        {256, "cd0100"},
        {65535, "cdffff"},
        {65536, "ce00010000"},
        {4294967295, "ceffffffff"},
        {4294967296, "cf0000000100000000"},
        {INT64_MAX, "cf7fffffffffffffff"},
        {-1, "ff"},
        {-32, "e0"},
        {-33, "d0df"},
        {-128, "d080"},
        {-129, "d1ff7f"},
        {-32768, "d18000"},
        {-32769, "d2ffff7fff"},
        {INT32_MIN, "d280000000"},
        {(int64_t)INT32_MIN - 1, "d3ffffffff7fffffff"},
        {INT64_MIN, "d38000000000000000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_buf b = ASC_BUF_INIT;
        asc_mp_item item;
        kit_note("%lld", (long long)rows[i].value);
        CHECK(asc_mp_put_int(&b, rows[i].value));
        CHECK_EQ_BYTES(b.data, b.len, rows[i].hex);
        asc_mp_reader r = {b.data, b.data + b.len};
        CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_INT);
        CHECK_EQ_INT(item.i, rows[i].value);
        CHECK(r.at == r.end);
        asc_buf_clear(&b);
    }
}

static void
test_unsigned(void)
{
    asc_buf b = ASC_BUF_INIT;
    asc_mp_item item;
    CHECK(asc_mp_put_uint(&b, UINT64_MAX));
    CHECK(asc_mp_put_uint(&b, (uint64_t)INT64_MAX + 1));
    CHECK(asc_mp_put_uint(&b, (uint64_t)INT64_MAX));
    CHECK_EQ_BYTES(b.data, b.len,
                   "cfffffffffffffffff cf8000000000000000 cf7fffffffffffffff");
    asc_mp_reader r = {b.data, b.data + b.len};
    CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_UINT);
    CHECK(item.u == UINT64_MAX);
    CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_UINT);
    CHECK(item.u == (uint64_t)INT64_MAX + 1);
    CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_INT);
    CHECK_EQ_INT(item.i, INT64_MAX);
    asc_buf_clear(&b);
}

/* A server may send any width. */
static void
test_wide_integers_are_read(void)
{
    static const struct {
        const char *hex;
        int64_t value;
    } rows[] = {
        {"cc05", 5},
        {"cd0005", 5},
        {"ce00000005", 5},
        {"cf0000000000000005", 5},
        {"d005", 5},
        {"d0ff", -1},
        {"d1ffff", -1},
        {"d2ffffffff", -1},
        {"d3ffffffffffffffff", -1},
        {"d27fffffff", INT32_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size;
        uint8_t *data = kit_hex(rows[i].hex, &size);
        asc_mp_reader r = {data, data + size};
        asc_mp_item item;
        kit_note("%s", rows[i].hex);
        CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_INT);
        CHECK_EQ_INT(item.i, rows[i].value);
        free(data);
    }
}

/* --- the other scalars ------------------------------------------------------------ */

static void
test_nil_and_booleans(void)
{
    asc_buf b = ASC_BUF_INIT;
    asc_mp_item item;
    CHECK(asc_mp_put_nil(&b));
    CHECK(asc_mp_put_bool(&b, false) && asc_mp_put_bool(&b, true));
    CHECK_EQ_BYTES(b.data, b.len, "c0 c2 c3");
    asc_mp_reader r = {b.data, b.data + b.len};
    CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_NIL);
    CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_FALSE);
    CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_TRUE);
    CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_END);
    CHECK_EQ_INT(item.type, ASC_MP_END);
    asc_buf_clear(&b);
}

static void
test_doubles(void)
{
    static const struct {
        double value;
        const char *hex;
    } rows[] = {
        {1.5, "cb3ff8000000000000"},      {0.0, "cb0000000000000000"},
        {-0.0, "cb8000000000000000"},     {-2.0, "cbc000000000000000"},
        {DBL_MAX, "cb7fefffffffffffff"},  {5e-324, "cb0000000000000001"},
        {INFINITY, "cb7ff0000000000000"}, {-INFINITY, "cbfff0000000000000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_buf b = ASC_BUF_INIT;
        asc_mp_item item;
        kit_note("%g", rows[i].value);
        CHECK(asc_mp_put_double(&b, rows[i].value));
        CHECK_EQ_BYTES(b.data, b.len, rows[i].hex);
        asc_mp_reader r = {b.data, b.data + b.len};
        CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_DOUBLE);
        CHECK(memcmp(&item.d, &rows[i].value, sizeof item.d) == 0); /* -0 is not 0 */
        asc_buf_clear(&b);
    }
}

static void
test_floats_of_32_bits_are_read(void)
{
    size_t size;
    uint8_t *data = kit_hex("ca3fc00000 ca7f7fffff ca80000000 ca7fc00000", &size);
    asc_mp_reader r = {data, data + size};
    asc_mp_item item;
    CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_DOUBLE);
    CHECK(item.d == 1.5);
    CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_DOUBLE);
    CHECK(item.d == (double)FLT_MAX);
    CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_DOUBLE);
    CHECK(item.d == 0 && signbit(item.d));
    CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_DOUBLE);
    CHECK(isnan(item.d));
    free(data);
}

/* --- byte strings ----------------------------------------------------------------- */

static void
test_short_strings(void)
{
    asc_buf b = ASC_BUF_INIT;
    CHECK(asc_mp_put_bytes(&b, ASC_PARTICLE_STRING, "a", 1));
    CHECK(asc_mp_put_bytes(&b, ASC_PARTICLE_STRING, "", 0));
    CHECK(asc_mp_put_bytes(&b, ASC_PARTICLE_BLOB, "xy", 2));
    CHECK(asc_mp_put_str_head(&b, 1)); /* bin names in expressions: no type byte */
    CHECK(asc_buf_put(&b, "a", 1));
    CHECK_EQ_BYTES(b.data, b.len, "a20361 a103 a3047879 a161");
    asc_buf_clear(&b);
}

/* Borders of the header by the size in all, type byte included. */
static void
test_string_widths(void)
{
    static const struct {
        size_t size; /* without the type byte */
        const char *head;
    } rows[] = {
        {29, "be"},
        {30, "bf"},
        {31, "d920"},
        {254, "d9ff"},
        {255, "da0100"},
        {65534, "daffff"},
        {65535, "db00010000"},
        {100000, "db000186a1"},
    };
    char *text = (char *)malloc(100000);
    memset(text, 'x', 100000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_buf b = ASC_BUF_INIT;
        asc_mp_item item;
        size_t n_head = strlen(rows[i].head) / 2;
        kit_note("%zu bytes", rows[i].size);
        CHECK(asc_mp_put_bytes(&b, ASC_PARTICLE_STRING, text, rows[i].size));
        CHECK_EQ_INT(b.len, n_head + 1 + rows[i].size);
        CHECK_EQ_BYTES(b.data, n_head, rows[i].head);
        CHECK_EQ_INT(b.data[n_head], ASC_PARTICLE_STRING);
        CHECK(memcmp(b.data + n_head + 1, text, rows[i].size) == 0);
        asc_mp_reader r = {b.data, b.data + b.len};
        CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_BYTES);
        CHECK_EQ_INT(item.size, rows[i].size + 1);
        CHECK(item.data == b.data + n_head);
        CHECK(r.at == r.end);
        asc_buf_clear(&b);
    }
    free(text);
}

static void
test_too_long_is_refused(void)
{
    asc_buf b = ASC_BUF_INIT;
    CHECK(!asc_mp_put_bytes(&b, ASC_PARTICLE_BLOB, "", UINT32_MAX));
    CHECK(!asc_mp_put_str_head(&b, (size_t)UINT32_MAX + 1));
    CHECK(!asc_mp_put_list_head(&b, (size_t)UINT32_MAX + 1));
    CHECK(!asc_mp_put_map_head(&b, (size_t)UINT32_MAX + 1));
    CHECK_EQ_INT(b.len, 0);
    asc_buf_clear(&b);
}

/* The empty string without type byte, and the bin family. */
static void
test_other_byte_strings_are_read(void)
{
    size_t size;
    uint8_t *data = kit_hex("a0 c403046162 c5000104 c60000000204ff d90103 da000103"
                            "db0000000103 c400",
                            &size);
    static const char *const want[] = {"",   "046162", "04", "04ff",
                                       "03", "03",     "03", ""};
    asc_mp_reader r = {data, data + size};
    asc_mp_item item;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        kit_note("item %zu", i);
        CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_BYTES);
        CHECK_EQ_BYTES(item.data, item.size, want[i]);
    }
    CHECK(r.at == r.end);
    free(data);
}

/* --- lists and maps --------------------------------------------------------------- */

static void
test_container_widths(void)
{
    static const struct {
        size_t n;
        const char *list, *map;
    } rows[] = {
        {0, "90", "80"},
        {1, "91", "81"},
        {15, "9f", "8f"},
        {16, "dc0010", "de0010"},
        {65535, "dcffff", "deffff"},
        {65536, "dd00010000", "df00010000"},
        {UINT32_MAX, "ddffffffff", "dfffffffff"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_buf b = ASC_BUF_INIT;
        asc_mp_item item;
        kit_note("%zu", rows[i].n);
        CHECK(asc_mp_put_list_head(&b, rows[i].n));
        CHECK_EQ_BYTES(b.data, b.len, rows[i].list);
        size_t n_list = b.len;
        CHECK(asc_mp_put_map_head(&b, rows[i].n));
        CHECK_EQ_BYTES(b.data + n_list, b.len - n_list, rows[i].map);
        if (rows[i].n < UINT32_MAX) { /* with as many items as the header says */
            size_t n_head = b.len;
            CHECK(asc_buf_add(&b, rows[i].n * 2 + 1) != NULL);
            asc_mp_reader r = {b.data, b.data + b.len - 1};
            CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_LIST);
            CHECK_EQ_INT(item.n, rows[i].n);
            CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_MAP);
            CHECK_EQ_INT(item.n, rows[i].n);
            CHECK(r.at == b.data + n_head);
        }
        asc_buf_clear(&b);
    }
}

/* A count that the bytes cannot hold is refused before anybody allocates for it. */
static void
test_counts_beyond_the_bytes_are_refused(void)
{
    static const struct {
        const char *hex;
        asc_mp_type type;
    } rows[] = {
        {"91 00", ASC_MP_LIST},
        {"92 00", ASC_MP_END},
        {"9f 0000000000000000000000000000", ASC_MP_END},
        {"81 0000", ASC_MP_MAP},
        {"81 00", ASC_MP_END},
        {"82 000000", ASC_MP_END},
        {"dc0002 0000", ASC_MP_LIST},
        {"dc0003 0000", ASC_MP_END},
        {"de0001 0000", ASC_MP_MAP},
        {"de0002 000000", ASC_MP_END},
        {"dd00000001 00", ASC_MP_LIST},
        {"ddffffffff 00", ASC_MP_END},
        {"df80000000 00000000", ASC_MP_END},
        {"dfffffffff 00000000", ASC_MP_END},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size;
        uint8_t *data = kit_hex(rows[i].hex, &size);
        asc_mp_reader r = {data, data + size};
        asc_mp_item item;
        kit_note("%s", rows[i].hex);
        CHECK_EQ_INT(asc_mp_next(&r, &item), rows[i].type);
        CHECK_EQ_INT(item.type, rows[i].type);
        free(data);
    }
}

static void
test_examples(void)
{
    asc_buf b = ASC_BUF_INIT;
    CHECK(asc_mp_put_list_head(&b, 3) && asc_mp_put_marker(&b, ASC_MP_ORDERED) &&
          asc_mp_put_int(&b, 1) && asc_mp_put_int(&b, 2));
    CHECK_EQ_BYTES(b.data, b.len, "93 c70001 01 02");
    b.len = 0;
    CHECK(asc_mp_put_map_head(&b, 2) && asc_mp_put_marker(&b, ASC_MP_ORDERED) &&
          asc_mp_put_nil(&b) && asc_mp_put_bytes(&b, ASC_PARTICLE_STRING, "a", 1) &&
          asc_mp_put_int(&b, 1));
    CHECK_EQ_BYTES(b.data, b.len, "82 c70001 c0 a20361 01");
    b.len = 0;
    CHECK(asc_mp_put_list_head(&b, 2) && asc_mp_put_int(&b, 1) &&
          asc_mp_put_special(&b, ASC_MP_WILDCARD));
    CHECK_EQ_BYTES(b.data, b.len, "92 01 d4ff00");
    b.len = 0;
    CHECK(asc_mp_put_special(&b, ASC_MP_INFINITY));
    CHECK_EQ_BYTES(b.data, b.len, "d4ff01");
    b.len = 0; /* the arguments of a function call */
    CHECK(asc_mp_put_list_head(&b, 8) &&
          asc_mp_put_bytes(&b, ASC_PARTICLE_STRING, "a", 1) && asc_mp_put_int(&b, 1) &&
          asc_mp_put_double(&b, 1.5) &&
          asc_mp_put_bytes(&b, ASC_PARTICLE_BLOB, "x", 1) && asc_mp_put_nil(&b) &&
          asc_mp_put_bool(&b, true) && asc_mp_put_list_head(&b, 2) &&
          asc_mp_put_int(&b, 1) && asc_mp_put_bytes(&b, ASC_PARTICLE_STRING, "z", 1) &&
          asc_mp_put_map_head(&b, 1) &&
          asc_mp_put_bytes(&b, ASC_PARTICLE_STRING, "k", 1) && asc_mp_put_int(&b, 2));
    CHECK_EQ_BYTES(b.data, b.len,
                   "98 a20361 01 cb3ff8000000000000 a20478 c0 c3 9201a2037a"
                   "81a2036b02");
    asc_buf_clear(&b);
}

/* --- ext -------------------------------------------------------------------------- */

static void
test_ext(void)
{
    static const struct {
        const char *hex;
        unsigned ext;
        const char *data;
    } rows[] = {
        {"d4ff00", 0xFF, "00"},
        {"d4ff01", 0xFF, "01"},
        {"d507aabb", 7, "aabb"},
        {"d607aabbccdd", 7, "aabbccdd"},
        {"d7070011223344556677", 7, "0011223344556677"},
        {"d80700112233445566770011223344556677", 7, "00112233445566770011223344556677"},
        {"c70001", 1, ""},
        {"c70205aabb", 5, "aabb"},
        {"c8000105aa", 5, "aa"},
        {"c90000000105aa", 5, "aa"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size;
        uint8_t *data = kit_hex(rows[i].hex, &size);
        asc_mp_reader r = {data, data + size};
        asc_mp_item item;
        kit_note("%s", rows[i].hex);
        CHECK_EQ_INT(asc_mp_next(&r, &item), ASC_MP_EXT);
        CHECK_EQ_INT(item.ext, rows[i].ext);
        CHECK_EQ_BYTES(item.data, item.size, rows[i].data);
        CHECK(r.at == r.end);
        free(data);
    }
}

static void
test_markers(void)
{
    static const struct {
        const char *hex;
        bool is_marker;
        unsigned flags;
    } rows
        [] =
            {
                {"c70001 05", true, 1},   {"c70003 c0", true, 3},
                {"c70008 c0", true, 8},   {"c70001", true, 1},
                {"c70000", true, 0},      {"c700", false, 0},
                {"c7", false, 0},         {"", false, 0},
                {"01", false, 0},         {"d4ff00", false, 0},
                {"c700ff", false, 0},     /* special values are no markers */
                {"c70205aabb", false, 0}, /* a stored value: markers have no data */
                {"c70105", false, 0},     /* cut */
            };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size;
        uint8_t flags = 0x55, *data = kit_hex(rows[i].hex, &size);
        asc_mp_reader r = {data, data + size};
        kit_note("%s", rows[i].hex);
        CHECK_EQ_INT(asc_mp_skip_marker(&r, &flags), rows[i].is_marker);
        CHECK_EQ_INT(flags, rows[i].is_marker ? rows[i].flags : 0x55);
        CHECK_EQ_INT(r.at - data, rows[i].is_marker ? 3 : 0);
        free(data);
    }
}

/* --- malformed -------------------------------------------------------------------- */

/* Read items until the end; how many there were. */
static size_t
count_items(const uint8_t *data, size_t size)
{
    asc_mp_reader r = {data, data + size};
    asc_mp_item item;
    size_t n = 0;
    while (asc_mp_next(&r, &item) != ASC_MP_END) {
        CHECK(r.at > data && r.at <= r.end);
        if (item.type == ASC_MP_BYTES || item.type == ASC_MP_EXT) {
            CHECK(item.data + item.size <= data + size);
        }
        n++;
    }
    return n;
}

/* One item of each shape, cut everywhere: no item may come of a part. */
static void
test_every_cut(void)
{
    static const char *const items[] = {
        "cc80",
        "cd0100",
        "ce00010000",
        "cf0000000100000000",
        "d0df",
        "d1ff7f",
        "d2ffff7fff",
        "d3ffffffff7fffffff",
        "ca3fc00000",
        "cb3ff8000000000000",
        "a20361",
        "d90361aabb",
        "da000361aabb",
        "db0000000361aabb",
        "c4020461",
        "c500020461",
        "c6000000020461",
        "d4ff00",
        "d507aabb",
        "d607aabbccdd",
        "d7070011223344556677",
        "d80700112233445566770011223344556677",
        "c70205aabb",
        "c8000205aabb",
        "c90000000205aabb",
        "dc0000",
        "dd00000000",
        "de0000",
        "df00000000",
    };
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        size_t size;
        uint8_t *data = kit_hex(items[i], &size);
        for (size_t cut = 0; cut <= size; cut++) {
            uint8_t *part = kit_exact(data, cut);
            kit_note("%s cut at %zu", items[i], cut);
            CHECK_EQ_INT(count_items(part, cut), cut == size);
            free(part);
        }
        free(data);
    }
}

static void
test_unused_tag(void)
{
    CHECK_EQ_INT(count_items((const uint8_t *)"\xc1", 1), 0);
}

static void
test_sizes_beyond_the_bytes(void)
{
    static const char *const items[] = {
        "a2 03",         "bf 03",     "d9ff 03",       "daffff 03",
        "dbffffffff 03", "c4ff 03",   "c5ffff 03",     "c6ffffffff 03",
        "c7ff 05",       "c8ffff 05", "c9ffffffff 05", "d8 05 0011223344",
    };
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        size_t size;
        uint8_t *data = kit_hex(items[i], &size);
        kit_note("%s", items[i]);
        CHECK_EQ_INT(count_items(data, size), 0);
        free(data);
    }
}

static const kit_test tests[] = {
    {"integers", test_integers},
    {"unsigned", test_unsigned},
    {"wide_integers_are_read", test_wide_integers_are_read},
    {"nil_and_booleans", test_nil_and_booleans},
    {"doubles", test_doubles},
    {"floats_of_32_bits_are_read", test_floats_of_32_bits_are_read},
    {"short_strings", test_short_strings},
    {"string_widths", test_string_widths},
    {"too_long_is_refused", test_too_long_is_refused},
    {"other_byte_strings_are_read", test_other_byte_strings_are_read},
    {"container_widths", test_container_widths},
    {"counts_beyond_the_bytes_are_refused", test_counts_beyond_the_bytes_are_refused},
    {"examples", test_examples},
    {"ext", test_ext},
    {"markers", test_markers},
    {"every_cut", test_every_cut},
    {"unused_tag", test_unused_tag},
    {"sizes_beyond_the_bytes", test_sizes_beyond_the_bytes},
};

KIT_MAIN("ut_msgpack", tests)
