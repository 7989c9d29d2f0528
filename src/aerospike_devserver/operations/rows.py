"""What the operations on values of one piece share: blobs, HyperLogLogs, strings.

The value of such an operation is `[code, argument, ...]`. Each family is a table of
rows by code. Flags say when a write may happen. With NO_FAIL a write that may not
happen, or finds that it cannot, leaves everything as it is and raises nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from aerospike_devserver.codec.msgpack import MsgpackError, decode_first
from aerospike_devserver.operations.arguments import Kind, checked, refuse, unsigned
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.values.values import ListValue, Value
from aerospike_devserver.version import V8_1, Version

CREATE_ONLY = 0x01
UPDATE_ONLY = 0x02
NO_FAIL = 0x04

MAX_SIZE = 1 << 27
"""Bytes: neither a value nor an offset or a length in an argument goes beyond."""


class CannotApply(ServerError):
    """The operation is well formed, but not possible here; NO_FAIL excuses it."""


class Call(NamedTuple):
    """An operation: its code and its arguments."""

    code: int
    arguments: list[Value]


def parse(value: Value) -> Call:
    """The operation in an array; ServerError 4."""
    if type(value) is not ListValue or not value.items:
        raise refuse(Result.REQUEST_INVALID)
    code, *arguments = value.items
    return Call(unsigned(code), arguments)


def decode_operation(data: bytes) -> Value:
    """The array in the value of an entry; bytes behind it are not looked at."""
    try:
        return decode_first(data)
    except MsgpackError as cause:
        raise refuse(Result.REQUEST_INVALID) from cause


class Flags:
    """The kind of write flags: allowed ones only, and not both 1 and 2."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed

    def __call__(self, value: Value) -> int:
        flags = unsigned(value)
        if flags & ~self.allowed or flags & 3 == CREATE_ONLY | UPDATE_ONLY:
            raise refuse(Result.REQUEST_INVALID, text="flags not allowed here")
        return flags


class Row(NamedTuple):
    """One operation.

    kinds: of all arguments; defaults: of the last ones, which may be left out. run:
    called with the value and all arguments. creates: makes a value that is missing.
    check: of the arguments among each other.
    """

    name: str
    modifies: bool
    kinds: tuple[Kind, ...]
    defaults: tuple[Any, ...]
    run: Callable[..., Any]
    creates: bool
    check: Callable[..., None] | None
    since: Version

    def arguments(self, values: list[Value]) -> list[Any]:
        """All arguments, defaults among them; ServerError 4 with the name."""
        try:
            return self._complete(values)
        except ServerError as error:
            text = f"{self.name}: {error.text or 'wrong arguments'}"
            raise refuse(error.result, error.subcode, text) from error

    def _complete(self, values: list[Value]) -> list[Any]:
        n_kinds, n_optional = len(self.kinds), len(self.defaults)
        given = checked(self.kinds, n_kinds - n_optional, values)
        given += self.defaults[n_optional - (n_kinds - len(given)) :]
        if self.check is not None:
            self.check(*given)
        return given

    def flags(self, arguments: list[Any]) -> int:
        """The write flags among the arguments, 0 if the operation has none."""
        for kind, value in zip(self.kinds, arguments, strict=True):
            if isinstance(kind, Flags):
                return int(value)
        return 0


Optional = tuple[Kind, Any]
"""Kind and default of an argument that may be left out."""
Rows = dict[int, Row]
Function = Callable[..., Any]


def registrar(rows: Rows) -> Callable[..., Callable[[Function], Function]]:
    """The decorator that adds operations to a table."""

    def row(
        code: int,
        *kinds: Kind,
        optional: Sequence[Optional] = (),
        modifies: bool = False,
        creates: bool = False,
        check: Callable[..., None] | None = None,
        since: Version = V8_1,
    ) -> Callable[[Function], Function]:
        def register(function: Function) -> Function:
            rows[code] = Row(
                function.__name__.strip("_"),
                modifies,
                (*kinds, *(kind for kind, _ in optional)),
                tuple(default for _, default in optional),
                function,
                creates,
                check,
                since,
            )
            return function

        return register

    return row


def find(rows: Rows, code: int, modifies: bool, version: Version) -> Row:
    """The row of a code; ServerError 4 if there is none of that kind."""
    row = rows.get(code)
    if row is None or row.modifies is not modifies or row.since > version:
        raise refuse(Result.REQUEST_INVALID)
    return row


def is_excluded(flags: int, exists: bool) -> bool:
    """Whether the flags forbid the write: ServerError 6 or 17, True with NO_FAIL."""
    if not flags & (CREATE_ONLY if exists else UPDATE_ONLY):
        return False
    if flags & NO_FAIL:
        return True
    if exists:
        raise refuse(Result.BIN_EXISTS, text="the bin exists")
    raise refuse(Result.BIN_NOT_FOUND, text="there is no such bin")


class Modified(NamedTuple):
    """What a modification leaves: the value of the bin, None = no bin."""

    root: Value
    result: Value = None


Read = Callable[[Value, Value, Version], Value]
"""(value, operation, version) -> result: a read of one family."""
Modify = Callable[[Value, Value, Version], Modified]
"""(value, None = missing, operation, version) -> what is left."""
