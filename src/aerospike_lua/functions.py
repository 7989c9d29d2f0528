"""The functions of the tables `map`, `list`, `bytes` and so on, as rows of a table.

A row says what a function takes, one letter an argument: a `M`ap, a `L`ist, `B`ytes,
an `i`nteger, an `o`ptional integer, a `s`tring, or any `v`alue. A nil is
0 for an integer. A function of a row with `short` gives that for any other number of
arguments. Elsewhere more arguments are ignored, and values may be missing. All this is
as on a real server.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .containers import (
    NOTHING,
    Bytes,
    GeoJSON,
    List,
    Map,
    ScriptError,
    Userdata,
    Walk,
    bad_argument,
    integer,
    map_key,
    size_of,
    stored,
    text_from_lua,
    type_name,
)

Function = Callable[..., Any]
Take = Callable[[int], None]
Fit = Callable[[Any], Any]

NO_RESULT: tuple[()] = ()  # which is not the same as nil
MOST = 64  # results at once
SIZED = (bytes, tuple)  # results that may take much memory in Lua


class Row(NamedTuple):
    function: Function
    takes: str
    short: Any = NOTHING
    # about how many bytes of memory a call takes; None: none worth counting
    cost: Callable[..., int] | None = None


def checked(name: str, row: Row, take: Take, fit: Fit) -> Function:
    """The function of a row, which checks what it gets and counts the memory."""
    function, takes, short, cost = row
    expected = len(takes)
    good: set[tuple[type, ...]] = set()  # the types of arguments that need no change

    def call(*args: Any) -> Any:
        types = tuple(map(type, args))
        if types not in good:
            if short is not NOTHING and len(args) != expected:
                return short
            given = args[:expected]
            args = tuple(converted(name, takes, given))
            if all(map(same, args, given)) and len(args) == len(types):
                good.add(types)
        if cost is not None:
            take(cost(*args))
        result = function(*args)
        return fit(result) if type(result) in SIZED and result else result

    return call


def fitted(of: Any, fit: Fit) -> Any:
    """A function whose results fit, or a table of such."""
    if isinstance(of, dict):
        return {name: fitted(each, fit) for name, each in of.items()}

    def call(*args: Any) -> Any:
        result = of(*args)
        return fit(result) if type(result) in SIZED and result else result

    return call


def same(a: Any, b: Any) -> bool:
    return a is b


def converted(name: str, takes: str, given: tuple[Any, ...]) -> Iterator[Any]:
    for position, letter in enumerate(takes, 1):
        value = given[position - 1] if position <= len(given) else NOTHING
        if letter == "i":
            yield integer(value, position, name)
        elif letter == "s":
            yield string(value, position, name)
        elif letter in KINDS:
            if not isinstance(value, KINDS[letter]):
                raise wrong_kind(value, KINDS[letter], position, name)
            yield value
        elif value is not NOTHING:
            yield integer(value, position, name) if letter == "o" else value


KINDS: dict[str, type[Userdata]] = {"M": Map, "L": List, "B": Bytes}


def wrong_kind(
    value: Any, kind: type[Userdata], position: int, name: str
) -> ScriptError:
    wanted = kind.__name__ if isinstance(value, Userdata) else "userdata"
    problem = f"{wanted} expected, got {type_name(value)}"
    return bad_argument(position, name, problem)


def string(value: Any, position: int, name: str) -> bytes | None:
    if value is None or value is NOTHING:
        return None
    if type(value) is bytes:
        return value
    if type(value) is int:
        return b"%d" % value
    if type(value) is float:
        text = b"%.14g" % value
        return text if text.strip(b"-0123456789") else text + b".0"
    problem = f"string expected, got {type_name(value)}"
    raise bad_argument(position, name, problem)


def created(kind: type[Map] | type[List], *sizes: int) -> Any:
    """A new container, which has no capacity: those of a real server show none."""
    is_size = sizes[0] > 0 if len(sizes) == 1 else min(sizes) >= 0
    return kind() if is_size else NO_RESULT


def map_merge(a: Map, b: Map) -> Map:
    both = a.items | b.items
    return Map({key: value for key, value in both.items() if value is not None})


def lacks(of: Map, key: Any) -> bool:
    """Whether Lua takes the value under a key for false."""
    found = of.items.get(key)
    return found is None or found is False


def map_merge_asking(a: Map, b: Map) -> Any:
    """The merged map, and what `map.merge` asks a function about, as results.

    For each key in question these are the key and both values. The map alone: there are
    too many keys.
    """
    merged = map_merge(a, b)
    keys = [key for key in b.ordered() if not lacks(a, key)]
    if len(keys) > MOST:
        return merged
    rows = ((map_key(key), a.items[key], b.items[key]) for key in keys)
    return merged, None, *itertools.chain.from_iterable(rows)


def map_diff(a: Map, b: Map) -> Map:
    rows = [(key, value) for key, value in a.items.items() if lacks(b, key)]
    rows += [(key, value) for key, value in b.items.items() if lacks(a, key)]
    return Map({key: value for key, value in rows if value is not None})


def map_remove(of: Map, key: Any = None) -> tuple[()]:
    of.items.pop(map_key(key), None)
    return NO_RESULT


def map_keys(of: Map) -> tuple[Any, ...]:
    """The keys in their order, as results: what gives more, and the first ones."""
    keys = [map_key(key) for key in of.ordered()]
    if len(keys) <= MOST:
        return None, *keys
    return iter(keys[MOST:]), *keys[:MOST]


def more_keys(rest: Any) -> tuple[Any, ...]:
    return rest, *itertools.islice(rest, MOST)


def map_has(of: Map, key: Any) -> bool:
    return map_key(key) in of.items


def two_maps(a: Map, b: Map) -> int:
    return 128 * (len(a.items) + len(b.items))


def key_list(of: Map) -> int:
    return 8 * len(of.items)


MAP: dict[str, Row] = {
    "size": Row(Map.lua_len, "M"),
    "merge": Row(map_merge, "MM", cost=two_maps),
    "diff": Row(map_diff, "MM", cost=two_maps),
    "remove": Row(map_remove, "Mv"),
    "clone": Row(lambda of: map_merge(of, of), "M", cost=lambda of: two_maps(of, of)),
    "nbytes": Row(lambda of: packed_size(of, Walk()), "M", cost=key_list),
    "tostring": Row(lambda of: text_into_lua(str(of)), "M"),
    **dict.fromkeys(
        ("pairs", "keys", "values", "iterator"), Row(map_keys, "M", cost=key_list)
    ),
    # a capacity
    **dict.fromkeys(("create", "new"), Row(lambda n: created(Map, n), "i", NO_RESULT)),
}


def list_append(to: List, value: Any = NOTHING) -> tuple[()]:
    value = stored(value)
    if value is not NOTHING:
        to.items.append(value)
    return NO_RESULT


def list_insert(to: List, index: int, value: Any = NOTHING) -> tuple[()]:
    value = stored(value)
    if index >= 1 and value is not NOTHING:
        to.pad(index - 1)
        to.items.insert(index - 1, value)
    return NO_RESULT


def list_remove(of: List, index: int) -> tuple[()]:
    if 1 <= index <= len(of.items):
        del of.items[index - 1]
    return NO_RESULT


def list_trim(of: List, index: int) -> tuple[()]:
    if index >= 1:
        del of.items[index - 1 :]
    return NO_RESULT


def list_concat(a: List, b: List) -> tuple[()]:
    a.items += b.items
    return NO_RESULT


def list_merge(a: List, b: List) -> List:
    return List([*a.until_nil(), *b.until_nil()])


def two_lists(a: List, b: List) -> int:
    return 8 * (len(a.items) + len(b.items)) + 100


def one_element(to: List, value: Any = None) -> int:
    return size_of(value)


def any_index(to: List, index: int, value: Any = None) -> int:
    return size_of(value) + 8 * min(max(index - len(to.items), 0), 1 << 24)


def whole(of: List, n: int = 0) -> int:
    return 8 * len(of.items) + 100


LIST: dict[str, Row] = {
    "size": Row(List.lua_len, "L"),
    "append": Row(list_append, "Lv", cost=one_element),
    "prepend": Row(
        lambda to, value=NOTHING: list_insert(to, 1, value), "Lv", cost=one_element
    ),
    "insert": Row(list_insert, "Liv", cost=any_index),
    "remove": Row(list_remove, "Li"),
    "trim": Row(list_trim, "Li"),
    "take": Row(lambda of, n: List(of.items[:n]) if n > 0 else None, "Li", cost=whole),
    "drop": Row(lambda of, n: List(of.items[n:]) if n > 0 else None, "Li", cost=whole),
    "clone": Row(lambda of: List(of.until_nil()), "L", cost=whole),
    "merge": Row(list_merge, "LL", cost=two_lists),
    "concat": Row(list_concat, "LL", cost=lambda a, b: 8 * len(b.items)),
    "nbytes": Row(lambda of: packed_size(of, Walk()), "L", cost=whole),
    "tostring": Row(lambda of: text_into_lua(str(of)), "L"),
    # the elements come by their index
    "iterator": Row(lambda of: of, "L"),
    # a capacity, and by how much it grows
    **dict.fromkeys(("create", "new"), Row(lambda *sizes: created(List, *sizes), "io")),
}


def part(of: Bytes, index: int, size: int) -> bytearray | None:
    """Up to so many bytes from an index on; None outside."""
    if 1 <= index <= len(of.data) and size >= 0:
        return of.data[index - 1 : index - 1 + size]
    return None


def set_type(of: Bytes, kind: int) -> bool:
    if kind != 0:
        of.type = kind & 0xFFFFFFFF
    return kind != 0


def can_have_size(of: Bytes, size: int) -> bool:
    """Whether so many bytes have room; the size itself stays, as on a real server."""
    return 0 <= size <= max(of.capacity, len(of.data))


def packed_var_int(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the top bit says that more follow."""
    value &= 0xFFFFFFFF
    packed = bytearray()
    while value > 0x7F:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)
    return bytes(packed)


