"""List operations: a row for each. Source: part B of the page on lists.

Functions that modify change the list in place and raise before they have changed
anything.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from aerospike_devserver.operations.arguments import anything, refuse, signed, unsigned
from aerospike_devserver.operations.cdt import lists_by
from aerospike_devserver.operations.cdt.arguments import (
    NO_RESULT,
    Row,
    Unchanged,
    add,
    is_number,
    registrar,
    storable,
    storable_items,
)
from aerospike_devserver.operations.cdt.selection import (
    Span,
    clip,
    contains,
    single,
)
from aerospike_devserver.result import Result
from aerospike_devserver.values.values import (
    ORDERED,
    TYPE_STRING,
    ListValue,
    Value,
    compare,
    order_key,
)
from aerospike_devserver.version import V8_2

ADD_UNIQUE = 1
INSERT_BOUNDED = 2
NO_FAIL = 4
PARTIAL = 8

DESCENDING = 1
DROP_DUPLICATES = 2

_BOUNDED_LIST_OVERFLOW = 3
"""Sub-code of result 26."""

MAX_PADDING = 1 << 20
"""Nils in front of an element: with more, each a byte, no record would hold them."""
_PERSIST_INDEX = 0x10
_MAX_INDEX = 1 << 31

ROWS: dict[int, Row] = dict(lists_by.ROWS)
"""List operations by code: the "by" operations, and a row for each function below."""


class Violation(Exception):
    """A write flag forbids the change: `result`, or nothing with NO_FAIL."""

    def __init__(self, result: Result, subcode: int = 0) -> None:
        super().__init__(result.name)
        self.result = result
        self.subcode = subcode


def new_flags(order: int) -> int:
    """Flags of a list created with an order argument; unknown bits: unordered."""
    return ORDERED if order & ~_PERSIST_INDEX == ORDERED else 0


def is_ordered(items: ListValue) -> bool:
    """Whether a list keeps its elements sorted."""
    return bool(items.flags & ORDERED)


def restore_order(items: ListValue) -> None:
    """Sort an ordered list after one of its elements has changed."""
    if is_ordered(items):
        items.items.sort(key=order_key)


_row = registrar(ROWS)


def _unordered(*_arguments: Any) -> int:
    return 0


# Writing


def _allow(
    flags: int, unchanged: Callable[[], Value], change: Callable[[], Value]
) -> Value:
    """The result of a change; of a forbidden one with NO_FAIL what has been there."""
    try:
        return change()
    except Violation as violation:
        if flags & NO_FAIL:
            return Unchanged(unchanged())
        raise refuse(violation.result, violation.subcode) from violation


def _check_unique(items: Sequence[Value], value: Value, flags: int) -> None:
    if flags & ADD_UNIQUE and contains(items, value):
        raise Violation(Result.ELEMENT_EXISTS)


def _unique_items(items: ListValue, new: list[Value], flags: int) -> list[Value]:
    """The items that ADD_UNIQUE lets in; a Violation unless all, or PARTIAL.

    An ordered list finds doubles among the items first.
    """
    if not flags & ADD_UNIQUE:
        return new
    let_in: list[Value] = []
    problems: list[Result] = []
    for item in new:
        if contains(items.items, item):
            problems.append(Result.ELEMENT_EXISTS)
        elif not contains(let_in, item):
            let_in.append(item)
            continue
        if contains(let_in, item) or sum(compare(item, o) == 0 for o in new) > 1:
            problems.append(Result.OP_NOT_APPLICABLE)
    if problems and not (flags & NO_FAIL and flags & PARTIAL):
        raise Violation(max(problems) if is_ordered(items) else problems[0])
    return let_in


def _place(items: ListValue, index: int, flags: int) -> int:
    """Where an insertion goes, the end padded up to it; 26 before the beginning."""
    size = len(items.items)
    index += size if index < 0 else 0
    if not 0 <= index < _MAX_INDEX:
        raise refuse()
    if index > size and flags & INSERT_BOUNDED:
        raise Violation(Result.OP_NOT_APPLICABLE, _BOUNDED_LIST_OVERFLOW)
    return index


def pad(items: ListValue, size: int) -> None:
    """Fill up with nil to a size, if it is smaller; ServerError 13 for too many."""
    missing = size - len(items.items)
    if missing > MAX_PADDING:
        raise refuse(Result.RECORD_TOO_BIG)
    items.items += [None] * missing


def _put_in(items: ListValue, index: int, new: Sequence[Value]) -> None:
    pad(items, index)
    items.items[index:index] = new


def _add_sorted(items: ListValue, value: Value) -> None:
    items.items.insert(bisect_left(items.items, order_key(value), key=order_key), value)


def _check_unordered(items: ListValue) -> None:
    if is_ordered(items):
        raise refuse()


@_row(0, unsigned, creates=lambda order: new_flags(order))
def set_type(items: ListValue, order: int) -> Value:
    """Change the order; 26 for unknown bits."""
    if order & ~(_PERSIST_INDEX | ORDERED):
        raise refuse()
    items.flags = new_flags(order)
    restore_order(items)
    return NO_RESULT


@_row(
    1,
    storable,
    optional=(unsigned, unsigned),
    creates=lambda value, order=0, flags=0: new_flags(order),
)
def append(items: ListValue, value: Value, _order: int = 0, flags: int = 0) -> Value:
    """Add to the end, or at the sorted place; the new size."""

    def change() -> Value:
        _check_unique(items.items, value, flags)
        if is_ordered(items):
            _add_sorted(items, value)
        else:
            items.items.append(value)
        return len(items.items)

    return _allow(flags, lambda: len(items.items), change)


@_row(
    2,
    storable_items,
    optional=(unsigned, unsigned),
    creates=lambda value, order=0, flags=0: new_flags(order),
)
def append_items(
    items: ListValue, new: list[Value], _order: int = 0, flags: int = 0
) -> Value:
    """Add several items; the new size."""

    def change() -> Value:
        let_in = _unique_items(items, new, flags)
        if is_ordered(items):
            items.items = sorted(let_in + items.items, key=order_key)
        else:
            items.items += let_in
        return len(items.items)

    return _allow(flags, lambda: len(items.items), change)


@_row(3, signed, storable, optional=(unsigned,), creates=_unordered)
def insert(items: ListValue, index: int, value: Value, flags: int = 0) -> Value:
    """Insert before an index, padding with nil behind the end; the new size."""
    _check_unordered(items)

    def change() -> Value:
        place = _place(items, index, flags)
        _check_unique(items.items, value, flags)
        _put_in(items, place, [value])
        return len(items.items)

    return _allow(flags, lambda: len(items.items), change)


@_row(4, signed, storable_items, optional=(unsigned,), creates=_unordered)
def insert_items(
    items: ListValue, index: int, new: list[Value], flags: int = 0
) -> Value:
    """Insert several items before an index; none changes nothing."""
    _check_unordered(items)

    def change() -> Value:
        if new:
            place = _place(items, index, flags)
            let_in = _unique_items(items, new, flags)
            if let_in:
                _put_in(items, place, let_in)
        return len(items.items)

    return _allow(flags, lambda: len(items.items), change)


@_row(9, signed, storable, optional=(unsigned,), creates=_unordered)
def set_item(items: ListValue, index: int, value: Value, flags: int = 0) -> Value:
    """Replace an element; at or behind the end as an insertion."""
    _check_unordered(items)

    def change() -> Value:
        place = _place(items, index, flags)
        others = items.items[:place] + items.items[place + 1 :]
        _check_unique(others, value, flags)
        if place < len(items.items):
            items.items[place] = value
        else:
            _put_in(items, place, [value])
        return NO_RESULT

    return _allow(flags, lambda: NO_RESULT, change)


@_row(
    12,
    signed,
    optional=(anything, unsigned, unsigned),
    creates=lambda index, delta=None, order=0, flags=0: new_flags(order),
)
def increment(
    items: ListValue, index: int, delta: Value = None, _order: int = 0, flags: int = 0
) -> Value:
    """Add to a number, a missing one counting as 0; the new value.

    With NO_FAIL the result is what the new value would have been.
    """
    values = items.items
    place = _place(items, index, 0)
    delta = 1 if delta is None else delta
    old = values[place] if place < len(values) else 0
    if not is_number(old) or not is_number(delta):
        raise refuse(Result.REQUEST_INVALID)
    if is_ordered(items) and place > len(values):
        raise refuse()
    total = add(old, delta) if place < len(values) else delta

    def change() -> Value:
        _place(items, index, flags)
        _check_unique(values[:place] + values[place + 1 :], total, flags)
        if place < len(values):
            values[place] = total
        else:
            _put_in(items, place, [total])
        restore_order(items)
        return total

    return _allow(flags, lambda: total, change)


@_row(11)
def clear(items: ListValue) -> Value:
    """Remove all elements; the marker stays."""
    items.items.clear()
    return NO_RESULT


@_row(13, optional=(unsigned,), missing=Result.BIN_INCOMPATIBLE_TYPE)
def sort(items: ListValue, flags: int = 0) -> Value:
    """Sort; an ordered list can only lose its duplicates.

    Both flags at once fail with 4 on the reference server, unless there is no order.
    """
    ordered = is_ordered(items)
    falls = bool(flags & DESCENDING) and not ordered
    values = sorted(items.items, key=order_key, reverse=falls)
    distinct = [
        value
        for place, value in enumerate(values)
        if place == 0 or compare(values[place - 1], value) != 0
    ]
    if flags & DROP_DUPLICATES:
        if falls and len(distinct) > 1:
            raise refuse(Result.REQUEST_INVALID)
        values = distinct
    items.items = values
    return NO_RESULT


# Removing by index


@_row(5, signed)
def pop(items: ListValue, index: int) -> Value:
    """Remove an element; what it was."""
    return items.items.pop(single(index, len(items.items)))


def _cut(items: ListValue, span: Span) -> list[Value]:
    taken = items.items[span.start : span.start + span.count]
    del items.items[span.start : span.start + span.count]
    return taken


@_row(6, signed, optional=(unsigned,))
def pop_range(items: ListValue, index: int, count: int | None = None) -> Value:
    """Remove a range; what it was."""
    return ListValue(_cut(items, clip(index, count, len(items.items))))


@_row(7, signed)
def remove(items: ListValue, index: int) -> Value:
    """Remove an element; how many have been removed."""
    items.items.pop(single(index, len(items.items)))
    return 1


@_row(8, signed, optional=(unsigned,))
def remove_range(items: ListValue, index: int, count: int | None = None) -> Value:
    """Remove a range; how many have been removed."""
    return len(_cut(items, clip(index, count, len(items.items))))


@_row(10, signed, unsigned)
def trim(items: ListValue, index: int, count: int) -> Value:
    """Remove all except a range; how many have been removed."""
    size = len(items.items)
    items.items = _cut(items, clip(index, count, size))
    return size - len(items.items)


# Reading by index


def _separator(value: Value) -> bytes:
    """A byte string, without the inner type byte, which is not looked at."""
    if type(value) is not bytes or not value:
        raise refuse(Result.REQUEST_INVALID)
    return value[1:]


@_row(28, optional=(_separator,), modifies=False, since=V8_2)
def join(items: ListValue, separator: bytes = b"") -> Value:
    """The elements, all of them strings, as one string."""
    prefix = bytes((TYPE_STRING,))
    if not all(type(item) is bytes and item[:1] == prefix for item in items.items):
        raise refuse(Result.REQUEST_INVALID)
    return prefix + separator.join(item[1:] for item in items.items)


@_row(16, modifies=False)
def size(items: ListValue) -> Value:
    """The number of elements."""
    return len(items.items)


@_row(17, signed, modifies=False)
def get(items: ListValue, index: int) -> Value:
    """An element."""
    return items.items[single(index, len(items.items))]


@_row(18, signed, optional=(unsigned,), modifies=False)
def get_range(items: ListValue, index: int, count: int | None = None) -> Value:
    """A range of elements."""
    return ListValue(_cut(items, clip(index, count, len(items.items))))
