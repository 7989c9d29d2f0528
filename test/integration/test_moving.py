"""Partitions move while functions in Lua are at work on all of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from aerospike import exception, predicates
from aerospike._calls import jobs
from aerospike._calls import layout as layouts
from aerospike._calls.blocking import run
from aerospike._calls.layout import cluster_change, layout
from aerospike._calls.requests import Nodes

from ..waiting import let_pass

N = 600
SOURCE = """\
local function one(r) return 1 end
local function add(a, b) return a + b end
function ones(s) return s : map(one) end
function count(s) return s : map(one) : reduce(add) end
function mark(r) r.done = 1; aerospike:update(r) end
"""
BELOW_N = predicates.between("n", 0, N)


@pytest.fixture
def client(cluster: Any, make_client: Any, lua_config: dict[str, Any]) -> Any:
    """A client of three nodes, which have N records and a module."""
    made = make_client(hosts=cluster.hosts, **lua_config)
    path = os.path.join(lua_config["lua"]["user_path"], "moving.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write(SOURCE)
    made.udf_put(path)
    for n in range(N):
        made.put(("test", "moving", n), {"n": n})
    return made


def stop_and_start(cluster: Any) -> None:
    cluster.stop_node(2)
    cluster.start_node(2)


CHANGES = {
    "level": lambda cluster: cluster.move_partitions(),
    "restart": stop_and_start,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("policy", [None, {"total_timeout": 20_000}])
def test_aggregation_fails_when_partitions_have_moved(cluster, client, change, policy):
    query = client.query("test", "moving").apply("moving", "ones")
    stream = query.stream(policy)
    assert next(stream) == 1
    CHANGES[change](cluster)
    with pytest.raises(exception.AerospikeError) as caught:
        list(stream)
    if change == "level":  # a node that stops may break off its answer
        assert caught.value.code == 7
        assert isinstance(caught.value, exception.ClusterChangeError)
        assert "partitions have moved meanwhile" in str(caught.value)
        assert "fail_on_cluster_change" in str(caught.value)


def test_slow_nodes_are_heard(cluster, client):
    """The client asks for partitions as long as the call may take."""
    with cluster.faults.delay(1.2, commands="info"):
        assert client.query("test", "moving").apply("moving", "count").results() == [N]


def test_the_reduced_value_is_not_given_when_partitions_have_moved(cluster, client):
    """No count is wrong without an error, however often partitions move."""
    enough = threading.Event()

    def move() -> None:
        while not enough.is_set():
            cluster.move_partitions()
            let_pass(0.05)

    thread = threading.Thread(target=move)
    thread.start()
    outcomes = set()
    try:
        for _ in range(30):
            try:
                found = (
                    client.query("test", "moving").apply("moving", "count").results()
                )
                outcomes.add(found[0])
            except exception.ClusterChangeError:
                outcomes.add("told")
    finally:
        enough.set()
        thread.join()
    assert outcomes <= {N, "told"}
    assert "told" in outcomes


def test_program_that_takes_what_comes(cluster, client):
    query = client.query("test", "moving").apply("moving", "ones")
    stream = query.stream({"fail_on_cluster_change": False})
    assert next(stream) == 1
    cluster.move_partitions()
    assert set(stream) <= {1}
    scan = client.scan("test", "moving").apply("moving", "count")
    assert scan.results({"fail_on_cluster_change": False}) == [N]


def test_records_of_a_query_do_not_need_it(cluster, client):
    stream = client.query("test", "moving").stream({"fail_on_cluster_change": True})
    next(stream)
    cluster.move_partitions()
    assert len(list(stream)) >= N - 1


# --- work in the background ---

WORK = {
    "scan_apply": lambda client, policy: client.scan_apply(
        "test", "moving", "moving", "mark", [], policy
    ),
    "query_apply": lambda client, policy: client.query_apply(
        "test", "moving", BELOW_N, "moving", "mark", [], policy
    ),
}


@pytest.fixture(params=WORK)
def work(request, client):
    """Work on all records, for a policy."""
    client.index_integer_create("test", "moving", "n", "moving_n")
    return lambda policy=None: WORK[request.param](client, policy)


def marked(client: Any) -> int:
    found = client.scan("test", "moving").results()
    return sum("done" in bins for _, _, bins in found)


@pytest.fixture
def moves_when_done(cluster, monkeypatch):
    """Partitions move between the end of the work and the client's look at it."""
    wait = jobs._wait_for_job

    def wait_and_move(*args: Any) -> Any:
        found = yield from wait(*args)
        cluster.move_partitions()
        return found

    monkeypatch.setattr(jobs, "_wait_for_job", wait_and_move)


