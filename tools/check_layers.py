"""Prove the order of the layers from #include lines and Python imports.

    python tools/check_layers.py [ROOT]

Prints one line for each violation and exits 1 if there is any. The rules are in
CONTRIBUTING.md; each function here checks one and says which in its docstring.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from reporting import report

LAYERS = ("base", "wire", "net", "tls", "topology", "cluster", "command")
# beside topology, and in a library of its own: the others do not know it
APART = "tls"
PUBLIC = Path("aerospike-client-c/include")
PRIVATE = Path("aerospike-client-c/src")
CORE = Path("src/aerospike/_core")
TLS_MODULE = Path("src/aerospike/_tls")
CLIENT = ("aerospike", "aerospike_helpers")
SERVER = ("aerospike_devserver",)
# what functions in Lua may call: for the client's half of an aggregation and the server
LUA = ("aerospike_lua",)
# gives tests a server and a client: pytest loads it, and the server does not
PLUGIN = Path("src/aerospike_devserver/pytest_plugin.py")

# the extension, from the ground up: a file may include its own place and the rows
# before it, not another place of its row. A place is a folder, or a file beside the
# folders. Operations stand above options, which check their times to live
CORE_ORDER = (
    ("support",),
    ("values",),
    ("options",),
    ("operations", "expressions"),
    ("clients",),
    ("loop",),
    ("transactions",),
    ("record", "batch", "query", "nodes"),
    ("client_type.c",),
    ("module.c",),
)
_CORE_ROWS = {name: row for row, names in enumerate(CORE_ORDER) for name in names}

# the development server, from the ground up: a module may import its own place and
# the rows before its own, not another place of its row. A place is a module or a folder
SERVER_ORDER = (
    ("result", "version", "clock", "ownership", "tls", "texts", "loading"),
    ("support",),
    ("config",),
    ("values",),
    ("codec",),
    ("storage", "operations"),
    ("operations.cdt",),
    ("operations.strings", "operations.hll"),
    ("expressions", "session", "reply"),
    ("handlers", "request_log", "faults"),
    ("handlers.admin", "handlers.udf"),
    ("handlers.record",),
    ("handlers.query",),
    ("handlers.info",),
    ("dispatch", "transport", "seeding"),
    ("cluster", "compatibility"),
    ("proxy",),
    ("", "cli", "pytest_plugin"),
    ("__main__",),
)
_SERVER_ROWS = {name: row for row, names in enumerate(SERVER_ORDER) for name in names}

# where no two modules may include each other
WITHOUT_CIRCLES = (PUBLIC, PRIVATE, CORE)

T = TypeVar("T")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


@dataclass(frozen=True)
class Include:
    """One #include line: who includes what, and where the target is in this tree."""

    source: Path
    line: int
    name: str
    is_quoted: bool
    target: Path | None  # None: a header of the system, or missing


class Tree:
    """All C files of a checkout and what they include, paths relative to its root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.public = self._files(PUBLIC)
        self.private = self._files(PRIVATE)
        self.core = self._files(CORE)
        self.tls_module = self._files(TLS_MODULE)
        self.includes = {
            path: list(self._read(path))
            for path in [*self.public, *self.private, *self.core, *self.tls_module]
        }

    def _files(self, folder: Path) -> list[Path]:
        found = (self.root / folder).rglob("*.[ch]")
        return sorted(path.relative_to(self.root) for path in found)

    def _read(self, path: Path) -> Iterator[Include]:
        text = (self.root / path).read_text(encoding="utf-8")
        # comments go, their line breaks stay: line numbers hold
        text = COMMENT.sub(lambda m: "\n" * m[0].count("\n"), text)
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            target = self._resolve(path, match[2])
            yield Include(path, line, match[2], match[1] == '"', target)

    def _resolve(self, source: Path, name: str) -> Path | None:
        for folder in (source.parent, PUBLIC, PRIVATE, CORE):
            candidate = folder / name
            if ".." not in candidate.parts and (self.root / candidate).is_file():
                return candidate
        return None

    def layer(self, path: Path) -> int:
        """The layer of a file of the library, as an index into LAYERS.

        A public header asc/x.h stands where src/LAYER/x.c stands; one without such
        a file stands as high as the highest header that it includes.
        """
        if path.is_relative_to(PRIVATE):
            name = path.relative_to(PRIVATE).parts[0]
            return LAYERS.index(name) if name in LAYERS else len(LAYERS)
        return self._public_layer(path, set())

    def module(self, path: Path) -> str:
        """The name of a file's module: x.c with its x.h, and with asc/x.h if any."""
        if path.is_relative_to(PUBLIC):
            path = next((p for p in self.private if p.stem == path.stem), path)
        for folder in (PUBLIC, PRIVATE, CORE):
            if path.is_relative_to(folder):
                path = path.relative_to(folder)
        return str(path.with_suffix(""))

    def _public_layer(self, path: Path, seen: set[Path]) -> int:
        for number, name in enumerate(LAYERS):
            if (self.root / PRIVATE / name / f"{path.stem}.c").is_file():
                return number
        seen.add(path)
        below = (i.target for i in self.includes[path])
        return max(
            (
                self._public_layer(target, seen)
                for target in below
                if target in self.includes
                and target.is_relative_to(PUBLIC)
                and target not in seen
            ),
            default=0,
        )


