"""Clients without TLS at a port for TLS: what they are told."""

from __future__ import annotations

import socket
import threading
import warnings

import pytest

import aerospike
from aerospike import exception

from ..waiting import patient
from .certificates import serving

HINT = 'is the port one for TLS? config["tls"] does not enable it'
ALERT = b"\x15\x03\x03\x00\x02\x02\x0a"  # fatal: unexpected message
HELLO = b"\x16\x03\x03" + bytes(20)


@pytest.fixture
def answering():
    """Starts servers that answer the first request with bytes, and then hang up."""
    servers = []

    def serve(listener, answer):
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

    def start(answer):
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, args=(listener, answer))
        servers.append((listener, thread))
        thread.start()
        return listener.getsockname()

    yield start
    for listener, thread in servers:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def failure(host, **config):
    """The text of the error of connecting."""
    config = {"hosts": [host], "fail_if_not_connected": True, **config}
    with pytest.raises(exception.ConnectionError) as caught:
        aerospike.client(patient(config))
    return str(caught.value)


OFF = {"enable": False, "crl_check": True}


@pytest.mark.parametrize("tls", [{}, OFF], ids=["no TLS", "TLS is off"])
@pytest.mark.parametrize("answer", [ALERT, HELLO], ids=["alert", "handshake"])
def test_an_answer_in_tls_is_told(answering, answer, tls):
    text = failure(answering(answer), tls=tls)
    assert "the node answers in TLS" in text
    assert text.count(HINT) == 1


@pytest.mark.parametrize("login", [{}, {"user": "u", "password": "p"}], ids=len)
def test_a_node_that_hangs_up_may_want_tls(answering, login):
    host = answering(b"")
    assert HINT in failure(host, tls=OFF, **login)
    assert HINT not in failure(host, tls={}, **login)
    assert HINT not in failure(host, **login)


@pytest.mark.parametrize("login", [{}, {"user": "u", "password": "p"}], ids=len)
def test_a_port_for_tls(connect, login):
    (host,) = connect.serve(serving(connect.authority.node)).hosts
    assert HINT in failure(host, tls=OFF, **login)


def test_a_refused_connection_has_no_hint():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = listener.getsockname()
    assert HINT not in failure(host, tls=OFF)


def client(tls):
    aerospike.client({"hosts": [("127.0.0.1", 1)], "tls": tls}).close()


def test_settings_that_do_not_say_enable_are_warned_of(monkeypatch):
    monkeypatch.setattr("aerospike._report._said", set())
    text = r'config\["tls"\] has no "enable": the connections are plain'
    with pytest.warns(aerospike.AerospikeWarning, match=text):
        client({"cafile": "ca.pem"})


@pytest.mark.parametrize("tls", [None, {}, {"enable": False}, OFF], ids=str)
def test_tls_that_is_off_is_not_warned_of(monkeypatch, tls):
    monkeypatch.setattr("aerospike._report._said", set())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client(tls)