@pytest.mark.usefixtures("moves_when_done")
def test_work_tells_when_partitions_have_moved(client, work):
    with pytest.raises(exception.ClusterChangeError, match="moved mean") as caught:
        work()
    assert (caught.value.code, caught.value.in_doubt) == (7, True)
    assert "fail_on_cluster_change" in str(caught.value)
    assert marked(client) == N


@pytest.mark.usefixtures("moves_when_done")
def test_work_that_takes_what_comes(client, work):
    assert work({"fail_on_cluster_change": False}) > 0
    assert marked(client) == N


def test_work_does_not_begin_while_partitions_move(client, work, monkeypatch):
    def unstable(*_: Any) -> Any:
        yield Nodes()
        raise cluster_change("partitions are moving")

    monkeypatch.setattr(layouts, "layout", unstable)
    with pytest.raises(exception.ClusterChangeError, match="moving") as caught:
        work()
    assert not caught.value.in_doubt
    assert marked(client) == 0
    assert work({"fail_on_cluster_change": False}) > 0
    assert marked(client) == N


def test_work_on_a_quiet_cluster(client, work):
    assert work({"fail_on_cluster_change": True}) > 0
    assert marked(client) == N


# --- what the nodes say ---

ALL = "/" * 682 + "8="
NONE = "A" * 683 + "="


def told(name: str, bitmap: str, key: str = "C0FFEE", generation: str = "4") -> str:
    """The answers of a node."""
    stable = "cluster-stable:size=2;ignore-migrations=true"
    return (
        f"{name}\npartition-generation\t{generation}\n{stable}\t{key}\n"
        f"replicas:max=1\tbar:0,1,{NONE};test:0,1,{bitmap}\n"
    )


def look(*replies: str | None) -> Any:
    """What comes of those answers of two nodes."""

    def ask(request: object) -> Any:
        if isinstance(request, Nodes):
            return ["A", "B"]
        return {name: (None, reply) for name, reply in zip("AB", replies, strict=True)}

    return run(layout("test", 1000), ask)


def test_layout_in_which_each_partition_has_a_master():
    quiet = look(told("A", ALL), told("B", NONE))
    assert quiet == look(told("B", NONE), told("A", ALL))
    assert quiet != look(told("A", NONE), told("B", ALL))
    assert quiet != look(told("A", ALL, generation="5"), told("B", NONE))


def rows() -> Iterator[tuple[str, list[str | None]]]:
    yield "some have two masters", [told("A", ALL), told("B", ALL)]
    yield "some have no master", [told("A", "g" + NONE[1:]), told("B", NONE)]
    yield "not one cluster", [told("A", ALL), told("B", NONE, key="ABBA")]
    yield (
        "unstable cluster",
        [told("A", ALL), told("B", NONE, "ERROR:7:unstable cluster")],
    )
    yield "does not tell", [told("A", ALL), None]
    yield "malformed", [told("A", ALL), told("B", "!")]
    yield "answers nothing", [told("A", ALL), ""]


@pytest.mark.parametrize(("what", "replies"), [*rows()])
def test_layout_that_is_on_the_move(what, replies):
    with pytest.raises(exception.ClusterChangeError, match=what):
        look(*replies)
