"""What the client asks of an event loop, asked of the adapter of each."""

from __future__ import annotations

import asyncio
import contextvars
import os
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
import trio
import uvloop

import aerospike
from aerospike import _loops

from ..absent import need
from ..children import LIMIT_S
from ..waiting import patient


def run_trio(main: Any) -> Any:
    return trio.run(main)


RUNNERS = [asyncio.run, uvloop.run, run_trio]


@pytest.fixture(params=RUNNERS, ids=["asyncio", "uvloop", "trio"])
def run(request):
    """Run a coroutine function that is given the adapter, a minute at most."""
    if request.param is uvloop.run:
        need("uvloop")

    def function(main):
        async def whole():
            adapter = _loops.running()
            assert adapter is not None
            return await main(adapter)

        if request.param is run_trio:
            return trio.run(whole)
        return request.param(asyncio.wait_for(whole(), LIMIT_S))

    return function


async def until(condition, adapter):
    for _ in range(1000):
        if condition():
            return
        await adapter.sleep(0.005)
    raise AssertionError("it never came true")


def test_no_loop_runs():
    assert _loops.running() is None


def test_same_loop_has_same_key(run):
    async def main(adapter):
        again = _loops.running()
        return again is not None and again.key is adapter.key

    assert run(main)


def test_callbacks_keep_their_order_and_context(run):
    name = contextvars.ContextVar("name", default="nobody")
    seen = []

    async def main(adapter):
        given = contextvars.Context()
        given.run(name.set, "given")
        name.set("present")
        adapter.call_soon(lambda n: seen.append((n, name.get())), 1)
        adapter.call_soon(lambda n: seen.append((n, name.get())), 2, context=given)
        adapter.call_soon(adapter.call_soon, seen.append, 4)
        adapter.call_soon(seen.append, 3)
        assert seen == []
        await until(lambda: len(seen) == 4, adapter)

    run(main)
    assert seen == [(1, "present"), (2, "given"), 3, 4]


def test_later_is_not_now_and_not_when_cancelled(run):
    seen: list[int] = []

    async def main(adapter):
        adapter.call_later(0.01, lambda: seen.append(1))
        forgotten = adapter.call_later(0.01, lambda: seen.append(2))
        never = adapter.call_later(3600, lambda: seen.append(3))
        assert seen == []
        forgotten.cancel()
        await until(lambda: seen, adapter)
        await adapter.sleep(0.05)
        never.cancel()

    run(main)
    assert seen == [1]


def test_descriptor_is_watched_until_told_otherwise(run):
    seen = []

    async def main(adapter):
        ours, theirs = os.pipe()
        adapter.watch(ours, lambda: seen.append(os.read(ours, 1)))
        os.write(theirs, b"ab")
        await until(lambda: len(seen) == 2, adapter)
        adapter.unwatch(ours)
        os.write(theirs, b"c")
        await adapter.sleep(0.05)
        os.close(ours)
        # the number is given to another pipe, whose bytes are nobody's business
        other, others = os.pipe()
        os.write(others, b"d")
        await adapter.sleep(0.05)
        for fd in (theirs, other, others):
            os.close(fd)

    run(main)
    assert seen == [b"a", b"b"]


def test_descriptor_is_forgotten_before_it_was_looked_at(run):
    async def main(adapter):
        ours, theirs = os.pipe()
        os.write(theirs, b"a")
        adapter.watch(ours, lambda: pytest.fail("nobody watches it any more"))
        adapter.unwatch(ours)
        os.close(ours)
        os.close(theirs)
        await adapter.sleep(0.05)

    run(main)


def test_callback_forgets_its_own_descriptor(run):
    seen = []

    async def main(adapter):
        ours, theirs = os.pipe()

        def once():
            seen.append(os.read(ours, 1))
            adapter.unwatch(ours)
            os.close(ours)

        adapter.watch(ours, once)
        os.write(theirs, b"ab")
        await until(lambda: seen, adapter)
        await adapter.sleep(0.05)
        os.close(theirs)

    run(main)
    assert seen == [b"a"]


def test_thread_gives_result_and_error(run):
    async def main(adapter):
        where = await adapter.in_thread(threading.get_ident)
        assert where != threading.get_ident()
        with pytest.raises(ValueError, match="base 10: 'x'"):
            await adapter.in_thread(int, "x")
        return await adapter.in_thread(divmod, 7, 3)

    assert run(main) == (2, 1)


def test_thread_that_nobody_awaits_any_more_ends_quietly(run, recwarn):
    go_on = threading.Event()
    ended = threading.Event()

    def wait():
        go_on.wait(LIMIT_S)
        ended.set()
        return 1

    async def main(adapter):
        if isinstance(adapter, _loops.AsyncioAdapter):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(adapter.in_thread(wait), 0.02)
        else:
            with trio.move_on_after(0.02) as scope:
                await adapter.in_thread(wait)
            assert scope.cancelled_caught

    run(main)
    go_on.set()
    assert ended.wait(LIMIT_S)


def test_other_thread_calls(run):
    seen = []

    async def main(adapter):
        def other():
            adapter.from_thread(lambda: seen.append(threading.get_ident()))

        thread = threading.Thread(target=other)
        thread.start()
        await until(lambda: seen, adapter)
        thread.join()

    run(main)
    assert seen == [threading.get_ident()]


