"""The asynchronous client without an event loop: its descriptor, and turns."""

from __future__ import annotations

import asyncio
import functools
import select
import signal
import threading
from typing import Any

import pytest

import aerospike
from aerospike import _async_client, _loops, exception

from ..absent import need
from ..faults.peer import OK_REPLY
from ..tracing import before_bytecode
from ..waiting import PATIENCE_S, Watch, patient, until

AsyncClient: Any = aerospike.AsyncClient  # to do with it what types forbid

KEY = ("test", "loops", "by hand")
SOON_S = 0.5
"""Nothing else makes the descriptor readable in this time."""


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
    client.turn()
    while not call.done():
        assert select.select([client.fileno()], [], [], PATIENCE_S)[0]
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


@pytest.mark.parametrize("ends_late", [False, True])
def test_callbacks_do_not_wait_for_other_calls(connected, scripted_node, ends_late):
    """The descriptor tells of them, also if another call has begun meanwhile."""
    may_answer = threading.Event()
    for _ in range(2):
        scripted_node.expect().wait(may_answer).send(OK_REPLY)

    def main(client):
        called: list[Any] = []
        call = client.get(KEY)
        sent(client, scripted_node)
        if ends_late:
            call.add_done_callback(called.append)
        call.cancel()
        if not ends_late:
            call.add_done_callback(called.append)
        other = client.get(KEY)
        assert select.select([client.fileno()], [], [], SOON_S)[0]
        client.turn()
        assert not other.done()
        assert called == [call]
        may_answer.set()
        select_until_done(client, other)
        result_of(client, client.close())
        return True

    assert connected(main)


def test_callback_may_call_turn(connected, scripted_node):
    scripted_node.expect().stay_silent()

    def main(client):
        called: list[Any] = []
        call = client.get(KEY)
        sent(client, scripted_node)
        call.cancel()
        call.add_done_callback(lambda _: client.turn())
        call.add_done_callback(called.append)
        client.turn()
        result_of(client, client.close())
        return called == [call]

    assert connected(main)


# --- signals ---


class Alarmed(Exception):
    """Raised by a signal's handler."""


@pytest.fixture
def main_by_hand():
    """The main thread, in which handlers run, drives clients by hand meanwhile."""
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.signal(signal.SIGALRM, before)
    _loops._by_hand.pop(threading.get_native_id(), None)


@pytest.fixture
def interrupt(monkeypatch, main_by_hand):
    """Have a signal's handler raise each error of a list, in a method of adapters that
    are made from now on."""

    def in_the_middle_of(name):
        errors: list[BaseException] = []
        whole = getattr(_loops.ByHand, name)

        def handler(number, frame):
            if errors:
                raise errors.pop()

        def method(*args, **kwargs):
            if errors:
                signal.raise_signal(signal.SIGALRM)
            return whole(*args, **kwargs)

        signal.signal(signal.SIGALRM, handler)
        monkeypatch.setattr(_loops.ByHand, name, method)
        return errors

    return in_the_middle_of


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Alarmed()])
@pytest.mark.parametrize("name", ["is_closed", "call_soon"])
def test_what_a_handler_raises_comes_out(async_config, interrupt, key, name, error):
    """Also in the middle of code that the client runs for itself: the client keeps its
    descriptor, and what is under way goes on."""
    errors = interrupt(name)
    client = AsyncClient(async_config)
    fd = client.fileno()
    call = client.put(key, {"n": 1})
    errors.append(error)
    with pytest.raises(type(error)) as caught:
        client.put(key, {"n": 1})
    assert caught.value is error
    assert client.fileno() == fd
    select_until_done(client, call)
    assert call.result() == 0
    result_of(client, client.close())


def interrupt_here():
    raise Alarmed


def test_a_handler_that_raises_costs_no_callback():
    """Wherever it runs in a turn, what was due is called, and once."""
    n = 1
    while turn_interrupted_before(n):
        n += 1
    assert n > 50


def turn_interrupted_before(n):
    """Interrupt a turn, and have another one. False: it has fewer bytecodes."""
    called: list[str] = []
    adapter = _loops.ByHand()
    adapter.call_later(0, functools.partial(called.append, "late"))
    for name in ("a", "b", "c"):
        adapter.call_soon(called.append, name)
    was_interrupted = False
    try:
        with before_bytecode(_loops.__file__, n, interrupt_here):
            adapter.turn()
    except Alarmed:
        was_interrupted = True
    adapter.turn()
    assert sorted(called) == ["a", "b", "c", "late"], n
    return was_interrupted


