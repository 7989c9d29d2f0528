"""Peers and seeds that do not behave: finding a cluster, and leaving it, takes no
longer than it may, and does not hold up what is known already."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception, predicates
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations as ops

from ..waiting import LATE_S, Watch, until
from .peer import INFO, OK_REPLY, READ, HangUp, ScriptedNode, bind

KEY = ("test", "demo", 1)


@contextlib.contextmanager
def within(limit_s: float) -> Iterator[None]:
    with Watch() as watch:
        yield
    assert watch.took < limit_s + LATE_S


class Mute:
    """A port at which connections are made and nothing is said."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port: int = self.listener.getsockname()[1]

    @property
    def text(self) -> str:
        return f"127.0.0.1:{self.port}"

    def count(self) -> int:
        """How many connections were made since the last call."""
        n = 0
        self.listener.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.listener.accept()[0].close()
                n += 1
        return n

    def wait(self) -> None:
        """Until somebody connects."""
        self.listener.settimeout(30)
        self.listener.accept()[0].close()


@pytest.fixture
def mute() -> Iterator[Mute]:
    made = Mute()
    yield made
    made.listener.close()


def name_peers(node: ScriptedNode, peers: list[tuple[str, list[str]]]) -> None:
    """Have a node name peers, each with its addresses."""
    lists = ",".join(f"[{name},,[{','.join(hosts)}]]" for name, hosts in peers)
    node.info["peers-clear-std"] = f"7,3000,[{lists}]"
    node.info["peers-generation"] = "7"


def count_threads() -> int:
    """Of this process, those of the library included."""
    return len(os.listdir("/proc/self/task"))


