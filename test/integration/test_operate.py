"""operate() and operate_ordered(): several operations in one go."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.operations import (
    bitwise_operations,
    hll_operations,
    list_operations,
    map_operations,
)
from aerospike_helpers.operations import operations as ops

READ, WRITE, INCR = (
    aerospike.OPERATOR_READ,
    aerospike.OPERATOR_WRITE,
    aerospike.OPERATOR_INCR,
)
NEVER = 4294967295
BOTH = ["operate", "operate_ordered"]

# operations on {"n": 5, "s": "ab"}, result of operate, of operate_ordered
RESULTS: list[tuple[list[dict[str, Any]], dict[str, Any], list[tuple[str, Any]]]] = [
    ([ops.read("n")], {"n": 5}, [("n", 5)]),
    ([ops.read("nope")], {}, []),
    ([ops.read("n"), ops.read("s")], {"n": 5, "s": "ab"}, [("n", 5), ("s", "ab")]),
    ([ops.write("n", 6)], {}, []),
    ([ops.increment("n", 1)], {}, []),
    ([ops.append("s", "c")], {}, []),
    ([ops.prepend("s", "c")], {}, []),
    ([ops.touch()], {}, []),
    ([ops.increment("n", 1), ops.read("n")], {"n": 6}, [("n", 6)]),
    (
        [ops.read("n"), ops.write("n", "x"), ops.read("n")],
        {"n": "x"},
        [("n", 5), ("n", "x")],
    ),
    (
        [ops.append("s", "!"), ops.prepend("s", "?"), ops.read("s")],
        {"s": "?ab!"},
        [("s", "?ab!")],
    ),
    (
        [ops.write("new", [1, {"a": None}]), ops.read("new")],
        {"new": [1, {"a": None}]},
        [("new", [1, {"a": None}])],
    ),
    ([ops.write("n", None), ops.read("n")], {}, []),
]


@pytest.fixture
def record(client, key):
    client.put(key, {"n": 5, "s": "ab"})
    return key


@pytest.mark.parametrize(("operations", "bins", "pairs"), RESULTS)
def test_results(client, record, new_key, operations, bins, pairs):
    other = new_key()
    client.put(other, {"n": 5, "s": "ab"})
    found = client.operate(record, operations)
    assert found[2] == bins
    assert found[0] == (*record, aerospike.calc_digest(*record))
    ordered = client.operate_ordered(other, operations)
    assert ordered[2] == pairs
    assert type(ordered[2]) is list
    assert found[1] == ordered[1]
    writes = any(op["op"] != READ for op in operations)
    assert found[1] == {"ttl": NEVER, "gen": 2 if writes else 1}


@pytest.mark.parametrize("call", BOTH)
def test_delete_gives_what_was_read_before(client, record, call):
    _key, meta, bins = getattr(client, call)(record, [ops.read("n"), ops.delete()])
    assert dict(bins) == {"n": 5}
    assert meta["gen"] == 0
    assert client.exists(record)[1] is None


@pytest.mark.parametrize("call", BOTH)
def test_write_creates_the_record(client, key, call):
    getattr(client, call)(key, [ops.write("a", 1), ops.increment("n", 2)])
    assert client.get(key)[2] == {"a": 1, "n": 2}


@pytest.mark.parametrize("call", BOTH)
@pytest.mark.parametrize(
    "operations",
    [
        [ops.read("a")],
        [ops.touch()],
        [ops.delete()],
        [ops.read("a"), ops.touch()],
        [ops.write("a", 1), ops.delete()],
    ],
)
def test_missing_record_is_not_found(client, key, call, operations):
    with pytest.raises(exception.RecordNotFound) as caught:
        getattr(client, call)(key, operations)
    assert caught.value.key == key


@pytest.mark.parametrize("call", BOTH)
@pytest.mark.parametrize(
    "operations",
    [
        [ops.write("new", 1), ops.increment("s", 1)],
        [ops.increment("n", 1), ops.append("n", "x")],
        [ops.append("s", "!"), ops.prepend("s", b"x")],
        [ops.write("new", 1), ops.increment("n", 1.5)],
    ],
)
def test_failing_operation_undoes_all(client, record, call, operations):
    with pytest.raises(exception.BinIncompatibleType) as caught:
        getattr(client, call)(record, operations)
    assert caught.value.code == 12
    assert client.get(record)[1:] == (
        {"ttl": NEVER, "gen": 1},
        {"n": 5, "s": "ab"},
    )


@pytest.mark.parametrize("call", BOTH)
@pytest.mark.parametrize("operations", [(), None, "x", {}, 5, (ops.read("n"),)])
def test_operations_must_be_a_list(client, record, call, operations):
    with pytest.raises(exception.ParamError, match="list"):
        getattr(client, call)(record, operations)


@pytest.mark.parametrize("call", BOTH)
def test_empty_list_is_refused(client, record, call):
    with pytest.raises(exception.ParamError, match="No operations defined"):
        getattr(client, call)(record, [])


@pytest.mark.parametrize("item", [5, None, "x", [READ, "n"], (READ, "n")])
def test_item_that_is_no_dict(client, record, item):
    assert client.operate(record, [item, ops.read("n"), item])[2] == {"n": 5}
    with pytest.raises(exception.ParamError, match="No operations defined"):
        client.operate(record, [item])
    with pytest.raises(exception.ParamError, match="must be a dict"):
        client.operate_ordered(record, [ops.read("n"), item])


BAD_OPERATIONS: list[tuple[dict[Any, Any], str]] = [
    ({}, '"op" entry'),
    ({"bin": "n"}, '"op" entry'),
    ({"op": "read", "bin": "n"}, "integer"),
    ({"op": None, "bin": "n"}, "integer"),
    ({"op": 1.0, "bin": "n"}, "integer"),
    ({"op": 99, "bin": "n", "val": 1}, "Invalid operation|Value should"),
    ({"op": -1, "bin": "n", "val": 1}, "Invalid operation|Value should"),
    ({"op": READ}, "Bin is not given"),
    ({"op": WRITE, "val": 1}, "Bin is not given"),
    ({"op": WRITE, "bin": "n"}, "Value should be given"),
    ({"op": INCR, "bin": "n"}, "Value should be given"),
    ({"op": INCR, "bin": "n", "val": "x"}, "operand"),
    ({"op": INCR, "bin": "n", "val": None}, "operand"),
    ({"op": aerospike.OPERATOR_APPEND, "bin": "n", "val": 5}, "concatenate"),
    ({"op": aerospike.OPERATOR_PREPEND, "bin": "n", "val": None}, "concatenate"),
    ({"op": aerospike.OPERATOR_TOUCH, "val": "x"}, "."),
    ({"op": READ, "bin": "n", "vall": 1}, "can contain only"),
    ({"op": READ, "bin": 5}, "[Bb]in name"),
    ({"op": READ, "bin": None}, "[Bb]in name"),
    ({"op": WRITE, "bin": "n", "val": 2**63}, "sys.maxsize"),
]


@pytest.mark.parametrize("call", BOTH)
@pytest.mark.parametrize(("operation", "said"), BAD_OPERATIONS)
def test_malformed_operation_is_refused(client, record, call, operation, said):
    with pytest.raises(exception.ParamError, match=said) as caught:
        getattr(client, call)(record, [ops.write("new", 1), operation])
    assert caught.value.code == -2
    assert client.get(record)[2] == {"n": 5, "s": "ab"}


@pytest.mark.parametrize("call", BOTH)
@pytest.mark.parametrize("value", [2**64, "\ud800", {None: 1}, (x for x in "a")])
def test_value_that_cannot_be_stored_is_refused(client, record, call, value):
    for wrap in (value, [value]):
        with pytest.raises(exception.ClientError):
            getattr(client, call)(record, [ops.write("n", wrap)])
    assert client.get(record)[2] == {"n": 5, "s": "ab"}


def test_arguments_are_not_changed(client, record):
    operations: list[Any] = [ops.read("n"), {"op": WRITE, "bin": "a", "val": [1]}, 5]
    before = copy.deepcopy(operations)
    client.operate(record, operations)
    assert operations == before


def test_names_of_an_operation_need_not_be_interned(client, record):
    operation = {"".join(["o", "p"]): READ, "".join(["b", "in"]): "n"}
    assert client.operate(record, [operation])[2] == {"n": 5}


def test_many_operations(client, record):
    n = 1000
    found = client.operate_ordered(record, [ops.increment("n", 1), ops.read("n")] * n)
    assert found[2] == [("n", 5 + i) for i in range(1, n + 1)]


def test_too_many_operations_are_refused(client, record):
    with pytest.raises(exception.ParamError, match="too many"):
        client.operate(record, [ops.read("n")] * 40_000)


def test_list_that_changes_while_it_is_read_is_safe(client, record):
    operations: list[Any] = []

    class Emptying(aerospike.GeoJSON):
        __slots__ = ()

        def dumps(self) -> str:
            operations.clear()
            return '{"type": "Point", "coordinates": [0, 0]}'

    operations += [ops.write("g", Emptying({})), ops.write("x", 1), ops.write("y", 2)]
    client.operate(record, operations)
    assert set(client.get(record)[2]) == {"n", "s", "g"}


@pytest.mark.parametrize("call", BOTH)
def test_policy_and_meta_are_applied(client, record, call):
    operation = [ops.write("a", 1)]
    run = getattr(client, call)
    with pytest.raises(exception.RecordExistsError):
        run(record, operation, policy={"exists": aerospike.POLICY_EXISTS_CREATE})
    with pytest.raises(exception.RecordGenerationError):
        run(record, operation, {"gen": 9}, {"gen": aerospike.POLICY_GEN_EQ})
    run(record, operation, {"gen": 1}, {"gen": aerospike.POLICY_GEN_EQ})
    assert client.get(record)[1]["gen"] == 2


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: ops.read("b"), {"op": READ, "bin": "b"}),
        (lambda: ops.write("b", [1]), {"op": WRITE, "bin": "b", "val": [1]}),
        (lambda: ops.increment("b", 2), {"op": INCR, "bin": "b", "val": 2}),
        (
            lambda: ops.append("b", "x"),
            {"op": aerospike.OPERATOR_APPEND, "bin": "b", "val": "x"},
        ),
        (
            lambda: ops.prepend("b", "x"),
            {"op": aerospike.OPERATOR_PREPEND, "bin": "b", "val": "x"},
        ),
        (lambda: ops.touch(), {"op": aerospike.OPERATOR_TOUCH}),
        (lambda: ops.touch(5), {"op": aerospike.OPERATOR_TOUCH, "val": 5}),
        (lambda: ops.delete(), {"op": aerospike.OPERATOR_DELETE}),
        (
            lambda: ops.write(bin_name="b", write_item=1),
            {"op": WRITE, "bin": "b", "val": 1},
        ),
        (
            lambda: ops.increment(bin_name="b", amount=1),
            {"op": INCR, "bin": "b", "val": 1},
        ),
    ],
)
def test_helpers_make_the_dicts_of_the_document(make, wanted):
    assert make() == wanted


POLICIES = [
    (
        list_operations.list_append("l", 1, {"write_flag": 1}),
        "list_policy",
        "write_flag",
    ),
    (map_operations.map_put("m", "k", 1, {"map_ordr": 1}), "map_policy", "map_ordr"),
    (
        bitwise_operations.bit_not("b", 0, 8, {"write_flags": 1}),
        "policy",
        "write_flags",
    ),
    (hll_operations.hll_init("h", 4, policy={"flag": 1}), "hll_policy", "flag"),
]


@pytest.mark.parametrize(("operation", "what", "unknown"), POLICIES)
def test_unknown_key_of_a_policy_is_reported(
    client, make_client, record, unwarned, operation, what, unknown
):
    operations = [ops.write("b", b"ab"), operation]
    with pytest.warns(
        exception.AerospikeWarning, match=f"unknown {what} key '{unknown}'"
    ) as all_:
        client.operate(record, operations)
    assert [warning.filename for warning in all_] == [__file__]
    strict = make_client(validate_keys=True)
    with pytest.raises(exception.ParamError, match=f"{unknown}.*{what}") as caught:
        strict.operate(record, operations)
    assert caught.value.msg == f'"{unknown}" is an invalid policy dictionary key'


def test_operate_one_gives_the_last_value_alone(client: Any, key, record) -> None:
    assert client._operate_one(key, [ops.increment("n", 1)]) is None
    assert client._operate_one(key, [ops.read("s"), ops.read("n")], None, None) == 6
    with pytest.raises(exception.RecordGenerationError):
        client._operate_one(
            key, [ops.write("n", 1)], {"gen": 9}, {"gen": aerospike.POLICY_GEN_EQ}
        )
