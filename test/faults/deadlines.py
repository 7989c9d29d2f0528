"""Faults times kinds of calls: none takes longer than it may, and none lies.

    cd test && python -m faults.deadlines --calls 100000
    cd test && python -m faults.deadlines --client async

A development cluster runs in a process of its own, with a proxy before it that makes
one thing after another go wrong. Threads make calls of every kind through it, with
limits of 20 to 50 ms. A call may be late by SLACK_MS, and by twice as much as a bare
poll() in a thread beside it is late meanwhile: where that needs the processor and the
GIL once, a call needs them several times. Of a call that is made of several requests,
each request has the limit. A write that says it was not applied is looked up past the
proxy. The exit status is 0 if no call was late, no write has lied, no worker has died,
nothing but errors of the client came out, and no descriptor, thread or memory is left.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import random
import select
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, ClassVar

import bcrypt

from aerospike import AerospikeWarning, Client, exception
from aerospike._calls.blocking import answer, run
from aerospike._calls.requests import Admin, Background, Info, InfoOfAll, Pause
from aerospike._calls.signatures import _AsMethod
from aerospike_devserver import DevCluster, FaultProxy
from aerospike_devserver.faults import APPLY, BATCH, QUERY, READ, WRITE, Faults

from .driven import Driven
from .kinds import (
    BINS,
    CLIENTS,
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

INFO_MS = 50
"""The limit of a request whose call gives it none."""
ASKING = (Info, InfoOfAll, Admin, Background)
"""What goes to nodes, of all that calls of several requests want."""

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
    """A thread beside a worker that does nothing but poll(), until the worker's call is
    due, and in beats from then on. Both have the same processor, so that they stand in
    one queue for it.
    """

    BEAT_S = 0.001

    def __init__(self, processor: int) -> None:
        self._processors = {processor}
        self._bell = os.eventfd(0)
        self._due_s = math.inf
        self._late_s = 0.0
        self._is_asked = self._is_over = False
        self._answered = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Let the thread that calls this be the one that it is beside."""
        os.sched_setaffinity(0, self._processors)

    def _run(self) -> None:
        self.join()
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        due_s, late_s = math.inf, 0.0
        while not self._is_over:
            left_ms = (due_s - time.monotonic()) * 1000
            rings = poll.poll(max(0, math.ceil(left_ms)) if due_s < math.inf else None)
            now_s = time.monotonic()
            if now_s >= due_s:
                late_s += now_s - due_s
                due_s = now_s + self.BEAT_S
            if not rings:
                continue
            os.eventfd_read(self._bell)
            if self._is_asked:
                self._is_asked, self._late_s = False, late_s
                self._answered.set()
            else:
                due_s, late_s = self._due_s, 0.0

    def _ring(self) -> None:
        os.eventfd_write(self._bell, 1)

    def expect(self, due_s: float) -> None:
        """What the worker begins must be over by then."""
        self._due_s = due_s
        self._ring()

    def late_s(self) -> float:
        """How late polls have come back since it was due, all in all."""
        self._answered.clear()
        self._is_asked = True
        self._ring()
        self._answered.wait()
        return self._late_s

    def stop(self) -> None:
        self._is_over = True
        self._ring()
        self._thread.join()
        os.close(self._bell)


class Waits(Exception):
    """A call would wait for nodes from here on, for as long as that takes."""


class ByRequest:
    """A client that measures each request of the calls that are made of several, and
    ends them where they would wait.

    measured: carries out a function with a limit in milliseconds.
    """

    CALLS: ClassVar[dict[str, Callable[..., Any]]] = {
        name: method.__wrapped__.__wrapped__
        for name, method in vars(Client).items()
        if isinstance(getattr(method, "__wrapped__", None), _AsMethod)
    }

    def __init__(
        self, client: Any, measured: Callable[[int, Callable[[], Any]], Any]
    ) -> None:
        self._client = client
        self._measured = measured

    @classmethod
    def makes(cls, name: str) -> bool:
        """Whether a method is such a call."""
        return name in cls.CALLS

    def __getattr__(self, name: str) -> Any:
        if name not in self.CALLS:
            return getattr(self._client, name)
        return lambda **given: run(self.CALLS[name](**given), self._ask)

    def _ask(self, request: Any) -> Any:
        ask = partial(answer, self._client, request)
        if isinstance(self._client, Driven):
            ask = partial(self._client.answer, request)
        if isinstance(request, Pause):
            raise Waits
        if not isinstance(request, ASKING):
            return ask()
        policy: Any = request.policy or {}
        limit_ms = policy.get("timeout", policy.get("total_timeout", INFO_MS))
        return self._measured(limit_ms, ask)


