"""The pytest plugin, by sessions of pytest inside these tests."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

from aerospike_devserver import DevCluster

from ..waiting import PATIENT_CONFTEST

pytest_plugins = ["pytester"]

MODULE = "aerospike_devserver.pytest_plugin"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """run(source, *arguments): a session over one file, with no other plugin."""
    monkeypatch.delenv("AEROSPIKE_HOSTS", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(source: str, *arguments: str) -> pytest.RunResult:
        pytester.makeconftest(PATIENT_CONFTEST)
        pytester.makepyfile(source)
        return pytester.runpytest_inprocess("-p", MODULE, *arguments)

    return run


@pytest.fixture
def other_cluster():
    """A cluster that plays the real one."""
    with DevCluster(namespaces=["live"]) as cluster:
        yield cluster


def address(cluster: DevCluster) -> str:
    host, port = cluster.hosts[0]
    return f"{host}:{port}"


def test_fixtures_give_client_and_fresh_key(run):
    run(
        """
        def test_both(aerospike_client, aerospike_key, aerospike_cluster):
            assert aerospike_cluster is not None
            assert aerospike_client.exists(aerospike_key)[1] is None
            aerospike_client.put(aerospike_key, {"n": 1})
            aerospike_client.increment(aerospike_key, "n", 1)
            assert aerospike_client.get(aerospike_key)[2] == {"n": 2}

        def test_keys_differ(aerospike_key, aerospike_new_key):
            assert len({aerospike_key, aerospike_new_key(), aerospike_new_key()}) == 3
        """
    ).assert_outcomes(passed=2)


def test_faults_end_with_their_test(run):
    result = run(
        """
        import pytest
        from aerospike import exception

        def test_one(aerospike_client, aerospike_key, aerospike_faults):
            fault = aerospike_faults.reset(commands="write", times=1)
            with pytest.raises(exception.ConnectionError):
                aerospike_client.put(aerospike_key, {"n": 1}, None, {"max_retries": 0})
            assert fault.hits == 1
            aerospike_faults.silence()

        def test_two(aerospike_client, aerospike_key, aerospike_cluster):
            assert aerospike_cluster.faults.active == ()
            aerospike_client.put(aerospike_key, {"n": 1})
        """
    )
    result.assert_outcomes(passed=2)


def test_each_test_starts_with_empty_namespaces(run):
    run(
        """
        import pytest

        @pytest.mark.parametrize("turn", range(3))
        @pytest.mark.parametrize("namespace", ["test", "bar"])
        def test_record_of_turn_before_is_gone(aerospike_client, namespace, turn):
            key = (namespace, "set", "same")
            assert aerospike_client.exists(key)[1] is None
            aerospike_client.put(key, {"turn": turn})
        """
    ).assert_outcomes(passed=6)


def test_session_client_keeps_records_between_tests(run):
    run(
        """
        import pytest

        KEY = ("test", "set", "loaded once")

        @pytest.fixture(scope="module")
        def loaded(aerospike_session_client):
            aerospike_session_client.put(KEY, {"n": 1})
            return aerospike_session_client

        def test_one(loaded):
            loaded.increment(KEY, "n", 1)

        def test_two(loaded):
            assert loaded.get(KEY)[2] == {"n": 2}
        """
    ).assert_outcomes(passed=2)


def test_client_closed_by_a_test_is_connected_for_the_next(run):
    run(
        """
        def test_one(aerospike_client, aerospike_key):
            aerospike_client.put(aerospike_key, {"n": 1})
            aerospike_client.close()

        def test_two(aerospike_client, aerospike_key):
            aerospike_client.put(aerospike_key, {"n": 1})
        """
    ).assert_outcomes(passed=2)


def test_nodes_and_namespace_are_options(run):
    run(
        """
        def test_cluster(aerospike_cluster, aerospike_hosts, aerospike_key):
            assert len(aerospike_cluster.node_ids) == len(aerospike_hosts) == 3
            assert aerospike_key[:2] == ("mine", "pytest")

        def test_client(aerospike_client, aerospike_key):
            assert len(aerospike_client.get_nodes()) == 3
            aerospike_client.put(aerospike_key, {"n": 1})
            aerospike_client.put(("bar", None, 1), {"n": 1})
        """,
        "--aerospike-nodes=3",
        "--aerospike-namespace=mine",
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("arguments", "file", "build"),
    [
        ([], "", "8.2.0.0"),
        (["--aerospike-version=8.1"], "8.2", "8.1.2.0"),
        ([], "8.1", "8.1.2.0"),
        ([], "8.1.0.3", "8.1.0.3"),
    ],
)
def test_version_is_an_option(run, pytester, arguments, file, build):
    pytester.makeini(f"[pytest]\naerospike_version = {file}")
    run(
        f"""
        def test_build(aerospike_client):
            assert aerospike_client.info_random_node("build") == "build\\t{build}\\n"
        """,
        *arguments,
    ).assert_outcomes(passed=1)


def test_malformed_version_is_a_usage_error(run):
    result = run("def test_nothing(): pass", "--aerospike-version=8")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "version is 8.1 or 8.2, or has four numbers" in result.stderr.str()


@pytest.mark.parametrize("from_file", [False, True])
def test_strong_consistency_is_an_option(run, pytester, from_file):
    """The record is removed durably behind the first test."""
    pytester.makeini(f"[pytest]\naerospike_strong_consistency = {from_file}")
    run(
        """
        import aerospike

        KEYS = []

        def test_transaction(aerospike_client, aerospike_key):
            KEYS.append(aerospike_key)
            txn = aerospike.Transaction()
            aerospike_client.put(aerospike_key, {"n": 1}, policy={"txn": txn})
            assert aerospike_client.exists(aerospike_key)[1] is None
            assert aerospike_client.commit(txn) == aerospike.COMMIT_OK
            assert aerospike_client.get(aerospike_key)[2] == {"n": 1}

        def test_record_is_gone(aerospike_session_client):
            assert aerospike_session_client.exists(KEYS[0])[1] is None
        """,
        *([] if from_file else ["--aerospike-strong-consistency"]),
    ).assert_outcomes(passed=2)


def test_configuration_of_the_client_can_be_overridden(run):
    run(
        """
        import pytest
        from aerospike import exception

        @pytest.fixture(scope="session")
        def aerospike_config(aerospike_config):
            return {**aerospike_config, "validate_keys": False}

        @pytest.mark.filterwarnings("ignore:unknown read policy key")
        def test_unknown_key_is_taken(aerospike_client, aerospike_key):
            with pytest.raises(exception.RecordNotFound):
                aerospike_client.get(aerospike_key, {"no_such_key": 1})
        """
    ).assert_outcomes(passed=1)


def test_misspelt_keys_are_errors(run):
    run(
        """
        import pytest
        from aerospike import exception

        def test_keys(aerospike_client, aerospike_key):
            with pytest.raises(exception.ParamError, match="total_timeout"):
                aerospike_client.get(aerospike_key, {"total_timout": 1})
            with pytest.raises(exception.ParamError, match="ttl"):
                aerospike_client.put(aerospike_key, {"a": 1}, {"tll": 1})
        """
    ).assert_outcomes(passed=1)


REAL = """
    from aerospike import exception
    import pytest

    HOSTS = {hosts}
    STAYS = ("live", "set", "stays")
    made = []

    def test_cluster_is_the_named_one(aerospike_cluster, aerospike_hosts):
        assert aerospike_cluster is None
        assert aerospike_hosts == HOSTS

    def test_record(aerospike_client, aerospike_new_key):
        made.extend([aerospike_new_key(), aerospike_new_key()])
        aerospike_client.put(made[0], {{"n": 1}})
        aerospike_client.put(STAYS, {{"n": 1}})

    def test_only_records_of_own_keys_are_removed(aerospike_client):
        assert aerospike_client.exists(made[0])[1] is None
        assert aerospike_client.exists(STAYS)[1] is not None
