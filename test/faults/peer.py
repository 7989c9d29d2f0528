"""A peer that does as a script says: expect this request, send these bytes, hang up.

It answers info requests like a node, so that a client finds it and tends it; what it
does with commands on records is for each test to say. Written from the protocol's
description; shares no code with the development server.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import NamedTuple

from ..waiting import join_all, until, wait_for

INFO, ADMIN, MESSAGE = 1, 2, 3
N_PARTITIONS = 4096
ALL_PARTITIONS = base64.b64encode(b"\xff" * (N_PARTITIONS // 8)).decode()
NO_PARTITIONS = base64.b64encode(bytes(N_PARTITIONS // 8)).decode()

READ, WRITE, ANY = "read", "write", "any"


class Request(NamedTuple):
    """A request on a record, taken apart."""

    info1: int
    info2: int
    info3: int
    info4: int
    generation: int
    ttl: int
    budget_ms: int
    fields: dict[int, bytes]
    ops: list[tuple[int, bytes, int, bytes]]
    """(op code, bin name, particle type, value)."""
    body: bytes

    @property
    def kind(self) -> str:
        """WRITE or READ."""
        return WRITE if self.info2 & 0x01 else READ


def parse_request(body: bytes) -> Request:
    """Take the body of a record message apart; asserts that nothing is left over."""
    head = struct.unpack_from(">BBBBBBIIIHH", body)
    size, info1, info2, info3, info4, _, generation, ttl, budget, n_fields, n_ops = head
    assert size == 22
    at = 22
    fields: dict[int, bytes] = {}
    ops = []
    for _ in range(n_fields):
        (length, kind) = struct.unpack_from(">IB", body, at)
        fields[kind] = body[at + 5 : at + 4 + length]
        at += 4 + length
    for _ in range(n_ops):
        (length, code, particle, _, name_size) = struct.unpack_from(">IBBBB", body, at)
        name = body[at + 8 : at + 8 + name_size]
        ops.append((code, name, particle, body[at + 8 + name_size : at + 4 + length]))
        at += 4 + length
    assert at == len(body)
    return Request(
        info1, info2, info3, info4, generation, ttl, budget, fields, ops, body
    )


def frame(kind: int, body: bytes, version: int = 2) -> bytes:
    """A frame of the protocol."""
    return struct.pack(">Q", version << 56 | kind << 48 | len(body)) + body


def reply(
    result: int = 0,
    bins: Iterable[tuple[bytes, int, bytes]] = (),
    generation: int = 1,
    void_time: int = 0,
    fields: Sequence[bytes] = (),
) -> bytes:
    """The frame of an answer; bins are (name, particle type, value)."""
    ops = b"".join(
        struct.pack(">IBBBB", 4 + len(name) + len(value), 1, particle, 0, len(name))
        + name
        + value
        for name, particle, value in bins
    )
    n_ops = sum(1 for _ in bins)
    n = len(fields)
    head = struct.pack(
        ">BBBBBBIIIHH", 22, 0, 0, 0, 0, result, generation, void_time, 0, n, n_ops
    )
    return frame(MESSAGE, b"".join((head, *fields, ops)))


OK_REPLY = reply()
END_OF_STREAM = frame(MESSAGE, bytes([22, 0, 0, 1]) + bytes(18))
"""Tells that a node has no more records of a query, or rows of a batch."""


class HangUp(Exception):
    """Ends a connection."""


Act = Callable[["ScriptedNode", socket.socket], None]


class Step:
    """What to do with one request; its methods add acts and return the step."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.acts: list[Act] = []

    def send(self, data: bytes) -> Step:
        """Send bytes at once."""
        return self.do(lambda _node, sock: sock.sendall(data))

    def trickle(self, data: bytes, pause_s: float) -> Step:
        """Send bytes one at a time, until the other side or the test ends."""

        def act(node: ScriptedNode, sock: socket.socket) -> None:
            for i in range(len(data)):
                sock.sendall(data[i : i + 1])
                if node.ended.wait(pause_s):
                    raise HangUp

        return self.do(act)

    def wait(self, event: threading.Event) -> Step:
        """Stay silent until an event."""

        def act(_node: ScriptedNode, _sock: socket.socket) -> None:
            wait_for(event)

        return self.do(act)

    def then(self, event: threading.Event) -> Step:
        """Tell that it has come so far."""
        return self.do(lambda _node, _sock: event.set())

    def stay_silent(self) -> Step:
        """Answer nothing more on this connection, but keep it open."""

        def act(node: ScriptedNode, _sock: socket.socket) -> None:
            node.ended.wait()
            raise HangUp

        return self.do(act)

    def hang_up(self) -> Step:
        """Close the connection in order."""

        def act(_node: ScriptedNode, _sock: socket.socket) -> None:
            raise HangUp

        return self.do(act)

    def reset(self) -> Step:
        """Break the connection: the other side sees ECONNRESET."""

        def act(_node: ScriptedNode, sock: socket.socket) -> None:
            sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            raise HangUp

        return self.do(act)

    def do(self, act: Act) -> Step:
        """Do anything."""
        self.acts.append(act)
        return self


