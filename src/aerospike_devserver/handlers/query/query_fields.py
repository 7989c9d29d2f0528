"""The fields of a request that several kinds of queries share."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from aerospike_devserver import expressions
from aerospike_devserver.codec.message import Field, Message
from aerospike_devserver.expressions.nodes import Node
from aerospike_devserver.handlers.record.command import MAX_SET_NAME
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.version import Version

TASK_ID_SIZE = 8
MAX_NAME_SIZE = 128
"""Bytes: the names of a module and of a function are shorter."""


class UdfOp(IntEnum):
    """What a query does with a function in Lua."""

    AGGREGATE = 1
    BACKGROUND = 2


_UDF_OPS = frozenset(UdfOp)


class Function(NamedTuple):
    """A function in Lua that a query names. arguments: as they stand in the message."""

    module: bytes
    name: bytes
    arguments: bytes


_LAYOUTS = {
    Field.SOCKET_TIMEOUT: Struct(">I"),
    Field.RECORDS_PER_SECOND: Struct(">I"),
    Field.MAX_RECORDS: Struct(">Q"),
}


def number(message: Message, field: int) -> int:
    """An integer field, 0 if it is missing; ServerError 4 for another size."""
    data = message.fields.get(field)
    if data is None:
        return 0
    if len(data) != _LAYOUTS[field].size:
        raise ServerError(Result.REQUEST_INVALID)
    found: int = _LAYOUTS[field].unpack(data)[0]
    return found


def task_id(message: Message) -> int:
    """The id of a job, 0 if the node is to give it one; any other size is as none."""
    data = message.fields.get(Field.TASK_ID, b"")
    return int.from_bytes(data, "big") if len(data) == TASK_ID_SIZE else 0


def set_name(message: Message) -> bytes:
    """The set, b"" = all sets; ServerError 4."""
    name = message.fields.get(Field.SET, b"")
    if len(name) > MAX_SET_NAME:
        raise ServerError(Result.REQUEST_INVALID)
    return name


def condition(message: Message, version: Version) -> Node | None:
    """The filter expression; ServerError 4."""
    data = message.fields.get(Field.FILTER)
    return None if data is None else expressions.parse_condition(data, version)


def udf_op(message: Message) -> UdfOp | None:
    """What is to be done with a function, None = there is none; ServerError 4."""
    fields = message.fields
    if Field.UDF_PACKAGE not in fields:
        return None
    data = fields.get(Field.UDF_OP, b"")
    if len(data) != 1 or data[0] not in _UDF_OPS:
        raise ServerError(Result.REQUEST_INVALID)
    return UdfOp(data[0])


def function(message: Message) -> Function:
    """The function that is named; ServerError 4."""
    fields = message.fields
    module, name = (fields.get(f) for f in (Field.UDF_PACKAGE, Field.UDF_FUNCTION))
    arguments = fields.get(Field.UDF_ARGUMENTS)
    if module is None or name is None or arguments is None:
        raise ServerError(Result.REQUEST_INVALID)
    if len(module) >= MAX_NAME_SIZE or len(name) >= MAX_NAME_SIZE:
        raise ServerError(Result.REQUEST_INVALID)
    return Function(module, name, arguments)
