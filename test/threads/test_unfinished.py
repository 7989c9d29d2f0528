"""Nobody sees a list or tuple that is being filled: neither the Python code that
decoding calls, nor another thread, nor what runs when the collector starts. Touching
what is in an empty place ends the process."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike_helpers.metrics import MetricsPolicy
from aerospike_helpers.operations import list_operations as lists

from ..children import server
from ..faults.peer import ScriptedNode, reply
from ..waiting import PATIENCE_S, patient

BLOB = b"\xff"
KEY = ("test", "unfinished", 1)
MAP = 19  # particle type
ITEM = b"\xc4\x02\x04\xff"  # msgpack of BLOB
FLAT = (
    b"\x83\xc7\x00\x08\xc0\xa1\x03" + ITEM + b"\xa1\x03" + ITEM
)  # a map that keeps its pairs in order


def is_unfinished(container: Any) -> bool:
    """Whether it has empty places. Another thread may change it meanwhile."""
    before = len(container)
    n_filled = len(gc.get_referents(container))
    return n_filled < min(before, len(container))


def unfinished() -> list[str]:
    """What unfinished lists and tuples have that the collector knows. The interpreter
    itself has pairs that are not (those of zip()), so that they are left out."""
    return [
        f"{type(o).__name__} of {len(o)}, with {gc.get_referents(o)!r:.200}"
        for o in gc.get_objects()
        if type(o) in (list, tuple) and len(o) > 2 and is_unfinished(o)
    ]


@pytest.fixture(autouse=True)
def only_new_ones() -> Iterator[None]:
    """Leave out what is there already: looking takes a while.

    Threads of other tests, such as a development server's, fill tuples, too. None of
    them has to stop in the middle of that: each keeps the GIL until it waits.
    """
    interval = sys.getswitchinterval()
    sys.setswitchinterval(PATIENCE_S)
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    sys.setswitchinterval(interval)


@pytest.fixture(scope="module")
def hosts() -> Iterator[list[tuple[str, int]]]:
    """Of a server in another process: in this one, its threads fill tuples, too."""
    with server() as (address, _):
        yield [address]


def connect(hosts: list[Any], **config: Any) -> aerospike.Client:
    return aerospike.client(patient({"hosts": hosts} | config))


READS: dict[str, Callable[[aerospike.Client], Any]] = {
    "get": lambda client: client.get(KEY),
    "select": lambda client: client.select(KEY, ["l"]),
    "operate": lambda client: client.operate(KEY, [lists.list_get_range("l", 0, 9)]),
    "operate_ordered": lambda client: client.operate_ordered(
        KEY, [lists.list_get("l", i) for i in range(3)]
    ),
    "batch_read": lambda client: client.batch_read([KEY]),
    "get_many": lambda client: client.get_many([KEY]),
    "results": lambda client: client.query("test", "unfinished").results(),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_deserializer_sees_none(hosts, read):
    seen = []
    client = connect(hosts, serialization=(None, lambda _: seen.append(unfinished())))
    client.put(KEY, {"l": [BLOB, [BLOB, {"k": [1, BLOB, 2]}, 1]] * 3, "z": BLOB})
    read(client)
    client.close()
    assert len(seen) >= 2
    assert not any(seen), [found for found in seen if found]


def test_deserializer_sees_no_flat_pairs():
    seen = []
    with ScriptedNode() as node:
        client = connect(
            [node.host], serialization=(None, lambda _: seen.append(unfinished()))
        )
        node.default = reply(0, [(b"m", MAP, FLAT)])
        assert client.get(KEY)[2] == {"m": ["", None, "", None]}
        client.close()
    assert seen == [[], []]


NESTED: dict[str, Callable[[aerospike.Client], Any]] = {
    "pairs": lambda client: client.map_get_by_index_range(
        KEY, "m", 0, 3, aerospike.MAP_RETURN_KEY_VALUE
    ),
    "get_stats": lambda client: client.get_stats(),
}
"""What else gives containers within containers."""


def spare_containers() -> list[Any]:
    """What CPython has kept of small containers that ended, at most 2,000 of a size:
    while one is left, a new container does not start the collector."""
    tuples = ([(i,) * n for i in range(2_000)] for n in range(1, 20))
    return [*tuples, [[] for _ in range(100)], [{} for _ in range(100)]]


@pytest.mark.parametrize("read", (READS | NESTED).values(), ids=READS | NESTED)
def test_collector_s_callbacks_see_none(hosts, read, tmp_path):
    """Up to Python 3.11 a new container may start the collector in C code.

    Other threads may start it where the interpreter itself fills a list, such as that
    of epoll: theirs do not count.
    """
    seen = []
    reader = threading.get_ident()

    def look(phase: str, _info: Any) -> None:
        if phase == "start" and threading.get_ident() == reader:
            seen.append(unfinished())

    client = connect(hosts)
    client.enable_metrics(MetricsPolicy(report_dir=tmp_path))
    nested = [[1, {}, 2], [[], {"k": [3, {}, 4]}, {"a": 1}]] * 3
    client.put(KEY, {"l": nested, "m": {"a": 1, "b": 2, "c": 3}})
    read(client)  # the interpreter imports modules only once
    taken = spare_containers()
    before = gc.get_threshold()
    gc.freeze()
    gc.callbacks.append(look)
    gc.set_threshold(1)
    try:
        read(client)
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(look)
    client.close()
    assert taken
    assert not any(seen), [found for found in seen if found]


LARGE: dict[str, Any] = {
    "list": list(range(50_000)),
    "nested": [[list(range(50_000))]],
    "map": {str(i): i for i in range(20_000)},
}


@pytest.mark.parametrize("value", LARGE.values(), ids=LARGE)
def test_other_threads_see_none(hosts, value):
    client = connect(hosts)
    client.put(KEY, {"l": value})
    seen = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.append(unfinished())
            time.sleep(0)  # the other one may have the GIL

    thread = threading.Thread(target=look)
    thread.start()
    try:
        while len(seen) < 10:
            client.get(KEY)
            client.batch_read([KEY])
    finally:
        stop.set()
        thread.join()
    client.close()
    assert not any(seen), [found for found in seen if found]
