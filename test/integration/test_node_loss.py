"""Nodes that go and come back while threads write and read."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import pytest

import aerospike
from aerospike import exception

N_THREADS = 8
GRACE_S = 2.5
"""How long calls may fail after a node has gone."""


class Traffic:
    """Threads that write and read records of their own until told to stop.

    :ivar failures: (seconds since `begin`, exception), in order of time.
    :ivar wrong: results that no sequence of events allows.
    """

    def __init__(self, client: aerospike.Client) -> None:
        self.client = client
        self.begin = time.monotonic()
        self.failures: list[tuple[float, BaseException]] = []
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
        for thread in self._threads:
            thread.join(30)

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
                self.failures.append((time.monotonic() - self.begin, error))
            self.done[i] += 1

    def wait_for_calls(self, n: int) -> None:
        """Until each thread has made n more calls."""
        wanted = {i: self.done[i] + n for i in range(N_THREADS)}
        deadline = time.monotonic() + 30
        while any(self.done[i] < count for i, count in wanted.items()):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def wait_for_nodes(client, n, seconds=10.0):
    deadline = time.monotonic() + seconds
    while len(client.get_node_names()) != n:
        assert time.monotonic() < deadline, client.get_node_names()
        time.sleep(0.01)


def assert_documented(failures, since, until):
    for when, error in failures:
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
        assert since <= when <= until, (when, since, until, repr(error))


@pytest.mark.parametrize("lost", [0, 2])
def test_node_is_lost_and_comes_back(cluster, make_client, lost):
    client = make_client(hosts=cluster.hosts, tend_interval=250)
    lost_name = cluster.node_ids[lost]
    with Traffic(client) as traffic:
        traffic.wait_for_calls(20)
        assert traffic.failures == []

        went = time.monotonic() - traffic.begin
        cluster.stop_node(lost)
        wait_for_nodes(client, 2)
        assert lost_name not in [n["node_name"] for n in client.get_node_names()]
        while time.monotonic() - traffic.begin < went + GRACE_S:
            time.sleep(0.05)
        n_failed = len(traffic.failures)
        traffic.wait_for_calls(20)
        assert len(traffic.failures) == n_failed, traffic.failures[n_failed:]
        assert_documented(traffic.failures, went - 0.1, went + GRACE_S)

        cluster.start_node(lost)
        wait_for_nodes(client, 3)
        traffic.wait_for_calls(50)
        assert len(traffic.failures) == n_failed, traffic.failures[n_failed:]
    assert traffic.wrong == []
    assert client.is_connected()
    node = f"node\t{lost_name}\n"
    assert client.info_single_node("node", lost_name) == node


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
    begin = time.monotonic()
    with pytest.raises((exception.ConnectionError, exception.InvalidNodeError)):
        client.get(key, {"total_timeout": 1000})
    assert time.monotonic() - begin < 1.2
    wait_until(lambda: not client.is_connected())
    for i in range(3):
        cluster.start_node(i)
    wait_until(client.is_connected)
    wait_for_nodes(client, 3)
    wait_until(lambda: works(client, key))


def works(client, key):
    try:
        client.put(key, {"a": 2})
        return client.get(key)[2] == {"a": 2}
    except exception.AerospikeError:
        return False


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
    wait_until(lambda: works(client, ("test", "loss", 1)))


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
    time.sleep(0.1)  # idle for longer than connections are trusted unseen
    for key in keys:
        client.put(key, {"a": 2})
        assert client.get(key)[2] == {"a": 2}
