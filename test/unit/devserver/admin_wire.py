"""Admin messages for tests: logins, users and roles, byte by byte.

Written from the protocol's description and independent of the server's own codec.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from .rawwire import ADMIN, Connection, field, proto

(
    AUTHENTICATE,
    CREATE_USER,
    DROP_USER,
    SET_PASSWORD,
    CHANGE_PASSWORD,
    GRANT_ROLES,
    REVOKE_ROLES,
) = range(7)
(
    QUERY_USERS,
    CREATE_ROLE,
    DROP_ROLE,
    GRANT_PRIVILEGES,
    REVOKE_PRIVILEGES,
    SET_WHITELIST,
    SET_QUOTAS,
    QUERY_ROLES,
) = range(9, 17)
LOGIN = 20

USER, PASSWORD, OLD_PASSWORD, CREDENTIAL, CLEAR_PASSWORD, TOKEN, TTL = range(7)
ROLES, ROLE, PRIVILEGES, WHITELIST, READ_QUOTA, WRITE_QUOTA = range(10, 16)
READ_INFO, WRITE_INFO, CONNECTIONS = range(16, 19)

USER_ADMIN, SYS_ADMIN, DATA_ADMIN, UDF_ADMIN, SINDEX_ADMIN = range(5)
READ, READ_WRITE, READ_WRITE_UDF, WRITE, TRUNCATE = range(10, 15)

SALT = b"$2a$10$7EqJtq98hPqEX7fNZaFWoO"
HASHES = {
    "admin": SALT + b"1mVO/4MLpGzsqojz6E9Gef6iXDjXdDa",
    "secret": SALT + b"u7NRZ0i7m5NbgPBEsHTCoJzZDEKQRb.",
    "s2": SALT + b"dh1o6a01AYlnklQTtdeETLdD61tJkue",
    "nopassword": SALT + b"ePA2sZy..tlOF99W2N0g5KZ3dLaw8WO",
}
"""Of the passwords for which the description names them."""

Fields = dict[int, bytes]


class Answer(NamedTuple):
    """A message of a reply."""

    result: int
    command: int
    fields: Fields


def request(command: int, fields: Fields | None = None, scheme: int = 0) -> bytes:
    """The body of a request."""
    fields = fields or {}
    head = struct.pack(">BBBB12x", scheme, 0, command, len(fields))
    return head + b"".join(field(*item) for item in fields.items())


def names(*texts: bytes) -> bytes:
    """A list of names."""
    return bytes([len(texts)]) + b"".join(bytes([len(t)]) + t for t in texts)


def privileges(*items: int | tuple[int, bytes, bytes]) -> bytes:
    """A list of privileges: codes of global ones, or (code, namespace, set)."""
    made = bytes([len(items)])
    for item in items:
        if isinstance(item, int):
            made += bytes([item])
        else:
            code, *scope = item
            made += bytes([code]) + b"".join(bytes([len(s)]) + s for s in scope)
    return made


def number(value: int) -> bytes:
    """A number of four bytes."""
    return struct.pack(">I", value)


def parse(body: bytes) -> list[Answer]:
    """The messages of a body; asserts that there is nothing else."""
    found, offset = [], 0
    while offset < len(body):
        scheme, result, command, count = struct.unpack_from(">BBBB", body, offset)
        assert scheme == 0
        assert body[offset + 4 : offset + 16] == bytes(12)
        offset += 16
        fields: Fields = {}
        for _ in range(count):
            size, kind = struct.unpack_from(">IB", body, offset)
            fields[kind] = body[offset + 5 : offset + 4 + size]
            offset += 4 + size
        found.append(Answer(result, command, fields))
    return found


class Admin:
    """Admin commands over a connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def ask(self, command: int, fields: Fields | None = None) -> Answer:
        """Send a request whose reply is one message."""
        (found,) = self.send(request(command, fields))
        return found

    def send(self, body: bytes) -> list[Answer]:
        """Send a body; the messages of one frame."""
        kind, reply = self.connection.exchange(ADMIN, body)
        assert kind == ADMIN
        return parse(reply)

    def do(self, command: int, fields: Fields) -> int:
        """The result of a command."""
        return self.ask(command, fields).result

    def query(self, command: int, fields: Fields | None = None) -> list[Fields]:
        """All of a query; asserts that it ends as it should."""
        self.connection.send(proto(ADMIN, request(command, fields)))
        found: list[Answer] = []
        while not found or found[-1].result == 0:
            kind, body = self.connection.receive_frame()
            assert kind == ADMIN
            found += parse(body)
        last = found.pop()
        assert (last.result, last.fields) == (50, {})
        return [answer.fields for answer in found]

    def login(self, user: str = "admin", password: str = "admin") -> Answer:
        """Log in with a password whose hash is known."""
        name = user.encode()
        return self.ask(LOGIN, {USER: name, CREDENTIAL: HASHES[password]})

    def authenticate(self, token: bytes, user: str | None = "admin") -> int:
        """The result of showing a token."""
        name = {} if user is None else {USER: user.encode()}
        return self.do(AUTHENTICATE, {**name, TOKEN: token})

    def create_user(self, user: str, *roles: bytes, password: str = "secret") -> int:
        """The result of creating a user."""
        fields = {USER: user.encode(), PASSWORD: HASHES[password], ROLES: names(*roles)}
        return self.do(CREATE_USER, fields)
