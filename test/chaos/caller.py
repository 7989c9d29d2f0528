"""A client's calls, timed, counted and judged, and the records that they are about."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aerospike
from aerospike_helpers.batch.records import BatchRecords, Read

from .drivers import Driver, is_expected_class
from .expected import NEVER_SENT, NOT_FOUND, is_expected
from .model import N_SHOWN, Contradiction, Count, Outcome, Record, Register, Unrest
from .model import Write as WriteOf

QUERY_LIMIT_MS = 4000
N_TOLD = 50
"""Unexpected errors of a worker whose texts are kept."""
NOTED_S = 0.02
"""A call that is later than its limit by less is not noted: most are that end by it."""


@dataclass(frozen=True, slots=True)
class Late:
    """A call that took longer than its limit. over_s: by how much; pid: whose call."""

    over_s: float
    begin_s: float
    end_s: float
    what: str
    pid: int = field(default_factory=os.getpid)

    def __str__(self) -> str:
        times = f"{self.begin_s:.3f} to {self.end_s:.3f}"
        return f"late by {self.over_s * 1000:.0f} ms: {times}  {self.what}"


@dataclass(frozen=True, slots=True)
class Strange:
    """A call that ended as none should while nodes are disturbed in those ways."""

    what: str
    code: int
    limit_ms: int
    begin_s: float
    end_s: float
    kinds: frozenset[str]
    pid: int = field(default_factory=os.getpid)

    def __str__(self) -> str:
        times = f"{self.begin_s:.3f} to {self.end_s:.3f}"
        why = ", ".join(sorted(self.kinds)) or "nothing"
        return f"unexpected after {why}: {times}  {self.what}"


@dataclass
class Tally:
    """What has happened so far."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    late: list[Late] = field(default_factory=list)
    strange: list[Strange] = field(default_factory=list)
    found: list[Contradiction] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    pauses: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    """By process: the times in which it was kept from running."""

    def add(self, other: Tally) -> None:
        """What has happened elsewhere, too."""
        self.outcomes += other.outcomes
        self.errors += other.errors
        self.late += other.late
        self.strange += other.strange
        self.found += other.found
        self.broken += other.broken
        self.pauses |= other.pauses


class Shelf:
    """The records of all workers. n_shown: how many writes of each its history has."""

    def __init__(
        self, namespace: str, set_name: str, unrest: Unrest, n_shown: int = N_SHOWN
    ) -> None:
        self.namespace = namespace
        self.set_name = set_name
        self.unrest = unrest
        self._n_shown = n_shown
        self._records: dict[bytes, Record] = {}
        self._lock = threading.Lock()

    def add(self, kind: type[Record], name: str) -> Record:
        """A record that nobody has written to."""
        record = kind(name, self.unrest, self._n_shown)
        with self._lock:
            self._records[self._digest(record)] = record
        return record

    def drop(self, record: Record) -> None:
        """Nobody is to read a record any more."""
        with self._lock:
            del self._records[self._digest(record)]

    def _digest(self, record: Record) -> bytes:
        return bytes(aerospike.calc_digest(*self.key(record)))

    def all(self) -> list[Record]:
        """The records that there are at this moment."""
        return list(self.by_digest().values())

    def by_digest(self) -> dict[bytes, Record]:
        """The records that there are at this moment, by their digests."""
        with self._lock:
            return dict(self._records)

    def key(self, record: Record) -> tuple[str, str, str]:
        """The key of a record."""
        return self.namespace, self.set_name, record.name


def content(record: Record, bins: dict[str, Any] | None) -> object:
    """What the model calls the value of a record, from its bins.

    Every record holds its own name: another one's is a reply that went astray.
    """
    if bins is None:
        return None
    if bins.get("name") != record.name:
        return f"bins of another record: {bins}"
    if isinstance(record, Register):
        number = bins.get("v")
        fits = isinstance(number, int) and bins.get("pad") == padding(number)
        return number if fits else f"bins that do not go together: {bins}"
    return bins.get("n") if isinstance(record, Count) else bins.get("l")


def padding(number: int) -> bytes:
    """Bytes that go with a number, of many lengths."""
    return bytes([number % 251]) * (number * 7919 % 3000)


