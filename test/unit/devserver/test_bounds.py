"""Requests that are small and ask for much: refused before anything is made of them."""

import os
import re
import resource
import select
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from aerospike_devserver import transport
from aerospike_devserver.handlers.info import info
from aerospike_devserver.handlers.record import operations
from aerospike_devserver.values import values

from ...children import server
from .packing import cdt, pack, particle
from .rawwire import (
    BLOB,
    GET_ALL,
    INFO,
    INT,
    MESSAGE,
    NULL,
    OP_APPEND,
    OP_CDT_MODIFY,
    OP_CDT_READ,
    OP_INCR,
    READ,
    STRING,
    WRITE,
    Connection,
    i64,
    message,
    parse_reply,
    proto,
    put,
    put_int,
)

TOO_BIG, REFUSED, TIMEOUT = 13, 4, 9
FAR = 2**31 - 1
OP_BITS_MODIFY = 13
MIB = 1 << 20


def test_padding_beyond_the_record_limit_is_too_big(record):
    """As the reference server answers it."""
    assert record.operate(cdt(3, 2_000_000, 1)).result == TOO_BIG
    assert record.exists().result == 2


@pytest.mark.parametrize("start", [None, [1, 2]])
@pytest.mark.parametrize(
    "operation",
    [(3, FAR, 1), (4, FAR, [1, 2]), (9, FAR, 1), (12, FAR, 1), (3, FAR, 1, 4)],
    ids=["insert", "insert_items", "set", "increment", "no_fail"],
)
def test_list_is_not_padded_beyond_any_record(own_record, start, operation):
    if start is not None:
        own_record.write(put(b"b", *particle(start)))
    assert own_record.operate(cdt(*operation)).result == TOO_BIG
    assert own_record.exists().result == (2 if start is None else 0)


def test_context_does_not_pad_beyond_any_record(own_record):
    own_record.write(put(b"b", *particle([1])))
    inside = pack([0xFF, [0x10 | 0x80, FAR], [1, 5]])
    reply = own_record.operate((OP_CDT_MODIFY, b"b", BLOB, inside))
    assert reply.result == TOO_BIG


def test_list_is_padded_as_far_as_a_record_goes(own_record):
    assert own_record.operate(cdt(3, 1_000_000, 1)).result == 0
    assert own_record.operate(cdt(3, 2_000_000, 1)).result == TOO_BIG


def resize(size):
    return OP_BITS_MODIFY, b"b", BLOB, pack([0, size])


