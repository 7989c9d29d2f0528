"""Fixtures: a cluster with strong consistency, and what speaks to it."""

from __future__ import annotations

import os

import pytest

from aerospike_devserver import DevCluster

from ..rawwire import Connection
from .transacting import OK, Client, Transaction


@pytest.fixture(scope="module")
def strong(request):
    """A cluster with strong consistency, of as many nodes as N_NODES of the module."""
    n_nodes = getattr(request.module, "N_NODES", 2)
    with DevCluster(n_nodes, strong_consistency=True) as made:
        yield made


@pytest.fixture
def connection(strong):
    strong.reset()
    with Connection(*strong.hosts[0]) as made:
        yield made


@pytest.fixture
def client(connection):
    return Client(connection)


@pytest.fixture
def txn(connection):
    return Transaction(connection)


@pytest.fixture
def other(connection):
    """Another transaction."""
    return Transaction(connection)


@pytest.fixture
def key(client):
    """The digest of a record whose bin n is 1."""
    made = os.urandom(20)
    assert client.put(made, 1).result == OK
    return made


@pytest.fixture
def new():
    """The digest of a record that there is not."""
    return os.urandom(20)
