"""Calls that begin background work, ask how far it has come, and wait for its end.

Source of the commands: the job section of the info reference.
"""

from __future__ import annotations

from collections.abc import Mapping

from aerospike import _constants as c
from aerospike import exception
from aerospike._calls.commands import entries_of
from aerospike._calls.layout import Watch
from aerospike._calls.requests import Background, Info, InfoOfAll, Nodes
from aerospike._calls.waits import DONE, NO_ANSWER, wait_for_nodes
from aerospike._errors import client_error, made, param_error, shown
from aerospike._hints import Any, InfoPolicy, Options, ScanPolicy, WritePolicy
from aerospike._report import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aerospike._calls.requests import Call, Replies
    from aerospike._calls.waits import Progress


_MOST_DIGITS = 20  # of 64 bits


def _check_type(call: str, place: int, argument: object, wanted: type) -> None:
    """Raise TypeError, in the words of functions in C, when an argument is of another
    type."""
    if not isinstance(argument, wanted):
        got = "None" if argument is None else type(argument).__name__
        raise TypeError(
            f"{call}() argument {place} must be {wanted.__name__}, not {got}"
        )


def _job_entries(text: str | None) -> dict[str, str]:
    """What a node says of a job; {} when it does not know it."""
    line = (text or "").strip()
    if not line.startswith(("ERROR", "FAIL")):
        return entries_of(line, ":") if line else {}
    code = line.split(":")[1:2]
    if code in ([], ["2"]):
        return {}
    raise client_error("a node does not tell about jobs", shown(line))


def _number(entries: dict[str, str], name: str) -> int:
    """A number that a node says, without what is behind its point; 0 when it says none.

    :raises ClientError: it is no number.
    """
    text = entries.get(name, "0")
    whole = text.partition(".")[0]
    if not (whole.isascii() and whole.isdecimal() and len(whole) < _MOST_DIGITS):
        raise client_error(f"malformed reply: {name} is {shown(text)}")
    return int(whole)


def job_info(
    job_id: int, module: str, policy: InfoPolicy | Options | None = None
) -> Call[dict[str, int]]:
    """Return how far background work is: {"progress_pct", "records_read", "status"}.

    An unknown job counts as completed.

    :param module: JOB_SCAN or JOB_QUERY.
    :raises ParamError: module is neither, or job_id is not a possible number.
    """
    _check_type("job_info", 1, job_id, int)
    _check_type("job_info", 2, module, str)
    if not -(2**63) <= job_id < 2**64:
        raise param_error("job_id is invalid", f"it has 64 bits, got {shown(job_id)}")
    if module not in (c.JOB_SCAN, c.JOB_QUERY):
        raise param_error(
            "Module can have only two values: aerospike.JOB_SCAN or "
            "aerospike.JOB_QUERY",
            f"got {shown(module)}",
        )
    said: Replies = yield InfoOfAll(f"query-show:id={job_id % 2**64}", policy)
    replies = (_job_entries(text) for _, text in said.values())
    known = [entries for entries in replies if entries]
    active = any(job.get("status", "").startswith("active") for job in known)
    progress = [_number(job, "job-progress") for job in known]
    return {
        "progress_pct": min(progress, default=0),
        "records_read": sum(_number(job, "recs-succeeded") for job in known),
        "status": c.JOB_STATUS_INPROGRESS if active else c.JOB_STATUS_COMPLETED,
    }


def scan_info(
    scanid: int, policy: InfoPolicy | Options | None = None
) -> Call[dict[str, int]]:
    """Return how far a background scan is, as in the 2.x line: {"progress_pct",
    "records_scanned", "status"}.
    """
    found = yield from job_info(scanid, c.JOB_SCAN, policy)
    done = found["status"] == c.JOB_STATUS_COMPLETED
    return {
        "progress_pct": found["progress_pct"],
        "records_scanned": found["records_read"],
        "status": c.SCAN_STATUS_COMPLETED if done else c.SCAN_STATUS_INPROGRESS,
    }


# --- work that is waited for ---

# class and code of the error, by whether it is a scan
_ABORTED = {
    True: (exception.ScanAbortedError, 15),
    False: (exception.QueryAbortedError, 210),
}
_OF_FUNCTION = ("recs-succeeded", "recs-failed")
_COUNTS = (*_OF_FUNCTION, "recs-filtered-meta", "recs-filtered-bins")


def _uptime(node: str) -> Call[int]:
    """Seconds since a node was started, rounded down."""
    reply: str = yield Info("statistics", None, node)
    return _number(entries_of(reply.partition("\t")[2], ";"), "uptime")


