"""Which node owns which partition: 4096 partitions over the live nodes.

Rendezvous hashing: for each partition the live nodes are ranked by a hash of node and
partition, the first one is the master. A node that leaves hands over only what it had.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

N_PARTITIONS = 4096
BITMAP_SIZE = N_PARTITIONS // 8


def partition_of(digest: bytes) -> int:
    """The partition of a record: the low 12 bits of its digest, read little endian."""
    return (digest[0] | digest[1] << 8) & (N_PARTITIONS - 1)


@lru_cache(maxsize=256)
def _weights(node: int) -> tuple[bytes, ...]:
    """The hash of `node` with each partition."""
    return tuple(
        blake2b(b"%d/%d" % (node, partition), digest_size=8).digest()
        for partition in range(N_PARTITIONS)
    )


@lru_cache(maxsize=256)
def replica_table(live: tuple[int, ...], shift: int = 0) -> tuple[tuple[int, ...], ...]:
    """For each partition the live node indexes, master first.

    :param shift: each partition has the owners of the one so many behind it.
    """
    if shift:
        table = replica_table(live)
        return table[shift:] + table[:shift]
    weights = {node: _weights(node) for node in live}
    return tuple(
        tuple(sorted(live, key=lambda node: weights[node][partition]))
        for partition in range(N_PARTITIONS)
    )


def bitmap(partitions: Sequence[int]) -> str:
    """The set of partitions as base64 of 512 bytes, most significant bit first."""
    bits = bytearray(BITMAP_SIZE)
    for partition in partitions:
        bits[partition >> 3] |= 0x80 >> (partition & 7)
    return base64.b64encode(bits).decode("ascii")


@lru_cache(maxsize=1024)
def replica_bitmaps(
    live: tuple[int, ...], columns: int, node: int, shift: int = 0
) -> tuple[str, ...]:
    """Per replica column the partitions for which `node` is that replica, as bitmaps.

    Columns beyond the number of live nodes are empty.
    """
    table = replica_table(live, shift)
    return tuple(
        bitmap(
            [
                p
                for p, owners in enumerate(table)
                if owners[column : column + 1] == (node,)
            ]
        )
        for column in range(columns)
    )
