/* command/tracker.h -- which partitions a query still has to read, and at which node:
 * the rules of its rounds. They know no sockets and no clock. */
#ifndef ASC_COMMAND_TRACKER_H
#define ASC_COMMAND_TRACKER_H

#include "asc/error.h"
#include "asc/reader.h"
#include "asc/tracker.h"

/* What one node is asked for in a round: the cursors order[first..), of which n_full
 * begin at their partition's start and n_partial more go on after a digest. Partitions
 * without an owner have a share, too, which fails like that of a node that is gone. */
typedef struct asc_share {
    uint16_t node; /* n_nodes: there is none */
    uint32_t first, n_full, n_partial;
    uint64_t quota; /* records at most; 0: the node is told no limit */
    uint64_t n_records;
    bool surplus;   /* the node sent more records than are wanted */
    bool malformed; /* it sent a record without digest, or one not asked for */
} asc_share;

struct asc_tracker {
    asc_cursor *cursors; /* owned, n */
    uint16_t *order;     /* owned, n: indexes of cursors, by share */
    asc_share *shares;   /* owned; of this round */
    uint32_t first, n;
    uint32_t n_shares, cap_shares;
    uint32_t n_refused; /* partitions, in this round */
    uint64_t max_records, n_records;
    bool skips;   /* nodes count records that they do not send (asc_query_options) */
    bool is_open; /* a share was short for that: no share has a quota from now on */
    asc_cursor *last;  /* the cursor whose record was counted last; NULL: none */
    asc_cursor before; /* that cursor as it was before */
};

/* Begin a query. max_records 0: there is no limit. */
void asc_tracker_begin(asc_tracker *t, uint64_t max_records);

/* Says which node to ask for the partition of a cursor, whose `replica` tells how many
 * copies have failed and whose `last` which node was the last of them: its slot, below
 * n_nodes, or UINT16_MAX for none. */
typedef uint16_t asc_tracker_owner(void *context, const asc_cursor *cursor);

/* Begin a round: share out what is to be read among the nodes. ASC_ERR_NOMEM. */
asc_status asc_tracker_assign(asc_tracker *t, asc_tracker_owner *owner_of,
                              void *context, uint32_t n_nodes, asc_error *err);

/* Count a record that has come, and move its cursor. False: it must not be delivered,
 * since it is one too many, or makes the share malformed. No further record of a
 * malformed share counts, and asc_tracker_end must be told of a failure. */
bool asc_tracker_count(asc_tracker *t, asc_share *share, const asc_msg_record *record);

/* The record that was counted last was not taken: put its cursor back. Once for each
 * record. */
void asc_tracker_take_back(asc_tracker *t);

/* The node says that it does not have the partition. False: it was not asked for it. */
bool asc_tracker_refuse(asc_tracker *t, asc_share *share, uint32_t partition);

/* The node's reply has ended with this status. False: no other node is asked, and the
 * query must fail with it. */
bool asc_tracker_end(asc_tracker *t, asc_share *share, asc_status status);

/* Is there more to be read by this query? */
bool asc_tracker_goes_on(const asc_tracker *t);

/* The ith cursor of a share; the full ones come first. */
static inline const asc_cursor *
asc_share_cursor(const asc_tracker *t, const asc_share *share, uint32_t i)
{
    return &t->cursors[t->order[share->first + i]];
}

#endif
