"""What a function in Lua makes of the records of a query: on the nodes, and here."""

from __future__ import annotations

import gc
import os
import threading
import uuid
from typing import Any

import pytest

import aerospike
from aerospike import GeoJSON, exception, predicates
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import operations

from ..waiting import until

SOURCE = """\
local function one(r) return 1 end
local function add(a, b) return a + b end
local function bin_of(name) return function(r) return r[name] end end

function count(s) return s : map(one) : reduce(add) end
function values(s, bin) return s : map(bin_of(bin)) end
local function second(a, b) return b end
function last(s, bin) return s : map(bin_of(bin)) : reduce(second) end
function above(s, least)
  return s : filter(function(r) return r.n >= least end) : map(bin_of("n"))
end
function by_rest(s)
  local function tally(groups, r)
    local rest = r.n % 3
    groups[rest] = (groups[rest] or 0) + 1
    return groups
  end
  local function join(a, b) return map.merge(a, b, add) end
  return s : aggregate(map(), tally) : reduce(join)
end
function groups(s)
  return s : map(bin_of("n")) : groupby(function(n) return n % 3 end)
end
function then_given(s, ...)
  local given = list { ... }
  return s : map(one) : reduce(add) : map(function() return given end)
end
function then_kind(s, kind)
  local values = {
    ["nil"] = nil, ["table"] = { 1 }, ["list"] = list { 1, "a", list { 2 } },
    ["map"] = map { a = 1, b = list { 2 } }, ["bool"] = false, ["float"] = 2.0,
    ["int"] = 2, ["text"] = "\\u{e4}", ["not text"] = "\\xff",
    ["geojson"] = geojson('{"type":"Point","coordinates":[1,2]}'),
  }
  values.bytes = bytes(3)
  bytes.append_byte(values.bytes, 7)
  values.nested = map { x = list { values.bytes, values.geojson } }
  return s : map(one) : reduce(add) : map(function() return values[kind] end)
end
function fails_there(s) return s : map(function(r) error("there") end) end
function fails_here(s)
  return s : map(one) : reduce(add) : map(function() error("here") end)
end
function runs_away(s)
  return s : map(one) : reduce(add) : map(function() while true do end end)
end
function catches_all(s)
  return s : map(one) : reduce(add) : map(function()
    while true do pcall(function() while true do end end) end
  end)
end
function grows(s)
  return s : map(one) : reduce(add) : map(function()
    local t = {}
    while true do t[#t + 1] = ("x"):rep(1000) .. #t end
  end)
end
function grows_and_keeps(s)
  local kept = {}
  return s : map(function() return ("x"):rep(20000) end) : reduce(function(a, b)
    for n = 1, 20 do kept[#kept + 1] = a .. n end
    return b
  end)
end
function no_stream(s) return 5 end
function counts_calls(s)
  calls = (calls or 0) + 1
  local n = calls
  return s : map(one) : reduce(add) : map(function() return n end)
end
"""
N = 20


@pytest.fixture(scope="module")
def folder(client):
    """The folder of the module, which the client and the server know."""
    return client._lua()[0]


