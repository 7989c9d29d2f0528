"""Where the client of PyPI is: in an environment of its own, for it has our name.

That is the one of `make bench` if there is one, else one that is made once under
`build/`.
"""

from __future__ import annotations

import fcntl
import functools
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSION = "19.3.0"
BENCH = ROOT / ".venv-bench/bin/python"
OWN = ROOT / "build/official-client"


def has_client(python: Path) -> bool:
    """Whether an interpreter has that release of the client."""
    code = "import importlib.metadata as m; print(m.version('aerospike'))"
    if not python.exists():
        return False
    done = subprocess.run(
        [python, "-I", "-c", code], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() == VERSION


def _install() -> str:
    """Make an environment with the client; the reason when that fails, or ""."""
    python = OWN / "bin/python"
    pip = [str(python), "-m", "pip", "install", "-q", "--only-binary=:all:"]
    commands = [
        [sys.executable, "-m", "venv", str(OWN)],
        [*pip, f"aerospike=={VERSION}"],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            return lines[-1]
    return ""


@functools.cache
def find_official() -> tuple[Path | None, str]:
    """An interpreter that has the client; or None, and the reason."""
    if has_client(BENCH):
        return BENCH, ""
    OWN.parent.mkdir(exist_ok=True)
    with open(OWN.parent / ".official-client.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not has_client(OWN / "bin/python"):
            reason = _install()
            if reason:
                return None, f"aerospike {VERSION} cannot be installed here: {reason}"
    return OWN / "bin/python", ""
