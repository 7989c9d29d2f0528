/* Reads what servers send. Every size in a frame comes from the peer and is checked
 * against the bytes that are there before anything is read by it; a reply that does not
 * hold together is an error of the connection, which its owner then closes. */
#include "wire/reader.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

asc_status
asc_read_frame_head(const uint8_t *data, asc_frame_head *out, asc_error *err)
{
    uint64_t word = asc_get_u64(data);
    unsigned version = (unsigned)(word >> 56), type = (unsigned)(word >> 48) & 0xFF;
    uint64_t size = word & 0xFFFFFFFFFFFFu;
    if (version != ASC_PROTO_VERSION) {
        return asc_error_set(err, ASC_ERR_CLIENT,
                             "the peer does not speak this protocol: version byte %u",
                             version);
    }
    if (type < ASC_PROTO_INFO || type > ASC_PROTO_COMPRESSED) {
        return asc_error_set(err, ASC_ERR_CLIENT, "reply of unexpected type %u", type);
    }
    if (size > ASC_PROTO_MAX_BODY) {
        return asc_error_set(err, ASC_ERR_CLIENT, "reply of %llu bytes is too large",
                             (unsigned long long)size);
    }
    out->type = (uint8_t)type;
    out->size = size;
    return ASC_OK;
}

void
asc_frame_cut(uint8_t *frame, size_t size)
{
    /* The size has 48 bits, whose upper 16 are zero in any frame that was accepted. */
    asc_put_u32(frame + 4, (uint32_t)size - ASC_PROTO_HEADER_SIZE);
}

/* The header's own length is in its first byte, since later servers may send a longer
 * one. */
static inline void
read_header(asc_msg *m, const uint8_t *data, size_t size)
{
    m->info1 = data[1];
    m->info2 = data[2];
    m->info3 = data[3];
    m->result = data[5];
    m->generation = asc_get_u32(data + 6);
    m->void_time = asc_get_u32(data + 10);
    m->index = asc_get_u32(data + 14);
    m->n_fields = asc_get_u16(data + 18);
    m->n_ops = asc_get_u16(data + 20);
    m->at = m->fields = data + data[0];
    m->end = data + size;
}

asc_status
asc_msg_open(asc_msg *m, const uint8_t *data, size_t size, asc_error *err)
{
    if (size < ASC_MSG_HEADER_SIZE || data[0] < ASC_MSG_HEADER_SIZE || data[0] > size) {
        return asc_error_set(err, ASC_ERR_CLIENT,
                             "malformed reply: header of %zu bytes", size);
    }
    read_header(m, data, size);
    for (unsigned i = 0; i < m->n_fields; i++) {
        size_t left = (size_t)(m->end - m->at);
        uint32_t field = left < 4 ? 0 : asc_get_u32(m->at);
        if (left < 4 || field == 0 || field > left - 4) {
            return asc_error_set(err, ASC_ERR_CLIENT,
                                 "malformed reply: a field runs past the end");
        }
        m->at += 4 + field;
    }
    return ASC_OK;
}

/* asc_msg_open has checked the sizes of all fields, so the loop can trust them. Returns
 * where they end. */
static inline const uint8_t *
read_fields(const asc_msg *m, asc_msg_record *out)
{
    const uint8_t *p = m->fields;
    *out = (asc_msg_record){0};
    for (unsigned i = 0; i < m->n_fields; i++) {
        uint32_t size = asc_get_u32(p) - 1;
        const uint8_t *data = p + 5;
        switch (p[4]) {
        case ASC_FIELD_NAMESPACE:
            out->ns = data;
            out->ns_size = size;
            break;
        case ASC_FIELD_SET:
            out->set = data;
            out->set_size = size;
            break;
        case ASC_FIELD_KEY:
            out->key = size > 0 ? data : NULL;
            out->key_size = size;
            break;
        case ASC_FIELD_DIGEST:
            out->digest = size == ASC_DIGEST_SIZE ? data : NULL;
            break;
        case ASC_FIELD_BVALS:
            out->bval = size == 8 ? data : NULL;
            break;
        default:
            break;
        }
        p = data + size;
    }
    return p;
}

void
asc_msg_read_record(const asc_msg *m, asc_msg_record *out)
{
    read_fields(m, out);
}

void
asc_msg_take(asc_msg *m, const uint8_t *data, size_t size)
{
    asc_msg_record unused;
    asc_msg_take_record(m, &unused, data, size);
}

void
asc_msg_take_record(asc_msg *m, asc_msg_record *out, const uint8_t *data, size_t size)
{
    read_header(m, data, size);
    m->at = read_fields(m, out);
}

