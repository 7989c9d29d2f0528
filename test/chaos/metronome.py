"""How long the machine kept everybody waiting: a process that does nothing but sleep.

It prints the times, `begin end`, in which it was not woken though it should have been.
It ends with its input.
"""

from __future__ import annotations

import select
import subprocess
import sys
import time
from bisect import bisect_right
from itertools import islice
from operator import itemgetter
from pathlib import Path

BEAT_S = 0.005
PAUSE_S = 0.015
"""A beat that comes later than that has been held up."""


def main() -> None:
    """Sleep and look at the clock until the input ends."""
    before_s = time.monotonic()
    while not select.select([sys.stdin], [], [], BEAT_S)[0]:
        now_s = time.monotonic()
        if now_s - before_s > PAUSE_S:
            print(before_s + BEAT_S, now_s, flush=True)
        before_s = now_s


class Metronome:
    """The process, as the one that starts it sees it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.metronome"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )

    def stop(self) -> list[tuple[float, float]]:
        """The times in which the machine stood still for it."""
        output, _ = self._process.communicate(timeout=30)
        pairs = (line.split() for line in output.splitlines())
        return [(float(begin), float(end)) for begin, end in pairs]


def joined(pauses: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same times, those that overlap as one."""
    found: list[tuple[float, float]] = []
    for begin_s, end_s in sorted(pauses):
        if found and begin_s <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end_s)
        else:
            found.append((begin_s, end_s))
    return found


def held_up_s(pauses: list[tuple[float, float]], begin_s: float, end_s: float) -> float:
    """How much of a time lies in pauses, which are sorted and do not overlap."""
    held_s = 0.0
    first = bisect_right(pauses, begin_s, key=itemgetter(1))
    for begin, end in islice(pauses, first, None):
        if begin >= end_s:
            break
        held_s += min(end, end_s) - max(begin, begin_s)
    return held_s


if __name__ == "__main__":
    main()
