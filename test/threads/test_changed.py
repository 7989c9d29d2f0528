"""Arguments that one thread changes while others make calls with them.

A call takes what the argument is at one moment, or says that it was changed: it neither
mixes two states nor breaks. Without the GIL only locks see to that. Then Python itself,
before 3.14, has none for a bytearray: its bytes are changed here, and not its size.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import pytest

import aerospike
from aerospike import exception, predicates
from aerospike_helpers import cdt_ctx
from aerospike_helpers.batch.records import BatchRecords, Read, Write
from aerospike_helpers.expressions import Eq, IntBin
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import map_operations as maps
from aerospike_helpers.operations import operations as ops
from aerospike_helpers.operations import string_operations as strings

from .test_threads import run_threads

N_CALLERS, N_CALLS = 3, 20
SPACE = ("test", "changed")
"""A set in which no other test leaves records."""
# what tells that an argument was changed under way
CHANGED = (exception.AerospikeError, IndexError, RuntimeError)

HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
LOCKS_BYTEARRAYS = HAS_GIL or sys.version_info >= (3, 14)


def changed(call: Callable[[int], Any], *changes: Callable[[], Any]) -> None:
    """Make calls in several threads, each with its number, while others change."""
    ended: list[int] = []

    def work(number: int) -> None:
        try:
            for _ in range(N_CALLS):
                call(number)
        finally:
            ended.append(number)

    def disturb(change: Callable[[], Any]) -> None:
        while len(ended) < N_CALLERS:
            change()
            time.sleep(0.0001)  # the server needs the processors, too

    callers = [lambda number=n: work(number) for n in range(N_CALLERS)]
    disturbers = [lambda change=c: disturb(change) for c in changes]
    assert run_threads([*callers, *disturbers]) == []


@pytest.fixture
def keys(new_key) -> list[tuple[str, str, str]]:
    """One for each caller."""
    return [new_key() for _ in range(N_CALLERS)]


LISTS = [list(range(300)), ["x"] * 200, [], [1.5, "a", 3] * 90]
DICTS = [
    {f"k{n}": n for n in range(90)},
    dict.fromkeys(range(60), "x"),
    {},
    {f"k{n}": "y" for n in range(70)},
]


def replace_list(shared: list[Any], state: list[Any]) -> None:
    shared[:] = state


def replace_dict(shared: dict[Any, Any], state: dict[Any, Any]) -> None:
    shared.clear()
    shared.update(state)


@pytest.mark.parametrize(
    ("shared", "states", "replace"),
    [
        ([], LISTS, replace_list),
        ({}, DICTS, replace_dict),
        (aerospike.KeyOrderedDict(), DICTS, replace_dict),
    ],
    ids=["list", "dict", "KeyOrderedDict"],
)
def test_a_value_is_stored_as_it_was_at_one_moment(
    client, keys, shared, states, replace
):
    states_to_come = cycle(states)
    wrapped = [shared, {"in": shared}]

    def call(number: int) -> None:
        client.put(keys[number], {"v": shared, "w": wrapped})
        bins = client.get(keys[number])[2]
        assert bins["v"] in states
        assert bins["w"][0] in states
        assert bins["w"][1]["in"] in states

    changed(call, lambda: replace(shared, next(states_to_come)))


def test_a_value_of_python_code_may_be_a_mixture(client, keys):
    """A serializer runs in the middle of a list: others run then, with the GIL, too."""
    shared: list[Any] = [object()]
    client.put(keys[0], {"v": [1]})

    def serialize(_value: Any) -> str:
        return "o"

    aerospike.set_serializer(serialize)

    def call(number: int) -> None:
        try:
            client.put(
                keys[number], {"v": shared}, serializer=aerospike.SERIALIZER_USER
            )
        except CHANGED:
            return
        found = client.get(keys[number])[2]["v"]
        assert {type(item) for item in found} <= {int, bytes, bytearray}

    def change() -> None:
        shared[:] = [object(), 1, object(), *range(20)]
        shared.clear()
        shared.extend([object()] * 30)

    try:
        changed(call, change)
    finally:
        aerospike.unset_serializers()


def test_bytes_of_a_bytearray(client, keys):
    states = [b"a" * 5000, b"b" * 5000]
    sizes = [b"c" * 9000, b""] if LOCKS_BYTEARRAYS else []
    shared, states_to_come = bytearray(states[0]), cycle(states + sizes)

    def change() -> None:
        shared[:] = next(states_to_come)

    def call(number: int) -> None:
        client.put(keys[number], {"v": shared, "l": [shared]})
        bins = client.get(keys[number])[2]
        if LOCKS_BYTEARRAYS:
            assert {bytes(bins["v"]), bytes(bins["l"][0])} <= {*states, *sizes}
        assert set(bins["v"]) | set(bins["l"][0]) <= set(b"abc")

    changed(call, change)


def test_a_bytearray_as_user_key_and_as_bin_name(client):
    """A key's digest is that of the user key which is sent with it."""
    key, name = bytearray(b"a" * 20), bytearray(b"a" * 10)
    letters = cycle(b"ab")

    def change() -> None:
        letter = bytes([next(letters)])
        key[:] = letter * 20
        name[:] = letter * 10

    def call(_number: int) -> None:
        client.increment((*SPACE, key), name, 1, policy={"key": 1})

    changed(call, change)
    found = client.scan(*SPACE).results()
    assert found
    for stored, _, bins in found:
        digest = aerospike.calc_digest(*SPACE, bytearray(stored[2]))
        assert bytes(digest) == bytes(stored[3])
        if LOCKS_BYTEARRAYS:
            assert stored[2] in (b"a" * 20, b"b" * 20)
            assert set(bins) <= {"a" * 10, "b" * 10}
        client.remove(stored)


