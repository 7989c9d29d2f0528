"""Functions on records: what any server answers to bytes."""

import base64
import itertools
import os
import re
import struct
import time
import uuid

import pytest

from aerospike_devserver import DevCluster
from aerospike_devserver.handlers.record import batch as batches
from aerospike_devserver.handlers.udf import scripts

from ...absent import need
from ...waiting import PATIENCE_S
from .packing import Marked, Raw, pack
from .rawwire import (
    BATCH,
    BLOB,
    BOOL,
    CREATE_ONLY,
    CREATE_OR_REPLACE,
    DELETE,
    DURABLE,
    FLOAT,
    GEN,
    GEN_GT,
    GEO,
    HLL,
    INT,
    LAST,
    LIST,
    MAP,
    NULL,
    OP_READ,
    READ,
    REPLACE_ONLY,
    STRING,
    UPDATE_ONLY,
    WRITE,
    Connection,
    RecordClient,
    f64,
    field,
    i64,
    message,
    put,
    put_int,
)

MODULE, FUNCTION, ARGUMENTS = 30, 31, 32
JAVA, RUBY, VECTOR = 7, 10, 16

SOURCE = """
function count(r, ...) return select("#", ...) end
function echo(r, x) return x end
function kind(r, x) return math.type(x) or type(x) end
function shown(r, x) return tostring(x) end
function read(r, bin) return r[bin] end
function exists(r) return aerospike:exists(r) end
function set(r, bin, x) r[bin] = x return aerospike:update(r) end
function copy(r, from, to) r[to] = r[from] return aerospike:update(r) end
function create(r, bin, x) r[bin] = x return aerospike:create(r) end
function remove(r) return aerospike:remove(r) end
function fail(r) error("boom") end
function run(r, text, ...)
  local f = assert(load("local r = ... " .. text))
  return f(r)
end
"""


@pytest.fixture(scope="module")
def module(address):
    """The name of a module with these functions, as calls have it."""
    name = f"u{uuid.uuid4().hex}"
    content = base64.b64encode(SOURCE.encode()).decode()
    command = f"udf-put:filename={name}.lua;content={content}"
    with Connection(*address) as made:
        assert made.info(f"{command};content-len={len(content)};") == ["ok"]
        yield name.encode()
        made.info(f"udf-remove:filename={name}.lua;")


def call_fields(module, function, *args):
    packed = pack(list(args))
    return [(MODULE, module), (FUNCTION, function.encode()), (ARGUMENTS, packed)]


@pytest.fixture
def call(record, module):
    """Call a function on the record."""

    def made(function, *args, flags=(0, WRITE, 0), ttl=0, fields=()):
        fields = [*fields, *call_fields(module, function, *args)]
        return record.command(flags, ttl=ttl, fields=fields)

    return made


@pytest.fixture
def run(call):
    """Run some Lua on the record `r`: the reply."""

    def made(text, **options):
        return call("run", text, **options)

    return made


@pytest.fixture
def value(run):
    """Run some Lua on the record `r`: the value that it gives."""

    def made(text, **options):
        reply = run(text, **options)
        assert reply.result == 0, reply
        return result_of(reply)

    return made


STR = b"\3"


def result_of(reply):
    ((code, name, particle, found),) = reply.ops
    assert (code, name) == (OP_READ, b"SUCCESS")
    if particle == INT:
        return struct.unpack(">q", found)[0]
    return {NULL: None, STRING: found.decode(), BOOL: found == b"\1"}[particle]


def failure_of(reply):
    assert reply.result == 100
    ((code, name, particle, text),) = reply.ops
    assert (code, name, particle) == (OP_READ, b"FAILURE", STRING)
    return text.decode()


# --- modules, functions, arguments ---


def test_a_function_gives_its_result(record, call):
    record.write(put_int(b"a", 5))
    reply = call("echo", 7)
    assert reply == (0, 1, 0, [(OP_READ, b"SUCCESS", INT, i64(7))])
    assert record.get().generation == 1


def test_the_record_need_not_exist(call):
    assert call("echo", 7) == (0, 0, 0, [(OP_READ, b"SUCCESS", INT, i64(7))])


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ("nothing", "function not found"),
        ("", "function not found"),
        ("string.format", "function not found"),
    ],
)
def test_a_function_that_is_not_there(record, call, function, text):
    record.write(put_int(b"a", 5))
    reply = call(function)
    assert (failure_of(reply), reply.generation) == (text, 1)


@pytest.mark.parametrize("name", [b"nothing", b"", b"\xff", b"m" * 127])
def test_a_module_that_is_not_there(record, name):
    need("lupa")
    reply = record.command((0, WRITE, 0), fields=call_fields(name, "echo"))
    assert failure_of(reply) == "UDF: Execution Error 1"


