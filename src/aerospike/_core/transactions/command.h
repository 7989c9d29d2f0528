/* transactions/command.h -- what a call on one record and a batch have in common when
 * they belong to a transaction. See asc/transaction.h for the steps that they take. */
#ifndef CORE_TRANSACTIONS_COMMAND_H
#define CORE_TRANSACTIONS_COMMAND_H

#include "asc/ending.h"
#include "options/policy.h"
#include "transactions/transaction.h"

/* A command that has entered its transaction. Zeroed, it has not. */
typedef struct txn_command {
    asc_txn *txn;          /* counted; NULL: it has not entered */
    asc_ending *registers; /* owned: the registration under way, or NULL */
    uint32_t n_keys;
} txn_command;

/* Enter the transaction with so many keys of a namespace. 0, or -1 with an
 * exception. */
int txn_command_enter(module_state *st, txn_command *x, PyObject *transaction,
                      const char *ns, uint32_t n_keys);

/* Begin to register keys, by the policy of the command. ASC_ERR_NOMEM. */
asc_status
txn_command_register(txn_command *x, asc_cluster *cluster, const policy *pol,
                     const uint8_t *digests, uint32_t n, bool is_batch, asc_error *err);

/* Go on with it. ASC_OK: the keys are registered. ASC_INTERRUPTED: wait for
 * asc_ending_set(x->registers), and call again. Any other: they are not, and the
 * command must not be sent. Unless the value is ASC_INTERRUPTED, the time that this
 * took is taken off the total timeout of the command, where that is not NULL. */
asc_status
txn_command_go_on(txn_command *x, uint32_t *total_timeout_ms, asc_error *err);

/* Leave the transaction, if the command has entered. */
void txn_command_leave(txn_command *x);

/* What a step of a transaction needs to know of a policy. */
asc_ending_options ending_options(const policy *pol);

#endif
