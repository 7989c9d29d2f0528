"""Framing: what drops a connection, what is answered with 4, and the captured bytes."""

import os
import zlib

import pytest

from .rawwire import (
    ADMIN,
    BATCH,
    COMPRESSED,
    GET_ALL,
    INFO,
    MESSAGE,
    OP_READ,
    READ,
    XDR,
    Connection,
    field,
    get,
    message,
    operation,
    proto,
)

DIGEST = b"\x05" * 20
FIELDS = [(0, b"test"), (1, b"demo"), (4, DIGEST)]
GET = message((READ | GET_ALL, 0, 0), FIELDS)
SELECT = message((READ, 0, 0), FIELDS, [get(b"a")])
OP_AT = len(SELECT) - len(operation(get(b"a")))

ERROR_4 = bytes.fromhex("16000000000400000000000000000000000000000000")
NOT_FOUND = bytes.fromhex("16000000000200000000000000000000000000000000")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(proto(MESSAGE, GET, version=1), id="version-1"),
        pytest.param(proto(MESSAGE, GET, version=0), id="version-0-of-a-message"),
        pytest.param(proto(0, b""), id="type-0"),
        pytest.param(proto(6, b""), id="type-6"),
        pytest.param(bytes.fromhex("0203000008000001"), id="larger-than-128-MiB"),
        pytest.param(bytes.fromhex("160301020001000102030303"), id="tls-client-hello"),
    ],
)
def test_bad_header_drops_the_connection(connection, data):
    connection.send(data)
    assert connection.is_closed()


def test_requests_before_a_bad_header_are_answered(connection):
    connection.send(proto(MESSAGE, GET) + proto(9, b""))
    assert connection.receive_frame() == (MESSAGE, NOT_FOUND)
    assert connection.is_closed()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(GET[:21], id="short-header"),
        pytest.param(GET[:-1], id="field-past-the-end"),
        pytest.param(GET + b"x", id="bytes-left-over"),
        pytest.param(
            GET[:18] + b"\xff\xff" + GET[20:], id="more-fields-than-there-are"
        ),
        pytest.param(GET[:20] + b"\xff\xff" + GET[22:], id="more-ops-than-there-are"),
        pytest.param(GET[:18] + b"\0\1\0\0" + bytes(4), id="field-of-size-0"),
        pytest.param(GET[:22] + b"\xff" * 4 + GET[26:], id="field-of-4-GiB"),
        pytest.param(SELECT[:OP_AT] + b"\0\0\0\3\1\0\0", id="op-too-small"),
        pytest.param(SELECT[:OP_AT] + b"\0\0\0\5\1\0\0\5a", id="bin-name-past-the-op"),
        pytest.param(
            SELECT[:OP_AT] + b"\0\0\0\x0c\1\0\1\1a" + bytes(7), id="update-time-cut"
        ),
    ],
)
def test_broken_message_is_answered_with_4(connection, body):
    assert connection.exchange(MESSAGE, body) == (MESSAGE, ERROR_4)
    assert connection.info("status") == ["ok"]


def test_op_with_an_update_time_is_read(connection):
    body = SELECT[:OP_AT] + b"\0\0\0\x0d\1\0\1\1a" + bytes(8)
    assert connection.exchange(MESSAGE, body) == (MESSAGE, NOT_FOUND)


def test_header_size_byte_is_not_checked(connection):
    assert connection.exchange(MESSAGE, b"\x14" + GET[1:]) == (MESSAGE, NOT_FOUND)


def test_unknown_field_type_is_skipped(connection):
    body = message((READ | GET_ALL, 0, 0), [(99, b"x"), *FIELDS])
    assert connection.exchange(MESSAGE, body) == (MESSAGE, NOT_FOUND)


def test_first_of_two_fields_counts(connection):
    body = message((READ | GET_ALL, 0, 0), [*FIELDS, (4, b"short")])
    assert connection.exchange(MESSAGE, body) == (MESSAGE, NOT_FOUND)


@pytest.mark.parametrize("body", [b"", b"\0" * 5, b"\0" * 16], ids=len)
@pytest.mark.parametrize("version", [0, 2])
def test_admin_message_is_answered_with_51(connection, body, version):
    connection.send(proto(ADMIN, body, version))
    assert connection.receive_frame() == (ADMIN, bytes([0, 51]) + bytes(14))


