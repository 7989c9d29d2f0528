"""Expressions that the server evaluates: filters on records.

    from aerospike_helpers import expressions as exp

    grown_up = exp.GE(exp.IntBin("age"), 18).compile()
    client.get(key, policy={"expressions": grown_up})

Comparisons, logic and bins, so far. An argument that is no expression is a constant.
"""

from __future__ import annotations

from typing import Any

from aerospike._core import pack_expression
from aerospike._types import CompiledExpression, RawName

_QUOTE = 126  # node code: the list that follows is a constant


class ResultType:
    """Types of expressions."""

    NIL = 0
    BOOLEAN = 1
    INTEGER = 2
    STRING = 3
    LIST = 4
    MAP = 5
    BLOB = 6
    FLOAT = 7
    GEOJSON = 8
    HLL = 9


class Expression:
    """A node: its code on the wire, and its arguments."""

    _code: int
    _args: tuple[Any, ...] = ()

    def compile(self) -> CompiledExpression:
        """Turn the expression into what a policy's "expressions" takes.

        The result may be used any number of times, by any client.

        :raises ParamError: a constant is of a type that cannot be sent.
        """
        tree = self._tree()
        return CompiledExpression(tree, pack_expression(tree))

    def _tree(self) -> list[Any]:
        return [self._code, *map(_subtree, self._args)]


def _subtree(arg: Any) -> Any:
    if isinstance(arg, Expression):
        return arg._tree()
    return [_QUOTE, arg] if isinstance(arg, list) else arg


class Unknown(Expression):
    """Neither true nor false: lets a filter reject the record."""

    _code = 0


class _Comparison(Expression):
    def __init__(self, expr0: Any, expr1: Any) -> None:
        self._args = (expr0, expr1)


class Eq(_Comparison):
    """expr0 == expr1, both of the same type."""

    _code = 1


class NE(_Comparison):
    """expr0 != expr1, both of the same type."""

    _code = 2


class GT(_Comparison):
    """expr0 > expr1, both of the same type."""

    _code = 3


class GE(_Comparison):
    """expr0 >= expr1, both of the same type."""

    _code = 4


class LT(_Comparison):
    """expr0 < expr1, both of the same type."""

    _code = 5


class LE(_Comparison):
    """expr0 <= expr1, both of the same type."""

    _code = 6


class _Logic(Expression):
    def __init__(self, *exprs: Any) -> None:
        self._args = exprs


class And(_Logic):
    """All of two or more booleans are true."""

    _code = 16


class Or(_Logic):
    """One of two or more booleans is true."""

    _code = 17


class Not(_Logic):
    """The opposite of one boolean."""

    _code = 18


class _Bin(Expression):
    """A bin read as a type; unknown when it is missing or holds another one."""

    _code = 81
    _type: int

    def __init__(self, bin: str) -> None:
        self._args = (self._type, RawName(bin))


class BoolBin(_Bin):
    """A bin that holds a boolean."""

    _type = ResultType.BOOLEAN


class IntBin(_Bin):
    """A bin that holds an integer."""

    _type = ResultType.INTEGER


class StrBin(_Bin):
    """A bin that holds a string."""

    _type = ResultType.STRING


class ListBin(_Bin):
    """A bin that holds a list."""

    _type = ResultType.LIST


class MapBin(_Bin):
    """A bin that holds a map."""

    _type = ResultType.MAP


class BlobBin(_Bin):
    """A bin that holds a blob."""

    _type = ResultType.BLOB


class FloatBin(_Bin):
    """A bin that holds a float."""

    _type = ResultType.FLOAT


class BinType(Expression):
    """The particle type (AS_BYTES_*) of a bin, 0 when it is missing."""

    _code = 82

    def __init__(self, bin: str) -> None:
        self._args = (RawName(bin),)


def BinExists(bin: str) -> Expression:
    """True when the record has the bin."""
    return NE(BinType(bin), ResultType.NIL)
