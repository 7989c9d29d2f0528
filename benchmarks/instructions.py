"""Count the instructions of some calls: of this tree, and of earlier commits.

    python benchmarks/instructions.py [CALL...] [--base COMMIT...] [--into CHECKOUT]

Each commit is unpacked and built under build/instructions with this interpreter, and so
are this tree's tracked files as they are: in folders of equal length, because what lies
where in memory shows in the counts. The same worker then makes the same calls with each
tree, against one development server (this tree's), under callgrind. Two run lengths are
counted and their difference taken, so that what begins and ends the process does not
count. What is left is all that the process does for one call: interpreter, client, the
C library. Unlike times, it repeats to 0.3 % on a busy machine.

Prints the instructions of each call, or of a record of it, and a ratio for each commit,
this tree / commit. Exits 1 if a count or a ratio is over its limit. The files of
callgrind stay in build/instructions, for callgrind_annotate. A run of all calls writes
the section of RESULTS.md.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import results
from groups import Goal, chosen
from workers import ROOT, Failed, development_server

WORKER = ROOT / "benchmarks/instructions_worker.py"
FOLDER = ROOT / "build/instructions"
SECTION = "instructions"

# commits that limits were set for: this tree may take so many times their instructions
LIMITS = {"89b4388": 1.02, "a23b4d8": 1.04}
LIMIT = 1.02  # of any other


@dataclass(frozen=True)
class Lengths:
    """How often a call is made in the short run, and in the long one.

    :ivar n_records: the count is that of one record, of so many that a call moves.
    :ivar limit: this tree may take so many instructions for it, whatever others take.
    """

    short: int
    long: int
    n_records: int = 1
    limit: int | None = None


# long enough that what differs from run to run is less than 0.3 % of the difference
SMALLEST, LARGEST = "batch_read of 100 small", "batch_read of 100000 small"
CALLS = {
    "get": Lengths(100, 3100, limit=9_400),
    "put": Lengths(100, 3100, limit=6_400),
    "operate": Lengths(100, 3100),
    "batch_read of 100": Lengths(20, 170, 100),
    "batch_read of 1000": Lengths(5, 35, 1000, limit=7_800),
    SMALLEST: Lengths(20, 170, 100),
    "batch_read of 1000 small": Lengths(5, 35, 1000, limit=5_800),
    LARGEST: Lengths(1, 2, 100_000),
    "scan of 1000": Lengths(5, 35, 1000),
    "scan of 1000 small": Lengths(5, 35, 1000, limit=4_300),
    "get in a loop": Lengths(100, 3100),
    "64 gets in a loop": Lengths(640, 12_800),
    "get with metrics": Lengths(100, 3100),
    "put with metrics": Lengths(100, 3100),
}
# a call may take so many times the instructions of another one
RATIOS = {
    (LARGEST, SMALLEST): 1.15,  # a record of either
    ("get with metrics", "get"): 1.03,
    ("put with metrics", "put"): 1.03,
}


@dataclass(frozen=True)
class Tree:
    """A built checkout."""

    name: str
    folder: Path
    limit: float = LIMIT


def output_of(*command: str | Path, cwd: Path = ROOT, **variables: str) -> str:
    """What a command prints; Failed with what it complained of."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise Failed(f"{' '.join(map(str, command))}: {error}") from None
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: {done.stderr[-2000:].strip()}")
    return done.stdout


def unpack(commit: str, folder: Path) -> None:
    """The files of a commit, into a folder that is there as a whole or not at all."""
    if folder.exists():
        return
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    archive = part / "tree.tar"
    output_of("git", "archive", "--output", archive, commit)
    output_of("tar", "-xf", archive, "-C", part)
    archive.unlink()
    part.rename(folder)


def commit_of_this_tree() -> str:
    """A commit of the tracked files as they are, without a name anywhere."""
    return output_of("git", "stash", "create").strip() or "HEAD"


def unpacked(name: str, commit: str) -> Tree:
    """A commit, unpacked unless it has been."""
    sha = output_of("git", "rev-parse", "--verify", f"{commit}^{{commit}}").strip()
    folder = FOLDER / sha[:12]
    unpack(sha, folder)
    return Tree(name, folder, LIMITS.get(name, LIMIT))


def build(name: str, commit: str) -> Tree:
    """A commit, unpacked and compiled unless it has been."""
    tree = unpacked(name, commit)
    compiler = (sys.executable, "setup.py", "-q", "build_ext", "--inplace")
    output_of(*compiler, cwd=tree.folder)
    return tree


def counted_into(out: Path) -> tuple[str, ...]:
    """What stands before a command whose instructions are to be counted into a file."""
    callgrind = ("--tool=callgrind", f"--callgrind-out-file={out}")
    return ("setarch", "-R", "valgrind", *callgrind)


def count_in(out: Path) -> int:
    """All instructions of a process, as callgrind has counted them into a file."""
    total = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)
    if total is None:
        raise Failed(f"{out}: no totals in it")
    return int(total[1])


