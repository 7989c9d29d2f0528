"""The server answers what its table of compatibility calls supported, and refuses what
it calls refused, with the code that stands there."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import Any

import pytest

from aerospike_devserver import DevCluster, compatibility
from aerospike_devserver.support import State

from ...absent import need
from .packing import Raw, pack, particle
from .rawwire import (
    ADMIN,
    BLOB,
    COMPRESSED,
    DELETE,
    GEO,
    GET_ALL,
    HLL,
    INFO,
    MESSAGE,
    READ,
    WRITE,
    XDR,
    Connection,
    RecordClient,
    f64,
    field,
    i64,
    message,
    put,
    put_int,
)

INVALID = 4
OLD = {"version": "8.1"}


PAGE = Path(__file__).parents[3] / "doc/devserver/compatibility.md"


def test_page_shows_each_area():
    shown = re.findall(
        r"^<!-- generated: compatibility (\w+) -->$", PAGE.read_text(), re.MULTILINE
    )
    assert shown == [area.__name__ for area in compatibility.AREAS]


def entries(area):
    """The entries of an area, each under its name."""
    found = getattr(compatibility, area)()
    return [pytest.param(entry, id=entry.name) for entry in found]


def codes(area):
    return {entry.code for entry in getattr(compatibility, area)()}


@pytest.fixture(scope="module")
def connect():
    """connect(**settings): a connection to a cluster with these settings."""
    clusters: dict[str, DevCluster] = {}
    made = []

    def connect(**settings):
        name = repr(sorted(settings.items()))
        if name not in clusters:
            clusters[name] = DevCluster(**settings).start()
        made.append(Connection(*clusters[name].hosts[0]))
        return made[-1]

    yield connect
    for connection in made:
        connection.sock.close()
    for cluster in clusters.values():
        cluster.stop()


@pytest.fixture
def new_record(connect):
    """new_record(**settings): a record that is not there."""
    return lambda **settings: RecordClient(connect(**settings), os.urandom(20))


def check(entry, ask):
    """ask(**settings) gives the result of a request that is about the entry."""
    support = entry.support
    if support.state is State.REFUSED:
        assert ask() == support.refusal
    elif support.needs == 'version="8.2"':
        assert ask() != support.refusal
        assert ask(**OLD) == support.refusal
    else:
        assert ask() != INVALID


# Operations


GEOJSON = b'{"type":"Point","coordinates":[1,2]}'
EXPRESSION = Raw(pack([20, 1, 2]))


def sketch(record):
    """The bytes of a HyperLogLog."""
    record.write((16, b"h", BLOB, pack([0, 4])))
    return record.get().bins[b"h"][1]


def run(record, start, *operation):
    """The result of an operation on the bin `b`, which has a value of one kind."""
    if start is not None:
        assert record.write(put(b"b", *start)).result == 0
    return record.operate(operation).result


OPERATIONS = {
    "read": (particle(1), 0, b""),
    "write": (None, *particle(1)),
    "cdt_read": (particle([1]), BLOB, pack([16])),
    "cdt_modify": (particle([1]), BLOB, pack([11])),
    "incr": (particle(1), *particle(1)),
    "exp_read": (particle(1), BLOB, pack([EXPRESSION, 0])),
    "exp_modify": (None, BLOB, pack([EXPRESSION, 0])),
    "append": (particle("a"), *particle("b")),
    "prepend": (particle("a"), *particle("b")),
    "touch": (particle(1), 0, b""),
    "bits_read": (particle(b"ab"), BLOB, pack([51, 0, 8])),
    "bits_modify": (particle(b"ab"), BLOB, pack([7, 0, 8])),
    "delete_all": (particle(1), 0, b""),
    "hll_read": (sketch, BLOB, pack([50])),
    "hll_modify": (None, BLOB, pack([0, 4])),
    "string_read": (particle("a"), BLOB, pack([0])),
    "string_modify": (particle("a"), 3, pack([56])),
    "to_string": (particle(1), BLOB, b""),
}


@pytest.mark.parametrize("entry", entries("record_operations"))
def test_operations_of_records_are_as_in_the_table(new_record, entry):
    start, kind, value = OPERATIONS[entry.name]

    def ask(**settings):
        record = new_record(**settings)
        stored = (HLL, sketch(record)) if start is sketch else start
        return run(record, stored, entry.code, b"b", kind, value)

    check(entry, ask)
    assert ask() == 0


@pytest.mark.parametrize("code", sorted({*range(40)} - codes("record_operations")))
def test_operations_that_are_not_in_the_table_are_refused(new_record, code):
    assert run(new_record(), particle(1), code, b"b", BLOB, b"") == INVALID


# What stands in the value of an operation: its code and its arguments

VALUE = 7
JOIN = ("list_operations", 28)  # of strings alone
BY = {
    "list": (VALUE, [1]),
    "relative_index": (VALUE, 0, 0),
    "relative_rank": (VALUE, 0, 0),
    "": (VALUE, 0),
}
"""Arguments of operations whose names have "by" and this at their end."""

FAMILIES = {
    # start value, operation of records for reads and for writes
    "list_operations": (particle([3, 1, 2]), 3, 4),
    "map_operations": (particle({1: 5}), 3, 4),
    "bit_operations": (particle(b"abcd"), 12, 13),
    "hll_operations": (None, 15, 16),
    "string_operations": (particle("1234"), 17, 18),
}
READS = {
    # the codes of reads, assigned or not
    "list_operations": {*range(16, 29)},
    "map_operations": {*range(96, 111)},
    "bit_operations": {*range(50, 128)},
    "hll_operations": {*range(50, 128)},
    "string_operations": {*range(50)},
}
ARGUMENTS: dict[str, dict[str, tuple[Any, ...]]] = {
    "list_operations": {
        "append": (1,),
        "append_items": ([1],),
        "insert set_item": (0, 1),
        "insert_items": (0, [1]),
        "pop pop_range remove remove_range get get_range increment set_type": (0,),
        "trim": (0, 1),
        "clear sort size join": (),
    },
    "map_operations": {
        "add_pair": (2, 3),
        "put replace": (1, 3),
        "add_items put_items": ({2: 3},),
        "replace_items": ({1: 3},),
        "increment decrement": (1,),
        "set_type": (1,),
        "clear size": (),
    },
    "bit_operations": {
        "resize": (4,),
        "insert": (0, b"x"),
        "remove": (0, 1),
        "set or xor and": (0, 8, b"x"),
        "not get count get_int": (0, 8),
        "lshift rshift add subtract set_int": (0, 8, 1),
        "lscan rscan": (0, 8, True),
        "b64_encode": (),
    },
    "hll_operations": {
        "init": (4,),
        "add may_contain": (["a"],),
        "set_union get_union union_count intersect_count similarity": ([sketch],),
        "fold": (4,),
        "refresh_count get_count describe": (),
    },
    "string_operations": {
        "substr char_at snip": (0,),
        "find contains starts_with ends_with regex_compare": ("1",),
        "append prepend": ("1",),
        "concat": (["1"],),
        "insert overwrite pad_start pad_end": (0, "1"),
        "replace replace_all regex_replace": (["1", "2"],),
        "repeat": (2,),
        "strlen to_integer to_double byte_length is_numeric is_upper is_lower": (),
        "to_blob split b64_decode upper lower casefold normalize_nfc": (),
        "trim_start trim_end trim": (),
    },
}
"""By name, or names, what an operation takes."""


def arguments_of(area, name):
    """Arguments that the operation of a name takes."""
    for names, arguments in ARGUMENTS[area].items():
        if name in names.split():
            return arguments
    kind = next(end for end in BY if "_by_" in name and name.endswith(end))
    return BY[kind]


def in_family(area, record, code, arguments):
    """The result of an operation of a family."""
    start, read, modify = FAMILIES[area]
    start = particle(["a"]) if (area, code) == JOIN else start
    arguments = [
        [Raw(pack_sketch(record))] if each == [sketch] else each for each in arguments
    ]
    if area == "hll_operations" and code:
        record.write((modify, b"b", BLOB, pack([0, 4])))
    op = read if code in READS[area] else modify
    kind = 3 if area == "string_operations" else BLOB
    return run(record, start, op, b"b", kind, pack([code, *arguments]))


def pack_sketch(record):
    """A HyperLogLog as an element of a list."""
    data = bytes([HLL]) + sketch(record)
    return b"\xc5" + len(data).to_bytes(2, "big") + data


@pytest.mark.parametrize(
    ("area", "entry"),
    [
        pytest.param(area, entry.values[0], id=f"{area} {entry.id}")
        for area in FAMILIES
        for entry in entries(area)
    ],
)
def test_operations_of_families_are_as_in_the_table(new_record, area, entry):
    arguments = arguments_of(area, entry.name)

    def ask(**settings):
        return in_family(area, new_record(**settings), entry.code, arguments)

    check(entry, ask)
    assert ask() == 0


@pytest.mark.parametrize("area", FAMILIES)
def test_operations_that_no_family_has_are_refused(new_record, area):
    record = new_record()
    others = {
        "list_operations": range(64),
        "map_operations": range(64, 128),
    }.get(area, range(128))
    for code in sorted({*others} - codes(area)):
        assert in_family(area, record, code, ()) == INVALID, code


# Nodes of expressions

POINT = Raw(b"\xd9" + bytes([len(GEOJSON) + 1, GEO]) + GEOJSON)
RAW_NAME, LIST, MAP = Raw(b"\xa1x"), [126, [1]], {"a": 1}
YES, NO = True, False
NODES = {
    "unknown device_size last_update since_update void_time ttl set_name": (),
    "key_exists is_tombstone memory_size record_size result_remove": (),
    "eq ne gt ge lt le add sub mul div min max mod int_and int_or int_xor": (1, 1),
    "int_lshift int_rshift int_arshift": (1, 1),
    "regex": (1, RAW_NAME, "x"),
    "geo_compare": (POINT, POINT),
    "in_list": (1, LIST),
    "and or exclusive": (YES, NO),
    "not": (YES,),
    "pow log": (2.0, 2.0),
    "abs int_not int_count to_float digest_modulo": (1,),
    "floor ceil to_int": (1.5,),
    "int_lscan int_rscan": (1, YES),
    "key": (2,),
    "bin": (2, RAW_NAME),
    "loop_var": (2, 0),
    "bin_type": (RAW_NAME,),
    "to_string": (1,),
    "map_keys map_values": (MAP,),
    "cond": (YES, 1, 2),
    "let": (RAW_NAME, 1, 1),
    "var": (RAW_NAME,),
    "quote": ([1],),
    "call": (2, 0, [16], LIST),
}
"""By name, or names, arguments of each node."""
UNDECIDED = ("unknown", "key", "bin", "loop_var", "result_remove")
"""Those that have no value here."""


def evaluated(record, node):
    """The result of a read that evaluates an expression."""
    return run(record, particle(1), 7, b"x", BLOB, pack([Raw(pack(node)), 0]))


@pytest.mark.parametrize("entry", entries("expression_nodes"))
def test_nodes_of_expressions_are_as_in_the_table(new_record, entry):
    if entry.name == "geo_compare":
        need("s2geometry")
    node = [entry.code, *operands_of(entry.name)]
    if entry.name == "var":
        node = [125, *node[1:], 1, node]
    check(entry, lambda **settings: evaluated(new_record(**settings), node))
    assert evaluated(new_record(), node) == (26 if entry.name in UNDECIDED else 0)


def operands_of(name):
    return next(args for names, args in NODES.items() if name in names.split())


def test_nodes_that_are_not_in_the_table_are_refused(new_record):
    record = new_record()
    for code in sorted({*range(256)} - codes("expression_nodes")):
        assert evaluated(record, [code]) == INVALID, code


# Values and indexes

GOOD = {"float": f64(0.5), "bool": b"\1", "map": pack({}), "list": pack([])}


def value_of(record, name):
    """The bytes of a value of a type."""
    if name == "hll":
        return sketch(record)
    return b"\0\0\0" + GEOJSON if name == "geojson" else GOOD.get(name, i64(1))


@pytest.mark.parametrize("entry", entries("particles"))
def test_types_of_bins_are_as_in_the_table(new_record, entry):
    record = new_record()
    value = value_of(record, entry.name)
    op = 5 if entry.name == "null" else 2  # a null removes, where it is written

    check(entry, lambda: run(record, None, op, b"b", entry.code, value))


def test_types_that_are_not_in_the_table_are_refused(new_record):
    record = new_record()
    for code in sorted({*range(256)} - codes("particles")):
        assert record.write(put(b"b", code, b"")).result == INVALID, code


def code_in(answer):
    """The code of an error in the answer to an info command, 0 if it is none."""
    head, _, rest = answer.partition(":")
    return int(rest.partition(":")[0] or 1) if head == "ERROR" else 0


def create_index(connection, name, parameters):
    (answer,) = connection.info(
        f"sindex-create:namespace=test;set=s;indexname={name};{parameters}"
    )
    return code_in(answer)


@pytest.mark.parametrize("entry", entries("index_types"))
def test_types_of_indexes_are_as_in_the_table(connect, entry):
    if entry.name == "geo2dsphere":
        need("s2geometry")

    def ask(**settings):
        what = f"type={entry.name};bin={entry.name}"
        return create_index(connect(**settings), f"type-{entry.name}", what)

    check(entry, ask)


@pytest.mark.parametrize("name", ["float", "bool", "hll", "list", "map", "geojson"])
def test_types_that_no_index_has_are_refused(connect, name):
    assert create_index(connect(), "none", f"type={name};bin=b") == INVALID


@pytest.mark.parametrize("entry", entries("index_kinds"))
def test_kinds_of_indexes_are_as_in_the_table(connect, entry):
    what = "" if entry.name == "set" else ";type=string;bin=b"
    kind = f"indextype={entry.name}{what}"
    check(entry, lambda: create_index(connect(), f"kind-{entry.name}", kind))


def test_kinds_that_no_index_has_are_refused(connect):
    assert create_index(connect(), "none", "indextype=b;type=string;bin=b") == INVALID


# Frames, flags, and commands on the cluster


BODIES = {
    INFO: b"node\n",
    ADMIN: bytes(16),
    MESSAGE: message((READ, 0, 0), [(0, b"test"), (4, bytes(20))]),
    COMPRESSED: bytes(16),
    XDR: b"",
}


REPLIES = {INFO: (INFO, None), ADMIN: (ADMIN, 1)}
"""The type of the reply, and where its result stands; else (MESSAGE, 5)."""


def answered(connection, kind):
    """The result of a frame of a kind, 0 if its reply has none."""
    found, body = connection.exchange(kind, BODIES[kind])
    wanted, place = REPLIES.get(kind, (MESSAGE, 5))
    assert found == wanted
    return 0 if place is None else body[place]


NEEDED: dict[str, dict[str, Any]] = {
    'edition="enterprise"': {"edition": "enterprise"},
    "security=True": {"security": True},
    "strong_consistency=True": {"strong_consistency": True},
    "racks=[...]": {"racks": [1]},
    "tls=True": {"tls": True},
}


def check_needs(entry, ask):
    """The same as `check` for what needs a setting, and is refused without it."""
    support = entry.support
    if not support.needs:
        check(entry, ask)
        return
    if support.needs == "tls=True":
        need("trustme")
    assert ask() == support.refusal
    assert ask(**NEEDED[support.needs]) != support.refusal


@pytest.mark.parametrize("entry", entries("frames"))
def test_frames_are_as_in_the_table(connect, entry):
    check_needs(entry, lambda **settings: answered(connect(**settings), entry.code))


def test_frames_that_are_not_in_the_table_end_the_connection(connect):
    for code in (0, 6, 7, 255):
        connection = connect()
        connection.send(bytes([2, code]) + bytes(6))
        assert connection.is_closed(), code


# Where a flag makes sense only together with others: info1, info2, info3, info4
WITH = {
    "info1 get_all": (READ, 0, 0, 0),
    "info1 get_no_bins": (READ, 0, 0, 0),
    "info1 read": (GET_ALL, 0, 0, 0),
    "info2 delete": (0, WRITE, 0, 0),
    "info2 durable_delete": (0, WRITE | DELETE, 0, 0),
    "info4 verify_read": (READ, 0, 0, 0),
    "info4 roll_forward": (0, WRITE, 0, 0),
    "info4 roll_back": (0, WRITE, 0, 0),
}


def flagged(record, name, bit):
    """The result of a command with a flag, on a record that is not there."""
    byte = int(name.split()[0].removeprefix("info")) - 1
    is_write = byte == 1 or "replace" in name or "update" in name or "lock" in name
    info = [*WITH.get(name, (0, WRITE, 0, 0) if is_write else (READ, 0, 0, 0))]
    info[byte] |= bit
    if name == "info1 batch":
        row = bytes(4) + record.digest + bytes([0, READ | GET_ALL])
        row += (1).to_bytes(2, "big") + bytes(2) + field(0, b"test")
        body = message(
            (info[0], 0, 0), [(41, (1).to_bytes(4, "big") + bytes([0]) + row)]
        )
        return record.connection.stream(body)[0].result
    ops = [put_int(b"n", 1)] if info[1] & WRITE and not info[1] & DELETE else []
    return record.command(tuple(info), *ops).result


@pytest.mark.parametrize("entry", entries("flags"))
def test_flags_are_as_in_the_table(new_record, entry):
    def ask(**settings):
        return flagged(new_record(**settings), entry.name, entry.code)

    if entry.support.refusal is None:
        assert ask() != INVALID
    else:
        check_needs(entry, ask)


@pytest.mark.parametrize("entry", entries("info_commands"))
def test_info_commands_are_as_in_the_table(connect, entry):
    """A command without its parameters may say that they are missing."""

    def ask(**settings):
        (answer,) = connect(**settings).info(entry.name)
        if entry.support.state is State.REFUSED and code_in(answer) == INVALID:
            assert answer == "ERROR:4:unrecognized command"
        return 0 if "missing" in answer else code_in(answer)

    check_needs(entry, ask)


def test_info_commands_that_are_not_in_the_table_are_refused(connect):
    assert connect().info("no-such-command") == ["ERROR:4:unrecognized command"]


def administered(connection, code):
    """The result of a command about users that has no fields."""
    _, body = connection.exchange(ADMIN, bytes([0, 0, code]) + bytes(13))
    return body[1]


NO_SUCH_COMMAND = 54


@pytest.mark.parametrize("entry", entries("admin_commands"))
def test_admin_commands_are_as_in_the_table(connect, entry):
    def ask(**settings):
        return administered(connect(**settings), entry.code)

    check_needs(entry, ask)
    assert ask(security=True) != NO_SUCH_COMMAND


LUA = """
function run(rec)
  local found = ""
  for _, name in ipairs{%s} do
    local place, field = name:match("(.*)%%.(.*)")
    if type(_G[place][field]) ~= "function" then
      found = found .. " " .. name
    end
  end
  return found
