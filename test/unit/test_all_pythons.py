"""tools/all_pythons.sh: which interpreters it finds. It is not run here on any that is
there, for each run is a suite of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(ROOT / "tools/all_pythons.sh"), *args]
    return subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )


def test_missing_versions_are_named_and_are_no_failure():
    done = run("quick", PYTHONS="3.77 3.78")
    assert (done.returncode, done.stdout) == (0, "3.77  missing\n3.78  missing\n")


def test_interpreter_that_does_not_run_is_missing(tmp_path):
    """pyenv puts a program on the PATH for a version that is not chosen."""
    shim = tmp_path / "python3.77"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    done = run(
        "quick", PYTHONS="3.77", PATH=f"{tmp_path}:{os.environ['PATH']}", PYENV_ROOT="/"
    )
    assert (done.returncode, done.stdout) == (0, "3.77  missing\n")


@pytest.fixture
def without_mirror(tmp_path) -> str:
    """A PATH on which apt knows no mirror of Debian."""
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\n")
    apt.chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


def test_python_that_cannot_be_built_is_missing_with_the_reason(
    tmp_path, without_mirror
):
    done = run(
        "quick",
        PYTHONS="3.77t",
        PATH=without_mirror,
        FREE_THREADED=str(tmp_path / "made"),
    )
    assert done.returncode == 0
    assert done.stdout.startswith("3.77t missing  free-threaded: not built: ")


def test_interpreter_is_built_only_where_apt_has_a_source(tmp_path, without_mirror):
    done = subprocess.run(
        ["sh", str(ROOT / "tools/free_threaded.sh"), "3.13", str(tmp_path / "made")],
        env={**os.environ, "PATH": without_mirror},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (77, "")
    assert "not built: " in done.stderr


@pytest.mark.parametrize("args", [(), ("everything",)])
def test_unknown_choice_of_tests_is_refused(args):
    done = run(*args)
    assert done.returncode == 2
    assert "usage" in done.stderr
