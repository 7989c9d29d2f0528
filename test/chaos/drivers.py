"""How a worker waits for what it asks: in a thread of its own, or as a task.

What workers do is written once, as coroutines. In a thread they never wait: there a
call blocks, and `at_once` carries the whole coroutine out.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import aerospike
from aerospike import exception

from . import leaving
from .expected import GIVEN_UP

T = TypeVar("T")

GIVES_UP = 0.15
"""The share of its calls that a task gives up before their limit, if they last."""
IN_STEP, BEAT_S = 0.5, 0.064
"""The share of its pauses that end when those of other tasks do, and how often they
do: what many tasks ask at once leaves together."""
N_SPANS = 20_000
"""Spans of work that a loop remembers: more than those of any call's last moments."""


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("it waits for something")


class GivenUp(Exception):
    """A call that its task has given up, in one of the ways of `leaving`."""

    code = GIVEN_UP

    def __init__(self, way: str, error: BaseException) -> None:
        super().__init__(f"{way}: {error!r}")
        self.way = way
        self.in_doubt = aerospike.in_doubt(error)


def is_expected_class(error: Exception) -> bool:
    """Whether a call may end so: by an error of the client's, or given up."""
    if isinstance(error, GivenUp):
        return error.way != leaving.WAITING
    return isinstance(error, exception.AerospikeError)


@dataclass
class Answer:
    """How a call has ended: with a result or an error.

    over_s: by how much it took longer than its limit, or than its task wanted to wait.
    """

    result: Any
    error: Exception | None
    begin_s: float
    end_s: float
    over_s: float


class Driver(Protocol):
    """What waits for a worker.

    client: what it asks. shares_connections: several calls may be under way on one.
    """

    client: Any
    shares_connections: bool

    async def of(self, value: Any) -> Any:
        """The result of what a method of the client has returned."""

    async def ask(self, limit_ms: int, call: Callable[[], Any]) -> Answer:
        """Make a call that has a limit."""

    async def pause(self, seconds: float) -> None:
        """Do nothing for a while."""


class Blocking:
    """Of a client whose methods block. Each belongs to one thread."""

    shares_connections = False

    def __init__(self, client: Any) -> None:
        self.client = client
        self._waited_s = 0.0

    async def of(self, value: Any) -> Any:
        """It is the result."""
        return value

    async def ask(self, limit_ms: int, call: Callable[[], Any]) -> Answer:
        """Make a call. Time in which the thread was ready and not run is not its."""
        begin_s = time.monotonic()
        result: Any = None
        error: Exception | None = None
        try:
            result = call()
        except Exception as raised:  # noqa: BLE001 - the caller judges it
            error = raised
        end_s = time.monotonic()
        over_s = end_s - begin_s - limit_ms / 1000 - self._held_up_s()
        return Answer(result, error, begin_s, end_s, over_s)

    def _held_up_s(self) -> float:
        """How long this thread has been ready and not run, since the last time."""
        before_s, self._waited_s = self._waited_s, waited_s()
        return self._waited_s - before_s

    async def pause(self, seconds: float) -> None:
        """The thread sleeps."""
        time.sleep(seconds)


def waited_s() -> float:
    """How long this thread has waited for a processor; 0 where no system tells."""
    try:
        with open("/proc/thread-self/schedstat", "rb") as counts:
            return int(counts.read().split()[1]) / 1e9
    except OSError:
        return 0.0


class Work:
    """When the tasks of a loop worked: an answer that is there waits for them.

    What the client does in the loop meanwhile is no task's work, and not excused.
    """

    def __init__(self) -> None:
        self._spans: deque[tuple[float, float]] = deque(maxlen=N_SPANS)
        self._begin_s = math.inf

    def begins(self, now_s: float) -> None:
        """A task goes on."""
        self._begin_s = now_s

    def ends(self, now_s: float) -> None:
        """The task waits again."""
        if self._begin_s < now_s:
            self._spans.append((self._begin_s, now_s))

    def since(self, at_s: float) -> float:
        """How long tasks have worked since then."""
        worked_s = 0.0
        for begin_s, end_s in reversed(self._spans):
            if end_s <= at_s:
                break
            worked_s += end_s - max(begin_s, at_s)
        return worked_s


class Awaiting:
    """Of a client whose methods are awaited. Each belongs to one task.

    work: of all tasks of its loop. rng: draws when calls are given up, and pauses end
    with others'; None: never. gives_up: the share of the calls.
    """

    shares_connections = True

    def __init__(
        self,
        client: Any,
        work: Work,
        rng: random.Random | None,
        gives_up: float = GIVES_UP,
    ) -> None:
        self.client = client
        self._work = work
        self._rng = rng
        self._gives_up = gives_up

    async def of(self, value: Any) -> Any:
        """It is something to await, or nothing."""
        return await value if hasattr(value, "__await__") else value

    def _patience_s(self, limit_s: float) -> float:
        """How long to wait for a call: no time, hardly any, or some of its limit."""
        if self._rng is None or self._rng.random() > self._gives_up:
            return math.inf
        return self._rng.choice((0.0, 0.002, limit_s)) * self._rng.random()

    async def ask(self, limit_ms: int, call: Callable[[], Any]) -> Answer:
        """Make a call, and perhaps give it up. The work of others is not its time."""
        limit_s = limit_ms / 1000
        patience_s = self._patience_s(limit_s)
        way = leaving.WAITING
        if self._rng is not None and patience_s < limit_s:
            way = self._rng.choice(list(leaving.WAYS))
        begin_s, waited_before_s = time.monotonic(), waited_s()
        self._work.ends(begin_s)
        result: Any = None
        error: Exception | None = None
        try:
            result = await leaving.carry_out(way, call, patience_s)
        except exception.AerospikeError as raised:
            error = raised
        except leaving.ENDS as raised:
            error = GivenUp(way, raised)
        except Exception as raised:  # noqa: BLE001 - the caller judges it
            error = raised
        end_s = time.monotonic()
        due_s = begin_s + min(limit_s, patience_s)
        over_s = end_s - due_s
        if over_s > 0:
            over_s -= self._work.since(due_s) + waited_s() - waited_before_s
        self._work.begins(end_s)
        return Answer(result, error, begin_s, end_s, over_s)

    async def pause(self, seconds: float) -> None:
        """The task sleeps, perhaps until others wake up, too."""
        now_s = time.monotonic()
        self._work.ends(now_s)
        if self._rng is not None and self._rng.random() < IN_STEP:
            seconds = math.ceil((now_s + seconds) / BEAT_S) * BEAT_S - now_s
        await asyncio.sleep(seconds)
        self._work.begins(time.monotonic())
