"""The MessagePack dialect for tests: Python values to bytes and back.

Written from the description of the dialect, independent of the server's own codec.
str and bytes carry their inner type byte; `Marked` is a list or dict with an ordering
marker; `Raw` stands for bytes as they are.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from .rawwire import (
    BLOB,
    BOOL,
    FLOAT,
    INT,
    LIST,
    MAP,
    NULL,
    OP_CDT_MODIFY,
    OP_CDT_READ,
    STRING,
    Op,
    f64,
    i64,
)


class Raw(bytes):
    """Bytes that are packed already."""


class Marked(NamedTuple):
    """A list or dict with an ordering marker."""

    value: Any
    flags: int = 1


class Pairs(tuple[Any, ...]):
    """A map that was read: its pairs as they came."""

    __slots__ = ()


WILDCARD = Raw(b"\xd4\xff\x00")
INFINITY = Raw(b"\xd4\xff\x01")

_UNSIGNED = ((1 << 8, 0xCC, ">B"), (1 << 16, 0xCD, ">H"), (1 << 32, 0xCE, ">I"))
_SIGNED = ((1 << 7, 0xD0, ">b"), (1 << 15, 0xD1, ">h"), (1 << 31, 0xD2, ">i"))


def _int(value: int) -> bytes:
    if -32 <= value < 128:
        return bytes([value & 255])
    forms = _UNSIGNED if value >= 0 else _SIGNED
    for limit, code, layout in forms:
        if (value if value >= 0 else ~value) < limit:
            return bytes([code]) + struct.pack(layout, value)
    return b"\xcf" + struct.pack(">Q", value) if value >= 0 else b"\xd3" + i64(value)


def _sized(count: int, fixed: int, n_fixed: int, code: int) -> bytes:
    if count < n_fixed:
        return bytes([fixed | count])
    return bytes([code]) + struct.pack(">H", count)


def _string(value: bytes) -> bytes:
    return _sized(len(value), 0xA0, 32, 0xDA) + value


def _map(value: dict[Any, Any], marker: bytes) -> bytes:
    pairs = b"".join(pack(key) + pack(item) for key, item in value.items())
    head = _sized(len(value) + bool(marker), 0x80, 16, 0xDE)
    return head + (marker + b"\xc0" if marker else b"") + pairs


def _list(value: list[Any], marker: bytes) -> bytes:
    head = _sized(len(value) + bool(marker), 0x90, 16, 0xDC)
    return head + marker + b"".join(pack(item) for item in value)


def pack(value: Any, marker: bytes = b"") -> bytes:
    """A value in the dialect, strings of up to 65535 bytes."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Marked):
        return pack(value.value, bytes((0xC7, 0, value.flags)))
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return _int(value)
    if isinstance(value, float):
        return b"\xcb" + f64(value)
    if isinstance(value, str):
        return _string(b"\x03" + value.encode())
    if isinstance(value, bytes):
        return _string(b"\x04" + value)
    return _map(value, marker) if isinstance(value, dict) else _list(value, marker)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        self.at += size
        assert self.at <= len(self.data)
        return self.data[self.at - size : self.at]

    def number(self, size: int, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "big", signed=signed)

    def value(self) -> Any:
        code = self.number(1)
        if code < 0x80 or code >= 0xE0:
            return code - 256 if code >= 0xE0 else code
        if code < 0xA0:
            return self.container(code & 15, is_map=code < 0x90)
        if code < 0xC0:
            return self.string(code & 31)
        if code in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[code]
        if 0xCC <= code <= 0xD3:
            return self.number(1 << ((code - 0xCC) & 3), signed=code >= 0xD0)
        if code == 0xCB:
            return struct.unpack(">d", self.take(8))[0]
        if code in (0xD9, 0xDA):
            return self.string(self.number(1 if code == 0xD9 else 2))
        if code in (0xDC, 0xDE):
            return self.container(self.number(2), is_map=code == 0xDE)
        raise AssertionError(hex(code))

    def string(self, size: int) -> Any:
        data = self.take(size)
        return data[1:].decode() if data[0] == STRING else data[1:]

    def container(self, count: int, is_map: bool) -> Any:
        marked = count and self.data[self.at] == 0xC7
        flags = self.take(3)[2] if marked else 0
        if marked and is_map:
            assert self.take(1) == b"\xc0"
        made: Any
        if is_map:
            pairs = [(self.value(), self.value()) for _ in range(count - bool(marked))]
            made = Pairs(pairs) if flags == 8 else dict(pairs)
        else:
            made = [self.value() for _ in range(count - bool(marked))]
        return Marked(made, flags) if flags in (1, 3) else made


def unpack(data: bytes) -> Any:
    """The one value in `data`; pairs in result order come as `Pairs`."""
    reader = _Reader(data)
    value = reader.value()
    assert reader.at == len(data)
    return value


def particle(value: Any) -> tuple[int, bytes]:
    """A bin of a value."""
    inner = value.value if isinstance(value, Marked) else value
    if isinstance(inner, (list, dict)):
        return LIST if isinstance(inner, list) else MAP, pack(value)
    if isinstance(inner, bool):
        return BOOL, bytes([inner])
    if isinstance(inner, int):
        return INT, i64(inner)
    if isinstance(inner, bytes):
        return BLOB, inner
    return (FLOAT, f64(inner)) if isinstance(inner, float) else (STRING, inner.encode())


def from_particle(kind: int, data: bytes) -> Any:
    """The value of a bin; null is None."""
    readers = {
        NULL: lambda: None,
        INT: lambda: struct.unpack(">q", data)[0],
        FLOAT: lambda: struct.unpack(">d", data)[0],
        BOOL: lambda: data == b"\x01",
        STRING: data.decode,
        BLOB: lambda: data,
        LIST: lambda: unpack(data),
        MAP: lambda: unpack(data),
    }
    return readers[kind]()


READ_CODES = {16, 17, 18, *range(19, 28), *range(96, 111)}


def cdt(*operation: Any, name: bytes = b"b", code: int | None = None) -> Op:
    """A list or map operation: read or modify by its code, in a context as well."""
    inner = operation[2] if operation[0] == 0xFF else operation
    if code is None:
        code = OP_CDT_READ if inner[0] in READ_CODES else OP_CDT_MODIFY
    return code, name, BLOB, pack(list(operation))
