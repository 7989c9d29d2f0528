"""TLS of the development server: ports, certificates, and peers that misbehave."""

import itertools
import os
import socket
import ssl
import sys

import pytest

from aerospike_devserver import DevCluster, transport

from ...waiting import PATIENCE_S, until
from .rawwire import (
    BLOB,
    GET_ALL,
    INFO,
    MESSAGE,
    READ,
    Connection,
    RecordClient,
    message,
    proto,
    put,
)

DIGEST = b"\x07" * 20
NAME = "devcluster"
BUILD = proto(INFO, b"build\n")


def trusting(ca_file, *files, version=None):
    """A client's context that trusts a CA, and shows a certificate if it has one."""
    made = ssl.create_default_context(cafile=ca_file)
    if files:
        made.load_cert_chain(*files)
    if version is not None:
        made.minimum_version = made.maximum_version = version
    return made


def connect(cluster, *files, node=0, **options):
    config = cluster.config
    context = trusting(config["tls"]["cafile"], *files, **options)
    host, port, name = config["hosts"][node]
    return Connection(host, port, name, context)


@pytest.fixture(scope="module")
def cluster():
    """Two nodes with ports of both kinds."""
    with DevCluster(2, tls=True) as made:
        yield made


@pytest.fixture
def hasty(monkeypatch):
    """A server that soon gives up a handshake which does not go on."""
    monkeypatch.setattr(transport, "HANDSHAKE_LIMIT_S", 0.1)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_records_travel_over_tls(cluster, version):
    # replies of many TLS records, which come faster than they are taken
    value = os.urandom(900_000)
    with connect(cluster, version=version) as connection:
        assert connection.sock.version() == version.name.replace("_", ".")
        record = RecordClient(connection, DIGEST)
        assert record.write(put(b"b", BLOB, value)).result == 0
        read = message((READ | GET_ALL, 0, 0), record.fields())
        for _ in range(20):
            connection.send(proto(MESSAGE, read))
        for _ in range(20):
            assert value in connection.receive_frame()[1]


def test_both_kinds_of_ports_share_the_data(cluster):
    with connect(cluster) as secret, Connection(*cluster.hosts[1]) as clear:
        RecordClient(secret, DIGEST).write(put(b"b", BLOB, b"x"))
        assert RecordClient(clear, DIGEST).get().bins == {b"b": (BLOB, b"x")}


def test_addresses_are_listed_with_tls_and_without(cluster):
    (host, port, name), (_, other, _) = cluster.config["hosts"]
    (_, clear), (_, other_clear) = cluster.hosts
    id1 = cluster.node_ids[1]
    with connect(cluster) as connection:
        (n,) = connection.info("peers-generation")
        assert connection.info(
            "service-tls-std", "service-clear-std", "peers-tls-std", "peers-clear-std"
        ) == [
            f"{host}:{port}",
            f"{host}:{clear}",
            f"{n},4333,[[{id1},{name},[{host}:{other}]]]",
            f"{n},3000,[[{id1},,[{host}:{other_clear}]]]",
        ]
        none = connection.info("service-tls-alt", "peers-tls-alt")
        assert none == ["", f"{n},4333,[]"]


def test_addresses_with_tls_are_published_under_their_own_ports():
    with DevCluster(2, tls=True, access_address="192.0.2.1:7000") as made:
        (_, port, _), (_, other, _) = made.config["hosts"]
        with connect(made) as connection:
            service, peers, clear = connection.info(
                "service-tls-std", "peers-tls-std", "service-clear-std"
            )
            assert service == f"192.0.2.1:{port}"
            assert f"[192.0.2.1:{other}]" in peers
            assert clear == "192.0.2.1:7000"


def test_settings_are_told(cluster):
    with connect(cluster) as connection:
        (found,) = connection.info("get-config:context=network")
    _, port, name = cluster.config["hosts"][0]
    assert found.endswith(f";service.tls-port={port};service.tls-name={name}")


def test_without_tls_its_addresses_are_refused_as_before():
    with DevCluster() as made, Connection(*made.hosts[0]) as connection:
        names = ("service-tls-std", "service-tls-alt", "peers-tls-std", "peers-tls-alt")
        assert connection.info(*names) == ["ERROR:25:enterprise only"] * 4
        assert made.config == {"hosts": made.hosts}
        with pytest.raises(RuntimeError, match="serves no TLS"):
            made.client_certificate("ada")


def test_tls_only_has_no_other_ports():
    with DevCluster(2, tls=True, tls_only=True) as made:
        assert made.hosts == [host[:2] for host in made.config["hosts"]]
        with connect(made) as connection:
            names = ("service-clear-std", "services", "peers-clear-std")
            assert connection.info(*names) == ["", "", "0,3000,[]"]
            assert made.node_ids[1] in connection.info("peers-tls-std")[0]


