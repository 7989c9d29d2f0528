"""Use what is installed as its users do: python -I tools/wheel_smoke.py

It is for a wheel that was just installed, in an environment without the sources: it
tries the imports, calls of each kind, TLS, logins, forks and the development server.
Run it with -I, so that Python looks for modules in the environment alone.
It needs the standard library alone, and uses more where that is installed:

trustme   makes the certificate for TLS; without it, the program openssl does
pytest    loads the plugin of the development server
lupa      runs a function in Lua

A line says what became of each check: ok, FAILED, or left out with the reason. The last
line counts them. The exit code is 0 when none has failed.
"""

from __future__ import annotations

import asyncio
import datetime
import decimal
import faulthandler
import importlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

PACKAGES = ("aerospike", "aerospike_devserver", "aerospike_helpers", "aerospike_lua")
COMMAND = "aerospike-devserver"
LIMIT_S = 600
"""How long all of it may take: an emulated machine takes a minute."""
CALL_MS = 30_000
PATIENT = {
    "connect_timeout": CALL_MS,
    "policies": {
        kind: {"total_timeout": CALL_MS, "socket_timeout": CALL_MS}
        for kind in ("read", "write", "operate", "batch", "scan", "query")
    },
}
KEY = ("test", "smoke", "key")
KEYS = [("test", "smoke", number) for number in range(50)]


class LeftOut(Exception):
    """The check cannot be made here; the text says why."""


CHECKS: list[Callable[[], str | None]] = []


def check(function: Callable[[], str | None]) -> Callable[[], str | None]:
    """Make a function one of the checks. It raises, or returns what to say of it."""
    CHECKS.append(function)
    return function


@contextmanager
def connected(**settings: Any) -> Any:
    """A client of a development cluster that lives in this process."""
    import aerospike
    from aerospike_devserver import DevCluster

    with (
        DevCluster(2, **settings) as cluster,
        aerospike.client({**PATIENT, **cluster.config}) as client,
    ):
        client.connect()  # raises what is wrong
        yield client


def expect(got: object, wanted: object) -> None:
    if got != wanted:
        raise AssertionError(f"{got!r}, not {wanted!r}")


def need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise LeftOut(f"{package} is not installed")


def run_python(*arguments: str, **settings: Any) -> str:
    """What another interpreter of this environment prints."""
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
        **settings,
    )
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    return str(done.stdout)


# --- what was installed -----------------------------------------------------------


@check
def version() -> str:
    import aerospike

    number = metadata.version("aerospike")
    expect(aerospike.__version__, number)
    tags = (metadata.distribution("aerospike").read_text("WHEEL") or "").splitlines()
    names = [line.removeprefix("Tag: ") for line in tags if line.startswith("Tag: ")]
    return f"{number} {' '.join(names)}"


def installed() -> list[PurePosixPath]:
    """The files of the wheel, except what pip makes of it."""
    files = metadata.distribution("aerospike").files or []
    return [path for path in files if path.suffix != ".pyc"]


@check
def files() -> str:
    """Each file is in a package, or describes the wheel, or is the command."""
    paths = installed()
    suffix = Path(str(sysconfig.get_config_var("EXE"))).suffix
    homes = {*PACKAGES, *(p.parts[0] for p in paths if p.name == "RECORD")}
    strays = [str(path) for path in paths if path.parts[0] not in homes]
    expect([Path(path).name for path in strays], [COMMAND + suffix])
    return f"{len(paths)} files"


@check
def imports() -> None:
    """The packages come from the wheel, and from nowhere else."""
    place = Path(str(metadata.distribution("aerospike").locate_file(""))).resolve()
    for name in PACKAGES:
        found = Path(str(importlib.import_module(name).__file__)).resolve()
        expect(found, place / name / "__init__.py")


@check
def types() -> None:
    paths = set(map(str, installed()))
    expected = {f"{package}/py.typed" for package in PACKAGES} | {"aerospike/_core.pyi"}
    expect(expected - paths, set())


@check
def free_threading() -> str:
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise LeftOut("this Python has the GIL")
    run_python("-c", "import sys, aerospike; sys.exit(sys._is_gil_enabled())")
    return "the import does not turn the GIL on"


# --- calls ------------------------------------------------------------------------


@check
def records() -> None:
    from aerospike_helpers.operations import list_operations, operations

    bins = {"n": 1, "text": "ü", "list": [1, 2.5, None, True], "map": {"a": b"b"}}
    with connected() as client:
        client.put(KEY, bins)
        expect(client.get(KEY)[2], bins)
        rows = [
            operations.increment("n", 2),
            list_operations.list_append("list", "x"),
            operations.read("n"),
        ]
        expect(client.operate(KEY, rows)[2], {"n": 3, "list": 5})


