"""The adapter of trio: the client's loops under trio.run()."""

from __future__ import annotations

from collections import deque
from contextvars import copy_context

import trio
from trio.lowlevel import Abort

from aerospike._errors import tell_doubt
from aerospike._report import report_unraisable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from typing import Any, TypeVar

    T = TypeVar("T")


class TrioAdapter:
    """One run of trio, which is asked for what aerospike._loops.Adapter explains."""

    due = None

    report = staticmethod(report_unraisable)
    sleep = staticmethod(trio.sleep)

    def __init__(self) -> None:
        self.key = trio.lowlevel.current_trio_token()
        self.from_thread = self.key.run_sync_soon
        self._soon: deque[Callable[[], object]] = deque()
        self._watched: dict[int, trio.CancelScope] = {}
        self._is_closed = self._is_parked = False
        self._caller = trio.lowlevel.spawn_system_task(self._call)

    def is_closed(self) -> bool:
        return self._is_closed

    def call_soon(
        self,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> None:
        run = (context or copy_context()).run
        self._soon.append(lambda: run(callback, *args))
        if self._is_parked:
            self._is_parked = False
            trio.lowlevel.reschedule(self._caller)

    def call_later(
        self, seconds: float, callback: Callable[[], object]
    ) -> trio.CancelScope:
        scope = trio.CancelScope()

        async def wait() -> None:
            with scope:
                await trio.sleep(seconds)
                if not scope.cancel_called:
                    callback()

        trio.lowlevel.spawn_system_task(wait)
        return scope

    async def _call(self) -> None:
        """Call what call_soon() was given; others run before what comes meanwhile."""
        try:
            while True:
                for _ in range(len(self._soon)):
                    self._soon.popleft()()
                if self._soon:
                    await trio.lowlevel.cancel_shielded_checkpoint()
                else:
                    self._is_parked = True
                    await trio.lowlevel.wait_task_rescheduled(self._unpark)
        finally:
            self._is_closed = True

    def _unpark(self, _: Any) -> Abort:
        self._is_parked = False
        return Abort.SUCCEEDED

    def watch(self, fd: int, callback: Callable[[], object]) -> None:
        scope = self._watched[fd] = trio.CancelScope()

        async def look() -> None:
            with scope:
                while not scope.cancel_called:  # then nobody may ask for it any more
                    await trio.lowlevel.wait_readable(fd)
                    callback()

        trio.lowlevel.spawn_system_task(look)

    def unwatch(self, fd: int) -> None:
        self._watched.pop(fd).cancel()

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        alone = trio.CapacityLimiter(1)  # those that trio lends may all be taken
        return await trio.to_thread.run_sync(
            function, *args, abandon_on_cancel=True, limiter=alone
        )

    async def wait(self, call: Any) -> Any:
        try:
            if call.done():
                await trio.lowlevel.checkpoint()
            else:
                await self._sleep_until_done(call)
        except BaseException as error:  # Cancelled, or KeyboardInterrupt
            call.cancel()
            tell_doubt(error, call.in_doubt)
            raise
        return call.result()

    async def _sleep_until_done(self, call: Any) -> None:
        task = trio.lowlevel.current_task()

        def wake(_: Any) -> None:
            trio.lowlevel.reschedule(task)

        def abort(_: Any) -> Abort:
            if call.done():
                return Abort.FAILED  # wake() is under way
            call.remove_done_callback(wake)
            call.cancel()  # at once: what has not left by now never will
            return Abort.SUCCEEDED

        call.add_done_callback(wake)
        await trio.lowlevel.wait_task_rescheduled(abort)


_adapter: trio.lowlevel.RunVar[TrioAdapter] = trio.lowlevel.RunVar("aerospike")


def running() -> TrioAdapter | None:
    """The adapter of the trio that runs in this thread; None: none does."""
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return None
    try:
        return _adapter.get()
    except LookupError:
        _adapter.set(TrioAdapter())
        return _adapter.get()