def append_var_int(to: Bytes, value: int) -> int:
    return set_var_int(to, len(to.data) + 1, value)


def set_var_int(to: Bytes, index: int, value: int) -> int:
    """The bytes that the value takes. Those behind the end do not change the size."""
    packed = packed_var_int(value)
    if index < 1:
        return 0
    to.put_var_int(index, packed)
    return len(packed)


def get_var_int(of: Bytes, index: int) -> Any:
    """The value and the bytes it takes."""
    if index < 1:
        return NO_RESULT
    value = size = 0
    while size < 10:
        byte = of.byte(index - 1 + size)
        value |= (byte & 0x7F) << 7 * size
        size += 1
        if byte < 0x80:
            break
    return value & 0xFFFFFFFF, size


def get_string(of: Bytes, index: int, size: int) -> Any:
    found = part(of, index, size)
    return NO_RESULT if found is None else bytes(found)


def get_bytes(of: Bytes, index: int, size: int) -> Any:
    found = part(of, index, size)
    return NO_RESULT if found is None else Bytes(found)


def append_string(to: Bytes, value: bytes | None) -> bool:
    to.data += value or b""
    return bool(value)


def set_string(to: Bytes, index: int, value: bytes | None) -> bool:
    return value is not None and to.put(index, value)


def append_bytes(to: Bytes, other: Bytes, size: int) -> bool:
    to.data += other.data[: max(size, 0)]
    return size >= 0