def test_a_module_has_no_suffix_in_a_call(record, module):
    fields = call_fields(module + b".lua", "echo")
    reply = record.command((0, WRITE, 0), fields=fields)
    assert failure_of(reply) == "UDF: Execution Error 1"


@pytest.mark.parametrize("missing", [MODULE, FUNCTION, ARGUMENTS])
def test_a_call_has_three_fields(record, module, missing):
    fields = [f for f in call_fields(module, "echo") if f[0] != missing]
    assert record.command((0, WRITE, 0), fields=fields).result == 4


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(("size", "result"), [(127, 100), (128, 4), (5000, 4)])
def test_names_have_127_bytes_at_most(record, module, place, size, result):
    names = [module, b"echo"]
    names[place] = b"n" * size
    fields = [(MODULE, names[0]), (FUNCTION, names[1]), (ARGUMENTS, b"\x90")]
    assert record.command((0, WRITE, 0), fields=fields).result == result


@pytest.mark.parametrize(
    "packed",
    [
        *(b"", b"\xc0", b"\x05", b"\x80", b"\x81\1\1", b"\xa2\3a", b"\xc1"),
        *(b"\x91\xc1", b"\x92\1\xc1", b"\x92\1\xd4\0\1", b"\x92\xc1\1"),
        *(b"\x92\x92\1\xd4\0\1\1", b"\x91\x81\xc3\1", b"\x91\x81\xc0\1", b"\x90\1\2"),
    ],
)
def test_what_is_no_list_of_values_is_no_arguments(record, module, packed):
    fields = [(MODULE, module), (FUNCTION, b"count"), (ARGUMENTS, packed)]
    assert result_of(record.command((0, WRITE, 0), fields=fields)) == 0


@pytest.mark.parametrize(
    ("packed", "shown"),
    [
        (b"\xc0", "nil"),
        (b"\xc3", "true"),
        (b"\xd3\x80" + bytes(7), "-9223372036854775808"),
        (b"\xcf" + b"\xff" * 8, "-1"),
        (b"\xca\x3f\xc0\0\0", "1.5"),
        (b"\xa4\3a\0b", "a"),
        (b"\xa3\3\xc3\xa4", "ä"),
        (b"\xa2\4a", "61"),
        (b"\xa2\7a", "61"),
        (b"\xa0", "Bytes()"),
        (b"\xa3\x17{}", '"{}"'),
        (b"\x93\xc7\0\1\2\1", "[2, 1]"),
        (b"\x82\xc7\0\1\xc0\1\2", "{1:2}"),
        (b"\x82\2\xa2\3a\1\xa2\3b", '{1:"b", 2:"a"}'),
        (b"\x81\xa2\4\xff\1", "{FF:1}"),
    ],
)
def test_arguments_are_seen(call, packed, shown):
    assert result_of(call("shown", Raw(packed))) == shown


def test_a_truncated_list_is_no_arguments(own_record):
    """A real server reads on behind its end, or takes gigabytes of memory."""
    put_module(own_record.connection)
    for packed in (b"\x93\1", b"\x91\xa5\3a", b"\xdd\xff\xff\xff\xff", b"\xdc"):
        fields = [(MODULE, b"m"), (FUNCTION, b"count"), (ARGUMENTS, packed)]
        assert result_of(own_record.command((0, WRITE, 0), fields=fields)) == 0


def put_module(connection, source=SOURCE):
    content = base64.b64encode(source.encode()).decode()
    command = f"udf-put:filename=m.lua;content={content};content-len={len(content)}"
    assert connection.info(command) == ["ok"]


# --- values ---

POINT = b'{"type":"Point","coordinates":[1.0,2.0]}'
LIST_OF_ALL = pack([1, "a", b"x", 2.5, None, True, ["b"]])
MAP_OF_ALL = pack({1: "a", "k": [1], b"b": None})

BINS = {
    b"i": (INT, i64(-5)),
    b"f": (FLOAT, f64(2.0)),
    b"s": (STRING, "ä".encode()),
    b"empty": (STRING, b""),
    b"y": (BLOB, b"\0\xff"),
    b"j": (JAVA, b"java"),
    b"r": (RUBY, b""),
    b"v": (VECTOR, b"vec"),
    b"t": (BOOL, b"\1"),
    b"l": (LIST, LIST_OF_ALL),
    b"m": (MAP, MAP_OF_ALL),
    b"ol": (LIST, pack(Marked([1, 2]))),
    b"om": (MAP, pack(Marked({"a": 1}))),
    b"kvm": (MAP, pack(Marked({"a": 1}, 3))),
    b"in": (LIST, pack([Marked([1, 2]), Marked({"a": 1})])),
    b"h": (HLL, struct.pack("<BBBQ", 0, 4, 0, 0) + bytes(12)),
}


