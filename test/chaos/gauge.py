"""What processes hold while they run: memory, descriptors, threads.

Looked at from outside, once in a while, by a thread of whoever wants to know.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PERIOD_S = 0.5
SETTLES_S = 10.0
IDLE_S = 55.0
"""How long pools keep a connection that nobody uses. A node that hangs gets a new one
for each call that is given up, and all of them stay so long after it has come back."""
MIN_SAMPLES = int(4 * IDLE_S / PERIOD_S)
"""Fewer tell nothing: each quarter must be as long as pools take to shrink again."""
MEMORY_LIMIT = 4 << 20
"""Bytes by which a process may grow between the second quarter of a run and the last.
What the model of the records keeps follows how many calls failed lately, and malloc
gives back whole pages only; a connection, an exchange or a record that is lost with
each disturbance, of which ten minutes have some two hundred, takes more."""
OF_CONNECTION = 8 << 10
"""Bytes more for each connection that may be needed at once: many calls that wait for a
node that hangs have buffers of their own, and malloc's pages stay."""


@dataclass(frozen=True)
class Held:
    """Bytes of memory, open descriptors and threads of a process."""

    memory: int
    descriptors: int
    threads: int


def held_by(pid: int | str) -> Held | None:
    """What a process holds; None if it has gone, or no system tells."""
    folder = Path("/proc") / str(pid)
    try:
        pages = int((folder / "statm").read_text().split()[1])
        n_descriptors = len(os.listdir(folder / "fd"))
        n_threads = len(os.listdir(folder / "task"))
    except OSError:
        return None
    return Held(pages * os.sysconf("SC_PAGE_SIZE"), n_descriptors, n_threads)


def settled(before: Held | None) -> Held | None:
    """What this process holds, once threads have had the time that they take to end."""
    end_s = time.monotonic() + SETTLES_S
    while True:
        now = held_by("self")
        if now is None or before is None or now.threads <= before.threads:
            return now
        if time.monotonic() > end_s:
            return now
        time.sleep(0.01)


class Gauge:
    """Looks at some processes until it is stopped.

    names: by process id, with the number of connections that may be needed at once.
    """

    def __init__(self, names: dict[int, tuple[str, int]]) -> None:
        self._names = names
        self._samples: dict[int, list[Held]] = {pid: [] for pid in names}
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._enough.wait(PERIOD_S):
            for pid, samples in self._samples.items():
                held = held_by(pid)
                if held is not None:
                    samples.append(held)

    def close(self) -> None:
        """Look no more."""
        self._enough.set()
        self._thread.join()

    def stop(self) -> Iterator[tuple[str, bool]]:
        """What each process held, and whether that stayed as it was."""
        self.close()
        for pid, samples in self._samples.items():
            if len(samples) >= MIN_SAMPLES:
                yield from judge(*self._names[pid], samples)


def judge(
    name: str, n_connections: int, samples: Sequence[Held]
) -> Iterator[tuple[str, bool]]:
    """What a process held, and whether that stayed as it was.

    Its first quarter is not looked at. Descriptors may grow by all the connections that
    can be needed at once: pools keep for a while what they needed when a node was slow.
    """
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    for what, limit, of in (
        ("memory", MEMORY_LIMIT + n_connections * OF_CONNECTION, statistics.median),
        ("descriptors", n_connections, statistics.median),
        ("threads", 0, max),
    ):
        before, after = (of(getattr(s, what) for s in part) for part in (early, late))
        text = f"{name}: {what} {before:,.0f}, then {after:,.0f}"
        yield text, after - before <= limit
