"""Values on their way between records and functions.

Strings end at a zero byte. The ordering flags of lists and maps and the types of bytes
survive the way through a function. A result has no flags of lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aerospike_devserver.codec.message import Op, encode_op
from aerospike_devserver.codec.msgpack import (
    MAX_DEPTH,
    MsgpackError,
    decode_first,
)
from aerospike_devserver.codec.particle import GEO_HEADER, dump, load, seal, store
from aerospike_devserver.handlers.udf.scripts import CallError
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.record import Bin
from aerospike_devserver.values.particle import BLOBS, Particle
from aerospike_devserver.values.sketch import is_sketch
from aerospike_devserver.values.values import ListValue, MapValue, Value, order_key
from aerospike_lua import containers
from aerospike_lua.containers import Bytes, GeoJSON, Userdata, no_cost

_SIGN, _WRAP = 1 << 63, 1 << 64
_NULL: Bin = (Particle.NULL, b"")
MIN_SIZE, ELEMENT_SIZE = 200, 64
"""Bytes that a value takes, and each element of a list: roughly, as for containers."""
Take = Callable[[int], None]
_NO_GEO_CELLS = GEO_HEADER.pack(0, 0)


class List(containers.List):
    """A list with the ordering flags that it came with."""

    __slots__ = ("flags",)

    def __init__(self, items: list[Any], flags: int) -> None:
        super().__init__(items)
        self.flags = flags


class Map(containers.Map):
    """A map with the ordering flags that it came with."""

    __slots__ = ("flags",)

    def __init__(self, items: dict[Any, Any], flags: int) -> None:
        super().__init__(items)
        self.flags = flags


class _UnknownValueError(Exception):
    """A value that no function can see: with an extension, or a key of another type."""


# Into Lua


def from_bin(found: Bin, take: Take = no_cost) -> Any:
    """What a function sees of a bin; nil where it can see nothing.

    take: counts the memory that the value takes.
    """
    try:
        return _into_lua(load(*found), take)
    except _UnknownValueError:
        return None


def arguments(data: bytes) -> list[Any]:
    """The arguments of a call; none if they are not a list that a function can see."""
    try:
        decoded = decode_first(data)
        if type(decoded) is not ListValue:
            return []
        return [_into_lua(item, no_cost) for item in decoded.items]
    except (MsgpackError, _UnknownValueError):
        return []


def _into_lua(value: Value, take: Take) -> Any:
    kind = type(value)
    if kind is int:
        return (value + _SIGN) % _WRAP - _SIGN
    if kind is bytes:
        take(MIN_SIZE + len(value))
        return _bytes_into_lua(value)
    if kind is ListValue:
        take(MIN_SIZE + ELEMENT_SIZE * len(value.items))
        return List([_into_lua(item, take) for item in value.items], value.flags)
    if kind is MapValue:
        take(MIN_SIZE + 2 * ELEMENT_SIZE * len(value.keys))
        rows = zip(map(_key_into_lua, value.keys), value.values, strict=True)
        return Map({key: _into_lua(inner, take) for key, inner in rows}, value.flags)
    if value is None or isinstance(value, (bool, float)):
        return value if value is None or kind is bool else float(value)
    raise _UnknownValueError


def _bytes_into_lua(value: bytes) -> Any:
    particle, content = (value[0], value[1:]) if value else (Particle.BLOB, b"")
    if particle == Particle.STRING:
        return content.partition(b"\0")[0]
    if particle == Particle.GEOJSON:
        return GeoJSON(content.decode("utf-8", "surrogateescape"))
    made = Bytes(content)
    made.type = particle
    return made


def _key_into_lua(key: Value) -> Any:
    if type(key) is int or (type(key) is bytes and key[:1] in (b"\x03", b"\x04")):
        return _into_lua(key, no_cost)
    raise _UnknownValueError


# Out of Lua


def to_bin(value: Any) -> Bin:
    """What a record keeps of a value, which is not nil; ServerError 12 if nothing.

    CallError: it is nested too deep, or has too many elements.
    """
    match value:
        case Bytes(data=data, type=particle):
            return _keepable(particle, bytes(data))
        case GeoJSON():
            return _geo_to_bin(value)
        case Userdata() if not isinstance(value, (containers.List, containers.Map)):
            raise ServerError(Result.BIN_INCOMPATIBLE_TYPE)
    return _dumped(value, True)


def _keepable(particle: int, data: bytes) -> Bin:
    """Bytes of a type that a bin can have, else a blob."""
    is_known = particle in BLOBS or particle == Particle.STRING
    if is_known or (particle == Particle.HLL and is_sketch(data)):
        return particle, data
    return Particle.BLOB, data


def _geo_to_bin(value: GeoJSON) -> Bin:
    """With the cells of the shape; a text that is no shape has none."""
    data = _NO_GEO_CELLS + _encoded(value.text)
    try:
        return Particle.GEOJSON, store(Particle.GEOJSON, data)
    except ServerError:
        return Particle.GEOJSON, data


def result_entry(name: bytes, value: Any) -> bytes:
    """The entry of a reply for what a function gave; null if that is no value.

    CallError: it is nested too deep, or has too many elements.
    """
    match value:
        case Bytes(data=data):
            found: Bin = Particle.BLOB, bytes(data)
        case GeoJSON(text=text):
            found = Particle.GEOJSON, _NO_GEO_CELLS + _encoded(text)
        case bool() | int() | float() | bytes() | containers.List() | containers.Map():
            found = _dumped(value, False)
        case _:
            found = _NULL
    return encode_op(Op.READ, name, *found)


def _dumped(value: Any, keeps_flags: bool) -> Bin:
    try:
        return dump(_from_lua(value, keeps_flags, containers.Walk(MAX_DEPTH)))
    except containers.ScriptError as error:
        raise CallError(str(error)) from None


def _from_lua(value: Any, keeps_flags: bool, walk: containers.Walk) -> Value:
    """A value of a list or map, as `values.values` has it."""
    match value:
        case bytes():
            walk.pass_by(len(value))
            return b"\x03" + value.partition(b"\0")[0]
        case Bytes(data=data, type=particle):
            walk.pass_by(len(data))
            return bytes((particle & 0xFF,)) + data
        case GeoJSON(text=text):
            walk.pass_by(len(text))
            return b"\x17" + _encoded(text)
        case containers.List(items=items):
            walk.enter(value)
            inner = [_from_lua(item, keeps_flags, walk) for item in items]
            walk.leave()
            flags = value.flags if keeps_flags and isinstance(value, List) else 0
            return _list(inner, flags)
        case containers.Map(items=items):
            walk.enter(value)
            rows = {
                _from_lua(key, keeps_flags, walk): _from_lua(inner, keeps_flags, walk)
                for key, inner in items.items()
            }
            walk.leave()
            return _map(rows, value.flags if isinstance(value, Map) else 0)
    return value


def _list(items: list[Value], flags: int) -> ListValue:
    made = ListValue(sorted(items, key=order_key) if flags else items, flags)
    seal(made)
    return made


def _map(rows: dict[Value, Value], flags: int) -> MapValue:
    keys = sorted(rows, key=order_key)
    made = MapValue(keys, [rows[key] for key in keys], flags)
    seal(made)
    return made


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
