"""A relay between a client and a node that holds back, cuts off or changes bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

from ..waiting import PATIENCE_S, join_all

FOREVER = 1 << 60


class Relay:
    """Passes bytes on, each way, over any number of connections. A context manager.

    :ivar address: where clients connect to.
    :ivar passes: so many bytes of the node's go through on each connection...
    :ivar hangs_up: ...and then the connection is closed; else nothing follows.
    :ivar changes: which byte of the node's is changed on its way; None: none.
    :ivar passed: bytes of the node's that went through, of all connections.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.passes = FOREVER
        self.hangs_up = False
        self.changes: int | None = None
        self.passed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self._sockets = [self._listener]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _start(self, *args: socket.socket, back: bool) -> None:
        thread = threading.Thread(target=self._pump, args=(*args, back))
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                node = socket.create_connection(self.target, PATIENCE_S)
                self._sockets += client, node
                self._start(client, node, back=False)
                self._start(node, client, back=True)

    def _pump(self, source: socket.socket, to: socket.socket, back: bool) -> None:
        done = 0
        with contextlib.suppress(OSError):
            while data := source.recv(16384):
                if back:
                    data = self._changed(data, done)
                    data = data[: max(self.passes - done, 0)]
                    self.passed += len(data)
                to.sendall(data)
                done += len(data)
                if back and done >= self.passes and self.hangs_up:
                    break
            if back and not self.hangs_up and done >= self.passes:
                return  # the client hears no more of it
            to.shutdown(socket.SHUT_RDWR)

    def _changed(self, data: bytes, done: int) -> bytes:
        at = FOREVER if self.changes is None else self.changes - done
        if not 0 <= at < len(data):
            return data
        return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(PATIENCE_S)
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        join_all(self._threads)
        for sock in self._sockets:
            sock.close()
