"""Sockets: one thread per cluster that accepts, receives and sends for all its nodes.

The loop knows frames and nothing behind them; `answer` turns one frame into one reply,
which may be a stream: its parts are made only as fast as the peer takes them. Requests
of a connection are answered in the order in which they came.

A TLS socket reads and sends like any other once its handshake is over, which is done in
steps between the events of other sockets.
"""

from __future__ import annotations

import contextlib
import errno
import heapq
import itertools
import logging
import os
import selectors
import socket
import struct
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from aerospike_devserver.codec.frame import FrameReader
from aerospike_devserver.config import Address
from aerospike_devserver.reply import End, Reply, Stream, Wait

if TYPE_CHECKING:
    import ssl  # it takes long to load, and most clusters do without

log = logging.getLogger(__name__)

T = TypeVar("T")


class Session(Protocol):
    """What is known of a connection to those who answer.

    stall_limit_s: how long the client may take nothing of a stream, 0 = forever.
    feed: takes the bytes that come, whatever they are, at any time; None: they are
    requests, which are answered one after another.
    """

    stall_limit_s: float

    @property
    def feed(self) -> Callable[[bytes], None] | None: ...

    def close(self) -> None:
        """The connection has ended."""


Answer = Callable[[Any, int, bytes], Reply]
NewSession = Callable[[str, str, str | None], Session]
Welcome = Callable[[Any], Stream | None]

CHUNK_SIZE = 256 * 1024
"""Bytes received or sent at once."""
MAX_PENDING = 4 * 1024 * 1024
"""Bytes of unsent replies above which a connection is not read from."""
BACKLOG = 512
ACCEPTED_AT_ONCE = 64
"""Connections that a node accepts before others have a turn."""
TURN_S = 0.02
"""How long the requests of one connection are answered before others have a turn."""
NO_ROOM_PAUSE_S = 0.1
"""How long nobody is accepted after a connection for which there was no descriptor."""
HANDSHAKE_LIMIT_S = 5.0
"""How long a peer may take over its part of a TLS handshake."""

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

_BREAK = struct.pack("ii", 1, 0)
"""SO_LINGER: closing the socket breaks the connection, and the peer sees ECONNRESET."""


def _tls_of(sock: socket.socket) -> ssl.SSLSocket | None:
    """The same socket if it speaks TLS."""
    return None if type(sock) is socket.socket else cast("ssl.SSLSocket", sock)


def _not_yet(sock: socket.socket) -> tuple[type[OSError], ...]:
    """What a socket raises that cannot go on before its next event."""
    if _tls_of(sock) is None:
        return BlockingIOError, InterruptedError
    import ssl

    return (
        BlockingIOError,
        InterruptedError,
        ssl.SSLWantReadError,
        ssl.SSLWantWriteError,
    )


def _close(sock: socket.socket) -> None:
    """Close a socket; over TLS the peer is told that nothing more comes."""
    tls = _tls_of(sock)
    if tls is not None:
        with contextlib.suppress(OSError, ValueError):
            tls.unwrap()
    sock.close()


def _peek(sock: socket.socket) -> bytes | None:
    """The next byte to be read: None if there is none yet, b"" if none will come."""
    try:
        # not the method of a TLS socket, which cannot look ahead
        return socket.socket.recv(sock, 1, socket.MSG_PEEK)
    except _not_yet(sock):
        return None
    except OSError:
        return b""


def _has_hung_up(sock: socket.socket) -> bool:
    """Whether the peer has gone and left nothing to read.

    Over TLS its farewell may be there to be read; then sending fails before long.
    """
    return _peek(sock) == b""


def _common_name(sock: socket.socket) -> str | None:
    """The common name of the certificate that the peer has shown, if any."""
    tls = _tls_of(sock)
    certificate = None if tls is None else tls.getpeercert()
    subject: Any = (certificate or {}).get("subject", ())
    names = [value for part in subject for key, value in part if key == "commonName"]
    return names[0] if names else None


