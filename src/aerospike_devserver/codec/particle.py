"""Checks and normal forms of bin values as they enter storage.

`store(particle, value)` gives the bytes that the server keeps, which are also the bytes
that it sends. Source: section 8 of the operation semantics, section 5 of the
MessagePack dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from struct import Struct
from typing import Any

from aerospike_devserver.codec.msgpack import MAX_DEPTH, MsgpackError, decode, encode
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.values import geo, geojson
from aerospike_devserver.values.particle import BLOBS, Particle
from aerospike_devserver.values.sketch import is_sketch
from aerospike_devserver.values.values import (
    KV_ORDERED,
    ORDERED,
    Float32,
    ListValue,
    MapValue,
    Value,
    is_sorted,
    is_special,
)

INT64 = Struct(">q")
FLOAT64 = Struct(">d")

INTEGER_SIZES = (8, 4, 2, 1)
GEO_HEADER = Struct(">BH")
GEO_CELL_SIZE = 8


def _as_it_is(value: bytes) -> bytes:
    return value


def widen_integer(value: bytes) -> bytes:
    """An integer of 8, 4, 2 or 1 bytes as 8; the short forms are unsigned."""
    if len(value) not in INTEGER_SIZES:
        raise ServerError(Result.REQUEST_INVALID)
    return value.rjust(8, b"\0")


def _float(value: bytes) -> bytes:
    if len(value) != FLOAT64.size:
        raise ServerError(Result.REQUEST_INVALID)
    return value


def _bool(value: bytes) -> bytes:
    if value not in (b"\0", b"\1"):
        raise ServerError(Result.REQUEST_INVALID)
    return value


def _hll(value: bytes) -> bytes:
    if not is_sketch(value):
        raise ServerError(Result.REQUEST_INVALID)
    return value


def geo_text(value: bytes) -> bytes:
    """The JSON text of a GeoJSON particle: behind flags u8, count u16 and the cells."""
    _, n_cells = GEO_HEADER.unpack_from(value)
    return value[GEO_HEADER.size + GEO_CELL_SIZE * n_cells :]


def _geojson(value: bytes) -> bytes:
    """The text behind flags and cells of our own; those of the client are ignored."""
    if len(value) < GEO_HEADER.size:
        raise ServerError(Result.GEO_INVALID_GEOJSON)
    text = geo_text(value)
    try:
        region, cells = geojson.is_region(text), geo.stored_cells(text)
    except geojson.InvalidGeoJSON as cause:
        raise ServerError(Result.GEO_INVALID_GEOJSON) from cause
    header = GEO_HEADER.pack(region, len(cells))
    return header + b"".join(c.to_bytes(GEO_CELL_SIZE, "big") for c in cells) + text


# Lists and maps


def _are_ascending(keys: Iterable[Any]) -> bool:
    return all(a < b for a, b in pairwise(keys))


def key_order(key: Value) -> tuple[bool, Value]:
    """Integers before byte strings; the type byte puts strings before blobs."""
    return type(key) is bytes, key


def check_keys(keys: list[Value]) -> None:
    """Only integers, strings and blobs may be map keys."""
    for key in keys:
        kind = type(key)
        if kind is bytes:
            if key[:1] not in (b"\x03", b"\x04"):
                raise MsgpackError("key type")
        elif kind is not int:
            raise MsgpackError("key type")


def seal_map(value: MapValue) -> bool:
    """Bring a map into storage form; True if that changed it.

    Keys sorted, flags 1 or 3 or none. MsgpackError: a bad or a double key, something
    unstorable, or a marker that promises an order which is not there.
    """
    keys, marked = value.keys, value.flags
    check_keys(keys)
    if any(map(is_special, value.values)):
        raise MsgpackError("unstorable")
    value.flags = marked & KV_ORDERED
    ranks = [key_order(key) for key in keys]
    if _are_ascending(ranks):
        return value.flags != marked
    if value.flags:
        raise MsgpackError("marked as ordered, but is not")
    order = sorted(range(len(keys)), key=ranks.__getitem__)
    value.keys = [keys[i] for i in order]
    value.values = [value.values[i] for i in order]
    if not _are_ascending(ranks[i] for i in order):
        raise MsgpackError("double key")
    return True


def seal_list(value: ListValue) -> bool:
    """Bring a list into storage form; True if that changed it. Errors as `seal_map`."""
    marked = value.flags
    if any(map(is_special, value.items)):
        raise MsgpackError("unstorable")
    value.flags = marked & ORDERED
    if value.flags and not is_sorted(value.items):
        raise MsgpackError("marked as ordered, but is not")
    return value.flags != marked


def seal(value: ListValue | MapValue) -> bool:
    """`seal_list` or `seal_map`."""
    return seal_map(value) if isinstance(value, MapValue) else seal_list(value)


def _container(kind: type[ListValue] | type[MapValue]) -> Callable[[bytes], bytes]:
    """Check of a whole list or map bin; broken ones answer 1."""

    def store_container(value: bytes) -> bytes:
        try:
            decoded, is_smallest = decode(value, seal)
        except MsgpackError as cause:
            raise ServerError(Result.SERVER_ERROR) from cause
        if type(decoded) is not kind:
            raise ServerError(Result.SERVER_ERROR)
        return value if is_smallest else encode(decoded)

    return store_container


_STORE: dict[int, Callable[[bytes], bytes]] = {
    Particle.INTEGER: widen_integer,
    Particle.FLOAT: _float,
    Particle.STRING: _as_it_is,
    **dict.fromkeys(BLOBS, _as_it_is),
    Particle.BOOL: _bool,
    Particle.HLL: _hll,
    Particle.MAP: _container(MapValue),
    Particle.LIST: _container(ListValue),
    Particle.GEOJSON: _geojson,
}


PARTICLES = frozenset(_STORE)
"""The types that a bin can have."""


def check_type(particle: int) -> None:
    """ServerError 4 for a type that no bin can have, null among them."""
    if particle not in _STORE:
        raise ServerError(Result.REQUEST_INVALID)


def store(particle: int, value: bytes) -> bytes:
    """The bytes that a bin of this type keeps; ServerError 4, 1 or 160 if it cannot.

    Null is not a value: the caller deals with it first.
    """
    check = _STORE.get(particle)
    if check is None:
        raise ServerError(Result.REQUEST_INVALID)
    return check(value)


# Bins as values of lists and maps


def _typed(particle: int) -> Callable[[bytes], Value]:
    """Reader that puts the inner type byte in front."""
    prefix = bytes((particle,))
    return lambda value: prefix + value


_LOAD: dict[int, Callable[[bytes], Value]] = {
    Particle.INTEGER: lambda value: INT64.unpack(value)[0],
    Particle.FLOAT: lambda value: FLOAT64.unpack(value)[0],
    Particle.BOOL: lambda value: value == b"\1",
    Particle.MAP: lambda value: decode(value)[0],
    Particle.LIST: lambda value: decode(value)[0],
    Particle.GEOJSON: lambda value: b"\x17" + geo_text(value),
    **{
        particle: _typed(particle)
        for particle in (Particle.STRING, Particle.HLL, *sorted(BLOBS))
    },
}


def load(particle: int, value: bytes) -> Value:
    """A stored bin as a value of `values.values`, as it would stand inside a list."""
    return _LOAD[particle](value)


_WRAP = (1 << 64) - 1


def _dump_int(value: int) -> tuple[int, bytes]:
    return Particle.INTEGER, (value & _WRAP).to_bytes(8, "big")


def _dump_float(value: float) -> tuple[int, bytes]:
    return Particle.FLOAT, FLOAT64.pack(value)


def _dump_geojson(text: bytes) -> bytes:
    try:
        region = geojson.is_region(text)
    except geojson.InvalidGeoJSON:
        region = False
    return bytes((region, 0, 0)) + text


def _dump_bytes(value: bytes) -> tuple[int, bytes]:
    """By the inner type byte; what cannot stand in a bin so becomes a blob."""
    kind, content = value[:1] or b"\x04", value[1:]
    if kind[0] == Particle.GEOJSON:
        return Particle.GEOJSON, _dump_geojson(content)
    if kind[0] in BLOBS or kind[0] in (Particle.STRING, Particle.HLL):
        return kind[0], content
    return Particle.BLOB, content


_DUMP: dict[type, Callable[[Any], tuple[int, bytes]]] = {
    bool: lambda value: (Particle.BOOL, bytes((value,))),
    int: _dump_int,
    float: _dump_float,
    Float32: _dump_float,
    bytes: _dump_bytes,
    ListValue: lambda value: (Particle.LIST, encode(value)),
    MapValue: lambda value: (Particle.MAP, encode(value)),
}


def dump(value: Value) -> tuple[int, bytes]:
    """A value of `values.values` as a bin: particle type and bytes. Not for nil."""
    write = _DUMP.get(type(value))
    if write is None:
        raise ServerError(Result.REQUEST_INVALID)
    return write(value)


def dump_to_keep(value: Value) -> tuple[int, bytes]:
    """As `dump`, of a value that enters storage; ServerError 4: it is too deep."""
    if type(value) not in (ListValue, MapValue):
        return dump(value)
    particle = Particle.LIST if type(value) is ListValue else Particle.MAP
    try:
        return particle, encode(value, MAX_DEPTH)
    except MsgpackError as cause:
        raise ServerError(Result.REQUEST_INVALID) from cause
