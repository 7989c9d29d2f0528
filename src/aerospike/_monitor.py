"""How calls come to be told to the listeners of `aerospike.monitoring`.

A client that is made with listeners is of a class of its own, derived from the one that
the program has named: its methods tell the listeners, and call those of that class. All
other clients know nothing of this.
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
from aerospike._report import listener_failed
from aerospike.exception import AerospikeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any

_ids = itertools.count(1)

# whether this is within a call of several requests, which are none of their own
_within: ContextVar[bool] = ContextVar("aerospike call", default=False)

# public methods that make no request, or that tell of their requests themselves
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
    """One call under way."""

    def __init__(
        self,
        client: Any,
        name: str,
        namespace: Any = None,
        set: Any = None,
        count: int | None = None,
        key: Any = None,
    ) -> None:
        self._told = client._extras["monitor"].commands
        self.outcome = Outcome()
        self.started = monitoring.CommandStarted(
            request_id=next(_ids),
            name=name,
            namespace=namespace if isinstance(namespace, str) else None,
            set=set if isinstance(set, str) else None,
            count=count,
            client=client,
            key=key,
        )
        self._began = perf_counter()
        _tell(self._told, "started", self.started)

    def _common(self) -> dict[str, Any]:
        s = self.started
        return {
            "request_id": s.request_id,
            "name": s.name,
            "namespace": s.namespace,
            "set": s.set,
            "duration_s": perf_counter() - self._began,
            "started": s,
        }

    def succeeded(self, count: int | None) -> None:
        event = monitoring.CommandSucceeded(
            **self._common(),
            node=self.outcome.node,
            attempts=self.outcome.attempts,
            count=count,
        )
        _tell(self._told, "succeeded", event)

    def failed(self, error: BaseException) -> None:
        event = monitoring.CommandFailed(
            **self._common(),
            node=getattr(error, "host", None) or None,
            attempts=getattr(error, "attempts", None),
            error=error,
            code=error.code if isinstance(error, AerospikeError) else None,
            in_doubt=in_doubt(error),
        )
        _tell(self._told, "failed", event)


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


def _rows_of(result: Any) -> int | None:
    """How many rows a batch gave; None: it is no batch."""
    rows = getattr(result, "batch_records", None)
    return _size(rows) if rows is not None else None


def _blocking(name: str, method: Any) -> Any:
    names, read = _subject(method)

    @functools.wraps(method)
    def observed(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if _within.get():
            return method(self, *args, **kwargs)
        given = (*args[:2], *(kwargs.get(each) for each in names[len(args) :]))
        command = Command(self, name, **read(*given))
        self._observe(command.outcome)
        token = _within.set(read in _OF_SEVERAL)
        try:
            result = method(self, *args, **kwargs)
        except BaseException as error:
            _within.reset(token)
            command.failed(error)
            raise
        finally:
            self._observe(None)
        _within.reset(token)
        self._extras["monitor"].look(self)
        command.succeeded(_rows_of(result))
        return result

    return observed


def _awaited(name: str, method: Any) -> Any:
    """The call begins when it is awaited, in the context of whoever does that."""
    names, read = _subject(method)

    @functools.wraps(method)
    async def observed(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if _within.get():
            return await method(self, *args, **kwargs)
        given = (*args[:2], *(kwargs.get(each) for each in names[len(args) :]))
        command = Command(self, name, **read(*given))
        token = _within.set(read in _OF_SEVERAL)
        try:
            self._observe(command.outcome)
            try:
                begun = method(self, *args, **kwargs)
            finally:
                self._observe(None)
            result = await begun
        except BaseException as error:
            _within.reset(token)
            command.failed(error)
            raise
        _within.reset(token)
        self._extras["monitor"].look(self)
        command.succeeded(_rows_of(result))
        return result

    return observed


# --- queries ---


def _query_command(query: Any, name: str) -> Command:
    kind = "scan" if "Scan" in type(query).__name__ else "query"
    return Command(
        query._client, f"{kind}.{name}", query._namespace, query._set or None
    )


class _Counted:
    """A callback that counts its calls."""

    def __init__(self, callback: Any) -> None:
        self._callback = callback
        self.n = 0

    def __call__(self, *args: Any) -> Any:
        self.n += 1
        return self._callback(*args)


def _counting(args: tuple[Any, ...]) -> tuple[_Counted | None, tuple[Any, ...]]:
    if args and callable(args[0]) and not inspect.iscoroutinefunction(args[0]):
        counted = _Counted(args[0])
        return counted, (counted, *args[1:])
    return None, args


def _count_of(result: Any, counted: _Counted | None) -> int | None:
    if counted is not None:
        return counted.n
    return len(result) if isinstance(result, list) else None


def _query_blocking(name: str, method: Any) -> Any:
    @functools.wraps(method)
    def observed(self: Any, *args: Any, **kwargs: Any) -> Any:
        command = _query_command(self, name)
        counted, args = _counting(args) if name == "foreach" else (None, args)
        try:
            result = method(self, *args, **kwargs)
        except BaseException as error:
            command.failed(error)
            raise
        command.succeeded(_count_of(result, counted))
        return result

    return observed


def _query_awaited(name: str, method: Any) -> Any:
    @functools.wraps(method)
    async def observed(self: Any, *args: Any, **kwargs: Any) -> Any:
        command = _query_command(self, name)
        counted, args = _counting(args) if name == "foreach" else (None, args)
        try:
            result = await method(self, *args, **kwargs)
        except BaseException as error:
            command.failed(error)
            raise
        command.succeeded(_count_of(result, counted))
        return result

    return observed


def _iterated(method: Any) -> Any:
    @functools.wraps(method)
    def observed(self: Any) -> Iterator[Any]:
        command, n = _query_command(self, "iter"), 0
        try:
            for record in method(self):
                n += 1
                yield record
        except GeneratorExit:  # the caller has seen enough
            command.succeeded(n)
            raise
        except BaseException as error:
            command.failed(error)
            raise
        command.succeeded(n)

    return observed


def _async_iterated(method: Any) -> Any:
    @functools.wraps(method)
    async def observed(self: Any) -> AsyncIterator[Any]:
        command, n = _query_command(self, "iter"), 0
        try:
            async for record in method(self):
                n += 1
                yield record
        except GeneratorExit:
            command.succeeded(n)
            raise
        except BaseException as error:
            command.failed(error)
            raise
        command.succeeded(n)

    return observed


_QUERY_CALLS = ("results", "foreach", "execute_background")


@functools.cache
def _observed_query(cls: Any) -> type:
    is_async = hasattr(cls, "__aiter__")
    wrap = _query_awaited if is_async else _query_blocking
    members: dict[str, Any] = {
        name: wrap(name, getattr(cls, name)) for name in _QUERY_CALLS
    }
    if is_async:
        members["__aiter__"] = _async_iterated(cls.__aiter__)
    else:
        members["__iter__"] = _iterated(cls.__iter__)
    return _derived(cls, members)


def _making(method: Any) -> Any:
    @functools.wraps(method)
    def query(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        made = method(self, *args, **kwargs)
        cls: Any = type(made)
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
        self._watch: int | None = None
        self._known: dict[str, tuple[Any, ...]] = {}

    def look(self, client: Any) -> None:
        """Begin to watch the cluster, once the client has connected."""
        is_wanted = self.clusters or self.pools
        if self._watch is None and is_wanted and client.is_connected():
            self._watch = 0
            self._seen(client._stats())
            self._watch = client._watch(self._seen)

    def __call__(self) -> None:
        client: Any = self._client()
        watch, self._watch = self._watch, None
        if watch and client is not None:
            client._end_watch(watch)
            self._seen(client._stats())
        self._known = {}

    def _seen(self, stats: tuple[Any, ...]) -> None:
        client = self._client()
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


@functools.cache
def observed_class(cls: Any) -> type:
    """The class of clients of a class that have listeners."""
    is_async = _is_asynchronous(cls)
    wrap = _awaited if is_async else _blocking
    members: dict[str, Any] = {
        name: wrap(name, getattr(cls, name))
        for name in dir(cls)
        if name[0] != "_" and name not in _SILENT and callable(getattr(cls, name))
    }
    for name in ("query", "scan"):
        members[name] = _making(getattr(cls, name))

    def initialise(self: Any, config: Any = None, *args: Any, **kwargs: Any) -> None:
        config = kwargs.get("config", config)
        listeners = _listeners_of(config)
        rest = args if config is None and not kwargs else (config, *args)
        cls.__init__(self, *rest)
        self._extras["monitor"] = Monitor(self, listeners, config)
        if not is_async:
            self._extras["monitor"].look(self)

    members["__init__"] = initialise
    return _derived(cls, members)
