"""Programs from PyPI that fork: gunicorn, Celery and uWSGI, with a client that was made
before they did. They are installed into an environment of their own, once; where that
cannot be done, the tests are skipped with the reason."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import aerospike

from ..ecosystem.environments import environment_or_skip
from ..waiting import PATIENT, until

pytestmark = pytest.mark.takes_long

PACKAGES = ("bcrypt>=4", "celery>=5", "gunicorn>=23", "lupa>=2.8")
ENDING_S = 60
"""How long a server may take to stop."""

APPLICATION = """
import json, os, signal, sys
import aerospike

HOSTS = [tuple(host) for host in json.loads(os.environ["TEST_HOSTS"])]
KEY = ("test", "counters", "served")
PATIENT = json.loads(os.environ["TEST_PATIENT"])
SHM = json.loads(os.environ["TEST_SHM"])

def say(level, func, path, line, text):
    print("process", os.getpid(), text, file=sys.stderr, flush=True)

if SHM:
    aerospike.set_log_handler(say)
    aerospike.set_log_level(aerospike.LOG_LEVEL_INFO)
client = aerospike.client({"hosts": HOSTS, **PATIENT, **SHM})
client.put(KEY, {"served": 0})
maker = os.getpid()  # of the client

def use(n):
    "Every kind of call; which process this is, and which one has made the client."
    client.increment(KEY, "served", 1)
    assert client.get(("test", "processes", n % 300))[2]["n"] == n % 300
    keys = [("test", "processes", i) for i in range(50)]
    assert len(client.batch_read(keys).batch_records) == 50
    assert next(client.query("test", "processes").stream())[2]["n"] >= 0
    return {"pid": os.getpid(), "maker": maker}

def app(environ, start_response):
    body = json.dumps(use(int(environ["PATH_INFO"].strip("/")))).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""

TASKS = """
import application
from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown

app = Celery("tasks")
app.conf.update(
    broker_url="filesystem://",
    broker_transport_options={"data_folder_in": "queue", "data_folder_out": "queue"},
    result_backend="file://" + os.path.abspath("results"),
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)

@app.task
def use(n):
    return application.use(n)
"""

OWN_CLIENTS = """
@worker_process_init.connect
def make(**_):
    application.client = aerospike.client(
        {"hosts": application.HOSTS, **application.PATIENT}
    )
    application.maker = os.getpid()

@worker_process_shutdown.connect
def close(**_):
    application.client.close()
"""

DRIVER = """
import sys
from tasks import use
waiting = [use.delay(n) for n in range(int(sys.argv[1]))]
for found in [one.get(timeout=120) for one in waiting]:
    print(found["pid"], found["maker"])
"""


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python of the environment with the servers."""
    return environment_or_skip("processes", PACKAGES)


class Server:
    """A program that serves until the test ends it.

    :ivar log: what it has printed so far.
    """

    def __init__(
        self, command: Sequence[Any], folder: Path, hosts: Any, shm: Any = None
    ) -> None:
        self._path = folder / "log"
        with self._path.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=environ(hosts, shm) | {"HOME": str(folder)},
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self._path.read_text(errors="replace")

    def until(self, condition: Any) -> Any:
        return until(condition, lambda: f"it hangs:\n{self.log}")

    def kill(self, number: int) -> None:
        self._process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop it gracefully; nothing is wrong in its log."""
        self.kill(number)
        try:
            code = self._process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it does not stop:\n{self.log}")
        assert code == 0, self.log
        assert not re.search("Traceback|Segmentation|Fatal|signal 11", self.log), (
            self.log
        )

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(ENDING_S)


def environ(hosts: Any, shm: Any = None) -> dict[str, str]:
    """For programs that import the client of this checkout; shm is their section."""
    import json

    folder = Path(aerospike.__file__).parent.parent
    return {
        **os.environ,
        "PYTHONPATH": f"{folder}:.",
        "PYTHONWARNINGS": "ignore",
        "TEST_HOSTS": json.dumps(hosts),
        "TEST_PATIENT": json.dumps(PATIENT),
        "TEST_SHM": json.dumps({"shm": shm} if shm else {}),
    }


@contextlib.contextmanager
def serving(
    command: Sequence[Any], folder: Path, hosts: Any, shm: Any = None
) -> Iterator[Server]:
    (folder / "application.py").write_text(APPLICATION)
    server = Server(command, folder, hosts, shm)
    try:
        yield server
    finally:
        server.end()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port: int, n: int) -> dict[str, int] | None:
    """What the application answers; None where nobody does."""
    import json

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", f"/{n}")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    assert answer.status == 200, body
    return json.loads(body)


