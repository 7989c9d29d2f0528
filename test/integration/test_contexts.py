"""Operations inside nested lists and maps, and selections by path."""

from __future__ import annotations

from typing import Any

import pytest

import aerospike
from aerospike import KeyOrderedDict, exception
from aerospike_helpers import cdt_ctx
from aerospike_helpers.expressions import Eq
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import map_operations as maps
from aerospike_helpers.operations import operations as ops

VALUE, KEY = aerospike.MAP_RETURN_VALUE, aerospike.MAP_RETURN_KEY
LIST: list[Any] = [[1, [2, 3]], {"a": [9, 8], "b": [7]}, [0]]
MAP = {"x": [3, 1, 2], "y": {"k": 1, "l": {"deep": [5]}}, "z": 7}

index, rank, value = (
    cdt_ctx.cdt_ctx_list_index,
    cdt_ctx.cdt_ctx_list_rank,
    cdt_ctx.cdt_ctx_list_value,
)
map_index, map_rank, map_key, map_value = (
    cdt_ctx.cdt_ctx_map_index,
    cdt_ctx.cdt_ctx_map_rank,
    cdt_ctx.cdt_ctx_map_key,
    cdt_ctx.cdt_ctx_map_value,
)

# bin, context, the size of the list that it leads to, that list
PLACES: list[tuple[str, list[Any], int, list[Any]]] = [
    ("l", [index(0)], 2, LIST[0]),
    ("l", [index(-1)], 1, [0]),
    ("l", [rank(0)], 1, [0]),
    ("l", [value([0])], 1, [0]),
    ("l", [index(0), index(1)], 2, [2, 3]),
    ("l", [index(1), map_key("a")], 2, [9, 8]),
    ("l", [rank(-1), map_index(1)], 1, [7]),
    ("l", [index(1), map_rank(0)], 1, [7]),
    ("l", [index(1), map_value([9, 8])], 2, [9, 8]),
    ("m", [map_key("x")], 3, [3, 1, 2]),
    ("m", [map_index(0)], 3, [3, 1, 2]),
    ("m", [map_value([3, 1, 2])], 3, [3, 1, 2]),
    ("m", [map_key("y"), map_key("l"), map_key("deep")], 1, [5]),
    ("m", [map_index(-2), map_rank(-1), map_index(0)], 1, [5]),
]


@pytest.fixture
def record(client, key):
    client.put(key, {"l": LIST, "m": MAP, "n": 1})
    return key


@pytest.mark.parametrize(("name", "ctx", "size", "found"), PLACES)
def test_each_kind_of_level(client, record, name, ctx, size, found):
    operations = [
        lists.list_size(name, ctx=ctx),
        lists.list_get_range(name, 0, 9, ctx=ctx),
        lists.list_append(name, "new", ctx=ctx),
    ]
    results = client.operate_ordered(record, operations)[2]
    assert results == [(name, size), (name, found), (name, size + 1)]


def test_only_the_place_changes(client, record):
    ctx = [map_key("y"), map_key("l")]
    client.operate(record, [maps.map_put("m", "more", 1, ctx=ctx)])
    inner = {"k": 1, "l": {"deep": [5], "more": 1}}
    assert client.get(record)[2] == {"l": LIST, "m": MAP | {"y": inner}, "n": 1}


NOT_FOUND = [
    ("l", [index(3)], 26),
    ("l", [rank(-4)], 26),
    ("l", [value("nope")], 26),
    ("l", [map_key("a")], 26),
    ("l", [index(0), index(0), index(0)], 26),
    ("m", [map_key("nope")], 26),
    ("m", [map_index(3)], 26),
    ("m", [map_rank(3)], 26),
    ("m", [map_value(8)], 26),
    ("m", [index(0)], 26),
    ("m", [map_key("z")], 12),
    ("l", [index(1)], 12),
    ("n", [index(0)], 4),
]


@pytest.mark.parametrize(("name", "ctx", "code"), NOT_FOUND)
@pytest.mark.parametrize(
    "operation",
    [lists.list_size("?"), lists.list_append("?", 1)],
    ids=["read", "write"],
)
def test_place_that_is_not_there(client, record, name, ctx, code, operation):
    with pytest.raises(exception.AerospikeError) as caught:
        client.operate(record, [operation | {"bin": name, "ctx": ctx}])
    assert caught.value.code == code
    assert client.get(record)[2] == {"l": LIST, "m": MAP, "n": 1}


def test_empty_context_is_the_bin(client, record):
    assert client.operate(record, [lists.list_size("l", ctx=[])])[2] == {"l": 3}


def test_missing_bin(client, record):
    assert client.operate(record, [lists.list_size("?", ctx=[index(0)])])[2] == {}
    with pytest.raises(exception.OpNotApplicable):
        client.operate(record, [lists.list_append("?", 1, ctx=[index(0)])])


index_create, key_create = (
    cdt_ctx.cdt_ctx_list_index_create,
    cdt_ctx.cdt_ctx_map_key_create,
)

# context of an append of 5, the bin that it makes
CREATED: list[tuple[list[Any], Any]] = [
    ([key_create("q")], {"q": [5]}),
    ([key_create("q", aerospike.MAP_KEY_ORDERED)], KeyOrderedDict({"q": [5]})),
    ([key_create("q", aerospike.MAP_KEY_VALUE_ORDERED)], {"q": [5]}),
    ([index_create(0)], [[5]]),
    ([index_create(2, pad=True)], [None, None, [5]]),
    ([index_create(2, aerospike.LIST_ORDERED)], [[5]]),
    (
        [key_create("q"), key_create("r", aerospike.MAP_KEY_ORDERED), key_create(1)],
        {"q": KeyOrderedDict({"r": {1: [5]}})},
    ),
    ([key_create("q"), index_create(0), key_create("w")], {"q": [{"w": [5]}]}),
]


