"""Timeouts hold, whatever the server does; and what becomes of the late reply."""

from __future__ import annotations

import socket
import threading

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster

from ..waiting import LATE_S, PATIENCE_S, Watch, join_all, until, wait_for
from .peer import ANY, MESSAGE, OK_REPLY, READ, WRITE, ScriptedNode, reply

KEY = ("test", "demo", 1)
TRIED_AGAIN = {"socket_timeout": 1000 * int(LATE_S)}
"""Ends the silent attempt; the one that is answered has two seconds for it."""
ONE_BIN = reply(0, [(b"a", 1, bytes(7) + b"\5")])
BIG = b"x" * 20_000_000
OPS = [{"op": aerospike.OPERATOR_READ, "bin": "a"}]

CALLS = {
    "get": lambda c, p: c.get(KEY, p),
    "select": lambda c, p: c.select(KEY, ["a"], p),
    "exists": lambda c, p: c.exists(KEY, p),
    "put": lambda c, p: c.put(KEY, {"a": 1}, None, p),
    "remove": lambda c, p: c.remove(KEY, None, p),
    "touch": lambda c, p: c.touch(KEY, policy=p),
    "append": lambda c, p: c.append(KEY, "a", "x", None, p),
    "increment": lambda c, p: c.increment(KEY, "a", 1, None, p),
    "operate": lambda c, p: c.operate(KEY, OPS, None, p),
    "apply": lambda c, p: c.apply(KEY, "m", "f", [], p),
}
READS = {"get", "select", "exists", "operate"}


@pytest.mark.parametrize("call", CALLS)
def test_silence_ends_at_the_total_timeout(scripted_node, make_client, call):
    scripted_node.expect().stay_silent()
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.TimeoutError) as caught, Watch() as watch:
        CALLS[call](client, {"total_timeout": 500, "max_retries": 9})
    watch.assert_took(0.5)
    error = caught.value
    assert (error.code, error.phase, error.attempts) == (9, "command", 1)
    assert error.host == scripted_node.text
    assert error.in_doubt is (call not in READS)
    assert error.args[4] is error.in_doubt
    assert 498 <= error.elapsed_ms <= 1000 * watch.took + 1
    assert "total_timeout 500 ms" in str(error)
    assert isinstance(error, TimeoutError)


def test_half_a_reply_is_no_silence(scripted_node, make_client):
    scripted_node.expect().send(ONE_BIN[:-1]).stay_silent()
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.TimeoutError, match="no whole reply within total"):
        client.get(KEY, {"total_timeout": 1000 * int(LATE_S)})


@pytest.mark.parametrize("timeout", [1, 50, 400, 1000])
def test_total_timeout_of_any_length(scripted_node, make_client, timeout):
    scripted_node.expect().stay_silent()
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.TimeoutError), Watch() as watch:
        client.get(KEY, {"total_timeout": timeout})
    watch.assert_took(timeout / 1000)


@pytest.mark.parametrize(
    "config",
    [
        {"policies": {"timeout": 200}},
        {"policies": {"total_timeout": 200}},
        {"policies": {"read": {"total_timeout": 200}, "write": {"timeout": 200}}},
        {
            "policies": {
                "timeout": 5000,
                "read": {"timeout": 200},
                "write": {"timeout": 200},
            }
        },
    ],
    ids=str,
)
def test_timeout_of_the_client_takes_effect(scripted_node, make_client, config):
    scripted_node.expect(READ).stay_silent()
    scripted_node.expect(WRITE).stay_silent()
    client = make_client(hosts=[scripted_node.host], **config)
    for call in ("get", "put"):
        with pytest.raises(exception.TimeoutError), Watch() as watch:
            CALLS[call](client, None)
        watch.assert_took(0.2)


@pytest.mark.parametrize("call", ["get", "put"])
def test_trickle_ends_at_the_total_timeout(scripted_node, make_client, call):
    """Each byte is progress, but the call has a limit."""
    scripted_node.expect().trickle(OK_REPLY, 0.03)
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.TimeoutError), Watch() as watch:
        CALLS[call](client, {"total_timeout": 300})
    watch.assert_took(0.3)


def test_trickle_is_no_silence(scripted_node, make_client):
    limit_s = 0.5 + LATE_S
    scripted_node.expect().send(ONE_BIN[:-6]).trickle(ONE_BIN[-6:], 0.5)
    client = make_client(hosts=[scripted_node.host])
    policy = {"socket_timeout": int(1000 * limit_s), "max_retries": 0}
    with Watch() as watch:
        assert client.get(KEY, policy)[2] == {"a": 5}
    assert watch.took > limit_s


