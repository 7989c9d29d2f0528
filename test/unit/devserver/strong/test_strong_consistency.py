"""Strong consistency of the development server: partitions, regimes, tombstones."""

from __future__ import annotations

import base64
import os
from collections import Counter

import pytest

from aerospike_devserver import DevCluster
from aerospike_devserver.ownership import N_PARTITIONS, partition_of, unavailable

from ..querying import Shelf
from ..rawwire import (
    DELETE,
    DELETE_ALL,
    DURABLE,
    GEN,
    GET_ALL,
    LINEARIZE,
    NULL,
    PARTITION_DONE,
    READ,
    WRITE,
    Connection,
    get,
    put,
    put_int,
)
from .transacting import (
    FORBIDDEN,
    INVALID,
    NOT_FOUND,
    OK,
    UNAVAILABLE,
    Client,
    Transaction,
    served,
)

N_NODES = 3
RELAXED = 0x40  # info2
SESSION, ALLOW_REPLICA, ALLOW_UNAVAILABLE = 0, 0x80, 0xC0
MODES = (SESSION, LINEARIZE, ALLOW_REPLICA, ALLOW_UNAVAILABLE)
ENTERPRISE_ONLY = "ERROR:25:enterprise only"


def owned(connection: Connection) -> tuple[int, list[set[int]]]:
    """The regime of the namespace test, and the partitions of each replica."""
    (text,) = connection.info("replicas")
    _, _, rest = text.split(";")[0].partition(":")
    regime, _, *maps = rest.split(",")
    bits = [int.from_bytes(base64.b64decode(each), "big") for each in maps]
    last = N_PARTITIONS - 1
    found = [
        {p for p in range(N_PARTITIONS) if number >> (last - p) & 1} for number in bits
    ]
    return int(regime), found


def statistics(connection: Connection) -> dict[str, str]:
    (text,) = connection.info("namespace/test")
    return dict(pair.split("=") for pair in text.split(";"))


# What a namespace says


def test_a_namespace_says_that_it_is_strong(connection):
    found = statistics(connection)
    assert found["strong-consistency"] == "true"
    assert found["mrt-duration"] == "10"
    assert connection.info("edition") == ["Aerospike Enterprise Edition"]


def test_a_namespace_that_is_not_strong_has_no_regime():
    with served(strong_consistency=["test"]) as own:
        texts = own.info("replicas")[0].split(";")
        assert [text.split(",")[0] for text in texts] == ["test:1", "bar:0"]
        assert "strong-consistency=false" in own.info("namespace/bar")[0]


def test_the_regime_goes_up_when_partitions_move(strong, connection):
    regimes = [owned(connection)[0]]
    for change in (
        strong.move_partitions,
        lambda: strong.stop_node(2),
        lambda: strong.start_node(2),
    ):
        change()
        regimes.append(owned(connection)[0])
    assert regimes[0] > 0
    assert regimes == sorted(set(regimes))


def test_strong_consistency_needs_the_enterprise_edition():
    with pytest.raises(ValueError, match='strong_consistency needs edition="enter'):
        DevCluster(strong_consistency=True, edition="community")


@pytest.mark.parametrize("names", ["tset", ["test", "tset"]])
def test_strong_namespaces_have_to_be_there(names):
    with pytest.raises(ValueError, match="no namespace 'tset'"):
        DevCluster(strong_consistency=names)


def test_the_roster_has_all_nodes(strong, connection):
    strong.stop_node(1)
    ids = strong.node_ids
    shown = f"roster={','.join(ids)}:pending_roster={','.join(ids)}"
    shown = f"ns=test:{shown}:observed_nodes={ids[0]},{ids[2]}"
    assert connection.info("roster:namespace=test") == [shown]
    assert connection.info("roster:") == [f"{shown};{shown.replace('test', 'bar', 1)}"]
    strong.start_node(1)


@pytest.mark.parametrize("edition", ["community", "enterprise"])
def test_other_namespaces_have_no_roster(edition):
    with served(edition=edition) as own:
        commands = ["roster:", "roster:namespace=test", "revive:namespace=test"]
        assert own.info(*commands) == [ENTERPRISE_ONLY] * 3
        assert own.info("recluster:") == ["ok"]


def test_statistics_count_what_transactions_do(strong, connection, client, key):
    def counts():
        found = statistics(connection).items()
        return {name: int(n) for name, n in found if "mrt_" in name and n != "0"}

    before = counts()
    txn = Transaction(connection)
    version = txn.read(key).version
    txn.change(key, 2)
    client.put(key, 3)
    client.verify(key, version)
    under_way = {"mrt_provisionals": 1, "mrt_monitors": 1, "mrt_monitors_active": 1}
    assert {name: counts()[name] for name in under_way} == under_way
    txn.commit(key)
    Transaction(connection).change(key, 3)
    strong.advance(12)
    after = counts()
    assert {name: n - before.get(name, 0) for name, n in after.items()} == {
        "mrt_monitors": 1,
        "mrt_verify_read_error": 1,
        "mrt_roll_forward_success": 1,
        "mrt_roll_back_success": 1,
        "mrt_monitor_roll_back_success": 1,
        "fail_mrt_blocked": 1,
    }


