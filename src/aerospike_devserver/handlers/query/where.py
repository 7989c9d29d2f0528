"""The condition of a query on a secondary index: which index, and which values.

Source: sections 1.2 and 1.4 of the page on queries; the order of the checks is that of
a real server.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple

from aerospike_devserver.codec.message import MAX_BIN_NAME, Field, Message
from aerospike_devserver.codec.particle import INT64
from aerospike_devserver.handlers.query import index_source
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.index import (
    VALUES,
    Definition,
    Entry,
    Index,
    IndexKind,
)
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.record import Record
from aerospike_devserver.values import geo
from aerospike_devserver.values.geojson import InvalidGeoJSON
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.values.values import Value

log = logging.getLogger(__name__)

MAX_STRING = 2048
MAX_GEOJSON = 1 << 20
MAX_NAME = 64
"""Bytes: a value or an index name is shorter."""

_HEAD = Struct(">BB")
_SIZE = Struct(">I")
_KINDS = frozenset(IndexKind) - {IndexKind.SET}

Ranges = list[tuple[int, int]]


class Bounds(NamedTuple):
    """The values that are asked for.

    ranges: of bvals, which several values may share; accepts: decides about a value.
    """

    ranges: Ranges
    accepts: Callable[[Value], bool]


@dataclass(frozen=True)
class Where:
    """The condition of a query."""

    index: Index
    bounds: Bounds

    def bval_of(self, digest: bytes, record: Record, after: Entry | None) -> int | None:
        """The first bval behind a position with which a record fulfils the condition.

        So only one of all entries of a record makes a row. A query that goes on behind
        that entry gives the record once more, as a real server does. None if
        there is no such bval.
        """
        bvals = VALUES[self.index.definition.particle]
        found = [
            bval
            for value in self.index.values(digest, record)
            if self.bounds.accepts(value)
            for bval in bvals(value)
            if any(low <= bval <= high for low, high in self.bounds.ranges)
            and (after is None or (bval, digest) > after)
        ]
        return min(found, default=None)


def parse(message: Message, namespace: Namespace) -> Callable[[], Where] | None:
    """The condition of a query; None if it has none. ServerError 4.

    The index is looked up when the result is called, since other checks come between:
    ServerError 201 or 203.
    """
    if Field.INDEX_RANGE not in message.fields:
        return None
    asked = _Asked(message)
    return lambda: asked.find(namespace)


def _refuse() -> ServerError:
    return ServerError(Result.REQUEST_INVALID)


class _Asked:
    """The fields of a condition, checked: ServerError 4."""

    def __init__(self, message: Message) -> None:
        fields = message.fields
        self._name = fields.get(Field.INDEX_NAME)
        expression = fields.get(Field.INDEX_EXPRESSION)
        bin_name, self._particle, self._bounds = _read_range(
            fields[Field.INDEX_RANGE],
            has_bin=self._name is None and expression is None,
        )
        kind = fields.get(Field.INDEX_KIND, b"\0")
        path = fields.get(Field.INDEX_CONTEXT)
        if b"" in (kind, expression, path):
            raise _refuse()
        if sum(given is not None for given in (self._name, expression, path)) > 1:
            raise _refuse()
        if path is not None:
            index_source.parse_context(path)
        if self._name is not None and not 0 < len(self._name) < MAX_NAME:
            raise _refuse()
        self._definition: Definition | None = None
        if kind[0] in _KINDS:
            self._definition = Definition(
                fields.get(Field.SET, b""),
                bin_name,
                expression or b"",
                path or b"",
                IndexKind(kind[0]),
                self._particle,
            )

    def find(self, namespace: Namespace) -> Where:
        """The index: ServerError 201 if there is none, 203 while it is being built."""
        index = self._index(namespace)
        if index is None:
            raise ServerError(Result.INDEX_NOT_FOUND)
        if not index.is_ready:
            raise ServerError(Result.INDEX_NOT_READABLE)
        if index.definition.particle != self._particle:
            return Where(index, Bounds([], lambda _value: False))
        return Where(index, self._bounds)

    def _index(self, namespace: Namespace) -> Index | None:
        if self._name is not None:
            return namespace.indexes.find(self._name)
        if self._definition is None:
            return None
        return namespace.indexes.lookup(self._definition)


# The range


def _read_range(data: bytes, has_bin: bool) -> tuple[bytes, int, Bounds]:
    """Bin name, type, values.

    has_bin: whether a bin has to be named, since nothing else tells the index.
    """
    try:
        count, name_size = _HEAD.unpack_from(data)
        offset = _HEAD.size + name_size
        name, particle = data[_HEAD.size : offset], data[offset]
    except (IndexError, struct_error) as cause:
        raise _refuse() from cause
    if count != 1 or bool(name_size) is not has_bin or name_size > MAX_BIN_NAME:
        raise _refuse()
    bounds = _BOUNDS.get(particle)
    if bounds is None:
        raise _refuse()
    return name, particle, bounds(data, offset + 1)


def _read_bound(data: bytes, offset: int) -> tuple[bytes, int]:
    """One end of a range, and the offset behind it."""
    if len(data) < offset + _SIZE.size:
        raise _refuse()
    (size,) = _SIZE.unpack_from(data, offset)
    offset += _SIZE.size
    if len(data) < offset + size:
        raise _refuse()
    return data[offset : offset + size], offset + size


def _integers(data: bytes, offset: int) -> Bounds:
    """A range of integers, to which both ends belong."""
    begin, offset = _read_bound(data, offset)
    end, _ = _read_bound(data, offset)
    if len(begin) != INT64.size or len(end) != INT64.size:
        raise _refuse()
    low, high = INT64.unpack(begin)[0], INT64.unpack(end)[0]
    if low > high:
        raise _refuse()
    return Bounds([(low, high)], lambda value: type(value) is int)


def _one_of_bytes(particle: int) -> Callable[[bytes, int], Bounds]:
    """A single string or blob; the other end of the range repeats it."""

    def bounds(data: bytes, offset: int) -> Bounds:
        text, _ = _read_bound(data, offset)
        if len(text) >= MAX_STRING:
            raise _refuse()
        wanted = bytes((particle,)) + text
        (bval,) = VALUES[particle](wanted)
        return Bounds([(bval, bval)], lambda value: bool(value == wanted))

    return bounds


def _shapes(data: bytes, offset: int) -> Bounds:
    """A region, for the points in it; or a point, for the regions around it."""
    text, _ = _read_bound(data, offset)
    if not 0 < len(text) < MAX_GEOJSON:
        raise _refuse()
    try:
        shape = geo.shape(text)
        ranges = shape.ranges()
    except InvalidGeoJSON as cause:
        raise _refuse() from cause
    except geo.MissingPackage as cause:
        log.error("%s", cause)
        raise ServerError(Result.UNSUPPORTED_FEATURE) from cause
    prefix = bytes((Particle.GEOJSON,))

    def accepts(value: Value) -> bool:
        if type(value) is not bytes or value[:1] != prefix:
            return False
        try:
            return geo.shape(value[1:]).matches(shape)
        except InvalidGeoJSON:
            return False

    return Bounds(ranges, accepts)


_BOUNDS: dict[int, Callable[[bytes, int], Bounds]] = {
    Particle.INTEGER: _integers,
    Particle.STRING: _one_of_bytes(Particle.STRING),
    Particle.BLOB: _one_of_bytes(Particle.BLOB),
    Particle.GEOJSON: _shapes,
}
