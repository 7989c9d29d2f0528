"""The records that a query looks at, by partition: those of a set, or of an index.

Source: section 1.3 of the page on queries, section 7.2 of the expression rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from aerospike_devserver import expressions
from aerospike_devserver.expressions.nodes import Node
from aerospike_devserver.handlers.query.where import Where
from aerospike_devserver.storage.jobs import Job
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.record import Record, Subject
from aerospike_devserver.storage.state import ClusterState
from aerospike_devserver.values.marks import UNKNOWN
from aerospike_devserver.values.values import ALLOWANCE

RECORDS_PER_TURN = 200
"""Records looked at before others have a turn: a few milliseconds."""


class Position(NamedTuple):
    """Where a query has come to in a partition. bval: 0 without an index."""

    bval: int
    digest: bytes


class Candidate(NamedTuple):
    """A record that a query comes by. bval: None without an index."""

    digest: bytes
    record: Record
    bval: int | None


class Candidates:
    """The live records of a query, by partition, in the order in which it goes on.

    set_name: b"" = all sets.
    """

    def __init__(
        self,
        cluster: ClusterState,
        namespace: Namespace,
        set_name: bytes,
        where: Where | None,
    ) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.where = where
        self._set_name = set_name
        self._n_seen = 0

    def of(self, partition: int, after: Position | None) -> Iterator[Candidate | None]:
        """Records behind a position, None where others are to have a turn.

        Without an index the digests come in falling order. With one the bvals come in
        rising order, and so do the digests of one bval.
        """
        walk = self._stored if self.where is None else self._indexed
        now_s = self.cluster.clock.now_s()
        for candidate in walk(partition, after):
            self._n_seen += 1
            if self._n_seen % RECORDS_PER_TURN == 0:
                yield None
            if self._is_wanted(candidate, after, now_s):
                yield candidate

    def _is_wanted(
        self, candidate: Candidate, after: Position | None, now_s: int
    ) -> bool:
        """Whether a record still lives, is of the set and fulfils the condition."""
        digest, record, bval = candidate
        if self._set_name not in (b"", record.set_name) or record.is_expired(now_s):
            return False
        return self.where is None or self.where.bval_of(digest, record, after) == bval

    def _stored(self, partition: int, after: Position | None) -> Iterator[Candidate]:
        stored = self.namespace.partitions[partition]
        for digest in sorted(stored, reverse=True):
            if after is not None and digest >= after.digest:
                continue
            record = stored.get(digest)
            if record is not None:
                yield Candidate(digest, record, None)

    def _indexed(self, partition: int, after: Position | None) -> Iterator[Candidate]:
        assert self.where is not None
        stored = self.namespace.partitions[partition]
        ranges = self.where.bounds.ranges
        for bval, digest in self.where.index.entries(partition, ranges, after):
            record = stored.get(digest)
            if record is not None:
                yield Candidate(digest, record, bval)


def passes(condition: Node | None, subject: Subject, job: Job) -> bool:
    """Whether a record passes the filter of a query; if not, the query counts it.

    First metadata alone decide, if they can; then only a definite True passes.
    """
    if condition is None:
        return True
    ALLOWANCE.renew()
    verdict = expressions.evaluate(condition, subject._replace(bins=None))
    if verdict is False:
        job.n_filtered_meta += 1
        return False
    if verdict is UNKNOWN:
        verdict = expressions.evaluate(condition, subject)
    if verdict is not True:
        job.n_filtered_bins += 1
    return verdict is True
