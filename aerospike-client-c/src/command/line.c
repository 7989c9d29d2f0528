/* The queue of a line and its bytes. What a node sends is a claim: its sizes are
 * believed only as bytes come, and a reply is looked at only when somebody has asked
 * for it. */
#include "command/line.h"

#include <string.h>

#include "asc/alloc.h"
#include "wire/reader.h"

/* So much lies in the output at most when another request is copied: what is not copied
 * can still be taken back. */
#define MAX_OUT (64u << 10)

/* So much more than what has come is taken for a reply at a time. */
#define TRUSTED_SIZE (1u << 20)

/* How long a line is good for others whose next reply found no memory. */
#define LATE_MS 1000u

/* --- life --- */

asc_line *
asc_line_new(asc_conn *conn, uint64_t now_ms)
{
    asc_line *line = asc_calloc(1, sizeof *line);
    if (line != NULL) {
        line->conn = conn;
        line->received_ms = line->sent_ms = line->idle_ms = now_ms;
        asc_error_reset(&line->err);
    }
    return line;
}

void
asc_line_free(asc_line *line)
{
    asc_buf_clear(&line->out);
    asc_free(line->places);
    asc_free(line);
}

/* --- riders --- */

void
asc_line_board(asc_line *line, asc_rider *r, uint64_t now_ms)
{
    r->line = line;
    r->seat = ASC_SEAT_WAITING;
    r->since_ms = now_ms;
    r->next = NULL;
    r->prev = line->last_rider;
    if (r->prev != NULL) {
        r->prev->next = r;
    }
    else {
        line->first_rider = r;
    }
    line->last_rider = r;
    line->n_waiting++;
    line->n_living++;
}

static void
wait_no_more(asc_line *line, asc_rider *r)
{
    if (r->prev != NULL) {
        r->prev->next = r->next;
    }
    else {
        line->first_rider = r->next;
    }
    if (r->next != NULL) {
        r->next->prev = r->prev;
    }
    else {
        line->last_rider = r->prev;
    }
    line->n_waiting--;
}

void
asc_line_leave(asc_rider *r, uint64_t until_ms)
{
    asc_line *line = r->line;
    if (line == NULL) {
        return;
    }
    if (r->seat == ASC_SEAT_WAITING) {
        wait_no_more(line, r);
        line->n_living--;
    }
    else if (r->seat == ASC_SEAT_OWED) {
        asc_place *p = asc_line_place(line, r->place);
        p->rider = NULL;
        p->until_ms = until_ms;
        line->n_living--;
    }
    r->line = NULL;
    r->seat = ASC_SEAT_NONE;
}

/* Let a rider know that it gets no reply. It is still the line's to its exchange, until
 * that lets go. */
static void
lose(asc_line *line, asc_rider *r)
{
    if (r->seat == ASC_SEAT_WAITING) {
        wait_no_more(line, r);
    }
    r->seat = ASC_SEAT_LOST;
    line->n_living--;
}

/* --- sending --- */

/* Make room for one more place. */
static bool
reserve_place(asc_line *line)
{
    if (line->last - line->first < line->n_places) {
        return true;
    }
    size_t n = line->n_places > 0 ? line->n_places * 2 : 16;
    asc_place *places = asc_malloc(n * sizeof *places);
    if (places == NULL) {
        return false;
    }
    for (uint64_t i = line->first; i != line->last; i++) {
        places[i & (n - 1)] = *asc_line_place(line, i);
    }
    asc_free(line->places);
    line->places = places;
    line->n_places = n;
    return true;
}

static bool
copy_request(asc_line *line, const asc_buf *request)
{
    return reserve_place(line) && asc_buf_put(&line->out, request->data, request->len);
}

/* The output of a line that is always full would grow forever. */
static void
drop_what_has_left(asc_line *line)
{
    asc_buf *out = &line->out;
    size_t rest = out->len - line->out_sent;
    if (rest == 0 || line->out_sent >= MAX_OUT) {
        if (rest > 0) {
            memmove(out->data, out->data + line->out_sent, rest);
        }
        out->len = rest;
        line->out_sent = 0;
    }
}

asc_rider *
asc_line_fill(asc_line *line, uint64_t now_ms, void (*copied)(void *self, asc_rider *r),
              void *self)
{
    drop_what_has_left(line);
    while (line->first_rider != NULL && line->out.len - line->out_sent < MAX_OUT) {
        asc_rider *r = line->first_rider;
        const asc_buf *request = &r->x->req->out;
        if (!copy_request(line, request)) {
            asc_error_set(r->x->err, ASC_ERR_NOMEM, "request of %zu bytes",
                          request->len);
            lose(line, r);
            return r;
        }
        wait_no_more(line, r);
        line->n_copied += request->len;
        r->seat = ASC_SEAT_OWED;
        r->since_ms = now_ms;
        r->place = line->last++;
        r->x->io.sent = r->x->io.progress = request->len;
        *asc_line_place(line, r->place) =
            (asc_place){.rider = r,
                        .end = line->n_copied,
                        .since_ms = now_ms,
                        .type = asc_frame_type(request->data)};
        copied(self, r);
    }
    return NULL;
}

asc_io
asc_line_send(asc_line *line, uint64_t now_ms)
{
    while (line->out_sent < line->out.len) {
        size_t moved = 0;
        asc_io io = line->conn->transport->send(
            line->conn, line->out.data + line->out_sent, line->out.len - line->out_sent,
            &moved, &line->err);
        if (io != ASC_IO_OK) {
            return io;
        }
        line->out_sent += moved;
        line->n_sent += moved;
        line->sent_ms = now_ms;
    }
    return ASC_IO_OK;
}