def test_bin_may_be_larger_than_a_record_between_operations(record):
    half = (OP_APPEND, b"b", STRING, b"x" * (MIB // 2))
    assert record.operate(half, half, half, put(b"b", STRING, b"x")).result == 0
    assert record.operate(half, half, half).result == TOO_BIG
    assert record.operate(put(b"b", NULL, b""), resize(2 * MIB), resize(1)).result == 0


@pytest.mark.parametrize("size", [8 * MIB + 1, (1 << 27) - 1])
def test_bin_does_not_grow_beyond_any_record(own_record, size):
    assert own_record.operate(resize(size), resize(1)).result == TOO_BIG


def test_command_that_takes_too_long_is_given_up(own_record, monkeypatch):
    monkeypatch.setattr(operations, "MAX_CPU_S", -1.0)
    assert own_record.write(put_int(b"n", 1)).result == TIMEOUT
    assert own_record.exists().result == 2


@pytest.mark.parametrize(
    ("flags", "code", "result"),
    [((READ, 1, 0), OP_CDT_MODIFY, TOO_BIG), ((READ, 0, 0), OP_CDT_READ, REFUSED)],
)
def test_huge_argument_is_not_decoded(own_record, flags, code, result):
    own_record.write(put(b"b", *particle([1])))
    items = b"\xdd" + (9 * MIB).to_bytes(4, "big") + bytes(9 * MIB)
    value = b"\x92\x02" + items if code == OP_CDT_MODIFY else b"\x93\x17\x05" + items
    assert own_record.command(flags, (code, b"b", BLOB, value)).result == result


def test_huge_filter_is_not_decoded(own_record):
    own_record.write(put(b"b", STRING, b"x"))
    items = b"\xdd" + (9 * MIB).to_bytes(4, "big") + bytes(9 * MIB)
    reply = own_record.command((READ | GET_ALL, 0, 0), fields=[(43, items)])
    assert reply.result == REFUSED


def test_comparisons_of_a_command_are_counted(own_record, monkeypatch):
    """Items that are to be unique are compared with each other: that is a square."""
    monkeypatch.setattr(values, "MAX_COMPARISONS", 1000)
    few, many = [[n] for n in range(20)], [[n] for n in range(100)]
    assert own_record.operate(cdt(2, few, 0, 1)).result == 0
    assert own_record.operate(cdt(2, many, 0, 1)).result == TIMEOUT
    assert own_record.operate(cdt(16)).ops[0][3] == i64(len(few))


N_TURNS = 200


def add_one(number):
    """A write to one of 256 records, as it is sent."""
    fields = [(0, b"test"), (4, bytes([number]) * 20)]
    return proto(
        MESSAGE, message((0, WRITE, 0), fields, [(OP_INCR, b"n", INT, i64(1))])
    )


@pytest.fixture
def lengthy(monkeypatch):
    """Any request takes longer than a turn."""
    monkeypatch.setattr(transport, "TURN_S", -1.0)


def behind_request(cluster, n, do):
    """Do something when the server has answered so many requests, before the next."""
    loop = cluster._running
    answer, asked = loop.answer, []

    def answer_and_do(*request):
        asked.append(request)
        reply = answer(*request)
        if len(asked) == n:
            do()
        return reply

    loop.answer = answer_and_do


def test_pipelined_requests_leave_others_a_turn(cluster, lengthy):
    """Both find requests of both at once, and each looks how far the other has come."""
    with Connection(*cluster.hosts[0]) as busy, Connection(*cluster.hosts[0]) as other:
        for connection in (busy, other):
            connection.info("node")
        cluster.freeze_node(0)
        for connection in (busy, other):
            connection.send(add_one(0) * N_TURNS)
        cluster.thaw_node(0)
        for connection in (busy, other):
            replies = [
                parse_reply(connection.receive_frame()[1]) for _ in range(N_TURNS)
            ]
            seen = [reply.generation for reply in replies]
            assert seen[-1] - seen[0] > N_TURNS + 10


def test_pipelined_requests_are_answered_in_order_and_before_a_bad_header(
    cluster, lengthy
):
    with Connection(*cluster.hosts[0]) as busy:
        asked = [f"node{number}\n".encode() for number in range(100)]
        frames = b"".join(proto(INFO, line) for line in asked)
        busy.send(frames + proto(9, b""))
        found = [busy.receive_frame()[1].partition(b"\t")[0] for _ in asked]
        assert found == [line.strip() for line in asked]
        assert busy.is_closed()


def test_pipelined_requests_rest_with_their_node(cluster, lengthy):
    with Connection(*cluster.hosts[0]) as busy, Connection(*cluster.hosts[1]) as other:
        behind_request(cluster, 10, lambda: cluster.freeze_node(0))
        busy.send(proto(INFO, b"node\n") * N_TURNS)
        for _ in range(10):
            assert busy.receive_frame()[0] == INFO
        for _ in range(N_TURNS):
            other.info("node")
        assert not select.select([busy.sock], [], [], 0)[0]
        cluster.thaw_node(0)
        for _ in range(N_TURNS - 10):
            assert busy.receive_frame()[0] == INFO


def test_many_info_commands_leave_others_a_turn(cluster, lengthy):
    """They tell what others write meanwhile."""
    command = b"namespace/test\n"
    with Connection(*cluster.hosts[0]) as busy, Connection(*cluster.hosts[0]) as other:
        for connection in (busy, other):
            connection.info("node")
        cluster.freeze_node(0)
        busy.send(proto(INFO, command * 2000))
        other.send(b"".join(map(add_one, range(N_TURNS))))
        cluster.thaw_node(0)
        _, reply = busy.receive_frame()
        assert reply.count(b"\n") == reply.count(command.strip() + b"\t") == 2000
        assert len(set(re.findall(rb";objects=(\d+);", reply))) > 10


def test_info_reply_has_an_end(cluster, monkeypatch):
    monkeypatch.setattr(info, "MAX_REPLY_SIZE", 1000)
    with Connection(*cluster.hosts[0]) as connection:
        replies = connection.info(*["node"] * 200)
    refused = "ERROR:4:too many commands"
    assert set(replies) == {cluster.node_ids[0], refused}
    assert replies[0] == cluster.node_ids[0]
    assert replies[-1] == refused


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
def test_lack_of_descriptors_does_not_keep_the_server_busy():
    """A listening socket stays ready as long as nobody takes the connection."""
    few = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (30, 30))
    with server(few) as (address, pid):
        made = [Connection(*address) for _ in range(60)]
        made[0].info("node")
        before_s = cpu_s(pid)
        time.sleep(0.5)  # in which it would be busy all the time
        used_s = cpu_s(pid) - before_s
        for connection in made[1:]:
            connection.sock.close()
        with Connection(*address) as late:
            assert late.info("node") == made[0].info("node")
        made[0].sock.close()
    assert used_s < 0.2


def cpu_s(pid):
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
