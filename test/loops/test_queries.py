"""Queries and scans in event loops: they find what those of the blocking client find,
and lose no record when a task is cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import time
from typing import Any

import pytest

import aerospike
from aerospike import exception, predicates
from aerospike_devserver import DevCluster
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import list_operations
from aerospike_helpers.operations import operations as ops

from ..children import run_script
from ..faults.peer import END_OF_STREAM
from ..many import many_records
from ..waiting import Watch, until, wait_for_job

AsyncClient: Any = aerospike.AsyncClient  # to do with it what types forbid

NS, SET, N = "test", "loops_queries", 60
KINDS = ["query", "where", "scan"]
SEND = {"key": aerospike.POLICY_KEY_SEND}
ODD = {"expressions": exp.Eq(exp.Mod(exp.IntBin("i"), 2), 1).compile()}
WHOLE: Any = {"partition_filter": {}}


@pytest.fixture(scope="module", autouse=True)
def _records(client):
    """N records of a set, and an index."""
    rows = [
        Write(
            (NS, SET, i),
            [ops.write("i", i), ops.write("l", [i, {"a": b"x" * i}])],
            policy=SEND,
        )
        for i in range(N)
    ]
    assert client.batch_write(BatchRecords(rows)).result == 0
    client.index_integer_create(NS, SET, "i", "loops_q_i")
    yield
    client.index_remove(NS, "loops_q_i")
    client.batch_remove([row.key for row in rows])


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def make(client: Any, kind: str) -> Any:
    """A query without a condition, one with, or a scan, of all N records."""
    if kind == "scan":
        return client.scan(NS, SET)
    query = client.query(NS, SET)
    return query.where(predicates.between("i", 0, N)) if kind == "where" else query


def ids(found):
    return sorted(record[2]["i"] for record in found)


def in_order(found):
    """Records in an order of their own, since no query has one."""
    return sorted(found, key=lambda record: bytes(record[0][3]))


def select_one(query):
    query.select("i")
    return {}


def select_a_part(query):
    return {"policy": {"partition_filter": {"begin": 1000, "count": 1500}}}


def filter_records(query):
    return {"policy": ODD}


def leave_bins_out(query):
    return {"options": {"nobins": True}}


def deserialize_nothing(query):
    return {"policy": {"deserialize": False}}


ASKED = [
    lambda query: {},
    select_one,
    select_a_part,
    filter_records,
    leave_bins_out,
    deserialize_nothing,
]


# what they find


@pytest.mark.parametrize("asked", ASKED)
def test_results_are_those_of_the_blocking_client(
    client, async_config, run, kind, asked
):
    ours = make(client, kind)
    wanted = ours.results(**asked(ours))

    async def main() -> Any:
        async with AsyncClient(async_config) as c:
            query = make(c, kind)
            return await query.results(**asked(query))

    found = run(main())
    assert in_order(found) == in_order(wanted)
    assert {type(record) for record in found} == {type(wanted[0])}


def test_ways_of_reading_give_the_same(client, async_config, run, kind):
    wanted = in_order(make(client, kind).results())

    async def main() -> None:
        async with AsyncClient(async_config) as c:
            query = make(c, kind)
            assert in_order([record async for record in query]) == wanted
            async with query.stream() as records:
                assert in_order([record async for record in records]) == wanted
            assert in_order(await query.stream().collect()) == wanted
            called: list[Any] = []
            await query.foreach(called.append)
            assert in_order(called) == wanted
            awaited: list[Any] = []

            async def take(record: Any) -> None:
                await asyncio.sleep(0)
                awaited.append(record)

            await query.foreach(take)
            assert in_order(awaited) == wanted

    run(main())


def test_operations_of_each_record(client, async_config, run):
    def asked(c: Any) -> Any:
        return c.query(NS, SET).add_ops([list_operations.list_size("l")])

    async def main() -> Any:
        async with AsyncClient(async_config) as c:
            return await asked(c).results()

    assert in_order(run(main())) == in_order(asked(client).results())


def test_callback_of_a_part_gets_the_partition(async_config, run):
    given = []

    async def main() -> None:
        async with AsyncClient(async_config) as c:
            await c.scan(NS, SET).foreach(
                lambda partition, record: given.append((partition, record)), WHOLE
            )

    run(main())
    assert ids(record for _, record in given) == list(range(N))
    for partition, record in given:
        assert aerospike.get_partition_id(record[0][3]) == partition


def test_what_is_asked_for_is_checked_where_it_is_awaited(async_config, run):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            scan = c.scan(NS, SET)
            calls = [
                scan.results({"total_timeout": "x"}),
                scan.results(options={"nobins": 1}),
                scan.foreach(None),
                scan.execute_background(),
                scan.results(nodename="none"),
            ]
            for call in calls:
                with pytest.raises(
                    (exception.ParamError, exception.ClientError)
                ) as caught:
                    await call
                assert not getattr(caught.value, "in_doubt", False)

    run(main())


def test_query_methods_are_known_by_their_names(client):
    for ours, theirs in (("AsyncQuery", "Query"), ("AsyncScan", "Scan")):
        mine, other = getattr(aerospike, ours), getattr(aerospike, theirs)
        names = {name for name in dir(other) if not name.startswith("_")}
        assert names <= set(dir(mine))
        for name in names:
            if callable(getattr(mine, name)):
                assert getattr(mine, name).__qualname__ == f"{ours}.{name}"
                assert getattr(mine, name).__doc__


def test_wrong_arguments_are_told_with_the_name_of_the_method(async_config, run):
    async def main() -> None:
        async with aerospike.AsyncClient(async_config) as c:
            nonsense: Any = c.query(NS, SET).results
            with pytest.raises(TypeError, match=r"AsyncQuery\.results.*unexpected"):
                await nonsense(nonsense=1)

    run(main())


def test_objects_are_made_by_the_client():
    for cls in (aerospike.AsyncQuery, aerospike.AsyncScan):
        with pytest.raises(TypeError, match="are made by"):
            cls()


def test_scan_of_one_node(client, async_config, run):
    names = [node["node_name"] for node in client.get_node_names()]

    async def main() -> list[Any]:
        async with AsyncClient(async_config) as c:
            scan = c.scan(NS, SET)
            return [await scan.results(nodename=name) for name in names]

    found = run(main())
    assert ids(record for part in found for record in part) == list(range(N))


@pytest.mark.parametrize("first", ["results", "loop", "foreach", "work"])
def test_first_call_connects(client, async_config, run, first):
    async def main() -> Any:
        c = AsyncClient(async_config)
        scan = c.scan(NS, SET)
        try:
            if first == "results":
                return await scan.results()
            if first == "loop":
                return [record async for record in scan]
            if first == "work":
                await scan.add_ops([ops.touch()]).execute_background()
                return await c.scan(NS, SET).results()
            found: list[Any] = []
            await scan.foreach(found.append)
            return found
        finally:
            await c.close()

    assert ids(run(main())) == list(range(N))


def test_closed_client(async_config, run):
    async def main() -> None:
        c = AsyncClient(async_config)
        await c.connect()
        scan = c.scan(NS, SET)
        await c.close()
        with pytest.raises(exception.ClusterError):
            await scan.results()
        with pytest.raises(exception.ClusterError):
            async for _ in scan:
                pass

    run(main())


# pages, and going on


@pytest.mark.parametrize("size", [7, N])
def test_pages(async_config, run, kind, size):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            query = make(c, kind)
            query.max_records = size
            query.paginate()
            seen: list[Any] = []
            for _ in range(N):
                page = await query.results()
                assert len(page) <= size
                seen += page
                if query.is_done():
                    break
            assert ids(seen) == list(range(N))
            assert await query.results() == []

    run(main())


def rest_of(query, status):
    return query.results({"partition_filter": {"partition_status": status}})


def test_record_that_a_loop_was_given_counts_as_read(client, async_config, run, kind):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            query = make(c, kind)
            query.paginate()
            seen: list[Any] = []
            async for record in query:
                seen.append(record)
                if len(seen) == 10:
                    break
            gc.collect()
            status = query.get_partitions_status()
            assert ids(seen + await rest_of(make(c, kind), status)) == list(range(N))
            assert ids(seen + rest_of(make(client, kind), status)) == list(range(N))

    run(main())


@pytest.mark.parametrize("stop", [False, ValueError("no")], ids=["answer", "raises"])
def test_record_that_a_callback_refused_comes_again(async_config, run, kind, stop):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            query = make(c, kind)
            seen: list[Any] = []

            async def take(_partition: int, record: Any) -> Any:
                seen.append(record)
                if len(seen) < 10:
                    return None
                if stop:
                    raise stop
                return stop

            if stop:
                with pytest.raises(exception.ClientError) as caught:
                    await query.foreach(take, WHOLE)
                assert caught.value.__cause__ is stop
            else:
                await query.foreach(take, WHOLE)
            status = query.get_partitions_status()
            rest = await rest_of(make(c, kind), status)
            assert ids(seen[:9] + rest) == list(range(N))

    run(main())


def test_cancelled_callback_has_not_read_its_record(async_config, run):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            query = make(c, "scan")
            seen: list[Any] = []
            waits = asyncio.Event()

            async def take(_partition: int, record: Any) -> None:
                if len(seen) == 9:
                    waits.set()
                    await asyncio.Event().wait()
                seen.append(record)

            task = asyncio.ensure_future(query.foreach(take, WHOLE))
            await waits.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            rest = await rest_of(make(c, "scan"), query.get_partitions_status())
            assert ids(seen + rest) == list(range(N))

    run(main())


def test_results_that_fail_have_read_nothing(async_config, run):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            query = make(c, "scan")
            query.paginate()
            query.records_per_second = 20
            first = await anext_of(query)
            task = asyncio.ensure_future(query.results())
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            query.records_per_second = 0
            assert ids([first, *await query.results()]) == list(range(N))

    run(main())


async def anext_of(query):
    async for record in query:
        return record
    raise AssertionError("there is no record")


def test_a_deserializer_may_use_the_step_that_it_is_called_by(async_config, run):
    """Which then says that it is at work."""
    key = (NS, "loops_steps", 1)
    steps: list[Any] = []
    said: list[Any] = []

    def decode(raw: Any) -> Any:
        for step in steps:
            for name, given in (("send", [None]), ("throw", [KeyError]), ("close", [])):
                try:
                    getattr(step, name)(*given)
                except RuntimeError as error:
                    said.append(str(error))
        return raw

    config = {**async_config, "serialization": (lambda _: b"x", decode)}

    async def main() -> None:
        async with AsyncClient(config) as c:
            await c.put(key, {"a": (1,)})
            stream = c.scan(NS, "loops_steps").stream()
            steps.append(stream.__anext__())
            assert (await steps[0])[2] == {"a": "x"}
            steps.clear()
            assert await stream.collect() == []
            await c.remove(key)

    run(main())
    assert said == ["the step is at work already"] * 3


# cancelling

BIG, N_BIG = "loops_big", 2000


@pytest.fixture(scope="module")
def big(client):
    """Records that do not fit into the buffers of a connection."""
    keys = [(NS, BIG, i) for i in range(N_BIG)]
    policy = {"total_timeout": 60_000}
    for at in range(0, N_BIG, 500):
        client.batch_operate(
            keys[at : at + 500], [ops.write("a", b"x" * 10_000)], policy
        )
    yield BIG
    client.batch_remove(keys, policy)


@pytest.mark.parametrize("kind", ["query", "scan"])
@pytest.mark.parametrize("limit", [0, 700])
def test_cancelled_waits_lose_nothing_and_give_nothing_twice(
    async_config, run, big, kind, limit
):
    """Each of the first waits is cancelled some times before its record comes."""

    async def main() -> None:
        async with AsyncClient(async_config) as c:
            query = getattr(c, kind)(NS, big)
            query.max_records = limit
            stream = query.stream()
            seen: list[Any] = []
            n_cancelled, limit_s = 0, 0.0
            while True:
                wait: Any = stream.__anext__()
                if n_cancelled < 20:
                    wait = asyncio.wait_for(wait, limit_s)
                try:
                    seen.append((await wait)[0][3])
                    limit_s = 0.0
                except (TimeoutError, asyncio.TimeoutError):
                    n_cancelled += 1
                    limit_s = 2 * limit_s + 0.0005
                except StopAsyncIteration:
                    break
            assert n_cancelled > 0
            assert len(set(map(bytes, seen))) == len(seen) == (limit or N_BIG)

    run(main())


def test_cancelled_task_leaves_a_status_to_go_on_from(async_config, run, big):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            query = c.scan(NS, big)
            query.paginate()
            seen: list[Any] = []

            async def read() -> None:
                async for record in query:
                    seen.append(record[0][3])

            for _ in range(10):
                task = asyncio.ensure_future(read())
                await asyncio.sleep(0.003)
                task.cancel()
                await asyncio.wait([task])
            seen += [record[0][3] for record in await query.results()]
            assert len(set(map(bytes, seen))) == len(seen) == N_BIG

    run(main())


def test_error_of_a_cancelled_wait_says_that_nothing_is_in_doubt(
    scripted_node, async_config, run
):
    scripted_node.expect().stay_silent()

    async def main() -> None:
        async with AsyncClient({**async_config, "hosts": [scripted_node.host]}) as c:
            task = asyncio.ensure_future(anext_of(c.scan(NS, SET)))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert vars(caught.value)["in_doubt"] is False

    run(main())


@pytest.mark.parametrize("way", ["loop", "results", "foreach"])
def test_node_that_is_too_busy_is_asked_again(client, run, way):
    async def main() -> list[Any]:
        found: list[Any] = []
        async with aerospike.AsyncClient({"hosts": cluster.hosts}) as c:
            for i in range(20):
                await c.put((NS, SET, i), {"i": i})
            scan = c.scan(NS, SET)
            with cluster.faults.fail(18, commands="query", times=2) as fault:
                if way == "loop":
                    found = [r async for r in scan.stream(policy)]
                elif way == "results":
                    found = await scan.results(policy)
                else:
                    await scan.foreach(found.append, policy)
            assert fault.hits == 2
        return found

    policy = {"max_retries": 2, "sleep_between_retries": 0}
    with DevCluster() as cluster:
        assert ids(run(main())) == list(range(20))


@pytest.mark.parametrize("way", ["loop", "results", "foreach", "work"])
def test_total_timeout(scripted_node, async_config, run, way):
    scripted_node.expect().stay_silent()
    policy = {"total_timeout": 200, "max_retries": 0}

    async def main() -> None:
        async with aerospike.AsyncClient(
            {**async_config, "hosts": [scripted_node.host]}
        ) as c:
            scan = c.scan(NS, SET)
            if way == "loop":
                await scan.stream(policy).__anext__()
            elif way == "results":
                await scan.results(policy)
            elif way == "foreach":
                await scan.foreach(print, policy)
            else:
                await scan.add_ops([ops.touch()]).execute_background(policy)

    with Watch() as watch, pytest.raises(exception.TimeoutError) as caught:
        run(main())
    watch.assert_took(0.2)
    assert caught.value.in_doubt is (way == "work")


# who reads


def test_a_stream_is_read_by_one_task_at_a_time(scripted_node, async_config, run):
    asked, go = threading.Event(), threading.Event()
    scripted_node.expect().then(asked).wait(go).send(END_OF_STREAM)

    async def main() -> None:
        async with AsyncClient({**async_config, "hosts": [scripted_node.host]}) as c:
            stream = c.scan(NS, SET).stream()
            first = asyncio.ensure_future(collect(stream))
            while not asked.is_set():
                await asyncio.sleep(0.005)
            for second in (stream.__anext__, stream.collect, stream.aclose):
                with pytest.raises(exception.ClientError, match="another task"):
                    await second()
            go.set()
            assert await first == []

    run(main())


async def collect(stream):
    return [record async for record in stream]


def test_tasks_that_share_a_stream_share_its_records(async_config, run):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            scan = c.scan(NS, SET)
            scan.records_per_second = 200
            stream = scan.stream()
            seen: list[int] = []

            async def read() -> None:
                while True:
                    try:
                        seen.append((await stream.__anext__())[2]["i"])
                    except StopAsyncIteration:
                        return
                    except exception.ClientError:
                        await asyncio.sleep(0.001)

            await asyncio.gather(read(), read())
            assert sorted(seen) == list(range(N))

    run(main())


def test_nothing_is_left_of_a_stream_that_was_closed_before(async_config, run):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            stream = c.scan(NS, SET).stream()
            await stream.aclose()
            assert await stream.collect() == []
            both = await asyncio.gather(stream.collect(), collect(stream))
            assert list(both) == [[], []]

    run(main())


def test_loops_of_several_tasks(async_config, run):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            scan = c.scan(NS, SET)
            found = await asyncio.gather(*(collect(scan) for _ in range(10)))
            assert [ids(records) for records in found] == [list(range(N))] * 10

    run(main())


def test_a_stream_stays_in_its_event_loop(async_config, big):
    client = AsyncClient(async_config)
    stream = client.scan(NS, big).stream()

    async def read_elsewhere() -> None:
        with pytest.raises(exception.ClientError, match="another event loop"):
            await stream.collect()

    async def main() -> None:
        async with client:
            await stream.__anext__()
            await asyncio.to_thread(asyncio.run, read_elsewhere())
            assert len(await stream.collect()) == N_BIG - 1

    asyncio.run(main())


def test_what_an_awaitable_of_an_item_can_do(async_config, run):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            stream = c.scan(NS, SET).stream()
            task = asyncio.get_running_loop().create_task(stream.__anext__())
            first = await task
            once = stream.__anext__()
            second = await once
            with pytest.raises(RuntimeError, match="awaited already"):
                await once
            stream.__anext__()  # is dropped: it has read nothing
            unused = stream.__anext__()
            unused.close()
            with pytest.raises(ZeroDivisionError):
                stream.__anext__().throw(ZeroDivisionError)
            rest = await stream.collect()
            assert ids([first, second, *rest]) == list(range(N))
            assert await stream.collect() == []
            with pytest.raises(StopAsyncIteration):
                await stream.__anext__()

    run(main())


# leaving early


def n_connections(client):
    """Connections to all nodes, as they count them."""
    return sum(
        int(text.split("client_connections=")[1].split(";")[0])
        for _, text in client.info_all("statistics").values()
    )


async def leave_by_break(scan):
    async for _ in scan:
        break


async def leave_a_stream(scan):
    """The block closes it, though it lives on."""
    async with scan.stream() as records:
        await records.__anext__()
    return records


async def leave_by_aclose(scan):
    records = scan.stream()
    await records.__anext__()
    await records.aclose()
    return records


async def leave_by_exception(scan):
    async def fail() -> None:
        async for _ in scan:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()


async def leave_by_answer(scan):
    await scan.foreach(lambda _: False)


async def leave_by_cancelling(scan):
    async def read() -> None:
        async for _ in scan:
            read.begun = True  # type: ignore[attr-defined]
            await asyncio.sleep(60)

    read.begun = False  # type: ignore[attr-defined]
    task = asyncio.ensure_future(read())
    while not read.begun:  # type: ignore[attr-defined]
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.wait([task])


async def leave_by_cancelling_the_wait(scan):
    scan.records_per_second = 1
    task = asyncio.ensure_future(collect(scan))
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait([task])


async def leave_by_cancelling_results(scan):
    scan.records_per_second = 1
    task = asyncio.ensure_future(scan.results())
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait([task])


async def leave_in_a_cycle(scan):
    reading: Any = [scan.stream()]
    await reading[0].__anext__()
    reading.append(reading)
    del reading
    gc.collect()


async def leave_an_awaitable(scan):
    """Which was awaited by nobody to its end."""
    wait = scan.stream().__anext__()
    wait.send(None)


@pytest.mark.parametrize(
    "leave",
    [
        leave_by_break,
        leave_a_stream,
        leave_by_aclose,
        leave_by_exception,
        leave_by_answer,
        leave_by_cancelling,
        leave_by_cancelling_the_wait,
        leave_by_cancelling_results,
        leave_in_a_cycle,
        leave_an_awaitable,
    ],
)
def test_leaving_early_frees_the_connections(client, async_config, big, leave):
    config = {**async_config, "max_conns_per_node": 3}

    async def main() -> None:
        before = n_connections(client)
        async with AsyncClient(config) as c:
            kept = []
            for _ in range(4):  # more than max_conns_per_node
                kept.append(await leave(c.scan(NS, big)))
                gc.collect()
            n_nodes = len(c.get_node_names())
            # those of tending, and the ones that are kept for others
            limit = before + 3 * n_nodes
            await asyncio.to_thread(until, lambda: n_connections(client) <= limit)
            assert ids(await c.scan(NS, SET).results()) == list(range(N))

    asyncio.run(main())


@pytest.mark.filterwarnings("ignore:.*was never closed:ResourceWarning")
@pytest.mark.parametrize("way", ["closed", "open"])
def test_a_stream_outlives_its_event_loop(async_config, run, big, way):
    """It can be dropped then, and not read any more."""
    kept = []

    async def main() -> None:
        c = AsyncClient(async_config)
        stream = c.scan(NS, big).stream()
        await stream.__anext__()
        wait = stream.__anext__()
        kept.extend([c, stream, wait])
        if way == "closed":
            await c.close()

    run(main())

    def read() -> None:
        while True:
            with contextlib.suppress(StopIteration):
                kept[1].__anext__().send(None)

    with pytest.raises((exception.AerospikeError, RuntimeError)):
        read()
    kept.clear()
    gc.collect()


def test_closing_the_client_ends_waits(scripted_node, async_config, run):
    asked = threading.Event()
    scripted_node.expect().then(asked).stay_silent()

    async def main() -> None:
        c = AsyncClient({**async_config, "hosts": [scripted_node.host]})
        stream = c.scan(NS, SET).stream()
        task = asyncio.ensure_future(collect(stream))
        while not asked.is_set():
            await asyncio.sleep(0.005)
        with pytest.raises((TimeoutError, asyncio.TimeoutError)):
            await asyncio.wait_for(c.close(), 0.1)  # which would wait for its calls
        with pytest.raises(exception.AerospikeError):
            await task
        with pytest.raises(exception.AerospikeError):
            await stream.__anext__()

    run(main())


# others get their turns, and memory stays


@pytest.mark.measures
def test_results_come_in_slices(async_config, run, big):
    """The longest time that the thread computes between two turns of a task, without
    that of Python's collector."""

    async def main() -> float:
        async with AsyncClient(async_config) as c:
            longest = 0.0
            done = False

            async def look() -> None:
                nonlocal longest
                before = time.thread_time()
                while not done:
                    await asyncio.sleep(0)
                    now = time.thread_time()
                    longest = max(longest, now - before)
                    before = now

            await c.connect()
            looking = asyncio.ensure_future(look())
            found = await c.scan(NS, big).results()
            done = True
            await looking
            assert len(found) == N_BIG
            return longest

    gc.collect()
    gc.disable()
    try:
        longest_s = min(run(main()) for _ in range(3))
    finally:
        gc.enable()
    assert longest_s < 0.002


