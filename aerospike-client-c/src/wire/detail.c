/* Newer servers explain a failure in a field of the reply: a msgpack map with a
 * sub-code, a text, and the trace of an expression. The reader takes what it knows and
 * steps over the rest, since later servers may say more; nothing in here can make the
 * error itself worse. */
#include "asc/detail.h"

#include <string.h>

#include "asc/msgpack.h"

/* The keys of the map, and those of the trace in it. */
enum { KEY_SUBCODE = 1, KEY_TEXT = 2, KEY_TRACE = 3 };
enum { TRACE_PHASE = 1, TRACE_OFFSET = 2, TRACE_OP = 3, TRACE_OUTCOME = 7 };

/* How deep lists and maps may lie inside each other where they are skipped. */
#define MAX_DEPTH 16

/* Step over one item of any kind. Returns false when it is malformed, or so deep that
 * the recursion would become a danger to the stack. */
static bool
skip(asc_mp_reader *r, int depth)
{
    asc_mp_item item;
    uint64_t n = 0;
    switch (asc_mp_next(r, &item)) {
    case ASC_MP_END:
        return false;
    case ASC_MP_LIST:
        n = item.n;
        break;
    case ASC_MP_MAP:
        n = 2 * (uint64_t)item.n;
        break;
    default:
        return true;
    }
    if (depth >= MAX_DEPTH) {
        return false;
    }
    while (n-- > 0) {
        if (!skip(r, depth + 1)) {
            return false;
        }
    }
    return true;
}

/* Numbers that this library does not know are named "unknown": a later server has sent
 * them. */
static const char *
name_of(const char *const *names, size_t n, int64_t number)
{
    return number > 0 && (uint64_t)number < n ? names[number] : "unknown";
}

/* What takes one entry of a map. It returns true when it has read the contents of a
 * value that is a list or a map. */
typedef bool (*entry_taker)(asc_error *err, int64_t key, const asc_mp_item *value,
                            asc_mp_reader *r);

/* Hand each entry of a map to take(). A value that is a list or a map is given with its
 * head read; when take() leaves it alone (returns false), its contents are skipped
 * here. */
static void
walk(asc_error *err, asc_mp_reader *r, uint32_t n, entry_taker take)
{
    for (uint32_t i = 0; i < n; i++) {
        asc_mp_item key, value;
        if (asc_mp_next(r, &key) != ASC_MP_INT) {
            return;
        }
        asc_mp_reader at = *r;
        if (asc_mp_next(r, &value) == ASC_MP_END) {
            return;
        }
        bool nested = value.type == ASC_MP_LIST || value.type == ASC_MP_MAP;
        if (!take(err, key.i, &value, r) && nested) {
            *r = at;
            if (!skip(r, 0)) {
                return;
            }
        }
    }
}

/* Append an entry of a trace to the message, as name=value behind the entries before
 * it. */
static bool
take_trace(asc_error *err, int64_t key, const asc_mp_item *value, asc_mp_reader *r)
{
    static const char *const phases[] = {"", "build", "eval"};
    static const char *const outcomes[] = {"", "fault", "false", "absent"};
    size_t len = strlen(err->message);
    const char *gap = len > 0 && err->message[len - 1] == '{' ? "" : " ";
    bool is_int = value->type == ASC_MP_INT;
    (void)r;
    if (key == TRACE_OP && value->type == ASC_MP_BYTES) {
        asc_error_append(err, "%sop=\"", gap);
        asc_error_append_text(err, value->data, value->size);
        asc_error_append(err, "\"");
    }
    else if (key == TRACE_PHASE && is_int) {
        asc_error_append(err, "%sphase=\"%s\"", gap, name_of(phases, 3, value->i));
    }
    else if (key == TRACE_OFFSET && is_int) {
        asc_error_append(err, "%sbyte_offset=%lld", gap, (long long)value->i);
    }
    else if (key == TRACE_OUTCOME && is_int) {
        asc_error_append(err, "%soutcome=\"%s\"", gap, name_of(outcomes, 4, value->i));
    }
    return false;
}

/* Take an entry of the outer map. The server's own text replaces the general one of the
 * code. */
static bool
take_detail(asc_error *err, int64_t key, const asc_mp_item *value, asc_mp_reader *r)
{
    if (key == KEY_SUBCODE && value->type == ASC_MP_INT && value->i > 0 &&
        value->i <= UINT32_MAX) {
        err->subcode = (uint32_t)value->i;
    }
    else if (key == KEY_TEXT && value->type == ASC_MP_BYTES && value->size > 0) {
        err->message[0] = '\0';
        asc_error_append_text(err, value->data, value->size);
    }
    else if (key == KEY_TRACE && value->type == ASC_MP_MAP) {
        asc_error_append(err, "; exp_trace={");
        walk(err, r, value->n, take_trace);
        asc_error_append(err, "}");
        return true;
    }
    return false;
}

/* The text of a function that failed is the first bin of the reply. Without it the
 * error keeps the general text of its code. */
static void
take_failure(asc_error *err, asc_msg m)
{
    asc_error ignored;
    asc_msg_op op;
    asc_error_reset(&ignored);
    if (m.n_ops > 0 && asc_msg_next_op(&m, &op, &ignored) == ASC_OK &&
        op.particle == ASC_PARTICLE_STRING && op.value_size > 0) {
        err->message[0] = '\0';
        asc_error_append_text(err, op.value, op.value_size);
    }
}

/* The message has been opened, so that its fields are known to lie within it and need
 * no check here. */
void
asc_error_add_detail(asc_error *err, const asc_msg *m)
{
    const uint8_t *p = m->fields;
    for (unsigned i = 0; i < m->n_fields; i++) {
        uint32_t size = asc_get_u32(p) - 1;
        if (p[4] == ASC_FIELD_ERROR_DETAIL) {
            asc_mp_reader r = {p + 5, p + 5 + size};
            asc_mp_item map;
            if (asc_mp_next(&r, &map) == ASC_MP_MAP) {
                walk(err, &r, map.n, take_detail);
            }
        }
        p += 5 + size;
    }
    if (m->result == ASC_ERR_UDF) {
        take_failure(err, *m);
    }
}
