"""The worker of benchmarks/loops.py, with small sets."""

from contextlib import closing

import pytest

import loop_clients
import loop_worker
from loop_workloads import N_BATCH, RECORD, WORKLOADS

from ..absent import need


@pytest.mark.parametrize(
    ("how", "n_loops"), [("threads", 1), ("asyncio", 1), ("uvloop", 2)]
)
def test_each_side_makes_all_calls(hosts, monkeypatch, how, n_loops):
    if how == "uvloop":
        need("uvloop")
    monkeypatch.setattr(loop_clients, "N_KEYS", N_BATCH)
    monkeypatch.setattr(loop_worker, "N_SCANNED", 50)
    monkeypatch.setitem(loop_worker.EXPECTED, "scan", [RECORD] * 50)
    where = {"hosts": hosts, "namespace": "test", "client": "aerospike"}
    with closing(loop_worker.Worker()) as preparer:
        preparer.connect({**where, "how": "threads"})
        preparer.prepare({})
    with closing(loop_worker.Worker()) as worker:
        worker.connect({**where, "how": how, "n_loops": n_loops})
        for workload in WORKLOADS:
            answer = worker.run({"workload": workload.name, "n_calls": 1})
            assert answer["n"] == workload.in_flight
            assert answer["wall_s"] > 0
