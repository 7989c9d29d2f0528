"""Put the docstrings of the extension and of the exceptions into their stubs.

    python tools/stub_docs.py [--check]

An editor shows what a stub says, and a stub alone: without docstrings there, nobody
sees those of C. They are written once, where the code is; this copies them. What the
type AsyncClient has of Client's methods is copied, too, behind MARK. With --check it
changes nothing, and exits 1 when a stub is not up to date.
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

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

MARK = "    # what follows is as in Client: tools/stub_docs.py writes it"

PLAIN = {
    "_end_watch",
    "_extras",
    "_measure",
    "_metrics_policy",
    "_observe",
    "_stats",
    "_watch",
    "_who",
    "_check_open",
    "_check_valid",
    "_lua",
    "get_key_digest",
    "get_key_partition_id",
    "get_node_names",
    "get_nodes",
    "get_policies",
    "has_geo",
    "is_connected",
    "llist",
    "shm_key",
}
"""Methods of AsyncClient that are no coroutines."""


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


def class_of(text: str, name: str) -> ast.ClassDef | None:
    """A class of a stub."""
    found = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    return next((node for node in found if node.name == name), None)


def awaited(text: str, module: Any) -> str:
    """A stub in which AsyncClient has, behind MARK, what it has of Client's methods."""
    source, target = class_of(text, "Client"), class_of(text, "AsyncClient")
    if source is None or target is None:
        return text
    lines = text.splitlines()
    mark = lines.index(MARK, target.lineno)
    own = {getattr(node, "name", "") for node in target.body if node.lineno <= mark}
    made = [MARK]
    for node in source.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        if node.name in vars(module.AsyncClient) and node.name not in own:
            first, *rest = lines[node.lineno - 1 : node.end_lineno]
            is_plain = node.name in PLAIN
            made += [first if is_plain else first.replace("def", "async def", 1), *rest]
    lines[mark : target.end_lineno] = made
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the stubs, or check them."""
    stale = []
    for name in MODULES:
        path = SOURCES / (name.replace(".", "/") + ".pyi")
        text = path.read_text("utf-8")
        module = importlib.import_module(name)
        wanted = awaited(documented(text, module), module)
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
