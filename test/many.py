"""Sets of very many records, for tests that look at how much memory reading takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aerospike
from aerospike_helpers.operations import operations as ops

AT_ONCE = 5000


@contextmanager
def many_records(client: aerospike.Client, set_name: str, n: int) -> Iterator[str]:
    """The name of a set that has n records for so long, small ones if they are many."""
    value = b"x" * (2000 if n <= 100_000 else 20)
    policy = {"total_timeout": 60_000}
    slices = [
        [("test", set_name, i) for i in range(at, min(at + AT_ONCE, n))]
        for at in range(0, n, AT_ONCE)
    ]
    for keys in slices:
        client.batch_operate(keys, [ops.write("a", value)], policy)
    yield set_name
    for keys in slices:
        client.batch_remove(keys, policy)