class Asker:
    """Calls of a client, timed and counted. Each belongs to one thread or task."""

    def __init__(self, driver: Driver, unrest: Unrest, tally: Tally) -> None:
        self.driver = driver
        self.client = driver.client
        self.unrest = unrest
        self.tally = tally
        self._last = ("", 0, 0.0, 0.0)

    async def timed(
        self,
        name: str,
        limit_ms: int,
        call: Callable[[], Any],
        *,
        writes: bool = False,
        n_steps: int = 1,
    ) -> tuple[Any, Exception | None]:
        """Result and error of a call, one of them None.

        :param n_steps: how many requests it makes, one after the other, each of which
            has the limit for itself.
        """
        answer = await self.driver.ask(limit_ms * n_steps, call)
        self._last = (name, limit_ms, answer.begin_s, answer.end_s)
        if answer.over_s > NOTED_S:
            what = f"{name} of {limit_ms} ms: {answer.error!r}"
            late = Late(answer.over_s, answer.begin_s, answer.end_s, what)
            self.tally.late.append(late)
        if answer.error is not None:
            self._note_error(name, answer.error, writes)
        return answer.result, answer.error

    def _note_error(self, name: str, error: Exception, writes: bool) -> None:
        """A call has ended with an error."""
        tally = self.tally
        if not is_expected_class(error):
            tally.broken.append(f"{name}: {error!r}")
        code = getattr(error, "code", 0)
        tally.errors[name, type(error).__name__, code] += 1
        self.expect(code, str(error))
        if getattr(error, "in_doubt", False) and not writes:
            tally.broken.append(f"{name} writes nothing and is in doubt: {error}")

    def expect(self, code: int, text: str) -> None:
        """The last call, or a row of it, has ended with a code."""
        name, limit_ms, begin_s, end_s = self._last
        kinds = self.unrest.kinds(begin_s, end_s)
        if not self.may_end_with(code, kinds):
            what = f"{name} of {limit_ms} ms: {code}"
            if len(self.tally.strange) < N_TOLD:  # the others are only counted
                what += f", {text}"
            self.tally.strange.append(
                Strange(what, code, limit_ms, begin_s, end_s, kinds)
            )

    def may_end_with(self, code: int, kinds: frozenset[str]) -> bool:
        """Whether a call may while nodes are disturbed in those ways."""
        return is_expected(code, kinds, self.driver.shares_connections)

    def note(self, contradiction: Contradiction | None) -> None:
        """Keep a contradiction, if it is one."""
        if contradiction is not None:
            self.tally.found.append(contradiction)


class Caller(Asker):
    """Calls about the records of a shelf."""

    def __init__(self, driver: Driver, shelf: Shelf, tally: Tally) -> None:
        super().__init__(driver, shelf.unrest, tally)
        self.shelf = shelf

    def close(
        self,
        name: str,
        record: Record,
        write: WriteOf,
        code: int,
        in_doubt: bool,
        *,
        is_single: bool = True,
    ) -> None:
        """A write is over; code 0: it was acknowledged."""
        if in_doubt and is_single and code in NEVER_SENT and write.copies == 1:
            text = f"{name} was not sent and is in doubt, code {code}: {write}"
            self.tally.broken.append(text)
        outcome = Outcome.DENIED
        if code == 0:
            outcome = Outcome.DONE
        elif in_doubt:
            outcome = Outcome.DOUBT
        if code == NOT_FOUND and not in_doubt:  # there was nothing to remove
            write.value = "nothing"
        detail = "" if code == 0 else f"code {code}"
        record.close(write, time.monotonic(), outcome, detail)
        self.tally.outcomes[name, outcome.value] += 1

    def judge(self, record: Record, bins: Any, start_s: float, end_s: float) -> None:
        """Judge the bins that a read has found, None = there is no record."""
        self.note(record.judge(content(record, bins), start_s, end_s))

    # Reads

    async def get(self, record: Record, limit_ms: int) -> bool:
        """Read a record; whether there was an answer."""
        policy = {"total_timeout": limit_ms, "max_retries": 2}
        start_s = time.monotonic()
        found, error = await self.timed(
            "get", limit_ms, lambda: self.client.get(self.shelf.key(record), policy)
        )
        code = getattr(error, "code", 0)
        if error is not None and code != NOT_FOUND:
            return False
        self.judge(record, found and found[2], start_s, time.monotonic())
        return True

    async def batch_read(
        self, records: list[Record], limit_ms: int, *, mixed: bool
    ) -> bool:
        """Read some records at once; whether all were answered."""
        policy = {"total_timeout": limit_ms, "max_retries": 2}
        keys = [self.shelf.key(record) for record in records]
        start_s = time.monotonic()
        if mixed:
            asked = BatchRecords([Read(key, None, read_all_bins=True) for key in keys])
            name = "batch_write of reads"
            made, error = await self.timed(
                name, limit_ms, lambda: self.client.batch_write(asked, policy)
            )
        else:
            made, error = await self.timed(
                "batch_read",
                limit_ms,
                lambda: self.client.batch_read(keys, policy=policy),
            )
        end_s = time.monotonic()
        if error is not None:
            return False
        rows = made.batch_records
        for record, row in zip(records, rows, strict=True):
            if row.result in (0, NOT_FOUND):
                self.judge(record, row.record and row.record[2], start_s, end_s)
            self.expect(row.result, "a row")
        return all(row.result in (0, NOT_FOUND) for row in rows)

    async def query(self) -> bool:
        """Read the whole set; whether there was an answer."""
        records = self.shelf.by_digest()
        policy = {"total_timeout": QUERY_LIMIT_MS, "max_retries": 5}
        query = self.client.query(self.shelf.namespace, self.shelf.set_name)
        start_s = time.monotonic()
        rows, error = await self.timed(
            "query", QUERY_LIMIT_MS, lambda: query.results(policy)
        )
        end_s = time.monotonic()
        if error is not None:
            return False
        found = {bytes(key[3]): bins for key, _, bins in rows}
        for digest, record in records.items():
            bins = found.get(digest)
            if bins is None:
                self.note(record.left_out(start_s, end_s))
            else:
                self.judge(record, bins, start_s, end_s)
        return True
