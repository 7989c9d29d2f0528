"""Info commands about the queries of a node.

Source: section 4 of the page on queries; shapes as an 8.1.2 node answers them.
"""

from __future__ import annotations

from aerospike_devserver.handlers.info.command import Request, command
from aerospike_devserver.handlers.info.info_tables import pairs
from aerospike_devserver.handlers.query import background
from aerospike_devserver.result import InfoError, Result
from aerospike_devserver.storage.jobs import Job

MAX_ID = 25
"""Characters: octal, decimal or hexadecimal."""
BACKGROUND_BYTES = 30
BACKGROUND_TIMEOUT_MS = 10_000
"""What a background job shows: its only answer, and a timeout that never matters."""


def _job_id(text: str) -> int:
    """A number as C reads it; InfoError 4."""
    try:
        number = int(text, 8 if text.startswith("0") and text.isdecimal() else 0)
    except ValueError:
        number = 0
    if not 0 < number < 1 << 64:
        raise InfoError(Result.REQUEST_INVALID, "bad id")
    return number


def _requested_id(request: Request) -> int | None:
    name = "id" if "id" in request.parameters else "trid"
    text = request.optional(name, MAX_ID)
    return None if text is None else _job_id(text)


def _shown(job: Job) -> str:
    """One job; what would be empty is left out."""
    shown: dict[str, object] = {"trid": job.id, "ns": job.namespace}
    for key, name in (("set", job.set_name), ("sindex-name", job.index_name)):
        if name:
            shown[key] = name.decode("utf-8", "surrogateescape")
    if job.n_partitions:
        shown["n-pids-requested"] = job.n_partitions
        shown["n-keyds-requested"] = job.n_resumed
    shown |= {
        "rps": job.rps,
        "active-threads": int(job.ended_s is None),
        "status": job.status,
        "job-progress": f"{job.percent_done:.2f}",
        "run-time": job.run_time_ms,
        "time-since-done": job.since_done_ms,
        "recs-throttled": job.n_throttled,
        "recs-filtered-meta": job.n_filtered_meta,
        "recs-filtered-bins": job.n_filtered_bins,
        "recs-succeeded": job.n_succeeded,
        "recs-failed": job.n_failed,
        "from": job.client.replace(":", "+"),
        "job-type": job.kind,
    }
    return pairs(shown | _io(job), ":")


def _io(job: Job) -> dict[str, object]:
    if job.kind in background.KINDS:
        shown: dict[str, object] = {
            "net-io-bytes": BACKGROUND_BYTES,
            "socket-timeout": BACKGROUND_TIMEOUT_MS,
        }
        if job.kind == background.WITH_OPERATIONS:
            return shown | {"ops-active": 0}
        return shown | {
            "udf-filename": job.module.decode("utf-8", "surrogateescape"),
            "udf-function": job.function.decode("utf-8", "surrogateescape"),
            "udf-active": 0,
        }
    return {
        "net-io-bytes": job.n_bytes,
        "net-io-time": 0,
        "socket-timeout": job.socket_timeout_ms,
    }


@command("query-show")
def _query_show(request: Request) -> str:
    """All jobs that the node remembers, or one of them."""
    jobs = request.node.jobs
    wanted = _requested_id(request)
    if wanted is None:
        return ";".join(map(_shown, jobs))
    job = jobs.find(wanted)
    if job is None:
        raise InfoError(Result.RECORD_NOT_FOUND, "job not found")
    return _shown(job)


@command("query-abort")
def _query_abort(request: Request) -> str:
    wanted = _requested_id(request)
    if wanted is None:
        raise InfoError(Result.REQUEST_INVALID, "missing 'id'")
    if not request.node.jobs.abort(wanted):
        raise InfoError(Result.RECORD_NOT_FOUND, "id not active")
    return "ok"


@command("query-abort-all")
def _query_abort_all(request: Request) -> str:
    return f"number-of-queries-killed:{request.node.jobs.abort_all()}"