# Reads


@pytest.mark.parametrize("mode", MODES)
def test_all_read_modes_read(client, key, mode):
    assert client.get(key, info3=mode).n == 1


@pytest.mark.parametrize(("edition", "result"), [("community", 25), ("enterprise", 0)])
def test_linearized_reads_without_strong_consistency(edition, result):
    digest = os.urandom(20)
    with served(edition=edition) as own:
        client = Client(own)
        client.put(digest, 1)
        assert client.get(digest, info3=LINEARIZE).result == result


# Partitions that nobody serves


@pytest.mark.parametrize("is_dead", [False, True])
def test_a_lost_partition_answers_11(strong, client, key, is_dead):
    strong.lose_partitions([partition_of(key)], namespace="test", is_dead=is_dead)
    found = [client.get(key, info3=mode).result for mode in MODES]
    assert found == [UNAVAILABLE] * 3 + [OK]
    assert client.put(key, 2).result == UNAVAILABLE
    assert client.remove(key).result == UNAVAILABLE
    txn = Transaction(client.connection)
    assert txn.read(key).result == UNAVAILABLE
    assert txn.verify(key, bytes(7)).result == UNAVAILABLE
    others = os.urandom(20)
    while partition_of(others) == partition_of(key):
        others = os.urandom(20)
    assert client.put(others, 1).result == OK
    strong.revive_partitions()
    assert client.get(key).n == 1


@pytest.mark.parametrize("is_dead", [False, True])
def test_a_lost_partition_has_no_owner(strong, connection, key, is_dead):
    lost = set(range(100))
    before, had = owned(connection)
    strong.lose_partitions(lost, is_dead=is_dead)
    regime, has = owned(connection)
    assert regime > before
    assert [each | lost for each in has] == [each | lost for each in had]
    assert not has[0] & lost
    found = statistics(connection)
    counts = found["unavailable_partitions"], found["dead_partitions"]
    assert counts == (("0", "100") if is_dead else ("100", "0"))


def test_queries_skip_lost_partitions(strong, connection, client, key):
    shelf = Shelf(connection)
    shelf.set_name = b"demo"
    strong.lose_partitions()
    *rows, last = shelf.rows()
    assert last.result == OK
    assert {each.result for each in rows} == {UNAVAILABLE}
    assert {each.info3 for each in rows} == {PARTITION_DONE}


@pytest.mark.parametrize("is_strong", [True, False])
def test_queries_with_strong_consistency_are_not_relaxed(is_strong):
    with served(strong_consistency=is_strong) as own:
        rows = Shelf(own).rows(info=(READ, RELAXED, PARTITION_DONE))
        assert [each.result for each in rows] == [INVALID if is_strong else OK]


def test_dead_partitions_are_revived(strong, connection, client, key):
    strong.lose_partitions(is_dead=True)
    assert client.get(key).result == UNAVAILABLE
    assert connection.info("revive:namespace=test", "recluster:") == ["ok", "ok"]
    assert client.get(key).n == 1
    assert "dead_partitions=4096" in connection.info("namespace/bar")[0]


def test_a_reset_finds_all_partitions(strong, client, key):
    strong.lose_partitions()
    strong.reset()
    assert client.get(key).result == NOT_FOUND


def test_partitions_that_do_not_exist_cannot_be_lost(strong):
    for numbers in ([-1], [4096]):
        with pytest.raises(ValueError, match="partitions are 0 to 4095"):
            strong.lose_partitions(numbers)
    with pytest.raises(ValueError, match="no namespace 'tset' with strong"):
        strong.lose_partitions(namespace="tset")
    with (
        DevCluster() as cluster,
        pytest.raises(ValueError, match="no namespace None with strong"),
    ):
        cluster.lose_partitions()


