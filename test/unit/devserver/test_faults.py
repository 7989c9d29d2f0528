"""Faults of the development server and of a proxy, as a client of bytes sees them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aerospike_devserver import DevCluster, FaultProxy
from aerospike_devserver.codec.message import encode_last
from aerospike_devserver.faults import NUMBERS

from ...waiting import Watch, until
from .querying import ALL
from .rawwire import (
    BATCH,
    LAST,
    MESSAGE,
    OP_INCR,
    PARTITION_DONE,
    READ,
    WRITE,
    Connection,
    i64,
    proto,
)
from .rawwire import message as message_of

DIGEST = b"\x07" * 20
FIELDS = [(0, b"test"), (4, DIGEST)]
ADD_ONE = proto(
    MESSAGE, message_of((0, WRITE, 0), FIELDS, [(OP_INCR, b"n", 1, i64(1))])
)
GET = proto(MESSAGE, message_of((READ | 2, 0, 0), FIELDS))


class Caller:
    """Sends requests to a node, each on a connection of its own."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    def ask(self, request: bytes, patience_s: float = 20.0) -> bytes:
        """All that comes until the node hangs up, or for so long."""
        made = bytearray()
        with socket.create_connection(self._address) as sock:
            sock.settimeout(patience_s)
            sock.sendall(request)
            with contextlib.suppress(TimeoutError):
                while chunk := sock.recv(4096):
                    made += chunk
                    if len(made) >= 8 and len(made) >= 8 + int.from_bytes(
                        made[2:8], "big"
                    ):
                        break
        return bytes(made)

    def count(self) -> int:
        """The number that ADD_ONE has made."""
        return int.from_bytes(self.ask(GET)[-8:], "big")


@pytest.fixture(params=["cluster", "proxy"])
def cluster(request):
    """Two nodes with faults: a cluster's own, or those of a proxy before it."""
    with DevCluster(2) as made:
        if request.param == "cluster":
            yield made
            return
        with FaultProxy(made.hosts) as proxy:
            yield proxy


@pytest.fixture
def caller(cluster):
    made = Caller(cluster.hosts[0])
    made.ask(ADD_ONE)
    return made


@pytest.fixture
def faults(cluster):
    return cluster.faults


def test_request_that_is_dropped_is_not_carried_out(caller, faults):
    with faults.drop(commands="write") as fault:
        assert caller.ask(ADD_ONE, 0.05) == b""
        until(lambda: fault.hits)  # the server may have it only now
    assert (fault.hits, caller.count()) == (1, 1)


def test_connection_goes_on_behind_a_request_that_is_dropped(cluster, faults):
    faults.drop(commands="write")
    with Connection(*cluster.hosts[0]) as connection:
        connection.sock.sendall(ADD_ONE)
        assert connection.info("node") == cluster.node_ids[:1]


def test_request_that_fails_is_not_carried_out(caller, faults):
    with faults.fail(8, commands="write") as fault:
        assert caller.ask(ADD_ONE)[13] == 8
    assert (fault.hits, caller.count()) == (1, 1)


def test_batches_and_queries_fail_as_a_whole(cluster, faults):
    faults.fail(18)
    batch = message_of((READ | BATCH, 0, 0), [(0, b"test")])
    query = message_of((READ, 0, 0), [(0, b"test")])
    with Connection(*cluster.hosts[0]) as connection:
        for body in (batch, query):
            (row,) = connection.stream(body)
            assert (row.result, row.info3) == (18, LAST)
        assert connection.info("status") == ["ok"]  # it has no result code


@pytest.mark.parametrize("end", ["silence", "half_close", "reset"])
def test_request_is_carried_out_and_not_answered(caller, faults, end):
    with getattr(faults, end)(commands="write") as fault:
        wanted = pytest.raises(ConnectionResetError) if end == "reset" else None
        with wanted or contextlib.nullcontext():
            assert caller.ask(ADD_ONE, 0.05 if end == "silence" else 20) == b""
        until(lambda: fault.hits)  # the server may have it only now
    assert (fault.hits, caller.count()) == (1, 2)


def test_silent_connection_ends_with_its_client(cluster, faults):
    faults.silence(commands="write")
    with Connection(*cluster.hosts[0]) as connection:
        connection.sock.sendall(ADD_ONE * 3)
    with Connection(*cluster.hosts[0]) as other:
        until(lambda: "client_connections=1;" in other.info("statistics")[0])


