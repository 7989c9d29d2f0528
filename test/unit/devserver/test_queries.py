"""Queries by partition: projections, filters, pages, refusals, streams."""

import os
import struct

import pytest

from aerospike_devserver import DevCluster
from aerospike_devserver.version import BUILDS, DEFAULT_VERSION

from ...waiting import LATE_S, Watch, until
from .packing import Raw, cdt, pack
from .querying import streams
from .rawwire import (
    BLOB,
    GET_NO_BINS,
    INT,
    LAST,
    LIST,
    NULL,
    OP_CDT_READ,
    OP_EXP_READ,
    OP_READ,
    PARTITION_DONE,
    READ,
    RESPOND_ALL,
    WRITE,
    Connection,
    get,
    i64,
    message,
    parse_rows,
    proto,
    put,
    put_int,
)

ALL = (11, struct.pack("<4096H", *range(4096)))
SHORT = 0x04
A_ABOVE_2 = (43, pack([3, [81, 2, Raw(b"\xa1a")], 2]))


@pytest.fixture
def filled(connection):
    """Records with a = 0 ... 4, the first three with a list, odd ones with keys."""
    set_name = b"q%s" % os.urandom(4).hex().encode()
    digests = [bytes([i, i]) + os.urandom(18) for i in range(5)]
    for i, digest in enumerate(digests):
        bins = [put_int(b"a", i)]
        bins += [put(b"l", LIST, pack([1, i]))] if i < 3 else []
        key = [(2, b"\x03k%d" % i)] if i % 2 else []
        fields = [(0, b"test"), (1, set_name), (4, digest), *key]
        connection.command(message((0, WRITE | 2, 0), fields[:3]))
        connection.command(message((0, WRITE, 0), fields, bins))
    yield Filled(connection, set_name, digests)
    for digest in digests:
        connection.command(
            message((0, WRITE | 2, 0), [(0, b"test"), (1, set_name), (4, digest)])
        )


class Filled:
    """A set to query."""

    def __init__(self, connection, set_name, digests):
        self.connection = connection
        self.set_name = set_name
        self.digests = digests

    def rows(self, *fields, ops=(), info=(READ, 0, PARTITION_DONE), set_name=None):
        """The messages of a query's reply, records by digest."""
        own = [(0, b"test"), (1, self.set_name if set_name is None else set_name)]
        task = [] if any(kind == 7 for kind, _ in fields) else [(7, os.urandom(8))]
        body = message(info, [*own, *task, *fields], ops, ttl=0xFFFFFFFF)
        *rows, last = self.connection.stream(body)
        return [*sorted(rows, key=lambda row: row.fields.get(4, b"")), last]

    def found(self, *fields, **options):
        """The values of bin a of the records."""
        *rows, last = self.rows(*fields, **options)
        assert last[1:3] == (LAST, 0)
        return [
            struct.unpack(">q", value)[0]
            for row in rows
            for _, name, kind, value in row.ops
            if name == b"a" and kind == INT
        ]

    def refusal(self, *fields, **options):
        """The result of the only message, which is not the last of a stream."""
        (only,) = self.rows(*fields, **options)
        assert only.info3 == 0
        return only.result


def test_query_gives_whole_records(filled):
    rows = filled.rows(ALL)
    assert len(rows) == 6
    for i, row in enumerate(rows[:5]):
        key = {2: b"\x03k%d" % i} if i % 2 else {}
        assert row.fields == {
            0: b"test",
            1: filled.set_name,
            4: filled.digests[i],
            **key,
        }
        assert row.ops[0] == (OP_READ, b"a", INT, i64(i))
        assert row[:4] == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("ops", "info2", "n_rows"),
    [
        ([get(b"a")], 0, 5),
        ([get(b"l")], 0, 3),
        ([get(b"zz")], 0, 0),
        ([get(b"")], 0, 0),
        ([get(b"zz")], RESPOND_ALL, 5),
        ([cdt(16, name=b"l")], 0, 3),
        ([cdt(16, name=b"a")], 0, 0),
        ([get(b"a"), cdt(16, name=b"a")], 0, 0),
        ([(OP_EXP_READ, b"r", BLOB, pack([[81, 2, Raw(b"\xa1a")], 0]))], 0, 5),
        ([(OP_EXP_READ, b"r", BLOB, pack([[81, 2, Raw(b"\xa1z")], 0]))], 0, 0),
        ([(OP_EXP_READ, b"r", BLOB, pack([[81, 2, Raw(b"\xa1z")], 16]))], 0, 0),
    ],
)
def test_projection_leaves_out_records_without_entries(filled, ops, info2, n_rows):
    rows = filled.rows(ALL, ops=ops, info=(READ, info2, PARTITION_DONE))
    assert len(rows) == n_rows + 1
    assert all(len(row.ops) == len(ops) for row in rows[:-1])


