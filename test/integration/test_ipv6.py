"""A development cluster on ::1, from the seed to the peers that its nodes name."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_devserver.cli import main

from ..waiting import patient, until


def _has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


pytestmark = pytest.mark.skipif(
    not _has_ipv6(), reason="this machine has no IPv6 loopback address"
)


@pytest.fixture(scope="module")
def v6_cluster() -> Iterator[DevCluster]:
    with DevCluster(nodes=3, host="::1") as made:
        yield made


@pytest.mark.parametrize("form", ["(address, port)", "[address]:port"])
def test_one_seed_leads_to_all_nodes(v6_cluster, form):
    address, port = v6_cluster.hosts[0]
    seed = (address, port) if form == "(address, port)" else f"[{address}]:{port}"
    with aerospike.client(patient({"hosts": [seed]})) as client:
        assert sorted(client.get_nodes()) == sorted(v6_cluster.hosts)
        keys = [("test", "v6_all", i) for i in range(50)]
        for i, key in enumerate(keys):
            client.put(key, {"i": i})
        found = client.batch_read(keys).batch_records
        assert [row.record and row.record[2]["i"] for row in found] == list(range(50))
        assert len(client.query("test", "v6_all").results()) == 50
        told = client.info_all("service")
        assert {text.strip() for _, text in told.values()} == {
            f"[::1]:{port}" for _, port in v6_cluster.hosts
        }


@pytest.fixture
def hidden() -> Iterator[DevCluster]:
    """Nodes that are where they say only for clients with alternate addresses."""
    with DevCluster(
        nodes=3, host="::1", access_address="[::1]:1", alternate_address="[::1]"
    ) as made:
        yield made


def test_alternate_addresses_lead_to_all_nodes(hidden):
    seed = f"[::1]:{hidden.hosts[0][1]}"
    config: Any = {"hosts": [seed], "use_services_alternate": True}
    keys = [("test", "v6_alternate", number) for number in range(50)]
    with aerospike.client(patient(config | {"tend_interval": 250})) as client:
        assert sorted(client.get_nodes()) == sorted(hidden.hosts)
        for key in keys:
            client.put(key, {"n": 1})
        hidden.stop_node(0)
        hidden.start_node(0, is_moved=True)
        until(lambda: sorted(client.get_nodes()) == sorted(hidden.hosts))
        rows = client.batch_read(keys).batch_records
        assert [row.result for row in rows] == [0] * len(keys)


def test_error_offers_alternate_addresses(hidden):
    config: Any = {"hosts": [f"[::1]:{hidden.hosts[0][1]}"]}
    with pytest.raises(exception.ClientError, match="use_services_alternate") as caught:
        aerospike.client(patient(config | {"fail_if_not_connected": True}))
    assert "[::1]:11, [::1]:21" in str(caught.value)


def test_node_that_stops_is_replaced_by_the_others(v6_cluster):
    key = ("test", "v6", "stop")
    hosts = v6_cluster.hosts
    config = {"hosts": hosts[:1], "tend_interval": 250}
    with aerospike.client(patient(config)) as client:
        client.put(key, {"a": 1})
        v6_cluster.stop_node(0)
        try:
            policy = {"max_retries": 100, "sleep_between_retries": 300}
            for i in range(50):
                client.put(("test", "v6", i), {"i": i}, policy=policy)
            assert client.get(key, policy)[2] == {"a": 1}
        finally:
            v6_cluster.start_node(0)
    assert v6_cluster.hosts == hosts


def test_command_line_shows_the_address_in_brackets(capsys, monkeypatch):
    signals: SimpleQueue[int] = SimpleQueue()
    signals.put(signal.SIGTERM)  # at once
    monkeypatch.setattr("aerospike_devserver.cli._stop_signals", lambda: signals)
    assert main(["--host", "::1", "--port", "0"]) == 0
    assert "node BB90000000000A1 on [::1]:" in capsys.readouterr().out
