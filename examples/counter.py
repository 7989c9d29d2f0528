"""A counter that counts each request once, also when the request is repeated.

    python examples/counter.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have.
"""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor

import aerospike
from aerospike import exception
from aerospike_helpers.operations import list_operations, operations

SET = "counter-example"
KEEP = 1000
ONCE = {"write_flags": aerospike.LIST_WRITE_ADD_UNIQUE}
# repeating a write that counts once does no harm
RETRY = {"max_retries": 3, "sleep_between_retries": 100}


class Counter:
    """A number that many programs add to.

    shards: how many records share the work. More of them allow more adds per second.
        All programs must use the same number.
    """

    def __init__(self, client: aerospike.Client, name: str, shards: int = 4) -> None:
        self.client = client
        self.keys = [("test", SET, f"{name}:{number}") for number in range(shards)]

    def add(self, amount: int, request: str) -> None:
        """Add an amount, unless a request of this name was counted before.

        If this raises, call it again with the same request.

        request: a name of the caller's choice, such as the number of an order. Each
            record remembers its last KEEP requests.
        """
        key = self.keys[zlib.crc32(request.encode()) % len(self.keys)]
        ops = [
            list_operations.list_append("requests", request, ONCE),
            list_operations.list_remove_by_index_range(
                "requests", -KEEP, aerospike.LIST_RETURN_NONE, KEEP, inverted=True
            ),
            operations.increment("count", amount),
        ]
        try:
            self.client.operate(key, ops, policy=RETRY)
        except exception.ElementExistsError:
            pass  # an earlier attempt has counted it; nothing was changed now

    def value(self) -> int:
        """The sum of all records."""
        total = 0
        for row in self.client.batch_read(self.keys, ["count"]):
            if row.result == 0 and row.record is not None:
                total += row.record.bins["count"]
            elif row.result != 2:  # 2: nothing was added to this record yet
                raise RuntimeError(f"not all records were read: {row.message}")
        return total


def demo(client: aerospike.Client) -> None:
    counter = Counter(client, "sold")

    def sell(order: int) -> None:
        counter.add(5, f"order {order}")
        counter.add(5, f"order {order}")  # as a program does that got no answer

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sell, range(100)))
    expect("100 orders of 5, each of them sent twice", counter.value(), 500)
    counter.add(-5, "order 7 was cancelled")
    expect("one order less", counter.value(), 495)


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