class Connection:
    """One accepted socket. Used on the loop's thread only.

    While a reply is a stream, further requests wait and nothing more is read. While a
    stream pauses, the connection looks whether the peer is still there. While it
    is frozen nothing is read or sent; what the peer sends waits in the kernel. While it
    is silent nothing is sent, and what comes is thrown away.

    welcome: what is sent first, before any request is answered.
    """

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        session: Session,
        welcome: Stream | None = None,
    ) -> None:
        self.session = session
        self._feed = session.feed
        self._loop = loop
        self._sock = sock
        self._reader = FrameReader()
        self._pending = bytearray()
        self._requests: deque[tuple[int, bytes]] = deque()
        self._stream = welcome
        self._is_paused = False
        self._has_more = False
        self._awaited: socket.socket | None = None
        self._is_frozen = False
        self._is_silent = False
        self._progress_s = 0.0
        loop.watch(sock, self._wanted(), self._on_event)

    def freeze(self, is_frozen: bool) -> None:
        """Do nothing from now on, or go on where that began."""
        self._is_frozen = is_frozen
        if self._requests:
            self._loop.call_later(0.0, self._go_on)
        self._watch()

    def leave(self) -> None:
        """Close the copy of the socket that the child of a fork has."""
        self._sock.close()

    def _on_event(self, mask: int) -> None:
        if self._is_frozen:  # since this event was found
            return
        try:
            if mask & _WRITE:
                self._flush()
            if mask & _READ:
                if self._is_paused and self._feed is None:
                    self._look()
                else:
                    self._receive()
        except _not_yet(self._sock):
            return
        except OSError:
            self.close()

    def _look(self) -> None:
        """End with a peer that has gone; what another one sends waits in the kernel."""
        if _has_hung_up(self._sock):
            self.close()
        else:
            self._has_more = True
            self._watch()

    def _receive(self) -> None:
        """Take what has come and answer the frames that are complete."""
        chunk = self._loop.receive(self._sock)
        if not chunk:
            self.close()
            return
        if self._is_silent:
            return
        if self._feed is not None:
            self._feed(chunk)
            return
        self._serve(self._reader.feed(chunk))
        if self._reader.failed:
            self._close_if_failed()

    def _close_if_failed(self) -> None:
        """Hang up behind a bad header, once what came before it is answered."""
        if self._reader.failed and not self._requests and self._stream is None:
            self.close()

    def _serve(self, requests: Sequence[tuple[int, bytes]]) -> None:
        """Answer requests for a turn, or up to the first whose reply is a stream."""
        answer, session = self._loop.answer, self.session
        replies: list[bytes] = []
        n_requests = len(requests)
        end_s = time.monotonic() + TURN_S if n_requests > 1 else 0.0
        for place, (proto_type, body) in enumerate(requests, 1):
            session.stall_limit_s = 0.0
            reply = answer(session, proto_type, body)
            if not isinstance(reply, bytes):
                self._stream = reply
                self._requests.extend(requests[place:])
                self._progress_s = time.monotonic()
                self._look_again_later(reply)
                break
            replies.append(reply)
            if place < n_requests and time.monotonic() > end_s:
                self._requests.extend(requests[place:])
                self._loop.call_later(0.0, self._go_on)
                break
        if replies:
            self._send(replies[0] if len(replies) == 1 else b"".join(replies))
        if self._stream is not None or self._requests:
            self._watch()

    def _go_on(self) -> None:
        """Answer the requests that have waited."""
        if self._is_frozen or self._stream is not None or self._sock.fileno() < 0:
            return
        waiting = list(self._requests)
        self._requests.clear()
        try:
            self._serve(waiting)
        except OSError:
            self.close()
        self._close_if_failed()
        self._watch()

    def _look_again_later(self, stream: Stream) -> None:
        """Let a timer look later whether the peer still takes the stream."""
        if self.session.stall_limit_s:
            left_s = self._progress_s + self.session.stall_limit_s - time.monotonic()
            self._loop.call_later(max(left_s, 0.001), lambda: self._check(stream))

    def _check(self, stream: Stream) -> None:
        """Hang up if the peer has taken nothing of a stream for too long."""
        if self._stream is not stream:
            return
        idle_s = time.monotonic() - self._progress_s
        is_resting = self._is_paused or self._is_frozen or self._is_silent
        if is_resting or idle_s < self.session.stall_limit_s:
            self._look_again_later(stream)
            return
        with contextlib.suppress(TimeoutError):
            stream.throw(TimeoutError())
        self.close()

    def _next_part(self, stream: Stream) -> None:
        """Send the next part of a stream, now that there is room for it."""
        self._progress_s = time.monotonic()
        if _has_hung_up(self._sock):
            self.close()
            return
        try:
            part = next(stream, None)
        except Exception:
            log.exception("a reply broke off")
            self.close()
            return
        if isinstance(part, bytes):
            self._send(part)
        elif isinstance(part, End):
            self._end(part)
        elif part is not None:
            self._pause(part)
        else:
            self._stream = None
            self._go_on()
        self._watch()

    def _pause(self, until: float | Wait) -> None:
        """Let a stream wait for a time or an event."""
        self._is_paused = True
        if not isinstance(until, Wait):
            self._loop.call_later(until, self._resume)
            return
        self._awaited = until.sock
        self._loop.watch(until.sock, until.mask, lambda _mask: self._resume())

    def _await_nothing(self) -> None:
        """Wait for no other socket any more."""
        if self._awaited is not None:
            self._loop.watch(self._awaited, 0, lambda _mask: None)
            self._awaited = None

    def _end(self, end: End) -> None:
        """End the connection as a fault wants it."""
        if end is End.HALF_CLOSE:
            self._sock.shutdown(socket.SHUT_WR)
        if end in (End.HALF_CLOSE, End.SILENCE):
            self._is_silent = True
            return
        if end is End.RESET:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _BREAK)
        self.close()

    def _resume(self) -> None:
        """Go on with a stream whose pause is over."""
        self._is_paused = self._has_more = False
        self._await_nothing()
        self._progress_s = time.monotonic()
        if self._sock.fileno() >= 0:
            self._watch()

    def _send(self, data: bytes) -> None:
        """Send at once as far as that goes; the loop sends the rest.

        TLS has to be given what it could not send once more, and no less of it: so a
        chunk is tried first, and `_flush` begins with the same one.
        """
        if self._pending:
            self._pending += data
            self._watch()
            return
        try:
            first = data if len(data) <= CHUNK_SIZE else memoryview(data)[:CHUNK_SIZE]
            sent = self._sock.send(first)
        except _not_yet(self._sock):
            sent = 0
        if sent < len(data):
            self._pending += memoryview(data)[sent:]
            self._watch()

    def _flush(self) -> None:
        """Send what is pending; after that, one more part of a stream."""
        if self._pending:
            sent = self._sock.send(memoryview(self._pending)[:CHUNK_SIZE])
            del self._pending[:sent]
            self._progress_s = time.monotonic()
            self._watch()
        elif self._stream is not None:
            self._next_part(self._stream)

    def _watch(self) -> None:
        """Wait for room to send, and for more input unless replies pile up."""
        if self._sock.fileno() < 0:
            return
        mask = 0 if self._is_frozen else self._wanted()
        self._loop.watch(self._sock, mask, self._on_event)

    def _wanted(self) -> int:
        if self._is_silent or (self._is_paused and not self._has_more):
            return _READ | (_WRITE if self._pending else 0)
        mask = 0
        is_idle = self._stream is None and not self._requests
        if self._feed is not None:
            mask |= _READ
        if is_idle and not self._reader.failed and len(self._pending) < MAX_PENDING:
            mask |= _READ
        if self._pending or (self._stream is not None and not self._is_paused):
            mask |= _WRITE
        return mask

    def close(self) -> None:
        """Close the socket, whatever is under way; again does nothing."""
        if self._sock.fileno() < 0:
            return
        self._loop.watch(self._sock, 0, self._on_event)
        self._await_nothing()
        _close(self._sock)
        self._requests.clear()  # a timer may keep this connection for a while
        self._pending = bytearray()
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self.session.close()
        self._loop.forget(self)


