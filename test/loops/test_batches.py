"""Calls of an AsyncClient on many records."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import (
    Apply,
    BatchRecord,
    BatchRecords,
    Read,
    Remove,
    Write,
)
from aerospike_helpers.operations import operations as ops

from ..faults.peer import ScriptedNode
from ..faults.test_many import KEYS, halves, last, row, split_keys
from ..waiting import Watch, patient

__all__ = ["halves"]  # a fixture

N_MANY = 10_000
WRONG_EXPRESSION = [exp.GE(exp.IntBin("n"), "text").compile()]
NO_RETRY = {"max_retries": 0}
BAD: Any = 5


@pytest.fixture
def keys(client, new_key):
    """Ten keys, with records {"n": i, "s": "x"} at all but the fourth."""
    made = [new_key() for _ in range(10)]
    for i, key in enumerate(made):
        if i != 3:
            client.put(key, {"n": i, "s": "x"})
    return made


def many_keys(n: int) -> list[Any]:
    """Keys of records that are not there."""
    return [("test", "nobody", i) for i in range(n)]


def plain(value: Any) -> Any:
    """What can be compared of the result of a batch: without the time to live."""
    if isinstance(value, BatchRecords):
        return value.result, [plain(record) for record in value.batch_records]
    if isinstance(value, BatchRecord):
        record, known = value.record, (value.result, value.in_doubt, value.message)
        return (*known, value.key[:3], record and plain(record))
    if isinstance(value, list):
        return [plain(one) for one in value]
    key, meta, *bins = value
    return key, meta and meta["gen"], bins


def told(error: BaseException) -> tuple[Any, ...]:
    """What an exception says, but for its in_doubt."""
    code = getattr(error, "code", None)
    return type(error), code, str(error), getattr(error, "path", None)


# what they give


def records_of(keys: list[Any]) -> BatchRecords:
    return BatchRecords(
        [
            Read(keys[0], [ops.read("n")]),
            Read(keys[3], None, read_all_bins=True),
            Write(keys[1], [ops.increment("n", 5), ops.read("n")]),
            Write(keys[2], [ops.write("n", 1)], policy={"exists": 1}),
            Write(keys[4], [ops.append("n", "x")]),  # fails: n is an int
            Write(keys[5], [ops.write("n", 1)], policy={"expressions": []}),
            Remove(keys[6]),
            Apply(keys[7], "no_module", "f", [1]),
        ]
    )


CALLS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "batch_read": lambda c, keys: c.batch_read(keys),
    "batch_read of bins": lambda c, keys: c.batch_read(keys, ["n"], {}),
    "batch_read of no bins": lambda c, keys: c.batch_read(tuple(keys), bins=[]),
    "batch_read of an iterator": lambda c, keys: c.batch_read(iter(keys)),
    "batch_read of nothing": lambda c, keys: c.batch_read([]),
    "batch_operate": lambda c, keys: c.batch_operate(
        keys, [ops.increment("n", 1), ops.read("n")], None, {"key": 1}, ttl=1000
    ),
    "batch_operate that fails": lambda c, keys: c.batch_operate(
        keys, [ops.append("n", "x")]
    ),
    "batch_remove": lambda c, keys: c.batch_remove(keys),
    "batch_apply": lambda c, keys: c.batch_apply(keys, "no_module", "f", [1]),
    "batch_write": lambda c, keys: c.batch_write(records_of(keys)),
    "get_many": lambda c, keys: c.get_many(keys),
    "exists_many": lambda c, keys: c.exists_many(keys),
    "select_many": lambda c, keys: c.select_many(keys, ["s"]),
    "batch_get_ops": lambda c, keys: c.batch_get_ops(keys, [ops.read("n")]),
    # errors of arguments, and of all rows
    "no keys": lambda c, keys: c.batch_read(5),
    "one key": lambda c, keys: c.batch_read(keys[0]),
    "a bad key": lambda c, keys: c.get_many([*keys, ("test", "demo")]),
    "a bad bin": lambda c, keys: c.batch_read(keys, [1]),
    "no operations": lambda c, keys: c.batch_operate(keys, []),
    "a bad policy": lambda c, keys: c.batch_read(keys, None, {"max_retries": "x"}),
    "an unknown argument": lambda c, keys: c.batch_read(keys, binz=[]),
    "no records": lambda c, keys: c.batch_write([]),
    "a bad record": lambda c, keys: c.batch_write(BatchRecords([Read(keys[0], BAD)])),
    "a namespace that is none": lambda c, keys: c.get_many([("nowhere", "s", 1)]),
}


@pytest.mark.parametrize("name", CALLS)
def test_batch_ends_as_the_blocking_one(name, client, keys, new_key, async_config, run):
    """The second of two equal batches meets records that the first has changed: so each
    is made of new records."""
    call = CALLS[name]

    def outcome(error: BaseException | None, value: Any) -> Any:
        return told(error) if error is not None else plain(value)

    def blocking() -> Any:
        try:
            return outcome(None, call(client, keys))
        except (exception.AerospikeError, TypeError) as error:
            return outcome(error, None)

    async def main() -> Any:
        async with aerospike.AsyncClient(async_config) as c:
            try:
                return outcome(None, await call(c, keys))
            except (exception.AerospikeError, TypeError) as error:
                return outcome(error, None)

    expected = blocking()
    for i, key in enumerate(keys):
        client.remove(key) if client.exists(key)[1] else None
        if i != 3:
            client.put(key, {"n": i, "s": "x"})
    assert run(main()) == expected


def test_error_of_arguments_is_raised_where_it_is_awaited(async_config, run):
    async def main() -> None:
        c: Any
        async with aerospike.AsyncClient(async_config) as c:
            for call in (c.batch_read(5), c.batch_write(5), c.get_many([5])):
                with pytest.raises(exception.ParamError):
                    await call
            with pytest.raises(TypeError):  # as a function of Python says it
                c.get_many()

    run(main())


def test_batch_write_fills_in_the_records_that_it_was_given(keys, async_config, run):
    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            record: Any = Read(keys[0], None, read_all_bins=True)
            records = BatchRecords([record])
            assert await c.batch_write(records) is records
            assert record.record[2] == {"n": 0, "s": "x"}

    run(main())


def test_many_batches_at_once(client, keys, async_config, run):
    async def main() -> list[Any]:
        async with aerospike.AsyncClient(async_config) as c:
            batches = [keys * n for n in (1, 50, 100)] * 4
            return await asyncio.gather(*map(c.get_many, batches))

    expected = [record[2] for record in client.get_many(keys)]
    for found, n in zip(run(main()), [1, 50, 100] * 4, strict=True):
        assert [record[2] for record in found] == expected * n


def test_batches_wait_for_each_other_when_there_are_few_connections(
    keys, async_config, run
):
    config = {**async_config, "max_conns_per_node": 2, "pool_timeout": 30_000}

    async def main() -> None:
        c: Any
        async with aerospike.AsyncClient(config) as c:
            calls = [c.get(keys[0]) if i % 2 else c.get_many(keys) for i in range(60)]
            for found in await asyncio.gather(*calls):
                assert (found[0] if isinstance(found, list) else found)[2]["n"] == 0

    run(main())


@pytest.mark.usefixtures("built_with_tls")
def test_batches_over_tls_and_compressed(run):
    keys = many_keys(3000)
    policy = {"compress": True, "total_timeout": 60_000}

    async def main(config: dict[str, Any]) -> None:
        c: Any
        async with aerospike.AsyncClient(config) as c:
            await c.batch_operate(keys, [ops.write("s", "x" * 100)], policy)
            calls = [c.get_many(keys, policy) for _ in range(3)]
            for found in await asyncio.gather(*calls):
                assert [record[2] for record in found] == [{"s": "x" * 100}] * 3000

    with DevCluster(1, tls=True, tls_only=True, edition="enterprise") as cluster:
        run(main(patient(cluster.config)))


# slices


def test_large_batch_lets_others_have_turns(async_config, run):
    """A loop that is kept waiting for the whole batch has some ten turns meanwhile."""

    async def main() -> int:
        n_turns = 0

        async def tick() -> None:
            nonlocal n_turns
            while True:
                n_turns += 1
                await asyncio.sleep(0)

        async with aerospike.AsyncClient(async_config) as c:
            ticker = asyncio.create_task(tick())
            found = await c.batch_read(many_keys(N_MANY))
            ticker.cancel()
            assert [r.result for r in found.batch_records] == [2] * N_MANY
            return n_turns

    begun = time.thread_time()
    n_turns = run(main())
    used_ms = (time.thread_time() - begun) * 1000
    assert n_turns >= used_ms / 10


@pytest.mark.parametrize("n", [10, 5000])
def test_list_of_keys_may_change_once_it_was_given(n, async_config, run):
    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            given = many_keys(n)
            names: list[Any] = ["n"]
            call: Any = c.batch_read(given, names)
            given[:] = [("test", "demo", "another")] * (2 * n)
            names.append(5)
            found = await call
            assert [r.key[2] for r in found.batch_records] == list(range(n))

    run(main())


@pytest.mark.parametrize("n", [10, 5000])
def test_records_may_be_replaced_once_they_were_given(n, async_config, run):
    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            rows = [Read(key, None) for key in many_keys(n)]
            records: Any = BatchRecords(list(rows))
            call: Any = c.batch_write(records)
            records.batch_records.clear()
            records.batch_records = "nothing"
            assert await call is records
            assert {r.result for r in rows} == {2}

    run(main())


def test_objects_that_go_in_between_are_owned(async_config, run):
    """Everything that a record was made of is taken away and changed under way."""

    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            rows: list[Any] = [
                Write(("test", "demo", bytearray(b"%d" % i)), [ops.write("n", [i])])
                for i in range(3000)
            ]
            records: Any = BatchRecords(list(rows))
            call: Any = c.batch_write(records)
            records.batch_records.clear()
            for _ in range(10):
                await asyncio.sleep(0)
                for row_ in rows:
                    key, operations = row_.key, row_.ops
                    row_.key = row_.ops = row_.meta = row_.policy = None
                    if key is not None:
                        key[2].extend(b"x")
                        operations[0].clear()
                        operations.clear()
            # the records that were not read yet have nothing to ask for any more
            try:
                await call
            except exception.ParamError:
                pass

    run(main())


# cancellation


async def cancellation_of(task: Awaitable[Any]) -> BaseException | None:
    try:
        await task
    except asyncio.CancelledError as error:
        return error
    return None


@pytest.mark.parametrize("n_turns", [0, 1, 2, 3, 5, 8, 13, 21, 34])
@pytest.mark.parametrize("n", [10, N_MANY])
def test_reading_is_given_up_at_any_time(n, n_turns, keys, async_config, run):
    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            task = asyncio.ensure_future(c.batch_read(many_keys(n)))
            for _ in range(n_turns):
                await asyncio.sleep(0)
            task.cancel()
            cancelled = await cancellation_of(task)
            assert cancelled is None or aerospike.in_doubt(cancelled) is False
            found = await c.get_many(keys)
            assert [record[2] and record[2]["n"] for record in found] == [
                None if i == 3 else i for i in range(10)
            ]

    run(main())


@pytest.mark.parametrize("n_turns", range(6))
def test_batches_that_wait_for_their_turn_are_given_up(n_turns, async_config, run):
    """They are large enough for some turns, in which others are under way, too."""

    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            calls = [
                asyncio.create_task(c.batch_read(many_keys(500))) for _ in range(30)
            ]
            for _ in range(n_turns):
                await asyncio.sleep(0)
            for call in calls[::2]:
                call.cancel()
            await asyncio.wait(calls)
            for i, call in enumerate(calls):
                assert i % 2 == 0 or not call.cancelled()
                assert call.cancelled() or len(call.result().batch_records) == 500

    run(main())


def writes(keys: list[Any]) -> BatchRecords:
    return BatchRecords([Write(key, [ops.write("n", 1)]) for key in keys])


def doubts(records: BatchRecords) -> list[bool]:
    return [record.in_doubt for record in records.batch_records]


def test_batch_given_up_before_it_has_left_is_in_no_doubt(scripted_node, run):
    """One so large has its requests sent only after some turns of the event loop."""
    n = N_MANY

    async def main() -> None:
        async with aerospike.AsyncClient(patient({"hosts": [scripted_node.host]})) as c:
            records = writes(many_keys(n))
            call: Any = c.batch_write(records)
            call.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await call
            assert not aerospike.in_doubt(caught.value)
            assert doubts(records) == [False] * n

    run(main())
    assert scripted_node.requests == []


def test_batch_given_up_without_a_reply_is_in_doubt(scripted_node, run):
    """What was answered before that is not."""
    scripted_node.expect().send(row(0) + row(1, 5)).stay_silent()

    async def main() -> None:
        async with aerospike.AsyncClient(patient({"hosts": [scripted_node.host]})) as c:
            records = writes(KEYS[:4])
            call: Any = c.batch_write(records)
            while not scripted_node.requests:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await call
            assert aerospike.in_doubt(caught.value)
            assert doubts(records)[2:] == [True, True]
            assert records.result == -16

    run(main())


def test_rows_of_a_node_that_was_not_asked_are_in_no_doubt(halves, run):
    """One node refuses connections, and is tried again and again."""
    first, second = halves
    first.expect().stay_silent()
    even, odd = split_keys(2)

    async def main() -> None:
        config = patient({"hosts": [first.host, second.host], "tend_interval": 60_000})
        async with aerospike.AsyncClient(config) as c:
            second.stop_listening()
            second.hang_up_all()
            records = writes(even + odd)
            policy = {"max_retries": 1000, "sleep_between_retries": 10_000}
            call: Any = c.batch_write(records, policy)
            while not first.requests:
                await asyncio.sleep(0.01)
            call.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await call
            assert aerospike.in_doubt(caught.value)
            assert doubts(records) == [True, True, False, False]

    run(main())


def test_timeout_of_asyncio_tells_of_the_doubt(scripted_node, run):
    scripted_node.expect().stay_silent()

    async def main() -> None:
        async with aerospike.AsyncClient(patient({"hosts": [scripted_node.host]})) as c:
            with pytest.raises(asyncio.TimeoutError) as caught:
                await asyncio.wait_for(c.batch_remove(KEYS), 0.2)
            assert aerospike.in_doubt(caught.value)

    run(main())


# errors


@pytest.mark.parametrize(
    ("fault", "limit_ms"), [("stay_silent", 300), ("hang_up", 30_000)]
)
def test_batch_without_any_answer_fails(fault, limit_ms, run):
    """As the blocking client's does: with the same error, and records in doubt."""

    def outcome(
        error: exception.AerospikeError, records: BatchRecords
    ) -> tuple[Any, ...]:
        rows = [(r.result, r.in_doubt, r.record) for r in records.batch_records]
        return type(error), error.code, error.in_doubt, records.result, rows

    def with_peer(use: Callable[[dict[str, Any], BatchRecords], Any]) -> Any:
        with ScriptedNode() as node:
            getattr(node.expect(), fault)()
            records = writes(KEYS)
            with pytest.raises(exception.AerospikeError) as caught:
                use(patient({"hosts": [node.host]}), records)
            return outcome(caught.value, records)

    policy = {**NO_RETRY, "total_timeout": limit_ms}

    def blocking(config: dict[str, Any], records: BatchRecords) -> None:
        client = aerospike.client(config)
        try:
            client.batch_write(records, policy)
        finally:
            client.close()

    def awaiting(config: dict[str, Any], records: BatchRecords) -> None:
        async def main() -> None:
            async with aerospike.AsyncClient(config) as c:
                await c.batch_write(records, policy)

        run(main())

    assert with_peer(awaiting) == with_peer(blocking)


