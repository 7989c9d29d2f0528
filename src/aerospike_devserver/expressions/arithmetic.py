"""Expressions that calculate with numbers, or with the bits of integers.

Source: sections 4.2 and 4.3 of the expression rules.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

from aerospike_devserver.expressions.nodes import (
    Code,
    ExpressionError,
    Kind,
    Names,
    Node,
    at_least,
    exactly,
    node,
    parse_node,
    strict,
    typed,
)
from aerospike_devserver.operations.arguments import wrap
from aerospike_devserver.values.marks import UNKNOWN
from aerospike_devserver.values.values import Value

_MASK = (1 << 64) - 1
_TOP = 1 << 63


def _sub(*values: Any) -> Any:
    return 0 - values[0] if len(values) == 1 else reduce(operator.sub, values)


def _divide_ints(*values: int) -> Value:
    """Divide the first by the product of the others, truncating; of one number 1/n."""
    first, rest = (values[0], values[1:]) if len(values) > 1 else (1, values)
    divisor = wrap(math.prod(rest))
    if divisor == 0:
        return UNKNOWN
    quotient = abs(first) // abs(divisor)
    return quotient if (first < 0) == (divisor < 0) else -quotient


def _divide_floats(*values: float) -> float:
    first, rest = (values[0], values[1:]) if len(values) > 1 else (1.0, values)
    divisor = math.prod(rest)
    if divisor:
        return first / divisor
    if first == 0 or math.isnan(first):
        return math.nan
    return math.copysign(math.inf, first) * math.copysign(1.0, divisor)


def _least(*values: Any) -> Any:
    return reduce(lambda kept, value: min(kept, value), values)


def _greatest(*values: Any) -> Any:
    return reduce(lambda kept, value: max(kept, value), values)


def _product(*values: Any) -> Any:
    return math.prod(values)


def _sum(*values: Any) -> Any:
    return reduce(operator.add, values)


_NUMERIC: dict[int, tuple[Callable[..., Value], Callable[..., Value]]] = {
    Code.ADD: (_sum, _sum),
    Code.SUB: (_sub, _sub),
    Code.MUL: (_product, _product),
    Code.DIV: (_divide_ints, _divide_floats),
    Code.MIN: (_least, _least),
    Code.MAX: (_greatest, _greatest),
}
"""Code: what it does with one or more integers, and with one or more floats."""


def _wrapping(function: Callable[..., Value]) -> Callable[..., Value]:
    """The function with an integer result cut to 64 bits."""

    def run(*values: int) -> Value:
        result = function(*values)
        return wrap(result) if type(result) is int else result

    return run


@node(*_NUMERIC)
def _numeric(code: int, arguments: list[Value], names: Names) -> Node:
    """ADD, SUB, MUL, DIV, MIN, MAX of numbers of one type."""
    operands = [parse_node(each, names) for each in at_least(arguments, 1)]
    kind = operands[0].kind
    if kind not in (Kind.INT, Kind.FLOAT) or any(
        each.kind != kind for each in operands
    ):
        raise ExpressionError("numbers of one type expected")
    of_ints, of_floats = _NUMERIC[code]
    function = _wrapping(of_ints) if kind is Kind.INT else of_floats
    return strict(kind, function, [each.run for each in operands])


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def _natural_log(number: float) -> float:
    if number == 0:
        return -math.inf
    return math.log(number) if number > 0 else math.nan


def _log(number: float, base: float) -> float:
    return _divide_floats(_natural_log(number), _natural_log(base))


def _modulo(a: int, b: int) -> Value:
    """The remainder with the sign of the first operand."""
    if b == 0:
        return UNKNOWN
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


def _whole(rounding: Callable[[float], int]) -> Callable[[float], float]:
    """Rounding as in C: a zero keeps its sign."""

    def run(value: float) -> float:
        if not math.isfinite(value):
            return value
        return math.copysign(rounding(value), value)

    return run


def _to_int(value: float) -> int:
    if not -float(_TOP) <= value < float(_TOP):
        return -_TOP
    return int(value)


def _shift_right(value: int, shift: int) -> int:
    return (value & _MASK) >> (shift & 63)


def _scan(value: int, wanted: bool, *, from_left: bool) -> int:
    """The place of a bit of 64, the most significant one being 0; -1 = none."""
    bits = value & _MASK if wanted else ~value & _MASK
    if not bits:
        return -1
    return 64 - bits.bit_length() if from_left else 63 - (bits & -bits).bit_length() + 1


_FIXED: dict[int, tuple[tuple[Kind, ...], Kind, Callable[..., Value]]] = {
    Code.POW: ((Kind.FLOAT, Kind.FLOAT), Kind.FLOAT, _power),
    Code.LOG: ((Kind.FLOAT, Kind.FLOAT), Kind.FLOAT, _log),
    Code.MOD: ((Kind.INT, Kind.INT), Kind.INT, _modulo),
    Code.FLOOR: ((Kind.FLOAT,), Kind.FLOAT, _whole(math.floor)),
    Code.CEIL: ((Kind.FLOAT,), Kind.FLOAT, _whole(math.ceil)),
    Code.TO_INT: ((Kind.FLOAT,), Kind.INT, _to_int),
    Code.TO_FLOAT: ((Kind.INT,), Kind.FLOAT, float),
    Code.INT_NOT: ((Kind.INT,), Kind.INT, operator.invert),
    Code.INT_LSHIFT: (
        (Kind.INT, Kind.INT),
        Kind.INT,
        lambda value, by: value << (by & 63),
    ),
    Code.INT_RSHIFT: ((Kind.INT, Kind.INT), Kind.INT, _shift_right),
    Code.INT_ARSHIFT: (
        (Kind.INT, Kind.INT),
        Kind.INT,
        lambda value, by: value >> (by & 63),
    ),
    Code.INT_COUNT: ((Kind.INT,), Kind.INT, lambda value: (value & _MASK).bit_count()),
    Code.INT_LSCAN: (
        (Kind.INT, Kind.BOOL),
        Kind.INT,
        lambda value, wanted: _scan(value, wanted, from_left=True),
    ),
    Code.INT_RSCAN: (
        (Kind.INT, Kind.BOOL),
        Kind.INT,
        lambda value, wanted: _scan(value, wanted, from_left=False),
    ),
}
"""Code: types of the operands, type of the result, what it does."""


@node(*_FIXED)
def _fixed(code: int, arguments: list[Value], names: Names) -> Node:
    """Functions of operands with fixed types."""
    kinds, result, function = _FIXED[code]
    exactly(arguments, len(kinds))
    operands = [
        typed(each, kind, names) for each, kind in zip(arguments, kinds, strict=True)
    ]
    return strict(result, _wrapping(function), operands)


@node(Code.ABS)
def _absolute(_code: int, arguments: list[Value], names: Names) -> Node:
    """ABS of either type of number."""
    inner = parse_node(exactly(arguments, 1)[0], names)
    if inner.kind not in (Kind.INT, Kind.FLOAT):
        raise ExpressionError("number expected")
    return strict(inner.kind, _wrapping(abs), (inner.run,))


_BITWISE: dict[int, Callable[[int, int], int]] = {
    Code.INT_AND: operator.and_,
    Code.INT_OR: operator.or_,
    Code.INT_XOR: operator.xor,
}


@node(*_BITWISE)
def _bitwise(code: int, arguments: list[Value], names: Names) -> Node:
    """INT_AND, INT_OR, INT_XOR of one or more integers."""
    operands = [typed(each, Kind.INT, names) for each in at_least(arguments, 1)]
    function = _BITWISE[code]
    return strict(Kind.INT, lambda *values: reduce(function, values), operands)