/* How many bytes of a request that ends there have left. */
static size_t
count_sent(const asc_line *line, uint64_t end, size_t size)
{
    uint64_t begin = end - size;
    if (line->n_sent <= begin) {
        return 0;
    }
    return line->n_sent >= end ? size : (size_t)(line->n_sent - begin);
}

asc_rider *
asc_line_lose(asc_line *line)
{
    while (line->first != line->last) {
        const asc_place *p = asc_line_place(line, line->first++);
        asc_rider *r = p->rider;
        if (r != NULL) {
            r->x->io.sent = count_sent(line, p->end, r->x->req->out.len);
            lose(line, r);
            return r;
        }
    }
    asc_rider *r = line->first_rider;
    if (r != NULL) {
        lose(line, r);
    }
    return r;
}

/* --- receiving --- */

/* Whose reply is coming; NULL: nobody wants it, or none is. */
static asc_rider *
reader(const asc_line *line)
{
    return line->n_head == sizeof line->head ? asc_line_place(line, line->first)->rider
                                             : NULL;
}

/* The rest of a large reply goes straight to where it belongs. */
asc_io
asc_line_receive(asc_line *line, uint8_t *scratch, size_t size, uint64_t now_ms,
                 asc_bytes *came, bool *filled)
{
    asc_rider *r = line->missing >= size ? reader(line) : NULL;
    asc_buf *in = r != NULL ? &r->x->req->in : NULL;
    uint8_t *to = scratch;
    size_t room = size, moved = 0;
    if (in != NULL) {
        room = line->missing < TRUSTED_SIZE ? (size_t)line->missing : TRUSTED_SIZE;
        to = asc_buf_reserve(in, room);
        if (to == NULL) { /* asc_line_read will find that out as well */
            in = NULL;
            to = scratch;
            room = size;
        }
    }
    asc_io io = line->conn->transport->recv(line->conn, to, room, &moved, &line->err);
    if (io != ASC_IO_OK) {
        return io;
    }
    line->received_ms = now_ms;
    *filled = moved == room;
    *came = (asc_bytes){scratch, in == NULL ? moved : 0};
    if (in != NULL) {
        in->len += moved;
        r->x->io.progress += moved;
        line->missing -= moved;
    }
    return ASC_IO_OK;
}

static void
fail(asc_line *line, const char *what)
{
    asc_error_set(&line->err, ASC_ERR_CLIENT, "malformed reply: %s", what);
}

/* The header of a frame is whole: is it the reply to the oldest request? */
static bool
begin_frame(asc_line *line)
{
    asc_frame_head head;
    const asc_place *p = asc_line_place(line, line->first);
    if (asc_read_frame_head(line->head, &head, &line->err) != ASC_OK) {
        return false;
    }
    if (head.type != p->type) {
        fail(line, head.type == ASC_PROTO_COMPRESSED
                       ? "it is compressed, which nobody has asked for"
                       : "it is of another type than the request");
        return false;
    }
    line->missing = head.size;
    if (p->rider != NULL) {
        p->rider->x->req->in.len = 0;
    }
    return true;
}

/* Append bytes to a reply. */
static bool
append(asc_rider *r, const uint8_t *data, size_t size)
{
    r->x->io.progress += size;
    return asc_buf_put(&r->x->req->in, data, size);
}

/* Read bytes of the header. False: this cannot be a reply. */
static bool
read_head(asc_line *line, asc_bytes *came)
{
    if (line->n_head == 0 && (line->first == line->last ||
                              asc_line_place(line, line->first)->end > line->n_sent)) {
        fail(line, "nothing was asked");
        return false;
    }
    size_t n = sizeof line->head - line->n_head;
    n = n < came->size ? n : came->size;
    memcpy(line->head + line->n_head, came->data, n);
    line->n_head += n;
    came->data += n;
    came->size -= n;
    return line->n_head < sizeof line->head || begin_frame(line);
}

/* The reply is whole, or nobody can have it any more. */
static void
end_frame(asc_line *line)
{
    line->n_answered = asc_line_place(line, line->first)->end;
    line->first++;
    line->n_head = 0;
}

/* Memory is short for this reply. A marker takes its place. */
static asc_rider *
lose_reply(asc_rider *r)
{
    asc_error_set(r->x->err, ASC_ERR_NOMEM, "reply of %llu bytes",
                  (unsigned long long)(r->x->req->in.len + r->line->missing));
    asc_place *p = asc_line_place(r->line, r->place);
    p->rider = NULL;
    p->until_ms = r->line->received_ms + LATE_MS;
    lose(r->line, r);
    return r;
}

asc_rider *
asc_line_read(asc_line *line, asc_bytes *came)
{
    for (;;) {
        if (line->n_head < sizeof line->head) {
            if (came->size == 0 || !read_head(line, came)) {
                return NULL;
            }
            asc_rider *new_reader = reader(line);
            if (new_reader != NULL &&
                !append(new_reader, line->head, sizeof line->head)) {
                return lose_reply(new_reader);
            }
            continue;
        }
        asc_rider *r = reader(line);
        size_t n = came->size < line->missing ? came->size : (size_t)line->missing;
        if (r != NULL && !append(r, came->data, n)) {
            return lose_reply(r);
        }
        came->data += n;
        came->size -= n;
        line->missing -= n;
        if (line->missing > 0) {
            return NULL;
        }
        end_frame(line);
        if (r != NULL) {
            r->seat = ASC_SEAT_ANSWERED;
            line->n_living--;
            return r;
        }
    }
}
