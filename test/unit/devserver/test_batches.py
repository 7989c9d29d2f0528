"""Batches: rows of all kinds, repeats, results row by row, the ending message."""

import os
import struct

import pytest

from aerospike_devserver import DevCluster
from aerospike_devserver.codec.message import Message
from aerospike_devserver.config import ClusterConfig, NamespaceConfig
from aerospike_devserver.handlers.record import batch
from aerospike_devserver.session import Session
from aerospike_devserver.storage.state import ClusterState, Task

from ...absent import need
from ...waiting import until
from .querying import streams
from .rawwire import (
    BATCH,
    DELETE,
    GET_ALL,
    GET_NO_BINS,
    INT,
    LAST,
    NULL,
    OP_INCR,
    OP_READ,
    OP_WRITE,
    READ,
    RESPOND_ALL,
    STRING,
    WRITE,
    Connection,
    field,
    get,
    i64,
    message,
    operation,
    proto,
    put,
    put_int,
)

NAMESPACE, SET = (0, b"test"), (1, b"demo")
ALL_KEYS, FAILED_ROW = 0x04, 0x08
INFO, GENERATION, TTL, INFO4, REPEAT = 0x02, 0x04, 0x08, 0x10, 0x01
FALSE = (43, b"\xc2")


@pytest.fixture
def digests(connection):
    """Digests of three records in three partitions; a = 0, 1 for the first two."""
    made = [os.urandom(20) for _ in range(3)]
    for number, digest in enumerate(made[:2]):
        fields = [NAMESPACE, SET, (4, digest)]
        connection.command(message((0, WRITE, 0), fields, [put_int(b"a", number)]))
    yield made
    for digest in made:
        connection.command(
            message((0, WRITE | DELETE, 0), [NAMESPACE, SET, (4, digest)])
        )


def row(digest, info, ops=(), index=0, fields=(), generation=0, mask=INFO):
    """A full row; info: info1, info2, info3."""
    fields = [NAMESPACE, SET, *fields]
    parts = [struct.pack(">I20sB", index, digest, mask | GENERATION), bytes(info)]
    parts += [struct.pack(">HHH", generation, len(fields), len(ops))]
    parts += [field(*item) for item in fields] + [operation(op) for op in ops]
    return b"".join(parts)


def repeat(digest, index):
    return struct.pack(">I20sB", index, digest, REPEAT)


def envelope(*rows, flags=ALL_KEYS | FAILED_ROW, count=None, fields=()):
    head = struct.pack(">IB", len(rows) if count is None else count, flags)
    return message((BATCH, 0, 0), [*fields, (41, head + b"".join(rows))])


def answers(connection, *rows, **options):
    """Rows by index; asserts that one message ends the reply with 0."""
    *found, last = connection.stream(envelope(*rows, **options))
    assert last[1:3] == (LAST, 0)
    assert len({each.number for each in found}) == len(found) == len(rows)
    return {each.number: each for each in found}


def test_rows_are_answered_under_their_indexes(connection, digests):
    found = answers(
        connection,
        row(digests[0], (READ | GET_ALL, 0, 0), index=7),
        repeat(digests[1], 5),
        repeat(digests[2], 9),
    )
    assert [found[7].ops, found[5].ops] == [
        [(OP_READ, b"a", INT, i64(0))],
        [(OP_READ, b"a", INT, i64(1))],
    ]
    assert (found[9].result, found[9].ops) == (2, [])


def test_all_kinds_of_rows(connection, digests):
    need("lupa")
    udf = [(30, b"nomod"), (31, b"f"), (32, b"\x90")]
    increment = [(OP_INCR, b"a", INT, i64(5)), get(b"a")]
    found = answers(
        connection,
        row(digests[0], (READ, WRITE | RESPOND_ALL, 0), increment),
        row(digests[1], (READ | GET_NO_BINS, 0, 0), index=1),
        row(digests[2], (0, WRITE, 0), [put_int(b"z", 1)], index=2),
        row(digests[1], (0, WRITE, 0), index=3, fields=udf),
        row(digests[1], (0, WRITE | DELETE, 0), index=4),
        row(digests[1], (0, WRITE | DELETE, 0), index=5),
    )
    assert [found[i].result for i in range(4)] == [0, 0, 0, 100]
    assert {found[4].result, found[5].result} == {0, 2}
    assert found[0].generation == 2
    assert found[0].ops == [
        (OP_INCR, b"a", NULL, b""),
        (OP_READ, b"a", INT, i64(5)),
    ]
    assert found[3].ops == [(OP_READ, b"FAILURE", STRING, b"UDF: Execution Error 1")]


def test_row_without_info_bytes_is_a_read(connection, digests):
    old = struct.pack(">I20sBBHH", 3, digests[1], 0, READ | GET_ALL, 2, 0)
    old += field(*NAMESPACE) + field(*SET)
    assert answers(connection, old)[3].ops == [(OP_READ, b"a", INT, i64(1))]


