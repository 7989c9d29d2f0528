"""What the rounds of a run come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """Minimum, median and maximum over the rounds."""

    min: float
    median: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(min(values), median(values), max(values))

    def __str__(self) -> str:
        return f"{self.min:4.2f} {self.median:4.2f} {self.max:4.2f}"

    def listed(self) -> str:
        return f"{self.min:.2f}, {self.median:.2f}, {self.max:.2f}"
