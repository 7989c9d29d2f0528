"""One client, many threads."""

from __future__ import annotations

import gc
import random
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_helpers.operations import operations as ops

from ..faults.peer import OK_REPLY
from ..waiting import PATIENCE_S, join_all, until, wait_for

N_THREADS = 16
N_CALLS = 60


def run_threads(targets: list[Callable[[], Any]]) -> list[BaseException]:
    """Run each in a thread, all at once; what they raised."""
    raised: list[BaseException] = []
    barrier = threading.Barrier(len(targets))

    def run(target: Callable[[], Any]) -> None:
        try:
            barrier.wait(PATIENCE_S)
            target()
        except BaseException as error:  # noqa: BLE001 - judged by the test
            raised.append(error)

    threads = [threading.Thread(target=run, args=(t,), daemon=True) for t in targets]
    for thread in threads:
        thread.start()
    join_all(threads)
    return raised


class Worker:
    """Makes calls of all kinds on records of its own, and knows what must come."""

    def __init__(self, client: aerospike.Client, number: int) -> None:
        self.client = client
        self.random = random.Random(number)
        self.keys = [("test", "threads", f"{number}-{i}") for i in range(5)]
        self.known: dict[Any, dict[str, Any]] = {key: {} for key in self.keys}

    def __call__(self) -> None:
        calls = [
            self.put,
            self.get,
            self.select,
            self.exists,
            self.remove,
            self.append,
            self.increment,
            self.operate,
            self.batch,
            self.batch_read,
            self.query,
            self.info,
            self.refused,
        ]
        for _ in range(N_CALLS):
            self.random.choice(calls)(self.random.choice(self.keys))
        for key in self.keys:
            self.remove(key)

    def put(self, key: Any) -> None:
        size = self.random.choice([1, 10, 1000, 20_000])
        bins = {
            "n": self.random.randrange(1000),
            "s": "x" * size,
            "l": [1, {"a": None}],
        }
        assert self.client.put(key, bins) == 0
        self.known[key] |= bins

    def get(self, key: Any) -> None:
        if self.known[key]:
            assert self.client.get(key)[2] == self.known[key]
        else:
            with pytest.raises(exception.RecordNotFound) as caught:
                self.client.get(key)
            assert caught.value.key is key

    def select(self, key: Any) -> None:
        if self.known[key]:
            wanted = {k: v for k, v in self.known[key].items() if k in ("n", "s")}
            assert self.client.select(key, ["n", "s"])[2] == wanted

    def exists(self, key: Any) -> None:
        assert (self.client.exists(key)[1] is not None) == bool(self.known[key])

    def remove(self, key: Any) -> None:
        if self.known[key]:
            assert self.client.remove(key) == 0
            self.known[key] = {}

    def append(self, key: Any) -> None:
        assert self.client.append(key, "s", "y") == 0
        self.known[key]["s"] = self.known[key].get("s", "") + "y"

    def increment(self, key: Any) -> None:
        assert self.client.increment(key, "n", 3) == 0
        self.known[key]["n"] = self.known[key].get("n", 0) + 3

    def operate(self, key: Any) -> None:
        total = self.known[key].get("n", 0) + 1
        found = self.client.operate(key, [ops.increment("n", 1), ops.read("n")])
        assert found[2] == {"n": total}
        self.known[key]["n"] = total

    def batch(self, key: Any) -> None:
        n_keys = self.random.randrange(1, len(self.keys) + 1)
        keys = self.random.sample(self.keys, n_keys)
        batch = self.client.batch_operate(
            keys, [ops.increment("n", 7), ops.write("b", key[2])]
        )
        assert batch.result == 0
        for written in keys:
            total = self.known[written].get("n", 0) + 7
            self.known[written] |= {"n": total, "b": key[2]}

    def batch_read(self, _key: Any) -> None:
        batch = self.client.batch_read(self.keys)
        found = [r.record[2] if r.record else {} for r in batch.batch_records]
        assert found == [self.known[key] for key in self.keys]

    def query(self, key: Any) -> None:
        partition = self.client.get_key_partition_id(*key)
        policy = {"partition_filter": {"begin": partition, "count": 1}}
        query: Any = self.random.choice([self.client.query, self.client.scan])
        digest = aerospike.calc_digest(*key)
        found = [r[2] for r in query(*key[:2]).results(policy) if r[0][3] == digest]
        assert found == ([self.known[key]] if self.known[key] else [])

    def info(self, _key: Any) -> None:
        assert self.client.info_random_node("partitions") == "partitions\t4096\n"
        assert self.client.is_connected()
        assert self.client.get_nodes()

    def refused(self, key: Any) -> None:
        with pytest.raises(exception.ParamError):
            self.client.put(key, {"a": 2**64})
        with pytest.raises(exception.BinNameError):
            self.client.put(key, {"a" * 16: 1})


