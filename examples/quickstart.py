"""A walk through the client: one record from put to remove, then many at once.

    python examples/quickstart.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have. Each step prints what
was called and what came back. A wrong result ends the program with an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aerospike
from aerospike import exception, predicates
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import BatchRecords, Read, Write
from aerospike_helpers.cdt_ctx import cdt_ctx_map_key
from aerospike_helpers.operations import list_operations, map_operations, operations

SET = "quickstart"
KEY = ("test", SET, "ada")
KEYS = [("test", SET, number) for number in range(100)]
INDEX = "quickstart-age"


def write_and_read(client: aerospike.Client) -> None:
    """Write and read"""
    bins = {
        "name": "Ada",
        "visits": 1,
        "score": 99.5,
        "photo": b"\x89PNG\x00",
        "is_admin": True,
        "langs": ["en", "fr", 3],
        "address": {"city": "London", "zip": ["W1", 7], "geo": {"lat": 51.5}},
    }
    client.put(KEY, bins)
    expect("get(key)", client.get(KEY).bins, bins)
    found = client.select(KEY, ["name", "score"]).bins
    expect("select(key, ['name', 'score'])", found, {"name": "Ada", "score": 99.5})
    _, meta = client.exists(KEY)
    expect("exists(key): the generation", meta and meta["gen"], 1)


def change(client: aerospike.Client) -> None:
    """Change single bins, or several in one request, also inside lists and maps"""
    client.increment(KEY, "visits", 41)
    client.append(KEY, "name", " Lovelace")
    client.prepend(KEY, "name", "Countess ")
    found = client.select(KEY, ["name", "visits"]).bins
    changed = {"name": "Countess Ada Lovelace", "visits": 42}
    expect("increment(), append() and prepend()", found, changed)
    geo, value = [cdt_ctx_map_key("geo")], aerospike.MAP_RETURN_VALUE
    ops = [
        operations.increment("visits", 8),
        operations.read("visits"),
        list_operations.list_append("langs", "de"),
        list_operations.list_size("langs"),
        map_operations.map_put("address", "floor", 3),
        map_operations.map_get_by_key("address", "lat", value, geo),
    ]
    found = client.operate(KEY, ops).bins
    results = {"visits": 50, "langs": 4, "address": 51.5}
    expect("operate(key, [increment, read, list_append, ...])", found, results)


def failure(call: Callable[..., Any], *arguments: Any) -> str | None:
    """The name of the error that a call raises."""
    try:
        call(*arguments)
    except exception.AerospikeError as error:
        return type(error).__name__
    return None


def end(client: aerospike.Client) -> None:
    """Time to live, errors and the end of a record"""
    if failure(client.touch, KEY, 600) != "ForbiddenError":  # where nothing expires
        expect("touch(key, 600)", 590 <= client.get(KEY).meta["ttl"] <= 600, True)
    same = {"gen": aerospike.POLICY_GEN_EQ}
    found = failure(client.put, KEY, {"visits": 0}, {"gen": 1}, same)
    expect("put() with an old generation", found, "RecordGenerationError")
    client.remove(KEY)
    expect("get() after remove()", failure(client.get, KEY), "RecordNotFound")


def many_records(client: aerospike.Client) -> None:
    """Many records: a batch, then a query with an index"""
    rows = [Write(key, [operations.write("age", 18 + key[2])]) for key in KEYS]
    expect("batch_write(rows)", client.batch_write(BatchRecords(rows)).result, 0)
    is_old = exp.GE(exp.IntBin("age"), 100).compile()
    found = client.batch_read(KEYS, ["age"], policy={"expressions": is_old})
    ages = [row.record.bins["age"] for row in found if row.record]
    expect("batch_read(keys) with a filter", ages, list(range(100, 118)))
    mixed = BatchRecords([Read(KEYS[0], None, True), Read(KEY, None, True)])
    codes = [row.result for row in client.batch_write(mixed)]
    expect("two reads in a batch, one of no record", codes, [0, 2])
    client.index_integer_create("test", SET, "age", INDEX)
    query = client.query("test", SET).where(predicates.between("age", 20, 29))
    ages = sorted(record.bins["age"] for record in query)
    expect("query.where(between('age', 20, 29))", ages, list(range(20, 30)))
    client.index_remove("test", INDEX)


def demo(client: aerospike.Client) -> None:
    print("Nodes:", *(node["node_name"] for node in client.get_node_names()))
    for part in (write_and_read, change, end, many_records):
        print(f"\n{part.__doc__}")
        part(client)


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
