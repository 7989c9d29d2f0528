"""Every Python snippet of the pages and of the README runs, and prints what it shows.

The snippets of a page become one program in which every line has the number that it
has in the page. The program runs against a development cluster that stands for
127.0.0.1:3000. What a snippet prints is compared with the block of `output` behind it.

Snippets may await outside of functions. One that imports a package of OPTIONAL is left
out where that is not installed.

A block of Lua is a file of the folder in which programs and tests run, and so is one of
Python whose first line names it: `# links.py`. Snippets can import it, and what is in
examples/.

test_frameworks.py runs the pages of OTHERS, which need packages that tests do without.
"""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import pytest

import aerospike
from aerospike_devserver import DevCluster

from ..children import LIMIT_S
from ..waiting import PATIENT_CONFTEST, patient

ROOT = Path(__file__).parents[2]
PATIENTLY = ROOT / "test/patiently.py"
OTHERS = [
    ROOT / f"doc/guides/{name}.md" for name in ("celery", "django", "flask", "pandas")
]
ALL_PAGES = [
    *sorted((ROOT / "doc").glob("*.md")),
    *sorted((ROOT / "doc/guides").glob("*.md")),
    *sorted((ROOT / "doc/devserver").glob("*.md")),
    ROOT / "README.md",
]
PAGES = [page for page in ALL_PAGES if page not in OTHERS]
NAME = attrgetter("name")
END = "\x1e"
"""Printed at the end of each snippet."""

OPTIONAL = ["gevent"]


def environ() -> dict[str, str]:
    """For programs that import the client of this checkout, and the examples."""
    folders = (Path(aerospike.__file__).parent.parent, ROOT / "examples")
    inherited = {k: v for k, v in os.environ.items() if k != "AEROSPIKE_HOSTS"}
    return {**inherited, "PYTHONPATH": os.pathsep.join(map(str, folders))}


def run_program(folder: Path, *command: str | Path, **more: str) -> str:
    """Run a command in a folder, where it ends well; what it prints.

    :param more: variables for its environment, besides those of environ().
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ() | more,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Block:
    """A fenced block. first: its first line, 0 = the first of the page."""

    language: str
    first: int
    lines: list[str]

    @property
    def is_pytest(self) -> bool:
        """Whether pytest runs it, not the page's program."""
        return any(line.startswith("def test_") for line in self.lines)

    @property
    def file(self) -> str | None:
        """The name of the file that the block is, if it is one."""
        if self.language == "lua":
            name = self.lines[0].removeprefix("-- ")
            assert name.endswith(".lua"), f"line {self.first}: no name of a file"
            return name
        if self.language != "python" or self.is_pytest:
            return None
        found = re.fullmatch(r"# (\w+\.py)", self.lines[0])
        return found and found[1]


