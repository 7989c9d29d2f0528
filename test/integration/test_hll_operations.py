"""Operations on HyperLogLogs, and HyperLogLogs as values."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers import HyperLogLog
from aerospike_helpers.operations import hll_operations as hll
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import operations

CREATE = {"flags": aerospike.HLL_WRITE_CREATE_ONLY}
UPDATE = {"flags": aerospike.HLL_WRITE_UPDATE_ONLY}
QUIET = aerospike.HLL_WRITE_NO_FAIL
CREATE_QUIET = {"flags": aerospike.HLL_WRITE_CREATE_ONLY | QUIET}
UPDATE_QUIET = {"flags": aerospike.HLL_WRITE_UPDATE_ONLY | QUIET}
FOLD = {"flags": aerospike.HLL_WRITE_ALLOW_FOLD}

A_AND_B = bytes.fromhex("0004000000000000000000000000004080000000000000")
"""The bytes of a sketch of 4 index bits after "a" and "b" were added."""


def words(n: int, tag: str = "w") -> list[str]:
    return [f"{tag}{i}" for i in range(n)]


@pytest.fixture
def sketch(client, new_key):
    """sketch(values, index_bits, minhash_bits=0): a HyperLogLog of these values."""

    def make(values: list[Any], index_bits: int, mh_bits: int = 0) -> HyperLogLog:
        key = new_key()
        client.operate(key, [hll.hll_add("h", values, index_bits, mh_bits)])
        made: HyperLogLog = client.get(key)[2]["h"]
        return made

    return make


@pytest.fixture
def filled(client, key):
    """The key of a record whose bin "h" has "a", "b", "c", with 8 + 8 bits."""
    client.operate(key, [hll.hll_add("h", ["a", "b", "c"], 8, 8)])
    return key


def result(client, key, operation):
    """The one result of an operation."""
    ((name, value),) = client.operate_ordered(key, [operation])[2]
    assert name == operation["bin"]
    return value


# operation on a sketch of "a", "b", "c" with 8 + 8 bits, its result
RESULTS = [
    (hll.hll_add("h", ["a", "d"]), 1),
    (hll.hll_add("h", ["a", "b"]), 0),
    (hll.hll_add("h", [1, 1.5, b"x", True, None]), 5),
    (hll.hll_add("h", ["d"], 4, 4), 1),
    (hll.hll_add("h", ["d"], policy=CREATE_QUIET), None),
    (hll.hll_describe("h"), [8, 8]),
    (hll.hll_get_count("h"), 3),
    (hll.hll_refresh_count("h"), 3),
    (hll.hll_init("h"), None),
    (hll.hll_init("h", 6, 4, UPDATE), None),
    (hll.hll_init("h", 6, policy=CREATE_QUIET), None),
]


@pytest.mark.parametrize(("operation", "expected"), RESULTS)
def test_results(client, filled, operation, expected):
    assert result(client, filled, operation) == expected


@pytest.mark.parametrize(
    ("operation", "described", "count"),
    [
        (hll.hll_init("h"), [8, 8], 0),
        (hll.hll_init("h", 6), [6, 8], 0),
        (hll.hll_init("h", 6, 0), [6, 0], 0),
        (hll.hll_init("h", 6, 0, CREATE_QUIET), [8, 8], 3),
        (hll.hll_add("h", ["d"], 6, 4), [8, 8], 4),
        (hll.hll_add("h", ["d"], 6, 4, CREATE_QUIET), [8, 8], 3),
    ],
)
def test_modification_leaves(client, filled, operation, described, count):
    client.operate(filled, [operation])
    both = [hll.hll_describe("h"), hll.hll_get_count("h")]
    assert client.operate_ordered(filled, both)[2] == [("h", described), ("h", count)]


@pytest.mark.parametrize(("n_values", "count"), [(1, 1), (100, 97), (1000, 960)])
def test_count_is_an_estimate(client, key, n_values, count):
    client.operate(key, [hll.hll_add("h", words(n_values), 10)])
    assert result(client, key, hll.hll_get_count("h")) == count


@pytest.mark.parametrize(
    ("bits", "similarity"), [((8,), 0.25), ((8, 8), 0.2499924279224293)]
)
def test_two_are_compared(client, key, sketch, bits, similarity):
    other = sketch(["c", "d"], *bits)
    client.operate(key, [hll.hll_add("h", ["a", "b", "c"], *bits)])
    for operation, expected in (
        (hll.hll_get_union_count("h", [other]), 4),
        (hll.hll_get_intersect_count("h", [other]), 1),
        (hll.hll_get_similarity("h", [other]), similarity),
    ):
        assert result(client, key, operation) == pytest.approx(expected)


def test_union_is_that_of_all_values(client, key, sketch):
    parts = [sketch(words(30, tag), 8, 8) for tag in "xyz"]
    whole = sketch(words(30, "x") + words(30, "y") + words(30, "z"), 8, 8)
    client.put(key, {"h": parts[0]})
    found = result(client, key, hll.hll_get_union("h", parts[1:]))
    assert (type(found), found) == (HyperLogLog, whole)
    assert result(client, key, hll.hll_set_union("h", parts[1:])) is None
    assert client.get(key)[2]["h"] == whole


def test_union_makes_a_bin_of_the_common_bits(client, key, sketch):
    others = [sketch(words(5), 8, 4), sketch(words(5, "x"), 6, 4)]
    client.operate(key, [hll.hll_set_union("h", others)])
    assert result(client, key, hll.hll_describe("h")) == [6, 4]


def test_union_of_fewer_bits_needs_leave(client, key, sketch):
    other = sketch(words(20, "x"), 6, 0)
    client.put(key, {"h": sketch(words(20), 8, 0)})
    with pytest.raises(exception.OpNotApplicable):
        client.operate(key, [hll.hll_set_union("h", [other])])
    client.operate(key, [hll.hll_set_union("h", [other], FOLD)])
    assert result(client, key, hll.hll_describe("h")) == [6, 0]
    assert client.get(key)[2]["h"] == sketch(words(20) + words(20, "x"), 6, 0)


def test_fold_is_the_sketch_of_fewer_bits(client, key, sketch):
    client.put(key, {"h": sketch(words(300), 12)})
    assert result(client, key, hll.hll_fold("h", 6)) is None
    assert client.get(key)[2]["h"] == sketch(words(300), 6)


# operation, the exception's class and code, on the sketch above
ERRORS = [
    (hll.hll_init("new"), exception.OpNotApplicable, 26),
    (hll.hll_add("new", ["a"]), exception.OpNotApplicable, 26),
    (hll.hll_init("new", 8, 0, UPDATE), exception.BinNotFound, 17),
    (hll.hll_refresh_count("new"), exception.BinNotFound, 17),
    (hll.hll_fold("new", 6), exception.BinNotFound, 17),
    (hll.hll_init("h", 8, 0, CREATE), exception.BinExistsError, 6),
    (hll.hll_add("h", ["d"], 8, 0, CREATE), exception.BinExistsError, 6),
    (hll.hll_init("h", 3), exception.InvalidRequest, 4),
    (hll.hll_init("h", 17), exception.InvalidRequest, 4),
    (hll.hll_init("h", 8, 3), exception.InvalidRequest, 4),
    (hll.hll_init("h", 16, 49), exception.InvalidRequest, 4),
    (hll.hll_add("h", []), exception.InvalidRequest, 4),
    (hll.hll_add("h", [["a"]]), exception.InvalidRequest, 4),
    (hll.hll_add("h", ["a"], policy=UPDATE), exception.InvalidRequest, 4),
    (hll.hll_fold("h", 6), exception.OpNotApplicable, 26),
    (hll.hll_fold("h", 3), exception.InvalidRequest, 4),
    (hll.hll_get_union("h", []), exception.InvalidRequest, 4),
    (hll.hll_get_union_count("h", ["text"]), exception.InvalidRequest, 4),
    (hll.hll_get_similarity("h", [b"no sketch"]), exception.InvalidRequest, 4),
    (hll.hll_get_count("n"), exception.BinIncompatibleType, 12),
    (hll.hll_add("n", ["a"], 8), exception.BinIncompatibleType, 12),
]


@pytest.mark.parametrize(("operation", "cls", "code"), ERRORS)
def test_errors_change_nothing(client, filled, operation, cls, code):
    client.put(filled, {"n": 1})
    before = client.get(filled)[1:]
    with pytest.raises(cls) as caught:
        client.operate(filled, [operations.write("n", 2), operation])
    assert caught.value.code == code
    assert client.get(filled)[1:] == before


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        (hll.hll_init("new", 4, policy=UPDATE_QUIET), None),
        (hll.hll_init("new", 4), bytes.fromhex("000400") + bytes(8 + 12)),
        (hll.hll_init("new", 4, 0, CREATE), bytes.fromhex("000400") + bytes(8 + 12)),
        (hll.hll_add("new", ["a", "b"], 4), A_AND_B),
    ],
)
def test_missing_bin(client, key, operation, left):
    client.put(key, {"n": 1})
    client.operate(key, [operation])
    assert client.get(key)[2].get("new") == left


@pytest.mark.parametrize(
    "operation",
    [
        hll.hll_describe("new"),
        hll.hll_get_count("new"),
        hll.hll_get_union("new", [HyperLogLog(A_AND_B)]),
        hll.hll_get_union_count("new", [HyperLogLog(A_AND_B)]),
        hll.hll_get_similarity("new", [HyperLogLog(A_AND_B)]),
    ],
)
def test_missing_bin_reads_as_none(client, key, operation):
    client.put(key, {"n": 1})
    assert result(client, key, operation) is None


@pytest.mark.parametrize(
    ("helper", "arguments", "named"),
    [
        (
            "hll_add",
            (
                "h",
                "abc",
                8,
            ),
            "value_list",
        ),
        (
            "hll_add",
            (
                "h",
                ["a"],
                "8",
            ),
            "index_bit_count",
        ),
        (
            "hll_init",
            (
                "h",
                8,
                "4",
            ),
            "mh_bit_count",
        ),
        (
            "hll_init",
            (
                "h",
                8,
                None,
                4,
            ),
            "hll_policy",
        ),
        (
            "hll_init",
            (
                "h",
                8,
                None,
                {"flags": "4"},
            ),
            "flags",
        ),
        (
            "hll_fold",
            (
                "h",
                None,
            ),
            "index_bit_count",
        ),
        (
            "hll_get_union",
            (
                "h",
                HyperLogLog(A_AND_B),
            ),
            "value_list",
        ),
    ],
)
def test_wrong_argument_is_named(client, key, helper, arguments, named):
    operation = getattr(hll, helper)(*arguments)
    with pytest.raises(exception.ParamError) as caught:
        client.operate(key, [operation])
    assert str(caught.value.operation).startswith("hll_")
    assert named in str(caught.value)
    assert client.exists(key)[1] is None


# As values


def test_what_is_read_is_bytes_of_an_own_type(client, key):
    client.operate(key, [hll.hll_add("h", ["a", "b"], 4)])
    found = client.get(key)[2]["h"]
    assert type(found) is HyperLogLog
    assert found == A_AND_B
    assert repr(found) == f"HyperLogLog({A_AND_B!r})"
    assert type(pickle.loads(pickle.dumps(found))) is HyperLogLog


def test_what_is_read_can_be_put_back(client, new_key):
    first, second = new_key(), new_key()
    client.operate(first, [hll.hll_add("h", ["a", "b"], 8, 8)])
    bins = client.get(first)[2]
    client.put(second, bins)
    assert client.get(second)[2] == bins
    assert result(client, second, hll.hll_add("h", ["c"])) == 1
    assert result(client, second, hll.hll_get_union_count("h", [bins["h"]])) == 3


def test_bytes_put_are_a_blob(client, key):
    client.put(key, {"h": bytes(A_AND_B)})
    assert type(client.get(key)[2]["h"]) is bytes
    with pytest.raises(exception.BinIncompatibleType):
        client.operate(key, [hll.hll_get_count("h")])


def test_bytes_that_are_none_are_refused(client, key):
    with pytest.raises(exception.InvalidRequest):
        client.put(key, {"h": HyperLogLog(b"no sketch")})
    assert client.exists(key)[1] is None


def test_inside_lists_and_maps(client, key):
    sketch = HyperLogLog(A_AND_B)
    client.put(key, {"l": [1, sketch], "m": {"k": [sketch]}})
    client.operate(key, [lists.list_append("l", sketch)])
    bins = client.get(key)[2]
    assert bins == {"l": [1, sketch, sketch], "m": {"k": [sketch]}}
    inner = [bins["l"][1], bins["l"][2], bins["m"]["k"][0]]
    assert [type(value) for value in inner] == [HyperLogLog] * 3
    client.put(key, {"h": inner[0]})
    assert result(client, key, hll.hll_get_union_count("h", inner[1:])) == 2


def test_several_operations_see_each_other(client, key):
    _, _, found = client.operate_ordered(
        key,
        [
            hll.hll_init("h", 8),
            hll.hll_add("h", words(5)),
            operations.read("h"),
            hll.hll_get_count("h"),
        ],
    )
    assert [name for name, _ in found] == ["h"] * 4
    assert [found[0][1], found[1][1], found[3][1]] == [None, 5, 5]
    assert type(found[2][1]) is HyperLogLog
