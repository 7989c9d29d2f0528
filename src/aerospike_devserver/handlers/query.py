"""Queries without an index: records by partition, in a stream of frames.

There are no secondary indexes, background jobs or aggregations. Source: sections 1 and
2 of the page on queries.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple

from aerospike_devserver import expressions
from aerospike_devserver.clock import EPOCH_S
from aerospike_devserver.codec.frame import ProtoType, frame
from aerospike_devserver.codec.message import (
    MAX_OPS,
    Field,
    Info1,
    Info2,
    Info3,
    Message,
    Op,
    Operation,
    encode_field,
    encode_last,
    encode_partition_refusal,
    encode_reply,
    encode_row,
)
from aerospike_devserver.codec.msgpack import MsgpackError, decode
from aerospike_devserver.expressions import Subject
from aerospike_devserver.handlers.command import DIGEST_SIZE
from aerospike_devserver.handlers.details import details_of
from aerospike_devserver.handlers.operations import UNKNOWN, Work, check_name, traits
from aerospike_devserver.model import geojson
from aerospike_devserver.model.cdt import context
from aerospike_devserver.model.particle import Particle
from aerospike_devserver.model.record import Record
from aerospike_devserver.model.state import NodeState
from aerospike_devserver.model.storage import Namespace
from aerospike_devserver.ownership import N_PARTITIONS, partition_of
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.version import Version

BUFFER_SIZE = 128 * 1024
"""Bytes of records that are sent in one frame; a record is never cut."""
RECORDS_PER_TURN = 1000
"""Records looked at before other connections have a turn."""

_U32, _U64 = Struct(">I"), Struct(">Q")
_I64 = Struct(">q")
_U16_LITTLE = Struct("<H")
_RANGE_HEAD = Struct(">BB")


class Plan(NamedTuple):
    """A checked query.

    partitions: with the digest after which to go on, None = from the start; max_records
    and per_second: 0 = no limit.
    """

    namespace: Namespace
    set_name: bytes
    partitions: list[tuple[int, bytes | None]]
    ops: list[Operation]
    info1: int
    respond_all: bool
    condition: bytes | None
    max_records: int
    per_second: int
    now_ms: int
    version: Version


def answer(node: NodeState, message: Message) -> bytes | Iterator[bytes | float]:
    """The stream of a query, or the single message that refuses it."""
    try:
        plan = _plan(node, message)
    except ServerError as error:
        fields = details_of(error, message.info4, node.cluster.config.plays)
        return encode_reply(error.result, fields=fields)
    return _Scan(node, plan).frames()


# Checks


def _refuse(result: Result = Result.REQUEST_INVALID) -> ServerError:
    return ServerError(result)


def _number(message: Message, field: Field, layout: Struct) -> int:
    """An integer field, 0 if it is missing; ServerError 4 for another size."""
    data = message.fields.get(field)
    if data is None:
        return 0
    if len(data) != layout.size:
        raise _refuse()
    number: int = layout.unpack(data)[0]
    return number


def _plan(node: NodeState, message: Message) -> Plan:
    """Check a query; ServerError."""
    fields, version = message.fields, node.cluster.config.plays
    if message.info1 & Info1.READ == 0 and message.info2 & Info2.WRITE:
        raise _refuse()  # a background job
    namespace = node.cluster.storage.find(fields.get(Field.NAMESPACE, b""))
    if namespace is None:
        raise _refuse(Result.NAMESPACE_NOT_FOUND)
    if message.info2 & Info2.WRITE:
        raise _refuse()
    if Field.UDF_OP in fields:
        has_filter = Field.FILTER in fields
        raise _refuse(
            Result.UNSUPPORTED_FEATURE if has_filter else Result.REQUEST_INVALID
        )
    partitions = _partitions(message)
    condition = fields.get(Field.FILTER)
    if condition is not None:
        expressions.parse_condition(condition, version)
    per_second = _number(message, Field.RECORDS_PER_SECOND, _U32)
    max_records = _number(message, Field.MAX_RECORDS, _U64)
    is_short = bool(message.info1 & Info1.SHORT_QUERY)
    if is_short and per_second:
        raise _refuse()
    ops = _ops(message, version)
    if Field.INDEX_RANGE in fields:
        _check_range(message)
        raise _refuse(Result.INDEX_NOT_FOUND)
    _register_task(node, _number(message, Field.TASK_ID, _U64), is_short)
    return Plan(
        namespace,
        fields.get(Field.SET, b""),
        partitions,
        ops,
        message.info1,
        bool(message.info2 & Info2.RESPOND_ALL_OPS),
        condition,
        max_records,
        per_second,
        node.cluster.clock.now_ms(),
        version,
    )


def _partitions(message: Message) -> list[tuple[int, bytes | None]]:
    """What to read; ServerError 16 without any, 4 for what cannot be."""
    full = message.fields.get(Field.PARTITIONS)
    resumed = message.fields.get(Field.RESUME_DIGESTS)
    if not message.info3 & Info3.PARTITION_DONE or (full is None and resumed is None):
        raise _refuse(Result.UNSUPPORTED_FEATURE)
    if full == b"" or (resumed is None and Field.RESUME_VALUES in message.fields):
        raise _refuse()
    full, resumed = full or b"", resumed or b""
    if len(resumed) % DIGEST_SIZE:
        raise _refuse()
    found: dict[int, bytes | None] = {}
    for (partition,) in _U16_LITTLE.iter_unpack(full[: len(full) & ~1]):
        if partition >= N_PARTITIONS or partition in found:
            raise _refuse()
        found[partition] = None
    for start in range(0, len(resumed), DIGEST_SIZE):
        digest = resumed[start : start + DIGEST_SIZE]
        if partition_of(digest) in found:
            raise _refuse()
        found[partition_of(digest)] = digest
    return list(found.items())


def _ops(message: Message, version: Version) -> list[Operation]:
    """The projection: read operations, or the bin names of an older form."""
    names = message.fields.get(Field.BIN_NAMES)
    ops = message.ops
    if names is not None:
        if ops:
            raise _refuse()
        return _named_bins(names)
    if len(ops) > MAX_OPS:
        raise _refuse()
    for code, _, name, _ in ops:
        allowed = traits(code, version)
        if allowed is UNKNOWN or allowed.writes:
            raise _refuse()
        try:
            check_name(name)
        except ServerError as cause:
            raise _refuse() from cause
    return ops


def _named_bins(data: bytes) -> list[Operation]:
    """A count, then names with their lengths in front."""
    ops: list[Operation] = []
    offset = 1
    for _ in range(data[0] if data else 0):
        size = data[offset] if offset < len(data) else 0
        name = data[offset + 1 : offset + 1 + size]
        if len(name) != size:
            raise _refuse()
        ops.append((Op.READ, Particle.NULL, name, b""))
        offset += 1 + size
    return ops


def _check_range(message: Message) -> None:
    """The shape of an index range; ServerError 4."""
    data = message.fields[Field.INDEX_RANGE]
    try:
        count, name_size = _RANGE_HEAD.unpack_from(data)
        offset = _RANGE_HEAD.size + name_size
        particle = data[offset]
        bounds, offset = [], offset + 1
        for _ in range(2):
            (size,) = _U32.unpack_from(data, offset)
            offset += _U32.size
            bounds.append(data[offset : offset + size])
            offset += size
    except (IndexError, struct_error) as cause:
        raise _refuse() from cause
    fields = message.fields
    has_digests = Field.RESUME_DIGESTS in fields
    if (
        count != 1
        or offset > len(data)
        or bool(name_size) == (Field.INDEX_NAME in fields)
        or has_digests != (Field.RESUME_VALUES in fields)
    ):
        raise _refuse()
    if particle == Particle.INTEGER:
        if any(len(bound) != _I64.size for bound in bounds):
            raise _refuse()
        if _I64.unpack(bounds[0]) > _I64.unpack(bounds[1]):
            raise _refuse()
    if particle == Particle.GEOJSON:
        _check_region(bounds[0])
    if Field.INDEX_CONTEXT in fields:
        _check_context(fields[Field.INDEX_CONTEXT])


def _check_region(text: bytes) -> None:
    try:
        geojson.is_region(text)
    except geojson.InvalidGeoJSON as cause:
        raise _refuse() from cause


def _check_context(data: bytes) -> None:
    try:
        context.parse(decode(data)[0])
    except (MsgpackError, ServerError) as cause:
        raise _refuse() from cause


def _register_task(node: NodeState, task: int, is_short: bool) -> None:
    """A task id serves once on a node; short queries are not counted."""
    if is_short or not task:
        return
    if task in node.recent_tasks:
        raise _refuse()
    node.recent_tasks.append(task)


# Streaming


class _Scan:
    """A query under way."""

    def __init__(self, node: NodeState, plan: Plan) -> None:
        self._node = node
        self._plan = plan
        self._now_s = plan.now_ms // 1000 - EPOCH_S
        self._n_sent = 0
        self._window_s = time.monotonic()
        self._n_in_window = 0
        self._namespace_field = encode_field(
            Field.NAMESPACE, plan.namespace.name.encode()
        )

    def frames(self) -> Iterator[bytes | float]:
        """Frames of records, pauses, and the frame that ends it all."""
        buffer: list[bytes] = []
        size = n_seen = 0
        for part in self._parts():
            if isinstance(part, bytes):
                buffer.append(part)
                size += len(part)
                n_seen += 1
            if size >= BUFFER_SIZE or (buffer and isinstance(part, float)):
                yield frame(ProtoType.MESSAGE, b"".join(buffer))
                buffer.clear()
                size = n_seen = 0
            elif n_seen >= RECORDS_PER_TURN or part is None:
                yield b""
                n_seen = 0
            if isinstance(part, float):
                yield part
        records = frame(ProtoType.MESSAGE, b"".join(buffer)) if buffer else b""
        yield records + encode_last(Result.OK)

    def _parts(self) -> Iterator[bytes | float | None]:
        """Messages without frames, pauses in seconds, None after a while of nothing."""
        limit = self._plan.max_records
        n_skipped = 0
        for partition, after in self._plan.partitions:
            if not self._node.serves(partition):
                yield encode_partition_refusal(Result.UNAVAILABLE, partition)
                continue
            for digest, record in self._records(partition, after):
                row = self._row(digest, record)
                if row is None:
                    n_skipped += 1
                    if n_skipped % RECORDS_PER_TURN == 0:
                        yield None
                    continue
                yield row
                self._n_sent += 1
                if limit and self._n_sent >= limit:
                    return
                yield from self._pause()

    def _records(
        self, partition: int, after: bytes | None
    ) -> Iterator[tuple[bytes, Record]]:
        """The live records of a partition, digests falling, as they are by now."""
        stored, set_name = (
            self._plan.namespace.partitions[partition],
            self._plan.set_name,
        )
        if not stored:
            return
        for digest in sorted(stored, reverse=True):
            if after is not None and digest >= after:
                continue
            record = stored.get(digest)
            if record is None or record.is_expired(self._now_s):
                continue
            if not set_name or record.set_name == set_name:
                yield digest, record

    def _row(self, digest: bytes, record: Record) -> bytes | None:
        """The message of a record, None if it is left out."""
        plan = self._plan
        subject = Subject(record, digest, plan.now_ms, record.bins)
        if plan.condition is not None and not expressions.passes(
            plan.condition, subject, plan.version
        ):
            return None
        entries = self._entries(record, subject)
        if entries is None:
            return None
        fields = [self._namespace_field, encode_field(Field.DIGEST, digest)]
        if record.set_name:
            fields.append(encode_field(Field.SET, record.set_name))
        if record.key is not None:
            fields.append(encode_field(Field.KEY, record.key))
        return encode_row(
            plan.info1 & Info1.GET_NO_BINS,
            record.generation,
            record.void_time_s,
            fields,
            entries,
        )

    def _entries(self, record: Record, subject: Subject) -> list[bytes] | None:
        """The entries of a record; None if the projection fails or gives nothing."""
        plan = self._plan
        if plan.info1 & Info1.GET_NO_BINS:
            return []
        work = Work(
            record.bins,
            lambda _bins: subject,
            is_write=False,
            read_all=False,
            respond_all=plan.respond_all,
            version=plan.version,
        )
        if not plan.ops:
            work.add_all_bins()
            return work.entries
        try:
            for op in plan.ops:
                work.run(op)
        except ServerError:
            return None
        return work.entries or None

    def _pause(self) -> Iterator[float]:
        """Wait for the next second once the records of this one are sent."""
        if not self._plan.per_second:
            return
        self._n_in_window += 1
        if self._n_in_window < self._plan.per_second:
            return
        self._n_in_window = 0
        self._window_s += 1.0
        left_s = self._window_s - time.monotonic()
        if left_s > 0:
            yield left_s
        else:
            self._window_s = time.monotonic()
