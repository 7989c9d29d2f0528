"""The life of an AsyncClient: connecting, closing, event loops that come and go."""

from __future__ import annotations

import asyncio
import gc
import pickle
import sys
import textwrap
import threading
import warnings
import weakref
from pathlib import Path
from typing import Any

import pytest
import uvloop

import aerospike
from aerospike import _async_client, exception

from ..absent import ABSENT, need
from ..children import run_script
from ..faults.peer import OK_REPLY, ScriptedNode, reply
from ..sanitizers import no_threads_in_children
from ..waiting import NOWHERE, PATIENCE_S, Watch, join_all, patient, wait_for

AsyncClient: Any = aerospike.AsyncClient  # to do with it what types forbid

KEY = ("test", "loops", "life")
ONE = reply(0, [(b"a", 1, bytes(7) + b"\1")])
other_run = asyncio.run if "uvloop" in ABSENT else uvloop.run


@pytest.fixture
def record(client):
    """A record with the bin a: 1."""
    client.put(KEY, {"a": 1})
    yield KEY
    client.remove(KEY)


async def sent(node: ScriptedNode, n: int = 1) -> None:
    """Wait until a scripted node has read n requests."""
    for _ in range(int(PATIENCE_S / 0.002)):
        if len(node.requests) >= n:
            return
        await asyncio.sleep(0.002)
    raise AssertionError(node.requests)


# --- connecting ---


def test_constructor_does_no_io_and_checks_the_configuration():
    client = AsyncClient({"hosts": [NOWHERE]})
    assert not client.is_connected()
    assert "not connected yet" in repr(client)
    with pytest.raises(exception.ParamError):
        AsyncClient({"hosts": 5})
    with pytest.raises(exception.ParamError):
        AsyncClient()
    with pytest.raises(RuntimeError):
        client.__init__({"hosts": [NOWHERE]})
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(client)


def test_half_made_client_says_so(run):
    client = aerospike.AsyncClient.__new__(aerospike.AsyncClient)

    async def main() -> None:
        for call in (client.get(KEY), client.connect()):
            with pytest.raises(exception.ParamError):
                await call
        await client.close()

    run(main())


def test_client_can_be_opened_and_closed_many_times(run, async_config, record):
    async def main() -> None:
        client = AsyncClient(async_config)
        for _ in range(3):
            assert await client.connect() is client
            assert await client.connect() is client
            assert client.is_connected()
            assert (await client.get(record))[2] == {"a": 1}
            await client.close()
            await client.close()
            assert not client.is_connected()
            assert "closed" in repr(client)
            with pytest.raises(exception.ClusterError):
                await client.get(record)

    run(main())


def test_connected_client_keeps_no_thread(run, async_config, record, monkeypatch):
    """From Python 3.13 on a thread's stack stays as long as its object."""
    threads: list[weakref.ref[threading.Thread]] = []

    class Seen(threading.Thread):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            threads.append(weakref.ref(self))

    monkeypatch.setattr(_async_client, "Thread", Seen)

    async def main() -> None:
        async with AsyncClient(async_config) as client:
            assert (await client.get(record))[2] == {"a": 1}
            assert threads
            for _ in range(int(PATIENCE_S / 0.002)):  # it may take a while to end
                if not any(thread() for thread in threads):
                    return
                await asyncio.sleep(0.002)
            raise AssertionError(threads)

    run(main())


def test_cluster_that_does_not_answer_raises_in_each_call(run):
    async def main() -> None:
        client = AsyncClient({"hosts": [NOWHERE]})
        with pytest.raises(exception.ConnectionError) as caught:
            await client.connect()
        found = await asyncio.gather(
            *(client.get(KEY) for _ in range(20)), return_exceptions=True
        )
        assert {type(each) for each in found} == {exception.ConnectionError}
        assert len({id(each) for each in found}) == 20
        assert str(found[0]) == str(caught.value)
        assert not aerospike.in_doubt(found[0])
        with pytest.raises(exception.ConnectionError):
            async with client:
                pass

    run(main())


