"""Workers that move amounts between accounts in transactions, and sum them up.

A worker is a thread or a task, as in `workload`. Several share the accounts of a bank,
so that their transactions meet.
"""

from __future__ import annotations

import itertools
import math
import random
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

import aerospike
from aerospike import exception
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import list_operations, operations

from .caller import Asker, Tally
from .drivers import Driver
from .expected import BLOCKED, CONFLICTS, LOCKED_BEFORE, NOT_FOUND, TOO_LATE
from .ledger import EMPTY, Account, Bank, Move
from .model import Outcome, Unrest
from .workload import LIMITS_MS, LINGERS_S

N_ACCOUNTS, N_SHARERS = 8, 2
"""Accounts of a bank, and how many of FEW workers share it."""
MAX_MOVES = 150
"""Moves of a bank; then its workers begin another."""
TIMEOUTS_S = (1, 2, 4)
"""After how long the servers end a transaction."""
LATER_S = 1.5
"""How much later they may: they count whole seconds."""
STEP_MS = 700
"""How long each step may take that ends a transaction."""
VERIFY_POLICY = {"total_timeout": STEP_MS, "socket_timeout": STEP_MS // 3}
ROLL_POLICY = {"total_timeout": STEP_MS, "max_retries": 0}
POLICIES = {"policies": {"txn_verify": VERIFY_POLICY, "txn_roll": ROLL_POLICY}}
"""What a client's configuration has for them: commits that are not repeated by
themselves are often in doubt."""
PLAIN_WRITE = "plain operate"
N_STEPS = {"commit": 4, "abort": 2}
N_ENDS = 4
"""How often a worker tries to end a transaction."""
LEAVES = 0.01
"""The share of transactions that are left to the servers, and not ended any more."""
REMOVES = 0.2
"""The share of accounts that are removed, before they are written anew."""
REMOVE_POLICY = {"durable_delete": True}
REPEATS = 0.3
"""The share of writes that the client may repeat, but for the first of a transaction:
a copy of that which comes late would begin the transaction anew."""
QUITS = 0.4
"""The share of those that could not be ended at once, which are left, too."""
DAWDLES = 0.005
"""The share of transactions that nothing happens in for a while."""
CALLS = 20
"""Calls of a transaction, about: so much longer are the pauses between two of them."""
GIVES_UP = 0.03
"""The share of its calls that a task gives up: of all calls of a transaction that is
many times as much."""

END = {
    "commit": aerospike.TXN_STATE_COMMITTED,
    "abort": aerospike.TXN_STATE_ABORTED,
}
"""What a call that ends a transaction makes of it."""
ENDED = set(END.values())
ROLLED = {
    "commit": (
        aerospike.COMMIT_OK,
        aerospike.COMMIT_ALREADY_COMMITTED,  # by the mark of an attempt in doubt
        aerospike.COMMIT_CLOSE_ABANDONED,
    ),
    "abort": (aerospike.ABORT_OK, aerospike.ABORT_CLOSE_ABANDONED),
}
"""What is told by a call behind which no record is locked any more."""


class House:
    """The banks of a process."""

    def __init__(self, namespace: str, set_name: str, unrest: Unrest) -> None:
        self.namespace = namespace
        self.set_name = set_name
        self.unrest = unrest
        self._numbers = itertools.count(1)
        self._open: set[Bank] = set()
        self._full: deque[Bank] = deque()
        self._dropped: deque[tuple[float, Bank]] = deque()
        self._lock = threading.Lock()

    def key(self, account: str) -> tuple[str, str, str]:
        """The key of an account."""
        return self.namespace, self.set_name, account

    def open(self) -> Bank:
        """A new bank."""
        with self._lock:
            bank = Bank(f"bank{next(self._numbers)}", N_ACCOUNTS, self.unrest)
            self._open.add(bank)
            return bank

    def retire(self, bank: Bank) -> None:
        """Nobody is to begin a move in a bank any more."""
        with self._lock:
            self._open.remove(bank)
            self._full.append(bank)

    def take_quiet(self, now_s: float) -> Bank | None:
        """A bank of which nothing more can come, for one to look at it."""
        with self._lock:
            for bank in self._full:
                if bank.quiet_s() < now_s:
                    self._full.remove(bank)
                    return bank
        return None

    def give_back(self, bank: Bank) -> None:
        """It could not be looked at."""
        with self._lock:
            self._full.append(bank)

    def drop(self, bank: Bank, now_s: float) -> None:
        """It was looked at; who is reading it may go on for a while."""
        with self._lock:
            self._dropped.append((now_s + LINGERS_S, bank))

    def take_dropped(self, now_s: float) -> Bank | None:
        """A bank that nobody reads any more."""
        with self._lock:
            if self._dropped and self._dropped[0][0] < now_s:
                return self._dropped.popleft()[1]
        return None

    def all(self) -> list[Bank]:
        """Banks that are still to be looked at."""
        with self._lock:
            return [*self._open, *self._full]

    def left(self) -> list[Bank]:
        """Banks that are still on the nodes."""
        with self._lock:
            return [*self._open, *self._full, *(bank for _, bank in self._dropped)]


class Desk:
    """What a few workers share: one bank, and another one when it has had enough."""

    def __init__(self, house: House, bank: Bank | None = None) -> None:
        self.house = house
        self.bank = house.open() if bank is None else bank
        self._max_moves = MAX_MOVES if bank is None else math.inf
        self._lock = threading.Lock()

    def begin(
        self, draw: Callable[[Bank], Mapping[str, int]], *, is_plain: bool = False
    ) -> tuple[Bank, Move]:
        """Begin a move. draw: chooses what is moved."""
        with self._lock:
            if self.bank.n_moves >= self._max_moves:
                self.house.retire(self.bank)
                self.bank = self.house.open()
            parts = draw(self.bank)
            move = self.bank.begin(parts, time.monotonic(), is_plain=is_plain)
            return self.bank, move


@dataclass
class Work:
    """A transaction, and what is known of it.

    first_s: when its first write began. first_end_s: when that was over. is_doubtful: a
    write may come late. ends: how its calls have ended. found: what it has read.
    """

    bank: Bank
    txn: Any = field(default_factory=aerospike.Transaction)
    begin_s: float = field(default_factory=time.monotonic)
    first_s: float = math.inf
    first_end_s: float = math.inf
    is_doubtful: bool = False
    ends: list[str] = field(default_factory=list)
    found: dict[str, Account] = field(default_factory=dict)

    @property
    def may_expire_s(self) -> float:
        """When the servers may end it at the earliest."""
        return self.first_s + float(self.txn.timeout)

    @property
    def locked_until_s(self) -> float:
        """Until when it may lock records if it is left to the servers."""
        if self.first_s == math.inf:
            return self.begin_s
        return self.first_end_s + float(self.txn.timeout) + LATER_S

    def begin_write(self) -> bool:
        """A write begins; whether it is the first."""
        is_first = self.first_s == math.inf
        if is_first:
            self.first_s = time.monotonic()
        return is_first

    def end_write(self, in_doubt: bool) -> None:
        """It is over."""
        self.first_end_s = min(self.first_end_s, time.monotonic())
        self.is_doubtful = self.is_doubtful or in_doubt

    @property
    def outcome(self) -> Outcome:
        """What its client knows of it."""
        if self.txn.state == aerospike.TXN_STATE_COMMITTED:
            return Outcome.DONE
        return Outcome.DOUBT if self.txn.in_doubt else Outcome.DENIED


class Teller(Asker):
    """One worker's doing: transactions drawn by lot, and reads outside of them."""

    def __init__(
        self, name: str, driver: Driver, desk: Desk, rng: random.Random, pause_s: float
    ) -> None:
        super().__init__(driver, desk.house.unrest, Tally())
        self.rng = rng
        self.desk = desk
        self.house = desk.house
        self._name = name
        self._pause_s = pause_s
        self._work: Work | None = None
        self._repeats_once = False
        self._lot: dict[Callable[[], Coroutine[Any, Any, Any]], float] = {
            self._transfer: 20,
            self._sum_up: 8,
            self._plain_write: 4,
            self._plain_read: 6,
        }

    async def run(self, until: threading.Event) -> None:
        """Call until told to stop."""
        calls, weights = list(self._lot), list(self._lot.values())
        try:
            while not until.is_set():
                await self._look_at_full()
                await self.rng.choices(calls, weights)[0]()
                await self.driver.pause(self.rng.uniform(0, 2 * self._pause_s))
        except Exception as error:  # noqa: BLE001 - a worker that ends early is a finding
            self.tally.broken.append(f"worker {self._name} has ended: {error!r}")

    def may_end_with(self, code: int, kinds: frozenset[str]) -> bool:
        if super().may_end_with(code, kinds):
            return True
        if self._work is None:
            return code == BLOCKED and self._last[0] == PLAIN_WRITE
        if code == LOCKED_BEFORE:
            return self._repeats_once
        if code in TOO_LATE:
            return self._work.may_expire_s <= time.monotonic()
        return code in CONFLICTS

    async def timed(
        self,
        name: str,
        limit_ms: int,
        call: Callable[[], Any],
        *,
        writes: bool = False,
        n_steps: int = 1,
    ) -> tuple[Any, Exception | None]:
        """Result and error of a call, of the transaction if there is one."""
        made, error = await super().timed(
            name, limit_ms, call, writes=writes, n_steps=n_steps
        )
        if self._work is not None:
            end = made if error is None and isinstance(made, int) else ""
            self._work.ends.append(f"{name} {getattr(error, 'code', end)}".strip())
        return made, error

    def _limit(self) -> int:
        return self.rng.choice(LIMITS_MS)

    # What is judged

    def _account(self, name: str, bins: Any) -> Account:
        """An account from its bins, None = there is no record."""
        if bins is None:
            return EMPTY
        if bins.get("name") != name:
            self.tally.broken.append(f"{name} has bins of another record: {bins}")
        return Account(bins["n"], tuple(bins["l"]))

    def _judge(
        self, bank: Bank, found: dict[str, Account], start_s: float, *, is_whole: bool
    ) -> None:
        end_s = time.monotonic()
        for each in bank.judge(found, start_s, end_s, is_whole=is_whole):
            self.note(each)

    def _note_lock(self, bank: Bank, name: str, code: int, start_s: float) -> None:
        """A command on an account has ended with a code."""
        if code == BLOCKED:
            self.note(bank.judge_lock(name, start_s, time.monotonic()))

    # Commands

    async def _get(self, bank: Bank, name: str, policy: Mapping[str, Any]) -> bool:
        """Read an account, of a transaction or not; whether there was an answer."""
        limit_ms, start_s = self._limit(), time.monotonic()
        policy = {"total_timeout": limit_ms, "max_retries": 2, **policy}
        found, error = await self.timed(
            "get", limit_ms, lambda: self.client.get(self.house.key(name), policy)
        )
        code = getattr(error, "code", 0)
        self._note_lock(bank, name, code, start_s)
        if error is not None and code != NOT_FOUND:
            return False
        accounts = {name: self._account(name, found and found[2])}
        self._judge(bank, accounts, start_s, is_whole=False)
        if self._work is not None:
            self._work.found |= accounts
        return True

    async def _get_all(
        self, bank: Bank, policy: Mapping[str, Any], limit_ms: int
    ) -> bool:
        """Read all accounts of a bank at once; whether all were answered."""
        start_s = time.monotonic()
        policy = {"total_timeout": limit_ms, "max_retries": 2, **policy}
        keys = [self.house.key(name) for name in bank.accounts]
        made, error = await self.timed(
            "batch_read", limit_ms, lambda: self.client.batch_read(keys, policy=policy)
        )
        if error is not None:
            return False
        rows = dict(zip(bank.accounts, made.batch_records, strict=True))
        for name, row in rows.items():
            self.expect(row.result, "a row")
            self._note_lock(bank, name, row.result, start_s)
        accounts = {
            name: self._account(name, row.record and row.record[2])
            for name, row in rows.items()
            if row.result in (0, NOT_FOUND)
        }
        self._judge(bank, accounts, start_s, is_whole=False)
        if self._work is not None:
            self._work.found |= accounts
        return len(accounts) == len(rows)

    async def _write(
        self,
        work: Work,
        name: str,
        what: str,
        call: Callable[..., Any],
        more: Mapping[str, Any] = MappingProxyType({}),
        *,
        is_once: bool = False,
    ) -> bool:
        """A write of an account in a transaction; whether it is certainly done.

        :param call: is called with the key and the policy.
        :param more: of the policy.
        :param is_once: it must not be applied more often, when it is repeated.
        """
        limit_ms, start_s = self._limit(), time.monotonic()
        may_repeat = not work.begin_write() and self.rng.random() < REPEATS
        policy = {
            "txn": work.txn,
            "total_timeout": limit_ms,
            "socket_timeout": limit_ms // 2 if may_repeat else 0,
            "max_retries": 2 if may_repeat else 0,
            "sleep_between_retries": 20,
            **more,
        }
        self._repeats_once = is_once and may_repeat
        if is_once:
            policy["on_locking_only"] = may_repeat
        key = self.house.key(name)
        _, error = await self.timed(
            what, limit_ms, partial(call, key, policy=policy), writes=True
        )
        code = getattr(error, "code", 0)
        work.end_write(getattr(error, "in_doubt", False))
        self._note_lock(work.bank, name, code, start_s)
        return error is None or (code == LOCKED_BEFORE and self._repeats_once)

    @staticmethod
    def _changes(name: str, amount: int, number: int) -> list[dict[str, Any]]:
        """What adds a move to an account."""
        return [
            operations.write("name", name),
            operations.increment("n", amount),
            list_operations.list_append("l", number),
            operations.read("name"),
        ]

    # Transactions

    def _draw(self, bank: Bank) -> dict[str, int]:
        """What to move: from one account to one other, or to two."""
        chosen = self.rng.sample(bank.accounts, self.rng.choice((2, 2, 3)))
        amounts = [self.rng.randint(1, 100) for _ in chosen[1:]]
        return dict(zip(chosen, [-sum(amounts), *amounts], strict=True))

    async def _transfer(self) -> None:
        """Move amounts: the writes, and then the end."""
        bank, move = self.desk.begin(self._draw)
        self._work = work = Work(bank)
        work.txn.timeout = self.rng.choice(TIMEOUTS_S)
        way = self.rng.choice((self._add, self._add_all, self._rewrite))
        is_done = await way(work, move)
        if self.rng.random() < DAWDLES:
            await self.driver.pause(self.rng.uniform(0, max(TIMEOUTS_S)))
        await self._end(work, move, wants_commit=is_done and self.rng.random() < 0.9)
        self._work = None

    async def _add(self, work: Work, move: Move) -> bool:
        """Add to one account after the other."""
        for name, amount in move.parts.items():
            changes = self._changes(name, amount, move.number)
            call = partial(self.client.operate, list=changes)
            if not await self._write(work, name, "operate", call, is_once=True):
                return False
        return True

    async def _add_all(self, work: Work, move: Move) -> bool:
        """Add to all accounts in one batch."""
        limit_ms, start_s = self._limit(), time.monotonic()
        policy = {"txn": work.txn, "total_timeout": limit_ms, "max_retries": 0}
        rows = [
            Write(self.house.key(name), self._changes(name, amount, move.number))
            for name, amount in move.parts.items()
        ]
        work.begin_write()
        _, error = await self.timed(
            "batch_write",
            limit_ms,
            lambda: self.client.batch_write(BatchRecords(rows), policy),
            writes=True,
        )
        in_doubt = getattr(error, "in_doubt", False)
        work.end_write(in_doubt or any(row.in_doubt for row in rows))
        if error is not None:
            return False
        for name, row in zip(move.parts, rows, strict=True):
            self.expect(row.result, "a row")
            self._note_lock(work.bank, name, row.result, start_s)
        return all(row.result == 0 for row in rows)

    async def _rewrite(self, work: Work, move: Move) -> bool:
        """Read all accounts, and write what they are to be then."""
        for name in move.parts:
            if not await self._get(work.bank, name, {"txn": work.txn}):
                return False
        for name, amount in move.parts.items():
            before = work.found[name]
            if before != EMPTY and self.rng.random() < REMOVES:
                call = self.client.remove
                if not await self._write(work, name, "remove", call, REMOVE_POLICY):
                    return False
            entries = [*before.entries, move.number]
            bins = {"name": name, "n": before.n + amount, "l": entries}
            call = partial(self.client.put, bins=bins)
            if not await self._write(work, name, "put", call):
                return False
        return True

    async def _end(self, work: Work, move: Move | None, *, wants_commit: bool) -> bool:
        """End a transaction, or leave that to the servers; whether it is committed."""
        is_rolled = False
        for _ in range(N_ENDS):
            if self.rng.random() < LEAVES:
                break
            name = "commit" if wants_commit or work.txn.in_doubt else "abort"
            status, error = await self.timed(
                name,
                STEP_MS,
                partial(getattr(self.client, name), work.txn),
                writes=True,  # who is cancelled before it has begun knows nothing
                n_steps=N_STEPS[name],
            )
            self._check_end(work, name, error)
            is_rolled = error is None and status in ROLLED[name]
            if work.txn.state in ENDED or self.rng.random() < QUITS:
                break
            wants_commit = wants_commit and self.rng.random() < 0.5
            await self.driver.pause(self.rng.uniform(0, 0.2))
        is_committed = work.outcome is Outcome.DONE
        if is_committed:
            self._judge(work.bank, work.found, work.begin_s, is_whole=True)
        if move is not None:
            self._close(work, move, is_rolled=is_rolled)
        return is_committed

    def _check_end(self, work: Work, name: str, error: Exception | None) -> None:
        """Whether a call that has ended a transaction, or not, tells the truth."""
        txn = work.txn
        in_doubt = getattr(error, "in_doubt", False)
        is_true = not txn.in_doubt or in_doubt
        if error is None or isinstance(error, exception.AerospikeError):
            # who has given it up may be told of doubt though it is committed
            is_true = in_doubt is txn.in_doubt and (txn.state == END[name]) is (
                error is None
            )
            is_true = is_true and (error is None or name == "commit")
        if not is_true:
            self.tally.broken.append(f"{name} of {txn!r} has ended with {error!r}")

    def _close(self, work: Work, move: Move, *, is_rolled: bool) -> None:
        """A move is over."""
        now_s = time.monotonic()
        late_s = max(now_s, work.locked_until_s)
        is_clean = is_rolled and not work.is_doubtful
        contradiction = work.bank.close(
            move,
            now_s,
            work.outcome,
            f"{work.txn!r} {', '.join(work.ends)}",
            final_s=None if is_rolled else late_s,
            locked_until_s=None if is_clean else late_s,
        )
        self.note(contradiction)
        self.tally.outcomes["transfer", work.outcome.value] += 1

    async def _sum_up(self) -> None:
        """Read all accounts in a transaction, and end it."""
        bank = self.desk.bank
        if await self._read_all(bank, self._limit()):
            self.tally.outcomes["sum", "told"] += 1

    async def _read_all(self, bank: Bank, limit_ms: int) -> bool:
        """Read all accounts of a bank in a transaction; whether it is committed."""
        self._work = work = Work(bank)
        policy = {"txn": work.txn}
        if self.rng.random() < 0.5:
            is_read = await self._get_all(bank, policy, limit_ms)
        else:
            is_read = True
            for name in self.rng.sample(bank.accounts, len(bank.accounts)):
                is_read = is_read and await self._get(bank, name, policy)
        is_committed = await self._end(work, None, wants_commit=is_read)
        self._work = None
        return is_read and is_committed

    # Outside of transactions

    async def _plain_read(self) -> None:
        bank = self.desk.bank
        if self.rng.random() < 0.3:
            await self._get_all(bank, {}, self._limit())
        else:
            await self._get(bank, self.rng.choice(bank.accounts), {})

    async def _plain_write(self) -> None:
        """Add an entry to one account, and nothing to what it holds."""
        bank, move = self.desk.begin(
            lambda bank: {self.rng.choice(bank.accounts): 0}, is_plain=True
        )
        (name,) = move.parts
        limit_ms, start_s = self._limit(), time.monotonic()
        policy = {"total_timeout": limit_ms, "max_retries": 0}
        changes = self._changes(name, 0, move.number)
        key = self.house.key(name)
        _, error = await self.timed(
            PLAIN_WRITE,
            limit_ms,
            lambda: self.client.operate(key, changes, policy=policy),
            writes=True,
        )
        code = getattr(error, "code", 0)
        self._note_lock(bank, name, code, start_s)
        outcome = Outcome.DONE if error is None else Outcome.DENIED
        if getattr(error, "in_doubt", False):
            outcome = Outcome.DOUBT
        self.note(bank.close(move, time.monotonic(), outcome, f"code {code}"))
        self.tally.outcomes["plain write", outcome.value] += 1

    # Banks that are full

    async def _look_at_full(self) -> None:
        """Look at a bank when it is certain what it holds; later remove it."""
        bank = self.house.take_quiet(time.monotonic())
        if bank is not None:
            if await self._read_all(bank, LIMITS_MS[-1]):
                self.house.drop(bank, time.monotonic())
            else:
                self.house.give_back(bank)
        bank = self.house.take_dropped(time.monotonic())
        if bank is not None and not await self.remove([bank], LIMITS_MS[-1]):
            self.house.drop(bank, time.monotonic())

    async def remove(self, banks: list[Bank], limit_ms: int) -> bool:
        """Take banks off the nodes; whether that is certainly done."""
        keys = [self.house.key(name) for bank in banks for name in bank.accounts]
        policy = {"total_timeout": limit_ms}
        made, error = await self.timed(
            "batch_remove",
            limit_ms,
            lambda: self.client.batch_remove(keys, policy, {"durable_delete": True}),
            writes=True,
        )
        if error is not None:
            return False
        return all(row.result in (0, NOT_FOUND) for row in made.batch_records)

    async def look_at_all(self, for_s: float) -> None:
        """Judge every bank once more, when nothing more can come of any move."""
        banks = self.house.all()
        quiet_s = max((bank.quiet_s() for bank in banks), default=-math.inf)
        while time.monotonic() < quiet_s:
            await self.driver.pause(0.05)
        until_s = time.monotonic() + for_s
        for bank in banks:
            bank.look_anew()
            while not await self._read_all(bank, 4000):
                if time.monotonic() > until_s:
                    self.tally.broken.append("the last look is not answered")
                    return
        while n_locked := await self._n_locked():
            if time.monotonic() > until_s:
                self.tally.broken.append(f"{n_locked} records stay locked")
                return
            await self.driver.pause(0.1)

    async def _n_locked(self) -> int:
        """How many records of the namespace are locked; -1 if no node answers."""
        command = f"namespace/{self.house.namespace}"
        policy = {"timeout": LIMITS_MS[-1]}
        answer, error = await self.timed(
            "info",
            LIMITS_MS[-1],
            lambda: self.client.info_random_node(command, policy),
        )
        found = re.search(r"\bmrt_provisionals=(\d+)", answer or "")
        return -1 if error is not None or found is None else int(found[1])
