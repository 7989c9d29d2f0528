"""Round trips of every kind of value, and the values that are refused."""

from __future__ import annotations

import collections
import enum
import math
import re
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import aerospike
from aerospike import GeoJSON, KeyOrderedDict, exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations.expression_operations import expression_write

POINT = {"type": "Point", "coordinates": [-80.5, 28.5]}


def label(value: Any) -> str:
    """A value in the name of a test: the same in every process."""
    return re.sub(r" at 0x\w+", "", ascii(value))[:40]


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Real(float):
    pass


class Bytes(bytes):
    pass


class Items(list):
    pass


class Mapping(dict):
    pass


class Level(enum.IntEnum):
    HIGH = 3


class Colour(str, enum.Enum):
    RED = "red"


Pair = collections.namedtuple("Pair", "a b")

# what is written and read back: equal, and of the same type
SCALARS: list[Any] = [
    0,
    1,
    -1,
    127,
    128,
    -32,
    -33,
    255,
    256,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**63 - 1,
    -(2**63),
    0.0,
    1.5,
    5e-324,
    1.7976931348623157e308,
    math.inf,
    -math.inf,
    "",
    "a",
    "x" * 31,
    "x" * 32,
    "x" * 255,
    "x" * 65536,
    "a\0b",
    "\0",
    "clé €uro \U0001f600",
    b"",
    b"\0\xff",
    b"y" * 300,
    True,
    False,
]

CONTAINERS: list[Any] = [
    [],
    {},
    KeyOrderedDict(),
    [1, "two", 3.5, b"four", None, True, [5, [6, {"seven": 8}]]],
    {"a": 1, "b": {"c": [1, 2, {"d": None}]}},
    {1: "int", "one": "str", b"one": "bytes", -5: 0},
    {"": 1, "a\0b": 2},
    {2**63 - 1: -(2**63), -(2**63): 2**63 - 1},
    list(range(15)),
    list(range(16)),
    list(range(65536)),
    {str(i): i for i in range(16)},
    KeyOrderedDict({"b": 1, "a": 2}),
    {"outer": KeyOrderedDict({3: "c", 1: "a", "x": KeyOrderedDict(z=1)})},
    [KeyOrderedDict(a=1), {"b": 2}],
    [{}, [], "", b"", {"k": {}}],
    GeoJSON(POINT),
    [GeoJSON(POINT), {"p": GeoJSON(POINT)}],
]


def shape(value: Any) -> Any:
    """A value with the types of everything in it, for exact comparison."""
    if isinstance(value, dict):
        return type(value), {k: (type(k), shape(v)) for k, v in value.items()}
    if isinstance(value, list):
        return type(value), [shape(v) for v in value]
    return type(value), value


def round_trip(client, key, value):
    assert client.put(key, {"v": value}) == 0
    return client.get(key)[2]["v"]


@pytest.mark.parametrize("value", SCALARS + CONTAINERS, ids=label)
def test_value_is_read_back(client, key, value):
    assert shape(round_trip(client, key, value)) == shape(value)


@pytest.mark.parametrize("value", SCALARS, ids=label)
def test_scalar_is_read_back_from_inside(client, key, value):
    nested = [value, {"k": value}]
    assert shape(round_trip(client, key, nested)) == shape(nested)


