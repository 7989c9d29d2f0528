"""Names of bins: which calls take a bytearray, and what becomes of a NUL in it."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception, predicates
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch import records as br
from aerospike_helpers.operations import bitwise_operations as bits
from aerospike_helpers.operations import expression_operations as expressions
from aerospike_helpers.operations import hll_operations as hll
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import map_operations as maps
from aerospike_helpers.operations import operations as ops

BYTES: Any = {name: name.encode() for name in "nsm"}  # as no type allows
NAME = bytearray(b"m")
CUT = bytearray(b"m\0rest")


@pytest.fixture
def put(client: Any, key: Any) -> Any:
    """The client, whose record has a bin of each kind."""
    client.put(key, {"n": 1, "s": "x", "m": {"a": 1}, "l": [1], "b": b"\x01"})
    return client


def test_commands_take_a_bytearray(put, key):
    put.append(key, bytearray(b"s"), "y")
    put.prepend(key, bytearray(b"s"), "w")
    put.increment(key, bytearray(b"n"), 4)
    found = put.get(key)[2]
    assert (found["s"], found["n"]) == ("wxy", 5)


@pytest.mark.filterwarnings("ignore:a bytearray as a bin name")
@pytest.mark.parametrize("name", [NAME, CUT], ids=repr)
@pytest.mark.parametrize(
    ("operation", "found"),
    [
        (lambda name: ops.read(name), {"m": {"a": 1}}),
        (lambda name: ops.write(name, 5), {}),
        (lambda name: maps.map_size(name), {"m": 1}),
        (lambda name: maps.map_put(name, "b", 2), {"m": 2}),
        (
            lambda name: maps.map_get_by_key(name, "a", aerospike.MAP_RETURN_VALUE),
            {"m": 1},
        ),
        (lambda name: maps.map_increment(name, "a", 5), {"m": 6}),
        (lambda name: maps.map_clear(name), {"m": None}),
    ],
)
def test_plain_and_map_operations_take_a_bytearray(put, key, operation, name, found):
    assert put.operate(key, [operation(name)])[2] == found


def test_batches_take_a_bytearray(put, key):
    operation = maps.map_size(NAME)
    written = br.BatchRecords([br.Write(key, [ops.write(bytearray(b"n"), 7)])])
    assert put.batch_write(written).batch_records[0].result == 0
    done = put.batch_operate([key], [ops.read(bytearray(b"n")), operation])
    assert done.batch_records[0].record[2] == {"n": 7, "m": 1}


REFUSED = {
    "put": lambda c, k, name: c.put(k, {name: 1}),
    "select": lambda c, k, name: c.select(k, [name]),
    "remove_bin": lambda c, k, name: c.remove_bin(k, [name]),
    "batch_read": lambda c, k, name: c.batch_read([k], [name]),
    "list": lambda c, k, name: c.operate(k, [lists.list_size(name)]),
    "bits": lambda c, k, name: c.operate(k, [bits.bit_count(name, 0, 8)]),
    "HyperLogLog": lambda c, k, name: c.operate(k, [hll.hll_add(name, [1], 8)]),
    "expression": lambda c, k, name: c.operate(
        k, [expressions.expression_read(name, exp.IntBin("n").compile())]
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_other_calls_refuse_a_bytearray(put, key, what):
    name: Any = bytearray(b"l")
    # a dict cannot even have such a key
    wanted = TypeError if what == "put" else exception.ClientError
    with pytest.raises(wanted):
        REFUSED[what](put, key, name)


@pytest.mark.parametrize(
    "call",
    [
        lambda c, k: c.append(k, BYTES["s"], "y"),
        lambda c, k: c.increment(k, BYTES["n"], 1),
        lambda c, k: c.operate(k, [ops.read(BYTES["n"])]),
        lambda c, k: c.operate(k, [maps.map_size(BYTES["m"])]),
        lambda c, k: c.query(*k[:2]).select(BYTES["n"]),
        lambda c, k: c.query(*k[:2]).where(predicates.equals(BYTES["n"], 1)),
        lambda c, k: c.index_integer_create(*k[:2], BYTES["n"], "index"),
    ],
)
def test_bytes_are_refused_everywhere(put, key, call):
    with pytest.raises(exception.ParamError, match=r"[Bb]in"):
        call(put, key)


@pytest.mark.filterwarnings("ignore:a bytearray as a bin name")
def test_bytearray_ends_at_its_nul(put, key):
    put.increment(key, bytearray(b"n\0x"), 2)
    assert put.select(key, ["n"])[2] == {"n": 3}


def test_nul_of_a_bytearray_is_warned_of_once(put, key):
    name = uuid.uuid4().hex[:12].encode()

    def use_it_twice() -> None:
        put.operate(key, [ops.read(bytearray(name + b"\0x"))])
        put.query(*key[:2]).select(bytearray(name + b"\0x"))

    with pytest.warns(aerospike.AerospikeWarning, match="NUL") as said:
        use_it_twice()
    assert len(said) == 1
    assert name.decode() in str(said[0].message)


def test_bytes_that_are_no_utf8_are_a_name(put, key):
    put.operate(key, [ops.write(bytearray(b"\xff"), 1)])
    assert put.operate(key, [ops.read(bytearray(b"\xff"))])[2] == {"\udcff": 1}


@pytest.mark.parametrize("name", [bytearray(b"a" * 16), bytearray(b"\xff" * 200)])
def test_long_bytearray_is_a_long_name(put, key, name):
    with pytest.raises(exception.BinNameError, match=f"{len(name)} bytes"):
        put.append(key, name, "x")
    with pytest.raises(exception.BinNameError, match=f"{len(name)} bytes"):
        put.operate(key, [maps.map_size(name)])


@contextlib.contextmanager
def _index(client: Any, bin_name: Any, set_name: str) -> Iterator[str]:
    name = f"i{uuid.uuid4().hex[:12]}"
    client.index_integer_create("test", set_name, bin_name, name)
    try:
        yield name
    finally:
        client.index_remove("test", name)


@pytest.mark.filterwarnings("ignore:a bytearray as a bin name")
def test_queries_and_indexes_take_a_bytearray(client):
    set_name = f"names{uuid.uuid4().hex[:8]}"
    keys = [("test", set_name, number) for number in range(4)]
    for key in keys:
        client.put(key, {"n": key[2], "o": 0})
    with _index(client, bytearray(b"n"), set_name):
        query = client.query("test", set_name).select(bytearray(b"n"))
        query.where(predicates.between(bytearray(b"n"), 1, 2))
        assert sorted(bins["n"] for _, _, bins in query.results()) == [1, 2]
    scan = client.scan("test", set_name).select(bytearray(b"n\0x"))
    assert sorted(bins["n"] for _, _, bins in scan.results()) == [0, 1, 2, 3]
    for key in keys:
        client.remove(key)


def test_named_index_needs_no_bin(client):
    query = client.query("test", "none")
    query.where_with_index_name("none", predicates.geo_contains_point(None, 1.0, 2.0))
    with pytest.raises(exception.ParamError, match="bin"):
        client.query("test", "x").where(predicates.geo_within_radius(None, 1, 2, 3))


NAMELESS: dict[str, Any] = {
    "operate": lambda c, k: c.operate(k, [ops.read("")])[2],
    "operate, bytearray": lambda c, k: c.operate(k, [ops.read(bytearray(b""))])[2],
    "operate, after another": lambda c, k: c.operate(k, [ops.read("n"), ops.read("")])[
        2
    ],
    "operate, after a write": lambda c, k: c.operate(
        k, [ops.write("n", 1), ops.read("")]
    )[2],
    "operate_ordered": lambda c, k: dict(c.operate_ordered(k, [ops.read("")])[2]),
    "batch_operate": lambda c, k: (
        c.batch_operate([k], [ops.read("")]).batch_records[0].record[2]
    ),
    "batch_write": lambda c, k: (
        c.batch_write(br.BatchRecords([br.Read(k, [ops.read("")])]))
        .batch_records[0]
        .record[2]
    ),
}


@pytest.mark.parametrize("call", NAMELESS.values(), ids=NAMELESS)
@pytest.mark.parametrize("bins", [{"n": 1, "s": "x"}, {"n": 1, "": 7}], ids=repr)
def test_read_without_a_name_gives_all_bins(client, key, call, bins):
    client.put(key, bins)
    assert call(client, key) == bins


@pytest.mark.parametrize("bins", [[""], ["", "n"], ("",)], ids=repr)
def test_select_that_begins_with_an_empty_name_is_refused(put, key, bins):
    with pytest.raises(exception.InvalidRequest) as caught:
        put.select(key, bins)
    assert "begins with an empty name" in caught.value.detail
    with pytest.raises(exception.RecordNotFound):
        put.select((*key[:2], uuid.uuid4().hex), bins)


def test_later_empty_name_reads_the_bin_of_that_name(put, key):
    put.put(key, {"": 7})
    assert put.select(key, ["n", ""])[2] == {"n": 1, "": 7}
    (row,) = put.batch_read([key], [""]).batch_records
    assert row.record[2] == {"": 7}
