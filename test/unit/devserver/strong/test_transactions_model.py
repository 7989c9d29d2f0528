"""Transactions in random steps, several at once: what is committed is serial.

Every step is one message, so that the transactions interleave everywhere: also between
the checks of a commit, and between the records that it rolls forward. Clients die in
between, plain writes come in, and time passes. In the end, all that was committed is
done again on a dictionary, one transaction after the other: each must have read what
stands there, and the server must have what is left. So nothing was lost, nothing was
done by halves, and nothing of what was not committed was ever read.

AEROSPIKE_EXAMPLES=2000 goes more ways than the few of every day, and other ones each
time.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aerospike_devserver import DevCluster

from ..rawwire import Connection
from .transacting import (
    BACK,
    BLOCKED,
    DIFFERS,
    EXPIRED,
    FORWARD,
    NOT_FOUND,
    OK,
    Client,
    Transaction,
)

N_EXAMPLES = int(os.environ.get("AEROSPIKE_EXAMPLES", "0"))
N_KEYS, N_WORKERS = 2, 3
KEYS = st.integers(0, N_KEYS - 1)
FOR_EVER = 1000
"""Steps: more than any worker takes."""
PAUSE_S = 12
"""Seconds after which the server ends a transaction."""

State = dict[bytes, int | None]
"""n by digest, None = the record is not there."""


class Worker:
    """A client with a transaction: what it has seen, written and come to.

    seen: n of the records that it has read before it wrote them, None = not there.
    versions: those that it has to check in the end. is_late: so much time has passed
    that the server has ended what was not decided.
    """

    def __init__(self, connection: Connection, history: list[Worker | Plain]) -> None:
        self.txn = Transaction(connection)
        self.history = history
        self.seen: dict[bytes, int | None] = {}
        self.versions: dict[bytes, bytes] = {}
        self.written: dict[bytes, int | None] = {}
        self.is_committed = False
        self.is_late = False

    def read(self, digest: bytes) -> None:
        found = self.txn.read(digest, self.versions.get(digest))
        assert found.result in (OK, NOT_FOUND, BLOCKED, DIFFERS)
        if found.result in (BLOCKED, DIFFERS):
            assert digest not in self.written or self.is_late
        elif digest in self.written and found.version is None:
            assert found.n == self.written[digest]
        elif digest not in self.written:
            assert found.version is not None
            assert self.seen.setdefault(digest, found.n) == found.n
            self.versions[digest] = found.version

    def write(self, digest: bytes, n: int | None) -> None:
        """None deletes the record."""
        registered = self.txn.register(digest).result
        assert registered in (OK, EXPIRED)
        if registered == EXPIRED:
            return
        version = self.versions.get(digest)
        fields = [*self.txn.own, *([(3, version)] if version is not None else [])]
        if n is None:
            found = self.txn.remove(digest, fields)
        else:
            found = self.txn.put(digest, n, fields)
        assert found.result in (
            OK,
            BLOCKED,
            DIFFERS,
            EXPIRED,
            *[NOT_FOUND] * (n is None),
        )
        if found.result == OK:
            self.written[digest] = n
            self.versions.pop(digest, None)
        elif found.result == NOT_FOUND and found.version is not None:
            assert self.seen.setdefault(digest, None) is None
            self.versions[digest] = found.version

    def commit(self) -> Iterator[None]:
        """One message at each step."""
        self.history.append(self)  # from now on it holds all locks
        for digest, version in self.versions.items():
            found = self.txn.verify(digest, version).result
            assert found in (OK, DIFFERS)
            if found == DIFFERS:
                yield from self.abort()
                return
            yield
        if self.written:
            if self.txn.mark().result != OK:
                yield from self.abort()
                return
            self.is_committed = True
            yield
            for digest in self.written:
                assert self.txn.roll(digest, FORWARD).result == OK
                yield
            assert self.txn.close().result in (OK, NOT_FOUND)
        self.is_committed = True

    def abort(self) -> Iterator[None]:
        for digest in self.written:
            assert self.txn.roll(digest, BACK).result == OK
            yield
        if self.txn.deadline:
            assert self.txn.close().result in (OK, NOT_FOUND)


class Plain:
    """A write outside of transactions that was carried out."""

    is_committed = True
    seen: ClassVar[dict[bytes, int | None]] = {}

    def __init__(self, digest: bytes, n: int | None) -> None:
        self.written = {digest: n}


class Plan(NamedTuple):
    """What a worker does: calls, an end, and the number of steps after which it dies.

    A call is the name of a method of Worker, and the number of a key.
    """

    calls: list[tuple[str, int]]
    end: str
    dies_after: int


PLANS = st.builds(
    Plan,
    st.lists(
        st.tuples(st.sampled_from(["read", "read", "write", "write", "delete"]), KEYS),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["commit", "commit", "commit", "commit", "abort"]),
    st.sampled_from([FOR_EVER] * 9 + list(range(2, 8))),
)
OUTSIDE: list[tuple[str, int]] = [
    (name, key) for key in range(N_KEYS) for name in ("put", "put", "remove", "get")
]
TURNS: list[int | tuple[str, int] | None] = [
    *list(range(N_WORKERS)) * 12,
    *OUTSIDE,
    None,
]
"""Who has a turn: a worker; a plain call; or nobody, and time passes."""
STEPS = st.lists(st.sampled_from(TURNS), max_size=40)


class Bench:
    """Records, workers on them, and all that has happened."""

    def __init__(self, cluster: DevCluster, connection: Connection) -> None:
        cluster.reset()
        self.cluster = cluster
        self.client = Client(connection)
        self.connection = connection
        self.keys = [os.urandom(20) for _ in range(N_KEYS)]
        self.numbers = itertools.count(1)
        self.history: list[Worker | Plain] = []
        self.workers: list[Worker] = []
        for key in range(N_KEYS):
            self.plainly("put", key)

    def worker(self, plan: Plan) -> Iterator[None]:
        """The steps of a worker, each of them one call or one message."""
        worker = Worker(self.connection, self.history)
        self.workers.append(worker)
        steps = self.steps(worker, plan)
        yield from itertools.islice(steps, plan.dies_after)

    def steps(self, worker: Worker, plan: Plan) -> Iterator[None]:
        for name, key in plan.calls:
            digest = self.keys[key]
            if name == "read":
                worker.read(digest)
            else:
                worker.write(digest, next(self.numbers) if name == "write" else None)
            yield
        yield from worker.commit() if plan.end == "commit" else worker.abort()

    def plainly(self, name: str, key: int) -> None:
        """Read or write outside of transactions."""
        digest = self.keys[key]
        if name == "get":
            self.look(digest)
            return
        n = next(self.numbers) if name == "put" else None
        found = self.client.remove(digest) if n is None else self.client.put(digest, n)
        assert found.result in (OK, BLOCKED, *[NOT_FOUND] * (n is None))
        if found.result == OK:
            self.history.append(Plain(digest, n))

    def wait(self) -> None:
        """Let the deadlines of all transactions pass."""
        self.cluster.advance(PAUSE_S)
        for worker in self.workers:
            worker.is_late = True

    def look(self, digest: bytes) -> None:
        """What is there was committed, or written plainly."""
        found = self.client.get(digest)
        assert found.result in (OK, NOT_FOUND)
        done = [each for each in self.history if each.is_committed]
        assert found.n in [None, *(n for each in done for n in each.written.values())]

    def check(self) -> None:
        """Do all again that was committed, one after the other."""
        self.wait()
        state: State = {}
        for each in self.history:
            if each.is_committed:
                assert each.seen == {key: state.get(key) for key in each.seen}
                state |= each.written
        left = {key: self.client.get(key).n for key in self.keys}
        assert left == {key: state.get(key) for key in self.keys}
        for key in self.keys:
            assert self.client.put(key, 0).result == OK  # nothing is locked


@pytest.fixture(scope="module")
def cluster():
    with DevCluster(strong_consistency=["test"], namespaces=["test"]) as made:
        yield made


@pytest.fixture(scope="module")
def connection(cluster):
    with Connection(*cluster.hosts[0]) as made:
        yield made


@pytest.mark.timeout(0 if N_EXAMPLES else 300)
@settings(
    max_examples=N_EXAMPLES or 300,
    derandomize=not N_EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(plans=st.lists(PLANS, min_size=2, max_size=N_WORKERS), steps=STEPS)
def test_what_is_committed_is_serial(cluster, connection, plans, steps):
    bench = Bench(cluster, connection)
    workers = [bench.worker(plan) for plan in plans]
    for step in steps:
        if isinstance(step, tuple):
            bench.plainly(*step)
        elif step is None:
            bench.wait()
        else:
            next(workers[step % len(workers)], None)
    for worker in workers:
        for _ in worker:
            pass
    bench.check()
