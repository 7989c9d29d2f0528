"""The values that Lua sees as userdata: maps, lists, bytes and GeoJSON.

A string of Lua is `bytes` in here, so that one that is not UTF-8 passes unharmed. What
has no place in a container (a table, a function, a record) is left out where it would
be stored. The texts of errors are those of a real server.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

# stands for what has no value: a table, a function, a record
NOTHING = object()

# the types of what Lua has too, as it is
PLAIN = frozenset({type(None), bool, int, float})

# how deep containers may stand in each other, where something walks through them; how
# many elements it may meet, and of how many bytes. A container may hold itself, or
# another many times: elements that are met again count more
MAX_DEPTH = 256
MAX_ELEMENTS = 1 << 22
AGAIN = 16
MAX_BYTES = 1 << 28


class ScriptError(Exception):
    """A script called a function with something that the function does not take."""


class Walk:
    """A way through containers. ScriptError: it is too deep or too long."""

    __slots__ = ("_bytes", "_deepest", "_elements", "_met", "depth")

    def __init__(self, deepest: int = MAX_DEPTH) -> None:
        self.depth, self._deepest = 0, deepest
        self._elements, self._bytes = MAX_ELEMENTS, MAX_BYTES
        self._met: set[int] = set()

    def enter(self, into: Value) -> None:
        """Go into a list or a map; `leave` follows."""
        self.depth += 1
        if self.depth > self._deepest:
            raise ScriptError(f"a value is nested more than {self._deepest} deep")
        size = into.lua_len() + 1
        self._elements -= AGAIN * size if id(into) in self._met else size
        self._met.add(id(into))
        if self._elements < 0:
            raise ScriptError("a value has too many elements")

    def leave(self) -> None:
        self.depth -= 1

    def pass_by(self, size: int) -> None:
        """Take in so many bytes."""
        self._bytes -= size
        if self._bytes < 0:
            raise ScriptError("a value has too many bytes")


class Userdata:
    """A value with an index, which Lua reads and writes as `x[k]` and `x.k`."""

    __slots__ = ()

    def lua_index(self, key: Any) -> Any:
        raise ScriptError(f"attempt to index a {type(self).__name__} value")

    def lua_assign(self, key: Any, value: Any) -> int | None:
        """Store a value; the result is about how many bytes that took, if any."""
        raise ScriptError(f"attempt to index a {type(self).__name__} value")

    def lua_len(self) -> int:
        raise ScriptError(f"attempt to get length of a {type(self).__name__} value")


class Value(Userdata):
    """What a list, a map or a bin can hold; a record is none."""

    __slots__ = ()

    def __str__(self) -> str:
        return self.shown(Walk())

    def shown(self, walk: Walk) -> str:
        """The text for `tostring`, on the way through other containers."""
        raise NotImplementedError

    def size(self) -> int:
        """About how many bytes of memory this takes, without containers inside."""
        raise NotImplementedError


def stored(value: Any) -> Any:
    """A value as a container keeps it, or NOTHING. A string ends at a zero byte."""
    if type(value) is bytes:
        return value.partition(b"\0")[0] if b"\0" in value else value
    if value is None or isinstance(value, (bool, int, float, Value)):
        return value
    return NOTHING


def map_key(key: Any) -> Any:
    """A key as a map keeps it, or NOTHING."""
    kind = type(key)
    if kind is bytes:
        return key.partition(b"\0")[0] if b"\0" in key else key
    if kind is int:
        return key
    return Bytes(key.data) if kind is Bytes else NOTHING


class Map(Value):
    __slots__ = ("items", "kind")

    def __init__(
        self,
        items: dict[Any, Any] | None = None,
        kind: Callable[[dict[Any, Any]], Any] = dict,
    ) -> None:
        self.items = {} if items is None else items
        self.kind = kind  # makes the Python value, for example an ordered dict

    def lua_index(self, key: Any) -> Any:
        if type(key) is not bytes or b"\0" in key:
            key = map_key(key)
        return self.items.get(key)

    def lua_assign(self, key: Any, value: Any) -> int:
        if type(key) is not bytes or b"\0" in key:
            key = map_key(key)
        if type(value) in PLAIN and key is not NOTHING:
            self.items[key] = value
            return 64 + size_of(key)
        value = stored(value)
        if key is NOTHING:
            return 0
        if value is NOTHING:
            self.items.pop(key, None)
            return 0
        self.items[key] = value
        return size_of(key) + size_of(value)

    def lua_len(self) -> int:
        return len(self.items)

    def ordered(self) -> list[Any]:
        """The keys in their order: integers, strings, bytes."""
        try:  # keys of one kind, as most maps have them
            return sorted(self.items)
        except TypeError:
            return sorted(self.items, key=_key_order)

    def sorted(self) -> list[tuple[Any, Any]]:
        """The items in key order."""
        return [(key, self.items[key]) for key in self.ordered()]

    def shown(self, walk: Walk) -> str:
        walk.enter(self)
        rows = [
            f"{text_of(key, walk)}:{text_of(value, walk)}"
            for key, value in self.sorted()
        ]
        walk.leave()
        return "{" + ", ".join(rows) + "}"

    def size(self) -> int:
        return 300 + sum(
            size_of(key) + size_of(value) for key, value in self.items.items()
        )


def _key_order(key: Any) -> tuple[int, Any]:
    if type(key) is Bytes:
        return 2, bytes(key.data)
    return int(type(key) is bytes), key


class List(Value):
    __slots__ = ("items",)

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self.items = list(items)

    def lua_index(self, key: Any) -> Any:
        if type(key) is not int:
            key = integer(key, 2, "index")
        return self.items[key - 1] if 1 <= key <= len(self.items) else None

    def lua_assign(self, key: Any, value: Any) -> int:
        key, value = integer(key, 2, "newindex"), stored(value)
        if key < 1 or value is NOTHING:
            return 0
        padded = self.pad(key)
        self.items[key - 1] = value
        return padded + size_of(value)

    def pad(self, size: int) -> int:
        """Add nils up to a size; the bytes that they take."""
        missing = size - len(self.items)
        if missing <= 0:
            return 0
        self.items.extend([None] * checked_size(missing))
        return 8 * missing

    def lua_len(self) -> int:
        return len(self.items)

    def until_nil(self) -> Iterator[Any]:
        """The elements as a `for` of Lua sees them: a nil ends it."""
        return iter(iter(self.items).__next__, None)

    def shown(self, walk: Walk) -> str:
        walk.enter(self)
        rows = [text_of(item, walk) for item in self.items]
        walk.leave()
        return "[" + ", ".join(rows) + "]"

    def size(self) -> int:
        return 100 + sum(map(size_of, self.items))


class Bytes(Value):
    """Bytes. As the key of a map they are a copy, which nothing changes."""

    __slots__ = ("behind", "capacity", "data", "type")

    def __init__(
        self, data: bytes | bytearray = b"", kind: int = 4, capacity: int = 0
    ) -> None:
        self.data = bytearray(data)
        self.type = kind  # the particle type; 4 is a blob
        self.capacity = capacity
        # what a variable integer wrote behind the end, by position: the size does not
        # grow, but the bytes are seen once something behind them is written
        self.behind: dict[int, int] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bytes) and self.data == other.data

    def __hash__(self) -> int:
        return hash(bytes(self.data))

    def lua_index(self, key: Any) -> Any:
        if type(key) is not int:
            key = integer(key, 2, "index")
        return self.data[key - 1] if 1 <= key <= len(self.data) else None

    def lua_assign(self, key: Any, value: Any) -> int:
        key, value = integer(key, 2, "newindex"), integer(value, 3, "newindex")
        size = len(self.data)
        if 0 <= value <= 0xFF:
            self.put(key, bytes([value]))
        return len(self.data) - size

    def put(self, index: int, data: bytes | bytearray) -> bool:
        """Overwrite from an index on; what is missing before it becomes zeros."""
        if index < 1:
            return False
        start, size = index - 1, len(self.data)
        if start > size:
            self.data.extend(bytes(checked_size(start - size)))
            for at in self.behind.keys() & range(size, start):
                self.data[at] = self.behind[at]
        self.data[start : start + len(data)] = data
        return True

    def put_var_int(self, index: int, data: bytes) -> None:
        for at, byte in enumerate(data, index - 1):
            if at < len(self.data):
                self.data[at] = byte
            else:
                self.behind[at] = byte

    def byte(self, at: int) -> int:
        """The byte at an offset, which may be behind the end."""
        return self.data[at] if at < len(self.data) else self.behind.get(at, 0)

    def lua_len(self) -> int:
        return 0

    def shown(self, walk: Walk) -> str:
        walk.pass_by(len(self.data))
        # a real server has this other text for empty bytes inside of a container
        return self.data.hex(" ").upper() or ("<NULL>" if walk.depth else "Bytes()")

    def size(self) -> int:
        return 400 + len(self.data) + 100 * len(self.behind)


class GeoJSON(Value):
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def shown(self, walk: Walk) -> str:
        walk.pass_by(len(self.text))
        return f'"{self.text}"'

    def size(self) -> int:
        return 100 + len(self.text)


# one assignment or call makes nothing larger than this: padding costs a script nothing
MAX_GROWTH = 1 << 24


def checked_size(size: int) -> int:
    if size > MAX_GROWTH:
        raise ScriptError("not enough memory")
    return size


def size_of(value: Any) -> int:
    """About how many bytes an element takes, without what a container holds."""
    return 64 + len(value) if type(value) is bytes else 64


def type_name(value: Any) -> str:
    """The name of a value's type in errors."""
    if isinstance(value, Userdata):
        names = (kind.__name__ for kind in type(value).__mro__)
        return next(name for name in names if not name.startswith("_"))
    if type(value) in TYPE_NAMES:
        return TYPE_NAMES[type(value)]
    # only errors come here, and the rest of this module works without lupa
    from lupa.lua54 import lua_type

    return lua_type(value) or ("function" if callable(value) else "userdata")


