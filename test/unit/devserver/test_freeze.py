"""Nodes that freeze: nothing is read or answered, and what was held is done later."""

import select

import pytest

from aerospike_devserver import DevCluster
from aerospike_devserver.codec.message import encode_last
from aerospike_devserver.config import ClusterConfig, NamespaceConfig
from aerospike_devserver.storage.state import ClusterState, Task

from ...waiting import until
from .querying import ALL
from .rawwire import (
    BLOB,
    INFO,
    MESSAGE,
    OP_INCR,
    PARTITION_DONE,
    READ,
    WRITE,
    Connection,
    RecordClient,
    i64,
    message,
    parse_reply,
    proto,
    put,
    put_int,
)

DIGEST = b"\x07" * 20
ADD_ONE = proto(
    MESSAGE,
    message((0, WRITE, 0), [(0, b"test"), (4, DIGEST)], [(OP_INCR, b"n", 1, i64(1))]),
)


@pytest.fixture
def frozen(cluster):
    """(cluster, connection to node 0, record client on node 1); node 0 is frozen."""
    with Connection(*cluster.hosts[0]) as first, Connection(*cluster.hosts[1]) as other:
        first.info("node")
        cluster.freeze_node(0)
        yield cluster, first, RecordClient(other, DIGEST, None)


def is_silent(connection, other):
    """Whether a node has sent nothing, though it has been given the time to.

    One thread serves all nodes, in turns: an answer of another one proves turns.
    """
    for _ in range(3):
        other.info("node")
    return select.select([connection.sock], [], [], 0) == ([], [], [])


def count(record):
    """The number that ADD_ONE has made; 0 without a record."""
    reply = record.get()
    return int.from_bytes(reply.bins[b"n"][1], "big") if reply.result == 0 else 0


def test_frozen_node_answers_after_thawing(frozen):
    cluster, first, record = frozen
    first.send(ADD_ONE * 2)
    assert is_silent(first, record.connection)
    assert count(record) == 0
    cluster.thaw_node(0)
    for generation in (1, 2):
        kind, body = first.receive_frame()
        assert (kind, parse_reply(body)[:2]) == (MESSAGE, (0, generation))
    assert count(record) == 2


@pytest.mark.parametrize("faults", [[], ["silence"], ["delay", "half_close"]])
def test_request_of_a_client_that_has_gone_is_applied_after_thawing(frozen, faults):
    cluster, first, record = frozen
    for name in faults:
        getattr(cluster.faults, name)(*[0.0] * (name == "delay"), commands="write")
    first.send(ADD_ONE)
    first.sock.close()
    record.connection.info("node")
    assert count(record) == 0
    cluster.thaw_node(0)
    until(lambda: count(record))
    assert count(record) == 1


def test_new_connection_waits_in_the_kernel(frozen):
    cluster, _, record = frozen
    with Connection(*cluster.hosts[0]) as late:
        late.send(proto(INFO, b"node\n"))
        assert is_silent(late, record.connection)
        cluster.thaw_node(0)
        _, body = late.receive_frame()
        assert body.decode() == f"node\t{cluster.node_ids[0]}\n"


def test_others_notice_nothing(frozen):
    cluster, _, record = frozen
    assert len(cluster.hosts) == 3
    ids = record.connection.info("peers-clear-std")[0]
    assert cluster.node_ids[0] in ids


def drain(sock):
    """What the kernel has of a reply."""
    taken = bytearray()
    while select.select([sock], [], [], 0)[0]:
        chunk = sock.recv(1 << 20)
        assert chunk
        taken += chunk
    return bytes(taken)


def query(task):
    """The request for all records of a set."""
    fields = [(0, b"test"), (1, b"demo"), (7, i64(task)), ALL]
    return proto(MESSAGE, message((READ, 0, PARTITION_DONE), fields))


def test_reply_under_way_rests(cluster):
    with Connection(*cluster.hosts[0]) as first, Connection(*cluster.hosts[1]) as other:
        for i in range(60):
            writer = RecordClient(other, bytes([i]) + bytes(19))
            assert writer.write(put(b"b", BLOB, bytes(500_000))).result == 0
        first.send(query(1))
        begin = first.receive(8)
        cluster.freeze_node(0)
        begin += drain(first.sock)
        while not is_silent(first, other):  # the kernel sends the rest of what it has
            begin += drain(first.sock)
        assert not begin.endswith(encode_last(0))
        cluster.thaw_node(0)
        rest = bytearray()
        while not rest.endswith(encode_last(0)):
            rest += first.receive(1)
            rest += drain(first.sock)
        first.send(query(2))
        assert begin + rest == first.receive(len(begin + rest))


def test_background_work_rests():
    started: list[Task] = []
    config = ClusterConfig(1, 0, "127.0.0.1", 1, "8.2", None, [NamespaceConfig("test")])
    (node,) = ClusterState(config, started.append).nodes
    node.spawn(iter([0.0, 1.5, 0.0]))
    (task,) = started
    assert next(task) == 0.0
    node.is_frozen = True
    assert 0 < next(task) == next(task) < 0.1
    node.is_frozen = False
    assert list(task) == [1.5, 0.0]


def test_stopping_a_frozen_node_loses_what_it_has_not_read(frozen):
    cluster, first, record = frozen
    first.send(ADD_ONE)
    cluster.stop_node(0)
    assert first.is_closed()
    cluster.thaw_node(0)
    assert len(cluster.hosts) == 2
    cluster.start_node(0)
    with Connection(*cluster.hosts[0]) as again:
        assert again.info("node") == [cluster.node_ids[0]]
    assert count(record) == 0


def test_node_can_be_frozen_and_thawed_twice(frozen):
    cluster, first, _ = frozen
    cluster.freeze_node(0)
    cluster.thaw_node(0)
    cluster.thaw_node(0)
    assert first.info("node") == [cluster.node_ids[0]]


def test_stopped_node_stays_so(cluster):
    cluster.stop_node(1)
    cluster.freeze_node(1)
    cluster.start_node(1)
    with Connection(*cluster.hosts[1]) as connection:
        assert connection.info("node") == [cluster.node_ids[1]]


def test_cluster_with_a_frozen_node_stops():
    cluster = DevCluster(nodes=2).start()
    with Connection(*cluster.hosts[0]) as connection:
        connection.info("node")
        cluster.freeze_node(0)
        cluster.stop()
        assert connection.is_closed()


def test_write_of_a_frozen_node_is_seen_by_all(frozen):
    cluster, first, record = frozen
    record.write(put_int(b"n", 41))
    first.send(ADD_ONE)
    cluster.thaw_node(0)
    first.receive_frame()
    assert count(record) == 42


def test_thawed_node_takes_in_all_connections_that_wait(frozen):
    """Not one in each turn: what is in them would come ever later."""
    cluster, _, record = frozen
    for _ in range(40):
        with Connection(*cluster.hosts[0]) as gone:
            gone.send(ADD_ONE)
    cluster.thaw_node(0)
    for _ in range(5):  # turns
        assert cluster.hosts
    assert count(record) == 40
