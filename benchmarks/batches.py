"""Batches of all sizes: the client's CPU by the other client's, and how it grows.

In a round each client reads each batch, one right after the other. The ratios are of
batches of one round.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from statistics import median

import results
from blocking import both
from figures import Spread
from groups import Found, Goal, Group, Place, Run
from serving import Message
from workers import Worker
from workloads import BATCHES, Workload

ROUNDS = 7
GROWTH_LIMIT = 1.6  # time of a record of the largest batch by one of the smallest
CPU_LIMITS = {"batches-1000-small": 0.22, "batches-1000-1k": 0.22}  # ours / theirs
PLACE: Place = ("doc/performance.md", "figures of batches")
SMALLEST, *_, LARGEST = BATCHES

Turns = dict[str, list[Message]]  # "ours" and "theirs": a message for each round


def take_turn(batch: Workload, worker: Worker, factor: float) -> Message:
    """Seconds per record."""
    n_calls = max(1, round(batch.n_calls * factor))
    answer = worker.ask("run", workload=batch.name, n_calls=n_calls)
    n_records = n_calls * batch.n_records
    return {of: answer[of] / n_records for of in ("wall_s", "cpu_s")}


def turns_of(
    batches: Sequence[Workload],
    workers: Mapping[str, Worker],
    rounds: int,
    factor: float,
) -> dict[Workload, Turns]:
    found: dict[Workload, Turns] = {
        batch: {side: [] for side in workers} for batch in batches
    }
    for batch in batches:
        for worker in workers.values():
            worker.ask("prepare", workload=batch.name)
    for place in range(-1, rounds):  # the first is not counted
        for batch in batches:
            for side, worker in workers.items():
                turn = take_turn(batch, worker, factor)
                if place >= 0:
                    found[batch][side].append(turn)
    return found


def ratio(over: Sequence[Message], under: Sequence[Message], of: str) -> Spread:
    return Spread.of([a[of] / b[of] for a, b in zip(over, under, strict=True)])


def cells(batch: Workload, turns: Turns) -> tuple[str, ...]:
    return (
        batch.title,
        *(
            f"{median(one[of] for one in turns[side]) * 1e6:.2f}"
            for of in ("cpu_s", "wall_s")
            for side in turns
        ),
        ratio(turns["ours"], turns["theirs"], "cpu_s").listed(),
    )


HEADER = (
    "batch_read of",
    "us of CPU per record, ours",
    "theirs",
    "us of time per record, ours",
    "theirs",
    "CPU, ours / theirs (min, median, max)",
)


def goals_of(found: Mapping[Workload, Turns]) -> list[Goal]:
    goals = [
        Goal.at_most(
            f"batch_read of {batch.title}: CPU, ours / theirs",
            CPU_LIMITS[batch.name],
            ratio(turns["ours"], turns["theirs"], "cpu_s").median,
        )
        for batch, turns in found.items()
        if batch.name in CPU_LIMITS
    ]
    if {SMALLEST, LARGEST} <= found.keys():
        goals.append(
            Goal.at_most(
                f"a record of {LARGEST.title}, by one of {SMALLEST.title}: time",
                GROWTH_LIMIT,
                ratio(found[LARGEST]["ours"], found[SMALLEST]["ours"], "wall_s").median,
            )
        )
    return goals


def names(_: argparse.Namespace) -> list[str]:
    return [batch.name for batch in BATCHES]


def measured(run: Run, wanted: Sequence[str]) -> Found:
    rounds = run.rounds(ROUNDS)
    selected = [batch for batch in BATCHES if batch.name in wanted]
    with both(run) as (workers, versions):
        found = turns_of(selected, workers, rounds, run.options.calls)
    rows = [cells(batch, turns) for batch, turns in found.items()]
    for row in rows:
        text = "{:26}CPU {:>5} and {:>5} us a record, time {:>5} and {:>5}; CPU {}"
        run.say(text.format(*row))
    origin = results.origin(run.server, rounds, versions)
    section = f"{origin}\n{results.table(HEADER, rows)}"
    return Found(
        {batch.name: turns for batch, turns in found.items()},
        section,
        goals_of(found),
        {PLACE: section},
    )


GROUP = Group("batches", names, measured)
