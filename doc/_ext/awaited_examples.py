"""Examples of the classes that wait, turned into those of classes that are awaited.

A method of AsyncClient has the name, the arguments and the result of Client's. So its
example is Client's, with `await` in front of what is awaited. For instance,
`client.get(key).bins` becomes `(await client.get(key)).bins`.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import aerospike
from aerospike import _core
from aerospike._direct import DirectMethods

CLASSES = {
    "aerospike.Client": "aerospike.AsyncClient",
    "aerospike.Query": "aerospike.AsyncQuery",
    "aerospike.Scan": "aerospike.AsyncScan",
}
"""Class that waits -> class with the same methods, which are awaited."""

VARIABLES: dict[str, type] = {
    "client": aerospike.AsyncClient,
    "ann": aerospike.AsyncClient,
    "query": aerospike.AsyncQuery,
    "scan": aerospike.AsyncScan,
}
"""Names in the examples, and methods of a client -> what they give."""

MAKERS = {
    "aerospike.client": "aerospike.AsyncClient",
    "aerospike.Client.from_url": "aerospike.AsyncClient.from_url",
    "aerospike.Client.from_env": "aerospike.AsyncClient.from_env",
}
"""What makes a client -> what makes one for event loops, which has yet to connect."""

Edit = tuple[int, int, int, str]
"""Line from 1, first column and column behind the last one, in bytes; text."""


@cache
def _coroutines_of_stub() -> frozenset[str]:
    """The methods in C that are awaited."""
    path = Path(_core.__file__).parent / "_core.pyi"
    (found,) = (
        node
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == "AsyncClient"
    )
    return frozenset(n.name for n in found.body if isinstance(n, ast.AsyncFunctionDef))


def is_awaited(cls: type, name: str) -> bool:
    """Whether what a method of one of the classes returns is awaited."""
    if inspect.iscoroutinefunction(getattr(cls, name)):
        return True
    is_client = issubclass(cls, aerospike.AsyncClient)
    # DirectMethods hand on what a method in C returns
    return is_client and (name in _coroutines_of_stub() or name in vars(DirectMethods))


def _class_of(node: ast.expr) -> type | None:
    """The class of what an expression gives, where it is one of those."""
    match node:
        case ast.Name(id=name):
            return VARIABLES.get(name)
        case ast.Call(func=ast.Attribute(value=owner, attr=name)):
            is_client = _class_of(owner) is aerospike.AsyncClient
            return VARIABLES.get(name) if is_client else None
    return None


def _edits_of_call(call: ast.Call, is_part: bool) -> Iterator[Edit]:
    """What changes in a call. is_part: an attribute or item of its result is taken."""
    end = call.end_lineno or 0, call.end_col_offset or 0
    function = ast.unparse(call.func)
    if function in MAKERS:
        behind = call.func.end_col_offset or 0
        maker = f"await {MAKERS[function]}"
        yield call.lineno, call.col_offset, behind, maker
        yield end[0], end[1], end[1], ".connect()"
    elif isinstance(call.func, ast.Attribute):
        cls = _class_of(call.func.value)
        if cls is not None and is_awaited(cls, call.func.attr):
            bracket = "(" if is_part else ""
            yield call.lineno, call.col_offset, call.col_offset, f"{bracket}await "
            if is_part:
                yield end[0], end[1], end[1], ")"


def _edits(tree: ast.AST) -> Iterator[Edit]:
    parts = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Subscript)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _edits_of_call(node, id(node) in parts)
        elif isinstance(node, ast.comprehension) and _is_stream(node.iter):
            at = node.target.col_offset - len("for ")
            yield node.target.lineno, at, at, "async "


def _is_stream(node: ast.expr) -> bool:
    return ast.unparse(node).endswith(".stream()")


def awaited(text: str) -> str:
    """An example of a class that waits, as one of the class that is awaited."""
    lines = [line.encode() for line in text.split("\n")]
    for number, start, end, changed in sorted(_edits(ast.parse(text)), reverse=True):
        line = lines[number - 1]
        lines[number - 1] = line[:start] + changed.encode() + line[end:]
    return "\n".join(line.decode() for line in lines)
