"""What a call of AsyncClient is: an awaitable, a future and a coroutine, to all of
asyncio."""

from __future__ import annotations

import asyncio
import builtins
import contextvars
import gc
import sys
import threading
import traceback
import weakref
from typing import Any

import pytest
import uvloop

import aerospike
from aerospike import exception

from ..faults.peer import OK_REPLY, READ, WRITE, reply
from ..waiting import PATIENCE_S, patient

AsyncClient: Any = aerospike.AsyncClient  # to do with it what types forbid
newer: Any = asyncio  # what the oldest Python lacks

KEY = ("test", "loops", "awaiting")
ONE = reply(0, [(b"a", 1, bytes(7) + b"\1")])
SINCE_3_11 = pytest.mark.skipif(sys.version_info < (3, 11), reason="new in 3.11")
SINCE_3_12 = pytest.mark.skipif(sys.version_info < (3, 12), reason="new in 3.12")


@pytest.fixture
def record(client):
    """A record with the bin a: 1."""
    client.put(KEY, {"a": 1})
    yield KEY
    client.remove(KEY)


@pytest.fixture
def silent(scripted_node):
    """The configuration for a node that never answers what it is asked."""
    scripted_node.expect().stay_silent()
    return patient({"hosts": [scripted_node.host]})


def a_of(found: Any) -> Any:
    return found[2]["a"]


async def until_sent(node: Any, n: int = 1) -> None:
    """Wait until a scripted node has read n requests."""
    for _ in range(int(PATIENCE_S / 0.002)):
        if len(node.requests) >= n:
            return
        await asyncio.sleep(0.002)
    raise AssertionError(node.requests)


# --- ways to await ---


async def _await(call: Any) -> Any:
    return await call()


async def _twice(call: Any) -> Any:
    got = call()
    assert await got == await got
    return await got


async def _gather(call: Any) -> Any:
    found = await asyncio.gather(*(call() for _ in range(20)))
    assert len(found) == 20
    return found[-1]


async def _gather_exceptions(call: Any) -> Any:
    found = [*await asyncio.gather(call(), return_exceptions=True)]
    return found[0]


async def _wait_for(call: Any) -> Any:
    return await asyncio.wait_for(call(), PATIENCE_S)


async def _shield(call: Any) -> Any:
    return await asyncio.shield(call())


async def _create_task(call: Any) -> Any:
    return await asyncio.create_task(call())


async def _ensure_future(call: Any) -> Any:
    return await asyncio.ensure_future(call())


async def _wait(call: Any) -> Any:
    tasks = {asyncio.create_task(call()) for _ in range(5)}
    done, left = await asyncio.wait(tasks, timeout=PATIENCE_S)
    assert len(done) == 5
    assert not left
    return done.pop().result()


async def _as_completed(call: Any) -> Any:
    found = [await each for each in asyncio.as_completed([call() for _ in range(5)])]
    assert len(found) == 5
    return found[0]


async def _inside_of_coroutines(call: Any) -> Any:
    async def inner() -> Any:
        return await call()

    async def outer() -> Any:
        return await inner()

    return await outer()


async def _yield_from(call: Any) -> Any:
    class Awaitable:
        def __await__(self) -> Any:
            return (yield from call())

    return await Awaitable()


async def _callback(call: Any) -> Any:
    found = asyncio.get_running_loop().create_future()
    got = call()
    got.add_done_callback(lambda ended: found.set_result(ended.result()))
    return await found


async def _threadsafe(call: Any) -> Any:
    loop = asyncio.get_running_loop()

    def in_thread() -> Any:
        return asyncio.run_coroutine_threadsafe(call(), loop).result(PATIENCE_S)

    return await asyncio.to_thread(in_thread)


async def _timeout(call: Any) -> Any:
    async with newer.timeout(PATIENCE_S):
        return await call()


async def _task_group(call: Any) -> Any:
    async with newer.TaskGroup() as group:
        tasks = [group.create_task(call()) for _ in range(5)]
    return tasks[-1].result()


async def _eager(call: Any) -> Any:
    loop = asyncio.get_running_loop()
    if not isinstance(loop, uvloop.Loop):  # which has none on some versions of Python
        loop.set_task_factory(newer.eager_task_factory)
    return await asyncio.create_task(call())


