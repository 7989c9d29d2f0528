"""Sockets: one thread per cluster that accepts, receives and sends for all its nodes.

The loop knows frames and nothing behind them; `answer` turns one frame into one reply.
Requests of a connection are answered in the order in which they came.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from aerospike_devserver.codec.frame import FrameReader
from aerospike_devserver.handlers.session import Session

T = TypeVar("T")
Answer = Callable[[Session, int, bytes], bytes]

CHUNK_SIZE = 256 * 1024
"""Bytes received at once."""
MAX_PENDING = 4 * 1024 * 1024
"""Bytes of unsent replies above which a connection is not read from."""
BACKLOG = 512


class Connection:
    """One accepted socket. Used on the loop's thread only."""

    def __init__(self, loop: Loop, sock: socket.socket, session: Session) -> None:
        self.session = session
        self._loop = loop
        self._sock = sock
        self._reader = FrameReader()
        self._pending = bytearray()
        loop.selector.register(sock, selectors.EVENT_READ, self._on_event)

    def _on_event(self, mask: int) -> None:
        try:
            if mask & selectors.EVENT_WRITE:
                self._flush()
            if mask & selectors.EVENT_READ:
                self._receive()
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()

    def _receive(self) -> None:
        """Take what has come and answer the frames that are complete."""
        chunk = self._sock.recv(CHUNK_SIZE)
        if not chunk:
            self.close()
            return
        answer, session = self._loop.answer, self.session
        replies = [answer(session, *frame) for frame in self._reader.feed(chunk)]
        if replies:
            self._send(replies[0] if len(replies) == 1 else b"".join(replies))
        if self._reader.failed:
            self.close()

    def _send(self, data: bytes) -> None:
        """Send at once as far as that goes; the loop sends the rest."""
        if self._pending:
            self._pending += data
            self._watch()
            return
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        if sent < len(data):
            self._pending += memoryview(data)[sent:]
            self._watch()

    def _flush(self) -> None:
        sent = self._sock.send(memoryview(self._pending)[:CHUNK_SIZE])
        del self._pending[:sent]
        self._watch()

    def _watch(self) -> None:
        """Wait for room to send, and for more input unless replies pile up."""
        mask = selectors.EVENT_READ if len(self._pending) < MAX_PENDING else 0
        mask |= selectors.EVENT_WRITE if self._pending else 0
        self._loop.selector.modify(self._sock, mask, self._on_event)

    def close(self) -> None:
        """Close the socket, whatever is under way; again does nothing."""
        if self._sock.fileno() < 0:
            return
        self._loop.selector.unregister(self._sock)
        self._sock.close()
        self.session.close()
        self._loop.forget(self)


class Listener:
    """The listening socket of one node, and the connections it has accepted."""

    def __init__(
        self, loop: Loop, host: str, port: int, new_session: Callable[[], Session]
    ) -> None:
        """Listen; port 0 = any free one. OSError if the address is taken."""
        self._loop = loop
        self._new_session = new_session
        self.connections: set[Connection] = set()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._sock.bind((host, port))
            self._sock.listen(BACKLOG)
            self._sock.setblocking(False)
        except OSError:
            self._sock.close()
            raise
        self.port: int = self._sock.getsockname()[1]
        loop.selector.register(self._sock, selectors.EVENT_READ, self._on_event)
        loop.listeners.add(self)

    def _on_event(self, _mask: int) -> None:
        """Accept one connection; what fails before that is the peer's affair."""
        try:
            sock, _ = self._sock.accept()
        except OSError:
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections.add(Connection(self._loop, sock, self._new_session()))

    def close(self) -> None:
        """Stop listening and drop all connections."""
        self._loop.selector.unregister(self._sock)
        self._sock.close()
        self._loop.listeners.discard(self)
        for connection in list(self.connections):
            connection.close()


class Loop:
    """The thread that serves all sockets. `call` runs a function on it.

    housekeeping: called on that thread about every period_s seconds.
    """

    def __init__(
        self, answer: Answer, housekeeping: Callable[[], None], period_s: float
    ) -> None:
        self.answer = answer
        self._housekeeping = housekeeping
        self._period_s = period_s
        self.selector = selectors.DefaultSelector()
        self.listeners: set[Listener] = set()
        self._calls: deque[Callable[[], None]] = deque()
        self._running = True
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        self.selector.register(self._wake_out, selectors.EVENT_READ, self._on_wake)
        self._thread = threading.Thread(
            target=self._run, name="aerospike-devserver", daemon=True
        )
        self._thread.start()

    def _run(self) -> None:
        due_s = time.monotonic() + self._period_s
        while self._running:
            for key, mask in self.selector.select(max(0, due_s - time.monotonic())):
                if key.fileobj.fileno() >= 0:  # type: ignore[union-attr]
                    key.data(mask)
            if time.monotonic() >= due_s:
                self._housekeeping()
                due_s = time.monotonic() + self._period_s
        for listener in list(self.listeners):
            listener.close()
        self.selector.close()

    def _on_wake(self, _mask: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_out.recv(CHUNK_SIZE)
        while self._calls:
            self._calls.popleft()()

    def call(self, function: Callable[[], T]) -> T:
        """Run a function on the loop's thread; its result, or what it raised."""
        if threading.current_thread() is self._thread:
            return function()
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(function())
            except Exception as error:  # noqa: BLE001 - raised in the caller's thread
                future.set_exception(error)

        self._calls.append(run)
        with contextlib.suppress(BlockingIOError):
            self._wake_in.send(b"\0")
        return future.result()

    def forget(self, connection: Connection) -> None:
        """A connection has closed."""
        for listener in self.listeners:
            listener.connections.discard(connection)

    def stop(self) -> None:
        """Close all sockets and end the thread."""

        def end() -> None:
            self._running = False

        self.call(end)
        self._thread.join()
        self._wake_in.close()
        self._wake_out.close()
