/* asc/query.h -- queries and scans that read partitions: one request to each node,
 * whose records come frame by frame. What a node could not give is asked elsewhere in
 * another round.
 *
 *     asc_query_begin(q, cluster, tracker, &options);
 *     while (asc_query_round(q, &err) == ASC_OK && !asc_query_is_over(q)) {
 *         while ((part = asc_set_unwritten(set)) != NULL)
 *             write part->req.out, with asc_query_put_fields(q, part, &writer)
 *         while (!asc_set_is_done(set)) {
 *             asc_set_wait(set, &err)                       without locks
 *             while ((part = asc_set_take(set)) != NULL)
 *                 for each message in part->data, if asc_msg_is_record(&m):
 *                     asc_msg_read_record(&m, &record);
 *                     if (asc_query_count(q, part, &record))  deliver it
 *         }
 *     }
 *
 * where set = asc_query_set(q). While a part's frames are being read nothing more is
 * received from its node. To stop early: asc_set_abandon; the tracker then knows what
 * was counted. Requests without partitions (aggregations, background jobs) go to all
 * nodes through a plain set with ASC_REPLY_RECORDS. */
#ifndef ASC_QUERY_H
#define ASC_QUERY_H

#include "asc/reader.h"
#include "asc/set.h"
#include "asc/tracker.h"
#include "asc/writer.h"

typedef struct asc_query asc_query;

/* What holds for all rounds of a query. */
typedef struct asc_query_options {
    asc_set_options set;  /* timing.max_retries: rounds after the first */
    const char *ns;       /* copied */
    asc_replica replica;  /* ANY means the same as SEQUENCE here */
    bool sc_session;      /* as in asc_request */
    bool by_index;        /* the query has an index range, so a cursor also keeps its
                             place in the index */
    bool skips;           /* nodes may leave out records, and count them for
                             max_records: those that have none of the bins asked for */
    uint64_t max_records; /* of all nodes together; 0: no limit */
} asc_query_options;

asc_query *asc_query_new(void);       /* NULL when memory is short */
void asc_query_free(asc_query *q);    /* NULL is fine */
asc_set *asc_query_set(asc_query *q); /* the set that the query owns */

/* Start the clock. The tracker is borrowed until the query is over or freed. */
void asc_query_begin(asc_query *q, asc_cluster *cluster, asc_tracker *tracker,
                     const asc_query_options *options);

/* Begin the next round, to be called when all parts have ended and were taken. ASC_OK:
 * the parts of another round are in the set, or the query is over (asc_query_is_over).
 * Otherwise the query has failed: ASC_ERR_NAMESPACE, ASC_ERR_INVALID_NODE,
 * ASC_ERR_TIMEOUT, ASC_ERR_NOMEM, or what the last node said. */
asc_status asc_query_round(asc_query *q, asc_error *err);

/* Has the query ended, in whatever way? No further round will follow. */
bool asc_query_is_over(const asc_query *q);

/* Write the fields that say what is to be read at the part's node: partitions, digests,
 * their places in the index, maximum of records. False when memory is short. */
bool asc_query_put_fields(asc_query *q, const asc_part *p, asc_writer *w);

/* Tell the tracker of a record that is about to be delivered. False: it must not be,
 * since it is one too many, or has no digest, or is of a partition that the node was
 * not asked for. In the last two cases the part has failed as malformed
 * (ASC_ERR_CLIENT): its other records are refused likewise, and the query fails when
 * the other parts have ended. */
bool asc_query_count(asc_query *q, asc_part *p, const asc_msg_record *record);

/* The caller has not taken the record that was counted last: the tracker goes back, so
 * that a later query reads it again. Once for each record, before the next is
 * counted. */
void asc_query_take_back(asc_query *q);

#endif
