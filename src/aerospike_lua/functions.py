"""The functions of the tables `map`, `list` and `bytes`, as rows of name and function.

A function takes what Lua passes; a missing argument is nil, which is None here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from .containers import (
    Bytes,
    GeoJSON,
    List,
    Map,
    ScriptError,
    Userdata,
    is_map_key,
    is_storable,
    text_from_lua,
)

Function = Callable[..., Any]


def map_merge(a: Map, b: Map, join: Function | None = None) -> Map:
    merged = a.items | b.items
    if join is not None:
        for key in a.items.keys() & b.items.keys():
            merged[key] = join(a.items[key], b.items[key])
    return Map({key: value for key, value in merged.items() if is_storable(value)})


def map_diff(a: Map, b: Map) -> Map:
    both = a.items | b.items
    return Map({key: both[key] for key in a.items.keys() ^ b.items.keys()})


def map_remove(of: Map, key: Any) -> None:
    if is_map_key(key):
        of.items.pop(key, None)


MAP: dict[str, Function] = {
    "size": Map.lua_len,
    "merge": map_merge,
    "diff": map_diff,
    "remove": map_remove,
    "clone": lambda of: Map(dict(of.items), of.kind),
    "nbytes": lambda of: len(str(of).encode("utf-8", "surrogateescape")),
}


def list_append(to: List, value: Any = None) -> None:
    if is_storable(value):
        to.items.append(value)


def list_insert(to: List, index: int, value: Any = None) -> None:
    if index >= 1 and is_storable(value):
        to.pad(index - 1)
        to.items.insert(index - 1, value)


def list_remove(of: List, index: int) -> None:
    if 1 <= index <= len(of.items):
        del of.items[index - 1]


def list_trim(of: List, index: int) -> None:
    if index >= 1:
        del of.items[index - 1 :]


LIST: dict[str, Function] = {
    "size": List.lua_len,
    "append": list_append,
    "prepend": lambda to, value=None: list_insert(to, 1, value),
    "insert": list_insert,
    "remove": list_remove,
    "trim": list_trim,
    "take": lambda of, n: List(of.items[: max(n, 0)]),
    "drop": lambda of, n: List(of.items[max(n, 0) :]),
    "clone": lambda of: List(of.items),
    "merge": lambda a, b: List(a.items + b.items),
    "concat": lambda a, b: a.items.extend(b.items),
}


def part(of: Bytes, index: int, size: int) -> bytearray | None:
    """Up to so many bytes from an index on; None outside."""
    if 1 <= index <= len(of.data) and size >= 0:
        return of.data[index - 1 : index - 1 + size]
    return None


def set_type(of: Bytes, kind: int) -> None:
    of.type = kind


def pack_var_int(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the top bit says that more follow."""
    value &= 0xFFFFFFFF
    packed = bytearray()
    while value > 0x7F:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)
    return bytes(packed)


def get_var_int(of: Bytes, index: int) -> Any:
    """The value and the bytes it takes; nil and 0 where none ends."""
    value = 0
    for n, byte in enumerate(part(of, index, 5) or b""):
        value |= (byte & 0x7F) << 7 * n
        if byte < 0x80:
            return value, n + 1
    return None, 0


def get_string(of: Bytes, index: int, size: int) -> bytes | None:
    found = part(of, index, size)
    return None if found is None else bytes(found)


def get_bytes(of: Bytes, index: int, size: int) -> Bytes | None:
    found = part(of, index, size)
    return None if found is None else Bytes(found)


def first(data: bytes, size: int | None = None) -> bytes:
    return data if size is None else data[: max(size, 0)]


def writers(name: str, pack: Callable[..., bytes]) -> Iterator[tuple[str, Function]]:
    """append_NAME and set_NAME, from what packs their value."""

    def append(to: Bytes, *value: Any) -> None:
        to.data.extend(pack(*value))

    def put(to: Bytes, index: int, *value: Any) -> None:
        to.put(index, pack(*value))

    yield f"append_{name}", append
    yield f"set_{name}", put


def integers(name: str, form: str) -> Iterator[tuple[str, Function]]:
    """The three functions of one kind of integer; what is too large loses its top."""
    layout = struct.Struct(form)
    mask = (1 << 8 * layout.size) - 1
    order: Any = "little" if form.startswith("<") else "big"

    def get(of: Bytes, index: int) -> int | None:
        found = part(of, index, layout.size)
        if found is None or len(found) < layout.size:
            return None
        value: int = layout.unpack(found)[0]
        return value

    yield from writers(name, lambda v: (v & mask).to_bytes(layout.size, order))
    yield f"get_{name}", get


INTEGERS = (
    ("byte", ">B"),
    *(
        (f"int{bits}{suffix}", order + letter)
        for bits, letter in ((16, "h"), (32, "i"), (64, "q"))
        for suffix, order in (("", ">"), ("_be", ">"), ("_le", "<"))
    ),
)

BYTES: dict[str, Function] = {
    "size": lambda of: len(of.data),
    "get_type": lambda of: of.type,
    "set_type": set_type,
    **dict(row for name, form in INTEGERS for row in integers(name, form)),
    **dict(writers("string", first)),
    **dict(writers("bytes", lambda other, n=None: first(other.data, n))),
    **dict(writers("var_int", pack_var_int)),
    "get_string": get_string,
    "get_bytes": get_bytes,
    "get_var_int": get_var_int,
}


def stepper(rows: list[Any]) -> Function:
    """What `for` calls in Lua: each call gives the next row, nil after the last."""
    left = iter(rows)
    return lambda *_: next(left, None)


def make_map(rows: Any = None) -> Map:
    made = Map()
    for key, value in () if rows is None else rows.items():
        made.lua_assign(key, value)
    return made


def make_list(rows: Any = None) -> List:
    """From a table's rows with positive integers, in their order."""
    pairs = [] if rows is None else [row for row in rows.items() if is_position(row)]
    return List(value for _, value in sorted(pairs, key=lambda row: row[0]))


def is_position(row: tuple[Any, Any]) -> bool:
    return type(row[0]) is int and row[0] >= 1 and is_storable(row[1])


def checked(name: str, kind: type[Userdata], function: Function) -> Function:
    """The function, with an error that Lua's user understands for wrong arguments."""

    def call(*args: Any) -> Any:
        if not args or not isinstance(args[0], kind):
            raise ScriptError(f"bad argument #1 to '{name}' ({kind.__name__} expected)")
        try:
            return function(*args)
        except (TypeError, AttributeError) as error:
            raise ScriptError(f"bad arguments to '{name}'") from error

    return call


# what the prelude in Lua gets: a table of tables
LIBRARY: dict[str, dict[str, Function]] = {
    table: {
        name: checked(f"{table}.{name}", kind, function)
        for name, function in functions.items()
    }
    for table, kind, functions in (
        ("map", Map, MAP),
        ("list", List, LIST),
        ("bytes", Bytes, BYTES),
    )
}
MAKERS: dict[str, Function] = {
    "map": make_map,
    "list": make_list,
    "bytes": lambda *_: Bytes(),
    "geojson": lambda text: GeoJSON(text_from_lua(text)),
    "map_pairs": lambda of: stepper(of.sorted()),
    "map_keys": lambda of: stepper([key for key, _ in of.sorted()]),
    "map_values": lambda of: stepper([value for _, value in of.sorted()]),
    "list_values": lambda of: stepper(of.items),
}
