"""Filter expressions: parsed once into a tree of closures, evaluated per record.

A node is a row of `_PARSERS`: expression code -> parser of its arguments. A parser
checks the static types and gives a `Node`; what has no row is refused with 4.
Evaluation is three-valued: a value, or UNKNOWN. Source: sections 2 to 4 and 7.2 of
the expression rules.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

from aerospike_devserver.codec.message import MAX_BIN_NAME
from aerospike_devserver.codec.msgpack import MsgpackError, decode
from aerospike_devserver.codec.particle import load
from aerospike_devserver.model import geojson
from aerospike_devserver.model.cdt.select import Loop, Test
from aerospike_devserver.model.marks import UNKNOWN
from aerospike_devserver.model.particle import Particle
from aerospike_devserver.model.record import Bins
from aerospike_devserver.model.values import (
    Float32,
    ListValue,
    MapValue,
    Value,
    compare,
    map_pairs,
)
from aerospike_devserver.result import Result, ServerError

MAX_SIZE = 1 << 20
"""Bytes of the largest expression."""


class Kind(IntEnum):
    """Static types of nodes, with the numbers of the BIN node."""

    NIL = 0
    BOOL = 1
    INT = 2
    STRING = 3
    LIST = 4
    MAP = 5
    BLOB = 6
    FLOAT = 7
    GEOJSON = 8
    HLL = 9


_PARTICLES = {
    Kind.NIL: Particle.NULL,
    Kind.BOOL: Particle.BOOL,
    Kind.INT: Particle.INTEGER,
    Kind.STRING: Particle.STRING,
    Kind.LIST: Particle.LIST,
    Kind.MAP: Particle.MAP,
    Kind.BLOB: Particle.BLOB,
    Kind.FLOAT: Particle.FLOAT,
    Kind.GEOJSON: Particle.GEOJSON,
    Kind.HLL: Particle.HLL,
}


class Scope(NamedTuple):
    """What an expression can see. bins: None while only metadata count.

    loop: of a path filter or path modification, which sees nothing else.
    """

    bins: Bins | None
    loop: Loop | None = None


class Node(NamedTuple):
    """A parsed expression: its static type, and its value in a scope."""

    kind: Kind
    run: Callable[[Scope], Value]


Parser = Callable[[int, list[Value]], Node]
_PARSERS: dict[int, Parser] = {}


class ExpressionError(ValueError):
    """Not a well-formed, well-typed expression: answered with 4."""


def node(*codes: int) -> Callable[[Parser], Parser]:
    """Register a parser, called with (code, arguments), for some codes."""

    def register(parser: Parser) -> Parser:
        _PARSERS.update(dict.fromkeys(codes, parser))
        return parser

    return register


# Parsing

_LITERALS: dict[type, Kind] = {
    type(None): Kind.NIL,
    bool: Kind.BOOL,
    int: Kind.INT,
    float: Kind.FLOAT,
    Float32: Kind.FLOAT,
    MapValue: Kind.MAP,
}
_BYTES_LITERALS = {
    Particle.STRING: Kind.STRING,
    Particle.BLOB: Kind.BLOB,
    Particle.HLL: Kind.HLL,
    Particle.GEOJSON: Kind.GEOJSON,
}


def _bytes_kind(value: bytes) -> Kind | None:
    """The type of a byte string by its inner type byte; GeoJSON text must be valid."""
    if not value or value[0] not in _BYTES_LITERALS:
        return None
    kind = _BYTES_LITERALS[Particle(value[0])]
    if kind is Kind.GEOJSON:
        geojson.is_region(value[1:])
    return kind


def _literal(value: Value) -> Node:
    kind = _bytes_kind(value) if type(value) is bytes else _LITERALS.get(type(value))
    if kind is None:
        raise ExpressionError("no literal")
    if kind is Kind.INT and value >= 1 << 63:
        value -= 1 << 64
    return Node(kind, lambda _scope: value)


def _parse(value: Value) -> Node:
    """A node or a literal."""
    if type(value) is not ListValue:
        return _literal(value)
    if value.flags or not value.items:
        raise ExpressionError("no node")
    code, *arguments = value.items
    if type(code) is not int or code not in _PARSERS:
        raise ExpressionError("unknown code")
    return _PARSERS[code](code, arguments)


def _arguments(values: list[Value], count: int) -> list[Value]:
    if len(values) != count:
        raise ExpressionError("wrong number of arguments")
    return values


def _typed(value: Value, kind: Kind) -> Callable[[Scope], Value]:
    """The parsed argument, which has to be of a type."""
    parsed = _parse(value)
    if parsed.kind is not kind:
        raise ExpressionError("wrong type of argument")
    return parsed.run


def _checked(make: Callable[[], Node]) -> Node:
    """What `make` gives; ServerError 4 if it finds no expression."""
    try:
        return make()
    except (
        ExpressionError,
        MsgpackError,
        geojson.InvalidGeoJSON,
        RecursionError,
    ) as why:
        raise ServerError(Result.REQUEST_INVALID) from why


@lru_cache(maxsize=1024)
def parse(data: bytes) -> Node:
    """The one expression in `data`; ServerError 4 if it is none."""
    if len(data) > MAX_SIZE:
        raise ServerError(Result.REQUEST_INVALID)
    return _checked(lambda: _parse(decode(data)[0]))


# Comparison, logic

_COMPARISONS: dict[int, Callable[[Any, Any], bool]] = {
    1: operator.eq,
    2: operator.ne,
    3: operator.gt,
    4: operator.ge,
    5: operator.lt,
    6: operator.le,
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
def _comparison(code: int, arguments: list[Value]) -> Node:
    """EQ, NE, GT, GE, LT, LE: both sides of one type, GeoJSON and HLL excluded."""
    first, second = (_parse(argument) for argument in _arguments(arguments, 2))
    if first.kind is not second.kind or first.kind not in (*_NATIVE, *_ORDERED):
        raise ExpressionError("not comparable")
    test, left, right = _COMPARISONS[code], first.run, second.run
    native = first.kind in _NATIVE

    def run(scope: Scope) -> Value:
        a, b = left(scope), right(scope)
        if a is UNKNOWN or b is UNKNOWN:
            return UNKNOWN
        return test(a, b) if native else _compare_containers(test, a, b)

    return Node(Kind.BOOL, run)


def _junction(arguments: list[Value], decisive: bool) -> Node:
    """AND (decided by False) or OR (by True) of two or more conditions."""
    if len(arguments) < 2:
        raise ExpressionError("wrong number of arguments")
    conditions = [_typed(argument, Kind.BOOL) for argument in arguments]

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


@node(0)
def _unknown(_code: int, arguments: list[Value]) -> Node:
    """UNKNOWN: a condition that is never decided."""
    _arguments(arguments, 0)
    return Node(Kind.BOOL, lambda _scope: UNKNOWN)


@node(16)
def _and(_code: int, arguments: list[Value]) -> Node:
    return _junction(arguments, decisive=False)


@node(17)
def _or(_code: int, arguments: list[Value]) -> Node:
    return _junction(arguments, decisive=True)


@node(18)
def _not(_code: int, arguments: list[Value]) -> Node:
    inner = _typed(_arguments(arguments, 1)[0], Kind.BOOL)

    def run(scope: Scope) -> Value:
        value = inner(scope)
        return UNKNOWN if value is UNKNOWN else not value

    return Node(Kind.BOOL, run)


# Bins, quotes


def _bin_name(value: Value) -> bytes:
    """A raw string, without the inner type byte."""
    if type(value) is not bytes or len(value) > MAX_BIN_NAME:
        raise ExpressionError("bad bin name")
    return value


@node(81)
def _bin(_code: int, arguments: list[Value]) -> Node:
    """BIN type, name: unknown if the bin is missing or of another type."""
    number, raw_name = _arguments(arguments, 2)
    if type(number) is not int or not 0 <= number <= max(Kind):
        raise ExpressionError("no bin type")
    name, kind = _bin_name(raw_name), Kind(number)
    particle = _PARTICLES[kind]

    def run(scope: Scope) -> Value:
        found = scope.bins.get(name) if scope.bins is not None else None
        if found is None or found[0] != particle:
            return UNKNOWN
        return load(*found)

    return Node(kind, run)


@node(82)
def _bin_type(_code: int, arguments: list[Value]) -> Node:
    """BIN_TYPE name: the particle type, 0 if there is no such bin."""
    name = _bin_name(_arguments(arguments, 1)[0])

    def run(scope: Scope) -> Value:
        if scope.bins is None:
            return UNKNOWN
        return scope.bins.get(name, (int(Particle.NULL), b""))[0]

    return Node(Kind.INT, run)


@node(126)
def _quote(_code: int, arguments: list[Value]) -> Node:
    """QUOTE: a list literal."""
    (value,) = _arguments(arguments, 1)
    if type(value) is not ListValue:
        raise ExpressionError("list expected")
    return Node(Kind.LIST, lambda _scope: value)


# Filters


def passes(data: bytes, bins: Bins) -> bool:
    """Whether a record passes a filter; ServerError 4 if it is no condition.

    First metadata alone decide, if they can; then only a definite True passes.
    """
    condition = parse(data)
    if condition.kind is not Kind.BOOL:
        raise ServerError(Result.REQUEST_INVALID)
    verdict = condition.run(Scope(None))
    if verdict is UNKNOWN:
        verdict = condition.run(Scope(bins))
    return verdict is True


def compile_loop(value: Value) -> Test:
    """The evaluator of a path filter or path modification; ServerError 4."""
    parsed = _checked(lambda: _parse(value))
    return lambda loop: parsed.run(Scope(None, loop))
