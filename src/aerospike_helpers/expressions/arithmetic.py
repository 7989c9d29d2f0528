"""Expressions on numbers. All operands of an expression must be integers, or all must
be floats.

Otherwise a call that uses the expression raises InvalidRequest. Python's operators also
make expressions: + - * / // % ** abs() math.floor() math.ceil(), with an expression on
the left. Brackets work as in Python: a - (b - c).
"""

from __future__ import annotations

from aerospike_helpers.expressions.resources import (
    Fields,
    FloatArg,
    IntArg,
    NumberArg,
    OfArgs,
    made_by_operators,
)

__all__ = [
    "Abs",
    "Add",
    "Ceil",
    "Div",
    "Floor",
    "Log",
    "Max",
    "Min",
    "Mod",
    "Mul",
    "Pow",
    "Sub",
    "ToFloat",
    "ToInt",
]


@made_by_operators
class Add(OfArgs, code=20, of="m", gives="m"):
    """The sum of all operands."""


@made_by_operators
class Sub(OfArgs, code=21, of="m", gives="m"):
    """The first number minus all others; the negative of a single one."""


@made_by_operators
class Mul(OfArgs, code=22, of="m", gives="m"):
    """The product of all operands."""


@made_by_operators
class Div(OfArgs, code=23, of="m", gives="m"):
    """The first number divided by the product of all others, or 1 by a single one.

    A quotient of integers is rounded towards zero. The result of a division by zero is
    unknown.
    """


@made_by_operators
class Pow(Fields, code=24, gives="7"):
    """A float raised to the power of another."""

    base: FloatArg
    exponent: FloatArg


class Log(Fields, code=25, gives="7"):
    """The logarithm of a float to a base."""

    num: FloatArg
    base: FloatArg


@made_by_operators
class Mod(Fields, code=26, gives="2"):
    """The remainder of two integers, with the sign of the first."""

    numerator: IntArg
    denominator: IntArg


@made_by_operators
class Abs(Fields, code=27, gives="m"):
    """The number without its sign."""

    value: NumberArg


@made_by_operators
class Floor(Fields, code=28, gives="7"):
    """The largest whole float that is not larger."""

    value: FloatArg


@made_by_operators
class Ceil(Fields, code=29, gives="7"):
    """The smallest whole float that is not smaller."""

    value: FloatArg


class ToInt(Fields, code=30, gives="2"):
    """A float as an integer, cut towards zero."""

    value: FloatArg


class ToFloat(Fields, code=31, gives="7"):
    """An integer as a float."""

    value: IntArg


class Min(OfArgs, code=50, of="m", gives="m"):
    """The smallest of all operands."""


class Max(OfArgs, code=51, of="m", gives="m"):
    """The largest of all operands."""
