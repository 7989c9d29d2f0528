"""The judge of transactions finds each lie that is planted, and nothing else."""

from __future__ import annotations

import math
from typing import Any

import pytest

from .ledger import EMPTY, Account, Bank, Move
from .model import Kind, Outcome, Phase, Unrest

DONE, DOUBT, DENIED = Outcome.DONE, Outcome.DOUBT, Outcome.DENIED


@pytest.fixture
def bank() -> Bank:
    return Bank("b", 3, Unrest(grace_s=1.0))


def moved(bank: Bank, amount: int, at: float, outcome: Outcome, **times: Any) -> Move:
    """A move of an amount from the first account to the second, in half a second."""
    a, b, _ = bank.accounts
    move = bank.begin({a: -amount, b: amount}, at)
    assert bank.close(move, at + 0.5, outcome, **times) is None
    return move


def found(bank: Bank, *accounts: Account) -> dict[str, Account]:
    """What a read has found: the first accounts of the bank."""
    return dict(zip(bank.accounts, accounts, strict=False))


def kinds(
    bank: Bank, accounts: dict[str, Account], start: float, *, whole: bool = True
):
    judged = bank.judge(accounts, start, start + 0.1, is_whole=whole)
    return {each.kind for each in judged}


OUT, IN = Account(-5, (1,)), Account(5, (1,))
"""What the first move leaves of the first account, and of the second."""


@pytest.mark.parametrize(
    ("outcome", "accounts", "expected"),
    [
        (DONE, (OUT, IN), set()),
        (DONE, (EMPTY, EMPTY), {Kind.LOST}),
        (DONE, (OUT, EMPTY), {Kind.HALF}),
        (DENIED, (EMPTY, EMPTY), set()),
        (DENIED, (OUT, IN), {Kind.DENIED_APPLIED}),
        (DENIED, (OUT, EMPTY), {Kind.DENIED_APPLIED}),
        (DOUBT, (OUT, IN), set()),
        (DOUBT, (EMPTY, EMPTY), set()),
        (DOUBT, (EMPTY, IN), {Kind.HALF}),
    ],
)
def test_a_transaction_is_there_wholly_or_not_at_all(bank, outcome, accounts, expected):
    moved(bank, 5, 0, outcome)
    assert kinds(bank, found(bank, *accounts), 1) == expected
    assert kinds(bank, found(bank, *accounts), 1) == set()  # told once
    bank.look_anew()
    assert kinds(bank, found(bank, *accounts), 1) == expected


def test_a_transaction_that_has_not_begun_is_not_there(bank):
    moved(bank, 5, 3, DONE)
    assert kinds(bank, found(bank, OUT, IN), 1) == {Kind.MIXED_UP}


@pytest.mark.parametrize(
    ("account", "kind"),
    [
        (Account(-5, (9,)), Kind.MIXED_UP),
        (Account(-4, (1,)), Kind.MIXED_UP),
        (Account(-10, (1, 1)), Kind.TWICE),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_what_an_account_holds_goes_together(bank, account, kind, whole):
    moved(bank, 5, 0, DOUBT)
    assert kind in kinds(bank, found(bank, account), 1, whole=whole)


def test_an_entry_of_another_account_is_mixed_up(bank):
    moved(bank, 5, 0, DOUBT)
    accounts = found(bank, EMPTY, EMPTY, Account(5, (1,)))
    assert kinds(bank, accounts, 1, whole=False) == {Kind.MIXED_UP}


def test_all_accounts_add_up_to_nothing(bank):
    a, b, _ = bank.accounts
    bank.close(bank.begin({a: -5, b: 6}, 0), 1, DONE)
    accounts = found(bank, Account(-5, (1,)), Account(6, (1,)), EMPTY)
    (told,) = bank.judge(accounts, 2, 3, is_whole=True)
    assert (told.kind, told.found) == (Kind.HALF, "all accounts add up to 1")


def test_what_is_in_doubt_is_decided_by_who_sees_it(bank):
    moved(bank, 5, 0, DOUBT, locked_until_s=4)
    a, b, _ = bank.accounts
    assert kinds(bank, {a: OUT}, 1, whole=False) == set()
    assert kinds(bank, {b: EMPTY}, 2, whole=False) == set()  # not yet final
    assert kinds(bank, {a: EMPTY}, 2, whole=False) == {Kind.LOST}
    bank.look_anew()
    assert kinds(bank, {b: EMPTY}, 2) == {Kind.LOST}
    bank.look_anew()
    assert kinds(bank, {b: EMPTY}, 5, whole=False) == {Kind.LOST}


def test_what_was_seen_not_to_be_there_does_not_come(bank):
    moved(bank, 5, 0, DOUBT)
    assert kinds(bank, found(bank, EMPTY, EMPTY), 1) == set()
    assert kinds(bank, found(bank, OUT, IN), 2) == {Kind.DENIED_APPLIED}


def test_what_is_done_may_become_final_later_for_who_is_outside(bank):
    moved(bank, 5, 0, DONE, final_s=3, locked_until_s=3)
    nothing = found(bank, EMPTY, EMPTY)
    assert kinds(bank, nothing, 2, whole=False) == set()
    assert kinds(bank, nothing, 3, whole=False) == {Kind.LOST}
    bank.look_anew()
    assert kinds(bank, nothing, 1) == {Kind.LOST}


def test_a_failure_of_what_was_seen_is_a_lie(bank):
    a, b, _ = bank.accounts
    move = bank.begin({a: -5, b: 5}, 0)
    assert kinds(bank, {a: OUT}, 1, whole=False) == set()
    told = bank.close(move, 2, DENIED)
    assert told is not None
    assert (told.kind, told.phase) == (Kind.DENIED_APPLIED, Phase.CALM)


def test_a_plain_write_in_doubt_may_come_late(bank):
    a = bank.accounts[0]
    bank.unrest.begin(0)
    bank.close(bank.begin({a: 0}, 0, is_plain=True), 0.5, DOUBT)
    assert kinds(bank, {a: EMPTY}, 1) == set()
    assert bank.quiet_s() == math.inf
    assert kinds(bank, {a: Account(0, (1,))}, 2) == set()
    assert kinds(bank, {a: EMPTY}, 3) == {Kind.LOST}
    bank.unrest.end(4)
    assert bank.quiet_s() == 5


@pytest.mark.parametrize(
    ("place", "at", "expected"),
    [(0, 2, None), (0, 4, Kind.LOCKED), (2, 2, Kind.LOCKED), (0, -1, Kind.LOCKED)],
)
def test_an_account_is_locked_by_somebody(bank, place, at, expected):
    moved(bank, 5, 0, DOUBT, locked_until_s=3)
    bank.close(bank.begin({bank.accounts[2]: 0}, 0, is_plain=True), 9, DENIED)
    found = bank.judge_lock(bank.accounts[place], at, at + 0.5)
    assert (found and found.kind) is expected


def test_a_bank_is_quiet_when_no_move_can_lock_it(bank):
    assert bank.quiet_s() == -math.inf
    moved(bank, 5, 0, DENIED, locked_until_s=3)
    moved(bank, 5, 1, DONE)
    assert bank.quiet_s() == 3
    bank.begin({}, 2)
    assert bank.quiet_s() == math.inf
