"""Metrics: what is counted, who is told of it, and the file that is written."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import re
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import aerospike
from aerospike import _metrics, exception
from aerospike_helpers import metrics
from aerospike_helpers.metrics import MetricsListeners, MetricsPolicy

from ..children import run_script
from ..tracing import before_bytecode
from ..waiting import join_all, patient, until

COUNTED = {"read", "write", "batch", "query"}
MISSING = ("test", "pytest", "no record of tests of metrics")


class Told:
    """Listeners that keep what they are told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.threads: set[int] = set()

    def _keep(self, name: str, *args: Any) -> None:
        self.calls.append((name, *(args or (None,))))
        if name == "snapshot":
            self.threads.add(threading.get_ident())

    def listeners(self, **others: Callable[..., Any]) -> MetricsListeners:
        names = ("enable", "snapshot", "node_close", "disable")
        own = {
            f"{name}_listener": lambda *args, name=name: self._keep(name, *args)
            for name in names
        }
        return MetricsListeners(**(own | others))

    def named(self, name: str) -> list[Any]:
        return [seen for called, seen in list(self.calls) if called == name]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def eager(make_client):
    """A client that looks at its cluster often."""
    return make_client(tend_interval=250)


def all_namespaces(cluster: Any) -> list[Any]:
    return [m for node in cluster.nodes for m in node.metrics]


def latencies(cluster: Any, ns: str) -> dict[str, int]:
    """How many commands of each kind were counted in a namespace."""
    return {
        kind: sum(
            sum(getattr(m, f"{kind}_latency"))
            for m in all_namespaces(cluster)
            if m.ns == ns
        )
        for kind in COUNTED
    }


def last_of(client: Any, told: Told, work: Callable[[], Any]) -> Any:
    """What the last report says of work that is done while metrics are enabled."""
    client.enable_metrics(MetricsPolicy(told.listeners()))
    try:
        work()
    finally:
        client.disable_metrics()
    return told.named("disable")[-1]


# --- get_stats ---


def test_stats_have_the_shapes_of_their_classes(client, key):
    client.put(key, {"n": 1})
    stats = client.get_stats()
    assert type(stats) is metrics.ClusterStats
    assert vars(stats).keys() == metrics.ClusterStats.__annotations__.keys()
    assert {node.name for node in stats.nodes} == {
        node["node_name"] for node in client.get_node_names()
    }
    for node in stats.nodes:
        assert type(node) is metrics.NodeStats
        assert vars(node).keys() == metrics.NodeStats.__annotations__.keys()
        assert vars(node.conns).keys() == metrics.ConnectionStats.__annotations__.keys()


def test_stats_count_failures_without_metrics(make_client, key):
    client = make_client()
    client.put(key, {"n": 1})
    create = {"exists": aerospike.POLICY_EXISTS_CREATE}
    for _ in range(3):
        with pytest.raises(exception.RecordExistsError):
            client.put(key, {"n": 1}, policy=create)
        with pytest.raises(exception.RecordNotFound):  # which is no failure
            client.get(MISSING)
    assert sum(node.error_count for node in client.get_stats().nodes) == 3


def test_stats_count_connections(make_client, key):
    client = make_client()
    client.put(key, {"n": 1})
    nodes = client.get_stats().nodes
    assert sum(node.conns.in_pool for node in nodes) == 1
    assert all(node.conns.in_use == 0 for node in nodes)
    # each has one for tending besides
    assert sum(node.conns.opened - node.conns.closed for node in nodes) == 1 + len(
        nodes
    )


def test_stats_of_a_timeout_count_it_and_its_connection(scripted_node, make_client):
    scripted_node.expect().stay_silent()
    client = make_client(hosts=[scripted_node.host])
    limits = {"total_timeout": 100, "max_retries": 0, "timeout_delay": 0}
    with pytest.raises(exception.TimeoutError):
        client.get(("test", "demo", 1), policy=limits)
    (node,) = client.get_stats().nodes
    assert (node.timeout_count, node.error_count, node.conns.closed) == (1, 0, 1)


def test_closed_client_has_no_stats(make_client):
    client = make_client()
    client.close()
    for call in (client.get_stats, client.enable_metrics, client.disable_metrics):
        with pytest.raises(exception.ClusterError):
            call()


# --- what is measured ---


