"""Connections that break: what is tried again, and which writes are in doubt."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import pytest

import aerospike
from aerospike import exception

from ..waiting import Watch, join_all, let_pass, until, wait_for
from .peer import OK_REPLY, READ, WRITE, Step, reply

KEY = ("test", "demo", 1)
ONE_BIN = reply(0, [(b"a", 1, bytes(7) + b"\5")])
INCR = {"op": aerospike.OPERATOR_INCR, "bin": "a", "val": 1}

WRITES = {
    "put": lambda c, p: c.put(KEY, {"a": 1}, None, p),
    "remove": lambda c, p: c.remove(KEY, None, p),
    "touch": lambda c, p: c.touch(KEY, policy=p),
    "append": lambda c, p: c.append(KEY, "a", "x", None, p),
    "increment": lambda c, p: c.increment(KEY, "a", 1, None, p),
    "remove_bin": lambda c, p: c.remove_bin(KEY, ["a"], None, p),
    "operate": lambda c, p: c.operate(KEY, [INCR], None, p),
    "operate_ordered": lambda c, p: c.operate_ordered(KEY, [INCR], None, p),
    "apply": lambda c, p: c.apply(KEY, "m", "f", [], p),
}


@pytest.mark.parametrize("end", ["hang_up", "reset"])
@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 20, len(OK_REPLY) - 1])
def test_write_is_in_doubt_when_its_reply_is_cut(scripted_node, make_client, end, n):
    step = scripted_node.expect(WRITE).send(OK_REPLY[:n])
    getattr(step, end)()
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.ConnectionError) as caught:
        client.put(KEY, {"a": 1}, None, {"max_retries": 0})
    error = caught.value
    assert (error.code, error.in_doubt, error.args[4]) == (-10, True, True)
    assert (error.host, error.phase) == (scripted_node.text, "command")
    assert error.attempts == 1
    assert isinstance(error, ConnectionError)


@pytest.mark.parametrize("call", WRITES)
def test_every_write_is_in_doubt_when_its_reply_is_cut(
    scripted_node, make_client, call
):
    scripted_node.expect(WRITE).send(OK_REPLY[:10]).hang_up()
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.ConnectionError) as caught:
        WRITES[call](client, None)
    assert caught.value.in_doubt


@pytest.mark.parametrize("n", range(len(ONE_BIN)))
def test_read_whose_reply_is_cut_is_tried_again(scripted_node, make_client, n):
    scripted_node.expect(READ).send(ONE_BIN[:n]).hang_up()
    scripted_node.expect(READ).send(ONE_BIN)
    client = make_client(hosts=[scripted_node.host])
    assert client.get(KEY)[2] == {"a": 5}


def test_read_whose_reply_is_cut_goes_to_the_other_copy(scripted_pair, make_client):
    first, other = scripted_pair
    first.expect(READ).send(ONE_BIN[:10]).hang_up()
    other.expect(READ).send(ONE_BIN)
    client = make_client(hosts=[first.host])
    with Watch() as watch:
        assert client.get(KEY, {"sleep_between_retries": 10_000})[2] == {"a": 5}
    watch.assert_at_once()


def test_read_of_the_master_only_does_not_go_elsewhere(scripted_pair, make_client):
    first, _ = scripted_pair
    first.expect(READ).hang_up()
    first.expect(READ).send(ONE_BIN)
    client = make_client(hosts=[first.host])
    policy = {"replica": aerospike.POLICY_REPLICA_MASTER}
    assert client.get(KEY, policy)[2] == {"a": 5}


def test_read_that_fails_everywhere_is_not_in_doubt(scripted_pair, make_client):
    first, other = scripted_pair
    first.expect(READ).hang_up()
    other.expect(READ).hang_up()
    first.expect(READ).hang_up()
    client = make_client(hosts=[first.host])
    with pytest.raises(exception.ConnectionError) as caught:
        client.get(KEY)
    error = caught.value
    assert (error.attempts, error.in_doubt) == (3, False)
    assert error.host == first.text  # of the last attempt
    assert "attempts=3" in str(error)


def test_write_is_repeated_when_the_policy_says_so(scripted_pair, make_client):
    first, other = scripted_pair
    first.expect(WRITE).hang_up()
    other.expect(WRITE).send(OK_REPLY)
    client = make_client(hosts=[first.host])
    assert client.put(KEY, {"a": 1}, None, {"max_retries": 1}) == 0
    assert first.requests == other.requests


def test_write_repeated_once_is_in_doubt_whatever_the_answer(
    scripted_node, make_client
):
    """Of two that were sent, the first may have been the one that counted."""
    scripted_node.expect(WRITE).hang_up()
    scripted_node.expect(WRITE).send(reply(5))
    client = make_client(hosts=[scripted_node.host])
    policy = {"max_retries": 1, "exists": aerospike.POLICY_EXISTS_CREATE}
    with pytest.raises(exception.RecordExistsError) as caught:
        client.put(KEY, {"a": 1}, None, policy)
    assert (caught.value.in_doubt, caught.value.attempts) == (True, 2)


def test_refused_connection_leaves_no_doubt(scripted_node, make_client):
    client = make_client(hosts=[scripted_node.host], tend_interval=60_000)
    scripted_node.stop_listening()
    with pytest.raises(exception.ConnectionError) as caught:
        client.put(KEY, {"a": 1})
    error = caught.value
    assert (error.code, error.in_doubt) == (-10, False)
    assert (error.phase, error.host) == ("connect", scripted_node.text)
    assert "refused" in str(error)


def test_refused_connection_moves_a_write_to_the_next_node(scripted_pair, make_client):
    first, other = scripted_pair
    client = make_client(hosts=[first.host], tend_interval=60_000)
    first.stop_listening()
    other.expect(WRITE).send(OK_REPLY)
    assert client.put(KEY, {"a": 1}, None, {"max_retries": 1}) == 0


# idle connections


@pytest.mark.parametrize("call", ["get", "put"])
def test_connection_closed_while_idle_is_not_noticed(scripted_node, make_client, call):
    client = make_client(hosts=[scripted_node.host], tend_interval=60_000)
    for _ in range(2):
        scripted_node.expect().send(OK_REPLY)
    run = {
        "get": lambda: client.get(KEY, {"max_retries": 0}),
        "put": lambda: client.put(KEY, {"a": 1}, None, {"max_retries": 0}),
    }[call]
    run()
    scripted_node.hang_up_all()
    let_pass(0.1)  # longer than a connection is trusted unseen
    run()


def test_idle_connection_with_unasked_bytes_is_dropped(scripted_node, make_client):
    """They would be taken for the reply to the next request."""
    unasked: list[socket.socket] = []
    scripted_node.expect().do(lambda _n, sock: unasked.append(sock)).send(ONE_BIN)
    scripted_node.expect().send(OK_REPLY)
    client = make_client(hosts=[scripted_node.host], tend_interval=60_000)
    assert client.get(KEY)[2] == {"a": 5}
    unasked[0].sendall(ONE_BIN)
    let_pass(0.1)  # longer than a connection is trusted unseen
    assert client.get(KEY, {"max_retries": 0})[2] == {}


@pytest.mark.parametrize(("idle_s", "n_new"), [(0, 0), (1, 1)])
def test_max_socket_idle(scripted_node, make_client, idle_s, n_new):
    scripted_node.default = OK_REPLY
    client = make_client(hosts=[scripted_node.host], max_socket_idle=idle_s)
    client.get(KEY)
    n_before = scripted_node.n_accepted
    let_pass(1.1)  # longer than one second, and no limit is reached otherwise
    client.get(KEY)
    assert scripted_node.n_accepted == n_before + n_new


def test_connections_are_used_again(scripted_node, make_client):
    scripted_node.default = OK_REPLY
    client = make_client(hosts=[scripted_node.host])
    for _ in range(100):
        client.get(KEY)
    assert scripted_node.n_accepted == 2  # the tender's, and one


def test_server_error_keeps_the_connection(scripted_node, make_client):
    client = make_client(hosts=[scripted_node.host])
    for code in (2, 3, 4, 5, 12, 27, 22):
        scripted_node.expect().send(reply(code))
        with pytest.raises(exception.ServerError):
            client.put(KEY, {"a": 1})
    assert scripted_node.n_accepted == 2


@contextlib.contextmanager
def call_under_way(node, client):
    """While another thread has sent a request, and waits for its reply."""
    came, may_answer, records = threading.Event(), threading.Event(), []
    node.expect(READ).then(came).wait(may_answer).send(ONE_BIN)
    thread = threading.Thread(target=lambda: records.append(client.get(KEY)))
    thread.start()
    try:
        wait_for(came)
        yield
    finally:
        may_answer.set()
        join_all([thread])
    assert records[0][2] == {"a": 5}


def test_max_conns_per_node(scripted_node, make_client):
    client = make_client(hosts=[scripted_node.host], max_conns_per_node=1)
    with (
        call_under_way(scripted_node, client),
        pytest.raises(exception.NoMoreConnectionsError, match="all 1") as caught,
    ):
        client.get(KEY)
    error = caught.value
    assert (error.code, error.attempts, error.in_doubt) == (-7, 3, False)
    assert error.host == scripted_node.text


def test_max_threads_is_the_old_name_of_max_conns_per_node(scripted_node, make_client):
    client = make_client(
        hosts=[scripted_node.host], max_threads=1, policies={"max_retries": 0}
    )
    with (
        call_under_way(scripted_node, client),
        pytest.raises(exception.NoMoreConnectionsError),
    ):
        client.get(KEY)


def test_late_reply_keeps_no_call_from_a_connection(scripted_node, make_client):
    client = make_client(hosts=[scripted_node.host], max_conns_per_node=1)
    for _ in range(3):
        scripted_node.expect().stay_silent()
        with pytest.raises(exception.TimeoutError):
            client.get(KEY, {"total_timeout": 50, "timeout_delay": 60_000})
    scripted_node.expect(READ).send(ONE_BIN)
    assert client.get(KEY)[2] == {"a": 5}


def test_min_conns_per_node_are_opened_ahead(scripted_node, make_client):
    make_client(hosts=[scripted_node.host], min_conns_per_node=3, tend_interval=250)
    until(lambda: scripted_node.n_accepted >= 4)  # and the tender's
    scripted_node.wait_for_cycles(2)
    assert scripted_node.n_accepted == 4


# error rate


def fail_once(node, client):
    node.expect().hang_up()
    with pytest.raises(exception.ConnectionError):
        client.put(KEY, {"a": 1})


def test_max_error_rate_stops_calls_to_a_failing_node(scripted_node, make_client):
    client = make_client(
        hosts=[scripted_node.host], max_error_rate=3, tend_interval=60_000
    )
    for _ in range(4):  # beyond the limit, not at it
        fail_once(scripted_node, client)
    with pytest.raises(exception.MaxErrorRateExceeded) as caught, Watch() as watch:
        client.put(KEY, {"a": 1})
    watch.assert_at_once()
    error = caught.value
    assert (error.code, error.in_doubt) == (-14, False)
    assert error.host == scripted_node.text


def test_error_rate_is_forgotten_after_its_window(scripted_node, make_client):
    client = make_client(
        hosts=[scripted_node.host],
        max_error_rate=1,
        error_rate_window=1,
        tend_interval=250,
    )
    for _ in range(2):
        fail_once(scripted_node, client)
    scripted_node.default = OK_REPLY

    def works():
        try:
            return client.put(KEY, {"a": 1}) == 0
        except exception.MaxErrorRateExceeded:
            return False

    until(works)


def test_max_error_rate_0_is_no_limit(scripted_node, make_client):
    client = make_client(hosts=[scripted_node.host], max_error_rate=0)
    for _ in range(150):
        fail_once(scripted_node, client)


def test_long_error_rate_window(scripted_node, make_client):
    """It lasts for twelve seconds, of which the test needs one."""
    client = make_client(
        hosts=[scripted_node.host],
        max_error_rate=50,
        error_rate_window=50,
        tend_interval=250,
    )
    for _ in range(51):
        fail_once(scripted_node, client)
    for _ in range(3):
        scripted_node.wait_for_cycles(1)
        with pytest.raises(exception.MaxErrorRateExceeded):
            client.put(KEY, {"a": 1})


# result codes of the server


def server_codes():
    """(code, class) of each code that a server sends and has a class."""
    path = Path(__file__).parents[1] / "unit/exceptions.txt"
    rows = (line.split() for line in path.read_text().splitlines()[1:])
    named = {int(code): name for name, _, code in rows if code != "-"}
    return sorted((c, n) for c, n in named.items() if 0 < c < 256 and n != "NoXDR")


@pytest.mark.parametrize(("code", "name"), server_codes())
def test_result_code_raises_its_class(scripted_node, make_client, code, name):
    scripted_node.expect(WRITE).send(reply(code, generation=7))
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.AerospikeError) as caught:
        client.put(KEY, {"a": 1})
    error = caught.value
    assert type(error) is getattr(exception, name)
    assert (error.code, error.args[0]) == (code, code)
    assert (error.host, error.phase) == (scripted_node.text, "command")
    assert error.attempts == 1
    assert error.in_doubt is (code == 9)  # the server's own timeout
    assert f"host={scripted_node.text}, attempts=1" in str(error)
    if isinstance(error, exception.RecordError):
        assert (error.key, error.bin) == (KEY, {"a": 1})


@pytest.mark.parametrize("code", [25, 29, 99, 120, 255])
def test_result_code_without_a_class_raises_the_root(scripted_node, make_client, code):
    scripted_node.expect(WRITE).send(reply(code))
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.AerospikeError) as caught:
        client.put(KEY, {"a": 1})
    assert type(caught.value) is exception.AerospikeError
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("code", "n"), [(9, 3), (11, 3), (18, 3), (2, 1), (4, 1), (8, 1), (14, 1), (80, 1)]
)
def test_read_is_repeated_after_some_result_codes(scripted_node, make_client, code, n):
    steps: list[Step] = [scripted_node.expect(READ).send(reply(code)) for _ in range(n)]
    client = make_client(hosts=[scripted_node.host])
    with pytest.raises(exception.AerospikeError) as caught:
        client.get(KEY)
    assert caught.value.attempts == len(steps)
    assert caught.value.in_doubt is False


def test_read_refused_by_one_copy_is_answered_by_the_other(scripted_pair, make_client):
    first, other = scripted_pair
    first.expect(READ).send(reply(11))
    other.expect(READ).send(ONE_BIN)
    assert make_client(hosts=[first.host]).get(KEY)[2] == {"a": 5}
