/* Messages and info text: the byte examples of the wire protocol, and what a server
 * might send instead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asc/detail.h"
#include "asc/writer.h"
#include "kit.h"

#define DIGEST "b7f4b83889e2da67de683e1df6919a1eacc446c8"
#define ADDRESS_HEX "00000005 00 74657374  00000005 01 64656d6f  00000015 04 " DIGEST

static const char reply_hex[] = "02 03 000000000032"
                                "16 00 00 00 00 00 00000001 00000000 00000000 0000 0002"
                                "0000000d 01 01 00 01 61 0000000000000001"
                                "00000007 01 03 00 01 62 6869";

/* --- writing ---------------------------------------------------------------------- */

static bool
begin(asc_writer *w, asc_buf *out, const asc_msg_head *head)
{
    size_t n;
    uint8_t *digest = kit_hex(DIGEST, &n);
    bool ok = asc_writer_begin(w, out, head) &&
              asc_writer_field(w, ASC_FIELD_NAMESPACE, "test", 4) &&
              asc_writer_field(w, ASC_FIELD_SET, "demo", 4) &&
              asc_writer_field(w, ASC_FIELD_DIGEST, digest, n);
    free(digest);
    return ok;
}

static bool
put_op(asc_writer *w, uint8_t code, uint8_t particle, const char *name, const char *hex)
{
    size_t n;
    uint8_t *value = kit_hex(hex, &n);
    bool ok = asc_writer_op_begin(w, code, particle, name, strlen(name)) &&
              asc_buf_put(w->out, value, n) && asc_writer_op_end(w);
    free(value);
    return ok;
}

static void
test_put(void)
{
    asc_buf out = ASC_BUF_INIT;
    asc_writer w;
    const asc_msg_head head = {.info2 = ASC_INFO2_WRITE, .budget_ms = 1000};
    CHECK(begin(&w, &out, &head));
    CHECK(put_op(&w, ASC_OP_WRITE, ASC_PARTICLE_INTEGER, "a", "0000000000000001"));
    CHECK(put_op(&w, ASC_OP_WRITE, ASC_PARTICLE_STRING, "b", "6869"));
    asc_writer_end(&w);
    CHECK_EQ_BYTES(out.data, out.len,
                   "02 03 00 00 00 00 00 5d"
                   "16 00 01 00 00 00 00000000 00000000 000003e8 0003 0002" ADDRESS_HEX
                   "0000000d 02 01 00 01 61 0000000000000001"
                   "00000007 02 03 00 01 62 6869");
    asc_buf_clear(&out);
}

static void
test_get(void)
{
    asc_buf out = ASC_BUF_INIT;
    asc_writer w;
    const asc_msg_head head = {.info1 = ASC_INFO1_READ | ASC_INFO1_GET_ALL,
                               .budget_ms = 1000};
    CHECK(begin(&w, &out, &head));
    asc_writer_end(&w);
    CHECK_EQ_BYTES(
        out.data, out.len,
        "02 03 00 00 00 00 00 41"
        "16 03 00 00 00 00 00000000 00000000 000003e8 0003 0000" ADDRESS_HEX);
    asc_buf_clear(&out);
}

static void
test_put_with_every_policy(void)
{
    asc_buf out = ASC_BUF_INIT;
    asc_writer w;
    const asc_msg_head head = {.info2 = ASC_INFO2_WRITE | ASC_INFO2_GENERATION,
                               .info3 = ASC_INFO3_UPDATE_ONLY,
                               .generation = 3,
                               .ttl_s = 100,
                               .budget_ms = 1000};
    CHECK(begin(&w, &out, &head));
    CHECK(asc_writer_key_field(&w, ASC_PARTICLE_STRING, "k1", 2));
    CHECK(put_op(&w, ASC_OP_WRITE, ASC_PARTICLE_DOUBLE, "a", "3ff8000000000000"));
    CHECK(put_op(&w, ASC_OP_WRITE, ASC_PARTICLE_LIST, "l", "9201a20378"));
    CHECK(put_op(&w, ASC_OP_WRITE, ASC_PARTICLE_MAP, "m", "8202c3a2036b01"));
    CHECK(put_op(&w, ASC_OP_WRITE, ASC_PARTICLE_NULL, "n", ""));
    CHECK(put_op(&w, ASC_OP_WRITE, ASC_PARTICLE_BLOB, "by", "0102"));
    CHECK(put_op(&w, ASC_OP_WRITE, ASC_PARTICLE_BOOL, "t", "01"));
    asc_writer_end(&w);
    CHECK_EQ_BYTES(out.data, out.len,
                   "02 03 00 00 00 00 00 97"
                   "16 00 05 08 00 00 00000003 00000064 000003e8 0004 0006" ADDRESS_HEX
                   "00000004 02 03 6b31"
                   "0000000d 02 02 00 01 61 3ff8000000000000"
                   "0000000a 02 14 00 01 6c 9201a20378"
                   "0000000c 02 13 00 01 6d 8202c3a2036b01"
                   "00000005 02 00 00 01 6e"
                   "00000008 02 04 00 02 6279 0102"
                   "00000006 02 11 00 01 74 01");
    asc_buf_clear(&out);
}

