"""Faults on purpose: what a node does wrong, to which requests, and how often.

    with cluster.faults.delay(0.2, commands="write") as fault:
        client.put(key, {"n": 1})
    assert fault.hits == 1

A fault is a change to the reply of a request: a generator that takes the parts of the
reply and gives those that are sent, pauses, and the end of the connection. It knows no
socket. So the development server and `FaultProxy` have the same faults.
"""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from aerospike_devserver.codec.frame import HEADER_SIZE, ProtoType
from aerospike_devserver.codec.message import (
    Field,
    Info1,
    Info2,
    Message,
    MessageError,
    encode_last,
    encode_reply,
)
from aerospike_devserver.reply import End, Part, Reply, Stream

if TYPE_CHECKING:
    import random

    from typing_extensions import Self, Unpack

READ, WRITE, APPLY, BATCH, QUERY = "read", "write", "apply", "batch", "query"
INFO, ADMIN, CONNECT = "info", "admin", "connect"
COMMANDS = (READ, WRITE, APPLY, BATCH, QUERY, INFO, ADMIN, CONNECT)
"""What a fault can be about: kinds of requests, and connections that are accepted."""
WITH_RESULT = (READ, WRITE, APPLY, BATCH, QUERY)
"""Kinds of requests whose reply has a result code of the protocol's list."""

ENDS = {
    "close": End.CLOSE,
    "half_close": End.HALF_CLOSE,
    "reset": End.RESET,
    "silence": End.SILENCE,
}
"""What can become of a connection behind a reply that is cut."""
_MAX_RESULT = 255


class _Number(NamedTuple):
    """Where a number stands in a frame; big endian."""

    offset: int
    size: int


NUMBERS = {
    "version": _Number(0, 1),
    "type": _Number(1, 1),
    "size": _Number(2, 6),
    "header": _Number(8, 1),
    "result": _Number(13, 1),
    "generation": _Number(14, 4),
    "expiry": _Number(18, 4),
    "index": _Number(22, 4),
    "fields": _Number(26, 2),
    "bins": _Number(28, 2),
    "part_size": _Number(30, 4),
    "name_size": _Number(37, 1),
}
"""What a reply can lie about. `header` is the size of the message's header, `index` the
number of a row, `part_size` the size of the first field or bin, `name_size` that of the
name of the first bin. In replies to info and admin commands, all except the first three
are just bytes."""


def command_of(proto_type: int, body: bytes) -> str:
    """Which of COMMANDS a request is. A malformed one counts as a read."""
    if proto_type == ProtoType.COMPRESSED:
        with contextlib.suppress(zlib.error):
            inner = zlib.decompressobj().decompress(body[HEADER_SIZE:], 1 << 20)
            return command_of(ProtoType.MESSAGE, inner[HEADER_SIZE:])
    if proto_type != ProtoType.MESSAGE:
        return ADMIN if proto_type == ProtoType.ADMIN else INFO
    try:
        message = Message(body)
    except MessageError:
        return READ
    if message.info1 & Info1.BATCH:
        return BATCH
    if Field.DIGEST not in message.fields:
        return QUERY
    if Field.UDF_PACKAGE in message.fields:
        return APPLY
    return WRITE if message.info2 & Info2.WRITE else READ


_OF_REQUESTS = ("drop", "lie", "fail")
"""Faults that need to know what is a request, and what a reply."""

# What faults do to the parts of a reply

Change = Callable[[Stream, str], Stream]
"""(parts of the reply, one of COMMANDS) -> what is sent in their place."""


def parts_of(make: Callable[[], Reply]) -> Stream:
    """The parts of a reply, which is made when the first one is taken."""
    reply = make()
    if isinstance(reply, bytes):
        yield reply
    else:
        yield from reply


def _begun(parts: Stream) -> Stream:
    """The same parts, the first of which is made now: a request is carried out though
    its client may have gone.
    """
    first = next(parts, b"")

    def all_of_them() -> Stream:
        with contextlib.closing(parts):
            yield first
            yield from parts

    return all_of_them()


def _before_reply(parts: Stream) -> Generator[Part, None, bytes]:
    """Wait until the request is carried out; the first bytes of the reply."""
    for part in parts:
        if part and isinstance(part, bytes):
            return part
        yield part
    return b""