"""


@pytest.mark.parametrize("way", ["option", "environment", "ini"])
def test_real_cluster_is_used_and_not_emptied(
    run, pytester, monkeypatch, other_cluster, way
):
    arguments = ["--aerospike-namespace=live"]
    if way == "option":
        monkeypatch.setenv("AEROSPIKE_HOSTS", "127.0.0.1:1")  # the option wins
        arguments.append(f"--aerospike-hosts={address(other_cluster)}")
    elif way == "environment":
        pytester.makeini("[pytest]\naerospike_hosts = 127.0.0.1:1")  # is beaten
        monkeypatch.setenv("AEROSPIKE_HOSTS", address(other_cluster))
    else:
        pytester.makeini(f"[pytest]\naerospike_hosts = {address(other_cluster)}")
    result = run(REAL.format(hosts=other_cluster.hosts), *arguments)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([f"aerospike: {address(other_cluster)}"])


def test_empty_option_means_development_cluster(run, monkeypatch):
    monkeypatch.setenv("AEROSPIKE_HOSTS", "127.0.0.1:1")
    run(
        """
        def test_cluster(aerospike_cluster):
            assert aerospike_cluster is not None
        """,
        "--aerospike-hosts=",
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("a:3010, b", [("a", 3010), ("b", 3000)]),
        ("[::1]:3010,[fe80::1]", [("::1", 3010), ("fe80::1", 3000)]),
    ],
)
def test_hosts_are_read(run, text, hosts):
    run(
        f"""
        def test_hosts(aerospike_hosts):
            assert aerospike_hosts == {hosts}
        """,
        f"--aerospike-hosts={text}",
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "text", [":3000", "a:", "a:x", "a:0", "a:65536", "[::1", "[::1]3000", "::1"]
)
def test_malformed_hosts_are_a_usage_error(run, text):
    result = run("def test_nothing(): pass", f"--aerospike-hosts={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"not an address of an Aerospike node: '{text}'" in result.stderr.str()


@pytest.mark.parametrize("way", ["option", "environment", "ini"])
@pytest.mark.parametrize(
    "option",
    [
        "--aerospike-nodes=1",
        "--aerospike-version=8.2",
        "--aerospike-strong-consistency",
        "--aerospike-seed=seed.json",
    ],
)
def test_option_of_the_development_cluster_is_refused_on_a_real_one(
    run, pytester, monkeypatch, option, way
):
    who = "--aerospike-hosts"
    arguments = []
    if way == "option":
        arguments.append(f"{who}=127.0.0.1:1")
    elif way == "environment":
        who = "AEROSPIKE_HOSTS"
        monkeypatch.setenv(who, "127.0.0.1:1")
    else:
        who = "aerospike_hosts"
        pytester.makeini(f"[pytest]\n{who} = 127.0.0.1:1")
    result = run("def test_nothing(): pass", option, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name = option.partition("=")[0]
    assert f"{name} is for a development cluster, but {who} " in result.stderr.str()
    result = run("def test_nothing(): pass", option, "--aerospike-hosts=")
    result.assert_outcomes(passed=1)


def test_settings_of_the_development_cluster_may_stay_in_the_file(run, pytester):
    pytester.makeini(
        "[pytest]\naerospike_seed = seed.json\naerospike_strong_consistency = true"
    )
    result = run("def test_nothing(): pass", "--aerospike-hosts=127.0.0.1:1")
    result.assert_outcomes(passed=1)
    unused = "aerospike_strong_consistency, aerospike_seed"
    result.stdout.fnmatch_lines([f"aerospike: 127.0.0.1:1 (without {unused})"])


def test_no_node_is_a_usage_error(run):
    result = run("def test_nothing(): pass", "--aerospike-nodes=0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_workers_of_xdist_have_a_cluster_each(run, pytester, monkeypatch):
    pytest.importorskip("xdist")
    # a session inside a worker is no worker
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    result = run(
        """
        import os, pathlib, pytest

        @pytest.mark.parametrize("turn", range(4))
        def test_port(aerospike_client, aerospike_hosts, turn):
            key = ("test", "set", "same in all workers")
            assert aerospike_client.exists(key)[1] is None
            aerospike_client.put(key, {"turn": turn})
            worker = os.environ["PYTEST_XDIST_WORKER"]
            pathlib.Path(f"{worker}-{aerospike_hosts[0][1]}").touch()
        """,
        "-pxdist",
        "-n2",
        "--dist=each",
    )
    result.assert_outcomes(passed=8)
    names = sorted(path.name for path in pytester.path.glob("gw*"))
    assert [name.split("-")[0] for name in names] == ["gw0", "gw1"]
    assert len({name.split("-")[1] for name in names}) == 2


def test_entry_point_leads_to_the_plugin():
    [entry] = importlib.metadata.entry_points(group="pytest11", name="aerospike")
    assert entry.value == MODULE


def test_nothing_starts_without_a_fixture():
    """Importing the plugin, as every session of pytest does, loads no client."""
    code = (
        f"import sys, {MODULE}; loaded = [m for m in sys.modules "
        "if m.partition('.')[0] in ('aerospike', 'aerospike_helpers')]; "
        "sys.exit(str(loaded) if loaded else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


SEEDED = """
    import pytest

    @pytest.mark.parametrize("turn", [1, 2])
    def test_seed_is_there_again(aerospike_client, turn):
        key = ("test", "s", 1)
        assert aerospike_client.get(key)[2] == {"n": 5}
        aerospike_client.put(key, {"n": 6})
"""


@pytest.mark.parametrize("is_option", [True, False])
def test_seed_is_an_option_and_a_setting(run, pytester, is_option):
    pytester.makefile(".json", seed='{"set": "s", "key": 1, "bins": {"n": 5}}')
    if is_option:
        run(SEEDED, "--aerospike-seed", "seed.json").assert_outcomes(passed=2)
    else:
        pytester.makeini("[pytest]\naerospike_seed = seed.json\n")
        run(SEEDED).assert_outcomes(passed=2)
