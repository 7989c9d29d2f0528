"""FaultProxy: faults before any server, also a real one.

    with FaultProxy([("127.0.0.1", 3000)]) as proxy:
        client = aerospike.client({"hosts": proxy.hosts})
        with proxy.faults.silence(commands="write", nth=3):
            ...

It is the transport of the development server, whose replies come from the nodes behind
the proxy. What these say of their addresses is rewritten, so that clients find all
nodes behind the proxy. What clients and nodes encrypt passes as it is.
"""

from __future__ import annotations

import contextlib
import errno
import re
import selectors
import socket
import threading
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aerospike_devserver.codec.frame import (
    HEADER_SIZE,
    FrameReader,
    ProtoType,
    frame,
)
from aerospike_devserver.codec.message import RESULT_OFFSET, Info3
from aerospike_devserver.config import LOCALHOST, Address
from aerospike_devserver.faults import (
    BATCH,
    QUERY,
    Faults,
    Ground,
    command_of,
    index_in,
)
from aerospike_devserver.reply import End, Reply, Stream, Wait
from aerospike_devserver.transport import CHUNK_SIZE, Listener, Loop

if TYPE_CHECKING:
    from typing_extensions import Self

LIMIT_S = 5.0
"""How long a node may take to say who it is when the proxy starts."""
_PERIOD_S = 3600.0
_INFO3_OFFSET = HEADER_SIZE + 3

_PEER = re.compile(r"\[([^,\[\]]+),([^,\[\]]*),\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\]")
"""A peer: its name, its name for TLS, its addresses."""
_ADDRESS = re.compile(r"(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?")
_OWN = ("service", "service-clear-std", "service-clear-alt")
_PEERS = ("peers-clear-std", "peers-clear-alt", "alumni-clear-std")
_OTHERS = ("services", "services-alumni")


def _peers(value: str) -> list[tuple[str, Address]]:
    """Names and first addresses of the peers in `generation,port,[peer,...]`."""
    default = value.split(",")[1]
    found = []
    for name, _, addresses in _PEER.findall(value):
        first = _ADDRESS.match(addresses)
        if first is not None:
            port = int(first[3] or default)
            found.append((name, Address(first[1] or first[2], port)))
    return found


class _Node:
    """A node behind the proxy. name: "" until it has said it."""

    def __init__(self, index: int, target: Address, name: str) -> None:
        self.index = index
        self.target = target
        self.name = name
        self.listener: Listener | None = None
        self.address = Address("", 0)


class _Link:
    """A connection to a node that belongs to one of a client: what a session is to the
    transport.
    """

    feed: Callable[[bytes], None] | None = None

    def __init__(self, node: _Node) -> None:
        self.node = node
        self.stall_limit_s = 0.0
        self._sock: socket.socket | None = None

    def close(self) -> None:
        """Hang up."""
        if self._sock is not None:
            self._sock.close()

    def connect(self) -> socket.socket:
        """The socket, which may still be connecting. OSError if it cannot."""
        if self._sock is None:
            host, port = self.node.target
            self._sock = _dial(host, port, None)
        return self._sock


class _Tunnel(_Link):
    """The same for bytes that pass as they are, both ways at once."""

    def __init__(self, node: _Node, loop: Loop) -> None:
        super().__init__(node)
        self._loop = loop
        self._pending = bytearray()
        self._up: socket.socket | None = None
        self.feed = self._send

    def close(self) -> None:
        """Hang up."""
        super().close()
        if self._up is not None:
            self._loop.watch(self._up, 0, self._flush)
            self._up.close()

    def come_down(self) -> Stream:
        """What the node sends."""
        try:
            yield from _received(self.connect())
        except OSError:
            yield End.CLOSE

    def _send(self, data: bytes) -> None:
        """Send to the node. The loop watches the socket itself for what comes down, and
        a copy for this."""
        if self._up is None:
            self._up = self.connect().dup()
        self._pending += data
        self._flush(0)

    def _flush(self, _mask: int) -> None:
        assert self._up is not None
        with contextlib.suppress(BlockingIOError):
            sent = self._up.send(memoryview(self._pending)[:CHUNK_SIZE])
            del self._pending[:sent]
        mask = selectors.EVENT_WRITE if self._pending else 0
        self._loop.watch(self._up, mask, self._flush)