@pytest.mark.parametrize("name", BINS)
def test_a_bin_is_copied_as_it_is(record, call, name):
    record.write(put(name, *BINS[name]))
    assert result_of(call("copy", name.decode(), "z")) == 0
    assert record.get().bins == {name: BINS[name], b"z": BINS[name]}


def test_geojson_is_copied_as_it_is(record, call):
    record.write(put(b"g", GEO, bytes(3) + POINT))
    stored = record.get().bins[b"g"]
    assert result_of(call("copy", "g", "z")) == 0
    assert record.get().bins == {b"g": stored, b"z": stored}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        *((name, BINS[name]) for name in (b"i", b"f", b"s", b"y", b"t", b"l", b"m")),
        *((name, (BLOB, BINS[name][1])) for name in (b"j", b"r", b"v", b"h")),
        (b"ol", (LIST, pack([1, 2]))),
        (b"om", BINS[b"om"]),
        (b"kvm", BINS[b"kvm"]),
        (b"in", (LIST, pack([[1, 2], Marked({"a": 1})]))),
        (b"none", (NULL, b"")),
    ],
)
def test_a_result_has_no_types_of_bytes_and_no_order_of_lists(
    record, call, name, found
):
    if name in BINS:
        record.write(put(name, *BINS[name]))
    reply = call("read", name.decode())
    assert reply.bins == {b"SUCCESS": found}


def test_a_result_of_geojson_has_no_cells(record, call):
    record.write(put(b"g", GEO, bytes(3) + POINT))
    assert call("read", "g").bins == {b"SUCCESS": (GEO, bytes(3) + POINT)}


def test_an_ordered_list_is_sorted_where_it_is_kept(record, run):
    record.write(put(b"l", LIST, pack(Marked([1, 2]))))
    run("local l = r.l list.append(l, 0) r.l = l aerospike:update(r)")
    assert record.get().bins == {b"l": (LIST, pack(Marked([0, 1, 2])))}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("1 << 63", (INT, i64(-(2**63)))),
        ("7 // 2", (INT, i64(3))),
        ("4 / 2", (FLOAT, f64(2.0))),
        ("1 / 0", (FLOAT, f64(float("inf")))),
        ("'a\\0b'", (STRING, b"a")),
        ("'\\xff'", (STRING, b"\xff")),
        ("list{1, list{}}", (LIST, pack([1, []]))),
        ("map{a = 1}", (MAP, pack({"a": 1}))),
        ("geojson('x')", (GEO, bytes(3) + b"x")),
        ("nil", (NULL, b"")),
        ("{1}", (NULL, b"")),
        ("print", (NULL, b"")),
        ("r", (NULL, b"")),
        ("1, 2", (INT, i64(1))),
    ],
)
def test_results_of_all_types(run, code, found):
    assert run(f"return {code}").bins == {b"SUCCESS": found}


@pytest.mark.parametrize("code", ["{}", "print", "coroutine.create(print)"])
def test_a_bin_takes_no_tables_and_functions(record, run, code):
    record.write(put_int(b"a", 5))
    text = failure_of(run(f"r.z = {code}"))
    assert text.endswith("can't set bin z to unsupported type")
    assert value_of_pcall(run, f"r.z = {code}").endswith(text.partition(":")[2][-20:])


def value_of_pcall(run, code):
    return result_of(
        run(f"local _, e = pcall(function() {code} end) return tostring(e)")
    )


def test_a_record_in_a_bin_fails_the_update(record, run):
    record.write(put_int(b"a", 5))
    assert run("r.z = r return aerospike:update(r)") == (12, 1, 0, [])
    text = (
        "r.z = r local n = aerospike:update(r) r.q = 1 return n + aerospike:update(r)"
    )
    assert result_of(run(text)) == -1
    assert record.get().bins == {b"a": (INT, i64(5)), b"q": (INT, i64(1))}


# --- the record ---


def test_bins_are_set_and_removed(record, run):
    record.write(put_int(b"a", 1), put_int(b"b", 2))
    reply = run("r.a = nil r.c = r.b + 1 return aerospike:update(r)")
    assert (result_of(reply), reply.generation) == (0, 2)
    assert record.get().bins == {b"b": (INT, i64(2)), b"c": (INT, i64(3))}


def test_without_an_update_nothing_is_kept(record, value):
    record.write(put_int(b"a", 1))
    assert value("r.a = 2 return r.a") == 2
    assert value("aerospike:update(r) r.a = 3 return record.numbins(r)") == 1
    assert record.get().bins == {b"a": (INT, i64(1))}