def workers(server: Server, port: int, n: int, own: bool = False) -> set[int]:
    """The pids of so many workers, each of which has used the client of another
    process, or its own."""
    seen: set[int] = set()

    def look() -> bool:
        for i in range(10):
            found = ask(port, i)
            if found is not None:
                assert (found["pid"] == found["maker"]) == own
                seen.add(found["pid"])
        return len(seen) >= n

    server.until(look)
    return seen


KINDS = [["--worker-class", "sync"], ["--worker-class", "gthread", "--threads", "4"]]


@pytest.mark.parametrize("kind", KINDS, ids=["sync", "gthread"])
def test_gunicorn_with_preload(python, hosts, functions, tmp_path, kind):
    port = free_port()
    command = [python, "-m", "gunicorn", "--preload", "--workers", "2", *kind]
    command += ["--bind", f"127.0.0.1:{port}", "application:app"]
    with serving(command, tmp_path, hosts) as server:
        first = workers(server, port, 2)
        os.kill(min(first), signal.SIGKILL)
        server.until(lambda: workers(server, port, 1) - first)  # it has a successor
        old = first | workers(server, port, 2)
        server.kill(signal.SIGHUP)  # new workers; the client stays as it is
        server.until(lambda: workers(server, port, 1) - old)
        server.stop()


@pytest.mark.parametrize("own", [False, True], ids=["preload", "own"])
def test_gunicorn_with_shared_memory(python, hosts, functions, tmp_path, own):
    """One process of all tends; when it is killed, another one does."""
    port, key = free_port(), 0x20000000 + os.getpid()
    command = [python, "-m", "gunicorn", "--workers", "4"]
    command += ["--bind", f"127.0.0.1:{port}", "application:app"]
    command += [] if own else ["--preload"]
    with serving(command, tmp_path, hosts, {"shm_key": key}) as server:

        def tenders() -> list[str]:
            return re.findall(r"process (\d+) this process tends", server.log)

        first = workers(server, port, 4, own)
        [tender] = tenders()
        assert (int(tender) in first) == own  # else it is the one that preloads
        os.kill(int(tender) if own else min(first), signal.SIGKILL)
        server.until(lambda: workers(server, port, 1, own) - first)  # a successor
        if own:
            server.until(lambda: len(tenders()) == 2)
        assert len(tenders()) == 1 + own
        workers(server, port, 2, own)
        server.stop()
    assert not Path(f"/dev/shm/aerospike-{os.geteuid()}-{key:08x}").exists()


@pytest.mark.parametrize("own", [False, True], ids=["inherited", "own"])
def test_celery_prefork(python, hosts, functions, tmp_path, own):
    text = "import os\nimport aerospike\n" + TASKS + (OWN_CLIENTS if own else "")
    (tmp_path / "tasks.py").write_text(text)
    for name in ("queue", "results"):
        (tmp_path / name).mkdir()
    command = [python, "-m", "celery", "-A", "tasks", "worker", "--pool", "prefork"]
    command += ["--concurrency", "2", "--max-tasks-per-child", "20", "-l", "INFO"]
    command += ["--without-gossip", "--without-mingle"]
    with serving(command, tmp_path, hosts) as server:
        done = subprocess.run(
            [python, "-c", DRIVER, "100"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environ(hosts),
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, f"{done.stderr}\n{server.log}"
        pairs = [line.split() for line in done.stdout.splitlines()]
        assert len(pairs) == 100
        assert len({pid for pid, _ in pairs}) >= 3  # children come and go
        assert all((pid == maker) == own for pid, maker in pairs)
        server.stop()


@pytest.mark.parametrize("lazy", [[], ["--lazy-apps"]], ids=["inherited", "own"])
@pytest.mark.parametrize("threads", [[], ["--enable-threads", "--threads", "3"]])
def test_uwsgi(hosts, functions, tmp_path, lazy, threads):
    python = environment_or_skip("processes-uwsgi", ("bcrypt>=4", "lupa>=2.8", "uwsgi"))
    port = free_port()
    command = [python.parent / "uwsgi", "--http-socket", f"127.0.0.1:{port}"]
    command += [
        "--master",
        "--processes",
        "2",
        "--die-on-term",
        "--wsgi",
        "application:app",
    ]
    command += ["--virtualenv", python.parent.parent, *lazy, *threads]
    with serving(command, tmp_path, hosts) as server:
        seen = set()

        def look() -> bool:
            for i in range(10):
                found = ask(port, i)
                if found is not None:
                    assert (found["pid"] == found["maker"]) == bool(lazy)
                    seen.add(found["pid"])
            return len(seen) >= 2

        server.until(look)
        os.kill(min(seen), signal.SIGKILL)
        n = len(seen)
        server.until(lambda: look() and len(seen) > n)
        server.stop()