def test_compressed_message_is_answered_with_25(connection):
    inner = proto(MESSAGE, GET)
    body = len(inner).to_bytes(8, "big") + zlib.compress(inner)
    _, reply = connection.exchange(COMPRESSED, body)
    assert reply[5] == 25
    assert connection.info("status") == ["ok"]


def test_message_between_servers_is_refused(connection):
    assert connection.exchange(XDR, b"garbage") == (MESSAGE, ERROR_4)


def test_batch_without_rows_is_refused(connection):
    _, reply = connection.exchange(MESSAGE, message((BATCH, 0, 0), [(0, b"test")]))
    assert reply[5] == 4


def test_pipelined_requests_are_answered_in_order(connection):
    connection.send(
        proto(MESSAGE, GET)
        + proto(INFO, b"partitions\n")
        + proto(ADMIN, bytes(16))
        + proto(MESSAGE, b"x")
        + proto(INFO, b"")[:3]
    )
    frames = [connection.receive_frame() for _ in range(4)]
    assert [kind for kind, _ in frames] == [MESSAGE, INFO, ADMIN, MESSAGE]
    assert frames[1][1] == b"partitions\t4096\n"


def test_message_that_trickles_in_is_answered(connection):
    for byte in proto(MESSAGE, GET):
        connection.send(bytes([byte]))
    assert connection.receive_frame() == (MESSAGE, NOT_FOUND)


def test_large_message_arrives_whole(record):
    value = os.urandom(1_000_000)
    assert record.write((2, b"a", 4, value)).result == 0
    assert record.get().bins == {b"a": (4, value)}


def test_many_large_replies_wait_for_a_slow_reader(record):
    value = os.urandom(1_000_000)
    record.write((2, b"a", 4, value))
    body = proto(MESSAGE, message((READ | GET_ALL, 0, 0), record.fields()))
    record.connection.send(body * 20)
    sizes = {len(record.connection.receive_frame()[1]) for _ in range(20)}
    assert sizes == {22 + len(operation((OP_READ, b"a", 4, value)))}


# A put, a get and a miss as the official client and a real server exchanged them.
CAPTURED_DIGEST = "b7f4b83889e2da67de683e1df6919a1eacc446c8"
CAPTURED_FIELDS = "0000000500746573740000000501 64656d6f0000001504" + CAPTURED_DIGEST
PUT = (
    "020300000000005d 16000100000000000000000000000000 03e800030002"
    + CAPTURED_FIELDS
    + "0000000d02010001610000000000000001 00000007020300016 26869"
)
PUT_REPLY = "0203000000000016 16000000000000000001 000000000000000000000000"
READ_BACK = "0203000000000041 16030000000000000000000000000000 03e800030000"
READ_REPLY = (
    "0203000000000032 16000000000000000001 000000000000000000000002"
    "0000000d01010001610000000000000001 0000000701030001626869"
)
MISS_REPLY = "0203000000000016 16000000000200000000 000000000000000000000000"


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


@pytest.fixture
def no_captured_record(connection):
    """The record of the captured key is absent before and afterwards."""
    remove = message((0, 3, 0), [(0, b"test"), (4, unhex(CAPTURED_DIGEST))])
    connection.command(remove)
    yield
    connection.command(remove)


@pytest.mark.usefixtures("no_captured_record")
def test_captured_put_and_get_have_the_captured_replies(connection):
    for request, reply in (
        (READ_BACK + CAPTURED_FIELDS, MISS_REPLY),
        (PUT, PUT_REPLY),
        (READ_BACK + CAPTURED_FIELDS, READ_REPLY),
    ):
        connection.send(unhex(request))
        assert connection.receive(len(unhex(reply))) == unhex(reply)


def test_connections_do_not_wait_for_each_other(address):
    with Connection(*address) as stuck, Connection(*address) as other:
        stuck.send(proto(MESSAGE, GET)[:-1])
        assert other.exchange(MESSAGE, GET) == (MESSAGE, NOT_FOUND)
        stuck.send(GET[-1:])
        assert stuck.receive_frame() == (MESSAGE, NOT_FOUND)


def test_field_helper_counts_the_type_byte():
    assert field(4, b"ab") == bytes.fromhex("00000003046162")