def at(include: Include, message: str) -> str:
    return f"{include.source}:{include.line}: {message}"


def check_library_order(tree: Tree) -> Iterator[str]:
    """Each folder of LAYERS includes itself and those before it, nothing above."""
    for path in [*tree.private, *tree.public]:
        if path.is_relative_to(PRIVATE):
            parts = path.relative_to(PRIVATE).parts
            if len(parts) != 2 or parts[0] not in LAYERS:
                yield f"{path}: not in one of the folders {', '.join(LAYERS)}"
                continue
        own = tree.layer(path)
        for include in tree.includes[path]:
            target = include.target
            if target not in tree.public and target not in tree.private:
                continue
            if path in tree.public and target in tree.private:
                continue  # check_public_headers reports it
            if tree.layer(target) > own:
                yield at(
                    include,
                    f'"{include.name}" stands above the layer {LAYERS[own]}',
                )


def check_apart(tree: Tree) -> Iterator[str]:
    """Nothing of the library includes what is in a library of its own."""
    apart = LAYERS.index(APART)
    for path in [*tree.private, *tree.public]:
        for include in tree.includes[path]:
            target = include.target
            if target not in tree.public and target not in tree.private:
                continue
            if tree.layer(target) == apart and tree.layer(path) != apart:
                yield at(include, f'"{include.name}" is in the library of {APART}')


def check_private_names(tree: Tree) -> Iterator[str]:
    """Private headers are included by full name ("net/pool.h"), and exist."""
    for path in tree.private:
        for include in tree.includes[path]:
            if not include.is_quoted:
                continue
            if include.target is None:
                yield at(include, f'"{include.name}" is not in this tree')
            elif include.target not in (PRIVATE / include.name, PUBLIC / include.name):
                yield at(include, f'"{include.name}": write it as layer/name.h')


def check_public_headers(tree: Tree) -> Iterator[str]:
    """Public headers include asc/ headers and the system's, nothing else."""
    for path in tree.public:
        for include in tree.includes[path]:
            is_public = include.target is not None and include.target in tree.public
            if is_public and include.name.startswith("asc/"):
                continue
            if include.is_quoted or include.target is not None:
                yield at(include, f'"{include.name}" in a public header')


def check_extension(tree: Tree) -> Iterator[str]:
    """The two extensions see their own headers, asc/ and the system's."""
    for path in [*tree.core, *tree.tls_module]:
        for include in tree.includes[path]:
            target = include.target
            if target is None:
                if include.is_quoted and include.name != "Python.h":
                    yield at(include, f'"{include.name}" is not in this tree')
            elif target.is_relative_to(PRIVATE):
                yield at(include, f'"{include.name}" is private to the library')


def check_extension_order(tree: Tree) -> Iterator[str]:
    """Each place of CORE_ORDER includes itself and the rows before its own."""
    for path in tree.core:
        place = path.relative_to(CORE).parts[0]
        if place not in _CORE_ROWS:
            yield f"{path}: has no place in CORE_ORDER of check_layers.py"
            continue
        for include in tree.includes[path]:
            if include.target not in tree.core:
                continue
            other = include.target.relative_to(CORE).parts[0]
            known = other in _CORE_ROWS  # else the file itself is reported
            if known and other != place and _CORE_ROWS[other] >= _CORE_ROWS[place]:
                yield at(include, f'"{include.name}" does not stand below {place}')


def check_python_header(tree: Tree) -> Iterator[str]:
    """Python.h and the headers beside it only in the two extensions."""
    names = {"Python.h", "structmember.h", "datetime.h", "pythread.h"}
    for path in [*tree.public, *tree.private]:
        for include in tree.includes[path]:
            if include.name in names:
                yield at(include, f"{include.name} in the library")


def circles(graph: Mapping[T, Iterable[T]]) -> Iterator[list[T]]:
    """Ways through the graph that end where they begin, each with its end."""
    done: set[T] = set()
    trail: list[T] = []

    def visit(node: T) -> Iterator[list[T]]:
        if node in trail:
            yield [*trail[trail.index(node) :], node]
            return
        if node in done:
            return
        trail.append(node)
        for target in graph.get(node, ()):
            yield from visit(target)
        trail.pop()
        done.add(node)

    for node in graph:
        yield from visit(node)


