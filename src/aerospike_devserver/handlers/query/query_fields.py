"""The fields of a request that foreground and background queries share."""

from __future__ import annotations

from struct import Struct

from aerospike_devserver import expressions
from aerospike_devserver.codec.message import Field, Message
from aerospike_devserver.expressions.nodes import Node
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.version import Version

_LAYOUTS = {
    Field.TASK_ID: Struct(">Q"),
    Field.SOCKET_TIMEOUT: Struct(">I"),
    Field.RECORDS_PER_SECOND: Struct(">I"),
    Field.MAX_RECORDS: Struct(">Q"),
}


def number(message: Message, field: Field) -> int:
    """An integer field, 0 if it is missing; ServerError 4 for another size."""
    data = message.fields.get(field)
    if data is None:
        return 0
    if len(data) != _LAYOUTS[field].size:
        raise ServerError(Result.REQUEST_INVALID)
    found: int = _LAYOUTS[field].unpack(data)[0]
    return found


def condition(message: Message, version: Version) -> Node | None:
    """The filter expression; ServerError 4."""
    data = message.fields.get(Field.FILTER)
    return None if data is None else expressions.parse_condition(data, version)
