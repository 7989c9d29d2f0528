/* command/exchange.h -- one request on its way to one node and back, with repetitions,
 * as a state machine: it never blocks, never looks at a clock, and allocates nothing on
 * the way of a small command. A driver does the waiting.
 *
 *             +------------- again ---------------+
 *             v                                   |
 *     PAUSE  PICK --> TRANSFER --> DONE         decide --> FAILED
 *       |    ^^ v      ^  |  ^ |                  ^
 *       +----+|QUEUE --+  v  | +-- any failure ---+
 *     COMPRESS+          FRAMES
 *       LINE
 *
 * A request that is to be compressed goes from PICK to COMPRESS, once, and comes back
 * when that is done. QUEUE is where it waits, with pool_timeout, for a connection to
 * the node. A reply of one frame goes straight to DONE. A reply of many stops at FRAMES
 * as often as enough of them is there. LINE stands beside TRANSFER: there the driver
 * moves the bytes, over a connection that several exchanges have a place on. */
#ifndef ASC_COMMAND_EXCHANGE_H
#define ASC_COMMAND_EXCHANGE_H

#include <poll.h>

#include "asc/command.h"
#include "asc/reader.h"
#include "cluster/cluster.h"
#include "command/decide.h"
#include "net/transfer.h"

/* What a step returns: what the driver must wait for, or how the exchange has ended. */
typedef enum asc_want {
    ASC_WANT_READ,  /* a readable socket, until exchange->wake_ms at the latest */
    ASC_WANT_WRITE, /* a writable socket, likewise */
    ASC_WANT_TIME,  /* that wake_ms comes */
    ASC_WANT_CLOCK, /* nothing but a look at the clock, since the last step took long */
    ASC_WANT_TURN,  /* its turn among those that wait for a connection, likewise */
    ASC_WANT_LINE,  /* that the driver brings the reply, likewise */
    ASC_WANT_TAKER, /* that somebody takes the frames that are there, and resumes */
    ASC_WANT_DONE,  /* nothing: the reply is there */
    ASC_WANT_FAILED,
} asc_want;

/* The states of the picture above. */
typedef enum asc_exchange_state {
    ASC_EXCHANGE_IDLE,     /* it has not begun, or was abandoned */
    ASC_EXCHANGE_PAUSE,    /* the next attempt begins at wake_ms */
    ASC_EXCHANGE_PICK,     /* the next step chooses a node and a connection */
    ASC_EXCHANGE_COMPRESS, /* the request is being compressed, slice by slice */
    ASC_EXCHANGE_QUEUE,    /* every connection to the node is in use */
    ASC_EXCHANGE_TRANSFER, /* bytes are moved */
    ASC_EXCHANGE_LINE,     /* it has a place on a connection of the driver's */
    ASC_EXCHANGE_FRAMES,   /* frames wait to be taken; nothing is received meanwhile */
    ASC_EXCHANGE_ENDED,
} asc_exchange_state;

/* What the owner of an exchange hears of: a message about one of its rows or
 * partitions, or the last one of the reply. False, with err set: the message is
 * impossible, so that the reply is malformed. */
typedef bool asc_message_note(void *owner, const asc_msg *m, asc_error *err);

/* For replies of many messages, to be filled in after begin. */
typedef struct asc_exchange_many {
    asc_reply reply;
    size_t gather;          /* stop at FRAMES when this many bytes are there */
    asc_message_note *note; /* NULL: nobody is told */
    void *owner;            /* the first argument of note */
    bool moves; /* the owner repeats, on nodes of its choice: any failure is the end */
    bool again; /* set at such an end: the owner should repeat, from wake_ms on */
    bool begun; /* a message has come */
    asc_buf *places; /* an asc_msg_place of each message that may be taken; NULL: nobody
                        wants to know */
} asc_exchange_many;

/* What a driver does for exchanges that are to share connections, or whose descriptors
 * it keeps an eye on. */
typedef struct asc_exchange asc_exchange;
typedef struct asc_driver {
    /* Lend a connection to x->node, as asc_pool_get does: x->conn. With a state of
     * ASC_EXCHANGE_LINE it is a place on one that others use as well. When x->conn is
     * set already, because it was the turn of the exchange, it may become such a
     * one. */
    asc_status (*lend)(asc_exchange *x, uint64_t now_ms);
    /* Give up a connection to x->node that is of no use now. False: there is none. */
    bool (*make_room)(asc_exchange *x);
    /* The exchange is about to let go of its connection or waiter. If it had a place,
     * that ends, and x->conn becomes NULL. */
    void (*let_go)(asc_exchange *x, asc_conn_fate fate);
} asc_driver;

/* So many nodes are kept at most. */
#define ASC_KEPT_NODES 8u

