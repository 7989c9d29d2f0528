"""Values without a type on the server: pickled, serialized by the user, or refused."""

from __future__ import annotations

import collections
import dataclasses
import enum
import json
import marshal
import pickle
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

import aerospike
from aerospike import _pickle, exception

from ..waiting import patient

Pair = collections.namedtuple("Pair", "a b")


class Color(enum.Enum):
    """An enumeration of an application."""

    RED = 1


@dataclasses.dataclass
class Point:
    """A dataclass of an application."""

    x: int
    y: int


class OneWay:
    """It can be pickled, and not read back."""

    def __getstate__(self) -> int:
        return 1

    def __setstate__(self, state: int) -> None:
        raise ZeroDivisionError


class Mine:
    """A class of an application."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __eq__(self, other: object) -> bool:
        return type(other) is Mine and other.n == self.n

    __hash__ = None  # type: ignore[assignment]


class Unpicklable:
    def __reduce__(self):
        raise ZeroDivisionError("not me")


PICKLED: list[Any] = [
    (1, "a", (2.5, None)),
    (),
    {1, 2},
    frozenset([1]),
    1 + 2j,
    datetime(2026, 11, 23, 12, 30, tzinfo=timezone.utc),
    date(2026, 11, 23),
    timedelta(seconds=5),
    Decimal("1.50"),
    Fraction(1, 3),
    UUID(int=1),
    range(3),
    collections.deque([1, 2], 5),
    (bytearray(b"x"), b"y", [1, {"a": (1,)}]),
]
WRAPS: dict[str, Any] = {
    "bin": lambda v: v,
    "list": lambda v: [[v]],
    "map": lambda v: {"k": v},
}
IN_ALL = pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)


@pytest.fixture(autouse=True)
def _no_class_serializers():
    yield
    aerospike.unset_serializers()


# pickles


@pytest.mark.parametrize("value", PICKLED, ids=lambda v: type(v).__name__)
@IN_ALL
def test_value_is_pickled_and_read_back(client, key, value, wrap):
    client.put(key, {"v": wrap(value)})
    found = client.get(key)[2]["v"]
    assert found == wrap(value)
    client.operate(
        key, [{"op": aerospike.OPERATOR_WRITE, "bin": "o", "val": wrap(value)}]
    )
    assert client.get(key)[2]["o"] == wrap(value)


@pytest.mark.parametrize(
    "value",
    [len, int, ..., Mine(1), Pair(1, 2), Color.RED, Point(1, 2)],
    ids=lambda v: type(v).__name__,
)
@pytest.mark.usefixtures("unwarned")
def test_pickle_of_another_class_is_read_as_a_bytearray(client, key, value):
    """Nothing that it names is looked up or called; and it would not be written."""
    data = pickle.dumps(value, 2)
    with pytest.raises(exception.ParamError, match="pickle_classes") as caught:
        client.put(key, {"v": value})
    assert isinstance(caught.value.__cause__, pickle.UnpicklingError)
    with pytest.warns(exception.AerospikeWarning, match="is read as bytes"):
        assert _pickle.loads(data, None, None) == bytearray(data)


def test_class_that_another_client_names_is_read_as_a_bytearray(
    client, make_client, unwarned, key
):
    make_client(pickle_classes=[Mine]).put(key, {"v": Mine(1)})
    with pytest.warns(exception.AerospikeWarning, match=r"Mine.*\(pickle_classes\)"):
        found = client.get(key)[2]["v"]
    assert found == bytearray(pickle.dumps(Mine(1), 2))
    assert type(found) is bytearray


def test_class_that_the_configuration_names_is_read_back(make_client, key):
    client = make_client(pickle_classes=[Mine, Pair, Color, Point])
    bins = {"v": Mine(5), "l": [Pair(1, 2)], "e": Color.RED, "d": Point(1, 2)}
    client.put(key, bins)
    assert client.get(key)[2] == bins


def test_class_whose_objects_cannot_be_read_back_is_not_written(make_client, key):
    client = make_client(pickle_classes=[OneWay])
    with pytest.raises(exception.ParamError, match="could not be read back") as caught:
        client.put(key, {"v": OneWay()})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.usefixtures("unwarned")
@pytest.mark.filterwarnings("ignore:a pickled value is read as bytes")
@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'exit 1'\ntR.",
        b"\x80\x02cbuiltins\neval\nX\x03\x00\x00\x001/0\x85R.",
        b"cbuiltins\ngetattr\n.",
        b"",
        b"garbage",
        b"\x80\x02]" + b"(" * 1000,
        b"\x80\x05\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"X\xff\xff\xff\xff.",
        b"(lp0\ng0\na.",
    ],
)
def test_pickle_that_is_no_value_is_safe(scripted_node, make_client, data):
    """The worst that whoever writes to a cluster can do to its readers."""
    head = bytes([22]) + bytes(8) + b"\1" + bytes(10) + b"\0\1"
    op = (4 + 1 + len(data)).to_bytes(4, "big") + bytes([1, 9, 0, 1]) + b"v" + data
    body = head + op
    scripted_node.default = (0x0203 << 48 | len(body)).to_bytes(8, "big") + body
    found = make_client(hosts=[scripted_node.host]).get(("test", "demo", 1))[2]["v"]
    assert isinstance(found, (bytearray, list))


@pytest.mark.parametrize("value", [(x for x in "a"), Unpicklable()])
@IN_ALL
def test_value_that_cannot_be_pickled_is_a_param_error(client, key, value, wrap):
    with pytest.raises(exception.ParamError, match="pickled") as caught:
        client.put(key, {"v": wrap(value)})
    assert isinstance(caught.value.__cause__, (TypeError, ZeroDivisionError))
    assert client.exists(key)[1] is None


# legacy_types


@pytest.mark.parametrize("value", [(1,), {1}, Decimal(1), object()])
@IN_ALL
def test_legacy_types_off_refuses(make_client, key, value, wrap):
    client = make_client(legacy_types=False)
    with pytest.raises(exception.ParamError, match="not supported"):
        client.put(key, {"good": 1, "v": wrap(value)})
    with pytest.raises(exception.ParamError, match="not supported"):
        client.operate(
            key, [{"op": aerospike.OPERATOR_WRITE, "bin": "v", "val": wrap(value)}]
        )
    assert client.exists(key)[1] is None


def test_legacy_types_off_reads_pickles_as_bytearrays(client, make_client, key):
    client.put(key, {"v": (1,)})
    found = make_client(legacy_types=False).get(key)[2]["v"]
    assert (found, type(found)) == (bytearray(pickle.dumps((1,), 2)), bytearray)


@pytest.mark.parametrize(
    ("legacy", "kind"), [(None, bytes), (False, bytes), (True, bytearray)]
)
def test_legacy_types_says_what_a_blob_is_read_as(make_client, key, legacy, kind):
    client = make_client(legacy_types=legacy)
    client.put(key, {"v": b"x", "l": [b"y"], "m": {"k": bytearray(b"z")}})
    bins = client.get(key)[2]
    assert [type(v) for v in (bins["v"], bins["l"][0], bins["m"]["k"])] == [kind] * 3


@pytest.mark.parametrize(
    "config", [{"legacy_types": True}, {"send_bool_as": aerospike.PY_BYTES}]
)
def test_bool_may_be_pickled(client, make_client, key, config):
    make_client(**config).put(key, {"v": True})
    assert client.get(key)[2]["v"] is True
    raw = make_client(legacy_types=False).get(key)[2]["v"]
    assert raw == pickle.dumps(True, 2)


# serializers


def test_serializer_of_the_client_is_used_unasked(make_client, key):
    client = make_client(serialization=(json.dumps, json.loads))
    client.put(key, {"v": (1, [2]), "l": [(3,)]})
    assert client.get(key)[2] == {"v": [1, [2]], "l": [[3]]}


def test_serializer_of_the_process_is_used_when_asked_for(client, key):
    assert aerospike.set_serializer(json.dumps) == 0
    assert aerospike.set_deserializer(json.loads) == 0
    client.put(key, {"v": (1,)}, serializer=aerospike.SERIALIZER_USER)
    assert client.get(key)[2] == {"v": [1]}
    client.put(key, {"v": (1,)})
    assert client.get(key)[2] == {"v": (1,)}  # pickled
    assert aerospike.unset_serializers() == 0
    client.put(key, {"v": b"[1]"})
    assert client.get(key)[2] == {"v": b"[1]"}


def test_serializer_of_the_client_beats_that_of_the_process(make_client, key):
    aerospike.set_serializer(lambda _: "process")
    client = make_client(serialization=(lambda _: "client", None))
    client.put(key, {"v": (1,)}, serializer=aerospike.SERIALIZER_USER)
    assert client.get(key)[2] == {"v": b"client"}


@pytest.mark.parametrize(
    ("number", "error", "code"),
    [
        (aerospike.SERIALIZER_NONE, exception.ParamError, -2),
        (aerospike.SERIALIZER_JSON, exception.ClientError, -1),
        (aerospike.SERIALIZER_USER, exception.ClientError, -1),
        (99, exception.ClientError, -1),
    ],
)
@IN_ALL
def test_serializer_that_is_not_there(client, key, number, error, code, wrap):
    with pytest.raises(error) as caught:
        client.put(key, {"v": wrap((1,))}, serializer=number)
    assert (type(caught.value), caught.value.code) == (error, code)
    assert client.exists(key)[1] is None
    assert client.put(key, {"v": 1}, serializer=number) == 0  # it does not matter


def test_serializer_none_beats_that_of_the_client(make_client, key):
    client = make_client(serialization=(json.dumps, None))
    with pytest.raises(exception.ParamError):
        client.put(key, {"v": (1,)}, serializer=aerospike.SERIALIZER_NONE)


def test_serializer_python_pickles(make_client, key):
    client = make_client(serialization=(json.dumps, None), legacy_types=False)
    client.put(key, {"v": (1,)}, serializer=aerospike.SERIALIZER_PYTHON)
    assert client.get(key)[2]["v"] == pickle.dumps((1,), 2)


@pytest.mark.parametrize("made", ["text é", b"\xff\0", bytearray(b"x"), ""])
def test_serializer_returns_text_or_bytes(make_client, key, made):
    client = make_client(serialization=(lambda _: made, None))
    client.put(key, {"v": (1,)})
    wanted = made.encode() if isinstance(made, str) else bytes(made)
    assert client.get(key)[2] == {"v": wanted}


@pytest.mark.parametrize("made", [5, None, [b"x"]])
def test_serializer_that_returns_something_else_is_refused(make_client, key, made):
    client = make_client(serialization=(lambda _: made, None))
    with pytest.raises(exception.ClientError, match="serializer") as caught:
        client.put(key, {"v": (1,)})
    assert caught.value.code == -1


@IN_ALL
def test_serializer_that_raises_is_the_cause(make_client, key, wrap):
    client = make_client(serialization=(lambda v: 1 / len(v[1:]), None))
    with pytest.raises(exception.ClientError, match="division") as caught:
        client.put(key, {"v": wrap((1,))})
    assert caught.value.code == -1
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert client.exists(key)[1] is None


def test_errors_of_serializers_in_each_other_are_chained(make_client, key):
    """Each put() is called by the serializer of the one before."""

    def serializer(value: tuple[int]) -> str:
        if value[0] == 0:
            raise ZeroDivisionError("x" * 5000)
        client.put(key, {"v": (value[0] - 1,)})
        return ""

    client = make_client(serialization=(serializer, None))
    with pytest.raises(exception.ClientError) as caught:
        client.put(key, {"v": (30,)})
    error: BaseException | None = caught.value
    for _ in range(31):
        assert isinstance(error, exception.ClientError)
        assert len(str(error.msg)) < 1024
        assert len(str(error)) < 2048
        error = error.__cause__
    assert type(error) is ZeroDivisionError
    assert len(str(error)) == 5000


def test_errors_of_callbacks_in_each_other_are_short(client, key):
    client.put(key, {"v": 1})

    def callback(depth: int, _: Any) -> None:
        if depth == 0:
            raise ZeroDivisionError
        query = client.query(*key[:2])
        query.foreach(lambda record: callback(depth - 1, record))

    with pytest.raises(exception.ClientError) as caught:
        callback(12, None)
    assert len(str(caught.value.msg)) < 1024


def test_interrupt_in_a_serializer_passes_through(make_client, key):
    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    client = make_client(serialization=(interrupted, None))
    with pytest.raises(KeyboardInterrupt):
        client.put(key, {"v": (1,)})


def test_deserializer_gets_text_where_it_can(make_client, key):
    seen: list[Any] = []
    client = make_client(serialization=(None, seen.append))
    client.put(key, {"v": b"text", "l": [b"\xff"], "m": {"k": b""}})
    assert client.get(key)[2] == {"v": None, "l": [None], "m": {"k": None}}
    assert len(seen) == 3
    assert {"text", b"\xff", ""} == set(seen)


def test_deserializer_that_wants_bytes_gets_them(make_client, key):
    client = make_client(serialization=(marshal.dumps, marshal.loads))
    client.put(key, {"v": (1, 2)})
    assert client.get(key)[2] == {"v": (1, 2)}


def test_deserializer_that_fails_leaves_the_blob(make_client, key):
    client = make_client(serialization=(None, json.loads))
    client.put(key, {"v": b"no json", "w": b"[1]"})
    assert client.get(key)[2] == {"v": b"no json", "w": [1]}


def test_deserializer_does_not_see_pickles(make_client, key):
    client = make_client(serialization=(None, lambda _: "seen"))
    client.put(key, {"v": (1,)})
    assert client.get(key)[2] == {"v": (1,)}


def test_callables_live_as_long_as_the_client(hosts, key):
    both = (lambda v: repr(v), lambda v: f"read {v}")
    with aerospike.client(patient({"hosts": hosts, "serialization": both})) as client:
        client.put(key, {"v": (1,)})
        assert client.get(key)[2] == {"v": "read (1,)"}


@pytest.mark.parametrize(
    "function", [aerospike.set_serializer, aerospike.set_deserializer]
)
@pytest.mark.parametrize("value", [5, None, "x"])
def test_serializer_must_be_callable(function, value):
    with pytest.raises(exception.ParamError, match="callable"):
        function(value)


@pytest.mark.parametrize("name", ["function", "callback"])
def test_serializer_may_be_named(name):
    assert aerospike.set_serializer(**{name: repr}) == 0
    assert aerospike.set_deserializer(**{name: eval}) == 0
    with pytest.raises(TypeError):
        aerospike.set_serializer(other=repr)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        aerospike.set_serializer()
