"""The asynchronous client under trio, and under anyio on both of its backends."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import anyio
import pytest
import trio

import aerospike
from aerospike import exception
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations

from ..waiting import PATIENCE_S, join_all, let_pass, until


def run(main: Any, *args: Any) -> Any:
    async def limited():
        with trio.fail_after(PATIENCE_S):
            return await main(*args)

    return trio.run(limited)


@pytest.fixture
def run_with(async_config):
    """run_with(main): main(client) under trio, with a client that is closed then."""

    def function(main):
        async def whole():
            async with aerospike.AsyncClient(async_config) as client:
                return await main(client)

        return run(whole)

    return function


def test_record_is_written_and_read(run_with, key):
    async def main(client):
        await client.put(key, {"n": 1})
        await client.increment(key, "n", 2)
        return (await client.get(key)).bins

    assert run_with(main) == {"n": 3}


def test_first_call_connects(async_config, key):
    async def main():
        client = aerospike.AsyncClient(async_config)
        assert not client.is_connected()
        await client.put(key, {"n": 1})
        assert client.is_connected()
        await client.close()
        assert not client.is_connected()

    run(main)


def test_error_comes_out_of_the_await(run_with, key):
    async def main(client):
        with pytest.raises(exception.RecordNotFound) as caught:
            await client.get(key)
        return caught.value

    error = run_with(main)
    assert error.in_doubt is False
    assert error.key[:3] == key


def test_many_at_once(run_with, new_key):
    keys = [new_key() for _ in range(100)]

    async def main(client):
        found = {}

        async def one(number):
            await client.put(keys[number], {"n": number})
            found[number] = (await client.get(keys[number])).bins["n"]

        async with trio.open_nursery() as nursery:
            for number in range(len(keys)):
                nursery.start_soon(one, number)
        return found

    assert run_with(main) == {number: number for number in range(100)}


def test_calls_are_under_way_before_they_are_awaited(run_with, new_key):
    keys = [new_key() for _ in range(10)]

    async def main(client):
        puts = [client.put(key, {"n": 1}) for key in keys]
        for put in puts:
            await put
        gets = [client.get(key) for key in keys]
        return [(await get).bins for get in gets]

    assert run_with(main) == [{"n": 1}] * 10


def test_batches(run_with, new_key):
    keys = [new_key() for _ in range(20)]
    rows = [Write(key, [operations.write("n", 1)]) for key in keys]

    async def main(client):
        written = await client.batch_write(BatchRecords(list(rows)))
        read = await client.batch_read(keys)
        return written.result, [row.record.bins for row in read.batch_records]

    assert run_with(main) == (0, [{"n": 1}] * 20)


def test_queries(run_with, new_key):
    keys = [new_key() for _ in range(20)]

    async def main(client):
        for key in keys:
            await client.put(key, {"trio": 1})
        query = client.query(*keys[0][:2])
        query.select("trio")
        found = 0
        async for record in query:
            found += record.bins.get("trio", 0)
        return found, len(await query.results())

    found, n_results = run_with(main)
    assert found >= 20  # a real server has not yet forgotten what other tests left
    assert n_results >= 20


def test_streams_and_callbacks(run_with, new_key):
    keys = [new_key() for _ in range(20)]

    async def main(client):
        for key in keys:
            await client.put(key, {"trio": 1})
        query = client.query(*keys[0][:2])
        seen = []

        async def callback(record):
            await trio.sleep(0)
            seen.append(record)

        await query.foreach(callback)
        async with client.query(*keys[0][:2]).stream() as stream:
            first = [await stream.__anext__() for _ in range(3)]
        return len(seen), len(first)

    n_seen, n_first = run_with(main)
    assert n_seen >= 20
    assert n_first == 3


def test_aggregation(lua_config, run_with, new_key, tmp_path):
    pytest.importorskip("lupa")
    keys = [new_key() for _ in range(10)]
    name = f"trio_sum_{threading.get_ident()}"
    module = tmp_path / f"{name}.lua"
    module.write_text(
        """
        local function one(rec) return rec.trio or 0 end
        local function plus(a, b) return a + b end
        function sum(stream) return stream : map(one) : reduce(plus) end
        """
    )

    async def main(client):
        for key in keys:
            await client.put(key, {"trio": 1})
        await client.udf_put(str(module))
        query = client.query(*keys[0][:2])
        query.apply(name, "sum")
        found = await query.results()
        await client.udf_remove(f"{name}.lua")
        return found

    (total,) = run_with(main)
    assert total >= 10


def test_composed_calls(run_with, tmp_path):
    name = f"trio_{threading.get_ident()}"
    module = tmp_path / f"{name}.lua"
    module.write_text("function one(rec) return 1 end\n")

    async def main(client):
        await client.udf_put(str(module))
        found = await client.udf_get(f"{name}.lua")
        await client.udf_remove(f"{name}.lua")
        return found

    assert "return 1" in run_with(main)


def test_info_of_all_nodes(run_with):
    async def main(client):
        return await client.info_all("build")

    answers = run_with(main)
    assert answers
    assert all(error is None for error, _ in answers.values())


def test_contexts_are_those_of_the_awaiting_task(run_with, key):
    import contextvars

    name = contextvars.ContextVar("name", default="nobody")
    seen = []

    async def main(client):
        await client.put(key, {"n": 1})

        async def one(given):
            name.set(given)
            await client.get(key)
            seen.append((given, name.get()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one, "ada")
            nursery.start_soon(one, "bob")

    run_with(main)
    assert sorted(seen) == [("ada", "ada"), ("bob", "bob")]


async def cancelled(call: Any, seconds: float) -> BaseException:
    """What leaves the await of a call that a scope cancels; 0: before it begins."""
    error: BaseException | None = None
    with trio.move_on_after(seconds) as scope:
        if seconds == 0:
            scope.cancel()
        try:
            await call
        except trio.Cancelled as caught:
            error = caught
            raise
    assert scope.cancelled_caught
    assert error is not None
    return error


def test_cancelled_write_is_in_doubt_when_it_has_left(dev_cluster, run_with, key):
    async def main(client):
        await client.put(key, {"n": 1})
        with dev_cluster.faults.silence(commands="write"):
            write = await cancelled(client.put(key, {"n": 2}), 0.1)
        with dev_cluster.faults.silence(commands="read"):
            read = await cancelled(client.get(key), 0.1)
        return aerospike.in_doubt(write), aerospike.in_doubt(read)

    assert run_with(main) == (True, False)


def test_interrupted_write_is_in_doubt(dev_cluster, run_with, key):
    async def main(client):
        await client.put(key, {"n": 1})

        def interrupt():
            until(lambda: fault.hits)
            let_pass(0.1)  # so that the next call takes another connection
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        with dev_cluster.faults.silence(commands="write") as fault:
            thread.start()
            with pytest.raises(KeyboardInterrupt) as caught:
                await client.put(key, {"n": 2})
            join_all([thread])
        return caught.value, (await client.get(key)).bins["n"]

    error, n = run_with(main)
    assert aerospike.in_doubt(error)
    assert n in (1, 2)


def test_cancelled_query_leaves_the_client_usable(dev_cluster, run_with, key):
    async def main(client):
        await client.put(key, {"n": 1})
        with dev_cluster.faults.silence(commands="query"):
            error = await cancelled(client.query(*key[:2]).results(), 0.05)
        return aerospike.in_doubt(error), (await client.get(key)).bins

    assert run_with(main) == (False, {"n": 1})


def test_cancelled_batch_is_in_doubt_when_it_has_left(dev_cluster, run_with, key):
    rows = [Write(key, [operations.write("n", 1)])]

    async def main(client):
        with dev_cluster.faults.silence(commands="batch"):
            return await cancelled(client.batch_write(BatchRecords(rows)), 0.1)

    assert aerospike.in_doubt(run_with(main))
    assert rows[0].in_doubt


def test_cancelled_call_of_several_requests_is_in_doubt(dev_cluster, run_with):
    async def main(client):
        with dev_cluster.faults.silence(commands="info"):
            return await cancelled(client.truncate("test", "trio", 0), 0.1)

    assert aerospike.in_doubt(run_with(main))


def test_cancelled_before_it_left_is_never_sent(run_with, key):
    async def main(client):
        await client.put(key, {"n": 1})
        first = client.get(key)  # leaves at once, the next one with others
        error = await cancelled(client.put(key, {"n": 2}), 0)
        assert (await first).bins == {"n": 1}
        await trio.sleep(0.05)
        return aerospike.in_doubt(error), (await client.get(key)).bins

    assert run_with(main) == (False, {"n": 1})


def test_client_goes_on_after_cancellations(dev_cluster, run_with, new_key):
    keys = [new_key() for _ in range(50)]

    async def main(client):
        for number, key in enumerate(keys):
            await client.put(key, {"n": number})
        for seconds in (0, 0.0001, 0.001, 0.002, 0.005):
            with dev_cluster.faults.delay(0.002, commands="read"):
                with trio.move_on_after(seconds):
                    async with trio.open_nursery() as nursery:
                        for key in keys:
                            nursery.start_soon(client.get, key)
            found = [(await client.get(key)).bins["n"] for key in keys]
            assert found == [*range(50)]

    run_with(main)


def test_timeout_of_the_policy_comes_first(dev_cluster, run_with, key):
    async def main(client):
        with dev_cluster.faults.silence(commands="write"):
            with trio.fail_after(PATIENCE_S):
                with pytest.raises(exception.TimeoutError) as caught:
                    await client.put(key, {"n": 1}, policy={"total_timeout": 50})
        return aerospike.in_doubt(caught.value)

    assert run_with(main) is True


def test_two_clients(async_config, key):
    async def main():
        async with (
            aerospike.AsyncClient(async_config) as first,
            aerospike.AsyncClient(async_config) as second,
        ):
            await first.put(key, {"n": 1})
            await second.increment(key, "n", 1)
            return (await first.get(key)).bins

    assert run(main) == {"n": 2}


def test_one_client_in_several_runs(async_config, key):
    client = aerospike.AsyncClient(async_config)

    async def visit():
        await client.increment(key, "n", 1)
        return (await client.get(key)).bins["n"]

    assert [run(visit) for _ in range(3)] == [1, 2, 3]
    run(client.close)


def test_close_waits_for_what_is_under_way(dev_cluster, async_config, key):
    ended = []

    async def main():
        client = await aerospike.AsyncClient(async_config).connect()

        async def put():
            with pytest.raises(exception.TimeoutError) as caught:
                await client.put(key, {"n": 1}, policy={"total_timeout": 200})
            ended.append(caught.value.in_doubt)

        with dev_cluster.faults.silence(commands="write"):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(put)
                await trio.sleep(0.05)
                await client.close()
                assert ended == [True]

    run(main)


def test_cancelled_close_gives_up_what_is_under_way(dev_cluster, async_config, key):
    ended = []

    async def main():
        client = await aerospike.AsyncClient(async_config).connect()

        async def put():
            with pytest.raises(exception.ClusterError) as caught:
                await client.put(key, {"n": 1})
            ended.append(caught.value.in_doubt)

        with dev_cluster.faults.silence(commands="write"):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(put)
                await trio.sleep(0.05)
                with trio.move_on_after(0.05) as scope:
                    await client.close()
        assert scope.cancelled_caught
        with pytest.raises(exception.ClusterError):
            await client.get(key)

    run(main)
    assert ended == [True]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend, async_config, new_key):
    keys = [new_key() for _ in range(10)]

    async def main():
        async with aerospike.AsyncClient(async_config) as client:

            async def one(key):
                await client.put(key, {"n": 1})

            with anyio.fail_after(PATIENCE_S):
                async with anyio.create_task_group() as group:
                    for key in keys:
                        group.start_soon(one, key)
                rows = await client.batch_read(keys)
            return [row.record and row.record.bins for row in rows.batch_records]

    assert anyio.run(main, backend=backend) == [{"n": 1}] * 10
