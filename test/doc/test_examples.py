"""The programs of examples/ run to their end.

test_frameworks.py runs those of OF_OTHERS, which need packages that tests do without.
"""

from __future__ import annotations

import subprocess
import sys
from operator import attrgetter
from pathlib import Path

import pytest

from ..children import LIMIT_S
from .test_snippets import run_program

ROOT = Path(__file__).parents[2]
PATIENTLY = ROOT / "test/patiently.py"
OF_OTHERS = [
    ROOT / f"examples/{name}.py"
    for name in ("celery_tasks", "django_cache", "flask_app", "frames", "gunicorn_conf")
]
PROGRAMS = sorted({*(ROOT / "examples").glob("[!_]*.py")} - {*OF_OTHERS})


def reads_its_arguments(program: Path) -> bool:
    text = program.read_text(encoding="utf-8")
    return program.stem == "counter" or "from _try import" not in text


def run_example(
    program: Path,
    hosts: list[tuple[str, int]],
    folder: Path,
    python: str | Path = sys.executable,
) -> None:
    """Run a program in an empty folder, where it leaves nothing."""
    text = ",".join(f"{address}:{port}" for address, port in hosts)
    printed = run_program(folder, python, PATIENTLY, program, text)
    assert printed.endswith("Every step gave what was expected.\n")
    assert not list(folder.iterdir())  # no copies of modules where it was called


@pytest.mark.parametrize("program", PROGRAMS, ids=attrgetter("name"))
def test_example_gives_what_it_expects(program, hosts, tmp_path):
    run_example(program, hosts, tmp_path)


@pytest.mark.parametrize("program", [*PROGRAMS, *OF_OTHERS], ids=attrgetter("name"))
def test_example_is_short_enough_to_be_copied(program):
    assert len(program.read_text(encoding="utf-8").splitlines()) <= 120


# what the others have of _try.py is the same as in counter.py
@pytest.mark.parametrize(
    "program",
    [each for each in PROGRAMS if reads_its_arguments(each)],
    ids=attrgetter("name"),
)
@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 0), (["--port", "3000"], 2), (["a", "b"], 2)]
)
def test_example_says_how_it_is_called(program, arguments, code):
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    usage = f"usage: python examples/{program.name} [HOST:PORT[,HOST:PORT...]]\n"
    assert (done.returncode, done.stdout, done.stderr) == (code, usage, "")
