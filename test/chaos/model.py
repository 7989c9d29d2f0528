"""What a record may hold, by what its only writer was told.

Each record has one writer, which does one thing after the other, and any number of
readers. A write is `DONE` (acknowledged), `DENIED` (failed, and not in doubt) or in
`DOUBT`. One in doubt may have been applied, may never be, or may be applied later, by
a node that was frozen when it was sent; so may each further copy of a write that the
client was allowed to repeat. `Unrest` says when that is over.

Times are seconds of one clock; what was read between two times is judged by all that
can have been true at any moment between them.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

KEPT_S = 20.0
"""How long a write is kept after it is over: no reader takes that long."""
TOLD_S = 300.0
"""How long a time of unrest is remembered when it is over."""
N_SHOWN = 40
"""Writes of a record that its history shows, if it is one of few."""


class Outcome(Enum):
    """What the writer knows of a write."""

    PENDING = "pending"
    DONE = "done"
    DOUBT = "in doubt"
    DENIED = "denied"


@dataclass(slots=True)
class Write:
    """A write. copies: how often it may have been sent."""

    number: int
    action: str
    value: object
    start_s: float
    copies: int = 1
    end_s: float = math.inf
    outcome: Outcome = Outcome.PENDING
    detail: str = ""

    def close(self, now_s: float, outcome: Outcome, detail: str = "") -> None:
        """The call is over."""
        self.end_s, self.outcome, self.detail = now_s, outcome, detail

    @property
    def may_come_late(self) -> bool:
        """Whether it, or another copy of it, may be applied after the call."""
        return self.outcome is Outcome.DOUBT or (
            self.outcome is Outcome.DONE and self.copies > 1
        )

    def __str__(self) -> str:
        shown = f"{self.start_s:9.3f} to {self.end_s:9.3f}  {self.action} {self.value}"
        return f"{shown}: {self.outcome.value} {self.detail}".rstrip()


class Timed(Protocol):
    """Something that was sent to nodes between two times."""

    start_s: float
    end_s: float


class Phase(Enum):
    """What is the case when something is found."""

    DISTURBED = "while nodes were disturbed"
    CALM = "between two disturbances"
    END = "in the end"


@dataclass
class Span:
    """A time of unrest, and what happened in it."""

    start_s: float
    end_s: float
    kinds: frozenset[str]


class Unrest:
    """The times in which nodes were disturbed, so that they may apply writes late.

    grace_s: how long a node that goes on, or a busy one, may need to do what it has
    been sent. slack_s: how much longer clients may need on a busy machine to notice
    that nodes are back.
    """

    def __init__(self, grace_s: float, slack_s: float = 0.0) -> None:
        self._grace_s = grace_s
        self._slack_s = slack_s
        self._spans: list[Span] = []
        self._n_open = 0
        self._is_over = False
        self._lock = threading.Lock()

    def begin(self, now_s: float, *kinds: str) -> None:
        """Nodes are about to be disturbed, in these ways."""
        with self._lock:
            self._n_open += 1
            if self._spans and self._spans[-1].end_s >= now_s:
                self._spans[-1].end_s = math.inf
                self._spans[-1].kinds |= {*kinds}
            else:
                self._spans = [s for s in self._spans if s.end_s > now_s - TOLD_S]
                self._spans.append(Span(now_s, math.inf, frozenset(kinds)))

    def end(self, now_s: float) -> None:
        """Those nodes are themselves again."""
        with self._lock:
            self._n_open -= 1
            if not self._n_open:
                self._spans[-1].end_s = now_s + self._grace_s

    def kinds(self, start_s: float, end_s: float) -> frozenset[str]:
        """How nodes were disturbed between two times, or had just been."""
        with self._lock:
            kinds = (
                span.kinds
                for span in self._spans
                if span.start_s <= end_s and span.end_s + self._slack_s >= start_s
            )
            return frozenset().union(*kinds)

    def settled_s(self, write: Timed) -> float:
        """When it is certain whether a write that is over was applied; inf: not yet."""
        settled_s = write.end_s + self._grace_s
        with self._lock:
            for span in self._spans:
                if span.start_s <= settled_s and span.end_s >= write.start_s:
                    settled_s = max(settled_s, span.end_s)
        return settled_s

    def close(self) -> None:
        """No node is disturbed any more, and what there is now is there to stay."""
        self._is_over = True

    def phase(self, at_s: float) -> Phase:
        """What a moment not long ago is part of."""
        if self._is_over:
            return Phase.END
        with self._lock:
            is_calm = not self._spans or self._spans[-1].end_s < at_s
        return Phase.CALM if is_calm else Phase.DISTURBED


class Kind(Enum):
    """How a read contradicts the writes. The first is the client's fault anywhere.

    The others may also come from a server that loses writes when a node that was left
    for dead comes back.
    """

    DENIED_APPLIED = "applied, though the writer was told that it was not"
    MIXED_UP = "a value that was never written to this record"
    LOST = "an acknowledged write is not there"
    TWICE = "applied more often than sent"
    LEFT_OUT = "a query left out a record that is there"
    HALF = "a transaction that was seen in part"
    LOCKED = "locked, though no transaction is left that may have done it"


@dataclass(frozen=True)
class Contradiction:
    """What was read, where, and what is wrong with it."""

    kind: Kind
    record: str
    found: str
    start_s: float
    end_s: float
    phase: Phase
    history: str

    def __str__(self) -> str:
        when = f"read {self.start_s:.3f} to {self.end_s:.3f}"
        what = f"{self.kind.value}: {self.found}"
        return f"{self.record}: {what} ({when}, {self.phase.value})\n{self.history}"


class Record:
    """A record and its writes. Its writer alone calls `begin` and `close`."""

    def __init__(self, name: str, unrest: Unrest, n_shown: int = N_SHOWN) -> None:
        self.name = name
        self.unrest = unrest
        self._n_shown = n_shown
        self._lock = threading.Lock()
        self._writes: deque[Write] = deque()
        self._shown: deque[Write] = deque(maxlen=n_shown)
        self._n_writes = 0

    def begin(self, action: str, value: object, now_s: float, copies: int) -> Write:
        """A write is about to be sent."""
        with self._lock:
            self._n_writes += 1
            write = Write(self._n_writes, action, value, now_s, copies)
            self._writes.append(write)
            self._shown.append(write)
            if self._n_writes % self._n_shown == 0:
                self._forget(now_s - KEPT_S)
        return write

    def close(
        self, write: Write, now_s: float, outcome: Outcome, detail: str = ""
    ) -> None:
        """The call that wrote is over."""
        with self._lock:
            write.close(now_s, outcome, detail)

    def _forget(self, old_s: float) -> None:
        """Let writes go on which no read depends that begins after a time."""

    def judge(
        self, found: object, start_s: float, end_s: float
    ) -> Contradiction | None:
        """What is wrong with what a read found, if anything is."""
        with self._lock:
            kind = self._kind(found, start_s, end_s)
            if kind is None:
                return None
            return self._contradiction(kind, f"found {found}", start_s, end_s)

    def _kind(self, found: object, start_s: float, end_s: float) -> Kind | None:
        """How a read contradicts the writes. The same is not told twice."""
        raise NotImplementedError

    def settled_s(self) -> float:
        """When it is certain what has become of all writes so far; inf: not yet."""
        with self._lock:
            shown = list(self._shown)
        return max(map(self.unrest.settled_s, shown), default=-math.inf)

    def look_anew(self) -> None:
        """Tell again what has been told, if it is still so."""
        raise NotImplementedError

    def is_there(self, start_s: float, end_s: float) -> bool:
        """Whether the record existed all the time."""
        raise NotImplementedError

    def left_out(self, start_s: float, end_s: float) -> Contradiction | None:
        """What is wrong with a query that has not found it."""
        if not self.is_there(start_s, end_s):
            return None
        with self._lock:
            return self._contradiction(Kind.LEFT_OUT, "missing", start_s, end_s)

    def _contradiction(
        self, kind: Kind, found: str, start_s: float, end_s: float
    ) -> Contradiction:
        history = "\n".join(f"  {write}" for write in self._shown)
        phase = self.unrest.phase(start_s)
        return Contradiction(kind, self.name, found, start_s, end_s, phase, history)


class Register(Record):
    """A record that each write replaces; None = there is no record."""

    def __init__(self, name: str, unrest: Unrest, n_shown: int = N_SHOWN) -> None:
        super().__init__(name, unrest, n_shown)
        nothing = Write(0, "nothing yet", None, -math.inf)
        nothing.close(-math.inf, Outcome.DONE)
        self._writes.append(nothing)
        self._late: list[Write] = []
        self._told: list[object] = []

    def close(
        self, write: Write, now_s: float, outcome: Outcome, detail: str = ""
    ) -> None:
        super().close(write, now_s, outcome, detail)
        with self._lock:
            if write.may_come_late:
                self._late.append(write)
            if outcome is Outcome.DONE:
                self._told.clear()

    def _forget(self, old_s: float) -> None:
        """Keep the last acknowledged write before that time, and all behind it."""
        places = [i for i, w in enumerate(self._writes) if self._is_base(w, old_s)]
        for _ in range(places[-1] if places else 0):
            self._writes.popleft()
        self._late = [w for w in self._late if self.unrest.settled_s(w) >= old_s]

    @staticmethod
    def _is_base(write: Write, at_s: float) -> bool:
        """Whether what came before can be there no more at a time, unless late."""
        return write.outcome is Outcome.DONE and write.end_s <= at_s

    def _base(self, at_s: float) -> Write:
        return next(w for w in reversed(self._writes) if self._is_base(w, at_s))

    def _possible(self, start_s: float, end_s: float) -> Iterator[Write]:
        """The writes whose value may have been there at some moment."""
        base = self._base(start_s)
        yield base
        for write in self._writes:
            is_sent = base.number < write.number and write.start_s <= end_s
            if is_sent and write.outcome is not Outcome.DENIED:
                yield write
        for write in self._late:
            if self.unrest.settled_s(write) > base.start_s:
                yield write

    def _kind(self, found: object, start_s: float, end_s: float) -> Kind | None:
        if found in self._told:
            return None
        if any(write.value == found for write in self._possible(start_s, end_s)):
            return None
        self._told.append(found)
        base = self._base(start_s).number
        sources = [w for w in (*self._shown, *self._writes) if w.value == found]
        if any(w.outcome is Outcome.DENIED and w.number > base for w in sources):
            return Kind.DENIED_APPLIED
        return Kind.LOST if sources or found is None else Kind.MIXED_UP

    def look_anew(self) -> None:
        self._told.clear()

    def is_there(self, start_s: float, end_s: float) -> bool:
        with self._lock:
            if None in self._told:
                return False
            possible = self._possible(start_s, end_s)
            return all(write.value is not None for write in possible)


class Count(Record):
    """A record with a number that each write adds one to."""

    def __init__(self, name: str, unrest: Unrest, n_shown: int = N_SHOWN) -> None:
        super().__init__(name, unrest, n_shown)
        self._low = self._high = 0
        self._told = [0, 0]

    def _forget(self, old_s: float) -> None:
        while self._writes and self._writes[0].end_s < old_s:
            self._low, self._high = self._with(self._writes.popleft())

    def _with(self, write: Write) -> tuple[int, int]:
        """The bounds after a write of which nothing is known but its outcome."""
        if write.outcome is Outcome.DENIED:
            return self._low, self._high
        is_done = write.outcome is Outcome.DONE
        return self._low + is_done, self._high + write.copies

    def bounds(self, start_s: float, end_s: float) -> tuple[int, int]:
        """The smallest and the largest number that a read may find."""
        low, high = self._low, self._high
        for write in self._writes:
            if write.outcome is Outcome.DONE and write.end_s <= start_s:
                low += 1
            if write.outcome is not Outcome.DENIED and write.start_s <= end_s:
                high += write.copies
        return low - self._told[0], high + self._told[1]

    def _kind(self, found: object, start_s: float, end_s: float) -> Kind | None:
        low, high = self.bounds(start_s, end_s)
        number = found if isinstance(found, int) else 0
        if number > high:
            self._told[1] += number - high
            return Kind.DENIED_APPLIED
        if number < low:
            self._told[0] += low - number
            return Kind.LOST
        return None

    def look_anew(self) -> None:
        self._told = [0, 0]

    def is_there(self, start_s: float, end_s: float) -> bool:
        with self._lock:
            return self.bounds(start_s, end_s)[0] > 0


class Log(Record):
    """A record with a list to which each write appends its value."""

    def __init__(self, name: str, unrest: Unrest, n_shown: int = N_SHOWN) -> None:
        super().__init__(name, unrest, n_shown)
        self._told: set[object] = set()

    def _kind(self, found: object, start_s: float, end_s: float) -> Kind | None:
        counts = Counter(found if isinstance(found, list) else ())
        for write in self._writes:
            kind = self._kind_of(write, counts.pop(write.value, 0), start_s, end_s)
            if kind is not None and write.value not in self._told:
                self._told.add(write.value)
                return kind
        strange = counts.keys() - self._told
        self._told |= strange
        return Kind.MIXED_UP if strange else None

    @staticmethod
    def _kind_of(write: Write, count: int, start_s: float, end_s: float) -> Kind | None:
        if count and write.start_s > end_s:
            return Kind.MIXED_UP
        if count and write.outcome is Outcome.DENIED:
            return Kind.DENIED_APPLIED
        if count > write.copies:
            return Kind.TWICE
        is_due = write.outcome is Outcome.DONE and write.end_s <= start_s
        return Kind.LOST if is_due and not count else None

    def look_anew(self) -> None:
        self._told.clear()

    def is_there(self, start_s: float, end_s: float) -> bool:
        with self._lock:
            return any(
                write.outcome is Outcome.DONE and write.end_s <= start_s
                for write in self._writes
            )
