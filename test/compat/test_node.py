"""What programs do most with a cluster, by `aerospike` of npm: the client for Node.

`programs/work_aerospike.js` does it. What it comes to was recorded on a real server of
version 8.1.2, and `AEROSPIKE_HOSTS` can name one here, too.
"""

from __future__ import annotations

import os
import subprocess

import pytest

from aerospike_devserver import DevCluster

from ..children import LIMIT_S
from .environment import ROOT, find_modules, place, steps
from .test_other_clients import PROGRAMS

WANTED = {
    "records": {
        "i": -5,
        "big": True,
        "d": 2,
        "s": "clé",
        "b": [0, 255],
        "t": True,
        "l": [1, ["two", None, {"k": 2.5}]],
        "m": {"a": 1, "b": {"c": [True]}},
        "g": [1, 2],
        "gen": 1,
        "ttl": True,
        "select": {"i": -5},
        "exists": True,
        "absent": False,
        "missing": ["AerospikeError", 2],
        "stale": ["AerospikeError", 3],
        "created": ["AerospikeError", 5],
        "namespace": ["AerospikeError", 20],
        "increment": {"i": 2},
        "removed": False,
    },
    "collections": {
        "append": {"l": 4},
        "sort": {"l": [1, 3, 5, 9]},
        "rank": {"l": [5, 9]},
        "relative": {"l": [5]},
        "inverted": {"l": 2},
        "left": {"l": [1, 9]},
        "outside": ["AerospikeError", 26],
        "order": {"m": None},
        "put": {"m": 4},
        "keys": {"m": ["b", "c"]},
        "values": {"m": [1, 2]},
        "popped": {"m": ["a", 1]},
        "incremented": {"m": 12},
        "nested": {"deep": {"l": [{"x": 1, "y": 2}]}},
        "wrong": ["AerospikeError", 12],
    },
    "others": {
        "bits": {"b": 170},
        "or": {"b": 175},
        "hll": {"h": 2},
        "described": {"h": [8, 0]},
        "read": {"x": 12},
        "write": {"y": 12},
    },
    "batches": {
        "read": [[0, {"n": 0}], [0, {"n": 1}], [0, {"n": 2}], [2, None]],
        "select": [[0, {"n": 0}], [0, {"n": 1}]],
        "exists": [0, 0, 0, 2],
        "mixed": [[0, {"n": 5}], [2, None], [0, {"n": 1}]],
        "filtered": [27, 0, 27, 2],
        "removed": [0, 0, 0, 2],
    },
    "queries": {
        "again": ["AerospikeError", 200],
        "range": [10, 11, 12, 13, 14],
        "equal": [7],
        "contains": 13,
        "filtered": [11, 13],
        "scan": 40,
        "halves": 40,
        "pages": [10, 11, 12, 13, 14],
        "background": 5,
        "unknown": ["AerospikeError", 201],
    },
    "functions": {
        "apply": 3,
        "batch": [[0, {"SUCCESS": 102}], [0, {"SUCCESS": 103}]],
        "failed": ["AerospikeError", 100],
        "none": ["AerospikeError", 100],
        "background": 1,
        "aggregated": 42,
    },
    "cluster": {
        "nodes": True,
        "status": ["ok"],
        "partitions": "4096",
        "any": True,
        "connected": True,
        "security": ["AerospikeError", 51],
        "durable": ["AerospikeError", 25],
    },
    "emptied": 0,
}


@pytest.fixture
def work(tmp_path):
    """work(hosts): what the program comes to on the cluster of a node."""
    modules = place(find_modules("aerospike", "6.7.1"))
    lua = tmp_path / "node_work.lua"  # the client looks for it in its folder
    lua.write_bytes((PROGRAMS / "node_work.lua").read_bytes())

    def run(hosts):
        address, port = hosts[0]
        node = ("env", f"NODE_PATH={modules}", "node", PROGRAMS / "work_aerospike.js")
        return steps(*node, address, str(port), lua)

    return run


@pytest.mark.takes_long
def test_example_for_node_prints_what_its_page_shows(hosts):
    modules = place(find_modules("aerospike", "6.7.1"))
    address, port = hosts[0]
    done = subprocess.run(
        ["node", ROOT / "examples/quickstart.js", address, str(port)],
        env={**os.environ, "NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.stdout == '{"name":"Ada","tags":["new","reader"]}\n', done.stderr
    page = (ROOT / "doc/devserver/languages.md").read_text("utf-8")
    assert f"$ node quickstart.js\n{done.stdout}" in page


@pytest.mark.takes_long
def test_node_works_on_the_cluster_under_test(work, hosts):
    assert work(hosts) == WANTED


@pytest.mark.takes_long
@pytest.mark.parametrize("version", ["8.1", "8.2"])
def test_node_works_on_three_nodes(work, version):
    with DevCluster(3, version=version) as cluster:
        assert work(cluster.hosts) == WANTED