def test_ports_are_the_same_after_a_restart(cluster):
    before = cluster.hosts, cluster.config["hosts"]
    cluster.stop_node(1)
    assert len(cluster.hosts) == len(cluster.config["hosts"]) == 1
    cluster.start_node(1)
    assert (cluster.hosts, cluster.config["hosts"]) == before
    with connect(cluster, node=1) as connection:
        assert connection.info("node") == [cluster.node_ids[1]]


def test_node_that_stops_says_goodbye(cluster):
    with connect(cluster, node=1) as connection:
        connection.info("node")
        cluster.stop_node(1)
        assert connection.is_closed()
    cluster.start_node(1)


def is_refused(cluster, *files):
    """Whether a client gets no answer, for its handshake fails."""
    try:
        with connect(cluster, *files) as connection:
            connection.info("build")
    except (ssl.SSLError, EOFError, ConnectionError):
        return True
    return False


def test_mutual_tls_demands_a_certificate_of_its_ca(cluster):
    with DevCluster(mutual_tls=True) as made:
        tls = made.config["tls"]
        assert not is_refused(made, tls["certfile"], tls["keyfile"])
        assert not is_refused(made, *made.client_certificate("ada"))
        assert is_refused(made)
        assert is_refused(made, *cluster.client_certificate("ada"))
        assert not is_refused(made, *made.client_certificate("ada"))


def test_key_of_a_client_is_in_the_form_that_all_clients_read(cluster):
    _, key = cluster.client_certificate("ada")
    with open(key) as lines:
        assert lines.readline() == "-----BEGIN PRIVATE KEY-----\n"  # PKCS #8


def test_certificates_are_gone_when_the_cluster_stops():
    with DevCluster(mutual_tls=True) as made:
        paths = [p for p in made.config["tls"].values() if isinstance(p, str)]
        assert len(paths) == 3
        assert all(map(os.path.exists, paths))
        assert os.stat(os.path.dirname(paths[0])).st_mode & 0o77 == 0
    assert not any(map(os.path.exists, paths))
    with pytest.raises(RuntimeError):
        _ = made.config
    with made:  # again, with new ones
        assert not is_refused(made, *made.client_certificate("ada"))


# Own certificates


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files of certificates that the server has not made: ca, cert, key."""
    trustme = pytest.importorskip("trustme")
    folder = tmp_path_factory.mktemp("certificates")
    ca = trustme.CA()
    issued = ca.issue_cert("node.example")
    ca.cert_pem.write_to_path(folder / "ca")
    issued.private_key_pem.write_to_path(folder / "key")
    issued.cert_chain_pems[0].write_to_path(folder / "cert")
    (folder / "garbage").write_text("garbage")
    return folder


def test_own_certificate_is_served(files):
    with DevCluster(
        tls_cert=files / "cert",
        tls_key=files / "key",
        tls_ca=files / "ca",
        tls_name="node.example",
    ) as made:
        assert made.config["tls"] == {"enable": True, "cafile": str(files / "ca")}
        assert not is_refused(made, files / "cert", files / "key")
        assert is_refused(made)
        with pytest.raises(RuntimeError, match="makes its own certificates"):
            made.client_certificate("ada")


def test_own_context_is_served(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "cert", files / "key")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with DevCluster(tls=context, tls_name="node.example") as made:
        assert made.config["tls"] == {"enable": True}
        ((host, port, name),) = made.config["hosts"]
        trusts = trusting(files / "ca")
        with socket.create_connection((host, port), PATIENCE_S) as sock:
            tls = trusts.wrap_socket(sock, server_hostname=name)
            assert tls.version() == "TLSv1.2"
            tls.close()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"tls_cert": "cert"}, "tls_cert and tls_key go together"),
        ({"tls_key": "key"}, "tls_cert and tls_key go together"),
        ({"tls": True, "tls_ca": "ca"}, "tls_ca needs tls_cert and tls_key"),
        ({"tls_cert": "none", "tls_key": "key"}, "none cannot be read"),
        ({"tls_cert": "garbage", "tls_key": "key"}, "no certificate and its key"),
        ({"tls_cert": "ca", "tls_key": "key"}, "no certificate and its key"),
        (
            {"tls_cert": "cert", "tls_key": "key", "tls_ca": "garbage"},
            "has no certificates of a CA",
        ),
        ({"mutual_tls": True, "tls_cert": "cert", "tls_key": "key"}, "needs tls_ca"),
        ({"tls_only": True}, "tls_only needs tls"),
        ({"tls": True, "tls_name": "a,b"}, "not a tls_name: 'a,b'"),
        ({"tls": True, "tls_port": 65_536}, "tls_port 65536: the highest is 65535"),
        (
            {"tls": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), "mutual_tls": True},
            "a context, which says all",
        ),
    ],
)
def test_bad_settings_are_refused(files, settings, text):
    named = ("tls_cert", "tls_key", "tls_ca")
    given = {k: files / v if k in named else v for k, v in settings.items()}
    with pytest.raises(ValueError, match=text):
        DevCluster(**given)


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "trustme", None)
    made = DevCluster(tls=True)
    with pytest.raises(ImportError, match=r"pip install 'aerospike\[devserver\]'"):
        made.start()
    DevCluster().start().stop()


# Peers that misbehave


def test_handshakes_that_stop_hold_up_nobody(cluster):
    address = cluster.config["hosts"][0][:2]
    hello = client_hello()
    stalled = [socket.create_connection(address, PATIENCE_S) for _ in range(50)]
    for number, sock in enumerate(stalled):
        sock.sendall(hello[: number * len(hello) // 50])
    with connect(cluster) as connection:
        assert connection.info("node") == cluster.node_ids[:1]
    for sock in stalled:
        sock.close()


def client_hello():
    """The first message of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=NAME).do_handshake()
    return outgoing.read()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_peer_that_stops_in_a_handshake_is_dropped(cluster, share):
    hello = client_hello()
    with Connection(*cluster.config["hosts"][0][:2]) as connection:
        connection.send(hello[: int(share * len(hello))])
        ends(connection)


