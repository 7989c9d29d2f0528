"""Counts and numbers beyond what the wire has room for: refused by name, never cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike._core import pack_expression
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import BatchRecords, Read
from aerospike_helpers.operations import operations

from ..waiting import patient
from .peer import ScriptedNode

KEY = ("test", "pytest", "counts")
MOST = 32768  # operations on one record
READ = operations.read("a")


@pytest.fixture(scope="module")
def mute() -> Iterator[aerospike.Client]:
    """A client of a node that has no answers: nothing may be sent to it."""
    with ScriptedNode() as node:
        client = aerospike.client(patient({"hosts": [node.host]}))
        yield client
        client.close()
        assert node.requests == []


def query(client: aerospike.Client, names: list[str], ops: list[Any]) -> object:
    selects = client.query("test", "pytest")
    selects.select(*names)
    selects.add_ops(ops)
    return selects.results()


def background(client: aerospike.Client, ops: list[Any]) -> object:
    changes = client.query("test", "pytest")
    changes.add_ops(ops)
    return changes.execute_background()


NAMED: dict[str, Callable[[aerospike.Client, list[str]], object]] = {
    "batch_read": lambda c, names: c.batch_read([KEY, KEY], names),
    "put": lambda c, names: c.put(KEY, {f"b{i}": i for i in range(len(names))}),
    "query": lambda c, names: query(c, names, []),
    "remove_bin": lambda c, names: c.remove_bin(KEY, names),
    "select": lambda c, names: c.select(KEY, names),
    "select of a tuple": lambda c, names: c.select(KEY, tuple(names)),
    "select_many": lambda c, names: c.select_many([KEY], names),
}


@pytest.mark.parametrize("n", [MOST + 1, 65536, 65537, 131073])
@pytest.mark.parametrize("name", NAMED)
def test_too_many_bin_names_are_refused(
    mute: aerospike.Client, name: str, n: int
) -> None:
    with pytest.raises(exception.ParamError, match=f"bins: {n} names, at most {MOST}"):
        NAMED[name](mute, ["c"] + ["a"] * (n - 1))


GIVEN: dict[str, Callable[[aerospike.Client, list[Any]], object]] = {
    "batch_get_ops": lambda c, ops: c.batch_get_ops([KEY], ops),
    "batch_operate": lambda c, ops: c.batch_operate([KEY], ops),
    "batch_write": lambda c, ops: c.batch_write(BatchRecords([Read(KEY, ops)])),
    "operate": lambda c, ops: c.operate(KEY, ops),
    "operate_ordered": lambda c, ops: c.operate_ordered(KEY, ops),
    "query": lambda c, ops: query(c, [], ops),
    "query that selects": lambda c, ops: query(c, ["a"], ops[1:]),
    "background": lambda c, ops: background(c, [operations.write("a", 1)] * len(ops)),
}


@pytest.mark.parametrize("n", [MOST + 1, 65537])
@pytest.mark.parametrize("name", GIVEN)
def test_too_many_operations_are_refused(
    mute: aerospike.Client, name: str, n: int
) -> None:
    with pytest.raises(
        exception.ParamError, match=f"operations: more than {MOST} are too many"
    ):
        GIVEN[name](mute, [READ] * n)


def test_most_bin_names_are_read_and_removed(
    client: aerospike.Client, key: Any
) -> None:
    client.put(key, {"a": 1, "b": 2, "c": 3})
    names = ["c"] + ["a"] * (MOST - 1)
    assert client.select(key, names)[2] == {"a": 1, "c": 3}
    [row] = client.batch_read([key], names).batch_records
    assert row.record is not None
    assert row.record[2] == {
        "a": 1,
        "c": 3,
    }
    client.remove_bin(key, names)
    assert client.get(key)[2] == {"b": 2}


@pytest.mark.parametrize("name", ["records_per_second", "ttl"])
def test_number_beyond_32_bits_of_a_query_is_refused(
    mute: aerospike.Client, name: str
) -> None:
    asked = mute.query("test", "pytest")
    setattr(asked, name, 2**32 - 1)
    with pytest.raises(OverflowError, match=f"^{name} is too large$"):
        setattr(asked, name, 2**32)
    assert getattr(asked, name) == 2**32 - 1


def test_call_with_too_many_arguments_is_not_packed() -> None:
    class Many(exp.ListSize):  # of an application's own
        _form = exp.ListSize._form + b"#\0" * 15

    with pytest.raises(exception.InvalidRequest, match="form of 15 arguments"):
        pack_expression(Many(None, "l"))
