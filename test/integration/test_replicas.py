"""Which node is asked: by each policy, on the first try and on each repetition.

The request log of a development cluster tells it. All its nodes have a copy of each
record, and each node stands in a rack of its own.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_devserver.ownership import replica_table
from aerospike_helpers.batch import records as br
from aerospike_helpers.operations import operations as op

from ..waiting import until

RACKS = (7, 8, 9)
N_TRIES = 7
REPEATED = {"max_retries": N_TRIES - 1, "total_timeout": 30_000}
MASTER, ANY, SEQUENCE, PREFER_RACK, RANDOM = (
    getattr(aerospike, f"POLICY_REPLICA_{name}")
    for name in ("MASTER", "ANY", "SEQUENCE", "PREFER_RACK", "RANDOM")
)


class Asked(logging.Handler):
    """Hears of each request, and which node it came to."""

    def __init__(self, cluster: DevCluster) -> None:
        super().__init__()
        self._indexes = {name: i for i, name in enumerate(cluster.node_ids)}
        self._heard: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        node_id, _, line = record.args  # type: ignore[misc]
        if not str(line).startswith("info "):
            self._heard.append(self._indexes[str(node_id)])

    def by(self, call: Callable[[], Any]) -> list[int]:
        """Indexes of the nodes that a call has asked, in order."""
        self._heard.clear()
        call()
        return list(self._heard)


@pytest.fixture(scope="module")
def racks() -> Iterator[DevCluster]:
    with DevCluster(nodes=3, replication_factor=3, racks=RACKS) as made:
        yield made


@pytest.fixture
def asked(racks: DevCluster) -> Iterator[Asked]:
    log = logging.getLogger("aerospike_devserver.request_log")
    level, handler = log.level, Asked(racks)
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)
    log.setLevel(level)


@pytest.fixture
def broken(racks: DevCluster) -> Iterator[None]:
    """Each request is carried out, and then the node hangs up."""
    kinds = ("read", "write", "batch", "query")
    with racks.faults.reset(commands=kinds):
        yield


KEYS = [("test", "copies", i) for i in range(8)]


def partition_of(client: Any, key: Any) -> int:
    return int(client.get_key_partition_id(*key))


def owners_of(client: Any, key: Any) -> tuple[int, ...]:
    """Indexes of the nodes that have the key, the master first."""
    return replica_table((0, 1, 2), RACKS)[partition_of(client, key)]


def circle(owners: tuple[int, ...], first: int) -> list[int]:
    return [owners[(first + i) % 3] for i in range(N_TRIES)]


def by_rack(owners: tuple[int, ...], rack_ids: list[int]) -> list[int]:
    """The best rank first, and whoever was asked last only when there is no other."""
    tries: list[int] = []
    for i in range(N_TRIES):
        order = [owners[(i + k) % 3] for k in range(3)]
        ranks = {
            node: rack_ids.index(RACKS[node]) if RACKS[node] in rack_ids else 99
            for node in order
        }
        ranks |= dict.fromkeys(tries[-1:], 100)
        tries.append(min(order, key=ranks.__getitem__))
    return tries


def with_partition(query: Any, client: Any, key: Any, policy: Any) -> Any:
    part = {"begin": partition_of(client, key), "count": 1}
    return query.results({**policy, "partition_filter": part})


READS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "get": lambda c, k, p: c.get(k, p),
    "exists": lambda c, k, p: c.exists(k, p),
    "select": lambda c, k, p: c.select(k, ["n"], p),
    "operate": lambda c, k, p: c.operate(k, [op.read("n")], policy=p),
    "batch_read": lambda c, k, p: c.batch_read([k], policy=p),
    "batch_write of a read": lambda c, k, p: c.batch_write(
        br.BatchRecords([br.Read(k, None)]), p
    ),
    "query": lambda c, k, p: with_partition(c.query(*k[:2]), c, k, p),
    "scan": lambda c, k, p: with_partition(c.scan(*k[:2]), c, k, p),
}
WRITES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "put": lambda c, k, p: c.put(k, {"n": 1}, policy=p),
    "remove": lambda c, k, p: c.remove(k, policy=p),
    "increment": lambda c, k, p: c.increment(k, "n", 1, policy=p),
    "operate that writes": lambda c, k, p: c.operate(
        k, [op.increment("n", 1)], policy=p
    ),
    "batch_operate": lambda c, k, p: c.batch_operate(
        [k], [op.increment("n", 1)], policy_batch=p
    ),
}
ROUNDS = {"query", "scan"}


def fails(call: Callable[[Any, Any, Any], Any], client: Any, key: Any, **policy: Any):
    """The call, which ends in a failure of its connection."""

    def run() -> None:
        with contextlib.suppress(exception.ConnectionError):
            found = call(client, key, {**REPEATED, **policy})
            assert {row.result for row in found.batch_records} == {-10}

    return run


@pytest.fixture
def connect(racks: DevCluster, make_client) -> Callable[..., aerospike.Client]:
    def make(**config: Any) -> aerospike.Client:
        return make_client(hosts=racks.hosts, max_error_rate=0, **config)

    return make


@pytest.mark.parametrize("call", [*READS, *WRITES])
def test_master_is_asked_always(asked, broken, connect, call):
    client = connect()
    for key in KEYS:
        run = fails((READS | WRITES)[call], client, key, replica=MASTER)
        assert asked.by(run) == [owners_of(client, key)[0]] * N_TRIES


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize("replica", [SEQUENCE, PREFER_RACK])
def test_read_goes_round_from_the_master(asked, broken, connect, call, replica):
    """So does PREFER_RACK, for a client that knows of no racks."""
    client = connect()
    for key in KEYS:
        run = fails(READS[call], client, key, replica=replica)
        assert asked.by(run) == circle(owners_of(client, key), 0)


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("replica", [ANY, SEQUENCE, PREFER_RACK])
def test_write_goes_round_from_the_master(asked, broken, connect, call, replica):
    """Whatever the rack of the master is."""
    client = connect(rack_aware=True, rack_id=8)
    for key in KEYS:
        run = fails(WRITES[call], client, key, replica=replica)
        assert asked.by(run) == circle(owners_of(client, key), 0)


@pytest.mark.parametrize(
    ("call", "replica"),
    [(call, ANY) for call in READS if call not in ROUNDS]
    + [(call, RANDOM) for call in {**READS, **WRITES} if call not in ROUNDS],
)
def test_each_copy_has_its_turn_and_then_the_next(
    asked, broken, connect, call, replica
):
    client = connect()
    begun: Counter[int] = Counter()
    for key in KEYS:
        owners = owners_of(client, key)
        run = fails((READS | WRITES)[call], client, key, replica=replica)
        nodes = asked.by(run)
        first = owners.index(nodes[0])
        assert nodes == circle(owners, first)
        begun[first] += 1
    assert len(begun) == 3, begun


@pytest.mark.parametrize("call", sorted(ROUNDS))
def test_query_with_any_goes_round_from_the_master(asked, broken, connect, call):
    client = connect()
    for key in KEYS:
        run = fails(READS[call], client, key, replica=ANY)
        assert asked.by(run) == circle(owners_of(client, key), 0)


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize("rack_ids", [[8], [9, 7], [8, 9, 7], [1], [1, 9]], ids=str)
def test_nearest_rack_is_asked_and_then_another_node(
    asked, broken, connect, call, rack_ids
):
    client = connect(rack_aware=True, rack_ids=rack_ids)
    for key in KEYS:
        run = fails(READS[call], client, key, replica=PREFER_RACK)
        nodes = asked.by(run)
        assert nodes == by_rack(owners_of(client, key), rack_ids)
        assert all(a != b for a, b in pairwise(nodes))


def test_rack_id_is_a_list_of_one(asked, connect):
    client = connect(rack_aware=True, rack_id=9)
    policy = {"replica": PREFER_RACK}
    assert asked.by(lambda: client.exists(KEYS[0], policy)) == [2]
    assert set(asked.by(lambda: client.batch_read(KEYS, policy=policy))) == {2}
    assert set(asked.by(lambda: client.query("test").results(policy))) == {2}
    assert set(asked.by(lambda: client.scan("test").results(policy))) == {2}


def refused(call: Any, client: Any, key: Any, policy: Any, replica: int) -> None:
    """No namespace here is strongly consistent."""
    with contextlib.suppress(exception.AerospikeError):
        call(client, key, {**policy, "replica": replica})


def test_linearized_read_begins_with_the_master(asked, connect):
    client = connect(rack_aware=True, rack_id=9)
    policy = {"read_mode_sc": aerospike.POLICY_READ_MODE_SC_LINEARIZE}
    for key in KEYS:
        for replica in (ANY, PREFER_RACK):
            for call in ("exists", "batch_read"):
                nodes = asked.by(
                    partial(refused, READS[call], client, key, policy, replica)
                )
                assert nodes == [owners_of(client, key)[0]]


def test_policy_without_racks_asks_nothing_about_them(racks, connect, caplog):
    """Nor does a client that knows racks and prefers none read them from each node."""
    with caplog.at_level(logging.DEBUG, "aerospike_devserver.request_log"):
        connect(rack_aware=False, rack_id=8, tend_interval=250)
        assert "rebalance" not in caplog.text
        connect(rack_aware=True, rack_id=8, tend_interval=250)
        assert "rebalance-generation, rack-ids" in caplog.text


def test_racks_that_change_are_read_again(racks, asked, connect):
    client = connect(rack_aware=True, rack_id=8, tend_interval=250)

    def reads_from(node: int) -> bool:
        policy = {"replica": PREFER_RACK}
        return asked.by(lambda: client.exists(KEYS[0], policy)) == [node]

    assert reads_from(1)
    racks.set_racks([8, 7, 9])
    try:
        until(lambda: reads_from(0))
    finally:
        racks.set_racks(RACKS)
    until(lambda: reads_from(1))


def test_racks_differ_by_namespace(make_client):
    """A node may be near in one and far in another."""
    with DevCluster(
        nodes=2, replication_factor=2, racks={"test": [1, 2], "bar": [2, 1]}
    ) as cluster:
        client = make_client(hosts=cluster.hosts, rack_aware=True, rack_id=2)
        log = logging.getLogger("aerospike_devserver.request_log")
        handler = Asked(cluster)
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        try:
            keys = [(ns, "s", i) for ns in ("test", "bar") for i in range(9)]
            policy = {"replica": PREFER_RACK}
            for key in keys:
                nodes = handler.by(partial(client.exists, key, policy))
                assert nodes == [1 if key[0] == "test" else 0]
            both = handler.by(lambda: client.batch_read(keys, policy=policy))
            assert sorted(both) == [0, 1]
        finally:
            log.removeHandler(handler)
            log.setLevel(logging.NOTSET)


def test_server_without_racks_is_used_as_it_is(cluster, make_client):
    """A Community server: PREFER_RACK acts as SEQUENCE, and nothing fails."""
    client = make_client(hosts=cluster.hosts, rack_aware=True, rack_ids=[1, 2])
    for key in KEYS:
        client.put(key, {"n": 1})
        assert client.get(key, {"replica": PREFER_RACK})[2] == {"n": 1}
    assert len(client.get_node_names()) == 3


def test_node_of_the_own_rack_is_lost(racks, asked, connect):
    """Its reads go on, from another rack."""
    client = connect(rack_aware=True, rack_ids=[8, 9], tend_interval=250)
    policy = {"replica": PREFER_RACK}
    for key in KEYS:
        client.put(key, {"n": 1})
    racks.stop_node(1)
    try:
        for key in KEYS:
            nodes = asked.by(partial(client.get, key, policy))
            assert set(nodes) <= {0, 2}
            assert nodes[-1] == 2
        rows = client.batch_read(KEYS, policy=policy).batch_records
        assert {row.result for row in rows} == {0}
        assert len(client.query("test", "copies").results(policy)) == len(KEYS)
    finally:
        racks.start_node(1)


def test_racks_are_shared_through_shared_memory(racks, asked, connect):
    """The second client reads there what the first one has found."""
    shm = {"shm_key": 0x0AC50000 | os.getpid() & 0xFFFF}
    clients = [connect(rack_aware=True, rack_id=rack_id, shm=shm) for rack_id in (8, 9)]
    for node, client in enumerate(clients, 1):
        for key in KEYS:
            call = partial(client.exists, key, {"replica": PREFER_RACK})
            assert asked.by(call) == [node]
