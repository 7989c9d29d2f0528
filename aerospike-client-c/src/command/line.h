/* command/line.h -- a connection on which several requests are under way at once: a
 * node answers the requests of one connection in their order. Nothing here waits, looks
 * at a clock or knows how descriptors are watched.
 *
 * Who travels on a line is a rider. It waits until its request is copied into the
 * line's output; from then on the line owes it a reply, and it has a place in the queue
 * of those. When a rider leaves before its reply, a marker stays in its place, so that
 * the reply is counted off and goes to nobody. */
#ifndef ASC_COMMAND_LINE_H
#define ASC_COMMAND_LINE_H

#include "base/timers.h"
#include "command/exchange.h"
#include "net/poller.h"

typedef struct asc_line asc_line;

/* Where a rider is. */
typedef enum asc_seat {
    ASC_SEAT_NONE,     /* on no line */
    ASC_SEAT_WAITING,  /* its request is not copied: it can leave without a trace */
    ASC_SEAT_OWED,     /* its request has left, or is in the output and will */
    ASC_SEAT_ANSWERED, /* its whole reply is in req->in, and it has no place any more */
    ASC_SEAT_LOST,     /* likewise, but it will get none */
} asc_seat;

/* An exchange on a line. */
typedef struct asc_rider {
    asc_exchange *x; /* borrowed */
    asc_line *line;  /* borrowed; NULL: none */
    asc_seat seat;
    struct asc_rider *next, *prev; /* among those that wait */
    uint64_t place;    /* the number of its place, when it is owed a reply */
    uint64_t since_ms; /* when it came to where it is */
} asc_rider;

/* A reply that is owed. */
typedef struct asc_place {
    asc_rider *rider;  /* borrowed; NULL: a marker */
    uint64_t end;      /* where its request ends, in the bytes of the line since ever */
    uint64_t since_ms; /* when its request was copied */
    uint64_t until_ms; /* of a marker: how long the line is good for others */
    uint8_t type;      /* of its request: the reply's is the same */
} asc_place;

/* What becomes of a line. */
typedef enum asc_line_end {
    ASC_LINE_LIVES,
    ASC_LINE_GIVEN_BACK, /* to the pool, since nobody needs it */
    ASC_LINE_CLOSED,     /* nobody travels on it, and it is of no further use */
    ASC_LINE_STALE,      /* the node had closed it before anything was sent */
    ASC_LINE_BROKEN,     /* it has failed, as err says */
    ASC_LINE_GARBLED,    /* likewise: what came is no reply to the oldest request */
} asc_line_end;

/* A line. Its owner fills in what stands under "the owner's". */
struct asc_line {
    asc_conn *conn;                      /* lent by the pool of a node */
    asc_rider *first_rider, *last_rider; /* those that wait */
    size_t n_waiting;
    asc_place *places; /* owned: a ring of n_places, place i at i modulo that */
    size_t n_places;   /* a power of 2, or 0 */
    uint64_t first,
        last;        /* numbers of the places in use: first up to, not with, last */
    size_t n_living; /* riders, those that wait included */
    asc_buf out;     /* owned: what is copied; its first out_sent bytes have left */
    size_t out_sent;
    uint64_t n_copied, n_sent, n_answered; /* bytes of requests since ever */
    uint8_t head[ASC_PROTO_HEADER_SIZE];   /* of the frame that is coming */
    size_t n_head;
    uint64_t missing; /* bytes of it still to come, once the header is whole */
    uint64_t received_ms, sent_ms; /* when bytes have moved last */
    asc_error err;                 /* why it has failed */

