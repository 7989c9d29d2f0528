"""What each half of a stream's chain of operators gives."""

from __future__ import annotations

from typing import Any

import pytest

from aerospike_lua.containers import Userdata
from aerospike_lua.runtime import FunctionError, Runtime

ADD = "function(a, b) return a + b end"
LESS_2 = "function(x) return x < 2 and x or nil end"
ODD = "function(x) return x % 2 end"
Row = tuple[str, list[Any], list[Any], list[Any]]

# the chain, the elements, what the server's half gives, what the client's gives of that
ROWS: list[Row] = [
    ("s", [1, 2], [1, 2], [1, 2]),
    ("s:map(function(x) return x * 2 end)", [1, 2], [2, 4], [2, 4]),
    (f"s:map({LESS_2})", [1, 2, 1], [1], [1]),
    ("s:map(function(x) return {} end)", [1], [], []),
    ("s:map(function(x) return x ~= 2 and x or {} end)", [1, 2, 3], [1, 3], [1, 3]),
    ("s:map(function(x) return {x} end):map(table.unpack)", [1, 2], [1, 2], [1, 2]),
    ("s:map(function(x) return print end)", [1], [], []),
    (f"s:map({LESS_2}):reduce({ADD})", [1, 1, 2, 1], [2], [2]),
    (f"s:map({LESS_2}):aggregate(5, {ADD})", [1, 1, 2, 1], [7], [7]),
    ("s:filter(function(x) return x > 1 end)", [1, 2, 3], [2, 3], [2, 3]),
    ("s:filter(function() return 0 end)", [1], [1], [1]),
    (f"s:reduce({ADD})", [1, 2, 3], [6], [6]),
    (f"s:reduce({ADD})", [], [], []),
    (f"s:aggregate(0, {ADD})", [1, 2], [3], [3]),
    (f"s:aggregate(2000, {ADD})", [1] * 5, [2001] * 5 + [2000], [2001] * 5 + [2000]),
    ("s:aggregate(0, function() end)", [1], [], []),
    (f"s:reduce({ADD}):map(function(x) return -x end)", [1, 2], [3], [-3]),
    (f"s:groupby({ODD})", [1, 2, 3], [{1: [1, 3], 0: [2]}], [{1: [1, 3], 0: [2]}]),
]


@pytest.mark.parametrize("in_slices", [False, True])
@pytest.mark.parametrize(("chain", "values", "server", "client"), ROWS)
def test_halves_of_a_chain(
    chain: str,
    values: list[Any],
    server: list[Any],
    client: list[Any],
    in_slices: bool,
):
    runtime = Runtime()
    runtime.run(f"function f(s) return {chain} end")

    def half(given: list[Any], is_client: bool) -> list[Any]:
        source = filter(None, [given]) if in_slices else given
        options = {"is_client": is_client, "in_slices": in_slices}
        return list(runtime.stream("f", source, **options))

    assert half(values, False) == server
    assert half(server, True) == client


def test_client_joins_the_groups_of_slices():
    runtime = Runtime()
    runtime.run(f"function f(s) return s:groupby({ODD}) end")
    slices = [{1: [1]}, {1: [3], 0: [2]}]
    assert list(runtime.stream("f", slices, is_client=True)) == [{1: [1, 3], 0: [2]}]


def test_operator_changes_its_stream():
    runtime = Runtime()
    runtime.run("""function f(s)
        s:map(function(x) return x + 1 end)
        s:map(function(x) return x * 10 end)
        return s
    end""")
    assert list(runtime.stream("f", [1, 2], is_client=False)) == [20, 30]


def test_slices_are_taken_as_they_come():
    runtime = Runtime()
    runtime.run("function f(s) return s:map(function(x) return x + 1 end) end")
    slices = iter([[1, 2], [], list(range(200)), [5]])
    stream = runtime.stream("f", slices, is_client=False, in_slices=True)
    assert [next(stream), next(stream)] == [2, 3]
    # nothing was taken from the third before its elements are asked for
    third = next(slices)
    assert third in ([], list(range(200)))
    rest = [n + 1 for n in range(200)] if third == [] else []
    assert list(stream) == [*rest, 6]