def test_loop_over_what_is_there_lets_others_run(async_config, run, big):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            n_turns, n = 0, 0
            done = False

            async def count() -> None:
                nonlocal n_turns
                while not done:
                    n_turns += 1
                    await asyncio.sleep(0)

            counting = asyncio.ensure_future(count())
            async for _ in c.scan(NS, big):
                n += 1
            done = True
            await counting
            assert n == N_BIG
            assert n_turns > N_BIG * 10_000 // (128 << 10)

    run(main())


N_STREAMED = int(os.environ.get("SCAN_RECORDS", "15000"))


@pytest.fixture(scope="module")
def streamed(client):
    with many_records(client, "loops_streamed", N_STREAMED) as name:
        yield name


@pytest.mark.measures
def test_scan_of_many_records_needs_little_memory(hosts, streamed):
    """Also when the reader is slow: what is not read waits at the server."""
    out = run_script(
        f"""
        import asyncio
        def resident_mb():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * resource.getpagesize() >> 20
        async def main():
            async with aerospike.AsyncClient({{"hosts": hosts}} | PATIENT) as client:
                await client.exists(("{NS}", "{streamed}", 1))
                start, peak, n = resident_mb(), 0, 0
                policy = {{"total_timeout": 0}}
                async for _ in client.scan("{NS}", "{streamed}").stream(policy):
                    n += 1
                    if n % 1000 == 0:
                        peak = max(peak, resident_mb() - start)
                    if n == 2000:
                        await asyncio.sleep(1)
                        peak = max(peak, resident_mb() - start)
                print(n, peak)
        asyncio.run(main())
        """,
        hosts,
        limit_s=600,
    )
    n, peak_mb = map(int, out.split())
    assert n == N_STREAMED
    assert peak_mb < (64 if N_STREAMED > 100_000 else 16)  # all have 30 MB at least