@check
def errors() -> None:
    from aerospike import exception

    with connected() as client:
        try:
            client.get(KEY)
        except exception.RecordNotFound as error:
            expect(error.code, 2)
        else:
            raise AssertionError("there is a record that nobody has written")


@check
def many_records() -> None:
    from aerospike import predicates
    from aerospike_helpers import expressions as exp
    from aerospike_helpers.batch.records import BatchRecords, Write
    from aerospike_helpers.operations import operations

    large = exp.GE(exp.IntBin("n"), 40).compile()
    with connected() as client:
        rows = [Write(key, [operations.write("n", key[2])]) for key in KEYS]
        expect(client.batch_write(BatchRecords([*rows])).result, 0)
        found = client.batch_read(KEYS, ["n"], policy={"expressions": large})
        records = [row.record[2]["n"] for row in found.batch_records if row.record]
        expect(records, [*range(40, 50)])
        scanned = client.scan("test", "smoke").results()
        expect(sorted(bins["n"] for _, _, bins in scanned), [*range(50)])
        client.index_integer_create("test", "smoke", "n", "smoke-n")
        query = client.query("test", "smoke")
        query.where(predicates.between("n", 30, 44))
        found = query.results({"expressions": large})
        expect(sorted(bins["n"] for _, _, bins in found), [*range(40, 45)])


@check
def asynchronous() -> None:
    import aerospike
    from aerospike_devserver import DevCluster

    async def use(config: dict[str, Any]) -> None:
        async with aerospike.AsyncClient(config) as client:
            writes = (client.put(key, {"n": key[2]}) for key in KEYS)
            await asyncio.gather(*writes)
            found = await asyncio.gather(*map(client.get, KEYS))
            expect([bins["n"] for _, _, bins in found], [*range(50)])
            scanned = [record async for record in client.scan("test", "smoke")]
            expect(len(scanned), 50)

    with DevCluster(2) as cluster:
        asyncio.run(use({**PATIENT, **cluster.config}))


@check
def values() -> None:
    """What the server has no type for is pickled."""
    bins = {
        "decimal": decimal.Decimal("1.50"),
        "date": datetime.date(2026, 11, 30),
        "tuple": (1, "a"),
        "nested": [{1, 2}],
    }
    with connected() as client:
        client.put(KEY, bins)
        expect(client.get(KEY)[2], bins)


@check
def compression() -> None:
    policy = {"compress": True}
    bins = {"text": "abc" * 10_000}
    with connected(edition="enterprise") as client:
        client.put(KEY, bins, None, policy)
        expect(client.get(KEY, policy)[2], bins)


@check
def logins() -> None:
    with connected(security=True) as client:
        client.put(KEY, {"n": 1})
        expect(client.get(KEY)[2], {"n": 1})


@check
def threads() -> None:
    with connected() as client:
        client.put(KEY, {"n": 0})

        def add() -> None:
            for _ in range(20):
                client.increment(KEY, "n", 1)

        workers = [threading.Thread(target=add) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        expect(client.get(KEY)[2], {"n": 160})


FORKING = """
import os, sys
import aerospike
config, key = eval(sys.argv[1])
with aerospike.client(config) as client:
    client.put(key, {"n": 1})
    pid = os.fork()
    client.increment(key, "n", 1)
    if pid == 0:
        os._exit(client.get(key)[2]["n"] not in (2, 3))
    assert os.waitpid(pid, 0)[1] == 0, "the child has failed"
    assert client.get(key)[2]["n"] == 3
"""


@check
def forks() -> None:
    """A client goes on in both processes. Its server is in neither."""
    from aerospike_devserver import DevCluster

    with DevCluster() as cluster:
        config = {**PATIENT, **cluster.config}
        run_python("-c", FORKING, repr((config, KEY)))


@check
def shared_memory() -> None:
    import aerospike
    from aerospike_devserver import DevCluster

    if not sys.platform.startswith("linux"):
        raise LeftOut("the client has it on Linux only")
    with DevCluster() as cluster:
        shm = {"shm": {"shm_key": 0x50000000 + os.getpid() % 0x1000000}}
        with aerospike.client({**PATIENT, **cluster.config, **shm}) as client:
            client.put(KEY, {"n": 1})
            expect(client.get(KEY)[2], {"n": 1})


LUA = "function twice(record, n)\n    return 2 * n\nend\n"


@check
def functions() -> None:
    need("lupa")
    with tempfile.TemporaryDirectory() as folder, connected() as client:
        path = Path(folder, "smoke.lua")
        path.write_text(LUA)
        client.udf_put(str(path))
        client.put(KEY, {"n": 1})
        expect(client.apply(KEY, "smoke", "twice", [21]), 42)


# --- TLS --------------------------------------------------------------------------

OVER_TLS = """
import os, sys
import aerospike
config, key = eval(sys.argv[1])
with aerospike.client(config) as client:
    client.connect()
    bins = {"blob": bytearray(range(256)) * 1000}
    client.put(key, bins)
    assert client.get(key)[2] == bins
if os.path.exists("/proc/self/maps"):
    with open("/proc/self/maps") as file:
        paths = file.read().split()
    assert [path for path in paths if "/_tls." in path], "_tls was not used"
    print(*sorted({path for path in paths if "libssl" in path}))
"""


def certificate(folder: Path) -> dict[str, str]:
    """Settings of a development cluster for TLS; LeftOut."""
    if importlib.util.find_spec("trustme") is not None:
        return {}
    if shutil.which("openssl") is None:
        raise LeftOut("nothing here makes certificates: neither trustme nor openssl")
    settings = {
        "tls_cert": str(folder / "cert.pem"),
        "tls_key": str(folder / "key.pem"),
    }
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=devcluster", "-addext", "subjectAltName=DNS:devcluster"),
            *("-out", settings["tls_cert"], "-keyout", settings["tls_key"]),
        ],
        check=True,
        capture_output=True,
    )
    return settings


