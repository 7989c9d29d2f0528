"""The client of PyPI runs transactions against the development server."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest

import aerospike
from aerospike_devserver import DevCluster

from ..children import LIMIT_S
from ..waiting import patient, until
from .environment import steps
from .test_official_client import official_python as official_python

SCRIPT = Path(__file__).parent / "official_transactions.py"

BLOCKED, DIFFERS, TOO_MANY, ONCE_ONLY = (
    {"code": code} for code in (120, 121, 123, 126)
)
NOT_FOUND, REFUSED, NOT_DURABLE = ({"code": code} for code in (2, 16, 22))
FAILED, ALREADY_COMMITTED = {"code": -17}, {"code": -18}
COMMITTED, ABORTED = 2, 3

WANTED = {
    "put": 0,
    "create": 0,
    "inside": [{"n": 2}, {"n": 2}],
    "outside": [{"n": 1}, NOT_FOUND],
    "plain write": BLOCKED,
    "write of another": BLOCKED,
    "read of another": BLOCKED,
    "abort of another": 0,
    "write once only": ONCE_ONLY,
    "commit": [0, COMMITTED, False],
    "committed": [{"n": 2}, {"n": 2}],
    "again": [1, ALREADY_COMMITTED],
    "abort: operate": {"n": 42},
    "abort: remove": 0,
    "abort: inside": [{"n": 42}, NOT_FOUND],
    "abort": [0, ABORTED],
    "abort: after": [{"n": 2}, {"n": 1}],
    "remove for a while": NOT_DURABLE,
    "remove": [0, NOT_FOUND],
    "remove: commit": [0, NOT_FOUND],
    "skew: reads": [{"n": 2}, {"n": 1}],
    "skew: writes": [0, 0],
    "skew": [FAILED, ABORTED],
    "skew: other": [0, COMMITTED],
    "skew: after": [{"n": 20}, {"n": 1}],
    "late: read": {"n": 20},
    "late: plain write": 0,
    "late: write": DIFFERS,
    "late: abort": [0, {"n": 5}],
    "batch": [0, 0, 2],
    "batch: read": [0, 2, 2],
    "batch: commit": [0, {"n": 7}, NOT_FOUND],
    "4096 records": [0],
    "4097 records": TOO_MANY,
    "4096: commit": [0, {"n": 1}],
    "monitor": [REFUSED, REFUSED],
    "sets": ["official"],
    "query": [{"n": 1}],
    "apply": 8,
    "apply: outside": [{"n": 1}, BLOCKED],
    "apply: commit": [0, {"n": 8}],
}


@pytest.mark.parametrize("nodes", [1, 3])
def test_official_client_runs_transactions(official_python, nodes):
    with DevCluster(nodes, strong_consistency=True) as cluster:
        host, port = cluster.hosts[0]
        found = steps(official_python, "-I", SCRIPT, f"{host}:{port}")
    assert found == WANTED


TRANSACTION = """
import sys
import aerospike

host, port = sys.argv[1].split(":")
policies = dict.fromkeys(("read", "write"), {"total_timeout": 30_000})
client = aerospike.client({"hosts": [(host, int(port))], "policies": policies})
first, second, third, other = [("test", "killed", name) for name in "abcd"]
txn = aerospike.Transaction()
policy = {"txn": txn}
n = client.get(first, policy)[2]["n"] + client.get(other, policy)[2]["n"]
for key in (first, second, third):
    client.put(key, {"n": n}, None, policy)
client.commit(txn)
print("committed")
"""
*WRITTEN, READ = [("test", "killed", name) for name in "abcd"]


def test_official_client_that_is_killed_leaves_all_or_nothing(official_python):
    """It is killed while it waits for each reply in turn."""
    with (
        DevCluster(strong_consistency=True) as cluster,
        aerospike.client(patient(cluster.config)) as client,
    ):
        host, port = cluster.hosts[0]
        command = [official_python, "-I", "-c", TRANSACTION, f"{host}:{port}"]
        for key in (*WRITTEN, READ):
            client.put(key, {"n": 1})
        changes = []
        for nth in itertools.count(1):
            before = [client.get(key)[2]["n"] for key in WRITTEN]
            with (
                cluster.faults.silence(
                    commands=("read", "write", "batch"), nth=nth
                ) as fault,
                subprocess.Popen(command, stdout=subprocess.PIPE) as process,
            ):
                until(lambda: fault.hits or process.poll() is not None)
                process.kill()
                said, _ = process.communicate(timeout=LIMIT_S)
            cluster.advance(12)
            after = [client.get(key)[2]["n"] for key in WRITTEN]
            assert after in (before, [before[0] + 1] * len(WRITTEN))
            changes.append(after != before)
            if not fault.hits:
                break
    assert said == b"committed\n"
    assert changes == sorted(changes)
    assert set(changes) == {False, True}
    assert len(changes) >= 11  # 2 reads, 3 writes with registrations, and the commit