@pytest.fixture(scope="module")
def module(client, folder):
    """The name of a registered module, with N records to work on."""
    name = f"aggregations_{uuid.uuid4().hex}"
    path = os.path.join(folder, f"{name}.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write(SOURCE)
    client.udf_put(path)
    for n in range(N):
        client.put(("test", name, n), {"n": n, "name": f"r{n}"})
    yield name
    for n in range(N):
        client.remove(("test", name, n))
    client.udf_remove(f"{name}.lua")


@pytest.fixture
def query(client, module):
    """query(function, arguments): a query of the records with that function."""

    def make(function: str, arguments: Any = None) -> aerospike.Query:
        made = client.query("test", module)
        return made.apply(module, function, arguments)

    return make


@pytest.fixture
def apart(client, module):
    """The key of one more record, in a partition of its own.

    A node works on the records of a partition together, and the nil that a function
    makes of one ends the values of the others.
    """

    def partition(name: Any) -> int:
        return aerospike.get_partition_id(aerospike.calc_digest("test", module, name))

    taken = {partition(n) for n in range(N)}
    made = next(i for i in range(N, N + 4096) if partition(i) not in taken)
    yield "test", module, made
    client.remove(("test", module, made))


# --- how results come ---


def test_results_are_a_list(query):
    assert query("count").results() == [N]
    assert sorted(query("values", ["n"]).results()) == list(range(N))
    assert sorted(query("above", [15]).results()) == [15, 16, 17, 18, 19]


def test_a_query_runs_as_often_as_it_is_asked_to(query):
    asked = query("count")
    assert [asked.results(), asked.results()] == [[N], [N]]
    assert list(asked) == [N]


def test_a_scan_is_a_query_of_everything(client, module):
    scan = client.scan("test", module)
    assert scan.apply(module, "count").results() == [N]
    assert list(scan.stream()) == [N]


def test_a_scan_of_one_node(client, module):
    nodes = [node["node_name"] for node in client.get_node_names()]
    scan = client.scan("test", module).apply(module, "values", ["n"])
    found = [scan.results(nodename=name) for name in nodes]
    assert sorted(n for part in found for n in part) == list(range(N))
    with pytest.raises(exception.ParamError, match="Invalid node name"):
        scan.results(nodename="none")


def test_foreach_gives_each_result(query):
    given: list[Any] = []
    query("values", ["n"]).foreach(given.append)
    assert sorted(given) == list(range(N))


def test_foreach_ends_with_false(query):
    given: list[Any] = []

    def take(value: Any) -> bool:
        given.append(value)
        return len(given) < 3

    query("values", ["n"]).foreach(take)
    assert len(given) == 3


def test_what_a_callback_raises_comes_out(query):
    with pytest.raises(exception.ClientError, match="Callback function") as caught:
        query("count").foreach(lambda value: 1 / 0)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(KeyboardInterrupt):
        query("count").foreach(_interrupt)


def _interrupt(value: Any) -> None:
    raise KeyboardInterrupt


def test_a_loop_may_be_left(query):
    for value in query("values", ["n"]):
        assert value in range(N)
        break
    with query("values", ["n"]).stream() as stream:
        first = next(stream)
    assert list(stream) == []
    assert first in range(N)
    stream.close()


def test_a_stream_that_was_never_read_can_be_closed(query):
    query("count").stream().close()
    del_me = query("count").stream()
    assert "aggregation" in repr(del_me)
    del del_me
    gc.collect()


def test_two_at_once(query):
    streams = [query("values", ["n"]).stream() for _ in range(3)]
    rows = list(zip(*streams, strict=True))
    for column in zip(*rows, strict=True):
        assert sorted(column) == list(range(N))


def test_one_inside_another(query):
    inner: list[Any] = []

    def ask(_value: Any) -> bool:
        inner.extend(query("count").results())
        return len(inner) < 3

    query("values", ["n"]).foreach(ask)
    assert inner == [N] * 3


def test_threads(query):
    found: list[Any] = []

    def work() -> None:
        for _ in range(2):
            pair = query("count").results(), query("by_rest").results()
            found.append(pair)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [([N], [{0: 7, 1: 7, 2: 6}])] * 8


def test_threads_share_no_stream(query):
    inside, go_on = threading.Event(), threading.Event()
    stream = query("values", ["n"]).stream()

    def work() -> None:
        for _ in stream:
            inside.set()
            go_on.wait(60)

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(60)
    first = next(stream)  # between two results of the other thread
    go_on.set()
    thread.join()
    assert first in range(N)


# --- operators and values ---


def test_reduce_joins_what_the_nodes_give(query):
    assert query("by_rest").results() == [{0: 7, 1: 7, 2: 6}]


def test_groups_are_joined(query):
    (groups,) = query("groups").results()
    wanted = {rest: list(range(rest, N, 3)) for rest in range(3)}
    assert {rest: sorted(group) for rest, group in groups.items()} == wanted


def test_a_missing_bin_ends_no_stream(client, query, apart):
    client.put(apart, {"other": 1})
    assert sorted(query("values", ["n"]).results()) == list(range(N))


VALUES = [
    0,
    -(2**63),
    2**63 - 1,
    1.5,
    2.0,
    "ä",
    "",
    b"\x00\xff",
    True,
    False,
    [],
    [1, [2, "x"], None],
    {"a": [1, b"x", 2.5], 2: {}},
    aerospike.KeyOrderedDict({"b": 1, "a": 2}),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_of_bins(client, query, apart, value):
    client.put(apart, {"v": value})
    for function in ("values", "last"):
        (found,) = query(function, ["v"]).results()
        assert (type(found), found) == (type(value), value)


def test_geojson_of_bins(client, query, apart):
    point = GeoJSON({"type": "Point", "coordinates": [1.0, 2.0]})
    client.put(apart, {"v": point})
    (found,) = query("last", ["v"]).results()
    assert isinstance(found, GeoJSON)
    assert found.unwrap() == point.unwrap()


RESULTS: list[tuple[str, list[Any]]] = [
    ("nil", []),
    ("table", []),
    ("list", [[1, "a", [2]]]),
    ("map", [{"a": 1, "b": [2]}]),
    ("bool", [False]),
    ("float", [2.0]),
    ("int", [2]),
    ("text", ["ä"]),
    ("not text", ["\udcff"]),
    ("bytes", [b"\x07"]),
]


@pytest.mark.parametrize(("kind", "results"), RESULTS)
def test_values_made_here(query, kind, results):
    found = query("then_kind", [kind]).results()
    assert found == results
    assert list(map(type, found)) == list(map(type, results))


def test_geojson_made_here(query):
    ((data, point),) = (
        found["x"] for found in query("then_kind", ["nested"]).results()
    )
    assert data == b"\x07"
    assert isinstance(point, GeoJSON)
    assert point.unwrap() == {"type": "Point", "coordinates": [1, 2]}


def test_programs_of_the_2x_line_get_bytearrays(make_client, module):
    client = make_client(legacy_types=True)
    query = client.query("test", module).apply(module, "then_kind", ["nested"])
    (found,) = query.results()
    assert type(found["x"][0]) is bytearray


ARGUMENTS = [1, -1.5, "ä", "", b"\x00", True, [1, [None]], {"a": {"b": b"x"}}]


def test_arguments_come_here_as_they_were(query):
    (found,) = query("then_given", ARGUMENTS).results()
    assert found == ARGUMENTS
    assert list(map(type, found)) == list(map(type, ARGUMENTS))


def test_arguments_are_the_same_on_both_sides(make_client, module):
    """A bool that is sent as a number is one here, too."""
    client = make_client(send_bool_as=aerospike.INTEGER)
    query = client.query("test", module).apply(module, "then_given", [True])
    ((found,),) = query.results()
    assert (type(found), found) == (int, 1)


# --- what is asked for ---


def test_a_predicate_chooses_records(client, query, module):
    client.index_integer_create("test", module, "n", f"{module}_n")
    try:
        asked = query("count").where(predicates.between("n", 5, 9))
        assert asked.results() == [5]
        none = query("count").where(predicates.equals("n", -1))
        assert none.results() == []
    finally:
        client.index_remove("test", f"{module}_n")
    with pytest.raises(exception.IndexNotFound, match="index_integer_create"):
        query("count").where(predicates.equals("name", 5)).results()


def test_select_does_not_hide_bins(query):
    assert sorted(query("values", ["n"]).select("name").results()) == list(range(N))


def test_an_unknown_set_is_empty(client, module):
    query = client.query("test", f"{module}_none").apply(module, "count")
    assert query.results() == []


def test_an_unknown_namespace(client, module):
    query = client.query("none", "x").apply(module, "count")
    with pytest.raises(exception.NamespaceNotFound):
        query.results()


def test_an_empty_name_is_no_function(client, module):
    found = client.query("test", module).apply("", "").results()
    assert sorted(bins["n"] for _, _, bins in found) == list(range(N))


def test_policies_are_followed(query):
    policy = {"total_timeout": 60_000, "socket_timeout": 60_000, "max_retries": 3}
    assert query("count").results(policy) == [N]
    relaxed = {"expected_duration": aerospike.QUERY_DURATION_LONG_RELAX_AP}
    assert query("count").results(relaxed) == [N]
    with pytest.raises(exception.TimeoutError):
        query("runs_away").results({"total_timeout": 1})


REFUSED_BY_SERVERS: list[tuple[dict[str, Any], type[exception.AerospikeError], str]] = [
    (
        {"expressions": exp.GT(exp.IntBin("n"), 5).compile()},
        exception.UnsupportedFeature,
        "expressions",
    ),
    ({"short_query": True}, exception.InvalidRequest, "short_query"),
    (
        {"expected_duration": aerospike.QUERY_DURATION_SHORT},
        exception.InvalidRequest,
        "QUERY_DURATION_SHORT",
    ),
]


@pytest.mark.parametrize(("policy", "kind", "text"), REFUSED_BY_SERVERS)
def test_policies_that_servers_refuse(query, policy, kind, text):
    with pytest.raises(kind, match=text):
        query("count").results(policy)


def test_nothing_chooses_a_part_of_the_records(client, query, module):
    parts = {"partition_filter": {"begin": 0, "count": 10}}
    with pytest.raises(exception.ParamError, match="cannot query by partition"):
        query("count").results(parts)
    with pytest.raises(exception.ParamError, match="cannot query by partition"):
        query("count").foreach(print, parts)
    scan = client.scan("test", module).apply(module, "count")
    with pytest.raises(exception.ParamError, match="cannot query by partition"):
        scan.results(options={"percent": 50})
    assert scan.results(options={"percent": 100, "concurrent": True}) == [N]
    with pytest.raises(exception.ParamError, match="max_records"):
        scan.results({"max_records": 5})
    asked = query("count")
    asked.max_records = 5
    with pytest.raises(exception.ParamError, match="max_records"):
        asked.results()
    asked = query("count")
    asked.paginate()
    with pytest.raises(exception.ParamError, match="paginate"):
        asked.results()


def test_options_are_checked(query):
    with pytest.raises(exception.ParamError, match="nobins"):
        query("count").results(options={"nobins": True})
    assert query("count").results(options={"nobins": False}) == [N]
    with pytest.raises(exception.ParamError, match="options must be a dict"):
        query("count").foreach(print, {}, "")


def test_operations_exclude_a_function(client, query, module):
    both = query("count").add_ops([operations.read("n")])
    with pytest.raises(exception.ParamError, match="Cannot combine query operations"):
        both.results()
    scan = client.scan("test", module).apply(module, "count")
    with pytest.raises(exception.ParamError, match="Cannot combine scan operations"):
        scan.add_ops([operations.read("n")]).results()


def test_a_closed_client(make_client, module):
    client = make_client()
    query = client.query("test", module).apply(module, "count")
    client.close()
    with pytest.raises(exception.ClusterError):
        query.results()


# --- failures ---


def test_a_function_that_fails_on_a_node(query, module):
    with pytest.raises(exception.UDFError, match=r"\.lua:\d+: there") as caught:
        query("fails_there").results()
    error = caught.value
    assert (error.code, error.module, error.func) == (100, module, "fails_there")
    assert "on node" in error.detail


def test_a_function_that_fails_here(query, module):
    with pytest.raises(exception.UDFError, match=r"\.lua:\d+: here") as caught:
        query("fails_here").results()
    error = caught.value
    assert (error.code, error.module, error.func) == (100, module, "fails_here")
    assert str(error.msg).startswith("UDF: Execution Error 2 : ")
    assert error.detail.startswith("stack traceback")
    assert str(error).count(": here") == 1


def test_what_is_no_stream(query):
    with pytest.raises(exception.UDFError):
        query("no_stream").results()


def test_a_function_that_is_not_there(query, module):
    with pytest.raises(exception.UDFNotFound, match="has no function 'none'") as caught:
        query("none").results()
    assert (caught.value.code, caught.value.module) == (1301, module)
    assert str(caught.value).count("has no function") == 1


@pytest.mark.parametrize("name", ["none", "", "../none", "a/b", "a\0b", "ä", "x" * 300])
def test_a_module_that_is_not_here(client, module, folder, name):
    query = client.query("test", module).apply(name, "count")
    with pytest.raises(exception.AerospikeError) as caught:
        query.results()
    assert type(caught.value) in (exception.LuaFileNotFound, exception.ParamError)
    if name == "none":
        assert caught.value.code == 1302
        assert os.path.join(folder, "none.lua") in caught.value.detail


def test_a_module_that_is_named_with_its_suffix(client, module):
    named = client.query("test", module).apply(f"{module}.lua", "count")
    with pytest.raises(exception.LuaFileNotFound, match=r"given without \.lua$"):
        named.results()


def test_a_module_that_is_not_there(client, module, folder):
    with open(os.path.join(folder, "not_there.lua"), "w", encoding="utf-8") as file:
        file.write(SOURCE)
    query = client.query("test", module).apply("not_there", "count")
    with pytest.raises(exception.UDFError, match="udf_list") as caught:
        query.results()
    assert (caught.value.code, caught.value.module) == (100, "not_there")


@pytest.mark.parametrize("source", ["function f(s return end", "error('at once')"])
def test_a_module_that_does_not_run(client, module, folder, source):
    path = os.path.join(folder, "broken.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n" + source)
    query = client.query("test", module).apply("broken", "f")
    with pytest.raises(exception.UDFError, match=r"broken\.lua:2: "):
        query.results()


@pytest.mark.parametrize("function", ["runs_away", "catches_all"])
def test_total_timeout_ends_a_function(query, function):
    with pytest.raises(exception.TimeoutError, match="total_timeout") as caught:
        query(function).results({"total_timeout": 500})
    assert caught.value.code == 9


@pytest.mark.parametrize("function", ["grows", "grows_and_keeps"])
def test_max_memory_ends_a_function(make_client, module, folder, function):
    lua = {"user_path": folder, "max_memory": 4 << 20}
    client = make_client(lua=lua)
    assert client.query("test", module).apply(module, "count").results() == [N]
    query = client.query("test", module).apply(module, function)
    with pytest.raises(exception.UDFError, match=r"lua\.max_memory"):
        query.results()
    # what that one has kept takes no memory of the next aggregation
    assert client.query("test", module).apply(module, "count").results() == [N]


class Incomparable(str):
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")


def test_a_name_that_is_no_plain_str_harms_no_other_aggregation(client, module):
    for name in (Incomparable(module), module):
        query = client.query("test", module).apply(name, "count")
        assert query.results() == [N]


# --- files ---


def test_a_file_that_changes_is_read_again(client, module, folder):
    path = os.path.join(folder, f"{module}.lua")
    query = client.query("test", module).apply(module, "count")
    assert query.results() == [N]
    changed = SOURCE + "function count(s) return s : reduce(math.min) end\n"
    for source, result in ((changed, [1]), (SOURCE, [N])):
        with open(path, "w", encoding="utf-8") as file:
            file.write(source)
        assert query.results() == result


def test_a_file_that_changes_often_is_read_each_time(make_client, module, tmp_path):
    """Its size is the same, and so may be its time, which the system rounds."""
    path = tmp_path / f"{module}.lua"
    query = make_client(lua={"user_path": str(tmp_path)}).query("test", module)
    query.apply(module, "count")
    for n in (1, 2, 3, 4):
        path.write_text(
            f"function count(s) return s : reduce(function() return {n} end) end"
        )
        assert query.results() == [n]


def test_modules_can_be_required(make_client, client, module, tmp_path):
    user, system = tmp_path / "user", tmp_path / "system"
    for folder in (user, system):
        folder.mkdir()
        (folder / "which.lua").write_text(f"return {{ name = '{folder.name}' }}\n")
    (system / "deep").mkdir()
    (system / "deep" / "one.lua").write_text("return { name = 'deep' }\n")
    (user / f"{module}.lua").write_text("""
        require("aerospike") require("as") require("stream_ops")
        local which, deep = require("which"), require("deep.one")
        function count(s)
          return s : reduce(function() return which.name .. " " .. deep.name end)
        end
    """)
    lua = {"user_path": str(user), "system_path": str(system)}
    query = make_client(lua=lua).query("test", module).apply(module, "count")
    assert query.results() == ["user deep"]
    (user / "which.lua").write_text("return { name = 'changed' }\n")
    assert query.results() == ["changed deep"]
    (user / "which.lua").unlink()
    assert query.results() == ["system deep"]
    (user / "which.lua").write_text("return { name = 'nearer' }\n")
    assert query.results() == ["nearer deep"]
    (user / "which.lua").unlink()
    (system / "which.lua").unlink()
    with pytest.raises(exception.UDFError, match="'which' not found"):
        query.results()


def test_the_full_library_without_python(make_client, module, tmp_path):
    (tmp_path / f"{module}.lua").write_text("""
        function count(s)
          return s : reduce(function()
            return type(io.open) .. type(os.getenv) .. type(python)
          end)
        end
    """)
    lua = {"user_path": str(tmp_path)}
    query = make_client(lua=lua).query("test", module).apply(module, "count")
    assert query.results() == ["functionfunctionnil"]


def test_a_source_that_is_no_utf8(make_client, module, tmp_path):
    (tmp_path / f"{module}.lua").write_bytes(b"""
        function count(s) return s : reduce(function() return "\xff" end) end
    """)
    lua = {"user_path": str(tmp_path)}
    query = make_client(lua=lua).query("test", module).apply(module, "count")
    assert query.results() == ["\udcff"]


def test_functions_write_log_lines(make_client, module, tmp_path):
    (tmp_path / f"{module}.lua").write_text("""
        function count(s)
          return s : reduce(function(a, b) warn("a %d", b) info("none") return 0 end)
        end
    """)
    lines: list[Any] = []
    aerospike.set_log_handler(lambda *line: lines.append(line))
    aerospike.set_log_level(aerospike.LOG_LEVEL_WARN)
    try:
        client = make_client(lua={"user_path": str(tmp_path)})
        client.query("test", module).apply(module, "count").results()
    finally:
        aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)
        aerospike.set_log_handler(None)
    found = {line[-1] for line in lines if line[-1].startswith("a ")}
    assert "a 1" in found  # two records of one partition are counted as 2
    assert "none" not in [line[-1] for line in lines]


def test_connections_come_back(make_client, query, module):
    """Neither the end of a stream nor leaving it early keeps a connection."""
    client = make_client(max_conns_per_node=1)
    for _ in range(3):
        made = client.query("test", module).apply(module, "values", ["n"])
        assert len(made.results()) == N
        with made.stream() as stream:
            next(stream)
    until(lambda: client.get(("test", module, 0))[2]["n"] == 0)
