"""Where nodes are found: at addresses that cannot be reached from here, at alternate
ones, under other names, and those of another cluster.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster

from ..waiting import until

NOWHERE = "127.0.0.1:1"
"""What the nodes say where they are; nothing listens there."""

KEYS = [("test", "addresses", i) for i in range(30)]


@pytest.fixture
def hidden() -> Iterator[DevCluster]:
    """Nodes that are where they say only for clients with alternate addresses."""
    with DevCluster(
        nodes=3, access_address=NOWHERE, alternate_address="127.0.0.1"
    ) as made:
        yield made


def use(client: Any) -> None:
    """All nodes are reached: each has some of the keys."""
    for key in KEYS:
        client.put(key, {"n": 1})
        assert client.get(key)[2] == {"n": 1}


def test_start_fails_where_peers_cannot_be_reached(hidden, make_client):
    with pytest.raises(exception.ClientError) as caught:
        make_client(hosts=hidden.hosts[:1], fail_if_not_connected=True)
    assert "127.0.0.1:11, 127.0.0.1:21" in str(caught.value)
    assert "use_services_alternate" in str(caught.value)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the client logs."""
    found: list[str] = []
    aerospike.set_log_handler(lambda *line: found.append(str(line[-1])))
    aerospike.set_log_level(aerospike.LOG_LEVEL_WARN)
    yield found
    aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)
    aerospike.set_log_handler(None)


@pytest.mark.parametrize("alternate", [False, True])
def test_log_offers_what_may_help(lines, make_client, alternate):
    """A client that starts in spite of it says so in the log, once."""
    with DevCluster(
        nodes=3, access_address=NOWHERE, alternate_address=NOWHERE
    ) as hidden:
        client = make_client(
            hosts=hidden.hosts[:1],
            fail_if_not_connected=False,
            tend_interval=250,
            use_services_alternate=alternate,
        )
        assert client.get_nodes() == hidden.hosts[:1]
        until(lambda: sum("peer BB9" in line for line in lines) > 4, lines)
    told = [line for line in lines if "names peers that cannot be reached" in line]
    assert len(told) == 1
    assert "127.0.0.1:11, 127.0.0.1:21" in told[0]
    assert (
        "if they are up, use_services_alternate may be needed" in told[0]
    ) is not alternate


@pytest.mark.parametrize("fails", [True, False])
def test_alternate_addresses_lead_to_all_nodes(hidden, make_client, fails):
    client = make_client(
        hosts=hidden.hosts[:1],
        use_services_alternate=True,
        fail_if_not_connected=fails,
        tend_interval=250,
    )
    assert sorted(client.get_nodes()) == sorted(hidden.hosts)
    use(client)
    hidden.stop_node(0)
    hidden.start_node(0, is_moved=True)
    until(lambda: sorted(client.get_nodes()) == sorted(hidden.hosts))
    use(client)


def test_cluster_without_alternate_addresses_has_one_node(cluster, make_client):
    """As a real server says it: there are no peers then."""
    client = make_client(hosts=cluster.hosts[:1], use_services_alternate=True)
    assert client.get_nodes() == cluster.hosts[:1]


@pytest.mark.parametrize("fails", [True, False])
def test_cluster_of_another_name_is_refused(dev_cluster, make_client, fails):
    config = {
        "hosts": dev_cluster.hosts,
        "cluster_name": "other",
        "fail_if_not_connected": fails,
    }
    with contextlib.ExitStack() as stack:
        if fails:
            stack.enter_context(pytest.raises(exception.ClientError, match="other"))
        client = make_client(**config)
        assert client.get_node_names() == []
        assert not client.is_connected()
        with pytest.raises(exception.AerospikeError, match="Cluster is empty"):
            client.get(KEYS[0])


def test_cluster_of_that_name_is_taken(dev_cluster, make_client):
    client = make_client(hosts=dev_cluster.hosts, cluster_name="pytest")
    assert len(client.get_node_names()) == 3


@pytest.mark.parametrize("fails", [True, False])
def test_client_that_starts_too_early_finds_the_nodes_later(
    cluster, make_client, fails
):
    """With fail_if_not_connected off; otherwise the constructor fails."""
    hosts = cluster.hosts
    for i in range(3):
        cluster.stop_node(i)
    config = {"hosts": hosts, "tend_interval": 250, "fail_if_not_connected": fails}
    if fails:
        with pytest.raises(exception.ConnectionError):
            make_client(**config)
        return
    client = make_client(**config)
    assert not client.is_connected()
    with pytest.raises(exception.AerospikeError, match="Cluster is empty") as caught:
        client.put(KEYS[0], {"n": 1})
    assert not caught.value.in_doubt
    for i in range(3):
        cluster.start_node(i)
    until(lambda: len(client.get_node_names()) == 3)
    use(client)


def names(client: aerospike.Client) -> set[str]:
    return {node["node_name"] for node in client.get_node_names()}


@pytest.mark.parametrize(
    ("is_moved", "name"),
    [(True, None), (False, "BB9C0FFEE"), (True, "BB9C0FFEE")],
    ids=["elsewhere", "renamed", "renamed-elsewhere"],
)
@pytest.mark.parametrize("waits", [True, False], ids=["noticed", "at-once"])
def test_node_comes_back_as_another(cluster, make_client, is_moved, name, waits):
    """Also faster than the client looks."""
    client = make_client(hosts=cluster.hosts, tend_interval=250)
    use(client)
    cluster.stop_node(1)
    if waits:
        until(lambda: len(client.get_node_names()) == 2)
    cluster.start_node(1, is_moved=is_moved, node_id=name)
    until(
        lambda: (
            sorted(client.get_nodes()) == sorted(cluster.hosts)
            and names(client) == set(cluster.node_ids)
        ),
        client.get_node_names,
    )
    use(client)


def test_partitions_that_move_fail_nothing(cluster, make_client):
    """The old owner answers for the new one until the client knows."""
    client = make_client(hosts=cluster.hosts, tend_interval=60_000)
    follower = make_client(hosts=cluster.hosts, tend_interval=250)
    use(client)
    for _ in range(5):
        cluster.move_partitions()
        for each in (client, follower):
            use(each)
            rows = each.batch_read(KEYS).batch_records
            assert {row.result for row in rows} == {0}
        policy = {"max_retries": 200, "sleep_between_retries": 100}
        assert len(follower.query(*KEYS[0][:2]).results(policy)) == len(KEYS)