def test_mixed_calls_of_many_threads_are_right(client):
    workers = [Worker(client, i) for i in range(N_THREADS)]
    assert run_threads(list(workers)) == []


def test_scans_of_many_threads_are_complete(client):
    keys = [("test", "threads_scan", i) for i in range(200)]
    client.batch_operate(keys, [ops.write("a", "x" * 1000)])

    def scan():
        for _ in range(5):
            found = {bytes(r[0][3]) for r in client.scan("test", "threads_scan")}
            assert len(found) == 200

    def read():
        for _ in range(10):
            batch = client.batch_read(keys)
            assert all(r.result == 0 for r in batch.batch_records)

    try:
        assert run_threads([scan] * 6 + [read] * 4) == []
    finally:
        client.batch_remove(keys)


def test_increments_of_many_threads_add_up(client, key):
    def work():
        for _ in range(40):
            client.increment(key, "n", 1)

    assert run_threads([work] * N_THREADS) == []
    assert client.get(key)[2] == {"n": 40 * N_THREADS}


def test_threads_share_one_connection_limit(make_client, key):
    """Beyond max_conns_per_node calls fail with an error of that name, or wait."""
    client = make_client(max_conns_per_node=1, policies={"max_retries": 0})
    client.put(key, {"a": 1})

    def work():
        for _ in range(100):
            try:
                assert client.get(key)[2] == {"a": 1}
            except exception.NoMoreConnectionsError:
                continue

    assert run_threads([work] * 8) == []
    assert client.get(key)[2] == {"a": 1}


def test_threads_wait_for_their_turn(make_client, key):
    """With pool_timeout no call fails, of whichever kind it is."""
    client = make_client(
        max_conns_per_node=2, pool_timeout=60_000, policies={"max_retries": 0}
    )
    client.put(key, {"n": 0})
    keys = [("test", "turns", n) for n in range(20)]

    def count():
        for _ in range(100):
            client.increment(key, "n", 1)

    def batch():
        for _ in range(30):
            found = client.batch_operate(keys, [ops.write("a", 1)]).batch_records
            assert {row.result for row in found} == {0}

    def scan():
        for _ in range(10):
            client.scan("test", "turns").results()

    try:
        assert run_threads([count] * 6 + [batch] * 3 + [scan] * 2) == []
        assert client.get(key)[2] == {"n": 600}
    finally:
        client.batch_remove(keys)


@pytest.mark.parametrize("big", [False, True])
def test_close_while_calls_are_under_way(make_client, key, big):
    client = make_client()
    value = "x" * (200_000 if big else 10)
    client.put(key, {"a": value})
    closing = threading.Event()
    rounds: list[int] = []

    def work():
        while True:
            try:
                assert client.get(key)[2] == {"a": value}
                client.put(key, {"a": value})
                assert client.get_node_names() or closing.is_set()
            except (exception.ClusterError, exception.ClientError):
                if closing.is_set():
                    return
                raise
            rounds.append(1)

    def close():
        until(lambda: len(rounds) > 100)
        closing.set()
        client.close()

    assert run_threads([work] * 8 + [close]) == []
    with pytest.raises(exception.ClusterError):
        client.get(key)


