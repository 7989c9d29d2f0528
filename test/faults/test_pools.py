"""The connections to a node: how many, who waits for one, how many nodes at a time."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.operations import operations as ops

from ..waiting import PATIENCE_S, Watch, join_all, let_pass, until, wait_for
from .peer import MESSAGE, OK_REPLY, READ, ScriptedNode, parse_request, reply
from .test_many import FIELD_BATCH, last, row, rows_of

KEY = ("test", "demo", 1)
ONE_BIN = reply(0, [(b"a", 1, bytes(7) + b"\5")])
FIVE = reply(0, [(b"SUCCESS", 1, bytes(7) + b"\5")])
LONG = 60_000


# pool_timeout


@contextlib.contextmanager
def busy(node: ScriptedNode, client: aerospike.Client) -> Iterator[threading.Event]:
    """While another thread has the only connection; it gives it back at the event."""
    came, may_answer = threading.Event(), threading.Event()
    node.expect(READ).then(came).wait(may_answer).send(ONE_BIN)
    thread = threading.Thread(target=client.get, args=(KEY,))
    thread.start()
    try:
        wait_for(came)
        yield may_answer
    finally:
        may_answer.set()
        join_all([thread])


def in_thread(call: Any) -> tuple[threading.Thread, list[Any]]:
    """A call that is under way in a thread, and what it will have returned."""
    returned: list[Any] = []
    thread = threading.Thread(target=lambda: returned.append(call()))
    thread.start()
    return thread, returned


CALLS = {
    "get": lambda c: c.get(KEY),
    "put": lambda c: c.put(KEY, {"a": 1}),
    "operate": lambda c: c.operate(KEY, [ops.read("a")]),
    "apply": lambda c: c.apply(KEY, "m", "f", []),
    "batch": lambda c: c.batch_read([KEY]),
    "query": lambda c: c.query("test", "demo").results(),
    "scan": lambda c: c.scan("test", "demo").results(),
    "info": lambda c: c.info_all("build"),
}


@pytest.mark.parametrize("call", CALLS)
def test_call_waits_for_a_connection(scripted_node, make_client, call):
    client = make_client(
        hosts=[scripted_node.host], max_conns_per_node=1, pool_timeout=LONG
    )
    with busy(scripted_node, client) as may_answer:
        if call in ("batch", "query", "scan"):
            rows = row(0, 2) if call == "batch" else b""
            scripted_node.expect().send(rows + last())
        elif call != "info":
            scripted_node.expect().send(FIVE if call == "apply" else OK_REPLY)
        thread, returned = in_thread(lambda: CALLS[call](client))
        let_pass(0.05)
        assert (len(scripted_node.requests), returned) == (1, [])
        may_answer.set()
        join_all([thread])
    assert len(returned) == 1
    assert scripted_node.n_accepted == 2  # the tender's, and one


@pytest.mark.parametrize("call", [name for name in CALLS if name != "info"])
def test_call_that_has_waited_in_vain_says_what_to_do(scripted_node, make_client, call):
    client = make_client(
        hosts=[scripted_node.host],
        max_conns_per_node=1,
        pool_timeout=200,
        policies={"max_retries": 0},
    )
    with (
        busy(scripted_node, client),
        pytest.raises(exception.NoMoreConnectionsError) as caught,
        Watch() as watch,
    ):
        CALLS[call](client)
    watch.assert_took(0.2)
    error = caught.value
    assert (error.code, error.in_doubt, error.attempts) == (-7, False, 1)
    for word in ("all 1 connections", "200 ms", "max_conns_per_node", "pool_timeout"):
        assert word in str(error)


def test_total_timeout_ends_the_wait(scripted_node, make_client):
    client = make_client(
        hosts=[scripted_node.host], max_conns_per_node=1, pool_timeout=LONG
    )
    with (
        busy(scripted_node, client),
        pytest.raises(exception.NoMoreConnectionsError, match="total_timeout, 200 ms"),
        Watch() as watch,
    ):
        client.put(KEY, {"a": 1}, None, {"total_timeout": 200})
    watch.assert_took(0.2)


def test_connection_that_breaks_leaves_its_place(scripted_node, make_client):
    client = make_client(
        hosts=[scripted_node.host],
        max_conns_per_node=1,
        pool_timeout=LONG,
        policies={"max_retries": 0},
    )
    may_end = threading.Event()
    scripted_node.expect(READ).wait(may_end).hang_up()

    def fails():
        with pytest.raises(exception.ConnectionError):
            client.get(KEY)

    first, _ = in_thread(fails)
    until(lambda: scripted_node.requests)
    scripted_node.expect(READ).send(ONE_BIN)
    second, returned = in_thread(lambda: client.get(KEY))
    let_pass(0.05)
    may_end.set()
    join_all([first, second])
    assert returned[0][2] == {"a": 5}


def test_close_ends_the_wait(scripted_node, make_client):
    client = make_client(
        hosts=[scripted_node.host], max_conns_per_node=1, pool_timeout=LONG
    )

    def waits():
        with pytest.raises(exception.ClusterError):
            client.get(KEY)

    with busy(scripted_node, client):
        thread, returned = in_thread(waits)
        let_pass(0.05)
        client.close()
        join_all([thread])
    assert returned == [None]


# thread_pool_size


class Gauge:
    """How many requests are under way at once, when `enough` of them wait for it."""

    def __init__(self, enough: int) -> None:
        self.enough = enough
        self.inside = self.most = 0
        self._all_there = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            if self.inside == self.enough:
                self._all_there.set()
        assert self._all_there.wait(PATIENCE_S)
        let_pass(0.02)  # more of them would be seen

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.inside -= 1


def answer(body: bytes) -> bytes:
    """What a node without records says to a batch, a query, a job."""
    request = parse_request(body)
    if FIELD_BATCH in request.fields:
        return b"".join(row(i, 2) for i in rows_of(request)) + last()
    return last()


@contextlib.contextmanager
def trio(gauge: Gauge) -> Iterator[list[ScriptedNode]]:
    """Three nodes, each with a third of the partitions."""

    def on_frame(kind: int, body: bytes) -> bytes | None:
        if kind != MESSAGE:
            return None
        with gauge:
            return answer(body)

    with contextlib.ExitStack() as stack:
        nodes = [stack.enter_context(ScriptedNode(f"A{k}")) for k in range(3)]
        for k, node in enumerate(nodes):
            bits = [p % 3 == k for p in range(4096)]
            data = bytes(
                sum(bits[8 * i + j] << (7 - j) for j in range(8)) for i in range(512)
            )
            node.info["replicas"] = f"test:0,1,{base64.b64encode(data).decode()}"
            node.peers = [other for other in nodes if other is not node]
            node.on_frame = on_frame
        yield nodes


WIDE = {
    "batch": lambda c: c.batch_read([("test", "demo", i) for i in range(60)]),
    "batch_write": lambda c: c.batch_operate(
        [("test", "demo", i) for i in range(60)], [ops.write("a", 1)]
    ),
    "query": lambda c: c.query("test", "demo").results(),
    "scan": lambda c: c.scan("test", "demo").results(),
    "aggregation": lambda c: c.query("test", "demo").apply("m", "f").results(),
    "background": lambda c: c.scan("test", "demo").apply("m", "f").execute_background(),
}


@pytest.mark.parametrize(
    ("size", "where"), [*((n, "client") for n in (None, 1, 2, 3, 9)), (2, "policies")]
)
@pytest.mark.parametrize("call", WIDE)
def test_thread_pool_size_caps_the_nodes_asked_at_once(
    make_client, tmp_path, call, size, where
):
    (tmp_path / "m.lua").write_text("function f(s) return s end")
    gauge = Gauge(min(size or 3, 3))
    given = {} if size is None else {"thread_pool_size": size}
    config = given if where == "client" else {"policies": given}
    with trio(gauge) as nodes:
        client = make_client(
            hosts=[nodes[0].host], lua={"user_path": str(tmp_path)}, **config
        )
        assert len(client.get_nodes()) == 3
        WIDE[call](client)
    assert gauge.most == gauge.enough


def test_thread_pool_size_of_the_client_goes_before_that_of_the_policies(make_client):
    for order in (1, -1):
        keys: list[Any] = [
            ("thread_pool_size", 1),
            ("policies", {"thread_pool_size": 3}),
        ]
        gauge = Gauge(1)
        with trio(gauge) as nodes:
            client = make_client(hosts=[nodes[0].host], **dict(keys[::order]))
            client.scan("test", "demo").results()
        assert gauge.most == 1


@pytest.mark.parametrize("order", [1, -1])
def test_max_conns_per_node_goes_before_max_threads(scripted_node, make_client, order):
    policies = {"max_threads": 9, "max_retries": 0}
    keys: list[Any] = [("max_conns_per_node", 1), ("policies", policies)]
    config = dict(keys[::order])
    client = make_client(hosts=[scripted_node.host], **config)
    with (
        busy(scripted_node, client),
        pytest.raises(exception.NoMoreConnectionsError, match="all 1"),
    ):
        client.get(KEY)


# the circuit breaker


def trip(node: ScriptedNode, client: aerospike.Client, n: int) -> None:
    """Let so many writes fail at a node."""
    for _ in range(n):
        node.expect().hang_up()
        with pytest.raises(exception.ConnectionError) as caught:
            client.put(KEY, {"a": 1}, None, {"max_retries": 0})
        assert caught.value.in_doubt


def test_read_goes_to_the_other_copy_while_a_node_is_left_alone(
    scripted_pair, make_client
):
    first, other = scripted_pair
    client = make_client(hosts=[first.host], max_error_rate=2, tend_interval=LONG)
    trip(first, client, 3)
    other.expect(READ).send(ONE_BIN)
    assert client.get(KEY)[2] == {"a": 5}
    other.expect().send(row(0) + last())
    assert client.batch_read([KEY]).result == 0
    with pytest.raises(exception.MaxErrorRateExceeded) as caught:
        client.put(KEY, {"a": 1}, None, {"max_retries": 3})
    error = caught.value
    assert (error.code, error.in_doubt, error.attempts) == (-14, False, 4)
    assert error.host == first.text
    assert len(first.requests) == 3


def test_master_that_is_left_alone_is_not_replaced(scripted_pair, make_client):
    first, other = scripted_pair
    client = make_client(hosts=[first.host], max_error_rate=1, tend_interval=LONG)
    trip(first, client, 2)
    with pytest.raises(exception.MaxErrorRateExceeded):
        client.get(KEY, {"replica": aerospike.POLICY_REPLICA_MASTER})
    assert other.requests == []


@pytest.mark.parametrize("code", [9, 11, 18])
def test_codes_that_count_as_errors(scripted_node, make_client, code):
    client = make_client(
        hosts=[scripted_node.host], max_error_rate=1, tend_interval=LONG
    )
    for _ in range(2):
        scripted_node.expect().send(reply(code))
        with pytest.raises(exception.AerospikeError) as caught:
            client.put(KEY, {"a": 1})
        assert caught.value.code == code
    with pytest.raises(exception.MaxErrorRateExceeded):
        client.put(KEY, {"a": 1})


@pytest.mark.parametrize("code", [2, 5, 14, 27])
def test_codes_that_are_proper_answers(scripted_node, make_client, code):
    client = make_client(
        hosts=[scripted_node.host], max_error_rate=1, tend_interval=LONG
    )
    for _ in range(9):
        scripted_node.expect().send(reply(code))
        with pytest.raises(exception.AerospikeError) as caught:
            client.put(KEY, {"a": 1})
        assert caught.value.code == code
