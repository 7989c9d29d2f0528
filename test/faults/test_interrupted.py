"""What a signal's handler raises says whether a write of the call is in doubt."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_devserver.faults import Fault
from aerospike_helpers.operations import operations as ops

from ..waiting import PATIENCE_S, patient, until
from .peer import OK_REPLY

KEY, NEW = ("test", "demo", 1), ("test", "demo", 2)


class Deadline(Exception):
    pass


class Stop(BaseException):
    pass


def interrupt(_value: object = None) -> Any:
    signal.raise_signal(signal.SIGALRM)
    pytest.fail("the handler has raised nothing")


class Anything:
    """What only a serializer can write."""


@pytest.fixture(params=[Deadline, Stop], ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> Iterator[type[BaseException]]:
    """What the handler of the signal raises."""

    def handler(_number: int, _frame: Any) -> None:
        raise request.param

    before = signal.signal(signal.SIGALRM, handler)
    yield request.param
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def cluster() -> Iterator[DevCluster]:
    with DevCluster() as cluster:
        yield cluster


@pytest.fixture
def keeper(cluster: DevCluster) -> Iterator[aerospike.Client]:
    """A client whose values nothing interrupts; KEY has one for a deserializer."""
    config = {"hosts": cluster.hosts, "serialization": (lambda _: b"x", None)}
    with aerospike.client(patient(config)) as client:
        client.put(KEY, {"a": Anything()})
        yield client


@pytest.fixture
def client(cluster: DevCluster, keeper: aerospike.Client) -> Iterator[aerospike.Client]:
    """A client whose values are interrupted, in either direction."""
    config = {"hosts": cluster.hosts, "serialization": (interrupt, interrupt)}
    with aerospike.client(patient(config)) as client:
        yield client


READS: dict[str, Callable[[aerospike.Client], Any]] = {
    "get": lambda c: c.get(KEY),
    "operate": lambda c: c.operate(KEY, [ops.read("a")]),
    "batch_read": lambda c: c.batch_read([KEY]),
    "query": lambda c: c.query("test", "demo").results(),
    "iteration": lambda c: list(c.query("test", "demo")),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_read_that_ends_while_it_is_decoded_is_not_in_doubt(client, kind, read):
    with pytest.raises(kind) as caught:
        read(client)
    assert not aerospike.in_doubt(caught.value)


def test_write_that_ends_before_it_is_sent_is_not_in_doubt(client, kind):
    with pytest.raises(kind) as caught:
        client.put(NEW, {"a": Anything()})
    assert not aerospike.in_doubt(caught.value)
    assert not client.exists(NEW)[1]


def test_write_that_ends_while_its_reply_is_decoded_is_in_doubt(client, keeper, kind):
    with pytest.raises(kind) as caught:
        client.operate(KEY, [ops.increment("n", 1), ops.read("a")])
    assert aerospike.in_doubt(caught.value)
    assert keeper.select(KEY, ["n"])[2] == {"n": 1}


def test_write_that_has_just_ended_is_in_doubt(keeper, kind):
    def work() -> None:
        keeper.put(NEW, {"n": 1})
        interrupt()

    with pytest.raises(kind) as caught:
        work()
    assert aerospike.in_doubt(caught.value)


def test_write_that_follows_an_error_and_has_just_ended_is_in_doubt(keeper, kind):
    def work() -> None:
        try:
            keeper.get(NEW)
        except exception.RecordNotFound:
            keeper.put(NEW, {"n": 1})
            interrupt()

    with pytest.raises(kind) as caught:
        work()
    assert aerospike.in_doubt(caught.value)


@contextlib.contextmanager
def signals_when(*conditions: Callable[[], bool]) -> Iterator[None]:
    """Send one signal to this thread each time that the next condition is true."""
    me = threading.get_ident()

    def watch() -> None:
        for condition in conditions:
            until(condition)
            signal.pthread_kill(me, signal.SIGALRM)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield
    watcher.join(PATIENCE_S)


def has_hit(fault: Fault) -> Callable[[], bool]:
    return lambda: fault.hits > 0


def test_read_says_that_the_write_of_its_handler_is_in_doubt(cluster, keeper, kind):
    """The handler writes, is interrupted in its turn, and ends the read with that."""
    interrupted = signal.getsignal(signal.SIGALRM)

    def write(_number: int, _frame: Any) -> None:
        signal.signal(signal.SIGALRM, interrupted)
        keeper.put(NEW, {"n": 1})

    signal.signal(signal.SIGALRM, write)
    silence = cluster.faults.silence
    with (
        silence(commands="read") as read,
        silence(commands="write") as written,
        signals_when(has_hit(read), has_hit(written)),
        pytest.raises(kind) as caught,
    ):
        keeper.get(KEY)
    assert aerospike.in_doubt(caught.value)
    assert keeper.get(NEW)[2] == {"n": 1}


def waits_in_client() -> Callable[[], bool]:
    """Has this thread been seen so often in one place of the client that it waits?"""
    me, seen = threading.get_ident(), []

    def look() -> bool:
        frame = sys._current_frames()[me]
        seen.append((frame.f_code.co_filename, frame.f_lasti))
        return seen[-10:] == [seen[-1]] * 10 and seen[-1][0] != __file__

    return look


@pytest.mark.parametrize("kind", [Stop], indirect=True)
def test_background_work_of_which_nothing_is_sent_is_not_in_doubt(scripted_node, kind):
    """A thread has the only connection."""
    may_answer = threading.Event()
    scripted_node.expect().wait(may_answer).send(OK_REPLY)
    waits = {"total_timeout": 60_000, "max_retries": 0}
    config = {"max_conns_per_node": 1, "pool_timeout": 60_000}
    config = patient({"hosts": [scripted_node.host], **config})
    with aerospike.client(config) as client:
        work = client.query("test", "demo")
        work.add_ops([ops.write("n", 1)])
        reader = threading.Thread(target=client.exists, args=(KEY, waits))
        reader.start()
        until(lambda: scripted_node.requests)
        with signals_when(waits_in_client()), pytest.raises(kind) as caught:
            work.execute_background(waits)
        may_answer.set()
        reader.join(PATIENCE_S)
    assert not aerospike.in_doubt(caught.value)


def test_exception_stays_whose_in_doubt_fails(cluster, keeper):
    class Strange(Stop):
        @property
        def in_doubt(self) -> bool:
            raise ValueError

    def handler(_number: int, _frame: Any) -> None:
        raise Strange

    before = signal.signal(signal.SIGALRM, handler)
    try:
        for call in (lambda: keeper.get(KEY), lambda: keeper.info_all("build")):
            fault = cluster.faults.silence(commands=("read", "info"))
            with fault, signals_when(has_hit(fault)), pytest.raises(Strange):
                call()
    finally:
        signal.signal(signal.SIGALRM, before)
