/* asc/command.h -- carry out one request on the cluster. */
#ifndef ASC_COMMAND_H
#define ASC_COMMAND_H

#include "asc/buf.h"
#include "asc/cluster.h"
#include "asc/error.h"

/* Which copy of a record is asked; the numbers of the POLICY_REPLICA_* constants. */
typedef enum asc_replica {
    ASC_REPLICA_MASTER = 0,
    ASC_REPLICA_ANY = 1,      /* reads: any copy, in turns */
    ASC_REPLICA_SEQUENCE = 2, /* the master, the others when it fails */
    ASC_REPLICA_PREFER_RACK =
        3, /* reads: a copy in a preferred rack, then the others as
                                    SEQUENCE; see asc_config.rack_aware */
    ASC_REPLICA_RANDOM = 4,
} asc_replica;

/* What a reply consists of. A frame is what a side sends at once; it can hold many
 * messages (asc/proto.h). */
typedef enum asc_reply {
    ASC_REPLY_FRAME,   /* one frame */
    ASC_REPLY_ROWS,    /* batches: messages about rows, then one marked as the last */
    ASC_REPLY_RECORDS, /* queries: records and messages about partitions, then one
                          marked as the last */
    ASC_REPLY_BLOCKS,  /* admin requests: one block or, for queries, blocks up to one
                          that says that it is the last */
} asc_reply;

/* How long a request may take and how often it is tried. Times are in milliseconds; 0
 * means that there is no limit. With a connect_timeout_ms of 0 the socket timeout
 * limits connecting, or 2 seconds when there is no timeout at all. */
typedef struct asc_timing {
    uint32_t total_timeout_ms;  /* over all attempts and pauses */
    uint32_t socket_timeout_ms; /* silence that ends an attempt */
    uint32_t connect_timeout_ms;
    uint32_t timeout_delay_ms; /* how long a late reply is waited for afterwards, to
                                    keep the connection; 0 = close it at once */
    uint32_t max_retries;      /* attempts after the first */
    uint32_t sleep_between_retries_ms;
    bool no_retry_on_timeout; /* an attempt that timed out is not repeated */
} asc_timing;

/* A request: finished wire bytes, where they go, and what may be done with them. The
 * two buffers are kept between calls so that small requests allocate nothing. */
typedef struct asc_request {
    asc_buf out;     /* owned: one frame, written by the caller */
    asc_buf in;      /* owned: the reply, whole frames */
    asc_reply reply; /* of what asc_call_run can receive: FRAME or BLOCKS */

    const char *ns; /* borrowed: with partition, the route to a record ... */
    uint32_t partition;
    const char *node_name; /* ... or, not NULL, the name of one node */

    asc_timing timing;
    asc_replica replica;
    uint32_t check_ms; /* asc_call_run returns ASC_INTERRUPTED this often, so that its
                          caller sees signals that interrupt no wait of this thread;
                          0: it does not */
    uint32_t compress_above; /* a frame of more bytes than this is compressed before it
                                is sent, in `out`; 0: it is not */
    bool writes;             /* a failure after sending leaves the outcome in doubt */
    bool alone;      /* it may take long: a loop (asc/loop.h) lets no other request wait
                        behind it. Also, its reply may be compressed: then it must not
                        share a connection there */
    bool linearize;  /* strongly consistent read that only the master may answer */
    bool sc_session; /* session consistency: likewise only the master, but just in
                          strongly consistent namespaces */
} asc_request;

/* One call: a request and the state of its execution. One thread uses it at a time, for
 * one request after another. */
typedef struct asc_call asc_call;

asc_call *asc_call_new(void);    /* NULL when memory is short */
void asc_call_free(asc_call *c); /* abandons a call under way; NULL is fine */
asc_request *asc_call_request(asc_call *c); /* the request that the call owns */

/* Have a call keep a cluster, whose count it takes over, until it is freed or keeps
 * another one; NULL: none. A call that is used again by the same cluster then need not
 * count it and its nodes, which all threads would write to. And the one that it keeps,
 * borrowed. */
void asc_call_keep(asc_call *c, asc_cluster *cluster);
asc_cluster *asc_call_kept(const asc_call *c);

/* Empty both buffers and forget route and timing, for the next call. Buffers that
 * have grown large give their memory back. */
void asc_call_reset(asc_call *c);

/* Send the request and wait for its reply, with as many attempts as the timing allows.
 * The calling thread blocks, for total_timeout_ms at most.
 *
 * ASC_OK: the reply is in request->in, and its result code is 0 (or, of the last block
 * of a query, ASC_ERR_QUERY_END). A positive code is the
 * server's, whose reply is in request->in as well. A negative code is ours, and there
 * is no reply. ASC_INTERRUPTED: a signal came, or check_ms have passed; the caller
 * calls again to go on (err may be another one then), or gives up with
 * asc_call_abandon. */
asc_status asc_call_run(asc_call *c, asc_cluster *cluster, asc_error *err);

/* Of a call that has ended: how many attempts it took, and the name of the node of the
 * last one, "" when there was none; good until the call is used again. */
uint32_t asc_call_attempts(const asc_call *c);
const char *asc_call_node(const asc_call *c);

/* Give up a call that was interrupted. True: it is a write that may be applied all the
 * same. */
bool asc_call_abandon(asc_call *c);

#endif