@dataclass
class Tally:
    """What has happened; shared by all threads."""

    calls: Counter[str] = field(default_factory=Counter)
    most: list[tuple[float, float, str]] = field(default_factory=list)
    """Of the calls that were over their limits by most: this, and what poll() was."""
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    late: list[tuple[float, str]] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    checked: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Worker:
    """A thread's calls, each on its own record."""

    def __init__(
        self,
        part: int,
        number: int,
        clients: Any,
        table: dict[str, Kind],
        seed: int,
        tally: Tally,
    ) -> None:
        self.client, self.keeper = clients
        if isinstance(self.client, Driven):
            self.client = self.client.of_this_thread()
        self._name = f"{part}-{number}"
        self._tally = tally
        self._count = 0
        self._doing = ""
        processors = sorted(os.sched_getaffinity(0))
        self._beside = Beside(processors[number % len(processors)])
        self._by_request = ByRequest(self.client, self._measured)
        self._table = table
        self._random = random.Random(f"{seed}-{self._name}")
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

    def run(self, fault: str, n_calls: int) -> None:
        """Make so many calls under a fault."""
        self._beside.join()
        for _ in range(n_calls):
            self._call(fault, self._next())
        self._beside.expect(math.inf)

    def stop(self) -> None:
        self._beside.stop()
        if isinstance(self.client, Driven):
            self.client.end()

    def _call(self, fault: str, name: str) -> None:
        """Make a call, and look whether what it says is true."""
        kind, tally = self._table[name], self._tally
        self._doing = f"{fault}: {name}"
        self._count += 1  # what was given up may be applied later: not to this one
        key = (NAMESPACE, SET, f"{self._name}-{self._count}")
        has_record = kind.writes and not kind.of_nodes
        if has_record:
            self.keeper.put(key, BINS, {"ttl": TTL_S})
        limit_ms = self._random.choice(LIMITS_MS)
        policy = kind.policy(limit_ms)
        result, error = self._attempt(name, key, policy, limit_ms)
        with tally.lock:
            tally.calls[name] += 1
            if error is not None:
                text = f"{type(error).__name__} {getattr(error, 'code', '')}"
                tally.errors[fault, text] += 1
                if not isinstance(error, exception.AerospikeError):
                    tally.broken.append(f"{self._doing}: {error!r}")
        is_denied = has_record and fault not in LYING
        if is_denied and any(not doubt for _, doubt in doubts(result, error)):
            after = self.keeper.exists(key)[1]
            with tally.lock:
                tally.checked += 1
                if after is None or after["gen"] != 1:
                    tally.lies.append(f"{self._doing}: applied, but {error!r}")

    def _attempt(
        self, name: str, key: Any, policy: Any, limit_ms: int
    ) -> tuple[Any, BaseException | None]:
        call = self._table[name].run
        try:
            if ByRequest.makes(name):
                by_request: Any = self._by_request
                return call(by_request, key, policy), None
            run = partial(call, self.client, key, policy)
            return self._measured(limit_ms, run), None
        except Waits:
            return None, None
        except Exception as error:  # noqa: BLE001 - the caller judges it
            return None, error

    def _measured(self, limit_ms: int, ask: Callable[[], Any]) -> Any:
        """Do something, and note if it takes longer than it may."""
        waited_s, begin_s = queued_s(), time.monotonic()
        due_s = begin_s + limit_ms / 1000
        self._beside.expect(due_s)
        text = ""
        try:
            result = ask()
        except Exception as error:
            text = repr(error)
            raise
        else:
            return result
        finally:
            over_s = time.monotonic() - due_s
            if over_s > SLACK_MS / 2000:  # only then it is worth a closer look
                late_s, waited_s = self._beside.late_s(), queued_s() - waited_s
                self._note(over_s, late_s, f"{self._doing}: {text}", waited_s)

    def _note(self, over_s: float, late_s: float, text: str, waited_s: float) -> None:
        """Something was over its limit, and meanwhile a bare poll() was late."""
        text = (
            f"{over_s * 1000:.0f} ms, poll() {late_s * 1000:.0f} ms, "
            f"no processor for {waited_s * 1000:.0f} ms: {text}"
        )
        with self._tally.lock:
            self._tally.most.append((over_s, late_s, text))
            unexplained_s = over_s - 2 * late_s
            if unexplained_s > SLACK_MS / 1000:
                self._tally.late.append((unexplained_s, text))


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


