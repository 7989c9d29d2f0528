"""Faults times kinds of calls: none takes longer than it may, and none lies.

    cd test && python -m faults.deadlines --calls 100000

A development cluster runs in a process of its own, with a proxy before it that makes
one thing after another go wrong. Threads make calls of every kind through it, with
limits of 20 to 50 ms. A call may be late by SLACK_MS, and by as much as a bare poll()
in a thread beside it was late meanwhile, or as its own thread was ready and got no
processor. A write that says it was not applied is looked
up past the proxy. The exit status is 0 if no call was late, no write has lied, nothing
but errors of the client came out, and no descriptor, thread or memory is left.
"""

from __future__ import annotations

import argparse
import bisect
import multiprocessing
import os
import random
import select
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import bcrypt

from aerospike import exception
from aerospike_devserver import DevCluster, FaultProxy
from aerospike_devserver.faults import APPLY, BATCH, QUERY, READ, WRITE, Faults

from .kinds import (
    BINS,
    NAMESPACE,
    SET,
    Kind,
    connect,
    doubts,
    kinds,
    modules,
    prepare,
)

SLACK_MS = 50.0
LIMITS_MS = (20, 30, 40, 50)
OTHERS = "others"
"""The set of the records that calls without a key are about."""
TTL_S = 30
"""Of the records of calls, of which each has one of its own."""
PATIENT: dict[str, Any] = {
    "connect_timeout": 20_000,
    "policies": {"total_timeout": 30_000},
}
"""For the client that looks things up: a busy machine must not end a worker."""
SHOWN = 10
N_NODES = 2
RECOVERY_S = 20.0
"""How long a client may take to find its nodes again once nothing is wrong."""
GROWTH = 24 << 20
"""Bytes that memory may grow in the second half of the calls, whatever they are."""

WAITING = ("index_", "udf_put", "udf_remove", "truncate", "scan_apply", "query_apply")
"""Calls that wait until all nodes have done a thing, beyond any limit of a request:
`test_kinds.py` has them."""

FAULTS: dict[str, Callable[[Faults, Any], Any]] = {
    "none": lambda _faults, _of: None,
    "silence": lambda faults, of: faults.silence(every=2, commands=of),
    "trickle, a byte a second": lambda faults, of: faults.trickle(1.0, commands=of),
    "trickle, a byte in 2 ms": lambda faults, of: faults.trickle(0.002, commands=of),
    "cut in the frame's header": lambda faults, of: faults.cut(5, commands=of),
    "cut in the message": lambda faults, of: faults.cut(20, commands=of),
    "cut and silent": lambda faults, of: faults.cut(21, "silence", commands=of),
    "garbage": lambda faults, of: faults.garbage(commands=of),
    "garbage in a frame": lambda faults, of: faults.garbage(8, commands=of),
    "garbage behind a header": lambda faults, of: faults.garbage(30, commands=of),
    "a size that is too large": lambda faults, of: faults.lie(
        {"size": 1 << 27}, commands=of
    ),
    "a size that is too small": lambda faults, of: faults.lie({"size": 3}, commands=of),
    "a size beyond all bounds": lambda faults, of: faults.lie(
        {"size": (1 << 48) - 1}, commands=of
    ),
    "too many bins": lambda faults, of: faults.lie({"bins": 65535}, commands=of),
    "too many fields": lambda faults, of: faults.lie({"fields": 65535}, commands=of),
    "a header that is too long": lambda faults, of: faults.lie(
        {"header": 255}, commands=of
    ),
    "reset": lambda faults, of: faults.reset(every=2, commands=of),
    "half-close": lambda faults, of: faults.half_close(every=2, commands=of),
    "delay about the limit": lambda faults, of: faults.delay(0.03, commands=of),
    "delay past all limits": lambda faults, of: faults.delay(0.2, every=2, commands=of),
    "refuse": lambda faults, of: (faults.refuse(), faults.reset(commands=of)),
    "every third is dropped": lambda faults, of: faults.drop(every=3, commands=of),
    "accepted, then silent": lambda faults, of: (
        faults.silence(commands="connect"),
        faults.reset(every=5, commands=of),
    ),
    "accepted, then reset": lambda faults, of: (
        faults.reset(commands="connect", every=2),
        faults.reset(every=5, commands=of),
    ),
    "nodes swapped": lambda faults, of: faults.swap(0, 1),
}
ON_RECORDS = [READ, WRITE, APPLY, BATCH, QUERY]
PARTS: tuple[tuple[list[str] | None, float], ...] = ((ON_RECORDS, 0.75), (None, 0.25))
"""What the faults strike, and the share of the calls. Those of the second part strike
logins and looks at the cluster, too, so that nodes get lost."""