class Counter:
    """Runs the worker with a tree, on its own or under callgrind."""

    def __init__(self, address: str, port: int) -> None:
        self.where = (address, str(port))

    def prepare(self, tree: Tree, calls: Sequence[str]) -> set[str]:
        """Put the records of some calls, and leave compiled Python files for the runs
        to come; the calls that the tree has.
        """
        n_small = max((CALLS[c].n_records for c in calls if "small" in c), default=0)
        found, *names = self._run(tree, (), "prepare", n_small).splitlines()
        if not Path(found).is_relative_to(tree.folder):
            raise Failed(f"{tree.name}: the worker imported {found}")
        return set(names)

    def per_record(self, tree: Tree, call: str) -> float:
        lengths = CALLS[call]
        few, many = (self._count(tree, call, n) for n in (lengths.short, lengths.long))
        return (many - few) / (lengths.long - lengths.short) / lengths.n_records

    def _count(self, tree: Tree, call: str, n_calls: int) -> int:
        """All instructions of a process that makes so many calls."""
        out = FOLDER / re.sub(r"[^\w.]+", "_", f"{call}.{tree.name}.{n_calls}.out")
        self._run(tree, counted_into(out), call, n_calls)
        return count_in(out)

    def _run(self, tree: Tree, before: Sequence[str], call: str, n_calls: int) -> str:
        return output_of(
            *before,
            *(sys.executable, WORKER, *self.where, call, str(n_calls)),
            PYTHONPATH=str(tree.folder / "src"),
            PYTHONHASHSEED="0",
        )


Counted = dict[str, dict[Tree, float]]  # by call, of the trees that have it


def verdict(is_met: bool) -> str:
    return "ok" if is_met else "over"


def header(bases: Sequence[Tree]) -> str:
    limits = "".join(f"{f'{tree.name} <= {tree.limit}':>27}" for tree in bases)
    return f"{'instructions per record':27}{'this tree':>12}{'limit':>14}{limits}"


def row(
    call: str, counts: Mapping[Tree, float], ours: Tree, bases: Sequence[Tree]
) -> str:
    limit, count = CALLS[call].limit, counts[ours]
    cells = [f"{call:27}{count:12,.0f}"]
    if limit is None:
        cells.append(f"{'':14}")
    else:
        cells.append(f"{limit:9,} {verdict(count <= limit):4}")
    for tree in bases:
        if tree not in counts:
            cells.append(f"{'-':>14}{'':13}")
            continue
        ratio = count / counts[tree]
        word = verdict(ratio <= tree.limit)
        cells.append(f"{counts[tree]:14,.0f}{ratio:8.3f} {word:4}")
    return "".join(cells).rstrip()


def goals_of(counted: Counted, ours: Tree, bases: Sequence[Tree]) -> list[Goal]:
    """The limits of all counts and ratios."""
    goals = [
        Goal(
            f"{call}: at most {limit:,}", f"{counts[ours]:,.0f}", counts[ours] <= limit
        )
        for call, counts in counted.items()
        for limit in [CALLS[call].limit]
        if limit is not None
    ]
    goals += [
        Goal.at_most(f"{call}, by {tree.name}", tree.limit, counts[ours] / counts[tree])
        for call, counts in counted.items()
        for tree in bases
        if tree in counts
    ]
    for (call, other), limit in RATIOS.items():
        if {call, other} <= counted.keys():
            ratio = counted[call][ours] / counted[other][ours]
            goals.append(Goal.at_most(f"{call}, by {other}", limit, ratio))
    return goals


def count_all(
    counter: Counter, calls: Sequence[str], ours: Tree, bases: Sequence[Tree]
) -> Counted:
    """Count the calls of all trees that have them, and print a row for each."""
    calls_of = {tree: counter.prepare(tree, calls) for tree in (ours, *bases)}
    counted: Counted = {}
    print(header(bases), flush=True)
    for call in calls:
        counts = {
            tree: counter.per_record(tree, call)
            for tree, its_calls in calls_of.items()
            if call in its_calls
        }
        counted[call] = counts
        print(row(call, counts, ours, bases), flush=True)
    return counted


def counted_today(command: str) -> str:
    today = datetime.datetime.now(datetime.timezone.utc).date()
    python = platform.python_version()
    return f"`{command}` counted this on {today}, with CPython {python}.\n"


def section(counted: Counted, ours: Tree, bases: Sequence[Tree]) -> str:
    """What RESULTS.md says of them."""
    rows = [
        (
            call,
            *(f"{counts[t]:,.0f}" if t in counts else "" for t in (ours, *bases)),
            f"{limit:,}" if (limit := CALLS[call].limit) is not None else "",
        )
        for call, counts in counted.items()
    ]
    columns = ("call", "this tree", *(tree.name for tree in bases), "at most")
    origin = counted_today("make bench-instructions")
    return f"{origin}\n{results.table(columns, rows)}"


def arguments(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("calls", nargs="*", help=f"names or parts of: {', '.join(CALLS)}; default: all")
    add("--base", nargs="+", default=list(LIMITS), help="commits to compare with")
    add(
        "--into", type=Path, default=ROOT, help="the checkout whose results are written"
    )
    return parser.parse_args(args)


def main(args: Sequence[str]) -> int:
    options = arguments(args)
    calls = chosen(list(CALLS), options.calls)
    try:
        bases = [build(name, name) for name in options.base]
        ours = build("this tree", commit_of_this_tree())
        with development_server() as hosts:
            counted = count_all(Counter(*hosts[0]), calls, ours, bases)
        if len(calls) == len(CALLS):
            body = section(counted, ours, bases)
            results.replace(options.into / results.PAGE, SECTION, body)
    except Failed as error:
        print(f"instructions: {error}", file=sys.stderr)
        return 1
    missed = [goal for goal in goals_of(counted, ours, bases) if not goal.is_met]
    for goal in missed:
        print(f"over the limit: {goal.goal}; counted: {goal.measured}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
