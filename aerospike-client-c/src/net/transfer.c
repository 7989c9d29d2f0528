/* One request out and its reply in. Each step moves what can be moved without waiting
 * and says what it waits for. The size of a reply is what the peer claims, so memory is
 * taken as bytes come; and one request has one reply, so bytes behind it are an error
 * unless the caller has said that many frames may come. */
#include "net/transfer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "wire/reader.h"

/* The first reception takes up to this much, so that a small reply comes together with
 * its header in one system call. */
#define FIRST_READ 16384u

/* So much of the size that the peer claims is believed at once; more memory is taken
 * only when bytes have come. */
#define TRUSTED_SIZE (1u << 20)

/* So much of a request is sent, or of a frame received, before the caller is asked
 * whether he has time for more: with a peer that keeps up, one step could last for the
 * 128 MB that a frame may have. The system takes such a slice in a third of a
 * millisecond; in pieces of 64 KB it takes twice the CPU, most of it for waking the
 * peer. */
#define SLICE (1u << 20)

void
asc_transfer_begin(asc_transfer *t, asc_conn *c, const uint8_t *out, size_t out_size,
                   asc_buf *in)
{
    *t = (asc_transfer){
        .conn = c,
        .out = out,
        .out_size = out_size,
        .in = in,
        .max_size = ASC_PROTO_HEADER_SIZE + ASC_PROTO_MAX_BODY,
        .state = c->ready ? ASC_TRANSFER_SEND : ASC_TRANSFER_CONNECT,
    };
    in->len = 0;
}

/* Send what has not left yet. ASC_IO_INTERRUPTED after a slice, when there is more. */
static asc_io
send_rest(asc_transfer *t, asc_error *err)
{
    size_t left = SLICE;
    while (t->sent < t->out_size) {
        size_t moved = 0, size = t->out_size - t->sent;
        if (left == 0) {
            return ASC_IO_INTERRUPTED;
        }
        asc_io io = t->conn->transport->send(t->conn, t->out + t->sent,
                                             size < left ? size : left, &moved, err);
        if (io != ASC_IO_OK) {
            return io;
        }
        t->sent += moved;
        t->progress += moved;
        left -= moved;
    }
    t->state = ASC_TRANSFER_HEADER;
    return ASC_IO_OK;
}

/* How many bytes the next reception may take: the rest of the frame when it is the only
 * one and its size is known, otherwise all that `in` has room for. Returns 0, with err
 * set, when memory is short. */
static size_t
room(asc_transfer *t, asc_error *err)
{
    bool in_body = t->state == ASC_TRANSFER_BODY;
    size_t want = t->at + (in_body ? t->frame_size : FIRST_READ);
    if (want > t->in->len + TRUSTED_SIZE) {
        want = t->in->len + TRUSTED_SIZE;
    }
    if (!asc_buf_grow(t->in, want)) {
        asc_error_set(err, ASC_ERR_NOMEM, "reply of %zu bytes", want);
        return 0;
    }
    size_t limit =
        in_body && !t->many && t->frame_size < t->in->cap ? t->frame_size : t->in->cap;
    return limit - t->in->len;
}

/* Has a connection without TLS got a record of TLS, an alert or a part of a handshake?
 * An alert is shorter than a header of ours, so that nobody may wait for one. */
static bool
speaks_tls(const asc_conn *c, const asc_buf *in, size_t at)
{
    if (c->transport != &asc_tcp || in->len - at < 2) {
        return false;
    }
    const uint8_t *data = in->data + at;
    return (data[0] == 0x15 || data[0] == 0x16) && data[1] == 0x03;
}

void
asc_transfer_end(asc_transfer *t)
{
    if (t->state == ASC_TRANSFER_INFLATE) {
        asc_zip_free(t->zip);
        t->state = ASC_TRANSFER_DONE;
    }
}

/* Take the next slice of a whole compressed frame. What the frame holds comes in its
 * place, so that nobody else has to know of compression. While that goes on nobody is
 * silent. */
static asc_io
inflate_frame(asc_transfer *t, asc_error *err)
{
    asc_status rc =
        t->zip != NULL ? asc_zip_step(t->zip, &t->frame_size, err) : err->code;
    if (rc == ASC_INTERRUPTED) {
        t->progress++;
        t->n_slices++;
        return ASC_IO_INTERRUPTED;
    }
    asc_transfer_end(t);
    t->garbled = rc != ASC_OK;
    return rc == ASC_OK ? ASC_IO_OK : ASC_IO_ERROR;
}

static asc_io
begin_to_inflate(asc_transfer *t, asc_error *err)
{
    t->state = ASC_TRANSFER_INFLATE;
    t->zip = asc_zip_inflate(t->in, t->at, t->frame_size, err);
    return inflate_frame(t, err);
}

/* Look at what has come. Returns ASC_IO_OK when the frame is whole, ASC_IO_WANT_READ
 * when more bytes are needed, ASC_IO_INTERRUPTED when there is more to inflate, and
 * ASC_IO_ERROR when this cannot be a reply. */