LYING = {"garbage", "garbage in a frame"}
"""A node whose result code is a random one may say of anything that it was refused."""


def serve(pipe: Any) -> None:
    """The process of the servers: makes the faults that it is told to."""
    with (
        DevCluster(N_NODES, security=True) as cluster,
        FaultProxy(cluster.hosts) as proxy,
    ):
        pipe.send((cluster.hosts, proxy.hosts))
        while (order := pipe.recv()) is not None:
            name, commands = order
            proxy.faults.clear()
            FAULTS[name](proxy.faults, commands)
            pipe.send(name)


class Beside:
    """A thread that does nothing but poll(), and notes how late it comes back."""

    BEAT_MS = 5

    def __init__(self) -> None:
        self._ends: list[float] = []
        self._late: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        nothing = select.poll()
        while not self._over.is_set():
            due_s = time.monotonic() + self.BEAT_MS / 1000
            nothing.poll(self.BEAT_MS)
            now_s = time.monotonic()
            if now_s > due_s + 0.001:
                self._late.append((due_s, now_s))
                self._ends.append(now_s)

    def late_s(self, begin_s: float, end_s: float) -> float:
        """How late it was within a time, all in all."""
        first = bisect.bisect(self._ends, begin_s)
        return sum(
            max(0.0, min(end, end_s) - max(begin, begin_s))
            for begin, end in self._late[first:]
        )

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


@dataclass
class Tally:
    """What has happened; shared by all threads."""

    calls: Counter[str] = field(default_factory=Counter)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    late: list[tuple[float, str]] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    checked: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Worker:
    """A thread's calls, each on its own record."""

    def __init__(self, number: str, clients: Any, table: dict[str, Kind], seed: int):
        self.client, self.keeper = clients
        self._number = number
        self._count = 0
        self._table = table
        self._random = random.Random(f"{seed}-{number}")
        self._names: list[str] = []

    def _next(self) -> str:
        """The kinds in turn, in an order of the thread's own."""
        if not self._names:
            self._names = list(self._table)
            self._random.shuffle(self._names)
        return self._names.pop()

    def recover(self) -> None:
        """Wait until the client has found all nodes again."""
        end_s = time.monotonic() + RECOVERY_S
        while not self._answers():
            if time.monotonic() > end_s:
                raise TimeoutError("the client does not recover")
            time.sleep(0.05)

    def _answers(self) -> bool:
        """Whether all nodes are there at this moment, and answer."""
        try:
            if len(self.client.get_nodes()) < N_NODES:
                return False
            self.client.info_all("build", {"timeout": 1000})
            for number in range(3):
                self.client.get((NAMESPACE, OTHERS, number), {"total_timeout": 1000})
        except exception.AerospikeError:
            return False
        return True

    def run(self, fault: str, n_calls: int, tally: Tally, beside: Beside) -> None:
        """Make so many calls under a fault."""
        for _ in range(n_calls):
            name = self._next()
            kind = self._table[name]
            self._count += 1  # what was given up may be applied later: not to this one
            key = (NAMESPACE, SET, f"{self._number}-{self._count}")
            has_record = kind.writes and not kind.of_nodes
            if has_record:
                self.keeper.put(key, BINS, {"ttl": TTL_S})
            limit_ms = self._random.choice(LIMITS_MS)
            policy = kind.policy(limit_ms)
            waited_s, begin_s = queued_s(), time.monotonic()
            result, error = self._attempt(kind, key, policy)
            end_s = time.monotonic()
            over_s = end_s - begin_s - limit_ms / 1000
            if over_s > SLACK_MS / 1000:  # only then it is worth a closer look
                time.sleep(0.02)  # for the beat that is under way
                late_s = beside.late_s(begin_s, end_s)
                over_s -= max(late_s, queued_s() - waited_s)
            is_denied = has_record and fault not in LYING
            is_denied = is_denied and any(
                not doubt for _, doubt in doubts(result, error)
            )
            self._note(tally, fault, name, error, over_s)
            if is_denied:
                after = self.keeper.exists(key)[1]
                with tally.lock:
                    tally.checked += 1
                    if after is None or after["gen"] != 1:
                        text = f"{fault}: {name}: applied, but {error!r}"
                        tally.lies.append(text)

    def _attempt(
        self, kind: Kind, key: Any, policy: Any
    ) -> tuple[Any, BaseException | None]:
        try:
            return kind.run(self.client, key, policy), None
        except Exception as error:  # noqa: BLE001 - `_note` judges it
            return None, error

    def _note(
        self, tally: Tally, fault: str, name: str, error: Any, over_s: float
    ) -> None:
        with tally.lock:
            tally.calls[name] += 1
            if over_s > SLACK_MS / 1000:
                text = f"{over_s * 1000:.0f} ms: {fault}: {name}: {error!r}"
                tally.late.append((over_s, text))
            if error is not None:
                text = f"{type(error).__name__} {getattr(error, 'code', '')}"
                tally.errors[fault, text] += 1
                if not isinstance(error, exception.AerospikeError):
                    tally.broken.append(f"{fault}: {name}: {error!r}")