def set_bytes(to: Bytes, index: int, other: Bytes, size: int) -> bool:
    return 0 <= size <= len(other.data) and to.put(index, other.data[:size])


def appended(to: Bytes, value: Any, *_: Any) -> int:
    return 64 + len(value.data if isinstance(value, Bytes) else value or b"")


def put_at(to: Bytes, index: int, value: Any = b"", *_: Any) -> int:
    gap = min(max(index - len(to.data), 0), 1 << 24)
    return gap + (appended(to, value) if not isinstance(value, int) else 8)


def integers(name: str, form: str) -> Iterator[tuple[str, Row]]:
    """The three functions of one kind of integer; what does not fit is not written."""
    layout = struct.Struct(form)

    def packed(value: int) -> bytes | None:
        try:
            return layout.pack(value)
        except struct.error:
            return None

    def get(of: Bytes, index: int) -> Any:
        found = part(of, index, layout.size)
        if found is None or len(found) < layout.size:
            return NO_RESULT
        return layout.unpack(found)[0]

    yield f"get_{name}", Row(get, "Bi", NO_RESULT)
    yield (
        f"set_{name}",
        Row(lambda to, at, v: set_string(to, at, packed(v)), "Bii", False, put_at),
    )
    yield (
        f"append_{name}",
        Row(lambda to, v: append_string(to, packed(v)), "Bi", False, lambda *_: 8),
    )


