"""Check the style of all English in the repository with proselint.

    python tools/check_prose.py [ROOT]

The English is the prose of the Markdown pages, and in Python and C the comments and
the texts of at least FEWEST words: docstrings, messages, the tables of doc/_ext. Code
in it does not count.

Texts and comments in Python also have no phrase of PHRASES in check_text.py.

Prints one line for each violation and exits 1 if there is any.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import textwrap
import tokenize
from collections.abc import Iterator
from pathlib import Path

from proselint.checks import __register__
from proselint.config import Config
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

from check_text import CODE, LINK, TURNS, files, no_word, paragraphs
from reporting import report

FEWEST = 4
# what to look for: each finds true faults here, and hardly anything else
CHECKS = {
    "archaism": True,
    "lexical_illusions": True,
    "malapropisms": True,
    "mondegreens": True,
    "needless_variants": True,
    "nonwords": True,
    "redundancy": True,
    "terms": True,
}
# check_text.py looks at the pages
PYTHON = {".py", ".pyi"}
LISTS_PHRASES = Path("tools/check_text.py")
# tests send such texts on purpose
SKIPPED = {"test"}

# between two pieces of prose, so that no phrase goes from one to the next
GAP = "~"
C_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
# what stands around the words of a comment
MARGIN = re.compile(r"^[ \t]*(?:/?\*+/?|//|#+:?)?|\*/[ \t]*$", re.MULTILINE)
# proselint takes what stands between two of them for somebody else's words
QUOTE = re.compile(r"\"|\B'|'\B")
PLACE = re.compile(r"\{[^{}]*\}")
# roles, names of programs, places for values
NAME = re.compile(
    r":[\w:]+:`[^`]*`|\w*_\w*|\b\d+\b|\b[A-Z]{2,}\b|\{[^{}\n]*\}|%[a-z]|\\[nt0]"
)


def prose_of_page(text: str) -> Iterator[tuple[int, str]]:
    for first, piece, _ in paragraphs(text):
        yield first, LINK.sub(no_word, CODE.sub(no_word, piece))


def behind(code: str) -> str:
    """What parts a text from the line before, if there is code in front of it."""
    return f"{GAP} " if code.strip() else ""


def is_prose(literal: str) -> bool:
    """Whether a literal has several words, and is no program."""
    if len(literal.split()) < FEWEST:
        return False
    try:
        program = PLACE.sub("x", literal.strip("rbfRBF\"'"))
        ast.parse(textwrap.dedent(program))
    except (SyntaxError, ValueError):
        return True
    return False


def prose_of_python(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or (
            token.type == tokenize.STRING and is_prose(token.string)
        ):
            line, column = token.start
            yield line, behind(token.line[:column]) + token.string


def prose_of_c(text: str) -> Iterator[tuple[int, str]]:
    for match in C_TEXT.finditer(text):
        if match[0][0] == "/" or len(match[0].split()) >= FEWEST:
            start = match.start()
            code = text[text.rfind("\n", 0, start) + 1 : start]
            yield text.count("\n", 0, start) + 1, behind(code) + match[0]


PROSE_OF = {
    ".md": prose_of_page,
    ".py": prose_of_python,
    ".pyi": prose_of_python,
    ".c": prose_of_c,
    ".h": prose_of_c,
}


def prose(path: Path) -> str:
    """The English of a file, each word in its own line; GAP where there is none."""
    text = path.read_text(encoding="utf-8")
    lines = [GAP] * (text.count("\n") + 1)
    for first, piece in PROSE_OF[path.suffix](text):
        piece = QUOTE.sub("|", NAME.sub(no_word, CODE.sub(no_word, piece)))
        piece = MARGIN.sub("", piece)
        for number, line in enumerate(piece.split("\n"), first):
            # a comment behind code, or two texts in one line
            before = lines[number - 1]
            lines[number - 1] = (
                line if before == GAP else f"{before} {GAP} {line}"
            ) or GAP
    return "\n".join(lines)


def turns(text: str) -> Iterator[tuple[int, str]]:
    """Line and message of each phrase of check_text.PHRASES inside of a sentence."""
    for pattern, instead in TURNS:
        # a place at the beginning of a line says nothing about sentences here
        if not pattern.pattern.startswith("^"):
            for match in pattern.finditer(text):
                found = " ".join(match[1].split())
                line = text.count("\n", 0, match.start(1)) + 1
                yield line, f'"{found}"; in plain words: {instead}'


def violations(root: Path) -> Iterator[str]:
    registry = CheckRegistry()
    if not registry.checks:
        registry.register_many(__register__)
    config: Config = {"max_errors": 1000, "checks": CHECKS}
    for path in files(root):
        where = path.relative_to(root)
        if path.suffix not in PROSE_OF or not SKIPPED.isdisjoint(where.parts):
            continue
        text = prose(path)
        for found in LintFile(str(where), text).lint(config):
            message = " ".join(found.check_result.message.split())
            yield f"{where}:{found.pos[0]}: {message}"
        if path.suffix in PYTHON and where != LISTS_PHRASES:
            for line, message in turns(text):
                yield f"{where}:{line}: {message}"


def main(args: list[str]) -> int:
    return report(violations, args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
