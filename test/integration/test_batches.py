"""Calls on many records: batch_read() and its kind, get_many() and its kind."""

from __future__ import annotations

import gc
import pickle
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import aerospike
from aerospike import GeoJSON, exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import (
    Apply,
    BatchRecord,
    BatchRecords,
    Read,
    Remove,
    Write,
)
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import operations as ops

from ..waiting import NOWHERE, join_all

N_MANY = 100_000
NO_RESPONSE, BATCH_FAILED = -15, -16
BIG = exp.GE(exp.IntBin("n"), 5).compile()


@pytest.fixture
def keys(client, new_key):
    """Ten keys, with records {"n": i, "s": "x"} at all but the fourth."""
    made = [new_key() for _ in range(10)]
    for i, key in enumerate(made):
        if i != 3:
            client.put(key, {"n": i, "s": "x"})
    return made


def results(batch):
    return [record.result for record in batch.batch_records]


def bins(batch):
    """The bins of each record, None where there is no record."""
    return [r.record and r.record[2] for r in batch.batch_records]


FOUND = [2 if i == 3 else 0 for i in range(10)]
NUMBERS = [None if i == 3 else {"n": i} for i in range(10)]

# what they give


def test_batch_read_gives_records_in_the_order_of_the_keys(client, keys):
    batch = client.batch_read(keys)
    assert type(batch) is BatchRecords
    assert batch.result == 0
    assert all(type(record) is BatchRecord for record in batch.batch_records)
    assert results(batch) == FOUND
    assert [record.key[:3] for record in batch.batch_records] == keys
    digests = [aerospike.calc_digest(*key) for key in keys]
    assert [record.key[3] for record in batch.batch_records] == digests
    record: Any
    for i, record in enumerate(batch.batch_records):
        assert record.in_doubt is False
        if i == 3:
            assert record.record is None
        else:
            assert record.record[0] == record.key
            assert set(record.record[1]) == {"ttl", "gen"}
            assert record.record[2] == {"n": i, "s": "x"}


@pytest.mark.parametrize("names", [["n"], ("n",), ["n", "nope"]])
def test_batch_read_of_some_bins(client, keys, names):
    assert bins(client.batch_read(keys, names)) == NUMBERS


def test_batch_read_of_no_bins_gives_metadata(client, keys):
    batch = client.batch_read(keys, [])
    for i, record in enumerate(batch.batch_records):
        assert (record.record is None) is (i == 3)
        assert record.record is None or len(record.record) == 2


def test_batch_operate_gives_the_result_of_each_operation(client, keys):
    batch = client.batch_operate(
        keys, [ops.increment("n", 100), ops.read("n"), ops.write("w", 1)]
    )
    assert results(batch) == [0] * 10  # the fourth is created
    expected = [100 if i == 3 else 100 + i for i in range(10)]
    assert [found["n"] for found in bins(batch)] == expected
    assert [found["w"] for found in bins(batch)] == [None] * 10
    assert [client.get(key)[2]["n"] for key in keys] == expected


def test_batch_operate_ttl(client, keys):
    client.batch_operate(keys, [ops.write("w", 1)], ttl=1000)
    assert all(990 <= client.exists(key)[1]["ttl"] <= 1000 for key in keys)
    client.batch_operate(keys, [ops.write("w", 1)], None, {"ttl": 500}, None)
    assert all(490 <= client.exists(key)[1]["ttl"] <= 500 for key in keys)


def test_batch_remove(client, keys):
    batch = client.batch_remove(keys)
    assert (batch.result, results(batch)) == (0, FOUND)
    assert results(client.batch_read(keys)) == [2] * 10


def test_batch_write_carries_out_each_record(client, keys):
    records = [
        Read(keys[0], [ops.read("n")]),
        Read(keys[1], None, read_all_bins=True),
        Read(keys[2], None),
        Read(keys[3], None, True),
        Write(keys[4], [ops.increment("n", 1), ops.read("n")], {"ttl": 100}),
        Remove(keys[5]),
        Write(keys[6], [ops.append("n", "no")]),
        Remove(keys[3]),
    ]
    batch = BatchRecords(records)
    assert client.batch_write(batch) is batch
    assert batch.batch_records is records
    assert batch.result == BATCH_FAILED
    assert results(batch) == [0, 0, 0, 2, 0, 0, 12, 2]
    assert bins(batch)[:5] == [{"n": 0}, {"n": 1, "s": "x"}, {}, None, {"n": 5}]
    assert "12" not in (records[0].message or "")
    assert records[6].message is not None
    assert records[6].in_doubt is False
    assert 90 <= client.exists(keys[4])[1]["ttl"] <= 100
    assert client.exists(keys[5])[1] is None


