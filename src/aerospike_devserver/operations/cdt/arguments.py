"""Kinds of arguments of list and map operations, and the row that describes one.

Source: section 6 of the MessagePack dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple

from aerospike_devserver.codec.msgpack import MsgpackError
from aerospike_devserver.codec.particle import check_keys, seal
from aerospike_devserver.operations.arguments import Kind, checked, refuse, wrap
from aerospike_devserver.result import Result
from aerospike_devserver.values.values import ListValue, MapValue, Value, is_special
from aerospike_devserver.version import V8_1, Version

MAX_PARAMETERS = 1 << 20
"""Items of a list of values or keys to look for."""


class NoResult(Enum):
    """What an operation without result gives, as opposed to nil."""

    NO_RESULT = "no result"


NO_RESULT: Final = NoResult.NO_RESULT


class Unchanged(NamedTuple):
    """The result of a modification that NO_FAIL has turned into nothing."""

    result: Value


def storable(value: Value) -> Value:
    """A value that enters storage: sealed in place, 4 if that is refused."""
    todo = [value]
    found: list[ListValue | MapValue] = []
    while todo:
        item = todo.pop()
        if type(item) is ListValue:
            todo += item.items
            found.append(item)
        elif type(item) is MapValue:
            todo += item.values
            todo += item.keys
            found.append(item)
    try:
        if is_special(value):
            raise MsgpackError("unstorable")
        for container in reversed(found):
            seal(container)
    except MsgpackError as cause:
        raise refuse(Result.REQUEST_INVALID) from cause
    return value


def storable_key(value: Value) -> Value:
    """A key that enters a map: integer, string or blob."""
    try:
        check_keys([value])
    except MsgpackError as cause:
        raise refuse(Result.REQUEST_INVALID) from cause
    return value


def storable_items(value: Value) -> list[Value]:
    """A list whose items enter storage one by one."""
    if type(value) is not ListValue:
        raise refuse(Result.REQUEST_INVALID)
    for item in value.items:
        storable(item)
    return value.items


def storable_pairs(value: Value) -> MapValue:
    """A map whose pairs enter storage; unmarked its keys are in any order."""
    if type(value) is not MapValue:
        raise refuse(Result.REQUEST_INVALID)
    storable(value)
    return value


def parameters(value: Value) -> list[Value]:
    """A list of values or keys to look for."""
    if type(value) is not ListValue or len(value.items) > MAX_PARAMETERS:
        raise refuse(Result.REQUEST_INVALID)
    return value.items


def number_or_nil(value: Value) -> int | float | None:
    """The delta of an increment; nil stands for 1."""
    if value is not None and not is_number(value):
        raise refuse(Result.REQUEST_INVALID)
    number: int | float | None = value
    return number


def is_number(value: Value) -> bool:
    """Whether a value can be incremented."""
    return isinstance(value, (int, float)) and type(value) is not bool


def add(value: int | float, delta: int | float) -> int | float:
    """A sum of the type of value: integers wrap at 64 bits, deltas are truncated."""
    if isinstance(value, float):
        return float(value) + delta
    return wrap(value + int(delta))


class Row(NamedTuple):
    """One operation on a list or map.

    kinds: of all arguments, the first n_required of which must be there. run: called
    with the container and the arguments. new_flags: order flags of the container that
    the arguments would create, None if the operation creates none; missing: what it
    answers then if there is no bin, None = success without result. since: the version
    that brought it.
    """

    name: str
    modifies: bool
    kinds: tuple[Kind, ...]
    n_required: int
    run: Callable[..., Value]
    new_flags: Callable[..., int] | None = None
    missing: Result | None = None
    since: Version = V8_1

    def arguments(self, values: list[Value]) -> list[Any]:
        """The checked arguments; ServerError 4."""
        return checked(self.kinds, self.n_required, values)


Function = Callable[..., Value]
Register = Callable[[Function], Function]


def registrar(rows: dict[int, Row]) -> Callable[..., Register]:
    """The decorator that adds operations to a table."""

    def row(
        code: int,
        *kinds: Kind,
        optional: Sequence[Kind] = (),
        modifies: bool = True,
        creates: Callable[..., int] | None = None,
        missing: Result | None = None,
        since: Version = V8_1,
    ) -> Register:
        def register(function: Function) -> Function:
            rows[code] = Row(
                function.__name__,
                modifies,
                (*kinds, *optional),
                len(kinds),
                function,
                creates,
                missing,
                since,
            )
            return function

        return register

    return row
