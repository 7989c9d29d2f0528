/* net/transfer.h -- one request out, and one frame or many back over one connection, as
 * a state machine that never blocks and reads no clock. Commands and tending both use
 * it. */
#ifndef ASC_NET_TRANSFER_H
#define ASC_NET_TRANSFER_H

#include "asc/buf.h"
#include "net/conn.h"
#include "wire/compress.h"

/* What a user may try who has met a port for TLS without TLS. */
#define ASC_TLS_HINT "is the port one for TLS? config[\"tls\"] does not enable it"

/* How far a transfer has come. */
typedef enum asc_transfer_state {
    ASC_TRANSFER_CONNECT,
    ASC_TRANSFER_SEND,
    ASC_TRANSFER_HEADER,
    ASC_TRANSFER_BODY,
    ASC_TRANSFER_INFLATE, /* the frame is whole, and compressed */
    ASC_TRANSFER_DONE,
} asc_transfer_state;

/* One transfer, made ready by asc_transfer_begin. */
typedef struct asc_transfer {
    asc_conn *conn;     /* borrowed */
    const uint8_t *out; /* borrowed: the request */
    size_t out_size;
    size_t sent;       /* bytes that have left */
    asc_buf *in;       /* borrowed: the reply's bytes, from data[0] on */
    size_t at;         /* where the current frame begins in `in`; 0 unless many */
    size_t frame_size; /* header included; known from BODY on */
    size_t max_size;   /* a longer frame is refused */
    uint64_t progress; /* bytes moved in both directions: while it grows there is no
                          silence */
    uint64_t n_slices; /* of progress, so much was no byte, but work on them */
    asc_zip *zip;      /* owned, in INFLATE alone */
    asc_transfer_state state;
    bool many;    /* more frames may follow the first; set after begin */
    bool garbled; /* it failed because the reply cannot be parsed */
} asc_transfer;

/* Begin on a connection that may still be connecting. in is emptied. */
void asc_transfer_begin(asc_transfer *t, asc_conn *c, const uint8_t *out,
                        size_t out_size, asc_buf *in);

/* Do all that can be done without waiting. ASC_IO_OK: the whole frame is in `in`;
 * ASC_IO_WANT_...: wait for that and call again. ASC_IO_INTERRUPTED: look at the clock,
 * and call again soon, since a large request is being sent, or a large frame received
 * or inflated. */
asc_io asc_transfer_step(asc_transfer *t, asc_error *err);

/* Give up a transfer that may be in the middle of a frame. */
void asc_transfer_end(asc_transfer *t);

/* Go on to the next frame after a whole one, when many come; the frames before stay in
 * `in` until asc_transfer_drop. True when the next one is there already, so that step
 * will not receive. */
bool asc_transfer_next(asc_transfer *t);

/* Take the frames before the current one out of `in`. */
void asc_transfer_drop(asc_transfer *t);

/* Wait up to timeout_ms (-1: no limit) for what step wanted. ASC_IO_OK: call step
 * again (also when the time is up: the caller knows its deadlines).
 * ASC_IO_INTERRUPTED: a signal came. */
asc_io asc_transfer_wait(asc_transfer *t, asc_io want, int timeout_ms, asc_error *err);

/* How many bytes of the frame are still to come; UINT64_MAX while its header is not
 * there. */
uint64_t asc_transfer_missing(const asc_transfer *t);

#endif
