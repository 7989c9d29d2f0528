"""Texts for the log, of which peers and scripts have made a part."""

from __future__ import annotations

LONGEST = 200
"""Characters that are shown of one."""


def shortened(text: str) -> str:
    """One line that a terminal shows."""
    safe = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: LONGEST + 1])
    return safe if len(text) <= LONGEST else f"{safe[:LONGEST]}…"