static void
test_operate(void)
{
    asc_buf out = ASC_BUF_INIT;
    asc_writer w;
    const asc_msg_head head = {.info2 = ASC_INFO2_WRITE, .budget_ms = 1000};
    CHECK(begin(&w, &out, &head));
    CHECK(put_op(&w, 4, ASC_PARTICLE_BLOB, "l", "920107"));
    asc_writer_end(&w);
    CHECK_EQ_BYTES(out.data, out.len,
                   "02 03 00 00 00 00 00 4d"
                   "16 00 01 00 00 00 00000000 00000000 000003e8 0003 0001" ADDRESS_HEX
                   "00000008 04 04 00 01 6c 920107");
    asc_buf_clear(&out);
}

static void
test_touch(void)
{
    asc_buf out = ASC_BUF_INIT;
    asc_writer w;
    const asc_msg_head head = {
        .info2 = ASC_INFO2_WRITE, .ttl_s = 120, .budget_ms = 1000};
    CHECK(begin(&w, &out, &head));
    CHECK(put_op(&w, ASC_OP_TOUCH, ASC_PARTICLE_NULL, "", ""));
    asc_writer_end(&w);
    CHECK_EQ_BYTES(out.data, out.len,
                   "02 03 00 00 00 00 00 49"
                   "16 00 01 00 00 00 00000000 00000078 000003e8 0003 0001" ADDRESS_HEX
                   "00000004 0b 00 00 00");
    asc_buf_clear(&out);
}

/* The head may change until the end, a particle until its operation ends, and a frame
 * may begin behind another one. */
static void
test_changes_while_writing(void)
{
    asc_buf out = ASC_BUF_INIT;
    asc_writer w;
    asc_msg_head head = {0};
    CHECK(asc_buf_put(&out, "xyz", 3));
    CHECK(asc_writer_begin(&w, &out, &head));
    CHECK(asc_writer_op_begin(&w, ASC_OP_WRITE, ASC_PARTICLE_NULL, "a", 1));
    CHECK(asc_buf_put(&out, "q", 1));
    asc_writer_op_particle(&w, ASC_PARTICLE_STRING);
    CHECK(asc_writer_op_end(&w));
    head.info1 = 0x81;
    head.info4 = 3 << ASC_INFO4_ERROR_DETAIL_SHIFT;
    asc_writer_set_head(&w, &head);
    asc_writer_end(&w);
    CHECK_EQ_BYTES(out.data, out.len,
                   "78797a 02 03 000000000020"
                   "16 81 00 00 60 00 00000000 00000000 00000000 0000 0001"
                   "00000006 02 03 00 01 61 71");
    asc_buf_clear(&out);
}

static void
test_field_edges(void)
{
    asc_buf out = ASC_BUF_INIT;
    asc_writer w;
    const asc_msg_head head = {0};
    CHECK(asc_writer_begin(&w, &out, &head));
    CHECK(asc_writer_field(&w, ASC_FIELD_SET, NULL, 0));
    CHECK(asc_writer_key_field(&w, ASC_PARTICLE_STRING, NULL, 0));
    size_t len = out.len;
    /* the size does not fit into its four bytes */
    CHECK(!asc_writer_field(&w, ASC_FIELD_SET, "", UINT32_MAX));
    CHECK(!asc_writer_key_field(&w, ASC_PARTICLE_BLOB, "", UINT32_MAX - 1));
    CHECK_EQ_INT(out.len, len);
    asc_writer_end(&w);
    CHECK_EQ_BYTES(out.data + 26, out.len - 26, "0002 0000 00000001 01 00000002 02 03");
    asc_buf_clear(&out);
}

static void
test_field_whose_size_comes_last(void)
{
    asc_buf out = ASC_BUF_INIT;
    asc_writer w;
    const asc_msg_head head = {0};
    CHECK(asc_writer_begin(&w, &out, &head));
    CHECK(asc_writer_field_begin(&w, ASC_FIELD_UDF_ARGS));
    CHECK(asc_writer_field_end(&w));
    CHECK(asc_writer_field_begin(&w, ASC_FIELD_UDF_ARGS));
    CHECK(asc_buf_put(&out, "ab", 2) && asc_buf_put(&out, "c", 1));
    CHECK(asc_writer_field_end(&w));
    CHECK(asc_writer_field(&w, ASC_FIELD_SET, "s", 1));
    asc_writer_end(&w);
    CHECK_EQ_BYTES(out.data + 26, out.len - 26,
                   "0003 0000 00000001 20  00000004 20 616263  00000002 01 73");
    asc_buf_clear(&out);
}