@pytest.mark.parametrize(
    ("n_nodes", "live", "n_copies", "n_lost"),
    [
        (1, (0,), 1, 0),
        (2, (0,), 2, 0),  # one of two copies is missing
        (2, (0,), 1, "some"),  # half of the nodes: those of which it is master
        (3, (0, 2), 2, 0),
        (3, (1,), 2, "all"),  # less than half: a node never has all copies
        (3, (0, 1), 1, "some"),
        (4, (0, 1), 2, "some"),
        (5, (0, 1), 2, "most"),
        (5, (0, 1, 2), 2, "some"),
        (5, (), 2, "all"),
    ],
)
def test_nodes_that_are_missing_take_partitions_along(n_nodes, live, n_copies, n_lost):
    lost = unavailable(n_nodes, live, n_copies)
    ranges = {
        0: (0, 0),
        "some": (1, N_PARTITIONS * 2 // 3),
        "most": (N_PARTITIONS * 2 // 3, N_PARTITIONS - 1),
        "all": (N_PARTITIONS, N_PARTITIONS),
    }
    low, high = ranges[n_lost]
    assert low <= len(lost) <= high


def test_a_partition_is_lost_with_all_its_copies():
    """Also when partitions have moved before."""
    with DevCluster(5, strong_consistency=True) as cluster:
        for _ in range(3):
            cluster.move_partitions()

        def copies():
            """For each partition, how many of its copies the live nodes have."""
            counts: Counter[int] = Counter()
            for host in cluster.hosts:
                with Connection(*host) as own:
                    for each in owned(own)[1]:
                        counts.update(each)
            return counts

        nodes = [Connection(*host) for host in cluster.hosts]
        had = [set().union(*owned(node)[1]) for node in nodes]
        for node in nodes:
            node.sock.close()
        cluster.stop_node(3)
        assert len(copies()) == N_PARTITIONS
        cluster.stop_node(1)
        assert set(range(N_PARTITIONS)) - set(copies()) == had[1] & had[3] != set()


def test_partitions_come_back_with_their_nodes(strong, client, key):
    for node in (1, 2):
        strong.stop_node(node)
    assert client.get(key).result == UNAVAILABLE
    assert client.get(key, info3=ALLOW_UNAVAILABLE).n == 1
    strong.start_node(1)
    assert client.get(key).n == 1
    strong.start_node(2)


# Durable deletes


def test_deletes_have_to_be_durable(client, key):
    for flags, ops in [
        ((0, WRITE | DELETE, 0), []),
        ((0, WRITE, 0), [DELETE_ALL]),
        ((0, WRITE, 0), [put(b"n", NULL, b"")]),
    ]:
        assert client.send(flags, key, ops).result == FORBIDDEN
        assert client.get(key).n == 1
        durable = (flags[0], flags[1] | DURABLE, flags[2])
        assert client.send(durable, key, ops).result == OK
        assert client.get(key).result == NOT_FOUND
        client.put(key, 1)


def test_deletes_need_not_be_durable_where_that_is_allowed():
    """In a transaction they do."""
    digest = os.urandom(20)
    with served(strong_consistency=True, allow_expunge=True) as own:
        found = statistics(own)
        assert found["strong-consistency-allow-expunge"] == "true"
        client = Client(own)
        for flags, ops in [((0, WRITE | DELETE, 0), []), ((0, WRITE, 0), [DELETE_ALL])]:
            assert client.put(digest, 1).generation == 1
            assert client.send(flags, digest, ops).result == OK
        client.put(digest, 1)
        txn = Transaction(own)
        txn.register(digest)
        refused = txn.send((0, WRITE | DELETE, 0), digest, (), txn.own)
        assert refused.result == FORBIDDEN
    with pytest.raises(ValueError, match="allow_expunge needs strong_consistency"):
        DevCluster(allow_expunge=True)


@pytest.mark.parametrize("is_strong", [True, False])
def test_a_tombstone_keeps_the_generation(is_strong):
    digest = os.urandom(20)
    with served(edition="enterprise", strong_consistency=is_strong) as own:
        client = Client(own)
        for _ in range(3):
            client.put(digest, 1)
        assert client.remove(digest).result == OK
        assert client.remove(digest).result == NOT_FOUND
        for name in ("namespace/test", "sets/test/demo", "statistics"):
            assert "tombstones=1" in own.info(name)[0].replace(":", ";").split(";")
        flags = (READ, WRITE | GEN, 0)
        created = client.send(flags, digest, [put_int(b"n", 2), get(b"n")])
        assert (created.result, created.generation, created.n) == (OK, 5, 2)
        assert statistics(own)["tombstones"] == "0"


def test_a_tombstone_goes_after_a_day(strong, client, key):
    client.remove(key)
    strong.advance(86_300)
    assert statistics(client.connection)["tombstones"] == "1"
    strong.advance(200)
    assert statistics(client.connection)["tombstones"] == "0"
    assert client.put(key, 1).generation == 1


@pytest.mark.parametrize("command", ["truncate", "truncate-namespace"])
def test_truncation_takes_tombstones_along(strong, client, key, command):
    client.remove(key)
    other = os.urandom(20)
    client.send((0, WRITE, 0), other, [put_int(b"n", 1)], set_name=b"other")
    client.send((0, WRITE | DELETE | DURABLE, 0), other, set_name=b"other")
    strong.advance(1)
    place = "namespace=test" + (";set=demo" if command == "truncate" else "")
    assert client.connection.info(f"{command}:{place}") == ["ok"]
    left = statistics(client.connection)["tombstones"]
    assert left == ("1" if command == "truncate" else "0")


def test_a_get_of_all_bins_says_nothing_of_tombstones(client, key):
    client.remove(key)
    found = client.send((READ | GET_ALL, 0, 0), key)
    assert (found.result, found.generation) == (NOT_FOUND, 0)