def test_projection_entries_carry_their_op(filled):
    rows = filled.rows(ALL, ops=[cdt(16, name=b"l")])
    assert rows[0].ops == [(OP_CDT_READ, b"l", INT, i64(2))]
    respond = (READ, RESPOND_ALL, PARTITION_DONE)
    assert filled.rows(ALL, ops=[get(b"z")], info=respond)[0].ops == [
        (OP_READ, b"z", NULL, b"")
    ]


@pytest.mark.parametrize("ops", [[], [get(b"a")]])
def test_metadata_only(filled, ops):
    rows = filled.rows(ALL, ops=ops, info=(READ | GET_NO_BINS, 0, PARTITION_DONE))
    assert [(row.info1, row.ops) for row in rows[:-1]] == [(GET_NO_BINS, [])] * 5


def test_bin_names_in_the_old_field(filled):
    assert filled.found(ALL, (40, b"\x01\x01a")) == [0, 1, 2, 3, 4]


def test_filters(filled):
    assert filled.found(ALL, A_ABOVE_2) == [3, 4]
    assert filled.found(ALL, (43, pack([71]))) == [1, 3]


def test_unknown_set_is_empty(filled):
    assert filled.found(ALL, set_name=b"nosuch") == []


def test_max_records(filled):
    assert len(filled.found(ALL, (13, i64(2)))) == 2
    assert len(filled.found(ALL, (13, i64(0)))) == 5


def test_resume_goes_on_behind_a_digest(filled):
    digest = filled.digests[1]
    assert filled.found((12, digest)) == []
    assert filled.found((12, digest[:2] + b"\xff" * 18)) == [1]
    assert filled.found((12, digest[:2] + b"\x00" * 18)) == []
    others = struct.pack("<H", 0)
    assert filled.found((11, others), (12, digest[:2] + b"\xff" * 18)) == [0, 1]


def test_pages_give_each_record_once(own_record):
    connection = own_record.connection
    digests = {b"\x00\x00" + os.urandom(18) for _ in range(25)}
    for digest in digests:
        fields = [(0, b"test"), (1, b"pages"), (4, digest)]
        connection.command(message((0, WRITE, 0), fields, [put_int(b"a", 1)]))
    seen = []
    where = (11, b"\x00\x00")
    while True:
        fields = [(0, b"test"), (1, b"pages"), where, (13, i64(7))]
        *rows, _ = connection.stream(message((READ, 0, PARTITION_DONE), fields))
        seen += [row.fields[4] for row in rows]
        if len(rows) < 7:
            break
        where = (12, seen[-1])
    assert sorted(seen) == sorted(digests)


INTEGERS = b"\x01\x01a\x01" + 2 * (struct.pack(">I", 8) + i64(1))
BACKWARDS = INTEGERS[:4] + b"".join(struct.pack(">I", 8) + i64(n) for n in (3, 1))
DIGEST = b"\x01" * 20


