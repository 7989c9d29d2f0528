"""What threads share besides the calls of a client: its life, what the module keeps,
and the calls of a client in event loops. Nothing here may fail in another way than the
manual says, nor end the process; without the GIL only locks see to that.
"""

from __future__ import annotations

import asyncio
import sysconfig
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

import aerospike
from aerospike import _report, exception

from ..children import run_script
from ..waiting import PATIENCE_S, patient
from .test_threads import run_threads

N_ROUNDS = 40
KEY = ("test", "shared", 1)

without_gil = pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"),
    reason="this Python has the GIL, of which the test asks whether it is off",
)


@without_gil
def test_modules_leave_the_gil_off(built_with_tls, hosts):
    script = """
    from aerospike import _core, _tls
    client = aerospike.client({"hosts": hosts} | PATIENT)
    client.put(KEY, {"a": 1})
    client.close()
    print(sys._is_gil_enabled())
    """
    assert run_script(script, hosts) == "False\n"


def run_numbered(work: Callable[[int], object], n: int) -> None:
    """Run a function in so many threads, each with its number; none may raise."""
    raised = run_threads([partial(work, i) for i in range(n)])
    assert not raised, raised


def in_rounds(*functions: Callable[[], object]) -> None:
    """Call each function again and again in a thread of its own, all at once.

    A call of a closed client is what it should be.
    """

    def again(i: int) -> None:
        for _ in range(N_ROUNDS):
            with suppress(exception.ClusterError):
                functions[i]()

    run_numbered(again, len(functions))


def test_client_is_connected_and_closed_while_it_is_used(make_client):
    client = make_client()

    def look() -> None:
        assert client.is_connected() in (True, False)
        assert "aerospike.Client" in repr(client)
        client.get_policies()
        client.shm_key()

    in_rounds(
        client.connect,
        client.connect,
        client.close,
        client.close,
        lambda: client.put(KEY, {"a": 1}),
        lambda: client.exists(KEY),
        look,
    )
    assert client.connect() is client
    client.put(KEY, {"a": 2})


def test_constructor_is_called_by_all_threads(hosts):
    """One of them makes the client, and the others are told so."""
    client = aerospike.Client.__new__(aerospike.Client)
    made: list[bool] = []

    def construct(i: int) -> None:
        try:
            aerospike.Client.__init__(client, patient({"hosts": hosts}))
            made.append(True)
        except RuntimeError:
            made.append(False)

    run_numbered(construct, 6)
    assert sorted(made) == [False] * 5 + [True]
    client.close()


def test_serializers_are_replaced_while_they_run(client):
    """Each blob is written and read by one of them, or by none."""

    def put() -> None:
        with suppress(exception.ClientError):  # none is set at the moment
            client.put(KEY, {"a": {1, 2}}, serializer=aerospike.SERIALIZER_USER)

    def set_new() -> None:
        aerospike.set_serializer(lambda value: b"\1" + repr(value).encode())
        aerospike.set_deserializer(lambda blob: ["read", blob])

    client.put(KEY, {"a": b"\xff"})
    try:
        in_rounds(
            put,
            put,
            set_new,
            set_new,
            aerospike.unset_serializers,
            lambda: client.get(KEY),
            lambda: client.get(KEY),
        )
    finally:
        aerospike.unset_serializers()


def test_log_handlers_are_replaced_while_they_run(hosts):
    lines: list[str] = []

    def set_new() -> None:
        aerospike.set_log_handler(lambda *line: lines.append(line[-1]))

    def log() -> None:
        aerospike.client(patient({"hosts": hosts})).close()

    aerospike.set_log_level(aerospike.LOG_LEVEL_TRACE)
    try:
        in_rounds(set_new, set_new, lambda: aerospike.set_log_handler(None), log, log)
    finally:
        aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)
        aerospike.set_log_handler(_report.log_line)
    assert all(isinstance(line, str) for line in lines)


def run_loop(main: Callable[[], Any]) -> None:
    """Run a coroutine function in an event loop that never sleeps for long: what other
    threads do with its calls does not wake it.
    """

    async def tick() -> None:
        while True:
            await asyncio.sleep(0.002)

    async def whole() -> None:
        ticking = asyncio.create_task(tick())
        await asyncio.wait_for(main(), PATIENCE_S)
        ticking.cancel()

    asyncio.run(whole())


def ask(call: Any) -> None:
    """Ask a call all that other threads may ask it."""
    assert call.done() in (True, False)
    assert call.cancelled() in (True, False)
    assert call.in_doubt in (True, False)
    assert "aerospike call" in repr(call)
    call.remove_done_callback(print)
    with suppress(asyncio.InvalidStateError, asyncio.CancelledError):
        call.exception()
    with suppress(asyncio.InvalidStateError, asyncio.CancelledError):
        assert call.result()[2] == {"a": 1}


@pytest.mark.parametrize("gives_up", [False, True], ids=["asks", "cancels"])
def test_calls_of_event_loops_are_asked_by_other_threads(hosts, client, gives_up):
    client.put(KEY, {"a": 1})
    shared = aerospike.AsyncClient(patient({"hosts": hosts}))
    calls: list[Any] = []
    ended = threading.Event()

    async def main() -> None:
        await shared.connect()
        for _ in range(N_ROUNDS):
            new = [shared.get(KEY) for _ in range(10)]
            calls.extend(new)
            for call in new:
                with suppress(asyncio.CancelledError):
                    await call

    def work(i: int) -> None:
        if i < 3:
            try:
                run_loop(main)
            finally:
                ended.set()
        while not ended.is_set():
            for call in calls[-20:]:
                ask(call)
                if gives_up and i == 3:
                    call.cancel()
            time.sleep(0.001)  # the loops want to go on

    run_numbered(work, 6)
    asyncio.run(shared.close())
    assert all(call.done() for call in calls)


def test_client_of_event_loops_is_closed_by_one_of_them(hosts, client):
    client.put(KEY, {"a": 1})
    shared = aerospike.AsyncClient(patient({"hosts": hosts}))

    async def read() -> None:
        with suppress(exception.ClusterError):  # it was closed
            assert (await shared.get(KEY))[2] == {"a": 1}

    async def close() -> None:
        await shared.close()
        await shared.connect()

    def work(i: int) -> None:
        for _ in range(N_ROUNDS // 4):
            run_loop(close if i == 0 else read)

    run_numbered(work, 6)
    asyncio.run(shared.close())
