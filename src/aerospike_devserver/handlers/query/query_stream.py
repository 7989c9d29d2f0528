"""The reply to a foreground query: rows by partition, in a stream of frames.

Source: section 2 of the page on queries.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from aerospike_devserver.codec.message import (
    Field,
    Info1,
    Operation,
    encode_bins,
    encode_field,
    encode_partition_refusal,
    encode_row,
)
from aerospike_devserver.expressions.nodes import Node
from aerospike_devserver.handlers.query.candidates import (
    Candidate,
    Candidates,
    Position,
    passes,
)
from aerospike_devserver.handlers.query.pace import Pace
from aerospike_devserver.handlers.query.row_stream import Part, RowStream
from aerospike_devserver.handlers.record.operations import Work
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.jobs import Job
from aerospike_devserver.storage.record import Subject
from aerospike_devserver.storage.state import NodeState

_BVAL = Struct("<q")


class Plan(NamedTuple):
    """A checked query.

    max_records: 0 = no limit; short_ms: how long a short query may take, 0 = it is not.
    """

    candidates: Candidates
    partitions: dict[int, Position | None]
    ops: list[Operation]
    info1: int
    respond_all: bool
    condition: Node | None
    max_records: int
    short_ms: int


class QueryStream(RowStream):
    """A query under way."""

    def __init__(self, node: NodeState, plan: Plan, job: Job) -> None:
        super().__init__(node, job)
        self._plan = plan
        self._is_short = plan.short_ms > 0
        self._pace = Pace(job.rps)
        self._n_counted = 0  # for the limit
        self._now_ms = plan.candidates.cluster.clock.now_ms()
        name = plan.candidates.namespace.name.encode()
        self._namespace_field = encode_field(Field.NAMESPACE, name)

    def _parts(self) -> Iterator[Part]:
        namespace = self._plan.candidates.namespace
        served = self._node.served(namespace.name)
        for partition, after in self._plan.partitions.items():
            self._job.partition = partition
            if partition not in served:
                yield encode_partition_refusal(Result.UNAVAILABLE, partition)
                served = self._node.served(namespace.name)
                continue
            if self._is_short and self._is_late():
                self._job.result = Result.TIMEOUT
                return
            if not namespace.partitions[partition]:
                continue
            for part in self._rows(partition, after):
                yield part
                if self._job.is_aborted:
                    return
            served = self._node.served(namespace.name)  # others have had their turn
            if self._is_full():
                return

    def _is_full(self) -> bool:
        """Whether the limit is reached; records without a bin asked for count, too."""
        limit = self._plan.max_records
        return bool(limit) and self._n_counted >= limit

    def _is_late(self) -> bool:
        """Whether a short query has used up its time."""
        return self._job.run_time_ms > self._plan.short_ms

    def _rows(self, partition: int, after: Position | None) -> Iterator[Part]:
        """The rows of a partition, a pause behind each one that is due."""
        for candidate in self._plan.candidates.of(partition, after):
            if self._is_full():
                return
            if candidate is None:
                yield None
                continue
            row = self._row(candidate)
            if row is None:
                continue
            self._job.n_succeeded += 1
            self._job.n_throttled += bool(self._job.rps)
            yield row
            pause_s = self._pace.pause_s()
            if pause_s:
                yield pause_s

    def _row(self, candidate: Candidate) -> bytes | None:
        """The message of a record, None if it is left out."""
        plan, (digest, record, bval) = self._plan, candidate
        subject = Subject(record, digest, self._now_ms, record.bins)
        if not passes(plan.condition, subject, self._job):
            return None
        self._n_counted += 1
        entries = self._entries(subject)
        if entries is None:
            return None
        fields = [self._namespace_field, encode_field(Field.DIGEST, digest)]
        if record.set_name:
            fields.append(encode_field(Field.SET, record.set_name))
        if record.key is not None:
            fields.append(encode_field(Field.KEY, record.key))
        if bval is not None:
            fields.append(encode_field(Field.RESUME_BVALS, _BVAL.pack(bval)))
        return encode_row(
            plan.info1 & Info1.GET_NO_BINS,
            record.generation,
            record.void_time_s,
            fields,
            entries,
        )

    def _entries(self, subject: Subject) -> list[bytes] | None:
        """The entries of a record; None if the projection fails or gives nothing."""
        plan, bins = self._plan, subject.record.bins
        if plan.info1 & Info1.GET_NO_BINS:
            return []
        if not plan.ops:
            return encode_bins(bins)
        work = Work(
            bins,
            lambda _bins: subject,
            is_write=False,
            read_all=False,
            respond_all=plan.respond_all,
            version=self._node.cluster.config.plays,
        )
        try:
            for op in plan.ops:
                work.run(op)
        except ServerError:
            self._job.n_failed += 1
            return None
        return work.entries or None