    /* The owner's: */
    asc_node *node; /* counted */
    asc_line *next, *next_dirty;
    asc_watch watch;
    asc_timer timer;
    uint64_t idle_ms; /* since when nobody travels on it */
    asc_line_end end;
    bool
        carries_writes; /* some of what it owes, or did when it was not empty, writes */
    bool is_retired;    /* it takes no new riders, and is closed when it is empty */
    bool is_wanted;     /* likewise, but others wait for the connection */
    bool is_dirty;      /* there is something to send */
    bool is_hungry;     /* there may be more to receive that poll() does not show */
    bool wants_write;   /* the socket takes no more */
    bool reads_late;    /* nothing can be received before the socket takes more */
    bool is_late;       /* a reply did not come in time, which nobody has counted yet */
    bool is_counted;    /* its failure was counted against the node */
    bool owes_markers;  /* it was settled while it owed replies that nobody wants */
};

/* Bytes that were received, and not looked at. */
typedef struct asc_bytes {
    const uint8_t *data;
    size_t size;
} asc_bytes;

/* A line over a connection, which it may not have to itself before it is ready. NULL
 * when memory is short. */
asc_line *asc_line_new(asc_conn *conn, uint64_t now_ms);

/* Free it; the connection is the caller's again. Nobody travels on it. */
void asc_line_free(asc_line *line);

/* Let a rider wait on a line. */
void asc_line_board(asc_line *line, asc_rider *r, uint64_t now_ms);

/* Let a rider go, wherever it is. If its reply is still to come, a marker stays, which
 * is good until until_ms. */
void asc_line_leave(asc_rider *r, uint64_t until_ms);

/* The line has failed: take the next rider off it, in their order, those that wait at
 * the end. It is lost, and its exchange's io.sent is right. NULL: there is nobody
 * left. */
asc_rider *asc_line_lose(asc_line *line);

/* Copy requests of those that wait, as long as little is in the output. Each that has
 * got a place is told to `copied`. Returns the rider for whom memory was short, and who
 * is lost; NULL: there is none. */
asc_rider *asc_line_fill(asc_line *line, uint64_t now_ms,
                         void (*copied)(void *self, asc_rider *r), void *self);

/* Send what is in the output. ASC_IO_OK: all has left. */
asc_io asc_line_send(asc_line *line, uint64_t now_ms);

/* Receive once: *came is what there is to be read by asc_line_read, which may lie in
 * scratch. *filled tells that there was no room for more. ASC_IO_OK: something came. */
asc_io asc_line_receive(asc_line *line, uint8_t *scratch, size_t size, uint64_t now_ms,
                        asc_bytes *came, bool *filled);

/* Read on in the bytes that came, up to the end of a reply that somebody waits for.
 * Returns whose it is. NULL: all bytes are read, and with line->err.code != ASC_OK no
 * more can be made of them. A rider that is lost by then gets no reply, since memory is
 * short, as the error of its exchange says. */
asc_rider *asc_line_read(asc_line *line, asc_bytes *came);

/* Does it owe nothing, not even to a marker? */
static inline bool
asc_line_is_empty(const asc_line *line)
{
    return line->first == line->last && line->n_waiting == 0;
}

/* How many replies it owes, and will soon. */
static inline size_t
asc_line_load(const asc_line *line)
{
    return (size_t)(line->last - line->first) + line->n_waiting;
}

/* The place with this number. */
static inline asc_place *
asc_line_place(const asc_line *line, uint64_t number)
{
    return &line->places[number & (line->n_places - 1)];
}

/* Is the reply that must come first one that nobody wants? */
static inline bool
asc_line_owes_marker(const asc_line *line)
{
    return line->first != line->last &&
           asc_line_place(line, line->first)->rider == NULL;
}

/* Likewise, and is it late by now? */
static inline bool
asc_line_is_stuck(const asc_line *line, uint64_t now_ms)
{
    return asc_line_owes_marker(line) &&
           now_ms >= asc_line_place(line, line->first)->until_ms;
}

/* Has any byte left of requests that are not answered? */
static inline bool
asc_line_is_awaited(const asc_line *line)
{
    return line->n_sent > line->n_answered;
}

#endif