def _wait_for_job(
    is_scan: bool, job_id: int, nodes: list[str]
) -> Call[tuple[int, int]]:
    """Wait until those nodes have ended their parts of a job.

    A node forgets a job some time after its end, or when it is started anew. It never
    knows one whose set it has no records of.

    :return: for how many records the function succeeded and failed, as far as the nodes
        tell.
    """
    what = f"job {job_id} does not end"
    command = f"query-show:id={job_id}"
    silent = set()  # nodes that gave no answer once: they may have been started anew
    at_work = set()  # nodes that have known the job
    counts: dict[str, list[int]] = {}  # of nodes that are done, by _OF_FUNCTION

    def ask(node: str, waited_s: float) -> Call[Progress]:
        try:
            reply: str = yield Info(command, None, node)
        except NO_ANSWER:
            silent.add(node)
            raise
        except exception.RecordNotFound:
            reply = ""
        job = _job_entries(reply.partition("\t")[2])
        status = job.get("status", "")
        if status.startswith("active"):
            at_work.add(node)
            percent = _number(job, "job-progress")
            return min(percent, 99), sum(_number(job, name) for name in _COUNTS)
        if not job:
            if node in silent:
                why = "gave no answer"
            elif node in at_work and (yield from _uptime(node)) < waited_s:
                why = "was started anew"
            else:
                return DONE
            text = f"{what}: node {node} {why}, and does not know it any more"
            raise made(exception.ClusterChangeError, 7, text)
        if status != "done(ok)":
            text = f"job {job_id} was ended on node {node}: {status}"
            raise made(*_ABORTED[is_scan], text)
        counts[node] = [_number(job, name) for name in _OF_FUNCTION]
        return DONE

    yield from wait_for_nodes(what, ask, nodes)
    return (
        sum(succeeded for succeeded, _ in counts.values()),
        sum(failed for _, failed in counts.values()),
    )


def _apply(
    name: str,
    is_scan: bool,
    ns: Any,
    set: Any,
    predicate: Any,
    function: tuple[Any, Any, Any],
    policy: Options | None,
) -> Call[int]:
    """Give a function the records of a scan or query, and wait until it had them all.

    :param name: of the call.
    :param function: module, function, arguments.
    """
    from aerospike._query import check_names, check_whole

    _check_type(name, 1, ns, str)
    texts = {"Set": "" if set is None else set}
    texts |= zip(("Module", "Function"), function, strict=False)
    for what, text in texts.items():
        if not isinstance(text, str):
            raise param_error(
                f"{what} name should be string", f"got {type(text).__name__}"
            )
    arguments = function[2]
    if not isinstance(arguments, list | tuple):
        raise param_error(
            "Arguments should be a list",
            f"got {type(arguments).__name__}: write [value], or [] for none",
        )
    check_names(ns, texts["Set"])
    check_whole(policy)
    spec = {
        "ns": ns,
        "set": texts["Set"],
        "module": texts["Module"],
        "function": texts["Function"],
        "arguments": [*arguments],
        "predicate": predicate,
    }
    nodes: list[str] = yield Nodes()
    watch = Watch(ns)
    job_id: int = yield Background(is_scan, spec, policy, watch.begin)
    watch.has_begun()
    try:
        n_succeeded, n_failed = yield from _wait_for_job(is_scan, job_id, nodes)
        yield from watch.end()
    except exception.AerospikeError as error:
        error.in_doubt = True  # the work has begun
        error.args = (*error.args[:4], True)
        raise
    if n_failed > 0:
        warn(
            f"the function {texts['Module']}.{texts['Function']} failed on {n_failed} "
            f"of {n_succeeded + n_failed} records; apply() on one of them says why"
        )
    return job_id


def scan_apply(
    ns: str,
    set: str | None,
    module: str,
    function: str,
    args: list[Any] | tuple[Any, ...] | None = None,
    policy: ScanPolicy | Options | None = None,
    options: Options | None = None,
) -> Call[int]:
    """Call a function in Lua on each record of a set, and wait until all are done.

    The value that the function returns is lost. If the function fails, its record stays
    as it was, and the call shows an AerospikeWarning at its end. job_info() counts the
    records for which it succeeded.

    :param set: str; None: all records of the namespace.
    :param module: str, the name of its file without ".lua"; see udf_put().
    :param function: str, the name of the function.
    :param args: list of the arguments that the function gets after the record.
    :param policy: dict of scan policy keys, for the start of the job.
    :param options: dict; older programs pass {"concurrent": bool}, which has no effect.
    :return: the job's id, for job_info().
    :raises TimeoutError: for 60 s no node came further, or one gave no answer.
    :raises ClusterChangeError: a node has gone before it had done its part, or
        partitions were moving before or after the work: see fail_on_cluster_change.
    :raises ScanAbortedError: somebody has stopped the job.
    """
    from aerospike._query import check_scan_options

    if isinstance(options, Mapping):  # other clients pass over anything else
        check_scan_options(options, ["concurrent"])
    given = (module, function, [] if args is None else args)
    return (yield from _apply("scan_apply", True, ns, set, None, given, policy))


def query_apply(
    ns: str,
    set: str | None,
    predicate: tuple[Any, ...] | None,
    module: str,
    function: str,
    args: list[Any] | tuple[Any, ...] | None = None,
    policy: WritePolicy | Options | None = None,
) -> Call[int]:
    """Call a function in Lua on each record that a predicate finds, and wait until all
    are done.

    Apart from the predicate, it is like scan_apply().

    :param predicate: one of aerospike.predicates, which needs an index.
    :param args: list, which must be given.
    :param policy: dict of write policy keys, for the start of the job.
    :raises IndexNotFound: no index fits the predicate.
    :raises QueryAbortedError: somebody has stopped the job.
    """
    from aerospike._query import predicate_of

    if not isinstance(predicate, tuple):
        raise param_error(
            "Predicate must be a tuple", f"got {type(predicate).__name__}"
        )
    found = predicate_of(predicate)
    given = (module, function, args)
    return (yield from _apply("query_apply", False, ns, set, found, given, policy))
