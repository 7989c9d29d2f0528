"""Limits for requests: a fixed window and a token bucket, for an event loop.

    python examples/rate_limit.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have.
"""

from __future__ import annotations

import asyncio

import aerospike
from aerospike import exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import expression_operations, operations

SET = "rate-limit-example"


class FixedWindow:
    """At most `limit` requests of a caller in each `window_s` seconds.

    A window begins with the first request, and ends when its record expires.
    """

    def __init__(
        self, client: aerospike.AsyncClient, limit: int, window_s: int
    ) -> None:
        self.client, self.window_s = client, window_s
        is_below = exp.LT(exp.IntBin("n"), limit).compile()
        exists = aerospike.POLICY_EXISTS_UPDATE
        self.policy = {"expressions": is_below, "exists": exists}

    async def allows(self, caller: str) -> bool:
        """Count a request; whether the limit allows it."""
        key = ("test", SET, f"{caller}:window")
        same_end = {"ttl": aerospike.TTL_DONT_UPDATE}
        first = {"exists": aerospike.POLICY_EXISTS_CREATE}
        while True:
            try:
                ops = [operations.increment("n", 1)]
                await self.client.operate(key, ops, same_end, self.policy)
            except exception.FilteredOut:
                return False
            except exception.RecordNotFound:
                try:
                    await self.client.put(key, {"n": 1}, {"ttl": self.window_s}, first)
                except exception.RecordExistsError:
                    continue  # another request was the first
            return True


class TokenBucket:
    """Each caller has up to `burst` tokens, and gets `per_s` new ones a second.

    The record has one number: the time at which the bucket is full again. A request
    moves it on by the time that one token takes. All times are the server's, in
    nanoseconds.
    """

    def __init__(self, client: aerospike.AsyncClient, burst: int, per_s: float) -> None:
        self.client = client
        one = int(1e9 / per_s)
        full_at = exp.IntBin("full_at")
        # in a filter, the record has the times of its last write
        age = exp.Mul(exp.SinceUpdateTime(), 1_000_000)
        now = exp.Add(exp.LastUpdateTime(), age)
        has_token = exp.LE(exp.Sub(full_at, now), (burst - 1) * one)
        self.policy = {"expressions": has_token.compile()}
        # in an operation that writes, the last update is this one
        known = exp.Cond(exp.BinExists("full_at"), full_at, 0)
        taken = exp.Add(exp.Max(known, exp.LastUpdateTime()), one).compile()
        self.ops = [expression_operations.expression_write("full_at", taken)]
        self.meta = {"ttl": int(burst / per_s) + 60}

    async def allows(self, caller: str) -> bool:
        """Take a token; whether there was one."""
        key = ("test", SET, f"{caller}:bucket")
        try:
            await self.client.operate(key, self.ops, self.meta, self.policy)
        except exception.FilteredOut:
            return False
        return True


async def ask(hosts: list[tuple[str, int]]) -> None:
    async with aerospike.AsyncClient({"hosts": hosts}) as client:
        window = FixedWindow(client, limit=10, window_s=60)
        answers = await asyncio.gather(*(window.allows("ada") for _ in range(50)))
        expect("FixedWindow: allowed of 50 requests", sum(answers), 10)
        bucket = TokenBucket(client, burst=5, per_s=0.01)
        answers = await asyncio.gather(*(bucket.allows("ada") for _ in range(50)))
        expect("TokenBucket: allowed of 50 requests", sum(answers), 5)
        expect("another caller", await bucket.allows("bob"), True)


def demo(client: aerospike.Client) -> None:
    asyncio.run(ask([node[:2] for node in client.get_nodes()]))


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