@pytest.mark.parametrize(
    ("others", "bins"),
    [([], {}), ([ops.read("a")], {"a": 1}), ([ops.read("")], {"a": 1, "": 5})],
    ids=["alone", "with a read", "with a read of all bins"],
)
def test_deletion_among_operations_is_no_bin(client, key, others, bins):
    operations = [*others, ops.delete()]
    calls: list[Callable[[], Any]] = [
        lambda: client.batch_operate([key], operations),
        lambda: client.batch_write(BatchRecords([Write(key, operations)])),
    ]
    for call in calls:
        client.put(key, {"a": 1, "": 5})
        (row,) = call().batch_records
        assert (row.result, row.record[2]) == (0, bins)
        assert client.exists(key)[1] is None


def test_unknown_function_fails_its_record(client, keys):
    batch = client.batch_apply(keys[:2], "no_module", "f", [1])
    assert (batch.result, results(batch)) == (BATCH_FAILED, [100, 100])
    batch = BatchRecords([Apply(keys[0], "no_module", "f", []), Read(keys[1], None)])
    assert results(client.batch_write(batch)) == [100, 0]


def test_old_calls_give_lists(client, keys):
    whole = client.get_many(keys)
    assert [r[0][:3] for r in whole] == keys
    expected = [None if i == 3 else {"n": i, "s": "x"} for i in range(10)]
    assert [r[2] for r in whole] == expected
    assert whole[3][1] is None
    assert [r[2] for r in client.select_many(keys, ["n"])] == NUMBERS
    assert [r[2] for r in client.select_many(keys, ("n",))] == NUMBERS
    assert [r[2] for r in client.batch_get_ops(keys, [ops.read("n")])] == NUMBERS
    there = client.exists_many(keys)
    assert [len(r) for r in there] == [2] * 10
    assert [r[1] is None for r in there] == [i == 3 for i in range(10)]


def test_old_calls_raise_the_error_of_a_record(client, keys):
    with pytest.raises(exception.BinIncompatibleType):
        client.batch_get_ops(keys[:2], [lists.list_get("n", 0)])
    with pytest.raises(exception.NamespaceNotFound):
        client.get_many([keys[0], ("nope", "a", 1)])


# keys


def test_keys_may_repeat(client, keys):
    asked = [keys[0], keys[1], keys[0], keys[3], keys[3], keys[0]]
    assert bins(client.batch_read(asked, ["n"])) == [
        *({"n": 0}, {"n": 1}, {"n": 0}),
        *(None, None, {"n": 0}),
    ]
    client.batch_operate([keys[0]] * 5, [ops.increment("n", 1)])
    assert client.get(keys[0])[2]["n"] == 5
    assert [r[2] for r in client.select_many(asked, ["n"])][2] == {"n": 5}


@pytest.mark.parametrize("kind", [list, tuple])
def test_keys_in_every_form(client, new_key, kind):
    text = new_key()
    base = text[:2]

    def digest_of(name):
        return aerospike.calc_digest(base[0], base[1], text[2] + name)

    forms: list[Any] = [
        text,
        (*base, int(text[2][:8], 16)),
        (*base, b"text" + text[2].encode()),
        (*base, bytearray(b"array" + text[2].encode())),
        (*base, None, digest_of("digest")),
        (*base, None, bytes(digest_of("bytes"))),
        {"ns": base[0], "set": base[1], "key": text[2] + "dict"},
        (base[0], None, text[2]),
        (base[0], "", text[2] + "empty"),
    ]
    asked = kind(forms)
    try:
        assert results(client.batch_operate(asked, [ops.write("a", 1)])) == [0] * 9
        batch = client.batch_read(asked)
        assert results(batch) == [0] * 9
        assert [bytes(r.key[3]) for r in batch.batch_records] == [
            bytes(client.exists(form)[0][3]) for form in forms
        ]
        assert [r[1] is None for r in client.exists_many(asked)] == [False] * 9
    finally:
        assert results(client.batch_remove(asked)) == [0] * 9


