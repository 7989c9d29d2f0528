"""Handshakes that stop, break off or go wrong: each ends in time, with its cause."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import pytest
import trustme

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster

from ..waiting import PATIENCE_S, Watch, patient
from .certificates import NAME, pem_of, serving
from .relay import FOREVER, Relay

KEY = ("test", "tls", "key")
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(params=VERSIONS, ids=["TLSv1.2", "TLSv1.3"])
def relay(request, connect):
    """A relay to a node that speaks one version."""
    context = serving(connect.authority.node)
    context.minimum_version = context.maximum_version = request.param
    cluster = connect.serve(context)
    with Relay(cluster.hosts[0]) as made:
        yield made


@pytest.fixture
def config(connect, relay):
    section = {"enable": True, "cafile": connect.authority.cafile}
    return {
        "hosts": [(*relay.address, NAME)],
        "tls": section,
        "force_single_node": True,
        "fail_if_not_connected": True,
        "tend_interval": 60_000,
    }


PLACES = [*range(12), *range(12, 700, 31)]
"""Places in what a node sends in a handshake, which has some 900 bytes."""


def test_a_handshake_that_stops_ends_in_time(relay, config):
    for place in PLACES:
        relay.passes = place
        with Watch() as watch, pytest.raises(exception.ConnectionError) as caught:
            aerospike.client({**config, "connect_timeout": 30})
        watch.assert_at_once()
        assert caught.value.phase == "TLS"
        assert "the node does not end the TLS handshake" in str(caught.value)


def test_a_handshake_that_breaks_off_is_an_error(relay, config):
    relay.hangs_up = True
    for place in PLACES:
        relay.passes = place
        with pytest.raises(exception.ConnectionError) as caught:
            aerospike.client(patient(config))
        assert caught.value.phase == "TLS"
        assert "the node closed the connection" in str(caught.value)


def test_a_handshake_that_is_changed_is_an_error(relay, config):
    kinds = set()
    for place in PLACES:
        if place == 2:
            continue  # the minor version of the first record, which nobody looks at
        relay.changes = place
        # a length that was changed may make us wait for more
        with pytest.raises(exception.ClientError) as caught:
            aerospike.client({**config, "connect_timeout": 200})
        assert caught.value.code in (-9, -10), caught.value
        assert caught.value.phase == "TLS"
        kinds.add(type(caught.value))
    assert exception.TLSError in kinds


def test_a_command_that_needs_a_handshake_obeys_its_timeouts(relay, config):
    client = aerospike.client(patient(config)).connect()
    try:
        client.put(KEY, {"n": 1})
        relay.passes = (
            100  # also on the open connection, which is of no use from now on
        )
        for policy in ({"total_timeout": 150}, {"connect_timeout": 150}):
            policy = {"max_retries": 0, "total_timeout": 0, **policy}
            _use_up(client)
            with Watch() as watch, pytest.raises(exception.TimeoutError) as caught:
                client.get(KEY, policy)
            watch.assert_took(0.15)
            assert caught.value.phase == "TLS"
            assert "does not end the TLS handshake" in str(caught.value)
            assert not caught.value.in_doubt
        relay.passes = FOREVER
        assert client.get(KEY)[2] == {"n": 1}
    finally:
        client.close()


def test_a_reply_that_is_changed_is_an_error_in_doubt(relay, config):
    client = aerospike.client(patient(config))
    try:
        # a later byte of any connection is one of a reply
        relay.changes = 6_000
        errors = []
        for number in range(200):
            try:
                client.put(KEY, {"n": number}, policy={"max_retries": 0})
            except exception.AerospikeError as error:
                errors.append(error)
        relay.changes = None
        assert client.get(KEY)[2]["n"] in range(200)
    finally:
        client.close()
    assert errors
    for found in errors:
        assert isinstance(found, exception.TLSError)
        assert "changed on its way" in str(found)
        assert found.in_doubt


def _use_up(client):
    """Let commands fail until no connection is left from before."""
    for _ in range(3):
        with contextlib.suppress(exception.AerospikeError):
            client.get(KEY, {"max_retries": 0, "total_timeout": 50, "timeout_delay": 0})


# --- peers that speak something else


@pytest.fixture
def speaking(connect):
    """Connects to a peer that says something when it is spoken to, and hangs up."""

    def attempt(data, **tls):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=speak, args=(listener, data))
            thread.start()
            section = {"enable": True, "cafile": connect.authority.cafile, **tls}
            config = {"hosts": [(*listener.getsockname(), NAME)], "tls": section}
            try:
                with pytest.raises(exception.ClientError) as caught:
                    aerospike.client(patient({**config, "fail_if_not_connected": True}))
            finally:
                thread.join(PATIENCE_S)
            assert caught.value.phase == "TLS"
            return caught.value

    def speak(listener, data):
        peer, _ = listener.accept()
        with peer, contextlib.suppress(OSError):
            peer.recv(4096)
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(4096):
                pass

    return attempt


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        bytes.fromhex("0201000000000005") + b"node\n",
        bytes(200),
        b"\xff" * 200,
    ],
    ids=["http", "ssh", "info", "zeros", "ones"],
)
def test_a_peer_that_speaks_no_tls(speaking, data):
    error = speaking(data)
    assert isinstance(error, exception.TLSError)
    assert "speaks no TLS" in str(error)


def test_a_peer_that_hangs_up(speaking):
    error = speaking(b"")
    assert isinstance(error, exception.ConnectionError)
    assert "the node closed the connection in the TLS handshake" in str(error)
    assert "is the port one for TLS?" in str(error)


RECORDS = {
    "alert": ("15 0303 0002 0250", "alert internal_error"),
    "alert of no meaning": ("15 0303 0002 02ee", "OpenSSL says"),
    "close_notify": ("15 0303 0002 0100", ""),
    "warnings": ("15 0303 0002 015a" * 50, ""),
    "empty records": ("16 0303 0000" * 100, ""),
    "a record of 64 KiB": ("16 0303 ffff" + "00" * 65_535, ""),
    "a message of 16 MiB": ("16 0303 0004 02ffffff", ""),
    "a reply out of turn": ("17 0303 0004 00000000", ""),
    "a request to begin anew": ("16 0303 0004 00000000", ""),
    "truncated hello": ("16 0303 0006 0200 0002 0303", ""),
}


@pytest.mark.parametrize(("data", "text"), RECORDS.values(), ids=RECORDS)
def test_records_that_are_wrong(speaking, data, text):
    error = speaking(bytes.fromhex(data.replace(" ", "")))
    assert error.code in (-9, -10)
    assert text in str(error)


def test_a_node_without_tls(connect):
    section = {"enable": True, "cafile": connect.authority.cafile}
    with DevCluster(1) as cluster:
        hosts = [(*cluster.hosts[0], NAME)]
        with pytest.raises(exception.ClientError) as caught:
            aerospike.client(patient({"hosts": hosts, "tls": section})).connect()
    assert caught.value.phase == "TLS"
    assert "TLS" in str(caught.value)


def test_a_client_without_tls_at_a_port_with_it(connect):
    cluster = connect.serve(serving(connect.authority.node))
    with pytest.raises(exception.ClientError):
        aerospike.client(patient({"hosts": cluster.hosts})).connect()


def test_a_chain_of_a_megabyte_is_refused(connect):
    leaf = connect.authority.ca.issue_cert(NAME)
    more = trustme.CA().cert_pem.bytes()
    parts = leaf.private_key_pem.bytes(), pem_of(leaf), more * 1_500
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(connect.authority.file("megabyte.pem", *parts))
    with pytest.raises(exception.TLSError, match="message that is too long"):
        connect(context)


def test_a_certificate_of_many_names(connect):
    names = [f"node{number}.example" for number in range(2_000)]
    leaf = connect.authority.ca.issue_cert(*names, common_name="x" * 60)
    assert connect(serving(leaf), "node1999.example").is_connected()
    with pytest.raises(exception.TLSError, match=r"made out to node0\.example, "):
        connect(serving(leaf), "node2000.example")


def test_names_that_cannot_be_printed(connect):
    leaf = connect.authority.ca.issue_cert("x", common_name="a\0b\nc\x1b[31m")
    with pytest.raises(exception.TLSError) as caught:
        connect(serving(leaf), "a")
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)
