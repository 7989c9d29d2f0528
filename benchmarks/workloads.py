"""What is measured: the same lines run with either client, so plain `aerospike` API.

To add a workload, add a row to WORKLOADS. `prepare` puts what a call will find on the
server; `check` looks at the result of one call, so that nothing wrong is timed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aerospike import exception
from aerospike_helpers.operations import list_operations, map_operations, operations

Key = tuple[str, str, str]

N, NAME = 42, "short string"
SMALL = {"n": N, "ratio": 0.25, "name": NAME, "blob": bytes(range(32))}
MAP = {f"key-{i:06}": [i, f"value-{i}", i * 1.5] for i in range(1, 5001)}
BLOB = bytes(range(250)) * 400  # 100,000 bytes
BIG_BLOB = bytes(range(250)) * 4000  # 1,000,000 bytes
INTEGERS = [i * 37 for i in range(10_000)]
DOCUMENT = {  # three levels of maps
    f"section-{i}": {
        f"item-{j}": {"id": i * j, "name": f"text {j}", "marks": [1.5, None, True]}
        for j in range(20)
    }
    for i in range(20)
}


@dataclass(frozen=True)
class Workload:
    """One row: a call, how often it runs in one batch, and its surroundings."""

    name: str
    title: str  # in tables of results
    n_calls: int  # in one timed batch; about half a second of the slower client
    call: Callable[[Any, Key], Any]
    check: Callable[[Any], bool]
    prepare: Callable[[Any, Key], Any] | None = None
    value: Any = None  # what is moved, to be held against plain msgpack of it
    reads: bool = True  # whether it is read, so decoded
    set: str = "bench"
    n_records: int = 1  # that one call moves

    def key(self, namespace: str) -> Key:
        return namespace, self.set, self.name


def remove(client: Any, key: Key) -> None:
    try:
        client.remove(key)
    except exception.RecordNotFound:
        pass


def get_missing(client: Any, key: Key) -> bool:
    try:
        client.get(key)
    except exception.RecordNotFound:
        return True
    return False


def increment_and_read(client: Any, key: Key) -> Any:
    ops = [operations.increment("n", 1), operations.read("n")]
    return client.operate(key, ops)


def operate_five(client: Any, key: Key) -> Any:
    ops = [
        operations.increment("n", 1),
        list_operations.list_append("events", 1),
        list_operations.list_trim("events", -10, 10),
        list_operations.list_size("events"),
        operations.read("n"),
    ]
    return client.operate(key, ops)


def five_maps(client: Any, key: Key) -> Any:
    ops = [
        map_operations.map_put("m", "a", 1),
        map_operations.map_increment("m", "b", 1),
        map_operations.map_size("m"),
        map_operations.map_get_by_key("m", "a", 7),
        operations.read("n"),
    ]
    return client.operate(key, ops)


def getting(name: str, what: str, n_calls: int, value: Any) -> Workload:
    """Reading a record of one bin that holds a value."""
    return Workload(
        f"get-{name}",
        f"get of {what}",
        n_calls,
        prepare=lambda client, key: client.put(key, {"v": value}),
        call=lambda client, key: client.get(key),
        check=lambda result: result[2] == {"v": value},
        value=value,
    )


def putting(name: str, n_calls: int, value: Any) -> Workload:
    """Writing a value to the one bin of a record."""
    return Workload(
        f"put-{name}",
        "put of it",
        n_calls,
        call=lambda client, key: client.put(key, {"v": value}),
        check=lambda result: result == 0,
        value=value,
        reads=False,
    )


def batch_reading(n_keys: int, n_calls: int) -> Workload:
    """Reading n_keys records with four bins in one call."""

    def keys(key: Key) -> list[tuple[str, str, Any]]:
        return [(key[0], key[1], i) for i in range(n_keys)]

    return Workload(
        f"batch-read-{n_keys}",
        f"batch_read of {n_keys:,} records",
        n_calls,
        prepare=lambda client, key: [client.put(k, SMALL) for k in keys(key)],
        call=lambda client, key: client.batch_read(keys(key)),
        check=lambda result: (
            [r.record[2] for r in result.batch_records] == [SMALL] * n_keys
        ),
        set="bench-batch",
    )


N_SCANNED = 100_000


def fill_set(client: Any, key: Key) -> None:
    """N_SCANNED records in a set of their own, unless they are there."""
    if len(scan(client, key)) == N_SCANNED:
        return
    ops = [operations.write(name, value) for name, value in SMALL.items()]
    for first in range(0, N_SCANNED, 5000):
        keys = [(key[0], key[2], i) for i in range(first, first + 5000)]
        client.batch_operate(keys, ops)


def scan(client: Any, key: Key) -> list[Any]:
    records: list[Any] = client.scan(key[0], key[2]).results()
    return records


USER_PATH = tempfile.TemporaryDirectory(prefix="aerospike-bench-")
"""Where a client looks for its half of a function."""
FUNCTIONS = """
local function one(record) return 1 end
local function n_of(record) return record.n end
local function add(a, b) return a + b end
local function tally(groups, record)
  groups[record.name] = (groups[record.name] or 0) + 1
  return groups