def test_first_call_connects_within_its_total_timeout(run):
    """The node accepts connections, and says nothing."""
    with ScriptedNode(n_accepts=0) as node:

        async def main() -> None:
            client = AsyncClient({"hosts": [node.host], "connect_timeout": 20_000})
            with Watch() as watch, pytest.raises(exception.TimeoutError) as caught:
                await client.get(KEY, {"total_timeout": 300})
            watch.assert_took(0.3)
            assert not caught.value.in_doubt
            both = (
                client.get(KEY, {"total_timeout": 300}),
                client.put(KEY, {"a": 1}, policy={"total_timeout": 600}),
            )
            with Watch() as watch:
                found = await asyncio.gather(*both, return_exceptions=True)
            watch.assert_took(0.6)
            assert {type(each) for each in found} == {exception.TimeoutError}

        run(main())


def test_time_to_connect_is_taken_from_the_call(run):
    """The call's time limit goes to the server: it is what connecting has left."""
    with ScriptedNode() as node:
        gate = threading.Event()
        timers = [threading.Timer(0.4, gate.set)]

        def answer(kind: int, body: bytes) -> None:
            if timers:
                timers.pop().start()  # by now the client is connecting
            gate.wait(PATIENCE_S)

        node.on_frame = answer
        node.default = ONE

        async def main() -> None:
            client = AsyncClient({"hosts": [node.host], "connect_timeout": 20_000})
            await client.get(KEY, {"total_timeout": 30_000, "socket_timeout": 0})
            await client.get(KEY, {"total_timeout": 30_000, "socket_timeout": 0})
            await client.close()

        run(main())
        first, second = (request.budget_ms for request in node.requests)
        assert first <= 29_700
        assert 29_700 < second <= 30_000


def test_tasks_connect_together(run, scripted_node):
    scripted_node.default = ONE

    async def main() -> None:
        config = patient({"hosts": [scripted_node.host], "max_conns_per_node": 4})
        client = AsyncClient(config)
        found = await asyncio.gather(*(client.get(KEY) for _ in range(200)))
        assert {each[2]["a"] for each in found} == {1}
        await client.close()

    run(main())
    assert scripted_node.n_accepted <= 4 + 3  # those of tending among them


def test_cancelled_connecting_leaves_the_client_usable(run, async_config, record):
    async def main() -> None:
        client = AsyncClient(async_config)
        task = asyncio.create_task(client.get(record))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert not aerospike.in_doubt(caught.value)
        assert (await client.get(record))[2] == {"a": 1}
        await client.close()

    run(main())


# --- closing ---


def test_close_waits_for_calls_under_way(run, scripted_node):
    may_answer = threading.Event()
    scripted_node.expect().wait(may_answer).send(OK_REPLY)

    async def main() -> None:
        client = AsyncClient(patient({"hosts": [scripted_node.host]}))
        await client.connect()
        got = client.put(KEY, {"a": 1})
        await sent(scripted_node)
        closing = asyncio.create_task(client.close())
        await asyncio.sleep(0.01)
        assert not got.done()
        with pytest.raises(exception.ClusterError):
            await client.get(KEY)
        may_answer.set()
        assert await got == 0
        await closing

    run(main())


@pytest.mark.parametrize("writes", [False, True])
def test_cancelled_close_gives_up_calls_under_way(run, scripted_node, writes):
    scripted_node.expect().stay_silent()

    async def main() -> None:
        client = AsyncClient(patient({"hosts": [scripted_node.host]}))
        await client.connect()
        got = client.put(KEY, {"a": 1}) if writes else client.get(KEY)
        await sent(scripted_node)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.close(), 0.05)
        with pytest.raises(exception.ClusterError, match="closed while") as caught:
            await got
        assert caught.value.in_doubt is writes

    run(main())


def test_client_that_was_never_closed_warns(async_config, record):
    async def main() -> None:
        client = AsyncClient(async_config)
        assert (await client.get(record))[2] == {"a": 1}

    with pytest.warns(ResourceWarning, match="AsyncClient of .* was never closed") as w:
        asyncio.run(main())
    assert Path(w[0].filename).parent == Path(aerospike.__file__).parent