def test_reply_is_late_by_the_delay(caller, faults):
    faults.delay(0.1, commands="read")
    with Watch() as watch:
        assert caller.count() == 1
    watch.assert_took(0.1)


def test_reply_trickles(caller, faults):
    size = len(caller.ask(GET))
    faults.trickle(0.001, commands="read")
    with Watch() as watch:
        assert len(caller.ask(GET)) == size
    watch.assert_took(0.001 * (size - 1))


def test_reply_is_cut_at_every_offset(caller, faults):
    whole = caller.ask(GET)
    for at in range(len(whole) + 1):
        with faults.cut(at, commands="read"):
            assert caller.ask(GET) == whole[:at]


def test_stream_is_cut_across_its_parts(cluster, caller, faults):
    """Those of a query: a record, and the message that ends it."""
    one, two = (
        proto(
            MESSAGE,
            message_of((READ, 0, PARTITION_DONE), [(0, b"test"), (7, i64(task)), ALL]),
        )
        for task in (1, 2)
    )
    with Connection(*cluster.hosts[0]) as connection:
        connection.sock.sendall(one)
        whole = b""
        while not whole.endswith(encode_last(0)):
            whole += connection.receive(1)
    faults.cut(len(whole) - 1, commands="query")
    with Connection(*cluster.hosts[0]) as connection:
        connection.sock.sendall(two)
        assert connection.receive(len(whole) - 1) == whole[:-1]
        assert connection.sock.recv(1) == b""


def test_garbage_is_the_same_for_a_seed(caller, faults):
    whole, seen = caller.ask(GET), []
    for seed in (1, 1, 2):
        with faults.garbage(8, seed=seed, commands="read"):
            seen.append(caller.ask(GET))
    assert seen[0] == seen[1] != seen[2]
    assert all(each[:8] == whole[:8] and len(each) == len(whole) for each in seen)


@pytest.mark.parametrize("name", sorted(set(NUMBERS) - {"size"}))
def test_reply_lies_about_one_number(caller, faults, name):
    whole = caller.ask(GET)
    offset, size = NUMBERS[name]
    with faults.lie({name: 0xAB}, commands="read"):
        lie = (0xAB).to_bytes(size, "big")
        assert caller.ask(GET) == whole[:offset] + lie + whole[offset + size :]


def test_faults_act_in_the_order_of_their_making(caller, faults):
    whole = caller.ask(GET)
    with faults.cut(20, commands="read"), faults.garbage(18, commands="read"):
        assert caller.ask(GET)[:18] == whole[:18]
    with faults.garbage(18, commands="read"), faults.cut(18, commands="read"):
        assert caller.ask(GET) == whole[:18]


@pytest.mark.parametrize(
    ("scope", "struck"),
    [
        ({"nth": 2}, [False, True, False, False]),
        ({"every": 2}, [False, True, False, True]),
        ({"times": 1}, [True, False, False, False]),
        ({"every": 2, "times": 1}, [False, True, False, False]),
        ({"node": 0}, [True] * 4),
        ({"node": 1}, [False] * 4),
        ({"commands": "write"}, [False] * 4),
        ({"commands": ["read", "write"]}, [True] * 4),
        ({"commands": None}, [True] * 4),
    ],
    ids=str,
)
def test_fault_strikes_the_requests_of_its_scope(caller, faults, scope, struck):
    whole = caller.ask(GET)
    with faults.cut(0, **scope) as fault:
        assert [caller.ask(GET) != whole for _ in struck] == struck
    assert fault.hits == sum(struck)


def test_kinds_of_commands_are_told_apart(cluster, caller, faults):
    batch = proto(MESSAGE, message_of((READ | BATCH, 0, 0), [(0, b"test")]))
    asked = {
        "read": GET,
        "write": ADD_ONE,
        "batch": batch,
        "query": proto(MESSAGE, message_of((READ, 0, 0), [(0, b"test")])),
        "apply": proto(
            MESSAGE, message_of((0, WRITE, 0), [*FIELDS, (30, b"m"), (31, b"f")])
        ),
        "info": proto(1, b"node\n"),
        "admin": proto(2, bytes(16)),
    }
    made = {name: faults.cut(0, commands=name) for name in asked}
    for request in asked.values():
        assert caller.ask(request) == b""
    assert {name: fault.hits for name, fault in made.items()} == dict.fromkeys(made, 1)


