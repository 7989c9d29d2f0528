"""Operations on maps: each helper, each dict of the 2.x manual, each direct method."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.operations import map_operations as maps

NONE, VALUE, KEY = (
    aerospike.MAP_RETURN_NONE,
    aerospike.MAP_RETURN_VALUE,
    aerospike.MAP_RETURN_KEY,
)
INDEX, RANK, COUNT = (
    aerospike.MAP_RETURN_INDEX,
    aerospike.MAP_RETURN_RANK,
    aerospike.MAP_RETURN_COUNT,
)
KEY_VALUE = aerospike.MAP_RETURN_KEY_VALUE
START = {"a": 30, "b": 10, "c": 20}
SAME = START


def flags(*names: str) -> dict[str, int]:
    """A policy of MAP_WRITE_FLAGS_*."""
    values = (getattr(aerospike, f"MAP_WRITE_FLAGS_{name}") for name in names)
    return {"map_write_flags": sum(values)}


# operation on START, result, the map afterwards
HELPERS: list[tuple[dict[str, Any], Any, dict[Any, Any]]] = [
    (maps.map_put("m", "d", 5), 4, START | {"d": 5}),
    (maps.map_put("m", "a", [1]), 3, START | {"a": [1]}),
    (maps.map_put("m", 7, None), 4, {7: None} | START),
    (maps.map_put("m", "a", 5, flags("CREATE_ONLY", "NO_FAIL")), 3, SAME),
    (maps.map_put_items("m", {"d": 4, "a": 1}), 4, {"a": 1, "b": 10, "c": 20, "d": 4}),
    (
        maps.map_put_items("m", {"d": 4, "a": 1}, flags("CREATE_ONLY", "NO_FAIL")),
        3,
        SAME,
    ),
    (
        maps.map_put_items(
            "m", {"d": 4, "a": 1}, flags("UPDATE_ONLY", "NO_FAIL", "PARTIAL")
        ),
        3,
        START | {"a": 1},
    ),
    (maps.map_increment("m", "a", 5), 35, START | {"a": 35}),
    (maps.map_increment("m", "d", 1.5), 1.5, START | {"d": 1.5}),
    (maps.map_decrement("m", "a", 5), 25, START | {"a": 25}),
    (maps.map_set_policy("m", {"map_order": 1}), None, SAME),
    (maps.map_create("m", aerospike.MAP_UNORDERED, False), None, SAME),
    (maps.map_clear("m"), None, {}),
    (maps.map_size("m"), 3, SAME),
    (maps.map_get_by_key("m", "a", VALUE), 30, SAME),
    (maps.map_get_by_key("m", "x", VALUE), None, SAME),
    (maps.map_get_by_key("m", "a", KEY_VALUE), ["a", 30], SAME),
    (maps.map_get_by_key("m", "a", RANK), 2, SAME),
    (maps.map_get_by_key_list("m", ["c", "a", "x"], VALUE), [30, 20], SAME),
    (maps.map_get_by_key_list("m", ["c", "a"], KEY, True), ["b"], SAME),
    (maps.map_get_by_key_range("m", "a", "c", KEY), ["a", "b"], SAME),
    (maps.map_get_by_key_range("m", "a", "c", KEY, True), ["c"], SAME),
    (maps.map_get_by_value("m", 10, KEY), ["b"], SAME),
    (maps.map_get_by_value("m", 10, KEY, True), ["a", "c"], SAME),
    (maps.map_get_by_value_list("m", [10, 30], KEY), ["a", "b"], SAME),
    (maps.map_get_by_value_list("m", [10, 30], KEY, True), ["c"], SAME),
    (
        maps.map_get_by_value_range("m", 10, 30, KEY_VALUE),
        ["b", 10, "c", 20],
        SAME,
    ),
    (maps.map_get_by_value_range("m", 10, 30, COUNT, True), 1, SAME),
    (maps.map_get_by_index("m", -1, KEY), "c", SAME),
    (maps.map_get_by_index_range("m", 0, 2, VALUE), [30, 10], SAME),
    (maps.map_get_by_index_range("m", 0, 2, VALUE, True), [20], SAME),
    (maps.map_get_by_rank("m", 0, KEY), "b", SAME),
    (maps.map_get_by_rank_range("m", 1, 2, KEY), ["c", "a"], SAME),
    (maps.map_get_by_rank_range("m", 1, 2, KEY, True), ["b"], SAME),
    (
        maps.map_get_by_key_index_range_relative("m", "b", -1, KEY, 2),
        ["a", "b"],
        SAME,
    ),
    (maps.map_get_by_key_index_range_relative("m", "b", 0, KEY), ["b", "c"], SAME),
    (
        maps.map_get_by_value_rank_range_relative("m", 15, 0, KEY, 1, True),
        ["a", "b"],
        SAME,
    ),
    (maps.map_get_by_value_rank_range_relative("m", 20, 0, VALUE), [20, 30], SAME),
    (
        maps.map_get_by_key_range("m", "a", "c", aerospike.MAP_RETURN_UNORDERED_MAP),
        {"a": 30, "b": 10},
        SAME,
    ),
    (
        maps.map_get_by_rank_range("m", 0, 2, aerospike.MAP_RETURN_ORDERED_MAP),
        {"b": 10, "c": 20},
        SAME,
    ),
    (maps.map_get_by_key("m", "x", aerospike.MAP_RETURN_EXISTS), False, SAME),
    (maps.map_remove_by_key("m", "a", VALUE), 30, {"b": 10, "c": 20}),
    (maps.map_remove_by_key("m", "x", COUNT), 0, SAME),
    (maps.map_remove_by_key_list("m", ["a", "c"], VALUE), [30, 20], {"b": 10}),
    (maps.map_remove_by_key_range("m", "a", "c", COUNT), 2, {"c": 20}),
    (maps.map_remove_by_key_range("m", "a", "c", COUNT, True), 1, {"a": 30, "b": 10}),
    (maps.map_remove_by_value("m", 10, KEY), ["b"], {"a": 30, "c": 20}),
    (maps.map_remove_by_value_list("m", [10, 20], KEY), ["b", "c"], {"a": 30}),
    (maps.map_remove_by_value_range("m", 10, 30, NONE), None, {"a": 30}),
    (maps.map_remove_by_index("m", 0, KEY), "a", {"b": 10, "c": 20}),
    (maps.map_remove_by_index_range("m", 1, 2, KEY), ["b", "c"], {"a": 30}),
    (maps.map_remove_by_rank("m", 0, KEY), "b", {"a": 30, "c": 20}),
    (maps.map_remove_by_rank_range("m", 0, 2, INDEX), [1, 2], {"a": 30}),
    (
        maps.map_remove_by_key_index_range_relative("m", "b", 0, KEY, 1),
        ["b"],
        {"a": 30, "c": 20},
    ),
    (
        maps.map_remove_by_value_rank_range_relative("m", 20, 0, COUNT),
        2,
        {"b": 10},
    ),
]

# the same, as the 2.x manual writes them
MINE = {"age": 97, "i": 100, "name": 98, "rank": 1, "serial": 2}


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in MINE.items() if key not in keys}


DICTS: list[tuple[dict[str, Any], Any, dict[Any, Any]]] = [
    (
        {
            "op": aerospike.OP_MAP_SET_POLICY,
            "bin": "my_map",
            "map_policy": {
                "map_write_mode": aerospike.MAP_UPDATE,
                "map_order": aerospike.MAP_KEY_VALUE_ORDERED,
            },
        },
        None,
        MINE,
    ),
    (
        {"op": aerospike.OP_MAP_PUT, "bin": "my_map", "key": "age", "val": 97},
        5,
        MINE,
    ),
    (
        {
            "op": aerospike.OP_MAP_PUT_ITEMS,
            "bin": "my_map",
            "val": {"name": "bubba", "occupation": "dancer"},
        },
        6,
        MINE | {"name": "bubba", "occupation": "dancer"},
    ),
    (
        {"op": aerospike.OP_MAP_INCREMENT, "bin": "my_map", "key": "age", "val": 1},
        98,
        MINE | {"age": 98},
    ),
    (
        {"op": aerospike.OP_MAP_DECREMENT, "bin": "my_map", "key": "age", "val": 1},
        96,
        MINE | {"age": 96},
    ),
    ({"op": aerospike.OP_MAP_SIZE, "bin": "my_map"}, 5, MINE),
    ({"op": aerospike.OP_MAP_CLEAR, "bin": "my_map"}, None, {}),
    (
        {
            "op": aerospike.OP_MAP_REMOVE_BY_KEY,
            "bin": "my_map",
            "key": "age",
            "return_type": aerospike.MAP_RETURN_VALUE,
        },
        97,
        without("age"),
    ),
    (
        {
            "op": aerospike.OP_MAP_REMOVE_BY_KEY_LIST,
            "bin": "my_map",
            "val": ["name", "rank", "serial"],
        },
        None,
        without("name", "rank", "serial"),
    ),
    (
        {
            "op": aerospike.OP_MAP_REMOVE_BY_KEY_RANGE,
            "bin": "my_map",
            "key": "i",
            "val": "j",
            "return_type": aerospike.MAP_RETURN_KEY_VALUE,
        },
        ["i", 100],
        without("i"),
    ),
    (
        {
            "op": aerospike.OP_MAP_REMOVE_BY_VALUE,
            "bin": "my_map",
            "val": 97,
            "return_type": aerospike.MAP_RETURN_KEY,
        },
        ["age"],
        without("age"),
    ),
    (
        {
            "op": aerospike.OP_MAP_REMOVE_BY_VALUE_LIST,
            "bin": "my_map",
            "val": [97, 98, 99],
            "return_type": aerospike.MAP_RETURN_KEY,
        },
        ["age", "name"],
        without("age", "name"),
    ),
    (
        {
            "op": aerospike.OP_MAP_REMOVE_BY_VALUE_RANGE,
            "bin": "my_map",
            "val": 97,
            "range": 100,
            "return_type": aerospike.MAP_RETURN_KEY,
        },
        ["age", "name"],
        without("age", "name"),
    ),
    (
        {
            "op": aerospike.OP_MAP_REMOVE_BY_INDEX,
            "bin": "my_map",
            "index": 0,
            "return_type": aerospike.MAP_RETURN_KEY_VALUE,
        },
        ["age", 97],
        without("age"),
    ),
    (
        {
            "op": aerospike.OP_MAP_REMOVE_BY_INDEX_RANGE,
            "bin": "my_map",
            "index": 0,
            "val": 2,
            "return_type": aerospike.MAP_RETURN_KEY_VALUE,
        },
        ["age", 97, "i", 100],
        without("age", "i"),
    ),
    (
        {"op": aerospike.OP_MAP_REMOVE_BY_RANK, "bin": "my_map", "index": 4},
        None,
        without("i"),
    ),
    (
        {
            "op": aerospike.OP_MAP_REMOVE_BY_RANK_RANGE,
            "bin": "my_map",
            "index": 10,
            "val": 2,
            "return_type": aerospike.MAP_RETURN_KEY_VALUE,
        },
        [],
        MINE,
    ),
    (
        {
            "op": aerospike.OP_MAP_GET_BY_KEY,
            "bin": "my_map",
            "key": "age",
            "return_type": aerospike.MAP_RETURN_KEY_VALUE,
        },
        ["age", 97],
        MINE,
    ),
    (
        {
            "op": aerospike.OP_MAP_GET_BY_KEY_RANGE,
            "bin": "my_map",
            "key": "i",
            "range": "j",
            "return_type": aerospike.MAP_RETURN_KEY_VALUE,
        },
        ["i", 100],
        MINE,
    ),
    (
        {
            "op": aerospike.OP_MAP_GET_BY_VALUE,
            "bin": "my_map",
            "val": 97,
            "return_type": aerospike.MAP_RETURN_KEY,
        },
        ["age"],
        MINE,
    ),
    (
        {
            "op": aerospike.OP_MAP_GET_BY_VALUE_RANGE,
            "bin": "my_map",
            "val": 97,
            "range": 100,
            "return_type": aerospike.MAP_RETURN_KEY,
        },
        ["age", "name"],
        MINE,
    ),
    (
        {
            "op": aerospike.OP_MAP_GET_BY_INDEX,
            "bin": "my_map",
            "index": 0,
            "return_type": aerospike.MAP_RETURN_KEY_VALUE,
        },
        ["age", 97],
        MINE,
    ),
    (
        {
            "op": aerospike.OP_MAP_GET_BY_INDEX_RANGE,
            "bin": "my_map",
            "index": 0,
            "val": 2,
            "return_type": aerospike.MAP_RETURN_KEY_VALUE,
        },
        ["age", 97, "i", 100],
        MINE,
    ),
    ({"op": aerospike.OP_MAP_GET_BY_RANK, "bin": "my_map", "index": 1}, None, MINE),
    (
        {
            "op": aerospike.OP_MAP_GET_BY_RANK_RANGE,
            "bin": "my_map",
            "index": 10,
            "val": 2,
            "return_type": aerospike.MAP_RETURN_KEY_VALUE,
        },
        [],
        MINE,
    ),
]

ERRORS = [
    (maps.map_put("m", "a", 1, flags("CREATE_ONLY")), exception.ElementExistsError, 24),
    (
        maps.map_put("m", "x", 1, flags("UPDATE_ONLY")),
        exception.ElementNotFoundError,
        23,
    ),
    (
        maps.map_put_items("m", {"x": 1, "a": 1}, flags("CREATE_ONLY")),
        exception.ElementExistsError,
        24,
    ),
    (maps.map_get_by_index("m", 3, KEY), exception.OpNotApplicable, 26),
    (maps.map_remove_by_rank("m", -4, KEY), exception.OpNotApplicable, 26),
    (maps.map_get_by_key_list("m", ["a"], RANK), exception.OpNotApplicable, 26),
    (maps.map_increment("m", "a", 1) | {"val": "1"}, exception.InvalidRequest, 4),
    (maps.map_put("n", "a", 1), exception.BinIncompatibleType, 12),
    (maps.map_size("l"), exception.BinIncompatibleType, 12),
]


@pytest.mark.parametrize(("operation", "result", "left"), HELPERS + DICTS)
def test_results(client, key, operation, result, left):
    name = operation["bin"]
    client.put(key, {name: START if name == "m" else MINE})
    ordered = client.operate_ordered(key, [operation])
    assert ordered[2] == [(name, result)]
    assert client.get(key)[2][name] == left


@pytest.mark.parametrize(("operation", "cls", "code"), ERRORS)
def test_errors_change_nothing(client, key, operation, cls, code):
    bins = {"m": START, "n": 1, "l": [1]}
    client.put(key, bins)
    with pytest.raises(cls) as caught:
        client.operate(key, [maps.map_put("other", 1, 1), operation])
    assert caught.value.code == code
    assert client.get(key)[1:] == ({"ttl": 4294967295, "gen": 1}, bins)


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize(
    ("operation", "left"),
    [
        (maps.map_put("m", "b", 1), {"b": 1}),
        (maps.map_put_items("m", {"b": 1, "a": 2}), {"a": 2, "b": 1}),
        (maps.map_increment("m", "n", 1), {"n": 1}),
        (maps.map_decrement("m", "n", 1), {"n": -1}),
        (maps.map_set_policy("m", {}), {}),
    ],
)
def test_missing_bin_is_made_of_the_order_of_the_policy(
    client, key, operation, left, order
):
    client.operate(key, [operation | {"map_policy": {"map_order": order}}])
    found = client.get(key)[2]["m"]
    assert found == left
    assert list(found) == sorted(left)
    assert isinstance(found, aerospike.KeyOrderedDict) == (order == 1)


def test_map_create_makes_an_empty_map(client, key):
    client.operate(key, [maps.map_create("m", aerospike.MAP_KEY_ORDERED, True)])
    found = client.get(key)[2]["m"]
    assert found == {}
    assert isinstance(found, aerospike.KeyOrderedDict)


@pytest.mark.parametrize(
    "operation",
    [
        maps.map_size("m"),
        maps.map_get_by_key("m", "a", VALUE),
        maps.map_get_by_rank_range("m", 0, 1, VALUE),
        maps.map_remove_by_key("m", "a", VALUE),
        maps.map_clear("m"),
    ],
)
def test_missing_bin_is_none(client, key, operation):
    client.put(key, {"n": 1})
    assert client.operate(key, [operation])[2] == {"m": None}
    assert client.get(key)[2] == {"n": 1}


@pytest.mark.parametrize(
    ("mode", "there", "missing"),
    [
        (aerospike.MAP_UPDATE, 3, 4),
        (aerospike.MAP_UPDATE_ONLY, 3, exception.ElementNotFoundError),
        (aerospike.MAP_CREATE_ONLY, exception.ElementExistsError, 4),
    ],
)
def test_older_write_modes(client, key, mode, there, missing):
    for map_key, wanted in (("a", there), ("x", missing)):
        client.put(key, {"m": START})
        operation = maps.map_put("m", map_key, 1, {"map_write_mode": mode})
        if isinstance(wanted, int):
            assert client.operate(key, [operation])[2] == {"m": wanted}
        else:
            with pytest.raises(wanted):
                client.operate(key, [operation])


# method, arguments after key and bin, result, the map afterwards
DIRECT: list[tuple[str, tuple[Any, ...], Any, dict[Any, Any]]] = [
    ("map_set_policy", ({"map_order": 1},), 0, SAME),
    ("map_put", ("d", 5), 0, START | {"d": 5}),
    ("map_put_items", ({"d": 5},), 0, START | {"d": 5}),
    ("map_increment", ("a", 5), 0, START | {"a": 35}),
    ("map_decrement", ("a", 5), 0, START | {"a": 25}),
    ("map_size", (), 3, SAME),
    ("map_clear", (), 0, {}),
    ("map_remove_by_key", ("a", VALUE), 30, {"b": 10, "c": 20}),
    (
        "map_remove_by_key_list",
        (["a", "b"], KEY_VALUE),
        [("a", 30), ("b", 10)],
        {"c": 20},
    ),
    ("map_remove_by_key_range", ("a", "c", KEY), ["a", "b"], {"c": 20}),
    ("map_remove_by_value", (10, KEY), ["b"], {"a": 30, "c": 20}),
    ("map_remove_by_value_list", ([10, 20], COUNT), 2, {"a": 30}),
    ("map_remove_by_value_range", (10, 30, VALUE), [10, 20], {"a": 30}),
    ("map_remove_by_index", (0, KEY_VALUE), [("a", 30)], {"b": 10, "c": 20}),
    ("map_remove_by_index_range", (0, 2, KEY), ["a", "b"], {"c": 20}),
    ("map_remove_by_rank", (0, KEY), "b", {"a": 30, "c": 20}),
    ("map_remove_by_rank_range", (0, 2, NONE), None, {"a": 30}),
    ("map_get_by_key", ("a", VALUE), 30, SAME),
    ("map_get_by_key", ("x", KEY_VALUE), [], SAME),
    ("map_get_by_key_list", (["a"], KEY_VALUE), [("a", 30)], SAME),
    ("map_get_by_key_range", ("a", "c", KEY_VALUE), [("a", 30), ("b", 10)], SAME),
    ("map_get_by_value", (10, KEY), ["b"], SAME),
    ("map_get_by_value_list", ([10], KEY), ["b"], SAME),
    ("map_get_by_value_range", (10, 30, COUNT), 2, SAME),
    ("map_get_by_index", (0, VALUE), 30, SAME),
    ("map_get_by_index_range", (0, 2, VALUE), [30, 10], SAME),
    ("map_get_by_rank", (0, KEY), "b", SAME),
    ("map_get_by_rank_range", (0, 2, KEY_VALUE), [("b", 10), ("c", 20)], SAME),
]


@pytest.mark.parametrize(("method", "args", "result", "left"), DIRECT)
def test_direct_methods(client, key, method, args, result, left):
    client.put(key, {"m": START})
    assert getattr(client, method)(key, "m", *args) == result
    assert client.get(key)[2]["m"] == left


@pytest.mark.parametrize(
    ("method", "args", "result"),
    [
        ("map_size", (), 0),
        ("map_get_by_key", ("a", VALUE), None),
        ("map_get_by_key_range", ("a", "b", KEY_VALUE), None),
        ("map_remove_by_rank", (0, VALUE), None),
        ("map_clear", (), 0),
    ],
)
def test_direct_methods_of_a_missing_bin(client, key, method, args, result):
    client.put(key, {"n": 1})
    assert getattr(client, method)(key, "m", *args) == result


def test_direct_methods_take_a_map_policy(client, key):
    ordered = {"map_order": aerospike.MAP_KEY_ORDERED}
    client.map_put(key, "m", "b", 1, ordered)
    assert isinstance(client.get(key)[2]["m"], aerospike.KeyOrderedDict)
    create_only = {"map_write_mode": aerospike.MAP_CREATE_ONLY}
    with pytest.raises(exception.ElementExistsError):
        client.map_put(key, "m", "b", 2, map_policy=create_only)
    client.map_put_items(key, "m", {"a": 1}, create_only, {"ttl": 500})
    assert client.get(key)[2]["m"] == {"a": 1, "b": 1}
    assert 495 <= client.get(key)[1]["ttl"] <= 500


def test_no_result_is_lost_at_the_limit_of_recursion(client, key):
    """A direct method raises before its operation is done, or gives its result."""

    def at(depth, call):
        return call() if depth == 0 else at(depth - 1, call)

    n_refused = 0
    for depth in range(900, sys.getrecursionlimit()):
        client.put(key, {"m": {"a": 1, "b": 2}})
        try:
            at(depth, lambda: client.map_remove_by_key(key, "m", "a", KEY_VALUE))
        except RecursionError:
            n_refused += 1
            assert client.get(key)[2]["m"] == {"a": 1, "b": 2}, depth
    assert n_refused
