"""Fixtures of all tests: a server, a client, a key, a scripted peer; their order.

The server is a development server of three nodes that lives in the test process, or
with AEROSPIKE_HOSTS="address:port,..." a real one.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib.util
import itertools
import os
import random
import signal
import uuid
from collections.abc import Callable, Generator, Iterator
from typing import Any

import bcrypt
import pytest
from hypothesis import HealthCheck, settings

import aerospike
from aerospike import _report
from aerospike_devserver import DevCluster

from . import absent
from .faults.peer import ScriptedNode
from .waiting import NOWHERE, patient

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # Started in the background by a shell, which has Ctrl-C ignored in all children;
    # tests interrupt processes with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# a hash takes its time by design; clients look the function up once
bcrypt.hashpw = functools.cache(bcrypt.hashpw)

absent.stand_in()

SEED = int(os.environ.setdefault("TEST_SEED", str(random.randrange(1, 10**6))))
"""Of the order of the tests; workers of pytest-xdist find it in their environment."""


def pytest_report_header() -> str:
    """Tell how to have the same order again."""
    return f"order of tests: TEST_SEED={SEED} (0 = that of the files)"


def _missing_for(call: pytest.CallInfo[Any]) -> str | None:
    return absent.missing_for(call.excinfo.value) if call.excinfo else None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Skip a module that cannot be imported for want of a package."""
    report = yield
    # pytest leaves it there for itself
    call: pytest.CallInfo[Any] | None = getattr(report, "call", None)
    package = _missing_for(call) if report.failed and call is not None else None
    if package is not None:
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, absent.reason(package))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skip a test that has failed for want of a package; see absent.py."""
    report = yield
    package = _missing_for(call) if report.failed else None
    if package is not None:
        report.outcome = "skipped"
        path, line, _ = item.location
        report.longrepr = (path, line or 0, absent.reason(package))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from the tests themselves. There are so many that it
    takes half a second to look at them all, and many tests ask for a full collection.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before pytest groups them by their fixtures
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what takes long, unless TEST_LONG is set. Mix the files, and the tests
    of each file: no test may need another.
    """
    if not os.environ.get("TEST_LONG"):
        long = [item for item in items if item.get_closest_marker("takes_long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    if SEED == 0:
        return
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    order = random.Random(SEED)
    mixed = list(files.values())
    order.shuffle(mixed)
    for tests in mixed:
        order.shuffle(tests)
    items[:] = itertools.chain.from_iterable(mixed)


@pytest.hookimpl(tryfirst=True)  # before fixtures, which may set others
def pytest_runtest_setup() -> None:
    """The client's log is as it was at first, whatever the last test has done to it."""
    aerospike.set_log_handler(_report.log_line)
    aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)


# a busy machine draws and runs examples slowly; fixtures stay the same for all of them
settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("unhurried")

Hosts = list[tuple[str, int]]
MakeClient = Callable[..., aerospike.Client]

NAMESPACE, SET = "test", "pytest"


@pytest.fixture(scope="session")
def real_hosts() -> Hosts:
    """What AEROSPIKE_HOSTS names; empty when it is not set."""
    texts = os.environ.get("AEROSPIKE_HOSTS", "").split(",")
    pairs = (text.strip().rpartition(":") for text in texts if text.strip())
    return [(host, int(port)) for host, _, port in pairs]


@pytest.fixture(scope="session")
def _shared_cluster(real_hosts: Hosts) -> Iterator[DevCluster | None]:
    """The development server of this process; None when a real one is named."""
    if real_hosts:
        yield None
        return
    with DevCluster(nodes=3, cluster_name="pytest") as made:
        yield made


@pytest.fixture(scope="session")
def hosts(real_hosts: Hosts, _shared_cluster: DevCluster | None) -> Hosts:
    """Seeds of the server under test."""
    return _shared_cluster.hosts if _shared_cluster is not None else real_hosts


@pytest.fixture
def dev_cluster(_shared_cluster: DevCluster | None) -> Iterator[DevCluster]:
    """The shared development server, for its clock; all its nodes stay up."""
    if _shared_cluster is None:
        pytest.skip("needs the development server: a real one's clock cannot be moved")
    yield _shared_cluster
    _shared_cluster.reset()  # the next test finds the wall time


@pytest.fixture
def cluster(real_hosts: Hosts) -> Iterator[DevCluster]:
    """A development server of three nodes of the test's own, to stop nodes of."""
    if real_hosts:
        pytest.skip("needs a development server, whose nodes can be stopped")
    with DevCluster(nodes=3) as made:
        yield made


@pytest.fixture(scope="session")
def lua_config(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Says where udf_put() copies modules to: not into the folder that tests run in."""
    return {"lua": {"user_path": str(tmp_path_factory.mktemp("user_path"))}}


@pytest.fixture(scope="session")
def client(hosts: Hosts, lua_config: dict[str, Any]) -> Iterator[aerospike.Client]:
    """A connected client that the tests share."""
    config = patient({"hosts": hosts, "fail_if_not_connected": True, **lua_config})
    with aerospike.client(config) as made:
        yield made


def _version_of(client: aerospike.Client) -> tuple[int, ...]:
    """Major and minor version of the server."""
    build = client.info_random_node("build").partition("\t")[2]
    return tuple(int(number) for number in build.split(".")[:2])


@contextlib.contextmanager
def _client_of(version: str, wanted: bool, client: aerospike.Client) -> Iterator[Any]:
    """The client where it is one of a wanted server, or else one of a development
    server of that version.
    """
    if wanted:
        yield client
        return
    with (
        DevCluster(version=version) as own,
        aerospike.client(patient({"hosts": own.hosts})) as made,
    ):
        yield made


@pytest.fixture(scope="session")
def client_81(client: aerospike.Client) -> Iterator[aerospike.Client]:
    """A client of a server before version 8.2."""
    with _client_of("8.1", _version_of(client) < (8, 2), client) as found:
        yield found


@pytest.fixture(scope="session")
def client_82(client: aerospike.Client) -> Iterator[aerospike.Client]:
    """A client of a server from version 8.2 on."""
    with _client_of("8.2", _version_of(client) >= (8, 2), client) as found:
        yield found


@pytest.fixture
def make_client(hosts: Hosts, lua_config: dict[str, Any]) -> Iterator[MakeClient]:
    """make_client(**config): a client that is closed after the test.

    Seeds are the server's unless `hosts` is given. Its timeouts are long unless the
    config says otherwise: a busy machine fails tests of timeouts only.
    """
    with _clients(hosts) as make:
        yield lambda **config: make(patient(lua_config | config))


@pytest.fixture
def make_plain_client(hosts: Hosts) -> Iterator[MakeClient]:
    """make_plain_client(**config): as make_client, with the client's own defaults."""
    with _clients(hosts) as make:
        yield lambda **config: make(config)


@contextlib.contextmanager
def _clients(hosts: Hosts) -> Iterator[Callable[[dict[str, Any]], aerospike.Client]]:
    """What makes clients, and closes them in the end."""
    with contextlib.ExitStack() as stack:
        yield lambda config: stack.enter_context(
            aerospike.client({"hosts": hosts, **config})
        )


@pytest.fixture
def unwarned(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of warnings: nothing counts as said before, nor afterwards."""
    monkeypatch.setattr(_report, "_said", set())


@pytest.fixture
def nowhere() -> tuple[str, int]:
    """An address where nothing listens."""
    return NOWHERE


@pytest.fixture(scope="session")
def built_with_tls() -> None:
    """Skip where the client was built without OpenSSL's headers."""
    spec = importlib.util.find_spec("aerospike._tls")
    if spec is None or spec.origin is None:  # the folder of its source
        pytest.skip("the client was built without TLS")


_numbers = itertools.count()


@pytest.fixture
def new_key(client: aerospike.Client) -> Iterator[Callable[[], tuple[str, str, str]]]:
    """new_key(): the key of a record that does not exist; removed after the test."""
    made: list[tuple[str, str, str]] = []

    def make() -> tuple[str, str, str]:
        made.append((NAMESPACE, SET, f"{uuid.uuid4().hex[:12]}-{next(_numbers)}"))
        return made[-1]

    yield make
    for key in made:
        try:
            client.remove(key)
        except aerospike.exception.RecordNotFound:
            pass


@pytest.fixture
def key(new_key: Callable[[], tuple[str, str, str]]) -> tuple[str, str, str]:
    """The key of a record that does not exist; removed after the test."""
    return new_key()


@pytest.fixture
def scripted_node() -> Iterator[ScriptedNode]:
    """A node that does as its script says; see `faults/peer.py`."""
    with ScriptedNode() as made:
        yield made


@pytest.fixture
def scripted_pair() -> Iterator[tuple[ScriptedNode, ScriptedNode]]:
    """Two nodes of one cluster: the first has all masters, the other the copies."""
    with ScriptedNode("A1", 0) as first, ScriptedNode("A2", 1) as second:
        first.peers, second.peers = [second], [first]
        yield first, second
