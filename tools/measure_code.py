"""Measure our own code, and hold some of the figures against limits.

    python tools/measure_code.py [--report] [ROOT]

What the columns count:

functions   their number, and lines from the name to the end: median, 90th percentile,
            longest; the share that is over 60 and over 100 lines long
files       number, lines, lines of the longest
comments    share of the lines that are not blank; of C: lines with only comment,
            and those with any; of Python: comments and docstrings
clones      share of the lines that stand in runs of eight which come twice in the
            part. Blanks, comments, includes, imports and lone brackets are left out
nested      conditional expressions inside others

Below the table: who includes whom among modules (x.c, x.h and asc/x.h are one), and
the files of the client that name an operation on lists outside comments: the most that
any operation has. The limit leaves out the two files with the methods of the 2.x line,
since a new operation gets no such method; the figure with them is printed too.

Exits 1 and says which when a limit is passed; with --report it only prints.
"""

from __future__ import annotations

import argparse
import ast
import math
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import check_layers
from check_style import COMMENT_OR_TEXT, nested

MAX_OVER_60 = 0.01  # share of the functions
MAX_CLONES = 0.01  # share of the lines
# Seven public functions have the same arguments as another. Each is written out, for
# help() and type checkers; what has fewer copies reads worse.
MAX_CLONES_OF = {"helpers": 0.016}
MAX_CYCLE = 1  # modules
MAX_NESTED = 0
MAX_FILES = 4  # of the client, for an operation on lists

RUN = 8  # equal lines in a row that are a clone
LIBRARY = "aerospike-client-c"
CORE = "src/aerospike/_core"
TLS = "src/aerospike/_tls"

# the parts and their files
PARTS = {
    "library .c": [f"{LIBRARY}/src/**/*.c"],
    "library .h": [f"{LIBRARY}/src/**/*.h", f"{LIBRARY}/include/**/*.h"],
    "extension .c": [f"{CORE}/**/*.c", f"{TLS}/**/*.c"],
    "extension .h": [f"{CORE}/**/*.h"],
    "all C": [f"{LIBRARY}/{d}/**/*.[ch]" for d in ("src", "include")]
    + [f"{CORE}/**/*.[ch]"],
    "C tests": [f"{LIBRARY}/test/**/*.[ch]"],
    "aerospike": ["src/aerospike/**/*.py"],
    "helpers": ["src/aerospike_helpers/**/*.py"],
    "devserver": ["src/aerospike_devserver/**/*.py"],
    "tests": ["test/**/*.py"],
    "tools": ["tools/**/*.py", "benchmarks/**/*.py"],
}
CLIENT = ("aerospike-client-c", "src/aerospike", "src/aerospike_helpers")
SUFFIXES = {".c", ".h", ".py", ".pyi"}
METHODS_OF_2X = (
    Path("src/aerospike/_direct.py"),
    Path("src/aerospike/_async_calls.py"),  # which names them for AsyncClient
)
LIST_OPERATIONS = Path("src/aerospike_helpers/operations/list_operations.py")

BLANKS = re.compile(r"\s+")
LONE_C = {"{", "}", "{}", "};", "else {", "} else {"}
LONE_PYTHON = {"(", ")", "[", "]", "{", "}"}


@dataclass(frozen=True)
class Function:
    """A function with a body: its first line, from 1 on, and how many it has."""

    line: int
    n_lines: int


@dataclass(frozen=True)
class Comments:
    """Lines that are not blank; of those, pure comment, and with any comment."""

    n_lines: int
    n_pure: int
    n_any: int


# --- C ----------------------------------------------------------------------------


def c_functions(text: str) -> list[Function]:
    """Functions as clang-format leaves them, with or without a macro for a head.

    A brace in the first column opens and closes nothing else. The head is the last
    line above the opening one that begins in the first column.
    """
    lines = text.split("\n")
    found = []
    for at, line in enumerate(lines):
        if line == "{":
            head = at - 1
            while lines[head].startswith((" ", "\t")):
                head -= 1
            end = lines.index("}", at)
            found.append(Function(head + 1, end - head + 1))
    return found


def marked(text: str, mark: str) -> str:
    """C in which each character of a comment is a mark; strings and lines stay."""

    def replace(match: re.Match[str]) -> str:
        is_comment = match[0].startswith("/")
        return re.sub(r"[^\n]", mark, match[0]) if is_comment else match[0]

    return COMMENT_OR_TEXT.sub(replace, text)


def c_comments(text: str) -> Comments:
    lines = [line for line in text.split("\n") if line.strip()]
    code = [line for line in marked(text, "\0").split("\n") if line.strip()]
    n_any = sum("\0" in line for line in code)
    n_pure = sum(not line.replace("\0", "").strip() for line in code)
    return Comments(len(lines), n_pure, n_any)


def c_lines(text: str) -> list[str]:
    """The lines that clones are made of, without blanks."""
    lines = (BLANKS.sub(" ", line).strip() for line in marked(text, "").split("\n"))
    return [
        line
        for line in lines
        if line and line not in LONE_C and not line.startswith("#include")
    ]


