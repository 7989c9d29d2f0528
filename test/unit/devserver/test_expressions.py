"""Expressions of the development server: their limits, and whatever bytes come."""

import json
import random
import subprocess
import sys
from base64 import b64decode
from copy import deepcopy
from pathlib import Path

import pytest

from aerospike_devserver import expressions
from aerospike_devserver.codec.msgpack import decode, encode
from aerospike_devserver.codec.particle import dump
from aerospike_devserver.expressions.regex import NO_CTYPES, InvalidRegex, Regex
from aerospike_devserver.result import ServerError
from aerospike_devserver.storage.record import Record, Subject
from aerospike_devserver.values.values import ListValue, MapValue
from aerospike_devserver.version import V8_1, V8_2

from ...children import LIMIT_S
from .rawwire import put_int
from .test_fuzz import SECONDS, damage, for_seconds

PASSES, FILTERED, REFUSED = 0, 27, 4
ROOT = Path(__file__).parents[2]


def array(code, items):
    return (
        b"\xdd" + (1 + len(items)).to_bytes(4, "big") + bytes([code]) + b"".join(items)
    )


def blob(size):
    return b"\xc6" + (size + 1).to_bytes(4, "big") + b"\x04" + bytes(size)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        (b"\x93\x01" + array(20, [b"\1"] * 65_000) + b"\0", FILTERED),
        (b"\x93\x01" + array(20, [b"\1"] * 66_000) + b"\0", REFUSED),
        (array(16, [b"\xc3"] * 43_600), PASSES),
        (array(16, [b"\xc3"] * 43_700), REFUSED),
        (b"\x93\x01" + blob(1_100_000) + b"\xa1\x04", FILTERED),
    ],
    ids=["ints", "too many ints", "bools", "too many bools", "large blob"],
)
def test_size_is_counted_by_part(record, expression, result):
    record.write(put_int(b"i", 5))
    assert record.get(fields=[(43, expression)]).result == result


def test_call_of_many_expressions_is_refused(own_record):
    own_record.write(put_int(b"i", 5))
    arguments = bytes.fromhex("921405") * 9
    call = bytes.fromhex("930101957f02409a01") + arguments + bytes.fromhex("935104a16c")
    assert own_record.get(fields=[(43, call)]).result == REFUSED


@pytest.mark.parametrize(
    "pattern",
    [b"(" * 600 + b")" * 600, b"((a{255}){255}){255}", rb"(a+)\1", rb"\\(a*)b\1"],
)
def test_costly_regex_is_refused(pattern):
    with pytest.raises(InvalidRegex):
        Regex(pattern, 1)


@pytest.mark.parametrize("pattern", [rb"(a|b)\1", rb"a\\1*", rb"(a+)\\1"])
def test_back_reference_without_repetition_is_taken(pattern):
    assert not Regex(pattern, 1).matches(b"ab")


# Whatever comes


def recorded():
    """The wire forms of the recorded expressions."""
    golden = json.loads((ROOT / "conformance" / "golden" / "vec.json").read_text())
    return [
        b64decode(answer)
        for case, answer in golden.items()
        if isinstance(answer, str) and case.startswith("vec/exp/")
    ]


@pytest.fixture(scope="module")
def subject():
    """A record with bins of the names and types that the recorded expressions have."""
    bins = {
        b"n": 17,
        b"neg": -5,
        b"f": 2.5,
        b"s": b"\x03Hello",
        b"b": b"\x04\x01\x42\x03\xff",
        b"t": True,
        b"l": ListValue([5, 1, 3, 1]),
        b"m": MapValue([b"\x03a", b"\x03b"], [1, 7]),
    }
    stored = {name: dump(value) for name, value in bins.items()}
    record = Record(b"demo", None, stored, 1, 0, 1_700_000_000_000)
    return Subject(record, bytes(20), 1_700_000_001_000, record.bins)


def try_out(data, subject, version):
    """Parse and evaluate, as filter and as operation; only ServerError may come."""
    for use in (
        lambda: expressions.passes(data, subject, version),
        lambda: expressions.evaluate(expressions.parse(data, version), subject),
    ):
        try:
            use()
        except ServerError:
            pass


@pytest.mark.parametrize("version", [V8_1, V8_2])
def test_damaged_expressions_are_evaluated_or_refused(subject, version):
    rng, wires = random.Random(3), recorded()
    for _ in for_seconds(SECONDS):
        try_out(damage(rng, rng.choice(wires)), subject, version)


def nodes_of(value):
    """The arrays of a decoded expression, from the outermost on."""
    if type(value) is ListValue:
        yield value
        for item in value.items:
            yield from nodes_of(item)


@pytest.mark.parametrize("version", [V8_1, V8_2])
def test_grafted_expressions_are_evaluated_or_refused(subject, version):
    """Parts of expressions in the places of others: well-formed, of all types."""
    rng = random.Random(4)
    trees = [decode(wire)[0] for wire in recorded()]
    parts = [part for tree in trees for part in (tree, *nodes_of(tree))]
    for _ in for_seconds(SECONDS):
        tree = deepcopy(rng.choice(trees))
        for node in rng.sample(found := [*nodes_of(tree)], min(2, len(found))):
            if node.items:
                node.items[rng.randrange(len(node.items))] = rng.choice(parts)
        try_out(encode(tree), subject, version)


WITHOUT_CTYPES = """
import sys
sys.modules["ctypes"] = None  # as if this Python had been built without it

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_helpers import expressions as exp

late = {"total_timeout": 60_000}
with DevCluster() as cluster, aerospike.client({"hosts": cluster.hosts}) as client:
    client.put(("test", "s", 1), {"s": "abc"}, policy=late)
    query = client.query("test", "s")
    passing = exp.Eq(exp.StrBin("s"), "abc").compile()
    print(len(query.results(late | {"expressions": passing})))
    matching = exp.CmpRegex(0, "b", exp.StrBin("s")).compile()
    try:
        client.get(("test", "s", 1), late | {"expressions": matching})
    except exception.AerospikeError as error:
        print(error.code)
"""


def test_only_regular_expressions_need_ctypes():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_CTYPES],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "1\n16\n"), done.stderr
    assert NO_CTYPES in done.stderr
