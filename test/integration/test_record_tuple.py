"""A record: the tuple (key, meta, bins), whose parts have names, too."""

from __future__ import annotations

import copy
import gc
import json
import operator
import pickle
import sys
import weakref
from typing import Any

import pytest

from aerospike import _core
from aerospike_helpers.batch.records import BatchRecords, Read
from aerospike_helpers.operations import operations

BINS = {"a": 1, "l": [1, "x"]}


@pytest.fixture
def record(client, key) -> Any:
    client.put(key, BINS)
    return client.get(key)


def test_parts_have_names(record):
    key, meta, bins = record
    assert (record.key, record.meta, record.bins) == (key, meta, bins)
    assert record.bins is record[2]
    assert record.bins == BINS
    assert set(record.meta) == {"gen", "ttl"}


def test_metadata_that_is_changed_is_nobody_elses(client, key, record):
    record.meta.clear()
    assert client.get(key).meta == {"ttl": 4294967295, "gen": 1}


def test_record_is_a_tuple(record):
    plain = tuple(record)
    assert type(plain) is tuple
    assert isinstance(record, tuple)
    assert record == plain
    assert plain == record
    assert repr(record) == repr(plain)
    assert (len(record), record[-1], record[1:]) == (3, plain[2], plain[1:])
    assert json.dumps(record, default=repr) == json.dumps(plain, default=repr)
    match record:
        case (_, _, {"a": number}):
            assert number == 1
        case _:
            pytest.fail("no tuple")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_record_is_pickled_as_a_tuple(record, protocol):
    data = pickle.dumps(record, protocol)
    assert b"aerospike" not in data
    found = pickle.loads(data)
    assert (type(found), found) == (tuple, record)


def test_copy_of_a_record_is_a_tuple(record):
    for found in (copy.copy(record), copy.deepcopy(record)):
        assert (type(found), found) == (tuple, record)


def test_nobody_makes_or_changes_records(record):
    with pytest.raises(TypeError):
        _core.Record((1, 2))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        type("Mine", (_core.Record,), {})
    with pytest.raises(AttributeError):
        record.bins = {}
    with pytest.raises(AttributeError):
        record.more = 1


def test_every_call_gives_records(client, key, record):
    rows = client.batch_read([key]).batch_records
    batch = client.batch_write(BatchRecords([Read(key, None, True)])).batch_records
    read = [operations.read("a")]
    found = [
        client.select(key, ["a"]),
        client.operate(key, read),
        client.operate_ordered(key, read),
        client.get_many([key])[0],
        rows[0].record,
        batch[0].record,
        client.query(*key[:2]).results()[0],
        next(iter(client.scan(*key[:2]))),
    ]
    assert {type(each) for each in found} == {_core.Record}


def test_record_that_is_not_there_has_no_parts(client, key):
    (found,) = client.get_many([key])
    assert (found.meta, found.bins) == (None, None)


def test_record_is_stored_as_a_value_like_a_tuple(client, key, record):
    stored = {"r": record, "l": [record]}
    client.put(key, stored)
    found = client.get(key).bins
    assert (found["r"], found["l"]) == (tuple(record), [tuple(record)])


def test_circle_through_a_record_is_collected(client, key):
    client.put(key, BINS)

    class Mark:
        """Can be referred to weakly."""

    record = client.get(key)
    record.bins["mark"] = Mark()
    record.bins["self"] = record
    gone = weakref.ref(record.bins["mark"])
    del record
    gc.collect()
    assert gone() is None


@pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)() or sys.version_info >= (3, 14),
    reason="Python or the client tracks all dicts and records there",
)
@pytest.mark.parametrize(
    "get",
    [
        lambda record: record.bins,
        lambda record: record[2],
        lambda record: record[1:][1],
        lambda record: [*record][2],
        lambda record: operator.add((), record)[2],
        lambda record: operator.add(record, (1,))[2],
        lambda record: (record * 1)[2],
        lambda record: record.__reduce__()[1][0][2],
    ],
)
def test_collector_knows_a_record_from_when_its_parts_are_got(client, key, get):
    client.put(key, {"a": 1, "s": "text", "b": b"bytes", "f": 1.5})
    record = client.get(key)
    assert not gc.is_tracked(record)
    assert (len(record), record == 1, "x" in record) == (3, False, False)
    assert not gc.is_tracked(record)
    get(record)
    assert gc.is_tracked(record)


def test_records_in_records_end_without_recursion(client, key):
    client.put(key, {"a": 1})
    record = None
    for _ in range(20_000):
        outer = client.get(key)
        outer.bins["a"] = record
        record = outer
    del outer, record


@pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)() or sys.version_info >= (3, 14),
    reason="Python or the client tracks all dicts and records there",
)
@pytest.mark.parametrize(
    "use",
    [
        lambda row: row.record,
        lambda row: setattr(row, "key", None),
        lambda row: setattr(row, "more", 1),
        vars,
        lambda row: row.__getstate__(),
    ],
)
def test_collector_knows_a_row_from_when_it_is_used(client, key, use):
    client.put(key, {"a": 1})
    (row,) = client.batch_read([key]).batch_records
    assert not gc.is_tracked(row)
    assert (row.result, row.message, row.in_doubt) == (0, None, False)
    assert not gc.is_tracked(row)
    use(row)
    assert gc.is_tracked(row)


def test_a_row_in_its_own_record_is_collected(client, key):
    class Mark:
        pass

    client.put(key, {"a": 1})
    (row,) = client.batch_read([key]).batch_records
    row.record.bins.update(row=row, mark=Mark())
    gone = weakref.ref(row.record.bins["mark"])
    del row
    gc.collect()
    assert gone() is None
