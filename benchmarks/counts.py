"""What a call asks of the system: system calls, and pages of memory.

A process makes a call some times, and another one many times; the difference is divided
by that of the numbers, so that what begins and ends a process does not count. strace
counts system calls, and the system itself the pages that it had to give (minor page
faults). Python's collector is off in these processes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import results
from blocking import CLIENTS
from groups import Found, Goal, Group, Run
from workers import HERE, Failed

WORKER = HERE / "instructions_worker.py"


@dataclass(frozen=True)
class Call:
    """One row: a call of the worker, how often it is made, and its limit, if any."""

    name: str
    call: str
    short: int
    long: int
    system_calls: int | None = None


CALLS = (
    Call("counts-get", "get", 200, 1200, system_calls=2),
    Call("counts-put", "put", 200, 1200, system_calls=2),
    Call("counts-batch-1000-small", "batch_read of 1000 small", 20, 70),
    Call("counts-batch-1000-1k", "batch_read of 1000", 20, 70),
)


@dataclass(frozen=True)
class Counts:
    """What one call takes. Without strace nobody knows the system calls."""

    faults: float
    system_calls: dict[str, float] | None

    def in_words(self) -> str:
        if self.system_calls is None:
            return "strace is not installed"
        listed = sorted(self.system_calls.items(), key=lambda item: -item[1])
        kinds = ", ".join(f"{n:.2f} {name}" for name, n in listed if n >= 0.005)
        return f"{self.total():.2f} ({kinds})"

    def total(self, often: float = 0) -> float:
        """All, or those that are made so often in a call."""
        numbers = (self.system_calls or {}).values()
        return round(sum(n for n in numbers if n >= often), 2)


def faults_of(run: Run, before: Sequence[str], call: str, n_calls: int) -> int:
    """The page faults of a process that makes so many calls."""
    arguments = [str(part) for part in (WORKER, *run.hosts[0], call, n_calls)]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [*before, *arguments], stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise Failed(f"{call} of {before[-1]}: {errors.read()[-2000:].strip()}")
    return usage.ru_minflt


def calls_in(summary: str) -> Counter[str]:
    """How often a process has made each system call, as `strace -c` says."""
    found: Counter[str] = Counter()
    for line in summary.splitlines():
        parts = line.split()
        if len(parts) >= 5 and parts[3].isdigit() and parts[-1] != "total":
            found[parts[-1]] += int(parts[3])
    return found


def traced(run: Run, python: str, call: str, n_calls: int) -> Counter[str]:
    """The system calls of a process that makes so many calls."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "summary"
        before = ("strace", "-f", "-c", "-o", str(out), python)
        faults_of(run, before, call, n_calls)
        return calls_in(out.read_text())


def counts_of(run: Run, python: str, row: Call) -> Counts:
    lengths = (row.short, row.long)
    n = row.long - row.short
    few, many = (faults_of(run, [python], row.call, length) for length in lengths)
    system_calls = None
    if shutil.which("strace") is not None:
        before, after = (traced(run, python, row.call, length) for length in lengths)
        system_calls = {name: (after[name] - before[name]) / n for name in after}
    return Counts((many - few) / n, system_calls)


def goals_of(found: Mapping[Call, Sequence[Counts]]) -> list[Goal]:
    return [
        Goal.at_most(
            f"system calls of a {row.call}, but for rare ones",
            row.system_calls,
            ours.total(often=0.05),
        )
        for row, (ours, _) in found.items()
        if row.system_calls is not None and ours.system_calls is not None
    ]


HEADER = (
    "call",
    *(f"system calls, {client}" for client in CLIENTS),
    *(f"page faults, {client}" for client in CLIENTS),
)


def version_of(python: str) -> str:
    code = "from importlib import metadata; print(metadata.version('aerospike'))"
    return subprocess.check_output([python, "-c", code], text=True).strip()


def names(_: argparse.Namespace) -> list[str]:
    return [row.name for row in CALLS]


def measured(run: Run, wanted: Sequence[str]) -> Found:
    pythons = (run.options.ours, run.options.theirs)
    faults_of(run, [pythons[0]], "prepare", 1000)
    found: dict[Call, list[Counts]] = {}
    rows = []
    for row in CALLS:
        if row.name in wanted:
            both = found[row] = [counts_of(run, python, row) for python in pythons]
            cells = [row.call, *(one.in_words() for one in both)]
            rows.append([*cells, *(f"{max(one.faults, 0.0):.1f}" for one in both)])
            text = "{}:\n  system calls {}\n        theirs {}\n  page faults {}, {}"
            run.say(text.format(*rows[-1]))
    versions = dict(zip(CLIENTS, map(version_of, pythons), strict=True))
    return Found(
        {row.name: [asdict(one) for one in both] for row, both in found.items()},
        f"{results.origin(run.server, 1, versions)}\n{results.table(HEADER, rows)}",
        goals_of(found),
    )


GROUP = Group("counts", names, measured)