def queued_s() -> float:
    """How long this thread has waited for a processor so far."""
    counts = Path("/proc/thread-self/schedstat").read_text().split()
    return int(counts[1]) / 1e9


def resources() -> tuple[int, int]:
    """Open descriptors and threads of this process."""
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))


def settled(before: tuple[int, int]) -> tuple[int, int]:
    """The same, once threads have had the moment that they take to end."""
    end_s = time.monotonic() + 5
    while (now := resources()) > before and time.monotonic() < end_s:
        time.sleep(0.01)
    return now


def resident() -> int:
    """Memory of this process, in bytes."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def say(text: str) -> None:
    print(text, flush=True)


def phases(
    pipe: Any,
    workers: list[Worker],
    n_calls: int,
    commands: list[str] | None,
    tally: Tally,
    beside: Beside,
) -> None:
    """One fault of these commands after another; so many calls in all."""
    share = max(1, n_calls // (len(FAULTS) * len(workers)))
    for fault in FAULTS:
        pipe.send(("none", None))
        pipe.recv()
        workers[0].recover()
        pipe.send((fault, commands))
        pipe.recv()
        errors = tally.errors.total()
        begin_s = time.monotonic()
        arguments = (fault, share, tally, beside)
        threads = [
            threading.Thread(target=worker.run, args=arguments) for worker in workers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        errors = tally.errors.total() - errors
        say(f"{time.monotonic() - begin_s:6.1f} s  {fault}: {errors} errors")
    pipe.send(("none", None))
    pipe.recv()


def judge(tally: Tally, growth: int) -> bool:
    """Print what has happened; whether it is all right."""
    least = min(tally.calls.items(), key=lambda item: item[1])
    say(f"{sum(tally.calls.values())} calls of {len(tally.calls)} kinds, each {least}+")
    for (fault, error), n in sorted(tally.errors.items()):
        say(f"{n:7} x {fault}: {error}")
    say(f"{tally.checked} writes said that they were not applied")
    for what, found in (("late", tally.late), ("lies", tally.lies)):
        say(f"{len(found)} {what}")
        for each in sorted(found, key=str, reverse=True)[:SHOWN]:
            say(f"    {each}")
    for text in tally.broken[:SHOWN]:
        say(f"no error of the client's: {text}")
    say(f"memory has grown by {growth >> 10} KiB in the second half")
    return not (tally.late or tally.lies or tally.broken or growth > GROWTH)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="deadlines", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6)
    )
    options = parser.parse_args(arguments)
    say(f"seed {options.seed}, process {os.getpid()}, Python {sys.version.split()[0]}")
    sys.setswitchinterval(0.0005)
    pipe, other_end = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(other_end,), daemon=True)
    server.start()
    direct, behind = pipe.recv()
    bcrypt.hashpw = cache(bcrypt.hashpw)  # a hash takes its time by design
    tally, folder = Tally(), modules()
    with connect(direct, folder.name, **PATIENT) as keeper:
        prepare(keeper, folder.name)
        keeper.admin_set_password("ada", "new secret")  # has the hash made
        for number in range(3):
            keeper.put((NAMESPACE, OTHERS, number), BINS)
    before = resources()
    table = {
        name: kind
        for name, kind in kinds(folder.name, OTHERS).items()
        if not name.startswith(WAITING)
    }
    beside, so_far = Beside(), 0
    with connect(direct, folder.name, **PATIENT) as keeper:
        for part, (commands, share) in enumerate(PARTS):
            so_far = resident()
            with connect(behind, folder.name, tend_interval=250) as client:
                workers = [
                    Worker(f"{part}-{n}", (client, keeper), table, options.seed)
                    for n in range(options.threads)
                ]
                n_calls = int(options.calls * share)
                phases(pipe, workers, n_calls, commands, tally, beside)
        growth = resident() - so_far
    beside.stop()
    after = settled(before)
    pipe.send(None)
    server.join(30)
    is_fine = judge(tally, growth)
    say(f"descriptors and threads: {before} before, {after} after")
    is_fine = is_fine and after == before
    say("passed" if is_fine else f"FAILED; --seed {options.seed}")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
