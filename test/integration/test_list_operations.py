"""Operations on lists: each helper, each dict of the 2.x manual, each direct method."""

from __future__ import annotations

from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.operations import list_operations as lists

VALUE, INDEX, RANK = (
    aerospike.LIST_RETURN_VALUE,
    aerospike.LIST_RETURN_INDEX,
    aerospike.LIST_RETURN_RANK,
)
COUNT = aerospike.LIST_RETURN_COUNT
START = [30, 10, 20, 10]
SAME = START

UNIQUE = {"write_flags": aerospike.LIST_WRITE_ADD_UNIQUE}
QUIET = {"write_flags": aerospike.LIST_WRITE_ADD_UNIQUE | aerospike.LIST_WRITE_NO_FAIL}
PARTIAL = {"write_flags": QUIET["write_flags"] | aerospike.LIST_WRITE_PARTIAL}
BOUNDED = {"write_flags": aerospike.LIST_WRITE_INSERT_BOUNDED}

# operation on START, result, the list afterwards
HELPERS: list[tuple[dict[str, Any], Any, list[Any]]] = [
    (lists.list_append("l", 5), 5, [*START, 5]),
    (lists.list_append("l", [1, {"a": None}]), 5, [*START, [1, {"a": None}]]),
    (lists.list_append("l", 10, QUIET), 4, SAME),
    (lists.list_append_items("l", [1, 2]), 6, [*START, 1, 2]),
    (lists.list_append_items("l", []), 4, SAME),
    (lists.list_append_items("l", [10, 7], QUIET), 4, SAME),
    (lists.list_append_items("l", [10, 7], PARTIAL), 5, [*START, 7]),
    (lists.list_insert("l", 1, 5), 5, [30, 5, 10, 20, 10]),
    (lists.list_insert("l", -1, 5), 5, [30, 10, 20, 5, 10]),
    (lists.list_insert("l", 5, 5), 6, [*START, None, 5]),
    (lists.list_insert_items("l", 0, [1, 2]), 6, [1, 2, *START]),
    (lists.list_set("l", 0, 5), None, [5, 10, 20, 10]),
    (lists.list_set("l", 5, 5), None, [*START, None, 5]),
    (lists.list_increment("l", 0, 2), 32, [32, 10, 20, 10]),
    (lists.list_increment("l", -1, -1), 9, [30, 10, 20, 9]),
    (lists.list_pop("l", 0), 30, [10, 20, 10]),
    (lists.list_pop_range("l", 1, 2), [10, 20], [30, 10]),
    (lists.list_pop_range("l", 9, 2), [], SAME),
    (lists.list_remove("l", -1), 1, [30, 10, 20]),
    (lists.list_remove_range("l", 1, 9), 3, [30]),
    (lists.list_trim("l", 1, 2), 2, [10, 20]),
    (lists.list_clear("l"), None, []),
    (lists.list_sort("l"), None, [10, 10, 20, 30]),
    (
        lists.list_sort("l", aerospike.LIST_SORT_DROP_DUPLICATES),
        None,
        [10, 20, 30],
    ),
    (lists.list_set_order("l", aerospike.LIST_ORDERED), None, [10, 10, 20, 30]),
    (lists.list_create("l", aerospike.LIST_UNORDERED, False, False), None, SAME),
    (lists.list_size("l"), 4, SAME),
    (lists.list_get("l", -2), 20, SAME),
    (lists.list_get_range("l", 1, 2), [10, 20], SAME),
    (lists.list_get_by_index("l", 0, VALUE), 30, SAME),
    (lists.list_get_by_index("l", 0, RANK), 3, SAME),
    (lists.list_get_by_index_range("l", 2, VALUE), [20, 10], SAME),
    (lists.list_get_by_index_range("l", 0, VALUE, 2), [30, 10], SAME),
    (lists.list_get_by_index_range("l", 0, VALUE, 2, True), [20, 10], SAME),
    (lists.list_get_by_rank("l", -1, VALUE), 30, SAME),
    (lists.list_get_by_rank_range("l", 2, INDEX, 2), [0, 2], SAME),
    (lists.list_get_by_rank_range("l", 2, INDEX, 2, True), [1, 3], SAME),
    (lists.list_get_by_value("l", 10, INDEX), [1, 3], SAME),
    (lists.list_get_by_value("l", 10, VALUE, True), [30, 20], SAME),
    (lists.list_get_by_value("l", 11, VALUE), [], SAME),
    (lists.list_get_by_value_list("l", [20, 30, 99], COUNT), 2, SAME),
    (lists.list_get_by_value_list("l", [20, 30], VALUE, True), [10, 10], SAME),
    (lists.list_get_by_value_range("l", VALUE, 10, 30), [10, 20, 10], SAME),
    (lists.list_get_by_value_range("l", VALUE, 20, None), [30, 20], SAME),
    (lists.list_get_by_value_range("l", VALUE, None, 20), [10, 10], SAME),
    (lists.list_get_by_value_range("l", VALUE, 20, 30, True), [30, 10, 10], SAME),
    (
        lists.list_get_by_value_rank_range_relative("l", 20, 0, INDEX),
        [0, 2],
        SAME,
    ),
    (
        lists.list_get_by_value_rank_range_relative("l", 15, 0, VALUE, 1),
        [20],
        SAME,
    ),
    (lists.list_remove_by_index("l", 0, VALUE), 30, [10, 20, 10]),
    (lists.list_remove_by_index_range("l", 1, COUNT), 3, [30]),
    (lists.list_remove_by_index_range("l", 1, COUNT, 1, True), 3, [10]),
    (lists.list_remove_by_rank("l", -1, INDEX), 0, [10, 20, 10]),
    (lists.list_remove_by_rank_range("l", 2, COUNT), 2, [10, 10]),
    (lists.list_remove_by_value("l", 10, COUNT), 2, [30, 20]),
    (lists.list_remove_by_value_list("l", [10, 30], COUNT), 3, [20]),
    (lists.list_remove_by_value_range("l", VALUE, 15, 25), [20], [30, 10, 10]),
    (
        lists.list_remove_by_value_rank_range_relative("l", 20, 1, VALUE),
        [30],
        [10, 20, 10],
    ),
]

