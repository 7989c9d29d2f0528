"""Transactions message by message, as a client of the wire protocol sends them.

Written from the page on transactions, like `rawwire`, and independent of any client.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import struct
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from aerospike_devserver import DevCluster

from ..rawwire import (
    BATCH,
    BLOB,
    BOOL,
    DELETE,
    DURABLE,
    GET_ALL,
    LAST,
    LINEARIZE,
    MESSAGE,
    OP_CDT_MODIFY,
    READ,
    WRITE,
    Connection,
    Op,
    Row,
    field,
    message,
    operation,
    parse_rows,
    put,
    put_int,
)

MONITORS = b"<ERO~MRT"
VERSION, ID, DEADLINE = 3, 5, 6
VERIFY, FORWARD, BACK, BY_A_SERVER, ONCE_ONLY = 0x01, 0x02, 0x04, 0x08, 0x10  # info4
BLOCKED, DIFFERS, EXPIRED, TOO_MANY = 120, 121, 122, 123
COMMITTED, ABORTED, ALREADY_LOCKED, EXISTS = 124, 125, 126, 127
OK, NOT_FOUND, INVALID, UNAVAILABLE, UNSUPPORTED, FORBIDDEN = 0, 2, 4, 11, 16, 22
NEVER_THERE = bytes(7)
"""The version of a record that there has never been."""

Fields = Iterable[tuple[int, bytes]]
_ids = itertools.count(int.from_bytes(os.urandom(6), "big") << 8)


@contextlib.contextmanager
def served(*args: Any, **settings: Any) -> Iterator[Connection]:
    """A connection to a server of its own, with settings of DevCluster."""
    with DevCluster(*args, **settings) as made, Connection(*made.hosts[0]) as own:
        yield own


class Answer(NamedTuple):
    """What a test looks at of a reply. n: the bin of that name, None without it."""

    result: int
    n: int | None
    version: bytes | None
    deadline: int | None
    generation: int


def answer_of(row: Row) -> Answer:
    """The parts of a reply; asserts that it has no other fields."""
    assert not set(row.fields) - {VERSION, DEADLINE}
    version, deadline = row.fields.get(VERSION), row.fields.get(DEADLINE)
    assert version is None or len(version) == 7
    found = [value for _, name, particle, value in row.ops if name == b"n"]
    return Answer(
        row.result,
        int.from_bytes(found[0], "big") if found else None,
        version,
        int.from_bytes(deadline, "little") if deadline is not None else None,
        row.generation,
    )


class Client:
    """Single-record commands on records of a set, outside of transactions."""

    def __init__(self, connection: Connection, set_name: bytes = b"demo") -> None:
        self.connection = connection
        self.set_name = set_name

    def send(
        self,
        flags: tuple[int, ...],
        digest: bytes,
        ops: Iterable[Op] = (),
        fields: Fields = (),
        ttl: int = 0,
        generation: int = 0,
        set_name: bytes | None = None,
    ) -> Answer:
        """Any command on one record; info1 to info4."""
        place = [(0, b"test"), (1, set_name or self.set_name), (4, digest)]
        info = (*flags, 0, 0)[:4]
        body = message(info, [*place, *fields], ops, generation, ttl)  # type: ignore[arg-type]
        kind, reply = self.connection.exchange(MESSAGE, body)
        assert kind == MESSAGE
        (row,) = parse_rows(reply)
        return answer_of(row)

    def get(self, digest: bytes, fields: Fields = (), info3: int = 0) -> Answer:
        return self.send((READ | GET_ALL, 0, info3), digest, (), fields)

    def put(
        self,
        digest: bytes,
        n: int,
        fields: Fields = (),
        info2: int = 0,
        info4: int = 0,
        ttl: int = 0,
    ) -> Answer:
        flags = (0, WRITE | info2, 0, info4)
        return self.send(flags, digest, [put_int(b"n", n)], fields, ttl)

    def remove(self, digest: bytes, fields: Fields = (), info2: int = 0) -> Answer:
        """Delete durably."""
        return self.send((0, WRITE | DELETE | DURABLE | info2, 0), digest, (), fields)

    def verify(self, digest: bytes, version: bytes) -> Answer:
        flags = (READ | 0x20, 0, LINEARIZE, VERIFY)
        return self.send(flags, digest, (), [(VERSION, version)])


def number(transaction_id: int) -> bytes:
    """The field of a transaction's number."""
    return struct.pack("<q", transaction_id)


