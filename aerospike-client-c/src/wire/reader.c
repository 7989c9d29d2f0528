#include "asc/reader.h"

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
    if (type != ASC_PROTO_INFO && type != ASC_PROTO_MESSAGE) {
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

asc_status
asc_msg_open(asc_msg *m, const uint8_t *data, size_t size, asc_error *err)
{
    if (size < ASC_MSG_HEADER_SIZE || data[0] < ASC_MSG_HEADER_SIZE || data[0] > size) {
        return asc_error_set(err, ASC_ERR_CLIENT,
                             "malformed reply: header of %zu bytes", size);
    }
    m->info1 = data[1];
    m->info2 = data[2];
    m->info3 = data[3];
    m->result = data[5];
    m->generation = asc_get_u32(data + 6);
    m->void_time = asc_get_u32(data + 10);
    m->n_fields = asc_get_u16(data + 18);
    m->n_ops = asc_get_u16(data + 20);
    m->at = data + data[0];
    m->end = data + size;
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

static bool
starts_with(const char *text, size_t size, const char *prefix)
{
    size_t n = strlen(prefix);
    return size >= n && strncasecmp(text, prefix, n) == 0;
}

asc_status
asc_info_status(const char *value, size_t size, asc_error *err)
{
    if (starts_with(value, size, "error=")) {
        return asc_error_set(err, 100, "%.*s", (int)size, value);
    }
    size_t prefix = starts_with(value, size, "ERROR:")  ? 6
                    : starts_with(value, size, "FAIL:") ? 5
                                                        : 0;
    if (prefix == 0) {
        return ASC_OK;
    }
    int code = 0;
    size_t at = prefix;
    while (at < size && value[at] >= '0' && value[at] <= '9' && code < 100000) {
        code = code * 10 + (value[at++] - '0');
    }
    at += at < size && value[at] == ':';
    return asc_error_set(err, code == 0 ? 1 : code, "%.*s", (int)(size - at),
                         value + at);
}
