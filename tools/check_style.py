"""Check two rules of style that no other tool knows.

    python tools/check_style.py [ROOT]

Conditionals: no conditional expression stands inside another, neither in C
(`a ? b : c`) nor in Python (`b if a else c`). Brackets around the inner one do not
help.

Sleeping: in the client's Python packages `time.sleep` stands in the blocking runner
alone, so that every other call can be awaited as well.

Prints one line for each violation and exits 1 if there is any.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from check_text import files
from reporting import report

CLIENT = (Path("src/aerospike"), Path("src/aerospike_helpers"))
BLOCKING_RUNNER = Path("src/aerospike/_calls/blocking.py")
# a thread without an event loop has nobody else whom a sleep could keep waiting
MAY_SLEEP = (BLOCKING_RUNNER, Path("src/aerospike/_loops.py"))
# the recorded cases and their runner, kept as they came
AS_THEY_CAME = Path("test/conformance")

NESTED = "a conditional expression inside another"
SLEEPS = f"only the blocking runner may sleep: {BLOCKING_RUNNER}"

COMMENT_OR_TEXT = re.compile(
    r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
# comparisons are tokens of their own, so that their "=" is not taken for an assignment
TOKEN = re.compile(
    r"\b(?:if|for|while|switch)\b|<<=|>>=|[=!<>]=|[-+*/%&|^]?=|[][(){}?:;,]"
)
CONTROL = {"if", "for", "while", "switch"}
COMPARISONS = {"==", "!=", "<=", ">="}


def blank(match: re.Match[str]) -> str:
    """As many blanks, in as many lines."""
    return re.sub(r"[^\n]", " ", match[0])


@dataclass
class Frame:
    """The expression at hand between two brackets, and what was seen of it."""

    is_control: bool = False  # the brackets of if, for, while, switch
    has_conditional: bool = False  # in the expression itself
    has_inner: bool = False  # in brackets that are part of it
    n_open: int = 0  # conditionals whose ":" is to come

    def begin(self) -> None:
        """Another expression begins."""
        self.has_conditional = self.has_inner = False
        self.n_open = 0


def nested_in_tokens(code: str, base: int) -> Iterator[int]:
    """Where conditionals stand inside others, as offsets; code begins at base.

    The code has neither comments nor strings nor directives.
    """
    frames = [Frame()]
    previous = ""
    for match in TOKEN.finditer(code):
        token, frame = match[0], frames[-1]
        if token == "?":
            if frame.has_inner or any(f.has_conditional for f in frames):
                yield base + match.start()
            frame.has_conditional = True
            frame.n_open += 1
        elif token == ":":
            frame.n_open = max(0, frame.n_open - 1)
        elif token in "([{":
            frames.append(Frame(token == "(" and previous in CONTROL))
        elif token in ")]}":
            closed = frames.pop() if len(frames) > 1 else frame
            outer = frames[-1]
            if closed.is_control or (token == "}" and not outer.has_conditional):
                outer.begin()
            else:
                outer.has_inner |= closed.has_conditional or closed.has_inner
        elif token == "," and frame.n_open > 0:
            pass  # between "?" and ":" a comma ends nothing
        elif token not in CONTROL and token not in COMPARISONS:
            frame.begin()  # after a comma, a semicolon, an assignment
        previous = token


def nested_in_c(text: str) -> list[int]:
    """The lines of conditional expressions inside others; a line may come twice."""
    code = COMMENT_OR_TEXT.sub(blank, text)
    # a macro's body is an expression of its own
    pieces = [(m[0], m.start()) for m in DIRECTIVE.finditer(code)]
    pieces.append((DIRECTIVE.sub(blank, code), 0))
    found = [at for piece in pieces for at in nested_in_tokens(*piece)]
    return sorted(text.count("\n", 0, at) + 1 for at in found)


def nested_in_python(text: str) -> list[int]:
    """The lines of conditional expressions inside others; each stands there once."""
    inner = {
        below
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.IfExp)
        for below in ast.walk(node)
        if isinstance(below, ast.IfExp) and below is not node
    }
    return sorted(node.lineno for node in inner)


NESTED_IN = {
    ".c": nested_in_c,
    ".h": nested_in_c,
    ".py": nested_in_python,
}


def nested(root: Path, where: Path) -> list[int]:
    """The lines of a file where a conditional expression stands inside another."""
    if where.suffix not in NESTED_IN or where.is_relative_to(AS_THEY_CAME):
        return []
    return NESTED_IN[where.suffix]((root / where).read_text(encoding="utf-8"))


def sleeps(text: str) -> list[int]:
    """The lines that name time.sleep, whatever the module is called there."""
    lines: list[int] = []
    nodes = list(ast.walk(ast.parse(text)))
    modules: set[str] = set()
    for node in nodes:
        match node:
            case ast.Import(names=names):
                modules |= {a.asname or a.name for a in names if a.name == "time"}
            case ast.ImportFrom(module="time", level=0, names=names):
                lines += [node.lineno for a in names if a.name in ("sleep", "*")]
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr="sleep"):
                lines += [node.lineno] if name in modules else []
    return sorted(lines)


def check_conditionals(root: Path) -> Iterator[str]:
    for path in files(root):
        where = path.relative_to(root)
        for line in nested(root, where):
            yield f"{where}:{line}: {NESTED}"


def check_sleeping(root: Path) -> Iterator[str]:
    for package in CLIENT:
        for path in sorted((root / package).rglob("*.py")):
            where = path.relative_to(root)
            if where not in MAY_SLEEP:
                for line in sleeps(path.read_text(encoding="utf-8")):
                    yield f"{where}:{line}: {SLEEPS}"


def violations(root: Path) -> list[str]:
    return [*check_conditionals(root), *check_sleeping(root)]


def main(args: list[str]) -> int:
    return report(violations, args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
