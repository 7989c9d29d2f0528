"""Connections to nodes, with a deadline each: TCP, TLS, logins and info requests."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from typing import Any, NamedTuple

from aerospike._imports import whole

PROTO_VERSION = 2
INFO, ADMIN = 1, 2
HEADER = struct.Struct(">Q")
LARGEST_REPLY = 16 << 20
"""Bytes. A partition map of 32 namespaces in a large cluster has less."""

LOGIN = 20
FIELD_USER, FIELD_CREDENTIAL, FIELD_CLEAR_PASSWORD = 0, 3, 4
HASH_SALT = b"$2a$10$7EqJtq98hPqEX7fNZaFWoO"
NOT_ENABLED, NOT_SUPPORTED = 52, 51


class Address(NamedTuple):
    """Where a node may be: a name or a number, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Trouble(Exception):
    """What has gone wrong, as a code of `findings` and what its text needs."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class Login(NamedTuple):
    """What a login says.

    :ivar user: who logs in; None: whom the client's certificate names.
    """

    user: str | None
    fields: tuple[bytes, ...]

    def request(self) -> bytes:
        """The body of the request."""
        head = bytes((0, 0, LOGIN, len(self.fields))) + bytes(12)
        return head + b"".join(self.fields)


class Way(NamedTuple):
    """How nodes are spoken to.

    :ivar tls: the context of TLS; None: plain TCP.
    :ivar tls_name: what certificates must be made out to.
    :ivar login: None: nobody logs in.
    :ivar timeout_s: what one connection may take, from its beginning to its end.
    """

    tls: ssl.SSLContext | None
    tls_name: str
    login: Login | None
    timeout_s: float


def field(number: int, data: bytes) -> bytes:
    return struct.pack(">IB", len(data) + 1, number) + data


def login_of(user: str, password: str, mode: str) -> Login:
    """The login of a user with a password. The password is hashed once, since this
    takes its time by design."""
    bcrypt: Any = whole("bcrypt")
    fields = [
        field(FIELD_USER, user.encode()),
        field(FIELD_CREDENTIAL, bcrypt.hashpw(password.encode(), HASH_SALT)),
    ]
    if mode != "internal":
        fields.append(field(FIELD_CLEAR_PASSWORD, password.encode()))
    return Login(user, tuple(fields))


def lookup(host: str, port: int, timeout_s: float) -> list[Address]:
    """The addresses of a name. The resolver may take longer than anybody wants to wait,
    and nothing stops it: so a thread asks it, which may be left behind.
    """
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as error:  # or the name is none
            found.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not found:
        raise Trouble("lookup-slow", host=host, seconds=timeout_s)
    if isinstance(found[0], Exception):
        reason = getattr(found[0], "strerror", None) or found[0]
        raise Trouble("name-unknown", host=host, reason=reason)
    return list(dict.fromkeys(Address(*row[4][:2]) for row in found[0]))


class Connection:
    """A connection to a node. A context manager, which closes it.

    :ivar address: of the peer.
    :raises Trouble: it cannot be made, or is of no use.
    """

    def __init__(self, address: Address, way: Way) -> None:
        self.address = address
        self._way = way
        self._ends_s = time.monotonic() + way.timeout_s
        self._socket = self._connected()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _left_s(self) -> float:
        """The time that is left."""
        left_s = self._ends_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s

    def _connected(self) -> socket.socket:
        try:
            return socket.create_connection(self.address, self._left_s())
        except TimeoutError:
            raise self._trouble("connection-timeout") from None
        except ConnectionRefusedError:
            raise self._trouble("connection-refused") from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise self._trouble("unreachable", reason=reason) from None

    def _trouble(self, code: str, **details: Any) -> Trouble:
        details.setdefault("seconds", self._way.timeout_s)
        return Trouble(code, address=str(self.address), **details)

    def shake_hands(self) -> dict[str, Any]:
        """Begin TLS; what was agreed on."""
        context = self._way.tls
        assert context is not None
        name = self._way.tls_name
        try:
            self._socket.settimeout(self._left_s())
            wrapped = context.wrap_socket(self._socket, server_hostname=name)
        except TimeoutError:
            raise self._trouble("silent") from None
        except ssl.SSLCertVerificationError as error:
            raise self._trouble(
                "tls-certificate", reason=error.verify_message, name=name
            ) from None
        except ssl.SSLError as error:
            plain = error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
            code = "tls-plain" if plain else "tls-failed"
            raise self._trouble(code, reason=error.reason or str(error)) from None
        except OSError as error:
            raise self._trouble("tls-failed", reason=_reason(error)) from None
        self._socket = wrapped
        cipher = wrapped.cipher()
        certificate = wrapped.getpeercert() or {}
        return {
            "version": wrapped.version(),
            "cipher": cipher[0] if cipher else None,
            "expires": certificate.get("notAfter"),
        }

    def _send(self, kind: int, body: bytes) -> None:
        self._socket.settimeout(self._left_s())
        head = PROTO_VERSION << 56 | kind << 48 | len(body)
        self._socket.sendall(HEADER.pack(head) + body)

    def _receive(self, size: int) -> bytes:
        """So many bytes, or fewer where the peer hangs up."""
        parts = []
        while size > 0:
            self._socket.settimeout(self._left_s())
            part = self._socket.recv(min(size, 1 << 16))
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _ask(self, kind: int, body: bytes) -> bytes:
        """The body of the reply to a request."""
        try:
            self._send(kind, body)
            head = self._receive(HEADER.size)
            if len(head) < HEADER.size or head[:2] != bytes((PROTO_VERSION, kind)):
                raise self._stranger(head, kind)
            size = HEADER.unpack(head)[0] & ((1 << 48) - 1)
            if size > LARGEST_REPLY:
                raise self._trouble("speaks-other", start=shown(head))
            reply = self._receive(size)
        except TimeoutError:
            raise self._trouble("silent") from None
        except OSError as error:
            raise self._trouble("hung-up", reason=_reason(error)) from None
        if len(reply) < size:
            raise self._trouble("hung-up", reason="in the middle of an answer")
        return reply

    def _stranger(self, head: bytes, kind: int) -> Trouble:
        """What something else than a node has answered."""
        if not head:
            return self._trouble("hung-up", reason="without an answer")
        if head[:2] in (b"\x15\x03", b"\x16\x03"):
            return self._trouble("speaks-tls")
        if head.startswith((b"HTTP/", b"<html", b"<!DOC")):
            return self._trouble("speaks-http")
        return self._trouble("speaks-other", start=shown(head))

    def _log_in(self) -> int:
        """The result: 0, or the code of a cluster that checks nobody."""
        login = self._way.login
        assert login is not None
        reply = self._ask(ADMIN, login.request())
        result = reply[1] if len(reply) > 1 else -1
        if result not in (0, NOT_ENABLED, NOT_SUPPORTED):
            code = "login-refused" if login.user is not None else "certificate-refused"
            raise self._trouble(code, user=login.user, result=result)
        return result

    def info(self, *commands: str) -> dict[str, str]:
        """The answers to info commands."""
        body = "".join(f"{command}\n" for command in commands).encode()
        reply = self._ask(INFO, body).decode("utf-8", "replace")
        if reply.startswith("ERROR:80:"):  # which answers no command in particular
            raise self._trouble("login-required")
        pairs = (line.partition("\t") for line in reply.split("\n") if line)
        return {name: value for name, _, value in pairs}

    def begin(self) -> int:
        """All that goes before the first info request: TLS and the login, if any. The
        result of the latter, which is not 0 when the cluster checks nobody."""
        if self._way.tls is not None:
            self.shake_hands()
        return 0 if self._way.login is None else self._log_in()


def shown(data: bytes) -> str:
    """The beginning of what a peer has sent."""
    return repr(data[:16])[1:]


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
