"""Aggregations of the asynchronous client, whose half of a function runs in a thread.

One step of a function in Lua takes as long as its author likes, and an event loop
would stand still meanwhile. So a worker thread does what the blocking client does, on
the same cluster, until there are some results. Between two slices of results no thread
is at work, and nothing is received.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque
from time import monotonic

from aerospike import _loops
from aerospike._aggregate import aggregate
from aerospike._errors import client_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from aerospike._aggregate import Aggregation
    from aerospike._async_client import AsyncClient
    from aerospike._hints import Options, Self

    T = TypeVar("T")
    Taken = tuple[list[Any], BaseException | None]

_SLICE = 64
_SLICE_S = 0.01  # nobody waits longer for the results that are there


class _Work:
    """What the worker threads do, one after another."""

    def __init__(
        self,
        client: AsyncClient,
        is_scan: bool,
        spec: dict[str, Any],
        policy: Options | None,
    ) -> None:
        self._ask = client._blocking(), is_scan, spec, policy
        self._results: Aggregation | None = None
        self._is_stopped = False

    def take(self, n: float, seconds: float) -> Taken:
        """The next results, and with what they end, or have failed; None: they go on.

        :param n: how many at most.
        :param seconds: how long at most; there is one even if it takes longer.
        """
        found: list[Any] = []
        end_s = monotonic() + seconds
        try:
            if self._results is None:
                self._results = aggregate(*self._ask)
                if self._is_stopped:
                    self.stop()
            for result in self._results:
                found.append(result)
                if len(found) >= n or monotonic() >= end_s:
                    return found, None
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            return found, error
        return found, StopAsyncIteration()

    def stop(self) -> None:
        """Have the thread that is at work come to its end soon."""
        self._is_stopped = True
        if self._results is not None:
            self._results.stop()

    def close(self) -> None:
        """End the aggregation. No thread is at work."""
        if self._results is not None:
            self._results.close()


class AsyncAggregation:
    """The results of an aggregation as they come, for `async for`."""

    __slots__ = (
        "__weakref__",
        "_ask",
        "_busy",
        "_client",
        "_end",
        "_found",
        "_work",
    )

    def __init__(
        self,
        client: AsyncClient,
        is_scan: bool,
        spec: dict[str, Any],
        policy: Options | None,
    ) -> None:
        client._check_open()
        self._client = client
        self._ask = is_scan, spec, policy
        self._work: _Work | None = None
        self._found: deque[Any] = deque()
        self._end: BaseException | None = None
        self._busy = allocate_lock()

    def __repr__(self) -> str:
        state = "under way" if self._end is None else "closed"
        return f"<aerospike aggregation of {self._ask[1]['ns']!r}, {state}>"

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        self._enter()
        try:
            if not self._found and self._end is None:
                await self._take(_SLICE, _SLICE_S)
            return self._found.popleft() if self._found else self._raise_end()
        finally:
            self._busy.release()

    async def collect(self) -> list[Any]:
        """A list of all results that are left."""
        self._enter()
        try:
            if self._end is None:
                await self._take(float("inf"), float("inf"))
            if not isinstance(self._end, StopAsyncIteration):
                self._raise_end()
            found = [*self._found]
            self._found.clear()
        finally:
            self._busy.release()
        return found

    async def aclose(self) -> None:
        """End the aggregation: its nodes are told nothing more, and stop."""
        self._enter()
        try:
            self._found.clear()
            if self._end is None and self._work is not None:
                self._work.close()
            self._end = StopAsyncIteration()
        finally:
            self._busy.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _enter(self) -> None:
        """Have the results for one task, until it releases `_busy`."""
        if not self._busy.acquire(blocking=False):
            raise client_error("the results are being read by another task")

    def _raise_end(self) -> Any:
        """Raise how the results end. An error is raised once; then there are none."""
        end, self._end = self._end, StopAsyncIteration()
        assert end is not None
        try:
            raise end
        finally:
            del end  # its traceback holds this frame, which must not hold it

    async def _take(self, n: float, seconds: float) -> None:
        try:
            if self._work is None:
                await self._client.connect()
                self._work = _Work(self._client, *self._ask)
            found, self._end = await _in_thread(self._work.take, n, seconds)
            self._found.extend(found)
        except BaseException:
            if self._work is not None:
                self._work.stop()
            self._end = client_error(
                "the aggregation has ended: the wait for its results was cancelled"
            )
            raise


async def _in_thread(function: Callable[..., T], *args: Any) -> T:
    adapter = _loops.running()
    if adapter is None:
        raise client_error("no event loop runs in this thread")
    return await adapter.in_thread(function, *args)
