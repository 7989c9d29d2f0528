"""A raw client of the wire protocol for tests: bytes out, bytes in, nothing hidden.

Written from the protocol's description and independent of the server's own codec.
"""

from __future__ import annotations

import base64
import socket
import ssl
import struct
from collections.abc import Iterable
from typing import NamedTuple

from aerospike_devserver.handlers.udf.scripts import NO_LUPA

from ...absent import need
from ...waiting import PATIENCE_S

NO_LUPA_CODE = base64.b64encode(NO_LUPA.encode()).decode()
"""Why a module is refused on a Python that has no lupa."""

INFO, ADMIN, MESSAGE, COMPRESSED, XDR = 1, 2, 3, 4, 5

READ, GET_ALL, BATCH, GET_NO_BINS = 0x01, 0x02, 0x08, 0x20  # info1
WRITE, DELETE, GEN, GEN_GT, DURABLE = 0x01, 0x02, 0x04, 0x08, 0x10  # info2
CREATE_ONLY, RESPOND_ALL = 0x20, 0x80
LAST, PARTITION_DONE = 0x01, 0x04  # info3
UPDATE_ONLY, CREATE_OR_REPLACE, REPLACE_ONLY, LINEARIZE = (
    0x08,
    0x10,
    0x20,
    0x40,
)  # info3

OP_READ, OP_WRITE, OP_CDT_READ, OP_CDT_MODIFY, OP_INCR = 1, 2, 3, 4, 5
OP_EXP_READ, OP_APPEND, OP_PREPEND, OP_TOUCH, OP_DELETE_ALL = 7, 9, 10, 11, 14

NULL, INT, FLOAT, STRING, BLOB = 0, 1, 2, 3, 4
BOOL, HLL, MAP, LIST, GEO = 17, 18, 19, 20, 23
NEVER, UNCHANGED = 0xFFFFFFFF, 0xFFFFFFFE

Op = tuple[int, bytes, int, bytes]
"""(op code, bin name, particle type, value)."""


class Reply(NamedTuple):
    """A parsed answer to a record command."""

    result: int
    generation: int
    void_time: int
    ops: list[Op]

    @property
    def bins(self) -> dict[bytes, tuple[int, bytes]]:
        """Entries by bin name; of several the last."""
        return {name: (particle, value) for _, name, particle, value in self.ops}


def i64(number: int) -> bytes:
    """An integer value of 8 bytes."""
    return struct.pack(">q", number)


def f64(number: float) -> bytes:
    """A double value."""
    return struct.pack(">d", number)


def put_int(name: bytes, number: int) -> Op:
    """WRITE of an integer."""
    return OP_WRITE, name, INT, i64(number)


def put(name: bytes, particle: int, value: bytes) -> Op:
    """WRITE of any value."""
    return OP_WRITE, name, particle, value


def get(name: bytes) -> Op:
    """READ of a bin."""
    return OP_READ, name, NULL, b""


TOUCH: Op = (OP_TOUCH, b"", NULL, b"")
DELETE_ALL: Op = (OP_DELETE_ALL, b"", NULL, b"")
READ_ALL: Op = (OP_READ, b"", NULL, b"")


def proto(kind: int, body: bytes, version: int = 2) -> bytes:
    """A frame."""
    return struct.pack(">Q", version << 56 | kind << 48 | len(body)) + body


def field(kind: int, data: bytes) -> bytes:
    """A message field."""
    return struct.pack(">IB", len(data) + 1, kind) + data


def operation(op: Op) -> bytes:
    """An operation."""
    code, name, particle, value = op
    head = struct.pack(
        ">IBBBB", 4 + len(name) + len(value), code, particle, 0, len(name)
    )
    return head + name + value


def message(
    flags: tuple[int, int, int] | tuple[int, int, int, int],
    fields: Iterable[tuple[int, bytes]],
    ops: Iterable[Op] = (),
    generation: int = 0,
    ttl: int = 0,
) -> bytes:
    """The body of a record command; flags are info1, info2, info3 (, info4)."""
    fields, ops = list(fields), list(ops)
    info = (*flags, 0)[:4]
    head = struct.pack(
        ">BBBBBBIIIHH", 22, *info, 0, generation, ttl, 1000, len(fields), len(ops)
    )
    return head + b"".join(
        [field(*item) for item in fields] + [operation(op) for op in ops]
    )


class Row(NamedTuple):
    """A message of a reply that has several."""

    info1: int
    info3: int
    result: int
    generation: int
    number: int
    fields: dict[int, bytes]
    ops: list[Op]


def parse_rows(body: bytes) -> list[Row]:
    """The messages of a body; asserts that there is nothing else."""
    rows, offset = [], 0
    while offset < len(body):
        head = struct.unpack_from(">BBBBBBIIIHH", body, offset)
        size, info1, _, info3, _, result, generation, _, index, n_fields, n_ops = head
        assert size == 22
        offset += 22
        fields: dict[int, bytes] = {}
        for _ in range(n_fields):
            field_size, kind = struct.unpack_from(">IB", body, offset)
            fields[kind] = body[offset + 5 : offset + 4 + field_size]
            offset += 4 + field_size
        ops: list[Op] = []
        for _ in range(n_ops):
            op, offset = parse_op(body, offset)
            ops.append(op)
        rows.append(Row(info1, info3, result, generation, index, fields, ops))
    return rows


