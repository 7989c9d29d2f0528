"""Writes that may have been applied say so, whatever becomes of their replies."""

from __future__ import annotations

import os
import signal
import struct
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.batch.records import (
    Apply,
    BatchRecords,
    Read,
    Remove,
    Write,
)
from aerospike_helpers.operations import list_operations
from aerospike_helpers.operations import operations as ops

from ..waiting import patient, until
from .peer import MESSAGE, WRITE, HangUp, ScriptedNode, frame, reply
from .test_many import KEYS, halves, last, message, query_of, results, row, split_keys

__all__ = ["halves"]  # a fixture

KEY = ("test", "demo", 1)
NOT_FOUND, TIMEOUT, FILTERED_OUT = 2, 9, 27
NO_NODE = -8
NO_RETRY = {"max_retries": 0}
LIST, STRING = 20, 3

# values whose bytes no decoder can make anything of; their sizes are right
UNREADABLE = {
    "list that ends early": (LIST, b"\x93\x01"),
    "list of reserved items": (LIST, b"\x91\xc1"),
    "integer of three bytes": (1, b"\0\0\1"),
    "float of three bytes": (2, b"\0\0\1"),
}


def doubts(batch):
    return [r.in_doubt for r in batch.batch_records]


def op_of(particle: int, data: bytes) -> bytes:
    """An operation of a reply: bin n with a value."""
    return struct.pack(">IBBBBc", 5 + len(data), 1, particle, 0, 1, b"n") + data


def unreadable_row(index: int, value: tuple[int, bytes]) -> bytes:
    head = (22, 0, 0, 0, 0, 0, 1, 0, index, 0, 1)
    return frame(MESSAGE, struct.pack(">BBBBBBIIIHH", *head) + op_of(*value))


# rows that a node answers with a code


def put_in_doubt(node: ScriptedNode, client: Any, code: int, n_lost: int) -> bool:
    """What put says when it is answered so, after attempts whose replies are lost."""
    for _ in range(n_lost):
        node.expect(WRITE).hang_up()
    node.expect(WRITE).send(reply(code))
    with pytest.raises(exception.AerospikeError) as caught:
        client.put(KEY, {"n": 1}, None, {"max_retries": n_lost})
    assert caught.value.code == code
    return caught.value.in_doubt


def row_in_doubt(node: ScriptedNode, client: Any, code: int, n_lost: int) -> bool:
    """The same of the second row of a batch whose others are well."""
    for _ in range(n_lost):
        node.expect().hang_up()
    node.expect().send(row(0) + row(1, code) + row(2) + last())
    records = [Write(key, [ops.write("n", 1)]) for key in KEYS[:3]]
    client.batch_write(BatchRecords(records), {"max_retries": n_lost})
    assert [r.result for r in records] == [0, code, 0]
    assert [r.in_doubt for r in (records[0], records[2])] == [False, False]
    return records[1].in_doubt


@pytest.mark.parametrize("n_lost", [0, 1])
def test_row_is_in_doubt_when_put_is(scripted_node, make_client, n_lost):
    client = make_client(hosts=[scripted_node.host], max_error_rate=0)
    differ = {}
    for code in set(range(1, 256)) - {80}:  # 80 ends a reply: see below
        of_put = put_in_doubt(scripted_node, client, code, n_lost)
        assert of_put is (n_lost > 0 or code == TIMEOUT)
        if row_in_doubt(scripted_node, client, code, n_lost) is not of_put:
            differ[code] = of_put
    assert differ == {}


