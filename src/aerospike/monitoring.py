"""What a client does, told to listeners as it happens.

    from aerospike import monitoring

    class Slow(monitoring.CommandListener):
        def succeeded(self, event):
            if event.duration_s > 0.1:
                print(event.name, event.namespace, event.duration_s)

    monitoring.register(Slow())                      # clients made from now on
    aerospike.client({..., "event_listeners": [Slow()]})            # this one

A listener derives from one or more of the three classes here, and overrides what it
wants to hear. Methods of CommandListener are called in the thread that makes the call,
or in the task that awaits it, so that context variables are those of the caller. The
others are called by the thread that looks at the cluster every `tend_interval`. What a
listener raises is written to the log "aerospike" and changes nothing. Clients without
listeners do none of this.
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

    :ivar request_id: int, the same in the event that tells of its end, and in no other.
    :ivar name: the method: "get", "batch_read", "query.results", "index_remove", ...
    :ivar namespace: str, or None for calls of no namespace, such as info().
    :ivar set: str, or None when the call names none.
    :ivar count: keys of a batch; None for other calls.
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
        """The digest of the key: 20 bytes; None where there is no key, or none that is
        well-formed."""
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

    :ivar duration_s: float, seconds that it took, with all attempts.
    :ivar node: name of the node that has answered a call on one record; None for
        others, which may ask several.
    :ivar attempts: how often such a call was tried; None for others.
    :ivar count: records that a query gave, or rows of a batch; None for other calls.
    """

    count: int | None


@dataclass(frozen=True, slots=True)
class CommandFailed(_CommandEnded):
    """A call has raised; see CommandSucceeded.

    :ivar node: "address:port" of the node that failed, where the error tells it.
    :ivar error: the exception.
    :ivar code: the code of an AerospikeError; None for others, such as a cancellation.
    :ivar in_doubt: whether a write may have been applied all the same.
    """

    error: BaseException
    code: int | None
    in_doubt: bool


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """A node was found, or is gone.

    :ivar client: the client that knows it.
    :ivar name: of the node; ``address``, ``port``: where it is.
    """

    client: Any = field(repr=False)
    name: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class ConnectionEvent(NodeEvent):
    """Connections to a node were opened, or closed, since the last look at the cluster.

    :ivar count: how many.
    :ivar in_use: connections that calls have now; ``in_pool``: those that are idle.
    """

    count: int
    in_use: int
    in_pool: int


class CommandListener:
    """Hears of each call: first started(), then one of the other two."""

    def started(self, event: CommandStarted) -> None:
        """A call begins; nothing was sent yet."""

    def succeeded(self, event: CommandSucceeded) -> None:
        """It has returned. A record that is not there is a failure, as in the call."""

    def failed(self, event: CommandFailed) -> None:
        """It has raised, or was cancelled."""


class ClusterListener:
    """Hears of the nodes of the cluster."""

    def node_added(self, event: NodeEvent) -> None:
        """A node was found. Those that are there at first are told, too."""

    def node_removed(self, event: NodeEvent) -> None:
        """A node is gone."""


class PoolListener:
    """Hears of connections."""

    def connections_opened(self, event: ConnectionEvent) -> None:
        """Connections were opened; one to each node is for tending."""

    def connections_closed(self, event: ConnectionEvent) -> None:
        """Connections were closed."""


Listener = CommandListener | ClusterListener | PoolListener

_registered: tuple[Listener, ...] = ()


def register(listener: Listener) -> None:
    """Have a listener hear of all clients that are made from now on.

    :raises TypeError: it is of none of the three classes.
    """
    global _registered
    check(listener)
    _registered = (*_registered, listener)


def unregister(listener: Listener) -> None:
    """Let clients that are made from now on go without a listener.

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
