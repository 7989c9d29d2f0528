"""Count the instructions of some calls: of this tree, and of earlier commits.

    python benchmarks/instructions.py [CALL...] [--base COMMIT...]

Each commit is unpacked and built under build/instructions with this interpreter, and so
are this tree's tracked files as they are: in folders of equal length, because what lies
where in memory shows in the counts. The same worker then makes the same calls with each
tree, against one development server (this tree's), under callgrind. Two run lengths are
counted and their difference taken, so that what begins and ends the process does not
count. What is left is all that the process does for one call: interpreter, client, the
C library. Unlike times, it repeats to 0.3 % on a busy machine.

Prints a ratio for each call and commit, this tree / commit, and exits 1 if one is over
the limit. The files of callgrind stay in build/instructions, for callgrind_annotate.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workers import ROOT, Failed, development_server

WORKER = ROOT / "benchmarks/instructions_worker.py"
FOLDER = ROOT / "build/instructions"

# commits that limits were set for: this tree may take so many times their instructions
LIMITS = {"89b4388": 1.02, "a23b4d8": 1.04}
LIMIT = 1.02  # of any other


@dataclass(frozen=True)
class Lengths:
    """How often a call is made in the short run, and in the long one."""

    short: int
    long: int


# long enough that what differs from run to run is less than 0.3 % of the difference
CALLS = {
    "get": Lengths(100, 3100),
    "put": Lengths(100, 3100),
    "operate": Lengths(100, 3100),
    "batch_read of 100": Lengths(20, 170),
    "batch_read of 1000": Lengths(5, 35),
    "scan of 1000": Lengths(5, 35),
    "get in a loop": Lengths(100, 3100),
    "64 gets in a loop": Lengths(640, 12_800),
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


def build(name: str, commit: str) -> Tree:
    """A commit, unpacked and compiled unless it has been."""
    sha = output_of("git", "rev-parse", "--verify", f"{commit}^{{commit}}").strip()
    folder = FOLDER / sha[:12]
    unpack(sha, folder)
    output_of(sys.executable, "setup.py", "-q", "build_ext", "--inplace", cwd=folder)
    return Tree(name, folder, LIMITS.get(name, LIMIT))


class Counter:
    """Runs the worker with a tree, on its own or under callgrind."""

    def __init__(self, address: str, port: int) -> None:
        self.where = (address, str(port))

    def prepare(self, tree: Tree) -> set[str]:
        """Put the records, and leave compiled Python files for the runs to come; the
        calls that the tree has.
        """
        found, *calls = self._run(tree, (), "prepare", 0).splitlines()
        if not Path(found).is_relative_to(tree.folder):
            raise Failed(f"{tree.name}: the worker imported {found}")
        return set(calls)

    def per_call(self, tree: Tree, call: str) -> float:
        lengths = CALLS[call]
        few, many = (self._count(tree, call, n) for n in (lengths.short, lengths.long))
        return (many - few) / (lengths.long - lengths.short)

    def _count(self, tree: Tree, call: str, n_calls: int) -> int:
        """All instructions of a process that makes so many calls."""
        out = FOLDER / re.sub(r"[^\w.]+", "_", f"{call}.{tree.name}.{n_calls}.out")
        callgrind = ("--tool=callgrind", f"--callgrind-out-file={out}")
        self._run(tree, ("setarch", "-R", "valgrind", *callgrind), call, n_calls)
        total = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)
        if total is None:
            raise Failed(f"{out}: no totals in it")
        return int(total[1])

    def _run(self, tree: Tree, before: Sequence[str], call: str, n_calls: int) -> str:
        return output_of(
            *before,
            *(sys.executable, WORKER, *self.where, call, str(n_calls)),
            PYTHONPATH=str(tree.folder / "src"),
            PYTHONHASHSEED="0",
        )


def header(bases: Sequence[Tree]) -> str:
    limits = "".join(f"{f'{tree.name} <= {tree.limit}':>27}" for tree in bases)
    return f"{'instructions per call':22}{'this tree':>12}{limits}"


def row(call: str, ours: float, theirs: Sequence[tuple[float | None, Tree]]) -> str:
    cells = [f"{call:22}{ours:12,.0f}"]
    for count, tree in theirs:
        if count is None:
            cells.append(f"{'-':>14}{'':13}")
            continue
        verdict = "ok" if ours / count <= tree.limit else "over"
        cells.append(f"{count:14,.0f}{ours / count:8.3f} {verdict:4}")
    return "".join(cells).rstrip()


def compare(
    counter: Counter, calls: Sequence[str], ours: Tree, bases: Sequence[Tree]
) -> int:
    """Print a row for each call; return how many ratios are over their limits."""
    calls_of = {tree: counter.prepare(tree) for tree in (ours, *bases)}
    print(header(bases), flush=True)
    n_over = 0
    for call in calls:
        count = counter.per_call(ours, call)
        theirs = [
            (counter.per_call(tree, call) if call in calls_of[tree] else None, tree)
            for tree in bases
        ]
        print(row(call, count, theirs), flush=True)
        n_over += sum(
            count / other > tree.limit for other, tree in theirs if other is not None
        )
    return n_over


def arguments(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("calls", nargs="*", help=f"names or parts of: {', '.join(CALLS)}; default: all")
    add("--base", nargs="+", default=list(LIMITS), help="commits to compare with")
    return parser.parse_args(args)


def main(args: Sequence[str]) -> int:
    options = arguments(args)
    wanted = options.calls
    calls = [c for c in CALLS if not wanted or any(part in c for part in wanted)]
    try:
        bases = [build(name, name) for name in options.base]
        ours = build("this tree", commit_of_this_tree())
        with development_server() as hosts:
            n_over = compare(Counter(*hosts[0]), calls, ours, bases)
    except Failed as error:
        print(f"instructions: {error}", file=sys.stderr)
        return 1
    if n_over:
        print(f"{n_over} of the ratios are over their limits")
    return 1 if n_over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
