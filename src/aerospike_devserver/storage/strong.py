"""A namespace with strong consistency: versions of records, and transactions.

What a transaction writes is provisional: it stands beside the records, which others
still see as they were, and locks them, until it is rolled forward or back. Whoever can
see no more than the records sees no more than is final. Approximated, as the Community
Edition has neither. Source: the page on transactions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum

from aerospike_devserver.clock import EPOCH_S
from aerospike_devserver.config import NamespaceConfig
from aerospike_devserver.ownership import partition_of
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.record import Record

MAX_WRITES = 4096
"""Records that a transaction may write."""
DURATION_S = 10
"""How long a transaction may take that does not say; source: `mrt-duration`."""
MAX_DURATION_S = 120
"""The most that it may say."""
REMEMBERED_S = 3600
"""How long a transaction that the server has ended is known; then nobody asks."""

_ROLLS = {False: "mrt_roll_back_success", True: "mrt_roll_forward_success"}
_OWN_ROLLS = {
    False: "mrt_monitor_roll_back_success",
    True: "mrt_monitor_roll_forward_success",
}
"""What counts the rolls of records; those by the server alone are among the first."""

_LUT_BITS, _GENERATION_BITS = 40, 16


class State(Enum):
    """What is to become of what a transaction has written."""

    OPEN = "nobody has decided"
    FORWARD = "it is made final"
    BACK = "it is thrown away"


class Transaction:
    """A transaction that has a monitor record, which this stands for.

    id: signed, 64 bits. deadline_s: since 2010; the server ends it by itself behind
    that second. generation: of the monitor record. keys: digests that may be written.
    written: what is provisional, by digest; a record without bins is deleted.
    """

    __slots__ = ("deadline_s", "generation", "id", "keys", "state", "written")

    def __init__(self, transaction_id: int, deadline_s: int) -> None:
        self.id = transaction_id
        self.deadline_s = deadline_s
        self.generation = 0
        self.state = State.OPEN
        self.keys: set[bytes] = set()
        self.written: dict[bytes, Record] = {}

    def register(self, digests: Iterable[bytes]) -> None:
        """Take in what is to be written; ServerError 123, and nothing is taken in."""
        keys = self.keys.union(digests)
        if len(keys) > MAX_WRITES:
            raise ServerError(Result.MRT_TOO_MANY_WRITES)
        self.keys = keys

    def is_late(self, now_s: int) -> bool:
        """Whether its time is over."""
        return now_s > self.deadline_s

    @property
    def is_active(self) -> bool:
        """Whether there is something left to do."""
        return bool(self.written) or self.state is State.OPEN


class StrongNamespace(Namespace):
    """The records of a namespace with strong consistency.

    Each has a version, in the attribute of that name: no two that a digest has had are
    equal. transactions: by id; monitors: the same by the digests of their monitor
    records; locks: by the digest of a record, the transaction that has written it.
    is_watched: somebody looks for transactions whose time is over. counts: what has
    happened, by the names that info has for it.
    """

    def __init__(self, config: NamespaceConfig) -> None:
        self._last_update = 0
        self.is_watched = False
        self.counts: Counter[str] = Counter()
        super().__init__(config)

    def clear(self) -> None:
        super().clear()
        self.transactions: dict[int, Transaction] = {}
        self.monitors: dict[bytes, Transaction] = {}
        self.locks: dict[bytes, Transaction] = {}

    # Records

    def _stamp(self, record: Record) -> None:
        """Give a record its version: ms since 2010, 40 bits, then the generation."""
        written = record.last_update_ms - EPOCH_S * 1000
        self._last_update = max(self._last_update + 1, written)
        lut = self._last_update & (1 << _LUT_BITS) - 1
        record.version = lut | record.generation << _LUT_BITS

    def find(self, digest: bytes, now_s: int) -> Record | None:
        self.holder(digest, now_s)  # one whose time is over may write the record now
        return super().find(digest, now_s)

    def put(self, digest: bytes, record: Record) -> None:
        self._stamp(record)
        super().put(digest, record)

    def remove(self, digest: bytes, tombstone: Record | None) -> None:
        if tombstone is not None:
            self._stamp(tombstone)
        super().remove(digest, tombstone)

    def touch(self, digest: bytes, record: Record, before: Record) -> None:
        """A transaction that has read the record may commit; a locked one stays."""
        if digest not in self.locks:
            record.version = before.version
            super().put(digest, record)

    def version_of(self, digest: bytes, now_s: int) -> int:
        """The version of what is final, 0 = there is no record, and never was."""
        found = self.find(digest, now_s) or self.tombstones.get(digest)
        return found.version if found is not None else 0

    # Transactions

    def begin(
        self,
        monitor: bytes,
        transaction_id: int,
        deadline_s: int,
        digests: Iterable[bytes],
    ) -> Transaction:
        """A new transaction; ServerError 127 if it has begun already, or 123.

        :param monitor: the digest of its monitor record.
        :param digests: of the records that it is going to write first.
        """
        if transaction_id in self.transactions or monitor in self.monitors:
            raise ServerError(Result.MRT_MONITOR_EXISTS)
        made = Transaction(transaction_id, deadline_s)
        made.register(digests)
        self.transactions[transaction_id] = self.monitors[monitor] = made
        return made

    def monitor(self, digest: bytes, now_s: int) -> Transaction | None:
        """The transaction of a monitor record."""
        return self._current(self.monitors.get(digest), now_s)

    def transaction(self, transaction_id: int, now_s: int) -> Transaction | None:
        """A transaction, unless it was closed or never had a monitor record."""
        return self._current(self.transactions.get(transaction_id), now_s)

    def holder(self, digest: bytes, now_s: int) -> Transaction | None:
        """The transaction that has locked a record."""
        found = self._current(self.locks.get(digest), now_s)
        return found if digest in self.locks else None

    def _current(self, found: Transaction | None, now_s: int) -> Transaction | None:
        """A transaction as it is now: one whose time is over has been ended."""
        if found is not None and found.is_late(now_s):
            self._end(found)
        return found

    def hold(self, transaction: Transaction, digest: bytes, record: Record) -> None:
        """Lock a record for the transaction that writes it."""
        transaction.keys.add(digest)
        transaction.written[digest] = record
        self.locks[digest] = transaction

    def roll(self, transaction: Transaction, digest: bytes, is_forward: bool) -> None:
        """Make final what a transaction has written, or throw it away; then unlock.

        A record that the transaction does not hold stays as it is.
        """
        written = transaction.written.pop(digest, None)
        if written is None:
            return
        del self.locks[digest]
        self.counts[_ROLLS[is_forward]] += 1
        if not is_forward:
            return
        if written.bins:
            self.put(digest, written)
        elif digest in self.partitions[partition_of(digest)]:
            self.remove(digest, written)

    def _end(self, transaction: Transaction) -> None:
        """Roll all that is left as was decided: back if nobody has decided."""
        if transaction.state is State.OPEN:
            transaction.state = State.BACK
        is_forward = transaction.state is State.FORWARD
        self.counts[_OWN_ROLLS[is_forward]] += len(transaction.written)
        for digest in list(transaction.written):
            self.roll(transaction, digest, is_forward)

    def close(self, monitor: bytes) -> None:
        """Forget a transaction, as its monitor record is deleted."""
        transaction = self.monitors.pop(monitor)
        self._end(transaction)
        del self.transactions[transaction.id]

    @property
    def has_open(self) -> bool:
        """Whether the server may have to end a transaction."""
        return any(each.is_active for each in self.monitors.values())

    def end_late(self, now_s: int) -> None:
        """End the transactions whose time is over, and forget those of long ago."""
        for monitor, transaction in list(self.monitors.items()):
            if transaction.is_late(now_s):
                self._end(transaction)
                if transaction.is_late(now_s - REMEMBERED_S):
                    self.close(monitor)

    def reap(self, now_s: int) -> Iterator[None]:
        self.end_late(now_s)
        yield from super().reap(now_s)
