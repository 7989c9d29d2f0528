"""Aggregations whose nodes lie, break or are silent: no part is taken for the whole."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aerospike
from aerospike import exception

from ..children import Script, run_script
from ..waiting import PATIENCE_S, Watch, patient, until, wait_for
from .peer import (
    END_OF_STREAM,
    MESSAGE,
    HangUp,
    ScriptedNode,
    frame,
    reply,
)
from .test_many import halves, last, message

__all__ = ["halves"]

FIELD_TASK_ID = 7
INTEGER, STRING, BLOB, PICKLE, LIST, GEOJSON = 1, 3, 4, 9, 20, 23
SOURCE = """\
function all(s) return s end
function sum(s) return s : reduce(function(a, b) return a + b end) end
function catch(s)
  return s : reduce(function(a, b) return a + b end) : map(function(x)
    local ok, sum = pcall(function() return x end)
    return sum
  end)
end
function count(s)
  local n = 0
  local function one() n = n + 1 return n end
  return s : reduce(function() return one() end) : map(function() return n + 1 end)
end
function spins(s)
  return s : reduce(function() warn("it spins") while true do end end)
end
"""


def value(
    data: bytes | int, particle: int = INTEGER, name: bytes = b"SUCCESS"
) -> bytes:
    """The frame of a row."""
    if isinstance(data, int):
        data = struct.pack(">q", data)
    return reply(bins=[(name, particle, data)])


def text(data: bytes, particle: int = STRING) -> bytes:
    """The frame of a row that tells of a failure."""
    return value(data, particle, b"FAILURE")


@pytest.fixture(scope="session")
def folder(lua_config: dict[str, Any]) -> str:
    """The folder of a module `scripted`."""
    found: str = lua_config["lua"]["user_path"]
    with open(os.path.join(found, "scripted.lua"), "w", encoding="utf-8") as file:
        file.write(SOURCE)
    return found


Ask = Callable[..., aerospike.Query]


@pytest.fixture
def ask(scripted_node: ScriptedNode, make_client: Any, folder: str) -> Ask:
    """ask(function): a query of the scripted node."""
    client = make_client(hosts=[scripted_node.host])

    def make(function: str = "all") -> aerospike.Query:
        return client.query("test", "demo").apply("scripted", function)

    return make


ONE_TO_FIVE = b"".join(map(value, range(1, 6)))


def test_values_of_one_frame_and_of_many(scripted_node, ask):
    inside = b"".join(value(n)[8:] for n in (1, 2, 3))
    scripted_node.expect().send(frame(MESSAGE, inside) + END_OF_STREAM)
    assert ask().results() == [1, 2, 3]
    scripted_node.expect().send(ONE_TO_FIVE + END_OF_STREAM)
    assert ask("sum").results() == [15]


def test_no_value_at_all(scripted_node, ask):
    for function in ("all", "sum"):
        scripted_node.expect().send(END_OF_STREAM)
        assert ask(function).results() == []


def test_a_set_that_is_not_there(scripted_node, ask):
    scripted_node.expect().send(reply(result=2))
    assert ask().results() == []


def test_a_nil_loses_no_value(scripted_node, ask):
    rows = value(1) + value(b"", 0) + value(2)
    scripted_node.expect().send(rows + END_OF_STREAM)
    assert ask("sum").results() == [3]


STRANGE: list[tuple[int, bytes, Any]] = [
    (99, b"xy", b"xy"),
    (PICKLE, b"cos\nsystem\n(S'false'\ntR.", b"cos\nsystem\n(S'false'\ntR."),
    (STRING, b"\xff", "\udcff"),
    (LIST, b"\x92\x01\xc4\x02\x04x", [1, b"x"]),
]


@pytest.mark.parametrize(("particle", "data", "wanted"), STRANGE)
def test_strange_values(scripted_node, ask, particle, data, wanted):
    scripted_node.expect().send(value(data, particle) + END_OF_STREAM)
    assert ask().results() == [wanted]


MALFORMED: dict[str, bytes] = {
    "an integer of three bytes": value(b"abc"),
    "a list that is none": value(b"\x01", LIST),
    "a list that is too short": value(b"\x95\x01", LIST),
    "GeoJSON without a head": value(b"", GEOJSON),
    "no bin": reply(),
    "another bin": value(1, name=b"OTHER"),
    "a name that begins alike": value(1, name=b"SUCCESSFUL"),
    "two bins": reply(bins=[(b"SUCCESS", INTEGER, bytes(8))] * 2),
    "no frame": b"\xff" * 40,
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_rows(scripted_node, ask, what):
    scripted_node.expect().send(value(1) + MALFORMED[what] + END_OF_STREAM)
    with pytest.raises(exception.ClientError, match=r"malformed|protocol") as caught:
        ask("sum").results({"max_retries": 0})
    assert caught.value.code == -1


def test_a_value_that_is_nested_deep(scripted_node, ask):
    row = value(b"\x91" * 900 + b"\1", LIST)
    scripted_node.expect().send(row + END_OF_STREAM)
    (found,) = ask().results()
    for _ in range(900):
        (found,) = found
    assert found == 1
    scripted_node.expect().send(row + row + END_OF_STREAM)
    with pytest.raises(exception.UDFError, match="nested more than"):
        ask("sum").results()
    scripted_node.expect().send(ONE_TO_FIVE + END_OF_STREAM)
    assert ask("sum").results() == [15]


FAILURES: list[tuple[bytes, int, str]] = [
    (b"UDF: Execution Error 1", STRING, "udf_list"),
    (b"UDF: Execution Error 2 : function not found", STRING, "function not found"),
    (b"\xff\xfe", STRING, "\ufffd"),
    (b"a\x1b[31mb\n", STRING, r"a\x1b[31mb\x0a"),
    (b"", STRING, "does not say why"),
    (b"12345678", INTEGER, "does not say why"),
    (b"x" * 10_000_000, STRING, "x" * 900),
]


@pytest.mark.parametrize(
    ("data", "particle", "shows"), FAILURES, ids=[text[:30] for _, _, text in FAILURES]
)
def test_what_a_node_says_of_a_failure(scripted_node, ask, data, particle, shows):
    end = last(result=1)
    scripted_node.expect().send(value(1) + text(data, particle) + end)
    with pytest.raises(exception.UDFError) as caught:
        ask("sum").results()
    error = caught.value
    assert shows in str(error)
    assert len(str(error)) < 5000
    assert (error.code, error.module, error.func) == (100, "scripted", "sum")


@pytest.mark.parametrize("end", ["hang_up", "reset"])
@pytest.mark.parametrize("function", ["all", "sum", "catch"])
def test_a_reply_that_is_cut_is_no_result(scripted_node, ask, function, end):
    there = threading.Event()
    step = scripted_node.expect().send(ONE_TO_FIVE)
    getattr(step.wait(there), end)()
    stream = ask(function).stream({"max_retries": 5})
    there.set()
    with pytest.raises(exception.ConnectionError, match="run it again"):
        stream.collect()
    assert list(stream) == []
    assert len(scripted_node.requests) == 1


def test_what_has_come_before_a_cut_is_given_to_foreach(scripted_node, ask):
    there = threading.Event()
    rows = value(1) + value(b"x" * 200_000, BLOB)  # so much is handed out at once
    scripted_node.expect().send(rows).wait(there).hang_up()
    given: list[Any] = []

    def take(found: Any) -> None:
        given.append(found)
        there.set()

    with pytest.raises(exception.ConnectionError):
        ask().foreach(take)
    assert given == [1, b"x" * 200_000]


@pytest.mark.parametrize("code", [1, 9, 15, 22])
def test_a_node_that_ends_with_an_error(scripted_node, ask, code):
    scripted_node.expect().send(value(1) + last(result=code))
    with pytest.raises(exception.AerospikeError) as caught:
        ask("sum").results({"max_retries": 3, "sleep_between_retries": 0})
    assert caught.value.code == code


def test_a_partition_that_is_not_there(scripted_node, ask):
    missing = frame(MESSAGE, message(info3=0x04, result=11, generation=7))
    scripted_node.expect().send(value(1) + missing + END_OF_STREAM)
    with pytest.raises(exception.ClusterError, match="partition 7"):
        ask("sum").results()


def test_a_node_is_asked_again_before_its_first_value(scripted_node, ask):
    scripted_node.expect().hang_up()
    scripted_node.expect().send(reply(result=11))
    scripted_node.expect().send(ONE_TO_FIVE + END_OF_STREAM)
    policy = {"max_retries": 2, "sleep_between_retries": 0}
    assert ask("sum").results(policy) == [15]
    numbers = [request.fields[FIELD_TASK_ID] for request in scripted_node.requests]
    assert len(set(numbers)) == 3  # a node refuses the number of a job that it knows


@pytest.mark.parametrize("max_retries", [0, 2])
def test_max_retries_limits_that(scripted_node, ask, max_retries):
    for _ in range(max_retries + 1):
        scripted_node.expect().hang_up()
    policy = {"max_retries": max_retries, "sleep_between_retries": 0}
    with pytest.raises(exception.ConnectionError) as caught:
        ask("sum").results(policy)
    assert caught.value.attempts == max_retries + 1


@pytest.mark.parametrize("name", ["socket_timeout", "total_timeout"])
@pytest.mark.parametrize("rows", [b"", ONE_TO_FIVE])
def test_silence_ends_in_time(scripted_node, ask, rows, name):
    scripted_node.expect().send(rows).stay_silent()
    query = ask("sum")
    limits = {"total_timeout": 0, "socket_timeout": 0, name: 300, "max_retries": 0}
    with Watch() as watch, pytest.raises(exception.TimeoutError, match=name):
        query.results(limits)
    watch.assert_took(0.3)


def test_the_time_of_a_function_is_that_of_the_call(scripted_node, ask):
    scripted_node.expect().send(ONE_TO_FIVE + END_OF_STREAM)
    query = ask("spins")
    with Watch() as watch, pytest.raises(exception.TimeoutError, match="total_timeout"):
        query.results({"total_timeout": 300})
    watch.assert_took(0.3)


def test_one_of_two_nodes_fails(halves, make_client, folder):
    for node in halves:
        node.expect().send(ONE_TO_FIVE + END_OF_STREAM)
    client = make_client(hosts=[halves[0].host])
    query = client.query("test", "demo").apply("scripted", "sum")
    assert query.results() == [30]
    halves[0].expect().send(ONE_TO_FIVE + END_OF_STREAM)
    halves[1].expect().send(value(7)).hang_up()
    with pytest.raises(exception.ConnectionError) as caught:
        query.results({"max_retries": 9})
    assert caught.value.host == halves[1].text


def test_a_partition_without_a_master(halves, make_client, folder):
    """Nobody would work on its records: no node is asked."""
    halves[0].default = END_OF_STREAM
    client = make_client(hosts=[halves[0].host], tend_interval=250)
    query = client.query("test", "demo").apply("scripted", "sum")
    policy: Any = {"max_retries": 0, "fail_on_cluster_change": False}
    halves[1].stop()

    def code() -> int:
        with pytest.raises(exception.ClientError) as caught:
            query.results(policy)
        return caught.value.code or 0

    def nobody_was_asked() -> bool:
        """Whether none of the requests before came late, either."""
        asked = len(halves[0].requests)
        with pytest.raises(exception.InvalidNodeError, match="no active node for part"):
            query.results(policy)
        with pytest.raises(exception.ClusterChangeError, match="some have no master"):
            query.results()
        return len(halves[0].requests) == asked

    until(lambda: code() == -8)
    until(lambda: len(client.get_node_names()) == 1)
    until(nobody_was_asked)


def test_a_slow_reader_slows_the_node_down(scripted_node, ask):
    """What nobody takes stays where it is: neither side holds a stream in memory."""
    sent = [0]
    row = value(b"x" * 1000, BLOB)

    def flood(_node: ScriptedNode, sock: socket.socket) -> None:
        while True:
            sock.sendall(row)
            sent[0] += len(row)

    scripted_node.expect().do(flood)
    with ask().stream() as stream:
        for _ in range(100):
            assert next(stream) == b"x" * 1000
        before = -1
        while before != sent[0]:  # until the buffers of the system are full
            before = sent[0]
            threading.Event().wait(0.2)
        assert sent[0] < 64 << 20


def test_leaving_early_ends_the_connection(scripted_node, ask):
    closed = threading.Event()

    def until_closed(_node: ScriptedNode, sock: socket.socket) -> None:
        sock.sendall(value(1) + value(b"x" * 200_000, BLOB))
        sock.settimeout(PATIENCE_S)
        if sock.recv(1) == b"":
            closed.set()
        raise HangUp

    for leave in (_by_close, _by_break, _by_dropping, _by_callback):
        closed.clear()
        scripted_node.expect().do(until_closed)
        leave(ask())
        wait_for(closed)


def _by_close(query: Any) -> None:
    stream = query.stream()
    assert next(stream) == 1
    stream.close()


def _by_break(query: Any) -> None:
    for found in query:
        assert found == 1
        break


def _by_dropping(query: Any) -> None:
    stream = query.stream()
    assert next(stream) == 1
    del stream


def _by_callback(query: Any) -> None:
    query.foreach(lambda found: False)


def test_two_threads_at_one_stream(scripted_node, ask):
    asked, go_on = threading.Event(), threading.Event()
    scripted_node.expect().then(asked).wait(go_on).send(value(1) + END_OF_STREAM)
    stream = ask().stream()
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(stream))
    thread.start()
    wait_for(asked)
    for call in (stream.close, stream.collect, lambda: next(stream)):
        with pytest.raises(exception.ClientError, match="by another thread"):
            call()
    go_on.set()
    thread.join(PATIENCE_S)
    assert found == [1]


INTERRUPTED = """
    config = {"hosts": hosts, "lua": {"user_path": sys.argv[2]}, **PATIENT}
    client = aerospike.client(config)
    aerospike.set_log_handler(lambda *line: print(line[-1], flush=True))
    aerospike.set_log_level(aerospike.LOG_LEVEL_WARN)
    query = client.query("test", "demo").apply("scripted", sys.argv[3])
    print("begins", flush=True)
    try:
        query.results({"total_timeout": 0, "socket_timeout": 0})
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.parametrize("function", ["spins", "sum"])
def test_ctrl_c_comes_out(scripted_node, folder, function):
    """In the function, which has said that it spins, or while the node is silent."""
    there = threading.Event()
    step = scripted_node.expect().send(ONE_TO_FIVE)
    if function == "spins":
        step.send(END_OF_STREAM)
    step.then(there).stay_silent()
    with Script(INTERRUPTED, [scripted_node.host], folder, function) as script:
        assert script.line() == "begins"
        wait_for(there)
        if function == "spins":
            assert script.line() == "it spins"
        with Watch() as watch:
            script.process.send_signal(signal.SIGINT)
            assert script.line() == "interrupted"
        watch.assert_at_once()
        script.rest()


