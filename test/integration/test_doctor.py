"""python -m aerospike doctor: what it finds at servers that are fine, and at others."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike._doctor import checks, cli, findings, show, texts
from aerospike._doctor.wire import Address, Way
from aerospike_devserver import DevCluster

from ..waiting import LATE_S

SECRET = "s3cr3t"
TIMEOUT_S = 1.0
PATIENT_S = 20.0

Report = dict[str, Any]


@pytest.fixture
def examine(capsys: pytest.CaptureFixture[str]) -> Callable[..., Report]:
    """examine(address, *options): the report; its exit code is "code".

    Timeouts are long unless the test is about a server that keeps silent.
    """

    def run(address: Any, *options: str, timeout_s: float = PATIENT_S) -> Report:
        target = address if isinstance(address, str) else "{}:{}".format(*address)
        argv = ["doctor", target, "--json", "--timeout", str(timeout_s), *options]
        code = cli.main(argv)
        out, err = capsys.readouterr()
        assert SECRET not in out + err
        report: Report = json.loads(out)
        assert code == (0 if report["ok"] else 1)
        return report | {"code": code}

    return run


def codes(report: Report) -> list[str]:
    return [found["code"] for found in report["findings"]]


def steps(report: Report) -> dict[str, str]:
    return {step["name"]: step["status"] for step in report["steps"]}


# --- servers that are fine ---


def test_nothing_is_wrong_with_a_good_cluster(examine, hosts):
    report = examine(hosts[0])
    assert report["findings"] == []
    assert report["code"] == 0
    assert set(steps(report).values()) == {"ok"}
    assert list(steps(report)) == [name for name, _ in checks.STEPS]
    assert len(report["nodes"]) >= len(hosts)
    assert report["lost_nodes"] == []


def test_json_has_its_shape(examine, hosts):
    report = examine(hosts[0])
    assert set(report) - {"code"} == {
        "format",
        "target",
        "ok",
        "steps",
        "findings",
        "nodes",
        "lost_nodes",
    }
    assert report["format"] == 1
    assert set(report["steps"][0]) == {"name", "status", "text", "took_ms"}
    assert set(report["nodes"][0]) == {"name", "address", "build", "edition"}


def test_finding_has_its_shape(examine, nowhere):
    (found,) = examine(nowhere)["findings"]
    assert set(found) == {
        "step",
        "code",
        "severity",
        "text",
        "meaning",
        "advice",
        "details",
    }


def test_ipv6(examine):
    try:
        with DevCluster(host="::1") as cluster:
            report = examine(f"[::1]:{cluster.hosts[0][1]}")
    except OSError:
        pytest.skip("needs the address ::1, which this machine lacks")
    assert report["findings"] == []


# --- the way to the first node ---


def test_port_where_nothing_listens(examine, nowhere):
    report = examine(nowhere)
    assert codes(report) == ["connection-refused"]
    assert steps(report)["tcp"] == "problem"
    assert steps(report)["server"] == "skipped"


def test_name_without_address(examine):
    report = examine("no-such-host.invalid", timeout_s=TIMEOUT_S)
    assert codes(report)[0] in ("name-unknown", "lookup-slow")


@contextlib.contextmanager
def listener(serve: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """A port at which each connection is served by a function, in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                taken.append(connection)
                with contextlib.suppress(OSError):
                    serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()
        server.shutdown(socket.SHUT_RDWR)
        for connection in taken:
            connection.close()


def say_nothing(connection: socket.socket) -> None:
    pass


def trickle(connection: socket.socket) -> None:
    """A reply that would take a day."""
    connection.sendall(b"\x02\x01" + (100_000).to_bytes(6, "big"))
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def claim(connection: socket.socket) -> None:
    connection.recv(100)
    connection.sendall(b"\x02\x01" + b"\xff" * 6)