# --- Python -----------------------------------------------------------------------


def python_functions(text: str) -> list[Function]:
    """All functions, nested ones and methods too, without their decorators."""
    return [
        Function(node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def docstring_lines(text: str) -> set[int]:
    """The lines, from 1 on, of strings that stand as statements."""
    return {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def python_comments(text: str) -> Comments:
    docstrings = docstring_lines(text)
    lines = [(n, x) for n, x in enumerate(text.split("\n"), 1) if x.strip()]
    n_pure = sum(n in docstrings or x.lstrip().startswith("#") for n, x in lines)
    return Comments(len(lines), n_pure, n_pure)


def python_lines(text: str) -> list[str]:
    """The lines that clones are made of, without blanks."""
    lines = (BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return [
        line
        for line in lines
        if line
        and line not in LONE_PYTHON
        and not line.startswith(("#", "import ", "from "))
    ]


@dataclass(frozen=True)
class Language:
    """How the files of a language are measured."""

    functions: Callable[[str], list[Function]]
    comments: Callable[[str], Comments]
    lines: Callable[[str], list[str]]


C = Language(c_functions, c_comments, c_lines)
PYTHON = Language(python_functions, python_comments, python_lines)


# --- a part -----------------------------------------------------------------------


def n_cloned(files: Iterable[Sequence[str]], run: int = RUN) -> int:
    """How many lines stand in a run of so many that comes at least twice."""
    places: defaultdict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for number, lines in enumerate(files):
        for at in range(len(lines) - run + 1):
            places[tuple(lines[at : at + run])].append((number, at))
    cloned = {
        (number, line)
        for found in places.values()
        if len(found) > 1
        for number, at in found
        for line in range(at, at + run)
    }
    return len(cloned)


def percentile(values: Sequence[int], share: float) -> int:
    """The smallest value that so many are not above; 0 of none."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else 0


def share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


@dataclass(frozen=True)
class Part:
    """The figures of one part of the code."""

    name: str
    functions: list[int]  # lines of each
    files: list[int]  # lines of each
    comments: list[Comments]  # of each file
    clones: float
    n_nested: int

    def over(self, n_lines: int) -> float:
        """The share of functions that are longer than so many lines."""
        return share(sum(n > n_lines for n in self.functions), len(self.functions))

    def commented(self, count: Callable[[Comments], int]) -> float:
        """The share of lines, counted in each file."""
        whole = sum(c.n_lines for c in self.comments)
        return share(sum(map(count, self.comments)), whole)


def measure_part(root: Path, name: str, patterns: Iterable[str]) -> Part:
    paths = [p for pattern in patterns for p in sorted(root.glob(pattern))]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    language = PYTHON if paths and paths[0].suffix == ".py" else C
    lines = [language.lines(text) for text in texts]
    return Part(
        name=name,
        functions=[f.n_lines for text in texts for f in language.functions(text)],
        files=[len(text.splitlines()) for text in texts],
        comments=[language.comments(text) for text in texts],
        clones=share(n_cloned(lines), sum(map(len, lines))),
        n_nested=sum(len(nested(root, path.relative_to(root))) for path in paths),
    )


# --- modules ----------------------------------------------------------------------

Edges = set[tuple[str, str]]


def module_of(tree: check_layers.Tree, path: Path) -> str:
    """A name for x.c, x.h and asc/x.h together."""
    if path.is_relative_to(check_layers.PUBLIC):
        homes = [p for p in tree.private if p.stem == path.stem]
        path = min(homes, default=path)
    return str(path.with_suffix(""))


def include_edges(tree: check_layers.Tree) -> Edges:
    """Who includes whom, among modules."""
    edges = {
        (module_of(tree, path), module_of(tree, include.target))
        for path, includes in tree.includes.items()
        for include in includes
        if include.target is not None
    }
    return {(a, b) for a, b in edges if a != b}


def reachable(edges: Edges) -> dict[str, set[str]]:
    """What each module includes, directly or by way of others."""
    direct: defaultdict[str, set[str]] = defaultdict(set)
    for a, b in edges:
        direct[a].add(b)
    reached: dict[str, set[str]] = {}
    for start in list(direct):
        todo, seen = list(direct[start]), set(direct[start])
        while todo:
            new = direct.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        reached[start] = seen
    return reached


def largest_cycle(edges: Edges) -> list[str]:
    """The largest set of modules that all include each other; [] of none."""
    reached = reachable(edges)
    cycles = [
        [b for b in below if a in reached.get(b, ())] for a, below in reached.items()
    ]
    largest: list[str] = max(cycles, key=len, default=[])
    return sorted(largest)


# --- operations -------------------------------------------------------------------


def words(path: Path) -> set[str]:
    """The words of a file that stand outside its comments and docstrings."""
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".c", ".h"):
        return set(re.findall(r"\w+", marked(text, " ")))
    comments = docstring_lines(text)
    return {
        word
        for number, line in enumerate(text.split("\n"), 1)
        if number not in comments
        for word in re.findall(r"\w+", line.partition("#")[0])
    }


def files_of_operations(root: Path) -> dict[str, list[Path]]:
    """For each operation on lists, the files of the client that name it.

    Its name is that of the helper and of the method, or of the constant.
    """
    paths = [p for folder in CLIENT for p in sorted((root / folder).rglob("*"))]
    found = {
        path.relative_to(root): words(path)
        for path in paths
        if path.suffix in SUFFIXES and not path.is_relative_to(root / LIBRARY / "test")
    }
    helpers = (root / LIST_OPERATIONS).read_text(encoding="utf-8")
    operations = re.findall(r"^def (list_\w+)\(", helpers, re.MULTILINE)
    return {
        name: [
            path
            for path, names in found.items()
            if not names.isdisjoint({name, f"OP_{name.upper()}"})
        ]
        for name in operations
    }


# --- all together -----------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """Everything that is printed."""

    parts: list[Part]
    edges: Edges
    cycle: list[str]  # the largest; [] where no two modules include each other
    operation: str  # the one that most files of the client name
    files: list[Path]  # those, without METHODS_OF_2X
    n_with_method: int  # the most that any operation has, that file included


def measure(root: Path) -> Figures:
    edges = include_edges(check_layers.Tree(root))
    operations = files_of_operations(root)
    without = {
        name: [path for path in paths if path not in METHODS_OF_2X]
        for name, paths in operations.items()
    }
    worst, files = max(without.items(), key=lambda item: len(item[1]))
    return Figures(
        parts=[measure_part(root, name, globs) for name, globs in PARTS.items()],
        edges=edges,
        cycle=largest_cycle(edges),
        operation=worst,
        files=files,
        n_with_method=max(map(len, operations.values())),
    )


def passed_limits(figures: Figures) -> list[str]:
    """One line for each limit that is passed."""
    rows: list[tuple[str, float, float, str]] = []  # what, how much, limit, format
    for part in figures.parts:
        over = part.over(60)
        max_clones = MAX_CLONES_OF.get(part.name, MAX_CLONES)
        rows += [
            (f"{part.name}: functions over 60 lines", over, MAX_OVER_60, ".1%"),
            (f"{part.name}: clones", part.clones, max_clones, ".1%"),
            (f"{part.name}: nested conditionals", part.n_nested, MAX_NESTED, ""),
        ]
    n_files = len(figures.files)
    rows += [
        ("modules in one cycle", len(figures.cycle), MAX_CYCLE, ""),
        (f"files of the operation {figures.operation}", n_files, MAX_FILES, ""),
    ]
    return [
        f"{what}: {format(value, form)}, the limit is {format(limit, form)}"
        for what, value, limit, form in rows
        if value > limit
    ]


HEADER = (
    f"{'':13}{'functions':>9}{'med':>5}{'p90':>4}{'max':>5}{'>60':>6}{'>100':>6}"
    f"{'files':>7}{'lines':>7}{'max':>6}{'comments':>11}{'clones':>8}{'nested':>7}"
)


def row_of(part: Part) -> str:
    lengths = part.functions
    pure, some = (part.commented(f) for f in (lambda c: c.n_pure, lambda c: c.n_any))
    return (
        f"{part.name:13}{len(lengths):9}{statistics.median(lengths or [0]):5g}"
        f"{percentile(lengths, 0.9):4}{max(lengths, default=0):5}"
        f"{part.over(60):6.1%}{part.over(100):6.1%}{len(part.files):7}"
        f"{sum(part.files):7}{max(part.files, default=0):6}{pure:6.1%}{some:5.0%}"
        f"{part.clones:8.1%}{part.n_nested:7}"
    )


def among(edges: Edges, source: str, target: str) -> int:
    """How many edges lead from one folder to the other."""
    return sum(a.startswith(source) and b.startswith(target) for a, b in edges)


def report(figures: Figures) -> None:
    print(HEADER)
    for part in figures.parts:
        print(row_of(part))
    edges = figures.edges
    print(
        f"\nincludes: {among(edges, LIBRARY, LIBRARY)} in the library, "
        f"{among(edges, CORE, CORE)} in the extension, "
        f"{among(edges, CORE, LIBRARY)} from the extension to the library\n"
        f"largest cycle: {max(1, len(figures.cycle))} "
        f"{' '.join(figures.cycle)}".rstrip()
    )
    print(
        f"files of an operation on lists: at most {len(figures.files)} "
        f"({figures.operation}: {', '.join(map(str, figures.files))}); "
        f"{figures.n_with_method} with a method of the 2.x line"
    )


def main(args: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--report", action="store_true", help="print, and exit 0")
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).parents[1])
    options = parser.parse_args(args)
    figures = measure(options.root)
    report(figures)
    passed = passed_limits(figures)
    for message in passed:
        print(message)
    return 1 if passed and not options.report else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