def test_commands_are_counted_by_kind(client, key, told):
    def work() -> None:
        for _ in range(3):
            client.put(key, {"n": 1})
        for _ in range(5):
            client.get(key)
        client.exists(MISSING)
        client.batch_read([key, MISSING])
        client.query(*key[:2]).results()

    seen = last_of(client, told, work)
    own = latencies(seen, key[0])
    assert (own["write"], own["read"]) == (3, 6)
    assert own["query"] == len(seen.nodes)
    assert 1 <= latencies(seen, "")["batch"] <= 2  # parts, one for each node
    for m in all_namespaces(seen):
        assert all(len(getattr(m, f"{kind}_latency")) == 7 for kind in COUNTED)


def test_commands_and_bytes_are_counted_while_enabled_only(client, key, told):
    client.put(key, {"n": 1})
    before = last_of(client, told, lambda: None)
    client.get(key)
    between = last_of(client, told, lambda: client.get(key))
    after = last_of(client, told, lambda: client.batch_read([key]))

    def bytes_of(cluster: Any, ns: str) -> tuple[int, int]:
        found = [m for m in all_namespaces(cluster) if m.ns == ns]
        return sum(m.bytes_in for m in found), sum(m.bytes_out for m in found)

    assert between.command_count == before.command_count + 1
    assert after.command_count == before.command_count + 2
    (in_before, out_before), (in_now, out_now) = (
        bytes_of(cluster, key[0]) for cluster in (before, between)
    )
    assert in_now > in_before
    assert out_now > out_before
    assert bytes_of(after, key[0]) == bytes_of(between, key[0])
    assert latencies(after, key[0]) == dict.fromkeys(COUNTED, 0)  # which begin anew


def test_calls_of_an_event_loop_are_measured(hosts, key, told):
    async def work() -> Any:
        async with aerospike.AsyncClient(patient({"hosts": hosts})) as client:
            client.enable_metrics(MetricsPolicy(told.listeners()))
            await client.put(key, {"n": 1})
            await asyncio.gather(*(client.get(key) for _ in range(20)))
            await client.batch_read([key])
            return sum(node.conns.opened for node in client.get_stats().nodes)

    assert asyncio.run(work()) > 0
    (seen,) = told.named("disable")  # close() has ended the metrics
    own = latencies(seen, key[0])
    assert (own["write"], own["read"]) == (1, 20)
    assert latencies(seen, "")["batch"] == 1
    assert sum(m.bytes_in for m in all_namespaces(seen) if m.ns == key[0]) > 0


def test_client_of_an_event_loop_connects_before_it_measures(hosts):
    client = aerospike.AsyncClient(patient({"hosts": hosts}))
    with pytest.raises(exception.ClusterError):
        client.enable_metrics()


# --- columns ---


@pytest.mark.parametrize(("columns", "shift"), [(0, 1), (1, 1), (5, 3), (255, 255)])
def test_columns_are_as_many_as_asked_for(client, key, told, columns, shift):
    client.put(key, {"n": 1})
    policy = MetricsPolicy(
        told.listeners(), latency_columns=columns, latency_shift=shift
    )
    client.enable_metrics(policy)
    client.get(key)
    client.disable_metrics()
    (seen,) = told.named("disable")
    read = max((m.read_latency for m in all_namespaces(seen)), key=sum)
    assert len(read) == columns
    assert sum(read) == (1 if columns else 0)


# --- reports ---


def test_listeners_are_called_in_order(eager, key, told):
    eager.put(key, {"n": 1})
    eager.enable_metrics(MetricsPolicy(told.listeners(), interval=1))
    until(lambda: len(told.named("snapshot")) >= 2)
    eager.disable_metrics()
    names = [name for name, _ in told.calls]
    assert names[0] == "enable"
    assert set(names[1:-1]) == {"snapshot"}
    assert names[-1] == "disable"
    assert threading.get_ident() not in told.threads
    seen = told.named("snapshot")[0]
    assert type(seen) is metrics.Cluster
    assert vars(seen).keys() == metrics.Cluster.__annotations__.keys()
    assert vars(seen.nodes[0]).keys() == metrics.Node.__annotations__.keys()
    assert (
        vars(all_namespaces(seen)[0]).keys()
        == metrics.NamespaceMetrics.__annotations__.keys()
    )