def test_client_that_was_never_closed_warns_while_the_loop_runs(run, async_config):
    async def main() -> None:
        client = AsyncClient(async_config)
        await client.connect()
        await asyncio.gather(*(client.put(KEY, {"a": i}) for i in range(3)))
        with pytest.warns(ResourceWarning, match="was never closed"):
            del client
        await asyncio.sleep(0.01)

    run(main())


def test_client_that_never_connected_or_was_closed_does_not_warn(run, async_config):
    async def main() -> None:
        AsyncClient(async_config)
        async with AsyncClient(async_config):
            pass

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(main())
        gc.collect()


# --- event loops ---


def test_client_serves_one_loop_after_another(async_config, record):
    """The first loops end with the client open, and calls of it under way."""
    client = AsyncClient(async_config)
    left = []

    async def main() -> Any:
        await client.connect()
        left.append(client.get(record))
        return (await client.get(record))[2]

    async def last() -> None:
        await main()
        await client.close()

    for runner in (asyncio.run, other_run, asyncio.run):
        assert runner(main()) == {"a": 1}
    asyncio.run(last())
    assert all(each.done() for each in left)


def test_calls_of_a_loop_that_was_closed_end(scripted_node):
    scripted_node.expect().stay_silent()
    scripted_node.default = ONE
    client = AsyncClient(patient({"hosts": [scripted_node.host]}))

    async def first() -> Any:
        await client.connect()
        got = client.put(KEY, {"a": 1})
        await sent(scripted_node)
        return got

    async def second() -> Any:
        return await client.get(KEY)

    got = asyncio.run(first())
    assert not got.done()
    assert asyncio.run(second())[2] == {"a": 1}
    with pytest.raises(exception.ClusterError, match="loop was closed") as caught:
        got.result()
    assert caught.value.in_doubt
    asyncio.run(client.close())


def test_loops_in_threads_share_a_client(async_config, record):
    client = AsyncClient(async_config)
    found: list[Any] = []

    async def worker() -> None:
        found.extend([(await client.get(record))[2]["a"] for _ in range(40)])

    async def main() -> None:
        await asyncio.gather(*(worker() for _ in range(10)))

    runners = [asyncio.run, other_run, asyncio.run, other_run]
    threads = [threading.Thread(target=run, args=[main()]) for run in runners]
    for thread in threads:
        thread.start()
    join_all(threads)
    assert found == [1] * 1600
    asyncio.run(client.close())


def test_close_in_one_loop_lets_calls_of_another_end(scripted_node):
    may_answer = threading.Event()
    scripted_node.expect().wait(may_answer).send(OK_REPLY)
    client = AsyncClient(patient({"hosts": [scripted_node.host]}))
    found: list[Any] = []

    async def puts() -> None:
        found.append(await client.put(KEY, {"a": 1}))
        with pytest.raises(exception.ClusterError):
            await client.get(KEY)
        found.append("closed")

    async def main() -> None:
        await client.connect()
        thread = threading.Thread(target=asyncio.run, args=[puts()])
        thread.start()
        await sent(scripted_node)
        await client.close()
        may_answer.set()
        await asyncio.to_thread(join_all, [thread])

    asyncio.run(main())
    assert found == [0, "closed"]


def test_call_that_still_connects_ends_after_another_loop_has_closed(
    run, async_config, record
):
    goes_on = threading.Event()

    class Slow(aerospike.AsyncClient):
        """Its first attempt to connect takes a while."""

        def _connect(self, *login: Any) -> Any:
            wait_for(goes_on)
            return super()._connect(*login)

    def elsewhere(function: Any) -> None:
        thread = threading.Thread(target=function)
        thread.start()
        join_all([thread])

    async def main() -> Any:
        client = Slow(patient(async_config))
        call = client.get(record)  # which has to connect first
        elsewhere(lambda: aerospike.AsyncClient._connect(client))
        await client.get(record)  # the client has a loop here by now
        elsewhere(lambda: asyncio.run(client.close()))
        await asyncio.sleep(0.01)  # and here it has gone
        goes_on.set()
        found = await asyncio.wait_for(asyncio.shield(call), PATIENCE_S)
        await client.close()
        return found

    assert run(main())[2] == {"a": 1}


