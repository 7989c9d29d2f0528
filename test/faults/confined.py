"""Run by tests: a client in a process of its own, with little memory.

    python confined.py PORT MEGABYTES CONFIG

CONFIG is JSON. For each line on standard input the record of `KEY` is read, and a line
of JSON says what its bin is, how much processor time that took and what was logged or
warned of.
More memory than MEGABYTES beyond what the process has at first is not to be had, and
after a minute of processor time it is killed.
"""

from __future__ import annotations

import json
import logging
import resource
import subprocess
import sys
import time
import warnings
from types import TracebackType
from typing import Any

import aerospike
from aerospike import exception

KEY = ("test", "demo", "confined")


class Confined:
    """The other side: starts the process and asks it. A context manager."""

    def __init__(self, port: int, megabytes: int = 200, **config: Any) -> None:
        args = [str(port), str(megabytes), json.dumps(config)]
        self._process = subprocess.Popen(
            [sys.executable, __file__, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self) -> dict[str, Any]:
        """Have the record read: {"type", "value", "cpu_s", "peak_mb", "log"}."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, f"the process ended with {self._process.wait()}"
        found: dict[str, Any] = json.loads(line)
        return found

    def __enter__(self) -> Confined:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()


def statm(field: int) -> int:
    """Bytes of the process: 0 is address space, 1 what is resident."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[field]) * resource.getpagesize()


def peak() -> int:
    """The most bytes that were resident at once (`ru_maxrss` counts the parent's)."""
    with open("/proc/self/status") as file:
        (line,) = (line for line in file if line.startswith("VmHWM:"))
    return int(line.split()[1]) << 10


class Lines(logging.Handler):
    """Log messages and warnings since they were last taken."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def read_once(client: aerospike.Client) -> tuple[str, str]:
    """The type and the beginning of the bin's repr, or of the error."""
    try:
        value = client.get(KEY, {"total_timeout": 0, "socket_timeout": 0})[2]["a"]
    except exception.AerospikeError as error:
        return type(error).__name__, str(error)
    flat = (bytes, bytearray, int, float, str, type(None))
    return type(value).__name__, repr(value)[:200] if isinstance(value, flat) else ""


def main(port: str, megabytes: str, config: str) -> None:
    """Serve until standard input ends."""
    lines = Lines()
    logging.getLogger("aerospike").addHandler(lines)
    warnings.showwarning = lambda message, *_: lines.lines.append(str(message))
    hosts = [("127.0.0.1", int(port))]
    client = aerospike.client({"hosts": hosts, **json.loads(config)})
    most = statm(0) + (int(megabytes) << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    at_first = statm(1)
    for _ in sys.stdin:
        begin = time.thread_time()
        kind, value = read_once(client)
        cpu_s = time.thread_time() - begin
        answer = {
            "type": kind,
            "value": value,
            "cpu_s": cpu_s,
            "peak_mb": (peak() - at_first) / (1 << 20),
            "log": lines.lines,
        }
        print(json.dumps(answer), flush=True)
        lines.lines = []
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
