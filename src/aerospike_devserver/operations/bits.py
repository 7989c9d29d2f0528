"""Bitwise operations on blobs: a row for each.

Bit 0 is the most significant one of byte 0; integers are big endian. The operations
work on a blob as on one long integer. Source: part A of the page on bits and
HyperLogLogs.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import NamedTuple

from aerospike_devserver.operations.arguments import refuse, signed, unsigned, wrap
from aerospike_devserver.operations.rows import (
    CREATE_ONLY,
    MAX_SIZE,
    NO_FAIL,
    UPDATE_ONLY,
    CannotApply,
    Flags,
    Modified,
    Rows,
    find,
    is_excluded,
    parse,
    registrar,
)
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.values.values import TYPE_STRING, Value
from aerospike_devserver.version import NEWEST, V8_2, Version

PARTIAL = 0x08

FROM_FRONT, GROW_ONLY, SHRINK_ONLY = 0x01, 0x02, 0x04
SIGNED, SATURATE, WRAP = 0x01, 0x02, 0x04

_PREFIX = bytes((Particle.BLOB,))
_PAST_THE_END = "past the end of the blob"

ROWS: Rows = {}
"""Bit operations by code."""

_row = registrar(ROWS)


class Subcode:
    """What more there is to say about an error 4."""

    OFFSET = 2
    SIZE = 3
    RESIZE = 4


def _bad_offset() -> ServerError:
    return refuse(Result.REQUEST_INVALID, Subcode.OFFSET, "offset out of range")


def _bad_size() -> ServerError:
    return refuse(Result.REQUEST_INVALID, Subcode.SIZE, "size out of range")


# Kinds of arguments


def _offset_in(unit: int) -> Callable[[Value], int]:
    """Kind of an offset in units of so many bits; a negative one is from the end."""

    def offset(value: Value) -> int:
        number = signed(value) * unit
        if abs(number) > MAX_SIZE * 8:
            raise _bad_offset()
        return number

    return offset


_offset = _offset_in(1)
_byte_offset = _offset_in(8)


def _sized(low: int, high: int) -> Callable[[Value], int]:
    def size(value: Value) -> int:
        number = unsigned(value)
        if not low <= number <= high:
            raise _bad_size()
        return number

    return size


_bit_size = _sized(1, MAX_SIZE * 8)
_integer_size = _sized(1, 64)
_byte_size = _sized(1, MAX_SIZE)
_new_size = _sized(0, MAX_SIZE)
_shift = _sized(0, MAX_SIZE * 8)


def _blob(value: Value) -> bytes:
    """A byte string that is not empty; its inner type is not looked at."""
    if type(value) is not bytes or len(value) < 2:
        raise refuse(Result.REQUEST_INVALID)
    return value[1:]


def _boolean(value: Value) -> bool:
    if type(value) is not bool:
        raise refuse(Result.REQUEST_INVALID)
    return value


def _options(allowed: int, exclusive: int = 0) -> Callable[[Value], int]:
    """Kind of flags of one operation's own, two of which exclude each other."""

    def options(value: Value) -> int:
        flags = unsigned(value)
        if flags & ~allowed or (exclusive and flags & exclusive == exclusive):
            raise refuse(Result.REQUEST_INVALID)
        return flags

    return options


_CREATE = (Flags(CREATE_ONLY | UPDATE_ONLY | NO_FAIL), 0)
_CHANGE = (Flags(UPDATE_ONLY | NO_FAIL | PARTIAL), 0)
_NUMBER = (Flags(UPDATE_ONLY | NO_FAIL), 0)
_RESIZE = (
    _options(FROM_FRONT | GROW_ONLY | SHRINK_ONLY, GROW_ONLY | SHRINK_ONLY),
    0,
)
_ARITHMETIC = (_options(SIGNED | SATURATE | WRAP, SATURATE | WRAP), 0)


# The operations as a whole


