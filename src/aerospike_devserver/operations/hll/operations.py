"""The operations on sketches: a row for each.

Source: sections B.1, B.2 and B.6 of the page on bits and HyperLogLogs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from aerospike_devserver.codec.msgpack import encode
from aerospike_devserver.operations.arguments import refuse, signed
from aerospike_devserver.operations.hll import estimate
from aerospike_devserver.operations.rows import (
    CREATE_ONLY,
    NO_FAIL,
    UPDATE_ONLY,
    Flags,
    Modified,
    Rows,
    find,
    is_excluded,
    parse,
    registrar,
)
from aerospike_devserver.result import Result
from aerospike_devserver.values import sketch
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.values.sketch import Geometry, Sketch
from aerospike_devserver.values.values import Ext, ListValue, MapValue, Value
from aerospike_devserver.version import NEWEST, Version

ALLOW_FOLD = 0x08
NOT_GIVEN = -1
_MAX_WITHOUT_MINHASH = 2
"""Sketches that can be intersected with the stored one without minhash bits."""

_PREFIX = bytes((Particle.HLL,))

ROWS: Rows = {}
"""Operations on sketches by code."""

_row = registrar(ROWS)


class Subcode:
    """What more there is to say about an error 26, or 17."""

    CANNOT_CREATE = 1
    INDEX_BITS_UNSET = 4
    REDUCES_INDEX_BITS = 5
    REDUCES_MINHASH_BITS = 6
    FOLDS_MINHASH = 7
    FOLDS_TO_MORE = 8
    MINHASH_MISMATCH = 9


# Kinds of arguments


def _bits(is_allowed: Callable[[int], bool]) -> Callable[[Value], int]:
    """Kind of a number of bits, or NOT_GIVEN."""

    def bits(value: Value) -> int:
        number = signed(value)
        if number != NOT_GIVEN and not is_allowed(number):
            raise refuse(Result.REQUEST_INVALID, text="number of bits out of range")
        return number

    return bits


_index_bits = _bits(sketch.is_index_bits)
_minhash_bits = _bits(sketch.is_minhash_bits)


def _check_sum(*arguments: Any) -> None:
    """Of the two numbers of bits in front of the flags, if both are given."""
    bits = arguments[-3:-1]
    if NOT_GIVEN not in bits and not Geometry(*bits).is_valid:
        raise refuse(Result.REQUEST_INVALID, text="too many bits")


_GEOMETRY = ((_index_bits, NOT_GIVEN), (_minhash_bits, NOT_GIVEN))


def _elements(value: Value) -> list[bytes]:
    """Elements as they are hashed. An ordering marker counts as the first of them."""
    if type(value) is not ListValue:
        raise refuse(Result.REQUEST_INVALID)
    items = value.items
    if any(isinstance(item, (ListValue, MapValue)) for item in items):
        raise refuse(Result.REQUEST_INVALID, text="an element is a list or a map")
    if value.flags:
        items = [Ext(value.flags, b""), *items]
    if not items:
        raise refuse(Result.REQUEST_INVALID, text="no elements")
    return [encode(item) for item in items]


def _sketches(value: Value) -> list[Sketch]:
    """One sketch, or a list of them; their inner type byte is not looked at."""
    items = value.items if type(value) is ListValue else [value]
    if not items or not all(
        type(item) is bytes and sketch.is_sketch(item[1:]) for item in items
    ):
        raise refuse(Result.REQUEST_INVALID, text="no HyperLogLog")
    return [sketch.decode(item[1:]) for item in items]


def _intersectable(value: Value) -> list[Sketch]:
    """Sketches to intersect: of three or more all have the same minhash bits."""
    found = _sketches(value)
    if len(found) > _MAX_WITHOUT_MINHASH:
        minhash_bits = {each.geometry.minhash_bits for each in found}
        if len(minhash_bits) > 1 or 0 in minhash_bits:
            raise refuse(Result.REQUEST_INVALID, text="minhash bits differ")
    return found


# The operations as a whole


def _content(root: Value) -> Sketch:
    """The stored sketch; ServerError 12 for what is none, 1 for a broken one."""
    if type(root) is not bytes or root[:1] != _PREFIX:
        raise refuse(Result.BIN_INCOMPATIBLE_TYPE, text="the value is no HyperLogLog")
    if not sketch.is_sketch(root[1:]):
        raise refuse(Result.SERVER_ERROR)
    return sketch.decode(root[1:])


def _to_value(made: Sketch) -> bytes:
    return _PREFIX + sketch.encode(made)


def read(root: Value, operation: Value, version: Version = NEWEST) -> Value:
    """The result of an operation that changes nothing. root: any value."""
    call = parse(operation)
    row = find(ROWS, call.code, False, version)
    stored = _content(root)
    return row.run(stored, *row.arguments(call.arguments))


def modify(root: Value, operation: Value, version: Version = NEWEST) -> Modified:
    """Modify a sketch, or create it if root is None."""
    call = parse(operation)
    row = find(ROWS, call.code, True, version)
    stored = None if root is None else _content(root)
    arguments = row.arguments(call.arguments)
    if is_excluded(row.flags(arguments), stored is not None):
        return Modified(root)
    if stored is None and not row.creates:
        raise refuse(Result.BIN_NOT_FOUND, Subcode.CANNOT_CREATE, "nothing to work on")
    changed: _Changed = row.run(stored, *arguments)
    return Modified(_to_value(changed.sketch), changed.result)


class _Changed(NamedTuple):
    """The sketch after a modification, and its result."""

    sketch: Sketch
    result: int | None = None


# Modifications


def _geometry(stored: Sketch | None, index_bits: int, minhash_bits: int) -> Geometry:
    """The geometry asked for; what is not given is as stored, or 0 minhash bits."""
    if stored is not None:
        known = stored.geometry
    elif index_bits == NOT_GIVEN:
        raise refuse(subcode=Subcode.INDEX_BITS_UNSET, text="index bits are not given")
    else:
        known = Geometry(index_bits, 0)
    return Geometry(
        known.index_bits if index_bits == NOT_GIVEN else index_bits,
        known.minhash_bits if minhash_bits == NOT_GIVEN else minhash_bits,
    )


@_row(
    0,
    optional=(*_GEOMETRY, (Flags(CREATE_ONLY | UPDATE_ONLY | NO_FAIL), 0)),
    modifies=True,
    creates=True,
    check=_check_sum,
)
def init(
    stored: Sketch | None, index_bits: int, minhash_bits: int, _flags: int
) -> _Changed:
    """Create an empty sketch, or make one empty."""
    geometry = _geometry(stored, index_bits, minhash_bits)
    if not geometry.is_valid:
        raise refuse(text="too many bits")
    return _Changed(Sketch.empty(geometry))


@_row(
    1,
    _elements,
    optional=(*_GEOMETRY, (Flags(CREATE_ONLY | NO_FAIL), 0)),
    modifies=True,
    creates=True,
    check=_check_sum,
)
def add(
    stored: Sketch | None,
    elements: list[bytes],
    index_bits: int,
    minhash_bits: int,
    _flags: int,
) -> _Changed:
    """Add elements: how many registers have changed."""
    if stored is None:
        stored = Sketch.empty(_geometry(None, index_bits, minhash_bits))
    return _Changed(stored, sum(map(stored.add, elements)))


@_row(
    2,
    _sketches,
    optional=((Flags(CREATE_ONLY | UPDATE_ONLY | NO_FAIL | ALLOW_FOLD), 0),),
    modifies=True,
    creates=True,
)
def set_union(stored: Sketch | None, others: list[Sketch], flags: int) -> _Changed:
    """Add all that other sketches have seen."""
    if stored is None:
        return _Changed(estimate.union(others))
    if not flags & ALLOW_FOLD:
        _check_keeps_bits(stored.geometry, estimate.common_geometry(others))
    return _Changed(estimate.union([*others, stored]))


def _check_keeps_bits(stored: Geometry, others: Geometry) -> None:
    if others.index_bits < stored.index_bits:
        raise refuse(subcode=Subcode.REDUCES_INDEX_BITS, text="would lose index bits")
    if stored.minhash_bits not in (0, others.minhash_bits):
        raise refuse(
            subcode=Subcode.REDUCES_MINHASH_BITS, text="would lose minhash bits"
        )


@_row(3, modifies=True)
def refresh_count(stored: Sketch) -> _Changed:
    """Keep the estimate with the sketch."""
    stored.count = estimate.count(stored)
    return _Changed(stored, stored.count)


@_row(4, _index_bits, modifies=True)
def fold(stored: Sketch, index_bits: int) -> _Changed:
    """Reduce the index bits of a sketch without minhash bits."""
    if stored.geometry.minhash_bits:
        raise refuse(subcode=Subcode.FOLDS_MINHASH, text="there are minhash bits")
    if index_bits == NOT_GIVEN or index_bits > stored.geometry.index_bits:
        raise refuse(subcode=Subcode.FOLDS_TO_MORE, text="there are fewer index bits")
    if index_bits == stored.geometry.index_bits:
        return _Changed(stored)
    return _Changed(estimate.union([stored], Geometry(index_bits, 0)))


# Reads


@_row(50)
def get_count(stored: Sketch) -> int:
    """The estimate."""
    return estimate.count(stored)


@_row(51, _sketches)
def get_union(stored: Sketch, others: list[Sketch]) -> bytes:
    """The union with other sketches."""
    return _to_value(estimate.union([*others, stored]))


@_row(52, _sketches)
def union_count(stored: Sketch, others: list[Sketch]) -> int:
    """The estimate of the union."""
    return estimate.union_count([*others, stored])


def _with_stored(stored: Sketch, others: list[Sketch]) -> list[Sketch]:
    """The sketches to intersect; ServerError 26 if the stored one does not fit."""
    minhash_bits = stored.geometry.minhash_bits
    if len(others) > _MAX_WITHOUT_MINHASH and (
        minhash_bits != others[0].geometry.minhash_bits
    ):
        raise refuse(subcode=Subcode.MINHASH_MISMATCH, text="minhash bits differ")
    return [*others, stored]


@_row(53, _intersectable)
def intersect_count(stored: Sketch, others: list[Sketch]) -> int:
    """How many elements all have seen."""
    return estimate.intersect_count(_with_stored(stored, others))


@_row(54, _intersectable)
def similarity(stored: Sketch, others: list[Sketch]) -> float:
    """The intersection's part of the union."""
    return estimate.similarity(_with_stored(stored, others))


@_row(55)
def describe(stored: Sketch) -> Any:
    """The index bits and the minhash bits."""
    return ListValue(list(stored.geometry))


@_row(56, _elements)
def may_contain(stored: Sketch, elements: list[bytes]) -> int:
    """1 if all elements may have been seen, else 0."""
    return int(all(map(stored.may_contain, elements)))
