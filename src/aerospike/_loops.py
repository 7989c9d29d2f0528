"""What the asynchronous client needs of an event loop, and who gives it.

An adapter stands between one event loop and the client's loops there. asyncio's is
here and serves uvloop, too; trio's stands in a module of its own, which is imported
when trio runs. A program without an event loop drives the client by hand. This module
is imported with the first asynchronous client.
"""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from threading import Lock, Thread, get_native_id

from aerospike._report import report_unraisable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sized
    from contextvars import Context
    from typing import Any, Protocol, TypeVar

    T = TypeVar("T")

    class Adapter(Protocol):
        """One event loop as the client uses it.

        Only from_thread() and is_closed() may be called outside of its thread.
        """

        @property
        def key(self) -> object:
            """Who the event loop is: the same object each time that it is found."""

        def call_soon(
            self,
            callback: Callable[..., object],
            *args: Any,
            context: Context | None = None,
        ) -> object:
            """Call it when what runs now has given way; a callback never raises.

            Callbacks keep their order. Without a context the present one is copied.
            """

        def call_later(self, seconds: float, callback: Callable[[], object]) -> Any:
            """Call it after so many seconds, unless the result's cancel() is called."""

        def watch(self, fd: int, callback: Callable[[], object]) -> object:
            """Call it whenever the descriptor is readable, until unwatch()."""

        def unwatch(self, fd: int) -> object:
            """Forget the descriptor, which may be closed right after."""

        async def sleep(self, seconds: float) -> None:
            """Let others run for a while."""

        async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
            """What a function that blocks returns, called in another thread.

            Nothing stops the thread: when the await is cancelled, its result is lost.
            """

        def from_thread(self, callback: Callable[[], object]) -> object:
            """call_soon() for other threads. RuntimeError: the event loop is closed."""

        def is_closed(self) -> bool:
            """Has the event loop ended, so that nobody will call anything any more?"""

        def report(self, context: dict[str, Any]) -> None:
            """Tell the user of an error that nobody awaits.

            :param context: "message", "exception" and "future", as asyncio has them.
            """

        @property
        def due(self) -> Sized | None:
            """The callbacks that are due; None: nobody can see them.

            While it is empty, what call_soon() is given would be called next.
            """

        @property
        def wait(self) -> Callable[[Any], Coroutine[Any, Any, Any]] | None:
            """None: a call yields itself to the task, as futures do to asyncio's.

            Else a coroutine function that waits until a call is done and returns its
            result. When it is left early it cancels the call, and what it raises has
            the call's `in_doubt`.
            """


class AsyncioAdapter:
    """An event loop of asyncio, or one with the same methods, such as uvloop's."""

    __slots__ = (
        "call_later",
        "call_soon",
        "due",
        "is_closed",
        "key",
        "report",
        "unwatch",
        "watch",
    )

    sleep = staticmethod(asyncio.sleep)
    wait = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.key = loop
        self.call_soon = loop.call_soon
        self.call_later = loop.call_later
        self.watch = loop.add_reader
        self.unwatch = loop.remove_reader
        self.is_closed = loop.is_closed
        self.report = loop.call_exception_handler
        due = getattr(loop, "_ready", None)
        self.due = due if isinstance(due, deque) else None

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """In a thread of its own: those of the loop's executor may all be busy."""
        ended = self.key.create_future()
        outcome: Future[T] = Future()

        def tell() -> None:
            if not ended.done():  # else it was cancelled
                ended.set_result(None)

        def run() -> None:
            try:
                outcome.set_result(function(*args))
            except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                outcome.set_exception(error)
            with suppress(RuntimeError):  # the event loop is closed
                self.from_thread(tell)

        Thread(target=run, name="aerospike", daemon=True).start()
        await ended
        return outcome.result()

    def from_thread(self, callback: Callable[[], object]) -> None:
        """The callback waits for the end of this, though the loop knows of it before.

        Else it might lead to the loop's end meanwhile, and the byte that is to wake the
        loop be written to a descriptor that is somebody else's by then.
        """
        telling = Lock()
        with telling:
            self.key.call_soon_threadsafe(_once_told, telling, callback)


