"""Batches and queries whose replies break, or whose nodes go, on the way."""

from __future__ import annotations

import base64
import contextlib
import struct
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aerospike
from aerospike import exception, predicates
from aerospike_helpers.batch.records import BatchRecords, Read, Write
from aerospike_helpers.operations import operations as ops

from ..waiting import LATE_S, Watch, join_all, until
from .peer import MESSAGE, N_PARTITIONS, OK_REPLY, ScriptedNode, frame

FIELD_PARTITIONS, FIELD_DIGESTS, FIELD_MAX_RECORDS, FIELD_BATCH = 11, 12, 13, 41
LAST, PARTITION_DONE = 0x01, 0x04
INTEGER = 1
DEVICE_OVERLOAD, INDEX_NOT_FOUND = 18, 201
KEYS = [("test", "demo", i) for i in range(5)]
NO_RETRY = {"max_retries": 0}


def message(
    *,
    info3: int = 0,
    result: int = 0,
    generation: int = 1,
    index: int = 0,
    fields: Iterable[tuple[int, bytes]] = (),
    value: int | None = None,
) -> bytes:
    """A message without a frame; with a value it has a bin n."""
    body = b"".join(
        struct.pack(">IB", len(data) + 1, kind) + data for kind, data in fields
    )
    if value is not None:
        body += struct.pack(">IBBBBcq", 13, 1, INTEGER, 0, 1, b"n", value)
    n_ops = value is not None
    head = (22, 0, 0, info3, 0, result, generation, 0, index, len(list(fields)), n_ops)
    return struct.pack(">BBBBBBIIIHH", *head) + body


def row(index: int, result: int = 0) -> bytes:
    """The frame of a row, whose n is its index when the result is 0."""
    value = index if result == 0 else None
    return frame(MESSAGE, message(index=index, result=result, value=value))


def last(result: int = 0) -> bytes:
    return frame(MESSAGE, message(info3=LAST, result=result))


def rows_of(request: Any) -> list[int]:
    """The numbers of the rows of a batch whose rows are alike."""
    data = request.fields[FIELD_BATCH]
    (n,) = struct.unpack_from(">I", data)
    numbers = [struct.unpack_from(">I", data, 5)[0]]
    for i in range(n - 1):  # rows that repeat the first have 25 bytes
        at = len(data) - 25 * (n - 1 - i)
        numbers.append(struct.unpack_from(">I", data, at)[0])
    return numbers


def results(batch: Any) -> list[int]:
    return [record.result for record in batch.batch_records]


def numbers(batch: Any) -> list[int | None]:
    return [r.record and r.record[2]["n"] for r in batch.batch_records]


WHOLE = b"".join(row(i) for i in range(5)) + last()
ONE_ROW = len(row(0))

# replies to batches