async def _task_in_python(call: Any) -> Any:
    """The class of tasks that interpreters without the one in C have."""
    return await vars(asyncio.tasks)["_PyTask"](call(), loop=asyncio.get_running_loop())


WAYS = [
    _await,
    _twice,
    _gather,
    _gather_exceptions,
    _wait_for,
    _shield,
    _create_task,
    _task_in_python,
    _ensure_future,
    _wait,
    _as_completed,
    _inside_of_coroutines,
    _yield_from,
    _callback,
    _threadsafe,
    pytest.param(_timeout, marks=SINCE_3_11),
    pytest.param(_task_group, marks=SINCE_3_11),
    pytest.param(_eager, marks=SINCE_3_12),
]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request):
    return request.param


def test_result_comes_by_any_way(run, async_config, record, way):
    async def main() -> Any:
        async with AsyncClient(async_config) as client:
            if way is _twice:
                assert a_of(await client.get(record)) == 1
            return await way(lambda: client.get(record))

    assert a_of(run(main())) == 1


def test_result_comes_by_any_way_when_the_call_has_to_connect(
    run, async_config, record, way
):
    async def main() -> Any:
        client = AsyncClient(async_config)
        found = await way(lambda: client.get(record))
        assert client.is_connected()
        await client.close()
        return found

    assert a_of(run(main())) == 1


@pytest.mark.parametrize("connects", [True, False], ids=["connected", "first call"])
def test_error_comes_by_any_way(run, async_config, way, connects):
    async def main() -> Any:
        client = AsyncClient(async_config)
        if connects:
            await client.connect()
        try:
            found = await way(lambda: client.get(("test", "loops", "nobody")))
            assert way is _gather_exceptions
            raise found
        finally:
            await client.close()

    if way is _callback:
        return  # the error would come out of the callback
    with pytest.raises(BaseException) as caught:
        run(main())
    error: BaseException = caught.value
    if way is _task_group:
        error = error.exceptions[0]  # type: ignore[attr-defined]
    assert type(error) is exception.RecordNotFound
    assert error.key == ("test", "loops", "nobody")
    assert not error.in_doubt
    assert not aerospike.in_doubt(caught.value)


@pytest.mark.parametrize("n", [1, 2, 64, 1000])
def test_many_calls_at_once(run, async_config, n):
    keys = [("test", "loops", f"many{i}") for i in range(n)]

    async def main() -> None:
        async with AsyncClient(async_config) as client:
            await asyncio.gather(*(client.put(k, {"a": i}) for i, k in enumerate(keys)))
            found = await asyncio.gather(*map(client.get, keys))
            assert [a_of(each) for each in found] == list(range(n))
            await asyncio.gather(*map(client.remove, keys))

    run(main())


def test_calls_leave_and_come_in_turns(run, async_config, record):
    async def main() -> int:
        async with AsyncClient(async_config) as client:

            async def worker() -> int:
                return sum([a_of(await client.get(record)) for _ in range(50)])

            return sum(await asyncio.gather(*(worker() for _ in range(20))))

    assert run(main()) == 1000


# --- as a future ---


def test_call_is_a_future_and_a_coroutine(run, async_config, record):
    async def main() -> None:
        async with AsyncClient(async_config) as client:
            got = client.get(record)
            assert asyncio.isfuture(got)
            assert asyncio.iscoroutine(got)
            assert asyncio.ensure_future(got) is got
            assert got.get_loop() is asyncio.get_running_loop()
            assert (got.done(), got.cancelled()) == (False, False)
            with pytest.raises(asyncio.InvalidStateError):
                got.result()
            with pytest.raises(asyncio.InvalidStateError):
                got.exception()
            assert "get() under way" in repr(got)
            await got
            assert (got.done(), got.cancelled()) == (True, False)
            assert a_of(got.result()) == 1
            assert got.exception() is None
            assert not got.cancel()
            assert "get() done" in repr(got)

    run(main())