def _dial(host: str, port: int, limit_s: float | None) -> socket.socket:
    """A connection to a node; with no limit, one that is begun and does not block."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(limit_s or 0.0)
        with contextlib.suppress(BlockingIOError):
            sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def _sent(sock: socket.socket, data: bytes) -> Stream:
    """Send to a node as fast as it takes it."""
    view = memoryview(data)
    while view:
        try:
            view = view[sock.send(view[:CHUNK_SIZE]) :]
        except BlockingIOError:
            yield Wait(sock, selectors.EVENT_WRITE)


def _received(sock: socket.socket) -> Stream:
    """What a node sends, and the end of the connection behind it."""
    while True:
        try:
            data = sock.recv(CHUNK_SIZE)
        except BlockingIOError:
            yield Wait(sock, selectors.EVENT_READ)
            continue
        if not data:
            yield End.CLOSE
            return
        yield data


def _is_last(command: str, proto_type: int, body: bytes) -> bool:
    """Whether a frame ends the reply to a command."""
    if command not in (BATCH, QUERY):
        return True
    if proto_type == ProtoType.COMPRESSED:
        inner = zlib.decompressobj().decompress(body[HEADER_SIZE:], 2 * HEADER_SIZE)
        body = inner[HEADER_SIZE:]
    info3, result = body[_INFO3_OFFSET - HEADER_SIZE], body[RESULT_OFFSET - HEADER_SIZE]
    is_refused = command == QUERY and result != 0 and not info3 & Info3.PARTITION_DONE
    return bool(info3 & Info3.LAST) or is_refused


class FaultProxy:
    """A proxy in front of the nodes of a cluster, which makes requests fail on purpose.

    It is a context manager. Any thread may call any method.

    :param hosts: the addresses of nodes: (address, port), as in the configuration of a
        client, or (address, port, tls-name) for each of them. With TLS the traffic is
        encrypted: clients check the certificates of the nodes, faults affect
        connections, and `follow` has no effect.
    :param host: the address to listen on; each node has a free port of its own.
    :param follow: replace the addresses of nodes in their answers, so that clients also
        reach the nodes that are not in `hosts` through the proxy. Without it, clients
        connect to these nodes directly.
    :raises ValueError: hosts names no node, or not all of them with a name for TLS.
    :raises TypeError: a host is no such tuple.
    :ivar faults: makes requests fail on purpose: see `Faults`. A node is given by its
        index in `addresses`, or by its name.
    """

    def __init__(
        self,
        hosts: Iterable[tuple[Any, ...]],
        *,
        host: str = LOCALHOST,
        follow: bool = True,
    ) -> None:
        given = [_seed(each) for each in _listed(hosts)]
        if not given:
            raise ValueError("hosts names no node")
        self._seeds = [address for address, _ in given]
        self._tls_names = [name for _, name in given if name]
        if len(self._tls_names) not in (0, len(given)):
            raise ValueError("either all hosts have a name for TLS, or none has")
        self._host = host
        self._follow = follow and not self._tls_names
        self._nodes: list[_Node] = []
        self._lock = threading.RLock()
        self._loop: Loop | None = None  # the last one; until it ends, clients may come
        self._is_running = False
        ground = Ground(
            self._index_of, self._refuse, self._hang_up, bool(self._tls_names)
        )
        self.faults = Faults(ground)

    # Life

    def start(self) -> Self:
        """Ask the nodes for their names, and listen. RuntimeError if the proxy runs.

        OSError if a node of `hosts` does not answer.
        """
        with self._lock:
            if self._is_running:
                raise RuntimeError("the proxy is running")
            said = [_asked(seed, bool(self._tls_names)) for seed in self._seeds]
            self._loop = Loop(self._answer, lambda: None, _PERIOD_S)
            self._is_running = True
            try:
                self._loop.call(partial(self._open, said))
            except BaseException:
                self.stop()
                raise
        return self

    def _open(self, said: list[tuple[str, str]]) -> None:
        self._nodes = []
        for seed, (name, _) in zip(self._seeds, said, strict=True):
            self._add(seed, name)
        for _, peers in said if self._follow else []:
            self._rewritten_peers(peers)

    def stop(self) -> None:
        """Close all sockets, and end all faults. It does nothing in a fork's child."""
        if self._loop is not None and self._loop.is_inherited:
            return
        self.faults.clear()
        with self._lock:
            was_running, self._is_running = self._is_running, False
            if was_running and self._loop is not None:
                self._loop.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = f"at {self.addresses}" if self._is_running else "stopped"
        return f"<FaultProxy before {', '.join(map(str, self._seeds))}, {state}>"

    @property
    def hosts(self) -> list[tuple[Any, ...]]:
        """The proxy's addresses for the nodes of `hosts`, with their tls-names."""
        if not self._tls_names:
            return list(self.addresses[: len(self._seeds)])
        named = zip(self.addresses, self._tls_names, strict=True)
        return [(*address, name) for address, name in named]

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The proxy's addresses for all nodes, in the order in which it found them."""
        return [(node.address.host, node.address.port) for node in self._nodes]

    @property
    def node_ids(self) -> list[str]:
        """The names of all nodes, in the order of `addresses`; "" with TLS."""
        return [node.name for node in self._nodes]

    # Nodes

    def _place_of(self, name: str, target: Address) -> _Node:
        """The node of a name, which the proxy may not have known before."""
        for node in self._nodes:
            if node.name == name:
                return node
        return self._add(target, name)

    def _add(self, target: Address, name: str) -> _Node:
        assert self._loop is not None
        node = _Node(len(self._nodes), target, name)
        self._nodes.append(node)
        node.listener = Listener(
            self._loop,
            self._host,
            0,
            lambda *_: self._link(self._nodes[self.faults.place_of(node.index)]),
            welcome=partial(self._welcome, node.index),
        )
        node.listener.refuse(self.faults.refuses(node.index))
        node.address = Address(self._host, node.listener.port)
        return node

    def _link(self, node: _Node) -> _Link:
        assert self._loop is not None
        return _Tunnel(node, self._loop) if self._tls_names else _Link(node)

    def _welcome(self, index: int, link: _Link) -> Stream | None:
        """What is sent on a connection first, or, when nobody knows what it is, all."""
        if isinstance(link, _Tunnel):
            return self.faults.passed(index, link.come_down())
        return self.faults.welcome(index)

    def _index_of(self, node: int | str) -> int:
        """The index of a node, given by that or by its name."""
        return index_in(self.node_ids, node)

    def _refuse(self) -> None:
        """Let each node refuse connections, or not, as the faults say."""
        self._with_listeners(
            lambda node, each: each.refuse(self.faults.refuses(node.index))
        )

    def _hang_up(self, index: int) -> None:
        self._with_listeners(
            lambda node, each: each.hang_up() if node.index == index else None
        )

    def _with_listeners(self, do: Callable[[_Node, Listener], None]) -> None:
        def run() -> None:
            for node in self._nodes:
                if node.listener is not None:
                    do(node, node.listener)

        with self._lock:
            if self._is_running and self._loop is not None:
                self._loop.call(run)

    # Requests

    def _answer(self, link: _Link, proto_type: int, body: bytes) -> Reply:
        make = partial(self._passed_on, link, proto_type, body)
        return self.faults.reply(link.node.index, proto_type, body, make)

    def _passed_on(self, link: _Link, proto_type: int, body: bytes) -> Stream:
        """The reply of a node, as it comes. A node that cannot be reached hangs up."""
        command = command_of(proto_type, body)
        is_info = proto_type == ProtoType.INFO and self._follow
        reader = FrameReader()
        try:
            sock = link.connect()
            yield from _sent(sock, frame(proto_type, body))
            for part in _received(sock):
                if not isinstance(part, bytes):
                    yield part
                    continue
                frames = reader.feed(part)
                if not is_info:
                    yield part
                elif frames:
                    yield frame(ProtoType.INFO, self._rewritten(link, frames[0][1]))
                if reader.failed or any(_is_last(command, *each) for each in frames):
                    return
        except OSError:
            yield End.CLOSE

    # Addresses

    def _rewritten(self, link: _Link, body: bytes) -> bytes:
        """The reply to an info request, with addresses of the proxy in it."""
        lines = body.decode("utf-8", "surrogateescape").split("\n")
        text = "\n".join(self._rewritten_line(link, line) for line in lines)
        return text.encode("utf-8", "surrogateescape")

    def _rewritten_line(self, link: _Link, line: str) -> str:
        name, tab, value = line.partition("\t")
        if not value or value.startswith(("ERROR", "FAIL")):
            return line
        if name == "node":
            link.node.name = value
        if name in _OWN:
            value = str(link.node.address)
        if name in _PEERS:
            value = self._rewritten_peers(value)
        if name in _OTHERS:
            others = (node for node in self._nodes if node is not link.node)
            value = ";".join(str(node.address) for node in others)
        return name + tab + value

    def _rewritten_peers(self, value: str) -> str:
        """Peers with one address each, that of the proxy; new ones are added."""
        places = {name: self._place_of(name, at) for name, at in _peers(value)}
        return _PEER.sub(
            lambda found: f"[{found[1]},{found[2]},[{places[found[1]].address}]]", value
        )