/* One exchange, made ready by asc_exchange_begin. */
struct asc_exchange {
    asc_request *req;     /* borrowed */
    asc_cluster *cluster; /* borrowed */
    asc_error *err;       /* borrowed: set when the exchange fails */
    asc_node *node;       /* of this attempt; counted, or one of those kept */
    asc_node **kept; /* borrowed: places for ASC_KEPT_NODES nodes, which are counted, or
                        NULL. The owner keeps them from one exchange to the next, so
                        that not every exchange writes to a count that all threads
                        share. NULL: it keeps none. Set after begin */
    asc_conn *conn;  /* lent by node's pool, or by the driver */
    asc_waiter *waiter; /* owned, in QUEUE alone */
    asc_zip *zip;       /* owned, in COMPRESS alone */
    asc_exchange_state state;
    uint32_t n_attempts, n_sent;   /* as in asc_attempt */
    unsigned replica;              /* where in the circle of copies to begin */
    char last[ASC_NODE_NAME_SIZE]; /* the node of the attempt before; "": none */
    bool wait_failed;              /* the driver's wait found the connection broken */
    bool counted; /* this failure was counted against the node with another exchange */
    asc_meter *meter;         /* borrowed from node; NULL: nothing is measured */
    unsigned lane;            /* of the meter */
    uint64_t began_ns;        /* when the attempt began, or its connection was ready */
    bool has_answer;          /* the attempt ends with one, so that its time counts */
    const asc_driver *driver; /* static; NULL: it needs none. Set after begin */
    uint64_t begin_ms, deadline_ms;
    uint64_t idle_ms;  /* when silence ends this attempt */
    uint64_t progress; /* bytes that had moved when idle_ms was set */
    uint64_t wake_ms;  /* when it must be stepped even if nothing comes */
    uint64_t login_ms; /* until when it waits for logins; 0: it has not waited yet */
    uint64_t pool_ms;  /* likewise, for connections */
    asc_exchange_many many;
    asc_transfer io; /* begins when there is a connection */
};

/* Begin at now_ms. Nothing is sent before the first step. */
void asc_exchange_begin(asc_exchange *x, asc_cluster *cluster, asc_request *req,
                        asc_error *err, uint64_t now_ms);

/* Do all that can be done without waiting; now_ms is the time of asc_now_ms(). */
asc_want asc_exchange_step(asc_exchange *x, uint64_t now_ms);

/* Go on after ASC_WANT_TAKER: the frames that were there, io.at bytes in req->in, are
 * forgotten. The time in between is not counted as silence of the node. */
void asc_exchange_resume(asc_exchange *x, uint64_t now_ms);

/* The driver was busy for so long, which is not counted as silence of the node
 * either. */
void asc_exchange_forgive(asc_exchange *x, uint64_t ms);

/* For a driver, about an exchange that has a place. Its reply is whole in req->in; or
 * its connection has failed, as x->err says and io.sent; or the node has moved
 * something at moved_ms, or the request was sent then, which puts off when silence ends
 * the attempt. */
asc_want asc_exchange_answer(asc_exchange *x, uint64_t now_ms);
asc_want asc_exchange_lose(asc_exchange *x, uint64_t now_ms);
void asc_exchange_heard(asc_exchange *x, uint64_t moved_ms);

/* For the same driver: the exchange has waited for its connection to be of use, which
 * it is now. */
void asc_exchange_connected(asc_exchange *x);

/* For a driver whose pool is full: give up a connection to x->node that others need
 * less, since it only waits for a late reply, or a driver keeps it for later. False:
 * there is none. */
bool asc_exchange_make_room(asc_exchange *x);

/* Let an exchange of which nothing was sent in this attempt begin the attempt anew: it
 * leaves its place, or the queue of a pool. */
void asc_exchange_again(asc_exchange *x);

/* The deadline has come before an attempt that a driver was to begin: the exchange
 * ends. */
asc_want asc_exchange_expire(asc_exchange *x, uint64_t now_ms);

/* May a write be applied all the same, if the exchange is given up now? */
bool asc_exchange_in_doubt(const asc_exchange *x);

/* For those who choose nodes themselves: which copies of a record are asked. The first
 * function tells where in the circle of copies to begin, the second which of them may
 * be asked in a namespace; beginning and last node are then the caller's to set. */
unsigned asc_first_replica(const asc_request *req, asc_cluster *cluster);
asc_choice asc_choice_of(const asc_request *req, const asc_ns_map *map);

/* What poll() is to watch for what step wanted; its fd is -1 when nothing is. */
struct pollfd asc_exchange_poll(const asc_exchange *x, asc_want want);

/* For the blocking driver of a single exchange: wait for what step wanted, until
 * wake_ms or until_ms at the latest. False: a signal came. */
bool
asc_exchange_wait(asc_exchange *x, asc_want want, uint64_t until_ms, uint64_t now_ms);

/* In the child of a fork: forget the connection, which is the parent's, and end. */
void asc_exchange_orphan(asc_exchange *x);

/* Let go of everything. A connection under way is closed. */
void asc_exchange_abandon(asc_exchange *x);

#endif
