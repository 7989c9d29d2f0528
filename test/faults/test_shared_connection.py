"""Clients of one process that share a cluster: use_shared_connection."""

from __future__ import annotations

import threading

import pytest

import aerospike
from aerospike import exception

from ..children import run_script
from ..sanitizers import no_forks_beside_threads
from ..waiting import patient, until
from .peer import OK_REPLY, ScriptedNode

KEY = ("test", "demo", 1)


@pytest.fixture
def node(scripted_node: ScriptedNode) -> ScriptedNode:
    """A node that answers every request; each tender has one connection to it."""
    scripted_node.default = OK_REPLY
    return scripted_node


@pytest.fixture
def share(node, make_client):
    """share(**config): a client of the node that shares its cluster."""
    return lambda **config: make_client(
        hosts=[node.host], use_shared_connection=True, **config
    )


def test_equal_clients_have_one_cluster(node, share):
    first, second = share(), share()
    for client in (first, second, first):
        client.put(KEY, {"a": 1})
    assert node.n_accepted == 2  # one for tending, one for both


def test_without_the_key_each_has_its_own(node, make_client, share):
    for n, make in enumerate((share, make_client, make_client)):
        make(hosts=[node.host]) if make is make_client else make()
        assert node.n_accepted == n + 1


def test_closing_one_leaves_the_other_working(node, share):
    first, second = share(), share()
    first.close()
    with pytest.raises(exception.ClusterError) as caught:
        first.get(KEY)
    assert caught.value.code == 11
    assert (first.is_connected(), second.is_connected()) == (False, True)
    second.put(KEY, {"a": 1})
    first.close()  # which counts once
    second.put(KEY, {"a": 1})
    assert node.n_accepted == 2


def test_closed_client_joins_again(node, share):
    first, second = share(), share()
    first.close()
    first.connect()
    second.close()
    first.put(KEY, {"a": 1})
    assert node.n_accepted == 2


def test_the_last_one_closes_the_connections(node, share):
    first, second = share(), share()
    first.put(KEY, {"a": 1})
    first.close()
    second.close()
    until(lambda: not node._sockets)
    share().put(KEY, {"a": 1})
    assert node.n_accepted == 4


def test_client_that_is_dropped_counts_as_closed(node, share):
    config = patient({"hosts": [node.host], "use_shared_connection": True})
    first, second = aerospike.client(config), aerospike.client(config)
    del first
    second.put(KEY, {"a": 1})
    del second
    until(lambda: not node._sockets)


@pytest.mark.parametrize(
    "config",
    [
        {"app_id": "another"},
        {"max_conns_per_node": 7},
        {"tend_interval": 700},
        {"pool_timeout": 7},
        {"thread_pool_size": 7},
        {"fail_if_not_connected": False},
        {"hosts": "localhost"},
    ],
    ids=str,
)
def test_what_is_configured_otherwise_is_apart(node, make_client, share, config):
    share()
    hosts = [(config.get("hosts", node.host[0]), node.host[1])]
    make_client(**{"use_shared_connection": True, **config, "hosts": hosts})
    assert node.n_accepted == 2


@pytest.mark.parametrize(
    "config",
    [
        {"policies": {"total_timeout": 20_000}},
        {"send_bool_as": aerospike.INTEGER},
        {"validate_keys": True},
        {"error_keys": False},
    ],
    ids=str,
)
def test_what_is_not_about_the_cluster_may_differ(node, share, config):
    share()
    share(**config).put(KEY, {"a": 1})
    assert node.n_accepted == 2


def test_client_insists_on_a_node_that_answers(node, share):
    first = share(tend_interval=250, fail_if_not_connected=True)
    node.stop()
    until(lambda: not first.is_connected())
    with pytest.raises(exception.ConnectionError, match="shared cluster"):
        share(tend_interval=250, fail_if_not_connected=True)


def test_threads_make_and_close_clients_at_once(node):
    config = patient({"hosts": [node.host], "use_shared_connection": True})
    barrier = threading.Barrier(8)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            barrier.wait(60)
            for _ in range(25):
                with aerospike.client(config).connect() as client:
                    client.put(KEY, {"a": 1})
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    until(lambda: not node._sockets)


@no_forks_beside_threads
def test_both_sides_of_a_fork_share_for_themselves(dev_cluster):
    script = """
    config = {"hosts": hosts, "use_shared_connection": True, **PATIENT}
    first, second = (aerospike.client(config).connect() for _ in range(2))
    first.put(KEY, {"a": 1})
    pid = os.fork()
    if pid == 0:
        first.close()  # the child's own count
        assert second.get(KEY)[2] == {"a": 1}
        third = aerospike.client(config).connect()
        second.close()
        assert third.get(KEY)[2] == {"a": 1}
        third.close()
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    first.close()
    assert second.get(KEY)[2] == {"a": 1}
    second.close()
    third = aerospike.client(config).connect()
    assert third.get(KEY)[2] == {"a": 1}
    third.remove(KEY)
    third.close()
    """
    run_script(script, dev_cluster.hosts)


@no_forks_beside_threads
def test_fork_while_another_thread_connects(dev_cluster):
    """What that thread was making never comes about in the child."""
    script = """
    import socket
    silent = socket.create_server(("127.0.0.1", 0))
    slow = {**PATIENT, "hosts": [silent.getsockname(), *hosts],
            "use_shared_connection": True, "connect_timeout": 2000}
    thread = threading.Thread(target=aerospike.client, args=(slow,))
    thread.start()
    accepted, _ = silent.accept()
    pid = os.fork()
    if pid == 0:
        with aerospike.client(slow).connect() as client:
            client.put(KEY, {"a": 1})
            client.remove(KEY)
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    thread.join()
    silent.close()
    accepted.close()
    """
    run_script(script, dev_cluster.hosts)
