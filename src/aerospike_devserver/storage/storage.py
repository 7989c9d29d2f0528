"""The namespaces of a cluster, each with its records in 4096 partitions.

All nodes of a cluster share them: a node that stops loses no data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aerospike_devserver.config import NamespaceConfig
from aerospike_devserver.ownership import N_PARTITIONS, partition_of
from aerospike_devserver.storage.index import Indexes
from aerospike_devserver.storage.record import Record


@dataclass
class SetState:
    """What is kept of a set besides its records.

    truncate_ms: the time of the last truncation, which has dropped all records last
    updated before it; ms since 1970.
    """

    truncate_ms: int = 0


class Namespace:
    """The records of one namespace, by partition and digest.

    Every change of a record goes through `_replace`, which keeps the indexes current.
    """

    def __init__(self, config: NamespaceConfig) -> None:
        self.config = config
        self.name = config.name
        self.indexes = Indexes()
        self.clear()

    def clear(self) -> None:
        """Forget all records, sets and indexes."""
        self.indexes.clear()
        self.partitions: list[dict[bytes, Record]] = [{} for _ in range(N_PARTITIONS)]
        self.sets: dict[bytes, SetState] = {}

    def find(self, digest: bytes, now_s: int) -> Record | None:
        """The live record of a digest; an expired one is as good as none."""
        record = self.partitions[partition_of(digest)].get(digest)
        if record is not None and record.void_time_s and record.is_expired(now_s):
            return None
        return record

    def _replace(self, digest: bytes, record: Record | None) -> None:
        """Store a record in the place of whatever was there; None = forget that."""
        number = partition_of(digest)
        partition = self.partitions[number]
        self.indexes.replace(number, digest, partition.get(digest), record)
        if record is None:
            partition.pop(digest, None)
        else:
            partition[digest] = record

    def put(self, digest: bytes, record: Record) -> None:
        """Store a record in the place of whatever was there."""
        self._replace(digest, record)
        self.add_set(record.set_name)

    def add_set(self, name: bytes) -> None:
        """Let there be a set, unless it is there or has no name."""
        if name and name not in self.sets:
            self.sets[name] = SetState()

    def drop(self, digest: bytes) -> None:
        """Forget a record, if it is there."""
        self._replace(digest, None)

    def records(self, now_s: int) -> Iterator[tuple[bytes, Record]]:
        """Digest and record of everything that lives, by partition."""
        for partition in self.partitions:
            for digest, record in partition.items():
                if not record.is_expired(now_s):
                    yield digest, record

    def reap(self, now_s: int) -> Iterator[None]:
        """Take expired records away, a partition at each step."""
        for partition in self.partitions:
            for digest in [d for d, r in partition.items() if r.is_expired(now_s)]:
                self.drop(digest)
            yield

    def truncate(self, set_name: bytes | None, before_ms: int, now_s: int) -> None:
        """Drop the records last updated before a time; of one set, or (None) of all."""
        old = [
            digest
            for digest, record in self.records(now_s)
            if record.last_update_ms < before_ms
            and (set_name is None or record.set_name == set_name)
        ]
        for digest in old:
            self.drop(digest)
        for name, state in self.sets.items():
            if set_name in (None, name):
                state.truncate_ms = max(state.truncate_ms, before_ms)


class Storage:
    """The namespaces of a cluster.

    Index definitions reach a real cluster as a whole, so it also keeps those of
    namespaces that no node has, and their names are taken.
    """

    def __init__(self, namespaces: Sequence[NamespaceConfig]) -> None:
        self.namespaces = {
            config.name.encode(): Namespace(config) for config in namespaces
        }
        self._elsewhere: defaultdict[bytes, Indexes] = defaultdict(Indexes)

    def __iter__(self) -> Iterator[Namespace]:
        return iter(self.namespaces.values())

    def find(self, name: bytes) -> Namespace | None:
        """A namespace by its name as it stands in a message."""
        return self.namespaces.get(name)

    def indexes(self, name: bytes) -> Indexes:
        """The indexes of a namespace, which need not be there."""
        namespace = self.find(name)
        return self._elsewhere[name] if namespace is None else namespace.indexes

    def clear(self) -> None:
        """Forget all records, sets and indexes."""
        self._elsewhere.clear()
        for namespace in self:
            namespace.clear()
