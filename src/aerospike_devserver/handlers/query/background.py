"""Background queries: operations on all records of a set, or on those of an index.

Or a function in Lua on each of them.

Every node is asked, and writes to the partitions that it is master of; it answers at
once and goes on in turns. Source: section 4 of the page on queries.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Iterator

from aerospike_devserver.codec.message import (
    RESULT_OFFSET,
    Field,
    Info1,
    Info2,
    Info3,
    Message,
    Op,
    encode_last,
    failure_in,
)
from aerospike_devserver.expressions.nodes import Node
from aerospike_devserver.handlers.query import query_fields, where
from aerospike_devserver.handlers.query.candidates import Candidate, Candidates, passes
from aerospike_devserver.handlers.query.pace import Pace
from aerospike_devserver.handlers.query.query_fields import Function, UdfOp, number
from aerospike_devserver.handlers.record import expression_operations, record
from aerospike_devserver.handlers.record.operations import UNKNOWN, traits
from aerospike_devserver.handlers.udf.scripts import NO_MODULE
from aerospike_devserver.ownership import N_PARTITIONS
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.session import Session
from aerospike_devserver.storage.jobs import Job
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.record import Subject
from aerospike_devserver.storage.state import NodeState
from aerospike_devserver.texts import shortened
from aerospike_devserver.version import Version

WITH_OPERATIONS, WITH_FUNCTION = KINDS = ("background-ops", "background-udf")
"""What a job can be, as its description calls it."""
MAX_RPS = 10_000
"""Records per second: the most a job may ask for, and what it gets if it does not."""
TURN_S = 0.02
"""How long records are written before others have a turn; a record is never cut."""
MAX_STOPPED = 3
"""Calls of a job, on all nodes, that may run for too long; then there are no more."""
MAX_TOLD = 10
"""Kinds of failures of a job that the log tells."""
_FUNCTION_FIELDS = (
    Field.UDF_PACKAGE,
    Field.UDF_FUNCTION,
    Field.UDF_ARGUMENTS,
)

_PLACE = re.compile(r"\S+:\d+: ")

log = logging.getLogger("aerospike_devserver.udf")


def answer(session: Session, namespace: Namespace, message: Message) -> bytes:
    """Start a job; ServerError. The checks come in the order of a real server."""
    if message.info1 & Info1.SHORT_QUERY:
        raise ServerError(Result.REQUEST_INVALID)
    set_name = query_fields.set_name(message)
    find_index = where.parse(message, namespace)
    rps = number(message, Field.RECORDS_PER_SECOND) or MAX_RPS
    if set_name and set_name not in namespace.sets:
        raise ServerError(Result.RECORD_NOT_FOUND)
    if rps > MAX_RPS:
        raise ServerError(Result.REQUEST_INVALID)
    on_index = find_index() if find_index is not None else None
    node = session.node
    version = node.cluster.config.plays
    condition = query_fields.condition(message, version)
    function = _function(message)
    if function is None:
        _check_ops(message, version)
    job = Job(
        query_fields.task_id(message),
        WITH_OPERATIONS if function is None else WITH_FUNCTION,
        namespace.name,
        set_name,
        on_index.index.name if on_index is not None else b"",
        session.peer,
        rps=rps,
        module=function.module if function is not None else b"",
        function=function.name if function is not None else b"",
    )
    if not node.jobs.start(job):
        raise ServerError(Result.REQUEST_INVALID)
    candidates = Candidates(node.cluster, namespace, set_name, on_index)
    work = _Work(node, candidates, condition, message, job)
    node.spawn(work.turns())
    return encode_last(Result.OK)


def _function(message: Message) -> Function | None:
    """The function to call with each record; ServerError 4."""
    if query_fields.udf_op(message) is not UdfOp.BACKGROUND:
        return None
    return query_fields.function(message)


def _check_ops(message: Message, version: Version) -> None:
    """Operations that write, and nothing else; ServerError 4."""
    if message.info1 & Info1.READ or not message.ops:
        raise ServerError(Result.REQUEST_INVALID)
    for code, _, _, value in message.ops:
        allowed = traits(code, version)
        if allowed is UNKNOWN or not allowed.writes:
            raise ServerError(Result.REQUEST_INVALID)
        if code == Op.EXP_MODIFY:
            expression_operations.check_write(value, version)


class _Failures:
    """Tells the log why the function of a job fails: once for each place in Lua."""

    def __init__(self, node: NodeState, job: Job) -> None:
        self._job = job
        names = b".".join((job.module, job.function)).decode("utf-8", "replace")
        self._about = f"{node.id} job {job.id}, {names}"
        self._kinds: set[str] = set()

    def note(self, reply: bytes) -> None:
        """Look at the reply for one record."""
        code = reply[RESULT_OFFSET]
        text = failure_in(reply) if code == Result.UDF else ""
        text = text or f"result {code} {Result(code).name}"
        if text == NO_MODULE:
            text = f"{text}: there is no such module"
        place = _PLACE.match(text)
        kind = place[0] if place else text
        if kind not in self._kinds and len(self._kinds) < MAX_TOLD:
            self._kinds.add(kind)
            self._tell(text)

    def sum_up(self, n_stopped: int) -> None:
        """Tell how many records have failed, if any."""
        job = self._job
        if job.n_failed:
            n_all = job.n_failed + job.n_succeeded
            text = f"failed for {job.n_failed} of {n_all} records"
            if n_stopped >= MAX_STOPPED:
                text += f"; not called any more after {n_stopped} stopped calls"
            self._tell(text)

    def _tell(self, text: str) -> None:
        log.warning("%s: %s", shortened(self._about), shortened(text))


class _Work:
    """A job under way."""

    def __init__(
        self,
        node: NodeState,
        candidates: Candidates,
        condition: Node | None,
        message: Message,
        job: Job,
    ) -> None:
        self._node = node
        self._candidates = candidates
        self._condition = condition
        self._message = message
        self._job = job
        self._pace = Pace(job.rps)
        has_function = job.kind == WITH_FUNCTION
        limit_s = node.cluster.config.udf.background_limit_s
        self._limit_s = limit_s if has_function else math.inf
        self._command_of = self._call if has_function else self._operations
        self._failures = _Failures(node, job) if has_function else None

    def turns(self) -> Iterator[float]:
        """The job in turns, each with the seconds to wait before the next."""
        namespace = self._candidates.namespace
        try:
            for partition in range(N_PARTITIONS):
                if self._is_over:
                    return
                self._job.partition = partition
                has_records = bool(namespace.partitions[partition])
                if has_records and self._node.is_master_of(namespace.name, partition):
                    yield from self._partition(partition)
        finally:
            if self._failures is not None:
                self._failures.sum_up(self._n_stopped)
            self._node.jobs.finish(self._job)

    @property
    def _is_over(self) -> bool:
        """Whether the job is to end early: it is aborted, or its node has stopped."""
        return self._job.is_aborted or not self._node.is_live

    def _partition(self, partition: int) -> Iterator[float]:
        end_s = time.monotonic() + TURN_S
        for candidate in self._candidates.of(partition, None):
            if self._is_over:
                return
            pause_s = self._handle(candidate)
            if pause_s or candidate is None or time.monotonic() > end_s:
                yield pause_s
                end_s = time.monotonic() + TURN_S

    def _handle(self, candidate: Candidate | None) -> float:
        """Write one record, unless it is None; seconds to wait before the next."""
        if candidate is None:
            return 0.0
        self._write(candidate)
        return self._pace.pause_s()

    def _write(self, candidate: Candidate) -> None:
        """Carry out the operations on one record, or call the function with it."""
        cluster, job = self._node.cluster, self._job
        digest, found, _ = candidate
        subject = Subject(found, digest, cluster.clock.now_ms(), found.bins)
        n_filtered_meta = job.n_filtered_meta
        is_wanted = passes(self._condition, subject, job)
        job.n_throttled += job.n_filtered_meta == n_filtered_meta
        if not is_wanted:
            return
        if self._n_stopped >= MAX_STOPPED:
            job.n_failed += 1
            return
        begin_s = time.monotonic()
        reply = record.answer(cluster, self._command_of(candidate), candidate.digest)
        job.n_stopped += time.monotonic() - begin_s >= self._limit_s
        result = reply[RESULT_OFFSET]
        if result == Result.OK:
            job.n_succeeded += 1
        elif result != Result.RECORD_NOT_FOUND:
            job.n_failed += 1
            if self._failures is not None:
                self._failures.note(reply)

    @property
    def _n_stopped(self) -> int:
        """Calls that were stopped on all nodes, which run on one thread."""
        nodes = self._node.cluster.nodes
        jobs = [node.jobs.find(self._job.id) for node in nodes]
        return sum(job.n_stopped for job in jobs if job is not None)

    def _operations(self, candidate: Candidate) -> Message:
        """The operations, as a command that updates one record."""
        message = self._message
        info2 = Info2.WRITE | message.info2 & Info2.DURABLE_DELETE
        info3 = Info3.UPDATE_ONLY | message.info3 & Info3.REPLACE_ONLY
        fields, info = self._place(candidate), (0, info2, info3, 0)
        return Message.of(info, 0, message.ttl, fields, message.ops)

    def _call(self, candidate: Candidate) -> Message:
        """The function, as a command that calls it with one record."""
        message = self._message
        fields = self._place(candidate)
        fields |= {field: message.fields[field] for field in _FUNCTION_FIELDS}
        info2 = Info2.WRITE | message.info2 & Info2.DURABLE_DELETE
        command = Message.of((0, info2, 0, 0), 0, message.ttl, fields, [])
        command.limit_s = self._limit_s
        return command

    def _place(self, candidate: Candidate) -> dict[int, bytes]:
        """The fields that say which record is meant."""
        return {
            Field.NAMESPACE: self._candidates.namespace.name.encode(),
            Field.SET: candidate.record.set_name,
        }
