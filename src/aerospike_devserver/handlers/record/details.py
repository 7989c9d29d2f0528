"""What a failed command says beside its result code, if the client asks for it.

The request asks in two bits of info4: 1 for the sub-code, 2 for a text too. There is no
trace of expressions, level 3 is like 2. Source: part F of the page on string
operations.
"""

from __future__ import annotations

from aerospike_devserver.codec.message import Field, Info4, encode_field
from aerospike_devserver.codec.msgpack import encode
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.values.values import MapValue
from aerospike_devserver.version import V8_2, Version

MAX_TEXT = 1009
"""Bytes."""
_SUBCODE, _TEXT = 1, 2

_TEXTS = {
    Result.RECORD_GENERATION: "the generation is another one",
    Result.BIN_INCOMPATIBLE_TYPE: "the value has another type",
    Result.BIN_EXISTS: "the bin exists",
    Result.RECORD_TOO_BIG: "the record is too large",
}
"""Texts of errors that are clear without a sub-code."""


def details_of(error: ServerError, info4: int, version: Version) -> tuple[bytes, ...]:
    """The fields of the reply to a request with this info4, none or one."""
    level = (info4 & Info4.ERROR_DETAIL) // Info4.ERROR_DETAIL_UNIT
    text = (error.text or _TEXTS.get(error.result, "")) if level > 1 else ""
    if not level or version < V8_2 or not (error.subcode or text):
        return ()
    said = {_SUBCODE: error.subcode, _TEXT: text.encode()[:MAX_TEXT]}
    said = {key: value for key, value in said.items() if value}
    return (
        encode_field(
            Field.ERROR_DETAIL, encode(MapValue(list(said), list(said.values())))
        ),
    )
