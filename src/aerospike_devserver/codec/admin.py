"""Admin messages: a header of 16 bytes, then fields like those of data messages.

A reply is one frame with one message; that of a query has many, and one with result 50
ends it. Source: sections 1 and 4 of the page on security.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from struct import Struct

from aerospike_devserver.codec.frame import HEADER_SIZE as PROTO_SIZE
from aerospike_devserver.codec.message import MessageError, parse_fields

HEADER_SIZE = 16
RESULT_OFFSET = PROTO_SIZE + 1
"""Where the result of a reply stands, in its frame."""
FIRST_SCOPED = 10
"""Privileges from this code on have a namespace and a set; empty names = all."""

_HEADER = Struct(">BBBB12x")
_U32 = Struct(">I")

RawPrivilege = tuple[int, bytes, bytes]
"""(code, namespace, set)."""


class AdminCommand(IntEnum):
    """What a request asks for."""

    AUTHENTICATE = 0
    CREATE_USER = 1
    DROP_USER = 2
    SET_PASSWORD = 3
    CHANGE_PASSWORD = 4
    GRANT_ROLES = 5
    REVOKE_ROLES = 6
    QUERY_USERS = 9
    CREATE_ROLE = 10
    DROP_ROLE = 11
    GRANT_PRIVILEGES = 12
    REVOKE_PRIVILEGES = 13
    SET_WHITELIST = 14
    SET_QUOTAS = 15
    QUERY_ROLES = 16
    LOGIN = 20


class AdminField(IntEnum):
    """Types of fields."""

    USER = 0
    PASSWORD = 1
    OLD_PASSWORD = 2
    CREDENTIAL = 3
    CLEAR_PASSWORD = 4
    SESSION_TOKEN = 5
    SESSION_TTL = 6
    ROLES = 10
    ROLE = 11
    PRIVILEGES = 12
    WHITELIST = 13
    READ_QUOTA = 14
    WRITE_QUOTA = 15
    READ_INFO = 16
    WRITE_INFO = 17
    CONNECTIONS = 18


class AdminMessage:
    """One parsed request."""

    __slots__ = ("command", "fields", "scheme")

    def __init__(self, body: bytes) -> None:
        """Parse `body`; MessageError if it is not exactly one message."""
        if len(body) < HEADER_SIZE:
            raise MessageError("shorter than a header")
        self.scheme, _, self.command, n_fields = _HEADER.unpack_from(body)
        self.fields, end = parse_fields(body, HEADER_SIZE, n_fields)
        if end != len(body):
            raise MessageError("bytes left over")


def encode_message(
    result: int, command: int = 0, fields: Sequence[bytes] = ()
) -> bytes:
    """A message of a reply, without a frame."""
    return _HEADER.pack(0, result, command, len(fields)) + b"".join(fields)


def _short(text: bytes) -> bytes:
    """A text of at most 255 bytes behind its length."""
    return bytes((len(text),)) + text


class _Items:
    """Reads the parts of a field one after another; MessageError at its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, size: int) -> bytes:
        found = self._data[self._offset : self._offset + size]
        if len(found) < size:
            raise MessageError("a part past the end")
        self._offset += size
        return found

    def short(self) -> bytes:
        return self.take(self.byte())


def parse_names(data: bytes) -> list[bytes]:
    """A list of names; MessageError."""
    items = _Items(data)
    return [items.short() for _ in range(items.byte())]


def encode_names(names: Sequence[bytes]) -> bytes:
    """A list of names."""
    return bytes((len(names),)) + b"".join(map(_short, names))


def parse_privileges(data: bytes) -> list[RawPrivilege]:
    """A list of privileges; MessageError."""
    items = _Items(data)
    found: list[RawPrivilege] = []
    for _ in range(items.byte()):
        code = items.byte()
        is_scoped = code >= FIRST_SCOPED
        found.append(
            (code, items.short(), items.short()) if is_scoped else (code, b"", b"")
        )
    return found


def encode_privileges(privileges: Sequence[RawPrivilege]) -> bytes:
    """A list of privileges."""
    made = bytearray((len(privileges),))
    for code, *scope in privileges:
        made.append(code)
        if code >= FIRST_SCOPED:
            made += b"".join(map(_short, scope))
    return bytes(made)


def parse_number(data: bytes) -> int:
    """A number of four bytes; MessageError."""
    if len(data) != _U32.size:
        raise MessageError("no number of four bytes")
    found: int = _U32.unpack(data)[0]
    return found


def encode_number(number: int) -> bytes:
    """A number of four bytes."""
    return _U32.pack(number)


def encode_numbers(numbers: Iterable[int]) -> bytes:
    """Numbers behind their count."""
    packed = list(map(encode_number, numbers))
    return bytes((len(packed),)) + b"".join(packed)