def _listed(hosts: Any) -> Iterable[tuple[Any, ...]]:
    """Hosts, unless they are a text, whose letters would be taken for them."""
    if isinstance(hosts, str):
        raise TypeError(f"hosts is a list of (address, port), not {hosts!r}")
    return hosts  # type: ignore[no-any-return]


def _seed(given: tuple[Any, ...]) -> tuple[Address, str | None]:
    """A host of a configuration, and its name for TLS."""
    match given:
        case (str(host), int(port)) | (str(host), int(port), None):
            return Address(host, port), None
        case (str(host), int(port), str(name)):
            return Address(host, port), name or None
    raise TypeError(f"a host is a tuple (address, port), not {given!r}")


def _asked(node: Address, has_tls: bool) -> tuple[str, str]:
    """What `_introduction` gives, and nothing of a node that speaks TLS.

    An OSError says which node does not answer.
    """
    try:
        if has_tls:
            _dial(*node, LIMIT_S).close()
            return "", ""
        return _introduction(node)
    except OSError as error:
        text = f"no answer from {node}: {error.strerror or error}"
        raise OSError(error.errno or errno.ETIMEDOUT, text) from error


def _introduction(node: Address) -> tuple[str, str]:
    """The name of a node, and its peers. OSError if it does not say."""
    reader = FrameReader()
    with _dial(*node, LIMIT_S) as sock:
        sock.sendall(frame(ProtoType.INFO, b"node\npeers-clear-std\n"))
        while chunk := sock.recv(CHUNK_SIZE):
            for _, body in reader.feed(chunk):
                lines = (line.partition("\t") for line in body.decode().split("\n"))
                values = {name: value for name, _, value in lines}
                return values.get("node", ""), values.get("peers-clear-std", "0,0,[]")
    raise ConnectionError(f"{node} does not say who it is")
