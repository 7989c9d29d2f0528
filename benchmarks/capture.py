"""The bytes that a client sends, for loops in C that send the same."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import aerospike

MESSAGE = 3  # the type of a frame about records; others are for tending


@contextlib.contextmanager
def relayed(
    node: tuple[str, int], see: Callable[[bytes, bool], None]
) -> Iterator[tuple[str, int]]:
    """A place before a node, where what passes is seen.

    :param see: gets each piece of bytes, and whether it comes from the client.
    """

    def pump(source: socket.socket, to: socket.socket, is_request: bool) -> None:
        while data := source.recv(1 << 20):
            see(data, is_request)
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)

    def relay(listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(node)
            for args in ((client, server, True), (server, client, False)):
                threading.Thread(target=pump, args=args, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=relay, args=(listener,), daemon=True).start()
        yield listener.getsockname()


def requests_of(call: Callable[[Any], object], node: tuple[str, int]) -> list[bytes]:
    """What a client sends to a node while something is called with it."""
    seen: list[bytes] = []

    def see(data: bytes, is_request: bool) -> None:
        if is_request and data[1] == MESSAGE:
            seen.append(data)

    with relayed(node, see) as place:
        config = {"hosts": [place], "force_single_node": True}
        with aerospike.client(config) as client:
            call(client)
    return seen


def request_of(call: Callable[[Any], object], node: tuple[str, int]) -> bytes:
    """What a client sends to a node for a call, which is made once."""
    return requests_of(call, node)[-1]
