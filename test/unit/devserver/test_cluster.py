"""DevCluster: nodes, ownership, the clock, starting and stopping."""

import itertools
import os
import socket
import threading
from typing import Any

import pytest

from aerospike_devserver import DevCluster

from .rawwire import (
    NEVER,
    UNCHANGED,
    WRITE,
    Connection,
    RecordClient,
    put_int,
)
from .test_info import ones, settings_of

DIGEST = b"\x07" * 20
A1 = put_int(b"a", 1)


@pytest.fixture
def ask(cluster):
    """Info commands to one node, over a connection of its own."""

    def send(node, *commands):
        port = cluster.hosts[node][1]
        with Connection("127.0.0.1", port) as connection:
            return connection.info(*commands)

    return send


@pytest.fixture
def single():
    """A cluster of one node and a record on it: (cluster, record client)."""
    with DevCluster() as made, Connection(*made.hosts[0]) as connection:
        yield made, RecordClient(connection, DIGEST)


def columns(answer, namespace="test"):
    """The partition sets of a `replicas` answer, one per replica."""
    parts = dict(part.split(":") for part in answer.split(";"))
    regime, count, *bitmaps = parts[namespace].split(",")
    assert regime == "0"
    assert int(count) == len(bitmaps)
    return [ones(bitmap) for bitmap in bitmaps]


def check_spread(tables, n_replicas):
    """Every replica of every partition is somewhere, once, and evenly so."""
    assert {len(table) for table in tables} == {n_replicas}
    for column in range(n_replicas):
        owned = [table[column] for table in tables]
        assert sorted(itertools.chain(*owned)) == list(range(4096))
        assert all(len(part) > 4096 / len(tables) * 0.85 for part in owned)
    for table in tables:
        assert len(set().union(*table)) == sum(map(len, table))


@pytest.mark.parametrize(
    ("nodes", "factor", "n_replicas"), [(1, 2, 1), (2, 2, 2), (3, 2, 2), (5, 3, 3)]
)
def test_partitions_are_spread_evenly(nodes, factor, n_replicas):
    with DevCluster(nodes, replication_factor=factor) as cluster:
        tables = []
        for host in cluster.hosts:
            with Connection(*host) as connection:
                tables.append(columns(connection.info("replicas")[0]))
    check_spread(tables, n_replicas)


def test_ownership_is_the_same_in_every_cluster(cluster, ask):
    with DevCluster(nodes=3) as other, Connection(*other.hosts[1]) as connection:
        assert connection.info("replicas") == ask(1, "replicas")


def test_peers_name_the_other_nodes(cluster, ask):
    ids = cluster.node_ids
    assert ids == ["BB90000000000A1", "BB90000000000A2", "BB90000000000A3"]
    (peers,) = ask(1, "peers-clear-std")
    (_, port_0), _, (_, port_2) = cluster.hosts
    expected = f"[{ids[0]},,[127.0.0.1:{port_0}]],[{ids[2]},,[127.0.0.1:{port_2}]]"
    assert peers.split(",", 2)[1:] == ["3000", f"[{expected}]"]
    assert ask(1, "node", "service") == [ids[1], f"127.0.0.1:{cluster.hosts[1][1]}"]
    assert ask(0, "services")[0].count(";") == 1
    assert settings_of(ask(0, "statistics")[0])["cluster_size"] == "3"


def test_any_node_serves_any_record(cluster):
    connections = [Connection(*host) for host in cluster.hosts]
    RecordClient(connections[0], DIGEST).write(A1)
    replies = [RecordClient(connection, DIGEST).get() for connection in connections]
    assert [reply.result for reply in replies] == [0, 0, 0]
    for connection in connections:
        connection.sock.close()


GENERATIONS = ("peers-generation", "partition-generation", "rebalance-generation")


def test_stopped_node_hands_over_and_comes_back(cluster, ask):
    hosts = cluster.hosts
    before = [int(value) for value in ask(0, *GENERATIONS)]
    original = [ask(node, "replicas")[0] for node in range(3)]
    key = ask(0, "cluster-stable")
    with Connection(*hosts[1]) as connection:
        RecordClient(connection, DIGEST).write(A1)
        cluster.stop_node(1)
        assert connection.is_closed()
    with pytest.raises(OSError):
        Connection(*hosts[1])
    assert cluster.hosts == [hosts[0], hosts[2]]
    check_spread([columns(ask(node, "replicas")[0]) for node in range(2)], 2)
    assert ask(0, "peers-clear-std")[0].count("BB9") == 1
    assert ask(0, "cluster-stable") == ask(1, "cluster-stable") != key
    after = [int(value) for value in ask(0, *GENERATIONS)]
    assert all(new > old for new, old in zip(after, before, strict=True))

    cluster.start_node(1)
    assert cluster.hosts == hosts
    assert [ask(node, "replicas")[0] for node in range(3)] == original
    again = [int(value) for value in ask(1, *GENERATIONS)]
    assert all(new > old for new, old in zip(again, after, strict=True))
    with Connection(*hosts[1]) as connection:
        assert RecordClient(connection, DIGEST).exists().result == 0