def test_request_that_is_not_read_ends_at_the_total_timeout(scripted_node, make_client):
    """The peer takes no more bytes: sending has to stop, too."""
    scripted_node.stops_reading = True
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.TimeoutError) as caught, Watch() as watch:
        client.put(KEY, {"a": BIG}, None, {"total_timeout": 400})
    watch.assert_took(0.4)
    assert caught.value.in_doubt


# socket_timeout and retries


def test_silence_past_the_socket_timeout_is_tried_again(scripted_node, make_client):
    scripted_node.expect(READ).stay_silent()
    scripted_node.expect(READ).send(ONE_BIN)
    client = make_client(hosts=[scripted_node.host])
    with Watch() as watch:
        assert client.get(KEY, TRIED_AGAIN)[2] == {"a": 5}
    watch.assert_took(LATE_S)
    assert len(scripted_node.requests) == 2


def test_silent_attempts_use_up_the_retries(scripted_node, make_client):
    for _ in range(3):
        scripted_node.expect().stay_silent()
    client = make_client(hosts=[scripted_node.host])
    policy = {"socket_timeout": 100, "max_retries": 2}
    with pytest.raises(exception.TimeoutError) as caught, Watch() as watch:
        client.get(KEY, policy)
    watch.assert_took(0.3)
    assert caught.value.attempts == 3
    assert "attempts=3, elapsed_ms=" in str(caught.value)
    assert "no reply within socket_timeout, 100 ms: the request was sent" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("policy", "n"),
    [
        ({}, 1),
        ({"max_retries": 1}, 2),
        ({"max_retries": 1, "retry_on_timeout": True}, 2),
        ({"max_retries": 1, "retry_on_timeout": False}, 1),
        ({"retry": 2}, 3),
    ],
    ids=str,
)
def test_silent_write_is_tried_again_as_the_policy_says(
    scripted_node, make_client, policy, n
):
    for _ in range(n):
        scripted_node.expect(WRITE).stay_silent()
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.TimeoutError) as caught:
        client.put(KEY, {"a": 1}, None, {"socket_timeout": 80, **policy})
    assert (caught.value.attempts, caught.value.in_doubt) == (n, True)


def test_silent_read_goes_to_the_other_copy(scripted_pair, make_client):
    first, other = scripted_pair
    first.expect(READ).stay_silent()
    other.expect(READ).send(ONE_BIN)
    client = make_client(hosts=[first.host])
    assert client.get(KEY, TRIED_AGAIN)[2] == {"a": 5}


def test_silent_write_stays_with_the_master(scripted_pair, make_client):
    """Its answer is late; another node would not know better."""
    first, _ = scripted_pair
    first.expect(WRITE).stay_silent()
    first.expect(WRITE).send(OK_REPLY)
    client = make_client(hosts=[first.host])
    assert client.put(KEY, {"a": 1}, None, {**TRIED_AGAIN, "max_retries": 1}) == 0


def test_retry_on_timeout_off_still_repeats_other_failures(scripted_node, make_client):
    scripted_node.expect(READ).hang_up()
    scripted_node.expect(READ).send(ONE_BIN)
    client = make_client(hosts=[scripted_node.host])
    assert client.get(KEY, {"retry_on_timeout": False})[2] == {"a": 5}


def test_no_limit_waits(scripted_node, make_client):
    go = threading.Event()
    scripted_node.expect().wait(go).send(ONE_BIN)
    client = make_client(hosts=[scripted_node.host])
    policy = {"total_timeout": 0, "socket_timeout": 0}
    with Watch() as watch:
        threading.Timer(1.3, go.set).start()
        assert client.get(KEY, policy)[2] == {"a": 5}
    assert watch.took > 1.2  # longer than the default limit


# connect_timeout


@pytest.fixture
def full_node():
    """A node that has accepted its tender's connection, and no other ever again."""
    with ScriptedNode(n_accepts=1) as node:
        plugs: list[socket.socket] = []
        yield node, plugs
        for plug in plugs:
            plug.close()


def plug_up(node, plugs):
    """Fill the queue of the listener, so that the next connection hangs."""
    for _ in range(20):
        plug = socket.socket()
        plug.settimeout(0.5)  # the kernel accepts at once, or not at all
        plugs.append(plug)
        try:
            plug.connect(node.host)
        except TimeoutError:
            return
    pytest.fail("the listener's queue does not fill up")


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        ({"connect_timeout": 200, "total_timeout": 3000}, 0.2),
        ({"connect_timeout": 3000, "total_timeout": 250}, 0.25),
        ({"socket_timeout": 200, "total_timeout": 3000}, 0.2),
    ],
    ids=str,
)
def test_connection_that_hangs_ends_in_time(full_node, make_client, policy, seconds):
    node, plugs = full_node
    client = make_client(hosts=[node.host])
    plug_up(node, plugs)
    with pytest.raises(exception.TimeoutError) as caught, Watch() as watch:
        client.put(KEY, {"a": 1}, None, policy)
    watch.assert_took(seconds)
    error = caught.value
    assert (error.phase, error.host, error.attempts) == ("connect", node.text, 1)
    assert error.in_doubt is False  # nothing was sent


