"""The garbage collector may rest while a reply is decoded. Nobody sees it rest: neither
the Python code that decoding calls nor another thread."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import _types
from aerospike_devserver import DevCluster
from aerospike_helpers.batch import records
from aerospike_helpers.operations import operations as ops

from ..waiting import patient

SET = "collector"
N_RECORDS = 20
LARGE = [str(i) for i in range(20_000)]  # other threads have turns while it is decoded


class Witness:
    """Of a stored class, one that the configuration names."""

    seen: list[bool]

    def __getstate__(self) -> dict[str, int]:
        return {"state": 1}

    def __setstate__(self, _state: Any) -> None:
        Witness.seen.append(gc.isenabled())


# what is stored -> which Python code its decoding calls
VALUES: dict[str, Any] = {
    "deserializer": bytearray(b"blob"),
    "GeoJSON": aerospike.GeoJSON({"type": "Point", "coordinates": [1.0, 2.0]}),
    "pickle": Witness(),
}

READS: dict[str, Callable[[aerospike.Client, list[Any]], Any]] = {
    "get": lambda client, keys: [client.get(key) for key in keys],
    "operate": lambda client, keys: client.operate(
        keys[0], [{"op": aerospike.OPERATOR_READ, "bin": "large"}]
    ),
    "batch_read": lambda client, keys: client.batch_read(keys),
    "get_many": lambda client, keys: client.get_many(keys),
    "results": lambda client, _keys: client.query("test", SET).results(),
    "foreach": lambda client, _keys: client.scan("test", SET).foreach(len),
    "stream": lambda client, _keys: list(client.scan("test", SET).stream()),
}


def by_deserializer(_value: Any) -> None:
    Witness.seen.append(gc.isenabled())


@pytest.fixture
def reader(make_client, monkeypatch) -> aerospike.Client:
    def loads(self: aerospike.GeoJSON, text: str) -> int:
        Witness.seen.append(gc.isenabled())
        return self.wrap({"text": text})

    monkeypatch.setattr(_types.GeoJSON, "loads", loads)
    monkeypatch.setattr(Witness, "seen", [], raising=False)
    client: aerospike.Client = make_client(
        serialization=(None, by_deserializer), pickle_classes=[Witness]
    )
    return client


@pytest.fixture
def stored(client) -> Iterator[Callable[..., list[Any]]]:
    """Stores bins in N_RECORDS records, and gives their keys."""
    keys = [("test", SET, i) for i in range(N_RECORDS)]

    def store(bins: dict[str, Any], writer: aerospike.Client = client) -> list[Any]:
        for key in keys:
            writer.put(key, bins)
        return keys

    yield store
    for key in keys:
        client.remove(key)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("read", READS)
def test_python_code_in_decoding_finds_the_collector_on(reader, stored, read, value):
    # behind the large value, for decoding that one may take pauses of its own
    large = [*LARGE[:2000], VALUES[value], *LARGE[:2000], VALUES[value]]
    keys = stored({"a": VALUES[value], "large": large, "z": VALUES[value]}, reader)
    Witness.seen.clear()
    READS[read](reader, keys)
    assert len(Witness.seen) >= 2
    assert all(Witness.seen)
    assert gc.isenabled()


@pytest.mark.parametrize(("slot", "base"), [("record", object), ("result", int)])
def test_what_a_batch_drops_finds_the_collector_on(slot, base):
    """The application may put something into a BatchRecord while its batch runs."""
    seen = []

    class Noisy(base):  # type: ignore[misc, valid-type]
        def __del__(self) -> None:
            seen.append(gc.isenabled())

    def put_something(_blob: Any) -> None:
        for row in rows[1:]:
            setattr(row, slot, Noisy())

    keys = [("test", SET, i) for i in range(N_RECORDS)]
    rows: list[Any] = [records.Read(key, [ops.read("a")]) for key in keys]
    config = {"serialization": (None, put_something)}
    with DevCluster() as cluster:  # one node, which answers the rows in their order
        client = aerospike.client(patient({"hosts": cluster.hosts} | config))
        for key in keys:
            client.put(key, {"a": 1 if key is not keys[0] else bytearray(b"blob")})
        client.batch_write(records.BatchRecords(rows))
        client.close()
    assert seen == [True] * (N_RECORDS - 1)


@pytest.mark.parametrize("read", READS)
def test_switching_it_off_in_decoding_stays(make_client, stored, read):
    keys = stored({"large": [*LARGE[:2000], bytearray(b"blob"), *LARGE[:2000]]})
    reader = make_client(serialization=(None, lambda _blob: gc.disable()))
    try:
        READS[read](reader, keys)
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("read", READS)
def test_other_threads_find_the_collector_on(client, stored, read):
    keys = stored({"large": LARGE})
    seen = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.add(gc.isenabled())

    thread = threading.Thread(target=look)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # it asks for the GIL at once
    thread.start()
    try:
        READS[read](client, keys)
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert seen == {True}


@pytest.mark.parametrize("read", READS)
def test_collector_that_is_off_stays_off(client, stored, read):
    keys = stored({"large": LARGE})
    gc.disable()
    try:
        READS[read](client, keys)
        assert not gc.isenabled()
    finally:
        gc.enable()