class Handshake:
    """A TLS socket until its peers have agreed. Used on the loop's thread only.

    accepted: called with the socket in the end; a peer that fails, or takes longer than
    HANDSHAKE_LIMIT_S, is dropped instead.
    """

    def __init__(
        self, loop: Loop, sock: ssl.SSLSocket, accepted: Callable[[ssl.SSLSocket], None]
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._accepted = accepted
        self._mask = _READ
        self._is_frozen = False
        self._is_over = False
        loop.call_later(HANDSHAKE_LIMIT_S, self._give_up)
        self._watch()

    def _on_event(self, _mask: int) -> None:
        """Take the next step."""
        import ssl

        if self._is_frozen:  # since this event was found
            return
        try:
            self._sock.do_handshake()
        except ssl.SSLWantReadError:
            self._mask = _READ
        except ssl.SSLWantWriteError:
            self._mask = _WRITE
        except (OSError, ValueError) as error:
            log.info("a TLS handshake failed: %s", error)
            self.close()
            return
        else:
            self._end()
            self._accepted(self._sock)
            return
        self._watch()

    def freeze(self, is_frozen: bool) -> None:
        """Do nothing from now on, or go on where that began."""
        self._is_frozen = is_frozen
        self._watch()

    def leave(self) -> None:
        """Close the copy of the socket that the child of a fork has."""
        self._sock.close()

    def _watch(self) -> None:
        mask = 0 if self._is_frozen else self._mask
        self._loop.watch(self._sock, mask, self._on_event)

    def _give_up(self) -> None:
        """Drop the peer, unless this node does nothing, or has yet to read from it."""
        if self._is_over:
            return
        if self._is_frozen or _peek(self._sock):
            self._loop.call_later(HANDSHAKE_LIMIT_S, self._give_up)
        else:
            self.close()

    def _end(self) -> None:
        self._is_over = True
        self._loop.watch(self._sock, 0, self._on_event)
        self._loop.forget(self)

    def close(self) -> None:
        """Close the socket; after the handshake, or again, does nothing."""
        if not self._is_over:
            self._end()
            self._sock.close()


def bind(host: str, port: int) -> socket.socket:
    """A socket that has the port, and does not listen yet. OSError if it is taken."""
    with _naming(host, port):
        return _bind(host, port)


@contextlib.contextmanager
def _naming(host: str, port: int) -> Iterator[None]:
    """An OSError says which address it is about."""
    try:
        yield
    except OSError as error:
        text = f"cannot listen on {Address(host, port)}: {error.strerror}"
        raise OSError(error.errno, text) from error


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


class Listener:
    """The listening socket of one node, and the connections it has accepted."""

    def __init__(
        self,
        loop: Loop,
        host: str,
        port: int,
        new_session: NewSession,
        tls: ssl.SSLContext | None = None,
        welcome: Welcome = lambda _session: None,
    ) -> None:
        """Listen; port 0 = any free one. OSError if the address is taken.

        new_session is told where the peer is, `ip:port` or `[ip]:port`, the address of
        this machine that it has connected to, and the common name of the certificate
        that it has shown. welcome is asked what is sent on each connection first, and
        is told its session.
        """
        self._loop = loop
        self._welcome = welcome
        self._new_session = new_session
        self._tls = tls
        self.connections: set[Connection | Handshake] = set()
        self._is_frozen = False
        self._host = host
        self._is_refusing = False
        self._sock = bind(host, port)
        self._listen(port)
        self.port: int = self._sock.getsockname()[1]
        loop.listeners.add(self)

    def _listen(self, port: int) -> None:
        """Begin to listen. OSError, and the socket is closed, if that fails."""
        try:
            with _naming(self._host, port):
                self._sock.listen(BACKLOG)
            self._sock.setblocking(False)
        except OSError:
            self._sock.close()
            raise
        self._watch()

    def refuse(self, is_refusing: bool) -> None:
        """Refuse connections and keep the port, or listen again.

        OSError if another program has taken the port in the moment between.
        """
        if is_refusing is self._is_refusing or self._sock.fileno() < 0:
            return
        self._is_refusing = is_refusing
        self._loop.watch(self._sock, 0, self._on_event)
        if is_refusing:
            self._sock.close()
            self._sock = bind(self._host, self.port)
        else:
            self._listen(self.port)

    def hang_up(self) -> None:
        """Close all connections."""
        for connection in list(self.connections):
            connection.close()

    def _on_event(self, _mask: int) -> None:
        """Accept the connections that wait: requests are in them, and grow old."""
        for _ in range(ACCEPTED_AT_ONCE):
            # it may be frozen since this event was found
            if self._is_frozen or not self._accept():
                return

    def _accept(self) -> bool:
        """Accept one connection, if there is any; whether there may be another.

        It pauses for a while when no descriptor is free. Any other failure to accept is
        the peer's affair.
        """
        try:
            sock, (ip, port, *_) = self._sock.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._loop.watch(self._sock, 0, self._on_event)
                self._loop.call_later(NO_ROOM_PAUSE_S, self._watch)
            return False
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._greet(sock, str(Address(ip, port)))
        return True

    def _greet(self, sock: socket.socket, peer: str) -> None:
        """Make a connection of an accepted socket, now or after its handshake."""
        if self._tls is None:
            self._add(sock, peer)
            return
        try:
            wrapped = self._tls.wrap_socket(
                sock, server_side=True, do_handshake_on_connect=False
            )
        except (OSError, ValueError):  # the peer has gone already
            sock.close()
            return
        self.connections.add(
            Handshake(self._loop, wrapped, lambda ready: self._add(ready, peer))
        )

    def _add(self, sock: socket.socket, peer: str) -> None:
        session = self._new_session(peer, sock.getsockname()[0], _common_name(sock))
        welcome = self._welcome(session)
        self.connections.add(Connection(self._loop, sock, session, welcome))

    def freeze(self, is_frozen: bool) -> None:
        """Leave all sockets open and do nothing with them, or go on.

        New connections wait in the kernel meanwhile.
        """
        self._is_frozen = is_frozen
        self._watch()
        for connection in self.connections:
            connection.freeze(is_frozen)

    def _watch(self) -> None:
        """Wait for connections, unless the node is frozen, refuses or has stopped."""
        if self._sock.fileno() >= 0 and not self._is_refusing:
            mask = 0 if self._is_frozen else _READ
            self._loop.watch(self._sock, mask, self._on_event)

    def close(self) -> None:
        """Stop listening and drop all connections."""
        self._loop.watch(self._sock, 0, self._on_event)
        self._sock.close()
        self._loop.listeners.discard(self)
        self.hang_up()

    def leave(self) -> None:
        """Close the copies of all sockets that the child of a fork has."""
        self._sock.close()
        for connection in self.connections:
            connection.leave()


_loops: weakref.WeakSet[Loop] = weakref.WeakSet()


def _in_child() -> None:
    for loop in _loops:
        loop.leave()


os.register_at_fork(after_in_child=_in_child)


class Loop:
    """The thread that serves all sockets. `call` runs a function on it.

    Tasks are work without a socket, done in turns between the events of sockets: an
    iterator whose steps give the seconds to wait before the next one.

    housekeeping: called on that thread about every period_s seconds.
    is_inherited: this is the child of a fork, and the thread is the parent's.
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
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = itertools.count()
        self._tasks: deque[Iterator[float]] = deque()
        self._buffer = memoryview(bytearray(CHUNK_SIZE))
        self._running = True
        self.is_inherited = False
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        self.selector.register(self._wake_out, _READ, self._on_wake)
        self._thread = threading.Thread(
            target=self._run, name="aerospike-devserver", daemon=True
        )
        self._thread.start()
        _loops.add(self)

    def leave(self) -> None:
        """In the child of a fork, close its copies of all sockets.

        Clients could otherwise go on connecting to a node that the parent has stopped.
        """
        self.is_inherited = True
        for listener in self.listeners:
            listener.leave()
        self.selector.close()
        self._wake_in.close()
        self._wake_out.close()

    def _run(self) -> None:
        due_s = time.monotonic() + self._period_s
        while self._running:
            next_s = min(due_s, self._timers[0][0]) if self._timers else due_s
            wait_s = 0.0 if self._tasks else max(0, next_s - time.monotonic())
            for key, mask in self.selector.select(wait_s):
                if key.fileobj.fileno() >= 0:  # type: ignore[union-attr]
                    key.data(mask)
            for _ in range(len(self._tasks)):
                self.spawn(self._tasks.popleft())
            if self._timers:
                self._run_timers()
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
        """Run a function on the loop's thread; its result, or what it raised.

        RuntimeError in the child of a fork.
        """
        if self.is_inherited:
            raise RuntimeError("the server runs in the process that has started it")
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

    def spawn(self, task: Iterator[float]) -> None:
        """Carry out the first turn of a task now, the others when it is their time."""
        try:
            pause_s = next(task, None)
        except Exception:
            log.exception("a task broke off")
            return
        if pause_s == 0:
            self._tasks.append(task)
        elif pause_s is not None:
            self.call_later(pause_s, lambda: self._tasks.append(task))

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run a function on the loop's thread after a while."""
        due_s = time.monotonic() + seconds
        heapq.heappush(self._timers, (due_s, next(self._sequence), function))

    def _run_timers(self) -> None:
        now_s = time.monotonic()  # what becomes due meanwhile comes after the sockets
        while self._timers and self._timers[0][0] <= now_s:
            heapq.heappop(self._timers)[2]()

    def receive(self, sock: socket.socket) -> bytes:
        """What a socket has, in bytes of that size.

        `recv` would take memory for all that may come, and cut it to what has. After
        many small requests such pieces lie between free ones, and the process grows.
        """
        size = sock.recv_into(self._buffer)
        return self._buffer[:size].tobytes()

    def watch(
        self, sock: socket.socket, mask: int, function: Callable[[int], None]
    ) -> None:
        """Call a function on some events of a socket; on none if mask is 0."""
        if sock not in self.selector.get_map():
            if mask:
                self.selector.register(sock, mask, function)
        elif mask:
            self.selector.modify(sock, mask, function)
        else:
            self.selector.unregister(sock)

    def forget(self, connection: Connection | Handshake) -> None:
        """Drop a connection that has closed, or a handshake that is over."""
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
