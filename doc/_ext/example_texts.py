"""The examples of the reference: examples/*.txt, found by the names of the objects.

A file begins with the name of a module or class. What all its examples need first is
indented below. Then come the names in it, each with its example. A comment below an
expression is its value, or the exception that it raises:

    list_size
        client.operate(key, [lists.list_size("scores")]).bins
        # {'scores': 3}

One example may have several names, with spaces between them. A comment `# ?` is a value
that is not known yet; tools/write_examples.py fills it in.
test/doc/test_reference_examples.py runs all of them. awaited_examples.py makes those of
AsyncClient from Client's.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import pprint
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from awaited_examples import CLASSES, awaited

FOLDER = Path(__file__).resolve().parent / "examples"
WIDTH = 80


class File(NamedTuple):
    """The examples of one module: what all of them need first, and each by its name."""

    path: Path
    module: str
    common: str
    examples: dict[str, str]


def read(path: Path) -> File:
    """Read a file of examples."""
    first, *rest = path.read_text("utf-8").splitlines()
    parts: dict[str, list[str]] = {"": []}
    name = ""
    for number, line in enumerate(rest, 2):
        if line and not line.startswith(" "):
            name = line
            assert name not in parts, f"{path.name}:{number}: {name} again"
            parts[name] = []
        else:
            parts[name].append(line)
    texts = {n: textwrap.dedent("\n".join(t)).strip("\n") for n, t in parts.items()}
    return File(path, first, texts.pop(""), texts)


def write(file: File) -> None:
    """Write a file of examples."""
    parts = [file.module, _indented(file.common), ""]
    for name, text in file.examples.items():
        parts += [name, _indented(text), ""]
    file.path.write_text("\n".join(parts).rstrip("\n") + "\n", "utf-8")


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ")


@contextmanager
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs whatever an example awaits."""
    loop = asyncio.new_event_loop()
    try:
        yield loop
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def run(text: str, names: dict[str, Any], loop: asyncio.AbstractEventLoop) -> str:
    """Run an example; return it with the values in its comments as they are.

    An exception that no comment names is raised.

    :param names: what its lines see and change.
    :param loop: runs statements that await.
    """
    lines = text.splitlines()
    made: list[str] = []
    end = 0  # of what was copied
    for node in ast.parse(text).body:
        last = node.end_lineno or node.lineno
        comment = last
        while comment < len(lines) and lines[comment].startswith("#"):
            comment += 1
        made += lines[end:last]
        end = comment
        shown = lines[last:comment]
        try:
            value = _value(node, names, loop)
        except Exception as error:
            if not shown or not shown[0].startswith(("# raises", "# ?")):
                raise
            made.append(f"# raises {type(error).__name__}")
        else:
            if shown:
                said = pprint.pformat(value, width=WIDTH, sort_dicts=False)
                made += [f"# {line}" for line in said.splitlines()]
    return "\n".join([*made, *lines[end:]])


def _value(
    node: ast.stmt, names: dict[str, Any], loop: asyncio.AbstractEventLoop
) -> Any:
    """The value of a statement, None where it has none."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    if isinstance(node, ast.Expr):
        code = compile(ast.Expression(node.value), "<example>", "eval", flags)
    else:
        code = compile(ast.Module([node], []), "<example>", "exec", flags)
    value = eval(code, names)
    if code.co_flags & inspect.CO_COROUTINE:
        value = loop.run_until_complete(value)
    return value


def of_awaited(file: File) -> File:
    """The same examples, for the class that is awaited; no such file is written."""
    return File(
        file.path.with_stem(f"async_{file.path.stem}"),
        CLASSES[file.module],
        awaited(file.common),
        {name: awaited(text) for name, text in file.examples.items()},
    )


FILES = [read(path) for path in sorted(FOLDER.glob("*.txt"))]

AWAITED = [of_awaited(file) for file in FILES if file.module in CLASSES]

ALL = {
    f"{file.module}.{name}": text
    for file in (*FILES, *AWAITED)
    for names, text in file.examples.items()
    for name in names.split()
}
"""Full name of an object -> its example."""

COMMON = {file.path.stem: file.common for file in (*FILES, *AWAITED)}
"""Name of a file -> what all its examples need first."""