TYPE_NAMES: dict[type, str] = {
    type(None): "nil",
    type(NOTHING): "no value",
    bool: "boolean",
    int: "number",
    float: "number",
    bytes: "string",
}


def integer(value: Any, position: int, function: str) -> int:
    """An integer as a function of Lua takes it: 2.0 and "2" too, and nil as 0."""
    if type(value) is int:
        return value
    if value is None or value is NOTHING:
        return 0
    number = number_from_text(value) if type(value) is bytes else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise bad_argument(
            position, function, f"number expected, got {type_name(value)}"
        )
    if isinstance(number, float):
        if not number.is_integer() or not -(2.0**63) <= number < 2.0**63:
            raise bad_argument(
                position, function, "number has no integer representation"
            )
        return int(number)
    return number


def number_from_text(text: bytes) -> int | float | None:
    """The number that Lua reads in a string."""
    digits = text.strip().lower()
    try:
        if digits.lstrip(b"+-").startswith(b"0x"):
            return (int(digits, 16) + 2**63) % 2**64 - 2**63
        number = int(digits) if b"_" not in digits else None
    except ValueError:
        try:
            return float(digits) if digits.strip(b"+-")[:1] not in b"in" else None
        except ValueError:
            return None
    if number is None or -(2**63) <= number < 2**63:
        return number
    return float(number)


