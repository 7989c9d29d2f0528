"""What is measured: the same lines run with either client, so plain `aerospike` API.

To add a workload, add a row to WORKLOADS. `prepare` puts what a call will find on the
server; `check` looks at the result of one call, so that nothing wrong is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aerospike import exception
from aerospike_helpers.operations import operations

Key = tuple[str, str, str]

SMALL = {"n": 42, "ratio": 0.25, "name": "short string", "blob": bytes(range(32))}
MAP = {f"key-{i:06}": [i, f"value-{i}", i * 1.5] for i in range(1, 5001)}
BLOB = bytes(range(250)) * 400  # 100,000 bytes


@dataclass(frozen=True)
class Workload:
    """One row: a call, how often it runs in one batch, and its surroundings."""

    name: str
    n_calls: int  # in one timed batch; about half a second of the slower client
    call: Callable[[Any, Key], Any]
    check: Callable[[Any], bool]
    prepare: Callable[[Any, Key], Any] | None = None

    def key(self, namespace: str) -> Key:
        return namespace, "bench", self.name


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


WORKLOADS = (
    Workload(
        "get-4-bins",
        n_calls=4000,
        prepare=lambda client, key: client.put(key, SMALL),
        call=lambda client, key: client.get(key),
        check=lambda result: result[2] == SMALL,
    ),
    Workload(
        "put-4-bins",
        n_calls=4000,
        call=lambda client, key: client.put(key, SMALL),
        check=lambda result: result == 0,
    ),
    Workload(
        "get-map-5000",
        n_calls=60,
        prepare=lambda client, key: client.put(key, {"m": MAP}),
        call=lambda client, key: client.get(key),
        check=lambda result: result[2] == {"m": MAP},
    ),
    Workload(
        "put-map-5000",
        n_calls=60,
        call=lambda client, key: client.put(key, {"m": MAP}),
        check=lambda result: result == 0,
    ),
    Workload(
        "exists",
        n_calls=4000,
        prepare=lambda client, key: client.put(key, SMALL),
        call=lambda client, key: client.exists(key),
        check=lambda result: result[1]["gen"] >= 1,
    ),
    Workload(
        "get-missing",
        n_calls=4000,
        prepare=remove,
        call=get_missing,
        check=lambda result: result is True,
    ),
    Workload(
        "operate-incr-read",
        n_calls=3000,
        prepare=lambda client, key: client.put(key, {"n": 0}),
        call=increment_and_read,
        check=lambda result: result[2]["n"] >= 1,
    ),
    Workload(
        "get-blob-100k",
        n_calls=1000,
        prepare=lambda client, key: client.put(key, {"b": BLOB}),
        call=lambda client, key: client.get(key),
        check=lambda result: result[2] == {"b": BLOB},
    ),
)

BY_NAME = {workload.name: workload for workload in WORKLOADS}
