"""The clients that loops.py compares: how each connects, and what its calls look like.

A client is a row of CLIENTS: an open() that gives its calls. A call is a pair: what
takes the argument and gives the result or an awaitable, and what makes plain values of
the result, since a client may put that off until somebody looks. The last call is
"close".
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from operator import attrgetter, itemgetter
from typing import Any

from loop_workloads import N_KEYS, RECORD, SCANNED_SET, SET

Hosts = list[tuple[str, int]]
Call = tuple[Callable[[Any], Any], Callable[[Any], Any]]
Calls = dict[str, Call]
FAR_OFF_MS = 30_000  # a slow server is measured, not given up
MANY = 300  # connections: each thread of the blocking client has one


def config_of(hosts: Hosts) -> dict[str, Any]:
    timings = {"total_timeout": FAR_OFF_MS, "socket_timeout": FAR_OFF_MS}
    names = ("read", "write", "batch", "query", "scan")
    return {
        "hosts": hosts,
        "connect_timeout": FAR_OFF_MS,
        "max_conns_per_node": MANY,
        "policies": dict.fromkeys(names, timings),
    }


def calls_of(client: Any, namespace: str) -> Calls:
    """The calls of Client, and those of AsyncClient, which have the same names."""
    return {
        "get": (client.get, itemgetter(2)),
        "put": (lambda key: client.put(key, RECORD), bool),
        "batch": (
            client.batch_read,
            lambda found: [one.record[2] for one in found.batch_records],
        ),
        "scan": (
            lambda _: client.scan(namespace, SCANNED_SET).results(),
            lambda records: [record[2] for record in records],
        ),
        "close": (lambda _: client.close(), bool),
    }


def open_blocking(hosts: Hosts, namespace: str) -> Calls:
    import aerospike

    return calls_of(aerospike.client(config_of(hosts)).connect(), namespace)


async def open_ours(hosts: Hosts, namespace: str) -> Calls:
    import aerospike

    client = aerospike.AsyncClient(config_of(hosts))
    await client.connect()
    return calls_of(client, namespace)


async def open_native(hosts: Hosts, namespace: str) -> Calls:
    import aerospike_native as native

    seeds = ",".join(f"{address}:{port}" for address, port in hosts)
    client = await native.new_client(native.ClientPolicy(), seeds)
    scanned = native.Statement(namespace, SCANNED_SET, None)

    async def scan(_: Any) -> list[Any]:
        found = await client.query(scanned, native.PartitionFilter.all())
        return [record async for record in found]

    return {
        "get": (client.get, attrgetter("bins")),
        "put": (lambda key: client.put(key, RECORD), bool),
        "batch": (
            client.batch_read,
            lambda found: [one.record.bins for one in found],
        ),
        "scan": (scan, lambda records: [record.bins for record in records]),
        "close": (lambda _: client.close(), bool),
    }


async def open_py(hosts: Hosts, namespace: str) -> Calls:
    import aerospike_py

    client = aerospike_py.AsyncClient({"hosts": hosts})
    await client.connect()
    return {
        "get": (client.get, attrgetter("bins")),
        "put": (lambda key: client.put(key, RECORD), bool),
        "batch": (
            client.batch_read,
            lambda found: [one.record[2] for one in found.batch_records],
        ),
        "scan": (
            lambda _: client.query(namespace, SCANNED_SET).results(),
            lambda records: [record.bins for record in records],
        ),
        "close": (lambda _: client.close(), bool),
    }


CLIENTS: dict[str, Callable[[Hosts, str], Any]] = {
    "aerospike": open_ours,
    "aerospike-native": open_native,
    "aerospike-py": open_py,
}


def keys_of(client: str, namespace: str) -> list[Any]:
    """The keys as the client takes them, made before anything is measured."""
    keys: list[Any] = [(namespace, SET, i) for i in range(N_KEYS)]
    if client == "aerospike-native":
        import aerospike_native as native

        return [native.Key(*key) for key in keys]
    return keys


def version_of(client: str) -> str:
    return metadata.version(client)
