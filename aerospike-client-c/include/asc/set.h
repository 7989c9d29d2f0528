/* asc/set.h -- several requests under way at once, one to a node, in the calling thread
 * and under one deadline. Batches (asc/batch.h) and queries (asc/query.h) fill a set of
 * their own. Anything else is done so:
 *
 *     asc_set_begin(set, cluster, &options);
 *     asc_set_add_all(set, &err);
 *     while ((part = asc_set_unwritten(set)) != NULL)  write part->req.out
 *     while (!asc_set_is_done(set))
 *         asc_set_wait(set, &err)                      without locks
 *         while ((part = asc_set_take(set)) != NULL)   read part->data
 *
 * One thread uses a set at a time, for one piece of work after another. */
#ifndef ASC_SET_H
#define ASC_SET_H

#include "asc/command.h"
#include "asc/reader.h"

typedef struct asc_set asc_set;

/* What holds for all requests of a set. */
typedef struct asc_set_options {
    asc_timing timing; /* total_timeout_ms is for all of it, from asc_set_begin on */
    size_t gather;     /* hand up the frames of an unfinished reply when they have so
                           many bytes; 0: as soon as one is there */
    /* asc_set_wait returns ASC_INTERRUPTED this often, so that its caller sees signals
     * that interrupt no wait of this thread; 0: it does not. */
    uint32_t check_ms;
} asc_set_options;

/* One request of a set. The caller writes req.out, may set reply, and reads the
 * rest. */
typedef struct asc_part {
    asc_request req;
    asc_reply reply;
    char node_name[ASC_NODE_NAME_SIZE]; /* "" when no node takes its rows */

    /* What asc_set_take hands up; good until the next asc_set_wait, asc_batch_route or
     * asc_query_round. */
    const uint8_t *data; /* whole frames; a failure leaves those that came before it */
    size_t size;
    /* Replies of messages: where these lie in data, but for one that tells of the end.
     * They have been checked, for asc_msg_take() and asc_msg_take_record(). */
    const asc_msg_place *messages;
    size_t n_messages;
    bool ended; /* no more frames will come */
    bool again; /* batches: it failed, and its unanswered rows go to asc_batch_route */
    uint32_t n_sent; /* attempts of which at least one byte was sent */
    asc_error err;   /* once it has ended: why it failed; code ASC_OK: it did not */

    /* Batches: the rows that the request is to hold, in this order. */
    const uint32_t *rows;
    uint32_t n_rows;
} asc_part;

asc_set *asc_set_new(void);    /* NULL when memory is short */
void asc_set_free(asc_set *s); /* abandons what is under way; NULL is fine */

/* Start the clock for new work, and abandon what was under way. The cluster is borrowed
 * until the work has ended or is abandoned. */
void asc_set_begin(asc_set *s, asc_cluster *cluster, const asc_set_options *options);

/* Add a request to one node, or a request to each node that is known at this moment
 * (ASC_ERR_INVALID_NODE when there is none). ASC_ERR_NOMEM. */
asc_status asc_set_add_node(asc_set *s, const char *node_name, asc_error *err);
asc_status asc_set_add_all(asc_set *s, asc_error *err);

/* The same for work on all of a namespace. It fails besides when no node has the
 * namespace (ASC_ERR_NAMESPACE), or when one of its partitions has no master that
 * answers (ASC_ERR_INVALID_NODE): nobody would work on the records of that one. */
asc_status asc_set_add_masters(asc_set *s, const char *ns, asc_error *err);

/* Hand out, once each, the parts whose request the caller must write before it waits;
 * NULL: there are no more. */
asc_part *asc_set_unwritten(asc_set *s);

/* Wait until there is something to take: a reply has as many bytes as `gather` says, a
 * part has failed, or all parts have ended. What was taken before is freed.
 *
 * ASC_INTERRUPTED: a signal came, or check_ms have passed; the caller calls again to go
 * on, or abandons the set. With any other code (ASC_ERR_NOMEM) the set cannot go on and
 * must be abandoned. What became of each request is told by its part. */
asc_status asc_set_wait(asc_set *s, asc_error *err);

/* The next part that has frames or has ended; NULL: wait for more. Never waits. */
asc_part *asc_set_take(asc_set *s);

/* May a write of this part have been applied all the same? code is what the node says
 * of it, or ASC_ERR_CLIENT when its reply is there and cannot be read. The rows of a
 * batch need this, each of which has a code of its own; the rule is the one that sets
 * err.in_doubt of a single write. */
bool asc_part_in_doubt(const asc_part *p, asc_status code);

/* Ask the node of a part that has failed once more, in another part that the caller is
 * to write: ASC_OK. That is done when the timing of the part allows one more attempt,
 * and no message has come but one that tells of the failure. Otherwise the value is the
 * code of the failure, which *err becomes. */
asc_status asc_set_repeat(asc_set *s, const asc_part *p, asc_error *err);

/* True when all parts have ended and were taken. */
bool asc_set_is_done(const asc_set *s);

/* Is there a request under way, or one whose outcome the set still has, that writes and
 * may be applied? */
bool asc_set_in_doubt(const asc_set *s);

/* End everything at once; connections under way are closed. When all is done already,
 * this gives back the memory of large requests and replies, which otherwise waits for
 * the next begin. */
void asc_set_abandon(asc_set *s);

/* The same for whoever must not be long at it: the memory of large requests and replies
 * is kept, and given back by asc_set_shrink, about n bytes each time. False: there is
 * no more. Then, or instead, the caller calls asc_set_abandon. */
void asc_set_stop(asc_set *s);
bool asc_set_shrink(asc_set *s, size_t n);

#endif
