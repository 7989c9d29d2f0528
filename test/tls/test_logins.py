"""Logins over TLS: by certificate, for a directory, and with TLS for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_devserver.codec.admin import AdminCommand
from aerospike_devserver.handlers.admin.command import COMMANDS, find

from ..waiting import patient, until

DAY_S = 24 * 3600
KEYS = [("test", "pytest", i) for i in range(20)]
KEY = KEYS[0]

Connect = Callable[..., aerospike.Client]


@pytest.fixture(scope="module")
def cluster() -> Iterator[DevCluster]:
    """It demands certificates, so that a connection with one is one over TLS."""
    outside = {"ext": {"password": "pw", "roles": ["read-write"]}}
    with DevCluster(
        nodes=3, security=True, mutual_tls=True, external_users=outside
    ) as made:
        yield made


@pytest.fixture
def connect(cluster: DevCluster) -> Iterator[Connect]:
    """connect(tls, **config): a connected client, which is closed after the test."""
    cluster.reset()
    made: list[aerospike.Client] = []

    def make(tls: dict[str, Any] | None = None, **config: Any) -> aerospike.Client:
        given = cluster.config
        given["tls"] = {**given["tls"], **(tls or {})}
        given |= {"fail_if_not_connected": True, "tend_interval": 250}
        made.append(aerospike.client(patient({**given, **config})))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def over_tls(monkeypatch: pytest.MonkeyPatch) -> dict[AdminCommand, list[bool]]:
    """Of the logins and tokens that come: whether they came over TLS."""
    found: dict[AdminCommand, list[bool]] = {}
    for command in (AdminCommand.LOGIN, AdminCommand.AUTHENTICATE):
        seen = found[command] = []
        answer = find(command)
        assert answer is not None

        def noted(request: Any, seen: Any = seen, answer: Any = answer) -> Any:
            seen.append(request.session.certificate is not None)
            return answer(request)

        monkeypatch.setitem(COMMANDS, command, noted)
    return found


# --- by certificate ---


OWN = ("certfile", "keyfile")
PKI: dict[str, Any] = {
    "user": None,
    "password": None,
    "policies": {"auth_mode": aerospike.AUTH_PKI},
}


def certificate_of(cluster: DevCluster, name: str) -> dict[str, Any]:
    """The part of a configuration that shows a certificate."""
    return dict(zip(OWN, map(str, cluster.client_certificate(name)), strict=True))


def test_certificate_says_who_it_is(cluster, connect):
    connect().admin_create_pki_user("svc", ["read"])
    client = connect(certificate_of(cluster, "svc"), **PKI)
    assert client.exists(KEY)[1] is None
    with pytest.raises(exception.RoleViolation):
        client.put(KEY, {"n": 1})
    cluster.advance(DAY_S)
    assert client.exists(KEY)[1] is None


def test_certificate_of_nobody_is_refused(cluster, connect):
    with pytest.raises(exception.InvalidUser, match=r"names; admin_create_pki_user"):
        connect(certificate_of(cluster, "eve"), **PKI)


def test_password_beside_a_certificate_is_warned_of(connect, unwarned):
    with pytest.warns(exception.AerospikeWarning, match="no effect with AUTH_PKI"):
        connect(policies=PKI["policies"])


def test_login_by_certificate_needs_one(cluster):
    tls = {k: v for k, v in cluster.config["tls"].items() if k not in OWN}
    config = {"hosts": cluster.config["hosts"], "tls": tls}
    with pytest.raises(exception.ParamError, match="with a certificate of the client"):
        aerospike.client({**config, **PKI})


# --- for a directory ---


def test_directory_gets_the_password_over_tls(connect):
    outside = {"policies": {"auth_mode": aerospike.AUTH_EXTERNAL}}
    client = connect(user="ext", password="pw", **outside)
    client.put(KEY, {"n": 1})
    with pytest.raises(exception.AerospikeError, match="directory does not know"):
        client.connect("ext", "wrong")
    client.put(KEY, {"n": 2})


# --- TLS for logins alone ---

ALONE = {"for_login_only": True}


def test_only_logins_go_over_tls(cluster, connect, over_tls):
    client = connect(ALONE)
    assert sorted(client.get_nodes()) == sorted(cluster.hosts)
    for key in KEYS:
        client.put(key, {"n": 1})
    assert len(client.query("test", "pytest").results()) == len(KEYS)
    assert set(over_tls[AdminCommand.LOGIN]) == {True}
    assert set(over_tls[AdminCommand.AUTHENTICATE]) == {False}


def test_logins_alone_need_a_port_without_tls():
    with DevCluster(tls=True, tls_only=True, security=True) as cluster:
        config = cluster.config
        config["tls"] |= ALONE
        with pytest.raises(exception.ClientError, match="needs its port without TLS"):
            aerospike.client(patient({**config, "fail_if_not_connected": True}))


def test_session_is_renewed_over_tls(cluster, connect, over_tls):
    client = connect(ALONE)
    client.put(KEY, {"n": 1})
    for _ in range(2):
        before = len(over_tls[AdminCommand.LOGIN])
        cluster.advance(DAY_S)
        assert client.get(KEY)[2] == {"n": 1}
        assert len(client.info_all("build")) == 3
        assert len(over_tls[AdminCommand.LOGIN]) > before
    assert all(over_tls[AdminCommand.LOGIN])
    assert not any(over_tls[AdminCommand.AUTHENTICATE])


def test_node_that_comes_later_is_logged_in_to_over_tls(cluster, connect, over_tls):
    cluster.stop_node(2)
    try:
        client = connect(ALONE)
        assert len(client.get_nodes()) == 2
    finally:
        cluster.start_node(2)
    until(lambda: len(client.get_nodes()) == 3)
    assert sorted(client.get_nodes()) == sorted(cluster.hosts)
    assert all(over_tls[AdminCommand.LOGIN])


def test_password_for_a_directory_may_go_so(connect, over_tls):
    outside = {"policies": {"auth_mode": aerospike.AUTH_EXTERNAL}}
    connect(ALONE, user="ext", password="pw", **outside).put(KEY, {"n": 1})
    assert all(over_tls[AdminCommand.LOGIN])


def test_wrong_password_over_tls_alone(connect):
    with pytest.raises(exception.InvalidCredential) as caught:
        connect(ALONE, password="wrong")
    assert caught.value.phase == "login"


def test_node_without_address_for_the_rest():
    with DevCluster(security=True, tls=True, tls_only=True) as only:
        config = {**only.config, "fail_if_not_connected": True}
        config["tls"] = {**config["tls"], **ALONE}
        with pytest.raises(exception.AerospikeError) as caught:
            aerospike.client(config)
    assert caught.value.code in (-1, -10)


def test_cluster_without_security_is_found_so():
    with DevCluster(nodes=2, tls=True) as plain:
        config = plain.config
        config["tls"] = {**config["tls"], **ALONE}
        with aerospike.client(patient(config)) as client:
            client.put(KEY, {"n": 1})
            assert sorted(client.get_nodes()) == sorted(plain.hosts)