def test_several_namespaces_and_sets_in_one_call(client, new_key):
    name = new_key()[2]
    asked = [
        (ns, set_, f"{name}-{i}")
        for i in range(20)
        for ns in ("test", "bar")
        for set_ in ("one", "two", None)
    ]
    writes = [Write(key, [ops.write("a", list(key))]) for key in asked]
    assert client.batch_write(BatchRecords(writes)).result == 0
    try:
        assert bins(client.batch_read(asked)) == [{"a": list(key)} for key in asked]
    finally:
        assert results(client.batch_remove(asked)) == [0] * len(asked)


def test_each_key_has_a_str_of_its_own_for_its_set(client, new_key):
    name = new_key()[2]
    # more sets than a batch compares the set of a key with
    asked = [("".join(["te", "st"]), f"set{i % 40}", f"{name}-{i}") for i in range(120)]
    writes = [Write(key, [ops.write("a", i)]) for i, key in enumerate(asked)]
    assert client.batch_write(BatchRecords(writes)).result == 0
    try:
        assert bins(client.batch_read(asked)) == [{"a": i} for i in range(120)]
    finally:
        assert results(client.batch_remove(asked)) == [0] * 120


def test_a_batch_that_failed_leaves_nothing_to_the_next(client, keys):
    for wrong in (("test", "demo"), ("test", 5, 1), ("test", "demo", None), None):
        with pytest.raises(exception.ParamError, match="3"):
            client.batch_read([*keys[:3], wrong, *keys])
        assert results(client.batch_read(keys[:5])) == FOUND[:5]


def test_unknown_namespace_fails_its_records_only(client, keys):
    batch = client.batch_read([keys[0], ("nope", "s", 1), keys[1]])
    assert (batch.result, results(batch)) == (BATCH_FAILED, [0, 20, 0])
    assert "nope" in batch.batch_records[1].message


@pytest.mark.parametrize("empty", [[], ()])
def test_no_keys(client, empty):
    for batch in (
        client.batch_read(empty),
        client.batch_operate(empty, [ops.write("a", 1)]),
        client.batch_remove(empty),
        client.batch_apply(empty, "m", "f", []),
        client.batch_write(BatchRecords()),
    ):
        assert (batch.result, batch.batch_records) == (0, [])
    assert client.get_many(empty) == client.exists_many(empty) == []
    assert client.select_many(empty, ["a"]) == []
    assert client.batch_get_ops(empty, [ops.read("a")]) == []


def test_one_key(client, key):
    assert results(client.batch_operate([key], [ops.write("a", 1)])) == [0]
    assert bins(client.batch_read([key])) == [{"a": 1}]
    assert client.get_many([key])[0][2] == {"a": 1}


def test_100_000_keys_in_one_call(client):
    asked = [("test", "many", i) for i in range(N_MANY)]
    policy = {"total_timeout": 30_000}
    some = BatchRecords(
        [Write(asked[i], [ops.write("n", i)]) for i in range(0, N_MANY, 100)]
    )
    assert client.batch_write(some).result == 0
    try:
        batch = client.batch_read(asked, ["n"], policy)
        assert batch.result == 0
        found = {r.key[2]: r.record[2]["n"] for r in batch.batch_records if r.record}
        assert found == {i: i for i in range(0, N_MANY, 100)}
        assert [r.key[2] for r in batch.batch_records] == list(range(N_MANY))
    finally:
        client.batch_remove(asked[::100])


def test_keys_of_records_stay_as_the_caller_wrote_them(client, keys):
    key: Any = dict(zip(("ns", "set", "key"), keys[0], strict=True))
    record: Any = Read(key, [ops.read("n")])
    client.batch_write(BatchRecords([record]))
    assert record.key is key
    assert record.record[0][:3] == keys[0]


