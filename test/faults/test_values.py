"""Values as no server sends them: what a peer says of sizes and types is only a claim."""

from __future__ import annotations

import pickle
import struct

import pytest

from .peer import MESSAGE, frame


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
