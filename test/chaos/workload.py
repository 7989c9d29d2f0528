"""Workers that write, read and judge. Each has records that it alone writes.

A worker is a thread or a task: its driver says how it waits.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import list_operations, operations

from .caller import Caller, Shelf, Tally, padding
from .drivers import Driver, GivenUp
from .expected import NOT_FOUND, OF_RECORDS
from .model import Count, Log, Record, Register
from .model import Write as WriteOf

N_REGISTERS, N_COUNTS = 6, 2
MAX_ENTRIES = 60
"""Entries of a log; then its writer begins another."""
OLD_LOGS = 2
"""Full logs of a worker that are still read."""
LINGERS_S = 20.0
"""How long a record that nobody is to read any more may still be read."""
LIMITS_MS = (150, 300, 600, 1200)
PAUSE_S = 0.004
"""Between two calls of one of FEW workers of a single process, so that the machine is
not what is tested. More of them have longer pauses, and fewer records each."""
FEW = 16


class Worker(Caller):
    """One worker's doing: calls drawn by lot, on records of its own and of others.

    crowd: how many workers there are for each of FEW.
    """

    def __init__(
        self,
        name: str,
        driver: Driver,
        shelf: Shelf,
        rng: random.Random,
        *,
        pause_s: float,
        crowd: float,
    ) -> None:
        super().__init__(driver, shelf, Tally())
        self.rng = rng
        self._pause_s = pause_s
        self._name = name
        n_registers = max(2, round(N_REGISTERS / crowd))
        n_counts = max(1, round(N_COUNTS / crowd))
        self._numbers = itertools.count(1)
        self._registers = [
            shelf.add(Register, f"{self._name}-register{i}") for i in range(n_registers)
        ]
        self._counts = [
            shelf.add(Count, f"{self._name}-count{i}") for i in range(n_counts)
        ]
        self._parked: list[tuple[Record, WriteOf]] = []
        self._logs = itertools.count(1)
        self._full: deque[Record] = deque()
        self._dropped: deque[tuple[float, Record]] = deque()
        self._new_log()
        # a query takes the development server as long as a hundred gets: of many
        # workers, who have as many records more, each asks less often
        self._lot = {
            self._put: 20,
            self._get_own: 20,
            self._get_other: 8,
            self._increment: 15,
            self._append: 15,
            self._remove: 4,
            self._batch_write: 8,
            self._batch_increment: 5,
            self._batch_read: 6,
            self._query: crowd**-2,
        }

    async def prepare(self) -> None:
        """What increments need: they write nothing but the number."""
        for record in self._counts:
            bins = {"name": record.name, "n": 0}
            await self.driver.of(self.client.put(self.shelf.key(record), bins))

    async def run(self, until: threading.Event) -> None:
        """Call until told to stop."""
        calls, weights = list(self._lot), list(self._lot.values())
        try:
            while not until.is_set():
                await self._look_at_parked()
                await self._look_at_full()
                await self.rng.choices(calls, weights)[0]()
                await self.driver.pause(self.rng.uniform(0, 2 * self._pause_s))
        except Exception as error:  # noqa: BLE001 - a worker that ends early is a finding
            self.tally.broken.append(f"worker {self._name} has ended: {error!r}")

    def dropped(self) -> list[Record]:
        """Records that are still on the nodes, though nobody reads them."""
        return [record for _, record in self._dropped]

    async def _look_at_parked(self) -> None:
        """Look at registers that were left alone until it was certain what they hold.

        Another write would cover what has become of one that failed.
        """
        now_s = time.monotonic()
        for parked in list(self._parked):
            record, write = parked
            is_settled = self.shelf.unrest.settled_s(write) < now_s
            if is_settled and await self.get(record, LIMITS_MS[-1]):
                self._parked.remove(parked)

    async def _look_at_full(self) -> None:
        """Look at a full log when it is certain what it holds; later remove it."""
        now_s = time.monotonic()
        if len(self._full) > OLD_LOGS:
            log = self._full[0]
            is_settled = log.settled_s() < now_s
            if is_settled and await self.get(log, LIMITS_MS[-1]):
                self.shelf.drop(log)
                self._full.popleft()
                self._dropped.append((now_s + LINGERS_S, log))
        if self._dropped and self._dropped[0][0] < now_s:
            key = self.shelf.key(self._dropped[0][1])
            policy = {"total_timeout": LIMITS_MS[-1], "max_retries": 0}
            _, error = await self.timed(
                "remove",
                LIMITS_MS[-1],
                lambda: self.client.remove(key, policy=policy),
                writes=True,
            )
            if getattr(error, "code", 0) in OF_RECORDS:
                self._dropped.popleft()

    def _free_registers(self) -> list[Record]:
        """Registers to write to."""
        parked = [record for record, _ in self._parked]
        return [each for each in self._registers if each not in parked]

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
        super().close(name, record, write, code, in_doubt, is_single=is_single)
        has_failed = code not in (0, NOT_FOUND)
        enough = len(self._free_registers()) > len(self._registers) // 2
        if has_failed and enough and isinstance(record, Register):
            self._parked.append((record, write))

    def _new_log(self) -> None:
        """Begin a log."""
        self._log = self.shelf.add(Log, f"{self._name}-log{next(self._logs)}")
        self._n_entries = 0

    def _limit(self) -> int:
        return self.rng.choice(LIMITS_MS)

    def _policy(self, limit_ms: int) -> dict[str, int]:
        """Of a write: most are sent once, some may be repeated."""
        retries = 2 if self.rng.random() < 0.1 else 0
        return {
            "total_timeout": limit_ms,
            "socket_timeout": self.rng.choice((0, limit_ms // 2)) if retries else 0,
            "max_retries": retries,
            "sleep_between_retries": 20,
        }

    async def _write(
        self,
        name: str,
        record: Record,
        value: object,
        call: Callable[[Any, dict[str, int]], Any],
    ) -> int:
        """One write of one record; the code that it ended with."""
        limit_ms = self._limit()
        policy = self._policy(limit_ms)
        copies = 1 + policy["max_retries"]
        write = record.begin(name, value, time.monotonic(), copies)
        key = self.shelf.key(record)
        made, error = await self.timed(
            name, limit_ms, lambda: call(key, policy), writes=True
        )
        if isinstance(made, tuple) and made[2].get("name") != record.name:
            text = f"{name} of {record.name} has the answer of another: {made}"
            self.tally.broken.append(text)
        code = getattr(error, "code", -1) if error is not None else 0
        self.close(name, record, write, code, bool(getattr(error, "in_doubt", False)))
        return int(code)

    def _bins(self, record: Record, number: int) -> dict[str, object]:
        return {"v": number, "pad": padding(number), "name": record.name}

    async def _put(self) -> None:
        record, number = self.rng.choice(self._free_registers()), next(self._numbers)
        bins = self._bins(record, number)
        await self._write(
            "put",
            record,
            number,
            lambda key, policy: self.client.put(key, bins, policy=policy),
        )

    async def _remove(self) -> None:
        record = self.rng.choice(self._free_registers())
        start_s = time.monotonic()
        code = await self._write(
            "remove",
            record,
            None,
            lambda key, policy: self.client.remove(key, policy=policy),
        )
        if code == NOT_FOUND:
            self.judge(record, None, start_s, time.monotonic())

    async def _increment(self) -> None:
        record = self.rng.choice(self._counts)
        await self._write(
            "increment",
            record,
            1,
            lambda key, policy: self.client.increment(key, "n", 1, policy=policy),
        )

    async def _append(self) -> None:
        if self._n_entries == MAX_ENTRIES:
            self._full.append(self._log)
            self._new_log()
        self._n_entries += 1
        number = next(self._numbers)
        log = self._log
        changes = [
            operations.write("name", log.name),
            list_operations.list_append("l", number),
            operations.read("name"),
        ]
        await self._write(
            "operate",
            log,
            number,
            lambda key, policy: self.client.operate(key, changes, policy=policy),
        )

    async def _batch_write(self) -> None:
        limit_ms = self._limit()
        policy = self._policy(limit_ms)
        copies = 1 + policy["max_retries"]
        free = self._free_registers()
        chosen = self.rng.sample(free, self.rng.randint(1, len(free)))
        rows, writes = [], []
        for record in chosen:
            number = next(self._numbers)
            bins = self._bins(record, number)
            changes = [operations.write(name, value) for name, value in bins.items()]
            rows.append(Write(self.shelf.key(record), changes))
            now_s = time.monotonic()
            writes.append(record.begin("batch_write", number, now_s, copies))
        asked = BatchRecords(rows)
        _, error = await self.timed(
            "batch_write",
            limit_ms,
            lambda: self.client.batch_write(asked, policy),
            writes=True,
        )
        for record, write, row in zip(chosen, writes, rows, strict=True):
            of: Any = error if isinstance(error, GivenUp) else row
            code = int(error.code if of is error else row.result)
            if error is None:
                self.expect(code, "a row")
            self.close("batch_write", record, write, code, bool(of.in_doubt))

    async def _batch_increment(self) -> None:
        limit_ms = self._limit()
        policy = self._policy(limit_ms)
        now_s, copies = time.monotonic(), 1 + policy["max_retries"]
        writes = [c.begin("batch_operate", 1, now_s, copies) for c in self._counts]
        keys = [self.shelf.key(record) for record in self._counts]
        made, error = await self.timed(
            "batch_operate",
            limit_ms,
            lambda: self.client.batch_operate(
                keys, [operations.increment("n", 1)], policy
            ),
            writes=True,
        )
        for place, (record, write) in enumerate(zip(self._counts, writes, strict=True)):
            if error is not None:
                code = int(getattr(error, "code", -1))
                in_doubt = bool(getattr(error, "in_doubt", False))
            else:
                row = made.batch_records[place]
                code, in_doubt = int(row.result), bool(row.in_doubt)
                self.expect(code, "a row")
            # the error of a batch has the code of one row, and the doubt of any
            is_single = error is None
            self.close(
                "batch_operate", record, write, code, in_doubt, is_single=is_single
            )

    async def _get_own(self) -> None:
        own = [*self._registers, *self._counts, self._log]
        await self.get(self.rng.choice(own), self._limit())

    async def _get_other(self) -> None:
        await self.get(self.rng.choice(self.shelf.all()), self._limit())

    async def _batch_read(self) -> None:
        records = self.shelf.all()
        chosen = self.rng.sample(records, min(len(records), 20))
        await self.batch_read(chosen, self._limit(), mixed=self.rng.random() < 0.3)

    async def _query(self) -> None:
        await self.query()