def test_node_can_be_stopped_twice(cluster):
    cluster.stop_node(0)
    cluster.stop_node(0)
    cluster.start_node(0)
    cluster.start_node(0)


def test_node_comes_back_elsewhere_and_under_another_name(cluster, ask):
    old = cluster.hosts[1]
    owned = ask(1, "replicas")
    cluster.stop_node(1)
    cluster.start_node(1, is_moved=True, node_id="BB9C0FFEE")
    host, port = cluster.hosts[1]
    assert (host, port) != old
    with pytest.raises(OSError):
        Connection(*old)
    assert ask(1, "node", "service") == ["BB9C0FFEE", f"{host}:{port}"]
    assert f"[BB9C0FFEE,,[127.0.0.1:{port}]]" in ask(0, "peers-clear-std")[0]
    assert cluster.node_ids[1] == "BB9C0FFEE"
    assert ask(1, "replicas") == owned


@pytest.mark.parametrize("name", ["", "0A", "bb9", "BB90000000000A1", "A" * 17])
def test_name_that_no_node_can_have(cluster, name):
    cluster.stop_node(1)
    with pytest.raises(ValueError, match="cannot be the name of node 1"):
        cluster.start_node(1, node_id=name)


def test_partitions_move_while_the_nodes_stay(cluster, ask):
    before = [ask(node, "replicas", *GENERATIONS, "cluster-stable") for node in (0, 1)]
    cluster.move_partitions()
    after = [ask(node, "replicas", *GENERATIONS, "cluster-stable") for node in (0, 1)]
    for (old, *was), (new, *now) in zip(before, after, strict=True):
        assert old != new
        assert [a == b for a, b in zip(was, now, strict=True)] == [
            True,
            *[False] * 2,
            True,
        ]
    check_spread([columns(ask(node, "replicas")[0]) for node in range(3)], 2)


@pytest.mark.parametrize(
    "name", ["stop_node", "start_node", "freeze_node", "thaw_node"]
)
def test_only_nodes_that_exist_change(cluster, name):
    call = getattr(cluster, name)
    for index in (-1, -3, 3):
        with pytest.raises(IndexError, match=f"no node {index}: there are 3"):
            call(index)
    with pytest.raises(ValueError, match="no node '0': there are "):
        call("0")
    for other in (0.0, None):
        with pytest.raises(TypeError, match="a node is an int or a name, not "):
            call(other)
    for node in range(3):  # each still answers, and can go and come
        with Connection(*cluster.hosts[node]) as connection:
            assert connection.info("node") == [cluster.node_ids[node]]
        cluster.stop_node(cluster.node_ids[node])
        assert len(cluster.hosts) == 2
        cluster.start_node(cluster.node_ids[node])


def test_all_nodes_can_be_stopped_and_started(cluster):
    for node in range(3):
        cluster.stop_node(node)
    assert cluster.hosts == []
    for node in range(3):
        cluster.start_node(node)
    assert len(cluster.hosts) == 3


def test_records_expire_when_the_clock_passes_their_void_time(
    single, time_stands_still
):
    cluster, record = single
    written = record.write(A1, ttl=100)
    cluster.advance(99)
    assert record.exists()[:3] == (0, 1, written.void_time)
    cluster.advance(2)
    assert record.exists().result == 2
    assert record.get().result == 2
    assert record.remove().result == 2
    generation = record.command((0, WRITE | 0x04, 0), A1, generation=1)
    assert generation.result == 3
    assert record.write(A1, info2=0x20)[:2] == (0, 1)


def test_record_that_expired_leaves_no_bins_to_its_successor(single):
    cluster, record = single
    record.write(put_int(b"old", 1), ttl=10)
    cluster.advance(20)
    record.write(A1)
    assert list(record.get().bins) == [b"a"]