def test_bins_policies_and_metadata_of_a_write(client, keys):
    bins_of = [{"a": 1, "b": 1}, {"a": 2, "b": 2}, {f"c{n}": n for n in range(40)}]
    policies = [{}, {"total_timeout": 20_000}, {"max_retries": 1, "key": 1}]
    metas = [{}, {"ttl": 1000}, {"ttl": -1, "gen": 3}]
    bins: dict[str, Any] = dict(bins_of[0])
    policy: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    turns = cycle(zip(bins_of, policies, metas, strict=True))

    def change() -> None:
        new_bins, new_policy, new_meta = next(turns)
        replace_dict(bins, new_bins)
        replace_dict(policy, new_policy)
        replace_dict(meta, new_meta)

    def call(number: int) -> None:
        try:
            client.put(keys[number], bins, meta, policy)
        except exception.InvalidRequest:
            return  # no bin at that moment
        found = client.get(keys[number], policy)[2]
        assert any(found.items() >= state.items() for state in bins_of)

    changed(call, change)


def test_a_key_that_is_a_dict(client, keys):
    client.put(keys[0], {"a": 1})
    parts = dict(zip(("ns", "set", "key"), keys[0], strict=True))
    shared: dict[str, Any] = dict(parts)
    digest = aerospike.calc_digest(*keys[0])

    def change() -> None:
        shared.clear()
        shared.update(parts)
        del shared["key"]
        shared["digest"] = digest

    def call(_number: int) -> None:
        try:
            assert client.get(shared)[2] == {"a": 1}
        except exception.ParamError:
            pass  # a part of the key was not there

    changed(call, change)


def test_names_of_bins(client, keys):
    for key in keys:
        client.put(key, {"a": 1, "b": 2, "c": 3})
    shared: list[Any] = ["a"]
    states = cycle([["a", "b"], ["c"], [], ["", "a"], ["b"] * 200])

    def call(number: int) -> None:
        try:
            found = client.select(keys[number], shared)[2]
            client.remove_bin(keys[number], [*shared, "d"])
            client.put(keys[number], {"a": 1, "b": 2, "c": 3})
            client.batch_read(keys, shared)
        except CHANGED:
            return
        assert found.items() <= {"a": 1, "b": 2, "c": 3}.items()

    changed(call, lambda: replace_list(shared, next(states)))


def test_operations(client, keys):
    for key in keys:
        client.put(key, {"l": [[1, 2], [3]], "m": {"a": 1}, "n": 0, "s": "text"})
    ctx = [cdt_ctx.cdt_ctx_list_index(0)]
    texts = ["a", "b"]
    states = [
        [ops.read("n")],
        [ops.increment("n", 1), ops.read("n"), lists.list_size("l")],
        [lists.list_append("l", 5, {"write_flags": 4}, ctx), lists.list_size("l", ctx)],
        [maps.map_put_items("m", {"b": 2, "c": 3}), maps.map_size("m")],
        [strings.concat("s", texts)] * 2,
        [],
    ]
    shared: list[Any] = list(states[0])
    one = dict(states[1][0])
    turns = cycle(states)

    def change() -> None:
        replace_list(shared, next(turns))
        replace_list(ctx, [])
        replace_list(ctx, [cdt_ctx.cdt_ctx_list_index(0)])
        replace_list(texts, ["x"] * 40)
        replace_list(texts, [])
        for name in ("op", "bin", "val"):
            value = one.pop(name)
            one[name] = value
        one["unknown"] = 1
        del one["unknown"]

    def call(number: int) -> None:
        for call_of in (client.operate, client.operate_ordered):
            for operations in (shared, [one], states[2]):
                try:
                    call_of(keys[number], operations)
                except CHANGED:
                    pass
        try:
            found = client.batch_operate(keys, shared).batch_records
            assert {row.result for row in found} <= {0, 4, 12, 26}
        except CHANGED:
            pass

    changed(call, change)