static asc_io
inspect(asc_transfer *t, asc_error *err)
{
    size_t have = t->in->len - t->at;
    if (t->state == ASC_TRANSFER_HEADER) {
        if (speaks_tls(t->conn, t->in, t->at)) {
            t->garbled = true;
            asc_error_set(err, ASC_ERR_CONNECTION,
                          "the node answers in TLS; " ASC_TLS_HINT);
            return ASC_IO_ERROR;
        }
        if (have < ASC_PROTO_HEADER_SIZE) {
            return ASC_IO_WANT_READ;
        }
        asc_frame_head head;
        if (asc_read_frame_head(t->in->data + t->at, &head, err) != ASC_OK) {
            t->garbled = true;
            return ASC_IO_ERROR;
        }
        if (head.type == ASC_PROTO_COMPRESSED &&
            asc_frame_type(t->out) < ASC_PROTO_MESSAGE) {
            t->garbled = true;
            asc_error_set(err, ASC_ERR_CLIENT,
                          "the reply is compressed, which only "
                          "replies about records may be");
            return ASC_IO_ERROR;
        }
        t->frame_size = ASC_PROTO_HEADER_SIZE + (size_t)head.size;
        if (t->frame_size > t->max_size) {
            t->garbled = true;
            asc_error_set(err, ASC_ERR_CLIENT, "reply of %zu bytes is too large",
                          t->frame_size);
            return ASC_IO_ERROR;
        }
        t->state = ASC_TRANSFER_BODY;
    }
    else if (t->state == ASC_TRANSFER_INFLATE) {
        return inflate_frame(t, err);
    }
    if (have < t->frame_size) {
        return ASC_IO_WANT_READ;
    }
    if (have > t->frame_size && !t->many) {
        /* One request has one frame for its reply. */
        t->garbled = true;
        asc_error_set(err, ASC_ERR_CLIENT, "%zu bytes follow the reply",
                      have - t->frame_size);
        return ASC_IO_ERROR;
    }
    t->state = ASC_TRANSFER_DONE;
    return asc_frame_type(t->in->data + t->at) == ASC_PROTO_COMPRESSED
               ? begin_to_inflate(t, err)
               : ASC_IO_OK;
}

/* Receive once; a timeout_ms other than 0 allows to wait. ASC_IO_OK means that bytes
 * came. */
static asc_io
receive(asc_transfer *t, int timeout_ms, asc_error *err)
{
    size_t moved = 0, size = room(t, err);
    if (size == 0) {
        return ASC_IO_ERROR;
    }
    const asc_transport *transport = t->conn->transport;
    uint8_t *at = t->in->data + t->in->len;
    asc_io io = timeout_ms == 0
                    ? transport->recv(t->conn, at, size, &moved, err)
                    : transport->recv_wait(t->conn, at, size, timeout_ms, &moved, err);
    if (io == ASC_IO_OK) {
        t->in->len += moved;
        t->progress += moved;
    }
    return io;
}

asc_io
asc_transfer_step(asc_transfer *t, asc_error *err)
{
    asc_io io = ASC_IO_OK;
    if (t->state == ASC_TRANSFER_CONNECT) {
        io = asc_conn_open(t->conn, err);
        if (io != ASC_IO_OK) {
            return io;
        }
        t->state = ASC_TRANSFER_SEND;
    }
    if (t->state == ASC_TRANSFER_SEND) {
        io = send_rest(t, err);
        /* The reply cannot be there yet: asking for it would only cost a call. */
        return io == ASC_IO_OK ? ASC_IO_WANT_READ : io;
    }
    size_t enough = t->in->len + SLICE;
    while (t->state != ASC_TRANSFER_DONE) {
        io = inspect(t, err);
        if (io == ASC_IO_WANT_READ) {
            io = t->in->len < enough ? receive(t, 0, err) : ASC_IO_INTERRUPTED;
        }
        if (io != ASC_IO_OK) {
            return io;
        }
    }
    return ASC_IO_OK;
}

/* Where the transport can wait in recv(), waiting and receiving are one system call.
 * Nothing is missed by that: step has looked at all that came before. What comes while
 * the connection is made ready is not this transfer's. */
asc_io
asc_transfer_wait(asc_transfer *t, asc_io want, int timeout_ms, asc_error *err)
{
    if (want == ASC_IO_WANT_READ && timeout_ms != 0 &&
        t->state != ASC_TRANSFER_CONNECT && t->conn->transport->recv_wait != NULL) {
        asc_io io = receive(t, timeout_ms, err);
        return io == ASC_IO_WANT_READ ? ASC_IO_OK : io;
    }
    struct pollfd p = {.fd = t->conn->fd,
                       .events = want == ASC_IO_WANT_READ ? POLLIN : POLLOUT};
    if (poll(&p, 1, timeout_ms) < 0) {
        if (errno == EINTR) {
            return ASC_IO_INTERRUPTED;
        }
        asc_error_set_os(err, ASC_ERR_CLIENT, errno, "cannot poll");
        return ASC_IO_ERROR;
    }
    return ASC_IO_OK;
}

/* An impossible frame counts as being there, and its error is dropped: step finds it
 * again and reports it. */
bool
asc_transfer_next(asc_transfer *t)
{
    asc_error ignored;
    t->at += t->frame_size;
    t->frame_size = 0;
    t->state = ASC_TRANSFER_HEADER;
    asc_error_reset(&ignored);
    size_t have = t->in->len - t->at;
    asc_frame_head head;
    return have >= ASC_PROTO_HEADER_SIZE &&
           (asc_read_frame_head(t->in->data + t->at, &head, &ignored) != ASC_OK ||
            have - ASC_PROTO_HEADER_SIZE >= head.size);
}

void
asc_transfer_drop(asc_transfer *t)
{
    if (t->at > 0) {
        memmove(t->in->data, t->in->data + t->at, t->in->len - t->at);
        t->in->len -= t->at;
        t->at = 0;
    }
}

uint64_t
asc_transfer_missing(const asc_transfer *t)
{
    return t->frame_size == 0 ? UINT64_MAX : t->frame_size - (t->in->len - t->at);
}
