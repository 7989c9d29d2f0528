"""Replies that make no sense: an error of the client, and the next call works."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aerospike
from aerospike import exception

from ..children import run_script
from ..waiting import Watch, patient
from .peer import ADMIN, INFO, MESSAGE, OK_REPLY, READ, WRITE, frame, reply

KEY = ("test", "demo", 1)
INTEGER, STRING, BLOB, BOOL, MAP, LIST, GEOJSON = 1, 3, 4, 17, 19, 20, 23


def message(*, size=22, n_fields=0, n_ops=0, rest=b""):
    """A message whose counts may be lies."""
    head = struct.pack(">BBBBBBIIIHH", size, 0, 0, 0, 0, 0, 1, 0, 0, n_fields, n_ops)
    return frame(MESSAGE, head + rest)


def op(name=b"a", particle=INTEGER, value=bytes(8), *, size=None, name_size=None):
    size = 4 + len(name) + len(value) if size is None else size
    name_size = len(name) if name_size is None else name_size
    return struct.pack(">IBBBB", size, 1, particle, 0, name_size) + name + value


MALFORMED = {
    "another version": b"\1" + OK_REPLY[1:],
    "text": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "zeros": bytes(100),
    "ones": b"\xff" * 100,
    "info": frame(INFO, b"node\tA1\n"),
    "admin": frame(ADMIN, bytes(16)),
    "another type": frame(9, bytes(22)),
    "empty": frame(MESSAGE, b""),
    "short header": frame(MESSAGE, bytes(21)),
    "oversize": struct.pack(">Q", 2 << 56 | 3 << 48 | (129 << 20)) + bytes(100),
    "most oversize": struct.pack(">Q", 2 << 56 | 3 << 48 | (1 << 48) - 1) + bytes(100),
    "two replies": OK_REPLY + OK_REPLY,
    "a byte more": OK_REPLY + b"\0",
    "ops that are not there": message(n_ops=1),
    "65535 ops": message(n_ops=65535),
    "fields that are not there": message(n_fields=1),
    "65535 fields": message(n_fields=65535),
    "field beyond the end": message(n_fields=1, rest=b"\xff\xff\xff\xff\0"),
    "field of no size": message(n_fields=1, rest=b"\0\0\0\0\0"),
    "op beyond the end": message(n_ops=1, rest=op(size=2**31)),
    "op of no size": message(n_ops=1, rest=op(size=0)),
    "name longer than the op": message(n_ops=1, rest=op(name_size=200)),
    "integer of 3 bytes": message(n_ops=1, rest=op(value=bytes(3))),
    "integer of 9 bytes": message(n_ops=1, rest=op(value=bytes(9))),
    "double of 4 bytes": message(n_ops=1, rest=op(particle=2, value=bytes(4))),
    "bool of no bytes": message(n_ops=1, rest=op(particle=BOOL, value=b"")),
    "list of nothing": message(n_ops=1, rest=op(particle=LIST, value=b"")),
    "list cut": message(n_ops=1, rest=op(particle=LIST, value=b"\x93\1\2")),
    "list of 2^32": message(
        n_ops=1, rest=op(particle=LIST, value=b"\xdd" + b"\xff" * 4)
    ),
    "map of 2^32": message(n_ops=1, rest=op(particle=MAP, value=b"\xdf" + b"\xff" * 4)),
    "map in a list bin": message(n_ops=1, rest=op(particle=LIST, value=b"\x81\1\2")),
    "map cut": message(n_ops=1, rest=op(particle=MAP, value=b"\x81\1")),
    "text of 2^32": message(
        n_ops=1, rest=op(particle=LIST, value=b"\x91\xdb" + b"\xff" * 4)
    ),
    "deep list": message(n_ops=1, rest=op(particle=LIST, value=b"\x91" * 500_000)),
    "deep map": message(n_ops=1, rest=op(particle=MAP, value=b"\x81\1" * 500_000)),
    "reserved code": message(n_ops=1, rest=op(particle=LIST, value=b"\x91\xc1")),
    "list as a map key": message(n_ops=1, rest=op(particle=MAP, value=b"\x81\x90\1")),
    "map as a map key": message(n_ops=1, rest=op(particle=MAP, value=b"\x81\x80\1")),
    "GeoJSON nested without end": message(
        n_ops=1, rest=op(particle=GEOJSON, value=b"\0\0\0" + b'{"a":[' * 50_000)
    ),
    "GeoJSON of 1 byte": message(n_ops=1, rest=op(particle=GEOJSON, value=b"\0")),
    "GeoJSON of many cells": message(
        n_ops=1, rest=op(particle=GEOJSON, value=b"\0\xff\xff{}")
    ),
    "GeoJSON of no JSON": message(
        n_ops=1, rest=op(particle=GEOJSON, value=b"\0\0\0{nonsense")
    ),
    "GeoJSON of a number": message(
        n_ops=1, rest=op(particle=GEOJSON, value=b"\0\0\0005")
    ),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_reply_is_a_client_error(scripted_node, make_client, data):
    """No retry: what a node says in error it says again."""
    scripted_node.expect(READ).send(data)
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.ClientError) as caught, Watch() as watch:
        client.get(KEY)
    watch.assert_at_once()
    assert caught.value.in_doubt is False
    assert len(scripted_node.requests) == 1
    scripted_node.expect(READ).send(reply(0, [(b"a", INTEGER, bytes(7) + b"\5")]))
    assert client.get(KEY)[2] == {"a": 5}


FRAMES = {k: v for k, v in MALFORMED.items() if k in list(MALFORMED)[:12]}


@pytest.mark.parametrize("data", FRAMES.values(), ids=FRAMES)
def test_malformed_reply_leaves_a_write_in_doubt(scripted_node, make_client, data):
    scripted_node.expect(WRITE).send(data)
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.ClientError) as caught:
        client.put(KEY, {"a": 1}, None, {"max_retries": 3})
    error = caught.value
    assert (error.in_doubt, error.attempts) == (True, 1)
    assert (error.host, error.phase) == (scripted_node.text, "command")
    scripted_node.expect(WRITE).send(OK_REPLY)
    assert client.put(KEY, {"a": 1}) == 0


def test_huge_size_is_not_allocated(scripted_node):
    """127 MB are announced, 100 bytes sent: the wait ends with the timeout."""
    head = struct.pack(">Q", 2 << 56 | 3 << 48 | (127 << 20))
    scripted_node.expect(READ).send(head + bytes(100)).stay_silent()
    script = """
    client = aerospike.client({"hosts": hosts, **PATIENT})
    def peak_kb():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = peak_kb()
    try:
        client.get(KEY, {"total_timeout": 500, "max_retries": 0})
    except exception.TimeoutError:
        print(peak_kb() - before)
    """
    assert int(run_script(script, [scripted_node.host])) < 20 << 10


ODD_BUT_FINE = {
    # what another server might send, and what a caller then gets
    "bool of 2": ((b"a", BOOL, b"\2"), True),
    "null": ((b"a", 0, b""), None),
    "unknown type": ((b"a", 99, b"xyz"), b"xyz"),
    "no UTF-8": ((b"a", STRING, b"\xff\xfe"), "\udcff\udcfe"),
    "Java": ((b"a", 7, b"\xca\xfe"), b"\xca\xfe"),
    "empty list": ((b"a", LIST, b"\x90"), []),
    "ordered list": ((b"a", LIST, b"\x93\xc7\x00\x01\x01\x02"), [1, 2]),
    "unsigned": ((b"a", LIST, b"\x91\xcf" + b"\xff" * 8), [2**64 - 1]),
    "float 32": ((b"a", LIST, b"\x91\xca\x3f\x80\x00\x00"), [1.0]),
    "empty name": ((b"", INTEGER, bytes(8)), 0),
    "long name": ((b"n" * 200, INTEGER, bytes(8)), 0),
}


@pytest.mark.parametrize(("bin_", "value"), ODD_BUT_FINE.values(), ids=ODD_BUT_FINE)
def test_odd_reply_is_read(scripted_node, make_client, bin_, value):
    scripted_node.expect(READ).send(reply(0, [bin_]))
    found = make_client(hosts=[scripted_node.host]).get(KEY)[2]
    assert list(found.values()) == [value]


def test_unknown_fields_of_a_reply_are_passed_over(scripted_node, make_client):
    rest = struct.pack(">IB", 4, 99) + b"abc" + op(value=bytes(7) + b"\5")
    scripted_node.expect(READ).send(message(n_fields=1, n_ops=1, rest=rest))
    assert make_client(hosts=[scripted_node.host]).get(KEY)[2] == {"a": 5}


def test_nesting_up_to_1000_is_read(scripted_node, make_client):
    scripted_node.expect(READ).send(reply(0, [(b"a", LIST, b"\x91" * 1000 + b"\5")]))
    value = make_client(hosts=[scripted_node.host]).get(KEY)[2]["a"]
    for _ in range(1000):
        (value,) = value
    assert value == 5


GOOD = reply(
    0,
    [
        (b"i", INTEGER, bytes(7) + b"\5"),
        (b"s", STRING, "é".encode()),
        (b"l", LIST, b"\x95\1\xa2\3x\xc0\xcb" + bytes(8) + b"\x81\xa2\3k\x91\2"),
        (b"m", MAP, b"\x83\xc7\0\1\xc0\xa2\3a\1\xa2\3b\xc3"),
        (b"g", GEOJSON, b'\0\0\0{"type": "Point", "coordinates": [1, 2]}'),
        (b"b", BLOB, bytes(5)),
        (b"t", BOOL, b"\1"),
    ],
)


@pytest.fixture(scope="module")
def module_node():
    from .peer import ScriptedNode

    with ScriptedNode() as node:
        config = {"hosts": [node.host], "max_error_rate": 0}
        client = aerospike.client(patient(config))
        yield node, client
        client.close()


def test_reply_of_all_types_is_read(module_node):
    node, client = module_node
    node.default = GOOD
    found = client.get(KEY)[2]
    assert found["l"] == [1, "x", None, 0.0, {"k": [2]}]
    assert found["m"] == {"a": 1, "b": True}
    assert type(found["m"]) is aerospike.KeyOrderedDict


@settings(
    max_examples=400,
)
@given(
    changes=st.lists(
        st.tuples(st.integers(8, len(GOOD) - 1), st.integers(0, 255)),
        min_size=1,
        max_size=4,
    )
)
def test_changed_bytes_of_a_reply_are_safe(module_node, changes):
    """The size of the frame is right, all else may be anything."""
    node, client = module_node
    data = bytearray(GOOD)
    for at, value in changes:
        data[at] = value
    node.default = bytes(data)
    with contextlib.suppress(exception.AerospikeError, exception.AerospikeWarning):
        assert isinstance(client.get(KEY, {"max_retries": 0})[2], dict)


@settings(
    max_examples=200,
)
@given(
    body=st.binary(max_size=80), particle=st.sampled_from([MAP, LIST, GEOJSON, 2, 17])
)
def test_any_bytes_of_a_value_are_safe(module_node, body, particle):
    node, client = module_node
    node.default = reply(0, [(b"a", particle, body)])
    with contextlib.suppress(exception.AerospikeError):
        found = client.get(KEY, {"max_retries": 0})
        assert list(found[2]) == ["a"]


# what nodes say of the cluster


NONSENSE = {
    "node": ["", "\t", "x" * 30],
    "peers-generation": ["", "x", "-5", "9" * 30],
    "partition-generation": ["", "x", "9" * 30],
    "peers-clear-std": [
        "",
        "x",
        "1,2",
        "1,3000,[",
        "1,3000,[[]]",
        "1,3000,[[A,,[]]]",
        "1,3000,[[A2,,[1.2.3.4:x]]]",
        "1,3000," + "[" * 5000,
        "1,99999999,[]",
    ],
    "replicas": [
        "",
        "x",
        "test:",
        "test:0",
        "test:0,2",
        "test:0,1,!!!!",
        "test:x,1,AAAA",
        "test:0,99999,AAAA",
        "test:0,1," + "A" * 700,
        ":0,1,AAAA",
        ";;;",
        "x" * 5000,
    ],
    "service-clear-std": ["", "x", ",,,", "[" * 100],
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name in NONSENSE for text in NONSENSE[name]]
)
def test_nonsense_about_the_cluster_is_survived(scripted_node, make_client, name, text):
    """It makes a client without nodes or partitions, or one that works; no crash."""
    scripted_node.default = OK_REPLY
    scripted_node.info[name] = text
    client = make_client(hosts=[scripted_node.host], connect_timeout=300)
    try:
        client.get(KEY, {"total_timeout": 300})
    except exception.AerospikeError:
        return
    assert client.get_nodes() == [scripted_node.host]


def test_nonsense_after_a_good_start_does_not_stop_calls(scripted_node, make_client):
    scripted_node.default = OK_REPLY
    client = make_client(hosts=[scripted_node.host], tend_interval=250)
    client.get(KEY)
    scripted_node.info |= {"peers-generation": "7", "partition-generation": "8"}
    for name, texts in NONSENSE.items():
        if name not in ("node", "peers-generation", "partition-generation"):
            scripted_node.info[name] = texts[-1]
    for _ in range(3):
        scripted_node.wait_for_cycles(1)
        client.get(KEY)
    assert client.is_connected()
