"""A server that is ended, moved and started anew is what it was before."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ..waiting import until
from .servers import Server

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/exe").exists(), reason="processes are looked at in /proc"
)

SERVE = """
import os, re, socket, sys
port = int(re.search(r"port (\\d+)", open(sys.argv[2]).read())[1])
sock = socket.create_server(("127.0.0.1", port))
print("started", sys.argv[1], flush=True)
while True:
    peer = sock.accept()[0]
    peer.sendall(f"{os.getpid()} {os.environ['GIVEN']} {os.getcwd()}".encode())
    peer.close()
"""


def ask(port: int) -> list[str]:
    """What a server says of itself; [] if there is none."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            return sock.makefile().read().split()
    except OSError:
        return []


@pytest.fixture
def server(tmp_path):
    """A server, once it serves."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    (tmp_path / "settings").write_text(f"service port {port}, other port {port}1")
    with open(tmp_path / "log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, "a b", "settings"],
            cwd=tmp_path,
            env={**os.environ, "GIVEN": "x=y"},
            stdout=log,
        )
    until(lambda: ask(port))
    server = Server(process.pid, port)
    yield server
    server.stop(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_server_is_started_anew_as_it_was(server, tmp_path, how):
    before, port = server.pid, server.port
    server.stop(how)
    assert ask(port) == []
    server.start()
    until(lambda: ask(port))
    assert ask(port) == [str(server.pid), "x=y", str(tmp_path)]
    assert server.pid != before
    assert (tmp_path / "log").read_text() == "started a b\n" * 2


def test_server_moves_as_often_as_it_is_told(server):
    seen = [server.port]
    for _ in range(2):
        server.stop(signal.SIGTERM)
        assert server.move()
        server.start()
        until(lambda: ask(server.port))
        assert ask(seen[-1]) == []
        seen.append(server.port)
    assert len(set(seen)) == 3


def test_server_without_settings_does_not_move(server, tmp_path):
    (tmp_path / "settings").write_text("nothing")
    assert not server.move()
