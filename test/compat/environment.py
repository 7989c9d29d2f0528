"""Where other clients are: each in an environment of its own, under `build/clients`.

The client of PyPI needs one because it has our name; where `make bench` has made one,
that is it. The others are strangers to what the tests need. An environment is made
once; what it takes comes from PyPI or from npm, ready built.
"""

from __future__ import annotations

import fcntl
import functools
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ..children import LIMIT_S

ROOT = Path(__file__).parents[2]
VERSION = "19.3.0"
BENCH = ROOT / ".venv-bench/bin/python"
PLACE = ROOT / "build/clients"
INSTALL_S = 120
"""How long a step of an installation may take: more on a network that is hardly one."""

LOADED = """
try {
  require(process.argv[1])
  console.log(require(process.argv[1] + '/package').version)
} catch (error) {
  const reason = error.message.split('\\n')[0]
  console.error(`it does not load in Node ${process.version}: ${reason}`)
  process.exit(1)
}
"""
"""What prints the version of a package of npm, whose folder is its argument."""

Command = Sequence[str | Path]
Found = tuple[Path | None, str]
"""Where a client is; or None, and the reason."""


def _attempt(command: Command) -> tuple[str, str]:
    """What a command prints, and why it failed, or ""."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except subprocess.TimeoutExpired:
        return "", f"{command[0]} takes longer than {INSTALL_S} s"
    if done.returncode == 0:
        return done.stdout.strip(), ""
    said = " ".join(done.stderr.split()) or f"{command[0]} gave no reason"
    return "", said[-600:]


def _version_in(package: str) -> Command:
    """What prints the version of a package, after the name of an interpreter."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    return ["-I", "-c", code]


def _find(name: str, version: str, asked: Command, commands: list[Command]) -> str:
    """See to it that a client is there; the reason when it cannot be, or "".

    :param asked: a command that prints the version of the client that is there.
    :param commands: those that install it, in order.
    """
    PLACE.mkdir(parents=True, exist_ok=True)
    with open(PLACE / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if Path(asked[0]).exists() and _attempt(asked)[0] == version:
            return ""
        for command in [*commands, asked]:
            _, reason = _attempt(command)
            if reason:
                return f"{name} {version} cannot be installed here: {reason}"
    return ""


@functools.cache
def find_python(package: str, version: str) -> Found:
    """An interpreter that has a package of PyPI."""
    folder = PLACE / package
    python = folder / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q"]
    quiet = ["--disable-pip-version-check", "--retries=1", "--only-binary=:all:"]
    reason = _find(
        package,
        version,
        [python, *_version_in(package)],
        [
            [sys.executable, "-m", "venv", "--without-pip", folder],
            [*pip, *quiet, f"{package}=={version}"],
        ],
    )
    if reason:
        return None, f"{reason} (Python {platform.python_version()})"
    return python, ""


def find_official() -> Found:
    """An interpreter that has the client of PyPI."""
    if BENCH.exists() and _attempt([BENCH, *_version_in("aerospike")])[0] == VERSION:
        return BENCH, ""
    return find_python("aerospike", VERSION)


@functools.cache
def find_modules(package: str, version: str) -> Found:
    """The folder `node_modules` that has a package of npm.

    No script of a package runs: one of these fetches or compiles what is missing. A
    package that has no binary for this Node is found out when it is loaded.
    """
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        return None, f"there is no {' and no '.join(missing)} on this machine"
    name = f"npm-{package}"
    modules = PLACE / name / "node_modules"
    npm = ["npm", "install", "--prefix", str(PLACE / name), "--ignore-scripts"]
    npm += ["--no-audit", "--no-fund", "--logs-max=0"]
    npm += ["--prefer-offline", "--fetch-retries=1"]
    reason = _find(
        name,
        version,
        [str(shutil.which("node")), "-e", LOADED, modules / package],
        [[*npm, f"{package}@{version}"]],
    )
    return (None, reason) if reason else (modules, "")


def place(found: Found) -> Path:
    """Where a client is, unless the test is skipped for the lack of it."""
    path, reason = found
    if path is None:
        pytest.skip(reason)
    return path


def steps(*command: str | Path) -> dict[str, Any]:
    """What the steps of a program came to: it prints a line of JSON for each."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())
