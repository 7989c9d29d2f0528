"""Streams of event loops that several threads use: one at a time is let in, and the
others are told so. Nothing here may fail in another way, nor end the process.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations as ops

from ..waiting import patient
from .test_shared import run_loop, run_numbered

NS, SET, N = "test", "threads_streams", 40
N_STREAMS = 30
REFUSED = (exception.ClientError, RuntimeError)
"""The stream or the step is at work, has ended, or this thread has no event loop."""


@pytest.fixture(scope="module", autouse=True)
def _records(client):
    rows = [Write((NS, SET, i), [ops.write("i", i)]) for i in range(N)]
    assert client.batch_write(BatchRecords(rows)).result == 0
    yield
    client.batch_remove([row.key for row in rows])


def send(step: Any) -> None:
    step.send(None)


def throw(step: Any) -> None:
    with suppress(KeyError):
        step.throw(KeyError)


def close(step: Any) -> None:
    step.close()


@pytest.mark.parametrize("meddle", [send, throw, close])
def test_steps_are_driven_by_several_threads(hosts, meddle):
    shared = aerospike.AsyncClient(patient({"hosts": hosts}))
    steps: list[Any] = []
    found: list[int] = []
    ended = threading.Event()

    async def read(stream: Any) -> None:
        for _ in range(2 * N):
            steps.append(stream.__anext__())
            try:
                found.append((await steps[-1])[2]["i"])
            except StopAsyncIteration:
                return
            except (*REFUSED, KeyError, asyncio.CancelledError):
                await asyncio.sleep(0)

    async def main() -> None:
        await shared.connect()
        for _ in range(N_STREAMS):
            found.clear()
            await read(shared.scan(NS, SET).stream())
            assert len({*found}) == len(found)  # none comes twice

    def work(i: int) -> None:
        if i == 0:
            try:
                run_loop(main)
            finally:
                ended.set()
        while not ended.is_set():
            for step in steps[-3:]:
                with suppress(StopIteration, StopAsyncIteration, *REFUSED):
                    meddle(step)
            time.sleep(0.0005)  # the loop wants to go on

    run_numbered(work, 4)
    asyncio.run(shared.close())


def test_a_stream_is_read_and_closed_in_several_event_loops(hosts):
    shared = aerospike.AsyncClient(patient({"hosts": hosts}))
    asyncio.run(shared.connect())
    streams = [shared.scan(NS, SET).stream() for _ in range(N_STREAMS)]
    found: list[list[int]] = [[] for _ in streams]

    async def read(stream: Any, into: list[int], way: int) -> None:
        for _ in range(N):
            try:
                if way == 0:
                    await stream.aclose()
                    return
                if way == 1:
                    into.extend(record[2]["i"] for record in await stream.collect())
                    return
                into.append((await stream.__anext__())[2]["i"])
            except StopAsyncIteration:
                return
            except REFUSED:
                shown = repr(stream)  # in another thread it may open meanwhile
                assert "open" in shown or "closed" in shown
                await asyncio.sleep(0)

    def work(i: int) -> None:
        async def main() -> None:
            for stream, into in zip(streams, found, strict=True):
                await read(stream, into, i)

        run_loop(main)

    run_numbered(work, 5)
    asyncio.run(shared.close())
    assert all(len({*numbers}) == len(numbers) for numbers in found)
