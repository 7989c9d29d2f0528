"""One stored record: its bins, its metadata, and the size that a namespace counts."""

from __future__ import annotations

from typing import NamedTuple

from aerospike_devserver.values.particle import Particle

Bin = tuple[int, bytes]
"""(particle type, value bytes as they are sent)."""
Bins = dict[bytes, Bin]
"""Bins by name, in the order of a full read."""

MAX_GENERATION = 65_535
MAX_BINS = 32_767

_FIXED_SIZE = 39
"""35 bytes in front and 4 at the end of a stored record."""
_VOID_TIME_SIZE = 4


class Record:
    """What is stored under one digest. Writes replace it, so readers need no copy.

    void_time_s: seconds since 2010 at which it expires, 0 = never; last_update_ms:
    since 1970; key: particle type byte and value of the user key, None if not stored;
    version: set by namespaces with strong consistency, and only by those.
    """

    __slots__ = (
        "bins",
        "generation",
        "key",
        "last_update_ms",
        "set_name",
        "version",
        "void_time_s",
    )

    version: int

    def __init__(
        self,
        set_name: bytes,
        key: bytes | None,
        bins: Bins,
        generation: int,
        void_time_s: int,
        last_update_ms: int,
    ) -> None:
        self.set_name = set_name
        self.key = key
        self.bins = bins
        self.generation = generation
        self.void_time_s = void_time_s
        self.last_update_ms = last_update_ms

    def is_expired(self, now_s: int) -> bool:
        """Whether its last second, the one named by the void time, is over."""
        return 0 < self.void_time_s < now_s

    @property
    def stored_size(self) -> int:
        """Bytes that count against the largest record size."""
        size = _FIXED_SIZE + (_VOID_TIME_SIZE if self.void_time_s else 0)
        size += len(self.set_name) + 1 if self.set_name else 0
        if self.key is not None:
            size += len(self.key) + _count_size(len(self.key))
        size += _count_size(len(self.bins))
        for name, (particle, value) in self.bins.items():
            size += 2 + len(name) + _value_size(particle, value)
        return size


class Subject(NamedTuple):
    """The record that an expression is about, as a command sees it at the moment.

    bins: None while only metadata count; record: its metadata; now_ms: since 1970.
    """

    record: Record
    digest: bytes
    now_ms: int
    bins: Bins | None


def _count_size(count: int) -> int:
    """Bytes of a count, seven bits each."""
    return max(1, (count.bit_length() + 6) // 7)


def _value_size(particle: int, value: bytes) -> int:
    """Stored bytes of a value, behind its type byte."""
    if particle == Particle.INTEGER:
        return 1 + max(1, len(value.lstrip(b"\0")))
    if particle in (Particle.FLOAT, Particle.BOOL):
        return len(value)
    return 4 + len(value)


def next_generation(generation: int) -> int:
    """The generation after a write: 1 to 65535, then 1 again."""
    return generation + 1 if generation < MAX_GENERATION else 1


def remove_bin(bins: Bins, name: bytes) -> None:
    """Take a bin away, if it is there; the last bin moves into its place.

    A full read shows the order of the bins, which is that of a real server.
    """
    if name not in bins:
        return
    last = next(reversed(bins))
    moved = bins.pop(last)
    if last == name:
        return
    order = [last if other == name else other for other in bins]
    bins[last] = moved
    kept = {other: bins[other] for other in order}
    bins.clear()
    bins.update(kept)
