"""What the server supports, approximates and refuses, as its own tables say it.

The documentation shows these areas, and a test asks the server about each entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aerospike_devserver import dispatch
from aerospike_devserver.codec.admin import AdminCommand
from aerospike_devserver.codec.frame import ProtoType
from aerospike_devserver.codec.message import FLAGS, Info1, Info2, Info3, Info4, Op
from aerospike_devserver.codec.particle import PARTICLES
from aerospike_devserver.config import COMMUNITY, EDITIONS
from aerospike_devserver.expressions import nodes
from aerospike_devserver.handlers.admin import command as admin
from aerospike_devserver.handlers.info import command as info
from aerospike_devserver.handlers.info import info_index
from aerospike_devserver.handlers.record import operations
from aerospike_devserver.loading import load_all
from aerospike_devserver.operations import bits
from aerospike_devserver.operations.cdt import lists, maps
from aerospike_devserver.operations.cdt.arguments import Row as CdtRow
from aerospike_devserver.operations.hll import operations as hll
from aerospike_devserver.operations.rows import Row
from aerospike_devserver.operations.strings import operations as strings
from aerospike_devserver.result import Result
from aerospike_devserver.storage.index import IndexKind
from aerospike_devserver.support import (
    SUPPORTED,
    Support,
    approximated,
    refused,
    support_since,
)
from aerospike_devserver.texts import names_of
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.version import BUILDS, V8_1, version_of
from aerospike_lua import functions, records


class Entry(NamedTuple):
    """A thing of the protocol: its name, its number there, and how far it is supported.

    code: None where the name stands in requests itself.
    """

    name: str
    code: int | None
    support: Support


def frames() -> list[Entry]:
    """The kinds of frames, by the type in their header."""
    names = names_of(ProtoType)
    return [Entry(names[code], code, each) for code, each in dispatch.FRAMES.items()]


def flags() -> list[Entry]:
    """The bits of the four bytes in the header of a request."""
    return [
        Entry(f"{byte.__name__.lower()} {name}", bit, FLAGS.get((byte, bit), SUPPORTED))
        for byte in (Info1, Info2, Info3, Info4)
        for bit, name in sorted(names_of(byte).items())
    ]


def record_operations() -> list[Entry]:
    """The operations of a command on a record."""
    names, known = names_of(Op), operations.known()
    return [
        Entry(names[code], code, support_since(known[code].since))
        for code in sorted(known)
    ]


def _rows(rows: Mapping[int, Row | CdtRow]) -> list[Entry]:
    return [
        Entry(row.name.strip("_"), code, support_since(row.since))
        for code, row in sorted(rows.items())
    ]


def list_operations() -> list[Entry]:
    """The operations on lists."""
    return _rows(lists.ROWS)


def map_operations() -> list[Entry]:
    """The operations on maps."""
    return _rows(maps.ROWS)


def bit_operations() -> list[Entry]:
    """The operations on the bits of a blob."""
    return _rows(bits.ROWS)


def hll_operations() -> list[Entry]:
    """The operations on a HyperLogLog."""
    return _rows(hll.ROWS)


def string_operations() -> list[Entry]:
    """The operations on a string, which came with their operation of records."""
    support = support_since(operations.known()[Op.STRING_READ].since)
    return [entry._replace(support=support) for entry in _rows(strings.ROWS)]


def expression_nodes() -> list[Entry]:
    """The nodes of expressions."""
    load_all()  # for the modules that fill the table
    names = names_of(nodes.Code)
    return [
        Entry(names[code], code, support_since(since))
        for code, since in sorted(nodes.SINCE.items())
    ]


def particles() -> list[Entry]:
    """The types of bins."""
    null = refused(Result.REQUEST_INVALID, "except in a write, where it removes a bin")
    return [
        Entry(name, code, SUPPORTED if code in PARTICLES else null)
        for code, name in sorted(names_of(Particle).items())
    ]


def index_types() -> list[Entry]:
    """The types of the values in an index."""
    return [
        Entry(name, None, support_since(since))
        for name, since in info_index.TYPES.items()
    ]


def index_kinds() -> list[Entry]:
    """What of a bin an index takes, or that it is one of a whole set."""
    return [Entry(kind.name.lower(), kind, SUPPORTED) for kind in IndexKind]


def info_commands() -> list[Entry]:
    """The info commands, among them those of a real server that are not known here."""
    load_all()  # for the modules that fill the tables
    unknown = dict.fromkeys(info.UNKNOWN, refused(Result.REQUEST_INVALID))
    return [
        Entry(name, None, support)
        for name, support in sorted((info.SUPPORT | unknown).items())
    ]


def admin_commands() -> list[Entry]:
    """The commands about users and roles."""
    return [Entry(each.name.lower(), each, admin.SUPPORT) for each in AdminCommand]


def lua_functions() -> list[Entry]:
    """What functions in Lua may call, besides Lua's own library."""
    tables: dict[str, Mapping[str, object]] = {
        "aerospike": records.ACTIONS,
        "record": records.RECORD_FUNCTIONS,
        "map": functions.MAP,
        "list": functions.LIST,
        "bytes": functions.BYTES,
    }
    return [
        Entry(f"{table}.{name}", None, SUPPORTED)
        for table, rows in tables.items()
        for name in sorted(rows)
    ]


def versions() -> list[Entry]:
    """The versions that the server plays, and the build that it then reports."""
    later = approximated("no answers of such a server have been recorded")
    return [
        Entry(
            f"{name} ({build})",
            None,
            SUPPORTED if version_of(build) <= V8_1 else later,
        )
        for name, build in BUILDS.items()
    ]


def editions() -> list[Entry]:
    """The editions that the server plays."""
    enterprise = approximated("no answers of such a server have been recorded")
    return [
        Entry(each, None, SUPPORTED if each == COMMUNITY else enterprise)
        for each in EDITIONS
    ]


def areas() -> Iterable[tuple[str, list[Entry]]]:
    """All of it: the name of each area, and its entries."""
    for function in AREAS:
        yield function.__name__.replace("_", " "), function()


AREAS = (
    versions,
    editions,
    frames,
    flags,
    record_operations,
    list_operations,
    map_operations,
    bit_operations,
    hll_operations,
    string_operations,
    expression_nodes,
    particles,
    index_types,
    index_kinds,
    info_commands,
    admin_commands,
    lua_functions,
)
