"""Aggregations in event loops, whose half of a function runs in a worker thread."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import threading
import time
import uuid
from typing import Any

import pytest

import aerospike
from aerospike import exception

from ..waiting import until

SOURCE = """\
local function one(r) return 1 end
local function add(a, b) return a + b end
local function bin_of(name) return function(r) return r[name] end end

function count(s) return s : map(one) : reduce(add) end
function values(s, bin) return s : map(bin_of(bin)) end
function by_rest(s)
  local function tally(groups, r)
    local rest = r.n % 3
    groups[rest] = (groups[rest] or 0) + 1
    return groups
  end
  local function join(a, b) return map.merge(a, b, add) end
  return s : aggregate(map(), tally) : reduce(join)
end
function fails_there(s) return s : map(function(r) error("there") end) end
function fails_here(s)
  return s : map(one) : reduce(add) : map(function() error("here") end)
end
function runs_away(s)
  return s : map(one) : reduce(add) : map(function() while true do end end)
end
"""
N = 40


@pytest.fixture(scope="module")
def module(client):
    """The name of a registered module, with N records to work on."""
    name = f"loops_{uuid.uuid4().hex}"
    path = os.path.join(client._lua()[0], f"{name}.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write(SOURCE)
    client.udf_put(path)
    for n in range(N):
        client.put(("test", name, n), {"n": n})
    yield name
    for n in range(N):
        client.remove(("test", name, n))
    client.udf_remove(f"{name}.lua")


def asked(client: Any, module: str, function: str, arguments: Any = None) -> Any:
    return client.query("test", module).apply(module, function, arguments)


@pytest.mark.parametrize(
    ("function", "arguments"), [("count", None), ("values", ["n"]), ("by_rest", None)]
)
def test_results_are_those_of_the_blocking_client(
    client, async_config, run, module, function, arguments
):
    def order(found: Any) -> Any:
        return sorted(found, key=repr)

    wanted = order(asked(client, module, function, arguments).results())

    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            query = asked(c, module, function, arguments)
            assert order(await query.results()) == wanted
            assert order([value async for value in query]) == wanted
            async with query.stream() as values:
                assert order([value async for value in values]) == wanted
                with pytest.raises(StopAsyncIteration):
                    await values.__anext__()
            given: list[Any] = []
            await query.foreach(given.append)
            assert order(given) == wanted

    run(main())


def test_first_call_connects(async_config, run, module):
    async def main() -> Any:
        c = aerospike.AsyncClient(async_config)
        try:
            return await asked(c, module, "count").results()
        finally:
            await c.close()

    assert run(main()) == [N]


def test_a_scan_of_one_node(client, async_config, run, module):
    names = [node["node_name"] for node in client.get_node_names()]

    async def main() -> Any:
        async with aerospike.AsyncClient(async_config) as c:
            scan = c.scan("test", module).apply(module, "values", ["n"])
            return [await scan.results(nodename=name) for name in names]

    assert sorted(n for part in run(main()) for n in part) == list(range(N))


def without_folders(error: exception.AerospikeError) -> str:
    """Its text: each node of a real cluster may keep functions in another folder."""
    return re.sub(r"\S*/", "", error.msg or "")


@pytest.mark.parametrize("function", ["fails_there", "fails_here", "missing"])
def test_errors_are_those_of_the_blocking_client(
    client, async_config, run, module, function
):
    with pytest.raises(exception.AerospikeError) as wanted:
        asked(client, module, function).results()

    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            query = asked(c, module, function)
            with pytest.raises(type(wanted.value)) as caught:
                await query.results()
            assert caught.value.code == wanted.value.code
            assert without_folders(caught.value) == without_folders(wanted.value)
            with pytest.raises(type(wanted.value)):
                async for _ in query:
                    pass

    run(main())


def test_total_timeout_ends_a_function(async_config, run, module):
    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            with pytest.raises(exception.TimeoutError):
                await asked(c, module, "runs_away").results({"total_timeout": 500})

    run(main())


@pytest.mark.parametrize("way", ["results", "loop"])
def test_loop_goes_on_and_cancelling_ends_the_thread(async_config, run, module, way):
    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            await c.connect()
            before = set(threading.enumerate())

            def workers() -> set[threading.Thread]:
                return set(threading.enumerate()) - before

            query = asked(c, module, "runs_away")

            async def loop() -> None:
                async for _ in query:
                    pass

            policy = {"total_timeout": 0}
            task = asyncio.ensure_future(
                query.results(policy) if way == "results" else loop()
            )
            while not workers():
                await asyncio.sleep(0.005)
            for _ in range(10):
                await asyncio.sleep(0.01)
            assert not task.done()
            begun_s = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.monotonic() - begun_s < 5
            await asyncio.to_thread(until, lambda: len(workers()) <= 1)  # itself
            assert await asked(c, module, "count").results() == [N]

    run(main())


def test_cancelled_results_end_with_an_error(async_config, run, module):
    """A loop that went on would miss what the thread had by then."""

    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            values = asked(c, module, "runs_away").stream()
            task = asyncio.ensure_future(values.__anext__())
            await asyncio.sleep(0.1)
            with pytest.raises(exception.ClientError, match="another task"):
                await values.__anext__()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(exception.ClientError, match="was cancelled"):
                await values.__anext__()
            with pytest.raises(StopAsyncIteration):
                await values.__anext__()

    run(main())


def test_a_loop_may_be_left(async_config, run, module):
    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            query = asked(c, module, "values", ["n"])
            async for value in query:
                assert value in range(N)
                break
            async with query.stream() as values:
                assert await values.__anext__() in range(N)
            assert await values.collect() == []
            await values.aclose()
            dropped = query.stream()
            assert "aggregation" in repr(dropped)
            del dropped
            gc.collect()
            assert await asked(c, module, "count").results() == [N]

    run(main())


def test_many_at_once(async_config, run, module):
    async def main() -> Any:
        async with aerospike.AsyncClient(async_config) as c:
            calls = [asked(c, module, "count").results() for _ in range(8)]
            return await asyncio.gather(*calls)

    assert run(main()) == [[N]] * 8


def test_script_that_is_not_here(client, async_config, run):
    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            with pytest.raises(exception.LuaFileNotFound):
                await asked(c, "loops_missing", "count").results()

    run(main())