@pytest.mark.parametrize("end", ["hang_up", "reset"])
@pytest.mark.parametrize("n", [0, 1, 7, 8, 30, *range(ONE_ROW - 1, len(WHOLE), 20)])
def test_rows_that_were_read_are_not_asked_for_again(
    scripted_node, make_client, end, n
):
    answered = min(n // ONE_ROW, 5)
    getattr(scripted_node.expect().send(WHOLE[:n]), end)()
    rest = b"".join(row(i) for i in range(answered, 5)) + last()
    if answered < 5:
        scripted_node.expect().send(rest)
    client = make_client(hosts=[scripted_node.host])
    batch = client.batch_read(KEYS, ["n"], {"max_retries": 1})
    if end == "hang_up":  # a reset may take with it what was sent before
        assert numbers(batch) == list(range(5))
        if answered < 5:
            assert rows_of(scripted_node.requests[1]) == list(range(answered, 5))
    else:
        assert all(r.result == 0 for r in batch.batch_records[answered:])


def test_rows_that_were_written_are_kept_and_the_others_in_doubt(
    scripted_node, make_client
):
    scripted_node.expect().send(row(1) + row(3) + row(2)[:20]).hang_up()
    client = make_client(hosts=[scripted_node.host])
    batch = client.batch_operate(KEYS, [ops.increment("n", 1)], {"max_retries": 0})
    assert batch.result == -16
    assert results(batch) == [-10, 0, -10, 0, -10]
    assert [r.in_doubt for r in batch.batch_records] == [True, False] * 2 + [True]
    assert numbers(batch) == [None, 1, None, 3, None]
    assert scripted_node.text in batch.batch_records[0].message


def test_only_rows_that_write_are_in_doubt(scripted_node, make_client):
    scripted_node.expect().hang_up()
    client = make_client(hosts=[scripted_node.host])
    records = [Read(KEYS[0], [ops.read("n")]), Write(KEYS[1], [ops.write("n", 1)])]
    with pytest.raises(exception.ConnectionError) as caught:
        client.batch_write(BatchRecords(records), {"max_retries": 0})
    assert caught.value.in_doubt
    assert [r.in_doubt for r in records] == [False, True]


@pytest.mark.parametrize("n_rows", [1, 3])
def test_silence_within_a_batch_ends_at_the_total_timeout(
    scripted_node, make_client, n_rows
):
    scripted_node.expect().send(WHOLE[: ONE_ROW * n_rows + 10]).stay_silent()
    client = make_client(hosts=[scripted_node.host])
    policy = {"total_timeout": 1000 * int(LATE_S), "max_retries": 9}
    with Watch() as watch:
        batch = client.batch_operate(KEYS, [ops.increment("n", 1)], policy)
    watch.assert_took(LATE_S)
    assert results(batch) == [0] * n_rows + [9] * (5 - n_rows)
    assert [r.in_doubt for r in batch.batch_records] == [r != 0 for r in results(batch)]


CALLS: dict[str, Any] = {
    "batch_read": lambda c, p: c.batch_read(KEYS, None, p),
    "batch_operate": lambda c, p: c.batch_operate(KEYS, [ops.write("n", 1)], p),
    "batch_remove": lambda c, p: c.batch_remove(KEYS, p),
    "batch_apply": lambda c, p: c.batch_apply(KEYS, "m", "f", [], p),
    "batch_write": lambda c, p: c.batch_write(
        BatchRecords([Write(key, [ops.write("n", 1)]) for key in KEYS]), p
    ),
    "get_many": lambda c, p: c.get_many(KEYS, p),
    "exists_many": lambda c, p: c.exists_many(KEYS, p),
    "select_many": lambda c, p: c.select_many(KEYS, ["n"], p),
    "batch_get_ops": lambda c, p: c.batch_get_ops(KEYS, [ops.read("n")], p),
}


@pytest.mark.parametrize("call", CALLS)
def test_total_timeout_is_of_the_whole_batch(scripted_node, make_client, call):
    scripted_node.expect().stay_silent()
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.TimeoutError) as caught, Watch() as watch:
        CALLS[call](client, {"total_timeout": 500, "max_retries": 9})
    watch.assert_took(0.5)
    writes = call in ("batch_operate", "batch_remove", "batch_apply", "batch_write")
    assert caught.value.in_doubt is writes


@pytest.mark.parametrize("call", CALLS)
def test_trickle_does_not_hold_a_batch_up(scripted_node, make_client, call):
    scripted_node.expect().trickle(row(0, 2) * 100, 0.01)  # for half a minute
    client = make_client(hosts=[scripted_node.host])
    with contextlib.suppress(exception.AerospikeError), Watch() as watch:
        CALLS[call](client, {"total_timeout": 300})
    assert watch.took < 0.3 + LATE_S


READS_OF_TUPLES: dict[str, Callable[[Any], Any]] = {
    "get_many": lambda c: c.get_many(KEYS, NO_RETRY),
    "select_many": lambda c: c.select_many(KEYS, ["n"], NO_RETRY),
    "exists_many": lambda c: c.exists_many(KEYS, NO_RETRY),
}


