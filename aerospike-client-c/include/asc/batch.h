/* asc/batch.h -- many records in one call, with one request to each node. The caller
 * writes the requests and reads the replies. The batch decides which node is asked for
 * which rows, and where the rows that got no answer are asked for again.
 *
 *     asc_batch_begin(b, cluster, &options);
 *     for each key  asc_batch_add(b, ns, partition, writes, &err)
 *     do {
 *         asc_batch_route(b, &err);
 *         while ((part = asc_set_unwritten(set)) != NULL)
 *             write part->req.out: the rows part->rows[0..n_rows)
 *         asc_set_wait(set, &err)                          without locks
 *         while ((part = asc_set_take(set)) != NULL)
 *             read part->messages: m.index is the row
 *             if (part->ended && part->err.code != ASC_OK && !part->again)
 *                 part->err is the result of asc_batch_unanswered(...)
 *     } while (!asc_batch_is_done(b));
 *
 * where set = asc_batch_set(b). In a loop (asc/loop.h), asc_batch_route_some() and
 * asc_loop_submit_set() take the places of routing and of waiting. One thread uses a
 * batch at a time, for one after another. */
#ifndef ASC_BATCH_H
#define ASC_BATCH_H

#include "asc/set.h"

typedef struct asc_batch asc_batch;

/* What holds for all rows of a batch. */
typedef struct asc_batch_options {
    asc_set_options set;
    asc_replica replica;
    bool linearize, sc_session; /* of the rows that read; as in asc_request */
} asc_batch_options;

asc_batch *asc_batch_new(void);       /* NULL when memory is short */
void asc_batch_free(asc_batch *b);    /* NULL is fine */
asc_set *asc_batch_set(asc_batch *b); /* the set that the batch owns */

/* The same for whoever makes one batch after another with a cluster: a batch that was
 * left there, or a new one; and leave a batch with its memory, up to some MB, for
 * others. Any thread may do so. */
asc_batch *asc_batch_take(asc_cluster *cluster); /* NULL when memory is short */
void asc_batch_leave(asc_batch *b, asc_cluster *cluster); /* b NULL is fine */

/* Start the clock for a new batch, still without rows. */
void
asc_batch_begin(asc_batch *b, asc_cluster *cluster, const asc_batch_options *options);

/* Add a row; rows are numbered from 0 on. ns is copied. ASC_ERR_PARAM: ns is too long
 * to be a namespace. ASC_ERR_NOMEM: memory is short. */
asc_status asc_batch_add(asc_batch *b, const char *ns, uint32_t partition, bool writes,
                         asc_error *err);

/* The same for many rows: number a namespace once, make room for n more rows, and then
 * add these without a chance of failure. */
asc_status
asc_batch_namespace(asc_batch *b, const char *ns, uint16_t *number, asc_error *err);
asc_status asc_batch_reserve(asc_batch *b, uint32_t n, asc_error *err);
void asc_batch_put(asc_batch *b, uint16_t ns, uint32_t partition, bool writes);

/* Choose a node for each row that must be sent: at first for all rows, later for the
 * unanswered rows of parts that failed and are to be repeated. The newest snapshot of
 * the cluster says where a row goes. A part is added to the set for each node. Rows
 * that no node takes get a part too: it fails and is repeated like any other, so that
 * its error comes about in the same way. Rows of a namespace that does not exist get a
 * part that fails with ASC_ERR_NAMESPACE. ASC_ERR_NOMEM: the caller must abandon the
 * set. */
asc_status asc_batch_route(asc_batch *b, asc_error *err);

/* The same for whoever must not be long at it: ASC_INTERRUPTED when about so many rows
 * were looked at and more are left. Call again to go on; until that has returned ASC_OK
 * the set must not be waited for. */
asc_status asc_batch_route_some(asc_batch *b, uint32_t n_rows, asc_error *err);

/* Go through the rows of a part that has ended without a reply for them. *at starts at
 * 0 and is moved; false when there are no more. */
bool asc_batch_unanswered(const asc_batch *b, const asc_part *p, uint32_t *at,
                          uint32_t *row);

/* Has any byte of a request for the row left, in this attempt or an earlier one? Holds
 * for rows whose part has not been taken to its end, or is to be repeated: not after
 * the set was abandoned. */
bool asc_batch_has_left(const asc_batch *b, uint32_t row);

/* True when every part has ended and was taken, and none is to be repeated. */
bool asc_batch_is_done(const asc_batch *b);

#endif