def _end(parts: Stream, _command: str, end: End) -> Stream:
    """The request is carried out, and this is all that the client hears."""
    with contextlib.closing(parts):
        yield from _before_reply(parts)
        yield end


def _drop(parts: Stream, _command: str) -> Stream:
    """The request is thrown away; the connection takes the next one."""
    parts.close()
    yield b""


def _fail(parts: Stream, command: str, result: int) -> Stream:
    """The request is not carried out, and the reply says why."""
    parts.close()
    encode = encode_last if command in (BATCH, QUERY) else encode_reply
    yield encode(result)


def _delay(parts: Stream, _command: str, seconds: float) -> Stream:
    """The request is carried out, and the reply comes late."""
    with contextlib.closing(parts):
        first = yield from _before_reply(parts)
        yield seconds
        yield first
        yield from parts


def _trickle(parts: Stream, _command: str, pause: float) -> Stream:
    """The reply comes byte by byte."""
    with contextlib.closing(parts):
        for part in parts:
            if not isinstance(part, bytes) or not part:
                yield part
                continue
            for place in range(len(part)):
                yield part[place : place + 1]
                yield pause


def _cut(parts: Stream, _command: str, at: int, end: End) -> Stream:
    """The reply ends at an offset; a shorter one passes whole."""
    left = at
    with contextlib.closing(parts):
        for part in parts:
            if not isinstance(part, bytes):
                yield part
                continue
            yield part[:left]
            if part and len(part) >= left:
                yield end
                return
            left -= len(part)
        if left == 0:  # a connection that is accepted has no reply
            yield end


def _garble(parts: Stream, _command: str, at: int, source: random.Random) -> Stream:
    """The reply has its length, and random bytes from an offset on."""
    left = at
    with contextlib.closing(parts):
        for part in parts:
            if isinstance(part, bytes):
                kept = part[:left]
                yield kept + source.randbytes(len(part) - len(kept))
                left -= len(kept)
            else:
                yield part


def _claim(parts: Stream, _command: str, claims: Mapping[_Number, int]) -> Stream:
    """Numbers at the beginning of the reply are others."""
    needed = max(number.offset + number.size for number in claims)
    head = bytearray()
    with contextlib.closing(parts):
        for part in parts:
            if not isinstance(part, bytes) or not part:
                yield part
                continue
            head += part
            if len(head) >= needed:
                break
        for (offset, size), value in claims.items():
            if offset + size <= len(head):
                head[offset : offset + size] = value.to_bytes(size, "big")
        yield bytes(head)
        yield from parts


# Where and when


class ScopeArguments(TypedDict, total=False):
    """Which requests a fault affects; by default all requests to all nodes.

    node: an index or a name. commands: one of COMMANDS, or several; by default all
    kinds of requests, also those with which a client tends the cluster. nth: only the
    request with this number, counted from 1. every: one of this many requests. times:
    this many requests, and then no more.
    """

    node: int | str | None
    commands: str | tuple[str, ...] | list[str] | None
    nth: int | None
    every: int | None
    times: int | None


@dataclass(frozen=True)
class Scope:
    """Where a fault strikes, and when; all of it is checked. See ScopeArguments."""

    node: int | None = None
    commands: frozenset[str] = frozenset(COMMANDS) - {CONNECT}
    nth: int | None = None
    every: int | None = None
    times: int | None = None

    def covers(self, node: int, command: str) -> bool:
        """Whether a request to a node is one of those that are counted."""
        return self.node in (None, node) and command in self.commands

    def is_due(self, number: int) -> bool:
        """Whether the fault strikes at request `number` of those."""
        if self.nth is not None:
            return number == self.nth
        if self.every is not None and number % self.every:
            return False
        return self.times is None or number <= self.times * (self.every or 1)