# background work


@pytest.mark.parametrize("kind", ["query", "scan"])
def test_background_work(client, async_config, run, kind):
    keys = [(NS, "loops_work", i) for i in range(50)]
    client.batch_operate(keys, [ops.write("n", 1), ops.write("w", 0)])

    async def main() -> int:
        async with AsyncClient(async_config) as c:
            work = getattr(c, kind)(NS, "loops_work")
            work.add_ops([ops.increment("w", 5)])
            job: int = await work.execute_background()
            return job

    job_id = run(main())
    module = aerospike.JOB_SCAN if kind == "scan" else aerospike.JOB_QUERY
    wait_for_job(client, job_id, module)
    assert [r[2]["w"] for r in client.get_many(keys)] == [5] * 50
    client.batch_remove(keys)


def test_background_work_that_is_given_up_is_in_doubt(scripted_node, async_config, run):
    asked = threading.Event()
    scripted_node.expect().then(asked).stay_silent()

    async def main() -> None:
        async with AsyncClient({**async_config, "hosts": [scripted_node.host]}) as c:
            scan = c.scan(NS, SET).add_ops([ops.touch()])
            task = asyncio.ensure_future(scan.execute_background())
            while not asked.is_set():
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert vars(caught.value)["in_doubt"] is True

    run(main())