def test_callbacks_run_in_order_and_context_and_can_be_removed(
    run, async_config, record
):
    name = contextvars.ContextVar("name", default="nobody")

    async def main() -> list[Any]:
        seen: list[Any] = []
        async with AsyncClient(async_config) as client:
            got = client.get(record)

            def note(label: str) -> Any:
                return lambda ended: seen.append((label, name.get(), ended is got))

            removed = note("removed")
            got.add_done_callback(note("first"))
            got.add_done_callback(removed)
            context = contextvars.copy_context()
            context.run(name.set, "given")
            got.add_done_callback(note("second"), context=context)
            got.add_done_callback(removed)
            assert got.remove_done_callback(removed) == 2
            name.set("later")
            got.add_done_callback(note("third"))
            await got
            await asyncio.sleep(0)
            got.add_done_callback(note("after"))
            assert len(seen) == 3
            await asyncio.sleep(0.01)
            assert got.remove_done_callback(removed) == 0
        return seen

    assert run(main()) == [
        ("first", "nobody", True),
        ("second", "given", True),
        ("third", "later", True),
        ("after", "later", True),
    ]


def test_failing_callback_is_told_to_the_handler(run, async_config, record):
    async def main() -> None:
        told: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context))
        async with AsyncClient(async_config) as client:
            got = client.get(record)
            got.add_done_callback(lambda _: 1 / 0)
            got.add_done_callback(lambda _: told.append({"fine": True}))
            await got
            await asyncio.sleep(0.01)
        assert [type(each.get("exception")) for each in told] == [
            ZeroDivisionError,
            type(None),
        ]

    run(main())


def test_wrong_uses_are_refused(run, async_config, record):
    async def main() -> None:
        async with AsyncClient(async_config) as client:
            got = client.get(record)
            with pytest.raises(TypeError):
                type(got)()
            with pytest.raises(TypeError):
                got.add_done_callback()
            with pytest.raises(TypeError):
                got.add_done_callback(print, other=1)
            with pytest.raises(TypeError):
                got.throw()
            with pytest.raises(TypeError):
                got.throw(1)
            with pytest.raises(TypeError, match="missing required argument 'key'"):
                client.get()
            assert a_of(await got) == 1

    run(main())


def test_loop_without_an_await_is_refused(run, silent):
    async def main() -> None:
        async with AsyncClient(silent) as client:
            call = client.get(KEY)
            with pytest.raises(RuntimeError, match="await is missing"):
                for _ in call:
                    pass
            with pytest.raises(RuntimeError, match="await is missing"):
                _, _, _bins = call
            assert call.cancel()

    run(main())


def test_errors_of_arguments_come_where_the_call_is_awaited(run, async_config):
    async def main() -> None:
        async with AsyncClient(async_config) as client:
            got = client.get("no key")
            assert got.done()
            with pytest.raises(exception.ParamError) as caught:
                await got
            assert vars(caught.value)["in_doubt"] is False

    run(main())


# --- exceptions ---


def test_traceback_shows_who_awaits_each_time_anew(run, async_config):
    async def reads_a_record(got: Any) -> None:
        await got

    async def reads_it_again(got: Any) -> None:
        await got

    async def main() -> None:
        async with AsyncClient(async_config) as client:
            got = client.get(("test", "loops", "nobody"))
            lengths = []
            for reader in (reads_a_record, reads_it_again, reads_a_record):
                try:
                    await reader(got)
                except exception.RecordNotFound as error:
                    frames = traceback.extract_tb(error.__traceback__)
                    assert frames[-1].name == reader.__name__
                    lengths.append(len(frames))
            assert lengths == [lengths[0]] * 3

    run(main())


def test_error_that_nobody_retrieves_is_told_to_the_handler(run, async_config):
    async def main() -> None:
        told: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context))
        async with AsyncClient(async_config) as client:
            got = client.get(("test", "loops", "nobody"))
            while not got.done():
                await asyncio.sleep(0.001)
            del got
            client.get("no key")
            for heard in (client.get("no key"), client.get("no key")):
                heard.exception()
                heard.cancel()
            del heard
            gc.collect()
        assert [type(each["exception"]) for each in told] == [
            exception.RecordNotFound,
            exception.ParamError,
        ]
        assert "get() was never retrieved" in told[0]["message"]

    run(main())