end
"""


def test_functions_in_lua_are_as_in_the_table(new_record):
    need("lupa")
    names = ", ".join(f'"{entry.name}"' for entry in compatibility.lua_functions())
    record = new_record()
    assert record.write(put_int(b"n", 1)).result == 0
    content = base64.b64encode((LUA % names).encode()).decode()
    put_it = f"udf-put:filename=names.lua;content={content};content-len={len(content)}"
    assert "error" not in record.connection.info(put_it)[0]
    call = [(30, b"names"), (31, b"run"), (32, pack([]))]
    reply = record.command((0, WRITE, 0), fields=call)
    assert reply.bins == {b"SUCCESS": (3, b"")}


@pytest.mark.parametrize("entry", entries("versions"))
def test_versions_are_as_in_the_table(connect, entry):
    version, _, build = entry.name.strip(")").partition(" (")
    assert connect(version=version).info("build") == [build]


@pytest.mark.parametrize("entry", entries("editions"))
def test_editions_are_as_in_the_table(connect, entry):
    assert entry.name in connect(edition=entry.name).info("edition")[0].lower()


def test_admin_commands_that_are_not_in_the_table_are_refused(connect):
    connection = connect(security=True)
    for code in sorted({*range(40)} - codes("admin_commands")):
        assert administered(connection, code) == NO_SUCH_COMMAND, code