def _content(root: Value) -> bytes:
    """The bytes of a blob; ServerError 12 for what is none."""
    if type(root) is not bytes or root[:1] != _PREFIX:
        raise refuse(Result.BIN_INCOMPATIBLE_TYPE, text="the value is no blob")
    return root[1:]


def read(root: Value, operation: Value, version: Version = NEWEST) -> Value:
    """The result of an operation that changes nothing. root: any value."""
    call = parse(operation)
    row = find(ROWS, call.code, False, version)
    arguments = row.arguments(call.arguments)
    return row.run(_content(root), *arguments)


def modify(root: Value, operation: Value, version: Version = NEWEST) -> Modified:
    """Modify a value, or create it if root is None. There is no result."""
    call = parse(operation)
    row = find(ROWS, call.code, True, version)
    arguments = row.arguments(call.arguments)
    flags = row.flags(arguments)
    if root is None and not row.creates:
        flags |= UPDATE_ONLY
    if is_excluded(flags, root is not None):
        return Modified(root)
    content = b"" if root is None else _content(root)
    try:
        changed = row.run(content, *arguments)
    except CannotApply:
        if flags & NO_FAIL:
            return Modified(root)
        raise
    return Modified(root if root is None and not changed else _PREFIX + changed)


# Ranges of bits


class _Span(NamedTuple):
    """Some bits of a blob, which is taken as an integer of n_bits."""

    blob: int
    n_bits: int
    offset: int
    size: int

    @property
    def shift(self) -> int:
        """How many bits stand behind the range."""
        return self.n_bits - self.offset - self.size

    @property
    def mask(self) -> int:
        return (1 << self.size) - 1

    @property
    def value(self) -> int:
        """The bits of the range as an unsigned integer."""
        return self.blob >> self.shift & self.mask

    def replaced(self, value: int) -> bytes:
        """The blob with other bits in the range."""
        kept = self.blob & ~(self.mask << self.shift)
        return _to_bytes(kept | (value & self.mask) << self.shift, self.n_bits)