@pytest.mark.parametrize("call", READS_OF_TUPLES.values(), ids=READS_OF_TUPLES)
@pytest.mark.parametrize(("code", "n_rows"), [(8, 0), (18, 0), (8, 2), (151, 0)])
def test_refusal_of_a_whole_batch_raises_the_code_of_the_node(
    scripted_node, make_client, call, code, n_rows
):
    scripted_node.expect().send(b"".join(map(row, range(n_rows))) + last(code))
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.AerospikeError) as caught:
        call(client)
    assert caught.value.code == code
    assert caught.value.host == scripted_node.text
    assert not caught.value.in_doubt


@pytest.mark.parametrize("code", [2, 27])
def test_refusal_of_a_whole_batch_is_no_missing_record(
    scripted_node, make_client, code
):
    scripted_node.expect().send(row(0) + last(code))
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.NoResponse):
        client.get_many(KEYS, NO_RETRY)


def test_rows_of_a_refused_request_keep_the_reason_in_their_message(
    scripted_node, make_client
):
    scripted_node.expect().send(row(0) + last(8))
    client = make_client(hosts=[scripted_node.host])
    batch = client.batch_read(KEYS[:2], ["n"], NO_RETRY)
    assert results(batch) == [0, -15]
    message = batch.batch_records[1].message
    assert message == f"{scripted_node.text}: server out of space"