# the same, as the 2.x manual writes them: on the bin "events"
EVENTS = ["a", "b", "c", "d", "e"]
DICTS: list[tuple[dict[str, Any], Any, list[Any]]] = [
    (
        {"op": aerospike.OP_LIST_APPEND, "bin": "events", "val": 1234},
        6,
        [*EVENTS, 1234],
    ),
    (
        {"op": aerospike.OP_LIST_APPEND_ITEMS, "bin": "events", "val": [123, 456]},
        7,
        [*EVENTS, 123, 456],
    ),
    (
        {"op": aerospike.OP_LIST_INSERT, "bin": "events", "index": 2, "val": 1234},
        6,
        ["a", "b", 1234, "c", "d", "e"],
    ),
    (
        {
            "op": aerospike.OP_LIST_INSERT_ITEMS,
            "bin": "events",
            "index": 2,
            "val": [123, 456],
        },
        7,
        ["a", "b", 123, 456, "c", "d", "e"],
    ),
    (
        {"op": aerospike.OP_LIST_POP, "bin": "events", "index": 2},
        "c",
        ["a", "b", "d", "e"],
    ),
    (
        {"op": aerospike.OP_LIST_POP_RANGE, "bin": "events", "index": 2, "val": 3},
        ["c", "d", "e"],
        ["a", "b"],
    ),
    (
        {"op": aerospike.OP_LIST_REMOVE, "bin": "events", "index": 2},
        1,
        ["a", "b", "d", "e"],
    ),
    (
        {"op": aerospike.OP_LIST_REMOVE_RANGE, "bin": "events", "index": 2, "val": 3},
        3,
        ["a", "b"],
    ),
    ({"op": aerospike.OP_LIST_CLEAR, "bin": "events"}, None, []),
    (
        {
            "op": aerospike.OP_LIST_SET,
            "bin": "events",
            "index": 2,
            "val": "latest event at index 2",
        },
        None,
        ["a", "b", "latest event at index 2", "d", "e"],
    ),
    ({"op": aerospike.OP_LIST_GET, "bin": "events", "index": 2}, "c", EVENTS),
    (
        {"op": aerospike.OP_LIST_GET_RANGE, "bin": "events", "index": 2, "val": 3},
        ["c", "d", "e"],
        EVENTS,
    ),
    (
        {"op": aerospike.OP_LIST_TRIM, "bin": "events", "index": 2, "val": 3},
        2,
        ["c", "d", "e"],
    ),
    ({"op": aerospike.OP_LIST_SIZE, "bin": "events"}, 5, EVENTS),
]