def test_ctrl_c_in_a_log_handler_is_not_lost(scripted_node, ask):
    def interrupted(*_line: object) -> None:
        signal.raise_signal(signal.SIGINT)

    scripted_node.expect().send(ONE_TO_FIVE + END_OF_STREAM)
    query = ask("spins")
    aerospike.set_log_handler(interrupted)
    aerospike.set_log_level(aerospike.LOG_LEVEL_WARN)
    try:
        with pytest.raises(KeyboardInterrupt):
            query.results({"total_timeout": 20_000})
    finally:
        aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)
        aerospike.set_log_handler(None)


FORKED = """
    config = {"hosts": hosts, "lua": {"user_path": sys.argv[2]}, **PATIENT}
    client = aerospike.client(config)
    def query():
        return client.query("test", "demo").apply("scripted", "sum")
    assert query().results() == [15]
    stream = client.query("test", "demo").apply("scripted", "all").stream()
    assert next(stream) == 1
    child = os.fork()
    if child == 0:
        code = 1
        try:
            try:
                list(stream)
            except exception.ConnectionError:
                code = 0 if query().results() == [15] else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
    stream.close()
    assert query().results() == [15]
    print("done")
"""


def test_a_fork_in_the_middle(scripted_node, folder):
    """The stream under way stays with the parent; the child makes its own."""
    whole = ONE_TO_FIVE + END_OF_STREAM
    scripted_node.expect().send(whole)
    part = value(1) + value(b"x" * 200_000, BLOB)
    scripted_node.expect().send(part).stay_silent()
    scripted_node.expect().send(whole)
    scripted_node.expect().send(whole)
    assert run_script(FORKED, [scripted_node.host], folder).strip() == "done"