def test_reports_come_every_interval(eager, told):
    often = Told()
    eager.enable_metrics(MetricsPolicy(told.listeners(), interval=1000))
    eager.enable_metrics(MetricsPolicy(often.listeners(), interval=1))
    assert [name for name, _ in told.calls] == ["enable", "disable"]
    until(lambda: often.named("snapshot"))


def test_close_ends_metrics(make_client, told):
    client = make_client()
    client.enable_metrics(MetricsPolicy(told.listeners()))
    client.close()
    assert [name for name, _ in told.calls] == ["enable", "disable"]


def test_application_is_named(make_client, told):
    client = make_client(app_id="shop")
    assert last_of(client, told, lambda: None).app_id == "shop"
    other = Told()
    assert last_of(make_client(), other, lambda: None).app_id == "not-set"


def test_node_that_goes_is_told(cluster, told):
    config = patient({"hosts": cluster.hosts[:1], "tend_interval": 250})
    with aerospike.client(config) as client:
        client.enable_metrics(MetricsPolicy(told.listeners(), interval=1))
        until(lambda: len(client.get_nodes()) == 3)
        (gone,) = (
            node["node_name"]
            for node in client.get_node_names()
            if node["port"] == cluster.hosts[2][1]
        )
        cluster.stop_node(2)
        (node,) = until(lambda: told.named("node_close"))
        assert type(node) is metrics.Node
        assert node.name == gone
        until(lambda: any(len(seen.nodes) == 2 for seen in told.named("snapshot")))


def test_forked_child_measures_nothing(make_client, key, told):
    client = make_client(tend_interval=250)
    client.put(key, {"n": 1})
    client.enable_metrics(MetricsPolicy(told.listeners(), interval=1))
    pid = os.fork()
    if pid == 0:
        try:
            del told.calls[:]
            client.get(key)
            before = client._stats()[0]
            client.get(key)
            unmeasured = client._stats()[0] == before
            client.disable_metrics()
            os._exit(0 if unmeasured and not told.calls else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    client.get(key)
    client.disable_metrics()
    assert told.named("disable")


def test_threads_that_enable_at_once_leave_one_that_measures(make_client, key):
    """Who is too slow ends his own, and not what another thread has begun."""
    for _ in range(20):
        client = make_client()
        barrier = threading.Barrier(4)
        all_told = [Told() for _ in range(4)]

        def enable(told, barrier=barrier, client=client):
            barrier.wait()
            client.enable_metrics(MetricsPolicy(told.listeners()))

        threads = [threading.Thread(target=enable, args=(told,)) for told in all_told]
        for thread in threads:
            thread.start()
        join_all(threads)
        client.put(key, {"n": 1})
        client.disable_metrics()
        last = [told.named("disable")[-1] for told in all_told if told.named("enable")]
        assert max(latencies(cluster, key[0])["write"] for cluster in last) == 1
        assert all(len(told.named("disable")) == 1 for told in all_told)


def enabled_by(client: aerospike.Client) -> Told:
    told = Told()
    client.enable_metrics(MetricsPolicy(told.listeners(), interval=1000))
    return told


def n_measured(client: Any, key: Any) -> int:
    """How often a write is counted."""
    counts = []
    for put in (lambda: 0, lambda: client.put(key, {"n": 1})):
        put()
        seen = _metrics._cluster(client._who(), client._stats())
        counts.append(latencies(seen, key[0])["write"])
    return counts[1] - counts[0]


def closed_and_opened(client: aerospike.Client) -> None:
    client.close()
    client.connect()


INTERRUPTIONS: dict[str, Callable[[aerospike.Client], Told | None]] = {
    "close": closed_and_opened,
    "disable_metrics": lambda client: client.disable_metrics(),
    "enable_metrics": enabled_by,
}


@pytest.mark.parametrize("name", INTERRUPTIONS)
@pytest.mark.parametrize("call", ["enable_metrics", "disable_metrics"])
def test_handlers_and_finalizers_may_do_the_same(make_client, key, call, name):
    """At any moment, as those of signals and of what the collector ends. Each metrics
    begin and end once, and the client measures for as long as there are some."""
    client = make_client()
    n = was_on = 0
    left = [0]
    while left[0] < 1:
        n += 3
        all_told = [enabled_by(client)]

        def interrupt(all_told=all_told):
            made = INTERRUPTIONS[name](client)
            all_told.extend([made] if made else [])

        with before_bytecode(_metrics.__file__, n, interrupt) as left:
            if call == "enable_metrics":
                all_told.append(enabled_by(client))
            else:
                client.disable_metrics()
        are_on = [told for told in all_told if not told.named("disable")]
        assert len(are_on) == n_measured(client, key) <= 1, n
        was_on += len(are_on)
        client.disable_metrics()
        for told in all_told:
            assert [seen for seen, _ in told.calls] == ["enable", "disable"], n
    assert n > 100
    assert (was_on > 0) == ("enable_metrics" in (call, name))


def test_listener_that_has_its_client_does_not_keep_it(hosts):
    def enabled() -> weakref.ref[MetricsListeners]:
        client = aerospike.client(patient({"hosts": hosts}))
        listeners = Told().listeners(snapshot_listener=lambda _: client.get_stats())
        client.enable_metrics(MetricsPolicy(listeners))
        return weakref.ref(listeners)

    gone = enabled()
    until(lambda: gc.collect() is not None and gone() is None)


# --- errors ---


def uncallable() -> MetricsListeners:
    made = Told().listeners()
    vars(made)["snapshot_listener"] = 5
    return made


BAD: dict[str, list[Any]] = {
    "metrics_listeners": [5, uncallable()],
    "report_dir": [5, None, b"/tmp", "/" + "x" * 255],
    "report_size_limit": ["x", -1, 2**64, 1.5, None],
    "interval": ["x", -1, 0, 2**32, 1.0, None],
    "latency_columns": ["x", -1, 256, None],
    "latency_shift": ["x", -1, 256, None],
    "labels": [None, 5, [], {"a": 1}, {1: "a"}],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in BAD for value in BAD[name]]
)
def test_wrong_attribute_is_named(client, name, value):
    policy = MetricsPolicy()
    setattr(policy, name, value)
    with pytest.raises(exception.ParamError, match=f"MetricsPolicy.{name}"):
        client.enable_metrics(policy)


