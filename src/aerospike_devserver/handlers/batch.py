"""Batches: many commands on single records in one message.

A row is carried out like a command of its own; its reply goes back under the index that
the client has given it. Source: sections 1 and 2 of the batch protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple

from aerospike_devserver import expressions
from aerospike_devserver.codec.frame import HEADER_SIZE as PROTO_SIZE
from aerospike_devserver.codec.frame import ProtoType, frame
from aerospike_devserver.codec.message import (
    Field,
    Info3,
    Info4,
    Message,
    MessageError,
    as_batch_row,
    encode_last,
    parse_fields,
    parse_ops,
)
from aerospike_devserver.handlers import record
from aerospike_devserver.model.state import ClusterState
from aerospike_devserver.result import Result, ServerError

RESPOND_ALL_KEYS = 0x04
REPORT_FAILED_ROW = 0x08

BUFFER_SIZE = 128 * 1024
"""Bytes of rows that are sent in one frame; a row is never cut."""

_HEADER = Struct(">IB")
_ROW = Struct(">I20sB")
_COUNTS = Struct(">HH")

_REPEAT, _INFO, _GENERATION, _TTL, _INFO4 = 0x01, 0x02, 0x04, 0x08, 0x10
_RESULT_OFFSET = PROTO_SIZE + 5
_SC_BITS = Info3.SC_READ_TYPE | Info3.SC_READ_RELAX

_NO_ERRORS = (Result.OK, Result.RECORD_NOT_FOUND, Result.FILTERED_OUT)


class Row(NamedTuple):
    """A row: the number that the client has given it, and the command."""

    number: int
    message: Message


class _RowReader:
    """Reads the rows of a batch one after another; MessageError if one is malformed."""

    def __init__(self, cluster: ClusterState, envelope: Message, data: bytes) -> None:
        self._cluster = cluster
        self._envelope = envelope
        self._data = data
        self._offset = _HEADER.size
        self._last: Message | None = None

    def rows(self, count: int) -> list[Row]:
        try:
            return [self._row() for _ in range(count)]
        except (struct_error, IndexError) as cause:
            raise MessageError("truncated row") from cause

    def _take(self, layout: Struct) -> tuple[int, ...]:
        values = layout.unpack_from(self._data, self._offset)
        self._offset += layout.size
        return values

    def _row(self) -> Row:
        index, digest, mask = _ROW.unpack_from(self._data, self._offset)
        self._offset += _ROW.size
        shape = self._repeated() if mask & _REPEAT else self._full(mask)
        self._last = shape
        fields = {**shape.fields, int(Field.DIGEST): digest}
        info = (shape.info1, shape.info2, shape.info3, shape.info4)
        return Row(
            index, Message.of(info, shape.generation, shape.ttl, fields, shape.ops)
        )

    def _repeated(self) -> Message:
        """All but the digest as in the row before, which must not have a user key."""
        if self._last is None or Field.KEY in self._last.fields:
            raise MessageError("nothing to repeat")
        return self._last

    def _full(self, mask: int) -> Message:
        if mask & _INFO:
            info1, info2, info3 = self._take(_INFO_BYTES)
        else:
            (info1,) = self._take(_BYTE)
            info2, info3 = 0, self._envelope.info3 & _SC_BITS
        detail = self._envelope.info4 & Info4.ERROR_DETAIL
        info4 = self._take(_BYTE)[0] if mask & _INFO4 else detail
        generation = self._take(_U16)[0] if mask & _GENERATION else 0
        ttl = self._take(_U32)[0] if mask & _TTL else 0
        n_fields, n_ops = self._take(_COUNTS)
        fields, self._offset = parse_fields(self._data, self._offset, n_fields)
        ops, self._offset = parse_ops(self._data, self._offset, n_ops)
        self._check_namespace(fields)
        condition = self._envelope.fields.get(Field.FILTER)
        if condition is not None:
            fields.setdefault(Field.FILTER, condition)
        return Message.of((info1, info2, info3, info4), generation, ttl, fields, ops)

    def _check_namespace(self, fields: dict[int, bytes]) -> None:
        """The namespace comes first, and there is such a one."""
        if next(iter(fields), None) != Field.NAMESPACE:
            raise MessageError("no namespace in front")
        if self._cluster.storage.find(fields[Field.NAMESPACE]) is None:
            raise MessageError("unknown namespace")


_BYTE, _U16, _U32 = Struct(">B"), Struct(">H"), Struct(">I")
_INFO_BYTES = Struct(">BBB")


def answer(cluster: ClusterState, envelope: Message) -> bytes | Iterator[bytes]:
    """Carry out all rows; the frames of their replies and the one that ends them."""
    try:
        flags, rows = _parse(cluster, envelope)
    except (MessageError, ServerError):
        return encode_last(Result.REQUEST_INVALID)
    frames = _frames(cluster, flags, rows)
    return frames[0] if len(frames) == 1 else iter(frames)


def _parse(cluster: ClusterState, envelope: Message) -> tuple[int, list[Row]]:
    """The flags and the rows; MessageError, or ServerError 4 for the filter."""
    fields = envelope.fields
    data = fields.get(Field.BATCH, fields.get(Field.BATCH_WITH_SET))
    if data is None or len(data) < _HEADER.size:
        raise MessageError("no batch")
    condition = fields.get(Field.FILTER)
    if condition is not None:
        expressions.parse_condition(condition, cluster.config.plays)
    count, flags = _HEADER.unpack_from(data)
    if not 0 < count <= len(data) // _ROW.size:
        raise MessageError("no rows, or fewer than counted")
    return flags, _RowReader(cluster, envelope, data).rows(count)


def _frames(cluster: ClusterState, flags: int, rows: list[Row]) -> list[bytes]:
    """All rows are carried out; what follows a failed one may be left unsaid."""
    frames: list[bytes] = []
    buffer: list[bytes] = []
    size, failure = 0, Result.OK

    def flush() -> None:
        nonlocal size
        if buffer and (not failure or flags & REPORT_FAILED_ROW) and not silent:
            frames.append(frame(ProtoType.MESSAGE, b"".join(buffer)))
        buffer.clear()
        size = 0

    silent = False
    for row in rows:
        reply = record.answer(cluster, row.message)
        part = as_batch_row(reply, row.number)
        if size + len(part) > BUFFER_SIZE:
            flush()
            silent = bool(failure)
        buffer.append(part)
        size += len(part)
        result = reply[_RESULT_OFFSET]
        if result not in _NO_ERRORS and not failure and not flags & RESPOND_ALL_KEYS:
            failure = Result(result)
    flush()
    last = encode_last(failure)
    if sum(map(len, frames)) <= BUFFER_SIZE:
        return [b"".join((*frames, last))]
    return [*frames, last]