@pytest.mark.parametrize(
    ("fields", "options", "result"),
    [
        ([], {}, 16),
        ([ALL], {"info": (READ, 0, 0)}, 16),
        ([(11, b"")], {}, 4),
        ([(11, b"\x00\x00\x00\x00")], {}, 4),
        ([(11, b"\x00\x10")], {}, 4),
        ([(11, b"\x01\x01"), (12, DIGEST)], {}, 4),
        ([(12, DIGEST[1:])], {}, 4),
        ([ALL, (15, i64(1))], {}, 4),
        ([ALL, (13, b"\x00\x00\x00\x01")], {}, 4),
        ([ALL, (43, b"\xff")], {}, 4),
        ([ALL, (43, b"\x05")], {}, 4),
        ([ALL, (40, b"\x01\x01a")], {"ops": [get(b"a")]}, 4),
        ([ALL, (10, b"\x00\x00\x00\x05")], {"info": (READ | SHORT, 0, 4)}, 4),
        ([ALL], {"ops": [put_int(b"a", 1)]}, 4),
        ([ALL], {"ops": [cdt(1, 1)]}, 4),
        ([ALL], {"ops": [(99, b"a", 0, b"")]}, 4),
        ([ALL], {"ops": [get(b"n" * 16)]}, 4),
        ([(22, INTEGERS)], {}, 16),
        ([ALL, (22, INTEGERS)], {}, 201),
        ([ALL, (22, INTEGERS), (26, b"\x01")], {}, 201),
        ([ALL, (22, b"\x01\x00\x01" + INTEGERS[4:]), (21, b"nosuch")], {}, 201),
        ([ALL, (22, INTEGERS), (21, b"nosuch")], {}, 4),
        ([ALL, (22, b"\x02" + INTEGERS[1:])], {}, 4),
        ([ALL, (22, BACKWARDS)], {}, 4),
        ([ALL, (22, b"\x01")], {}, 4),
        ([(12, DIGEST), (22, INTEGERS)], {}, 4),
        ([(44, b"\x02$.a == 1")], {"info": (READ, 0, 0)}, 16),
    ],
)
def test_query_is_refused(filled, fields, options, result):
    assert filled.refusal(*fields, **options) == result


def test_unknown_namespace_answers_20(connection):
    body = message((READ, 0, PARTITION_DONE), [(0, b"nosuch"), ALL])
    assert [row.result for row in connection.stream(body)] == [20]


def test_task_id_serves_once(filled):
    task = (7, os.urandom(8))
    assert filled.found(ALL, task) == [0, 1, 2, 3, 4]
    assert filled.refusal(ALL, task) == 4
    short = (READ | SHORT, 0, PARTITION_DONE)
    assert filled.found(ALL, task, info=short) == [0, 1, 2, 3, 4]


def test_index_name_alone_is_ignored(filled):
    assert filled.found(ALL, (21, b"nosuch")) == [0, 1, 2, 3, 4]


# Several nodes, long replies


def write_many(connection, count, size=0):
    for i in range(count):
        digest = struct.pack("<H", i % 4096) + struct.pack(">I", i) + bytes(14)
        ops = [put(b"b", BLOB, bytes(size))] if size else [put_int(b"a", i)]
        connection.command(
            message((0, WRITE, 0), [(0, b"test"), (1, b"many"), (4, digest)], ops)
        )


def test_nodes_serve_their_own_partitions():
    with DevCluster(nodes=3, replication_factor=1) as cluster:
        seen = []
        with Connection(*cluster.hosts[0]) as connection:
            write_many(connection, 300)
        for host in cluster.hosts:
            with Connection(*host) as connection:
                body = message((READ, 0, PARTITION_DONE), [(0, b"test"), ALL])
                *rows, last = connection.stream(body)
            refused = [row for row in rows if row.info3 == PARTITION_DONE]
            assert {row.result for row in refused} == {11}
            assert len({row.generation for row in refused}) == len(refused) > 2000
            seen += [row.fields[4] for row in rows if not row.info3]
            assert last[1:3] == (LAST, 0)
    assert len(seen) == len(set(seen)) == 300


