"""Waiting until all nodes have done what one of them was told, and tells the others."""

from __future__ import annotations

from time import monotonic

from aerospike import exception
from aerospike._calls.requests import Nodes, Pause
from aerospike._errors import made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from aerospike._calls.requests import Call

    Progress = tuple[int, int]

STANDSTILL_S = 60.0
"""A wait has no other end: an index over many records may load for hours."""

# how far a node has come: percent, and entries, which show progress within one
BEGUN = (0, 0)
DONE = (100, 0)
_UNHEARD = (-1, 0)

_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.5

NO_ANSWER = (
    exception.TimeoutError,
    exception.ConnectionError,
    exception.AsyncConnectionError,
    exception.InvalidNodeError,
    exception.NoMoreConnectionsError,
)


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(pause * 1.5, _LONGEST_PAUSE_S)


class _Waiting:
    """How far the nodes have come, and since when none came further."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.began_at = self.moved_at = monotonic()
        self.reached: dict[str, Progress] = {}
        self.heard_at: dict[str, float] = {}
        self.why_silent: dict[str, exception.AerospikeError] = {}

    def age(self) -> float:
        """Seconds since it began."""
        return monotonic() - self.began_at

    def hear(self, node: str, progress: Progress) -> None:
        """A node has answered, and has come so far."""
        self.heard_at[node] = monotonic()
        self.why_silent.pop(node, None)
        if progress > self.reached.get(node, _UNHEARD):
            self.reached[node] = progress
            self.moved_at = self.heard_at[node]

    def is_done(self, node: str) -> bool:
        return self.reached.get(node, BEGUN) >= DONE

    def miss(self, node: str, why: exception.AerospikeError) -> None:
        """A node gave no answer."""
        self.heard_at.setdefault(node, monotonic())  # it was given since then
        self.why_silent[node] = why

    def check(self, behind: list[str]) -> None:
        """Raise TimeoutError when those nodes are not worth waiting for."""
        now = monotonic()
        for node in behind:
            silent = self.why_silent.get(node)
            if silent is not None and now - self.heard_at[node] >= STANDSTILL_S:
                raise self._error(
                    f"node {node} gave no answer for {STANDSTILL_S:.0f} s: {silent.msg}"
                ) from silent
        if now - self.moved_at >= STANDSTILL_S:
            states = ", ".join(f"node {name} {self._state(name)}" for name in behind)
            raise self._error(
                f"no node came further for {STANDSTILL_S:.0f} s: "
                f"{states or 'there is none'}"
            )

    def check_left(self, left: list[str]) -> None:
        """Raise ClusterChangeError when one of those nodes is gone with its work."""
        for node in left:
            if not self.is_done(node):
                raise made(
                    exception.ClusterChangeError,
                    7,
                    f"{self.what}: node {node} has left the cluster",
                    in_doubt=True,
                )

    def _state(self, node: str) -> str:
        if node in self.why_silent:
            return "gave no answer"
        return f"is at {self.reached.get(node, BEGUN)[0]} %"

    def _error(self, text: str) -> exception.AerospikeError:
        # in doubt: what was asked for has begun
        return made(exception.TimeoutError, 9, f"{self.what}: {text}", in_doubt=True)


def wait_for_nodes(
    what: str,
    ask: Callable[[str, float], Call[Progress]],
    needed: Collection[str] = (),
) -> Call[None]:
    """Ask each node, until all that are in the cluster are done.

    :param what: begins the text of the error.
    :param ask: how far the node of a name has come, so many seconds after the wait
        began. What it raises, other than for want of an answer, ends the wait.
    :param needed: nodes that nobody else can stand in for.
    :raises TimeoutError: for STANDSTILL_S no node came further, or one gave no answer.
    :raises ClusterChangeError: one of the needed nodes left the cluster before it was
        done.
    """
    waiting = _Waiting(what)
    for pause in _pauses():
        nodes: list[str] = yield Nodes()
        waiting.check_left([node for node in needed if node not in nodes])
        behind = []
        for node in nodes:
            if waiting.is_done(node):
                continue
            try:
                waiting.hear(node, (yield from ask(node, waiting.age())))
            except NO_ANSWER as why:
                waiting.miss(node, why)
            except exception.ParamError:
                continue  # it has just left the cluster
            if not waiting.is_done(node):
                behind.append(node)
        if nodes and not behind:
            return
        waiting.check(behind)
        yield Pause(pause)