@pytest.mark.parametrize(("ctx", "made"), CREATED)
def test_levels_that_create(client, key, ctx, made):
    client.operate(key, [lists.list_append("new", 5, ctx=ctx)])
    found = client.get(key)[2]["new"]
    assert found == made
    assert type(found) is type(made)


def test_levels_that_create_find_what_is_there(client, record):
    ctx = [key_create("y"), key_create("l"), key_create("deep")]
    assert client.operate(record, [lists.list_append("m", 6, ctx=ctx)])[2] == {"m": 2}


def test_level_beyond_the_end_is_not_created_without_pad(client, record):
    with pytest.raises(exception.OpNotApplicable):
        client.operate(record, [lists.list_append("l", 1, ctx=[index_create(9)])])
    padded = [index_create(4, pad=True)]
    client.operate(record, [lists.list_append("l", 1, ctx=padded)])
    assert client.get(record)[2]["l"] == [*LIST, None, [1]]


def test_create_operations_make_nested_containers(client, key):
    in_q, in_r = [map_key("q")], [map_key("r")]
    client.operate(
        key,
        [
            maps.map_create("m", aerospike.MAP_KEY_ORDERED, False),
            lists.list_create("m", aerospike.LIST_ORDERED, False, False, in_q),
            maps.map_create("m", aerospike.MAP_UNORDERED, False, in_r),
            lists.list_append_items("m", [2, 1], ctx=in_q),
        ],
    )
    assert client.get(key)[2] == {"m": {"q": [1, 2], "r": {}}}


# selections by path

every = cdt_ctx.cdt_ctx_all_children()
keys_in = cdt_ctx.cdt_ctx_map_keys_in
BOOKS: dict[str, dict[str, Any]] = {
    "a": {"title": "A", "price": 5},
    "b": {"title": "B", "price": 9},
    "c": {"title": "C"},
}
PATH_VALUE, TREE, PATH_KEY, PAIRS = (
    aerospike.EXP_PATH_SELECT_VALUE,
    aerospike.EXP_PATH_SELECT_MATCHING_TREE,
    aerospike.EXP_PATH_SELECT_MAP_KEY,
    aerospike.EXP_PATH_SELECT_MAP_KEY_VALUE,
)
NEVER = Eq(1, 2).compile()
ALWAYS = Eq(1, 1).compile()

SELECTED: list[tuple[list[Any], int, Any]] = [
    ([every, map_key("price")], PATH_VALUE, [5, 9]),
    ([every, every], PATH_KEY, ["price", "title", "price", "title", "title"]),
    ([keys_in(["c", "a", "nope"]), map_key("title")], PATH_VALUE, ["A", "C"]),
    ([keys_in(["b"]), every], PAIRS, ["price", 9, "title", "B"]),
    ([every, map_key("price")], TREE, {"a": {"price": 5}, "b": {"price": 9}, "c": {}}),
    ([map_key("a")], PATH_VALUE, [BOOKS["a"]]),
    ([map_key("nope"), every], PATH_VALUE, []),
    ([keys_in([]), every], PATH_VALUE, []),
    (
        [cdt_ctx.cdt_ctx_all_children_with_filter(ALWAYS), map_key("price")],
        PATH_VALUE,
        [5, 9],
    ),
    ([cdt_ctx.cdt_ctx_all_children_with_filter(NEVER)], PATH_VALUE, []),
    (
        [keys_in(["a", "b"]), cdt_ctx.cdt_ctx_and_filter(NEVER), every],
        PATH_VALUE,
        [],
    ),
]


@pytest.fixture
def shelf(client, key):
    client.put(key, {"books": BOOKS, "n": 1})
    return key


@pytest.mark.parametrize(("path", "flags", "found"), SELECTED)
def test_select_by_path(client, shelf, path, flags, found):
    operation = ops.select_by_path("books", path, flags)
    assert client.operate(shelf, [operation])[2] == {"books": found}
    assert client.get(shelf)[1]["gen"] == 1


def test_select_by_path_of_a_missing_bin_has_no_result(client, shelf):
    assert client.operate(shelf, [ops.select_by_path("?", [every], 1)])[2] == {}


@pytest.mark.parametrize(
    ("name", "path", "flags", "code"),
    [
        ("n", [every], PATH_VALUE, 12),
        ("books", [index(0)], PATH_VALUE, 4),
        ("books", [every], 7, 4),
        ("books", [], PATH_VALUE, 4),
    ],
)
def test_select_by_path_that_fails(client, shelf, name, path, flags, code):
    with pytest.raises(exception.AerospikeError) as caught:
        client.operate(shelf, [ops.select_by_path(name, path, flags)])
    assert caught.value.code == code


def test_modify_by_path(client, shelf):
    path = [every, map_key("price")]
    default = aerospike.EXP_PATH_MODIFY_DEFAULT
    operation = ops.modify_by_path("books", path, ALWAYS, default)
    assert client.operate(shelf, [operation])[2] == {}
    changed = {
        k: v | ({"price": True} if "price" in v else {}) for k, v in BOOKS.items()
    }
    assert client.get(shelf)[2]["books"] == changed


def test_modify_by_path_of_a_missing_bin_fails(client, shelf):
    operation = ops.modify_by_path("?", [every], ALWAYS, 0)
    with pytest.raises(exception.BinIncompatibleType):
        client.operate(shelf, [operation])
