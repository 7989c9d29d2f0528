"""Expressions where they are evaluated: as operations, and as filters of commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aerospike
from aerospike import exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch import records as br
from aerospike_helpers.operations import expression_operations as eo
from aerospike_helpers.operations import operations as ops

from ..absent import need
from .expression_trees import RECORD, UNKNOWN, Node, roots, trees

Key = tuple[str, str, str]
N = exp.IntBin("n")


@pytest.fixture(scope="module")
def stored(client) -> Iterator[Key]:
    """The key of a record that stays as it is."""
    key = ("test", "pytest", "expression-trees")
    client.put(key, RECORD)
    yield key
    client.remove(key)


def evaluated(client: aerospike.Client, key: Key, tree: Any) -> Any:
    """The value of an expression, UNKNOWN when it has none."""
    compiled = (
        exp.Val(tree).compile() if not hasattr(tree, "compile") else tree.compile()
    )
    try:
        return client.operate(key, [eo.expression_read("r", compiled)])[2]["r"]
    except exception.OpNotApplicable:
        return UNKNOWN


def shown(value: Any) -> str:
    """A text in which True is not 1, and nan is nan."""
    return repr(sorted(value.items()) if isinstance(value, dict) else value)


def check(client: aerospike.Client, key: Key, drawn: Node) -> None:
    """The server gives the value of the model, as an operation and as a filter."""
    got = evaluated(client, key, drawn.tree)
    assert shown(got) == shown(drawn.value)
    if isinstance(drawn.value, bool) and hasattr(drawn.tree, "compile"):
        policy = {"expressions": drawn.tree.compile()}
        passes = True
        try:
            client.select(key, ["n"], policy)
        except exception.FilteredOut:
            passes = False
        assert passes is drawn.value


@settings(max_examples=300)
@given(drawn=trees(3))
def test_random_expression_has_the_value_of_the_model(client, stored, drawn: Node):
    check(client, stored, drawn)


@pytest.mark.parametrize("strategy", roots().values(), ids=roots())
@settings(max_examples=25)
@given(data=st.data())
def test_node_has_the_value_of_the_model(client, stored, strategy, data):
    check(client, stored, data.draw(strategy))


BASIC, EXTENDED = aerospike.REGEX_NONE, aerospike.REGEX_EXTENDED
ICASE, NOSUB, NEWLINE = (
    aerospike.REGEX_ICASE,
    aerospike.REGEX_NOSUB,
    aerospike.REGEX_NEWLINE,
)
# flags, pattern, subject, whether it matches; None = the pattern is refused
REGEXES: list[tuple[int, str, str, bool | None]] = [
    (BASIC, "b.d", "abide", True),
    (BASIC, "^b", "abide", False),
    (BASIC, "", "", True),
    (BASIC, "(b)", "b", False),
    (BASIC, "\\(b\\)\\1", "abb", True),
    (BASIC, "x\\|b", "abc", True),
    (EXTENDED, "(b)\\1", "abb", True),
    (EXTENDED, "x|b", "abc", True),
    (EXTENDED, "a{2,3}$", "baa", True),
    (EXTENDED, "a+b?", "caa", True),
    (BASIC, "a+", "aa", False),
    (ICASE, "ABIDE", "abide", True),
    (BASIC, "[[:digit:]]", "a1", True),
    (EXTENDED, "\\d", "1", False),
    (EXTENDED, "\\w\\b", "a b", True),
    (EXTENDED, "^.$", "\u00e9", False),
    (EXTENDED, "^..$", "\u00e9", True),
    (BASIC, "a.b", "a\nb", True),
    (NOSUB, "a.b", "a\nb", False),
    (NOSUB, "^b", "a\nb", True),
    (NEWLINE, "^b", "a\nb", False),
    (BASIC, "b", "a\0b", False),
    (EXTENDED, "(", "a", None),
    (EXTENDED, "*a", "a", None),
    (BASIC, "*a", "*a", True),
    (EXTENDED, "a{2", "aa", None),
    (EXTENDED, "[a", "a", None),
    (EXTENDED, ")", ")", True),
    (255, "A|x", "a", True),
]


@pytest.mark.parametrize(("flags", "pattern", "subject", "matches"), REGEXES)
def test_regex_matches(client, stored, flags, pattern, subject, matches):
    tree = exp.CmpRegex(flags, pattern, exp.Val(subject))
    if matches is None:
        with pytest.raises(exception.InvalidRequest):
            evaluated(client, stored, tree)
    else:
        assert evaluated(client, stored, tree) is matches


def place(kind: str, coordinates: Any) -> aerospike.GeoJSON:
    return aerospike.GeoJSON({"type": kind, "coordinates": coordinates})


def square(low: float, high: float) -> list[list[float]]:
    """A ring around everything between two numbers of degrees."""
    return [[low, low], [high, low], [high, high], [low, high], [low, low]]


POINT, FAR_POINT = place("Point", [5.0, 5.0]), place("Point", [50.0, 5.0])
AREA = place("Polygon", [square(0, 10)])
WITH_HOLE = place("Polygon", [square(0, 10), square(4, 6)])
TURNED = place("Polygon", [square(0, 10)[::-1]])
TWO_AREAS = place("MultiPolygon", [[square(20, 30)], [square(0, 10)]])
CIRCLE = place("AeroCircle", [[5.0, 5.1], 20_000.0])
PLACES = [
    (POINT, AREA, True),
    (AREA, POINT, True),
    (FAR_POINT, AREA, False),
    (POINT, WITH_HOLE, False),
    (POINT, TURNED, True),
    (POINT, TWO_AREAS, True),
    (POINT, CIRCLE, True),
    (FAR_POINT, CIRCLE, False),
    (POINT, POINT, False),
    (AREA, AREA, False),
]


@pytest.mark.parametrize(("first", "second", "is_inside"), PLACES)
def test_place_is_compared(client, stored, first, second, is_inside):
    need("s2geometry")
    assert evaluated(client, stored, exp.CmpGeo(first, second)) is is_inside


# commands that take a filter -> what they do when the record passes
COMMANDS = {
    "get": lambda c, key, policy: c.get(key, policy),
    "exists": lambda c, key, policy: c.exists(key, policy),
    "select": lambda c, key, policy: c.select(key, ["n"], policy),
    "put": lambda c, key, policy: c.put(key, {"n": 1}, {}, policy),
    "append": lambda c, key, policy: c.append(key, "s", "!", {}, policy),
    "increment": lambda c, key, policy: c.increment(key, "n", 1, {}, policy),
    "touch": lambda c, key, policy: c.touch(key, 100, {}, policy),
    "remove_bin": lambda c, key, policy: c.remove_bin(key, ["n"], {}, policy),
    "operate": lambda c, key, policy: c.operate(key, [ops.read("n")], {}, policy),
    "remove": lambda c, key, policy: c.remove(key, {}, policy),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(
    "rejecting",
    [exp.Eq(N, 4), exp.Eq(exp.IntBin("missing"), 5)],
    ids=["false", "unknown"],
)
def test_command_on_a_rejected_record_is_filtered_out(client, key, command, rejecting):
    client.put(key, {"n": 5, "s": "x"})
    with pytest.raises(exception.FilteredOut):
        command(client, key, {"expressions": rejecting.compile()})
    assert client.get(key)[2] == {"n": 5, "s": "x"}
    command(client, key, {"expressions": exp.Eq(N, 5).compile()})


FILTERED_OUT = 27


def test_batch_has_a_filter_and_rows_their_own(client, new_key):
    keys = [new_key(), new_key()]
    for n, key in enumerate(keys):
        client.put(key, {"n": n})
    policy = {"expressions": exp.Eq(N, 1).compile()}
    own = {"expressions": exp.Eq(N, 0).compile()}

    def results(done: Any) -> list[int]:
        return [record.result for record in done.batch_records]

    assert results(client.batch_read(keys, ["n"], policy)) == [FILTERED_OUT, 0]
    increment = [ops.increment("n", 10)]
    assert results(client.batch_operate(keys, increment, policy)) == [FILTERED_OUT, 0]
    rows = [br.Read(key, [ops.read("n")], policy=own) for key in keys]
    made = client.batch_write(br.BatchRecords([*rows]), policy)
    assert results(made) == [0, FILTERED_OUT]
    assert results(client.batch_remove(keys, policy)) == [FILTERED_OUT, FILTERED_OUT]
    assert [client.get(key)[2] for key in keys] == [{"n": 0}, {"n": 11}]


@pytest.mark.parametrize("value", [5, "x", None, [], {}, exp.Eq(N, 5), [(1, 2, 3, 4)]])
def test_what_is_not_compiled_is_refused(client, key, value):
    with pytest.raises(exception.ParamError, match="compiled expression"):
        client.get(key, {"expressions": value})
    with pytest.raises(exception.ParamError, match="compiled expression"):
        client.operate(key, [eo.expression_read("r", value)])


def test_compiled_expression_serves_many_calls_and_clients(client, make_client, stored):
    compiled = exp.Eq(N, 17).compile()
    for each in (client, client, make_client()):
        assert each.select(stored, ["n"], {"expressions": compiled})[2] == {"n": 17}


def test_filter_that_is_no_condition_is_refused_by_the_server(client, stored):
    with pytest.raises(exception.InvalidRequest):
        client.get(stored, {"expressions": exp.Val(5).compile()})


# flags, whether the bin exists, expression -> exception or value afterwards
L3, M3 = [1, 2, 3], {1: 10, 2: 20, 3: 30}
VALUES, KEYS = aerospike.LIST_RETURN_VALUE, aerospike.MAP_RETURN_KEY
OPEN = [
    (exp.ListRemoveByValueRange(None, 2, None, exp.ListBin("l")), [1]),
    (exp.ListRemoveByValueRange(None, None, None, exp.ListBin("l")), []),
    (exp.ListRemoveByValueRange(None, 2, None, exp.ListBin("l"), True), [2, 3]),
    (exp.MapRemoveByKeyRange(None, 2, None, exp.MapBin("m")), {1: 10}),
    (exp.MapRemoveByKeyRange(None, None, None, exp.MapBin("m")), {}),
    (exp.MapRemoveByKeyRange(None, 2, None, exp.MapBin("m"), True), {2: 20, 3: 30}),
    (exp.MapGetByValueRange(None, KEYS, 20, None, exp.MapBin("m")), [2, 3]),
    (exp.MapGetByValueRange(None, KEYS, None, None, exp.MapBin("m")), [1, 2, 3]),
    (exp.MapGetByValueRange(None, KEYS, 20, None, exp.MapBin("m"), True), [1]),
    (exp.ListGetByValueRange(None, VALUES, 2, None, exp.ListBin("l")), []),
    (exp.MapRemoveByValueRange(None, 20, None, exp.MapBin("m")), M3),
    (exp.MapGetByKeyRange(None, KEYS, 2, None, exp.MapBin("m")), []),
]


@pytest.mark.parametrize(("tree", "value"), OPEN)
def test_range_without_an_end(client, key, tree, value):
    """Three expressions reach to the end; for the others None is nil."""
    client.put(key, {"l": L3, "m": M3})
    assert evaluated(client, key, tree) == value


WRITES = [
    (0, True, exp.Val(1), 1),
    (0, False, exp.Val("s"), "s"),
    (aerospike.EXP_WRITE_CREATE_ONLY, True, exp.Val(1), exception.BinExistsError),
    (aerospike.EXP_WRITE_UPDATE_ONLY, False, exp.Val(1), exception.BinNotFound),
    (
        aerospike.EXP_WRITE_CREATE_ONLY | aerospike.EXP_WRITE_POLICY_NO_FAIL,
        True,
        exp.Val(1),
        5,
    ),
    (aerospike.EXP_WRITE_ALLOW_DELETE, True, exp.Val(None), None),
    (0, True, exp.Val(None), exception.OpNotApplicable),
    (0, True, exp.Unknown(), exception.OpNotApplicable),
    (aerospike.EXP_WRITE_EVAL_NO_FAIL, True, exp.Unknown(), 5),
    (64, True, exp.Val(1), exception.InvalidRequest),
]


@pytest.mark.parametrize(("flags", "exists", "tree", "result"), WRITES)
def test_expression_write_obeys_its_flags(client, key, flags, exists, tree, result):
    client.put(key, {"n": 5, "other": 1} if exists else {"other": 1})
    operation = eo.expression_write("n", tree.compile(), flags)
    if isinstance(result, type):
        with pytest.raises(result):
            client.operate(key, [operation])
    else:
        client.operate(key, [operation])
        assert client.get(key)[2].get("n") == result


def test_expression_read_sees_what_was_done_before_it(client, key):
    client.put(key, {"n": 5})
    done = [
        eo.expression_read("before", N.compile()),
        ops.increment("n", 1),
        eo.expression_read("after", N.compile()),
        eo.expression_write("twice", (N * 2).compile()),
    ]
    assert client.operate(key, done)[2]["after"] == 6
    assert client.get(key)[2] == {"n": 6, "twice": 12}