@pytest.mark.parametrize("how", ["whole", "row", "config"])
def test_key_is_stored_when_it_is_sent(client, make_client, new_key, how):
    send = {"key": aerospike.POLICY_KEY_SEND}
    asked = [new_key() for _ in range(5)]
    if how == "row":
        rows = [Write(key, [ops.write("a", 1)], policy=send) for key in asked]
        client.batch_write(BatchRecords(rows))
    elif how == "whole":
        client.batch_operate(asked, [ops.write("a", 1)], None, send)
    else:
        other = make_client(policies={"batch_write": send})
        other.batch_operate(asked, [ops.write("a", 1)])
    for key in asked:
        digest = (*key[:2], None, aerospike.calc_digest(*key))
        check = {"expressions": exp.Eq(exp.KeyStr(), key[2]).compile()}
        assert client.get(digest, check)[2] == {"a": 1}


# policies


def test_filter_of_the_whole_and_of_rows(client, keys):
    out = [27] * 5 + [0] * 5
    out[3] = 2
    batch = client.batch_read(keys, None, {"expressions": BIG})
    assert (batch.result, results(batch)) == (0, out)
    assert [r[2] is None for r in client.get_many(keys, {"expressions": BIG})] == [
        code != 0 for code in out
    ]
    row = {"expressions": BIG}
    for read_all in (True, False):
        rows = [Read(key, None, read_all, policy=row) for key in keys]
        assert results(client.batch_write(BatchRecords(rows))) == out
    rows = [Read(key, [ops.read("n")], policy=row) for key in keys]
    assert results(client.batch_write(BatchRecords(rows))) == out
    small = {"expressions": exp.LT(exp.IntBin("n"), 5).compile()}
    assert results(client.batch_write(BatchRecords(rows), small)) == out
    assert results(client.batch_remove(keys, None, row)) == out


def test_each_row_has_its_policy(client, keys):
    create = {"exists": aerospike.POLICY_EXISTS_CREATE}
    update = {"exists": aerospike.POLICY_EXISTS_UPDATE}
    same = {"gen": aerospike.POLICY_GEN_EQ}
    write = [ops.write("w", 1)]
    batch = BatchRecords(
        [
            Write(keys[0], write, policy=create),
            Write(keys[3], write, policy=update),
            Write(keys[1], write, {"gen": 1}, same),
            Write(keys[2], write, {"gen": 9}, same),
            Write(keys[4], write),
            Remove(keys[5], {"gen": aerospike.POLICY_GEN_EQ, "generation": 7}),
            Remove(keys[6], {"gen": aerospike.POLICY_GEN_EQ, "generation": 1}),
        ]
    )
    assert results(client.batch_write(batch)) == [5, 2, 0, 3, 0, 3, 0]


def test_rows_whose_operations_are_made_anew_are_not_confused(client, new_key):
    """A property may give a list that lies where the last one lay."""

    class Own(Write):
        @property
        def ops(self):
            return [ops.write("n", self.number)]

        @ops.setter
        def ops(self, value):
            self.number = value

    asked = [new_key() for _ in range(20)]
    batch = BatchRecords([Own(key, i) for i, key in enumerate(asked)])  # type: ignore[arg-type]
    assert client.batch_write(batch).result == 0
    assert bins(client.batch_read(asked)) == [{"n": i} for i in range(20)]


def test_stops_at_the_first_error_when_not_all_must_respond(client, new_key):
    """Whatever came before it is kept; the others say that nothing came."""
    asked = [new_key() for _ in range(50)]
    client.batch_operate(asked, [ops.write("a", "text")])
    batch = client.batch_operate(
        asked, [ops.increment("a", 1)], {"respond_all_keys": False}
    )
    assert batch.result == BATCH_FAILED
    assert set(results(batch)) <= {12, NO_RESPONSE}
    assert 12 in results(batch)


# record objects


def test_records_are_used_again(client, keys):
    batch = BatchRecords([Read(key, [ops.read("n")]) for key in keys])
    client.batch_write(batch)
    assert bins(batch) == NUMBERS
    client.remove(keys[0])
    client.put(keys[3], {"n": 3})
    client.batch_write(batch)
    assert results(batch) == [2] + [0] * 9
    assert batch.batch_records[0].record is None
    assert bins(batch)[3] == {"n": 3}
    assert (batch.batch_records[3].message, batch.result) == (None, 0)