# operation on START, the exception's class and code
ERRORS = [
    (lists.list_get("l", 4), exception.OpNotApplicable, 26),
    (lists.list_pop("l", -5), exception.OpNotApplicable, 26),
    (lists.list_remove("l", 4), exception.OpNotApplicable, 26),
    (lists.list_get_by_rank("l", 9, VALUE), exception.OpNotApplicable, 26),
    (lists.list_insert("l", -5, 1), exception.OpNotApplicable, 26),
    (lists.list_insert("l", 6, 1, BOUNDED), exception.OpNotApplicable, 26),
    (
        lists.list_get_by_value("l", 1, aerospike.MAP_RETURN_KEY),
        exception.OpNotApplicable,
        26,
    ),
    (lists.list_append("l", 10, UNIQUE), exception.ElementExistsError, 24),
    (lists.list_append_items("l", [7, 10], UNIQUE), exception.ElementExistsError, 24),
    (lists.list_increment("l", 0, "1"), exception.InvalidRequest, 4),
    (lists.list_append("n", 1), exception.BinIncompatibleType, 12),
    (lists.list_size("m"), exception.BinIncompatibleType, 12),
    (lists.list_sort("nope"), exception.BinIncompatibleType, 12),
]

CREATING = [
    (lists.list_append("l", 1), [1]),
    (lists.list_append_items("l", [2, 1], {"list_order": 1}), [1, 2]),
    (lists.list_insert("l", 1, 5), [None, 5]),
    (lists.list_insert_items("l", 0, [5]), [5]),
    (lists.list_set("l", 0, 5), [5]),
    (lists.list_increment("l", 0, 5), [5]),
    (lists.list_set_order("l", 1), []),
    (lists.list_create("l", 1, False, True), []),
]


@pytest.mark.parametrize(("operation", "result", "left"), HELPERS + DICTS)
def test_results(client, key, operation, result, left):
    name = operation["bin"]
    client.put(key, {name: START if name == "l" else EVENTS})
    ordered = client.operate_ordered(key, [operation])
    assert ordered[2] in ([(name, result)], [] if result is None else None)
    assert client.get(key)[2][name] == left
    wrote = left is not SAME and left is not EVENTS
    assert ordered[1]["gen"] == client.get(key)[1]["gen"] >= 1 + wrote


@pytest.mark.parametrize(("operation", "cls", "code"), ERRORS)
def test_errors_change_nothing(client, key, operation, cls, code):
    bins = {"l": START, "n": 1, "m": {"a": 1}}
    client.put(key, bins)
    with pytest.raises(cls) as caught:
        client.operate(key, [lists.list_append("other", 1), operation])
    assert caught.value.code == code
    assert client.get(key)[1:] == ({"ttl": 4294967295, "gen": 1}, bins)


@pytest.mark.parametrize(("operation", "left"), CREATING)
def test_missing_bin_is_made(client, key, operation, left):
    client.operate(key, [operation])
    assert client.get(key)[2] == {"l": left}


@pytest.mark.parametrize(
    "operation",
    [
        lists.list_size("l"),
        lists.list_get("l", 0),
        lists.list_get_by_value("l", 1, VALUE),
        lists.list_pop("l", 0),
        lists.list_remove_by_rank_range("l", 0, VALUE),
        lists.list_trim("l", 0, 1),
        lists.list_clear("l"),
    ],
)
def test_missing_bin_has_no_result(client, key, operation):
    client.put(key, {"n": 1})
    assert client.operate(key, [operation])[2] == {}
    assert client.get(key)[2] == {"n": 1}


