"""A queue whose jobs are done at least once, also when a worker dies.

python examples/job_queue.py [HOST:PORT[,HOST:PORT...]]
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import aerospike
from aerospike import exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.cdt_ctx import cdt_ctx_map_key, cdt_ctx_map_rank
from aerospike_helpers.operations import list_operations, map_operations

SET = "queue-example"
RETRY = {"max_retries": 3, "sleep_between_retries": 100}
ONCE = aerospike.MAP_WRITE_FLAGS_CREATE_ONLY | aerospike.MAP_WRITE_FLAGS_NO_FAIL
NEW = {"map_order": aerospike.MAP_KEY_ORDERED, "map_write_flags": ONCE}
FIRST = [cdt_ctx_map_rank(0)]
KEEP = {"ttl": aerospike.TTL_NEVER_EXPIRE}
UPDATE = {"exists": aerospike.POLICY_EXISTS_UPDATE}


class Job(NamedTuple):
    """until_ms: when other workers may get the job. attempt: 1 for the first one."""

    until_ms: int
    name: str
    attempt: int
    payload: Any


class Queue:
    """The map "jobs" has the fields of a Job under its name.

    Lists are compared from their beginning, so the job of rank 0 is the one that has
    waited longest. The clocks of the workers must differ by less than a lease.
    """

    def __init__(self, client: aerospike.Client, name: str) -> None:
        self.client = client
        self.key = ("test", SET, name)

    def push(self, name: str, payload: Any) -> None:
        """Add a job. If this raises, push the same name again."""
        ops = [map_operations.map_put("jobs", name, [now_ms(), name, 0, payload], NEW)]
        self.client.operate(self.key, ops, KEEP, RETRY)

    def claim(self, lease_s: float) -> Job | None:
        """A job that no other worker gets for lease_s seconds; None: there is none."""
        now = now_ms()
        until = now + int(lease_s * 1000)
        ops = [
            list_operations.list_increment("jobs", 2, 1, ctx=FIRST),
            map_operations.map_get_by_rank("jobs", 0, aerospike.MAP_RETURN_VALUE),
            list_operations.list_set("jobs", 0, until, ctx=FIRST),  # the last: it moves
        ]
        policy = {"expressions": exp.LE(_time_of(FIRST), now).compile(), **UPDATE}
        try:
            results = self.client.operate_ordered(self.key, ops, KEEP, policy)[2]
        except (exception.FilteredOut, exception.RecordNotFound):
            return None
        _, name, attempt, payload = results[1][1]
        return Job(until, name, attempt, payload)

    def done(self, job: Job) -> bool:
        """Remove a job; False if its lease was over, or if it is removed already."""
        return self._remove(job)

    def bury(self, job: Job) -> bool:
        """Put a job that fails each time into the map "dead", for people to look at."""
        return self._remove(job, map_operations.map_put("dead", job.name, job.payload))

    def _remove(self, job: Job, *ops: Any) -> bool:
        is_ours = exp.Eq(_time_of([cdt_ctx_map_key(job.name)]), job.until_ms).compile()
        none = aerospike.MAP_RETURN_NONE
        remove = map_operations.map_remove_by_key("jobs", job.name, none)
        policy = {"expressions": is_ours, **UPDATE, **RETRY}
        try:
            self.client.operate(self.key, [*ops, remove], KEEP, policy)
        except exception.FilteredOut:
            return False
        return True


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _time_of(context: list[Any]) -> Any:
    value, integer = aerospike.LIST_RETURN_VALUE, exp.ResultType.INTEGER
    return exp.ListGetByIndex(context, value, integer, 0, exp.MapBin("jobs"))


def demo(client: aerospike.Client) -> None:
    queue = Queue(client, "mails")
    for number in [*range(30), *range(30)]:  # each of them twice
        queue.push(f"mail-{number}", {"to": "ada"})
    lost = queue.claim(0.01)  # by a worker that dies
    assert lost is not None
    finished: list[str] = []

    def work(_: int) -> None:
        while len(finished) < 30:
            if (job := queue.claim(60)) and queue.done(job):
                finished.append(job.name)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    expect("jobs that are done", (len(finished), len(set(finished))), (30, 30))
    expect("done() of the worker that died", queue.done(lost), False)


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