# --- closing ---


@pytest.fixture
def connected(scripted_node):
    """Give a client of a scripted node to a function, in a thread by hand."""

    def run(function):
        def main():
            client = AsyncClient(patient({"hosts": [scripted_node.host]}))
            client.fileno()
            return function(client)

        return in_thread(main)

    return run


def sent(client, node):
    """Turn the client until a node has the request."""
    until(lambda: client.turn() or node.requests)


def test_close_is_driven_until_calls_under_way_have_ended(connected, scripted_node):
    may_answer = threading.Event()
    scripted_node.expect().wait(may_answer).send(OK_REPLY)

    def main(client):
        fd, put = client.fileno(), client.put(KEY, {"a": 1})
        sent(client, scripted_node)
        closing = client.close()
        idle = closing.send(None)
        with pytest.raises(exception.ClusterError, match="closed"):
            result_of(client, client.get(KEY))
        client.turn()
        assert client.fileno() == fd
        assert not idle.done()
        may_answer.set()
        select_until_done(client, idle)
        result_of(client, closing)
        assert put.result() == 0
        with pytest.raises(exception.ClusterError, match="closed"):
            client.turn()
        return True

    assert connected(main)


@pytest.mark.parametrize("writes", [False, True])
def test_close_gives_up_calls_without_a_limit_of_time(
    connected, scripted_node, monkeypatch, writes
):
    """The descriptor tells when the time of close() is up."""
    monkeypatch.setattr(_async_client, "_CLOSE_WAITS_S", 0.1)
    scripted_node.expect().stay_silent()

    def main(client):
        policy = {"total_timeout": 0, "socket_timeout": 0}
        put, get = client.put, client.get
        call = put(KEY, {"a": 1}, policy=policy) if writes else get(KEY, policy)
        sent(client, scripted_node)
        with Watch() as watch:
            result_of(client, client.close())
        watch.assert_took(0.1)
        with pytest.raises(exception.ClusterError, match="closed while") as caught:
            call.result()
        return caught.value.in_doubt

    assert connected(main) is writes


def test_close_that_is_left_gives_up_calls_under_way(connected, scripted_node):
    scripted_node.expect().stay_silent()

    def main(client):
        put = client.put(KEY, {"a": 1})
        sent(client, scripted_node)
        closing = client.close()
        closing.send(None)
        closing.close()
        with pytest.raises(exception.ClusterError, match="closed while") as caught:
            put.result()
        with pytest.raises(exception.ClusterError, match="closed"):
            client.turn()
        return caught.value.in_doubt

    assert connected(main)


def test_client_closed_by_another_thread_is_driven_on(connected, scripted_node):
    may_answer = threading.Event()
    scripted_node.expect().wait(may_answer).send(OK_REPLY)

    def main(client):
        put = client.put(KEY, {"a": 1})
        sent(client, scripted_node)
        in_thread(lambda: asyncio.run(client.close()) or True)
        may_answer.set()
        select_until_done(client, put)
        until(lambda: has_ended(client))
        return put.result()

    assert connected(main) == 0


def has_ended(client):
    try:
        client.turn()
    except exception.ClusterError:
        return True
    return False


def test_client_that_is_closing_can_be_opened_again(async_config, key):
    def main():
        client = AsyncClient(async_config)
        fd, put = client.fileno(), client.put(key, {"a": 1})
        closing = client.close()
        idle = closing.send(None)
        result_of(client, client.connect())
        assert client.fileno() != fd
        while not idle.done():  # by the turns of the client, whose descriptors both are
            select.select([fd, client.fileno()], [], [], PATIENCE_S)
            client.turn()
        result_of(client, closing)
        assert put.result() == 0
        record = result_of(client, client.get(key))
        result_of(client, client.close())
        return record.bins

    assert in_thread(main) == {"a": 1}


def test_close_waits_for_the_end_of_a_large_batch(async_config):
    """Its memory is given back in slices, after the call has ended."""

    def main():
        client = AsyncClient(async_config)
        client.fileno()
        call = client.batch_read([("test", "nobody", i) for i in range(20_000)])
        client.turn()
        call.cancel()
        result_of(client, client.close())
        return call.cancelled()

    assert in_thread(main)


# --- coroutines, and other loops ---


def test_coroutines_yield_calls_and_are_told_their_errors(async_config, tmp_path):
    need("lupa")
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
