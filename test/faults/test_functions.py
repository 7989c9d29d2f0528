"""Calls of functions: what is sent, what a lying reply gives, what is in doubt."""

from __future__ import annotations

import re
import struct
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import Apply, BatchRecords

from .peer import MESSAGE, WRITE, frame, reply
from .test_many import last, query_of

KEY = ("test", "demo", 1)
INTEGER, STRING, LIST, MAP, NULL = 1, 3, 20, 19, 0
MODULE, FUNCTION, ARGUMENTS, OPERATION, FILTER, USER_KEY = 30, 31, 32, 33, 43, 2
SEVEN = reply(0, [(b"SUCCESS", INTEGER, bytes(7) + b"\7")])
UDF = 100


def apply(client: Any, policy: Any = None, args: Any = ()) -> Any:
    return client.apply(KEY, "mod", "fun", args, policy)


# --- what is sent ---


@pytest.fixture
def sent(scripted_node, make_client):
    """sent(args, policy): the request of apply()."""
    scripted_node.default = SEVEN
    client = make_client(hosts=[scripted_node.host])

    def request(args: Any = (), policy: Any = None) -> Any:
        assert apply(client, policy, args) == 7
        return scripted_node.requests[-1]

    return request


def test_the_request_of_a_function(sent):
    request = sent(["a", 1])
    head = (request.info1, request.info2, request.info3, request.info4)
    assert head == (0, 1, 0, 0)
    assert (request.ttl, request.generation, request.ops) == (0, 0, [])
    digest = bytes(aerospike.calc_digest(*KEY))
    of_key = {0: b"test", 1: b"demo", 4: digest}
    named = {MODULE: b"mod", FUNCTION: b"fun", ARGUMENTS: b"\x92\xa2\x03a\x01"}
    assert request.fields == of_key | named


@pytest.mark.parametrize(
    ("args", "packed"),
    [
        ([], b"\x90"),
        ((), b"\x90"),
        ((None, True), b"\x92\xc0\xc3"),
        (["a\0b"], b"\x91\xa4\x03a\0b"),
        (["\U0001f600"], b"\x91\xa5\x03\xf0\x9f\x98\x80"),
        ([b"\0"], b"\x91\xa2\x04\0"),
        ([bytearray(b"\0")], b"\x91\xa2\x04\0"),
        ([2**63 - 1], b"\x91\xcf\x7f" + b"\xff" * 7),
        ([-(2**63)], b"\x91\xd3\x80" + bytes(7)),
        ([1.5], b"\x91\xcb\x3f\xf8" + bytes(6)),
        ([[{"a": 1}]], b"\x91\x91\x81\xa2\x03a\x01"),
    ],
)
def test_arguments_are_sent_whole(sent, args, packed):
    assert sent(args).fields[ARGUMENTS] == packed


FITS = exp.Eq(exp.IntBin("a"), 1).compile()


