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


@pytest.mark.parametrize("args", [(), ("everything",)])
def test_unknown_choice_of_tests_is_refused(args):
    done = run(*args)
    assert done.returncode == 2
    assert "usage" in done.stderr
