"""Kinds of arguments: each is a function that checks an argument and converts it.

The value of an operation is an array; its arguments are positional, and the optional
ones come last. A wrong kind or number is answered with 4. Source: section 6 of the
MessagePack dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.values.values import Value

_TOP = 1 << 63
_WRAP = 1 << 64

Kind = Callable[[Value], Any]
"""Checks an argument as it came and gives it as the operation wants it."""


def refuse(
    result: Result = Result.OP_NOT_APPLICABLE, subcode: int = 0, text: str = ""
) -> ServerError:
    """The error to raise; 26 unless told otherwise."""
    return ServerError(result, subcode, text)


def wrap(number: int) -> int:
    """An integer cut to signed 64 bits."""
    number &= _WRAP - 1
    return number - _WRAP if number >= _TOP else number


def signed(value: Value) -> int:
    """An index, rank or offset: any integer, read as signed 64 bits."""
    if type(value) is not int:
        raise refuse(Result.REQUEST_INVALID)
    return value - _WRAP if value >= _TOP else value


def unsigned(value: Value) -> int:
    """A count or flags: any integer, read as unsigned; a negative one is huge."""
    if type(value) is not int:
        raise refuse(Result.REQUEST_INVALID)
    return value + _WRAP if value < 0 else value


def anything(value: Value) -> Value:
    """A value to compare with; nothing is checked."""
    return value


def checked(kinds: Sequence[Kind], n_required: int, values: list[Value]) -> list[Any]:
    """The arguments that are there, as their kinds want them; ServerError 4."""
    if not n_required <= len(values) <= len(kinds):
        raise refuse(Result.REQUEST_INVALID)
    return [kind(value) for kind, value in zip(kinds, values, strict=False)]
