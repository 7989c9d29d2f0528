"""Every Python snippet of the pages and of the README runs, and prints what it shows.

The snippets of a page become one program in which every line has the number that it
has in the page. The program runs against a development cluster that stands for
127.0.0.1:3000. What a snippet prints is compared with the block of `output` behind it.

Snippets may await outside of functions. One that imports a package of OPTIONAL is left
out where that is not installed.

A block of Lua is a file of the folder in which programs and tests run. Its first line
is a comment with the file's name.
"""

from __future__ import annotations

import doctest
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import pytest

from aerospike_devserver import DevCluster

from ..children import LIMIT_S

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PATIENTLY = ROOT / "test/patiently.py"
PAGES = [*sorted((ROOT / "doc").glob("*.md")), ROOT / "README.md"]
NAME = attrgetter("name")
END = "\x1e"
"""Printed at the end of each snippet."""

OPTIONAL = ["gevent"]


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
        if block.language == "python" and not block.is_pytest:
            found.append((block, None))
        elif block.language == "output":
            assert found, f"{page.name}:{block.first}: output of nothing"
            assert found[-1][1] is None, f"{page.name}:{block.first}: output again"
            found[-1] = found[-1][0], "\n".join([*block.lines, ""])
    return found


def blocks_for_pytest(page: Path) -> list[Block]:
    """Blocks that pytest runs."""
    return [block for block in blocks_of(page) if block.is_pytest]


def write_modules(page: Path, folder: Path) -> None:
    """Write the blocks of Lua as files."""
    for block in blocks_of(page):
        if block.language == "lua":
            name = block.lines[0].removeprefix("-- ")
            assert name.endswith(".lua"), (
                f"{page.name}:{block.first}: no name of a file"
            )
            path = folder / name
            assert not path.exists(), f"{page.name}:{block.first}: {name} again"
            path.write_text("\n".join([*block.lines, ""]), encoding="utf-8")


def program_of(page: Path, host: tuple[str, int]) -> str:
    """The snippets as one program that connects to `host`."""
    lines: list[str] = []
    for block, _ in snippets_of(page):
        lines += [""] * (block.first - len(lines))
        if lacks(block) is None:
            lines += block.lines
        lines += [f"print({END!r})"]
    text = "\n".join(lines)
    address, port = host
    text = text.replace('("127.0.0.1", 3000)', f'("{address}", {port})')
    return text.replace("127.0.0.1:3000", f"{address}:{port}")


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[DevCluster]:
    with DevCluster() as cluster:
        yield cluster


@pytest.mark.parametrize("page", [*filter(snippets_of, PAGES)], ids=NAME)
def test_snippets_print_what_they_show(page, shared_cluster, tmp_path, request):
    if "DevCluster(tls=" in page.read_text(encoding="utf-8"):
        request.getfixturevalue("built_with_tls")
    shared_cluster.reset()
    program = tmp_path / page.name
    program.write_text(program_of(page, shared_cluster.hosts[0]), encoding="utf-8")
    write_modules(page, tmp_path)
    done = subprocess.run(
        [sys.executable, "-X", "utf8", str(PATIENTLY), str(program)],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    address, port = shared_cluster.hosts[0]
    stdout = done.stdout.replace(f"{address}:{port}", "127.0.0.1:3000")
    printed = stdout.split(END + "\n")
    checker = doctest.OutputChecker()
    for (block, shown), got in zip(snippets_of(page), printed, strict=False):
        if lacks(block) is not None:
            continue
        matches = shown is None or checker.check_output(shown, got, doctest.ELLIPSIS)
        assert matches, f"{page.name}:{block.first} prints\n{got}"


@pytest.mark.parametrize("package", OPTIONAL)
def test_packages_of_snippets_are_installed(package):
    """Says so where snippets are left out."""
    pytest.importorskip(package, reason=f"snippets with {package} are left out")


@pytest.mark.parametrize("page", [*filter(blocks_for_pytest, PAGES)], ids=NAME)
def test_snippets_of_tests_pass(page, pytester, monkeypatch):
    monkeypatch.delenv("AEROSPIKE_HOSTS", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    write_modules(page, pytester.path)
    for block in blocks_for_pytest(page):
        pytester.makepyfile("\n".join(block.lines))
        n_tests = sum(line.startswith("def test_") for line in block.lines)
        plugin = "aerospike_devserver.pytest_plugin"
        pytester.runpytest_inprocess("-p", plugin).assert_outcomes(passed=n_tests)


def test_other_blocks_are_of_known_languages():
    """A misspelt language would keep a snippet from being run."""
    known = {
        "python",
        "lua",
        "output",
        "console",
        "ini",
        "text",
        "toml",
        "yaml",
        "json",
        "dockerfile",
    }
    known |= {"{eval-rst}", "{toctree}", "{raw} html"}
    known |= {"{include} ../CONTRIBUTING.md"}
    named = {block.language for page in PAGES for block in blocks_of(page)}
    assert named <= known
