"""Threads that make calls beside a thread that computes in pure Python.

In each round each client makes the calls of a row for some time, one client after the
other. Shown are the calls per second of each, of this client by the one on PyPI, and
how much the computing thread got done meanwhile, likewise.

The computing thread keeps the GIL for the switch interval of 5 ms. Then it must let go
once. If it finds the GIL free when it is awake again, it has let in one call, and keeps
the GIL for 5 ms more. Otherwise it waits for its turn, and the threads that wait make a
call each. Where it gets no processor then, they make some hundred. So the rows differ
much from round to round.

On a machine that does other work as well, each process of the run and the server need
a real-time priority to have rows that repeat: `chrt -f 1 make bench ...`. `nice` does
less than one thinks where the system shares processors by session (autogroup).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import product
from statistics import median

import results
from blocking import CLIENTS
from counts import version_of
from figures import Spread
from groups import Found, Goal, Group, Run
from serving import Message
from workers import Worker

ROUNDS = 9
TURN_S = 0.5  # how long a client is busy in one round
CALLS = ("get", "put")
THREADS = (1, 4, 8)
AT_LEAST = 1.0  # this client by the other, beside a thread that computes


@dataclass(frozen=True)
class Row:
    """What is run in each round, with either client."""

    call: str
    n_threads: int
    computes: bool

    @property
    def name(self) -> str:
        return f"beside-{self.call}-{self.n_threads}" + "-computing" * self.computes

    @property
    def title(self) -> str:
        computing = " beside one that computes" if self.computes else ""
        noun = "thread" if self.n_threads == 1 else "threads"
        return f"{self.call}, {self.n_threads} {noun}{computing}"


ROWS = [Row(call, n, c) for call, c, n in product(CALLS, (False, True), THREADS)]
Turns = Sequence[Sequence[Message]]  # of a row: those of this client, and the other's


def ratio(turns: Turns, of: str) -> Spread | None:
    """Ours by theirs; None where there is none to compare."""
    pairs = [a[of] / b[of] for a, b in zip(*turns, strict=True) if b[of]]
    return Spread.of(pairs) if pairs else None


def cells(row: Row, turns: Turns) -> tuple[str, ...]:
    rates = (median(float(one["calls"]) for one in of_one) for of_one in turns)
    spreads = (ratio(turns, of) for of in ("calls", "steps"))
    return (
        row.title,
        *(f"{rate:,.0f}" for rate in rates),
        *(spread.listed() if spread else "" for spread in spreads),
    )


def goals_of(found: dict[Row, Turns]) -> list[Goal]:
    goals = []
    for row, turns in found.items():
        spread = ratio(turns, "calls")
        if row.computes and spread is not None:
            what = (
                f"{row.title}: calls per second, ours / theirs: at least {AT_LEAST:g}"
            )
            is_met = spread.median >= AT_LEAST
            goals.append(Goal(what, f"{spread.median:.2f}", is_met))
    return goals


def names(_: argparse.Namespace) -> list[str]:
    return [row.name for row in ROWS]


def measured(run: Run, wanted: Sequence[str]) -> Found:
    rounds, seconds = run.rounds(ROUNDS), TURN_S * run.options.calls
    pythons = (run.options.ours, run.options.theirs)
    found: dict[Row, Turns] = {}
    with ExitStack() as stack:
        sides = [
            Worker(client, python, "beside_worker.py")
            for client, python in zip(CLIENTS, pythons, strict=True)
        ]
        for side in sides:
            stack.callback(side.close)
            side.ask("connect", hosts=run.hosts)
        for row in ROWS:
            if row.name in wanted:
                asked = [
                    [side.ask("run", seconds=seconds, **asdict(row)) for side in sides]
                    for _ in range(rounds)
                ]
                found[row] = list(zip(*asked, strict=True))
                text = "{:42}{:>9}/s and {:>9}/s, {}; steps {}"
                run.say(text.format(*cells(row, found[row])))
    versions = dict(zip(CLIENTS, map(version_of, pythons), strict=True))
    header = (
        "threads",
        *(f"calls per second, {client}" for client in CLIENTS),
        "calls, ours / theirs (min, median, max)",
        "steps of the computing thread, ours / theirs",
    )
    table = results.table(header, [cells(row, turns) for row, turns in found.items()])
    return Found(
        {row.name: turns for row, turns in found.items()},
        f"{results.origin(run.server, rounds, versions)}\n{table}",
        goals_of(found),
    )


GROUP = Group("beside other work", names, measured)
