"""The values inside lists and maps, and their canonical order.

nil, bool, int and float are Python's own (`Float32` keeps the 4-byte float apart). All
byte strings are `bytes` that begin with the inner type byte (3 string, 4 blob,
23 GeoJSON, ...), so that strings, blobs and GeoJSON never mix; b"" is the empty str.
Source: sections 1, 2 and 4 of the MessagePack dialect.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import cmp_to_key
from itertools import pairwise
from typing import Any

from aerospike_devserver.result import Result, ServerError

Value = Any
"""None, bool, int, float, bytes, ListValue, MapValue or Ext."""

ORDERED = 0x01
KV_ORDERED = 0x03
SPECIAL_EXT = 0xFF
"""Ext type of WILDCARD and INF, which are never stored."""

TYPE_STRING = 3
TYPE_GEOJSON = 23


class Float32(float):
    """A float that came in 4 bytes and is stored so."""

    __slots__ = ()


class Ext:
    """An ext element: its type byte and data.

    can_mark: as the first element of a container it would be the ordering marker;
    all forms of ext are, but the one for a single byte.
    """

    __slots__ = ("can_mark", "data", "type")

    def __init__(self, ext_type: int, data: bytes, can_mark: bool = False) -> None:
        self.type = ext_type
        self.data = data
        self.can_mark = can_mark


class ListValue:
    """A list; `flags` are those of its ordering marker, 0 = no marker."""

    __slots__ = ("flags", "items")

    def __init__(self, items: list[Value], flags: int = 0) -> None:
        self.items = items
        self.flags = flags


class MapValue:
    """A map as two lists of equal length; `flags` as in ListValue."""

    __slots__ = ("flags", "keys", "values")

    def __init__(self, keys: list[Value], values: list[Value], flags: int = 0) -> None:
        self.keys = keys
        self.values = values
        self.flags = flags


_RANKS: dict[type, int] = {
    type(None): 1,
    bool: 2,
    int: 3,
    ListValue: 5,
    MapValue: 6,
    float: 8,
    Float32: 8,
}
_BYTES_RANKS = {TYPE_STRING: 4, TYPE_GEOJSON: 9}
_BYTES_RANK = 7
_EXT_RANK = 10
_WILDCARD_RANK = 11
_INF_RANK = 12


def rank(value: Value) -> int:
    """The place of the value's type in the canonical order."""
    found = _RANKS.get(type(value))
    if found is not None:
        return found
    if type(value) is bytes:
        return _BYTES_RANKS.get(value[0], _BYTES_RANK) if value else _BYTES_RANK
    if not is_special(value):
        return _EXT_RANK
    return _INF_RANK if value.data == b"\x01" else _WILDCARD_RANK


def is_special(value: Value) -> bool:
    """Whether the value is a WILDCARD or INF, which cannot be stored."""
    return type(value) is Ext and value.type == SPECIAL_EXT and bool(value.data)


_Pairs = Iterator[tuple[Value, Value]]
MapPairs = Callable[[MapValue, MapValue], _Pairs]


def _list_pairs(a: ListValue, b: ListValue) -> _Pairs:
    """What decides between two lists: the elements in turn, then the lengths."""
    yield from zip(a.items, b.items, strict=False)
    yield len(a.items), len(b.items)


def map_pairs(a: MapValue, b: MapValue) -> _Pairs:
    """What decides between two maps: the counts, then key and value in turn."""
    yield len(a.keys), len(b.keys)
    for i in range(len(a.keys)):
        yield a.keys[i], b.keys[i]
        yield a.values[i], b.values[i]


def _three_way(a: Any, b: Any) -> int:
    return int(a > b) - int(a < b)


def _compare_scalars(a: Value, b: Value) -> int:
    """Order of two values of the same rank that are no containers."""
    if type(a) is Ext:
        return _three_way(a.data, b.data)
    return 0 if a is None else _three_way(a, b)


def _compare_shallow(a: Value, b: Value, of_maps: MapPairs) -> int | _Pairs:
    """-1, 0 or 1, or for two containers the pairs that decide."""
    left, right = rank(a), rank(b)
    if left != right:
        return -1 if left < right else 1
    if left == _RANKS[ListValue]:
        return _list_pairs(a, b)
    if left == _RANKS[MapValue]:
        return of_maps(a, b)
    return _compare_scalars(a, b)


def _next_difference(pairs: _Pairs, of_maps: MapPairs) -> int | _Pairs:
    """The first pair that is not equal; 0 at the end, or at a WILDCARD."""
    for a, b in pairs:
        if rank(a) == _WILDCARD_RANK or rank(b) == _WILDCARD_RANK:
            return 0
        found = _compare_shallow(a, b, of_maps)
        if found != 0:
            return found
    return 0


MAX_COMPARISONS = 5_000_000
"""Of one command, or of one filter on one record: some seconds."""


class _Allowance(threading.local):
    """How many comparisons are left. The thread of each cluster has its own."""

    def __init__(self) -> None:
        self.left = MAX_COMPARISONS

    def renew(self) -> None:
        """Something begins that may compare as much as allowed."""
        self.left = MAX_COMPARISONS


ALLOWANCE = _Allowance()


def compare(a: Value, b: Value, of_maps: MapPairs = map_pairs) -> int:
    """-1, 0 or 1 in the canonical order. Nesting may be of any depth.

    Ordering markers are ignored; a WILDCARD ends its container as equal. `of_maps`
    may refuse a pair of maps by raising. ServerError 9: there have been too many.
    """
    ALLOWANCE.left -= 1
    if ALLOWANCE.left < 0:
        raise ServerError(Result.TIMEOUT)
    if type(a) is int and type(b) is int:
        return _three_way(a, b)
    stack: list[_Pairs] = [iter(((a, b),))]
    while stack:
        found = _next_difference(stack[-1], of_maps)
        if isinstance(found, int):
            if found:
                return found
            stack.pop()
        else:
            stack.append(found)
    return 0


def is_sorted(items: list[Value]) -> bool:
    """Whether the items ascend in the canonical order; equal neighbours are fine."""
    return all(compare(a, b) <= 0 for a, b in pairwise(items))


_by_compare = cmp_to_key(compare)
_CONTAINER_RANKS = (_RANKS[ListValue], _RANKS[MapValue])


def order_key(value: Value) -> tuple[int, Any]:
    """A sort key that orders values canonically; quick unless they are containers."""
    place = rank(value)
    if place in _CONTAINER_RANKS:
        return place, _by_compare(value)
    if value is None:
        return place, 0
    return place, value.data if type(value) is Ext else value
