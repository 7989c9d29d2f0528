"""Programs of our own that drive packages of others on this client.

    python -m ecosystem.run [HOST:PORT]

Installs the packages from PyPI into an environment of their own, with the wheel of this
checkout in the place of `aerospike`, and runs each program of `programs/` against a
development cluster, or the node that is given. Status 1 if one fails.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .environments import environment, put_ours_in, wheel

PROGRAMS = Path(__file__).parent / "programs"
LIMIT_S = 300

PACKAGES = (
    "aerospike-flask-cache",
    "feast",
    "flask-caching<2.4",  # later ones hand the backend an argument that it lacks
    "langgraph-checkpoint-aerospike",
    "langgraph-store-aerospike",
    "opentelemetry-instrumentation-aerospike",
    "py-key-value-aio",
    "strands-aerospike",
)
PINNED = ("easyaerospike==0.0.1b0",)
"""Packages that ask for a version of `aerospike` that is none of ours."""


@contextlib.contextmanager
def node(given: str | None, first_port: int = 0) -> Iterator[tuple[str, str]]:
    """Host and port of the node that was given, or of one of a development cluster.

    first_port: of the development cluster; 0 = free ones.
    """
    if given is not None:
        host, _, port = given.partition(",")[0].rpartition(":")
        yield host, port
        return
    from aerospike_devserver import DevCluster

    with DevCluster(nodes=3, port=first_port, version="8.1") as cluster:
        host, number = cluster.hosts[0]
        yield host, str(number)


def run(python: Path, program: Path, address: tuple[str, str]) -> bool:
    """Whether a program ends well; what it printed is shown if not."""
    environ = {**os.environ, "FEAST_USAGE": "False", "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [python, program, *address],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=LIMIT_S,
        env=environ,
        check=False,
    )
    is_well = done.returncode == 0
    print(f"{'ok    ' if is_well else 'FAILED'}  {program.stem}", flush=True)
    if not is_well:
        print(done.stdout)
    return is_well


def main(given: str | None = None) -> int:
    made = wheel()
    python = environment("programs", PACKAGES, PINNED)
    put_ours_in(python, made)
    with node(given) as address:
        programs = sorted(PROGRAMS.glob("use_*.py"))
        results = [run(python, program, address) for program in programs]
    print(f"{sum(results)} of {len(results)} programs of others run")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
