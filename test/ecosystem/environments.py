"""Virtual environments of their own, with the wheel of this checkout or without it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PLACE = ROOT / "build" / "ecosystem"

PIP = ("-m", "pip", "--disable-pip-version-check", "install", "-qq")


def wheel() -> Path:
    """A wheel of this checkout, made now."""
    folder = PLACE / "wheel"
    command = [sys.executable, str(ROOT / "tools" / "build_wheel.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime_ns)


def environment(name: str, packages: Sequence[str], alone: Sequence[str] = ()) -> Path:
    """The Python of an environment with these packages, made unless it is there.

    alone: packages that come without what they depend on.
    """
    folder = PLACE / name
    python = folder / "bin" / "python"
    stamp = folder / ".packages"
    wanted = "\n".join([sys.version, *packages, *alone])
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
        print(f"installing into {folder.relative_to(ROOT)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, *PIP, *packages], check=True)
        if alone:
            subprocess.run([python, *PIP, "--no-deps", *alone], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def environment_or_skip(name: str, packages: Sequence[str]) -> Path:
    """The same for a test, which is skipped where PyPI does not have them for it."""
    try:
        return environment(name, packages)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"cannot be installed: {', '.join(packages)} ({error})")


def put_ours_in(python: Path, made: Path) -> None:
    """Put the wheel in the place of any `aerospike` that a package has pulled in."""
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    stamp = python.parent.parent / ".wheel"
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == digest):
        options = ["--force-reinstall", "--no-deps"]
        subprocess.run([python, *PIP, *options, str(made)], check=True)
        stamp.write_text(digest, encoding="utf-8")
