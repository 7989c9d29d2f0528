"""A lock for a time (a lease), with a number that protects what it guards.

python examples/lock.py [HOST:PORT[,HOST:PORT...]]
"""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import aerospike
from aerospike import exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import operations

SET = "lock-example"
# each of these writes checks who the owner is, so it can be repeated
RETRY = {"max_retries": 3, "sleep_between_retries": 100}
KEEP = {"ttl": aerospike.TTL_NEVER_EXPIRE}


class Lease(NamedTuple):
    """name: of the lock. owner: a name for this lease, which no other has.

    token: grows with each lease of a lock. Give it to write_with().
    until: the end of the lease, as time.monotonic() of this machine counts.
    """

    name: str
    owner: str
    token: int
    until: float


class Locks:
    def __init__(self, client: aerospike.Client) -> None:
        self.client = client

    def acquire(self, name: str, lease_s: float) -> Lease | None:
        """Take a lock for a time; None if another owner has it."""
        owner = uuid.uuid4().hex
        is_over = exp.GT(exp.SinceUpdateTime(), exp.IntBin("lease_ms"))
        is_ours = exp.Eq(exp.StrBin("owner"), owner)  # of an attempt without an answer
        is_free = exp.Or(exp.Not(exp.BinExists("owner")), is_over, is_ours)
        ops = [
            operations.write("owner", owner),
            operations.write("lease_ms", int(lease_s * 1000)),
            operations.increment("token", 1),
            operations.read("token"),
        ]
        # the record stays when the lease is over, so that tokens go on growing
        policy = {"expressions": is_free.compile(), **RETRY}
        until = time.monotonic() + lease_s  # counted from before the request
        try:
            bins = self.client.operate(self._key(name), ops, KEEP, policy)[2]
        except exception.FilteredOut:
            return None
        return Lease(name, owner, bins["token"], until)

    def renew(self, lease: Lease, lease_s: float) -> Lease | None:
        """Begin the time of a lease anew; None if another owner has the lock."""
        until = time.monotonic() + lease_s
        ops = [operations.write("lease_ms", int(lease_s * 1000))]
        return lease._replace(until=until) if self._change(lease, ops) else None

    def release(self, lease: Lease) -> bool:
        """Give a lock back; False if it is no longer the lease's.

        Either another owner has it, or an attempt without an answer gave it back.
        """
        return self._change(lease, [operations.write("owner", aerospike.null())])

    def _change(self, lease: Lease, ops: list[Any]) -> bool:
        is_ours = exp.Eq(exp.StrBin("owner"), lease.owner)
        exists = aerospike.POLICY_EXISTS_UPDATE  # a new record would meet no filter
        policy = {"expressions": is_ours.compile(), "exists": exists, **RETRY}
        try:
            self.client.operate(self._key(lease.name), ops, KEEP, policy)
        except (exception.FilteredOut, exception.RecordNotFound):
            return False
        return True

    def _key(self, name: str) -> tuple[str, str, str]:
        return ("test", SET, name)


def write_with(
    client: aerospike.Client, lease: Lease, key: Any, bins: dict[str, Any]
) -> None:
    """Write a record that a lock guards. FilteredOut: a later lease has written it."""
    fence = exp.IntBin("fence")
    is_latest = exp.Or(exp.Not(exp.BinExists("fence")), exp.LE(fence, lease.token))
    policy = {"expressions": is_latest.compile()}
    client.put(key, {**bins, "fence": lease.token}, policy=policy)


def demo(client: aerospike.Client) -> None:
    locks, guarded = Locks(client), ("test", SET, "guarded")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: locks.acquire("job", 60), range(8)))
    expect("how many of 8 threads got it", sum(map(bool, taken)), 1)
    slow = locks.acquire("report", 0.05)
    assert slow is not None
    while (fast := locks.acquire("report", 60)) is None:
        time.sleep(0.02)
    expect("tokens before and after the lease was over", (slow[2], fast[2]), (1, 2))
    write_with(client, fast, guarded, {"by": "fast"})
    try:
        write_with(client, slow, guarded, {"by": "slow"})
    except exception.FilteredOut:
        expect("who has written", client.get(guarded).bins["by"], "fast")
    expect("release()", (locks.release(slow), locks.release(fast)), (False, True))


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
