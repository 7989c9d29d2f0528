"""A gate before a node: it counts the messages on records that come, and does something
when a certain one is there.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType

from .monitored import step_of
from .peer import MESSAGE, frame, parse_request, receive, receive_head

BEFORE, AFTER = "before", "after"


class Gate:
    """A context manager; each connection of a client has a thread.

    :param node: where it leads.
    :param at: the number of the message, from 0 on, that something happens at.
    :param when: BEFORE the node gets it, or AFTER it has answered, of which the client
        then never hears.
    :param strike: what happens besides: the connection is closed.
    :ivar steps: of the messages that came, in order.
    """

    def __init__(
        self,
        node: tuple[str, int],
        at: int = -1,
        when: str = BEFORE,
        strike: Callable[[], object] = lambda: None,
    ) -> None:
        self.steps: list[str] = []
        self._node = node
        self._at = at
        self._when = when
        self._strike = strike
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host: tuple[str, int] = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Gate:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(
                    target=self._serve, args=(client,), daemon=True
                ).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError, EOFError),
            client,
            socket.create_connection(self._node) as node,
        ):
            while True:
                kind, size = receive_head(client)
                body = receive(client, size)
                is_struck = kind == MESSAGE and self._is_struck(body)
                if is_struck and self._when == BEFORE:
                    self._strike()
                    return
                node.sendall(frame(kind, body))
                answer = receive_answer(node, kind, body)
                if is_struck:
                    self._strike()
                    return
                client.sendall(answer)

    def _is_struck(self, body: bytes) -> bool:
        with self._lock:
            self.steps.append(step_of(parse_request(body)))
            return len(self.steps) - 1 == self._at


def receive_answer(node: socket.socket, kind: int, request: bytes) -> bytes:
    """The answer to a request: one frame, or for a batch all up to the last one."""
    is_batch = kind == MESSAGE and bool(request[1] & 8)
    whole = b""
    while True:
        _, size = receive_head(node)
        body = receive(node, size)
        whole += frame(kind, body)
        # the last message of a batch is its header alone
        if not is_batch or (len(body) >= 22 and body[-22] == 22 and body[-19] & 1):
            return whole