def test_a_record_without_bins_is_removed(record, run):
    record.write(put_int(b"a", 1))
    assert run("r.a = nil return aerospike:update(r)").generation == 2
    assert record.exists().result == 2


@pytest.mark.parametrize(
    ("text", "found", "kept"),
    [
        ("r.z = 1 return aerospike:update(r)", -2, None),
        ("r.z = 1 aerospike:update(r) return aerospike:create(r)", 0, 1),
        ("return aerospike:remove(r)", 1, None),
        ("r.z = 1 return aerospike:create(r)", 0, 1),
        ("r.z = 1 aerospike:create(r) return aerospike:create(r)", 1, 1),
        ("r.z = 1 aerospike:create(r) r.z = 2 return aerospike:update(r)", 0, 2),
        ("return tostring(aerospike:exists(r))", "false", None),
        ("r.z = 1 aerospike:create(r) return tostring(aerospike:exists(r))", "true", 1),
    ],
)
def test_changes_of_a_record_that_is_not_there(record, value, text, found, kept):
    assert value(text) == found
    bins = record.get().bins
    assert bins == ({} if kept is None else {b"z": (INT, i64(kept))})


@pytest.mark.parametrize(
    ("text", "found", "kept"),
    [
        ("return aerospike:create(r)", 1, {b"a": 1}),
        ("r.a = 2 aerospike:create(r) return aerospike:update(r)", 0, {b"a": 2}),
        ("return aerospike:remove(r)", 0, {}),
        ("aerospike:remove(r) return aerospike:remove(r)", 0, {}),
        ("aerospike:remove(r) return tostring(aerospike:exists(r))", "true", {}),
        ("aerospike:remove(r) return r.a", None, {}),
        ("aerospike:remove(r) r.z = 2 return aerospike:create(r)", 0, {b"z": 2}),
        ("aerospike:remove(r) r.z = 2 return aerospike:update(r)", 0, {b"z": 2}),
    ],
)
def test_changes_of_a_record_that_is_there(record, value, text, found, kept):
    record.write(put_int(b"a", 1))
    assert value(text) == found
    assert record.get().bins == {name: (INT, i64(n)) for name, n in kept.items()}


@pytest.mark.parametrize(
    "text", ["aerospike:create(r)", "r.a = 1 aerospike:create(r) aerospike:remove(r)"]
)
def test_what_is_created_has_bins(record, run, text):
    assert run(text) == (2, 0, 0, [])


@pytest.mark.parametrize(
    "change", ["r.a = 9 aerospike:update(r)", "aerospike:remove(r)", "r.a = 9"]
)
def test_a_function_that_fails_touches_nothing(record, run, change):
    record.write(put_int(b"a", 1))
    reply = run(f"{change} error('late')")
    assert failure_of(reply).endswith("late")
    assert record.get() == (0, 1, 0, [(OP_READ, b"a", INT, i64(1))])


def test_a_function_that_fails_creates_nothing(record, run):
    failure_of(run("r.a = 9 aerospike:create(r) error('late')"))
    assert record.exists().result == 2


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("'n15_90123456789'", b"n15_90123456789"),
        ("'n16_901234567890'", None),
        ("''", b""),
        ("'x\\0y'", b"x"),
        ("5", b"5"),
        ("5.5", b"5.5"),
        ("nil", None),
    ],
)
def test_names_of_bins(record, value, name, kept):
    record.write(put_int(b"a", 1))
    assert value(f"r[{name}] = 2 return aerospike:update(r)") == 0
    expected = {b"a": (INT, i64(1))}
    assert record.get().bins == expected | (
        {} if kept is None else {kept: (INT, i64(2))}
    )


def test_other_names_of_bins_are_errors(run):
    problem = "bad argument #2 to '{}' (string expected, got boolean)"
    assert failure_of(run("r[true] = 1")).endswith(problem.format("newindex"))
    assert failure_of(run("return r[true]")).endswith(problem.format("index"))


def test_a_record_has_a_largest_size(record, run):
    record.write(put_int(b"a", 1))
    text = "r.z = ('x'):rep({}) return aerospike:update(r)"
    assert run(text.format(1 << 20)) == (13, 1, 0, [])
    assert (
        run(
            f"{text.format(1 << 20).replace('return', '')} r.z = 1 "
            "return aerospike:update(r)"
        ).result
        == 0
    )
    assert record.get().bins[b"z"] == (INT, i64(1))


@pytest.mark.parametrize(("n", "result"), [(511, 0), (512, 21)])
def test_a_record_has_512_bins_at_most(record, run, n, result):
    record.write(put_int(b"a", 1))
    text = f"for i = 1, {n} do r['b' .. i] = i end return aerospike:update(r)"
    assert run(text).result == result
    assert len(record.get().bins) == (n + 1 if result == 0 else 1)