def http(connection: socket.socket) -> None:
    connection.recv(100)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def ssh(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-x\x1b[31m\r\n")


def hang_up(connection: socket.socket) -> None:
    connection.close()


@pytest.mark.parametrize(
    ("serve", "code"),
    [
        (say_nothing, "silent"),
        (trickle, "silent"),
        (claim, "speaks-other"),
        (http, "speaks-http"),
        (ssh, "speaks-other"),
        (hang_up, "hung-up"),
    ],
)
def test_other_services_are_told_apart(examine, serve, code):
    """Those that answer are not waited for; the others have so long to do so."""
    timeout_s = TIMEOUT_S if code == "silent" else PATIENT_S
    with listener(serve) as address:
        began_s = time.monotonic()
        report = examine(address, timeout_s=timeout_s)
        took_s = time.monotonic() - began_s
    assert codes(report) == [code]
    assert took_s < 2 * TIMEOUT_S + LATE_S


def test_listener_that_never_accepts(examine):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        report = examine(server.getsockname(), timeout_s=TIMEOUT_S)
    assert codes(report)[0] in ("silent", "connection-timeout")


# --- TLS and logins ---


@pytest.fixture(scope="module")
def tls(request: pytest.FixtureRequest) -> Iterator[DevCluster]:
    pytest.importorskip("trustme", reason="needs trustme")
    request.getfixturevalue("built_with_tls")
    with DevCluster(tls=True) as cluster:
        yield cluster


def of_tls(cluster: DevCluster) -> tuple[tuple[str, int], list[str]]:
    """The address for TLS, and the options."""
    (host, port, name), config = cluster.config["hosts"][0], cluster.config["tls"]
    return (host, port), [
        "--tls",
        "--tls-name",
        name,
        "--tls-cafile",
        config["cafile"],
    ]


def test_tls(examine, tls):
    address, options = of_tls(tls)
    report = examine(address, *options)
    assert report["findings"] == []
    assert "TLSv1.3" in report["steps"][2]["text"]


def test_port_for_tls_asked_without_it(examine, tls):
    address, _ = of_tls(tls)
    report = examine(address, timeout_s=TIMEOUT_S)
    assert codes(report)[0] in ("speaks-tls", "hung-up", "silent")
    assert "--tls" in report["findings"][0]["advice"]


def test_port_without_tls_asked_for_it(examine, tls):
    _, options = of_tls(tls)
    report = examine(tls.hosts[0], *options, timeout_s=TIMEOUT_S)
    assert codes(report)[0] in ("tls-plain", "tls-failed", "silent")
    assert "port" in report["findings"][0]["advice"] + report["findings"][0]["meaning"]
    assert steps(report)["tls"] == "problem"


def test_certificate_of_another_name(examine, tls):
    address, options = of_tls(tls)
    options[2] = "another"
    report = examine(address, *options)
    assert codes(report) == ["tls-certificate"]
    assert "'another'" in report["findings"][0]["meaning"]


def test_certificate_whose_name_is_not_given(examine, tls):
    """It is made out to the address, too, which a client does not look at."""
    address, options = of_tls(tls)
    report = examine(address, options[0], *options[3:])
    assert codes(report) == ["tls-name-missing", "client-failed"]
    assert "--tls-name" in report["findings"][0]["advice"]


def test_file_of_tls_that_is_not_there(capsys):
    argv = ["doctor", "127.0.0.1", "--tls", "--tls-cafile", "/no/such.pem"]
    assert cli.main(argv) == 2
    assert "'/no/such.pem'" in capsys.readouterr().err


def test_certificate_of_an_unknown_ca(examine, tls):
    address, options = of_tls(tls)
    assert codes(examine(address, *options[:3])) == ["tls-certificate"]


@pytest.fixture(scope="module")
def secured() -> Iterator[DevCluster]:
    with DevCluster(security=True) as cluster:
        yield cluster


def test_login_is_wanted(examine, secured):
    report = examine(secured.hosts[0])
    assert codes(report) == ["login-required"]


def test_login(examine, secured, monkeypatch):
    monkeypatch.setenv(cli.PASSWORD, "admin")
    report = examine(secured.hosts[0], "--user", "admin")
    assert "login" in steps(report)
    assert steps(report)["login"] == "ok"
    assert steps(report)["client"] == "ok"


def test_login_is_refused(examine, secured, tmp_path):
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    report = examine(secured.hosts[0], "--user", "admin", "--password-file", str(file))
    assert codes(report) == ["login-refused"]
    (found,) = report["findings"]
    assert f" {found['details']['result']}: wrong password" in found["advice"]


@pytest.fixture(scope="module")
def mutual(request: pytest.FixtureRequest) -> Iterator[DevCluster]:
    pytest.importorskip("trustme", reason="needs trustme")
    request.getfixturevalue("built_with_tls")
    with DevCluster(security=True, mutual_tls=True) as cluster:
        with aerospike.client(cluster.config) as client:
            client.admin_create_pki_user("svc", ["read"])
        yield cluster


def by_certificate(cluster: DevCluster, name: str) -> tuple[Any, list[str]]:
    """The address, and the options of a login by the certificate of a name."""
    address, options = of_tls(cluster)
    certfile, keyfile = map(str, cluster.client_certificate(name))
    own = ["--tls-certfile", certfile, "--tls-keyfile", keyfile]
    return address, ["--auth", "pki", *options, *own]


def test_login_by_certificate(examine, mutual):
    address, options = by_certificate(mutual, "svc")
    report = examine(address, *options)
    assert report["findings"] == []
    assert report["steps"][3]["text"] == "by the certificate"


def test_certificate_of_no_user(examine, mutual):
    address, options = by_certificate(mutual, "eve")
    report = examine(address, *options)
    assert codes(report) == ["certificate-refused"]
    assert report["findings"][0]["details"]["result"] == 60


def test_certificate_and_user_exclude_each_other(mutual, capsys):
    _, options = by_certificate(mutual, "svc")
    assert cli.main(["doctor", "h", "--user", "u", *options]) == 2
    assert "takes no --user" in capsys.readouterr().err


def test_server_without_users(examine, cluster, monkeypatch):
    monkeypatch.setenv(cli.PASSWORD, SECRET)
    report = examine(cluster.hosts[0], "--user", "somebody")
    assert codes(report) == ["security-lacking", "client-failed"]


def test_cluster_that_checks_nobody(examine, monkeypatch):
    monkeypatch.setenv(cli.PASSWORD, SECRET)
    with DevCluster(edition="enterprise") as cluster:
        report = examine(cluster.hosts[0], "--user", "somebody")
    assert codes(report) == ["security-off"]
    assert steps(report)["client"] == "ok"


# --- the nodes ---


def test_cluster_of_another_name(examine, cluster):
    report = examine(cluster.hosts[0], "--cluster-name", "other")
    assert codes(report) == ["cluster-name", "client-failed"]


def test_server_in_a_container(examine):
    """Its nodes tell the addresses that they have inside."""
    with DevCluster(nodes=2, access_address="192.0.2.1:3000") as cluster:
        report = examine(cluster.hosts[0], timeout_s=TIMEOUT_S)
    assert "own-address" in codes(report)
    assert "node-behind-nat" in codes(report)
    assert "map-holes" in codes(report)
    lost = report["lost_nodes"]
    assert [node["addresses"] for node in lost] == [["192.0.2.1:3010"]]
    (found,) = (f for f in report["findings"] if f["code"] == "node-behind-nat")
    assert "access-address" in found["advice"]


def test_alternate_addresses_that_would_work_are_named(examine):
    with DevCluster(
        nodes=2, access_address="192.0.2.1:3000", alternate_address="127.0.0.1"
    ) as cluster:
        report = examine(cluster.hosts[0], timeout_s=TIMEOUT_S)
        assert "alternates-work" in codes(report)
        report = examine(cluster.hosts[0], "--services-alternate")
        assert report["findings"] == []


def test_alternate_addresses_that_are_missing(examine, cluster):
    report = examine(cluster.hosts[0], "--services-alternate")
    assert "no-alternates" in codes(report)


def test_node_that_is_frozen(examine, cluster):
    """It accepts connections and says nothing."""
    with cluster.faults.silence(node=1):
        began_s = time.monotonic()
        report = examine(cluster.hosts[0], timeout_s=TIMEOUT_S)
        took_s = time.monotonic() - began_s
    (found,) = (f for f in report["findings"] if f["code"] == "node-unreachable")
    assert "accepts connections and has said nothing" in found["text"]
    assert len(report["nodes"]) == 2
    assert took_s < 15 * TIMEOUT_S + LATE_S


def test_process_that_is_stopped(examine):
    import os
    import signal

    from ..children import server

    with server() as (address, pid):
        os.kill(pid, signal.SIGSTOP)
        try:
            report = examine(address, timeout_s=TIMEOUT_S)
        finally:
            os.kill(pid, signal.SIGCONT)
    assert codes(report) == ["silent"]


def test_node_that_is_down(examine, cluster):
    """Its cluster has noticed, so that it is no trouble of a client."""
    cluster.stop_node(2)
    report = examine(cluster.hosts[0])
    assert len(report["nodes"]) == 2
    assert "map-holes" not in codes(report)


def test_two_nodes_at_one_address(examine, cluster):
    with cluster.faults.swap(1, 2):
        report = examine(cluster.hosts[0])
    assert "another-node" in codes(report)


# --- the data, clocks, limits: with answers made up ---


def node_of(name: str, **answers: str) -> checks.Node:
    return checks.Node(name, Address("127.0.0.1", 3000), answers, 1_800_000_000)


@pytest.fixture
def examination() -> checks.Examination:
    way = Way(None, "", None, TIMEOUT_S)
    options = checks.Options("h", 3000, way, None, False, {}, 100)
    return checks.Examination(options)


def found_in(x: checks.Examination, *nodes: checks.Node) -> dict[str, dict[str, Any]]:
    """The findings of the steps that only look at answers."""
    x.nodes = {node.name: node for node in nodes}
    checks.check_views(x)
    for name, step in checks.STEPS:
        if name in ("partitions", "versions", "clocks", "limits"):
            assert step(x)
    return {found.code: found.details for found in x.findings}


def bitmap(*partitions: int) -> str:
    import base64

    bits = sum(1 << (texts.N_PARTITIONS - 1 - p) for p in partitions)
    return base64.b64encode(bits.to_bytes(texts.N_PARTITIONS // 8, "big")).decode()


ALL = range(texts.N_PARTITIONS)


def test_partitions_without_master(examination):
    masters = bitmap(*(p for p in ALL if p not in (5, 6, 7, 4095)))
    found = found_in(examination, node_of("A", replicas=f"test:0,1,{masters}"))
    assert found["map-holes"] == {
        "namespace": "test",
        "n": 4,
        "partitions": "5-7, 4095",
    }


def test_partitions_with_two_masters_and_too_few_copies(examination):
    all_of_them, none = bitmap(*ALL), bitmap()
    namespace = {
        "namespaces": "test",
        "namespace/test": "effective_replication_factor=2;stop_writes=false",
    }
    found = found_in(
        examination,
        node_of("A", replicas=f"test:0,2,{all_of_them},{none}", **namespace),
        node_of("B", replicas=f"test:0,2,{bitmap(0, 1)},{none}", **namespace),
    )
    assert found["map-conflict"]["n"] == 2
    assert found["map-copies"] == {"namespace": "test", "n": 4094, "wanted": 2}


def test_copies_are_not_counted_where_nodes_are_lost(examination):
    examination.lost = {"B": ()}
    namespace = {
        "namespaces": "test",
        "namespace/test": "effective_replication_factor=2",
    }
    masters = f"test:0,2,{bitmap(*ALL)},{bitmap()}"
    found = found_in(examination, node_of("A", replicas=masters, **namespace))
    assert "map-copies" not in found


def test_answers_about_partitions_that_are_malformed(examination):
    answers = ["", "test", "test:0,1,####", "test:0,1,AAAA", "ERROR:80:no", ":,,,"]
    for answer in answers:
        assert "step-failed" not in found_in(examination, node_of("A", replicas=answer))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("stop_writes=true", "stop-writes"),
        ("clock_skew_stop_writes=true", "clock-stop-writes"),
        ("hwm_breached=true", "evicting"),
        ("unavailable_partitions=4;dead_partitions=0", "partitions-unavailable"),
        ("dead_partitions=1", "partitions-unavailable"),
    ],
)
def test_states_of_namespaces(examination, text, code):
    answers = {"namespaces": "test", "namespace/test": text}
    assert list(found_in(examination, node_of("A", **answers))) == [code]


def test_unavailable_partitions_are_counted_once(examination):
    text = "unavailable_partitions=4;dead_partitions=1"
    answers = {"namespaces": "test", "namespace/test": text}
    found = found_in(examination, node_of("A", **answers), node_of("B", **answers))
    counts = found["partitions-unavailable"]
    assert (counts["unavailable"], counts["dead"]) == (4, 1)


@pytest.mark.parametrize(
    ("nodes", "code"),
    [
        (
            [
                {"statistics": "cluster_key=A;cluster_size=2"},
                {"statistics": "cluster_key=B;cluster_size=1"},
            ],
            "cluster-split",
        ),
        ([{"statistics": "cluster_integrity=false"}], "cluster-doubt"),
        ([{"statistics": "migrate_partitions_remaining=7"}], "migrating"),
        ([{"build": "8.1.0.0"}, {"build": "7.0.0.1"}], "builds-differ"),
        (
            [
                {
                    "statistics": "client_connections=900",
                    "get-config:context=service": "proto-fd-max=1000",
                }
            ],
            "connections-near-limit",
        ),
        (
            [
                {
                    "statistics": "client_connections=1",
                    "get-config:context=service": "proto-fd-max=50",
                }
            ],
            "pool-above-limit",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_nodes_tell(examination, nodes, code):
    made = [node_of(f"N{i}", **answers) for i, answers in enumerate(nodes)]
    assert list(found_in(examination, *made)) == [code]


def clock(ahead_s: int) -> dict[str, str]:
    now = 1_800_000_000 - checks.EPOCH_OF_SERVERS_S + ahead_s
    return {"namespaces": "test", "namespace/test": f"current_time={now}"}


def test_clock_that_differs_from_ours(examination):
    found = found_in(examination, node_of("A", **clock(-60)))
    assert found == {"clock-here": {"node": "A", "seconds": 60, "direction": "behind"}}


def test_clocks_that_differ_from_each_other(examination):
    nodes = node_of("A", **clock(0)), node_of("B", **clock(100))
    assert found_in(examination, *nodes)["clock-nodes"] == {"seconds": 100}


def test_clocks_a_second_apart_are_fine(examination):
    nodes = node_of("A", **clock(-1)), node_of("B", **clock(1))
    assert found_in(examination, *nodes) == {}


# --- texts of nodes ---


@pytest.mark.parametrize(
    ("text", "peers"),
    [
        ("0,3000,[]", []),
        ("", []),
        ("junk", []),
        (
            "2,3000,[[BB9,,[127.0.0.1:3510]],[BB8,name,[[2001::7]:4433,h]]]",
            [
                ("BB9", "", (("127.0.0.1", 3510),)),
                ("BB8", "name", (("2001::7", 4433), ("h", 3000))),
            ],
        ),
        ("2,4333,[[BB9,,[]]]", [("BB9", "", ())]),
        ("2,3000,[[BB9,,[h:99999]]]", [("BB9", "", ())]),
    ],
)
def test_lists_of_peers(text, peers):
    assert [tuple(peer) for peer in texts.peers_of(text)] == peers


def test_list_of_many_peers_is_read_at_once():
    text = "1,3000,[" + ",".join("[BB9,,[" + "h," * 2000 + "h]]" for _ in range(50))
    began_s = time.process_time()
    texts.peers_of(text + "[" * 10_000)
    assert time.process_time() - began_s < LATE_S


def test_list_of_peers_that_nearly_is_one_is_read_at_once():
    text = "1,3000,[[BB9,,[" + "a:1," * 60 + "a:1X]"
    began_s = time.process_time()
    assert texts.peers_of(text) == []
    assert not texts.are_peers(text)
    assert time.process_time() - began_s < LATE_S


def test_addresses_and_namespaces_without_an_end_are_cut():
    [peer] = texts.peers_of("1,3000,[[BB9,,[" + "h," * 5000 + "h]]]")
    assert len(peer.addresses) == texts.MOST_ADDRESSES
    maps = texts.maps_of(";".join(f"n{i}:1,1,{bitmap(0)}" for i in range(5000)))
    assert len(maps) == texts.MOST_NAMESPACES


def test_list_of_peers_that_is_malformed_is_a_problem(examination):
    peers = "1,3000,[[BB9,,[\x1b[31mx:3000]]]"
    answers = {"peers-clear-std": peers}
    examination.nodes = {"BB1": node_of("BB1", **answers)}
    checks.find_nodes(examination)
    assert [found.code for found in examination.findings] == ["no-answer"]


def test_chain_of_peers_without_an_end_is_left(examination, monkeypatch):
    """Each node names one that nobody has named before."""

    def ask(self, address, tls_name=""):
        name = f"BB{len(self.nodes):X}"
        told = f"1,3000,[[BB{len(self.nodes) + 1:X},,[127.0.0.1:1]]]"
        return node_of(name, **{"peers-clear-std": told})

    monkeypatch.setattr(checks.Examination, "ask", ask)
    examination.nodes = {"BB0": ask(examination, None)}
    examination.nodes["BB0"].answers["peers-clear-std"] = "1,3000,[[BB1,,[127.0.0.1]]]"
    checks.find_nodes(examination)
    assert len(examination.nodes) == 1 + checks.MOST_ROUNDS


def test_every_kind_of_finding_has_its_texts():
    for code, kind in findings.KINDS.items():
        assert kind.severity in show.STYLES, code
        assert kind.text[-1] not in ".?!", code
        assert kind.meaning[-1] == kind.advice[-1] == ".", code


# --- the command line ---


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["nurse", "h"],
        ["doctor"],
        ["doctor", "h", "--nope"],
        ["doctor", "h:x"],
        ["doctor", "h:0"],
        ["doctor", "h:65536"],
        ["doctor", "::1"],
        ["doctor", "h", "--timeout", "0"],
        ["doctor", "h", "--timeout", "nan"],
        ["doctor", "h", "--tls-cafile", "/no/file"],
        ["doctor", "h", "--tls", "--tls-cafile", "/no/file"],
        ["doctor", "h", "--user", "u", "--password-file", "/no/file"],
        ["doctor", "h", "--user", "u", "--auth", "external"],
        ["doctor", "h", "--auth", "pki"],
        ["doctor", "h", "--auth", "pki", "--tls"],
    ],
    ids=" ".join,
)
def test_wrong_usage_has_its_own_code(capsys, argv, monkeypatch):
    monkeypatch.setenv(cli.PASSWORD, SECRET)
    try:
        code: Any = cli.main(argv)
    except SystemExit as end:
        code = end.code
    assert code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err != ""


def test_password_is_asked_for_nowhere_without_a_terminal(capsys, monkeypatch):
    monkeypatch.delenv(cli.PASSWORD, raising=False)
    assert cli.main(["doctor", "h", "--user", "u"]) == 2
    assert "--password-file" in capsys.readouterr().err


@pytest.mark.parametrize("has_rich", [True, False])
def test_report_as_text(capsys, monkeypatch, nowhere, has_rich):
    if has_rich:
        pytest.importorskip("rich", reason="needs rich")
    else:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    assert cli.main(["doctor", "{}:{}".format(*nowhere)]) == 1
    out = capsys.readouterr().out
    for line in (
        "problem  tcp",
        "1. problem: ",
        "   It means: ",
        "   Do this:  ",
        "1 problem found.",
    ):
        assert line in out
    assert "\x1b" not in out


def test_report_shows_no_control_characters(capsys):
    with listener(ssh) as address:
        cli.main(["doctor", "{}:{}".format(*address), "--timeout", "5"])
    assert "\x1b" not in capsys.readouterr().out


def test_module_runs(hosts):
    command = [sys.executable, "-m", "aerospike", "doctor", "{}:{}".format(*hosts[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("Nothing is wrong.\n")
    assert done.stderr == ""