/* Enter the next frame. Returns false at the end of the frames, with err as it was, and
 * when the next one is malformed, with err set. */
static bool
enter_frame(asc_frames *f, asc_error *err)
{
    asc_frame_head head = {0};
    size_t left = (size_t)(f->end - f->at);
    if (left == 0) {
        return false;
    }
    if (left >= ASC_PROTO_HEADER_SIZE &&
        asc_read_frame_head(f->at, &head, err) != ASC_OK) {
        return false;
    }
    if (head.type != ASC_PROTO_MESSAGE || head.size > left - ASC_PROTO_HEADER_SIZE) {
        asc_error_set(err, ASC_ERR_CLIENT, "malformed reply: no whole message");
        return false;
    }
    f->at += ASC_PROTO_HEADER_SIZE;
    f->frame_end = f->at + head.size;
    return true;
}

/* Every operation of the message is looked at before the message is handed out, so that
 * callers may read them without the fear that it ends too early. */
bool
asc_frames_next(asc_frames *f, asc_msg *m, asc_error *err)
{
    while (f->at == f->frame_end) { /* a frame may be empty */
        if (!enter_frame(f, err)) {
            return false;
        }
    }
    f->message = f->at;
    if (asc_msg_open(m, f->at, (size_t)(f->frame_end - f->at), err) != ASC_OK) {
        return false;
    }
    asc_msg rest = *m;
    asc_msg_op op;
    for (unsigned i = 0; i < m->n_ops; i++) {
        if (asc_msg_next_op(&rest, &op, err) != ASC_OK) {
            return false;
        }
    }
    f->at = m->end = rest.at;
    return true;
}

/* A line may lack its tab, and the last one its line feed: a node that leaves them out
 * is understood all the same. */
int
asc_info_next(const char *text, size_t size, size_t *at, asc_info_pair *out)
{
    if (*at >= size) {
        return 0;
    }
    const char *line = text + *at;
    const char *lf = memchr(line, '\n', size - *at);
    size_t len = lf != NULL ? (size_t)(lf - line) : size - *at;
    const char *tab = memchr(line, '\t', len);
    out->name = line;
    out->name_size = tab != NULL ? (size_t)(tab - line) : len;
    out->value = line + out->name_size + (tab != NULL);
    out->value_size = len - out->name_size - (tab != NULL);
    *at += len + (lf != NULL);
    return 1;
}

/* These words are text for people as well, so their case is not relied on. */
static bool
starts_with(const char *text, size_t size, const char *prefix)
{
    size_t n = strlen(prefix);
    return size >= n && strncasecmp(text, prefix, n) == 0;
}

/* Measure the word by which an info value says that it is a refusal; 0 when there is
 * none. */
static size_t
refusal_size(const char *value, size_t size)
{
    static const char *const words[] = {"ERROR:", "FAIL:"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (starts_with(value, size, words[i])) {
            return strlen(words[i]);
        }
    }
    return 0;
}

/* A refusal may lack the number, and commands about functions fail in a form of their
 * own. */
asc_status
asc_info_status(const char *value, size_t size, asc_error *err)
{
    if (starts_with(value, size, "error=")) {
        asc_error_set(err, ASC_ERR_UDF, "%s", "");
        asc_error_append_text(err, value, size);
        return err->code;
    }
    size_t at = refusal_size(value, size);
    if (at == 0) {
        return ASC_OK;
    }
    int code = 0;
    while (at < size && value[at] >= '0' && value[at] <= '9' && code < 100000) {
        code = code * 10 + (value[at++] - '0');
    }
    at += at < size && value[at] == ':';
    asc_error_set(err, code == 0 ? ASC_ERR_SERVER : code, "%s", "");
    asc_error_append_text(err, value + at, size - at);
    return err->code;
}

/* The refusal stands alone, or where the value of the first command should. */
bool
asc_info_wants_login(const char *text, size_t size, asc_error *err)
{
    asc_info_pair first;
    asc_error refusal;
    size_t at = 0;
    asc_error_reset(&refusal);
    if (!asc_info_next(text, size, &at, &first)) {
        return false;
    }
    bool alone = first.value_size == 0;
    asc_status rc =
        asc_info_status(alone ? first.name : first.value,
                        alone ? first.name_size : first.value_size, &refusal);
    if (rc == ASC_ERR_NOT_AUTHENTICATED) {
        asc_error_set_result(err, rc);
    }
    return rc == ASC_ERR_NOT_AUTHENTICATED;
}