def test_a_record_with_more_bins_cannot_be_read_and_changed(record, value):
    record.write(*(put_int(b"b%d" % n, n) for n in range(513)))
    text = "r.q = 1 local there = tostring(aerospike:exists(r)) return table.concat({"
    text += "there, record.numbins(r), aerospike:update(r), aerospike:create(r), "
    text += "aerospike:remove(r)}, ' ')"
    assert value(text) == "true 0 -2 1 1"


# --- metadata ---


@pytest.mark.parametrize(
    ("function", "absent", "there"),
    [
        ("gen", "0", "1"),
        ("ttl", "0", "0"),
        ("setname", "nil", "demo"),
        ("key", "nil", "nil"),
        ("numbins", "0", "1"),
        ("size", "0", "64"),
        ("memory_size", "0", "64"),
        ("device_size", "0", "0"),
    ],
)
def test_what_functions_learn_of_a_record(record, value, function, absent, there):
    text = f"return tostring(record.{function}(r))"
    assert value(text) == absent
    record.write(put_int(b"a", 1))
    assert value(text) == there
    assert value(f"r.z = 1 aerospike:update(r) {text}") in (there, "2")


def test_the_digest_is_bytes(record, run):
    reply = run("return record.digest(r)")
    assert reply.bins == {b"SUCCESS": (BLOB, record.digest)}


def test_the_names_of_bins_are_a_table(record, run, value):
    assert failure_of(run("record.bin_names(r)")).endswith("can't get bin names")
    record.write(put_int(b"a", 1), put_int(b"b", 1))
    assert value("return table.concat(record.bin_names(r), ' ')") == "a b"


def test_the_time_of_the_last_update(record, value):
    assert value("return record.last_update_time(r)") == 0
    record.write(put_int(b"a", 1))
    ms = value("return record.last_update_time(r)")
    assert abs(ms / 1000 + 1_262_304_000 - time.time()) < 60
    assert abs(value("return aerospike:get_current_time()") / 1000 - time.time()) < 60


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("record.gen()", "#1 to 'gen' (userdata expected, got no value)"),
        ("record.ttl(nil)", "#1 to 'ttl' (userdata expected, got nil)"),
        ("record.key(map())", "#1 to 'key' (Record expected, got Map)"),
        ("record.set_ttl(r, true)", "#2 to 'set_ttl' (number expected, got boolean)"),
        (
            "record.set_ttl(r, 1.5)",
            "#2 to 'set_ttl' (number has no integer representation)",
        ),
        ("aerospike:update()", "#1 to 'update' (Record expected, got no value)"),
        ("aerospike:create(5)", "#1 to 'create' (Record expected, got number)"),
    ],
)
def test_wrong_arguments_are_errors(run, code, problem):
    assert failure_of(run(code)).endswith(f"bad argument {problem}")


def test_a_record_is_no_element(value):
    assert value("local l = list{1} list.append(l, r) return list.size(l)") == 1
    assert value("local m = map() m.r = r return map.size(m)") == 0


def seconds_left(record):
    return (
        record.get().void_time and record.get().void_time + 1_262_304_000 - time.time()
    )


@pytest.mark.parametrize(
    ("code", "seconds"),
    [
        *(("100", 100), ("'100'", 100), ("100.0", 100), ("0", 0), ("-1", 0)),
        *(("-2", 900), ("nil", 0)),
    ],
)
def test_the_ttl_is_set(record, value, code, seconds):
    record.write(put_int(b"a", 1), ttl=900)
    assert value(f"record.set_ttl(r, {code}) return aerospike:update(r)") == 0
    assert abs(seconds_left(record) - seconds) < 60


@pytest.mark.parametrize("code", ["-3", "315360001"])
def test_a_bad_ttl_is_refused_in_the_end(record, run, code):
    record.write(put_int(b"a", 1))
    reply = run(f"record.set_ttl(r, {code}) r.a = 2 return aerospike:update(r)")
    assert reply == (4, 1, 0, [])
    assert record.get().bins == {b"a": (INT, i64(1))}


def test_the_ttl_counts_with_an_update(record, value):
    record.write(put_int(b"a", 1))
    value("record.set_ttl(r, 500)")
    assert record.get().void_time == 0
    value("aerospike:update(r) record.set_ttl(r, 500)")
    assert record.get().void_time != 0


def test_the_ttl_of_the_request_is_followed(record, run):
    record.write(put_int(b"a", 1))
    reply = run("r.a = 2 aerospike:update(r)", ttl=500)
    assert reply.void_time == record.get().void_time != 0
    run("record.set_ttl(r, 100) aerospike:update(r)", ttl=500)
    assert seconds_left(record) < 200


