"""Queries for tests: a set of records of one's own, its indexes, how to ask them."""

from __future__ import annotations

import base64
import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aerospike_devserver import DevCluster

from ...waiting import until
from .packing import particle
from .rawwire import (
    DELETE,
    GEO,
    INT,
    PARTITION_DONE,
    READ,
    STRING,
    WRITE,
    Connection,
    Op,
    Row,
    i64,
    message,
    put,
)

ALL = (11, struct.pack("<4096H", *range(4096)))
Fields = Iterable[tuple[int, bytes]]


def span(name: bytes, low: int, high: int | None = None) -> tuple[int, bytes]:
    """A range of integers."""
    return condition(name, INT, i64(low), i64(low if high is None else high))


def equal(name: bytes, text: bytes, kind: int = STRING) -> tuple[int, bytes]:
    """A string or blob."""
    return condition(name, kind, text, text)


def geo(name: bytes, text: str) -> tuple[int, bytes]:
    """A region for points, or a point for regions."""
    return condition(name, GEO, text.encode(), text.encode())


def condition(name: bytes, kind: int, low: bytes, high: bytes) -> tuple[int, bytes]:
    """The field of an index range."""
    bounds = b"".join(struct.pack(">I", len(bound)) + bound for bound in (low, high))
    return 22, bytes([1, len(name)]) + name + bytes([kind]) + bounds


def geo_bin(name: bytes, text: str) -> Op:
    """WRITE of GeoJSON."""
    return put(name, GEO, b"\0\0\0" + text.encode())


def base64_of(data: bytes) -> str:
    """As info commands take a context or an expression."""
    return base64.b64encode(data).decode()


def streams(cluster: DevCluster) -> list[Any]:
    """The server's side of connections whose reply is under way."""
    assert cluster._loop is not None
    return [
        connection
        for listener in list(cluster._loop.listeners)
        for connection in list(listener.connections)
        if getattr(connection, "_stream", None) is not None  # a handshake has none
    ]


class Shelf:
    """A set of records with digests of one's own, and indexes on it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.set_name = b"x%s" % os.urandom(5).hex().encode()
        self.digests: dict[object, bytes] = {}
        self.indexes: list[str] = []

    def digest_of(self, label: object) -> bytes:
        """The digest of a record: made up when it is first asked for."""
        return self.digests.setdefault(label, os.urandom(20))

    def fields(self, *more: tuple[int, bytes]) -> list[tuple[int, bytes]]:
        """Namespace, set, and more."""
        return [(0, b"test"), (1, self.set_name), *more]

    def store(self, label: object, *ops: Op, **options: int) -> None:
        """Write a record."""
        fields = self.fields((4, self.digest_of(label)))
        body = message((0, WRITE, 0), fields, ops, **options)
        assert self.connection.command(body).result == 0

    def fill(self, records: Mapping[object, Mapping[bytes, object]]) -> None:
        """Write records of plain values."""
        for label, bins in records.items():
            ops = [put(name, *particle(value)) for name, value in bins.items()]
            self.store(label, *ops)

    def delete(self, label: object) -> int:
        """Delete a record; the result."""
        fields = self.fields((4, self.digest_of(label)))
        return self.connection.command(message((0, WRITE | DELETE, 0), fields)).result

    def index(self, parameters: str, *, name: str | None = None, build: bool = True):
        """Make an index of this set and wait until it is built; its name."""
        name = name or f"{self.set_name.decode()}{len(self.indexes)}"
        command = (
            f"sindex-create:namespace=test;set={self.set_name.decode()};"
            f"indexname={name};{parameters}"
        )
        assert self.connection.info(command) == ["ok"]
        self.indexes.append(name)
        if build:
            self.wait_for(name)
        return name

    def wait_for(self, name: str) -> None:
        """Until an index is built."""

        def is_built() -> bool:
            rows = self.connection.info("sindex-list:")[0].split(";")
            return any(
                f":indexname={name}:" in row and ":state=RW" in row for row in rows
            )

        until(is_built)

    def rows(
        self,
        *fields: tuple[int, bytes],
        ops: Iterable[Op] = (),
        info: tuple[int, int, int] = (READ, 0, PARTITION_DONE),
        partitions: Fields = (ALL,),
    ) -> list[Row]:
        """The messages of a query's reply, in the order in which they come."""
        task = [] if any(kind == 7 for kind, _ in fields) else [(7, os.urandom(8))]
        own = [] if any(kind == 1 for kind, _ in fields) else [(1, self.set_name)]
        everything = [(0, b"test"), *own, *task, *fields, *partitions]
        return self.connection.stream(message(info, everything, ops))

    def labels(self, *fields: tuple[int, bytes], **options) -> list[object]:
        """The records that a query finds, sorted."""
        *rows, last = self.rows(*fields, **options)
        assert (last.info3, last.result) == (1, 0)
        names = {digest: label for label, digest in self.digests.items()}
        return sorted((names[row.fields[4]] for row in rows), key=str)

    def refusal(self, *fields: tuple[int, bytes], **options) -> int:
        """The result of the only message, which is not the last of a stream."""
        (only,) = self.rows(*fields, **options)
        assert only.info3 == 0
        return only.result

    def clear(self) -> None:
        """Drop the indexes and delete the records."""
        for name in self.indexes:
            self.connection.info(f"sindex-delete:namespace=test;indexname={name}")
        for label in self.digests:
            self.delete(label)


def bval_of(row: Row) -> int:
    """The number that stands for the value of a row."""
    (number,) = struct.unpack("<q", row.fields[15])
    return int(number)


def pages(shelf: Shelf, where: tuple[int, bytes], size: int) -> Iterator[list[Row]]:
    """All pages of a query on an index, until one is not full."""
    waiting = set(range(4096))
    begun: dict[int, Row] = {}
    while True:
        fields = [(11, struct.pack(f"<{len(waiting)}H", *sorted(waiting)))]
        if begun:
            fields.append((12, b"".join(row.fields[4] for row in begun.values())))
            fields.append((15, b"".join(row.fields[15] for row in begun.values())))
        limit = (13, struct.pack(">Q", size))
        *rows, _ = shelf.rows(where, limit, partitions=fields)
        yield rows
        if len(rows) < size:
            return
        for row in rows:
            partition = int.from_bytes(row.fields[4][:2], "little") & 4095
            begun[partition] = row
            waiting.discard(partition)
