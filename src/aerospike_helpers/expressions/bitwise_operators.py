"""Expressions on the 64 bits of integers."""

from __future__ import annotations

from aerospike_helpers.expressions.resources import BoolArg, Fields, IntArg, OfExprs

__all__ = [
    "IntAnd",
    "IntArithmeticRightShift",
    "IntCount",
    "IntLeftScan",
    "IntLeftShift",
    "IntNot",
    "IntOr",
    "IntRightScan",
    "IntRightShift",
    "IntXOr",
]


class IntAnd(OfExprs, code=32, of="2", gives="2"):
    """The bits that are set in all integers."""


class IntOr(OfExprs, code=33, of="2", gives="2"):
    """The bits that are set in one of the integers."""


class IntXOr(OfExprs, code=34, of="2", gives="2"):
    """The bits that are set in an odd number of the integers."""


class IntNot(Fields, code=35, gives="2"):
    """The bits that are not set."""

    expr: IntArg


class _Shift(Fields, gives="2"):
    value: IntArg
    shift: IntArg


class IntLeftShift(_Shift, code=36):
    """The bits, moved to the left."""


class IntRightShift(_Shift, code=37):
    """The bits, moved to the right, with zeros from the left."""


class IntArithmeticRightShift(_Shift, code=38):
    """The bits, moved to the right, with the sign bit from the left."""


class IntCount(Fields, code=39, gives="2"):
    """How many bits are set."""

    value: IntArg


class _Scan(Fields, gives="2"):
    value: IntArg
    search: BoolArg


class IntLeftScan(_Scan, code=40):
    """The place of the first bit that is search, 0 = the most significant; or -1."""


class IntRightScan(_Scan, code=41):
    """The place of the last bit that is search, 0 = the most significant; or -1."""