INTEGERS = (
    ("byte", ">B"),
    *(
        (f"int{bits}{suffix}", order + letter)
        for bits, letter in ((16, "h"), (32, "i"), (64, "q"))
        for suffix, order in (("", ">"), ("_be", ">"), ("_le", "<"))
    ),
)

BYTES: dict[str, Row] = {
    "size": Row(lambda of: len(of.data), "B", 0),
    "get_type": Row(lambda of: of.type, "B", NO_RESULT),
    "set_type": Row(set_type, "Bi", False),
    "set_size": Row(can_have_size, "Bi", False),
    **dict(row for name, form in INTEGERS for row in integers(name, form)),
    "append_string": Row(append_string, "Bs", False, appended),
    "set_string": Row(set_string, "Bis", False, put_at),
    "get_string": Row(get_string, "Bii", NO_RESULT),
    "append_bytes": Row(append_bytes, "BBi", False, appended),
    "set_bytes": Row(set_bytes, "BiBi", False, put_at),
    "get_bytes": Row(get_bytes, "Bii", NO_RESULT, lambda of, i, n: 200 + len(of.data)),
    "append_var_int": Row(append_var_int, "Bi", 0, lambda *_: 500),
    "set_var_int": Row(set_var_int, "Bii", 0, lambda *_: 500),
    "get_var_int": Row(get_var_int, "Bi", NO_RESULT),
}


def make_bytes(_: Any, capacity: int, *more: int) -> Any:
    return NO_RESULT if more else Bytes(capacity=capacity)


def make_geojson(_: Any, text: bytes | None) -> Any:
    kept = stored(text)
    return NO_RESULT if kept is None else GeoJSON(text_from_lua(kept))


# what calls of the tables make; the table of bytes or GeoJSON is the first argument,
# and maps and lists are filled in Lua
MAKERS: dict[str, Row] = {
    "map": Row(Map, "", cost=lambda: 300),
    "list": Row(List, "", cost=lambda: 100),
    "bytes": Row(make_bytes, "vio", cost=lambda *_: 200),
    "geojson": Row(make_geojson, "vs", NO_RESULT, lambda _, text: size_of(text)),
}

ASKING: dict[str, Row] = {"merge": Row(map_merge_asking, "MM", cost=two_maps)}

TABLES = {
    "asking": ASKING,
    "map": MAP,
    "list": LIST,
    "bytes": BYTES,
    "make": MAKERS,
}


def library(take: Take, fit: Fit) -> dict[str, dict[str, Function]]:
    """The tables of functions for one state; `take` counts their memory.

    `fit` raises if Lua has no room for a result.
    """
    return {
        table: {name: checked(name, row, take, fit) for name, row in rows.items()}
        for table, rows in TABLES.items()
    }


def text_into_lua(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def packed_size(value: Any, walk: Walk) -> int:
    """The bytes of a value on the wire."""
    match value:
        case None | bool():
            return 1
        case int():
            return packed_integer(value)
        case bytes():
            return packed_head(len(value) + 1, STRING_HEADS) + len(value) + 1
        case Bytes(data=data):
            return packed_size(bytes(data), walk)
        case GeoJSON(text=text):
            return packed_size(text_into_lua(text), walk)
        case List(items=items):
            parts = items
        case Map(items=rows):
            parts = [*rows.keys(), *rows.values()]
        case _:
            return 9
    walk.enter(value)
    inner = sum([packed_size(part, walk) for part in parts])
    walk.leave()
    return packed_head(value.lua_len(), ARRAY_HEADS) + inner


# from which size on a head takes so many bytes
STRING_HEADS = ((1 << 16, 5), (1 << 8, 3), (32, 2))
ARRAY_HEADS = ((1 << 16, 5), (16, 3))


def packed_head(size: int, heads: tuple[tuple[int, int], ...]) -> int:
    return next((head for least, head in heads if size >= least), 1)


def packed_integer(value: int) -> int:
    if -32 <= value <= 127:
        return 1
    bits = (value if value > 0 else 2 * (-value - 1) + 1).bit_length()
    return next(1 + size for size in (1, 2, 4, 8) if bits <= 8 * size)