def test_ordered_list_stays_sorted(client, key):
    ordered = {"list_order": aerospike.LIST_ORDERED}
    client.operate(key, [lists.list_append_items("l", [3, 1, 2], ordered)])
    _, _, bins = client.operate(
        key, [lists.list_append("l", 0), lists.list_get_range("l", 0, 9)]
    )
    assert bins == {"l": [0, 1, 2, 3]}
    with pytest.raises(exception.OpNotApplicable):
        client.operate(key, [lists.list_insert("l", 0, 9)])


def test_several_results_of_one_bin(client, key):
    client.put(key, {"l": START})
    operations = [
        lists.list_append("l", 5),
        lists.list_pop("l", 0),
        lists.list_size("l"),
    ]
    assert client.operate_ordered(key, operations)[2] == [("l", 5), ("l", 30), ("l", 4)]


# method, arguments after key and bin, result, list afterwards
DIRECT: list[tuple[str, tuple[Any, ...], Any, list[Any]]] = [
    ("list_append", (5,), 0, [*START, 5]),
    ("list_extend", ([5, 6],), 0, [*START, 5, 6]),
    ("list_insert", (0, 5), 0, [5, *START]),
    ("list_insert_items", (0, [5, 6]), 0, [5, 6, *START]),
    ("list_pop", (0,), 30, [10, 20, 10]),
    ("list_pop_range", (0, 2), [30, 10], [20, 10]),
    ("list_remove", (0,), 0, [10, 20, 10]),
    ("list_remove_range", (0, 2), 0, [20, 10]),
    ("list_clear", (), 0, []),
    ("list_set", (0, 5), 0, [5, 10, 20, 10]),
    ("list_get", (0,), 30, SAME),
    ("list_get_range", (0, 2), [30, 10], SAME),
    ("list_trim", (0, 2), 0, [30, 10]),
    ("list_size", (), 4, SAME),
]


@pytest.mark.parametrize(("method", "args", "result", "left"), DIRECT)
def test_direct_methods(client, key, method, args, result, left):
    client.put(key, {"l": START})
    assert getattr(client, method)(key, "l", *args) == result
    assert client.get(key)[2]["l"] == left


@pytest.mark.parametrize(
    ("method", "args", "result"),
    [
        ("list_size", (), 0),
        ("list_get", (0,), None),
        ("list_get_range", (0, 2), None),
        ("list_pop", (0,), None),
        ("list_clear", (), 0),
    ],
)
def test_direct_methods_of_a_missing_bin(client, key, method, args, result):
    client.put(key, {"n": 1})
    assert getattr(client, method)(key, "l", *args) == result


def test_direct_methods_of_a_missing_record(client, key):
    with pytest.raises(exception.RecordNotFound) as caught:
        client.list_size(key, "l")
    assert caught.value.key == key
    assert client.list_append(key, "l", 1) == 0
    assert client.get(key)[2] == {"l": [1]}


def test_direct_methods_take_meta_and_policy(client, key):
    client.list_append(key, "l", 1, {"ttl": 500}, {"total_timeout": 5000})
    assert 495 <= client.get(key)[1]["ttl"] <= 500
    with pytest.raises(exception.RecordGenerationError):
        client.list_append(
            key, "l", 2, meta={"gen": 9}, policy={"gen": aerospike.POLICY_GEN_EQ}
        )


def test_maps_are_compared_whatever_the_order_of_their_keys(client, key):
    """A server compares the pairs of a map as they are sent."""
    client.put(key, {"l": [{"a": 2, "b": 1}, [{1: 0, "a": {2: 3, "c": 4}}]]})
    for value, index in (
        ({"b": 1, "a": 2}, 0),
        ([{"a": {"c": 4, 2: 3}, 1: 0}], 1),
        (aerospike.KeyOrderedDict({"b": 1, "a": 2}), 0),
    ):
        found = client.operate(key, [lists.list_get_by_value("l", value, INDEX)])[2]
        assert found == {"l": [index]}