WITHOUT_LUPA = """
    sys.modules["lupa"] = sys.modules["lupa.lua54"] = None  # as if not installed
    config = {"hosts": hosts, "lua": {"user_path": sys.argv[2]}, **PATIENT}
    client = aerospike.client(config)
    query = client.query("test", "demo").apply("scripted", "sum")
    for call in (query.results, query.stream, lambda: query.foreach(print)):
        try:
            call()
        except exception.ClientError as error:
            assert error.code == -1
            assert 'pip install "aerospike[lua]"' in str(error), error
        else:
            raise AssertionError(call)
    print("done")
"""


def test_without_lupa_an_error_says_what_to_install(scripted_node, folder):
    assert run_script(WITHOUT_LUPA, [scripted_node.host], folder).strip() == "done"
    assert scripted_node.requests == []


def test_slices_have_what_is_there(scripted_node, folder, make_client):
    client = make_client(hosts=[scripted_node.host])
    go_on = threading.Event()
    there = value(1) + value(2) + value(b"x" * 200_000, BLOB)
    scripted_node.expect().send(there).wait(go_on).send(value(3) + END_OF_STREAM)
    spec = {
        "ns": "test",
        "set": "",
        "module": "scripted",
        "function": "all",
        "arguments": [],
    }
    values, *_ = client._aggregate(False, spec, None, int)
    with pytest.raises(ValueError, match="above 0"):
        values.slice(0)
    with pytest.raises(TypeError):
        values.slice("x")
    assert values.slice(1) == [1]
    assert values.slice(10) == [2, b"x" * 200_000]
    go_on.set()
    assert values.slice(10) == [3]
    assert values.slice(10) == values.slice(10) == []
    assert "closed" in repr(values)


