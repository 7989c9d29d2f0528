"""The queries of a node: those under way, and the last ones that have ended.

Source: sections 1.2 and 4 of the page on queries.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from aerospike_devserver.ownership import N_PARTITIONS
from aerospike_devserver.result import Result

MAX_DONE = 100
"""Ended queries that a node remembers; their ids cannot be used again."""

_STATUS = {
    Result.OK: "ok",
    Result.SERVER_ERROR: "abandoned-unknown",
    Result.SCAN_ABORTED: "user-aborted",
    Result.UNAVAILABLE: "abandoned-response-error",
    Result.TIMEOUT: "abandoned-response-timeout",
}
"""How a query ended; UNAVAILABLE: its client has gone; TIMEOUT: it took nothing."""


@dataclass
class Job:
    """One query. Its counts are kept by whoever carries it out.

    module, function: in Lua, of a background query that has one; n_stopped: calls of
    it that were stopped.

    id: 0 = the node gives it one; rps: records per second, 0 = no limit; n_partitions
    and n_resumed: asked for, 0 = a background query, which takes them all;
    socket_timeout_ms: 0 = none; n_bytes: sent; partition: the one it is at.
    """

    id: int
    kind: str
    namespace: str
    set_name: bytes
    index_name: bytes
    client: str
    rps: int = 0
    n_partitions: int = 0
    n_resumed: int = 0
    socket_timeout_ms: int = 0
    n_bytes: int = 0
    partition: int = -1
    n_throttled: int = 0
    n_filtered_meta: int = 0
    n_filtered_bins: int = 0
    n_succeeded: int = 0
    n_failed: int = 0
    module: bytes = b""
    function: bytes = b""
    n_stopped: int = 0
    result: Result = Result.OK
    started_s: float = field(default_factory=time.monotonic)
    ended_s: float | None = None

    @property
    def is_aborted(self) -> bool:
        """Whether it is to end before its time."""
        return self.result is not Result.OK

    @property
    def status(self) -> str:
        """`active(…)` or `done(…)`."""
        word = "active" if self.ended_s is None else "done"
        return f"{word}({_STATUS.get(self.result, 'abandoned-?')})"

    @property
    def percent_done(self) -> float:
        """How far it has come, as the partition tells that it is at."""
        if self.ended_s is not None and self.result is Result.OK:
            return 100.0
        return (self.partition + 1) * 100 / N_PARTITIONS

    @property
    def run_time_ms(self) -> int:
        """How long it took, or has taken so far."""
        end_s = time.monotonic() if self.ended_s is None else self.ended_s
        return int((end_s - self.started_s) * 1000)

    @property
    def since_done_ms(self) -> int:
        """How long ago it ended; 0 while it runs."""
        if self.ended_s is None:
            return 0
        return int((time.monotonic() - self.ended_s) * 1000)


class Jobs:
    """The queries of one node; short ones are not kept."""

    def __init__(self) -> None:
        self._active: dict[int, Job] = {}
        self._done: deque[Job] = deque(maxlen=MAX_DONE)
        self._own_ids = itertools.count(1)

    def __iter__(self) -> Iterator[Job]:
        """Those under way, then those that have ended; the newest first."""
        yield from reversed(self._active.values())
        yield from reversed(self._done)

    @property
    def n_active(self) -> int:
        """How many are under way."""
        return len(self._active)

    def find(self, job_id: int) -> Job | None:
        """A query by its id."""
        return next((job for job in self if job.id == job_id), None)

    def start(self, job: Job) -> bool:
        """Record the beginning of a query; False if its id is not new."""
        job.id = job.id or next(self._own_ids)
        if self.find(job.id) is not None:
            return False
        self._active[job.id] = job
        return True

    def finish(self, job: Job) -> None:
        """Record the end of a query."""
        job.ended_s = time.monotonic()
        if self._active.pop(job.id, None) is not None:
            self._done.append(job)

    def abort(self, job_id: int) -> bool:
        """Let a query end soon; False if none of that id is under way."""
        job = self._active.get(job_id)
        if job is not None:
            job.result = Result.SCAN_ABORTED
        return job is not None

    def abort_all(self) -> int:
        """Let all queries end soon; how many."""
        return sum(self.abort(job_id) for job_id in list(self._active))