def test_node_refuses_until_the_fault_ends(cluster, caller, faults):
    with faults.refuse(0):
        with pytest.raises(ConnectionRefusedError):
            caller.ask(GET)
        Caller(cluster.hosts[1]).ask(GET)
        with faults.refuse(), pytest.raises(ConnectionRefusedError):
            Caller(cluster.hosts[1]).ask(GET)
        with pytest.raises(ConnectionRefusedError):
            caller.ask(GET)
    assert caller.count() == 1


def test_swapped_nodes_answer_for_each_other(cluster, faults):
    def names():
        found = []
        for host in cluster.hosts:
            with Connection(*host) as connection:
                found.append(connection.info("node")[0])
        return found

    ids = cluster.node_ids
    with Connection(*cluster.hosts[0]) as before:
        before.info("node")
        with faults.swap(0, ids[1]):
            assert before.sock.recv(1) == b""
            assert names() == ids[::-1]
    assert names() == ids


@pytest.mark.parametrize("end", ["reset", "silence", "half_close", "delay", "cut"])
def test_fault_strikes_connections(caller, faults, end):
    needed: dict[str, list[float]] = {"delay": [0.05], "cut": [0]}
    given = needed.get(end, [])
    with getattr(faults, end)(*given, commands="connect", times=1) as fault:
        if end == "delay":
            assert caller.count() == 1
        else:
            with contextlib.suppress(ConnectionError):
                assert caller.ask(GET, 0.05) == b""
            until(lambda: fault.hits)  # before another connection comes
    assert (fault.hits, caller.count()) == (1, 1)


def test_fault_shows_what_it_is(caller, faults):
    fault = faults.delay(0.0, commands="read", node=0)
    caller.count()
    shown = "delay(node=0, commands=frozenset({'read'}))"
    assert repr(fault) == f"<fault {shown}: 1 hits>"
    fault.end()
    assert repr(fault) == f"<fault {shown}: ended, 1 hits>"


def test_faults_end_with_reset_and_with_the_cluster(cluster, faults):
    for end in (getattr(cluster, "reset", faults.clear), cluster.stop):
        fault = faults.refuse()
        end()
        assert (fault.is_active, faults.active) == (False, ())
        fault.end()


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda f: f.delay(-1), "seconds must be 0 or more seconds, not -1"),
        (lambda f: f.delay("1"), "seconds is a number of seconds, not str"),
        (lambda f: f.trickle(float("nan")), "pause must be 0 or more seconds, not nan"),
        (lambda f: f.silence(commands="wirte"), "no kind of command: 'wirte'"),
        (lambda f: f.silence(commands=[]), "commands is one of read, write"),
        (lambda f: f.silence(nod=1), r"silence\(\) has no argument 'nod'"),
        (lambda f: f.silence(node=7), "no node 7: there are 2"),
        (lambda f: f.silence(node="B"), "no node 'B': there are BB9"),
        (lambda f: f.silence(nth=0), "nth must be at least 1, not 0"),
        (lambda f: f.silence(times=True), "times must be an int, not bool"),
        (lambda f: f.silence(nth=1, every=2), "every and times do not go with it"),
        (lambda f: f.drop(commands="connect"), "drop changes replies"),
        (lambda f: f.cut(1, commands="connect"), r"by silence, .* and cut\(0\)"),
        (lambda f: f.cut(-1), "at must be at least 0, not -1"),
        (lambda f: f.cut(1, "die"), "then is one of close, half_close"),
        (lambda f: f.lie({}), "claims is a dict with any of version"),
        (lambda f: f.lie({"bin": 1}), "no number in a reply: 'bin'"),
        (lambda f: f.lie({"bins": 1 << 16}), "bins has 2 bytes, not 65536"),
        (lambda f: f.fail(0), "result must be at least 1, not 0"),
        (lambda f: f.fail(256), "result is at most 255, not 256"),
        (lambda f: f.fail(8, commands="info"), "fail is about requests of read, write"),
        (lambda f: f.fail(8, commands="wirte"), "no kind of command: 'wirte'"),
        (lambda f: f.swap(1, 1), "cannot change places with itself"),
        (lambda f: f.refuse(9), "no node 9"),
    ],
)
def test_bad_arguments_are_named(faults, make, error):
    with pytest.raises((TypeError, ValueError, IndexError), match=error):
        make(faults)
    assert faults.active == ()


