"""Which node owns which partition: 4096 partitions over the live nodes.

Rendezvous hashing: for each partition the live nodes are ranked by a hash of node and
partition, the first one is the master. A node that leaves hands over only what it had.
"""

from __future__ import annotations

import base64
from collections import Counter
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


@lru_cache(maxsize=16)
def replica_table(
    live: tuple[int, ...], racks: tuple[int, ...] = ()
) -> tuple[tuple[int, ...], ...]:
    """For each partition the live node indexes, master first.

    :param racks: of all nodes; copies are spread over them. Empty: there are none.
    """
    if racks:
        return tuple(_spread(owners, racks) for owners in replica_table(live))
    weights = {node: _weights(node) for node in live}
    return tuple(
        tuple(sorted(live, key=lambda node: weights[node][partition]))
        for partition in range(N_PARTITIONS)
    )


@lru_cache(maxsize=64)
def partitions_of(
    node: int,
    n_copies: int,
    live: tuple[int, ...],
    shift: int = 0,
    racks: tuple[int, ...] = (),
) -> frozenset[int]:
    """The partitions of which `node` has one of the first copies."""
    table = replica_table(live, racks)
    table = table[shift:] + table[:shift]
    return frozenset(p for p, owners in enumerate(table) if node in owners[:n_copies])


@lru_cache(maxsize=64)
def unavailable(
    n_nodes: int,
    live: tuple[int, ...],
    n_copies: int,
    shift: int = 0,
    racks: tuple[int, ...] = (),
) -> frozenset[int]:
    """The partitions that a namespace with strong consistency does not serve.

    All are served where fewer nodes are missing than there are copies. Else a partition
    needs one of its copies if more than half of the nodes are there, its master if it
    is just half of them, and all copies if it is less. Source: the vendor's manual on
    strong consistency; approximated.

    :param n_nodes: how many nodes belong to the cluster: its roster.
    :param live: those that are up.
    :param n_copies: copies of each partition while all nodes are up.
    """
    if n_nodes - len(live) < n_copies:
        return frozenset()
    balance, live_nodes = 2 * len(live) - n_nodes, frozenset(live)

    def is_served(copies: tuple[int, ...]) -> bool:
        if balance > 0:
            return not live_nodes.isdisjoint(copies)
        return live_nodes.issuperset(copies[:1] if balance == 0 else copies)

    table = replica_table(tuple(range(n_nodes)), racks)
    return frozenset(
        (partition - shift) % N_PARTITIONS
        for partition, owners in enumerate(table)
        if not is_served(owners[:n_copies])
    )


def _spread(owners: tuple[int, ...], racks: tuple[int, ...]) -> tuple[int, ...]:
    """The owners in another order: no rack comes again before each has come once."""
    seen: Counter[int] = Counter()
    rounds = []
    for place, node in enumerate(owners):
        rounds.append((seen[racks[node]], place, node))
        seen[racks[node]] += 1
    return tuple(node for _, _, node in sorted(rounds))


def bitmap(partitions: Sequence[int]) -> str:
    """The set of partitions as base64 of 512 bytes, most significant bit first."""
    bits = bytearray(BITMAP_SIZE)
    for partition in partitions:
        bits[partition >> 3] |= 0x80 >> (partition & 7)
    return base64.b64encode(bits).decode("ascii")


@lru_cache(maxsize=64)
def replica_bitmaps(
    live: tuple[int, ...],
    columns: int,
    node: int,
    shift: int = 0,
    racks: tuple[int, ...] = (),
    unserved: frozenset[int] = frozenset(),
) -> tuple[str, ...]:
    """Per replica column the partitions for which `node` is that replica, as bitmaps.

    Columns beyond the number of live nodes are empty.

    :param shift: each partition has the owners of the one so many behind it.
    :param unserved: partitions that have no owners.
    """
    table = replica_table(live, racks)
    table = table[shift:] + table[:shift]
    return tuple(
        bitmap(
            [
                p
                for p, owners in enumerate(table)
                if owners[column : column + 1] == (node,) and p not in unserved
            ]
        )
        for column in range(columns)
    )
