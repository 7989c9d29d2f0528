"""What a caller changes while a call waits for the network has no effect on the call.

The scripted node changes the arguments when it has the request, and answers then.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations as ops

from .peer import MESSAGE, OK_REPLY, ScriptedNode, frame

FIELD_SET, FIELD_KEY, FIELD_DIGEST = 1, 2, 4
LAST = frame(MESSAGE, struct.pack(">BBBBBBIIIHH", 22, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0))
SEND_KEY = {"key": 1, "max_retries": 0}


def fresh(text: str) -> str:
    """A str that nothing else refers to."""
    return "".join(list(text))


def new_key() -> dict[str, Any]:
    """A key as a dict, whose entries live as long as they are in it."""
    names = {"ns": "test", "set": "some set", "key": "some key"}
    return {name: fresh(text) for name, text in names.items()}


def empty(key: dict[str, Any]) -> list[str]:
    """Empty a key; what took the memory of its entries, if they went."""
    key.clear()
    return [fresh(text) for text in ["XXXX", "XXXXXXXX"] for _ in range(1000)]


def change_in_wait(
    node: ScriptedNode, change: Callable[[], object], answer: bytes
) -> None:
    kept: list[object] = []
    node.expect().do(lambda _node, _sock: kept.append(change())).send(answer)


CALLS_ON_ONE = {
    "get": lambda client, key: client.get(key, SEND_KEY)[0],
    "select": lambda client, key: client.select(key, ["n"])[0],
    "exists": lambda client, key: client.exists(key)[0],
    "operate": lambda client, key: client.operate(key, [ops.read("n")])[0],
}
CALLS_ON_MANY = {
    "batch_read": lambda client, key: client.batch_read([key]).batch_records[0].key,
    "batch_operate": lambda client, key: (
        client.batch_operate([key], [ops.increment("n", 1)]).batch_records[0].key
    ),
    "get_many": lambda client, key: client.get_many([key])[0][0],
    "exists_many": lambda client, key: client.exists_many([key])[0][0],
    "select_many": lambda client, key: client.select_many([key], ["n"])[0][0],
}


@pytest.mark.parametrize("name", [*CALLS_ON_ONE, *CALLS_ON_MANY])
def test_key_emptied_while_waiting_is_given_back(scripted_node, make_client, name):
    key, call = new_key(), {**CALLS_ON_ONE, **CALLS_ON_MANY}[name]
    answer = OK_REPLY if name in CALLS_ON_ONE else OK_REPLY + LAST
    change_in_wait(scripted_node, lambda: empty(key), answer)
    client = make_client(hosts=[scripted_node.host])
    assert call(client, key)[:3] == ("test", "some set", "some key")
    assert key == {}


@pytest.mark.parametrize("given", [bytearray(b"some key"), {"key": bytearray(b"12")}])
def test_bytearray_changed_while_waiting_was_sent_as_it_was(
    scripted_node, make_client, given
):
    key: Any = ("test", "some set", given)
    held = given
    if isinstance(given, dict):
        key, held = {"ns": "test", "set": "some set", **given}, given["key"]
    before = bytes(held)
    change_in_wait(scripted_node, held.clear, OK_REPLY)
    client = make_client(hosts=[scripted_node.host])
    assert client.get(key, SEND_KEY)[0][2] is held
    (request,) = scripted_node.requests
    assert request.fields[FIELD_KEY] == b"\x04" + before
    assert held == b""


def test_value_changed_while_waiting_was_sent_as_it_was(scripted_node, make_client):
    value = bytearray(b"x" * 1000)
    change_in_wait(scripted_node, value.clear, OK_REPLY)
    client = make_client(hosts=[scripted_node.host])
    assert client.put(("test", "some set", 1), {"b": value}) == 0
    assert scripted_node.requests[0].ops[0][3] == b"x" * 1000


def test_batch_record_changed_while_waiting_gets_its_result(scripted_node, make_client):
    record = Write(("test", "some set", 1), [ops.write("n", fresh("some value"))])
    records = BatchRecords([record])

    def change() -> None:
        records.batch_records.clear()
        record.ops.clear()
        record.key = None  # type: ignore[assignment]

    change_in_wait(scripted_node, change, OK_REPLY + LAST)
    client = make_client(hosts=[scripted_node.host])
    assert client.batch_write(records) is records
    assert (records.result, record.result) == (0, 0)
    assert record.record is not None
    assert record.record[0][:3] == ("test", "some set", 1)
