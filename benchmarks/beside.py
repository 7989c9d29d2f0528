"""Threads that make calls beside a thread that computes in pure Python.

    python benchmarks/beside.py --hosts 127.0.0.1:3000 [--rounds 9] [--seconds 0.5]

Both clients take turns on one server: in each round each makes the calls of a row for
some time. Shown are the calls per second of each client, of this client by the one on
PyPI (minimum, median and maximum over the rounds), and how much the computing thread
got done meanwhile, likewise.

The computing thread keeps the GIL for the switch interval of 5 ms. Each time it lets
go, the threads that wait make a call each, and more for as long as one of them is back
before the computing thread is awake. That depends on where the system puts the threads,
so that a row of few rounds says little. Under `taskset -c 0` the rows repeat best.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from statistics import median

from figures import Spread
from serving import Message
from workers import ROOT, Failed, Worker, parse_hosts

CALLS = ("get", "put")
THREADS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Row:
    """What is run in each round, with either client."""

    call: str
    n_threads: int
    computes: bool

    @property
    def name(self) -> str:
        computing = " + computing" if self.computes else ""
        return f"{self.call}, {self.n_threads} threads{computing}"


ROWS = [Row(call, n, c) for call, c, n in product(CALLS, (False, True), THREADS)]


def figures(ours: Sequence[Message], theirs: Sequence[Message]) -> str:
    """A line of the table, without its name."""

    def ratio(of: str) -> str:
        pairs = zip(ours, theirs, strict=True)
        return str(Spread.of([a[of] / b[of] for a, b in pairs if b[of]] or [0]))

    def rate(rounds: Sequence[Message]) -> float:
        return median(float(one["calls"]) for one in rounds)

    return (
        f"{rate(ours):9,.0f} {rate(theirs):9,.0f}   {ratio('calls')}   {ratio('steps')}"
    )


def measure(options: argparse.Namespace) -> None:
    with ExitStack() as stack:
        sides = [
            Worker("ours", options.ours, "beside_worker.py"),
            Worker("theirs", options.theirs, "beside_worker.py"),
        ]
        for side in sides:
            stack.callback(side.close)
            side.ask("connect", hosts=parse_hosts(options.hosts))
        print(
            f"{'calls per second':30}{'ours':>9} {'PyPI':>9}   ours / PyPI      steps"
        )
        for row in ROWS:
            rounds = [
                [
                    side.ask("run", seconds=options.seconds, **vars(row))
                    for side in sides
                ]
                for _ in range(options.rounds)
            ]
            ours, theirs = zip(*rounds, strict=True)
            print(f"{row.name:30}{figures(ours, theirs)}", flush=True)


def main(args: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--hosts", required=True, help="HOST:PORT[,...]")
    add("--rounds", type=int, default=9)
    add("--seconds", type=float, default=0.5, help="of a client in a round")
    add("--ours", default=str(ROOT / ".venv/bin/python"))
    add("--theirs", default=str(ROOT / ".venv-bench/bin/python"))
    try:
        measure(parser.parse_args(args))
    except Failed as error:
        print(f"beside: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
