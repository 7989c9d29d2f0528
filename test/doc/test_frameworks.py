"""Guides and examples that need packages of others: Flask and the like.

The packages are installed into an environment of their own, once. Where PyPI cannot be
reached, the tests are skipped with the reason.
"""

from __future__ import annotations

import shutil
from operator import attrgetter
from pathlib import Path

import pytest

from ..ecosystem.environments import environment_or_skip
from .test_examples import OF_OTHERS, run_example
from .test_snippets import (
    OTHERS,
    ROOT,
    blocks_for_pytest,
    run_program,
    run_pytest,
    run_snippets,
    run_tests,
    snippets_of,
)

pytestmark = pytest.mark.takes_long

NAME = attrgetter("name")
PACKAGES = (
    *("bcrypt>=4", "celery>=5", "django>=5", "flask>=3", "gunicorn>=23", "pandas>=2"),
    *("ipykernel>=6", "nbclient>=0.10", "pytest>=8"),
)
PROGRAMS = [path for path in OF_OTHERS if "def demo" in path.read_text("utf-8")]
CONTRACTS = sorted((ROOT / "test/doc/frameworks").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python of the environment with the packages."""
    return environment_or_skip("frameworks", PACKAGES)


@pytest.mark.parametrize("program", PROGRAMS, ids=NAME)
def test_example_gives_what_it_expects(program, hosts, tmp_path, python):
    run_example(program, hosts, tmp_path, python)


@pytest.mark.parametrize("tests", CONTRACTS, ids=NAME)
def test_example_does_what_it_promises(tests, tmp_path, python):
    run_pytest(Path(shutil.copy(tests, tmp_path)), python)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=NAME)
def test_notebook_gives_what_it_shows(notebook, tmp_path, python):
    run_program(tmp_path, python, ROOT / "tools/run_notebook.py", notebook)


@pytest.mark.parametrize("page", [*filter(snippets_of, OTHERS)], ids=NAME)
def test_snippets_print_what_they_show(page, shared_cluster, tmp_path, python):
    run_snippets(page, shared_cluster, tmp_path, python)


@pytest.mark.parametrize("page", [*filter(blocks_for_pytest, OTHERS)], ids=NAME)
def test_snippets_of_tests_pass(page, tmp_path, python):
    run_tests(page, tmp_path, python)
