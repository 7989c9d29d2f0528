"""How calls come to be told to the listeners of `aerospike.monitoring`.

A client that is made with listeners is of a class of its own, derived from the one that
the program has named: its methods tell the listeners, and call those of that class. All
other clients do no work for this.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import weakref
from contextvars import ContextVar
from time import perf_counter

from aerospike import monitoring
from aerospike._errors import in_doubt, param_error
from aerospike._metrics import weakly
from aerospike._report import listener_failed
from aerospike.exception import AerospikeError, ClusterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from typing import Any

    from aerospike._hints import Self

_ids = itertools.count(1)

# the call of several requests in which this is, which are none of their own. A signal
# may end a call where it cannot take itself out: then it is gone
_within: ContextVar[weakref.ref[Command] | None] = ContextVar(
    "aerospike call", default=None
)

# public methods that make no request, or that report their requests themselves
_SILENT = {
    "close",
    "connect",
    "disable_metrics",
    "enable_metrics",
    "get_cdtctx_base64",
    "get_expression_base64",
    "get_key_digest",
    "get_key_partition_id",
    "get_node_names",
    "get_nodes",
    "get_policies",
    "get_stats",
    "has_geo",
    "idle",
    "is_connected",
    "llist",
    "query",
    "scan",
    "shm_key",
}


class Outcome:
    """Where the extension writes what became of a call on one record."""

    __slots__ = ("attempts", "node")

    def __init__(self) -> None:
        self.node: str | None = None
        self.attempts: int | None = None


# --- commands ---


class Command:
    """One call under way. A context manager, which reports its end.

    :param is_of_several: whether calls within this one are parts of it.
    :ivar count: rows or records that it has given; None: it gives none.
    """

    _is_over = True  # until it is told to begin

    def __init__(
        self,
        client: Any,
        name: str,
        namespace: Any = None,
        set: Any = None,
        count: int | None = None,
        key: Any = None,
        is_of_several: bool = False,
    ) -> None:
        self._monitor: Monitor = client._extras["monitor"]
        self._is_of_several = is_of_several
        self.count: int | None = None
        self._outcome = Outcome()
        self._started = monitoring.CommandStarted(
            request_id=next(_ids),
            name=name,
            namespace=namespace if isinstance(namespace, str) else None,
            set=set if isinstance(set, str) else None,
            count=count,
            client=client,
            key=key,
        )
        self._token: Token[weakref.ref[Command] | None] | None = None
        self._began = perf_counter()
        self._is_over = False
        try:
            _tell(self._monitor.commands, "started", self._started)
        except BaseException as error:  # a signal's, since listeners' own are reported
            self.end(error)
            raise

    def __enter__(self) -> Self:
        if self._is_of_several:
            self._token = _within.set(weakref.ref(self))
        return self

    def __del__(self) -> None:
        if not self._is_over:
            self.end(InterruptedError("a signal has ended the call"))

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._token is not None:
            try:
                _within.reset(self._token)
            except ValueError:
                pass  # a coroutine that is closed in another context leaves its own
        self.end(error)

    def make(
        self, method: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Make the call: what the method of the owner gives."""
        client = self._started.client
        return client._observe(self._outcome, method, (owner, *args), kwargs)

    def take(self, result: Any) -> Any:
        """Count the rows of a batch; the result."""
        rows = getattr(result, "batch_records", None)
        self.count = _size(rows) if rows is not None else None
        return result

    def end(self, error: BaseException | None = None) -> None:
        """Report the end, once."""
        if self._is_over:
            return
        self._is_over = True
        if error is not None:
            self._failed(error)
        else:
            self._monitor.look(self._started.client)
            self._succeeded()

    def _common(self) -> dict[str, Any]:
        s = self._started
        return {
            "request_id": s.request_id,
            "name": s.name,
            "namespace": s.namespace,
            "set": s.set,
            "duration_s": perf_counter() - self._began,
            "started": s,
        }

    def _succeeded(self) -> None:
        event = monitoring.CommandSucceeded(
            **self._common(),
            node=self._outcome.node,
            attempts=self._outcome.attempts,
            count=self.count,
        )
        _tell(self._monitor.commands, "succeeded", event)

    def _failed(self, error: BaseException) -> None:
        event = monitoring.CommandFailed(
            **self._common(),
            node=getattr(error, "host", None) or None,
            attempts=getattr(error, "attempts", None),
            error=error,
            code=error.code if isinstance(error, AerospikeError) else None,
            in_doubt=in_doubt(error),
        )
        _tell(self._monitor.commands, "failed", event)