def test_error_of_the_source_comes_out_as_it_is():
    def values():
        yield 1
        raise KeyError("lost")

    runtime = Runtime()
    runtime.run("""function f(s)
        return s:map(function(x) return x end):reduce(function(a, b) return a end)
    end""")
    with pytest.raises(KeyError, match="lost"):
        list(runtime.stream("f", values(), is_client=True))


def test_element_without_end_is_an_error_of_the_function():
    endless: list[Any] = []
    endless.append(endless)
    runtime = Runtime()
    runtime.run("function f(s) return s:reduce(function(a, b) return a end) end")
    with pytest.raises(FunctionError, match="nested more than"):
        list(runtime.stream("f", [endless], is_client=True))


def test_record_is_an_element_and_no_value():
    class Record(Userdata):
        def lua_index(self, key: Any) -> Any:
            return 7

    runtime = Runtime()
    runtime.run("""
    function same(s) return s:map(function(r) return r end) end
    function listed(s) return s:map(function(r) return list{r, r.n} end) end
    function kind(s) return s:map(function(r) return type(r) end) end
    """)
    for function, expected in (
        ("same", None),
        ("listed", [None, 7]),
        ("kind", "userdata"),
    ):
        stream = runtime.stream(function, [Record()], is_client=False)
        assert list(stream) == [expected]


def test_result_that_is_no_stream_is_an_error():
    runtime = Runtime()
    runtime.run("function f(s) return 5 end")
    with pytest.raises(FunctionError, match="something else than a stream") as caught:
        list(runtime.stream("f", [], is_client=False))
    assert caught.value.stack == str(caught.value)  # no lines of the host


COLON = "call operators of a stream with a colon: s : "


@pytest.mark.parametrize("is_client", [False, True])
@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("s : map(undefined)", "map: a function is expected, got nil (is it defined"),
        ("s : filter(5)", "filter: a function is expected, got number"),
        ("s : filter(map())", "filter: a function is expected, got userdata"),
        ("s : reduce('f')", "reduce: a function is expected, got string"),
        ("s : groupby({})", "groupby: a function is expected, got table"),
        ("s : aggregate(print)", "aggregate: a function is expected behind the start"),
        ("s : aggregate(0, 5)", "aggregate: a function is expected behind the start"),
        ("s : map(print) : reduce()", "reduce: a function is expected, got nil"),
        ("s.map(print)", f"{COLON}map(f)"),
        ("s.reduce()", f"{COLON}reduce(f)"),
    ],
)
@pytest.mark.parametrize("form", ["return {}", "local made = {}\nreturn made"])
def test_wrong_argument_of_an_operator(
    code: str, text: str, form: str, is_client: bool
):
    """The error names the line of the script, also of a tail call."""
    runtime = Runtime()
    runtime.run(f"function f(s)\n{form.format(code)}\nend", "m.lua")
    with pytest.raises(FunctionError) as caught:
        list(runtime.stream("f", [1], is_client=is_client))
    assert str(caught.value).startswith(f"m.lua:2: {text}")
    assert "streams:" not in caught.value.stack


def test_what_can_be_called_is_an_argument_of_an_operator():
    runtime = Runtime()
    runtime.run("""
    local counter = setmetatable({}, {__call = function(_, x) return x + 1 end})
    function f(s) return s : map(counter) : map(bytes) : map(bytes.size) end
    """)
    assert list(runtime.stream("f", [1], is_client=False)) == [0]


def test_elements_are_taken_one_at_a_time():
    runtime = Runtime()
    runtime.run("function f(s, n) return s:map(function(x) return x + n end) end")
    source = iter(range(10))
    stream = runtime.stream("f", source, 5, is_client=False)
    assert (next(stream), next(source)) == (5, 1)