@pytest.mark.parametrize(
    ("percent", "after", "life"),
    [(0, 90, 100), (NEVER, 90, 100), (50, 45, 100), (50, 51, 151), (100, 1, 101)],
)
def test_read_touches_in_the_last_percent_of_life(
    single, time_stands_still, percent, after, life
):
    cluster, record = single
    written = record.write(A1, ttl=100).void_time - 100
    cluster.advance(after)
    assert record.get(ttl=percent).void_time == written + 100
    touched = record.exists()
    assert touched.generation == 1
    assert touched.void_time - written == life


def test_default_ttl_is_applied():
    with (
        DevCluster(default_ttl=50) as cluster,
        Connection(*cluster.hosts[0]) as connection,
    ):
        record = RecordClient(connection, DIGEST)
        void_time = record.write(A1, ttl=UNCHANGED).void_time
        assert void_time > 0
        assert record.write(A1, ttl=NEVER).void_time == 0
        assert record.write(A1).void_time >= void_time


@pytest.mark.parametrize(("allowed", "result"), [(True, 0), (False, 22)])
def test_ttl_needs_expiration(allowed, result):
    with (
        DevCluster(nsup_period=0, allow_ttl_without_nsup=allowed) as cluster,
        Connection(*cluster.hosts[0]) as connection,
    ):
        record = RecordClient(connection, DIGEST)
        assert record.write(A1).result == 0
        assert record.write(A1, ttl=10).result == result
        assert record.write(A1, ttl=NEVER).result == 0


def test_record_size_limit_is_configurable():
    with (
        DevCluster(max_record_size=1000) as cluster,
        Connection(*cluster.hosts[0]) as connection,
    ):
        record = RecordClient(connection, DIGEST)
        assert record.write((2, b"a", 4, bytes(1000))).result == 13


def test_reset_drops_all_records(single):
    cluster, record = single
    record.write(A1)
    cluster.reset()
    assert record.exists().result == 2
    assert record.connection.info("sets/test") == [""]


def test_clusters_share_nothing():
    with DevCluster() as one, DevCluster() as two:
        assert one.hosts != two.hosts
        with Connection(*one.hosts[0]) as first, Connection(*two.hosts[0]) as second:
            RecordClient(first, DIGEST).write(A1, ttl=10)
            assert RecordClient(second, DIGEST).exists().result == 2
            two.advance(100)
            assert RecordClient(first, DIGEST).exists().result == 0


def test_stopped_cluster_starts_again_empty(single):
    cluster, record = single
    record.write(A1)
    cluster.stop()
    cluster.stop()
    assert record.connection.is_closed()
    with pytest.raises(RuntimeError):
        _ = cluster.hosts
    cluster.start()
    with pytest.raises(RuntimeError):
        cluster.start()
    with Connection(*cluster.hosts[0]) as connection:
        assert RecordClient(connection, DIGEST).exists().result == 2


def test_taken_port_is_an_error():
    with DevCluster() as cluster:
        second = DevCluster(port=cluster.hosts[0][1])
        with pytest.raises(OSError):
            second.start()
        with pytest.raises(RuntimeError):
            _ = second.hosts


@pytest.mark.parametrize(
    "options",
    [
        {"nodes": 0},
        {"nodes": 65},
        {"host": "0.0.0.0"},
        {"host": "192.0.2.1"},
        {"host": "example.org"},
        {"host": ""},
        {"port": -1},
        {"port": 65530, "nodes": 2},
        {"replication_factor": 0},
        {"version": "8.1.2"},
        {"namespaces": []},
        {"namespaces": ["a", "a"]},
        {"namespaces": ["n" * 32]},
        {"namespaces": ["a;b"]},
        {"default_ttl": -1},
        {"nsup_period": -1},
        {"max_record_size": 0},
        {"max_record_size": 8 * 1024 * 1024 + 1},
        {"udf_timeout": -1},
        {"udf_timeout": 86_401},
        {"udf_memory": 1024 * 1024 - 1},
    ],
    ids=str,
)
def test_bad_parameter_is_a_value_error(options):
    with pytest.raises(ValueError):
        DevCluster(**options)


