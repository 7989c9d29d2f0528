"""The codec by itself: byte vectors in both directions, the order of values, depth."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aerospike_devserver.codec.msgpack import MsgpackError, decode, encode
from aerospike_devserver.values.values import (
    Ext,
    Float32,
    ListValue,
    MapValue,
    compare,
    is_sorted,
)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def plain(value):
    """A value with containers as tuples, for comparison."""
    if isinstance(value, ListValue):
        return ("list", value.flags, [plain(item) for item in value.items])
    if isinstance(value, MapValue):
        pairs = zip(value.keys, value.values, strict=True)
        return ("map", value.flags, [(plain(k), plain(v)) for k, v in pairs])
    if isinstance(value, Ext):
        return ("ext", value.type, value.data)
    return (type(value).__name__, value)


def listing(*items, flags=0):
    return ListValue(list(items), flags)


def mapping(*pairs, flags=0):
    return MapValue([k for k, _ in pairs], [v for _, v in pairs], flags)


VECTORS = [
    ("c0", None),
    ("c3", True),
    ("c2", False),
    ("05", 5),
    ("7f", 127),
    ("ff", -1),
    ("e0", -32),
    ("cc80", 128),
    ("ccc8", 200),
    ("cd0100", 256),
    ("ce00010000", 65536),
    ("cf0000010000000000", 2**40),
    ("cf8000000000000000", 2**63),
    ("d0df", -33),
    ("d080", -128),
    ("d1ff7f", -129),
    ("d2ffff7fff", -(2**15) - 1),
    ("d3ffffffff7fffffff", -(2**31) - 1),
    ("d38000000000000000", -(2**63)),
    ("cb3ff8000000000000", 1.5),
    ("ca3f800000", Float32(1.0)),
    ("a20361", b"\x03a"),
    ("a103", b"\x03"),
    ("a3047879", b"\x04xy"),
    ("a0", b""),
    ("d920 03" + "61" * 31, b"\x03" + b"a" * 31),
    ("da0100 03" + "61" * 255, b"\x03" + b"a" * 255),
    ("92 01 02", listing(1, 2)),
    ("93 c70001 01 02", listing(1, 2, flags=1)),
    ("91 c70001", listing(flags=1)),
    ("81 a20361 01", mapping((b"\x03a", 1))),
    ("82 c70001c0 a20361 01", mapping((b"\x03a", 1), flags=1)),
    ("82 c70003c0 a20361 01", mapping((b"\x03a", 1), flags=3)),
    ("81 c70008c0", mapping(flags=8)),
    ("d4ff00", Ext(0xFF, b"\0")),
    ("d4ff01", Ext(0xFF, b"\1")),
    ("92 01 d4ff00", listing(1, Ext(0xFF, b"\0"))),
    ("c70005", Ext(5, b"")),
    ("c70305616263", Ext(5, b"abc")),
    ("d605 61626364", Ext(5, b"abcd")),
    (
        "98 a20361 01 cb3ff8000000000000 a20478 c0 c3 9201a2037a 81a2036b02",
        listing(
            b"\x03a",
            1,
            1.5,
            b"\x04x",
            None,
            True,
            listing(1, b"\x03z"),
            mapping((b"\x03k", 2)),
        ),
    ),
]


@pytest.mark.parametrize(("text", "value"), VECTORS, ids=lambda v: str(v)[:20])
def test_vector_is_read_and_written(text, value):
    decoded, is_smallest = decode(unhex(text))
    assert plain(decoded) == plain(value)
    assert is_smallest
    assert encode(value) == unhex(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c1",
        "cc",
        "cd00",
        "cb00",
        "a1",
        "d9",
        "d901",
        "c401",
        "c7",
        "c70101",
        "d4",
        "d401",
        "d80100",
        "91",
        "81",
        "8101",
        "dc0001",
        "ddffffffff",
        "dfffffffff",
        "dbffffffff",
        "0000",
        "9090",
    ],
)
def test_broken_data_is_refused(text):
    with pytest.raises(MsgpackError):
        decode(unhex(text))


ORDER = [
    None,
    False,
    True,
    -(2**63),
    -1,
    0,
    5,
    2**63,
    b"\x03",
    b"\x03a",
    b"\x03aa",
    b"\x03b",
    listing(),
    listing(None),
    listing(1),
    listing(1, 2),
    listing(1, 2, 3),
    listing(1, b"\x03a"),
    listing(2),
    listing(b"\x03a"),
    listing(listing(1)),
    mapping(),
    mapping((1, 5)),
    mapping((b"\x03a", 1)),
    mapping((b"\x03a", 2)),
    mapping((b"\x03b", 0)),
    mapping((b"\x04x", 1)),
    mapping((1, 5), (b"\x03a", 0)),
    mapping((b"\x03a", 1), (b"\x03b", 1)),
    b"",
    b"\x04",
    b"\x04z",
    b"\x07a",
    b"\x09a",
    b"\x12a",
    -1e300,
    -0.5,
    0.0,
    5.0,
    b"\x17{}",
    Ext(9, b"a"),
    Ext(5, b"b"),
]


def test_values_of_all_types_have_the_canonical_order():
    for i, first in enumerate(ORDER):
        for j, second in enumerate(ORDER):
            assert compare(first, second) == (i > j) - (i < j), (i, j)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (-0.0, 0.0),
        (Float32(1.5), 1.5),
        (listing(1, 2), listing(1, 2, flags=1)),
        (mapping((1, 2)), mapping((1, 2), flags=1)),
        (Ext(0xFF, b"\0"), 5),
        (listing(1, Ext(0xFF, b"\0")), listing(1, 2, 3)),
    ],
)
def test_values_are_equal_in_the_order(first, second):
    assert compare(first, second) == compare(second, first) == 0


def test_infinity_lies_above_everything():
    infinity = Ext(0xFF, b"\1")
    assert all(compare(value, infinity) < 0 for value in ORDER)


@pytest.mark.parametrize("depth", [2000, 100_000])
def test_nothing_recurses(depth):
    data = b"\x91" * depth + b"\x05"
    value, _ = decode(data, max_depth=depth)
    assert encode(value) == data
    other, _ = decode(b"\x91" * depth + b"\x06", max_depth=depth)
    assert compare(value, other) == -1
    assert is_sorted([value, other])


@pytest.mark.parametrize("header", [b"\x91", b"\x81\x01"])
def test_depth_is_limited(header):
    value, _ = decode(header * 256 + b"\x05")
    assert encode(value, 256) == header * 256 + b"\x05"
    with pytest.raises(MsgpackError):
        encode(value, 255)
    with pytest.raises(MsgpackError):
        decode(header * 257 + b"\x05")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.builds(lambda kind, data: bytes([kind]) + data, st.just(3), st.binary())
    | st.binary(max_size=40)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.builds(listing) | st.lists(inner).map(lambda v: listing(*v)),
    max_leaves=20,
)


@settings(max_examples=150)
@given(VALUES)
def test_any_value_survives_both_ways(value):
    decoded, is_smallest = decode(encode(value))
    assert plain(decoded) == plain(value)
    assert is_smallest


@settings(max_examples=150)
@given(VALUES, VALUES, VALUES)
def test_order_is_total(a, b, c):
    assert compare(a, b) == -compare(b, a)
    if compare(a, b) <= 0 and compare(b, c) <= 0:
        assert compare(a, c) <= 0
