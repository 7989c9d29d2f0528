/* transactions/command.c -- how a command enters its transaction, and how the keys that
 * it writes are registered before. */
#include "transactions/command.h"

#include "support/errors.h"

int
txn_command_enter(module_state *st, txn_command *x, PyObject *transaction,
                  const char *ns, uint32_t n_keys)
{
    asc_error err;
    asc_error_reset(&err);
    if (asc_txn_enter(transaction_of(transaction), ns, n_keys, &err) != ASC_OK) {
        raise_error(st, &err, NULL, NULL);
        return -1;
    }
    x->txn = asc_txn_retain(transaction_of(transaction));
    x->n_keys = n_keys;
    return 0;
}

asc_ending_options
ending_options(const policy *pol)
{
    asc_request req = {0};
    asc_ending_options o = {
        .timing = pol->timing,
        .check_ms = SIGNAL_CHECK_MS,
        .allow_inline = pol->allow_inline,
        .allow_inline_ssd = pol->allow_inline_ssd,
        .respond_all_keys = pol->respond_all_keys,
    };
    policy_to_read_head(pol, &o.head);
    policy_to_request(pol, &req, false);
    o.linearize = req.linearize;
    o.sc_session = req.sc_session;
    policy_to_request(pol, &req, true);
    o.replica = req.replica;
    return o;
}

asc_status
txn_command_register(txn_command *x, asc_cluster *cluster, const policy *pol,
                     const uint8_t *digests, uint32_t n, bool is_batch, asc_error *err)
{
    asc_ending_options o = ending_options(pol);
    o.digests = digests;
    o.n_digests = n;
    o.is_batch = is_batch;
    return asc_ending_new(&x->registers, x->txn, cluster, ASC_ENDING_REGISTER, &o, err);
}

/* Servers refuse a transaction that asks for more time. */
#define MAX_TIMEOUT_S 120

/* The command itself was not sent: it is in no doubt, whatever the monitor says. The
 * servers do not say that they refuse the transaction for its timeout. */
static asc_status
end_registering(txn_command *x, asc_status rc, asc_error *err)
{
    rc = rc == ASC_OK ? asc_ending_result(x->registers, err) : rc;
    asc_ending_free(x->registers);
    x->registers = NULL;
    if (rc != ASC_OK) {
        err->in_doubt = false;
        asc_error_append(err, "; nothing was written, because the key could not be "
                              "registered with the transaction");
        uint32_t timeout_s = asc_txn_timeout_s(x->txn);
        if (rc == ASC_ERR_REQUEST_INVALID && timeout_s > MAX_TIMEOUT_S) {
            asc_error_append(err,
                             ": Transaction.timeout is %u s, and servers allow at "
                             "most %d",
                             (unsigned)timeout_s, MAX_TIMEOUT_S);
        }
    }
    return rc;
}

asc_status
txn_command_go_on(txn_command *x, uint32_t *total_timeout_ms, asc_error *err)
{
    asc_status rc = asc_txn_check_process(x->txn, err);
    rc = rc == ASC_OK ? asc_ending_go_on(x->registers, err) : rc;
    if (rc == ASC_INTERRUPTED) {
        return rc;
    }
    if (total_timeout_ms != NULL && *total_timeout_ms != 0) {
        uint32_t spent = asc_ending_elapsed_ms(x->registers);
        *total_timeout_ms = spent < *total_timeout_ms ? *total_timeout_ms - spent : 1;
    }
    return end_registering(x, rc, err);
}

void
txn_command_leave(txn_command *x)
{
    asc_ending_free(x->registers);
    x->registers = NULL;
    if (x->txn != NULL) {
        asc_txn_leave(x->txn, x->n_keys);
        asc_txn_release(x->txn);
        x->txn = NULL;
    }
}
