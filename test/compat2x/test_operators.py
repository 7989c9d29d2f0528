"""The operations of the user's document of the 2.x line, which are dicts by hand.

`examples/operators.txt` has them word by word. The results are those of a server 8.1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import aerospike

MAP = {"age": 97, "born": 98, "class": 99, "i": 100, "id": 101, "j": 102} | {
    "name": 1,
    "occupation": 2,
    "rank": 3,
    "serial": 4,
    "t": 5,
    "z": 6,
}
EVENTS = [10, 11, 12, 13, 14, 15]
BINS: dict[str, Any] = {
    "name": "Peanut",
    "age": 30,
    "events": EVENTS,
    "my_map": MAP,
    "scores": {"b": 2, "a": 1},
}
NAMES = {"aerospike": aerospike, "Aerospike": aerospike, "Aeorspike": aerospike}
"""The document writes the module in three ways."""

TEXTS = (Path(__file__).parent / "examples" / "operators.txt").read_text().split("\n\n")
DICTS = [eval(text, dict(NAMES)) for text in TEXTS]


def without(*keys: str) -> dict[str, int]:
    return {key: value for key, value in MAP.items() if key not in keys}


# operation -> (what operate() gives, what the bin holds afterwards)
KEEPS = {
    "OPERATOR_READ": "Peanut",
    "OP_LIST_GET": 12,
    "OP_LIST_GET_RANGE": [12, 13, 14],
    "OP_LIST_SIZE": 6,
    "OP_MAP_SIZE": 12,
    "OP_MAP_PUT": 12,
    "OP_MAP_SET_POLICY": None,
    "OP_MAP_GET_BY_KEY": ["age", 97],
    "OP_MAP_GET_BY_KEY_RANGE": ["i", 100, "id", 101],
    "OP_MAP_GET_BY_VALUE": ["age"],
    "OP_MAP_GET_BY_VALUE_RANGE": ["age", "born", "class"],
    "OP_MAP_GET_BY_INDEX": ["age", 97],
    "OP_MAP_GET_BY_INDEX_RANGE": ["age", 97, "born", 98],
    "OP_MAP_GET_BY_RANK": None,
    "OP_MAP_GET_BY_RANK_RANGE": ["id", 101, "j", 102],
}
NOTHING = object()
"""operate() gives nothing."""
CHANGES: dict[str, tuple[Any, Any]] = {
    "OPERATOR_WRITE": (NOTHING, "Peanut"),
    "OPERATOR_APPEND": (NOTHING, "PeanutMr. "),
    "OPERATOR_PREPEND": (NOTHING, " Esq.Peanut"),
    "OPERATOR_INCR": (NOTHING, 31),
    "OP_LIST_APPEND": (7, [*EVENTS, 1234]),
    "OP_LIST_APPEND_ITEMS": (8, [*EVENTS, 123, 456]),
    "OP_LIST_INSERT": (7, [10, 11, 1234, 12, 13, 14, 15]),
    "OP_LIST_INSERT_ITEMS": (8, [10, 11, 123, 456, 12, 13, 14, 15]),
    "OP_LIST_POP": (12, [10, 11, 13, 14, 15]),
    "OP_LIST_POP_RANGE": ([12, 13, 14], [10, 11, 15]),
    "OP_LIST_REMOVE": (1, [10, 11, 13, 14, 15]),
    "OP_LIST_REMOVE_RANGE": (3, [10, 11, 15]),
    "OP_LIST_CLEAR": (NOTHING, []),
    "OP_LIST_SET": (NOTHING, [10, 11, "latest event at index 2", 13, 14, 15]),
    "OP_LIST_TRIM": (3, [12, 13, 14]),
    "OP_MAP_PUT_ITEMS": (12, {**MAP, "name": "bubba", "occupation": "dancer"}),
    "OP_MAP_INCREMENT": (98, {**MAP, "age": 98}),
    "OP_MAP_DECREMENT": (96, {**MAP, "age": 96}),
    "OP_MAP_CLEAR": (None, {}),
    "OP_MAP_REMOVE_BY_KEY": (97, without("age")),
    "OP_MAP_REMOVE_BY_KEY_LIST": (None, without("name", "rank", "serial")),
    "OP_MAP_REMOVE_BY_KEY_RANGE": (["i", 100, "id", 101], without("i", "id")),
    "OP_MAP_REMOVE_BY_VALUE": (["age"], without("age")),
    "OP_MAP_REMOVE_BY_VALUE_LIST": (
        ["age", "born", "class"],
        without("age", "born", "class"),
    ),
    "OP_MAP_REMOVE_BY_VALUE_RANGE": (
        ["age", "born", "class"],
        without("age", "born", "class"),
    ),
    "OP_MAP_REMOVE_BY_INDEX": (["age", 97], without("age")),
    "OP_MAP_REMOVE_BY_INDEX_RANGE": (["age", 97, "born", 98], without("age", "born")),
    "OP_MAP_REMOVE_BY_RANK": (None, without("id")),
    "OP_MAP_REMOVE_BY_RANK_RANGE": (["id", 101, "j", 102], without("id", "j")),
}


def operation_of(name: str) -> dict[str, Any]:
    """The dict of the document that has this operation."""
    found = [made for made in DICTS if made["op"] == getattr(aerospike, name)]
    assert len(found) == 1
    return found[0]


def test_every_operation_of_the_document_is_tried():
    tried = [*KEEPS, *CHANGES, "OPERATOR_TOUCH"]
    assert sorted(getattr(aerospike, name) for name in tried) == sorted(
        made["op"] for made in DICTS
    )


@pytest.mark.parametrize(("name", "result"), KEEPS.items())
def test_operation_reads(client, key, name, result):
    client.put(key, BINS)
    made = operation_of(name)
    assert client.operate(key, [made])[2] == {made["bin"]: result}
    assert client.get(key)[2] == BINS


@pytest.mark.parametrize(("name", "outcome"), CHANGES.items())
def test_operation_changes(client, key, name, outcome):
    client.put(key, BINS)
    made, (result, after) = operation_of(name), outcome
    expected = {} if result is NOTHING else {made["bin"]: result}
    assert client.operate(key, [made])[2] == expected
    assert client.get(key)[2] == {**BINS, made["bin"]: after}


def test_touch_may_stand_beside_a_read(client, key):
    client.put(key, BINS)
    before = client.exists(key)[1]["gen"]
    touch, read = operation_of("OPERATOR_TOUCH"), operation_of("OPERATOR_READ")
    assert client.operate(key, [touch, read])[2] == {"name": "Peanut"}
    assert client.exists(key)[1]["gen"] == before + 1
