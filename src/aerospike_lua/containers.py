"""The values that Lua sees as userdata: maps, lists, bytes and GeoJSON.

A string of Lua is `bytes` in here, so that one that is not UTF-8 passes unharmed. What
has no place in a container (a table, a function) is left out where it would be stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Scalar = (bool, int, float, bytes)


class Userdata:
    """A value with an index, which Lua reads and writes as `x[k]` and `x.k`."""

    __slots__ = ()

    def lua_index(self, key: Any) -> Any:
        raise ScriptError(f"attempt to index a {type(self).__name__} value")

    def lua_assign(self, key: Any, value: Any) -> None:
        raise ScriptError(f"attempt to index a {type(self).__name__} value")

    def lua_len(self) -> int:
        raise ScriptError(f"attempt to get length of a {type(self).__name__} value")


class ScriptError(Exception):
    """A script called a function with something that the function does not take."""


def is_storable(value: Any) -> bool:
    return value is None or isinstance(value, (*Scalar, Map, List, Bytes, GeoJSON))


class Map(Userdata):
    __slots__ = ("items", "kind")

    def __init__(
        self,
        items: dict[Any, Any] | None = None,
        kind: Callable[[dict[Any, Any]], Any] = dict,
    ) -> None:
        self.items = {} if items is None else items
        self.kind = kind  # makes the Python value, for example an ordered dict

    def lua_index(self, key: Any) -> Any:
        return self.items.get(key) if is_map_key(key) else None

    def lua_assign(self, key: Any, value: Any) -> None:
        if is_map_key(key) and is_storable(value):
            self.items[key] = value

    def lua_len(self) -> int:
        return len(self.items)

    def sorted(self) -> list[tuple[Any, Any]]:
        """The items in key order, integers first."""
        return sorted(self.items.items(), key=_key_order)

    def __str__(self) -> str:
        rows = (f"{text_of(key)}:{text_of(value)}" for key, value in self.sorted())
        return "{" + ", ".join(rows) + "}"


def is_map_key(key: Any) -> bool:
    return type(key) is int or type(key) is bytes


def _key_order(item: tuple[Any, Any]) -> tuple[bool, Any]:
    return type(item[0]) is bytes, item[0]


class List(Userdata):
    __slots__ = ("items",)

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self.items = list(items)

    def lua_index(self, key: Any) -> Any:
        inside = 1 <= self._position(key) <= len(self.items)
        return self.items[key - 1] if inside else None

    @staticmethod
    def _position(key: Any) -> int:
        if type(key) is not int:
            raise ScriptError("the index of a list is an integer")
        return key

    def lua_assign(self, key: Any, value: Any) -> None:
        if self._position(key) >= 1 and is_storable(value):
            self.pad(key)
            self.items[key - 1] = value

    def pad(self, size: int) -> None:
        missing = size - len(self.items)
        if missing > 0:
            self.items.extend([None] * checked_size(missing))

    def lua_len(self) -> int:
        return len(self.items)

    def __str__(self) -> str:
        return "[" + ", ".join(map(text_of, self.items)) + "]"


class Bytes(Userdata):
    __slots__ = ("data", "type")

    def __init__(self, data: bytes | bytearray = b"") -> None:
        self.data = bytearray(data)
        self.type = 4  # the particle type of a blob

    def lua_index(self, key: Any) -> Any:
        if type(key) is int and 1 <= key <= len(self.data):
            return self.data[key - 1]
        return None

    def lua_assign(self, key: Any, value: Any) -> None:
        if type(key) is int and type(value) is int:
            self.put(key, bytes([value & 0xFF]))

    def put(self, index: int, data: bytes | bytearray) -> None:
        """Overwrite from an index on; what is missing before it becomes zeros."""
        if index < 1:
            return
        start = index - 1
        if start > len(self.data):
            self.data.extend(bytes(checked_size(start - len(self.data))))
        self.data[start : start + len(data)] = data

    def lua_len(self) -> int:
        return 0

    def __str__(self) -> str:
        return self.data.hex(" ").upper() or "Bytes()"


class GeoJSON(Userdata):
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return f'"{self.text}"'


# one assignment or call makes nothing larger than this: padding costs a script nothing
MAX_GROWTH = 1 << 24


def checked_size(size: int) -> int:
    if size > MAX_GROWTH:
        raise ScriptError("not enough memory")
    return size


def text_of(value: Any) -> str:
    """An element as `tostring` of its container shows it."""
    if value is None:
        return "NIL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return f'"{text_from_lua(value)}"'
    return str(value)


def text_from_lua(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def into_lua(value: Any) -> Any:
    """What Lua is to see of a Python value; containers are copied."""
    match value:
        case str():
            return value.encode("utf-8", "surrogateescape")
        case bytes() | bytearray():
            return Bytes(value)
        case list() | tuple():
            return List(map(into_lua, value))
        case dict():
            items = {into_lua(key): into_lua(inner) for key, inner in value.items()}
            return Map(items, type(value))
    return value


# stands for what has no Python value: a table, a function, a record
NOTHING = object()


def from_lua(value: Any, default: Any = None) -> Any:
    """The Python value of what Lua gave; the default if there is none."""
    match value:
        case bytes():
            return text_from_lua(value)
        case Bytes(data=data):
            return bytes(data)
        case List(items=items):
            return list(_storable(items))
        case Map(items=items, kind=kind):
            pairs = ((key, from_lua(inner, NOTHING)) for key, inner in items.items())
            return kind(
                {from_lua(key): inner for key, inner in pairs if inner is not NOTHING}
            )
        case None | bool() | int() | float() | GeoJSON():
            return value
    return default


def _storable(values: Iterable[Any]) -> Iterator[Any]:
    results = (from_lua(value, NOTHING) for value in values)
    return (result for result in results if result is not NOTHING)