@pytest.mark.parametrize(
    ("policy", "shows"),
    [
        ({"commit_level": 1}, lambda r: r.info3 == 0x02),
        ({"durable_delete": True}, lambda r: r.info2 == 0x11),
        ({"ttl": 77}, lambda r: r.ttl == 77),
        ({"key": aerospike.POLICY_KEY_SEND}, lambda r: USER_KEY in r.fields),
        ({"expressions": FITS}, lambda r: FILTER in r.fields),
        ({"total_timeout": 4321}, lambda r: r.budget_ms == 4321),
        ({"timeout": 4321}, lambda r: r.budget_ms == 4321),
        ({"on_locking_only": True}, lambda r: r.info4 == 0x10),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_policy_of_apply(scripted_node, make_client, sent, policy, shows):
    assert not shows(sent())
    assert shows(sent(policy=policy))
    if "expressions" not in policy:  # which a client cannot have
        client = make_client(hosts=[scripted_node.host], policies={"apply": policy})
        apply(client)
        assert shows(scripted_node.requests[-1])


def test_background_functions_say_what_they_are(scripted_node, make_client):
    scripted_node.expect().send(last())
    work = query_of(make_client(hosts=[scripted_node.host]))
    work.apply("mod", "fun", [1]).execute_background()
    (request,) = scripted_node.requests
    assert (request.info1, request.info2, request.ops) == (0, 1, [])
    named = {MODULE: b"mod", FUNCTION: b"fun", ARGUMENTS: b"\x91\x01"}
    assert {**request.fields, **named, OPERATION: b"\2"} == request.fields


# --- repeating ---


def test_apply_is_not_repeated_by_itself(scripted_node, make_client):
    scripted_node.expect(WRITE).hang_up()
    with pytest.raises(exception.ConnectionError) as caught:
        apply(make_client(hosts=[scripted_node.host]))
    assert caught.value.in_doubt
    assert (caught.value.key, caught.value.attempts) == (KEY, 1)
    assert len(scripted_node.requests) == 1


def test_apply_is_repeated_when_the_policy_says_so(scripted_node, make_client):
    scripted_node.expect(WRITE).hang_up()
    scripted_node.expect(WRITE).send(SEVEN)
    client = make_client(hosts=[scripted_node.host])
    assert apply(client, {"max_retries": 1}) == 7


@pytest.mark.parametrize("n", range(0, len(SEVEN), 3))
def test_a_reply_that_is_cut_leaves_apply_in_doubt(scripted_node, make_client, n):
    scripted_node.expect(WRITE).send(SEVEN[:n]).hang_up()
    with pytest.raises(exception.AerospikeError) as caught:
        apply(make_client(hosts=[scripted_node.host]))
    assert caught.value.in_doubt


# --- replies that lie ---


def op(name: bytes, particle: int, value: bytes, size: int | None = None) -> bytes:
    """An operation of a reply, whose size may lie."""
    size = 4 + len(name) + len(value) if size is None else size
    return struct.pack(">IBBBB", size, 1, particle, 0, len(name)) + name + value


def answer(*ops: bytes, n_ops: int | None = None, result: int = 0) -> bytes:
    """A reply of these operations, whose number may lie."""
    n_ops = len(ops) if n_ops is None else n_ops
    head = struct.pack(">BBBBBBIIIHH", 22, 0, 0, 0, 0, result, 1, 0, 0, 0, n_ops)
    return frame(MESSAGE, head + b"".join(ops))


GOOD = op(b"SUCCESS", INTEGER, bytes(7) + b"\7")
LIES = {
    "no bin": answer(),
    "both bins": answer(GOOD, op(b"FAILURE", STRING, b"boom")),
    "two values": answer(GOOD, GOOD),
    "failure that succeeds": answer(op(b"FAILURE", STRING, b"boom")),
    "failure of another type": answer(op(b"FAILURE", INTEGER, bytes(8))),
    "another bin": answer(op(b"success", INTEGER, bytes(8))),
    "bin without a name": answer(op(b"", INTEGER, bytes(8))),
    "name that is no UTF-8": answer(op(b"\xff\xfe", INTEGER, bytes(8))),
    "huge size": answer(op(b"SUCCESS", STRING, b"x", 0xFFFFFFFF)),
    "size of 2 GiB": answer(op(b"SUCCESS", STRING, b"x", 0x7FFFFFFF)),
    "size below its head": answer(op(b"SUCCESS", STRING, b"x", 3)),
    "name longer than the bin": answer(struct.pack(">IBBBB", 5, 1, 3, 0, 255) + b"x"),
    "more bins than there are": answer(GOOD, n_ops=65535),
    "list that ends early": answer(op(b"SUCCESS", LIST, b"\x93\x01")),
    "list of 4 billion items": answer(op(b"SUCCESS", LIST, b"\xdd\xff\xff\xff\xff")),
    "map of 4 billion items": answer(op(b"SUCCESS", MAP, b"\xdf\xff\xff\xff\xff")),
    "list in lists": answer(op(b"SUCCESS", LIST, b"\x91" * 100_000)),
    "integer of three bytes": answer(op(b"SUCCESS", INTEGER, b"123")),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_reply_is_an_error_in_doubt(scripted_node, make_client, lie):
    scripted_node.expect(WRITE).send(LIES[lie])
    with pytest.raises(exception.ClientError) as caught:
        apply(make_client(hosts=[scripted_node.host]))
    error = caught.value
    assert (error.code, error.in_doubt, error.args[4]) == (-1, True, True)
    assert error.key == KEY


def test_a_failure_that_succeeds_shows_its_text(scripted_node, make_client):
    scripted_node.expect(WRITE).send(LIES["failure that succeeds"])
    with pytest.raises(exception.ClientError, match="boom"):
        apply(make_client(hosts=[scripted_node.host]))


FAILURES = {
    "text": (op(b"FAILURE", STRING, b"/m.lua:6: boom"), "/m.lua:6: boom"),
    "no text": (b"", ""),
    "empty text": (op(b"FAILURE", STRING, b""), ""),
    "another type": (op(b"FAILURE", INTEGER, bytes(8)), ""),
    "huge size": (op(b"FAILURE", STRING, b"x", 0xFFFFFFFF), ""),
    "no UTF-8": (op(b"FAILURE", STRING, b"\xff boom"), "boom"),
    "long": (op(b"FAILURE", STRING, b"x" * 100_000), "xxx"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_function_that_fails_is_no_doubt(scripted_node, make_client, case):
    data, text = FAILURES[case]
    scripted_node.expect(WRITE).send(answer(*filter(None, [data]), result=UDF))
    with pytest.raises(exception.UDFError) as caught:
        apply(make_client(hosts=[scripted_node.host]))
    error = caught.value
    assert (error.code, error.in_doubt) == (UDF, False)
    assert (error.module, error.func, error.key) == ("mod", "fun", KEY)
    assert text in str(error.msg)
    assert text in error.detail
    assert str(error).count(text or "UDF (100") == 1 or text == "xxx"
    assert len(str(error)) < 3000


# --- rows of batches ---


def row_of(data: bytes, result: int = 0) -> bytes:
    """The row 0 of a batch, which has one operation."""
    head = struct.pack(">BBBBBBIIIHH", 22, 0, 0, 0, 0, result, 1, 0, 0, 0, bool(data))
    return frame(MESSAGE, head + data)


def run_batch(client: Any, how: str) -> Any:
    if how == "batch_apply":
        batch = client.batch_apply([KEY], "mod", "fun", (1,))
    else:
        records: Any = [Apply(KEY, "mod", "fun", [1])]
        batch = client.batch_write(BatchRecords(records))
    (record,) = batch.batch_records
    return record


@pytest.mark.parametrize("how", ["batch_apply", "Apply"])
def test_rows_of_functions(scripted_node, make_client, how):
    client = make_client(hosts=[scripted_node.host])
    scripted_node.expect().send(row_of(GOOD) + last())
    assert run_batch(client, how).record[2] == {"SUCCESS": 7}
    failed = row_of(op(b"FAILURE", STRING, b"/m.lua:6: boom"), UDF)
    scripted_node.expect().send(failed + last())
    record = run_batch(client, how)
    assert (record.result, record.in_doubt, record.record) == (UDF, False, None)
    assert record.message.endswith("/m.lua:6: boom")


@pytest.mark.parametrize("how", ["batch_apply", "Apply"])
@pytest.mark.parametrize("size", [3, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_batch_whose_size_lies_is_in_doubt(scripted_node, make_client, how, size):
    client = make_client(hosts=[scripted_node.host])
    scripted_node.expect().send(row_of(op(b"SUCCESS", STRING, b"x", size)) + last())
    with pytest.raises(exception.ClientError, match="malformed") as caught:
        run_batch(client, how)
    assert (caught.value.code, caught.value.in_doubt) == (-1, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"function not found", "module 'mod' has no function 'fun'"),
        (b"UDF: Execution Error 1", "there may be no module 'mod'"),
        (b"UDF Execution Timeout", "longer than total_timeout"),
    ],
)
def test_texts_of_a_server_are_explained(scripted_node, make_client, text, says):
    failed = answer(op(b"FAILURE", STRING, text), result=UDF)
    scripted_node.expect(WRITE).send(failed)
    with pytest.raises(exception.UDFError, match=says) as caught:
        apply(make_client(hosts=[scripted_node.host]))
    assert text.decode() in str(caught.value)
    client = make_client(hosts=[scripted_node.host])
    for how in ("batch_apply", "Apply"):
        row = row_of(op(b"FAILURE", STRING, text), UDF)
        scripted_node.expect().send(row + last())
        assert re.search(says, run_batch(client, how).message)


def test_a_record_that_is_not_found_may_have_no_bins(scripted_node, make_client):
    scripted_node.expect(WRITE).send(answer(result=2))
    with pytest.raises(exception.RecordNotFound, match="record without bins"):
        apply(make_client(hosts=[scripted_node.host]))