def _tell(listeners: Any, name: str, event: object) -> None:
    for listener in listeners:
        try:
            getattr(listener, name)(event)
        except Exception as error:  # noqa: BLE001 - reported
            listener_failed(f"{type(listener).__name__}.{name}", error)


def _size(of: Any) -> int | None:
    try:
        return len(of)
    except TypeError:
        return None


def _part(key: Any, at: int) -> Any:
    return key[at] if isinstance(key, tuple) and len(key) > at else None


def _of_key(key: Any = None, *_: Any) -> dict[str, Any]:
    return {"namespace": _part(key, 0), "set": _part(key, 1), "key": key}


def _of_keys(keys: Any = None, *_: Any) -> dict[str, Any]:
    """A batch is of the namespace of its first key; the others may have their own."""
    first = keys[0] if isinstance(keys, (list, tuple)) and keys else None
    return {
        "namespace": _part(first, 0),
        "set": _part(first, 1),
        "count": _size(keys),
    }


def _of_rows(batch: Any = None, *_: Any) -> dict[str, Any]:
    rows = getattr(batch, "batch_records", None)
    first = rows[0] if isinstance(rows, (list, tuple)) and rows else None
    key = getattr(first, "key", None)
    return {"namespace": _part(key, 0), "set": _part(key, 1), "count": _size(rows)}


def _of_set(namespace: Any = None, set: Any = None, *_: Any) -> dict[str, Any]:
    return {"namespace": namespace, "set": set}


def _of_namespace(namespace: Any = None, *_: Any) -> dict[str, Any]:
    return {"namespace": namespace}


def _of_nothing(*_: Any) -> dict[str, Any]:
    return {}


_OF_SEVERAL = (_of_set, _of_namespace, _of_nothing)


def _subject(method: Any) -> tuple[list[str], Callable[..., dict[str, Any]]]:
    """The first two parameters of a method, and what reads them."""
    names = list(inspect.signature(method).parameters)[1:3]
    first, second = (*names, "", "")[:2]
    if first == "key":
        return names, _of_key
    if first == "keys":
        return names, _of_keys
    if first in ("batch_records", "records"):
        return names, _of_rows
    if first in ("namespace", "ns"):
        return names, _of_set if second == "set" else _of_namespace
    return names, _of_nothing


