"""How long a process was kept from running: a thread that does nothing but look.

A thread that waits for the interpreter is not ready to run, so that no system counts
its waiting. Who has the interpreter meanwhile may be ready and not run.
"""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

from .metronome import PAUSE_S

BEAT_S = 0.05


def all_waited_s(pid: int | str) -> float:
    """How long the threads of a process have waited for a processor, in all.

    0 where no system tells, and of a process that has ended.
    """
    waited_s = 0.0
    tasks = Path(f"/proc/{pid}/task")
    with contextlib.suppress(OSError):
        for task in tasks.iterdir():
            with contextlib.suppress(OSError):  # it has ended
                waited_s += int((task / "schedstat").read_bytes().split()[1]) / 1e9
    return waited_s


class Pulse:
    """Notes the times in which no thread ran though one was ready, until stopped.

    A thread that keeps the interpreter and runs is not excused by it.

    pid: of another process, of which each time counts in which a thread was ready and
    not run.
    """

    def __init__(self, pid: int | None = None) -> None:
        self._pid = pid
        self._pauses: list[tuple[float, float]] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._beat)
        self._thread.start()

    def _beat(self) -> None:
        pid: int | str = "self" if self._pid is None else self._pid
        beat_s = BEAT_S if self._pid is None else 0.0  # in which it slept
        before_s, waited_before_s = time.monotonic(), all_waited_s(pid)
        while not self._enough.wait(BEAT_S):
            now_s, waited_s = time.monotonic(), all_waited_s(pid)
            held_s = min(now_s - before_s - beat_s, waited_s - waited_before_s)
            if held_s > PAUSE_S:
                self._pauses.append((now_s - held_s, now_s))
            before_s, waited_before_s = now_s, waited_s

    def stop(self) -> list[tuple[float, float]]:
        """The times so far; again gives them again."""
        self._enough.set()
        self._thread.join()
        return self._pauses
