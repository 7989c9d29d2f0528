"""What a function in Lua sees of maps, lists, bytes and GeoJSON."""

from __future__ import annotations

from typing import Any

import pytest

from aerospike_lua.containers import GeoJSON
from aerospike_lua.runtime import Runtime

Rows = tuple[tuple[str, Any], ...]

SCALARS: Rows = (
    ("nil", None),
    ("true", True),
    ("4/2", 2.0),
    ("7//2", 3),
    ("2^3", 8.0),
    ("1e3", 1000.0),
    ("'a', 'b'", "a"),
    ("'\\xff'", "\udcff"),
    ("{1}", None),
    ("print", None),
    ("type(map())", "userdata"),
    ("map() == map()", False),
)

MAPS: Rows = (
    ("map()", {}),
    ("map(8)", {}),
    ("map{a=1, [2]='b'}", {"a": 1, 2: "b"}),
    ("map{[1.5]=1, [true]=2}", {}),
    ("map{a=1}.a", 1),
    ("map{a=1}.b", None),
    ("map{a={1}, b=print, c=1}", {"c": 1}),
    ("#map{a=1, b=2}", 2),
    ("map.size(map{a=1})", 1),
    ("set(map{a=1}, 'a', nil)", {"a": None}),
    ("set(map(), 1, 2)", {1: 2}),
    ("removed(map{a=1, b=2}, 'a')", {"b": 2}),
    ("map.merge(map{a=1, b=2}, map{b=3})", {"a": 1, "b": 3}),
    ("map.merge(map{a=1}, map{a=3}, function(x, y) return x + y end)", {"a": 4}),
    ("map.merge(map{a=0}, map{a=3}, function(x, y) return x + y end)", {"a": 3}),
    ("map.merge(map{a=0}, map{a=3}, function(x, y) return x end)", {"a": 0}),
    ("map.merge(many(200), many(200), function(x, y) return x - y end)[150]", 0),
    ("all(map.keys(many(200)))", "".join(f"{n};" for n in range(1, 201))),
    ("map.diff(map{a=1, b=2}, map{b=3, c=4})", {"a": 1, "c": 4}),
    ("map.clone(map{a=1})", {"a": 1}),
    ("map.clone(m) == m", False),
    ("tostring(set(map{a=1}, 'b', nil))", '{"a":1, "b":NIL}'),
    ("all(map.keys(map{b=1, a=2, [3]=3}))", "3;a;b;"),
    ("all(map.values(map{b=1, a=2}))", "2;1;"),
    ("all(map.pairs(map{b=1, a=2}))", "a=2;b=1;"),
)

LISTS: Rows = (
    ("list()", []),
    ("list(3)", []),
    ("list.create(3, 1)", []),
    ("list{1, nil, 'a'}", [1, "a"]),
    ("list{1, 2}[2]", 2),
    ("list{1, 2}[3]", None),
    ("list{1, 2}[0]", None),
    ("set(list{1}, 3, 3)", [1, None, 3]),
    ("set(list{1}, 1, nil)", [None]),
    ("#list{1, 2}", 2),
    ("list.size(list{1, 2})", 2),
    ("did(list.append, list{1}, 2)", [1, 2]),
    ("did(list.append, list{1}, {})", [1]),
    ("did(list.prepend, list{1}, 2)", [2, 1]),
    ("did(list.insert, list{1, 3}, 2, 2)", [1, 2, 3]),
    ("did(list.insert, list{1}, 4, 4)", [1, None, None, 4]),
    ("did(list.remove, list{1, 2, 3}, 2)", [1, 3]),
    ("did(list.trim, list{1, 2, 3}, 2)", [1]),
    ("list.take(list{1, 2, 3}, 2)", [1, 2]),
    ("list.drop(list{1, 2, 3}, 2)", [3]),
    ("list.clone(list{1})", [1]),
    ("list.merge(list{1}, list{2})", [1, 2]),
    ("did(list.concat, list{1}, list{2})", [1, 2]),
    ("all(list.iterator(list{1, 'a'}))", "1;a;"),
    ("all(ipairs(list{5, 6}))", "1=5;2=6;"),
    ("tostring(list{1, 'a'})", '[1, "a"]'),
)