def test_loop_does_not_go_on_while_a_thread_is_waking_it(hosts, monkeypatch):
    """It might be closed then, and the thread write to somebody else's descriptor."""
    loop = asyncio.SelectorEventLoop()
    wake, waking = loop.call_soon_threadsafe, []

    def wake_slowly(*args: Any, **kwargs: Any) -> asyncio.Handle:
        waking.append(threading.get_ident())
        handle = wake(*args, **kwargs)
        time.sleep(0.1)
        waking.pop()
        return handle

    monkeypatch.setattr(loop, "call_soon_threadsafe", wake_slowly)

    async def main():
        assert await _loops.present().in_thread(int, "1") == 1
        assert not waking
        async with aerospike.AsyncClient(patient({"hosts": hosts})):  # in a thread, too
            assert not waking

    try:
        loop.run_until_complete(asyncio.wait_for(main(), LIMIT_S))
    finally:
        loop.close()


def test_closed_loop_says_so(run):
    async def main(adapter):
        assert not adapter.is_closed()
        return adapter

    adapter = run(main)
    assert adapter.is_closed()
    with pytest.raises(RuntimeError):
        adapter.from_thread(print)


def test_trio_as_a_guest_is_the_one_that_runs():
    found = {}

    async def guest():
        found["in trio"] = type(_loops.running()).__name__
        await trio.sleep(0.01)

    async def main():
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        trio.lowlevel.start_guest_run(
            guest,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=done.set_result,
        )
        while not done.done():
            found["in asyncio"] = type(_loops.running()).__name__
            await asyncio.sleep(0.002)
        done.result().unwrap()

    asyncio.run(main())
    assert found == {"in trio": "TrioAdapter", "in asyncio": "AsyncioAdapter"}


def test_importing_the_package_imports_no_event_loop():
    program = "import sys, aerospike; print([*{'asyncio', 'trio'} & set(sys.modules)])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_without_a_loop_everything_happens_in_turns():
    seen: list[Any] = []

    def in_a_thread():
        assert _loops.running() is None
        adapter = _loops.by_hand()
        assert _loops.running() is adapter
        ours, theirs = os.pipe()
        os.write(theirs, b"ab")
        adapter.watch(ours, lambda: seen.append(os.read(ours, 1)))
        adapter.call_soon(seen.append, 1)
        adapter.call_soon(adapter.call_soon, seen.append, 2)
        assert seen == []
        adapter.turn()
        adapter.turn()
        adapter.unwatch(ours)
        adapter.turn()
        os.close(ours)
        os.close(theirs)
        adapter.call_later(0, lambda: seen.append(3))
        adapter.call_later(0.2, lambda: seen.append(4)).cancel()
        never = adapter.call_later(3600, lambda: seen.append(5))
        deadline = time.monotonic() + LIMIT_S
        while 3 not in seen and time.monotonic() < deadline:
            time.sleep(0.002)
            adapter.turn()
        never.cancel()

        async def main():
            await adapter.sleep(0)
            return await adapter.in_thread(threading.get_ident)

        with pytest.raises(StopIteration) as end:
            main().send(None)
        assert end.value.value == threading.get_ident()

    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join(LIMIT_S)
    assert seen == [1, b"a", 2, b"b", 3]


@pytest.mark.parametrize("module", ["_loops", "_trio"])
def test_error_that_nobody_awaits_is_told(module, monkeypatch):
    told: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    error = ValueError("lost")

    async def main():
        adapter = _loops.running()
        assert adapter is not None
        adapter.report({"message": "never awaited", "exception": error, "future": 7})

    if module == "_trio":
        trio.run(main)
    else:
        _loops.ByHand().report({"message": "never awaited", "exception": error})
    assert [(each.exc_value, each.err_msg) for each in told] == [
        (error, "never awaited")
    ]


class Call:
    """What trio's wait() uses of a call."""

    def __init__(self, adapter):
        self.call_soon = adapter.call_soon
        self.callbacks: list[Any] = []
        self.is_done = self.is_cancelled = False
        self.in_doubt = True

    def done(self):
        return self.is_done

    def add_done_callback(self, callback):
        self.callbacks.append(callback)

    def remove_done_callback(self, callback):
        self.callbacks.remove(callback)

    def cancel(self):
        self.is_cancelled = self.is_done = True

    def end(self):
        self.is_done = True
        for callback in self.callbacks:
            self.call_soon(callback, self)
        self.callbacks = []

    def result(self):
        assert self.is_done
        return 7


def run_with_call(main):
    async def whole():
        adapter = _loops.running()
        return await main(adapter, Call(adapter))

    return trio.run(whole)


def test_trio_waits_for_a_call():
    async def main(adapter, call):
        adapter.call_soon(call.end)
        assert not call.done()
        first = await adapter.wait(call)
        return first, await adapter.wait(call)

    assert run_with_call(main) == (7, 7)


def test_trio_cancels_a_call_and_tells_the_doubt():
    async def main(adapter, call):
        error = None
        with trio.move_on_after(0.01) as scope:
            try:
                await adapter.wait(call)
            except trio.Cancelled as caught:
                error = caught
                raise
        assert scope.cancelled_caught
        assert call.is_cancelled
        assert not call.callbacks
        return getattr(error, "in_doubt", None)

    assert run_with_call(main) is True


def test_trio_keeps_a_result_that_came_before_the_cancellation():
    async def main(adapter, call):
        result = None
        with trio.CancelScope() as scope:

            def both():
                call.end()
                scope.cancel()

            adapter.call_soon(both)
            result = await adapter.wait(call)
        assert not call.is_cancelled
        return result

    assert run_with_call(main) == 7


def test_trio_does_not_begin_to_wait_in_a_cancelled_scope():
    async def main(adapter, call):
        with trio.CancelScope() as scope:
            scope.cancel()
            await adapter.wait(call)
        assert call.is_cancelled
        return scope.cancelled_caught

    assert run_with_call(main)
