"""Commands of every kind over TLS, and who loads OpenSSL."""

from __future__ import annotations

import os
import sys
import types

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster

from ..children import run_script
from ..waiting import patient

KEY = ("test", "tls", "key")


@pytest.fixture(scope="module")
def cluster():
    with DevCluster(2, tls=True, tls_only=True) as made:
        yield made


@pytest.fixture
def client(cluster):
    client = aerospike.client(patient(cluster.config))
    yield client
    client.close()


def test_records_travel(client):
    # many TLS records each way
    bins = {"n": 1, "text": "ü" * 500, "blob": bytearray(range(256)) * 3_500}
    client.put(KEY, bins)
    assert client.get(KEY)[2] == bins


def test_compressed_records_travel():
    bins = {"n": 1, "text": "log line " * 50_000, "blob": os.urandom(100_000)}
    policy = {"compress": True}
    with (
        DevCluster(tls=True, tls_only=True, edition="enterprise") as cluster,
        aerospike.client(patient(cluster.config)) as client,
    ):
        client.put(KEY, bins, None, policy)
        assert client.get(KEY, policy)[2] == bins
        assert client.query("test", "tls").results(policy)[0][2] == bins


def test_all_nodes_are_found_by_their_names(client, cluster):
    assert len(client.get_nodes()) == 2
    assert set(client.info_all("node")) == set(cluster.node_ids)


def test_batches_and_queries_travel(client):
    keys = [("test", "many", number) for number in range(500)]
    for key in keys:
        client.put(key, {"n": key[2]})
    found = client.batch_read(keys).batch_records
    assert [record.record[2]["n"] for record in found] == list(range(500))
    rows = client.query("test", "many").results()
    assert sorted(row[2]["n"] for row in rows) == list(range(500))


def test_a_client_without_tls_does_not_load_openssl(hosts):
    script = """
    client = aerospike.client({"hosts": hosts, "tls": {"enable": False}})
    client.put(KEY, {"n": 1})
    client.close()
    assert "aerospike._tls" not in sys.modules
    with open("/proc/self/maps") as maps:
        print([line for line in maps if "libssl" in line])
    """
    assert run_script(script, hosts) == "[]\n"


@pytest.mark.parametrize("found", [None, types.ModuleType("folder")])
def test_a_build_without_tls_says_what_was_missing(cluster, monkeypatch, found):
    monkeypatch.setitem(sys.modules, "aerospike._tls", found)
    monkeypatch.delattr(aerospike, "_tls", raising=False)
    with pytest.raises(exception.TLSError, match=r"libssl-dev.*build it again"):
        aerospike.client(cluster.config)