@pytest.mark.parametrize("n_lost", [0, 1])
@pytest.mark.parametrize(
    ("code", "whole"), [(80, True), (150, True), (151, True), (152, True), (4, False)]
)
def test_batch_that_is_refused_as_a_whole(
    scripted_node, make_client, code, whole, n_lost
):
    """4 may come after rows were carried out; the others come before any is."""
    for _ in range(n_lost):
        scripted_node.expect().hang_up()
    scripted_node.expect().send(last(code))
    client = make_client(hosts=[scripted_node.host])
    records = [Write(KEYS[0], [ops.write("n", 1)]), Read(KEYS[1], None)]
    with pytest.raises(exception.AerospikeError) as caught:
        client.batch_write(BatchRecords(records), {"max_retries": n_lost})
    doubt = not whole or n_lost > 0
    assert (caught.value.code, caught.value.in_doubt) == (code, doubt)
    assert caught.value.args[4] is doubt
    assert [(r.result, r.in_doubt) for r in records] == [(-15, doubt), (-15, False)]


def test_rows_behind_a_lost_login_are_in_doubt(scripted_node, make_client):
    scripted_node.expect().send(row(0) + row(1, 80))
    client = make_client(hosts=[scripted_node.host])
    batch = client.batch_operate(KEYS[:3], [ops.write("n", 1)], NO_RETRY)
    assert results(batch) == [0, -15, -15]
    assert doubts(batch) == [False, True, True]


@pytest.mark.parametrize("code", [NOT_FOUND, FILTERED_OUT])
def test_removal_repeated_and_not_found_is_in_doubt(scripted_node, make_client, code):
    """The first request, whose reply was lost, may be the one that removed it."""
    scripted_node.expect().hang_up()
    scripted_node.expect().send(row(0, code) + last())
    client = make_client(hosts=[scripted_node.host])
    batch = client.batch_remove(KEYS[:1], {"max_retries": 1})
    assert (batch.result, results(batch), doubts(batch)) == (0, [code], [True])


# the exception of a batch of which nothing was answered


def test_batch_error_is_in_doubt_when_any_row_is(halves, make_client):
    """One node cannot be reached, which is told; the other may have written."""
    first, second = halves
    client = make_client(hosts=[first.host, second.host], tend_interval=60_000)
    even, odd = split_keys(1)
    second.stop_listening()
    second.hang_up_all()
    first.expect().stay_silent()
    policy = {**NO_RETRY, "total_timeout": 200}
    with pytest.raises(exception.AerospikeError) as caught:
        client.batch_operate(even + odd, [ops.write("n", 1)], policy)
    assert (caught.value.code, caught.value.in_doubt) == (-10, True)


@pytest.mark.parametrize("is_sent", [True, False])
def test_batch_with_rows_that_no_node_takes(halves, make_client, is_sent):
    """Such rows are never sent. Doubt comes from those that another node has got."""
    first, second = halves
    client = make_client(hosts=[first.host, second.host], tend_interval=250)
    sent, lost = split_keys(1)
    lost_alone = BatchRecords([Write(key, [ops.write("n", 1)]) for key in lost])
    second.stop()

    def is_without_node() -> bool:
        with pytest.raises(exception.AerospikeError) as caught:
            client.batch_write(lost_alone, NO_RETRY)
        assert not caught.value.in_doubt
        return caught.value.code == NO_NODE

    until(is_without_node)
    if is_sent:
        first.expect().stay_silent()
    policy = {**NO_RETRY, "total_timeout": 200}
    keys = lost + sent if is_sent else lost
    with pytest.raises(exception.InvalidNodeError) as caught:
        client.batch_operate(keys, [ops.write("n", 1)], policy)
    assert (caught.value.code, caught.value.in_doubt) == (NO_NODE, is_sent)
    rows = BatchRecords([Write(key, [ops.write("n", 1)]) for key in keys])
    if is_sent:
        first.expect().stay_silent()
    with pytest.raises(exception.InvalidNodeError):
        client.batch_write(rows, policy)
    assert {(r.result, r.in_doubt) for r in rows.batch_records[: len(lost)]} == {
        (NO_NODE, False)
    }
    assert {(r.result, r.in_doubt) for r in rows.batch_records[len(lost) :]} <= {
        (TIMEOUT, True)
    }


# replies that cannot be read


