"""The partition_filter of a policy: which partitions are read, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aerospike._core import Tracker, get_partition_id
from aerospike._errors import param_error, shown

Policy = Mapping[str, Any]

N_PARTITIONS = 4096
_FILTER_KEYS = ("begin", "count", "digest", "partition_status")


def filter_of(policy: Policy | None) -> Mapping[str, Any] | None:
    """The partition_filter of a policy, None without one."""
    if not isinstance(policy, Mapping) or "partition_filter" not in policy:
        return None
    found = policy["partition_filter"]
    if not isinstance(found, Mapping):
        raise param_error(
            "invalid partition_filter policy, partition_filter must be a dict",
            f"got {type(found).__name__}",
        )
    _check_keys("partition_filter", found, _FILTER_KEYS)
    return found


def _check_keys(what: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise param_error(f"{what} has {key!r}; its keys are {', '.join(known)}")


def _int_of(
    parts: Mapping[str, Any], name: str, low: int, high: int, default: int
) -> int:
    value = parts.get(name, default)
    if not isinstance(value, int) or not low <= value <= high:
        raise param_error(
            f"invalid partition_filter policy {name}, {name} must be an int between "
            f"{low} and {high} inclusive",
            f"got {shown(value)}",
        )
    return value


def range_of(parts: Mapping[str, Any]) -> tuple[int, int]:
    """The first partition, and how many: without a count all to the last one."""
    begin = _int_of(parts, "begin", 0, N_PARTITIONS - 1, 0)
    rest = N_PARTITIONS - begin
    count = _int_of(parts, "count", 1, N_PARTITIONS, rest)
    if count > rest:
        raise param_error(
            f"invalid partition filter range, begin: {begin} count: {count}, valid "
            f"range when begin + count <= {N_PARTITIONS}"
        )
    return begin, count


def range_of_percent(percent: Any) -> tuple[int, int]:
    """The range of a scan that is to read so much of the partitions, rounded up."""
    if isinstance(percent, bool) or not isinstance(percent, int):
        raise param_error("option percent must be an int", f"got {shown(percent)}")
    if not 0 <= percent <= 100:
        raise param_error(
            "option percent must be between 0 and 100 inclusive", f"got {percent}"
        )
    return 0, -(-N_PARTITIONS * percent // 100)


def new_tracker(begin: int, count: int, parts: Mapping[str, Any]) -> Tracker:
    """A tracker of partitions that begins where a partition_filter says."""
    tracker = Tracker(begin, count)
    after = _digest_of(begin, parts.get("digest"))
    if after is not None:
        tracker.set(begin, after, 0)
    if "partition_status" in parts:
        _load_status(tracker, parts["partition_status"])
    return tracker


def _digest_of(begin: int, entry: Any) -> bytes | None:
    """The record after which the first partition is read; None: from its start."""
    if entry is None:
        return None
    what = "partition_filter: digest"
    if not isinstance(entry, Mapping):
        raise param_error(f"{what} must be a dict, not {type(entry).__name__}")
    _check_keys(what, entry, ("init", "value"))
    init = entry.get("init")
    if not isinstance(init, bool):
        raise param_error(f"{what} needs 'init', a bool: whether 'value' counts")
    if not init and "value" not in entry:
        return None
    return _digest_if(init, f"{what} value", begin, entry.get("value"))


def _digest_if(counts: bool, what: str, partition: int, value: Any) -> bytes | None:
    """The digest of a record of this partition as bytes; None if it does not count."""
    is_bytes = isinstance(value, (bytes, bytearray, memoryview))
    digest = bytes(value) if is_bytes else b""
    if len(digest) != 20:
        raise param_error(what, f"it must be 20 bytes, got {shown(value)}")
    if not counts:
        return None
    its_own = get_partition_id(digest)
    if its_own != partition:
        raise param_error(
            what, f"it is of a record of partition {its_own}, not {partition}"
        )
    return digest


def _load_status(tracker: Tracker, status: Any) -> None:
    """Have each partition read from where a status says that its reading stands.

    The flags "done" and "retry", and those of the partitions, decide nothing: what the
    PyPI client saves says retry=False of partitions that it has not read to the end.
    """
    if not isinstance(status, Mapping):
        raise param_error(
            "invalid partition_filter policy, partition_status must be a dict"
        )
    for flag in ("done", "retry"):
        if flag not in status:
            raise param_error(f"partition_status dict missing key '{flag}'")
        if not isinstance(status[flag], int):
            raise param_error(f"partition_status dict key '{flag}' must be an int")
    for partition, cursor in status.items():
        if partition in ("done", "retry"):
            continue
        if not isinstance(partition, int) or not 0 <= partition < N_PARTITIONS:
            raise param_error(f"partition_status has no partition {partition!r}")
        tracker.set(partition, *_cursor_of(partition, cursor))


def _cursor_of(partition: int, cursor: Any) -> tuple[bytes | None, int]:
    """The digest of the last record, None when there was none, and its bval."""
    if not isinstance(cursor, (tuple, list)) or len(cursor) != 5:
        raise param_error(
            f"invalid partition_status for part_id: {partition}",
            "it must be a tuple (id, init, retry, digest, bval)",
        )
    _, init, retry, digest, bval = cursor
    for name, flag in (("init", init), ("retry", retry)):
        if not isinstance(flag, bool):
            raise param_error(
                f"invalid {name} for part_id: {partition}", f"got {shown(flag)}"
            )
    what = f"invalid digest value for part_id: {partition}"
    if not isinstance(bval, int) or not 0 <= bval < 2**64:
        raise param_error(
            f"invalid bval for part_id: {partition}",
            f"it must be an int from 0 to 2**64 - 1, got {shown(bval)}",
        )
    return _digest_if(init, what, partition, digest), bval