KEY = STR + b"ada"


def is_stored(record):
    """Whether the record has a user key: another one is refused then."""
    return record.get(fields=[(2, STR + b"other")]).result == 19


def test_the_user_key_is_seen_and_stored(record, value):
    record.write(put_int(b"a", 1))
    assert value("return record.key(r)", fields=[(2, KEY)]) == "ada"
    assert not is_stored(record)
    value("aerospike:update(r)", fields=[(2, KEY)])
    assert is_stored(record)
    assert value("return record.key(r)") == "ada"


def test_the_user_key_of_a_new_record_is_stored(record, value):
    text = "r.a = 1 local before = record.key(r) aerospike:create(r) "
    text += "return tostring(before) .. record.key(r)"
    assert value(text, fields=[(2, KEY)]) == "nilada"
    assert is_stored(record)


def test_the_user_key_is_dropped(record, value):
    record.command((0, WRITE, 0), put_int(b"a", 1), fields=[(2, KEY)])
    assert value("record.drop_key(r) return record.key(r)") is None
    assert is_stored(record)
    assert value("record.drop_key(r) aerospike:update(r)", fields=[(2, KEY)]) is None
    assert not is_stored(record)


# --- the request ---

IS_5, IS_6 = (bytes.fromhex(f"9301935102a161{n}") for n in ("05", "06"))


def test_the_filter_is_followed(record, call):
    assert result_of(call("exists", fields=[(43, IS_6)])) is False
    record.write(put_int(b"a", 5))
    assert result_of(call("exists", fields=[(43, IS_5)])) is True
    assert call("exists", fields=[(43, IS_6)]) == (27, 1, 0, [])
    assert call("nothing", fields=[(43, IS_6)]).result == 27
    assert call("exists", fields=[(43, b"\xc1")]).result == 4


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ([(2, STR + b"x")], 19),
        ([(2, STR + b"x"), (43, IS_6)], 27),
        ([(2, b"\1\5"), (43, IS_5)], 19),
    ],
)
def test_the_user_key_has_to_be_the_stored_one(record, call, fields, result):
    record.command((0, WRITE, 0), put_int(b"a", 5), fields=[(2, KEY)])
    assert call("exists", fields=fields) == (result, 1, 0, [])


def test_the_set_has_to_be_the_stored_one(record, call):
    record.write(put_int(b"a", 5))
    for name in (b"other", None):
        record.set_name = name
        assert call("exists", fields=[(43, IS_6)]) == (4, 1, 0, [])
    record.set_name = b"demo"


def test_a_new_record_needs_a_good_set_and_key(record, call):
    assert result_of(call("create", "a", 1, fields=[(2, b"\1\5")])) == 4
    record.set_name = b"s" * 64
    assert result_of(call("create", "a", 1)) == 4
    assert record.exists().result == 2


@pytest.mark.parametrize(
    "flags",
    [(0, WRITE | flag, 0) for flag in (GEN, GEN_GT, CREATE_ONLY)]
    + [(0, WRITE, flag) for flag in (UPDATE_ONLY, CREATE_OR_REPLACE, REPLACE_ONLY)],
)
def test_policies_of_generation_and_existence_are_refused(record, call, flags):
    record.write(put_int(b"a", 5))
    assert call("exists", flags=flags) == (4, 0, 0, [])


def test_the_delete_bit_deletes(record, call):
    record.write(put_int(b"a", 5))
    assert call("set", "a", 1, flags=(0, WRITE | DELETE, 0)).ops == []
    assert record.exists().result == 2


def test_operations_beside_a_function_are_ignored(record, module):
    record.write(put_int(b"a", 5))
    fields = call_fields(module, "read", "a")
    reply = record.command((READ, WRITE, 0), put_int(b"q", 1), fields=fields)
    assert result_of(reply) == 5
    assert record.get().bins == {b"a": (INT, i64(5))}


def test_a_durable_delete_needs_the_enterprise_edition(record, call):
    record.write(put_int(b"a", 5))
    flags = (0, WRITE | DURABLE, 0)
    assert call("remove", flags=flags) == (25, 1, 0, [])
    assert result_of(call("set", "a", 6, flags=flags)) == 0
    assert call("exists", fields=[(5, bytes(8))], flags=flags).result == 25


# --- batches ---


