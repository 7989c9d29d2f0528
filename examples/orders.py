"""Orders that are counted once, whatever goes wrong between program and cluster.

    python examples/orders.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have.
"""

from __future__ import annotations

import time

import aerospike
from aerospike import exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import list_operations, operations

SET = "orders-example"
ONCE = {"write_flags": aerospike.LIST_WRITE_ADD_UNIQUE}
# what may be over soon: a write that counts once can be repeated after each of them
PASSING = (
    exception.TimeoutError,  # the answer is late, or lost
    exception.ConnectionError,  # the connection broke, or there is none
    exception.ClusterError,  # another node is taking over the records
    exception.InvalidNodeError,  # no node has the record at this moment
    exception.RecordBusy,  # a hot key: too many writes of this record wait
    exception.DeviceOverload,  # the disk cannot keep up
)


class Later(Exception):
    """The order may have been taken or not: send the same order again, later."""


class Orders:
    """Takes orders of one item while there is enough of it.

    limit_s: how long take() may last, with all its attempts.
    attempt_s: how long one of them may last.
    """

    def __init__(
        self,
        client: aerospike.Client,
        item: str,
        limit_s: float = 2.0,
        attempt_s: float = 0.5,
    ) -> None:
        self.client = client
        self.key = ("test", SET, item)
        self.limit_s = limit_s
        self.attempt_s = attempt_s

    def fill(self, amount: int) -> None:
        """Begin with so much of the item, and no orders."""
        self.client.put(self.key, {"stock": amount, "orders": []})

    def stock(self) -> int:
        return int(self.client.get(self.key)[2]["stock"])

    def take(self, order: str, amount: int) -> bool:
        """Take an order; False if there is too little left of the item.

        order: its name. An order of the same name is taken once.
        Later: it is not known whether it was taken.
        """
        deadline = time.monotonic() + self.limit_s
        pause_s = 0.02
        while True:
            left_s = min(self.attempt_s, deadline - time.monotonic())
            try:
                return self._try_to_take(order, amount, left_s)
            except exception.ServerFull as error:
                raise Later("the cluster takes no writes") from error
            except PASSING as error:
                if time.monotonic() + pause_s >= deadline:
                    raise Later(f"no success in {self.limit_s} s") from error
            time.sleep(pause_s)
            pause_s *= 2

    def _try_to_take(self, order: str, amount: int, left_s: float) -> bool:
        is_enough = exp.GE(exp.IntBin("stock"), amount)
        count = aerospike.LIST_RETURN_COUNT
        is_known = exp.GT(
            exp.ListGetByValue(None, count, order, exp.ListBin("orders")), 0
        )
        policy = {
            "expressions": exp.Or(is_known, is_enough).compile(),
            "total_timeout": max(1, int(left_s * 1000)),
            "max_retries": 0,
        }
        ops = [
            list_operations.list_append("orders", order, ONCE),
            operations.increment("stock", -amount),
        ]
        try:
            self.client.operate(self.key, ops, policy=policy)
        except exception.ElementExistsError:
            pass  # an earlier attempt has taken it; nothing was changed now
        except exception.FilteredOut:
            return False
        return True


def demo(client: aerospike.Client) -> None:
    orders = Orders(client, "book", limit_s=30)
    orders.fill(5)
    expect("an order of 2", orders.take("order 1", 2), True)
    expect("the same order again", orders.take("order 1", 2), True)
    expect("what is left", orders.stock(), 3)
    expect("an order of 4", orders.take("order 2", 4), False)
    expect("an order of 3", orders.take("order 3", 3), True)
    expect("that one again, with nothing left", orders.take("order 3", 3), True)


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