/* A count that its two bytes cannot hold is never cut down to what they can. */
static void
test_too_many_of_each_are_refused(void)
{
    asc_buf out = ASC_BUF_INIT;
    asc_writer w;
    const asc_msg_head head = {0};
    CHECK(asc_writer_begin(&w, &out, &head));
    for (unsigned i = 0; i < ASC_MAX_FIELDS; i++) {
        CHECK(asc_writer_field(&w, ASC_FIELD_SET, NULL, 0));
    }
    for (unsigned i = 0; i < ASC_MAX_OPS; i++) {
        CHECK(asc_writer_op_begin(&w, ASC_OP_READ, 0, NULL, 0) &&
              asc_writer_op_end(&w));
    }
    size_t len = out.len;
    CHECK(!asc_writer_field(&w, ASC_FIELD_SET, NULL, 0));
    CHECK(!asc_writer_key_field(&w, ASC_PARTICLE_STRING, NULL, 0));
    CHECK(!asc_writer_op_begin(&w, ASC_OP_READ, 0, NULL, 0));
    CHECK_EQ_INT(out.len, len);
    asc_writer_end(&w);
    CHECK_EQ_BYTES(out.data + 26, 4, "ffff 8000");
    asc_buf_clear(&out);
}

static void
test_info_request(void)
{
    asc_buf out = ASC_BUF_INIT;
    const char commands[] = "node\npartition-generation\nbuild\n";
    CHECK(asc_write_info(&out, commands, strlen(commands)));
    CHECK_EQ_BYTES(out.data, out.len,
                   "02 01 00 00 00 00 00 20  6e 6f 64 65 0a 70 61 72 74 69 74 69 6f 6e"
                   "2d 67 65 6e 65 72 61 74 69 6f 6e 0a 62 75 69 6c 64 0a");
    out.len = 0;
    CHECK(asc_write_info(&out, "", 0));
    CHECK_EQ_BYTES(out.data, out.len, "02 01 000000000000");
    asc_buf_clear(&out);
}

/* --- reading ---------------------------------------------------------------------- */

static void
test_read_record(void)
{
    asc_error err;
    asc_frame_head frame;
    asc_msg m = {0};
    asc_msg_op op = {0};
    size_t size;
    uint8_t *reply = kit_hex(reply_hex, &size);
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_read_frame_head(reply, &frame, &err), ASC_OK);
    CHECK_EQ_INT(frame.type, ASC_PROTO_MESSAGE);
    CHECK_EQ_INT(frame.size, size - 8);
    CHECK_EQ_INT(asc_msg_open(&m, reply + 8, size - 8, &err), ASC_OK);
    CHECK_EQ_INT(m.result, 0);
    CHECK_EQ_INT(m.generation, 1);
    CHECK_EQ_INT(m.void_time, 0);
    CHECK_EQ_INT(m.n_fields, 0);
    CHECK_EQ_INT(m.n_ops, 2);
    CHECK_EQ_INT(asc_msg_next_op(&m, &op, &err), ASC_OK);
    CHECK_EQ_INT(op.code, 1);
    CHECK_EQ_INT(op.particle, ASC_PARTICLE_INTEGER);
    CHECK_EQ_BYTES(op.name, op.name_size, "61");
    CHECK_EQ_BYTES(op.value, op.value_size, "0000000000000001");
    CHECK_EQ_INT(asc_msg_next_op(&m, &op, &err), ASC_OK);
    CHECK_EQ_INT(op.particle, ASC_PARTICLE_STRING);
    CHECK_EQ_BYTES(op.name, op.name_size, "62");
    CHECK_EQ_BYTES(op.value, op.value_size, "6869");
    CHECK(m.at == m.end);
    CHECK_EQ_INT(err.code, ASC_OK);
    free(reply);
}

static void
test_read_header_only(void)
{
    asc_error err;
    asc_msg m = {0};
    size_t size;
    uint8_t *body =
        kit_hex("16 01 02 03 00 02 0000ffff fffffffe 00000000 0000 0000", &size);
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_msg_open(&m, body, size, &err), ASC_OK);
    CHECK_EQ_INT(m.info1, 1);
    CHECK_EQ_INT(m.info2, 2);
    CHECK_EQ_INT(m.info3, 3);
    CHECK_EQ_INT(m.result, 2);
    CHECK_EQ_INT(m.generation, 65535);
    CHECK_EQ_INT(m.void_time, 4294967294);
    CHECK(m.at == m.end);
    free(body);
}

