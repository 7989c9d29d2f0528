/* command/tracker.h -- which partitions a query still has to read at which node: the
 * rules of its rounds. Knows no sockets and no clock. */
#ifndef ASC_COMMAND_TRACKER_H
#define ASC_COMMAND_TRACKER_H

#include "asc/error.h"
#include "asc/reader.h"
#include "asc/tracker.h"

/* What one node is asked for in a round: cursors order[first..), n_full of them from
 * their partition's start, then n_partial that go on after a digest. Partitions without
 * an owner have a share, too: it fails, as that of a node that is gone. */
typedef struct asc_share {
    uint16_t node; /* n_nodes: there is none */
    uint32_t first, n_full, n_partial;
    uint64_t quota; /* records at most; 0: no limit */
    uint64_t n_records;
    bool surplus;   /* it sent records that nobody wanted any more */
    bool malformed; /* it sent a record that it was not asked for, or of no digest */
} asc_share;

struct asc_tracker {
    asc_cursor *cursors; /* owned, n */
    uint16_t *order;     /* owned, n: indexes of cursors, by share */
    asc_share *shares;   /* owned; of this round */
    uint32_t first, n;
    uint32_t n_shares, cap_shares;
    uint32_t n_refused; /* partitions, in this round */
    uint64_t max_records, n_records;
    asc_cursor *last;  /* whose record was counted last; NULL: nobody's */
    asc_cursor before; /* what it was before that */
};

/* A query begins; max_records 0: no limit. */
void asc_tracker_begin(asc_tracker *t, uint64_t max_records);

/* The number of the node to ask for a partition, below n_nodes; or UINT16_MAX. */
typedef uint16_t asc_tracker_owner(void *context, uint32_t partition, unsigned replica);

/* A round begins: share what is to do among the nodes. ASC_ERR_NOMEM. */
asc_status asc_tracker_assign(asc_tracker *t, asc_tracker_owner *owner_of,
                              void *context, uint32_t n_nodes, asc_error *err);

/* A record has come. False: it must not be delivered. It is one too many, or the share
 * is malformed now, which its end must be told as a failure: nothing of it counts from
 * here on. */
bool asc_tracker_count(asc_tracker *t, asc_share *share, const asc_msg_record *record);

/* The record that was counted last was not taken: it is still to be read. Once for each
 * record. */
void asc_tracker_take_back(asc_tracker *t);

/* The node does not have the partition. False: it was not asked for it. */
bool asc_tracker_refuse(asc_tracker *t, asc_share *share, uint32_t partition);

/* The node's reply has ended, with a status. False: the query must fail with it. */
bool asc_tracker_end(asc_tracker *t, asc_share *share, asc_status status);

/* Is there more to be read by this query? */
bool asc_tracker_goes_on(const asc_tracker *t);

/* The ith cursor of a share: the full ones first. */
static inline const asc_cursor *
asc_share_cursor(const asc_tracker *t, const asc_share *share, uint32_t i)
{
    return &t->cursors[t->order[share->first + i]];
}

#endif
