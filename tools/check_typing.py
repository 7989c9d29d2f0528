"""Type checkers must find each mistake of test/typing/mistakes.py, and no other.

    python tools/check_typing.py

Runs mypy and pyright, both strict, in an application's place: they see the installed
package, with its stubs. Exits 1 with a line for each mistake that one of them has not
found, and for each complaint about a line that is right.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "test/typing"
FILES = [
    FOLDER / name for name in ("good.py", "loops.py", "mistakes.py", "programs.py")
]
MARK = "# wrong"

# file name and line, and what is said of it
Complaint = tuple[str, int, str]


def planted() -> set[tuple[str, int]]:
    """File name and number of each line that has a mistake."""
    return {
        (path.name, number)
        for path in FILES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if line.endswith(MARK)
    }


def output_of(*command: str | Path) -> str:
    """What a checker prints. Its exit code says nothing: there are mistakes."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=FOLDER,
    )
    if not done.stdout:
        raise SystemExit(f"check_typing: {command[0]} says nothing: {done.stderr}")
    return done.stdout


def mypy() -> Iterator[Complaint]:
    """What mypy says."""
    options = ["--strict", "--python-version=3.10", "--config-file=", "--no-pretty"]
    for line in output_of("mypy", *options, *FILES).splitlines():
        match = re.match(r"(?:.*/)?(\w+\.pyi?):(\d+): error: (.*)", line)
        if match:
            yield match[1], int(match[2]), match[3]


def pyright() -> Iterator[Complaint]:
    """What pyright says."""
    options = ["--outputjson", "--pythonpath", sys.executable, "-p", str(FOLDER)]
    report = json.loads(output_of("pyright", *options))
    for each in report["generalDiagnostics"]:
        line = each["range"]["start"]["line"] + 1
        yield Path(each["file"]).name, line, each["message"].splitlines()[0]


def judge(name: str, check: Callable[[], Iterator[Complaint]]) -> list[str]:
    """What a checker has missed, and what it should not have said."""
    complaints = list(check())
    wanted, found = planted(), {(file, line) for file, line, _ in complaints}
    missed = [f"{file}:{line}: {name} misses it" for file, line in wanted - found]
    return missed + [
        f"{file}:{line}: {name}: {text}"
        for file, line, text in complaints
        if (file, line) not in wanted
    ]


def main() -> int:
    """Run both."""
    wrong = judge("mypy", mypy) + judge("pyright", pyright)
    print("\n".join(sorted(wrong)) or f"typing: {len(planted())} mistakes found")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