BROKEN = {
    "row that is not there": row(0) + row(5),
    "row far away": row(0) + row(2**32 - 1),
    "row twice": row(0) + row(0),
    "rows missing": row(0) + last(),
    "rest of a message": row(0) + frame(MESSAGE, message(index=1, value=1)[:-1]),
    "info": row(0) + frame(1, b"node\tA1\n"),
    "zeros": row(0) + bytes(100),
    "ones": row(0) + b"\xff" * 100,
    "text": row(0) + b"HTTP/1.1 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_broken_batch_reply_fails_the_rest(scripted_node, make_client, data):
    scripted_node.expect().send(data)
    scripted_node.expect().send(WHOLE)
    client = make_client(hosts=[scripted_node.host])
    batch = client.batch_read(KEYS, ["n"], {"max_retries": 0})
    assert results(batch)[0] == 0
    assert set(results(batch)[1:]) == {-1}
    assert numbers(client.batch_read(KEYS, ["n"])) == list(range(5))


def test_empty_frames_are_stepped_over(scripted_node, make_client):
    empty = frame(MESSAGE, b"")
    scripted_node.expect().send(row(0) + empty + WHOLE[ONE_ROW:])
    scripted_node.expect().send(found(0) + empty + STREAM[ONE_RECORD:])
    client = make_client(hosts=[scripted_node.host])
    assert numbers(client.batch_read(KEYS, ["n"])) == list(range(5))
    assert ns(query_of(client).results(FILTER)) == list(range(5))


@settings(
    max_examples=25,
)
@given(
    st.lists(st.integers(0, 5), max_size=6),
    st.integers(0, 400),
    st.binary(min_size=1, max_size=20),
)
def test_garbage_in_batches_never_crashes(make_client, indexes, at, noise):
    data = bytearray(b"".join(map(row, indexes)) + last())
    data[at : at + len(noise)] = noise
    policy = {"max_retries": 0, "total_timeout": 100}
    with ScriptedNode() as node:
        node.default = bytes(data)
        client = make_client(hosts=[node.host])
        for call in CALLS.values():
            with contextlib.suppress(exception.AerospikeError):
                call(client, policy)


@pytest.fixture
def halves() -> Iterable[tuple[ScriptedNode, ScriptedNode]]:
    """Two nodes; each is the master of every other partition, and has no copies."""
    with ScriptedNode("A1") as first, ScriptedNode("A2") as second:
        first.peers, second.peers = [second], [first]
        for node, byte in ((first, b"\xaa"), (second, b"\x55")):
            own = base64.b64encode(byte * (N_PARTITIONS // 8)).decode()
            node.info["replicas"] = f"test:0,1,{own}"
        yield first, second


def split_keys(n):
    """n keys of even partitions, and n of odd ones."""
    sides: tuple[list[Any], list[Any]] = ([], [])
    number = 0
    while min(map(len, sides)) < n:
        key = ("test", "demo", number)
        digest = aerospike.calc_digest(*key)
        side = sides[aerospike.get_partition_id(digest) % 2]
        if len(side) < n:
            side.append(key)
        number += 1
    return sides


@pytest.mark.parametrize("fault", ["stay_silent", "hang_up", "refuse"])
def test_rows_of_the_other_node_are_kept(halves, make_client, fault):
    """Rows 0, 2, 4 are at the node that answers."""
    first, second = halves
    client = make_client(hosts=[first.host, second.host], tend_interval=60_000)
    even, odd = split_keys(3)
    keys = [key for pair in zip(even, odd, strict=True) for key in pair]
    first.expect().send(row(0) + row(4) + row(2) + last())
    if fault == "refuse":
        second.stop_listening()
        second.hang_up_all()
    else:
        getattr(second.expect(), fault)()
    limit_s = LATE_S  # what is answered has two seconds for it
    policy = {"total_timeout": 1000 * int(limit_s), "max_retries": 0}
    with Watch() as watch:
        batch = client.batch_operate(keys, [ops.increment("n", 1)], policy)
    assert watch.took < limit_s + LATE_S
    code = 9 if fault == "stay_silent" else -10
    assert results(batch) == [0, code] * 3
    doubt = fault != "refuse"
    assert [r.in_doubt for r in batch.batch_records] == [False, doubt] * 3
    if fault != "refuse":
        second.expect().hang_up()
    first.expect().send(row(0) + row(4) + row(2) + last())
    with pytest.raises(exception.ConnectionError):
        client.get_many(keys, policy)


# replies to queries


def keys_of_partition(n):
    """Digests of one partition, in the order in which a node tells of them."""
    wanted, number = 77, 0
    digests: list[bytes] = []
    while len(digests) < n:
        digest = bytes(aerospike.calc_digest("test", "demo", number))
        if aerospike.get_partition_id(digest) == wanted:
            digests.append(digest)
        number += 1
    return wanted, sorted(digests)


PARTITION, DIGESTS = keys_of_partition(5)
FILTER: dict[str, Any] = {"partition_filter": {"begin": PARTITION, "count": 1}}


def found(i: int) -> bytes:
    """The frame of the record with the i-th digest."""
    fields = [(0, b"test"), (4, DIGESTS[i]), (1, b"demo")]
    return frame(MESSAGE, message(fields=fields, value=i))


STREAM = b"".join(map(found, range(5))) + last()
ONE_RECORD = len(found(0))


def query_of(client):
    return client.query("test", "demo")


def ns(records):
    return [record[2]["n"] for record in records]


@pytest.mark.parametrize("n", [0, 1, 8, 40, *range(ONE_RECORD - 1, len(STREAM), 30)])
def test_query_goes_on_behind_the_last_record(scripted_node, make_client, n):
    n_whole = min(n // ONE_RECORD, 5)
    scripted_node.expect().send(STREAM[:n]).hang_up()
    rest = b"".join(map(found, range(n_whole, 5))) + last()
    scripted_node.expect().send(rest)
    client = make_client(hosts=[scripted_node.host])
    policy = {**FILTER, "sleep_between_retries": 0}
    assert ns(query_of(client).results(policy)) == list(range(5))
    fields = scripted_node.requests[1].fields
    if n_whole:
        assert fields[FIELD_DIGESTS] == DIGESTS[n_whole - 1]
        assert FIELD_PARTITIONS not in fields
    else:
        assert fields[FIELD_PARTITIONS] == struct.pack("<H", PARTITION)


def test_query_that_fails_can_be_gone_on_with(scripted_node, make_client):
    scripted_node.expect().send(STREAM[: 2 * ONE_RECORD + 5]).hang_up()
    scripted_node.expect().send(b"".join(map(found, range(2, 5))) + last())
    client = make_client(hosts=[scripted_node.host])
    query = query_of(client)
    seen: list[Any] = []
    with pytest.raises(exception.ConnectionError):
        query.foreach(lambda _, r: seen.append(r), {**FILTER, "max_retries": 0})
    status = query.get_partitions_status()
    entries = {**FILTER["partition_filter"], "partition_status": status}
    again = {"partition_filter": entries}
    seen += query_of(client).results(again)
    assert ns(seen) == list(range(5))
    assert scripted_node.requests[1].fields[FIELD_DIGESTS] == DIGESTS[1]


def test_rounds_of_a_query_come_to_an_end(scripted_node, make_client):
    scripted_node.default = None
    for _ in range(4):
        scripted_node.expect().hang_up()
    client = make_client(hosts=[scripted_node.host])
    policy = {**FILTER, "max_retries": 3, "sleep_between_retries": 0}
    with pytest.raises(exception.ConnectionError) as caught:
        query_of(client).results(policy)
    assert caught.value.attempts == 4
    assert caught.value.in_doubt is False


def test_query_whose_index_no_node_has_is_not_repeated(halves, make_client):
    for node in halves:
        node.default = None
        node.expect().send(last(INDEX_NOT_FOUND))
    client = make_client(hosts=[node.host for node in halves])
    with pytest.raises(exception.IndexNotFound) as caught:
        query_of(client).results({"sleep_between_retries": 0})
    assert caught.value.attempts == 1
    assert [len(node.requests) for node in halves] == [1, 1]


def test_query_waits_for_a_node_that_does_not_have_its_index_yet(halves, make_client):
    first, second = halves
    first.expect().send(last())
    for _ in range(2):
        second.expect().send(last(INDEX_NOT_FOUND))
    second.expect().send(last())
    client = make_client(hosts=[node.host for node in halves])
    assert query_of(client).results({"sleep_between_retries": 0}) == []
    assert [len(node.requests) for node in halves] == [1, 3]


@pytest.mark.parametrize("policy", [{"total_timeout": 200}, {"socket_timeout": 200}])
def test_silence_within_a_query_ends_in_time(scripted_node, make_client, policy):
    scripted_node.expect().send(STREAM[:-30]).stay_silent()
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.TimeoutError), Watch() as watch:
        query_of(client).results({**FILTER, **policy, "max_retries": 0})
    watch.assert_took(0.2)


def test_trickle_does_not_hold_a_query_up(scripted_node, make_client):
    scripted_node.expect().trickle(STREAM, 0.01)
    client = make_client(hosts=[scripted_node.host])
    seen: list[Any] = []
    with pytest.raises(exception.TimeoutError), Watch() as watch:
        query_of(client).foreach(seen.append, {"total_timeout": 300, "max_retries": 0})
    watch.assert_took(0.3)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1, exception.AerospikeError),
        (4, exception.InvalidRequest),
        (15, exception.AerospikeError),
        (22, exception.ServerError),
    ],
)
def test_code_of_the_node_ends_a_query(scripted_node, make_client, code, error):
    scripted_node.expect().send(found(0) + last(code))
    client = make_client(hosts=[scripted_node.host])
    seen: list[Any] = []
    with pytest.raises(error) as caught:
        query_of(client).foreach(lambda _, r: seen.append(r), FILTER)
    assert caught.value.code == code
    assert ns(seen) == [0]
    assert len(scripted_node.requests) == 1