def test_call_that_nobody_awaits_is_done_all_the_same(run, async_config, client):
    key = ("test", "loops", "unawaited")

    async def main() -> None:
        async with AsyncClient(async_config) as c:
            c.put(key, {"a": 1})
            for i in range(10):
                c.increment(key, "n", 1)
                if i % 3 == 0:
                    await asyncio.sleep(0)

    run(main())
    assert client.get(key)[2] == {"a": 1, "n": 10}
    client.remove(key)


# --- cancelling ---


async def _cancel_now(task: Any) -> None:
    task.cancel()


async def _cancel_soon(task: Any) -> None:
    await asyncio.sleep(0)
    task.cancel()


async def _cancel_later(task: Any) -> None:
    await asyncio.sleep(0.02)
    task.cancel()


CANCELS = [_cancel_now, _cancel_soon, _cancel_later]


@pytest.mark.parametrize("cancel", CANCELS)
@pytest.mark.parametrize("of", ["call", "task of it", "task that awaits it"])
@pytest.mark.parametrize("writes", [False, True])
def test_cancelled_call_tells_whether_it_is_in_doubt(
    run, scripted_node, cancel, of, writes
):
    scripted_node.default = OK_REPLY
    step = scripted_node.expect(WRITE if writes else READ)
    step.stay_silent()

    async def awaits(got: Any) -> Any:
        return await got

    async def main() -> None:
        config = patient({"hosts": [scripted_node.host]})
        async with AsyncClient(config) as client:
            got = client.put(KEY, {"a": 1}) if writes else client.get(KEY)
            waits = {
                "call": lambda: got,
                "task of it": lambda: asyncio.create_task(got),
                "task that awaits it": lambda: asyncio.create_task(awaits(got)),
            }[of]()
            if cancel is _cancel_later:
                await until_sent(scripted_node)
            await cancel(waits)
            with pytest.raises(asyncio.CancelledError) as caught:
                await waits
            if of == "task that awaits it" and cancel is _cancel_now:
                got.cancel()  # the task has never begun to await it
            elif cancel is _cancel_later or not writes:
                # in 3.10 a task tells it in the context of an error of its own
                assert aerospike.in_doubt(caught.value) is writes
            with pytest.raises(asyncio.CancelledError) as again:
                got.result()
            assert got.cancelled()
            assert vars(again.value)["in_doubt"] is got.in_doubt
        if not scripted_node.requests:  # none has left: the script has one step more
            async with AsyncClient(config) as client:
                got = client.put(KEY, {"a": 1}) if writes else client.get(KEY)
                await until_sent(scripted_node)
                got.cancel()

    run(main())


def test_cancelled_write_that_has_not_left_is_not_in_doubt(run, async_config, client):
    key = ("test", "loops", "unsent")

    async def main() -> None:
        async with AsyncClient(async_config) as c:
            # the first one leaves at once; what follows is gathered for one send
            first = c.get(("test", "loops", "nobody"))
            got = c.put(key, {"a": 1})
            got.cancel("no more")
            with pytest.raises(asyncio.CancelledError, match="no more") as caught:
                await got
            assert vars(caught.value)["in_doubt"] is False
            with pytest.raises(exception.RecordNotFound):
                await first

    run(main())
    assert client.exists(key)[1] is None


def test_others_go_on_when_one_is_cancelled(run, async_config, record):
    async def main() -> None:
        async with AsyncClient(async_config) as client:
            for n in range(1, 20):
                calls = [client.get(record) for _ in range(20)]
                if n % 2:
                    await asyncio.sleep(0)
                for got in calls[::n]:
                    got.cancel()
                found = await asyncio.gather(*calls, return_exceptions=True)
                for i, each in enumerate(found):
                    if calls[i].cancelled():
                        assert type(each) is asyncio.CancelledError
                        assert i % n == 0
                    else:
                        assert a_of(each) == 1

    run(main())


@pytest.mark.parametrize("writes", [False, True])
def test_timeout_of_asyncio_is_in_doubt_if_a_write_has_left(run, scripted_node, writes):
    scripted_node.expect().stay_silent()

    async def main() -> BaseException:
        config = patient({"hosts": [scripted_node.host]})
        async with AsyncClient(config) as client:
            got = client.put(KEY, {"a": 1}) if writes else client.get(KEY)
            await until_sent(scripted_node)
            with pytest.raises(asyncio.TimeoutError) as caught:
                await asyncio.wait_for(got, 0.01)
            assert got.cancelled()
        return caught.value

    assert aerospike.in_doubt(run(main())) is writes


