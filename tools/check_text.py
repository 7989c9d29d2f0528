"""Check what no other tool does: line ends, blanks and tabs in tracked text files.

    python tools/check_text.py [ROOT]

Rules: UTF-8, no carriage return, no blank at the end of a line, one line break at the
end of the file, no tab outside Makefiles, C lines at most 88 wide.

The Markdown pages outside test/ are also checked for plain English: they have no phrase
of PHRASES, and no sentence of more than LONGEST words. Blocks of code do not count, and
code in a line counts as one word. Tables are checked for phrases, not for length.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

WIDTH = 88
LONGEST = 40
SUFFIXES = {".c", ".h", ".py", ".pyi", ".sh", ".toml", ".md", ".in", ".rst", ".cfg"}
NAMES = {"Makefile", ".gitignore", "run"}
SKIPPED = {"build", "dist", "corpus", "__pycache__", "node_modules"}

# A phrase that a reader stumbles over -> what to write in its place. "^" stands for the
# beginning of a sentence or of a table's cell.
PHRASES = {
    # idioms that few readers know, and old words
    r"in work": "not supported yet",
    r"(?:tell|tells|told|telling) of": "say, show, list",
    r"as (?:it|they|he|she|we|you) (?:always|ever) (?:did|does|do)": "say what happens",
    r"works? as (?:it|they) did": "work unchanged",
    r"(?:come|comes|came) along": "is included",
    r"(?:come|comes|came) into question": "is possible",
    r"the other way (?:a)?round takes": "say who does what",
    r"knows? nothing of": "does not know, does not depend on",
    r"(?:nothing|none|no one|nobody) but": "only",
    r"(?:all|anything|everything) but": "all ... except",
    r"in silence": "silently",
    r"for good": "permanently",
    r"all the same": "still, also",
    r"after all": "still; leave it out",
    r"^besides": "also",
    r"^whoever": "say who: a program, the caller",
    r"(?:where|there|here)(?:of|in|by|to|upon|with|after)": "of it, in it, by it",
    r"(?:hence|henceforth|thus)": "so",
    r"hitherto": "until now",
    r"(?:whilst|amongst)": "while, among",
    r"lest": "so that ... not",
    r"(?:albeit|notwithstanding)": "although",
    # longer than what they say
    r"utili[sz](?:e|es|ed|ing|ation)": "use",
    r"in order (?:to|that)": "to, so that",
    r"it (?:should|must|has to|is to) be (?:noted|said)": "leave it out",
    r"(?:please )?note that": "leave it out",
    r"due to the fact that": "because",
    r"in case of": "if, when",
    r"with (?:regard|respect) to": "about, for",
    r"prior to": "before",
    r"(?:a|the) (?:majority|number) of times": "often",
    # sentences that do not begin with the subject
    r"^of (?:the|these|those|all|them|its)": "begin with the subject",
    r"^(?:so|nor|neither) (?:do|does|did|is|are|was|has|have|can|will|may|must)": (
        "repeat the verb: the subject first, then 'also' or 'not ... either'"
    ),
    r"^(?:never|rarely|seldom|only then) (?:do|does|did|is|are|was|has|have|can)": (
        "begin with the subject"
    ),
    r"^(?:should|had|were) (?:a|an|the|it|this|that|one|they|you)": "if ...",
}


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


# --- prose ---

FENCE = re.compile(r"^ *(```|:::|~~~)")
# a heading, a comment, a rule of dashes: between paragraphs, and no part of one
APART = re.compile(r"^ *(#+ |<!--|-{3,}$|={3,}$|\[[^]]+\]:)")
ITEM = re.compile(r"^ *(?:[-*+]|\d+[.)]) +")
CODE = re.compile(r"(`+).+?\1", re.DOTALL)
LINK = re.compile(r"\]\([^)]*\)")
CELL = re.compile(r"\|")
# the blanks between two sentences
SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[\"(A-Z`*\[])")
WORD = re.compile(r"[^\W_](?:[\w'-]*\w)?")


def one_word(match: re.Match[str]) -> str:
    """A word of the same length, with the same line breaks."""
    return re.sub(r"[^\n]", "X", match[0])


def no_word(match: re.Match[str]) -> str:
    """Signs of the same length, with the same line breaks."""
    return re.sub(r"[^\n]", "~", match[0])


def paragraphs(text: str) -> Iterator[tuple[int, str, bool]]:
    """First line, text, and whether it is a row of a table, of each piece of prose.

    The pieces keep their line breaks, so that a place in one has a line.
    """
    first, piece = 0, list[str]()
    in_code = False
    for number, line in enumerate([*text.split("\n"), ""], 1):
        is_fence = FENCE.match(line) is not None
        in_code ^= is_fence
        is_code = in_code or is_fence
        indented_code = line.startswith("    ") and not piece
        is_row = line.lstrip().startswith("|") and not is_code
        ends = is_code or is_row or indented_code or not line.strip()
        if piece and (ends or APART.match(line) or ITEM.match(line)):
            yield first, "\n".join(piece), False
            piece = []
        if is_row or (APART.match(line) and not is_code):
            yield number, line, True
        elif not ends:
            first = first if piece else number
            piece.append(ITEM.sub("", line))


def parts(piece: str, is_row: bool) -> Iterator[tuple[int, str]]:
    """Place and text of each cell of a row, or of each sentence of a paragraph."""
    start = 0
    for match in (CELL if is_row else SENTENCE).finditer(piece):
        yield start, piece[start : match.end()]
        start = match.end()
    yield start, piece[start:]


def phrase(pattern: str) -> re.Pattern[str]:
    """Of one of PHRASES: whole words, which may be in two lines."""
    words = pattern.removeprefix("^").replace(" ", r"\s+")
    head = r"^\W*" if pattern.startswith("^") else r"\b"
    return re.compile(rf"{head}({words})\b", re.IGNORECASE)


TURNS = [(phrase(pattern), instead) for pattern, instead in PHRASES.items()]


def check_prose(text: str) -> Iterator[tuple[int, str]]:
    """Line and message of what is not plain English in a Markdown page."""
    for first, raw, is_row in paragraphs(text):
        piece = LINK.sub(no_word, CODE.sub(one_word, raw))
        for start, part in parts(piece, is_row):
            for pattern, instead in TURNS:
                for match in pattern.finditer(part):
                    line = first + piece.count("\n", 0, start + match.start(1))
                    found = " ".join(match[1].split())
                    yield line, f'"{found}"; in plain words: {instead}'
            n_words = len(WORD.findall(part))
            if n_words > LONGEST and not is_row:
                line = first + piece.count("\n", 0, start)
                yield line, f"a sentence of {n_words} words, more than {LONGEST}"


def main(args: list[str]) -> int:
    root = Path(args[0] if args else Path(__file__).parent.parent)
    failed = 0
    for path in files(root):
        violations = list(check_file(path))
        is_page = path.suffix == ".md" and "test" not in path.relative_to(root).parts
        if is_page and not violations:
            violations = list(check_prose(path.read_text(encoding="utf-8")))
        for number, message in violations:
            print(f"{path.relative_to(root)}:{number}: {message}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
