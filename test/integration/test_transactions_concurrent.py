"""Transactions of several clients at once, on the development server.

Accounts are records, and each transaction moves money between two of them, or sums up
all. What a transaction has summed up that was committed is always the same sum, and so
is what is left in the end, also when connections break.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster

from ..waiting import patient

N_ACCOUNTS, EACH = 6, 100
ACCOUNTS = [("test", "bank", number) for number in range(N_ACCOUNTS)]
N_WORKERS, N_TIMES = 4, 30
CONFLICTS = {120, 121, 122, -17}
"""Locked by another, changed by another, out of time, not as it was read."""
BROKEN = {-10}
"""The connection."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[DevCluster]:
    with DevCluster(3, strong_consistency=True) as made:
        yield made


@pytest.fixture
def client(cluster: DevCluster) -> Iterator[aerospike.Client]:
    cluster.reset()
    with aerospike.client(patient(cluster.config)) as made:
        for account in ACCOUNTS:
            made.put(account, {"n": EACH})
        yield made


def left(client: aerospike.Client) -> list[int]:
    """What stands on all accounts."""
    return [client.get(account)[2]["n"] for account in ACCOUNTS]


class Tally:
    """How the transactions of all workers have ended."""

    def __init__(self) -> None:
        self.n_committed = self.n_conflicts = self.n_broken = 0

    def note(self, error: exception.AerospikeError) -> None:
        if error.code in CONFLICTS:
            self.n_conflicts += 1
        else:
            assert error.code in BROKEN
            self.n_broken += 1


def move(client: aerospike.Client, chance: random.Random) -> None:
    """Move money between two accounts, or sum up all."""
    txn = aerospike.Transaction()
    policy = {"txn": txn}
    try:
        if chance.random() < 0.3:
            found = client.batch_read(ACCOUNTS, policy=policy).batch_records
            bins = [row.record[2] for row in found if row.record]
        else:
            bins = []
            one, two = chance.sample(ACCOUNTS, 2)
            amount = chance.randrange(20)
            before = [client.get(account, policy)[2]["n"] for account in (one, two)]
            client.put(one, {"n": before[0] - amount}, policy=policy)
            client.put(two, {"n": before[1] + amount}, policy=policy)
        client.commit(txn)
    except exception.AerospikeError:
        if txn.state == aerospike.TXN_STATE_OPEN:
            client.abort(txn)
        raise
    if len(bins) == N_ACCOUNTS:
        assert sum(each["n"] for each in bins) == N_ACCOUNTS * EACH


def worked(client: aerospike.Client, seed: int) -> Tally:
    """Run many transactions, one after the other."""
    chance, tally = random.Random(seed), Tally()
    for _ in range(N_TIMES):
        try:
            move(client, chance)
            tally.n_committed += 1
        except exception.AerospikeError as error:
            tally.note(error)
    return tally


def in_threads(work: Callable[[int], Tally]) -> list[Tally]:
    """Work in threads; what each has done."""
    done: list[Tally] = []
    threads = [
        threading.Thread(target=lambda seed=seed: done.append(work(seed)))
        for seed in range(N_WORKERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == N_WORKERS  # no thread has failed
    return done


def test_threads_move_money(client):
    done = in_threads(lambda seed: worked(client, seed))
    assert sum(left(client)) == N_ACCOUNTS * EACH
    assert sum(each.n_committed for each in done)
    assert not sum(each.n_broken for each in done)


def test_tasks_move_money(cluster, client):
    async def moved(own: Any, chance: random.Random, tally: Tally) -> None:
        txn = aerospike.Transaction()
        policy = {"txn": txn}
        one, two = chance.sample(ACCOUNTS, 2)
        try:
            before = [(await own.get(each, policy))[2]["n"] for each in (one, two)]
            await own.put(one, {"n": before[0] - 5}, policy=policy)
            await own.put(two, {"n": before[1] + 5}, policy=policy)
            await own.commit(txn)
            tally.n_committed += 1
        except exception.AerospikeError as error:
            tally.note(error)
            if txn.state == aerospike.TXN_STATE_OPEN:
                await own.abort(txn)

    async def main() -> Tally:
        chance, tally = random.Random(1), Tally()
        async with aerospike.AsyncClient(patient(cluster.config)) as own:
            for _ in range(N_TIMES):
                tasks = [moved(own, chance, tally) for _ in range(N_WORKERS)]
                await asyncio.gather(*tasks)
        return tally

    tally = asyncio.run(main())
    assert sum(left(client)) == N_ACCOUNTS * EACH
    assert tally.n_committed
    assert tally.n_conflicts


def test_money_is_moved_over_connections_that_break(cluster, client):
    """A write or a commit may be in doubt; the sum is not."""
    with cluster.faults.reset(commands=("read", "write", "batch"), every=7):
        done = in_threads(lambda seed: worked(client, seed))
    cluster.advance(12)  # the server ends what was given up
    assert sum(left(client)) == N_ACCOUNTS * EACH
    assert sum(each.n_committed for each in done)
    assert sum(each.n_broken for each in done)