def test_close_that_is_dropped_in_the_middle_closes(run, async_config, record):
    async def main() -> None:
        client = await AsyncClient(async_config).connect()
        call = client.get(record)
        closing = client.close()
        closing.send(None)  # it waits for the call
        closing.close()
        with pytest.raises(exception.ClusterError, match="the client was closed"):
            await call
        assert not client.is_connected()

    run(main())


def test_nobody_misses_the_error_of_a_signal(run, async_config):
    """connect() has lost it when its event loop is closed, and its task is gone."""

    async def main() -> list[Any]:
        heard: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: heard.append(context)
        )
        async with AsyncClient(async_config) as client:
            signal = client._signal()
            signal._fail(ValueError())
            del signal
            gc.collect()
        return heard

    assert run(main()) == []


def test_close_lets_calls_of_a_loop_that_stands_still_end_when_it_goes_on(
    scripted_node,
):
    scripted_node.expect().send(OK_REPLY)
    client = aerospike.AsyncClient(patient({"hosts": [scripted_node.host]}))
    still = asyncio.new_event_loop()

    async def begin() -> Any:
        await client.connect()
        return client.put(KEY, {"a": 1})

    async def end(call: Any) -> Any:
        return await call

    call = still.run_until_complete(begin())
    asyncio.run(client.close())  # of the same thread, and not the loop of the call
    assert still.run_until_complete(end(call)) == 0
    still.close()


def test_call_without_a_loop_is_made_when_it_is_awaited(run, async_config, record):
    client = AsyncClient(async_config)
    got = client.get(record)
    assert got.__qualname__ == "AsyncClient.get"

    async def main() -> Any:
        found = await got
        await client.close()
        return found

    assert run(main())[2] == {"a": 1}
    with pytest.raises(exception.ClusterError):
        asyncio.run(client.get(record))
    with pytest.warns(RuntimeWarning, match=r"'AsyncClient.get' was never awaited"):
        client.get(record)


def test_descriptor_and_turn_are_public(run, async_config, record):
    async def main() -> None:
        client = AsyncClient(async_config)
        with pytest.raises(exception.ClusterError, match="not connected"):
            client.fileno()
        async with client:
            assert client.fileno() == client.fileno() > 2
            got = client.get(record)
            client.turn()
            assert (await got)[2] == {"a": 1}
            with pytest.raises(TypeError):
                client.turn(1)
        with pytest.raises(exception.ClusterError, match="closed"):
            client.turn()

    run(main())


def test_plain_methods_wait_for_nothing(run, async_config, client):
    async def main() -> None:
        async with AsyncClient(async_config) as c:
            assert c.is_connected() is True
            assert c.shm_key() is None
            assert c.get_policies()["read"] == client.get_policies()["read"]
            assert c.get_key_digest("test", "s", 1) == client.get_key_digest(
                "test", "s", 1
            )
            assert c.get_key_partition_id(
                "test", "s", 1
            ) == client.get_key_partition_id("test", "s", 1)

    run(main())


def test_subclass_wraps_calls_and_has_attributes(run, async_config, record):
    class Counting(aerospike.AsyncClient):
        n = 0

        async def get(self, *args: Any, **kwargs: Any) -> Any:
            self.n += 1
            return await super().get(*args, **kwargs)

    async def main() -> None:
        client: Any = Counting(async_config)
        client.name = "mine"
        for _ in range(3):
            assert (await client.get(record))[2] == {"a": 1}
        assert (client.n, client.name) == (3, "mine")
        await client.close()

    run(main())


def test_debug_mode_has_nothing_to_complain_about(async_config, record):
    async def main() -> None:
        async with AsyncClient(async_config) as client:
            task = asyncio.create_task(client.get(record))
            assert "AsyncClient.get" in repr(task)
            await task
            await asyncio.gather(*(client.get(record) for _ in range(10)))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main(), debug=True)


# --- processes ---

PRELUDE = """
import asyncio, warnings
warnings.simplefilter("ignore", ResourceWarning)
async def put_and_get(client):
    assert await client.put(KEY, {"a": 1}) == 0
    assert (await client.get(KEY))[2] == {"a": 1}
client = aerospike.AsyncClient({"hosts": hosts, **PATIENT})
"""


