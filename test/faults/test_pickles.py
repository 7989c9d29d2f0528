"""Pickles that take more than they are, and those that only look so."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import pickle
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aerospike
from aerospike import exception

from ..waiting import patient
from .bombs import BOMBS, as_key, doubled
from .confined import Confined
from .peer import ScriptedNode, reply

PYTHON = 9  # particle type


def answer(data: bytes) -> bytes:
    """A record that holds a pickle."""
    return reply(0, [(b"a", PYTHON, data)])


@pytest.fixture(scope="module")
def confined() -> Iterator[tuple[ScriptedNode, Confined]]:
    """A client in a process of its own, and the node that it reads from."""
    with ScriptedNode() as node, Confined(node.port, megabytes=400) as client:
        yield node, client


@pytest.mark.measures
@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_pickle_that_takes_too_much_is_read_as_bytes(confined, data):
    node, client = confined
    node.default = answer(data)
    found = client.read()
    assert found["type"] == "bytearray"
    assert found["cpu_s"] < 2
    assert found["peak_mb"] < 100


def test_reason_is_told(scripted_node):
    scripted_node.default = answer(as_key(b")" + doubled(60)))
    with Confined(scripted_node.port) as client:
        (line,) = client.read()["log"]
        assert "read as bytes: hashing its keys would take too long (hashed)" in line


# what is much, and is all there


def pairs(n: int) -> Any:
    """(t, t) of (t, t) of ..."""
    value: Any = ()
    for _ in range(n):
        value = (value, value)
    return value


def nested(n: int) -> Any:
    """A list in a tuple in a list ..."""
    value: Any = 1
    for i in range(n):
        value = (value,) if i % 2 else [value]
    return value


SHARED: Any = ("a", 1, [])
HONEST: dict[str, Any] = {
    "keys that are tuples": ({(i, j): i for i in range(60) for j in range(60)},),
    "keys that share": ({(pairs(8), i): pairs(8) for i in range(100)},),
    "key that shares": ({pairs(13): 1},),
    "not hashed": (pairs(18),),
    "UUIDs": {uuid.UUID(int=i * 7919) for i in range(3000)},
    "shared items": tuple([SHARED] * 5000),
    "numbers": {2**70 + i for i in range(2000)} | {i / 7 for i in range(2000)},
    "fractions": {fractions.Fraction(i, 7) for i in range(300)},
    "decimals": {decimal.Decimal(i) / 7 for i in range(300)},
    "dates": {datetime.date.fromordinal(i + 1) for i in range(3000)},
    "bytes": (b"\xff" * 100_000, bytearray(b"\0" * 100_000), {b"a": b"b"}),
    "text": ("é" * 100_000, {"k" * 1000: 1}),
    "long number": (1 << 14_000,),
    "nesting": (nested(300),),
    "counters": (collections.Counter(range(3000)),),
    "deques": collections.deque([SHARED] * 1000, 2000),
    "ordered": (collections.OrderedDict(((i, 1), i) for i in range(1000)),),
    "small sets": tuple({i} for i in range(2000)),
    "small dicts": tuple({} for i in range(5000)),
}


@pytest.mark.parametrize("value", HONEST.values(), ids=HONEST)
def test_value_that_is_large_is_read_back(client, key, value):
    client.put(key, {"a": value})
    assert client.get(key)[2]["a"] == value


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", HONEST.values(), ids=HONEST)
def test_pickle_of_any_protocol_is_read(module_client, value, protocol):
    node, client = module_client
    node.default = answer(pickle.dumps(value, protocol))
    assert client.get(("test", "demo", 1))[2]["a"] == value


@pytest.fixture(scope="module")
def module_client() -> Iterator[tuple[ScriptedNode, aerospike.Client]]:
    """A client of a scripted node."""
    with (
        ScriptedNode() as node,
        aerospike.client(
            patient({"hosts": [node.host], "max_error_rate": 0})
        ) as client,
    ):
        yield node, client


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.uuids()
    | st.decimals(allow_nan=False)
    | st.fractions()
)
HASHABLE = st.recursive(
    SCALARS, lambda v: st.tuples(v, v) | st.frozensets(v, max_size=4), max_leaves=12
)
VALUES = st.recursive(
    HASHABLE | st.sets(HASHABLE, max_size=4),
    lambda v: st.lists(v, max_size=4) | st.dictionaries(HASHABLE, v, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150)
@given(value=VALUES, protocol=st.integers(0, 5), twice=st.booleans())
def test_any_value_is_read_from_its_pickle(module_client, value, protocol, twice):
    node, client = module_client
    value = [value, value] if twice else value
    node.default = answer(pickle.dumps(value, protocol))
    assert client.get(("test", "demo", 1))[2]["a"] == value


@pytest.mark.measures
def test_made_up_pickles_are_values_or_bytes():
    script = Path(__file__).with_name("fuzz_pickles.py")
    done = subprocess.run(
        [sys.executable, script, "3", "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    n, n_read = map(int, done.stdout.split())
    assert n > n_read > 0


# writing


def test_value_that_would_be_read_as_bytes_is_refused(make_client, key):
    client = make_client(pickle_limits={"hashed": 1000})
    with pytest.raises(exception.ParamError, match=r"read back.*\(hashed\)"):
        client.put(key, {"a": {(pairs(15), 1)}})
    client.put(key, {"a": {(pairs(7), 1)}})
    assert client.get(key)[2]["a"] == {(pairs(7), 1)}


READ_AS_BYTES = pytest.mark.filterwarnings("ignore:a pickled value is read as bytes")

LIMITS: dict[str, tuple[dict[str, int], Any]] = {
    "opcodes": ({"opcodes": 100}, tuple(range(200))),
    "hashed": ({"hashed": 1000}, {pairs(12)}),
    "growth": ({"growth": 1}, tuple(set() for _ in range(2000))),
}


@READ_AS_BYTES
@pytest.mark.parametrize(("limits", "value"), LIMITS.values(), ids=LIMITS)
def test_limit_holds_in_both_directions(client, make_client, key, limits, value):
    narrow = make_client(pickle_limits=limits)
    with pytest.raises(exception.ParamError, match="read back") as caught:
        narrow.put(key, {"a": value})
    assert isinstance(caught.value.__cause__, pickle.UnpicklingError)
    client.put(key, {"a": value})
    assert client.get(key)[2]["a"] == value
    assert narrow.get(key)[2]["a"] == bytearray(pickle.dumps(value, 2))


@READ_AS_BYTES
def test_limits_may_be_raised(make_client, key):
    value = {pairs(17)}
    usual = make_client()
    with pytest.raises(exception.ParamError, match="read back"):
        usual.put(key, {"a": value})
    wide = make_client(pickle_limits={"hashed": 1_000_000})
    wide.put(key, {"a": value})
    assert wide.get(key)[2]["a"] == value
    assert type(usual.get(key)[2]["a"]) is bytearray


class Text(bytes):
    """A class that a configuration may name."""


@READ_AS_BYTES
def test_bytes_are_not_made_of_a_number(scripted_node, make_client):
    client = make_client(hosts=[scripted_node.host], pickle_classes=[Text])
    name = f"c{Text.__module__}\nText\n".encode()
    for call in (b"R", b"\x81", b"}\x92"):
        scripted_node.default = answer(name + b"J\xff\xff\xff\x7f\x85" + call + b".")
        assert type(client.get(("test", "demo", 1))[2]["a"]) is bytearray
    scripted_node.default = answer(pickle.dumps(Text(b"x"), 2))
    assert client.get(("test", "demo", 1))[2]["a"] == Text(b"x")