def test_nobody_else_gets_the_port_of_a_node_that_is_down(cluster):
    host = cluster.hosts[1]
    cluster.stop_node(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(host)
    with pytest.raises(OSError, match="in use"), socket.socket() as other:
        other.bind(host)
    cluster.start_node(1)
    assert cluster.hosts[1] == host


def test_clock_does_not_go_back(cluster):
    with pytest.raises(ValueError):
        cluster.advance(-1)


def test_many_threads_add_to_one_counter(cluster):
    def work(host):
        with Connection(*host) as connection:
            record = RecordClient(connection, DIGEST)
            for _ in range(100):
                assert record.write((5, b"n", *put_int(b"", 1)[2:])).result == 0

    threads = [
        threading.Thread(target=work, args=(host,)) for host in cluster.hosts * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Connection(*cluster.hosts[0]) as connection:
        (value,) = RecordClient(connection, DIGEST).get().bins.values()
    assert int.from_bytes(value[1], "big") == 600


@pytest.mark.parametrize("name", ["nodes", "port", "udf_memory"])
def test_number_that_is_none_is_named(name):
    wrong: Any = {name: "3"}
    with pytest.raises(TypeError, match=f"{name} must be an int, not str"):
        DevCluster(**wrong)


@pytest.fixture
def racked():
    with DevCluster(nodes=4, racks=[1, 1, 2, 2]) as made:
        yield made


def answers_of(cluster, *commands):
    found = []
    for host in cluster.hosts:
        with Connection(*host) as connection:
            found.append(connection.info(*commands))
    return found


def test_copies_are_on_different_racks(racked):
    tables = [columns(answer) for (answer,) in answers_of(racked, "replicas")]
    check_spread(tables, 2)
    for near, far in ((tables[:2], tables[2:]), (tables[2:], tables[:2])):
        masters = near[0][0] | near[1][0]
        assert masters == far[0][1] | far[1][1]


def test_racks_are_told(racked):
    told = answers_of(racked, "rack-ids", "racks:", "namespace/test")
    assert [ids for ids, _, _ in told] == ["test:1;bar:1"] * 2 + ["test:2;bar:2"] * 2
    first, second = "BB90000000000A1,BB90000000000A2", "BB90000000000A3,BB90000000000A4"
    racks = f"ns=test:rack_1={first}:rack_2={second}"
    assert {text.split(";")[0] for _, text, _ in told} == {racks}
    settings = [settings_of(text) for _, _, text in told]
    assert [each["rack-id"] for each in settings] == ["1", "1", "2", "2"]


def test_racks_change(racked):
    before = answers_of(racked, "rebalance-generation")
    racked.set_racks({"bar": [3, 1, 3, 1]})
    assert answers_of(racked, "rack-ids")[:2] == [["test:0;bar:3"], ["test:0;bar:1"]]
    assert answers_of(racked, "rebalance-generation") != before
    racked.set_racks(None)
    assert answers_of(racked, "rack-ids")[0] == ["ERROR:25:enterprise only"]


@pytest.mark.parametrize(
    ("address", "of_first", "of_second"),
    [
        ("192.0.2.1:4000", "192.0.2.1:4000", "192.0.2.1:4010"),
        ("[2001:db8::1]:4000", "[2001:db8::1]:4000", "[2001:db8::1]:4010"),
        ("name.example", "name.example:{}", "name.example:{}"),
    ],
)
def test_alternate_addresses_are_told(address, of_first, of_second):
    with DevCluster(nodes=2, alternate_address=address) as cluster:
        ports = [port for _, port in cluster.hosts]
        first, _ = answers_of(cluster, "service-clear-alt", "peers-clear-alt")
    assert first[0] == of_first.format(ports[0])
    assert of_second.format(ports[1]) in first[1]


@pytest.mark.parametrize(
    "racks",
    [[1], [1, 2, 3], [-1, 1], [1, 1_000_001], {"none": [1, 2]}, {"test": [1]}],
    ids=str,
)
def test_racks_that_cannot_be(racks):
    with pytest.raises(ValueError, match="racks: "):
        DevCluster(nodes=2, racks=racks)


def test_child_of_a_fork_keeps_no_node_alive():
    """Its copies of the sockets would go on accepting for a node that is stopped."""
    with DevCluster(nodes=2) as cluster, Connection(*cluster.hosts[0]) as connection:
        connection.info("node")
        address = cluster.hosts[0]
        asked, answer = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                cluster.stop_node(1)
            except RuntimeError as error:
                os.write(answer[1], str(error).encode())
            cluster.stop()
            os.close(asked[1])
            os.read(asked[0], 1)  # the parent is done
            os._exit(0)
        said = os.read(answer[0], 100).decode()
        cluster.stop_node(0)
        assert connection.sock.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        cluster.start_node(0)
        for host in cluster.hosts:
            with Connection(*host) as other:
                other.info("node")
        os.close(asked[1])
        assert os.waitpid(pid, 0)[1] == 0
        for end in (asked[0], *answer):
            os.close(end)
    assert said == "the server runs in the process that has started it"
