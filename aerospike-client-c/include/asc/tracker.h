/* asc/tracker.h -- how far a query has come, partition by partition. A tracker outlives
 * its query, so that another one can go on where that one stopped. It has no lock: one
 * thread uses it at a time. */
#ifndef ASC_TRACKER_H
#define ASC_TRACKER_H

#include <stdbool.h>
#include <stdint.h>

#include "asc/proto.h"

/* What is still to be done with a partition. */
typedef enum asc_cursor_state {
    ASC_CURSOR_TODO,   /* to be read, from the cursor on */
    ASC_CURSOR_PAUSED, /* max_records stopped this query: the next one reads on */
    ASC_CURSOR_DONE,
} asc_cursor_state;

/* Where the reading of one partition stands. May be changed between two queries. */
typedef struct asc_cursor {
    uint16_t partition;
    asc_cursor_state state;
    bool has_digest;                 /* false: nothing of the partition was read */
    uint8_t digest[ASC_DIGEST_SIZE]; /* of the last record that was read */
    uint64_t bval;                   /* the place of that record in the index */

    /* Of the query under way: */
    uint8_t replica; /* which copy is asked */
    bool refused;    /* by the node that was asked in this round */
    uint16_t share;  /* number of the share that has it in this round */
    uint16_t last;   /* slot of the node that failed in the round before, in the view of
                        that round; UINT16_MAX: none did */
} asc_cursor;

typedef struct asc_tracker asc_tracker;

/* Make a tracker of n partitions from first on, all of them still to be read. first + n
 * is at most ASC_N_PARTITIONS. NULL when memory is short. */
asc_tracker *asc_tracker_new(uint32_t first, uint32_t n);
void asc_tracker_free(asc_tracker *t); /* NULL is fine */

/* Copy a tracker that no query moves: the copy stands where this one does. NULL when
 * memory is short. */
asc_tracker *asc_tracker_copy(const asc_tracker *t);

/* The cursors, *n of them, in the order of their partitions. They are the tracker's. */
asc_cursor *asc_tracker_cursors(asc_tracker *t, uint32_t *n);

/* True when nothing is left to be read, neither now nor by another query. */
bool asc_tracker_is_done(const asc_tracker *t);

#endif