def batch(digests, fields, flags=0x04, info=(0, WRITE, 0)):
    """A batch of the same call on some records."""
    head = struct.pack(">IB", len(digests), flags)
    rows = [
        struct.pack(">I20sBBBBHH", n, digest, 0x02, *info, len(fields) + 2, 0)
        + b"".join(field(*item) for item in [(0, b"test"), (1, b"demo"), *fields])
        for n, digest in enumerate(digests)
    ]
    return message((BATCH, 0, 0), [(41, head + b"".join(rows))])


@pytest.fixture
def digests(connection):
    """Digests of a record with a = 5 and of one that is not there."""
    made = [os.urandom(20) for _ in range(2)]
    RecordClient(connection, made[0]).write(put_int(b"a", 5))
    yield made
    for digest in made:
        RecordClient(connection, digest).remove()


def answers(connection, body):
    """Results and entries by row, and the result of the message that ends it all."""
    *rows, last = connection.stream(body)
    assert last.info3 == LAST
    ordered = sorted(rows, key=lambda row: row.number)
    return [(row.result, row.generation, row.ops) for row in ordered], last.result


def test_rows_of_a_batch_call_functions(connection, digests, module):
    code = "r.a = (r.a or 0) + 1 return aerospike:update(r)"
    rows, last = answers(connection, batch(digests, call_fields(module, "run", code)))
    assert (last, [row[:2] for row in rows]) == (0, [(0, 2), (0, 0)])
    assert [entry[3] for _, _, (entry,) in rows] == [i64(0), i64(-2)]
    assert RecordClient(connection, digests[0]).get().bins == {b"a": (INT, i64(6))}


@pytest.mark.parametrize(
    ("flags", "n_rows", "last"), [(0x04, 2, 0), (0x08, 2, 100), (0, 0, 100)]
)
def test_a_row_that_fails_has_a_text(connection, digests, module, flags, n_rows, last):
    body = batch(digests, call_fields(module, "nothing"), flags)
    failure = [(OP_READ, b"FAILURE", STRING, b"function not found")]
    rows = [(100, 1, failure), (100, 0, failure)][:n_rows]
    assert answers(connection, body) == (rows, last)


def test_rows_of_a_batch_are_filtered(connection, digests, module):
    fields = [(43, IS_6), *call_fields(module, "exists")]
    rows, last = answers(connection, batch(digests, fields))
    assert ([row[0] for row in rows], last) == ([27, 0], 0)


def test_rows_of_a_batch_refuse_policies(connection, digests, module):
    body = batch(digests, call_fields(module, "exists"), info=(0, WRITE | GEN, 0))
    assert answers(connection, body) == ([(4, 0, []), (4, 0, [])], 0)


# --- of the development server alone ---


def test_an_expired_record_is_not_there(cluster):
    with Connection(*cluster.hosts[0]) as connection:
        put_module(connection)
        record = RecordClient(connection, os.urandom(20))
        record.write(put_int(b"a", 1), ttl=10)
        cluster.advance(20)
        fields = call_fields(b"m", "exists")
        assert result_of(record.command((0, WRITE, 0), fields=fields)) is False


def test_the_index_learns_what_a_function_writes(cluster):
    with Connection(*cluster.hosts[0]) as connection:
        put_module(connection)
        index = "sindex-create:namespace=test;set=demo;indexname=i;bin=a;type=numeric"
        connection.info(index)
        record = RecordClient(connection, os.urandom(20))
        record.write(put_int(b"a", 1))
        record.command((0, WRITE, 0), fields=call_fields(b"m", "remove"))
        (found,) = connection.info("sindex-stat:namespace=test;indexname=i")
        assert "entries=0" in found


ENDLESS = "function f(r) r.a = 2 aerospike:update(r) while true do end end"
CAUGHT = "pcall(function() while true do end end)"
STOPPED = "UDF Execution Timeout: m.lua was stopped after 0.2 s"
TOO_LARGE = "m.lua: the script needs more memory than it may have"
GREEDY = "function f(r) r.a = 2 aerospike:update(r) local t = {} "
GREEDY += "while true do t[#t + 1] = ('x'):rep(1000) .. #t end end"
MANY_BINS = "function f(r) for i = 1, 1e6 do r['b' .. i] = ('x'):rep(1000) end end"
HOARD = (
    "T = {} function f(r) for i = 1, 10000 do T[#T + 1] = ('x'):rep(90) .. #T end end"
)


@pytest.fixture
def limited(request):
    """A record with a = 1 on a server where functions have little memory.

    They have little time, too, unless a parameter says how much.
    """
    limit_s = getattr(request, "param", 0.2)
    with (
        DevCluster(udf_timeout=limit_s, udf_memory=1 << 20) as made,
        Connection(*made.hosts[0]) as connection,
    ):
        record = RecordClient(connection, os.urandom(20))
        record.write(put_int(b"a", 1))
        yield record