@SINCE_3_11
def test_group_and_timeout_find_the_doubt(run, scripted_node):
    scripted_node.expect(WRITE).stay_silent()

    async def main() -> None:
        config = patient({"hosts": [scripted_node.host]})
        async with AsyncClient(config) as client:
            await client.connect()

            async def writes() -> None:
                async with newer.timeout(0.3):
                    await client.put(KEY, {"a": 1})

            with pytest.raises(vars(builtins)["BaseExceptionGroup"]) as caught:
                async with newer.TaskGroup() as group:
                    group.create_task(writes())
            assert aerospike.in_doubt(caught.value)

    run(main())


@SINCE_3_11
def test_tasks_of_a_group_keep_the_doubt_that_the_group_drops(run, scripted_node):
    scripted_node.expect(WRITE).stay_silent()

    async def fail() -> None:
        await until_sent(scripted_node)
        raise ValueError("no")

    async def main() -> None:
        async with AsyncClient(patient({"hosts": [scripted_node.host]})) as client:
            tasks: list[asyncio.Task[int]] = []

            async def both() -> None:
                async with newer.TaskGroup() as group:
                    tasks.append(group.create_task(client.put(KEY, {"a": 1})))
                    group.create_task(fail())

            with pytest.raises(Exception, match="unhandled errors") as raised:
                await both()
            assert not aerospike.in_doubt(raised.value)
            with pytest.raises(asyncio.CancelledError) as cancelled:
                tasks[0].result()
            assert aerospike.in_doubt(cancelled.value)

    run(main())


def test_gather_of_a_cancelled_call_raises_its_error(run, silent):
    async def main() -> None:
        async with AsyncClient(silent) as client:
            got = client.put(KEY, {"a": 1})
            both = asyncio.gather(got, asyncio.sleep(0.01))
            asyncio.get_running_loop().call_later(0.05, got.cancel, "enough")
            with pytest.raises(asyncio.CancelledError, match="enough") as caught:
                await both
            assert vars(caught.value)["in_doubt"]

    run(main())


def test_shield_keeps_the_call(run, async_config, client):
    key = ("test", "loops", "shielded")

    async def main() -> None:
        async with AsyncClient(async_config) as c:
            got = c.put(key, {"a": 1})
            shield = asyncio.shield(got)
            shield.cancel()
            with pytest.raises(asyncio.CancelledError):
                await shield
            assert await got == 0

    run(main())
    assert a_of(client.get(key)) == 1
    client.remove(key)


def test_task_cancelled_when_the_write_is_done_is_in_doubt(run, scripted_node):
    may_answer = threading.Event()
    scripted_node.expect(WRITE).wait(may_answer).send(OK_REPLY)

    async def main() -> None:
        config = patient({"hosts": [scripted_node.host]})
        async with AsyncClient(config) as client:
            await client.connect()
            got = client.put(KEY, {"a": 1})

            async def awaits() -> None:
                await got

            got.add_done_callback(lambda _: task.cancel())  # before the task is woken
            task: Any = asyncio.create_task(awaits())
            await asyncio.sleep(0)
            may_answer.set()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert got.result() == 0
            assert aerospike.in_doubt(caught.value)

    run(main())


def test_leaving_a_coroutine_gives_up_the_call(run, silent):
    async def main() -> None:
        async with AsyncClient(silent) as client:
            got = client.get(KEY)

            async def awaits() -> None:
                await got

            coroutine = awaits()
            coroutine.send(None)
            coroutine.close()
            assert got.cancelled()

    run(main())


def test_what_is_thrown_in_carries_the_doubt(run, scripted_node):
    scripted_node.expect(WRITE).stay_silent()

    async def main() -> None:
        async with AsyncClient(patient({"hosts": [scripted_node.host]})) as client:
            got = client.put(KEY, {"a": 1})
            await until_sent(scripted_node)
            with pytest.raises(KeyError) as caught:
                got.throw(KeyError("x"))
            assert vars(caught.value)["in_doubt"]
            assert got.cancelled()

    run(main())