def bad_argument(position: int, function: str, problem: str) -> ScriptError:
    return ScriptError(f"bad argument #{position} to '{function}' ({problem})")


def text_of(value: Any, walk: Walk) -> str:
    """An element as `tostring` of its container shows it."""
    if isinstance(value, Value):
        return value.shown(walk)
    if isinstance(value, bytes):
        walk.pass_by(len(value))
        return f'"{text_from_lua(value)}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        sign = "-" if math.isnan(value) and math.copysign(1, value) < 0 else ""
        return f"{sign}{value:.16g}"
    return "NIL" if value is None else str(value)


def text_from_lua(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def no_cost(size: int) -> None:
    """Count nothing."""


def into_lua(value: Any, take: Callable[[int], None] = no_cost, depth: int = 0) -> Any:
    """What Lua is to see of a Python value; containers are copied.

    `take` is told about how many bytes each copy takes.
    """
    if type(value) in PLAIN:
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if depth > MAX_DEPTH:
        raise ScriptError(f"a value is nested more than {MAX_DEPTH} deep")
    depth += 1
    if isinstance(value, dict):
        take(300 + 128 * len(value))
        rows = {}
        for key, inner in value.items():
            if type(inner) not in PLAIN:
                inner = into_lua(inner, take, depth)
            if type(key) is str and "\0" not in key:
                rows[key.encode("utf-8", "surrogateescape")] = inner
            elif (kept := map_key(into_lua(key))) is not NOTHING:
                rows[kept] = inner
        return Map(rows, type(value))
    if isinstance(value, (list, tuple)):
        take(100 + 64 * len(value))
        return List(
            [
                inner if type(inner) in PLAIN else into_lua(inner, take, depth)
                for inner in value
            ]
        )
    if isinstance(value, (bytes, bytearray)):
        take(200 + len(value))
        return Bytes(value)
    return value


def from_lua(value: Any) -> Any:
    """The Python value of what Lua gave; None if there is none."""
    if type(value) is bytes:
        return text_from_lua(value)
    if isinstance(value, Value):
        return _from_container(value, Walk())
    return value if type(value) in PLAIN else None


def _from_container(value: Value, walk: Walk) -> Any:
    match value:
        case Bytes(data=data):
            walk.pass_by(len(data))
            return bytes(data)
        case List(items=items):
            walk.enter(value)
            found: Any = [_element(inner, walk) for inner in items]
            walk.leave()
            return found
        case Map(kind=kind):
            walk.enter(value)
            found = kind(
                {_element(k, walk): _element(v, walk) for k, v in value.sorted()}
            )
            walk.leave()
            return found
    return value


def _element(value: Any, walk: Walk) -> Any:
    if isinstance(value, bytes):
        walk.pass_by(len(value))
        return text_from_lua(value)
    return _from_container(value, walk) if isinstance(value, Value) else value
