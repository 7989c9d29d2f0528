"""The command line: what it prints, and that it stops when told to."""

import re
import signal
import subprocess
import sys

import pytest

from aerospike_devserver.cli import main

from ...waiting import PATIENCE_S
from .rawwire import Connection


def start(*arguments):
    """The server as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "aerospike_devserver", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_server_announces_its_nodes_and_stops_on_a_signal(number):
    process = start("--nodes", "2", "--port", "0", "--namespace", "mine")
    try:
        lines = [process.stdout.readline() for _ in range(3)]
        assert lines[2] == "ready\n"
        ports = []
        for line, node in zip(lines, ("A1", "A2"), strict=False):
            found = re.fullmatch(rf"node BB90+{node} on 127\.0\.0\.1:(\d+)\n", line)
            assert found is not None
            ports.append(int(found[1]))
        with Connection("127.0.0.1", ports[1]) as connection:
            assert connection.info("namespaces") == ["mine"]
            process.send_signal(number)
            assert process.wait(PATIENCE_S) == 0
            assert connection.is_closed()
    finally:
        process.kill()
        output = process.communicate()
    assert output == ("", "")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--host", "0.0.0.0"], "loopback only"),
        (["--host", "::"], "loopback only"),
        (["--host", "::1%lo"], "loopback only"),
        (["--host", "localhost"], "loopback only"),
        (["--nodes", "0"], "nodes is 1 to"),
        (["--version", "8"], "four numbers"),
    ],
)
def test_bad_option_is_reported(capsys, arguments, text):
    assert main(arguments) == 1
    assert text in capsys.readouterr().err