def test_two_tasks_await_one_call(run, async_config, record):
    async def main() -> None:
        async with AsyncClient(async_config) as client:
            got = client.get(record)

            async def awaits() -> Any:
                return a_of(await got)

            assert await asyncio.gather(*(awaits() for _ in range(3))) == [1, 1, 1]

    run(main())


# --- contexts, garbage, loops ---


def test_context_of_the_task_is_kept(run, async_config, record):
    name = contextvars.ContextVar("name", default="nobody")

    async def main() -> None:
        async with AsyncClient(async_config) as client:

            async def worker(i: int) -> None:
                name.set(str(i))
                for _ in range(10):
                    await client.get(record)
                    assert name.get() == str(i)

            await asyncio.gather(*(worker(i) for i in range(30)))
            assert name.get() == "nobody"

    run(main())


def test_deserializer_runs_in_the_context_of_the_call(run, async_config):
    name = contextvars.ContextVar("name", default="nobody")
    keys = [("test", "loops", f"context{i}") for i in range(5)]

    async def main() -> None:
        functions = (lambda _: b"x", lambda _: name.get())
        config = {**async_config, "serialization": functions}
        async with aerospike.AsyncClient(config) as client:

            async def worker(key: Any) -> None:
                name.set(key[2])
                await client.put(key, {"a": {1}})
                for _ in range(5):
                    assert a_of(await client.get(key)) == key[2]
                await client.remove(key)

            await asyncio.gather(*map(worker, keys))

    run(main())


def test_calls_and_clients_are_collected(run, async_config, record):
    class Held:
        pass

    async def main() -> list[Any]:
        held, found = Held(), []
        async with AsyncClient(async_config) as client:
            got = client.get(record)
            held.cycle = got, held  # type: ignore[attr-defined]
            got.add_done_callback(lambda _, held=held: None)
            found.append(weakref.ref(held))
            await got
            failed = client.get("no key")
            with pytest.raises(exception.ParamError) as caught:
                await failed
            caught.value.cycle = failed  # type: ignore[attr-defined]
            del got, failed, caught, held
        found.append(weakref.ref(client))
        return found

    found = run(main())
    gc.collect()
    assert [each() for each in found] == [None, None]


def test_call_belongs_to_its_loop(scripted_node):
    may_answer = threading.Event()
    scripted_node.expect().wait(may_answer).send(ONE)

    async def main() -> Any:
        config = patient({"hosts": [scripted_node.host]})
        async with AsyncClient(config) as client:
            got = client.get(KEY)

            def other() -> None:
                async def awaits() -> None:
                    await got

                with pytest.raises((RuntimeError, ValueError), match="loop"):
                    asyncio.run(awaits())

            await asyncio.to_thread(other)
            may_answer.set()
            return await got

    assert a_of(asyncio.run(main())) == 1


def test_order_of_callbacks_is_that_of_call_soon(run, async_config, record):
    async def main() -> None:
        seen: list[int] = []
        async with AsyncClient(async_config) as client:
            loop = asyncio.get_running_loop()
            got = await asyncio.gather(*[client.get(record) for _ in range(3)])
            done = client.get(record)
            await done
            loop.call_soon(seen.append, 1)
            done.add_done_callback(lambda _: seen.append(2))
            loop.call_soon(seen.append, 3)
            done.add_done_callback(lambda _: seen.append(4))
            await asyncio.sleep(0.01)
            assert len(got) == 3
        assert seen == [1, 2, 3, 4]

    run(main())


def test_interrupt_in_a_task_ends_the_loop(async_config, record):
    """As one of asyncio's own tasks would; the others are woken afterwards."""
    ended: list[int] = []

    async def main() -> None:
        client = AsyncClient(async_config)
        await client.connect()

        async def worker(i: int) -> None:
            try:
                await client.get(record)
                if i == 3:
                    raise KeyboardInterrupt
                ended.append(i)
            finally:
                if i == 9:
                    await client.close()

        await asyncio.gather(*(worker(i) for i in range(10)))

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert 3 not in ended
