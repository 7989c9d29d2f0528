"""Files with dynamic settings: what they say holds, and follows what they say later."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aerospike
from aerospike import _config_file, _metrics, _watch, exception
from aerospike_devserver import DevCluster
from aerospike_helpers import expressions as exp
from aerospike_helpers.metrics import MetricsPolicy

from ..waiting import join_all, let_pass, patient, until

URL = "AEROSPIKE_CLIENT_CONFIG_URL"
NEVER = exp.Eq(1, 2).compile()

Write = Callable[[object], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


@pytest.fixture
def write(path: Path) -> Write:
    """write(document): as a program does that never shows half a file."""

    def put(document: object) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(path)

    return put


@pytest.fixture
def follow(path: Path, make_client) -> Callable[..., aerospike.Client]:
    """follow(**config): a client that reads the file ten times a second."""

    def make(**config: Any) -> aerospike.Client:
        provider = aerospike.ConfigProvider(str(path), 100)
        return make_client(config_provider=provider, **config)

    return make


@pytest.fixture
def log_lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """What the client says in its log meanwhile."""
    caplog.set_level(logging.DEBUG, "aerospike")
    aerospike.set_log_level(aerospike.LOG_LEVEL_INFO)
    yield caplog.messages
    aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)


def dynamic(**sections: Any) -> dict[str, Any]:
    return {"version": "1.0.0", "dynamic": sections}


def total_of(client: Any, kind: str = "read") -> int:
    return client.get_policies()[kind]["total_timeout"]


def is_total(client: Any, milliseconds: int) -> bool:
    return total_of(client) == milliseconds


def is_measured(client: Any) -> bool:
    return bool(_metrics._those_of(client))


def said(caplog: pytest.LogCaptureFixture, text: str) -> bool:
    return any(text in message for message in caplog.messages)


# --- what a file says ---


def test_file_holds_from_the_start(write, follow):
    write(dynamic(read={"total_timeout": 1234, "replica": "MASTER"}))
    policies = follow().get_policies()
    assert policies["read"]["total_timeout"] == 1234
    assert policies["read"]["replica"] == aerospike.POLICY_REPLICA_MASTER
    assert policies["write"]["total_timeout"] == 30_000  # as the configuration says


VALUES = {
    "replica": ("PREFER_RACK", aerospike.POLICY_REPLICA_PREFER_RACK),
    "read_mode_ap": ("ALL", aerospike.POLICY_READ_MODE_AP_ALL),
    "read_mode_sc": ("ALLOW_REPLICA", aerospike.POLICY_READ_MODE_SC_ALLOW_REPLICA),
    "send_key": (True, aerospike.POLICY_KEY_SEND),
    "expected_duration": ("SHORT", aerospike.QUERY_DURATION_SHORT),
    "error_detail_verbosity": (2, 2),
    "max_concurrent_threads": (4, True),
    "durable_delete": (True, True),
    "allow_inline": (False, False),
    "allow_inline_ssd": (True, True),
    "respond_all_keys": (False, False),
}
"""What the file says -> what get_policies() shows; 4321 for keys that are numbers."""

HIDDEN = {"allow_inline_ssd", "respond_all_keys"}
"""get_policies() never shows them."""


def rows() -> Iterator[Any]:
    for section, groups in _config_file.POLICIES.items():
        for keys, kinds in groups:
            for key in keys:
                for kind in kinds:
                    yield pytest.param(section, key, kind, id=f"{section}.{key}-{kind}")


@pytest.mark.parametrize(("section", "key", "kind"), [*rows()])
def test_each_key_is_a_default_of_its_policies(write, follow, section, key, kind):
    given, shown = VALUES.get(key, (4321, 4321))
    write(dynamic(**{section: {key: given}}))
    client = follow(validate_keys=True, fail_if_not_connected=False, hosts=[("::", 1)])
    name = _config_file._NAMES.get(key, key)
    if key not in HIDDEN and key != "fail_on_filtered_out":
        assert client.get_policies()[kind][name] == shown


def test_file_wins_over_the_configuration_and_over_the_call(write, follow, key):
    write(dynamic(write={"send_key": True, "max_retries": 0}))
    client = follow(policies={"write": {"key": aerospike.POLICY_KEY_DIGEST}})
    client.put(key, {"n": 1}, policy={"key": aerospike.POLICY_KEY_DIGEST})
    found = client.query(*key[:2]).results()
    assert key[2] in [record[0][2] for record in found]


def test_what_the_file_does_not_say_is_for_the_call(write, follow, key):
    write(dynamic(write={"total_timeout": 30_000}))
    client = follow()
    client.put(key, {"n": 1}, policy={"key": aerospike.POLICY_KEY_SEND})
    assert key[2] in [record[0][2] for record in client.query(*key[:2]).results()]


def test_old_name_of_a_policy_does_not_win_over_the_file(write, follow, key):
    """With a total timeout of 1 ms the call could not count on a reply."""
    write(dynamic(read={"total_timeout": 30_000, "max_retries": 3}))
    client = follow()
    client.put(key, {"n": 1})
    assert client.get(key, {"timeout": 0, "retry": 0})[2] == {"n": 1}
    write(dynamic(read={"total_timeout": 0}))
    until(lambda: total_of(client) == 0)
    assert client.get(key, {"timeout": 1})[2] == {"n": 1}


def test_send_key_false_holds_against_the_program(write, follow, key):
    write(dynamic(write={"send_key": False}))
    policy = {"key": aerospike.POLICY_KEY_SEND}
    client = follow(policies={"write": policy})
    assert client.get_policies()["write"]["key"] == aerospike.POLICY_KEY_DIGEST
    client.put(key, {"n": 1}, policy=policy)
    records = client.query(*key[:2]).results()
    assert [found[2] for found, _, bins in records if bins == {"n": 1}] == [None]


def test_static_settings_hold_for_the_new_client(write, follow):
    write({"static": {"client": {"max_connections_per_node": 1}}, "dynamic": {}})
    with pytest.raises(exception.ParamError, match="above max_conns_per_node"):
        follow(min_conns_per_node=2)


def test_digits_in_quotes_are_a_number(write, follow):
    write(dynamic(read={"total_timeout": "4321"}))
    assert total_of(follow()) == 4321


# --- where it is ---


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_environment_names_a_file(write, path, make_client, monkeypatch, form):
    write(dynamic(read={"total_timeout": 4321}))
    monkeypatch.setenv(URL, form.format(path))
    assert total_of(make_client()) == 4321


def test_environment_wins_over_the_provider(write, path, follow, tmp_path, monkeypatch):
    write(dynamic(read={"total_timeout": 1}))
    other = tmp_path / "other.json"
    other.write_text(json.dumps(dynamic(read={"total_timeout": 2})))
    monkeypatch.setenv(URL, str(other))
    assert total_of(follow()) == 2


YAML = "version: '1.0.0'\ndynamic:\n  read:\n    total_timeout: 4321\n"
TOML = 'version = "1.0.0"\n[dynamic.read]\ntotal_timeout = 4321\n'


@pytest.mark.parametrize(
    ("name", "text", "package"),
    [("a.yaml", YAML, "yaml"), ("a", YAML, "yaml"), ("a.toml", TOML, "tomllib")],
)
def test_formats(tmp_path, make_client, name, text, package):
    pytest.importorskip(package, reason=f"needs {package}")
    path = tmp_path / name
    path.write_text(text)
    provider = aerospike.ConfigProvider(str(path))
    assert total_of(make_client(config_provider=provider)) == 4321


# --- files that cannot be used ---

TROUBLES = {
    "type": (
        dynamic(read={"socket_timeout": "soon"}),
        (
            "dynamic.read.socket_timeout: a whole number of milliseconds is expected, "
            "got 'soon'"
        ),
    ),
    "float": (dynamic(read={"max_retries": 1.5}), "dynamic.read.max_retries: a whole"),
    "bool": (dynamic(read={"max_retries": True}), "dynamic.read.max_retries: a whole"),
    "negative": (dynamic(write={"total_timeout": -1}), "dynamic.write.total_timeout"),
    "gap": (
        dynamic(scan={"timeout_delay": 5}),
        "dynamic.scan.timeout_delay: a whole number of milliseconds is expected, 0",
    ),
    "choice": (
        dynamic(query={"replica": "master"}),
        "dynamic.query.replica: one of MASTER, MASTER_PROLES, SEQUENCE",
    ),
    "flag": (
        dynamic(batch_udf={"send_key": 1}),
        "dynamic.batch_udf.send_key: true or false is expected, got 1",
    ),
    "racks": (
        dynamic(client={"rack_ids": ["a"]}),
        "dynamic.client.rack_ids: the number of a rack is expected",
    ),
    "section": (dynamic(read=5), "dynamic.read: a section with keys is expected"),
    "null": ({"dynamic": None}, "dynamic: a section with keys is expected, got None"),
    "list": ([1], "a document with the section dynamic is expected, got a list"),
    "empty": ("", "it is empty"),
    "half": ('{"dynamic": {"read": {"total_', "it is not valid JSON"),
    "large": (" " * (_config_file.LARGEST + 1), "it has more than 1048576 bytes"),
    "seldom": (
        dynamic(client={"tend_interval": 86_400_001}),
        "dynamic.client.tend_interval: a whole number of milliseconds is expected",
    ),
    "none": (
        {"static": {"client": {"max_connections_per_node": 0}}},
        "static.client.max_connections_per_node: a whole number is expected, from 1",
    ),
    "surrogate": (
        dynamic(client={"app_id": "\ud800"}),
        "dynamic.client.app_id: a text is expected, got '\\ud800'",
    ),
    "twice": (
        '{"dynamic": {"read": {"max_retries": 1, "max_retries": 2}}}',
        "the key max_retries is there twice in one section",
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_client_starts_without_a_file_that_cannot_be_used(
    write, follow, unwarned, trouble
):
    document, text = TROUBLES[trouble]
    write(document)
    with pytest.warns(aerospike.AerospikeWarning) as caught:
        client = follow(hosts=[("::", 1)], fail_if_not_connected=False)
    assert text in str(caught[0].message)
    assert total_of(client) == 30_000


@pytest.mark.parametrize("trouble", TROUBLES)
def test_validate_keys_refuses_such_a_file(write, follow, trouble):
    document, text = TROUBLES[trouble]
    write(document)
    with pytest.raises(exception.ParamError) as caught:
        follow(validate_keys=True)
    assert text in caught.value.detail


def test_missing_file_is_read_once_it_is_there(write, path, follow, unwarned):
    with pytest.warns(aerospike.AerospikeWarning, match="it cannot be read"):
        client = follow()
    write(dynamic(read={"total_timeout": 4321}))
    until(lambda: total_of(client) == 4321)


def test_bytes_that_are_no_text_are_refused(path, follow):
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(exception.ParamError) as caught:
        follow(validate_keys=True)
    assert "it is not UTF-8" in caught.value.detail


BOMB = "0: &a0 [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 8)}]\n" for i in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB + "version: *a9\ndynamic: {}\n", "its aliases stand for too much"),
        ("dynamic: &all {read: *all}\n", "its aliases stand for too much, or for them"),
        ("dynamic:\n  read: {}\n  read: {}\n", "the key read is there twice"),
        (
            "dynamic: {read: {total_timeout: !!bool maybe}}\n",
            "it is not valid YAML: KeyError",
        ),
        (
            "dynamic: {read: {total_timeout: !!int ''}}\n",
            "it is not valid YAML: IndexError",
        ),
        ("dynamic: " + "[" * 5000, "it is not valid YAML: RecursionError"),
    ],
)
def test_yaml_that_cannot_be_used_is_refused(text, why):
    pytest.importorskip("yaml", reason="needs yaml")
    with pytest.raises(_config_file.FileError, match=why):
        _config_file.settings_of("a.yaml", text.encode())


def test_version_that_is_a_huge_number_is_remarked_on():
    pytest.importorskip("yaml", reason="needs yaml")
    text = f"version: 0x{'f' * 5000}\ndynamic: {{}}\n"
    settings = _config_file.settings_of("a.yaml", text.encode())
    assert settings.remarks[0].startswith("version: got <int>; this client knows 1.0.0")


def test_remarks_are_few_and_one_line_each():
    keys = {f"key\n\x1b[31m{i}": 1 for i in range(1000)} | {"k" * 100_000: 1}
    text = json.dumps(dynamic(read=keys))
    remarks = _config_file.settings_of("a.json", text.encode()).remarks
    assert remarks[0] == (r"dynamic.read.'key\n\x1b[31m0': unknown key; it is ignored")
    assert remarks[-1] == "more unknown keys are ignored"
    assert len(remarks) < 30


def test_pipe_is_not_waited_for(path, follow):
    os.mkfifo(path)
    with pytest.raises(exception.ParamError) as caught:
        follow(validate_keys=True)
    assert "it is no regular file" in caught.value.detail


def test_yaml_without_its_package_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    with pytest.raises(_config_file.FileError, match=r"aerospike\[yaml\]"):
        _config_file.settings_of("a.yaml", YAML.encode())
    # JSON is YAML, too
    settings = _config_file.settings_of("a.yaml", json.dumps(dynamic()).encode())
    assert settings.policies == {}


# --- what changes ---


def test_client_follows_the_file(write, follow, key):
    write(dynamic(read={"total_timeout": 1111}, write={"send_key": True}))
    client = follow()
    client.put(key, {"n": 1})
    write(dynamic(read={"socket_timeout": 2222}))
    until(lambda: client.get_policies()["read"]["socket_timeout"] == 2222)
    policies = client.get_policies()
    assert policies["read"]["total_timeout"] == 30_000  # as before the file
    assert policies["write"]["key"] == aerospike.POLICY_KEY_DIGEST
    write(dynamic(read={"total_timeout": 3333}))
    until(lambda: total_of(client) == 3333)


def test_calls_follow_the_file(write, follow, new_key):
    """Also those that were made before, whatever the client keeps of them."""
    write(dynamic())
    client = follow()
    before, after = new_key(), new_key()
    client.put(before, {"n": 1})
    write(dynamic(write={"send_key": True}))
    until(lambda: client.get_policies()["write"]["key"])
    client.put(after, {"n": 1})
    keys = [record[0][2] for record in client.query(*after[:2]).results()]
    assert after[2] in keys
    assert before[2] not in keys


@pytest.mark.parametrize("trouble", ["type", "empty", "half", "gone"])
def test_last_good_settings_stay_in_force(
    write, path, follow, log_lines, caplog, trouble
):
    write(dynamic(read={"total_timeout": 1111}))
    client = follow()
    if trouble == "gone":
        path.unlink()
        text = "it cannot be read"
    else:
        document, text = TROUBLES[trouble]
        write(document)
    until(lambda: said(caplog, text))
    assert total_of(client) == 1111
    write(dynamic(read={"total_timeout": 2222}))
    until(lambda: total_of(client) == 2222)
    lines = [line for line in caplog.messages if text in line]
    assert len(lines) == 1  # it is said once
    assert "the settings in force stay as they are" in lines[0]
    assert str(path) in lines[0]


def test_file_that_comes_back_as_it_was_is_no_trouble(
    write, path, follow, log_lines, caplog
):
    write(dynamic(read={"total_timeout": 1111}))
    follow()
    path.unlink()
    until(lambda: said(caplog, "it cannot be read"))
    write(dynamic(read={"total_timeout": 1111}))
    until(lambda: said(caplog, "it can be read again"))


def test_unknown_keys_are_named_and_ignored(write, follow, log_lines, caplog):
    """In a warning, and in the log."""
    write(dynamic(read={"totl_timeout": 1, "socket_timeout": 4321}, red={}))
    with pytest.warns(exception.AerospikeWarning) as warned:
        client = follow()
    assert client.get_policies()["read"]["socket_timeout"] == 4321
    for text in (
        (
            "dynamic.read.totl_timeout: unknown key "
            "(did you mean total_timeout?); it is ignored"
        ),
        "dynamic.red: unknown key (did you mean read?)",
    ):
        assert said(caplog, text)
        assert any(text in str(each.message) for each in warned)


def test_settings_of_the_cluster_change_while_it_is_used(
    write, follow, log_lines, caplog
):
    write(dynamic(client={"tend_interval": 400}))
    follow(max_error_rate=7)
    write(
        dynamic(
            client={
                "tend_interval": 300,
                "timeout": 900,
                "max_error_rate": 50,
                "error_rate_window": 2,
                "max_socket_idle": 9,
            }
        )
    )
    until(
        lambda: said(
            caplog,
            "tend interval 300 ms, connect timeout 900 ms, errors 50 in 2 intervals, "
            "idle connections 9 s",
        )
    )
    write(dynamic(client={}))
    until(
        lambda: said(
            caplog,
            "tend interval 1000 ms, connect timeout 20000 ms, errors 7 in 1 intervals, "
            "idle connections 0 s",
        )
    )


def test_preferred_racks_change_while_the_client_is_used(write, path, make_client):
    write(dynamic(client={"rack_aware": True, "rack_ids": [1]}, read={}))
    provider = aerospike.ConfigProvider(str(path), 100)
    key = ("test", "pytest", "racks")
    with DevCluster(nodes=2, replication_factor=2, racks=[1, 2]) as racks:
        client = make_client(
            hosts=racks.hosts,
            config_provider=provider,
            tend_interval=250,
            policies={"read": {"replica": aerospike.POLICY_REPLICA_PREFER_RACK}},
        )
        client.put(key, {"n": 1})

        def asked() -> str | None:
            """The node that is asked; each error names its node."""
            try:
                client.select(key, ["n"], {"expressions": NEVER})
            except exception.FilteredOut as error:
                return error.host
            raise AssertionError("the filter lets nothing pass")

        first = until(asked)
        write(dynamic(client={"rack_aware": True, "rack_ids": [2]}))
        until(lambda: asked() != first)
        write(dynamic(client={"rack_aware": True, "rack_ids": [1]}))
        until(lambda: asked() == first)


def test_what_only_new_clients_see_is_said(write, follow, log_lines, caplog):
    write({"static": {"client": {"max_connections_per_node": 50}}, "dynamic": {}})
    follow()
    write({"static": {"client": {"max_connections_per_node": 60}}, "dynamic": {}})
    until(lambda: said(caplog, "max_conns_per_node has changed, which new clients"))


def test_interval_is_the_file_s_if_it_has_one(write, path, make_client):
    write({"static": {"client": {"config_interval": 100}}, "dynamic": {}})
    provider = aerospike.ConfigProvider(str(path), interval=2**32 - 1)
    client = make_client(config_provider=provider)
    write(dynamic(read={"total_timeout": 4321}))
    until(lambda: total_of(client) == 4321)


def test_all_of_a_policy_changes_at_once(write, follow):
    """Threads that look meanwhile see the old values or the new ones, never both."""
    write(dynamic(read={"total_timeout": 1, "socket_timeout": 1, "max_retries": 1}))
    client = follow()
    stop = threading.Event()
    mixed: list[Any] = []

    def look() -> None:
        while not stop.is_set():
            read = client.get_policies()["read"]
            three = {
                read[k] for k in ("total_timeout", "socket_timeout", "max_retries")
            }
            if len(three) != 1:
                mixed.append(three)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(2, 6):
        write(dynamic(read={"total_timeout": n, "socket_timeout": n, "max_retries": n}))
        until(functools.partial(is_total, client, n))
    stop.set()
    join_all(threads)
    assert mixed == []


def test_async_client_follows_the_file(write, path, hosts, key):
    write(dynamic(read={"total_timeout": 1111}))
    provider = aerospike.ConfigProvider(str(path), 100)

    async def main() -> None:
        config = patient({"hosts": hosts, "config_provider": provider})
        async with aerospike.AsyncClient(config) as client:
            assert total_of(client) == 1111
            write(dynamic(read={"total_timeout": 9999}, write={"send_key": True}))
            while total_of(client) != 9999:
                await asyncio.sleep(0.01)
            await client.put(key, {"n": 1}, policy={"key": 0})
            found = [r async for r in client.query(*key[:2])]
            assert key[2] in [record[0][2] for record in found]

    asyncio.run(main())


# --- metrics ---


def test_file_turns_metrics_on_and_off(
    write, follow, tmp_path, monkeypatch, log_lines, caplog
):
    monkeypatch.chdir(tmp_path)  # where their file is written
    write(dynamic(metrics={"enable": True, "latency_columns": 5, "labels": {"a": "b"}}))
    client = follow()
    (file,) = tmp_path.glob("metrics-*.log")
    client.disable_metrics()
    assert said(caplog, "disable_metrics() has no effect")
    write(dynamic(metrics={"enable": False}))
    until(lambda: "header(2)" in file.read_text())
    until(lambda: not is_measured(client))
    until(lambda: "[a,b]" in file.read_text())  # the last line, as it ends
    assert "latency(5,1)" in file.read_text()
    client.enable_metrics()
    assert said(caplog, "enable_metrics() has no effect")
    with pytest.raises(exception.ParamError, match="MetricsPolicy type"):
        client.enable_metrics(1)
    assert list(tmp_path.glob("metrics-*.log")) == [file]
    write(dynamic())
    until(lambda: not _watch._by_file[client])
    client.enable_metrics()
    assert is_measured(client)


def test_file_is_laid_over_the_configurations_metrics(write, follow, tmp_path):
    own = MetricsPolicy(report_dir=str(tmp_path), latency_columns=9, latency_shift=3)
    write(dynamic(metrics={"enable": True, "latency_columns": 5}))
    follow(policies={"metrics": own})
    (file,) = tmp_path.glob("metrics-*.log")
    until(lambda: "latency(5,3)" in file.read_text())


def test_metrics_of_a_file_end_and_begin_with_the_connection(
    write, follow, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write(dynamic(metrics={"enable": True}))
    client = follow()
    assert is_measured(client)
    client.close()
    assert not is_measured(client)
    client.connect()
    assert is_measured(client)


def test_metrics_of_a_file_begin_once(write, follow, tmp_path, monkeypatch):
    """Also if that takes longer than until the thread reads the file again."""
    begun: list[str] = []
    begin = _metrics.begin

    def slow(*args: Any) -> None:
        begun.append(threading.current_thread().name)
        let_pass(0.25)
        begin(*args)

    monkeypatch.setattr(_metrics, "begin", slow)
    monkeypatch.chdir(tmp_path)
    write(dynamic(metrics={"enable": True}))
    follow()
    assert begun == [threading.current_thread().name]


# --- the thread that reads ---


def readers() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "aerospike-config"]


def test_one_thread_reads_for_all_and_ends_with_the_last(write, follow):
    until(lambda: readers() == [])
    write(dynamic(read={"total_timeout": 1111}))
    clients = [follow() for _ in range(3)]
    assert len(readers()) == 1
    for client in clients:
        client.close()
    until(lambda: readers() == [])
    clients[0].connect()
    write(dynamic(read={"total_timeout": 2222}))
    until(lambda: total_of(clients[0]) == 2222)


def test_client_that_is_dropped_is_forgotten(write, path, hosts):
    write(dynamic())
    provider = aerospike.ConfigProvider(str(path), 100)
    client = aerospike.client(patient({"hosts": hosts, "config_provider": provider}))
    assert readers()
    del client
    until(lambda: readers() == [])


class Reopened:
    """A client that is closed and opened again while the thread looks at it."""

    def __init__(self, watch: _watch.Watch) -> None:
        self.watch = watch
        self.was_closed = False
        self.settings: list[Any] = []

    def is_connected(self) -> bool:
        return False

    def _check_open(self) -> None:
        if not self.was_closed:
            self.was_closed = True
            self.watch.stop()
            self.watch.start(self)
            raise exception.ClusterError

    def _reconfigure(self, _live: Any, policies: Any) -> None:
        self.settings.append(policies)


def test_client_that_is_opened_again_meanwhile_is_followed(write, path):
    write(dynamic())
    watch = _watch.Watch(str(path), 100)
    watch.load()
    client = Reopened(watch)
    watch.start(client)
    until(lambda: client.was_closed)
    write(dynamic(read={"total_timeout": 2222}))
    until(lambda: client.settings)
    watch.stop()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
def test_child_of_a_fork_follows_the_file(write, path, hosts):
    from ..children import run_script

    write(dynamic(read={"total_timeout": 1111}))
    script = f"""
    provider = aerospike.ConfigProvider({str(path)!r}, 100)
    config = {{"hosts": hosts, "config_provider": provider}}
    client = aerospike.client(config)
    total = lambda: client.get_policies()["read"]["total_timeout"]
    assert total() == 1111
    child = os.fork()
    with open({str(path)!r}, "w") as file:
        json.dump({{"dynamic": {{"read": {{"total_timeout": 2222}}}}}}, file)
    until(lambda: total() == 2222)
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    client.close()
    """
    run_script(script, hosts)
