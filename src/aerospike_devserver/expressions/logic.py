"""Expressions that compare values, or join what is true and false.

Source: sections 4.1 and 7.1 of the expression rules.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from aerospike_devserver.expressions.nodes import (
    Code,
    ExpressionError,
    Kind,
    Names,
    Node,
    Scope,
    at_least,
    exactly,
    node,
    parse_node,
    strict,
    typed,
)
from aerospike_devserver.values.marks import UNKNOWN
from aerospike_devserver.values.values import (
    ListValue,
    MapValue,
    Value,
    compare,
    map_pairs,
)

_COMPARISONS: dict[int, Callable[[Any, Any], bool]] = {
    Code.EQ: operator.eq,
    Code.NE: operator.ne,
    Code.GT: operator.gt,
    Code.GE: operator.ge,
    Code.LT: operator.lt,
    Code.LE: operator.le,
}
_NATIVE = (Kind.BOOL, Kind.INT, Kind.FLOAT, Kind.STRING, Kind.BLOB)
_ORDERED = (Kind.NIL, Kind.LIST, Kind.MAP)


class _UnorderedMap(Exception):
    """A comparison reached a map without a marker: its order is unknown."""


def _ordered_pairs(a: MapValue, b: MapValue) -> Iterator[tuple[Value, Value]]:
    if any(side.keys and not side.flags for side in (a, b)):
        raise _UnorderedMap
    return map_pairs(a, b)


def _compare_containers(test: Callable[[Any, Any], bool], a: Value, b: Value) -> Value:
    try:
        return test(compare(a, b, _ordered_pairs), 0)
    except _UnorderedMap:
        return UNKNOWN


@node(*_COMPARISONS)
def _comparison(code: int, arguments: list[Value], names: Names) -> Node:
    """EQ, NE, GT, GE, LT, LE: both sides of one type, GeoJSON and HLL excluded."""
    first, second = (parse_node(each, names) for each in exactly(arguments, 2))
    if first.kind is not second.kind or first.kind not in (*_NATIVE, *_ORDERED):
        raise ExpressionError("not comparable")
    test = _COMPARISONS[code]
    if first.kind in _NATIVE:
        return strict(Kind.BOOL, test, (first.run, second.run))
    return strict(
        Kind.BOOL,
        lambda a, b: _compare_containers(test, a, b),
        (first.run, second.run),
    )


@node(Code.IN_LIST)
def _in_list(_code: int, arguments: list[Value], names: Names) -> Node:
    """IN_LIST value, list: equality without regard to static types."""
    value, items = exactly(arguments, 2)

    def run(wanted: Value, found: ListValue) -> bool:
        return any(compare(item, wanted) == 0 for item in found.items)

    parsed = parse_node(value, names)
    return strict(Kind.BOOL, run, (parsed.run, typed(items, Kind.LIST, names)))


def _junction(arguments: list[Value], names: Names, decisive: bool) -> Node:
    """AND (decided by False) or OR (by True) of two or more conditions."""
    conditions = [typed(each, Kind.BOOL, names) for each in at_least(arguments, 2)]

    def run(scope: Scope) -> Value:
        result: Value = not decisive
        for condition in conditions:
            value = condition(scope)
            if value is decisive:
                return decisive
            if value is UNKNOWN:
                result = UNKNOWN
        return result

    return Node(Kind.BOOL, run)


@node(Code.UNKNOWN)
def _unknown(_code: int, arguments: list[Value], _names: Names) -> Node:
    """UNKNOWN: a condition that is never decided."""
    exactly(arguments, 0)
    return Node(Kind.BOOL, lambda _scope: UNKNOWN)


@node(Code.AND)
def _and(_code: int, arguments: list[Value], names: Names) -> Node:
    return _junction(arguments, names, decisive=False)


@node(Code.OR)
def _or(_code: int, arguments: list[Value], names: Names) -> Node:
    return _junction(arguments, names, decisive=True)


@node(Code.NOT)
def _not(_code: int, arguments: list[Value], names: Names) -> Node:
    inner = typed(exactly(arguments, 1)[0], Kind.BOOL, names)
    return strict(Kind.BOOL, operator.not_, (inner,))


@node(Code.EXCLUSIVE)
def _exclusive(_code: int, arguments: list[Value], names: Names) -> Node:
    """EXCLUSIVE: exactly one is true; the second true or an unknown one decides."""
    conditions = [typed(each, Kind.BOOL, names) for each in at_least(arguments, 2)]

    def run(scope: Scope) -> Value:
        n_true = 0
        for condition in conditions:
            value = condition(scope)
            if value is UNKNOWN:
                return UNKNOWN
            n_true += value
            if n_true > 1:
                return False
        return n_true == 1

    return Node(Kind.BOOL, run)