def after_result_0(call):
    """(error, request) of a call whose reply has result 0 and an unreadable value."""
    with ScriptedNode() as node:
        client = aerospike.client(patient({"hosts": [node.host]}))
        found = []
        try:
            for value in UNREADABLE.values():
                body = struct.pack(
                    ">BBBBBBIIIHH", 22, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1
                ) + op_of(*value)
                node.expect().send(frame(MESSAGE, body))
                with pytest.raises(exception.AerospikeError) as caught:
                    call(client)
                found.append(caught.value)
        finally:
            client.close()
    return found


APPEND = list_operations.list_append("n", 1)
GET = list_operations.list_get("n", 0)

OPERATIONS: dict[str, Any] = {
    "operate": lambda c: c.operate(KEY, [APPEND]),
    "operate that also reads": lambda c: c.operate(KEY, [APPEND, GET]),
    "operate_ordered": lambda c: c.operate_ordered(KEY, [APPEND, GET]),
    "list_append": lambda c: c.list_append(KEY, "n", 1),
    "map_put": lambda c: c.map_put(KEY, "n", 1, 1),
    "list_pop": lambda c: c.list_pop(KEY, "n", 0),
}


@pytest.mark.parametrize("call", OPERATIONS)
def test_write_whose_reply_cannot_be_read_is_in_doubt(call):
    for error in after_result_0(OPERATIONS[call]):
        assert (error.code, error.in_doubt, error.args[4]) == (-1, True, True)
        assert len(error.args) == 5


READS: dict[str, Any] = {
    "get": lambda c: c.get(KEY),
    "select": lambda c: c.select(KEY, ["n"]),
    "operate": lambda c: c.operate(KEY, [GET]),
    "list_get": lambda c: c.list_get(KEY, "n", 0),
}


@pytest.mark.parametrize("call", READS)
def test_read_whose_reply_cannot_be_read_is_not_in_doubt(call):
    for error in after_result_0(READS[call]):
        assert (error.code, error.in_doubt, error.args[4]) == (-1, False, False)


def test_result_of_what_is_no_message_is_no_answer(scripted_node, make_client):
    """A code among random bytes says nothing of what was applied."""
    scripted_node.expect(WRITE).send(frame(MESSAGE, bytes([0xAB] * 22)))
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.ClientError, match="malformed reply") as caught:
        client.put(KEY, {"n": 1}, None, NO_RETRY)
    assert caught.value.in_doubt


def test_older_batch_calls_raise_for_an_unreadable_row(scripted_node, make_client):
    value = UNREADABLE["list that ends early"]
    scripted_node.expect().send(unreadable_row(0, value) + row(1) + last())
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.ClientError, match="malformed") as caught:
        client.get_many(KEYS[:2])
    assert caught.value.in_doubt is False


BATCHES: dict[str, Any] = {
    "batch_read": lambda c, p: c.batch_read(KEYS, None, p),
    "batch_operate": lambda c, p: c.batch_operate(KEYS, [APPEND, GET], p),
    "batch_apply": lambda c, p: c.batch_apply(KEYS, "m", "f", [], p),
    "batch_remove": lambda c, p: c.batch_remove(KEYS, p),
    "batch_write": lambda c, p: c.batch_write(
        BatchRecords([Write(key, [APPEND, GET]) for key in KEYS]), p
    ),
}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("call", BATCHES)
def test_unreadable_row_fails_alone(scripted_node, make_client, call, value):
    rows = [row(i) for i in range(5)]
    rows[2] = unreadable_row(2, value)
    scripted_node.expect().send(b"".join(rows) + last())
    client = make_client(hosts=[scripted_node.host])
    batch = BATCHES[call](client, NO_RETRY)
    assert (batch.result, results(batch)) == (-16, [0, 0, -1, 0, 0])
    writes = call != "batch_read"
    assert doubts(batch) == [False, False, writes, False, False]
    failed = batch.batch_records[2]
    assert failed.record is None
    assert "malformed" in failed.message
    assert "A1" in failed.message
    assert all(r.record for r in batch.batch_records if r is not failed)


