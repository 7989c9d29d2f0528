"""What accounts may hold, by what those who move amounts between them were told.

A move changes several accounts in one transaction: it adds its amount of each to `n`
and its number to the entries, so that what is left of it can be told everywhere. All
amounts of a move add up to nothing. A move is over when its transaction has been
committed or aborted, or its client has given up or died. It is then `DONE`, `DENIED`
or in `DOUBT`, as `model` says of writes. All accounts start empty, and any number of
clients move amounts between them.

Whoever reads accounts in a transaction that is committed has seen all of them as they
were at one moment. Others see each account by itself, and perhaps as it was, until the
servers have made a committed move final, for which they have time until a deadline.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .model import Contradiction, Kind, Outcome, Unrest

SHOWN_S = 20.0
"""Moves that were over earlier than so long before a read are not shown with it."""


class Account(NamedTuple):
    """What a read has found of an account."""

    n: int
    entries: tuple[int, ...]


EMPTY = Account(0, ())
"""What an account is that nobody has written to."""

Found = Mapping[str, Account]
"""What a read has found, by the names of accounts."""


@dataclass
class Move:
    """What is to be added to accounts, by their names, and what has become of it.

    is_plain: one account is written, outside of transactions. end_s: of the call that
    ended it. final_s: when everybody must see it if it is done. locked_until_s: until
    when accounts may be locked by it. seen_s: when it was first seen, by account.
    missed_s: when it was seen that nothing has come of it.
    """

    number: int
    parts: Mapping[str, int]
    start_s: float
    is_plain: bool = False
    end_s: float = math.inf
    final_s: float = math.inf
    locked_until_s: float = math.inf
    outcome: Outcome = Outcome.PENDING
    detail: str = ""
    seen_s: dict[str, float] = field(default_factory=dict)
    missed_s: float = math.inf
    told: set[Kind] = field(default_factory=set)

    def must_be_seen_s(self, account: str, is_whole: bool) -> float:
        """When whoever looks at an account has to see it."""
        first_s = min(self.seen_s.values(), default=math.inf)
        if self.outcome is Outcome.DONE:
            first_s = min(first_s, self.end_s)
        if is_whole:
            return first_s
        final_s = self.final_s if self.outcome is Outcome.DONE else math.inf
        by_servers_s = max(first_s, self.locked_until_s)
        return min(final_s, by_servers_s, self.seen_s.get(account, math.inf))

    def __str__(self) -> str:
        what = "plain " if self.is_plain else ""
        parts = ", ".join(f"{name} {n:+}" for name, n in self.parts.items())
        return (
            f"{self.start_s:9.3f} to {self.end_s:9.3f}  {what}{self.number}: {parts}: "
            f"{self.outcome.value} {self.detail}".rstrip()
        )


class Bank:
    """Accounts, and all moves between them. Any thread may call any method."""

    def __init__(self, name: str, n_accounts: int, unrest: Unrest) -> None:
        self.name = name
        self.accounts = [f"{name}-{place}" for place in range(n_accounts)]
        self.unrest = unrest
        self._numbers = itertools.count(1)
        self._moves: dict[int, Move] = {}
        self._lock = threading.Lock()

    @property
    def n_moves(self) -> int:
        """How many there have been."""
        return len(self._moves)

    def begin(
        self, parts: Mapping[str, int], now_s: float, *, is_plain: bool = False
    ) -> Move:
        """A move is about to begin."""
        move = Move(next(self._numbers), parts, now_s, is_plain)
        self.add(move)
        return move

    def add(self, move: Move) -> None:
        """A move has begun."""
        with self._lock:
            self._moves[move.number] = move

    def moves(self) -> dict[int, Move]:
        """All moves so far, by their numbers."""
        with self._lock:
            return dict(self._moves)

    def close(
        self,
        move: Move,
        now_s: float,
        outcome: Outcome,
        detail: str = "",
        *,
        final_s: float | None = None,
        locked_until_s: float | None = None,
    ) -> Contradiction | None:
        """A move is over; what is wrong with how it ended, if anything is.

        :param final_s: when everybody must see it, None = now.
        :param locked_until_s: until when it may lock accounts, None = until now.
        """
        with self._lock:
            move.end_s, move.outcome, move.detail = now_s, outcome, detail
            move.final_s = now_s if final_s is None else final_s
            move.locked_until_s = now_s if locked_until_s is None else locked_until_s
            if outcome is Outcome.DENIED and move.seen_s:
                text = f"{move.number} was seen before"
                return self._told(Kind.DENIED_APPLIED, move, text, now_s, now_s)
        return None

    def quiet_s(self) -> float:
        """When nothing more can come of all moves so far; inf: not yet."""
        return max(map(self._quiet_s, self.moves().values()), default=-math.inf)

    def _quiet_s(self, move: Move) -> float:
        if move.is_plain and move.outcome is Outcome.DOUBT:
            return self.unrest.settled_s(move)
        return max(move.end_s, move.locked_until_s)

    # What is found

    def judge(
        self, found: Found, start_s: float, end_s: float, *, is_whole: bool
    ) -> list[Contradiction]:
        """What is wrong with what a read has found.

        :param is_whole: it was read in a transaction that is committed. The times are
            those of its begin and of its end.
        """
        with self._lock:
            looks = [found] if is_whole else [{k: v} for k, v in found.items()]
            wrong = [self._judge(look, start_s, end_s, is_whole) for look in looks]
            return list(itertools.chain.from_iterable(wrong))

    def _judge(
        self, found: Found, start_s: float, end_s: float, is_whole: bool
    ) -> Iterator[Contradiction]:
        for name, account in found.items():
            yield from self._judge_account(name, account, start_s, end_s)
        entries = {name: {*account.entries} for name, account in found.items()}
        for move in self._moves.values():
            parts = move.parts.keys() & found.keys()
            if parts:
                seen = {name for name in parts if move.number in entries[name]}
                kind = self._kind(move, parts, seen, start_s, end_s, is_whole)
                if kind is not None and kind not in move.told:
                    text = f"{move.number} in {sorted(seen)} of {sorted(parts)}"
                    yield self._told(kind, move, text, start_s, end_s)
        is_all = is_whole and found.keys() == {*self.accounts}
        total = sum(account.n for account in found.values())
        if is_all and total != 0:
            text = f"all accounts add up to {total}"
            yield self._contradiction(Kind.HALF, text, start_s, end_s)

    def _judge_account(
        self, name: str, account: Account, start_s: float, end_s: float
    ) -> Iterator[Contradiction]:
        """What is wrong with an account, whatever others hold."""
        counts = Counter(account.entries)
        moves = {number: self._moves.get(number) for number in counts}
        strange = [k for k, m in moves.items() if m is None or name not in m.parts]
        if strange:
            text = f"{name} has {strange}"
            yield self._contradiction(Kind.MIXED_UP, text, start_s, end_s)
            return
        twice = [number for number, count in counts.items() if count > 1]
        if twice:
            text = f"{name} has {twice} more than once"
            yield self._contradiction(Kind.TWICE, text, start_s, end_s)
        due = sum(m.parts[name] * counts[k] for k, m in moves.items() if m is not None)
        if account.n != due:
            text = f"{name} holds {account.n}, and its moves add up to {due}"
            yield self._contradiction(Kind.MIXED_UP, text, start_s, end_s)

    def _kind(
        self,
        move: Move,
        parts: Iterable[str],
        seen: set[str],
        start_s: float,
        end_s: float,
        is_whole: bool,
    ) -> Kind | None:
        """How what was seen of a move contradicts the rest."""
        kind = None
        missing = {*parts} - seen
        if seen:
            if move.start_s > end_s:
                return Kind.MIXED_UP
            if move.outcome is Outcome.DENIED or move.missed_s <= start_s:
                kind = Kind.DENIED_APPLIED
            elif is_whole and missing:
                kind = Kind.HALF
            for name in seen:
                move.seen_s[name] = min(move.seen_s.get(name, math.inf), end_s)
        if missing and kind is None:
            due_s = min(move.must_be_seen_s(name, is_whole) for name in missing)
            kind = Kind.LOST if due_s <= start_s else None
        is_over = move.end_s <= start_s and not move.is_plain
        if is_whole and is_over and not seen:  # others would have found it locked
            move.missed_s = min(move.missed_s, end_s)
        return kind

    def judge_lock(
        self, name: str, start_s: float, end_s: float
    ) -> Contradiction | None:
        """What is wrong with an account that is locked."""
        with self._lock:
            for move in self._moves.values():
                is_open = move.start_s <= end_s and move.locked_until_s >= start_s
                if is_open and not move.is_plain and name in move.parts:
                    return None
            text = f"{name} is locked"
            return self._contradiction(Kind.LOCKED, text, start_s, end_s)

    def _told(
        self, kind: Kind, move: Move, text: str, start_s: float, end_s: float
    ) -> Contradiction:
        move.told.add(kind)
        return self._contradiction(kind, text, start_s, end_s)

    def _contradiction(
        self, kind: Kind, text: str, start_s: float, end_s: float
    ) -> Contradiction:
        history = "\n".join(
            f"  {move}"
            for move in self._moves.values()
            if max(move.end_s, move.locked_until_s) > start_s - SHOWN_S
        )
        phase = self.unrest.phase(start_s)
        return Contradiction(kind, self.name, text, start_s, end_s, phase, history)

    def look_anew(self) -> None:
        """Tell again what has been told, if it is still so."""
        with self._lock:
            for move in self._moves.values():
                move.told.clear()