def _check_count(name: str, value: object, least: int) -> None:
    """TypeError or ValueError for what is no count."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")


def _check_seconds(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number of seconds, not {type(value).__name__}")
    if not 0 <= value <= threading.TIMEOUT_MAX:
        raise ValueError(f"{name} must be 0 or more seconds, not {value}")


def _commands(given: object) -> frozenset[str]:
    """The kinds of commands that somebody has named."""
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, (tuple, list, set, frozenset)) or not names:
        raise TypeError(f"commands is one of {', '.join(COMMANDS)}, or a list of them")
    for name in names:
        if name not in COMMANDS:
            raise ValueError(
                f"no kind of command: {name!r}; there are {', '.join(COMMANDS)}"
            )
    return frozenset(names)


# The faults of a cluster


class Ground(NamedTuple):
    """The nodes that faults are about, those of a cluster or behind a proxy.

    index_of: the index of a node, given by that or by its name; IndexError or
    ValueError if there is none. refuse: let the nodes refuse connections, or not, as
    `Faults.refuses` says. hang_up: close the connections of a node. Where nothing runs,
    the last two do nothing. is_opaque: requests cannot be seen, since clients encrypt
    them: faults are about connections, and change all that nodes send on them.
    """

    index_of: Callable[[int | str], int]
    refuse: Callable[[], None]
    hang_up: Callable[[int], None]
    is_opaque: bool = False


def index_in(names: Sequence[str], node: int | str) -> int:
    """The index of a node, given by that or by its name.

    IndexError, ValueError or TypeError if there is none.
    """
    if isinstance(node, str):
        if node not in names:
            raise ValueError(f"no node {node!r}: there are {', '.join(names)}")
        return names.index(node)
    if not isinstance(node, int):
        raise TypeError(f"a node is an int or a name, not {type(node).__name__}")
    if not 0 <= node < len(names):  # a list also has -1
        raise IndexError(f"no node {node}: there are {len(names)}")
    return node


class Fault:
    """A fault, which is active until `end`, or the end of its `with` block.

    :ivar name: the method that made it.
    :ivar hits: the number of requests that it has affected. It is 0 for a fault that
        refuses connections or swaps nodes.
    """

    def __init__(
        self, faults: Faults, name: str, scope: Scope, change: Change | None = None
    ) -> None:
        self._faults = faults
        self._scope = scope
        self._change = change
        self._seen = 0
        self.name = name
        self.hits = 0

    def _strikes(self, node: int, command: str) -> bool:
        """Count a request; whether the fault strikes at it."""
        if self._change is None or not self._scope.covers(node, command):
            return False
        self._seen += 1
        if not self._scope.is_due(self._seen):
            return False
        self.hits += 1
        return True

    def _changed(self, parts: Stream, command: str) -> Stream:
        return parts if self._change is None else self._change(parts, command)

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self in self._faults.active

    def end(self) -> None:
        """End the fault. Requests that it has affected stay affected."""
        self._faults._end(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.end()

    def __repr__(self) -> str:
        given = [
            f"{field.name}={getattr(self._scope, field.name)!r}"
            for field in fields(Scope)
            if getattr(self._scope, field.name) != field.default
        ]
        state = f"{self.hits} hits" if self.is_active else f"ended, {self.hits} hits"
        return f"<fault {self.name}({', '.join(given)}): {state}>"


class Faults:
    """The faults of a cluster. Each method makes a `Fault`, which is active at once.

    All methods except refuse(), swap() and clear() take named arguments that say which
    requests the fault affects; without them, it affects all requests to all nodes:

    - node: the index of a node, or its name.
    - commands: a kind of requests, or a list of kinds: "read", "write", "apply",
      "batch", "query", "info", "admin".
    - nth: only the request with this number, counted from 1.
    - every: one of this many requests.
    - times: this many requests, and then no more.

    If several faults affect the same request, they act in the order in which they were
    made. With `commands="connect"`, a fault affects new connections. They can be
    delayed, kept silent, reset, half-closed, or closed by `cut(0)`. A connection with
    TLS counts as new when its handshake is over.

    :ivar active: the faults that have not ended, a tuple.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._lock = threading.RLock()
        self.active: tuple[Fault, ...] = ()
        self._swaps: dict[Fault, dict[int, int]] = {}

    def silence(self, **scope: Unpack[ScopeArguments]) -> Fault:
        """The request is carried out; nothing more is sent on its connection."""
        return self._add("silence", scope, partial(_end, end=End.SILENCE), on=True)

    def reset(self, **scope: Unpack[ScopeArguments]) -> Fault:
        """The request is carried out, and in place of a reply the connection breaks.

        The client sees ECONNRESET.
        """
        return self._add("reset", scope, partial(_end, end=End.RESET), on=True)

    def half_close(self, **scope: Unpack[ScopeArguments]) -> Fault:
        """The request is carried out, and the server closes its side of the connection.

        The client reads the end of the stream. What it sends is received and dropped.
        """
        change = partial(_end, end=End.HALF_CLOSE)
        return self._add("half_close", scope, change, on=True)

    def drop(self, **scope: Unpack[ScopeArguments]) -> Fault:
        """The request is not carried out, and gets no reply. Its connection stays.

        Calls of an AsyncClient that run at the same time share a connection, and
        replies have no numbers: each takes the reply of the call after it. A node never
        does that to a client. Use silence() there.
        """
        return self._add("drop", scope, _drop)

    def fail(self, result: int, **scope: Unpack[ScopeArguments]) -> Fault:
        """The request is not carried out; its reply has the code of an error.

        :param result: the code, from 1 to 255: 8 = the server is full, 9 = it took too
            long, 11 = the partition is unavailable, 14 = the record is a hot key,
            18 = the device cannot keep up, and so on.

        Without `commands`, the fault affects all requests about records.
        """
        _check_count("result", result, 1)
        if result > _MAX_RESULT:
            raise ValueError(f"result is at most {_MAX_RESULT}, not {result}")
        given = scope.get("commands")
        kinds = frozenset(WITH_RESULT) if given is None else _commands(given)
        if not kinds <= {*WITH_RESULT}:
            raise ValueError(f"fail is about requests of {', '.join(WITH_RESULT)}")
        scope["commands"] = sorted(kinds)
        return self._add("fail", scope, partial(_fail, result=result))

    def delay(self, seconds: float, **scope: Unpack[ScopeArguments]) -> Fault:
        """The request is carried out, and its reply comes so many seconds later."""
        _check_seconds("seconds", seconds)
        return self._add("delay", scope, partial(_delay, seconds=seconds), on=True)

    def trickle(self, pause: float = 1.0, **scope: Unpack[ScopeArguments]) -> Fault:
        """The reply comes byte by byte, with a pause of so many seconds in between."""
        _check_seconds("pause", pause)
        return self._add("trickle", scope, partial(_trickle, pause=pause))

    def cut(
        self, at: int, then: str = "close", **scope: Unpack[ScopeArguments]
    ) -> Fault:
        """The reply is cut at a byte offset; a shorter reply is sent completely.

        :param at: the number of bytes that are sent.
        :param then: what happens to the connection: "close", "half_close", "reset" or
            "silence".
        """
        _check_count("at", at, 0)
        if then not in ENDS:
            raise ValueError(f"then is one of {', '.join(ENDS)}, not {then!r}")
        change = partial(_cut, at=at, end=ENDS[then])
        return self._add("cut", scope, change, on=at == 0)

    def garbage(
        self, at: int = 0, *, seed: int = 0, **scope: Unpack[ScopeArguments]
    ) -> Fault:
        """The reply has random bytes from a byte offset on. Its length does not change.

        :param at: the number of bytes that stay as they are.
        :param seed: another seed makes other bytes.
        """
        _check_count("at", at, 0)
        from random import Random

        source = Random(seed)
        return self._add("garbage", scope, partial(_garble, at=at, source=source))

    def lie(self, claims: Mapping[str, int], **scope: Unpack[ScopeArguments]) -> Fault:
        """Replace numbers in the reply: lengths, counts, the result code.

        :param claims: a dict with numbers by their names: "version", "type", "size",
            "header", "result", "generation", "expiry", "index", "fields", "bins",
            "part_size" or "name_size". If a reply is too short for a number, that
            number is left out.
        """
        if not claims or not hasattr(claims, "items"):
            raise TypeError(f"claims is a dict with any of {', '.join(NUMBERS)}")
        for name, value in claims.items():
            if name not in NUMBERS:
                known = ", ".join(NUMBERS)
                raise ValueError(f"no number in a reply: {name!r}; there are {known}")
            _check_count(name, value, 0)
            if value >> 8 * NUMBERS[name].size:
                raise ValueError(f"{name} has {NUMBERS[name].size} bytes, not {value}")
        numbers = {NUMBERS[name]: value for name, value in claims.items()}
        return self._add("lie", scope, partial(_claim, claims=numbers))

    def refuse(self, node: int | str | None = None) -> Fault:
        """A node, or each node, refuses new connections. Open connections stay."""
        index = None if node is None else self._ground.index_of(node)
        fault = Fault(self, "refuse", Scope(index))
        self._set_active((*self.active, fault))
        self._ground.refuse()
        return fault

    def swap(self, first: int | str, second: int | str) -> Fault:
        """Two nodes exchange their addresses.

        :param first: the index of a node, or its name.
        :param second: the same, of the other node.

        Their connections are closed when the fault begins, and when it ends.
        """
        one, other = self._ground.index_of(first), self._ground.index_of(second)
        if one == other:
            raise ValueError("a node cannot change places with itself")
        fault = Fault(self, "swap", Scope())
        self._swaps[fault] = {one: other, other: one}
        self._set_active((*self.active, fault))
        self._hang_up(fault)
        return fault

    def clear(self) -> None:
        """End all faults."""
        for fault in self.active:
            fault.end()

    def _add(
        self, name: str, given: ScopeArguments, change: Change, on: bool = False
    ) -> Fault:
        """Make a fault of these requests. on: whether it can strike connections."""
        scope = self._scope_of(name, given)
        if self._ground.is_opaque:
            if name in _OF_REQUESTS or scope.commands != {CONNECT}:
                raise ValueError(
                    f"clients encrypt what they send: {name} cannot tell requests apart"
                )
        elif CONNECT in scope.commands and not on:
            raise ValueError(
                f"{name} changes replies; a new connection has none: it can be struck "
                "by silence, reset, half_close, delay and cut(0)"
            )
        fault = Fault(self, name, scope, change)
        self._set_active((*self.active, fault))
        return fault

    def _scope_of(self, name: str, given: ScopeArguments) -> Scope:
        known = [field.name for field in fields(Scope)]
        for key in given:
            if key not in known:
                raise TypeError(f"{name}() has no argument {key!r}; it has {known}")
        found = {key: value for key, value in given.items() if value is not None}
        for key in ("nth", "every", "times"):
            if key in found:
                _check_count(key, found[key], 1)
        if "nth" in found and len(found.keys() & {"every", "times"}) > 0:
            raise ValueError("nth is one request; every and times do not go with it")
        if "node" in found:
            found["node"] = self._ground.index_of(given["node"])  # type: ignore[arg-type]
        if "commands" in found:
            found["commands"] = _commands(found["commands"])
        elif self._ground.is_opaque:
            found["commands"] = frozenset({CONNECT})
        return Scope(**found)  # type: ignore[arg-type]

    def _set_active(self, active: tuple[Fault, ...]) -> None:
        with self._lock:
            self.active = active

    def _end(self, fault: Fault) -> None:
        with self._lock:
            if fault not in self.active:
                return
            self.active = tuple(each for each in self.active if each is not fault)
        if fault.name == "refuse":
            self._ground.refuse()
        if fault.name == "swap":
            self._hang_up(fault)
            del self._swaps[fault]

    def _hang_up(self, fault: Fault) -> None:
        for index in self._swaps[fault]:
            self._ground.hang_up(index)

    # For those who carry them out

    def refuses(self, node: int) -> bool:
        """Whether a node refuses connections at this moment."""
        return any(
            fault.name == "refuse" and fault._scope.node in (None, node)
            for fault in self.active
        )

    def place_of(self, node: int) -> int:
        """The node that answers where clients look for this one."""
        for fault in self.active:
            node = self._swaps.get(fault, {}).get(node, node)
        return node

    def reply(
        self, node: int, proto_type: int, body: bytes, make: Callable[[], Reply]
    ) -> Reply:
        """The reply to a request, as the faults change it. make: the true one."""
        if not self.active:
            return make()
        command = command_of(proto_type, body)
        struck = self._struck(node, command)
        if not struck:
            return make()
        return _begun(self._changed(struck, parts_of(make), command))

    def welcome(self, node: int) -> Stream | None:
        """What befalls a connection that a node accepts; None: nothing."""
        struck = self._struck(node, CONNECT) if self.active else []
        if not struck:
            return None
        return self._changed(struck, parts_of(lambda: b""), CONNECT)

    def passed(self, node: int, parts: Stream) -> Stream:
        """All that a node sends on a connection, as the faults change it."""
        return self._changed(self._struck(node, CONNECT), parts, CONNECT)

    def _struck(self, node: int, command: str) -> list[Fault]:
        return [fault for fault in self.active if fault._strikes(node, command)]

    def _changed(self, struck: list[Fault], parts: Stream, command: str) -> Stream:
        for fault in struck:
            parts = fault._changed(parts, command)
        return parts