@pytest.mark.parametrize("kind", ["query", "scan"])
def test_node_that_is_too_busy_is_asked_for_the_rest(scripted_node, make_client, kind):
    scripted_node.expect().send(last(DEVICE_OVERLOAD))
    scripted_node.expect().send(found(0) + found(1) + last(DEVICE_OVERLOAD))
    scripted_node.expect().send(found(2) + found(3) + found(4) + last())
    client = make_client(hosts=[scripted_node.host])
    reader = client.scan("test", "demo") if kind == "scan" else query_of(client)
    policy = {**FILTER, "max_retries": 2, "sleep_between_retries": 0}
    assert ns(reader.results(policy)) == list(range(5))
    requests = scripted_node.requests
    assert [FIELD_DIGESTS in request.fields for request in requests] == [
        False,
        False,
        True,
    ]


def test_node_that_stays_too_busy_fails_the_query(scripted_node, make_client):
    for _ in range(3):
        scripted_node.expect().send(last(DEVICE_OVERLOAD))
    client = make_client(hosts=[scripted_node.host])
    policy = {**FILTER, "max_retries": 2, "sleep_between_retries": 0}
    with pytest.raises(exception.DeviceOverload) as caught:
        query_of(client).results(policy)
    assert caught.value.attempts == len(scripted_node.requests) == 3


