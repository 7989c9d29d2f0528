"""Fixtures: a server to talk to, a raw connection, a record of one's own.

Tests with `connection` or `record` state what any server answers; they run against a
real one with AEROSPIKE_HOSTS=host:port. Tests with `cluster` are about DevCluster, and
those with `own_record` send what the reference server does not survive.
"""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

import pytest

from aerospike_devserver import DevCluster, clock

from .querying import Shelf
from .rawwire import Connection, RecordClient


@pytest.fixture(scope="session")
def address():
    """(host, port) of a node: of AEROSPIKE_HOSTS, or of a development server."""
    given = os.environ.get("AEROSPIKE_HOSTS")
    if given:
        host, _, port = given.split(",")[0].rpartition(":")
        yield host, int(port)
        return
    with DevCluster() as cluster:
        yield cluster.hosts[0]


@pytest.fixture
def connection(address):
    """A fresh connection."""
    with Connection(*address) as made:
        yield made


@pytest.fixture
def record(connection):
    """Commands on a record that does not exist yet; removed afterwards."""
    made = RecordClient(connection, os.urandom(20))
    yield made
    made.remove()


@pytest.fixture
def own_record():
    """A record on a development server, whatever AEROSPIKE_HOSTS says."""
    with DevCluster() as made, Connection(*made.hosts[0]) as connection:
        yield RecordClient(connection, os.urandom(20))


@pytest.fixture
def cluster():
    """A running development cluster of three nodes."""
    with DevCluster(nodes=3) as made:
        yield made


@pytest.fixture
def shelf(connection):
    """A set of one's own to index and query; emptied afterwards."""
    made = Shelf(connection)
    yield made
    made.clear()


@pytest.fixture
def own_shelf():
    """A shelf on a development server, whatever AEROSPIKE_HOSTS says."""
    with DevCluster() as made, Connection(*made.hosts[0]) as connection:
        yield Shelf(connection)


@pytest.fixture
def time_stands_still(monkeypatch):
    """Nothing but advance() moves a cluster's clock, however long the test takes."""
    now_ns = time.time_ns()
    monkeypatch.setattr(clock, "time", SimpleNamespace(time_ns=lambda: now_ns))