def parse_op(body: bytes, offset: int) -> tuple[Op, int]:
    """An entry of a reply, and the offset behind it."""
    op_size, code, particle, _, name_len = struct.unpack_from(">IBBBB", body, offset)
    name_end = offset + 8 + name_len
    end = offset + 4 + op_size
    return (code, body[offset + 8 : name_end], particle, body[name_end:end]), end


def parse_reply(body: bytes) -> Reply:
    """The one message of a body; asserts that it is exactly that."""
    head = struct.unpack_from(">BBBBBBIIIHH", body)
    size, _, _, _, _, result, generation, void_time, _, n_fields, n_ops = head
    assert size == 22
    assert n_fields == 0
    offset, ops = 22, []
    for _ in range(n_ops):
        op, offset = parse_op(body, offset)
        ops.append(op)
    assert offset == len(body)
    return Reply(result, generation, void_time, ops)


class Connection:
    """One socket to a node, over TLS with a context; every wait has its end."""

    def __init__(
        self,
        host: str,
        port: int,
        name: str | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        sock = socket.create_connection((host, port), timeout=PATIENCE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            sock = context.wrap_socket(sock, server_hostname=name)
        self.sock = sock

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def receive(self, size: int) -> bytes:
        """Exactly so many bytes; EOFError if the server hangs up before."""
        data = bytearray()
        while len(data) < size:
            chunk = self.sock.recv(size - len(data))
            if not chunk:
                raise EOFError(f"{len(data)} of {size} bytes")
            data += chunk
        return bytes(data)

    def receive_frame(self) -> tuple[int, bytes]:
        """(type, body) of the next frame."""
        (header,) = struct.unpack(">Q", self.receive(8))
        assert header >> 56 == 2
        return header >> 48 & 0xFF, self.receive(header & (1 << 48) - 1)

    def exchange(self, kind: int, body: bytes) -> tuple[int, bytes]:
        """Send a frame, receive the answer."""
        self.send(proto(kind, body))
        return self.receive_frame()

    def command(self, body: bytes) -> Reply:
        """Send the body of a record command."""
        kind, answer = self.exchange(MESSAGE, body)
        assert kind == MESSAGE
        return parse_reply(answer)

    def stream(self, body: bytes) -> list[Row]:
        """Send the body of a batch or query; all messages up to the one that ends it.

        A single one that is not marked as the last refuses the request.
        """
        self.send(proto(MESSAGE, body))
        rows: list[Row] = []
        while not rows or not rows[-1].info3 & LAST:
            kind, answer = self.receive_frame()
            assert kind == MESSAGE
            rows += parse_rows(answer)
            if len(rows) == 1 and rows[0].result and not rows[0].info3:
                break
        return rows

    def info(self, *commands: str) -> list[str]:
        """The values that info commands are answered with."""
        text = "".join(command + "\n" for command in commands)
        kind, body = self.exchange(INFO, text.encode())
        assert kind == INFO
        lines = body.decode().split("\n")
        assert lines.pop() == ""
        assert [line.partition("\t")[0] for line in lines] == list(commands)
        answers = [line.partition("\t")[2] for line in lines]
        if any(NO_LUPA_CODE in answer for answer in answers):
            need("lupa")
        return answers

    def is_closed(self) -> bool:
        """Whether the server hangs up, or has, without sending anything."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True


class RecordClient:
    """Commands on the record of one digest in one set."""

    def __init__(
        self, connection: Connection, digest: bytes, set_name: bytes | None = b"demo"
    ) -> None:
        self.connection = connection
        self.digest = digest
        self.set_name = set_name

    def fields(self, *more: tuple[int, bytes]) -> list[tuple[int, bytes]]:
        """Namespace, set (unless it is None), digest, and more."""
        set_field = [] if self.set_name is None else [(1, self.set_name)]
        return [(0, b"test"), *set_field, (4, self.digest), *more]

    def command(
        self,
        flags: tuple[int, int, int] | tuple[int, int, int, int],
        *ops: Op,
        generation: int = 0,
        ttl: int = 0,
        fields: Iterable[tuple[int, bytes]] = (),
    ) -> Reply:
        """Any command."""
        body = message(flags, self.fields(*fields), ops, generation, ttl)
        return self.connection.command(body)

    def write(self, *ops: Op, ttl: int = 0, info2: int = 0, info3: int = 0) -> Reply:
        """A write of these operations."""
        return self.command((0, WRITE | info2, info3), *ops, ttl=ttl)

    def operate(
        self, *ops: Op, info1: int = 0, info2: int = 0, info3: int = 0
    ) -> Reply:
        """A command that reads and writes."""
        return self.command((READ | info1, WRITE | info2, info3), *ops)

    def read(self, *ops: Op, info2: int = 0, ttl: int = 0) -> Reply:
        """A pure read of these operations."""
        return self.command((READ, info2, 0), *ops, ttl=ttl)

    def get(self, *, ttl: int = 0, fields: Iterable[tuple[int, bytes]] = ()) -> Reply:
        """All bins."""
        return self.command((READ | GET_ALL, 0, 0), ttl=ttl, fields=fields)

    def exists(self) -> Reply:
        """Metadata only."""
        return self.command((READ | GET_NO_BINS, 0, 0))

    def remove(self, *, info2: int = 0, generation: int = 0) -> Reply:
        """The delete command."""
        return self.command((0, WRITE | DELETE | info2, 0), generation=generation)