def test_partition_that_is_not_there_is_asked_elsewhere(scripted_pair, make_client):
    first, other = scripted_pair
    refusal = message(info3=PARTITION_DONE, result=11, generation=PARTITION)
    first.expect().send(frame(MESSAGE, refusal) + last())
    other.expect().send(STREAM)
    client = make_client(hosts=[first.host])
    policy = {**FILTER, "sleep_between_retries": 0}
    assert ns(query_of(client).results(policy)) == list(range(5))


BROKEN_STREAMS = {
    "partition that was not asked for": frame(
        MESSAGE, message(info3=PARTITION_DONE, result=11, generation=5)
    ),
    "rest of a message": frame(MESSAGE, message(value=1)[:-1]),
    "short digest": frame(MESSAGE, message(fields=[(4, b"1234")], value=1)) + OK_REPLY,
    "info": frame(1, b"node\tA1\n"),
    "zeros": bytes(100),
    "ones": b"\xff" * 100,
}


@pytest.mark.parametrize("data", BROKEN_STREAMS.values(), ids=BROKEN_STREAMS)
def test_broken_stream_fails_the_query(scripted_node, make_client, data):
    scripted_node.expect().send(found(0) + data).hang_up()
    scripted_node.expect().send(STREAM)
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises((exception.ClientError, exception.ConnectionError)):
        query_of(client).results({**FILTER, "max_retries": 0})
    assert ns(query_of(client).results(FILTER)) == list(range(5))


def digest_of(partition: int) -> bytes:
    return struct.pack("<H", partition) + bytes(18)


def nameless(digest: bytes | None) -> bytes:
    """The frame of a record with this digest, or without any."""
    fields = [(0, b"test"), (1, b"demo")]
    fields += [(4, digest)] if digest is not None else []
    return frame(MESSAGE, message(fields=fields, value=99))


CUTS = {
    "a set that is not there, after its records": frame(MESSAGE, message(result=2)),
    "a record without a digest": nameless(None),
    "a digest of 19 bytes": nameless(DIGESTS[2][:19]),
    "a digest of 21 bytes": nameless(DIGESTS[2] + b"\0"),
    "a record of the partition before": nameless(digest_of(PARTITION - 1)),
    "a record of the partition behind": nameless(digest_of(PARTITION + 1)),
}


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("how", ["query", "scan"])
def test_reply_that_loses_records_is_malformed(
    scripted_node, make_client, how, cut, ends
):
    """What came before is delivered, and another query goes on behind it."""
    rest = found(2) + found(3) + found(4) + last()
    reply = scripted_node.expect().send(found(0) + found(1) + cut)
    if ends:
        reply.send(found(2) + last())
    else:
        reply.hang_up()
    scripted_node.expect().send(rest)
    client = make_client(hosts=[scripted_node.host])
    query = getattr(client, how)("test", "demo")
    seen: list[Any] = []
    with pytest.raises(exception.ClientError) as caught:
        query.foreach(lambda _, r: seen.append(r), FILTER)
    assert caught.value.code == -1
    assert "malformed reply" in str(caught.value)
    assert scripted_node.text in str(caught.value)
    assert ns(seen) == [0, 1]
    assert len(scripted_node.requests) == 1
    entries = {
        **FILTER["partition_filter"],
        "partition_status": query.get_partitions_status(),
    }
    seen += query_of(client).results({"partition_filter": entries})
    assert ns(seen) == list(range(5))
    assert scripted_node.requests[1].fields[FIELD_DIGESTS] == DIGESTS[1]