def test_unreadable_row_of_a_read_among_writes_is_not_in_doubt(
    scripted_node, make_client
):
    value = UNREADABLE["list that ends early"]
    scripted_node.expect().send(
        unreadable_row(0, value) + unreadable_row(1, value) + row(2) + row(3) + last()
    )
    client = make_client(hosts=[scripted_node.host])
    records = [
        Read(KEYS[0], None),
        Write(KEYS[1], [APPEND]),
        Apply(KEYS[2], "m", "f", []),
        Remove(KEYS[3]),
    ]
    batch = client.batch_write(BatchRecords(records), NO_RETRY)
    assert results(batch) == [-1, -1, 0, 0]
    assert doubts(batch) == [False, True, False, False]


@pytest.mark.parametrize("codes", [(TIMEOUT, 0), (0, TIMEOUT), (0, NOT_FOUND)])
def test_record_listed_twice_has_its_last_outcome_alone(
    scripted_node, make_client, codes
):
    """A success has no message and no doubt, a failure no record, of the one before."""
    first, second = codes
    scripted_node.expect().send(row(0, first) + row(1, second) + last())
    client = make_client(hosts=[scripted_node.host])
    write = Write(KEYS[0], [APPEND])
    batch = client.batch_write(BatchRecords([write, write]), NO_RETRY)
    assert (write.result, write.in_doubt) == (second, second == TIMEOUT)
    assert (write.message is None, write.record is None) == {
        0: (True, False),
        NOT_FOUND: (True, True),
        TIMEOUT: (False, True),
    }[second]
    assert batch.result == (-16 if TIMEOUT in codes else 0)


def test_only_row_of_a_batch_unreadable(scripted_node, make_client):
    value = UNREADABLE["integer of three bytes"]
    scripted_node.expect().send(unreadable_row(0, value) + last())
    client = make_client(hosts=[scripted_node.host])
    batch = client.batch_operate(KEYS[:1], [APPEND], NO_RETRY)
    assert (batch.result, results(batch), doubts(batch)) == (-16, [-1], [True])


BROKEN_FRAMES = {
    "garbage": b"\xff" * 40,
    "message cut short": frame(MESSAGE, message(index=2, value=2)[:-1]),
    "wrong type": frame(1, b"node\tA1\n"),
    "row that was not asked for": row(7),
    "row twice": row(0),
    "early end": last(),
}


@pytest.mark.parametrize("data", BROKEN_FRAMES.values(), ids=BROKEN_FRAMES)
def test_broken_frame_leaves_the_unread_rows_in_doubt(scripted_node, make_client, data):
    scripted_node.expect().send(row(0) + row(1) + data)
    client = make_client(hosts=[scripted_node.host])
    batch = client.batch_operate(KEYS, [APPEND], {**NO_RETRY, "total_timeout": 5000})
    assert results(batch) == [0, 0, -1, -1, -1]
    assert doubts(batch) == [False, False, True, True, True]


# background work


def test_background_work_that_one_node_refuses_is_in_doubt(scripted_pair, make_client):
    """The other node works on it already."""
    first, other = scripted_pair
    for accepts, refuses in ((first, other), (other, first)):
        accepts.expect().send(last())
        refuses.expect().send(last(4))
        client = make_client(hosts=[first.host])
        work = query_of(client).add_ops([ops.write("n", 1)])
        with pytest.raises(exception.InvalidRequest) as caught:
            work.execute_background()
        assert caught.value.in_doubt
        assert caught.value.args[4] is True


def test_background_work_that_all_refuse_is_not_in_doubt(scripted_pair, make_client):
    first, other = scripted_pair
    first.expect().send(last(4))
    other.expect().send(last(22))
    client = make_client(hosts=[first.host])
    work = query_of(client).add_ops([ops.write("n", 1)])
    with pytest.raises(exception.ServerError) as caught:
        work.execute_background()
    assert caught.value.in_doubt is False


