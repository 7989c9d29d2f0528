"""The examples of the reference: examples/*.txt, found by the names of the objects.

A file begins with the name of a module, and what its examples have in common. Then
come the names in it, each with its example, which is indented. A comment behind an
expression tells its value:

    list_size
        client.operate(key, [lists.list_size("scores")]).bins
        # {'scores': 3}

test/doc/test_reference_examples.py runs all of them.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "examples"


class File(NamedTuple):
    """The examples of one module: what all of them need first, and each by its name."""

    module: str
    common: str
    examples: dict[str, str]


def read(path: Path) -> File:
    """Read a file of examples."""
    module, common = "", ""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines()):
        if line and not line.startswith((" ", "#")):
            lines = []
            if number == 0:
                module = line
                found[""] = lines
            else:
                assert line not in found, f"{path.name}:{number + 1}: {line} again"
                found[line] = lines
        elif not line.startswith("#"):
            lines.append(line)
    texts = {n: textwrap.dedent("\n".join(t)).strip("\n") for n, t in found.items()}
    common = texts.pop("", "")
    return File(module, common, texts)


FILES = [read(path) for path in sorted(FOLDER.glob("*.txt"))]

ALL = {
    f"{file.module}.{name}": text
    for file in FILES
    for name, text in file.examples.items()
}
"""Full name of an object -> its example."""
