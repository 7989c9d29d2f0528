"""RESULTS.md: prose written by hand, and sections that a run writes.

A section stands between two comments that name it, so that a run replaces what it has
measured and leaves the rest as it is.
"""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from workers import Failed

PAGE = "benchmarks/RESULTS.md"


def marks(section: str) -> tuple[str, str]:
    return f"<!-- {section}: written by make bench -->\n", f"<!-- end of {section} -->"


def replace(path: Path, section: str, body: str) -> None:
    """Put the body between the two marks of a section, which must be there."""
    begin, end = marks(section)
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise Failed(f"{path} has no section {section!r}")
    path.write_text(f"{before}{begin}\n{body}\n{end}{after}", encoding="utf-8")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def origin(
    server: str,
    rounds: int,
    versions: Mapping[str, str],
    python: str = platform.python_version(),
) -> str:
    """Where and when the numbers of a section come from."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    used = ", ".join(f"{name} {version}" for name, version in versions.items())
    times = f"in {rounds} rounds" if rounds > 1 else "once"
    return (
        f"`make bench` measured this on {today}, {times} against {server}.\n"
        f"The Python was CPython {python}, on a machine with "
        f"{os.cpu_count()} cores.\n"
        f"Clients: {used}.\n"
    )
