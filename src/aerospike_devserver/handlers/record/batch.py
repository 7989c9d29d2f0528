"""Batches: many commands on single records in one message.

A row is carried out like a command of its own; its reply goes back under the index that
the client has given it. Source: sections 1 and 2 of the batch protocol.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from struct import Struct
from struct import error as struct_error

from aerospike_devserver.codec.frame import ProtoType, frame
from aerospike_devserver.codec.message import (
    RESULT_OFFSET,
    Field,
    Info2,
    Info3,
    Info4,
    Message,
    MessageError,
    as_batch_row,
    encode_last,
    parse_fields,
    parse_ops,
)
from aerospike_devserver.handlers.access import Check, access_of, checks_of
from aerospike_devserver.handlers.record import record
from aerospike_devserver.loading import load_module
from aerospike_devserver.reply import Part, Reply, Stream
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.session import Session
from aerospike_devserver.storage.state import ClusterState, NodeState, Task

RESPOND_ALL_KEYS = 0x04
REPORT_FAILED_ROW = 0x08

BUFFER_SIZE = 128 * 1024
"""Bytes of rows that are sent in one frame; a row is never cut."""
ROWS_PER_TURN = 200
"""Rows carried out before others have a turn: a few milliseconds."""
TURN_S = 0.01
"""Seconds after which they have one earlier: rows may call functions."""
MIN_LEFT_S = 0.002
"""Seconds that have to be left of a batch for the function of a row to be called."""
ROWS_CHECKED_PER_TURN = 2000
"""Rows checked before others have a turn, likewise."""
MAX_LEFT_BEHIND = 32 << 20
"""Bytes of batches whose clients have gone, and whose writes are yet to be done."""

log = logging.getLogger(__name__)

_HEADER = Struct(">IB")
_ROW = Struct(">I20sB")
_COUNTS = Struct(">HH")

_REPEAT, _INFO, _GENERATION, _TTL, _INFO4 = 0x01, 0x02, 0x04, 0x08, 0x10
_SC_BITS = Info3.SC_READ_TYPE | Info3.SC_READ_RELAX

_NO_ERRORS = (Result.OK, Result.RECORD_NOT_FOUND, Result.FILTERED_OUT)


Row = tuple[int, bytes, Message]
"""The number that the client has given to a row, the digest, and the command."""


class _RowReader:
    """Reads the rows of a batch one after another; they are never all in memory."""

    def __init__(
        self, cluster: ClusterState, envelope: Message, data: bytes, count: int
    ) -> None:
        self._cluster = cluster
        self._envelope = envelope
        self._data = data
        self.count = count
        self._offset = 0
        self.size = len(data)

    def rows(self) -> Iterator[Row]:
        """All rows, from the first; MessageError if one is malformed.

        One that repeats the row before it has the same message.
        """
        self._offset = _HEADER.size
        unpack, size = _ROW.unpack_from, _ROW.size
        message = None
        try:
            for _ in range(self.count):
                index, digest, mask = unpack(self._data, self._offset)
                self._offset += size
                if not mask & _REPEAT:
                    message = self._full(mask)
                elif message is None or Field.KEY in message.fields:
                    raise MessageError("nothing to repeat")
                yield index, digest, message
        except (struct_error, IndexError) as cause:
            raise MessageError("truncated row") from cause

    def _take(self, layout: Struct) -> tuple[int, ...]:
        values = layout.unpack_from(self._data, self._offset)
        self._offset += layout.size
        return values

    def _full(self, mask: int) -> Message:
        """A row of its own, from behind the digest."""
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
        """Check that the namespace is the first field, and that there is such a one."""
        if next(iter(fields), None) != Field.NAMESPACE:
            raise MessageError("no namespace in front")
        if self._cluster.storage.find(fields[Field.NAMESPACE]) is None:
            raise MessageError("unknown namespace")


_BYTE, _U16, _U32 = Struct(">B"), Struct(">H"), Struct(">I")
_INFO_BYTES = Struct(">BBB")


def answer(session: Session, envelope: Message) -> Reply:
    """Carry out all rows; the frames of their replies and the one that ends them."""
    try:
        access_of(session)
    except ServerError as error:
        return encode_last(error.result)
    try:
        flags, reader = _open(session.node.cluster, envelope)
    except (MessageError, ServerError):
        return encode_last(Result.REQUEST_INVALID)
    cluster = session.node.cluster
    time_left = _TimeLeft(cluster, envelope.timeout_ms) if envelope.timeout_ms else None
    batch = _Batch(session.node, flags, reader, checks_of(session), time_left)
    return _gather(batch.frames())


def _gather(frames: Stream) -> Reply:
    """A short reply in one piece; a long one as it is made."""
    made: list[Part] = []
    size = 0
    for part in frames:
        made.append(part)
        size += len(part) if isinstance(part, bytes) else 0
        if not part or size > BUFFER_SIZE:
            return _resumed(made, frames)
    return b"".join(part for part in made if isinstance(part, bytes))


def _resumed(made: list[Part], frames: Stream) -> Stream:
    yield from made
    yield from frames


def _open(cluster: ClusterState, envelope: Message) -> tuple[int, _RowReader]:
    """The flags, and what reads the rows; MessageError, ServerError for the filter."""
    fields = envelope.fields
    data = fields.get(Field.BATCH, fields.get(Field.BATCH_WITH_SET))
    if data is None or len(data) < _HEADER.size:
        raise MessageError("no batch")
    condition = fields.get(Field.FILTER)
    if condition is not None:
        load_module("expressions")
        from aerospike_devserver import expressions

        expressions.parse_condition(condition, cluster.config.plays)
    count, flags = _HEADER.unpack_from(data)
    if not 0 < count <= len(data) // _ROW.size:
        raise MessageError("no rows, or fewer than counted")
    return flags, _RowReader(cluster, envelope, data, count)


class _Turn:
    """What has been done since others had a turn. Rows are never cut."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._n_left = ROWS_PER_TURN
        self._end_s = time.monotonic() + TURN_S

    def is_over(self) -> bool:
        """Whether others are to have a turn after one more row; then one begins."""
        self._n_left -= 1
        if self._n_left and time.monotonic() < self._end_s:
            return False
        self._begin()
        return True


