"""The asynchronous client without an event loop: its descriptor, and turns."""

from __future__ import annotations

import select
import threading
import time
from typing import Any

import pytest

import aerospike
from aerospike import exception

from ..waiting import PATIENCE_S

AsyncClient: Any = aerospike.AsyncClient  # to do with it what types forbid


def in_thread(function):
    """What a function returns in a thread of its own, which drives clients by hand."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join(PATIENCE_S)
    assert results, "it has raised, or hangs"
    return results[0]


def wait(client, call):
    deadline = time.monotonic() + PATIENCE_S
    client.turn()
    while not call.done():
        assert time.monotonic() < deadline
        select.select([client.fileno()], [], [], 1)
        client.turn()
    return call.result()


def run(client, coroutine):
    """The result of a coroutine, which yields the calls that it awaits."""
    try:
        while True:
            wait(client, coroutine.send(None))
    except StopIteration as end:
        return end.value


def test_calls_end_in_turns(async_config, key):
    def main():
        client = AsyncClient(async_config)
        assert client.fileno() == client.fileno() > 2
        assert client.is_connected()
        called: list[Any] = []
        put = client.put(key, {"n": 1})
        put.add_done_callback(called.append)
        wait(client, put)
        client.turn()
        assert called == [put]
        calls = [client.increment(key, "n", 1) for _ in range(20)]
        for call in calls:
            wait(client, call)
        record = wait(client, client.get(key))
        with pytest.raises(exception.ParamError):
            wait(client, client.get("no key"))
        run(client, client.close())
        assert not client.is_connected()
        return record.bins

    assert in_thread(main) == {"n": 21}


def test_coroutines_yield_calls(async_config):
    def main():
        client = AsyncClient(async_config)
        client.fileno()
        modules = run(client, client.udf_list())
        run(client, client.close())
        return modules

    assert isinstance(in_thread(main), list)


def test_gevent(async_config, new_key):
    gevent = pytest.importorskip("gevent", reason="gevent is not installed")
    AsyncResult = pytest.importorskip("gevent.event").AsyncResult

    keys = [new_key() for _ in range(20)]

    def main():
        client = AsyncClient(async_config)
        loop = gevent.get_hub().loop

        def wait(call):
            done = AsyncResult()
            call.add_done_callback(done.set)
            loop.run_callback(client.turn)
            done.get()
            return call.result()

        def visit(key):
            wait(client.increment(key, "n", 1))
            return wait(client.get(key)).bins

        watcher = loop.io(client.fileno(), 1)
        watcher.start(client.turn)
        greenlets = [gevent.spawn(visit, key) for key in keys]
        gevent.joinall(greenlets, PATIENCE_S)
        watcher.stop()
        watcher.close()
        run(client, client.close())
        return [greenlet.value for greenlet in greenlets]

    assert in_thread(main) == [{"n": 1}] * 20