def test_batch_ends_at_its_total_timeout(scripted_node, run):
    scripted_node.expect().send(row(0)).stay_silent()
    limit_s = 1.0  # in which the first row comes on a busy machine, too

    async def main() -> None:
        async with aerospike.AsyncClient(patient({"hosts": [scripted_node.host]})) as c:
            policy = {"total_timeout": int(1000 * limit_s)}
            with Watch() as watch:
                found = await c.batch_read(KEYS, None, policy)
            watch.assert_took(limit_s)
            assert [r.result for r in found.batch_records] == [0, 9, 9, 9, 9]

    run(main())


def test_many_rows_that_fail_let_others_have_turns(scripted_node, run):
    """Each row of a part that has failed is told so: that is done in slices, too."""
    scripted_node.expect().send(last(4))
    scripted_node.expect().send(last(4))

    async def main() -> tuple[BatchRecords, int]:
        async with aerospike.AsyncClient(patient({"hosts": [scripted_node.host]})) as c:
            records = writes(many_keys(3000))
            with pytest.raises(exception.AerospikeError):
                await c.batch_write(records, NO_RETRY)
            task = asyncio.ensure_future(c.batch_write(records, NO_RETRY))
            n_turns = 0
            while not task.done():
                n_turns += 1
                await asyncio.sleep(0)
            assert task.exception() is not None
            return records, n_turns

    records, n_turns = run(main())
    assert doubts(records) == [True] * 3000
    assert n_turns > 3


