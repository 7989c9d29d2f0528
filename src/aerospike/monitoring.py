"""Listeners, which a client informs about what it does.

    from aerospike import monitoring

    class Slow(monitoring.CommandListener):
        def succeeded(self, event):
            if event.duration_s > 0.1:
                print(event.name, event.namespace, event.duration_s)

    monitoring.register(Slow())                      # clients made from now on
    aerospike.client({..., "event_listeners": [Slow()]})            # this one

A listener derives from one or more of the three listener classes, and overrides the
methods for the events that it needs. The thread that makes a call, or the task that
awaits it, calls the methods of a CommandListener, so context variables are those of the
caller. The thread that tends the cluster every `tend_interval` calls the methods of the
others. If a listener raises an exception, it is written to the log "aerospike" and has
no other effect. A client without listeners does no work for this.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TYPE_CHECKING = False  # as in typing, which need not be imported for it
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    # as in aerospike.typing, which imports this module
    _UserKey: TypeAlias = str | int | bytes | bytearray | None
    _Key: TypeAlias = (
        tuple[str, str | None, _UserKey]
        | tuple[str, str | None, _UserKey, bytes | bytearray | None]
    )

__all__ = [
    "ClusterListener",
    "CommandFailed",
    "CommandListener",
    "CommandStarted",
    "CommandSucceeded",
    "ConnectionEvent",
    "NodeEvent",
    "PoolListener",
    "register",
    "unregister",
]


@dataclass(frozen=True, slots=True)
class CommandStarted:
    """A call begins.

    :ivar request_id: int, the same in the event for the end of this call, and different
        in all other calls.
    :ivar name: the method: "get", "batch_read", "query.results", "index_remove", ...
    :ivar namespace: str, or None for calls without a namespace, such as info().
    :ivar set: str, or None if the call names no set.
    :ivar count: the number of keys of a batch; None for other calls.
    :ivar client: the client whose method it is.
    :ivar key: the key as the caller gave it, or None.
    """

    request_id: int
    name: str
    namespace: str | None
    set: str | None
    count: int | None
    client: Any = field(repr=False)
    key: _Key | None = field(repr=False)

    @property
    def digest(self) -> bytes | None:
        """The digest of the key: 20 bytes. None if there is no key, or if it is
        malformed.
        """
        from aerospike._core import calc_digest
        from aerospike.exception import AerospikeError

        key: Any = self.key  # which the caller may have got wrong
        try:
            if len(key) > 3 and key[3] is not None:
                return bytes(key[3])
            return bytes(calc_digest(*key[:3]))
        except (AerospikeError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class _CommandEnded:
    request_id: int
    name: str
    namespace: str | None
    set: str | None
    duration_s: float
    node: str | None
    attempts: int | None
    started: CommandStarted = field(repr=False)


@dataclass(frozen=True, slots=True)
class CommandSucceeded(_CommandEnded):
    """A call has returned.

    Its request_id, name, namespace and set are those of `started`, its CommandStarted.

    :ivar duration_s: float, the seconds that the call took, with all attempts.
    :ivar node: name of the node that has answered a call on one record; None for
        others, which may ask several.
    :ivar attempts: the number of attempts of such a call; None for others.
    :ivar count: the number of records of a query, or of rows of a batch; None for other
        calls.
    """

    count: int | None


@dataclass(frozen=True, slots=True)
class CommandFailed(_CommandEnded):
    """A call has raised an error; see CommandSucceeded.

    :ivar node: "address:port" of the node that failed, if the error has it.
    :ivar error: the exception.
    :ivar code: the code of an AerospikeError; None for others, such as a cancellation.
    :ivar in_doubt: whether a write may still have been applied.
    """

    error: BaseException
    code: int | None
    in_doubt: bool


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """The client has found a node, or a node is gone.

    :ivar client: the client to which this happened.
    :ivar name: the name of the node; ``address``, ``port``: where it is.
    """

    client: Any = field(repr=False)
    name: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class ConnectionEvent(NodeEvent):
    """Connections to a node were opened, or closed, since the last tend.

    :ivar count: how many.
    :ivar in_use: the number of connections that calls use now; ``in_pool``: of idle
        ones.
    """

    count: int
    in_use: int
    in_pool: int


class CommandListener:
    """Is informed about each call: started(), then one of the other two methods."""

    def started(self, event: CommandStarted) -> None:
        """A call begins; nothing was sent yet."""

    def succeeded(self, event: CommandSucceeded) -> None:
        """The call has returned. A missing record is a failure, as in the call."""

    def failed(self, event: CommandFailed) -> None:
        """The call has raised an error, or was cancelled."""


class ClusterListener:
    """Is informed about the nodes of the cluster."""

    def node_added(self, event: NodeEvent) -> None:
        """A node was found. This is also called for the first nodes."""

    def node_removed(self, event: NodeEvent) -> None:
        """A node is gone."""


class PoolListener:
    """Is informed about connections."""

    def connections_opened(self, event: ConnectionEvent) -> None:
        """Connections were opened; one to each node is for tending."""

    def connections_closed(self, event: ConnectionEvent) -> None:
        """Connections were closed."""


Listener = CommandListener | ClusterListener | PoolListener

_registered: tuple[Listener, ...] = ()


def register(listener: Listener) -> None:
    """Add a listener to all clients that are made from now on.

    :raises TypeError: it is not a listener of one of the three classes.
    """
    global _registered
    check(listener)
    _registered = (*_registered, listener)


def unregister(listener: Listener) -> None:
    """Remove a listener from the clients that are made from now on.

    :raises ValueError: it is not registered.
    """
    global _registered
    if listener not in _registered:
        raise ValueError(f"{listener!r} is not registered")
    _registered = tuple(each for each in _registered if each is not listener)


def check(listener: object) -> None:
    """Raise TypeError unless it is a listener."""
    if not isinstance(listener, Listener):
        raise TypeError(
            f"a listener derives from CommandListener, ClusterListener or "
            f"PoolListener; got {type(listener).__name__}"
        )