_TELLING_S = 1.0
"""How long an event loop waits for a thread that wakes it: far more than that takes."""


def _once_told(telling: Lock, callback: Callable[[], object]) -> None:
    try:
        telling.acquire(timeout=_TELLING_S)
    finally:  # a signal's handler may raise
        callback()


def _once(run: Callable[..., object], *args: Any) -> Iterator[object]:
    """An iterator whose first item is what a function of C returns; it has no other.

    To ask it for that item is one step of Python: a signal's handler that raises comes
    before it, and then it can be asked again, or after it, and then it is at its end.
    """
    return map(run, *([arg] for arg in args))


class Alarm:
    """What a thread without an event loop is to call later."""

    def __init__(
        self, alarms: list[Alarm], seconds: float, callback: Callable[[], object]
    ) -> None:
        self._alarms = alarms
        self._at_s = time.monotonic() + seconds
        self._due = _once(copy_context().run, callback)
        alarms.append(self)

    def in_ms(self) -> int:
        return max(0, math.ceil((self._at_s - time.monotonic()) * 1000))

    def ring(self) -> None:
        """Call it, once it is time for it."""
        if self in self._alarms and self.in_ms() == 0:
            next(self._due, None)
            self.cancel()

    def cancel(self) -> None:
        if self in self._alarms:
            self._alarms.remove(self)


class ByHand:
    """A thread without an event loop, whose program calls turn() of the client.

    Coroutines yield calls to whoever runs them, as to a task of asyncio. They block
    where they would sleep or wait for a thread.
    """

    report = staticmethod(report_unraisable)
    due = wait = None

    def __init__(self) -> None:
        self.key = self
        self._soon: deque[Iterator[object]] = deque()
        self._alarms: list[Alarm] = []
        self._watched: dict[int, Callable[[], object]] = {}

    def call_soon(
        self,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> None:
        self._soon.append(_once((context or copy_context()).run, callback, *args))

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Alarm:
        return Alarm(self._alarms, seconds, callback)

    def turn(self) -> int | None:
        """Look at all descriptors, and call what is due before and after that.

        :return: in how many milliseconds another turn is due; None: nobody knows.
        """
        self._call()
        for callback in list(self._watched.values()):
            callback()
        self._call()
        if self._soon:
            return 0
        return min((alarm.in_ms() for alarm in self._alarms), default=None)

    def _call(self) -> None:
        for alarm in list(self._alarms):
            alarm.ring()
        for _ in range(len(self._soon)):
            if not self._soon:  # one of them has called turn() itself
                return
            due = self._soon[0]
            next(due, None)
            if self._soon and self._soon[0] is due:
                self._soon.popleft()

    def watch(self, fd: int, callback: Callable[[], object]) -> None:
        self._watched[fd] = callback

    def unwatch(self, fd: int) -> None:
        del self._watched[fd]

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        return function(*args)

    def from_thread(self, callback: Callable[[], object]) -> None:
        self._soon.append(_once(copy_context().run, callback))

    def is_closed(self) -> bool:
        return False


_by_hand: dict[int, ByHand] = {}
"""By the number that the system gives a thread: gevent changes that of Python."""


def by_hand() -> ByHand:
    """The adapter of this thread from now on, whenever no event loop runs in it."""
    return _by_hand.setdefault(get_native_id(), ByHand())


def running() -> Adapter | None:
    """The adapter of the event loop that runs in this thread; None: there is none."""
    if "trio" in sys.modules:
        from aerospike import _trio

        # first: as a guest, trio runs inside a loop of asyncio
        adapter = _trio.running()
        if adapter is not None:
            return adapter
    loop = asyncio._get_running_loop()
    if loop is None:
        return _by_hand.get(get_native_id())
    return AsyncioAdapter(loop)


def present() -> Adapter:
    """The same, but RuntimeError when there is none."""
    adapter = running()
    if adapter is None:
        raise RuntimeError("no running event loop")
    return adapter