/* A reply may carry fields before its operations: they are stepped over. */
static void
test_read_skips_fields(void)
{
    asc_error err;
    asc_msg m = {0};
    asc_msg_op op = {0};
    size_t size;
    uint8_t *body = kit_hex("16 00 00 00 00 00 00000007 00000000 00000000 0002 0001"
                            "00000008 03 01020304050607   00000001 63"
                            "00000006 04 11 00 01 72 01",
                            &size);
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_msg_open(&m, body, size, &err), ASC_OK);
    CHECK_EQ_INT(m.n_fields, 2);
    CHECK_EQ_INT(asc_msg_next_op(&m, &op, &err), ASC_OK);
    CHECK_EQ_INT(op.code, 4);
    CHECK_EQ_BYTES(op.value, op.value_size, "01");
    free(body);
}

/* A longer header than ours: what follows byte 22 is stepped over. */
static void
test_read_longer_header(void)
{
    asc_error err;
    asc_msg m = {0};
    asc_msg_op op = {0};
    size_t size;
    uint8_t *body = kit_hex("18 00 00 00 00 00 00000007 00000000 00000000 0000 0001"
                            "aabb 00000004 01 00 00 00",
                            &size);
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_msg_open(&m, body, size, &err), ASC_OK);
    CHECK_EQ_INT(asc_msg_next_op(&m, &op, &err), ASC_OK);
    CHECK_EQ_INT(op.name_size, 0);
    CHECK_EQ_INT(op.value_size, 0);
    free(body);
}

/* Walk through a whole message; ASC_OK when all of it could be read. */
static asc_status
walk(const uint8_t *body, size_t size)
{
    asc_error err;
    asc_msg m = {0};
    asc_msg_op op = {0};
    asc_error_reset(&err);
    asc_status rc = asc_msg_open(&m, body, size, &err);
    for (unsigned i = 0; rc == ASC_OK && i < m.n_ops; i++) {
        rc = asc_msg_next_op(&m, &op, &err);
        if (rc == ASC_OK) {
            CHECK(op.name + op.name_size == op.value);
            CHECK(op.value + op.value_size <= body + size);
        }
    }
    CHECK_EQ_INT(err.code, rc);
    CHECK(rc == ASC_OK || err.message[0] != '\0');
    return rc;
}

static void
test_every_cut_is_refused(void)
{
    static const char *const bodies[] = {
        "16 00 00 00 00 00 00000001 00000000 00000000 0000 0002"
        "0000000d 01 01 00 01 61 0000000000000001 00000007 01 03 00 01 62 6869",
        "16 00 00 00 00 00 00000007 00000000 00000000 0002 0001"
        "00000008 03 01020304050607 00000005 06 00000000 00000006 04 11 00 01 72 01",
    };
    for (size_t k = 0; k < sizeof bodies / sizeof bodies[0]; k++) {
        size_t size;
        uint8_t *body = kit_hex(bodies[k], &size);
        CHECK_EQ_INT(walk(body, size), ASC_OK);
        for (size_t cut = 0; cut < size; cut++) {
            kit_note("body %zu cut at %zu", k, cut);
            uint8_t *part = kit_exact(body, cut);
            CHECK_EQ_INT(walk(part, cut), ASC_ERR_CLIENT);
            free(part);
        }
        free(body);
    }
}

