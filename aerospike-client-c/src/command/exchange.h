/* command/exchange.h -- one request on its way to one node and back, with repetitions,
 * as a state machine: it never blocks, never looks at a clock, and allocates nothing
 * on the way of a small command. A driver waits for it.
 *
 *             +------------- again ---------------+
 *             v                                   |
 *     PAUSE  PICK --> TRANSFER --> DONE         decide --> FAILED
 *       |     ^           |                       ^
 *       +-----+           +------ any failure ----+
 */
#ifndef ASC_COMMAND_EXCHANGE_H
#define ASC_COMMAND_EXCHANGE_H

#include "asc/command.h"
#include "cluster/view.h"
#include "command/decide.h"
#include "net/transfer.h"

/* What a step says: what to wait for, or how it ended. */
typedef enum asc_want {
    ASC_WANT_READ,  /* until exchange->wake_ms at the latest */
    ASC_WANT_WRITE, /* likewise */
    ASC_WANT_TIME,  /* nothing but wake_ms */
    ASC_WANT_DONE,  /* the reply is there */
    ASC_WANT_FAILED,
} asc_want;

typedef enum asc_exchange_state {
    ASC_EXCHANGE_IDLE,
    ASC_EXCHANGE_PAUSE,
    ASC_EXCHANGE_PICK,
    ASC_EXCHANGE_TRANSFER,
    ASC_EXCHANGE_ENDED,
} asc_exchange_state;

typedef struct asc_exchange {
    asc_request *req;     /* borrowed */
    asc_cluster *cluster; /* borrowed */
    asc_error *err;       /* borrowed: set when the exchange fails */
    asc_node *node;       /* counted; of this attempt */
    asc_conn *conn;       /* lent by node's pool */
    asc_transfer io;
    asc_exchange_state state;
    uint32_t n_attempts, n_sent;
    unsigned replica; /* where in the circle of copies to begin */
    bool wait_failed; /* the driver's wait found the connection broken */
    uint64_t begin_ms, deadline_ms;
    uint64_t idle_ms;  /* when silence ends this attempt */
    uint64_t progress; /* bytes moved when idle_ms was set */
    uint64_t wake_ms;
} asc_exchange;

void asc_exchange_begin(asc_exchange *x, asc_cluster *cluster, asc_request *req,
                        asc_error *err, uint64_t now_ms);

/* Do all that can be done without waiting. */
asc_want asc_exchange_step(asc_exchange *x, uint64_t now_ms);

/* For the blocking driver of a single exchange: wait for what step wanted, until
 * wake_ms at the latest. False: a signal came. */
bool asc_exchange_wait(asc_exchange *x, asc_want want, uint64_t now_ms);

/* Let go of everything; a connection under way is closed. */
void asc_exchange_abandon(asc_exchange *x);

#endif
