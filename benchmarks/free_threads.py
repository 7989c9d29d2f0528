"""What eight threads cost and reach beside one, on a Python without the GIL.

"server": the CPU time of a get in eight threads, by that of a get in one, from a server
in another process: what the threads take from each other. "memory": how many times the
gets of one thread eight threads make, where a get has no I/O: what it sends is answered
out of memory (no_network.c). The CPU time of a get from a server is mostly the
system's.

One thread and eight take turns, and the least of each counts, since other programs on
the machine only add to it. The rate needs two processors that nobody else uses. So the
CPU time of these gets is shown, too: where threads do not wait for each other, two
processors by that cost is what they reach.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import results
from groups import Found, Goal, Group, Run
from workers import HERE, Worker, compiled

ROUNDS = 7
N_THREADS = 8
MOST_CPU, LEAST_RATE = 1.15, 1.7
N_CALLS = {"server": 16_000, "memory": 80_000}
PREFIX = "free-threads-"


@dataclass(frozen=True)
class Cost:
    """Microseconds of a get."""

    cpu: float
    wall: float


def cost(worker: Worker, n_threads: int, n_calls: int) -> Cost:
    taken = worker.ask("cost", n_threads=n_threads, n_calls=n_calls)
    return Cost(*(taken[of] / n_calls * 1e6 for of in ("cpu_s", "wall_s")))


def best(costs: Sequence[Cost]) -> Cost:
    return Cost(min(c.cpu for c in costs), min(c.wall for c in costs))


def both(worker: Worker, n_calls: int, rounds: int) -> tuple[Cost, Cost]:
    """The costs with one thread, and with all."""
    found: dict[int, list[Cost]] = {1: [], N_THREADS: []}
    for _ in range(rounds):
        for n_threads, costs in found.items():
            costs.append(cost(worker, n_threads, n_calls))
    return best(found[1]), best(found[N_THREADS])


def goal_of(where: str, one: Cost, many: Cost) -> Goal:
    if where == "server":
        what = f"CPU of a get in {N_THREADS} threads, by that in one"
        return Goal.at_most(what, MOST_CPU, many.cpu / one.cpu)
    rate, bound = one.wall / many.wall, 2 * one.cpu / many.cpu
    return Goal(
        f"gets of {N_THREADS} threads without I/O, by those of one: at least "
        f"{LEAST_RATE}",
        f"{rate:.2f}; two processors reach {bound:.2f} by their cost",
        rate >= LEAST_RATE,
    )


def names(options: argparse.Namespace) -> list[str]:
    has_python = Path(options.free).exists()
    return [f"{PREFIX}{where}" for where in N_CALLS if has_python]


def measured(run: Run, wanted: Sequence[str]) -> Found:
    rounds = run.rounds(ROUNDS)
    found: dict[str, tuple[Cost, Cost]] = {}
    with tempfile.TemporaryDirectory() as folder:
        shim = str(compiled(HERE / "no_network.c", Path(folder), "-fPIC", "-shared"))
        script = "free_threads_worker.py"
        worker = Worker("free threads", run.options.free, script, LD_PRELOAD=shim)
        try:
            answer = worker.ask("connect", hosts=run.hosts)
            cost(worker, N_THREADS, N_CALLS["server"])  # connections are made
            for where, n_calls in N_CALLS.items():  # the network is not used again
                if where == "memory":
                    worker.ask("leave_network", shim=shim)
                if f"{PREFIX}{where}" in wanted:
                    found[where] = both(worker, n_calls, rounds)
        finally:
            worker.close()
    rows = [
        (
            where,
            f"{one.cpu:.2f}",
            f"{many.cpu:.2f}",
            f"{one.wall:.2f}",
            f"{many.wall:.2f}",
        )
        for where, (one, many) in found.items()
    ]
    for row in rows:
        run.say("from {}: CPU {} us in one thread, {} in all; time {}, {}".format(*row))
    header = (
        "get, answered by",
        "us of CPU, one thread",
        f"{N_THREADS} threads",
        "us of time, one thread",
        f"{N_THREADS} threads",
    )
    python = f"{answer['python']} without the GIL"
    versions = {"this client": answer["version"]}
    origin = results.origin(run.server, rounds, versions, python)
    return Found(
        {where: [one.__dict__ for one in pair] for where, pair in found.items()},
        f"{origin}\n{results.table(header, rows)}",
        [goal_of(where, *pair) for where, pair in found.items()],
    )


GROUP = Group("free threads", names, measured)