static void
test_lying_sizes_are_refused(void)
{
#define HEAD(fields, ops)                                                              \
    "16 00 00 00 00 00 00000001 00000000 00000000 " fields " " ops " "
    static const struct {
        const char *what, *hex;
    } rows[] = {
        {"header of 21", "15 00 00 00 00 00 00000001 00000000 00000000 0000 0000"},
        {"header of 0", "00 00 00 00 00 00 00000001 00000000 00000000 0000 0000"},
        {"header past end", "17 00 00 00 00 00 00000001 00000000 00000000 0000 0000"},
        {"field of size 0", HEAD("0001", "0000") "00000000"},
        {"field one too long", HEAD("0001", "0000") "00000003 0061"},
        {"field of 4 GB", HEAD("0001", "0000") "ffffffff 0061"},
        {"more fields than there are", HEAD("ffff", "0000") "00000001 00"},
        {"more operations than there are", HEAD("0000", "0002") "00000004 01000000"},
        {"operation of size 0", HEAD("0000", "0001") "00000000 01000000"},
        {"operation of size 3", HEAD("0000", "0001") "00000003 01000000"},
        {"operation one too long", HEAD("0000", "0001") "00000005 01000000"},
        {"operation of 4 GB", HEAD("0000", "0001") "ffffffff 01000000"},
        {"name longer than the operation", HEAD("0000", "0001") "00000005 01000002 61"},
        {"name of 255", HEAD("0000", "0001") "00000005 010000ff 61"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size;
        uint8_t *body = kit_hex(rows[i].hex, &size);
        kit_note("%s", rows[i].what);
        CHECK_EQ_INT(walk(body, size), ASC_ERR_CLIENT);
        free(body);
    }
}

static void
test_frame_heads(void)
{
    static const struct {
        const char *hex;
        bool good;
        const char *says;
    } rows[] = {
        {"02 01 000000000000", true, ""},
        {"02 03 000000000016", true, ""},
        {"02 03 000008000000", true, ""}, /* 128 MiB */
        {"02 03 000008000001", false, "134217729"},
        {"02 03 ffffffffffff", false, "too large"},
        {"02 02 000000000016", true, ""}, /* admin */
        {"02 04 000000000016", true, ""}, /* compressed */
        {"02 00 000000000016", false, "type 0"},
        {"02 05 000000000016", false, "type 5"},
        {"02 ff 000000000016", false, "type 255"},
        {"00 03 000000000016", false, "version byte 0"},
        {"01 03 000000000016", false, "version byte 1"},
        {"03 03 000000000016", false, "version byte 3"},
        {"48 54 54502f312e31", false, "version byte 72"}, /* HTTP/1.1 */
        {"15 03 030002022f00", false, "version byte 21"}, /* a TLS alert */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_error err;
        asc_frame_head head = {0};
        size_t size;
        uint8_t *data = kit_hex(rows[i].hex, &size);
        kit_note("%s", rows[i].hex);
        asc_error_reset(&err);
        CHECK_EQ_INT(asc_read_frame_head(data, &head, &err),
                     rows[i].good ? ASC_OK : ASC_ERR_CLIENT);
        CHECK_HAS(err.message, rows[i].says);
        CHECK_EQ_INT(head.type, rows[i].good ? data[1] : 0);
        free(data);
    }
}

static void
test_void_time(void)
{
    const uint64_t now = ASC_EPOCH_UNIX_S + 1000;
    CHECK_EQ_INT(asc_ttl_from_void_time(0, now), ASC_TTL_NEVER);
    CHECK_EQ_INT(asc_ttl_from_void_time(1100, now), 100);
    CHECK_EQ_INT(asc_ttl_from_void_time(1001, now), 1);
    CHECK_EQ_INT(asc_ttl_from_void_time(1000, now), 1); /* alive, about to expire */
    CHECK_EQ_INT(asc_ttl_from_void_time(1, now), 1);
    CHECK_EQ_INT(asc_ttl_from_void_time(UINT32_MAX, now), UINT32_MAX - 1000);
    /* a clock that is wrong */
    CHECK_EQ_INT(asc_ttl_from_void_time(5, 0), ASC_EPOCH_UNIX_S + 5);
}

/* --- info ------------------------------------------------------------------------- */

static void
test_info_pairs(void)
{
    static const char text[] = "node\tBB90000000000A1\nempty\t\nno-tab\n\tERROR:4:x\n"
                               "a\tb\tc\nlast\tvalue";
    static const char *const want[][2] = {
        {"node", "BB90000000000A1"}, {"empty", ""}, {"no-tab", ""},
        {"", "ERROR:4:x"},           {"a", "b\tc"}, {"last", "value"},
    };
    size_t size = strlen(text), at = 0, n = 0;
    char *exact = (char *)kit_exact(text, size);
    asc_info_pair pair;
    while (asc_info_next(exact, size, &at, &pair) && n < 6) {
        char got[64];
        snprintf(got, sizeof got, "%.*s", (int)pair.name_size, pair.name);
        CHECK_EQ_STR(got, want[n][0]);
        snprintf(got, sizeof got, "%.*s", (int)pair.value_size, pair.value);
        CHECK_EQ_STR(got, want[n][1]);
        n++;
    }
    CHECK_EQ_INT(n, 6);
    CHECK_EQ_INT(at, size);
    CHECK(!asc_info_next(exact, size, &at, &pair));
    free(exact);
    at = 0;
    CHECK(!asc_info_next("", 0, &at, &pair));
}

static void
test_info_pairs_at_every_cut(void)
{
    static const char text[] = "node\tBB9\n\tx\nbuild\t8.1.2.0\n";
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        char *part = (char *)kit_exact(text, cut);
        size_t at = 0, used = 0;
        asc_info_pair pair;
        kit_note("cut at %zu", cut);
        while (asc_info_next(part, cut, &at, &pair)) {
            CHECK(at > used && at <= cut);
            CHECK(pair.value + pair.value_size <= part + cut);
            used = at;
        }
        CHECK_EQ_INT(at, cut);
        free(part);
    }
}

