"""FaultProxy before nodes with TLS: what it does not understand passes as it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster, FaultProxy
from aerospike_devserver.faults import Fault, Faults

from ..waiting import Watch, patient

KEY = ("test", "demo", "proxy")


class Place(NamedTuple):
    cluster: DevCluster
    proxy: FaultProxy
    config: dict[str, Any]
    """Of a client that must connect through the proxy."""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with (
        DevCluster(tls=True, tls_only=True) as cluster,
        FaultProxy(cluster.config["hosts"]) as proxy,
    ):
        config = {"hosts": proxy.hosts, "fail_if_not_connected": True}
        yield Place(cluster, proxy, cluster.config | config)


def through(place: Place, **more: Any) -> aerospike.Client:
    return aerospike.client(patient(place.config | more))


def test_bytes_pass_as_they_are(place):
    bins = {"noise": os.urandom(900_000), "text": "x" * 50_000}
    assert place.proxy.hosts != place.cluster.config["hosts"]
    with through(place) as client:
        client.put(("test", "large", 1), bins)
        assert client.get(("test", "large", 1))[2] == bins
        keys = [("test", "proxied", number) for number in range(200)]
        for key in keys:
            client.put(key, {"n": key[2]})
        rows = client.batch_read(keys).batch_records
        assert [row.record.bins["n"] for row in rows if row.record] == list(range(200))
        assert len(client.query("test", "proxied").results()) == 200


BREAKING: dict[str, Callable[[Faults], Fault]] = {
    "silence": lambda faults: faults.silence(),
    "reset": lambda faults: faults.reset(),
    "half_close": lambda faults: faults.half_close(),
    "cut in the first record": lambda faults: faults.cut(3),
    "cut in the handshake": lambda faults: faults.cut(900),
    "garbage": lambda faults: faults.garbage(),
    "garbage in the handshake": lambda faults: faults.garbage(700),
    "trickle": lambda faults: faults.trickle(0.1),
}


@pytest.mark.parametrize("name", BREAKING)
def test_connections_are_struck(place, name):
    """A client that is connected stays so; one that comes cannot connect."""
    config = {"connect_timeout": 200, "policies": {"total_timeout": 400}}
    with through(place) as before:
        before.put(KEY, {"n": 1})
        with BREAKING[name](place.proxy.faults) as fault:
            with (
                pytest.raises(exception.AerospikeError),
                through(place, **config) as client,
            ):
                client.put(KEY, {"n": 2})
            assert fault.hits > 0
        assert before.get(KEY)[2] == {"n": 1}
    with through(place) as after:
        assert after.get(KEY)[2] == {"n": 1}


def test_replies_are_cut(place):
    key = ("test", "large", 2)
    with through(place) as before:
        before.put(key, {"noise": os.urandom(100_000)})
    with place.proxy.faults.cut(50_000, "reset"), through(place) as client:
        assert client.exists(key)[1] is not None
        with pytest.raises(exception.ConnectionError):
            client.get(key, {"max_retries": 0})


def test_connections_are_late(place):
    with place.proxy.faults.delay(0.3, nth=1), Watch() as watch:
        through(place).close()
    watch.assert_took(0.3)


def test_node_refuses(place):
    with place.proxy.faults.refuse(), pytest.raises(exception.ConnectionError):
        through(place)


@pytest.mark.parametrize(
    "make",
    [
        lambda faults: faults.lie({"size": 3}),
        lambda faults: faults.drop(),
        lambda faults: faults.silence(commands="write"),
        lambda faults: faults.reset(commands=["connect", "info"]),
    ],
)
def test_what_is_encrypted_cannot_be_told_apart(place, make):
    with pytest.raises(ValueError, match="clients encrypt what they send"):
        make(place.proxy.faults)


def test_hosts_with_and_without_names_do_not_mix():
    with pytest.raises(ValueError, match="either all hosts have a name for TLS"):
        FaultProxy([("127.0.0.1", 3000), ("127.0.0.1", 4333, "name")])


def test_proxy_says_that_a_node_does_not_answer(nowhere):
    with pytest.raises(ConnectionRefusedError):
        FaultProxy([(*nowhere, "name")]).start()


def test_proxy_hangs_up_with_its_node():
    """Nothing is left of a connection whose other side is gone."""
    with (
        DevCluster(tls=True) as cluster,
        FaultProxy(cluster.config["hosts"]) as proxy,
        aerospike.client(patient(cluster.config | {"hosts": proxy.hosts})) as client,
    ):
        client.put(KEY, {"n": 1})
        cluster.stop_node(0)
        with pytest.raises(exception.AerospikeError):
            client.get(KEY, {"max_retries": 0})
        cluster.start_node(0)
        assert client.get(KEY, {"max_retries": 100, "sleep_between_retries": 50})