def script(hosts: Any, text: str) -> Any:
    return run_script(PRELUDE + textwrap.dedent(text), hosts, limit_s=PATIENCE_S)


def test_open_client_may_go_last_when_the_interpreter_exits(hosts):
    """The client's module may have lost its names by then."""
    script(
        hosts,
        """
        import sys
        asyncio.run(put_and_get(client))
        sys.modules["last"] = client
        """,
    )


@pytest.mark.parametrize("runner", ["asyncio", "uvloop"])
def test_interpreter_exits_with_live_loops(hosts, runner):
    """One loop has ended, one runs in a daemon thread, calls are under way in both."""
    if runner == "uvloop":
        need("uvloop")
    script(
        hosts,
        f"""
        import {runner} as runner
        async def leave():
            await put_and_get(client)
            return [client.get(KEY) for _ in range(10)]
        left = runner.run(leave())
        ready = threading.Event()
        async def go_on():
            await put_and_get(client)
            ready.set()
            while True:
                await asyncio.gather(*(client.get(KEY) for _ in range(20)))
        threading.Thread(target=runner.run, args=[go_on()], daemon=True).start()
        assert ready.wait(60)
        """,
    )


def test_interpreter_exits_inside_of_a_loop(hosts):
    script(
        hosts,
        """
        async def main():
            await put_and_get(client)
            left = [client.put(KEY, {"a": 1}) for _ in range(10)]
            raise SystemExit(0)
        asyncio.run(main())
        """,
    )


@no_threads_in_children
@pytest.mark.skipif(not hasattr(sys, "getrefcount"), reason="needs a fork")
def test_child_of_a_fork_has_loops_of_its_own(hosts):
    script(
        hosts,
        """
        async def main():
            await put_and_get(client)
            left = [client.get(KEY) for _ in range(10)]
            pid = os.fork()
            if pid == 0:
                try:
                    asyncio._set_running_loop(None)
                    asyncio.run(child(left))
                finally:
                    os._exit(0 if not failures else 3)
            found = await asyncio.gather(*left)
            assert [each[2] for each in found] == [{"a": 1}] * 10
            await put_and_get(client)
            _, status = await asyncio.to_thread(os.waitpid, pid, 0)
            assert os.waitstatus_to_exitcode(status) == 0, status
            await put_and_get(client)
            await client.close()

        failures = ["the child has not come to its end"]

        async def child(left):
            await put_and_get(client)
            for each in left:
                assert each.done()
                assert isinstance(each.exception(), exception.ClusterError)
                assert "forked" in str(each.exception())
            await client.close()
            failures.clear()

        asyncio.run(main())
        """,
    )


@no_threads_in_children
@pytest.mark.skipif(not hasattr(sys, "getrefcount"), reason="needs a fork")
def test_child_of_a_fork_connects_when_its_parent_was_connecting(hosts):
    """The thread that connects is the parent's, and never ends in the child."""
    script(
        hosts,
        """
        class Slow(aerospike.AsyncClient):
            begun, may_go_on = threading.Event(), threading.Event()

            def _connect(self, *args):
                self.begun.set()
                assert self.may_go_on.wait(60)
                return super()._connect(*args)

        client = Slow({"hosts": hosts, **PATIENT})

        async def main():
            connecting = asyncio.ensure_future(client.connect())
            assert await asyncio.to_thread(client.begun.wait, 60)
            pid = os.fork()
            if pid == 0:
                try:
                    client.may_go_on.set()
                    asyncio._set_running_loop(None)
                    asyncio.run(child())
                finally:
                    os._exit(0 if not failures else 3)
            _, status = await asyncio.to_thread(os.waitpid, pid, 0)
            assert os.waitstatus_to_exitcode(status) == 0, status
            client.may_go_on.set()
            await connecting
            await put_and_get(client)
            await client.close()

        failures = ["the child has not come to its end"]

        async def child():
            await put_and_get(client)
            await client.connect()
            await client.close()
            failures.clear()

        asyncio.run(main())
        """,
    )