static void
test_info_status(void)
{
    static const struct {
        const char *value;
        int code;
        const char *message;
    } rows[] = {
        {"ok", 0, ""},
        {"", 0, ""},
        {"ERRO", 0, ""},
        {"ERROR", 0, ""},
        {"no ERROR:4:x", 0, ""},
        {"test:0,1,/w==", 0, ""},
        {"ERROR:4:unrecognized command", 4, "unrecognized command"},
        {"ERROR:25:enterprise only", 25, "enterprise only"},
        {"error:80:not authenticated", 80, "not authenticated"},
        {"Error:81:role violation", 81, "role violation"},
        {"ERROR::some text", 1, "some text"},
        {"ERROR:0:some text", 1, "some text"},
        {"ERROR:", 1, ""},
        {"ERROR:4", 4, ""},
        {"ERROR:4:", 4, ""},
        {"ERROR:4:a:b", 4, "a:b"},
        {"FAIL:201:no index", 201, "no index"},
        {"FAIL::text", 1, "text"},
        {"fail:text without code", 1, "text without code"},
        {"error=compile_error;file=x", 100, "error=compile_error;file=x"},
        {"ERROR=x", 100, "ERROR=x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_error err;
        size_t size = strlen(rows[i].value);
        char *value = (char *)kit_exact(rows[i].value, size);
        kit_note("\"%s\"", rows[i].value);
        asc_error_reset(&err);
        CHECK_EQ_INT(asc_info_status(value, size, &err), rows[i].code);
        CHECK_EQ_INT(err.code, rows[i].code);
        CHECK_EQ_STR(err.message, rows[i].message);
        free(value);
    }
}

/* A code with too many digits is no integer overflow. */
static void
test_info_status_huge_code(void)
{
    asc_error err;
    const char value[] = "ERROR:99999999999999999999:x";
    asc_error_reset(&err);
    CHECK(asc_info_status(value, strlen(value), &err) > 0);
}

/* --- errors ----------------------------------------------------------------------- */

static void
test_error_texts(void)
{
    asc_error err;
    asc_error_reset(&err);
    CHECK_EQ_INT(err.code, ASC_OK);
    CHECK_EQ_STR(err.message, "");
    CHECK_EQ_INT(asc_error_set(&err, -2, "argument %d", 7), -2);
    CHECK_EQ_STR(err.message, "argument 7");
    CHECK_EQ_INT(err.os_errno, 0);
    CHECK_EQ_INT(asc_error_set_os(&err, -10, 111, "cannot connect"), -10);
    CHECK_EQ_INT(err.os_errno, 111);
    CHECK_HAS(err.message, "cannot connect: ");
    for (unsigned i = 0; i < ASC_ERROR_MESSAGE_SIZE; i++) {
        asc_error_append(&err, ", %s", "more");
    }
    CHECK_EQ_INT(strlen(err.message), ASC_ERROR_MESSAGE_SIZE - 1);
    CHECK_EQ_STR(asc_status_text(2), "record not found");
    CHECK_EQ_STR(asc_status_text(-10), "connection failed");
    CHECK_EQ_STR(asc_status_text(12345), "unknown error");
    CHECK_EQ_STR(asc_status_name(ASC_OK), "ASC_OK");
    CHECK_EQ_STR(asc_status_name(-10), "ASC_ERR_CONNECTION");
    CHECK_EQ_STR(asc_status_name(12345), "");
    CHECK_EQ_STR(asc_phase_name(ASC_PHASE_CONNECT), "connect");
    CHECK_EQ_STR(asc_phase_name(ASC_PHASE_NONE), "");
    CHECK_EQ_STR(asc_phase_name(ASC_PHASE_COUNT), "");
}

/* --- buffers ---------------------------------------------------------------------- */

static void
test_buffer(void)
{
    asc_buf b = ASC_BUF_INIT;
    CHECK(asc_buf_put(&b, NULL, 0));
    CHECK(b.data == NULL);
    CHECK(asc_buf_put(&b, "abc", 3));
    CHECK(asc_buf_grow(&b, 2)); /* never shrinks */
    CHECK_EQ_BYTES(b.data, b.len, "616263");
    CHECK(asc_buf_grow(&b, 100000));
    CHECK(b.cap >= 100000 && b.cap < 200000);
    CHECK_EQ_BYTES(b.data, b.len, "616263");
    CHECK(!asc_buf_grow(&b, SIZE_MAX));
    CHECK_EQ_BYTES(b.data, b.len, "616263");
    asc_buf_reset(&b, 200000);
    CHECK(b.len == 0 && b.cap >= 100000);
    asc_buf_reset(&b, 99999);
    CHECK(b.len == 0 && b.cap == 0 && b.data == NULL);
    asc_buf_clear(&b);
}

/* --- many messages ---------------------------------------------------------------- */

/* The query chapter's example: a record with a place in the index, cut to one bin, then
 * the end in a frame of its own. */
static const char stream_hex[] =
    "02 03 00 00 00 00 00 56"
    "16 00 00 00 00 00 0000000c 00000000 00000000 0004 0001"
    "00000005 00 74657374"
    "00000015 04 b7f4b83889e2da67de683e1df6919a1eacc446c8"
    "00000005 01 64656d6f"
    "00000009 0f 0400000000000000"
    "00000004 01 01 00 00"
    "02 03 00 00 00 00 00 16"
    "16 00 00 01 00 00 00000000 00000000 00000000 0000 0000";

static void
test_walk_through_frames(void)
{
    asc_error err;
    asc_frames f;
    asc_msg m = {0};
    asc_msg_record r;
    size_t size;
    uint8_t *bytes = kit_hex(stream_hex, &size);
    asc_error_reset(&err);
    asc_frames_begin(&f, bytes, size);
    CHECK(asc_frames_next(&f, &m, &err));
    CHECK_EQ_INT(m.generation, 12);
    CHECK_EQ_INT(m.info3, 0);
    CHECK(m.end == bytes + 94);
    asc_msg_read_record(&m, &r);
    CHECK_EQ_BYTES(r.ns, r.ns_size, "74657374");
    CHECK_EQ_BYTES(r.set, r.set_size, "64656d6f");
    CHECK_EQ_BYTES(r.digest, 20, "b7f4b83889e2da67de683e1df6919a1eacc446c8");
    CHECK_EQ_BYTES(r.bval, 8, "0400000000000000");
    CHECK(r.key == NULL);
    CHECK(asc_frames_next(&f, &m, &err));
    CHECK_EQ_INT(m.info3, ASC_INFO3_LAST);
    asc_msg_read_record(&m, &r);
    CHECK(r.digest == NULL && r.ns == NULL && r.bval == NULL);
    CHECK(!asc_frames_next(&f, &m, &err));
    CHECK_EQ_INT(err.code, ASC_OK);
    free(bytes);
}

/* Rows of a batch, several to a frame, and frames that are empty. */
static void
test_walk_through_rows(void)
{
    asc_error err;
    asc_frames f;
    asc_msg m = {0};
    size_t size;
    uint8_t *bytes = kit_hex("02 03 00 00 00 00 00 00  02 03 00 00 00 00 00 3d"
                             "16 00 00 00 00 00 0000000b 00000000 00000007 0000 0001"
                             "0000000d 01 01 00 01 61 0000000000000003"
                             "16 00 00 00 00 02 00000000 00000000 00000102 0000 0000"
                             "02 03 00 00 00 00 00 00",
                             &size);
    asc_error_reset(&err);
    asc_frames_begin(&f, bytes, size);
    CHECK(asc_frames_next(&f, &m, &err));
    CHECK_EQ_INT(m.index, 7);
    CHECK(asc_frames_next(&f, &m, &err)); /* the operation was not read: no matter */
    CHECK_EQ_INT(m.index, 0x102);
    CHECK_EQ_INT(m.result, 2);
    CHECK(!asc_frames_next(&f, &m, &err));
    CHECK_EQ_INT(err.code, ASC_OK);
    free(bytes);
    asc_frames_begin(&f, NULL, 0);
    CHECK(!asc_frames_next(&f, &m, &err));
    CHECK_EQ_INT(err.code, ASC_OK);
}

static void
test_frames_at_every_cut(void)
{
    size_t size;
    uint8_t *bytes = kit_hex(stream_hex, &size);
    for (size_t cut = 1; cut < size; cut++) {
        asc_error err;
        asc_frames f;
        asc_msg m;
        uint8_t *part = kit_exact(bytes, cut);
        kit_note("cut at %zu", cut);
        asc_error_reset(&err);
        asc_frames_begin(&f, part, cut);
        while (asc_frames_next(&f, &m, &err)) {
        }
        CHECK_EQ_INT(err.code, cut == 94 ? ASC_OK : ASC_ERR_CLIENT);
        free(part);
    }
    free(bytes);
}

/* A digest, key or place in the index that is not of its size is none. */
static void
test_record_with_odd_fields(void)
{
    asc_error err;
    asc_msg m = {0};
    asc_msg_record r;
    size_t size;
    uint8_t *body = kit_hex("16 00 00 00 00 00 00000007 00000000 00000000 0004 0000"
                            "00000003 04 0102   00000001 02   00000002 0f 00"
                            "00000003 02 03 78",
                            &size);
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_msg_open(&m, body, size, &err), ASC_OK);
    asc_msg_read_record(&m, &r);
    CHECK(r.digest == NULL && r.bval == NULL);
    CHECK_EQ_BYTES(r.key, r.key_size, "0378"); /* the last one counts */
    free(body);
}

