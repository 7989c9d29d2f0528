"""Data messages: a header of 22 bytes, then fields, then operations.

Integers are big endian. A reply to a single-record command is one frame with one
message. Source: sections 3.1 to 3.9 of the wire protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct
from struct import error as struct_error
from typing import Final

from aerospike_devserver.codec.frame import HEADER_SIZE as PROTO_SIZE
from aerospike_devserver.codec.frame import VERSION, ProtoType, frame
from aerospike_devserver.result import Result
from aerospike_devserver.support import ENTERPRISE, STRONG, Support, approximated

HEADER_SIZE = 22
RESULT_OFFSET = PROTO_SIZE + 5
"""Where the result of a single-record reply stands, in its frame."""
MAX_OPS = 32_768
MAX_BIN_NAME = 15

# bytes without a meaning are left out: each one that is named takes time
_REQUEST = Struct(">x4Bx3I2H")
_REPLY = Struct(">QB4xB2I4x2H")
_FIELD = Struct(">IB")
_OP = Struct(">I4B")
_OP_OF_REPLY = Struct(">I2BxB")
_PROTO = VERSION << 56 | ProtoType.MESSAGE << 48

Operation = tuple[int, int, bytes, bytes]
"""(op code, particle type, bin name, value)."""


class MessageError(Exception):
    """A body that is not a message: answered with 4, the connection stays open."""


class Field:
    """Types of message fields that the server looks at. No enumeration, see Info1."""

    NAMESPACE: Final = 0
    SET: Final = 1
    KEY: Final = 2
    RECORD_VERSION: Final = 3
    DIGEST: Final = 4
    TRANSACTION_ID: Final = 5
    DEADLINE: Final = 6
    TASK_ID: Final = 7
    SOCKET_TIMEOUT: Final = 9
    RECORDS_PER_SECOND: Final = 10
    PARTITIONS: Final = 11
    RESUME_DIGESTS: Final = 12
    MAX_RECORDS: Final = 13
    RESUME_BVALS: Final = 15
    INDEX_NAME: Final = 21
    INDEX_RANGE: Final = 22
    INDEX_CONTEXT: Final = 23
    INDEX_EXPRESSION: Final = 24
    INDEX_KIND: Final = 26
    UDF_PACKAGE: Final = 30
    UDF_FUNCTION: Final = 31
    UDF_ARGUMENTS: Final = 32
    UDF_OP: Final = 33
    BIN_NAMES: Final = 40
    BATCH: Final = 41
    BATCH_WITH_SET: Final = 42
    FILTER: Final = 43
    ERROR_DETAIL: Final = 45


class Info1:
    """Bits of byte 1 of the header. No enumeration: testing one takes microseconds."""

    READ: Final = 0x01
    GET_ALL: Final = 0x02
    SHORT_QUERY: Final = 0x04
    BATCH: Final = 0x08
    GET_NO_BINS: Final = 0x20
    READ_MODE_AP_ALL: Final = 0x40
    COMPRESS_RESPONSE: Final = 0x80


class Info2:
    """Bits of byte 2 of the header."""

    WRITE: Final = 0x01
    DELETE: Final = 0x02
    GENERATION: Final = 0x04
    GENERATION_GT: Final = 0x08
    DURABLE_DELETE: Final = 0x10
    CREATE_ONLY: Final = 0x20
    RELAXED: Final = 0x40
    RESPOND_ALL_OPS: Final = 0x80


class Info3:
    """Bits of byte 3 of the header."""

    LAST: Final = 0x01
    COMMIT_LEVEL_MASTER: Final = 0x02
    PARTITION_DONE: Final = 0x04
    UPDATE_ONLY: Final = 0x08
    CREATE_OR_REPLACE: Final = 0x10
    REPLACE_ONLY: Final = 0x20
    SC_READ_TYPE: Final = 0x40
    SC_READ_RELAX: Final = 0x80


class Info4:
    """Bits of byte 4 of the header: transactions, which need the Enterprise Edition.

    ERROR_DETAIL: a number of two bits, of which ERROR_DETAIL_UNIT is 1.
    """

    VERIFY_READ: Final = 0x01
    ROLL_FORWARD: Final = 0x02
    ROLL_BACK: Final = 0x04
    ON_LOCKING_ONLY: Final = 0x10
    ERROR_DETAIL: Final = 0x60
    ERROR_DETAIL_UNIT: Final = 0x20


_IN_TRANSACTIONS = approximated("", STRONG, Result.ENTERPRISE_ONLY)
_ONE_COPY = approximated("no effect: the nodes share one copy of each record")
_IN_8_2 = approximated("no effect before 8.2")

FLAGS: dict[tuple[type, int], Support] = {
    (Info1, Info1.READ_MODE_AP_ALL): _ONE_COPY,
    (Info1, Info1.COMPRESS_RESPONSE): approximated("", ENTERPRISE),
    (Info2, Info2.DURABLE_DELETE): approximated("", ENTERPRISE, Result.ENTERPRISE_ONLY),
    (Info2, Info2.RELAXED): approximated("no effect: no partition moves in a query"),
    (Info3, Info3.COMMIT_LEVEL_MASTER): _ONE_COPY,
    (Info3, Info3.SC_READ_TYPE): approximated("", ENTERPRISE, Result.ENTERPRISE_ONLY),
    (Info3, Info3.SC_READ_RELAX): approximated("", STRONG),
    (Info4, Info4.VERIFY_READ): _IN_TRANSACTIONS,
    (Info4, Info4.ROLL_FORWARD): _IN_TRANSACTIONS,
    (Info4, Info4.ROLL_BACK): _IN_TRANSACTIONS,
    (Info4, Info4.ON_LOCKING_ONLY): approximated("", STRONG),
    (Info4, Info4.ERROR_DETAIL): _IN_8_2,
    (Info4, Info4.ERROR_DETAIL_UNIT): _IN_8_2,
}
"""How far a bit of the header is supported, where it is not as on a real server."""


class Op:
    """Operation codes. No enumeration, see Info1."""

    READ: Final = 1
    WRITE: Final = 2
    CDT_READ: Final = 3
    CDT_MODIFY: Final = 4
    INCR: Final = 5
    EXP_READ: Final = 7
    EXP_MODIFY: Final = 8
    APPEND: Final = 9
    PREPEND: Final = 10
    TOUCH: Final = 11
    BITS_READ: Final = 12
    BITS_MODIFY: Final = 13
    DELETE_ALL: Final = 14
    HLL_READ: Final = 15
    HLL_MODIFY: Final = 16
    STRING_READ: Final = 17
    STRING_MODIFY: Final = 18
    TO_STRING: Final = 19


class Message:
    """One parsed request. Flag bytes are plain integers: they are tested often.

    limit_s: how long a function in Lua may run; None: `timeout_ms` says.
    """

    __slots__ = (
        "fields",
        "generation",
        "info1",
        "info2",
        "info3",
        "info4",
        "limit_s",
        "ops",
        "timeout_ms",
        "ttl",
    )

    def __init__(self, body: bytes) -> None:
        """Parse `body`; MessageError if it is not exactly one message."""
        if len(body) < HEADER_SIZE:
            raise MessageError("shorter than a header")
        self.limit_s: float | None = None
        (
            self.info1,
            self.info2,
            self.info3,
            self.info4,
            self.generation,
            self.ttl,
            self.timeout_ms,
            n_fields,
            n_ops,
        ) = _REQUEST.unpack_from(body)
        self.fields, offset = parse_fields(body, HEADER_SIZE, n_fields)
        self.ops, offset = parse_ops(body, offset, n_ops)
        if offset != len(body):
            raise MessageError("bytes left over")

    @classmethod
    def of(
        cls,
        info: tuple[int, int, int, int],
        generation: int,
        ttl: int,
        fields: dict[int, bytes],
        ops: list[Operation],
    ) -> Message:
        """A message from its parts, as a batch carries it."""
        made = cls.__new__(cls)
        made.info1, made.info2, made.info3, made.info4 = info
        made.generation, made.ttl, made.timeout_ms = generation, ttl, 0
        made.fields, made.ops, made.limit_s = fields, ops, None
        return made


def parse_fields(body: bytes, offset: int, count: int) -> tuple[dict[int, bytes], int]:
    """The fields at `offset` by type, and the offset behind them.

    Of two fields of one type the first counts; unknown types are kept and unused.
    """
    fields: dict[int, bytes] = {}
    limit = len(body)
    unpack = _FIELD.unpack_from
    try:
        for _ in range(count):
            size, field_type = unpack(body, offset)
            begin = offset + 5
            offset += 4 + size
            if size == 0 or offset > limit:
                raise MessageError("field past the end")
            if field_type not in fields:
                fields[field_type] = body[begin:offset]
    except struct_error:
        raise MessageError("field header past the end") from None
    return fields, offset


def parse_ops(body: bytes, offset: int, count: int) -> tuple[list[Operation], int]:
    """The operations at `offset`, and the offset behind them."""
    ops: list[Operation] = []
    limit = len(body)
    unpack = _OP.unpack_from
    try:
        for _ in range(count):
            size, code, particle, flags, name_len = unpack(body, offset)
            name = offset + 8
            value = name_end = name + name_len
            if flags & 1:  # a last-update time comes between
                value += 8
            offset += 4 + size
            if offset > limit or value > offset:
                raise MessageError("operation past the end")
            ops.append((code, particle, body[name:name_end], body[value:offset]))
    except struct_error:
        raise MessageError("operation header past the end") from None
    return ops, offset


_COUNT = Struct(">H")
_COUNT_OFFSET = PROTO_SIZE + 18
"""Where the number of fields stands in a single-record reply."""


def failure_in(reply: bytes) -> str:
    """Why a function has failed, as the frame of a reply tells; "" if it does not."""
    offset = PROTO_SIZE + HEADER_SIZE
    if len(reply) <= offset:
        return ""
    _, offset = parse_fields(reply, offset, *_COUNT.unpack_from(reply, _COUNT_OFFSET))
    ops, _ = parse_ops(reply, offset, 1)
    return ops[0][3].decode("utf-8", "backslashreplace")


def encode_op(code: int, name: bytes, particle: int, value: bytes) -> bytes:
    """One operation of a reply."""
    n = len(name)
    return _OP_OF_REPLY.pack(4 + n + len(value), code, particle, n) + name + value


def encode_bins(bins: Mapping[bytes, tuple[int, bytes]]) -> list[bytes]:
    """The operations of a reply with all bins: name, particle type and value of each.

    The same as `encode_op` makes of each, without a call for each.
    """
    pack, read = _OP_OF_REPLY.pack, Op.READ
    made = []
    for name, (particle, value) in bins.items():
        n = len(name)
        made.append(pack(4 + n + len(value), read, particle, n) + name + value)
    return made


def encode_reply(
    result: int,
    generation: int = 0,
    void_time_s: int = 0,
    ops: Sequence[bytes] = (),
    fields: Sequence[bytes] = (),
) -> bytes:
    """The frame of a single-record reply; void_time_s counts from 2010, 0 = never."""
    payload = b"".join((*fields, *ops) if fields else ops)
    return (
        _REPLY.pack(
            _PROTO | (HEADER_SIZE + len(payload)),
            HEADER_SIZE,
            result,
            generation,
            void_time_s,
            len(fields),
            len(ops),
        )
        + payload
    )


_ROW = Struct(">BBBBBBIIIHH")
_INDEX = Struct(">I")
_INDEX_OFFSET = 14


def as_batch_row(reply: bytes, index: int) -> bytes:
    """A single-record reply as a row of a batch: no frame, the index in its place."""
    start = PROTO_SIZE + _INDEX_OFFSET
    return reply[PROTO_SIZE:start] + _INDEX.pack(index) + reply[start + _INDEX.size :]


def with_fields(reply: bytes, fields: Sequence[bytes]) -> bytes:
    """A single-record reply that carries further fields."""
    (n_fields,) = _COUNT.unpack_from(reply, _COUNT_OFFSET)
    body = PROTO_SIZE + HEADER_SIZE
    return frame(
        ProtoType.MESSAGE,
        b"".join(
            (
                reply[PROTO_SIZE:_COUNT_OFFSET],
                _COUNT.pack(n_fields + len(fields)),
                reply[_COUNT_OFFSET + _COUNT.size : body],
                *fields,
                reply[body:],
            )
        ),
    )


def encode_field(field_type: int, data: bytes) -> bytes:
    """One field of a reply."""
    return _FIELD.pack(len(data) + 1, field_type) + data


def encode_row(
    info1: int,
    generation: int,
    void_time_s: int,
    fields: Iterable[bytes],
    ops: Sequence[bytes],
) -> bytes:
    """A record of a query's reply, without a frame."""
    fields = tuple(fields)
    header = _ROW.pack(
        22, info1, 0, 0, 0, 0, generation, void_time_s, 0, len(fields), len(ops)
    )
    return b"".join((header, *fields, *ops))


def encode_partition_refusal(result: int, partition: int) -> bytes:
    """The message that a partition is not served here, without a frame."""
    return _ROW.pack(22, 0, 0, Info3.PARTITION_DONE, 0, result, partition, 0, 0, 0, 0)


def encode_last_message(result: int) -> bytes:
    """The message that ends a reply of several, without a frame."""
    return _ROW.pack(22, 0, 0, Info3.LAST, 0, result, 0, 0, 0, 0, 0)


def encode_last(result: int) -> bytes:
    """The frame that ends a reply of several."""
    return frame(ProtoType.MESSAGE, encode_last_message(result))
