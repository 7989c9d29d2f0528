"""Prove that the extension owns what Python code could take away from it.

    python tools/check_borrowed.py [ROOT]

What comes out of a dict, a list or a bytearray without a reference of one's own is gone
as soon as Python code runs: a comparison, a truth, a property, pickling, the end of an
object, another thread. So look-ups that borrow are refused (`PyDict_GetItemRef` is the
way), and what borrows by nature needs a comment that says why it is safe, in the same
statement or right above it:

    while (PyDict_Next(dict, &at, &key, &value)) { /* borrowed: nothing runs here */

Prints one line for each violation and exits 1 if there is any.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from reporting import report

CORE = Path("src/aerospike/_core")
# makes of them, in older Pythons, what takes their place
COMPAT = CORE / "support/compat.h"

REFUSED = {
    "PyDict_GetItem": "PyDict_GetItemRef",
    "PyDict_GetItemWithError": "PyDict_GetItemRef",
    "PyDict_GetItemString": "PyDict_GetItemStringRef",
    "PyDict_SetDefault": "PyDict_SetDefaultRef",
    "PyList_GetItem": "PyList_GetItemRef",
    "PyWeakref_GetObject": "PyWeakref_GetRef",
    "PyWeakref_GET_OBJECT": "PyWeakref_GetRef",
}
BORROWING = re.compile(
    r"\b(PyDict_Next|Py\w+_GET_ITEM|PyTuple_GetItem|PySequence_Fast_ITEMS"
    r"|PyByteArray_AS_STRING|PyByteArray_AsString)\b"
)
NAME = re.compile(r"\b_?Py\w+\b")
COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
REASON = re.compile(r"/\*\s*borrowed: \S.*?\*/", re.DOTALL)


def blanked(text: str) -> str:
    """The code without comments and strings, in the same lines."""
    return COMMENT_OR_TEXT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def reasons(text: str) -> set[int]:
    """The lines, from 0 on, of comments that begin with "borrowed:"."""
    lines: set[int] = set()
    for match in REASON.finditer(text):
        first = text.count("\n", 0, match.start())
        lines.update(range(first, first + match[0].count("\n") + 1))
    return lines


def statement(code: list[str], line: int) -> range:
    """The lines of the statement at a line; comments above it are among them."""

    def ends(text: str) -> bool:
        return text.rstrip().endswith((";", "{", "}", ":")) or text.startswith("#")

    first = last = line
    while first > 0 and not ends(code[first - 1]):
        first -= 1
    while last + 1 < len(code) and not ends(code[last]):
        last += 1
    return range(first, last + 1)


def check_file(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """Line, from 1 on, and message of each violation."""
    code, explained = blanked(text).split("\n"), reasons(text)
    for number, line in enumerate(code):
        for name in NAME.findall(line):
            is_refused = name.removeprefix("_") in REFUSED
            if is_refused and path != COMPAT:
                yield number + 1, f"{name} borrows: {REFUSED[name.lstrip('_')]} owns"
            elif (is_refused or BORROWING.fullmatch(name)) and explained.isdisjoint(
                statement(code, number)
            ):
                yield number + 1, f'{name} without a comment "borrowed: why it is safe"'


def violations(root: Path) -> Iterator[str]:
    for path in sorted((root / CORE).rglob("*.[ch]")):
        where = path.relative_to(root)
        for line, message in check_file(where, path.read_text(encoding="utf-8")):
            yield f"{where}:{line}: {message}"


def main(args: list[str]) -> int:
    return report(violations, args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
