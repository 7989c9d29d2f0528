"""Functions in Lua that work in the background, on the records of a query or scan."""

from __future__ import annotations

import re
import threading
import uuid
from typing import Any

import pytest

import aerospike
from aerospike import exception, predicates
from aerospike_helpers import expressions

from ..lua_modules import registered
from ..waiting import join_all, until, wait_for_job

SOURCE = """\
function write(rec, bin, value)
  rec[bin] = value
  aerospike:update(rec)
end
function fail(rec)
  rec.b = 1
  aerospike:update(rec)
  error("boom")
end
function fail_from_17_on(rec)
  if rec.n >= 17 then
    error("boom")
  end
end
"""
BELOW_5 = expressions.LT(expressions.IntBin("n"), 5).compile()
KINDS = ["query", "scan"]


@pytest.fixture(scope="module")
def module(client, tmp_path_factory):
    """A registered module, as calls name it."""
    with registered(client, tmp_path_factory.mktemp("lua"), SOURCE) as name:
        yield name


@pytest.fixture
def records(client):
    """A set of 20 records with the bin n, which is their user key."""
    name = f"background_{uuid.uuid4().hex}"
    keys = [("test", name, n) for n in range(20)]
    for key in keys:
        client.put(key, {"n": key[2]})
    yield name
    client.batch_remove(keys)


@pytest.fixture
def index(client, records):
    """The name of an index of the bin n."""
    client.index_integer_create("test", records, "n", records)
    yield records
    client.index_remove("test", records)


def values(client, records, name):
    """The values of a bin, by n."""
    found = (bins for _, _, bins in client.scan("test", records).results())
    return {bins["n"]: bins[name] for bins in found if name in bins}


# --- execute_background() ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_works_on_all_records(client, module, records, kind):
    work = getattr(client, kind)("test", records).apply(module, "write", ["b", "x"])
    found = wait_for_job(client, work.execute_background(), kind)
    assert found == {
        "progress_pct": 100,
        "records_read": 20,
        "status": aerospike.JOB_STATUS_COMPLETED,
    }
    assert values(client, records, "b") == dict.fromkeys(range(20), "x")


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_function_that_is_named_counts(client, module, records, kind):
    work = getattr(client, kind)("test", records).apply(module, "write", ["b", 1])
    work.apply(module, "write", ["c", 2])
    wait_for_job(client, work.execute_background(), kind)
    assert values(client, records, "b") == {}
    assert values(client, records, "c") == dict.fromkeys(range(20), 2)


def test_a_filter_chooses_the_records(client, module, records):
    work = client.scan("test", records).apply(module, "write", ["b", 1])
    wait_for_job(client, work.execute_background({"expressions": BELOW_5}), "scan")
    assert values(client, records, "b") == dict.fromkeys(range(5), 1)


def test_a_time_to_live_is_given(client, module, records):
    work = client.query("test", records).apply(module, "write", ["b", 1])
    work.ttl = 5000
    wait_for_job(client, work.execute_background(), "query")
    ttls = {meta["ttl"] for _, meta, _ in client.scan("test", records).results()}
    assert max(ttls) <= 5000


# --- scan_apply() and query_apply(), which wait ---


def test_scan_apply_returns_when_the_work_is_done(client, module, records):
    job = client.scan_apply("test", records, module, "write", ["b", {"x": [1]}])
    assert values(client, records, "b") == {n: {"x": [1]} for n in range(20)}
    found = client.job_info(job, aerospike.JOB_SCAN)
    assert (found["status"], found["records_read"]) == (2, 20)


def test_scan_apply_of_a_whole_namespace(client, module, records):
    filter_of_set = expressions.Eq(expressions.SetName(), records).compile()
    client.scan_apply(
        "test", None, module, "write", ("b", 1), {"expressions": filter_of_set}
    )
    assert len(values(client, records, "b")) == 20


def test_scan_apply_of_a_set_without_records(client, module):
    nothing = f"nothing_{uuid.uuid4().hex}"
    assert client.scan_apply("test", nothing, module, "write", ["b", 1]) >= 0


@pytest.mark.parametrize("options", [None, {}, {"concurrent": True}, 5])
def test_options_of_scan_apply_do_nothing(client, module, records, options):
    client.scan_apply(
        "test", records, module, "write", ["b", 1], {"timeout": 9000}, options
    )
    assert len(values(client, records, "b")) == 20


def test_query_apply_changes_what_its_predicate_finds(client, module, records, index):
    between = predicates.between("n", 3, 7)
    job = client.query_apply("test", records, between, module, "write", ["b", 1])
    assert values(client, records, "b") == dict.fromkeys(range(3, 8), 1)
    assert client.job_info(job, aerospike.JOB_QUERY)["records_read"] == 5


def test_query_apply_with_a_filter(client, module, records, index):
    policy = {"expressions": BELOW_5, "total_timeout": 20_000}
    between = predicates.between("n", 3, 7)
    client.query_apply("test", records, between, module, "write", ["b", 1], policy)
    assert values(client, records, "b") == {3: 1, 4: 1}


def test_query_apply_needs_an_index(client, module, records):
    missing = predicates.equals("nothing", 1)
    with pytest.raises(exception.IndexNotFound, match="index") as caught:
        client.query_apply("test", records, missing, module, "write", ["b", 1])
    assert not caught.value.in_doubt


@pytest.mark.parametrize("function", ["fail", "nothing"])
def test_a_function_that_fails_changes_nothing(client, module, records, function):
    text = f"the function {module}.{function} failed on 20 of 20 records"
    with pytest.warns(aerospike.AerospikeWarning, match=text):
        job = client.scan_apply("test", records, module, function, [])
    assert values(client, records, "b") == {}
    assert client.job_info(job, aerospike.JOB_SCAN)["records_read"] == 0


