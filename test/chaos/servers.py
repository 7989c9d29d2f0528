"""Servers of this machine that can be stopped, and started anew by the same command."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

STOPS_WITHIN_S = 60.0
PERIOD_S = 0.02


class Server:
    """A process that serves a port. `pid` and `port` change with each start and move.

    What it was started with is read from the system, so that nobody else needs to know
    it: its command, folder, environment, limit of descriptors, and the files
    that its output goes to.
    """

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.port = port
        folder = Path("/proc") / str(pid)
        self._command = _texts(folder / "cmdline")
        self._environment = _texts(folder / "environ")
        self._program = os.readlink(folder / "exe")
        self._cwd = os.readlink(folder / "cwd")
        self._limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        self._outputs = [os.readlink(folder / "fd" / str(fd)) for fd in (1, 2)]
        self._child: subprocess.Popen[bytes] | None = None

    def stop(self, how: signal.Signals) -> None:
        """End the process by a signal; TimeoutError if it does not end."""
        os.kill(self.pid, how)
        end_s = time.monotonic() + STOPS_WITHIN_S
        while self._is_running():
            if time.monotonic() > end_s:
                raise TimeoutError(f"process {self.pid} does not end")
            time.sleep(PERIOD_S)

    def _is_running(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        try:  # behind the name, which may have any characters
            state = (Path("/proc") / str(self.pid) / "stat").read_text()
        except OSError:
            return False
        return state.rpartition(")")[2].split()[0] not in "ZX"

    def start(self) -> None:
        """Start the process anew. It outlives this one."""
        files = [path if os.path.isfile(path) else os.devnull for path in self._outputs]
        with open(files[0], "ab") as out, open(files[1], "ab") as err:
            self._child = subprocess.Popen(
                self._command,
                executable=self._program,
                cwd=self._cwd,
                env=dict(text.split("=", 1) for text in self._environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                preexec_fn=partial(
                    resource.setrlimit, resource.RLIMIT_NOFILE, self._limits
                ),
            )
        self.pid = self._child.pid

    def move(self) -> bool:
        """Let it serve a free port from its next start on.

        The file of settings that its command names is copied for that. False: no file
        has the port exactly once.
        """
        pattern = re.compile(rf"\bport {self.port}\b")
        for place, argument in enumerate(self._command[1:], 1):
            text = _settings(os.path.join(self._cwd, argument))
            if len(pattern.findall(text)) == 1:
                self.port = _free_port()
                with tempfile.NamedTemporaryFile(
                    "w", prefix="chaos-", suffix=".conf", delete=False
                ) as file:
                    file.write(pattern.sub(f"port {self.port}", text))
                self._command[place] = file.name
                return True
        return False


def _texts(path: Path) -> list[str]:
    """The texts of a file in which each ends with a zero byte."""
    return [os.fsdecode(text) for text in path.read_bytes().split(b"\0")[:-1]]


def _settings(path: str) -> str:
    """The text of a file; "" if it is none."""
    if not os.path.isfile(path):
        return ""
    return Path(path).read_text(errors="replace")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