def blocks_of(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    block: Block | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").split("\n")):
        if block is None and line.startswith("```"):
            block = Block(line.strip("`"), number + 1, [])
        elif block is not None and line == "```":
            yield block
            block = None
        elif block is not None:
            block.lines.append(line)
    assert block is None, f"{page.name}:{block.first}: the block has no end"


def lacks(block: Block) -> str | None:
    """The package that a snippet needs and that is not installed."""
    for package in OPTIONAL:
        is_there = importlib.util.find_spec(package) is not None
        if f"import {package}" in block.lines and not is_there:
            return package
    return None


def snippets_of(page: Path) -> list[tuple[Block, str | None]]:
    """Python blocks that are no tests, with the output that is shown, if any is."""
    found: list[tuple[Block, str | None]] = []
    for block in blocks_of(page):
        if block.language == "python" and not (block.is_pytest or block.file):
            found.append((block, None))
        elif block.language == "output":
            assert found, f"{page.name}:{block.first}: output of nothing"
            assert found[-1][1] is None, f"{page.name}:{block.first}: output again"
            found[-1] = found[-1][0], "\n".join([*block.lines, ""])
    return found


def blocks_for_pytest(page: Path) -> list[Block]:
    """Blocks that pytest runs."""
    return [block for block in blocks_of(page) if block.is_pytest]


def at(host: tuple[str, int], text: str) -> str:
    """A program that connects to `host`, not to 127.0.0.1:3000."""
    address, port = host
    text = text.replace('("127.0.0.1", 3000)', f'("{address}", {port})')
    return text.replace("127.0.0.1:3000", f"{address}:{port}")


def write_files(page: Path, folder: Path, host: tuple[str, int]) -> None:
    """Write the blocks that are files."""
    for block in blocks_of(page):
        if block.file is not None:
            path = folder / block.file
            assert not path.exists(), f"{page.name}:{block.first}: {path.name} again"
            path.write_text(at(host, "\n".join([*block.lines, ""])), encoding="utf-8")


def program_of(page: Path, host: tuple[str, int]) -> str:
    """The snippets as one program that connects to `host`."""
    lines: list[str] = []
    for block, _ in snippets_of(page):
        lines += [""] * (block.first - len(lines))
        if lacks(block) is None:
            lines += block.lines
        lines += [f"print({END!r})"]
    return at(host, "\n".join(lines))


def run_snippets(
    page: Path, cluster: DevCluster, folder: Path, python: str | Path = sys.executable
) -> None:
    """Run a page's program in a folder; it prints what the page shows."""
    cluster.reset()
    program = folder / page.name
    program.write_text(program_of(page, cluster.hosts[0]), encoding="utf-8")
    write_files(page, folder, cluster.hosts[0])
    stdout = run_program(folder, python, "-X", "utf8", PATIENTLY, program)
    address, port = cluster.hosts[0]
    stdout = stdout.replace(f"{address}:{port}", "127.0.0.1:3000")
    printed = stdout.split(END + "\n")
    checker = doctest.OutputChecker()
    for (block, shown), got in zip(snippets_of(page), printed, strict=False):
        if lacks(block) is not None:
            continue
        matches = shown is None or checker.check_output(shown, got, doctest.ELLIPSIS)
        assert matches, f"{page.name}:{block.first} prints\n{got}"


@pytest.mark.parametrize("page", [*filter(snippets_of, PAGES)], ids=NAME)
def test_snippets_print_what_they_show(page, shared_cluster, tmp_path, request):
    if "DevCluster(tls=" in page.read_text(encoding="utf-8"):
        request.getfixturevalue("built_with_tls")
    run_snippets(page, shared_cluster, tmp_path)


def test_readme_leaves_no_record(shared_cluster, tmp_path):
    """Its readers go on with the quickstart, on the same server and with that key."""
    run_snippets(ROOT / "README.md", shared_cluster, tmp_path)
    with aerospike.client(patient(shared_cluster.config)) as client:
        assert [record.bins for record in client.scan("test").results()] == []


@pytest.mark.parametrize("package", OPTIONAL)
def test_packages_of_snippets_are_installed(package):
    """Says so where snippets are left out."""
    pytest.importorskip(package, reason=f"snippets with {package} are left out")


def run_pytest(file: Path, python: str | Path = sys.executable) -> str:
    """Run a file of tests, which is in a folder of its own; the last line printed."""
    plugins = ["-p", "aerospike_devserver.pytest_plugin", "-p", "no:cacheprovider"]
    command = [python, "-m", "pytest", *plugins, "-Werror", "-q", file]
    stdout = run_program(file.parent, *command, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    return stdout.splitlines()[-1]


def run_tests(page: Path, folder: Path, python: str | Path = sys.executable) -> None:
    """Run the blocks of a page that are tests, one after another; all of them pass."""
    write_files(page, folder, ("127.0.0.1", 3000))
    (folder / "conftest.py").write_text(PATIENT_CONFTEST, encoding="utf-8")
    for number, block in enumerate(blocks_for_pytest(page)):
        file = folder / f"test_snippet_{number}.py"
        file.write_text("\n".join([*block.lines, ""]), encoding="utf-8")
        n_tests = sum(line.startswith("def test_") for line in block.lines)
        assert run_pytest(file, python).startswith(f"{n_tests} passed")


@pytest.mark.parametrize("page", [*filter(blocks_for_pytest, PAGES)], ids=NAME)
def test_snippets_of_tests_pass(page, tmp_path):
    run_tests(page, tmp_path)


def test_other_blocks_are_of_known_languages():
    """A misspelt language would keep a snippet from being run."""
    known = {"python", "lua", "output", "console", "ini", "text", "toml"}
    known |= {"yaml", "json", "dockerfile"}
    known |= {"{eval-rst}", "{toctree}", "{raw} html"}
    known |= {"{include} ../CONTRIBUTING.md", "{include} ../CHANGELOG.md"}
    named = {block.language for page in ALL_PAGES for block in blocks_of(page)}
    titled = ("{literalinclude} ", "{boxes} ", "{chart} ", "{sequence} ")
    named = {name for name in named if not name.startswith(titled)}
    assert named <= known
