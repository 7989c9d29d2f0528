"""How each return type tells what a "by" operation has selected.

A selection, a single element and a missing one have a table each, with a row for every
return type. Source: sections A.2, A.3 and B.4 of the page on lists, section 4 of the
page on maps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from aerospike_devserver.operations.arguments import refuse
from aerospike_devserver.operations.cdt.arguments import NO_RESULT
from aerospike_devserver.operations.cdt.selection import (
    RANGES,
    Found,
    Missing,
    One,
    Return,
    Selection,
    Span,
    View,
)
from aerospike_devserver.values.values import ListValue, MapValue, Value

INVERTED = 0x10000
_TYPE_MASK = 0xFFFF
PRESERVED_ORDER = 0x08
"""Marker of a map whose pairs stand in the order of the result."""

OF_MAPS = frozenset(
    (Return.KEY, Return.KEY_VALUE, Return.UNORDERED_MAP, Return.ORDERED_MAP)
)


class Wanted(NamedTuple):
    """A return type argument, taken apart."""

    kind: Return
    inverted: bool


def wanted(flags: int) -> Wanted:
    """The return type in an argument; ServerError 26 if there is no such type."""
    try:
        return Wanted(Return(flags & _TYPE_MASK), bool(flags & INVERTED))
    except ValueError as cause:
        raise refuse() from cause


def check_kind(view: View, found: Found, want: Wanted) -> None:
    """ServerError 26 for a return type that the operation does not have."""
    kind = want.kind
    if view.keys is None and kind in OF_MAPS:
        raise refuse()
    if kind in RANGES and kind not in found.ranges:
        raise refuse()
    if isinstance(found, Selection):
        if kind in found.refused:
            raise refuse()
    elif want.inverted and not (isinstance(found, Missing) and found.may_invert):
        raise refuse()


def _pairs(view: View, indexes: Sequence[int], flags: int) -> MapValue:
    keys = view.keys or []
    return MapValue(
        [keys[i] for i in indexes], [view.values[i] for i in indexes], flags
    )


_MAPS = {
    Return.KEY_VALUE: PRESERVED_ORDER,
    Return.UNORDERED_MAP: 0,
    Return.ORDERED_MAP: 1,
}
"""Flags of the marker of a result that is a map."""


def _listed(values: Iterable[Value]) -> ListValue:
    return ListValue(list(values))


def _values(chosen: Selection) -> ListValue:
    return _listed(chosen.view.values[index] for index in chosen.items())


def _keys(chosen: Selection) -> ListValue:
    keys = chosen.view.keys or []
    return _listed(keys[index] for index in chosen.items())


def _span(span: Span) -> ListValue:
    return ListValue([span.start, span.count])


_OF_SELECTION: dict[Return, Callable[[Selection], Value]] = {
    Return.NONE: lambda chosen: NO_RESULT,
    Return.INDEX: lambda chosen: _listed(chosen.index()),
    Return.REVERSE_INDEX: lambda chosen: _listed(chosen.reverse_index()),
    Return.RANK: lambda chosen: _listed(chosen.rank()),
    Return.REVERSE_RANK: lambda chosen: _listed(chosen.reverse_rank()),
    Return.COUNT: lambda chosen: chosen.count(),
    Return.KEY: _keys,
    Return.VALUE: _values,
    Return.KEY_VALUE: lambda chosen: _pairs(
        chosen.view, chosen.items(), PRESERVED_ORDER
    ),
    Return.INDEX_RANGE: lambda chosen: _span(chosen.span()),
    Return.REVERSE_INDEX_RANGE: lambda chosen: _span(
        chosen.span().reverse(chosen.size)
    ),
    Return.RANK_RANGE: lambda chosen: _span(chosen.span()),
    Return.REVERSE_RANK_RANGE: lambda chosen: _span(chosen.span().reverse(chosen.size)),
    Return.EXISTS: lambda chosen: chosen.exists(),
    Return.UNORDERED_MAP: lambda chosen: _pairs(chosen.view, chosen.items(), 0),
    Return.ORDERED_MAP: lambda chosen: _pairs(chosen.view, sorted(chosen.items()), 1),
}

_OF_ONE: dict[Return, Callable[[View, One], Value]] = {
    Return.NONE: lambda view, one: NO_RESULT,
    Return.INDEX: lambda view, one: one.index,
    Return.REVERSE_INDEX: lambda view, one: view.size - 1 - one.index,
    Return.RANK: lambda view, one: one.rank(),
    Return.REVERSE_RANK: lambda view, one: view.size - 1 - one.rank(),
    Return.COUNT: lambda view, one: 1,
    Return.KEY: lambda view, one: (view.keys or [])[one.index],
    Return.VALUE: lambda view, one: view.values[one.index],
    Return.KEY_VALUE: lambda view, one: _pairs(view, [one.index], PRESERVED_ORDER),
    Return.INDEX_RANGE: lambda view, one: ListValue([one.index, 1]),
    Return.REVERSE_INDEX_RANGE: lambda view, one: ListValue(
        [view.size - 1 - one.index, 1]
    ),
    Return.RANK_RANGE: lambda view, one: ListValue([one.rank(), 1]),
    Return.REVERSE_RANK_RANGE: lambda view, one: ListValue(
        [view.size - 1 - one.rank(), 1]
    ),
    Return.EXISTS: lambda view, one: True,
    Return.UNORDERED_MAP: lambda view, one: _pairs(view, [one.index], 0),
    Return.ORDERED_MAP: lambda view, one: _pairs(view, [one.index], 1),
}

_OF_NONE: dict[Return, Callable[[View, Missing], Value]] = {
    Return.NONE: lambda view, none: NO_RESULT,
    Return.INDEX: lambda view, none: -1,
    Return.REVERSE_INDEX: lambda view, none: -1,
    Return.RANK: lambda view, none: -1,
    Return.REVERSE_RANK: lambda view, none: -1,
    Return.COUNT: lambda view, none: 0,
    Return.KEY: lambda view, none: NO_RESULT,
    Return.VALUE: lambda view, none: NO_RESULT,
    Return.KEY_VALUE: lambda view, none: _pairs(view, [], PRESERVED_ORDER),
    Return.INDEX_RANGE: lambda view, none: ListValue([none.place, 0]),
    Return.REVERSE_INDEX_RANGE: lambda view, none: ListValue([-1, 0]),
    Return.RANK_RANGE: lambda view, none: ListValue([none.place, 0]),
    Return.REVERSE_RANK_RANGE: lambda view, none: ListValue(
        [view.size - none.place, 0]
    ),
    Return.EXISTS: lambda view, none: False,
    Return.UNORDERED_MAP: lambda view, none: _pairs(view, [], 0),
    Return.ORDERED_MAP: lambda view, none: _pairs(view, [], 1),
}


def tell(view: View, found: Found, kind: Return) -> Value:
    """The result of a "by" operation."""
    if isinstance(found, Selection):
        return _OF_SELECTION[kind](found)
    if isinstance(found, One):
        return _OF_ONE[kind](view, found)
    return _OF_NONE[kind](view, found)


def chosen_indexes(found: Found) -> set[int]:
    """The indexes of the elements that a removal takes away."""
    if isinstance(found, Selection):
        return set(found.items())
    return {found.index} if isinstance(found, One) else set()
