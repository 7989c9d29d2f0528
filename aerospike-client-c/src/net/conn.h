/* net/conn.h -- one connection to a node, and the table of functions behind which TCP
 * and TLS stand. */
#ifndef ASC_NET_CONN_H
#define ASC_NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asc/config.h"
#include "asc/error.h"
#include "asc/places.h"
#include "net/addr.h"

/* How an attempt to move bytes has ended. */
typedef enum asc_io {
    ASC_IO_OK,
    ASC_IO_WANT_READ,
    ASC_IO_WANT_WRITE,
    ASC_IO_INTERRUPTED, /* waiting calls: a signal came; see also net/transfer.h */
    ASC_IO_ERROR,       /* err is set; the connection is of no further use */
} asc_io;

typedef struct asc_conn asc_conn;
typedef struct asc_session asc_session; /* net/session.h */

/* How one kind of connection moves bytes. A table may lie in another shared object than
 * this library, and may be the first member of an object that has more to know. */
struct asc_transport {
    /* What nodes call it in the names of info commands: "clear" or "tls". */
    const char *word;
    /* Count the object once more, or drop a count. NULL: the table is static. */
    void (*retain)(const asc_transport *t);
    void (*release)(const asc_transport *t);
    /* Were both, which have this function in common, made of the same settings? NULL:
     * each is one of a kind. */
    bool (*equal)(const asc_transport *a, const asc_transport *b);
    /* Begin to connect to addr. Never blocks. ASC_IO_OK: begun, perhaps done. */
    asc_io (*start)(asc_conn *c, const asc_addr *addr, asc_error *err);
    /* Go on connecting. ASC_IO_OK: connected. */
    asc_io (*connect)(asc_conn *c, asc_error *err);
    /* It may keep bytes that it has received where poll() does not show them: whoever
     * waits for poll() receives until ASC_IO_WANT_READ. */
    bool keeps;
    /* Move up to size bytes; *moved says how many (at least 1 on ASC_IO_OK). Never
     * block. The peer's end of stream is an error. */
    asc_io (*send)(asc_conn *c, const uint8_t *data, size_t size, size_t *moved,
                   asc_error *err);
    asc_io (*recv)(asc_conn *c, uint8_t *data, size_t size, size_t *moved,
                   asc_error *err);
    /* Like recv, but waits up to timeout_ms (-1: no limit) for the first byte;
     * ASC_IO_WANT_READ when the time is up. NULL: the caller must poll the fd. */
    asc_io (*recv_wait)(asc_conn *c, uint8_t *data, size_t size, int timeout_ms,
                        size_t *moved, asc_error *err);
    /* Is a connection that nobody uses still open, with nothing to read? Never
     * blocks. */
    bool (*is_idle)(asc_conn *c);
    /* Close the socket, if it is open; fd becomes -1. Also called in the child of a
     * fork, where no lock and no heap may be used. */
    void (*close)(asc_conn *c);
    /* Free the state of a connection, which is closed. NULL: there is none. */
    void (*end)(asc_conn *c);
};

/* Count a transport, or drop a count. NULL is fine. */
static inline void
asc_transport_retain(const asc_transport *t)
{
    if (t != NULL && t->retain != NULL) {
        t->retain(t);
    }
}

static inline void
asc_transport_release(const asc_transport *t)
{
    if (t != NULL && t->release != NULL) {
        t->release(t);
    }
}

/* Do two transports move bytes in the same way? NULL is equal to itself. */
static inline bool
asc_transport_equal(const asc_transport *a, const asc_transport *b)
{
    return a == b || (a != NULL && b != NULL && a->equal != NULL &&
                      a->equal == b->equal && a->equal(a, b));
}

/* What a connection says and hears before anybody may use it: how a user logs in. */
typedef struct asc_greeting asc_greeting;
struct asc_greeting {
    /* Go on. Never blocks. ASC_IO_OK: it is over, and the node is content. */
    asc_io (*step)(asc_conn *c, asc_error *err);
    /* Free it, whether it is over or not. */
    void (*end)(asc_greeting *g);
};

/* A connection. One exchange holds it, or it lies idle in its pool, never both: so
 * nothing in it is locked. */
struct asc_conn {
    const asc_transport *transport; /* borrowed from the node, or the cluster */
    int fd;                         /* owned; -1 = closed */
    bool connected;         /* the socket is; more may have to follow until it is... */
    bool ready;             /* ...of use */
    asc_greeting *greeting; /* owned; NULL: there is none, or it is over */
    bool greets;            /* it has begun */
    asc_session *session;   /* counted; NULL: none. What the greeting is about */
    int recv_timeout_ms;    /* what the socket is set to; TCP only */
    uint64_t last_used_ms;
    asc_conn *next, *prev;     /* the pool's list of all its connections */
    void *state;               /* what the transport keeps: end() frees it */
    char apart[ASC_LINE_SIZE]; /* another thread may use the connection behind it */
};

/* A new connection that has begun to connect. On ASC_OK *out is the caller's. */
asc_status asc_conn_start(asc_conn **out, const asc_transport *transport,
                          const asc_addr *addr, asc_error *err);

/* Go on until the connection is of use: connected, and greeted. Never blocks.
 * ASC_IO_OK: it is ready. */
asc_io asc_conn_open(asc_conn *c, asc_error *err);

/* In which phase the connection is; `ready`, once it is of use. */
asc_phase asc_conn_phase(const asc_conn *c, asc_phase ready);

/* What the node has not done when the time for a phase is up: "the node does not
 * ...". */
const char *asc_conn_omission(asc_phase phase);

/* Close and free; NULL is fine. */
void asc_conn_free(asc_conn *c);

#endif