# the proxy


def info(address, name):
    with Connection(*address) as connection:
        return connection.info(name)[0]


def test_proxy_finds_all_nodes_by_one():
    with DevCluster(3) as cluster, FaultProxy(cluster.hosts[:1]) as proxy:
        assert proxy.node_ids == cluster.node_ids
        assert proxy.hosts == proxy.addresses[:1]
        for node_id, address in zip(proxy.node_ids, proxy.addresses, strict=True):
            assert address not in cluster.hosts
            assert info(address, "node") == node_id


def test_proxy_rewrites_addresses():
    with DevCluster(2) as cluster, FaultProxy(cluster.hosts[:1]) as proxy:
        first, other = (f"{host}:{port}" for host, port in proxy.addresses)
        for name in ("service", "service-clear-std"):
            assert info(proxy.hosts[0], name) == first
        assert info(proxy.hosts[0], "services") == other
        peers = info(proxy.hosts[0], "peers-clear-std")
        assert peers.endswith(f",3000,[[{cluster.node_ids[1]},,[{other}]]]")


def test_proxy_finds_nodes_that_come_later():
    with DevCluster(2) as cluster:
        cluster.stop_node(1)
        with FaultProxy(cluster.hosts) as proxy:
            assert proxy.node_ids == cluster.node_ids[:1]
            cluster.start_node(1)
            info(proxy.hosts[0], "peers-clear-std")
            assert proxy.node_ids == cluster.node_ids
            assert info(proxy.addresses[1], "node") == cluster.node_ids[1]


def test_proxy_that_does_not_follow_leaves_addresses():
    with (
        DevCluster(2) as cluster,
        FaultProxy(cluster.hosts[:1], follow=False) as proxy,
    ):
        peers = info(cluster.hosts[0], "peers-clear-std")
        assert info(proxy.hosts[0], "peers-clear-std") == peers
        assert len(proxy.addresses) == 1


def test_proxy_hangs_up_where_its_node_is_gone():
    with DevCluster(2) as cluster, FaultProxy(cluster.hosts) as proxy:
        with Connection(*proxy.hosts[1]) as connection:
            connection.info("node")
            cluster.stop_node(1)
            connection.sock.sendall(GET)
            assert connection.sock.recv(1) == b""
        assert Caller(proxy.hosts[1]).ask(GET) == b""


def test_proxy_drops_the_connection_of_a_client_that_has_gone():
    with DevCluster() as cluster, FaultProxy(cluster.hosts) as proxy:
        with Connection(*proxy.hosts[0]) as connection:
            cluster.freeze_node(0)
            connection.sock.sendall(GET)
        cluster.thaw_node(0)
        with Connection(*cluster.hosts[0]) as other:
            until(lambda: "client_connections=1;" in other.info("statistics")[0])


@pytest.mark.parametrize("kind", ["cluster", "proxy"])
def test_end_comes_while_clients_connect(kind):
    is_over = threading.Event()
    at: list[tuple[str, int]] = []

    def connect() -> None:
        while not is_over.is_set():
            with contextlib.suppress(OSError, IndexError):
                socket.create_connection(at[0]).close()

    with DevCluster() as cluster, ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect)
        for _ in range(30):
            made = DevCluster() if kind == "cluster" else FaultProxy(cluster.hosts)
            with made:
                at[:] = made.hosts
                time.sleep(0.002)
        is_over.set()
        connecting.result()


@pytest.mark.parametrize(
    ("hosts", "error"),
    [
        ([], "hosts names no node"),
        (["127.0.0.1:3000"], r"a host is a tuple \(address, port\), not '127"),
        ([("127.0.0.1", "3000")], "a host is a tuple"),
        ("127.0.0.1:3000", r"hosts is a list of \(address, port\), not '127"),
    ],
)
def test_bad_hosts_are_named(hosts, error):
    with pytest.raises((TypeError, ValueError), match=error):
        FaultProxy(hosts)


def test_proxy_says_which_node_does_not_answer(nowhere):
    text = f"no answer from {nowhere[0]}:{nowhere[1]}: Connection refused"
    with pytest.raises(ConnectionRefusedError, match=text):
        FaultProxy([nowhere]).start()
