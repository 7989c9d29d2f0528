"""Aggregations: a function in Lua over the records of a set, or over those of an index.

Each node runs the function on the partitions that it is master of, a slice of records
after the other, and sends what comes out; the client puts the results together. Source:
section 5 of the page on queries; a real server's answers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from aerospike_devserver.codec.message import (
    Field,
    Info1,
    Message,
    Op,
    encode_op,
    encode_row,
)
from aerospike_devserver.handlers.query import query_fields, where
from aerospike_devserver.handlers.query.candidates import Candidate, Candidates
from aerospike_devserver.handlers.query.function_stream import entries
from aerospike_devserver.handlers.query.pace import Pace
from aerospike_devserver.handlers.query.query_fields import Function, number
from aerospike_devserver.handlers.query.row_stream import Part, RowStream
from aerospike_devserver.handlers.udf.scripts import NO_MODULE, NO_TEXT, CallError
from aerospike_devserver.ownership import N_PARTITIONS
from aerospike_devserver.reply import Reply
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.session import Session
from aerospike_devserver.storage.jobs import Job
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.state import NodeState
from aerospike_devserver.values.particle import Particle

KIND = "aggregation"
FAILED = "UDF: Execution Error 2"
RECORDS_PER_SLICE = 500
"""Records that a function gets at once; those of two partitions are never mixed."""
SLICE_S = 0.2
"""Seconds of work after which a function gets no further record in this slice."""
TURN_S = 0.02
"""How long functions run before others have a turn, which they get between elements."""


def answer(session: Session, namespace: Namespace, message: Message) -> Reply:
    """The rows; ServerError. The checks come in the order of a real server."""
    if message.info1 & Info1.SHORT_QUERY:
        raise ServerError(Result.REQUEST_INVALID)
    if Field.FILTER in message.fields:
        raise ServerError(Result.UNSUPPORTED_FEATURE)
    set_name = query_fields.set_name(message)
    find_index = where.parse(message, namespace)
    rps = number(message, Field.RECORDS_PER_SECOND)
    socket_timeout_ms = number(message, Field.SOCKET_TIMEOUT)
    if set_name and set_name not in namespace.sets:
        raise ServerError(Result.RECORD_NOT_FOUND)
    on_index = find_index() if find_index is not None else None
    function = query_fields.function(message)
    node = session.node
    job = Job(
        query_fields.task_id(message),
        KIND,
        namespace.name,
        set_name,
        on_index.index.name if on_index is not None else b"",
        session.peer,
        rps=rps,
        socket_timeout_ms=socket_timeout_ms,
    )
    if not node.jobs.start(job):
        raise ServerError(Result.REQUEST_INVALID)
    session.stall_limit_s = socket_timeout_ms / 1000
    candidates = Candidates(node.cluster, namespace, set_name, on_index)
    limit_s = node.cluster.config.udf.limit_s(message.timeout_ms)
    return Aggregation(node, candidates, function, limit_s, job).start()


class _Slice:
    """The records that a function gets at once.

    A function that is slow gets fewer of them, so that others have their turn. end: the
    place of the first record that is left for another slice.
    """

    def __init__(self, records: list[Candidate], start: int) -> None:
        self._records = records
        self._start = start
        self._end_s = time.thread_time() + SLICE_S
        self.end = len(records)

    def __iter__(self) -> Iterator[Candidate]:
        for place in range(self._start, len(self._records)):
            yield self._records[place]
            if time.thread_time() > self._end_s:
                self.end = place + 1
                return


class Aggregation(RowStream):
    """An aggregation under way. limit_s: how long a function may run at once."""

    def __init__(
        self,
        node: NodeState,
        candidates: Candidates,
        function: Function,
        limit_s: float,
        job: Job,
    ) -> None:
        super().__init__(node, job)
        self._candidates = candidates
        self._function = function
        self._limit_s = limit_s
        self._pace = Pace(job.rps)

    def _parts(self) -> Iterator[Part]:
        end_s = time.monotonic() + TURN_S
        for part in self._all_parts():
            if part:
                yield part
            if self._job.is_aborted:
                return
            if time.monotonic() > end_s:
                yield 0.0  # unlike None it lets the rows go that there are
                end_s = time.monotonic() + TURN_S

    def _all_parts(self) -> Iterator[Part]:
        """Rows and pauses. What is empty is a moment for others to have a turn."""
        namespace = self._candidates.namespace
        for partition in range(N_PARTITIONS):
            has_records = bool(namespace.partitions[partition])
            if has_records and self._node.is_master_of(namespace.name, partition):
                self._job.partition = partition
                yield from self._partition(partition)

    def _partition(self, partition: int) -> Iterator[Part]:
        records: list[Candidate] = []
        for candidate in self._candidates.of(partition, None):
            if candidate is None:
                yield None
                continue
            records.append(candidate)
            self._job.n_succeeded += 1
            self._job.n_throttled += bool(self._job.rps)
            pause_s = self._pace.pause_s()
            if pause_s:
                yield pause_s
            if len(records) == RECORDS_PER_SLICE:
                yield from self._rows(records)
                records = []
        if records:
            yield from self._rows(records)

    def _rows(self, records: list[Candidate]) -> Iterator[bytes]:
        """What comes out of the function; a failure ends the job."""
        start = 0
        while start < len(records):
            piece = _Slice(records, start)
            try:
                yield from map(
                    _row,
                    entries(self._node.cluster, self._function, piece, self._limit_s),
                )
            except CallError as error:
                self._job.result = Result.SERVER_ERROR
                text = _failure_text(str(error))
                yield _row(encode_op(Op.READ, b"FAILURE", Particle.STRING, text))
                return
            start = piece.end
            yield b""


def _row(entry: bytes) -> bytes:
    """A message without a frame."""
    return encode_row(0, 0, 0, (), (entry,))


def _failure_text(text: str) -> bytes:
    """The text of a failure, in the words of a real server."""
    if text == NO_TEXT:
        text = FAILED
    elif text != NO_MODULE:
        text = f"{FAILED} : {text}"
    return text.encode("utf-8", "surrogateescape").partition(b"\0")[0]
