"""The clock of a cluster: wall time plus what a test has added to it.

Records expire by this clock, so a test can make them expire without waiting.
"""

from __future__ import annotations

import time

EPOCH_S = 1_262_304_000
"""Seconds from 1970 to 2010-01-01 00:00:00 UTC, where void times start."""


class Clock:
    """Wall time in ms since 1970, moved forward by `advance`.

    Written by one thread and read by others: a single attribute, so it needs no lock.
    """

    def __init__(self) -> None:
        self._offset_ms = 0

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`; a negative number is a ValueError."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self._offset_ms += round(seconds * 1000)

    def reset(self) -> None:
        """Show the wall time again; no record may be left that has seen another one."""
        self._offset_ms = 0

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000 + self._offset_ms

    def now_s(self) -> int:
        """Whole seconds since 2010: the unit of void times."""
        return self.now_ms() // 1000 - EPOCH_S
