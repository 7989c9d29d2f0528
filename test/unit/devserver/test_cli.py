"""The command line: what it prints, and that it stops when told to."""

import errno
import logging
import os
import re
import signal
import ssl
import subprocess
import sys

import pytest

import aerospike
from aerospike_devserver import DevCluster
from aerospike_devserver.cli import PROG, main

from ...absent import need
from ...waiting import PATIENCE_S
from .admin_wire import TTL, Admin, number
from .rawwire import Connection, RecordClient, put_int


@pytest.fixture(autouse=True)
def logger_of_before():
    """`main` sets the logger up for its process, which here is that of the tests."""
    logger = logging.getLogger("aerospike_devserver")
    handlers, level = logger.handlers, logger.level
    yield
    logger.handlers = handlers
    logger.setLevel(level)


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


def test_server_that_was_stopped_hears_its_signal():
    """Any of its threads may be the one that gets it: so several servers are tried."""
    processes = [start("--port", "0") for _ in range(6)]
    try:
        for process in processes:
            while process.stdout.readline() != "ready\n":
                assert process.poll() is None
        for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGCONT):
            for process in processes:
                process.send_signal(number)
        assert [process.wait(PATIENCE_S) for process in processes] == [0] * 6
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--host", "0.0.0.0"], "'0.0.0.0' is not on loopback"),
        (["--host", "::"], "which needs --allow-remote\n"),
        (["--host", "::1%lo"], "not on loopback"),
        (["--host", "myhost"], "'myhost' is not an address"),
        (["--nodes", "0"], "--nodes is 1 to"),
        (["--server-version", "8"], "--server-version is 8.1 or 8.2, or has four"),
        (["--port", "80000"], "--port 80000: the highest is 65535, 0 takes any"),
        (["--port", "65530", "--nodes", "3"], "3 nodes, 10 ports apart is 65515"),
        (["--access-address", "example.org"], "'example.org' is not HOST:PORT"),
        (["--access-address", "[::1]:0"], "65535, the lowest is 1"),
        (["--access-address", "a,b:3000"], "'a,b:3000' is not HOST:PORT"),
        (["--access-address", "a;b:3000"], "'a;b:3000' is not HOST:PORT"),
        (["--access-address", ":3000"], "':3000' is not HOST:PORT"),
        (["--access-address", "a:"], "'a:' is not HOST:PORT"),
        (["--access-address", "a:65535", "--nodes", "2"], "2 nodes, 10 ports apart"),
        (["--alternate-address", "a,b"], "'a,b' is not HOST:PORT"),
        (["--alternate-address", "a:65536"], "65535, the lowest is 1"),
        (["--racks", "1,x"], "--racks: 1,x is not such as 1,1,2"),
        (["--racks", "1,2"], "--racks: 1 numbers are needed"),
        (["--racks", "none=1"], "--racks: no namespace 'none'"),
        (["--racks", "1", "--racks", "test=1"], "several need names"),
        (["--cluster-name", "a;b"], "not a cluster name: 'a;b'"),
        (["--cluster-name", "x" * 65], "not a cluster name"),
        (["--tls", "--tls-port", "65536"], "--tls-port 65536: the highest is 65535"),
        (["--tls-cert", "none"], "--tls-cert and --tls-key go together"),
        (["--tls-cert", "none", "--tls-key", "none"], "none cannot be read"),
        (["--tls-only"], "--tls-only needs --tls, or --tls-cert and --tls-key\n"),
        (["--tls-port", "4333"], "--tls-port needs --tls, "),
        (["--tls-port", "0"], "--tls-port needs --tls, "),
        (["--tls-name", "devcluster"], "--tls-name needs --tls, "),
        (["--session-ttl", "300"], "--session-ttl needs --security\n"),
        (["--security", "--session-ttl", "0"], "--session-ttl is 1 to"),
        (["--udf-timeout", "0"], "--udf-timeout is above 0"),
        (["--udf-timeout", "nan"], "--udf-timeout is above 0"),
        (["--udf-memory", "1000"], "--udf-memory is 1048576 bytes or more"),
        (["--default-ttl", "-1"], "--default-ttl is 0 to 315360000 seconds"),
        (["--nsup-period", "-1"], "--nsup-period is 0 or more seconds"),
        (["--max-record-size", "0"], "--max-record-size is 1 to"),
        (["--replication-factor", "0"], "--replication-factor is 1 or more"),
        (["--edition", "x"], "--edition is community or enterprise, not x"),
        (
            ["--edition", "community", "--security"],
            "--security needs --edition enterprise\n",
        ),
        (
            ["--edition", "community", "--strong-consistency"],
            "--strong-consistency needs --edition enterprise\n",
        ),
        (["--allow-expunge"], "--allow-expunge needs --strong-consistency\n"),
        (["--tls", "--tls-name", "a b"], "not a --tls-name: 'a b'\n"),
        (
            ["--tls-cert", "tls_cert.pem", "--tls-key", "tls_key.pem"],
            "the file tls_cert.pem cannot be read\n",
        ),
        (["--host", "tls_port"], "--host 'tls_port' is not an address"),
        (["--tls-ca", "x"], "--tls-ca needs --tls-cert and --tls-key\n"),
    ],
)
def test_bad_option_is_reported(capsys, arguments, text):
    assert main(arguments) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("aerospike-devserver: ")
    assert text in printed


