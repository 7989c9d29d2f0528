/* asc/tracker.h -- how far a query has come, partition by partition. Outlives the
 * query, so that another one can go on where it stopped. Not locked. */
#ifndef ASC_TRACKER_H
#define ASC_TRACKER_H

#include <stdbool.h>
#include <stdint.h>

#include "asc/proto.h"

/* What is still to be done with a partition. */
typedef enum asc_cursor_state {
    ASC_CURSOR_TODO,   /* to be read, from the cursor on */
    ASC_CURSOR_PAUSED, /* likewise, by the next query: max_records stopped this one */
    ASC_CURSOR_DONE,
} asc_cursor_state;

/* Where the reading of one partition stands. May be changed between two queries. */
typedef struct asc_cursor {
    uint16_t partition;
    asc_cursor_state state;
    bool has_digest;                 /* else from the partition's start */
    uint8_t digest[ASC_DIGEST_SIZE]; /* of the last record */
    uint64_t bval;                   /* its place in the index */

    /* Of the query under way: */
    uint8_t replica; /* which copy is asked */
    bool refused;    /* by the node that was asked in this round */
    uint16_t share;
} asc_cursor;

typedef struct asc_tracker asc_tracker;

/* For n partitions from first on, all of them still to be read. first + n is at most
 * ASC_N_PARTITIONS. NULL when memory is short. */
asc_tracker *asc_tracker_new(uint32_t first, uint32_t n);
void asc_tracker_free(asc_tracker *t); /* NULL is fine */

/* Another one that stands where this one does, while no query moves it. NULL when
 * memory is short. */
asc_tracker *asc_tracker_copy(const asc_tracker *t);

/* The n cursors, in the order of their partitions. */
asc_cursor *asc_tracker_cursors(asc_tracker *t, uint32_t *n);

/* Nothing is left to be read, neither now nor by another query. */
bool asc_tracker_is_done(const asc_tracker *t);

#endif
