"""gunicorn serves examples/flask_app.py with the settings of examples/gunicorn_conf.py.

Run by test_frameworks.py in an environment with both.
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time

import pytest

PATIENCE_S = 120


def ask(port, method, path):
    """Status and body; None where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return None
    finally:
        connection.close()


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(params=["gthread", "sync"])
def served(aerospike_client, aerospike_hosts, tmp_path, request):
    """The process, its port, and its log."""
    log = tmp_path / "log"
    hosts = ",".join(f"{host}:{port}" for host, port in aerospike_hosts)
    settings = importlib.util.find_spec("gunicorn_conf").origin
    command = [sys.executable, "-m", "gunicorn", "-c", settings, "--workers", "2"]
    command += ["--worker-class", request.param, "flask_app:create_app()"]
    environ = {
        **os.environ,
        "AEROSPIKE_HOSTS": hosts,
        "AEROSPIKE_TOTAL_TIMEOUT": "30000",
        "BIND": "127.0.0.1:0",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    with log.open("wb") as file:
        process = subprocess.Popen(command, stderr=file, env=environ)
    try:
        until(lambda: log.read_text().count(" serves") == 2)
        found = re.search(r"Listening at: \S+:(\d+) ", log.read_text())
        port = int(found[1])
        until(lambda: ask(port, "GET", "/carts/nobody"))
        yield process, port, log
    finally:
        process.kill()
        process.wait()


def test_workers_serve_and_end(served):
    process, port, log = served
    answers = [ask(port, "POST", "/carts/ada/pen") for _ in range(50)]
    assert {status for status, _ in answers} == {200}
    assert ask(port, "GET", "/carts/ada") == (200, b'{"pen":50}\n')
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    assert "Traceback" not in log.read_text()
