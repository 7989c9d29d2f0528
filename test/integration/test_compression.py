"""Compressed requests and replies: `compress`, `compression_threshold`, and what a node
may send in the place of a compressed reply."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch import records as br
from aerospike_helpers.operations import operations as op

from ..faults.peer import (
    END_OF_STREAM,
    MESSAGE,
    OK_REPLY,
    frame,
    parse_request,
    reply,
)
from ..waiting import patient

KEY = ("test", "demo", 1)
COMPRESSED = 4
ASKS = 0x80  # info1
COMPRESS = {"compress": True}
LONG = "x" * 300
FILTER = exp.Eq(exp.StrBin("a"), "y" * 300).compile()


@pytest.fixture(scope="module")
def cluster() -> Iterator[DevCluster]:
    with DevCluster(2, edition="enterprise") as made:
        yield made


@pytest.fixture(scope="module")
def client(cluster: DevCluster) -> Iterator[aerospike.Client]:
    with aerospike.client(patient(cluster.config)) as made:
        yield made


# --- requests ---


class Sent(NamedTuple):
    is_compressed: bool
    info1: int
    size: int
    """Of the whole frame before compression."""


def inflated(body: bytes) -> bytes:
    """The body of the message in the body of a compressed frame."""
    (size,) = struct.unpack_from(">Q", body)
    inner = zlib.decompress(body[8:])
    assert len(inner) == size
    assert inner[:8] == struct.pack(">Q", 2 << 56 | MESSAGE << 48 | size - 8)
    return inner[8:]


@pytest.fixture
def sent(scripted_node, make_client):
    """sent(call, **config): the first request of a call."""

    def request(call: Any, **config: Any) -> Sent:
        found: list[Sent] = []

        def on_frame(kind: int, body: bytes) -> bytes | None:
            if kind not in (MESSAGE, COMPRESSED):
                return None
            message = inflated(body) if kind == COMPRESSED else body
            info1 = parse_request(message).info1
            found.append(Sent(kind == COMPRESSED, info1, len(message) + 8))
            return END_OF_STREAM  # which is a good reply of one message, too

        scripted_node.on_frame = on_frame
        client = make_client(hosts=[scripted_node.host], **config)
        with contextlib.suppress(exception.AerospikeError):  # of apply()
            call(client)
        return found[0]

    return request


KEYS = [("test", "demo", number) for number in range(10)]
WRITES = [br.Write(key, [op.write("a", 1)]) for key in KEYS]


def background(client: aerospike.Client, policy: Any) -> None:
    query = client.query("test", "demo")
    query.add_ops([op.write("a", LONG)])
    query.execute_background(policy)


# what makes a large request, whether it is compressed, and whether the reply may be
LARGE: dict[str, tuple[Any, bool, bool]] = {
    "put": (lambda c, p: c.put(KEY, {"a": LONG}, None, p), True, False),
    "remove_bin": (
        lambda c, p: c.remove_bin(KEY, list("abcdefgh"), None, p),
        True,
        False,
    ),
    "remove": (
        lambda c, p: c.remove(KEY, None, p | {"expressions": FILTER}),
        False,
        False,
    ),
    "get": (lambda c, p: c.get(KEY, p | {"expressions": FILTER}), False, True),
    "select": (
        lambda c, p: c.select(KEY, ["a"], p | {"expressions": FILTER}),
        False,
        True,
    ),
    "exists": (lambda c, p: c.exists(KEY, p | {"expressions": FILTER}), False, False),
    "append": (lambda c, p: c.append(KEY, "a", LONG, None, p), True, True),
    "operate": (
        lambda c, p: c.operate(KEY, [op.write("a", LONG)], None, p),
        True,
        True,
    ),
    "read": (
        lambda c, p: c.operate(KEY, [op.read("a")], None, p | {"expressions": FILTER}),
        True,
        True,
    ),
    "apply": (lambda c, p: c.apply(KEY, "module", "function", [LONG], p), True, True),
    "batch_read": (lambda c, p: c.batch_read(KEYS, policy=p), True, True),
    "batch_write": (lambda c, p: c.batch_write(br.BatchRecords(WRITES), p), True, True),
    "batch_operate": (
        lambda c, p: c.batch_operate(KEYS, [op.write("a", 1)], policy_batch=p),
        True,
        True,
    ),
    "batch_remove": (lambda c, p: c.batch_remove(KEYS, policy_batch=p), True, True),
    "query": (lambda c, p: c.query("test", "demo").results(p), False, True),
    "scan": (lambda c, p: c.scan("test", "demo").results(p), False, True),
    "background": (background, False, False),
}


@pytest.mark.parametrize("name", LARGE)
def test_compress_is_said_as_other_clients_say_it(sent, name):
    """Recorded: which requests the client on PyPI compresses, and which ask for it."""
    call, is_compressed, asks = LARGE[name]
    plain = sent(lambda c: call(c, {}))
    made = sent(lambda c: call(c, COMPRESS))
    assert plain.size > 128
    assert (plain.is_compressed, plain.info1 & ASKS) == (False, 0)
    assert (made.is_compressed, made.info1 & ASKS) == (is_compressed, ASKS * asks)
    assert (made.size, made.info1 & ~ASKS) == (plain.size, plain.info1)


@pytest.mark.parametrize(
    ("policy", "length", "is_compressed"),
    [
        (COMPRESS, 46, False),
        (COMPRESS, 47, True),
        ({"compression_threshold": 128}, 46, False),
        ({"compression_threshold": 128}, 47, True),
        ({"compression_threshold": 1}, 0, True),
        ({"compression_threshold": 1000}, 300, False),
        ({"compression_threshold": 1000, "compress": True}, 300, False),
        ({"compression_threshold": 0}, 300, False),
        ({"compression_threshold": -1}, 300, False),
        ({"compression_threshold": 0, "compress": True}, 300, True),
        ({"compress": False}, 300, False),
    ],
    ids=str,
)
def test_requests_above_the_threshold_are_compressed(
    sent, policy, length, is_compressed
):
    """46 bytes of text make a frame of 128."""
    made = sent(lambda c: c.put(KEY, {"a": "x" * length}, None, policy))
    assert made.is_compressed == is_compressed


@pytest.mark.parametrize("name", LARGE)
def test_threshold_of_the_configuration_is_for_what_carries_data(sent, name):
    call, is_compressed, _ = LARGE[name]
    made = sent(lambda c: call(c, {}), compression_threshold=128)
    assert made.is_compressed == is_compressed
    assert not made.info1 & ASKS


@pytest.mark.parametrize("write", [{"compression_threshold": 0}, {}], ids=str)
@pytest.mark.parametrize("order", [1, -1])
def test_threshold_of_the_write_policy_wins(sent, write, order):
    config = {"compression_threshold": 128, "policies": {"write": write}}
    made = sent(
        lambda c: c.put(KEY, {"a": LONG}), **dict(list(config.items())[::order])
    )
    assert made.is_compressed == (write == {})


def test_threshold_of_the_configuration_shows_in_the_write_policy(cluster):
    config = patient(cluster.config | {"compression_threshold": 77})
    with aerospike.client(config) as client:
        assert client.get_policies()["write"]["compression_threshold"] == 77


def test_bytes_of_a_compressed_put(scripted_node, make_client):
    """Recorded from the client on PyPI: a text of 300 bytes in the bin a."""
    bodies = []

    def on_frame(kind: int, body: bytes) -> bytes | None:
        bodies.append((kind, body))
        return OK_REPLY if kind in (MESSAGE, COMPRESSED) else None

    scripted_node.on_frame = on_frame
    client = make_client(hosts=[scripted_node.host])
    client.put(KEY, {"a": LONG}, None, COMPRESS)
    kind, body = bodies[-1]
    inner = frame(MESSAGE, inflated(body))
    assert kind == COMPRESSED
    assert body == struct.pack(">Q", len(inner)) + zlib.compress(inner, 1)
    assert body[8:10] == b"\x78\x01"


def test_a_request_is_compressed_once_for_all_attempts(scripted_node, make_client):
    bodies: list[bytes] = []

    def on_frame(kind: int, body: bytes) -> bytes | None:
        if kind != COMPRESSED:
            return None
        bodies.append(body)
        return reply(18) if len(bodies) < 3 else OK_REPLY

    scripted_node.on_frame = on_frame
    client = make_client(hosts=[scripted_node.host])
    client.put(KEY, {"a": LONG}, None, COMPRESS | {"max_retries": 2})
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


# --- with a server ---


def test_records_go_both_ways(client):
    bins = {"text": "abc" * 1000, "list": list(range(500)), "noise": os.urandom(5000)}
    client.put(KEY, bins, None, COMPRESS)
    assert client.get(KEY, COMPRESS)[2] == bins
    assert client.get(KEY)[2] == bins
    assert client.select(KEY, ["text"], COMPRESS)[2] == {"text": bins["text"]}
    operations = [op.read("noise"), op.write("more", LONG), op.read("list")]
    _, _, got = client.operate(KEY, operations, None, COMPRESS)
    assert got == {"noise": bins["noise"], "list": bins["list"]}
    client.remove(KEY)


@pytest.mark.parametrize("of_writes", [False, True])
def test_awaited_reads_ask_for_compressed_replies(cluster, of_writes):
    bins = {"text": "abc" * 1000, "n": 1}

    async def go():
        async with aerospike.AsyncClient(patient(cluster.config)) as client:
            await client.put(KEY, bins, None, COMPRESS if of_writes else None)
            calls = [client.get(KEY, COMPRESS if i % 2 else None) for i in range(6)]
            records = await asyncio.gather(*calls)
            selected = await client.select(KEY, ["text"], COMPRESS)
            assert (await client.exists(KEY, COMPRESS))[1] is not None
            await client.remove(KEY)
            return [record.bins for record in records], selected.bins

    assert asyncio.run(go()) == ([bins] * 6, {"text": bins["text"]})


def test_a_record_of_a_megabyte_goes_both_ways(client):
    bins = {"noise": os.urandom(500_000), "text": "abcd" * 100_000}
    client.put(KEY, bins, None, COMPRESS)
    assert client.get(KEY, COMPRESS)[2] == bins
    client.remove(KEY)


def test_batches_and_queries_go_both_ways(client):
    keys = [("test", "many", number) for number in range(300)]
    texts = br.BatchRecords(
        [br.Write(key, [op.write("n", key[2]), op.write("t", LONG)]) for key in keys]
    )
    assert client.batch_write(texts, COMPRESS).result == 0
    found = client.batch_read(keys, policy=COMPRESS).batch_records
    assert [record.record[2]["n"] for record in found] == list(range(300))
    for query in (client.query("test", "many"), client.scan("test", "many")):
        records = query.results(COMPRESS)
        assert sorted(bins["n"] for _, _, bins in records) == list(range(300))
    assert client.batch_remove(keys, policy_batch=COMPRESS).result == 0


def test_values_of_an_aggregation_come_compressed(cluster, tmp_path):
    (tmp_path / "zipped.lua").write_text(
        "function texts(s)\n  return s : map(function(r) return r.t end)\nend\n"
    )
    config = patient(cluster.config | {"lua": {"user_path": str(tmp_path)}})
    with aerospike.client(config) as client:
        client.udf_put(str(tmp_path / "zipped.lua"))
        texts = [f"line {number} " * 50 for number in range(100)]
        for number, text in enumerate(texts):
            client.put(("test", "zipped", number), {"t": text})
        query = client.query("test", "zipped")
        query.apply("zipped", "texts", [])
        found: list[Any] = query.results(COMPRESS)
        assert sorted(found) == sorted(texts)


def test_community_edition_refuses_compressed_requests(make_client):
    with DevCluster() as cluster, aerospike.client(patient(cluster.config)) as client:
        with pytest.raises(exception.AerospikeError) as caught:
            client.put(KEY, {"a": LONG}, None, COMPRESS)
        assert (caught.value.code, caught.value.in_doubt) == (25, False)
        assert "look for 'compress'" in caught.value.detail
        client.put(KEY, {"a": 1}, None, COMPRESS)
        assert client.get(KEY, COMPRESS)[2] == {"a": 1}
        assert len(client.query("test", "demo").results(COMPRESS)) == 1


def test_community_edition_refuses_every_row_of_a_compressed_batch():
    """At once, though the refusal does not say that it ends the reply."""
    with DevCluster() as cluster, aerospike.client(patient(cluster.config)) as client:
        for found in (
            client.batch_read(KEYS, policy=COMPRESS),
            client.batch_operate(KEYS, [op.write("a", 1)], policy_batch=COMPRESS),
        ):
            rows = [(row.result, row.in_doubt) for row in found.batch_records]
            assert rows == [(25, False)] * len(KEYS)


# --- replies ---


def packed(inner: bytes, announced: int | None = None, level: int = 1) -> bytes:
    """A compressed frame around the bytes of a frame."""
    size = len(inner) if announced is None else announced
    return frame(COMPRESSED, struct.pack(">Q", size) + zlib.compress(inner, level))


BINS = [(b"a", 3, b"x" * 1000)]
RECORD = reply(bins=BINS)


def stream_of(data: bytes) -> bytes:
    return frame(COMPRESSED, struct.pack(">Q", len(RECORD)) + data)


ZLIB = zlib.compress(RECORD)
LIES = {
    "more than announced": packed(RECORD, len(RECORD) - 1),
    "less than announced": packed(RECORD, len(RECORD) + 1),
    "nothing announced": packed(RECORD, 0),
    "less than a header announced": packed(RECORD, 7),
    "129 MiB announced": packed(RECORD, 129 << 20),
    "2^64 bytes announced": packed(RECORD, 2**64 - 1),
    "128 MiB announced": packed(RECORD, 128 << 20),
    "a bomb": packed(bytes(64 << 20), len(RECORD)),
    "a bomb that is announced": packed(bytes(64 << 20)),
    "compressed twice": packed(packed(RECORD)),
    "an info reply": packed(frame(1, bytes(100))),
    "a frame with another size": packed(frame(MESSAGE, bytes(30)) + bytes(8)),
    "another version": packed(b"\3" + RECORD[1:]),
    "half a stream": stream_of(ZLIB[: len(ZLIB) // 2]),
    "no stream": stream_of(b""),
    "no check sum": stream_of(ZLIB[:-4]),
    "a wrong check sum": stream_of(ZLIB[:-1] + bytes([ZLIB[-1] ^ 1])),
    "garbage": stream_of(os.urandom(100)),
    "bytes behind the stream": stream_of(ZLIB + b"\0"),
    "no size": frame(COMPRESSED, bytes(7)),
    "nothing": frame(COMPRESSED, b""),
    "a dictionary": stream_of(b"\x78\x20\0\0\0\1" + ZLIB[2:]),
}


READS: dict[str, Any] = {
    "get": lambda c: c.get(KEY),
    "put": lambda c: c.put(KEY, {"a": 1}),
    "batch": lambda c: c.batch_read([KEY]),
    "query": lambda c: c.query("test", "demo").results({"max_retries": 0}),
}


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_compressed_reply_is_refused(scripted_node, make_client, lie, call):
    """The connection is closed, and no memory is taken that was only promised."""
    scripted_node.default = LIES[lie]
    config = {"policies": {"max_retries": 0, "total_timeout": 30_000}}
    client = make_client(hosts=[scripted_node.host], **config)
    client.is_connected()
    before = scripted_node.n_accepted
    code, text = outcome_of(READS[call], client)
    assert (code, "reply" in text) == (-1, True), text
    scripted_node.default = OK_REPLY
    client.put(KEY, {"a": 1})
    assert scripted_node.n_accepted == before + 2  # of which the first is closed


def outcome_of(run: Any, client: aerospike.Client) -> tuple[int, str]:
    try:
        found = run(client)
    except exception.AerospikeError as error:
        return error.code or 0, str(error)
    row = found.batch_records[0]
    return row.result, row.message


def test_compressed_replies_are_taken_unasked(scripted_node, make_client):
    scripted_node.default = packed(RECORD)
    client = make_client(hosts=[scripted_node.host])
    assert client.get(KEY)[2] == {"a": "x" * 1000}