def test_a_module_that_is_not_there_changes_nothing(client, module, records):
    with pytest.warns(aerospike.AerospikeWarning, match="20 of 20 records"):
        client.scan_apply("test", records, "no_module", "write", ["b", 1])
    assert values(client, records, "b") == {}


def test_records_on_which_a_function_fails_are_warned_of(
    client, module, records, index
):
    """Once for each call, at the line of it; a job that is well says nothing."""
    given: tuple[str, str, list[Any]] = (module, "fail_from_17_on", [])
    text = f"the function {module}.fail_from_17_on failed on 3 of 20 records; "
    text += "apply() on one of them says why"
    everything = predicates.between("n", 0, 100)
    for _ in range(2):
        with pytest.warns(aerospike.AerospikeWarning) as caught:
            job = client.scan_apply("test", records, *given)
        assert [(str(each.message), each.filename) for each in caught] == [
            (text, __file__)
        ]
        with pytest.warns(aerospike.AerospikeWarning, match=re.escape(text)):
            client.query_apply("test", records, everything, *given)
    assert client.job_info(job, aerospike.JOB_SCAN) == {
        "progress_pct": 100,
        "records_read": 17,
        "status": aerospike.JOB_STATUS_COMPLETED,
    }
    between = predicates.between("n", 0, 16)
    client.query_apply("test", records, between, *given)


def test_a_namespace_that_is_not_there(client, module):
    with pytest.raises(exception.NamespaceNotFound):
        client.scan_apply("nowhere", None, module, "write", [])


# --- arguments ---


KNOWN: dict[str, Any] = {
    "ns": "test",
    "set": "s",
    "module": "m",
    "function": "f",
    "args": [],
}


def scan_with(**given):
    return lambda client: client.scan_apply(**KNOWN | given)


def query_with(**given):
    known = KNOWN | {"predicate": predicates.equals("n", 1)}
    return lambda client: client.query_apply(**known | given)


@pytest.mark.parametrize("call", [scan_with, query_with])
@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"ns": None}, TypeError, r"_apply\(\) argument 1 must be str, not None"),
        ({"ns": 5}, TypeError, r"_apply\(\) argument 1 must be str, not int"),
        ({"ns": "a\0"}, exception.ParamError, "namespace contains a NUL"),
        ({"set": 5}, exception.ParamError, "Set name should be string"),
        ({"module": None}, exception.ParamError, "Module name should be string"),
        ({"function": b"f"}, exception.ParamError, "Function name should be string"),
        (
            {"args": "x"},
            exception.ParamError,
            "list: got str: write .value., or .. for",
        ),
        ({"args": {}}, exception.ParamError, "Arguments should be a list"),
        ({"args": [2**64]}, exception.ParamError, r"args\[0\]"),
        ({"policy": 5}, exception.ParamError, "policy must be a dict"),
        ({"policy": {"partition_filter": {}}}, exception.ParamError, "every record"),
    ],
)
def test_wrong_arguments_are_refused(client, call, given, error, text):
    with pytest.raises(error, match=text):
        call(**given)(client)


def test_a_scan_policy_that_limits_the_records_is_refused(client):
    with pytest.raises(exception.ParamError, match="every record"):
        scan_with(policy={"max_records": 1})(client)


def test_wrong_options_are_refused(client):
    for options in ({"percent": 50}, {"unknown": True}, {"concurrent": 5}):
        with pytest.raises(exception.ParamError, match="option"):
            scan_with(options=options)(client)


@pytest.mark.parametrize("predicate", [None, (), "a", ("a", 1), (1, 1, "bin"), [0]])
def test_query_apply_needs_a_predicate(client, predicate):
    with pytest.raises(exception.ParamError, match=r"[Pp]redicate"):
        query_with(predicate=predicate)(client)


def test_query_apply_needs_arguments(client):
    """Other clients refuse None, too."""
    with pytest.raises(exception.ParamError, match="Arguments should be a list"):
        query_with(args=None)(client)


def test_too_few_and_too_many_arguments(client):
    with pytest.raises(TypeError, match=r"scan_apply\(\) missing .* 'ns' \(pos 1\)"):
        client.scan_apply()
    with pytest.raises(TypeError, match=r"query_apply\(\) .* 'function' \(pos 5\)"):
        client.query_apply("test", "s", (0, 4, "a", 1), "m")
    most = r"scan_apply\(\) takes at most 7 arguments \(8 given\)"
    with pytest.raises(TypeError, match=most):
        client.scan_apply("test", "s", "m", "f", [], {}, {}, "")


# --- nodes that go away ---


def test_a_node_that_stops_takes_its_part_with_it(cluster, make_client, tmp_path):
    """What the others did stays; the caller learns that not all was done."""
    client = make_client(hosts=cluster.hosts, tend_interval=250)
    keys = [("test", "lost", n) for n in range(60)]
    for key in keys:
        client.put(key, {"n": key[2]})
    other = make_client(hosts=cluster.hosts)

    def stop_at_work():
        node = cluster.node_ids[1]
        until(lambda: "active" in other.info_all("query-show:")[node][1])
        cluster.stop_node(1)

    with registered(client, tmp_path, SOURCE) as name:
        stopping = threading.Thread(target=stop_at_work)
        stopping.start()
        slow = {"records_per_second": 2}
        with pytest.raises(exception.ClusterChangeError, match="left") as caught:
            client.scan_apply("test", "lost", name, "write", ["b", 1], slow)
        join_all([stopping])
    assert caught.value.in_doubt
    assert cluster.node_ids[1] in str(caught.value)