def test_port_that_is_taken_is_named(capsys):
    with DevCluster() as cluster:
        ((host, port),) = cluster.hosts
        assert main(["--port", str(port)]) == 1
        with pytest.raises(OSError, match=f"cannot listen on {host}:{port}: ") as found:
            DevCluster(port=port).start()
    printed = capsys.readouterr().err
    assert f"cannot listen on {host}:{port}: Address" in printed
    assert printed.endswith("; try another --port, or --port 0 for any free one\n")
    assert found.value.errno == errno.EADDRINUSE


def test_port_for_tls_that_is_taken_is_another_option(capsys):
    with DevCluster() as cluster:
        ((_, port),) = cluster.hosts
        assert main(["--tls", "--port", "0", "--tls-port", str(port)]) == 1
    assert "; try another --port or --tls-port; 0 takes" in capsys.readouterr().err


def test_version_is_that_of_the_distribution(capsys):
    with pytest.raises(SystemExit) as found:
        main(["--version"])
    assert found.value.code == 0
    assert capsys.readouterr().out == f"aerospike-devserver {aerospike.__version__}\n"


@pytest.mark.parametrize(
    ("command", "prog"),
    [
        (
            [sys.executable, "-m", "aerospike_devserver"],
            "python -m aerospike_devserver",
        ),
        ([os.path.join(os.path.dirname(sys.executable), PROG)], PROG),
    ],
)
def test_usage_names_the_program_that_was_called(command, prog):
    ran = subprocess.run([*command, "--nodes", "x"], capture_output=True, text=True)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"usage: {prog} [-h]")


def test_remote_address_is_taken_with_a_warning():
    process = start("--port", "0", "--host", "0.0.0.0", "--allow-remote")
    try:
        port = int(process.stdout.readline().rpartition(":")[2])
        with Connection("127.0.0.1", port) as connection:
            assert connection.info("service") == [f"127.0.0.1:{port}"]
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert "host 0.0.0.0 can be reached from other machines" in errors


def test_remote_address_with_security_warns_of_the_first_password():
    options = ("--port", "0", "--host", "0.0.0.0", "--allow-remote", "--security")
    process = start(*options)
    process.stdout.readline()
    process.terminate()
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert "give the user admin another password" in errors
    assert "no users" not in errors


def test_tls_and_security_say_what_clients_need():
    need("trustme")
    ports = ("--port", "0", "--tls-port", "0")
    process = start(*ports, "--mutual-tls", "--security", "--session-ttl", "300")
    try:
        lines = list(iter(process.stdout.readline, "ready\n"))
        found = re.fullmatch(
            r"node BB90+A1 on 127\.0\.0\.1:\d+, TLS on (\d+) as devcluster\n", lines[0]
        )
        assert found is not None
        needed = dict(line.split() for line in lines[1:])
        assert list(needed) == ["cafile", "certfile", "keyfile", "user", "password"]
        context = ssl.create_default_context(cafile=needed["cafile"])
        context.load_cert_chain(needed["certfile"], needed["keyfile"])
        port = int(found[1])
        with Connection("127.0.0.1", port, "devcluster", context) as connection:
            fields = Admin(connection).login(needed["user"], needed["password"]).fields
            assert fields[TTL] == number(300)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
    assert not os.path.exists(needed["cafile"])