@pytest.mark.parametrize(
    "bits", [0x7FF8000000000000, 0xFFF8000000000000, 0x7FF8000000000001, 1 << 63]
)
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v]], ids=["bin", "nested"])
def test_float_keeps_its_bits(client, key, bits, wrap):
    (value,) = struct.unpack(">d", struct.pack(">Q", bits))
    back = round_trip(client, key, wrap(value))
    back = back[0] if isinstance(back, list) else back
    assert struct.pack(">d", back) == struct.pack(">d", value)


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (bytearray(b"abc"), b"abc"),
        (bytearray(), b""),
        ([bytearray(b"abc")], [b"abc"]),
        (memoryview(b"abcd")[1:3], b"bc"),
        (memoryview(bytearray(4)).cast("H"), bytes(4)),
        (memoryview(bytes(6)).cast("B", (2, 3)), bytes(6)),
        ([memoryview(b"a"), {"k": memoryview(b"")}], [b"a", {"k": b""}]),
        (Text("text"), "text"),
        (Text("clé"), "clé"),
        (Number(7), 7),
        (Number(-(2**63)), -(2**63)),
        (Real(1.5), 1.5),
        (Bytes(b"x"), b"x"),
        (Items([1, Items([2])]), [1, [2]]),
        (Mapping(a=Mapping(b=1)), {"a": {"b": 1}}),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (collections.defaultdict(int, a=1), {"a": 1}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (Level.HIGH, 3),
        (Colour.RED, "red"),
        ([Text("a"), Number(1), Real(2.5), Bytes(b"x")], ["a", 1, 2.5, b"x"]),
        ({Text("k"): 1, Number(2): 2, Bytes(b"b"): 3}, {"k": 1, 2: 2, b"b": 3}),
        ({Level.HIGH: Colour.RED}, {3: "red"}),
        ([aerospike.null(), aerospike.null], [None, None]),
        ({"a": aerospike.null()}, {"a": None}),
    ],
    ids=label,
)
def test_value_is_stored_as_its_base(client, key, value, back):
    assert shape(round_trip(client, key, value)) == shape(back)


def test_maps_are_read_back_in_the_order_of_the_server(client, key):
    value = {b"b": 0, "b": 1, "a": 2, 5: 3, -1: 4, "aa": 5}
    for made in (value, KeyOrderedDict(value)):
        assert list(round_trip(client, key, made)) == [-1, 5, "a", "aa", "b", b"b"]


def test_plain_map_over_a_key_ordered_one_is_plain(client, key):
    assert type(round_trip(client, key, KeyOrderedDict(a=1))) is KeyOrderedDict
    assert type(round_trip(client, key, {"a": 1})) is dict


def test_large_values_are_read_back(client, key):
    blob = bytes(range(256)) * 4000  # 1,024,000 bytes: the server's limit is near
    assert round_trip(client, key, blob) == blob
    text = "é" * 500_000
    assert round_trip(client, key, text) == text


def test_map_of_5000_entries_is_read_back(client, key):
    value = {f"key-{i:06}": [i, f"value-{i}", i / 2] for i in range(5000)}
    assert round_trip(client, key, value) == value


def test_record_of_300_bins_is_read_back(client, key):
    bins = {f"b{i}": i for i in range(300)}
    client.put(key, bins)
    assert client.get(key)[2] == bins


@pytest.mark.parametrize("count", [0, 1, 2, 7, 16, 200])
def test_list_of_shared_objects_is_read_back(client, key, count):
    shared = {"a": [1, 2]}
    assert round_trip(client, key, [shared] * count) == [shared] * count


# None


@pytest.mark.parametrize("nothing", [None, aerospike.null(), aerospike.null])
def test_none_removes_the_bin(client, key, nothing):
    client.put(key, {"a": 1, "b": 2})
    client.put(key, {"a": nothing, "c": 3})
    assert client.get(key)[2] == {"b": 2, "c": 3}
    client.put(key, {"b": nothing, "c": nothing})
    assert client.exists(key)[1] is None


def test_none_as_only_bin_of_a_missing_record_is_not_found(client, key):
    with pytest.raises(exception.RecordNotFound):
        client.put(key, {"a": None})


# depth


def nested(depth: int, kind: type) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind is list else {"k": value}
    return value


@pytest.mark.parametrize("kind", [list, dict])
@pytest.mark.parametrize("depth", [1, 64, 65, 255, 256])
def test_nesting_is_read_back(client, key, kind, depth):
    assert round_trip(client, key, nested(depth, kind)) == nested(depth, kind)


@pytest.mark.parametrize("kind", [list, dict])
@pytest.mark.parametrize("depth", [257, 1000, 20_000])
def test_deeper_nesting_is_refused(client, key, kind, depth):
    value = nested(depth, kind)
    with pytest.raises(exception.ParamError, match="256"):
        client.put(key, {"v": value})
    assert client.exists(key)[1] is None
    while isinstance(value, (list, dict)) and value:  # or freeing it would recurse
        value = value.pop() if isinstance(value, list) else value.pop("k")