@pytest.mark.parametrize(
    ("info", "ops", "options", "result"),
    [
        ((READ, 0, 0), [], {}, 4),
        ((0, 0, 0), [get(b"a")], {}, 4),
        ((0, WRITE, 0), [], {}, 4),
        ((READ, 0, 0), [get(b"n" * 16)], {}, 0),
        ((0, WRITE, 0), [put_int(b"n" * 16, 1)], {}, 21),
        ((0, WRITE, 0), [put(b"a", STRING, b""), (OP_INCR, b"a", INT, i64(1))], {}, 12),
        ((0, WRITE | 0x04, 0), [put_int(b"a", 1)], {"generation": 9}, 3),
        ((0, WRITE | 0x20, 0), [put_int(b"a", 1)], {}, 5),
        ((READ | GET_ALL, 0, 0), [], {"fields": [FALSE]}, 27),
        ((READ | GET_ALL, 0, 0), [], {"fields": [(43, b"\xff")]}, 4),
    ],
)
def test_row_has_its_own_result(own_record, digests, info, ops, options, result):
    connection = own_record.connection
    fields = [NAMESPACE, SET, (4, digests[0])]
    connection.command(message((0, WRITE, 0), fields, [put_int(b"a", 0)]))
    good = row(digests[0], (READ | GET_ALL, 0, 0), index=1)
    found = answers(connection, row(digests[0], info, ops, **options), good)
    if ops != [get(b"n" * 16)]:
        assert found[0].result == result
    assert found[1].result == 0


def test_filter_of_a_row_replaces_that_of_the_batch(connection, digests):
    found = answers(
        connection,
        row(digests[0], (READ | GET_ALL, 0, 0)),
        row(digests[1], (READ | GET_ALL, 0, 0), index=1, fields=[(43, b"\xc3")]),
        fields=[FALSE],
    )
    assert [found[0].result, found[1].result] == [27, 0]


@pytest.mark.parametrize(
    "rows",
    [
        lambda d: [],
        lambda d: [repeat(d, 0)],
        lambda d: [row(d, (READ | GET_ALL, 0, 0), fields=[(2, b"\3k")]), repeat(d, 1)],
        lambda d: [row(d, (READ | GET_ALL, 0, 0))[:-1]],
        lambda d: [row(d, (READ, 0, 0)).replace(b"test", b"nons")],
        lambda d: [struct.pack(">I20sB", 0, d, 0)],
        lambda d: [struct.pack(">I20sBBHH", 0, d, 0, READ, 0, 0)],
    ],
)
def test_malformed_batch_ends_with_4(connection, digests, rows):
    (last,) = connection.stream(envelope(*rows(digests[0])))
    assert last[1:3] == (LAST, 4)


def test_batch_with_too_few_rows_or_a_bad_filter_ends_with_4(connection, digests):
    good = row(digests[0], (READ | GET_ALL, 0, 0))
    for body in (envelope(good, count=2), envelope(good, fields=[(43, b"\xff")])):
        assert connection.stream(body)[-1][1:3] == (LAST, 4)


def test_bytes_behind_the_last_row_are_ignored(connection, digests):
    good = row(digests[0], (READ | GET_ALL, 0, 0))
    assert answers(connection, good + b"garbage", count=1)


@pytest.mark.parametrize(("flags", "n_rows"), [(FAILED_ROW, 2), (0, 0)])
def test_first_error_ends_the_batch(connection, digests, flags, n_rows):
    bad = row(digests[0], (0, WRITE, 0), [put_int(b"n" * 16, 1)])
    good = row(digests[1], (READ | GET_ALL, 0, 0), index=1)
    *rows, last = connection.stream(envelope(bad, good, flags=flags))
    assert last[1:3] == (LAST, 21)
    assert len(rows) == n_rows


def test_large_batch_comes_in_several_frames(own_record, digests):
    connection = own_record.connection
    value = bytes(50_000)
    writes = [
        row(os.urandom(20), (READ, WRITE, 0), [put(b"b", 4, value), get(b"b")], index=i)
        for i in range(20)
    ]
    found = answers(connection, *writes)
    assert all(found[i].ops == [(OP_READ, b"b", 4, value)] for i in range(20))


def test_any_node_answers_what_it_is_asked():
    digests = [os.urandom(20) for _ in range(50)]
    with DevCluster(nodes=3) as cluster:
        for host in cluster.hosts:
            with Connection(*host) as connection:
                ops = [(OP_WRITE, b"a", INT, i64(1))]
                rows = [row(digests[0], (0, WRITE, 0), ops)]
                rows += [repeat(digest, i + 1) for i, digest in enumerate(digests[1:])]
                found = answers(connection, *rows)
                assert {each.result for each in found.values()} == {0}


# Large batches


def test_large_batch_lets_others_have_their_turn():
    with DevCluster() as cluster:
        host = cluster.hosts[0]
        with Connection(*host) as busy, Connection(*host) as other:
            digest = os.urandom(20)
            first = row(digest, (0, WRITE, 0), [put_int(b"a", 1)])
            body = envelope(first, *(repeat(digest, i) for i in range(1, 20_000)))

            def answers_in_between():  # unless this thread is asleep meanwhile
                busy.send(proto(3, body))
                seen = [
                    (streams(cluster), other.info("status"), streams(cluster))
                    for _ in range(10)
                ]
                n_rows = 0
                while (answer := busy.receive_frame()[1])[3] != LAST:
                    n_rows += len(answer) // 22
                assert n_rows == 20_000
                return any(before and after for before, _, after in seen)

            until(answers_in_between)


