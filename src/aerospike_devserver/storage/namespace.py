"""A namespace: records in 4096 partitions, sets, indexes and tombstones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from aerospike_devserver.clock import EPOCH_S
from aerospike_devserver.config import NamespaceConfig
from aerospike_devserver.ownership import N_PARTITIONS, partition_of
from aerospike_devserver.storage.index import Indexes
from aerospike_devserver.storage.record import Record, next_generation

TOMBSTONE_AGE_S = 86_400
"""How long a tombstone is kept; source: `tomb-raider-eligible-age` of the server."""


@dataclass
class SetState:
    """What is kept of a set besides its records.

    truncate_ms: the time of the last truncation, which has dropped all records last
    updated before it; ms since 1970.
    """

    truncate_ms: int = 0


class Place(Protocol):
    """Where a command finds its record and leaves it: a namespace, or a view of it."""

    config: NamespaceConfig
    is_strong: bool

    def find(self, digest: bytes, now_s: int) -> Record | None: ...

    def put(self, digest: bytes, record: Record) -> None: ...

    def touch(self, digest: bytes, record: Record, before: Record) -> None: ...

    def remove(self, digest: bytes, tombstone: Record | None) -> None: ...

    def first_generation(self, digest: bytes) -> int: ...


class Namespace:
    """The records of one namespace, by partition and digest.

    Every change of a record goes through `_replace`, which keeps the indexes current.
    """

    def __init__(self, config: NamespaceConfig) -> None:
        self.config = config
        self.is_strong = config.is_strong
        self.name = config.name
        self.indexes = Indexes()
        self.clear()

    def clear(self) -> None:
        """Forget all records, sets and indexes."""
        self.indexes.clear()
        self.partitions: list[dict[bytes, Record]] = [{} for _ in range(N_PARTITIONS)]
        self.tombstones: dict[bytes, Record] = {}
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
        if self.tombstones:
            self.tombstones.pop(digest, None)
        self.add_set(record.set_name)

    def touch(self, digest: bytes, record: Record, before: Record) -> None:
        """Store a record that differs from the one before in its times alone."""
        self.put(digest, record)

    def first_generation(self, digest: bytes) -> int:
        """The generation of a record that is created: a tombstone's goes on."""
        tombstone = self.tombstones.get(digest)
        return 1 if tombstone is None else next_generation(tombstone.generation)

    def remove(self, digest: bytes, tombstone: Record | None) -> None:
        """Forget a record; a tombstone, which is one without bins, takes its place."""
        self.drop(digest)
        if tombstone is not None:
            self.tombstones[digest] = tombstone

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
        """Take expired records away, a partition at each step, and old tombstones."""
        old_ms = (now_s + EPOCH_S - TOMBSTONE_AGE_S) * 1000
        for partition in self.partitions:
            for digest in [d for d, r in partition.items() if r.is_expired(now_s)]:
                self.drop(digest)
            yield
        self._forget_tombstones(lambda each: each.last_update_ms < old_ms)

    def _forget_tombstones(self, is_over: Callable[[Record], bool]) -> None:
        for digest in [d for d, each in self.tombstones.items() if is_over(each)]:
            del self.tombstones[digest]

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
        self._forget_tombstones(
            lambda each: (
                each.last_update_ms < before_ms and set_name in (None, each.set_name)
            )
        )
        for name, state in self.sets.items():
            if set_name in (None, name):
                state.truncate_ms = max(state.truncate_ms, before_ms)