def test_container_that_contains_itself_is_refused(client, key):
    items: list[Any] = [1]
    items.append(items)
    table: dict[str, Any] = {}
    table["self"] = [table]
    for value in (items, table):
        with pytest.raises(exception.ParamError, match="256"):
            client.put(key, {"v": value})


# refused


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**64, 10**100, Number(2**63)])
@pytest.mark.parametrize(
    "wrap",
    [lambda v: v, lambda v: [v], lambda v: {"k": v}, lambda v: {v: 1}],
    ids=["bin", "list", "map", "map key"],
)
def test_int_beyond_64_bits_is_refused(client, key, value, wrap):
    with pytest.raises(exception.ParamError, match=r"sys\.maxsize"):
        client.put(key, {"v": wrap(value)})
    assert client.exists(key)[1] is None


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "é\udc80"])
@pytest.mark.parametrize(
    "wrap",
    [lambda v: v, lambda v: [v], lambda v: {"k": v}, lambda v: {v: 1}],
    ids=["bin", "list", "map", "map key"],
)
def test_text_with_a_lone_surrogate_is_refused(client, key, text, wrap):
    with pytest.raises(exception.ClientError) as caught:
        client.put(key, {"v": wrap(text)})
    assert caught.value.code == -1
    assert client.exists(key)[1] is None


@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v]], ids=["bin", "nested"])
@pytest.mark.parametrize("is_released", [False, True])
def test_memoryview_that_is_not_contiguous_is_refused(client, key, wrap, is_released):
    view = memoryview(b"abcd") if is_released else memoryview(b"abcd")[::2]
    if is_released:
        view.release()
    with pytest.raises(exception.ParamError, match="contiguous") as caught:
        client.put(key, {"v": wrap(view)})
    assert isinstance(caught.value.__cause__, ValueError | BufferError)
    assert client.exists(key)[1] is None


def test_memoryview_is_a_blob_whatever_the_serializer(make_client, key):
    def fail(_value: Any) -> str:
        raise AssertionError

    for config in ({"serialization": (fail, None)}, {"legacy_types": False}):
        assert round_trip(make_client(**config), key, memoryview(b"x")) == b"x"


@pytest.mark.parametrize(
    "bad",
    [
        None,
        True,
        False,
        (1, 2),
        frozenset(),
        Decimal(1),
        aerospike.null(),
        memoryview(b"x"),
    ],
)
def test_map_key_of_another_type_is_refused(client, key, bad):
    with pytest.raises(exception.ParamError, match="map key"):
        client.put(key, {"v": {"good": 1, bad: 2}})
    assert client.exists(key)[1] is None


def test_float_map_key_is_for_the_server_to_refuse(client, key):
    """It is sent, for older servers take it; none of today's loses the entry."""
    with pytest.raises(exception.ServerError, match=r"map key must be .* float"):
        client.put(key, {"v": {1.5: 1}})


@pytest.mark.parametrize(
    "operation",
    [
        lists.list_append("l", {1.5: 1}),
        lists.list_append_items("l", [{1.5: 1}]),
        lists.list_insert("l", 0, [{1.5: 1}]),
        lists.list_set("l", 0, KeyOrderedDict({1.5: 1})),
        expression_write(
            "l", exp.ListAppend(None, None, {1.5: 1}, exp.ListBin("l")).compile()
        ),
        expression_write(
            "l",
            exp.ListAppend(None, None, exp.Val({1.5: 1}), exp.ListBin("l")).compile(),
        ),
    ],
)
def test_float_map_key_goes_into_no_list(client, key, operation):
    """A server of today would store bytes that no client can read."""
    client.put(key, {"l": [1]})
    with pytest.raises(exception.ParamError, match="map key must be"):
        client.operate(key, [operation])
    assert client.get(key)[2] == {"l": [1]}


@pytest.mark.parametrize("marker", [aerospike.CDTWildcard(), aerospike.CDTInfinite()])
def test_marker_cannot_be_stored(client, key, marker):
    with pytest.raises(exception.ClientError):
        client.put(key, {"v": marker})
    with pytest.raises(exception.ServerError):
        client.put(key, {"v": [marker]})


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"type": "Nonsense", "coordinates": [1, 2]},
        {"type": "Point", "coordinates": [200.0, 0.0]},
    ],
    ids=str,
)
def test_wrong_geojson_is_refused_by_the_server(client, key, data):
    with pytest.raises(exception.InvalidGeoJSON) as caught:
        client.put(key, {"v": GeoJSON(data)})
    assert caught.value.code == 160