@pytest.mark.parametrize(
    ("source", "problem", "limited"),
    [
        (ENDLESS, STOPPED, 0.2),
        (ENDLESS.replace("while true do end", CAUGHT), STOPPED, 0.2),
        (GREEDY, TOO_LARGE, PATIENCE_S),
        (MANY_BINS, TOO_LARGE, PATIENCE_S),
    ],
    indirect=["limited"],
)
def test_a_function_that_runs_away_touches_nothing(limited, source, problem):
    put_module(limited.connection, source + " function g(r) return r.a end")
    fields = [(0, b"test"), (1, b"demo"), (4, limited.digest)]
    body = message((0, WRITE, 0), [*fields, *call_fields(b"m", "f")])
    body = body[:14] + bytes(4) + body[18:]  # the request has no timeout
    text = failure_of(limited.connection.command(body))
    assert text == problem
    reply = limited.command((0, WRITE, 0), fields=call_fields(b"m", "g"))
    assert result_of(reply) == 1


def test_the_timeout_of_the_request_counts(limited):
    put_module(limited.connection, ENDLESS)
    reply = limited.command((0, WRITE, 0), fields=call_fields(b"m", "f"))
    assert failure_of(reply) == STOPPED.replace("0.2", "0.9")


def test_the_timeout_of_a_batch_is_that_of_all_rows(limited):
    put_module(limited.connection, ENDLESS)
    body = batch([os.urandom(20) for _ in range(100)], call_fields(b"m", "f"))
    rows, last = answers(limited.connection, body)  # the timeout is a second
    assert (last, {row[0] for row in rows}) == (0, {100})
    texts = [entry[3].decode() for _, _, (entry,) in rows]
    first, *others = (re.search(r"after (\S+) s", text) for text in texts)
    given = [float(found[1]) for found in (first, *others) if found]
    assert given[0] == 0.45  # half of what is left, for each but the last
    assert sum(given) <= 0.9
    assert "UDF Execution Timeout: no time was left to call the function" in texts


class Ticking:
    """In place of `time`: a clock that goes on by a millisecond at each look, so that
    a machine that stops takes no time from functions."""

    def __init__(self):
        self._looks = itertools.count()

    def monotonic(self):
        return next(self._looks) / 1000


def test_rows_behind_a_function_that_runs_away_are_called(limited, monkeypatch):
    clock = Ticking()
    for module in (batches, scripts):
        monkeypatch.setattr(module, "time", clock)
    source = "function f(r) while r.a do end return 7 end"
    put_module(limited.connection, source)
    digests = [os.urandom(20) for _ in range(3)]
    body = batch([limited.digest, *digests], call_fields(b"m", "f"))
    rows, _ = answers(limited.connection, body)
    assert [row[0] for row in rows] == [100, 0, 0, 0]


def test_memory_that_a_module_keeps_is_counted(limited):
    put_module(limited.connection, HOARD)
    for _ in range(3):
        reply = limited.command((0, WRITE, 0), fields=call_fields(b"m", "f"))
    assert limited.get().bins == {b"a": (INT, i64(1))}
    assert reply.result in (0, 100)


def test_modules_share_no_globals(own_record):
    for name, text in (
        ("a", "G = 1 function f() return G end"),
        ("b", "function f() return G end"),
    ):
        content = base64.b64encode(text.encode()).decode()
        command = f"udf-put:filename={name}.lua;content={content}"
        own_record.connection.info(f"{command};content-len={len(content)}")
    for module, found in ((b"a", 1), (b"b", None)):
        reply = own_record.command((0, WRITE, 0), fields=call_fields(module, "f"))
        assert result_of(reply) == found


def test_a_module_that_changes_is_loaded_anew(own_record):
    for n in (1, 2):
        put_module(own_record.connection, f"function f() return {n} end")
        reply = own_record.command((0, WRITE, 0), fields=call_fields(b"m", "f"))
        assert result_of(reply) == n


def test_a_record_that_a_script_keeps_is_of_no_use(own_record):
    put_module(own_record.connection, "function f(r) G = G or r return G.a end")
    own_record.write(put_int(b"a", 1))
    fields = call_fields(b"m", "f")
    assert result_of(own_record.command((0, WRITE, 0), fields=fields)) == 1
    text = failure_of(own_record.command((0, WRITE, 0), fields=fields))
    assert text == "m.lua:1: the call that this record was given to has ended"


def test_a_value_nested_too_deep_is_an_error(own_record):
    text = "function f(r) local l = list() list.append(l, l) return l end"
    put_module(own_record.connection, text)
    reply = own_record.command((0, WRITE, 0), fields=call_fields(b"m", "f"))
    assert failure_of(reply) == "a value is nested more than 256 deep"