def test_repr_shows_what_was_counted(client, key):
    client.put(key, {"n": 1})
    shown = repr(client.get_stats())
    assert shown.startswith("ClusterStats(nodes=[NodeStats(name='")
    assert "conns=ConnectionStats(in_use=0, in_pool=" in shown


def test_folder_may_be_a_path(client, tmp_path):
    client.enable_metrics(MetricsPolicy(report_dir=tmp_path))
    client.disable_metrics()
    assert list(tmp_path.glob("metrics-*.log"))


def test_configuration_says_what_is_measured_by_default(make_client, key, told):
    policy = MetricsPolicy(told.listeners(), latency_columns=3, labels={"a": "b"})
    client = make_client(policies={"metrics": policy})
    policy.latency_columns = 9  # the client has a copy
    policy.labels.clear()
    client.enable_metrics()
    client.put(key, {"n": 1})
    client.disable_metrics()
    (seen,) = told.named("disable")
    assert latencies(seen, key[0])["write"] == 1
    assert {len(m.write_latency) for m in all_namespaces(seen)} == {3}
    client.enable_metrics(MetricsPolicy(told.listeners()))
    client.disable_metrics()
    seen = told.named("disable")[-1]
    assert {len(m.write_latency) for m in all_namespaces(seen)} == {7}


def test_configuration_holds_for_event_loops(hosts, key, told):
    policy = MetricsPolicy(told.listeners(), latency_columns=2)

    async def measured() -> Any:
        config = patient({"hosts": hosts, "policies": {"metrics": policy}})
        async with aerospike.AsyncClient(config) as client:
            client.enable_metrics()
            await client.put(key, {"n": 1})
            client.disable_metrics()
        return told.named("disable")

    (seen,) = asyncio.run(measured())
    assert latencies(seen, key[0])["write"] == 1
    assert {len(m.write_latency) for m in all_namespaces(seen)} == {2}


@pytest.mark.parametrize("policy", [None, 5, {"latency_columns": 3}, MetricsPolicy])
def test_configuration_without_a_policy_is_refused(make_client, policy):
    kind = type(policy).__name__
    with pytest.raises(exception.ParamError, match=f"a {kind} was received instead"):
        make_client(policies={"metrics": policy})


def test_wrong_attribute_in_the_configuration_is_named(make_client):
    text: Any = "7"
    policy = MetricsPolicy(latency_columns=text)
    with pytest.raises(exception.ParamError, match=r"MetricsPolicy\.latency_columns"):
        make_client(policies={"metrics": policy})


