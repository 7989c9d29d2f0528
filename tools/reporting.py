"""What the checks of the tree have in common: how they say what they have found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent


def report(violations: Callable[[Path], Iterable[str]], args: list[str]) -> int:
    """Print what a check finds below a root (the checkout); the exit status."""
    found = list(violations(Path(args[0]) if args else ROOT))
    for message in found:
        print(message)
    return 1 if found else 0
