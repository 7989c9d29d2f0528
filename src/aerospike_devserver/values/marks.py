"""Marks that stand for a value in expressions: unknown, and "remove this element"."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Mark(Enum):
    """UNKNOWN is the third truth value; REMOVE only means something to path modify."""

    UNKNOWN = "unknown"
    REMOVE = "remove"


UNKNOWN: Final = Mark.UNKNOWN
REMOVE: Final = Mark.REMOVE
