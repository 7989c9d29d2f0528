"""The processes of a run: workers, each with one client, and a server of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving import Message

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
Hosts = list[tuple[str, int]]


class Failed(Exception):
    """A worker refused, or ended."""


class Worker:
    """One client: a subprocess of a script under the Python of its environment."""

    def __init__(
        self, label: str, python: str, script: str = "worker.py", **variables: str
    ) -> None:
        self.label = label
        self.process = subprocess.Popen(
            [python, "-X", "utf8", "-W", "ignore", str(HERE / script)],
            env=os.environ | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **request: Any) -> Message:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"{self.label}: the worker has ended") from None
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{self.label}: the worker ended during {do!r}")
        answer: Message = json.loads(line)
        if "error" in answer:
            raise Failed(f"{self.label}: {answer['error']}")
        return answer

    def close(self) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
            self.process.wait(timeout=10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def compiled(source: Path, folder: Path, *flags: str) -> Path:
    """The program, or with flags the library, that a file in C makes in a folder."""
    program = folder / source.stem
    command = ["cc", "-O2", *flags, "-o", str(program), str(source), "-ldl"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failed(f"{source.name} does not compile: {error}") from None
    return program


def parse_hosts(text: str) -> Hosts:
    hosts = []
    for part in text.split(","):
        address, _, port = part.strip().rpartition(":")
        hosts.append((address.strip("[]"), int(port)))
    return hosts


@contextmanager
def development_server() -> Iterator[Hosts]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise Failed("the development server did not start")
        yield [(address, port) for address, port in json.loads(line)]
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