def check_cycles(tree: Tree) -> Iterator[str]:
    """No header includes itself, directly or by way of others."""
    graph = {
        path: [include.target for include in includes if include.target is not None]
        for path, includes in tree.includes.items()
    }
    for circle in circles(graph):
        names = " -> ".join(path.name for path in circle)
        yield f"{circle[0]}: include cycle: {names}"


def check_module_cycles(tree: Tree) -> Iterator[str]:
    """No two modules include each other, directly or by way of others."""
    graph: dict[str, list[str]] = {}
    for path, includes in tree.includes.items():
        if any(path.is_relative_to(folder) for folder in WITHOUT_CIRCLES):
            own = tree.module(path)
            others = [tree.module(i.target) for i in includes if i.target is not None]
            graph.setdefault(own, []).extend(name for name in others if name != own)
    for circle in circles(graph):
        yield f"modules include each other: {' -> '.join(circle)}"


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and top-level package of each absolute import, in functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield node.lineno, alias.name.partition(".")[0]
            case ast.ImportFrom(module=str(module), level=0):
                yield node.lineno, module.partition(".")[0]
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield node.lineno, module.partition(".")[0]


def check_independence(tree: Tree) -> Iterator[str]:
    """The development server and the client import nothing of each other.

    The pytest plugin imports both. What functions in Lua may call imports neither.
    """
    rules = ((SERVER, CLIENT), (CLIENT, SERVER), (LUA, CLIENT + SERVER))
    for packages, forbidden in rules:
        for package in packages:
            folder = tree.root / "src" / package
            for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.pyi")]):
                where = path.relative_to(tree.root)
                for line, name in imported(path):
                    if name in forbidden and where != PLUGIN:
                        yield f"{where}:{line}: {package} imports {name}"


class Packages:
    """The Python modules of some packages, and what they import of each other.

    Imports count wherever they stand, in functions and under TYPE_CHECKING too: both
    tie two modules together. What is no module of these packages is left out.
    """

    def __init__(self, root: Path, names: Iterable[str]) -> None:
        source = root / "src"
        found = [path for name in names for path in (source / name).rglob("*.py")]
        self.files = {_dotted(path.relative_to(source)): path for path in found}

    def imports(self, module: str) -> Iterator[tuple[int, str]]:
        """Line and name of each module of these packages that a module imports."""
        path = self.files[module]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            for name in self._names(module, node):
                if name in self.files and name != module:
                    yield getattr(node, "lineno", 0), name

    def _names(self, module: str, node: ast.AST) -> Iterator[str]:
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                package = self._package(module, level)
                parts = [part for part in (package, source) if part]
                for alias in names:
                    inner = ".".join([*parts, alias.name])
                    yield inner if inner in self.files else ".".join(parts)

    def _package(self, module: str, level: int) -> str:
        """The package that an import with so many leading dots starts from."""
        if level == 0:
            return ""
        is_package = self.files[module].name == "__init__.py"
        parts = module.split(".")
        return ".".join(parts[: len(parts) - level + is_package])


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _place(module: str) -> str | None:
    """The place of SERVER_ORDER where a module of the development server stands."""
    inner = module.partition(".")[2]
    while inner not in _SERVER_ROWS and "." in inner:
        inner = inner.rpartition(".")[0]
    return inner if inner in _SERVER_ROWS else None


def check_server_order(tree: Tree) -> Iterator[str]:
    """Modules of the development server import what stands below them, or beside."""
    packages = Packages(tree.root, SERVER)
    for module, path in sorted(packages.files.items()):
        where, own = path.relative_to(tree.root), _place(module)
        if own is None:
            yield f"{where}: has no place in SERVER_ORDER of check_layers.py"
            continue
        for line, name in packages.imports(module):
            other = _place(name)
            if other is None or other == own:
                continue
            if _SERVER_ROWS[other] >= _SERVER_ROWS[own]:
                yield f"{where}:{line}: {name} does not stand below {module}"


def check_import_circles(tree: Tree) -> Iterator[str]:
    """No two Python modules import each other, directly or by way of others."""
    packages = Packages(tree.root, (*CLIENT, *SERVER, *LUA))
    graph = {
        module: sorted({name for _, name in packages.imports(module)})
        for module in sorted(packages.files)
    }
    for circle in circles(graph):
        yield f"modules import each other: {' -> '.join(circle)}"


CHECKS = (
    check_library_order,
    check_apart,
    check_private_names,
    check_public_headers,
    check_extension,
    check_extension_order,
    check_python_header,
    check_cycles,
    check_module_cycles,
    check_independence,
    check_server_order,
    check_import_circles,
)


def violations(root: Path) -> list[str]:
    tree = Tree(root)
    return [message for check in CHECKS for message in check(tree)]


def main(args: list[str]) -> int:
    return report(violations, args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
