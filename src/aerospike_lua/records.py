"""Records as functions see them, and the rows of the tables `record` and `aerospike`.

What a record is and what becomes of it is the affair of its host.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from .containers import (
    NOTHING,
    TYPE_NAMES,
    Bytes,
    ScriptError,
    Userdata,
    bad_argument,
    integer,
    size_of,
    stored,
    text_from_lua,
    type_name,
)
from .functions import string, wrong_kind

MAX_BIN_NAME = 15
BIN_SIZE = 250
"""About how many bytes a bin takes besides its value."""


class Host(ABC):
    """A record where it is kept."""

    @abstractmethod
    def read(self, name: bytes) -> Any:
        """The value of a bin as Lua has it; None: there is no such bin."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is the record."""

    @abstractmethod
    def gen(self) -> int:
        """The generation; 0: there is no record."""

    @abstractmethod
    def ttl(self) -> int:
        """Seconds to live; 0: forever."""

    @abstractmethod
    def setname(self) -> bytes | None:
        """The name of the set."""

    @abstractmethod
    def digest(self) -> bytes:
        """The digest of the key."""

    @abstractmethod
    def key(self) -> Any:
        """The user key as Lua has it; None: it is not stored."""

    @abstractmethod
    def bin_names(self) -> tuple[bytes, ...] | None:
        """The names of the bins; None: there is no record."""

    @abstractmethod
    def size(self) -> int:
        """The bytes that the record takes."""

    @abstractmethod
    def last_update_time(self) -> int:
        """Milliseconds since 2010."""

    @abstractmethod
    def set_ttl(self, seconds: int) -> None:
        """Give the record another time to live with the next update."""

    @abstractmethod
    def drop_key(self) -> None:
        """Forget the user key with the next update."""

    @abstractmethod
    def update(self, record: Record) -> int:
        """Take in what has been assigned to the record's bins; 0: done."""

    @abstractmethod
    def create(self, record: Record) -> int:
        """The same for a record that is not there; 0: done."""

    @abstractmethod
    def remove(self, record: Record) -> int:
        """Remove the record; 0: done."""


class Record(Userdata):
    """A record in Lua: an index by the names of its bins.

    A bin is read once. What is assigned stays here until the host takes it.
    """

    __slots__ = ("_assigned", "_host", "_values")

    def __init__(self, host: Host) -> None:
        self._host: Host | None = host
        self._values: dict[bytes, Any] = {}
        self._assigned: set[bytes] = set()

    def __str__(self) -> str:
        return f"Record: {id(self):#x}"

    @property
    def host(self) -> Host:
        if self._host is None:
            raise ScriptError("the call that this record was given to has ended")
        return self._host

    def turn_to(self, host: Host) -> None:
        """Be the record of another host from now on."""
        self._host = host
        self.forget()

    def close(self) -> None:
        """Be of no use any more: a script may have kept this record."""
        self._host = None
        self.forget()

    def lua_index(self, key: Any) -> Any:
        name = bin_name(key, "index")
        if name is None:
            return None
        if name in self._values:
            return self._values[name]
        value = self.host.read(name)
        if value is not None:
            self._values[name] = value
        return value

    def lua_assign(self, key: Any, value: Any) -> int | None:
        name = bin_name(key, "newindex")
        if name is None:
            return 0
        kept = value if isinstance(value, Record) else stored(value)
        if kept is NOTHING:
            shown = text_from_lua(name)
            raise ScriptError(f"can't set bin {shown} to unsupported type")
        self._values[name] = kept
        self._assigned.add(name)
        return BIN_SIZE + size_of(kept)

    def size(self) -> int:
        """About how many bytes of memory this takes, without containers inside."""
        return sum(BIN_SIZE + size_of(value) for value in self._values.values())

    def changes(self) -> dict[bytes, Any]:
        """What has been assigned since the last time, None = remove the bin.

        The order is that in which the bins were first seen.
        """
        changes = {n: v for n, v in self._values.items() if n in self._assigned}
        self._assigned.clear()
        return changes

    def forget(self) -> None:
        """Forget what has been read and assigned."""
        self._values.clear()
        self._assigned.clear()


def bin_name(key: Any, function: str) -> bytes | None:
    """The name of a bin as Lua gave it; None: there can be no such bin."""
    name = string(key, 2, function)
    if name is None:
        return None
    name = name.partition(b"\0")[0]
    return name if len(name) <= MAX_BIN_NAME else None


def bin_names(of: Host) -> tuple[bytes, ...]:
    names = of.bin_names()
    if names is None:
        raise ScriptError("can't get bin names")
    return names


def number_of_bins(of: Host) -> int:
    return len(of.bin_names() or ())


# of the table `record`: functions of a host
RECORD: dict[str, Callable[[Host], Any]] = {
    "gen": lambda of: of.gen(),
    "ttl": lambda of: of.ttl(),
    "setname": lambda of: of.setname(),
    "digest": lambda of: Bytes(of.digest()),
    "key": lambda of: of.key(),
    "numbins": number_of_bins,
    "bin_names": bin_names,
    "size": lambda of: of.size(),
    "memory_size": lambda of: of.size(),
    "device_size": lambda _of: 0,
    "last_update_time": lambda of: of.last_update_time(),
    "drop_key": lambda of: of.drop_key(),
}


def about(name: str, function: Callable[[Host], Any]) -> Callable[..., Any]:
    """A function of `record` for Lua, which gives it the record first."""

    def call(of: Any = NOTHING, *_: Any) -> Any:
        if not isinstance(of, Record):
            raise wrong_kind(of, Record, 1, name)
        return function(of.host)

    return call


def set_ttl(of: Any = NOTHING, seconds: Any = NOTHING, *_: Any) -> None:
    if not isinstance(of, Record):
        raise wrong_kind(of, Record, 1, "set_ttl")
    of.host.set_ttl(integer(seconds, 2, "set_ttl"))


def action(name: str, function: Callable[[Record], Any]) -> Callable[..., Any]:
    """A method of `aerospike` for Lua: it is called with that table and the record."""

    def call(owner: Any = NOTHING, of: Any = NOTHING, *_: Any) -> Any:
        if isinstance(owner, Userdata) or type(owner) in TYPE_NAMES:
            problem = f"Aerospike expected, got {type_name(owner)}"
            raise bad_argument(1, name, problem)
        if not isinstance(of, Record):
            raise bad_argument(1, name, f"Record expected, got {type_name(of)}")
        return function(of)

    return call


RECORD_FUNCTIONS = {
    "set_ttl": set_ttl,
    **{name: about(name, function) for name, function in RECORD.items()},
}

ACTIONS = {
    "exists": action("exists", lambda of: of.host.exists()),
    "update": action("update", lambda of: of.host.update(of)),
    "create": action("create", lambda of: of.host.create(of)),
    "remove": action("remove", lambda of: of.host.remove(of)),
}
