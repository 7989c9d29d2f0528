"""Nodes that go and come back while threads write and read."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from typing import Any

import pytest

import aerospike
from aerospike import exception

from ..waiting import Watch, join_all, let_pass, until

N_THREADS = 8


class Traffic:
    """Threads that write and read records of their own until told to stop.

    :ivar failures: exceptions, in order of time.
    :ivar wrong: results that no sequence of events allows.
    """

    def __init__(self, client: aerospike.Client) -> None:
        self.client = client
        self.failures: list[BaseException] = []
        self.wrong: list[Any] = []
        self.done: Counter[int] = Counter()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(i,)) for i in range(N_THREADS)
        ]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        join_all(self._threads)

    def _run(self, i: int) -> None:
        n = 0
        while not self._stop.is_set():
            n += 1
            key = ("test", "loss", f"{i}-{n % 50}")
            try:
                self.client.put(key, {"n": n})
                found = self.client.get(key)[2]
                if found != {"n": n}:
                    self.wrong.append((key, n, found))
            except Exception as error:  # noqa: BLE001 - judged by the test
                self.failures.append(error)
            self.done[i] += 1

    def wait_for_calls(self, n: int) -> None:
        """Until each thread has made n more calls."""
        wanted = {i: self.done[i] + n for i in range(N_THREADS)}
        until(lambda: all(self.done[i] >= count for i, count in wanted.items()))

    def fail_no_more(self, n: int) -> bool:
        """Each thread has made n more calls, and none of them failed."""
        n_failures = len(self.failures)
        self.wait_for_calls(n)
        return len(self.failures) == n_failures


def wait_for_nodes(client, n):
    until(lambda: len(client.get_node_names()) == n, client.get_node_names)


def assert_documented(failures):
    for error in failures:
        assert isinstance(
            error,
            (
                exception.ConnectionError,
                exception.TimeoutError,
                exception.ClusterError,
                exception.InvalidNodeError,
                exception.MaxErrorRateExceeded,
            ),
        ), repr(error)


@pytest.mark.parametrize("lost", [0, 2])
def test_node_is_lost_and_comes_back(cluster, make_client, lost):
    client = make_client(hosts=cluster.hosts, tend_interval=250)
    lost_name = cluster.node_ids[lost]
    with Traffic(client) as traffic:
        traffic.wait_for_calls(20)
        assert traffic.failures == []

        cluster.stop_node(lost)
        wait_for_nodes(client, 2)
        assert lost_name not in [n["node_name"] for n in client.get_node_names()]
        until(lambda: traffic.fail_no_more(50), traffic.failures)
        assert_documented(traffic.failures)

        n_failed = len(traffic.failures)
        cluster.start_node(lost)
        wait_for_nodes(client, 3)
        traffic.wait_for_calls(50)
        assert len(traffic.failures) == n_failed, traffic.failures[n_failed:]
    assert traffic.wrong == []
    assert client.is_connected()
    node = f"node\t{lost_name}\n"
    assert client.info_single_node("node", lost_name) == node


@pytest.mark.parametrize("name", [None, "BB9C0FFEE"], ids=["moved", "renamed"])
def test_node_restarts_elsewhere_between_two_looks(cluster, make_client, name):
    """Nobody has noticed that it was gone, and its peers name it still."""
    client = make_client(hosts=cluster.hosts, tend_interval=250)
    key = next(
        key
        for key in (("test", "loss", i) for i in range(1000))
        if client.get_key_partition_id(*key) in owned_by(client, cluster.node_ids[1])
    )
    client.put(key, {"a": 1})
    cluster.stop_node(1)
    cluster.start_node(1, is_moved=True, node_id=name)
    until(lambda: works(client, key))
    expected = sorted(zip(cluster.node_ids, cluster.hosts, strict=True))
    until(lambda: places_of(client) == expected, places_of(client))


def owned_by(client, node):
    """The partitions that a node is master of."""
    wait_for_nodes(client, 3)
    (answer,) = [
        reply
        for name, (_, reply) in client.info_all("replicas").items()
        if name == node
    ]
    bitmap = base64.b64decode(answer.split("test:")[1].split(",")[2])
    return {p for p in range(4096) if bitmap[p >> 3] & 0x80 >> (p & 7)}


def places_of(client):
    """Name and address of each node that the client knows."""
    nodes = client.get_node_names()
    return sorted((n["node_name"], (n["address"], n["port"])) for n in nodes)


def test_reads_do_not_fail_when_a_node_is_lost(cluster, make_client):
    """Another copy is asked at once."""
    client = make_client(hosts=cluster.hosts, tend_interval=250)
    keys = [("test", "loss", i) for i in range(60)]
    for key in keys:
        client.put(key, {"a": key[2]})
    cluster.stop_node(1)
    for key in keys:
        assert client.get(key)[2] == {"a": key[2]}


def test_all_nodes_are_lost_and_come_back(cluster, make_client):
    client = make_client(hosts=cluster.hosts, tend_interval=250)
    key = ("test", "loss", 1)
    client.put(key, {"a": 1})
    for i in range(3):
        cluster.stop_node(i)
    failures = (exception.ConnectionError, exception.InvalidNodeError)
    with pytest.raises(failures), Watch() as watch:
        client.get(key)
    watch.assert_at_once()
    until(lambda: not client.is_connected())
    wait_for_nodes(client, 0)
    lost = r"Cluster is empty: no node answers any more, and the last .* \d+ s ago"
    for call in (
        lambda: client.info_random_node("build"),
        lambda: client.get(key),
        lambda: client.put(key, {"a": 2}),
        lambda: client.scan(*key[:2]).results(),
        client.scan(*key[:2]).apply("module", "f").execute_background,
    ):
        with pytest.raises(exception.AerospikeError, match=lost) as caught:
            call()
        assert caught.value.msg == "Cluster is empty"
    for i in range(3):
        cluster.start_node(i)
    until(client.is_connected)
    wait_for_nodes(client, 3)
    until(lambda: works(client, key))


def test_client_is_not_connected_while_no_node_answers(cluster, make_client):
    """It says so before it gives the nodes up, which takes three looks more."""
    client = make_client(hosts=cluster.hosts, tend_interval=1000)
    # of nodes that stop one after another, those that are left tell who has gone
    with cluster.faults.reset(commands="info"):
        until(lambda: not client.is_connected())
        assert len(client.get_node_names()) == 3
    until(client.is_connected)


def works(client, key):
    try:
        client.put(key, {"a": 2})
        return client.get(key)[2] == {"a": 2}
    except exception.AerospikeError:
        return False


def test_client_follows_nodes_that_replace_each_other(cluster, make_client):
    """The only seed goes; what it told of its peers is enough."""
    client = make_client(hosts=cluster.hosts[:1], tend_interval=250)
    cluster.stop_node(0)
    wait_for_nodes(client, 2)
    cluster.stop_node(1)
    wait_for_nodes(client, 1)
    cluster.start_node(0)
    wait_for_nodes(client, 2)
    cluster.stop_node(2)
    wait_for_nodes(client, 1)
    assert [n["node_name"] for n in client.get_node_names()] == [cluster.node_ids[0]]
    until(lambda: works(client, ("test", "loss", 1)))


def test_connections_that_the_server_closed_while_idle_are_not_noticed(
    cluster, make_client
):
    """A node goes and comes back between two calls: no call fails."""
    client = make_client(hosts=cluster.hosts, tend_interval=60_000)
    keys = [("test", "loss", i) for i in range(30)]
    for key in keys:
        client.put(key, {"a": 1})
    cluster.stop_node(1)
    cluster.start_node(1)
    let_pass(0.1)  # idle for longer than connections are trusted unseen
    for key in keys:
        client.put(key, {"a": 2})
        assert client.get(key)[2] == {"a": 2}
