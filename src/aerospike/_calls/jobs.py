"""Calls about background work. Source: the job section of the info reference."""

from __future__ import annotations

from aerospike import _constants as c
from aerospike._calls.commands import entries_of
from aerospike._calls.requests import InfoOfAll
from aerospike._errors import param_error, shown
from aerospike._hints import InfoPolicy, Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aerospike._calls.requests import Call


def _job_entries(text: str | None) -> dict[str, str]:
    """What a node says of a job; {} when it does not know it."""
    line = (text or "").strip()
    return {} if not line or line.startswith("ERROR") else entries_of(line, ":")


def job_info(
    job_id: int, module: str, policy: InfoPolicy | Options | None = None
) -> Call[dict[str, int]]:
    """How far background work has come: {"progress_pct", "records_read", "status"}.

    An unknown job counts as completed.

    :param module: JOB_SCAN or JOB_QUERY.
    :raises ParamError: module is neither, or no job has such a number.
    """
    if not isinstance(job_id, int):
        raise TypeError(f"job_id must be an int, not {type(job_id).__name__}")
    if not isinstance(module, str):
        raise TypeError(f"module must be a str, not {type(module).__name__}")
    if not -(2**63) <= job_id < 2**64:
        raise param_error("job_id is invalid", f"it has 64 bits, got {shown(job_id)}")
    if module not in (c.JOB_SCAN, c.JOB_QUERY):
        raise param_error(
            "Module can have only two values: aerospike.JOB_SCAN or "
            "aerospike.JOB_QUERY",
            f"got {shown(module)}",
        )
    replies: list[str] = yield InfoOfAll(f"query-show:id={job_id % 2**64}", policy)
    known = [entries for text in replies if (entries := _job_entries(text))]
    active = any(job.get("status", "").startswith("active") for job in known)
    progress = [float(job.get("job-progress", 0)) for job in known]
    return {
        "progress_pct": int(min(progress, default=0)),
        "records_read": sum(int(job.get("recs-succeeded", 0)) for job in known),
        "status": c.JOB_STATUS_INPROGRESS if active else c.JOB_STATUS_COMPLETED,
    }


def scan_info(
    scanid: int, policy: InfoPolicy | Options | None = None
) -> Call[dict[str, int]]:
    """How far a background scan has come, as the 2.x line says it: {"progress_pct",
    "records_scanned", "status"}."""
    found = yield from job_info(scanid, c.JOB_SCAN, policy)
    done = found["status"] == c.JOB_STATUS_COMPLETED
    return {
        "progress_pct": found["progress_pct"],
        "records_scanned": found["records_read"],
        "status": c.SCAN_STATUS_COMPLETED if done else c.SCAN_STATUS_INPROGRESS,
    }