def blob(digest: bytes) -> bytes:
    """A digest inside a list."""
    return b"\xb5\x04" + digest


def append(digests: list[bytes]) -> Op:
    """What registers digests: one, or several."""
    many = b"\x02" + b"\xdc" + struct.pack(">H", len(digests))
    head = b"\x01" if len(digests) == 1 else many
    value = b"\x94" + head + b"".join(map(blob, digests)) + b"\x01\x0d"
    return OP_CDT_MODIFY, b"keyds", BLOB, value


class Transaction(Client):
    """A transaction of a client that remembers nothing but the deadline."""

    def __init__(self, connection: Connection, timeout_s: int = 0) -> None:
        super().__init__(connection)
        self.id = next(_ids)
        self.monitor = os.urandom(20)
        self.timeout_s = timeout_s
        self.deadline = 0

    @property
    def own(self) -> list[tuple[int, bytes]]:
        """The fields of a command of this transaction."""
        return [(ID, number(self.id)), (DEADLINE, struct.pack("<I", self.deadline))]

    def to_monitor(self, *ops: Op, info2: int = 0, ttl: int = 0) -> Answer:
        """A write of the monitor record."""
        flags = (0, WRITE | info2, 0)
        return self.send(flags, self.monitor, ops, ttl=ttl, set_name=MONITORS)

    def register(self, *digests: bytes, is_first: bool | None = None) -> Answer:
        """Tell what is going to be written; the first time this makes the monitor."""
        begin = [put_int(b"id", self.id)]
        first = not self.deadline if is_first is None else is_first
        ops = [*(begin if first else []), append(list(digests))]
        answer = self.to_monitor(*ops, ttl=self.timeout_s)
        self.deadline = answer.deadline or self.deadline
        return answer

    def read(self, digest: bytes, version: bytes | None = None) -> Answer:
        known = [] if version is None else [(VERSION, version)]
        return self.get(digest, [(ID, number(self.id)), *known])

    def write(
        self, digest: bytes, n: int, version: bytes | None = None, info4: int = 0
    ) -> Answer:
        """A write of a record that has been registered."""
        known = [] if version is None else [(VERSION, version)]
        return self.put(digest, n, [*self.own, *known], info4=info4)

    def change(self, digest: bytes, n: int) -> None:
        """Register a record and write it."""
        assert self.register(digest).result == OK
        assert self.write(digest, n).result == OK

    def delete(self, digest: bytes) -> Answer:
        assert self.register(digest).result == OK
        return self.remove(digest, self.own)

    def mark(self) -> Answer:
        """Decide that all is final."""
        return self.to_monitor(put(b"fwd", BOOL, b"\x01"))

    def roll(self, digest: bytes, info4: int) -> Answer:
        return self.send((0, WRITE | DURABLE, 0, info4), digest, (), self.own)

    def close(self, info2: int = DURABLE) -> Answer:
        return self.to_monitor(info2=DELETE | info2)

    def commit(self, *digests: bytes) -> None:
        """All that a client does behind the check of what it has read."""
        assert self.mark().result == OK
        for digest in digests:
            assert self.roll(digest, FORWARD).result == OK
        assert self.close().result == OK


def batch(connection: Connection, rows: Iterable[bytes]) -> Iterator[Answer]:
    """Send rows, each from behind its digest; their replies in order."""
    rows = list(rows)
    data = struct.pack(">IB", len(rows), 0x04)
    data += b"".join(struct.pack(">I", i) + row for i, row in enumerate(rows))
    made = message((READ | BATCH, 0, 0), [(0, b"test"), (41, data)])
    *found, last = connection.stream(made)
    assert last.info3 & LAST
    assert last.result == OK
    assert [each.number for each in found] == list(range(len(rows)))
    return map(answer_of, found)


def row(
    digest: bytes, flags: tuple[int, int, int, int], fields: Fields, ops: list[Op]
) -> bytes:
    """A row of a batch; its place is the set demo."""
    all_fields = [(0, b"test"), (1, b"demo"), *fields]
    parts = [field(*each) for each in all_fields] + [operation(op) for op in ops]
    counts = struct.pack(">HH", len(all_fields), len(ops))
    return digest + bytes((0x12, *flags)) + counts + b"".join(parts)
