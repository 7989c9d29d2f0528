"""Transactions against a scripted node, for both clients: the bytes of each message,
and what becomes of a transaction when a step fails.

The bytes are those that the PyPI client 19.3.0 sends.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
import pickle
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.batch.records import Apply, BatchRecords, Read, Remove, Write
from aerospike_helpers.operations import operations

from ..waiting import PATIENCE_S, PATIENT, join_all, let_pass, patient, until
from .driven import driven
from .monitored import (
    BACK,
    BATCH,
    CLOSE,
    DEADLINE,
    FORWARD,
    GET,
    MARK,
    PUT,
    REGISTER,
    VERIFY,
    VERSION,
    MonitoredNode,
    answer,
    field,
    hangs_up,
    is_silent,
    rows_of,
    says,
)
from .peer import OK_REPLY, reply

OPEN, VERIFIED = aerospike.TXN_STATE_OPEN, aerospike.TXN_STATE_VERIFIED
COMMITTED, ABORTED = aerospike.TXN_STATE_COMMITTED, aerospike.TXN_STATE_ABORTED
COMMIT_FAILED = aerospike.TXN_STATE_COMMIT_FAILED
ALL_STEPS = [GET, REGISTER, PUT, VERIFY, MARK, FORWARD, CLOSE]

BLOB = 4
QUICK = {"total_timeout": 3000, "socket_timeout": 1000, "max_retries": 0}


def key(number: int) -> tuple[str, str, int]:
    return ("test", "s", number)


@pytest.fixture
def node() -> Iterator[MonitoredNode]:
    with MonitoredNode() as made:
        yield made


@pytest.fixture
def config(node) -> dict[str, Any]:
    sections = ["read", "write", "operate", "remove", "apply", "batch"]
    sections += ["batch_parent_write", "txn_verify", "txn_roll"]
    return patient({"hosts": [node.host], "policies": dict.fromkeys(sections, QUICK)})


@pytest.fixture(params=[aerospike.client, driven], ids=["blocking", "awaited"])
def client(request, config) -> Iterator[Any]:
    with request.param(config) as made:
        yield made


def in_one(node: MonitoredNode, client: Any) -> aerospike.Transaction:
    """A transaction that has read one record and written another."""
    txn = aerospike.Transaction()
    client.get(key(1), {"txn": txn})
    client.put(key(2), {"a": 1}, policy={"txn": txn})
    return txn


# --- messages ---

DIGEST_1 = "a03bfb6c065d213ba0b225696394a260f4bb7cb1"
DIGEST_2 = "73d09c8061be050a5b105d55e898a9b12ba77567"
NAMES = "00000005 00 74657374 00000002 01 73"
A_IS_1 = "0000000d 02 01 00 01 61 0000000000000001"
"""The operation that sets the bin a to 1."""


def hexed(*texts: str) -> bytes:
    return bytes.fromhex("".join(texts))


def head(info: str, ttl: int = 0) -> str:
    """The header of a message up to its counts. A node has as much time as the socket
    timeout says, which is less than the total one.
    """
    return f"16 {info} 00 00000000 {ttl:08x} {1000:08x}"


def monitor_digest(txn: aerospike.Transaction) -> str:
    signed = struct.unpack(">q", struct.pack(">Q", txn.id))[0]
    return aerospike.calc_digest("test", "<ERO~MRT", signed).hex()


def monitor_key(txn: aerospike.Transaction) -> str:
    return (
        "00000005 00 74657374 00000009 01 3c45524f7e4d5254"
        f"00000015 04 {monitor_digest(txn)}"
    )


def id_field(txn: aerospike.Transaction) -> str:
    return "00000009 05" + struct.pack("<Q", txn.id).hex()


def test_messages_of_one_record(node, client):
    txn = aerospike.Transaction()
    txn.timeout = 7
    client.get(key(1), {"txn": txn})
    client.put(key(1), {"a": 1}, policy={"txn": txn})
    client.put(key(2), {"a": 1}, policy={"txn": txn, "key": 1, "on_locking_only": True})
    assert client.commit(txn) == aerospike.COMMIT_OK
    bodies = [request.body for request in node.sent]  # [6]: a batch, see below
    id_op = "0000000e 02 01 00 02 6964" + struct.pack(">Q", txn.id).hex()
    user_key = "0000000a 02 01 0000000000000002"
    key_1 = f"{NAMES} 00000015 04 {DIGEST_1}"
    key_2 = f"{NAMES} 00000015 04 {DIGEST_2}"
    version = "00000008 03 01020304050607"
    deadline = "00000005 06 44332211"
    monitor = monitor_key(txn)
    keys = "00000023 04 04 00 05 6b65796473 94 01 b504"
    number = id_field(txn)
    assert [request.hex() for request in bodies if request is not bodies[6]] == [
        hexed(*texts).hex()
        for texts in [
            (head("03000000"), "0004 0000", key_1, number),
            (head("00010000", 7), "0003 0002", monitor, id_op, keys, DIGEST_1, "01 0d"),
            (head("00010000"), "0006 0001", key_1, number, version, deadline, A_IS_1),
            (head("00010000", 7), "0003 0001", monitor, keys, DIGEST_2, "01 0d"),
            (head("00010010"), "0006 0001", key_2, number, deadline, user_key, A_IS_1),
            (head("00010000"), "0003 0001", monitor, "00000008 02 11 00 03 667764 01"),
            (head("00130000"), "0003 0000", monitor),
        ]
    ]


def test_messages_that_end_a_transaction_of_one_record(node, client):
    txn = aerospike.Transaction()
    client.get(key(1), {"txn": txn})
    client.commit(txn)
    other = aerospike.Transaction()
    client.put(key(1), {"a": 1}, policy={"txn": other})
    client.abort(other)
    key_1 = f"{NAMES} 00000015 04 {DIGEST_1}"
    assert node.sent[1].body == hexed(
        head("21004001"), "0004 0000", key_1, "00000008 03 01020304050607"
    )
    assert node.sent[4].body == hexed(
        head("00110004"), "0004 0000", key_1, id_field(other)
    )
    assert node.steps == [GET, VERIFY, REGISTER, PUT, BACK, CLOSE]


def batch_of(node: MonitoredNode, step: str) -> list[Any]:
    """Mask, bits and fields of the rows of the batch that is a step; a repetition has
    none."""
    request = node.sent[node.steps.index(step)]
    assert (request.info1, request.budget_ms) == (8, 3000)
    assert request.fields[BATCH][4] == 0x0D
    return [
        None if row.repeats else (row.mask, row.info, list(row.fields.items()))
        for row in rows_of(request.fields[BATCH])
    ]


def test_messages_that_end_a_transaction_of_many_records(node, client):
    txn = aerospike.Transaction()
    for number in (1, 2, 3):
        client.get(key(number), {"txn": txn})
    for number in (4, 5):
        client.put(key(number), {"a": 1}, policy={"txn": txn})
    client.commit(txn)
    names = [(0, b"test"), (1, b"s")]
    txn_id = struct.pack("<Q", txn.id)
    of_read = (0x12, (0x21, 0, 0x40, 1), [*names, (3, VERSION)])
    deadline = struct.pack("<I", DEADLINE)
    of_write = (0x12, (0, 0x11, 0, 2), [*names, (5, txn_id), (6, deadline)])
    assert batch_of(node, VERIFY) == [of_read, None, None]
    assert batch_of(node, FORWARD) == [of_write, None]


def test_messages_of_a_batch(node, client):
    txn = aerospike.Transaction()
    client.get(key(1), {"txn": txn})
    ops = [operations.write("a", 1)]
    records = BatchRecords(
        [
            Read(key(1), None, read_all_bins=True),
            Read(key(3), None, read_all_bins=True),
            Read(key(4), None, read_all_bins=True),
            Write(key(2), ops),
            Remove(key(5)),
            Apply(key(6), "m", "f", []),
        ]
    )
    client.batch_write(records, {"txn": txn})
    assert records.result == 0
    assert node.steps == [GET, REGISTER, GET]
    written = "".join(
        f"b504{aerospike.calc_digest('test', 's', number).hex()}"
        for number in (2, 5, 6)
    )
    assert node.sent[1].ops[1] == (4, b"keyds", 4, hexed(f"940293{written}010d"))
    number, deadline = struct.pack("<Q", txn.id), struct.pack("<I", DEADLINE)
    rows = rows_of(node.sent[2].fields[BATCH])
    assert [tuple(row.fields)[:5] for row in rows] == [
        (0, 1, 5, 3),
        (0, 1, 5),
        (0, 1, 5),
        (0, 1, 5, 6),
        (0, 1, 5, 6),
        (0, 1, 5, 6, 30),
    ]
    assert [row.repeats for row in rows] == [False, False, True, False, False, False]
    assert {row.fields[5] for row in rows} == {number}
    assert {row.fields.get(6) for row in rows} == {None, deadline}


COMMANDS: dict[str, Callable[[Any, Any], object]] = {
    "get": lambda client, p: client.get(key(2), p),
    "select": lambda client, p: client.select(key(2), ["a"], p),
    "exists": lambda client, p: client.exists(key(2), p),
    "operate, reads": lambda client, p: client.operate(
        key(2), [operations.read("a")], policy=p
    ),
    "put": lambda client, p: client.put(key(2), {"a": 1}, policy=p),
    "remove": lambda client, p: client.remove(key(2), policy=p),
    "remove_bin": lambda client, p: client.remove_bin(key(2), ["a"], policy=p),
    "touch": lambda client, p: client.touch(key(2), 0, policy=p),
    "append": lambda client, p: client.append(key(2), "a", "b", policy=p),
    "prepend": lambda client, p: client.prepend(key(2), "a", "b", policy=p),
    "increment": lambda client, p: client.increment(key(2), "a", 1, policy=p),
    "operate": lambda client, p: client.operate(
        key(2), [operations.write("a", 1)], policy=p
    ),
    "operate_ordered": lambda client, p: client.operate_ordered(
        key(2), [operations.read("a"), operations.write("a", 1)], policy=p
    ),
    "apply": lambda client, p: client.apply(key(2), "m", "f", [], p),
    "list_append": lambda client, p: client.list_append(key(2), "a", 1, policy=p),
    "batch_read": lambda client, p: client.batch_read([key(2), key(3)], None, p),
    "get_many": lambda client, p: client.get_many([key(2), key(3)], p),
    "batch_operate": lambda client, p: client.batch_operate(
        [key(2), key(3)], [operations.write("a", 1)], p
    ),
    "batch_remove": lambda client, p: client.batch_remove([key(2), key(3)], p),
    "batch_apply": lambda client, p: client.batch_apply([key(2)], "m", "f", [], p),
    "batch_write": lambda client, p: client.batch_write(
        BatchRecords([Write(key(2), [operations.write("a", 1)])]), p
    ),
}
READS = {"get", "select", "exists", "operate, reads", "batch_read", "get_many"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_belongs_to_its_transaction(node, client, name):
    txn = aerospike.Transaction()
    COMMANDS[name](client, {"txn": txn})
    reads = name in READS
    assert node.steps == ([GET] if reads else [REGISTER, PUT])
    request = node.sent[-1]
    fields = [request.fields]
    if BATCH in request.fields:
        fields = [row.fields for row in rows_of(request.fields[BATCH])]
    assert all(each[5] == struct.pack("<Q", txn.id) for each in fields)
    assert all((6 in each) is not reads for each in fields)
    assert client.commit(txn) == aerospike.COMMIT_OK
    ended = [VERIFY] if reads else [MARK, FORWARD, CLOSE]
    assert node.steps[1 if reads else 2 :] == ended


def test_a_key_is_registered_once(node, client):
    txn = aerospike.Transaction()
    for _ in range(3):
        client.put(key(1), {"a": 1}, policy={"txn": txn})
    assert node.steps == [REGISTER, PUT, PUT, PUT]


def test_a_monitor_that_another_command_has_made_is_used(node, client):
    def is_there(node: MonitoredNode, request: Any) -> bytes:
        return answer(request, 127 if request.ops[0][1] == b"id" else 0)

    node.plans[REGISTER] = is_there
    txn = aerospike.Transaction()
    for name in ("put", "batch_operate"):
        COMMANDS[name](client, {"txn": txn})
    assert node.steps == [REGISTER, REGISTER, PUT, REGISTER, PUT]
    assert client.commit(txn) == aerospike.COMMIT_OK


def test_commands_without_a_transaction_have_no_fields_of_one(node, client):
    for name in ("get", "put", "batch_operate"):
        COMMANDS[name](client, {"txn": None})
        COMMANDS[name](client, {})
    assert REGISTER not in node.steps
    assert not any({3, 5, 6} & set(request.fields) for request in node.sent)


# --- versions ---


def test_the_version_of_an_answer_is_sent_and_verified(node, client):
    txn = aerospike.Transaction()
    client.get(key(1), {"txn": txn})
    client.get(key(1), {"txn": txn})
    assert 3 not in node.sent[0].fields
    assert node.sent[1].fields[3] == VERSION


def test_a_record_that_is_not_there_has_a_version_too(node, client):
    node.plans[GET] = lambda _node, request: answer(request, 2, True)
    txn = aerospike.Transaction()
    with pytest.raises(exception.RecordNotFound):
        client.get(key(1), {"txn": txn})
    client.commit(txn)
    assert node.steps == [GET, VERIFY]


def test_a_write_that_was_refused_leaves_a_version_and_no_write(node, client):
    node.plans[PUT] = lambda _node, request: answer(request, 3, True)
    txn = aerospike.Transaction()
    with pytest.raises(exception.RecordGenerationError):
        client.put(key(1), {"a": 1}, policy={"txn": txn})
    client.commit(txn)
    assert node.steps == [REGISTER, PUT, VERIFY, MARK, CLOSE]


def test_what_was_written_is_not_verified(node, client):
    txn = aerospike.Transaction()
    client.get(key(1), {"txn": txn})
    client.put(key(1), {"a": 1}, policy={"txn": txn})
    client.commit(txn)
    assert node.steps == [GET, REGISTER, PUT, MARK, FORWARD, CLOSE]


# --- states ---


def test_attributes_of_a_new_transaction():
    txn = aerospike.Transaction()
    assert (txn.state, txn.in_doubt, txn.timeout) == (OPEN, False, 0)
    assert 0 < txn.id < 1 << 64
    assert aerospike.Transaction().id != txn.id
    txn.timeout = 5
    assert txn.timeout == 5
    for name in ("id", "state", "in_doubt"):
        with pytest.raises(AttributeError):
            setattr(txn, name, 1)
    assert repr(txn) == f"<aerospike.Transaction {txn.id} OPEN>"


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("x", TypeError),
        (1.5, TypeError),
        (-1, OverflowError),
        (1 << 32, ValueError),
        (1 << 70, OverflowError),
    ],
)
def test_numbers_of_a_transaction_are_checked(value, error):
    with pytest.raises(error):
        aerospike.Transaction(value)
    with pytest.raises(error):
        aerospike.Transaction(writes_capacity=value)
    with pytest.raises(error):
        aerospike.Transaction().timeout = value


def test_a_transaction_cannot_be_copied():
    for copied in (copy.copy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot pickle"):
            copied(aerospike.Transaction())


@pytest.mark.parametrize("capacity", [0, 1, 1 << 32 - 1])
def test_capacities_are_hints(node, client, capacity):
    txn = aerospike.Transaction(capacity, capacity)
    for number in range(40):
        client.get(key(number), {"txn": txn})
    client.commit(txn)
    assert len(batch_of(node, VERIFY)) == 40


def test_an_empty_transaction_needs_no_request(node, client):
    txn, other = aerospike.Transaction(), aerospike.Transaction()
    assert client.commit(txn) == aerospike.COMMIT_OK
    assert client.commit(txn) == aerospike.COMMIT_ALREADY_COMMITTED
    with pytest.raises(exception.TransactionAlreadyCommitted):
        client.abort(txn)
    assert client.abort(other) == aerospike.ABORT_OK
    assert client.abort(other) == aerospike.ABORT_ALREADY_ABORTED
    with pytest.raises(exception.TransactionAlreadyAborted):
        client.commit(other)
    assert (txn.state, other.state) == (COMMITTED, ABORTED)
    assert node.steps == []


@pytest.mark.parametrize(
    ("end", "why"), [("commit", "it has been committed"), ("abort", "aborted")]
)
def test_no_command_belongs_to_a_transaction_that_has_ended(node, client, end, why):
    txn = aerospike.Transaction()
    getattr(client, end)(txn)
    for name in ("get", "put", "batch_operate"):
        with pytest.raises(exception.ParamError, match=why):
            COMMANDS[name](client, {"txn": txn})
    assert node.steps == []


def test_a_transaction_has_one_namespace(node, client):
    txn = aerospike.Transaction()
    client.get(key(1), {"txn": txn})
    for call in (
        lambda: client.get(("bar", "s", 1), {"txn": txn}),
        lambda: client.batch_read([key(1), ("bar", "s", 1)], None, {"txn": txn}),
    ):
        with pytest.raises(exception.ParamError, match="orig: test new: bar"):
            call()
    assert node.steps == [GET]


@pytest.mark.parametrize("value", [1, "x", object(), aerospike.Transaction])
def test_only_a_transaction_is_one(node, client, value):
    text = "txn is not of type aerospike.Transaction"
    with pytest.raises(exception.ParamError, match=text):
        client.get(key(1), {"txn": value})
    for end in (client.commit, client.abort):
        with pytest.raises(
            TypeError, match=r"argument 1 must be aerospike\.Transaction"
        ):
            end(value)


@pytest.mark.parametrize("make", ["query", "scan"])
def test_queries_take_no_part(node, client, make):
    made = getattr(client, make)("test", "s")
    with pytest.raises(exception.ParamError, match="take no part in transactions"):
        made.results({"txn": aerospike.Transaction()})


def test_a_transaction_is_no_default(config):
    config["policies"]["read"] = {"txn": aerospike.Transaction()}
    with pytest.raises(exception.ParamError):
        aerospike.client(config)


# --- steps that fail ---

SERVER_ERROR, UNAVAILABLE = 1, 11
ENDED_COMMITTED, ENDED_ABORTED, EXPIRED = 124, 125, 122


@pytest.mark.parametrize(
    ("plan", "state", "in_doubt"),
    [
        (says(SERVER_ERROR), VERIFIED, False),
        (says(EXPIRED), VERIFIED, False),
        (says(ENDED_ABORTED), ABORTED, False),
        (says(9), COMMIT_FAILED, True),
        (hangs_up, COMMIT_FAILED, True),
        (is_silent, COMMIT_FAILED, True),
    ],
    ids=["error", "expired", "aborted", "timeout", "hangs up", "silent"],
)
def test_what_a_failed_mark_leaves(node, client, plan, state, in_doubt):
    txn = in_one(node, client)
    node.plans[MARK] = plan
    with pytest.raises(exception.AerospikeError) as caught:
        client.commit(txn)
    assert (txn.state, txn.in_doubt) == (state, in_doubt)
    assert caught.value.in_doubt is in_doubt
    assert node.steps == [*ALL_STEPS[:5]]


def test_an_abort_by_the_servers_is_known_for_sure(node, config):
    """Although an attempt before got no reply."""
    config["policies"]["txn_roll"] = QUICK | {"max_retries": 1}
    with aerospike.client(config) as client:
        txn = in_one(node, client)
        plans = iter([hangs_up, says(ENDED_ABORTED)])
        node.plans[MARK] = lambda *given: next(plans)(*given)
        with pytest.raises(exception.AerospikeError) as caught:
            client.commit(txn)
        assert (txn.state, txn.in_doubt, caught.value.in_doubt) == (
            ABORTED,
            False,
            False,
        )
        assert caught.value.code == ENDED_ABORTED


def test_a_commit_that_was_marked_before_is_brought_to_its_end(node, client):
    """It may be this client that marked it, in an attempt whose reply was lost."""
    txn = in_one(node, client)
    node.plans[MARK] = says(ENDED_COMMITTED)
    assert client.commit(txn) == aerospike.COMMIT_ALREADY_COMMITTED
    assert (txn.state, txn.in_doubt) == (COMMITTED, False)
    assert node.steps == ALL_STEPS


def test_a_commit_in_doubt_goes_on_where_it_was(node, client):
    txn = in_one(node, client)
    node.plans[MARK] = hangs_up
    with pytest.raises(exception.AerospikeError):
        client.commit(txn)
    with pytest.raises(exception.TransactionFailed, match="call commit"):
        client.abort(txn)
    with pytest.raises(exception.ParamError, match="its commit has failed"):
        client.get(key(1), {"txn": txn})
    node.plans[MARK] = says(SERVER_ERROR)
    with pytest.raises(exception.AerospikeError) as caught:
        client.commit(txn)
    assert caught.value.in_doubt  # the first attempt may have done it
    assert (txn.state, txn.in_doubt) == (COMMIT_FAILED, True)
    del node.plans[MARK], node.steps[:]
    assert client.commit(txn) == aerospike.COMMIT_OK
    assert (txn.state, txn.in_doubt) == (COMMITTED, False)
    assert node.steps == [MARK, FORWARD, CLOSE]


def test_a_verified_transaction_can_be_aborted(node, client):
    txn = in_one(node, client)
    node.plans[MARK] = says(SERVER_ERROR)
    with pytest.raises(exception.AerospikeError):
        client.commit(txn)
    with pytest.raises(exception.ParamError, match="it is being committed"):
        client.get(key(1), {"txn": txn})
    del node.steps[:]
    assert client.abort(txn) == aerospike.ABORT_OK
    assert node.steps == [BACK, CLOSE]


@pytest.mark.parametrize(
    ("plan", "code"),
    [(says(121), -17), (says(UNAVAILABLE), -17), (hangs_up, -10), (is_silent, 9)],
    ids=["changed", "unavailable", "hangs up", "silent"],
)
def test_what_fails_to_verify_is_undone(node, client, plan, code):
    txn = in_one(node, client)
    node.plans[VERIFY] = plan
    with pytest.raises(exception.AerospikeError) as caught:
        client.commit(txn)
    assert caught.value.code == code
    assert not caught.value.in_doubt
    assert "the transaction is aborted" in str(caught.value)
    assert (txn.state, txn.in_doubt) == (ABORTED, False)
    assert node.steps == [*ALL_STEPS[:4], BACK, CLOSE]


def test_rows_that_fail_to_verify_are_counted(node, client):
    txn = aerospike.Transaction()
    client.batch_read([key(1), key(2), key(3)], None, {"txn": txn})
    node.plans[VERIFY] = says(121)
    with pytest.raises(exception.TransactionFailed, match="3 of 3 records"):
        client.commit(txn)


@pytest.mark.parametrize("plan", [says(SERVER_ERROR), hangs_up, is_silent])
def test_a_step_behind_the_mark_is_left_to_the_servers(node, client, plan):
    for step, status in [
        (FORWARD, aerospike.COMMIT_ROLL_FORWARD_ABANDONED),
        (CLOSE, aerospike.COMMIT_CLOSE_ABANDONED),
    ]:
        txn = in_one(node, client)
        node.plans[step] = plan
        assert client.commit(txn) == status
        assert (txn.state, txn.in_doubt) == (COMMITTED, False)
        assert client.commit(txn) == aerospike.COMMIT_ALREADY_COMMITTED
        assert node.steps[-1] == step
        del node.plans[step]


@pytest.mark.parametrize("plan", [says(SERVER_ERROR), hangs_up, is_silent])
def test_an_abort_always_aborts(node, client, plan):
    for step, status in [
        (BACK, aerospike.ABORT_ROLL_BACK_ABANDONED),
        (CLOSE, aerospike.ABORT_CLOSE_ABANDONED),
    ]:
        txn = in_one(node, client)
        node.plans[step] = plan
        assert client.abort(txn) == status
        assert (txn.state, txn.in_doubt) == (ABORTED, False)
        assert node.steps[-1] == step
        del node.plans[step]


def test_a_monitor_that_is_gone_is_closed(node, client):
    node.plans[CLOSE] = says(2)
    assert client.commit(in_one(node, client)) == aerospike.COMMIT_OK


def has_no_deadline(_node: MonitoredNode, _request: Any) -> bytes:
    """As if there were no monitor: the commit would mark none."""
    return OK_REPLY


@pytest.mark.parametrize(
    "plan", [says(SERVER_ERROR), hangs_up, is_silent, has_no_deadline]
)
def test_what_cannot_be_registered_is_not_written(node, client, plan):
    node.plans[REGISTER] = plan
    txn = aerospike.Transaction()
    for name in ("put", "remove", "operate", "batch_operate", "batch_remove"):
        with pytest.raises(
            exception.AerospikeError, match="nothing was written"
        ) as got:
            COMMANDS[name](client, {"txn": txn})
        assert not got.value.in_doubt
    assert set(node.steps) == {REGISTER}
    assert client.commit(txn) == aerospike.COMMIT_OK
    assert set(node.steps) == {REGISTER}


@pytest.mark.parametrize("plan", [hangs_up, is_silent])
@pytest.mark.parametrize("name", ["put", "operate", "batch_operate"])
def test_a_write_in_doubt_keeps_the_monitor(node, client, plan, name):
    node.plans[PUT] = plan
    txn = aerospike.Transaction()
    with pytest.raises(exception.AerospikeError) as caught:
        COMMANDS[name](client, {"txn": txn})
    assert caught.value.in_doubt
    assert client.commit(txn) == aerospike.COMMIT_OK
    assert node.steps == [REGISTER, PUT, MARK, FORWARD]


def test_one_total_timeout_spans_registration_and_write(node, client):
    """No time is left to pause before the second retry. There would be if it began with
    the write."""
    late_ms, limit_ms = 50, 30_000

    def answers_late(_node: MonitoredNode, request: Any) -> bytes:
        let_pass(late_ms / 1000)
        return answer(request)

    node.plans |= {REGISTER: answers_late, PUT: hangs_up}
    policy = {
        "txn": aerospike.Transaction(),
        "total_timeout": limit_ms,
        "max_retries": 9,
        "sleep_between_retries": limit_ms - late_ms // 2,
    }
    with pytest.raises(exception.AerospikeError):
        client.put(key(1), {"a": 1}, policy=policy)
    assert node.steps == [REGISTER, PUT, PUT]


def test_total_timeout_of_a_write_behind_a_registration(node, client):
    node.plans[PUT] = is_silent
    txn = aerospike.Transaction()
    policy = {"txn": txn, "total_timeout": 1000, "socket_timeout": 0}
    with pytest.raises(exception.TimeoutError) as caught:
        client.put(key(1), {"a": 1}, policy=policy)
    assert "total_timeout" in str(caught.value)
    assert caught.value.in_doubt


def test_the_policies_of_the_configuration_hold_for_the_steps(node, config):
    slow = {"total_timeout": 7000, "socket_timeout": 6000}
    config["policies"] |= {"txn_verify": slow, "txn_roll": slow | {"total_timeout": 0}}
    with aerospike.client(config) as client:
        client.commit(in_one(node, client))
    budgets = {s: r.budget_ms for s, r in zip(node.steps, node.sent, strict=True)}
    assert [budgets[step] for step in (VERIFY, MARK, CLOSE)] == [6000, 6000, 6000]


# --- threads, forks, interruptions ---


def test_threads_share_a_transaction(node, config):
    txn = aerospike.Transaction()
    with aerospike.client(config) as client:

        def work(first: int) -> None:
            for number in range(first, first + 25):
                client.get(key(number), {"txn": txn})
                client.put(key(number), {"a": 1}, policy={"txn": txn})

        threads = [threading.Thread(target=work, args=(n * 25,)) for n in range(4)]
        for thread in threads:
            thread.start()
        join_all(threads)
        assert client.commit(txn) == aerospike.COMMIT_OK
    assert len(rows_of(node.sent[node.steps.index(FORWARD)].fields[BATCH])) == 100


@pytest.mark.parametrize("end", ["commit", "abort"])
def test_commands_under_way_are_waited_for(node, config, end):
    go_on, came = threading.Event(), threading.Event()

    def waits(_node: MonitoredNode, request: Any) -> bytes:
        came.set()
        assert go_on.wait(PATIENCE_S)
        return answer(request)

    node.plans[PUT] = waits
    config["policies"] = PATIENT["policies"]
    txn = aerospike.Transaction()
    ended: list[object] = []
    with aerospike.client(config) as client:
        policy = {"txn": txn, "total_timeout": 0, "socket_timeout": 0}
        writer = threading.Thread(
            target=client.put, args=(key(1), {"a": 1}), kwargs={"policy": policy}
        )
        writer.start()
        assert came.wait(PATIENCE_S)
        ender = threading.Thread(target=lambda: ended.append(getattr(client, end)(txn)))
        ender.start()

        def refused() -> bool:
            try:
                client.get(key(2), {"txn": txn})
            except exception.ParamError as error:
                return "aborted" in str(error)
            return False

        until(refused)
        with pytest.raises(exception.ParamError, match="already"):
            client.commit(txn)
        go_on.set()
        join_all([writer, ender])
    assert ended == [0]
    assert node.steps[-3:] == (
        [MARK, FORWARD, CLOSE] if end == "commit" else [PUT, BACK, CLOSE]
    )


@pytest.mark.parametrize("end", ["commit", "abort"])
def test_a_deserializer_may_end_the_transaction_of_its_record(node, config, end):
    """The record has been read by then: nothing needs to be waited for."""
    ended = []

    def deserialize(_value: bytes) -> str:
        ended.append(getattr(client, end)(txn))
        return "read"

    config["serialization"] = (None, deserialize)
    fields = [field(3, VERSION)]
    node.plans[GET] = lambda *_: reply(0, [(b"a", BLOB, b"value")], fields=fields)
    with aerospike.client(config) as client:
        txn = aerospike.Transaction()
        assert client.get(key(1), {"txn": txn})[2] == {"a": "read"}
    assert ended == [0]
    assert node.steps == ([GET, VERIFY] if end == "commit" else [GET])


def test_a_child_process_has_no_part_in_a_transaction(node, config):
    with aerospike.client(config) as client:
        txn = in_one(node, client)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            said = []
            for call in (
                lambda: client.get(key(1), {"txn": txn}),
                lambda: client.commit(txn),
                lambda: client.abort(txn),
            ):
                try:
                    said.append(str(call()))
                except BaseException as error:  # noqa: BLE001 - the child must end
                    said.append("before a fork" if "a fork" in str(error) else "?")
            os.write(writer, ",".join([*said, str(txn.state)]).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as told:
            text = told.read()
        os.waitpid(child, 0)
        assert text == "before a fork,before a fork,before a fork,0"
        assert client.commit(txn) == aerospike.COMMIT_OK


def ends_one(client: Any) -> Callable[[], object]:
    """What commits a transaction that has read and written."""
    txn = aerospike.Transaction()
    client.get(key(1), {"txn": txn})
    client.put(key(2), {"a": 1}, policy={"txn": txn})
    return lambda: client.commit(txn)


def writes_one(client: Any) -> Callable[[], object]:
    """What writes a record in a transaction."""
    txn = aerospike.Transaction()
    return lambda: client.put(key(2), {"a": 1}, policy={"txn": txn})


@pytest.mark.parametrize(
    ("begin", "steps"),
    [(ends_one, [VERIFY, MARK, FORWARD, CLOSE]), (writes_one, [REGISTER, PUT])],
)
def test_a_fork_in_the_middle_leaves_all_to_the_parent(node, config, begin, steps):
    """As in the handler of a signal; the child sends nothing of the transaction."""
    number, children = 0, [1]

    def fork() -> None:
        children.append(os.fork())

    with aerospike.client(config) as client:
        while children:
            call = begin(client)
            node.steps.clear()
            children.clear()
            sys.setprofile(call_number(number, fork))
            try:
                assert call() == 0
            finally:
                sys.setprofile(None)
                if children == [0]:
                    os._exit(0)
            for child in children:
                os.waitpid(child, 0)
            assert node.steps == steps
            number += 1


AT_STEP = {
    VERIFY: (OPEN, False),
    MARK: (COMMIT_FAILED, True),
    FORWARD: (COMMITTED, False),
    CLOSE: (COMMITTED, False),
}


@pytest.mark.parametrize("step", AT_STEP)
def test_a_commit_that_is_cancelled_leaves_the_truth(node, config, step):
    config["policies"] = PATIENT["policies"]

    async def main() -> None:
        async with aerospike.AsyncClient(config) as client:
            txn = aerospike.Transaction()
            await client.get(key(1), {"txn": txn})
            await client.put(key(2), {"a": 1}, policy={"txn": txn})
            node.plans[step] = is_silent
            task = asyncio.ensure_future(client.commit(txn))
            while step not in node.steps:
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert (txn.state, txn.in_doubt) == AT_STEP[step]
            assert aerospike.in_doubt(caught.value) is (step != VERIFY)
            del node.plans[step], node.steps[:]
            status = await client.commit(txn)
            done = step in (FORWARD, CLOSE)
            assert status == (
                aerospike.COMMIT_ALREADY_COMMITTED if done else aerospike.COMMIT_OK
            )
            assert txn.state == COMMITTED

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


@pytest.mark.parametrize("step", AT_STEP)
def test_a_client_that_is_closed_during_a_commit_leaves_the_truth(node, config, step):
    config["policies"] = PATIENT["policies"]

    async def main() -> None:
        client = aerospike.AsyncClient(config)
        await client.connect()
        txn = aerospike.Transaction()
        await client.get(key(1), {"txn": txn})
        await client.put(key(2), {"a": 1}, policy={"txn": txn})
        node.plans[step] = is_silent
        task = asyncio.ensure_future(client.commit(txn))
        while step not in node.steps:
            await asyncio.sleep(0.001)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(client.close(), 0.01)
        with contextlib.suppress(exception.AerospikeError):
            await task
        # what failed to verify is aborted, also when that is because of the client
        truth = AT_STEP | {VERIFY: (ABORTED, False)}
        assert (txn.state, txn.in_doubt) == truth[step]

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


@pytest.mark.parametrize("step", [REGISTER, PUT])
def test_a_write_that_is_cancelled_leaves_the_truth(node, config, step):
    config["policies"] = PATIENT["policies"]

    async def main() -> None:
        async with aerospike.AsyncClient(config) as client:
            for write in ("put", "batch_operate"):
                txn = aerospike.Transaction()
                node.plans[step] = is_silent
                del node.steps[:]
                call = COMMANDS[write](client, {"txn": txn})
                task: Any = asyncio.ensure_future(call)  # type: ignore[call-overload]
                while step not in node.steps:
                    await asyncio.sleep(0.001)
                task.cancel()
                with pytest.raises(asyncio.CancelledError) as caught:
                    await task
                assert aerospike.in_doubt(caught.value) is (step == PUT)
                del node.plans[step], node.steps[:]
                assert await client.commit(txn) == aerospike.COMMIT_OK
                # nobody knows of the write, so that the monitor stays
                assert node.steps == ([MARK, FORWARD] if step == PUT else [])

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


def test_a_commit_that_is_interrupted_is_in_doubt(node, config):
    config["policies"] = PATIENT["policies"]

    def interrupts(node: MonitoredNode, request: Any) -> bytes:
        os.kill(os.getpid(), signal.SIGINT)
        return is_silent(node, request)

    with aerospike.client(config) as client:
        txn = in_one(node, client)
        node.plans[MARK] = interrupts
        with pytest.raises(KeyboardInterrupt):
            client.commit(txn)
        assert (txn.state, txn.in_doubt) == (COMMIT_FAILED, True)
        del node.plans[MARK]
        assert client.commit(txn) == aerospike.COMMIT_OK


class Signalled(BaseException):
    """What the handler of a signal raises."""


def call_number(number: int, then: Callable[[], None]) -> Callable[..., None]:
    """A profile function that does something in one call of all that follow.

    Handlers of signals run there: where a function in Python begins, and where one in C
    has ended.
    """
    left = iter(range(number, -1, -1))

    def profile(_frame: Any, event: str, _arg: Any) -> None:
        if event in ("call", "c_return") and next(left, None) == 0:
            then()

    return profile


@pytest.mark.parametrize("end", ["commit", "abort"])
def test_a_signal_at_any_moment_leaves_the_truth(node, config, end):
    """The error is kept meanwhile, and with it all frames that it came through."""

    def interrupt() -> None:
        raise Signalled

    number, is_interrupted = 0, True
    with aerospike.client(config) as client:
        while is_interrupted:
            txn, is_interrupted = in_one(node, client), False
            node.steps.clear()
            sys.setprofile(call_number(number, interrupt))
            try:
                getattr(client, end)(txn)
            except Signalled:
                is_interrupted = True
                sys.setprofile(None)
                assert txn.in_doubt or (txn.state == COMMITTED) == (MARK in node.steps)
                again = client.abort if txn.state == ABORTED else getattr(client, end)
                again(txn)
            finally:
                sys.setprofile(None)
            assert txn.state == (COMMITTED if end == "commit" else ABORTED)
            number += 1
    assert number > 20


def test_a_call_that_is_closed_unfinished_is_in_doubt(node, config):
    config["policies"] = PATIENT["policies"]

    async def main() -> None:
        async with aerospike.AsyncClient(config) as client:
            txn = aerospike.Transaction()
            await client.put(key(2), {"a": 1}, policy={"txn": txn})
            node.plans[MARK] = is_silent
            call = client.commit(txn)
            call.send(None)
            while MARK not in node.steps:
                await asyncio.sleep(0.001)
            call.close()
            assert (txn.state, txn.in_doubt) == (COMMIT_FAILED, True)

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


def test_a_closed_client_ends_nothing(node, config):
    client = aerospike.client(config)
    txn = in_one(node, client)
    client.close()
    for end in (client.commit, client.abort):
        with pytest.raises(exception.ClusterError):
            end(txn)
    assert txn.state == OPEN
    with aerospike.client(config) as other:
        assert other.commit(txn) == aerospike.COMMIT_OK


def test_memory_that_is_short_ends_nothing_by_half(node, config):
    """Every allocation of the library fails once, in a read, a write, and the end."""
    from aerospike import _core

    with aerospike.client(config) as client:
        client.abort(in_one(node, client))
        for nth in range(1, 60):
            txn = aerospike.Transaction()
            try:
                _core.fail_allocations(nth)
                client.get(key(1), {"txn": txn})
                client.put(key(2), {"a": 1}, policy={"txn": txn})
                client.commit(txn)
            except (MemoryError, exception.AerospikeError):
                pass
            finally:
                _core.fail_allocations(0)
            if txn.state == COMMIT_FAILED:
                assert client.commit(txn) == aerospike.COMMIT_OK
            elif txn.state != COMMITTED:
                client.abort(txn)
            assert txn.state in (COMMITTED, ABORTED)
