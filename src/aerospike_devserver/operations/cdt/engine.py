"""One list or map operation, from its MessagePack array to its result.

`[code, argument, ...]`, with a context `[0xFF, context, operation]`, path select
`[0xFE, context, flags]`. Codes below 64 are for lists, the others for maps, assigned
or not. Source: section A.1 of the page on lists.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aerospike_devserver.codec.msgpack import MsgpackError, decode_first
from aerospike_devserver.operations.arguments import refuse
from aerospike_devserver.operations.cdt import context, lists, maps, select
from aerospike_devserver.operations.cdt.arguments import NO_RESULT, Row, Unchanged
from aerospike_devserver.operations.rows import Modified
from aerospike_devserver.result import Result
from aerospike_devserver.values.values import ListValue, MapValue, Value
from aerospike_devserver.version import NEWEST, Version

SELECT = 0xFE
_FIRST_MAP_CODE = 64

Container = ListValue | MapValue


class Operation(NamedTuple):
    """A parsed operation: its code, its arguments, and the levels of its context."""

    code: int
    arguments: list[Value]
    context: Value

    @property
    def container_type(self) -> type[ListValue] | type[MapValue]:
        """What the operation works on, by its code."""
        return ListValue if self.code < _FIRST_MAP_CODE else MapValue

    def row(self, modifies: bool, version: Version = NEWEST) -> Row:
        """The row of the code; ServerError 4 if there is none of that kind."""
        row = (lists.ROWS if self.container_type is ListValue else maps.ROWS).get(
            self.code
        )
        if row is None or row.modifies is not modifies or row.since > version:
            raise refuse(Result.REQUEST_INVALID)
        return row


_NO_CONTEXT = object()


def decode_operation(data: bytes) -> Operation:
    """The operation in the value of an entry; bytes behind it are not looked at.

    An older framing is a code of two bytes and an array of arguments, which may be
    missing. ServerError 4.
    """
    try:
        if data[:1] == b"\0" and len(data) >= 2:
            arguments = decode_first(data[2:]) if len(data) > 2 else ListValue([])
            if type(arguments) is not ListValue:
                raise refuse(Result.REQUEST_INVALID)
            return Operation(data[1], arguments.items, _NO_CONTEXT)
        return parse(decode_first(data))
    except MsgpackError as cause:
        raise refuse(Result.REQUEST_INVALID) from cause


def parse(value: Value) -> Operation:
    """The operation in an array; ServerError 4."""
    if type(value) is not ListValue or not value.items:
        raise refuse(Result.REQUEST_INVALID)
    code, *arguments = value.items
    if type(code) is not int:
        raise refuse(Result.REQUEST_INVALID)
    if code != context.IN_CONTEXT:
        return Operation(code & 0xFFFFFFFF, arguments, _NO_CONTEXT)
    if len(arguments) != 2:
        raise refuse(Result.REQUEST_INVALID)
    inner = parse(arguments[1])
    if inner.context is not _NO_CONTEXT or inner.code == SELECT:
        raise refuse(Result.REQUEST_INVALID)
    return inner._replace(context=arguments[0])


def _levels(operation: Operation) -> list[context.Level]:
    if operation.context is _NO_CONTEXT:
        return []
    return context.parse(operation.context)


def _check_kind(operation: Operation, found: Value) -> None:
    """ServerError 12 for a target of the wrong kind."""
    if type(found) is not operation.container_type:
        raise refuse(Result.BIN_INCOMPATIBLE_TYPE)


def _check_root(operation: Operation, root: Value) -> None:
    """The container of the bin: 12 without, 4 with a context."""
    if operation.context is _NO_CONTEXT:
        _check_kind(operation, root)
    elif not isinstance(root, (ListValue, MapValue)):
        raise refuse(Result.REQUEST_INVALID)


def read(
    root: Value,
    operation: Operation,
    compiler: select.Compiler,
    version: Version = NEWEST,
) -> Value:
    """The result of an operation that changes nothing. root: any value of a bin."""
    if operation.code == SELECT:
        return select.select(root, operation.arguments, compiler)
    _check_root(operation, root)
    found = context.resolve(root, _levels(operation))
    _check_kind(operation, found)
    row = operation.row(False, version)
    return row.run(found, *row.arguments(operation.arguments))


def modify(
    root: Value, operation: Operation, compiler: select.Compiler, is_missing: bool
) -> Modified:
    """Modify the container of a bin in place. root: any value of a bin."""
    if operation.code == SELECT:
        return Modified(*select.modify(root, operation.arguments, compiler, is_missing))
    if is_missing:
        return _modify_missing(operation)
    _check_root(operation, root)
    path = context.Path(root, _levels(operation))
    if not path.exists:
        return _create(path, operation, root)
    _check_kind(operation, path.found)
    row = operation.row(modifies=True)
    result = row.run(path.found, *row.arguments(operation.arguments))
    path.restore_order()
    return Modified(root, result.result if isinstance(result, Unchanged) else result)


def _modify_missing(operation: Operation) -> Modified:
    """There is no bin."""
    path = context.Path(None, _levels(operation))
    return _create(path, operation, None)


def _create(path: context.Path, operation: Operation, root: Any) -> Modified:
    """Carry out an operation on a container that is missing."""
    row = operation.row(modifies=True)
    if row.new_flags is None:
        if row.missing is not None and root is None:
            raise refuse(row.missing)
        return Modified(root, NO_RESULT)
    arguments = row.arguments(operation.arguments)
    flags = row.new_flags(*arguments)
    made: Container = (
        ListValue([], flags)
        if operation.container_type is ListValue
        else MapValue([], [], flags)
    )
    result = row.run(made, *arguments)
    if isinstance(result, Unchanged):
        if operation.context is not _NO_CONTEXT:
            return Modified(root, result.result)
        result = result.result
    root = path.attach(made)
    path.restore_order()
    return Modified(root, result)
