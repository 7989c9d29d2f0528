"""Expressions are judged by the call that uses them, and packed by its client."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch import records as br
from aerospike_helpers.operations import expression_operations as eo
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import operations as ops

wrong: Any = exp  # wrong types are given on purpose

N = exp.IntBin("n")
FINE = exp.Eq(N, 1).compile()
WRONG = wrong.And(exp.Eq(N, 1), exp.Eq(N, "x")).compile()
PLACE = r"And\[1\]\.Eq\[1\].*an integer is expected, not a string"


@pytest.fixture
def put(client: Any, key: Any) -> Any:
    """The client, whose record has a number and a list."""
    client.put(key, {"n": 1, "l": [1, 2]})
    return client


USES: dict[str, Any] = {
    "get": lambda c, k, e: c.get(k, {"expressions": e}),
    "put": lambda c, k, e: c.put(k, {"n": 2}, policy={"expressions": e}),
    "remove": lambda c, k, e: c.remove(k, policy={"expressions": e}),
    "expression_read": lambda c, k, e: c.operate(k, [eo.expression_read("r", e)]),
    "expression_write": lambda c, k, e: c.operate(k, [eo.expression_write("r", e)]),
    "query": lambda c, k, e: c.query(*k[:2]).results({"expressions": e}),
    "scan": lambda c, k, e: c.scan(*k[:2]).results({"expressions": e}),
    "batch_read": lambda c, k, e: c.batch_read([k], [], {"expressions": e}),
    "batch_operate": lambda c, k, e: c.batch_operate([k], [eo.expression_read("r", e)]),
    "batch_remove": lambda c, k, e: c.batch_remove([k], None, {"expressions": e}),
    "batch_write": lambda c, k, e: c.batch_write(
        br.BatchRecords([br.Read(k, None)]), {"expressions": e}
    ),
    "base64": lambda c, k, e: c.get_expression_base64(e),
    "where_with_expr": lambda c, k, e: c.query(*k[:2]).where_with_expr(
        e, (0, 4, "", 1)
    ),
    "operand": lambda c, k, e: c.get(k, {"expressions": exp.Not(e).compile()}),
}


@pytest.mark.parametrize("name", USES)
def test_call_that_uses_a_wrong_expression_raises(put, key, name):
    with pytest.raises(exception.InvalidRequest, match=PLACE) as caught:
        USES[name](put, key, WRONG)
    assert (caught.value.code, caught.value.in_doubt) == (4, False)
    assert put.get(key)[2] == {"n": 1, "l": [1, 2]}  # nothing was sent


def test_filter_of_a_context_is_judged_by_its_call(put, key):
    ctx = [cdt_ctx.cdt_ctx_all_children_with_filter(WRONG)]
    with pytest.raises(exception.InvalidRequest, match=PLACE):
        put.operate(key, [ops.select_by_path("l", ctx, 0)])


def test_only_the_row_of_a_batch_fails(put, key, new_key):
    keys = [key, new_key(), new_key(), new_key()]
    for other in keys[1:]:
        put.put(other, {"n": 1})
    rows: list[Any] = [
        br.Read(key, None, policy={"expressions": WRONG}),
        br.Read(keys[1], [eo.expression_read("r", WRONG)]),
        br.Read(keys[1], [eo.expression_read("r", N.compile())]),
        br.Write(keys[2], [ops.write("n", 7)], policy={"expressions": WRONG}),
        br.Write(keys[3], [ops.write("n", 7)], policy={"expressions": FINE}),
        br.Remove(keys[1], policy={"expressions": WRONG}),
    ]
    done = put.batch_write(br.BatchRecords(rows))
    assert [row.result for row in rows] == [4, 4, 0, 4, 0, 4]
    assert not any(row.in_doubt for row in rows)
    assert rows[2].record[2] == {"r": 1}
    assert rows[0].record is None
    assert "And[1].Eq[1]" in rows[0].message
    assert done.result == -16
    assert [put.get(other)[2]["n"] for other in keys[1:]] == [1, 1, 7]


def test_rows_that_share_a_wrong_policy_fail_alike(put, key):
    policy = {"expressions": WRONG}
    rows = [br.Read(key, None, policy=policy) for _ in range(3)]
    rows += [br.Read(key, None)]
    put.batch_write(br.BatchRecords(rows))
    assert [row.result for row in rows] == [4, 4, 4, 0]


def test_batch_of_wrong_rows_sends_nothing(put, key):
    rows = [br.Read(key, None, policy={"expressions": WRONG})]
    assert put.batch_write(br.BatchRecords(rows)).result == -16
    assert rows[0].result == 4


@pytest.mark.parametrize(
    ("tree", "error"),
    [
        (wrong.IntBin("b" * 16), exception.BinNameError),
        (wrong.IntBin(5), exception.ParamError),
        (wrong.Eq(N, ...), exception.ParamError),
        (wrong.ListSize(5, "l"), exception.ParamError),
        (wrong.DigestMod(None), exception.ParamError),
        (wrong.Var("x"), exception.InvalidRequest),
        (wrong.Max(), exception.InvalidRequest),
        (wrong.Not(5), exception.InvalidRequest),
    ],
    ids=str,
)
def test_other_mistakes_are_told_by_the_call_too(put, key, tree, error):
    with pytest.raises(error):
        put.get(key, {"expressions": tree.compile()})


def test_wrong_expression_can_be_looked_at_copied_and_pickled():
    assert WRONG.wire is None
    assert len(WRONG) == 7
    for other in (copy.copy(WRONG), copy.deepcopy(WRONG)):
        assert other == WRONG
    assert pickle.loads(pickle.dumps(WRONG)) == WRONG
    assert WRONG != FINE


# serializers


class Celsius:
    """A value that only a serializer can store."""

    def __init__(self, degrees: int) -> None:
        self.degrees = degrees


def _as_text(value: Any) -> str:
    return f"C{value.degrees}"


def _from_text(text: str) -> Any:
    return Celsius(int(text[1:]))


@pytest.fixture
def serializing(make_client: Any) -> Any:
    """A client with a serializer of its own."""
    return make_client(serialization=(_as_text, _from_text))


def test_constant_is_written_by_the_serializer_of_the_client(serializing, key):
    serializing.put(key, {"t": Celsius(20), "l": [Celsius(5)]})
    for degrees, found in ((20, True), (21, False)):
        is_so = exp.Eq(exp.BlobBin("t"), wrong.Val(Celsius(degrees))).compile()
        assert is_so.wire is None
        for _ in range(2):
            operation = eo.expression_read("r", is_so)
            assert serializing.operate(key, [operation])[2] == {"r": found}
    inside = exp.Eq(exp.ListBin("l"), [Celsius(5)]).compile()
    assert serializing.get(key, {"expressions": inside})[2].keys() == {"t", "l"}


def test_each_client_uses_its_own_serializer(serializing, make_client, key):
    other = make_client(serialization=(lambda value: f"F{value.degrees}", _from_text))
    is_20 = exp.Eq(exp.BlobBin("t"), wrong.Val(Celsius(20))).compile()
    other.put(key, {"t": Celsius(20)})
    assert other.get(key, {"expressions": is_20})
    with pytest.raises(exception.FilteredOut):
        serializing.get(key, {"expressions": is_20})
    assert is_20.wire is None  # kept for none of them


def test_constant_needs_a_serializer_of_the_client(put, key):
    aerospike.set_serializer(_as_text)
    try:
        with pytest.raises(exception.ClientError, match=r"Eq\[1\]"):
            put.get(key, {"expressions": wrong.Eq(N, Celsius(1)).compile()})
    finally:
        aerospike.unset_serializers()


def test_error_of_a_serializer_comes_out(make_client, put, key):
    def fail(_value: Any) -> str:
        raise ZeroDivisionError

    client = make_client(serialization=(fail, None))
    with pytest.raises((ZeroDivisionError, exception.ClientError)):
        client.get(key, {"expressions": wrong.Eq(N, Celsius(1)).compile()})


# brackets


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (exp.Val(20) - (exp.Val(5) - exp.Val(3)), 18),
        (exp.Val(20) - exp.Val(5) - exp.Val(3), 12),
        (exp.Val(8.0) / (exp.Val(4.0) / exp.Val(2.0)), 4.0),
        (exp.Val(2.0) ** (exp.Val(3.0) ** exp.Val(2.0)), 512.0),
        ((exp.Val(2.0) ** exp.Val(3.0)) ** exp.Val(2.0), 64.0),
        (exp.Val(20) - (N - (N + 4)), 24),
    ],
    ids=str,
)
def test_operators_mean_what_python_reads(put, key, expression, value):
    operation = eo.expression_read("r", expression.compile())
    assert put.operate(key, [operation])[2] == {"r": value}


def test_lists_of_a_wrong_expression_do_not_grow(put, key):
    for _ in range(2):
        with pytest.raises(exception.InvalidRequest):
            put.operate(key, [lists.list_size("l"), eo.expression_read("r", WRONG)])
    assert len(WRONG) == 7
