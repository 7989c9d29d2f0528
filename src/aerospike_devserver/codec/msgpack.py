"""The MessagePack dialect: bytes to values of `values.values`, and back.

Both directions keep their own stack, and stop at the depth that they are given: 256
levels for values, as many as clients write. Source: section 1 of the MessagePack
dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from struct import Struct, error
from typing import Any

from aerospike_devserver.values.values import (
    SPECIAL_EXT,
    Ext,
    Float32,
    ListValue,
    MapValue,
    Value,
)

MAX_DEPTH = 256
"""Levels of lists and maps in a value that is stored."""
MAX_OPERATION_DEPTH = MAX_DEPTH + 8
"""Of an operation's array: its own levels, and those of a value in it."""

_U8, _U16, _U32, _U64 = (Struct(">" + code) for code in "BHIQ")
_I8, _I16, _I32, _I64 = (Struct(">" + code) for code in "bhiq")
_F32, _F64 = Struct(">f"), Struct(">d")

Seal = Callable[[Any], bool]
"""Called with each finished ListValue or MapValue, inner ones first. It may change the
container and then returns True; it raises MsgpackError to refuse the data."""


_FIXED_EXTS = {1: b"\xd4", 2: b"\xd5", 4: b"\xd6", 8: b"\xd7", 16: b"\xd8"}
"""Sizes of ext data that need no length byte."""


class MsgpackError(ValueError):
    """Not one element of the dialect, or one that is refused where it stands."""


# Decoding

_Scalar = tuple[Value, int, bool]
"""(value, offset behind it, whether this is its smallest encoding)."""


def _integer(layout: Struct, low: int, high: int) -> Callable[[bytes, int], _Scalar]:
    """Reader of an integer; between low and high a shorter form would have done."""

    def read(data: bytes, offset: int) -> _Scalar:
        (value,) = layout.unpack_from(data, offset)
        return value, offset + layout.size, not low <= value <= high

    return read


def _floating(layout: Struct, kind: type[float]) -> Callable[[bytes, int], _Scalar]:
    def read(data: bytes, offset: int) -> _Scalar:
        return kind(layout.unpack_from(data, offset)[0]), offset + layout.size, True

    return read


def _string(layout: Struct, above: int) -> Callable[[bytes, int], _Scalar]:
    """Reader of a byte string; it is in its smallest form if longer than `above`."""

    def read(data: bytes, offset: int) -> _Scalar:
        (size,) = layout.unpack_from(data, offset)
        start = offset + layout.size
        if start + size > len(data):
            raise MsgpackError("string past the end")
        return (
            data[start : start + size],
            start + size,
            size > above,
        )

    return read


def _extension(layout: Struct, shorter: int) -> Callable[[bytes, int], _Scalar]:
    """Reader of an ext element with a length, up to `shorter` of which need less."""

    def read(data: bytes, offset: int) -> _Scalar:
        (size,) = layout.unpack_from(data, offset)
        start = offset + layout.size + 1
        if start + size > len(data):
            raise MsgpackError("ext past the end")
        value = Ext(data[start - 1], data[start : start + size], can_mark=True)
        return value, start + size, size > shorter and size not in _FIXED_EXTS

    return read


def _fixed_extension(size: int) -> Callable[[bytes, int], _Scalar]:
    """Reader of an ext element of a fixed size."""

    def read(data: bytes, offset: int) -> _Scalar:
        end = offset + 1 + size
        if end > len(data):
            raise MsgpackError("ext past the end")
        return Ext(data[offset], data[offset + 1 : end], can_mark=size > 1), end, True

    return read


def _constant(value: Value) -> Callable[[bytes, int], _Scalar]:
    return lambda _data, offset: (value, offset, True)


_NEVER = 1 << 32
_SCALARS: dict[int, Callable[[bytes, int], _Scalar]] = {
    0xC0: _constant(None),
    0xC2: _constant(False),
    0xC3: _constant(True),
    0xC4: _string(_U8, 0x1F),  # the server leaves the longer ones alone
    0xC5: _string(_U16, _NEVER),
    0xC6: _string(_U32, _NEVER),
    0xC7: _extension(_U8, -1),
    0xC8: _extension(_U16, 0xFF),
    0xC9: _extension(_U32, 0xFFFF),
    0xCA: _floating(_F32, Float32),
    0xCB: _floating(_F64, float),
    0xCC: _integer(_U8, 0, 0x7F),
    0xCD: _integer(_U16, 0, 0xFF),
    0xCE: _integer(_U32, 0, 0xFFFF),
    0xCF: _integer(_U64, 0, 0xFFFFFFFF),
    0xD0: _integer(_I8, -0x20, 0x7F),
    0xD1: _integer(_I16, -0x80, 0x7FFF),
    0xD2: _integer(_I32, -0x8000, 0x7FFFFFFF),
    0xD3: _integer(_I64, -0x80000000, 0x7FFFFFFFFFFFFFFF),
    0xD4: _fixed_extension(1),
    0xD5: _fixed_extension(2),
    0xD6: _fixed_extension(4),
    0xD7: _fixed_extension(8),
    0xD8: _fixed_extension(16),
    0xD9: _string(_U8, 0x1F),
    0xDA: _string(_U16, 0xFF),
    0xDB: _string(_U32, 0xFFFF),
}

