"""Expressions that read the record: its bins, its key, its metadata.

Source: sections 4.4 and 4.5 of the expression rules.
"""

from __future__ import annotations

from collections.abc import Callable

from aerospike_devserver.clock import EPOCH_S
from aerospike_devserver.codec.particle import load
from aerospike_devserver.expressions.nodes import (
    LITERAL_SIZE,
    Code,
    ExpressionError,
    Kind,
    Names,
    Node,
    Scope,
    bin_name,
    constant,
    exactly,
    kind_argument,
    node,
)
from aerospike_devserver.storage.record import Subject
from aerospike_devserver.values.marks import UNKNOWN
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.values.values import ListValue, Value

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000

_PARTICLES = {
    Kind.NIL: Particle.NULL,
    Kind.BOOL: Particle.BOOL,
    Kind.INT: Particle.INTEGER,
    Kind.STRING: Particle.STRING,
    Kind.LIST: Particle.LIST,
    Kind.MAP: Particle.MAP,
    Kind.BLOB: Particle.BLOB,
    Kind.FLOAT: Particle.FLOAT,
    Kind.GEOJSON: Particle.GEOJSON,
    Kind.HLL: Particle.HLL,
}


def _of_subject(kind: Kind, function: Callable[[Subject], Value]) -> Node:
    """A node that asks the record; inside a path there is none to ask."""

    def run(scope: Scope) -> Value:
        return UNKNOWN if scope.subject is None else function(scope.subject)

    return Node(kind, run)


@node(Code.DIGEST_MODULO)
def _digest_modulo(_code: int, arguments: list[Value], _names: Names) -> Node:
    """DIGEST_MODULO m: of the last four bytes of the digest, read little endian."""
    modulus = constant(exactly(arguments, 1)[0]) & 0xFFFFFFFF
    modulus = min(modulus, (1 << 32) - modulus)
    if not modulus:
        raise ExpressionError("modulo zero")
    return _of_subject(
        Kind.INT,
        lambda subject: int.from_bytes(subject.digest[-4:], "little") % modulus,
    )


def _void_time_ns(subject: Subject) -> int:
    void_time_s = subject.record.void_time_s
    return (void_time_s + EPOCH_S) * _NS_PER_S if void_time_s else -1


def _ttl_s(subject: Subject) -> int:
    void_time_s = subject.record.void_time_s
    return void_time_s + EPOCH_S - subject.now_ms // 1000 if void_time_s else -1


def _stored_size(subject: Subject) -> int:
    return (subject.record.stored_size + 15) // 16 * 16


_METADATA: dict[int, tuple[Kind, Callable[[Subject], Value]]] = {
    Code.DEVICE_SIZE: (Kind.INT, lambda subject: 0),
    Code.LAST_UPDATE: (
        Kind.INT,
        lambda subject: subject.record.last_update_ms * _NS_PER_MS,
    ),
    Code.SINCE_UPDATE: (
        Kind.INT,
        lambda subject: max(0, subject.now_ms - subject.record.last_update_ms),
    ),
    Code.VOID_TIME: (Kind.INT, _void_time_ns),
    Code.TTL: (Kind.INT, _ttl_s),
    Code.SET_NAME: (Kind.STRING, lambda subject: b"\x03" + subject.record.set_name),
    Code.KEY_EXISTS: (Kind.BOOL, lambda subject: subject.record.key is not None),
    Code.IS_TOMBSTONE: (Kind.BOOL, lambda subject: False),
    Code.MEMORY_SIZE: (Kind.INT, _stored_size),
    Code.RECORD_SIZE: (Kind.INT, _stored_size),
}
"""Code: type and value of what is known without the bins."""


@node(*_METADATA)
def _metadata(code: int, arguments: list[Value], _names: Names) -> Node:
    exactly(arguments, 0)
    return _of_subject(*_METADATA[code])


_KEY_KINDS = (Kind.INT, Kind.STRING, Kind.BLOB)


@node(Code.KEY)
def _key(_code: int, arguments: list[Value], _names: Names) -> Node:
    """KEY type: the stored user key; unknown if there is none of that type."""
    kind = kind_argument(exactly(arguments, 1)[0])
    if kind not in _KEY_KINDS:
        raise ExpressionError("no type of keys")
    particle = _PARTICLES[kind]

    def value(subject: Subject) -> Value:
        key = subject.record.key
        if subject.bins is None or key is None or key[0] != particle:
            return UNKNOWN
        return load(particle, key[1:])

    return _of_subject(kind, value)


@node(Code.BIN)
def _bin(_code: int, arguments: list[Value], _names: Names) -> Node:
    """BIN type, name: unknown if the bin is missing or of another type."""
    number, raw_name = exactly(arguments, 2)
    kind, name = kind_argument(number), bin_name(raw_name)
    particle = _PARTICLES[kind]

    def value(subject: Subject) -> Value:
        found = subject.bins.get(name) if subject.bins is not None else None
        if found is None or found[0] != particle:
            return UNKNOWN
        return load(*found)

    return _of_subject(kind, value)


@node(Code.BIN_TYPE)
def _bin_type(_code: int, arguments: list[Value], _names: Names) -> Node:
    """BIN_TYPE name: the particle type, 0 if there is no such bin."""
    name = bin_name(exactly(arguments, 1)[0])

    def value(subject: Subject) -> Value:
        if subject.bins is None:
            return UNKNOWN
        return int(subject.bins.get(name, (Particle.NULL, b""))[0])

    return _of_subject(Kind.INT, value)


@node(Code.QUOTE)
def _quote(_code: int, arguments: list[Value], names: Names) -> Node:
    """QUOTE: a list literal."""
    (value,) = exactly(arguments, 1)
    names.budget.take(LITERAL_SIZE)
    if type(value) is not ListValue:
        raise ExpressionError("list expected")
    return Node(Kind.LIST, lambda _scope: value)