def test_scan_goes_on_when_a_node_leaves_in_the_middle():
    """What was refused before can be asked for again, what comes later is given."""
    with DevCluster(nodes=2, replication_factor=1) as cluster:
        with Connection(*cluster.hosts[0]) as connection:
            write_many(connection, 60)
            slow = (10, struct.pack(">I", 12))  # some seconds for its records
            fields = [(0, b"test"), (1, b"many"), ALL, slow]
            body = message((READ, 0, PARTITION_DONE), fields)
            connection.send(proto(3, body))
            rows = parse_rows(connection.receive_frame()[1])
            cluster.stop_node(1)
            while not rows[-1].info3 & LAST:
                rows += parse_rows(connection.receive_frame()[1])
            refused = [row.generation for row in rows if row.info3 == PARTITION_DONE]
            again = (11, struct.pack(f"<{len(refused)}H", *refused))
            fields = [(0, b"test"), (1, b"many"), again]
            rest = connection.stream(message((READ, 0, PARTITION_DONE), fields))
        seen = [row.fields[4] for row in (*rows, *rest) if not row.info3]
        assert 0 < len(refused) < 4096
        assert len(seen) == len(set(seen)) == 60


def test_copies_are_served_too():
    with DevCluster(nodes=2) as cluster, Connection(*cluster.hosts[1]) as connection:
        write_many(connection, 100)
        body = message((READ, 0, PARTITION_DONE), [(0, b"test"), ALL])
        rows = connection.stream(body)
    assert len(rows) == 101


def test_long_reply_waits_for_the_reader():
    with DevCluster() as cluster:
        host = cluster.hosts[0]
        with Connection(*host) as slow, Connection(*host) as other:
            write_many(slow, 300, size=100_000)
            fields = [(0, b"test"), (1, b"many"), ALL]
            query = message((READ, 0, PARTITION_DONE), fields)
            slow.send(struct.pack(">Q", 2 << 56 | 3 << 48 | len(query)) + query)
            (connection,) = until(lambda: streams(cluster))
            for _ in range(50):
                assert other.info("build") == [BUILDS[DEFAULT_VERSION]]
                assert len(connection._pending) < 1_000_000
            n_rows = 0
            while True:
                kind, body = slow.receive_frame()
                assert kind == 3
                assert len(body) < 400_000
                if len(body) == 22:
                    break
                n_rows += body.count(b"\x05\x01many")
            assert n_rows == 300


def test_requests_behind_a_stream_are_answered_in_order(own_record):
    connection = own_record.connection
    write_many(connection, 50, size=20_000)
    fields = [(0, b"test"), (1, b"many"), ALL]
    query = message((READ, 0, PARTITION_DONE), fields)
    get_one = message((READ, 0, 0), [(0, b"test"), (4, bytes(20))], [get(b"a")])
    frames = b"".join(
        struct.pack(">Q", 2 << 56 | 3 << 48 | len(body)) + body
        for body in (get_one, query, get_one)
    )
    connection.send(frames)
    sizes: list[int] = []
    while len(sizes) < 2 or sizes.count(22) < 3:
        sizes.append(len(connection.receive_frame()[1]))
    assert sizes[0] == sizes[-1] == sizes[-2] == 22
    assert sum(sizes) > 1_000_000


def test_records_per_second_slow_a_query_down(own_record):
    connection = own_record.connection
    write_many(connection, 25)
    fields = [(0, b"test"), (1, b"many"), ALL, (10, struct.pack(">I", 10))]
    with Watch() as watch:
        rows = connection.stream(message((READ, 0, PARTITION_DONE), fields))
    assert len(rows) == 26
    assert 1.5 < watch.took < 2.5 + LATE_S


def test_peer_may_hang_up_in_the_middle_of_a_stream(cluster):
    host = cluster.hosts[0]
    with Connection(*host) as leaving:
        write_many(leaving, 100, size=100_000)
        fields = [(0, b"test"), (1, b"many"), ALL]
        body = message((READ, 0, PARTITION_DONE), fields)
        leaving.send(struct.pack(">Q", 2 << 56 | 3 << 48 | len(body)) + body)
        leaving.receive(1000)
    with Connection(*host) as other:
        assert other.info("build") == [BUILDS[DEFAULT_VERSION]]