@settings(max_examples=60)
@given(
    at=st.integers(0, len(ONE_TO_FIVE) - 1),
    noise=st.binary(min_size=1, max_size=60),
    function=st.sampled_from(["all", "sum"]),
)
def test_garbage_never_crashes(scripted, at, noise, function):
    node, client = scripted
    rows = ONE_TO_FIVE + value(b"\x93\x01\x02\x03", LIST)
    data = rows[:at] + noise + rows[at + len(noise) :] + END_OF_STREAM
    node.on_frame = lambda kind, body: data if kind == MESSAGE else None
    query = client.query("test", "demo").apply("scripted", function)
    with contextlib.suppress(exception.AerospikeError):
        query.results({"max_retries": 0, "total_timeout": 200})


@pytest.fixture(scope="module")
def scripted(folder):
    """A node and its client, for many examples."""
    config = patient({"lua": {"user_path": folder}, "max_error_rate": 0})
    with (
        ScriptedNode() as node,
        aerospike.client({"hosts": [node.host], **config}) as made,
    ):
        yield node, made


N_MANY = 300_000
COUNTED = """
    config = {"hosts": hosts, "lua": {"user_path": sys.argv[2]}, **PATIENT}
    client = aerospike.client(config)
    def query():
        return client.query("test", "demo").apply("scripted", sys.argv[3])
    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    assert query().results()
    before, n = peak(), 0
    for value in query():
        n += value if isinstance(value, int) else 1
    print(n, peak() - before)
"""


@pytest.mark.measures
@pytest.mark.parametrize("function", ["all", "count"])
def test_many_values_need_no_memory(scripted_node, folder, function):
    """All of them together would take 100 MB, on either side."""
    rows = value(b"x" * 300, STRING) * 1000

    def flood(_node: ScriptedNode, sock: socket.socket) -> None:
        for _ in range(N_MANY // 1000):
            sock.sendall(rows)
        sock.sendall(END_OF_STREAM)

    scripted_node.expect().send(rows + END_OF_STREAM)
    scripted_node.expect().do(flood)
    printed = run_script(COUNTED, [scripted_node.host], folder, function)
    n, megabytes = map(int, printed.split())
    assert n == N_MANY
    assert megabytes < 32
