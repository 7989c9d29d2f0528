"""A scripted node that answers the requests of transactions.

It keeps no records. It says that all has gone well, unless a test has planned something
else for a step, and it remembers which steps came.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from .peer import (
    END_OF_STREAM,
    MESSAGE,
    HangUp,
    Request,
    ScriptedNode,
    frame,
    parse_request,
    reply,
)

MONITORS = b"<ERO~MRT"
VERSION = bytes(range(1, 8))
DEADLINE = 0x11223344
BATCH = 41

REGISTER, VERIFY, MARK, FORWARD, BACK, CLOSE, GET, PUT = (
    "register",
    "verify",
    "mark",
    "forward",
    "back",
    "close",
    "read",
    "write",
)
OF_INFO4 = {1: VERIFY, 2: FORWARD, 4: BACK}


class Row(NamedTuple):
    """A row of a batch; one that repeats the row before has its bits and fields."""

    number: int
    digest: bytes
    repeats: bool
    mask: int
    info: tuple[int, int, int, int]
    fields: dict[int, bytes]


def rows_of(batch: bytes) -> list[Row]:
    """Take the field apart that has the rows of a batch."""
    (n,) = struct.unpack_from(">I", batch)
    at = 5
    rows: list[Row] = []
    for _ in range(n):
        (number,) = struct.unpack_from(">I", batch, at)
        digest, mask = batch[at + 4 : at + 24], batch[at + 24]
        at += 25
        if mask & 1:
            rows.append(rows[-1]._replace(number=number, digest=digest, repeats=True))
            continue
        info1, info2, info3 = batch[at : at + 3]
        at += 3
        info4 = batch[at] if mask & 0x10 else 0
        at += (
            (1 if mask & 0x10 else 0) + (2 if mask & 4 else 0) + (4 if mask & 8 else 0)
        )
        n_fields, n_ops = struct.unpack_from(">HH", batch, at)
        at += 4
        fields: dict[int, bytes] = {}
        for _ in range(n_fields):
            size, kind = struct.unpack_from(">IB", batch, at)
            fields[kind] = batch[at + 5 : at + 4 + size]
            at += 4 + size
        for _ in range(n_ops):
            at += 4 + struct.unpack_from(">I", batch, at)[0]
        bits = info1, info2, info3, info4
        rows.append(Row(number, digest, False, mask, bits, fields))
    assert at == len(batch)
    return rows


def step_of(request: Request) -> str:
    """Which step of a transaction a request is."""
    info2, info4 = request.info2, request.info4
    if BATCH in request.fields:
        row = rows_of(request.fields[BATCH])[0]
        info2, info4 = row.info[1], row.info[3]
    elif request.fields[1] == MONITORS:
        if info2 & 2:
            return CLOSE
        return MARK if request.ops[0][1] == b"fwd" else REGISTER
    return OF_INFO4.get(info4 & 7, PUT if info2 & 1 else GET)


def field(kind: int, data: bytes) -> bytes:
    """A field of a message."""
    return struct.pack(">IB", 1 + len(data), kind) + data


def answer(request: Request, result: int = 0, has_version: bool | None = None) -> bytes:
    """What a node says that has done, or refused, what it was asked for."""
    step = step_of(request)
    has_version = step == GET if has_version is None else has_version
    fields = [field(3, VERSION)] if has_version else []
    if step == REGISTER:
        fields = [field(6, struct.pack("<I", DEADLINE))]
    if BATCH not in request.fields:
        bins = [(b"SUCCESS", 1, bytes(8))] if 30 in request.fields else []
        return reply(result, bins, fields=fields)
    messages = b""
    for row in rows_of(request.fields[BATCH]):
        reads = not row.info[1] & 1 and not row.info[3]
        own = [field(3, VERSION)] if reads else []
        head = (22, 0, 0, 0, 0, result, 1, 0, row.number, len(own), 0)
        messages += struct.pack(">BBBBBBIIIHH", *head) + b"".join(own)
    return frame(MESSAGE, messages) + END_OF_STREAM


Plan = Callable[["MonitoredNode", Request], bytes]


def says(result: int) -> Plan:
    """The node answers with a result code."""
    return lambda _node, request: answer(request, result)


def hangs_up(_node: MonitoredNode, _request: Request) -> bytes:
    """The node has the request, and closes the connection."""
    raise HangUp


def is_silent(node: MonitoredNode, _request: Request) -> bytes:
    """The node has the request, and never answers."""
    node.ended.wait()
    raise HangUp


class MonitoredNode(ScriptedNode):
    """The node.

    :ivar plans: for a step, what is done with its requests instead.
    :ivar steps: those that came, in order.
    :ivar sent: their requests.
    """

    def __init__(self) -> None:
        super().__init__()
        self.plans: dict[str, Plan] = {}
        self.steps: list[str] = []
        self.sent: list[Request] = []
        self.on_frame = self._take

    def __enter__(self) -> MonitoredNode:
        return self

    def _take(self, kind: int, body: bytes) -> bytes | None:
        if kind != MESSAGE:
            return None
        request = parse_request(body)
        step = step_of(request)
        self.sent.append(request)
        self.steps.append(step)
        plan = self.plans.get(step)
        return plan(self, request) if plan is not None else answer(request)
