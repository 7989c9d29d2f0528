"""A walk through the client: one record from put to remove, then many at once.

    python examples/quickstart.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have. Each step prints what
was called and what came back; a step that surprises ends the program with an error.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import aerospike
from aerospike import exception, predicates
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import BatchRecords, Read, Write
from aerospike_helpers.cdt_ctx import cdt_ctx_map_key
from aerospike_helpers.operations import list_operations, map_operations, operations

USAGE = "usage: python examples/quickstart.py [HOST:PORT[,HOST:PORT...]]"
KEY = ("test", "quickstart", "ada")
SET = "quickstart-many"
KEYS = [("test", SET, number) for number in range(100)]
INDEX = "quickstart-age"


def parse_hosts(text: str) -> list[tuple[str, int]]:
    """ "a:3000,[::1]:3010,b" as [("a", 3000), ("::1", 3010), ("b", 3000)]."""
    hosts = []
    for part in text.split(","):
        part = part.strip()
        if part.startswith("["):
            name, _, port = part[1:].partition("]")
            port = port.removeprefix(":")
        else:
            name, _, port = part.partition(":")
        hosts.append((name, int(port or 3000)))
    return hosts


def step(title: str, result: Any = None) -> None:
    print(f"  {title}")
    if result is not None:
        print(f"      -> {result}")


def section(title: str) -> None:
    print(f"\n{title}")


def expect(what: str, got: Any, wanted: Any) -> None:
    if got != wanted:
        raise SystemExit(f"surprise: {what} gave {got!r}, expected {wanted!r}")


def show_cluster(client: aerospike.Client) -> None:
    section("The cluster")
    for node in client.get_node_names():
        step(f"node {node['node_name']} at {node['address']}:{node['port']}")
    for name, (error, answer) in sorted(client.info_all("build").items()):
        expect(f"info on {name}", error, None)
        step(f"info_all('build') from {name}", answer.strip().split("\t")[-1])
    digest = aerospike.calc_digest(*KEY)
    expect("the digest's length", len(digest), 20)
    step(f"calc_digest{KEY}", bytes(digest).hex())


def write_and_read(client: aerospike.Client) -> None:
    section("Write and read")
    bins = {
        "name": "Ada",
        "visits": 1,
        "score": 99.5,
        "photo": b"\x89PNG\x00",
        "is_admin": True,
        "langs": ["en", "fr", 3],
        "address": {"city": "London", "zip": ["W1", 7], "geo": {"lat": 51.5}},
    }
    client.put(KEY, bins, policy={"key": aerospike.POLICY_KEY_SEND})
    step(f"put(key, {len(bins)} bins)")

    _, meta, record = client.get(KEY)
    expect("get", record, bins)
    step("get(key)", f"generation {meta['gen']}")
    for name, value in sorted(record.items()):
        step(f"    {name:10}{type(value).__name__:7}{value!r}")

    _, _, record = client.select(KEY, ["name", "score"])
    expect("select", record, {"name": "Ada", "score": 99.5})
    step("select(key, ['name', 'score'])", record)

    _, found = client.exists(KEY)
    expect("exists", found is not None and found["gen"], 1)
    step("exists(key)", found)


def change(client: aerospike.Client) -> None:
    section("Change single bins")
    client.increment(KEY, "visits", 41)
    step("increment(key, 'visits', 41)")
    client.append(KEY, "name", " Lovelace")
    step("append(key, 'name', ' Lovelace')")
    client.prepend(KEY, "name", "Countess ")
    step("prepend(key, 'name', 'Countess ')")
    _, _, record = client.select(KEY, ["name", "visits"])
    expect("the changes", record, {"name": "Countess Ada Lovelace", "visits": 42})
    step("select(key, ['name', 'visits'])", record)

    section("Several operations in one request")
    _, meta, record = client.operate(
        KEY,
        [
            operations.increment("visits", 8),
            operations.write("seen", "today"),
            operations.touch(),
            operations.read("visits"),
            operations.read("seen"),
        ],
    )
    expect("operate", record, {"visits": 50, "seen": "today"})
    step("operate(key, [increment, write, touch, read, read])", record)
    step(f"    the generation is {meta['gen']} now")


def collections(client: aerospike.Client) -> None:
    section("Inside lists and maps")
    _, _, record = client.operate(
        KEY,
        [
            list_operations.list_append("langs", "de"),
            list_operations.list_size("langs"),
            map_operations.map_put("address", "floor", 3),
            map_operations.map_get_by_key(
                "address", "lat", aerospike.MAP_RETURN_VALUE, [cdt_ctx_map_key("geo")]
            ),
        ],
    )
    expect("inside", record, {"langs": 4, "address": 51.5})
    step("operate(key, [list_append, list_size, map_put, ...])", record)


def many_records(client: aerospike.Client) -> None:
    section("Many records in one call")
    client.truncate("test", SET, 0)
    rows = [
        Write(
            key, [operations.write("age", 18 + number), operations.write("n", number)]
        )
        for number, key in enumerate(KEYS)
    ]
    written = client.batch_write(BatchRecords(list(rows)))
    expect("batch_write", written.result, 0)
    step(f"batch_write({len(rows)} rows)", f"result {written.result}")
    adult = exp.GE(exp.IntBin("age"), 100).compile()
    found = client.batch_read(KEYS, ["age"], policy={"expressions": adult})
    ages = [row.record[2]["age"] for row in found.batch_records if row.record]
    expect("batch_read with a filter", ages, list(range(100, 118)))
    step("batch_read(keys, ['age'], age >= 100)", f"{len(ages)} records")
    mixed = BatchRecords(
        [Read(KEYS[0], None, True), Read(("test", SET, -1), None, True)]
    )
    codes = [row.result for row in client.batch_write(mixed).batch_records]
    expect("a record that is missing", codes, [0, 2])
    step("batch_write(reads of a record and of a missing one)", f"results {codes}")

    section("Queries")
    client.index_integer_create("test", SET, "age", INDEX)
    step(f"index_integer_create('test', '{SET}', 'age', '{INDEX}')")
    query = client.query("test", SET)
    query.where(predicates.between("age", 20, 29))
    names = sorted(bins["n"] for _, _, bins in query)
    expect("the query", names, list(range(2, 12)))
    step("for key, meta, bins in query.where(between('age', 20, 29))", names)
    client.index_remove("test", INDEX)
    client.truncate("test", SET, 0)


def time_to_live(client: aerospike.Client) -> None:
    section("Time to live")
    try:
        client.touch(KEY, 600)
    except exception.ForbiddenError:
        # as configured on some servers: no expiry where nothing would expire records
        step("touch(key, 600)", "this namespace does not take a time to live")
        return
    _, meta, _ = client.get(KEY)
    if not 590 <= meta["ttl"] <= 600:
        raise SystemExit(f"surprise: ttl {meta['ttl']} after touch(key, 600)")
    step("touch(key, 600)", f"ttl {meta['ttl']} s")


def errors(client: aerospike.Client) -> None:
    section("Errors are exceptions")
    _, meta, _ = client.get(KEY)
    stale = {"gen": meta["gen"] - 1}
    try:
        client.put(
            KEY, {"visits": 0}, meta=stale, policy={"gen": aerospike.POLICY_GEN_EQ}
        )
    except exception.RecordGenerationError as error:
        step("put with an old generation", f"RecordGenerationError, code {error.code}")
    else:
        raise SystemExit("surprise: a put with an old generation was accepted")

    client.remove(KEY)
    step("remove(key)")
    try:
        client.get(KEY)
    except exception.RecordNotFound as error:
        step("get(key)", f"RecordNotFound, code {error.code}")
    else:
        raise SystemExit("surprise: the record is still there after remove")


def main(args: list[str]) -> int:
    if len(args) > 1 or any(each.startswith("-") for each in args):
        print(USAGE)
        return 0 if args in (["-h"], ["--help"]) else 2
    text = args[0] if args else os.environ.get("AEROSPIKE_HOSTS", "127.0.0.1:3000")
    hosts = parse_hosts(text)
    print(f"Connecting to {text}")
    client = aerospike.client({"hosts": hosts}).connect()
    try:
        expect("is_connected()", client.is_connected(), True)
        show_cluster(client)
        try:
            client.remove(KEY)  # what an earlier run may have left
        except exception.RecordNotFound:
            pass
        write_and_read(client)
        change(client)
        collections(client)
        time_to_live(client)
        errors(client)
        many_records(client)
    finally:
        client.close()
    print("\nEvery step gave what was expected.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
