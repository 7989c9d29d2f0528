"""The values of a record that a secondary index takes.

They come from a bin, from what a context leads to inside it, or from an expression.
Source: section 7 of the page on queries; a real server's answers to what it refuses.
"""

from __future__ import annotations

from collections.abc import Callable

from aerospike_devserver import expressions
from aerospike_devserver.codec.msgpack import MsgpackError, decode
from aerospike_devserver.codec.particle import load
from aerospike_devserver.expressions.nodes import Kind, is_value
from aerospike_devserver.operations.cdt import context
from aerospike_devserver.operations.cdt.context import Level
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.index import Definition, IndexKind, Source
from aerospike_devserver.storage.record import Record, Subject
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.values.values import ListValue, MapValue, Value
from aerospike_devserver.version import Version

MAX_STRING = 2048
"""Bytes of a string or blob in a bin above which it is not indexed."""

_NOTHING = object()
"""What a record without the bin has; null is a value."""
_Root = Callable[[bytes, Record], Value]


def of(definition: Definition, version: Version) -> Source:
    """What an index of this definition takes; ServerError 4 if it can be none."""
    if definition.kind is IndexKind.SET:
        return lambda _digest, _record: []
    if definition.expression:
        root = _expression(definition.expression, version)
    else:
        root = _bin(definition)
    pick = _PICKS[definition.kind]

    def values(digest: bytes, record: Record) -> list[Value]:
        value = root(digest, record)
        return [] if value is _NOTHING else pick(value)

    return values


def _short(value: Value) -> list[Value]:
    """The value itself; not a long string or blob."""
    is_long = (
        type(value) is bytes
        and value[:1] in (b"\x03", b"\x04")
        and len(value) > 1 + MAX_STRING
    )
    return [] if is_long else [value]


def _items(value: Value) -> list[Value]:
    return value.items if type(value) is ListValue else []


def _keys(value: Value) -> list[Value]:
    return value.keys if type(value) is MapValue else []


def _map_values(value: Value) -> list[Value]:
    return value.values if type(value) is MapValue else []


_PICKS: dict[IndexKind, Callable[[Value], list[Value]]] = {
    IndexKind.DEFAULT: _short,
    IndexKind.LIST: _items,
    IndexKind.MAPKEYS: _keys,
    IndexKind.MAPVALUES: _map_values,
}
_CONTAINERS = {
    IndexKind.LIST: Particle.LIST,
    IndexKind.MAPKEYS: Particle.MAP,
    IndexKind.MAPVALUES: Particle.MAP,
}


def particle_of(definition: Definition) -> int:
    """The type of the bin, or the value of the expression, that holds the values."""
    return _CONTAINERS.get(definition.kind, definition.particle)


# Bins


def parse_context(data: bytes) -> list[Level]:
    """A context that leads to something; ServerError 4."""
    try:
        levels = context.parse(decode(data)[0])
    except (MsgpackError, ServerError) as cause:
        raise ServerError(Result.REQUEST_INVALID) from cause
    if any(level.create for level in levels):
        raise ServerError(Result.REQUEST_INVALID)
    return levels


def _bin(definition: Definition) -> _Root:
    name = definition.bin_name
    if definition.context:
        return _inside_bin(name, parse_context(definition.context))
    particle = particle_of(definition)

    def value(_digest: bytes, record: Record) -> Value:
        found = record.bins.get(name)
        return load(*found) if found and found[0] == particle else _NOTHING

    return value


def _inside_bin(name: bytes, levels: list[Level]) -> _Root:
    def value(_digest: bytes, record: Record) -> Value:
        found = record.bins.get(name)
        if found is None or found[0] not in (Particle.LIST, Particle.MAP):
            return _NOTHING
        try:
            return context.resolve(load(*found), levels)
        except ServerError:
            return _NOTHING

    return value


# Expressions

_DIGEST_MODULO, _BIN, _BIN_TYPE = 64, 81, 82
_CALL, _QUOTE, _CONTEXT = 127, 126, 0xFF
_FORBIDDEN = {65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 80}
"""Metadata and the key: they change without the index being told."""
_ABOUT_RECORD = {_DIGEST_MODULO, _BIN, _BIN_TYPE}
_KINDS = {
    Particle.INTEGER: Kind.INT,
    Particle.STRING: Kind.STRING,
    Particle.BLOB: Kind.BLOB,
    Particle.GEOJSON: Kind.GEOJSON,
    Particle.LIST: Kind.LIST,
    Particle.MAP: Kind.MAP,
}


def _expression(data: bytes, version: Version) -> _Root:
    parsed = expressions.parse(data, version)

    def value(digest: bytes, record: Record) -> Value:
        subject = Subject(record, digest, 0, record.bins)
        found = expressions.evaluate(parsed, subject)
        return found if is_value(found) else _NOTHING

    return value


def kind_of_expression(data: bytes, version: Version) -> Kind:
    """The type of an expression that may be indexed; ServerError 4 for any other.

    It has to ask for a bin or the digest, and for nothing else of the record.
    """
    kind = expressions.parse(data, version).kind
    codes = set(_codes(decode(data)[0]))
    if codes & _FORBIDDEN or not codes & _ABOUT_RECORD:
        raise ServerError(Result.REQUEST_INVALID)
    return kind


def wanted_kind(definition: Definition) -> Kind:
    """The type that an expression must have for such an index."""
    return _KINDS[particle_of(definition)]


def _codes(value: Value) -> list[int]:
    """The codes of all nodes of an expression."""
    if type(value) is not ListValue or not value.items:
        return []
    code, *rest = value.items
    if code == _QUOTE or type(code) is not int:
        return []
    if code == _CALL:
        *_, operation, subject = rest
        return [*_codes_of_operation(operation), *_codes(subject)]
    return [code, *(found for each in rest for found in _codes(each))]


def _codes_of_operation(value: Value) -> list[int]:
    """Those of the arguments of a list or map operation, which are expressions."""
    if type(value) is not ListValue:
        return []
    code, *rest = value.items or [None]
    if code == _CONTEXT:
        return _codes_of_operation(rest[-1])
    return [found for each in rest for found in _codes(each)]
