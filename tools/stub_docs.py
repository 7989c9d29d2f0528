"""Put the docstrings of the extension and of the exceptions into their stubs.

    python tools/stub_docs.py [--check]

An editor shows what a stub says, and a stub alone: without docstrings there, nobody
sees those of C. They are written once, where the code is; this copies them. With
--check it changes nothing, and exits 1 when a stub is not up to date.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parents[1] / "src"
MODULES = ["aerospike._core", "aerospike.exception"]

Definition = ast.FunctionDef | ast.ClassDef


def definitions(body: list[ast.stmt], owner: Any) -> Iterator[tuple[Definition, Any]]:
    """Each public class and function of a stub, with what it is at run time."""
    for node in body:
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        found = vars(owner).get(node.name)
        yield node, found
        if isinstance(node, ast.ClassDef):
            yield from definitions(node.body, found)


def quoted(text: str, indent: str) -> list[str]:
    """The lines of a docstring."""
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    escaped += " " if escaped.endswith('"') else ""
    first, *rest = escaped.splitlines()
    lines = [f'{indent}"""{first}', *(f"{indent}{line}".rstrip() for line in rest)]
    lines[-1] += '"""' if not rest else ""
    return lines if not rest else [*lines, f'{indent}"""']


def documented(text: str, module: Any) -> str:
    """A stub with the docstrings of its module, in place of those it has."""
    lines = text.splitlines()
    # from the end on, so that the lines before stay where the tree says they are
    nodes = list(definitions(ast.parse(text).body, module))
    for node, found in sorted(nodes, key=lambda pair: -pair[0].lineno):
        doc = inspect.getdoc(found)
        own = doc is not None and getattr(found, "__doc__", None) is not None
        body = node.body[0]
        decorators = getattr(body, "decorator_list", [])
        begin = min(each.lineno for each in (body, *decorators)) - 1
        end = body.end_lineno or body.lineno
        is_doc = ast.get_docstring(node) is not None
        is_empty = is_doc or ast.unparse(body) == "..."
        added = quoted(doc, " " * (node.col_offset + 4)) if doc and own else []
        if not is_empty:
            lines[begin:begin] = added
        elif is_doc:
            rest = node.body[1:]
            lines[begin:end] = added or ([] if rest else ["..."])
        elif added:
            header = lines[begin][: body.col_offset].rstrip()
            lines[begin:end] = [header, *added]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the stubs, or check them."""
    stale = []
    for name in MODULES:
        path = SOURCES / (name.replace(".", "/") + ".pyi")
        text = path.read_text("utf-8")
        wanted = documented(text, importlib.import_module(name))
        if wanted != text:
            stale.append(path.name)
            if "--check" not in sys.argv[1:]:
                path.write_text(wanted, "utf-8")
    if stale and "--check" in sys.argv[1:]:
        print(f"stubs without today's docstrings: {', '.join(stale)}")
        print("run: python tools/stub_docs.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
