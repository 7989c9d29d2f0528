"""Values as no server sends them: sizes and types that a peer tells are claims."""

from __future__ import annotations

import pickle
import struct
from typing import Any

import pytest

from aerospike import KeyOrderedDict

from .confined import Confined
from .peer import MESSAGE, frame, reply

MAP, LIST = 19, 20


@pytest.mark.parametrize(
    ("particle", "value", "shown"),
    [
        (3, b"\xff", b"\xff"),
        (3, b"a\0b", "a\0b"),
        (4, b"", bytearray()),
        (1, b"\1", bytearray(b"\1")),
        (2, struct.pack(">d", 1.5), 1.5),
        (7, pickle.dumps(()), bytearray(pickle.dumps(()))),
        (20, b"\x91\x01", bytearray(b"\x91\x01")),
    ],
)
def test_stored_key_of_any_type_is_read(
    scripted_node, make_client, particle, value, shown
):
    digest = bytes(19) + b"\1"
    field = struct.pack(">IBB", 2 + len(value), 2, particle) + value
    fields = struct.pack(">IB", 21, 4) + digest + field
    head = struct.pack(">BBBBBBIIIHH", 22, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0)
    done = struct.pack(">BBBBBBIIIHH", 22, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
    scripted_node.default = frame(MESSAGE, head + fields + done)
    client = make_client(hosts=[scripted_node.host])
    ((found, _, _),) = client.scan("test", "demo").results()
    assert type(found[2]) is type(shown)
    assert found == ("test", None, shown, digest)


def lying(tag: int, pair: int, size: int) -> bytes:
    """Lists or maps in each other, of which each says that it fills the rest."""
    out = bytearray()
    for _ in range(990):
        out += struct.pack(">BI", tag, (size - len(out) - 5) // pair)
        out += b"\1" * (pair - 1)  # the key, in a map
    return bytes(out) + bytes(size - len(out))


LYING = {
    "lists": (LIST, lying(0xDD, 1, 200_000)),
    "maps": (MAP, lying(0xDF, 2, 200_000)),
    # the last of each container holds the next one: nothing is freed meanwhile
    "empty": (LIST, struct.pack(">BI", 0xDD, 199_995) + b"\xdd" * 199_995),
}


@pytest.mark.measures
@pytest.mark.parametrize(("particle", "data"), LYING.values(), ids=LYING)
def test_counts_that_lie_take_neither_memory_nor_time(scripted_node, particle, data):
    scripted_node.default = reply(0, [(b"a", particle, data)])
    with Confined(scripted_node.port, megabytes=300) as client:
        found = client.read()
        assert found["type"] == "ClientError"
        assert "malformed" in found["value"]
        assert found["cpu_s"] < 1
        assert found["peak_mb"] < 50


def every_count(n: int) -> list[Any]:
    """Containers whose items take one byte each, as many as can be."""
    return [[], {}, [0] * n, [[]] * n, [{}] * n, [[[0] * n]], {0: [0] * n}]


@pytest.mark.parametrize("n", [1, 15, 16, 1000])
def test_containers_of_the_smallest_items_are_read(client, key, n):
    value = every_count(n)
    client.put(key, {"l": value, "m": {1: value}, "o": KeyOrderedDict({1: value})})
    assert client.get(key)[2] == {"l": value, "m": {1: value}, "o": {1: value}}
