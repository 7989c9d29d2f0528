"""What a function sees of a stored record."""

from __future__ import annotations

from typing import Any

from aerospike_devserver.clock import EPOCH_S
from aerospike_devserver.handlers.udf.values import Take, from_bin
from aerospike_devserver.storage.record import Record
from aerospike_lua import records

SIZE_STEP = 16
"""The size of a record that functions see is a multiple of this."""


def ttl_of(record: Record, now_s: int) -> int:
    """Seconds to live; 0: forever."""
    return record.void_time_s - now_s if record.void_time_s else 0


def size_of(record: Record) -> int:
    """Bytes that the record takes."""
    return -(-record.stored_size // SIZE_STEP) * SIZE_STEP


def last_update_of(record: Record) -> int:
    """Milliseconds since 2010."""
    return record.last_update_ms - EPOCH_S * 1000


class Seen(records.Host):
    """A record as it is stored. What functions do to it is the affair of others.

    take: counts the memory of values that are read.
    """

    def __init__(self, digest: bytes, record: Record, now_s: int, take: Take) -> None:
        self._digest = digest
        self._record = record
        self._now_s = now_s
        self._take = take

    def read(self, name: bytes) -> Any:
        found = self._record.bins.get(name)
        return None if found is None else from_bin(found, self._take)

    def exists(self) -> bool:
        return True

    def gen(self) -> int:
        return self._record.generation

    def ttl(self) -> int:
        return ttl_of(self._record, self._now_s)

    def setname(self) -> bytes | None:
        return self._record.set_name or None

    def digest(self) -> bytes:
        return self._digest

    def key(self) -> Any:
        key = self._record.key
        return None if key is None else from_bin((key[0], key[1:]))

    def bin_names(self) -> tuple[bytes, ...] | None:
        return tuple(self._record.bins)

    def size(self) -> int:
        return size_of(self._record)

    def last_update_time(self) -> int:
        return last_update_of(self._record)
