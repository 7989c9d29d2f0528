"""What a large batch owns is dropped in turns: other threads run meanwhile, and so does
what its keys have for their end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations

from ..waiting import join_all, patient

N = 5000
NAMES = ("test", "dropped")


class Key(tuple[Any, ...]):
    """A key that calls something when it goes."""

    __slots__ = ()
    at_end: Callable[[], object] = int

    def __del__(self) -> None:
        type(self).at_end()


def keys(kind: type[Key] = Key) -> list[Key]:
    """Only a batch has them, once the list is gone."""
    return [kind((*NAMES, number)) for number in range(N)]


def writes() -> BatchRecords:
    return BatchRecords([Write(key, [operations.write("n", 1)]) for key in keys()])


@pytest.fixture
def rival() -> Iterator[None]:
    """A thread that always wants the GIL."""
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=spin)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.usefixtures("rival")
def test_keys_call_the_client_that_drops_them(client):
    ended = []

    class Calls(Key):
        __slots__ = ()

        @staticmethod
        def at_end() -> None:
            ended.append(1)
            if len(ended) % 1000 == 0:
                found.append(len(client.get_many([(*NAMES, i) for i in range(1200)])))

    found: list[int] = []
    assert len(client.get_many(keys(Calls))) == N
    assert len(ended) == N
    assert found == [1200] * (N // 1000)


@pytest.mark.usefixtures("rival")
def test_error_is_the_same_when_the_keys_have_gone(client):
    class Fails(Key):
        __slots__ = ()

        @staticmethod
        def at_end() -> None:
            with contextlib.suppress(ZeroDivisionError):
                1 / 0  # noqa: B018 - the error is what matters

    with pytest.raises(exception.ParamError, match=f"index: {N} "):
        client.get_many([*keys(Fails), (*NAMES, None)])


def test_end_of_a_batch_is_nobody_s_error(hosts, caplog):
    """The event loop is closed before all is dropped of a batch that was cancelled."""
    client = aerospike.AsyncClient(patient({"hosts": hosts}))

    async def main() -> None:
        await client.connect()
        call: Any = client.get_many(keys())
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
    asyncio.run(client.close())
    gc.collect()
    assert caplog.text == ""


async def begin(client: Any) -> list[Any]:
    await client.connect()
    calls = [client.get_many(keys()), client.batch_write(writes())]
    await asyncio.sleep(0)
    return calls


def look(calls: list[Any]) -> None:
    for call in calls:
        assert call.done() in (False, True)
        assert "batch_write" in repr(call) or "get_many" in repr(call)


def close_around(hosts: Any, found: list[Any]) -> None:
    """Close an event loop and a client at once, while another thread asks the calls."""
    loop = asyncio.new_event_loop()
    client = aerospike.AsyncClient(patient({"hosts": hosts}))
    calls = loop.run_until_complete(begin(client))
    others = [
        threading.Thread(target=look, args=(calls,)),
        threading.Thread(target=asyncio.run, args=(client.close(),)),
    ]
    for thread in others:
        thread.start()
    loop.close()
    join_all(others)
    found += [call.exception() for call in calls if call.done()]


@pytest.mark.usefixtures("rival")
def test_loops_go_while_others_ask_and_close(hosts):
    """What has not ended then goes with the garbage."""
    found: list[Any] = []
    threads = [
        threading.Thread(target=close_around, args=(hosts, found)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    join_all(threads)
    gc.collect()
    assert {type(error) for error in found} <= {exception.ClusterError, type(None)}
