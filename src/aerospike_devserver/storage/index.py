"""Secondary indexes of a namespace: which records have which values.

An entry is (bval, digest): a signed number of 64 bits that stands for a value, and the
record that has it. Entries lie by partition, sorted. A partition has a 4096th of the
records, so a list and bisection are quick at any size that fits into memory. Source:
sections 1.3, 2 and 7 of the page on queries.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterator
from enum import IntEnum
from hashlib import blake2b
from typing import NamedTuple

from aerospike_devserver.ownership import N_PARTITIONS
from aerospike_devserver.storage.record import Record
from aerospike_devserver.values import geo
from aerospike_devserver.values.geojson import InvalidGeoJSON
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.values.values import Value

MAX_INDEXES = 256
"""Of one namespace; indexes of whole sets do not count."""
CHUNK = 500
"""Entries that a walk through an index copies at once."""

Entry = tuple[int, bytes]
_BEHIND_DIGESTS = b"\xff" * 21


class IndexKind(IntEnum):
    """What of a bin is indexed, with the numbers of field 26.

    SET indexes no values: it is the list of a set's records.
    """

    DEFAULT = 0
    LIST = 1
    MAPKEYS = 2
    MAPVALUES = 3
    SET = 4


class Definition(NamedTuple):
    """What is indexed. Two indexes of a namespace always differ in it.

    set_name: b"" = records of all sets; bin_name: b"" if there is an expression;
    particle: the type of the values, VALUES has a row for it.
    """

    set_name: bytes
    bin_name: bytes
    expression: bytes
    context: bytes
    kind: IndexKind
    particle: int


class IndexExists(Exception):
    """There is an index of that name, with another definition."""


class TooManyIndexes(Exception):
    """The namespace has as many indexes as it can."""


# Values


def _hash(value: bytes) -> int:
    digest = blake2b(value, digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def _of_integer(value: Value) -> tuple[int, ...]:
    fits = type(value) is int and -(1 << 63) <= value < 1 << 63
    return (value,) if fits else ()


def _of_bytes(particle: int) -> Callable[[Value], tuple[int, ...]]:
    """The function for strings or blobs; their inner type byte stands in front."""

    def bvals(value: Value) -> tuple[int, ...]:
        fits = type(value) is bytes and value[:1] == bytes((particle,))
        return (_hash(value),) if fits else ()

    return bvals


def _of_geojson(value: Value) -> tuple[int, ...]:
    """The cells of a shape; a text in a list or map need not be one."""
    if type(value) is not bytes or value[:1] != bytes((Particle.GEOJSON,)):
        return ()
    try:
        return tuple(map(geo.signed, geo.stored_cells(value[1:])))
    except InvalidGeoJSON:
        return ()


VALUES: dict[int, Callable[[Value], tuple[int, ...]]] = {
    Particle.NULL: lambda _value: (),
    Particle.INTEGER: _of_integer,
    Particle.STRING: _of_bytes(Particle.STRING),
    Particle.BLOB: _of_bytes(Particle.BLOB),
    Particle.GEOJSON: _of_geojson,
}
"""Type of an index: the numbers that stand for a value, none if it is another type.