class _TimeLeft:
    """What is left of the timeout of a batch for functions in Lua.

    One that runs forever takes half of it, so that those of the rows behind it are
    called nevertheless. All nodes run on one thread, and a batch is a request to each.
    """

    def __init__(self, cluster: ClusterState, timeout_ms: int) -> None:
        n_nodes = max(1, len(cluster.live))
        self._left_s = cluster.config.udf.limit_s(timeout_ms) / n_nodes

    def limit_s(self, is_last: bool) -> float:
        """How long the function of the next row may run; 0: it is not called."""
        if self._left_s < MIN_LEFT_S:
            return 0.0
        return self._left_s if is_last else self._left_s / 2

    def take(self, took_s: float) -> None:
        """Count what a row has taken."""
        self._left_s -= took_s


class _Batch:
    """The rows of a batch under way.

    A batch with a malformed row is refused before any row is carried out. If the client
    goes, the rows that write are carried out nevertheless, as on a real server, and
    those that read are not. Of many such batches some are given up: their clients have
    to be prepared for both.
    """

    def __init__(
        self,
        node: NodeState,
        flags: int,
        reader: _RowReader,
        check: Check | None,
        time_left: _TimeLeft | None,
    ) -> None:
        self._node = node
        self._cluster = node.cluster
        self._check_row = check
        self._flags = flags
        self._reader = reader
        self._time_left = time_left
        self._n_left = reader.count
        self._rows = reader.rows()
        self._writes = False
        self._failure = Result.OK

    def frames(self) -> Stream:
        """Frames of replies, turns for others, and the frame that ends it all."""
        try:
            yield from self._check()
        except MessageError:
            yield encode_last(Result.REQUEST_INVALID)
            return
        except GeneratorExit:  # the peer has gone
            self._leave(self._checked_rest())
            raise
        self._rows = self._reader.rows()
        try:
            yield from self._replies()
        finally:
            if self._n_left and self._writes:  # the peer has gone
                self._leave(self._rest())
        yield encode_last(self._failure)

    def _check(self) -> Stream:
        """Look through all rows; MessageError."""
        for place, (_, _, message) in enumerate(self._rows, 1):
            self._writes = self._writes or message.info2 & Info2.WRITE != 0
            if place % ROWS_CHECKED_PER_TURN == 0:
                yield b""

    def _leave(self, rest: Task) -> None:
        """Do the rest of a batch whose client has gone, unless too much is left."""
        cluster, size = self._cluster, self._reader.size
        if cluster.left_behind and cluster.left_behind + size > MAX_LEFT_BEHIND:
            log.info(
                "%d rows of a batch are given up: its client has gone", self._n_left
            )
            return
        self._node.spawn(self._counted(rest))

    def _counted(self, rest: Task) -> Task:
        self._cluster.left_behind += self._reader.size
        try:
            yield from rest
        finally:
            self._cluster.left_behind -= self._reader.size

    def _checked_rest(self) -> Task:
        """Look through the rows to the end, and carry them out unless one is bad."""
        try:
            for _ in self._check():
                yield 0.0
        except MessageError:
            return
        self._rows = self._reader.rows()
        if self._writes:
            yield from self._rest()

    def _rest(self) -> Task:
        """Carry out the writes that are left, in turns; a stopped node does no more."""
        turn = _Turn()
        for row in self._rows:
            if not self._node.is_live:
                return
            if row[2].info2 & Info2.WRITE:
                self._carry_out(row)
            if turn.is_over():
                yield 0.0

    def _replies(self) -> Stream:
        """Carry out the rows and give the frames of their replies.

        Behind the frame of a row that failed there are no more, unless the client has
        asked for the replies of all rows.
        """
        buffer: list[bytes] = []
        size, is_silent, turn = 0, False, _Turn()
        for row in self._rows:
            part = self._carry_out(row)
            if size + len(part) > BUFFER_SIZE:
                yield self._frame(buffer, is_silent)
                buffer, size = [], 0
                is_silent = bool(self._failure)
            buffer.append(part)
            size += len(part)
            if turn.is_over():
                yield b""
        yield self._frame(buffer, is_silent)

    def _carry_out(self, row: Row) -> bytes:
        """Carry out a row; its reply, which a batch puts into a frame with others."""
        number, digest, message = row
        self._n_left -= 1
        if self._time_left is None or Field.UDF_PACKAGE not in message.fields:
            reply = record.answer(self._cluster, message, digest, self._check_row)
        else:
            reply = self._call(message, digest, self._time_left)
        result = reply[RESULT_OFFSET]
        if result and result not in _NO_ERRORS and not self._flags & RESPOND_ALL_KEYS:
            self._failure = self._failure or Result(result)
        return as_batch_row(reply, number)

    def _call(self, message: Message, digest: bytes, time_left: _TimeLeft) -> bytes:
        """Carry out a row that calls a function, within the time that is left."""
        message.limit_s = time_left.limit_s(not self._n_left)
        began_s = time.monotonic()
        reply = record.answer(self._cluster, message, digest, self._check_row)
        time_left.take(time.monotonic() - began_s)
        return reply

    def _frame(self, replies: list[bytes], is_silent: bool) -> bytes:
        """The frame of some replies, b"" if nothing is to be said."""
        tells = not self._failure or self._flags & REPORT_FAILED_ROW
        if is_silent or not tells or not replies:
            return b""
        return frame(ProtoType.MESSAGE, b"".join(replies))