def test_results_of_a_malformed_reply_are_an_error(scripted_node, make_client):
    scripted_node.expect().send(found(0) + nameless(None) + last())
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.ClientError, match="a record has no digest"):
        query_of(client).results(FILTER)


def test_unreadable_value_is_an_error_of_its_query(scripted_node, make_client):
    bad = bytearray(found(1))
    bad[-12] = 20  # the type of its value: a list
    scripted_node.expect().send(found(0) + bytes(bad) + last())
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.ClientError) as caught:
        query_of(client).results(FILTER)
    assert "in the reply: namespace test, set demo" in str(caught.value)


def test_set_that_is_not_there_has_no_records(scripted_node, make_client):
    scripted_node.expect().send(frame(MESSAGE, message(result=2)))
    client = make_client(hosts=[scripted_node.host])
    assert query_of(client).results(FILTER) == []


def test_node_that_answers_for_the_other_is_malformed(halves, make_client):
    """The records of the node that does not are delivered, each of them once."""
    first, second = halves
    mine, yours = PARTITION + 1, PARTITION  # of the first node, of the second
    own = nameless(digest_of(mine))
    first.expect().send(own + STREAM)
    second.expect().send(STREAM)
    client = make_client(hosts=[first.host, second.host])
    both = {"partition_filter": {"begin": yours, "count": 2}}
    query = query_of(client)
    seen: list[Any] = []
    with pytest.raises(exception.ClientError, match="was not asked for"):
        query.foreach(lambda _, r: seen.append(r), both)
    assert sorted(ns(seen)) == [*range(5), 99]
    for node in halves:
        node.expect().send(last())
    status = query.get_partitions_status()
    entries = {**both["partition_filter"], "partition_status": status}
    assert query_of(client).results({"partition_filter": entries}) == []
    at = [node.requests[1].fields[FIELD_DIGESTS] for node in halves]
    assert at == [digest_of(mine), DIGESTS[4]]


@settings(
    max_examples=60,
)
@given(st.integers(0, len(STREAM)), st.binary(min_size=1, max_size=20))
def test_garbage_in_streams_never_crashes(make_client, at, noise):
    data = bytearray(STREAM)
    data[at : at + len(noise)] = noise
    with ScriptedNode() as node:
        node.default = bytes(data)
        client = make_client(hosts=[node.host])
        for query in (query_of(client), client.scan("test", "demo")):
            with contextlib.suppress(exception.AerospikeError):
                query.results({**FILTER, "max_retries": 0, "total_timeout": 100})


def test_background_work_tells_of_a_failure(scripted_pair, make_client):
    first, other = scripted_pair
    first.default = last()
    other.expect().send(last(4))
    client = make_client(hosts=[first.host])
    work = query_of(client).add_ops([ops.write("n", 1)])
    with pytest.raises(exception.InvalidRequest):
        work.execute_background()


def test_background_work_is_not_sent_twice(scripted_node, make_client):
    scripted_node.expect().hang_up()
    client = make_client(hosts=[scripted_node.host])
    work = query_of(client).add_ops([ops.increment("n", 1)])
    with pytest.raises(exception.ConnectionError) as caught:
        work.execute_background({"max_retries": 5})
    assert caught.value.in_doubt
    assert len(scripted_node.requests) == 1


# nodes that go and come back

N = 2000
SET = "many"
LOSS = {"total_timeout": 60_000, "max_retries": 1000, "sleep_between_retries": 50}