CROWDS: dict[str, Any] = {
    "100,000 silent peers": lambda m: [(f"P{i}", [m.text]) for i in range(100_000)],
    "100,000 peers that refuse": lambda m: [
        (f"P{i}", ["127.0.0.1:1"]) for i in range(100_000)
    ],
    "a peer with 200 silent addresses": lambda m: [("P", [m.text] * 200)],
    "a peer with 100,000 addresses": lambda m: [("P", [m.text] * 100_000)],
    "one name 100,000 times": lambda m: [("P", [m.text])] * 100_000,
    "peers whose names do not resolve": lambda m: [
        (f"P{i}", [f"nowhere{i}.invalid"]) for i in range(2000)
    ],
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_constructor_and_close_are_bounded(scripted_node, mute, crowd):
    n_threads = count_threads()
    name_peers(scripted_node, CROWDS[crowd](mute))
    with within(3 * 0.3):
        client = aerospike.client(
            {
                "hosts": [scripted_node.host],
                "connect_timeout": 300,
                "tend_interval": 250,
                "fail_if_not_connected": False,
            }
        )
    assert mute.count() <= 8 * 1024
    scripted_node.default = OK_REPLY

    def works() -> bool:
        try:
            client.put(KEY, {"n": 1})
        except exception.NamespaceNotFound:  # no partition map has come yet
            return False
        return True

    until(works)  # what is there, as soon as its partition map is known
    time.sleep(0.3)  # the tend thread is at it
    with within(0):
        client.close()
    # names that are still looked up keep later tests from looking up theirs
    until(lambda: count_threads() <= n_threads)


def test_addresses_of_a_peer_are_eight_at_most(scripted_node, mute):
    name_peers(scripted_node, [("P", [mute.text] * 200)])
    client = aerospike.client({"hosts": [scripted_node.host], "connect_timeout": 300})
    assert mute.count() == 8
    client.close()


def test_last_of_eight_addresses_is_found_beside_silent_ones(
    scripted_pair, mute, make_client
):
    first, other = scripted_pair
    name_peers(first, [("A2", [mute.text] * 7 + [other.text])])
    with within(0):
        client = make_client(hosts=[first.host], connect_timeout=60_000)
    assert {name["node_name"] for name in client.get_node_names()} == {"A1", "A2"}


def test_peer_behind_a_crowd_is_found_in_the_end(scripted_pair, mute, make_client):
    """A cycle that cannot try them all goes on where the last one stopped."""
    first, other = scripted_pair
    crowd = [(f"P{i}", [mute.text]) for i in range(1000)]
    name_peers(first, [*crowd, ("A2", [other.text])])
    client = make_client(
        hosts=[first.host],
        connect_timeout=100,
        tend_interval=250,
        fail_if_not_connected=False,
    )
    until(lambda: len(client.get_nodes()) == 2)


# seeds


def test_silent_seeds_are_tried_side_by_side(scripted_pair, mute, make_client):
    seeds = [("127.0.0.1", mute.port)] * 50 + [scripted_pair[0].host]
    with within(0):
        client = make_client(hosts=seeds, connect_timeout=60_000)
    assert client.is_connected()


def test_silent_seeds_bound_the_constructor(mute):
    seeds = [("127.0.0.1", mute.port)] * 50
    config = {"hosts": seeds, "connect_timeout": 300, "fail_if_not_connected": True}
    with within(3 * 0.3), pytest.raises(exception.ConnectionError) as caught:
        aerospike.client(config)
    assert (caught.value.host, caught.value.phase) == (mute.text, "validate")


# a client whose constructor did not reach anybody connects with the first call


def work(client):
    return client.query("test", "demo").add_ops([ops.write("n", 1)])


LATE: dict[str, Any] = {
    "get": lambda c, p: c.get(KEY, p),
    "put": lambda c, p: c.put(KEY, {"n": 1}, None, p),
    "operate": lambda c, p: c.operate(KEY, [ops.read("n")], None, p),
    "batch_read": lambda c, p: c.batch_read([KEY], None, p),
    "batch_write": lambda c, p: c.batch_write(
        BatchRecords([Write(KEY, [ops.write("n", 1)])]), p
    ),
    "query": lambda c, p: (
        c.query("test", "demo").where(predicates.equals("n", 1)).results(p)
    ),
    "scan": lambda c, p: c.scan("test", "demo").results(p),
    "execute_background": lambda c, p: work(c).execute_background(p),
    "info_all": lambda c, p: c.info_all("node", {"timeout": p["total_timeout"]}),
    "truncate": lambda c, p: c.truncate(
        "test", None, 0, {"timeout": p["total_timeout"]}
    ),
}


@pytest.fixture
def late_client() -> Iterator[tuple[aerospike.Client, socket.socket]]:
    """(client, socket): nobody listened at its address when the client was made."""
    with bind() as bound:
        client = aerospike.client(
            {"hosts": [bound.getsockname()], "connect_timeout": 60_000}
        )
        yield client, bound
        client.close()


@pytest.mark.parametrize("call", LATE)
def test_connecting_late_is_within_the_total_timeout(late_client, call):
    client, bound = late_client
    bound.listen()  # and it is silent
    with (
        within(0.1),
        pytest.raises(exception.AerospikeError, match="had to connect"),
    ):
        LATE[call](client, {"total_timeout": 100})


def test_connecting_late_leaves_the_rest_of_the_time(late_client):
    """The seed answers late; then the node is silent."""
    client, bound = late_client
    waits = [3.5]

    def delay(kind: int, _body: bytes) -> None:
        if kind == INFO and waits:
            time.sleep(waits.pop())

    with ScriptedNode(bound=bound) as node:
        node.on_frame = delay
        node.expect(READ).stay_silent()
        with within(6), pytest.raises(exception.TimeoutError):
            client.get(KEY, {"total_timeout": 6000, "max_retries": 0})


# what is known goes on


def test_map_is_renewed_before_new_peers_are_contacted(
    scripted_node, mute, make_client
):
    """The silent peers would hold the cycle up for a minute."""
    client = make_client(
        hosts=[scripted_node.host], connect_timeout=60_000, tend_interval=250
    )
    maps = scripted_node._value("replicas")
    scripted_node.info["replicas"] = maps + ";" + maps.replace("test:", "late:")
    scripted_node.info["partition-generation"] = "2"
    name_peers(scripted_node, [(f"P{i}", [mute.text]) for i in range(20)])
    mute.wait()
    scripted_node.default = OK_REPLY

    def is_known():
        try:
            return client.put(("late", "demo", 1), {"n": 1}) == 0
        except exception.NamespaceNotFound:
            return False

    until(is_known)
    with within(0):
        client.close()


# maps that are of no use


@pytest.mark.parametrize(
    ("replicas", "told"),
    [
        ("test:0,1," + "!" * 684, "malformed partition map of namespace test"),
        ("test:0,1,", "malformed partition map of namespace test"),
        ("test:0,0", "no node owns a partition"),
        ("test:0,1," + "A" * 683 + "=", "no node owns a partition"),
    ],
)
def test_constructor_tells_of_a_map_that_is_of_no_use(scripted_node, replicas, told):
    scripted_node.info["replicas"] = replicas
    config = {"hosts": [scripted_node.host], "fail_if_not_connected": True}
    with pytest.raises(exception.ClientError, match=told):
        aerospike.client(config)


# sizes that lie


@pytest.mark.parametrize("size", [4 << 20, 2**31, 2**48 - 1])
@pytest.mark.parametrize("name", [b"peers-clear-std", b"replicas", b"node"])
def test_info_replies_with_lying_sizes(scripted_node, name, size):
    """More than any such reply has is refused at once, the rest is waited for."""

    def lie(kind: int, body: bytes) -> bytes | None:
        if kind == INFO and name in body:
            return struct.pack(">Q", 2 << 56 | INFO << 48 | size) + b"node\tA1\n"
        return None

    scripted_node.on_frame = lie
    config = {
        "hosts": [scripted_node.host],
        "connect_timeout": 200,
        "fail_if_not_connected": True,
    }
    with within(3 * 0.2), pytest.raises(exception.AerospikeError):
        aerospike.client(config)


@pytest.mark.parametrize("lost", [b"peers-clear-std", b"replicas"])
def test_nodes_stay_whose_long_replies_are_lost(scripted_pair, make_client, lost):
    """A network may lose large packets alone, and then those of all nodes at once."""

    def lose(_kind, body):
        if lost in body:
            raise HangUp

    first, other = scripted_pair
    client = make_client(hosts=[first.host])
    for node in scripted_pair:
        node.on_frame = lose
        node.info.update({"peers-generation": "9", "partition-generation": "2"})
    first.wait_for_cycles(4)
    assert len(client.get_nodes()) == 2
    for node in scripted_pair:
        node.on_frame = None
        node.default = OK_REPLY
    other.wait_for_cycles(2)
    client.put(KEY, {"n": 1})


@pytest.mark.parametrize("name", ["", "\xe9", "A\0B", "A B", "A" * 20, "A" * 5000])
def test_name_that_no_node_can_have_is_refused(scripted_node, name):
    scripted_node.info["node"] = name
    with pytest.raises(exception.ClientError, match="no valid name"):
        aerospike.client({"hosts": [scripted_node.host], "fail_if_not_connected": True})
