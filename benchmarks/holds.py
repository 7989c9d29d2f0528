"""For how long scans and batches hold the GIL at a time.

A watcher, a thread in pure Python, reads the CPU clock of the calling thread at each of
its turns. What that clock moves between two turns is how long the call has held the
GIL; the longest of these is what counts. The clock stands still while the caller waits
or the system runs others, so that a busy machine adds little. The collector is on.

The watcher asks for the GIL after a moment (sys.setswitchinterval), for what is to be
seen is how long the call keeps it then. The GIL is free for some microseconds only, and
a watcher that gets no processor then sees the next hold as one with this. So it has a
priority above all others, where the system lets it; the results say whether it had.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import aerospike
import results as tables
from aerospike import exception, predicates
from aerospike_helpers.batch.records import BatchRecords, Read, Write
from aerospike_helpers.operations import operations as ops
from figures import Spread
from groups import Found, Goal, Group, Run

SOON_S = 2e-4  # when the watcher asks for the GIL; sooner slows the caller down
IDLE_S = 1e-4  # how long it looks away from a caller that does not run
LIMIT_S = 0.002
ROUNDS = 10
N_RECORDS = 100_000
N_WRITES = 20_000
N_LARGE = 2_000
AT_ONCE = 5_000
FAR: Any = {"total_timeout": 600_000, "socket_timeout": 600_000}


@dataclass(frozen=True)
class Seen:
    """What the watcher saw of a call.

    :ivar longest_s: the longest hold, in seconds of the caller's CPU.
    :ivar cpu_s: all that the call took.
    :ivar n_turns: how often the watcher had a turn.
    :ivar was_first: whether the watcher went before all others on each processor.
    """

    longest_s: float
    cpu_s: float
    n_turns: int
    was_first: bool


def go_first() -> bool:
    """Have the system run this thread before others; whether it lets it."""
    try:
        first = os.sched_param(os.sched_get_priority_min(os.SCHED_FIFO))
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_FIFO, first)
    except (AttributeError, OSError):  # not on Linux, or not allowed
        return False
    return True


def watch(call: Callable[[], Any], interval_s: float = SOON_S) -> Seen:
    """Watch a call to its end: what it returns is dropped later, and a collection that
    begins behind it is not the call's either.
    """
    clock = time.pthread_getcpuclockid(threading.get_ident())
    seen: list[float] = []
    was_first: list[bool] = []
    watching, stop = threading.Event(), False

    def look() -> None:
        was_first.append(go_first())
        watching.set()
        last = 0.0
        while not stop:
            now = time.clock_gettime(clock)
            seen.append(now)
            time.sleep(0 if now > last else IDLE_S)
            last = now

    before = sys.getswitchinterval()
    sys.setswitchinterval(interval_s)
    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        watching.wait()
        begin = time.clock_gettime(clock)
        result = call()
        end = time.clock_gettime(clock)  # nothing between starts the collector
    finally:
        stop = True
        watcher.join()
        sys.setswitchinterval(before)
    del result
    turns = [begin, *(moment for moment in seen if begin < moment < end), end]
    longest_s = max(b - a for a, b in pairwise(turns))
    return Seen(longest_s, end - begin, len(turns) - 2, was_first[0])


# --- records ---


def small(i: int) -> dict[str, Any]:
    return {"i": i}


def medium(i: int) -> dict[str, Any]:
    """1.1 KB."""
    name = f"user-{i:08}"
    return {"i": i, "name": name, "score": 2.5, "blob": bytes(range(256)) * 4}


def large(i: int) -> dict[str, Any]:
    """A value of nearly 64 KB, of another type in each record."""
    values = (
        lambda: b"x" * 65_000,
        lambda: "x" * 65_000,
        lambda: "\N{LATIN SMALL LETTER E WITH ACUTE}" * 32_000,
        lambda: list(range(-20_000, 0)),
        lambda: [1] * 64_000,
        lambda: {f"key {n}": [n, "text"] for n in range(3_500)},
    )
    return {"value": values[i % len(values)]()}


@dataclass(frozen=True)
class Data:
    """Records of a set, by number."""

    set: str
    n: int
    bins: Callable[[int], dict[str, Any]]

    def key(self, i: int) -> tuple[str, str, int]:
        return "test", self.set, i

    def keys(self, n: int = sys.maxsize) -> list[Any]:
        return [self.key(i) for i in range(min(n, self.n))]

    def put(self, client: Any) -> None:
        """Store what is not there yet."""
        records = client.batch_read(self.keys(), [], FAR).batch_records
        missing = [i for i, found in enumerate(records) if found.result != 0]
        at_once = max(1, AT_ONCE * self.n // N_RECORDS)
        for at in range(0, len(missing), at_once):
            rows = [
                Write(self.key(i), [ops.write(*item) for item in self.bins(i).items()])
                for i in missing[at : at + at_once]
            ]
            failed = [
                row
                for row in client.batch_write(BatchRecords(rows), FAR).batch_records
                if row.result != 0
            ]
            if failed:
                raise SystemExit(f"holds: cannot put: {failed[0].message}")


def data_sets(n_records: int) -> dict[str, Data]:
    return {
        "small": Data("holds_small", n_records, small),
        "1.1 KB": Data("holds_medium", n_records, medium),
        "64 KB": Data("holds_large", max(1, N_LARGE * n_records // N_RECORDS), large),
    }


# --- calls ---


@dataclass(frozen=True)
class Subject:
    """What is watched: calls of a client, on the records of a set."""

    client: Any
    config: dict[str, Any]
    data: Data


Call = Callable[[], Any]


def results(subject: Subject) -> Call:
    return lambda: subject.client.scan("test", subject.data.set).results(FAR)


def where(subject: Subject) -> Call:
    query = subject.client.query("test", subject.data.set)
    query.where(predicates.between("i", 0, subject.data.n))
    with contextlib.suppress(exception.IndexFoundError):
        subject.client.index_integer_create("test", subject.data.set, "i", "holds_i")
    return lambda: query.results(FAR)


def pages(subject: Subject) -> Call:
    def read() -> list[Any]:
        query = subject.client.query("test", subject.data.set)
        query.max_records = max(1, subject.data.n // 4)
        query.paginate()
        found = []
        while not query.is_done():
            found.append(query.results(FAR))
        return found

    return read


def foreach(subject: Subject) -> Call:
    return lambda: subject.client.scan("test", subject.data.set).foreach(id, FAR)


def loop(subject: Subject) -> Call:
    def read() -> list[Any]:
        found = []
        for record in subject.client.scan("test", subject.data.set):
            found.append(record)  # noqa: PERF402 - a loop in Python is watched
        return found

    return read


def loop_in_c(subject: Subject) -> Call:
    return lambda: list(subject.client.scan("test", subject.data.set))


def batch_read(subject: Subject) -> Call:
    keys = subject.data.keys()
    return lambda: subject.client.batch_read(keys, None, FAR)


def batch_read_of_nothing(subject: Subject) -> Call:
    keys = [("test", "holds_nothing", i) for i in range(subject.data.n)]
    return lambda: subject.client.batch_read(keys, None, FAR)


def get_many(subject: Subject) -> Call:
    keys = subject.data.keys()
    return lambda: subject.client.get_many(keys, FAR)


def batch_write(subject: Subject) -> Call:
    data = subject.data
    rows: list[Any] = [
        Write(key, [ops.write("i", i)]) if i % 2 else Read(key, None, True)
        for i, key in enumerate(data.keys(N_WRITES))
    ]
    records = BatchRecords(rows)
    return lambda: subject.client.batch_write(records, FAR)


def batch_operate(subject: Subject) -> Call:
    keys, asked = subject.data.keys(N_WRITES), [ops.touch(), ops.read("i")]
    return lambda: subject.client.batch_operate(keys, asked, FAR)


def in_a_loop(
    work: Callable[[Any, Data], Coroutine[Any, Any, Any]],
) -> Callable[[Subject], Call]:
    """A call of an AsyncClient, whose loop runs in the calling thread."""

    async def run(subject: Subject, results: list[Any]) -> None:
        async with aerospike.AsyncClient(subject.config) as client:
            results.append(await work(client, subject.data))

    # some Pythons make the repr() of what the coroutine returns to asyncio.run()
    def call_of(subject: Subject) -> Call:
        def call() -> list[Any]:
            results: list[Any] = []
            asyncio.run(run(subject, results))
            return results

        return call

    return call_of


async def awaited(client: Any, data: Data) -> list[Any]:
    return [record async for record in client.scan("test", data.set)]


async def collected(client: Any, data: Data) -> Any:
    return await client.scan("test", data.set).results(FAR)


async def batch_read_awaited(client: Any, data: Data) -> Any:
    return await client.batch_read(data.keys(), None, FAR)


# of a workload: the records, and what makes the call that is watched
WORKLOADS: dict[str, tuple[str, Callable[[Subject], Call]]] = {
    "scan, small": ("small", results),
    "scan, 1.1 KB": ("1.1 KB", results),
    "scan, 64 KB": ("64 KB", results),
    "query with where": ("small", where),
    "query in pages": ("small", pages),
    "foreach": ("small", foreach),
    "for": ("1.1 KB", loop),
    "list()": ("1.1 KB", loop_in_c),
    "batch_read, small": ("small", batch_read),
    "batch_read, 1.1 KB": ("1.1 KB", batch_read),
    "batch_read, 64 KB": ("64 KB", batch_read),
    "batch_read, missing": ("small", batch_read_of_nothing),
    "get_many": ("small", get_many),
    "batch_write": ("small", batch_write),
    "batch_operate": ("small", batch_operate),
    "async for": ("small", in_a_loop(awaited)),
    "scan in a loop": ("1.1 KB", in_a_loop(collected)),
    "batch_read in a loop": ("1.1 KB", in_a_loop(batch_read_awaited)),
}


# --- the group ---

HEADER = (
    f"{'':22}{'longest hold, ms':>27}{'CPU of':>10}{'turns of':>9}\n"
    f"{'workload':22}{'min':>9}{'median':>9}{'max':>9}{'call, ms':>10}{'watcher':>9}"
)


@dataclass(frozen=True)
class Holds:
    """What the watchers of some rounds saw of a workload, in milliseconds."""

    longest: Spread
    cpu: float  # of a call
    n_turns: float  # of a watcher
    was_first: bool  # whether each watcher went before all others

    @classmethod
    def of(cls, seen: Sequence[Seen]) -> Holds:
        return cls(
            Spread.of([one.longest_s * 1000 for one in seen]),
            median(one.cpu_s for one in seen) * 1000,
            median(one.n_turns for one in seen),
            all(one.was_first for one in seen),
        )

    def cells(self) -> tuple[str, ...]:
        held = self.longest
        milliseconds = (held.min, held.median, held.max)
        return (
            *(f"{value:.2f}" for value in milliseconds),
            f"{self.cpu:.1f}",
            f"{self.n_turns:.0f}",
        )


def watched(call: Call, rounds: int) -> Holds:
    seen = []
    for _ in range(rounds):
        gc.collect()
        seen.append(watch(call))
    return Holds.of(seen)


def name_of(workload: str) -> str:
    return "holds-" + workload.replace(",", "").replace(" ", "-")


def names(_: argparse.Namespace) -> list[str]:
    return [name_of(workload) for workload in WORKLOADS]


def measured(run: Run, wanted: Sequence[str]) -> Found:
    rounds = run.rounds(ROUNDS)
    sets = data_sets(max(1, round(N_RECORDS * run.options.calls)))
    selected = {name: row for name, row in WORKLOADS.items() if name_of(name) in wanted}
    config: dict[str, Any] = {"hosts": run.hosts, "policies": FAR}
    found: dict[str, Holds] = {}
    with aerospike.client(config) as client:
        for kind in dict.fromkeys(kind for kind, _ in selected.values()):
            sets[kind].put(client)
        run.say(HEADER)
        for name, (kind, prepare) in selected.items():
            call = prepare(Subject(client, config, sets[kind]))
            found[name] = watched(call, rounds)
            cells = found[name].cells()
            run.say("{:22}{:>9}{:>9}{:>9}{:>10}{:>9}".format(name, *cells))
    header = (
        "call",
        "longest hold in ms (min, median, max)",
        "CPU of the call, ms",
        "turns of the watcher",
    )
    rows = [
        (name, ", ".join(holds.cells()[:3]), *holds.cells()[3:])
        for name, holds in found.items()
    ]
    versions = {"this client": aerospike.__version__}
    origin = tables.origin(run.server, rounds, versions)
    was_first = all(holds.was_first for holds in found.values())
    priority = "above all others" if was_first else "that of any thread"
    return Found(
        {name: asdict(holds) for name, holds in found.items()},
        f"{origin}The priority of the watcher was {priority}.\n\n"
        f"{tables.table(header, rows)}",
        [
            Goal.at_most(
                f"{name}: longest hold in ms", LIMIT_S * 1000, holds.longest.median
            )
            for name, holds in found.items()
        ],
    )


GROUP = Group("holds of the GIL", names, measured)
