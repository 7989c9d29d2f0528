"""Map operations: a row for each. Source: the page on maps.

Entries are kept in key order whatever the marker says. Functions that modify change the
map in place and raise before they have changed anything.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from aerospike_devserver.codec.particle import key_order
from aerospike_devserver.operations.arguments import refuse, unsigned
from aerospike_devserver.operations.cdt import maps_by
from aerospike_devserver.operations.cdt.arguments import (
    NO_RESULT,
    Row,
    Unchanged,
    add,
    is_number,
    number_or_nil,
    registrar,
    storable,
    storable_key,
    storable_pairs,
)
from aerospike_devserver.operations.cdt.selection import (
    key_below,
)
from aerospike_devserver.result import Result
from aerospike_devserver.values.values import KV_ORDERED, MapValue, Value, compare

CREATE_ONLY = 1
UPDATE_ONLY = 2
NO_FAIL = 4
PARTIAL = 8

_PERSIST_INDEX = 0x10
_KEY_TYPES = (b"\x03", b"\x04")

ROWS: dict[int, Row] = dict(maps_by.ROWS)
"""Map operations by code: the "by" operations, and a row for each function below."""


def new_flags(order: int) -> int:
    """Flags of a map created with an order argument; unknown bits: unordered."""
    known = order & ~_PERSIST_INDEX
    return known if known & ~KV_ORDERED == 0 else 0


def check_key(key: Value) -> None:
    """ServerError 26 for what cannot be a key in a context."""
    if type(key) is not int and not (type(key) is bytes and key[:1] in _KEY_TYPES):
        raise refuse()


def find_key(pairs: MapValue, key: Value) -> int | None:
    """The index of a key."""
    place = key_below(pairs.keys, key)
    if place < len(pairs.keys) and compare(pairs.keys[place], key) == 0:
        return place
    return None


def put_pair(pairs: MapValue, key: Value, value: Value) -> None:
    """Set the value of a key that may be new."""
    found = find_key(pairs, key)
    if found is not None:
        pairs.values[found] = value
        return
    place = bisect_left(pairs.keys, key_order(key), key=key_order)
    pairs.keys.insert(place, key)
    pairs.values.insert(place, value)


_row = registrar(ROWS)


# Writing


def _not_there(*_arguments: Value) -> int:
    """In the place of new flags: an operation that wants its keys to be there."""
    raise refuse(Result.ELEMENT_NOT_FOUND)


def _refusal(pairs: MapValue, key: Value, flags: int) -> Result | None:
    """Why a key may not be put."""
    if not flags & (CREATE_ONLY | UPDATE_ONLY):
        return None
    if find_key(pairs, key) is not None:
        return Result.ELEMENT_EXISTS if flags & CREATE_ONLY else None
    return Result.ELEMENT_NOT_FOUND if flags & UPDATE_ONLY else None


def _put(pairs: MapValue, new: Iterable[tuple[Value, Value]], flags: int) -> Value:
    """Put pairs as far as the write flags allow; the new size.

    An empty map takes all of them if PARTIAL is asked for, whatever else is.
    """
    if not pairs.keys and flags & NO_FAIL and flags & PARTIAL:
        flags = 0
    allowed = []
    for key, value in new:
        problem = _refusal(pairs, key, flags)
        if problem is None:
            allowed.append((key, value))
        elif not flags & NO_FAIL:
            raise refuse(problem)
        elif not flags & PARTIAL:
            return Unchanged(len(pairs.keys))
    for key, value in allowed:
        put_pair(pairs, key, value)
    return len(pairs.keys)


@_row(64, unsigned, creates=lambda order: new_flags(order))
def set_type(pairs: MapValue, order: int) -> Value:
    """Change the marker; 26 for unknown bits."""
    if order & ~(_PERSIST_INDEX | KV_ORDERED):
        raise refuse()
    pairs.flags = new_flags(order)
    return NO_RESULT


@_row(
    65,
    storable_key,
    storable,
    optional=(unsigned,),
    creates=lambda key, value, order=0: new_flags(order),
)
def add_pair(pairs: MapValue, key: Value, value: Value, _order: int = 0) -> Value:
    """Put a key that must be new."""
    return _put(pairs, [(key, value)], CREATE_ONLY)


def _items(new: MapValue) -> Iterable[tuple[Value, Value]]:
    return zip(new.keys, new.values, strict=True)


@_row(
    66,
    storable_pairs,
    optional=(unsigned,),
    creates=lambda new, order=0: new_flags(order),
)
def add_items(pairs: MapValue, new: MapValue, _order: int = 0) -> Value:
    """Put keys all of which must be new."""
    return _put(pairs, _items(new), CREATE_ONLY)


@_row(
    67,
    storable_key,
    storable,
    optional=(unsigned, unsigned),
    creates=lambda key, value, order=0, flags=0: new_flags(order),
)
def put(
    pairs: MapValue, key: Value, value: Value, _order: int = 0, flags: int = 0
) -> Value:
    """Put a key; the new size."""
    return _put(pairs, [(key, value)], flags & ~PARTIAL)


@_row(
    68,
    storable_pairs,
    optional=(unsigned, unsigned),
    creates=lambda new, order=0, flags=0: new_flags(order),
)
def put_items(pairs: MapValue, new: MapValue, _order: int = 0, flags: int = 0) -> Value:
    """Put several keys; the new size."""
    return _put(pairs, _items(new), flags)


@_row(69, storable_key, storable, creates=_not_there)
def replace(pairs: MapValue, key: Value, value: Value) -> Value:
    """Put a key that must be there."""
    return _put(pairs, [(key, value)], UPDATE_ONLY)


@_row(70, storable_pairs, creates=_not_there)
def replace_items(pairs: MapValue, new: MapValue) -> Value:
    """Put keys all of which must be there."""
    return _put(pairs, _items(new), UPDATE_ONLY)


def _increment(pairs: MapValue, key: Value, delta: int | float) -> Value:
    found = find_key(pairs, key)
    old = pairs.values[found] if found is not None else type(delta)(0)
    if not is_number(old):
        raise refuse(Result.REQUEST_INVALID)
    total = add(old, delta)
    put_pair(pairs, key, total)
    return total


@_row(
    73,
    storable_key,
    optional=(number_or_nil, unsigned),
    creates=lambda key, delta=None, order=0: new_flags(order),
)
def increment(
    pairs: MapValue, key: Value, delta: int | float | None = None, _order: int = 0
) -> Value:
    """Add to the value of a key, a missing one counting as 0; the new value."""
    return _increment(pairs, key, 1 if delta is None else delta)


@_row(
    74,
    storable_key,
    optional=(number_or_nil, unsigned),
    creates=lambda key, delta=None, order=0: new_flags(order),
)
def decrement(
    pairs: MapValue, key: Value, delta: int | float | None = None, _order: int = 0
) -> Value:
    """Subtract from the value of a key; the new value."""
    return _increment(pairs, key, -1 if delta is None else -delta)


@_row(75)
def clear(pairs: MapValue) -> Value:
    """Remove all entries; the marker stays."""
    pairs.keys.clear()
    pairs.values.clear()
    return NO_RESULT


@_row(96, modifies=False)
def size(pairs: MapValue) -> Value:
    """The number of entries."""
    return len(pairs.keys)
