"""Change all records of a query, with many calls at a time and a deadline.

    python examples/async_job.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aerospike
from aerospike import exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import expression_operations, operations

SET = "async-example"


@dataclass
class Outcome:
    """is_complete: the query ended, and each of its records was tried.

    failed: the errors by the digests of the records; see aerospike.in_doubt(error).
    """

    is_complete: bool = False
    n_done: int = 0
    failed: dict[bytes, BaseException] = field(default_factory=dict)


async def change_all(
    records: Any,
    change: Callable[[Any], Awaitable[Any]],
    limit: int = 100,
    seconds: float | None = None,
) -> Outcome:
    """Call change(record) for each record, `limit` of them at a time.

    records: a query of an AsyncClient, or its stream().
    seconds: what is not done after this time is cancelled.
    """
    outcome = Outcome()
    room = asyncio.Semaphore(limit)
    tasks: set[asyncio.Task[None]] = set()

    async def try_one(record: Any) -> None:
        digest = bytes(record.key[3])
        try:
            await change(record)
            outcome.n_done += 1
        except exception.AerospikeError as error:
            outcome.failed[digest] = error
        except asyncio.CancelledError as error:
            outcome.failed[digest] = error
            raise
        finally:
            room.release()

    async def run() -> None:
        async for record in records:
            await room.acquire()  # meanwhile the nodes wait with further records
            task = asyncio.create_task(try_one(record))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        outcome.is_complete = True

    try:
        await asyncio.wait_for(run(), seconds)
    except asyncio.TimeoutError:
        pass
    finally:  # also when the caller is cancelled
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return outcome


async def raise_prices(hosts: list[tuple[str, int]], run: int) -> Outcome:
    """Make everything 10 % dearer, once in each run of this number."""
    is_due = exp.Or(exp.Not(exp.BinExists("run")), exp.LT(exp.IntBin("run"), run))
    policy = {"expressions": is_due.compile()}
    price = exp.Div(exp.Mul(exp.IntBin("price"), 110), 100).compile()
    ops = [
        expression_operations.expression_write("price", price),
        operations.write("run", run),
    ]
    async with aerospike.AsyncClient({"hosts": hosts}) as client:

        async def change(record: Any) -> None:
            await client.operate(record.key, ops, policy=policy)

        query = client.query("test", SET)
        async with query.stream(policy) as records:
            return await change_all(records, change, seconds=60)


def demo(client: aerospike.Client) -> None:
    for number in range(500):
        client.put(("test", SET, number), {"price": 100})
    hosts = [node[:2] for node in client.get_nodes()]
    for wanted in (500, 0):  # the second run finds nothing to do
        outcome = asyncio.run(raise_prices(hosts, run=1))
        expect("is_complete", outcome.is_complete, True)
        expect("n_done", outcome.n_done, wanted)
    prices = {bins["price"] for _, _, bins in client.query("test", SET)}
    expect("prices", prices, {110})


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