Null is the type of an index of a set.
"""

Source = Callable[[bytes, Record], list[Value]]
"""(digest, record) -> the values that an index takes from a record."""


# One index


class Index:
    """A named index, kept current by `replace`.

    is_started: whether `build` runs or has run; n_built: how many partitions it has
    gone through, for the records that were there before the index.
    """

    def __init__(self, name: bytes, definition: Definition, source: Source) -> None:
        self.name = name
        self.definition = definition
        self.source = source
        self.n_built = 0
        self.is_started = False
        self.is_dropped = False
        self._partitions: defaultdict[int, list[Entry]] = defaultdict(list)

    @property
    def is_ready(self) -> bool:
        """Whether all records are in it."""
        return self.n_built == N_PARTITIONS

    @property
    def percent_built(self) -> int:
        """100 once it is ready."""
        return self.n_built * 100 // N_PARTITIONS

    def values(self, digest: bytes, record: Record) -> list[Value]:
        """The values of a record that the index is to have, if it is of its set."""
        if self.definition.set_name in (b"", record.set_name):
            return self.source(digest, record)
        return []

    def _bvals(self, digest: bytes, record: Record | None) -> set[int]:
        if record is None:
            return set()
        bvals = VALUES[self.definition.particle]
        return {b for value in self.values(digest, record) for b in bvals(value)}

    def replace(
        self, partition: int, digest: bytes, old: Record | None, new: Record | None
    ) -> None:
        """Take in that a record takes the place of another; None = there is none."""
        before, after = self._bvals(digest, old), self._bvals(digest, new)
        entries = self._partitions[partition]
        for bval in before - after:
            place = bisect_left(entries, (bval, digest))
            if entries[place : place + 1] == [(bval, digest)]:
                del entries[place]
        for bval in after - before:
            self._add(entries, (bval, digest))

    @staticmethod
    def _add(entries: list[Entry], entry: Entry) -> None:
        """Add an entry, unless it is there: the index may be half built."""
        place = bisect_left(entries, entry)
        if entries[place : place + 1] != [entry]:
            insort(entries, entry, place)

    def build(
        self, partitions: list[dict[bytes, Record]], n_per_turn: int
    ) -> Iterator[float]:
        """Take in the records that are there already, in turns; for a set, none."""
        self.is_started = True
        n_seen = 0
        for partition, stored in enumerate(partitions):
            for digest in list(stored):
                record = stored.get(digest)
                for bval in self._bvals(digest, record):
                    self._add(self._partitions[partition], (bval, digest))
                n_seen += 1
                if n_seen % n_per_turn == 0:
                    yield 0.0
            if self.is_dropped:
                return
            self.n_built = partition + 1

    def entries(
        self, partition: int, ranges: list[tuple[int, int]], after: Entry | None
    ) -> Iterator[Entry]:
        """The entries in some ranges, in rising order, that lie behind `after`.

        after: an entry, which need not exist. The ranges rise and do not overlap. A
        change that is made meanwhile may be seen or not.
        """
        if partition not in self._partitions:
            return
        entries = self._partitions[partition]
        for low, high in ranges:
            last = (low, b"") if after is None else max(after, (low, b""))
            while True:
                start = bisect_right(entries, last)
                end = bisect_right(entries, (high, _BEHIND_DIGESTS), start)
                chunk = entries[start : min(end, start + CHUNK)]
                yield from chunk
                if len(chunk) < CHUNK:
                    break
                last = chunk[-1]

    def count(self, partitions: Iterator[int]) -> int:
        """How many entries some partitions have."""
        return sum(
            len(self._partitions[number])
            for number in partitions
            if number in self._partitions
        )


# All indexes of a namespace


class Indexes:
    """The indexes of a namespace, by name, in the order in which they were made."""

    def __init__(self) -> None:
        self._by_name: dict[bytes, Index] = {}

    def __iter__(self) -> Iterator[Index]:
        return iter(self._by_name.values())

    def find(self, name: bytes) -> Index | None:
        """The index of a name."""
        return self._by_name.get(name)

    def lookup(self, definition: Definition) -> Index | None:
        """The index of a definition; one for all sets serves a query of any set."""
        for wanted in (definition, definition._replace(set_name=b"")):
            for index in self:
                if index.definition == wanted:
                    return index
        return None

    def create(self, name: bytes, definition: Definition, source: Source) -> Index:
        """A new index, or the one of this definition under its new name.

        IndexExists: the name is taken; TooManyIndexes.
        """
        named = self.find(name)
        if named is not None:
            if named.definition != definition:
                raise IndexExists
            return named
        for index in self:
            if index.definition == definition:
                del self._by_name[index.name]
                index.name = name
                self._by_name[name] = index
                return index
        if self._is_full and definition.kind is not IndexKind.SET:
            raise TooManyIndexes
        self._by_name[name] = Index(name, definition, source)
        return self._by_name[name]

    @property
    def _is_full(self) -> bool:
        values = [i for i in self if i.definition.kind is not IndexKind.SET]
        return len(values) >= MAX_INDEXES

    def drop(self, name: bytes) -> None:
        """Forget an index, if it is there; queries under way end with what it has."""
        index = self._by_name.pop(name, None)
        if index is not None:
            index.is_dropped = True

    def clear(self) -> None:
        """Forget all indexes."""
        for name in list(self._by_name):
            self.drop(name)

    def replace(
        self, partition: int, digest: bytes, old: Record | None, new: Record | None
    ) -> None:
        """A record takes the place of another in storage; None = there is none."""
        for index in self._by_name.values():
            index.replace(partition, digest, old, new)
