"""Nodes that serve TLS as a test wants it, and clients that connect to them."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aerospike
from aerospike import _report
from aerospike_devserver import DevCluster, transport

from ..waiting import PATIENCE_S, patient
from .certificates import NAME, Authority

MakeAuthority = Callable[[], Authority]


@pytest.fixture(scope="session", autouse=True)
def _all_need_tls(built_with_tls: None) -> None:
    pass


@pytest.fixture(autouse=True)
def _servers_are_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a client may need a while for its part of a handshake."""
    monkeypatch.setattr(transport, "HANDSHAKE_LIMIT_S", PATIENCE_S)


class Connect:
    """Starts nodes and connects clients to them; both end with the test."""

    def __init__(self, authority: Authority, stack: contextlib.ExitStack) -> None:
        self.authority = authority
        self.stack = stack

    def serve(self, context: ssl.SSLContext, port: int = 0) -> DevCluster:
        """A node that serves with a context, and not without TLS."""
        made = DevCluster(1, tls=context, tls_name=NAME, tls_only=True, tls_port=port)
        return self.stack.enter_context(made)

    def config(
        self, cluster: DevCluster, name: str | None = NAME, **tls: Any
    ) -> dict[str, Any]:
        """A configuration that trusts the authority, unless `tls` says otherwise."""
        section = {"enable": True, "cafile": self.authority.cafile, **tls}
        hosts = [(*host, name) for host in cluster.hosts]
        return patient({"hosts": hosts, "tls": section})

    def __call__(
        self,
        to: ssl.SSLContext | DevCluster,
        name: str | None = NAME,
        **tls: Any,
    ) -> aerospike.Client:
        """A client that is connected."""
        cluster = to if isinstance(to, DevCluster) else self.serve(to)
        client = aerospike.client(self.config(cluster, name, **tls))
        self.stack.callback(client.close)
        return client.connect()


@pytest.fixture(scope="session")
def shared_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA whose files no test changes."""
    return Authority(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def new_authority(tmp_path: Path) -> MakeAuthority:
    """Another CA with a folder of its own, each time."""
    numbers = iter(range(100))
    return lambda: Authority(tmp_path / f"authority{next(numbers)}")


@pytest.fixture
def connect(shared_authority: Authority) -> Iterator[Connect]:
    with contextlib.ExitStack() as stack:
        yield Connect(shared_authority, stack)


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """The log of the test, from level INFO on."""
    lines: list[str] = []
    aerospike.set_log_handler(lambda level, func, path, line, msg: lines.append(msg))
    aerospike.set_log_level(aerospike.LOG_LEVEL_INFO)
    yield lines
    aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)
    aerospike.set_log_handler(_report.log_line)
