"""A node changes while a write is under way: what the write says, and what was done.

Each row of the table is a moment of a write and what becomes of the node of its record
then. The record is looked at afterwards: a write that was applied never says that it
was not.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_helpers.operations import operations as ops

from ..waiting import PATIENCE_S, let_pass, patient, until
from .kinds import doubts

N_NODES = 2
KEY = ("test", "changes", 1)
BEFORE = {"n": 1}
LARGE = bytes(7 << 20)
"""More than the buffers of a connection take."""
LIMIT_MS = 1000
PATIENT_MS = int(PATIENCE_S * 1000)
IDLE_S = 0.06
"""A connection that was idle for so long is looked at before it is used."""
WRITES = ("write", "batch")
BREAK = struct.pack("ii", 1, 0)


class Place(NamedTuple):
    cluster: DevCluster
    client: aerospike.Client
    node: int
    """The index of the node that the write goes to."""


@pytest.fixture
def place() -> Iterator[Place]:
    """A cluster at which the client looks once: nothing but its call meets a change."""
    config: dict[str, Any] = {"max_error_rate": 0, "tend_interval": 3_600_000}
    with (
        DevCluster(N_NODES, max_record_size=8 << 20) as cluster,
        aerospike.client(patient({"hosts": cluster.hosts, **config})) as client,
    ):
        yield Place(cluster, client, master(cluster, client))


def master(cluster: DevCluster, client: aerospike.Client) -> int:
    """Write the record; where that went."""
    for index in range(N_NODES):
        with cluster.faults.delay(0, node=index, commands="write") as fault:
            client.put(KEY, BEFORE)
        if fault.hits > 0:
            return index
    raise AssertionError("no node was asked")


# what becomes of the node


def reset_all(place: Place) -> None:
    """Let the connections to the node break when they are closed."""
    for listener in place.cluster._listeners[place.node]:
        for connection in listener.connections:
            sock: socket.socket = connection._sock
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BREAK)


def stop(place: Place) -> None:
    place.cluster.stop_node(place.node)


def kill(place: Place) -> None:
    reset_all(place)
    stop(place)


def freeze(place: Place) -> None:
    place.cluster.freeze_node(place.node)


def restart(place: Place, **how: Any) -> None:
    stop(place)
    place.cluster.start_node(place.node, **how)


def stop_all(place: Place) -> None:
    for index in range(N_NODES):
        place.cluster.stop_node(index)


def move(place: Place) -> None:
    """Its partitions go to other nodes, and it goes on."""
    place.cluster.move_partitions()
    place.cluster.thaw_node(place.node)


CHANGES: dict[str, Callable[[Place], None]] = {
    "stopped": stop,
    "killed": kill,
    "frozen": freeze,
    "restarted elsewhere": lambda place: restart(place, is_moved=True),
    "restarted with another name": lambda place: restart(place, node_id="ABC"),
    "partitions moved": move,
    "all stopped": stop_all,
}


# how far the write has come


def unread(place: Place) -> int:
    """Bytes that have come to the node, and that it has not read."""
    found = 0
    for listener in place.cluster._listeners[place.node]:
        for connection in listener.connections:
            answer = fcntl.ioctl(connection._sock, termios.FIONREAD, bytes(4))
            found += int.from_bytes(answer, "little")
    return found


def is_full(place: Place) -> bool:
    """Whether no more can be sent to the node."""
    before = unread(place)
    let_pass(0.05)
    return 0 < before == unread(place)


class Moment(NamedTuple):
    """begin: what is done before the write. reached: whether it has come so far."""

    begin: Callable[[Place], Any]
    reached: Callable[[Place, Any], bool]
    bins: dict[str, Any]


SMALL = {"n": 2}
MOMENTS: dict[str, Moment] = {
    "partly sent": Moment(freeze, lambda place, _: is_full(place), {"n": LARGE}),
    "sent": Moment(freeze, lambda place, _: unread(place) > 0, SMALL),
    "carried out": Moment(
        lambda place: place.cluster.faults.silence(commands=WRITES, nth=1),
        lambda _, fault: fault.hits > 0,
        SMALL,
    ),
    "reply partly read": Moment(
        lambda place: place.cluster.faults.cut(10, "silence", commands=WRITES, nth=1),
        lambda _, fault: fault.hits > 0,
        SMALL,
    ),
}
"""Before the write is sent there is nothing to wait for."""

DONE, UNSENT = "it is done", "it was not sent"
LOST, APPLIED = "in doubt, and lost", "in doubt, and applied"

ENDS: dict[str, dict[str, str]] = {
    "not yet sent": {
        "stopped": UNSENT,
        "killed": UNSENT,
        "frozen": APPLIED,
        "restarted elsewhere": UNSENT,
        "restarted with another name": DONE,
        "partitions moved": DONE,
        "all stopped": UNSENT,
    },
    "partly sent": dict.fromkeys(CHANGES, LOST) | {"partitions moved": DONE},
    "sent": dict.fromkeys(CHANGES, LOST)
    | {"partitions moved": DONE, "frozen": APPLIED},
    "carried out": dict.fromkeys(CHANGES, APPLIED),
    "reply partly read": dict.fromkeys(CHANGES, APPLIED),
}
"""What a write ends in that is tried once. A node that was frozen carries it out later;
one that has another name is still where the client looks for it."""

KINDS: dict[str, Callable[[aerospike.Client, Any, Any], Any]] = {
    "put": lambda client, bins, policy: client.put(KEY, bins, None, policy),
    "batch": lambda client, bins, policy: client.batch_operate(
        [KEY], [ops.write("n", bins["n"])], policy
    ),
}


class Write(threading.Thread):
    """A write under way. failed: what it says has failed, (code, in_doubt) each."""

    def __init__(self, place: Place, kind: str, bins: Any, policy: Any) -> None:
        super().__init__()
        self._run = lambda: KINDS[kind](place.client, bins, policy)
        self.failed: list[tuple[int, bool]] = []
        self.start()

    def run(self) -> None:
        result, failure = None, None
        try:
            result = self._run()
        except exception.AerospikeError as error:
            failure = error
        self.failed = doubts(result, failure)

    def end(self) -> list[tuple[int, bool]]:
        self.join(PATIENCE_S)
        assert not self.is_alive()
        return self.failed


def was_applied(cluster: DevCluster) -> bool:
    """Whether the record is another one than before, once all nodes run again."""
    for index in range(N_NODES):
        cluster.thaw_node(index)
        cluster.start_node(index)
    with aerospike.client(patient({"hosts": cluster.hosts})) as keeper:
        bins: dict[str, Any] = keeper.get(KEY)[2]
    return bins != BEFORE


def attempt(
    place: Place, moment: str, change: str, kind: str, policy: Any
) -> list[tuple[int, bool]]:
    """Write, and let the node change at the moment; what has failed of the write."""
    if moment not in MOMENTS:
        let_pass(IDLE_S)
        CHANGES[change](place)
        return Write(place, kind, SMALL, policy).end()
    begin, reached, bins = MOMENTS[moment]
    begun = begin(place)
    write = Write(place, kind, bins, policy)
    until(lambda: reached(place, begun))
    CHANGES[change](place)
    return write.end()


ROWS = [
    pytest.param(moment, change, end, id=f"{moment}, {change}")
    for moment, ends in ENDS.items()
    for change, end in ends.items()
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("moment", "change", "end"), ROWS)
def test_write_says_whether_it_may_have_been_applied(place, moment, change, end, kind):
    is_silent = moment in ("carried out", "reply partly read")
    waits = change == "frozen" or (change == "partitions moved" and is_silent)
    limit_ms = LIMIT_MS if waits else PATIENT_MS
    policy = {
        "max_retries": 0,
        "total_timeout": limit_ms,
        "socket_timeout": limit_ms,
        "timeout_delay": 0,
    }
    failed = attempt(place, moment, change, kind, policy)
    place.cluster.faults.clear()
    assert [doubt for _, doubt in failed] == {
        DONE: [],
        UNSENT: [False],
        LOST: [True],
        APPLIED: [True],
    }[end], failed
    if end in (DONE, APPLIED):
        until(lambda: was_applied(place.cluster))
    else:
        assert not was_applied(place.cluster)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_write_stays_in_doubt_when_its_repetition_is_not_sent(place, moment, kind):
    """The first attempt has left; no node is there for the others."""
    policy = {"max_retries": 3, "total_timeout": PATIENT_MS}
    failed = attempt(place, moment, "all stopped", kind, policy)
    assert [doubt for _, doubt in failed] == [True], failed


@pytest.mark.parametrize("change", ["stopped", "killed", "restarted elsewhere"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_write_is_repeated_on_the_node_that_took_over(place, moment, change):
    """Whoever allows repetitions is told of no doubt: the write is done."""
    policy = {"max_retries": 3, "total_timeout": PATIENT_MS}
    assert attempt(place, moment, change, "put", policy) == []
    place.cluster.faults.clear()
    assert was_applied(place.cluster)