def test_tls_only_shows_no_other_port():
    need("trustme")
    process = start("--port", "0", "--tls-port", "0", "--tls", "--tls-only")
    line = process.stdout.readline()
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    assert re.fullmatch(
        r"node BB90+A1 on 127\.0\.0\.1, TLS on \d+ as devcluster\n", line
    )


WRITTEN = f"test.demo digest {'00' * 20}: write n -> 0 OK"


@pytest.mark.parametrize(
    ("option", "logged"),
    [
        ([], []),
        (["-v"], [WRITTEN]),
        (["-vv"], ["info build", WRITTEN]),
    ],
)
def test_requests_are_logged(option, logged):
    process = start("--port", "0", *option)
    try:
        port = int(process.stdout.readline().rpartition(":")[2])
        with Connection("127.0.0.1", port) as connection:
            connection.info("build")
            RecordClient(connection, bytes(20)).write(put_int(b"n", 1))
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)
    lines = [re.sub(r"^.*? 127\S+ ", "", line) for line in errors.splitlines()]
    assert lines == logged


def test_localhost_is_an_address():
    with DevCluster(host="localhost") as cluster:
        assert [host for host, _ in cluster.hosts] == ["127.0.0.1"]


def test_server_begins_with_a_seed_and_ends_with_a_dump(tmp_path):
    seed, dump = tmp_path / "seed.json", tmp_path / "dump.jsonl"
    seed.write_text('{"set": "s", "key": 1, "bins": {"n": 5}}')
    process = start("--port", "0", "--seed", str(seed), "--dump", str(dump))
    try:
        assert process.stdout.readline().startswith("node ")
        assert process.stdout.readline() == f"records of {seed}: 1\n"
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        output = process.communicate()
    assert output == ("", "")
    line = '{"namespace": "test", "set": "s", "key": 1, "bins": {"n": 5}}\n'
    assert dump.read_text() == line


def test_wrong_seed_is_named(tmp_path, capsys):
    seed = tmp_path / "seed.json"
    assert main(["--port", "0", "--seed", str(seed)]) == 1
    assert capsys.readouterr().err == f"{PROG}: {seed}: No such file or directory\n"
    seed.write_text('\n{"key": 1, "bins": {"n": null}}')
    assert main(["--port", "0", "--seed", str(seed)]) == 1
    assert capsys.readouterr().err.startswith(f"{PROG}: {seed}:2: bins.n: null: ")


def test_dump_that_cannot_be_written_is_refused_at_the_start(tmp_path, capsys):
    dump = tmp_path / "missing" / "dump.jsonl"
    assert main(["--port", "0", "--dump", str(dump)]) == 1
    assert capsys.readouterr().err == f"{PROG}: {dump}: No such file or directory\n"


@pytest.mark.parametrize("text", [None, "of before\n"])
def test_failed_start_leaves_the_dump_as_it_was(tmp_path, capsys, text):
    seed, dump = tmp_path / "seed.json", tmp_path / "dump.jsonl"
    seed.write_text("{")
    if text is not None:
        dump.write_text(text)
    assert main(["--port", "0", "--seed", str(seed), "--dump", str(dump)]) == 1
    assert "no JSON" in capsys.readouterr().err
    assert (dump.read_text() if dump.exists() else None) == text


def test_ping_tells_whether_a_server_answers(cluster, capsys, nowhere):
    host, port = cluster.hosts[0]
    assert main(["--ping", f"{host}:{port}"]) == 0
    assert main(["--ping", "--port", str(port)]) == 0
    assert main(["--port", str(port), "--ping", str(port)]) == 0
    assert capsys.readouterr() == ("", "")
    with DevCluster(security=True) as guarded:
        assert main(["--ping", f"{host}:{guarded.hosts[0][1]}"]) == 0
    assert main(["--ping", "--port", str(nowhere[1])]) == 1
    assert capsys.readouterr().err.startswith(f"{PROG}: 127.0.0.1:{nowhere[1]}: ")
    for address in (f"{nowhere[0]}:{nowhere[1]}", "127.0.0.1", "127.0.0.1:x"):
        assert main(["--ping", address]) == 1
        assert capsys.readouterr().err.startswith(f"{PROG}: {address}: ")
