"""Clients that are not ours log in to the development server, over TLS where they can.

| client | what it is made of | TLS |
| --- | --- | --- |
| `aerospike-native` of PyPI | a library in Rust, asyncio | yes |
| `aerospike` of npm | the C library of the client of PyPI, for Node | yes |
| `aerospike-py` of PyPI | a library in Rust | none: no setting for it |
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import aerospike
from aerospike_devserver import DevCluster, dispatch
from aerospike_devserver.codec import compression

from ..waiting import patient
from .environment import find_modules, find_python, place, steps

PROGRAMS = Path(__file__).parent / "programs"

DONE = {
    "nodes": 2,
    "get": 1,
    "query": [1],
    "user": ["ada", ["read"]],
    "ada reads": 1,
    "users": ["admin"],
}
"""What the steps that are alike in all come to."""


with_tls = pytest.mark.parametrize(
    "settings", [{"tls": True}, {"mutual_tls": True, "tls_only": True}], ids=str
)


@with_tls
def test_aerospike_native_administers_users_over_tls(settings):
    python = place(find_python("aerospike-native", "1.0.0"))
    program = PROGRAMS / "use_aerospike_native.py"
    with DevCluster(2, security=True, **settings) as cluster:
        assert steps(python, "-I", program, json.dumps(cluster.config)) == DONE | {
            "ada writes": ["SecurityError", 81],
            "wrong password": ["ConnectionError", -8],
            "wrong name": ["ConnectionError", -8],
        }


@with_tls
def test_aerospike_of_npm_administers_users_over_tls(settings):
    modules = place(find_modules("aerospike", "6.7.1"))
    node = ("env", f"NODE_PATH={modules}", "node")
    program = PROGRAMS / "use_aerospike.js"
    with DevCluster(2, security=True, **settings) as cluster:
        assert steps(*node, program, json.dumps(cluster.config)) == DONE | {
            "ada writes": ["AerospikeError", 81],
            "wrong password": ["AerospikeError", 65],
            "wrong name": ["AerospikeError", -10],
        }


def test_aerospike_py_administers_users_without_tls():
    python = place(find_python("aerospike-py", "0.14.4"))
    program = PROGRAMS / "use_aerospike_py.py"
    with DevCluster(2, security=True) as cluster:
        assert steps(python, "-I", program, json.dumps(cluster.config)) == DONE | {
            "ada writes": ["AdminError", True],
            "wrong password": ["ClusterError"],
        }


@pytest.fixture
def exchange(monkeypatch):
    """exchange(command): compressed records go both ways between a client and ours."""
    inflated: list[int] = []

    def inflate(body: bytes) -> bytes:
        inflated.append(len(body))
        return compression.inflate(body)

    monkeypatch.setattr(dispatch, "inflate", inflate)

    def run(*command: str | Path) -> None:
        text = "a line of a log " * 100
        policy = {"compress": True}
        with (
            DevCluster(edition="enterprise") as cluster,
            aerospike.client(patient(cluster.config)) as client,
        ):
            host, port = cluster.hosts[0]
            client.put(("test", "others", "ours"), {"t": text}, None, policy)
            done = steps(*command, host, str(port), text)
            assert done == {"ours": True, "theirs": True}
            found = client.get(("test", "others", "theirs"), policy)
            assert found[2] == {"t": text}
        assert len(inflated) == 2  # the put of each

    return run


def test_aerospike_native_exchanges_compressed_records(exchange):
    python = place(find_python("aerospike-native", "1.0.0"))
    exchange(python, "-I", PROGRAMS / "compress_aerospike_native.py")


def test_aerospike_of_npm_exchanges_compressed_records(exchange):
    modules = place(find_modules("aerospike", "6.7.1"))
    program = PROGRAMS / "compress_aerospike.js"
    exchange("env", f"NODE_PATH={modules}", "node", program)