@pytest.mark.parametrize("n", [10, N_MANY])
@pytest.mark.parametrize("n_turns", [0, 3, 10])
def test_batch_of_a_client_that_is_closed(n, n_turns, async_config, run):
    """The call ends, with its result or an error, and the client can be closed."""

    async def main() -> None:
        c: Any = aerospike.AsyncClient(async_config)
        await c.connect()
        call = c.batch_read(many_keys(n))
        for _ in range(n_turns):
            await asyncio.sleep(0)
        await c.close()
        try:
            found = await call
        except exception.ClusterError:
            return
        assert len(found.batch_records) == n

    run(main())


def test_event_loop_that_ends_in_the_middle_of_a_batch(async_config):
    """Nobody goes on with the batch; the program goes on with another event loop."""
    c: Any = aerospike.AsyncClient(async_config)
    calls = []

    async def begin() -> None:
        await c.connect()
        calls.append(c.batch_read(many_keys(N_MANY)))
        await asyncio.sleep(0)

    async def end() -> None:
        assert len((await c.batch_read(many_keys(10))).batch_records) == 10
        await c.close()

    asyncio.run(begin())
    asyncio.run(end())
    calls.clear()


def test_batch_that_is_given_up_by_what_it_drops(async_config, run):
    """Code that runs in the middle of a step: here, the end of an old value."""

    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            calls: list[Any] = []

            class Canceller:
                def __del__(self) -> None:
                    for call in calls:
                        call.cancel()

            records: list[Any] = [Read(key, None) for key in many_keys(3000)]
            records[2900].message = Canceller()
            calls.append(c.batch_write(BatchRecords(records)))
            with pytest.raises(asyncio.CancelledError):
                await calls[0]
            assert len((await c.batch_read(many_keys(10))).batch_records) == 10

    run(main())


