"""Calls that end a transaction: which step follows which, and what state that leaves.

The steps themselves are requests that the extension makes (asc/ending.h). What is said
here of each outcome is what other clients of Aerospike do, since servers count on it;
but they leave a transaction to the servers that they find marked.
"""

from __future__ import annotations

from time import monotonic

from aerospike import exception
from aerospike._calls.requests import EndStep, Pause
from aerospike._constants import (
    ABORT_ALREADY_ABORTED,
    ABORT_CLOSE_ABANDONED,
    ABORT_OK,
    ABORT_ROLL_BACK_ABANDONED,
    COMMIT_ALREADY_COMMITTED,
    COMMIT_CLOSE_ABANDONED,
    COMMIT_OK,
    COMMIT_ROLL_FORWARD_ABANDONED,
    TXN_STATE_ABORTED,
    TXN_STATE_COMMIT_FAILED,
    TXN_STATE_COMMITTED,
    TXN_STATE_OPEN,
    TXN_STATE_VERIFIED,
)
from aerospike._core import Transaction
from aerospike._errors import made
from aerospike.exception import AerospikeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aerospike._calls.requests import Call

_COMMITTED, _ABORTED = 124, 125  # what a server says of a transaction that has ended

# how long commands that are under way are waited for: they have timeouts of their own
_PATIENCE_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.0005, 0.05


def commit(transaction: Transaction) -> Call[int]:
    """Make all writes of a transaction take effect, if nothing that it has read has
    changed since.

    :return: a COMMIT_* constant: COMMIT_OK, COMMIT_ALREADY_COMMITTED, or a constant
        that says which part of the work is left to the servers.
    :raises TransactionFailed: records have changed; the transaction is aborted.
    :raises TransactionAlreadyAborted: it was aborted before.
    :raises AerospikeError: the commit has failed. If `transaction.in_doubt` is True,
        nobody knows whether it is committed: call commit() again. Otherwise it is not
        committed. In the state TXN_STATE_VERIFIED you can commit it again, or abort it.
    :raises ParamError: another call is ending it.

    The call first waits for running commands of the transaction. The policies
    txn_verify and txn_roll of the client's configuration limit the time of each step.
    """
    _check(transaction, "commit")
    return (yield from _alone(transaction, _commit))


def abort(transaction: Transaction) -> Call[int]:
    """Undo all writes of a transaction.

    :return: an ABORT_* constant: ABORT_OK, ABORT_ALREADY_ABORTED, or a constant that
        says which part of the work is left to the servers.
    :raises TransactionAlreadyCommitted: it was committed before.
    :raises TransactionFailed: a commit of it has failed and is in doubt: call commit()
        again.
    :raises ParamError: another call is ending it.
    """
    _check(transaction, "abort")
    return (yield from _alone(transaction, _abort))


def _check(transaction: object, name: str) -> None:
    if not isinstance(transaction, Transaction):
        given = "None" if transaction is None else type(transaction).__name__
        raise TypeError(
            f"{name}() argument 1 must be aerospike.Transaction, not {given}"
        )


def _alone(
    transaction: Transaction, steps: Callable[[Transaction], Call[int]]
) -> Call[int]:
    """Take steps while nobody else can; a signal may come at any moment."""
    who = object()
    try:
        transaction._begin_end(who)
        return (yield from steps(transaction))
    finally:
        transaction._end_end(who)


def _commit(transaction: Transaction) -> Call[int]:
    if transaction.state == TXN_STATE_COMMITTED:
        return COMMIT_ALREADY_COMMITTED
    if transaction.state == TXN_STATE_ABORTED:
        raise made(
            exception.TransactionAlreadyAborted, -19, "Transaction already aborted"
        )
    if not (yield from _is_quiet(transaction)):
        raise made(
            exception.TimeoutError,
            9,
            "commands of the transaction are still under way",
            "nothing was committed: wait for them, and commit again",
        )
    if transaction.state == TXN_STATE_OPEN:
        yield from _verify(transaction)
    was_marked = yield from _is_marked_before(transaction)
    if (yield from _failure_of(transaction, EndStep.FORWARD)) is not None:
        return COMMIT_ROLL_FORWARD_ABANDONED
    if (yield from _failure_of(transaction, EndStep.CLOSE)) is not None:
        return COMMIT_CLOSE_ABANDONED
    transaction._forget()
    return COMMIT_ALREADY_COMMITTED if was_marked else COMMIT_OK


