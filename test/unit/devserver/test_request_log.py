"""The lines that `-v` shows: what was asked, of which record, and how it ended."""

import contextlib
import logging

import pytest

import aerospike
from aerospike import exception, predicates
from aerospike_devserver import DevCluster, request_log
from aerospike_devserver.handlers.record import batch
from aerospike_helpers.operations import operations

from ...absent import need
from ...waiting import patient
from . import rawwire

LOGGER = "aerospike_devserver.request_log"
KEY = ("test", "demo", "ada")
WITH_KEY = {"key": aerospike.POLICY_KEY_SEND}


@pytest.fixture(scope="module")
def client():
    with (
        DevCluster() as cluster,
        aerospike.client(patient({"hosts": cluster.hosts})) as connected,
    ):
        yield connected


def lines(caplog):
    """What the request log has, without the lines about a job that fails."""
    return [line.message for line in caplog.records if line.name == LOGGER]


CALLS = {
    "write n -> 0 OK": lambda c: c.put(KEY, {"n": 1}, policy=WITH_KEY),
    "read all bins -> 0 OK": lambda c: c.get(KEY, WITH_KEY),
    "read n -> 0 OK": lambda c: c.select(KEY, ["n"], WITH_KEY),
    "read metadata -> 0 OK": lambda c: c.exists(KEY, WITH_KEY),
    "incr n, read n -> 0 OK": lambda c: c.operate(
        KEY, [operations.increment("n", 1), operations.read("n")], policy=WITH_KEY
    ),
    "append n -> 12 BIN_INCOMPATIBLE_TYPE": lambda c: c.append(
        KEY, "n", "x", policy=WITH_KEY
    ),
    "remove -> 0 OK": lambda c: c.remove(KEY, policy=WITH_KEY),
    "apply m.f -> 100 UDF: UDF: Execution Error 1": lambda c: c.apply(
        KEY, "m", "f", [], WITH_KEY
    ),
}


@pytest.mark.parametrize("line", CALLS)
def test_line_says_record_operations_and_result(client, caplog, line):
    if line.startswith("apply"):
        need("lupa")
    client.put(KEY, {"n": 1})
    with (
        caplog.at_level(logging.INFO, LOGGER),
        contextlib.suppress(exception.ServerError),
    ):
        CALLS[line](client)
    assert lines(caplog)[0].endswith(f" test.demo key 'ada': {line}")


def test_several_records_are_one_line(client, caplog, monkeypatch):
    monkeypatch.setattr(batch, "TURN_S", 60.0)  # a busy machine needs two turns
    client.put(KEY, {"n": 1})
    with caplog.at_level(logging.INFO, LOGGER):
        client.batch_read([("test", "demo", "nobody"), KEY])
        client.query("test", "demo").results()
        query = client.query("test", "demo")
        query.where(predicates.equals("n", 1))
        with pytest.raises(exception.IndexNotFound):
            query.results()
        query = client.query("test", "demo")
        query.apply("m", "f")
        query.execute_background()
    texts = [line.split(" ", 2)[2] for line in lines(caplog)[:4]]
    assert texts == [
        "batch of 2 keys -> 0 OK",
        "test.demo: scan -> a stream",
        "test.demo: query -> 201 INDEX_NOT_FOUND",
        "test.demo: scan apply m.f -> 0 OK",
    ]


def test_steps_of_a_transaction_are_told(caplog):
    other = ("test", "demo", "bob")
    with (
        DevCluster(strong_consistency=True) as cluster,
        aerospike.client(patient({"hosts": cluster.hosts})) as client,
    ):
        client.put(other, {"n": 1})
        with caplog.at_level(logging.INFO, LOGGER):
            for end in (client.commit, client.abort):
                txn = aerospike.Transaction()
                client.get(other, {"txn": txn})
                client.put(KEY, {"n": 1}, policy={"txn": txn})
                end(txn)
    texts = [line.partition(": ")[2] for line in lines(caplog)]
    begin = "read all bins", "write id, cdt_modify keyds", "write n"
    commit = "verify", "write fwd", "roll forward", "remove"
    steps = [*begin, *commit, *begin, "roll back", "remove"]
    assert texts == [f"{step} -> 0 OK" for step in steps]


@pytest.mark.parametrize(
    ("key", "shown"),
    [(7, "7"), (-1, "-1"), (bytearray(b"a\0"), "b'a\\x00'"), ("\n", "'\\n'")],
)
def test_keys_of_each_type_are_shown(client, caplog, key, shown):
    with caplog.at_level(logging.INFO, LOGGER):
        client.put(("test", "demo", key), {"n": 1}, policy=WITH_KEY)
    assert lines(caplog)[0].endswith(f"test.demo key {shown}: write n -> 0 OK")


def test_text_of_a_function_is_escaped_and_cut(client, caplog, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # `udf_put` makes a copy
    source = "function f(rec) error('a\\n\\27' .. ('x'):rep(1000)) end"
    (tmp_path / "failing.lua").write_text(source)
    client.udf_put("failing.lua")
    with caplog.at_level(logging.INFO, LOGGER), pytest.raises(exception.UDFError):
        client.apply(KEY, "failing", "f", [])
    assert r"-> 100 UDF: failing.lua:1: a\n\x1bxxx" in lines(caplog)[0]
    assert lines(caplog)[0].endswith("x…")
    assert len(lines(caplog)[0]) < 400


def test_text_of_a_function_in_a_transaction_is_told(caplog, tmp_path, monkeypatch):
    """The reply has a version in front of the text."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "failing.lua").write_text("function f(rec) error('no') end")
    with (
        DevCluster(strong_consistency=True) as cluster,
        aerospike.client(patient(cluster.config)) as client,
    ):
        client.udf_put("failing.lua")
        txn = aerospike.Transaction()
        with caplog.at_level(logging.INFO, LOGGER), pytest.raises(exception.UDFError):
            client.apply(KEY, "failing", "f", [], {"txn": txn})
        assert "-> 100 UDF: failing.lua:1: no" in lines(caplog)[-1]


def test_long_request_is_cut(client, caplog):
    with caplog.at_level(logging.INFO, LOGGER):
        client.put(KEY, {f"bin{i}": 1 for i in range(100)})
    assert len(lines(caplog)[0]) < 300
    assert lines(caplog)[0].endswith("… -> 0 OK")


def test_field_without_contents_is_shown(caplog):
    fields = [(0, b"test"), (2, b""), (4, bytes(20))]  # namespace, key and digest
    with (
        DevCluster() as cluster,
        rawwire.Connection(*cluster.hosts[0]) as connection,
        caplog.at_level(logging.INFO, LOGGER),
    ):
        request = rawwire.message((rawwire.READ | rawwire.GET_ALL, 0, 0), fields)
        assert connection.command(request).result == 2
        assert connection.info("node")
    assert lines(caplog)[0].endswith("key b'': read all bins -> 2 RECORD_NOT_FOUND")


def test_bug_in_the_log_does_not_stop_the_server(client, caplog, monkeypatch):
    monkeypatch.setattr(request_log, "_describe", lambda _type, _body: 1 / 0)
    with caplog.at_level(logging.INFO, LOGGER):
        client.put(KEY, {"n": 1})
        client.put(KEY, {"n": 2})
    assert "ZeroDivisionError" in caplog.text


def test_nothing_is_logged_unasked(client, caplog):
    client.put(KEY, {"n": 1})
    assert lines(caplog) == []