def tell(pipe: Any, fault: str, commands: list[str] | None) -> None:
    """Have the servers make a fault, and wait until they do."""
    pipe.send((fault, commands))
    if not pipe.poll(RECOVERY_S):
        raise TimeoutError("the servers do not answer")
    pipe.recv()


@contextmanager
def workers_of(
    options: argparse.Namespace, part: int, clients: Any, table: Any, tally: Tally
) -> Iterator[list[Worker]]:
    """The workers of a part, with the threads beside them."""
    with ExitStack() as stack:
        made = []
        for number in range(options.threads):
            made.append(Worker(part, number, clients, table, options.seed, tally))
            stack.callback(made[-1].stop)
        yield made


def phases(
    pipe: Any,
    workers: list[Worker],
    n_calls: int,
    commands: list[str] | None,
    tally: Tally,
) -> None:
    """One fault of these commands after another; so many calls in all. What a worker
    dies of is raised.
    """
    share = max(1, n_calls // (len(FAULTS) * len(workers)))
    for fault in FAULTS:
        tell(pipe, "none", None)
        workers[0].recover()
        tell(pipe, fault, commands)
        errors = tally.errors.total()
        begin_s = time.monotonic()
        with ThreadPoolExecutor(len(workers)) as pool:
            ends = [pool.submit(worker.run, fault, share) for worker in workers]
        for end in ends:
            end.result()
        errors = tally.errors.total() - errors
        say(f"{time.monotonic() - begin_s:6.1f} s  {fault}: {errors} errors")
    tell(pipe, "none", None)


def judge(tally: Tally, growth: int) -> bool:
    """Print what has happened; whether it is all right."""
    least = min(tally.calls.items(), key=lambda item: item[1])
    say(f"{sum(tally.calls.values())} calls of {len(tally.calls)} kinds, each {least}+")
    for (fault, error), n in sorted(tally.errors.items()):
        say(f"{n:7} x {fault}: {error}")
    say(f"{tally.checked} writes said that they were not applied")
    say("over their limits by most:")
    for *_, text in sorted(tally.most, reverse=True)[:SHOWN]:
        say(f"    {text}")
    say(f"{len(tally.late)} late")
    for _, text in sorted(tally.late, reverse=True)[:SHOWN]:
        say(f"    {text}")
    say(f"{len(tally.lies)} lies")
    for text in tally.lies[:SHOWN]:
        say(f"    {text}")
    for text in tally.broken[:SHOWN]:
        say(f"no error of the client's: {text}")
    say(f"memory has grown by {growth >> 10} KiB in the second half")
    return not (tally.late or tally.lies or tally.broken or growth > GROWTH)


def table_of(folder: str) -> dict[str, Kind]:
    """All kinds of calls. None takes away what others are about."""
    emptied = kinds(folder, "emptied")
    return kinds(folder, OTHERS) | {"truncate": emptied["truncate"]}


def carry_out(options: argparse.Namespace) -> bool:
    """Make the calls; whether all was right."""
    pipe, other_end = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(other_end,), daemon=True)
    server.start()
    direct, behind = pipe.recv()
    tally, folder = Tally(), modules()
    with connect(direct, folder.name, **PATIENT) as keeper:
        prepare(keeper, folder.name)
        keeper.admin_set_password("ada", "new secret")  # has the hash made
        for number in range(3):
            keeper.put((NAMESPACE, OTHERS, number), BINS)
    before = resources()
    table = table_of(folder.name)
    growth, limits = 0, {"info": {"timeout": INFO_MS}}
    for part, (commands, share) in enumerate(PARTS):
        so_far = resident()
        with (
            connect(direct, folder.name, **PATIENT) as keeper,
            connect(
                behind,
                folder.name,
                options.client,
                tend_interval=250,
                policies=limits,
            ) as client,
            workers_of(options, part, (client, keeper), table, tally) as workers,
        ):
            phases(pipe, workers, int(options.calls * share), commands, tally)
        growth = resident() - so_far
    after = settled(before)
    pipe.send(None)
    server.join(30)
    is_fine = judge(tally, growth)
    say(f"descriptors and threads: {before} before, {after} after")
    return is_fine and after == before


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="deadlines", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--client", choices=list(CLIENTS), default="blocking")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6)
    )
    options = parser.parse_args(arguments)
    say(f"seed {options.seed}, process {os.getpid()}, Python {sys.version.split()[0]}")
    sys.setswitchinterval(0.0005)
    warnings.simplefilter("ignore", AerospikeWarning)  # functions may fail, too
    bcrypt.hashpw = cache(bcrypt.hashpw)  # a hash takes its time by design
    is_fine = carry_out(options)
    say("passed" if is_fine else f"FAILED; --seed {options.seed}")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