def _begins(name: str, method: Any) -> Callable[..., Command]:
    """What makes the command of a method from the client and the arguments."""
    names, read = _subject(method)

    def begin(client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Command:
        given = (*args[:2], *(kwargs.get(each) for each in names[len(args) :]))
        return Command(client, name, is_of_several=read in _OF_SEVERAL, **read(*given))

    return begin


def _is_told(owner: Any) -> bool:
    """Is this no part of another call? And a class of the program may make calls in its
    constructor, before the client is whole. :param owner: a client or a query."""
    extras = getattr(owner, "_extras", None)
    within = _within.get()
    if within is not None and within() is not None:
        return False
    return extras is None or "monitor" in extras


def _blocking(method: Any, begin: Callable[..., Command]) -> Any:
    """The method, and what it tells. :param begin: makes its command."""

    @functools.wraps(method)
    def observed(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not _is_told(self):
            return method(self, *args, **kwargs)
        with begin(self, args, kwargs) as command:
            return command.take(command.make(method, self, args, kwargs))

    return observed


def _awaited(method: Any, begin: Callable[..., Command]) -> Any:
    """The same of a method to await. The call begins when it is awaited, in the context
    of whoever does that."""

    @functools.wraps(method)
    async def observed(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not _is_told(self):
            return await method(self, *args, **kwargs)
        with begin(self, args, kwargs) as command:
            return command.take(await command.make(method, self, args, kwargs))

    return observed


# --- queries ---


class QueryCommand(Command):
    """A call of a query or scan."""

    def __init__(self, query: Any, way: str) -> None:
        kind = "scan" if "Scan" in type(query).__name__ else "query"
        super().__init__(
            query._client, f"{kind}.{way}", query._namespace, query._set or None
        )

    def make(
        self, method: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return method(owner, *args, **kwargs)

    def take(self, result: Any) -> Any:
        if isinstance(result, list):
            self.count = len(result)
        return result


class ForeachCommand(QueryCommand):
    """A call of foreach(): its records are counted where the callback gets them."""

    def make(
        self, method: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        named = not args
        callback = kwargs.get("callback") if named else args[0]
        if callable(callback):
            self.count = 0
            if named:
                kwargs = {**kwargs, "callback": self._counting(callback)}
            else:
                args = (self._counting(callback), *args[1:])
        return method(owner, *args, **kwargs)

    def _counting(self, callback: Any) -> Any:
        def counting(*record: Any) -> Any:
            assert self.count is not None
            self.count += 1
            return callback(*record)

        return counting


def _stream_of(way: str, method: Any) -> Any:
    """A method that gives a stream: the command goes on until that ends."""

    @functools.wraps(method)
    def observed(self: Any, *args: Any, **kwargs: Any) -> Any:
        command = QueryCommand(self, way)
        try:
            stream = method(self, *args, **kwargs)
        except BaseException as error:
            command.end(error)
            raise
        is_async = hasattr(stream, "__anext__")
        return (_AsyncStream if is_async else _Stream)(stream, command)

    return observed


class _ObservedStream:
    """A stream that counts what it gives. Its command ends with it, or when the caller
    leaves it, and with the first error: what is read after that is not told."""

    __slots__ = ("__weakref__", "_command", "_stream")

    def __init__(self, stream: Any, command: Command) -> None:
        self._command = command
        self._stream = stream
        command.count = 0

    def __getattr__(self, name: str) -> Any:
        if name in _ObservedStream.__slots__:  # a signal has ended __init__()
            raise AttributeError(name)
        return getattr(self._stream, name)

    def __repr__(self) -> str:
        return repr(self._stream)

    def __del__(self) -> None:
        if hasattr(self, "_command"):
            self._command.end()

    def _saw(self, n: int) -> None:
        self._command.count = (self._command.count or 0) + n


class _Stream(_ObservedStream):
    __slots__ = ()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        try:
            record = next(self._stream)
        except StopIteration:
            self._command.end()
            raise
        except BaseException as error:
            self._command.end(error)
            raise
        self._saw(1)
        return record

    def collect(self) -> list[Any]:
        with self._command:
            records: list[Any] = self._stream.collect()
            self._saw(len(records))
        return records

    def close(self) -> None:
        with self._command:
            self._stream.close()

    def __enter__(self) -> Self:
        self._stream.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _AsyncStream(_ObservedStream):
    __slots__ = ()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            record = await anext(self._stream)
        except StopAsyncIteration:
            self._command.end()
            raise
        except BaseException as error:
            self._command.end(error)
            raise
        self._saw(1)
        return record

    async def collect(self) -> list[Any]:
        with self._command:
            records: list[Any] = await self._stream.collect()
            self._saw(len(records))
        return records

    async def aclose(self) -> None:
        with self._command:
            await self._stream.aclose()

    async def __aenter__(self) -> Self:
        try:
            await self._stream.__aenter__()
        except BaseException as error:
            self._command.end(error)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


_QUERY_CALLS = {
    "results": QueryCommand,
    "foreach": ForeachCommand,
    "execute_background": QueryCommand,
}


@functools.cache
def _observed_query(cls: Any) -> type:
    is_async = hasattr(cls, "__aiter__")
    wrap = _awaited if is_async else _blocking
    iterates = "__aiter__" if is_async else "__iter__"
    members = {"stream": _stream_of("stream", cls.stream)}
    members[iterates] = _stream_of("iter", getattr(cls, iterates))
    for name, command in _QUERY_CALLS.items():

        def begin(query: Any, *_: Any, name: str = name, of: Any = command) -> Command:
            made: Command = of(query, name)
            return made

        members[name] = wrap(getattr(cls, name), begin)
    return _derived(cls, members)


def _making(method: Any) -> Any:
    @functools.wraps(method)
    def query(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        made = method(self, *args, **kwargs)
        cls: Any = type(made)
        if "monitor" in self._extras:  # or the client is not whole; see _is_told()
            made.__class__ = _observed_query(cls)
        return made

    return query


# --- the cluster ---


class Monitor:
    """The listeners of one client, in its `_extras`; close() calls it."""

    def __init__(self, client: Any, listeners: tuple[Any, ...], config: Any) -> None:
        def those(cls: type) -> tuple[Any, ...]:
            return tuple(each for each in listeners if isinstance(each, cls))

        self.commands = those(monitoring.CommandListener)
        self.clusters = those(monitoring.ClusterListener)
        self.pools = those(monitoring.PoolListener)
        self.hosts = config.get("hosts") if isinstance(config, dict) else None
        self._client = weakref.ref(client)
        self._told = weakly(self._seen)
        self._is_watching = False
        self._known: dict[str, tuple[Any, ...]] = {}

    def look(self, client: Any) -> None:
        """Begin to watch the cluster, once the client has connected."""
        is_wanted = self.clusters or self.pools
        if not self._is_watching and is_wanted and client.is_connected():
            self._is_watching = True
            try:
                self._seen(client._stats())
                client._watch(self._told)
            except ClusterError:
                self._is_watching = (
                    False  # a listener, or another thread, has closed it
                )
            except AerospikeError as error:  # not here at all
                listener_failed("aerospike.monitoring", error)

    def __call__(self) -> None:
        client: Any = self._client()
        was_watching, self._is_watching = self._is_watching, False
        if was_watching and client is not None and client._end_watch(self._told):
            self._seen(client._stats())
        self._known = {}

    def _seen(self, stats: tuple[Any, ...]) -> None:
        client: Any = self._client()
        for node in stats[4]:
            name, address, port, is_gone, conns, _ = node
            place = (client, name, address, port)
            is_new = name not in self._known
            before = self._known.get(name, (0, 0, 0, 0))
            if is_gone:
                self._known.pop(name, None)
            else:
                self._known[name] = conns
            if is_new and not is_gone:
                _tell(self.clusters, "node_added", monitoring.NodeEvent(*place))
            for what, at in (("opened", 2), ("closed", 3)):
                count = conns[at] - before[at]
                if count > 0:
                    event = monitoring.ConnectionEvent(*place, count, *conns[:2])
                    _tell(self.pools, f"connections_{what}", event)
            if is_gone and not is_new:
                _tell(self.clusters, "node_removed", monitoring.NodeEvent(*place))


# --- the class ---


def _derived(cls: type, members: dict[str, Any]) -> type:
    own = {"__slots__": (), "__module__": cls.__module__, "__doc__": cls.__doc__}
    return type(cls.__name__, (cls,), own | members)


def _is_asynchronous(cls: type) -> bool:
    return hasattr(cls, "__aenter__")


def _listeners_of(config: Any) -> tuple[Any, ...]:
    """Those of all clients, and those of a configuration.

    :raises ParamError: there is something else among them.
    """
    own = config.get("event_listeners") if isinstance(config, dict) else None
    if not isinstance(own, (list, tuple, type(None))):
        raise param_error("event_listeners must be a list", f"got {own!r}")
    for listener in own or ():
        try:
            monitoring.check(listener)
        except TypeError as error:
            raise param_error("event_listeners is invalid", str(error)) from None
    return (*monitoring._registered, *(own or ()))


def _own_class(cls: type) -> type:
    """The client's class of which a class of the program is derived, or is."""
    return next(
        base for base in cls.__mro__ if base.__module__.partition(".")[0] == "aerospike"
    )


@functools.cache
def observed_class(cls: Any) -> type:
    """The class of clients of a class that have listeners. Methods that a class of the
    program adds are no calls; those that they make are."""
    if "_observes" in vars(cls):  # that of another client, as type(client) names it
        observed: type = cls
        return observed
    is_async = _is_asynchronous(cls)
    wrap = _awaited if is_async else _blocking
    members: dict[str, Any] = {
        name: wrap(getattr(cls, name), _begins(name, getattr(cls, name)))
        for name in dir(_own_class(cls))
        if name[0] != "_" and name not in _SILENT and callable(getattr(cls, name))
    }
    for name in ("query", "scan"):
        members[name] = _making(getattr(cls, name))

    def initialise(self: Any, /, *args: Any, **kwargs: Any) -> None:
        config = kwargs.get("config", args[0] if args else None)
        listeners = _listeners_of(config)
        cls.__init__(self, *args, **kwargs)
        self._extras["monitor"] = Monitor(self, listeners, config)
        if not is_async:
            self._extras["monitor"].look(self)

    members |= {"__init__": initialise, "_observes": cls}
    return _derived(cls, members)