def test_what_is_no_policy_is_refused(client):
    with pytest.raises(exception.ParamError, match="must be an aerospike_helpers"):
        client.enable_metrics(5)
    policy = MetricsPolicy()
    del policy.interval
    with pytest.raises(exception.ParamError, match="Unable to fetch interval"):
        client.enable_metrics(policy)


def fails(*_: object) -> None:
    raise ValueError("boom")


def test_error_when_enabling_is_raised_and_nothing_is_enabled(client, told):
    listeners = told.listeners(enable_listener=fails)
    text = "Python callback enable_listener threw a ValueError exception. .*: boom"
    with pytest.raises(exception.ClientError, match=text):
        client.enable_metrics(MetricsPolicy(listeners))
    client.disable_metrics()
    assert told.calls == []


class Unprintable(ValueError):
    def __str__(self) -> str:
        raise RuntimeError


def test_error_of_a_listener_that_has_no_text(client, told):
    def fails_mutely() -> None:
        raise Unprintable

    policy = MetricsPolicy(told.listeners(enable_listener=fails_mutely))
    text = r"a Unprintable exception\. str\(\) on exception value threw an error"
    with pytest.raises(exception.ClientError, match=text):
        client.enable_metrics(policy)


def test_error_when_disabling_is_raised_once(client, told):
    client.enable_metrics(MetricsPolicy(told.listeners(disable_listener=fails)))
    with pytest.raises(exception.ClientError, match=r"disable_listener .*boom"):
        client.disable_metrics()
    client.disable_metrics()


def test_error_of_a_report_is_logged_and_tending_goes_on(eager, told, caplog):
    def snapshot(cluster: Any) -> None:
        told.calls.append(("snapshot", cluster))
        raise ValueError("boom")

    listeners = told.listeners(snapshot_listener=snapshot)
    with caplog.at_level(logging.ERROR, "aerospike"):
        eager.enable_metrics(MetricsPolicy(listeners, interval=1))
        until(lambda: len(told.named("snapshot")) >= 3)
        eager.disable_metrics()
    assert "snapshot_listener has raised ValueError" in caplog.text
    assert "boom" in caplog.text
    assert eager.is_connected()


# --- the file ---

STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def files(folder: Any) -> list[str]:
    return [path.read_text() for path in sorted(folder.iterdir())]


def test_file_has_a_header_and_a_line_for_each_report(make_client, key, tmp_path):
    client = make_client(tend_interval=250, app_id="shop")
    client.put(key, {"n": 1})
    client.enable_metrics(
        MetricsPolicy(
            report_dir=str(tmp_path),
            interval=1,
            latency_columns=5,
            latency_shift=3,
            labels={"region": "us", "a\nb": "c"},
        )
    )
    client.get(key)
    until(lambda: files(tmp_path)[0].count("\n") >= 3)
    client.disable_metrics()
    (path,) = tmp_path.iterdir()
    assert re.fullmatch(r"metrics-\d{14}\.log", path.name)
    header, *lines = path.read_text().splitlines()
    assert re.fullmatch(
        STAMP + r" header\(2\) cluster\[name,clientType,clientVersion,appId,label\[\],"
        r"cpu,mem,invalidNodeCount,commandCount,retryCount,delayQueueTimeoutCount,"
        r"eventloop\[\],node\[\]\] label\[name,value\] "
        r"eventloop\[processSize,queueSize\] "
        r"node\[name,address,port,syncConn,asyncConn,namespace\[\]\] "
        r"conn\[inUse,inPool,opened,closed,recovered,aborted\] "
        r"namespace\[name,errors,timeouts,keyBusy,bytesIn,bytesOut,latency\[\]\] "
        r"latency\(5,3\)\[type\[l1,l2,l3\.\.\.\]\]",
        header,
    )
    counts = r"\[\d+(,\d+){4}\]"
    namespace = (
        rf"\w*(,\d+){{5}},\[conn{counts},write{counts},read{counts},batch{counts},"
        rf"query{counts}\]"
    )
    node = rf"\[\w+,[\w.:]+,\d+(,\d+){{12}},\[({namespace}(,{namespace})*)?\]\]"
    version = re.escape(aerospike.__version__)
    whole = (
        rf"{STAMP} cluster\[\w*,python,{version},shop,\[\[region,us\],\[a b,c\]\]"
        rf"(,\d+){{6}},\[\],\[{node}(,{node})*\]\]"
    )
    for line in lines:
        assert re.fullmatch(whole, line), line
    assert f"[{key[0]}," in lines[-1] or f",{key[0]}," in lines[-1]