@pytest.fixture
def losing(cluster, make_client):
    """(cluster, client) with N records."""
    client = make_client(hosts=cluster.hosts, tend_interval=250)
    keys = [("test", SET, i) for i in range(N)]
    rows = [
        Write(key, [ops.write("n", 0), ops.write("i", i)]) for i, key in enumerate(keys)
    ]
    assert client.batch_write(BatchRecords(rows)).result == 0
    client.index_integer_create("test", SET, "i", "many_i")
    return cluster, client


def reader(client, kind):
    if kind == "scan":
        return client.scan("test", SET)
    query = client.query("test", SET)
    return query.where(predicates.between("i", 0, N)) if kind == "where" else query


def ids(records):
    return sorted(record[2]["i"] for record in records)


KINDS = ["query", "where", "scan"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("comes_back", [False, True])
def test_no_record_is_lost_or_repeated_when_a_node_goes(losing, kind, comes_back):
    cluster, client = losing
    seen: list[Any] = []

    def see(record):
        seen.append(record)
        if len(seen) == 100:
            cluster.stop_node(1)
        if len(seen) == 1000 and comes_back:
            cluster.start_node(1)

    query = reader(client, kind)
    query.records_per_second = 2000  # so that the node has not sent all of its own
    query.foreach(see, LOSS)
    assert ids(seen) == list(range(N))


@pytest.mark.parametrize("kind", KINDS)
def test_pages_while_nodes_go_and_come_back(losing, kind):
    cluster, client = losing
    query = reader(client, kind)
    query.max_records = 100
    query.paginate()
    seen: list[Any] = []
    for page in range(100):
        if page % 6 == 2:
            cluster.stop_node(page // 6 % 3)
        if page % 6 == 5:
            cluster.start_node(page // 6 % 3)
        seen += query.results(LOSS)
        if query.is_done():
            break
    assert query.is_done()
    assert ids(seen) == list(range(N))


def test_batches_while_nodes_go_and_come_back(losing):
    """Each increment is made at least once, and once if nothing was in doubt."""
    cluster, client = losing
    keys = [("test", SET, i) for i in range(N)]
    ended = threading.Event()
    low, high = [0] * N, [0] * N
    n_batches = 0

    def disturb():
        try:
            for i in range(3):
                for change in (cluster.stop_node, cluster.start_node):
                    wanted = n_batches + 2  # one begins and ends in each state
                    change(i)
                    until(lambda: n_batches >= wanted)  # noqa: B023 - called here
        finally:
            ended.set()

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        while not ended.is_set():
            n_batches += 1
            try:
                batch = client.batch_operate(
                    keys, [ops.increment("n", 1)], {**LOSS, "max_retries": 0}
                )
                outcomes = [(r.result, r.in_doubt) for r in batch.batch_records]
            except exception.AerospikeError as error:
                outcomes = [(error.code, error.in_doubt)] * N
            for i, (result, in_doubt) in enumerate(outcomes):
                low[i] += result == 0
                high[i] += result == 0 or in_doubt
            read = client.batch_read(keys, ["n"], LOSS)
            assert results(read) == [0] * N
    finally:
        join_all([thread])
    assert n_batches > 10
    values = [r.record[2]["n"] for r in client.batch_read(keys, ["n"]).batch_records]
    assert all(lo <= v <= hi for lo, v, hi in zip(low, values, high, strict=True))


def test_batch_tells_what_a_stopped_node_left_open(losing, make_client):
    """Rows at the node that has gone have their error, the others their result."""
    cluster, _ = losing
    keys = [("test", SET, i) for i in range(N)]
    client = make_client(hosts=cluster.hosts, tend_interval=60_000)  # does not notice
    n_batches = 0

    def n_open():
        nonlocal n_batches
        batch = client.batch_operate(keys, [ops.touch()], {"max_retries": 0})
        n_batches += 1
        assert set(results(batch)) <= {0, -10, 11}
        return sum(result != 0 for result in results(batch))

    def stop():
        until(lambda: n_batches)
        cluster.stop_node(0)  # in the middle of a batch, or between two

    stopper = threading.Thread(target=stop)
    stopper.start()
    assert 0 < until(n_open) < N
    join_all([stopper])
