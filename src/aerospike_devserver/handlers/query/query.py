"""Queries: what a client may ask for, and who answers it.

A query without a condition on an index is what clients call a scan. Source: sections 1,
4 and 5 of the page on queries.
"""

from __future__ import annotations

from struct import Struct, unpack

from aerospike_devserver.codec.message import (
    MAX_OPS,
    Field,
    Info1,
    Info2,
    Info3,
    Message,
    Op,
    Operation,
    encode_reply,
)
from aerospike_devserver.handlers.access import check_message
from aerospike_devserver.handlers.query import (
    aggregation,
    background,
    query_fields,
    where,
)
from aerospike_devserver.handlers.query.candidates import Candidates, Position
from aerospike_devserver.handlers.query.query_fields import UdfOp, number
from aerospike_devserver.handlers.query.query_stream import Plan, QueryStream
from aerospike_devserver.handlers.record.command import DIGEST_SIZE
from aerospike_devserver.handlers.record.details import details_of
from aerospike_devserver.handlers.record.operations import UNKNOWN, check_name, traits
from aerospike_devserver.ownership import N_PARTITIONS, partition_of
from aerospike_devserver.reply import Reply
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.session import Session
from aerospike_devserver.storage.jobs import Job
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.version import Version

SHORT_QUERY_MS = 1000
"""How long a short query takes at most, unless it says so itself."""

_BVAL = Struct("<q")


def answer(session: Session, message: Message) -> Reply:
    """The stream of a query, or the single message that refuses it."""
    try:
        check_message(session, message)
        namespace = _namespace(session, message)
        op = query_fields.udf_op(message)
        if op is UdfOp.AGGREGATE:
            return aggregation.answer(session, namespace, message)
        if op is UdfOp.BACKGROUND or message.info2 & Info2.WRITE:
            return background.answer(session, namespace, message)
        return _Request(session, namespace, message).stream()
    except ServerError as error:
        version = session.node.cluster.config.plays
        fields = details_of(error, message.info4, version)
        return encode_reply(error.result, fields=fields)


def _refuse(result: Result = Result.REQUEST_INVALID) -> ServerError:
    return ServerError(result)


def _namespace(session: Session, message: Message) -> Namespace:
    """The namespace; ServerError 20."""
    name = message.fields.get(Field.NAMESPACE, b"")
    namespace = session.node.cluster.storage.find(name)
    if namespace is None:
        raise _refuse(Result.NAMESPACE_NOT_FOUND)
    return namespace


class _Request:
    """A foreground query, checked step by step in the order of a real server."""

    def __init__(
        self, session: Session, namespace: Namespace, message: Message
    ) -> None:
        self._session = session
        self._namespace = namespace
        self._message = message
        self._set_name = query_fields.set_name(message)
        self._is_short = bool(message.info1 & Info1.SHORT_QUERY)

    def stream(self) -> Reply:
        """The rows; ServerError."""
        message = self._message
        version = self._session.node.cluster.config.plays
        if not message.info3 & Info3.PARTITION_DONE:
            raise _refuse(Result.UNSUPPORTED_FEATURE)
        is_relaxed = message.info2 & Info2.RELAXED and not self._is_short
        if is_relaxed and self._namespace.is_strong:
            raise _refuse()
        partitions = _partitions(message)
        find_index = where.parse(message, self._namespace)
        per_second = number(message, Field.RECORDS_PER_SECOND)
        if self._is_short and per_second:
            raise _refuse()
        if not partitions:
            raise _refuse(Result.UNSUPPORTED_FEATURE)
        condition = find_index() if find_index is not None else None
        job = Job(
            query_fields.task_id(message),
            "basic",
            self._namespace.name,
            self._set_name,
            condition.index.name if condition is not None else b"",
            self._session.peer,
            rps=per_second,
            n_partitions=len(partitions),
            n_resumed=sum(map(bool, partitions.values())),
            socket_timeout_ms=number(message, Field.SOCKET_TIMEOUT),
        )
        plan = Plan(
            Candidates(
                self._session.node.cluster,
                self._namespace,
                self._set_name,
                condition,
            ),
            partitions,
            _ops(message, version),
            message.info1,
            bool(message.info2 & Info2.RESPOND_ALL_OPS),
            query_fields.condition(message, version),
            number(message, Field.MAX_RECORDS),
            (message.timeout_ms or SHORT_QUERY_MS) if self._is_short else 0,
        )
        if not self._is_short and not self._session.node.jobs.start(job):
            raise _refuse()
        self._session.stall_limit_s = job.socket_timeout_ms / 1000
        return QueryStream(self._session.node, plan, job).start()


def _partitions(message: Message) -> dict[int, Position | None]:
    """What to read, and behind what; ServerError 4 for what cannot be."""
    fields = message.fields
    full = fields.get(Field.PARTITIONS)
    found: dict[int, Position | None] = {}
    if full is not None:
        numbers = unpack(f"<{len(full) // 2}H", full[: len(full) & ~1])
        found = dict.fromkeys(numbers)
        if not 0 < len(numbers) == len(found) or max(numbers) >= N_PARTITIONS:
            raise _refuse()
    for position in _positions(fields):
        partition = partition_of(position.digest)
        if partition in found:
            raise _refuse()
        found[partition] = position
    return found


def _positions(fields: dict[int, bytes]) -> list[Position]:
    """Where to take up the partitions that were begun; ServerError 4."""
    digests, bvals = fields.get(Field.RESUME_DIGESTS), fields.get(Field.RESUME_BVALS)
    if digests is None:
        if bvals is not None:
            raise _refuse()
        return []
    count = len(digests) // DIGEST_SIZE
    if not count or len(digests) % DIGEST_SIZE:
        raise _refuse()
    starts = range(0, len(digests), DIGEST_SIZE)
    pieces = [digests[start : start + DIGEST_SIZE] for start in starts]
    if Field.INDEX_RANGE not in fields:
        return [Position(0, digest) for digest in pieces]
    if bvals is None or len(bvals) // _BVAL.size != count or len(bvals) % _BVAL.size:
        raise _refuse()
    numbers = [bval for (bval,) in _BVAL.iter_unpack(bvals)]
    return list(map(Position, numbers, pieces))


def _ops(message: Message, version: Version) -> list[Operation]:
    """The projection: read operations, or the bin names of an older form."""
    if message.info1 & Info1.GET_NO_BINS:
        return []
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
