"""`DevCluster.config` is a configuration that works, whatever the cluster is like."""

import pytest

import aerospike
from aerospike_devserver import DevCluster

from ..waiting import patient

KEY = ("test", "demo", "key")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"security": True},
        {"tls": True},
        {"mutual_tls": True},
        {"mutual_tls": True, "security": True},
        {"tls": True, "tls_only": True, "security": True},
        {"tls": True, "host": "::1"},
    ],
    ids=str,
)
def test_configuration_of_a_cluster_works(settings):
    with (
        DevCluster(2, **settings) as cluster,
        aerospike.client(patient(cluster.config)) as client,
    ):
        client.put(KEY, {"n": 1})
        assert client.get(KEY).bins == {"n": 1}
        assert len(client.query(*KEY[:2]).results()) == 1
        assert len(client.get_node_names()) == 2
