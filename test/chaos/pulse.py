"""How long this process was kept from running: a thread that does nothing but sleep.

A thread that waits for the interpreter is not ready to run, so that no system counts
its waiting. Who has the interpreter meanwhile may be ready and not run.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from .metronome import PAUSE_S

BEAT_S = 0.05
TASKS = Path("/proc/self/task")


def all_waited_s() -> float:
    """How long the threads of this process have waited for a processor, in all.

    0 where no system tells.
    """
    waited_s = 0.0
    for task in TASKS.iterdir() if TASKS.exists() else ():
        try:
            waited_s += int((task / "schedstat").read_bytes().split()[1]) / 1e9
        except OSError:  # it has ended
            continue
    return waited_s


class Pulse:
    """Notes the times in which no thread ran though one was ready, until stopped.

    A thread that keeps the interpreter and runs is not excused by it.
    """

    def __init__(self) -> None:
        self._pauses: list[tuple[float, float]] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._beat)
        self._thread.start()

    def _beat(self) -> None:
        before_s, waited_before_s = time.monotonic(), all_waited_s()
        while not self._enough.wait(BEAT_S):
            now_s, waited_s = time.monotonic(), all_waited_s()
            late_s = now_s - before_s - BEAT_S
            held_s = min(late_s, waited_s - waited_before_s)
            if held_s > PAUSE_S:
                self._pauses.append((now_s - held_s, now_s))
            before_s, waited_before_s = now_s, waited_s

    def stop(self) -> list[tuple[float, float]]:
        """The times so far; again gives them again."""
        self._enough.set()
        self._thread.join()
        return self._pauses
