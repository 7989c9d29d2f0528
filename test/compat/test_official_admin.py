"""Calls about users and roles give the client of PyPI and ours the same answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from aerospike_devserver import DevCluster

from ..children import LIMIT_S
from .test_official_client import official_python as official_python

SCRIPT = Path(__file__).parent / "official_admin.py"


def answers_of(python: Path | str) -> list[list[Any]]:
    """What the script prints in an interpreter, on a cluster of its own."""
    with DevCluster(security=True) as cluster:
        address, port = cluster.hosts[0]
        done = subprocess.run(
            [python, "-I", SCRIPT, f"{address}:{port}"],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        for info in line[3].values() if isinstance(line[3], dict) else ():
            if isinstance(info, dict):
                info.pop("conns_in_use", None)
    return lines


def test_answers_and_errors_are_those_of_the_other_client(official_python):
    theirs = answers_of(official_python)
    ours = answers_of(sys.executable)
    assert len(ours) == len(theirs) > 60
    for our, their in zip(ours, theirs, strict=True):
        assert our == their
