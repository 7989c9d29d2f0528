"""Texts for the log, of which peers and scripts have made a part."""

from __future__ import annotations

from functools import cache

LONGEST = 200
"""Characters that are shown of one."""


@cache
def names_of(numbers: type) -> dict[int, str]:
    """The constants of a class of numbers: name by number, in lower case."""
    return {
        value: name.lower()
        for name, value in vars(numbers).items()
        if not name.startswith("_")
    }


def shortened(text: str) -> str:
    """One line that a terminal shows."""
    safe = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: LONGEST + 1])
    return safe if len(text) <= LONGEST else f"{safe[:LONGEST]}…"