@pytest.fixture
def of_two(client, new_key) -> Iterator[tuple[Any, list[list[str]]]]:
    """A record with bins of two kinds, and the names of each kind."""
    key, states = new_key(), [[f"{kind}{n}" for n in range(60)] for kind in "ab"]
    client.put(key, {name: name for names in states for name in names})
    yield key, states
    client.remove(key)


def test_names_of_bins_are_those_of_one_moment(client, of_two):
    key, states = of_two
    shared = list(states[0])
    wanted = [set(names) for names in states]

    def change() -> None:
        for names in states * 20:
            shared[:] = names

    def call(_number: int) -> None:
        assert set(client.select(key, shared)[2]) in wanted
        found = client.batch_read([key], shared).batch_records
        assert set(found[0].record[2]) in wanted

    changed(call, change)


def test_operations_are_those_of_one_moment(client, of_two):
    key, states = of_two
    lists_of = [[ops.read(name) for name in names] for names in states]
    shared = list(lists_of[0])
    wanted = [set(names) for names in states]

    def change() -> None:
        for operations in lists_of * 20:
            shared[:] = operations

    def call(_number: int) -> None:
        assert set(client.operate(key, shared)[2]) in wanted
        found = client.batch_operate([key], shared).batch_records
        assert set(found[0].record[2]) in wanted

    changed(call, change)


def test_an_operation_is_that_of_one_moment(client, keys):
    """No bin gets a value that was meant for another."""
    plain, packed = ops.write("a", "a"), lists.list_append("a", "a")
    states = [{"bin": name, "val": name} for name in ("a", "b")]

    def change() -> None:
        for state in states:
            plain.update(state)
            packed.update(state)

    def call(number: int) -> None:
        for operation in (plain, packed):
            for _ in range(10):
                client.operate(keys[number], [operation] * 20)
                for name, value in client.get(keys[number])[2].items():
                    assert {*value} == {name}
            client.remove(keys[number])

    changed(call, change)


def test_texts_that_are_checked_are_those_that_are_sent(client_82, key):
    """A list with other things in it never comes to the server."""
    texts: list[Any] = ["a"] * 200
    states: list[list[Any]] = [["a"] * 200, [1] * 200]
    client_82.put(key, {"s": "text"})

    def change() -> None:
        for state in states * 20:
            texts[:] = state

    def call(_number: int) -> None:
        for _ in range(5):
            with contextlib.suppress(exception.ParamError):
                client_82.operate(key, [strings.concat("s", texts)])

    changed(call, change)


def test_a_key_that_is_a_dict_is_that_of_one_moment(client, keys):
    for key in keys:
        client.put(key, {"a": key[2]})
    digest = aerospike.calc_digest(*keys[1])
    states = [{"key": keys[0][2], "digest": None}, {"key": None, "digest": digest}]
    shared = {"ns": keys[0][0], "set": keys[0][1], **states[0]}
    wanted = [key[2] for key in keys[:2]]

    def change() -> None:
        for state in states * 20:
            shared.update(state)

    def call(_number: int) -> None:
        for _ in range(30):
            assert client.get(shared)[2]["a"] in wanted

    changed(call, change)


def test_keys_of_a_batch(client, keys):
    for key in keys:
        client.put(key, {"a": key[2]})
    states = [keys, keys * 30, [], [*keys, "no key"], list(reversed(keys))]
    shared: list[Any] = list(keys)
    turns = cycle(states)

    def call(_number: int) -> None:
        try:
            batch = client.batch_read(shared)
        except exception.ParamError:
            return
        rows = batch.batch_records
        assert len(rows) in {len(state) for state in states}
        for row in rows:
            assert row.record[2] == {"a": row.key[2]}

    changed(call, lambda: replace_list(shared, next(turns)))