BYTES: Rows = (
    ("bytes()", b""),
    ("bytes(9)", b""),
    ("set(bytes(), 1, 97)", b"a"),
    ("abc[2]", 0x62),
    ("abc[4]", None),
    ("#abc", 0),
    ("bytes.size(abc)", 3),
    ("did(bytes.append_int16, bytes(), 1)", b"\0\1"),
    ("did(bytes.append_int16_le, bytes(), 1)", b"\1\0"),
    ("did(bytes.append_int32_be, bytes(), -1)", b"\xff\xff\xff\xff"),
    ("did(bytes.append_int64, bytes(), 1)", b"\0\0\0\0\0\0\0\1"),
    ("did(bytes.set_byte, bytes(), 3, 1)", b"\0\0\1"),
    ("did(bytes.append_bytes, bytes(), abc, 2)", b"ab"),
    ("did(bytes.set_string, abc, 2, 'xy')", b"axy"),
    ("bytes.get_int16(abc, 1)", 0x6162),
    ("bytes.get_int16(abc, 3)", None),
    ("bytes.get_string(abc, 2, 2)", "bc"),
    ("bytes.get_bytes(abc, 1, 2)", b"ab"),
    ("bytes.get_byte(abc, 9)", None),
    # as a real server has it: nothing behind the end counts before more is written
    ("bytes.size(did(bytes.append_var_int, bytes(), 300))", 0),
    (
        "all2(bytes.get_var_int(did(bytes.append_var_int, bytes(), 300), 1))",
        "300 2",
    ),
    ("bytes.get_type(abc)", 4),
    ("bytes.get_type(did(bytes.set_type, abc, 7))", 7),
    ("tostring(abc)", "61 62 63"),
    ("tostring(bytes())", "Bytes()"),
    ("tostring(geojson('{}'))", '"{}"'),
)

HELPERS = """
m = map{a=1}
abc = bytes()
bytes.append_string(abc, 'abc')
function set(of, k, v) of[k] = v return of end
function did(f, of, ...) f(of, ...) return of end
function many(n)
    local m = map()
    for i = 1, n do m[i] = i end
    return m
end
function removed(of, k) map.remove(of, k) return of end
function all2(a, b) return a .. ' ' .. b end
function all(...)
    local text = ''
    for k, v in ... do text = text .. k .. (v and '=' .. v or '') .. ';' end
    return text
end
"""


@pytest.mark.parametrize(
    ("source", "expected"), [*SCALARS, *MAPS, *LISTS, *BYTES], ids=lambda v: str(v)
)
def test_expression_gives_what_the_server_gives(source: str, expected: Any):
    runtime = Runtime()
    runtime.run(HELPERS)
    result = runtime.run(f"return {source}")
    assert (type(result), result) == (type(expected), expected)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2**63 - 1,
        0.5,
        "é",
        b"\xff\0",
        [1, [None, "a"]],
        {"a": {1: b"x"}},
        GeoJSON("{}"),
    ],
    ids=str,
)
def test_value_passes_both_ways_unchanged(value: Any):
    runtime = Runtime()
    runtime.run("function same(x) return x end")
    assert runtime.call("same", value) == value


def test_value_as_deep_as_a_server_takes_it_passes():
    value: list[Any] = []
    for _ in range(255):
        value = [value]
    runtime = Runtime()
    runtime.run("function same(x) return x end")
    assert runtime.call("same", value) == value


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "map.size(5)",
            "script:1: bad argument #1 to 'size' (userdata expected, got number)",
        ),
        (
            "list.take(list(), 'x')",
            "script:1: bad argument #2 to 'take' (number expected, got string)",
        ),
    ],
)
def test_wrong_argument_names_line_and_function(source: str, text: str):
    result = Runtime().run(
        f"local _, text = pcall(function() {source} end) return text"
    )
    assert result == text


@pytest.mark.parametrize(
    "source", ["for _ in pairs(map()) do end", "return list().size", "map():size()"]
)
def test_what_a_container_lacks_is_an_error(source: str):
    assert Runtime().run(f"return pcall(function() {source} end)") is False


def test_log_goes_to_the_function_given():
    lines: list[tuple[str, str]] = []
    runtime = Runtime(log=lambda level, text: lines.append((level, text)))
    runtime.run("debug('%d of %s', 1, 'é') warn('plain')")
    assert lines == [("debug", "1 of é"), ("warn", "plain")]
