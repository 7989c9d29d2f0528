"""Whether a write that was given up may have been applied: what the caller is told, and
what the server has.

Each way of giving up, at each state that a call can be in.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations as ops

from ..chaos import leaving
from ..waiting import patient, until

AsyncClient: Any = aerospike.AsyncClient  # to do with it what types forbid

KEY = ("test", "loops", "doubt")
OTHER = ("test", "loops", "other")
BINS = {"n": 1, "s": "x", "l": [1]}
REPLACING = {"exists": aerospike.POLICY_EXISTS_CREATE_OR_REPLACE}
OPS = [ops.increment("n", 1)]

WRITES: dict[str, Callable[[Any], Any]] = {
    "put": lambda c: c.put(KEY, {"n": 2}),
    "remove": lambda c: c.remove(KEY),
    "touch": lambda c: c.touch(KEY, 1000),
    "append": lambda c: c.append(KEY, "s", "y"),
    "increment": lambda c: c.increment(KEY, "n", 1),
    "remove_bin": lambda c: c.remove_bin(KEY, ["s"]),
    "operate": lambda c: c.operate(KEY, OPS),
    "list_append": lambda c: c.list_append(KEY, "l", 2),
    "batch_operate": lambda c: c.batch_operate([KEY, OTHER], OPS),
    "batch_write": lambda c: c.batch_write(BatchRecords([Write(KEY, OPS)])),
    "batch_remove": lambda c: c.batch_remove([KEY]),
}
READS: dict[str, Callable[[Any], Any]] = {
    "get": lambda c: c.get(KEY),
    "exists": lambda c: c.exists(KEY),
    "operate": lambda c: c.operate(KEY, [ops.read("n")]),
    "batch_read": lambda c: c.batch_read([KEY, OTHER]),
    "query": lambda c: c.query("test", "loops").results(),
}


class Place(NamedTuple):
    cluster: DevCluster
    keeper: aerospike.Client
    """The one whose calls are not given up."""

    def prepare(self) -> None:
        """The record is as it was."""
        for key in (KEY, OTHER):
            self.keeper.put(key, BINS, None, REPLACING)

    def generation(self) -> int | None:
        """Of the record; None if it has gone."""
        meta = self.keeper.exists(KEY)[1]
        return None if meta is None else int(meta["gen"])


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with (
        DevCluster(nodes=1) as cluster,
        aerospike.client(patient({"hosts": cluster.hosts})) as keeper,
    ):
        yield Place(cluster, keeper)


Act = Callable[[Place, Any], Awaitable[None]]


def given_up(run: Any, place: Place, act: Act) -> None:
    """Do it with a client of the same cluster."""

    async def go() -> None:
        config = patient({"hosts": place.cluster.hosts})
        async with AsyncClient(config) as client:
            await client.exists(KEY)
            await act(place, client)

    place.prepare()
    run(go())


def doubt_of(error: BaseException) -> bool:
    """What the caller is told."""
    told: Any = aerospike.in_doubt(error)
    assert isinstance(told, bool)
    return told


# before the turn: nothing has left


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_write_that_was_not_sent_is_not_in_doubt(run, place, write):
    async def act(place: Place, client: Any) -> None:
        before = place.generation()
        first = client.exists(OTHER)  # a call that is alone leaves at once
        call = asyncio.ensure_future(write(client))
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
        await first
        assert not doubt_of(caught.value)
        assert (await client.exists(KEY))[1]["gen"] == before

    given_up(run, place, act)


# sent, and not answered


def pairs(table: dict[str, Any]) -> Iterator[Any]:
    """Each call in some way, and each way with some call."""
    n = max(len(table), len(leaving.WAYS))
    names, ways = (itertools.cycle(each) for each in (table, leaving.WAYS))
    for name, way in itertools.islice(zip(names, ways, strict=False), n):
        yield pytest.param(table[name], way, id=f"{name}, {way}")


@pytest.mark.parametrize(("write", "way"), list(pairs(WRITES)))
def test_write_that_was_sent_is_in_doubt(run, place, write, way):
    async def act(place: Place, client: Any) -> None:
        before = place.generation()
        place.cluster.freeze_node(0)
        try:
            with pytest.raises(leaving.ENDS) as caught:
                await leaving.carry_out(way, lambda: write(client), 0.05)
        finally:
            place.cluster.thaw_node(0)
        assert doubt_of(caught.value)
        until(lambda: place.generation() != before)
        assert (await client.get(OTHER))[2]["s"] == "x"

    given_up(run, place, act)


@pytest.mark.parametrize(("read", "way"), list(pairs(READS)))
def test_read_is_never_in_doubt(run, place, read, way):
    async def act(place: Place, client: Any) -> None:
        place.cluster.freeze_node(0)
        try:
            with pytest.raises(leaving.ENDS) as caught:
                await leaving.carry_out(way, lambda: read(client), 0.05)
        finally:
            place.cluster.thaw_node(0)
        assert not doubt_of(caught.value)
        assert (await client.get(OTHER))[2]["s"] == "x"

    given_up(run, place, act)


# answered, but the task that waits is cancelled before it hears of it


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_write_that_was_answered_is_in_doubt(run, place, write):
    async def act(place: Place, client: Any) -> None:
        before, waiter = place.generation(), asyncio.current_task()
        assert waiter is not None
        call = asyncio.ensure_future(write(client))
        call.add_done_callback(lambda _: waiter.cancel())
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
        if sys.version_info >= (3, 11):
            waiter.uncancel()
        assert doubt_of(caught.value)
        assert place.generation() != before

    given_up(run, place, act)


# some of many are still in the client: a node reads nothing


VALUE = bytes(30_000)
N_WRITES = 1000


async def cancel_many_writes(place: Place, client: Any) -> tuple[list[Any], list[Any]]:
    """The keys of those that are in doubt, and of the others."""
    mark = uuid4()  # what an earlier test has sent may still arrive
    keys = [("test", "filling", f"{mark} {number}") for number in range(N_WRITES)]
    place.cluster.freeze_node(0)
    try:
        calls = [client.put(key, {"v": VALUE}) for key in keys]
        await asyncio.sleep(0.1)
        for call in calls:
            call.cancel()
        doubts = [await doubt_behind(call) for call in calls]
    finally:
        place.cluster.thaw_node(0)
    assert {*doubts} == {True, False}
    assert (await client.get(OTHER))[2]["s"] == "x"
    doubted = [key for key, doubt in zip(keys, doubts, strict=True) if doubt]
    return doubted, [key for key in keys if key not in doubted]


def test_writes_that_fill_the_buffers_never_leave_afterwards(run, place):
    """What has not left is never sent, whatever follows on the same connection."""

    async def act(place: Place, client: Any) -> None:
        doubted, kept = await cancel_many_writes(place, client)
        until(lambda: n_there(place, doubted[:1]) == 1)
        assert n_there(place, kept) == 0
        place.keeper.batch_remove(doubted)

    given_up(run, place, act)


@pytest.mark.measures  # a second later the connection closes in the middle of a write
def test_writes_that_filled_the_buffers_all_arrive(run, place):
    """What has begun to leave leaves to its end, so that others can follow."""

    async def act(place: Place, client: Any) -> None:
        doubted, _ = await cancel_many_writes(place, client)
        until(lambda: n_there(place, doubted) == len(doubted))
        place.keeper.batch_remove(doubted)

    given_up(run, place, act)


async def doubt_behind(call: Any) -> bool:
    """What somebody is told who awaits a cancelled call."""
    with pytest.raises(asyncio.CancelledError) as caught:
        await call
    return doubt_of(caught.value)


def n_there(place: Place, keys: list[Any]) -> int:
    """How many of the records are there."""
    rows = place.keeper.batch_read(keys, []).batch_records
    return sum(row.result == 0 for row in rows)


# the client's own limits


@pytest.mark.parametrize("write", [*WRITES][:6])
def test_own_timeout_says_the_same(run, place, write):
    async def act(place: Place, client: Any) -> None:
        before = place.generation()
        place.cluster.freeze_node(0)
        try:
            with pytest.raises(exception.TimeoutError) as caught:
                await WRITES[write](client)
        finally:
            place.cluster.thaw_node(0)
        assert caught.value.in_doubt
        assert doubt_of(caught.value)
        until(lambda: place.generation() != before)

    async def go() -> None:
        quick = {"total_timeout": 50, "max_retries": 0}
        policies = dict.fromkeys(("write", "remove", "operate"), quick)
        config = {"hosts": place.cluster.hosts, "policies": policies}
        async with AsyncClient(patient(config)) as client:
            await client.exists(KEY)  # the write has its connection, and leaves at once
            await act(place, client)

    place.prepare()
    run(go())


# what others make of it


async def gathered(call: Any) -> BaseException:
    """gather() makes an error of its own for what is cancelled."""
    asyncio.get_running_loop().call_later(0.05, call.cancel)
    found = [*await asyncio.gather(call, return_exceptions=True)]
    assert isinstance(found[0], asyncio.CancelledError)
    return found[0]


async def shielded(call: Any) -> BaseException:
    """The call goes on; who waits for it is cancelled."""
    with pytest.raises(asyncio.TimeoutError) as caught:
        await asyncio.wait_for(asyncio.shield(call), 0.05)
    return caught.value


@pytest.mark.parametrize("through", [gathered, shielded])
def test_error_of_others_is_in_doubt(run, place, through):
    async def act(place: Place, client: Any) -> None:
        before = place.generation()
        place.cluster.freeze_node(0)
        try:
            error = await through(client.put(KEY, {"n": 5}))
        finally:
            place.cluster.thaw_node(0)
        assert doubt_of(error)
        until(lambda: place.generation() != before)

    given_up(run, place, act)


def test_cancelling_from_another_thread_is_the_loops_business(run, place):
    """call_soon_threadsafe() is how another thread cancels a call."""

    async def act(place: Place, client: Any) -> None:
        loop = asyncio.get_running_loop()
        place.cluster.freeze_node(0)
        try:
            call = client.put(KEY, {"n": 7})
            thread = threading.Timer(
                0.05, lambda: loop.call_soon_threadsafe(call.cancel)
            )
            thread.start()
            with pytest.raises(asyncio.CancelledError) as caught:
                await call
            thread.join()
        finally:
            place.cluster.thaw_node(0)
        assert doubt_of(caught.value)

    given_up(run, place, act)


# --- what follows ---


@pytest.mark.parametrize("max_conns", [4, 100])
@pytest.mark.parametrize("way", ["timeout", "cancelled"])
def test_silence_that_is_over_harms_nobody(run, way, max_conns):
    """More calls are given up than ever share a node; the next one needs no retry."""

    async def give_up(client: Any) -> None:
        if way == "timeout":
            with pytest.raises(exception.TimeoutError):
                await client.get(KEY, {"total_timeout": 50, "timeout_delay": 60_000})
        else:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.get(KEY), 0.05)

    async def main(cluster: DevCluster) -> None:
        config = {"hosts": cluster.hosts, "max_conns_per_node": max_conns}
        async with AsyncClient(patient(config)) as client:
            await client.put(KEY, {"n": 1})
            with cluster.faults.silence(commands="read"):
                for _ in range(8):
                    await give_up(client)
            record = await client.get(KEY, {"max_retries": 0})
            assert record.bins == {"n": 1}

    with DevCluster(nodes=1) as cluster:
        run(main(cluster))