# info commands


CHANGES: dict[str, Any] = {
    "truncate": lambda c: c.truncate("test", "demo", 0),
    "truncate a namespace": lambda c: c.truncate("test", None, 0),
    "index_integer_create": lambda c: c.index_integer_create("test", "demo", "n", "i"),
    "index_remove": lambda c: c.index_remove("test", "i"),
    "info_all": lambda c: c.info_all("set-config:context=service;proto-fd-max=9"),
    "info_random_node": lambda c: c.info_random_node("node\nrecluster:"),
    "info": lambda c: c.info("truncate:namespace=test;set=demo"),
}


def hangs_up_on(*names):
    """Breaks the connection when a command so named comes."""

    def act(kind, body):
        if kind == 1 and any(name in body for name in names):
            raise HangUp

    return act


@pytest.mark.parametrize("call", CHANGES)
def test_command_that_changes_something_is_in_doubt(scripted_node, make_client, call):
    client = make_client(hosts=[scripted_node.host])
    scripted_node.on_frame = hangs_up_on(b"truncate", b"sindex-", b"config", b"recl")
    with pytest.raises(exception.ConnectionError) as caught:
        CHANGES[call](client)
    assert caught.value.in_doubt


def test_command_that_changes_nothing_is_not_in_doubt(scripted_node, make_client):
    client = make_client(hosts=[scripted_node.host])
    scripted_node.on_frame = hangs_up_on(b"sindex-stat", b"statistics", b"get-config")
    for command in ("statistics", "sindex-stat:", "get-config:context=service\n"):
        with pytest.raises(exception.ConnectionError) as caught:
            client.info_random_node(command)
        assert caught.value.in_doubt is False


def test_change_that_one_node_has_taken_is_in_doubt(scripted_pair, make_client):
    """The next node cannot be reached, so that nothing is sent to it."""
    first, other = scripted_pair
    client = make_client(hosts=[first.host], tend_interval=60_000)
    for node in scripted_pair:
        node.info["recluster:"] = "ok"
    other.stop_listening()
    other.hang_up_all()
    with pytest.raises(exception.ConnectionError) as caught:
        client.info_all("recluster:")
    asked_before = "recluster:" in first.info_requests
    assert caught.value.in_doubt is asked_before


def test_result_of_a_batch_that_raises_tells_that_it_failed(scripted_node, make_client):
    client = make_client(hosts=[scripted_node.host])
    batch = BatchRecords([Write(KEYS[0], [APPEND])])
    assert batch.result == 0
    for _ in range(2):
        scripted_node.expect().hang_up()
        with pytest.raises(exception.ConnectionError):
            client.batch_write(batch, NO_RETRY)
        assert batch.result == -16
        scripted_node.expect().send(row(0) + last())
        assert client.batch_write(batch, NO_RETRY).result == 0


class Deadline(Exception):
    pass


def end_late(_number: int, _frame: Any) -> None:
    raise Deadline


def test_rows_that_a_signal_keeps_from_leaving_are_not_in_doubt(halves, make_client):
    """One node is asked after the other, and the first says nothing."""
    hosts = [node.host for node in halves]
    client = make_client(hosts=hosts, tend_interval=60_000, thread_pool_size=1)
    batch = BatchRecords([Write(keys[0], [APPEND]) for keys in split_keys(1)])
    step = halves[0].expect()
    step.do(lambda *_: os.kill(os.getpid(), signal.SIGALRM)).stay_silent()
    before = signal.signal(signal.SIGALRM, end_late)
    try:
        with pytest.raises(Deadline):
            client.batch_write(batch, {**NO_RETRY, "total_timeout": 0})
    finally:
        signal.signal(signal.SIGALRM, before)
    assert sorted(doubts(batch)) == [False, True]
