"""Info commands about secondary indexes.

Source: section 7 of the page on queries; texts and the order of the checks are those of
an 8.1.2 node.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator

from aerospike_devserver.codec.message import MAX_BIN_NAME
from aerospike_devserver.expressions.nodes import Kind
from aerospike_devserver.handlers.info.command import Request, command
from aerospike_devserver.handlers.info.info_tables import pairs
from aerospike_devserver.handlers.query import index_source
from aerospike_devserver.handlers.query.candidates import RECORDS_PER_TURN
from aerospike_devserver.handlers.record.command import MAX_SET_NAME
from aerospike_devserver.operations.cdt import context
from aerospike_devserver.result import InfoError, Result, ServerError
from aerospike_devserver.storage.index import (
    Definition,
    Index,
    Indexes,
    IndexExists,
    IndexKind,
    TooManyIndexes,
)
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.state import NodeState
from aerospike_devserver.values import geo
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.version import V8_1, V8_2, Version

MAX_NAME = 63
MAX_TYPE = 11
MAX_CONTEXT = 2047
MAX_EXPRESSION = 16 * 1024 - 1
MAX_INDEXDATA = MAX_BIN_NAME + 1 + MAX_TYPE
"""Characters of the parameters."""
ENTRY_SIZE = 64
"""Bytes that an entry takes, roughly."""

_TYPES = {
    "numeric": Particle.INTEGER,
    "string": Particle.STRING,
    "blob": Particle.BLOB,
    "geo2dsphere": Particle.GEOJSON,
}
_NEW_TYPES = {"integer": Particle.INTEGER}
"""Names that version 8.2 brought."""
TYPES: dict[str, Version] = {
    **dict.fromkeys(_TYPES, V8_1),
    **dict.fromkeys(_NEW_TYPES, V8_2),
}
"""The names of types that an index can have, and the version that brought each."""
_TYPE_NAMES = {particle: name for name, particle in _TYPES.items()}
_KIND_NAMES = {
    Kind.NIL: "null",
    Kind.BOOL: "bool",
    Kind.INT: "numeric",
    Kind.STRING: "string",
    Kind.LIST: "list",
    Kind.MAP: "map",
    Kind.BLOB: "blob",
    Kind.FLOAT: "float",
    Kind.GEOJSON: "geojson",
    Kind.HLL: "hll",
}
_KEY_TYPES = (Particle.INTEGER, Particle.STRING, Particle.BLOB)
_ONLY_TYPES = "must be one of 'numeric', 'string', 'blob', 'geo2dsphere'"


def _refuse(text: str) -> InfoError:
    return InfoError(Result.REQUEST_INVALID, text)


def _bytes(text: str | None) -> bytes:
    return (text or "").encode("utf-8", "surrogateescape")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


# Create


@command("sindex-create")
def _create(request: Request) -> str:
    """A new index, which is built in turns; or another name for an index."""
    name = request.text("indexname", MAX_NAME)
    namespace_name = request.namespace_name()
    definition = _definition(request)
    namespace = request.node.cluster.namespace(namespace_name)
    if namespace is None and definition.kind is IndexKind.SET:
        raise _refuse("namespace not found")
    if definition.particle == Particle.GEOJSON and not geo.is_available():
        raise InfoError(Result.SERVER_ERROR, str(geo.MissingPackage()))
    indexes = request.node.cluster.storage.indexes(_bytes(namespace_name))
    index = _index(request.node, indexes, _bytes(name), definition)
    if namespace is not None:
        _fill(request.node, namespace, index)
    return "ok"


def _index(
    node: NodeState, indexes: Indexes, name: bytes, definition: Definition
) -> Index:
    """A new index, or the one of this definition."""
    try:
        return indexes.create(
            name, definition, index_source.of(definition, node.cluster.config.plays)
        )
    except IndexExists as cause:
        text = "'indexname' already exists with different definition"
        raise InfoError(Result.INDEX_FOUND, text) from cause
    except TooManyIndexes as cause:
        text = "already at sindex definition limit"
        raise InfoError(Result.INDEX_MAXCOUNT, text) from cause


def _fill(node: NodeState, namespace: Namespace, index: Index) -> None:
    """Begin to build an index, unless that has begun."""
    if index.definition.kind is IndexKind.SET:
        namespace.add_set(index.definition.set_name)
    if not index.is_started:
        node.cluster.spawn(index.build(namespace.partitions, RECORDS_PER_TURN))


def _definition(request: Request) -> Definition:
    kind_name = (request.parameters.get("indextype") or "").lower()
    if kind_name == "set":
        return _set_definition(request)
    set_name = _bytes(request.optional("set", MAX_SET_NAME))
    path = _context(request)
    kind = _kind(request)
    bin_name, particle, expression = _what(request)
    if expression and path:
        raise _refuse("both 'context' and 'exp' are specified")
    definition = Definition(
        set_name, _bytes(bin_name), expression, path, kind, particle
    )
    if expression:
        _check_expression(definition, request.node.cluster.config.plays)
    if kind is IndexKind.MAPKEYS and particle not in _KEY_TYPES:
        raise _refuse(
            "bad 'indexdata' bin type for 'indextype' 'mapkeys' - must be one of "
            "'numeric', 'string', 'blob'"
        )
    return definition


def _set_definition(request: Request) -> Definition:
    """An index of the records of a set, which has no other parameters."""
    for name in ("context", "indexdata", "type", "bin", "exp"):
        if name in request.parameters:
            raise _refuse(f"{name} parameter is not supported for set index")
    set_name = _bytes(request.text("set", MAX_SET_NAME))
    return Definition(set_name, b"", b"", b"", IndexKind.SET, Particle.NULL)


def _kind(request: Request) -> IndexKind:
    name = request.optional("indextype", MAX_TYPE) or "default"
    kind = IndexKind.__members__.get(name.upper())
    if kind is None:
        raise _refuse(
            "bad 'indextype' - must be one of 'default', 'list', 'mapkeys', 'mapvalues'"
        )
    return kind


def _context(request: Request) -> bytes:
    """A context, b"" without."""
    text = request.optional("context", MAX_CONTEXT)
    if text is None:
        return b""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as cause:
        raise _refuse("'context' invalid base64") from cause
    try:
        index_source.parse_context(data)
    except ServerError as cause:
        raise _refuse("'context' invalid cdt context") from cause
    return data


def _what(request: Request) -> tuple[str | None, int, bytes]:
    """Bin name, type of the values, expression."""
    data = request.optional("indexdata", MAX_INDEXDATA)
    type_name = request.optional("type", MAX_TYPE)
    if data is None and type_name is None:
        raise _refuse("both 'indexdata' and 'type' are missing")
    if data is not None and type_name is not None:
        raise _refuse("both 'indexdata' and 'type' are specified")
    if data is not None:
        return *_what_of_old(data), b""
    particle = _particle(type_name or "", request.node.cluster.config.plays)
    if particle is None:
        raise _refuse(f"bad 'type' - {_ONLY_TYPES}")
    bin_name = request.optional("bin", MAX_BIN_NAME)
    expression = request.optional("exp", MAX_EXPRESSION)
    if bin_name is not None and expression is not None:
        raise _refuse("both 'bin' and 'exp' are specified")
    if bin_name is None and expression is None:
        raise _refuse("both 'bin' and 'exp' are missing")
    return bin_name, particle, _decoded_expression(expression)


def _particle(type_name: str, version: Version) -> int | None:
    """The type of a name, in letters of any case."""
    known = _TYPES | _NEW_TYPES if version >= V8_2 else _TYPES
    return known.get(type_name.lower())


def _what_of_old(data: str) -> tuple[str, int]:
    """Bin name and type in one parameter."""
    bin_name, comma, type_name = data.partition(",")
    if not comma:
        raise _refuse("'indexdata' missing bin type")
    if not bin_name:
        raise _refuse("'indexdata' missing bin name")
    if len(bin_name) > MAX_BIN_NAME:
        raise _refuse("'indexdata' bin name too long")
    particle = _TYPES.get(type_name.lower())
    if particle is None:
        raise _refuse(f"bad 'indexdata' bin type - {_ONLY_TYPES}")
    return bin_name, particle


def _decoded_expression(text: str | None) -> bytes:
    if text is None:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as cause:
        raise _refuse("bad 'exp'") from cause


def _check_expression(definition: Definition, version: Version) -> None:
    """The expression can be indexed, and has the type of the index."""
    try:
        kind = index_source.kind_of_expression(definition.expression, version)
    except ServerError as cause:
        raise _refuse("bad 'exp'") from cause
    wanted = index_source.wanted_kind(definition)
    if kind is not wanted:
        raise _refuse(
            f"bad 'exp' - expression type '{_KIND_NAMES[kind]}' does not match "
            f"expected type '{_KIND_NAMES[wanted]}'"
        )


# Delete, exists


@command("sindex-delete")
def _delete(request: Request) -> str:
    """Drop an index; the answer is the same when there is none of that name."""
    name = request.text("indexname", MAX_NAME)
    namespace_name = request.namespace_name()
    request.node.cluster.storage.indexes(_bytes(namespace_name)).drop(_bytes(name))
    return "ok"


@command("sindex-exists")
def _exists(request: Request) -> str:
    name = request.text("indexname", MAX_NAME)
    namespace = request.namespace_of(request.namespace_name())
    found = namespace.indexes.find(_bytes(name))
    return "false" if found is None else "true"


# Lists


@command("sindex-list")
def _list(request: Request) -> str:
    """All indexes, or those of a namespace; indexes of sets come last."""
    name = request.optional_namespace()
    if name is None:
        namespaces: Iterable[Namespace] = request.node.cluster.storage
    else:
        namespaces = [request.namespace_of(name)]
    as_base64 = request.optional("b64", MAX_TYPE) or "false"
    if as_base64 not in ("true", "false"):
        raise _refuse("bad b64")
    rows = [
        (index.definition.kind is IndexKind.SET, _row(ns, index, as_base64 == "true"))
        for ns in namespaces
        for index in ns.indexes
    ]
    rows.sort(key=lambda row: row[0])
    return ";".join(row for _, row in rows)


def _row(namespace: Namespace, index: Index, as_base64: bool) -> str:
    definition = index.definition
    head: dict[str, object] = {
        "ns": namespace.name,
        "indexname": _text(index.name),
        "set": _text(definition.set_name) or "null",
    }
    kind = definition.kind.name.lower()
    if definition.kind is IndexKind.SET:
        return pairs(head | {"indextype": kind}, ":")
    rest: dict[str, object] = {
        "bin": _text(definition.bin_name) or "null",
        "type": _TYPE_NAMES[definition.particle],
        "indextype": kind,
        "context": _shown_context(definition.context, as_base64),
        "exp": _base64(definition.expression),
        "state": "RW" if index.is_ready else "WO",
    }
    return pairs(head | rest, ":")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii") or "null"


def _shown_context(data: bytes, as_base64: bool) -> str:
    """`[map_key(<string#2>), list_index(0)]`: of strings only the length is told."""
    if as_base64 or not data:
        return _base64(data)
    return f"[{', '.join(map(_shown_level, index_source.parse_context(data)))}]"


_LEVELS = {
    context.ANY_INDEX: "index",
    context.ANY_RANK: "rank",
    context.ANY_KEY: "key",
    context.ANY_VALUE: "value",
    context.LIST_INDEX: "list_index",
    context.LIST_RANK: "list_rank",
    context.LIST_VALUE: "list_value",
    context.MAP_INDEX: "map_index",
    context.MAP_RANK: "map_rank",
    context.MAP_KEY: "map_key",
    context.MAP_VALUE: "map_value",
}
_BYTES_NAMES = {Particle.STRING: "string", Particle.GEOJSON: "geojson"}


def _shown_level(level: context.Level) -> str:
    value, shown = level.value, str(level.value)
    if isinstance(value, bytes):
        name = _BYTES_NAMES.get(value[0], "blob")
        shown = f"<{name}#{len(value) - 1}>"
    return f"{_LEVELS[level.type]}({shown})"


@command("sindex")
def _sindex(request: Request) -> str:
    """The list of `sindex/N`, or the state of `sindex/N/I`."""
    name, *rest = request.path or [""]
    if not name:
        return _list(request)
    namespace = request.node.cluster.namespace(name)
    if namespace is None:
        return "ns_type=unknown"
    if not rest:
        rows = [
            _row(namespace, index, False)
            for index in namespace.indexes
            if index.definition.kind is not IndexKind.SET
        ]
        return ";".join(rows)
    return _statistics(request.node, namespace, "/".join(rest))


@command("sindex-stat")
def _stat(request: Request) -> str:
    name = request.text("indexname", MAX_NAME)
    namespace = request.namespace_of(request.namespace_name())
    return _statistics(request.node, namespace, name)


def _statistics(node: NodeState, namespace: Namespace, name: str) -> str:
    """The state of an index, of which a node counts the partitions that it holds."""
    index = namespace.indexes.find(_bytes(name))
    if index is None:
        raise InfoError(Result.INDEX_NOT_FOUND, "no index")
    held = iter(node.served(namespace.name))
    if index.definition.kind is IndexKind.SET:
        count = _count_set(namespace, index.definition.set_name, held)
        return pairs({"entries": count, "used_bytes": 0, "load_pct": 100})
    count = index.count(held)
    return pairs(
        {
            "entries": count,
            "used_bytes": count * ENTRY_SIZE,
            "entries_per_bval": 0,
            "entries_per_rec": 0,
            "load_pct": index.percent_built,
            "load_time": 0,
            "stat_gc_recs": 0,
        }
    )


def _count_set(namespace: Namespace, set_name: bytes, partitions: Iterator[int]) -> int:
    return sum(
        record.set_name == set_name
        for partition in partitions
        for record in namespace.partitions[partition].values()
    )
