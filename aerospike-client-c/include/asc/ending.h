/* asc/ending.h -- the requests of a transaction that are no commands of the caller:
 * they register keys with the monitor, and bring the transaction to its end.
 *
 *     asc_ending_new(&e, t, cluster, step, &options, &err)
 *     while (asc_ending_go_on(e, &err) == ASC_INTERRUPTED)
 *         asc_set_wait(asc_ending_set(e), &err)
 *     look at asc_ending_result(e, &err)
 *
 * In a loop (asc/loop.h), asc_loop_submit_set() takes the place of waiting. A commit is
 * VERIFY, MARK, FORWARD, CLOSE; an abort is BACK, CLOSE. Which step follows from what
 * became of the one before, and in which state that leaves the transaction, is for the
 * caller to say. */
#ifndef ASC_ENDING_H
#define ASC_ENDING_H

#include "asc/set.h"
#include "asc/transaction.h"

typedef enum asc_ending_step {
    ASC_ENDING_REGISTER, /* list keys in the monitor, which is made if there is none */
    ASC_ENDING_VERIFY,   /* have all records the version in which they were read? */
    ASC_ENDING_MARK,     /* from here on the transaction counts as committed */
    ASC_ENDING_FORWARD,  /* what was written becomes final */
    ASC_ENDING_BACK,     /* or is thrown away */
    ASC_ENDING_CLOSE,    /* remove the monitor */
} asc_ending_step;

typedef struct asc_ending_options {
    asc_timing timing; /* total_timeout_ms is for all of the step */
    asc_replica replica;
    bool linearize, sc_session; /* as in asc_request */
    asc_msg_head head;          /* what the policy of the caller says of each request */
    bool allow_inline, allow_inline_ssd, respond_all_keys; /* of batches */
    uint32_t check_ms;                                     /* as in asc_set_options */
    /* REGISTER: the digests, one after another. From one command or from a batch: the
     * two have messages of their own. */
    const uint8_t *digests;
    uint32_t n_digests;
    bool is_batch;
} asc_ending_options;

/* One step under way. */
typedef struct asc_ending asc_ending;

/* Does the transaction need the step at all? Without a monitor there is nothing to mark
 * or to close, and without records nothing to verify or to roll. */
bool asc_ending_is_needed(asc_txn *t, asc_ending_step step);

/* Begin a step. The transaction and the cluster are counted. ASC_ERR_NOMEM. */
asc_status
asc_ending_new(asc_ending **out, asc_txn *t, asc_cluster *cluster, asc_ending_step step,
               const asc_ending_options *options, asc_error *err);

/* Abandon what is under way; NULL is fine. */
void asc_ending_free(asc_ending *e);

asc_set *asc_ending_set(asc_ending *e);

/* Do what can be done without waiting. ASC_OK: the step has ended. ASC_INTERRUPTED:
 * wait for the set, and call again. ASC_ERR_NOMEM: it cannot go on. */
asc_status asc_ending_go_on(asc_ending *e, asc_error *err);

/* The same for whoever must not be long at it: with ASC_INTERRUPTED *waits is false if
 * about so many rows were looked at and more are left. Call again to go on, before
 * the set is waited for. */
asc_status
asc_ending_go_on_some(asc_ending *e, uint32_t n_rows, bool *waits, asc_error *err);

/* How the step has ended: ASC_OK, or the first failure, which *err becomes. When
 * records failed to verify the code is ASC_ERR_TXN_FAILED. */
asc_status asc_ending_result(const asc_ending *e, asc_error *err);

/* How many milliseconds ago it began. */
uint32_t asc_ending_elapsed_ms(const asc_ending *e);

#endif
