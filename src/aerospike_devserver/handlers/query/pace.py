"""A limit on the speed of a query, in records per second.

Both kinds of queries, those that answer and those in the background, rest by it.
"""

from __future__ import annotations

import time


class Pace:
    """At most so many records in a second; 0 = no limit."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._n_in_window = 0
        self._window_s = time.monotonic()

    def pause_s(self) -> float:
        """Call it after each record: seconds to wait before the next one."""
        if not self._per_second:
            return 0.0
        self._n_in_window += 1
        if self._n_in_window < self._per_second:
            return 0.0
        self._n_in_window = 0
        self._window_s += 1.0
        left_s = self._window_s - time.monotonic()
        if left_s <= 0:
            self._window_s = time.monotonic()
            return 0.0
        return left_s