def _to_bytes(number: int, n_bits: int) -> bytes:
    return number.to_bytes(n_bits // 8, "big")


def _from_start(content: bytes, offset: int) -> int:
    """An offset counted from the start; ServerError 4 if it lies before it."""
    if offset >= 0:
        return offset
    if -offset > len(content) * 8:
        raise _bad_offset()
    return offset + len(content) * 8


def _span(content: bytes, offset: int, size: int, flags: int = 0) -> _Span:
    """The bits that an operation is about; what lies past the end is 26, or cut."""
    n_bits = len(content) * 8
    offset = _from_start(content, offset)
    if offset >= n_bits or (offset + size > n_bits and not flags & PARTIAL):
        raise CannotApply(Result.OP_NOT_APPLICABLE, text=_PAST_THE_END)
    size = min(size, n_bits - offset)
    return _Span(int.from_bytes(content, "big"), n_bits, offset, size)


# Modifications of the size


def _check_new_size(size: int) -> None:
    if size >= MAX_SIZE:
        raise refuse(Result.REQUEST_INVALID, Subcode.RESIZE, "blob too large")


@_row(0, _new_size, optional=(_CREATE, _RESIZE), modifies=True, creates=True)
def resize(content: bytes, size: int, _flags: int, how: int) -> bytes:
    """Cut, or fill up with zero bytes."""
    _check_new_size(size)
    if size < len(content):
        _check_direction(how & GROW_ONLY)
        start = len(content) - size if how & FROM_FRONT else 0
        return content[start : start + size]
    if size > len(content):
        _check_direction(how & SHRINK_ONLY)
    fill = bytes(size - len(content))
    return fill + content if how & FROM_FRONT else content + fill


def _check_direction(forbidden: int) -> None:
    if forbidden:
        raise CannotApply(Result.REQUEST_INVALID, text="wrong direction of a resize")


@_row(1, _byte_offset, _blob, optional=(_CREATE,), modifies=True, creates=True)
def insert(content: bytes, offset: int, value: bytes, _flags: int) -> bytes:
    """Put bytes in between; a gap is filled with zero bytes."""
    place = _from_start(content, offset) // 8
    _check_new_size(max(place, len(content)) + len(value))
    return content[:place].ljust(place, b"\0") + value + content[place:]


@_row(2, _byte_offset, _byte_size, optional=(_CHANGE,), modifies=True)
def remove(content: bytes, offset: int, size: int, flags: int) -> bytes:
    """Take bytes away."""
    place = _from_start(content, offset) // 8
    if place >= len(content):
        raise CannotApply(Result.REQUEST_INVALID, Subcode.OFFSET, _PAST_THE_END)
    if place + size > len(content) and not flags & PARTIAL:
        raise CannotApply(Result.REQUEST_INVALID, Subcode.SIZE, _PAST_THE_END)
    return content[:place] + content[place + size :]


# Modifications of bits


def _check_value(_offset: int, size: int, value: bytes, _flags: int) -> None:
    """ServerError 4 for a value with fewer bits than the range."""
    if len(value) * 8 < size:
        raise _bad_size()


def _combine(
    code: int, name: str, function: Callable[[int, int], int]
) -> Callable[..., bytes]:
    """An operation of the bits of a range with those of a value."""

    def run(content: bytes, offset: int, size: int, value: bytes, flags: int) -> bytes:
        span = _span(content, offset, size, flags)
        operand = int.from_bytes(value, "big") >> len(value) * 8 - span.size
        return span.replaced(function(span.value, operand))

    run.__name__ = name
    kinds = (_offset, _bit_size, _blob)
    row = _row(code, *kinds, optional=(_CHANGE,), modifies=True, check=_check_value)
    return row(run)


set_ = _combine(3, "set", lambda _old, new: new)
or_ = _combine(4, "or", lambda old, new: old | new)
xor = _combine(5, "xor", lambda old, new: old ^ new)
and_ = _combine(6, "and", lambda old, new: old & new)


@_row(7, _offset, _bit_size, optional=(_CHANGE,), modifies=True)
def not_(content: bytes, offset: int, size: int, flags: int) -> bytes:
    """Turn each bit over."""
    span = _span(content, offset, size, flags)
    return span.replaced(~span.value)


@_row(8, _offset, _bit_size, _shift, optional=(_CHANGE,), modifies=True)
def lshift(content: bytes, offset: int, size: int, by: int, flags: int) -> bytes:
    """Move bits to the left; zeros come in, and nothing leaves the range."""
    span = _span(content, offset, size, flags)
    return span.replaced(span.value << by if by < span.size else 0)


@_row(9, _offset, _bit_size, _shift, optional=(_CHANGE,), modifies=True)
def rshift(content: bytes, offset: int, size: int, by: int, flags: int) -> bytes:
    """Move bits to the right."""
    span = _span(content, offset, size, flags)
    return span.replaced(span.value >> by)


# Integers in a blob


def _sign_extend(number: int, size: int) -> int:
    return number - (1 << size) if number >> size - 1 & 1 else number


def _overflow_bound(
    total: int, operand: int, old: int, size: int, how: int
) -> int | None:
    """What a sum that leaves the range saturates at; None if it stays inside.

    Signed: judged by the signs of the operands and of the sum as cut to size, each of
    which has to be other than zero, as the reference server does.
    """
    cut = total & (1 << size) - 1
    if not how & SIGNED:
        if total == cut:
            return None
        return (1 << size) - 1 if total > 0 else 0
    result, first, second = (_sign_extend(n, size) for n in (cut, old, operand))
    if first < 0 and second < 0 < result:
        return 1 << size - 1
    if first > 0 and second > 0 > result:
        return (1 << size - 1) - 1
    return None


def _add(
    content: bytes, offset: int, size: int, value: int, sign: int, how: int
) -> bytes:
    span = _span(content, offset, size)
    operand = value & span.mask
    total = span.value + sign * operand
    if not how & WRAP:
        bound = _overflow_bound(
            total, sign * operand & span.mask, span.value, size, how
        )
        if bound is not None:
            if not how & SATURATE:
                raise CannotApply(Result.OP_NOT_APPLICABLE, text="overflow")
            total = bound
    return span.replaced(total)


_INTEGER = (_offset, _integer_size, unsigned)


@_row(10, *_INTEGER, optional=(_NUMBER, _ARITHMETIC), modifies=True)
def add(
    content: bytes, offset: int, size: int, value: int, _flags: int, how: int
) -> bytes:
    """Add to an integer of 1 to 64 bits."""
    return _add(content, offset, size, value, 1, how)


@_row(11, *_INTEGER, optional=(_NUMBER, _ARITHMETIC), modifies=True)
def subtract(
    content: bytes, offset: int, size: int, value: int, _flags: int, how: int
) -> bytes:
    """Subtract from an integer of 1 to 64 bits."""
    return _add(content, offset, size, value, -1, how)


@_row(12, *_INTEGER, optional=(_NUMBER,), modifies=True)
def set_int(content: bytes, offset: int, size: int, value: int, _flags: int) -> bytes:
    """Store an integer of 1 to 64 bits."""
    return _span(content, offset, size).replaced(value)


# Reads


@_row(50, _offset, _bit_size)
def get(content: bytes, offset: int, size: int) -> bytes:
    """The bits of a range, from the left, filled up with zeros to whole bytes."""
    n_bits = (size + 7) // 8 * 8
    value = _span(content, offset, size).value << n_bits - size
    return _PREFIX + _to_bytes(value, n_bits)


@_row(51, _offset, _bit_size)
def count(content: bytes, offset: int, size: int) -> int:
    """How many bits of a range are 1."""
    return _span(content, offset, size).value.bit_count()


def _wanted(content: bytes, offset: int, size: int, bit: bool) -> int:
    """The bits of a range, 1 where they are as wanted."""
    span = _span(content, offset, size)
    return span.value if bit else ~span.value & span.mask


@_row(52, _offset, _bit_size, _boolean)
def lscan(content: bytes, offset: int, size: int, bit: bool) -> int:
    """The first bit that is as wanted, counted from the offset; -1 = none."""
    found = _wanted(content, offset, size, bit)
    return size - found.bit_length() if found else -1


@_row(53, _offset, _bit_size, _boolean)
def rscan(content: bytes, offset: int, size: int, bit: bool) -> int:
    """The last bit that is as wanted, counted from the offset; -1 = none."""
    found = _wanted(content, offset, size, bit)
    return size - (found & -found).bit_length() if found else -1


@_row(54, _offset, _integer_size, optional=((_options(SIGNED), 0),))
def get_int(content: bytes, offset: int, size: int, how: int) -> int:
    """An integer of 1 to 64 bits; an unsigned one beyond 2^63 - 1 comes negative."""
    value = _span(content, offset, size).value
    return _sign_extend(value, size) if how & SIGNED else wrap(value)


INVERT_SIZE = 0x01


@_row(
    55,
    optional=((_byte_offset, 0), (_new_size, None), (_options(INVERT_SIZE), 0)),
    since=V8_2,
)
def b64_encode(content: bytes, offset: int, size: int | None, how: int) -> bytes:
    """Bytes as base64 text; with INVERT_SIZE the size counts back from the end."""
    start = _from_start(content, offset) // 8
    left = len(content) - start
    if size is None:
        size = left
    elif how & INVERT_SIZE:
        size = left - size
    if not 0 <= size <= left:
        raise CannotApply(Result.OP_NOT_APPLICABLE, text=_PAST_THE_END)
    text = base64.b64encode(content[start : start + size])
    return bytes((TYPE_STRING,)) + text
