"""Calls of several requests run in asyncio, too: by a runner that a test makes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

import aerospike
from aerospike import exception, predicates
from aerospike._calls import data, functions, indexes, jobs
from aerospike._calls.blocking import answer
from aerospike._calls.requests import Pause, Request
from aerospike_helpers.expressions import Eq, StrBin

if TYPE_CHECKING:
    from aerospike._calls.requests import Call

T = TypeVar("T")

NS, SET, NAME = "test", "asyncio_calls", "asyncio_calls_index"


def ask(client: aerospike.Client, request: Request) -> Awaitable[Any]:
    match request:
        case Pause(seconds):
            return asyncio.sleep(seconds)
    loop = asyncio.get_running_loop()
    return loop.run_in_executor(None, answer, client, request)


async def run(client: aerospike.Client, call: Call[T]) -> T:
    resume: Any = call.send
    found: Any = None
    while True:
        try:
            request = resume(found)
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            resume, found = call.send, await ask(client, request)
        except BaseException as error:  # noqa: BLE001 - raised in the call
            resume, found = call.throw, error


@pytest.fixture
def no_index(client):
    client.index_remove(NS, NAME)
    yield
    client.index_remove(NS, NAME)


@pytest.mark.usefixtures("no_index")
def test_calls_run_side_by_side_in_asyncio(client):
    names = [NAME, f"{NAME}_2"]

    async def create_and_remove(name: str, bin_name: str) -> int:
        await run(client, indexes.index_integer_create(NS, SET, bin_name, name))
        with pytest.raises(exception.IndexFoundError):
            await run(client, indexes.index_string_create(NS, SET, bin_name, name))
        return await run(client, indexes.index_remove(NS, name))

    async def both() -> list[int]:
        return await asyncio.gather(*map(create_and_remove, names, "ab"))

    assert asyncio.run(both()) == [0, 0]


def test_other_calls_give_in_asyncio_what_methods_give(client):
    async def others() -> tuple[int, dict[str, int], dict[str, int]]:
        return (
            await run(client, data.truncate(NS, SET, 0)),
            await run(client, jobs.job_info(1, aerospike.JOB_SCAN)),
            await run(client, jobs.scan_info(1)),
        )

    assert asyncio.run(others()) == (
        client.truncate(NS, SET, 0),
        client.job_info(1, aerospike.JOB_SCAN),
        client.scan_info(1),
    )


def test_functions_are_registered_and_waited_for_in_asyncio(client, key, tmp_path):
    ns, name = key[:2]
    path = tmp_path / "asyncio_functions.lua"
    path.write_text("function f(rec) rec.b = 7 return aerospike:update(rec) end\n")

    async def work() -> None:
        await run(client, functions.udf_put(str(path)))
        scan = jobs.scan_apply(ns, name, "asyncio_functions", "f", [], only)
        where = predicates.equals("a", 1)
        query = jobs.query_apply(ns, name, where, "asyncio_functions", "f", [])
        with pytest.raises(exception.IndexNotFound):
            await run(client, query)
        await run(client, scan)
        await run(client, functions.udf_remove(path.name))

    only = {"expressions": Eq(StrBin("own"), key[2]).compile()}
    client.put(key, {"a": 1, "own": key[2]})
    asyncio.run(work())
    assert client.get(key)[2]["b"] == 7


def test_call_that_is_cancelled_ends(client, monkeypatch):
    """What a call yields never comes: the task is cancelled, and so is the call."""

    async def cancelled() -> bool:
        waits = asyncio.Event()

        def call() -> Call[None]:
            try:
                waits.set()
                yield Pause(3600)
            except asyncio.CancelledError:
                ended.append(True)
                raise

        ended: list[bool] = []
        task = asyncio.ensure_future(run(client, call()))
        await waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return ended == [True]

    assert asyncio.run(cancelled())