def test_batch_is_carried_out_though_the_peer_hangs_up():
    with DevCluster() as cluster:
        host = cluster.hosts[0]
        digests = [os.urandom(20) for _ in range(3000)]
        with Connection(*host) as leaving:
            first = row(digests[0], (0, WRITE, 0), [put_int(b"a", 1)])
            more = (repeat(digest, i) for i, digest in enumerate(digests[1:], 1))
            leaving.send(proto(3, envelope(first, *more)))
        with Connection(*host) as other:

            def count():
                values = other.info("namespace/test")[0].split(";")
                return int(dict(v.split("=", 1) for v in values)["objects"])

            until(lambda: count() == 3000)
            assert count() == 3000


ONE = put_int(b"a", 1)


class Tasks:
    """A cluster of one node without sockets, whose tasks a test carries out."""

    def __init__(self):
        self.made: list[Task] = []
        namespaces = [NamespaceConfig("test")]
        config = ClusterConfig(1, 0, "127.0.0.1", 1, "8.2", None, namespaces)
        self.state = ClusterState(config, self.made.append)
        (self.node,) = self.state.nodes
        self.node.is_live = True

    def begin(self, first):
        """The frames of a batch of 3000 rows, which are alike except for their keys."""
        more = (repeat(os.urandom(20), i) for i in range(1, 3000))
        session = Session(self.node, "127.0.0.1:1", "127.0.0.1")
        frames = batch.answer(session, Message(envelope(first, *more)))
        assert not isinstance(frames, bytes)
        return frames

    def leave(self, first):
        """The same when the peer has gone after some rows were carried out."""
        frames = self.begin(first)
        for _ in range(5):  # a turn of checks, and some of rows
            assert next(frames) == b""
        frames.close()


def test_reads_of_a_batch_whose_peer_has_gone_are_not_done():
    tasks = Tasks()
    tasks.leave(row(os.urandom(20), (READ | GET_ALL, 0, 0), []))
    assert tasks.made == []


def test_only_so_much_is_done_for_peers_that_have_gone(monkeypatch):
    monkeypatch.setattr(batch, "MAX_LEFT_BEHIND", 200_000)
    tasks = Tasks()
    first = row(os.urandom(20), (0, WRITE, 0), [ONE])
    for n_tasks in (1, 2, 2):  # each has 75,000 bytes
        tasks.leave(first)
        for task in tasks.made:
            next(task)
        assert len(tasks.made) == n_tasks
    for task in tasks.made:
        for _ in task:
            pass
    assert tasks.state.left_behind == 0


def test_rest_of_a_batch_whose_peer_has_gone_is_done_in_turns():
    cluster = Tasks()
    state, tasks = cluster.state, cluster.made
    frames = cluster.begin(row(os.urandom(20), (0, WRITE, 0), [ONE]))
    (namespace,) = state.storage

    def n_records():
        return sum(len(partition) for partition in namespace.partitions)

    while n_records() == 0:  # the rows are checked in turns of their own
        next(frames)
    frames.close()
    (rest,) = tasks
    before = n_records()
    assert before < 500
    for _ in rest:
        assert n_records() - before <= 200
        before = n_records()
    assert n_records() == 3000


def test_batch_on_a_node_that_stops_breaks_off(cluster):
    """What was not carried out is left to the other nodes."""
    digests = [os.urandom(20) for _ in range(5000)]
    large = put(b"b", STRING, b"x" * 2000)
    with Connection(*cluster.hosts[1]) as busy:
        first = row(digests[0], (READ, WRITE, 0), [large, get(b"b")])
        more = (repeat(digest, i) for i, digest in enumerate(digests[1:], 1))
        busy.send(proto(3, envelope(first, *more)))
        assert busy.receive_frame()[1][3] != LAST  # some rows are carried out
        cluster.stop_node(1)
        with pytest.raises((EOFError, ConnectionResetError)):
            receive_until_last(busy)
    with Connection(*cluster.hosts[0]) as other:
        values = dict(
            pair.split("=", 1) for pair in other.info("namespace/test")[0].split(";")
        )
        assert 0 < int(values["objects"]) < 5000
        rest = (repeat(digest, i) for i, digest in enumerate(digests[1:], 1))
        assert len(answers(other, first, *rest)) == 5000
        cluster.start_node(1)
    with Connection(*cluster.hosts[1]) as back:
        rest = (repeat(digest, i) for i, digest in enumerate(digests[1:], 1))
        read = row(digests[0], (READ, 0, 0), [get(b"b")])
        found = answers(back, read, *rest)
        assert {each.result for each in found.values()} == {0}


def receive_until_last(connection):
    """Take the frames of a reply."""
    while connection.receive_frame()[1][3] != LAST:
        pass
