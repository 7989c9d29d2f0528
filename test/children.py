"""Processes of a test's own: for scripts, and to count what calls leave behind.

Descriptors, threads and memory are counted where nothing else goes on: other tests, and
servers that they have started, use some of the process of pytest.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import subprocess
import sys
import textwrap
import traceback
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

LIMIT_S = 240
"""How long a process may take: reached only by one that hangs."""

OTHER_PYTHON = str(Path(__file__).parents[1] / ".venv/bin/python")
"""An interpreter that has the packages that this one may lack."""

OF_SERVERS = ("lupa", "s2geometry")
"""Packages without which a development server refuses functions, or geometry."""

PRELUDE = """
import json, os, resource, signal, sys, threading, time
import aerospike
from aerospike import exception
hosts = [tuple(host) for host in json.loads(sys.argv[1])]
KEY = ("test", "pytest", "process-" + str(os.getpid()))
PATIENT = {
    "connect_timeout": 20_000,
    "policies": {"total_timeout": 30_000, "info": {"timeout": 30_000}},
}

def until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
"""
"""What every script begins with."""

IGNORE_FORKS = "ignore:This process (pid=:DeprecationWarning"
"""For -W: Python warns of a fork where there are threads, and from 3.15 on that would
be an error. The scripts fork on purpose."""

Hosts = Iterable[tuple[str, int]]


def _python_of_servers() -> str:
    """This Python, unless it lacks a package of servers and the other one is there."""
    has_all = all(map(importlib.util.find_spec, OF_SERVERS))
    return (
        sys.executable if has_all or not Path(OTHER_PYTHON).exists() else OTHER_PYTHON
    )


@contextmanager
def server(
    first: Callable[[], object] | None = None, options: Sequence[str] = ()
) -> Iterator[tuple[tuple[str, int], int]]:
    """A development server in a process of its own: address of a node and pid.

    It has functions and geometry even where this Python lacks their packages.

    :param first: called in that process, before the server is.
    :param options: what the command is given; without it the server has one node.
    """
    command = [_python_of_servers(), "-m", "aerospike_devserver", "--port", "0"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, text=True, preexec_fn=first
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r" on (\S+):(\d+)", process.stdout.readline())
            assert found is not None
            yield (found[1], int(found[2])), process.pid
        finally:
            process.terminate()
            process.wait(LIMIT_S)


def command_of(text: str, hosts: Hosts, *args: str) -> list[str]:
    """The command that runs a script; `hosts` is what it connects to."""
    script = PRELUDE + textwrap.dedent(text)
    python = [sys.executable, "-W", "error", "-W", IGNORE_FORKS]
    return [*python, "-c", script, json.dumps(list(hosts)), *args]


def run_script(text: str, hosts: Hosts, *args: str, limit_s: float = LIMIT_S) -> str:
    """Run a script to its end; what it printed. It must print no error."""
    done = subprocess.run(
        command_of(text, hosts, *args),
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


class Script:
    """A script that the test talks with while it runs. A context manager.

    :ivar process: for signals.
    """

    def __init__(self, text: str, hosts: Hosts, *args: str) -> None:
        self.process = subprocess.Popen(
            command_of(text, hosts, *args),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """The next line that it prints; "" when it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def say(self, line: str = "") -> None:
        """Give it a line to read."""
        assert self.process.stdin is not None
        print(line, file=self.process.stdin, flush=True)

    def rest(self) -> str:
        """Wait for its end, which must be good; what it has printed meanwhile."""
        pipe, lines = self.process.stdin, self.process.stdout
        assert pipe is not None
        assert lines is not None
        pipe.close()
        out = lines.read()  # not communicate(), which passes over what line() has read
        assert self.process.wait(LIMIT_S) == 0, out
        return out

    def __enter__(self) -> Script:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        with self.process:  # closes the pipes
            self.process.kill()


class Process:
    """A process that calls functions of a module in turn. A context manager.

    :param module: the name of one that stands beside the tests.
    """

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(self, name: str, *args: Any) -> None:
        """Call a function; its arguments are what JSON knows. What fails in it is an
        AssertionError here.
        """
        pipe, answers = self._process.stdin, self._process.stdout
        assert pipe is not None
        assert answers is not None
        print(json.dumps([name, args]), file=pipe, flush=True)
        answer = answers.readline()
        assert answer, f"{name} has ended the process: {self._process.wait()}"
        failure = json.loads(answer)
        assert failure is None, failure

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=LIMIT_S)  # its input ends, and so does it


def serve(name: str) -> None:
    """The other side of Process: prints None or what failed, for each line."""
    here = Path(__file__).parent
    tests = types.ModuleType(here.name)  # not the standard library's package `test`
    tests.__path__ = [str(here)]
    sys.modules[here.name] = tests
    module = importlib.import_module(name)
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        name, args = json.loads(line)
        failure = None
        try:
            getattr(module, name)(*args)
        except BaseException:  # noqa: BLE001 - the test judges it
            failure = traceback.format_exc()
        print(json.dumps(failure), file=answers, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