def test_record_beyond_the_limit_is_too_big(client, key):
    with pytest.raises(exception.RecordTooBig) as caught:
        client.put(key, {"v": b"x" * (1 << 20)})
    assert caught.value.code == 13
    assert caught.value.key == key
    with pytest.raises(exception.RecordTooBig):
        client.put(key, {f"b{i}": b"x" * 300_000 for i in range(4)})


# changes under way


class Trap(GeoJSON):
    """Runs code while it is encoded."""

    __slots__ = ("act",)
    act: Callable[[], Any]

    def dumps(self) -> str:
        self.act()
        return '{"type": "Point", "coordinates": [0, 0]}'


@pytest.mark.parametrize("change", ["clear", "grow"])
@pytest.mark.parametrize("kind", [list, dict, "bins", "key ordered"])
def test_container_that_changes_while_it_is_sent_is_safe(client, key, kind, change):
    trap = Trap({})
    box: Any
    if kind is list:
        box = [trap, *range(10)]
        trap.act = box.clear if change == "clear" else lambda: box.append(1)
    else:
        box = {"a": trap, **{f"b{i}": i for i in range(10)}}
        box = KeyOrderedDict(box) if kind == "key ordered" else box
        trap.act = box.clear if change == "clear" else lambda: box.update(new=1)
    bins = box if kind == "bins" else {"v": box}
    try:
        client.put(key, bins)
    except (RuntimeError, IndexError):
        assert client.exists(key)[1] is None


def test_exception_of_geojson_text_comes_through(client, key):
    class Broken(GeoJSON):
        __slots__ = ()

        def dumps(self) -> str:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        client.put(key, {"v": Broken({})})
    assert client.exists(key)[1] is None


# send_bool_as


@pytest.mark.parametrize(
    ("as_", "back"), [(aerospike.AS_BOOL, True), (aerospike.INTEGER, 1)]
)
def test_send_bool_as_says_how_a_bool_is_stored(make_client, key, as_, back):
    other = make_client(send_bool_as=as_)
    other.put(key, {"v": True, "l": [True], "m": {"k": True}})
    bins = other.get(key)[2]
    assert shape(bins) == shape({"v": back, "l": [back], "m": {"k": back}})


# anything

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
)
map_keys = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner),
        st.dictionaries(map_keys, inner),
        st.dictionaries(map_keys, inner).map(KeyOrderedDict),
    ),
    max_leaves=30,
)


@settings(
    max_examples=150,
)
@given(value=values)
def test_any_value_is_read_back(client, key, value):
    assume(value is not None)
    assert shape(round_trip(client, key, value)) == shape(value)


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(
    max_examples=60,
)
@given(
    bins=st.dictionaries(
        names.filter(lambda name: len(name.encode()) <= 15),
        scalars.filter(lambda value: value is not None),
        min_size=1,
        max_size=8,
    )
)
def test_any_bins_are_read_back(client, key, bins):
    client.put(key, bins, policy={"exists": aerospike.POLICY_EXISTS_CREATE_OR_REPLACE})
    assert shape(client.get(key)[2]) == shape(bins)


class NullBytes(bytes, aerospike.null):
    pass


class NullFloat(float, aerospike.null):
    pass


@pytest.mark.parametrize("make", [dict, aerospike.KeyOrderedDict])
@pytest.mark.parametrize("null", [NullBytes(b"x"), NullFloat(1.5)])
def test_null_is_no_map_key(client, key, make, null):
    """It would be nil, which no map has as a key, also if it is a number or bytes."""
    with pytest.raises(exception.ParamError, match="map key"):
        client.put(key, {"m": make({b"z": 1, null: 2, 5: 3, 2.5: 4})})


@pytest.mark.parametrize("size", [2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33])
def test_names_that_differ_in_one_byte_are_not_mixed_up(client, key, size):
    names = {f"{'a' * i}b{'a' * (size - i - 1)}": i for i in range(size)}
    client.put(key, {"m": names})
    for _ in range(2):  # the second time, names are known
        assert client.get(key)[2] == {"m": names}