_CONTAINERS: dict[int, tuple[bool, Struct, int]] = {
    0xDC: (False, _U16, 0x0F),
    0xDD: (False, _U32, 0xFFFF),
    0xDE: (True, _U16, 0x0F),
    0xDF: (True, _U32, 0xFFFF),
}
"""Header byte: (is a map, layout of the count, largest count of a shorter header)."""


def _is_marker(item: Value) -> bool:
    """Whether a first element is the ordering marker; WILDCARD and INF are not."""
    return (
        type(item) is Ext
        and item.can_mark
        and not (item.type == SPECIAL_EXT and len(item.data) == 1)
    )


def _check_marker_value(value: Value) -> None:
    """Beside the marker of a map stands one element without any inside."""
    if (type(value) is ListValue and value.items) or (
        type(value) is MapValue and value.keys
    ):
        raise MsgpackError("a full container beside the marker")


def _close(items: list[Value], is_map: bool) -> ListValue | MapValue:
    """The container made of its elements; of a map, keys and values in turn.

    A leading ext element is the ordering marker: its type byte holds the flags.
    """
    flags = 0
    if items and _is_marker(items[0]):
        flags = items[0].type
        if is_map:
            _check_marker_value(items[1])
        del items[: 2 if is_map else 1]
    return (
        MapValue(items[::2], items[1::2], flags) if is_map else ListValue(items, flags)
    )


class _Decoder:
    """Reads elements off `data`; one pass, no recursion."""

    __slots__ = ("data", "is_smallest", "max_depth", "offset", "seal")

    def __init__(self, data: bytes, seal: Seal | None, max_depth: int) -> None:
        self.data = data
        self.offset = 0
        self.seal = seal
        self.max_depth = max_depth
        self.is_smallest = True

    def element(self) -> Value:
        """The next element. IndexError and struct.error mean: truncated."""
        data, offset = self.data, self.offset
        stack: list[tuple[list[Value], int, bool]] = []
        items: list[Value] = []
        left, is_map = 1, False
        while True:
            while left == 0:
                if not stack:
                    self.offset = offset
                    return items[0]
                container = self._finish(items, is_map)
                items, left, is_map = stack.pop()
                items.append(container)
            left -= 1
            byte = data[offset]
            offset += 1
            if byte < 0x80:
                items.append(byte)
            elif 0xA0 <= byte < 0xC0:
                end = offset + byte - 0xA0
                if end > len(data):
                    raise MsgpackError("string past the end")
                items.append(data[offset:end])
                offset = end
            elif byte >= 0xE0:
                items.append(byte - 0x100)
            elif byte < 0xA0 or byte >= 0xDC:
                stack.append((items, left, is_map))
                if len(stack) > self.max_depth:
                    raise MsgpackError("nested too deep")
                items = []
                is_map, left, offset = self._open(byte, offset)
            else:
                value, offset, is_smallest = _SCALARS[byte](data, offset)
                self.is_smallest = self.is_smallest and is_smallest
                items.append(value)

    def _open(self, byte: int, offset: int) -> tuple[bool, int, int]:
        """A container header: (is a map, elements in it, offset behind the header)."""
        if byte < 0xA0:
            is_map, count = byte < 0x90, byte & 0x0F
        else:
            is_map, layout, shorter = _CONTAINERS[byte]
            (count,) = layout.unpack_from(self.data, offset)
            offset += layout.size
            self.is_smallest = self.is_smallest and count > shorter
        count = count * 2 if is_map else count
        if count > len(self.data) - offset:  # an element has at least one byte
            raise MsgpackError("more elements than bytes")
        return is_map, count, offset

    def _finish(self, items: list[Value], is_map: bool) -> ListValue | MapValue:
        if items and _is_marker(items[0]):
            is_plain = not items[0].data and not (is_map and items[1] is not None)
            self.is_smallest = self.is_smallest and is_plain
        container = _close(items, is_map)
        if self.seal is not None and self.seal(container):
            self.is_smallest = False
        return container