def test_open_and_close_by_many_threads(make_client, key):
    """Calls succeed, or say that the client is closed."""
    client = make_client()
    client.put(key, {"a": 1})
    end = time.monotonic() + 1.5

    def work():
        while time.monotonic() < end:
            try:
                assert client.get(key)[2] == {"a": 1}
            except exception.ClusterError:
                pass

    def switch():
        while time.monotonic() < end:
            client.close()
            assert client.connect() is client

    assert run_threads([work] * 6 + [switch] * 2) == []
    assert client.connect() is client
    assert client.get(key)[2] == {"a": 1}


def test_first_calls_of_many_threads_connect_once(make_client):
    """A client that has not connected is used by several threads at once."""
    with DevCluster() as cluster:
        hosts = cluster.hosts
        cluster.stop_node(0)
        client = make_client(hosts=hosts)
        assert not client.is_connected()
        cluster.start_node(0)
        key = ("test", "threads", 1)
        calls = [lambda: client.put(key, {"a": 1})] * 4 + [client.connect] * 4
        assert run_threads(calls) == []
        assert client.get(key)[2] == {"a": 1}


def test_waiting_calls_do_not_stop_other_threads(scripted_node, make_client):
    """The interpreter is free while a call waits for its reply."""
    arrived, answer = threading.Event(), threading.Event()
    scripted_node.expect().then(arrived).wait(answer).send(OK_REPLY)
    client = make_client(hosts=[scripted_node.host])

    def call():
        assert client.get(("test", "threads", 1), {"max_retries": 0})[2] == {}

    def work():
        wait_for(arrived)
        assert sum(range(10_000)) == 49_995_000
        answer.set()

    assert run_threads([call, work]) == []


def test_value_changed_by_another_thread_while_it_is_sent(client, key):
    """Any of the states may be stored; nothing may break."""
    shared: list[Any] = list(range(2000))
    end = time.monotonic() + 1.0

    def change():
        while time.monotonic() < end:
            shared.clear()
            shared.extend(range(2000))

    def put():
        while time.monotonic() < end:
            try:
                client.put(key, {"l": shared})
            except (IndexError, RuntimeError):
                continue
            found = client.get(key)[2]["l"]
            assert found == list(range(len(found)))

    assert run_threads([put, put, change]) == []


def longest_hold(call: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of CPU that this thread takes in a call: the longest stretch without
    another thread's turn, and all of them together."""
    clock = time.pthread_getcpuclockid(threading.get_ident())
    seen: list[float] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.append(time.clock_gettime(clock))
            time.sleep(0)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # it asks for the GIL at once
    gc.disable()  # which would hold it as well
    thread = threading.Thread(target=look)
    thread.start()
    try:
        begin = time.clock_gettime(clock)
        result = call()  # kept: freeing it is not the call's
        end = time.clock_gettime(clock)
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
        gc.enable()
    del result
    turns = [begin, *(moment for moment in seen if begin < moment < end), end]
    return max(b - a for a, b in pairwise(turns)), end - begin


def test_decoding_gives_other_threads_their_turn(client, key):
    far = {"total_timeout": 60_000}
    client.put(key, {"m": {i: [i, str(i), i * 0.5] for i in range(20_000)}}, policy=far)

    def gives_turns():  # the machine may be too busy to take them, but not always
        held, whole = longest_hold(lambda: client.get(key, far))
        return held < whole / 2

    until(gives_turns)


def test_calls_and_a_thread_that_computes_all_go_on(client):
    """Each call waits for the GIL, until the computing thread must let it go."""
    keys = [("test", "threads", f"beside-{i}") for i in range(4)]
    steps, ends = [0], threading.Event()

    def compute() -> None:
        while not ends.is_set():
            steps[0] += 1

    def goes_on(seen: int) -> bool:
        return steps[0] > seen

    def read(key: Any, number: int) -> None:
        for _ in range(20):
            seen = steps[0]
            assert client.get(key)[2] == {"n": number}
            until(partial(goes_on, seen))

    for number, key in enumerate(keys):
        client.put(key, {"n": number})
    computing = threading.Thread(target=compute)
    computing.start()
    try:
        raised = run_threads(
            [partial(read, key, number) for number, key in enumerate(keys)]
        )
    finally:
        ends.set()
        computing.join()
    assert raised == []