def _abort(transaction: Transaction) -> Call[int]:
    if transaction.state == TXN_STATE_ABORTED:
        return ABORT_ALREADY_ABORTED
    if transaction.state == TXN_STATE_COMMITTED:
        raise made(
            exception.TransactionAlreadyCommitted, -18, "Transaction already committed"
        )
    if transaction.state == TXN_STATE_COMMIT_FAILED:
        raise made(
            exception.TransactionFailed,
            -17,
            "the transaction may be committed, since its commit has failed in doubt",
            "call commit() again to find out",
        )
    transaction._set_state(TXN_STATE_ABORTED)
    if not (yield from _is_quiet(transaction)):
        return ABORT_ROLL_BACK_ABANDONED
    if (yield from _failure_of(transaction, EndStep.BACK)) is not None:
        return ABORT_ROLL_BACK_ABANDONED
    if (yield from _failure_of(transaction, EndStep.CLOSE)) is not None:
        return ABORT_CLOSE_ABANDONED
    transaction._forget()
    return ABORT_OK


def _is_quiet(transaction: Transaction) -> Call[bool]:
    """Wait until no command is under way. False: some are still running."""
    until_s, pause_s = monotonic() + _PATIENCE_S, _FIRST_PAUSE_S
    while transaction._n_under_way():
        if monotonic() >= until_s:
            return False
        yield Pause(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return True


def _verify(transaction: Transaction) -> Call[None]:
    """Have all records verified that were read; whatever fails aborts."""
    try:
        yield EndStep(transaction, EndStep.VERIFY)
    except AerospikeError as error:
        transaction._set_state(TXN_STATE_ABORTED)
        undone = yield from _failure_of(transaction, EndStep.BACK)
        if undone is None:
            undone = yield from _failure_of(transaction, EndStep.CLOSE)
        said = "the transaction is aborted"
        if undone is not None:
            said += f"; the servers will undo its writes, since this failed: {undone}"
        error.detail = f"{error.detail}; {said}" if error.detail else said
        raise
    transaction._set_state(TXN_STATE_VERIFIED)


def _is_marked_before(transaction: Transaction) -> Call[bool]:
    """Mark the transaction as committed. True: it was, which may be the work of this
    client, whose reply was lost. The servers do the rest in their own time, so that the
    client goes on in either case: a record that is final stays as it is."""
    was_in_doubt = transaction.in_doubt
    state = TXN_STATE_COMMIT_FAILED  # for who is interrupted, or closed before its end
    try:
        yield EndStep(transaction, EndStep.MARK)
        state = TXN_STATE_COMMITTED
    except GeneratorExit:
        raise
    except AerospikeError as error:
        if error.code == _COMMITTED:
            state = TXN_STATE_COMMITTED
            return True
        if error.code == _ABORTED:
            state = TXN_STATE_ABORTED
            error.in_doubt = False  # although an attempt before may have got no reply
        elif not was_in_doubt and not error.in_doubt:
            state = TXN_STATE_VERIFIED
        else:
            error.in_doubt = True
        raise
    except BaseException as error:
        if not was_in_doubt and not getattr(error, "in_doubt", True):
            state = TXN_STATE_VERIFIED
        raise
    finally:
        transaction._set_state(state, state == TXN_STATE_COMMIT_FAILED)
    return False


def _failure_of(transaction: Transaction, step: int) -> Call[AerospikeError | None]:
    """Take a step that the servers take themselves if it fails."""
    try:
        yield EndStep(transaction, step)
    except AerospikeError as error:
        return error
    return None