def test_records_of_a_failed_call_can_be_used_again(client, keys):
    records: list[Any] = [Write(keys[0], [ops.append("n", "x")])]
    batch = BatchRecords(records)
    assert client.batch_write(batch).result == BATCH_FAILED
    records[0].ops = [ops.increment("n", 1), ops.read("n")]
    assert client.batch_write(batch).result == 0
    assert (records[0].result, records[0].message) == (0, None)
    assert records[0].record[2] == {"n": 1}


def test_one_object_may_stand_twice(client, keys):
    record: Any = Write(keys[0], [ops.increment("n", 1), ops.read("n")])
    batch = client.batch_write(BatchRecords([record, record]))
    assert batch.result == 0
    assert record.record[2]["n"] in (1, 2)
    assert client.get(keys[0])[2]["n"] == 2


def test_records_can_be_pickled_and_take_attributes(client, keys):
    batch = client.batch_read(keys)
    first: Any = batch.batch_records[0]
    first.mine = "hello"
    again: Any = pickle.loads(pickle.dumps(batch))
    assert results(again) == FOUND
    assert again.batch_records[0].mine == "hello"
    assert [r.key for r in again.batch_records] == [r.key for r in batch.batch_records]
    assert type(again) is BatchRecords
    written: Any = Write(keys[0], [ops.write("w", 1)], {"ttl": 5}, {"exists": 1})
    written.mine = 5
    copy = pickle.loads(pickle.dumps(written))
    assert (copy.ops, copy.meta, copy.policy) == (
        written.ops,
        written.meta,
        written.policy,
    )
    assert copy.mine == 5


def test_subclasses_of_records_work(client, keys):
    class Mine(Read):
        def __init__(self, key):
            super().__init__(key, [ops.read("n")])
            self.extra = [1]

    batch: Any = client.batch_write(BatchRecords([Mine(key) for key in keys]))
    assert bins(batch) == NUMBERS
    assert batch.batch_records[0].extra == [1]


# values

VALUES: dict[str, Any] = {
    "int": -(2**63),
    "float": 1.5e300,
    "text": "clé \U0001f600",
    "empty": "",
    "bytes": bytes(range(256)),
    "flag": True,
    "list": [1, [2.5, "x", {"k": None}], b"x"],
    "map": {"a": {1: [b"x"]}, b"b": -1},
    "geo": GeoJSON({"type": "Point", "coordinates": [1.5, 2.5]}),
}


def test_values_of_every_type(client, new_key):
    asked = [new_key() for _ in range(3)]
    writes = [ops.write(name, value) for name, value in VALUES.items()]
    assert client.batch_operate(asked, writes).result == 0
    for found in [*bins(client.batch_read(asked)), client.get_many(asked)[0][2]]:
        geo = found.pop("geo")
        assert geo.geo_data == VALUES["geo"].geo_data
        assert found == {k: v for k, v in VALUES.items() if k != "geo"}
        assert {k: type(v) for k, v in found.items()} == {
            k: type(v) for k, v in VALUES.items() if k != "geo"
        }


def test_deserialize_off_gives_the_bytes_of_containers(client, key):
    client.put(key, {"l": [1, 2], "m": {1: 2}, "n": 1})
    single = client.get(key, {"deserialize": False})[2]
    assert single["n"] == 1
    assert not isinstance(single["l"], list)
    policy = {"deserialize": False}
    assert client.batch_read([key], None, policy).batch_records[0].record[2] == single
    assert client.get_many([key], policy)[0][2] == single


class Mine:
    def __init__(self, n):
        self.n = n


def test_user_serializers_in_batches(make_client, new_key):
    client = make_client(
        serialization=(
            lambda value: b"mine:%d" % value.n,
            lambda data: Mine(int(data[5:])),
        )
    )
    asked = [new_key() for _ in range(5)]
    batch = BatchRecords(
        [Write(key, [ops.write("a", Mine(i))]) for i, key in enumerate(asked)]
    )
    assert client.batch_write(batch).result == 0
    assert [found["a"].n for found in bins(client.batch_read(asked))] == list(range(5))