def decode(
    data: bytes, seal: Seal | None = None, max_depth: int = MAX_DEPTH
) -> tuple[Value, bool]:
    """The one element that `data` holds, and whether `data` is its smallest form.

    MsgpackError when it is truncated, unknown, nested too deep, followed by more, or
    refused by `seal`.
    """
    decoder = _Decoder(data, seal, max_depth)
    try:
        value = decoder.element()
    except (IndexError, error, KeyError) as cause:
        raise MsgpackError("truncated or unknown element") from cause
    if decoder.offset != len(data):
        raise MsgpackError("trailing bytes")
    return value, decoder.is_smallest


def decode_first(data: bytes) -> Value:
    """The array of an operation, whatever follows it; or MsgpackError."""
    try:
        return _Decoder(data, None, MAX_OPERATION_DEPTH).element()
    except (IndexError, error, KeyError) as cause:
        raise MsgpackError("truncated or unknown element") from cause


# Encoding

_UNSIGNED = (
    (1 << 8, b"\xcc", _U8),
    (1 << 16, b"\xcd", _U16),
    (1 << 32, b"\xce", _U32),
    (1 << 64, b"\xcf", _U64),
)
_SIGNED = (
    (1 << 7, b"\xd0", _I8),
    (1 << 15, b"\xd1", _I16),
    (1 << 31, b"\xd2", _I32),
    (1 << 63, b"\xd3", _I64),
)
_STRINGS = (
    (1 << 8, b"\xd9", _U8),
    (1 << 16, b"\xda", _U16),
    (1 << 32, b"\xdb", _U32),
)
_LISTS = ((1 << 16, b"\xdc", _U16), (1 << 32, b"\xdd", _U32))
_MAPS = ((1 << 16, b"\xde", _U16), (1 << 32, b"\xdf", _U32))
_EXTS = ((1 << 8, b"\xc7", _U8), (1 << 16, b"\xc8", _U16), (1 << 32, b"\xc9", _U32))

_Forms = tuple[tuple[int, bytes, Struct], ...]


def _sized(forms: _Forms, number: int, measure: int | None = None) -> bytes:
    """`number` in the first form whose limit lies above `measure`, itself if None."""
    measure = number if measure is None else measure
    for limit, prefix, layout in forms:
        if measure < limit:
            return prefix + layout.pack(number)
    raise MsgpackError("too large for any form")


def _header(fixed: int, n_fixed: int, forms: _Forms, count: int) -> bytes:
    return bytes((fixed | count,)) if count < n_fixed else _sized(forms, count)


def encode_int(value: int) -> bytes:
    """An integer of -2^63 to 2^64-1 in its smallest form."""
    if -0x20 <= value < 0x80:
        return bytes((value & 0xFF,))
    return _sized(_UNSIGNED, value) if value >= 0 else _sized(_SIGNED, value, ~value)


def encode_bytes(value: bytes) -> bytes:
    """A byte string (with its inner type byte) in the str family."""
    return _header(0xA0, 32, _STRINGS, len(value)) + value


def _encode_ext(value: Ext) -> bytes:
    size = len(value.data)
    head = _FIXED_EXTS[size] if size in _FIXED_EXTS else _sized(_EXTS, size)
    return head + bytes((value.type,)) + value.data


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"\xc0",
    bool: lambda value: b"\xc3" if value else b"\xc2",
    int: encode_int,
    float: lambda value: b"\xcb" + _F64.pack(value),
    Float32: lambda value: b"\xca" + _F32.pack(value),
    bytes: encode_bytes,
    Ext: _encode_ext,
}


def _marker(flags: int) -> bytes:
    return bytes((0xC7, 0, flags)) if flags else b""


def _open_list(value: ListValue) -> tuple[bytes, Iterator[Value]]:
    count = len(value.items) + bool(value.flags)
    return _header(0x90, 16, _LISTS, count) + _marker(value.flags), iter(value.items)


def _open_map(value: MapValue) -> tuple[bytes, Iterator[Value]]:
    head = _header(0x80, 16, _MAPS, len(value.keys) + bool(value.flags))
    head += _marker(value.flags) + b"\xc0" if value.flags else b""
    pairs = zip(value.keys, value.values, strict=True)
    return head, chain.from_iterable(pairs)


def encode(value: Value, max_depth: int | None = None) -> bytes:
    """The smallest encoding of a value; MsgpackError if it is nested too deep."""
    out = bytearray()
    stack: list[Iterator[Value]] = [iter((value,))]
    while stack:
        for item in stack[-1]:
            writer = _WRITERS.get(type(item))
            if writer is not None:
                out += writer(item)
                continue
            head, inner = (
                _open_list(item) if type(item) is ListValue else _open_map(item)
            )
            out += head
            stack.append(inner)
            if max_depth is not None and len(stack) > max_depth + 1:
                raise MsgpackError("nested too deep")
            break
        else:
            stack.pop()
    return bytes(out)