@pytest.mark.parametrize("place", [0, 9])
def test_batch_that_is_given_up_while_its_answers_are_read(
    place, keys, run, async_config
):
    """All rows were carried out, though nobody hears of it."""

    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            calls: list[Any] = []

            class Canceller:
                def __del__(self) -> None:
                    calls[0].cancel()

            records: list[Any] = writes(keys).batch_records
            calls.append(c.batch_write(BatchRecords(records)))
            records[place].record = Canceller()
            with pytest.raises(asyncio.CancelledError) as caught:
                await calls[0]
            assert aerospike.in_doubt(caught.value)

    run(main())


# nodes that go


def test_rows_go_to_another_node_when_theirs_dies(cluster, run):
    """The replies of one node break off, again and again; reads go elsewhere."""
    keys = [("test", "demo", i) for i in range(300)]
    config = patient({"hosts": cluster.hosts})

    async def main() -> None:
        c: Any
        async with aerospike.AsyncClient(config) as c:
            await c.batch_operate(keys, [ops.write("n", 1), ops.write("b", b"x" * 500)])
            with cluster.faults.cut(20_000, node=0, commands="batch") as fault:
                policy = {
                    "max_retries": 20,
                    "replica": aerospike.POLICY_REPLICA_SEQUENCE,
                }
                calls = [c.batch_read(keys, ["n"], policy) for _ in range(10)]
                for found in await asyncio.gather(*calls):
                    assert [r.record[2] for r in found.batch_records] == [
                        {"n": 1}
                    ] * 300
                calls = [c.get_many(keys, policy) for _ in range(10)]
                for tuples in await asyncio.gather(*calls):
                    assert [record[2]["n"] for record in tuples] == [1] * 300
            assert fault.hits > 0

    run(main())


def test_cluster_of_which_a_node_stops(cluster, run):
    keys = [("test", "demo", i) for i in range(2000)]
    config = patient({"hosts": cluster.hosts, "tend_interval": 250})

    async def main() -> None:
        async with aerospike.AsyncClient(config) as c:
            await c.batch_operate(keys, [ops.write("n", 1)])
            policy = {"max_retries": 100, "sleep_between_retries": 50}
            calls = [asyncio.ensure_future(c.batch_read(keys, None, policy))]
            await asyncio.to_thread(cluster.stop_node, 1)
            calls += [asyncio.ensure_future(c.batch_read(keys, None, policy))]
            for found in await asyncio.gather(*calls):
                assert len(found.batch_records) == 2000
                assert {r.result for r in found.batch_records} <= {0, 2}

    run(main())