def test_exception_of_a_serializer_ends_the_call(make_client, new_key):
    client = make_client(serialization=(lambda value: 1 // 0, None))
    asked = [new_key() for _ in range(20)]
    with pytest.raises(exception.ClientError) as caught:
        client.batch_operate(asked, [ops.write("a", Mine(1))])
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert [r[1] for r in client.exists_many(asked)] == [None] * 20


def test_interrupt_in_a_serializer_passes_through(make_client, new_key):
    def interrupted(_):
        raise KeyboardInterrupt

    asked = [new_key() for _ in range(5)]
    client = make_client(serialization=(interrupted, interrupted))
    with pytest.raises(KeyboardInterrupt):
        client.batch_operate(asked, [ops.write("a", Mine(1))])
    client.batch_operate(asked, [ops.write("a", b"blob")])
    with pytest.raises(KeyboardInterrupt):
        client.batch_read(asked)


def test_deserializer_that_fails_leaves_the_blob(make_client, new_key):
    client = make_client(serialization=(None, lambda _: 1 // 0))
    asked = [new_key() for _ in range(5)]
    client.batch_operate(asked, [ops.write("a", b"blob")])
    assert bins(client.batch_read(asked)) == [{"a": b"blob"}] * 5


# bad arguments

K = ("test", "pytest", "bad")
WRITE = [ops.write("a", 1)]
READ = [ops.read("a")]
BAD: dict[str, tuple[Any, str]] = {
    "keys None": (lambda c: c.batch_read(None), "keys"),
    "keys str": (lambda c: c.batch_read("abc"), "keys"),
    "keys dict": (lambda c: c.get_many({}), "keys"),
    "keys int": (lambda c: c.batch_remove(5), "keys"),
    "key": (lambda c: c.batch_read([K, K, 5]), r"keys\[2\]"),
    "short key": (lambda c: c.batch_operate([K, ("test",)], WRITE), "index: 1"),
    "user key": (lambda c: c.batch_remove([(*K[:2], 1.5)]), "index: 0"),
    "digest": (lambda c: c.get_many([K, (*K[:2], None, b"1")]), "index: 1"),
    "bins": (lambda c: c.batch_read([K], "a"), "bins"),
    "ops None": (lambda c: c.batch_operate([K], None), "ops"),
    "ops empty": (lambda c: c.batch_operate([K], []), "ops"),
    "ops junk": (lambda c: c.batch_operate([K], [5]), "5|dict"),
    "writing reads": (lambda c: c.batch_get_ops([K], WRITE), "write"),
    "ttl": (lambda c: c.batch_operate([K], WRITE, None, None, "x"), "ttl"),
    "policy": (lambda c: c.batch_read([K], None, 5), "policy"),
    "row policy": (lambda c: c.batch_remove([K], None, 5), "policy"),
    "timeout": (lambda c: c.get_many([K], {"total_timeout": "x"}), "total_timeout"),
    "module": (lambda c: c.batch_apply([K], 5, "f", []), "module"),
    "function": (lambda c: c.batch_apply([K], "m", 5, []), "function"),
    "args": (lambda c: c.batch_apply([K], "m", "f", {}), "args"),
    "batch None": (lambda c: c.batch_write(None), "batch_records"),
    "batch list": (lambda c: c.batch_write([Write(K, WRITE)]), "batch_records"),
    "no list": (lambda c: c.batch_write(BatchRecords(5)), "batch_records"),  # type: ignore[arg-type]
    "no record": (lambda c: c.batch_write(batch_of(5)), "batch_record"),
    "plain record": (lambda c: c.batch_write(batch_of(BatchRecord(K))), "batch_record"),
    "row key": (
        lambda c: c.batch_write(batch_of(Write(K, WRITE), Write((1,), WRITE))),  # type: ignore[arg-type]
        "index: 1",
    ),
    "row ops": (lambda c: c.batch_write(batch_of(Write(K, []))), "ops"),
    "row op": (lambda c: c.batch_write(batch_of(Write(K, [{"op": 9999}]))), "op"),
    "row write": (lambda c: c.batch_write(batch_of(Read(K, WRITE))), "write"),
    "policy of a row": (
        lambda c: c.batch_write(batch_of(Write(K, WRITE, policy=5))),  # type: ignore[arg-type]
        "policy",
    ),
    "meta of a row": (
        lambda c: c.batch_write(batch_of(Write(K, WRITE, {"ttl": "x"}))),
        "Ttl",
    ),
}


def batch_of(*records):
    return BatchRecords([Write(K, WRITE), *records][-len(records) :])


@pytest.mark.parametrize(("call", "text"), BAD.values(), ids=BAD)
def test_bad_argument_is_named_and_nothing_sent(scripted_node, make_client, call, text):
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.ParamError, match=text):
        call(client)
    assert scripted_node.requests == []


def test_missing_and_unknown_arguments():
    client = aerospike.client({"hosts": [NOWHERE]})
    calls: list[Any] = [
        lambda: client.batch_read(),  # type: ignore[call-arg]
        lambda: client.batch_operate([K]),  # type: ignore[call-arg]
        lambda: client.batch_apply([K], "m", "f"),  # type: ignore[call-arg]
        lambda: client.batch_read([K], polcy={}),  # type: ignore[call-arg]
        lambda: client.batch_write(),  # type: ignore[call-arg]
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()


def test_failed_call_leaves_the_records_as_they_were(client, keys):
    batch: Any = BatchRecords([Read(keys[0], [ops.read("n")])])
    client.batch_write(batch)
    batch.batch_records.append(5)
    with pytest.raises(exception.ParamError):
        client.batch_write(batch)
    assert batch.batch_records[0].record[2] == {"n": 0}


def test_closed_client(make_client):
    client = make_client()
    client.close()
    for call in (
        lambda: client.batch_read([K]),
        lambda: client.batch_write(BatchRecords([Write(K, WRITE)])),
        lambda: client.batch_remove([K]),
        lambda: client.get_many([K]),
    ):
        with pytest.raises(exception.ClusterError):
            call()


@pytest.mark.measures
def test_batch_of_more_than_128_mib_is_refused(scripted_node, make_client):
    client = make_client(hosts=[scripted_node.host])
    big = [ops.write("a", bytes(1 << 20))]
    rows = [Write((*K[:2], i), list(big)) for i in range(129)]
    with pytest.raises(exception.ParamError, match="too large"):
        client.batch_write(BatchRecords(rows))
    assert scripted_node.requests == []


# arguments that change meanwhile


def test_arguments_changed_by_another_thread(client, new_key):
    """Any of the states may be used; nothing may break."""
    asked: list[Any] = [new_key() for _ in range(200)]
    array = bytearray(b"k" * 30)
    asked.append(("test", "pytest", array))
    records: list[Any] = [Read(key, [ops.read("n")]) for key in asked]
    batch = BatchRecords(list(records))
    end = time.monotonic() + 1.0
    failures: list[BaseException] = []

    def change():
        while time.monotonic() < end:
            kept = asked[:]
            asked.clear()
            asked.extend(kept)
            array.extend(b"x" * 100)
            del array[30:]
            batch.batch_records.clear()
            batch.batch_records.extend(records)
            for record in records:
                record.ops = [ops.read("n")]
                record.policy = {}
                key, record.record = record.key, None
                del record.key
                record.key = key

    def use():
        while time.monotonic() < end:
            try:
                client.batch_read(asked, ["n"])
                client.batch_write(batch)
            except (exception.ParamError, AttributeError):
                continue
            except BaseException as error:  # noqa: BLE001 - judged below
                failures.append(error)
                return

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=t) for t in (change, use, use)]
        for thread in threads:
            thread.start()
        join_all(threads)
    finally:
        sys.setswitchinterval(interval)
    assert failures == []
    assert len(client.batch_read(asked).batch_records) == len(asked)


def test_records_changed_by_a_serializer(make_client, new_key):
    """The list of records is emptied, and their keys are deleted, under way."""
    batch = BatchRecords()

    def change(_):
        for record in batch.batch_records:
            if hasattr(record, "key"):
                del record.key
            record.__dict__.clear()
        del batch.batch_records[:]
        gc.collect()
        return b"x"

    client = make_client(serialization=(change, change))
    asked = [new_key() for _ in range(5)]
    batch.batch_records = [Write(key, [ops.write("a", Mine(1))]) for key in asked]
    with pytest.raises((exception.ParamError, IndexError)):
        client.batch_write(batch)
    assert client.batch_operate(asked, [ops.write("a", Mine(1))]).result == 0
    reads = [Read(key, None, True) for key in asked]
    batch.batch_records = list(reads)
    client.batch_write(batch)
    assert [record.result for record in reads] == [0] * 5
