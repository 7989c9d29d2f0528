"""A worker of examples/celery_tasks.py dies in the middle of a task, which counts once.

Run by test_frameworks.py in an environment with Celery.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from celery_tasks import add_points, app, key_of

PATIENCE_S = 60

# what the worker imports: its process dies once, before or behind the write
DYING = """
import os, signal
from pathlib import Path
import celery_tasks
from celery_tasks import app

connect, has_died = celery_tasks.connect, Path("has died")

class Dying:
    def operate(self, *args):
        is_first = not has_died.exists()
        has_died.touch()
        if not is_first or os.environ["DIES"] == "behind":
            connect().operate(*args)
        if is_first:
            os.kill(os.getpid(), signal.SIGKILL)

celery_tasks.connect = Dying
app.conf.broker_url = "filesystem://"
app.conf.broker_transport_options = {
    "data_folder_in": "tasks", "data_folder_out": "tasks",
}
app.conf.worker_lost_wait = 0.5
"""


@pytest.fixture(params=["before", "behind"])
def worker(aerospike_client, aerospike_hosts, tmp_path, monkeypatch, request):
    """The log of a worker that dies."""
    log = tmp_path / "log"
    (tmp_path / "tasks").mkdir()
    (tmp_path / "dying.py").write_text(DYING)
    environ = {
        **os.environ,
        "AEROSPIKE_HOSTS": ",".join(f"{host}:{port}" for host, port in aerospike_hosts),
        "AEROSPIKE_TOTAL_TIMEOUT": "30000",
        "DIES": request.param,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-m", "celery", "-A", "dying", "worker"]
    command += ["--concurrency", "1", "--loglevel", "INFO"]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stderr=file, env=environ, cwd=tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(app.conf, "broker_url", "filesystem://")
    folders = {"data_folder_in": "tasks", "data_folder_out": "tasks"}
    monkeypatch.setitem(app.conf, "broker_transport_options", folders)
    try:
        yield log
    finally:
        process.terminate()
        process.wait()


def test_task_of_a_dead_worker_counts_once(worker, aerospike_client):
    add_points.apply_async(("ada", 5), task_id="order 1")
    end = time.monotonic() + PATIENCE_S
    while "order 1] succeeded" not in worker.read_text():
        assert time.monotonic() < end, worker.read_text()
        time.sleep(0.05)
    assert "SIGKILL" in worker.read_text()
    assert aerospike_client.get(key_of("ada")).bins["points"] == 5