def test_records_of_a_batch_that_others_read_and_change(client, keys):
    for key in keys:
        client.put(key, {"n": 0})
    operations = [ops.read("n")]
    records = [Read(key, operations) for key in keys]
    batch = BatchRecords(list(records))
    others = [Write(key, [ops.increment("n", 1)]) for key in keys]
    turns: Iterator[list[Any]] = cycle([records, others, [*others, *records], []])

    def read() -> None:
        for record in [*records, *others]:
            assert record.result in (0, -16, -15)
            found = record.record
            assert found is None or found[0][:2] == record.key[:2]
            assert record.in_doubt in (True, False)
            assert record.message is None

    def change() -> None:
        replace_list(batch.batch_records, next(turns))
        for record in records:
            record.read_all_bins = not record.read_all_bins
            record.policy = {"read_mode_ap": 1}
            record.record = None
            record.policy = None

    def call(_number: int) -> None:
        assert client.batch_write(batch) is batch

    changed(call, change, read)


def test_arguments_of_functions_and_expressions(client, keys):
    """A list of arguments; and policies that have expressions at one time only."""
    for key in keys:
        client.put(key, {"n": 1})
    args: list[Any] = [1]
    policy: dict[str, Any] = {}
    right, wrong = Eq(IntBin("n"), 1).compile(), Eq(IntBin("n"), 2).compile()

    def change() -> None:
        replace_list(args, [1, "a", [1], {"b": 2}] * 5)
        replace_list(args, [])
        policy["expressions"] = right
        policy["expressions"] = wrong
        del policy["expressions"]

    def call(number: int) -> None:
        try:
            client.apply(keys[number], "no_module", "no_function", args)
        except exception.UDFError:
            pass
        try:
            assert client.get(keys[number], policy)[2] == {"n": 1}
        except exception.FilteredOut:
            pass

    changed(call, change)


@pytest.fixture
def space(client) -> Iterator[tuple[str, str]]:
    """A set of 60 records."""
    for n in range(60):
        client.put((*SPACE, n), {"n": n, "s": "x" * 100})
    yield SPACE
    for n in range(60):
        client.remove((*SPACE, n))


def test_one_query_object_is_used_by_all(client, space):
    """Each call has all records, or is told that another is under way."""
    query = client.query(*space)
    query.select("n")

    def call(number: int) -> None:
        seen: list[Any] = []
        try:
            if number == 0:
                seen = query.results()
            elif number == 1:
                query.foreach(lambda record: seen.append(record))
            else:
                seen = list(query.stream())
        except exception.ClientError:
            return
        assert sorted(record[2]["n"] for record in seen) == list(range(60))

    def look() -> None:
        try:
            assert query.get_partitions_status() is not None
        except exception.ClientError:
            pass
        repr(query)

    changed(call, look)


def test_one_stream_is_read_by_all(client, space):
    """Each record is given once: who asks while another is at work is refused."""
    for _ in range(10):
        stream = client.query(*space).stream()
        seen: list[Any] = []
        ends: list[bool] = []

        def read(stream: Any = stream, seen: Any = seen, ends: Any = ends) -> None:
            while not ends:
                with contextlib.suppress(exception.ClientError):
                    item = next(stream, None)
                    if item is None:
                        ends.append(True)
                    else:
                        seen.append(item[2]["n"])

        def look(stream: Any = stream, ends: Any = ends) -> None:
            while not ends:
                repr(stream)

        assert run_threads([read, read, read, look]) == []
        assert sorted(seen) == list(range(60))


def test_a_stream_is_closed_by_another_thread(client, space):
    """The readers come to an end, or are told that the other is at work."""
    for _ in range(10):
        stream = client.query(*space).stream()
        is_closed = threading.Event()

        def read(stream: Any = stream, is_closed: Any = is_closed) -> None:
            while not is_closed.is_set():
                try:
                    next(stream, None)
                except exception.ClientError:
                    pass

        def close(stream: Any = stream, is_closed: Any = is_closed) -> None:
            while not is_closed.is_set():
                try:
                    stream.close()
                    is_closed.set()
                except exception.ClientError:
                    pass

        assert run_threads([read, read, close]) == []
        assert list(stream) == []


def test_predicates_and_bins_of_a_query_change(client, space):
    query = client.query(*space)
    bound = bytearray(b"a" * 30)

    def change() -> None:
        bound[:] = b"b" * 30
        bound[:] = b"a" * 30
        query.max_records = 10
        query.max_records = 0

    def call(_number: int) -> None:
        other = client.query(*space)
        other.where(predicates.equals("n", bound))
        try:
            other.results()
        except CHANGED:
            pass  # there is no such index
        try:
            found = query.results()
        except exception.ClientError:
            return
        assert len(found) in (10, 60)

    changed(call, change)


def test_callbacks_of_all_threads_have_their_own_records(client, space):
    def call(_number: int) -> None:
        seen: list[Any] = []

        def each(record: Any) -> bool:
            seen.append(record[2]["n"])
            return len(seen) < 30

        client.scan(*space).foreach(each)
        assert len(seen) == len(set(seen)) == 30

    changed(call)