class ScriptedNode:
    """A node on a port of loopback. A context manager, each connection a thread.

    Requests meet the steps of `expect` in order. Without a step they get `default`, or
    the connection is closed and `close` raises.

    :param name: node id.
    :param replicas: which copies of the partitions it has: 0 the masters, 1 the
        others, None nothing.
    :param n_accepts: how many connections are accepted; the next ones wait forever.
    :param bound: a socket with an address at which nobody listens yet; without it the
        node has a port of its own.
    :ivar default: what requests without a step are answered with.
    :ivar on_frame: called with type and body of each frame; bytes are its answer, None
        leaves it to the rest.
    :ivar stops_reading: of a record request nothing but the first 8 bytes is read.
    :ivar info: answers to info requests that differ from a good node's.
    :ivar requests: the record requests that came, in order.
    :ivar n_accepted: connections so far, those for tending included.
    """

    def __init__(
        self,
        name: str = "A1",
        replica: int | None = 0,
        n_accepts: int = 1 << 30,
        bound: socket.socket | None = None,
    ) -> None:
        self.name = name
        self.replica = replica
        self.peers: list[ScriptedNode] = []
        self.info: dict[str, str] = {"build": "8.1.2.0", "cluster-name": "null"}
        self.default: bytes | None = None
        self.stops_reading = False
        self.on_frame: Callable[[int, bytes], bytes | None] | None = None
        self.requests: list[Request] = []
        self.info_requests: list[str] = []
        self.n_accepted = 0
        self.ended = threading.Event()
        self._steps: list[Step] = []
        self._failures: list[str] = []
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._n_accepts = n_accepts
        self._listener = bound or bind()
        self._listener.listen(128 if n_accepts > 99 else 0)
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    @property
    def host(self) -> tuple[str, int]:
        """Address and port, as a client's configuration has them."""
        return "127.0.0.1", self.port

    @property
    def text(self) -> str:
        """Address and port, as errors show them."""
        return f"127.0.0.1:{self.port}"

    def expect(self, kind: str = ANY) -> Step:
        """Say what is done with the next request that no step is there for yet."""
        step = Step(kind)
        with self._lock:
            self._steps.append(step)
        return step

    def wait_for_cycles(self, n: int) -> None:
        """Until a client has begun to tend it n more times."""
        so_far = self.info_requests.count("peers-generation")
        until(lambda: self.info_requests.count("peers-generation") >= so_far + n)

    def close(self) -> None:
        """Close everything; AssertionError if the script was not kept.

        A request that the client has sent, and given up, may be read only now.
        """
        with contextlib.suppress(AssertionError):  # told of below
            until(lambda: self._failures or not self._steps)
        self.stop()
        assert not self._failures, self._failures
        assert not self._steps, f"{len(self._steps)} expected requests did not come"

    def stop(self) -> None:
        """Close everything, whatever has happened; again does nothing."""
        self.ended.set()
        self.stop_listening()
        self.hang_up_all()
        join_all(self._threads)

    def stop_listening(self) -> None:
        """Refuse further connections; those that are open stay."""
        wake(self._listener)
        self._threads[0].join(1)  # where shutdown() wakes nobody, it stays in accept()
        self._listener.close()

    def hang_up_all(self) -> None:
        """Close all connections, idle ones too; go on listening."""
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            wake(sock)

    def __enter__(self) -> ScriptedNode:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.stop()

    # threads

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.ended.is_set() and self.n_accepted < self._n_accepts:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.n_accepted += 1
                self._sockets.add(sock)
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            with sock:
                while True:
                    kind, size = receive_head(sock)
                    if kind == MESSAGE and self.stops_reading:
                        self.ended.wait()
                        raise HangUp
                    self._answer(sock, kind, receive(sock, size))
        except (HangUp, EOFError):
            pass
        except OSError as error:
            if error.errno not in (errno.ECONNRESET, errno.EPIPE, errno.EBADF):
                self._failures.append(repr(error))
        finally:
            with self._lock:
                self._sockets.discard(sock)

    def _answer(self, sock: socket.socket, kind: int, body: bytes) -> None:
        if self.on_frame is not None:
            special = self.on_frame(kind, body)
            if special is not None:
                sock.sendall(special)
                return
        if kind == INFO:
            sock.sendall(frame(INFO, self._info_answer(body)))
            return
        request = parse_request(body)
        with self._lock:
            self.requests.append(request)
            step = self._steps.pop(0) if self._steps else None
        if step is None:
            if self.default is None:
                self._failures.append(f"unexpected {request.kind}")
                raise HangUp
            sock.sendall(self.default)
            return
        if step.kind not in (ANY, request.kind):
            self._failures.append(f"{request.kind} instead of {step.kind}")
        for act in step.acts:
            act(self, sock)

    # info

    def _info_answer(self, body: bytes) -> bytes:
        names = body.decode().split("\n")[:-1]
        self.info_requests += names
        return "".join(f"{name}\t{self._value(name)}\n" for name in names).encode()

    def _value(self, name: str) -> str:
        if name in self.info:
            return self.info[name]
        live = [node for node in self.peers if not node.ended.is_set()]
        if name == "node":
            return self.name
        if name == "partition-generation":
            return "1"
        if name == "peers-generation":
            return str(len(live))
        if name == "peers-clear-std":
            peers = ",".join(f"[{node.name},,[{node.text}]]" for node in live)
            return f"{len(live)},3000,[{peers}]"
        if name == "service-clear-std":
            return self.text
        if name == "replicas":
            maps = [
                ALL_PARTITIONS if self.replica == k else NO_PARTITIONS for k in (0, 1)
            ]
            return f"test:0,2,{maps[0]},{maps[1]}"
        if name == "replicas:max=1":
            head, _, rest = self._value("replicas").partition(",")
            return f"{head},1,{rest.split(',')[1]}"
        if name.startswith("cluster-stable:"):
            return "C0FFEE"
        if name.startswith("user-agent-set:"):
            return "ok"
        return "ERROR:4:unrecognized command"


def bind() -> socket.socket:
    """A socket with an address of loopback: connections are refused until it listens,
    and no other program gets the address.
    """
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


def wake(sock: socket.socket) -> None:
    """End a connection, and the wait of the thread that has it, which closes it."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def receive(sock: socket.socket, size: int) -> bytes:
    """Exactly so many bytes; EOFError when the other side hangs up."""
    data = bytearray()
    while len(data) < size:
        chunk = sock.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)


def receive_head(sock: socket.socket) -> tuple[int, int]:
    """Type, and size of the body, of the next frame."""
    (head,) = struct.unpack(">Q", receive(sock, 8))
    return head >> 48 & 0xFF, head & (1 << 48) - 1