def handshakes(loop):
    """Those that are under way; to be called on the loop's thread."""
    found = itertools.chain(*(each.connections for each in loop.listeners))
    return [each for each in found if isinstance(each, transport.Handshake)]


def test_handshake_that_the_node_has_yet_to_read_goes_on(cluster):
    """A busy machine may hold the server up for longer than a peer may take."""
    loop = cluster._running
    until(lambda: not loop.call(lambda: handshakes(loop)))  # those of other tests
    with Connection(*cluster.config["hosts"][0][:2]) as connection:
        until(lambda: loop.call(lambda: handshakes(loop)))

        def time_is_up():
            (handshake,) = handshakes(loop)
            connection.send(client_hello())
            until(lambda: transport._peek(handshake._sock))
            handshake._give_up()

        loop.call(time_is_up)
        assert connection.sock.recv(1) == b"\x16"


def ends(connection):
    """Take what the server sends until it hangs up, which it must."""
    try:
        while connection.sock.recv(65536):
            pass
    except ConnectionError:
        pass


@pytest.mark.parametrize(
    "data", [BUILD, b"\x16\x03\x01\xff\xff" * 9, b"GET / \r\n\r\n"]
)
def test_what_is_no_tls_is_dropped_at_once(cluster, data):
    with Connection(*cluster.config["hosts"][0][:2]) as connection:
        connection.send(data)
        ends(connection)
    with connect(cluster) as connection:
        assert connection.info("node") == cluster.node_ids[:1]


def test_tls_on_a_clear_port_is_dropped(cluster):
    with Connection(*cluster.hosts[0]) as connection:
        connection.send(client_hello())
        assert connection.is_closed()


def test_broken_record_ends_the_connection(cluster):
    with connect(cluster) as connection:
        connection.info("node")
        raw = socket.socket(fileno=os.dup(connection.sock.fileno()))
        with raw:
            raw.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
        with pytest.raises((OSError, EOFError)):
            connection.info("node")


@pytest.mark.usefixtures("hasty")
def test_frozen_node_takes_up_a_handshake_where_it_was(cluster):
    cluster.freeze_node(0)
    try:
        with Connection(*cluster.config["hosts"][0][:2]) as connection:
            connection.send(client_hello())
            connection.sock.settimeout(0.3)  # longer than a handshake may rest
            with pytest.raises(TimeoutError):
                connection.sock.recv(1)
            cluster.thaw_node(0)
            connection.sock.settimeout(PATIENCE_S)
            assert connection.sock.recv(1) == b"\x16"
    finally:
        cluster.thaw_node(0)


def test_connections_are_counted_after_their_handshake(cluster):
    def connections():
        with Connection(*cluster.hosts[0]) as asking:
            return int(
                asking.info("statistics")[0]
                .partition("client_connections=")[2]
                .partition(";")[0]
            )

    until(lambda: connections() == 1)  # what other tests have closed is gone
    with Connection(*cluster.config["hosts"][0][:2]), connect(cluster) as connection:
        connection.info("node")
        assert connections() == 2
