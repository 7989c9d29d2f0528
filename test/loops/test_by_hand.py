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


def result_of(client, call, wait=None):
    """What a call or a coroutine returns, which yields the calls that it awaits."""
    try:
        while True:
            (wait or select_until_done)(client, call.send(None))
    except StopIteration as end:
        return end.value
    finally:
        call.close()


def select_until_done(client, call):
    deadline = time.monotonic() + PATIENCE_S
    client.turn()
    while not call.done():
        assert time.monotonic() < deadline
        select.select([client.fileno()], [], [], 1)
        client.turn()


def test_calls_end_in_turns(async_config, key):
    def main():
        client = AsyncClient(async_config)
        assert client.fileno() == client.fileno() > 2
        assert client.is_connected()
        called: list[Any] = []
        put = client.put(key, {"n": 1})
        put.add_done_callback(called.append)
        select_until_done(client, put)
        client.turn()
        assert called == [put]
        calls = [client.increment(key, "n", 1) for _ in range(20)]
        for call in calls:
            result_of(client, call)
        record = result_of(client, client.get(key))
        with pytest.raises(exception.ParamError):
            result_of(client, client.get("no key"))
        result_of(client, client.close())
        assert not client.is_connected()
        return record.bins

    assert in_thread(main) == {"n": 21}


def test_descriptor_tells_of_all_that_is_to_do(async_config):
    """Also of a batch that goes on in slices, and of callbacks."""

    def main():
        client = AsyncClient(async_config)
        fd = client.fileno()
        called: list[Any] = []
        call = client.batch_read([("test", "nobody", i) for i in range(5000)])
        call.add_done_callback(called.append)
        client.turn()
        while not called:
            assert select.select([fd], [], [], PATIENCE_S)[0]
            client.turn()
        result_of(client, client.close())
        return len(call.result().batch_records)

    assert in_thread(main) == 5000


def test_coroutines_yield_calls_and_are_told_their_errors(async_config, tmp_path):
    module = tmp_path / f"by_hand_{threading.get_ident()}.lua"
    module.write_text("function one(rec) return 1 end")

    def main():
        client = AsyncClient(async_config)
        client.fileno()
        result_of(client, client.udf_put(str(module)))  # asks until a node has it
        text = result_of(client, client.udf_get(module.name))
        result_of(client, client.udf_remove(module.name))
        with pytest.raises(exception.UDFError):
            result_of(client, client.udf_get(module.name))
        result_of(client, client.close())
        return text

    assert "return 1" in in_thread(main)


def test_gevent(dev_cluster, async_config, new_key):
    gevent = pytest.importorskip("gevent", reason="gevent is not installed")
    AsyncResult = pytest.importorskip("gevent.event").AsyncResult
    keys = [new_key() for _ in range(20)]

    def main():
        client = AsyncClient(async_config)
        loop = gevent.get_hub().loop

        def wait(client, call):
            is_done = AsyncResult()
            call.add_done_callback(is_done.set)
            loop.run_callback(client.turn)
            is_done.get()

        def visit(key):
            result_of(client, client.increment(key, "n", 1), wait)
            return result_of(client, client.get(key), wait).bins

        watcher = loop.io(client.fileno(), 1)
        watcher.start(client.turn)
        greenlets = [gevent.spawn(visit, key) for key in keys]
        gevent.joinall(greenlets, PATIENCE_S)
        with dev_cluster.faults.silence(commands="read"):
            call = client.get(keys[0])
            with gevent.Timeout(0.1, False):
                result_of(client, call, wait)
        assert call.cancelled()
        watcher.stop()
        watcher.close()
        result_of(client, client.close())
        return [greenlet.value for greenlet in greenlets]

    assert in_thread(main) == [{"n": 1}] * 20
