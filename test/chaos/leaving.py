"""The ways in which a task may give up a call: WAYS by their names.

Each is called with what begins the call and how long to wait for it. It returns the
result of a call that ends before, or raises its error; or one of ENDS, as whoever
writes such code finds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import sys
from collections.abc import Awaitable, Callable
from typing import Any

Begin = Callable[[], Any]
Way = Callable[[Begin, float], Awaitable[Any]]

ENDS = (asyncio.CancelledError, asyncio.TimeoutError)
"""What a call that was given up ends with. The first is no Exception."""

WAITING = "nobody"
"""The way of who does not give it up."""


async def carry_out(way: str, begin: Begin, patience_s: float) -> Any:
    """Make a call, and give it up in a way unless it ends before."""
    if way == WAITING:
        return await begin()
    return await WAYS[way](begin, patience_s)


async def cancelled_task(begin: Begin, patience_s: float) -> Any:
    """The task of the call is cancelled by another one."""
    task = asyncio.create_task(begin())
    handle = asyncio.get_running_loop().call_later(patience_s, task.cancel)
    try:
        return await task
    finally:
        handle.cancel()


async def cancelled_call(begin: Begin, patience_s: float) -> Any:
    """The call itself is cancelled, as a future is."""
    call = asyncio.ensure_future(begin())
    handle = asyncio.get_running_loop().call_later(patience_s, call.cancel)
    try:
        return await call
    finally:
        handle.cancel()


async def cancelled_waiter(begin: Begin, patience_s: float) -> Any:
    """The task that waits is cancelled, and goes on all the same."""
    task = asyncio.current_task()
    assert task is not None
    handle = asyncio.get_running_loop().call_later(patience_s, task.cancel)
    try:
        return await begin()
    except asyncio.CancelledError:
        if sys.version_info >= (3, 11):
            task.uncancel()
        raise
    finally:
        handle.cancel()


async def wait_for(begin: Begin, patience_s: float) -> Any:
    """asyncio.wait_for(). Of no time at all, it leaves a coroutine that has not begun,
    of which nobody can tell that it has written nothing.
    """
    call = begin()
    least_s = 1e-6 if inspect.iscoroutine(call) else 0.0
    return await asyncio.wait_for(call, max(patience_s, least_s))


async def first_of_two(begin: Begin, patience_s: float) -> Any:
    """asyncio.wait(), and what is not done is cancelled."""
    call = asyncio.create_task(begin())
    await asyncio.wait([call], timeout=patience_s)
    call.cancel()
    return await call


WAYS: dict[str, Way] = {
    "task.cancel()": cancelled_task,
    "call.cancel()": cancelled_call,
    "cancel() of the waiter": cancelled_waiter,
    "wait_for()": wait_for,
    "wait()": first_of_two,
}

if sys.version_info >= (3, 11):

    async def timeout(begin: Begin, patience_s: float) -> Any:
        """asyncio.timeout()."""
        async with asyncio.timeout(patience_s):
            return await begin()

    class Another(Exception):
        """What else a group does has failed."""

    async def fail(after_s: float) -> None:
        """Fail after a while."""
        await asyncio.sleep(after_s)
        raise Another

    async def failing_group(begin: Begin, patience_s: float) -> Any:
        """Another task of its group fails."""
        with contextlib.suppress(Exception):  # a group of errors: the call has its own
            async with asyncio.TaskGroup() as group:
                task = group.create_task(begin())
                other = group.create_task(fail(patience_s))
                task.add_done_callback(lambda _: other.cancel())
        return task.result()

    WAYS |= {"timeout()": timeout, "TaskGroup": failing_group}