/* --- details of errors --- */

/* A message that is refused with code 4 and has one field 45 of these bytes. */
static void
read_detail(const char *map, asc_error *err)
{
    size_t size = 0, map_size = 0;
    char text[2048];
    uint8_t *bytes = kit_hex(map, &map_size), *body;
    asc_msg m;
    free(bytes);
    snprintf(text, sizeof text, "16 00 00 00 00 04 %s 0001 0000 %08zx 2d %s",
             "00000000 00000000 00000000", map_size + 1, map);
    body = kit_hex(text, &size);
    asc_error_reset(err);
    CHECK_EQ_INT(asc_msg_open(&m, body, size, err), ASC_OK);
    asc_error_set(err, 4, "refused");
    asc_error_add_detail(err, &m);
    free(body);
}

static void
test_error_details(void)
{
    static const struct {
        const char *map, *message;
        uint32_t subcode;
    } rows[] = {
        {"82 01 09 02 a4 74657874", "text", 9},
        {"82 02 a4 74657874 01 09", "text", 9}, /* in any order */
        {"de 0001 01 2a", "refused", 42},
        {"81 02 a2 6869", "hi", 0},
        {"80", "refused", 0},
        {"01", "refused", 0},
        {"", "refused", 0},
        {"82 01 2a", "refused", 0}, /* it says two pairs, and has room for one */
        {"82 01 2a 02 a9 7465", "refused", 42},
        {"81 01 a1 78", "refused", 0},                         /* no number */
        {"82 63 82 01 93 01 02 03 02 80 01 07", "refused", 7}, /* unknown, nested */
        {"83 01 09 02 a1 78 03 84 01 02 02 05 03 a2 6774 07 03",
         "x; exp_trace={phase=\"eval\" byte_offset=5 op=\"gt\" outcome=\"absent\"}", 9},
        {"82 03 82 05 92 a1 61 a1 62 01 01 01 08",
         "refused; exp_trace={phase=\"build\"}", 8},
        /* control characters, of one byte and of two, among others */
        {"82 01 09 02 ac 1b5b 00 0a 7f c2a0 c29b c3a9 20",
         "\\x1b[\\x00\\x0a\\x7f\xc2\xa0\\x9b\xc3\xa9 ", 9},
        {"81 03 81 03 a2 221b", "refused; exp_trace={op=\"\"\\x1b\"}", 0},
        /* a sub-code that 32 bits do not hold is none */
        {"81 01 cf 0000000100000005", "refused", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_error err;
        read_detail(rows[i].map, &err);
        CHECK_EQ_STR(err.message, rows[i].message);
        CHECK_EQ_INT(err.subcode, rows[i].subcode);
        CHECK_EQ_INT(err.code, 4);
    }
}

static const kit_test tests[] = {
    {"put", test_put},
    {"get", test_get},
    {"put_with_every_policy", test_put_with_every_policy},
    {"operate", test_operate},
    {"touch", test_touch},
    {"changes_while_writing", test_changes_while_writing},
    {"field_edges", test_field_edges},
    {"field_whose_size_comes_last", test_field_whose_size_comes_last},
    {"too_many_of_each_are_refused", test_too_many_of_each_are_refused},
    {"info_request", test_info_request},
    {"read_record", test_read_record},
    {"read_header_only", test_read_header_only},
    {"read_skips_fields", test_read_skips_fields},
    {"read_longer_header", test_read_longer_header},
    {"every_cut_is_refused", test_every_cut_is_refused},
    {"lying_sizes_are_refused", test_lying_sizes_are_refused},
    {"frame_heads", test_frame_heads},
    {"void_time", test_void_time},
    {"info_pairs", test_info_pairs},
    {"info_pairs_at_every_cut", test_info_pairs_at_every_cut},
    {"info_status", test_info_status},
    {"info_status_huge_code", test_info_status_huge_code},
    {"error_texts", test_error_texts},
    {"buffer", test_buffer},
    {"walk_through_frames", test_walk_through_frames},
    {"walk_through_rows", test_walk_through_rows},
    {"frames_at_every_cut", test_frames_at_every_cut},
    {"record_with_odd_fields", test_record_with_odd_fields},
    {"error_details", test_error_details},
};

KIT_MAIN("ut_wire", tests)