# timeout_delay

DELAY = {"timeout_delay": 60_000}


@pytest.mark.parametrize(("delay", "n_new"), [(60_000, 0), (0, 1)])
def test_late_reply_keeps_the_connection(scripted_node, make_client, delay, n_new):
    """With a timeout_delay it is read off, and the connection is used again."""
    late, sent = threading.Event(), threading.Event()
    scripted_node.expect().wait(late).send(ONE_BIN).then(sent)
    scripted_node.expect().send(ONE_BIN)
    client = make_client(hosts=[scripted_node.host], tend_interval=250)
    with pytest.raises(exception.TimeoutError):
        client.get(KEY, {"total_timeout": 100, "timeout_delay": delay})
    n_before = send_late(scripted_node, late, sent)
    assert client.get(KEY)[2] == {"a": 5}
    assert scripted_node.n_accepted == n_before + n_new


def send_late(node, late, sent):
    """Let a node answer when the call is over, and the client tend afterwards; how
    many connections the node has had.
    """
    until(lambda: node.requests)
    late.set()
    wait_for(sent)
    node.wait_for_cycles(2)
    return node.n_accepted


def test_several_late_replies_keep_their_connections(scripted_node, make_client):
    late = threading.Event()
    sent = [threading.Event() for _ in range(4)]
    client = make_client(hosts=[scripted_node.host], tend_interval=250)
    for event in sent:
        scripted_node.expect().wait(late).send(ONE_BIN).then(event)
        with pytest.raises(exception.TimeoutError) as caught:
            client.put(KEY, {"a": 1}, None, {"total_timeout": 50, **DELAY})
        assert caught.value.in_doubt
    late.set()
    for event in sent:
        wait_for(event)
    assert scripted_node.n_accepted == 5  # that of tending, and one for each
    scripted_node.wait_for_cycles(2)
    scripted_node.default = ONE_BIN
    together = threading.Barrier(4)  # none is answered before all four have come

    def meet(kind: int, _body: bytes) -> None:
        if kind == MESSAGE:
            together.wait(PATIENCE_S)

    scripted_node.on_frame = meet
    threads = [threading.Thread(target=client.get, args=(KEY,)) for _ in sent]
    for thread in threads:
        thread.start()
    join_all(threads)
    assert scripted_node.n_accepted == 5


def test_connection_is_closed_when_the_delay_has_passed(scripted_node, make_client):
    closed = threading.Event()
    silent = scripted_node.expect()

    def await_end(_node, sock):
        if sock.recv(1) == b"":
            closed.set()

    silent.do(await_end)
    client = make_client(hosts=[scripted_node.host], tend_interval=250)
    with pytest.raises(exception.TimeoutError):
        client.get(KEY, {"total_timeout": 50, "timeout_delay": 100})
    wait_for(closed)


def test_half_a_late_reply_is_read_off_too(scripted_node, make_client):
    late, sent = threading.Event(), threading.Event()
    scripted_node.expect().send(ONE_BIN[:13]).wait(late).send(ONE_BIN[13:]).then(sent)
    scripted_node.expect().send(OK_REPLY)
    client = make_client(hosts=[scripted_node.host], tend_interval=250)
    with pytest.raises(exception.TimeoutError):
        client.get(KEY, {"total_timeout": 100, "timeout_delay": 60_000})
    n_before = send_late(scripted_node, late, sent)
    assert client.get(KEY)[2] == {}  # this call's reply, not the late one
    assert scripted_node.n_accepted == n_before


def test_reply_that_comes_after_the_delay_is_not_mistaken(scripted_node, make_client):
    late = threading.Event()
    scripted_node.expect().wait(late).send(ONE_BIN)
    scripted_node.expect(ANY).send(OK_REPLY)
    client = make_client(hosts=[scripted_node.host], tend_interval=250)
    with pytest.raises(exception.TimeoutError):
        client.get(KEY, {"total_timeout": 100, "timeout_delay": 1})
    until(lambda: scripted_node.requests)
    late.set()
    assert client.get(KEY)[2] == {}


@pytest.mark.parametrize(
    ("command", "in_doubt"),
    [("build", False), ("truncate:namespace=test;set=none", True)],
)
def test_asking_all_nodes_has_one_limit(make_client, command, in_doubt):
    """Each node answers in time, but not both of them."""
    with DevCluster(2) as cluster:
        client = make_client(hosts=cluster.hosts)
        cluster.faults.delay(0.45, commands="info")
        with pytest.raises(exception.TimeoutError) as caught:
            client.info_all(command, {"timeout": 500})
    assert caught.value.in_doubt is in_doubt
