"""Check what no other tool does: line ends, blanks and tabs in tracked text files.

    python tools/check_text.py [ROOT]

Rules: UTF-8, no carriage return, no blank at the end of a line, one line break at the
end of the file, no tab outside Makefiles, C lines at most 88 wide.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

WIDTH = 88
SUFFIXES = {".c", ".h", ".py", ".pyi", ".sh", ".toml", ".md", ".in", ".rst", ".cfg"}
NAMES = {"Makefile", ".gitignore", "run"}
SKIPPED = {"build", "dist", "corpus", "__pycache__", "node_modules"}


def files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED and (name == ".ci" or not name.startswith("."))
        )
        for name in sorted(names):
            if name in NAMES or Path(name).suffix in SUFFIXES:
                yield Path(folder, name)


def check_file(path: Path) -> Iterator[tuple[int, str]]:
    """Line and message of each violation."""
    data = path.read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        yield data.count(b"\n", 0, error.start) + 1, "not UTF-8"
        return
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if "\r" in line:
            yield number, "carriage return"
        elif line != line.rstrip():
            yield number, "blank at the end of the line"
        if "\t" in line and path.name != "Makefile":
            yield number, "tab"
        if path.suffix in (".c", ".h") and len(line) > WIDTH:
            yield number, f"{len(line)} characters wide, more than {WIDTH}"
    if text and (lines[-1] or (len(lines) > 1 and not lines[-2])):
        yield len(lines), "the file must end in one line break"


def main(args: list[str]) -> int:
    root = Path(args[0] if args else Path(__file__).parent.parent)
    failed = 0
    for path in files(root):
        for number, message in check_file(path):
            print(f"{path.relative_to(root)}:{number}: {message}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
