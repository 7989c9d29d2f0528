"""Python code that runs inside of a call, or between the steps of one in other threads,
and closes the client, ends calls, or has event loops come and go.
"""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.batch import records
from aerospike_helpers.operations import operations

from ..waiting import PATIENCE_S

AsyncClient: Any = aerospike.AsyncClient  # to do with it what types forbid

KEY = ("test", "loops", "inside")


def cut(client: Any) -> None:
    """Close a client, and give up whatever is under way."""
    closing = client.close()
    closing.send(None)
    try:
        closing.close()
    except RuntimeError:
        pass  # it goes on to await the thread that disconnects


@pytest.mark.parametrize("in_batch", [False, True])
def test_serializer_closes_the_client(run, async_config, in_batch):
    """The call for which it serializes ends with an error."""

    def serializer(value: Any) -> bytes:
        cut(client)
        return b"bytes"

    client = AsyncClient({**async_config, "serialization": (serializer, bytes)})

    def put() -> Any:
        if not in_batch:
            return client.put(KEY, {"a": object})
        write = records.Write(KEY, [operations.write("a", object)])
        return client.batch_write(records.BatchRecords([write]))

    async def main() -> None:
        await client.connect()
        with pytest.raises(exception.ClusterError, match="closed"):
            await put()
        await client.connect()
        await client.exists(KEY)
        await client.close()

    run(main())


def test_error_closes_the_client_when_it_is_asked_for_its_doubt(run, async_config):
    """The call that has failed with it is under way no more."""

    class Asked(BaseException):
        @property
        def in_doubt(self) -> bool:
            cut(client)
            return True

    def fails(value: Any) -> bytes:
        raise Asked

    client = AsyncClient({**async_config, "serialization": (fails, pickle.loads)})

    async def main() -> None:
        await client.connect()
        write = records.Write(KEY, [operations.write("a", object)])
        with pytest.raises(Asked):
            await client.batch_write(records.BatchRecords([write]))
        await client.close()

    run(main())


def test_call_that_ends_while_its_callbacks_are_compared_calls_them(run, async_config):
    """As those of a future that has ended: soon."""

    class Compares:
        def __init__(self, call: Any, called: Callable[[], object]) -> None:
            self.call = call
            self.called = called

        def __call__(self, call: Any) -> None:
            self.called()

        def __eq__(self, other: object) -> bool:
            end = time.monotonic() + PATIENCE_S
            while not self.call.done() and time.monotonic() < end:
                client.turn()
            return False

        __hash__ = None  # type: ignore[assignment]

    client = AsyncClient(async_config)

    async def main() -> None:
        await client.connect()
        called = asyncio.Event()
        call = client.exists(KEY)
        call.add_done_callback(Compares(call, called.set))
        assert call.remove_done_callback(print) == 0
        assert call.done()
        await asyncio.wait_for(called.wait(), PATIENCE_S / 2)
        await client.close()

    run(main())


class Slow(asyncio.SelectorEventLoop):
    """Asking it whether it is closed lets other threads run."""

    def is_closed(self) -> bool:
        time.sleep(0.0005)
        return super().is_closed()


def test_event_loops_come_and_go_in_threads(async_config):
    """The loops of a client are a list, which all threads change."""
    client = AsyncClient(async_config)
    failed = []
    end = time.monotonic() + 2

    async def ask() -> None:
        for _ in range(3):
            await client.exists(KEY)

    def work() -> None:
        try:
            while time.monotonic() < end:
                loop = Slow()
                loop.run_until_complete(ask())
                loop.close()
        except BaseException as error:  # noqa: BLE001 - raised below
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    asyncio.run(client.close())
    assert failed == []
