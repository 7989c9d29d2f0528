"""Compression of the Enterprise edition: what is taken, refused and answered."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator

import pytest

from aerospike_devserver import DevCluster

from .rawwire import (
    COMPRESSED,
    GET_ALL,
    MESSAGE,
    READ,
    STRING,
    Connection,
    RecordClient,
    message,
    proto,
    put,
)

ASKS = 0x80
LONG = b"x" * 300


@pytest.fixture(scope="module")
def cluster() -> Iterator[DevCluster]:
    with DevCluster(edition="enterprise") as made:
        yield made


@pytest.fixture
def connection(cluster: DevCluster) -> Iterator[Connection]:
    with Connection(*cluster.hosts[0]) as made:
        yield made


@pytest.fixture
def record(connection: Connection) -> RecordClient:
    return RecordClient(connection, os.urandom(20))


def packed(inner: bytes, size: int | None = None) -> bytes:
    announced = len(inner) if size is None else size
    return announced.to_bytes(8, "big") + zlib.compress(inner)


def test_edition_is_told(connection):
    assert connection.info("edition") == ["Aerospike Enterprise Edition"]


def test_message_in_a_compressed_frame_is_carried_out(connection, record):
    record.write(put(b"s", STRING, LONG))
    body = message((READ | GET_ALL, 0, 0), record.fields())
    plain = connection.exchange(MESSAGE, body)
    inner = proto(MESSAGE, body)
    assert connection.exchange(COMPRESSED, packed(inner)) == plain


def test_long_reply_is_compressed_for_who_asks(connection, record):
    record.write(put(b"s", STRING, LONG))
    body = message((READ | GET_ALL, 0, 0), record.fields())
    asking = message((READ | GET_ALL | ASKS, 0, 0), record.fields())
    kind, reply = connection.exchange(MESSAGE, asking)
    inner = proto(*connection.exchange(MESSAGE, body))
    assert kind == COMPRESSED
    assert reply[:8] == len(inner).to_bytes(8, "big")
    assert zlib.decompress(reply[8:]) == inner


def test_short_reply_is_not(connection, record):
    record.write(put(b"s", STRING, b"x"))
    asking = message((READ | GET_ALL | ASKS, 0, 0), record.fields())
    assert connection.exchange(MESSAGE, asking)[0] == MESSAGE


GET = proto(MESSAGE, message((READ | GET_ALL, 0, 0), [(0, b"test"), (4, bytes(20))]))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        bytes(7),
        packed(b""),
        packed(GET, len(GET) - 1),
        packed(GET, len(GET) + 1),
        packed(GET, 1 << 40),
        packed(bytes(1 << 24), len(GET)),
        packed(GET)[:-1],
        packed(GET) + b"x",
        packed(GET[:-1]),
        packed(proto(COMPRESSED, packed(GET))),
        packed(proto(1, b"build\n")),
        len(GET).to_bytes(8, "big") + b"garbage",
    ],
    ids=range(13),
)
def test_what_is_no_compressed_message_is_refused(connection, body):
    kind, reply = connection.exchange(COMPRESSED, body)
    assert (kind, reply[5]) == (MESSAGE, 4)
    assert connection.info("status") == ["ok"]


def test_edition_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="community or enterprise"):
        DevCluster(edition="ultimate")


def test_security_is_of_the_enterprise_edition():
    with pytest.raises(ValueError, match="security needs edition"):
        DevCluster(security=True, edition="community")
    with DevCluster(security=True) as cluster:
        assert cluster.config["user"] == "admin"