def test_full_file_is_followed_by_another(eager, tmp_path, monkeypatch):
    monkeypatch.setattr("aerospike._metrics._LEAST_LIMIT", 100)
    eager.enable_metrics(
        MetricsPolicy(report_dir=str(tmp_path), report_size_limit=100, interval=1)
    )
    until(lambda: len(files(tmp_path)) >= 2)
    eager.disable_metrics()
    assert all("header(2)" in text.splitlines()[0] for text in files(tmp_path))


def test_line_waits_for_the_head_of_its_file(eager, tmp_path, monkeypatch):
    is_open, goes_on = threading.Event(), threading.Event()
    write = _metrics.Writer._write

    def slow(self: Any, text: str) -> None:
        if text.startswith("header") and len(list(tmp_path.iterdir())) > 1:
            is_open.set()
            goes_on.wait(30)
        write(self, text)

    monkeypatch.setattr(_metrics, "_LEAST_LIMIT", 100)
    monkeypatch.setattr(_metrics.Writer, "_write", slow)
    eager.enable_metrics(
        MetricsPolicy(report_dir=str(tmp_path), report_size_limit=100, interval=1)
    )
    until(is_open.is_set)
    thread = threading.Thread(target=eager.disable_metrics)
    thread.start()
    thread.join(0.5)  # long enough for a line that waits for nothing
    goes_on.set()
    join_all([thread])
    assert all("header(2)" in text.splitlines()[0] for text in files(tmp_path))


def test_limit_of_a_file_has_a_least(client, tmp_path):
    policy = MetricsPolicy(report_dir=str(tmp_path), report_size_limit=999_999)
    text = "report_size_limit 999999 must be at least 1000000"
    with pytest.raises(exception.ClientError, match=text):
        client.enable_metrics(policy)
    assert files(tmp_path) == []


def test_folder_that_is_not_there_is_an_error(client, tmp_path):
    policy = MetricsPolicy(report_dir=str(tmp_path / "none"))
    with pytest.raises(exception.ClientError, match=r"Failed to open file: .*none"):
        client.enable_metrics(policy)


def test_line_that_was_cut_spoils_no_other(hosts, tmp_path):
    """Here a limit of the process does what a full disk does."""
    run_script(
        """
        from aerospike_helpers.metrics import MetricsPolicy
        client = aerospike.client({"hosts": hosts, **PATIENT})
        folder = sys.argv[2]
        def enable():
            client.enable_metrics(MetricsPolicy(report_dir=folder))
        enable()
        [name] = os.listdir(folder)
        path = os.path.join(folder, name)
        size = os.path.getsize(path)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, resource.RLIM_INFINITY))
        [report] = client._extras
        from aerospike._metrics import _cluster
        seen = _cluster(client._who(), client._stats())
        for _ in range(2):
            try:
                report._listeners.snapshot_listener(seen)
            except OSError:
                pass
            else:
                raise AssertionError("the disk is not full")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        client.disable_metrics()
        with open(path) as file:
            lines = file.read().splitlines()
        assert [len(line) for line in lines][1] == 10, lines
        assert lines[2].endswith("]]") and " cluster[" in lines[2], lines
        """,
        hosts,
        str(tmp_path),
    )


def test_file_goes_on_where_the_next_cannot_be_made(eager, tmp_path, monkeypatch):
    folder = tmp_path / "reports"
    folder.mkdir()
    monkeypatch.setattr("aerospike._metrics._LEAST_LIMIT", 1)
    policy = MetricsPolicy(report_dir=str(folder), report_size_limit=1, interval=1)
    eager.enable_metrics(policy)
    gone = folder.rename(tmp_path / "gone")
    n_files, n_lines = len(files(gone)), "".join(files(gone)).count(" cluster[")
    until(lambda: "".join(files(gone)).count(" cluster[") >= n_lines + 2)
    assert len(files(gone)) == n_files
    folder.mkdir()
    until(lambda: list(folder.iterdir()))