@check
def tls() -> str:
    """A client of its own process, so that what it loads is not what Python needs."""
    from aerospike_devserver import DevCluster

    with tempfile.TemporaryDirectory() as folder:
        settings: dict[str, Any] = certificate(Path(folder))
        with DevCluster(tls=not settings, **settings) as cluster:
            config = {**PATIENT, **cluster.config}
            loaded = run_python("-c", OVER_TLS, repr((config, KEY))).strip()
    maker = "openssl" if settings else "trustme"
    if not sys.platform.startswith("linux"):
        return f"certificate by {maker}"
    tags = metadata.distribution("aerospike").read_text("WHEEL") or ""
    if loaded and ("manylinux" in tags or "musllinux" in tags):
        raise AssertionError(f"the wheel has no OpenSSL of its own: it loads {loaded}")
    return f"certificate by {maker}; OpenSSL: {loaded or 'inside the wheel'}"


# --- programs ---------------------------------------------------------------------


@check
def command() -> None:
    """The development server as a program of its own, and the end of it."""
    import aerospike

    program = Path(sysconfig.get_path("scripts"), COMMAND)
    started = subprocess.Popen(
        [program, "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert started.stdout is not None
        port = int(started.stdout.readline().rpartition(":")[2])
        config = {**PATIENT, "hosts": [("localhost", port)]}
        with aerospike.client(config) as client:
            client.put(KEY, {"n": 1})
            expect(client.get(KEY)[2], {"n": 1})
    finally:
        started.terminate()
        started.communicate()
    expect(started.returncode, 0)


@check
def doctor() -> None:
    from aerospike_devserver import DevCluster

    with DevCluster() as cluster:
        host, port = cluster.hosts[0]
        said = run_python("-m", "aerospike", "doctor", f"{host}:{port}")
        expect(said.splitlines()[-1], "Nothing is wrong.")


PLUGIN = """
def test_visits_are_counted(aerospike_client, aerospike_key):
    aerospike_client.put(aerospike_key, {"visits": 1})
    assert aerospike_client.get(aerospike_key)[2] == {"visits": 1}
"""


@check
def pytest_plugin() -> None:
    need("pytest")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_visits.py").write_text(PLUGIN)
        environment = {k: v for k, v in os.environ.items() if k != "AEROSPIKE_HOSTS"}
        arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_visits.py"]
        printed = run_python(*arguments, cwd=folder, env=environment)
        expect("1 passed" in printed, True)


# --- all of it --------------------------------------------------------------------


def run(function: Callable[[], str | None]) -> str:
    """Make one check and print its line; "ok", "FAILED" or "left out"."""
    name = function.__name__.replace("_", " ")
    began = time.monotonic()
    try:
        said = function()
        verdict = "ok"
    except LeftOut as reason:
        said = str(reason)
        verdict = "left out"
    except Exception:  # noqa: BLE001 - printed, and the next check is made
        said = None
        verdict = "FAILED"
        traceback.print_exc(file=sys.stdout)
    taken = f"{time.monotonic() - began:.1f} s"
    print(f"{verdict:8}  {name:14}  {taken:>6}  {said or ''}".rstrip(), flush=True)
    return verdict


def main() -> int:
    verdicts = [run(function) for function in CHECKS]
    counts = {verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    name, number = platform.libc_ver()
    libc = f"{name} {number}" if name == "glibc" else "musl"
    where = f"{platform.machine()}, Python {platform.python_version()}"
    where += f", {libc}" if sys.platform.startswith("linux") else f", {sys.platform}"
    print(f"{told}; {where}")
    return int("FAILED" in verdicts)


if __name__ == "__main__":
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)
    warnings.simplefilter("error")
    sys.exit(main())
