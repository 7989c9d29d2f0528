"""Queries and scans of the asynchronous client: they ask for the same as those of
`_query`, and what waits is awaited.
"""

from __future__ import annotations

from inspect import isawaitable

from aerospike._calls.signatures import copied, dress, goes_by_its_name
from aerospike._errors import shown
from aerospike._hints import (
    Any,
    AsyncStream,
    Options,
    QueryOptions,
    QueryPolicy,
    Record,
    ScanOptions,
    ScanPolicy,
)
from aerospike._imports import whole
from aerospike._partitions import filter_of
from aerospike._query import (
    Asked,
    OfQuery,
    OfScan,
    Query,
    Scan,
    callback_error,
    check_callback,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from typing import Concatenate, ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


def _awaited(
    method: Callable[Concatenate[Any, P], T],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """The method of the same arguments, whose result is awaited.

    What the method gives for one of the classes here is awaitable.
    """
    function: Callable[..., Any] = method
    own = copied(function, f"Async{function.__qualname__}")

    async def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: T = await own(self, *args, **kwargs)
        return result

    dress(call, own)
    return call


class _Awaits(Asked):
    """Reading in an event loop; `async for` reads the records as they come.

    Leaving a loop early frees the connections. One task at a time may iterate.
    """

    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[Record]:
        stream: AsyncStream = self._open(None, None)
        return stream

    async def _collect(
        self, policy: Options | None, options: Options | None, **more: Any
    ) -> list[Any]:
        """All records. When that fails, none counts as read: nobody has seen any."""
        before = None if self._tracker is None else self._tracker.copy()
        stream = self._open(policy, options, plain=True, **more)
        try:
            found: list[Any] = await stream.collect()
        except BaseException:
            self._tracker = before
            raise
        return found

    async def _call_with_each(
        self,
        callback: Callable[..., Any],
        policy: Options | None,
        options: Options | None,
        **more: Any,
    ) -> None:
        check_callback(callback)
        takes_two = filter_of(policy) is not None
        async with self._open(policy, options, lends=True, **more) as stream:
            async for item in stream:
                try:
                    answer = callback(*item) if takes_two else callback(item)
                    if isawaitable(answer):
                        answer = await answer
                except Exception as cause:
                    raise callback_error(shown(cause, 500)) from cause
                if answer is False:
                    return

    def _values(self, spec: dict[str, Any], policy: Options | None) -> Any:
        aggregate = whole("aerospike._async_aggregate").AsyncAggregation
        return aggregate(self._client, self._is_scan, spec, policy)

    async def execute_background(self, policy: Options | None = None) -> int:
        spec = self._background_spec(policy)
        job: int = await self._client._background(self._is_scan, spec, policy, None)
        return job

    dress(execute_background, Query.execute_background)


@goes_by_its_name
class AsyncQuery(OfQuery, _Awaits):
    """Records that fit a condition, of one namespace or set; see `AsyncClient.query`.

    As `Query`; what waits there is awaited here.
    """

    __slots__ = ()

    results = _awaited(Query.results)
    foreach = _awaited(Query.foreach)

    def stream(
        self,
        policy: QueryPolicy | Options | None = None,
        options: QueryOptions | Options | None = None,
    ) -> AsyncStream:
        """The records as they come, for `async for`: an iterator of (key, meta, bins).

        With apply(), an iterator of the values that its function gives. It holds none
        of them, and they cannot be gone on with after an error.

        It is an asynchronous context manager, too: leaving the block ends the query and
        frees its connections, as `aclose()` does. A record that was given counts as
        read. When the wait for a record is cancelled, the next one goes on where it
        was.

        :param policy: dict of query policy keys, with "partition_filter".
        :param options: dict; {"nobins": True} reads metadata only.
        :raises IndexNotFound: no index fits the predicate. As all that a node answers,
            this is raised where the next record is awaited.
        """
        stream: AsyncStream = self._open(policy, options, plain=True)
        return stream


@goes_by_its_name
class AsyncScan(OfScan, _Awaits):
    """All records of a namespace or set; see `AsyncClient.scan`.

    As `Scan`; what waits there is awaited here.
    """

    __slots__ = ()

    results = _awaited(Scan.results)
    foreach = _awaited(Scan.foreach)

    def stream(
        self,
        policy: ScanPolicy | Options | None = None,
        options: ScanOptions | Options | None = None,
        nodename: str | None = None,
    ) -> AsyncStream:
        """As `AsyncQuery.stream`; nodename: only what this node is the master of."""
        node = self._node(nodename)
        stream: AsyncStream = self._open(policy, options, plain=True, node=node)
        return stream

    def _node(self, name: str | None) -> str | None:
        if isinstance(name, str) and not self._client.is_connected():
            return name  # the stream looks for it when it is opened
        return super()._node(name)
