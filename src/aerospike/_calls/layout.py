"""Which node is master of which partition, and whether that stays so.

Work that each node does on its own partitions (aggregations, background work) meets a
record twice, or not at all, when a partition changes its master meanwhile. Nodes do not
notice; but who asks all of them before and after can tell that none has moved.
"""

from __future__ import annotations

import binascii
from time import monotonic

from aerospike import exception
from aerospike._calls.commands import entries_of
from aerospike._calls.requests import InfoOfAll, Nodes
from aerospike._errors import made, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from aerospike._calls.requests import Call, Replies

    Layout = list[tuple[str, str, str, int]]

_ALL = (1 << 4096) - 1  # partitions
_LOOK_S = 10.0  # at most: nobody wants to do the work again for want of an answer
_HINT = (
    "records may be left out or counted twice; call it again when the cluster is "
    "quiet, or take what comes with the policy key fail_on_cluster_change: False"
)


def cluster_change(what: str, in_doubt: bool = False) -> exception.AerospikeError:
    """The error of work that may have met records twice, or not at all."""
    return made(exception.ClusterChangeError, 7, what, _HINT, in_doubt=in_doubt)


def _value(lines: list[str], command: str) -> str:
    """What a node answers to a command of several."""
    found = [v for name, _, v in (x.partition("\t") for x in lines) if name == command]
    if not found or found[0].startswith(("ERROR", "FAIL")):
        what = shown(found[0]) if found else "nothing"
        raise cluster_change(f"node {lines[0]} answers {what} to {command}")
    return found[0]


def _masters(text: str, namespace: str) -> int:
    """The partitions that a node is master of, each a bit."""
    bitmap = entries_of(text.replace(":", "="), ";").get(namespace, "").split(",")[-1]
    try:
        found = binascii.a2b_base64(bitmap)
    except ValueError:
        found = b""
    # what is no base64 is passed over there
    if binascii.b2a_base64(found, newline=False).decode() != bitmap:
        raise cluster_change(f"malformed partition map: {shown(text)}")
    return int.from_bytes(found, "big")


def layout(namespace: str, timeout_ms: int) -> Call[Layout]:
    """What each node says of its partitions, when together they have each once.

    :raises ClusterChangeError: they do not, or are no cluster of which all are known.
    """
    nodes: list[str] = yield Nodes()
    generation, masters = "partition-generation", "replicas:max=1"
    stable = f"cluster-stable:size={len(nodes)};ignore-migrations=true"
    command = "\n".join(("node", generation, stable, masters))
    said: Replies = yield InfoOfAll(command, {"timeout": timeout_ms})
    told: Layout = []
    seen = 0
    for _, reply in said.values():
        if reply is None:
            raise cluster_change("a node does not tell which partitions it has")
        lines = reply.splitlines() or [""]
        own = _masters(_value(lines, masters), namespace)
        if own & seen:
            raise cluster_change("partitions are moving: some have two masters")
        seen |= own
        told.append((lines[0], _value(lines, generation), _value(lines, stable), own))
    if len({key for _, _, key, _ in told}) > 1:
        raise cluster_change("the nodes are not one cluster")
    if seen not in (0, _ALL):  # nodes refuse a namespace that none has
        raise cluster_change("partitions are moving: some have no master")
    return sorted(told)


class Watch:
    """Whether partitions stay where they are between two moments."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._end_s = 0.0
        self._before: Any = None

    def begin(self, timeout_ms: int) -> Call[int]:
        """It begins; the whole takes so long at most, 0 forever.

        :return: what is left of that time.
        """
        self._end_s = monotonic() + timeout_ms / 1000 if timeout_ms else float("inf")
        self._before = yield from self._look()
        if not timeout_ms:
            return 0
        left_ms = int(self._left_s() * 1000)
        if left_ms <= 0:
            what = f"the nodes did not answer within total_timeout, {timeout_ms} ms"
            raise made(exception.TimeoutError, 9, what)
        return left_ms

    def end(self) -> Call[None]:
        """It is over. Nothing is looked at if nothing has begun.

        :raises ClusterChangeError: partitions have moved, or may have.
        """
        if self._before is not None and (yield from self._look()) != self._before:
            raise cluster_change("partitions have moved meanwhile")

    def has_begun(self) -> None:
        """From now on there is no limit: that time was for the start of the work."""
        self._end_s = float("inf")

    def _left_s(self) -> float:
        return self._end_s - monotonic()

    def _look(self) -> Call[Layout]:
        limit_s = min(_LOOK_S, self._left_s())
        return (yield from layout(self._namespace, int(max(1, limit_s * 1000))))