end
local function join(a, b) return map.merge(a, b, add) end

function count(stream) return stream : map(one) : reduce(add) end
function groups(stream) return stream : aggregate(map(), tally) : reduce(join) end
function add_two(record, a, b) return a + b end
function values(stream) return stream : map(n_of) end
function sum_here(stream)
  if HERE then
    return stream : reduce(add)
  end
  return stream : map(n_of)
end
"""


def fill_and_register(client: Any, key: Key) -> None:
    """The records of the scan, and the functions. Those of the client know that they
    run there, so that a reduce can be left to them alone.
    """
    fill_set(client, key)
    register(client)
    path = os.path.join(USER_PATH.name, "bench.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write("HERE = true\n" + FUNCTIONS)


def register(client: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.lua")
        with open(path, "w", encoding="utf-8") as file:
            file.write(FUNCTIONS)
        client.udf_put(path)


def put_and_register(client: Any, key: Key) -> None:
    client.put(key, SMALL)
    register(client)


def aggregating(
    name: str, title: str, function: str, check: Callable[[Any], bool]
) -> Workload:
    """What a function makes of N_SCANNED records."""

    def call(client: Any, key: Key) -> Any:
        query = client.query(key[0], SCANNED_SET)
        query.apply("bench", function)
        return query.results()

    return Workload(
        f"aggregate-{name}",
        f"aggregation {title}",
        n_calls=1,
        prepare=lambda client, key: fill_and_register(client, (*key[:2], SCANNED_SET)),
        call=call,
        check=check,
    )


SCANNED_SET = "scan-100000"
WORKLOADS = (
    Workload(
        "get-4-bins",
        "get of a record with 4 bins",
        n_calls=4000,
        prepare=lambda client, key: client.put(key, SMALL),
        call=lambda client, key: client.get(key),
        check=lambda result: result[2] == SMALL,
    ),
    Workload(
        "put-4-bins",
        "put of it",
        n_calls=4000,
        call=lambda client, key: client.put(key, SMALL),
        check=lambda result: result == 0,
    ),
    getting("map-5000", "a map of 5,000 entries", 60, MAP),
    putting("map-5000", 60, MAP),
    getting("list-10000", "a list of 10,000 integers", 200, INTEGERS),
    putting("list-10000", 200, INTEGERS),
    getting("document", "a document, maps three deep", 400, DOCUMENT),
    putting("document", 400, DOCUMENT),
    getting("blob-1m", "a blob of 1 MB", 100, BIG_BLOB),
    putting("blob-1m", 100, BIG_BLOB),
    Workload(
        "exists",
        "exists",
        n_calls=4000,
        prepare=lambda client, key: client.put(key, SMALL),
        call=lambda client, key: client.exists(key),
        check=lambda result: result[1]["gen"] >= 1,
    ),
    Workload(
        "get-missing",
        "get of a missing record",
        n_calls=4000,
        prepare=remove,
        call=get_missing,
        check=lambda result: result is True,
    ),
    Workload(
        "operate-incr-read",
        "operate: increment and read",
        n_calls=3000,
        prepare=lambda client, key: client.put(key, {"n": 0}),
        call=increment_and_read,
        check=lambda result: result[2]["n"] >= 1,
    ),
    Workload(
        "operate-five",
        "operate: five operations on lists and bins",
        n_calls=2000,
        prepare=lambda client, key: client.put(key, {"n": 0, "events": []}),
        call=operate_five,
        check=lambda result: result[2]["n"] >= 1 and result[2]["events"] >= 1,
    ),
    Workload(
        "operate-five-maps",
        "operate: five operations on maps",
        n_calls=2000,
        prepare=lambda client, key: client.put(key, {"n": 0, "m": {"b": 1}}),
        call=five_maps,
        check=lambda result: result[2]["n"] == 0,
    ),
    getting("blob-100k", "a blob of 100 KB", 1000, BLOB),
    Workload(
        "apply",
        "apply: a function that adds two numbers",
        n_calls=4000,
        prepare=put_and_register,
        call=lambda client, key: client.apply(key, "bench", "add_two", [N, 1]),
        check=lambda result: result == N + 1,
    ),
    Workload(
        SCANNED_SET,
        f"scan of {N_SCANNED:,} records",
        n_calls=1,
        prepare=fill_set,
        call=scan,
        check=lambda result: len(result) == N_SCANNED and result[0][2] == SMALL,
    ),
    aggregating(
        "count",
        f"of {N_SCANNED:,} records, reduced to a number on the node",
        "count",
        lambda result: result == [N_SCANNED],
    ),
    aggregating(
        "groups",
        "of them, reduced to groups on the node",
        "groups",
        lambda result: result == [{NAME: N_SCANNED}],
    ),
    aggregating(
        "values",
        f"that gives {N_SCANNED:,} values",
        "values",
        lambda result: result == [N] * N_SCANNED,
    ),
    aggregating(
        "here",
        "that gives them to a reduce of the client",
        "sum_here",
        lambda result: result == [N * N_SCANNED],
    ),
    *(batch_reading(n, 40_000 // n) for n in (100, 1000)),
)


def filled(n: int, record: dict[str, Any]) -> Callable[[Any, Key], None]:
    """Puts n records into the set that a key names."""

    def fill(client: Any, key: Key) -> None:
        found = client.batch_read([(*key[:2], n - 1)], []).batch_records
        if found[0].result == 0:
            return
        ops = [operations.write(name, value) for name, value in record.items()]
        for first in range(0, n, 1000):
            keys = [(*key[:2], i) for i in range(first, min(first + 1000, n))]
            client.batch_operate(keys, ops)

    return fill


def plain_batch(
    name: str, n_keys: int, n_calls: int, title: str, record: Any
) -> Workload:
    """batch_read() of the first records of a set, of keys that are made before."""
    keys: list[Any] = []

    def call(client: Any, key: Key) -> Any:
        if not keys:
            keys.extend((*key[:2], i) for i in range(n_keys))
        return client.batch_read(keys)

    return Workload(
        name,
        title,
        n_calls,
        call=call,
        check=lambda result: (
            [one.record[2] for one in result.batch_records] == [record] * n_keys
        ),
        prepare=filled(max(n_keys, 1000), record),
        n_records=n_keys,
        set=f"bench-{name.rpartition('-')[2]}",
    )


# of batches.py
TINY = {"id": 5, "s": "str-5"}
ONE_KB = {"id": 5, "name": "user-00000005", "score": 2.5, "blob": bytes(range(256)) * 4}
BATCHES = (
    plain_batch("batches-100-small", 100, 300, "100 small records", TINY),
    plain_batch("batches-1000-small", 1000, 30, "1,000 small records", TINY),
    plain_batch("batches-1000-1k", 1000, 20, "1,000 records of 1.1 KB", ONE_KB),
    plain_batch("batches-100000-small", 100_000, 1, "100,000 small records", TINY),
)

BY_NAME = {workload.name: workload for workload in (*WORKLOADS, *BATCHES)}
