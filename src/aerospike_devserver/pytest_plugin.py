"""A pytest plugin: a development cluster, a connected client and fresh keys.

    def test_visits_are_counted(aerospike_client, aerospike_key):
        aerospike_client.put(aerospike_key, {"visits": 1})
        aerospike_client.increment(aerospike_key, "visits", 1)
        assert aerospike_client.get(aerospike_key)[2] == {"visits": 2}

pytest finds it by its entry point wherever the package is installed. Nothing starts,
and the client is not imported, before a test asks for a fixture.

Each process has a cluster of its own, so that every worker of pytest-xdist has one. A
test that asks for ``aerospike_client`` or ``aerospike_async_client`` starts with empty
namespaces on a development cluster. On a real one, named by ``--aerospike-hosts``,
nothing is emptied: only the records of ``aerospike_key`` and ``aerospike_new_key`` are
removed.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from aerospike_devserver.version import DEFAULT_VERSION, build_of

if TYPE_CHECKING:
    import aerospike
    from aerospike_devserver.cluster import DevCluster
    from aerospike_devserver.faults import Faults

Hosts = list[tuple[str, int]]
Key = tuple[str, str, str]

DEFAULT_PORT = 3000
SET = "pytest"
"""The set of the keys that the fixtures make."""
OF_DEVELOPMENT_CLUSTER = (
    "aerospike_nodes",
    "aerospike_version",
    "aerospike_strong_consistency",
    "aerospike_seed",
)
"""Options that say what the development cluster is like."""
CONNECT_TIMEOUT_MS = 20_000
"""How long the client may take to connect: machines that run tests are often busy."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the command line, and of the configuration file."""
    group = parser.getgroup("aerospike")
    group.addoption(
        "--aerospike-hosts",
        metavar="HOST:PORT[,HOST:PORT]",
        help="run on this cluster instead of a development cluster; empty: run on a "
        "development cluster, even if AEROSPIKE_HOSTS or aerospike_hosts is set",
    )
    group.addoption(
        "--aerospike-nodes",
        metavar="N",
        type=int,
        help="nodes of the development cluster (default: 1)",
    )
    group.addoption(
        "--aerospike-version",
        metavar="VERSION",
        help="version that the development cluster imitates: 8.1, 8.2, or a build "
        "(default: 8.2)",
    )
    group.addoption(
        "--aerospike-namespace",
        metavar="NAME",
        help="namespace of the keys that fixtures make (default: test)",
    )
    group.addoption(
        "--aerospike-strong-consistency",
        action="store_true",
        default=None,
        help="the development cluster has strong consistency and transactions",
    )
    group.addoption(
        "--aerospike-seed",
        metavar="PATH",
        help="records that the development cluster has when a test begins: a file "
        "of JSON, or a folder with such files",
    )
    parser.addini(
        "aerospike_seed", "as --aerospike-seed, which wins; relative to the rootdir"
    )
    parser.addini(
        "aerospike_strong_consistency",
        "as --aerospike-strong-consistency",
        "bool",
        default=False,
    )
    parser.addini("aerospike_hosts", "as --aerospike-hosts, which wins", default="")
    parser.addini("aerospike_version", "as --aerospike-version, which wins", default="")
    parser.addini(
        "aerospike_namespace", "as --aerospike-namespace, which wins", default="test"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse malformed options at once, not in the first test that needs them."""
    if _real_hosts(config):
        _refuse_options_without_effect(config)
    if _nodes(config) < 1:
        raise pytest.UsageError("--aerospike-nodes: at least 1 is needed")
    try:
        build_of(_version(config))
    except ValueError as error:
        raise pytest.UsageError(f"--aerospike-version: {error}") from error


def pytest_report_header(config: pytest.Config) -> str | None:
    """A line that says so when tests run on a real cluster."""
    hosts = _real_hosts(config)
    if not hosts:
        return None
    unused = [name for name in OF_DEVELOPMENT_CLUSTER if _is_in_file(config, name)]
    without = f" (without {', '.join(unused)})" if unused else ""
    return f"aerospike: {', '.join(map(_show_host, hosts))}{without}"


def _option(name: str) -> str:
    """How the option is written that beats a setting of the configuration file."""
    return f"--{name.replace('_', '-')}"


def _is_in_file(config: pytest.Config, name: str) -> bool:
    return name != "aerospike_nodes" and bool(config.getini(name))


def _named_hosts(config: pytest.Config) -> tuple[str, str]:
    """Who names the real cluster, and the text; empty when nobody does.

    The option beats the environment variable, and that the configuration file.
    """
    text = config.getoption("aerospike_hosts")
    if text is not None:
        return "--aerospike-hosts", text
    text = os.environ.get("AEROSPIKE_HOSTS")
    if text:
        return "AEROSPIKE_HOSTS", text
    return "aerospike_hosts", config.getini("aerospike_hosts")


def _real_hosts(config: pytest.Config) -> Hosts:
    """Seeds of a real cluster, empty when none is named."""
    _, text = _named_hosts(config)
    return [_parse_host(part.strip()) for part in text.split(",") if part.strip()]


def _refuse_options_without_effect(config: pytest.Config) -> None:
    """UsageError for an option that a real cluster cannot have.

    The configuration file may have settings of both kinds of clusters: one run uses
    these, another one those.
    """
    who, _ = _named_hosts(config)
    for name in OF_DEVELOPMENT_CLUSTER:
        if config.getoption(name) is not None:
            raise pytest.UsageError(
                f"{_option(name)} is for a development cluster, but {who} names a real "
                "one; an empty --aerospike-hosts= asks for a development cluster"
            )


def _parse_host(text: str) -> tuple[str, int]:
    """ "address:port", "[v6]:port" or an address alone, for port 3000."""
    if text.startswith("["):
        name, bracket, rest = text[1:].partition("]")
        colon, port = rest[:1], rest[1:]
        is_valid = bracket == "]" and colon in ("", ":")
    else:
        name, colon, port = text.partition(":")
        is_valid = True
    number = int(port) if port.isascii() and port.isdigit() else 0
    if colon == "":
        number = DEFAULT_PORT
    if not (is_valid and name and 0 < number < 65536):
        raise pytest.UsageError(f"not an address of an Aerospike node: {text!r}")
    return name, number


def _show_host(host: tuple[str, int]) -> str:
    name, port = host
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _namespace(config: pytest.Config) -> str:
    name = config.getoption("aerospike_namespace")
    return str(name or config.getini("aerospike_namespace"))


def _nodes(config: pytest.Config) -> int:
    given = config.getoption("aerospike_nodes")
    return 1 if given is None else int(given)


def _version(config: pytest.Config) -> str:
    given = config.getoption("aerospike_version")
    return str(given or config.getini("aerospike_version") or DEFAULT_VERSION)


def _is_strong(config: pytest.Config) -> bool:
    given = config.getoption("aerospike_strong_consistency")
    return bool(given or config.getini("aerospike_strong_consistency"))


def _seed(config: pytest.Config) -> str | None:
    """The file or folder with records; one in the configuration file is relative."""
    given = config.getoption("aerospike_seed")
    if given:
        return str(config.invocation_params.dir / given)
    name = config.getini("aerospike_seed")
    return str(config.rootpath / name) if name else None


@pytest.fixture(scope="session")
def aerospike_cluster(pytestconfig: pytest.Config) -> Iterator[DevCluster | None]:
    """The development cluster of this process; None if the tests use a real cluster.

    `advance` moves its clock. All tests share this cluster, so a test that stops nodes
    should make a `DevCluster` of its own.
    """
    if _real_hosts(pytestconfig):
        yield None
        return
    from aerospike_devserver.cluster import DevCluster
    from aerospike_devserver.config import DEFAULT_NAMESPACES
    from aerospike_devserver.loading import load_all

    load_all()  # on a busy machine a test's first request might wait too long for it
    namespaces = dict.fromkeys([*DEFAULT_NAMESPACES, _namespace(pytestconfig)])
    with DevCluster(
        _nodes(pytestconfig),
        namespaces=namespaces,
        version=_version(pytestconfig),
        strong_consistency=_is_strong(pytestconfig),
        seed=_seed(pytestconfig),
    ) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def aerospike_hosts(
    pytestconfig: pytest.Config, aerospike_cluster: DevCluster | None
) -> Hosts:
    """Seeds of the cluster under test: a list of (address, port)."""
    if aerospike_cluster is not None:
        return aerospike_cluster.hosts
    return _real_hosts(pytestconfig)


@pytest.fixture(scope="session")
def aerospike_config(aerospike_hosts: Hosts) -> dict[str, Any]:
    """The configuration of the client. Override it to add policies or a user.

    With it, misspelt keys of the configuration, policies and metadata are errors.
    """
    return {
        "hosts": aerospike_hosts,
        "connect_timeout": CONNECT_TIMEOUT_MS,
        "fail_if_not_connected": True,
        "validate_keys": True,
    }


@pytest.fixture(scope="session")
def aerospike_session_client(
    aerospike_config: dict[str, Any],
) -> Iterator[aerospike.Client]:
    """The client behind `aerospike_client`, for fixtures of a wider scope.

    Unlike `aerospike_client`, this fixture does not empty the cluster.
    """
    import aerospike

    client = aerospike.client(aerospike_config)
    yield client
    client.close()


@pytest.fixture
def aerospike_client(
    aerospike_session_client: aerospike.Client, aerospike_cluster: DevCluster | None
) -> aerospike.Client:
    """A connected client; on a development cluster, with empty namespaces.

    All tests share one client and its connections. If a test has closed the client, it
    is connected again.
    """
    if aerospike_cluster is not None:
        aerospike_cluster.reset()
    return aerospike_session_client.connect()


@pytest.fixture(scope="session")
def aerospike_async_session_client(
    aerospike_config: dict[str, Any],
) -> Iterator[aerospike.AsyncClient]:
    """The client behind `aerospike_async_client`, for fixtures of a wider scope."""
    import aerospike

    client = aerospike.AsyncClient(aerospike_config)
    yield client
    _run(client.close())


@pytest.fixture
def aerospike_async_client(
    aerospike_async_session_client: aerospike.AsyncClient,
    aerospike_cluster: DevCluster | None,
) -> aerospike.AsyncClient:
    """A connected asynchronous client; on a development cluster, with empty namespaces.

    All tests share one client. It works in any event loop, so each test may have its
    own loop. If a test has closed the client, it is connected again.
    """
    if aerospike_cluster is not None:
        aerospike_cluster.reset()
    _run(aerospike_async_session_client.connect())
    return aerospike_async_session_client


def _run(what: Awaitable[Any]) -> None:
    """Run it in a loop of its own, which becomes the current one of no thread."""
    import asyncio

    async def main() -> None:
        await what

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


@pytest.fixture
def aerospike_faults(aerospike_cluster: DevCluster | None) -> Iterator[Faults]:
    """The faults of the development cluster. All faults end with the test.

    On a real cluster, pytest skips the tests that use this fixture.
    """
    if aerospike_cluster is None:
        pytest.skip("needs the development cluster; a FaultProxy stands before others")
    yield aerospike_cluster.faults
    aerospike_cluster.faults.clear()


_numbers = itertools.count(1)


@pytest.fixture
def aerospike_new_key(
    pytestconfig: pytest.Config, aerospike_client: aerospike.Client
) -> Iterator[Callable[[], Key]]:
    """aerospike_new_key(): the key of a record that does not exist.

    After the test, the record is removed if it exists.
    """
    made: list[Key] = []

    def make() -> Key:
        name = f"{uuid.uuid4().hex[:16]}-{next(_numbers)}"
        made.append((_namespace(pytestconfig), SET, name))
        return made[-1]

    yield make
    client = aerospike_client.connect()
    for key in made:
        _remove(client, key)


def _remove(client: aerospike.Client, key: Key) -> None:
    """Remove a record, if it is there: durably, where it has to be."""
    from aerospike import exception

    try:
        client.remove(key)
    except exception.RecordNotFound:
        pass
    except exception.ForbiddenError:
        with contextlib.suppress(exception.RecordNotFound):
            client.remove(key, policy={"durable_delete": True})


@pytest.fixture
def aerospike_key(aerospike_new_key: Callable[[], Key]) -> Key:
    """The key of a record that does not exist; the record is removed afterwards."""
    return aerospike_new_key()
