"""The table of expression codes, and the helpers that parsers of expressions share.

The server parses an expression once, into a tree of closures, and evaluates it for each
record. `node` adds a parser to the table, which checks the static types and gives a
`Node`; a code without a parser is refused with 4. Evaluation gives a value, true and
false among them, or UNKNOWN. Source: sections 2 to 4 of the expression rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple

from aerospike_devserver.codec.message import MAX_BIN_NAME
from aerospike_devserver.codec.msgpack import MsgpackError, decode
from aerospike_devserver.operations.cdt.select import Loop
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.record import Subject
from aerospike_devserver.values import geojson
from aerospike_devserver.values.marks import REMOVE, UNKNOWN
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.values.values import Float32, ListValue, MapValue, Value
from aerospike_devserver.version import V8_1, Version

MAX_SIZE = 1 << 20
"""What the parts of an expression have to stay below together; see `Budget`."""


class Code:
    """Codes of nodes. No enumeration, which would make parsing slower."""

    UNKNOWN: Final = 0
    EQ: Final = 1
    NE: Final = 2
    GT: Final = 3
    GE: Final = 4
    LT: Final = 5
    LE: Final = 6
    REGEX: Final = 7
    GEO_COMPARE: Final = 8
    IN_LIST: Final = 9
    AND: Final = 16
    OR: Final = 17
    NOT: Final = 18
    EXCLUSIVE: Final = 19
    ADD: Final = 20
    SUB: Final = 21
    MUL: Final = 22
    DIV: Final = 23
    POW: Final = 24
    LOG: Final = 25
    MOD: Final = 26
    ABS: Final = 27
    FLOOR: Final = 28
    CEIL: Final = 29
    TO_INT: Final = 30
    TO_FLOAT: Final = 31
    INT_AND: Final = 32
    INT_OR: Final = 33
    INT_XOR: Final = 34
    INT_NOT: Final = 35
    INT_LSHIFT: Final = 36
    INT_RSHIFT: Final = 37
    INT_ARSHIFT: Final = 38
    INT_COUNT: Final = 39
    INT_LSCAN: Final = 40
    INT_RSCAN: Final = 41
    MIN: Final = 50
    MAX: Final = 51
    DIGEST_MODULO: Final = 64
    DEVICE_SIZE: Final = 65
    LAST_UPDATE: Final = 66
    SINCE_UPDATE: Final = 67
    VOID_TIME: Final = 68
    TTL: Final = 69
    SET_NAME: Final = 70
    KEY_EXISTS: Final = 71
    IS_TOMBSTONE: Final = 72
    MEMORY_SIZE: Final = 73
    RECORD_SIZE: Final = 74
    KEY: Final = 80
    BIN: Final = 81
    BIN_TYPE: Final = 82
    TO_STRING: Final = 99
    RESULT_REMOVE: Final = 100
    MAP_KEYS: Final = 101
    MAP_VALUES: Final = 102
    LOOP_VAR: Final = 122
    COND: Final = 123
    VAR: Final = 124
    LET: Final = 125
    QUOTE: Final = 126
    CALL: Final = 127


class Kind(IntEnum):
    """Static types of nodes, with the numbers of the BIN node.

    REMOVE has no number on the wire: it is the type of "remove this element" alone.
    """

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
    REMOVE = 100


MAX_KIND = Kind.HLL


class Scope(NamedTuple):
    """What an expression can see.

    loop: of a path filter or path modification, which sees nothing else of a record.
    variables: of the LETs around. failures: what has made calls unknown so far.
    """

    subject: Subject | None
    loop: Loop | None
    variables: dict[bytes, Value]
    failures: list[ServerError]


Run = Callable[[Scope], Value]


class Node(NamedTuple):
    """A parsed expression: its static type, and its value in a scope."""

    kind: Kind
    run: Run


class Budget:
    """What is left of the size of an expression: it is counted by part, not by byte.

    Source: section 9 of the expression rules.
    """

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_SIZE - 1

    def take(self, size: int) -> None:
        """Use some of it; ExpressionError if there is not so much."""
        self.left -= size
        if self.left < 0:
            raise ExpressionError("too large")


class Names(NamedTuple):
    """What an expression may use: variables with their types, and what is known."""

    variables: dict[bytes, Kind]
    version: Version
    budget: Budget


Parser = Callable[[int, list[Value], Names], Node]
_PARSERS: dict[int, Parser] = {}
SINCE: dict[int, Version] = {}
"""The version that brought each code; `node` fills it."""


class ExpressionError(ValueError):
    """Not a well-formed, well-typed expression: answered with 4."""


def node(*codes: int, since: Version = V8_1) -> Callable[[Parser], Parser]:
    """Register a parser, called with (code, arguments, names), for some codes."""

    def register(parser: Parser) -> Parser:
        _PARSERS.update(dict.fromkeys(codes, parser))
        SINCE.update(dict.fromkeys(codes, since))
        return parser

    return register


def is_value(value: Value) -> bool:
    """Whether a value is one, not UNKNOWN or REMOVE."""
    return value is not UNKNOWN and value is not REMOVE


def strict(kind: Kind, function: Callable[..., Value], operands: Sequence[Run]) -> Node:
    """A node that is unknown if one of its operands is."""

    def run(scope: Scope) -> Value:
        values = []
        for operand in operands:
            value = operand(scope)
            if not is_value(value):
                return UNKNOWN
            values.append(value)
        return function(*values)

    return Node(kind, run)


# Types of values

_LITERALS: dict[type, Kind] = {
    type(None): Kind.NIL,
    bool: Kind.BOOL,
    int: Kind.INT,
    float: Kind.FLOAT,
    Float32: Kind.FLOAT,
    MapValue: Kind.MAP,
}
_BYTES_KINDS: dict[int, Kind] = {
    Particle.STRING: Kind.STRING,
    Particle.BLOB: Kind.BLOB,
    Particle.HLL: Kind.HLL,
    Particle.GEOJSON: Kind.GEOJSON,
}


def kind_of(value: Value) -> Kind | None:
    """The type of a value; None for what expressions have no type for."""
    if type(value) is bytes:
        return _BYTES_KINDS.get(value[0]) if value else None
    if type(value) is ListValue:
        return Kind.LIST
    return _LITERALS.get(type(value))


# Parsing


_NODE_SIZE, _NUMBER_SIZE, LITERAL_SIZE = 8, 16, 24
"""Sizes of parts; contents of literals are not counted."""


def _literal(value: Value, names: Names) -> Node:
    kind = kind_of(value)
    if kind is None:
        raise ExpressionError("no literal")
    is_number = kind in (Kind.INT, Kind.FLOAT)
    names.budget.take(_NUMBER_SIZE if is_number else LITERAL_SIZE)
    if kind is Kind.GEOJSON:
        geojson.is_region(value[1:])
    if kind is Kind.INT and value >= 1 << 63:
        value -= 1 << 64
    return Node(kind, lambda _scope: value)


def parse_node(value: Value, names: Names) -> Node:
    """A node or a literal."""
    if type(value) is not ListValue:
        return _literal(value, names)
    if value.flags or not value.items:
        raise ExpressionError("no node")
    code, *rest = value.items
    if type(code) is not int or code not in _PARSERS or SINCE[code] > names.version:
        raise ExpressionError("unknown code")
    names.budget.take(_NODE_SIZE)
    return _PARSERS[code](code, rest, names)


def exactly(values: list[Value], count: int) -> list[Value]:
    """The arguments, of which there must be so many."""
    if len(values) != count:
        raise ExpressionError("wrong number of arguments")
    return values


def at_least(values: list[Value], count: int) -> list[Value]:
    """The arguments, of which there must be so many or more."""
    if len(values) < count:
        raise ExpressionError("wrong number of arguments")
    return values


def typed(value: Value, kind: Kind, names: Names) -> Run:
    """The parsed argument, which has to be of a type."""
    parsed = parse_node(value, names)
    if parsed.kind is not kind:
        raise ExpressionError("wrong type of argument")
    return parsed.run


def constant(value: Value) -> int:
    """An argument that must be a literal integer."""
    if type(value) is not int:
        raise ExpressionError("integer expected")
    number: int = value
    return number


def kind_argument(value: Value) -> Kind:
    """An argument that names a type."""
    number = constant(value)
    if not 0 <= number <= MAX_KIND:
        raise ExpressionError("no such type")
    return Kind(number)


def bin_name(value: Value) -> bytes:
    """A raw string, without the inner type byte."""
    if type(value) is not bytes or len(value) > MAX_BIN_NAME:
        raise ExpressionError("bad bin name")
    return value


def checked(make: Callable[[], Node]) -> Node:
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


_MAX_KEPT = 4096
"""Bytes of expressions that are kept parsed."""


def parse(data: bytes, version: Version) -> Node:
    """The one expression in `data`; ServerError 4 if it is none."""
    make = _parse_and_keep if len(data) <= _MAX_KEPT else _parse
    return make(data, version)


_MAX_DEPTH = 1000
_MAX_BYTES = 8 << 20
"""What the parser looks at: there is no larger record that it could be about."""


def _parse(data: bytes, version: Version) -> Node:
    if len(data) > _MAX_BYTES:
        raise ServerError(Result.REQUEST_INVALID)

    def make() -> Node:
        value, _ = decode(data, max_depth=_MAX_DEPTH)
        return parse_node(value, Names({}, version, Budget()))

    return checked(make)


_parse_and_keep = lru_cache(maxsize=1024)(_parse)


def parse_value(value: Any, version: Version) -> Node:
    """The expression in a decoded element; ServerError 4 if it is none."""
    return checked(lambda: parse_node(value, Names({}, version, Budget())))
